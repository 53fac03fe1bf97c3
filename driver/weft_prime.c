// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/pci-p2pdma.h>
#include <linux/slab.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_compat.h"
#ifdef WEFT_HAVE_P2P_PROVIDER
#include <linux/dma-buf-mapping.h>
#endif
#include "weft_device.h"
#include "weft_file.h"
#include "weft_import.h"
#include "weft_map.h"
#include "weft_route.h"
#include "weft_trace.h"

#define REVOKE_MS	5000

void weft_prime_init(struct weft_device *w)
{
	mutex_init(&w->exports.lock);
	mutex_init(&w->exports.import_lock);
	mutex_init(&w->exports.revoke_lock);
	INIT_LIST_HEAD(&w->exports.list);
	xa_init(&w->exports.said);
}

int weft_prime_probe(struct weft_device *w)
{
#ifdef WEFT_HAVE_P2P_PROVIDER
	int ret = pcim_p2pdma_init(w->pdev);

	/* A kernel without PCI_P2PDMA says so here; peers are refused, nothing else is lost. */
	if (ret == -EOPNOTSUPP)
		return 0;
	if (ret)
		return ret;
	w->exports.provider = pcim_p2pdma_provider(w->pdev, WEFT_BAR_LMEM);
#endif
	return 0;
}

bool weft_prime_p2p(struct weft_device *w)
{
	return w->exports.provider;
}

static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *at)
{
	struct weft_export *x = dmabuf->priv;
	struct weft_device *w = x->bo->w;

	if (x->revoked)
		return weft_device_check(w) ?: -ECANCELED;
	if (x->bo->kind == WEFT_BO_SYSTEM)
		return 0;
	/* Local memory is taken away at reset and unplug: importers that cannot let go get none. */
	if (!at->peer2peer || !at->importer_ops || !at->importer_ops->WEFT_ATTACH_OP_INVALIDATE) {
		drm_dbg(&w->drm, "%s cannot map local memory: its driver %s\n", dev_name(at->dev),
			at->peer2peer ? "cannot give it back when asked" :
			"does not take memory of peers");
		return -EOPNOTSUPP;
	}
	return weft_route_open(w, at->dev, weft_import_follows_iova(at));
}

/*
 * Memory has its place for life, so pinning has nothing to do; without the operation P2P would be
 * lost silently.
 */
static int pin(struct dma_buf_attachment *at)
{
	return 0;
}

static void unpin(struct dma_buf_attachment *at)
{
}

#ifdef WEFT_HAVE_P2P_PROVIDER
static struct sg_table *map_local(struct dma_buf_attachment *at, struct weft_bo *bo,
				  enum dma_data_direction dir)
{
	struct phys_vec *vec;
	struct sg_table *sgt;
	unsigned int i;

