/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake_card.h"

struct fake fake;
struct fake_state fs = { .lock = PTHREAD_MUTEX_INITIALIZER };

void fake_reset(int cards)
{
	fake = (struct fake) { .cards = cards };
	fs.used_bytes[0] = fs.used_bytes[1] = fs.used_bytes[2] = fs.used_bytes[3] = 0;
	if (!fs.cond_ready) {
		pthread_condattr_t attr;

		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&fs.signalled, &attr);
		fs.cond_ready = true;
	}
}

int fake_live(void)
{
	return fs.live;
}

/* Enter a call that may be told to fail. */
int fake_enter(void)
{
	pthread_mutex_lock(&fs.lock);
	fake.calls++;
	if (++fake.fallible == fake.fail_at) {
		pthread_mutex_unlock(&fs.lock);
		return -ENOMEM;
	}
	return 0;
}

int fake_leave(int ret)
{
	pthread_mutex_unlock(&fs.lock);
	return ret;
}

/* Calls that undo: they never fail. */
void fake_enter_undo(void)
{
	pthread_mutex_lock(&fs.lock);
	fake.calls++;
}

struct fake_fd *fake_fd_of(int fd, enum fake_kind kind)
{
	fd -= FAKE_FD;
	if (fd < 0 || fd >= FAKE_MAX || fs.fd[fd].kind != kind)
		abort();	/* the library used a descriptor it does not have */
	return &fs.fd[fd];
}

int fake_fd_new(enum fake_kind kind)
{
	for (int i = 0; i < FAKE_MAX; i++)
		if (!fs.fd[i].kind) {
			memset(&fs.fd[i], 0, sizeof(fs.fd[i]));
			fs.fd[i].kind = kind;
			fs.live++;
			return i + FAKE_FD;
		}
	return -EMFILE;
}

void fake_obj_put(struct fake_obj *o)
{
	if (--o->refs)
		return;
	if (o->place == WEFT_PLACE_LOCAL)
		fs.used_bytes[o->card] -= o->bytes;
	if (!o->lent)
		free(o->mem);
	free(o);
	fs.live--;
}

static void sync_put(struct fake_sync *s)
{
	if (--s->refs)
		return;
	free(s);
	fs.live--;
}

static int sys_scan(char (*paths)[WEFT_NAME_BYTES], int max)
{
	fake.scans++;
	for (int i = 0; i < fake.cards && i < max; i++)	/* not in PCI order */
		snprintf(paths[i], WEFT_NAME_BYTES, "fake%d", fake.cards - 1 - i);
	return fake.cards < max ? fake.cards : max;
}

static int sys_open(const char *path)
{
	int ret = fake_enter();

	if (ret)
		return ret;
	ret = fake_fd_new(FAKE_FILE);
	if (ret >= 0)
		fake_fd_of(ret, FAKE_FILE)->card = atoi(path + 4);
	return fake_leave(ret);
}

static void sys_close(int fd)
{
	struct fake_fd *f = &fs.fd[fd - FAKE_FD];

	fake_enter_undo();
	if (!f->kind)
		abort();
	if (f->kind == FAKE_DMABUF)
		fake_obj_put(f->obj);
	if (f->kind == FAKE_SYNCFD)
		sync_put(f->sync);
	for (int i = 0; f->kind == FAKE_FILE && i < FAKE_HANDLES; i++) {
		if (f->gem[i].obj) {
			fake_obj_put(f->gem[i].obj);
			fs.live--;
		}
		if (f->syncs[i]) {
			sync_put(f->syncs[i]);
			fs.live--;
		}
	}
	f->kind = FAKE_NONE;
	fs.live--;
	fake_leave(0);
}

static int sys_device(int fd, struct weft_device_info *info)
{
	int ret = fake_enter();
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	info->serial = (uint32_t)f->card;
	info->uapi = fake.uapi ? fake.uapi : fake_sys.uapi;
	info->pci = 0x100u + (uint32_t)f->card;
	info->p2p = !fake.no_p2p;
	info->num_engines = 1;
	return fake_leave(fake.uapi ? -EPROTO : 0);
}

