// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "access.h"
#include "bus.h"
#include "defect.h"
#include "engine.h"
#include "weak.h"

int wcard_tlb_init(struct wcard_tlb *t)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	memset(t, 0, sizeof(*t));
	t->zeros = mmap(NULL, WCARD_SINK_BYTES, PROT_READ, flags, -1, 0);
	t->sink = mmap(NULL, WCARD_SINK_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
	return t->zeros == MAP_FAILED || t->sink == MAP_FAILED ? -ENOMEM : 0;
}

void wcard_tlb_fini(struct wcard_tlb *t)
{
	munmap(t->zeros, WCARD_SINK_BYTES);
	munmap(t->sink, WCARD_SINK_BYTES);
}

uint32_t wcard_engine_unit(struct wcard_machine *m, unsigned int engine)
{
	return atomic_load(&m->engine[engine].tlb.unit);
}

/*
 * Everything a unit relies on is read after `unit` became odd. Who changes something publishes it first and then looks
 * at `unit`: either it sees this unit and waits for it, or this unit sees the change.
 */
void wcard_acc_begin(struct wcard_acc *a)
{
	struct wcard_tlb *t = &a->e->tlb;

	atomic_fetch_add(&t->unit, 1);
	a->gen = atomic_load(&a->as->gen);
	a->map_gen = atomic_load(&a->c->m->map_gen);
	a->dma = atomic_load(&a->c->dma);
	a->route = atomic_load(&a->c->m->route);
	a->mem.lmem = a->c->lmem;
	a->mem.bytes = a->c->lmem_bytes;
	a->mem.user_limit = atomic_load(&a->c->user_limit);
	a->mem.links = WCARD_NUM_LINKS;
	a->link_off = atomic_load(&a->c->link_off) | atomic_load(&a->c->inject.links);
	a->fault = WEFT_FAULT_NONE;
	a->fault_va = 0;
}

void wcard_acc_post(struct wcard_acc *a)
{
	wcard_weak_settle(a, true);
}

void wcard_acc_trim(struct wcard_acc *a, uint64_t bytes)
{
	if (a->staged)
		wcard_weak_trim(a, bytes);
}

/* A read does not pass the writes of its queue's earlier packets to the same destination. */
static void arrive(struct wcard_acc *a, struct wcard_card *to)
{
	if (a->c->m->weak)
		wcard_weak_arrive(a, to);
}

void wcard_acc_flush_host(struct wcard_acc *a)
{
	if (a->c->m->weak)
		wcard_weak_flush(a->c, NULL);
}

void wcard_acc_end(struct wcard_acc *a)
{
	if (a->staged)
		wcard_weak_settle(a, !a->fault);
	wcard_acc_count_cells(a);
	atomic_fetch_add_explicit(&a->e->tlb.unit, 1, memory_order_release);
}

int wcard_acc_fault(struct wcard_acc *a, int fault, uint64_t va)
{
	if (!a->fault) {
		a->fault = fault;
		a->fault_va = va;
	}
	return fault;
}

static int lookup(struct wcard_acc *a, uint64_t va, struct wcard_walk_result *w)
{
	struct wcard_tlb *t = &a->e->tlb;
	uint64_t as = wcard_asid_key(a->c, a->as->id);
	struct wcard_tlb_entry *e;
	int fault;

	e = wcard_tlb_slot(t, va, as, true);
	if (e->valid && e->vpn == va >> WEFT_PAGE2M_SHIFT && e->as == as &&
	    (e->gen == a->gen || WCARD_BROKEN(tlb_keeps_large))) {
		w->pte = e->pte;
		w->shift = WEFT_PAGE2M_SHIFT;
		return 0;
	}
	e = wcard_tlb_slot(t, va, as, false);
	if (e->valid && e->vpn == va >> WEFT_PAGE_SHIFT && e->as == as && e->gen == a->gen) {
		w->pte = e->pte;
		w->shift = WEFT_PAGE_SHIFT;
		return 0;
	}
	atomic_fetch_add_explicit(&a->c->walks, 1, memory_order_relaxed);
	fault = wcard_walk(&a->mem, a->as->root, va, w);
	if (fault == WEFT_FAULT_PT_INVALID && WCARD_BROKEN(tlb_keeps_invalid))
		*e = (struct wcard_tlb_entry){ .vpn = va >> WEFT_PAGE_SHIFT, .as = as, .gen = a->gen, .valid = 1 };
	if (fault)
		return fault;
	if (w->shift == WEFT_PAGE2M_SHIFT)
		e = wcard_tlb_slot(t, va, as, true);
	*e = (struct wcard_tlb_entry){ .vpn = va >> w->shift, .as = as, .pte = w->pte, .gen = a->gen, .valid = 1 };
	return 0;
}

