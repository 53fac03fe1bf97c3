/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Job queues of cards. Each has a timeline semaphore, `fence`, that reaches a job's number when the job has ended, and
 * a ring of card memory into which lists are written that have no memory of their own. A list's bytes in the ring are
 * free again when the fence has passed its job.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "card.h"
#include "contract.h"
#include "memory.h"

#define COMMAND_BYTES	(256u << 10)
#define FULL_WAIT_NS	10000000000ull

int weft_card_queue_create(struct weft_queue *q, const struct weft_queue_config *config)
{
	struct weft_device *d = q->device;
	const struct weft_sys *sys = d->weft->sys;
	int ret;

	ret = weft_memory_new(d, config->command_bytes ? config->command_bytes : COMMAND_BYTES, WEFT_PLACE_LOCAL, true,
			      &q->commands);
	if (ret)
		return ret;
	ret = weft_memory_map(q->commands, &(void *) { NULL });
	if (ret)
		goto free_commands;
	ret = sys->sync_create(d->fd, &q->fence);
	if (ret) {
		weft_fail(ret, "%s: fence of queue %s", d->info.node, q->name);
		goto free_commands;
	}
	ret = sys->queue_create(d->fd, d->vm, config, &q->id);
	if (!ret)
		return 0;
	weft_fail(ret, "%s: queue %s", d->info.node, q->name);
	sys->sync_destroy(d->fd, q->fence);
free_commands:
	weft_memory_destroy(q->commands);
	return ret;
}

void weft_card_queue_destroy(struct weft_queue *q)
{
	const struct weft_sys *sys = q->device->weft->sys;
	struct weft_device *d = q->device;
	uint64_t submitted;

	sys->queue_destroy(d->fd, q->id);
	pthread_mutex_lock(&q->lock);
	submitted = q->submitted;
	pthread_mutex_unlock(&q->lock);
	/* cancelled jobs signal, or the card is gone and everything has: then the lists may go too */
	if (submitted)
		sys->sync_wait(d->fd, q->fence, submitted, weft_now_ns() + FULL_WAIT_NS);
	weft_dispatch_stop(q);
	sys->sync_destroy(d->fd, q->fence);
	weft_memory_destroy(q->commands);
}

/* with lock: forget lists whose jobs have ended */
static void reclaim(struct weft_queue *q)
{
	while (q->used_count && q->used[q->used_at].seqno <= q->known_done) {
		q->used_at = (q->used_at + 1) % WEFT_QUEUE_TRAIL;
		q->used_count--;
	}
}

static bool taken(struct weft_queue *q, uint64_t start, uint64_t end)
{
	for (uint32_t i = 0; i < q->used_count; i++) {
		uint32_t at = (q->used_at + i) % WEFT_QUEUE_TRAIL;

		if (q->used[at].start < end && start < q->used[at].end)
			return true;
	}
	return false;
}

/* with lock: @bytes of the ring for the next job, waiting for the oldest ones when it is full */
static int ring_get(struct weft_queue *q, uint64_t bytes, uint64_t *offset)
{
	struct weft_device *d = q->device;
	uint64_t start = (q->write + 63) & ~63ull;

	if (bytes > q->commands->bytes)
		return weft_fail(-E2BIG, "queue %s: a list of %" PRIu64 " bytes, command memory has %" PRIu64
				 "; commit the list", q->name, bytes, q->commands->bytes);
	if (start + bytes > q->commands->bytes)
		start = 0;
	while (q->used_count == WEFT_QUEUE_TRAIL || taken(q, start, start + bytes)) {
		uint64_t oldest = q->used[q->used_at].seqno;

		if (oldest > q->known_done) {
			int ret = d->weft->sys->sync_wait(d->fd, q->fence, oldest, weft_deadline_ns(FULL_WAIT_NS));

			if (ret)
				return weft_fail(ret, "queue %s: command memory is full until job %" PRIu64 " ends",
						 q->name, oldest);
			q->known_done = oldest;
		}
		reclaim(q);
	}
	*offset = start;
	return 0;
}

static int encode(struct weft_list *list)
{
	struct weft_image image;
	int ret;

	if (list->encoded)
		return 0;
	ret = weft_list_encode(list, &image);
	if (ret)
		return ret;
	free(list->image.bytes);
	list->image = image;
	list->encoded = true;
	return 0;
}

/* A mapping of card memory is written combined: the fence lets the card see the bytes before the submit. */
static void write_image(struct weft_memory *memory, uint64_t offset, struct weft_image *image)
{
	weft_image_place(image, memory->address + offset);
	memcpy((char *)memory->map + offset, image->bytes, image->size);
	atomic_thread_fence(memory_order_seq_cst);
}

static int gather_syncs(struct weft_queue *q, const struct weft_submit *s, struct weft_sys_sync *syncs)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->num_waits + s->num_signals; i++) {
		bool signal = i >= s->num_waits;
		const struct weft_point *p = signal ? &s->signals[i - s->num_waits] : &s->waits[i];
		int ret = weft_card_sync(p->timeline, q->device, &syncs[n].handle);

		if (ret)
			return ret;
		syncs[n].signal = signal;
		syncs[n++].value = p->value;
	}
	syncs[n] = (struct weft_sys_sync) { .handle = q->fence, .signal = true, .value = q->submitted + 1 };
	return 0;
}

