/* SPDX-License-Identifier: GPL-2.0-only */
/* What sending one packet and sending a super-packet have in common. */
#ifndef _NTM_SEND_H
#define _NTM_SEND_H

#include "cursor.h"
#include "path.h"

/**
 * struct ntm_ticket - what packets need to be sealed and sent
 * @key: of the epoch in use; RCU keeps it
 * @counter: of the first of them; the rest have those that follow
 * @flags: of the header
 * @tos: traffic class of the outer packets
 * @may_fragment: the outer packets have no DF bit
 * @outer: where they go
 * @also: where they go too, when @has_also
 * @has_target: whether they go anywhere
 * @has_also: during a planned move
 * @key_wanted: the daemon is to be asked for a new key
 */
struct ntm_ticket {
	struct ntm_key *key;
	u64 counter;
	u8 flags;
	u8 tos;
	bool may_fragment;
	struct ntm_outer outer;
	struct ntm_outer also;
	bool has_target;
	bool has_also;
	bool key_wanted;
};

struct sk_buff *ntm_sealed_alloc(const struct ntm_ticket *ticket, u32 length);
enum ntm_drop ntm_sealed_send(struct ntm_path *path, struct ntm_ticket *ticket,
			      struct sk_buff *sealed);
void ntm_sent_add(struct ntm_dev *ntm, u32 packets, u32 bytes);

/* send-super.c */

/**
 * struct ntm_super - a super-packet of the stack, TCP or UDP
 * @skb: the packet
 * @cursor: where in it
 * @headers: its IP and transport headers, changed for each segment
 * @length: of @headers
 * @transport: where the transport header is
 * @segment: bytes of payload of every segment but the last
 * @count: how many segments
 * @is_ip4: else IPv6
 * @is_tcp: else UDP
 * @fixed_id: all segments have the same IPv4 identification
 */
struct ntm_super {
	struct sk_buff *skb;
	struct ntm_cursor cursor;
	u8 headers[128] __aligned(8);
	u32 length;
	u32 transport;
	u32 segment;
	u32 count;
	bool is_ip4;
	bool is_tcp;
	bool fixed_id;
};

bool ntm_super_read(struct ntm_super *super, struct sk_buff *skb);
enum ntm_drop ntm_super_send(struct ntm_path *path, struct ntm_ticket *ticket,
			     struct ntm_super *super);

#endif /* _NTM_SEND_H */
