// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_bind.h"
#include "weft_cell.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_gem.h"
#include "weft_job.h"
#include "weft_news.h"
#include "weft_peer.h"
#include "weft_prime.h"
#include "weft_query.h"
#include "weft_queue.h"
#include "weft_ras.h"
#include "weft_reset.h"
#include "weft_sched.h"
#include "weft_uqueue.h"
#include "weft_uring.h"
#include "weft_vm.h"
#include "weft_will.h"
#include "weft_window.h"

/* Frees queues; drained before the module's text goes away. */
static struct workqueue_struct *weft_free_wq;

typedef int (*weft_ioctl_fn)(struct weft_device *w, struct weft_file *f, void *data);

/* Calls that touch no memory of the user but their arguments, which DRM copies. */
static int guarded(struct drm_device *drm, struct drm_file *file, void *data, weft_ioctl_fn fn)
{
	struct weft_device *w = to_weft(drm);
	struct weft_file *f = file->driver_priv;
	int idx, ret;

	ret = weft_file_enter(f, &idx);
	if (ret)
		return ret;
	ret = fn(w, f, data);
	weft_device_exit(w, idx);
	return ret;
}

#define WEFT_GUARD(name) \
	static int guarded_##name(struct drm_device *drm, void *data, struct drm_file *file) \
	{ \
		return guarded(drm, file, data, weft_##name##_ioctl); \
	}
WEFT_GUARD(gem_create)
WEFT_GUARD(gem_info)
WEFT_GUARD(gem_export)
WEFT_GUARD(vm_create)
WEFT_GUARD(vm_destroy)
WEFT_GUARD(queue_create)
WEFT_GUARD(queue_destroy)
WEFT_GUARD(queue_state)
WEFT_GUARD(query_peer)
WEFT_GUARD(kick)
WEFT_GUARD(queue_idle)

/* Wills are carried out with no card held, and done when the call returns. */
static int destroy_and_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	int ret = guarded_queue_destroy(drm, data, file);

	weft_wills_wait(file->driver_priv);
	return ret;
}

/* They sleep, or copy from and to user memory: they go through the gate by themselves. */
#define WEFT_BARE(name) \
	static int bare_##name(struct drm_device *drm, void *data, struct drm_file *file) \
	{ \
		return weft_##name##_ioctl(to_weft(drm), file->driver_priv, data); \
	}
WEFT_BARE(query)
WEFT_BARE(submit)
WEFT_BARE(user_queue_create)
WEFT_BARE(vm_bind)
WEFT_BARE(cell_wait)

static const struct drm_ioctl_desc weft_ioctls[] = {
	DRM_IOCTL_DEF_DRV(WEFT_QUERY, bare_query, 0),
	DRM_IOCTL_DEF_DRV(WEFT_GEM_CREATE, guarded_gem_create, 0),
	DRM_IOCTL_DEF_DRV(WEFT_GEM_INFO, guarded_gem_info, 0),
	DRM_IOCTL_DEF_DRV(WEFT_GEM_EXPORT, guarded_gem_export, 0),
	DRM_IOCTL_DEF_DRV(WEFT_VM_CREATE, guarded_vm_create, 0),
	DRM_IOCTL_DEF_DRV(WEFT_VM_DESTROY, guarded_vm_destroy, 0),
	DRM_IOCTL_DEF_DRV(WEFT_VM_BIND, bare_vm_bind, 0),
	DRM_IOCTL_DEF_DRV(WEFT_QUEUE_CREATE, guarded_queue_create, 0),
	DRM_IOCTL_DEF_DRV(WEFT_QUEUE_DESTROY, destroy_and_wait, 0),
	DRM_IOCTL_DEF_DRV(WEFT_QUEUE_STATE, guarded_queue_state, 0),
	DRM_IOCTL_DEF_DRV(WEFT_SUBMIT, bare_submit, 0),
	DRM_IOCTL_DEF_DRV(WEFT_QUERY_PEER, guarded_query_peer, 0),
	DRM_IOCTL_DEF_DRV(WEFT_USER_QUEUE_CREATE, bare_user_queue_create, 0),
	DRM_IOCTL_DEF_DRV(WEFT_KICK, guarded_kick, 0),
	DRM_IOCTL_DEF_DRV(WEFT_CELL_WAIT, bare_cell_wait, 0),
	DRM_IOCTL_DEF_DRV(WEFT_QUEUE_IDLE, guarded_queue_idle, 0),
};

static_assert(ARRAY_SIZE(weft_ioctls) == DRM_WEFT_QUEUE_IDLE + 1,
	      "every ioctl of the header has its row");

