// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* What each command of io_uring does, good and bad. */
#define _GNU_SOURCE
#include "ks_ring.h"
#include "ks_uq.h"

#define MS	1000000ULL
#define VA	0x900000000ULL

static int submit_ends(void)
{
	struct drm_weft_sync sync = { .flags = DRM_WEFT_SYNC_SIGNAL };
	struct drm_weft_submit submit;
	struct ks_ring ring;
	struct ks_rig rig;
	long res;

	KS_OK(ks_rig_open(&rig, 0, 200));
	KS_OK(ks_ring_open(&ring, 64, 0));
	KS_OK(ks_ring_copy(&ring, &rig, 0, 0x5a));
	/* accepted: the end is told by a syncobj, as ever */
	sync.handle = rig.status[0];
	submit = ks_ring_job(&rig);
	submit.num_syncs = 1;
	submit.syncs = (uintptr_t)&sync;
	KS_OK(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, 0));
	KS_OK(ks_syncobj_wait(rig.fd, sync.handle, 0, 10 * KS_SECOND));
	/* many through one call into the kernel; the end of each is told */
	submit = ks_ring_job(&rig);
	for (uint64_t i = 0; i < 32; i++)
		KS_CHECK(ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, sizeof(submit),
				      DRM_WEFT_URING_END, i));
	KS_IS(io_uring_submit(&ring.ring), 32);
	for (int i = 0; i < 32; i++) {
		KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
		KS_OK(res);
	}
	/* how it ended is the result */
	rig.list[0] = ks_pkt_copy(0x1000, KS_DATA_VA, 4096);
	__sync_synchronize();
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, DRM_WEFT_URING_END), -EFAULT);
	memset(&rig.list[0], 0, 64);
	rig.list[0].timed.op = WEFT_PKT_TIMED;
	rig.list[0].timed.ns = 60 * KS_SECOND;
	__sync_synchronize();
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, DRM_WEFT_URING_END), -ETIME);
	KS_OK(ks_rig_alive(&rig));
	ks_ring_close(&ring);
	ks_rig_close(&rig);
	return 0;
}

/* What every command checks of its SQE. */
static int bad_sqes(struct ks_ring *ring, int fd, uint32_t op, void *args, size_t size)
{
	uint8_t longer[128] = { 0 };
	struct drm_weft_uring *head;
	struct io_uring_sqe *sqe;
	long res;

	KS_IS(ks_ring_do(ring, fd, op, args, size, 0x8), -EINVAL);
	KS_IS(ks_ring_do(ring, fd, op, args, size, DRM_WEFT_URING_INLINE), -EINVAL);	/* not with 64 bytes */
	if (op != DRM_WEFT_URING_SUBMIT)
		KS_IS(ks_ring_do(ring, fd, op, args, size, DRM_WEFT_URING_END), -EINVAL);
	KS_IS(ks_ring_do(ring, fd, op, args, 0, 0), -EINVAL);
	KS_IS(ks_ring_do(ring, fd, op, args, size - 1, 0), -EINVAL);
	KS_IS(ks_ring_do(ring, fd, op, (void *)8, size, 0), -EFAULT);
	KS_IS(ks_ring_do(ring, fd, op, NULL, size, 0), -EFAULT);
	memcpy(longer, args, size);
	longer[size + 40] = 1;
	KS_IS(ks_ring_do(ring, fd, op, longer, size + 48, 0), -E2BIG);
	for (int field = 0; field < 4; field++) {
		sqe = ks_ring_prep(ring, fd, op, args, size, 0, 1);
		head = (struct drm_weft_uring *)sqe->cmd;
		if (field == 0)
			head->pad = 1;
		else if (field == 1)
			sqe->addr = 1;
		else if (field == 2)
			sqe->len = 1;
		else
			sqe->uring_cmd_flags = 1;	/* FIXED */
		KS_OK(ks_ring_submit(ring));
		KS_OK(ks_ring_next(ring, NULL, &res, NULL));
		KS_CHECK(res == -EINVAL || (field == 3 && res == -EFAULT), "field %d: %ld", field, res);
	}
	return 0;
}

