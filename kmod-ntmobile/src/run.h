/* SPDX-License-Identifier: GPL-2.0-only */
/* Opened packets of one flow, joined to one super-packet for the stack. */
#ifndef _NTM_RUN_H
#define _NTM_RUN_H

#include "receive.h"

/**
 * struct ntm_piece - an inner packet in pages of the kernel's own mapping
 * @data: its first byte
 * @length: how many
 * @page: where it is, of which the owner of the piece holds a reference
 * @offset: of @data in @page
 */
struct ntm_piece {
	u8 *data;
	u32 length;
	struct page *page;
	u32 offset;
};

/**
 * struct ntm_run - packets joined so far, none or more
 * @path: that they came by
 * @tos: traffic class of the outer super-packet
 * @skb: the super-packet, or NULL
 * @last: the skb whose fragments grow: @skb or the last of its list
 * @transport: where its transport header is
 * @headers: bytes of its IP and transport headers
 * @segment: bytes of payload of every packet but perhaps the last
 * @count: of packets joined
 * @is_tcp: else UDP
 * @is_closed: takes no further packet
 */
struct ntm_run {
	struct ntm_path *path;
	u8 tos;
	struct sk_buff *skb;
	struct sk_buff *last;
	u32 transport;
	u32 headers;
	u32 segment;
	u32 count;
	bool is_tcp;
	bool is_closed;
};

void ntm_run_add(struct ntm_run *run, const struct ntm_piece *piece);
void ntm_run_end(struct ntm_run *run);

#endif /* _NTM_RUN_H */
