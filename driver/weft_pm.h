/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * When the card is awake. Whoever uses it holds a reference; with none left for the autosuspend
 * delay it goes to D3hot, which keeps everything and answers nothing but configuration requests.
 * weft_mmio.c warns of an access to a card that is asleep: it means that somebody holds no
 * reference.
 *
 * The callbacks take map_sem, exports.lock, the lock of hwqs and that of the event ring: under
 * those nobody may call weft_pm_get(). It may be called under everything else, in a page fault
 * (mmap_lock) and under a reservation too, but not in the dma-fence signalling path, where jobs
 * hold the card already.
 */
#ifndef WEFT_PM_H
#define WEFT_PM_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/wait.h>

struct dev_pm_ops;
struct weft_device;

/**
 * enum weft_pm_use - what a reference is for
 * @WEFT_PM_CALL: an ioctl, page fault, worker or callback that talks to the card now
 * @WEFT_PM_QUEUE: a user queue that is neither stopped nor said to be idle
 * @WEFT_PM_JOB: a job from submission to the end of its book-keeping
 * @WEFT_PM_BIND: a bind from its place in the order to the end of its cleaning
 * @WEFT_PM_PEER: a mapping of this card's memory for another device
 * @WEFT_PM_WATCH: a sleeper on a cell
 */
enum weft_pm_use {
	WEFT_PM_CALL, WEFT_PM_QUEUE, WEFT_PM_JOB, WEFT_PM_BIND, WEFT_PM_PEER, WEFT_PM_WATCH,
	WEFT_PM_USES
};

/**
 * struct weft_pm - state
 * @uses: references by their purpose, for people who ask why a card does not sleep
 * @asleep: in D3hot or on the way; no access to BARs
 * @shut: the machine sleeps: calls and workers that talk to the card wait, on @open_wq
 * @suspends: times it went to sleep by itself
 * @resumes: times it was woken
 */
struct weft_pm {
	atomic_t uses[WEFT_PM_USES];
	bool asleep;
	bool shut;
	wait_queue_head_t open_wq;
	atomic64_t suspends;
	atomic64_t resumes;
};

extern const struct dev_pm_ops weft_pm_ops;

void weft_pm_init(struct weft_device *w);

/* End of probe and begin of removal: between them the card may sleep. */
void weft_pm_start(struct weft_device *w);
void weft_pm_stop(struct weft_device *w);

/*
 * Wakes the card and holds it; may sleep for as long as that takes (tens of ms). It has no result:
 * a card that does not wake is lost then, which weft_device_check() tells.
 */
void weft_pm_get(struct weft_device *w, enum weft_pm_use use);

/*
 * The same, and waits for the end of the machine's sleep. For all but page faults, which frozen
 * tasks do not have, and what other drivers call in their own suspend and resume: files are closed,
 * and objects freed, by workers that nobody freezes.
 */
void weft_pm_get_open(struct weft_device *w, enum weft_pm_use use);

/*
 * The machine is going to sleep: waits for those who are in, and keeps out whoever comes by
 * weft_pm_get_open(), until weft_pm_open(). False, and nobody is kept out, when they have not gone
 * after @ms.
 */
bool weft_pm_shut(struct weft_device *w, unsigned int ms);
void weft_pm_open(struct weft_device *w);

/* The same while another reference holds the card for certain; any context. */
void weft_pm_hold(struct weft_device *w, enum weft_pm_use use);

/* Any context. The card sleeps not before the autosuspend delay is over. */
void weft_pm_put(struct weft_device *w, enum weft_pm_use use);

/*
 * For those who only look: true when the card is awake, and then it stays so until
 * weft_pm_look_end(), which does not count as a use. weft_pm_look_busy(): only when somebody uses
 * it. Any context.
 */
bool weft_pm_look(struct weft_device *w);
bool weft_pm_look_busy(struct weft_device *w);
void weft_pm_look_end(struct weft_device *w);

#endif
