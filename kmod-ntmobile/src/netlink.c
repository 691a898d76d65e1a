// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the daemon. The generated policies have checked the shape of
 * every attribute; what is here finds the row and carries the command out.
 */
#include "netlink.h"
#include "path.h"

#define NTM_NL_ENTRY_MISSING "no such path on this device"

static struct ntm_dev *ntm_nl_dev_get(struct genl_info *info)
{
	struct nlattr *attr = info->attrs[NTMOBILE_A_IFINDEX];
	struct net_device *dev;

	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_IFINDEX))
		return ERR_PTR(-EINVAL);
	dev = dev_get_by_index(genl_info_net(info), nla_get_u32(attr));
	if (dev && ntm_dev_is(dev))
		return netdev_priv(dev);
	dev_put(dev);
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "no NTMobile device has this index");
	return ERR_PTR(-ENODEV);
}

/* Return: the device, its lock held and a reference on it. */
struct ntm_dev *ntm_nl_lock(struct genl_info *info)
{
	struct ntm_dev *ntm = ntm_nl_dev_get(info);

	if (IS_ERR(ntm))
		return ntm;
	mutex_lock(&ntm->lock);
	if (!ntm->closing)
		return ntm;
	mutex_unlock(&ntm->lock);
	dev_put(ntm->dev);
	NL_SET_ERR_MSG(info->extack, "the device is being removed");
	return ERR_PTR(-ENODEV);
}

void ntm_nl_unlock(struct ntm_dev *ntm)
{
	mutex_unlock(&ntm->lock);
	dev_put(ntm->dev);
}

struct ntm_entry *ntm_nl_entry(struct ntm_dev *ntm, struct genl_info *info,
			       enum ntm_entry_kind kind)
{
	struct ntm_entry *entry;

	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_PATH_ID))
		return ERR_PTR(-EINVAL);
	rcu_read_lock();
	entry = ntm_entry_find(ntm, kind, nla_get_be64(info->attrs[NTMOBILE_A_PATH_ID]));
	rcu_read_unlock();
	if (entry)
		return entry;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NTMOBILE_A_PATH_ID], NTM_NL_ENTRY_MISSING);
	return ERR_PTR(-ENOENT);
}

/* Finds device and row, and takes the device's lock for @command. */
static int ntm_nl_with_entry(struct genl_info *info, enum ntm_entry_kind kind,
			     int (*command)(struct ntm_entry *entry, struct genl_info *info))
{
	struct ntm_dev *ntm = ntm_nl_lock(info);
	struct ntm_entry *entry;
	int err;

	if (IS_ERR(ntm))
		return PTR_ERR(ntm);
	entry = ntm_nl_entry(ntm, info, kind);
	err = IS_ERR(entry) ? PTR_ERR(entry) : command(entry, info);
	ntm_nl_unlock(ntm);
	return err;
}

int ntm_nl_dev_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ntm_dev *ntm;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_PORT))
		return -EINVAL;
	rtnl_lock();
	ntm = ntm_nl_dev_get(info);
	err = PTR_ERR_OR_ZERO(ntm);
	if (!err) {
		err = ntm_dev_set_port(ntm, nla_get_be16(info->attrs[NTMOBILE_A_PORT]),
				       info->extack);
		dev_put(ntm->dev);
	}
	rtnl_unlock();
	return err;
}

static u32 ntm_nl_u32(struct genl_info *info, int type)
{
	return info->attrs[type] ? nla_get_u32(info->attrs[type]) : 0;
}

static int ntm_nl_get_addresses(struct genl_info *info, struct ntm_address *addresses)
{
	struct nlattr *attr;
	int count = 0, rest, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) != NTMOBILE_A_ADDRESS)
			continue;
		if (count == NTMOBILE_MAX_ADDRESSES) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "too many addresses for one path");
			return -E2BIG;
		}
		err = ntm_nl_get_address(attr, &addresses[count++], info->extack);
		if (err)
			return err;
	}
	return count;
}

