// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Errors on request (register INJECT): each happens once, at the next occasion; SLOW and a link that is down last. */
#define _GNU_SOURCE
#include <time.h>

#include "bus.h"
#include "defect.h"
#include "engine.h"

#define NAP_NS		100000
#define SLOW_MAX	1000000

/* Whether any access to memory can meet an error: the accessor asks on every translation. */
static void recount(struct wcard_machine *m)
{
	bool any = false;

	for (unsigned int i = 0; i < m->ncards; i++) {
		struct wcard_card *c = m->card[i];

		any |= c && (atomic_load(&c->inject.links) || atomic_load(&c->inject.ecc) != WCARD_NO_ECC ||
			     atomic_load(&c->inject.tell) != WCARD_NO_ECC);
	}
	atomic_store(&m->memory_errors, any);
	/* What was looked up before is looked up again. */
	atomic_fetch_add(&m->map_gen, 1);
}

void wcard_inject_reset(struct wcard_card *c)
{
	atomic_store(&c->inject.hang, WEFT_QUEUE_NONE);
	atomic_store(&c->inject.stuck, WEFT_QUEUE_NONE);
	atomic_store(&c->inject.stuck_hard, WEFT_QUEUE_NONE);
	atomic_store(&c->inject.flr_fails, false);
	if (!WCARD_BROKEN(flr_keeps_slow))
		atomic_store(&c->inject.slow, 1);
	atomic_store(&c->inject.on, false);
	atomic_store(&c->inject.ecc, WCARD_NO_ECC);
	atomic_store(&c->inject.tell, WCARD_NO_ECC);
	atomic_store(&c->inject.links, 0);
	atomic_store(&c->inject.irq, false);
	for (unsigned int i = 0; i < WCARD_NUM_LINKS && !WCARD_BROKEN(flr_keeps_link_slow); i++)
		atomic_store(&c->inject.link_us[i], 0);
	recount(c->m);
}

static void inject_unit(struct wcard_card *c, uint32_t what, uint64_t arg)
{
	if (what == WEFT_INJECT_SLOW)
		atomic_store(&c->inject.slow, arg < 1 ? 1 : arg > SLOW_MAX ? SLOW_MAX : (uint32_t)arg);
	else if (arg < WCARD_NUM_QUEUES)
		atomic_store(what == WEFT_INJECT_HANG ? &c->inject.hang : what == WEFT_INJECT_STUCK ? &c->inject.stuck :
			     &c->inject.stuck_hard, (uint32_t)arg);
	atomic_store(&c->inject.on, true);
}

static void inject_memory(struct wcard_card *c, uint32_t what, uint64_t arg)
{
	if (what == WEFT_INJECT_ECC && arg < c->lmem_bytes)
		atomic_store(&c->inject.ecc, arg);
	else if (what == WEFT_INJECT_LINK_DOWN && arg < WCARD_NUM_LINKS)
		atomic_fetch_or(&c->inject.links, UINT32_C(1) << arg);
	else
		return;
	recount(c->m);
	if (what == WEFT_INJECT_LINK_DOWN)
		wcard_event(c, WEFT_EVT_LINK, (uint32_t)arg, 0, 0, 0);
}

static void inject_link(struct wcard_card *c, uint32_t link, uint32_t us)
{
	if (link < WCARD_NUM_LINKS)
		atomic_store(&c->inject.link_us[link], us);
}

void wcard_inject(struct wcard_card *c, uint32_t what, uint64_t arg)
{
	switch (what) {
	case WEFT_INJECT_LOST_IRQ: atomic_store(&c->inject.irq, true); break;
	case WEFT_INJECT_FW_CRASH: wcard_cp_crash(c); break;
	case WEFT_INJECT_RESET_FAILS: atomic_store(&c->inject.flr_fails, true); break;
	case WEFT_INJECT_HANG:
	case WEFT_INJECT_STUCK:
	case WEFT_INJECT_STUCK_HARD:
	case WEFT_INJECT_SLOW: inject_unit(c, what, arg); break;
	case WEFT_INJECT_ECC:
	case WEFT_INJECT_LINK_DOWN: inject_memory(c, what, arg); break;
	case WEFT_INJECT_LINK_SLOW: inject_link(c, (uint32_t)arg, (uint32_t)(arg >> 32)); break;
	case WEFT_INJECT_HEAT: wcard_heat(c, arg); break;
	default: break;
	}
}

uint64_t wcard_inject_link_ns(const struct wcard_card *c, unsigned int link)
{
	if (atomic_load(&c->inject.links) >> link & 1)
		return UINT64_MAX;
	return UINT64_C(1000) * atomic_load_explicit(&c->inject.link_us[link], memory_order_relaxed);
}

