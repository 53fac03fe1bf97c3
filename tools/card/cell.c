// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Parking on a cell and waking from it. A waiter enters the list, sets the arm word, makes a full fence and looks again;
 * a signaller stores, makes a full fence and looks at the list (engines) or the arm word (the host). One of the two
 * sees the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "defect.h"
#include "engine.h"
#include "waiter.h"

static unsigned int bucket_of(uint64_t off)
{
	return (unsigned int)((off >> 5 ^ off >> 17) % WCARD_CELL_BUCKETS);
}

int wcard_cells_init(struct wcard_card *c)
{
	c->cells = calloc(1, sizeof(*c->cells));
	if (!c->cells)
		return -ENOMEM;
	c->cells->arm = calloc(c->lmem_bytes / WEFT_PAGE_BYTES, sizeof(*c->cells->arm));
	return c->cells->arm ? 0 : -ENOMEM;
}

void wcard_cells_fini(struct wcard_card *c)
{
	if (c->cells)
		free(c->cells->arm);
	free(c->cells);
}

void wcard_cells_reset(struct wcard_card *c)
{
	pthread_mutex_lock(&c->m->lock);
	for (unsigned int i = 0; i < WCARD_NUM_WATCHES; i++)
		if (c->cells->watch[i].w.linked && !WCARD_BROKEN(flr_keeps_watches))
			wcard_cell_leave(c, &c->cells->watch[i].w);
	if (!WCARD_BROKEN(flr_keeps_arm_pages))
		memset(c->cells->arm, 0, c->lmem_bytes / WEFT_PAGE_BYTES * sizeof(*c->cells->arm));
	pthread_mutex_unlock(&c->m->lock);
	for (unsigned int i = 0; i < WCARD_NUM_LINKS; i++)
		atomic_store(&c->flush[i], 0);
	if (!WCARD_BROKEN(flr_keeps_masks))
		atomic_store(&c->link_off, 0);
	atomic_store(&c->bad_kicks, 0);
}

/* The first three loads are not one: what was stored before the fault or end came must not be overlooked. */
enum wcard_look wcard_cell_read(const struct weft_cell *cell, uint64_t wanted)
{
	uint64_t value = __atomic_load_n(&cell->value, __ATOMIC_ACQUIRE), fault, end;

	if (WCARD_BROKEN(end_over_value) && cell->end)
		return WCARD_LOOK_END;
	if ((int64_t)(value - wanted) >= 0 && !(WCARD_BROKEN(fault_before_value) && cell->fault))
		return WCARD_LOOK_VALUE;
	if (WCARD_BROKEN(cell_one_look))
		wcard_defect_dawdle();
	fault = WCARD_BROKEN(poison_ignored) ? 0 : __atomic_load_n(&cell->fault, __ATOMIC_ACQUIRE);
	end = WCARD_BROKEN(end_ignored) ? 0 : __atomic_load_n(&cell->end, __ATOMIC_ACQUIRE);
	if (!fault && !end)
		return WCARD_LOOK_NOTHING;
	if (!WCARD_BROKEN(cell_one_look))
		value = __atomic_load_n(&cell->value, __ATOMIC_ACQUIRE);
	if ((int64_t)(value - wanted) >= 0 && !WCARD_BROKEN(fault_before_value))
		return WCARD_LOOK_VALUE;
	return fault && !(end && WCARD_BROKEN(end_over_fault)) ? WCARD_LOOK_FAULT : WCARD_LOOK_END;
}

void wcard_cell_store(struct weft_cell *cell, unsigned int words, uint64_t value, uint64_t tag)
{
	if ((words & WEFT_SIG_END) && WCARD_BROKEN(end_stored_first)) {
		__atomic_store_n(&cell->end, 1, __ATOMIC_RELEASE);
		wcard_defect_dawdle();
	}
	if ((words & WEFT_SIG_VALUE) && WCARD_BROKEN(value_before_tag)) {
		__atomic_store_n(&cell->value, value, __ATOMIC_RELEASE);
		wcard_defect_dawdle();
	}
	if (words & WEFT_SIG_TAG)
		__atomic_store_n(&cell->tag, tag, __ATOMIC_RELEASE);
	if (words & WEFT_SIG_VALUE)
		__atomic_store_n(&cell->value, value, __ATOMIC_RELEASE);
	if ((words & WEFT_SIG_ADD) && WCARD_BROKEN(add_stores))
		__atomic_store_n(&cell->value, value, __ATOMIC_RELEASE);
	else if (words & WEFT_SIG_ADD)
		__atomic_fetch_add(&cell->value, value, __ATOMIC_ACQ_REL);
	if ((words & WEFT_SIG_END) && !WCARD_BROKEN(end_not_stored))
		__atomic_store_n(&cell->end, 1, __ATOMIC_RELEASE);
}

