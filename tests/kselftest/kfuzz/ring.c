// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Rings of several kinds, and commands of the driver on them. Nothing waits for a completion. */
#include "kf.h"

#include <liburing.h>

struct ring {
	struct io_uring uring;
	unsigned int flags;
	pthread_mutex_t lock;
	uint64_t next;
};

long kf_ring_open(struct kf_process *p, const uint64_t *arg, int file)
{
	static const unsigned int kinds[] = {
		0, IORING_SETUP_SQE128, IORING_SETUP_SQE128 | IORING_SETUP_CQE32, IORING_SETUP_CQE32, IORING_SETUP_SQPOLL,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_IOPOLL,
		IORING_SETUP_SQPOLL | IORING_SETUP_SQE128,
	};
	struct io_uring_params params = { .flags = kinds[arg[0] % 8], .sq_thread_idle = 20 };
	struct ring *r = calloc(1, sizeof(*r));
	int ret;

	(void)file;
	ret = r ? io_uring_queue_init_params(8, &r->uring, &params) : -ENOMEM;
	if (ret) {
		free(r);
		return ret;
	}
	r->flags = params.flags;
	pthread_mutex_init(&r->lock, NULL);
	kf_make(p, KF_RING, (uintptr_t)r, 0);
	return 0;
}

void kf_ring_free(uint64_t ring)
{
	struct ring *r = (void *)(uintptr_t)ring;

	io_uring_queue_exit(&r->uring);
	free(r);
}

long kf_ring_close(struct kf_process *p, const uint64_t *arg, int file)
{
	uint64_t ring;

	(void)file;
	if (!p->alone)		/* the other thread may be at it */
		return -EBUSY;
	ring = kf_take(p, KF_RING, arg[0], NULL);
	if (ring)
		kf_ring_free(ring);
	return ring ? 0 : -EBADF;
}

long kf_ring_reap(struct kf_process *p, const uint64_t *arg, int file)
{
	struct ring *r = (void *)(uintptr_t)kf_pick(p, KF_RING, arg[0], NULL);
	struct io_uring_cqe *cqe;
	int n = 0;

	(void)file;
	if (!r)
		return -EBADF;
	pthread_mutex_lock(&r->lock);
	if (arg[1])
		io_uring_get_events(&r->uring);
	while (n < 32 && !io_uring_peek_cqe(&r->uring, &cqe)) {
		io_uring_cqe_seen(&r->uring, cqe);
		n++;
	}
	pthread_mutex_unlock(&r->lock);
	return n;
}

long kf_ring_command(struct kf_process *p, const struct kf_desc *d, const uint64_t *arg, int file, void *buffer)
{
	struct ring *r = (void *)(uintptr_t)kf_pick(p, KF_RING, arg[0], NULL);
	struct drm_weft_uring head = { .size = d->size, .flags = arg[1] };
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	long ret;

	if (!r)
		return -EBADF;
	if (arg[2] > 200)
		head.size = arg[2] - 200;
	pthread_mutex_lock(&r->lock);
	sqe = io_uring_get_sqe(&r->uring);
	if (!sqe) {
		pthread_mutex_unlock(&r->lock);
		return -ENOBUFS;
	}
	memset(sqe, 0, r->flags & IORING_SETUP_SQE128 ? 128 : 64);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = file;
	sqe->cmd_op = d->request;
	sqe->user_data = r->next++ % 4;
	if (!(head.flags & DRM_WEFT_URING_INLINE))
		head.args = (uintptr_t)buffer;
	else if (r->flags & IORING_SETUP_SQE128)
		memcpy(sqe->cmd + sizeof(head), buffer, 64);
	memcpy(sqe->cmd, &head, sizeof(head));
	ret = io_uring_submit(&r->uring);
	if (ret > 0)
		ret = !io_uring_peek_cqe(&r->uring, &cqe) ? cqe->res : 0;
	pthread_mutex_unlock(&r->lock);
	return ret;
}
