// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the network to the virtual interface (paper section 4.1, figure 10), at
 * PRE_ROUTING before conntrack. Only a Capsulated Packet for a local address,
 * our port and a Path ID we know is taken; everything else goes on untouched,
 * to the daemon's socket or through this router. LOCAL_IN is the second chance:
 * a NAT of our own may have turned a packet back to our port in between.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include "alias.h"
#include "none.h"
#include "receive.h"
#include "seal.h"

/* After defragmentation (-400), before raw (-300) and conntrack (-200). */
#define NTM_HOOK_PRIORITY	(-350)
/* After the filter (0), before source NAT (100) and the end of conntrack. */
#define NTM_LATE_PRIORITY	50

/**
 * struct ntm_datagram - the headers of an outer packet
 * @udp: as on the wire
 * @header: as on the wire
 */
struct ntm_datagram {
	struct udphdr udp;
	struct ntm_header header;
} __packed;

/* To us: no routing has looked at it yet. */
static bool ntm_is_for_us(struct net *net, const struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4)
		return inet_addr_type_dev_table(net, skb->dev, ip_hdr(skb)->daddr) == RTN_LOCAL;
	return ipv6_chk_addr(net, &ipv6_hdr(skb)->daddr, NULL, 0);
}

/* The same, remembered while neither routes nor addresses change. */
static bool ntm_entry_is_for_us(struct net *net, struct ntm_entry *entry, const struct sk_buff *skb)
{
	int genid = rt_genid_ipv4(net), ifindex = skb->dev->ifindex;
	__be32 local = ip_hdr(skb)->daddr;

	if (ip_hdr(skb)->version == 4 && READ_ONCE(entry->local4) == local &&
	    READ_ONCE(entry->local_ifindex) == ifindex && READ_ONCE(entry->local_genid) == genid)
		return true;
	if (!ntm_is_for_us(net, skb))
		return false;
	if (ip_hdr(skb)->version == 4) {
		WRITE_ONCE(entry->local4, local);
		WRITE_ONCE(entry->local_ifindex, ifindex);
		WRITE_ONCE(entry->local_genid, genid);
	}
	return true;
}

/* Someone who can be: no routing has looked at the packet yet. */
static bool ntm_is_from_outside(struct net *net, const struct ntm_origin *origin)
{
	const struct ntm_address *ip = &origin->endpoint.ip;

	if (!origin->endpoint.port || !ntm_address_is_unicast(ip))
		return false;
	if (ip->family == AF_INET)
		return inet_addr_type_dev_table(net, origin->dev, ip->ip4) == RTN_UNICAST;
	return !ipv6_chk_addr(net, &ip->ip6, NULL, 0);
}

/* Which path the routes would send an answer to this address by. Under RCU. */
static struct ntm_path *ntm_reverse_path(struct ntm_dev *ntm, const struct ntm_address *source)
{
	struct net *net = dev_net(ntm->dev);
	struct ntm_address next_hop;

	if (source->family == AF_INET) {
		struct flowi4 fl4 = { .flowi4_oif = ntm->dev->ifindex, .daddr = source->ip4 };
		struct rtable *rt = ip_route_output_key(net, &fl4);

		if (IS_ERR(rt))
			return NULL;
		ntm_address_set4(&next_hop, rt_nexthop(rt, source->ip4));
		ip_rt_put(rt);
	} else {
		struct flowi6 fl6 = { .flowi6_oif = ntm->dev->ifindex, .daddr = source->ip6 };
		struct dst_entry *dst = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);

		if (IS_ERR(dst))
			return NULL;
		ntm_address_set6(&next_hop, rt6_nexthop((struct rt6_info *)dst, &source->ip6));
		dst_release(dst);
	}
	return ntm_path_by_address(ntm, &next_hop);
}

/**
 * ntm_read_inner - reads the inner header
 * @packet: @length bytes, aligned in any way
 * @length: how many there are
 * @source: filled
 * @destination: filled
 *
 * Return: the length that the header says, or 0 when the packet is not whole.
 */
