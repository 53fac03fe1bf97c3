/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Every ioctl and every mapping of the library, counted; but of udmabuf, see sys_user.c. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "drm/weft_accel.h"

#include "sys.h"
#include "sys_peer.h"
#include "sys_user.h"

#define MAX_NODES	64
#define MAX_ROWS	256

static atomic_ulong ioctls, mmaps;

uint64_t weft_sys_ioctls(void)
{
	return atomic_load_explicit(&ioctls, memory_order_relaxed);
}

uint64_t weft_sys_mmaps(void)
{
	return atomic_load_explicit(&mmaps, memory_order_relaxed);
}

static void count_ioctl(void)
{
	atomic_fetch_add_explicit(&ioctls, 1, memory_order_relaxed);
}

static int call(int fd, unsigned long request, void *arg)
{
	count_ioctl();
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

/* libdrm's wrappers return -1 with errno, or -errno, depending on the wrapper. */
static int wrapped(int ret)
{
	count_ioctl();
	if (!ret)
		return 0;
	return ret == -1 && errno ? -errno : ret;
}

/* For a node that may not be opened: whose it is, as far as sysfs tells. */
static bool driven_by_weft(int node)
{
	char link[64], target[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/class/accel/accel%d/device/driver", node);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return !strcmp(basename(target), "weft");
}

static int sys_scan(char (*paths)[WEFT_NAME_BYTES], int max)
{
	int n = 0;

	for (int i = 0; i < MAX_NODES && n < max; i++) {
		drmVersionPtr version;
		int fd;

		snprintf(paths[n], WEFT_NAME_BYTES, "/dev/accel/accel%d", i);
		fd = open(paths[n], O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			n += errno == EACCES && driven_by_weft(i);
			continue;
		}
		count_ioctl();
		version = drmGetVersion(fd);
		if (version && version->name && !strcmp(version->name, "weft"))
			n++;
		drmFreeVersion(version);
		close(fd);
	}
	return n;
}

static int sys_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void sys_close(int fd)
{
	close(fd);
}

/* Bytes of the answer, of which at most @size are at @ptr. */
static int query(int fd, uint32_t what, uint32_t index, void *ptr, uint32_t size)
{
	struct drm_weft_query q = { .what = what, .index = index, .size = size, .ptr = (uintptr_t)ptr };
	int ret = call(fd, DRM_IOCTL_WEFT_QUERY, &q);

	if (ret)
		return ret;
	return q.size > INT_MAX ? -EPROTO : (int)q.size;
}

static int sys_device(int fd, struct weft_device_info *info)
{
	struct drm_weft_device d = { 0 };
	int ret = query(fd, DRM_WEFT_QUERY_DEVICE, 0, &d, sizeof(d));

	if (ret < 0)
		return ret;
	info->serial = d.serial;
	info->uapi = d.uapi;
	info->contract = d.contract;
	info->firmware = d.fw_version;
	info->caps = d.caps;
	info->memory_bytes = d.lmem_bytes;
	info->user_bytes = d.user_limit;
	info->reset_generation = d.reset_gen;
	info->num_slots = d.num_slots;
	info->num_engines = d.num_engines;
	info->max_queues = d.max_queues;
	info->num_links = d.num_links;
	info->timed_width = d.timed_width;
	info->p2p = d.p2p;
	info->pci = d.pci;
	/* ENOTSUP is taken by objects; EPROTO says that another driver or library is needed */
	return d.uapi >> 16 == DRM_WEFT_UAPI_MAJOR && (d.uapi & 0xffff) >= DRM_WEFT_UAPI_MINOR ? 0 : -EPROTO;
}

static int sys_memory(int fd, struct weft_memory_info *info)
{
	struct drm_weft_memory m = { 0 };
	int ret = query(fd, DRM_WEFT_QUERY_MEMORY, 0, &m, sizeof(m));

	if (ret < 0)
		return ret;
	info->total_bytes = m.total;
	info->free_bytes = m.free;
	info->largest_bytes = m.largest;
	info->quarantined_bytes = m.quarantined;
	info->dirty_bytes = m.dirty;
	info->quota_bytes = m.quota;
	info->used_bytes = m.used;
	return 0;
}

_Static_assert((int)WEFT_SYS_QUOTA_QUEUES == DRM_WEFT_QUOTA_QUEUES && (int)WEFT_SYS_QUOTA_TABLES == DRM_WEFT_QUOTA_TABLES,
	       "numbers of the driver");

static int sys_quota(int fd, enum weft_sys_quota kind, uint64_t *used, uint64_t *limit)
{
	struct drm_weft_quota q[DRM_WEFT_QUOTA_KINDS] = { 0 };
	int ret = query(fd, DRM_WEFT_QUERY_QUOTAS, 0, q, sizeof(q));

	*used = q[kind].used;
	*limit = q[kind].limit;
	return ret < 0 ? ret : 0;
}

static int sys_engines(int fd, struct weft_engine *engines, uint32_t max)
{
	struct drm_weft_engine e[MAX_ROWS] = { 0 };
	int ret = query(fd, DRM_WEFT_QUERY_ENGINES, 0, e, sizeof(e));
	uint32_t n;

	if (ret < 0)
		return ret;
	n = (uint32_t)ret / sizeof(e[0]);
	for (uint32_t i = 0; i < n && i < max && i < MAX_ROWS; i++)
		engines[i] = (struct weft_engine) {
			.kinds = e[i].kinds, .group = e[i].group, .width = e[i].width, .busy_ns = e[i].busy_ns,
		};
	return (int)n;
}

static int sys_counters(int fd, uint32_t vm, struct weft_counter *counters, uint32_t max)
{
	struct drm_weft_counter c[MAX_ROWS] = { 0 };
	int ret = query(fd, DRM_WEFT_QUERY_COUNTERS, vm, c, sizeof(c));
	uint32_t n;

	if (ret < 0)
		return ret;
	n = (uint32_t)ret / sizeof(c[0]);
	for (uint32_t i = 0; i < n && i < max && i < MAX_ROWS; i++)
		counters[i] = (struct weft_counter) {
			.link = c[i].link, .peer_serial = c[i].peer_serial,
			.read_bytes = c[i].read_bytes, .write_bytes = c[i].write_bytes,
			.cell_reads = c[i].cell_reads, .cell_writes = c[i].cell_writes,
			.fetch_bytes = c[i].fetch_bytes,
		};
	return (int)n;
}

static int sys_stats(int fd, struct weft_device_stats *stats)
{
	struct drm_weft_stats s = { 0 };
	int ret = query(fd, DRM_WEFT_QUERY_STATS, 0, &s, sizeof(s));

	if (ret < 0)
		return ret;
	stats->irqs = s.irqs;
	stats->events = s.events;
	stats->overflows = s.overflows;
	stats->faults = s.faults;
	stats->timeouts = s.timeouts;
	stats->jobs = s.jobs;
	stats->file_ioctls = s.file_ioctls;
	stats->file_jobs = s.file_jobs;
	stats->wait_limits = s.wait_limits;
	return 0;
}

static int sys_clock(int fd, struct weft_clock *clock)
{
	struct drm_weft_clock c = { 0 };
	int ret = query(fd, DRM_WEFT_QUERY_CLOCK, 0, &c, sizeof(c));

	if (ret < 0)
		return ret;
	clock->host_ns = c.host_ns;
	clock->device_ns = c.card_ns;
	clock->error_ns = c.error_ns;
	return 0;
}

static int sys_peer(int fd, int peer_fd, struct weft_peer *peer)
{
	struct drm_weft_query_peer q = { .peer_fd = peer_fd };
	int ret = call(fd, DRM_IOCTL_WEFT_QUERY_PEER, &q);

	if (!ret)
		weft_sys_peer_answer(&q, peer);
	return ret;
}

static int gem_create(int fd, uint64_t *bytes, uint32_t placement, uint32_t flags, uint32_t *handle)
{
	struct drm_weft_gem_create c = { .size = *bytes, .placement = placement, .flags = flags };
	int ret = call(fd, DRM_IOCTL_WEFT_GEM_CREATE, &c);

	if (ret)
		return ret;
	*bytes = c.size;
	*handle = c.handle;
	return 0;
}

static int sys_gem_create(int fd, uint64_t *bytes, enum weft_place place, uint32_t *handle)
{
	return gem_create(fd, bytes, place == WEFT_PLACE_HOST ? DRM_WEFT_PLACE_SYSTEM : DRM_WEFT_PLACE_LOCAL, 0, handle);
}

static int sys_gem_create_cells(int fd, uint64_t *bytes, uint32_t *handle)
{
	return gem_create(fd, bytes, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, handle);
}

static int sys_gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close c = { .handle = handle };

	return call(fd, DRM_IOCTL_GEM_CLOSE, &c);
}

static int map(int fd, uint64_t offset, uint64_t bytes, int protection, void **pointer)
{
	void *p;

	if (!offset)
		return -EOPNOTSUPP;
	p = mmap(NULL, bytes, protection, MAP_SHARED, fd, (off_t)offset);
	if (p == MAP_FAILED)
		return -errno;
	atomic_fetch_add_explicit(&mmaps, 1, memory_order_relaxed);
	*pointer = p;
	return 0;
}

static int sys_gem_map(int fd, uint32_t handle, uint64_t bytes, void **pointer)
{
	struct drm_weft_gem_info i = { .handle = handle };
	int ret = call(fd, DRM_IOCTL_WEFT_GEM_INFO, &i);

	return ret ? ret : map(fd, i.mmap_offset, bytes, PROT_READ | PROT_WRITE, pointer);
}

static int sys_gem_map_arm(int fd, uint32_t handle, uint64_t bytes, void **pointer)
{
	struct drm_weft_gem_info i = { .handle = handle };
	int ret = call(fd, DRM_IOCTL_WEFT_GEM_INFO, &i);

	return ret ? ret : map(fd, i.arm_offset, bytes, PROT_READ, pointer);
}

static void sys_unmap(void *pointer, uint64_t bytes)
{
	munmap(pointer, bytes);
}

static int sys_gem_export(int fd, uint32_t handle, uint32_t access, int *dmabuf)
{
	struct drm_weft_gem_export e = { .handle = handle, .flags = O_CLOEXEC };
	int ret;

	e.rights |= access & WEFT_ACCESS_READ ? DRM_WEFT_RIGHT_READ : 0;
	e.rights |= access & WEFT_ACCESS_WRITE ? DRM_WEFT_RIGHT_WRITE : 0;
	e.rights |= access & WEFT_ACCESS_SIGNAL ? DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM : 0;
	ret = call(fd, DRM_IOCTL_WEFT_GEM_EXPORT, &e);
	if (!ret)
		*dmabuf = e.fd;
	return ret;
}

static int sys_gem_import(int fd, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle p = { .fd = dmabuf };
	int ret = call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p);

	if (!ret)
		*handle = p.handle;
	return ret;
}