static void arm(struct wcard_card *c, uint64_t off, uint32_t on)
{
	uint64_t page = c->cells->arm[off / WEFT_PAGE_BYTES];
	struct weft_arm_page *p = page ? wcard_carveout(c, page * WEFT_PAGE_BYTES, sizeof(*p)) : NULL;

	if (p)
		__atomic_store_n(&p->arm[off % WEFT_PAGE_BYTES / sizeof(struct weft_cell)], on, __ATOMIC_RELAXED);
}

void wcard_cell_enter(struct wcard_card *c, struct wcard_waiter *w, uint64_t off, uint64_t wanted)
{
	unsigned int b = bucket_of(off);

	w->off = off;
	w->wanted = wanted;
	w->linked = true;
	w->next = c->cells->first[b];
	c->cells->first[b] = w;
	atomic_fetch_add(&c->cells->n[b], 1);
	arm(c, off, 1);
	atomic_thread_fence(memory_order_seq_cst);
}

void wcard_cell_leave(struct wcard_card *c, struct wcard_waiter *w)
{
	unsigned int b = bucket_of(w->off);
	struct wcard_waiter **pos = &c->cells->first[b];
	bool others = false;

	while (*pos != w)
		pos = &(*pos)->next;
	*pos = w->next;
	w->linked = false;
	atomic_fetch_sub(&c->cells->n[b], 1);
	for (struct wcard_waiter *o = c->cells->first[b]; o && !others; o = o->next)
		others = o->off == w->off;
	if (!others && !WCARD_BROKEN(arm_stays))
		arm(c, w->off, 0);
}

void wcard_cell_wake(struct wcard_card *c, uint64_t off)
{
	struct wcard_waiter *w = c->cells->first[bucket_of(off)], *next;

	for (; w; w = next) {
		next = w->next;
		if (w->off != off || wcard_cell_read(wcard_cell_at(c, off), w->wanted) == WCARD_LOOK_NOTHING)
			continue;
		if (w->q || !WCARD_BROKEN(watch_stays))
			wcard_cell_leave(c, w);
		if (w->q)
			wcard_sched_ready(w->q);
		else
			wcard_watch_fire(c, w);
		if (WCARD_BROKEN(wake_one))
			return;
	}
}

void wcard_cell_look(struct wcard_card *c, uint64_t off)
{
	if (!atomic_load_explicit(&c->cells->n[bucket_of(off)], memory_order_relaxed) || WCARD_BROKEN(signal_no_look))
		return;
	pthread_mutex_lock(&c->m->lock);
	wcard_cell_wake(c, off);
	pthread_mutex_unlock(&c->m->lock);
}

bool wcard_cell_park(struct wcard_queue *q, uint64_t off, uint64_t wanted)
{
	struct wcard_card *c = q->c;
	bool stay;

	if (WCARD_BROKEN(park_no_second_look))
		wcard_defect_dawdle();
	pthread_mutex_lock(&c->m->lock);
	q->woken = false;
	q->waiter.q = q;
	wcard_cell_enter(c, &q->waiter, off, wanted);
	stay = WCARD_BROKEN(park_no_second_look) || wcard_cell_read(wcard_cell_at(c, off), wanted) == WCARD_LOOK_NOTHING;
	if (stay)
		wcard_queue_publish(q, WEFT_QS_PARKED);
	else
		wcard_cell_leave(c, &q->waiter);
	pthread_mutex_unlock(&c->m->lock);
	return stay;
}

void wcard_cell_unpark(struct wcard_queue *q)
{
	if (q->waiter.linked)
		wcard_cell_leave(q->c, &q->waiter);
	q->woken = false;
}

/* Walks a page table while nothing can be created or end; costs four loads, so it may stand in a doorbell's way. */
void wcard_cell_kick(struct wcard_card *c, uint32_t id, uint64_t va)
{
	struct wcard_queue *q;
	uint64_t off;

	if (WCARD_BROKEN(kick_dropped))
		return;
	pthread_mutex_lock(&c->m->lock);
	q = id < WCARD_NUM_QUEUES ? c->queue[id] : NULL;
	if (q && wcard_acc_local(c, q->as, va, 0, &off))
		wcard_cell_wake(c, off & ~(uint64_t)(WCARD_BROKEN(kick_start_only) ? 0 : sizeof(struct weft_cell) - 1));
	else if (q || !WCARD_BROKEN(kick_nobody_uncounted))
		atomic_fetch_add_explicit(&c->bad_kicks, 1, memory_order_relaxed);
	pthread_mutex_unlock(&c->m->lock);
}