uint64_t fake_lmem(void)
{
	return fake.lmem_bytes ? fake.lmem_bytes : 64ull << 20;
}

static int sys_memory(int fd, struct weft_memory_info *info)
{
	fake_enter_undo();
	info->total_bytes = info->quota_bytes = fake_lmem();
	info->used_bytes = fs.used_bytes[fake_fd_of(fd, FAKE_FILE)->card];
	info->free_bytes = info->largest_bytes = fake_lmem() - info->used_bytes;
	return fake_leave(0);
}

static int sys_engines(int fd, struct weft_engine *engines, uint32_t max)
{
	fake_enter_undo();
	fake_fd_of(fd, FAKE_FILE);
	if (max)
		engines[0] = (struct weft_engine) { .kinds = WEFT_ENGINE_KIND_COMPUTE, .width = 1 };
	return fake_leave(1);
}

static int sys_counters(int fd, uint32_t vm, struct weft_counter *counters, uint32_t max)
{
	fake_enter_undo();
	fake_fd_of(fd, FAKE_FILE);
	for (uint32_t i = 0; i < 2 && i < max; i++)
		counters[i] = (struct weft_counter) { .link = i, .read_bytes = 10 * (i + 1), .peer_serial = vm };
	return fake_leave(2);
}

static int sys_stats(int fd, struct weft_device_stats *stats)
{
	fake_enter_undo();
	fake_fd_of(fd, FAKE_FILE);
	stats->jobs = fake.submits;
	return fake_leave(0);
}

static int sys_clock(int fd, struct weft_clock *clock)
{
	fake_enter_undo();
	fake_fd_of(fd, FAKE_FILE);
	*clock = (struct weft_clock){ .host_ns = 30, .device_ns = 20, .error_ns = 10 };
	return fake_leave(0);
}

static int sys_peer(int fd, int peer_fd, struct weft_peer *peer)
{
	fake_enter_undo();
	if (fake_fd_of(fd, FAKE_FILE)->card == fake_fd_of(peer_fd, FAKE_FILE)->card)
		peer->reach = WEFT_REACH_SELF;
	else
		peer->reach = fake.no_p2p ? WEFT_REACH_NONE : WEFT_REACH_BUS;
	snprintf(peer->why, sizeof(peer->why), fake.no_p2p ? "the fake was told to refuse" : "the fake allows it");
	return fake_leave(0);
}

static int sys_vm_create(int fd, bool lr, uint32_t *vm)
{
	int ret = fake_enter();

	if (ret)
		return ret;
	if (lr)		/* this card has no user queues */
		return fake_leave(-EOPNOTSUPP);
	fake_fd_of(fd, FAKE_FILE)->vm = true;
	fs.live++;
	*vm = 1;
	return fake_leave(0);
}

static int sys_vm_destroy(int fd, uint32_t vm)
{
	struct fake_fd *f;

	fake_enter_undo();
	f = fake_fd_of(fd, FAKE_FILE);
	if (vm != 1 || !f->vm)
		abort();
	for (int i = 0; i < FAKE_HANDLES; i++)
		if (f->bind[i].bytes)
			abort();	/* the library unbinds what it bound */
	f->vm = false;
	fs.live--;
	return fake_leave(0);
}

static int sys_bind(int fd, uint32_t vm, uint32_t handle, uint64_t va, uint64_t bytes, uint32_t access)
{
	int ret = fake_enter(), at = -1;
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	if (vm != 1 || !f->vm || va % 4096 || bytes % 4096 || !va || va + bytes > 1ull << 47)
		return fake_leave(-EINVAL);
	if (!f->gem[handle].obj || (access & ~f->gem[handle].access) || bytes > f->gem[handle].obj->bytes)
		return fake_leave(-EACCES);
	for (int i = 0; i < FAKE_HANDLES; i++) {
		if (f->bind[i].bytes && va < f->bind[i].va + f->bind[i].bytes && f->bind[i].va < va + bytes)
			return fake_leave(-EEXIST);
		if (!f->bind[i].bytes)
			at = i;
	}
	f->bind[at] = (struct fake_bind) { va, bytes, access, f->gem[handle].obj };
	f->gem[handle].obj->refs++;
	return fake_leave(0);
}

