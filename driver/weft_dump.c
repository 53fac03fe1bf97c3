// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/devcoredump.h>
#include <linux/kernfs.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <drm/drm_print.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_snapshot.h"

#define TEXT_BYTES	SZ_128K

/*
 * The kernel keeps one dump of a device and drops later ones without a word; its link tells whether
 * there is one.
 */
static bool unread(struct weft_device *w)
{
	struct kernfs_node *node = kernfs_find_and_get(w->pdev->dev.kobj.sd, "devcoredump");

	kernfs_put(node);
	return node;
}

static void hand_over(struct weft_device *w, const struct weft_snapshot *s)
{
	struct seq_buf out;
	char *text;

	if (unread(w)) {
		atomic64_inc(&w->dumps.dropped);
		drm_dbg(&w->drm,
			"a dump is dropped, the one before it is still unread: weft dump shows it, a write to its data frees it\n");
		return;
	}
	text = vmalloc(TEXT_BYTES);
	if (!text) {
		atomic64_inc(&w->dumps.dropped);
		return;
	}
	seq_buf_init(&out, text, TEXT_BYTES);
	weft_snapshot_write(s, w, &out);
	/* Takes the text over in any case. */
	dev_coredumpv(&w->pdev->dev, text, seq_buf_used(&out), GFP_KERNEL);
	atomic64_inc(&w->dumps.made);
	drm_info(&w->drm,
		 "a dump was taken: /sys/class/devcoredump has it for five minutes, weft dump shows it\n");
}

static void dump_work(struct work_struct *work)
{
	struct weft_device *w = container_of(work, struct weft_device, dumps.work);

	hand_over(w, w->dumps.snapshot);
	atomic_set_release(&w->dumps.taken, 0);
}

int weft_dump_init(struct weft_device *w)
{
	INIT_WORK(&w->dumps.work, dump_work);
	w->dumps.not_before = jiffies;
	w->dumps.snapshot = kvzalloc_obj(*w->dumps.snapshot, GFP_KERNEL);
	return w->dumps.snapshot ? 0 : -ENOMEM;
}

void weft_dump_fini(struct weft_device *w)
{
	/* Kept taken: whoever still comes finds no room. */
	while (atomic_cmpxchg(&w->dumps.taken, 0, 1))
		flush_work(&w->dumps.work);
}

void weft_dump_capture(struct weft_device *w, enum weft_dump_reason reason, struct weft_hwq *hw,
		       u64 root)
{
	struct weft_dumps *d = &w->dumps;

	if (time_before(jiffies, READ_ONCE(d->not_before)) || atomic_cmpxchg(&d->taken, 0, 1)) {
		atomic64_inc(&d->dropped);
		return;
	}
	WRITE_ONCE(d->not_before, jiffies + HZ);
	d->snapshot->reason = reason;
	weft_snapshot_take(d->snapshot, w, hw, root);
	queue_work(w->free_wq, &d->work);
}
