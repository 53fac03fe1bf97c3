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
#define ID		(WEFT_PCI_VENDOR | WEFT_PCI_DEVICE << 16)
#define ERRORS		0x01fff030

/* Dwords: value after power-on, bits the host may write, and whether they outlive a reset. Others are 0. */
static const struct row {
	uint32_t at, value, writable;
	bool kept;
} rows[] = {
	{ PCI_VENDOR_ID, ID, 0, true },
	{ PCI_COMMAND, PCI_STATUS_CAP_LIST << 16, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
	  PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE, false },
	{ PCI_CLASS_REVISION, WEFT_PCI_CLASS << 8, 0, true },
	{ PCI_CACHE_LINE_SIZE, 0, 0xff, true },
	{ PCI_BASE_ADDRESS_0, 0, ~(uint32_t)(WEFT_BAR_REGS_BYTES - 1), true },
	{ PCI_BASE_ADDRESS_2, PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH, 0, true },
	{ PCI_BASE_ADDRESS_3, 0, 0, true },
	{ PCI_BASE_ADDRESS_4, PCI_BASE_ADDRESS_MEM_TYPE_64, ~(uint32_t)(MINI_QUEUES * 4096 - 1), true },
	{ PCI_BASE_ADDRESS_5, 0, UINT32_MAX, true },
	{ PCI_SUBSYSTEM_VENDOR_ID, ID, 0, true },
	{ PCI_CAPABILITY_LIST, AT_PM, 0, true },
	{ PCI_INTERRUPT_LINE, 0, 0xff, true },
	{ AT_PM, PCI_CAP_ID_PM | AT_MSI << 8 | 3u << 16, 0, true },
	{ AT_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK, false },
	{ AT_MSI, PCI_CAP_ID_MSI | AT_EXP << 8 | (PCI_MSI_FLAGS_64BIT | 3 << 1) << 16,
	  (PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE) << 16, false },
	{ AT_MSI + PCI_MSI_ADDRESS_LO, 0, ~UINT32_C(3), false },
	{ AT_MSI + PCI_MSI_ADDRESS_HI, 0, UINT32_MAX, false },
	{ AT_MSI + PCI_MSI_DATA_64, 0, 0xffff, false },
	{ AT_EXP, PCI_CAP_ID_EXP | (2u | PCI_EXP_TYPE_ENDPOINT << 4) << 16, 0, true },
	{ AT_EXP + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR, 0, true },
	{ AT_EXP + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_READRQ_512B, 0x7fff & ~PCI_EXP_DEVCTL_RELAX_EN, false },
	{ AT_EXP + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_2_5GB | 1 << 4, 0, true },
	{ AT_EXP + PCI_EXP_LNKCTL, (PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1) << 16, PCI_EXP_LNKCTL_ASPMC |
	  PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES, false },
	{ AT_AER, PCI_EXT_CAP_ID_ERR | 2u << 16, 0, true },
	{ AT_AER + PCI_ERR_UNCOR_MASK, 0, ERRORS, true },
	{ AT_AER + PCI_ERR_UNCOR_SEVER, 0x00062030, ERRORS, true },
	{ AT_AER + PCI_ERR_COR_MASK, PCI_ERR_COR_ADV_NFAT, 0x0000f1c1, true },
};
#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static uint32_t get(const struct mini_card *c, uint32_t at)
{
	uint32_t v;

	memcpy(&v, c->config + at, 4);
	return v;
}

static uint32_t writable(const struct mini_card *c, uint32_t at)
{
	if (at == PCI_BASE_ADDRESS_2 || at == PCI_BASE_ADDRESS_3)
		return (uint32_t)(~(c->lmem_bytes - 1) >> 8 * (at - PCI_BASE_ADDRESS_2));
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].at == at)
			return rows[i].writable;
	return 0;
}

bool mini_asleep(const struct mini_card *c)
{
	return get(c, AT_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
}

bool mini_bus_master(const struct mini_card *c)
{
	return get(c, PCI_COMMAND) & PCI_COMMAND_MASTER && !mini_asleep(c);
}

uint64_t mini_bar2(const struct mini_card *c)
{
	uint64_t base = (uint64_t)get(c, PCI_BASE_ADDRESS_3) << 32 | (get(c, PCI_BASE_ADDRESS_2) & ~UINT32_C(15));

	return get(c, PCI_COMMAND) & PCI_COMMAND_MEMORY && !mini_asleep(c) ? base : 0;
}

void mini_config_write(struct mini_card *c, uint32_t at, const uint8_t *data, uint32_t bytes)
{
	uint8_t *power = &c->config[AT_PM + PCI_PM_CTRL], before = *power;
	bool flr = false;

	for (uint32_t i = 0; i < bytes; i++, at++) {
		uint8_t mask = (uint8_t)(writable(c, at & ~3u) >> 8 * (at & 3));

		c->config[at] = (uint8_t)((c->config[at] & ~mask) | (data[i] & mask));
		flr = flr || (at == AT_EXP + PCI_EXP_DEVCTL + 1 && (data[i] & PCI_EXP_DEVCTL_BCR_FLR >> 8));
	}
	if ((*power & PCI_PM_CTRL_STATE_MASK) % 3)	/* no D1, no D2 */
		*power = before;
	if (flr)
		mini_reset(c, mini_reg64(c, WEFT_REG_RESET_GEN) + 1);
}

void mini_config_reset(struct mini_card *c, bool power_on)
{
	for (size_t i = 0; i < ROWS; i++)
		if (power_on || !rows[i].kept)
			memcpy(c->config + rows[i].at, &rows[i].value, 4);
}
