// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opened packets of one flow are joined here instead of one by one in GRO: the
 * payloads stay where they were opened, as fragments of one packet that has the
 * headers of the first. What would not be the same again when the stack cuts it up
 * is not joined.
 */
#include <linux/mm.h>
#include <linux/tcp.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>
#include "run.h"

#define NTM_RUN_HEADROOM	(NET_SKB_PAD + NET_IP_ALIGN + 64)
/* TCP over IPv6, with all the options there can be. */
#define NTM_RUN_HEADERS		100

/**
 * struct ntm_segment - a packet to be joined
 * @headers: its first bytes, aligned
 * @transport: where its transport header is
 * @length: of its IP and transport headers; 0 when it is neither TCP nor UDP
 * @payload: bytes behind them
 */
struct ntm_segment {
	u8 headers[NTM_RUN_HEADERS] __aligned(8);
	u32 transport;
	u32 length;
	u32 payload;
};

/* Return: the protocol of a packet that has nothing between IP and transport header, or 0. */
static u8 ntm_segment_ip(struct ntm_segment *segment)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)segment->headers;
	const struct iphdr *ip = (const struct iphdr *)segment->headers;

	if (ip->version == 6) {
		segment->transport = sizeof(*ip6);
		return ip6->nexthdr;
	}
	segment->transport = sizeof(*ip);
	return ip->ihl == 5 && !ip_is_fragment(ip) ? ip->protocol : 0;
}

/* @length: of the packet by its IP header. Return: its protocol. */
static u8 ntm_segment_read(struct ntm_segment *segment, const u8 *data, u32 length)
{
	u8 protocol;

	memcpy(segment->headers, data, min_t(u32, length, sizeof(segment->headers)));
	protocol = ntm_segment_ip(segment);
	segment->length = 0;
	if (protocol == IPPROTO_TCP && length >= segment->transport + sizeof(struct tcphdr)) {
		const struct tcphdr *tcp = (void *)(segment->headers + segment->transport);

		segment->length = segment->transport + 4 * tcp->doff;
		if (tcp->doff < 5 || segment->length > length)
			segment->length = 0;
	} else if (protocol == IPPROTO_UDP && length > segment->transport + sizeof(struct udphdr)) {
		const struct udphdr *udp = (void *)(segment->headers + segment->transport);

		if (udp->check && ntohs(udp->len) == length - segment->transport)
			segment->length = segment->transport + sizeof(*udp);
	}
	segment->payload = length - segment->length;
	return protocol;
}

static bool ntm_same_ip4(const struct iphdr *first, const struct iphdr *ip, u32 count)
{
	if (first->tos != ip->tos || first->ttl != ip->ttl || first->protocol != ip->protocol ||
	    first->frag_off != ip->frag_off || first->saddr != ip->saddr ||
	    first->daddr != ip->daddr || ip->version != 4)
		return false;
	/* With DF set an identification means nothing (RFC 6864). */
	return ip->frag_off & htons(IP_DF) || ip->id == htons(ntohs(first->id) + count);
}

static bool ntm_same_ip6(const struct ipv6hdr *first, const struct ipv6hdr *ip)
{
	return *(const __be32 *)first == *(const __be32 *)ip && first->nexthdr == ip->nexthdr &&
	       first->hop_limit == ip->hop_limit && ipv6_addr_equal(&first->saddr, &ip->saddr) &&
	       ipv6_addr_equal(&first->daddr, &ip->daddr);
}

static bool ntm_same_tcp(const struct ntm_run *run, const struct tcphdr *first,
			 const struct tcphdr *tcp)
{
	__be32 ends = TCP_FLAG_FIN | TCP_FLAG_PSH;
	__be32 flags = tcp_flag_word(tcp);

	if (*(const __be32 *)first != *(const __be32 *)tcp || first->ack_seq != tcp->ack_seq)
		return false;
	if (ntohl(tcp->seq) != ntohl(first->seq) + run->count * run->segment)
		return false;
	/* Flags and window. Only the first may say CWR, only the last FIN and PSH. */
	if ((tcp_flag_word(first) & ~(ends | TCP_FLAG_CWR)) != (flags & ~ends) ||
	    flags & (TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_URG))
		return false;
	return !memcmp(first + 1, tcp + 1, run->headers - run->transport - sizeof(*tcp));
}

