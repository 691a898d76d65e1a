// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths and the inner addresses that lead to them (paper sections 3.5, 4.1).
 * An address may have several owners: the one in use stands first, and gives
 * way only to a path that works (key-use), never to one that was just added.
 */
#include <linux/rculist.h>
#include <net/addrconf.h>
#include <net/route.h>
#include "cache.h"
#include "path.h"

static void ntm_path_silent(struct timer_list *timer)
{
	struct ntm_path *path = timer_container_of(path, timer, silent_timer);
	unsigned long second = msecs_to_jiffies(NTM_SILENT_AFTER_MS);
	bool owes;

	spin_lock(&path->entry.lock);
	owes = path->owes_answer;
	if (owes && time_before(jiffies, path->sent_at + second) && !path->entry.gone)
		mod_timer(&path->silent_timer, jiffies + second);
	else
		path->owes_answer = false;
	spin_unlock(&path->entry.lock);
	if (owes)
		ntm_notify_entry(&path->entry, NTMOBILE_CMD_SILENT_NTF);
}

struct ntm_path *ntm_path_alloc(struct ntm_dev *ntm, __be64 path_id, u32 idle_ms)
{
	struct ntm_path *path = kmem_cache_zalloc(ntm_caches.path, GFP_KERNEL);

	if (!path)
		return NULL;
	path->entry.ntm = ntm;
	path->entry.path_id = path_id;
	path->entry.kind = NTM_ENTRY_PATH;
	path->entry.idle_ms = idle_ms;
	spin_lock_init(&path->entry.lock);
	timer_setup(&path->silent_timer, ntm_path_silent, 0);
	path->send_epoch = -1;
	path->marked_at = jiffies;
	return path;
}

/* Nobody uses it any more. */
void ntm_path_free(struct ntm_path *path)
{
	unsigned int epoch;

	for (epoch = 0; epoch < NTM_EPOCHS; epoch++)
		ntm_key_free(rcu_dereference_raw(path->keys[epoch]));
	ntm_target_clear(&path->target);
	ntm_target_clear(&path->also);
	ntm_cache_free_sensitive(ntm_caches.path, path);
}

static struct hlist_head *ntm_bucket(struct ntm_dev *ntm, const struct ntm_address *address)
{
	u32 hash = ntm_address_hash(address, ntm->hash_seed);

	return &ntm->addresses[hash_32(hash, NTM_ADDRESS_HASH_BITS)];
}

/**
 * ntm_path_by_address - which path leads to an inner address
 * @ntm: the device
 * @address: of the next hop
 *
 * Return: the path, or NULL; under RCU.
 */
struct ntm_path *ntm_path_by_address(struct ntm_dev *ntm, const struct ntm_address *address)
{
	struct ntm_path_address *each;

	hlist_for_each_entry_rcu(each, ntm_bucket(ntm, address), node)
		if (ntm_address_equal(&each->address, address))
			return each->path;
	return NULL;
}

/* The Relay Server's end of a path to an exit; the other end's leads outside. */
static bool ntm_is_exit_end(const struct ntm_path *path)
{
	return path->kind == NTMOBILE_PATH_KIND_EXIT && path->side == 1;
}

/* Whether the other end expects the packet by a path to an exit. */
static bool ntm_is_from_beyond(const struct ntm_path *exit, const struct sk_buff *skb)
{
	struct net *net = dev_net(exit->entry.ntm->dev);
	struct ntm_address source;

	if (skb->protocol == htons(ETH_P_IP))
		ntm_address_set4(&source, ip_hdr(skb)->saddr);
	else
		ntm_address_set6(&source, &ipv6_hdr(skb)->saddr);
	if (ntm_address_is_global(&source))
		return true;
	if (exit->global_only)
		return false;
	if (source.family == AF_INET)
		return inet_addr_type(net, source.ip4) != RTN_LOCAL;
	return !ipv6_chk_addr(net, &source.ip6, NULL, 0);
}

