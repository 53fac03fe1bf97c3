// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Address spaces: what may be bound where, and what an unbind takes away. */
#include "ks.h"

#include <pthread.h>

#define RW	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)
#define MIB	(1ULL << 20)

static int bind_raw(int fd, uint32_t vm, uint32_t op, uint32_t flags, uint32_t handle, uint64_t offset, uint64_t va,
		    uint64_t range)
{
	struct drm_weft_vm_bind arg = {
		.vm_id = vm, .op = op, .flags = flags, .handle = handle, .offset = offset, .va = va, .range = range,
	};

	return ks_ioctl(fd, DRM_IOCTL_WEFT_VM_BIND, &arg);
}

static int life(void)
{
	struct drm_weft_vm_create lr = { .type = DRM_WEFT_VM_LR }, odd = { .type = 7 }, flags = { .flags = 1 };
	struct drm_weft_device device;
	uint32_t vm, queue;
	int fd = ks_open(0), other = ks_open(0);

	KS_OK(ks_device(fd, &device));
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &lr), device.caps & WEFT_CAP_LR ? 0 : -EOPNOTSUPP);
	if (device.caps & WEFT_CAP_LR)
		KS_OK(ks_vm_destroy(fd, lr.vm_id));
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &odd), -EINVAL);
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &flags), -EINVAL);
	KS_OK(ks_vm_create(fd, &vm));
	KS_IS(ks_vm_destroy(other, vm), -ENOENT);
	KS_OK(ks_queue_create(fd, vm, 0, &queue));
	KS_IS(ks_vm_destroy(fd, vm), -EBUSY);
	KS_OK(ks_queue_destroy(fd, queue));
	KS_IS(ks_queue_destroy(fd, queue), -ENOENT);
	KS_OK(ks_vm_destroy(fd, vm));
	KS_IS(ks_vm_destroy(fd, vm), -ENOENT);
	close(other);
	close(fd);
	return 0;
}

static int bad_bind(void)
{
	uint32_t vm, handle;
	int fd = ks_open(0);

	KS_OK(ks_vm_create(fd, &vm));
	KS_OK(ks_gem_create(fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_IS(ks_bind(fd, vm + 99, handle, MIB, MIB, RW), -ENOENT);
	KS_IS(ks_bind(fd, vm, handle + 99, MIB, MIB, RW), -ENOENT);
	KS_IS(ks_bind(fd, vm, handle, 0, MIB, RW), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, MIB + 1, MIB, RW), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, MIB, MIB + 1, RW), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, MIB, 0, RW), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, MIB, 2 * MIB, RW), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, MIB, MIB, 0), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, MIB, MIB, 0x100), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, MIB, MIB, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_SEM), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, (1ULL << 47) - 4096, MIB, RW), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, 1ULL << 47, MIB, RW), -EINVAL);
	KS_IS(ks_bind(fd, vm, handle, UINT64_MAX - 4095, MIB, RW), -EINVAL);
	KS_IS(bind_raw(fd, vm, DRM_WEFT_BIND_MAP, RW, handle, 4095, MIB, 4096), -EINVAL);
	KS_IS(bind_raw(fd, vm, DRM_WEFT_BIND_MAP, RW, handle, MIB, MIB, 4096), -EINVAL);
	KS_IS(bind_raw(fd, vm, DRM_WEFT_BIND_MAP, RW, handle, UINT64_MAX - 4095, MIB, 8192), -EINVAL);
	KS_IS(bind_raw(fd, vm, 3, RW, handle, 0, MIB, 4096), -EINVAL);
	KS_IS(bind_raw(fd, vm, DRM_WEFT_BIND_UNMAP, RW, 0, 0, MIB, 4096), -EINVAL);
	KS_IS(bind_raw(fd, vm, DRM_WEFT_BIND_UNMAP, 0, handle, 0, MIB, 4096), -EINVAL);
	KS_IS(bind_raw(fd, vm, DRM_WEFT_BIND_UNMAP, 0, 0, 0, MIB, UINT64_MAX - 4095), -EINVAL);
	KS_OK(ks_unbind(fd, vm, MIB, MIB));
	close(fd);
	return 0;
}

