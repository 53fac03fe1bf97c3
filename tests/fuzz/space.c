// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#define _GNU_SOURCE
#include <linux/pci_regs.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "space.h"
#include "tools/card/access.h"
#include "tools/card/bus.h"

#define HOST_BUS	UINT64_C(0x100000000)
#define HOST_BYTES	0x10000u
#define PEER_BUS	UINT64_C(0x200000000)
#define OWN_BUS		UINT64_C(0x300000000)
#define EVENTS		0x8000u		/* in host memory, behind what is mapped */
#define WATCHED		0x48000u	/* of local memory, below USER_LIMIT */

struct wcard_machine space_machine = { .ncards = 2, .nengines = 1, .slots = 16, .lmem_bytes = SPACE_LMEM,
				       .caps = WCARD_CAPS, .by_hand = true };
static uint8_t *host, local0[WATCHED], host0[HOST_BYTES], peer0[0x20000], tables0[4 * SPACE_PAGE];

/* What of each memory the space may write; the rest must stay. */
struct range { uint32_t from, to; };
static const struct range local_rw[] = { { 0x1000, 0x10000 }, { 0x14000, 0x16000 }, { 0x20000, 0x23000 },
					 { 0x30000, 0x40000 }, { WATCHED, WATCHED } };
static const struct range host_rw[] = { { 0, 0x4000 }, { EVENTS, EVENTS + 0x1000 }, { HOST_BYTES, HOST_BYTES } };
static const struct range peer_rw[] = { { 0x10000, 0x15000 }, { sizeof(peer0), sizeof(peer0) } };

static uint8_t *lmem_of(unsigned int card)
{
	return mmap(NULL, SPACE_LMEM, PROT_READ | PROT_WRITE, MAP_SHARED, space_machine.card[card]->lmem_fd, 0);
}

static uint8_t *lmem[2];

uint8_t *space_lmem(uint64_t at)
{
	return lmem[0] + at;
}

static void leaf(unsigned int page, uint64_t addr, uint64_t bits)
{
	uint64_t *table = (uint64_t *)(void *)space_lmem(SPACE_ROOT + 3 * SPACE_PAGE);

	table[page] = addr | bits | WEFT_PTE_VALID | WEFT_PTE_LEAF;
}

static void leaves(unsigned int page, unsigned int n, uint64_t addr, int64_t step, uint64_t bits)
{
	for (unsigned int i = 0; i < n; i++)
		leaf(page + i, addr + (uint64_t)(step * i), bits);
}

static void map_space(void)
{
	const uint64_t r = WEFT_PTE_R, w = WEFT_PTE_W, rw = r | w, cells = rw | WEFT_PTE_SEM;
	const uint64_t bus = WEFT_APERTURE_BUS << WEFT_PTE_APERTURE_SHIFT;
	const uint64_t sparse = WEFT_APERTURE_SPARSE << WEFT_PTE_APERTURE_SHIFT;
	const uint64_t peer = bus | UINT64_C(1) << WEFT_PTE_LINK_SHIFT;
	uint64_t *top = (uint64_t *)(void *)space_lmem(SPACE_ROOT);

	for (unsigned int level = 0; level < 3; level++)
		top[512 * level] = (SPACE_ROOT + (level + 1) * SPACE_PAGE) | WEFT_PTE_VALID;
	leaves(1, 15, 0x1000, 0x1000, rw);
	leaves(16, 4, 0x10000, 0x1000, r);
	leaves(20, 2, 0x14000, 0x1000, w);
	leaves(24, 4, 0, 0, sparse | rw);
	leaves(28, 4, HOST_BUS, 0x1000, bus | rw);
	leaf(32, HOST_BUS, bus | r);
	leaf(33, HOST_BUS + HOST_BYTES, bus | rw);
	leaves(34, 2, 0x20000, 0x1000, cells | WEFT_PTE_ATOMIC);
	leaf(36, 0x22000, cells);
	leaves(40, 4, PEER_BUS + 0x10000, 0x1000, peer | rw);
	leaf(44, PEER_BUS + 0x14000, peer | cells);
	leaf(45, HOST_BUS + 0x3000, bus | rw | UINT64_C(31) << WEFT_PTE_LINK_SHIFT);
	leaves(48, 16, 0x3f000, -0x1000, rw);
	leaf(510, SPACE_LIMIT, rw);
	leaf(511, 0x1000, rw | WEFT_BIT64(9));
	/* 2 MiB each: sparse, local read-only, a misaligned one */
	top[1024 + 1] = sparse | rw | WEFT_PTE_VALID | WEFT_PTE_LEAF;
	top[1024 + 2] = r | WEFT_PTE_VALID | WEFT_PTE_LEAF;
	top[1024 + 3] = 0x1000 | r | WEFT_PTE_VALID | WEFT_PTE_LEAF;
}

