/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_TOPOLOGY_H
#define WEFT_TOPOLOGY_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum weft_reach - how a device reaches memory of another
 * @WEFT_REACH_NONE: not; see @why
 * @WEFT_REACH_SELF: both are the same device
 * @WEFT_REACH_BUS: directly, switched below the host bridge
 * @WEFT_REACH_HOST_BRIDGE: directly, through the host bridge
 */
enum weft_reach {
	WEFT_REACH_NONE = 0,
	WEFT_REACH_SELF = 1,
	WEFT_REACH_BUS = 2,
	WEFT_REACH_HOST_BRIDGE = 3,
};

/**
 * struct weft_peer - one ordered pair
 * @size: sizeof
 * @reach: enum weft_reach
 * @error: negative errno of the probe, 0
 * @distance: of the kernel's P2PDMA, -1 unknown
 * @link: number of the peer in weft_device_counters() of @from
 * @cells: 1 = semaphores in the peer can be signalled
 * @why: one line; when @reach is NONE the reason, else how
 * @port: PCI address (domain << 16 | bus << 8 | devfn) of the port or host bridge that is in the way, 0 when none is
 * @advice: one line: what would open the way, or shorten it; empty when there is nothing to do
 */
struct weft_peer {
	uint32_t size;
	uint32_t reach;
	int32_t error;
	int32_t distance;
	uint32_t link;
	uint32_t cells;
	char why[128];
	uint32_t port;
	char advice[164];
};

/**
 * weft_device_peer() - can @from read and write memory of @to? The driver really maps one page to find out
 *
 * Return: 0 with the answer in @peer, also when it is no; -EINVAL, -ENOTCONN, -ENODEV.
 */
int weft_device_peer(struct weft_device *from, struct weft_device *to, struct weft_peer *peer);

/**
 * weft_topology() - all ordered pairs of cards
 * @peers: @num * @num entries, row = from, each with .size set by the library
 * @num: number of cards asked for, at most weft_device_count(weft, "card")
 *
 * Opens the cards for the duration of the call. Return: 0, -ENOTCONN, -EINVAL, or what weft_device_open() returns.
 */
int weft_topology(struct weft *weft, struct weft_peer *peers, uint32_t num);

/** weft_reach_name() - "none", "self", "bus", "host-bridge". Constant text */
const char *weft_reach_name(uint32_t reach);

#ifdef __cplusplus
}
#endif
#endif
