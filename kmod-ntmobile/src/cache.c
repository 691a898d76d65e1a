// SPDX-License-Identifier: GPL-2.0-only
#include "cache.h"
#include "path.h"

struct ntm_caches ntm_caches;

void ntm_caches_exit(void)
{
	kmem_cache_destroy(ntm_caches.path);
	kmem_cache_destroy(ntm_caches.relay);
	kmem_cache_destroy(ntm_caches.key);
	kmem_cache_destroy(ntm_caches.address);
}

int __init ntm_caches_init(void)
{
	ntm_caches.path = KMEM_CACHE(ntm_path, SLAB_ACCOUNT);
	ntm_caches.relay = KMEM_CACHE(ntm_relay, SLAB_ACCOUNT);
	ntm_caches.key = KMEM_CACHE(ntm_key, SLAB_ACCOUNT);
	ntm_caches.address = KMEM_CACHE(ntm_path_address, SLAB_ACCOUNT);
	if (ntm_caches.path && ntm_caches.relay && ntm_caches.key && ntm_caches.address)
		return 0;
	ntm_caches_exit();
	return -ENOMEM;
}
