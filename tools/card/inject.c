// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Errors on request (register INJECT): each happens once, at the next occasion; SLOW lasts. */
#define _GNU_SOURCE
#include <time.h>

#include "bus.h"
#include "engine.h"

#define NAP_NS		100000
#define SLOW_MAX	1000000

void wcard_inject_reset(struct wcard_card *c)
{
	atomic_store(&c->inject.hang, WEFT_QUEUE_NONE);
	atomic_store(&c->inject.slow, 1);
	atomic_store(&c->inject.on, false);
}

static void inject_hang(struct wcard_card *c, uint64_t arg)
{
	if (arg < WCARD_NUM_QUEUES)
		atomic_store(&c->inject.hang, (uint32_t)arg);
}

void wcard_inject(struct wcard_card *c, uint32_t what, uint64_t arg)
{
	switch (what) {
	case WEFT_INJECT_HANG: inject_hang(c, arg); break;
	case WEFT_INJECT_SLOW: atomic_store(&c->inject.slow, arg < 1 ? 1 : arg > SLOW_MAX ? SLOW_MAX : (uint32_t)arg); break;
	default: return;
	}
	atomic_store(&c->inject.on, true);
}

/* The engine is occupied, its thread is not: until `ns` have passed, the queue is to stop, or a limit is exceeded. */
static uint64_t occupy(struct wcard_run *r, uint64_t ns, uint64_t limit_ns)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct wcard_machine *m = r->e->m;
	uint64_t start = wcard_now(m), passed = 0;

	while (passed < ns && passed <= limit_ns && !atomic_load(&r->q->stop) && !m->quit) {
		if (ns - passed > NAP_NS)
			nanosleep(&nap, NULL);
		passed = wcard_now(m) - start;
	}
	r->e->waited_ns += passed;
	return passed;
}

bool wcard_inject_hang(struct wcard_run *r, uint32_t *cause)
{
	uint32_t id = r->q->desc.id;

	if (!atomic_compare_exchange_strong(&r->q->c->inject.hang, &id, WEFT_QUEUE_NONE))
		return false;
	*cause = wcard_limits_fault(r->q, occupy(r, UINT64_MAX, r->q->unit_limit_ns));
	return true;
}

void wcard_inject_slow(struct wcard_run *r, uint64_t ns)
{
	uint32_t times = atomic_load(&r->q->c->inject.slow);
	uint64_t limit = r->q->unit_limit_ns;

	if (times > 1)
		occupy(r, ns * (times - 1), limit > ns ? limit - ns : 0);
}