/* The card whose bad page lies in the piece, at or behind its start. */
static struct wcard_card *bad_page(struct wcard_card *c, const struct wcard_span *s, uint64_t *page)
{
	for (unsigned int i = 0; i < c->m->ncards && !s->sparse; i++) {
		struct wcard_card *owner = c->m->card[i];
		uint64_t at = atomic_load(&owner->inject.ecc);

		*page = at & ~(WEFT_PAGE_BYTES - 1);
		if (at != WCARD_NO_ECC && s->fd == owner->lmem_fd && s->fd_offset < *page + WEFT_PAGE_BYTES &&
		    s->fd_offset + s->bytes > *page)
			return owner;
	}
	return NULL;
}

int wcard_inject_access(struct wcard_card *c, struct wcard_span *s)
{
	uint64_t page;

	if (s->link < WCARD_NUM_LINKS && (atomic_load(&c->inject.links) >> s->link & 1))
		return WEFT_FAULT_LINK_DOWN;
	if (!bad_page(c, s, &page))
		return 0;
	if (s->fd_offset >= page)
		return WEFT_FAULT_ECC;
	s->bytes = page - s->fd_offset;
	return 0;
}

void wcard_inject_met(struct wcard_card *c, const struct wcard_span *s)
{
	uint64_t page, at;
	struct wcard_card *owner = bad_page(c, s, &page);

	if (!owner)
		return;
	at = atomic_exchange(&owner->inject.ecc, WCARD_NO_ECC);
	if (at == WCARD_NO_ECC)
		return;
	atomic_fetch_add(&owner->ecc_fatal, 1);
	atomic_store(&owner->inject.tell, at);
}

void wcard_inject_tell(struct wcard_machine *m)
{
	bool told = false;

	for (unsigned int i = 0; i < m->ncards; i++) {
		uint64_t at = atomic_exchange(&m->card[i]->inject.tell, WCARD_NO_ECC);

		if (at == WCARD_NO_ECC)
			continue;
		wcard_event(m->card[i], WEFT_EVT_ECC, 0, 0, 0, at);
		told = true;
	}
	if (told)
		recount(m);
}

/*
 * The engine is occupied, its thread is not: until `ns` have passed, the queue is to stop, or with what the unit has
 * `spent` its limit is exceeded, which may change meanwhile.
 */
static uint64_t occupy(struct wcard_run *r, uint64_t ns, uint64_t spent)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct wcard_machine *m = r->e->m;
	uint64_t start = wcard_now(m), passed = 0, first = wcard_limits_of(r->q);

	while (passed < ns && spent + passed <= (WCARD_BROKEN(hang_ms_old) ? first : wcard_limits_of(r->q)) &&
	       !atomic_load(&r->q->stop) && !m->quit) {
		if (ns - passed > NAP_NS)
			nanosleep(&nap, NULL);
		passed = wcard_now(m) - start;
	}
	r->e->waited_ns += passed;
	return passed;
}

void wcard_inject_pause(struct wcard_run *r, uint64_t ns)
{
	const struct timespec nap = { .tv_nsec = (long)ns };
	uint64_t start = wcard_now(r->e->m);

	nanosleep(&nap, NULL);
	r->e->waited_ns += wcard_now(r->e->m) - start;
}

bool wcard_inject_hang(struct wcard_run *r, uint32_t *cause)
{
	uint32_t id = r->q->desc.id;

	if (!atomic_compare_exchange_strong(&r->q->c->inject.hang, &id, WEFT_QUEUE_NONE))
		return false;
	*cause = wcard_limits_fault(r->q, occupy(r, UINT64_MAX, 0));
	return true;
}

static bool planted(_Atomic uint32_t *where, uint32_t queue)
{
	return atomic_compare_exchange_strong(where, &queue, WEFT_QUEUE_NONE);
}

/* Whoever resets clears q->stuck; limits and stops do not reach it. */
bool wcard_inject_stuck(struct wcard_run *r)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t start = wcard_now(r->e->m);
	struct wcard_queue *q = r->q;

	if (planted(&q->c->inject.stuck, q->desc.id))
		atomic_store(&q->stuck, WEFT_INJECT_STUCK);
	else if (planted(&q->c->inject.stuck_hard, q->desc.id))
		atomic_store(&q->stuck, WEFT_INJECT_STUCK_HARD);
	else
		return false;
	while (atomic_load(&q->stuck) && !r->e->m->quit)
		nanosleep(&nap, NULL);
	r->e->waited_ns += wcard_now(r->e->m) - start;
	return true;
}

void wcard_inject_slow(struct wcard_run *r, uint64_t ns)
{
	uint32_t times = atomic_load(&r->q->c->inject.slow);

	if (times > 1)
		occupy(r, ns * (times - 1), ns);
}
