// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Asynchronous and sparse binds: order, how their end is told, errors, and what becomes of them when things end. */
#define _GNU_SOURCE
#include "ks_bind.h"
#include "ks_uq.h"

#include <linux/sync_file.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#define MIB	(1ULL << 20)
#define GIB	(1ULL << 30)
#define VA	0x1000000000ULL
#define MS	1000000ULL

/* A job that runs for this long; syncs wait for it. */
static int block(struct ks_rig *rig, uint64_t ns, struct drm_weft_sync *wait)
{
	memset(&rig->list[0], 0, 64);
	rig->list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = ns };
	KS_OK(ks_rig_submit(rig, 1, 0));
	*wait = (struct drm_weft_sync){ .handle = rig->sync, .point = rig->point };
	return 0;
}

static int fill(struct ks_rig *rig, uint64_t va, uint64_t bytes, uint64_t pattern)
{
	memset(&rig->list[0], 0, 64);
	rig->list[0].fill = (struct weft_pkt_fill){
		.op = WEFT_PKT_FILL, .width = 8, .dst = va, .bytes = bytes, .pattern = pattern,
	};
	return ks_rig_run(rig, 1, 0);
}

static int sparse(void)
{
	uint32_t handle;
	uint64_t value;
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_gem_create(rig.fd, 4 * MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	/* neither end on a large leaf */
	KS_OK(ks_vm_bind(rig.fd, ks_map_args(rig.vm, 0, VA + 4096, 8 * MIB, KS_SPARSE)));
	for (uint64_t va = VA + 4096; va < VA + 8 * MIB; va += MIB) {
		KS_OK(fill(&rig, va, 4096, 7));
		KS_OK(ks_rig_look(&rig, va, &value));
		KS_CHECK(value == 0, "%llx reads %llx", (unsigned long long)va, (unsigned long long)value);
	}
	KS_IS(ks_rig_look(&rig, VA, &value), -EFAULT);
	KS_IS(ks_rig_look(&rig, VA + 8 * MIB + 4096, &value), -EFAULT);
	/* another takes its place by unmap and map, in the middle of a large leaf and over whole ones */
	KS_IS(ks_bind(rig.fd, rig.vm, handle, VA + 3 * MIB, MIB, KS_RW), -EEXIST);
	KS_OK(ks_unbind(rig.fd, rig.vm, VA + 3 * MIB, 3 * MIB));
	KS_IS(ks_rig_look(&rig, VA + 3 * MIB, &value), -EFAULT);
	KS_OK(ks_rig_look(&rig, VA + 3 * MIB - 8, &value));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA + 3 * MIB, 3 * MIB, KS_RW));
	KS_OK(fill(&rig, VA + 2 * MIB, 5 * MIB, 9));
	for (uint64_t va = VA + 2 * MIB; va < VA + 7 * MIB; va += MIB / 2) {
		KS_OK(ks_rig_look(&rig, va, &value));
		KS_CHECK(value == (va >= VA + 3 * MIB && va < VA + 6 * MIB ? 9 : 0), "%llx reads %llx",
			 (unsigned long long)va, (unsigned long long)value);
	}
	/* rights hold there too */
	KS_OK(ks_vm_bind(rig.fd, ks_map_args(rig.vm, 0, VA + 64 * MIB, MIB,
					     DRM_WEFT_BIND_READ | DRM_WEFT_BIND_SPARSE)));
	KS_IS(fill(&rig, VA + 64 * MIB, 64, 9), -EFAULT);
	ks_rig_close(&rig);
	return 0;
}

