// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/dma-fence-unwrap.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_compat.h"
#include "weft_device.h"
#include "weft_fence.h"
#include "weft_file.h"
#include "weft_job.h"
#include "weft_queue.h"
#include "weft_sync.h"
#include "weft_trace.h"
#include "weft_vm.h"

/**
 * struct weft_job - one job
 * @base: the scheduler's part
 * @q: a reference
 * @id: number in tracepoints
 * @fence: of the hardware, allocated at submit
 * @epoch: of the queue when the job was armed
 * @call: the packet that runs it
 */
struct weft_job {
	struct drm_sched_job base;
	struct weft_queue *q;
	u64 id;
	struct weft_fence *fence;
	u64 epoch;
	struct weft_pkt_call call;
};

static struct weft_job *to_job(struct drm_sched_job *base)
{
	return container_of(base, struct weft_job, base);
}

struct weft_queue *weft_job_queue(struct drm_sched_job *base)
{
	return to_job(base)->q;
}

/* --- the scheduler's side: in the signalling path, nothing here allocates --- */

static struct dma_fence *run_job(struct drm_sched_job *base)
{
	union weft_packet packets[2] = {};
	struct weft_job *job = to_job(base);
	struct weft_queue *q = job->q;
	struct dma_fence *ret;
	unsigned long flags;
	bool cookie;

	packets[0].call = job->call;
	packets[1].fence.op = WEFT_PKT_FENCE;
	packets[1].fence.irq = 1;
	cookie = dma_fence_begin_signalling();
	spin_lock_irqsave(&q->lock, flags);
	if (q->dead) {
		ret = ERR_PTR(q->error);
	} else if (job->epoch != q->epoch) {
		ret = ERR_PTR(-ECANCELED);
	} else {
		weft_fence_start(job->fence, q->context, ++q->seqno);
		packets[1].fence.value = q->seqno;
		ret = dma_fence_get(&job->fence->base);
		/*
		 * One reference for the list in flight, one for the scheduler; the first is the
		 * job's.
		 */
		dma_fence_get(ret);
		list_add_tail(&job->fence->link, &q->in_flight);
		atomic_inc(&q->w->counts.fences);
		weft_hwq_push(&q->hw, packets, ARRAY_SIZE(packets));
	}
	trace_weft_job_push(q->w->serial, q->hw.desc.id, job->id, packets[1].fence.value,
			    PTR_ERR_OR_ZERO(ret));
	spin_unlock_irqrestore(&q->lock, flags);
	dma_fence_end_signalling(cookie);
	if (!IS_ERR(ret))
		weft_event_watch(q->w);
	return ret;
}

static void free_job_memory(struct weft_job *job)
{
	struct weft_queue *q = job->q;

	trace_weft_job_free(q->w->serial, q->hw.desc.id, job->id);
	weft_fence_put(job->fence);
	atomic_dec(&q->w->counts.jobs);
	weft_pm_put(q->w, WEFT_PM_JOB);
	kfree(job);
	weft_queue_put(q);
}

static void free_job(struct drm_sched_job *base)
{
	struct weft_job *job = to_job(base);
	struct weft_queue *q = job->q;

	drm_sched_job_cleanup(base);
	if (atomic_dec_and_test(&q->pending))
		wake_up_all(&q->idle_wq);
	free_job_memory(job);
}

const struct drm_sched_backend_ops weft_job_sched_ops = {
	.run_job = run_job,
	.timedout_job = weft_recover_timedout,
	.free_job = free_job,
};

/* --- the parser --- */

int weft_job_check(const struct drm_weft_submit *args)
{
	u64 end;

	if (args->flags || args->pad)
		return -EINVAL;
	if (!args->num_packets || args->num_packets > DRM_WEFT_MAX_PACKETS ||
	    args->num_operands > DRM_WEFT_MAX_OPERANDS || args->num_syncs > DRM_WEFT_MAX_SYNCS)
		return -EINVAL;
	if (args->list & (WEFT_PACKET_BYTES - 1) || args->table & 31 ||
	    !args->table != !args->num_operands)
		return -EINVAL;
	if (!args->list ||
	    check_add_overflow(args->list, (u64)args->num_packets * WEFT_PACKET_BYTES, &end) ||
	    end > WEFT_VM_END)
		return -EINVAL;
	if (check_add_overflow(args->table, (u64)args->num_operands * 32, &end) ||
	    end > WEFT_VM_END)
		return -EINVAL;
	return 0;
}

/*
 * A point of a timeline is a chain, which signals from an irq_work of its own after its last link
 * has. The job waits for the links themselves; the scheduler keeps the last one of each queue.
 */
