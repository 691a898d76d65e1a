/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NTM_PATH_H
#define _NTM_PATH_H

#include "dev.h"
#include "replay.h"
#include "target.h"

/**
 * struct ntm_entry - what paths and relayed paths have in common
 * @node: in the device's table of its kind
 * @path_id: key of that table
 * @kind: which of the two it is
 * @index: in the device's order for dumps
 * @ntm: the device, which outlives the entry
 * @lock: protects what changes with packets; taken with softirqs off
 * @gone: deleted: no timer is started any more; under @lock
 * @idle_timer: runs while @idle_ms is not 0
 * @idle_ms: without data for this long a notice is sent
 * @used_at: jiffies of the last data; under @lock
 * @drops: counts by reason
 * @local4: IPv4 address that was one of ours by @local_genid on @local_ifindex; all three are
 *	read without a lock, the worst that a race does is one look-up more
 * @local_ifindex: of the interface that a packet came by
 * @local_genid: of the namespace's routes
 * @rcu: frees it
 */
struct ntm_entry {
	struct rhash_head node;
	__be64 path_id;
	enum ntm_entry_kind kind;
	u32 index;
	struct ntm_dev *ntm;
	spinlock_t lock; /* what changes with packets */
	bool gone;
	struct timer_list idle_timer;
	u32 idle_ms;
	unsigned long used_at;
	struct ntm_drops drops;
	__be32 local4;
	int local_ifindex;
	int local_genid;
	struct rcu_head rcu;
};

/**
 * struct ntm_key - a key pair of one epoch
 * @suite: enum ntmobile_suite; constant
 * @send: ChaCha20-Poly1305 key; constant
 * @receive: the same for the other direction; constant
 * @send_aead: AES-128-GCM with the key of that direction; constant
 * @receive_aead: the same for the other direction; constant
 * @installed_at: jiffies; constant
 * @counter: of the next packet sent; under the path's lock
 * @sent_at: jiffies of the first packet sent, 0 for none; under the path's lock
 * @opened: whether a packet was opened with it; under the path's lock
 * @replay: counters received; under the path's lock
 * @rcu: frees and clears it
 */
struct ntm_key {
	u8 suite;
	union {
		u8 send[NTMOBILE_KEY_SIZE];
		struct crypto_aead *send_aead;
	};
	union {
		u8 receive[NTMOBILE_KEY_SIZE];
		struct crypto_aead *receive_aead;
	};
	unsigned long installed_at;
	u64 counter;
	unsigned long sent_at;
	bool opened;
	struct ntm_replay replay;
	struct rcu_head rcu;
};

/* Bytes that a sealed packet has more than the inner packet. */
static inline u32 ntm_tag_size(const struct ntm_key *key)
{
	return key->suite == NTMOBILE_SUITE_NONE ? 0 : NTM_TAG_SIZE;
}

struct ntm_path;

/**
 * struct ntm_path_address - an inner address of the other end
 * @node: in the device's table of addresses, the owner in use first
 * @address: the address
 * @path: the owner
 * @rcu: frees it
 */
struct ntm_path_address {
	struct hlist_node node;
	struct ntm_address address;
	struct ntm_path *path;
	struct rcu_head rcu;
};

/**
 * struct ntm_path - one row of the tunnel table (paper section 4.1)
 * @entry: Path ID, lock, idle time
 * @side: our side of the path; constant
 * @kind: enum ntmobile_path_kind; constant
 * @global_only: refuse inner destinations that are not global; constant
 * @alias4: IPv4 address that stands here for @peer4, 0 for none; constant
 * @peer4: IPv4 address of the other end in the packets; constant
 * @addresses: inner addresses of the other end; under the device's lock
 * @address_count: how many; constant
 * @keys: by epoch; written under the device's lock, read under RCU
 * @known_keys: hashes of the keys it has had; under the device's lock
 * @known_count: how many it has had; under the device's lock
 * @send_epoch: epoch to send under, or -1
 * @target: where packets go
 * @also: where they go too until @also_until
 * @also_until: jiffies
 * @relayed: @target leads to a Relay Server
 * @relays: sources that never move the target
 * @relay_count: how many
 * @mtu: longest inner packet, 0 for the device's
 * @floated: whether @floated_at means anything
 * @floated_at: jiffies of the last move by a packet
 * @is_held: no packet moves the target until @held_until
 * @held_until: jiffies
 * @awaits_resume: the next packet opened is told
 * @key_wanted: a successor of the key was asked for
 * @owes_answer: data went out and nothing came back yet
 * @silent_timer: runs while @owes_answer
 * @sent_at: jiffies of the last packet, when @sent_packets is not 0
 * @received_at: jiffies of the last packet, when @received_packets is not 0
 * @sent_packets: inner packets
 * @sent_bytes: of inner packets
 * @received_packets: inner packets
 * @received_bytes: of inner packets
 * @lost_packets: counters passed over less those that came late
 * @lost_marked: @lost_packets at @marked_at
 * @lost_before: @lost_marked of the mark before, after a pause @lost_packets of then
 * @marked_at: jiffies
 *
 * From @send_epoch on the entry's lock protects all of it.
 */
