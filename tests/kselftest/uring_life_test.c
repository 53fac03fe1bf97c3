// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Commands of io_uring that are pending when something ends: the wait itself by request, at random moments; the ring, its
 * task, the card's descriptor, the queue, the card. Each ends once, with the right error, and leaves nothing.
 */
#define _GNU_SOURCE
#include "ks_ring.h"
#include "ks_uq.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define LONG_NS	(300ULL * KS_SECOND)
#define WAITS	16

static struct drm_weft_cell_wait waits[WAITS];
static struct drm_weft_cell_want wants[WAITS];
static struct drm_weft_cell_wait_many many;
static struct drm_weft_submit timed;

static struct drm_weft_cell_wait never(const struct ks_uq *q, int cell)
{
	return (struct drm_weft_cell_wait){
		.handle = q->cells_handle, .offset = cell * 32, .value = 1, .timeout_ns = LONG_NS,
	};
}

/* A job that runs for `ns`. */
static void timed_job(struct ks_rig *rig, uint64_t ns)
{
	memset(&rig->list[0], 0, 64);
	rig->list[0].timed.op = WEFT_PKT_TIMED;
	rig->list[0].timed.ns = ns;
	__sync_synchronize();
	timed = (struct drm_weft_submit){ .queue_id = rig->queue, .list = KS_LIST_VA, .num_packets = 1 };
}

/* Every kind of command that can be pending: WAITS waits for one cell, one for all of them, the end of a job. */
#define PENDING	(WAITS + 2)
static int start_all(struct ks_ring *ring, struct ks_uq *q, struct ks_rig *rig, uint64_t job_ns)
{
	for (uint64_t i = 0; i < WAITS; i++) {
		waits[i] = never(q, i);
		wants[i] = (struct drm_weft_cell_want){ .handle = q->cells_handle, .offset = i * 32, .value = 1 };
		KS_OK(ks_ring_wait_cell(ring, q->fd, &waits[i], i));
	}
	many = (struct drm_weft_cell_wait_many){
		.cells = (uintptr_t)wants, .num_cells = WAITS, .timeout_ns = LONG_NS,
	};
	KS_CHECK(ks_ring_prep(ring, q->fd, DRM_WEFT_URING_CELL_WAIT_MANY, &many, sizeof(many), 0, WAITS));
	timed_job(rig, job_ns);
	KS_CHECK(ks_ring_prep(ring, rig->fd, DRM_WEFT_URING_SUBMIT, &timed, sizeof(timed), DRM_WEFT_URING_END,
			      WAITS + 1));
	KS_OK(ks_ring_submit(ring));
	return 0;
}

static int started(struct ks_ring *ring, long long want)
{
	for (int i = 0; i < 1000 && ks_count(0, "live_commands") != want; i++)
		usleep(1000);
	KS_IS(ks_count(0, "live_commands"), want);
	KS_CHECK(ks_ring_quiet(ring));
	return 0;
}

static int all_end(struct ks_ring *ring, long cells, long job)
{
	bool seen[PENDING] = { false };
	uint64_t name;
	long res;

	for (int i = 0; i < PENDING; i++) {
		KS_OK(ks_ring_next(ring, &name, &res, NULL));
		KS_CHECK(name < PENDING && !seen[name], "%llu", (unsigned long long)name);
		seen[name] = true;
		KS_IS(res, name == WAITS + 1 ? job : cells);
	}
	KS_CHECK(ks_ring_quiet(ring));
	return 0;
}

