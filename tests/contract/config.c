// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* PCI configuration space as firmware and kernel of a host see it. */
#include "rig.h"

#include <string.h>
#include <unistd.h>

static void ids(void)
{
	struct card *c = CARD;
	struct weft_pci { uint16_t vendor, device; } id = {
		(uint16_t)cfg_rd(c, 0, 2), (uint16_t)cfg_rd(c, 2, 2),
	};

	CHECK_EQ(id.vendor, WEFT_PCI_VENDOR, "vendor id");
	CHECK_EQ(id.device, WEFT_PCI_DEVICE, "device id");
	CHECK_EQ(cfg_rd(c, 0x08, 4) >> 8, WEFT_PCI_CLASS, "class code");
	CHECK_EQ(cfg_rd(c, 0x0e, 1) & 0x7f, 0, "header type");
	CHECK(cfg_rd(c, 0x06, 2) & 0x10, "STATUS has no capability list");
	CHECK_EQ(c->vu.region[VU_CONFIG].size, 4096, "size of config space");
	CHECK(c->vu.device_flags & 2, "GET_INFO: not a PCI device");
	CHECK(c->vu.device_flags & 1, "GET_INFO: no DEVICE_RESET");
}

static void read_only(void)
{
	struct card *c = CARD;
	uint32_t before = cfg_rd(c, 0, 4), class = cfg_rd(c, 8, 4);

	cfg_wr(c, 0, ~0u, 4);
	cfg_wr(c, 8, ~0u, 4);
	CHECK_EQ(cfg_rd(c, 0, 4), before, "ids after a write");
	CHECK_EQ(cfg_rd(c, 8, 4), class, "class after a write");
}

static uint64_t bar_size(struct card *c, unsigned bar, bool wide)
{
	unsigned off = 0x10 + 4 * bar;
	uint32_t lo = cfg_rd(c, off, 4), hi = wide ? cfg_rd(c, off + 4, 4) : 0;
	uint64_t mask;

	cfg_wr(c, off, ~0u, 4);
	mask = cfg_rd(c, off, 4) & ~0xfu;
	if (wide) {
		cfg_wr(c, off + 4, ~0u, 4);
		mask |= (uint64_t)cfg_rd(c, off + 4, 4) << 32;
		cfg_wr(c, off + 4, hi, 4);
	} else {
		mask |= UINT64_C(0xffffffff00000000);
	}
	cfg_wr(c, off, lo, 4);
	return ~mask + 1;
}

static void bars(void)
{
	struct card *c = CARD;
	static const struct { unsigned bar; uint32_t type; } want[] = {
		{ 2, 0xc }, { 4, 0x4 },		/* 64-bit prefetchable; 64-bit */
	};

	cfg_wr(c, 0x04, 0, 2);
	uint32_t type0 = cfg_rd(c, 0x10, 4) & 0xf;
	CHECK(!(type0 & 1), "BAR0 is an I/O BAR");
	CHECK_EQ(bar_size(c, 0, (type0 & 6) == 4), WEFT_BAR_REGS_BYTES, "size of BAR0");
	CHECK_EQ(c->vu.region[0].size, WEFT_BAR_REGS_BYTES, "size of region 0");
	for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
		unsigned bar = want[i].bar;
		uint64_t size = bar_size(c, bar, true);

		ct_about("BAR%u", bar);
		CHECK_EQ(cfg_rd(c, 0x10 + 4 * bar, 4) & 0x7 & ~8u, want[i].type & 7, "type bits");
		if (bar == 2)
			CHECK(cfg_rd(c, 0x18, 4) & 8, "not prefetchable");
		CHECK(size && !(size & (size - 1)), "size %#llx", (unsigned long long)size);
		CHECK_EQ(c->vu.region[bar].size, size, "size of the region");
	}
	ct_about("%s", "");
	CHECK(bar_size(c, 2, true) >= c->lmem_bytes, "BAR2 is smaller than local memory");
	CHECK(bar_size(c, 4, true) >= (uint64_t)c->nqueues * 4096, "BAR4 is smaller than %u pages", c->nqueues);
	CHECK(!c->vu.region[VU_BAR4].map, "BAR4 is mappable: doorbells must be trapped");
	card_configure(c);
	CHECK_EQ(cfg_rd(c, 0x18, 4) & ~0xfu, c->bus2 & 0xffffffff, "BAR2 low half read back");
	CHECK_EQ(cfg_rd(c, 0x1c, 4), c->bus2 >> 32, "BAR2 high half read back");
}

