/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The only way from a virtual address to bytes: VA → page table → aperture → bus router → owner. No other file turns
 * an address of a packet, operand or list into a host pointer.
 *
 * Pointers are valid inside the unit in which they were asked for, and no longer: invalidation, unmapping and reset
 * wait for units only.
 */
#ifndef WCARD_ACCESS_H
#define WCARD_ACCESS_H

#include "machine.h"
#include "walk.h"

#define WCARD_TLB_4K		1024
#define WCARD_TLB_2M		256
#define WCARD_SINK_BYTES	(2u << 20)
#define WCARD_SPAN_RUNS		1024u		/* runs of pages one span looks up at most: a unit is bounded */
#define WCARD_VIEW_PIECES	256		/* mappings one unit makes */
#define WCARD_VIEW_POPULATE	(32u << 20)	/* bytes one unit populates: of 4 KiB pages some thousands */

struct wcard_tlb_entry {
	uint64_t vpn, as, pte;
	uint32_t gen, valid;
};

/* Contiguous host memory behind a virtual address. */
struct wcard_span {
	uint8_t *host;
	uint64_t bytes;
	int fd;				/* -1: sparse */
	uint64_t fd_offset;
	unsigned int link;		/* index of the counters */
	bool sparse;
	bool posted;			/* behind the bus: in the memory of `card`, NULL = the host's */
	struct wcard_card *card;
};

/* A range made contiguous: directly, or by mapping its pieces side by side. Kept over the units of one packet. */
struct wcard_view {
	uint64_t va, bytes;
	unsigned int access;
	uint32_t gen;
	uint64_t map_gen;
	uint8_t *ptr;			/* NULL until complete */
	uint8_t *reserved;		/* mapping to remove, or NULL, and its size */
	uint64_t reserved_bytes;
	uint8_t *alias;			/* where the page of va lies in it, and how far it is filled */
	uint64_t alias_done;
	uint64_t populated;		/* bytes from the page of ptr on */
	uint64_t link_bytes[WCARD_CNT_LINKS];
};

/* --weak: what an operator writes over links until the packet is over. Whatever is mapped meanwhile, it stays. */
struct wcard_stage {
	uint8_t *at;			/* NULL: none */
	uint64_t bytes, loaded, posted;
};

/* A leaf that control structures are read from, found once per unit. */
struct wcard_window {
	uint64_t va, bytes;		/* bytes 0: none */
	const uint8_t *host;
	unsigned int link;
	uint64_t fetched;		/* not yet counted */
};

/* What an engine thread needs to access memory for one queue. */
struct wcard_acc {
	struct wcard_engine *e;
	struct wcard_card *c;
	struct wcard_as *as;
	/* snapshot taken at the start of the unit */
	uint32_t gen;
	uint64_t map_gen;
	const struct wcard_dma_table *dma;
	const struct wcard_route *route;
	struct wcard_walk_mem mem;
	uint32_t link_off;
	uint64_t *dirty;		/* the queue's dirty_links; NULL: nobody asks. Also says whose access it is */
	uint64_t cells;			/* of local memory read, not yet counted */
	/* --weak: what the packet under way has written, weak.h */
	struct wcard_posted *staged, *staged_last;
	/* first failure */
	int fault;
	uint64_t fault_va;
};

struct wcard_tlb {
	_Atomic uint32_t unit;		/* odd while a unit is in flight */
	struct wcard_tlb_entry small[WCARD_TLB_4K], large[WCARD_TLB_2M];
	uint8_t *zeros, *sink;		/* behind sparse entries: WCARD_SINK_BYTES each */
};

/* Address spaces put things at round addresses: all bits of a page's number count. */
static inline struct wcard_tlb_entry *wcard_tlb_slot(struct wcard_tlb *t, uint64_t va, uint64_t as, bool large)
{
	uint64_t vpn = va >> (large ? WEFT_PAGE2M_SHIFT : WEFT_PAGE_SHIFT), h = vpn ^ vpn >> 10 ^ vpn >> 20 ^ vpn >> 30;

	return large ? &t->large[(h ^ as << 4) % WCARD_TLB_2M] : &t->small[(h ^ as << 6) % WCARD_TLB_4K];
}

int wcard_tlb_init(struct wcard_tlb *t);
void wcard_tlb_fini(struct wcard_tlb *t);
uint32_t wcard_engine_unit(struct wcard_machine *m, unsigned int engine);

void wcard_acc_begin(struct wcard_acc *a);
void wcard_acc_end(struct wcard_acc *a);

#define WCARD_ACC_READ		1	/* = WCARD_READ, WCARD_WRITE of ops.h */
#define WCARD_ACC_WRITE		2
#define WCARD_ACC_STAGED	4	/* of a view: what is written goes through a stage */

/*
 * A packet has succeeded, and what it wrote is on its way. wcard_acc_end does the same for the last one, and forgets what
 * a failed one wrote.
 */
void wcard_acc_post(struct wcard_acc *a);
static inline void wcard_acc_settle(struct wcard_acc *a)
{
	if (a->staged)
		wcard_acc_post(a);
}
/* No piece asked for since then was written further than `bytes`. */
void wcard_acc_trim(struct wcard_acc *a, uint64_t bytes);
/* What was written to the host is there. */
void wcard_acc_flush_host(struct wcard_acc *a);

