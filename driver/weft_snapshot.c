// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/*
 * Nothing here believes what it reads: the card may be gone (all-ones), and tables and states are
 * read beside whoever changes them.
 */
#include <linux/timekeeping.h>

#include "weft_device.h"
#include "weft_hwq.h"
#include "weft_snapshot.h"
#include "weft_uqueue.h"

static bool inside(struct weft_device *w, u64 at, u64 bytes)
{
	return at < w->lmem_bytes && bytes <= w->lmem_bytes - at;
}

void weft_snapshot_walk(struct weft_device *w, u64 root, u64 va, struct weft_walk *out)
{
	u64 table = root;
	int level;

	out->va = va;
	out->levels = 0;
	if (!root || va >> WEFT_VA_BITS)
		return;
	for (level = WEFT_PT_LEVELS - 1; level >= 0 && inside(w, table, SZ_4K); level--) {
		u64 index = va >> WEFT_PT_SHIFT(level) & (WEFT_PT_ENTRIES - 1);
		u64 entry = weft_mmio_lmem_read64(w, table + index * sizeof(entry));

		out->entry[out->levels++] = entry;
		if (!(entry & WEFT_PTE_VALID) || entry & WEFT_PTE_LEAF)
			return;
		table = entry & WEFT_PTE_ADDR_MASK;
	}
}

u64 weft_snapshot_local_at(struct weft_device *w, u64 root, u64 va, u64 bytes)
{
	struct weft_walk found;
	u64 leaf, at;

	weft_snapshot_walk(w, root, va, &found);
	leaf = found.levels ? found.entry[found.levels - 1] : 0;
	if (!(leaf & WEFT_PTE_VALID) || !(leaf & WEFT_PTE_LEAF) ||
	    (leaf & WEFT_PTE_APERTURE_MASK) >> WEFT_PTE_APERTURE_SHIFT != WEFT_APERTURE_LOCAL)
		return U64_MAX;
	at = (leaf & WEFT_PTE_ADDR_MASK) +
	     (va & ((1ull << WEFT_PT_SHIFT(WEFT_PT_LEVELS - found.levels)) - 1));
	return inside(w, at, bytes) ? at : U64_MAX;
}

/* @mask: of a ring, all-ones for a list. @root 0: addresses are offsets of local memory. */
static void take_packets(struct weft_device *w, struct weft_packets *p, u64 root, u64 va, u64 first,
			 u32 count, u64 mask)
{
	u32 i;

	p->va = va;
	p->first = first;
	p->count = 0;
	for (i = 0; i < count; i++) {
		u64 at = va + ((first + i) & mask) * sizeof(union weft_packet);

		at = root ? weft_snapshot_local_at(w, root, at, sizeof(union weft_packet)) : at;
		if (!inside(w, at, sizeof(union weft_packet)))
			return;
		weft_mmio_lmem_read(w, &p->packet[i], at, sizeof(union weft_packet));
		p->count++;
	}
}

static void take_ring(struct weft_snapshot *s, struct weft_device *w, u64 root)
{
	bool job = s->desc.kind == WEFT_QUEUE_JOB;
	u64 size = 1ull << s->desc.ring_log2, head = s->queue.head;

	take_packets(w, &s->ring, job ? 0 : root, s->desc.ring,
		     head > WEFT_SNAP_BEFORE ? head - WEFT_SNAP_BEFORE : 0,
		     min_t(u64, size, WEFT_SNAP_RING), size - 1);
	s->ctl_valid = job;
	if (job)
		weft_mmio_lmem_read(w, &s->ctl, s->desc.ctl, sizeof(s->ctl));
}

/* The list that faulted, else the innermost one that runs. */
static void take_list(struct weft_snapshot *s, struct weft_device *w, u64 root)
{
	u32 depth = s->queue.depth, count = WEFT_SNAP_LIST;
	u64 list = s->queue.fault_list, at = s->queue.fault_packet;

	if (!list && depth > 1 && depth <= WEFT_FRAMES) {
		const struct weft_frame *frame = &s->queue.frame[depth - 1];

		list = frame->list;
		at = frame->pc;
		count = min(count, frame->npackets);
	}
	s->list.count = 0;
	if (list && root)
		take_packets(w, &s->list, root, list,
			     at > WEFT_SNAP_BEFORE ? at - WEFT_SNAP_BEFORE : 0, count, ~0ull);
}

