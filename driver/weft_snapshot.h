/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* What a dump is made of: all that is read from card and driver at the moment of the error. */
#ifndef WEFT_SNAPSHOT_H
#define WEFT_SNAPSHOT_H

#include <linux/types.h>
#include <drm/weft_accel.h>

#include <firmware/abi/event.h>
#include <firmware/abi/mailbox.h>
#include <firmware/abi/packet.h>
#include <firmware/abi/pte.h>
#include <firmware/abi/queue.h>
#include <firmware/abi/reg.h>
#include <firmware/abi/safe.h>

#include "weft_dump.h"
#include "weft_history.h"

struct seq_buf;
struct weft_device;

#define WEFT_SNAP_RING		24	/* packets */
#define WEFT_SNAP_BEFORE	8	/* of them before the one the queue is at */
#define WEFT_SNAP_LIST		16
#define WEFT_SNAP_QUEUES	64
#define WEFT_SNAP_ENGINES	64
#define WEFT_SNAP_EVENTS	32
#define WEFT_SNAP_MESSAGES	4
#define WEFT_SNAP_LOG		4096

/** struct weft_walk - an address's translation: @entry of each level from 3 down, @levels read */
struct weft_walk {
	u64 va;
	u64 entry[WEFT_PT_LEVELS];
	u32 levels;
};

/** struct weft_packets - @count from index @first on; 0: none, or in memory unreadable here */
struct weft_packets {
	u64 va;
	u64 first;
	u32 count;
	union weft_packet packet[WEFT_SNAP_RING];
};

struct weft_snap_queue {
	struct weft_queue_desc desc;
	u32 run;
	u32 cause;
	u64 retired;
	u64 head;
};

/**
 * struct weft_snapshot - see the page of dumps in Documentation; @queue_valid: the fields from
 * @desc to @list are
 */
struct weft_snapshot {
	enum weft_dump_reason reason;
	u64 taken_ns;			/* monotonic */
	s64 wall_s;
	int state;
	u64 gen;
	u64 card_ns;
	u32 boot_status, heartbeat;
	u32 evt_tail, evt_head, evt_status, evt_taken;
	u32 req_tail, req_head, rsp_tail, rsp_head;
	u32 safe_done[WEFT_SAFE_OP_COUNT], safe_status[WEFT_SAFE_OP_COUNT];
	u32 temp_mc, power_mw, clock_mhz, throttle, ecc_corrected, ecc_fatal;

	bool queue_valid;
	struct weft_queue_desc desc;
	char name[DRM_WEFT_NAME_BYTES + 1];
	u64 tail;
	struct weft_queue_state queue;	/* all but the card's own part */
	struct weft_ring_ctl ctl;
	bool ctl_valid;
	u64 root;
	struct weft_walk fault, wait;
	struct weft_packets ring, list;

	u32 num_engines;
	struct weft_engine_info engine[WEFT_SNAP_ENGINES];
	u64 busy_ns[WEFT_SNAP_ENGINES];
	u32 num_queues, queues_left;
	struct weft_snap_queue queues[WEFT_SNAP_QUEUES];
	u32 first_event, num_events;
	struct weft_event event[WEFT_SNAP_EVENTS];
	u32 num_messages;
	struct weft_mbox_msg request[WEFT_SNAP_MESSAGES], answer[WEFT_SNAP_MESSAGES];
	u32 num_notes;
	struct weft_note note[WEFT_HISTORY_NOTES];
	u32 log_bytes;
	char log[WEFT_SNAP_LOG];
};

/* Fills it; context as weft_dump_capture(). */
void weft_snapshot_take(struct weft_snapshot *s, struct weft_device *w, struct weft_hwq *hw,
			u64 root);

/* Follows @va through tables that may hold anything. */
void weft_snapshot_walk(struct weft_device *w, u64 root, u64 va, struct weft_walk *out);

/*
 * Where @bytes at @va lie in local memory, U64_MAX when they do not. They are in one page: a packet
 * or a cell.
 */
u64 weft_snapshot_local_at(struct weft_device *w, u64 root, u64 va, u64 bytes);

/* Writes it as text. */
void weft_snapshot_write(const struct weft_snapshot *s, struct weft_device *w, struct seq_buf *out);

#endif
