/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "copier.h"
#include "list.h"
#include "memory.h"
#include "queue.h"
#include "timeline.h"

#define CLOSE_WAIT_NS	60000000000ull

static void fini(struct weft_copier *c)
{
	if (c->queue)
		weft_queue_free(c->queue);
	if (c->list)
		weft_list_free(c->list);
	if (c->staging)
		weft_memory_destroy(c->staging);
	if (c->read)
		weft_timeline_free(c->read);
	if (c->done)
		weft_timeline_free(c->done);
	pthread_cond_destroy(&c->released);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static int init(struct weft_device *device, struct weft_copier **copier)
{
	char name[WEFT_NAME_BYTES], read_name[WEFT_NAME_BYTES];
	struct weft_queue_config config = { .size = sizeof(config), .name = name, .run_limit_ms = 60000 };
	struct weft_copier *c = calloc(1, sizeof(*c));
	void *map;
	int ret;

	if (!c)
		return weft_fail(-ENOMEM, "copier");
	snprintf(name, sizeof(name), "copier-%.12s%u", device->kind->name, device->index);
	snprintf(read_name, sizeof(read_name), "reads-%.12s%u", device->kind->name, device->index);
	c->device = device;
	pthread_mutex_init(&c->lock, NULL);
	weft_cond_init(&c->released);
	ret = weft_timeline_new(device, name, true, &c->done);
	if (!ret)
		ret = weft_timeline_new(device, read_name, true, &c->read);
	if (!ret)
		ret = weft_memory_new(device, (uint64_t)WEFT_COPIER_SLOTS * WEFT_COPIER_SLOT_BYTES, WEFT_PLACE_HOST,
				      true, &c->staging);
	if (!ret)
		ret = weft_memory_map(c->staging, &map);
	if (!ret)
		ret = weft_list_new(device, true, &c->list);
	if (!ret)
		ret = weft_queue_new(device, &config, true, &c->queue);
	if (ret)
		fini(c);
	else
		*copier = c;
	return ret;
}

int weft_copier_get(struct weft_device *device, struct weft_copier **copier)
{
	int ret = 0;

	pthread_mutex_lock(&device->copier_lock);
	if (!device->copier)
		ret = init(device, &device->copier);
	*copier = device->copier;
	pthread_mutex_unlock(&device->copier_lock);
	return ret;
}

void weft_copier_destroy(struct weft_copier *c)
{
	if (!c)
		return;
	weft_queue_wait(c->queue, 0, CLOSE_WAIT_NS);
	fini(c);
}

bool weft_copier_idle(struct weft_device *device)
{
	struct weft_copier *c;
	bool idle = true;

	pthread_mutex_lock(&device->copier_lock);
	c = device->copier;
	pthread_mutex_unlock(&device->copier_lock);
	if (!c)
		return true;
	pthread_mutex_lock(&c->queue->lock);
	idle = c->queue->known_done >= c->queue->submitted || c->queue->done >= c->queue->submitted;
	pthread_mutex_unlock(&c->queue->lock);
	return idle;
}

int weft_copier_take(struct weft_copier *c, bool block)
{
	int best = -1, ret = 0;
	uint64_t seqno;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		for (int i = 0; i < WEFT_COPIER_SLOTS; i++)
			if (!c->slot[i].held && (best < 0 || c->slot[i].seqno < c->slot[best].seqno))
				best = i;
		if (best >= 0 || !block)
			break;
		pthread_cond_wait(&c->released, &c->lock);
	}
	if (best < 0) {
		pthread_mutex_unlock(&c->lock);
		return -EAGAIN;
	}
	c->slot[best].held = true;
	seqno = c->slot[best].seqno;
	pthread_mutex_unlock(&c->lock);
	/* whether that job failed is the business of whoever waits for it */
	if (seqno)
		ret = weft_backend(c->device)->queue_wait(c->queue, seqno, weft_now_ns() + CLOSE_WAIT_NS);
	if (!ret)
		return best;
	weft_copier_release(c, best, seqno);
	return ret == -ETIME ? weft_fail(ret, "queue %s: the pinned buffer is full", c->queue->name) : ret;
}

void weft_copier_release(struct weft_copier *c, int slot, uint64_t seqno)
{
	pthread_mutex_lock(&c->lock);
	c->slot[slot].held = false;
	c->slot[slot].seqno = seqno;
	pthread_cond_signal(&c->released);
	pthread_mutex_unlock(&c->lock);
}

int weft_copier_push(struct weft_copier *c, const struct weft_copier_job *job, uint64_t *seqno, struct weft_point *done)
{
	struct weft_submit submit = {
		.size = sizeof(submit), .list = c->list, .waits = job->after, .num_waits = job->num_after,
		.callback = job->callback, .data = job->data,
	};
	struct weft_point point;
	int ret;

	pthread_mutex_lock(&c->lock);
	ret = weft_list_reset(c->list);
	if (!ret && job->width)
		ret = weft_list_fill(c->list, job->dst, job->bytes, job->pattern, job->width);
	else if (!ret)
		ret = weft_list_copy(c->list, job->dst, job->src, job->bytes);
	if (!ret) {
		point = (struct weft_point) { c->done, c->done_value + 1 };
		submit.signals = done ? &point : NULL;
		submit.num_signals = done ? 1 : 0;
		if (job->noted)
			weft_timeline_note(job->noted, job->value, c->queue, c->queue->submitted + 1);
		ret = weft_queue_submit(c->queue, &submit, seqno);
	}
	if (!ret && done) {
		c->done_value++;
		*done = point;
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}
