// SPDX-License-Identifier: GPL-2.0-only
/* What the module says of itself: a device, a row, all rows. Never a key. */
#include "netlink.h"
#include "seal.h"

static int ntm_nl_put_u64(struct sk_buff *msg, int type, u64 value)
{
	return nla_put_u64_64bit(msg, type, value, NTMOBILE_A_PAD);
}

static int ntm_nl_put_counts(struct sk_buff *msg, const struct ntm_path *path)
{
	if (ntm_nl_put_u64(msg, NTMOBILE_A_SENT_PACKETS, path->sent_packets) ||
	    ntm_nl_put_u64(msg, NTMOBILE_A_SENT_BYTES, path->sent_bytes) ||
	    ntm_nl_put_u64(msg, NTMOBILE_A_RECEIVED_PACKETS, path->received_packets) ||
	    ntm_nl_put_u64(msg, NTMOBILE_A_RECEIVED_BYTES, path->received_bytes))
		return -EMSGSIZE;
	if (path->sent_packets &&
	    ntm_nl_put_u64(msg, NTMOBILE_A_SENT_AGO_MS, jiffies_to_msecs(jiffies - path->sent_at)))
		return -EMSGSIZE;
	if (path->received_packets &&
	    ntm_nl_put_u64(msg, NTMOBILE_A_RECEIVED_AGO_MS,
			   jiffies_to_msecs(jiffies - path->received_at)))
		return -EMSGSIZE;
	return 0;
}

/* Nothing looks at the counters of suite none: what is lost there is not known. */
static bool ntm_path_counts_lost(const struct ntm_path *path)
{
	bool counts = true;
	int epoch;

	rcu_read_lock();
	for (epoch = 0; epoch < NTM_EPOCHS; epoch++) {
		const struct ntm_key *key = rcu_dereference(path->keys[epoch]);

		if (key && key->suite == NTMOBILE_SUITE_NONE)
			counts = false;
	}
	rcu_read_unlock();
	return counts;
}

static int ntm_nl_put_lost(struct sk_buff *msg, const struct ntm_path *path)
{
	if (!ntm_path_counts_lost(path))
		return 0;
	return ntm_nl_put_u64(msg, NTMOBILE_A_LOST_PACKETS, max_t(s64, path->lost_packets, 0)) ? :
	       ntm_nl_put_u64(msg, NTMOBILE_A_LOST_BEFORE, max_t(s64, path->lost_before, 0));
}

static int ntm_nl_put_suite(struct sk_buff *msg, const struct ntm_path *path)
{
	const struct ntm_key *key;
	int err = 0;

	rcu_read_lock();
	key = path->send_epoch < 0 ? NULL : rcu_dereference(path->keys[path->send_epoch]);
	if (key)
		err = nla_put_u8(msg, NTMOBILE_A_SUITE, key->suite);
	rcu_read_unlock();
	return err;
}

static int ntm_nl_put_path(struct sk_buff *msg, const struct ntm_path *path)
{
	if (nla_put_u8(msg, NTMOBILE_A_SIDE, path->side) ||
	    nla_put_u8(msg, NTMOBILE_A_KIND, path->kind) ||
	    nla_put_u32(msg, NTMOBILE_A_MTU, path->mtu) ||
	    (path->relayed && nla_put_flag(msg, NTMOBILE_A_RELAYED)) ||
	    (path->send_epoch >= 0 && nla_put_u8(msg, NTMOBILE_A_EPOCH, path->send_epoch)) ||
	    ntm_nl_put_suite(msg, path))
		return -EMSGSIZE;
	if (path->target.remote.ip.family != AF_UNSPEC &&
	    ntm_nl_put_endpoint(msg, NTMOBILE_A_ENDPOINT, &path->target.remote))
		return -EMSGSIZE;
	return ntm_nl_put_counts(msg, path) ? : ntm_nl_put_lost(msg, path);
}

static int ntm_nl_put_relay(struct sk_buff *msg, const struct ntm_relay *relay)
{
	if (ntm_nl_put_u64(msg, NTMOBILE_A_FORWARDED_PACKETS, relay->forwarded_packets) ||
	    ntm_nl_put_u64(msg, NTMOBILE_A_FORWARDED_BYTES, relay->forwarded_bytes))
		return -EMSGSIZE;
	return 0;
}

static int ntm_nl_put_entry(struct sk_buff *msg, struct ntm_entry *entry, u8 command,
			    u32 portid, u32 seq, int flags)
{
	void *header = genlmsg_put(msg, portid, seq, &ntm_nl_family, flags, command);
	int err;

	if (!header)
		return -EMSGSIZE;
	err = nla_put_u32(msg, NTMOBILE_A_IFINDEX, entry->ntm->dev->ifindex);
	if (!err)
		err = nla_put_be64(msg, NTMOBILE_A_PATH_ID, entry->path_id, NTMOBILE_A_PAD);
	if (!err) {
		spin_lock_bh(&entry->lock);
		if (entry->kind == NTM_ENTRY_PATH)
			err = ntm_nl_put_path(msg, ntm_path_of(entry));
		else
			err = ntm_nl_put_relay(msg, ntm_relay_of(entry));
		spin_unlock_bh(&entry->lock);
	}
	if (!err)
		err = ntm_nl_put_drops(msg, NTMOBILE_A_DROPS, &entry->drops);
	if (err)
		genlmsg_cancel(msg, header);
	else
		genlmsg_end(msg, header);
	return err;
}

