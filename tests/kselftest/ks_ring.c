// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
#define _GNU_SOURCE
#include "ks_ring.h"
#include "ks_uq.h"

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
	struct __kernel_timespec limit = { .tv_sec = 20 };
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
