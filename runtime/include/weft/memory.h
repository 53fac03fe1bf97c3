/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_MEMORY_H
#define WEFT_MEMORY_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum weft_place - where memory lies
 * @WEFT_PLACE_LOCAL: card memory, zeroed
 * @WEFT_PLACE_HOST: pinned host memory that the card reads and writes, zeroed, coherent
 */
enum weft_place {
	WEFT_PLACE_LOCAL = 0,
	WEFT_PLACE_HOST = 1,
};

#define WEFT_ACCESS_READ	0x1
#define WEFT_ACCESS_WRITE	0x2
#define WEFT_ACCESS_SIGNAL	0x4	/* of memory made with WEFT_MEMORY_CELLS: cells may be signalled */

#define WEFT_MEMORY_CELLS	0x1	/* local; written by signals only, see cell.h */
#define WEFT_MEMORY_CELLS_PEER	0x3	/* the same, but signalled by one importer: its owner only waits */

/**
 * struct weft_memory_desc - what weft_memory_create() makes
 * @size: sizeof
 * @place: enum weft_place
 * @bytes: > 0; rounded up to 4 KiB
 * @flags: WEFT_MEMORY_*
 */
struct weft_memory_desc {
	uint32_t size;
	uint32_t place;
	uint64_t bytes;
	uint64_t flags;
};

/**
 * weft_memory_create() - allocate, and bind readable and writable into the device's address space
 * @memory: out; the caller destroys it before the device is closed
 *
 * Return: 0, -EINVAL, -ENOTCONN, -ENOSPC (the text has free and largest block), -EDQUOT, -ENODEV, -ENOMEM.
 */
int weft_memory_create(struct weft_device *device, const struct weft_memory_desc *desc, struct weft_memory **memory);

/** weft_memory_alloc() - the same in short: @bytes at @place of @device */
int weft_memory_alloc(struct weft_device *device, uint64_t bytes, enum weft_place place,
		      struct weft_memory **memory);

/**
 * weft_memory_import() - make memory of one device reachable by another
 * @device: whose address space gets it
 * @memory: memory of another device of the same kind, local or host; not one that came by descriptor
 * @access: WEFT_ACCESS_*, the most that @device may do
 * @imported: out; destroy it like any other memory. A second import of the same memory by the same device with the
 *	same access gives the same handle with one more reference, and does no system call; importing into the owning
 *	device gives @memory itself with one more reference
 *
 * The owner's memory stays allocated until its last import is destroyed.
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP (not reachable; the text says why), -EDQUOT, -ENODEV, -ENOMEM.
 */
int weft_memory_import(struct weft_device *device, struct weft_memory *memory, uint32_t access,
		       struct weft_memory **imported);

/**
 * weft_memory_export() - a descriptor of it, for another process or another driver (a dma-buf)
 * @memory: of a card; its own, or an import, of which no more than it has
 * @access: WEFT_ACCESS_*, the most that who imports the descriptor may do; of cells SIGNAL, and READ to have the host look
 * @fd: out, close-on-exec; the caller closes it. It keeps the memory allocated, as an import of it does, also after
 *	weft_memory_destroy()
 *
 * Several threads may export the same memory. Return: 0, -EINVAL, -ENOTCONN, -EACCES (an import with less access),
 * -EOPNOTSUPP (of a kind without a driver; memory from a descriptor with less access than it came with), -EMFILE, -ENODEV,
 * -ECANCELED (lost in a reset), -ENOMEM.
 */
int weft_memory_export(struct weft_memory *memory, uint32_t access, int *fd);

/**
 * weft_memory_import_fd() - memory that another process, or another driver, gave as a descriptor
 * @device: a card, whose address space gets it, with the access that the descriptor was made with
 * @fd: a dma-buf; stays the caller's, who may close it after the call
 * @memory: out; destroy it like any other memory, whose size it has. Importing the same descriptor into the same device again
 *	gives the same handle with one more reference
 *
 * Cells of another process are used like an import of one's own: commands signal them. Memory of @device itself that came back
 * by descriptor can be mapped, and its cells be read, waited for and signalled by the host, when it has WEFT_ACCESS_WRITE or
 * WEFT_ACCESS_SIGNAL; that of other cards cannot be mapped (-EOPNOTSUPP).
 *
 * Return: 0, -EINVAL (also no dma-buf), -EBADF, -ENOTCONN, -EOPNOTSUPP (not reachable, or a kind without a driver), -EACCES
 * (cells that may not be signalled), -ECANCELED (its owner took it back), -EDQUOT, -ENODEV, -ENOMEM.
 */
int weft_memory_import_fd(struct weft_device *device, int fd, struct weft_memory **memory);

/**
 * weft_memory_destroy() - give one reference back; the last unbinds, unmaps and frees
 *
 * Jobs that use it must have ended: the address is no longer translated when this returns.
 * Return: 0, -EINVAL, -ENOTCONN, -ENODEV (freed all the same).
 */
int weft_memory_destroy(struct weft_memory *memory);

/** weft_memory_address() - device address of the first byte in its device's address space; 0 for NULL */
uint64_t weft_memory_address(const struct weft_memory *memory);

/** weft_memory_bytes() - its size after rounding; 0 for NULL */
uint64_t weft_memory_bytes(const struct weft_memory *memory);

/** weft_memory_device() - the device whose address space it is in; NULL for NULL */
struct weft_device *weft_memory_device(const struct weft_memory *memory);

/**
 * weft_memory_map() - map all of it for the processor
 * @pointer: out, valid until weft_memory_destroy(); the same each time. Local memory is mapped write-combined: write
 *	it in order, and do not read much of it
 *
 * Return: 0, -EINVAL, -ENOTCONN, -EACCES, -ENOMEM, -EOPNOTSUPP for an import.
 */
int weft_memory_map(struct weft_memory *memory, void **pointer);

#ifdef __cplusplus
}
#endif
#endif
