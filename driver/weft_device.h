/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * One card. Each block (noun) declares its own part in its own header; this one puts them together.
 *
 * Lock order, outermost first:
 *   the lock of an io_uring, which may call us with it held and takes it when we call it
 *   exports.revoke_lock (nothing of ours outside it; inside it what importers take)
 *   reset_sem (read: every driver ioctl; write: each half of a reset, so that none sees it change)
 *   pending->lock (inside it reset_sem is only tried)
 *   queue->submit_lock, vm->lock
 *   dma_resv of objects
 *   bind_lock, gpuva.lock of objects
 *   queue->hw_lock (job queues: recovery), uqueue->lock
 *   mbox.lock, safe.lock, scrub.lock
 *   lmem.lock, carve.lock, counter_lock
 * map_sem nests inside mmap_lock and outside nothing. bind_lock, mbox.lock, safe.lock and hw_lock
 * are taken in the dma-fence signalling path: nothing may allocate or wait for a fence under them.
 *
 * Waiting for the card to wake (weft_pm_get()) counts as a lock too. It comes before reset_sem, and
 * is entered under mmap_lock (page faults) and dma_resv (callbacks of dma-bufs) of whatever card.
 * Inside it are map_sem, exports.lock, events.lock and the lock of hwqs, which the callbacks of
 * runtime PM take; so these are never held by whoever touches memory of a process or waits for a
 * card.
 */
#ifndef WEFT_DEVICE_H
#define WEFT_DEVICE_H

#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>

#include "weft_carve.h"
#include "weft_dump.h"
#include "weft_event.h"
#include "weft_flush.h"
#include "weft_gem.h"
#include "weft_history.h"
#include "weft_link.h"
#include "weft_lmem.h"
#include "weft_mbox.h"
#include "weft_mmio.h"
#include "weft_pm.h"
#include "weft_prime.h"
#include "weft_safe.h"
#include "weft_scrub.h"
#include "weft_watch.h"

/**
 * enum weft_state - what may be asked of the card
 * @WEFT_UP: everything
 * @WEFT_RESETTING: between weft_reset_prepare() and weft_reset_done(); ioctls wait, at most 10 s,
 *	as they do while one is wanted
 * @WEFT_WEDGED: a reset failed; -EIO until the driver is bound again
 * @WEFT_LOST: registers read all-ones, or unplugged; -ENODEV
 */
enum weft_state { WEFT_UP, WEFT_RESETTING, WEFT_WEDGED, WEFT_LOST };

/**
 * struct weft_stats - counts since the driver was bound
 * @lost_irqs: events that lay in the ring and no interrupt came for
 * @wedged: resets that failed
 * @ecc_corrected: as last read from the card
 * @job_ids: numbers of jobs in tracepoints
 */
struct weft_stats {
	atomic64_t irqs;
	atomic64_t events;
	atomic64_t overflows;
	atomic64_t faults;
	atomic64_t timeouts;
	atomic64_t jobs;
	atomic64_t resets;
	atomic64_t wills;
	atomic64_t fw_restarts;
	atomic64_t wait_limits;
	atomic64_t ecc_errors;
	atomic64_t links_down;
	atomic64_t thermals;
	atomic64_t lost_irqs;
	atomic64_t stop_timeouts;
	atomic64_t engine_resets;
	atomic64_t wedged;
	atomic64_t starved;
	atomic64_t link_masks;
	atomic64_t ecc_corrected;
	atomic64_t job_ids;
};

/**
 * struct weft_counts - live objects, for leak checks (debugfs)
 */
struct weft_counts {
	atomic_t files;
	atomic_t vms;
	atomic_t queues;
	atomic_t uqueues;
	atomic_t wills;
	atomic_t watches;
	atomic_t commands;
	atomic_t jobs;
	atomic_t fences;
	atomic_t bos;
	atomic_t imports;
	atomic_t exports;
	atomic_t vas;
	atomic_t tables;
};

