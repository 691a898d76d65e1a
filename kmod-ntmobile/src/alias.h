/* SPDX-License-Identifier: GPL-2.0-only */
/* The IPv4 address of the other end, where it has another one here than in the packets. */
#ifndef _NTM_ALIAS_H
#define _NTM_ALIAS_H

#include "path.h"

/**
 * enum ntm_way - which way a packet goes
 * @NTM_OUT: its destination alias4 becomes peer4
 * @NTM_IN: its source peer4 becomes alias4
 */
enum ntm_way { NTM_OUT, NTM_IN };

static inline bool ntm_path_has_alias(const struct ntm_path *path)
{
	return path->alias4;
}

void ntm_alias_packet(const struct ntm_path *path, enum ntm_way way, u8 *packet, u32 length);
bool ntm_alias_skb(const struct ntm_path *path, enum ntm_way way, struct sk_buff *skb);

#endif /* _NTM_ALIAS_H */
