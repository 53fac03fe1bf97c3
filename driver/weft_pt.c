// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include "weft_pt.h"

#define LEAF_2M		1	/* level of a 2 MiB leaf */
#define NO_TABLE	((struct weft_pt_table *)0)	/* user space has no NULL in linux/ */

static unsigned int index_of(__u64 va, unsigned int level)
{
	return (va >> WEFT_PT_SHIFT(level)) & (WEFT_PT_ENTRIES - 1);
}

static __u64 span_of(unsigned int level)
{
	return (__u64)1 << WEFT_PT_SHIFT(level);
}

static int is_leaf(__u64 entry)
{
	return (entry & (WEFT_PTE_VALID | WEFT_PTE_LEAF)) == (WEFT_PTE_VALID | WEFT_PTE_LEAF);
}

static void set_entry(struct weft_pt *pt, struct weft_pt_table *table, unsigned int index,
		      __u64 entry, struct weft_pt_table *child)
{
	table->used += !!(entry & WEFT_PTE_VALID);
	table->used -= !!(table->entry[index] & WEFT_PTE_VALID);
	table->entry[index] = entry;
	table->child[index] = child;
	pt->ops->write_entry(pt->ctx, table, index, entry);
}

static __u64 table_entry(const struct weft_pt_table *table)
{
	return table->addr | WEFT_PTE_VALID;
}

static struct weft_pt_table *new_table(struct weft_pt *pt, unsigned int level)
{
	struct weft_pt_table *table = pt->ops->alloc_table(pt->ctx);

	if (table) {
		table->level = level;
		table->used = 0;
	}
	return table;
}

