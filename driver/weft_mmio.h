/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Every access to the card's BARs is made by this file, and every one of them inside a
 * drm_dev_enter() section, so that none can reach a function that was unplugged: reads give
 * all-ones then, writes vanish. One to a card that is asleep, or that somebody else is resetting,
 * is a bug of the caller, warned about and not made.
 */
#ifndef WEFT_MMIO_H
#define WEFT_MMIO_H

#include <linux/types.h>

struct weft_device;

/**
 * struct weft_mmio - mapped BARs
 * @regs: BAR0
 * @lmem: BAR2, write-combining
 * @doorbells: BAR4
 * @lmem_phys: CPU physical address of BAR2
 * @doorbell_phys: CPU physical address of BAR4
 * @lmem_bytes: length of BAR2
 * @doorbell_bytes: length of BAR4
 * @shut: from the end of weft_reset_prepare() to the begin of weft_reset_done() nothing is
 *	accessed; of no meaning once the card is lost meanwhile
 */
struct weft_mmio {
	void __iomem *regs;
	void __iomem *lmem;
	void __iomem *doorbells;
	phys_addr_t lmem_phys;
	phys_addr_t doorbell_phys;
	u64 lmem_bytes;
	u64 doorbell_bytes;
	bool shut;
};

int weft_mmio_map(struct weft_device *w);

u32 weft_mmio_read32(struct weft_device *w, u32 reg);
u64 weft_mmio_read64(struct weft_device *w, u32 reg);
void weft_mmio_write32(struct weft_device *w, u32 reg, u32 value);
void weft_mmio_write64(struct weft_device *w, u32 reg, u64 value);
void weft_mmio_doorbell(struct weft_device *w, u32 queue);

/* KICK in the doorbell page of a queue; @va in its address space. */
void weft_mmio_kick(struct weft_device *w, u32 queue, u64 va);

/* Local memory, by offset. Ranges outside BAR2 are the caller's bug: warned about, not accessed. */
void weft_mmio_lmem_write(struct weft_device *w, u64 at, const void *from, size_t bytes);
void weft_mmio_lmem_read(struct weft_device *w, void *to, u64 at, size_t bytes);
void weft_mmio_lmem_clear(struct weft_device *w, u64 at, u64 bytes);
u32 weft_mmio_lmem_read32(struct weft_device *w, u64 at);
u64 weft_mmio_lmem_read64(struct weft_device *w, u64 at);
void weft_mmio_lmem_write64(struct weft_device *w, u64 at, u64 value);

/* Makes earlier writes to local memory visible to the card before later accesses of any kind. */
void weft_mmio_flush_writes(void);

/* True when registers read all-ones: the function is gone. Also true once unplugged. */
bool weft_mmio_gone(struct weft_device *w);

#endif
