// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overlapping IPv4 pools (protocol.md 11.12). An address changes in the IP header, in
 * the checksum of the transport header, and in the packet that an ICMP error quotes:
 * that one went the other way, so there it is the other of its two addresses.
 */
#include <linux/icmp.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/icmp.h>
#include "alias.h"

/**
 * struct ntm_swap - one address for another
 * @from: the one there is
 * @to: the one there shall be
 */
struct ntm_swap {
	__be32 from;
	__be32 to;
};

static struct ntm_swap ntm_swap_of(const struct ntm_path *path, enum ntm_way way)
{
	if (way == NTM_OUT)
		return (struct ntm_swap){ .from = path->alias4, .to = path->peer4 };
	return (struct ntm_swap){ .from = path->peer4, .to = path->alias4 };
}

/* Where the checksum is in a transport header that covers the addresses; 0 for none. */
static u32 ntm_check_offset(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return offsetof(struct udphdr, check);
	default:
		return 0;
	}
}

/*
 * Changes an address of an IPv4 header and its checksum. Return: whether it was there to
 * be changed. The sum over the header stays what it was.
 */
static bool ntm_alias_ip(struct ntm_swap swap, bool is_source, struct iphdr *ip)
{
	__be32 *address = is_source ? &ip->saddr : &ip->daddr;

	if (*address != swap.from)
		return false;
	csum_replace4(&ip->check, swap.from, swap.to);
	*address = swap.to;
	return true;
}

/* The packet that an ICMP error quotes; its transport checksum is not looked at by anyone. */
static void ntm_alias_quoted(struct ntm_swap swap, bool is_source, u8 *icmp, u32 length)
{
	u8 *quoted = icmp + sizeof(struct icmphdr);
	struct icmphdr header;
	struct iphdr ip;

	if (length < sizeof(header) + sizeof(ip))
		return;
	memcpy(&header, icmp, sizeof(header));
	memcpy(&ip, quoted, sizeof(ip));
	if (!icmp_is_err(header.type) || ip.version != 4)
		return;
	if (ntm_alias_ip(swap, is_source, &ip))
		memcpy(quoted, &ip, sizeof(ip));
}

static void ntm_alias_transport(struct ntm_swap swap, u8 protocol, u8 *transport, u32 length)
{
	u32 offset = ntm_check_offset(protocol);
	__sum16 check;

	if (!offset || length < offset + sizeof(check))
		return;
	memcpy(&check, transport + offset, sizeof(check));
	if (protocol != IPPROTO_TCP && !check)
		return;
	csum_replace4(&check, swap.from, swap.to);
	if (protocol != IPPROTO_TCP && !check)
		check = CSUM_MANGLED_0;
	memcpy(transport + offset, &check, sizeof(check));
}

/**
 * ntm_alias_packet - changes the address in an inner packet
 * @path: of the packet
 * @way: that it goes
 * @packet: @length bytes, aligned in any way, with every checksum filled in
 * @length: of the packet
 */
void ntm_alias_packet(const struct ntm_path *path, enum ntm_way way, u8 *packet, u32 length)
{
	struct ntm_swap swap = ntm_swap_of(path, way);
	u32 headers;
	struct iphdr ip;

	if (length < sizeof(ip))
		return;
	memcpy(&ip, packet, sizeof(ip));
	headers = 4 * ip.ihl;
	if (ip.version != 4 || headers < sizeof(ip) || headers > length ||
	    !ntm_alias_ip(swap, way == NTM_IN, &ip))
		return;
	memcpy(packet, &ip, sizeof(ip));
	if (ip.frag_off & htons(IP_OFFSET))
		return;
	if (ip.protocol == IPPROTO_ICMP)
		ntm_alias_quoted(swap, way == NTM_OUT, packet + headers, length - headers);
	else
		ntm_alias_transport(swap, ip.protocol, packet + headers, length - headers);
}

/**
 * ntm_alias_skb - the same for a packet whose checksums may be left to whoever sends it on
 * @path: of the packet
 * @way: that it goes
 * @skb: from the IP header on; may be a super-packet
 *
 * Return: false for want of memory.
 */
bool ntm_alias_skb(const struct ntm_path *path, enum ntm_way way, struct sk_buff *skb)
{
	struct ntm_swap swap = ntm_swap_of(path, way);
	u32 headers, offset, wanted;
	struct iphdr *ip;
	__sum16 *check;

	if (!pskb_may_pull(skb, sizeof(*ip)))
		return true;
	ip = (struct iphdr *)skb->data;
	if (ip->version != 4 || (way == NTM_IN ? ip->saddr : ip->daddr) != swap.from)
		return true;
	headers = 4 * ip->ihl;
	offset = ip->frag_off & htons(IP_OFFSET) ? 0 : ntm_check_offset(ip->protocol);
	wanted = ip->protocol == IPPROTO_ICMP ? skb->len : headers + offset + sizeof(*check);
	if (skb_ensure_writable(skb, min(wanted, skb->len)))
		return false;
	if (skb->ip_summed != CHECKSUM_PARTIAL || !offset) {
		ntm_alias_packet(path, way, skb->data, skb_headlen(skb));
		return true;
	}
	ip = (struct iphdr *)skb->data;
	check = (__sum16 *)(skb->data + headers + offset);
	inet_proto_csum_replace4(check, skb, swap.from, swap.to, true);
	ntm_alias_ip(swap, way == NTM_IN, ip);
	return true;
}
