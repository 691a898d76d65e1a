/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NTM_REPLAY_H
#define _NTM_REPLAY_H

#include <linux/bitops.h>
#include <linux/types.h>
#include "proto.h"

/**
 * struct ntm_replay - which of the newest counters were seen
 * @next: one above the highest counter seen, so 0 for none
 * @bits: a ring with one bit for each of the newest NTM_REPLAY_WINDOW counters
 *
 * The owner's lock protects it.
 */
struct ntm_replay {
	u64 next;
	DECLARE_BITMAP(bits, NTM_REPLAY_WINDOW);
};

bool ntm_replay_check(const struct ntm_replay *replay, u64 counter);
void ntm_replay_mark(struct ntm_replay *replay, u64 counter);

#endif /* _NTM_REPLAY_H */
