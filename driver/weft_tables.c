// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_tables.h"

#define MANY	16	/* tables whose room is looked for first */
#define POOLED	3	/* one per level below the root: what a bind of one page needs at most */

struct table {
	struct weft_pt_table t;
	struct weft_carve_block *mem;
	struct list_head link;
};

static struct table *make(struct weft_tables *ts)
{
	struct table *table = kvzalloc_obj(*table, GFP_KERNEL_ACCOUNT);

	if (!table)
		return ERR_PTR(-ENOMEM);
	table->mem = weft_carve_alloc(ts->w, ts->f, sizeof(table->t.entry));
	if (IS_ERR(table->mem)) {
		struct table *err = ERR_CAST(table->mem);

		kvfree(table);
		return err;
	}
	table->t.addr = table->mem->at;
	atomic_inc(&ts->w->counts.tables);
	return table;
}

static struct weft_pt_table *alloc_table(void *ctx)
{
	struct weft_tables *ts = ctx;
	struct table *table;

	if (ts->spare) {
		table = list_first_entry_or_null(ts->spare, struct table, link);
		if (table)
			list_del(&table->link);
		else
			table = ERR_PTR(-ENOMEM);
	} else {
		table = make(ts);
	}
	if (!IS_ERR(table))
		return &table->t;
	ts->error = PTR_ERR(table);
	return NULL;
}

static void free_table(void *ctx, struct weft_pt_table *t)
{
	struct weft_tables *ts = ctx;

	list_add(&container_of(t, struct table, t)->link, &ts->dead);
}

static void write_entry(void *ctx, const struct weft_pt_table *t, unsigned int index, u64 entry)
{
	struct weft_tables *ts = ctx;

	/*
	 * Spaces end, and imports are taken away, in a reset too. It takes bind_lock after the
	 * generation has changed, so that none of those who still found the old one writes later.
	 */
	if (READ_ONCE(ts->w->gen) != ts->gen)
		return;
	/* Write-combining does not order stores; a table's link must not overtake its entries. */
	if ((entry & (WEFT_PTE_VALID | WEFT_PTE_LEAF)) == WEFT_PTE_VALID)
		weft_mmio_flush_writes();
	weft_mmio_lmem_write64(ts->w, t->addr + 8 * index, entry);
}

static const struct weft_pt_ops pt_ops = {
	.alloc_table = alloc_table,
	.free_table = free_table,
	.write_entry = write_entry,
};

int weft_tables_init(struct weft_tables *t, struct weft_device *w, struct weft_file *f)
{
	t->w = w;
	t->f = f;
	t->gen = READ_ONCE(w->gen);
	INIT_LIST_HEAD(&t->dead);
	INIT_LIST_HEAD(&t->pool);
	spin_lock_init(&t->pool_lock);
	return weft_pt_init(&t->pt, &pt_ops, t) ? t->error : 0;
}

u64 weft_tables_root(const struct weft_tables *t)
{
	return t->pt.root->addr;
}

int weft_tables_prepare(struct weft_tables *ts, u64 count, struct list_head *spare)
{
	struct table *table;

	spin_lock(&ts->pool_lock);
	while (count && (table = list_first_entry_or_null(&ts->pool, struct table, link))) {
		list_move(&table->link, spare);
		ts->pooled--;
		count--;
	}
	spin_unlock(&ts->pool_lock);
	/* What no quota has room for is refused before thousands are made in vain. */
	if (ts->f && count > MANY) {
		int ret = weft_file_charge(ts->f, DRM_WEFT_QUOTA_TABLES, count * SZ_4K);

		if (ret)
			return ret;
		weft_file_uncharge(ts->f, DRM_WEFT_QUOTA_TABLES, count * SZ_4K);
	}
	while (count--) {
		if (fatal_signal_pending(current))
			return -EINTR;
		table = make(ts);
		if (IS_ERR(table))
			return PTR_ERR(table);
		list_add(&table->link, spare);
		cond_resched();
	}
	/* Zeroed through write-combining buffers of this processor, and linked by another. */
	weft_mmio_flush_writes();
	return 0;
}

void weft_tables_unprepare(struct weft_tables *ts, struct list_head *spare)
{
	struct table *table, *next;

	spin_lock(&ts->pool_lock);
	list_for_each_entry_safe(table, next, spare, link) {
		if (ts->pooled == POOLED)
			break;
		list_move(&table->link, &ts->pool);
		ts->pooled++;
	}
	spin_unlock(&ts->pool_lock);
	weft_tables_free(ts, spare, true);
}

void weft_tables_take_dead(struct weft_tables *ts, struct list_head *dead)
{
	list_splice_init(&ts->dead, dead);
}

void weft_tables_free(struct weft_tables *ts, struct list_head *dead, bool stopped)
{
	struct table *table, *next;

	list_for_each_entry_safe(table, next, dead, link) {
		list_del(&table->link);
		if (stopped)
			weft_carve_free(ts->w, table->mem);
		else
			weft_carve_quarantine(ts->w, table->mem);
		atomic_dec(&ts->w->counts.tables);
		kvfree(table);
	}
}

void weft_tables_fini(struct weft_tables *t, bool stopped)
{
	LIST_HEAD(pool);

	weft_pt_fini(&t->pt);
	/* Full from here on: a bind that was prepared and comes too late keeps nothing here. */
	spin_lock(&t->pool_lock);
	list_splice_init(&t->pool, &pool);
	t->pooled = POOLED;
	spin_unlock(&t->pool_lock);
	weft_tables_free(t, &pool, true);
	weft_tables_free(t, &t->dead, stopped);
}