u32 ntm_read_inner(const void *packet, u32 length, struct ntm_address *source,
		   struct ntm_address *destination)
{
	struct ipv6hdr ip6;
	struct iphdr ip;
	u32 said;

	if (length < sizeof(ip))
		return 0;
	memcpy(&ip, packet, sizeof(ip));
	if (ip.version == 4) {
		said = ntohs(ip.tot_len);
		ntm_address_set4(source, ip.saddr);
		ntm_address_set4(destination, ip.daddr);
		return said <= length && said >= sizeof(ip) ? said : 0;
	}
	if (ip.version != 6 || length < sizeof(ip6))
		return 0;
	memcpy(&ip6, packet, sizeof(ip6));
	said = ntohs(ip6.payload_len) + sizeof(ip6);
	ntm_address_set6(source, &ip6.saddr);
	ntm_address_set6(destination, &ip6.daddr);
	return said <= length ? said : 0;
}

/* Whether a packet between these two may come by this path. Return: NTM_DROPS, or why not. */
enum ntm_drop ntm_admit(struct ntm_path *path, const struct ntm_address *source,
			const struct ntm_address *destination)
{
	struct ntm_dev *ntm = path->entry.ntm;

	if (!ntm_path_has_address(ntm, path, source) && ntm_reverse_path(ntm, source) != path)
		return NTM_DROP_BAD_INNER_SOURCE;
	if (path->global_only && !ntm_address_is_global(destination))
		return NTM_DROP_REFUSED;
	return NTM_DROPS;
}

static u8 ntm_tos_of(const struct sk_buff *skb)
{
	return ip_hdr(skb)->version == 4 ? ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));
}

void ntm_origin_read(struct ntm_origin *origin, const struct sk_buff *skb,
		     const struct udphdr *udp)
{
	ntm_endpoint_source(&origin->endpoint, skb, udp);
	origin->uplink = skb->skb_iif;
	origin->dev = skb->dev;
	origin->tos = ntm_tos_of(skb);
}

/* Counts what came in by the interface. */
void ntm_received_add(struct ntm_dev *ntm, u32 packets, u32 bytes)
{
	struct pcpu_sw_netstats *stats = this_cpu_ptr(ntm->dev->tstats);

	u64_stats_update_begin(&stats->syncp);
	ntm_compat_rx_add(stats, packets, bytes);
	u64_stats_update_end(&stats->syncp);
}

/* All but TCP would go through GRO for nothing. */
static bool ntm_may_coalesce(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->protocol == IPPROTO_TCP;
	return ipv6_hdr(skb)->nexthdr == IPPROTO_TCP;
}

/**
 * ntm_up - hands an opened packet to the stack
 * @ntm: the device it comes by
 * @skb: from the inner header on, its protocol set; consumed. A super-packet has its
 *	checksum as GRO leaves it, for all else the tag vouches
 * @outer_tos: traffic class of the outer packet, whose congestion mark is carried over
 *
 * Return: false when RFC 6040 has the packet dropped.
 */
bool ntm_up(struct ntm_dev *ntm, struct sk_buff *skb, u8 outer_tos)
{
	u8 tos;

	skb_reset_network_header(skb);
	tos = ntm_tos_of(skb);
	if (INET_ECN_decapsulate(skb, outer_tos, tos) > 1) {
		kfree_skb(skb);
		return false;
	}
	skb->dev = ntm->dev;
	if (!skb_is_gso(skb)) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->csum_level = ~0;
		skb_probe_transport_header(skb);
	}
	skb_reset_mac_header(skb);
	if (ntm_may_coalesce(skb))
		gro_cells_receive(&ntm->gro, skb);
	else
		netif_rx(skb);
	return true;
}

