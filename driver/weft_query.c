// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <drm/weft_accel.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_query.h"
#include "weft_ras.h"
#include "weft_vm.h"

static u64 read_counter(struct weft_device *w, u32 kind, u32 link, u32 index)
{
	u64 value;

	mutex_lock(&w->counter_lock);
	weft_mmio_write32(w, WEFT_REG_CNT_SEL, WEFT_CNT_SEL(kind, link, index));
	value = weft_mmio_read64(w, WEFT_REG_CNT_VALUE);
	mutex_unlock(&w->counter_lock);
	return value;
}

/* What is copied to the caller when the device has been left. */
struct answer {
	void *data;
	u32 bytes;
};

/* Every answer: at most the bytes asked for, and how many there are. */
static int answer(struct answer *a, struct drm_weft_query *args, const void *from, u32 bytes)
{
	a->bytes = min(args->size, bytes);
	args->size = bytes;
	if (!a->bytes)
		return 0;
	a->data = kmemdup(from, a->bytes, GFP_KERNEL);
	return a->data ? 0 : -ENOMEM;
}

static int query_device(struct weft_device *w, struct weft_file *f, struct drm_weft_query *args,
			struct answer *a)
{
	struct drm_weft_device d = {
		.uapi = DRM_WEFT_UAPI_MAJOR << 16 | DRM_WEFT_UAPI_MINOR,
		.contract = w->contract,
		.fw_version = w->fw_version,
		.serial = w->serial,
		.caps = w->caps,
		.lmem_bytes = w->lmem_bytes,
		.user_limit = w->user_limit,
		.reset_gen = w->gen,
		.num_slots = w->num_slots,
		.num_engines = w->num_engines,
		.max_queues = f->quota[DRM_WEFT_QUOTA_QUEUES].limit,
		.max_vms = f->quota[DRM_WEFT_QUOTA_VMS].limit,
		.num_links = w->num_links,
		.timed_width = w->timed_width,
		.p2p = weft_prime_p2p(w),
		.pci = pci_domain_nr(w->pdev->bus) << 16 | pci_dev_id(w->pdev),
	};

	return answer(a, args, &d, sizeof(d));
}

static int query_memory(struct weft_device *w, struct weft_file *f, struct drm_weft_query *args,
			struct answer *a)
{
	struct weft_quota *q = &f->quota[DRM_WEFT_QUOTA_LOCAL];
	struct drm_weft_memory m = { .quota = q->limit, .used = atomic64_read(&q->used) };
	struct weft_lmem_info info;

	weft_lmem_info(w, &info);
	m.total = info.total;
	m.free = info.free;
	m.largest = info.largest;
	m.quarantined = info.quarantined;
	m.dirty = info.dirty;
	return answer(a, args, &m, sizeof(m));
}

static int query_engines(struct weft_device *w, struct drm_weft_query *args, struct answer *a)
{
	struct drm_weft_engine *engines;
	int ret;
	u32 i;

	engines = kcalloc(max(w->num_engines, 1u), sizeof(*engines), GFP_KERNEL);
	if (!engines)
		return -ENOMEM;
	for (i = 0; i < w->num_engines && args->size; i++) {
		u32 at = WEFT_REG_ENGINES + i * sizeof(struct weft_engine_info);

		engines[i].kinds = weft_mmio_read32(w, at +
						    offsetof(struct weft_engine_info, kinds));
		engines[i].group = weft_mmio_read32(w, at +
						    offsetof(struct weft_engine_info, group));
		engines[i].width = weft_mmio_read32(w, at +
						    offsetof(struct weft_engine_info, width));
		if (w->caps & WEFT_CAP_COUNTERS)
			engines[i].busy_ns = read_counter(w, WEFT_CNT_ENGINE_BUSY_NS, 0, i);
	}
	ret = answer(a, args, engines, w->num_engines * sizeof(*engines));
	kfree(engines);
	return ret;
}

static void fill_counter(struct weft_device *w, struct drm_weft_counter *c, u32 link, u32 asid)
{
	c->link = link;
	c->peer_serial = link == WEFT_CNT_LINK_LOCAL ? w->serial : weft_link_serial(w, link);
	c->read_bytes = read_counter(w, WEFT_CNT_READ_BYTES, link, asid);
	c->write_bytes = read_counter(w, WEFT_CNT_WRITE_BYTES, link, asid);
	c->cell_reads = read_counter(w, WEFT_CNT_CELL_READS, link, asid);
	c->cell_writes = read_counter(w, WEFT_CNT_CELL_WRITES, link, asid);
	c->fetch_bytes = read_counter(w, WEFT_CNT_FETCH_BYTES, link, asid);
}

static int query_counters(struct weft_device *w, struct weft_file *f, struct drm_weft_query *args,
			  struct answer *a)
{
	struct drm_weft_counter *c;
	u32 count = w->num_links + 1, i;
	struct weft_vm *vm;
	int ret;

	if (!(w->caps & WEFT_CAP_COUNTERS))
		return -EOPNOTSUPP;
	vm = weft_vm_get(f, args->index);
	if (!vm)
		return -ENOENT;
	ret = weft_vm_check(vm);
	if (ret)
		goto put;
	ret = -ENOMEM;
	c = kcalloc(count, sizeof(*c), GFP_KERNEL);
	if (!c)
		goto put;
	for (i = 0; i < w->num_links && args->size; i++)
		fill_counter(w, &c[i], i, vm->asid);
	if (args->size)
		fill_counter(w, &c[w->num_links], WEFT_CNT_LINK_LOCAL, vm->asid);
	ret = answer(a, args, c, count * sizeof(*c));
	kfree(c);
put:
	weft_vm_put(vm);
	return ret;
}

