// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "weft_importer.h"

#ifndef WEFT_HAVE_DMABUF_INVALIDATE
#define dma_buf_invalidate_mappings	dma_buf_move_notify
#endif

/**
 * struct importer - one open file
 * @sgt: guarded by the buffer's reservation, as @dir and @invalidated
 * @exported: what MOVE means; the file holds a reference
 * @old: page that its memory was in before it moved, full of LEFT
 */
struct importer {
	struct mutex lock;	/* one call at a time */
	struct pci_dev *pdev;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *at;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	u32 invalidated;
	struct dma_buf *exported;
	struct page *old;
};

#define LEFT	0x5a	/* in what was left */

/* --- export: one page; which one is guarded by the reservation --- */

struct exported {
	struct page *page;
};

static struct sg_table *page_map(struct dma_buf_attachment *at, enum dma_data_direction dir)
{
	struct exported *e = at->dmabuf->priv;
	struct sg_table *sgt = kzalloc(sizeof(*sgt), GFP_KERNEL);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages(sgt, &e->page, 1, 0, PAGE_SIZE, GFP_KERNEL);
	if (ret)
		goto free;
	ret = dma_map_sgtable(at->dev, sgt, dir, 0);
	if (!ret)
		return sgt;
	sg_free_table(sgt);
free:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void page_unmap(struct dma_buf_attachment *at, struct sg_table *sgt,
		       enum dma_data_direction dir)
{
	dma_unmap_sgtable(at->dev, sgt, dir, 0);
	sg_free_table(sgt);
	kfree(sgt);
}

static int page_pin(struct dma_buf_attachment *at)
{
	return 0;
}

static void page_unpin(struct dma_buf_attachment *at)
{
}

static void page_release(struct dma_buf *dmabuf)
{
	struct exported *e = dmabuf->priv;

	__free_page(e->page);
	kfree(e);
}

static const struct dma_buf_ops page_ops = {
	.pin = page_pin,
	.unpin = page_unpin,
	.map_dma_buf = page_map,
	.unmap_dma_buf = page_unmap,
	.release = page_release,
};

static int export_page(struct importer *m, __s32 __user *out)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct exported *e;
	int fd, ret = -ENOMEM;

	if (m->exported)
		return -EBUSY;
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	e->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!e->page)
		goto free;
	info.ops = &page_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = e;
	m->exported = dma_buf_export(&info);
	if (IS_ERR(m->exported)) {
		ret = PTR_ERR(m->exported);
		m->exported = NULL;
		__free_page(e->page);
		goto free;
	}
	get_dma_buf(m->exported);
	fd = dma_buf_fd(m->exported, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(m->exported);
	return fd < 0 ? fd : put_user(fd, out);
free:
	kfree(e);
	return ret;
}

/* The old page is as somebody else's when importers have let go: what they still write is seen. */
static int move(struct importer *m)
{
	struct exported *e;
	struct page *page;

	if (!m->exported)
		return -ENOENT;
	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	e = m->exported->priv;
	dma_resv_lock(m->exported->resv, NULL);
	dma_buf_invalidate_mappings(m->exported);
	if (m->old)
		__free_page(m->old);
	m->old = e->page;
	memcpy(page_address(page), page_address(m->old), PAGE_SIZE);
	memset(page_address(m->old), LEFT, PAGE_SIZE);
	e->page = page;
	dma_resv_unlock(m->exported->resv);
	return 0;
}

static int check_old_place(struct importer *m)
{
	if (!m->old)
		return -ENOENT;
	return memchr_inv(page_address(m->old), LEFT, PAGE_SIZE) ? -EIO : 0;
}

/* --- import --- */

static void unmap_locked(struct importer *m)
{
	if (m->sgt)
		dma_buf_unmap_attachment(m->at, m->sgt, m->dir);
	m->sgt = NULL;
}

static void let_go(struct dma_buf_attachment *at)
{
	struct importer *m = at->importer_priv;

	m->invalidated++;
	unmap_locked(m);
}

/* In the order of the members: the second has had two names. */
static const struct dma_buf_attach_ops with_p2p = { true, let_go }, without_p2p = { false, let_go };