/* Large leaves make them cheap, and tables are counted: a range no quota has room for is refused at once. */
static int sparse_huge(void)
{
	long long tables;
	uint64_t value;
	struct ks_rig rig;
	int64_t start;
	int r;

	KS_OK(ks_rig_open(&rig, 0, 0));
	tables = ks_count(0, "live_tables");
	KS_OK(ks_vm_bind(rig.fd, ks_map_args(rig.vm, 0, VA, 64 * GIB, KS_SPARSE)));
	tables = ks_count(0, "live_tables") - tables;
	KS_CHECK(tables <= 64 + 4, "%lld tables for 64 GiB", tables);
	for (int i = 0; i < 64; i++) {
		KS_OK(ks_rig_look(&rig, VA + i * GIB + i * 4096, &value));
		KS_CHECK(value == 0);
	}
	KS_OK(ks_unbind(rig.fd, rig.vm, VA, 64 * GIB));
	start = ks_now_ns();
	r = ks_vm_bind(rig.fd, ks_map_args(rig.vm, 0, 1ULL << 40, 1ULL << 46, KS_SPARSE));
	KS_CHECK(r == -EDQUOT || r == -ENOSPC, "%d", r);
	KS_CHECK(ks_now_ns() - start < 20 * KS_SECOND);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* Binary and timeline; the unmap waits for the job that uses the range, the map for the unmap, the next job for the map. */
static int in_order(void)
{
	struct drm_weft_sync syncs[3];
	uint32_t handle, binary, timeline;
	uint64_t value, *p;
	struct ks_rig rig;
	int64_t start;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_gem_create(rig.fd, 2 * MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	p = ks_gem_map(rig.fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	p[0] = 1;
	p[512] = 2;
	__sync_synchronize();
	KS_OK(ks_syncobj_create(rig.fd, &binary));
	KS_OK(ks_syncobj_create(rig.fd, &timeline));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA, MIB, KS_RW));
	KS_OK(block(&rig, 300 * MS, &syncs[0]));
	syncs[1] = (struct drm_weft_sync){ .handle = binary, .flags = DRM_WEFT_SYNC_SIGNAL };
	syncs[2] = (struct drm_weft_sync){ .handle = timeline, .flags = DRM_WEFT_SYNC_SIGNAL, .point = 5 };
	start = ks_now_ns();
	KS_OK(ks_vm_bind(rig.fd, ks_with_syncs(ks_unmap_args(rig.vm, VA, MIB, KS_ASYNC), syncs, 3)));
	/* the second page of the object comes where the first was */
	struct drm_weft_vm_bind map = ks_map_args(rig.vm, handle, VA, 4096, KS_RW | KS_ASYNC);

	map.offset = 4096;
	syncs[2].point = 6;
	KS_OK(ks_vm_bind(rig.fd, ks_with_syncs(map, &syncs[2], 1)));
	KS_CHECK(ks_now_ns() - start < 250 * (int64_t)MS, "the calls waited");
	KS_IS(ks_syncobj_status(rig.fd, binary), -EINPROGRESS);
	KS_OK(ks_syncobj_wait(rig.fd, timeline, 5, 10 * KS_SECOND));
	KS_CHECK(ks_now_ns() - start > 200 * (int64_t)MS, "the unmap did not wait");
	KS_OK(ks_syncobj_status(rig.fd, binary));
	KS_OK(ks_syncobj_wait(rig.fd, timeline, 6, 10 * KS_SECOND));
	KS_OK(ks_rig_look(&rig, VA, &value));
	KS_IS(value, 2);
	/* a call without ASYNC comes behind them, too */
	KS_OK(block(&rig, 300 * MS, &syncs[0]));
	start = ks_now_ns();
	KS_OK(ks_vm_bind(rig.fd, ks_with_syncs(ks_unmap_args(rig.vm, VA, MIB, KS_ASYNC), syncs, 1)));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA, 4096, KS_RW));
	KS_CHECK(ks_now_ns() - start > 200 * (int64_t)MS, "the call did not wait for those before it");
	KS_OK(ks_rig_look(&rig, VA, &value));
	KS_IS(value, 1);
	munmap(p, 2 * MIB);
	ks_rig_close(&rig);
	return 0;
}

