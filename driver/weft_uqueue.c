// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/capability.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/doorbell.h>
#include <firmware/abi/fault.h>
#include <firmware/abi/reg.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_reset.h"
#include "weft_trace.h"
#include "weft_uqueue.h"
#include "weft_vm.h"
#include "weft_will.h"

#define FLAGS		(DRM_WEFT_USER_QUEUE_WAIT_STOPS | DRM_WEFT_USER_QUEUE_TRACE)
#define DEFAULT_WEIGHT	100
#define MAX_WEIGHT	1000
#define IDLE_US		2000	/* from the last packet's end to the queue's rest */

static void ignore_event(struct weft_hwq *hw)
{
}

static void uqueue_put(struct weft_uqueue *q)
{
	weft_hwq_put(&q->hw);
}

/* Hard interrupt: the worker's reference is what keeps it. */
static void fault_event(struct weft_hwq *hw)
{
	struct weft_uqueue *q = container_of(hw, struct weft_uqueue, hw);

	if (!kref_get_unless_zero(&hw->ref))
		return;
	if (!queue_work(q->w->work_wq, &q->fault_work))
		uqueue_put(q);
}

static void kill(struct weft_hwq *hw);
static void uqueue_release(struct kref *ref);

static const struct weft_hwq_ops uqueue_ops = {
	.fence = ignore_event,
	.fault = fault_event,
	.kill = kill,
	.release = uqueue_release,
};

struct weft_uqueue *weft_uqueue_of(struct weft_hwq *hw)
{
	return hw->ops == &uqueue_ops ? container_of(hw, struct weft_uqueue, hw) : NULL;
}

/* The last reference may go in an interrupt. */
static void free_work(struct work_struct *work)
{
	struct weft_uqueue *q = container_of(work, struct weft_uqueue, free_work);
	struct drm_device *drm = &q->w->drm;

	weft_hwq_fini(&q->hw);
	weft_window_put(q->doorbell);
	weft_window_put(q->state);
	atomic_dec(&q->w->counts.uqueues);
	weft_vm_put(q->vm);
	weft_file_put(q->f);
	mutex_destroy(&q->lock);
	kfree(q);
	drm_dev_put(drm);
	/* The worker is drained at module exit: the code that returns from here is still there. */
	module_put(THIS_MODULE);
}

static void uqueue_release(struct kref *ref)
{
	struct weft_uqueue *q = container_of(ref, struct weft_uqueue, hw.ref);

	queue_work(q->w->free_wq, &q->free_work);
}

/* Lock held, queue stopped: why it ends is what it faulted with, or @cause. */
static void execute_wills(struct weft_uqueue *q, u32 cause)
{
	u64 first = 0;

	if (!q->wills)
		return;
	if (q->cause)
		cause = q->cause;
	if (cause == WEFT_FAULT_POISON)
		first = weft_mmio_lmem_read64(q->w, q->hw.desc.state +
					      offsetof(struct weft_queue_state, origin));
	/* A card that does not answer knows no origin; the poison is its own then. */
	weft_wills_execute(q->wills, cause, first == ~0ull ? 0 : first);
	q->wills = NULL;
}

static void trace_fault(struct weft_uqueue *q)
{
	u64 at = q->hw.desc.state;
	u64 va = at + offsetof(struct weft_queue_state, fault_va);
	u64 list = at + offsetof(struct weft_queue_state, fault_list);
	u64 packet = at + offsetof(struct weft_queue_state, fault_packet);
	u64 op = at + offsetof(struct weft_queue_state, fault_op);

	weft_history_note(&q->w->history, "queue faulted, value is its cause", q->hw.desc.id,
			  q->cause, 0);
	if (!trace_weft_queue_fault_enabled())
		return;
	trace_weft_queue_fault(q->w->serial, q->hw.desc.id, q->cause,
			       weft_mmio_lmem_read64(q->w, va), weft_mmio_lmem_read64(q->w, list),
			       weft_mmio_lmem_read32(q->w, packet),
			       weft_mmio_lmem_read32(q->w, op));
}

