// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <drm/drm_print.h>

#include <firmware/abi/event.h>
#include <firmware/abi/queue.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_look.h"
#include "weft_reset.h"
#include "weft_trace.h"

#define EVENT_LOG2	10
#define MAX_VECTORS	4
#define POLL_MS		250
#define LOST_MS		20	/* an interrupt that has not come after this is lost */

/* A fault is counted once, whether its event or its state is found first. */
static void tell_fault(struct weft_device *w, struct weft_hwq *q)
{
	if (!q->fault_seen)
		atomic64_inc(&w->stats.faults);
	q->fault_seen = true;
	q->ops->fault(q);
}

/* Queues live as long as the lock is held. */
static void tell_queue(struct weft_device *w, u32 id, bool fault)
{
	struct weft_hwq *q;
	unsigned long flags;

	xa_lock_irqsave(&w->hwqs, flags);
	q = xa_load(&w->hwqs, id);
	if (q && !xa_is_value(q)) {
		if (fault)
			tell_fault(w, q);
		else
			q->ops->fence(q);
	}
	xa_unlock_irqrestore(&w->hwqs, flags);
}

void weft_event_rescan(struct weft_device *w)
{
	unsigned long id = 0, flags;
	struct weft_hwq *q;

	xa_lock_irqsave(&w->hwqs, flags);
	xa_for_each(&w->hwqs, id, q) {
		if (xa_is_value(q))
			continue;
		q->ops->fence(q);
		if (weft_mmio_lmem_read32(w, q->desc.state +
					  offsetof(struct weft_queue_state, run)) ==
		    WEFT_QS_FAULTED)
			tell_fault(w, q);
	}
	xa_unlock_irqrestore(&w->hwqs, flags);
	wake_up_all(&w->mbox.wq);
	wake_up_all(&w->safe.wq);
	weft_watch_fire_all(w);
}

static void count_ecc(struct weft_device *w, u32 errors, u64 at)
{
	if (!errors)
		return;
	atomic64_add(errors, &w->stats.ecc_errors);
	weft_history_note(&w->history, "memory error, value is where", WEFT_QUEUE_NONE, at, 0);
}

/* The card's own count misses none, and has an error before its event is there. */
static u32 new_ecc(struct weft_device *w)
{
	u32 fatal = weft_mmio_read32(w, WEFT_REG_ECC_FATAL), errors;

	if (fatal == ~0u)
		return 0;
	errors = fatal - w->events.ecc_seen;
	w->events.ecc_seen = fatal;
	return errors;
}

/*
 * Events were dropped. What they said is read elsewhere: of queues, answers and safe operations all
 * of it, of memory errors how many, of firmware whether it stopped. What nobody keeps is lost,
 * which is that a wait was too long, a link went down, or the card was too hot for a while.
 */
static void make_up(struct weft_device *w)
{
	u32 errors;

	atomic64_inc(&w->stats.overflows);
	weft_event_rescan(w);
	if (w->caps & WEFT_CAP_TELEMETRY) {
		errors = new_ecc(w);
		count_ecc(w, errors, U64_MAX);
		if (errors)
			drm_err_ratelimited(&w->drm,
					    "%u uncorrectable memory errors, of which the events were lost\n",
					    errors);
	}
	weft_mbox_suspect(w);
}

static void handle(struct weft_device *w, const struct weft_event *e)
{
	trace_weft_event(w->serial, e->type, e->queue, e->cause, e->value);
	switch (e->type) {
	case WEFT_EVT_FENCE:
		tell_queue(w, e->queue, false);
		break;
	case WEFT_EVT_FAULT:
		tell_queue(w, e->queue, true);
		break;
	case WEFT_EVT_MBOX:
		wake_up_all(&w->mbox.wq);
		break;
	case WEFT_EVT_SAFE:
		wake_up_all(&w->safe.wq);
		break;
	case WEFT_EVT_FW:
		weft_mbox_crashed(w, e->cause);
		break;
	case WEFT_EVT_WATCH:
		weft_watch_event(w, e);
		break;
	case WEFT_EVT_WAIT_LIMIT:
		atomic64_inc(&w->stats.wait_limits);
		drm_dbg(&w->drm, "queue %u waits for longer than its limit\n", e->queue);
		break;
	case WEFT_EVT_THERMAL:
		atomic64_inc(&w->stats.thermals);
		dev_warn_ratelimited(w->drm.dev,
				     "the card is too hot: %u thousandths of a degree, throttled for %#x\n",
				     weft_mmio_read32(w, WEFT_REG_TEMP_MC),
				     weft_mmio_read32(w, WEFT_REG_THROTTLE));
		break;
	case WEFT_EVT_LINK:
		atomic64_inc(&w->stats.links_down);
		weft_history_note(&w->history, "link down, value is its tag", WEFT_QUEUE_NONE,
				  e->queue, 0);
		drm_err_ratelimited(&w->drm, "link %u to a peer went down\n", e->queue);
		break;
	case WEFT_EVT_ECC:
		count_ecc(w, w->caps & WEFT_CAP_TELEMETRY ? new_ecc(w) : 1, e->value);
		drm_err_ratelimited(&w->drm, "uncorrectable memory error at local offset %#llx\n",
				    e->value);
		break;
	default:
		drm_dbg(&w->drm, "event %u for queue %u ignored\n", e->type, e->queue);
	}
}

