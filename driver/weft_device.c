// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-mapping.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <firmware/abi/reg.h>

#include "weft_debugfs.h"
#include "weft_device.h"
#include "weft_fw.h"
#include "weft_hwmon.h"
#include "weft_reset.h"

#define FW_LOG_BYTES	SZ_64K
#define RESET_WAIT_MS	10000

/* Or off the bus, and soon to be. */
static bool resetting(struct weft_device *w)
{
	int state = READ_ONCE(w->state);

	return state == WEFT_RESETTING || (state == WEFT_UP && READ_ONCE(w->reset_wanted));
}

/* 0 for a caller who may go on, -EAGAIN for one who has to wait. */
static int check(struct weft_device *w)
{
	return resetting(w) ? -EAGAIN : weft_device_check(w);
}

/* 0: the card is in reset no more. Not inside drm_dev_enter(): removal must not wait for us. */
static int wait_reset(struct weft_device *w)
{
	long left = wait_event_killable_timeout(w->reset_wq, !resetting(w),
						msecs_to_jiffies(RESET_WAIT_MS));

	return left < 0 ? left : left ? 0 : -EIO;
}

int weft_device_enter(struct weft_device *w, int *idx)
{
	int ret;

	for (;;) {
		if (!drm_dev_enter(&w->drm, idx))
			return -ENODEV;
		weft_pm_get_open(w, WEFT_PM_CALL);
		ret = down_read_killable(&w->reset_sem);
		if (!ret) {
			ret = check(w);
			if (!ret)
				return 0;
			up_read(&w->reset_sem);
		}
		weft_pm_put(w, WEFT_PM_CALL);
		drm_dev_exit(*idx);
		if (ret != -EAGAIN)
			return ret;
		ret = wait_reset(w);
		if (ret)
			return ret;
	}
}

int weft_device_try_enter(struct weft_device *w, int *idx)
{
	int ret = -EAGAIN;

	if (!drm_dev_enter(&w->drm, idx))
		return -ENODEV;
	if (!weft_pm_look(w))
		goto exit;
	weft_pm_hold(w, WEFT_PM_CALL);
	weft_pm_look_end(w);
	if (down_read_trylock(&w->reset_sem)) {
		ret = READ_ONCE(w->pm.shut) ? -EAGAIN : check(w);
		if (!ret)
			return 0;
		up_read(&w->reset_sem);
	}
	weft_pm_put(w, WEFT_PM_CALL);
exit:
	drm_dev_exit(*idx);
	return ret;
}

void weft_device_exit(struct weft_device *w, int idx)
{
	up_read(&w->reset_sem);
	weft_pm_put(w, WEFT_PM_CALL);
	drm_dev_exit(idx);
}

/* What a card says about itself is checked once, here; everything else relies on it. */
static int identify(struct weft_device *w)
{
	u32 magic = weft_mmio_read32(w, WEFT_REG_MAGIC);
	u32 lo = weft_mmio_read32(w, WEFT_REG_CONTRACT_MIN);
	u32 hi = weft_mmio_read32(w, WEFT_REG_CONTRACT_MAX);

	if (magic != WEFT_MAGIC) {
		drm_err(&w->drm,
			"magic register reads %#x, wanted %#x: not a weft card, or not powered\n",
			magic, WEFT_MAGIC);
		return -ENODEV;
	}
	if (lo > WEFT_CONTRACT_VERSION || hi < WEFT_CONTRACT_VERSION) {
		drm_err(&w->drm,
			"the card speaks contract %u.%u to %u.%u, this driver %u.%u: update the %s\n",
			lo >> 16, lo & 0xffff, hi >> 16, hi & 0xffff, WEFT_CONTRACT_MAJOR,
			WEFT_CONTRACT_MINOR, lo > WEFT_CONTRACT_VERSION ? "driver" : "card");
		return -ENODEV;
	}
	w->serial = weft_mmio_read32(w, WEFT_REG_SERIAL);
	w->caps = weft_mmio_read64(w, WEFT_REG_CAPS);
	w->lmem_bytes = weft_mmio_read64(w, WEFT_REG_LMEM_BYTES);
	w->num_asids = weft_mmio_read32(w, WEFT_REG_NUM_ASIDS);
	w->num_queues = weft_mmio_read32(w, WEFT_REG_NUM_QUEUES);
	w->num_slots = weft_mmio_read32(w, WEFT_REG_NUM_SLOTS);
	w->num_engines = weft_mmio_read32(w, WEFT_REG_NUM_ENGINES);
	w->num_links = weft_mmio_read32(w, WEFT_REG_NUM_LINKS);
	w->timed_width = weft_mmio_read32(w, WEFT_REG_TIMED_WIDTH);
	if (w->lmem_bytes > w->mmio.lmem_bytes || w->lmem_bytes < SZ_64M || w->lmem_bytes % SZ_2M) {
		drm_err(&w->drm,
			"the card reports %llu bytes of local memory, BAR2 has %llu: want a multiple of 2 MiB, at least 64 MiB, all of it in the BAR\n",
			w->lmem_bytes, w->mmio.lmem_bytes);
		return -ENODEV;
	}
	if (w->num_asids < 2 || w->num_asids > 1024 || w->num_queues < 2 || w->num_queues > 4096 ||
	    (u64)w->num_queues * SZ_4K > w->mmio.doorbell_bytes || w->num_links > WEFT_LINK_MAX ||
	    w->num_engines > (WEFT_BAR_REGS_BYTES - WEFT_REG_ENGINES) /
			     sizeof(struct weft_engine_info)) {
		drm_err(&w->drm,
			"the card reports %u address spaces, %u queues (doorbell BAR %llu bytes), %u links, %u engines: outside of the contract\n",
			w->num_asids, w->num_queues, w->mmio.doorbell_bytes, w->num_links,
			w->num_engines);
		return -ENODEV;
	}
	/* An eighth for tables, rings and firmware; more would be wasted on a large card. */
	w->user_limit = w->lmem_bytes -
			clamp_t(u64, ALIGN(w->lmem_bytes / 8, SZ_2M), SZ_16M, SZ_1G);
	return 0;
}

