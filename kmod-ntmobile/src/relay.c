// SPDX-License-Identifier: GPL-2.0-only
/*
 * The relay of a Relay Server (paper section 4.3): a Capsulated Packet from
 * the leg of its side goes out to the other leg. Addresses and ports change,
 * what is behind the UDP header stays as it is; there are no keys here.
 */
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/udp.h>
#include "cache.h"
#include "path.h"

struct ntm_relay *ntm_relay_alloc(struct ntm_dev *ntm, __be64 path_id, u32 idle_ms)
{
	struct ntm_relay *relay = kmem_cache_zalloc(ntm_caches.relay, GFP_KERNEL);

	if (!relay)
		return NULL;
	relay->entry.ntm = ntm;
	relay->entry.path_id = path_id;
	relay->entry.kind = NTM_ENTRY_RELAY;
	relay->entry.idle_ms = idle_ms;
	spin_lock_init(&relay->entry.lock);
	return relay;
}

/* Nobody uses it any more. */
void ntm_relay_free(struct ntm_relay *relay)
{
	ntm_target_clear(&relay->legs[0]);
	ntm_target_clear(&relay->legs[1]);
	kmem_cache_free(ntm_caches.relay, relay);
}

/* The leg, or the place it has just left. */
static bool ntm_is_leg(const struct ntm_target *leg, const struct ntm_endpoint *from)
{
	return ntm_endpoint_equal(&leg->remote, from) ||
	       (leg->unverified.active && ntm_endpoint_equal(&leg->unverified.fallback, from));
}

/**
 * struct ntm_passage - one packet through the relay
 * @from: its source
 * @outer: where it goes
 * @side: of its sender
 * @length: of the UDP payload
 * @packets: 1, or the datagrams of a super-packet
 * @tos: of the packet that came
 * @ttl: of the packet that came
 */
struct ntm_passage {
	struct ntm_endpoint from;
	struct ntm_outer outer;
	u8 side;
	u32 length;
	u32 packets;
	u8 tos;
	u8 ttl;
};

/* Return: NTM_DROPS, or why it goes nowhere. */
static enum ntm_drop ntm_relay_pick(struct ntm_relay *relay, struct ntm_passage *passage)
{
	struct ntm_target *to = &relay->legs[!passage->side];
	enum ntm_drop drop = NTM_DROPS;

	spin_lock(&relay->entry.lock);
	if (!ntm_is_leg(&relay->legs[passage->side], &passage->from)) {
		drop = NTM_DROP_WRONG_SOURCE;
	} else {
		relay->entry.used_at = jiffies;
		if (!ntm_target_pick(to, passage->length, &passage->outer))
			drop = NTM_DROP_NO_ROUTE;
	}
	spin_unlock(&relay->entry.lock);
	if (drop != NTM_DROPS)
		return drop;
	return ntm_outer_route(relay->entry.ntm, &passage->outer, to, &relay->entry.lock);
}

/* Bytes of the IP header that came; it has neither options nor extension headers. */
static unsigned int ntm_ip_length(const struct sk_buff *skb)
{
	return ip_hdr(skb)->version == 4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static void ntm_rewrite4(struct sk_buff *skb, const struct ntm_outer *outer)
{
	struct iphdr *ip = ip_hdr(skb);
	struct udphdr *udp = udp_hdr(skb);

	if (udp->check || skb->ip_summed == CHECKSUM_PARTIAL) {
		inet_proto_csum_replace4(&udp->check, skb, ip->saddr, outer->source.ip4, true);
		inet_proto_csum_replace4(&udp->check, skb, ip->daddr, outer->to.ip.ip4, true);
	}
	csum_replace4(&ip->check, ip->saddr, outer->source.ip4);
	csum_replace4(&ip->check, ip->daddr, outer->to.ip.ip4);
	ip->saddr = outer->source.ip4;
	ip->daddr = outer->to.ip.ip4;
	ip_decrease_ttl(ip);
}

static void ntm_rewrite6(struct sk_buff *skb, const struct ntm_outer *outer)
{
	struct ipv6hdr *ip = ipv6_hdr(skb);
	struct udphdr *udp = udp_hdr(skb);

	inet_proto_csum_replace16(&udp->check, skb, ip->saddr.s6_addr32,
				  outer->source.ip6.s6_addr32, true);
	inet_proto_csum_replace16(&udp->check, skb, ip->daddr.s6_addr32,
				  outer->to.ip.ip6.s6_addr32, true);
	ip->saddr = outer->source.ip6;
	ip->daddr = outer->to.ip.ip6;
	ip->hop_limit--;
}

/* From one endpoint of a family to another: headers in place, checksums by the difference. */
static void ntm_rewrite(struct sk_buff *skb, const struct ntm_outer *outer, __be16 port)
{
	struct udphdr *udp = udp_hdr(skb);
	bool has_checksum = udp->check || skb->ip_summed == CHECKSUM_PARTIAL;

	if (outer->to.ip.family == AF_INET)
		ntm_rewrite4(skb, outer);
	else
		ntm_rewrite6(skb, outer);
	if (has_checksum) {
		inet_proto_csum_replace2(&udp->check, skb, udp->source, port, false);
		inet_proto_csum_replace2(&udp->check, skb, udp->dest, outer->to.port, false);
		if (!udp->check && skb->ip_summed != CHECKSUM_PARTIAL)
			udp->check = CSUM_MANGLED_0;
	}
	udp->source = port;
	udp->dest = outer->to.port;
}

static bool ntm_relay_fits(const struct sk_buff *skb, const struct dst_entry *dst)
{
	if (skb_is_gso(skb))
		return skb_gso_validate_network_len(skb, dst_mtu(dst));
	return skb->len <= dst_mtu(dst);
}

static enum ntm_drop ntm_relay_same_family(struct ntm_relay *relay, struct sk_buff *skb,
					   struct ntm_outer *outer)
{
	struct ntm_dev *ntm = relay->entry.ntm;
	struct dst_entry *dst = outer->dst;
	unsigned int headers = ntm_ip_length(skb) + sizeof(struct udphdr);

	if (!ntm_relay_fits(skb, dst)) {
		dst_release(dst);
		return NTM_DROP_TOO_BIG;
	}
	if (skb_ensure_writable(skb, headers) ||
	    skb_cow(skb, LL_RESERVED_SPACE(dst->dev) + dst->header_len)) {
		dst_release(dst);
		return NTM_DROP_NO_MEMORY;
	}
	ntm_rewrite(skb, outer, ntm->port);
	skb_forward_csum(skb);
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	skb_ext_reset(skb);
	skb->mark = outer->mark;
	skb->dev = dst->dev;
	memset(skb->cb, 0, sizeof(skb->cb));
	nf_reset_ct(skb);
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	dst_output(dev_net(ntm->dev), NULL, skb);
	return NTM_DROPS;
}

/* The other family: headers of its own, the hops and congestion marks kept. */
static enum ntm_drop ntm_relay_other_family(struct ntm_relay *relay, struct sk_buff *skb,
					    struct ntm_passage *passage)
{
	struct dst_entry *dst = passage->outer.dst;
	unsigned int headers = ntm_ip_length(skb) + sizeof(struct udphdr);

	if (skb->encapsulation && !ntm_relay_fits(skb, dst)) {
		dst_release(dst);
		return NTM_DROP_TOO_BIG;
	}
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dst->dev) + dst->header_len +
			      sizeof(struct ipv6hdr))) {
		dst_release(dst);
		return NTM_DROP_NO_MEMORY;
	}
	__skb_pull(skb, headers);
	if (skb_is_gso(skb) && skb->encapsulation)
		skb_shinfo(skb)->gso_type ^= SKB_GSO_IPXIP4 | SKB_GSO_IPXIP6;
	skb_dst_drop(skb);
	skb_ext_reset(skb);
	nf_reset_ct(skb);
	return ntm_outer_send(relay->entry.ntm, &passage->outer, skb, passage->tos, false);
}

