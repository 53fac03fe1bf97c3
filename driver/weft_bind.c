// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/*
 * A bind is prepared by its caller, put in order, done by a worker that waits for its syncobjs, and
 * freed by another worker. Between the first step and the third nothing is allocated, and only
 * bind_lock is taken, because fences of binds are waited for by others who may hold anything else.
 */
#include <linux/completion.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_bind.h"
#include "weft_compat.h"
#include "weft_device.h"
#include "weft_fence.h"
#include "weft_file.h"
#include "weft_notify.h"
#include "weft_sync.h"
#include "weft_trace.h"
#include "weft_vm.h"
#include "weft_vma.h"

/**
 * struct weft_bind_job - one bind
 * @change: what it does; holds a reference of its address space
 * @link: in &weft_binds
 * @done: whom to call, or NULL
 * @notify: whom else to tell
 * @outs: syncobjs to signal, @num_outs of them, by @fence
 * @cb: with which it waits for waits[waited] while @armed
 * @async: its errors are remembered for FLUSH
 * @cancelled: ends without being done
 * @awake: was started, and holds the card awake
 */
struct weft_bind_job {
	struct weft_change change;
	struct list_head link;
	struct weft_bind_done *done;
	struct weft_notify notify;
	struct weft_sync_out *outs;
	u32 num_outs;
	struct weft_fence *fence;
	struct dma_fence_cb cb;
	bool armed;
	bool async;
	bool cancelled;
	bool awake;
	int result;
	u32 waited;
	u32 num_waits;
	struct dma_fence *waits[];
};

/* --- doing: in the signalling path --- */

/* A worker under way holds the space, for it may be queued by who does not any more. */
static void start_work(struct weft_vm *vm, struct workqueue_struct *wq, struct work_struct *work)
{
	drm_gpuvm_get(&vm->base);
	if (!queue_work(wq, work))
		drm_gpuvm_put(&vm->base);
}

static void kick(struct weft_vm *vm)
{
	start_work(vm, vm->w->bind_wq, &vm->binds.work);
}

static void waited_for(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	kick(container_of(cb, struct weft_bind_job, cb)->change.vm);
}

/* Afterwards the callback does not run any more. */
static void disarm(struct weft_bind_job *job)
{
	if (job->armed)
		dma_fence_remove_callback(job->waits[job->waited], &job->cb);
	job->armed = false;
}

/* False: the callback will ask again. */
static bool ready(struct weft_bind_job *job)
{
	while (job->waited < job->num_waits) {
		struct dma_fence *fence = job->waits[job->waited];

		if (!dma_fence_is_signaled(fence)) {
			if (job->armed)
				return false;
			if (!dma_fence_add_callback(fence, &job->cb, waited_for)) {
				job->armed = true;
				return false;
			}
		}
		disarm(job);
		job->waited++;
	}
	return true;
}

static int why_not(struct weft_bind_job *job)
{
	struct weft_vm *vm = job->change.vm;

	if (READ_ONCE(vm->w->state) == WEFT_LOST)
		return -ENODEV;
	if (READ_ONCE(job->cancelled) || READ_ONCE(vm->dead))
		return -ECANCELED;
	return weft_vm_check(vm);
}

static int flush(struct weft_binds *b)
{
	int error;

	spin_lock(&b->lock);
	error = b->error;
	b->error = 0;
	spin_unlock(&b->lock);
	return error;
}

/* The job is b->running. */
static void finish(struct weft_bind_job *job, int error)
{
	struct weft_change *c = &job->change;
	u64 from_ns = WEFT_TRACE_START(bind);
	struct weft_binds *b = &c->vm->binds;

	disarm(job);
	if (!error)
		error = c->op == DRM_WEFT_BIND_FLUSH ? flush(b) : weft_vma_do(c);
	trace_weft_bind(c->vm->w->serial, c->vm->asid, c->op == DRM_WEFT_BIND_MAP, c->va, c->range,
			c->flags, error, WEFT_TRACE_SINCE(from_ns));
	job->result = error;
	if (job->fence) {
		if (error)
			dma_fence_set_error(&job->fence->base, error);
		dma_fence_signal(&job->fence->base);
	}
	spin_lock(&b->lock);
	if (error && job->async && c->op != DRM_WEFT_BIND_FLUSH && !b->error)
		b->error = error;
	list_del_init(&job->link);
	b->count--;
	b->running = NULL;
	spin_unlock(&b->lock);
}

