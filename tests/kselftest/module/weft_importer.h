/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * /dev/weft-importer, a driver of tests: takes and gives dma-bufs the ways other drivers do, and
 * moves no data.
 */
#ifndef WEFT_IMPORTER_H
#define WEFT_IMPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* has the callback that asks for the memory back, and then unmaps */
#define WEFT_IMPORTER_DYNAMIC	0x1
#define WEFT_IMPORTER_P2P	0x2	/* says that it can use memory of peers; needs DYNAMIC */

/*
 * One attachment a file: as the PCI device @pci (domain << 16 | bus << 8 | devfn), which no driver
 * of ours has to have.
 */
struct weft_importer_attach {
	__s32 fd;
	__u32 flags;
	__u32 pci;
	__u32 pad;
};

/*
 * MAP: @write in. STATE and MAP: bus address of the first piece, how many pieces, if mapped; times
 * it was taken away.
 */
struct weft_importer_state {
	__u64 addr;
	__u32 pieces;
	__u32 mapped;
	__u32 invalidated;
	__u32 write;
};

#define WEFT_IMPORTER_ATTACH	_IOW('w', 0x71, struct weft_importer_attach)
#define WEFT_IMPORTER_MAP	_IOWR('w', 0x72, struct weft_importer_state)
#define WEFT_IMPORTER_UNMAP	_IO('w', 0x73)
#define WEFT_IMPORTER_STATE	_IOR('w', 0x74, struct weft_importer_state)
#define WEFT_IMPORTER_PIN	_IO('w', 0x75)	/* pins and unpins; a dynamic attachment only */
#define WEFT_IMPORTER_EXPORT	_IOR('w', 0x76, __s32)	/* one page as a dma-buf of this driver */
#define WEFT_IMPORTER_MOVE	_IO('w', 0x77)	/* its memory moves: whoever maps it must let go */
/* -EIO when anybody wrote to where it was before its last move; that place holds a pattern since */
#define WEFT_IMPORTER_OLD_PLACE	_IO('w', 0x78)

#endif
