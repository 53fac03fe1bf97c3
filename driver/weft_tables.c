// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/slab.h>

#include "weft_device.h"
#include "weft_tables.h"

struct table {
	struct weft_pt_table t;
	struct weft_carve_block *mem;
	struct list_head link;
};

static struct weft_pt_table *alloc_table(void *ctx)
{
	struct weft_tables *ts = ctx;
	struct table *table = kvzalloc_obj(*table, GFP_KERNEL_ACCOUNT);

	if (!table) {
		ts->error = -ENOMEM;
		return NULL;
	}
	table->mem = weft_carve_alloc(ts->w, ts->f, sizeof(table->t.entry));
	if (IS_ERR(table->mem)) {
		ts->error = PTR_ERR(table->mem);
		kvfree(table);
		return NULL;
	}
	table->t.addr = table->mem->at;
	atomic_inc(&ts->w->counts.tables);
	return &table->t;
}

static void free_table(void *ctx, struct weft_pt_table *t)
{
	struct weft_tables *ts = ctx;

	list_add(&container_of(t, struct table, t)->link, &ts->dead);
}

static void write_entry(void *ctx, const struct weft_pt_table *t, unsigned int index, u64 entry)
{
	struct weft_tables *ts = ctx;

	/* Write-combining does not keep the order of stores; a link to a table must not overtake its entries. */
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
	INIT_LIST_HEAD(&t->dead);
	return weft_pt_init(&t->pt, &pt_ops, t) ? t->error : 0;
}

u64 weft_tables_root(const struct weft_tables *t)
{
	return t->pt.root->addr;
}

void weft_tables_release(struct weft_tables *t, bool stopped)
{
	struct table *table, *next;

	list_for_each_entry_safe(table, next, &t->dead, link) {
		list_del(&table->link);
		if (stopped)
			weft_carve_free(t->w, table->mem);
		else
			weft_carve_quarantine(t->w, table->mem);
		atomic_dec(&t->w->counts.tables);
		kvfree(table);
	}
}

void weft_tables_fini(struct weft_tables *t, bool stopped)
{
	weft_pt_fini(&t->pt);
	weft_tables_release(t, stopped);
}
