// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <drm/drm_debugfs.h>

#include <firmware/abi/reg.h>

#include "weft_debugfs.h"
#include "weft_device.h"
#include "weft_look.h"

struct weft_device *weft_debugfs_device(struct seq_file *m)
{
	struct drm_debugfs_entry *entry = m->private;

	return to_weft(entry->dev);
}

static u64 entries(struct xarray *xa)
{
	unsigned long id;
	void *entry;
	u64 n = 0;

	xa_for_each(xa, id, entry)
		n++;
	return n;
}

static void show(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%s %llu\n", name, value);
}

static void show_pm(struct seq_file *m, struct weft_device *w)
{
	static const char * const names[WEFT_PM_USES] = {
		[WEFT_PM_CALL] = "live_pm_calls",
		[WEFT_PM_QUEUE] = "live_pm_queues",
		[WEFT_PM_JOB] = "live_pm_jobs",
		[WEFT_PM_BIND] = "live_pm_binds",
		[WEFT_PM_PEER] = "live_pm_peers",
		[WEFT_PM_WATCH] = "live_pm_watches",
	};
	int i;

	for (i = 0; i < WEFT_PM_USES; i++)
		show(m, names[i], atomic_read(&w->pm.uses[i]));
	show(m, "live_pm_usage", atomic_read(&w->pdev->dev.power.usage_count));
	show(m, "pm_asleep", READ_ONCE(w->pm.asleep));
	show(m, "pm_suspends", atomic64_read(&w->pm.suspends));
	show(m, "pm_resumes", atomic64_read(&w->pm.resumes));
}

/*
 * What is held is called live_… and must be as before once its users are gone; the tests compare
 * these lines.
 */
static int show_counts(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	struct weft_lmem_info info;

	show(m, "live_files", atomic_read(&w->counts.files));
	show(m, "live_vms", atomic_read(&w->counts.vms));
	show(m, "live_queues", atomic_read(&w->counts.queues));
	show(m, "live_user_queues", atomic_read(&w->counts.uqueues));
	show(m, "live_wills", atomic_read(&w->counts.wills));
	show(m, "live_watches", atomic_read(&w->counts.watches));
	show(m, "live_commands", atomic_read(&w->counts.commands));
	show(m, "live_jobs", atomic_read(&w->counts.jobs));
	show(m, "live_fences", atomic_read(&w->counts.fences));
	show(m, "live_objects", atomic_read(&w->counts.bos));
	show(m, "live_imports", atomic_read(&w->counts.imports));
	show(m, "live_exports", atomic_read(&w->counts.exports));
	show(m, "live_mappings", atomic_read(&w->counts.vas));
	show(m, "live_tables", atomic_read(&w->counts.tables));
	show(m, "live_hw_queues", entries(&w->hwqs));
	show(m, "live_asids", entries(&w->asids));
	weft_lmem_info(w, &info);
	show(m, "live_lmem_bytes", info.total - info.free - info.quarantined);
	show(m, "lmem_total_pages", info.total >> 12);
	show(m, "lmem_free_pages", info.free >> 12);
	show(m, "lmem_dirty_pages", info.dirty >> 12);
	show(m, "lmem_quarantined_pages", info.quarantined >> 12);
	show(m, "lmem_largest_pages", info.largest >> 12);
	mutex_lock(&w->carve.lock);
	show(m, "live_carve_pages", w->carve.used_bytes >> 12);
	show(m, "carve_quarantined_pages", w->carve.lost_bytes >> 12);
	mutex_unlock(&w->carve.lock);
	mutex_lock(&w->scrub.lock);
	show(m, "scrub_filled_pages", w->scrub.filled_bytes >> 12);
	show(m, "scrub_by_cpu_pages", w->scrub.by_cpu_bytes >> 12);
	show(m, "scrub_up", w->scrub.up);
	mutex_unlock(&w->scrub.lock);
	show_pm(m, w);
	show(m, "irqs", atomic64_read(&w->stats.irqs));
	show(m, "events", atomic64_read(&w->stats.events));
	show(m, "overflows", atomic64_read(&w->stats.overflows));
	show(m, "faults", atomic64_read(&w->stats.faults));
	show(m, "timeouts", atomic64_read(&w->stats.timeouts));
	show(m, "jobs_done", atomic64_read(&w->stats.jobs));
	show(m, "wills_done", atomic64_read(&w->stats.wills));
	show(m, "fw_restarts", atomic64_read(&w->stats.fw_restarts));
	show(m, "wait_limits", atomic64_read(&w->stats.wait_limits));
	show(m, "ecc_errors", atomic64_read(&w->stats.ecc_errors));
	show(m, "links_down", atomic64_read(&w->stats.links_down));
	show(m, "thermals", atomic64_read(&w->stats.thermals));
	show(m, "stop_timeouts", atomic64_read(&w->stats.stop_timeouts));
	show(m, "engine_resets", atomic64_read(&w->stats.engine_resets));
	show(m, "starved", atomic64_read(&w->stats.starved));
	show(m, "link_masks", atomic64_read(&w->stats.link_masks));
	show(m, "resets", atomic64_read(&w->stats.resets));
	show(m, "safe_timeouts", atomic_read(&w->safe.timeouts));
	show(m, "lost_irqs", atomic64_read(&w->stats.lost_irqs));
	show(m, "wedged", atomic64_read(&w->stats.wedged));
	show(m, "dumps_made", atomic64_read(&w->dumps.made));
	show(m, "dumps_dropped", atomic64_read(&w->dumps.dropped));
	show(m, "state", READ_ONCE(w->state));
	return 0;
}