static int failing(void)
{
	struct drm_weft_sync syncs[2];
	struct drm_weft_vm_bind args;
	uint32_t handle, bad, good;
	uint64_t value;
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_gem_create(rig.fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_syncobj_create(rig.fd, &bad));
	KS_OK(ks_syncobj_create(rig.fd, &good));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA, MIB, KS_RW));
	syncs[0] = (struct drm_weft_sync){ .handle = bad, .flags = DRM_WEFT_SYNC_SIGNAL };
	syncs[1] = (struct drm_weft_sync){ .handle = good, .flags = DRM_WEFT_SYNC_SIGNAL };
	args = ks_map_args(rig.vm, handle, VA, 4096, KS_RW | KS_ASYNC);
	KS_OK(ks_vm_bind(rig.fd, ks_with_syncs(args, &syncs[0], 1)));
	args.va += MIB;
	KS_OK(ks_vm_bind(rig.fd, ks_with_syncs(args, &syncs[1], 1)));
	KS_IS(ks_flush_binds(rig.fd, rig.vm), -EEXIST);
	KS_OK(ks_flush_binds(rig.fd, rig.vm));
	KS_IS(ks_syncobj_status(rig.fd, bad), -EEXIST);
	KS_OK(ks_syncobj_status(rig.fd, good));
	KS_OK(ks_rig_look(&rig, VA + MIB, &value));
	/* what the call itself finds wrong signals nothing */
	args.handle += 99;
	KS_IS(ks_vm_bind(rig.fd, ks_with_syncs(args, &syncs[0], 1)), -ENOENT);
	KS_IS(ks_syncobj_status(rig.fd, bad), -EEXIST);
	KS_OK(ks_flush_binds(rig.fd, rig.vm));
	ks_rig_close(&rig);
	return 0;
}

static int lr(void)
{
	struct drm_weft_cell_wait cell;
	struct drm_weft_sync sync = { .flags = DRM_WEFT_SYNC_SIGNAL }, wait;
	struct drm_weft_vm_bind args;
	uint32_t handle, imported;
	struct ks_rig rig;
	struct pollfd poll_fd;
	struct ks_uq q;
	uint64_t count, poison;
	int64_t start;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	KS_CHECK(event >= 0);
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_uq_open(&q, 0));
	if (!(q.caps & WEFT_CAP_CELLS) || !(q.caps & WEFT_CAP_WATCH))
		return ks_skip("CELLS");
	KS_OK(ks_gem_create(q.fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_syncobj_create(q.fd, &sync.handle));
	args = ks_map_args(q.vm, handle, VA, MIB, KS_RW | KS_ASYNC);
	KS_IS(ks_vm_bind(q.fd, ks_with_syncs(args, &sync, 1)), -EOPNOTSUPP);
	/* in from a job of another file, out by an eventfd */
	struct drm_syncobj_handle pass = { .handle = rig.sync };

	KS_OK(block(&rig, 200 * MS, &wait));
	KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &pass));
	KS_OK(ks_ioctl(q.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &pass));
	close(pass.fd);
	imported = pass.handle;
	wait.handle = imported;
	args.done = DRM_WEFT_BIND_DONE_EVENTFD;
	args.done_handle = event;
	start = ks_now_ns();
	KS_OK(ks_vm_bind(q.fd, ks_with_syncs(args, &wait, 1)));
	KS_CHECK(read(event, &count, 8) < 0);
	poll_fd = (struct pollfd){ .fd = event, .events = POLLIN };
	KS_IS(poll(&poll_fd, 1, 20000), 1);
	KS_CHECK(ks_now_ns() - start > 100 * (int64_t)MS, "it did not wait");
	KS_CHECK(read(event, &count, 8) == 8 && count == 1);
	KS_OK(ks_flush_binds(q.fd, q.vm));
	/* a cell, and whoever sleeps on it */
	args = ks_unmap_args(q.vm, VA, MIB, KS_ASYNC);
	args.done = DRM_WEFT_BIND_DONE_CELL;
	args.done_handle = q.cells_handle;
	args.done_offset = 64;
	args.done_value = 3;
	args.done_id = 77;
	KS_OK(ks_vm_bind(q.fd, args));
	KS_OK(ks_cell_wait(q.fd, q.cells_handle, 64, 3, 20 * KS_SECOND, &cell));
	KS_CHECK(cell.value == 3 && !cell.fault && q.cells[2].value == 3);
	/* a value that is there already stays, a failure poisons */
	args.done_value = 2;
	KS_OK(ks_vm_bind(q.fd, args));
	KS_OK(ks_flush_binds(q.fd, q.vm));
	KS_OK(ks_bind(q.fd, q.vm, handle, VA, MIB, KS_RW));
	args = ks_map_args(q.vm, handle, VA, MIB, KS_RW | KS_ASYNC);
	args.done = DRM_WEFT_BIND_DONE_CELL;
	args.done_handle = q.cells_handle;
	args.done_offset = 64;
	args.done_value = 9;
	args.done_id = 77;
	KS_OK(ks_vm_bind(q.fd, args));
	KS_OK(ks_cell_wait(q.fd, q.cells_handle, 64, 9, 20 * KS_SECOND, &cell));
	poison = WEFT_CELL_FAULT(WEFT_CELL_POISON, WEFT_FAULT_STOPPED, WEFT_CELL_ORIGIN(q.serial, 77));
	KS_CHECK(cell.value == 3 && cell.fault == poison,
		 "value %llu fault %llx", (unsigned long long)cell.value, (unsigned long long)cell.fault);
	KS_IS(ks_flush_binds(q.fd, q.vm), -EEXIST);
	ks_uq_close(&q);
	ks_rig_close(&rig);
	close(event);
	return 0;
}

