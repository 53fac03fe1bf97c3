/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * What every open file is told of its card: that it was reset, was given up, or is gone. Read from
 * the node.
 */
#ifndef WEFT_NEWS_H
#define WEFT_NEWS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <drm/weft_accel.h>

struct weft_device;
struct weft_file;
struct weft_news_event;

/**
 * struct weft_news - of one file; but for @read_lock under the event_lock of the DRM device
 * @link: in weft_device.news
 * @next: memory of the next event, reserved so that telling allocates nothing
 * @last: that of the last one, REMOVED; NULL when it has been told
 */
struct weft_news {
	struct list_head link;
	struct weft_news_event *next;
	struct weft_news_event *last;
	struct mutex read_lock;	/* read() of the file */
};

/* From open on: 0, -ENOMEM, -ENODEV when the card is gone, which nobody would tell it any more. */
int weft_news_open(struct weft_file *f);
/* DRM has freed what was not read by then. */
void weft_news_close(struct weft_file *f);

/* Any context. */
void weft_news_tell(struct weft_device *w, enum drm_weft_event_reason reason);
/* After that, where it may sleep: room for the next. */
void weft_news_refill(struct weft_device *w);

ssize_t weft_news_read(struct file *filp, char __user *buffer, size_t bytes, loff_t *offset);
__poll_t weft_news_poll(struct file *filp, struct poll_table_struct *wait);

#endif
