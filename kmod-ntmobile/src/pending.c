// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first packets to an address whose path is still being built, held back
 * for a moment so that an application's first SYN or ping is not lost. Bounded
 * in packets, in packets to one address, and in time.
 */
#include "path.h"

/**
 * struct ntm_pending_cb - in the control block of a packet that waits
 * @next_hop: the inner address whose path it waits for
 * @since: jiffies
 */
struct ntm_pending_cb {
	struct ntm_address next_hop;
	unsigned long since;
};

static struct ntm_pending_cb *ntm_pending_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct ntm_pending_cb) > sizeof(skb->cb));
	return (struct ntm_pending_cb *)skb->cb;
}

static void ntm_pending_expire(struct timer_list *timer)
{
	struct ntm_dev *ntm = timer_container_of(ntm, timer, pending_timer);
	unsigned long limit = msecs_to_jiffies(NTM_PENDING_MS);
	struct sk_buff_head late;
	struct sk_buff *skb;

	__skb_queue_head_init(&late);
	spin_lock(&ntm->pending.lock);
	while ((skb = skb_peek(&ntm->pending)) &&
	       time_after_eq(jiffies, ntm_pending_cb(skb)->since + limit)) {
		__skb_unlink(skb, &ntm->pending);
		__skb_queue_tail(&late, skb);
	}
	if (skb)
		mod_timer(&ntm->pending_timer, ntm_pending_cb(skb)->since + limit);
	spin_unlock(&ntm->pending.lock);
	while ((skb = __skb_dequeue(&late)))
		ntm_dev_drop(ntm, NTM_DROP_NO_PATH, skb);
}

void ntm_pending_init(struct ntm_dev *ntm)
{
	skb_queue_head_init(&ntm->pending);
	timer_setup(&ntm->pending_timer, ntm_pending_expire, 0);
}

/**
 * ntm_pending_hold - keeps a packet until its path is ready, or drops it
 * @ntm: the device
 * @skb: consumed
 * @next_hop: the inner address whose path it waits for
 */
void ntm_pending_hold(struct ntm_dev *ntm, struct sk_buff *skb,
		      const struct ntm_address *next_hop)
{
	unsigned int same = 0;
	struct sk_buff *each;
	bool has_room;

	skb_dst_force(skb);
	spin_lock(&ntm->pending.lock);
	skb_queue_walk(&ntm->pending, each)
		same += ntm_address_equal(&ntm_pending_cb(each)->next_hop, next_hop);
	has_room = same < NTM_PENDING_PER_ADDRESS &&
		   skb_queue_len(&ntm->pending) < NTM_PENDING_PACKETS &&
		   netif_running(ntm->dev);
	if (has_room) {
		ntm_pending_cb(skb)->next_hop = *next_hop;
		ntm_pending_cb(skb)->since = jiffies;
		__skb_queue_tail(&ntm->pending, skb);
		if (!timer_pending(&ntm->pending_timer))
			mod_timer(&ntm->pending_timer,
				  jiffies + msecs_to_jiffies(NTM_PENDING_MS));
	}
	spin_unlock(&ntm->pending.lock);
	if (!has_room)
		ntm_dev_drop(ntm, NTM_DROP_NO_PATH, skb);
}

/* A path may have become ready: every packet tries again. In process context. */
void ntm_pending_flush(struct ntm_dev *ntm)
{
	struct sk_buff_head again;
	struct sk_buff *skb;

	__skb_queue_head_init(&again);
	spin_lock_bh(&ntm->pending.lock);
	skb_queue_splice_init(&ntm->pending, &again);
	spin_unlock_bh(&ntm->pending.lock);
	local_bh_disable();
	rcu_read_lock();
	while ((skb = __skb_dequeue(&again)))
		ntm_send(ntm, skb);
	rcu_read_unlock();
	local_bh_enable();
}

void ntm_pending_stop(struct ntm_dev *ntm)
{
	timer_delete_sync(&ntm->pending_timer);
	skb_queue_purge(&ntm->pending);
}