int weft_device_start_hw(struct weft_device *w)
{
	int ret;

	WRITE_ONCE(w->gen, weft_mmio_read64(w, WEFT_REG_RESET_GEN));
	weft_mmio_write64(w, WEFT_REG_USER_LIMIT, w->user_limit);
	weft_event_start(w);
	if (!w->fw_log) {
		struct weft_carve_block *log = weft_carve_alloc(w, NULL, FW_LOG_BYTES);

		if (IS_ERR(log))
			return PTR_ERR(log);
		w->fw_log = log;
	}
	weft_mmio_lmem_clear(w, w->fw_log->at, w->fw_log->bytes);
	weft_mmio_flush_writes();
	weft_mmio_write64(w, WEFT_REG_LOG_BASE, w->fw_log->at);
	weft_mmio_write32(w, WEFT_REG_LOG_BYTES, FW_LOG_BYTES);
	ret = weft_safe_start(w);
	if (ret)
		return ret;
	ret = weft_fw_boot(w);
	if (ret)
		return ret;
	ret = weft_mbox_start(w);
	if (ret)
		return ret;
	ret = weft_flush_start(w);
	if (ret)
		return ret;
	return weft_scrub_start(w);
}

/* Memory books outlive the binding: objects held by open files and dma-bufs come back to them. */
static void release_books(struct drm_device *drm, void *arg)
{
	struct weft_device *w = to_weft(drm);

	kvfree(w->dumps.snapshot);
	weft_watch_fini(w);
	weft_lmem_fini(w);
	weft_carve_free(w, w->fw_log);
	weft_carve_free(w, w->fw_image);
	weft_carve_free(w, w->flush.word);
	weft_carve_free(w, w->safe.list);
	weft_carve_free(w, w->mbox.slots);
	weft_carve_fini(w);
	xa_destroy(&w->hwqs);
	xa_destroy(&w->asids);
	xa_destroy(&w->exports.said);
	destroy_workqueue(w->bind_wq);
	destroy_workqueue(w->submit_wq);
	destroy_workqueue(w->timeout_wq);
	destroy_workqueue(w->work_wq);
}

static struct lock_class_key hwqs_lock_key;

static int init_books(struct weft_device *w)
{
	int ret = -ENOMEM;

	/*
	 * Frozen with the tasks of the machine: what runs in them touches the card, which is in
	 * D3hot before the machine sleeps. So fences of binds, and of jobs that have not reached
	 * the card or ran too long, end after the resume. A driver that waits for one in its own
	 * suspend waits for ever; it would with workers that are not frozen, too: a job's queue is
	 * suspended, and what a job or a bind waits for is given by tasks, which are frozen.
	 */
	w->bind_wq = alloc_workqueue("weft-bind-%u", WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_FREEZABLE, 0,
				     w->serial);
	if (!w->bind_wq)
		return -ENOMEM;
	w->submit_wq = alloc_ordered_workqueue("weft-submit-%u", WQ_MEM_RECLAIM | WQ_FREEZABLE,
					       w->serial);
	if (!w->submit_wq)
		goto err_bind;
	w->timeout_wq = alloc_ordered_workqueue("weft-timeout-%u", WQ_MEM_RECLAIM | WQ_FREEZABLE,
						w->serial);
	if (!w->timeout_wq)
		goto err_submit;
	w->work_wq = alloc_workqueue("weft-work-%u", WQ_UNBOUND | WQ_FREEZABLE, 0, w->serial);
	if (!w->work_wq)
		goto err_timeout;
	ret = weft_lmem_init(w);
	if (ret)
		goto err_work;
	weft_carve_init(w);
	xa_init_flags(&w->hwqs, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_IRQ);
	/* Taken in interrupts, unlike the other's, whose class would be the same. */
	lockdep_set_class(&w->hwqs.xa_lock, &hwqs_lock_key);
	/* Address space 0 is left alone: a zero that went astray must not be a valid one. */
	xa_init_flags(&w->asids, XA_FLAGS_ALLOC1);
	ret = weft_watch_init(w);
	if (ret)
		goto err_books;
	return drmm_add_action_or_reset(&w->drm, release_books, NULL);

err_books:
	weft_carve_fini(w);
	weft_lmem_fini(w);
err_work:
	destroy_workqueue(w->work_wq);
err_timeout:
	destroy_workqueue(w->timeout_wq);
err_submit:
	destroy_workqueue(w->submit_wq);
err_bind:
	destroy_workqueue(w->bind_wq);
	return ret;
}

