// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suite none: the paper's plain encapsulation. The inner packet follows the header as
 * it is, with no tag; the outer UDP checksum, which is always sent and always verified,
 * stands for it. Nothing vouches for the sender, so there is no replay window, and data
 * never moves an endpoint. A super-packet stays as the stack made it: whoever cuts it up
 * puts the same header in front of each segment.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip_tunnels.h>
#include <net/udp.h>
#include <net/xfrm.h>
#include "alias.h"
#include "none.h"

static unsigned int ntm_none_gso_type(const struct ntm_outer *outer)
{
	return SKB_GSO_UDP_TUNNEL_CSUM |
	       (outer->to.ip.family == AF_INET ? SKB_GSO_IPXIP4 : SKB_GSO_IPXIP6);
}

/*
 * One packet gets its sums here, so that the outer one is the only one still to be filled
 * in: routers on the way that translate addresses trip over two.
 */
static int ntm_none_offload(struct sk_buff *skb, const struct ntm_outer *outer)
{
	if (skb_is_gso(skb))
		return iptunnel_handle_offloads(skb, ntm_none_gso_type(outer));
	skb->encapsulation = 0;
	return skb->ip_summed == CHECKSUM_PARTIAL ? skb_checksum_help(skb) : 0;
}

/**
 * ntm_none_send - sends an inner packet as it is
 * @path: to this path
 * @ticket: with its route, whose reference is taken over
 * @skb: may be a super-packet; set to NULL when taken over
 *
 * Return: NTM_DROPS, or why it was dropped.
 */
enum ntm_drop ntm_none_send(struct ntm_path *path, struct ntm_ticket *ticket, struct sk_buff **skb)
{
	struct dst_entry *dst = ticket->outer.dst;
	bool is_ip4 = (*skb)->protocol == htons(ETH_P_IP);
	unsigned int room = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
			    sizeof(struct ipv6hdr) + NTM_OVERHEAD;
	struct sk_buff *sent = *skb;
	struct ntm_header header;

	if ((ntm_path_has_alias(path) && !ntm_alias_skb(path, NTM_OUT, sent)) ||
	    skb_cow_head(sent, room) || ntm_none_offload(sent, &ticket->outer)) {
		dst_release(dst);
		return NTM_DROP_NO_MEMORY;
	}
	skb_set_inner_ipproto(sent, is_ip4 ? IPPROTO_IPIP : IPPROTO_IPV6);
	ntm_header_write(&header, ticket->flags, ticket->counter, path->entry.path_id);
	memcpy(__skb_push(sent, sizeof(header)), &header, sizeof(header));
	skb_dst_drop(sent);
	nf_reset_ct(sent);
	secpath_reset(sent);
	*skb = NULL;
	return ntm_sealed_send(path, ticket, sent);
}

/* The outer checksum is there and right. @skb is from the IP header on. */
static bool ntm_none_verify(struct sk_buff *skb, unsigned int ip_length)
{
	const struct udphdr *udp = (const struct udphdr *)(skb->data + ip_length);
	bool is_ip4 = ip_hdr(skb)->version == 4;

	if (skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	return udp->check && !nf_checksum(skb, NF_INET_PRE_ROUTING, ip_length, IPPROTO_UDP,
					  is_ip4 ? AF_INET : AF_INET6);
}

/*
 * As iptunnel_pull_offloads(), but only the headers have to be ours: the payload may stay
 * shared with the retransmit queue of a sender on this machine.
 */
static int ntm_none_pull_offloads(struct sk_buff *skb)
{
	if (skb_is_gso(skb)) {
		if (skb_header_unclone(skb, GFP_ATOMIC))
			return -ENOMEM;
		skb_shinfo(skb)->gso_type &= ~(NETIF_F_GSO_ENCAP_ALL >> NETIF_F_GSO_SHIFT);
	}
	skb->encapsulation = 0;
	return 0;
}

/**
 * ntm_none_open - takes the outer headers off
 * @skb: from the IP header on, its IP, UDP and NTM headers in the linear part
 * @ip_length: of the IP header
 *
 * Return: NTM_DROPS, and @skb from the inner header on; or why it is dropped.
 */
enum ntm_drop ntm_none_open(struct sk_buff *skb, unsigned int ip_length)
{
	unsigned int headers = ip_length + sizeof(struct udphdr) + sizeof(struct ntm_header);

	if (!ntm_none_verify(skb, ip_length))
		return NTM_DROP_BAD_CHECKSUM;
	/* The congestion mark may be written to the inner header. */
	if (skb_ensure_writable(skb, min_t(unsigned int, skb->len,
					   headers + sizeof(struct ipv6hdr))) ||
	    ntm_none_pull_offloads(skb))
		return NTM_DROP_NO_MEMORY;
	skb_pull(skb, headers);
	if (!skb_is_gso(skb))
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return NTM_DROPS;
}
