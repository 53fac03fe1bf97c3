/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_TELEMETRY_H
#define WEFT_TELEMETRY_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** struct weft_memory_info - local memory in bytes: as struct drm_weft_memory of the driver's interface */
struct weft_memory_info {
	uint32_t size;
	uint32_t pad;
	uint64_t total_bytes;		/* for objects */
	uint64_t free_bytes;
	uint64_t largest_bytes;		/* largest free block */
	uint64_t quarantined_bytes;	/* withheld because a stop did not complete */
	uint64_t dirty_bytes;		/* free, still to be cleared */
	uint64_t quota_bytes;		/* what this open may hold */
	uint64_t used_bytes;		/* what this open holds */
};

#define WEFT_ENGINE_KIND_COMPUTE	0x1
#define WEFT_ENGINE_KIND_COPY		0x2
#define WEFT_ENGINE_KIND_REDUCE		0x4
#define WEFT_ENGINE_KIND_TIMED		0x8

/**
 * struct weft_engine - one engine
 * @kinds: WEFT_ENGINE_KIND_*
 * @group: engines with the same number share throughput, also across cards
 * @width: commands the whole group executes at once
 * @busy_ns: so far
 */
struct weft_engine {
	uint32_t kinds;
	uint32_t group;
	uint32_t width;
	uint32_t pad;
	uint64_t busy_ns;
};

/**
 * struct weft_counter - traffic of this open's address space over one link, counted by the card since it was opened
 * @link: 0 host memory, n peer n, 255 own local memory
 * @peer_serial: card behind the link, UINT32_MAX when none
 * @read_bytes: payload read by engines
 * @write_bytes: payload written by engines
 * @cell_reads: cells read
 * @cell_writes: cell stores
 * @fetch_bytes: packets, operand entries and lists
 */
struct weft_counter {
	uint32_t link;
	uint32_t peer_serial;
	uint64_t read_bytes;
	uint64_t write_bytes;
	uint64_t cell_reads;
	uint64_t cell_writes;
	uint64_t fetch_bytes;
};

/**
 * struct weft_device_stats - driver's counts of the card since module load; file_… of this open
 * @wait_limits: waits of user queues that took longer than their wait_limit_ns, of queues that stop then and of others
 */
struct weft_device_stats {
	uint32_t size;
	uint32_t pad;
	uint64_t irqs;
	uint64_t events;
	uint64_t overflows;
	uint64_t faults;
	uint64_t timeouts;
	uint64_t jobs;
	uint64_t file_ioctls;
	uint64_t file_jobs;
	uint64_t wait_limits;
};

/** weft_device_memory() - Return: 0, -EINVAL, -ENOTCONN, -ENODEV, -EOPNOTSUPP for kinds without local memory */
int weft_device_memory(struct weft_device *device, struct weft_memory_info *info);

/**
 * weft_device_engines() - the engines
 * @engines: array of @max entries, @stride bytes apart (sizeof(struct weft_engine)); NULL with @max 0 asks how many
 *
 * Return: number of engines the device has (at most @max are written), -EINVAL, -ENOTCONN, -ENODEV.
 */
int weft_device_engines(struct weft_device *device, struct weft_engine *engines, uint32_t max, size_t stride);

/** weft_device_counters() - traffic by link, of jobs and user queues of this process; parameters and return as weft_device_engines() */
int weft_device_counters(struct weft_device *device, struct weft_counter *counters, uint32_t max, size_t stride);

/** weft_device_stats() - Return: 0, -EINVAL, -ENOTCONN, -ENODEV, -EOPNOTSUPP for kinds without driver */
int weft_device_stats(struct weft_device *device, struct weft_device_stats *stats);

/**
 * struct weft_clock - one moment on the device's clock and on the host's
 * @host_ns: CLOCK_MONOTONIC
 * @device_ns: what timestamps and trace records of the device count in, taken after @host_ns …
 * @error_ns: … and at most so much later
 */
struct weft_clock {
	uint32_t size;
	uint32_t pad;
	uint64_t host_ns;
	uint64_t device_ns;
	uint64_t error_ns;
};

/** weft_device_clock() - Return: 0, -EINVAL, -ENOTCONN, -ENODEV, -EOPNOTSUPP for kinds without driver */
int weft_device_clock(struct weft_device *device, struct weft_clock *clock);

#ifdef __cplusplus
}
#endif
#endif