static int over_another(void)
{
	uint32_t vm, a, b;
	int fd = ks_open(0);

	KS_OK(ks_vm_create(fd, &vm));
	KS_OK(ks_gem_create(fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &a));
	KS_OK(ks_gem_create(fd, MIB, DRM_WEFT_PLACE_SYSTEM, 0, &b));
	KS_OK(ks_bind(fd, vm, a, 16 * MIB, MIB, RW));
	KS_IS(ks_bind(fd, vm, b, 16 * MIB, MIB, RW), -EEXIST);
	KS_IS(ks_bind(fd, vm, b, 17 * MIB - 4096, MIB, RW), -EEXIST);
	KS_IS(ks_bind(fd, vm, b, 15 * MIB + 4096, MIB, RW), -EEXIST);
	KS_OK(ks_bind(fd, vm, b, 17 * MIB, MIB, RW));
	/* the same object twice, at two addresses */
	KS_OK(ks_bind(fd, vm, a, 32 * MIB, MIB, RW));
	close(fd);
	return 0;
}

/* What the card sees after an unbind in the middle: both ends still there, the middle faults. */
static int split(void)
{
	struct drm_weft_queue_state state;
	struct ks_rig rig;
	const uint64_t hole = KS_DATA_VA + MIB;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_unbind(rig.fd, rig.vm, hole, 8192));
	rig.list[0].fill = (struct weft_pkt_fill){
		.op = WEFT_PKT_FILL, .width = 1, .dst = hole - 4096, .bytes = 4096, .pattern = 0x11,
	};
	rig.list[1].fill = rig.list[0].fill;
	rig.list[1].fill.dst = hole + 8192;
	KS_OK(ks_rig_run(&rig, 2, 0));
	KS_CHECK(rig.data[MIB - 1] == 0x11 && rig.data[MIB + 8192] == 0x11 && rig.data[MIB] == 0);
	for (uint64_t va = hole; va < hole + 8192; va += 4096) {
		rig.list[0].fill.dst = va;
		KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
		KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
		KS_IS(state.cause, WEFT_FAULT_PT_INVALID);
		KS_CHECK(state.fault_va == va, "%llx", (unsigned long long)state.fault_va);
	}
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* An unbind under load: after it returns the old page is never written again. */
static int unbind_is_final(void)
{
	uint32_t handle;
	uint64_t *p;
	struct ks_rig rig;
	const uint64_t va = 0x300000000ULL;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_gem_create(rig.fd, 2 * MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	p = ks_gem_map(rig.fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	for (int i = 0; i < 1000; i++)
		rig.list[i].fill = (struct weft_pkt_fill){
			.op = WEFT_PKT_FILL, .width = 8, .dst = va, .bytes = 2 * MIB, .pattern = i + 1,
		};
	for (int round = 0; round < 10; round++) {
		KS_OK(ks_bind(rig.fd, rig.vm, handle, va, 2 * MIB, RW));
		KS_OK(ks_rig_submit(&rig, 1000, 0));
		usleep(2000);
		KS_OK(ks_unbind(rig.fd, rig.vm, va, 2 * MIB));
		memset(p, 0, 2 * MIB);
		ks_rig_wait(&rig);
		for (size_t i = 0; i < 2 * MIB / 8; i++)
			KS_CHECK(p[i] == 0, "round %d word %zu written after the unbind", round, i);
	}
	munmap(p, 2 * MIB);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* One page bound all over the address space costs two page tables each time; others must keep theirs. */
static int tables_are_not_endless(void)
{
	const uint64_t step = 1ULL << 30;
	uint32_t vm, spare, handle;
	uint64_t n;
	int r = 0, fd = ks_open_as_user(0);

	KS_CHECK(fd >= 0, "%d", fd);
	KS_OK(ks_vm_create(fd, &vm));
	KS_OK(ks_gem_create(fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	for (n = 1; n < (1ULL << 47) / step && !r; n++)
		r = ks_bind(fd, vm, handle, n * step, 4096, RW);
	KS_IS(r, -EDQUOT);
	KS_CHECK(n > 100, "only %llu binds", (unsigned long long)n);
	/* its own root would need a page, too, and a ring even more */
	KS_IS(ks_queue_create(fd, vm, 0, &spare), -EDQUOT);
	KS_DO(ks_works(0));
	/* what it gives back it may use again */
	for (uint64_t i = 1; i <= 32; i++)
		KS_OK(ks_unbind(fd, vm, i * step, 4096));
	KS_OK(ks_bind(fd, vm, handle, step, 4096, RW));
	KS_OK(ks_queue_create(fd, vm, 0, &spare));
	close(fd);
	return 0;
}

/* What the card reads in each page of a range: the pattern, or nothing in the pages that are not bound. */
static int reads(struct ks_rig *rig, uint64_t va, uint64_t bytes, uint8_t byte)
{
	memset(rig->data, ~byte, bytes);
	rig->list[0].copy = (struct weft_pkt_copy){
		.op = WEFT_PKT_COPY, .dst = KS_DATA_VA, .src = va, .bytes = bytes,
	};
	KS_OK(ks_rig_run(rig, 1, 0));
	for (uint64_t i = 0; i < bytes; i += 64)
		KS_CHECK(rig->data[i] == byte, "byte %llu is %#x", (unsigned long long)i, rig->data[i]);
	return 0;
}

static bool has_cap(uint64_t cap)
{
	struct drm_weft_device device = { .caps = 0 };
	int fd = ks_open(0);

	ks_device(fd, &device);
	close(fd);
	return (device.caps & cap) != 0;
}

/* A table to split a large page with is lacking: the unmap is refused, and the page is whole. Unmaps of whole pages work. */
static int split_without_tables(void)
{
	const uint64_t page = 2 * MIB, count = 8, va = 0x4000000000ULL, step = 1ULL << 30;
	uint32_t vm, queue, large, small, cells;
	uint64_t n, at = 0;
	struct ks_rig rig;
	uint8_t *p;
	int r = 0;

	KS_OK(ks_rig_open_fd(&rig, ks_open_as_user(0), 0));
	vm = rig.vm;
	KS_OK(ks_gem_create(rig.fd, count * page, DRM_WEFT_PLACE_LOCAL, 0, &large));
	KS_OK(ks_bind(rig.fd, vm, large, va, count * page, RW));
	p = ks_gem_map(rig.fd, large, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	memset(p, 0x5d, count * page);
	KS_OK(ks_gem_create(rig.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &small));
	for (n = 1; n < (1ULL << 46) / step && !r; n++)
		r = ks_bind(rig.fd, vm, small, va + n * step, 4096, RW);
	KS_IS(r, -EDQUOT);
	/* a few tables are kept for the next call */
	for (r = 0; at < count * page && !r; at += r ? 0 : page)
		r = ks_unbind(rig.fd, vm, va + at + MIB, 4096);
	KS_IS(r, -EDQUOT);
	KS_CHECK(at + 2 * page < count * page, "only %llu of %llu left", (unsigned long long)at, (unsigned long long)count);
	KS_DO(reads(&rig, va + at, page, 0x5d));
	KS_IS(ks_unbind(rig.fd, vm, va + at + MIB, page), -EDQUOT);
	KS_DO(reads(&rig, va + at, 2 * page, 0x5d));
	KS_IS(ks_queue_create(rig.fd, vm, 0, &queue), -EDQUOT);
	if (has_cap(WEFT_CAP_CELLS))	/* cells need room there only for what is armed */
		KS_IS(ks_gem_create(rig.fd, 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, &cells), -EDQUOT);
	/* two tables come back, and one of them goes: not enough for a range that needs one at either end */
	KS_OK(ks_unbind(rig.fd, vm, va + step, 4096));
	KS_OK(ks_unbind(rig.fd, vm, va + at + MIB, 4096));
	at += page;
	KS_IS(ks_unbind(rig.fd, vm, va + at + MIB, page), -EDQUOT);
	KS_DO(reads(&rig, va + at, 2 * page, 0x5d));
	KS_OK(ks_unbind(rig.fd, vm, va, count * page));
	rig.list[0].copy.src = va + at;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_OK(ks_rig_alive(&rig));
	munmap(p, count * page);
	ks_rig_close(&rig);
	return 0;
}

static int from_the_middle_of(uint64_t bytes)
{
	const uint64_t va = 0x300000000ULL, step = bytes / 5 & ~4095ULL;
	struct ks_rig rig;
	uint32_t handle;
	uint64_t *p;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_gem_create(rig.fd, bytes, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	p = ks_gem_map(rig.fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	for (uint64_t i = 0; i < bytes / 4096; i++)
		p[i * 512] = i + 1;
	for (uint64_t offset = 4096; offset < bytes; offset += step) {
		uint64_t range = bytes - offset < 8192 ? bytes - offset : 8192;

		KS_OK(bind_raw(rig.fd, rig.vm, DRM_WEFT_BIND_MAP, RW, handle, offset, va, range));
		rig.list[0].copy = (struct weft_pkt_copy){
			.op = WEFT_PKT_COPY, .dst = KS_DATA_VA, .src = va, .bytes = range,
		};
		KS_OK(ks_rig_run(&rig, 1, 0));
		for (uint64_t i = 0; i < range / 4096; i++)
			KS_IS(*(uint64_t *)(rig.data + i * 4096), (long)(offset / 4096 + i + 1));
		KS_OK(ks_unbind(rig.fd, rig.vm, va, range));
	}
	munmap(p, bytes);
	ks_rig_close(&rig);
	return 0;
}

/* Pieces of host memory lie anywhere, large ones and single pages: what is bound begins in the middle of them. */
static int host_memory_from_the_middle(void)
{
	KS_DO(from_the_middle_of(16 * MIB));
	return from_the_middle_of(MIB);
}

/* An address space does not survive a reset: nothing can be made in it or asked of it, but it can be destroyed. */
static int from_before_a_reset(void)
{
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_COUNTERS };
	struct drm_weft_user_queue_create user = {
		.band = DRM_WEFT_BAND_NORMAL, .ring_log2 = 4, .ring = MIB, .ctl = 2 * MIB,
	};
	struct drm_weft_vm_create lr = { .type = DRM_WEFT_VM_LR };
	const bool counted = has_cap(WEFT_CAP_COUNTERS);
	uint32_t vm, queue, handle;
	int fd = ks_open(0);

	KS_OK(ks_vm_create(fd, &vm));
	if (has_cap(WEFT_CAP_LR))
		KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &lr));
	query.index = vm;
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), counted ? 0 : -EOPNOTSUPP);
	KS_OK(ks_reset(0));
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), counted ? -ECANCELED : -EOPNOTSUPP);
	KS_IS(ks_queue_create(fd, vm, 0, &queue), -ECANCELED);
	user.vm_id = lr.vm_id;
	if (lr.vm_id)
		KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &user), -ECANCELED);
	KS_OK(ks_gem_create(fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_IS(ks_bind(fd, vm, handle, MIB, MIB, RW), -ECANCELED);
	KS_OK(ks_vm_destroy(fd, vm));
	if (lr.vm_id)
		KS_OK(ks_vm_destroy(fd, lr.vm_id));
	KS_OK(ks_vm_create(fd, &vm));
	KS_OK(ks_queue_create(fd, vm, 0, &queue));
	query = (struct drm_weft_query){ .what = DRM_WEFT_QUERY_COUNTERS, .index = vm };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), counted ? 0 : -EOPNOTSUPP);
	close(fd);
	return 0;
}