/* Whether a packet can follow those that the run has. */
static bool ntm_run_follows(const struct ntm_run *run, const struct ntm_segment *segment)
{
	const u8 *first = run->skb->data;

	if (run->is_closed || segment->length != run->headers || segment->payload > run->segment ||
	    !segment->payload || segment->transport != run->transport ||
	    run->skb->len + segment->payload > IP_MAX_MTU - MAX_HEADER)
		return false;
	if (run->skb->protocol == htons(ETH_P_IP)) {
		if (!ntm_same_ip4((void *)first, (void *)segment->headers, run->count))
			return false;
	} else if (!ntm_same_ip6((void *)first, (void *)segment->headers)) {
		return false;
	}
	first += run->transport;
	if (run->is_tcp)
		return ntm_same_tcp(run, (void *)first,
				    (void *)(segment->headers + run->transport));
	return *(const __be32 *)first == *(const __be32 *)(segment->headers + run->transport);
}

/* Adds the payload of a piece as a fragment. Return: false for want of memory. */
static bool ntm_run_grow(struct ntm_run *run, const struct ntm_piece *piece, u32 headers,
			 u32 payload)
{
	u32 truesize = piece->length + sizeof(struct ntm_header) + NTM_TAG_SIZE;
	struct sk_buff *skb = run->skb, *last = run->last;

	if (skb_shinfo(last)->nr_frags == MAX_SKB_FRAGS) {
		last = alloc_skb(0, GFP_ATOMIC | __GFP_NOWARN);
		if (unlikely(!last))
			return false;
		if (run->last == skb)
			skb_shinfo(skb)->frag_list = last;
		else
			run->last->next = last;
		run->last = last;
		skb->truesize += last->truesize;
	}
	get_page(piece->page);
	skb_add_rx_frag(last, skb_shinfo(last)->nr_frags, piece->page, piece->offset + headers,
			payload, truesize);
	if (last != skb) {
		skb->len += payload;
		skb->data_len += payload;
		skb->truesize += truesize;
	}
	return true;
}

/* Return: an skb that begins with these headers, or NULL. */
static struct sk_buff *ntm_run_skb(const void *headers, u32 length)
{
	struct sk_buff *skb = alloc_skb(NTM_RUN_HEADROOM + length, GFP_ATOMIC | __GFP_NOWARN);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, NTM_RUN_HEADROOM);
	skb_put_data(skb, headers, length);
	skb_reset_network_header(skb);
	skb->protocol = ip_hdr(skb)->version == 4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	return skb;
}

static void ntm_run_drop(struct ntm_run *run, enum ntm_drop drop)
{
	ntm_drops_add(&run->path->entry.drops, drop);
	DEV_STATS_INC(run->path->entry.ntm->dev, rx_dropped);
}

/* A packet that nothing can be joined to goes up alone and in one piece. */
static void ntm_run_single(struct ntm_run *run, const u8 *data, u32 length)
{
	struct sk_buff *skb = ntm_run_skb(data, length);

	if (unlikely(!skb)) {
		ntm_run_drop(run, NTM_DROP_NO_MEMORY);
		return;
	}
	ntm_received_add(run->path->entry.ntm, 1, length);
	if (!ntm_up(run->path->entry.ntm, skb, run->tos))
		ntm_run_drop(run, NTM_DROP_MALFORMED);
}

static void ntm_run_start(struct ntm_run *run, const struct ntm_segment *segment,
			  const struct ntm_piece *piece, bool is_tcp)
{
	struct sk_buff *skb = ntm_run_skb(segment->headers, segment->length);

	run->skb = skb;
	run->last = skb;
	run->transport = segment->transport;
	run->headers = segment->length;
	run->segment = segment->payload;
	run->count = 1;
	run->is_tcp = is_tcp;
	run->is_closed = false;
	if (likely(skb && ntm_run_grow(run, piece, segment->length, segment->payload)))
		return;
	kfree_skb(skb);
	run->skb = NULL;
	ntm_run_drop(run, NTM_DROP_NO_MEMORY);
}

