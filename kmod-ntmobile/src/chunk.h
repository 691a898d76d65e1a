/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that the segments of a super-packet are written to one behind the other. */
#ifndef _NTM_CHUNK_H
#define _NTM_CHUNK_H

#include <linux/mm_types.h>
#include <linux/types.h>

/**
 * struct ntm_chunk - pages in one piece, in the kernel's own mapping
 * @page: the first, a reference, or NULL for none yet
 * @data: its address
 * @used: bytes taken
 * @size: bytes there are
 */
struct ntm_chunk {
	struct page *page;
	u8 *data;
	u32 used;
	u32 size;
};

static inline bool ntm_chunk_has_room(const struct ntm_chunk *chunk, u32 length)
{
	return chunk->page && chunk->size - chunk->used >= length;
}

bool ntm_chunk_alloc(struct ntm_chunk *chunk, u32 length);
void ntm_chunk_put(struct ntm_chunk *chunk);

#endif /* _NTM_CHUNK_H */
