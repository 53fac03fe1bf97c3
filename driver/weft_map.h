/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Mappings of objects into processes. */
#ifndef WEFT_MAP_H
#define WEFT_MAP_H

struct drm_gem_object;
struct vm_area_struct;
struct vm_operations_struct;
struct weft_device;

extern const struct vm_operations_struct weft_map_vm_ops;

int weft_map_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);

/*
 * Takes local memory out of all mappings, for good: the contents are lost. What is touched later
 * shows a page of its own object, because a process cannot be expected to survive a signal for a
 * card that vanished.
 */
void weft_map_make_stale(struct weft_device *w);

/*
 * Takes it out of all mappings until it is touched again: then the card is woken. Host memory goes
 * with it, at the cost of a fault. weft_prime_zap() does the same for mappings of dma-bufs.
 */
void weft_map_zap(struct weft_device *w);

#endif
