/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a packet went nowhere. The order is that of the drop attributes of the netlink spec. */
#ifndef _NTM_STATS_H
#define _NTM_STATS_H

#include <linux/atomic.h>
#include <uapi/linux/ntmobile.h>

enum ntm_drop {
	NTM_DROP_MALFORMED,
	NTM_DROP_WRONG_SIDE,
	NTM_DROP_WRONG_EPOCH,
	NTM_DROP_WRONG_SOURCE,
	NTM_DROP_REPLAYED,
	NTM_DROP_BAD_SEAL,
	NTM_DROP_BAD_INNER_SOURCE,
	NTM_DROP_REFUSED,
	NTM_DROP_UNKNOWN_KEY,
	NTM_DROP_NO_PATH,
	NTM_DROP_NO_ROUTE,
	NTM_DROP_LOOP,
	NTM_DROP_TOO_BIG,
	NTM_DROP_TTL_EXCEEDED,
	NTM_DROP_BAD_CHECKSUM,
	NTM_DROP_NOT_UNICAST,
	NTM_DROP_NO_MEMORY,
	NTM_DROPS
};

#define NTM_DROP_ATTRIBUTE(drop) ((drop) + NTMOBILE_A_DROP_MALFORMED)

static_assert(NTM_DROP_ATTRIBUTE(NTM_DROPS - 1) == NTMOBILE_A_DROP_MAX);

/**
 * struct ntm_drops - counts by reason
 * @count: drops are rare, so they are plain atomics
 */
struct ntm_drops {
	atomic_long_t count[NTM_DROPS];
};

static inline void ntm_drops_add(struct ntm_drops *drops, enum ntm_drop drop)
{
	atomic_long_inc(&drops->count[drop]);
}

#endif /* _NTM_STATS_H */
