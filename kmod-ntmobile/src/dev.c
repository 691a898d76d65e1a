// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual interface ntm0 that carries the virtual IPs (paper section 3.5),
 * as rtnl link kind "ntmobile", and the devices of a network namespace. The
 * receive hooks are there while a namespace has a device.
 */
#include <linux/if_arp.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "path.h"

#define NTM_MTU		(ETH_DATA_LEN - (int)sizeof(struct ipv6hdr) - (int)NTM_OVERHEAD)

/**
 * struct ntm_net - what a network namespace has
 * @devices: of struct ntm_dev; written under RTNL, read under RCU
 */
struct ntm_net {
	struct list_head devices;
};

static unsigned int ntm_net_id;

/* The device with this UDP port, or NULL. Under RCU or RTNL. */
struct ntm_dev *ntm_dev_by_port(struct net *net, __be16 port)
{
	struct ntm_net *own = net_generic(net, ntm_net_id);
	struct ntm_dev *ntm;

	list_for_each_entry_rcu(ntm, &own->devices, list, lockdep_rtnl_is_held())
		if (READ_ONCE(ntm->port) == port)
			return ntm;
	return NULL;
}

/* Return: 0, or -EADDRINUSE when another device of the namespace has the port. Under RTNL. */
int ntm_dev_set_port(struct ntm_dev *ntm, __be16 port, struct netlink_ext_ack *extack)
{
	struct ntm_dev *other;

	ASSERT_RTNL();
	other = port ? ntm_dev_by_port(dev_net(ntm->dev), port) : NULL;
	if (other && other != ntm) {
		NL_SET_ERR_MSG(extack, "another NTMobile device has this port");
		return -EADDRINUSE;
	}
	WRITE_ONCE(ntm->port, port);
	return 0;
}

/* Counts a packet of no path and frees it. */
void ntm_dev_drop(struct ntm_dev *ntm, enum ntm_drop drop, struct sk_buff *skb)
{
	ntm_drops_add(&ntm->drops, drop);
	DEV_STATS_INC(ntm->dev, tx_dropped);
	kfree_skb(skb);
}

static int ntm_dev_open(struct net_device *dev)
{
	netif_start_queue(dev);
	return 0;
}

static int ntm_dev_stop(struct net_device *dev)
{
	struct ntm_dev *ntm = netdev_priv(dev);

	netif_stop_queue(dev);
	ntm_pending_stop(ntm);
	return 0;
}

static int ntm_dev_ndo_init(struct net_device *dev)
{
	struct ntm_dev *ntm = netdev_priv(dev);
	int err;

	ntm->dev = dev;
	mutex_init(&ntm->lock);
	hash_init(ntm->addresses);
	xa_init_flags(&ntm->index, XA_FLAGS_ALLOC);
	ntm->hash_seed = get_random_u32();
	ntm_pending_init(ntm);
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		return -ENOMEM;
	err = ntm_entries_init(ntm);
	if (err)
		goto free_stats;
	err = gro_cells_init(&ntm->gro, dev);
	if (err)
		goto free_entries;
	return 0;
free_entries:
	ntm_entries_destroy(ntm);
free_stats:
	free_percpu(dev->tstats);
	return err;
}

/* The device is down, not findable by its port, and not by netlink once @closing is set. */
static void ntm_dev_uninit(struct net_device *dev)
{
	struct ntm_dev *ntm = netdev_priv(dev);

	mutex_lock(&ntm->lock);
	ntm->closing = true;
	ntm_entry_flush(ntm);
	mutex_unlock(&ntm->lock);
	ntm_pending_stop(ntm);
}

/* No packet and no timer refers to the device any more. */
static void ntm_dev_free(struct net_device *dev)
{
	struct ntm_dev *ntm = netdev_priv(dev);

	rcu_barrier();
	gro_cells_destroy(&ntm->gro);
	ntm_entries_destroy(ntm);
	xa_destroy(&ntm->index);
	free_percpu(dev->tstats);
}

static const struct net_device_ops ntm_dev_ops = {
	.ndo_init		= ntm_dev_ndo_init,
	.ndo_uninit		= ntm_dev_uninit,
	.ndo_open		= ntm_dev_open,
	.ndo_stop		= ntm_dev_stop,
	.ndo_start_xmit		= ntm_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
};

static const struct device_type ntm_dev_type = { .name = KBUILD_MODNAME };

static void ntm_dev_setup(struct net_device *dev)
{
	netdev_features_t features = NETIF_F_HW_CSUM | NETIF_F_SG | NETIF_F_FRAGLIST |
				     NETIF_F_GSO | NETIF_F_GSO_SOFTWARE | NETIF_F_HIGHDMA;

	dev->netdev_ops = &ntm_dev_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = ntm_dev_free;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->features |= features;
	dev->hw_features |= features;
	dev->hw_enc_features |= features;
	ntm_compat_lltx(dev);
	dev->mtu = NTM_MTU;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = IP_MAX_MTU - (int)sizeof(struct ipv6hdr) - (int)NTM_OVERHEAD;
	/* The next hop is read from the route. */
	netif_keep_dst(dev);
	ntm_compat_netns_immutable(dev);
	SET_NETDEV_DEVTYPE(dev, &ntm_dev_type);
}

static int ntm_newlink(NTM_COMPAT_NEWLINK_ARGUMENTS)
{
	struct net *net = dev_net(dev);
	struct ntm_net *own = net_generic(net, ntm_net_id);
	struct ntm_dev *ntm = netdev_priv(dev);
	int err;

	if (list_empty(&own->devices)) {
		err = nf_register_net_hooks(net, ntm_receive_hooks, ntm_receive_hook_count);
		if (err)
			return err;
	}
	err = register_netdevice(dev);
	if (!err)
		list_add_tail_rcu(&ntm->list, &own->devices);
	else if (list_empty(&own->devices))
		nf_unregister_net_hooks(net, ntm_receive_hooks, ntm_receive_hook_count);
	return err;
}

static void ntm_dellink(struct net_device *dev, struct list_head *head)
{
	struct ntm_net *own = net_generic(dev_net(dev), ntm_net_id);
	struct ntm_dev *ntm = netdev_priv(dev);

	list_del_rcu(&ntm->list);
	if (list_empty(&own->devices))
		nf_unregister_net_hooks(dev_net(dev), ntm_receive_hooks, ntm_receive_hook_count);
	unregister_netdevice_queue(dev, head);
}

struct rtnl_link_ops ntm_link_ops __read_mostly = {
	.kind		= "ntmobile",
	.priv_size	= sizeof(struct ntm_dev),
	.setup		= ntm_dev_setup,
	.newlink	= ntm_newlink,
	.dellink	= ntm_dellink,
};

static int __net_init ntm_net_init(struct net *net)
{
	struct ntm_net *own = net_generic(net, ntm_net_id);

	INIT_LIST_HEAD(&own->devices);
	return 0;
}

static struct pernet_operations ntm_net_ops = {
	.init	= ntm_net_init,
	.id	= &ntm_net_id,
	.size	= sizeof(struct ntm_net),
};

int ntm_dev_init(void)
{
	int err = register_pernet_subsys(&ntm_net_ops);

	if (err)
		return err;
	err = rtnl_link_register(&ntm_link_ops);
	if (err)
		unregister_pernet_subsys(&ntm_net_ops);
	return err;
}

void ntm_dev_exit(void)
{
	rtnl_link_unregister(&ntm_link_ops);
	unregister_pernet_subsys(&ntm_net_ops);
	rcu_barrier();
}
