// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Jobs: packets do what they say, and timeline syncobjs order them. */
#include "ks.h"

#include <linux/sync_file.h>

static void operand(struct ks_rig *rig, unsigned int i, uint64_t va)
{
	rig->table[i] = (struct weft_operand){ .base = va, .depth = 1, .mul = 1, .div = 1 };
}

static int packets(void)
{
	for (int card = 0; card < ks_cards(); card++) {
		struct ks_rig rig;
		float *a, *b, *c;
		uint64_t *t;

		KS_OK(ks_rig_open(&rig, card, 0));
		a = (float *)rig.data;
		b = (float *)(rig.data + 0x10000);
		c = (float *)(rig.data + 0x20000);
		t = (uint64_t *)(rig.data + 0x30000);
		for (int i = 0; i < 1000; i++) {
			a[i] = i;
			b[i] = 2 * i + 1;
		}
		for (int i = 0; i < 3; i++)
			operand(&rig, i, KS_DATA_VA + 0x20000 - 0x10000 * i);	/* c, b, a */
		rig.list[0].exec = (struct weft_pkt_exec){
			.op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_ADD_F32, .noperands = 3,
			.u.index = { 0, 1, 2 }, .dim = { 1000 },
		};
		rig.list[1].timestamp = (struct weft_pkt_timestamp){
			.op = WEFT_PKT_TIMESTAMP, .dst = KS_DATA_VA + 0x30000,
		};
		rig.list[2].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 3000000 };
		rig.list[3].timestamp = (struct weft_pkt_timestamp){
			.op = WEFT_PKT_TIMESTAMP, .dst = KS_DATA_VA + 0x30008,
		};
		operand(&rig, 3, KS_DATA_VA + 0x40000);
		rig.list[4].reduce = (struct weft_pkt_reduce){
			.op = WEFT_PKT_REDUCE, .flags = WEFT_PKT_TABLE, .dtype = WEFT_F32, .rop = WEFT_SUM,
			.nsrc = 3, .ndst = 1, .src_first = 0, .dst_first = 3, .count = 1000,
		};
		KS_OK(ks_rig_run(&rig, 5, 4));
		for (int i = 0; i < 1000; i++) {
			KS_CHECK(c[i] == 3.0f * i + 1, "card %d element %d is %f", card, i, c[i]);
			KS_CHECK(((float *)(rig.data + 0x40000))[i] == 6.0f * i + 2, "sum %d", i);
		}
		KS_CHECK(t[1] - t[0] >= 3000000, "TIMED took %lld ns", (long long)(t[1] - t[0]));
		KS_OK(ks_rig_alive(&rig));
		ks_rig_close(&rig);
	}
	return 0;
}

/* Card memory to pinned host memory and back. */
static int system_memory(void)
{
	struct ks_rig rig;
	uint32_t handle;
	uint8_t *p;
	const uint64_t va = 0x300000000ULL;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_gem_create(rig.fd, 1 << 20, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, va, 1 << 20, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE));
	p = ks_gem_map(rig.fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	for (int i = 0; i < 1 << 20; i++)
		p[i] = i * 31 >> 3;
	rig.list[0].copy = (struct weft_pkt_copy){
		.op = WEFT_PKT_COPY, .dst = KS_DATA_VA, .src = va, .bytes = 1 << 20,
	};
	KS_OK(ks_rig_run(&rig, 1, 0));
	KS_IS(memcmp(rig.data, p, 1 << 20), 0);
	memset(p, 0, 1 << 20);
	rig.list[0].copy.dst = va;
	rig.list[0].copy.src = KS_DATA_VA;
	KS_OK(ks_rig_run(&rig, 1, 0));
	KS_IS(memcmp(rig.data, p, 1 << 20), 0);
	munmap(p, 1 << 20);
	ks_rig_close(&rig);
	return 0;
}