/* Protocol.md 11.6: only the newest packet of a direct path, no Relay Server, once in 100 ms. */
static bool ntm_float(struct ntm_path *path, const struct ntm_origin *origin)
{
	const struct ntm_endpoint *from = &origin->endpoint;
	unsigned int i;

	if (likely(ntm_endpoint_equal(&path->target.remote, from)) || path->relayed ||
	    path->target.remote.ip.family == AF_UNSPEC)
		return false;
	if (path->is_held && time_before(jiffies, path->held_until))
		return false;
	if (!ntm_is_from_outside(dev_net(path->entry.ntm->dev), origin))
		return false;
	for (i = 0; i < path->relay_count; i++)
		if (ntm_endpoint_equal(&path->relays[i], from))
			return false;
	if (path->floated &&
	    time_before(jiffies, path->floated_at + msecs_to_jiffies(NTM_FLOAT_INTERVAL_MS)))
		return false;
	path->floated = true;
	path->floated_at = jiffies;
	ntm_target_move(&path->target, from);
	return true;
}

/*
 * Counters passed over are lost until they come. The daemon hears of a move of the peer after the
 * first packet from the new place, so what was lost before that is kept for a moment.
 */
static void ntm_count_lost(struct ntm_path *path, u64 next, u64 counter)
{
	unsigned long age = msecs_to_jiffies(NTM_LOSS_MARK_MS);

	if (time_after(jiffies, path->marked_at + age)) {
		path->lost_before = time_after(jiffies, path->received_at + age) ?
				    path->lost_packets : path->lost_marked;
		path->lost_marked = path->lost_packets;
		path->marked_at = jiffies;
	}
	path->lost_packets += counter >= next ? (s64)(counter - next) : -1;
}

/* An authenticated packet. Return: false when another CPU was first with its counter. */
static bool ntm_count_received(struct ntm_path *path, struct ntm_key *key,
			       const struct ntm_header *header, u32 length,
			       const struct ntm_origin *origin)
{
	u64 counter = ntm_header_counter(header), next;
	bool is_first, is_moved = false, is_resumed, is_sealed = key->suite != NTMOBILE_SUITE_NONE;

	spin_lock(&path->entry.lock);
	next = key->replay.next;
	if (is_sealed) {
		if (!ntm_replay_check(&key->replay, counter)) {
			spin_unlock(&path->entry.lock);
			return false;
		}
		ntm_replay_mark(&key->replay, counter);
		ntm_count_lost(path, next, counter);
	}
	path->received_packets++;
	path->received_bytes += length;
	path->received_at = jiffies;
	path->entry.used_at = jiffies;
	path->owes_answer = false;
	is_first = !key->opened;
	key->opened = true;
	if (counter >= next && is_sealed)
		is_moved = ntm_float(path, origin);
	is_resumed = path->awaits_resume;
	path->awaits_resume = false;
	spin_unlock(&path->entry.lock);
	if (unlikely(is_first))
		ntm_notify_first_packet(path, ntm_header_epoch(header));
	if (unlikely(is_moved))
		ntm_notify_moved(path, &origin->endpoint, origin->uplink);
	if (unlikely(is_resumed))
		ntm_notify_resumed(path, &origin->endpoint);
	return true;
}

static enum ntm_drop ntm_check(struct ntm_path *path, const struct ntm_header *header,
			       struct ntm_key **key)
{
	bool is_new;

	if (ntm_header_side(header) == path->side)
		return NTM_DROP_WRONG_SIDE;
	*key = rcu_dereference(path->keys[ntm_header_epoch(header)]);
	if (!*key)
		return NTM_DROP_WRONG_EPOCH;
	if (ntm_key_expired(*key))
		return NTM_DROP_UNKNOWN_KEY;
	if ((*key)->suite == NTMOBILE_SUITE_NONE)
		return NTM_DROPS;
	spin_lock(&path->entry.lock);
	is_new = ntm_replay_check(&(*key)->replay, ntm_header_counter(header));
	spin_unlock(&path->entry.lock);
	return is_new ? NTM_DROPS : NTM_DROP_REPLAYED;
}