static int ntm_nl_get(struct genl_info *info, enum ntm_entry_kind kind, u8 command)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	struct ntm_entry *entry;
	struct ntm_dev *ntm;
	int err;

	if (!msg)
		return -ENOMEM;
	ntm = ntm_nl_lock(info);
	err = PTR_ERR_OR_ZERO(ntm);
	if (!err) {
		entry = ntm_nl_entry(ntm, info, kind);
		err = PTR_ERR_OR_ZERO(entry);
		if (!err)
			err = ntm_nl_put_entry(msg, entry, command, info->snd_portid,
					       info->snd_seq, 0);
		ntm_nl_unlock(ntm);
	}
	if (!err)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return err;
}

int ntm_nl_path_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ntm_nl_get(info, NTM_ENTRY_PATH, NTMOBILE_CMD_PATH_GET);
}

int ntm_nl_relay_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return ntm_nl_get(info, NTM_ENTRY_RELAY, NTMOBILE_CMD_RELAY_GET);
}

/* The device may come and go between two parts of a dump: it is looked up each time. Under RCU. */
static struct ntm_dev *ntm_nl_dump_dev(struct netlink_callback *cb)
{
	struct nlattr **attrs = ntm_compat_dump_attrs(cb);
	struct net_device *dev;

	if (!attrs[NTMOBILE_A_IFINDEX]) {
		NL_SET_ERR_MSG(cb->extack, "the index of an NTMobile device is needed");
		return ERR_PTR(-EINVAL);
	}
	dev = dev_get_by_index_rcu(sock_net(cb->skb->sk), nla_get_u32(attrs[NTMOBILE_A_IFINDEX]));
	if (dev && ntm_dev_is(dev))
		return netdev_priv(dev);
	NL_SET_ERR_MSG(cb->extack, "no NTMobile device has this index");
	return ERR_PTR(-ENODEV);
}

static int ntm_nl_dump(struct sk_buff *skb, struct netlink_callback *cb,
		       enum ntm_entry_kind kind, u8 command)
{
	unsigned long index = cb->args[0];
	struct ntm_entry *entry;
	struct ntm_dev *ntm;
	int err = 0;

	rcu_read_lock();
	ntm = ntm_nl_dump_dev(cb);
	if (IS_ERR(ntm)) {
		err = PTR_ERR(ntm);
		goto out;
	}
	xa_for_each_start(&ntm->index, index, entry, cb->args[0]) {
		if (entry->kind != kind)
			continue;
		err = ntm_nl_put_entry(skb, entry, command, NETLINK_CB(cb->skb).portid,
				       cb->nlh->nlmsg_seq, NLM_F_MULTI);
		if (err)
			break;
	}
	/* Full: go on from here, unless not even one fits. */
	cb->args[0] = err ? index : ULONG_MAX;
	if (err == -EMSGSIZE && skb->len)
		err = 0;
out:
	rcu_read_unlock();
	return err ? : skb->len;
}

int ntm_nl_path_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ntm_nl_dump(skb, cb, NTM_ENTRY_PATH, NTMOBILE_CMD_PATH_GET);
}

int ntm_nl_relay_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ntm_nl_dump(skb, cb, NTM_ENTRY_RELAY, NTMOBILE_CMD_RELAY_GET);
}

static int ntm_nl_put_dev(struct sk_buff *msg, struct ntm_dev *ntm)
{
	u8 suites = BIT(NTMOBILE_SUITE_CHACHA20_POLY1305) | BIT(NTMOBILE_SUITE_NONE);

	if (ntm_aes_available())
		suites |= BIT(NTMOBILE_SUITE_AES_128_GCM);
	if (nla_put_u32(msg, NTMOBILE_A_IFINDEX, ntm->dev->ifindex) ||
	    nla_put_be16(msg, NTMOBILE_A_PORT, READ_ONCE(ntm->port)) ||
	    nla_put_u32(msg, NTMOBILE_A_PATH_COUNT, ntm->path_count) ||
	    nla_put_u32(msg, NTMOBILE_A_RELAY_COUNT, ntm->relay_count))
		return -EMSGSIZE;
	if (nla_put_u8(msg, NTMOBILE_A_SUITES, suites))
		return -EMSGSIZE;
	return ntm_nl_put_drops(msg, NTMOBILE_A_DROPS, &ntm->drops);
}

int ntm_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	struct ntm_dev *ntm;
	void *header;
	int err;

	if (!msg)
		return -ENOMEM;
	header = genlmsg_put_reply(msg, info, &ntm_nl_family, 0, NTMOBILE_CMD_DEV_GET);
	ntm = header ? ntm_nl_lock(info) : ERR_PTR(-EMSGSIZE);
	err = PTR_ERR_OR_ZERO(ntm);
	if (!err) {
		err = ntm_nl_put_dev(msg, ntm);
		ntm_nl_unlock(ntm);
	}
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}
