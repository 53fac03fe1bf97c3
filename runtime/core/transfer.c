/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "copier.h"
#include "memory.h"
#include "queue.h"
#include "timeline.h"

#define SYNC_WAIT_NS	60000000000ull
#define SMALL_BYTES	256u
#define BOUNCE_BYTES	(1u << 20)

static int check(struct weft_memory *memory, uint64_t offset, uint64_t bytes, const void *host, const char *call)
{
	int ret = weft_handle(memory, WEFT_MAGIC_MEMORY, call);

	if (ret)
		return ret;
	if (!host || offset > memory->bytes || bytes > memory->bytes - offset)
		return weft_fail(-EINVAL, "%s: %" PRIu64 " bytes at %" PRIu64 " of %" PRIu64, call, bytes, offset,
				 memory->bytes);
	return 0;
}

static struct weft_device *owner(const struct weft_memory *m)
{
	return m->origin ? m->origin->device : m->device;
}

/* Host bytes are counted where they leave the host or reach it, so a card copying in pinned memory is host traffic. */
static void count_copy(const struct weft_memory *dst, const struct weft_memory *src, uint64_t bytes)
{
	struct weft *w = &weft_library;

	if (src->place == WEFT_PLACE_HOST)
		weft_count(&w->h2d, bytes);
	else if (dst->place == WEFT_PLACE_HOST)
		weft_count(&w->d2h, bytes);
	else
		weft_count(owner(dst) == owner(src) ? &w->local : &w->p2p, bytes);
}

/* A point that is reached already, for operations that had nothing to do. */
static void nothing(struct weft_copier *c, struct weft_point *done)
{
	if (done)
		*done = (struct weft_point) { c->done, 0 };
}

static int write_chunks(struct weft_memory *dst, uint64_t offset, const void *src, uint64_t bytes,
			const struct weft_point *after, uint32_t num_after, uint64_t *seqno, struct weft_point *done)
{
	struct weft_copier *c;
	int ret = weft_copier_get(dst->device, &c);

	if (ret)
		return ret;
	if (!bytes)
		nothing(c, done);
	for (uint64_t at = 0; at < bytes && !ret;) {
		uint64_t n = bytes - at < WEFT_COPIER_SLOT_BYTES ? bytes - at : WEFT_COPIER_SLOT_BYTES;
		int slot = weft_copier_take(c, true);
		struct weft_copier_job job = {
			.dst = dst->address + offset + at, .bytes = n, .after = at ? NULL : after,
			.num_after = at ? 0 : num_after,
		};

		if (slot < 0)
			return slot;
		job.src = c->staging->address + weft_copier_slot(slot);
		memcpy((char *)c->staging->map + weft_copier_slot(slot), (const char *)src + at, n);
		ret = weft_copier_push(c, &job, seqno, at + n == bytes ? done : NULL);
		weft_copier_release(c, slot, ret ? 0 : *seqno);
		at += n;
	}
	if (!ret)
		weft_count(&weft_library.h2d, bytes);
	return ret;
}

int weft_memory_write_async(struct weft_memory *dst, uint64_t offset, const void *src, uint64_t bytes,
			    const struct weft_point *after, uint32_t num_after, struct weft_point *done)
{
	uint64_t seqno = 0;
	int ret = check(dst, offset, bytes, src, __func__);

	return ret ? ret : write_chunks(dst, offset, src, bytes, after, num_after, &seqno, done);
}

int weft_memory_write(struct weft_memory *dst, uint64_t offset, const void *src, uint64_t bytes)
{
	struct weft_copier *c;
	uint64_t seqno = 0;
	void *map;
	int ret = check(dst, offset, bytes, src, __func__);

	if (ret || !bytes)
		return ret;
	if (bytes <= SMALL_BYTES && !dst->origin && weft_copier_idle(dst->device) && !weft_memory_map(dst, &map)) {
		memcpy((char *)map + offset, src, bytes);
		atomic_thread_fence(memory_order_seq_cst);	/* out of the write-combining buffer */
		weft_count(&weft_library.mapped, bytes);
		return 0;
	}
	ret = write_chunks(dst, offset, src, bytes, NULL, 0, &seqno, NULL);
	if (!ret)
		ret = weft_copier_get(dst->device, &c);
	return ret ? ret : weft_queue_wait(c->queue, seqno, SYNC_WAIT_NS);
}

