// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "weft_compat.h"
#include "weft_sched.h"

struct sched {
	struct drm_gpu_scheduler base;
	struct list_head link;
};

static DEFINE_SPINLOCK(lock);
static LIST_HEAD(unused);

static struct sched *take(void)
{
	struct sched *s;

	spin_lock(&lock);
	s = list_first_entry_or_null(&unused, struct sched, link);
	if (s)
		list_del(&s->link);
	spin_unlock(&lock);
	return s ?: kzalloc_obj(*s, GFP_KERNEL_ACCOUNT);
}

static void give(struct sched *s)
{
	spin_lock(&lock);
	list_add(&s->link, &unused);
	spin_unlock(&lock);
}

struct drm_gpu_scheduler *weft_sched_get(const struct weft_sched_args *args)
{
	struct sched *s = take();
	int ret;

	if (!s)
		return ERR_PTR(-ENOMEM);
	ret = weft_sched_init(&s->base, args);
	if (!ret)
		return &s->base;
	give(s);
	return ERR_PTR(ret);
}

void weft_sched_put(struct drm_gpu_scheduler *sched)
{
	drm_sched_fini(sched);
	give(container_of(sched, struct sched, base));
}

void weft_sched_exit(void)
{
	struct sched *s, *next;

	/* Who read a name before the last fence signalled. */
	synchronize_rcu();
	list_for_each_entry_safe(s, next, &unused, link)
		kfree(s);
}