	vec = kvcalloc(bo->local.num_extents, sizeof(*vec), GFP_KERNEL);
	if (!vec)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < bo->local.num_extents; i++) {
		vec[i].paddr = bo->w->mmio.lmem_phys + bo->local.extents[i].at;
		vec[i].len = bo->local.extents[i].bytes;
	}
	sgt = dma_buf_phys_vec_to_sgt(at, bo->w->exports.provider, vec, bo->local.num_extents,
				      bo->base.size, dir);
	kvfree(vec);
	return sgt;
}
#else
static struct sg_table *map_local(struct dma_buf_attachment *at, struct weft_bo *bo,
				  enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void dma_buf_free_sgt(struct dma_buf_attachment *at, struct sg_table *sgt,
			     enum dma_data_direction dir)
{
}
#endif

static struct sg_table *map_system(struct dma_buf_attachment *at, struct weft_bo *bo,
				   enum dma_data_direction dir)
{
	struct sg_table *sgt;
	int ret;

	sgt = drm_prime_pages_to_sg(&bo->w->drm, bo->sys.pages, bo->base.size >> PAGE_SHIFT);
	if (IS_ERR(sgt))
		return sgt;
	ret = dma_map_sgtable(at->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret) {
		sg_free_table(sgt);
		kfree(sgt);
		return ERR_PTR(ret);
	}
	return sgt;
}

/*
 * A weft card's own page tables keep the rights and its mapping has both directions; others have
 * nothing else.
 */
static int check_direction(struct dma_buf_attachment *at, u32 rights, enum dma_data_direction dir)
{
	if (weft_import_is_ours(at))
		return 0;
	if (!(rights & DRM_WEFT_RIGHT_READ))
		return -EACCES;
	return rights & DRM_WEFT_RIGHT_WRITE || dir == DMA_TO_DEVICE ? 0 : -EACCES;
}

static struct sg_table *map(struct dma_buf_attachment *at, enum dma_data_direction dir)
{
	struct weft_export *x = at->dmabuf->priv;
	u64 from_ns = WEFT_TRACE_START(p2p_map);
	struct weft_bo *bo = x->bo;
	struct sg_table *sgt;
	int ret;

	if (x->revoked)
		return ERR_PTR(weft_device_check(bo->w) ?: -ECANCELED);
	ret = check_direction(at, x->rights, dir);
	if (ret)
		return ERR_PTR(ret);
	/*
	 * The importer's device reaches the card whenever it likes, so the card stays awake as long
	 * as it may.
	 */
	if (bo->kind == WEFT_BO_LOCAL)
		weft_pm_get(bo->w, WEFT_PM_PEER);
	sgt = bo->kind == WEFT_BO_SYSTEM ? map_system(at, bo, dir) : map_local(at, bo, dir);
	if (!IS_ERR(sgt))
		kref_get(&x->mappings);
	else if (bo->kind == WEFT_BO_LOCAL)
		weft_pm_put(bo->w, WEFT_PM_PEER);
	trace_weft_p2p_map(bo->w->serial, dev_name(at->dev), bo->base.size, PTR_ERR_OR_ZERO(sgt),
			   WEFT_TRACE_SINCE(from_ns));
	return sgt;
}

static void last_unmapped(struct kref *ref)
{
	complete_all(&container_of(ref, struct weft_export, mappings)->unmapped);
}

static void unmap(struct dma_buf_attachment *at, struct sg_table *sgt, enum dma_data_direction dir)
{
	struct weft_export *x = at->dmabuf->priv;
	u64 from_ns = WEFT_TRACE_START(p2p_unmap);

	if (x->bo->kind == WEFT_BO_SYSTEM) {
		dma_unmap_sgtable(at->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
		sg_free_table(sgt);
		kfree(sgt);
	} else {
		/* It comes with 0 for lack of pages; freeing would then leave the list behind. */
		if (!sgt->orig_nents)
			sgt->orig_nents = sgt->nents;
		dma_buf_free_sgt(at, sgt, dir);
		weft_pm_put(x->bo->w, WEFT_PM_PEER);
	}
	trace_weft_p2p_unmap(x->bo->w->serial, dev_name(at->dev), x->bo->base.size, 0,
			     WEFT_TRACE_SINCE(from_ns));
	kref_put(&x->mappings, last_unmapped);
}

static int mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct weft_export *x = dmabuf->priv;
	struct drm_gem_object *obj = &x->bo->base;

	if (!(x->rights & DRM_WEFT_RIGHT_READ))
		return -EACCES;
	if (!(x->rights & DRM_WEFT_RIGHT_WRITE)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	/* The fault handler counts from the object's offset in the node's file. */
	vma->vm_pgoff += drm_vma_node_start(&obj->vma_node);
	return drm_gem_mmap_obj(obj, obj->size, vma);
}

static void release(struct dma_buf *dmabuf)
{
	struct weft_export *x = dmabuf->priv;
	struct weft_device *w = x->bo->w;

	mutex_lock(&w->exports.lock);
	list_del(&x->link);
	mutex_unlock(&w->exports.lock);
	atomic_dec(&w->counts.exports);
	weft_bo_put(x->bo);
	kfree(x);
	drm_dev_put(&w->drm);
}

static const struct dma_buf_ops weft_dma_buf_ops = {
	.attach = attach,
	.pin = pin,
	.unpin = unpin,
	.map_dma_buf = map,
	.unmap_dma_buf = unmap,
	.mmap = mmap,
	.release = release,
};

struct weft_export *weft_prime_export_of(struct dma_buf *dmabuf)
{
	return dmabuf->ops == &weft_dma_buf_ops ? dmabuf->priv : NULL;
}

struct dma_buf *weft_prime_export(struct weft_bo *bo, u32 rights, int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct weft_device *w = bo->w;
	struct weft_export *x;
	int ret;

	if (bo->kind == WEFT_BO_IMPORT) {
		/*
		 * Passing on somebody else's memory: only as it came, its owner's rights are not
		 * ours to narrow.
		 */
		if (rights != bo->rights)
			return ERR_PTR(-EOPNOTSUPP);
		get_dma_buf(bo->import.attach->dmabuf);
		return bo->import.attach->dmabuf;
	}
	ret = weft_bo_check(bo);
	if (ret)
		return ERR_PTR(ret);
	x = kzalloc_obj(*x, GFP_KERNEL_ACCOUNT);
	if (!x)
		return ERR_PTR(-ENOMEM);
	x->bo = weft_bo_origin(bo);
	x->rights = rights;
	kref_init(&x->mappings);
	init_completion(&x->unmapped);
	info.ops = &weft_dma_buf_ops;
	info.size = bo->base.size;
	info.flags = (flags & O_CLOEXEC) | (rights & DRM_WEFT_RIGHT_WRITE ? O_RDWR : O_RDONLY);
	info.resv = bo->base.resv;
	info.priv = x;
	x->dmabuf = dma_buf_export(&info);
	if (IS_ERR(x->dmabuf)) {
		struct dma_buf *err = x->dmabuf;

		kfree(x);
		return err;
	}
	/* From here on ->release() undoes. */
	drm_dev_get(&w->drm);
	drm_gem_object_get(&x->bo->base);
	atomic_inc(&w->counts.exports);
	mutex_lock(&w->exports.lock);
	list_add_tail(&x->link, &w->exports.list);
	/* Who revoked before has changed the state before; who does from now on finds this one. */
	ret = weft_device_check(w) ?: weft_bo_check(bo);
	mutex_unlock(&w->exports.lock);
	if (ret) {
		dma_buf_put(x->dmabuf);
		return ERR_PTR(ret);
	}
	return x->dmabuf;
}

/* Once for each export: weft_prime_revoke_all() holds revoke_lock and passes no revoked one. */
static void revoke(struct weft_export *x)
{
	struct dma_buf *dmabuf = x->dmabuf;

	dma_resv_lock(dmabuf->resv, NULL);
	x->revoked = true;
	dma_buf_invalidate_mappings(dmabuf);
	dma_resv_unlock(dmabuf->resv);
	kref_put(&x->mappings, last_unmapped);
	unmap_mapping_range(dmabuf->file->f_mapping, 0, 0, 1);
}

static long left_until(unsigned long deadline)
{
	return max_t(long, deadline - jiffies, 0);
}

/*
 * Importers of local memory let go before the card is reset or gone. Host memory is nothing of the
 * card's: its pages live as long as the dma-buf, and each mapping is one of the importer's device.
 * An importer that cannot let go may keep it.
 */
static void wait_unmapped(struct weft_export *x, unsigned long deadline, u64 from_ns)
{
	struct weft_device *w = x->bo->w;
	struct dma_buf *dmabuf = x->dmabuf;
	bool left = false;

	if (x->bo->kind == WEFT_BO_LOCAL) {
		dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP, false,
				      left_until(deadline));
		left = !wait_for_completion_timeout(&x->unmapped, left_until(deadline));
	}
	trace_weft_p2p_revoke(w->serial, "all", dmabuf->size, left ? -ETIME : 0,
			      WEFT_TRACE_SINCE(from_ns));
	if (left)
		drm_err(&w->drm,
			"an importer still maps a revoked buffer of %zu bytes after %d ms\n",
			dmabuf->size, REVOKE_MS);
}

void weft_prime_zap(struct weft_device *w)
{
	struct weft_export *x;

	mutex_lock(&w->exports.lock);
	list_for_each_entry(x, &w->exports.list, link) {
		struct file *file;

		/* One whose last descriptor and mapping are gone has nothing to be taken from. */
		if (x->bo->kind != WEFT_BO_LOCAL)
			continue;
		file = get_file_active(&x->dmabuf->file);
		if (!file)
			continue;
		unmap_mapping_range(file->f_mapping, 0, 0, 1);
		fput(file);
	}
	mutex_unlock(&w->exports.lock);
}

/* Host memory outlives a reset and stays shared; it goes away with the card only. */
static bool must_go(struct weft_device *w, struct weft_export *x)
{
	return !x->revoked && (x->bo->kind == WEFT_BO_LOCAL || READ_ONCE(w->state) == WEFT_LOST);
}

static struct weft_export *next_to_revoke(struct weft_device *w)
{
	struct weft_export *x, *found = NULL;

	mutex_lock(&w->exports.lock);
	list_for_each_entry(x, &w->exports.list, link) {
		if (must_go(w, x) && get_file_active(&x->dmabuf->file)) {
			found = x;
			break;
		}
	}
	mutex_unlock(&w->exports.lock);
	return found;
}

void weft_prime_revoke_all(struct weft_device *w)
{
	u64 from_ns = WEFT_TRACE_START(p2p_revoke);
	struct weft_export *x, *next;
	unsigned long deadline;
	LIST_HEAD(revoked);

	mutex_lock(&w->exports.revoke_lock);
	while ((x = next_to_revoke(w))) {
		revoke(x);
		list_add_tail(&x->revocation, &revoked);
	}
	/* One for all: users choose how many there are. */
	deadline = jiffies + msecs_to_jiffies(REVOKE_MS);
	list_for_each_entry_safe(x, next, &revoked, revocation) {
		struct file *file = x->dmabuf->file;

		wait_unmapped(x, deadline, from_ns);
		fput(file);
	}
	mutex_unlock(&w->exports.revoke_lock);
}

static int export_fd(struct weft_file *f, u32 handle, u32 rights, int flags, int *fd)
{
	struct weft_bo *bo = weft_bo_lookup(f, handle);
	struct dma_buf *dmabuf;
	int ret = 0;

	if (!bo)
		return -ENOENT;
	if (rights & ~bo->rights) {
		ret = -EACCES;
		goto put;
	}
	dmabuf = weft_prime_export(bo, rights, flags);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto put;
	}
	ret = dma_buf_fd(dmabuf, flags & O_CLOEXEC);
	if (ret < 0) {
		dma_buf_put(dmabuf);
	} else {
		*fd = ret;
		ret = 0;
	}
put:
	weft_bo_put(bo);
	return ret;
}