/* Jobs of two queues alternate by timeline points; each adds one to what the other left. */
static int timelines(void)
{
	struct ks_rig rig;
	uint32_t queue[2], sync[2];
	uint32_t *word;
	const int rounds = 100;

	KS_OK(ks_rig_open(&rig, 0, 0));
	word = (uint32_t *)rig.data;
	for (int q = 0; q < 2; q++) {
		KS_OK(ks_queue_create(rig.fd, rig.vm, 0, &queue[q]));
		KS_OK(ks_syncobj_create(rig.fd, &sync[q]));
		rig.list[q].copy = (struct weft_pkt_copy){
			.op = WEFT_PKT_COPY, .src = KS_DATA_VA, .dst = KS_DATA_VA + 4, .bytes = 4,
		};
	}
	/* job k copies word k to word k + 1, so the value arrives only if all ran in order */
	for (int k = 0; k < rounds; k++)
		rig.list[k].copy = (struct weft_pkt_copy){
			.op = WEFT_PKT_COPY, .src = KS_DATA_VA + 4 * k, .dst = KS_DATA_VA + 4 * k + 4, .bytes = 4,
		};
	word[0] = 0xfeedbeef;
	for (int k = 0; k < rounds; k++) {
		struct drm_weft_sync syncs[2] = {
			{ .handle = sync[(k + 1) & 1], .flags = DRM_WEFT_SYNC_WAIT, .point = k },
			{ .handle = sync[k & 1], .flags = DRM_WEFT_SYNC_SIGNAL, .point = k + 1 },
		};
		struct drm_weft_submit submit = {
			.queue_id = queue[k & 1], .list = KS_LIST_VA + 64 * k, .num_packets = 1,
			.num_syncs = k ? 2 : 1, .syncs = (uintptr_t)(k ? syncs : syncs + 1),
		};

		KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &submit));
	}
	KS_OK(ks_syncobj_wait(rig.fd, sync[(rounds - 1) & 1], rounds, 30 * KS_SECOND));
	KS_CHECK(word[rounds] == 0xfeedbeef, "%x", word[rounds]);
	ks_rig_close(&rig);
	return 0;
}

/* Cards order each other's jobs by an exported timeline. */
static int across_cards(void)
{
	struct ks_rig rig[2];
	struct drm_syncobj_handle handle = { 0 };
	uint64_t *t0, *t1;
	struct drm_weft_sync wait;
	struct drm_weft_submit submit;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	for (int i = 0; i < 2; i++)
		KS_OK(ks_rig_open(&rig[i], i, 0));
	handle.handle = rig[0].sync;
	KS_OK(ks_ioctl(rig[0].fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle));
	KS_OK(ks_ioctl(rig[1].fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &handle));
	close(handle.fd);
	rig[0].list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 50000000 };
	rig[0].list[1].fill = (struct weft_pkt_fill){
		.op = WEFT_PKT_FILL, .width = 8, .dst = KS_DATA_VA, .bytes = 8, .pattern = 1,
	};
	rig[1].list[0].fill = rig[0].list[1].fill;
	KS_OK(ks_rig_submit(&rig[0], 2, 0));
	t0 = (uint64_t *)rig[0].data;
	t1 = (uint64_t *)rig[1].data;
	wait = (struct drm_weft_sync){ .handle = handle.handle, .flags = DRM_WEFT_SYNC_WAIT, .point = rig[0].point };
	submit = (struct drm_weft_submit){
		.queue_id = rig[1].queue, .list = KS_LIST_VA, .num_packets = 1, .num_syncs = 1,
		.syncs = (uintptr_t)&wait,
	};
	KS_OK(ks_ioctl(rig[1].fd, DRM_IOCTL_WEFT_SUBMIT, &submit));
	for (int64_t until = ks_now_ns() + 30 * KS_SECOND; !*(volatile uint64_t *)t1;)
		KS_CHECK(ks_now_ns() < until, "the waiting card never ran");
	KS_CHECK(*t0 == 1, "card 1 ran before card 0 was done");
	ks_rig_close(&rig[0]);
	ks_rig_close(&rig[1]);
	return 0;
}

static int many_jobs(void)
{
	struct ks_rig rig;
	long n = ks_iterations(2000);

	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].nop = (struct weft_pkt_nop){ .op = WEFT_PKT_NOP };
	for (long i = 0; i < n; i++) {
		int r;

		while ((r = ks_rig_submit(&rig, 1, 0)) == -EDQUOT)
			usleep(1000);
		KS_OK(r);
	}
	KS_OK(ks_rig_wait(&rig));
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

