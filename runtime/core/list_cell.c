/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cells as the host reads, writes and waits for them. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "cell.h"

#include "contract.h"
#include "user_queue.h"

#define NS_PER_CALL	600000000000ull		/* what the driver takes at most */

_Static_assert(sizeof(struct weft_cell_state) == sizeof(struct weft_cell), "cells of the contract");

uint64_t weft_cell_address(const struct weft_memory *cells, uint32_t index)
{
	if (!cells || !cells->cells || index >= cells->bytes / sizeof(struct weft_cell))
		return 0;
	return cells->address + (uint64_t)index * sizeof(struct weft_cell);
}

/* The cell in the process's memory. */
static int find(struct weft_memory *cells, uint32_t index, const char *call, struct weft_cell **cell)
{
	void *map;
	int ret = weft_handle(cells, WEFT_MAGIC_MEMORY, call);

	if (ret)
		return ret;
	if (!weft_cell_address(cells, index))
		return weft_fail(-EINVAL, "%s: no memory for cells, or it has fewer than %u", call, index + 1);
	ret = weft_memory_map(cells, &map);
	if (!ret)
		*cell = (struct weft_cell *)map + index;
	return ret;
}

static void look(const struct weft_cell *c, struct weft_cell_state *state)
{
	/* in this order: who sees `end` or the value sees what was stored before it */
	state->fault = __atomic_load_n(&c->fault, __ATOMIC_ACQUIRE);
	state->end = __atomic_load_n(&c->end, __ATOMIC_ACQUIRE);
	state->value = __atomic_load_n(&c->value, __ATOMIC_ACQUIRE);
	state->tag = __atomic_load_n(&c->tag, __ATOMIC_ACQUIRE);
}

int weft_cell_read(struct weft_memory *cells, uint32_t index, struct weft_cell_state *state)
{
	struct weft_cell *c;
	int ret = find(cells, index, __func__, &c);

	if (ret)
		return ret;
	if (!state)
		return weft_fail(-EINVAL, "weft_cell_read: no place for the state");
	look(c, state);
	return 0;
}

/* After a store: whoever parked before saw it or armed the cell. */
static int wake(struct weft_memory *cells, uint32_t index)
{
	const struct weft_arm_page *arm = (const struct weft_arm_page *)cells->arm + index / WEFT_CELLS_PER_PAGE;
	struct weft_device *d = cells->device;
	int ret = 0;

	atomic_thread_fence(memory_order_seq_cst);
	if (!__atomic_load_n(&arm->arm[index % WEFT_CELLS_PER_PAGE], __ATOMIC_RELAXED))
		return 0;
	pthread_mutex_lock(&d->space);	/* the doorbell page stays while it is used */
	if (d->ringer)
		weft_ring_kick(d->ringer, weft_cell_address(cells, index));
	else
		ret = d->weft->sys->kick(d->fd, cells->handle, (uint64_t)index * sizeof(struct weft_cell));
	pthread_mutex_unlock(&d->space);
	return ret ? weft_fail(ret, "%s: kick of cell %u", d->info.node, index) : 0;
}

/* The host is the writer; @flags: which words beside the value, if that is @given, are stored. */
static int store(struct weft_memory *cells, uint32_t index, bool given, uint32_t flags, uint64_t value, uint64_t tag,
		 const char *call)
{
	struct weft_cell *c;
	int ret = find(cells, index, call, &c);

	if (ret)
		return ret;
	if ((flags & ~(uint32_t)(WEFT_CELL_TAG | WEFT_CELL_END)) || (tag && !(flags & WEFT_CELL_TAG)))
		return weft_fail(-EINVAL, "%s: flags %#x, tag %#llx", call, flags, (unsigned long long)tag);
	/* in the order of the contract's SIGNAL */
	if (flags & WEFT_CELL_TAG)
		__atomic_store_n(&c->tag, tag, __ATOMIC_RELEASE);
	if (given)
		__atomic_store_n(&c->value, value, __ATOMIC_RELEASE);
	if (flags & WEFT_CELL_END)
		__atomic_store_n(&c->end, 1, __ATOMIC_RELEASE);
	return wake(cells, index);
}

int weft_cell_signal(struct weft_memory *cells, uint32_t index, uint64_t value)
{
	return store(cells, index, true, 0, value, 0, __func__);
}

int weft_cell_signal_with(struct weft_memory *cells, uint32_t index, uint64_t value, uint64_t tag, uint32_t flags)
{
	return store(cells, index, true, flags, value, tag, __func__);
}

int weft_cell_end(struct weft_memory *cells, uint32_t index)
{
	return store(cells, index, false, WEFT_CELL_END, 0, 0, __func__);
}

/* 1: not decided */
static int verdict(const struct weft_cell_state *s, uint32_t index, uint64_t value)
{
	char text[128];

	if ((int64_t)(s->value - value) >= 0)
		return 0;
	if (s->fault)
		return weft_fail(-EOWNERDEAD, "cell %u: wanted %llu, actual %llu; %s", index, (unsigned long long)value,
				 (unsigned long long)s->value, weft_cell_fault_text(s->fault, text, sizeof(text)));
	if (s->end)
		return weft_fail(-EPIPE, "cell %u: wanted %llu, but it ended with %llu", index,
				 (unsigned long long)value, (unsigned long long)s->value);
	return 1;
}

int weft_cell_wait(struct weft_memory *cells, uint32_t index, uint64_t value, uint64_t timeout_ns,
		   struct weft_cell_state *state)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	struct weft_cell_state s;
	struct weft_device *d;
	struct weft_cell *c;
	int ret = find(cells, index, __func__, &c);

	if (ret)
		return ret;
	d = cells->device;
	for (;;) {
		uint64_t now = weft_now_ns(), left = deadline > now ? deadline - now : 0;
		struct weft_cell_state seen;

		look(c, &s);
		ret = verdict(&s, index, value);
		if (ret <= 0 || !left)
			break;
		ret = d->weft->sys->cell_wait(d->fd, cells->handle, (uint64_t)index * sizeof(*c), value,
					      left < NS_PER_CALL ? left : NS_PER_CALL, &seen);
		if (ret && ret != -ETIME)
			return weft_fail(ret, "%s: wait for cell %u", d->info.node, index);
	}
	if (ret > 0)
		ret = weft_fail(-ETIME, "cell %u: wanted %llu, actual %llu", index, (unsigned long long)value,
				(unsigned long long)s.value);
	if (state)
		*state = s;
	return ret;
}

void weft_cell_fault_origin(uint64_t fault, uint32_t *cause, uint32_t *will)
{
	*cause = fault >> 4 & 0xfff;
	*will = (uint32_t)(fault >> 16);
}

const char *weft_cell_fault_text(uint64_t fault, char *text, size_t bytes)
{
	static const char *const kinds[] = {
		[WEFT_CELL_POISON] = "poisoned", [WEFT_CELL_REVOKED] = "revoked", [WEFT_CELL_PEER_LOST] = "peer lost",
	};
	const uint32_t kind = fault & 15, cause = (fault >> 4) & 0xfff;
	const uint64_t origin = fault >> 16;

	if (!fault)
		snprintf(text, bytes, "no fault");
	else
		snprintf(text, bytes, "%s by will %u of card %u: %s",
			 kind <= WEFT_CELL_PEER_LOST && kinds[kind] ? kinds[kind] : "?", (uint32_t)origin,
			 (uint32_t)(origin >> 32) & 0xffff, weft_fault_name(cause));
	return text;
}
