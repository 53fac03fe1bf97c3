// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
#define _GNU_SOURCE
#include "ks_ring.h"

#include <drm/drm.h>
#include <linux/capability.h>
#include <sys/syscall.h>

int ks_ring_open(struct ks_ring *r, unsigned int entries, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 50 };

	memset(r, 0, sizeof(*r));
	r->flags = flags;
	return io_uring_queue_init_params(entries, &r->ring, &params);
}

void ks_ring_close(struct ks_ring *r)
{
	io_uring_queue_exit(&r->ring);
}

struct io_uring_sqe *ks_ring_prep(struct ks_ring *r, int fd, uint32_t op, void *args, size_t size, unsigned int flags,
				  uint64_t user_data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&r->ring);
	struct drm_weft_uring head = { .size = size, .flags = flags };

	if (!sqe)
		return NULL;
	memset(sqe, 0, r->flags & IORING_SETUP_SQE128 ? 128 : 64);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = op;
	sqe->user_data = user_data;
	if (!(flags & DRM_WEFT_URING_INLINE))
		head.args = (uintptr_t)args;
	else if (r->flags & IORING_SETUP_SQE128)
		memcpy(sqe->cmd + sizeof(head), args, size <= 64 ? size : 64);
	memcpy(sqe->cmd, &head, sizeof(head));
	return sqe;
}

int ks_ring_submit(struct ks_ring *r)
{
	int n = io_uring_submit(&r->ring);

	return n < 0 ? n : 0;
}

int ks_ring_next(struct ks_ring *r, uint64_t *user_data, long *res, uint64_t *extra)
{
	struct __kernel_timespec limit = { .tv_sec = 60 };
	struct io_uring_cqe *cqe;
	int ret;

	for (;;) {
		ret = io_uring_wait_cqe_timeout(&r->ring, &cqe, &limit);
		if (!ret && cqe->user_data == KS_RING_GONE)
			io_uring_cqe_seen(&r->ring, cqe);
		else if (ret != -EINTR)
			break;
	}
	if (ret)
		return ret;
	if (user_data)
		*user_data = cqe->user_data;
	if (res)
		*res = cqe->res;
	if (extra)
		*extra = r->flags & IORING_SETUP_CQE32 ? cqe->big_cqe[0] : 0;
	io_uring_cqe_seen(&r->ring, cqe);
	return 0;
}

bool ks_ring_quiet(struct ks_ring *r)
{
	struct io_uring_cqe *cqe;

	io_uring_get_events(&r->ring);
	while (!io_uring_peek_cqe(&r->ring, &cqe) && cqe->user_data == KS_RING_GONE)
		io_uring_cqe_seen(&r->ring, cqe);
	return io_uring_peek_cqe(&r->ring, &cqe) == -EAGAIN;
}

long ks_ring_do(struct ks_ring *r, int fd, uint32_t op, void *args, size_t size, unsigned int flags)
{
	long res = 0;
	int ret;

	if (!ks_ring_prep(r, fd, op, args, size, flags, 0))
		return -ENOBUFS;
	ret = ks_ring_submit(r);
	if (!ret)
		ret = ks_ring_next(r, NULL, &res, NULL);
	return ret ? ret : res;
}

struct drm_weft_submit ks_ring_job(const struct ks_rig *rig)
{
	return (struct drm_weft_submit){ .queue_id = rig->queue, .list = KS_LIST_VA, .num_packets = 1 };
}

int ks_ring_copy(struct ks_ring *r, struct ks_rig *rig, unsigned int flags, uint8_t byte)
{
	struct drm_weft_submit submit = ks_ring_job(rig);

	memset(rig->data, byte, 4096);
	memset(rig->data + 8192, 0, 4096);
	rig->list[0] = ks_pkt_copy(KS_DATA_VA + 8192, KS_DATA_VA, 4096);
	__sync_synchronize();
	KS_OK(KS_RING_DO(r, rig->fd, DRM_WEFT_URING_SUBMIT, &submit, flags | DRM_WEFT_URING_END));
	for (int i = 0; i < 4096; i++)
		KS_CHECK(rig->data[8192 + i] == byte, "byte %d", i);
	return 0;
}