static int bad_input(void)
{
	struct drm_weft_sync sync = { .flags = 2 };
	struct drm_weft_vm_bind good, args;
	uint32_t handle, other_handle;
	struct ks_rig rig;
	struct ks_uq q, other;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_uq_open(&other, 0));
	KS_OK(ks_gem_create(q.fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_syncobj_create(q.fd, &sync.handle));
	good = ks_map_args(q.vm, handle, VA, MIB, KS_RW | KS_ASYNC);
#define REFUSED(errno_, ...) \
	do { \
		args = good; \
		__VA_ARGS__; \
		KS_IS(ks_vm_bind(q.fd, args), errno_); \
	} while (0)
	REFUSED(-EINVAL, args.flags |= 0x20);
	REFUSED(-EINVAL, args.op = 3);
	REFUSED(-EINVAL, args.done = 3);
	REFUSED(-EINVAL, args.done_handle = 1);
	REFUSED(-EINVAL, args.done_id = 1);
	REFUSED(-EINVAL, args.done_offset = 32);
	REFUSED(-EINVAL, args.done_value = 1);
	REFUSED(-EINVAL, args.num_syncs = DRM_WEFT_MAX_SYNCS + 1);
	REFUSED(-EFAULT, args.num_syncs = 1; args.syncs = 8);
	REFUSED(-EINVAL, args = ks_with_syncs(args, &sync, 1));
	sync.flags = 0;
	/* nothing was submitted for it; no such syncobj */
	REFUSED(-EINVAL, args = ks_with_syncs(args, &sync, 1));
	sync.handle += 99;
	REFUSED(-ENOENT, args = ks_with_syncs(args, &sync, 1));
	/* syncs and done are for ASYNC only */
	REFUSED(-EINVAL, args.flags = KS_RW; args = ks_with_syncs(args, &sync, 1));
	REFUSED(-EINVAL, args.flags = KS_RW; args.done = DRM_WEFT_BIND_DONE_EVENTFD; args.done_handle = 0);
	REFUSED(-EBADF, args.done = DRM_WEFT_BIND_DONE_EVENTFD; args.done_handle = 900);
	REFUSED(-EINVAL, args.done = DRM_WEFT_BIND_DONE_EVENTFD; args.done_handle = q.fd);
	REFUSED(-EINVAL, args.done = DRM_WEFT_BIND_DONE_EVENTFD; args.done_handle = UINT32_MAX);
	if (q.caps & WEFT_CAP_CELLS) {
		REFUSED(-ENOENT, args.done = DRM_WEFT_BIND_DONE_CELL; args.done_handle = handle + 99);
		REFUSED(-EINVAL, args.done = DRM_WEFT_BIND_DONE_CELL; args.done_handle = handle);
		REFUSED(-EINVAL, args.done = DRM_WEFT_BIND_DONE_CELL; args.done_handle = q.cells_handle;
			args.done_offset = 8);
		REFUSED(-EINVAL, args.done = DRM_WEFT_BIND_DONE_CELL; args.done_handle = q.cells_handle;
			args.done_offset = 4096);
		/* another file signals in that page */
		int fd;

		KS_OK(ks_export(other.fd, other.cells_handle, 7, &fd));
		KS_OK(ks_bind(other.fd, other.vm, other.cells_handle, VA, 4096, KS_RW | DRM_WEFT_BIND_SEM));
		KS_OK(ks_import(q.fd, fd, &other_handle));
		close(fd);
		REFUSED(-EBUSY, args.done = DRM_WEFT_BIND_DONE_CELL; args.done_handle = other_handle);
	}
	/* sparse takes no object and holds no cells */
	good = ks_map_args(q.vm, 0, VA, MIB, KS_SPARSE);
	REFUSED(-EINVAL, args.handle = handle);
	REFUSED(-EINVAL, args.offset = 4096);
	REFUSED(-EINVAL, args.flags |= DRM_WEFT_BIND_SEM);
	REFUSED(-EINVAL, args.flags = DRM_WEFT_BIND_SPARSE);
	good = ks_unmap_args(q.vm, VA, MIB, 0);
	REFUSED(-EINVAL, args.flags = DRM_WEFT_BIND_SPARSE);
	good = (struct drm_weft_vm_bind){ .vm_id = q.vm, .op = DRM_WEFT_BIND_FLUSH };
	REFUSED(-ENOENT, args.vm_id += 99);
	REFUSED(-EINVAL, args.flags = DRM_WEFT_BIND_READ);
	REFUSED(-EINVAL, args.va = 4096);
	REFUSED(-EINVAL, args.range = 4096);
	REFUSED(-EINVAL, args.handle = handle);
	REFUSED(-EINVAL, args.offset = 4096);
	/* and nothing of all this was done */
	KS_OK(ks_bind(q.fd, q.vm, handle, VA, MIB, KS_RW));
	ks_uq_close(&other);
	ks_uq_close(&q);
	ks_rig_close(&rig);
	return 0;
}

