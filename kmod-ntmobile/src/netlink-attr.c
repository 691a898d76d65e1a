// SPDX-License-Identifier: GPL-2.0-only
/* Addresses, endpoints and drop counts as netlink attributes. */
#include "netlink.h"

int ntm_nl_put_address(struct sk_buff *msg, int type, const struct ntm_address *address)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int err;

	if (!nest)
		return -EMSGSIZE;
	if (address->family == AF_INET)
		err = nla_put_in_addr(msg, NTMOBILE_A_ADDRESS_IPV4, address->ip4);
	else
		err = nla_put_in6_addr(msg, NTMOBILE_A_ADDRESS_IPV6, &address->ip6);
	nla_nest_end(msg, nest);
	return err;
}

int ntm_nl_put_endpoint(struct sk_buff *msg, int type, const struct ntm_endpoint *endpoint)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int err;

	if (!nest)
		return -EMSGSIZE;
	if (endpoint->ip.family == AF_INET)
		err = nla_put_in_addr(msg, NTMOBILE_A_ENDPOINT_IPV4, endpoint->ip.ip4);
	else
		err = nla_put_in6_addr(msg, NTMOBILE_A_ENDPOINT_IPV6, &endpoint->ip.ip6);
	if (!err)
		err = nla_put_be16(msg, NTMOBILE_A_ENDPOINT_PORT, endpoint->port);
	nla_nest_end(msg, nest);
	return err;
}

/* Only the reasons that happened. */
int ntm_nl_put_drops(struct sk_buff *msg, int type, struct ntm_drops *drops)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	unsigned int drop;

	if (!nest)
		return -EMSGSIZE;
	for (drop = 0; drop < NTM_DROPS; drop++) {
		unsigned long count = atomic_long_read(&drops->count[drop]);

		if (count && nla_put_u64_64bit(msg, NTM_DROP_ATTRIBUTE(drop), count,
					       NTMOBILE_A_DROP_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static int ntm_nl_get_ip(struct nlattr *ip4, struct nlattr *ip6, const struct nlattr *nest,
			 struct ntm_address *address, struct netlink_ext_ack *extack)
{
	struct in6_addr ip;

	if (!ip4 == !ip6) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "either an IPv4 or an IPv6 address is needed");
		return -EINVAL;
	}
	if (ip4) {
		ntm_address_set4(address, nla_get_in_addr(ip4));
	} else {
		ip = nla_get_in6_addr(ip6);
		ntm_address_set6(address, &ip);
	}
	if (ntm_address_is_unicast(address))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, nest, "the address is not a unicast address");
	return -EINVAL;
}

/* Return: 0, or -EINVAL with a sentence unless it is one unicast address. */
int ntm_nl_get_address(const struct nlattr *nest, struct ntm_address *address,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NTMOBILE_A_ADDRESS_MAX + 1];
	int err = nla_parse_nested(tb, NTMOBILE_A_ADDRESS_MAX, nest,
				   ntmobile_address_nl_policy, extack);

	return err ? : ntm_nl_get_ip(tb[NTMOBILE_A_ADDRESS_IPV4], tb[NTMOBILE_A_ADDRESS_IPV6],
				     nest, address, extack);
}

/* Return: 0, or -EINVAL with a sentence unless it is one unicast address with a port. */
int ntm_nl_get_endpoint(const struct nlattr *nest, struct ntm_endpoint *endpoint,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NTMOBILE_A_ENDPOINT_MAX + 1];
	int err = nla_parse_nested(tb, NTMOBILE_A_ENDPOINT_MAX, nest,
				   ntmobile_endpoint_nl_policy, extack);

	if (err)
		return err;
	endpoint->port = 0;
	if (tb[NTMOBILE_A_ENDPOINT_PORT])
		endpoint->port = nla_get_be16(tb[NTMOBILE_A_ENDPOINT_PORT]);
	if (!endpoint->port) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "an endpoint needs a port other than 0");
		return -EINVAL;
	}
	return ntm_nl_get_ip(tb[NTMOBILE_A_ENDPOINT_IPV4], tb[NTMOBILE_A_ENDPOINT_IPV6],
			     nest, &endpoint->ip, extack);
}
