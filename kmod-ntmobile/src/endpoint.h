/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of both families, inner and outer. */
#ifndef _NTM_ENDPOINT_H
#define _NTM_ENDPOINT_H

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/udp.h>
#include <net/ipv6.h>

/**
 * struct ntm_address - an IPv4 or IPv6 address
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for none
 * @ip4: when IPv4; the rest of the union is then zero
 * @ip6: when IPv6
 */
struct ntm_address {
	sa_family_t family;
	union {
		__be32 ip4;
		struct in6_addr ip6;
	};
};

/**
 * struct ntm_endpoint - an address and a UDP port
 * @ip: the address
 * @port: never 0 in an endpoint in use
 */
struct ntm_endpoint {
	struct ntm_address ip;
	__be16 port;
};

static inline bool ntm_address_equal(const struct ntm_address *a,
				     const struct ntm_address *b)
{
	if (a->family != b->family)
		return false;
	if (a->family == AF_INET)
		return a->ip4 == b->ip4;
	return ipv6_addr_equal(&a->ip6, &b->ip6);
}

static inline bool ntm_endpoint_equal(const struct ntm_endpoint *a,
				      const struct ntm_endpoint *b)
{
	return a->port == b->port && ntm_address_equal(&a->ip, &b->ip);
}

static inline void ntm_address_set4(struct ntm_address *address, __be32 ip)
{
	memset(address, 0, sizeof(*address));
	address->family = AF_INET;
	address->ip4 = ip;
}

static inline void ntm_address_set6(struct ntm_address *address,
				    const struct in6_addr *ip)
{
	address->family = AF_INET6;
	address->ip6 = *ip;
}

static inline u32 ntm_address_hash(const struct ntm_address *address, u32 seed)
{
	if (address->family == AF_INET)
		return jhash_1word((__force u32)address->ip4, seed);
	return jhash2((const u32 *)&address->ip6, 4, seed);
}

/* Where a datagram comes from; the IP header is in the skb's linear part. */
static inline void ntm_endpoint_source(struct ntm_endpoint *from,
				       const struct sk_buff *skb,
				       const struct udphdr *udp)
{
	if (ip_hdr(skb)->version == 4)
		ntm_address_set4(&from->ip, ip_hdr(skb)->saddr);
	else
		ntm_address_set6(&from->ip, &ipv6_hdr(skb)->saddr);
	from->port = udp->source;
}

bool ntm_address_is_unicast(const struct ntm_address *address);
bool ntm_address_is_global(const struct ntm_address *address);

#endif /* _NTM_ENDPOINT_H */
