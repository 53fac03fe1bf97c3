// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Configuration space: the page PCI, and for what it leaves to PCI Express the register numbers of Linux. */
#include <linux/pci_regs.h>
#include <string.h>

#include "mini.h"

#define AT_PM		0x40
#define AT_MSI		0x50
#define AT_EXP		0x70
#define AT_AER		0x100
#define EXP_BYTES	0x3c

static uint32_t get(const struct mini_card *c, uint32_t at)
{
	uint32_t v;

	memcpy(&v, c->config + at, 4);
	return v;
}

static void put(struct mini_card *c, uint32_t at, uint32_t v)
{
	memcpy(c->config + at, &v, 4);
}

/* Bits of a dword that the host may write; of the W1C status bits none is ever set. */
static uint32_t writable(const struct mini_card *c, uint32_t at)
{
	switch (at) {
	case PCI_COMMAND:
		return PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		       PCI_COMMAND_INTX_DISABLE;
	case PCI_CACHE_LINE_SIZE:
		return 0xff;
	case PCI_BASE_ADDRESS_0:
		return ~(uint32_t)(WEFT_BAR_REGS_BYTES - 1);
	case PCI_BASE_ADDRESS_2:
		return (uint32_t)~(c->lmem_bytes - 1);
	case PCI_BASE_ADDRESS_3:
		return ~(c->lmem_bytes - 1) >> 32;
	case PCI_BASE_ADDRESS_4:
		return ~(uint32_t)(MINI_QUEUES * 4096 - 1);
	case PCI_BASE_ADDRESS_5:
		return ~UINT32_C(0);
	case PCI_INTERRUPT_LINE:
		return 0xff;
	case AT_PM + PCI_PM_CTRL:
		return PCI_PM_CTRL_STATE_MASK;
	case AT_MSI:
		return (PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE) << 16;
	case AT_MSI + PCI_MSI_ADDRESS_LO:
		return ~UINT32_C(3);
	case AT_MSI + PCI_MSI_ADDRESS_HI:
		return ~UINT32_C(0);
	case AT_MSI + PCI_MSI_DATA_64:
		return 0xffff;
	case AT_EXP + PCI_EXP_DEVCTL:
		return 0x7fff;
	case AT_EXP + PCI_EXP_LNKCTL:
		return PCI_EXP_LNKCTL_ASPMC | PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES;
	case AT_AER + PCI_ERR_UNCOR_MASK:
	case AT_AER + PCI_ERR_UNCOR_SEVER:
		return 0x01fff030;
	case AT_AER + PCI_ERR_COR_MASK:
		return 0x0000f1c1;
	}
	return 0;
}

bool mini_bus_master(const struct mini_card *c)
{
	return (get(c, PCI_COMMAND) & PCI_COMMAND_MASTER) && !c->gone_to_sleep;
}

/* Tells the other cards where this one's local memory answers. */
static void move_bar2(struct mini_card *c)
{
	uint64_t base = (uint64_t)get(c, PCI_BASE_ADDRESS_3) << 32 | (get(c, PCI_BASE_ADDRESS_2) & ~UINT32_C(15));
	bool on = (get(c, PCI_COMMAND) & PCI_COMMAND_MEMORY) && !c->gone_to_sleep;

	__atomic_store_n(&c->bus->card[c->index].bar2, on ? base : 0, __ATOMIC_RELEASE);
}

void mini_config_write(struct mini_card *c, uint32_t at, const uint8_t *data, uint32_t bytes)
{
	bool flr = false;

	for (uint32_t i = 0; i < bytes; i++) {
		uint32_t dword = (at + i) & ~3u, shift = 8 * ((at + i) & 3);
		uint32_t mask = writable(c, dword) & UINT32_C(0xff) << shift;

		put(c, dword, (get(c, dword) & ~mask) | ((uint32_t)data[i] << shift & mask));
		flr = flr || (at + i == AT_EXP + PCI_EXP_DEVCTL + 1 && (data[i] & PCI_EXP_DEVCTL_BCR_FLR >> 8));
	}
	if ((get(c, AT_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK) % 3)	/* neither D1 nor D2 */
		put(c, AT_PM + PCI_PM_CTRL, get(c, AT_PM + PCI_PM_CTRL) & ~PCI_PM_CTRL_STATE_MASK);
	c->gone_to_sleep = get(c, AT_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
	if (flr)
		mini_reset(c);
	move_bar2(c);
}

/* Addresses stay, and so do the sticky masks of AER. */
void mini_config_reset(struct mini_card *c)
{
	put(c, PCI_COMMAND, PCI_STATUS_CAP_LIST << 16);
	put(c, AT_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
	put(c, AT_MSI, PCI_CAP_ID_MSI | AT_EXP << 8 | (PCI_MSI_FLAGS_64BIT | 3 << 1) << 16);
	put(c, AT_MSI + PCI_MSI_ADDRESS_LO, 0);
	put(c, AT_MSI + PCI_MSI_ADDRESS_HI, 0);
	put(c, AT_MSI + PCI_MSI_DATA_64, 0);
	put(c, AT_EXP + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_READRQ_512B);
	put(c, AT_EXP + PCI_EXP_LNKCTL, (PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1) << 16);
	c->gone_to_sleep = false;
	move_bar2(c);
}

void mini_config_init(struct mini_card *c)
{
	put(c, PCI_VENDOR_ID, WEFT_PCI_VENDOR | WEFT_PCI_DEVICE << 16);
	put(c, PCI_CLASS_REVISION, WEFT_PCI_CLASS << 8);
	put(c, PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH);
	put(c, PCI_BASE_ADDRESS_4, PCI_BASE_ADDRESS_MEM_TYPE_64);
	put(c, PCI_SUBSYSTEM_VENDOR_ID, WEFT_PCI_VENDOR | WEFT_PCI_DEVICE << 16);
	put(c, PCI_CAPABILITY_LIST, AT_PM);
	put(c, AT_PM, PCI_CAP_ID_PM | AT_MSI << 8 | 3u << 16);
	put(c, AT_EXP, PCI_CAP_ID_EXP | (2u | PCI_EXP_TYPE_ENDPOINT << 4) << 16);
	put(c, AT_EXP + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR);
	put(c, AT_EXP + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_2_5GB | 1 << 4);
	put(c, AT_AER, PCI_EXT_CAP_ID_ERR | 2u << 16);
	put(c, AT_AER + PCI_ERR_UNCOR_SEVER, 0x00062030);
	put(c, AT_AER + PCI_ERR_COR_MASK, PCI_ERR_COR_ADV_NFAT);
	mini_config_reset(c);
}
