// SPDX-License-Identifier: GPL-2.0-only
/* The tables by Path ID, for paths and relayed paths alike, and their idle time. */
#include "path.h"

/* Bounds the memory that a daemon can take; one for each device. */
static unsigned int max_entries = 200000;
module_param(max_entries, uint, 0644);
MODULE_PARM_DESC(max_entries, "Paths and relayed paths of one device");

const struct rhashtable_params ntm_entry_params = {
	.key_len = sizeof_field(struct ntm_entry, path_id),
	.key_offset = offsetof(struct ntm_entry, path_id),
	.head_offset = offsetof(struct ntm_entry, node),
	.automatic_shrinking = true,
};

int ntm_entries_init(struct ntm_dev *ntm)
{
	int kind, err;

	for (kind = 0; kind < NTM_ENTRY_KINDS; kind++) {
		err = rhashtable_init(&ntm->entries[kind], &ntm_entry_params);
		if (err)
			goto destroy;
	}
	return 0;
destroy:
	while (kind--)
		rhashtable_destroy(&ntm->entries[kind]);
	return err;
}

/* Nothing is in them any more. */
void ntm_entries_destroy(struct ntm_dev *ntm)
{
	int kind;

	for (kind = 0; kind < NTM_ENTRY_KINDS; kind++)
		rhashtable_destroy(&ntm->entries[kind]);
}

static void ntm_entry_idle(struct timer_list *timer)
{
	struct ntm_entry *entry = timer_container_of(entry, timer, idle_timer);
	unsigned long idle = msecs_to_jiffies(entry->idle_ms);
	unsigned long now = jiffies, next;
	bool is_idle;

	spin_lock(&entry->lock);
	is_idle = time_after_eq(now, entry->used_at + idle);
	next = is_idle ? now + idle / 2 : entry->used_at + idle;
	if (!entry->gone)
		mod_timer(&entry->idle_timer, max(next, now + 1));
	spin_unlock(&entry->lock);
	if (is_idle)
		ntm_notify_entry(entry, NTMOBILE_CMD_IDLE_NTF);
}

void ntm_entry_start_idle(struct ntm_entry *entry)
{
	entry->used_at = jiffies;
	timer_setup(&entry->idle_timer, ntm_entry_idle, 0);
	if (entry->idle_ms)
		mod_timer(&entry->idle_timer,
			  jiffies + msecs_to_jiffies(entry->idle_ms));
}

/**
 * ntm_entry_add - makes an entry findable
 * @ntm: its device, whose lock is held
 * @entry: not yet in the table
 * @extack: gets a sentence when it is refused
 *
 * Return: 0; -EEXIST when the Path ID is taken, -ENOSPC when the table is full.
 */
int ntm_entry_add(struct ntm_dev *ntm, struct ntm_entry *entry,
		  struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&ntm->lock);
	if (ntm->path_count + ntm->relay_count >= READ_ONCE(max_entries)) {
		NL_SET_ERR_MSG(extack, "the path table is full (module parameter max_entries)");
		return -ENOSPC;
	}
	err = xa_alloc_cyclic(&ntm->index, &entry->index, NULL, xa_limit_31b,
			      &ntm->next_index, GFP_KERNEL);
	if (err < 0)
		return err;
	err = rhashtable_lookup_insert_fast(&ntm->entries[entry->kind], &entry->node,
					    ntm_entry_params);
	if (err) {
		xa_erase(&ntm->index, entry->index);
		if (err == -EEXIST)
			NL_SET_ERR_MSG(extack, "this Path ID is taken");
		return err;
	}
	xa_store(&ntm->index, entry->index, entry, GFP_KERNEL);
	if (entry->kind == NTM_ENTRY_PATH)
		ntm->path_count++;
	else
		ntm->relay_count++;
	ntm_entry_start_idle(entry);
	return 0;
}

static void ntm_entry_free_rcu(struct rcu_head *rcu)
{
	struct ntm_entry *entry = container_of(rcu, struct ntm_entry, rcu);

	if (entry->kind == NTM_ENTRY_PATH)
		ntm_path_free(ntm_path_of(entry));
	else
		ntm_relay_free(ntm_relay_of(entry));
}

/* Deletes an entry; its device's lock is held. Packets under way may use it until RCU says no. */
void ntm_entry_del(struct ntm_entry *entry)
{
	struct ntm_dev *ntm = entry->ntm;

	lockdep_assert_held(&ntm->lock);
	rhashtable_remove_fast(&ntm->entries[entry->kind], &entry->node, ntm_entry_params);
	xa_erase(&ntm->index, entry->index);
	spin_lock_bh(&entry->lock);
	entry->gone = true;
	spin_unlock_bh(&entry->lock);
	timer_delete_sync(&entry->idle_timer);
	if (entry->kind == NTM_ENTRY_PATH) {
		timer_delete_sync(&ntm_path_of(entry)->silent_timer);
		ntm_path_detach(ntm_path_of(entry));
		ntm->path_count--;
	} else {
		ntm->relay_count--;
	}
	call_rcu(&entry->rcu, ntm_entry_free_rcu);
}

void ntm_entry_flush(struct ntm_dev *ntm)
{
	struct ntm_entry *entry;
	unsigned long index;

	lockdep_assert_held(&ntm->lock);
	xa_for_each(&ntm->index, index, entry)
		ntm_entry_del(entry);
}
