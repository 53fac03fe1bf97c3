// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Several allocations of a call fail in a row. What tries again by other means, as xa_alloc() and kvzalloc() do, is not reached
 * by fail-nth, which fails one (failnth_test). Once a call has asked for so many bytes FAILURES allocations fail; the bytes grow
 * until none is left to fail. Each failing call must return an error, or succeed in spite of it, and leave nothing behind.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <fcntl.h>

#define FAILSLAB	"/sys/kernel/debug/failslab/"
#define FAILURES	6
#define STEP		64		/* bytes: the smallest allocations are passed over together */
#define MOST		(1 << 20)

static int make_it_fail = -1;

static int set(const char *name, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), FAILSLAB "%s", name);
	return ks_write(path, value);
}

static int set_number(const char *name, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	return set(name, text);
}

/* How many are left to fail. */
static int left_to_fail(void)
{
	char text[16] = "";
	int fd = open(FAILSLAB "times", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 ? atoi(text) : -EIO;
}

static int may_fail(bool may)
{
	return pwrite(make_it_fail, may ? "1" : "0", 1, 0) == 1 ? 0 : -errno;
}

/* Runs the one call that is to fail, after `bytes`. */
struct attempt {
	long bytes;
	int failures;	/* at most */
	bool failed;	/* one did */
};

static int begin(const struct attempt *a)
{
	int r = set_number("space", a->bytes);

	if (!r)
		r = set_number("times", a->failures);
	return r ? r : may_fail(true);
}

static int end(struct attempt *a, int result)
{
	int r = may_fail(false);

	a->failed = left_to_fail() != a->failures;
	return r ? r : result;
}

/* --- calls, each with all that it needs made anew: the first of its file has no room in the tables for numbers yet --- */

static int first_space(struct attempt *a)
{
	int fd = ks_open(0), r;
	uint32_t vm;

	KS_CHECK(fd >= 0, "%d", fd);
	KS_OK(begin(a));
	r = end(a, ks_vm_create(fd, &vm));
	close(fd);
	return r;
}

static int first_queue(struct attempt *a)
{
	uint32_t vm, queue;
	int fd = ks_open(0), r;

	KS_CHECK(fd >= 0, "%d", fd);
	KS_OK(ks_vm_create(fd, &vm));
	KS_OK(begin(a));
	r = end(a, ks_queue_create(fd, vm, 0, &queue));
	close(fd);
	return r;
}

static int first_user_queue(struct attempt *a)
{
	struct drm_weft_user_queue_create args;
	struct ks_uq q;
	int r;

	KS_OK(ks_uq_open(&q, 0));
	args = ks_uq_args(&q);
	KS_OK(begin(a));
	r = end(a, ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args));
	ks_uq_close(&q);
	return r;
}

/* The card's table has places for 64 queues in each part: as many are made as fill those there are. */
static int fill_parts(int fd)
{
	struct drm_weft_queue_state state = { .card_queue = 0 };
	uint32_t vm, queue;

	KS_CHECK(fd >= 0, "%d", fd);
	KS_OK(ks_vm_create(fd, &vm));
	while (state.card_queue % 64 != 63) {
		KS_OK(ks_queue_create(fd, vm, 0, &queue));
		KS_OK(ks_queue_state(fd, queue, &state));
	}
	return 0;
}

/* A job that waits for two others, which do not end before it. */
static int job_with_links(struct attempt *a)
{
	struct drm_weft_submit job = { .list = KS_LIST_VA, .num_packets = 1, .num_syncs = 1 };
	struct drm_weft_sync wait[2], out = { .flags = DRM_WEFT_SYNC_SIGNAL };
	struct ks_rig rig;
	uint32_t queue;
	int r;

	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 600ULL * KS_SECOND };
	for (int i = 0; i < 2; i++) {
		KS_OK(ks_queue_create(rig.fd, rig.vm, 0, &job.queue_id));
		KS_OK(ks_syncobj_create(rig.fd, &out.handle));
		job.syncs = (uintptr_t)&out;
		KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &job));
		wait[i] = (struct drm_weft_sync){ .handle = out.handle };
	}
	KS_OK(ks_queue_create(rig.fd, rig.vm, 0, &queue));
	job.queue_id = queue;
	job.syncs = (uintptr_t)wait;
	job.num_syncs = 2;
	KS_OK(begin(a));
	r = end(a, ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &job));
	ks_rig_close(&rig);
	return r;
}

/* --- */

/* How many attempts ended with an error, with as many failures in a row. */
static int errors_of(const char *name, int (*call)(struct attempt *a), int failures, int *errors)
{
	struct attempt a = { .bytes = 1, .failures = failures, .failed = true };
	int attempts = 0;

	*errors = 0;
	for (; a.failed; a.bytes += STEP, attempts++) {
		int r = call(&a);

		KS_CHECK(r == 0 || r == -ENOMEM || r == -ENOSPC, "%s after %ld bytes: %d", name, a.bytes, r);
		KS_CHECK(a.bytes < MOST, "%s never got through", name);
		*errors += r != 0;
	}
	printf("# %s: %d attempts with up to %d failures, %d errors\n", name, attempts, failures, *errors);
	return 0;
}

/* With several failures more attempts fail than with one, for there is what tries again. */
static int in_a_row(const char *name, int (*call)(struct attempt *a))
{
	int one, several;

	make_it_fail = open("/proc/thread-self/make-it-fail", O_RDWR | O_CLOEXEC);
	if (make_it_fail < 0)
		return ks_skip("fault-injection");
	KS_OK(set("probability", "100"));
	KS_OK(set("interval", "1"));
	KS_OK(set("verbose", "0"));
	KS_OK(set("task-filter", "Y"));
	KS_OK(set("ignore-gfp-wait", "N"));
	KS_DO(errors_of(name, call, 1, &one));
	KS_DO(errors_of(name, call, FAILURES, &several));
	KS_OK(set("probability", "0"));
	close(make_it_fail);
	KS_CHECK(several > one, "%s: %d errors with one failure, %d with several", name, one, several);
	return ks_works(0);
}

static int spaces(void)
{
	return in_a_row("the first address space of a file", first_space);
}

static int queues(void)
{
	return in_a_row("the first queue of a file", first_queue);
}

static int user_queues(void)
{
	return in_a_row("the first user queue of a file", first_user_queue);
}

static int new_part(void)
{
	int fd = ks_open(0), r;

	KS_DO(fill_parts(fd));
	r = in_a_row("a queue for which the card's table grows", first_queue);
	close(fd);
	return r;
}

static int links(void)
{
	return in_a_row("a job that waits for two others", job_with_links);
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "VM_CREATE", spaces },
		{ "QUEUE_CREATE", queues },
		{ "USER_QUEUE_CREATE", user_queues },
		{ "QUEUE_CREATE where the card's table grows", new_part },
		{ "SUBMIT with dependencies", links },
	};

	return ks_main("failslab", tests, sizeof(tests) / sizeof(tests[0]));
}
