// SPDX-License-Identifier: GPL-2.0-only
/* What kind of address: unicast at all, and meaningful outside one network. */
#include <net/addrconf.h>
#include "endpoint.h"

/* Never a peer: unspecified, loopback, multicast, reserved, broadcast. */
bool ntm_address_is_unicast(const struct ntm_address *address)
{
	int type;

	if (address->family == AF_INET)
		return !ipv4_is_zeronet(address->ip4) &&
		       !ipv4_is_loopback(address->ip4) &&
		       ntohl(address->ip4) < 0xe0000000;
	if (address->family != AF_INET6)
		return false;
	type = ipv6_addr_type(&address->ip6);
	return (type & IPV6_ADDR_UNICAST) &&
	       !(type & (IPV6_ADDR_LOOPBACK | IPV6_ADDR_MAPPED));
}

/* Neither of RFC 1918, 2544, 3927, 4193, 4291 nor 6598. */
bool ntm_address_is_global(const struct ntm_address *address)
{
	const struct in6_addr *ip6 = &address->ip6;
	__be32 ip = address->ip4;

	if (!ntm_address_is_unicast(address))
		return false;
	if (address->family == AF_INET)
		return !ipv4_is_private_10(ip) && !ipv4_is_private_172(ip) &&
		       !ipv4_is_private_192(ip) && !ipv4_is_linklocal_169(ip) &&
		       !ipv4_is_test_198(ip) && ntohl(ip) >> 22 != 0x64400000 >> 22;
	return (ip6->s6_addr[0] & 0xfe) != 0xfc &&
	       !(ip6->s6_addr[0] == 0xfe && (ip6->s6_addr[1] & 0xc0) == 0x80);
}
