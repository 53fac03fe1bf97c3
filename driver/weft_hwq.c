// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/delay.h>
#include <linux/xarray.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_escalate.h"
#include "weft_file.h"
#include "weft_hwq.h"
#include "weft_trace.h"

#define STATE_PUBLIC_BYTES	offsetof(struct weft_queue_state, frame)

static int take_number(struct weft_hwq *q)
{
	struct weft_device *w = q->w;
	int ret;
	u32 id;

	ret = xa_alloc_irq(&w->hwqs, &id, q, XA_LIMIT(0, w->num_queues - 1), GFP_KERNEL);
	if (ret) {
		weft_carve_free(w, q->mem);
		q->mem = NULL;
		return ret == -EBUSY ? -EDQUOT : ret;
	}
	q->desc.id = id;
	return 0;
}

static int take_memory(struct weft_hwq *q, struct weft_device *w, struct weft_file *f,
		       const struct weft_hwq_ops *ops, u64 bytes)
{
	q->w = w;
	q->ops = ops;
	q->live = false;
	q->halted = false;
	q->stage = DRM_WEFT_STAGE_NONE;
	q->suspended = false;
	q->fault_seen = false;
	q->slept = false;
	q->busy_seen = 0;
	q->tail = 0;
	q->past_busy_ns = 0;
	q->mem = weft_carve_alloc(w, f, bytes);
	return PTR_ERR_OR_ZERO(q->mem);
}

int weft_hwq_init(struct weft_hwq *q, struct weft_device *w, struct weft_file *f,
		  const struct weft_hwq_ops *ops, u32 asid, u8 band, u8 ring_log2, u64 run_limit_ns)
{
	u64 ring_bytes = ALIGN((u64)sizeof(union weft_packet) << ring_log2, SZ_4K);
	int ret = take_memory(q, w, f, ops, ring_bytes + 2 * SZ_4K);

	if (ret)
		return ret;
	q->desc = (struct weft_queue_desc) {
		.asid = asid,
		.kind = WEFT_QUEUE_JOB,
		.band = band,
		.ring = q->mem->at,
		.ctl = q->mem->at + ring_bytes,
		.state = q->mem->at + ring_bytes + SZ_4K,
		.run_limit_ns = run_limit_ns,
		/* Job queues never park, the contract wants the limit all the same. */
		.wait_limit_ns = run_limit_ns,
		.ring_log2 = ring_log2,
		.weight = 100,
	};
	return take_number(q);
}

int weft_hwq_init_user(struct weft_hwq *q, struct weft_device *w, struct weft_file *f,
		       const struct weft_hwq_ops *ops, const struct weft_queue_desc *desc)
{
	int ret = take_memory(q, w, f, ops, SZ_4K);

	if (ret)
		return ret;
	q->desc = *desc;
	q->desc.state = q->mem->at;
	return take_number(q);
}

struct weft_hwq *weft_hwq_get(struct weft_file *f, u32 id, const struct weft_hwq_ops *ops)
{
	struct weft_hwq *q;

	xa_lock(&f->queues);
	q = xa_load(&f->queues, id);
	if (q && q->ops == ops)
		kref_get(&q->ref);
	else
		q = NULL;
	xa_unlock(&f->queues);
	return q;
}

struct weft_hwq *weft_hwq_next(struct weft_device *w, unsigned long *id,
			       const struct weft_hwq_ops *ops)
{
	struct weft_hwq *q;

	xa_lock_irq(&w->hwqs);
	xa_for_each_start(&w->hwqs, *id, q, *id)
		if (!xa_is_value(q) && (ops ? q->ops == ops : !!q->ops->release) &&
		    kref_get_unless_zero(&q->ref))
			break;
	xa_unlock_irq(&w->hwqs);
	++*id;
	return q;
}

void weft_hwq_put(struct weft_hwq *q)
{
	kref_put(&q->ref, q->ops->release);
}

int weft_hwq_start(struct weft_hwq *q)
{
	int ret;

	if (q->desc.kind == WEFT_QUEUE_JOB)
		weft_mmio_lmem_clear(q->w, q->desc.ctl, SZ_4K);
	weft_mmio_lmem_clear(q->w, q->desc.state, SZ_4K);
	weft_mmio_flush_writes();
	WRITE_ONCE(q->tail, 0);
	WRITE_ONCE(q->halted, false);
	WRITE_ONCE(q->busy_seen, 0);
	xa_lock_irq(&q->w->hwqs);
	q->fault_seen = false;
	xa_unlock_irq(&q->w->hwqs);
	ret = weft_mbox_queue_create(q->w, &q->desc);
	if (!ret)
		WRITE_ONCE(q->live, true);
	weft_history_note(&q->w->history, "queue started", q->desc.id, q->desc.asid, ret);
	trace_weft_queue_start(q->w->serial, q->desc.id, q->desc.asid, q->desc.kind, q->desc.band,
			       ret);
	return ret;
}

int weft_hwq_halt(struct weft_hwq *q)
{
	int ret = 0;

	if (q->live && !q->halted)
		ret = weft_escalate_stop(q->w, q);
	if (!ret)
		WRITE_ONCE(q->halted, true);
	weft_history_note(&q->w->history, "queue halted", q->desc.id, q->desc.asid, ret);
	trace_weft_queue_halt(q->w->serial, q->desc.id, q->desc.asid, q->desc.kind, q->desc.band,
			      ret);
	return ret;
}

