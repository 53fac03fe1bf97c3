// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <drm/drm_print.h>

#include "weft_device.h"
#include "weft_reset.h"
#include "weft_trace.h"
#include "weft_vm.h"

#define RING_LOG2	6
#define BATCH		16			/* FILLs per FENCE: they always fit in the ring */
#define SCRUB_VA	BIT_ULL(40)		/* user local memory, whole */
#define RUN_LIMIT_NS	(60ull * NSEC_PER_SEC)
#define REST_MS		5000			/* after a FILL that did not end in time */

static void scrub_event(struct weft_hwq *q)
{
	wake_up_all(&q->w->scrub.wq);
}

static const struct weft_hwq_ops scrub_ops = {
	.fence = scrub_event,
	.fault = scrub_event,
};

void weft_scrub_init(struct weft_device *w)
{
	mutex_init(&w->scrub.lock);
	spin_lock_init(&w->scrub.kick_lock);
	init_waitqueue_head(&w->scrub.wq);
	w->scrub.rest_until = jiffies;
}

static int start_space(struct weft_device *w)
{
	struct weft_scrub *s = &w->scrub;
	int ret;

	ret = weft_tables_init(&s->tables, w, NULL);
	if (ret)
		return ret;
	ret = weft_pt_map(&s->tables.pt, SCRUB_VA, w->user_limit, WEFT_PTE_W) ? s->tables.error : 0;
	if (ret)
		goto err_tables;
	ret = xa_alloc(&w->asids, &s->asid, xa_mk_value(WEFT_ASID_USED),
		       XA_LIMIT(0, w->num_asids - 1), GFP_KERNEL);
	if (ret)
		goto err_tables;
	weft_mmio_flush_writes();
	ret = weft_mbox_as_create(w, s->asid, WEFT_AS_FENCE, weft_tables_root(&s->tables));
	if (ret)
		goto err_asid;
	return 0;

err_asid:
	/* Without an answer the firmware may have created it all the same. */
	xa_store(&w->asids, s->asid, xa_mk_value(WEFT_ASID_LOST), GFP_KERNEL);
	weft_tables_fini(&s->tables, false);
	return ret;
err_tables:
	weft_tables_fini(&s->tables, true);
	return ret;
}

static void stop_space(struct weft_device *w, bool stopped)
{
	struct weft_scrub *s = &w->scrub;

	if (stopped && !READ_ONCE(w->quiet))
		stopped = !weft_mbox_as_destroy(w, s->asid);
	if (stopped)
		xa_erase(&w->asids, s->asid);
	else
		xa_store(&w->asids, s->asid, xa_mk_value(WEFT_ASID_LOST), GFP_KERNEL);
	weft_tables_fini(&s->tables, stopped);
}

static void set_up(struct weft_scrub *s, bool up)
{
	spin_lock(&s->kick_lock);
	s->up = up;
	spin_unlock(&s->kick_lock);
}

static int start_locked(struct weft_device *w)
{
	struct weft_scrub *s = &w->scrub;
	bool stopped = true;
	int ret;

	ret = start_space(w);
	if (ret)
		return ret;
	ret = weft_hwq_init(&s->q, w, NULL, &scrub_ops, s->asid, WEFT_BAND_NORMAL, RING_LOG2,
			    RUN_LIMIT_NS);
	if (ret)
		goto err_space;
	ret = weft_hwq_start(&s->q);
	if (ret)
		goto err_queue;
	s->seq = 0;
	set_up(s, true);
	return 0;

err_queue:
	WRITE_ONCE(s->q.live, ret == -EIO);
	stopped = !s->q.live;
	weft_hwq_fini(&s->q);
err_space:
	stop_space(w, stopped);
	return ret;
}

int weft_scrub_start(struct weft_device *w)
{
	int ret;

	mutex_lock(&w->scrub.lock);
	w->scrub.rest_until = jiffies;
	ret = start_locked(w);
	mutex_unlock(&w->scrub.lock);
	return ret;
}

/* Whether the queue is off the card. */
static bool stop_locked(struct weft_device *w)
{
	struct weft_scrub *s = &w->scrub;
	bool stopped;

	if (!s->up)
		return false;
	set_up(s, false);
	stopped = !weft_hwq_stop(&s->q);
	weft_hwq_fini(&s->q);
	stop_space(w, stopped);
	return stopped;
}

void weft_scrub_stop(struct weft_device *w)
{
	mutex_lock(&w->scrub.lock);
	stop_locked(w);
	mutex_unlock(&w->scrub.lock);
}