static void pci(struct wcard_card *c, uint64_t bar2)
{
	const uint16_t command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	const uint64_t limit = SPACE_LIMIT;

	wcard_pci_write(c, PCI_BASE_ADDRESS_2, sizeof(bar2), (const uint8_t *)&bar2);
	wcard_pci_write(c, PCI_COMMAND, sizeof(command), (const uint8_t *)&command);
	wcard_regs_write(c, WEFT_REG_USER_LIMIT, sizeof(limit), (const uint8_t *)&limit);
}

static void reg64(uint64_t at, uint64_t v)
{
	wcard_regs_write(space_machine.card[0], at, sizeof(v), (const uint8_t *)&v);
}

static void reg32(uint64_t at, uint32_t v)
{
	wcard_regs_write(space_machine.card[0], at, sizeof(v), (const uint8_t *)&v);
}

void space_init(void)
{
	int fd = memfd_create("fuzz-host", MFD_CLOEXEC);
	const char *what;

	signal(SIGPIPE, SIG_IGN);
	space_machine.clock_base_ns = wcard_now(&space_machine);
	if (sodium_init() < 0 || fd < 0 || ftruncate(fd, HOST_BYTES))
		fuzz_wrong("host memory: %m");
	host = mmap(NULL, HOST_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (host == MAP_FAILED || wcard_machine_init(&space_machine, NULL, false, &what))
		fuzz_wrong("the machine: %m");
	for (unsigned int i = 0; i < 2; i++) {
		lmem[i] = lmem_of(i);
		if (lmem[i] == MAP_FAILED)
			fuzz_wrong("local memory: %m");
	}
	if (wcard_bus_map(space_machine.card[0], HOST_BUS, HOST_BYTES, fd, 0, true, true))
		fuzz_wrong("host memory is not mapped");
	pci(space_machine.card[0], OWN_BUS);
	pci(space_machine.card[1], PEER_BUS);
	reg64(WEFT_REG_LINK_FLUSH(1), PEER_BUS + 0x10000);
	reg64(WEFT_REG_EVT_BASE, HOST_BUS + EVENTS);
	reg32(WEFT_REG_EVT_LOG2, 5);
	map_space();
	/* small numbers, as floats too */
	for (uint32_t i = 0; i < WATCHED / 4; i++) {
		float f = (float)(i % 97) - 48;

		memcpy(local0 + 4 * i, i % 8 < 4 ? (void *)&f : (void *)&(uint32_t){ i % 61 }, 4);
	}
	memset(local0 + 0x20000, 0, 0x3000);
	memset(host0, 0x11, sizeof(host0));
	memset(peer0, 0x22, sizeof(peer0));
	memset(peer0 + 0x14000, 0, 0x1000);
	memcpy(lmem[0], local0, sizeof(local0));
	memcpy(host, host0, sizeof(host0));
	memcpy(lmem[1], peer0, sizeof(peer0));
	memcpy(tables0, space_lmem(SPACE_ROOT), sizeof(tables0));
}

static void restore(uint8_t *to, const uint8_t *from, const struct range *r, uint32_t end)
{
	for (; r->from < end; r++)
		memcpy(to + r->from, from + r->from, r->to - r->from);
}

void space_restore(void)
{
	restore(lmem[0], local0, local_rw, WATCHED);
	restore(host, host0, host_rw, HOST_BYTES);
	restore(lmem[1], peer0, peer_rw, sizeof(peer0));
	reg32(WEFT_REG_EVT_ENABLE, 1);
}

static void verify(const char *what, const uint8_t *is, const uint8_t *was, const struct range *r, uint32_t end)
{
	uint32_t at = 0;

	for (;; at = r++->to) {
		if (memcmp(is + at, was + at, r->from - at))
			for (; ; at++)
				if (is[at] != was[at])
					fuzz_wrong("%s at %#x was written, and no page allows it", what, at);
		if (r->from == end)
			return;
	}
}

void space_verify(void)
{
	verify("local memory", lmem[0], local0, local_rw, WATCHED);
	verify("host memory", host, host0, host_rw, HOST_BYTES);
	verify("a peer's memory", lmem[1], peer0, peer_rw, sizeof(peer0));
	if (memcmp(space_lmem(SPACE_ROOT), tables0, sizeof(tables0)))
		fuzz_wrong("a page table was written");
}
