/* SPDX-License-Identifier: GPL-2.0-only */
/* What receiving one Capsulated Packet and receiving a super-packet have in common. */
#ifndef _NTM_RECEIVE_H
#define _NTM_RECEIVE_H

#include "path.h"

/**
 * struct ntm_origin - where a packet or super-packet came from
 * @endpoint: its source
 * @uplink: interface index it came by
 * @dev: that interface
 * @tos: traffic class of the outer packet
 */
struct ntm_origin {
	struct ntm_endpoint endpoint;
	int uplink;
	const struct net_device *dev;
	u8 tos;
};

void ntm_origin_read(struct ntm_origin *origin, const struct sk_buff *skb,
		     const struct udphdr *udp);
enum ntm_drop ntm_open(struct ntm_path *path, const struct ntm_header *header, u8 *body,
		       u32 *length, const struct ntm_origin *origin);
u32 ntm_read_inner(const void *packet, u32 length, struct ntm_address *source,
		   struct ntm_address *destination);
enum ntm_drop ntm_admit(struct ntm_path *path, const struct ntm_address *source,
			const struct ntm_address *destination);
bool ntm_up(struct ntm_dev *ntm, struct sk_buff *skb, u8 outer_tos);
void ntm_received_add(struct ntm_dev *ntm, u32 packets, u32 bytes);

/* receive-super.c */
bool ntm_super_is_uniform(const struct sk_buff *skb, unsigned int ip_length);
void ntm_super_receive(struct ntm_path *path, struct sk_buff *skb, unsigned int ip_length);

#endif /* _NTM_RECEIVE_H */