static int sys_gem_info(int fd, uint32_t handle, uint64_t *bytes, enum weft_place *place, uint32_t *access, bool *cells)
{
	struct drm_weft_gem_info i = { .handle = handle };
	int ret = call(fd, DRM_IOCTL_WEFT_GEM_INFO, &i);

	if (ret)
		return ret;
	*bytes = i.size;
	*place = i.placement == DRM_WEFT_PLACE_SYSTEM ? WEFT_PLACE_HOST : WEFT_PLACE_LOCAL;
	*cells = i.flags & DRM_WEFT_GEM_SEM;
	*access = i.rights & DRM_WEFT_RIGHT_READ ? WEFT_ACCESS_READ : 0u;
	if (*cells)
		*access |= i.rights & DRM_WEFT_RIGHT_SEM && i.rights & DRM_WEFT_RIGHT_WRITE ? WEFT_ACCESS_SIGNAL : 0u;
	else
		*access |= i.rights & DRM_WEFT_RIGHT_WRITE ? WEFT_ACCESS_WRITE : 0u;
	return 0;
}

static int sys_vm_create(int fd, bool lr, uint32_t *vm)
{
	struct drm_weft_vm_create c = { .type = lr ? DRM_WEFT_VM_LR : DRM_WEFT_VM_FENCE };
	int ret = call(fd, DRM_IOCTL_WEFT_VM_CREATE, &c);

	if (!ret)
		*vm = c.vm_id;
	return ret;
}

