// SPDX-License-Identifier: GPL-2.0-only
#include <linux/gfp.h>
#include <linux/mm.h>
#include "chunk.h"
#include "proto.h"

/* Big pages where there are some, for that saves an allocation for every segment. */
bool ntm_chunk_alloc(struct ntm_chunk *chunk, u32 length)
{
	unsigned int order = get_order(max_t(u32, length, NTM_CHUNK_SIZE));

	chunk->used = 0;
	chunk->page = alloc_pages((GFP_ATOMIC & ~__GFP_HIGH) | __GFP_COMP | __GFP_NOWARN |
				  __GFP_NORETRY, order);
	if (unlikely(!chunk->page)) {
		order = get_order(length);
		chunk->page = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN, order);
	}
	if (unlikely(!chunk->page))
		return false;
	chunk->data = page_address(chunk->page);
	chunk->size = PAGE_SIZE << order;
	return true;
}

void ntm_chunk_put(struct ntm_chunk *chunk)
{
	if (chunk->page)
		put_page(chunk->page);
	chunk->page = NULL;
}
