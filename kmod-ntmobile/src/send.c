// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the virtual interface to the network (paper section 4.1, figure 9). The
 * route's next hop is the inner address that the path is looked up by. The
 * packet is sealed into a buffer of its own: the pages of the one given are
 * shared with the retransmit queue and, after sendfile, with the page cache.
 */
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/route.h>
#include "alias.h"
#include "none.h"
#include "seal.h"

/* The next hop of the packet's route; its destination when it has no route (packet sockets). */
static bool ntm_next_hop(struct sk_buff *skb, struct ntm_address *next_hop)
{
	struct dst_entry *dst = skb_dst(skb);

	if (skb->protocol == htons(ETH_P_IP) && pskb_may_pull(skb, sizeof(struct iphdr)) &&
	    ip_hdr(skb)->version == 4) {
		__be32 ip = ip_hdr(skb)->daddr;

		if (dst)
			ip = rt_nexthop((struct rtable *)dst, ip);
		ntm_address_set4(next_hop, ip);
		return true;
	}
	if (skb->protocol == htons(ETH_P_IPV6) && pskb_may_pull(skb, sizeof(struct ipv6hdr)) &&
	    ip_hdr(skb)->version == 6) {
		const struct in6_addr *ip = &ipv6_hdr(skb)->daddr;

		if (dst)
			ip = rt6_nexthop((struct rt6_info *)dst, ip);
		ntm_address_set6(next_hop, ip);
		return true;
	}
	return false;
}

enum ntm_readiness { NTM_READY, NTM_NOT_YET, NTM_WORN_OUT };

static void ntm_count_sent(struct ntm_path *path, struct ntm_key *key, u32 packets, u32 bytes,
			   struct ntm_ticket *ticket)
{
	path->sent_packets += packets;
	path->sent_bytes += bytes;
	path->sent_at = jiffies;
	path->entry.used_at = jiffies;
	if (!key->sent_at)
		key->sent_at = jiffies ? : 1;
	if (!path->owes_answer && !path->entry.gone) {
		path->owes_answer = true;
		mod_timer(&path->silent_timer,
			  jiffies + msecs_to_jiffies(NTM_SILENT_AFTER_MS));
	}
	ticket->key_wanted = false;
	if (!path->key_wanted &&
	    (key->counter > ntm_packets_per_key() / 2 ||
	     time_after(jiffies, key->sent_at + msecs_to_jiffies(NTM_REKEY_AFTER_MS)))) {
		path->key_wanted = true;
		ticket->key_wanted = true;
	}
}

/*
 * All that the path's lock protects, in one turn, for @packets inner packets of @bytes
 * together. Under RCU with softirqs off.
 */
static enum ntm_readiness ntm_ticket_take(struct ntm_path *path, u32 packets, u32 bytes,
					  struct ntm_ticket *ticket)
{
	u32 wire = bytes + packets * (sizeof(struct ntm_header) + NTM_TAG_SIZE);
	enum ntm_readiness readiness = NTM_NOT_YET;
	struct ntm_key *key;

	spin_lock(&path->entry.lock);
	if (path->send_epoch < 0 || path->target.remote.ip.family == AF_UNSPEC)
		goto out;
	key = rcu_dereference(path->keys[path->send_epoch]);
	if (!key)
		goto out;
	readiness = NTM_WORN_OUT;
	if (key->counter + packets > ntm_packets_per_key() || ntm_key_expired(key))
		goto out;
	readiness = NTM_READY;
	ticket->key = key;
	ticket->counter = key->counter;
	key->counter += packets;
	ticket->flags = ntm_header_flags(path->side, path->send_epoch);
	ticket->has_target = ntm_target_pick(&path->target, wire, &ticket->outer);
	ticket->has_also = path->also.remote.ip.family != AF_UNSPEC &&
			   time_before(jiffies, path->also_until) &&
			   ntm_target_pick(&path->also, wire, &ticket->also);
	ntm_count_sent(path, key, packets, bytes, ticket);
out:
	spin_unlock(&path->entry.lock);
	return readiness;
}

/* Return: an empty outer packet with room in front and for @length bytes, or NULL. */
struct sk_buff *ntm_sealed_alloc(const struct ntm_ticket *ticket, u32 length)
{
	const struct dst_entry *dst = ticket->outer.dst;
	unsigned int room = ALIGN(LL_RESERVED_SPACE(dst->dev) + dst->header_len +
				  sizeof(struct ipv6hdr) + sizeof(struct udphdr), 8);
	struct sk_buff *sealed = alloc_skb(room + length, GFP_ATOMIC | __GFP_NOWARN);

	if (likely(sealed))
		skb_reserve(sealed, room);
	return sealed;
}