static int sys_vm_destroy(int fd, uint32_t vm)
{
	struct drm_weft_vm_destroy d = { .vm_id = vm };

	return call(fd, DRM_IOCTL_WEFT_VM_DESTROY, &d);
}

static int sys_bind(int fd, uint32_t vm, uint32_t handle, uint64_t va, uint64_t bytes, uint32_t access)
{
	struct drm_weft_vm_bind b = {
		.vm_id = vm, .op = DRM_WEFT_BIND_MAP, .handle = handle, .va = va, .range = bytes,
	};

	b.flags |= access & WEFT_ACCESS_READ ? DRM_WEFT_BIND_READ : 0;
	b.flags |= access & WEFT_ACCESS_WRITE ? DRM_WEFT_BIND_WRITE : 0;
	b.flags |= access & WEFT_ACCESS_SIGNAL ? DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM : 0;
	b.flags |= access & WEFT_ACCESS_CELL ? DRM_WEFT_BIND_SEM : 0;
	return call(fd, DRM_IOCTL_WEFT_VM_BIND, &b);
}

static int sys_unbind(int fd, uint32_t vm, uint64_t va, uint64_t bytes)
{
	struct drm_weft_vm_bind b = { .vm_id = vm, .op = DRM_WEFT_BIND_UNMAP, .va = va, .range = bytes };

	return call(fd, DRM_IOCTL_WEFT_VM_BIND, &b);
}

