// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Guest memory and the cards as PCI functions: config space, BARs, reset, interrupts. */
#include "host.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

struct card ct_cards[HOST_CARDS];
unsigned ct_ncards;

static int mem_fd = -1;
static uint8_t *mem;
static uint64_t mem_next;
static unsigned frag_order[HOST_FRAGS];

void host_init(void)
{
	mem_fd = memfd_create("guest", MFD_CLOEXEC);
	CHECK(mem_fd >= 0 && !ftruncate(mem_fd, HOST_MEM_BYTES), "guest memory");
	mem = mmap(NULL, HOST_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, mem_fd, 0);
	CHECK(mem != MAP_FAILED, "guest memory");
	for (unsigned i = 0; i < HOST_FRAGS; i++)
		frag_order[i] = i;
	for (unsigned i = HOST_FRAGS - 1; i; i--) {
		unsigned j = (unsigned)ct_below(i + 1), t = frag_order[i];

		frag_order[i] = frag_order[j];
		frag_order[j] = t;
	}
	for (unsigned i = 0; i < HOST_CARDS; i++) {
		ct_cards[i].index = i;
		ct_cards[i].vu.fd = -1;
		for (unsigned v = 0; v < HOST_VECTORS; v++)
			ct_cards[i].irq[v] = -1;
	}
}

uint64_t host_frag_offset(unsigned i)
{
	return HOST_PART + HOST_HIGH_PART + frag_order[i] * 4096u;
}

int host_fd(uint64_t iova, uint64_t *offset)
{
	*offset = (uint64_t)((uint8_t *)host_ptr(iova) - mem);
	return mem_fd;
}

void *host_ptr(uint64_t iova)
{
	if (iova < HOST_LOW + HOST_PART)
		return mem + iova;
	if (iova >= HOST_HIGH && iova < HOST_HIGH + HOST_HIGH_PART)
		return mem + HOST_PART + (iova - HOST_HIGH);
	CHECK(iova >= HOST_FRAG && iova < HOST_FRAG + HOST_FRAGS * 4096u, "%#llx is no guest memory",
	      (unsigned long long)iova);
	return mem + host_frag_offset((unsigned)((iova - HOST_FRAG) >> 12)) + (iova & 4095);
}

uint64_t host_alloc(uint64_t bytes)
{
	uint64_t at = HOST_HIGH + mem_next;

	bytes = (bytes + 4095) & ~UINT64_C(4095);
	CHECK(mem_next + bytes <= HOST_HIGH_PART, "guest memory is used up");
	mem_next += bytes;
	memset(host_ptr(at), 0, bytes);
	return at;
}

void host_rewind(void)
{
	mem_next = 0;
}

uint32_t rd32(struct card *c, uint32_t reg) { return (uint32_t)vu_read(&c->vu, VU_BAR0, reg, 4); }
uint64_t rd64(struct card *c, uint32_t reg) { return vu_read(&c->vu, VU_BAR0, reg, 8); }
void wr32(struct card *c, uint32_t reg, uint32_t value) { vu_write(&c->vu, VU_BAR0, reg, value, 4); }
void wr64(struct card *c, uint32_t reg, uint64_t value) { vu_write(&c->vu, VU_BAR0, reg, value, 8); }

uint32_t cfg_rd(struct card *c, unsigned off, unsigned bytes)
{
	return (uint32_t)vu_read(&c->vu, VU_CONFIG, off, bytes);
}

void cfg_wr(struct card *c, unsigned off, uint32_t value, unsigned bytes)
{
	vu_write(&c->vu, VU_CONFIG, off, value, bytes);
}

unsigned cfg_cap(struct card *c, uint8_t id)
{
	if (!(cfg_rd(c, 0x06, 2) & 0x10))
		return 0;
	unsigned at = cfg_rd(c, 0x34, 1) & 0xfc;
	for (unsigned n = 0; at && n < 48; n++, at = cfg_rd(c, at + 1, 1) & 0xfc)
		if (cfg_rd(c, at, 1) == id)
			return at;
	return 0;
}

unsigned cfg_ext_cap(struct card *c, uint16_t id)
{
	unsigned at = 0x100;

	if (c->vu.region[VU_CONFIG].size < 4096)
		return 0;
	for (unsigned n = 0; at >= 0x100 && n < 64; n++) {
		uint32_t h = cfg_rd(c, at, 4);

		if ((h & 0xffff) == id)
			return at;
		at = h >> 20 & 0xffc;
	}
	return 0;
}