static void take_queue(struct weft_snapshot *s, struct weft_device *w, struct weft_hwq *hw,
		       u64 root)
{
	struct weft_uqueue *user = hw ? weft_uqueue_of(hw) : NULL;

	s->queue_valid = hw;
	if (!hw)
		return;
	s->desc = hw->desc;
	strscpy(s->name, user ? user->name : "");
	s->tail = hw->tail;
	s->root = root;
	weft_hwq_read_state(hw, &s->queue);
	weft_mmio_lmem_read(w, s->queue.frame,
			    hw->desc.state + offsetof(struct weft_queue_state, frame),
			    sizeof(s->queue.frame));
	weft_snapshot_walk(w, root, s->queue.fault_va, &s->fault);
	weft_snapshot_walk(w, root, s->queue.wait_va, &s->wait);
	take_ring(s, w, root);
	take_list(s, w, root);
}

static void take_registers(struct weft_snapshot *s, struct weft_device *w)
{
	int op;

	s->card_ns = weft_mmio_read64(w, WEFT_REG_CLOCK_NOW);
	s->boot_status = weft_mmio_read32(w, WEFT_REG_BOOT_STATUS);
	s->heartbeat = weft_mmio_read32(w, WEFT_REG_FW_HEARTBEAT);
	s->evt_tail = weft_mmio_read32(w, WEFT_REG_EVT_TAIL);
	s->evt_head = weft_mmio_read32(w, WEFT_REG_EVT_HEAD);
	s->evt_status = weft_mmio_read32(w, WEFT_REG_EVT_STATUS);
	s->req_tail = weft_mmio_read32(w, WEFT_REG_MBOX_REQ_TAIL);
	s->req_head = weft_mmio_read32(w, WEFT_REG_MBOX_REQ_HEAD);
	s->rsp_tail = weft_mmio_read32(w, WEFT_REG_MBOX_RSP_TAIL);
	s->rsp_head = weft_mmio_read32(w, WEFT_REG_MBOX_RSP_HEAD);
	for (op = 0; op < WEFT_SAFE_OP_COUNT; op++) {
		s->safe_done[op] = weft_mmio_read32(w, WEFT_REG_SAFE_DONE(op));
		s->safe_status[op] = weft_mmio_read32(w, WEFT_REG_SAFE_STATUS(op));
	}
	s->temp_mc = weft_mmio_read32(w, WEFT_REG_TEMP_MC);
	s->power_mw = weft_mmio_read32(w, WEFT_REG_POWER_MW);
	s->clock_mhz = weft_mmio_read32(w, WEFT_REG_CLOCK_MHZ);
	s->throttle = weft_mmio_read32(w, WEFT_REG_THROTTLE);
	s->ecc_corrected = weft_mmio_read32(w, WEFT_REG_ECC_CORRECTED);
	s->ecc_fatal = weft_mmio_read32(w, WEFT_REG_ECC_FATAL);
}

static void take_engines(struct weft_snapshot *s, struct weft_device *w)
{
	u32 i;
	/* Counters are left out rather than waited for. */
	bool counters = w->caps & WEFT_CAP_COUNTERS && mutex_trylock(&w->counter_lock);

	s->num_engines = min_t(u32, w->num_engines, WEFT_SNAP_ENGINES);
	for (i = 0; i < s->num_engines; i++) {
		u32 at = WEFT_REG_ENGINES + i * sizeof(struct weft_engine_info);

		s->engine[i].kinds = weft_mmio_read32(w, at +
						      offsetof(struct weft_engine_info, kinds));
		s->engine[i].group = weft_mmio_read32(w, at +
						      offsetof(struct weft_engine_info, group));
		s->engine[i].width = weft_mmio_read32(w, at +
						      offsetof(struct weft_engine_info, width));
		s->busy_ns[i] = 0;
		if (counters) {
			weft_mmio_write32(w, WEFT_REG_CNT_SEL,
					  WEFT_CNT_SEL(WEFT_CNT_ENGINE_BUSY_NS, 0, i));
			s->busy_ns[i] = weft_mmio_read64(w, WEFT_REG_CNT_VALUE);
		}
	}
	if (counters)
		mutex_unlock(&w->counter_lock);
}

