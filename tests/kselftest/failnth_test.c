// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Every allocation of every ioctl fails once. The n-th failure is injected through /proc/thread-self/fail-nth until a
 * call gets through without meeting one; each failing call must return an error (or succeed in spite of it), leave
 * nothing behind, and the call must work afterwards. Calls that destroy are targets of their own: what they need is made
 * with failures off, and one that failed must have left its object whole, so that the same call then succeeds.
 *
 * Long because every call of the driver has its target in this one table.
 */
#include "ks_bind.h"
#include "ks_ring.h"
#include "ks_uq.h"

#include <fcntl.h>
#include <sys/eventfd.h>

struct state {
	struct ks_rig rig;
	uint32_t handle;	/* 1 MiB, not bound */
	uint32_t vm;		/* empty */
	struct ks_uq uq;	/* its queue is not made */
	struct ks_ring ring;
	uint32_t arg;		/* of the target */
};

#define NO_NUMBER	-1	/* not an ioctl of the driver */

struct target {
	const char *name;
	int number;		/* DRM_WEFT_* */
	int (*call)(struct state *s);	/* creates nothing that outlives it, or undoes it with failures off */
	uint32_t arg;
};

static int failnth_fd = -1;

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

/* No failure until resume(): what a target needs, or undoes. */
static int pause_failures(void)
{
	int left = get_nth();

	set_nth(0);
	return left;
}

static void resume(int left)
{
	if (left > 0)
		set_nth(left);
}

/* With failures off: what a call returned that destroys; the same call `again` must work if and only if it failed. */
static int destroyed(int r, int again)
{
	return again == (r ? 0 : -ENOENT) ? r : -EIO;
}

static int t_query(struct state *s)
{
	uint64_t answer[512];
	struct drm_weft_query query = {
		.what = s->arg, .index = s->arg == DRM_WEFT_QUERY_COUNTERS ? s->rig.vm : 0,
		.size = sizeof(answer), .ptr = (uintptr_t)answer,
	};

	return ks_ioctl(s->rig.fd, DRM_IOCTL_WEFT_QUERY, &query);
}

