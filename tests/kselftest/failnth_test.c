// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Every allocation of every ioctl fails once. The n-th failure is injected through /proc/thread-self/fail-nth, or that file
 * of io_uring's worker, until a call gets through without meeting one; each failing call must return an error (or succeed in
 * spite of it), leave nothing behind, and the call must work afterwards. Calls that
 * destroy are targets of their own: what they need is made with failures off, and one that failed must have left its object
 * whole, so that the same call then succeeds.
 */
#define _GNU_SOURCE
#include "failnth.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/udmabuf.h>

/* Of the wills: what the program gives, the wills, and the room for what a card is told of them when they are done. */
#define WILLS_ALLOCATE	3

#define CLEAN		3

#define WORKER_COMM	"iou-wrk-"
#define MOST		6000	/* allocations: host memory in single pages, each after larger pieces that are not there */

static int caller_fd = -1, worker_fd = -1;	/* fail-nth of both */
static int failnth_fd = -1;			/* one of these */

static int set_nth(int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nth);

	return pwrite(failnth_fd, text, n, 0) == n ? 0 : -errno;
}

/* Number left to go: 0 = the failure was injected. */
static int get_nth(void)
{
	char text[16] = "";

	if (pread(failnth_fd, text, sizeof(text) - 1, 0) <= 0)
		return -1;
	return atoi(text);
}

int fn_pause(void)
{
	int left = get_nth();

	set_nth(0);
	return left;
}

void fn_resume(int left)
{
	if (left > 0)
		set_nth(left);
}

/*
 * The kernel refuses a number that is not in the driver's table before it looks at the argument, whose address is bad
 * here. So the driver itself says which ioctls need a target.
 */
static int every_ioctl(void)
{
	const int end = DRM_COMMAND_END - DRM_COMMAND_BASE;
	int fd = ks_open(0), known = 0;

	KS_CHECK(fd >= 0);
	for (int number = 0; number < end; number++) {
		long r = ks_ioctl(fd, DRM_IOWR(DRM_COMMAND_BASE + number, uint64_t), (void *)8);
		bool has = false;

		KS_CHECK(r == -EFAULT || r == -EINVAL, "number %d: %ld", number, r);
		for (const struct fn_target *t = fn_calls; t->name; t++)
			has |= t->number == number;
		KS_CHECK(has == (r == -EFAULT), "number %d: %ld, %s target", number, r, has ? "a" : "no");
		known += r == -EFAULT;
	}
	close(fd);
	KS_IS(known, DRM_WEFT_QUEUE_IDLE + 1);
	for (uint32_t what = 0; what <= DRM_WEFT_QUERY_CLOCK + 1; what++) {
		struct drm_weft_query query = { .what = what };
		bool has = false;
		long r;

		fd = ks_open(0);
		r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);
		close(fd);
		for (const struct fn_target *t = fn_calls; t->name; t++)
			has |= t->number == DRM_WEFT_QUERY && t->arg == what;
		KS_CHECK(has == (r != -EINVAL), "query %u: %ld, %s target", what, r, has ? "a" : "no");
	}
	return 0;
}

/* The driver knows each command up to the last, and no further; each has a target. */
static int all_commands(void)
{
	struct ks_ring ring;
	int fd = ks_open(0);

	KS_CHECK(fd >= 0);
	KS_OK(ks_ring_open(&ring, 8, 0));
	for (int number = 0; number <= DRM_WEFT_URING_CANCEL + 1; number++) {
		char nothing[8] = { 0 };
		long r = ks_ring_do(&ring, fd, number, nothing, sizeof(nothing), 0);
		bool has = false;

		for (const struct fn_target *t = fn_uring; t->name; t++)
			has |= t->number == number;
		KS_CHECK(has == (r != -ENOTTY && r != -EOPNOTSUPP), "command %d: %ld, %s target", number, r, has ? "a" : "no");
	}
	ks_ring_close(&ring);
	close(fd);
	return 0;
}

