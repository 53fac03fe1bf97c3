/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Objects as dma-bufs: every export is a dma-buf of its own with its own rights, and is revoked at
 * reset and unplug.
 */
#ifndef WEFT_PRIME_H
#define WEFT_PRIME_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

struct dma_buf;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct p2pdma_provider;
struct weft_bo;
struct weft_device;
struct weft_file;

/**
 * struct weft_exports - live exports
 * @provider: the kernel's P2P provider of BAR2, NULL without PCI_P2PDMA
 * @revoke_lock: one revocation of all at a time: whoever comes second may go on only when the
 *	importers have let go, too
 * @said: PCI address of a client → what the log said about its way here (weft_route.c)
 * @importer: file that imports something now; the core does not pass it on
 */
struct weft_exports {
	struct mutex lock;	/* list */
	struct list_head list;
	struct mutex revoke_lock;	/* see above */
	struct p2pdma_provider *provider;
	struct xarray said;
	struct mutex import_lock;	/* importer; outside of the core's locks */
	struct weft_file *importer;
};

/**
 * struct weft_export - one dma-buf of an object
 * @bo: never an alias, never an import
 * @rights: what importers get at most
 * @mappings: 1 + mappings of importers; @unmapped completes with the last one after revocation
 * @revoked: no new mappings; guarded by the reservation
 * @revocation: in the list of weft_prime_revoke_all(), which then holds a reference
 */
struct weft_export {
	struct dma_buf *dmabuf;
	struct weft_bo *bo;
	u32 rights;
	struct list_head link;
	struct list_head revocation;
	struct kref mappings;
	struct completion unmapped;
	bool revoked;
};

void weft_prime_init(struct weft_device *w);
int weft_prime_probe(struct weft_device *w);

/* True when peers can map this card's memory. */
bool weft_prime_p2p(struct weft_device *w);

/* The export behind a dma-buf, NULL when it is not one of this driver. */
struct weft_export *weft_prime_export_of(struct dma_buf *dmabuf);

/* dma-buf of an object with @rights; the caller has checked them against the handle's. */
struct dma_buf *weft_prime_export(struct weft_bo *bo, u32 rights, int flags);

/* Takes local memory out of processes that map dma-bufs, until it is touched again. */
void weft_prime_zap(struct weft_device *w);

/*
 * Ends every mapping of every export; returns when importers of local memory have let go, after 5 s
 * at most.
 */
void weft_prime_revoke_all(struct weft_device *w);

int weft_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle, u32 flags,
			    int *fd);
int weft_prime_fd_to_handle(struct drm_device *drm, struct drm_file *file, int fd, u32 *handle);
struct drm_gem_object *weft_prime_import(struct drm_device *drm, struct dma_buf *dmabuf);
int weft_gem_export_ioctl(struct weft_device *w, struct weft_file *f, void *data);

#endif
