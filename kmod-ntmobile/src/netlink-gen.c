// SPDX-License-Identifier: GPL-2.0-only
/* Generated from kmod-ntmobile/ntmobile.yaml by test/vm/generate-netlink.mjs: do not edit. */

#include "compat.h"
#include "netlink-gen.h"

const struct nla_policy
ntmobile_address_nl_policy[NTMOBILE_A_ADDRESS_MAX + 1] = {
	[NTMOBILE_A_ADDRESS_IPV4] = { .type = NLA_U32 },
	[NTMOBILE_A_ADDRESS_IPV6] = NLA_POLICY_EXACT_LEN(16),
};

const struct nla_policy
ntmobile_endpoint_nl_policy[NTMOBILE_A_ENDPOINT_MAX + 1] = {
	[NTMOBILE_A_ENDPOINT_IPV4] = { .type = NLA_U32 },
	[NTMOBILE_A_ENDPOINT_IPV6] = NLA_POLICY_EXACT_LEN(16),
	[NTMOBILE_A_ENDPOINT_PORT] = { .type = NLA_U16 },
};

const struct nla_policy
ntmobile_route_nl_policy[NTMOBILE_A_ROUTE_MAX + 1] = {
	[NTMOBILE_A_ROUTE_REMOTE] = NLA_POLICY_NESTED(ntmobile_endpoint_nl_policy),
	[NTMOBILE_A_ROUTE_UPLINK] = { .type = NLA_U32 },
	[NTMOBILE_A_ROUTE_MARK] = { .type = NLA_U32 },
	[NTMOBILE_A_ROUTE_LOCAL] = NLA_POLICY_NESTED(ntmobile_address_nl_policy),
};

const struct nla_policy
ntmobile_unverified_nl_policy[NTMOBILE_A_UNVERIFIED_MAX + 1] = {
	[NTMOBILE_A_UNVERIFIED_BUDGET] = { .type = NLA_U32 },
	[NTMOBILE_A_UNVERIFIED_MS] = { .type = NLA_U32 },
	[NTMOBILE_A_UNVERIFIED_FALLBACK] = NLA_POLICY_NESTED(ntmobile_endpoint_nl_policy),
};

static const struct nla_policy
ntm_nl_dev_get_policy[NTMOBILE_A_IFINDEX + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy
ntm_nl_dev_set_policy[NTMOBILE_A_PORT + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PORT] = { .type = NLA_U16 },
};

static const struct nla_policy
ntm_nl_path_new_policy[NTMOBILE_A_PEER4 + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
	[NTMOBILE_A_SIDE] = NLA_POLICY_MAX(NLA_U8, 1),
	[NTMOBILE_A_KIND] = NLA_POLICY_MAX(NLA_U8, 1),
	[NTMOBILE_A_ADDRESS] = NLA_POLICY_NESTED(ntmobile_address_nl_policy),
	[NTMOBILE_A_GLOBAL_ONLY] = { .type = NLA_FLAG },
	[NTMOBILE_A_IDLE_MS] = { .type = NLA_U32 },
	[NTMOBILE_A_ALIAS4] = { .type = NLA_U32 },
	[NTMOBILE_A_PEER4] = { .type = NLA_U32 },
};

static const struct nla_policy
ntm_nl_path_set_policy[NTMOBILE_A_HOLD_MS + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
	[NTMOBILE_A_MTU] = { .type = NLA_U32 },
	[NTMOBILE_A_ROUTE] = NLA_POLICY_NESTED(ntmobile_route_nl_policy),
	[NTMOBILE_A_ALSO] = NLA_POLICY_NESTED(ntmobile_route_nl_policy),
	[NTMOBILE_A_ALSO_MS] = { .type = NLA_U32 },
	[NTMOBILE_A_RELAYED] = { .type = NLA_FLAG },
	[NTMOBILE_A_UNVERIFIED] = NLA_POLICY_NESTED(ntmobile_unverified_nl_policy),
	[NTMOBILE_A_RELAY] = NLA_POLICY_NESTED(ntmobile_endpoint_nl_policy),
	[NTMOBILE_A_HOLD_MS] = { .type = NLA_U32 },
};

static const struct nla_policy
ntm_nl_path_del_policy[NTMOBILE_A_PATH_ID + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
};

static const struct nla_policy
ntm_nl_path_get_policy[NTMOBILE_A_PATH_ID + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
};

static const struct nla_policy
ntm_nl_key_set_policy[NTMOBILE_A_SUITE + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
	[NTMOBILE_A_EPOCH] = NLA_POLICY_MAX(NLA_U8, 3),
	[NTMOBILE_A_SEND_KEY] = NLA_POLICY_EXACT_LEN(32),
	[NTMOBILE_A_RECEIVE_KEY] = NLA_POLICY_EXACT_LEN(32),
	[NTMOBILE_A_SUITE] = NLA_POLICY_MAX(NLA_U8, 2),
};

static const struct nla_policy
ntm_nl_key_use_policy[NTMOBILE_A_EPOCH + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
	[NTMOBILE_A_EPOCH] = NLA_POLICY_MAX(NLA_U8, 3),
};