/* Lock held. The fault may have happened without its event having been seen. */
static void note_fault(struct weft_uqueue *q)
{
	u64 at = q->hw.desc.state;

	if (!q->cause &&
	    weft_mmio_lmem_read32(q->w, at + offsetof(struct weft_queue_state, run)) ==
	    WEFT_QS_FAULTED) {
		q->cause = weft_mmio_lmem_read32(q->w, at +
						 offsetof(struct weft_queue_state, cause));
		/*
		 * A card that is taken down loses the bus first, and what it does meanwhile fails:
		 * not the queue's doing.
		 */
		if (q->cause == WEFT_FAULT_BUS && weft_reset_pending(q->w))
			q->cause = WEFT_FAULT_RESET;
		trace_fault(q);
		/* Poison is somebody else's fault, and the queue that began it has its own dump. */
		if (q->cause != WEFT_FAULT_POISON)
			weft_dump_capture(q->w, WEFT_DUMP_QUEUE_FAULT, &q->hw,
					  weft_tables_root(&q->vm->tables));
	}
}

static void end_running(struct weft_uqueue *q, u32 cause)
{
	weft_hwq_halt(&q->hw);
	note_fault(q);
	execute_wills(q, cause);
	weft_window_release(q->doorbell);
}

/* A fault only ends the running: the queue stays to be looked at until its owner destroys it. */
static void fault_work(struct work_struct *work)
{
	struct weft_uqueue *q = container_of(work, struct weft_uqueue, fault_work);

	weft_pm_get(q->w, WEFT_PM_CALL);
	mutex_lock(&q->lock);
	if (!q->dead && !q->cause) {
		note_fault(q);
		if (q->cause)
			end_running(q, q->cause);
	}
	mutex_unlock(&q->lock);
	weft_pm_put(q->w, WEFT_PM_CALL);
	uqueue_put(q);
}

void weft_uqueue_halt(struct weft_uqueue *q)
{
	mutex_lock(&q->lock);
	if (!q->dead)
		end_running(q, WEFT_FAULT_STOPPED);
	mutex_unlock(&q->lock);
}

static void shut_down(struct weft_uqueue *q, u32 cause)
{
	mutex_lock(&q->lock);
	if (!q->dead) {
		q->dead = true;
		end_running(q, cause);
		/* Before the number may be another's. */
		weft_window_revoke(q->doorbell, q->id);
		weft_window_revoke(q->state, q->id);
		weft_hwq_stop(&q->hw);
	}
	mutex_unlock(&q->lock);
}

static void kill(struct weft_hwq *hw)
{
	struct weft_uqueue *q = container_of(hw, struct weft_uqueue, hw);

	shut_down(q, WEFT_FAULT_STOPPED);
	atomic64_add(weft_hwq_busy_ns(hw), &q->f->past_busy_ns);
	mutex_lock(&q->vm->lock);
	q->vm->queues--;
	mutex_unlock(&q->vm->lock);
	weft_file_uncharge(q->f, DRM_WEFT_QUOTA_QUEUES, 1);
	uqueue_put(q);
}

void weft_uqueue_end_all(struct weft_device *w)
{
	struct weft_uqueue *q;
	struct weft_hwq *hw;
	unsigned long id = 0;

	while ((hw = weft_hwq_next(w, &id, &uqueue_ops))) {
		q = container_of(hw, struct weft_uqueue, hw);
		shut_down(q, WEFT_FAULT_RESET);
		uqueue_put(q);
	}
}

static struct weft_uqueue *uqueue_get(struct weft_file *f, u32 id)
{
	struct weft_hwq *hw = weft_hwq_get(f, id, &uqueue_ops);

	return hw ? container_of(hw, struct weft_uqueue, hw) : NULL;
}