static int bad_submit(void)
{
	struct ks_rig rig;
	struct drm_weft_sync sync;
	const struct drm_weft_submit good = { .list = KS_LIST_VA, .num_packets = 1 };
	struct drm_weft_submit s;

	KS_OK(ks_rig_open(&rig, 0, 0));
#define BAD(want, ...) \
	do { \
		s = good; \
		s.queue_id = rig.queue; \
		__VA_ARGS__; \
		KS_IS(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &s), want); \
	} while (0)
	BAD(-ENOENT, s.queue_id += 99);
	BAD(-EINVAL, s.flags = 1);
	BAD(-EINVAL, s.pad = 1);	/* the job is good but for this */
	BAD(-EINVAL, s.list += 1);
	BAD(-EINVAL, s.list = 1ULL << 48);
	BAD(-EINVAL, s.num_packets = 0);
	BAD(-EINVAL, s.num_packets = DRM_WEFT_MAX_PACKETS + 1);
	BAD(-EINVAL, s.num_operands = 1);
	BAD(-EINVAL, s.table = KS_TABLE_VA);
	BAD(-EINVAL, s.table = KS_TABLE_VA + 16; s.num_operands = 1);
	BAD(-EINVAL, s.table = KS_TABLE_VA; s.num_operands = DRM_WEFT_MAX_OPERANDS + 1);
	BAD(-EINVAL, s.num_syncs = DRM_WEFT_MAX_SYNCS + 1);
	BAD(-EFAULT, s.num_syncs = 1; s.syncs = 16);
	sync = (struct drm_weft_sync){ .handle = 4711, .flags = DRM_WEFT_SYNC_WAIT };
	BAD(-ENOENT, s.num_syncs = 1; s.syncs = (uintptr_t)&sync);
	sync = (struct drm_weft_sync){ .handle = rig.sync, .flags = 0x10 };
	BAD(-EINVAL, s.num_syncs = 1; s.syncs = (uintptr_t)&sync);
	/* a point nobody has submitted: refused, not waited for */
	sync = (struct drm_weft_sync){ .handle = rig.sync, .flags = DRM_WEFT_SYNC_WAIT, .point = 1000 };
	s = good;
	s.queue_id = rig.queue;
	s.num_syncs = 1;
	s.syncs = (uintptr_t)&sync;
	KS_CHECK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &s) < 0);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

static int bad_queue(void)
{
	struct drm_weft_queue_create arg;
	uint32_t vm;
	int fd = ks_open(0);

	KS_OK(ks_vm_create(fd, &vm));
	arg = (struct drm_weft_queue_create){ .vm_id = vm + 99, .band = DRM_WEFT_BAND_NORMAL };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_CREATE, &arg), -ENOENT);
	arg = (struct drm_weft_queue_create){ .vm_id = vm, .band = 4 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_CREATE, &arg), -EINVAL);
	arg = (struct drm_weft_queue_create){ .vm_id = vm, .band = DRM_WEFT_BAND_NORMAL, .flags = 1 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_CREATE, &arg), -EINVAL);
	arg = (struct drm_weft_queue_create){ .vm_id = vm, .band = DRM_WEFT_BAND_NORMAL, .max_jobs = 1025 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_CREATE, &arg), -EINVAL);
	arg = (struct drm_weft_queue_create){ .vm_id = vm, .band = DRM_WEFT_BAND_NORMAL, .run_limit_ms = 600001 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_CREATE, &arg), -EINVAL);
	close(fd);
	return 0;
}

/* A job or a bind that is to signal what is not there is refused whole: the good ones are not signalled either. */
static int no_such_syncobj(void)
{
	struct drm_weft_sync syncs[3] = { { .flags = DRM_WEFT_SYNC_SIGNAL }, { .flags = DRM_WEFT_SYNC_SIGNAL, .point = 7 },
					  { .handle = 4711, .flags = DRM_WEFT_SYNC_SIGNAL, .point = 1 } };
	struct drm_weft_submit submit = { .list = KS_LIST_VA, .num_packets = 1, .num_syncs = 3, .syncs = (uintptr_t)syncs };
	struct drm_weft_vm_bind bind = {
		.op = DRM_WEFT_BIND_MAP, .va = 0x300000000ULL, .range = 1 << 20, .num_syncs = 3, .syncs = (uintptr_t)syncs,
		.flags = DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SPARSE | DRM_WEFT_BIND_ASYNC,
	};
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 0));
	submit.queue_id = rig.queue;
	bind.vm_id = rig.vm;
	KS_OK(ks_syncobj_create(rig.fd, &syncs[0].handle));
	KS_OK(ks_syncobj_create(rig.fd, &syncs[1].handle));
	rig.list[0].fill = (struct weft_pkt_fill){
		.op = WEFT_PKT_FILL, .width = 1, .dst = KS_DATA_VA, .bytes = 4096, .pattern = 0x5e,
	};
	KS_IS(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &submit), -ENOENT);
	KS_IS(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_VM_BIND, &bind), -ENOENT);
	KS_IS(ks_syncobj_wait(rig.fd, syncs[0].handle, 0, 200000000), -ETIME);
	KS_IS(ks_syncobj_wait(rig.fd, syncs[1].handle, 7, 0), -ETIME);
	KS_CHECK(rig.data[0] == 0, "the job ran");
	rig.list[0].fill.dst = bind.va;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	/* with the two that are there both are done */
	rig.list[0].fill.dst = KS_DATA_VA;
	submit.num_syncs = bind.num_syncs = 2;
	KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &submit));
	KS_OK(ks_syncobj_wait(rig.fd, syncs[1].handle, 7, 10 * KS_SECOND));
	KS_IS(rig.data[4095], 0x5e);
	syncs[1].point = 8;
	KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_VM_BIND, &bind));
	KS_OK(ks_syncobj_wait(rig.fd, syncs[1].handle, 8, 10 * KS_SECOND));
	rig.list[0].fill.dst = bind.va;
	KS_OK(ks_rig_run(&rig, 1, 0));
	ks_rig_close(&rig);
	return 0;
}

