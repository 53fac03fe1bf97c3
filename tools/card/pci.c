// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Config space: header, PM, MSI-X or MSI, PCI Express with FLR, AER, serial number. */
#include <linux/pci_regs.h>
#include <string.h>

#include "bus.h"
#include "defect.h"

#define CAP_PM		0x40
#define CAP_IRQ		0x50
#define CAP_EXP		0x70
#define EXT_AER		0x100
#define EXT_DSN		0x150
#define MSIX_TABLE_AT	0x8000		/* in BAR0, where contract registers never reach */
#define MSIX_PBA_AT	0xc000

static void put(struct wcard_card *c, unsigned int at, unsigned int bytes, uint32_t value, uint32_t writable)
{
	for (unsigned int i = 0; i < bytes; i++) {
		c->cfg[at + i] = (uint8_t)(value >> 8 * i);
		c->wmask[at + i] = (uint8_t)(writable >> 8 * i);
	}
}

static uint64_t get(const struct wcard_card *c, unsigned int at, unsigned int bytes)
{
	uint64_t v = 0;

	memcpy(&v, c->cfg + at, bytes);
	return v;
}

static void init_irq_cap(struct wcard_card *c)
{
	if (c->msi) {
		/* 32 vectors, 64-bit address, no per-vector mask */
		put(c, CAP_IRQ, 2, PCI_CAP_ID_MSI | CAP_EXP << 8, 0);
		put(c, CAP_IRQ + 2, 2, PCI_MSI_FLAGS_64BIT | 5 << 1, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
		put(c, CAP_IRQ + 4, 4, 0, 0xfffffffc);
		put(c, CAP_IRQ + 8, 4, 0, 0xffffffff);
		put(c, CAP_IRQ + 12, 2, 0, 0xffff);
		return;
	}
	put(c, CAP_IRQ, 2, PCI_CAP_ID_MSIX | CAP_EXP << 8, 0);
	put(c, CAP_IRQ + 2, 2, WCARD_VECTORS - 1, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	put(c, CAP_IRQ + 4, 4, MSIX_TABLE_AT | WEFT_BAR_REGS, 0);
	put(c, CAP_IRQ + 8, 4, MSIX_PBA_AT | WEFT_BAR_REGS, 0);
}

void wcard_pci_init(struct wcard_card *c)
{
	uint64_t lmask = ~(c->lmem_bytes - 1);

	memset(c->cfg, 0, sizeof(c->cfg));
	memset(c->wmask, 0, sizeof(c->wmask));
	put(c, PCI_VENDOR_ID, 4, WEFT_PCI_VENDOR | (uint32_t)WEFT_PCI_DEVICE << 16, 0);
	put(c, PCI_COMMAND, 2, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR | PCI_COMMAND_PARITY |
	    PCI_COMMAND_INTX_DISABLE);
	put(c, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0);
	put(c, PCI_CLASS_REVISION, 4, (uint32_t)WEFT_PCI_CLASS << 8, 0);
	put(c, PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
	put(c, PCI_BASE_ADDRESS_0, 4, 0, ~(WEFT_BAR_REGS_BYTES - 1u));
	put(c, PCI_BASE_ADDRESS_2, 4, PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH, (uint32_t)lmask);
	put(c, PCI_BASE_ADDRESS_3, 4, 0, (uint32_t)(lmask >> 32));
	put(c, PCI_BASE_ADDRESS_4, 4, PCI_BASE_ADDRESS_MEM_TYPE_64, (uint32_t)~(WCARD_DOORBELL_BAR - 1));
	put(c, PCI_BASE_ADDRESS_5, 4, 0, 0xffffffff);
	put(c, PCI_SUBSYSTEM_VENDOR_ID, 4, WEFT_PCI_VENDOR | (uint32_t)WEFT_PCI_DEVICE << 16, 0);
	put(c, PCI_CAPABILITY_LIST, 1, CAP_PM, 0);
	put(c, PCI_INTERRUPT_LINE, 1, 0, 0xff);

	put(c, CAP_PM, 2, PCI_CAP_ID_PM | CAP_IRQ << 8, 0);
	put(c, CAP_PM + PCI_PM_PMC, 2, 3, 0);
	put(c, CAP_PM + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK);
	init_irq_cap(c);
	put(c, CAP_EXP, 2, PCI_CAP_ID_EXP, 0);
	put(c, CAP_EXP + PCI_EXP_FLAGS, 2, 2 | PCI_EXP_TYPE_ENDPOINT << 4, 0);
	put(c, CAP_EXP + PCI_EXP_DEVCAP, 4, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER, 0);
	/* Relaxed ordering stays off, so its bit is not writable; the FLR bit reads 0. */
	put(c, CAP_EXP + PCI_EXP_DEVCTL, 2, 0, PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE |
	    PCI_EXP_DEVCTL_URRE | (WCARD_BROKEN(relaxed_ordering) ? PCI_EXP_DEVCTL_RELAX_EN : 0) | PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_READRQ | PCI_EXP_DEVCTL_NOSNOOP_EN);
	put(c, CAP_EXP + PCI_EXP_LNKCAP, 4, PCI_EXP_LNKCAP_SLS_2_5GB | 1 << 4, 0);
	put(c, CAP_EXP + PCI_EXP_LNKCTL, 2, 0, PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC);
	put(c, CAP_EXP + PCI_EXP_LNKSTA, 2, PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1, 0);
	/* AER: the host may set masks and severities; nothing is reported here by itself yet. */
	put(c, EXT_AER, 4, PCI_EXT_CAP_ID_ERR | 2 << 16 | EXT_DSN << 20, 0);
	put(c, EXT_AER + PCI_ERR_UNCOR_MASK, 4, 0, 0x07fff030);
	put(c, EXT_AER + PCI_ERR_UNCOR_SEVER, 4, 0x00462030, 0x07fff030);
	put(c, EXT_AER + PCI_ERR_COR_MASK, 4, 0x2000, 0x0000f1c1);
	put(c, EXT_DSN, 4, PCI_EXT_CAP_ID_DSN | 1 << 16, 0);
	put(c, EXT_DSN + 4, 4, c->serial, 0);
	put(c, EXT_DSN + 8, 4, UINT32_C(0x57454654), 0);
	atomic_store(&c->bus_master, false);
	atomic_store(&c->d3, false);
}

/* The client answers reads of BARs from its own copy and does not write them again: they have to stay. */
void wcard_pci_reset(struct wcard_card *c)
{
	uint8_t bars[24];

	memcpy(bars, c->cfg + PCI_BASE_ADDRESS_0, sizeof(bars));
	wcard_pci_init(c);
	memcpy(c->cfg + PCI_BASE_ADDRESS_0, bars, sizeof(bars));
}

uint64_t wcard_pci_bar2(const struct wcard_card *c)
{
	uint64_t bus = get(c, PCI_BASE_ADDRESS_2, 8) & ~(c->lmem_bytes - 1);

	/* Sizing writes all ones with decoding off; they never lead anywhere. */
	if ((!(c->cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY) && !WCARD_BROKEN(bar_without_decoding)) ||
	    (atomic_load(&c->d3) && !WCARD_BROKEN(d3_reached)) ||
	    bus + (c->lmem_bytes - 1) < bus ||
	    bus == ~(c->lmem_bytes - 1))
		return 0;
	return bus;
}

void wcard_pci_read(struct wcard_card *c, uint64_t at, unsigned int bytes, uint8_t *data)
{
	memcpy(data, c->cfg + at, bytes);
}

/* What follows from COMMAND, the BARs and the power state: who reaches whom. */
static void learn(struct wcard_card *c)
{
	unsigned int state = c->cfg[CAP_PM + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK;
	bool master = (c->cfg[PCI_COMMAND] & PCI_COMMAND_MASTER) && (!state || WCARD_BROKEN(d3_masters));

	atomic_store(&c->d3, state && !WCARD_BROKEN(d3_answers));
	master |= WCARD_BROKEN(bus_master_ignored);
	if (atomic_exchange(&c->bus_master, master) && !master) {
		if (!WCARD_BROKEN(master_off_no_wait))
			wcard_quiesce(c->m);
		if (!WCARD_BROKEN(master_off_no_event_wait))
			wcard_quiesce_events(c->m);
	}
	wcard_bus_learn(c->m);
}

void wcard_pci_write(struct wcard_card *c, uint64_t at, unsigned int bytes, const uint8_t *data)
{
	const uint64_t flr_at = CAP_EXP + PCI_EXP_DEVCTL + 1;
	const uint64_t pm_at = CAP_PM + PCI_PM_CTRL;
	uint8_t state = c->cfg[pm_at] & PCI_PM_CTRL_STATE_MASK;
	bool flr = at <= flr_at && flr_at < at + bytes && (data[flr_at - at] & PCI_EXP_DEVCTL_BCR_FLR >> 8);

	pthread_mutex_lock(&c->m->map_lock);
	for (unsigned int i = 0; i < bytes; i++) {
		uint8_t mask = c->wmask[at + i];

		c->cfg[at + i] = (uint8_t)((c->cfg[at + i] & ~mask) | (data[i] & mask));
	}
	/* There are no D1 and D2: a write of theirs leaves the state as it is. */
	if ((c->cfg[pm_at] & PCI_PM_CTRL_STATE_MASK) % 3 && !WCARD_BROKEN(d1_d2))
		c->cfg[pm_at] = (uint8_t)((c->cfg[pm_at] & ~PCI_PM_CTRL_STATE_MASK) | state);
	pthread_mutex_unlock(&c->m->map_lock);
	if (flr) {
		wcard_flr(c);
		return;
	}
	if (at < PCI_BASE_ADDRESS_5 + 4 || (at <= pm_at && pm_at < at + bytes))
		learn(c);
}