/* Return: the sealed packet from its header on, or NULL. */
static struct sk_buff *ntm_seal_one(const struct ntm_path *path, const struct ntm_ticket *ticket,
				    const struct sk_buff *skb)
{
	unsigned int length = skb->len;
	struct ntm_header *header;
	struct sk_buff *sealed;
	const u8 *plain;
	u8 *body;

	sealed = ntm_sealed_alloc(ticket, sizeof(*header) + length + NTM_TAG_SIZE);
	if (unlikely(!sealed))
		return NULL;
	header = skb_put(sealed, sizeof(*header));
	ntm_header_write(header, ticket->flags, ticket->counter, path->entry.path_id);
	body = skb_put(sealed, length + NTM_TAG_SIZE);
	plain = body;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb_copy_and_csum_dev(skb, body);
	else if (skb_is_nonlinear(skb) || ntm_path_has_alias(path))
		skb_copy_bits(skb, 0, body, length);
	else
		plain = skb->data;
	if (ntm_path_has_alias(path))
		ntm_alias_packet(path, NTM_OUT, body, length);
	ntm_seal(ticket->key, header, body, plain, length);
	return sealed;
}

/* Return: the longest inner packet that fits the path and the outer route. */
static u32 ntm_path_mtu(const struct ntm_path *path, const struct ntm_outer *outer)
{
	u32 headers = NTM_OVERHEAD + (outer->to.ip.family == AF_INET ? sizeof(struct iphdr) :
							      sizeof(struct ipv6hdr));
	u32 mtu = READ_ONCE(path->mtu), outer_mtu = dst_mtu(outer->dst);

	if (!mtu)
		mtu = READ_ONCE(path->entry.ntm->dev->mtu);
	return outer_mtu > headers ? min(mtu, outer_mtu - headers) : 0;
}

static bool ntm_may_fragment(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) && !(ip_hdr(skb)->frag_off & htons(IP_DF));
}

/* Tells the sender of a packet too big for the path how long it may be. */
static void ntm_answer_too_big(struct sk_buff *skb, u32 mtu)
{
	skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, max_t(u32, mtu, IPV6_MIN_MTU));
}

/* The two share the pages, which a receiver on this machine must not write to then. */
static void ntm_send_also(struct ntm_path *path, struct ntm_ticket *ticket,
			  struct sk_buff *sealed)
{
	struct ntm_dev *ntm = path->entry.ntm;
	enum ntm_drop drop;
	struct sk_buff *copy;

	drop = ntm_outer_route(ntm, &ticket->also, &path->also, &path->entry.lock);
	if (drop == NTM_DROPS) {
		copy = pskb_copy(sealed, GFP_ATOMIC);
		if (copy) {
			if (skb_is_nonlinear(copy)) {
				skb_shinfo(copy)->flags |= SKBFL_SHARED_FRAG;
				skb_shinfo(sealed)->flags |= SKBFL_SHARED_FRAG;
			}
			dst_hold(ticket->also.dst);
			drop = ntm_outer_send(ntm, &ticket->also, copy, ticket->tos, false);
		} else {
			drop = NTM_DROP_NO_MEMORY;
		}
	}
	if (drop != NTM_DROPS)
		ntm_drops_add(&path->entry.drops, drop);
}

/* Takes over @sealed and a reference on the ticket's route. Return: NTM_DROPS, or why not. */
enum ntm_drop ntm_sealed_send(struct ntm_path *path, struct ntm_ticket *ticket,
			      struct sk_buff *sealed)
{
	if (unlikely(ticket->has_also))
		ntm_send_also(path, ticket, sealed);
	return ntm_outer_send(path->entry.ntm, &ticket->outer, sealed, ticket->tos,
			      ticket->may_fragment);
}

/* Counts what went out of the interface. */
void ntm_sent_add(struct ntm_dev *ntm, u32 packets, u32 bytes)
{
	dev_sw_netstats_tx_add(ntm->dev, packets, bytes);
}

/*
 * One packet of @length bytes or super-packet whose segments have that many, its ticket
 * taken. Return: NTM_DROPS, or why it was dropped; *@skb is NULL when it was taken over.
 */
static enum ntm_drop ntm_send_ready(struct ntm_path *path, struct ntm_ticket *ticket,
				    struct sk_buff **skb, struct ntm_super *super, u32 length)
{
	u32 packets = super ? super->count : 1, bytes = (*skb)->len;
	struct ntm_dev *ntm = path->entry.ntm;
	struct sk_buff *sealed;
	enum ntm_drop drop;
	u32 mtu;