void card_configure(struct card *c)
{
	cfg_wr(c, 0x04, 0, 2);
	cfg_wr(c, 0x10, (uint32_t)c->bus0, 4);
	cfg_wr(c, 0x18, (uint32_t)c->bus2, 4);
	cfg_wr(c, 0x1c, (uint32_t)(c->bus2 >> 32), 4);
	cfg_wr(c, 0x20, (uint32_t)c->bus4, 4);
	cfg_wr(c, 0x24, (uint32_t)(c->bus4 >> 32), 4);
	cfg_wr(c, 0x04, 0x6, 2);	/* memory, bus master */
}

bool card_open(struct card *c)
{
	char path[256];
	uint64_t off;

	snprintf(path, sizeof(path), "%s/card%u.sock", ct_opt.socket_dir, c->index);
	if (!vu_open(&c->vu, path, 5000))
		return false;
	c->open = true;
	c->ready = false;
	off = 0;
	CHECK(!vu_dma_map(&c->vu, HOST_LOW, HOST_PART, mem_fd, 0, mem), "DMA_MAP of low memory");
	CHECK(!vu_dma_map(&c->vu, HOST_HIGH, HOST_HIGH_PART, mem_fd, HOST_PART, mem + HOST_PART),
	      "DMA_MAP of high memory");
	for (unsigned i = 0; i < HOST_FRAGS; i++) {
		unsigned page = (i * 53u + 17u) % HOST_FRAGS;	/* a permutation: 53 is odd */

		off = host_frag_offset(page);
		CHECK(!vu_dma_map(&c->vu, HOST_FRAG + page * 4096u, 4096, mem_fd, off, mem + off),
		      "DMA_MAP of a single page");
	}
	vu_query(&c->vu);
	c->bus0 = 0xe0000000u + c->index * 0x100000u;
	c->bus2 = UINT64_C(0x4000000000) + c->index * UINT64_C(0x400000000);
	c->bus4 = UINT64_C(0x6000000000) + c->index * UINT64_C(0x4000000);
	c->lmem = c->vu.region[VU_BAR2].map;
	CHECK(c->lmem, "BAR2 cannot be mapped");
	c->pcie = cfg_cap(c, 0x10);
	c->msix = cfg_cap(c, 0x11);
	c->msi = cfg_cap(c, 0x05);
	c->msix_vectors = c->msix ? (cfg_rd(c, c->msix + 2, 2) & 0x7ff) + 1 : 0;
	card_configure(c);
	CHECK_EQ(rd32(c, WEFT_REG_MAGIC), WEFT_MAGIC, "MAGIC");
	c->lmem_bytes = rd64(c, WEFT_REG_LMEM_BYTES);
	c->caps = rd64(c, WEFT_REG_CAPS);
	c->nasids = rd32(c, WEFT_REG_NUM_ASIDS);
	c->nqueues = rd32(c, WEFT_REG_NUM_QUEUES);
	c->nlinks = rd32(c, WEFT_REG_NUM_LINKS);
	CHECK(c->lmem_bytes && c->lmem_bytes <= c->vu.region[VU_BAR2].map_bytes, "LMEM_BYTES %#llx, BAR2 %#zx",
	      (unsigned long long)c->lmem_bytes, c->vu.region[VU_BAR2].map_bytes);
	return true;
}

void card_close(struct card *c)
{
	irq_off(c);
	vu_close(&c->vu);
	c->open = c->ready = false;
	c->lmem = NULL;
}

void card_peers(struct card *c)
{
	for (unsigned i = 0; i < HOST_CARDS; i++) {
		struct card *p = &ct_cards[i];

		if (!p->open)
			continue;
		CHECK(!vu_dma_map(&c->vu, p->bus2, p->lmem_bytes, -1, 0, NULL), "DMA_MAP of card %u's BAR2 on card %u", i,
		      c->index);
		bool known = p == c;	/* after a reconnect the peer still has it */
		for (unsigned k = 0; k < p->vu.ndma; k++)
			known |= p->vu.dma[k].iova == c->bus2;
		if (!known)
			CHECK(!vu_dma_map(&p->vu, c->bus2, c->lmem_bytes, -1, 0, NULL),
			      "DMA_MAP of card %u's BAR2 on card %u", c->index, i);
	}
}

void cards_open(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!ct_cards[i].open) {
			CHECK(card_open(&ct_cards[i]), "card %u does not listen", i);
			card_peers(&ct_cards[i]);
		}
}

void card_reset(struct card *c)
{
	uint64_t gen;

	CHECK(c->pcie, "no PCI Express capability: no FLR");
	gen = rd64(c, WEFT_REG_RESET_GEN);
	irq_off(c);
	c->ready = false;
	cfg_wr(c, c->pcie + 8, cfg_rd(c, c->pcie + 8, 2) | 0x8000, 2);
	/* 100 ms is what a function has to recover; reading earlier is only polite to a test's run time. */
	WAIT_FOR(vu_read(&c->vu, VU_CONFIG, 0, 4) == (WEFT_PCI_DEVICE << 16 | WEFT_PCI_VENDOR), 1000,
		 "config space answering after FLR");
	card_configure(c);
	WAIT_FOR(rd64(c, WEFT_REG_RESET_GEN) != gen, 1000, "RESET_GEN moving after FLR");
	c->user_next = 0;
	c->limit = 0;
	c->req_tail = c->rsp_head = 0;
	c->safe_seq = 0;
	c->nevt = c->evt_next = 0;
	c->evt_log2 = 0;
}