static void retire(struct weft_bind_job *job)
{
	struct weft_vm *vm = job->change.vm;

	spin_lock(&vm->binds.lock);
	list_add_tail(&job->link, &vm->binds.ended);
	spin_unlock(&vm->binds.lock);
	start_work(vm, vm->w->free_wq, &vm->binds.clean_work);
	wake_up_all(&vm->binds.idle);
}

static struct weft_bind_job *take(struct weft_binds *b)
{
	struct weft_bind_job *job = NULL;

	spin_lock(&b->lock);
	if (!b->running)
		job = list_first_entry_or_null(&b->pending, struct weft_bind_job, link);
	if (job)
		b->running = job;
	spin_unlock(&b->lock);
	return job;
}

static void put_back(struct weft_binds *b)
{
	spin_lock(&b->lock);
	b->running = NULL;
	spin_unlock(&b->lock);
}

/* All that are ready, in their order; whoever finds one being done leaves the rest to its doer. */
static void do_ready(struct weft_binds *b)
{
	struct weft_bind_job *job;
	bool cookie;

	cookie = dma_fence_begin_signalling();
	while ((job = take(b))) {
		int error = why_not(job);

		if (!error && !ready(job)) {
			put_back(b);
			break;
		}
		finish(job, error);
		retire(job);
	}
	dma_fence_end_signalling(cookie);
}

static void bind_work(struct work_struct *work)
{
	struct weft_binds *b = container_of(work, struct weft_binds, work);

	do_ready(b);
	weft_vm_put(container_of(b, struct weft_vm, binds));
}

/* --- freeing --- */

static void free_job(struct weft_bind_job *job)
{
	struct weft_vm *vm = job->change.vm;
	u32 i;

	weft_vma_clean(&job->change);
	weft_notify_clean(&job->notify, job->awake);
	weft_sync_free(job->outs, job->num_outs);
	weft_fence_put(job->fence);
	for (i = 0; i < job->num_waits; i++)
		dma_fence_put(job->waits[i]);
	if (job->awake)
		weft_pm_put(vm->w, WEFT_PM_BIND);
	kfree(job);
	weft_vm_put(vm);
}

static void clean_work(struct work_struct *work)
{
	struct weft_binds *b = container_of(work, struct weft_binds, clean_work);
	struct weft_vm *vm = container_of(b, struct weft_vm, binds);
	struct weft_bind_job *job;

	for (;;) {
		struct weft_bind_done *done;
		int result;

		spin_lock(&b->lock);
		job = list_first_entry_or_null(&b->ended, struct weft_bind_job, link);
		if (job)
			list_del_init(&job->link);
		spin_unlock(&b->lock);
		if (!job)
			break;
		/* Who is told finds quotas and objects given back, but for the cell's own. */
		weft_vma_clean(&job->change);
		weft_vma_init(&job->change, vm);
		weft_notify_tell(vm->w, &job->notify, job->result);
		done = job->done;
		result = job->result;
		free_job(job);
		if (done)
			done->fn(done, result);
	}
	weft_vm_put(vm);
}

/* --- the parser --- */

static int check(const struct drm_weft_vm_bind *args, bool async)
{
	if (args->num_syncs > DRM_WEFT_MAX_SYNCS)
		return -EINVAL;
	if (!async && (args->num_syncs || args->done))
		return -EINVAL;
	if (args->op != DRM_WEFT_BIND_FLUSH)
		return weft_vma_check(args);
	return args->flags & ~DRM_WEFT_BIND_ASYNC || args->handle || args->offset || args->va ||
	       args->range ? -EINVAL : 0;
}

static int add_wait(void *ctx, struct dma_fence *fence)
{
	struct weft_bind_job *job = ctx;

	job->waits[job->num_waits++] = dma_fence_get(fence);
	return 0;
}

static int prepare_syncs(struct weft_bind_job *job, struct weft_file *f,
			 const struct drm_weft_sync *syncs, u32 count)
{
	int ret;

	ret = weft_sync_each_wait(f->drm, syncs, count, add_wait, job);
	if (ret || !weft_sync_count_signals(syncs, count))
		return ret;
	/* No fence comes out of a space whose work may run for ever. */
	if (job->change.vm->type == DRM_WEFT_VM_LR) {
		drm_dbg(&f->w->drm,
			"binds of an LR address space signal no syncobj: use an eventfd or a cell\n");
		return -EOPNOTSUPP;
	}
	job->outs = weft_sync_prepare(f->drm, syncs, count, &job->num_outs);
	if (IS_ERR(job->outs)) {
		ret = PTR_ERR(job->outs);
		job->outs = NULL;
		return ret;
	}
	job->fence = weft_fence_alloc();
	return job->fence ? 0 : -ENOMEM;
}