static bool finished(struct weft_scrub *s)
{
	return weft_hwq_fence_value(&s->q) >= s->seq;
}

/* 1 s for whatever else runs, and 10 MB/s, which even a slowed-down card reaches. */
static bool wait_batch(struct weft_device *w, u64 bytes)
{
	struct weft_scrub *s = &w->scrub;
	unsigned long end = jiffies + msecs_to_jiffies(1000 + bytes / 10000);
	long slice = 1;

	while (!finished(s)) {
		if (READ_ONCE(w->quiet) || time_after(jiffies, end))
			return finished(s);
		wait_event_timeout(s->wq, finished(s), slice);
		slice = msecs_to_jiffies(10) + 1;
	}
	return true;
}

static bool fill(struct weft_device *w, const struct weft_range *r, unsigned int count)
{
	union weft_packet packets[BATCH + 1] = {};
	struct weft_scrub *s = &w->scrub;
	struct weft_queue_state *state;
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		packets[i].fill.op = WEFT_PKT_FILL;
		packets[i].fill.width = 8;
		packets[i].fill.dst = SCRUB_VA + r[i].at;
		packets[i].fill.bytes = r[i].bytes;
		bytes += r[i].bytes;
	}
	packets[count].fence.op = WEFT_PKT_FENCE;
	packets[count].fence.irq = 1;
	packets[count].fence.value = ++s->seq;
	weft_hwq_push(&s->q, packets, count + 1);
	if (wait_batch(w, bytes)) {
		s->filled_bytes += bytes;
		return true;
	}
	if (READ_ONCE(w->quiet) || weft_device_check(w))
		return false;
	state = kzalloc_obj(*state, GFP_KERNEL);
	if (state)
		weft_hwq_read_state(&s->q, state);
	drm_err(&w->drm,
		"clearing %llu bytes by FILL did not end: queue %u state %u cause %u fence %llu, wanted %llu; clearing by processor meanwhile\n",
		bytes, s->q.desc.id, state ? state->run : 0, state ? state->cause : 0,
		state ? state->fence : 0, s->seq);
	kfree(state);
	/* A new queue kicks at once. Whether it clears in time is tried again later. */
	s->rest_until = jiffies + msecs_to_jiffies(REST_MS);
	if (stop_locked(w) && start_locked(w))
		drm_err(&w->drm, "no new queue to clear by, nor to kick by, until a reset\n");
	return false;
}

static bool usable(struct weft_device *w)
{
	return !weft_device_check(w) && !READ_ONCE(w->quiet);
}

/*
 * By the processor; a queue that could not be stopped may still write, but only zeros. In pieces: a
 * reset waits for the lock, after which nobody touches the card.
 */
static bool clear_range(struct weft_device *w, const struct weft_range *r)
{
	u64 at;

	for (at = 0; at < r->bytes && usable(w); at += SZ_1M) {
		u64 part = min_t(u64, r->bytes - at, SZ_1M);

		weft_mmio_lmem_clear(w, r->at + at, part);
		w->scrub.by_cpu_bytes += part;
	}
	return usable(w);
}

bool weft_scrub_clear(struct weft_device *w, const struct weft_range *ranges, unsigned int count)
{
	struct weft_scrub *s = &w->scrub;
	unsigned int i;
	bool ok;

	mutex_lock(&s->lock);
	ok = usable(w);
	while (count && ok) {
		unsigned int part = min_t(unsigned int, count, BATCH);

		if (!s->up || time_before(jiffies, s->rest_until) || !fill(w, ranges, part)) {
			for (i = 0; i < part && ok; i++)
				ok = clear_range(w, &ranges[i]);
			weft_mmio_flush_writes();
		}
		ranges += part;
		count -= part;
	}
	mutex_unlock(&s->lock);
	return ok;
}

static bool try_kick(struct weft_device *w, u64 cell)
{
	struct weft_scrub *s = &w->scrub;
	bool up;

	spin_lock(&s->kick_lock);
	up = s->up;
	if (up)
		weft_mmio_kick(w, s->q.desc.id, SCRUB_VA + cell);
	spin_unlock(&s->kick_lock);
	if (up)
		trace_weft_kick(w->serial, cell);
	return up;
}

int weft_scrub_kick(struct weft_device *w, u64 cell)
{
	if (try_kick(w, cell))
		return 0;
	/* A new one may be on its way: who makes it has the lock, as who clears has. */
	mutex_lock(&w->scrub.lock);
	mutex_unlock(&w->scrub.lock);
	return try_kick(w, cell) ? 0 : weft_device_check(w) ?: -EIO;
}
