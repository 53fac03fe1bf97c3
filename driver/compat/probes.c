// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/*
 * One translation unit asks the target kernel everything at once: each question is compiled under a
 * #line that bears its name, so that the compiler's messages tell which ones the kernel cannot
 * answer (probe.sh reads them). Stable kernels take over API changes, so a version number would not
 * do. A question stays inside one declaration or function; an error in one does not disturb the
 * next. A function that may be missing is asked for in one place only, or by its address: the
 * compiler complains about an undeclared call once per name.
 *
 * CONTROL_PASS must compile and CONTROL_FAIL must not, otherwise the answers are worthless and the
 * build stops.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dma-buf.h>
#include <linux/pci-p2pdma.h>
#include <linux/io_uring/cmd.h>
#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>
#if __has_include("linux/gpu_buddy.h")
#include <linux/gpu_buddy.h>
#endif
#if __has_include("drm/drm_buddy.h")
#include <drm/drm_buddy.h>
#endif
#if __has_include("linux/dma-buf-mapping.h")
#include <linux/dma-buf-mapping.h>
#endif

#line 1 "CONTROL_PASS"
static int probe_pass(struct pci_dev *p) { return p->vendor; }
#line 1 "CONTROL_FAIL"
static int probe_fail(struct pci_dev *p) { return p->weft_no_such_member; }

#line 1 "SCHED_INIT_ARGS"
static u32 probe_sia(const struct drm_sched_init_args *a) { return a->credit_limit; }
#line 1 "SCHED_INIT_NUM_RQS"
static u32 probe_sin(const struct drm_sched_init_args *a) { return a->num_rqs; }
#line 1 "SCHED_JOB_CLIENT_ID"
static int probe_sjc(struct drm_sched_job *j) { return drm_sched_job_init(j, NULL, 1, NULL, 0ull); }
#line 1 "SCHED_STAT_RESET"
static int probe_ssr(void) { return DRM_GPU_SCHED_STAT_RESET; }
#line 1 "GPUVM_BO_OBTAIN_LOCKED"
static void *probe_gbl(void) { return drm_gpuvm_bo_obtain_locked(NULL, NULL); }
#line 1 "GPUVM_IMMEDIATE"
static int probe_gim(void) { return DRM_GPUVM_IMMEDIATE_MODE; }
#line 1 "GPU_BUDDY"
static int probe_gbi(struct gpu_buddy *m) { return gpu_buddy_init(m, 4096, 4096); }
#line 1 "GEM_OBJECT_ACTIVE"
static int probe_goa(void) { return DRM_GEM_OBJECT_ACTIVE; }
#line 1 "DRIVER_GEM_GPUVA"
static int probe_dgg(void) { return DRIVER_GEM_GPUVA; }
#line 1 "DRM_DRIVER_DATE"
static char *probe_ddd(struct drm_driver *d) { return d->date; }
#line 1 "FENCE_DETACHES"
static void *probe_fde(struct dma_fence *f) { return &f->inline_lock; }
#line 1 "DMABUF_INVALIDATE"
static void probe_dbi(struct dma_buf *b) { dma_buf_invalidate_mappings(b); }
#line 1 "DMABUF_OP_INVALIDATE"
static void *probe_doi(struct dma_buf_attach_ops *o) { return o->invalidate_mappings; }
#line 1 "P2P_PROVIDER"
static void *probe_p2p(struct pci_dev *p, struct phys_vec *v)
{
	if (pcim_p2pdma_init(p))
		return NULL;
	return dma_buf_phys_vec_to_sgt(NULL, pcim_p2pdma_provider(p, 2), v, 1, 4096,
				       DMA_BIDIRECTIONAL);
}

#line 1 "IMPORT_NS_BARE"
MODULE_IMPORT_NS(DMA_BUF);
#line 1 "BUDDY_RESET_CLEAR"
static void probe_brc(void) { gpu_buddy_reset_clear(NULL, false); }
#line 1 "URING_DONE32"
static void probe_ud3(struct io_uring_cmd *c) { io_uring_cmd_done32(c, 0, 0, 0); }
#line 1 "URING_TW_REQ"
static void *probe_utr(struct io_tw_req r) { return io_uring_cmd_from_tw(r); }