/*
 * Until the call gets through without meeting one, three numbers on end, for it does not always allocate as much; then once
 * more. How many there are.
 */
static int every_failure_of(const struct fn_target *target, struct fn_state *s, int *allocations)
{
	int nth, failures = 0, clean = 0;

	s->arg = target->arg;
	failnth_fd = target->worker ? worker_fd : caller_fd;
	for (nth = 1; nth < MOST; nth++) {
		int r, left;

		KS_OK(set_nth(nth));
		r = target->call(s);
		left = get_nth();
		set_nth(0);
		clean = left > 0 && !r ? clean + 1 : 0;
		if (clean == CLEAN)
			break;
		failures += r != 0;
		KS_CHECK(r == 0 || r == -ENOMEM || r == -EFAULT || r == -ENOSPC || r == -EOPNOTSUPP,
			 "%s, allocation %d: %d", target->name, nth, r);
	}
	KS_CHECK(nth < MOST, "%s never got through", target->name);
	printf("# %s: %d allocations, %d errors\n", target->name, nth - CLEAN, failures);
	KS_CHECK(target->call(s) == 0, "%s does not work afterwards", target->name);
	*allocations = nth - CLEAN;
	KS_CHECK(*allocations >= target->least, "%s: %d allocations failed, not %d: were they injected?", target->name,
		 *allocations, target->least);
	KS_CHECK(failures || !target->worker, "%s: no failure told", target->name);
	return 0;
}

/* Those of the wills were among them. What is allocated once for a file has been by now. */
static int reached_wills(struct fn_state *s)
{
	const struct fn_target without = { "without a will", FN_NO_NUMBER, fn_user_queue, 0, 1, false };
	const struct fn_target with = { "with one", FN_NO_NUMBER, fn_user_queue, 1, 1, false };
	int few, more;

	KS_DO(every_failure_of(&without, s, &few));
	KS_DO(every_failure_of(&with, s, &more));
	KS_CHECK(more - few >= WILLS_ALLOCATE, "%d with a will, %d without", more, few);
	return 0;
}