static int ntm_nl_get_alias(struct ntm_path *path, struct genl_info *info,
			    const struct ntm_address *addresses, int count)
{
	struct nlattr *alias = info->attrs[NTMOBILE_A_ALIAS4];
	struct nlattr *peer = info->attrs[NTMOBILE_A_PEER4];
	struct ntm_address wanted, address;
	int i;

	if (!alias && !peer)
		return 0;
	if (!alias || !peer) {
		NL_SET_ERR_MSG(info->extack, "alias4 and peer4 are only given together");
		return -EINVAL;
	}
	ntm_address_set4(&wanted, nla_get_in_addr(alias));
	ntm_address_set4(&address, nla_get_in_addr(peer));
	for (i = 0; i < count && !ntm_address_equal(&addresses[i], &wanted); i++)
		;
	if (i == count) {
		NL_SET_ERR_MSG_ATTR(info->extack, alias,
				    "alias4 has to be one of the path's addresses");
		return -EINVAL;
	}
	if (!ntm_address_is_unicast(&address)) {
		NL_SET_ERR_MSG_ATTR(info->extack, peer, "the address is not a unicast address");
		return -EINVAL;
	}
	path->alias4 = wanted.ip4;
	path->peer4 = address.ip4;
	return 0;
}

/* Takes over @path, also when it fails. */
static int ntm_nl_path_add(struct ntm_path *path, struct genl_info *info)
{
	struct ntm_address addresses[NTMOBILE_MAX_ADDRESSES];
	int count, err;

	path->side = nla_get_u8(info->attrs[NTMOBILE_A_SIDE]);
	path->kind = nla_get_u8(info->attrs[NTMOBILE_A_KIND]);
	path->global_only = nla_get_flag(info->attrs[NTMOBILE_A_GLOBAL_ONLY]);
	count = ntm_nl_get_addresses(info, addresses);
	err = count;
	if (count >= 0)
		err = ntm_nl_get_alias(path, info, addresses, count);
	if (err)
		goto free;
	err = ntm_entry_add(path->entry.ntm, &path->entry, info->extack);
	if (err)
		goto free;
	err = ntm_path_attach(path, addresses, count);
	if (err)
		ntm_entry_del(&path->entry);
	return err;
free:
	ntm_path_free(path);
	return err;
}

int ntm_nl_path_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ntm_path *path;
	struct ntm_dev *ntm;
	int err = -ENOMEM;

	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_PATH_ID) ||
	    GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_SIDE) ||
	    GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_KIND))
		return -EINVAL;
	ntm = ntm_nl_lock(info);
	if (IS_ERR(ntm))
		return PTR_ERR(ntm);
	path = ntm_path_alloc(ntm, nla_get_be64(info->attrs[NTMOBILE_A_PATH_ID]),
			      ntm_nl_u32(info, NTMOBILE_A_IDLE_MS));
	if (path)
		err = ntm_nl_path_add(path, info);
	ntm_nl_unlock(ntm);
	return err;
}

static int ntm_nl_get_unverified(struct genl_info *info, struct ntm_unverified *unverified)
{
	struct nlattr *tb[NTMOBILE_A_UNVERIFIED_MAX + 1];
	struct nlattr *attr = info->attrs[NTMOBILE_A_UNVERIFIED];
	int err;

	if (!attr)
		return 0;
	err = nla_parse_nested(tb, NTMOBILE_A_UNVERIFIED_MAX, attr,
			       ntmobile_unverified_nl_policy, info->extack);
	if (err)
		return err;
	if (!tb[NTMOBILE_A_UNVERIFIED_BUDGET] || !tb[NTMOBILE_A_UNVERIFIED_MS]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "unverified needs budget and ms");
		return -EINVAL;
	}
	unverified->active = true;
	unverified->budget = nla_get_u32(tb[NTMOBILE_A_UNVERIFIED_BUDGET]);
	unverified->until = jiffies + msecs_to_jiffies(nla_get_u32(tb[NTMOBILE_A_UNVERIFIED_MS]));
	if (!tb[NTMOBILE_A_UNVERIFIED_FALLBACK])
		return 0;
	return ntm_nl_get_endpoint(tb[NTMOBILE_A_UNVERIFIED_FALLBACK], &unverified->fallback,
				   info->extack);
}

