// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/capability.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include <firmware/abi/fault.h>
#include <firmware/abi/reg.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_fence.h"
#include "weft_file.h"
#include "weft_job.h"
#include "weft_queue.h"
#include "weft_reset.h"
#include "weft_sched.h"
#include "weft_trace.h"
#include "weft_uqueue.h"
#include "weft_vm.h"

#define PACKETS_PER_JOB		2	/* CALL and FENCE */
#define DEFAULT_JOBS		64
#define MAX_JOBS		1024
#define DEFAULT_LIMIT_MS	10000
#define MAX_LIMIT_MS		600000
#define SCHED_SLACK_MS		100	/* the card's own limit acts first */
#define CANCEL_MS		200	/* for ready jobs to end with their proper error */

static void fault_event(struct weft_hwq *hw)
{
	/* The recovery runs as if the time limit had run out now. */
	drm_sched_fault(container_of(hw, struct weft_queue, hw)->sched);
}

static void kill(struct weft_hwq *hw);
static void queue_release(struct kref *ref);

static const struct weft_hwq_ops queue_ops = {
	.fence = weft_queue_complete,
	.fault = fault_event,
	.kill = kill,
	.release = queue_release,
};

static void take_completed(struct weft_queue *q, u64 value, struct list_head *out)
{
	struct weft_fence *fence;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	while ((fence = list_first_entry_or_null(&q->in_flight, struct weft_fence, link)) &&
	       fence->value <= value) {
		list_move_tail(&fence->link, out);
		q->extended = 0;
	}
	if (!list_empty(out))
		q->busy_mark = weft_hwq_busy_ns(&q->hw);
	spin_unlock_irqrestore(&q->lock, flags);
}

void weft_queue_complete(struct weft_hwq *hw)
{
	struct weft_queue *q = container_of(hw, struct weft_queue, hw);
	struct weft_fence *fence, *next;
	LIST_HEAD(ended);

	take_completed(q, weft_hwq_fence_value(hw), &ended);
	list_for_each_entry_safe(fence, next, &ended, link) {
		list_del_init(&fence->link);
		trace_weft_job_end(q->w->serial, q->hw.desc.id, fence->value, 0);
		weft_fence_end(q->w, fence, 0);
	}
}

void weft_queue_fail(struct weft_queue *q, int first, int rest, bool dead)
{
	struct weft_fence *fence, *next;
	unsigned long flags;
	LIST_HEAD(failed);
	int error = first;

	spin_lock_irqsave(&q->lock, flags);
	list_splice_init(&q->in_flight, &failed);
	q->epoch++;
	q->extended = 0;
	q->busy_mark = weft_hwq_busy_ns(&q->hw);
	if (dead && !q->dead) {
		q->dead = true;
		q->error = rest;
	}
	spin_unlock_irqrestore(&q->lock, flags);
	list_for_each_entry_safe(fence, next, &failed, link) {
		list_del_init(&fence->link);
		trace_weft_job_end(q->w->serial, q->hw.desc.id, fence->value, error);
		weft_fence_end(q->w, fence, error);
		error = rest;
	}
}

void weft_queue_condemn(struct weft_queue *q, int first, int rest)
{
	weft_reset_schedule(q->w);
	weft_queue_fail(q, first, rest, true);
}

struct weft_queue *weft_queue_get(struct weft_file *f, u32 id)
{
	struct weft_hwq *hw = weft_hwq_get(f, id, &queue_ops);

	return hw ? container_of(hw, struct weft_queue, hw) : NULL;
}

/* The last reference may go in the scheduler's own worker, which cannot tear it down. */
static void free_work(struct work_struct *work)
{
	struct weft_queue *q = container_of(work, struct weft_queue, free_work);
	struct drm_device *drm = &q->w->drm;

	/* First out of the table: a late fault event would start recovery of a gone scheduler. */
	weft_hwq_fini(&q->hw);
	/*
	 * A recovery that put its job back, which the worker freed at once, may be about to start
	 * the worker; drm_sched_fini() waits for it too, but only when the run queues are gone. No
	 * job is left, so that none follows.
	 */
	cancel_delayed_work_sync(&q->sched->work_tdr);
	weft_sched_put(q->sched);
	atomic_dec(&q->w->counts.queues);
	weft_vm_put(q->vm);
	weft_file_put(q->f);
	mutex_destroy(&q->submit_lock);
	mutex_destroy(&q->hw_lock);
	kfree(q);
	drm_dev_put(drm);
	/* The worker is drained at module exit: the code that returns from here is still there. */
	module_put(THIS_MODULE);
}

static void queue_release(struct kref *ref)
{
	struct weft_queue *q = container_of(ref, struct weft_queue, hw.ref);

	queue_work(q->w->free_wq, &q->free_work);
}

void weft_queue_put(struct weft_queue *q)
{
	weft_hwq_put(&q->hw);
}