/* fail-nth of the one worker that the ring has; -1 when it has none, or two. */
static int open_worker(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	int fd = -1, n = 0;
	char path[64];

	while (tasks && (task = readdir(tasks))) {
		char comm[32] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%.16s/comm", task->d_name);
		f = fopen(path, "r");
		if (!f)
			continue;
		if (fgets(comm, sizeof(comm), f) && !strncmp(comm, WORKER_COMM, strlen(WORKER_COMM)) && !n++) {
			snprintf(path, sizeof(path), "/proc/self/task/%.16s/fail-nth", task->d_name);
			fd = open(path, O_RDWR);
		}
		fclose(f);
	}
	if (tasks)
		closedir(tasks);
	if (n == 1)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* One at most, which stays: the last worker does not leave. */
static int make_worker(struct fn_state *s)
{
	unsigned int most[2] = { 1, 1 };

	KS_OK(io_uring_register_iowq_max_workers(&s->ring.ring, most));
	for (const struct fn_target *t = fn_uring; t->name; t++)
		if (t->worker)
			KS_OK(t->call(s));
	for (int i = 0; i < 200 && (worker_fd = open_worker()) < 0; i++)
		usleep(100000);
	KS_CHECK(worker_fd >= 0, "not one worker of io_uring");
	return 0;
}

/* These allocate now more, now less, so that what one pass goes by another may meet. */
static int passes_of(const struct fn_target *t)
{
	return t->number == DRM_WEFT_QUERY_PEER || t->number == DRM_WEFT_VM_CREATE ? 4 : 1;
}

static int udmabuf(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = 1 << 20 };
	int device, r;

	if (access("/dev/udmabuf", F_OK) && system("modprobe udmabuf 2>/dev/null"))
		return -ENOENT;
	device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	create.memfd = memfd_create("weft-test", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (device < 0 || ftruncate(create.memfd, 1 << 20) || fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	r = ioctl(device, UDMABUF_CREATE, &create);
	if (r < 0)
		r = -errno;
	close(create.memfd);
	close(device);
	return r;
}

static int open_foreign(struct fn_state *s)
{
	uint32_t handle;

	KS_CHECK(ks_cards() > 1);
	KS_OK(ks_rig_open(&s->owner, ks_cards() - 1, 0));
	KS_OK(ks_gem_create(s->owner.fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_export(s->owner.fd, handle, DRM_WEFT_RIGHT_READ, &s->foreign[FN_PEER]));
	s->foreign[FN_UDMABUF] = udmabuf();
	KS_CHECK(s->foreign[FN_UDMABUF] >= 0, "%d", s->foreign[FN_UDMABUF]);
	return 0;
}

/* For this thread, once; KS_SKIP on a kernel without fault injection. */
static int can_fail(void)
{
	if (caller_fd < 0)
		caller_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (caller_fd < 0)
		return ks_skip("fault-injection");
	failnth_fd = caller_fd;
	KS_OK(ks_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"));
	KS_OK(ks_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"));
	KS_OK(ks_write("/sys/kernel/debug/fail_page_alloc/min-order", "0"));	/* single pages too */
	ks_write("/sys/kernel/debug/failslab/verbose", "0");
	ks_write("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	return 0;
}

static void cannot_fail(void)
{
	close(caller_fd);
	caller_fd = failnth_fd = -1;
}

#define LOST	8

/* One store to each mapping, of which the n-th allocation fails: the access is repeated, and the kernel says nothing. */
static int touch(volatile uint32_t *const p[LOST], bool write, int *failures)
{
	for (int i = 0; i < LOST; i++) {
		uint32_t value = 0;
		int left;

		KS_OK(set_nth(i / 2 + 1));
		if (write)
			*p[i] = 1;
		else
			value = *p[i];
		left = get_nth();
		set_nth(0);
		KS_CHECK(left >= 0);
		KS_IS(value, 0);
		*failures += left == 0;
	}
	return 0;
}

/* A mapping of what is lost gets a page of its own when it is touched. */
static int every_page(void)
{
	volatile uint32_t *object[LOST], *state[LOST], *doorbell[LOST];
	int r = can_fail(), fd, failures = 0;
	struct ks_uq q[LOST];
	uint32_t handle;

	if (r)
		return r;
	fd = ks_open(0);
	for (int i = 0; i < LOST; i++) {
		KS_OK(ks_gem_create(fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &handle));
		object[i] = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
		KS_CHECK(object[i] != MAP_FAILED);
		*object[i] = 77;
		KS_OK(ks_uq_ready(&q[i], 0));
		state[i] = (volatile uint32_t *)q[i].state;
		doorbell[i] = q[i].doorbell;
	}
	KS_OK(ks_reset(0));
	KS_DO(touch(object, false, &failures));
	KS_CHECK(failures > 0, "no page of an object failed");
	failures = 0;
	KS_DO(touch(state, false, &failures));
	KS_DO(touch(doorbell, true, &failures));
	KS_CHECK(failures > 0, "no page of a window failed");
	for (int i = 0; i < LOST; i++) {
		munmap((void *)object[i], 4096);
		ks_uq_close(&q[i]);
	}
	close(fd);
	cannot_fail();
	return 0;
}

/* Addresses of a function. */
struct range {
	unsigned long long start, end;
	const char *name;
};

static const struct range nowhere = { 0, 0, NULL }, everywhere = { 0, UINT64_MAX, NULL };

/* One look at all symbols, which are many and, those of modules, in no order: where functions begin, and then where the next does. */
static int look_at_symbols(struct range *function, size_t count, bool begin)
{
	FILE *f = fopen("/proc/kallsyms", "r");
	unsigned long long at;
	char line[256], name[128];

	KS_CHECK(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %127s", &at, name) != 2)
			continue;
		for (struct range *r = function; r < function + count; r++)
			if (begin && !strcmp(r->name, name))
				r->start = at;
			else if (!begin && at > r->start && at < r->end)
				r->end = at;
	}
	fclose(f);
	return 0;
}

static int find_functions(struct range *function, size_t count)
{
	KS_DO(look_at_symbols(function, count, true));
	for (size_t i = 0; i < count; i++)
		KS_CHECK(function[i].start, "no %s in /proc/kallsyms", function[i].name);
	return look_at_symbols(function, count, false);
}

/* What fails from now on: allocations below a function in @below, but none below one in @spared. */
static int only(struct range below, struct range spared)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	const struct {
		const char *name;
		unsigned long long value;
	} limits[] = { { "require-start", below.start }, { "require-end", below.end },
		       { "reject-start", spared.start }, { "reject-end", spared.end } };
	char path[96], text[32];

	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kinds[i / 4], limits[i % 4].name);
		snprintf(text, sizeof(text), "0x%llx", limits[i % 4].value);
		KS_OK(ks_write(path, text));
	}
	return 0;
}

/* Binds the driver to the card; 0 or -errno, and how many allocations were left to go. */
static int bind_nth(int fd, const char *pci, int nth, int *left)
{
	int r;

	KS_OK(set_nth(nth));
	r = write(fd, pci, strlen(pci)) < 0 ? -errno : 0;
	*left = get_nth();
	set_nth(0);
	ks_rescan();
	return r;
}

/*
 * The kernel also goes on without a file in /dev that it has no memory for. Is the driver bound to the card, its device there, and
 * only that missing?
 */
static bool only_its_file_is_missing(const char *pci)
{
	char path[128];
	struct dirent *entry;
	bool missing = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/weft/%s/accel", pci);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "accel", 5)) {
			snprintf(path, sizeof(path), "/dev/accel/%.32s", entry->d_name);
			missing = access(path, F_OK) && errno == ENOENT;
		}
	if (dir)
		closedir(dir);
	return missing;
}

#define BEYOND	1000000	/* allocations */

/* How many allocations there are in a bind, of those that may fail; the driver is bound afterwards. */
static int count_allocations(int fd, const char *pci, long *count)
{
	int left;

	KS_OK(ks_driver("unbind", pci));
	KS_OK(bind_nth(fd, pci, BEYOND, &left));
	*count = BEYOND - left;
	return 0;
}

/*
 * The driver is bound to a card, and one allocation fails: it is not bound then, or it works without what it lacked. Either
 * way the next one works. COUNT of all allocations of the driver's probe fail, spread over them.
 *
 * Two things of the kernel are spared. It goes on without entries of an interrupt in /proc that it has no memory for, and warns
 * (7.3) when it removes what is not there. And a DRM device whose minor got no device in sysfs is released as if it had one:
 * drm_minor_alloc_release() puts an error for a pointer. One range can be spared at a time; the device is what a probe begins
 * with, so that the numbers tell the two apart.
 */
static int every_bind(void)
{
	enum { PROBE, DEVICE, MINOR, INTERRUPT, FUNCTIONS };
	struct range function[FUNCTIONS] = {
		[PROBE] = { 0, UINT64_MAX, "weft_probe" }, [DEVICE] = { 0, UINT64_MAX, "__devm_drm_dev_alloc" },
		[MINOR] = { 0, UINT64_MAX, "drm_sysfs_minor_alloc" }, [INTERRUPT] = { 0, UINT64_MAX, "register_irq_proc" },
	};
	int cards = ks_cards(), r = can_fail(), failed = 0, without = 0, left = 0, fd;
	long rounds = ks_iterations(24), first, passed, all;
	char pci[32];

	if (r)
		return r;
	KS_DO(find_functions(function, FUNCTIONS));
	snprintf(pci, sizeof(pci), "%s", ks_pci(cards - 1));
	fd = open("/sys/bus/pci/drivers/weft/bind", O_WRONLY | O_CLOEXEC);
	KS_CHECK(fd >= 0);
	KS_OK(only(function[DEVICE], function[MINOR]));
	KS_DO(count_allocations(fd, pci, &first));
	KS_OK(only(function[DEVICE], nowhere));
	KS_DO(count_allocations(fd, pci, &passed));
	KS_OK(only(function[PROBE], function[INTERRUPT]));
	KS_DO(count_allocations(fd, pci, &all));
	KS_CHECK(first > 0 && passed > first && all > passed, "%ld, %ld, %ld", first, passed, all);
	all -= passed - first;
	rounds = rounds < all ? rounds : all;
	for (long i = 0; i < rounds; i++) {
		long nth = 1 + i * all / rounds + ks_random() % (all / rounds);
		bool early = nth <= first;

		KS_OK(early ? only(function[DEVICE], function[MINOR]) : only(function[PROBE], function[INTERRUPT]));
		KS_OK(ks_driver("unbind", pci));
		KS_IS(ks_cards(), cards - 1);
		r = bind_nth(fd, pci, early ? nth : nth + passed - first, &left);
		/* the interrupts' own core makes -EINVAL of it */
		KS_CHECK(!r || r == -ENOMEM || r == -EIO || r == -ENODEV || r == -ENOSPC || r == -EINVAL, "allocation %ld: %d",
			 nth, r);
		KS_CHECK(!r || !left, "allocation %ld: %d without a failure", nth, r);
		if (!r && !left && only_its_file_is_missing(pci)) {
			KS_OK(ks_driver("unbind", pci));
			r = -ENOENT;
		}
		KS_CHECK(ks_cards() == cards - (r != 0), "allocation %ld: %d, and %d cards", nth, r, ks_cards());
		failed += r != 0;
		without += !r && !left;
		if (r)
			KS_OK(ks_driver("bind", pci));
		KS_DO(ks_works(cards - 1));
	}
	printf("# %ld of %ld allocations failed, the first %ld of these are of the DRM device: %d binds failed with them, %d did without\n",
	       rounds, all, first, failed, without);
	KS_CHECK(failed > 0 && without > 0);
	KS_OK(only(everywhere, nowhere));
	close(fd);
	cannot_fail();
	return 0;
}

static int every_allocation(void)
{
	struct fn_state s;
	int allocations;
	char what[256] = "";
	int r = can_fail();

	if (r)
		return r;
	KS_OK(ks_rig_open(&s.rig, 0, 0));
	KS_OK(ks_gem_create(s.rig.fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &s.handle));
	KS_OK(ks_vm_create(s.rig.fd, &s.vm));
	KS_OK(ks_uq_open(&s.uq, 0));
	/* a point to wait for */
	KS_OK(ks_rig_alive(&s.rig));
	KS_OK(ks_ring_open(&s.ring, 8, 0));
	KS_DO(make_worker(&s));
	KS_DO(open_foreign(&s));
	for (size_t i = 0; i < 2; i++) {
		for (const struct fn_target *t = i ? fn_uring : fn_calls; t->name; t++)
			for (int pass = 0; pass < passes_of(t); pass++)
				KS_DO(every_failure_of(t, &s, &allocations));
	}
	KS_DO(reached_wills(&s));
	KS_OK(ks_rig_alive(&s.rig));
	ks_ring_close(&s.ring);
	ks_uq_close(&s.uq);
	ks_rig_close(&s.rig);
	for (int i = 0; i < FN_FOREIGN; i++)
		close(s.foreign[i]);
	ks_rig_close(&s.owner);
	close(worker_fd);
	cannot_fail();
	KS_CHECK(!ks_leaks(what, sizeof(what)), "%s", what);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "every command of io_uring has a target", all_commands },
		{ "every ioctl of the driver and every kind of QUERY has a target", every_ioctl },
		{ "the page of a lost mapping fails", every_page },
		{ "allocations fail while the driver is bound", every_bind },
		{ "every allocation of every ioctl fails once", every_allocation },
	};

	return ks_main("failnth", tests, sizeof(tests) / sizeof(tests[0]));
}