static int t_open(struct state *s)
{
	int fd = ks_open(0);

	(void)s;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int gem_create(struct state *s, uint64_t size, uint32_t placement, uint32_t flags)
{
	uint32_t handle;
	int r = ks_gem_create(s->rig.fd, size, placement, flags, &handle), left = pause_failures();

	if (!r)
		ks_gem_close(s->rig.fd, handle);
	resume(left);
	return r;
}

static int t_gem_create(struct state *s)
{
	return gem_create(s, 1 << 20, s->arg, 0);
}

static int t_gem_sem(struct state *s)
{
	return gem_create(s, 3 * 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM);
}

/* Bound, so that closing the handle is not all. */
static int t_gem_close(struct state *s)
{
	uint32_t handle;
	int left = pause_failures(), r, unbound;

	r = ks_gem_create(s->rig.fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle);
	if (!r)
		r = ks_bind(s->rig.fd, s->vm, handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	if (r)
		return r;
	resume(left);
	r = ks_gem_close(s->rig.fd, handle);
	left = pause_failures();
	if (r)
		ks_gem_close(s->rig.fd, handle);
	unbound = ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	resume(left);
	return r ? r : unbound;
}

static int t_gem_info(struct state *s)
{
	struct drm_weft_gem_info info;

	return ks_gem_info(s->rig.fd, s->handle, &info);
}

static int t_export(struct state *s)
{
	int fd, r = ks_export(s->rig.fd, s->handle, DRM_WEFT_RIGHT_READ, &fd);

	if (!r)
		close(fd);
	return r;
}

static int t_export_import(struct state *s)
{
	uint32_t imported;
	int fd, left, r = ks_export(s->rig.fd, s->handle, DRM_WEFT_RIGHT_READ, &fd);

	if (r)
		return r;
	r = ks_import(s->rig.fd, fd, &imported);
	left = pause_failures();
	close(fd);
	if (!r)
		ks_gem_close(s->rig.fd, imported);
	resume(left);
	return r;
}

static int t_vm_create(struct state *s)
{
	uint32_t vm;
	int r = ks_vm_create(s->rig.fd, &vm), left = pause_failures();

	if (!r)
		ks_vm_destroy(s->rig.fd, vm);
	resume(left);
	return r;
}

static int t_vm_destroy(struct state *s)
{
	uint32_t vm;
	int left = pause_failures(), r = ks_vm_create(s->rig.fd, &vm);

	if (!r)
		r = ks_bind(s->rig.fd, vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	if (r)
		return r;
	resume(left);
	r = ks_vm_destroy(s->rig.fd, vm);
	left = pause_failures();
	r = destroyed(r, ks_vm_destroy(s->rig.fd, vm));
	resume(left);
	return r;
}

static int t_bind(struct state *s)
{
	int left, r = ks_bind(s->rig.fd, s->vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);

	left = pause_failures();
	if (!r)
		ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	resume(left);
	return r;
}

static int t_unbind_split(struct state *s)
{
	int left, r;

	left = pause_failures();
	r = ks_bind(s->rig.fd, s->vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	if (r)
		return r;
	resume(left);
	r = ks_unbind(s->rig.fd, s->vm, 0x123410000ULL, 4096);
	left = pause_failures();
	ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	resume(left);
	return r;
}

/* All that can fail does so in the call; what it puts in order is done. */
static int t_bind_async(struct state *s)
{
	struct drm_weft_sync syncs[2] = {
		{ .handle = s->rig.sync, .point = s->rig.point },
		{ .handle = s->rig.status[0], .flags = DRM_WEFT_SYNC_SIGNAL },
	};
	struct drm_weft_vm_bind args = ks_map_args(s->vm, s->arg ? 0 : s->handle, 0x123400000ULL, 1 << 20,
						   KS_ASYNC | (s->arg ? KS_SPARSE : KS_RW));
	int r = ks_vm_bind(s->rig.fd, ks_with_syncs(args, syncs, 2)), left = pause_failures(), flushed;

	flushed = ks_flush_binds(s->rig.fd, s->vm);
	ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	resume(left);
	return r ? r : flushed;
}

static int t_bind_told(struct state *s)
{
	struct drm_weft_vm_bind args = ks_map_args(s->uq.vm, 0, 0x123400000ULL, 1 << 20, KS_ASYNC | KS_SPARSE);
	int r, left, event = -1;

	args.done = s->arg;
	args.done_handle = s->uq.cells_handle;
	args.done_offset = s->arg == DRM_WEFT_BIND_DONE_CELL ? 1024 : 0;
	if (s->arg == DRM_WEFT_BIND_DONE_EVENTFD) {
		left = pause_failures();
		event = args.done_handle = eventfd(0, 0);
		resume(left);
	}
	r = ks_vm_bind(s->uq.fd, args);
	left = pause_failures();
	ks_unbind(s->uq.fd, s->uq.vm, 0x123400000ULL, 1 << 20);
	if (event >= 0)
		close(event);
	resume(left);
	return r;
}

static int t_flush(struct state *s)
{
	return ks_flush_binds(s->rig.fd, s->vm);
}

static int t_queue_create(struct state *s)
{
	uint32_t queue;
	int r = ks_queue_create(s->rig.fd, s->rig.vm, 0, &queue), left = pause_failures();

	if (!r)
		ks_queue_destroy(s->rig.fd, queue);
	resume(left);
	return r;
}

static int t_queue_destroy(struct state *s)
{
	uint32_t queue;
	int left = pause_failures(), r = ks_queue_create(s->rig.fd, s->rig.vm, 0, &queue);

	if (r)
		return r;
	resume(left);
	r = ks_queue_destroy(s->rig.fd, queue);
	left = pause_failures();
	r = destroyed(r, ks_queue_destroy(s->rig.fd, queue));
	resume(left);
	return r;
}

static int t_queue_state(struct state *s)
{
	struct drm_weft_queue_state state;

	return ks_queue_state(s->rig.fd, s->rig.queue, &state);
}

static int t_submit(struct state *s)
{
	int left, r;

	memset(&s->rig.list[0], 0, 64);
	r = ks_rig_submit(&s->rig, 1, 0);
	left = pause_failures();
	if (!r)
		r = ks_rig_wait(&s->rig);
	resume(left);
	return r;
}

static int t_peer(struct state *s)
{
	struct drm_weft_query_peer query = { 0 };
	int left = pause_failures(), r;

	query.peer_fd = ks_open(ks_cards() - 1);
	resume(left);
	r = ks_ioctl(s->rig.fd, DRM_IOCTL_WEFT_QUERY_PEER, &query);
	left = pause_failures();
	close(query.peer_fd);
	resume(left);
	return r;
}

/* The cell is poisoned by each queue that ends, which another will does not mind. */
static int start_with_will(struct state *s)
{
	struct drm_weft_will will = { .handle = s->uq.cells_handle, .id = 1, .offset = 4064 };

	s->uq.queue = 0;
	return ks_uq_start(&s->uq, &will, 1);
}

/* More than one page of them: such a list comes from elsewhere. */
#define MANY_WILLS	200
/* Of the wills: what the program gives, the wills, and the room for what a card is told of them when they are done. */
#define WILLS_ALLOCATE	3

static int t_user_queue(struct state *s)
{
	static struct drm_weft_will wills[MANY_WILLS];
	int r, left;

	for (uint32_t i = 0; i < s->arg; i++)
		wills[i] = (struct drm_weft_will){ .handle = s->uq.cells_handle, .id = i, .offset = 4064 };
	s->uq.queue = 0;
	r = ks_uq_start(&s->uq, wills, s->arg);
	left = pause_failures();

	if (!r || s->uq.queue)
		ks_uq_stop(&s->uq);
	resume(left);
	return r;
}

static int t_user_queue_destroy(struct state *s)
{
	int left = pause_failures(), r = start_with_will(s);

	if (r)
		return r;
	resume(left);
	r = ks_uq_stop(&s->uq);
	left = pause_failures();
	r = destroyed(r, ks_queue_destroy(s->uq.fd, s->uq.queue));
	resume(left);
	return r;
}

static int t_kick(struct state *s)
{
	return ks_kick(s->uq.fd, s->uq.cells_handle, 0);
}

static int t_queue_idle(struct state *s)
{
	struct drm_weft_queue_idle arg = { };
	int left = pause_failures(), r = start_with_will(s);

	if (r)
		return r;
	arg.queue_id = s->uq.queue;
	resume(left);
	r = ks_ioctl(s->uq.fd, DRM_IOCTL_WEFT_QUEUE_IDLE, &arg);
	left = pause_failures();
	ks_uq_stop(&s->uq);
	resume(left);
	return r;
}

static int t_cell_wait(struct state *s)
{
	int r = ks_cell_wait(s->uq.fd, s->uq.cells_handle, 0, 1, 1000000, NULL);

	return r == -ETIME ? 0 : r;
}

/*
 * The SQE and the ring's own memory are there before. BIND and QUEUE_CREATE run in a worker of io_uring, where no failure
 * is injected: theirs are met by the targets of the ioctls, but for the command's own memory.
 */
static long uring(struct state *s, int fd, uint32_t op, void *args, size_t size, unsigned int flags)
{
	long r = ks_ring_do(&s->ring, fd, op, args, size, flags);

	/* io_uring gives up the command without asking the driver: none of its workers, or no memory of its own */
	return r == -ENOBUFS || r == -EAGAIN || r == -ECANCELED ? -ENOMEM : r;
}

static int t_uring_submit(struct state *s)
{
	struct drm_weft_submit submit = { .queue_id = s->rig.queue, .list = KS_LIST_VA, .num_packets = 1 };
	int left, r;

	memset(&s->rig.list[0], 0, 64);
	r = uring(s, s->rig.fd, DRM_WEFT_URING_SUBMIT, &submit, sizeof(submit), s->arg);
	left = pause_failures();
	if (!r && !s->arg)
		r = ks_rig_run(&s->rig, 1, 0);
	resume(left);
	return r;
}

static int t_uring_bind(struct state *s)
{
	struct drm_weft_vm_bind map = {
		.vm_id = s->vm, .op = DRM_WEFT_BIND_MAP, .flags = DRM_WEFT_BIND_READ, .handle = s->handle,
		.va = 0x123400000ULL, .range = 1 << 20,
	};
	int r = uring(s, s->rig.fd, DRM_WEFT_URING_BIND, &map, sizeof(map), 0), left = pause_failures();

	if (!r)
		ks_unbind(s->rig.fd, s->vm, map.va, map.range);
	resume(left);
	return r;
}

static int t_uring_queue(struct state *s)
{
	struct drm_weft_queue_create queue = { .vm_id = s->rig.vm, .band = DRM_WEFT_BAND_NORMAL };
	long r = uring(s, s->rig.fd, DRM_WEFT_URING_QUEUE_CREATE, &queue, sizeof(queue), 0);
	int left = pause_failures();

	if (r > 0)
		r = ks_queue_destroy(s->rig.fd, r);
	resume(left);
	return r;
}

static int t_uring_wait(struct state *s)
{
	struct drm_weft_cell_wait wait = { .handle = s->uq.cells_handle, .value = 1, .timeout_ns = 1000000 };
	int r = uring(s, s->uq.fd, DRM_WEFT_URING_CELL_WAIT, &wait, sizeof(wait), 0);

	return r == -ETIME ? 0 : r;
}

static int t_uring_many(struct state *s)
{
	struct drm_weft_cell_want want[2] = {
		{ .handle = s->uq.cells_handle, .value = 1 }, { .handle = s->uq.cells_handle, .offset = 32, .value = 1 },
	};
	struct drm_weft_cell_wait_many many = { .cells = (uintptr_t)want, .num_cells = 2, .timeout_ns = 1000000 };
	int r = uring(s, s->uq.fd, DRM_WEFT_URING_CELL_WAIT_MANY, &many, sizeof(many), 0);

	return r == -ETIME ? 0 : r;
}

static int t_uring_cancel(struct state *s)
{
	struct drm_weft_uring_cancel cancel = { .user_data = 1 };
	int r = uring(s, s->uq.fd, DRM_WEFT_URING_CANCEL, &cancel, sizeof(cancel), 0);

	return r == -ENOENT ? 0 : r;
}

static int t_mmap(struct state *s)
{
	volatile uint8_t *p = ks_gem_map(s->rig.fd, s->handle, PROT_READ);

	if (p == MAP_FAILED)
		return -ENOMEM;
	munmap((void *)p, 1 << 20);
	return 0;
}

static const struct target targets[] = {
	{ "open", NO_NUMBER, t_open, 0 },
	{ "QUERY of the device", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_DEVICE },
	{ "QUERY of memory", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_MEMORY },
	{ "QUERY of engines", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_ENGINES },
	{ "QUERY of counters", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_COUNTERS },
	{ "QUERY of quotas", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_QUOTAS },
	{ "QUERY of statistics", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_STATS },
	{ "GEM_CREATE local", DRM_WEFT_GEM_CREATE, t_gem_create, DRM_WEFT_PLACE_LOCAL },
	{ "GEM_CREATE system", DRM_WEFT_GEM_CREATE, t_gem_create, DRM_WEFT_PLACE_SYSTEM },
	{ "GEM_CREATE of cells", DRM_WEFT_GEM_CREATE, t_gem_sem, 0 },
	{ "GEM_CLOSE", NO_NUMBER, t_gem_close, 0 },
	{ "GEM_INFO", DRM_WEFT_GEM_INFO, t_gem_info, 0 },
	{ "GEM_EXPORT", DRM_WEFT_GEM_EXPORT, t_export, 0 },
	{ "PRIME import", NO_NUMBER, t_export_import, 0 },
	{ "mmap", NO_NUMBER, t_mmap, 0 },
	{ "VM_CREATE", DRM_WEFT_VM_CREATE, t_vm_create, 0 },
	{ "VM_DESTROY", DRM_WEFT_VM_DESTROY, t_vm_destroy, 0 },
	{ "VM_BIND map", DRM_WEFT_VM_BIND, t_bind, 0 },
	{ "VM_BIND unmap", DRM_WEFT_VM_BIND, t_unbind_split, 0 },
	{ "VM_BIND asynchronous, with syncobjs", DRM_WEFT_VM_BIND, t_bind_async, 0 },
	{ "VM_BIND asynchronous and sparse", DRM_WEFT_VM_BIND, t_bind_async, 1 },
	{ "VM_BIND told by an eventfd", DRM_WEFT_VM_BIND, t_bind_told, DRM_WEFT_BIND_DONE_EVENTFD },
	{ "VM_BIND told by a cell", DRM_WEFT_VM_BIND, t_bind_told, DRM_WEFT_BIND_DONE_CELL },
	{ "VM_BIND flush", DRM_WEFT_VM_BIND, t_flush, 0 },
	{ "QUEUE_CREATE", DRM_WEFT_QUEUE_CREATE, t_queue_create, 0 },
	{ "QUEUE_DESTROY", DRM_WEFT_QUEUE_DESTROY, t_queue_destroy, 0 },
	{ "QUEUE_STATE", DRM_WEFT_QUEUE_STATE, t_queue_state, 0 },
	{ "SUBMIT", DRM_WEFT_SUBMIT, t_submit, 0 },
	{ "QUERY_PEER", DRM_WEFT_QUERY_PEER, t_peer, 0 },
	{ "USER_QUEUE_CREATE and its mappings", DRM_WEFT_USER_QUEUE_CREATE, t_user_queue, 0 },
	{ "USER_QUEUE_CREATE with a will", DRM_WEFT_USER_QUEUE_CREATE, t_user_queue, 1 },
	{ "USER_QUEUE_CREATE with many wills", DRM_WEFT_USER_QUEUE_CREATE, t_user_queue, MANY_WILLS },
	{ "QUEUE_DESTROY of a user queue", DRM_WEFT_QUEUE_DESTROY, t_user_queue_destroy, 0 },
	{ "KICK", DRM_WEFT_KICK, t_kick, 0 },
	{ "CELL_WAIT", DRM_WEFT_CELL_WAIT, t_cell_wait, 0 },
	{ "io_uring SUBMIT", NO_NUMBER, t_uring_submit, 0 },
	{ "io_uring SUBMIT to the end", NO_NUMBER, t_uring_submit, DRM_WEFT_URING_END },
	{ "io_uring BIND", NO_NUMBER, t_uring_bind, 0 },
	{ "io_uring QUEUE_CREATE", NO_NUMBER, t_uring_queue, 0 },
	{ "io_uring CELL_WAIT", NO_NUMBER, t_uring_wait, 0 },
	{ "io_uring CELL_WAIT_MANY", NO_NUMBER, t_uring_many, 0 },
	{ "io_uring CANCEL", NO_NUMBER, t_uring_cancel, 0 },
	{ "QUEUE_IDLE", DRM_WEFT_QUEUE_IDLE, t_queue_idle, 0 },
};

static const size_t num_targets = sizeof(targets) / sizeof(targets[0]);

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
		for (size_t t = 0; t < num_targets; t++)
			has |= targets[t].number == number;
		KS_CHECK(has == (r == -EFAULT), "number %d: %ld, %s target", number, r, has ? "a" : "no");
		known += r == -EFAULT;
	}
	close(fd);
	KS_IS(known, DRM_WEFT_QUEUE_IDLE + 1);
	for (uint32_t what = 0; what <= DRM_WEFT_QUERY_QUOTAS + 1; what++) {
		struct drm_weft_query query = { .what = what };
		bool has = false;
		long r;

		fd = ks_open(0);
		r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);
		close(fd);
		for (size_t t = 0; t < num_targets; t++)
			has |= targets[t].number == DRM_WEFT_QUERY && targets[t].arg == what;
		KS_CHECK(has == (r != -EINVAL), "query %u: %ld, %s target", what, r, has ? "a" : "no");
	}
	return 0;
}

/* Each allocation of a target fails once; how many they are. */
static int fail_each(const struct target *t, struct state *s, int *allocations)
{
	int nth, errors = 0;

	s->arg = t->arg;
	for (nth = 1; nth < 1000; nth++) {
		int r, left;

		KS_OK(set_nth(nth));
		r = t->call(s);
		left = get_nth();
		set_nth(0);
		if (left > 0 && !r)
			break;	/* got through without meeting failure nth */
		errors += r != 0;
		KS_CHECK(r == 0 || r == -ENOMEM || r == -EFAULT || r == -ENOSPC || r == -EOPNOTSUPP,
			 "%s, allocation %d: %d", t->name, nth, r);
	}
	KS_CHECK(nth < 1000, "%s never got through", t->name);
	printf("# %s: %d allocations, %d errors\n", t->name, nth - 1, errors);
	*allocations = nth - 1;
	KS_CHECK(t->call(s) == 0, "%s does not work afterwards", t->name);
	return 0;
}

/* Those of the wills were among them. What is allocated once for a file has been by now. */
static int reached_wills(struct state *s)
{
	const struct target without = { "without a will", NO_NUMBER, t_user_queue, 0 };
	const struct target with = { "with one", NO_NUMBER, t_user_queue, 1 };
	int few, more;

	KS_DO(fail_each(&without, s, &few));
	KS_DO(fail_each(&with, s, &more));
	KS_CHECK(more - few >= WILLS_ALLOCATE, "%d with a will, %d without", more, few);
	return 0;
}

static int every_allocation(void)
{
	struct state s;
	int allocations;
	char what[256] = "";

	failnth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (failnth_fd < 0)
		return ks_skip("fault-injection");
	KS_OK(ks_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"));
	KS_OK(ks_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"));
	ks_write("/sys/kernel/debug/failslab/verbose", "0");
	ks_write("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	KS_OK(ks_rig_open(&s.rig, 0, 0));
	KS_OK(ks_gem_create(s.rig.fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &s.handle));
	KS_OK(ks_vm_create(s.rig.fd, &s.vm));
	KS_OK(ks_uq_open(&s.uq, 0));
	/* a point to wait for */
	KS_OK(ks_rig_alive(&s.rig));
	KS_OK(ks_ring_open(&s.ring, 8, 0));
	for (size_t t = 0; t < num_targets; t++)
		KS_DO(fail_each(&targets[t], &s, &allocations));
	KS_DO(reached_wills(&s));
	KS_OK(ks_rig_alive(&s.rig));
	ks_ring_close(&s.ring);
	ks_uq_close(&s.uq);
	ks_rig_close(&s.rig);
	close(failnth_fd);
	KS_CHECK(!ks_leaks(what, sizeof(what)), "%s", what);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "every ioctl of the driver and every kind of QUERY has a target", every_ioctl },
		{ "every allocation of every ioctl fails once", every_allocation },
	};

	return ks_main("failnth", tests, sizeof(tests) / sizeof(tests[0]));
}
