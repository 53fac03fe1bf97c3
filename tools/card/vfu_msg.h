/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* vfio-user messages as QEMU's docs/interop/vfio-user.rst gives them. Little-endian hosts only, like the contract. */
#ifndef WCARD_VFU_MSG_H
#define WCARD_VFU_MSG_H

#include <stdint.h>

enum vfu_cmd {
	VFU_VERSION = 1,
	VFU_DMA_MAP = 2,
	VFU_DMA_UNMAP = 3,
	VFU_DEVICE_GET_INFO = 4,
	VFU_DEVICE_GET_REGION_INFO = 5,
	VFU_DEVICE_GET_REGION_IO_FDS = 6,
	VFU_DEVICE_GET_IRQ_INFO = 7,
	VFU_DEVICE_SET_IRQS = 8,
	VFU_REGION_READ = 9,
	VFU_REGION_WRITE = 10,
	VFU_DMA_READ = 11,
	VFU_DMA_WRITE = 12,
	VFU_DEVICE_RESET = 13,
};

struct vfu_head {
	uint16_t id, cmd;
	uint32_t size;			/* header included */
	uint32_t flags;
	uint32_t error;
};
#define VFU_F_TYPE		0xfu
#define VFU_F_REPLY		0x1u
#define VFU_F_NO_REPLY		0x10u
#define VFU_F_ERROR		0x20u

struct vfu_version { uint16_t major, minor; };
struct vfu_dma_map { uint32_t argsz, flags; uint64_t offset, addr, size; };
#define VFU_DMA_R		0x1u
#define VFU_DMA_W		0x2u
struct vfu_dma_unmap { uint32_t argsz, flags; uint64_t addr, size; };
struct vfu_info { uint32_t argsz, flags, regions, irqs; };
#define VFU_INFO_RESET		0x1u
#define VFU_INFO_PCI		0x2u
struct vfu_region_info { uint32_t argsz, flags, index, cap_offset; uint64_t size, offset; };
#define VFU_REGION_R		0x1u
#define VFU_REGION_W		0x2u
#define VFU_REGION_MMAP		0x4u
#define VFU_REGION_CAPS		0x8u
struct vfu_sparse { uint16_t id, version; uint32_t next, areas, reserved; uint64_t offset, size; };
struct vfu_irq_info { uint32_t argsz, flags, index, count; };
#define VFU_IRQ_EVENTFD		0x1u
#define VFU_IRQ_NORESIZE	0x8u
struct vfu_irq_set { uint32_t argsz, flags, index, start, count; };
#define VFU_IRQ_DATA_NONE	0x01u
#define VFU_IRQ_DATA_BOOL	0x02u
#define VFU_IRQ_DATA_EVENTFD	0x04u
#define VFU_IRQ_DATA		0x07u
#define VFU_IRQ_TRIGGER		0x20u
#define VFU_IRQ_ACTION		0x38u
struct vfu_access { uint64_t offset; uint32_t region, count; };

/* Indices of PCI devices */
#define VFU_REGION_BAR0		0
#define VFU_REGION_CONFIG	7
#define VFU_NUM_REGIONS		9
#define VFU_IRQ_MSI		1
#define VFU_IRQ_MSIX		2
#define VFU_IRQ_ERR		3
#define VFU_NUM_IRQS		5

#endif
