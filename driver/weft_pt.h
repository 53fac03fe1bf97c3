/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Page-table builder. Pure: it knows the entry format and nothing of Linux, so unit tests compile
 * it in user space. The outside world is struct weft_pt_ops. Every table has a shadow in host
 * memory, therefore the card's copy is only ever written, by single 8-byte stores, children before
 * parents.
 *
 * The caller serialises all calls on one struct weft_pt and does the invalidates: after
 * weft_pt_clear() and weft_pt_split() the card may still use old entries and old tables until its
 * translations are invalidated, so ->free_table() must only put tables aside until then.
 */
#ifndef WEFT_PT_H
#define WEFT_PT_H

#include <linux/types.h>

#include <firmware/abi/pte.h>

/**
 * struct weft_pt_table - one table
 * @addr: local-memory offset of the card's copy, set by ->alloc_table()
 * @level: 3 (root) … 0
 * @used: valid entries
 * @entry: what the card's copy holds
 * @child: tables below, NULL where @entry is invalid or a leaf; unused at level 0
 */
struct weft_pt_table {
	__u64 addr;
	__u32 level;
	__u32 used;
	__u64 entry[WEFT_PT_ENTRIES];
	struct weft_pt_table *child[WEFT_PT_ENTRIES];
};

/**
 * struct weft_pt_ops - how tables come, go and are written
 * @alloc_table: zeroed struct with @addr of a zeroed page, NULL when there is none
 * @free_table: takes back a table no entry points to any more; never fails, does not allocate
 * @write_entry: one 8-byte store to entry @index of the card's copy, ordered after earlier ones
 */
struct weft_pt_ops {
	struct weft_pt_table *(*alloc_table)(void *ctx);
	void (*free_table)(void *ctx, struct weft_pt_table *table);
	void (*write_entry)(void *ctx, const struct weft_pt_table *table, unsigned int index,
			    __u64 entry);
};

/** struct weft_pt - a page table: @root always present between init and fini */
struct weft_pt {
	const struct weft_pt_ops *ops;
	void *ctx;
	struct weft_pt_table *root;
};

/* Returns 0 or -1 (no memory). */
int weft_pt_init(struct weft_pt *pt, const struct weft_pt_ops *ops, void *ctx);

/* Frees every table, without writing entries: the card must not use the address space any more. */
void weft_pt_fini(struct weft_pt *pt);

/**
 * weft_pt_map() - make a range valid
 * @va: first address, 4 KiB aligned
 * @bytes: length, multiple of 4 KiB, > 0, va + bytes <= 2^48
 * @leaf: entry of the first page without VALID and LEAF: address, aperture, link, permissions
 *
 * Uses 2 MiB leaves where address, range and length allow. Entries of the range must be invalid. On
 * failure (-1, no memory) the part already mapped stays: the caller clears the range and
 * invalidates.
 */
int weft_pt_map(struct weft_pt *pt, __u64 va, __u64 bytes, __u64 leaf);

/**
 * struct weft_pt_need - tables that a mapping takes at most; zeroed before the first piece
 * @next: for each level below the root, the first span of a table not counted yet
 * @tables: so far
 */
struct weft_pt_need {
	__u64 next[WEFT_PT_LEVELS - 1];
	__u64 tables;
};

/* Adds a piece, as weft_pt_map() will be called with it; pieces come in order of address. */
void weft_pt_count(struct weft_pt_need *need, __u64 va, __u64 bytes, __u64 leaf);

/**
 * weft_pt_split() - make sure that no 2 MiB leaf reaches over an address
 *
 * Returns 0 (nothing to do), 1 (a leaf was replaced by an equivalent table; invalidate) or -1.
 */
int weft_pt_split(struct weft_pt *pt, __u64 va);

/**
 * weft_pt_clear() - make a range invalid and give back tables that became empty
 *
 * No 2 MiB leaf may reach over either end; see weft_pt_split(). Never fails, allocates nothing.
 * Returns the number of leaves cleared; the caller invalidates when it is not 0.
 */
__u64 weft_pt_clear(struct weft_pt *pt, __u64 va, __u64 bytes);

/* Leaf entry that translates @va, or 0. */
__u64 weft_pt_lookup(const struct weft_pt *pt, __u64 va);

#endif
