// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key slots of a path, one for each epoch (protocol.md 6 and 11.8). A key
 * starts at counter 0, is never taken twice by one path, and is cleared from
 * memory when it goes. No function gives a key back.
 */
#include <linux/siphash.h>
#include "cache.h"
#include "seal.h"

/* May be lowered, to see what happens at the end of a key. */
static unsigned long long packets_per_key = NTM_PACKETS_PER_KEY;
module_param(packets_per_key, ullong, 0644);
MODULE_PARM_DESC(packets_per_key, "Packets that a key seals, 2^40 at most");

static siphash_key_t ntm_known_key_secret;

void ntm_keys_init(void)
{
	get_random_bytes(&ntm_known_key_secret, sizeof(ntm_known_key_secret));
}

/* Nobody uses it any more. */
void ntm_key_free(struct ntm_key *key)
{
	if (!key)
		return;
	ntm_suite_end(key);
	ntm_cache_free_sensitive(ntm_caches.key, key);
}

static void ntm_key_free_rcu(struct rcu_head *rcu)
{
	ntm_key_free(container_of(rcu, struct ntm_key, rcu));
}

static struct ntm_key *ntm_key_of(struct ntm_path *path, u8 epoch)
{
	return rcu_dereference_protected(path->keys[epoch],
					 lockdep_is_held(&path->entry.ntm->lock));
}

static void ntm_key_replace(struct ntm_path *path, u8 epoch, struct ntm_key *key)
{
	struct ntm_key *old = ntm_key_of(path, epoch);

	rcu_assign_pointer(path->keys[epoch], key);
	if (old)
		call_rcu(&old->rcu, ntm_key_free_rcu);
}

/* Remembers a hash of the key; false when the path has had it before. */
static bool ntm_key_is_new(struct ntm_path *path, const u8 *key)
{
	u64 hash = siphash(key, NTMOBILE_KEY_SIZE, &ntm_known_key_secret);
	unsigned int i;

	for (i = 0; i < min_t(unsigned int, path->known_count, NTM_KEYS_REMEMBERED); i++)
		if (path->known_keys[i] == hash)
			return false;
	path->known_keys[path->known_count++ % NTM_KEYS_REMEMBERED] = hash;
	return true;
}

/**
 * ntm_key_set - installs a key pair, which receives at once
 * @path: its device's lock is held
 * @epoch: whose key, if any, is replaced
 * @suite: enum ntmobile_suite
 * @send: NTMOBILE_KEY_SIZE bytes
 * @receive: NTMOBILE_KEY_SIZE bytes
 * @extack: gets a sentence when it is refused
 *
 * Return: 0, -EEXIST for a key the path has had, -EOPNOTSUPP for a suite that cannot be
 * had here, -ENOMEM.
 */
int ntm_key_set(struct ntm_path *path, u8 epoch, u8 suite, const u8 *send, const u8 *receive,
		struct netlink_ext_ack *extack)
{
	struct ntm_key *key;
	int err;

	lockdep_assert_held(&path->entry.ntm->lock);
	if (!ntm_key_is_new(path, send)) {
		NL_SET_ERR_MSG(extack, "this path has had this key before");
		return -EEXIST;
	}
	key = kmem_cache_zalloc(ntm_caches.key, GFP_KERNEL);
	if (!key)
		return -ENOMEM;
	err = ntm_suite_begin(key, suite, send, receive, extack);
	if (err) {
		ntm_cache_free_sensitive(ntm_caches.key, key);
		return err;
	}
	key->installed_at = jiffies;
	ntm_key_replace(path, epoch, key);
	return 0;
}

/**
 * ntm_key_use - sends under the key of this epoch from now on
 * @path: its device's lock is held; takes over its inner addresses
 * @epoch: a key was installed for it
 * @extack: gets a sentence when it is refused
 *
 * Return: 0, -ENOENT without such a key, -ENOMEM.
 */
int ntm_key_use(struct ntm_path *path, u8 epoch, struct netlink_ext_ack *extack)
{
	int err;

	if (!ntm_key_of(path, epoch)) {
		NL_SET_ERR_MSG(extack, "no key was set for this epoch");
		return -ENOENT;
	}
	err = ntm_path_take_over(path);
	if (err)
		return err;
	spin_lock_bh(&path->entry.lock);
	path->send_epoch = epoch;
	path->key_wanted = false;
	spin_unlock_bh(&path->entry.lock);
	return 0;
}

void ntm_key_del(struct ntm_path *path, u8 epoch)
{
	spin_lock_bh(&path->entry.lock);
	if (path->send_epoch == epoch)
		path->send_epoch = -1;
	spin_unlock_bh(&path->entry.lock);
	ntm_key_replace(path, epoch, NULL);
}

u64 ntm_packets_per_key(void)
{
	return min_t(u64, READ_ONCE(packets_per_key), NTM_PACKETS_PER_KEY);
}

/* A key ends after an hour, also without a daemon to replace it. */
bool ntm_key_expired(const struct ntm_key *key)
{
	return time_after(jiffies, key->installed_at + msecs_to_jiffies(NTM_REJECT_AFTER_MS));
}
