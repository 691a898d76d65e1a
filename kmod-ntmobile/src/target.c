// SPDX-License-Identifier: GPL-2.0-only
/*
 * Outer packets: which endpoint gets them while it is not proven (protocol.md
 * 11.5), which route they take, and the UDP and IP headers in front. They go
 * straight to the output routine of the route: no LOCAL_OUT hook, no conntrack.
 */
#include <linux/if_ether.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/udp.h>
#include "target.h"

void ntm_target_clear(struct ntm_target *target)
{
	dst_release(target->dst);
	target->dst = NULL;
	target->generation++;
	target->remote.ip.family = AF_UNSPEC;
	target->unverified.active = false;
}

/* Takes all of @wanted but its cached route. */
void ntm_target_set(struct ntm_target *target, const struct ntm_target *wanted)
{
	ntm_target_clear(target);
	target->remote = wanted->remote;
	target->uplink = wanted->uplink;
	target->mark = wanted->mark;
	target->local = wanted->local;
	target->unverified = wanted->unverified;
}

/* An authenticated packet came from @to: it gets a budget until the daemon has proven it. */
void ntm_target_move(struct ntm_target *target, const struct ntm_endpoint *to)
{
	struct ntm_unverified *unverified = &target->unverified;

	if (!unverified->active || unverified->fallback.ip.family == AF_UNSPEC)
		unverified->fallback = target->remote;
	unverified->active = true;
	unverified->budget = NTM_FLOAT_BUDGET;
	unverified->spent = 0;
	unverified->until = jiffies + msecs_to_jiffies(NTM_FLOAT_BUDGET_MS);
	target->remote = *to;
	dst_release(target->dst);
	target->dst = NULL;
	target->generation++;
}

/**
 * ntm_target_pick - where the next bytes go
 * @target: of a path or leg, whose lock is held
 * @bytes: counted against the budget of an unverified endpoint
 * @outer: filled; with a reference on the cached route, if there is one
 *
 * Return: false when they go nowhere.
 */
bool ntm_target_pick(struct ntm_target *target, u32 bytes, struct ntm_outer *outer)
{
	struct ntm_unverified *unverified = &target->unverified;
	struct dst_entry *dst = target->dst;

	outer->dst = NULL;
	outer->source = target->local;
	outer->to = target->remote;
	outer->uplink = target->uplink;
	outer->mark = target->mark;
	outer->generation = target->generation;
	if (unlikely(unverified->active)) {
		unverified->spent += bytes;
		if (time_after_eq(jiffies, unverified->until) ||
		    unverified->spent > unverified->budget) {
			outer->to = unverified->fallback;
			dst = NULL;
		}
	}
	if (outer->to.ip.family == AF_UNSPEC)
		return false;
	if (dst && !dst_check(dst, target->cookie)) {
		target->dst = NULL;
		dst_release(dst);
	} else if (dst) {
		dst_hold(dst);
		outer->dst = dst;
		outer->source = target->source;
	}
	return true;
}

static struct dst_entry *ntm_route4(struct net *net, struct ntm_outer *outer, __be16 port)
{
	struct flowi4 fl4 = {
		.flowi4_oif = outer->uplink,
		.flowi4_mark = outer->mark,
		.flowi4_proto = IPPROTO_UDP,
		.daddr = outer->to.ip.ip4,
		.saddr = outer->source.family == AF_INET ? outer->source.ip4 : 0,
		.fl4_sport = port,
		.fl4_dport = outer->to.port,
	};
	struct rtable *rt = ip_route_output_flow(net, &fl4, NULL);

	if (IS_ERR(rt))
		return NULL;
	ntm_address_set4(&outer->source, fl4.saddr);
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST | RTCF_LOCAL)) {
		ip_rt_put(rt);
		return NULL;
	}
	return &rt->dst;
}

static struct dst_entry *ntm_route6(struct net *net, struct ntm_outer *outer, __be16 port)
{
	struct flowi6 fl6 = {
		.flowi6_oif = outer->uplink,
		.flowi6_mark = outer->mark,
		.flowi6_proto = IPPROTO_UDP,
		.daddr = outer->to.ip.ip6,
		.fl6_sport = port,
		.fl6_dport = outer->to.port,
	};
	struct dst_entry *dst;

	if (outer->source.family == AF_INET6)
		fl6.saddr = outer->source.ip6;
	dst = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);
	if (IS_ERR(dst))
		return NULL;
	ntm_address_set6(&outer->source, &fl6.saddr);
	if (((struct rt6_info *)dst)->rt6i_flags & RTF_LOCAL) {
		dst_release(dst);
		return NULL;
	}
	return dst;
}

/* Keeps the route for the next packet, unless the target has changed meanwhile. */
static void ntm_target_keep(struct ntm_target *target, const struct ntm_outer *outer)
{
	if (target->generation != outer->generation || target->dst ||
	    !ntm_endpoint_equal(&target->remote, &outer->to))
		return;
	dst_hold(outer->dst);
	target->dst = outer->dst;
	target->source = outer->source;
	target->cookie = 0;
	if (outer->to.ip.family == AF_INET6)
		target->cookie = rt6_get_cookie((struct rt6_info *)outer->dst);
}