static int bad_arguments(void)
{
	struct drm_weft_cell_want want = { .value = 1 };
	struct drm_weft_cell_wait_many many = { .cells = (uintptr_t)&want, .num_cells = 1 };
	struct drm_weft_queue_create queue = { .band = DRM_WEFT_BAND_NORMAL };
	struct drm_weft_cell_wait wait = { .value = 1 };
	struct drm_weft_uring_cancel cancel = { .user_data = 77 };
	struct drm_weft_vm_bind map = { .op = DRM_WEFT_BIND_MAP };
	struct drm_weft_submit submit;
	struct ks_ring ring;
	struct ks_rig rig;
	struct ks_uq q;
	uint32_t plain;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
	submit = ks_ring_job(&rig);
	queue.vm_id = rig.vm;
	wait.handle = want.handle = q.cells_handle;
	map.vm_id = rig.vm;
	KS_IS(ks_ring_do(&ring, rig.fd, DRM_WEFT_URING_CANCEL + 1, &cancel, sizeof(cancel), 0), -EOPNOTSUPP);
	KS_IS(ks_ring_do(&ring, rig.fd, ~0u, &cancel, sizeof(cancel), 0), -EOPNOTSUPP);
	KS_OK(bad_sqes(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, sizeof(submit)));
	KS_OK(bad_sqes(&ring, rig.fd, DRM_WEFT_URING_BIND, &map, sizeof(map)));
	KS_OK(bad_sqes(&ring, rig.fd, DRM_WEFT_URING_QUEUE_CREATE, &queue, sizeof(queue)));
	KS_OK(bad_sqes(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT, &wait, sizeof(wait)));
	KS_OK(bad_sqes(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &many, sizeof(many)));
	KS_OK(bad_sqes(&ring, q.fd, DRM_WEFT_URING_CANCEL, &cancel, sizeof(cancel)));

#define BAD(fd, op, args, field, bad, error) \
	do { \
		__typeof__(args) bad_ = (args); \
		bad_.field = (bad); \
		KS_IS(KS_RING_DO(&ring, fd, op, &bad_, 0), error); \
	} while (0)
	/* SUBMIT and BIND go through the parsers of the ioctls, whose tests have the rest */
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, flags, 1, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, pad, 1, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, num_packets, 0, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, list, 1, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, table, 32, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, num_operands, 1, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, num_syncs, 1, -EFAULT);
	BAD(rig.fd, DRM_WEFT_URING_SUBMIT, submit, queue_id, 99, -ENOENT);
	BAD(rig.fd, DRM_WEFT_URING_BIND, map, vm_id, 99, -EINVAL);	/* no range yet */
	BAD(rig.fd, DRM_WEFT_URING_QUEUE_CREATE, queue, vm_id, 99, -ENOENT);
	BAD(rig.fd, DRM_WEFT_URING_QUEUE_CREATE, queue, band, 4, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_QUEUE_CREATE, queue, flags, 1, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_QUEUE_CREATE, queue, max_jobs, 1025, -EINVAL);
	BAD(rig.fd, DRM_WEFT_URING_QUEUE_CREATE, queue, run_limit_ms, 600001, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT, wait, flags, 1, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT, wait, timeout_ns, 601 * KS_SECOND, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT, wait, offset, 8, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT, wait, offset, 4096, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT, wait, handle, 999, -ENOENT);
	KS_OK(ks_gem_create(q.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &plain));
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT, wait, handle, plain, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, many, flags, 2, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, many, num_cells, 0, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, many, num_cells, DRM_WEFT_MAX_WANTS + 1, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, many, decided, 1, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, many, cells, 0, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, many, cells, 8, -EFAULT);
	BAD(q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, many, timeout_ns, 601 * KS_SECOND, -EINVAL);
	want.pad = 1;
	KS_IS(KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &many, 0), -EINVAL);
	want.pad = 0;
	want.handle = 999;
	KS_IS(KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &many, 0), -ENOENT);
	BAD(q.fd, DRM_WEFT_URING_CANCEL, cancel, flags, 2, -EINVAL);
	BAD(q.fd, DRM_WEFT_URING_CANCEL, cancel, flags, DRM_WEFT_CANCEL_ALL, -EINVAL);	/* and a name */
	BAD(q.fd, DRM_WEFT_URING_CANCEL, cancel, pad, 1, -EINVAL);
	KS_IS(KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CANCEL, &cancel, 0), -ENOENT);
	ks_ring_close(&ring);
	ks_uq_close(&q);
	ks_rig_close(&rig);
	return 0;
}