static const struct nla_policy
ntm_nl_key_del_policy[NTMOBILE_A_EPOCH + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
	[NTMOBILE_A_EPOCH] = NLA_POLICY_MAX(NLA_U8, 3),
};

static const struct nla_policy
ntm_nl_relay_new_policy[NTMOBILE_A_IDLE_MS + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
	[NTMOBILE_A_IDLE_MS] = { .type = NLA_U32 },
};

static const struct nla_policy
ntm_nl_relay_leg_policy[NTMOBILE_A_ENDPOINT + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
	[NTMOBILE_A_SIDE] = NLA_POLICY_MAX(NLA_U8, 1),
	[NTMOBILE_A_ENDPOINT] = NLA_POLICY_NESTED(ntmobile_endpoint_nl_policy),
	[NTMOBILE_A_ROUTE] = NLA_POLICY_NESTED(ntmobile_route_nl_policy),
	[NTMOBILE_A_UNVERIFIED] = NLA_POLICY_NESTED(ntmobile_unverified_nl_policy),
};

static const struct nla_policy
ntm_nl_relay_del_policy[NTMOBILE_A_PATH_ID + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
};

static const struct nla_policy
ntm_nl_relay_get_policy[NTMOBILE_A_PATH_ID + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
	[NTMOBILE_A_PATH_ID] = { .type = NLA_U64 },
};

static const struct nla_policy
ntm_nl_flush_policy[NTMOBILE_A_IFINDEX + 1] = {
	[NTMOBILE_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct genl_ops ntm_nl_ops[] = {
	{
		.cmd		= NTMOBILE_CMD_DEV_GET,
		.doit		= ntm_nl_dev_get_doit,
		.policy		= ntm_nl_dev_get_policy,
		.maxattr	= NTMOBILE_A_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_DEV_SET,
		.doit		= ntm_nl_dev_set_doit,
		.policy		= ntm_nl_dev_set_policy,
		.maxattr	= NTMOBILE_A_PORT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_PATH_NEW,
		.doit		= ntm_nl_path_new_doit,
		.policy		= ntm_nl_path_new_policy,
		.maxattr	= NTMOBILE_A_PEER4,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_PATH_SET,
		.doit		= ntm_nl_path_set_doit,
		.policy		= ntm_nl_path_set_policy,
		.maxattr	= NTMOBILE_A_HOLD_MS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_PATH_DEL,
		.doit		= ntm_nl_path_del_doit,
		.policy		= ntm_nl_path_del_policy,
		.maxattr	= NTMOBILE_A_PATH_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_PATH_GET,
		.doit		= ntm_nl_path_get_doit,
		.dumpit		= ntm_nl_path_get_dumpit,
		.policy		= ntm_nl_path_get_policy,
		.maxattr	= NTMOBILE_A_PATH_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_KEY_SET,
		.doit		= ntm_nl_key_set_doit,
		.policy		= ntm_nl_key_set_policy,
		.maxattr	= NTMOBILE_A_SUITE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_KEY_USE,
		.doit		= ntm_nl_key_use_doit,
		.policy		= ntm_nl_key_use_policy,
		.maxattr	= NTMOBILE_A_EPOCH,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_KEY_DEL,
		.doit		= ntm_nl_key_del_doit,
		.policy		= ntm_nl_key_del_policy,
		.maxattr	= NTMOBILE_A_EPOCH,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_RELAY_NEW,
		.doit		= ntm_nl_relay_new_doit,
		.policy		= ntm_nl_relay_new_policy,
		.maxattr	= NTMOBILE_A_IDLE_MS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_RELAY_LEG,
		.doit		= ntm_nl_relay_leg_doit,
		.policy		= ntm_nl_relay_leg_policy,
		.maxattr	= NTMOBILE_A_ENDPOINT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_RELAY_DEL,
		.doit		= ntm_nl_relay_del_doit,
		.policy		= ntm_nl_relay_del_policy,
		.maxattr	= NTMOBILE_A_PATH_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_RELAY_GET,
		.doit		= ntm_nl_relay_get_doit,
		.dumpit		= ntm_nl_relay_get_dumpit,
		.policy		= ntm_nl_relay_get_policy,
		.maxattr	= NTMOBILE_A_PATH_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= NTMOBILE_CMD_FLUSH,
		.doit		= ntm_nl_flush_doit,
		.policy		= ntm_nl_flush_policy,
		.maxattr	= NTMOBILE_A_IFINDEX,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group ntm_nl_mcgrps[] = {
	[NTM_NL_MCGRP_NOTICES] = {
		.name	= NTMOBILE_MCGRP_NOTICES,
		.flags	= NTM_MCGRP_NET_ADMIN,
	},
};

struct genl_family ntm_nl_family __ro_after_init = {
	.name		= NTMOBILE_FAMILY_NAME,
	.version	= NTMOBILE_FAMILY_VERSION,
	.netnsok	= true,
	.module		= THIS_MODULE,
	.ops		= ntm_nl_ops,
	.n_ops		= ARRAY_SIZE(ntm_nl_ops),
	.mcgrps		= ntm_nl_mcgrps,
	.n_mcgrps	= ARRAY_SIZE(ntm_nl_mcgrps),
};
