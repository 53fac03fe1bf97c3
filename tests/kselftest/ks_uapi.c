// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* The UAPI, one wrapper a call, and the small rig that most tests use. */
#define _GNU_SOURCE
#include "ks_bind.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sync_file.h>
#include <sys/syscall.h>

int ks_device(int fd, struct drm_weft_device *device)
{
	struct drm_weft_query query = {
		.what = DRM_WEFT_QUERY_DEVICE, .size = sizeof(*device), .ptr = (uintptr_t)device,
	};

	memset(device, 0, sizeof(*device));
	return ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);
}

int ks_gem_create(int fd, uint64_t size, uint32_t placement, uint32_t flags, uint32_t *handle)
{
	struct drm_weft_gem_create create = { .size = size, .placement = placement, .flags = flags };
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_GEM_CREATE, &create);

	*handle = create.handle;
	return r;
}

int ks_gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close arg = { .handle = handle };

	return ks_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &arg);
}

int ks_gem_info(int fd, uint32_t handle, struct drm_weft_gem_info *info)
{
	memset(info, 0, sizeof(*info));
	info->handle = handle;
	return ks_ioctl(fd, DRM_IOCTL_WEFT_GEM_INFO, info);
}

void *ks_gem_map(int fd, uint32_t handle, int prot)
{
	struct drm_weft_gem_info info;

	if (ks_gem_info(fd, handle, &info) || !info.mmap_offset)
		return MAP_FAILED;
	return mmap(NULL, info.size, prot, MAP_SHARED, fd, info.mmap_offset);
}

int ks_export(int fd, uint32_t handle, uint32_t rights, int *dmabuf)
{
	struct drm_weft_gem_export arg = { .handle = handle, .rights = rights, .flags = O_CLOEXEC, .fd = -1 };
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_GEM_EXPORT, &arg);

	*dmabuf = arg.fd;
	return r;
}

int ks_import(int fd, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle arg = { .fd = dmabuf };
	int r = ks_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &arg);

	*handle = arg.handle;
	return r;
}

int ks_query_peer(int card, int peer, struct drm_weft_query_peer *q)
{
	int fd = ks_open(card), r;

	*q = (struct drm_weft_query_peer){ .peer_fd = ks_open(peer) };
	r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, q);
	close(q->peer_fd);
	close(fd);
	return r;
}

int ks_peer_error(int card, int peer)
{
	struct drm_weft_query_peer q;
	int r = ks_query_peer(card, peer, &q);

	return r ? r : q.error;
}

int ks_open_as_user(int card)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[2], less[2];
	int fd;

	if (syscall(SYS_capget, &head, had))
		return -errno;
	memcpy(less, had, sizeof(had));
	less[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	if (syscall(SYS_capset, &head, less))
		return -errno;
	fd = ks_open(card);
	return syscall(SYS_capset, &head, had) ? -errno : fd;
}

int ks_vm_create(int fd, uint32_t *vm)
{
	struct drm_weft_vm_create arg = { .type = DRM_WEFT_VM_FENCE };
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &arg);

	*vm = arg.vm_id;
	return r;
}

int ks_vm_destroy(int fd, uint32_t vm)
{
	struct drm_weft_vm_destroy arg = { .vm_id = vm };

	return ks_ioctl(fd, DRM_IOCTL_WEFT_VM_DESTROY, &arg);
}

int ks_bind(int fd, uint32_t vm, uint32_t handle, uint64_t va, uint64_t range, uint32_t flags)
{
	struct drm_weft_vm_bind arg = {
		.vm_id = vm, .op = DRM_WEFT_BIND_MAP, .flags = flags, .handle = handle, .va = va, .range = range,
	};

	return ks_ioctl(fd, DRM_IOCTL_WEFT_VM_BIND, &arg);
}

int ks_unbind(int fd, uint32_t vm, uint64_t va, uint64_t range)
{
	struct drm_weft_vm_bind arg = { .vm_id = vm, .op = DRM_WEFT_BIND_UNMAP, .va = va, .range = range };

	return ks_ioctl(fd, DRM_IOCTL_WEFT_VM_BIND, &arg);
}

int ks_queue_create(int fd, uint32_t vm, uint32_t run_limit_ms, uint32_t *queue)
{
	struct drm_weft_queue_create arg = {
		.vm_id = vm, .band = DRM_WEFT_BAND_NORMAL, .run_limit_ms = run_limit_ms,
	};
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_CREATE, &arg);

	*queue = arg.queue_id;
	return r;
}

int ks_queue_destroy(int fd, uint32_t queue)
{
	struct drm_weft_queue_destroy arg = { .queue_id = queue };

	return ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_DESTROY, &arg);
}

int ks_queue_state(int fd, uint32_t queue, struct drm_weft_queue_state *state)
{
	memset(state, 0, sizeof(*state));
	state->queue_id = queue;
	return ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_STATE, state);
}

int ks_syncobj_create(int fd, uint32_t *handle)
{
	struct drm_syncobj_create arg = { 0 };
	int r = ks_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &arg);

	*handle = arg.handle;
	return r;
}

int ks_syncobj_destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy arg = { .handle = handle };

	return ks_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &arg);
}

int ks_syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	struct drm_syncobj_timeline_wait arg = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
		.timeout_nsec = ks_now_ns() + timeout_ns, .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	return ks_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &arg);
}

static int map_at(struct ks_rig *rig, uint64_t bytes, uint64_t va, uint32_t *handle, void **p)
{
	int r = ks_gem_create(rig->fd, bytes, DRM_WEFT_PLACE_LOCAL, 0, handle);

	if (!r)
		r = ks_bind(rig->fd, rig->vm, *handle, va, bytes, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE);
	if (r)
		return r;
	*p = ks_gem_map(rig->fd, *handle, PROT_READ | PROT_WRITE);
	return *p == MAP_FAILED ? -errno : 0;
}