/* Arguments behind the head of the SQE, results in big completions; nothing is pointed to. */
static int inline_arguments(void)
{
	struct drm_weft_queue_create queue = { .band = DRM_WEFT_BAND_NORMAL };
	struct drm_weft_cell_wait wait = { .value = 3 };
	struct io_uring_sqe *sqe;
	struct ks_ring ring;
	struct ks_rig rig;
	struct ks_uq q;
	uint64_t extra;
	long res;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_ring_open(&ring, 8, IORING_SETUP_SQE128 | IORING_SETUP_CQE32));
	for (int i = 0; i < 4; i++)
		KS_OK(ks_ring_copy(&ring, &rig, i % 2 ? DRM_WEFT_URING_INLINE : 0, i + 1));
	queue.vm_id = rig.vm;
	res = KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_QUEUE_CREATE, &queue, DRM_WEFT_URING_INLINE);
	KS_CHECK(res > 0, "%ld", res);
	KS_IS(queue.queue_id, 0);
	KS_OK(ks_queue_destroy(rig.fd, res));
	wait.handle = q.cells_handle;
	q.cells[0].value = 5;
	__sync_synchronize();
	KS_CHECK(ks_ring_prep(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT, &wait, sizeof(wait), DRM_WEFT_URING_INLINE, 9));
	KS_OK(ks_ring_submit(&ring));
	KS_OK(ks_ring_next(&ring, NULL, &res, &extra));
	KS_IS(res, DRM_WEFT_CELL_REACHED);
	KS_IS(extra, 5);
	KS_IS(wait.value, 3);
	/* @args has to be 0 then, and what the driver does not know too */
	sqe = ks_ring_prep(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT, &wait, sizeof(wait), DRM_WEFT_URING_INLINE, 9);
	((struct drm_weft_uring *)sqe->cmd)->args = (uintptr_t)&wait;
	KS_OK(ks_ring_submit(&ring));
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, -EINVAL);
	for (int beyond = 0; beyond < 2; beyond++) {
		sqe = ks_ring_prep(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT, &wait, sizeof(wait), DRM_WEFT_URING_INLINE, 9);
		((struct drm_weft_uring *)sqe->cmd)->size = beyond ? 65 : 64;
		sqe->cmd[16 + 63] = 1;
		KS_OK(ks_ring_submit(&ring));
		KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
		KS_IS(res, beyond ? -EINVAL : -E2BIG);
	}
	ks_ring_close(&ring);
	ks_uq_close(&q);
	ks_rig_close(&rig);
	return 0;
}

