/* SPDX-License-Identifier: GPL-2.0-only */
/* Generated from kmod-ntmobile/ntmobile.yaml by test/vm/generate-netlink.mjs: do not edit. */

#ifndef _NTM_NETLINK_GEN_H
#define _NTM_NETLINK_GEN_H

#include <net/genetlink.h>
#include <uapi/linux/ntmobile.h>

extern const struct nla_policy
ntmobile_address_nl_policy[NTMOBILE_A_ADDRESS_MAX + 1];

extern const struct nla_policy
ntmobile_endpoint_nl_policy[NTMOBILE_A_ENDPOINT_MAX + 1];

extern const struct nla_policy
ntmobile_route_nl_policy[NTMOBILE_A_ROUTE_MAX + 1];

extern const struct nla_policy
ntmobile_unverified_nl_policy[NTMOBILE_A_UNVERIFIED_MAX + 1];

int ntm_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_dev_set_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_path_new_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_path_set_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_path_del_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_path_get_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_path_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ntm_nl_key_set_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_key_use_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_relay_new_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_relay_leg_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_relay_del_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_relay_get_doit(struct sk_buff *skb, struct genl_info *info);
int ntm_nl_relay_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int ntm_nl_flush_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	NTM_NL_MCGRP_NOTICES,
};

extern struct genl_family ntm_nl_family;

#endif /* _NTM_NETLINK_GEN_H */
