// SPDX-License-Identifier: GPL-2.0-only
/*
 * A super-packet of the stack, out in one pass: every segment is written behind
 * the one before it and sealed there, and all leave as one UDP super-packet that
 * is cut up by the network card, or by the stack just before it.
 */
#include <linux/mm.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>
#include "alias.h"
#include "chunk.h"
#include "seal.h"
#include "send.h"

/* Headers and sizes of a kind that is cut up here. Return: false for all others. */
bool ntm_super_read(struct ntm_super *super, struct sk_buff *skb)
{
	unsigned int type = skb_shinfo(skb)->gso_type;
	unsigned int variants = SKB_GSO_TCP_ECN | SKB_GSO_TCP_FIXEDID;
	u32 transport = skb_transport_offset(skb), length = transport + sizeof(struct udphdr);

	super->skb = skb;
	super->is_ip4 = skb->protocol == htons(ETH_P_IP);
	super->is_tcp = type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6);
	if (super->is_tcp ? (type & ~variants) != (super->is_ip4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6) :
			    type != SKB_GSO_UDP_L4)
		return false;
	if (skb->encapsulation ||
	    transport != (super->is_ip4 ? ip_hdrlen(skb) : sizeof(struct ipv6hdr)))
		return false;
	if (super->is_tcp) {
		if (!pskb_may_pull(skb, transport + sizeof(struct tcphdr)))
			return false;
		length = transport + tcp_hdrlen(skb);
	}
	super->transport = transport;
	super->length = length;
	super->segment = skb_shinfo(skb)->gso_size;
	super->fixed_id = type & SKB_GSO_TCP_FIXEDID;
	if (length > sizeof(super->headers) || length < transport + sizeof(struct udphdr) ||
	    skb->len <= length || !super->segment || skb_copy_bits(skb, 0, super->headers, length))
		return false;
	super->count = DIV_ROUND_UP(skb->len - length, super->segment);
	ntm_cursor_init(&super->cursor, skb);
	return true;
}

static void ntm_super_ip(struct ntm_super *super, u32 index, u32 length)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)super->headers;
	struct iphdr *ip = (struct iphdr *)super->headers;

	if (!super->is_ip4) {
		ip6->payload_len = htons(length - sizeof(*ip6));
		return;
	}
	ip->tot_len = htons(length);
	if (index && !super->fixed_id)
		ip->id = htons(ntohs(ip->id) + 1);
	ip_send_check(ip);
}

/* Return: the checksum of a segment whose payload sums up to @sum. */
static __sum16 ntm_super_check(const struct ntm_super *super, u32 length, u8 protocol, __wsum sum)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)super->headers;
	const struct iphdr *ip = (const struct iphdr *)super->headers;

	sum = csum_partial(super->headers + super->transport, super->length - super->transport,
			   sum);
	length -= super->transport;
	if (super->is_ip4)
		return csum_tcpudp_magic(ip->saddr, ip->daddr, length, protocol, sum);
	return csum_ipv6_magic(&ip6->saddr, &ip6->daddr, length, protocol, sum);
}

static void ntm_super_tcp(struct ntm_super *super, u32 index, u32 length, __wsum sum)
{
	struct tcphdr *tcp = (struct tcphdr *)(super->headers + super->transport);
	const struct tcphdr *original = tcp_hdr(super->skb);
	bool is_last = index + 1 == super->count;

	tcp->seq = htonl(ntohl(original->seq) + index * super->segment);
	tcp->fin = original->fin && is_last;
	tcp->psh = original->psh && is_last;
	tcp->cwr = original->cwr && !index;
	tcp->check = 0;
	tcp->check = ntm_super_check(super, length, IPPROTO_TCP, sum);
}

static void ntm_super_udp(struct ntm_super *super, u32 length, __wsum sum)
{
	struct udphdr *udp = (struct udphdr *)(super->headers + super->transport);

	udp->len = htons(length - super->transport);
	udp->check = 0;
	udp->check = ntm_super_check(super, length, IPPROTO_UDP, sum) ? : CSUM_MANGLED_0;
}

static u32 ntm_super_payload(const struct ntm_super *super, u32 index)
{
	return min(super->segment, super->skb->len - super->length - index * super->segment);
}

/* Writes the inner packet of a segment. */
static void ntm_super_write(struct ntm_super *super, u32 index, u8 *to)
{
	u32 payload = ntm_super_payload(super, index), length = super->length + payload;
	u8 *body = to + super->length;
	__wsum sum;

	ntm_cursor_copy(&super->cursor, super->skb, super->length + index * super->segment, body,
			payload);
	sum = csum_partial(body, payload, 0);
	ntm_super_ip(super, index, length);
	if (super->is_tcp)
		ntm_super_tcp(super, index, length, sum);
	else
		ntm_super_udp(super, length, sum);
	memcpy(to, super->headers, super->length);
}