int weft_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle, u32 flags,
			    int *fd)
{
	u32 rights = DRM_WEFT_RIGHT_READ | (flags & DRM_RDWR ? DRM_WEFT_RIGHT_WRITE : 0);
	struct weft_device *w = to_weft(drm);
	int idx, ret;

	ret = weft_device_enter(w, &idx);
	if (ret)
		return ret;
	ret = export_fd(file->driver_priv, handle, rights, flags & DRM_CLOEXEC ? O_CLOEXEC : 0, fd);
	weft_device_exit(w, idx);
	return ret;
}

int weft_gem_export_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_gem_export *args = data;

	if (!args->rights || args->flags & ~(u32)O_CLOEXEC ||
	    args->rights & ~(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM))
		return -EINVAL;
	return export_fd(f, args->handle, args->rights, args->flags, &args->fd);
}

int weft_prime_fd_to_handle(struct drm_device *drm, struct drm_file *file, int fd, u32 *handle)
{
	struct weft_device *w = to_weft(drm);
	int idx, ret;

	ret = weft_device_enter(w, &idx);
	if (ret)
		return ret;
	ret = mutex_lock_interruptible(&w->exports.import_lock);
	if (!ret) {
		w->exports.importer = file->driver_priv;
		ret = drm_gem_prime_fd_to_handle(drm, file, fd, handle);
		w->exports.importer = NULL;
		mutex_unlock(&w->exports.import_lock);
	}
	weft_device_exit(w, idx);
	return ret;
}

static struct weft_bo *import_alias(struct weft_device *w, struct weft_export *x)
{
	struct weft_bo *bo;
	int ret;

	if (x->revoked)
		return ERR_PTR(-ECANCELED);
	bo = weft_bo_alloc(w, WEFT_BO_ALIAS, x->bo->base.size);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	drm_gem_object_get(&x->bo->base);
	bo->alias.origin = x->bo;
	bo->base.resv = x->bo->base.resv;
	bo->rights = x->rights;
	bo->flags = x->bo->flags;
	bo->placement = x->bo->placement;
	ret = drm_gem_create_mmap_offset(&bo->base);
	if (ret) {
		weft_bo_put(bo);
		return ERR_PTR(ret);
	}
	return bo;
}

struct drm_gem_object *weft_prime_import(struct drm_device *drm, struct dma_buf *dmabuf)
{
	struct weft_export *x = weft_prime_export_of(dmabuf);
	struct weft_device *w = to_weft(drm);
	struct weft_bo *bo;

	bo = x && x->bo->w == w ? import_alias(w, x) :
				  weft_import_create(w, w->exports.importer, dmabuf);
	return IS_ERR(bo) ? ERR_CAST(bo) : &bo->base;
}