void weft_event_process(struct weft_device *w)
{
	struct weft_event_ring *r = &w->events;
	unsigned long flags;
	unsigned int taken = 0, limit;
	bool fence_cookie;

	spin_lock_irqsave(&r->lock, flags);
	/* A late interrupt of a card that has gone to sleep. */
	if (!r->on || READ_ONCE(w->pm.asleep))
		goto unlock;
	fence_cookie = dma_fence_begin_signalling();
	/* At most one ring's worth: what comes meanwhile brings its own interrupt. */
	for (limit = 1u << r->log2; limit; limit--) {
		struct weft_event *slot = &r->ring[r->head & ((1u << r->log2) - 1)];
		struct weft_event e;

		if (READ_ONCE(slot->seq) != r->head + 1)
			break;
		dma_rmb();
		e = *slot;
		r->head++;
		taken++;
		handle(w, &e);
	}
	/*
	 * The write traps in emulation and costs a bus crossing anywhere: it is owed only before
	 * the ring can fill.
	 */
	if (r->head - r->told >= (1u << r->log2) / 4) {
		r->told = r->head;
		weft_mmio_write32(w, WEFT_REG_EVT_HEAD, r->head);
	}
	atomic64_add(taken, &w->stats.events);
	/* Reading a register costs a round trip: only where events can have been dropped. */
	if (!taken || taken >= (1u << r->log2) / 2) {
		u32 status = weft_mmio_read32(w, WEFT_REG_EVT_STATUS);

		/* One that is to be reset was taken off the bus on purpose. */
		if (status != ~0u && status & WEFT_EVT_STATUS_DMA && !weft_reset_pending(w))
			drm_err_ratelimited(&w->drm,
					    "the card cannot write the event ring at bus address %pad: check the IOMMU\n",
					    &r->bus);
		if (status != ~0u && status)
			weft_mmio_write32(w, WEFT_REG_EVT_STATUS, status);
		if (status != ~0u && status & WEFT_EVT_STATUS_OVERFLOW)
			make_up(w);
	}
	dma_fence_end_signalling(fence_cookie);
unlock:
	spin_unlock_irqrestore(&r->lock, flags);
}

static irqreturn_t irq_handler(int irq, void *arg)
{
	struct weft_device *w = arg;

	atomic64_inc(&w->stats.irqs);
	trace_weft_irq(w->serial, irq);
	weft_event_process(w);
	return IRQ_HANDLED;
}

static bool jobs_in_flight(struct weft_device *w)
{
	return atomic_read(&w->counts.fences) > 0;
}

static bool event_waits(struct weft_device *w, u32 *head)
{
	struct weft_event_ring *r = &w->events;
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&r->lock, flags);
	*head = r->head;
	waits = r->on && READ_ONCE(r->ring[r->head & ((1u << r->log2) - 1)].seq) == r->head + 1;
	spin_unlock_irqrestore(&r->lock, flags);
	return waits;
}

/*
 * An event may be found in the ring because its interrupt is on its way; the one that does not come
 * is counted.
 */
static void notice_lost(struct weft_device *w)
{
	u32 before, now;

	if (!event_waits(w, &before))
		return;
	msleep(LOST_MS);
	if (event_waits(w, &now) && now == before) {
		atomic64_inc(&w->stats.lost_irqs);
		weft_history_note(&w->history, "interrupt lost, value is the event's number",
				  WEFT_QUEUE_NONE, now, 0);
	}
}

