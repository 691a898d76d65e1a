/* SPDX-License-Identifier: GPL-2.0-only */
/* Where Capsulated Packets go: an endpoint, proven or not, and the outer route to it. */
#ifndef _NTM_TARGET_H
#define _NTM_TARGET_H

#include <net/dst.h>
#include "dev.h"

/**
 * struct ntm_unverified - an endpoint not yet proven to be where it claims
 * @active: whether there is such a limit
 * @budget: bytes the endpoint gets
 * @spent: bytes it got
 * @until: jiffies; the budget ends then at the latest
 * @fallback: who gets the packets afterwards, if anyone
 */
struct ntm_unverified {
	bool active;
	u32 budget;
	u64 spent;
	unsigned long until;
	struct ntm_endpoint fallback;
};

/**
 * struct ntm_target - where the packets of a path or to a leg go
 * @remote: of family AF_UNSPEC for nowhere
 * @uplink: interface index to leave by, 0 for any
 * @mark: firewall mark of the outer packets
 * @local: our address to send from, or none
 * @unverified: limit on @remote
 * @generation: changes with each of the above
 * @dst: outer route to @remote, or NULL; a reference
 * @cookie: for dst_check()
 * @source: our address on that route
 *
 * The lock of the path or relayed path protects all of it.
 */
struct ntm_target {
	struct ntm_endpoint remote;
	int uplink;
	u32 mark;
	struct ntm_address local;
	struct ntm_unverified unverified;
	u32 generation;
	struct dst_entry *dst;
	u32 cookie;
	struct ntm_address source;
};

/**
 * struct ntm_outer - what the outer headers of one packet say
 * @to: where it goes
 * @source: our address
 * @uplink: interface index to leave by, 0 for any
 * @mark: firewall mark
 * @dst: the route, a reference, or NULL while not looked up
 * @generation: of the target when it was picked
 */
struct ntm_outer {
	struct ntm_endpoint to;
	struct ntm_address source;
	int uplink;
	u32 mark;
	struct dst_entry *dst;
	u32 generation;
};

void ntm_target_set(struct ntm_target *target, const struct ntm_target *wanted);
void ntm_target_move(struct ntm_target *target, const struct ntm_endpoint *to);
void ntm_target_clear(struct ntm_target *target);
bool ntm_target_pick(struct ntm_target *target, u32 bytes, struct ntm_outer *outer);
enum ntm_drop ntm_outer_route(struct ntm_dev *ntm, struct ntm_outer *outer,
			      struct ntm_target *target, spinlock_t *lock);
enum ntm_drop ntm_outer_send(struct ntm_dev *ntm, struct ntm_outer *outer,
			     struct sk_buff *skb, u8 tos, bool may_fragment);

#endif /* _NTM_TARGET_H */