/**
 * ntm_open - opens a Capsulated Packet in place
 * @path: it is of
 * @header: of the packet
 * @body: @length bytes that are ours alone
 * @length: with the tag; set to that of the inner packet, 0 for none
 * @origin: where it came from
 *
 * Return: NTM_DROPS, or why it is dropped.
 */
enum ntm_drop ntm_open(struct ntm_path *path, const struct ntm_header *header, u8 *body,
		       u32 *length, const struct ntm_origin *origin)
{
	struct ntm_key *key;
	enum ntm_drop drop;

	drop = ntm_check(path, header, &key);
	if (unlikely(drop != NTM_DROPS))
		return drop;
	if (unlikely(!ntm_unseal(key, header, body, *length)))
		return NTM_DROP_BAD_SEAL;
	*length -= ntm_tag_size(key);
	if (!ntm_count_received(path, key, header, *length, origin))
		return NTM_DROP_REPLAYED;
	return NTM_DROPS;
}

/* An opened packet from the inner header on, perhaps with bytes behind it; as ntm_open_one(). */
static enum ntm_drop ntm_deliver(struct ntm_path *path, struct sk_buff *skb, u8 outer_tos)
{
	struct ntm_address source, destination;
	struct ntm_dev *ntm = path->entry.ntm;
	enum ntm_drop drop;
	u32 length;

	if (ntm_path_has_alias(path) && !ntm_alias_skb(path, NTM_IN, skb))
		return NTM_DROP_NO_MEMORY;
	length = ntm_read_inner(skb->data, skb->len, &source, &destination);
	if (unlikely(!length || pskb_trim(skb, length)))
		return NTM_DROP_MALFORMED;
	drop = ntm_admit(path, &source, &destination);
	if (unlikely(drop != NTM_DROPS))
		return drop;
	skb_scrub_packet(skb, false);
	skb_ext_reset(skb);
	skb->mark = 0;
	skb_clear_hash(skb);
	skb->protocol = source.family == AF_INET ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	ntm_received_add(ntm, skb_is_gso(skb) ? skb_shinfo(skb)->gso_segs : 1, length);
	if (unlikely(!ntm_up(ntm, skb, outer_tos)))
		ntm_drops_add(&path->entry.drops, NTM_DROP_MALFORMED);
	return NTM_DROPS;
}

/* One packet. @skb is linear and its bytes are ours; consumed when this returns NTM_DROPS. */
static enum ntm_drop ntm_open_one(struct ntm_path *path, struct sk_buff *skb,
				  unsigned int ip_length)
{
	struct ntm_datagram *datagram = (struct ntm_datagram *)(skb->data + ip_length);
	u32 length = skb->len - ip_length - sizeof(*datagram);
	struct ntm_origin origin;
	enum ntm_drop drop;

	ntm_origin_read(&origin, skb, &datagram->udp);
	drop = ntm_open(path, &datagram->header, (u8 *)(datagram + 1), &length, &origin);
	if (unlikely(drop != NTM_DROPS))
		return drop;
	if (!length) {
		consume_skb(skb);
		return NTM_DROPS;
	}
	__skb_pull(skb, ip_length + sizeof(*datagram));
	__skb_trim(skb, length);
	return ntm_deliver(path, skb, origin.tos);
}

/* One packet, or a super-packet of the sender's stack, in suite none; as ntm_open_one(). */
static enum ntm_drop ntm_open_none(struct ntm_path *path, struct sk_buff *skb,
				   unsigned int ip_length)
{
	unsigned int headers = ip_length + sizeof(struct ntm_datagram);
	u32 length = skb->len - headers;
	struct ntm_datagram *datagram;
	struct ntm_header header;
	struct ntm_origin origin;
	enum ntm_drop drop;

	if (!pskb_may_pull(skb, min_t(unsigned int, skb->len, headers + sizeof(struct ipv6hdr))))
		return NTM_DROP_NO_MEMORY;
	datagram = (struct ntm_datagram *)(skb->data + ip_length);
	header = datagram->header;
	ntm_origin_read(&origin, skb, &datagram->udp);
	drop = ntm_none_open(skb, ip_length);
	if (likely(drop == NTM_DROPS))
		drop = ntm_open(path, &header, skb->data, &length, &origin);
	if (unlikely(drop != NTM_DROPS))
		return drop;
	if (skb->len)
		return ntm_deliver(path, skb, origin.tos);
	consume_skb(skb);
	return NTM_DROPS;
}

