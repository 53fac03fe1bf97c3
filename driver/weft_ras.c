// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/device.h>
#include <linux/sysfs.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_look.h"
#include "weft_ras.h"

u64 weft_ras_ecc_corrected(struct weft_device *w)
{
	u32 count;

	if (w->caps & WEFT_CAP_TELEMETRY && weft_look_begin(w)) {
		count = weft_mmio_read32(w, WEFT_REG_ECC_CORRECTED);
		if (count != ~0u)
			atomic64_set(&w->stats.ecc_corrected, count);
		weft_look_end(w);
	}
	return atomic64_read(&w->stats.ecc_corrected);
}

static ssize_t ecc_corrected_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", weft_ras_ecc_corrected(dev_get_drvdata(dev)));
}
static DEVICE_ATTR_RO(ecc_corrected);

static ssize_t safe_timeouts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct weft_device *w = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%d\n", atomic_read(&w->safe.timeouts));
}
static DEVICE_ATTR_RO(safe_timeouts);

/* One file a count of struct weft_stats. */
#define COUNT(name, member) \
	static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
	{ \
		struct weft_device *w = dev_get_drvdata(dev); \
\
		return sysfs_emit(buf, "%lld\n", atomic64_read(&w->member)); \
	} \
	static DEVICE_ATTR_RO(name)

COUNT(ecc_uncorrected, stats.ecc_errors);
COUNT(links_down, stats.links_down);
COUNT(thermal_events, stats.thermals);
COUNT(queue_faults, stats.faults);
COUNT(job_timeouts, stats.timeouts);
COUNT(wait_limits, stats.wait_limits);
COUNT(firmware_restarts, stats.fw_restarts);
COUNT(card_resets, stats.resets);
COUNT(stop_timeouts, stats.stop_timeouts);
COUNT(engine_resets, stats.engine_resets);
COUNT(failed_resets, stats.wedged);
COUNT(lost_interrupts, stats.lost_irqs);
COUNT(event_overflows, stats.overflows);
COUNT(dumps_made, dumps.made);
COUNT(dumps_dropped, dumps.dropped);

static struct attribute *attrs[] = {
	&dev_attr_ecc_corrected.attr,
	&dev_attr_ecc_uncorrected.attr,
	&dev_attr_links_down.attr,
	&dev_attr_thermal_events.attr,
	&dev_attr_queue_faults.attr,
	&dev_attr_job_timeouts.attr,
	&dev_attr_wait_limits.attr,
	&dev_attr_firmware_restarts.attr,
	&dev_attr_stop_timeouts.attr,
	&dev_attr_engine_resets.attr,
	&dev_attr_card_resets.attr,
	&dev_attr_failed_resets.attr,
	&dev_attr_safe_timeouts.attr,
	&dev_attr_lost_interrupts.attr,
	&dev_attr_event_overflows.attr,
	&dev_attr_dumps_made.attr,
	&dev_attr_dumps_dropped.attr,
	NULL
};

static const struct attribute_group ras_group = {
	.name = "ras",
	.attrs = attrs,
};

const struct attribute_group *weft_ras_groups[] = {
	&ras_group,
	NULL
};