struct weft_window *weft_uqueue_window(struct weft_file *f, u32 id, enum weft_window_kind kind)
{
	struct weft_uqueue *q = uqueue_get(f, id);
	struct weft_window *win;

	if (!q)
		return ERR_PTR(-ENOENT);
	if (kind == WEFT_WINDOW_DOORBELL)
		win = q->doorbell;
	else
		win = kind == WEFT_WINDOW_STATE ? q->state : NULL;
	if (win)
		kref_get(&win->ref);
	uqueue_put(q);
	return win ?: ERR_PTR(-EINVAL);
}

int weft_uqueue_state(struct weft_file *f, struct drm_weft_queue_state *args)
{
	struct weft_uqueue *q = uqueue_get(f, args->queue_id);
	struct weft_queue_state *state;
	int ret = 0;

	if (!q)
		return -ENOENT;
	state = kzalloc_obj(*state, GFP_KERNEL);
	if (!state) {
		ret = -ENOMEM;
		goto put;
	}
	mutex_lock(&q->lock);
	if (q->gen != q->w->gen) {
		args->cause = q->hw.stage == DRM_WEFT_STAGE_CARD_RESET ? WEFT_FAULT_HANG :
									 WEFT_FAULT_RESET;
	} else if (!q->dead) {
		weft_hwq_read_state(&q->hw, state);
		args->run = state->run;
		args->cause = state->cause;
		args->fault_packet = state->fault_packet;
		args->fault_op = state->fault_op;
		args->fault_va = state->fault_va;
		args->fault_list = state->fault_list;
		args->faults = state->run == WEFT_QS_FAULTED;
		args->retired = state->retired;
		args->busy_ns = state->busy_ns;
		args->card_queue = q->hw.desc.id;
	}
	args->stage = q->hw.stage;
	mutex_unlock(&q->lock);
	kfree(state);
put:
	uqueue_put(q);
	return ret;
}

/* Number, state page and windows; the queue does not exist on the card yet. */
static int prepare(struct weft_uqueue *q, const struct drm_weft_user_queue_create *args)
{
	struct weft_queue_desc desc = {
		.asid = q->vm->asid,
		.kind = WEFT_QUEUE_USER,
		.band = args->band,
		.ring = args->ring,
		.ctl = args->ctl,
		.run_limit_ns = args->run_limit_ns,
		.wait_limit_ns = args->wait_limit_ns,
		.ring_log2 = args->ring_log2,
		.weight = args->weight ?: DEFAULT_WEIGHT,
	};
	struct weft_device *w = q->w;
	int ret;

	if (args->flags & DRM_WEFT_USER_QUEUE_WAIT_STOPS)
		desc.flags |= WEFT_QUEUE_F_WAIT_STOPS;
	if (args->flags & DRM_WEFT_USER_QUEUE_TRACE)
		desc.flags |= WEFT_QUEUE_F_TRACE;
	ret = weft_hwq_init_user(&q->hw, w, q->f, &uqueue_ops, &desc);
	if (ret)
		return ret;
	q->doorbell = weft_window_create(w, WEFT_WINDOW_DOORBELL, NULL, w->mmio.doorbell_phys +
					 (u64)q->hw.desc.id * WEFT_DOORBELL_BYTES,
					 WEFT_DOORBELL_BYTES);
	q->state = weft_window_create(w, WEFT_WINDOW_STATE, NULL,
				      w->mmio.lmem_phys + q->hw.desc.state,
				      sizeof(struct weft_queue_state));
	return q->doorbell && q->state ? 0 : -ENOMEM;
}