static void ntm_super_seal(struct ntm_path *path, const struct ntm_ticket *ticket,
			   struct ntm_super *super, u32 index, u8 *to)
{
	u8 *body = to + sizeof(struct ntm_header);
	struct ntm_header header;

	ntm_header_write(&header, ticket->flags, ticket->counter + index, path->entry.path_id);
	memcpy(to, &header, sizeof(header));
	ntm_super_write(super, index, body);
	ntm_seal(ticket->key, &header, body, body,
		 super->length + ntm_super_payload(super, index));
}

/* The chunk becomes the next fragment, which takes its reference over. */
static void ntm_super_close_chunk(struct sk_buff *skb, struct ntm_chunk *chunk)
{
	if (!chunk->page)
		return;
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, chunk->page, 0, chunk->used, chunk->size);
	chunk->page = NULL;
}

/*
 * Seals up to @limit segments from @first on. Return: them as one outer packet from
 * its first NTM header on, or NULL for want of memory; its gso_segs tells how many.
 */
static struct sk_buff *ntm_super_part(struct ntm_path *path, const struct ntm_ticket *ticket,
				      struct ntm_super *super, u32 first, u32 limit)
{
	u32 around = sizeof(struct ntm_header) + NTM_TAG_SIZE + super->length;
	struct sk_buff *skb = ntm_sealed_alloc(ticket, 0);
	struct ntm_chunk chunk = {};
	u32 index, wire;

	if (unlikely(!skb))
		return NULL;
	limit = min(limit, super->count - first);
	for (index = first; index < first + limit; index++) {
		wire = around + ntm_super_payload(super, index);
		if (!ntm_chunk_has_room(&chunk, wire)) {
			ntm_super_close_chunk(skb, &chunk);
			if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS ||
			    !ntm_chunk_alloc(&chunk, wire))
				break;
		}
		ntm_super_seal(path, ticket, super, index, chunk.data + chunk.used);
		chunk.used += wire;
	}
	ntm_super_close_chunk(skb, &chunk);
	if (unlikely(index == first)) {
		kfree_skb(skb);
		return NULL;
	}
	skb_shinfo(skb)->gso_segs = index - first;
	if (index - first > 1) {
		skb_shinfo(skb)->gso_size = around + super->segment;
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	}
	return skb;
}

/*
 * How many segments one outer packet may have. The stack's super-packets are not kept to
 * that: a second outer packet costs less than a second way through TCP and the firewall.
 */
static u32 ntm_super_limit(const struct ntm_super *super)
{
	u32 wire = sizeof(struct ntm_header) + NTM_TAG_SIZE + super->length + super->segment;

	return clamp(ntm_super_segments(wire), 1U, (u32)NTM_SUPER_SEGMENTS);
}

/**
 * ntm_super_send - seals and sends all segments
 * @path: to this path
 * @ticket: with a counter for each of them; its route is used up
 * @super: as read
 *
 * Return: NTM_DROPS, or why some were dropped.
 */
enum ntm_drop ntm_super_send(struct ntm_path *path, struct ntm_ticket *ticket,
			     struct ntm_super *super)
{
	u32 limit = ntm_super_limit(super), done = 0, count, bytes;
	enum ntm_drop drop = NTM_DROPS, each;
	struct sk_buff *skb;

	/* Every checksum is made anew, so the address is all there is to change. */
	if (ntm_path_has_alias(path))
		ntm_alias_packet(path, NTM_OUT, super->headers, super->length);
	while (done < super->count) {
		skb = ntm_super_part(path, ticket, super, done, limit);
		if (unlikely(!skb)) {
			drop = NTM_DROP_NO_MEMORY;
			break;
		}
		count = skb_shinfo(skb)->gso_segs;
		if (!skb_is_gso(skb))
			skb_shinfo(skb)->gso_segs = 0;
		bytes = skb->len - count * (sizeof(struct ntm_header) + NTM_TAG_SIZE);
		done += count;
		ntm_sent_add(path->entry.ntm, count, bytes);
		dst_hold(ticket->outer.dst);
		each = ntm_sealed_send(path, ticket, skb);
		if (unlikely(each != NTM_DROPS))
			drop = each;
	}
	dst_release(ticket->outer.dst);
	return drop;
}