static int binds(void)
{
	struct drm_weft_vm_bind map = {
		.op = DRM_WEFT_BIND_MAP, .flags = DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE, .va = VA, .range = 8192,
	};
	struct drm_weft_vm_bind unmap = { .op = DRM_WEFT_BIND_UNMAP, .va = VA, .range = 8192 };
	struct drm_weft_submit submit;
	struct ks_ring ring;
	struct ks_rig rig;
	uint32_t handle;
	uint8_t *p;
	long res;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
	KS_OK(ks_gem_create(rig.fd, 8192, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	p = ks_gem_map(rig.fd, handle, PROT_READ);
	KS_CHECK(p != MAP_FAILED);
	map.vm_id = unmap.vm_id = rig.vm;
	map.handle = handle;
	submit = ks_ring_job(&rig);
	memset(rig.data, 0x33, 4096);
	rig.list[0] = ks_pkt_copy(VA + 4096, KS_DATA_VA, 4096);
	__sync_synchronize();
	/* one chain: bound, used, unbound */
	ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_BIND, &map, sizeof(map), 0, 1)->flags = IOSQE_IO_LINK;
	ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, sizeof(submit), DRM_WEFT_URING_END, 2)->flags =
		IOSQE_IO_LINK;
	ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_BIND, &unmap, sizeof(unmap), 0, 3);
	KS_OK(ks_ring_submit(&ring));
	for (uint64_t i = 1, name; i <= 3; i++) {
		KS_OK(ks_ring_next(&ring, &name, &res, NULL));
		KS_IS(name, i);
		KS_OK(res);
	}
	for (int i = 0; i < 4096; i++)
		KS_CHECK(p[4096 + i] == 0x33 && !p[i], "byte %d", i);
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, DRM_WEFT_URING_END), -EFAULT);
	KS_OK(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_BIND, &map, 0));
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_BIND, &map, 0), -EEXIST);
	map.handle = 999;
	map.va += 0x10000;
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_BIND, &map, 0), -ENOENT);
	KS_OK(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_BIND, &unmap, 0));
	munmap(p, 8192);
	ks_ring_close(&ring);
	ks_rig_close(&rig);
	return 0;
}

static int wait_at_once(void)
{
	struct drm_weft_cell_wait wait;
	struct ks_ring ring;
	struct ks_uq q;
	int64_t from;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
#define WAIT(cell, want, ns) \
	({ \
		wait = (struct drm_weft_cell_wait){ \
			.handle = q.cells_handle, .offset = (cell) * 32, .value = (want), .timeout_ns = (ns), \
			.end = 99, .fault = 99, \
		}; \
		KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT, &wait, 0); \
	})
	q.cells[1].value = 7;
	q.cells[2].value = 3;
	q.cells[2].end = 1;
	q.cells[3].fault = WEFT_CELL_FAULT(WEFT_CELL_POISON, 1, 2);
	__sync_synchronize();
	KS_IS(WAIT(1, 7, 0), DRM_WEFT_CELL_REACHED);
	KS_CHECK(wait.value == 7 && !wait.end && !wait.fault);
	KS_IS(WAIT(1, 8, 0), -ETIME);
	KS_IS(wait.value, 7);
	from = ks_now_ns();
	KS_IS(WAIT(1, 8, 300 * MS), -ETIME);
	KS_CHECK(ks_now_ns() - from >= 300 * (int64_t)MS && ks_now_ns() - from < 5 * KS_SECOND);
	KS_IS(wait.value, 7);
	KS_IS(WAIT(2, 100, KS_SECOND), DRM_WEFT_CELL_ENDED);
	KS_CHECK(wait.value == 3 && wait.end == 1);
	KS_IS(WAIT(3, 100, KS_SECOND), DRM_WEFT_CELL_FAILED);
	KS_CHECK(wait.fault == WEFT_CELL_FAULT(WEFT_CELL_POISON, 1, 2));
	ks_ring_close(&ring);
	ks_uq_close(&q);
	return 0;
}

#define CELLS	8
struct many {
	struct drm_weft_cell_want want[CELLS];
	struct drm_weft_cell_wait_many many;
};

static void fill_many(struct many *m, const struct ks_uq *q, uint32_t flags, uint64_t timeout_ns)
{
	memset(m, 0, sizeof(*m));
	for (uint64_t i = 0; i < CELLS; i++)
		m->want[i] = (struct drm_weft_cell_want){ .handle = q->cells_handle, .offset = i * 32, .value = 10 };
	m->many = (struct drm_weft_cell_wait_many){
		.cells = (uintptr_t)m->want, .num_cells = CELLS, .flags = flags, .timeout_ns = timeout_ns,
	};
}

/* The host is the writer: store, fence, kick. */
static int store(struct ks_uq *q, int cell, uint64_t value)
{
	q->cells[cell].value = value;
	__sync_synchronize();
	return ks_kick(q->fd, q->cells_handle, cell * 32);
}