static struct weft_bind_job *create_in(struct weft_vm *vm, struct weft_file *f,
				       const struct drm_weft_vm_bind *args,
				       const struct drm_weft_sync *syncs)
{
	struct weft_bind_job *job;
	int ret;

	job = kzalloc(struct_size(job, waits, args->num_syncs), GFP_KERNEL_ACCOUNT);
	if (!job)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&job->link);
	drm_gpuvm_get(&vm->base);
	weft_vma_init(&job->change, vm);
	ret = prepare_syncs(job, f, syncs, args->num_syncs);
	if (!ret)
		ret = weft_notify_prepare(&job->notify, f, args);
	if (!ret)
		ret = weft_vma_prepare(&job->change, f, args);
	if (!ret)
		return job;
	free_job(job);
	return ERR_PTR(ret);
}

static struct weft_bind_job *create(struct weft_file *f, const struct drm_weft_vm_bind *args,
				    const struct drm_weft_sync *syncs, bool async)
{
	int ret = check(args, async);
	struct weft_bind_job *job;
	struct weft_vm *vm;

	if (ret)
		return ERR_PTR(ret);
	vm = weft_vm_get(f, args->vm_id);
	if (!vm)
		return ERR_PTR(-ENOENT);
	ret = weft_vm_check(vm);
	job = ret ? ERR_PTR(ret) : create_in(vm, f, args, syncs);
	weft_vm_put(vm);
	return job;
}

/* --- order --- */

/*
 * Puts it behind the others; true: there are none, and the caller, whose the job stays, does it.
 * vm->lock held.
 */
static bool enqueue(struct weft_bind_job *job)
{
	struct weft_vm *vm = job->change.vm;
	struct weft_binds *b = &vm->binds;
	bool mine;

	/* No way back from here. Before it is listed: then it may end and be freed at any time. */
	if (job->fence) {
		weft_fence_start(job->fence, b->context, ++b->seqno);
		weft_sync_signal(job->outs, job->num_outs, &job->fence->base);
	}
	job->awake = true;
	weft_pm_hold(vm->w, WEFT_PM_BIND);
	spin_lock(&b->lock);
	mine = !job->async && !b->running && list_empty(&b->pending);
	if (mine)
		b->running = job;
	list_add_tail(&job->link, &b->pending);
	b->count++;
	spin_unlock(&b->lock);
	if (!mine)
		kick(vm);
	return mine;
}

/* On failure the job is still the caller's. */
static int submit(struct weft_bind_job *job, bool *mine)
{
	struct weft_vm *vm = job->change.vm;
	int ret;

	ret = mutex_lock_interruptible(&vm->lock);
	if (ret)
		return ret;
	if (vm->dead) {
		ret = -ENOENT;
	} else if (READ_ONCE(vm->binds.count) >= DRM_WEFT_MAX_BINDS) {
		drm_dbg(&vm->w->drm,
			"quota of binds waiting in an address space: %u used and allowed\n",
			DRM_WEFT_MAX_BINDS);
		ret = -EDQUOT;
	} else {
		*mine = enqueue(job);
	}
	mutex_unlock(&vm->lock);
	return ret;
}

int weft_bind_start(struct weft_device *w, struct weft_file *f, const struct drm_weft_vm_bind *args,
		    const struct drm_weft_sync *syncs, struct weft_bind_done *done)
{
	struct weft_bind_job *job = create(f, args, syncs, true);
	bool mine;
	int ret;

	if (IS_ERR(job))
		return PTR_ERR(job);
	job->async = true;
	job->done = done;
	ret = submit(job, &mine);
	if (ret)
		free_job(job);
	return ret;
}

static void cancel(struct weft_vm *vm, const struct weft_bind_done *done)
{
	struct weft_bind_job *job, *found = NULL;
	struct weft_binds *b = &vm->binds;

	spin_lock(&b->lock);
	list_for_each_entry(job, &b->pending, link) {
		if (job->done != done)
			continue;
		/* Fences of one context signal in order. */
		WRITE_ONCE(job->cancelled, true);
		if (!job->fence && job != b->running) {
			list_del_init(&job->link);
			b->count--;
			found = job;
		}
		break;
	}
	spin_unlock(&b->lock);
	if (found) {
		disarm(found);
		found->result = -ECANCELED;
		retire(found);
	}
	kick(vm);
}