/* Bytes of our own in one piece: taps may share what came, and senders the fragments. */
static struct sk_buff *ntm_own(struct sk_buff *skb)
{
	struct sk_buff *own;

	if (skb_cloned(skb)) {
		own = skb_copy(skb, GFP_ATOMIC);
		consume_skb(skb);
		return own;
	}
	if (skb_linearize(skb)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

static bool ntm_is_none(const struct ntm_path *path, const struct sk_buff *skb,
			unsigned int ip_length)
{
	const struct ntm_header *header;
	const struct ntm_key *key;
	struct ntm_header buffer;

	header = skb_header_pointer(skb, ip_length + sizeof(struct udphdr), sizeof(buffer),
				    &buffer);
	key = header ? rcu_dereference(path->keys[ntm_header_epoch(header)]) : NULL;
	return key && key->suite == NTMOBILE_SUITE_NONE;
}

static void ntm_receive_path(struct ntm_path *path, struct sk_buff *skb, unsigned int ip_length)
{
	enum ntm_drop drop = NTM_DROP_NO_MEMORY;

	if (ntm_is_none(path, skb, ip_length)) {
		drop = ntm_open_none(path, skb, ip_length);
	} else if (unlikely(skb_is_gso(skb))) {
		drop = NTM_DROP_MALFORMED;
	} else {
		skb = ntm_own(skb);
		if (likely(skb))
			drop = ntm_open_one(path, skb, ip_length);
	}
	if (likely(drop == NTM_DROPS))
		return;
	ntm_drops_add(&path->entry.drops, drop);
	DEV_STATS_INC(path->entry.ntm->dev, rx_dropped);
	kfree_skb(skb);
}

/* The entry that a packet is for, or NULL when it is none of ours. Under RCU. */
static struct ntm_entry *ntm_find(struct net *net, const struct sk_buff *skb,
				  unsigned int ip_length)
{
	const struct ntm_datagram *datagram;
	struct ntm_datagram buffer;
	struct ntm_entry *entry;
	struct ntm_dev *ntm;

	datagram = skb_header_pointer(skb, ip_length, sizeof(buffer), &buffer);
	if (!datagram || !ntm_header_valid(&datagram->header))
		return NULL;
	ntm = ntm_dev_by_port(net, datagram->udp.dest);
	if (!ntm)
		return NULL;
	if (skb->len < ip_length + sizeof(buffer) ||
	    (!skb_is_gso(skb) && ntohs(datagram->udp.len) != skb->len - ip_length))
		return NULL;
	/* What ends here is not relayed, though a Relay Server here may have been told to. */
	entry = ntm_entry_find(ntm, NTM_ENTRY_PATH, datagram->header.path_id);
	return entry ?: ntm_entry_find(ntm, NTM_ENTRY_RELAY, datagram->header.path_id);
}

/* A super-packet of the sender's stack behind one header, as suite none sends it. */
static bool ntm_is_tunnel_gso(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type & SKB_GSO_UDP_TUNNEL_CSUM;
}

/* One packet or a uniform super-packet; consumed. */
static void ntm_receive_entry(struct ntm_entry *entry, struct sk_buff *skb, unsigned int ip_length)
{
	if (unlikely(entry->kind == NTM_ENTRY_RELAY))
		ntm_relay_forward(ntm_relay_of(entry), skb);
	else if (skb_is_gso(skb) && !ntm_is_tunnel_gso(skb))
		ntm_super_receive(ntm_path_of(entry), skb, ip_length);
	else
		ntm_receive_path(ntm_path_of(entry), skb, ip_length);
}

/* A super-packet that all is of the row of its first datagram. */
static bool ntm_is_whole(const struct sk_buff *skb, unsigned int ip_length)
{
	if (ntm_is_tunnel_gso(skb))
		return true;
	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4) ||
	    skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST)
		return false;
	return ntm_super_is_uniform(skb, ip_length);
}

