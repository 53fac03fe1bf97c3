/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * vfio-user client: the messages QEMU sends, one outstanding at a time. Errors of the transport fail the running test;
 * an error reply is returned as its errno.
 */
#ifndef CT_CLIENT_H
#define CT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VU_MAX_REGIONS	16
#define VU_MAX_DMA	512

enum vu_command {
	VU_VERSION = 1, VU_DMA_MAP = 2, VU_DMA_UNMAP = 3, VU_GET_INFO = 4, VU_GET_REGION_INFO = 5,
	VU_GET_IRQ_INFO = 7, VU_SET_IRQS = 8, VU_REGION_READ = 9, VU_REGION_WRITE = 10, VU_DMA_READ = 11,
	VU_DMA_WRITE = 12, VU_DEVICE_RESET = 13,
};

enum vu_region_index { VU_BAR0 = 0, VU_BAR2 = 2, VU_BAR4 = 4, VU_CONFIG = 7 };
enum vu_irq_index { VU_IRQ_INTX = 0, VU_IRQ_MSI = 1, VU_IRQ_MSIX = 2 };

struct vu_region {
	uint64_t size, offset;
	uint32_t flags;
	uint8_t *map;			/* NULL when it cannot be mapped */
	size_t map_bytes;
};

/* What the server may reach: `ptr` is NULL for a peer's BAR. */
struct vu_dma {
	uint64_t iova, size;
	uint8_t *ptr;
};

struct vu {
	int fd;
	uint16_t id;
	unsigned max_fds, nregions, nirqs;
	uint32_t device_flags;
	struct vu_region region[VU_MAX_REGIONS];
	struct vu_dma dma[VU_MAX_DMA];
	unsigned ndma;
	uint64_t messages, dma_requests;
};

/* Connects and does VERSION; false when nobody listens within `ms`. */
bool vu_open(struct vu *v, const char *path, unsigned ms);
void vu_close(struct vu *v);
/* GET_INFO and GET_REGION_INFO of every region; maps what may be mapped. */
void vu_query(struct vu *v);

/* fd < 0: without a descriptor, as QEMU maps peer BARs. */
int vu_dma_map(struct vu *v, uint64_t iova, uint64_t size, int fd, uint64_t offset, void *ptr);
int vu_dma_unmap(struct vu *v, uint64_t iova, uint64_t size);
/* The two halves of DMA_UNMAP, to act while the reply is outstanding. */
void vu_dma_unmap_send(struct vu *v, uint64_t iova, uint64_t size);
int vu_dma_unmap_reply(struct vu *v, uint64_t iova);

int vu_irq_count(struct vu *v, unsigned index);
int vu_set_irqs(struct vu *v, unsigned index, unsigned count, const int *eventfds);
int vu_device_reset(struct vu *v);

int vu_try_read(struct vu *v, unsigned region, uint64_t offset, void *data, unsigned bytes);
int vu_try_write(struct vu *v, unsigned region, uint64_t offset, const void *data, unsigned bytes);
/* The same, failing the test on an error reply. */
uint64_t vu_read(struct vu *v, unsigned region, uint64_t offset, unsigned bytes);
void vu_write(struct vu *v, unsigned region, uint64_t offset, uint64_t value, unsigned bytes);

/* Any command with any payload; returns the errno of the reply, `*got` its payload size. */
int vu_call(struct vu *v, unsigned command, const void *request, size_t request_bytes, const int *fds, unsigned nfds,
	    void *reply, size_t reply_bytes, size_t *got);
/* Serves commands of the server (DMA_READ, DMA_WRITE) that have arrived. */
void vu_pump(struct vu *v);

#endif