static void take_queues(struct weft_snapshot *s, struct weft_device *w)
{
	unsigned long id, flags;
	struct weft_hwq *q;

	s->num_queues = 0;
	s->queues_left = 0;
	xa_lock_irqsave(&w->hwqs, flags);
	xa_for_each(&w->hwqs, id, q) {
		struct weft_snap_queue *out = &s->queues[s->num_queues];

		if (xa_is_value(q) || !q->live)
			continue;
		if (s->num_queues == WEFT_SNAP_QUEUES) {
			s->queues_left++;
			continue;
		}
		s->num_queues++;
		out->desc = q->desc;
		out->run = weft_mmio_lmem_read32(w, q->desc.state +
						 offsetof(struct weft_queue_state, run));
		out->cause = weft_mmio_lmem_read32(w, q->desc.state +
						   offsetof(struct weft_queue_state, cause));
		out->retired = weft_mmio_lmem_read64(w, q->desc.state +
						     offsetof(struct weft_queue_state, retired));
		out->head = weft_mmio_lmem_read64(w, q->desc.state +
						  offsetof(struct weft_queue_state, head));
	}
	xa_unlock_irqrestore(&w->hwqs, flags);
}

static void take_events(struct weft_snapshot *s, struct weft_device *w)
{
	struct weft_event_ring *r = &w->events;
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&r->lock, flags);
	s->evt_taken = r->head;
	s->num_events = r->ring ? min_t(u32, r->head, WEFT_SNAP_EVENTS) : 0;
	s->first_event = r->head - s->num_events;
	for (i = 0; i < s->num_events; i++)
		s->event[i] = r->ring[(s->first_event + i) & ((1u << r->log2) - 1)];
	spin_unlock_irqrestore(&r->lock, flags);
}

/* The last ones, newest first. Read beside who writes them: a message may be half a newer one. */
static void take_mailbox(struct weft_snapshot *s, struct weft_device *w)
{
	struct weft_carve_block *slots = READ_ONCE(w->mbox.slots);
	u32 i;

	s->num_messages = slots ? min_t(u32, READ_ONCE(w->mbox.req_tail), WEFT_SNAP_MESSAGES) : 0;
	for (i = 0; i < s->num_messages; i++) {
		u64 slot = (READ_ONCE(w->mbox.req_tail) - 1 - i) % WEFT_MBOX_SLOTS *
			   sizeof(struct weft_mbox_msg);

		weft_mmio_lmem_read(w, &s->request[i], slots->at + slot, sizeof(s->request[i]));
		weft_mmio_lmem_read(w, &s->answer[i], slots->at + WEFT_MBOX_RSP_OFFSET + slot,
				    sizeof(s->answer[i]));
	}
}

static void take_log(struct weft_snapshot *s, struct weft_device *w)
{
	u64 size = w->fw_log ? w->fw_log->bytes : 0;
	u32 tail = size ? weft_mmio_read32(w, WEFT_REG_LOG_TAIL) : 0, i;

	s->log_bytes = tail == ~0u ? 0 : min3(tail, (u32)size, (u32)WEFT_SNAP_LOG);
	for (i = 0; i < s->log_bytes;) {
		u32 at = (tail - s->log_bytes + i) & (size - 1);
		u32 part = min_t(u32, s->log_bytes - i, size - at);

		weft_mmio_lmem_read(w, s->log + i, w->fw_log->at + at, part);
		i += part;
	}
}

void weft_snapshot_take(struct weft_snapshot *s, struct weft_device *w, struct weft_hwq *hw,
			u64 root)
{
	s->taken_ns = ktime_get_ns();
	s->wall_s = ktime_get_real_seconds();
	s->state = READ_ONCE(w->state);
	s->gen = READ_ONCE(w->gen);
	s->num_notes = weft_history_copy(&w->history, s->note);
	take_registers(s, w);
	take_queue(s, w, hw, root);
	take_engines(s, w);
	take_queues(s, w);
	take_events(s, w);
	take_mailbox(s, w);
	take_log(s, w);
}