static int create(struct weft_queue *q, struct weft_device *w,
		  const struct drm_weft_queue_create *args)
{
	u32 jobs = args->max_jobs ?: DEFAULT_JOBS, log2;
	struct weft_sched_args sched_args = {
		.ops = &weft_job_sched_ops,
		.submit_wq = w->submit_wq,
		.timeout_wq = w->timeout_wq,
		.credits = jobs,
		.timeout_jiffies = msecs_to_jiffies(q->run_limit_ms + SCHED_SLACK_MS),
		.name = "weft",
		.dev = &w->pdev->dev,
	};
	int ret;

	log2 = max_t(u32, ilog2(roundup_pow_of_two(jobs * PACKETS_PER_JOB)), WEFT_RING_LOG2_MIN);
	q->sched = weft_sched_get(&sched_args);
	if (IS_ERR(q->sched))
		return PTR_ERR(q->sched);
	ret = drm_sched_entity_init(&q->entity, DRM_SCHED_PRIORITY_NORMAL, &q->sched, 1, NULL);
	if (ret)
		goto err_sched;
	ret = weft_hwq_init(&q->hw, w, q->f, &queue_ops, q->vm->asid, args->band, log2,
			    (u64)q->run_limit_ms * NSEC_PER_MSEC);
	if (ret)
		goto err_entity;
	mutex_lock(&q->hw_lock);
	ret = weft_hwq_start(&q->hw);
	mutex_unlock(&q->hw_lock);
	if (ret)
		goto err_hw;
	return 0;

err_hw:
	/* Without an answer the firmware may have created it all the same. */
	WRITE_ONCE(q->hw.live, ret == -EIO);
	weft_hwq_fini(&q->hw);
err_entity:
	drm_sched_entity_fini(&q->entity);
err_sched:
	weft_sched_put(q->sched);
	return ret;
}

/* Leaves the list in flight to the caller. */
static void shut_down(struct weft_queue *q, int error)
{
	bool cookie;

	mutex_lock(&q->hw_lock);
	cookie = dma_fence_begin_signalling();
	if (q->hw.live) {
		weft_hwq_stop(&q->hw);
		/* What the card had completed before it stopped is not lost. */
		weft_queue_complete(&q->hw);
	}
	if (weft_hwq_reaches(&q->hw))
		weft_queue_condemn(q, error, error);
	else
		weft_queue_fail(q, error, error, true);
	dma_fence_end_signalling(cookie);
	mutex_unlock(&q->hw_lock);
}

static struct weft_queue *alloc(struct weft_device *w, struct weft_file *f, struct weft_vm *vm,
				const struct drm_weft_queue_create *args)
{
	struct weft_queue *q = kzalloc_obj(*q, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!q)
		return ERR_PTR(-ENOMEM);
	/*
	 * No references yet: who takes all queues of a lost card down passes over one that may
	 * still be freed here.
	 */
	q->w = w;
	q->f = f;
	q->vm = vm;
	q->gen = w->gen;
	q->run_limit_ms = args->run_limit_ms ?: DEFAULT_LIMIT_MS;
	q->context = dma_fence_context_alloc(1);
	mutex_init(&q->submit_lock);
	mutex_init(&q->hw_lock);
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->in_flight);
	init_waitqueue_head(&q->idle_wq);
	INIT_WORK(&q->free_work, free_work);
	ret = create(q, w, args);
	if (ret) {
		kfree(q);
		return ERR_PTR(ret);
	}
	weft_file_get(f);
	drm_gpuvm_get(&vm->base);
	drm_dev_get(&w->drm);
	__module_get(THIS_MODULE);
	atomic_inc(&w->counts.queues);
	kref_init(&q->hw.ref);
	/* Against weft_reset_lost(): either that sees the reference, or this sees its state. */
	smp_mb();
	if (weft_device_check(w))
		shut_down(q, weft_device_check(w));
	return q;
}

static void kill(struct weft_hwq *hw)
{
	struct weft_queue *q = container_of(hw, struct weft_queue, hw);

	shut_down(q, -ECANCELED);
	/* Who armed before has pushed when this is taken; who comes later sees a dead queue. */
	mutex_lock(&q->submit_lock);
	mutex_unlock(&q->submit_lock);
	/* Jobs still in the scheduler go through ->run_job() and are refused there. */
	wait_event_timeout(q->idle_wq, !atomic_read(&q->pending), msecs_to_jiffies(CANCEL_MS));
	/*
	 * The scheduler's worker puts an entity back that it has just taken a job from, also one
	 * that is being killed (7.3), and then takes jobs beside the killer. It must not run, nor
	 * be started by a recovery meanwhile.
	 */
	mutex_lock(&q->hw_lock);
	drm_sched_wqueue_stop(q->sched);
	drm_sched_entity_fini(&q->entity);
	drm_sched_wqueue_start(q->sched);
	mutex_unlock(&q->hw_lock);
	atomic64_add(weft_hwq_busy_ns(hw), &q->f->past_busy_ns);
	mutex_lock(&q->vm->lock);
	q->vm->queues--;
	mutex_unlock(&q->vm->lock);
	weft_file_uncharge(q->f, DRM_WEFT_QUOTA_QUEUES, 1);
	weft_queue_put(q);
}

