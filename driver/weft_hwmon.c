// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/hwmon.h>
#include <linux/sysfs.h>
#include <drm/drm_print.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_hwmon.h"
#include "weft_look.h"

#if IS_REACHABLE(CONFIG_HWMON)

#define THERMAL		BIT(0)	/* of THROTTLE */
#define POWER		BIT(1)

/*
 * -EAGAIN: the card is asleep, and what it would say is not known without waking it, or in reset,
 * when it must not be touched.
 */
static int look(struct weft_device *w, u32 reg, u32 *value)
{
	int state;

	if (!weft_look_begin(w)) {
		state = READ_ONCE(w->state);
		return state == WEFT_LOST ? -ENODEV : state == WEFT_WEDGED ? -EIO : -EAGAIN;
	}
	*value = weft_mmio_read32(w, reg);
	weft_look_end(w);
	return *value == ~0u ? -ENODEV : 0;
}

static umode_t is_visible(const void *data, enum hwmon_sensor_types type, u32 attr, int channel)
{
	const struct weft_device *w = data;

	if (type == hwmon_temp && attr == hwmon_temp_crit)
		return w->temp_limit_mc ? 0444 : 0;
	if (type == hwmon_power && attr == hwmon_power_crit)
		return w->power_limit_mw ? 0444 : 0;
	return 0444;
}

static int read_temp(struct weft_device *w, u32 attr, long *value)
{
	u32 raw = 0;
	int ret = 0;

	switch (attr) {
	case hwmon_temp_input:
		ret = look(w, WEFT_REG_TEMP_MC, &raw);
		*value = raw;
		return ret;
	case hwmon_temp_crit:
		*value = w->temp_limit_mc;
		return 0;
	case hwmon_temp_crit_alarm:
		ret = look(w, WEFT_REG_THROTTLE, &raw);
		*value = !!(raw & THERMAL);
		return ret;
	default:
		return -EOPNOTSUPP;
	}
}

static int read_power(struct weft_device *w, u32 attr, long *value)
{
	u32 raw = 0;
	int ret = 0;

	switch (attr) {
	case hwmon_power_input:
		ret = look(w, WEFT_REG_POWER_MW, &raw);
		*value = (long)raw * 1000;
		return ret;
	case hwmon_power_crit:
		*value = (long)w->power_limit_mw * 1000;
		return 0;
	case hwmon_power_crit_alarm:
		ret = look(w, WEFT_REG_THROTTLE, &raw);
		*value = !!(raw & POWER);
		return ret;
	default:
		return -EOPNOTSUPP;
	}
}

static int read(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		long *value)
{
	struct weft_device *w = dev_get_drvdata(dev);

	switch (type) {
	case hwmon_temp:
		return read_temp(w, attr, value);
	case hwmon_power:
		return read_power(w, attr, value);
	default:
		return -EOPNOTSUPP;
	}
}

static int read_string(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		       const char **text)
{
	*text = type == hwmon_temp ? "card" : "total";
	return 0;
}

static const struct hwmon_ops ops = {
	.is_visible = is_visible,
	.read = read,
	.read_string = read_string,
};

static const struct hwmon_channel_info * const channels[] = {
	HWMON_CHANNEL_INFO(temp, HWMON_T_INPUT | HWMON_T_CRIT | HWMON_T_CRIT_ALARM | HWMON_T_LABEL),
	HWMON_CHANNEL_INFO(power,
			   HWMON_P_INPUT | HWMON_P_CRIT | HWMON_P_CRIT_ALARM | HWMON_P_LABEL),
	NULL
};

static const struct hwmon_chip_info chip = {
	.ops = &ops,
	.info = channels,
};

/* The core knows no clocks; these are the names other accelerators use. */
static ssize_t freq1_input_show(struct device *dev, struct device_attribute *attr, char *text)
{
	struct weft_device *w = dev_get_drvdata(dev);
	u32 mhz;
	int ret = look(w, WEFT_REG_CLOCK_MHZ, &mhz);

	return ret ?: sysfs_emit(text, "%llu\n", (u64)mhz * 1000000);
}
static DEVICE_ATTR_RO(freq1_input);

static ssize_t freq1_label_show(struct device *dev, struct device_attribute *attr, char *text)
{
	return sysfs_emit(text, "engines\n");
}
static DEVICE_ATTR_RO(freq1_label);

static struct attribute *weft_hwmon_attrs[] = {
	&dev_attr_freq1_input.attr,
	&dev_attr_freq1_label.attr,
	NULL
};
ATTRIBUTE_GROUPS(weft_hwmon);

void weft_hwmon_register(struct weft_device *w)
{
	struct device *hwmon;

	if (!(w->caps & WEFT_CAP_TELEMETRY))
		return;
	w->temp_limit_mc = weft_mmio_read32(w, WEFT_REG_TEMP_LIMIT_MC);
	w->power_limit_mw = weft_mmio_read32(w, WEFT_REG_POWER_LIMIT_MW);
	hwmon = devm_hwmon_device_register_with_info(&w->pdev->dev, "weft", w, &chip,
						     weft_hwmon_groups);
	if (IS_ERR(hwmon))
		drm_err(&w->drm, "no monitor of temperature, power and clock (%pe)\n", hwmon);
}

#else

void weft_hwmon_register(struct weft_device *w)
{
}

#endif
