/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The dispatcher: one thread per queue that has callbacks, started by the first. It sleeps in the kernel until the
 * oldest job with a callback has ended, then calls back; it never polls.
 */
#include <errno.h>
#include <stdlib.h>

#include "queue.h"

static struct weft_callback_entry *take(struct weft_queue *q)
{
	struct weft_callback_entry *e;

	pthread_mutex_lock(&q->lock);
	while (!q->callbacks && !q->stopping)
		pthread_cond_wait(&q->wake, &q->lock);
	e = q->callbacks;
	if (e) {
		q->callbacks = e->next;
		if (!q->callbacks)
			q->callbacks_end = &q->callbacks;
	}
	pthread_mutex_unlock(&q->lock);
	return e;
}

static void *dispatch(void *arg)
{
	struct weft_queue *q = arg;
	struct weft_callback_entry *e;

	while ((e = take(q))) {
		int status;

		do	/* a job may wait for others for longer than one wait may last */
			status = weft_backend(q->device)->queue_wait(q, e->seqno, weft_deadline_ns(WEFT_FOREVER));
		while (status == -ETIME);
		if (!status)
			status = weft_queue_verdict(q, e->seqno);
		e->callback(e->data, status);
		weft_count(&weft_library.callbacks, 1);
		free(e);
	}
	return NULL;
}

int weft_dispatch_start(struct weft_queue *q)
{
	int ret;

	if (q->dispatching)
		return 0;
	ret = pthread_create(&q->dispatcher, NULL, dispatch, q);
	if (ret)
		return weft_fail(-ret, "dispatcher of queue %s", q->name);
	q->dispatching = true;
	return 0;
}

void weft_dispatch_add(struct weft_queue *q, struct weft_callback_entry *entry)
{
	entry->next = NULL;
	*q->callbacks_end = entry;
	q->callbacks_end = &entry->next;
	pthread_cond_signal(&q->wake);
}

void weft_dispatch_stop(struct weft_queue *q)
{
	bool running;

	pthread_mutex_lock(&q->lock);
	q->stopping = true;
	running = q->dispatching;
	q->dispatching = false;
	pthread_cond_broadcast(&q->wake);
	pthread_mutex_unlock(&q->lock);
	if (running)
		pthread_join(q->dispatcher, NULL);
}