int ks_ring_wait_cell(struct ks_ring *r, int fd, struct drm_weft_cell_wait *wait, uint64_t user_data)
{
	if (!ks_ring_prep(r, fd, DRM_WEFT_URING_CELL_WAIT, wait, sizeof(*wait), 0, user_data))
		return -ENOBUFS;
	return ks_ring_submit(r);
}

long ks_ring_cancel(struct ks_ring *r, int fd, uint64_t user_data, uint32_t flags)
{
	struct drm_weft_uring_cancel cancel = { .user_data = user_data, .flags = flags };
	const uint64_t mine = ~0ULL;

	if (!ks_ring_prep(r, fd, DRM_WEFT_URING_CANCEL, &cancel, sizeof(cancel), 0, mine))
		return -ENOBUFS;
	for (int64_t until = ks_now_ns() + 20 * KS_SECOND; ks_now_ns() < until; ) {
		struct io_uring_cqe *cqe;
		unsigned int head;
		int ret = io_uring_submit(&r->ring);

		if (ret < 0)
			return ret;
		/* It may stand behind those of what it cancelled, which are the caller's. */
		io_uring_get_events(&r->ring);
		io_uring_for_each_cqe(&r->ring, head, cqe) {
			if (cqe->user_data != mine)
				continue;
			/* The caller does not see it: io_uring_cqe_seen() would take the first instead. */
			cqe->user_data = KS_RING_GONE;
			return cqe->res;
		}
	}
	return -ETIME;
}

int ks_capability(int cap, bool on)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (on)
		data[cap / 32].effective |= 1u << cap % 32;
	else
		data[cap / 32].effective &= ~(1u << cap % 32);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

static void fill_steps(struct ks_rig *rig, uint32_t steps)
{
	for (uint32_t i = 0; i < steps; i++) {
		memset(&rig->list[i], 0, sizeof(rig->list[i]));
		rig->list[i].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = KS_WAITING_STEP_NS };
	}
	__sync_synchronize();
}

int ks_waiting_open(struct ks_waiting *w, int card, int gate)
{
	memset(w, 0, sizeof(*w));
	KS_OK(ks_ring_open(&w->ring, 16, 0));
	KS_OK(ks_uq_open(&w->uq, card));
	KS_OK(ks_rig_open(&w->rig, card, 60000));
	KS_OK(ks_rig_open(&w->gate, gate, 60000));
	w->card = card;
	return 0;
}

/* The gate's job, and its syncobj in the other file. */
static int shut_gate(struct ks_waiting *w)
{
	struct drm_syncobj_handle pass = { .handle = w->gate.sync };

	fill_steps(&w->gate, KS_WAITING_GATE_S * KS_SECOND / KS_WAITING_STEP_NS);
	KS_OK(ks_rig_submit(&w->gate, KS_WAITING_GATE_S * KS_SECOND / KS_WAITING_STEP_NS, 0));
	KS_OK(ks_ioctl(w->gate.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &pass));
	KS_OK(ks_ioctl(w->rig.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &pass));
	close(pass.fd);
	w->after = (struct drm_weft_sync){ .handle = pass.handle, .flags = DRM_WEFT_SYNC_WAIT, .point = w->gate.point };
	return 0;
}

