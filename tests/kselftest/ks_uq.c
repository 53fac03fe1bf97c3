// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
#define _GNU_SOURCE
#include "ks_uq.h"

int ks_vm_create_lr(int fd, uint32_t *vm)
{
	struct drm_weft_vm_create arg = { .type = DRM_WEFT_VM_LR };
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &arg);

	*vm = arg.vm_id;
	return r;
}

static int object(struct ks_uq *q, uint32_t place, uint32_t flags, uint64_t bytes, uint64_t va, uint32_t bind,
		  uint32_t *handle, void **p)
{
	int r = ks_gem_create(q->fd, bytes, place, flags, handle);

	if (!r)
		r = ks_bind(q->fd, q->vm, *handle, va, bytes, bind);
	if (r)
		return r;
	*p = ks_gem_map(q->fd, *handle, PROT_READ | PROT_WRITE);
	return *p == MAP_FAILED ? -errno : 0;
}

int ks_uq_open(struct ks_uq *q, int card)
{
	const uint32_t rw = DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE;
	void *ring = NULL, *ctl = NULL, *data = NULL, *cells = NULL;
	struct drm_weft_device device;
	uint32_t handle;
	int r;

	memset(q, 0, sizeof(*q));
	q->fd = ks_open(card);
	if (q->fd < 0)
		return q->fd;
	r = ks_device(q->fd, &device);
	q->serial = device.serial;
	q->caps = device.caps;
	if (!r)
		r = ks_vm_create_lr(q->fd, &q->vm);
	if (!r)
		r = object(q, DRM_WEFT_PLACE_SYSTEM, 0, 4096, KS_RING_VA, rw, &handle, &ring);
	if (!r)
		r = object(q, DRM_WEFT_PLACE_SYSTEM, 0, 4096, KS_CTL_VA, rw, &handle, &ctl);
	if (!r)
		r = object(q, DRM_WEFT_PLACE_LOCAL, 0, KS_UDATA_BYTES, KS_UDATA_VA, rw, &handle, &data);
	if (!r && q->caps & WEFT_CAP_CELLS)
		r = object(q, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, 4096, KS_CELLS_VA,
			   DRM_WEFT_BIND_READ | DRM_WEFT_BIND_SEM, &q->cells_handle, &cells);
	q->ring = ring;
	q->ctl = ctl;
	q->data = data;
	q->cells = cells;
	if (r)
		ks_uq_close(q);
	return r;
}

struct drm_weft_user_queue_create ks_uq_args(const struct ks_uq *q)
{
	return (struct drm_weft_user_queue_create) {
		.vm_id = q->vm, .band = DRM_WEFT_BAND_NORMAL, .ring_log2 = KS_RING_LOG2, .ring = KS_RING_VA,
		.ctl = KS_CTL_VA,
	};
}

int ks_uq_start_with(struct ks_uq *q, struct drm_weft_user_queue_create *args)
{
	void *doorbell, *state;
	int r;

	memset((void *)q->ctl, 0, sizeof(*q->ctl));
	q->ctl->armed = 1;
	q->tail = 0;
	r = ks_ioctl(q->fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, args);
	if (r)
		return r;
	q->queue = args->queue_id;
	q->doorbell_offset = args->doorbell_offset;
	q->state_offset = args->state_offset;
	doorbell = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, q->fd, args->doorbell_offset);
	if (doorbell == MAP_FAILED)
		return -errno;
	q->doorbell = doorbell;
	state = mmap(NULL, 4096, PROT_READ, MAP_SHARED, q->fd, args->state_offset);
	if (state == MAP_FAILED)
		return -errno;
	q->state = state;
	return 0;
}

int ks_uq_start(struct ks_uq *q, const struct drm_weft_will *wills, uint32_t num_wills)
{
	struct drm_weft_user_queue_create args = ks_uq_args(q);

	args.wills = (uintptr_t)wills;
	args.num_wills = num_wills;
	return ks_uq_start_with(q, &args);
}

int ks_uq_ready(struct ks_uq *q, int card)
{
	int r = ks_uq_open(q, card);

	return r ? r : ks_uq_start(q, NULL, 0);
}

int ks_uq_stop(struct ks_uq *q)
{
	if (q->doorbell)
		munmap((void *)q->doorbell, 4096);
	if (q->state)
		munmap((void *)q->state, 4096);
	q->doorbell = NULL;
	q->state = NULL;
	return ks_queue_destroy(q->fd, q->queue);
}