static int on_request(void)
{
	struct ks_ring ring, other;
	struct ks_rig rig;
	struct ks_uq q, again;
	long res;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_uq_open(&again, 0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 64, 0));
	KS_OK(ks_ring_open(&other, 64, 0));
	KS_OK(start_all(&ring, &q, &rig, 200000000));
	KS_OK(started(&ring, PENDING));
	KS_IS(ks_ring_cancel(&ring, q.fd, 3, 0), 1);
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, -ECANCELED);
	KS_IS(ks_ring_cancel(&ring, q.fd, 3, 0), -ENOENT);
	/* of another ring, of another file */
	KS_IS(ks_ring_cancel(&other, q.fd, 4, 0), -ENOENT);
	KS_IS(ks_ring_cancel(&ring, again.fd, 4, 0), -ENOENT);
	KS_IS(ks_ring_cancel(&ring, q.fd, WAITS + 1, 0), -ENOENT);
	/* the job's end is not told any more; it runs on */
	KS_IS(ks_ring_cancel(&ring, rig.fd, WAITS + 1, 0), 1);
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_IS(res, -ECANCELED);
	KS_IS(ks_ring_cancel(&ring, q.fd, 0, DRM_WEFT_CANCEL_ALL), PENDING - 2);
	for (int i = 0; i < PENDING - 2; i++) {
		KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
		KS_IS(res, -ECANCELED);
	}
	KS_OK(ks_rig_alive(&rig));
	/* several of one name */
	for (int i = 0; i < 3; i++) {
		waits[i] = never(&q, i);
		KS_OK(ks_ring_wait_cell(&ring, q.fd, &waits[i], 42));
	}
	KS_IS(ks_ring_cancel(&ring, q.fd, 42, 0), 3);
	for (int i = 0; i < 3; i++)
		KS_OK(ks_ring_next(&ring, NULL, NULL, NULL));
	KS_IS(ks_count(0, "live_watches"), 0);
	ks_ring_close(&ring);
	ks_ring_close(&other);
	ks_uq_close(&q);
	ks_uq_close(&again);
	ks_rig_close(&rig);
	return 0;
}

static void *store_cells(void *arg)
{
	struct ks_uq *q = arg;
	uint64_t delay = ks_random() % 300;

	for (int i = 0; i < WAITS; i++) {
		usleep(delay);
		q->cells[i].value = 1;
		__sync_synchronize();
		if (ks_kick(q->fd, q->cells_handle, i * 32))
			return (void *)1;
	}
	return NULL;
}

/* Each wait races with its signal, its time-out and its CANCEL: it completes once, and only with one of the three. */
static int races(void)
{
	const unsigned int setups[] = {
		0, IORING_SETUP_SQPOLL, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	long n = ks_iterations(30), reached = 0, cancelled = 0, late = 0, res;
	struct ks_ring ring;
	struct ks_rig rig;
	struct ks_uq q;
	void *bad;

	KS_OK(ks_rig_open(&rig, 0, 0));
	for (long i = 0; i < n; i++) {
		int got = 0, asked = 0;
		pthread_t thread;

		KS_OK(ks_uq_open(&q, 0));
		KS_OK(ks_ring_open(&ring, 64, setups[i % 3]));
		KS_OK(start_all(&ring, &q, &rig, ks_random() % 4000000));
		for (int w = 0; w < WAITS; w++)
			waits[w].timeout_ns = LONG_NS;
		KS_OK(pthread_create(&thread, NULL, store_cells, &q));
		for (int c = 0; c < WAITS / 2; c++) {
			uint64_t name = ks_random() % (WAITS + 1);
			long r = ks_ring_cancel(&ring, q.fd, name, 0);

			KS_CHECK(r == 1 || r == -ENOENT, "%ld", r);
			asked += r == 1;
		}
		pthread_join(thread, &bad);
		KS_CHECK(!bad);
		for (int w = 0; w < PENDING; w++) {
			uint64_t name;

			KS_OK(ks_ring_next(&ring, &name, &res, NULL));
			if (res == -ECANCELED)
				got++;
			else if (name == WAITS + 1)
				KS_OK(res);
			else if (name == WAITS)
				KS_CHECK(res >= 0 && res < WAITS && many.decided & 1u << res, "%ld", res);
			else
				KS_CHECK(res == 0 && waits[name].value == 1, "%ld", res);
		}
		KS_IS(got, asked);
		cancelled += got;
		reached += PENDING - got;
		KS_CHECK(ks_ring_quiet(&ring));
		/* and time-outs that are due when CANCEL comes */
		waits[0] = never(&q, 100);
		waits[0].timeout_ns = ks_random() % 8000000;
		KS_OK(ks_ring_wait_cell(&ring, q.fd, &waits[0], 1));
		usleep(ks_random() % 16000);
		asked = ks_ring_cancel(&ring, q.fd, 1, 0);
		KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
		KS_IS(res, asked == 1 ? -ECANCELED : -ETIME);
		late += asked != 1;
		ks_ring_close(&ring);
		ks_uq_close(&q);
	}
	printf("# %ld rounds: %ld reached, %ld cancelled, %ld out of time\n", n, reached, cancelled, late);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* The ring goes, before or after the descriptors of the card. */
static int ring_goes(void)
{
	const unsigned int setups[] = { 0, IORING_SETUP_SQPOLL };
	char what[256] = "";

	for (int i = 0; i < 4; i++) {
		struct ks_ring ring;
		struct ks_rig rig;
		struct ks_uq q;

		KS_OK(ks_uq_open(&q, 0));
		KS_OK(ks_rig_open(&rig, 0, 0));
		KS_OK(ks_ring_open(&ring, 64, setups[i % 2]));
		KS_OK(start_all(&ring, &q, &rig, 300000000));
		KS_OK(started(&ring, PENDING));
		if (i / 2) {
			/* the commands hold the files: they go on */
			ks_rig_close(&rig);
			ks_uq_close(&q);
			KS_IS(ks_count(0, "live_commands"), PENDING);
			usleep(10000);
		}
		ks_ring_close(&ring);
		ks_rig_close(&rig);
		ks_uq_close(&q);
		KS_CHECK(!ks_leaks(what, sizeof(what)), "%d: %s", i, what);
	}
	return 0;
}

/* With the card's descriptor closed the job still ends, and says so. */
static int descriptor_goes(void)
{
	struct ks_ring ring;
	struct ks_rig rig;
	long res;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 64, 0));
	timed_job(&rig, 100000000);
	KS_CHECK(ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &timed, sizeof(timed), DRM_WEFT_URING_END, 1));
	KS_OK(ks_ring_submit(&ring));
	ks_rig_close(&rig);
	KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
	KS_OK(res);
	ks_ring_close(&ring);
	return 0;
}