void wcard_cell_recheck(struct wcard_card *c, uint32_t asid, uint64_t va, uint64_t bytes)
{
	uint64_t off;

	if (WCARD_BROKEN(invalidate_keeps_waiters))
		return;
	pthread_mutex_lock(&c->m->lock);
	for (unsigned int i = 0; i < c->queue_end; i++) {
		struct wcard_queue *q = c->queue[i];

		if (!q || q->desc.asid != asid || !q->waiter.linked || (bytes && q->wait_va - va >= bytes))
			continue;
		if (wcard_acc_local(c, q->as, q->wait_va, WCARD_BROKEN(sem_lost_waits) ? 0 : WEFT_PTE_SEM | WEFT_PTE_R,
				    &off) && off == q->waiter.off)
			continue;
		wcard_cell_unpark(q);
		wcard_sched_ready(q);
	}
	pthread_mutex_unlock(&c->m->lock);
}

uint32_t wcard_cell_fault(struct wcard_card *c, uint64_t off, uint64_t word)
{
	uint64_t none = 0;

	if (off % sizeof(struct weft_cell) || off >= atomic_load(&c->user_limit) || !word)
		return WEFT_SAFE_BAD_ARG;
	if (WCARD_BROKEN(cell_fault_overwrites))
		none = __atomic_load_n(&wcard_cell_at(c, off)->fault, __ATOMIC_SEQ_CST);
	__atomic_compare_exchange_n(&wcard_cell_at(c, off)->fault, &none, word, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	atomic_thread_fence(memory_order_seq_cst);
	wcard_cell_look(c, off);
	return WEFT_SAFE_OK;
}

/* Bounded by the longest list; no lock is held from one cell to the next. The host may write the list meanwhile. */
uint32_t wcard_cell_faults(struct wcard_card *c, uint64_t list, uint64_t count)
{
	const struct weft_safe_fault *f;
	uint32_t status = WEFT_SAFE_OK;

	if (!count || count > WEFT_SAFE_FAULTS_MAX || list % sizeof(*f))
		return WEFT_SAFE_BAD_ARG;
	if (WCARD_BROKEN(faults_anywhere) && list < atomic_load(&c->user_limit))
		f = (const void *)wcard_cell_at(c, list);
	else
		f = wcard_carveout(c, list, count * sizeof(*f));
	if (!f)
		return WEFT_SAFE_BAD_ARG;
	if (WCARD_BROKEN(faults_last))
		count--;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t cell = __atomic_load_n(&f[i].cell, __ATOMIC_RELAXED), word = __atomic_load_n(&f[i].word, __ATOMIC_RELAXED);

		if (wcard_cell_fault(c, cell, word) == WEFT_SAFE_OK)
			continue;
		status = WEFT_SAFE_BAD_ARG;
		if (WCARD_BROKEN(faults_stop_at_bad))
			break;
	}
	return WCARD_BROKEN(faults_bad_silent) ? WEFT_SAFE_OK : status;
}

int wcard_arm_bind(struct wcard_card *c, uint64_t sem, uint64_t page)
{
	struct weft_arm_page *p = page ? wcard_carveout(c, page, sizeof(*p)) : NULL;
	uint64_t first = sem / WEFT_PAGE_BYTES;

	if ((sem | page) % WEFT_PAGE_BYTES || sem >= atomic_load(&c->user_limit) || (page && !p))
		return WEFT_MBOX_BAD_ARG;
	pthread_mutex_lock(&c->m->lock);
	if (p)
		memset(p, 0, sizeof(*p));
	if (WCARD_BROKEN(arm_bind_no_look))
		wcard_defect_dawdle();
	if (page || !WCARD_BROKEN(arm_page_stays))
		c->cells->arm[first] = (uint32_t)(page / WEFT_PAGE_BYTES);
	for (unsigned int b = 0; p && b < WCARD_CELL_BUCKETS; b++)
		for (struct wcard_waiter *w = c->cells->first[b]; w; w = w->next)
			if (w->off / WEFT_PAGE_BYTES == first)
				arm(c, w->off, 1);
	/* Who stored meanwhile saw nobody to kick. */
	atomic_thread_fence(memory_order_seq_cst);
	for (uint64_t off = sem; p && off < sem + WEFT_PAGE_BYTES && !WCARD_BROKEN(arm_bind_no_look); off += sizeof(struct weft_cell))
		wcard_cell_wake(c, off);
	pthread_mutex_unlock(&c->m->lock);
	return WEFT_MBOX_OK;
}
