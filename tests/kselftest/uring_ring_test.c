// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Commands of io_uring on rings of every kind, with whose privileges, and how many. */
#define _GNU_SOURCE
#include "ks_ring.h"
#include "ks_uq.h"

#include <linux/capability.h>
#include <sys/wait.h>

#define MS	1000000ULL
#define SEM_RW	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM)
#define VA	0x900000000ULL

/* On a ring of any kind; the card signals while the command is pending, most of the time. */
static int signalled(unsigned int setup, long rounds)
{
	union weft_packet timed = { .word = { 0 } }, signal;
	struct drm_weft_cell_wait wait;
	struct ks_ring ring;
	struct ks_uq q;
	int64_t worst = 0;
	long res;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_bind(q.fd, q.vm, q.cells_handle, VA, 4096, SEM_RW));
	KS_OK(ks_uq_start(&q, NULL, 0));
	KS_OK(ks_ring_open(&ring, 8, setup));
	timed.timed.op = WEFT_PKT_TIMED;
	for (long i = 1; i <= rounds; i++) {
		int64_t from = ks_now_ns(), took;

		timed.timed.ns = ks_random() % (2 * MS);
		ks_uq_put(&q, &timed);
		signal = ks_pkt_signal(VA + 160, i, WEFT_SIG_VALUE | (i == rounds ? WEFT_SIG_END : 0));
		ks_uq_put(&q, &signal);
		wait = (struct drm_weft_cell_wait){
			.handle = q.cells_handle, .offset = 160, .value = i, .timeout_ns = 10 * KS_SECOND,
		};
		KS_OK(ks_ring_wait_cell(&ring, q.fd, &wait, i));
		KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
		KS_IS(res, DRM_WEFT_CELL_REACHED);
		KS_IS(wait.value, i);
		took = ks_now_ns() - from;
		worst = took > worst ? took : worst;
	}
	KS_IS(wait.end, 1);
	printf("# setup %#x, slowest of %ld: %lld us\n", setup, rounds, (long long)worst / 1000);
	ks_ring_close(&ring);
	ks_uq_close(&q);
	return 0;
}

static int wait_for_signal(void)
{
	KS_OK(signalled(0, 50));
	KS_OK(signalled(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, 50));
	return signalled(IORING_SETUP_COOP_TASKRUN | IORING_SETUP_CQE32, 20);
}

/* The host is the writer: store, fence, kick. */
static int store(struct ks_uq *q, int cell, uint64_t value)
{
	q->cells[cell].value = value;
	__sync_synchronize();
	return ks_kick(q->fd, q->cells_handle, cell * 32);
}

/* As many waits as the file may have watches, and one more. */
static int fill_quota(void)
{
	static struct drm_weft_cell_wait waits[2048];
	uint64_t pending = 0, name;
	struct ks_ring ring;
	struct ks_uq q;
	long res;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_ring_open(&ring, 64, 0));
	for (;;) {
		KS_CHECK(pending < 2048);
		waits[pending] = (struct drm_weft_cell_wait){
			.handle = q.cells_handle, .offset = pending % 128 * 32, .value = 1 + pending / 128,
			.timeout_ns = 300 * KS_SECOND,
		};
		KS_OK(ks_ring_wait_cell(&ring, q.fd, &waits[pending], pending));
		if (!ks_ring_quiet(&ring))
			break;
		pending++;
	}
	KS_OK(ks_ring_next(&ring, &name, &res, NULL));
	KS_IS(name, pending);
	KS_IS(res, -EDQUOT);
	KS_IS(ks_count(0, "live_commands"), (long long)pending);
	KS_IS(ks_count(0, "live_watches"), (long long)pending);
	printf("# %llu waits pending\n", (unsigned long long)pending);
	KS_CHECK(pending >= 128);
	/* a page of cells wakes a page of waits */
	for (int i = 0; i < 128; i++)
		KS_OK(store(&q, i, 1));
	for (int i = 0; i < 128; i++) {
		KS_OK(ks_ring_next(&ring, &name, &res, NULL));
		KS_CHECK(!res && name < 128, "%llu: %ld", (unsigned long long)name, res);
	}
	if (pending > 128) {
		KS_IS(ks_ring_cancel(&ring, q.fd, 0, DRM_WEFT_CANCEL_ALL), (long)pending - 128);
		for (uint64_t i = 128; i < pending; i++) {
			KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
			KS_IS(res, -ECANCELED);
		}
	}
	KS_IS(ks_count(0, "live_watches"), 0);
	ks_ring_close(&ring);
	ks_uq_close(&q);
	return 0;
}