/* Chunks of a synchronous read that are under way, oldest first. */
struct window {
	struct {
		int slot;
		uint64_t seqno, at, bytes;
	} chunk[WEFT_COPIER_SLOTS];
	uint32_t first, count;
};

static int drain(struct weft_copier *c, struct window *w, void *dst, int failed)
{
	uint32_t i = w->first;
	int ret = weft_queue_wait(c->queue, w->chunk[i].seqno, SYNC_WAIT_NS);

	if (!ret && !failed)
		memcpy((char *)dst + w->chunk[i].at, (char *)c->staging->map + weft_copier_slot(w->chunk[i].slot),
		       w->chunk[i].bytes);
	weft_copier_release(c, w->chunk[i].slot, ret ? w->chunk[i].seqno : 0);
	w->first = (i + 1) % WEFT_COPIER_SLOTS;
	w->count--;
	return failed ? failed : ret;
}

int weft_memory_read(struct weft_memory *src, uint64_t offset, void *dst, uint64_t bytes)
{
	struct window w = { .count = 0 };
	struct weft_copier *c;
	int ret = check(src, offset, bytes, dst, __func__);

	if (ret || !bytes)
		return ret;
	ret = weft_copier_get(src->device, &c);
	for (uint64_t at = 0; (at < bytes && !ret) || w.count;) {
		uint32_t i = (w.first + w.count) % WEFT_COPIER_SLOTS;
		uint64_t n = bytes - at < WEFT_COPIER_SLOT_BYTES ? bytes - at : WEFT_COPIER_SLOT_BYTES;
		/* holding chunks and waiting for slots could block two readers for ever */
		int slot = at < bytes && !ret && w.count < WEFT_COPIER_SLOTS ? weft_copier_take(c, !w.count) : -EAGAIN;
		struct weft_copier_job job = { .src = src->address + offset + at, .bytes = n };

		if (slot == -EAGAIN) {
			ret = drain(c, &w, dst, ret);
			continue;
		}
		if (slot < 0) {
			ret = slot;
			continue;
		}
		job.dst = c->staging->address + weft_copier_slot(slot);
		ret = weft_copier_push(c, &job, &w.chunk[i].seqno, NULL);
		if (ret) {
			weft_copier_release(c, slot, 0);
			continue;
		}
		w.chunk[i].slot = slot;
		w.chunk[i].at = at;
		w.chunk[i].bytes = n;
		w.count++;
		at += n;
	}
	if (!ret)
		weft_count(&weft_library.d2h, bytes);
	return ret;
}

struct read_chunk {
	struct weft_copier *copier;
	void *dst;
	uint64_t bytes, value;		/* value 0: not the last */
	int slot;
};

static void read_done(void *data, int status)
{
	struct read_chunk *r = data;
	struct weft_copier *c = r->copier;

	if (!status)
		memcpy(r->dst, (char *)c->staging->map + weft_copier_slot(r->slot), r->bytes);
	weft_copier_release(c, r->slot, 0);
	if (r->value)	/* also after a failure, which whoever waits for the point is told */
		weft_backend(c->device)->timeline_signal(c->read, r->value);
	free(r);
}