static int ntm_nl_get_route(struct genl_info *info, int type, struct ntm_target *target)
{
	struct nlattr *tb[NTMOBILE_A_ROUTE_MAX + 1];
	struct nlattr *attr = info->attrs[type];
	int err;

	if (!attr)
		return 0;
	err = nla_parse_nested(tb, NTMOBILE_A_ROUTE_MAX, attr, ntmobile_route_nl_policy,
			       info->extack);
	if (err)
		return err;
	if (!tb[NTMOBILE_A_ROUTE_REMOTE]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "a route needs a remote endpoint");
		return -EINVAL;
	}
	if (tb[NTMOBILE_A_ROUTE_UPLINK])
		target->uplink = nla_get_u32(tb[NTMOBILE_A_ROUTE_UPLINK]);
	if (tb[NTMOBILE_A_ROUTE_MARK])
		target->mark = nla_get_u32(tb[NTMOBILE_A_ROUTE_MARK]);
	err = ntm_nl_get_endpoint(tb[NTMOBILE_A_ROUTE_REMOTE], &target->remote, info->extack);
	if (err || !tb[NTMOBILE_A_ROUTE_LOCAL])
		return err;
	err = ntm_nl_get_address(tb[NTMOBILE_A_ROUTE_LOCAL], &target->local, info->extack);
	if (!err && target->local.family != target->remote.ip.family) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "local and remote address are of different families");
		err = -EINVAL;
	}
	return err;
}

static int ntm_nl_get_relays(struct genl_info *info, struct ntm_endpoint *relays)
{
	struct nlattr *attr;
	int count = 0, rest, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) != NTMOBILE_A_RELAY)
			continue;
		if (count == NTMOBILE_MAX_RELAYS) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "too many Relay Servers");
			return -E2BIG;
		}
		err = ntm_nl_get_endpoint(attr, &relays[count++], info->extack);
		if (err)
			return err;
	}
	return count;
}

static int ntm_nl_path_set(struct ntm_entry *entry, struct genl_info *info)
{
	struct ntm_path *path = ntm_path_of(entry);
	struct ntm_endpoint relays[NTMOBILE_MAX_RELAYS];
	struct ntm_target target = {}, also = {};
	int err, relay_count;

	err = ntm_nl_get_route(info, NTMOBILE_A_ROUTE, &target);
	if (!err)
		err = ntm_nl_get_route(info, NTMOBILE_A_ALSO, &also);
	if (!err)
		err = ntm_nl_get_unverified(info, &target.unverified);
	if (err)
		return err;
	relay_count = ntm_nl_get_relays(info, relays);
	if (relay_count < 0)
		return relay_count;
	spin_lock_bh(&entry->lock);
	ntm_target_set(&path->target, &target);
	ntm_target_set(&path->also, &also);
	path->also_until = jiffies + msecs_to_jiffies(ntm_nl_u32(info, NTMOBILE_A_ALSO_MS));
	path->relayed = nla_get_flag(info->attrs[NTMOBILE_A_RELAYED]);
	memcpy(path->relays, relays, relay_count * sizeof(*relays));
	path->relay_count = relay_count;
	path->is_held = info->attrs[NTMOBILE_A_HOLD_MS];
	path->held_until = jiffies + msecs_to_jiffies(ntm_nl_u32(info, NTMOBILE_A_HOLD_MS));
	WRITE_ONCE(path->mtu, ntm_nl_u32(info, NTMOBILE_A_MTU));
	path->awaits_resume = true;
	spin_unlock_bh(&entry->lock);
	ntm_pending_flush(entry->ntm);
	return 0;
}

int ntm_nl_path_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ntm_nl_with_entry(info, NTM_ENTRY_PATH, ntm_nl_path_set);
}

static int ntm_nl_entry_del(struct ntm_entry *entry, struct genl_info *info)
{
	ntm_entry_del(entry);
	return 0;
}

int ntm_nl_path_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ntm_nl_with_entry(info, NTM_ENTRY_PATH, ntm_nl_entry_del);
}

int ntm_nl_relay_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ntm_nl_with_entry(info, NTM_ENTRY_RELAY, ntm_nl_entry_del);
}

