// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sliding window that tells a counter seen before from a late one, as
 * RFC 6479 does it. Checking and marking are apart, because only an
 * authenticated counter may be marked.
 */
#include <linux/bitmap.h>
#include "replay.h"

#define NTM_REPLAY_MASK	(NTM_REPLAY_WINDOW - 1)

/**
 * ntm_replay_check - whether a counter may be accepted
 * @replay: the window
 * @counter: of a packet that need not be authenticated yet
 *
 * Return: true when it is neither marked nor older than the window.
 */
bool ntm_replay_check(const struct ntm_replay *replay, u64 counter)
{
	if (counter >= replay->next)
		return true;
	if (replay->next - counter > NTM_REPLAY_WINDOW)
		return false;
	return !test_bit(counter & NTM_REPLAY_MASK, replay->bits);
}

/* Clears the bits of the counters passed over: they stand for ones that fall out. */
static void ntm_replay_advance(struct ntm_replay *replay, u64 next)
{
	u64 count = next - replay->next;
	u32 from, part;

	if (count >= NTM_REPLAY_WINDOW) {
		bitmap_zero(replay->bits, NTM_REPLAY_WINDOW);
	} else {
		from = replay->next & NTM_REPLAY_MASK;
		part = min_t(u32, count, NTM_REPLAY_WINDOW - from);
		bitmap_clear(replay->bits, from, part);
		bitmap_clear(replay->bits, 0, (u32)count - part);
	}
	replay->next = next;
}

/**
 * ntm_replay_mark - notes a counter for which ntm_replay_check() said true
 * @replay: the window
 * @counter: of an authenticated packet
 */
void ntm_replay_mark(struct ntm_replay *replay, u64 counter)
{
	if (counter >= replay->next)
		ntm_replay_advance(replay, counter + 1);
	__set_bit(counter & NTM_REPLAY_MASK, replay->bits);
}