/**
 * ntm_outer_route - finds the route of an outer packet that has none yet
 * @ntm: the device, whose port is the source port
 * @outer: as ntm_target_pick() left it
 * @target: keeps the route for the next packet
 * @lock: of @target; not held
 *
 * Return: NTM_DROPS, or why there is no route. Softirqs are off.
 */
enum ntm_drop ntm_outer_route(struct ntm_dev *ntm, struct ntm_outer *outer,
			      struct ntm_target *target, spinlock_t *lock)
{
	struct net *net = dev_net(ntm->dev);

	if (likely(outer->dst))
		return NTM_DROPS;
	if (outer->to.ip.family == AF_INET)
		outer->dst = ntm_route4(net, outer, ntm->port);
	else
		outer->dst = ntm_route6(net, outer, ntm->port);
	if (!outer->dst)
		return NTM_DROP_NO_ROUTE;
	if (ntm_dev_is(outer->dst->dev)) {
		dst_release(outer->dst);
		outer->dst = NULL;
		return NTM_DROP_LOOP;
	}
	spin_lock(lock);
	ntm_target_keep(target, outer);
	spin_unlock(lock);
	return NTM_DROPS;
}

static void ntm_push_udp(struct ntm_dev *ntm, const struct ntm_outer *outer,
			 struct sk_buff *skb)
{
	struct udphdr *udp = __skb_push(skb, sizeof(*udp));

	skb_reset_transport_header(skb);
	udp->source = ntm->port;
	udp->dest = outer->to.port;
	udp->len = htons(skb->len);
	udp->check = 0;
	if (!skb->encapsulation)
		skb->ip_summed = CHECKSUM_NONE;
	if (skb_is_gso(skb) && !skb->encapsulation) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = offsetof(struct udphdr, check);
	}
	if (outer->to.ip.family == AF_INET)
		udp_set_csum(false, skb, outer->source.ip4, outer->to.ip.ip4, skb->len);
	else
		udp6_set_csum(false, skb, &outer->source.ip6, &outer->to.ip.ip6, skb->len);
}

static void ntm_push_ip4(const struct ntm_outer *outer, struct sk_buff *skb, u8 tos,
			 bool may_fragment)
{
	struct iphdr *ip = __skb_push(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	*(__be16 *)ip = htons(4 << 12 | 5 << 8 | tos);
	ip->tot_len = htons(skb->len);
	ip->frag_off = may_fragment ? 0 : htons(IP_DF);
	ip->ttl = ip4_dst_hoplimit(outer->dst);
	ip->protocol = IPPROTO_UDP;
	ip->saddr = outer->source.ip4;
	ip->daddr = outer->to.ip.ip4;
	ip_select_ident_segs(dev_net(outer->dst->dev), skb, NULL, skb_shinfo(skb)->gso_segs ? : 1);
	ip_send_check(ip);
	skb->protocol = htons(ETH_P_IP);
}

static void ntm_push_ip6(const struct ntm_outer *outer, struct sk_buff *skb, u8 tos)
{
	unsigned int length = skb->len;
	struct ipv6hdr *ip = __skb_push(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	ip6_flow_hdr(ip, tos, 0);
	ip->payload_len = htons(length);
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = READ_ONCE(dev_net(outer->dst->dev)->ipv6.devconf_all->hop_limit);
	ip->saddr = outer->source.ip6;
	ip->daddr = outer->to.ip.ip6;
	skb->protocol = htons(ETH_P_IPV6);
}

/**
 * ntm_outer_send - puts UDP and IP in front and sends
 * @ntm: the device
 * @outer: with its route, whose reference is taken over
 * @skb: from the NTM header on, ours alone, with room in front; may be a super-packet;
 *	consumed
 * @tos: traffic class of the outer packet
 * @may_fragment: no DF bit, for an inner packet that has none either
 *
 * Return: NTM_DROPS, or why it was dropped. Softirqs are off.
 */
enum ntm_drop ntm_outer_send(struct ntm_dev *ntm, struct ntm_outer *outer,
			     struct sk_buff *skb, u8 tos, bool may_fragment)
{
	struct dst_entry *dst = outer->dst;
	bool is_ip4 = outer->to.ip.family == AF_INET;
	unsigned int length = sizeof(struct udphdr) +
			      (is_ip4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) +
			      (skb_is_gso(skb) ? skb_shinfo(skb)->gso_size : skb->len);

	/* With the inner headers in between, whoever gave it has compared the lengths. */
	if (length > dst_mtu(dst) && !(may_fragment && is_ip4) && !skb->encapsulation) {
		dst_release(dst);
		kfree_skb(skb);
		return NTM_DROP_TOO_BIG;
	}
	ntm_push_udp(ntm, outer, skb);
	if (is_ip4)
		ntm_push_ip4(outer, skb, tos, may_fragment);
	else
		ntm_push_ip6(outer, skb, tos);
	skb->mark = outer->mark;
	skb->dev = dst->dev;
	skb_dst_set(skb, dst);
	memset(skb->cb, 0, sizeof(skb->cb));
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	dst_output(dev_net(ntm->dev), NULL, skb);
	return NTM_DROPS;
}