static int sys_unbind(int fd, uint32_t vm, uint64_t va, uint64_t bytes)
{
	struct fake_fd *f;

	fake_enter_undo();
	f = fake_fd_of(fd, FAKE_FILE);
	for (int i = 0; vm == 1 && i < FAKE_HANDLES; i++)
		if (f->bind[i].bytes && f->bind[i].va == va && f->bind[i].bytes == bytes) {
			fake_obj_put(f->bind[i].obj);
			f->bind[i].bytes = 0;
			return fake_leave(0);
		}
	abort();
}

static int sys_queue_create(int fd, uint32_t vm, const struct weft_queue_config *config, uint32_t *queue)
{
	int ret = fake_enter();
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	if (config->priority == WEFT_PRIORITY_REALTIME)
		return fake_leave(-EACCES);
	for (uint32_t i = 1; vm == 1 && i < FAKE_QUEUES; i++)
		if (!f->queue[i].used) {
			memset(&f->queue[i], 0, sizeof(f->queue[i]));
			f->queue[i].used = true;
			fs.live++;
			*queue = i;
			return fake_leave(0);
		}
	return fake_leave(-EDQUOT);
}

static int sys_queue_destroy(int fd, uint32_t queue)
{
	struct fake_fd *f;

	fake_enter_undo();
	f = fake_fd_of(fd, FAKE_FILE);
	while (f->queue[queue].jobs)
		fake_end_job(&f->queue[queue]);
	f->queue[queue].used = false;
	fs.live--;
	fake_progress();
	return fake_leave(0);
}

static int sys_queue_status(int fd, uint32_t queue, struct weft_queue_status *status, uint64_t *fault_list)
{
	struct fake_queue *q;

	fake_enter_undo();
	q = &fake_fd_of(fd, FAKE_FILE)->queue[queue];
	status->cause = q->cause;
	status->fault_packet = q->fault_packet;
	status->faults = q->faults;
	status->fault_address = q->fault_va;
	*fault_list = q->fault_list;
	return fake_leave(0);
}

static int sys_submit(int fd, const struct weft_sys_submit *s)
{
	int ret = fake_enter();
	struct fake_job *job, **end;
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	if (!f->queue[s->queue].used || !s->num_packets || s->list % 64 || s->table % 32 ||
	    !s->num_operands != !s->table)
		return fake_leave(-EINVAL);
	job = calloc(1, sizeof(*job));
	job->list = s->list;
	job->table = s->table;
	job->num_packets = s->num_packets;
	job->num_operands = s->num_operands;
	job->num_syncs = s->num_syncs;
	for (uint32_t i = 0; i < s->num_syncs; i++) {
		job->sync[i].sync = f->syncs[s->syncs[i].handle];
		job->sync[i].signal = s->syncs[i].signal;
		job->sync[i].value = s->syncs[i].value;
		if (!job->sync[i].sync)
			abort();
		job->sync[i].sync->refs++;
	}
	for (end = &f->queue[s->queue].jobs; *end; end = &(*end)->next)
		;
	*end = job;
	fake.submits++;
	fake_progress();
	return fake_leave(0);
}

static int sync_new(struct fake_fd *f, struct fake_sync *s, uint32_t *handle)
{
	for (uint32_t i = 1; i < FAKE_HANDLES; i++)
		if (!f->syncs[i]) {
			f->syncs[i] = s;
			s->refs++;
			fs.live++;
			*handle = i;
			return 0;
		}
	return -ENOMEM;
}