int ks_rig_open(struct ks_rig *rig, int card, uint32_t run_limit_ms)
{
	return ks_rig_open_fd(rig, ks_open(card), run_limit_ms);
}

int ks_rig_open_fd(struct ks_rig *rig, int fd, uint32_t run_limit_ms)
{
	void *list = NULL, *data = NULL;
	int r;

	memset(rig, 0, sizeof(*rig));
	rig->fd = fd;
	if (rig->fd < 0)
		return rig->fd;
	r = ks_vm_create(rig->fd, &rig->vm);
	if (!r)
		r = map_at(rig, 0x20000, KS_LIST_VA, &rig->list_handle, &list);
	if (!r)
		r = map_at(rig, KS_DATA_BYTES, KS_DATA_VA, &rig->data_handle, &data);
	if (!r)
		r = ks_queue_create(rig->fd, rig->vm, run_limit_ms, &rig->queue);
	if (!r)
		r = ks_syncobj_create(rig->fd, &rig->sync);
	for (int i = 0; !r && i < KS_STATUS; i++)
		r = ks_syncobj_create(rig->fd, &rig->status[i]);
	rig->list = list;
	rig->table = (struct weft_operand *)((char *)list + 0x10000);
	rig->data = data;
	if (r)
		ks_rig_close(rig);
	return r;
}

/* The file owns everything; closing it is enough, and that is part of what the tests test. */
void ks_rig_close(struct ks_rig *rig)
{
	if (rig->list)
		munmap(rig->list, 0x20000);
	if (rig->data)
		munmap(rig->data, KS_DATA_BYTES);
	if (rig->fd >= 0)
		close(rig->fd);
	rig->fd = -1;
}

int ks_rig_submit(struct ks_rig *rig, uint32_t packets, uint32_t operands)
{
	struct drm_weft_sync syncs[2] = {
		{ .handle = rig->sync, .flags = DRM_WEFT_SYNC_SIGNAL, .point = rig->point + 1 },
		{ .handle = rig->status[(rig->point + 1) % KS_STATUS], .flags = DRM_WEFT_SYNC_SIGNAL },
	};
	struct drm_weft_submit submit = {
		.queue_id = rig->queue, .list = KS_LIST_VA, .table = operands ? KS_TABLE_VA : 0,
		.num_packets = packets, .num_operands = operands, .num_syncs = 2, .syncs = (uintptr_t)syncs,
	};
	int r = ks_ioctl(rig->fd, DRM_IOCTL_WEFT_SUBMIT, &submit);

	rig->point += !r;
	return r;
}

int ks_syncobj_status(int fd, uint32_t handle)
{
	struct drm_syncobj_handle export = {
		.handle = handle, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	struct sync_file_info info = { .num_fences = 0 };
	int r = ks_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export);

	if (r)
		return r;
	r = ks_ioctl(export.fd, SYNC_IOC_FILE_INFO, &info);
	close(export.fd);
	return r ? r : info.status == 1 ? 0 : info.status ? info.status : -EINPROGRESS;
}

int ks_rig_wait(struct ks_rig *rig)
{
	int r = ks_syncobj_wait(rig->fd, rig->sync, rig->point, 60 * KS_SECOND);

	if (r)
		return r;
	return ks_syncobj_status(rig->fd, rig->status[rig->point % KS_STATUS]);
}

int ks_rig_run(struct ks_rig *rig, uint32_t packets, uint32_t operands)
{
	int r = ks_rig_submit(rig, packets, operands);

	return r ? r : ks_rig_wait(rig);
}

int ks_rig_look(struct ks_rig *rig, uint64_t va, uint64_t *value)
{
	memset(&rig->list[0], 0, 64);
	rig->list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .dst = KS_DATA_VA, .src = va, .bytes = 8 };
	*(volatile uint64_t *)rig->data = 0x5555;
	int r = ks_rig_run(rig, 1, 0);

	*value = *(volatile uint64_t *)rig->data;
	return r;
}

int ks_rig_alive(struct ks_rig *rig)
{
	static uint8_t salt;

	salt++;
	for (int i = 0; i < 4096; i++) {
		rig->data[i] = i * 7 + salt;
		rig->data[8192 + i] = 0;
	}
	memset(&rig->list[0], 0, 64);
	rig->list[0].copy = (struct weft_pkt_copy) {
		.op = WEFT_PKT_COPY, .dst = KS_DATA_VA + 8192, .src = KS_DATA_VA, .bytes = 4096,
	};
	KS_OK(ks_rig_run(rig, 1, 0));
	for (int i = 0; i < 4096; i++)
		KS_CHECK(rig->data[8192 + i] == (uint8_t)(i * 7 + salt), "byte %d", i);
	return 0;
}

int ks_works(int card)
{
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, card, 0));
	KS_DO(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

struct drm_weft_stats ks_stats(int fd)
{
	struct drm_weft_stats s = { .irqs = 0 };
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_STATS, .size = sizeof(s), .ptr = (uintptr_t)&s };

	ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);
	return s;
}

int ks_inject_queue(int card, int fd, uint32_t queue, unsigned int kind)
{
	struct drm_weft_queue_state state;
	int r = ks_queue_state(fd, queue, &state);

	return r ? r : ks_inject(card, kind, state.card_queue);
}

int ks_has_reset(int fd, uint64_t before)
{
	int64_t until = ks_now_ns() + 30 * KS_SECOND;
	struct drm_weft_stats s;

	do {
		s = ks_stats(fd);
		KS_CHECK(ks_now_ns() < until, "no reset");
		usleep(10000);
	} while (s.resets == before);
	KS_IS(s.resets - before, 1);
	return 0;
}
