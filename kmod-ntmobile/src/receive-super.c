// SPDX-License-Identifier: GPL-2.0-only
/*
 * A super-packet of Capsulated Packets, as the network card's driver or a sender on
 * this machine made it: opened where it lies, segment by segment, without cutting it
 * up first. What is opened goes up as super-packets again.
 */
#include <linux/mm.h>
#include "alias.h"
#include "chunk.h"
#include "cursor.h"
#include "receive.h"
#include "run.h"

/* The page that the cursor is in, if it can be written to and kept. Fills all but the length. */
static bool ntm_cursor_page(const struct ntm_cursor *cursor, u32 offset, struct ntm_piece *piece)
{
	const struct sk_buff *skb = cursor->skb;

	offset -= cursor->start;
	if (cursor->piece >= 0) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[cursor->piece];

		piece->page = skb_frag_page(frag);
		piece->offset = skb_frag_off(frag) + offset;
		if (PageHighMem(piece->page))
			return false;
		piece->data = (u8 *)page_address(piece->page) + piece->offset;
		return true;
	}
	if (!skb->head_frag)
		return false;
	piece->data = skb->data + offset;
	piece->page = virt_to_head_page(piece->data);
	piece->offset = piece->data - (u8 *)page_address(piece->page);
	return true;
}

static bool ntm_frags_are_private(const struct sk_buff *skb)
{
	int i;

	if (skb_has_shared_frag(skb))
		return false;
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		if (!ntm_compat_page_is_private(skb_frag_page(&skb_shinfo(skb)->frags[i])))
			return false;
	return true;
}

/* Whether nobody else reads what would be overwritten. */
static bool ntm_super_is_private(const struct sk_buff *skb)
{
	const struct sk_buff *each;

	if (skb_cloned(skb) || !ntm_frags_are_private(skb))
		return false;
	skb_walk_frags(skb, each)
		if (skb_shared(each) || skb_cloned(each) || skb_has_frag_list(each) ||
		    !ntm_frags_are_private(each))
			return false;
	return true;
}

/**
 * ntm_super_is_uniform - whether all datagrams have one type, Path ID, side and epoch
 * @skb: a super-packet from the IP header on, of which the stack has only compared the
 *	addresses, ports and lengths of the datagrams
 * @ip_length: of the IP header
 */
bool ntm_super_is_uniform(const struct sk_buff *skb, unsigned int ip_length)
{
	u32 offset = ip_length + sizeof(struct udphdr), segment = skb_shinfo(skb)->gso_size;
	struct ntm_header first, header;
	struct ntm_cursor cursor;

	ntm_cursor_init(&cursor, skb);
	if (!ntm_cursor_copy(&cursor, skb, offset, &first, sizeof(first)))
		return false;
	for (offset += segment; offset < skb->len; offset += segment) {
		if (!ntm_cursor_copy(&cursor, skb, offset, &header, sizeof(header)) ||
		    header.type != first.type || header.version_flags != first.version_flags ||
		    header.path_id != first.path_id)
			return false;
	}
	return true;
}

/* Return: whether the piece has a chunk's bytes now, copied from @offset on. */
static bool ntm_piece_copy(struct ntm_piece *piece, struct ntm_chunk *chunk,
			   const struct sk_buff *skb, u32 offset)
{
	if (!ntm_chunk_has_room(chunk, piece->length)) {
		ntm_chunk_put(chunk);
		if (!ntm_chunk_alloc(chunk, piece->length))
			return false;
	}
	piece->page = chunk->page;
	piece->offset = chunk->used;
	piece->data = chunk->data + chunk->used;
	chunk->used += piece->length;
	return !skb_copy_bits(skb, offset, piece->data, piece->length);
}

/**
 * struct ntm_opening - a super-packet being opened
 * @skb: the super-packet
 * @cursor: where in it
 * @is_private: it may be opened in place
 * @chunk: for what may not
 * @origin: where it came from
 * @run: what goes up
 */
struct ntm_opening {
	struct sk_buff *skb;
	struct ntm_cursor cursor;
	bool is_private;
	struct ntm_chunk chunk;
	struct ntm_origin origin;
	struct ntm_run run;
};

/* One datagram of @length bytes at @offset. Return: NTM_DROPS, or why it was dropped. */
static enum ntm_drop ntm_opening_one(struct ntm_opening *opening, u32 offset, u32 length)
{
	u32 body = offset + sizeof(struct ntm_header);
	struct sk_buff *skb = opening->skb;
	struct ntm_header header;
	struct ntm_piece piece;
	enum ntm_drop drop;

	if (length < sizeof(header) ||
	    !ntm_cursor_copy(&opening->cursor, skb, offset, &header, sizeof(header)))
		return NTM_DROP_MALFORMED;
	piece.length = length - sizeof(header);
	if ((!ntm_cursor_seek(&opening->cursor, skb, body, piece.length) ||
	     !opening->is_private || !ntm_cursor_page(&opening->cursor, body, &piece)) &&
	    !ntm_piece_copy(&piece, &opening->chunk, skb, body))
		return NTM_DROP_NO_MEMORY;
	drop = ntm_open(opening->run.path, &header, piece.data, &piece.length, &opening->origin);
	if (unlikely(drop != NTM_DROPS || !piece.length))
		return drop;
	if (ntm_path_has_alias(opening->run.path))
		ntm_alias_packet(opening->run.path, NTM_IN, piece.data, piece.length);
	ntm_run_add(&opening->run, &piece);
	return NTM_DROPS;
}

/**
 * ntm_super_receive - opens a uniform super-packet
 * @path: that its datagrams are of
 * @skb: from the IP header on; consumed
 * @ip_length: of the IP header
 */
void ntm_super_receive(struct ntm_path *path, struct sk_buff *skb, unsigned int ip_length)
{
	u32 offset = ip_length + sizeof(struct udphdr), segment = skb_shinfo(skb)->gso_size;
	struct ntm_opening opening = { .skb = skb };
	enum ntm_drop drop;

	if (unlikely(!pskb_may_pull(skb, offset))) {
		ntm_drops_add(&path->entry.drops, NTM_DROP_NO_MEMORY);
		kfree_skb(skb);
		return;
	}
	opening.is_private = ntm_super_is_private(skb);
	opening.run.path = path;
	ntm_origin_read(&opening.origin, skb, (struct udphdr *)(skb->data + ip_length));
	opening.run.tos = opening.origin.tos;
	ntm_cursor_init(&opening.cursor, skb);
	for (; offset < skb->len; offset += segment) {
		drop = ntm_opening_one(&opening, offset, min(segment, skb->len - offset));
		if (unlikely(drop != NTM_DROPS)) {
			ntm_drops_add(&path->entry.drops, drop);
			DEV_STATS_INC(path->entry.ntm->dev, rx_dropped);
		}
	}
	ntm_run_end(&opening.run);
	ntm_chunk_put(&opening.chunk);
	consume_skb(skb);
}
