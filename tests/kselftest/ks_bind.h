/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Binds with everything a test may want to change, and how their fences ended. */
#ifndef KS_BIND_H
#define KS_BIND_H

#include "ks.h"

#define KS_RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)
#define KS_SPARSE	(KS_RW | DRM_WEFT_BIND_SPARSE)
#define KS_ASYNC	DRM_WEFT_BIND_ASYNC

static inline struct drm_weft_vm_bind ks_map_args(uint32_t vm, uint32_t handle, uint64_t va, uint64_t range,
						  uint32_t flags)
{
	return (struct drm_weft_vm_bind){
		.vm_id = vm, .op = DRM_WEFT_BIND_MAP, .flags = flags, .handle = handle, .va = va, .range = range,
	};
}

static inline struct drm_weft_vm_bind ks_unmap_args(uint32_t vm, uint64_t va, uint64_t range, uint32_t flags)
{
	return (struct drm_weft_vm_bind){
		.vm_id = vm, .op = DRM_WEFT_BIND_UNMAP, .flags = flags, .va = va, .range = range,
	};
}

static inline int ks_vm_bind(int fd, struct drm_weft_vm_bind args)
{
	return ks_ioctl(fd, DRM_IOCTL_WEFT_VM_BIND, &args);
}

/* 0, or the first error of asynchronous binds since the last one. */
static inline int ks_flush_binds(int fd, uint32_t vm)
{
	return ks_vm_bind(fd, (struct drm_weft_vm_bind){ .vm_id = vm, .op = DRM_WEFT_BIND_FLUSH });
}

static inline struct drm_weft_vm_bind ks_with_syncs(struct drm_weft_vm_bind args, const struct drm_weft_sync *syncs,
						    uint32_t count)
{
	args.num_syncs = count;
	args.syncs = (uintptr_t)syncs;
	return args;
}

/* What the fence in a binary syncobj ended with: 0, negative errno, -EINPROGRESS. */
int ks_syncobj_status(int fd, uint32_t handle);

/* One COPY of 8 bytes by the card: 0 and the bytes, or what the job failed with. */
int ks_rig_look(struct ks_rig *rig, uint64_t va, uint64_t *value);

#endif