static int sys_queue_create(int fd, uint32_t vm, const struct weft_queue_config *config, uint32_t *queue)
{
	struct drm_weft_queue_create c = {
		.vm_id = vm,
		.band = config->priority ? config->priority - 1 : DRM_WEFT_BAND_NORMAL,
		.max_jobs = config->max_jobs,
		.run_limit_ms = config->run_limit_ms,
	};
	int ret = call(fd, DRM_IOCTL_WEFT_QUEUE_CREATE, &c);

	if (!ret)
		*queue = c.queue_id;
	return ret;
}

static int sys_queue_destroy(int fd, uint32_t queue)
{
	struct drm_weft_queue_destroy d = { .queue_id = queue };

	return call(fd, DRM_IOCTL_WEFT_QUEUE_DESTROY, &d);
}

static int sys_queue_status(int fd, uint32_t queue, struct weft_queue_status *status, uint64_t *fault_list)
{
	struct drm_weft_queue_state s = { .queue_id = queue };
	int ret = call(fd, DRM_IOCTL_WEFT_QUEUE_STATE, &s);

	if (ret)
		return ret;
	status->run = s.run;
	status->cause = s.cause;
	status->fault_packet = s.fault_packet;
	status->fault_op = s.fault_op;
	status->faults = s.faults;
	status->fault_address = s.fault_va;
	status->retired = s.retired;
	status->busy_ns = s.busy_ns;
	*fault_list = s.fault_list;
	return 0;
}

static int sys_submit(int fd, const struct weft_sys_submit *submit)
{
	struct drm_weft_sync syncs[WEFT_SYS_MAX_SYNCS];
	struct drm_weft_submit s = {
		.queue_id = submit->queue,
		.list = submit->list,
		.table = submit->table,
		.num_packets = submit->num_packets,
		.num_operands = submit->num_operands,
		.num_syncs = submit->num_syncs,
		.syncs = (uintptr_t)syncs,
	};

	if (submit->num_syncs > WEFT_SYS_MAX_SYNCS)
		return -EINVAL;
	for (uint32_t i = 0; i < submit->num_syncs; i++)
		syncs[i] = (struct drm_weft_sync) {
			.handle = submit->syncs[i].handle,
			.flags = submit->syncs[i].signal ? DRM_WEFT_SYNC_SIGNAL : DRM_WEFT_SYNC_WAIT,
			.point = submit->syncs[i].value,
		};
	return call(fd, DRM_IOCTL_WEFT_SUBMIT, &s);
}

static int sys_user_queue_create(int fd, struct weft_sys_user_queue *q)
{
	struct drm_weft_will *wills = NULL;
	struct drm_weft_user_queue_create c = {
		.vm_id = q->vm, .band = q->band, .flags = q->wait_stops ? DRM_WEFT_USER_QUEUE_WAIT_STOPS : 0u,
		.ring_log2 = q->ring_log2, .ring = q->ring, .ctl = q->ctl, .run_limit_ns = q->run_limit_ns,
		.wait_limit_ns = q->wait_limit_ns, .weight = q->weight, .num_wills = q->num_wills,
	};
	int ret;

	c.flags |= q->trace ? DRM_WEFT_USER_QUEUE_TRACE : 0u;
	memcpy(c.name, q->name, strnlen(q->name, sizeof(c.name)));
	if (q->num_wills) {
		wills = calloc(q->num_wills, sizeof(*wills));
		if (!wills)
			return -ENOMEM;
		for (uint32_t i = 0; i < q->num_wills; i++)
			wills[i] = (struct drm_weft_will) {
				.handle = q->wills[i].handle, .id = q->wills[i].id, .offset = q->wills[i].offset,
			};
		c.wills = (uintptr_t)wills;
	}
	ret = call(fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &c);
	free(wills);
	if (ret)
		return ret;
	q->id = c.queue_id;
	ret = map(fd, c.doorbell_offset, WEFT_SYS_PAGE, PROT_WRITE, &q->doorbell);
	if (!ret)
		ret = map(fd, c.state_offset, WEFT_SYS_PAGE, PROT_READ, &q->state);
	if (ret && q->doorbell)
		munmap(q->doorbell, WEFT_SYS_PAGE);
	if (ret)
		sys_queue_destroy(fd, c.queue_id);
	return ret;
}