static int wait_many(void)
{
	struct ks_ring ring;
	struct ks_uq q;
	struct many m;
	long res;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
#define START(flags, ns) \
	do { \
		fill_many(&m, &q, flags, ns); \
		KS_CHECK(ks_ring_prep(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &m.many, sizeof(m.many), 0, 5)); \
		KS_OK(ks_ring_submit(&ring)); \
	} while (0)
	START(0, 0);
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, -ETIME);
	KS_IS(m.many.decided, 0);
	/* any */
	START(0, 20 * KS_SECOND);
	KS_OK(store(&q, 4, 9));
	usleep(20000);
	KS_CHECK(ks_ring_quiet(&ring));
	KS_OK(store(&q, 5, 11));
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, 5);
	KS_IS(m.many.decided, 1 << 5);
	KS_IS(m.want[5].value, 11);
	KS_IS(m.want[0].value, 0);
	/* any, several at once: the first */
	KS_OK(store(&q, 2, 10));
	START(0, 0);
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, 2);
	KS_IS(m.many.decided, 1 << 5 | 1 << 2);
	/* all, one after the other; one of them ends below its value */
	START(DRM_WEFT_WAIT_ALL, 20 * KS_SECOND);
	for (int i = 0; i < CELLS; i++) {
		usleep(1000);
		KS_CHECK(ks_ring_quiet(&ring), "before cell %d", i);
		if (i == 3) {
			q.cells[3].end = 1;
			KS_OK(store(&q, 3, 1));
		} else if (i != 5 && i != 2) {
			KS_OK(store(&q, i, 10 + i));
		}
	}
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, CELLS);
	KS_IS(m.many.decided, (1 << CELLS) - 1);
	KS_IS(m.want[3].end, 1);
	KS_IS(m.want[7].value, 17);
	ks_uq_close(&q);
	/* all, but one fails; and out of time with some decided */
	KS_OK(ks_uq_open(&q, 0));
	KS_OK(store(&q, 1, 10));
	START(DRM_WEFT_WAIT_ALL, 100 * MS);
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, -ETIME);
	KS_IS(m.many.decided, 2);
	KS_IS(m.want[1].value, 10);
	START(DRM_WEFT_WAIT_ALL, 20 * KS_SECOND);
	q.cells[6].fault = WEFT_CELL_FAULT(WEFT_CELL_POISON, 1, 2);
	KS_OK(store(&q, 6, 0));
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, 6);
	KS_IS(m.many.decided, 1 << 6 | 2);
	KS_CHECK(m.want[6].fault == WEFT_CELL_FAULT(WEFT_CELL_POISON, 1, 2));
	ks_ring_close(&ring);
	ks_uq_close(&q);
	return 0;
}

/* Each cell that is wrong is found, wherever it stands; what was begun for those before it is undone. */
static int one_is_wrong(void)
{
	struct ks_ring ring;
	struct ks_uq q;
	struct many m;
	long res;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
	for (int bad = 0; bad < CELLS; bad++) {
		fill_many(&m, &q, DRM_WEFT_WAIT_ALL, 20 * KS_SECOND);
		m.want[bad].handle = 4711;
		KS_IS(KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &m.many, 0), -ENOENT);
		fill_many(&m, &q, 0, 20 * KS_SECOND);
		m.want[bad].offset = 4096;
		KS_IS(KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &m.many, 0), -EINVAL);
		KS_IS(ks_count(0, "live_watches"), 0);
		KS_IS(ks_count(0, "live_commands"), 0);
	}
	START(0, 20 * KS_SECOND);
	KS_OK(store(&q, 1, 10));
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, 1);
	ks_ring_close(&ring);
	ks_uq_close(&q);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "SUBMIT: accepted, ended, failed", submit_ends },
		{ "every field of every command", bad_arguments },
		{ "arguments inside of big SQEs", inline_arguments },
		{ "BIND: in a chain with the job that needs it", binds },
		{ "CELL_WAIT: reached, ended, failed, out of time", wait_at_once },
		{ "CELL_WAIT_MANY: any, all, failed, out of time", wait_many },
		{ "CELL_WAIT_MANY: one of them is wrong", one_is_wrong },
	};

	return ks_main("uring", tests, sizeof(tests) / sizeof(tests[0]));
}