static int quota(void)
{
	int status;
	pid_t pid;

	KS_OK(fill_quota());
	/* without CAP_SYS_RESOURCE when the file is opened: a quarter */
	pid = fork();
	KS_CHECK(pid >= 0);
	if (!pid)
		_exit(ks_capability(CAP_SYS_RESOURCE, false) || fill_quota() ? 1 : 0);
	KS_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

/* Two files have all watches of the card: one more is refused, though no quota is used up, until some are free again. */
static int all_watches(void)
{
	static struct drm_weft_cell_want wants[DRM_WEFT_MAX_WANTS];
	struct drm_weft_cell_wait_many many = {
		.cells = (uintptr_t)wants, .num_cells = DRM_WEFT_MAX_WANTS, .timeout_ns = 300 * KS_SECOND,
	};
	struct drm_weft_quota quotas[DRM_WEFT_QUOTA_KINDS];
	struct drm_weft_query query = {
		.what = DRM_WEFT_QUERY_QUOTAS, .size = sizeof(quotas), .ptr = (uintptr_t)quotas,
	};
	struct drm_weft_cell_wait wait;
	struct ks_ring ring;
	struct ks_uq q[2];
	uint64_t limit;
	long res = 0;
	int n;

	for (int i = 0; i < 2; i++)
		KS_OK(ks_uq_open(&q[i], 0));
	KS_OK(ks_ioctl(q[0].fd, DRM_IOCTL_WEFT_QUERY, &query));
	limit = quotas[DRM_WEFT_QUOTA_WATCHES].limit;
	KS_CHECK(limit >= 128 && limit <= 2048, "%llu watches", (unsigned long long)limit);
	KS_OK(ks_ring_open(&ring, 64, 0));
	for (uint32_t i = 0; i < DRM_WEFT_MAX_WANTS; i++)
		wants[i] = (struct drm_weft_cell_want){ .handle = q[0].cells_handle, .offset = i * 32, .value = 1 };
	/* the first file has all but a command's; its number of the object is the other's, too */
	KS_IS(q[0].cells_handle, q[1].cells_handle);
	for (n = 0; n < (int)limit / DRM_WEFT_MAX_WANTS; n++)
		KS_CHECK(ks_ring_prep(&ring, q[!n].fd, DRM_WEFT_URING_CELL_WAIT_MANY, &many, sizeof(many), 0, n));
	KS_OK(ks_ring_submit(&ring));
	for (int i = 0; i < 200 && ks_count(0, "live_watches") < (long long)limit; i++)
		usleep(10000);
	KS_IS(ks_count(0, "live_watches"), (long long)limit);
	KS_CHECK(ks_ring_quiet(&ring));
	for (int i = 0; i < 2; i++) {
		wait = (struct drm_weft_cell_wait){ .handle = q[i].cells_handle, .value = 1, .timeout_ns = KS_SECOND };
		KS_IS(ks_ioctl(q[i].fd, DRM_IOCTL_WEFT_CELL_WAIT, &wait), -EDQUOT);
		KS_OK(ks_ioctl(q[i].fd, DRM_IOCTL_WEFT_QUERY, &query));
		KS_IS(quotas[DRM_WEFT_QUOTA_WATCHES].refused, 0);
		KS_CHECK(quotas[DRM_WEFT_QUOTA_WATCHES].used < limit);
	}
	for (int i = 0; i < n; i++)
		KS_IS(ks_ring_cancel(&ring, q[!i].fd, i, 0), 1);
	for (int i = 0; i < n; i++) {
		KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
		KS_IS(res, -ECANCELED);
	}
	KS_IS(ks_count(0, "live_watches"), 0);
	wait.timeout_ns = 1000000;
	KS_IS(ks_ioctl(q[1].fd, DRM_IOCTL_WEFT_CELL_WAIT, &wait), -ETIME);
	ks_ring_close(&ring);
	for (int i = 0; i < 2; i++)
		ks_uq_close(&q[i]);
	return 0;
}

/* A ring whose SQEs a kernel thread takes. */
static int sqpoll(void)
{
	struct ks_ring ring;
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 64, IORING_SETUP_SQPOLL));
	for (int i = 0; i < 20; i++) {
		KS_OK(ks_ring_copy(&ring, &rig, 0, i + 1));
		if (i % 5 == 4)
			usleep(100000);		/* the thread has gone to sleep */
	}
	ks_ring_close(&ring);
	ks_rig_close(&rig);
	return signalled(IORING_SETUP_SQPOLL, 50);
}

