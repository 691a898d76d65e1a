/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels name differently. The module is written for the newest
 * names; version checks stand here and nowhere else.
 */
#ifndef _NTM_COMPAT_H
#define _NTM_COMPAT_H

#include <linux/version.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#ifdef NTM_HAS_LINUX_UNALIGNED_H
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifdef NTM_HAS_NET_GSO_H
#include <net/gso.h>
#endif

#ifndef NTM_HAS_TIMER_DELETE_SYNC
#define timer_delete_sync del_timer_sync
#endif

#ifndef timer_container_of
#define timer_container_of from_timer
#endif

#ifdef GENL_MCAST_CAP_NET_ADMIN
#define NTM_MCGRP_NET_ADMIN GENL_MCAST_CAP_NET_ADMIN
#else
#define NTM_MCGRP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

/* Before 6.1 nothing tells the caller which attribute is missing. */
#ifndef GENL_REQ_ATTR_CHECK
#define GENL_REQ_ATTR_CHECK(info, attribute)	(!(info)->attrs[attribute])
#endif

/* The request's attributes of a dump. */
static inline struct nlattr **ntm_compat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* Also renamed within stable series: Kbuild looks for the name. */
static inline void ntm_compat_netns_immutable(struct net_device *dev)
{
#if defined(NTM_HAS_NETNS_IMMUTABLE)
	dev->netns_immutable = true;
#elif defined(NTM_HAS_NETNS_LOCAL)
	dev->netns_local = true;
#else
	dev->features |= NETIF_F_NETNS_LOCAL;
#endif
}

/* Of newlink of struct rtnl_link_ops, among which is dev. */
#ifdef NTM_HAS_NEWLINK_PARAMS
#define NTM_COMPAT_NEWLINK_ARGUMENTS	struct net_device *dev,			\
	struct rtnl_newlink_params *params, struct netlink_ext_ack *extack
#else
#define NTM_COMPAT_NEWLINK_ARGUMENTS	struct net *source, struct net_device *dev,	\
	struct nlattr *tb[], struct nlattr *data[], struct netlink_ext_ack *extack
#endif

static inline void ntm_compat_lltx(struct net_device *dev)
{
#ifdef NTM_HAS_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* Within an update of the counters. */
static inline void ntm_compat_rx_add(struct pcpu_sw_netstats *stats, u32 packets, u32 bytes)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 0, 0)
	u64_stats_add(&stats->rx_packets, packets);
	u64_stats_add(&stats->rx_bytes, bytes);
#else
	stats->rx_packets += packets;
	stats->rx_bytes += bytes;
#endif
}

/*
 * Whether a page is nobody else's, as the page cache's and a user's are. A flag of
 * the skb says so too, but kernels before 2026 lose it when packets coalesce.
 */
static inline bool ntm_compat_page_is_private(struct page *page)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 16, 0)
	return !READ_ONCE(page_folio(page)->mapping);
#else
	return !READ_ONCE(compound_head(page)->mapping);
#endif
}

#endif /* _NTM_COMPAT_H */