int weft_memory_read_async(struct weft_memory *src, uint64_t offset, void *dst, uint64_t bytes,
			   const struct weft_point *after, uint32_t num_after, struct weft_point *done)
{
	struct weft_copier *c;
	int ret = check(src, offset, bytes, dst, __func__);

	if (!ret)
		ret = weft_copier_get(src->device, &c);
	if (ret)
		return ret;
	if (!bytes)
		nothing(c, done);
	for (uint64_t at = 0; at < bytes && !ret;) {
		uint64_t n = bytes - at < WEFT_COPIER_SLOT_BYTES ? bytes - at : WEFT_COPIER_SLOT_BYTES, seqno;
		struct read_chunk *r = calloc(1, sizeof(*r));
		int slot = r ? weft_copier_take(c, true) : weft_fail(-ENOMEM, "weft_memory_read_async");
		struct weft_copier_job job = {
			.src = src->address + offset + at, .bytes = n, .after = at ? NULL : after,
			.num_after = at ? 0 : num_after, .callback = read_done, .data = r,
		};

		if (slot < 0) {
			free(r);
			return slot;
		}
		*r = (struct read_chunk) { c, (char *)dst + at, n, 0, slot };
		job.dst = c->staging->address + weft_copier_slot(slot);
		if (at + n == bytes) {
			pthread_mutex_lock(&c->lock);
			r->value = ++c->read_value;
			pthread_mutex_unlock(&c->lock);
			job.noted = c->read;
			job.value = r->value;
			if (done)
				*done = (struct weft_point) { c->read, r->value };
		}
		ret = weft_copier_push(c, &job, &seqno, NULL);
		if (ret) {
			weft_copier_release(c, slot, 0);
			free(r);
		}
		at += n;
	}
	if (!ret)
		weft_count(&weft_library.d2h, bytes);
	return ret;
}

/* Start one copy by the copier of dst's device. Memory that cannot be reached is -EOPNOTSUPP or what importing said */
static int start_copy(struct weft_memory *dst, uint64_t dst_offset, struct weft_memory *src, uint64_t src_offset,
		      uint64_t bytes, const struct weft_point *after, uint32_t num_after, uint64_t *seqno,
		      struct weft_point *done)
{
	struct weft_copier_job job = { .bytes = bytes, .after = after, .num_after = num_after };
	struct weft_memory *from = src;
	struct weft_copier *c;
	int ret = weft_copier_get(dst->device, &c);

	if (!ret && src->device != dst->device)
		ret = weft_memory_reach(dst->device, src, &from);
	if (ret)
		return ret;
	if (!bytes) {
		nothing(c, done);
		return 0;
	}
	job.dst = dst->address + dst_offset;
	job.src = from->address + src_offset;
	if (job.dst != job.src && job.dst < job.src + bytes && job.src < job.dst + bytes)
		return weft_fail(-EINVAL, "copy of %" PRIu64 " bytes onto a part of itself", bytes);
	ret = weft_copier_push(c, &job, seqno, done);
	if (!ret)
		count_copy(dst, src, bytes);
	return ret;
}

/* Kinds that share no address: the memory of one of them is plain host memory. */
static bool foreign(const struct weft_memory *a, const struct weft_memory *b)
{
	return weft_backend(a->device) != weft_backend(b->device);
}

static void *host_pointer(const struct weft_memory *m, uint64_t offset)
{
	return (void *)(uintptr_t)(m->address + offset);
}

int weft_memory_copy_async(struct weft_memory *dst, uint64_t dst_offset, struct weft_memory *src, uint64_t src_offset,
			   uint64_t bytes, const struct weft_point *after, uint32_t num_after, struct weft_point *done)
{
	uint64_t seqno;
	int ret = check(dst, dst_offset, bytes, dst, __func__);

	if (!ret)
		ret = check(src, src_offset, bytes, src, __func__);
	if (ret)
		return ret;
	if (foreign(dst, src) && src->device->kind->soft)
		return weft_memory_write_async(dst, dst_offset, host_pointer(src, src_offset), bytes, after, num_after,
					       done);
	if (foreign(dst, src))
		return weft_memory_read_async(src, src_offset, host_pointer(dst, dst_offset), bytes, after, num_after,
					      done);
	return start_copy(dst, dst_offset, src, src_offset, bytes, after, num_after, &seqno, done);
}

