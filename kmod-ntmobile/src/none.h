/* SPDX-License-Identifier: GPL-2.0-only */
/* Suite none: inner packets go as they are. */
#ifndef _NTM_NONE_H
#define _NTM_NONE_H

#include "send.h"

enum ntm_drop ntm_none_send(struct ntm_path *path, struct ntm_ticket *ticket,
			    struct sk_buff **skb);
enum ntm_drop ntm_none_open(struct sk_buff *skb, unsigned int ip_length);

#endif /* _NTM_NONE_H */
