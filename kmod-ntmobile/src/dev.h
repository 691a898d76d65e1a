/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NTM_DEV_H
#define _NTM_DEV_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/xarray.h>
#include <net/gro_cells.h>
#include <net/rtnetlink.h>
#include "compat.h"
#include "endpoint.h"
#include "proto.h"
#include "stats.h"

#define NTM_ADDRESS_HASH_BITS	10
#define NTM_NOTICED_SLOTS	256

/* A daemon that is node and Relay Server may have a path and relay it too. */
enum ntm_entry_kind { NTM_ENTRY_PATH, NTM_ENTRY_RELAY, NTM_ENTRY_KINDS };

/**
 * struct ntm_noticed - when something was last told about a subject
 * @subject: hash of the address or endpoint; two that collide share a slot
 * @at: jiffies
 *
 * Read and written without a lock: the worst a race does is one notice more.
 */
struct ntm_noticed {
	u32 subject;
	unsigned long at;
};

/**
 * struct ntm_dev - an NTMobile device
 * @dev: the network device
 * @list: in the namespace's devices; written under RTNL, read under RCU
 * @port: UDP port of the outer packets, 0 for none yet; written under RTNL
 * @lock: serialises changes of the tables
 * @closing: no more changes; under @lock
 * @entries: paths, and relayed paths, by Path ID; written under @lock, read under RCU
 * @index: the same entries in an order for dumps; under @lock, read under RCU
 * @next_index: where the next index is looked for; under @lock
 * @addresses: inner addresses of paths; written under @lock, read under RCU
 * @path_count: under @lock
 * @relay_count: under @lock
 * @hash_seed: so that nobody outside can choose collisions
 * @pending: packets whose path is being built; under its own lock
 * @pending_timer: drops those that waited too long
 * @noticed: rate limit of notices
 * @drops: what is counted on no path
 * @gro: where opened packets are coalesced
 */
struct ntm_dev {
	struct net_device *dev;
	struct list_head list;
	__be16 port;
	struct mutex lock; /* the tables */
	bool closing;
	struct rhashtable entries[NTM_ENTRY_KINDS];
	struct xarray index;
	u32 next_index;
	DECLARE_HASHTABLE(addresses, NTM_ADDRESS_HASH_BITS);
	u32 path_count;
	u32 relay_count;
	u32 hash_seed;
	struct sk_buff_head pending;
	struct timer_list pending_timer;
	struct ntm_noticed noticed[NTM_NOTICED_SLOTS];
	struct ntm_drops drops;
	struct gro_cells gro;
};

extern struct rtnl_link_ops ntm_link_ops;

static inline bool ntm_dev_is(const struct net_device *dev)
{
	return dev->rtnl_link_ops == &ntm_link_ops;
}

struct ntm_dev *ntm_dev_by_port(struct net *net, __be16 port);
int ntm_dev_set_port(struct ntm_dev *ntm, __be16 port,
		     struct netlink_ext_ack *extack);
void ntm_dev_drop(struct ntm_dev *ntm, enum ntm_drop drop, struct sk_buff *skb);

int ntm_dev_init(void);
void ntm_dev_exit(void);

/* send.c */
netdev_tx_t ntm_xmit(struct sk_buff *skb, struct net_device *dev);
void ntm_send(struct ntm_dev *ntm, struct sk_buff *skb);

/* receive.c */
extern const struct nf_hook_ops ntm_receive_hooks[];
extern const unsigned int ntm_receive_hook_count;

/* pending.c */
void ntm_pending_init(struct ntm_dev *ntm);
void ntm_pending_hold(struct ntm_dev *ntm, struct sk_buff *skb,
		      const struct ntm_address *next_hop);
void ntm_pending_flush(struct ntm_dev *ntm);
void ntm_pending_stop(struct ntm_dev *ntm);

/* selftest.c */
int __init ntm_selftest(void);

#endif /* _NTM_DEV_H */
