// SPDX-License-Identifier: GPL-2.0-only
/* Load and unload, in order and in reverse. */
#include <linux/module.h>
#include "cache.h"
#include "netlink.h"
#include "seal.h"

static int __init ntm_init(void)
{
	int err = ntm_aes_init();

	if (err)
		return err;
	err = ntm_selftest();
	if (err)
		goto aes_exit;
	ntm_keys_init();
	err = ntm_caches_init();
	if (err)
		goto aes_exit;
	err = ntm_dev_init();
	if (err)
		goto caches_exit;
	err = ntm_netlink_init();
	if (err)
		goto dev_exit;
	return 0;
dev_exit:
	ntm_dev_exit();
caches_exit:
	ntm_caches_exit();
aes_exit:
	ntm_aes_exit();
	return err;
}

static void __exit ntm_exit(void)
{
	ntm_netlink_exit();
	ntm_dev_exit();
	ntm_caches_exit();
	ntm_aes_exit();
}

module_init(ntm_init);
module_exit(ntm_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("NTMobile data path");
MODULE_ALIAS_RTNL_LINK("ntmobile");
MODULE_SOFTDEP("pre: gcm");
MODULE_ALIAS_GENL_FAMILY(NTMOBILE_FAMILY_NAME);