static int queue_goes(void)
{
	struct ks_ring ring;
	struct ks_rig rig;
	long res;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 64, 0));
	timed_job(&rig, 5ULL * KS_SECOND);
	for (int i = 0; i < 8; i++)
		KS_CHECK(ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &timed, sizeof(timed), DRM_WEFT_URING_END, i));
	KS_OK(ks_ring_submit(&ring));
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	for (int i = 0; i < 8; i++) {
		KS_OK(ks_ring_next(&ring, NULL, &res, NULL));
		KS_IS(res, -ECANCELED);
	}
	ks_ring_close(&ring);
	ks_rig_close(&rig);
	return 0;
}

/* A BIND behind a job: asked to end, ended with the ring, and done when the job is. */
static int binds(void)
{
	struct drm_weft_sync after = { .flags = DRM_WEFT_SYNC_WAIT };
	struct drm_weft_sync told = { .flags = DRM_WEFT_SYNC_SIGNAL };
	struct drm_weft_vm_bind map = {
		.op = DRM_WEFT_BIND_MAP, .flags = DRM_WEFT_BIND_READ, .va = 0x900000000ULL, .range = 4096,
		.num_syncs = 1, .syncs = (uintptr_t)&after,
	};
	struct ks_ring ring;
	struct ks_rig rig;
	uint64_t name;
	long res;

	KS_OK(ks_rig_open(&rig, 0, 0));
	map.vm_id = rig.vm;
	map.handle = rig.data_handle;
	after.handle = told.handle = rig.status[0];
	for (int i = 0; i < 3; i++) {
		KS_OK(ks_ring_open(&ring, 8, 0));
		timed_job(&rig, 300000000);
		timed.num_syncs = 1;
		timed.syncs = (uintptr_t)&told;
		KS_OK(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &timed, 0));
		KS_CHECK(ks_ring_prep(&ring, rig.fd, DRM_WEFT_URING_BIND, &map, sizeof(map), 0, 7));
		KS_OK(ks_ring_submit(&ring));
		KS_OK(started(&ring, 1));
		if (i == 0) {
			/* it is prepared by a worker of the ring, which may not have come to it */
			int64_t until = ks_now_ns() + 10 * KS_SECOND;

			while ((res = ks_ring_cancel(&ring, rig.fd, 7, 0)) == -ENOENT && ks_now_ns() < until)
				usleep(1000);
			KS_IS(res, 1);
		}
		if (i < 2) {
			if (i == 1) {
				ks_ring_close(&ring);
				KS_OK(ks_syncobj_wait(rig.fd, after.handle, 0, 10 * KS_SECOND));
				KS_OK(ks_unbind(rig.fd, rig.vm, map.va, map.range));
				continue;
			}
			KS_OK(ks_ring_next(&ring, &name, &res, NULL));
			KS_IS(name, 7);
			KS_IS(res, -ECANCELED);
		} else {
			KS_OK(ks_ring_next(&ring, &name, &res, NULL));
			KS_OK(res);
			KS_IS(ks_bind(rig.fd, rig.vm, rig.data_handle, map.va, map.range, DRM_WEFT_BIND_READ), -EEXIST);
		}
		ks_ring_close(&ring);
	}
	ks_rig_close(&rig);
	return 0;
}