static int add_links(void *ctx, struct dma_fence *chain)
{
	struct dma_fence_unwrap iter;
	struct weft_job *job = ctx;
	struct dma_fence *link;

	dma_fence_unwrap_for_each(link, &iter, chain) {
		int ret;

		if (dma_fence_is_signaled(link))
			continue;
		trace_weft_job_dependency(job->q->w->serial, job->q->hw.desc.id, job->id,
					  link->context, link->seqno);
		ret = drm_sched_job_add_dependency(&job->base, dma_fence_get(link));
		if (ret) {
			dma_fence_put(iter.chain);
			return ret;
		}
	}
	return 0;
}

static struct weft_job *alloc_job(struct weft_queue *q, const struct drm_weft_submit *args)
{
	struct weft_job *job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);

	if (!job)
		return NULL;
	job->fence = weft_fence_alloc();
	if (!job->fence) {
		kfree(job);
		return NULL;
	}
	job->call = (struct weft_pkt_call) {
		.op = WEFT_PKT_CALL,
		.npackets = args->num_packets,
		.list = args->list,
		.table = args->table,
		.ntable = args->num_operands,
	};
	kref_get(&q->hw.ref);
	job->q = q;
	job->id = atomic64_inc_return(&q->w->stats.job_ids);
	atomic_inc(&q->w->counts.jobs);
	weft_pm_hold(q->w, WEFT_PM_JOB);
	return job;
}

/* From arm on there is no way back. */
static int push(struct weft_job *job, struct weft_sync_out *outs, u32 num_outs,
		struct dma_fence **ended)
{
	struct weft_queue *q = job->q;
	struct dma_fence *done;
	unsigned long flags;
	int ret = 0;

	mutex_lock(&q->submit_lock);
	spin_lock_irqsave(&q->lock, flags);
	job->epoch = q->epoch;
	if (q->dead)
		ret = q->error;
	spin_unlock_irqrestore(&q->lock, flags);
	/* Only here it grows. */
	if (!ret && atomic_read(&q->pending) >= DRM_WEFT_MAX_PENDING) {
		drm_dbg(&q->w->drm, "quota of jobs waiting in a queue: %u used and allowed\n",
			DRM_WEFT_MAX_PENDING);
		ret = -EDQUOT;
	}
	if (!ret) {
		drm_sched_job_arm(&job->base);
		done = dma_fence_get(&job->base.s_fence->finished);
		trace_weft_job_arm(q->w->serial, q->hw.desc.id, job->id, done->context,
				   done->seqno);
		atomic_inc(&q->pending);
		atomic64_inc(&q->f->jobs);
		drm_sched_entity_push_job(&job->base);
		weft_sync_signal(outs, num_outs, done);
		if (ended)
			*ended = done;
		else
			dma_fence_put(done);
	}
	mutex_unlock(&q->submit_lock);
	return ret;
}

static int submit(struct weft_file *f, struct weft_queue *q, const struct drm_weft_submit *args,
		  const struct drm_weft_sync *syncs, struct dma_fence **ended)
{
	struct weft_sync_out *outs;
	struct weft_job *job;
	u32 num_outs;
	int ret;

	outs = weft_sync_prepare(f->drm, syncs, args->num_syncs, &num_outs);
	if (IS_ERR(outs))
		return PTR_ERR(outs);
	job = alloc_job(q, args);
	if (!job) {
		ret = -ENOMEM;
		goto free_outs;
	}
	trace_weft_job_submit(q->w->serial, q->hw.desc.id, job->id, f->drm->client_id, args->list,
			      args->num_packets, args->num_operands);
	ret = weft_sched_job_init(&job->base, &q->entity, f, f->drm->client_id);
	if (ret)
		goto free_job;
	ret = weft_sync_each_wait(f->drm, syncs, args->num_syncs, add_links, job);
	if (!ret)
		ret = push(job, outs, num_outs, ended);
	if (!ret)
		goto free_outs;
	drm_sched_job_cleanup(&job->base);
free_job:
	free_job_memory(job);
free_outs:
	weft_sync_free(outs, num_outs);
	return ret;
}

int weft_submit(struct weft_device *w, struct weft_file *f, const struct drm_weft_submit *args,
		const struct drm_weft_sync *syncs, struct dma_fence **ended)
{
	struct weft_queue *q;
	int ret;

	ret = weft_job_check(args);
	if (ret)
		return ret;
	q = weft_queue_get(f, args->queue_id);
	if (!q)
		return -ENOENT;
	ret = q->gen == w->gen ? submit(f, q, args, syncs, ended) : -ECANCELED;
	weft_queue_put(q);
	return ret;
}

int weft_submit_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	const struct drm_weft_submit *args = data;
	struct drm_weft_sync *syncs = weft_sync_copy(args->syncs, args->num_syncs);
	int idx, ret;

	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	ret = weft_file_enter(f, &idx);
	if (!ret) {
		ret = weft_submit(w, f, args, syncs, NULL);
		weft_device_exit(w, idx);
	}
	kfree(syncs);
	return ret;
}
