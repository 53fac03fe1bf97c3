/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "list.h"
#include "queue.h"
#include "timeline.h"

#define MAX_POINTS	(WEFT_SYS_MAX_SYNCS - 1)	/* the queue's own fence is one more */

int weft_queue_new(struct weft_device *device, const struct weft_queue_config *config, bool internal,
		   struct weft_queue **queue)
{
	struct weft *weft = device->weft;
	struct weft_queue *q = calloc(1, sizeof(*q));
	int ret;

	if (!q)
		return weft_fail(-ENOMEM, "queue handle");
	q->magic = WEFT_MAGIC_QUEUE;
	atomic_init(&q->refs, 1);
	q->internal = internal;
	q->device = device;
	q->uid = weft_uid();
	if (config->name)
		snprintf(q->name, sizeof(q->name), "%s", config->name);
	else
		snprintf(q->name, sizeof(q->name), "queue%" PRIu64, q->uid);
	pthread_mutex_init(&q->lock, NULL);
	weft_cond_init(&q->wake);
	q->callbacks_end = &q->callbacks;
	ret = weft_backend(device)->queue_create(q, config);
	if (ret) {
		pthread_cond_destroy(&q->wake);
		pthread_mutex_destroy(&q->lock);
		free(q);
		return ret;
	}
	pthread_mutex_lock(&weft->lock);
	q->next = weft->queues;
	weft->queues = q;
	pthread_mutex_unlock(&weft->lock);
	if (!internal)
		atomic_fetch_add(&device->children, 1);
	*queue = q;
	return 0;
}

struct weft_queue *weft_queue_get(uint64_t uid)
{
	struct weft_queue *q;

	pthread_mutex_lock(&weft_library.lock);
	for (q = weft_library.queues; q && q->uid != uid; q = q->next)
		;
	if (q)
		atomic_fetch_add(&q->refs, 1);
	pthread_mutex_unlock(&weft_library.lock);
	return q;
}

void weft_queue_put(struct weft_queue *q)
{
	if (atomic_fetch_sub(&q->refs, 1) != 1)
		return;
	pthread_cond_destroy(&q->wake);
	pthread_mutex_destroy(&q->lock);
	q->magic = 0;
	free(q);
}

void weft_queue_free(struct weft_queue *q)
{
	struct weft_queue **p;
	uint64_t done;

	pthread_mutex_lock(&q->lock);
	if (weft_backend(q->device)->queue_done(q, &done) == 0)
		q->settled = done;
	q->dead = true;
	pthread_mutex_unlock(&q->lock);
	weft_backend(q->device)->queue_destroy(q);
	weft_dispatch_stop(q);
	pthread_mutex_lock(&weft_library.lock);
	for (p = &weft_library.queues; *p != q; p = &(*p)->next)
		;
	*p = q->next;
	pthread_mutex_unlock(&weft_library.lock);
	if (!q->internal)
		atomic_fetch_sub(&q->device->children, 1);
	weft_queue_put(q);
}

int weft_queue_create(struct weft_device *device, const struct weft_queue_config *config, struct weft_queue **queue)
{
	struct weft_queue_config c = { .size = sizeof(c) };
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (!ret && config)
		ret = weft_take(&c, sizeof(c), config, sizeof(c), __func__);
	if (ret)
		return ret;
	if (!queue || c.priority > WEFT_PRIORITY_LOW || c.max_jobs > 1024 || c.run_limit_ms > 600000 ||
	    c.command_bytes > 1u << 30)
		return weft_fail(-EINVAL, "weft_queue_create: a field is out of range");
	return weft_queue_new(device, &c, false, queue);
}

int weft_queue_destroy(struct weft_queue *queue)
{
	bool own;
	int ret = weft_handle(queue, WEFT_MAGIC_QUEUE, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&queue->lock);
	own = queue->dispatching && pthread_equal(queue->dispatcher, pthread_self());
	pthread_mutex_unlock(&queue->lock);
	if (own)
		return weft_fail(-EDEADLK, "weft_queue_destroy: from a callback of queue %s", queue->name);
	weft_queue_free(queue);
	return 0;
}

static int points_ok(const struct weft_point *points, uint32_t num, const char *what)
{
	if (num && !points)
		return weft_fail(-EINVAL, "weft_queue_submit: %u %s, but no array", num, what);
	for (uint32_t i = 0; i < num; i++) {
		int ret = weft_handle(points[i].timeline, WEFT_MAGIC_TIMELINE, __func__);

		if (ret)
			return ret;
		if (!points[i].value)
			return weft_fail(-EINVAL, "weft_queue_submit: %s[%u] is value 0 of %s", what, i,
					 points[i].timeline->name);
	}
	return 0;
}