/* A child of a fork may use the ring and end; what the parent waits for is not concerned. */
static int forked(void)
{
	struct ks_ring ring;
	struct ks_rig rig;
	struct ks_uq q;
	int status;
	pid_t pid;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 64, 0));
	KS_OK(start_all(&ring, &q, &rig, 500000000));
	pid = fork();
	KS_CHECK(pid >= 0);
	if (!pid) {
		waits[0] = never(&q, 0);
		/* pending, and the child's */
		if (ks_ring_wait_cell(&ring, q.fd, &waits[0], 1000))
			_exit(1);
		_exit(0);
	}
	KS_CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%#x", status);
	/* the child's wait was cancelled with it */
	for (int i = 0; i < 2000 && ks_count(0, "live_commands") > PENDING; i++)
		usleep(1000);
	KS_IS(ks_count(0, "live_commands"), PENDING);
	ks_ring_close(&ring);
	ks_uq_close(&q);
	ks_rig_close(&rig);
	return 0;
}

static int kill_nine(void)
{
	long n = (ks_iterations(30) + 4) / 5;
	char what[256] = "";

	for (long i = 0; i < n; i++) {
		pid_t pid = fork();
		int status;

		KS_CHECK(pid >= 0);
		if (!pid) {
			struct ks_ring ring;
			struct ks_rig rig;
			struct ks_uq q;

			if (ks_uq_open(&q, 0) || ks_rig_open(&rig, 0, 0) ||
			    ks_ring_open(&ring, 64, i % 2 ? IORING_SETUP_SQPOLL : 0))
				_exit(1);
			for (;;) {
				long res;

				if (start_all(&ring, &q, &rig, 1000000) ||
				    ks_ring_cancel(&ring, q.fd, 0, DRM_WEFT_CANCEL_ALL) < 0)
					_exit(2);
				for (int w = 0; w < PENDING; w++)
					if (ks_ring_next(&ring, NULL, &res, NULL))
						_exit(3);
			}
		}
		usleep(50000 + ks_random() % 150000);
		kill(pid, SIGKILL);
		KS_CHECK(waitpid(pid, &status, 0) == pid);
		KS_CHECK(WIFSIGNALED(status), "the victim ended by itself with %d", WEXITSTATUS(status));
		KS_CHECK(!ks_leaks(what, sizeof(what)), "round %ld: %s", i, what);
	}
	return 0;
}

/* Reset of the card, and the driver unbound: everything pending ends, and new commands give what ioctls give. */
static int card_goes(void)
{
	struct drm_weft_submit submit;
	char pci[32];
	struct ks_ring ring;
	struct ks_rig rig;
	struct ks_uq q;

	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_ring_open(&ring, 64, 0));
	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(start_all(&ring, &q, &rig, 5ULL * KS_SECOND));
	KS_OK(started(&ring, PENDING));
	KS_OK(ks_reset(0));
	KS_OK(all_end(&ring, -ECANCELED, -ECANCELED));
	submit = timed;
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, DRM_WEFT_URING_END), -ECANCELED);
	waits[0] = never(&q, 0);
	KS_IS(KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT, &waits[0], 0), -ECANCELED);
	ks_uq_close(&q);
	ks_rig_close(&rig);

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(start_all(&ring, &q, &rig, 5ULL * KS_SECOND));
	KS_OK(started(&ring, PENDING));
	KS_OK(ks_driver("unbind", pci));
	KS_OK(all_end(&ring, -ENODEV, -ENODEV));
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, 0), -ENODEV);
	KS_IS(KS_RING_DO(&ring, q.fd, DRM_WEFT_URING_CELL_WAIT, &waits[0], 0), -ENODEV);
	KS_IS(ks_ring_cancel(&ring, q.fd, 0, DRM_WEFT_CANCEL_ALL), -ENODEV);
	ks_uq_close(&q);
	ks_rig_close(&rig);
	ks_ring_close(&ring);
	KS_OK(ks_driver("bind", pci));
	KS_DO(ks_works(0));
	return 0;
}