/* The longest contiguous piece at the start of [va, va + bytes). 0 or enum weft_fault (also in a->fault). */
int wcard_acc_span(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access, struct wcard_span *out);
/* The same of memory that is kept or written otherwise than through this span: never staged. */
int wcard_acc_piece(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access, struct wcard_span *out);
/* Whether the whole range may be accessed so. */
int wcard_acc_check(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access);
/* Control structures (packets, operand entries, scalars): copies and counts as `dir`. */
int wcard_acc_load(struct wcard_acc *a, uint64_t va, void *to, unsigned int bytes, enum wcard_cnt_dir dir);
int wcard_acc_store(struct wcard_acc *a, uint64_t va, const void *from, unsigned int bytes);
/* As wcard_acc_load, for structures that lie close together; counts as FETCH, at the latest when closed. */
int wcard_acc_fetch(struct wcard_acc *a, struct wcard_window *w, uint64_t va, void *to, unsigned int bytes);
void wcard_window_close(struct wcard_acc *a, struct wcard_window *w);	/* before the unit ends */
/* A naturally aligned word of a control structure, to be loaded or stored as one; counts nothing. NULL: failed. */
void *wcard_acc_word(struct wcard_acc *a, uint64_t va, unsigned int bytes, unsigned int access);

/* A cell behind a virtual address; `card` says in whose local memory, NULL in nobody's. */
struct wcard_cell {
	struct weft_cell *at;
	struct wcard_card *card;
	uint64_t off;
	unsigned int link;		/* index of the counters */
};
enum wcard_cell_use { WCARD_CELL_WAIT, WCARD_CELL_SIGNAL, WCARD_CELL_ADD };
int wcard_acc_cell(struct wcard_acc *a, uint64_t va, enum wcard_cell_use use, struct wcard_cell *out);
/* Stores the words WEFT_SIG_* names, in their order. */
void wcard_acc_signal(struct wcard_acc *a, const struct wcard_cell *cell, unsigned int words, uint64_t value, uint64_t tag);
/* cell.c: the stores themselves. */
void wcard_cell_store(struct weft_cell *cell, unsigned int words, uint64_t value, uint64_t tag);
/* A cell of local memory by its offset. */
struct weft_cell *wcard_cell_at(struct wcard_card *c, uint64_t off);
/* Where in local memory `va` leads, outside units, by a leaf with all of `rights`. False: nowhere there. */
bool wcard_acc_local(struct wcard_card *c, const struct wcard_as *as, uint64_t va, uint64_t rights, uint64_t *off);
/* Reads the 8 bytes at a bus address, as a read request would. False: nobody answers. */
bool wcard_acc_bus_word(struct wcard_acc *a, uint64_t bus, uint64_t *word);

/*
 * view.c. Makes the range contiguous; `v` is zeroed before first use and kept until wcard_view_drop. Counts nothing. A range of
 * many pieces takes many units: until then WCARD_VIEW_MORE.
 */
#define WCARD_VIEW_MORE		(-1)
int wcard_acc_view(struct wcard_acc *a, struct wcard_view *v, uint64_t va, uint64_t bytes, unsigned int access);
/*
 * Has the kernel map the pages of a complete view, which a unit that touches very many of them has no time for: 0, or
 * WCARD_VIEW_MORE.
 */
int wcard_view_populate(struct wcard_view *v);
void wcard_view_drop(struct wcard_view *v);
/* Counts the share of unit `unit` of `n` in a complete view as read or written. */
void wcard_acc_count_view(struct wcard_acc *a, const struct wcard_view *v, uint64_t unit, uint64_t n);
/*
 * Gives a complete view that is written over links memory of its own to be written to, with what lies there when it is
 * read too; and sends that on its way when the operator is done. In as many units as it takes: 0, WCARD_VIEW_MORE or
 * enum weft_fault. Memory that a link came to lead to after the operator had begun gets none, and is written directly.
 */
int wcard_stage_open(struct wcard_acc *a, struct wcard_stage *st, const struct wcard_view *v, bool begin);
int wcard_stage_post(struct wcard_acc *a, struct wcard_stage *st, uint64_t va);
void wcard_stage_drop(struct wcard_stage *st);
void wcard_acc_count(struct wcard_acc *a, unsigned int link, enum wcard_cnt_dir dir, uint64_t bytes);
/* Cells of local memory that were read, at the latest when the unit ends: there can be many. */
static inline void wcard_acc_count_cells(struct wcard_acc *a)
{
	if (a->cells)
		wcard_acc_count(a, WCARD_CNT_LOCAL, WCARD_CNT_CELL_READ, a->cells);
	a->cells = 0;
}
int wcard_acc_fault(struct wcard_acc *a, int fault, uint64_t va);

/* Carve-out structures named by offset: rings, states, images. NULL when [off, off + bytes) is not in the carve-out. */
void *wcard_carveout(struct wcard_card *c, uint64_t off, uint64_t bytes);

#endif