static int sys_sync_create(int fd, uint32_t *handle)
{
	int ret = fake_enter();

	if (ret)
		return ret;
	fs.live++;
	return fake_leave(sync_new(fake_fd_of(fd, FAKE_FILE), calloc(1, sizeof(struct fake_sync)), handle));
}

static int sys_sync_destroy(int fd, uint32_t handle)
{
	struct fake_fd *f;

	fake_enter_undo();
	f = fake_fd_of(fd, FAKE_FILE);
	if (!f->syncs[handle])
		abort();
	sync_put(f->syncs[handle]);
	f->syncs[handle] = NULL;
	fs.live--;
	return fake_leave(0);
}

static int sys_sync_export(int fd, uint32_t handle, int *sync_fd)
{
	int ret = fake_enter();

	if (ret)
		return ret;
	*sync_fd = fake_fd_new(FAKE_SYNCFD);
	fake_fd_of(*sync_fd, FAKE_SYNCFD)->sync = fake_fd_of(fd, FAKE_FILE)->syncs[handle];
	fake_fd_of(*sync_fd, FAKE_SYNCFD)->sync->refs++;
	return fake_leave(0);
}

static int sys_sync_import(int fd, int sync_fd, uint32_t *handle)
{
	int ret = fake_enter();

	return ret ? ret : fake_leave(sync_new(fake_fd_of(fd, FAKE_FILE), fake_fd_of(sync_fd, FAKE_SYNCFD)->sync, handle));
}

static int sys_sync_signal(int fd, uint32_t handle, uint64_t value)
{
	fake_enter_undo();
	fake_fd_of(fd, FAKE_FILE)->syncs[handle]->value = value;
	fake_progress();
	pthread_cond_broadcast(&fs.signalled);
	return fake_leave(0);
}

static int sys_sync_value(int fd, uint32_t handle, uint64_t *value)
{
	fake_enter_undo();
	*value = fake_fd_of(fd, FAKE_FILE)->syncs[handle]->value;
	return fake_leave(0);
}

static int sys_sync_wait(int fd, uint32_t handle, uint64_t value, uint64_t deadline_ns)
{
	struct timespec t = {
		.tv_sec = (time_t)(deadline_ns / 1000000000u), .tv_nsec = (long)(deadline_ns % 1000000000u),
	};
	struct fake_sync *s;
	int ret = 0;

	fake_enter_undo();
	s = fake_fd_of(fd, FAKE_FILE)->syncs[handle];
	while (s->value < value && !ret)
		ret = pthread_cond_timedwait(&fs.signalled, &fs.lock, &t) == ETIMEDOUT ? -ETIME : 0;
	return fake_leave(s->value < value ? ret : 0);
}

void fake_release(void)
{
	fake_enter_undo();
	fake.hold = false;
	fake_progress();
	fake_leave(0);
}

const struct weft_sys fake_sys = {
	.uapi = 1,
	.scan = sys_scan, .open = sys_open, .close = sys_close, .device = sys_device, .memory = sys_memory,
	.engines = sys_engines, .counters = sys_counters, .stats = sys_stats, .clock = sys_clock, .peer = sys_peer,
	.gem_create = fake_gem_create, .gem_close = fake_gem_close, .gem_map = fake_gem_map, .unmap = fake_unmap,
	.gem_export = fake_gem_export, .gem_import = fake_gem_import, .gem_info = fake_gem_info,
	.user_dmabuf = fake_user_dmabuf,
	.vm_create = sys_vm_create,
	.vm_destroy = sys_vm_destroy, .bind = sys_bind, .unbind = sys_unbind, .queue_create = sys_queue_create,
	.queue_destroy = sys_queue_destroy, .queue_status = sys_queue_status, .submit = sys_submit,
	.sync_create = sys_sync_create, .sync_destroy = sys_sync_destroy, .sync_export = sys_sync_export,
	.sync_import = sys_sync_import, .sync_signal = sys_sync_signal, .sync_value = sys_sync_value,
	.sync_wait = sys_sync_wait,
};