static int sys_kick(int fd, uint32_t handle, uint64_t offset)
{
	struct drm_weft_kick k = { .handle = handle, .offset = offset };

	return call(fd, DRM_IOCTL_WEFT_KICK, &k);
}

static int sys_cell_wait(int fd, uint32_t handle, uint64_t offset, uint64_t value, uint64_t timeout_ns,
			 struct weft_cell_state *state)
{
	struct drm_weft_cell_wait w = { .handle = handle, .offset = offset, .value = value, .timeout_ns = timeout_ns };
	int ret = call(fd, DRM_IOCTL_WEFT_CELL_WAIT, &w);

	if (!ret)
		*state = (struct weft_cell_state) { .value = w.value, .end = w.end, .fault = w.fault };
	return ret;
}

static int sys_sync_create(int fd, uint32_t *handle)
{
	return wrapped(drmSyncobjCreate(fd, 0, handle));
}

static int sys_sync_destroy(int fd, uint32_t handle)
{
	return wrapped(drmSyncobjDestroy(fd, handle));
}

static int sys_sync_export(int fd, uint32_t handle, int *sync_fd)
{
	return wrapped(drmSyncobjHandleToFD(fd, handle, sync_fd));
}

static int sys_sync_import(int fd, int sync_fd, uint32_t *handle)
{
	return wrapped(drmSyncobjFDToHandle(fd, sync_fd, handle));
}

static int sys_sync_signal(int fd, uint32_t handle, uint64_t value)
{
	return wrapped(drmSyncobjTimelineSignal(fd, &handle, &value, 1));
}

static int sys_sync_value(int fd, uint32_t handle, uint64_t *value)
{
	return wrapped(drmSyncobjQuery(fd, &handle, value, 1));
}

static int sys_sync_wait(int fd, uint32_t handle, uint64_t value, uint64_t deadline_ns)
{
	int64_t until = deadline_ns > INT64_MAX ? INT64_MAX : (int64_t)deadline_ns;

	return wrapped(drmSyncobjTimelineWait(fd, &handle, &value, 1, until, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL |
					      DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL));
}

const struct weft_sys weft_sys_kernel = {
	.uapi = DRM_WEFT_UAPI_MAJOR << 16 | DRM_WEFT_UAPI_MINOR,
	.scan = sys_scan,
	.open = sys_open,
	.close = sys_close,
	.device = sys_device,
	.memory = sys_memory,
	.quota = sys_quota,
	.engines = sys_engines,
	.counters = sys_counters,
	.stats = sys_stats,
	.clock = sys_clock,
	.peer = sys_peer,
	.gem_create = sys_gem_create,
	.gem_create_cells = sys_gem_create_cells,
	.gem_close = sys_gem_close,
	.gem_map = sys_gem_map,
	.gem_map_arm = sys_gem_map_arm,
	.unmap = sys_unmap,
	.gem_export = sys_gem_export,
	.gem_import = sys_gem_import,
	.user_dmabuf = weft_sys_user_dmabuf,
	.gem_info = sys_gem_info,
	.vm_create = sys_vm_create,
	.vm_destroy = sys_vm_destroy,
	.bind = sys_bind,
	.unbind = sys_unbind,
	.queue_create = sys_queue_create,
	.queue_destroy = sys_queue_destroy,
	.queue_status = sys_queue_status,
	.submit = sys_submit,
	.user_queue_create = sys_user_queue_create,
	.kick = sys_kick,
	.cell_wait = sys_cell_wait,
	.uring_submit = weft_sys_uring_submit,
	.uring_cell_wait = weft_sys_uring_cell_wait,
	.uring_cell_state = weft_sys_uring_cell_state,
	.uring_want = weft_sys_uring_want,
	.uring_cell_wait_many = weft_sys_uring_cell_wait_many,
	.uring_want_state = weft_sys_uring_want_state,
	.uring_cancel = weft_sys_uring_cancel,
	.sync_create = sys_sync_create,
	.sync_destroy = sys_sync_destroy,
	.sync_export = sys_sync_export,
	.sync_import = sys_sync_import,
	.sync_signal = sys_sync_signal,
	.sync_value = sys_sync_value,
	.sync_wait = sys_sync_wait,
};