static enum ntm_drop ntm_relay_send(struct ntm_relay *relay, struct sk_buff *skb,
				    struct ntm_passage *passage)
{
	enum ntm_drop drop;

	if (passage->ttl <= 1)
		return NTM_DROP_TTL_EXCEEDED;
	if (passage->from.ip.family == AF_INET6 && !udp_hdr(skb)->check &&
	    skb->ip_summed != CHECKSUM_PARTIAL)
		return NTM_DROP_BAD_CHECKSUM;
	drop = ntm_relay_pick(relay, passage);
	if (drop == NTM_DROP_WRONG_SOURCE)
		ntm_notify_wrong_source(&relay->entry, &passage->from, skb->skb_iif,
					passage->length);
	if (drop != NTM_DROPS)
		return drop;
	if (passage->outer.to.ip.family == passage->from.ip.family)
		return ntm_relay_same_family(relay, skb, &passage->outer);
	return ntm_relay_other_family(relay, skb, passage);
}

/**
 * ntm_relay_forward - a Capsulated Packet of a relayed path
 * @relay: its row
 * @skb: one datagram, or a super-packet whose datagrams all are of this path and side,
 *	from its IP header on; consumed
 *
 * Under RCU, with softirqs off.
 */
void ntm_relay_forward(struct ntm_relay *relay, struct sk_buff *skb)
{
	unsigned int ip_length = ntm_ip_length(skb);
	struct ntm_header buffer, *header;
	struct ntm_passage passage = {};
	enum ntm_drop drop = NTM_DROP_NO_MEMORY;

	if (!pskb_may_pull(skb, ip_length + sizeof(struct udphdr)))
		goto drop;
	skb_set_transport_header(skb, ip_length);
	header = skb_header_pointer(skb, ip_length + sizeof(struct udphdr), sizeof(buffer),
				    &buffer);
	if (!header)
		goto drop;
	passage.side = ntm_header_side(header);
	passage.length = skb->len - ip_length - sizeof(struct udphdr);
	passage.packets = skb_is_gso(skb) ? DIV_ROUND_UP(passage.length,
							 skb_shinfo(skb)->gso_size) : 1;
	ntm_endpoint_source(&passage.from, skb, udp_hdr(skb));
	if (passage.from.ip.family == AF_INET) {
		passage.tos = ip_hdr(skb)->tos;
		passage.ttl = ip_hdr(skb)->ttl;
	} else {
		passage.tos = ipv6_get_dsfield(ipv6_hdr(skb));
		passage.ttl = ipv6_hdr(skb)->hop_limit;
	}
	drop = ntm_relay_send(relay, skb, &passage);
	if (unlikely(drop != NTM_DROPS))
		goto drop;
	spin_lock(&relay->entry.lock);
	relay->forwarded_packets += passage.packets;
	relay->forwarded_bytes += passage.length;
	spin_unlock(&relay->entry.lock);
	return;
drop:
	ntm_drops_add(&relay->entry.drops, drop);
	kfree_skb(skb);
}