void ks_uq_close(struct ks_uq *q)
{
	if (q->ring)
		munmap(q->ring, 4096);
	if (q->ctl)
		munmap((void *)q->ctl, 4096);
	if (q->data)
		munmap(q->data, KS_UDATA_BYTES);
	if (q->cells)
		munmap((void *)q->cells, 4096);
	if (q->doorbell)
		munmap((void *)q->doorbell, 4096);
	if (q->state)
		munmap((void *)q->state, 4096);
	if (q->fd >= 0)
		close(q->fd);
	memset(q, 0, sizeof(*q));
	q->fd = -1;
}

void ks_uq_put(struct ks_uq *q, const union weft_packet *packet)
{
	const uint64_t size = 1 << KS_RING_LOG2;

	while (q->tail - q->ctl->head >= size && q->state->run != WEFT_QS_FAULTED)
		;
	q->ring[q->tail % size] = *packet;
	__sync_synchronize();
	q->ctl->tail = ++q->tail;
	__sync_synchronize();
	if (q->ctl->armed)
		q->doorbell[WEFT_DB_RING / 4] = 1;
}

int ks_uq_drain(struct ks_uq *q)
{
	int64_t until = ks_now_ns() + 10 * KS_SECOND;

	while (q->ctl->head != q->tail) {
		if (q->state->run == WEFT_QS_FAULTED || q->state->run == WEFT_QS_NONE)
			return -EFAULT;
		if (ks_now_ns() > until)
			return -ETIME;
		usleep(50);
	}
	return 0;
}

int ks_uq_reach(struct ks_uq *q, uint32_t run)
{
	int64_t until = ks_now_ns() + 10 * KS_SECOND;

	while (q->state->run != run) {
		if (ks_now_ns() > until)
			return ks_fail(__FILE__, __LINE__, "state is %u, wanted %u; cause %u", q->state->run, run,
				       q->state->cause);
		usleep(50);
	}
	return 0;
}

union weft_packet ks_pkt_fill(uint64_t dst, uint64_t bytes, uint8_t byte)
{
	union weft_packet p = { .word = { 0 } };

	p.fill = (struct weft_pkt_fill) {
		.op = WEFT_PKT_FILL, .width = 1, .dst = dst, .bytes = bytes, .pattern = byte,
	};
	return p;
}

union weft_packet ks_pkt_copy(uint64_t dst, uint64_t src, uint64_t bytes)
{
	union weft_packet p = { .word = { 0 } };

	p.copy = (struct weft_pkt_copy) { .op = WEFT_PKT_COPY, .dst = dst, .src = src, .bytes = bytes };
	return p;
}

union weft_packet ks_pkt_signal(uint64_t cell, uint64_t value, uint8_t words)
{
	union weft_packet p = { .word = { 0 } };

	p.signal.op = WEFT_PKT_SIGNAL;
	p.signal.words = words;
	p.signal.u.one.cell = cell;
	p.signal.u.one.base = value;
	return p;
}

union weft_packet ks_pkt_wait(uint64_t cell, uint64_t value)
{
	union weft_packet p = { .word = { 0 } };

	p.wait.op = WEFT_PKT_WAIT;
	p.wait.end_level = WEFT_WAIT_NO_LOOP;
	p.wait.u.one.cell = cell;
	p.wait.u.one.base = value;
	return p;
}

int ks_kick(int fd, uint32_t handle, uint64_t offset)
{
	struct drm_weft_kick arg = { .handle = handle, .offset = offset };

	return ks_ioctl(fd, DRM_IOCTL_WEFT_KICK, &arg);
}

int ks_cell_wait(int fd, uint32_t handle, uint64_t offset, uint64_t value, uint64_t timeout_ns,
		 struct drm_weft_cell_wait *out)
{
	struct drm_weft_cell_wait arg = {
		.handle = handle, .offset = offset, .value = value, .timeout_ns = timeout_ns,
	};
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_CELL_WAIT, &arg);

	if (out)
		*out = arg;
	return r;
}

static void *sleep_on_cell(void *arg)
{
	struct ks_sleeper *s = arg;

	s->result = ks_cell_wait(s->q.fd, s->q.cells_handle, 0, 7, 30 * KS_SECOND, NULL);
	return NULL;
}

int ks_sleeper_start(struct ks_sleeper *s)
{
	if (pthread_create(&s->thread, NULL, sleep_on_cell, s))
		return -EAGAIN;
	usleep(100000);
	return 0;
}

int ks_sleeper_wake(struct ks_sleeper *s)
{
	int r;

	s->q.cells[0].value = 7;
	r = ks_kick(s->q.fd, s->q.cells_handle, 0);
	pthread_join(s->thread, NULL);
	return r ? r : s->result;
}