/* A loop of submits behind a long job ends at the limit; destroying the queue ends them all. */
static int waiting_jobs_have_a_limit(void)
{
	struct drm_weft_submit submit;
	struct ks_rig rig;
	uint32_t queue, jobs = 0;
	int r;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_queue_create(rig.fd, rig.vm, 600000, &queue));
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 500 * 1000000000ULL };
	submit = (struct drm_weft_submit){ .queue_id = queue, .list = KS_LIST_VA, .num_packets = 1 };
	do {
		r = ks_ioctl(rig.fd, DRM_IOCTL_WEFT_SUBMIT, &submit);
		jobs += !r;
	} while (!r && jobs <= DRM_WEFT_MAX_PENDING);
	KS_IS(r, -EDQUOT);
	KS_IS(jobs, DRM_WEFT_MAX_PENDING);
	KS_OK(ks_rig_alive(&rig));
	KS_OK(ks_queue_destroy(rig.fd, queue));
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	/* A worker frees them one by one; a kernel full of checks takes its time. */
	for (int i = 0; i < 600 && ks_count(0, "live_jobs") > 0; i++)
		usleep(100000);
	KS_IS(ks_count(0, "live_jobs"), 0);
	return 0;
}

static int export(int fd, uint32_t syncobj)
{
	struct drm_syncobj_handle h = { .handle = syncobj, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE };
	int r = ks_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &h);

	return r ? r : h.fd;
}

static bool is_name(const char *text, size_t room)
{
	size_t n = strnlen(text, room);

	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return n && n < room;
}

/* What a sync file says of its fence: of a queue, and of a process's memory, that are gone. */
static int ask_fence(int fd, bool ran)
{
	struct sync_fence_info fence = { .status = 0 };
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };

	KS_OK(ks_ioctl(fd, SYNC_IOC_FILE_INFO, &info));
	KS_IS(info.num_fences, 1);
	KS_CHECK(is_name(fence.obj_name, sizeof(fence.obj_name)) && is_name(fence.driver_name, sizeof(fence.driver_name)),
		 "%.32s, %.32s", fence.driver_name, fence.obj_name);
	/* -ESRCH: of what the scheduler had to end by itself, where a queue's jobs take too long to be cancelled one by one */
	KS_CHECK(ran ? fence.status == 1 : fence.status == -ECANCELED || fence.status == -ESRCH, "%d", fence.status);
	return 0;
}

/* Sync files of a job that ran and of one that never did, when their queue, its file and later queues have gone. */
static int fences_outlive_queues(void)
{
	struct ks_rig rig, other;
	int done, never;

	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0] = (union weft_packet) { .nop.op = WEFT_PKT_NOP };
	KS_OK(ks_rig_run(&rig, 1, 0));
	done = export(rig.fd, rig.status[rig.point % KS_STATUS]);
	rig.list[0].timed = (struct weft_pkt_timed) { .op = WEFT_PKT_TIMED, .ns = 100 * KS_SECOND };
	for (int i = 0; i < 200; i++)		/* more than a ring takes */
		KS_OK(ks_rig_submit(&rig, 1, 0));
	never = export(rig.fd, rig.status[rig.point % KS_STATUS]);
	KS_CHECK(done >= 0 && never >= 0);
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	for (int i = 0; i < 200 && ks_count(0, "live_queues") > 0; i++)
		usleep(10000);
	KS_DO(ask_fence(done, true));
	KS_DO(ask_fence(never, false));
	ks_rig_close(&rig);
	KS_DO(ask_fence(done, true));
	for (int i = 0; i < 3; i++) {
		KS_OK(ks_rig_open(&other, 0, 0));
		KS_OK(ks_rig_alive(&other));
		KS_DO(ask_fence(done, true));
		ks_rig_close(&other);
	}
	KS_DO(ask_fence(never, false));
	close(done);
	close(never);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "EXEC, REDUCE, TIMED, TIMESTAMP, COPY on every card", packets },
		{ "COPY to and from host memory", system_memory },
		{ "timeline points order two queues", timelines },
		{ "timeline points order two cards", across_cards },
		{ "many jobs in one queue", many_jobs },
		{ "bad submissions", bad_submit },
		{ "a syncobj that does not exist is not signalled, nor any other", no_such_syncobj },
		{ "waiting jobs of a queue have a limit", waiting_jobs_have_a_limit },
		{ "fences outlive their queues", fences_outlive_queues },
		{ "bad queues", bad_queue },
	};

	return ks_main("submit", tests, sizeof(tests) / sizeof(tests[0]));
}