static int prepare(struct ks_waiting *w, enum ks_waiting_kind kind, uint32_t steps)
{
	struct ks_ring *r = &w->ring;

	switch (kind) {
	case KS_WAITING_CELL:
		w->wait = (struct drm_weft_cell_wait){
			.handle = w->uq.cells_handle, .value = 1, .timeout_ns = 300ULL * KS_SECOND,
		};
		KS_CHECK(ks_ring_prep(r, w->uq.fd, DRM_WEFT_URING_CELL_WAIT, &w->wait, sizeof(w->wait), 0, kind));
		return 0;
	case KS_WAITING_END:
		if (steps)
			fill_steps(&w->rig, steps);
		else
			steps = w->submit.num_packets;
		w->submit = ks_ring_job(&w->rig);
		w->submit.num_packets = steps;
		KS_CHECK(ks_ring_prep(r, w->rig.fd, DRM_WEFT_URING_SUBMIT, &w->submit, sizeof(w->submit), DRM_WEFT_URING_END,
				      kind));
		return 0;
	default:
		KS_DO(shut_gate(w));
		w->bind = (struct drm_weft_vm_bind){
			.vm_id = w->rig.vm, .op = DRM_WEFT_BIND_MAP, .flags = DRM_WEFT_BIND_READ,
			.handle = w->bind.handle ?: w->rig.data_handle, .va = KS_WAITING_VA, .range = 1 << 20,
			.num_syncs = 1, .syncs = (uintptr_t)&w->after,
		};
		KS_CHECK(ks_ring_prep(r, w->rig.fd, DRM_WEFT_URING_BIND, &w->bind, sizeof(w->bind), 0, kind));
		return 0;
	}
}

/* Commands are on the card's list; a bind, which a worker of the ring prepares, is one when it keeps the card awake. */
static bool all_pending(struct ks_waiting *w, unsigned int which)
{
	return ks_count(w->card, "live_commands") - w->commands == __builtin_popcount(which) &&
	       (!(which & KS_WAITING(BIND)) || ks_count(w->card, "live_pm_binds") > w->binds);
}

int ks_waiting_start(struct ks_waiting *w, unsigned int which, uint32_t steps)
{
	int64_t until = ks_now_ns() + 20 * KS_SECOND;

	w->commands = ks_count(w->card, "live_commands");
	w->binds = ks_count(w->card, "live_pm_binds");
	for (int kind = 0; kind < KS_WAITING_KINDS; kind++)
		if (which & 1u << kind)
			KS_DO(prepare(w, kind, steps));
	KS_OK(ks_ring_submit(&w->ring));
	while (!all_pending(w, which)) {
		KS_CHECK(ks_now_ns() < until && ks_ring_quiet(&w->ring), "%lld commands", ks_count(w->card, "live_commands"));
		usleep(1000);
	}
	return 0;
}

bool ks_waiting_still(struct ks_waiting *w)
{
	return ks_ring_quiet(&w->ring);
}

int ks_waiting_release(struct ks_waiting *w, unsigned int which)
{
	if (which & KS_WAITING(CELL)) {
		w->uq.cells[0].value = 1;
		__sync_synchronize();
		KS_OK(ks_kick(w->uq.fd, w->uq.cells_handle, 0));
	}
	if (which & KS_WAITING(BIND))
		KS_OK(ks_queue_destroy(w->gate.fd, w->gate.queue));
	return 0;
}

int ks_waiting_end(struct ks_waiting *w, unsigned int which, const long want[KS_WAITING_KINDS])
{
	static const char *const name[] = { "CELL_WAIT", "the end of a job", "BIND" };
	uint64_t kind;
	long res;

	while (which) {
		KS_OK(ks_ring_next(&w->ring, &kind, &res, NULL));
		KS_CHECK(kind < KS_WAITING_KINDS && which & 1u << kind, "%llu", (unsigned long long)kind);
		KS_CHECK(res == want[kind], "%s gave %ld, wanted %ld", name[kind], res, want[kind]);
		which &= ~(1u << kind);
	}
	KS_CHECK(ks_ring_quiet(&w->ring));
	return 0;
}

void ks_waiting_close(struct ks_waiting *w)
{
	ks_ring_close(&w->ring);
	ks_uq_close(&w->uq);
	ks_rig_close(&w->rig);
	ks_rig_close(&w->gate);
}
