// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* Can this card reach that one? Answered by mapping a page of it, the way an import does. */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_import.h"
#include "weft_peer.h"
#include "weft_route.h"

static void judge(struct weft_device *w, struct weft_device *peer, struct weft_bo *import,
		  u64 peer_at, bool through_host, struct drm_weft_query_peer *args)
{
	u64 bus = pci_bus_address(peer->pdev, WEFT_BAR_LMEM) + peer_at;

	args->map_type = sg_dma_address(import->import.sgt->sgl) == bus && !through_host ?
			 DRM_WEFT_PEER_MAP_BUS : DRM_WEFT_PEER_MAP_HOST;
	args->link = import->import.tag;
	args->cells = w->caps & WEFT_CAP_CELLS && peer->caps & WEFT_CAP_CELLS;
	args->refusal = DRM_WEFT_PEER_OK;
}

static void refuse(struct drm_weft_query_peer *args, int error, u32 other)
{
	args->error = error;
	switch (error) {
	case -EHOSTUNREACH:
		args->refusal = DRM_WEFT_PEER_NO_ROUTE;
		break;
	case -ENODEV:
	case -ECANCELED:
		args->refusal = DRM_WEFT_PEER_GONE;
		break;
	default:
		args->refusal = other;
	}
}

/* A page of the peer, exported, imported and mapped; undone before the answer. */
static void probe(struct weft_device *w, struct weft_device *peer, bool through_host,
		  struct drm_weft_query_peer *args)
{
	struct weft_bo *page, *import;
	struct dma_buf *dmabuf;
	int ret;

	page = weft_bo_create_local(peer, NULL, PAGE_SIZE, 0);
	if (IS_ERR(page)) {
		refuse(args, PTR_ERR(page), DRM_WEFT_PEER_FAILED);
		return;
	}
	dmabuf = weft_prime_export(page, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, 0);
	if (IS_ERR(dmabuf)) {
		refuse(args, PTR_ERR(dmabuf), DRM_WEFT_PEER_FAILED);
		goto put_page;
	}
	import = weft_import_create(w, NULL, dmabuf);
	if (IS_ERR(import)) {
		ret = PTR_ERR(import);
		refuse(args, ret, ret == -ENOSPC ? DRM_WEFT_PEER_NO_LINK : DRM_WEFT_PEER_FAILED);
		goto put_dmabuf;
	}
	dma_resv_lock(import->base.resv, NULL);
	ret = weft_import_map(import);
	if (ret)
		refuse(args, ret, DRM_WEFT_PEER_FAILED);
	else
		judge(w, peer, import, page->local.extents[0].at, through_host, args);
	dma_resv_unlock(import->base.resv);
	weft_bo_put(import);
put_dmabuf:
	dma_buf_put(dmabuf);
put_page:
	weft_bo_put(page);
}

/* The way is looked at in any case: what is against it, or makes it long, is part of the answer. */
static void find_route(struct weft_device *w, struct weft_device *peer,
		       struct drm_weft_query_peer *args)
{
	struct weft_route route;

	weft_route_find(peer, &w->pdev->dev, w->caps & WEFT_CAP_PEER_IOVA, &route);
	args->distance = route.distance;
	args->detail = route.detail;
	args->port = route.port;
	args->num_ports = route.num_ports;
	probe(w, peer, route.through_host, args);
}

static void query(struct weft_device *w, struct weft_device *peer, struct drm_weft_query_peer *args)
{
	int idx;

	if (peer == w) {
		args->refusal = DRM_WEFT_PEER_SELF;
		return;
	}
	/*
	 * The peer's reset must not be waited for with our own lock held: whoever finds it in reset
	 * is told that it is gone, and asks again.
	 */
	if (!drm_dev_enter(&peer->drm, &idx)) {
		refuse(args, -ENODEV, DRM_WEFT_PEER_GONE);
		return;
	}
	weft_pm_get(peer, WEFT_PM_CALL);
	if (!down_read_trylock(&peer->reset_sem)) {
		refuse(args, -ECANCELED, DRM_WEFT_PEER_GONE);
		goto exit;
	}
	if (weft_device_check(peer))
		refuse(args, -ENODEV, DRM_WEFT_PEER_GONE);
	else if (!weft_prime_p2p(peer))
		refuse(args, -EOPNOTSUPP, DRM_WEFT_PEER_NO_KERNEL);
	else
		find_route(w, peer, args);
	up_read(&peer->reset_sem);
exit:
	weft_pm_put(peer, WEFT_PM_CALL);
	drm_dev_exit(idx);
}

int weft_query_peer_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_query_peer *args = data;
	struct weft_device *peer;
	struct file *file;
	int fd = args->peer_fd;

	if (args->pad || args->pad2)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	peer = weft_device_of(file);
	if (!peer) {
		fput(file);
		return -EINVAL;
	}
	*args = (struct drm_weft_query_peer) { .peer_fd = fd, .distance = -1 };
	query(w, peer, args);
	fput(file);
	return 0;
}