static int is_sparse(__u64 leaf)
{
	return (leaf & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT == WEFT_APERTURE_SPARSE;
}

/* The address of a leaf moves on with the range, except that a sparse one has none. */
static __u64 leaf_at(__u64 leaf, __u64 offset)
{
	return is_sparse(leaf) ? leaf : leaf + offset;
}

static int fits_2m(__u64 va, __u64 bytes, __u64 leaf)
{
	return ((va | (leaf & WEFT_PTE_ADDR_MASK)) & (WEFT_PAGE2M_BYTES - 1)) == 0 &&
	       bytes >= WEFT_PAGE2M_BYTES;
}

static int map_level(struct weft_pt *pt, struct weft_pt_table *table, __u64 va, __u64 bytes,
		     __u64 leaf)
{
	__u64 span = span_of(table->level);

	while (bytes) {
		__u64 part = span - (va & (span - 1));
		unsigned int i = index_of(va, table->level);

		if (part > bytes)
			part = bytes;
		if (table->level == 0 ||
		    (table->level == LEAF_2M && !table->child[i] && fits_2m(va, bytes, leaf))) {
			set_entry(pt, table, i, leaf | WEFT_PTE_VALID | WEFT_PTE_LEAF, NO_TABLE);
		} else {
			struct weft_pt_table *child = table->child[i];
			int fresh = !child;

			if (fresh)
				child = new_table(pt, table->level - 1);
			if (!child)
				return -1;
			/* A failure below a fresh table leaves it linked: clearing finds it. */
			if (map_level(pt, child, va, part, leaf)) {
				if (fresh && !child->used)
					pt->ops->free_table(pt->ctx, child);
				else if (fresh)
					set_entry(pt, table, i, table_entry(child), child);
				return -1;
			}
			if (fresh)
				set_entry(pt, table, i, table_entry(child), child);
		}
		va += part;
		bytes -= part;
		leaf = leaf_at(leaf, part);
	}
	return 0;
}

static __u64 clear_level(struct weft_pt *pt, struct weft_pt_table *table, __u64 va, __u64 bytes)
{
	__u64 span = span_of(table->level), cleared = 0;

	while (bytes) {
		__u64 part = span - (va & (span - 1));
		unsigned int i = index_of(va, table->level);
		struct weft_pt_table *child = table->child[i];

		if (part > bytes)
			part = bytes;
		if (child) {
			cleared += clear_level(pt, child, va, part);
			if (!child->used) {
				set_entry(pt, table, i, 0, NO_TABLE);
				pt->ops->free_table(pt->ctx, child);
			}
		} else if (table->entry[i] & WEFT_PTE_VALID) {
			set_entry(pt, table, i, 0, NO_TABLE);
			cleared++;
		}
		va += part;
		bytes -= part;
	}
	return cleared;
}

static void free_level(struct weft_pt *pt, struct weft_pt_table *table)
{
	unsigned int i;

	for (i = 0; table->level && i < WEFT_PT_ENTRIES; i++)
		if (table->child[i])
			free_level(pt, table->child[i]);
	pt->ops->free_table(pt->ctx, table);
}

int weft_pt_init(struct weft_pt *pt, const struct weft_pt_ops *ops, void *ctx)
{
	pt->ops = ops;
	pt->ctx = ctx;
	pt->root = new_table(pt, WEFT_PT_LEVELS - 1);
	return pt->root ? 0 : -1;
}

void weft_pt_fini(struct weft_pt *pt)
{
	if (pt->root)
		free_level(pt, pt->root);
	pt->root = NO_TABLE;
}

int weft_pt_map(struct weft_pt *pt, __u64 va, __u64 bytes, __u64 leaf)
{
	return map_level(pt, pt->root, va, bytes, leaf);
}

static void count_spans(struct weft_pt_need *need, unsigned int level, __u64 first, __u64 last)
{
	if (first < need->next[level])
		first = need->next[level];
	if (first > last)
		return;
	need->tables += last - first + 1;
	need->next[level] = last + 1;
}

void weft_pt_count(struct weft_pt_need *need, __u64 va, __u64 bytes, __u64 leaf)
{
	const __u64 in_2m = WEFT_PAGE2M_BYTES - 1;
	__u64 end = va + bytes, first = va >> WEFT_PAGE2M_SHIFT;
	__u64 last = (end - 1) >> WEFT_PAGE2M_SHIFT;
	unsigned int level;

	for (level = LEAF_2M; level < WEFT_PT_LEVELS - 1; level++)
		count_spans(need, level, va >> WEFT_PT_SHIFT(level + 1),
			    (end - 1) >> WEFT_PT_SHIFT(level + 1));
	/* Large leaves in between take an address that lies like the range; sparse ones none. */
	if (!is_sparse(leaf) && (va ^ (leaf & WEFT_PTE_ADDR_MASK)) & in_2m) {
		count_spans(need, 0, first, last);
		return;
	}
	if (va & in_2m)
		count_spans(need, 0, first, first);
	if (end & in_2m)
		count_spans(need, 0, last, last);
}

__u64 weft_pt_clear(struct weft_pt *pt, __u64 va, __u64 bytes)
{
	return clear_level(pt, pt->root, va, bytes);
}

/* Table at @level on the way to @va, or the lowest one above it. */
static struct weft_pt_table *walk(const struct weft_pt *pt, __u64 va, unsigned int level)
{
	struct weft_pt_table *table = pt->root;

	while (table->level > level && table->child[index_of(va, table->level)])
		table = table->child[index_of(va, table->level)];
	return table;
}

int weft_pt_split(struct weft_pt *pt, __u64 va)
{
	struct weft_pt_table *table, *child;
	unsigned int i, j;
	__u64 leaf;

	if ((va & (WEFT_PAGE2M_BYTES - 1)) == 0)
		return 0;
	table = walk(pt, va, LEAF_2M);
	i = index_of(va, table->level);
	if (table->level != LEAF_2M || !is_leaf(table->entry[i]))
		return 0;
	child = new_table(pt, LEAF_2M - 1);
	if (!child)
		return -1;
	leaf = table->entry[i];
	for (j = 0; j < WEFT_PT_ENTRIES; j++)
		set_entry(pt, child, j, leaf_at(leaf, (__u64)j << WEFT_PAGE_SHIFT), NO_TABLE);
	set_entry(pt, table, i, table_entry(child), child);
	return 1;
}

__u64 weft_pt_lookup(const struct weft_pt *pt, __u64 va)
{
	struct weft_pt_table *table = walk(pt, va, 0);
	__u64 entry = table->entry[index_of(va, table->level)];

	return is_leaf(entry) ? entry : 0;
}
