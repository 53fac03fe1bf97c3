/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_LIBRARY_H
#define WEFT_LIBRARY_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weft_open() - initialise the library, or take another reference to it
 *
 * The first call reads the kernel registry and the device kinds and finds the devices; later ones, also racing ones,
 * return the same handle. The set of devices is that of the first call.
 *
 * Return: the library, or NULL with the reason in weft_last_error() and errno (ENOMEM). A machine without a card is
 * not an error: weft_device_count() is then the number of `host` devices alone.
 */
struct weft *weft_open(void);

/**
 * weft_close() - give one reference back
 *
 * Return: 0; -EBUSY when it is the last one and a device is still open (the reference stays); -ENOTCONN when the
 * library is not open.
 */
int weft_close(struct weft *weft);

/**
 * struct weft_stats - what the library did since its first weft_open()
 * @size: sizeof
 * @initialisations: times the library was initialised from nothing
 * @ioctls: ioctls issued, on every file
 * @mmaps: mappings made
 * @submits: jobs handed to queues, of every kind
 * @callbacks: completion callbacks run
 * @h2d_bytes: host to device by the card's copy engine
 * @d2h_bytes: device to host by the card's copy engine
 * @local_bytes: within one device
 * @p2p_bytes: between devices, directly
 * @host_bounce_bytes: between devices through host memory, because the caller allowed it
 * @mmap_bytes: written or read by the processor through a mapping
 * @fill_bytes: filled
 * @tensor_bytes: moved by tensor scatter and gather (also counted above, by path)
 * @open_devices: devices open now
 * @live_memories: memory handles alive now, imports included
 */
struct weft_stats {
	uint32_t size;
	uint32_t initialisations;
	uint64_t ioctls;
	uint64_t mmaps;
	uint64_t submits;
	uint64_t callbacks;
	uint64_t h2d_bytes;
	uint64_t d2h_bytes;
	uint64_t local_bytes;
	uint64_t p2p_bytes;
	uint64_t host_bounce_bytes;
	uint64_t mmap_bytes;
	uint64_t fill_bytes;
	uint64_t tensor_bytes;
	uint64_t open_devices;
	uint64_t live_memories;
};

/** weft_stats_get() - read the counts. Return: 0, -ENOTCONN, -EINVAL */
int weft_stats_get(struct weft *weft, struct weft_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