static unsigned int link_of(uint64_t pte)
{
	return (unsigned int)((pte & WEFT_PTE_LINK_MASK) >> WEFT_PTE_LINK_SHIFT);
}

static bool link_is_off(const struct wcard_acc *a, uint64_t pte)
{
	return a->link_off >> link_of(pte) & 1;
}

/* As many pages as follow each other, less when the bus answers with less; `bytes` are enough. */
static int find_piece(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access, struct wcard_span *out)
{
	struct wcard_walk_result w;
	struct wcard_target t;
	uint64_t in_page, left, addr;
	int fault;

	if (va >> WEFT_VA_BITS)
		return WEFT_FAULT_PT_RANGE;
	fault = lookup(a, va, &w);
	if (!fault)
		fault = wcard_walk_rights(w.pte, access & WCARD_ACC_READ, access & WCARD_ACC_WRITE);
	if (fault)
		return fault;
	in_page = va & ((UINT64_C(1) << w.shift) - 1);
	left = (UINT64_C(1) << w.shift) - in_page;
	addr = (w.pte & WEFT_PTE_ADDR_MASK) + in_page;
	out->sparse = false;
	out->posted = false;
	switch ((w.pte & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT) {
	case WEFT_APERTURE_LOCAL:
		left = wcard_walk_run(&a->mem, a->as->root, va, &w, bytes);
		out->host = a->c->lmem + addr;
		out->bytes = left;
		out->fd = a->c->lmem_fd;
		out->fd_offset = addr;
		out->link = WCARD_CNT_LOCAL;
		return 0;
	case WEFT_APERTURE_BUS:
		if (link_is_off(a, w.pte))
			return WEFT_FAULT_LINK_DOWN;
		if (WCARD_BROKEN(link_mask_no_wait))
			wcard_defect_dawdle();
		if (!wcard_bus_find(a->c, a->dma, a->route, addr, access & WCARD_ACC_WRITE, &t))
			return WEFT_FAULT_BUS;
		left = wcard_walk_run(&a->mem, a->as->root, va, &w, bytes);
		out->host = t.host;
		out->bytes = t.bytes < left ? t.bytes : left;
		out->fd = t.fd;
		out->fd_offset = t.fd_offset;
		out->link = link_of(w.pte);
		out->posted = true;
		out->card = t.card;
		if (access & WCARD_ACC_READ)
			arrive(a, t.card);
		return 0;
	default:
		out->sparse = true;
		out->host = (access & WCARD_ACC_WRITE ? a->e->tlb.sink : a->e->tlb.zeros) + in_page;
		out->bytes = left;
		out->fd = -1;
		out->link = WCARD_CNT_LINKS;
		return 0;
	}
}

static inline int piece(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access, struct wcard_span *out)
{
	int fault = find_piece(a, va, bytes, access, out);

	if (__builtin_expect(atomic_load_explicit(&a->c->m->memory_errors, memory_order_relaxed), 0) && !fault)
		fault = wcard_inject_access(a->c, out);
	return fault;
}

/* What was written to SPARSE, by whatever space, is not there when it is read. */
static void sparse_zero(const struct wcard_span *s, unsigned int access)
{
	if (s->sparse && (access & WCARD_ACC_READ) && (access & WCARD_ACC_WRITE) && !WCARD_BROKEN(sparse_keeps))
		memset(s->host, 0, s->bytes);
}

static int contiguous(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access, struct wcard_span *out)
{
	struct wcard_span next;
	unsigned int runs = 1;
	int fault = piece(a, va, bytes, access, out);

	if (fault) {
		if (fault == WEFT_FAULT_ECC)
			wcard_inject_met(a->c, out);
		return wcard_acc_fault(a, fault, va);
	}
	while (out->bytes < bytes && runs++ < WCARD_SPAN_RUNS && !out->sparse) {
		/* A fault further on belongs to the piece that starts there. */
		if (piece(a, va + out->bytes, bytes - out->bytes, access, &next) || next.sparse || next.link != out->link ||
		    next.host != out->host + out->bytes || next.fd != out->fd)
			break;
		out->bytes += next.bytes;
	}
	if (out->bytes > bytes)
		out->bytes = bytes;
	sparse_zero(out, access);
	return 0;
}

/* What is written there goes by no queue, and has to come after what is still in one. */
static void direct(struct wcard_acc *a, const struct wcard_span *s, unsigned int access)
{
	if (s->posted && (access & WCARD_ACC_WRITE) && !(access & WCARD_ACC_STAGED))
		arrive(a, s->card);
}

int wcard_acc_span(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access, struct wcard_span *out)
{
	int fault = contiguous(a, va, bytes, access, out);
	uint8_t *p = NULL;

	if (fault || !a->c->m->weak || !out->posted || !(access & WCARD_ACC_WRITE))
		return fault;
	if (!(access & WCARD_ACC_READ))
		p = wcard_weak_stage(a, out->card, out->host, out->bytes);
	if (p)
		out->host = p;
	else
		direct(a, out, access);
	return 0;
}

int wcard_acc_piece(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access, struct wcard_span *out)
{
	int fault = contiguous(a, va, bytes, access, out);

	if (!fault)
		direct(a, out, access);
	return fault;
}

int wcard_acc_check(struct wcard_acc *a, uint64_t va, uint64_t bytes, unsigned int access)
{
	struct wcard_span s;

	while (bytes) {
		int fault = contiguous(a, va, bytes, access, &s);

		if (fault)
			return fault;
		va += s.bytes;
		bytes -= s.bytes;
	}
	return 0;
}

void wcard_acc_count(struct wcard_acc *a, unsigned int link, enum wcard_cnt_dir dir, uint64_t bytes)
{
	if (link >= WCARD_CNT_LINKS)
		return;
	atomic_fetch_add_explicit(&a->as->cnt->bytes[dir][link], bytes, memory_order_relaxed);
	atomic_fetch_add_explicit(&a->c->all.bytes[dir][link], bytes, memory_order_relaxed);
	if (link < WCARD_NUM_LINKS && a->dirty &&
	    (dir == WCARD_CNT_WRITE || (dir == WCARD_CNT_CELL_WRITE && !WCARD_BROKEN(signal_not_dirty))))
		*a->dirty |= UINT64_C(1) << link;
}

int wcard_acc_load(struct wcard_acc *a, uint64_t va, void *to, unsigned int bytes, enum wcard_cnt_dir dir)
{
	uint8_t *p = to;
	struct wcard_span s;

	while (bytes) {
		int fault = wcard_acc_span(a, va, bytes, WCARD_ACC_READ, &s);

		if (fault)
			return fault;
		memcpy(p, s.host, s.bytes);
		wcard_acc_count(a, s.link, dir, s.bytes);
		p += s.bytes;
		va += s.bytes;
		bytes -= (unsigned int)s.bytes;
	}
	return 0;
}

int wcard_acc_store(struct wcard_acc *a, uint64_t va, const void *from, unsigned int bytes)
{
	const uint8_t *p = from;
	struct wcard_span s;
	int fault = wcard_acc_check(a, va, bytes, WCARD_ACC_WRITE);

	while (!fault && bytes) {
		fault = wcard_acc_span(a, va, bytes, WCARD_ACC_WRITE, &s);
		if (fault)
			break;
		memcpy(s.host, p, s.bytes);
		wcard_acc_count(a, s.link, WCARD_CNT_WRITE, s.bytes);
		p += s.bytes;
		va += s.bytes;
		bytes -= (unsigned int)s.bytes;
	}
	return fault;
}

void wcard_window_close(struct wcard_acc *a, struct wcard_window *w)
{
	if (w->fetched)
		wcard_acc_count(a, w->link, WCARD_CNT_FETCH, w->fetched);
	w->fetched = 0;
	w->bytes = 0;
}

int wcard_acc_fetch(struct wcard_acc *a, struct wcard_window *w, uint64_t va, void *to, unsigned int bytes)
{
	uint64_t at = va - w->va;

	if (at >= w->bytes || w->bytes - at < bytes) {
		struct wcard_span s;
		int fault;

		wcard_window_close(a, w);
		at = va & (WEFT_PAGE_BYTES - 1);
		fault = piece(a, va - at, WEFT_PAGE_BYTES, WCARD_ACC_READ, &s);
		if (fault == WEFT_FAULT_ECC && !WCARD_BROKEN(ecc_fetch_untold))
			wcard_inject_met(a->c, &s);
		if (fault)
			return wcard_acc_fault(a, fault, va);
		if (s.bytes < at + bytes)
			return wcard_acc_load(a, va, to, bytes, WCARD_CNT_FETCH);
		w->va = va - at;
		w->bytes = s.bytes;
		w->host = s.host;
		w->link = s.link;
	}
	if (bytes == WEFT_PACKET_BYTES)
		memcpy(to, w->host + at, WEFT_PACKET_BYTES);	/* one every few nanoseconds: not by a call */
	else
		memcpy(to, w->host + at, bytes);
	w->fetched += bytes;
	return 0;
}

void *wcard_acc_word(struct wcard_acc *a, uint64_t va, unsigned int bytes, unsigned int access)
{
	struct wcard_span s;
	int fault = va & (bytes - 1) ? WEFT_FAULT_ALIGN : piece(a, va, bytes, access, &s);

	if (!fault && s.bytes < bytes)
		fault = WEFT_FAULT_BUS;
	if (fault == WEFT_FAULT_ECC)
		wcard_inject_met(a->c, &s);
	if (fault) {
		wcard_acc_fault(a, fault, va);
		return NULL;
	}
	direct(a, &s, access);
	s.bytes = bytes;
	sparse_zero(&s, access);
	return s.host;
}

static uint64_t leaf_address(const struct wcard_walk_result *w, uint64_t va)
{
	return (w->pte & WEFT_PTE_ADDR_MASK) + (va & ((UINT64_C(1) << w->shift) - 1));
}

static unsigned int aperture(uint64_t pte)
{
	return (unsigned int)((pte & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT);
}

static int cell_rights(uint64_t pte, enum wcard_cell_use use)
{
	if ((!(pte & WEFT_PTE_SEM) && !WCARD_BROKEN(cell_any_page)) ||
	    (use == WCARD_CELL_WAIT && aperture(pte) != WEFT_APERTURE_LOCAL &&
	     !(aperture(pte) == WEFT_APERTURE_BUS && WCARD_BROKEN(wait_on_bus))))
		return WEFT_FAULT_PT_NOT_SEM;
	if (use == WCARD_CELL_WAIT)
		return pte & WEFT_PTE_R ? 0 : WEFT_FAULT_PT_READ;
	if (!(pte & WEFT_PTE_W))
		return WEFT_FAULT_PT_WRITE;
	if (use == WCARD_CELL_ADD && ((aperture(pte) != WEFT_APERTURE_LOCAL && !WCARD_BROKEN(add_on_bus)) || !(pte & WEFT_PTE_ATOMIC)))
		return WEFT_FAULT_PT_WRITE;
	return 0;
}

/* What was injected for the memory that it is in. */
static int cell_error(struct wcard_acc *a, int fd, uint64_t fd_offset, unsigned int link)
{
	struct wcard_span s = { .fd = fd, .fd_offset = fd_offset, .bytes = sizeof(struct weft_cell), .link = link };
	int fault;

	if (__builtin_expect(!atomic_load_explicit(&a->c->m->memory_errors, memory_order_relaxed), 1) || WCARD_BROKEN(ecc_no_cells))
		return 0;
	fault = wcard_inject_access(a->c, &s);
	if (fault == WEFT_FAULT_ECC)
		wcard_inject_met(a->c, &s);
	return fault;
}

/* A cell never straddles pages: it is aligned to its size. */
int wcard_acc_cell(struct wcard_acc *a, uint64_t va, enum wcard_cell_use use, struct wcard_cell *out)
{
	struct wcard_walk_result w;
	struct wcard_target t;
	uint64_t addr;
	int fault;

	if (va % sizeof(struct weft_cell))
		return wcard_acc_fault(a, WEFT_FAULT_ALIGN, va);
	fault = va >> WEFT_VA_BITS ? WEFT_FAULT_PT_RANGE : lookup(a, va, &w);
	if (!fault)
		fault = cell_rights(w.pte, use);
	if (fault)
		return wcard_acc_fault(a, fault, va);
	addr = leaf_address(&w, va);
	switch (aperture(w.pte)) {
	case WEFT_APERTURE_LOCAL:
		out->at = wcard_cell_at(a->c, addr);
		out->card = a->c;
		out->off = addr;
		out->link = WCARD_CNT_LOCAL;
		fault = cell_error(a, a->c->lmem_fd, addr, WCARD_CNT_LOCAL);
		break;
	case WEFT_APERTURE_BUS:
		if (link_is_off(a, w.pte))
			return wcard_acc_fault(a, WEFT_FAULT_LINK_DOWN, va);
		if (!wcard_bus_find(a->c, a->dma, a->route, addr, !WCARD_BROKEN(signal_read_only), &t) || t.bytes < sizeof(struct weft_cell))
			return wcard_acc_fault(a, WEFT_FAULT_BUS, va);
		out->at = (struct weft_cell *)(void *)t.host;
		out->card = t.card;
		out->off = t.fd_offset;
		out->link = link_of(w.pte);
		fault = cell_error(a, t.fd, t.fd_offset, out->link);
		break;
	default:
		out->at = (struct weft_cell *)(void *)a->e->tlb.sink;
		out->card = NULL;
		out->link = WCARD_CNT_LINKS;
		return 0;
	}
	return fault ? wcard_acc_fault(a, fault, va) : 0;
}

void wcard_acc_signal(struct wcard_acc *a, const struct wcard_cell *cell, unsigned int words, uint64_t value, uint64_t tag)
{
	if (a->c->m->weak && cell->link < WCARD_NUM_LINKS && !WCARD_BROKEN(signal_before_data))
		wcard_weak_signal(a, cell, words, value, tag);
	else
		wcard_cell_store(cell->at, words, value, tag);
}

struct weft_cell *wcard_cell_at(struct wcard_card *c, uint64_t off)
{
	return (struct weft_cell *)(void *)(c->lmem + off);
}

bool wcard_acc_local(struct wcard_card *c, const struct wcard_as *as, uint64_t va, uint64_t rights, uint64_t *off)
{
	struct wcard_walk_mem mem = { .lmem = c->lmem, .bytes = c->lmem_bytes, .links = WCARD_NUM_LINKS,
				      .user_limit = atomic_load(&c->user_limit) };
	struct wcard_walk_result w;

	if (wcard_walk(&mem, as->root, va, &w) || (w.pte & rights) != rights || aperture(w.pte) != WEFT_APERTURE_LOCAL)
		return false;
	*off = leaf_address(&w, va);
	return true;
}

bool wcard_acc_bus_word(struct wcard_acc *a, uint64_t bus, uint64_t *word)
{
	struct wcard_target t;

	if (bus % sizeof(*word) || !wcard_bus_find(a->c, a->dma, a->route, bus, false, &t) || t.bytes < sizeof(*word))
		return false;
	arrive(a, t.card);
	*word = __atomic_load_n((const uint64_t *)(const void *)t.host, __ATOMIC_SEQ_CST);
	return true;
}

void *wcard_carveout(struct wcard_card *c, uint64_t off, uint64_t bytes)
{
	uint64_t limit = atomic_load(&c->user_limit);

	if (!limit || (off < limit && !WCARD_BROKEN(image_anywhere)) || off > c->lmem_bytes || c->lmem_bytes - off < bytes)
		return NULL;
	return c->lmem + off;
}