void weft_queue_fail_all(struct weft_device *w, int error)
{
	struct weft_queue *q;
	struct weft_hwq *hw;
	unsigned long id = 0;

	while ((hw = weft_hwq_next(w, &id, &queue_ops))) {
		q = container_of(hw, struct weft_queue, hw);
		shut_down(q, error);
		weft_queue_put(q);
	}
}

static int create_in(struct weft_device *w, struct weft_file *f, struct weft_vm *vm,
		     struct drm_weft_queue_create *args)
{
	struct weft_queue *q;
	int ret;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;
	ret = vm->dead ? -ENOENT : weft_vm_check(vm);
	if (ret)
		goto unlock;
	q = alloc(w, f, vm, args);
	if (IS_ERR(q)) {
		ret = PTR_ERR(q);
		goto unlock;
	}
	vm->queues++;
	mutex_unlock(&vm->lock);
	ret = xa_alloc(&f->queues, &args->queue_id, &q->hw, xa_limit_31b, GFP_KERNEL_ACCOUNT);
	if (ret) {
		/* It counts down itself, also in the caller's quota. */
		atomic64_inc(&f->quota[DRM_WEFT_QUOTA_QUEUES].used);
		kill(&q->hw);
	}
	return ret;
unlock:
	mutex_unlock(&vm->lock);
	return ret;
}

int weft_queue_create_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_queue_create *args = data;
	struct weft_vm *vm;
	int ret;

	if (args->flags || args->band > DRM_WEFT_BAND_LOW || args->max_jobs > MAX_JOBS ||
	    args->run_limit_ms > MAX_LIMIT_MS)
		return -EINVAL;
	if (args->band < DRM_WEFT_BAND_NORMAL && !capable(CAP_SYS_NICE))
		return -EACCES;
	if (!(w->caps & WEFT_CAP_CALL)) {
		drm_dbg(&w->drm,
			"the card lacks capability CALL, without which jobs cannot be run\n");
		return -EOPNOTSUPP;
	}
	vm = weft_vm_get(f, args->vm_id);
	if (!vm)
		return -ENOENT;
	if (vm->type != DRM_WEFT_VM_FENCE) {
		ret = -EINVAL;
		goto put;
	}
	ret = weft_file_charge(f, DRM_WEFT_QUOTA_QUEUES, 1);
	if (ret)
		goto put;
	ret = create_in(w, f, vm, args);
	if (ret)
		weft_file_uncharge(f, DRM_WEFT_QUOTA_QUEUES, 1);
put:
	weft_vm_put(vm);
	return ret;
}

int weft_queue_destroy_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_queue_destroy *args = data;
	struct weft_hwq *hw;

	if (args->pad)
		return -EINVAL;
	/* Who takes it out of the table kills it; what is only being created is not there. */
	xa_lock(&f->queues);
	hw = xa_load(&f->queues, args->queue_id);
	if (hw)
		__xa_erase(&f->queues, args->queue_id);
	xa_unlock(&f->queues);
	if (!hw)
		return -ENOENT;
	hw->ops->kill(hw);
	return 0;
}

int weft_queue_state_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_queue_state *args = data;
	struct weft_queue_state *state;
	struct weft_queue *q;
	int ret = 0;
	bool here;

	q = weft_queue_get(f, args->queue_id);
	if (!q)
		return weft_uqueue_state(f, args);
	state = kzalloc_obj(*state, GFP_KERNEL);
	if (!state) {
		ret = -ENOMEM;
		goto put;
	}
	mutex_lock(&q->hw_lock);
	here = q->gen == w->gen;
	if (here) {
		if (q->hw.live)
			weft_hwq_read_state(&q->hw, state);
		args->run = state->run;
		args->retired = state->retired;
		args->busy_ns = state->busy_ns;
		args->card_queue = q->hw.desc.id;
	}
	/* After a reset its owner may still ask how it came to that, and whether by this queue. */
	if (here || q->hw.stage == DRM_WEFT_STAGE_CARD_RESET) {
		args->cause = q->fault.cause;
		args->fault_packet = q->fault.packet;
		args->fault_op = q->fault.op;
		args->fault_va = q->fault.va;
		args->fault_list = q->fault.list;
	} else {
		args->cause = WEFT_FAULT_RESET;
	}
	args->faults = q->faults;
	args->stage = q->hw.stage;
	args->starved = q->starved;
	mutex_unlock(&q->hw_lock);
	kfree(state);
put:
	weft_queue_put(q);
	return ret;
}
