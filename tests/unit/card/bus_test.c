// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Which memory answers at a bus address: the host's mappings, the other cards' BARs, and what becomes of both. */
#define _GNU_SOURCE
#include "rig.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define BAR	0x80000000ull			/* of card 1 */

static int setup(void **state)
{
	*state = rig_new(2);
	rig_master(((struct wcard_machine *)*state)->card[0]);
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static bool find(struct wcard_card *c, uint64_t bus, bool write, struct wcard_target *t)
{
	return wcard_bus_find(c, atomic_load(&c->dma), atomic_load(&c->m->route), bus, write, t);
}

static int map(struct wcard_card *c, uint64_t bus, uint64_t bytes)
{
	return wcard_bus_map(c, bus, bytes, rig_file(bytes), 0, true, true);
}

static void host_memory(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	int fd = rig_file(0x8000);
	struct wcard_target t;

	assert_int_equal(pwrite(fd, "weft", 4, 0x3123), 4);
	assert_int_equal(wcard_bus_map(c, 0x100000, 0x4000, fd, 0x2000, true, true), 0);
	assert_true(find(c, 0x101123, false, &t));
	assert_memory_equal(t.host, "weft", 4);
	assert_int_equal(t.bytes, 0x3000 - 0x123);
	assert_int_equal(t.fd, fd);
	assert_int_equal(t.fd_offset, 0x3123);
	assert_true(find(c, 0x103fff, true, &t));
	assert_int_equal(t.bytes, 1);
	assert_false(find(c, 0x104000, false, &t));
	assert_false(find(c, 0x0fffff, false, &t));
	/* Mappings are of one card. */
	rig_master(c->m->card[1]);
	assert_false(find(c->m->card[1], 0x101123, false, &t));
}

static void many_mappings(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	struct wcard_target t;

	/* In an order that is none; every other page stays free. */
	for (uint64_t i = 0; i < 37; i++)
		assert_int_equal(map(c, 0x100000 + 0x2000 * (i * 11 % 37), 0x1000), 0);
	for (uint64_t i = 0; i < 37; i++) {
		assert_true(find(c, 0x100010 + 0x2000 * i, true, &t));
		assert_int_equal(t.bytes, 0xff0);
		t.host[0] = (uint8_t)(i + 1);
		assert_false(find(c, 0x101000 + 0x2000 * i, true, &t));
	}
	for (uint64_t i = 0; i < 37; i++) {
		assert_true(find(c, 0x100010 + 0x2000 * i, false, &t));
		assert_int_equal(t.host[0], i + 1);
	}
	/* Many at once, and not their neighbours. */
	assert_int_equal(wcard_bus_unmap(c, 0x104000, 0x8000), 0);
	for (uint64_t i = 0; i < 37; i++)
		assert_int_equal(find(c, 0x100000 + 0x2000 * i, true, &t), i < 2 || i >= 6);
	/* The file at the very end of the address space. */
	assert_int_equal(map(c, UINT64_MAX - 0xfff, 0x1000), 0);
	assert_true(find(c, UINT64_MAX, true, &t));
}

static void rights(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	const uint8_t off[2] = { 2, 0 };
	struct wcard_target t;

	assert_int_equal(wcard_bus_map(c, 0x1000, 0x1000, rig_file(0x1000), 0, true, false), 0);
	assert_int_equal(wcard_bus_map(c, 0x2000, 0x1000, rig_file(0x1000), 0, false, true), 0);
	assert_true(find(c, 0x1000, false, &t));
	assert_false(find(c, 0x1000, true, &t));
	assert_false(find(c, 0x2000, false, &t));
	assert_true(find(c, 0x2000, true, &t));
	wcard_pci_write(c, 4, 2, off);			/* not a bus master any more */
	assert_false(find(c, 0x1000, false, &t));
}

static void refused(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	int fd = rig_file(0x4000);
	uint64_t gen = atomic_load(&c->m->map_gen);

	assert_int_equal(wcard_bus_map(c, 0x1000, 0, fd, 0, true, true), -EINVAL);
	assert_int_equal(wcard_bus_map(c, 0x1800, 0x1000, fd, 0, true, true), -EINVAL);
	assert_int_equal(wcard_bus_map(c, 0x1000, 0x1800, fd, 0, true, true), -EINVAL);
	assert_int_equal(wcard_bus_map(c, 0x1000, 0x1000, fd, 0x800, true, true), -EINVAL);
	assert_int_equal(wcard_bus_map(c, UINT64_MAX - 0xfff, 0x2000, fd, 0, true, true), -EINVAL);
	assert_int_equal(wcard_bus_map(c, 0x1000, 0x5000, fd, 0, true, true), -EINVAL);	/* beyond the file */
	assert_int_equal(wcard_bus_map(c, 0x1000, 0x1000, fd, 0x4000, true, true), -EINVAL);
	assert_int_equal(wcard_bus_map(c, 0x1000, 0x1000, fd, UINT64_MAX - 0xfff, true, true), -EINVAL);
	assert_int_equal(wcard_bus_unmap(c, 0x1000, 0), -EINVAL);
	assert_int_equal(wcard_bus_unmap(c, UINT64_MAX, 2), -EINVAL);
	assert_int_equal(wcard_bus_unmap(c, 0x1000, 0x1000), 0);	/* nothing there: nothing to do */
	assert_int_equal(atomic_load(&c->m->map_gen), gen);
	assert_int_equal(atomic_load(&c->dma)->n, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);			/* still the caller's */
	close(fd);
}

static void overlaps(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	int fd = rig_file(0x10000);
	struct wcard_target t;

	assert_int_equal(map(c, 0x4000, 0x4000), 0);
	assert_int_equal(wcard_bus_map(c, 0x7000, 0x1000, fd, 0, true, true), -EEXIST);
	assert_int_equal(wcard_bus_map(c, 0x3000, 0x2000, fd, 0, true, true), -EEXIST);
	assert_int_equal(wcard_bus_map(c, 0x0000, 0x10000, fd, 0, true, true), -EEXIST);
	assert_int_equal(map(c, 0x3000, 0x1000), 0);
	assert_int_equal(map(c, 0x8000, 0x1000), 0);
	/* A part of a mapping cannot go. */
	assert_int_equal(wcard_bus_unmap(c, 0x5000, 0x1000), -EINVAL);
	assert_int_equal(wcard_bus_unmap(c, 0x3000, 0x2000), -EINVAL);
	assert_true(find(c, 0x3000, true, &t));
	assert_int_equal(wcard_bus_unmap(c, 0x3000, 0x5000), 0);
	assert_false(find(c, 0x3000, true, &t) || find(c, 0x4000, true, &t));
	assert_true(find(c, 0x8000, true, &t));
	close(fd);
}

static void generations(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	uint64_t gen = atomic_load(&c->m->map_gen);
	int fd = rig_file(0x1000);

	assert_int_equal(wcard_bus_map(c, 0x1000, 0x1000, fd, 0, true, true), 0);
	assert_true(atomic_load(&c->m->map_gen) > gen);
	gen = atomic_load(&c->m->map_gen);
	assert_int_equal(wcard_bus_unmap(c, 0, UINT64_MAX), 0);
	assert_true(atomic_load(&c->m->map_gen) > gen);
	assert_int_equal(fcntl(fd, F_GETFD), -1);		/* its descriptor went with it */
	gen = atomic_load(&c->m->map_gen);
	rig_bar2(c->m->card[1], BAR);
	assert_true(atomic_load(&c->m->map_gen) > gen);
	gen = atomic_load(&c->m->map_gen);
	wcard_bus_learn(c->m);					/* nothing new */
	assert_int_equal(atomic_load(&c->m->map_gen), gen);
}

static void peers(void **state)
{
	struct wcard_machine *m = *state;
	struct wcard_card *c = m->card[0], *peer = m->card[1];
	struct wcard_target t;

	assert_false(find(c, BAR, true, &t));
	rig_bar2(peer, BAR);
	assert_true(find(c, BAR + 0x1234, true, &t));
	assert_ptr_equal(t.host, peer->lmem + 0x1234);
	assert_int_equal(t.bytes, RIG_LMEM - 0x1234);
	assert_int_equal(t.fd, peer->lmem_fd);
	assert_int_equal(t.fd_offset, 0x1234);
	assert_true(find(c, BAR + RIG_LMEM - 1, false, &t));
	assert_false(find(c, BAR + RIG_LMEM, false, &t));
	assert_false(find(c, BAR - 1, false, &t));
	/* A switch asks its ports before the root. */
	assert_int_equal(map(c, BAR, 0x1000), 0);
	assert_true(find(c, BAR, true, &t));
	assert_ptr_equal(t.host, peer->lmem);
	/* The peer moves, then stops decoding. */
	rig_bar2(peer, 2 * BAR);
	assert_true(find(c, 2 * BAR, true, &t));
	assert_ptr_equal(t.host, peer->lmem);
	assert_true(find(c, BAR, true, &t));
	assert_ptr_not_equal(t.host, peer->lmem);
	wcard_pci_write(peer, 4, 2, (const uint8_t[2]){ 4, 0 });
	assert_false(find(c, 2 * BAR, true, &t));
}

/* A client without an IOMMU names peers' BARs by mappings without a file, and can take them back. */
static void revoked(void **state)
{
	struct wcard_machine *m = *state;
	struct wcard_card *c = m->card[0];
	struct wcard_target t;

	rig_bar2(m->card[1], BAR);
	assert_int_equal(map(c, 0x1000, 0x1000), 0);
	assert_int_equal(wcard_bus_map(c, BAR, RIG_LMEM, -1, 0, true, true), 0);
	assert_true(find(c, BAR, true, &t));
	assert_int_equal(wcard_bus_unmap(c, BAR, RIG_LMEM), 0);
	assert_false(find(c, BAR, true, &t));
	assert_false(find(c, BAR + RIG_LMEM - 1, true, &t));
	assert_true(find(c, 0x1000, true, &t));
	/* And give them again. */
	assert_int_equal(wcard_bus_map(c, BAR, RIG_LMEM, -1, 0, true, true), 0);
	assert_true(find(c, BAR, true, &t));
	assert_int_equal(wcard_bus_unmap(c, BAR, RIG_LMEM), 0);
	assert_false(find(c, BAR, true, &t));
	/* All host memory is taken away: it begins anew, perhaps with an IOMMU, and the switch alone decides. */
	assert_int_equal(wcard_bus_unmap(c, 0x1000, 0x1000), 0);
	assert_true(find(c, BAR, true, &t));
	assert_int_equal(atomic_load(&c->dma)->n, 0);
}

/* Without a file there is no memory of the host. */
static void nameless(void **state)
{
	struct wcard_card *c = ((struct wcard_machine *)*state)->card[0];
	struct wcard_target t;

	assert_int_equal(wcard_bus_map(c, 0x1000, 0x1000, -1, 0, true, true), 0);
	assert_false(find(c, 0x1000, false, &t));
}

struct waiter {
	struct wcard_card *c;
	pthread_t thread;
	_Atomic bool over;
};

static void *take_away(void *arg)
{
	struct waiter *w = arg;

	assert_int_equal(wcard_bus_unmap(w->c, 0, UINT64_MAX), 0);
	atomic_store(&w->over, true);
	return NULL;
}

/* Memory goes when nobody uses it any more: not before a unit that may have found it has ended, and then at once. */
static void waits_for_units(void **state)
{
	const struct timespec nap = { .tv_nsec = 30000000 };
	struct wcard_machine *m = *state;
	struct waiter w = { .c = m->card[0] };
	struct wcard_target t;

	assert_int_equal(map(w.c, 0x1000, 0x1000), 0);
	assert_true(find(w.c, 0x1000, true, &t));
	atomic_fetch_add(&m->engine[1].tlb.unit, 1);
	assert_int_equal(pthread_create(&w.thread, NULL, take_away, &w), 0);
	nanosleep(&nap, NULL);
	assert_false(atomic_load(&w.over));
	t.host[0] = 1;					/* would be a crash */
	atomic_fetch_add(&m->engine[1].tlb.unit, 1);
	pthread_join(w.thread, NULL);
	assert_true(atomic_load(&w.over));
}

/* Units that begin later do not hold it up. */
static void quiesce_ends(void **state)
{
	struct wcard_machine *m = *state;

	atomic_store(&m->engine[0].tlb.unit, 2);
	atomic_store(&m->engine[1].tlb.unit, 4);
	wcard_quiesce(m);
	assert_int_equal(atomic_load(&m->engine[0].tlb.unit), 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(host_memory), T(many_mappings), T(rights), T(refused), T(overlaps), T(generations), T(peers), T(revoked),
		T(nameless), T(waits_for_units), T(quiesce_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
