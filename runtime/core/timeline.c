/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "queue.h"
#include "timeline.h"

int weft_timeline_new(struct weft_device *device, const char *name, bool internal, struct weft_timeline **timeline)
{
	struct weft_timeline *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return weft_fail(-ENOMEM, "timeline handle");
	t->magic = WEFT_MAGIC_TIMELINE;
	t->device = device;
	t->internal = internal;
	if (name)
		snprintf(t->name, sizeof(t->name), "%s", name);
	else
		snprintf(t->name, sizeof(t->name), "timeline%" PRIu64, weft_uid());
	pthread_mutex_init(&t->lock, NULL);
	weft_cond_init(&t->cond);
	ret = weft_backend(device)->timeline_create(t);
	if (ret) {
		pthread_cond_destroy(&t->cond);
		pthread_mutex_destroy(&t->lock);
		free(t);
		return ret;
	}
	if (!internal)
		atomic_fetch_add(&device->children, 1);
	*timeline = t;
	return 0;
}

void weft_timeline_free(struct weft_timeline *t)
{
	weft_backend(t->device)->timeline_destroy(t);
	if (!t->internal)
		atomic_fetch_sub(&t->device->children, 1);
	pthread_cond_destroy(&t->cond);
	pthread_mutex_destroy(&t->lock);
	t->magic = 0;
	free(t);
}

int weft_timeline_create(struct weft_device *device, const char *name, struct weft_timeline **timeline)
{
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (ret)
		return ret;
	if (!timeline)
		return weft_fail(-EINVAL, "weft_timeline_create: no place for the handle");
	return weft_timeline_new(device, name, false, timeline);
}

int weft_timeline_destroy(struct weft_timeline *timeline)
{
	int ret = weft_handle(timeline, WEFT_MAGIC_TIMELINE, __func__);

	if (ret)
		return ret;
	if (timeline->internal)
		return weft_fail(-EINVAL, "weft_timeline_destroy: %s belongs to the library", timeline->name);
	weft_timeline_free(timeline);
	return 0;
}

int weft_timeline_value(struct weft_timeline *timeline, uint64_t *value)
{
	int ret = weft_handle(timeline, WEFT_MAGIC_TIMELINE, __func__);

	if (ret)
		return ret;
	if (!value)
		return weft_fail(-EINVAL, "weft_timeline_value: no place for the value");
	return weft_backend(timeline->device)->timeline_value(timeline, value);
}

int weft_timeline_signal(struct weft_timeline *timeline, uint64_t value)
{
	uint64_t now;
	int ret = weft_timeline_value(timeline, &now);

	if (ret)
		return ret;
	if (value <= now)
		return weft_fail(-EINVAL, "weft_timeline_signal: %s is at %" PRIu64 " and cannot go to %" PRIu64,
				 timeline->name, now, value);
	return weft_backend(timeline->device)->timeline_signal(timeline, value);
}

void weft_timeline_note(struct weft_timeline *t, uint64_t value, const struct weft_queue *queue, uint64_t seqno)
{
	pthread_mutex_lock(&t->lock);
	t->trail[t->trail_at].value = value;
	t->trail[t->trail_at].queue_uid = queue->uid;
	t->trail[t->trail_at].seqno = seqno;
	t->trail_at = (t->trail_at + 1) % WEFT_TIMELINE_TRAIL;
	pthread_mutex_unlock(&t->lock);
}

/* The queue and job that brought or will bring the timeline to @value; without one, the last that was noted. */
static struct weft_queue *signaller(struct weft_timeline *t, uint64_t value, uint64_t *seqno, bool *exact)
{
	uint64_t best = UINT64_MAX, last = 0, uid = 0;

	*exact = false;
	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < WEFT_TIMELINE_TRAIL; i++) {
		uint64_t v = t->trail[i].value;

		if ((v >= value && v < best) || (v && !*exact && v > last)) {
			*exact = *exact || v >= value;
			best = *exact ? v : best;
			last = v;
			uid = t->trail[i].queue_uid;
			*seqno = t->trail[i].seqno;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return uid ? weft_queue_get(uid) : NULL;
}

int weft_timeline_wait(struct weft_timeline *timeline, uint64_t value, uint64_t timeout_ns)
{
	uint64_t deadline = weft_deadline_ns(timeout_ns), actual = 0, seqno = 0;
	int ret = weft_handle(timeline, WEFT_MAGIC_TIMELINE, __func__);
	struct weft_queue *queue;
	bool exact;

	if (ret)
		return ret;
	ret = weft_backend(timeline->device)->timeline_wait(timeline, value, deadline);
	queue = signaller(timeline, value, &seqno, &exact);
	if (ret == -ETIME) {
		weft_backend(timeline->device)->timeline_value(timeline, &actual);
		weft_fail(ret, "timeline %s: wanted %" PRIu64 ", actual %" PRIu64 ", %s%s%s", timeline->name, value,
			  actual, queue ? (exact ? "signalled by queue " : "not submitted; last by queue ") :
			  "signalled by no queue", queue ? queue->name : "", queue && queue->dead ? " (gone)" : "");
	} else if (!ret && queue && exact) {
		ret = weft_queue_verdict(queue, seqno);
	}
	if (queue)
		weft_queue_put(queue);
	return ret;
}

int weft_point_wait(const struct weft_point *point, uint64_t timeout_ns)
{
	if (!point)
		return weft_fail(weft_ready(&weft_library, __func__) ? -ENOTCONN : -EINVAL, "weft_point_wait: no point");
	return weft_timeline_wait(point->timeline, point->value, timeout_ns);
}