static struct weft_uqueue *alloc(struct weft_device *w, struct weft_file *f, struct weft_vm *vm,
				 u32 id, struct weft_wills *wills,
				 const struct drm_weft_user_queue_create *args)
{
	struct weft_uqueue *q = kzalloc_obj(*q, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!q)
		return ERR_PTR(-ENOMEM);
	q->w = w;
	q->f = f;
	q->vm = vm;
	q->id = id;
	q->gen = w->gen;
	memcpy(q->name, args->name, sizeof(args->name));
	mutex_init(&q->lock);
	INIT_WORK(&q->fault_work, fault_work);
	INIT_WORK(&q->free_work, free_work);
	ret = prepare(q, args);
	if (ret)
		goto err_free;
	ret = weft_hwq_start(&q->hw);
	if (ret) {
		/* Without an answer the firmware may have created it all the same. */
		WRITE_ONCE(q->hw.live, ret == -EIO);
		goto err_free;
	}
	q->wills = wills;
	weft_file_get(f);
	drm_gpuvm_get(&vm->base);
	drm_dev_get(&w->drm);
	__module_get(THIS_MODULE);
	atomic_inc(&w->counts.uqueues);
	weft_window_hold(q->doorbell);
	kref_init(&q->hw.ref);
	/* Against weft_reset_lost(): either that sees the reference, or this sees its state. */
	smp_mb();
	if (weft_device_check(w))
		shut_down(q, WEFT_FAULT_RESET);
	return q;

err_free:
	if (!IS_ERR_OR_NULL(q->hw.mem))
		weft_hwq_fini(&q->hw);
	weft_window_put(q->doorbell);
	weft_window_put(q->state);
	kfree(q);
	return ERR_PTR(ret);
}

static int create_in(struct weft_device *w, struct weft_file *f, struct weft_vm *vm,
		     struct drm_weft_user_queue_create *args, const struct drm_weft_will *list)
{
	struct weft_wills *wills;
	struct weft_uqueue *q;
	int ret;