static void capabilities(void)
{
	struct card *c = CARD;

	CHECK(c->pcie, "no PCI Express capability");
	CHECK(cfg_rd(c, c->pcie + 4, 4) & 1u << 28, "Device Capabilities lack Function Level Reset");
	cfg_wr(c, c->pcie + 8, cfg_rd(c, c->pcie + 8, 2) | 0x10, 2);
	CHECK(!(cfg_rd(c, c->pcie + 8, 2) & 0x10), "relaxed ordering can be enabled");
	CHECK(c->msix || c->msi, "neither MSI-X nor MSI");
	CHECK(cfg_ext_cap(c, 1), "no Advanced Error Reporting capability");
	if (c->msix) {
		uint32_t table = cfg_rd(c, c->msix + 4, 4), pba = cfg_rd(c, c->msix + 8, 4);
		uint64_t bytes = c->vu.region[table & 7].size;

		CHECK(bytes && (table & ~7u) + 16u * c->msix_vectors <= bytes, "MSI-X table does not fit BAR%u", table & 7);
		CHECK((pba & ~7u) + 8u <= c->vu.region[pba & 7].size, "MSI-X PBA does not fit BAR%u", pba & 7);
		CHECK_EQ(vu_irq_count(&c->vu, VU_IRQ_MSIX), c->msix_vectors, "MSI-X vectors of GET_IRQ_INFO");
		if ((table & 7) == 0)
			CHECK((table & ~7u) >= 0x1000, "MSI-X table at %#x lies among the registers", table & ~7u);
	}
	if (c->msi) {
		unsigned vectors = 1u << (cfg_rd(c, c->msi + 2, 2) >> 1 & 7);

		CHECK(cfg_rd(c, c->msi + 2, 2) & 0x80, "MSI without 64-bit addresses");
		CHECK_EQ(vu_irq_count(&c->vu, VU_IRQ_MSI), vectors, "MSI vectors of GET_IRQ_INFO");
	}
}

static void command_register(void)
{
	struct card *c = CARD;

	cfg_wr(c, 4, 0x6, 2);
	CHECK_EQ(cfg_rd(c, 4, 2) & 0x7, 0x6, "COMMAND after writing memory and bus master");
	cfg_wr(c, 4, 0, 2);
	CHECK_EQ(cfg_rd(c, 4, 2) & 0x6, 0, "COMMAND after writing 0");
	cfg_wr(c, 4, 0x6, 2);
}

/* Reads, writes and interrupts of a card that may not master the bus lead nowhere; local memory stays in reach. */
static void no_master(void)
{
	struct card *c = CARD;
	union weft_packet p = pkt_copy(RIG_LOCAL, RIG_HOST, 64);
	struct weft_queue_state st;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < 2; i++) {
		bool down = i;
		union weft_packet q = down ? pkt_copy(RIG_HOST, RIG_LOCAL, 64) : p;

		ct_about("%s host memory", down ? "writing" : "reading");
		memset(r.host, 0x11, 64);
		memset(r.local, 0x22, 64);
		cfg_wr(c, 4, 0x2, 2);
		queue_push(r.q, &q);
		queue_kick(r.q);
		WAIT_FOR(queue_run(r.q) == WEFT_QS_FAULTED, 2000, "the queue FAULTED without bus mastering");
		queue_state(r.q, &st);
		CHECK_EQ(st.cause, WEFT_FAULT_BUS, "cause");
		CHECK_EQ(st.fault_va, RIG_HOST, "fault_va");
		CHECK(r.host[0] == 0x11 && r.local[0] == 0x22, "bytes were copied");
		rig_renew(&r);
		union weft_packet local = pkt_copy(RIG_LOCAL + 4096, RIG_LOCAL, 64);
		queue_push(r.q, &local);
		uint64_t f = queue_push_fence(r.q, false);
		queue_kick(r.q);
		queue_wait(r.q, f, 2000);
		cfg_wr(c, 4, 0x6, 2);
		queue_push(r.q, &q);
		f = queue_push_fence(r.q, false);
		queue_kick(r.q);
		queue_wait(r.q, f, 2000);
		CHECK_EQ(r.host[0], r.local[0], "byte copied with bus mastering again");
	}
}

static void flr(void)
{
	struct card *c = CARD;
	uint64_t gen = rd64(c, WEFT_REG_RESET_GEN);

	cfg_wr(c, 0x3c, 0x5a, 1);
	cfg_wr(c, c->pcie + 8, cfg_rd(c, c->pcie + 8, 2) | 0x8000, 2);
	WAIT_FOR(vu_read(&c->vu, VU_CONFIG, 0, 4) == (WEFT_PCI_DEVICE << 16 | WEFT_PCI_VENDOR), 1000, "ids after FLR");
	WAIT_FOR(!(cfg_rd(c, 4, 2) & 6), 100, "COMMAND cleared by FLR");
	CHECK_EQ(cfg_rd(c, c->pcie + 8, 2) & 0x8000, 0, "Initiate FLR reads back");
	if (c->msix)
		CHECK_EQ(cfg_rd(c, c->msix + 2, 2) & 0x8000, 0, "MSI-X enable after FLR");
	if (c->msi)
		CHECK_EQ(cfg_rd(c, c->msi + 2, 2) & 1, 0, "MSI enable after FLR");
	card_configure(c);
	CHECK_EQ(rd64(c, WEFT_REG_RESET_GEN), gen + 1, "RESET_GEN after one FLR");
}

