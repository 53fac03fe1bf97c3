/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_DEVICE_H
#define WEFT_DEVICE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weft_device_count() - devices of a kind
 * @kind: "card", "host", a registered kind, or NULL for all
 *
 * Return: the number, -ENOTCONN, -ENOENT for an unknown kind. Cards are ordered by PCI address.
 */
int weft_device_count(struct weft *weft, const char *kind);

/**
 * weft_device_open() - open one device and create its address space
 * @kind: as above; NULL means "card"
 * @index: 0 … weft_device_count() - 1
 * @device: out; the caller closes it. Each open has its own address space
 *
 * Return: 0, -ENOTCONN, -ENOENT (no such device or kind), -ENODEV (card gone), -EACCES, -EPROTO (the driver's UAPI
 * is not one this library speaks; the text has both versions), -ENOMEM, -EDQUOT.
 */
int weft_device_open(struct weft *weft, const char *kind, uint32_t index, struct weft_device **device);

/**
 * weft_device_close() - close it
 *
 * Waits for the device's own copies. Return: 0, -EBUSY while it has memory (imports of it included), queues, lists,
 * timelines or tensors; -EINVAL, -ENOTCONN.
 */
int weft_device_close(struct weft_device *device);

/**
 * struct weft_device_info - constant facts of a device
 * @size: sizeof
 * @index: among its kind
 * @kind: "card" …
 * @node: path of its node, "" for a device without one
 * @serial: distinct among the cards of this machine
 * @uapi: version of the driver's interface, major << 16 | minor; 0 without driver
 * @contract: card contract in use, major << 16 | minor
 * @firmware: major << 16 | minor << 8 | patch
 * @caps: capability bits of the contract, see weft_capability_name()
 * @memory_bytes: local memory in all
 * @user_bytes: local memory available to objects
 * @reset_generation: resets since power-on
 * @num_slots: queues that run at the same time
 * @num_engines: entries of weft_device_engines()
 * @max_queues: quota of this open
 * @num_links: peers the card can tell apart, its host included
 * @timed_width: TIMED commands at once
 * @p2p: 1 = this kernel can map peers' memory
 * @pci: domain << 16 | bus << 8 | devfn
 */
struct weft_device_info {
	uint32_t size;
	uint32_t index;
	char kind[WEFT_NAME_BYTES];
	char node[WEFT_NAME_BYTES];
	uint32_t serial;
	uint32_t uapi;
	uint32_t contract;
	uint32_t firmware;
	uint64_t caps;
	uint64_t memory_bytes;
	uint64_t user_bytes;
	uint64_t reset_generation;
	uint32_t num_slots;
	uint32_t num_engines;
	uint32_t max_queues;
	uint32_t num_links;
	uint32_t timed_width;
	uint32_t p2p;
	uint32_t pci;
	uint32_t pad;
};

/** weft_device_info() - Return: 0, -EINVAL, -ENOTCONN, -ENODEV */
int weft_device_info(struct weft_device *device, struct weft_device_info *info);

/** weft_capability_name() - name of a bit of @caps ("exec", "loop", …), NULL when it has none. Constant text */
const char *weft_capability_name(uint32_t bit);

/** weft_fault_name() - name of a cause of struct weft_queue_status ("pt_invalid", …), "unknown" else. Constant text */
const char *weft_fault_name(uint32_t cause);

#ifdef __cplusplus
}
#endif
#endif
