/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Objects of kinds that run on the host: memory is memory, a queue is a thread, a timeline is a counter. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#include "list.h"
#include "memory.h"
#include "queue.h"
#include "timeline.h"

#define SLICE_NS	50000000	/* a wait for another device's semaphore looks this often whether to stop */

struct weft_soft_job {
	struct weft_soft_job *next;
	uint64_t seqno;
	struct weft_commands *commands;
	uint32_t num_waits, num_signals;
	struct weft_point points[];		/* waits, then signals */
};

static int soft_device_open(struct weft_device *d)
{
	struct sysinfo info;
	int ret = d->kind->soft->open ? d->kind->soft->open(d->index, &d->priv) : 0;

	if (ret)
		return weft_fail(ret, "%s %u: open failed", d->kind->name, d->index);
	d->info.serial = d->index;
	if (!sysinfo(&info))
		d->info.memory_bytes = d->info.user_bytes = (uint64_t)info.totalram * info.mem_unit;
	return 0;
}

static void soft_device_close(struct weft_device *d)
{
	if (d->kind->soft->close)
		d->kind->soft->close(d->priv);
}

static int soft_memory_create(struct weft_memory *m)
{
	m->map = aligned_alloc(4096, m->bytes);
	if (!m->map)
		return weft_fail(-ENOMEM, "%" PRIu64 " bytes of host memory", m->bytes);
	memset(m->map, 0, m->bytes);
	m->address = (uintptr_t)m->map;
	return 0;
}

static int soft_memory_import(struct weft_memory *import)
{
	import->address = import->origin->address;
	return 0;
}

static int soft_memory_map(struct weft_memory *m)
{
	(void)m;	/* mapped from birth */
	return 0;
}

static int soft_memory_destroy(struct weft_memory *m)
{
	free(m->map);
	return 0;
}

static int soft_timeline_create(struct weft_timeline *t)
{
	(void)t;
	return 0;
}

static void soft_timeline_destroy(struct weft_timeline *t)
{
	(void)t;
}

static int soft_timeline_value(struct weft_timeline *t, uint64_t *value)
{
	pthread_mutex_lock(&t->lock);
	*value = t->value;
	pthread_mutex_unlock(&t->lock);
	return 0;
}

static int soft_timeline_signal(struct weft_timeline *t, uint64_t value)
{
	pthread_mutex_lock(&t->lock);
	if (value > t->value)
		t->value = value;
	pthread_cond_broadcast(&t->cond);
	pthread_mutex_unlock(&t->lock);
	return 0;
}

static int soft_timeline_wait(struct weft_timeline *t, uint64_t value, uint64_t deadline_ns)
{
	int ret = 0;

	pthread_mutex_lock(&t->lock);
	while (t->value < value && !ret)
		ret = weft_cond_until(&t->cond, &t->lock, deadline_ns);
	ret = t->value < value ? ret : 0;
	pthread_mutex_unlock(&t->lock);
	return ret;
}

static bool stopped(struct weft_queue *q)
{
	bool dead;

	pthread_mutex_lock(&q->lock);
	dead = q->dead;
	pthread_mutex_unlock(&q->lock);
	return dead;
}

