// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Every command of io_uring. */
#include "failnth.h"

/*
 * The SQE and the ring's own memory are there before. BIND and QUEUE_CREATE are issued twice, since they sleep: where they
 * are submitted, and then by a worker of io_uring, which is where the driver allocates. Failures are injected per thread, so
 * each has two targets.
 */
static long uring(struct fn_state *s, int fd, uint32_t op, void *args, size_t size, unsigned int flags)
{
	long r = ks_ring_do(&s->ring, fd, op, args, size, flags);

	/* io_uring gives up the command without asking the driver: none of its workers, or no memory of its own */
	return r == -ENOBUFS || r == -EAGAIN || r == -ECANCELED ? -ENOMEM : r;
}

static int t_uring_submit(struct fn_state *s)
{
	struct drm_weft_submit submit = { .queue_id = s->rig.queue, .list = KS_LIST_VA, .num_packets = 1 };
	int left, r;

	memset(&s->rig.list[0], 0, 64);
	r = uring(s, s->rig.fd, DRM_WEFT_URING_SUBMIT, &submit, sizeof(submit), s->arg);
	left = fn_pause();
	if (!r && !s->arg)
		r = ks_rig_run(&s->rig, 1, 0);
	fn_resume(left);
	return r;
}

static int t_uring_bind(struct fn_state *s)
{
	struct drm_weft_vm_bind map = {
		.vm_id = s->vm, .op = DRM_WEFT_BIND_MAP, .flags = DRM_WEFT_BIND_READ, .handle = s->handle,
		.va = 0x123400000ULL, .range = 1 << 20,
	};
	int r = uring(s, s->rig.fd, DRM_WEFT_URING_BIND, &map, sizeof(map), 0), left = fn_pause();

	if (!r)
		ks_unbind(s->rig.fd, s->vm, map.va, map.range);
	fn_resume(left);
	return r;
}

static int t_uring_queue(struct fn_state *s)
{
	struct drm_weft_queue_create queue = { .vm_id = s->rig.vm, .band = DRM_WEFT_BAND_NORMAL };
	long r = uring(s, s->rig.fd, DRM_WEFT_URING_QUEUE_CREATE, &queue, sizeof(queue), 0);
	int left = fn_pause();

	if (r > 0)
		r = ks_queue_destroy(s->rig.fd, r);
	fn_resume(left);
	return r;
}

static int t_uring_wait(struct fn_state *s)
{
	struct drm_weft_cell_wait wait = { .handle = s->uq.cells_handle, .value = 1, .timeout_ns = 1000000 };
	int r = uring(s, s->uq.fd, DRM_WEFT_URING_CELL_WAIT, &wait, sizeof(wait), 0);

	return r == -ETIME ? 0 : r;
}

static int t_uring_many(struct fn_state *s)
{
	struct drm_weft_cell_want want[2] = {
		{ .handle = s->uq.cells_handle, .value = 1 }, { .handle = s->uq.cells_handle, .offset = 32, .value = 1 },
	};
	struct drm_weft_cell_wait_many many = { .cells = (uintptr_t)want, .num_cells = 2, .timeout_ns = 1000000 };
	int r = uring(s, s->uq.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &many, sizeof(many), 0);

	return r == -ETIME ? 0 : r;
}

static int t_uring_cancel(struct fn_state *s)
{
	struct drm_weft_uring_cancel cancel = { .user_data = 1 };
	int r = uring(s, s->uq.fd, DRM_WEFT_URING_CANCEL, &cancel, sizeof(cancel), 0);

	return r == -ENOENT ? 0 : r;
}

const struct fn_target fn_uring[] = {
	{ "io_uring SUBMIT", DRM_WEFT_URING_SUBMIT, t_uring_submit, 0, 4, false },
	{ "io_uring SUBMIT to the end", DRM_WEFT_URING_SUBMIT, t_uring_submit, DRM_WEFT_URING_END, 5, false },
	{ "io_uring BIND", DRM_WEFT_URING_BIND, t_uring_bind, 0, 0, false },
	{ "io_uring BIND, in the worker", DRM_WEFT_URING_BIND, t_uring_bind, 0, 8, true },
	{ "io_uring QUEUE_CREATE", DRM_WEFT_URING_QUEUE_CREATE, t_uring_queue, 0, 0, false },
	{ "io_uring QUEUE_CREATE, in the worker", DRM_WEFT_URING_QUEUE_CREATE, t_uring_queue, 0, 8, true },
	{ "io_uring CELL_WAIT", DRM_WEFT_URING_CELL_WAIT, t_uring_wait, 0, 1, false },
	{ "io_uring CELL_WAIT_MANY", DRM_WEFT_URING_CELL_WAIT_MANY, t_uring_many, 0, 2, false },
	{ "io_uring CANCEL", DRM_WEFT_URING_CANCEL, t_uring_cancel, 0, 0, false },
	{ }
};
