// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Every call with the type of each field: ioctls of the driver and those of DRM that it needs, uring commands, the rest. */
#include "kf.h"

#define AT(s, m)	offsetof(struct s, m), sizeof(((struct s *)0)->m)
#define POOL(s, m, p)	{ AT(s, m), KF_T_POOL, p }
#define F(s, m, t, l)	{ AT(s, m), KF_T_##t, l }
#define ZERO(s, m)	{ AT(s, m), KF_T_ZERO, 1 }
#define OUT(s, m, p)	{ AT(s, m), p }
#define ARRAY(s, i, m)	(KF_ARRAY + (i) * sizeof(struct s) + offsetof(struct s, m)), sizeof(((struct s *)0)->m)
#define OWN(t, l)	{ 0, 0, KF_T_##t, l }

#define SYNC(i) \
	{ ARRAY(drm_weft_sync, i, handle), KF_T_POOL, KF_SYNC }, { ARRAY(drm_weft_sync, i, flags), KF_T_FLAGS, 1 }, \
	{ ARRAY(drm_weft_sync, i, point), KF_T_POINT, 4 }
#define WANT(i) \
	{ ARRAY(drm_weft_cell_want, i, handle), KF_T_POOL, KF_HANDLE }, \
	{ ARRAY(drm_weft_cell_want, i, pad), KF_T_ZERO, 1 }, { ARRAY(drm_weft_cell_want, i, offset), KF_T_CELL, 1 }, \
	{ ARRAY(drm_weft_cell_want, i, value), KF_T_POINT, 4 }
#define WILL(i) \
	{ ARRAY(drm_weft_will, i, handle), KF_T_POOL, KF_HANDLE }, { ARRAY(drm_weft_will, i, id), KF_T_ANY, 1 }, \
	{ ARRAY(drm_weft_will, i, offset), KF_T_CELL, 1 }

#define FIELDS_SUBMIT \
	POOL(drm_weft_submit, queue_id, KF_QUEUE), ZERO(drm_weft_submit, flags), F(drm_weft_submit, list, VA, 1), \
	F(drm_weft_submit, table, VA, 0), F(drm_weft_submit, num_packets, COUNT, DRM_WEFT_MAX_PACKETS), \
	F(drm_weft_submit, num_operands, COUNT, 2), F(drm_weft_submit, num_syncs, COUNT, 2), \
	ZERO(drm_weft_submit, pad), F(drm_weft_submit, syncs, POINTER, 1), SYNC(0), SYNC(1)
#define FIELDS_BIND \
	POOL(drm_weft_vm_bind, vm_id, KF_VM), F(drm_weft_vm_bind, op, ENUM, 2), F(drm_weft_vm_bind, flags, FLAGS, 0x1f), \
	POOL(drm_weft_vm_bind, handle, KF_HANDLE), F(drm_weft_vm_bind, offset, PAGES, 4), \
	F(drm_weft_vm_bind, va, VA, 1), F(drm_weft_vm_bind, range, PAGES, 16), \
	F(drm_weft_vm_bind, num_syncs, COUNT, 2), F(drm_weft_vm_bind, done, ENUM, 2), \
	F(drm_weft_vm_bind, syncs, POINTER, 1), POOL(drm_weft_vm_bind, done_handle, KF_HANDLE), \
	F(drm_weft_vm_bind, done_id, ANY, 1), F(drm_weft_vm_bind, done_offset, CELL, 1), \
	F(drm_weft_vm_bind, done_value, POINT, 4), SYNC(0), SYNC(1)
#define FIELDS_QUEUE \
	POOL(drm_weft_queue_create, vm_id, KF_VM), F(drm_weft_queue_create, band, ENUM, 3), \
	ZERO(drm_weft_queue_create, flags), F(drm_weft_queue_create, max_jobs, COUNT, 1024), \
	F(drm_weft_queue_create, run_limit_ms, COUNT, 600), ZERO(drm_weft_queue_create, queue_id)
#define FIELDS_WAIT \
	POOL(drm_weft_cell_wait, handle, KF_HANDLE), ZERO(drm_weft_cell_wait, flags), \
	F(drm_weft_cell_wait, offset, CELL, 1), F(drm_weft_cell_wait, value, POINT, 4), \
	F(drm_weft_cell_wait, timeout_ns, TIME, 1)
