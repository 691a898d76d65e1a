/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NTM_NETLINK_H
#define _NTM_NETLINK_H

#include "compat.h"
#include "endpoint.h"
#include "netlink-gen.h"
#include "path.h"
#include "stats.h"

int ntm_nl_put_address(struct sk_buff *msg, int type, const struct ntm_address *address);
int ntm_nl_put_endpoint(struct sk_buff *msg, int type, const struct ntm_endpoint *endpoint);
int ntm_nl_put_drops(struct sk_buff *msg, int type, struct ntm_drops *drops);
int ntm_nl_get_address(const struct nlattr *nest, struct ntm_address *address,
		       struct netlink_ext_ack *extack);
int ntm_nl_get_endpoint(const struct nlattr *nest, struct ntm_endpoint *endpoint,
			struct netlink_ext_ack *extack);

struct ntm_dev *ntm_nl_lock(struct genl_info *info);
void ntm_nl_unlock(struct ntm_dev *ntm);
struct ntm_entry *ntm_nl_entry(struct ntm_dev *ntm, struct genl_info *info,
			       enum ntm_entry_kind kind);

int ntm_netlink_init(void);
void ntm_netlink_exit(void);

#endif /* _NTM_NETLINK_H */