int weft_hwq_stop(struct weft_hwq *q)
{
	u64 busy_ns;
	int ret;

	if (!q->live)
		return 0;
	ret = weft_hwq_halt(q);
	busy_ns = weft_hwq_busy_ns(q);
	if (!ret && !READ_ONCE(q->w->quiet))
		ret = weft_mbox_queue_destroy(q->w, q->desc.id);
	if (!ret) {
		WRITE_ONCE(q->live, false);
		WRITE_ONCE(q->busy_seen, 0);
		WRITE_ONCE(q->past_busy_ns, busy_ns);
	}
	trace_weft_queue_remove(q->w->serial, q->desc.id, q->desc.asid, q->desc.kind, q->desc.band,
				ret);
	return ret;
}

bool weft_hwq_reaches(const struct weft_hwq *q)
{
	return READ_ONCE(q->live) && !READ_ONCE(q->halted) && !READ_ONCE(q->w->quiet);
}

void weft_hwq_fini(struct weft_hwq *q)
{
	/*
	 * Numbers and memory of a queue that may still exist stay taken; a value entry is never
	 * dereferenced.
	 */
	if (q->live)
		xa_store_irq(&q->w->hwqs, q->desc.id, xa_mk_value(1), GFP_KERNEL);
	else
		xa_erase_irq(&q->w->hwqs, q->desc.id);
	if (q->live)
		weft_carve_quarantine(q->w, q->mem);
	else
		weft_carve_free(q->w, q->mem);
	q->mem = NULL;
}

void weft_hwq_push(struct weft_hwq *q, const union weft_packet *packets, unsigned int count)
{
	u64 mask = (1ull << q->desc.ring_log2) - 1;
	unsigned int i;
	bool armed;

	for (i = 0; i < count; i++)
		weft_mmio_lmem_write(q->w, q->desc.ring + ((q->tail + i) & mask) * sizeof(*packets),
				     &packets[i], sizeof(*packets));
	/* debugfs shows it. */
	WRITE_ONCE(q->tail, q->tail + count);
	weft_mmio_flush_writes();
	weft_mmio_lmem_write64(q->w, q->desc.ctl + offsetof(struct weft_ring_ctl, tail), q->tail);
	weft_mmio_flush_writes();
	armed = weft_mmio_lmem_read32(q->w, q->desc.ctl + offsetof(struct weft_ring_ctl, armed));
	if (armed)
		weft_mmio_doorbell(q->w, q->desc.id);
	trace_weft_doorbell(q->w->serial, q->desc.id, q->tail, armed);
}

u64 weft_hwq_fence_value(struct weft_hwq *q)
{
	u64 value = weft_mmio_lmem_read64(q->w, q->desc.state +
					  offsetof(struct weft_queue_state, fence));

	/* All-ones is no fence value, it is a card that does not answer. */
	return value == ~0ull ? 0 : value;
}

u32 weft_hwq_run(struct weft_hwq *q)
{
	return weft_mmio_lmem_read32(q->w, q->desc.state + offsetof(struct weft_queue_state, run));
}

int weft_hwq_find_busy(struct weft_device *w)
{
	unsigned long id, flags;
	struct weft_hwq *q;
	int busy = -1;

	xa_lock_irqsave(&w->hwqs, flags);
	xa_for_each(&w->hwqs, id, q) {
		u32 run;

		if (xa_is_value(q) || !READ_ONCE(q->live) || READ_ONCE(q->halted))
			continue;
		run = weft_hwq_run(q);
		if (run == WEFT_QS_READY || run == WEFT_QS_RUNNING) {
			busy = id;
			break;
		}
	}
	xa_unlock_irqrestore(&w->hwqs, flags);
	return busy;
}

static void remember(struct weft_hwq *q)
{
	u64 at = q->desc.state + offsetof(struct weft_queue_state, busy_ns);
	u64 ns = READ_ONCE(q->live) ? weft_mmio_lmem_read64(q->w, at) : 0;

	if (ns != ~0ull)
		WRITE_ONCE(q->busy_seen, ns);
}

void weft_hwq_remember(struct weft_device *w)
{
	unsigned long id, flags;
	struct weft_hwq *q;

	xa_lock_irqsave(&w->hwqs, flags);
	xa_for_each(&w->hwqs, id, q)
		if (!xa_is_value(q) && READ_ONCE(q->live))
			remember(q);
	xa_unlock_irqrestore(&w->hwqs, flags);
}

u64 weft_hwq_busy_ns(struct weft_hwq *q)
{
	if (weft_pm_look(q->w)) {
		remember(q);
		weft_pm_look_end(q->w);
	}
	return READ_ONCE(q->past_busy_ns) + READ_ONCE(q->busy_seen);
}

void weft_hwq_read_state(struct weft_hwq *q, struct weft_queue_state *state)
{
	u64 before, after;
	int tries = 100;

	do {
		before = weft_mmio_lmem_read64(q->w, q->desc.state);
		weft_mmio_lmem_read(q->w, state, q->desc.state, STATE_PUBLIC_BYTES);
		after = weft_mmio_lmem_read64(q->w, q->desc.state);
		if (before == after && !(before & 1))
			return;
		udelay(2);
	} while (--tries);
}

void weft_hwq_reclaim(struct weft_device *w)
{
	unsigned long id;
	void *entry;

	xa_for_each(&w->hwqs, id, entry)
		if (xa_is_value(entry))
			xa_erase_irq(&w->hwqs, id);
}
