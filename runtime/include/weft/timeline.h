/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: timelines
 *
 * A timeline is a counter that only grows. Jobs wait for a value and signal one when they end; a job of one card may
 * wait for a job of another. The user chooses the values: each signalled one must be larger than those before.
 */
#ifndef WEFT_TIMELINE_H
#define WEFT_TIMELINE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** struct weft_point - @value > 0 of @timeline. Plain data; valid while the timeline lives */
struct weft_point {
	struct weft_timeline *timeline;
	uint64_t value;
};

/**
 * weft_timeline_create() - make one, value 0
 * @device: whose kind decides what it is. One made on a card works with the queues of every card and of every other
 *	kind; one made on another kind does not work with queues of cards (-EOPNOTSUPP at submit)
 * @name: shown in errors, copied, at most WEFT_NAME_BYTES - 1 bytes; may be NULL
 * @timeline: out; destroy it before the device is closed and after the jobs that use it have ended
 *
 * Return: 0, -EINVAL, -ENOTCONN, -ENOMEM, -ENODEV.
 */
int weft_timeline_create(struct weft_device *device, const char *name, struct weft_timeline **timeline);

/** weft_timeline_destroy() - Return: 0, -EINVAL, -ENOTCONN */
int weft_timeline_destroy(struct weft_timeline *timeline);

/** weft_timeline_value() - greatest signalled value in @value. Return: 0, -EINVAL, -ENOTCONN, -ENODEV */
int weft_timeline_value(struct weft_timeline *timeline, uint64_t *value);

/** weft_timeline_signal() - signal @value by the host. Return: 0, -EINVAL (not larger), -ENOTCONN, -ENODEV */
int weft_timeline_signal(struct weft_timeline *timeline, uint64_t value);

/**
 * weft_timeline_wait() - wait until the timeline has at least @value
 * @timeout_ns: see base.h. The job that signals @value need not be submitted yet
 *
 * Return: 0; -ETIME (weft_last_error() names the queue last told to signal it, timeline, wanted and actual value);
 * -EFAULT, -ETIME or -ECANCELED with the fault in the text when the queue that signals @value has failed, see
 * weft_queue_clear(); -EINVAL, -ENOTCONN, -ENODEV.
 */
int weft_timeline_wait(struct weft_timeline *timeline, uint64_t value, uint64_t timeout_ns);

/** weft_point_wait() - weft_timeline_wait() on a point */
int weft_point_wait(const struct weft_point *point, uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif
#endif
