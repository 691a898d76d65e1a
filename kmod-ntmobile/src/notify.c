// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notices to the daemon, on the multicast group of the device's namespace.
 * Those that a stranger's packets can cause are told once a second a subject.
 */
#include <linux/jhash.h>
#include "netlink.h"
#include "path.h"

static bool ntm_may_notice(struct ntm_dev *ntm, u32 subject)
{
	struct ntm_noticed *noticed = &ntm->noticed[subject % NTM_NOTICED_SLOTS];
	unsigned long at = READ_ONCE(noticed->at);

	if (at && READ_ONCE(noticed->subject) == subject &&
	    time_before(jiffies, at + msecs_to_jiffies(NTM_NOTICE_INTERVAL_MS)))
		return false;
	WRITE_ONCE(noticed->subject, subject);
	WRITE_ONCE(noticed->at, jiffies ? : 1);
	return true;
}

static struct sk_buff *ntm_notice_new(struct ntm_dev *ntm, u8 command, void **header)
{
	struct sk_buff *msg;

	if (!genl_has_listeners(&ntm_nl_family, dev_net(ntm->dev), NTM_NL_MCGRP_NOTICES))
		return NULL;
	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!msg)
		return NULL;
	*header = genlmsg_put(msg, 0, 0, &ntm_nl_family, 0, command);
	if (*header && !nla_put_u32(msg, NTMOBILE_A_IFINDEX, ntm->dev->ifindex))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* @err: whether an attribute found no room, which the size of a notice rules out. */
static void ntm_notice_send(struct ntm_dev *ntm, struct sk_buff *msg, void *header, int err)
{
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, header);
	genlmsg_multicast_netns(&ntm_nl_family, dev_net(ntm->dev), msg, 0,
				NTM_NL_MCGRP_NOTICES, GFP_ATOMIC);
}

void ntm_notify_no_path(struct ntm_dev *ntm, const struct ntm_address *destination)
{
	struct sk_buff *msg;
	void *header;

	if (!ntm_may_notice(ntm, ntm_address_hash(destination, ntm->hash_seed)))
		return;
	msg = ntm_notice_new(ntm, NTMOBILE_CMD_NO_PATH_NTF, &header);
	if (msg)
		ntm_notice_send(ntm, msg, header,
				ntm_nl_put_address(msg, NTMOBILE_A_DESTINATION, destination));
}

static void ntm_notify(struct ntm_entry *entry, u8 command, const struct ntm_endpoint *endpoint,
		       int uplink, const u8 *epoch, const u32 *length)
{
	struct ntm_dev *ntm = entry->ntm;
	struct sk_buff *msg;
	void *header;
	int err;

	msg = ntm_notice_new(ntm, command, &header);
	if (!msg)
		return;
	err = nla_put_be64(msg, NTMOBILE_A_PATH_ID, entry->path_id, NTMOBILE_A_PAD);
	if (!err && endpoint)
		err = ntm_nl_put_endpoint(msg, NTMOBILE_A_ENDPOINT, endpoint);
	if (!err && uplink)
		err = nla_put_u32(msg, NTMOBILE_A_UPLINK, uplink);
	if (!err && epoch)
		err = nla_put_u8(msg, NTMOBILE_A_EPOCH, *epoch);
	if (!err && length)
		err = nla_put_u32(msg, NTMOBILE_A_LENGTH, *length);
	ntm_notice_send(ntm, msg, header, err);
}

void ntm_notify_entry(struct ntm_entry *entry, u8 command)
{
	ntm_notify(entry, command, NULL, 0, NULL, NULL);
}

void ntm_notify_moved(struct ntm_path *path, const struct ntm_endpoint *remote, int uplink)
{
	ntm_notify(&path->entry, NTMOBILE_CMD_MOVED_NTF, remote, uplink, NULL, NULL);
}

void ntm_notify_resumed(struct ntm_path *path, const struct ntm_endpoint *from)
{
	ntm_notify(&path->entry, NTMOBILE_CMD_RESUMED_NTF, from, 0, NULL, NULL);
}

void ntm_notify_first_packet(struct ntm_path *path, u8 epoch)
{
	ntm_notify(&path->entry, NTMOBILE_CMD_FIRST_PACKET_NTF, NULL, 0, &epoch, NULL);
}

void ntm_notify_wrong_source(struct ntm_entry *entry, const struct ntm_endpoint *from,
			     int uplink, u32 length)
{
	u32 subject = ntm_address_hash(&from->ip, entry->ntm->hash_seed ^ (__force u16)from->port);

	if (ntm_may_notice(entry->ntm, subject))
		ntm_notify(entry, NTMOBILE_CMD_WRONG_SOURCE_NTF, from, uplink, NULL, &length);
}