static void device_reset(void)
{
	struct card *c = CARD;
	uint64_t gen = rd64(c, WEFT_REG_RESET_GEN);

	wr64(c, WEFT_REG_EVT_BASE, 0x1000);
	CHECK_EQ(vu_device_reset(&c->vu), 0, "error of DEVICE_RESET");
	card_configure(c);
	CHECK(rd64(c, WEFT_REG_RESET_GEN) > gen, "RESET_GEN did not move with DEVICE_RESET");
	CHECK_EQ(rd64(c, WEFT_REG_EVT_BASE), 0, "EVT_BASE after DEVICE_RESET");
}

static void bad_messages(void)
{
	struct card *c = CARD;
	struct { uint32_t argsz, flags; uint64_t offset, addr, size; } over = { 32, 3, 0, HOST_LOW + 4096, 4096 };
	uint64_t v = 0, off;
	char reply[4096];
	int fd = host_fd(HOST_HIGH, &off);

	/* Each must be answered, with an error, and leave the connection usable. */
	CHECK(vu_try_read(&c->vu, VU_BAR0, WEFT_BAR_REGS_BYTES, &v, 4), "read beyond BAR0 accepted");
	CHECK(vu_try_read(&c->vu, VU_BAR0, ~UINT64_C(3), &v, 4), "read at 2^64 - 4 accepted");
	CHECK(vu_try_write(&c->vu, VU_BAR4, c->vu.region[4].size, &v, 4), "write beyond BAR4 accepted");
	CHECK(vu_try_read(&c->vu, 42, 0, &v, 4), "read of region 42 accepted");
	CHECK(vu_call(&c->vu, 99, NULL, 0, NULL, 0, reply, sizeof(reply), NULL), "command 99 accepted");
	CHECK(vu_call(&c->vu, VU_DMA_MAP, &over, 8, NULL, 0, reply, sizeof(reply), NULL), "short DMA_MAP accepted");
	CHECK(vu_call(&c->vu, VU_DMA_MAP, &over, sizeof(over), &fd, 1, reply, sizeof(reply), NULL),
	      "DMA_MAP over an existing map accepted");
	CHECK(vu_call(&c->vu, VU_REGION_READ, &over, 4, NULL, 0, reply, sizeof(reply), NULL), "short REGION_READ accepted");
	CHECK_EQ(rd32(c, WEFT_REG_MAGIC), WEFT_MAGIC, "MAGIC afterwards");
}

static void more_dma(void)
{
	struct card *c = CARD;
	uint64_t off, at = UINT64_C(0x300000000);
	int fd = host_fd(HOST_HIGH + 0x100000, &off);

	for (int round = 0; round < 3; round++) {
		CHECK(!vu_dma_map(&c->vu, at, 0x10000, fd, off, host_ptr(HOST_HIGH + 0x100000)), "DMA_MAP %d", round);
		CHECK(!vu_dma_unmap(&c->vu, at, 0x10000), "DMA_UNMAP %d", round);
	}
	/* With a vIOMMU unmaps can exceed maps: an answer is due, the link must stay whole. */
	vu_dma_unmap(&c->vu, at, 0x10000);
	CHECK_EQ(rd32(c, WEFT_REG_MAGIC), WEFT_MAGIC, "MAGIC afterwards");
}

static const struct ct_test tests[] = {
	{ "ids, class, header", ids, 0, 0, false },
	{ "ids are read-only", read_only, 0, 0, false },
	{ "BAR types and sizes", bars, 0, 0, false },
	{ "capabilities: PCI Express with FLR, MSI-X or MSI, AER", capabilities, 0, 0, false },
	{ "command register", command_register, 0, 0, false },
	{ "bus mastering off: nobody answers the card", no_master, 0, 0, true },
	{ "FLR by Device Control", flr, 0, 0, true },
	{ "DEVICE_RESET", device_reset, 0, 0, true },
	{ "malformed messages get an error, the link stays", bad_messages, 0, 0, false },
	{ "DMA_MAP and DMA_UNMAP repeated", more_dma, 0, 0, false },
};
CT_SECTION(config);
