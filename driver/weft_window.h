/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Pages of the card that a process may map although they are no object: doorbells, queue states,
 * arm pages. Their offsets in the node lie above those of objects and name the queue or handle of
 * the file that maps.
 */
#ifndef WEFT_WINDOW_H
#define WEFT_WINDOW_H

#include <linux/kref.h>
#include <linux/types.h>

struct drm_gem_object;
struct file;
struct page;
struct vm_area_struct;
struct weft_device;

/**
 * enum weft_window_kind - what is shown
 * @WEFT_WINDOW_DOORBELL: of a user queue; written only
 * @WEFT_WINDOW_STATE: of a user queue; read only
 * @WEFT_WINDOW_ARM: arm pages of a SEM object; read only
 */
enum weft_window_kind { WEFT_WINDOW_DOORBELL, WEFT_WINDOW_STATE, WEFT_WINDOW_ARM };

/**
 * enum weft_window_hold - whether a doorbell keeps the card awake
 * @WEFT_WINDOW_FREE: no: not yet, not any more, or it is no doorbell
 * @WEFT_WINDOW_AWAKE: yes, by one reference
 * @WEFT_WINDOW_DOZING: no, and mapped nowhere; the next store's fault takes the reference again
 */
enum weft_window_hold { WEFT_WINDOW_FREE, WEFT_WINDOW_AWAKE, WEFT_WINDOW_DOZING };

/**
 * struct weft_window - pages that can be mapped
 * @ref: owner and mappings
 * @object: held by every mapping, so that the pages outlive it; NULL where the owner revokes
 * @phys: processor's address of the first page
 * @gen: reset generation in which they mean something
 * @gone: revoked; guarded by map_sem
 * @hold: enum weft_window_hold; whoever changes it away from AWAKE puts the reference
 * @dummy: private page that is shown once they are gone
 */
struct weft_window {
	struct kref ref;
	struct weft_device *w;
	enum weft_window_kind kind;
	struct drm_gem_object *object;
	phys_addr_t phys;
	u64 bytes;
	u64 gen;
	bool gone;
	atomic_t hold;
	struct page *dummy;
};

struct weft_window *weft_window_create(struct weft_device *w, enum weft_window_kind kind,
				       struct drm_gem_object *object, phys_addr_t phys, u64 bytes);
void weft_window_put(struct weft_window *win);

/* Offset in the node, for mmap() by a file in which @id is the queue or the handle. */
u64 weft_window_offset(enum weft_window_kind kind, u32 id);

/* Takes it out of every process; then nobody reaches the pages. @id as in the file that maps. */
void weft_window_revoke(struct weft_window *win, u32 id);

/* A doorbell's reference: taken when its queue starts (the card is awake), put when it ends. */
void weft_window_hold(struct weft_window *win);
void weft_window_release(struct weft_window *win);

/*
 * Takes a doorbell out of every process and hands its reference to the caller, who looks whether
 * the queue is idle and says so to weft_window_dozed(). False: it holds none.
 */
bool weft_window_doze(struct weft_window *win, u32 id);
void weft_window_dozed(struct weft_window *win, bool idle);

/* ->mmap() of the node: windows here, objects by GEM. */
int weft_window_mmap(struct file *file, struct vm_area_struct *vma);

#endif