static int queue_up(struct ks_rig *blocker, struct ks_rig *rig, uint32_t handle, uint32_t out, uint32_t count)
{
	struct drm_syncobj_handle pass = { .handle = blocker->sync };
	struct drm_weft_sync syncs[2];

	KS_OK(block(blocker, 8 * 1000 * MS, &syncs[0]));
	KS_OK(ks_ioctl(blocker->fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &pass));
	KS_OK(ks_ioctl(rig->fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &pass));
	close(pass.fd);
	syncs[0].handle = pass.handle;
	syncs[1] = (struct drm_weft_sync){ .handle = out, .flags = DRM_WEFT_SYNC_SIGNAL };
	for (uint32_t i = 0; i < count; i++)
		KS_OK(ks_vm_bind(rig->fd, ks_with_syncs(ks_map_args(rig->vm, handle, VA + i * MIB, MIB,
								    KS_RW | KS_ASYNC), syncs, 2)));
	return 0;
}

/* Nobody waits for the blocker, which would take 8 s. */
static int ends_pending(void)
{
	struct ks_rig rig, blocker;
	uint32_t handle, out;
	int64_t start;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&blocker, 0, 0));
	KS_OK(ks_gem_create(rig.fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_syncobj_create(rig.fd, &out));
	KS_OK(queue_up(&blocker, &rig, handle, out, 20));
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	start = ks_now_ns();
	KS_OK(ks_vm_destroy(rig.fd, rig.vm));
	KS_CHECK(ks_now_ns() - start < 4 * KS_SECOND, "destroy waited for the binds");
	KS_IS(ks_syncobj_status(rig.fd, out), -ECANCELED);
	/* and a file that is closed with some pending */
	KS_OK(ks_vm_create(rig.fd, &rig.vm));
	KS_OK(queue_up(&blocker, &rig, handle, out, 20));
	start = ks_now_ns();
	ks_rig_close(&rig);
	KS_CHECK(ks_now_ns() - start < 4 * KS_SECOND, "close waited for the binds");
	ks_rig_close(&blocker);
	return 0;
}