static void init_blocks(struct weft_device *w)
{
	init_rwsem(&w->reset_sem);
	init_rwsem(&w->map_sem);
	init_waitqueue_head(&w->reset_wq);
	mutex_init(&w->counter_lock);
	mutex_init(&w->bind_lock);
	spin_lock_init(&w->vms_lock);
	INIT_LIST_HEAD(&w->vms);
	INIT_LIST_HEAD(&w->news);
	weft_pm_init(w);
	weft_history_init(&w->history);
	weft_safe_init(w);
	weft_mbox_init(w);
	weft_scrub_init(w);
	weft_link_init(w);
	weft_flush_init(w);
	weft_prime_init(w);
	weft_gem_init(w);
	weft_reset_init(w);
}

/* From any state to one in which nothing runs and nothing is in the books but them. */
static void reset_function(struct weft_device *w)
{
	pci_save_state(w->pdev);
	if (pcie_reset_flr(w->pdev, PCI_RESET_DO_RESET))
		drm_dbg(&w->drm, "no function-level reset at probe\n");
	pci_restore_state(w->pdev);
}

int weft_device_probe(struct pci_dev *pdev, const struct drm_driver *driver,
		      struct workqueue_struct *free_wq)
{
	struct weft_device *w;
	int ret;

	w = devm_drm_dev_alloc(&pdev->dev, driver, struct weft_device, drm);
	if (IS_ERR(w))
		return PTR_ERR(w);
	w->pdev = pdev;
	w->free_wq = free_wq;
	pci_set_drvdata(pdev, w);
	init_blocks(w);

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "cannot be enabled\n");
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(52));
	if (ret)
		return dev_err_probe(&pdev->dev, ret, "no usable DMA mask\n");
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	ret = weft_mmio_map(w);
	if (ret)
		return ret;
	/* A previous user (another kernel, a crashed driver) may have left queues running. */
	reset_function(w);
	ret = identify(w);
	if (ret)
		return ret;
	ret = init_books(w);
	if (ret)
		return ret;
	ret = weft_dump_init(w);
	if (ret)
		return ret;
	ret = weft_prime_probe(w);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = weft_event_init(w);
	if (ret)
		goto err_quiet;
	ret = weft_device_start_hw(w);
	if (ret)
		goto err_hw;
	weft_debugfs_register(w);
	ret = drm_dev_register(&w->drm, 0);
	if (ret)
		goto err_hw;
	/* For error recovery, which can save nothing. */
	pci_save_state(pdev);
	drm_info(&w->drm,
		 "card %u: firmware %u.%u.%u, contract %u.%u, %llu MiB local memory (%llu for objects), %u slots, %u vectors, peers %s\n",
		 w->serial, w->fw_version >> 16, w->fw_version >> 8 & 0xff, w->fw_version & 0xff,
		 w->contract >> 16, w->contract & 0xffff, w->lmem_bytes >> 20, w->user_limit >> 20,
		 w->num_slots, w->events.vectors,
		 weft_prime_p2p(w) ? "reachable" : "refused: kernel without PCI_P2PDMA");
	weft_hwmon_register(w);
	weft_pm_start(w);
	return 0;

err_hw:
	/* FLR first: afterwards nothing can use the ring or the carve-out any more. */
	pci_clear_master(pdev);
	WRITE_ONCE(w->quiet, true);
	WRITE_ONCE(w->state, WEFT_LOST);
	/* A step that failed may have asked for a reset; with the card lost nobody asks again. */
	cancel_delayed_work_sync(&w->reset_work);
	cancel_work_sync(&w->lost_work);
	reset_function(w);
	weft_scrub_stop(w);
	weft_event_fini(w);
	weft_mbox_fini(w);
	weft_dump_fini(w);
	weft_flush_fini(w);
	return ret;
err_quiet:
	pci_clear_master(pdev);
	return ret;
}

void weft_device_remove(struct pci_dev *pdev)
{
	struct weft_device *w = pci_get_drvdata(pdev);

	weft_pm_stop(w);
	drm_dev_unplug(&w->drm);
	weft_reset_remove(w);
	weft_event_fini(w);
	weft_mbox_fini(w);
	weft_dump_fini(w);
	weft_flush_fini(w);
}