static int set_power(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/%s", ks_pci(0), name);
	return ks_write(path, text);
}

/* Within 10 s, when nobody uses it. */
static int falls_asleep(void)
{
	KS_OK(set_power("autosuspend_delay_ms", "50"));
	KS_OK(set_power("control", "auto"));
	for (int i = 0; i < 1000 && ks_count(0, "pm_asleep") != 1; i++)
		usleep(10000);
	KS_IS(ks_count(0, "pm_asleep"), 1);
	return 0;
}

/* A command wakes it, also one that is not to wait for that in the call; what it asked for is done. */
static int card_sleeps(void)
{
	struct drm_weft_submit submit;
	struct ks_ring ring;
	struct ks_rig rig;
	long long resumes;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
	memset(&rig.list[0], 0, 64);
	rig.list[0] = ks_pkt_fill(KS_DATA_VA, 4096, 0x29);
	submit = ks_ring_job(&rig);
	KS_DO(falls_asleep());
	resumes = ks_count(0, "pm_resumes");
	KS_OK(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, DRM_WEFT_URING_END));
	KS_CHECK(ks_count(0, "pm_resumes") > resumes, "it was awake");
	KS_OK(set_power("autosuspend_delay_ms", "1000"));
	KS_OK(set_power("control", "on"));
	KS_CHECK(rig.data[0] == 0x29 && rig.data[4095] == 0x29);
	ks_ring_close(&ring);
	ks_rig_close(&rig);
	return 0;
}

/* A card whose reset failed: commands are told as ioctls are. */
static int card_wedged(void)
{
	struct drm_weft_submit submit;
	char pci[32];
	struct ks_ring ring;
	struct ks_rig rig;

	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_ring_open(&ring, 8, 0));
	submit = ks_ring_job(&rig);
	KS_OK(ks_inject(0, WEFT_INJECT_RESET_FAILS, 0));
	(void)ks_reset(0);
	KS_IS(ks_rig_submit(&rig, 1, 0), -EIO);
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, 0), -EIO);
	KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &submit, DRM_WEFT_URING_END), -EIO);
	KS_IS(ks_count(0, "live_commands"), 0);
	ks_ring_close(&ring);
	KS_OK(ks_driver("unbind", pci));
	ks_rig_close(&rig);
	KS_OK(ks_driver("bind", pci));
	KS_DO(ks_works(0));
	return 0;
}

/* Commands that are issued while the card is in reset wait for its end, as ioctls do. */
static void *reset_card(void *arg)
{
	(void)arg;
	return (void *)(long)ks_reset(0);
}

static int during_reset(void)
{
	struct drm_weft_uring_cancel none = { .user_data = 5 };
	struct ks_ring ring;
	pthread_t thread;
	void *error;
	long n = 0;

	KS_OK(ks_ring_open(&ring, 64, 0));
	for (int i = 0; i < 3; i++) {
		struct ks_rig rig;
		long res;

		KS_OK(ks_rig_open(&rig, 0, 0));
		timed_job(&rig, 1000);
		KS_OK(pthread_create(&thread, NULL, reset_card, NULL));
		do {
			res = KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_SUBMIT, &timed, n++ % 2 ? DRM_WEFT_URING_END : 0);
			KS_CHECK(res == 0 || res == -ECANCELED, "%ld", res);
			KS_IS(KS_RING_DO(&ring, rig.fd, DRM_WEFT_URING_CANCEL, &none, 0), -ENOENT);
		} while (!res);
		pthread_join(thread, &error);
		KS_OK((long)error);
		ks_rig_close(&rig);
	}
	printf("# %ld jobs around three resets\n", n);
	ks_ring_close(&ring);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "CANCEL by name and of all", on_request },
		{ "signal, time-out and CANCEL race", races },
		{ "ring and descriptors go with commands pending", ring_goes },
		{ "descriptor goes, the job's end is told", descriptor_goes },
		{ "queue goes", queue_goes },
		{ "BIND behind a job: cancelled, left by its ring, done", binds },
		{ "fork with commands pending", forked },
		{ "kill -9 with commands pending", kill_nine },
		{ "reset and unbind with commands pending", card_goes },
		{ "commands during a reset", during_reset },
		{ "a command wakes its card", card_sleeps },
		{ "commands to a card whose reset failed", card_wedged },
	};

	return ks_main("uring_life", tests, sizeof(tests) / sizeof(tests[0]));
}