/**
 * ntm_run_add - takes an opened packet
 * @run: begun by zeroing all but its path and traffic class
 * @piece: the packet, perhaps with bytes behind it
 */
void ntm_run_add(struct ntm_run *run, const struct ntm_piece *piece)
{
	struct ntm_address source, destination;
	struct ntm_segment segment;
	enum ntm_drop drop;
	struct tcphdr *tcp;
	u32 length;
	u8 protocol;

	length = ntm_read_inner(piece->data, piece->length, &source, &destination);
	if (unlikely(!length)) {
		ntm_run_drop(run, NTM_DROP_MALFORMED);
		return;
	}
	protocol = ntm_segment_read(&segment, piece->data, length);
	tcp = (struct tcphdr *)(segment.headers + segment.transport);
	if (run->skb && ntm_run_follows(run, &segment) &&
	    ntm_run_grow(run, piece, segment.length, segment.payload)) {
		run->count++;
		if (run->is_tcp && (tcp->fin || tcp->psh)) {
			struct tcphdr *first = (void *)(run->skb->data + run->transport);

			first->fin |= tcp->fin;
			first->psh |= tcp->psh;
			run->is_closed = true;
		}
		run->is_closed |= segment.payload < run->segment;
		return;
	}
	ntm_run_end(run);
	drop = ntm_admit(run->path, &source, &destination);
	if (unlikely(drop != NTM_DROPS)) {
		ntm_run_drop(run, drop);
		return;
	}
	if (!segment.length || !segment.payload) {
		ntm_run_single(run, piece->data, length);
		return;
	}
	ntm_run_start(run, &segment, piece, protocol == IPPROTO_TCP);
	if (protocol == IPPROTO_TCP && (tcp->fin || tcp->psh || tcp->syn || tcp->rst || tcp->urg))
		run->is_closed = true;
}

static __sum16 ntm_run_pseudo_check(const struct ntm_run *run, u8 protocol)
{
	struct sk_buff *skb = run->skb;
	u32 length = skb->len - run->transport;

	if (skb->protocol == htons(ETH_P_IP))
		return ~csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, length,
					  protocol, 0);
	return ~csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, length, protocol, 0);
}

/* Headers of the whole, as GRO leaves them. */
static void ntm_run_join(struct ntm_run *run)
{
	struct sk_buff *skb = run->skb;

	skb_set_transport_header(skb, run->transport);
	if (skb->protocol == htons(ETH_P_IP)) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len = htons(skb->len - sizeof(struct ipv6hdr));
	}
	skb_shinfo(skb)->gso_size = run->segment;
	skb_shinfo(skb)->gso_segs = run->count;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	if (run->is_tcp) {
		skb_shinfo(skb)->gso_type = skb->protocol == htons(ETH_P_IP) ? SKB_GSO_TCPV4 :
									      SKB_GSO_TCPV6;
		if (tcp_hdr(skb)->cwr)
			skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
		skb->csum_offset = offsetof(struct tcphdr, check);
		tcp_hdr(skb)->check = ntm_run_pseudo_check(run, IPPROTO_TCP);
	} else {
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
		skb->csum_offset = offsetof(struct udphdr, check);
		udp_hdr(skb)->len = htons(skb->len - run->transport);
		udp_hdr(skb)->check = ntm_run_pseudo_check(run, IPPROTO_UDP);
	}
}

/* Hands up what there is. */
void ntm_run_end(struct ntm_run *run)
{
	struct ntm_dev *ntm = run->path->entry.ntm;
	struct sk_buff *skb = run->skb;

	if (!skb)
		return;
	ntm_received_add(ntm, run->count, skb->len + (run->count - 1) * run->headers);
	if (run->count > 1)
		ntm_run_join(run);
	run->skb = NULL;
	if (unlikely(!ntm_up(ntm, skb, run->tos)))
		ntm_run_drop(run, NTM_DROP_MALFORMED);
}