static int show_fwlog(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	u64 bytes = w->fw_log ? w->fw_log->bytes : 0;
	u32 tail, at, count;
	char *text;

	if (!bytes)
		return 0;
	text = kvmalloc(bytes, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (!weft_look_begin(w)) {
		kvfree(text);
		return 0;
	}
	tail = weft_mmio_read32(w, WEFT_REG_LOG_TAIL);
	weft_mmio_lmem_read(w, text, w->fw_log->at, bytes);
	weft_look_end(w);
	/* A gone card reads all-ones: nothing to show. */
	count = tail == ~0u ? 0 : min_t(u64, tail, bytes);
	for (at = tail - count; at != tail; at++)
		seq_putc(m, text[at & (bytes - 1)]);
	kvfree(text);
	return 0;
}

static const struct drm_debugfs_info files[] = {
	{ "counts", show_counts, 0 },
	{ "fwlog", show_fwlog, 0 },
};

/* "KIND ARG": WEFT_INJECT_* of the contract, for tests. */
static ssize_t write_inject(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	struct weft_device *w = file->private_data;
	unsigned long long arg;
	unsigned int kind;
	char text[48];
	int idx, ret;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, count))
		return -EFAULT;
	text[count] = 0;
	if (sscanf(text, "%u %llu", &kind, &arg) != 2)
		return -EINVAL;
	ret = weft_device_enter(w, &idx);
	if (ret)
		return ret;
	weft_mmio_write64(w, WEFT_REG_INJECT_ARG, arg);
	weft_mmio_write32(w, WEFT_REG_INJECT, kind);
	weft_device_exit(w, idx);
	return count;
}

static const struct file_operations inject_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = write_inject,
};

void weft_debugfs_register(struct weft_device *w)
{
	if (w->caps & WEFT_CAP_INJECT)
		debugfs_create_file("inject", 0200, w->drm.debugfs_root, w, &inject_fops);
	drm_debugfs_add_files(&w->drm, files, ARRAY_SIZE(files));
	drm_debugfs_add_files(&w->drm, weft_debugfs_queue_files, WEFT_DEBUGFS_QUEUE_FILES);
	drm_debugfs_add_files(&w->drm, weft_debugfs_card_files, WEFT_DEBUGFS_CARD_FILES);
}