int weft_queue_push(struct weft_queue *q, const struct weft_submit *s, uint64_t *seqno)
{
	struct weft_callback_entry *entry = NULL;
	int ret = 0;

	if (s->callback) {
		entry = calloc(1, sizeof(*entry));
		if (!entry)
			return weft_fail(-ENOMEM, "callback");
		entry->callback = s->callback;
		entry->data = s->data;
	}
	pthread_mutex_lock(&q->lock);
	if (entry)
		ret = weft_dispatch_start(q);
	if (!ret && q->dead)
		ret = weft_fail(-ECANCELED, "queue %s is being destroyed", q->name);
	/* noted first: whoever sees the value must find the job behind it */
	for (uint32_t i = 0; i < s->num_signals && !ret; i++)
		weft_timeline_note(s->signals[i].timeline, s->signals[i].value, q, q->submitted + 1);
	if (!ret)
		ret = weft_backend(q->device)->queue_submit(q, s);
	if (!ret) {
		q->submitted++;
		weft_count(&weft_library.submits, 1);
		if (seqno)
			*seqno = q->submitted;
		if (entry) {
			entry->seqno = q->submitted;
			weft_dispatch_add(q, entry);
		}
	}
	pthread_mutex_unlock(&q->lock);
	if (ret)
		free(entry);
	return ret;
}

int weft_queue_submit(struct weft_queue *queue, const struct weft_submit *submit, uint64_t *seqno)
{
	struct weft_submit s;
	int ret = weft_handle(queue, WEFT_MAGIC_QUEUE, __func__);

	if (!ret)
		ret = weft_take(&s, sizeof(s), submit, sizeof(s), __func__);
	if (!ret)
		ret = weft_handle(s.list, WEFT_MAGIC_LIST, __func__);
	if (!ret)
		ret = points_ok(s.waits, s.num_waits, "waits");
	if (!ret)
		ret = points_ok(s.signals, s.num_signals, "signals");
	if (ret)
		return ret;
	if (s.flags || s.list->device != queue->device || !s.list->commands->count)
		return weft_fail(-EINVAL, "weft_queue_submit: flags %#x, an empty list, or one of another device", s.flags);
	if (s.num_waits > MAX_POINTS || s.num_signals > MAX_POINTS - s.num_waits)
		return weft_fail(-E2BIG, "weft_queue_submit: %u waits and %u signals, at most %d together", s.num_waits,
				 s.num_signals, MAX_POINTS);
	return weft_queue_push(queue, &s, seqno);
}

int weft_queue_run(struct weft_queue *queue, struct weft_list *list, uint64_t *seqno)
{
	struct weft_submit s = { .size = sizeof(s), .list = list };

	return weft_queue_submit(queue, &s, seqno);
}

void weft_queue_mark(struct weft_queue *q, uint64_t first, uint64_t last, int error, const char *text)
{
	if (!q->bad.first || first < q->bad.first)
		q->bad.first = first;
	q->bad.last = last;
	q->bad.error = error;
	snprintf(q->bad.text, sizeof(q->bad.text), "%s", text);
}

int weft_queue_verdict(struct weft_queue *q, uint64_t seqno)
{
	int ret = 0;

	pthread_mutex_lock(&q->lock);
	if (!q->dead)
		ret = weft_backend(q->device)->queue_check(q, seqno);
	if (q->bad.first && seqno >= q->bad.first && seqno <= q->bad.last)
		ret = weft_fail(q->bad.error, "queue %s, job %" PRIu64 ": %s", q->name, seqno, q->bad.text);
	else if (q->dead && seqno > q->settled)
		ret = weft_fail(-ECANCELED, "queue %s, job %" PRIu64 ": the queue was destroyed", q->name, seqno);
	pthread_mutex_unlock(&q->lock);
	return ret;
}

int weft_queue_wait(struct weft_queue *queue, uint64_t seqno, uint64_t timeout_ns)
{
	uint64_t submitted, done = 0;
	int ret = weft_handle(queue, WEFT_MAGIC_QUEUE, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&queue->lock);
	submitted = queue->submitted;
	pthread_mutex_unlock(&queue->lock);
	if (!seqno)
		seqno = submitted;
	if (seqno > submitted)
		return weft_fail(-EINVAL, "queue %s: wanted job %" PRIu64 ", only %" PRIu64 " were submitted",
				 queue->name, seqno, submitted);
	if (!seqno)
		return 0;
	ret = weft_backend(queue->device)->queue_wait(queue, seqno, weft_deadline_ns(timeout_ns));
	if (ret == -ETIME) {
		weft_backend(queue->device)->queue_done(queue, &done);
		return weft_fail(ret, "queue %s: wanted job %" PRIu64 ", actual %" PRIu64, queue->name, seqno, done);
	}
	return ret ? ret : weft_queue_verdict(queue, seqno);
}

int weft_queue_status(struct weft_queue *queue, struct weft_queue_status *status)
{
	struct weft_queue_status s = { 0 };
	int ret = weft_handle(queue, WEFT_MAGIC_QUEUE, __func__);

	if (!ret)
		ret = weft_backend(queue->device)->queue_status(queue, &s);
	if (!ret)
		ret = weft_backend(queue->device)->queue_done(queue, &s.done);
	if (ret)
		return ret;
	pthread_mutex_lock(&queue->lock);
	s.jobs = queue->submitted;
	pthread_mutex_unlock(&queue->lock);
	return weft_give(status, &s, sizeof(s), sizeof(s), __func__);
}

int weft_queue_clear(struct weft_queue *queue)
{
	int ret = weft_handle(queue, WEFT_MAGIC_QUEUE, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&queue->lock);
	ret = weft_backend(queue->device)->queue_check(queue, queue->submitted);
	memset(&queue->bad, 0, sizeof(queue->bad));
	pthread_mutex_unlock(&queue->lock);
	return ret;
}