void weft_bind_cancel(struct weft_file *f, const struct weft_bind_done *done)
{
	struct weft_vm *vm;
	unsigned long id;

	xa_for_each(&f->vms, id, vm) {
		vm = weft_vm_get(f, id);
		if (!vm)
			continue;
		cancel(vm, done);
		weft_vm_put(vm);
	}
}

void weft_binds_init(struct weft_vm *vm)
{
	struct weft_binds *b = &vm->binds;

	spin_lock_init(&b->lock);
	INIT_LIST_HEAD(&b->pending);
	INIT_LIST_HEAD(&b->ended);
	b->context = dma_fence_context_alloc(1);
	init_waitqueue_head(&b->idle);
	INIT_WORK(&b->work, bind_work);
	INIT_WORK(&b->clean_work, clean_work);
}

static bool idle(struct weft_binds *b)
{
	bool none;

	spin_lock(&b->lock);
	none = list_empty(&b->pending);
	spin_unlock(&b->lock);
	return none;
}

void weft_binds_end(struct weft_vm *vm)
{
	/* Here, for the worker is frozen when the machine sleeps; it may still be at one. */
	do
		do_ready(&vm->binds);
	while (!wait_event_timeout(vm->binds.idle, idle(&vm->binds), msecs_to_jiffies(10) + 1));
	if (cancel_work_sync(&vm->binds.work))
		weft_vm_put(vm);
	flush_work(&vm->binds.clean_work);
}

void weft_bind_end_stale(struct weft_device *w)
{
	struct weft_vm *vm;

	spin_lock(&w->vms_lock);
	list_for_each_entry(vm, &w->vms, link)
		kick(vm);
	spin_unlock(&w->vms_lock);
}

/* --- the call --- */

/* A caller that waits. */
struct waiter {
	struct weft_bind_done done;
	struct completion ended;
	int result;
};

static void wake_waiter(struct weft_bind_done *done, int result)
{
	struct waiter *waiter = container_of(done, struct waiter, done);

	waiter->result = result;
	complete(&waiter->ended);
}

/* Not inside the card, which may be reset meanwhile. */
static int wait_ended(struct weft_file *f, struct waiter *waiter)
{
	int ret = wait_for_completion_interruptible(&waiter->ended);

	if (ret) {
		weft_bind_cancel(f, &waiter->done);
		/* Bounded: it is gone from the list, or being done. */
		wait_for_completion(&waiter->ended);
		/* If it was done all the same, that is how the call ended. */
		if (waiter->result != -ECANCELED)
			ret = 0;
	}
	return ret ?: waiter->result;
}

static int bind_and_wait(struct weft_device *w, struct weft_file *f,
			 const struct drm_weft_vm_bind *args, const struct drm_weft_sync *syncs)
{
	struct waiter waiter = { .done.fn = wake_waiter };
	struct weft_bind_job *job;
	bool mine = false;
	int idx, ret;

	init_completion(&waiter.ended);
	ret = weft_file_enter(f, &idx);
	if (ret)
		return ret;
	job = create(f, args, syncs, false);
	if (IS_ERR(job)) {
		ret = PTR_ERR(job);
		goto exit;
	}
	job->done = &waiter.done;
	ret = submit(job, &mine);
	if (ret) {
		free_job(job);
	} else if (mine) {
		struct weft_vm *vm = job->change.vm;
		bool cookie = dma_fence_begin_signalling();

		finish(job, why_not(job));
		ret = job->result;
		kick(vm);
		wake_up_all(&vm->binds.idle);
		dma_fence_end_signalling(cookie);
		free_job(job);
	}
exit:
	weft_device_exit(w, idx);
	return ret || mine ? ret : wait_ended(f, &waiter);
}

static int bind_async(struct weft_device *w, struct weft_file *f,
		      const struct drm_weft_vm_bind *args, const struct drm_weft_sync *syncs)
{
	int idx, ret;

	ret = weft_file_enter(f, &idx);
	if (ret)
		return ret;
	ret = weft_bind_start(w, f, args, syncs, NULL);
	weft_device_exit(w, idx);
	return ret;
}

int weft_vm_bind_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	const struct drm_weft_vm_bind *args = data;
	struct drm_weft_sync *syncs = weft_sync_copy(args->syncs, args->num_syncs);
	int ret;

	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	ret = args->flags & DRM_WEFT_BIND_ASYNC ?
	      bind_async(w, f, args, syncs) : bind_and_wait(w, f, args, syncs);
	kfree(syncs);
	return ret;
}