static int ntm_nl_key_set(struct ntm_entry *entry, struct genl_info *info)
{
	struct nlattr *suite = info->attrs[NTMOBILE_A_SUITE];

	return ntm_key_set(ntm_path_of(entry), nla_get_u8(info->attrs[NTMOBILE_A_EPOCH]),
			   suite ? nla_get_u8(suite) : NTMOBILE_SUITE_CHACHA20_POLY1305,
			   nla_data(info->attrs[NTMOBILE_A_SEND_KEY]),
			   nla_data(info->attrs[NTMOBILE_A_RECEIVE_KEY]), info->extack);
}

int ntm_nl_key_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_EPOCH) ||
	    GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_SEND_KEY) ||
	    GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_RECEIVE_KEY))
		return -EINVAL;
	err = ntm_nl_with_entry(info, NTM_ENTRY_PATH, ntm_nl_key_set);
	/* The message is ours alone, and its buffer outlives this call. */
	memzero_explicit(nla_data(info->attrs[NTMOBILE_A_SEND_KEY]), NTMOBILE_KEY_SIZE);
	memzero_explicit(nla_data(info->attrs[NTMOBILE_A_RECEIVE_KEY]), NTMOBILE_KEY_SIZE);
	return err;
}

static int ntm_nl_key_use(struct ntm_entry *entry, struct genl_info *info)
{
	int err = ntm_key_use(ntm_path_of(entry), nla_get_u8(info->attrs[NTMOBILE_A_EPOCH]),
			      info->extack);

	if (!err)
		ntm_pending_flush(entry->ntm);
	return err;
}

int ntm_nl_key_use_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_EPOCH))
		return -EINVAL;
	return ntm_nl_with_entry(info, NTM_ENTRY_PATH, ntm_nl_key_use);
}

static int ntm_nl_key_del(struct ntm_entry *entry, struct genl_info *info)
{
	ntm_key_del(ntm_path_of(entry), nla_get_u8(info->attrs[NTMOBILE_A_EPOCH]));
	return 0;
}

int ntm_nl_key_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_EPOCH))
		return -EINVAL;
	return ntm_nl_with_entry(info, NTM_ENTRY_PATH, ntm_nl_key_del);
}

int ntm_nl_relay_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ntm_relay *relay;
	struct ntm_dev *ntm;
	int err = -ENOMEM;

	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_PATH_ID))
		return -EINVAL;
	ntm = ntm_nl_lock(info);
	if (IS_ERR(ntm))
		return PTR_ERR(ntm);
	relay = ntm_relay_alloc(ntm, nla_get_be64(info->attrs[NTMOBILE_A_PATH_ID]),
				ntm_nl_u32(info, NTMOBILE_A_IDLE_MS));
	if (relay) {
		err = ntm_entry_add(ntm, &relay->entry, info->extack);
		if (err)
			ntm_relay_free(relay);
	}
	ntm_nl_unlock(ntm);
	return err;
}

static int ntm_nl_relay_leg(struct ntm_entry *entry, struct genl_info *info)
{
	struct ntm_target leg = {};
	int err = 0;

	if (info->attrs[NTMOBILE_A_ENDPOINT])
		err = ntm_nl_get_endpoint(info->attrs[NTMOBILE_A_ENDPOINT], &leg.remote,
					  info->extack);
	else
		err = ntm_nl_get_route(info, NTMOBILE_A_ROUTE, &leg);
	if (!err)
		err = ntm_nl_get_unverified(info, &leg.unverified);
	if (err)
		return err;
	spin_lock_bh(&entry->lock);
	ntm_target_set(&ntm_relay_of(entry)->legs[nla_get_u8(info->attrs[NTMOBILE_A_SIDE])], &leg);
	entry->used_at = jiffies;
	spin_unlock_bh(&entry->lock);
	return 0;
}

int ntm_nl_relay_leg_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, NTMOBILE_A_SIDE))
		return -EINVAL;
	return ntm_nl_with_entry(info, NTM_ENTRY_RELAY, ntm_nl_relay_leg);
}

int ntm_nl_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct ntm_dev *ntm = ntm_nl_lock(info);

	if (IS_ERR(ntm))
		return PTR_ERR(ntm);
	ntm_entry_flush(ntm);
	ntm_nl_unlock(ntm);
	return 0;
}

int __init ntm_netlink_init(void)
{
	return genl_register_family(&ntm_nl_family);
}

void ntm_netlink_exit(void)
{
	genl_unregister_family(&ntm_nl_family);
}