void card_registers(struct card *c)
{
	uint64_t carve = c->lmem_bytes / 4 > 64u << 20 ? 64u << 20 : c->lmem_bytes / 4;	/* 4,096 queues */

	c->limit = (c->lmem_bytes - carve) & ~(WEFT_PAGE2M_BYTES - 1);
	c->user_next = 0;
	c->carve_next = c->limit;
	wr64(c, WEFT_REG_USER_LIMIT, c->limit);
	irq_setup(c, HOST_VECTORS, ct_opt.msi);
	evt_start(c, 8);
}

void card_bringup(struct card *c)
{
	card_reset(c);
	card_registers(c);
	if (!(c->caps & WEFT_CAP_FW_RESIDENT)) {
		CHECK(ct_fw, "this card needs a firmware image: --firmware");
		uint32_t s = card_boot(c, ct_fw, ct_fw_bytes);
		CHECK(BOOT_STATE(s) == WEFT_BOOT_RUNNING, "firmware not started: BOOT_STATUS %#x", s);
	}
	card_mailbox(c);
	mbox_hello(c);
	c->ready = true;
}

void card_need(struct card *c)
{
	if (!c->ready)
		card_bringup(c);
}

uint64_t user_alloc(struct card *c, uint64_t bytes, uint64_t align)
{
	uint64_t at = (c->user_next + align - 1) & ~(align - 1);

	CHECK(at + bytes <= c->limit, "local memory is used up");
	c->user_next = at + ((bytes + 4095) & ~UINT64_C(4095));
	return at;
}

uint64_t carve_alloc(struct card *c, uint64_t bytes)
{
	uint64_t at = c->carve_next;

	bytes = (bytes + 4095) & ~UINT64_C(4095);
	CHECK(at + bytes <= c->lmem_bytes, "the carve-out is used up");
	c->carve_next = at + bytes;
	memset(c->lmem + at, 0, bytes);
	return at;
}

void irq_setup(struct card *c, unsigned vectors, bool msi)
{
	unsigned index, max;

	irq_off(c);
	if (!c->msix)
		msi = true;
	index = msi ? VU_IRQ_MSI : VU_IRQ_MSIX;
	CHECK(msi ? c->msi : c->msix, "no %s capability", msi ? "MSI" : "MSI-X");
	max = (unsigned)vu_irq_count(&c->vu, index);
	CHECK(max >= 1, "GET_IRQ_INFO: no vectors");
	if (vectors > max)
		vectors = max;
	for (unsigned i = 0; i < vectors; i++) {
		c->irq[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		CHECK(c->irq[i] >= 0, "eventfd");
	}
	if (msi) {
		unsigned log2 = 0;

		while ((2u << log2) <= vectors)
			log2++;
		vectors = 1u << log2;
		cfg_wr(c, c->msi + 2, (cfg_rd(c, c->msi + 2, 2) & ~0x70u) | log2 << 4 | 1, 2);
	} else {
		cfg_wr(c, c->msix + 2, 0x8000, 2);
	}
	CHECK(!vu_set_irqs(&c->vu, index, vectors, c->irq), "SET_IRQS of %u vectors", vectors);
	c->vectors = vectors;
	wr32(c, WEFT_REG_IRQ_VECTORS, vectors);
}

void irq_off(struct card *c)
{
	if (!c->vectors)
		return;
	bool msi = !c->msix || !(cfg_rd(c, c->msix + 2, 2) & 0x8000);

	vu_set_irqs(&c->vu, msi ? VU_IRQ_MSI : VU_IRQ_MSIX, 0, NULL);
	if (msi)
		cfg_wr(c, c->msi + 2, cfg_rd(c, c->msi + 2, 2) & ~1u, 2);
	else
		cfg_wr(c, c->msix + 2, 0, 2);
	for (unsigned i = 0; i < HOST_VECTORS; i++) {
		if (c->irq[i] >= 0)
			close(c->irq[i]);
		c->irq[i] = -1;
	}
	c->vectors = 0;
}

uint64_t irq_take(struct card *c, unsigned vector)
{
	uint64_t n = 0;

	if (c->irq[vector] < 0 || read(c->irq[vector], &n, sizeof(n)) != sizeof(n))
		return 0;
	return n;
}