static int attach(struct importer *m, const struct weft_importer_attach *args)
{
	const struct dma_buf_attach_ops *ops =
		args->flags & WEFT_IMPORTER_P2P ? &with_p2p : &without_p2p;
	int ret;

	if (m->at)
		return -EBUSY;
	m->pdev = pci_get_domain_bus_and_slot(args->pci >> 16, args->pci >> 8 & 0xff,
					      args->pci & 0xff);
	if (!m->pdev)
		return -ENODEV;
	m->dmabuf = dma_buf_get(args->fd);
	if (IS_ERR(m->dmabuf)) {
		ret = PTR_ERR(m->dmabuf);
		goto put_pdev;
	}
	m->at = args->flags & WEFT_IMPORTER_DYNAMIC ?
		dma_buf_dynamic_attach(m->dmabuf, &m->pdev->dev, ops, m) :
		dma_buf_attach(m->dmabuf, &m->pdev->dev);
	if (!IS_ERR(m->at))
		return 0;
	ret = PTR_ERR(m->at);
	m->at = NULL;
	dma_buf_put(m->dmabuf);
put_pdev:
	pci_dev_put(m->pdev);
	m->pdev = NULL;
	return ret;
}

static void detach(struct importer *m)
{
	if (!m->at)
		return;
	dma_resv_lock(m->dmabuf->resv, NULL);
	unmap_locked(m);
	dma_resv_unlock(m->dmabuf->resv);
	dma_buf_detach(m->dmabuf, m->at);
	dma_buf_put(m->dmabuf);
	pci_dev_put(m->pdev);
}

static int with_reservation(struct importer *m, unsigned int cmd, struct weft_importer_state *state)
{
	struct sg_table *sgt;
	int ret = 0;

	if (!m->at)
		return -ENOENT;
	dma_resv_lock(m->dmabuf->resv, NULL);
	switch (cmd) {
	case WEFT_IMPORTER_MAP:
		unmap_locked(m);
		m->dir = state->write ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
		sgt = dma_buf_map_attachment(m->at, m->dir);
		if (IS_ERR(sgt))
			ret = PTR_ERR(sgt);
		else
			m->sgt = sgt;
		break;
	case WEFT_IMPORTER_UNMAP:
		unmap_locked(m);
		break;
	case WEFT_IMPORTER_PIN:
		ret = dma_buf_pin(m->at);
		if (!ret)
			dma_buf_unpin(m->at);
		break;
	}
	state->mapped = !!m->sgt;
	state->addr = m->sgt ? sg_dma_address(m->sgt->sgl) : 0;
	state->pieces = m->sgt ? m->sgt->nents : 0;
	state->invalidated = m->invalidated;
	dma_resv_unlock(m->dmabuf->resv);
	return ret;
}

static int dispatch(struct importer *m, unsigned int cmd, void __user *arg)
{
	struct weft_importer_state state = { 0 };
	struct weft_importer_attach args;
	int ret;

	switch (cmd) {
	case WEFT_IMPORTER_ATTACH:
		return copy_from_user(&args, arg, sizeof(args)) ? -EFAULT : attach(m, &args);
	case WEFT_IMPORTER_EXPORT:
		return export_page(m, arg);
	case WEFT_IMPORTER_MOVE:
		return move(m);
	case WEFT_IMPORTER_OLD_PLACE:
		return check_old_place(m);
	case WEFT_IMPORTER_MAP:
		if (copy_from_user(&state, arg, sizeof(state)))
			return -EFAULT;
		break;
	case WEFT_IMPORTER_STATE:
	case WEFT_IMPORTER_UNMAP:
	case WEFT_IMPORTER_PIN:
		break;
	default:
		return -ENOTTY;
	}
	ret = with_reservation(m, cmd, &state);
	if (!ret && _IOC_DIR(cmd) & _IOC_READ && copy_to_user(arg, &state, sizeof(state)))
		return -EFAULT;
	return ret;
}

static long importer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct importer *m = file->private_data;
	int ret;

	mutex_lock(&m->lock);
	ret = dispatch(m, cmd, (void __user *)arg);
	mutex_unlock(&m->lock);
	return ret;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	mutex_init(&m->lock);
	file->private_data = m;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *m = file->private_data;

	detach(m);
	if (m->exported)
		dma_buf_put(m->exported);
	if (m->old)
		__free_page(m->old);
	kfree(m);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
};

static struct miscdevice importer_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "weft-importer",
	.fops = &importer_fops,
};
module_misc_device(importer_misc);

/* Not the macro, whose argument was a bare word once. */
MODULE_INFO(import_ns, "DMA_BUF");
MODULE_DESCRIPTION("importer and exporter of dma-bufs for the tests of weft");
MODULE_LICENSE("GPL");