struct ntm_path {
	struct ntm_entry entry;
	u8 side;
	u8 kind;
	bool global_only;
	__be32 alias4;
	__be32 peer4;
	struct ntm_path_address *addresses[NTMOBILE_MAX_ADDRESSES];
	unsigned int address_count;
	struct ntm_key __rcu *keys[NTM_EPOCHS];
	u64 known_keys[NTM_KEYS_REMEMBERED];
	unsigned int known_count;
	s8 send_epoch;
	struct ntm_target target;
	struct ntm_target also;
	unsigned long also_until;
	bool relayed;
	struct ntm_endpoint relays[NTMOBILE_MAX_RELAYS];
	unsigned int relay_count;
	u32 mtu;
	bool floated;
	unsigned long floated_at;
	bool is_held;
	unsigned long held_until;
	bool awaits_resume;
	bool key_wanted;
	bool owes_answer;
	struct timer_list silent_timer;
	unsigned long sent_at;
	unsigned long received_at;
	u64 sent_packets;
	u64 sent_bytes;
	u64 received_packets;
	u64 received_bytes;
	s64 lost_packets;
	s64 lost_marked;
	s64 lost_before;
	unsigned long marked_at;
};

/**
 * struct ntm_relay - a relayed path: two legs, no keys (paper section 4.3)
 * @entry: Path ID, lock, idle time
 * @legs: where the node of each side is
 * @forwarded_packets: of both directions
 * @forwarded_bytes: of both directions, from the NTM header on
 *
 * The entry's lock protects all of it.
 */
struct ntm_relay {
	struct ntm_entry entry;
	struct ntm_target legs[2];
	u64 forwarded_packets;
	u64 forwarded_bytes;
};

#define ntm_path_of(e) container_of(e, struct ntm_path, entry)
#define ntm_relay_of(e) container_of(e, struct ntm_relay, entry)

extern const struct rhashtable_params ntm_entry_params;

/* Under RCU. */
static inline struct ntm_entry *ntm_entry_find(struct ntm_dev *ntm, enum ntm_entry_kind kind,
					       __be64 path_id)
{
	return rhashtable_lookup(&ntm->entries[kind], &path_id, ntm_entry_params);
}

/* entry.c */
int ntm_entries_init(struct ntm_dev *ntm);
void ntm_entries_destroy(struct ntm_dev *ntm);
int ntm_entry_add(struct ntm_dev *ntm, struct ntm_entry *entry,
		  struct netlink_ext_ack *extack);
void ntm_entry_del(struct ntm_entry *entry);
void ntm_entry_flush(struct ntm_dev *ntm);
void ntm_entry_start_idle(struct ntm_entry *entry);

/* path.c */
struct ntm_path *ntm_path_alloc(struct ntm_dev *ntm, __be64 path_id, u32 idle_ms);
void ntm_path_free(struct ntm_path *path);
struct ntm_path *ntm_path_by_address(struct ntm_dev *ntm,
				     const struct ntm_address *address);
struct ntm_path *ntm_path_for(struct ntm_dev *ntm, const struct ntm_address *next_hop,
			      const struct sk_buff *skb);
bool ntm_path_has_address(struct ntm_dev *ntm, const struct ntm_path *path,
			  const struct ntm_address *address);
int ntm_path_attach(struct ntm_path *path, const struct ntm_address *addresses,
		    unsigned int count);
void ntm_path_detach(struct ntm_path *path);
int ntm_path_take_over(struct ntm_path *path);

/* keys.c */
int ntm_key_set(struct ntm_path *path, u8 epoch, u8 suite, const u8 *send, const u8 *receive,
		struct netlink_ext_ack *extack);
void ntm_key_free(struct ntm_key *key);
int ntm_key_use(struct ntm_path *path, u8 epoch, struct netlink_ext_ack *extack);
void ntm_key_del(struct ntm_path *path, u8 epoch);
u64 ntm_packets_per_key(void);
bool ntm_key_expired(const struct ntm_key *key);
void ntm_keys_init(void);

/* relay.c */
void ntm_relay_free(struct ntm_relay *relay);
struct ntm_relay *ntm_relay_alloc(struct ntm_dev *ntm, __be64 path_id, u32 idle_ms);
void ntm_relay_forward(struct ntm_relay *relay, struct sk_buff *skb);

/* notify.c */
void ntm_notify_no_path(struct ntm_dev *ntm, const struct ntm_address *destination);
void ntm_notify_moved(struct ntm_path *path, const struct ntm_endpoint *remote, int uplink);
void ntm_notify_resumed(struct ntm_path *path, const struct ntm_endpoint *from);
void ntm_notify_first_packet(struct ntm_path *path, u8 epoch);
void ntm_notify_entry(struct ntm_entry *entry, u8 command);
void ntm_notify_wrong_source(struct ntm_entry *entry, const struct ntm_endpoint *from,
			     int uplink, u32 length);

#endif /* _NTM_PATH_H */