static const struct file_operations weft_fops = {
	.owner = THIS_MODULE,
	/* DRM_ACCEL_FOPS but for what is ours. */
	.open = accel_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = weft_news_poll,
	.read = weft_news_read,
	.llseek = noop_llseek,
	.mmap = weft_window_mmap,
	.fop_flags = FOP_UNSIGNED_OFFSET,
	.show_fdinfo = drm_show_fdinfo,
	.uring_cmd = weft_uring_cmd,
};

static const struct drm_driver weft_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | WEFT_DRIVER_FEATURES,
	.open = weft_file_open,
	.postclose = weft_file_close,
	.show_fdinfo = weft_file_show_fdinfo,
	.ioctls = weft_ioctls,
	.num_ioctls = ARRAY_SIZE(weft_ioctls),
	.fops = &weft_fops,
	.prime_handle_to_fd = weft_prime_handle_to_fd,
	.prime_fd_to_handle = weft_prime_fd_to_handle,
	.gem_prime_import = weft_prime_import,
	.name = "weft",
	.desc = "weft accelerator",
	.major = DRM_WEFT_UAPI_MAJOR,
	.minor = DRM_WEFT_UAPI_MINOR,
#ifdef WEFT_HAVE_DRM_DRIVER_DATE
	.date = "20261122",
#endif
};

struct weft_device *weft_device_of(struct file *file)
{
	struct drm_file *drm_file = file->f_op == &weft_fops ? file->private_data : NULL;

	return drm_file ? to_weft(drm_file->minor->dev) : NULL;
}

static int weft_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return weft_device_probe(pdev, &weft_driver, weft_free_wq);
}

static pci_ers_result_t weft_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct weft_device *w = pci_get_drvdata(pdev);

	if (state == pci_channel_io_perm_failure) {
		weft_reset_lost(w, "PCI error recovery");
		return PCI_ERS_RESULT_DISCONNECT;
	}
	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	weft_reset_recovery(w);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t weft_slot_reset(struct pci_dev *pdev)
{
	struct weft_device *w = pci_get_drvdata(pdev);

	/* Another function's error may have reset the slot without our asking. */
	if (!weft_device_check(w))
		weft_reset_prepare(w);
	pci_restore_state(pdev);
	weft_reset_recovered(w);
	return weft_device_check(w) ? PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_RECOVERED;
}

static void weft_pci_reset_prepare(struct pci_dev *pdev)
{
	weft_reset_prepare(pci_get_drvdata(pdev));
}

static void weft_pci_reset_done(struct pci_dev *pdev)
{
	weft_reset_done(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers weft_errors = {
	.error_detected = weft_error_detected,
	.slot_reset = weft_slot_reset,
	.reset_prepare = weft_pci_reset_prepare,
	.reset_done = weft_pci_reset_done,
};

static const struct pci_device_id weft_ids[] = {
	{ PCI_DEVICE(WEFT_PCI_VENDOR, WEFT_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, weft_ids);

static struct pci_driver weft_pci_driver = {
	.name = "weft",
	.id_table = weft_ids,
	.probe = weft_probe,
	.remove = weft_device_remove,
	.dev_groups = weft_ras_groups,
	.err_handler = &weft_errors,
	.driver.pm = pm_ptr(&weft_pm_ops),
};

static int __init weft_init(void)
{
	int ret;

	weft_free_wq = alloc_workqueue("weft-free", WQ_UNBOUND, 0);
	if (!weft_free_wq)
		return -ENOMEM;
	ret = weft_will_init();
	if (ret)
		goto err_free;
	ret = pci_register_driver(&weft_pci_driver);
	if (ret)
		goto err_will;
	return 0;

err_will:
	weft_will_exit();
err_free:
	destroy_workqueue(weft_free_wq);
	return ret;
}

static void __exit weft_exit(void)
{
	pci_unregister_driver(&weft_pci_driver);
	/* Wills may be what holds a device last. */
	weft_will_exit();
	destroy_workqueue(weft_free_wq);
	weft_sched_exit();
}

module_init(weft_init);
module_exit(weft_exit);

MODULE_AUTHOR("The weft authors");
MODULE_DESCRIPTION("weft accelerator");
MODULE_VERSION(__stringify(DRM_WEFT_UAPI_MAJOR) "." __stringify(DRM_WEFT_UAPI_MINOR));
MODULE_LICENSE("GPL");
#ifdef WEFT_HAVE_IMPORT_NS_BARE
MODULE_IMPORT_NS(DMA_BUF);
#else
MODULE_IMPORT_NS("DMA_BUF");
#endif
