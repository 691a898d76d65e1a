/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels name differently. The module is written for the newest
 * names; version checks stand here and nowhere else.
 */
#ifndef _NTM_COMPAT_H
#define _NTM_COMPAT_H

#include <linux/version.h>
#include <linux/netdevice.h>
#include <linux/timer.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <asm/unaligned.h>
#else
#include <linux/unaligned.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync del_timer_sync
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0) && !defined(timer_container_of)
#define timer_container_of from_timer
#endif

#ifdef GENL_MCAST_CAP_NET_ADMIN
#define NTM_MCGRP_NET_ADMIN GENL_MCAST_CAP_NET_ADMIN
#else
#define NTM_MCGRP_NET_ADMIN GENL_UNS_ADMIN_PERM
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

static inline void ntm_compat_netns_immutable(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	dev->netns_immutable = true;
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	dev->netns_local = true;
#else
	dev->features |= NETIF_F_NETNS_LOCAL;
#endif
}

#endif /* _NTM_COMPAT_H */
