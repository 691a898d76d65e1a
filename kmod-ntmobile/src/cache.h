/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the rows of the tables come from: the kernel names what is left of them when the
 * module goes, and /proc/slabinfo tells what they take.
 */
#ifndef _NTM_CACHE_H
#define _NTM_CACHE_H

#include <linux/slab.h>

/**
 * struct ntm_caches - one for each kind of row
 * @path: of struct ntm_path
 * @relay: of struct ntm_relay
 * @key: of struct ntm_key
 * @address: of struct ntm_path_address
 */
struct ntm_caches {
	struct kmem_cache *path;
	struct kmem_cache *relay;
	struct kmem_cache *key;
	struct kmem_cache *address;
};

extern struct ntm_caches ntm_caches;

/* Cleared first: for what holds keys. */
#define ntm_cache_free_sensitive(cache, row) do {	\
	typeof(row) _row = (row);			\
	memzero_explicit(_row, sizeof(*_row));		\
	kmem_cache_free(cache, _row);			\
} while (0)

int ntm_caches_init(void);
void ntm_caches_exit(void);

#endif /* _NTM_CACHE_H */