/* A super-packet to a port of ours. */
static bool ntm_is_for_port(struct net *net, const struct sk_buff *skb, unsigned int ip_length)
{
	const struct udphdr *udp;
	struct udphdr buffer;

	udp = skb_header_pointer(skb, ip_length, sizeof(buffer), &buffer);
	return udp && ntm_dev_by_port(net, udp->dest) && ntm_is_for_us(net, skb);
}

/* A super-packet that mixes paths and control messages: each datagram is looked at alone. */
static unsigned int ntm_receive_segments(struct net *net, struct sk_buff *skb,
					 unsigned int ip_length)
{
	struct sk_buff *segments, *next;

	segments = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segments))
		return NF_DROP;
	consume_skb(skb);
	skb_list_walk_safe(segments, skb, next) {
		struct ntm_entry *entry = ntm_find(net, skb, ip_length);

		skb_mark_not_on_list(skb);
		if (entry && ntm_entry_is_for_us(net, entry, skb))
			ntm_receive_entry(entry, skb, ip_length);
		else
			netif_receive_skb(skb);
	}
	return NF_STOLEN;
}

/*
 * At PRE_ROUTING what is not all of one row is cut up, since the daemon's socket never sees
 * several datagrams in one. At LOCAL_IN UDP does that for the socket; only what has come to our
 * port and address since is left for us: turned back by a NAT, as where policy routing leads
 * what the daemon sends out by another uplink and masquerades it, or put together from fragments.
 */
static unsigned int ntm_receive(const struct nf_hook_state *state, struct sk_buff *skb,
				unsigned int ip_length)
{
	struct ntm_entry *entry = ntm_find(state->net, skb, ip_length);

	if (entry) {
		if (!ntm_entry_is_for_us(state->net, entry, skb))
			return NF_ACCEPT;
		if (!skb_is_gso(skb) || ntm_is_whole(skb, ip_length)) {
			ntm_receive_entry(entry, skb, ip_length);
			return NF_STOLEN;
		}
	}
	if (skb_is_gso(skb) && state->hook == NF_INET_PRE_ROUTING &&
	    ntm_is_for_port(state->net, skb, ip_length))
		return ntm_receive_segments(state->net, skb, ip_length);
	return NF_ACCEPT;
}

static unsigned int ntm_hook4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *ip = ip_hdr(skb);

	if (ip->protocol != IPPROTO_UDP || ip->ihl != 5 || ip_is_fragment(ip))
		return NF_ACCEPT;
	return ntm_receive(state, skb, sizeof(*ip));
}

static unsigned int ntm_hook6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (ipv6_hdr(skb)->nexthdr != IPPROTO_UDP)
		return NF_ACCEPT;
	return ntm_receive(state, skb, sizeof(struct ipv6hdr));
}

const struct nf_hook_ops ntm_receive_hooks[] = {
	{
		.hook		= ntm_hook4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NTM_HOOK_PRIORITY,
	},
	{
		.hook		= ntm_hook6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NTM_HOOK_PRIORITY,
	},
	{
		.hook		= ntm_hook4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NTM_LATE_PRIORITY,
	},
	{
		.hook		= ntm_hook6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_LOCAL_IN,
		.priority	= NTM_LATE_PRIORITY,
	},
};

const unsigned int ntm_receive_hook_count = ARRAY_SIZE(ntm_receive_hooks);