#define HEAD	OWN(POOL, KF_RING), OWN(FLAGS, 3), OWN(COUNT, 255)
#define URING(n, op, s, w, ...) \
	{ .name = n, .kind = KF_URING, .request = op, .size = sizeof(struct s), .weight = w, .field = { HEAD, __VA_ARGS__ } }

const struct kf_desc kf_table[] = {
	{ .name = "query", .request = DRM_IOCTL_WEFT_QUERY, .weight = 2, .field = {
		F(drm_weft_query, what, ENUM, 5), POOL(drm_weft_query, index, KF_VM),
		F(drm_weft_query, size, COUNT, 512), ZERO(drm_weft_query, pad), F(drm_weft_query, ptr, POINTER, 1) } },
	{ .name = "gem_create", .request = DRM_IOCTL_WEFT_GEM_CREATE, .weight = 10, .field = {
		F(drm_weft_gem_create, size, SIZE, 1), F(drm_weft_gem_create, placement, ENUM, 1),
		F(drm_weft_gem_create, flags, FLAGS, 1), ZERO(drm_weft_gem_create, pad) },
	  .output = { OUT(drm_weft_gem_create, handle, KF_HANDLE) } },
	{ .name = "gem_info", .request = DRM_IOCTL_WEFT_GEM_INFO, .weight = 6, .field = {
		POOL(drm_weft_gem_info, handle, KF_HANDLE) },
	  .output = { OUT(drm_weft_gem_info, mmap_offset, KF_OFFSET), OUT(drm_weft_gem_info, arm_offset, KF_OFFSET) } },
	{ .name = "gem_export", .request = DRM_IOCTL_WEFT_GEM_EXPORT, .weight = 4, .field = {
		POOL(drm_weft_gem_export, handle, KF_HANDLE), F(drm_weft_gem_export, rights, FLAGS, 7),
		F(drm_weft_gem_export, flags, ENUM, 1) },
	  .output = { OUT(drm_weft_gem_export, fd, KF_FD) } },
	{ .name = "vm_create", .request = DRM_IOCTL_WEFT_VM_CREATE, .weight = 5, .field = {
		F(drm_weft_vm_create, type, ENUM, 1), ZERO(drm_weft_vm_create, flags), ZERO(drm_weft_vm_create, pad) },
	  .output = { OUT(drm_weft_vm_create, vm_id, KF_VM) } },
	{ .name = "vm_destroy", .request = DRM_IOCTL_WEFT_VM_DESTROY, .weight = 3, .field = {
		POOL(drm_weft_vm_destroy, vm_id, KF_VM), ZERO(drm_weft_vm_destroy, pad) } },
	{ .name = "vm_bind", .request = DRM_IOCTL_WEFT_VM_BIND, .weight = 16, .field = { FIELDS_BIND } },
	{ .name = "queue_create", .request = DRM_IOCTL_WEFT_QUEUE_CREATE, .weight = 5, .field = { FIELDS_QUEUE },
	  .output = { OUT(drm_weft_queue_create, queue_id, KF_QUEUE) } },
	{ .name = "queue_destroy", .request = DRM_IOCTL_WEFT_QUEUE_DESTROY, .weight = 3, .field = {
		POOL(drm_weft_queue_destroy, queue_id, KF_QUEUE), ZERO(drm_weft_queue_destroy, pad) } },
	{ .name = "queue_state", .request = DRM_IOCTL_WEFT_QUEUE_STATE, .weight = 2, .field = {
		POOL(drm_weft_queue_state, queue_id, KF_QUEUE) } },
	{ .name = "submit", .request = DRM_IOCTL_WEFT_SUBMIT, .weight = 10, .field = { FIELDS_SUBMIT } },
	{ .name = "query_peer", .request = DRM_IOCTL_WEFT_QUERY_PEER, .weight = 2, .field = {
		F(drm_weft_query_peer, peer_fd, FILE, 1), ZERO(drm_weft_query_peer, pad),
		ZERO(drm_weft_query_peer, pad2) } },
	{ .name = "user_queue_create", .request = DRM_IOCTL_WEFT_USER_QUEUE_CREATE, .weight = 8, .field = {
		POOL(drm_weft_user_queue_create, vm_id, KF_VM), F(drm_weft_user_queue_create, band, ENUM, 3),
		F(drm_weft_user_queue_create, flags, FLAGS, 3), F(drm_weft_user_queue_create, ring_log2, COUNT, 16),
		F(drm_weft_user_queue_create, ring, VA, 1), F(drm_weft_user_queue_create, ctl, VA, 1),
		F(drm_weft_user_queue_create, run_limit_ns, TIME, 1),
		F(drm_weft_user_queue_create, wait_limit_ns, TIME, 1),
		F(drm_weft_user_queue_create, weight, COUNT, 1000), F(drm_weft_user_queue_create, num_wills, COUNT, 2),
		F(drm_weft_user_queue_create, wills, POINTER, 1), ZERO(drm_weft_user_queue_create, pad),
		WILL(0), WILL(1),
		/* printable, or not; last, because programs of the corpus have arguments by their place */
		F(drm_weft_user_queue_create, name[0], FLAGS, 0x61), ZERO(drm_weft_user_queue_create, name[31]) },
	  .output = { OUT(drm_weft_user_queue_create, queue_id, KF_QUEUE),
		      OUT(drm_weft_user_queue_create, doorbell_offset, KF_OFFSET),
		      OUT(drm_weft_user_queue_create, state_offset, KF_OFFSET) } },
	{ .name = "kick", .request = DRM_IOCTL_WEFT_KICK, .weight = 2, .field = {
		POOL(drm_weft_kick, handle, KF_HANDLE), ZERO(drm_weft_kick, pad), F(drm_weft_kick, offset, CELL, 1) } },
	{ .name = "cell_wait", .request = DRM_IOCTL_WEFT_CELL_WAIT, .weight = 4, .field = { FIELDS_WAIT } },
	/* of DRM */
	{ .name = "gem_close", .request = DRM_IOCTL_GEM_CLOSE, .weight = 4, .field = {
		POOL(drm_gem_close, handle, KF_HANDLE), ZERO(drm_gem_close, pad) } },
	{ .name = "prime_export", .request = DRM_IOCTL_PRIME_HANDLE_TO_FD, .weight = 3, .field = {
		POOL(drm_prime_handle, handle, KF_HANDLE), F(drm_prime_handle, flags, FLAGS, 2) },
	  .output = { OUT(drm_prime_handle, fd, KF_FD) } },
	{ .name = "prime_import", .request = DRM_IOCTL_PRIME_FD_TO_HANDLE, .weight = 5, .field = {
		ZERO(drm_prime_handle, flags), POOL(drm_prime_handle, fd, KF_FD) },
	  .output = { OUT(drm_prime_handle, handle, KF_HANDLE) } },
	{ .name = "syncobj_create", .request = DRM_IOCTL_SYNCOBJ_CREATE, .weight = 4, .field = {
		F(drm_syncobj_create, flags, FLAGS, 1) }, .output = { OUT(drm_syncobj_create, handle, KF_SYNC) } },
	{ .name = "syncobj_destroy", .request = DRM_IOCTL_SYNCOBJ_DESTROY, .weight = 2, .field = {
		POOL(drm_syncobj_destroy, handle, KF_SYNC) } },
	{ .name = "syncobj_signal", .request = DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, .weight = 4, .field = {
		F(drm_syncobj_timeline_array, handles, POINTER, 1), { offsetof(struct drm_syncobj_timeline_array, points), 8,
		KF_T_POINTER, 8 }, F(drm_syncobj_timeline_array, count_handles, BOUND, 2),
		{ KF_ARRAY, 4, KF_T_POOL, KF_SYNC }, { KF_ARRAY + 8, 8, KF_T_POINT, 4 } } },
	{ .name = "syncobj_wait", .request = DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, .weight = 1, .field = {
		F(drm_syncobj_timeline_wait, handles, POINTER, 1), { offsetof(struct drm_syncobj_timeline_wait, points), 8,
		KF_T_POINTER, 8 }, F(drm_syncobj_timeline_wait, count_handles, BOUND, 2),
		F(drm_syncobj_timeline_wait, flags, FLAGS, 7), { KF_ARRAY, 4, KF_T_POOL, KF_SYNC },
		{ KF_ARRAY + 8, 8, KF_T_POINT, 4 } } },
	/* io_uring */
	{ .name = "ring_open", .kind = KF_SPECIAL, .weight = 4, .run = kf_ring_open, .field = { OWN(ENUM, 7) } },
	{ .name = "ring_reap", .kind = KF_SPECIAL, .weight = 3, .run = kf_ring_reap, .field = {
		OWN(POOL, KF_RING), OWN(ENUM, 1) } },
	{ .name = "ring_close", .kind = KF_SPECIAL, .weight = 1, .run = kf_ring_close, .field = { OWN(POOL, KF_RING) } },
	URING("u_submit", DRM_WEFT_URING_SUBMIT, drm_weft_submit, 8, FIELDS_SUBMIT),
	URING("u_bind", DRM_WEFT_URING_BIND, drm_weft_vm_bind, 8, FIELDS_BIND),
	URING("u_queue_create", DRM_WEFT_URING_QUEUE_CREATE, drm_weft_queue_create, 3, FIELDS_QUEUE),
	URING("u_cell_wait", DRM_WEFT_URING_CELL_WAIT, drm_weft_cell_wait, 6, FIELDS_WAIT),
	URING("u_cell_wait_many", DRM_WEFT_URING_CELL_WAIT_MANY, drm_weft_cell_wait_many, 5,
	      F(drm_weft_cell_wait_many, cells, POINTER, 1), F(drm_weft_cell_wait_many, num_cells, COUNT, 2),
	      F(drm_weft_cell_wait_many, flags, FLAGS, 1), F(drm_weft_cell_wait_many, timeout_ns, TIME, 1),
	      ZERO(drm_weft_cell_wait_many, decided), WANT(0), WANT(1)),
	URING("u_cancel", DRM_WEFT_URING_CANCEL, drm_weft_uring_cancel, 4, F(drm_weft_uring_cancel, user_data, ENUM, 3),
	      F(drm_weft_uring_cancel, flags, FLAGS, 1), ZERO(drm_weft_uring_cancel, pad)),
	URING("u_unknown", 6, drm_weft_uring_cancel, 1, ZERO(drm_weft_uring_cancel, user_data)),
	/* the rest */
	{ .name = "mmap", .kind = KF_SPECIAL, .weight = 7, .run = kf_mmap, .field = {
		OWN(POOL, KF_OFFSET), OWN(COUNT, 4), OWN(FLAGS, 3), OWN(ENUM, 2) } },
	{ .name = "munmap", .kind = KF_SPECIAL, .weight = 1, .run = kf_munmap, .field = { OWN(POOL, KF_MAP) } },
	{ .name = "store", .kind = KF_SPECIAL, .weight = 6, .run = kf_store, .field = {
		OWN(POOL, KF_MAP), OWN(CELL, 1), OWN(ENUM, 2), OWN(POINT, 4) } },
	{ .name = "packet", .kind = KF_SPECIAL, .weight = 9, .run = kf_packet, .field = {
		OWN(POOL, KF_MAP), OWN(COUNT, 63), OWN(ENUM, 16), OWN(VA, 1), OWN(VA, 1), OWN(POINT, 16), OWN(FLAGS, 15),
		OWN(ZERO, 1) } },
	{ .name = "close_fd", .kind = KF_SPECIAL, .weight = 2, .run = kf_close, .field = { OWN(POOL, KF_FD) } },
	{ .name = "dup", .kind = KF_SPECIAL, .weight = 1, .run = kf_dup, .field = { OWN(FILE, 1) } },
	{ .name = "eventfd", .kind = KF_SPECIAL, .weight = 2, .run = kf_eventfd, .field = { OWN(ENUM, 1) } },
	{ .name = "fork", .kind = KF_SPECIAL, .weight = 1, .run = kf_fork, .field = { OWN(ENUM, 2) } },
	{ .name = "sysfs", .kind = KF_SPECIAL, .weight = 1, .run = kf_sysfs, .field = { OWN(ENUM, 7), OWN(ENUM, 1) } },
	{ .name = "nap", .kind = KF_SPECIAL, .weight = 2, .run = kf_nap, .field = { OWN(ENUM, 3) } },
	/* weight 0: see generate.c */
	{ .name = "reset", .kind = KF_SPECIAL, .weight = 0, .run = kf_reset, .field = { OWN(ENUM, 1) } },
	{ .name = "rebind", .kind = KF_SPECIAL, .weight = 0, .run = kf_rebind, .field = { OWN(ENUM, 1) } },
};

const unsigned int kf_table_size = sizeof(kf_table) / sizeof(kf_table[0]);

unsigned int kf_fields(const struct kf_desc *d)
{
	unsigned int n = 0;

	while (n < KF_ARGS && (d->field[n].size || d->field[n].type || d->field[n].limit))
		n++;
	return n;
}
