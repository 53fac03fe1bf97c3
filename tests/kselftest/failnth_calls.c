// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Every ioctl of the driver, and the other calls that reach it: open, mmap, and those of DRM about handles. */
#include "failnth.h"
#include "ks_bind.h"

#include <sys/eventfd.h>

/* With failures off: what a call returned that destroys; the same call `again` must work if and only if it failed. */
static int destroyed(int r, int again)
{
	return again == (r ? 0 : -ENOENT) ? r : -EIO;
}

static int t_query(struct fn_state *s)
{
	uint64_t answer[512];
	struct drm_weft_query query = {
		.what = s->arg, .index = s->arg == DRM_WEFT_QUERY_COUNTERS ? s->rig.vm : 0,
		.size = sizeof(answer), .ptr = (uintptr_t)answer,
	};

	return ks_ioctl(s->rig.fd, DRM_IOCTL_WEFT_QUERY, &query);
}

static int t_open(struct fn_state *s)
{
	int fd = ks_open(0);

	(void)s;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int gem_create(struct fn_state *s, uint64_t size, uint32_t placement, uint32_t flags)
{
	uint32_t handle;
	int r = ks_gem_create(s->rig.fd, size, placement, flags, &handle), left = fn_pause();

	if (!r)
		ks_gem_close(s->rig.fd, handle);
	fn_resume(left);
	return r;
}

static int t_gem_create(struct fn_state *s)
{
	return gem_create(s, 1 << 20, s->arg, 0);
}

static int t_gem_sem(struct fn_state *s)
{
	return gem_create(s, 3 * 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM);
}

/* Bound, so that closing the handle is not all. */
static int t_gem_close(struct fn_state *s)
{
	uint32_t handle;
	int left = fn_pause(), r, unbound;

	r = ks_gem_create(s->rig.fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle);
	if (!r)
		r = ks_bind(s->rig.fd, s->vm, handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	if (r)
		return r;
	fn_resume(left);
	r = ks_gem_close(s->rig.fd, handle);
	left = fn_pause();
	if (r)
		ks_gem_close(s->rig.fd, handle);
	unbound = ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	fn_resume(left);
	return r ? r : unbound;
}

static int t_gem_info(struct fn_state *s)
{
	struct drm_weft_gem_info info;

	return ks_gem_info(s->rig.fd, s->handle, &info);
}

static int t_export(struct fn_state *s)
{
	int fd, r = ks_export(s->rig.fd, s->handle, DRM_WEFT_RIGHT_READ, &fd);

	if (!r)
		close(fd);
	return r;
}

static int t_export_import(struct fn_state *s)
{
	uint32_t imported;
	int fd, left, r = ks_export(s->rig.fd, s->handle, DRM_WEFT_RIGHT_READ, &fd);

	if (r)
		return r;
	r = ks_import(s->rig.fd, fd, &imported);
	left = fn_pause();
	close(fd);
	if (!r)
		ks_gem_close(s->rig.fd, imported);
	fn_resume(left);
	return r;
}

/* Of memory that is not this card's; what a card exported comes back as an alias instead. */
static int t_import(struct fn_state *s)
{
	uint32_t imported;
	int r = ks_import(s->rig.fd, s->foreign[s->arg], &imported), left = fn_pause();

	if (!r)
		ks_gem_close(s->rig.fd, imported);
	fn_resume(left);
	return r;
}

static int t_vm_create(struct fn_state *s)
{
	uint32_t vm;
	int r = ks_vm_create(s->rig.fd, &vm), left = fn_pause();

	if (!r)
		ks_vm_destroy(s->rig.fd, vm);
	fn_resume(left);
	return r;
}

static int t_vm_destroy(struct fn_state *s)
{
	uint32_t vm;
	int left = fn_pause(), r = ks_vm_create(s->rig.fd, &vm);

	if (!r)
		r = ks_bind(s->rig.fd, vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	if (r)
		return r;
	fn_resume(left);
	r = ks_vm_destroy(s->rig.fd, vm);
	left = fn_pause();
	r = destroyed(r, ks_vm_destroy(s->rig.fd, vm));
	fn_resume(left);
	return r;
}

static int t_bind(struct fn_state *s)
{
	int left, r = ks_bind(s->rig.fd, s->vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);

	left = fn_pause();
	if (!r)
		ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	fn_resume(left);
	return r;
}

/* The import is there before: what is mapped of it for the card is mapped by one of the two. */
static int t_bind_import(struct fn_state *s)
{
	uint32_t imported;
	int left = fn_pause(), r = ks_import(s->rig.fd, s->foreign[s->arg], &imported);

	if (r)
		return r;
	fn_resume(left);
	r = ks_bind(s->rig.fd, s->vm, imported, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	left = fn_pause();
	if (!r)
		r = ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	ks_gem_close(s->rig.fd, imported);
	fn_resume(left);
	return r;
}

static int t_unbind_split(struct fn_state *s)
{
	int left, r;

	left = fn_pause();
	r = ks_bind(s->rig.fd, s->vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	if (r)
		return r;
	fn_resume(left);
	r = ks_unbind(s->rig.fd, s->vm, 0x123410000ULL, 4096);
	left = fn_pause();
	ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	fn_resume(left);
	return r;
}

/* All that can fail does so in the call; what it puts in order is done. */
static int t_bind_async(struct fn_state *s)
{
	struct drm_weft_sync syncs[2] = {
		{ .handle = s->rig.sync, .point = s->rig.point },
		{ .handle = s->rig.status[0], .flags = DRM_WEFT_SYNC_SIGNAL },
	};
	struct drm_weft_vm_bind args = ks_map_args(s->vm, s->arg ? 0 : s->handle, 0x123400000ULL, 1 << 20,
						   KS_ASYNC | (s->arg ? KS_SPARSE : KS_RW));
	int r = ks_vm_bind(s->rig.fd, ks_with_syncs(args, syncs, 2)), left = fn_pause(), flushed;

	flushed = ks_flush_binds(s->rig.fd, s->vm);
	ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	fn_resume(left);
	return r ? r : flushed;
}

static int t_bind_told(struct fn_state *s)
{
	struct drm_weft_vm_bind args = ks_map_args(s->uq.vm, 0, 0x123400000ULL, 1 << 20, KS_ASYNC | KS_SPARSE);
	int r, left, event = -1;

	args.done = s->arg;
	args.done_handle = s->uq.cells_handle;
	args.done_offset = s->arg == DRM_WEFT_BIND_DONE_CELL ? 1024 : 0;
	if (s->arg == DRM_WEFT_BIND_DONE_EVENTFD) {
		left = fn_pause();
		event = args.done_handle = eventfd(0, 0);
		fn_resume(left);
	}
	r = ks_vm_bind(s->uq.fd, args);
	left = fn_pause();
	ks_unbind(s->uq.fd, s->uq.vm, 0x123400000ULL, 1 << 20);
	if (event >= 0)
		close(event);
	fn_resume(left);
	return r;
}

static int t_flush(struct fn_state *s)
{
	return ks_flush_binds(s->rig.fd, s->vm);
}

static int t_queue_create(struct fn_state *s)
{
	uint32_t queue;
	int r = ks_queue_create(s->rig.fd, s->rig.vm, 0, &queue), left = fn_pause();

	if (!r)
		ks_queue_destroy(s->rig.fd, queue);
	fn_resume(left);
	return r;
}

static int t_queue_destroy(struct fn_state *s)
{
	uint32_t queue;
	int left = fn_pause(), r = ks_queue_create(s->rig.fd, s->rig.vm, 0, &queue);

	if (r)
		return r;
	fn_resume(left);
	r = ks_queue_destroy(s->rig.fd, queue);
	left = fn_pause();
	r = destroyed(r, ks_queue_destroy(s->rig.fd, queue));
	fn_resume(left);
	return r;
}

static int t_queue_state(struct fn_state *s)
{
	struct drm_weft_queue_state state;

	return ks_queue_state(s->rig.fd, s->rig.queue, &state);
}

static int t_submit(struct fn_state *s)
{
	int left, r;

	memset(&s->rig.list[0], 0, 64);
	r = ks_rig_submit(&s->rig, 1, 0);
	left = fn_pause();
	if (!r)
		r = ks_rig_wait(&s->rig);
	fn_resume(left);
	return r;
}

static int t_peer(struct fn_state *s)
{
	struct drm_weft_query_peer query = { 0 };
	int left = fn_pause(), r;

	query.peer_fd = ks_open(ks_cards() - 1);
	fn_resume(left);
	r = ks_ioctl(s->rig.fd, DRM_IOCTL_WEFT_QUERY_PEER, &query);
	left = fn_pause();
	close(query.peer_fd);
	fn_resume(left);
	return r;
}

/* The cell is poisoned by each queue that ends, which another will does not mind. */
static int start_with_will(struct fn_state *s)
{
	struct drm_weft_will will = { .handle = s->uq.cells_handle, .id = 1, .offset = 4064 };

	s->uq.queue = 0;
	return ks_uq_start(&s->uq, &will, 1);
}

int fn_user_queue(struct fn_state *s)
{
	static struct drm_weft_will wills[FN_MANY_WILLS];
	int r, left;

	for (uint32_t i = 0; i < s->arg; i++)
		wills[i] = (struct drm_weft_will){ .handle = s->uq.cells_handle, .id = i, .offset = 4064 };
	s->uq.queue = 0;
	r = ks_uq_start(&s->uq, wills, s->arg);
	left = fn_pause();

	if (!r || s->uq.queue)
		ks_uq_stop(&s->uq);
	fn_resume(left);
	return r;
}

static int t_user_queue_destroy(struct fn_state *s)
{
	int left = fn_pause(), r = start_with_will(s);

	if (r)
		return r;
	fn_resume(left);
	r = ks_uq_stop(&s->uq);
	left = fn_pause();
	r = destroyed(r, ks_queue_destroy(s->uq.fd, s->uq.queue));
	fn_resume(left);
	return r;
}

static int t_user_queue_state(struct fn_state *s)
{
	struct drm_weft_queue_state state;
	int left = fn_pause(), r = start_with_will(s);

	if (r)
		return r;
	fn_resume(left);
	r = ks_queue_state(s->uq.fd, s->uq.queue, &state);
	left = fn_pause();
	ks_uq_stop(&s->uq);
	fn_resume(left);
	return r;
}

static int t_kick(struct fn_state *s)
{
	return ks_kick(s->uq.fd, s->uq.cells_handle, 0);
}

static int t_queue_idle(struct fn_state *s)
{
	struct drm_weft_queue_idle arg = { };
	int left = fn_pause(), r = start_with_will(s);

	if (r)
		return r;
	arg.queue_id = s->uq.queue;
	fn_resume(left);
	r = ks_ioctl(s->uq.fd, DRM_IOCTL_WEFT_QUEUE_IDLE, &arg);
	left = fn_pause();
	ks_uq_stop(&s->uq);
	fn_resume(left);
	return r;
}

static int t_cell_wait(struct fn_state *s)
{
	int r = ks_cell_wait(s->uq.fd, s->uq.cells_handle, 0, 1, 1000000, NULL);

	return r == -ETIME ? 0 : r;
}

static int t_mmap(struct fn_state *s)
{
	volatile uint8_t *p = ks_gem_map(s->rig.fd, s->handle, PROT_READ);

	if (p == MAP_FAILED)
		return -ENOMEM;
	munmap((void *)p, 1 << 20);
	return 0;
}

const struct fn_target fn_calls[] = {
	{ "open", FN_NO_NUMBER, t_open, 0, 8, false },
	{ "QUERY of the device", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_DEVICE, 0, false },
	{ "QUERY of memory", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_MEMORY, 0, false },
	{ "QUERY of engines", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_ENGINES, 1, false },
	{ "QUERY of counters", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_COUNTERS, 1, false },
	{ "QUERY of quotas", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_QUOTAS, 0, false },
	{ "QUERY of the clock", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_CLOCK, 0, false },
	{ "QUERY of statistics", DRM_WEFT_QUERY, t_query, DRM_WEFT_QUERY_STATS, 0, false },
	{ "GEM_CREATE local", DRM_WEFT_GEM_CREATE, t_gem_create, DRM_WEFT_PLACE_LOCAL, 4, false },
	{ "GEM_CREATE system", DRM_WEFT_GEM_CREATE, t_gem_create, DRM_WEFT_PLACE_SYSTEM, 50, false },
	{ "GEM_CREATE of cells", DRM_WEFT_GEM_CREATE, t_gem_sem, 0, 12, false },
	{ "GEM_CLOSE", FN_NO_NUMBER, t_gem_close, 0, 0, false },
	{ "GEM_INFO", DRM_WEFT_GEM_INFO, t_gem_info, 0, 0, false },
	{ "GEM_EXPORT", DRM_WEFT_GEM_EXPORT, t_export, 0, 6, false },
	{ "GEM_EXPORT, and PRIME import into the same card", FN_NO_NUMBER, t_export_import, 0, 10, false },
	{ "PRIME import of a peer's memory", FN_NO_NUMBER, t_import, FN_PEER, 6, false },
	{ "PRIME import of a udmabuf", FN_NO_NUMBER, t_import, FN_UDMABUF, 6, false },
	{ "mmap", FN_NO_NUMBER, t_mmap, 0, 3, false },
	{ "VM_CREATE", DRM_WEFT_VM_CREATE, t_vm_create, 0, 5, false },
	{ "VM_DESTROY", DRM_WEFT_VM_DESTROY, t_vm_destroy, 0, 0, false },
	{ "VM_BIND map", DRM_WEFT_VM_BIND, t_bind, 0, 8, false },
	{ "VM_BIND map of a peer's memory", DRM_WEFT_VM_BIND, t_bind_import, FN_PEER, 6, false },
	{ "VM_BIND map of a udmabuf", DRM_WEFT_VM_BIND, t_bind_import, FN_UDMABUF, 6, false },
	{ "VM_BIND unmap", DRM_WEFT_VM_BIND, t_unbind_split, 0, 8, false },
	{ "VM_BIND asynchronous, with syncobjs", DRM_WEFT_VM_BIND, t_bind_async, 0, 10, false },
	{ "VM_BIND asynchronous and sparse", DRM_WEFT_VM_BIND, t_bind_async, 1, 10, false },
	{ "VM_BIND told by an eventfd", DRM_WEFT_VM_BIND, t_bind_told, DRM_WEFT_BIND_DONE_EVENTFD, 6, false },
	{ "VM_BIND told by a cell", DRM_WEFT_VM_BIND, t_bind_told, DRM_WEFT_BIND_DONE_CELL, 5, false },
	{ "VM_BIND flush", DRM_WEFT_VM_BIND, t_flush, 0, 1, false },
	{ "QUEUE_CREATE", DRM_WEFT_QUEUE_CREATE, t_queue_create, 0, 10, false },
	{ "QUEUE_DESTROY", DRM_WEFT_QUEUE_DESTROY, t_queue_destroy, 0, 0, false },
	{ "QUEUE_STATE", DRM_WEFT_QUEUE_STATE, t_queue_state, 0, 1, false },
	{ "QUEUE_STATE of a user queue", DRM_WEFT_QUEUE_STATE, t_user_queue_state, 0, 1, false },
	{ "SUBMIT", DRM_WEFT_SUBMIT, t_submit, 0, 6, false },
	{ "QUERY_PEER", DRM_WEFT_QUERY_PEER, t_peer, 0, 20, false },
	{ "USER_QUEUE_CREATE and its mappings", DRM_WEFT_USER_QUEUE_CREATE, fn_user_queue, 0, 10, false },
	{ "USER_QUEUE_CREATE with a will", DRM_WEFT_USER_QUEUE_CREATE, fn_user_queue, 1, 14, false },
	{ "USER_QUEUE_CREATE with many wills", DRM_WEFT_USER_QUEUE_CREATE, fn_user_queue, FN_MANY_WILLS, 14, false },
	{ "QUEUE_DESTROY of a user queue", DRM_WEFT_QUEUE_DESTROY, t_user_queue_destroy, 0, 1, false },
	{ "KICK", DRM_WEFT_KICK, t_kick, 0, 0, false },
	{ "CELL_WAIT", DRM_WEFT_CELL_WAIT, t_cell_wait, 0, 0, false },
	{ "QUEUE_IDLE", DRM_WEFT_QUEUE_IDLE, t_queue_idle, 0, 0, false },
	{ }
};