/*
 * False: it does not answer. One that is just being reset is not asked: its registers read as those
 * of one that is gone, and nothing is in flight there.
 */
static bool look(struct weft_device *w)
{
	bool gone;

	if (!weft_look_begin(w))
		return true;
	gone = weft_mmio_gone(w);
	if (!gone && jobs_in_flight(w))
		weft_event_rescan(w);
	weft_look_end(w);
	return !gone;
}

static void poll_work(struct work_struct *work)
{
	struct weft_device *w = container_of(to_delayed_work(work), struct weft_device,
					     events.poll);

	/* With no user nothing is in flight; who begins to use the card has it watched again. */
	if (!weft_pm_look_busy(w))
		return;
	notice_lost(w);
	weft_event_process(w);
	if (!look(w))
		weft_reset_lost(w, "polling");
	if ((jobs_in_flight(w) || atomic_read(&w->counts.uqueues)) && !weft_device_check(w))
		weft_event_watch(w);
	weft_pm_look_end(w);
}

void weft_event_watch(struct weft_device *w)
{
	queue_delayed_work(w->timeout_wq, &w->events.poll, msecs_to_jiffies(POLL_MS));
}

static void free_vectors(struct weft_device *w, int count)
{
	while (count--)
		free_irq(pci_irq_vector(w->pdev, count), w);
	pci_free_irq_vectors(w->pdev);
}

int weft_event_init(struct weft_device *w)
{
	struct weft_event_ring *r = &w->events;
	int i, ret;

	spin_lock_init(&r->lock);
	INIT_DELAYED_WORK(&r->poll, poll_work);
	r->log2 = EVENT_LOG2;
	r->ring = dma_alloc_coherent(&w->pdev->dev, sizeof(*r->ring) << r->log2, &r->bus,
				     GFP_KERNEL);
	if (!r->ring)
		return -ENOMEM;
	ret = pci_alloc_irq_vectors(w->pdev, 1, MAX_VECTORS, PCI_IRQ_MSIX | PCI_IRQ_MSI);
	if (ret < 0) {
		drm_err(&w->drm, "no MSI-X or MSI vector to be had (%d)\n", ret);
		goto err_ring;
	}
	r->vectors = ret;
	for (i = 0; i < r->vectors; i++) {
		ret = request_irq(pci_irq_vector(w->pdev, i), irq_handler, 0, "weft", w);
		if (ret) {
			drm_err(&w->drm, "interrupt vector %d of %d cannot be requested (%d)\n", i,
				r->vectors, ret);
			goto err_irqs;
		}
	}
	return 0;

err_irqs:
	free_vectors(w, i);
err_ring:
	dma_free_coherent(&w->pdev->dev, sizeof(*r->ring) << r->log2, r->ring, r->bus);
	r->ring = NULL;
	return ret;
}

void weft_event_fini(struct weft_device *w)
{
	struct weft_event_ring *r = &w->events;

	weft_event_stop(w);
	free_vectors(w, r->vectors);
	cancel_delayed_work_sync(&r->poll);
	dma_free_coherent(&w->pdev->dev, sizeof(*r->ring) << r->log2, r->ring, r->bus);
	r->ring = NULL;
}

void weft_event_start(struct weft_device *w)
{
	struct weft_event_ring *r = &w->events;
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	memset(r->ring, 0, sizeof(*r->ring) << r->log2);
	r->head = 0;
	r->told = 0;
	r->ecc_seen = w->caps & WEFT_CAP_TELEMETRY ? weft_mmio_read32(w, WEFT_REG_ECC_FATAL) : 0;
	weft_mmio_write64(w, WEFT_REG_EVT_BASE, r->bus);
	weft_mmio_write32(w, WEFT_REG_EVT_LOG2, r->log2);
	weft_mmio_write32(w, WEFT_REG_IRQ_VECTORS, r->vectors);
	weft_mmio_write32(w, WEFT_REG_EVT_HEAD, 0);
	weft_mmio_write32(w, WEFT_REG_EVT_ENABLE, 1);
	r->on = true;
	spin_unlock_irqrestore(&r->lock, flags);
}

void weft_event_stop(struct weft_device *w)
{
	unsigned long flags;

	spin_lock_irqsave(&w->events.lock, flags);
	w->events.on = false;
	weft_mmio_write32(w, WEFT_REG_EVT_ENABLE, 0);
	spin_unlock_irqrestore(&w->events.lock, flags);
}