static int lost_pending(bool reset)
{
	struct ks_rig rig, blocker;
	uint32_t handle, out;
	struct drm_syncobj_handle export = { .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE };
	struct sync_file_info info = { .num_fences = 0 };
	struct pollfd ended;
	char pci[32];

	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	/* on another card where there is one: its job goes on and signals nothing meanwhile */
	KS_OK(ks_rig_open(&blocker, ks_cards() - 1, 0));
	KS_OK(ks_gem_create(rig.fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_syncobj_create(rig.fd, &out));
	KS_OK(queue_up(&blocker, &rig, handle, out, 20));
	/* of the last one; the file of a card that is gone answers no call */
	export.handle = out;
	KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export));
	KS_OK(reset ? ks_reset(0) : ks_driver("unbind", pci));
	ended = (struct pollfd){ .fd = export.fd, .events = POLLIN };
	KS_IS(poll(&ended, 1, 4000), 1);
	KS_OK(ks_ioctl(export.fd, SYNC_IOC_FILE_INFO, &info));
	close(export.fd);
	KS_IS(info.status, reset ? -ECANCELED : -ENODEV);
	KS_IS(ks_flush_binds(rig.fd, rig.vm), reset ? -ECANCELED : -ENODEV);
	ks_rig_close(&rig);
	ks_rig_close(&blocker);
	if (!reset)
		KS_OK(ks_driver("bind", pci));
	KS_DO(ks_works(0));
	return 0;
}

static int reset_pending(void)
{
	return lost_pending(true);
}

static int unbind_pending(void)
{
	return lost_pending(false);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A call that waits behind others is interrupted, and killed, and has not been done. */
static int interrupted(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct drm_weft_vm_bind args;
	struct ks_rig rig, blocker;
	uint32_t handle, out;
	int64_t start;
	int status;
	pid_t child;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&blocker, 0, 0));
	KS_OK(ks_gem_create(rig.fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_syncobj_create(rig.fd, &out));
	KS_OK(queue_up(&blocker, &rig, handle, out, 1));
	sigaction(SIGALRM, &action, NULL);
	start = ks_now_ns();
	ualarm(200000, 0);
	args = ks_map_args(rig.vm, handle, VA + 100 * MIB, MIB, KS_RW);
	/* by itself: the wrapper calls again */
	KS_CHECK(ioctl(rig.fd, DRM_IOCTL_WEFT_VM_BIND, &args) < 0 && errno == EINTR, "%d", errno);
	child = fork();
	if (!child) {
		ks_bind(rig.fd, rig.vm, handle, VA + 101 * MIB, MIB, KS_RW);
		_exit(1);
	}
	usleep(200000);
	kill(child, SIGKILL);
	KS_CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	KS_CHECK(ks_now_ns() - start < 5 * KS_SECOND, "it took %lld ms", (long long)(ks_now_ns() - start) / 1000000);
	KS_OK(ks_queue_destroy(blocker.fd, blocker.queue));
	KS_OK(ks_flush_binds(rig.fd, rig.vm));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA + 100 * MIB, MIB, KS_RW));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA + 101 * MIB, MIB, KS_RW));
	ks_rig_close(&blocker);
	ks_rig_close(&rig);
	return 0;
}