static int bounce(struct weft_memory *dst, uint64_t dst_offset, struct weft_memory *src, uint64_t src_offset,
		  uint64_t bytes)
{
	char *buffer = malloc(BOUNCE_BYTES);
	int ret = buffer ? 0 : weft_fail(-ENOMEM, "host bounce");

	for (uint64_t at = 0; at < bytes && !ret;) {
		uint64_t n = bytes - at < BOUNCE_BYTES ? bytes - at : BOUNCE_BYTES;

		ret = weft_memory_read(src, src_offset + at, buffer, n);
		if (!ret)
			ret = weft_memory_write(dst, dst_offset + at, buffer, n);
		if (!ret)
			weft_count(&weft_library.bounce, n);
		at += n;
	}
	free(buffer);
	return ret;
}

int weft_memory_copy(struct weft_memory *dst, uint64_t dst_offset, struct weft_memory *src, uint64_t src_offset,
		     uint64_t bytes, uint32_t flags)
{
	struct weft_copier *c;
	uint64_t seqno = 0;
	int ret = check(dst, dst_offset, bytes, dst, __func__);

	if (!ret)
		ret = check(src, src_offset, bytes, src, __func__);
	if (ret || !bytes)
		return ret;
	if (flags & ~WEFT_TRANSFER_ALLOW_BOUNCE)
		return weft_fail(-EINVAL, "weft_memory_copy: flags %#x", flags);
	if (foreign(dst, src) && src->device->kind->soft)
		return weft_memory_write(dst, dst_offset, host_pointer(src, src_offset), bytes);
	if (foreign(dst, src))
		return weft_memory_read(src, src_offset, host_pointer(dst, dst_offset), bytes);
	ret = start_copy(dst, dst_offset, src, src_offset, bytes, NULL, 0, &seqno, NULL);
	if (ret == -EOPNOTSUPP && (flags & WEFT_TRANSFER_ALLOW_BOUNCE))
		return bounce(dst, dst_offset, src, src_offset, bytes);
	if (!ret)
		ret = weft_copier_get(dst->device, &c);
	return ret ? ret : weft_queue_wait(c->queue, seqno, SYNC_WAIT_NS);
}

static int start_fill(struct weft_memory *dst, uint64_t offset, uint64_t pattern, uint32_t width, uint64_t bytes,
		      const struct weft_point *after, uint32_t num_after, uint64_t *seqno, struct weft_point *done)
{
	struct weft_copier_job job = {
		.bytes = bytes, .pattern = pattern, .width = width, .after = after, .num_after = num_after,
	};
	struct weft_copier *c;
	int ret = check(dst, offset, bytes, dst, "weft_memory_fill");

	if (ret)
		return ret;
	if (width < 1 || width > 8 || (width & (width - 1)) || offset % width || bytes % width)
		return weft_fail(-EINVAL, "weft_memory_fill: width %u for %" PRIu64 " bytes at %" PRIu64, width, bytes,
				 offset);
	ret = weft_copier_get(dst->device, &c);
	if (!ret && !bytes)
		nothing(c, done);
	if (ret || !bytes)
		return ret;
	job.dst = dst->address + offset;
	ret = weft_copier_push(c, &job, seqno, done);
	if (!ret)
		weft_count(&weft_library.fill, bytes);
	return ret;
}

int weft_memory_fill_async(struct weft_memory *dst, uint64_t offset, uint64_t pattern, uint32_t width, uint64_t bytes,
			   const struct weft_point *after, uint32_t num_after, struct weft_point *done)
{
	uint64_t seqno;

	return start_fill(dst, offset, pattern, width, bytes, after, num_after, &seqno, done);
}

int weft_memory_fill(struct weft_memory *dst, uint64_t offset, uint64_t pattern, uint32_t width, uint64_t bytes)
{
	struct weft_copier *c;
	uint64_t seqno = 0;
	int ret = start_fill(dst, offset, pattern, width, bytes, NULL, 0, &seqno, NULL);

	if (ret || !seqno)
		return ret;
	ret = weft_copier_get(dst->device, &c);
	return ret ? ret : weft_queue_wait(c->queue, seqno, SYNC_WAIT_NS);
}
