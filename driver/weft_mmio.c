// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/pci.h>
#include <drm/drm_print.h>

#include <firmware/abi/doorbell.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"

/* Writes of a register pair are two MMIO writes on 32-bit hosts; 64-bit hosts make one. */

static int map_bar(struct weft_device *w, int bar, u64 least, bool wc, void __iomem **where)
{
	struct pci_dev *pdev = w->pdev;
	u64 bytes = pci_resource_len(pdev, bar);

	if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM) || bytes < least) {
		drm_err(&w->drm,
			"BAR%d has %llu bytes, the contract wants at least %llu: not a weft card, or the BIOS gave it no room\n",
			bar, bytes, least);
		return -ENODEV;
	}
	*where = wc ? devm_ioremap_wc(&pdev->dev, pci_resource_start(pdev, bar), bytes) :
		      devm_ioremap(&pdev->dev, pci_resource_start(pdev, bar), bytes);
	if (!*where) {
		drm_err(&w->drm, "BAR%d (%llu bytes) cannot be mapped\n", bar, bytes);
		return -ENOMEM;
	}
	return 0;
}

int weft_mmio_map(struct weft_device *w)
{
	struct weft_mmio *m = &w->mmio;
	int ret;

	ret = map_bar(w, WEFT_BAR_REGS, WEFT_BAR_REGS_BYTES, false, &m->regs);
	if (!ret)
		ret = map_bar(w, WEFT_BAR_LMEM, SZ_4M, true, &m->lmem);
	if (!ret)
		ret = map_bar(w, WEFT_BAR_DOORBELLS, WEFT_DOORBELL_BYTES, false, &m->doorbells);
	if (ret)
		return ret;
	m->lmem_phys = pci_resource_start(w->pdev, WEFT_BAR_LMEM);
	m->doorbell_phys = pci_resource_start(w->pdev, WEFT_BAR_DOORBELLS);
	m->lmem_bytes = pci_resource_len(w->pdev, WEFT_BAR_LMEM);
	m->doorbell_bytes = pci_resource_len(w->pdev, WEFT_BAR_DOORBELLS);
	return 0;
}

/*
 * Who comes here while the card is asleep holds no reference; the access would end as an
 * unsupported request. In a reset, which is the PCI core's from its preparation to its end, it
 * would meet a card in any state, or go astray when the BARs are not decoded.
 */
static bool begin(struct weft_device *w, int *idx)
{
	if (!drm_dev_enter(&w->drm, idx))
		return false;
	if (!WARN_ON_ONCE(READ_ONCE(w->pm.asleep)) &&
	    !WARN_ON_ONCE(READ_ONCE(w->mmio.shut) && READ_ONCE(w->state) == WEFT_RESETTING))
		return true;
	drm_dev_exit(*idx);
	return false;
}

u32 weft_mmio_read32(struct weft_device *w, u32 reg)
{
	u32 value = ~0u;
	int idx;

	if (begin(w, &idx)) {
		value = readl(w->mmio.regs + reg);
		drm_dev_exit(idx);
	}
	return value;
}

u64 weft_mmio_read64(struct weft_device *w, u32 reg)
{
	u64 value = ~0ull;
	int idx;

	if (begin(w, &idx)) {
		value = readq(w->mmio.regs + reg);
		drm_dev_exit(idx);
	}
	return value;
}

void weft_mmio_write32(struct weft_device *w, u32 reg, u32 value)
{
	int idx;

	if (begin(w, &idx)) {
		writel(value, w->mmio.regs + reg);
		drm_dev_exit(idx);
	}
}

void weft_mmio_write64(struct weft_device *w, u32 reg, u64 value)
{
	int idx;

	if (begin(w, &idx)) {
		writeq(value, w->mmio.regs + reg);
		drm_dev_exit(idx);
	}
}

void weft_mmio_doorbell(struct weft_device *w, u32 queue)
{
	u64 at = (u64)queue * WEFT_DOORBELL_BYTES + WEFT_DB_RING;
	int idx;

	if (WARN_ON_ONCE(at + 4 > w->mmio.doorbell_bytes))
		return;
	if (begin(w, &idx)) {
		writel(1, w->mmio.doorbells + at);
		drm_dev_exit(idx);
	}
}

void weft_mmio_kick(struct weft_device *w, u32 queue, u64 va)
{
	u64 at = (u64)queue * WEFT_DOORBELL_BYTES + WEFT_DB_KICK;
	int idx;

	if (WARN_ON_ONCE(at + 8 > w->mmio.doorbell_bytes))
		return;
	if (begin(w, &idx)) {
		writeq(va, w->mmio.doorbells + at);
		drm_dev_exit(idx);
	}
}

static bool lmem_ok(struct weft_device *w, u64 at, u64 bytes)
{
	return !WARN_ON_ONCE(at > w->mmio.lmem_bytes || bytes > w->mmio.lmem_bytes - at);
}

void weft_mmio_lmem_write(struct weft_device *w, u64 at, const void *from, size_t bytes)
{
	int idx;

	if (lmem_ok(w, at, bytes) && begin(w, &idx)) {
		memcpy_toio(w->mmio.lmem + at, from, bytes);
		drm_dev_exit(idx);
	}
}

void weft_mmio_lmem_read(struct weft_device *w, void *to, u64 at, size_t bytes)
{
	int idx;

	if (lmem_ok(w, at, bytes) && begin(w, &idx)) {
		memcpy_fromio(to, w->mmio.lmem + at, bytes);
		drm_dev_exit(idx);
	} else {
		memset(to, 0xff, bytes);
	}
}

void weft_mmio_lmem_clear(struct weft_device *w, u64 at, u64 bytes)
{
	int idx;

	if (!lmem_ok(w, at, bytes))
		return;
	/* In pieces, because an unplug waits for the section to end. */
	while (bytes && begin(w, &idx)) {
		size_t part = min_t(u64, bytes, SZ_1M);

		memset_io(w->mmio.lmem + at, 0, part);
		drm_dev_exit(idx);
		at += part;
		bytes -= part;
		cond_resched();
	}
}

u32 weft_mmio_lmem_read32(struct weft_device *w, u64 at)
{
	u32 value = ~0u;
	int idx;

	if (lmem_ok(w, at, 4) && begin(w, &idx)) {
		value = readl(w->mmio.lmem + at);
		drm_dev_exit(idx);
	}
	return value;
}

u64 weft_mmio_lmem_read64(struct weft_device *w, u64 at)
{
	u64 value = ~0ull;
	int idx;

	if (lmem_ok(w, at, 8) && begin(w, &idx)) {
		value = readq(w->mmio.lmem + at);
		drm_dev_exit(idx);
	}
	return value;
}

void weft_mmio_lmem_write64(struct weft_device *w, u64 at, u64 value)
{
	int idx;

	if (lmem_ok(w, at, 8) && begin(w, &idx)) {
		writeq(value, w->mmio.lmem + at);
		drm_dev_exit(idx);
	}
}

void weft_mmio_flush_writes(void)
{
	/* Drains write-combining buffers; PCI keeps the order from there. */
	mb();
}

bool weft_mmio_gone(struct weft_device *w)
{
	return weft_mmio_read32(w, WEFT_REG_MAGIC) != WEFT_MAGIC;
}