/* One more than the limit is refused; all that were taken are done. */
static int too_many(void)
{
	struct drm_weft_vm_bind args;
	struct ks_rig rig, blocker;
	uint32_t handle, out, n;
	int r = 0;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&blocker, 0, 0));
	KS_OK(ks_gem_create(rig.fd, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_syncobj_create(rig.fd, &out));
	KS_OK(queue_up(&blocker, &rig, handle, out, 1));
	args = (struct drm_weft_vm_bind){ .vm_id = rig.vm, .op = DRM_WEFT_BIND_FLUSH, .flags = KS_ASYNC };
	for (n = 1; n <= 2 * DRM_WEFT_MAX_BINDS && !r; n++)
		r = ks_vm_bind(rig.fd, args);
	KS_IS(r, -EDQUOT);
	KS_IS(n - 1, DRM_WEFT_MAX_BINDS);
	/* one that would wait is refused, too, and binds nothing */
	KS_IS(ks_bind(rig.fd, rig.vm, handle, VA + 100 * MIB, MIB, KS_RW), -EDQUOT);
	KS_OK(ks_queue_destroy(blocker.fd, blocker.queue));
	KS_OK(ks_syncobj_wait(rig.fd, out, 0, 10 * KS_SECOND));
	/* the limit holds until the last of them has ended */
	for (n = 0; n < 1000 && (r = ks_flush_binds(rig.fd, rig.vm)) == -EDQUOT; n++)
		usleep(1000);
	KS_OK(r);
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA + 100 * MIB, MIB, KS_RW));
	ks_rig_close(&blocker);
	ks_rig_close(&rig);
	return 0;
}

/* What would be told by a cell of the card is not told by anything when the card goes; nobody stumbles over it. */
static int removal_and_cell(void)
{
	struct drm_weft_sync wait;
	struct drm_weft_vm_bind args;
	struct drm_syncobj_handle pass = { 0 };
	struct ks_rig blocker;
	char pci[32];
	struct ks_uq q;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_rig_open(&blocker, ks_cards() - 1, 0));
	KS_OK(block(&blocker, 3000 * MS, &wait));
	pass.handle = blocker.sync;
	KS_OK(ks_ioctl(blocker.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &pass));
	KS_OK(ks_ioctl(q.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &pass));
	close(pass.fd);
	wait.handle = pass.handle;
	args = ks_map_args(q.vm, 0, VA, MIB, KS_SPARSE | KS_ASYNC);
	args.done = DRM_WEFT_BIND_DONE_CELL;
	args.done_handle = q.cells_handle;
	args.done_value = 9;
	KS_OK(ks_vm_bind(q.fd, ks_with_syncs(args, &wait, 1)));
	KS_IS(q.cells[0].value, 0);
	KS_OK(ks_driver("unbind", pci));
	KS_IS(ks_flush_binds(q.fd, q.vm), -ENODEV);
	/* the mapping shows zeros now: neither the value nor a fault */
	KS_CHECK(!q.cells[0].value && !q.cells[0].fault);
	KS_OK(ks_rig_wait(&blocker));
	ks_uq_close(&q);
	ks_rig_close(&blocker);
	KS_OK(ks_driver("bind", pci));
	KS_DO(ks_works(0));
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "a sparse range reads zeros, drops writes and gives way to another binding", sparse },
		{ "huge sparse ranges are cheap, and refused where tables would not fit", sparse_huge },
		{ "asynchronous binds wait for syncobjs, signal them, and keep their order", in_order },
		{ "a bind that fails signals its error, later ones go on, FLUSH tells", failing },
		{ "binds of an LR space: no fence comes out, an eventfd or a cell tells", lr },
		{ "each field that may be wrong", bad_input },
		{ "VM_DESTROY and close end pending binds at once", ends_pending },
		{ "a call that waits for earlier binds can be interrupted and killed", interrupted },
		{ "an address space takes so many pending binds and no more", too_many },
		{ "a reset ends pending binds with -ECANCELED", reset_pending },
		{ "removal ends pending binds with -ENODEV", unbind_pending },
		{ "removal with a bind pending that a cell is to tell of", removal_and_cell },
	};

	return ks_main("bind", tests, sizeof(tests) / sizeof(tests[0]));
}
