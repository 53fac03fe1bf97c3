/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Mappings of an address space: bind, unbind, revocation. All synchronous: what returns is done on the card. */
#ifndef WEFT_BIND_H
#define WEFT_BIND_H

#include <drm/drm_gpuvm.h>

struct weft_bo;
struct weft_device;
struct weft_file;
struct weft_vm;

int weft_vm_bind_ioctl(struct weft_device *w, struct weft_file *f, void *data);

/* Everything, for a VM that goes away; vm->lock held. -ETIME when the card may still use it. */
int weft_bind_unmap_all(struct weft_vm *vm);

/* Takes an object out of every address space, reservation held; its mappings stay reserved and fault. */
void weft_bind_revoke(struct weft_bo *bo);

int weft_bind_step_unmap(struct drm_gpuva_op *op, void *priv);
int weft_bind_step_remap(struct drm_gpuva_op *op, void *priv);

#endif