	wills = weft_wills_create(w, f, list, args->num_wills);
	if (IS_ERR(wills))
		return PTR_ERR(wills);
	/* A place for it first: what is published cannot fail any more. */
	ret = xa_alloc(&f->queues, &args->queue_id, NULL, xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_wills;
	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		goto err_id;
	ret = vm->dead ? -ENOENT : weft_vm_check(vm);
	if (ret)
		goto err_lock;
	q = alloc(w, f, vm, args->queue_id, wills, args);
	if (IS_ERR(q)) {
		ret = PTR_ERR(q);
		goto err_lock;
	}
	vm->queues++;
	mutex_unlock(&vm->lock);
	args->doorbell_offset = weft_window_offset(WEFT_WINDOW_DOORBELL, args->queue_id);
	args->state_offset = weft_window_offset(WEFT_WINDOW_STATE, args->queue_id);
	xa_store(&f->queues, args->queue_id, &q->hw, GFP_KERNEL_ACCOUNT);
	weft_event_watch(w);
	return 0;

err_lock:
	mutex_unlock(&vm->lock);
err_id:
	xa_erase(&f->queues, args->queue_id);
err_wills:
	weft_wills_drop(wills);
	return ret;
}

/* Lines of text have it as it is: nothing in it ends one. */
static bool bad_name(const u8 *name)
{
	u32 n;

	for (n = 0; n < DRM_WEFT_NAME_BYTES && name[n]; n++)
		if (name[n] < 0x20 || name[n] == 0x7f)
			return true;
	return memchr_inv(name + n, 0, DRM_WEFT_NAME_BYTES - n);
}

int weft_uqueue_check(struct weft_device *w, const struct drm_weft_user_queue_create *args)
{
	u64 ring_bytes = (u64)sizeof(union weft_packet) <<
			 min_t(u32, args->ring_log2, WEFT_RING_LOG2_MAX);
	u64 end;

	if (args->pad || args->flags & ~FLAGS || args->band > DRM_WEFT_BAND_LOW ||
	    args->weight > MAX_WEIGHT || args->num_wills > DRM_WEFT_MAX_WILLS ||
	    bad_name(args->name))
		return -EINVAL;
	if (args->ring_log2 < WEFT_RING_LOG2_MIN || args->ring_log2 > WEFT_RING_LOG2_MAX)
		return -EINVAL;
	if (!args->ring || !args->ctl || (args->ring | args->ctl) & (SZ_4K - 1))
		return -EINVAL;
	if (check_add_overflow(args->ring, ring_bytes, &end) || end > WEFT_VM_END ||
	    args->ctl > WEFT_VM_END - SZ_4K)
		return -EINVAL;
	if (args->band < DRM_WEFT_BAND_NORMAL && !capable(CAP_SYS_NICE))
		return -EACCES;
	if (!(w->caps & WEFT_CAP_LR) ||
	    (args->flags & DRM_WEFT_USER_QUEUE_TRACE && !(w->caps & WEFT_CAP_TRACE))) {
		drm_dbg(&w->drm, "the card lacks capability %s\n",
			w->caps & WEFT_CAP_LR ? "TRACE" : "LR");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int create(struct weft_device *w, struct weft_file *f,
		  struct drm_weft_user_queue_create *args, const struct drm_weft_will *list)
{
	struct weft_vm *vm;
	int ret;

	ret = weft_uqueue_check(w, args);
	if (ret)
		return ret;
	vm = weft_vm_get(f, args->vm_id);
	if (!vm)
		return -ENOENT;
	if (vm->type != DRM_WEFT_VM_LR) {
		ret = -EINVAL;
		goto put;
	}
	ret = weft_file_charge(f, DRM_WEFT_QUOTA_QUEUES, 1);
	if (ret)
		goto put;
	ret = create_in(w, f, vm, args, list);
	if (ret)
		weft_file_uncharge(f, DRM_WEFT_QUOTA_QUEUES, 1);
put:
	weft_vm_put(vm);
	return ret;
}

int weft_user_queue_create_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_user_queue_create *args = data;
	struct drm_weft_will *list = weft_wills_copy(args->wills, args->num_wills);
	int idx, ret;

	if (IS_ERR(list))
		return PTR_ERR(list);
	ret = weft_file_enter(f, &idx);
	if (!ret) {
		ret = create(w, f, args, list);
		weft_device_exit(w, idx);
	}
	kvfree(list);
	return ret;
}

static int wait_idle(struct weft_uqueue *q)
{
	ktime_t end = ktime_add_us(ktime_get(), IDLE_US);
	u32 run;

	for (;;) {
		run = weft_hwq_run(&q->hw);
		/* A doorbell that the card has not looked at yet is found when it goes to sleep. */
		if (run == WEFT_QS_IDLE || run == WEFT_QS_PARKED || run == WEFT_QS_FAULTED)
			return 0;
		if (ktime_after(ktime_get(), end))
			break;
		usleep_range(50, 100);
	}
	drm_dbg(&q->w->drm,
		"queue %u is not idle (state %u): ask again when what was submitted has retired\n",
		q->hw.desc.id, run);
	return -EBUSY;
}

/* Lock held. Out of reach first, then the look: what is stored after it faults. */
static int rest(struct weft_uqueue *q)
{
	int ret;

	if (!weft_window_doze(q->doorbell, q->id))
		return 0;
	ret = wait_idle(q);
	weft_window_dozed(q->doorbell, !ret);
	return ret;
}

int weft_queue_idle_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_queue_idle *args = data;
	struct weft_uqueue *q;
	int ret;

	if (args->pad)
		return -EINVAL;
	q = uqueue_get(f, args->queue_id);
	if (!q)
		return -ENOENT;
	ret = mutex_lock_interruptible(&q->lock);
	if (ret)
		goto put;
	if (q->gen != w->gen)
		ret = -ECANCELED;
	else if (!q->dead)
		ret = rest(q);
	mutex_unlock(&q->lock);
put:
	uqueue_put(q);
	return ret;
}