	if (!ticket->has_target)
		return NTM_DROP_NO_ROUTE;
	drop = ntm_outer_route(ntm, &ticket->outer, &path->target, &path->entry.lock);
	if (drop != NTM_DROPS)
		return drop;
	mtu = ntm_path_mtu(path, &ticket->outer);
	if (unlikely(length > mtu) && !ticket->may_fragment) {
		ntm_answer_too_big(*skb, mtu);
		drop = NTM_DROP_TOO_BIG;
		goto release;
	}
	if (ticket->key->suite == NTMOBILE_SUITE_NONE) {
		drop = ntm_none_send(path, ticket, skb);
		if (drop == NTM_DROPS)
			ntm_sent_add(ntm, packets, bytes);
		return drop;
	}
	if (super)
		return ntm_super_send(path, ticket, super);
	drop = NTM_DROP_NO_MEMORY;
	sealed = ntm_seal_one(path, ticket, *skb);
	if (!sealed)
		goto release;
	ntm_sent_add(ntm, 1, length);
	return ntm_sealed_send(path, ticket, sealed);
release:
	dst_release(ticket->outer.dst);
	return drop;
}

/* One packet, or a super-packet as read into @super; consumed. */
static void ntm_send_one(struct ntm_path *path, struct sk_buff *skb, struct ntm_super *super,
			 const struct ntm_address *next_hop)
{
	u32 packets = super ? super->count : 1;
	u32 bytes = super ? skb->len + (packets - 1) * super->length : skb->len;
	struct ntm_dev *ntm = path->entry.ntm;
	enum ntm_drop drop = NTM_DROP_UNKNOWN_KEY;
	struct ntm_ticket ticket;

	switch (ntm_ticket_take(path, packets, bytes, &ticket)) {
	case NTM_NOT_YET:
		ntm_pending_hold(ntm, skb, next_hop);
		return;
	case NTM_WORN_OUT:
		break;
	case NTM_READY:
		/* RFC 6040, normal mode; the class of the traffic is nobody's business outside. */
		ticket.tos = ip_tunnel_get_dsfield(ip_hdr(skb), skb) & INET_ECN_MASK;
		ticket.may_fragment = !super && ntm_may_fragment(skb);
		drop = ntm_send_ready(path, &ticket, &skb, super,
				      super ? super->length + super->segment : skb->len);
		if (ticket.has_also)
			dst_release(ticket.also.dst);
		if (ticket.key_wanted)
			ntm_notify_entry(&path->entry, NTMOBILE_CMD_KEY_WANTED_NTF);
		break;
	}
	if (likely(drop == NTM_DROPS)) {
		consume_skb(skb);
		return;
	}
	ntm_drops_add(&path->entry.drops, drop);
	DEV_STATS_INC(ntm->dev, tx_dropped);
	kfree_skb(skb);
}

/* A super-packet of a kind that is not cut up here, or whose segments may be fragmented. */
static void ntm_send_segments(struct ntm_path *path, struct sk_buff *skb,
			      const struct ntm_address *next_hop)
{
	struct sk_buff *segments, *next;

	/* Segments without any offload are linear and their bytes are their own. */
	segments = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segments)) {
		ntm_dev_drop(path->entry.ntm, NTM_DROP_MALFORMED, skb);
		return;
	}
	consume_skb(skb);
	skb_list_walk_safe(segments, skb, next) {
		skb_mark_not_on_list(skb);
		ntm_send_one(path, skb, NULL, next_hop);
	}
}

static noinline void ntm_send_super(struct ntm_path *path, struct sk_buff *skb,
				    const struct ntm_address *next_hop)
{
	struct ntm_super super;

	if (!ntm_may_fragment(skb) && skb->len <= NTM_SUPER_SIZE && ntm_super_read(&super, skb))
		ntm_send_one(path, skb, &super, next_hop);
	else
		ntm_send_segments(path, skb, next_hop);
}

/**
 * ntm_send - an inner packet of this machine
 * @ntm: the device
 * @skb: consumed; may be a super-packet
 *
 * Under RCU, with softirqs off.
 */
void ntm_send(struct ntm_dev *ntm, struct sk_buff *skb)
{
	struct ntm_address next_hop;
	struct ntm_path *path;

	if (unlikely(!ntm_next_hop(skb, &next_hop))) {
		ntm_dev_drop(ntm, NTM_DROP_MALFORMED, skb);
		return;
	}
	path = ntm_path_for(ntm, &next_hop, skb);
	if (unlikely(!path)) {
		if (!ntm_address_is_unicast(&next_hop)) {
			ntm_dev_drop(ntm, NTM_DROP_NOT_UNICAST, skb);
			return;
		}
		ntm_notify_no_path(ntm, &next_hop);
		ntm_pending_hold(ntm, skb, &next_hop);
		return;
	}
	if (skb_is_gso(skb))
		ntm_send_super(path, skb, &next_hop);
	else
		ntm_send_one(path, skb, NULL, &next_hop);
}

netdev_tx_t ntm_xmit(struct sk_buff *skb, struct net_device *dev)
{
	rcu_read_lock();
	ntm_send(netdev_priv(dev), skb);
	rcu_read_unlock();
	return NETDEV_TX_OK;
}
