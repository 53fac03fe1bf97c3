// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#define _GNU_SOURCE
#include "rig.h"

#include <sys/mman.h>
#include <unistd.h>

int rig_file(uint64_t bytes)
{
	int fd = memfd_create("rig", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static struct wcard_machine *machine_new(unsigned int cards)
{
	struct wcard_machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->ncards = cards;
	m->nengines = RIG_ENGINES;
	m->slots = 4;
	m->lmem_bytes = RIG_LMEM;
	m->exec = true;
	m->caps = WCARD_CAPS;
	return m;
}

static struct wcard_card *card_new(struct wcard_machine *m, unsigned int index)
{
	struct wcard_card *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->m = m;
	c->index = c->serial = index;
	c->conn_fd = c->listen_fd = -1;
	c->lmem_bytes = m->lmem_bytes;
	for (unsigned int i = 0; i <= WCARD_VECTORS; i++)
		c->irq_fd[i] = -1;
	for (unsigned int i = 0; i < WCARD_NUM_ASIDS; i++)
		c->as[i].id = i;
	pthread_mutex_init(&c->evt_lock, NULL);
	pthread_mutex_init(&c->cp_lock, NULL);
	c->lmem_fd = rig_file(c->lmem_bytes);
	c->lmem = mmap(NULL, c->lmem_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->lmem_fd, 0);
	assert_true(c->lmem != MAP_FAILED);
	atomic_store(&c->user_limit, RIG_LIMIT);
	atomic_store(&c->hang_ms, WCARD_HANG_MS);
	wcard_pci_init(c);
	wcard_bands_init(c);
	wcard_inject_reset(c);
	return c;
}

struct wcard_machine *rig_new(unsigned int cards)
{
	struct wcard_machine *m = machine_new(cards);

	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->safe_lock, NULL);
	for (unsigned int i = 0; i < cards; i++)
		m->card[i] = card_new(m, i);
	m->engine = calloc(RIG_ENGINES, sizeof(*m->engine));
	assert_non_null(m->engine);
	for (unsigned int i = 0; i < RIG_ENGINES; i++) {
		m->engine[i].m = m;
		m->engine[i].index = i;
		assert_int_equal(wcard_tlb_init(&m->engine[i].tlb), 0);
	}
	assert_int_equal(wcard_bus_init(m), 0);
	return m;
}

void rig_free(struct wcard_machine *m)
{
	wcard_bus_fini(m);
	for (unsigned int i = 0; i < RIG_ENGINES; i++)
		wcard_tlb_fini(&m->engine[i].tlb);
	free(m->engine);
	for (unsigned int i = 0; i < m->ncards; i++) {
		struct wcard_card *c = m->card[i];

		munmap(c->lmem, c->lmem_bytes);
		close(c->lmem_fd);
		for (unsigned int k = 0; k < WCARD_NUM_ASIDS; k++)
			free(c->as[k].cnt);
		free(c);
	}
	free(m);
}

struct wcard_machine *rig_live(unsigned int cards)
{
	struct wcard_machine *m = machine_new(cards);
	const char *what = "";
	int ret = wcard_machine_init(m, NULL, false, &what);

	if (ret)
		fail_msg("%s: %s", what, strerror(-ret));
	return m;
}

void rig_live_end(struct wcard_machine *m)
{
	wcard_machine_fini(m);
	free(m);
}

/* Tables lie one after the other behind the root; how many is kept in the page before it. */
static uint64_t new_table(struct wcard_card *c)
{
	uint64_t *n = (uint64_t *)(void *)(c->lmem + RIG_ROOT - 4096);

	return RIG_ROOT + 4096 * ++*n;
}

uint64_t *rig_entry(struct wcard_card *c, uint64_t va, int large)
{
	uint64_t at = RIG_ROOT;

	for (int shift = 39;; shift -= 9) {
		uint64_t *e = (uint64_t *)(void *)(c->lmem + at) + (va >> shift & 511);

		if (shift == (large ? 21 : 12))
			return e;
		if (!*e)
			*e = new_table(c) | 1;
		at = *e & ~4095ull;
	}
}

void rig_pte(struct wcard_card *c, uint64_t va, uint64_t leaf, int large)
{
	*rig_entry(c, va, large) = leaf;
}

struct wcard_as *rig_as(struct wcard_card *c, unsigned int id)
{
	struct wcard_as *as = &c->as[id];

	as->live = true;
	as->type = WEFT_AS_FENCE;
	as->root = RIG_ROOT;
	if (!as->cnt)
		as->cnt = calloc(1, sizeof(*as->cnt));
	assert_non_null(as->cnt);
	return as;
}

void rig_master(struct wcard_card *c)
{
	const uint8_t command[2] = { 6, 0 };

	wcard_pci_write(c, 4, 2, command);
}

void rig_bar2(struct wcard_card *c, uint64_t bus)
{
	uint8_t bar[8];

	memcpy(bar, &bus, 8);
	wcard_pci_write(c, 0x18, 4, bar);
	wcard_pci_write(c, 0x1c, 4, bar + 4);
	rig_master(c);
}

uint64_t rig_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

uint64_t rig_number(const char *name, uint64_t standard)
{
	const char *text = getenv(name);
	uint64_t n = text && *text ? strtoull(text, NULL, 0) : standard;

	print_message("%s=%llu\n", name, (unsigned long long)n);
	return n;
}
