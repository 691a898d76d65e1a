/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads an skb from front to back without walking its fragments from the start each time. */
#ifndef _NTM_CURSOR_H
#define _NTM_CURSOR_H

#include <linux/page-flags.h>
#include <linux/skbuff.h>

/**
 * struct ntm_cursor - a place in an skb, moved onward only
 * @skb: the head, or a member of its list
 * @piece: -1 for the linear part, else the index of a fragment
 * @start: offset in the whole of the first byte of the piece
 * @length: bytes of the piece
 */
struct ntm_cursor {
	const struct sk_buff *skb;
	int piece;
	u32 start;
	u32 length;
};

static inline void ntm_cursor_init(struct ntm_cursor *cursor, const struct sk_buff *skb)
{
	cursor->skb = skb;
	cursor->piece = -1;
	cursor->start = 0;
	cursor->length = skb_headlen(skb);
}

/* To the piece behind this one. Return: false when there is none. */
static inline bool ntm_cursor_next(struct ntm_cursor *cursor, const struct sk_buff *head)
{
	if (!cursor->skb)
		return false;
	cursor->start += cursor->length;
	if (++cursor->piece < skb_shinfo(cursor->skb)->nr_frags) {
		cursor->length = skb_frag_size(&skb_shinfo(cursor->skb)->frags[cursor->piece]);
		return true;
	}
	cursor->skb = cursor->skb == head ? skb_shinfo(head)->frag_list : cursor->skb->next;
	cursor->piece = -1;
	cursor->length = cursor->skb ? skb_headlen(cursor->skb) : 0;
	return cursor->skb;
}

/*
 * Moves to the piece that @offset is in. Return: whether the @length bytes from there on are in
 * one piece.
 */
static inline bool ntm_cursor_seek(struct ntm_cursor *cursor, const struct sk_buff *head,
				   u32 offset, u32 length)
{
	while (offset >= cursor->start + cursor->length)
		if (!ntm_cursor_next(cursor, head))
			return false;
	return cursor->start + cursor->length - offset >= length;
}

/* Return: the bytes at @offset, which the cursor's piece has; NULL when they are not mapped. */
static inline const u8 *ntm_cursor_data(const struct ntm_cursor *cursor, u32 offset)
{
	const skb_frag_t *frag;

	offset -= cursor->start;
	if (cursor->piece < 0)
		return cursor->skb->data + offset;
	frag = &skb_shinfo(cursor->skb)->frags[cursor->piece];
	if (PageHighMem(skb_frag_page(frag)))
		return NULL;
	return (const u8 *)skb_frag_address(frag) + offset;
}

/* Copies what is at @offset, where the cursor then is. Return: false when there is not so much. */
static inline bool ntm_cursor_copy(struct ntm_cursor *cursor, const struct sk_buff *head,
				   u32 offset, void *to, u32 length)
{
	const u8 *data;

	if (ntm_cursor_seek(cursor, head, offset, length)) {
		data = ntm_cursor_data(cursor, offset);
		if (likely(data)) {
			memcpy(to, data, length);
			return true;
		}
	}
	return !skb_copy_bits(head, offset, to, length);
}

#endif /* _NTM_CURSOR_H */