struct binder {
	int fd;
	uint32_t vm;		/* 0: it may end */
	uint64_t late, done;	/* binds that met the end of their address space, and others */
};

static void *bind_all_the_time(void *arg)
{
	struct binder *b = arg;
	uint32_t vm;

	for (uint64_t i = 1; (vm = __atomic_load_n(&b->vm, __ATOMIC_ACQUIRE)); i++) {
		/* each in tables of its own */
		int ret = bind_raw(b->fd, vm, DRM_WEFT_BIND_MAP, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_SPARSE | (i & 1 ? DRM_WEFT_BIND_ASYNC : 0),
				   0, 0, (i % 256 + 1) << 39, 4096);

		b->late += ret == -ENOENT || ret == -ECANCELED;
		b->done += !ret;
	}
	return NULL;
}

/* A bind that is on its way when its address space ends leaves nothing behind. */
static int binds_meet_the_end(void)
{
	struct binder b = { .fd = ks_open(0) };
	char what[256] = "";
	pthread_t thread;
	uint32_t vm;

	KS_OK(ks_vm_create(b.fd, &b.vm));
	KS_OK(pthread_create(&thread, NULL, bind_all_the_time, &b));
	for (int i = 0; i < 200; i++) {
		usleep(ks_random() % 2000);
		KS_OK(ks_vm_create(b.fd, &vm));
		KS_OK(ks_vm_destroy(b.fd, __atomic_exchange_n(&b.vm, vm, __ATOMIC_ACQ_REL)));
	}
	vm = __atomic_exchange_n(&b.vm, 0, __ATOMIC_ACQ_REL);
	pthread_join(thread, NULL);
	KS_OK(ks_vm_destroy(b.fd, vm));
	close(b.fd);
	printf("# %llu binds, %llu of them too late\n", (unsigned long long)(b.done + b.late), (unsigned long long)b.late);
	KS_CHECK(b.done && b.late);
	KS_CHECK(!ks_leaks(what, sizeof(what)), "%s", what);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "life of an address space", life },
		{ "binds outside the range, misaligned, overflowing, without rights", bad_bind },
		{ "binds over another are refused", over_another },
		{ "unbind splits a mapping", split },
		{ "unbind under load is final", unbind_is_final },
		{ "one file's page tables leave room for others", tables_are_not_endless },
		{ "a large page is not split without a table", split_without_tables },
		{ "host memory is bound from the middle of its pieces", host_memory_from_the_middle },
		{ "an address space from before a reset", from_before_a_reset },
		{ "binds meet the end of their address space", binds_meet_the_end },
	};

	return ks_main("vm", tests, sizeof(tests) / sizeof(tests[0]));
}