/* TIMED is done here for every kind: a queue must stay destroyable while it lasts. */
static int run_timed(struct weft_queue *q, uint64_t ns)
{
	uint64_t until = weft_now_ns() + ns;

	pthread_mutex_lock(&q->lock);
	while (!q->dead && weft_now_ns() < until)
		weft_cond_until(&q->work, &q->lock, until);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static int run_job(struct weft_queue *q, struct weft_soft_job *job)
{
	struct weft_device *d = q->device;
	int ret = 0;

	for (uint32_t i = 0; i < job->num_waits && !ret; i++) {
		struct weft_timeline *t = job->points[i].timeline;

		do
			ret = weft_backend(t->device)->timeline_wait(t, job->points[i].value,
								     weft_now_ns() + SLICE_NS);
		while (ret == -ETIME && !stopped(q));
	}
	for (uint32_t i = 0; i < job->commands->count && !ret; i++) {
		struct weft_command *c = &job->commands->command[i];

		if (stopped(q))
			ret = -ECANCELED;
		else if (c->op == WEFT_COMMAND_TIMED)
			ret = run_timed(q, c->u.timed.ns);
		else
			ret = d->kind->soft->execute(d->priv, c);
	}
	return ret;
}

static void *work(void *arg)
{
	struct weft_queue *q = arg;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		struct weft_soft_job *job = q->jobs;
		char text[256];
		int ret;

		if (!job) {
			if (q->dead)
				break;
			pthread_cond_wait(&q->work, &q->lock);
			continue;
		}
		q->jobs = job->next;
		if (!q->jobs)
			q->jobs_end = &q->jobs;
		pthread_mutex_unlock(&q->lock);
		weft_error_clear();
		ret = run_job(q, job);
		weft_error_bare(text, sizeof(text));
		if (ret == -ECANCELED || !text[0])
			snprintf(text, sizeof(text), ret == -ECANCELED ? "the queue was destroyed" : "a command failed");
		pthread_mutex_lock(&q->lock);
		if (ret)	/* before its signals: who sees them must see the failure */
			weft_queue_mark(q, job->seqno, job->seqno, ret, text);
		pthread_mutex_unlock(&q->lock);
		for (uint32_t i = 0; i < job->num_signals; i++) {
			struct weft_point *p = &job->points[job->num_waits + i];

			weft_backend(p->timeline->device)->timeline_signal(p->timeline, p->value);
		}
		pthread_mutex_lock(&q->lock);
		__atomic_store_n(&q->done, job->seqno, __ATOMIC_RELEASE);	/* soft_queue_done() takes no lock */
		pthread_cond_broadcast(&q->done_cond);
		weft_commands_put(job->commands);
		free(job);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static int soft_queue_create(struct weft_queue *q, const struct weft_queue_config *config)
{
	int ret;

	(void)config;	/* limits are of hardware */
	q->jobs_end = &q->jobs;
	weft_cond_init(&q->work);
	weft_cond_init(&q->done_cond);
	ret = pthread_create(&q->worker, NULL, work, q);
	if (!ret)
		return 0;
	pthread_cond_destroy(&q->work);
	pthread_cond_destroy(&q->done_cond);
	return weft_fail(-ret, "thread of queue %s", q->name);
}

static void soft_queue_destroy(struct weft_queue *q)
{
	pthread_mutex_lock(&q->lock);	/* dead is set */
	pthread_cond_broadcast(&q->work);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->worker, NULL);
}

static int soft_queue_submit(struct weft_queue *q, const struct weft_submit *s)
{
	struct weft_soft_job *job = calloc(1, sizeof(*job) + (s->num_waits + s->num_signals) * sizeof(job->points[0]));

	if (!job)
		return weft_fail(-ENOMEM, "job of queue %s", q->name);
	job->seqno = q->submitted + 1;
	job->commands = s->list->commands;
	atomic_fetch_add(&job->commands->refs, 1);
	job->num_waits = s->num_waits;
	job->num_signals = s->num_signals;
	if (s->num_waits)
		memcpy(job->points, s->waits, s->num_waits * sizeof(job->points[0]));
	if (s->num_signals)
		memcpy(job->points + s->num_waits, s->signals, s->num_signals * sizeof(job->points[0]));
	*q->jobs_end = job;
	q->jobs_end = &job->next;
	pthread_cond_broadcast(&q->work);
	return 0;
}

static int soft_queue_done(struct weft_queue *q, uint64_t *seqno)
{
	*seqno = __atomic_load_n(&q->done, __ATOMIC_ACQUIRE);
	return 0;
}

static int soft_queue_wait(struct weft_queue *q, uint64_t seqno, uint64_t deadline_ns)
{
	int ret = 0;

	pthread_mutex_lock(&q->lock);
	while (q->done < seqno && !ret)
		ret = weft_cond_until(&q->done_cond, &q->lock, deadline_ns);
	ret = q->done < seqno ? ret : 0;
	pthread_mutex_unlock(&q->lock);
	return ret;
}

static int soft_queue_check(struct weft_queue *q, uint64_t seqno)
{
	(void)q;
	(void)seqno;
	return 0;
}

static int soft_queue_status(struct weft_queue *q, struct weft_queue_status *status)
{
	pthread_mutex_lock(&q->lock);
	status->retired = q->done;
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static int soft_list_commit(struct weft_list *list)
{
	(void)list;	/* commands are where they are run from */
	return 0;
}

static void soft_list_drop(struct weft_list *list)
{
	(void)list;
}

const struct weft_backend weft_backend_soft = {
	.device_open = soft_device_open,
	.device_close = soft_device_close,
	.memory_create = soft_memory_create,
	.memory_import = soft_memory_import,
	.memory_map = soft_memory_map,
	.memory_destroy = soft_memory_destroy,
	.timeline_create = soft_timeline_create,
	.timeline_destroy = soft_timeline_destroy,
	.timeline_value = soft_timeline_value,
	.timeline_signal = soft_timeline_signal,
	.timeline_wait = soft_timeline_wait,
	.queue_create = soft_queue_create,
	.queue_destroy = soft_queue_destroy,
	.queue_submit = soft_queue_submit,
	.queue_done = soft_queue_done,
	.queue_wait = soft_queue_wait,
	.queue_check = soft_queue_check,
	.queue_status = soft_queue_status,
	.list_commit = soft_list_commit,
	.list_drop = soft_list_drop,
};