static long make_high(struct ks_ring *ring, struct ks_rig *rig, int personality)
{
	struct drm_weft_queue_create queue = { .vm_id = rig->vm, .band = DRM_WEFT_BAND_HIGH };
	struct io_uring_sqe *sqe = ks_ring_prep(ring, rig->fd, DRM_WEFT_URING_QUEUE_CREATE, &queue, sizeof(queue), 0, 0);
	long res = 0;
	int ret;

	sqe->personality = personality;
	ret = ks_ring_submit(ring);
	if (!ret)
		ret = ks_ring_next(ring, NULL, &res, NULL);
	if (ret || res < 0)
		return ret ? ret : res;
	if (res != queue.queue_id)
		return -EIO;
	return ks_queue_destroy(rig->fd, res);
}

/* A band that needs CAP_SYS_NICE: it counts who issues the command, not who runs it. */
static int credentials(void)
{
	struct ks_ring plain, high, low;
	struct ks_rig rig;
	int weak;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&plain, 8, 0));
	KS_OK(ks_ring_open(&high, 8, IORING_SETUP_SQPOLL));
	KS_OK(make_high(&plain, &rig, 0));
	KS_OK(make_high(&high, &rig, 0));
	KS_OK(ks_capability(CAP_SYS_NICE, false));
	KS_OK(ks_ring_open(&low, 8, IORING_SETUP_SQPOLL));
	weak = io_uring_register_personality(&plain.ring);
	KS_CHECK(weak > 0);
	/* dropped in this thread; the ring's own thread keeps what it was made with */
	KS_IS(make_high(&plain, &rig, 0), -EACCES);
	KS_OK(make_high(&high, &rig, 0));
	KS_IS(make_high(&low, &rig, 0), -EACCES);
	KS_OK(ks_capability(CAP_SYS_NICE, true));
	KS_OK(make_high(&plain, &rig, 0));
	KS_IS(make_high(&plain, &rig, weak), -EACCES);
	KS_IS(make_high(&low, &rig, 0), -EACCES);
	KS_OK(io_uring_unregister_personality(&plain.ring, weak));
	ks_ring_close(&plain);
	ks_ring_close(&high);
	ks_ring_close(&low);
	ks_rig_close(&rig);
	return 0;
}

static int iopoll(void)
{
	struct drm_weft_submit submit;
	struct io_uring_cqe *cqe = NULL;
	struct ks_ring ring;
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 8, IORING_SETUP_IOPOLL));
	submit = ks_ring_job(&rig);
	KS_CHECK(ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, sizeof(submit), 0, 0));
	KS_OK(ks_ring_submit(&ring));
	KS_OK(io_uring_wait_cqe(&ring.ring, &cqe));
	KS_IS(cqe->res, -EOPNOTSUPP);
	io_uring_cqe_seen(&ring.ring, cqe);
	ks_ring_close(&ring);
	ks_rig_close(&rig);
	return 0;
}

/* Commands are counted like ioctls, once each. */
static int counted(void)
{
	struct drm_weft_stats before, after;
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_STATS, .size = sizeof(before) };
	struct drm_weft_submit submit;
	struct ks_ring ring;
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
	submit = ks_ring_job(&rig);
	memset(&rig.list[0], 0, 64);
	query.ptr = (uintptr_t)&before;
	KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_QUERY, &query));
	for (int i = 0; i < 10; i++)
		KS_OK(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, i % 2 ? DRM_WEFT_URING_END : 0));
	query.ptr = (uintptr_t)&after;
	query.size = sizeof(after);
	KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_QUERY, &query));
	KS_IS(after.file_ioctls - before.file_ioctls, 11);
	KS_IS(after.file_jobs - before.file_jobs, 10);
	ks_ring_close(&ring);
	ks_rig_close(&rig);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "CELL_WAIT: the card signals", wait_for_signal },
		{ "as many pending waits as the quota has watches", quota },
		{ "all watches of a card in two files", all_watches },
		{ "SQPOLL: jobs and waits", sqpoll },
		{ "privileges are those of the ring, or of the personality", credentials },
		{ "IOPOLL is refused", iopoll },
		{ "commands count as ioctls", counted },
	};

	return ks_main("uring_ring", tests, sizeof(tests) / sizeof(tests[0]));
}