static int query_stats(struct weft_device *w, struct weft_file *f, struct drm_weft_query *args,
		       struct answer *a)
{
	struct drm_weft_stats s = {
		.irqs = atomic64_read(&w->stats.irqs),
		.events = atomic64_read(&w->stats.events),
		.overflows = atomic64_read(&w->stats.overflows),
		.faults = atomic64_read(&w->stats.faults),
		.timeouts = atomic64_read(&w->stats.timeouts),
		.jobs = atomic64_read(&w->stats.jobs),
		.file_ioctls = atomic64_read(&f->ioctls),
		.file_jobs = atomic64_read(&f->jobs),
		.wills = atomic64_read(&w->stats.wills),
		.fw_restarts = atomic64_read(&w->stats.fw_restarts),
		.wait_limits = atomic64_read(&w->stats.wait_limits),
		.ecc_errors = atomic64_read(&w->stats.ecc_errors),
		.links_down = atomic64_read(&w->stats.links_down),
		.thermals = atomic64_read(&w->stats.thermals),
		.resets = atomic64_read(&w->stats.resets),
		.safe_timeouts = atomic_read(&w->safe.timeouts),
		.lost_irqs = atomic64_read(&w->stats.lost_irqs),
		.ecc_corrected = weft_ras_ecc_corrected(w),
		.dumps = atomic64_read(&w->dumps.made),
		.stop_timeouts = atomic64_read(&w->stats.stop_timeouts),
		.engine_resets = atomic64_read(&w->stats.engine_resets),
		.wedged = atomic64_read(&w->stats.wedged),
		.starved = atomic64_read(&w->stats.starved),
	};

	if (w->caps & WEFT_CAP_TELEMETRY)
		s.throttle = weft_mmio_read32(w, WEFT_REG_THROTTLE) &
			     (DRM_WEFT_THROTTLE_THERMAL | DRM_WEFT_THROTTLE_POWER);

	return answer(a, args, &s, sizeof(s));
}

static int query_quotas(struct weft_file *f, struct drm_weft_query *args, struct answer *a)
{
	struct drm_weft_quota quotas[DRM_WEFT_QUOTA_KINDS];

	weft_file_quotas(f, quotas);
	return answer(a, args, quotas, sizeof(quotas));
}

static void clock_pair(struct weft_device *w, struct drm_weft_clock *c)
{
	c->host_ns = ktime_get_ns();
	if (w->caps & WEFT_CAP_CLOCK_PAIR) {
		weft_mmio_write64(w, WEFT_REG_CLOCK_HOST, c->host_ns);
		c->card_ns = weft_mmio_read64(w, WEFT_REG_CLOCK_CARD);
	} else {
		c->card_ns = weft_mmio_read64(w, WEFT_REG_CLOCK_NOW);
	}
	c->error_ns = ktime_get_ns() - c->host_ns;
}

/* The nearest of a few: an interrupt, or the hypervisor, may come between. */
static int query_clock(struct weft_device *w, struct drm_weft_query *args, struct answer *a)
{
	struct drm_weft_clock best = { .error_ns = U64_MAX }, c;
	unsigned int i;

	mutex_lock(&w->counter_lock);
	for (i = 0; i < 8; i++) {
		clock_pair(w, &c);
		if (c.error_ns < best.error_ns)
			best = c;
	}
	mutex_unlock(&w->counter_lock);
	return answer(a, args, &best, sizeof(best));
}

static int query(struct weft_device *w, struct weft_file *f, struct drm_weft_query *args,
		 struct answer *a)
{
	if (args->pad || (args->index && args->what != DRM_WEFT_QUERY_COUNTERS))
		return -EINVAL;
	switch (args->what) {
	case DRM_WEFT_QUERY_DEVICE:
		return query_device(w, f, args, a);
	case DRM_WEFT_QUERY_MEMORY:
		return query_memory(w, f, args, a);
	case DRM_WEFT_QUERY_ENGINES:
		return query_engines(w, args, a);
	case DRM_WEFT_QUERY_COUNTERS:
		return query_counters(w, f, args, a);
	case DRM_WEFT_QUERY_STATS:
		return query_stats(w, f, args, a);
	case DRM_WEFT_QUERY_QUOTAS:
		return query_quotas(f, args, a);
	case DRM_WEFT_QUERY_CLOCK:
		return query_clock(w, args, a);
	default:
		return -EINVAL;
	}
}

int weft_query_ioctl(struct weft_device *w, struct weft_file *f, void *data)
{
	struct drm_weft_query *args = data;
	struct answer a = {};
	int idx, ret;

	ret = weft_file_enter(f, &idx);
	if (ret)
		return ret;
	ret = query(w, f, args, &a);
	weft_device_exit(w, idx);
	if (!ret && a.bytes && copy_to_user(u64_to_user_ptr(args->ptr), a.data, a.bytes))
		ret = -EFAULT;
	kfree(a.data);
	return ret;
}