int weft_card_queue_submit(struct weft_queue *q, const struct weft_submit *s)
{
	struct weft_sys_sync syncs[WEFT_SYS_MAX_SYNCS];
	struct weft_sys_submit submit = {
		.queue = q->id, .num_syncs = s->num_waits + s->num_signals + 1, .syncs = syncs,
	};
	struct weft_list *list = s->list;
	struct weft_device *d = q->device;
	uint64_t offset = 0, seqno = q->submitted + 1;
	int ret = gather_syncs(q, s, syncs);

	if (!ret && !list->address) {
		ret = encode(list);
		if (!ret)
			ret = ring_get(q, list->image.size, &offset);
		if (!ret)
			write_image(q->commands, offset, &list->image);
	}
	if (ret)
		return ret;
	submit.list = list->address ? list->address : q->commands->address + offset;
	submit.num_packets = list->image.num_packets;
	submit.num_operands = list->image.num_operands;
	submit.table = submit.num_operands ? submit.list + list->image.table_offset : 0;
	ret = d->weft->sys->submit(d->fd, &submit);
	if (ret)
		return weft_fail(ret, "%s: submit of job %" PRIu64 " to queue %s", d->info.node, seqno, q->name);
	q->lists[seqno % WEFT_QUEUE_TRAIL] = submit.list;
	if (!list->address) {
		uint32_t at = (q->used_at + q->used_count++) % WEFT_QUEUE_TRAIL;

		q->used[at].seqno = seqno;
		q->used[at].start = offset;
		q->used[at].end = offset + list->image.size;
		q->write = offset + list->image.size;
	}
	return 0;
}

int weft_card_queue_done(struct weft_queue *q, uint64_t *seqno)
{
	int ret = q->device->weft->sys->sync_value(q->device->fd, q->fence, seqno);

	return ret ? weft_fail(ret, "queue %s", q->name) : 0;
}

int weft_card_queue_wait(struct weft_queue *q, uint64_t seqno, uint64_t deadline_ns)
{
	struct weft_device *d = q->device;
	int ret = 0;

	pthread_mutex_lock(&q->lock);
	if (seqno <= q->known_done)
		ret = 1;
	pthread_mutex_unlock(&q->lock);
	if (ret)
		return 0;
	ret = d->weft->sys->sync_wait(d->fd, q->fence, seqno, deadline_ns);
	if (ret)
		return ret == -ETIME ? ret : weft_fail(ret, "queue %s", q->name);
	pthread_mutex_lock(&q->lock);
	if (seqno > q->known_done)
		q->known_done = seqno;
	pthread_mutex_unlock(&q->lock);
	return 0;
}

/*
 * The driver tells that a queue had a fault, and the list that was running. The job at fault is the oldest with that
 * list that is not known to have ended well; those behind it were cancelled, as far as they were there.
 */
int weft_card_queue_check(struct weft_queue *q, uint64_t seqno)
{
	struct weft_queue_status s = { 0 };
	uint64_t list = 0, first;
	char text[256];
	int ret;

	if (seqno <= q->good)
		return 0;
	ret = q->device->weft->sys->queue_status(q->device->fd, q->id, &s, &list);
	if (ret)
		return weft_fail(ret, "queue %s", q->name);
	if (s.faults == q->faults) {
		q->good = seqno;
		return 0;
	}
	q->faults = s.faults;
	first = q->good + 1;
	for (uint64_t n = first; n <= q->submitted; n++) {
		if (n + WEFT_QUEUE_TRAIL > q->submitted && list && q->lists[n % WEFT_QUEUE_TRAIL] == list) {
			first = n;
			break;
		}
	}
	snprintf(text, sizeof(text), "job %" PRIu64 " %s: %s, packet %u, operation %#x, address %#" PRIx64, first,
		 weft_fault_errno(s.cause) == -EFAULT ? "faulted" : "stopped", weft_fault_name(s.cause),
		 s.fault_packet, s.fault_op, s.fault_address);
	weft_queue_mark(q, first, q->submitted, weft_fault_errno(s.cause), text);
	q->good = q->submitted;		/* looked at; a later fault concerns later jobs */
	return 0;
}

int weft_card_queue_status(struct weft_queue *q, struct weft_queue_status *status)
{
	uint64_t list;
	int ret = q->device->weft->sys->queue_status(q->device->fd, q->id, status, &list);

	return ret ? weft_fail(ret, "queue %s", q->name) : 0;
}

int weft_card_list_bytes(struct weft_list *list, uint64_t *bytes)
{
	int ret = encode(list);

	*bytes = list->image.size;
	return ret;
}

int weft_card_list_place(struct weft_list *list, struct weft_memory *memory, uint64_t offset)
{
	int ret = encode(list);

	if (!ret)
		ret = weft_memory_map(memory, &(void *) { NULL });
	if (ret)
		return ret;
	write_image(memory, offset, &list->image);
	list->address = memory->address + offset;
	return 0;
}

int weft_card_list_commit(struct weft_list *list)
{
	int ret = encode(list);

	if (!ret)
		ret = weft_memory_new(list->device, list->image.size, WEFT_PLACE_LOCAL, true, &list->resident);
	if (ret)
		return ret;
	ret = weft_card_list_place(list, list->resident, 0);
	if (ret) {
		weft_memory_destroy(list->resident);
		list->resident = NULL;
	}
	return ret;
}

void weft_card_list_drop(struct weft_list *list)
{
	if (list->resident)
		weft_memory_destroy(list->resident);
	list->resident = NULL;
	list->address = 0;
}