/**
 * ntm_path_for - which path a packet goes by
 * @ntm: the device
 * @next_hop: of its route
 * @skb: from its IP header on
 *
 * A node that is a Relay Server too may have two paths to one peer: an exit's, by which the
 * peer expects what comes from outside, and a node's, for what this node and its network send.
 *
 * Return: the path, or NULL; under RCU.
 */
struct ntm_path *ntm_path_for(struct ntm_dev *ntm, const struct ntm_address *next_hop,
			      const struct sk_buff *skb)
{
	struct ntm_path *exit = NULL, *other = NULL;
	struct ntm_path_address *each;

	hlist_for_each_entry_rcu(each, ntm_bucket(ntm, next_hop), node) {
		if (!ntm_address_equal(&each->address, next_hop))
			continue;
		if (unlikely(ntm_is_exit_end(each->path)))
			exit = exit ?: each->path;
		else
			other = other ?: each->path;
	}
	return exit && ntm_is_from_beyond(exit, skb) ? exit : other;
}

/* Whether the address is one of this path, though another may be in use for it. Under RCU. */
bool ntm_path_has_address(struct ntm_dev *ntm, const struct ntm_path *path,
			  const struct ntm_address *address)
{
	struct ntm_path_address *each;

	hlist_for_each_entry_rcu(each, ntm_bucket(ntm, address), node)
		if (each->path == path && ntm_address_equal(&each->address, address))
			return true;
	return false;
}

static void ntm_path_address_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(ntm_caches.address, container_of(rcu, struct ntm_path_address, rcu));
}

static struct ntm_path_address *ntm_path_address_alloc(struct ntm_path *path,
						       const struct ntm_address *address)
{
	struct ntm_path_address *own = kmem_cache_zalloc(ntm_caches.address, GFP_KERNEL);

	if (own) {
		own->address = *address;
		own->path = path;
	}
	return own;
}

/**
 * ntm_path_attach - gives a path its inner addresses
 * @path: without any; its device's lock is held
 * @addresses: those of the other end
 * @count: how many, at most NTMOBILE_MAX_ADDRESSES
 *
 * Owners there before keep what they have. Return: 0 or -ENOMEM.
 */
int ntm_path_attach(struct ntm_path *path, const struct ntm_address *addresses,
		    unsigned int count)
{
	struct ntm_path_address *own;
	unsigned int i;

	lockdep_assert_held(&path->entry.ntm->lock);
	for (i = 0; i < count; i++) {
		own = ntm_path_address_alloc(path, &addresses[i]);
		if (!own) {
			ntm_path_detach(path);
			return -ENOMEM;
		}
		hlist_add_tail_rcu(&own->node, ntm_bucket(path->entry.ntm, &own->address));
		path->addresses[path->address_count++] = own;
	}
	return 0;
}

void ntm_path_detach(struct ntm_path *path)
{
	lockdep_assert_held(&path->entry.ntm->lock);
	while (path->address_count) {
		struct ntm_path_address *own = path->addresses[--path->address_count];

		hlist_del_rcu(&own->node);
		call_rcu(&own->rcu, ntm_path_address_free_rcu);
	}
}

/* Puts the path before all other owners of its addresses. Return: 0 or -ENOMEM. */
int ntm_path_take_over(struct ntm_path *path)
{
	struct ntm_path_address *own, *old;
	unsigned int i;

	lockdep_assert_held(&path->entry.ntm->lock);
	for (i = 0; i < path->address_count; i++) {
		old = path->addresses[i];
		if (ntm_path_by_address(path->entry.ntm, &old->address) == path)
			continue;
		own = ntm_path_address_alloc(path, &old->address);
		if (!own)
			return -ENOMEM;
		hlist_add_head_rcu(&own->node, ntm_bucket(path->entry.ntm, &own->address));
		path->addresses[i] = own;
		hlist_del_rcu(&old->node);
		call_rcu(&old->rcu, ntm_path_address_free_rcu);
	}
	return 0;
}