/**
 * struct weft_device - one card
 * @state: enum weft_state; written with reset_sem held for writing, or once to LOST from anywhere
 * @quiet: the card cannot access memory any more (bus mastering off): stops count as done
 * @gen: reset generation, from the card; objects and VMs of an older one are stale
 * @gen_before: the last generation before @gen became invalid for a reset
 * @reset_wanted: the card is off the bus, and a worker is going to reset it; under @reset_lock
 * @serial: of the card, distinct in the machine
 * @temp_limit_mc: throttled from this temperature on (m°C), 0: unknown; @power_limit_mw likewise
 * @caps: WEFT_CAP_*
 * @lmem_bytes: local memory
 * @user_limit: first byte of the carve-out
 * @contract: version agreed with the firmware
 * @fw_version: of the running firmware
 * @counter_lock: registers that are written to be read: CNT_SEL and CNT_VALUE, CLOCK_HOST and
 *	CLOCK_CARD
 * @reset_wq: waits for the end of RESETTING
 * @hwqs: queue id → struct weft_hwq; irq-safe lock, entries live while it is held
 * @asids: address-space ids in use (values: 1)
 * @map_sem: read: page faults of local memory; write: making mappings stale
 * @bind_lock: mappings of all address spaces, their tables, and what imports are mapped to. One for
 *	the card: a bind goes from an address space to objects, a revocation from an object to
 *	address spaces
 * @news: files that are told of resets; under the DRM device's event_lock
 * @vms: address spaces, to be told of a reset; under @vms_lock
 * @bind_wq: does asynchronous binds
 * @submit_wq: runs jobs; ordered
 * @timeout_wq: recoveries; ordered
 * @work_wq: scrubs and resets
 * @free_wq: of the module: frees queues, and what binds leave
 * @bos: objects with mappings for the card's DMA, which must end before the device is unbound
 */
struct weft_device {
	struct drm_device drm;
	struct pci_dev *pdev;
	struct weft_mmio mmio;
	struct weft_pm pm;

	int state;
	bool quiet;
	u64 gen;
	u64 gen_before;
	bool reset_wanted;
	spinlock_t reset_lock;	/* see above; bus mastering while @state is WEFT_UP */

	u32 serial;
	u32 contract;
	u32 fw_version;
	u32 num_asids;
	u32 num_queues;
	u32 num_slots;
	u32 num_engines;
	u32 num_links;
	u32 timed_width;
	u32 temp_limit_mc;
	u32 power_limit_mw;
	u64 caps;
	u64 lmem_bytes;
	u64 user_limit;

	struct mutex counter_lock;	/* see above */
	struct rw_semaphore reset_sem;
	wait_queue_head_t reset_wq;
	struct rw_semaphore map_sem;
	struct mutex bind_lock;	/* see above */
	spinlock_t vms_lock;	/* vms */
	struct list_head vms;
	struct list_head news;
	struct xarray hwqs;
	struct xarray asids;

	struct weft_carve carve;
	struct weft_lmem lmem;
	struct weft_mbox mbox;
	struct weft_event_ring events;
	struct weft_safe safe;
	struct weft_scrub scrub;
	struct weft_exports exports;
	struct weft_links links;
	struct weft_flush flush;
	struct weft_carve_block *fw_log;
	struct weft_carve_block *fw_image;
	struct weft_bos bos;
	struct weft_watches watches;

	struct workqueue_struct *bind_wq;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	struct workqueue_struct *work_wq;
	struct workqueue_struct *free_wq;
	struct delayed_work reset_work;
	struct delayed_work recovery_work;
	struct work_struct lost_work;

	struct weft_stats stats;
	struct weft_history history;
	struct weft_dumps dumps;
	struct weft_counts counts;
};

static inline struct weft_device *to_weft(struct drm_device *drm)
{
	return container_of(drm, struct weft_device, drm);
}

/* 0, or the errno of a card that cannot be used now. */
static inline int weft_device_check(struct weft_device *w)
{
	switch (READ_ONCE(w->state)) {
	case WEFT_UP:
		return 0;
	case WEFT_LOST:
		return -ENODEV;
	default:
		return -EIO;
	}
}

int weft_device_probe(struct pci_dev *pdev, const struct drm_driver *driver,
		      struct workqueue_struct *free_wq);
void weft_device_remove(struct pci_dev *pdev);

/* Brings a card after power-on or FLR to where queues can be created; undone by FLR alone. */
int weft_device_start_hw(struct weft_device *w);

/*
 * Begin and end of a use of the hardware by an ioctl or a worker: 0, -ENODEV, -EIO; killable. A
 * reset waits for who is inside, and so does the removal of any DRM device: nobody touches user
 * memory there, which may take for ever to come.
 */
int weft_device_enter(struct weft_device *w, int *idx);
void weft_device_exit(struct weft_device *w, int idx);

/* As weft_device_enter(), without waiting: -EAGAIN in a reset, and while the machine sleeps. */
int weft_device_try_enter(struct weft_device *w, int *idx);

#endif
