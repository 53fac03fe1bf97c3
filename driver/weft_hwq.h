/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * A hardware queue: its memory in the carve-out, its life on the card, and for job queues the
 * writing of packets.
 */
#ifndef WEFT_HWQ_H
#define WEFT_HWQ_H

#include <linux/kref.h>
#include <linux/types.h>

#include <firmware/abi/packet.h>
#include <firmware/abi/queue.h>

struct weft_carve_block;
struct weft_device;
struct weft_file;
struct weft_hwq;

/**
 * struct weft_hwq_ops - what its owner hears
 * @fence: the queue's fence word may have moved; hard interrupt context
 * @fault: the queue faulted; hard interrupt context
 * @kill: its file lets it go; NULL when it is of no file
 * @release: the last reference has gone; NULL when it has none
 */
struct weft_hwq_ops {
	void (*fence)(struct weft_hwq *q);
	void (*fault)(struct weft_hwq *q);
	void (*kill)(struct weft_hwq *q);
	void (*release)(struct kref *ref);
};

/**
 * struct weft_hwq - one queue
 * @ref: of its owner, the queue of a file; 0 until that is created
 * @desc: what the card was told
 * @mem: job queue: ring, ring control and state, in this order; user queue: state
 * @tail: packets written since the last start
 * @past_busy_ns: engine time of its earlier lives on the card
 * @live: exists on the card (created, not destroyed)
 * @halted: stopped for good
 * @stage: enum drm_weft_stage that its last stop took
 * @suspended: by the machine's suspend
 * @fault_seen: its fault is counted; with the lock of hwqs
 * @slept: since its time limit was looked at last
 * @busy_seen: engine time when it was last read
 */
struct weft_hwq {
	struct kref ref;
	struct weft_device *w;
	const struct weft_hwq_ops *ops;
	struct weft_queue_desc desc;
	struct weft_carve_block *mem;
	u64 tail;
	u64 past_busy_ns;
	bool live;
	bool halted;
	u32 stage;
	bool suspended;
	bool fault_seen;
	bool slept;
	u64 busy_seen;
};

/*
 * A job queue: takes a number, and memory charged to @f. -EDQUOT, -ENOSPC, -ENOMEM. Events may
 * arrive from now on.
 */
int weft_hwq_init(struct weft_hwq *q, struct weft_device *w, struct weft_file *f,
		  const struct weft_hwq_ops *ops, u32 asid, u8 band, u8 ring_log2,
		  u64 run_limit_ns);

/* The same for a user queue: @desc without id and state. */
int weft_hwq_init_user(struct weft_hwq *q, struct weft_device *w, struct weft_file *f,
		       const struct weft_hwq_ops *ops, const struct weft_queue_desc *desc);

/* The queue of a file by id, with a reference; NULL when there is none of the kind @ops tell. */
struct weft_hwq *weft_hwq_get(struct weft_file *f, u32 id, const struct weft_hwq_ops *ops);

/*
 * The next of a kind on the card, of any file's when @ops is NULL, from *@id on, with a reference;
 * NULL after the last. Leaves out what is not created yet.
 */
struct weft_hwq *weft_hwq_next(struct weft_device *w, unsigned long *id,
			       const struct weft_hwq_ops *ops);

/* Ends a reference. */
void weft_hwq_put(struct weft_hwq *q);

/* Creates it on the card, empty. Allocates nothing. */
int weft_hwq_start(struct weft_hwq *q);

/* Stops it: 0 when nothing of it is in flight. */
int weft_hwq_halt(struct weft_hwq *q);

/* Stops and removes it from the card. 0: nothing of it is in flight, its number is free again. */
int weft_hwq_stop(struct weft_hwq *q);

/* Not stopped: the card may still do something of it. */
bool weft_hwq_reaches(const struct weft_hwq *q);

/* Gives back number and memory; quarantines both when it is still live. */
void weft_hwq_fini(struct weft_hwq *q);

/* Free slots are the caller's care. Allocates nothing, atomic context allowed. */
void weft_hwq_push(struct weft_hwq *q, const union weft_packet *packets, unsigned int count);

u64 weft_hwq_fence_value(struct weft_hwq *q);

/* enum weft_queue_run, or all-ones from a card that does not answer. */
u32 weft_hwq_run(struct weft_hwq *q);

/* The number of a queue that has packets to run or runs them, -1 when none has; atomic context. */
int weft_hwq_find_busy(struct weft_device *w);

/* Before sleep: what is shown of queues while the card is asleep. */
void weft_hwq_remember(struct weft_device *w);

/* Engine time over all its lives on the card; of one asleep as it was before. Atomic context. */
u64 weft_hwq_busy_ns(struct weft_hwq *q);

/* Consistent copy of the state's public part (256 bytes), or the last try after 100 of them. */
void weft_hwq_read_state(struct weft_hwq *q, struct weft_queue_state *state);

/* Numbers withheld by weft_hwq_fini() are free again after FLR. */
void weft_hwq_reclaim(struct weft_device *w);

#endif
