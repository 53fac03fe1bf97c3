// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * While the PCI core resets a card nobody touches it: not who clears memory, binds, takes imports away, closes files, or
 * waits. The driver warns of an access, which the machine's log tells; here is what may come at such a moment.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <pthread.h>
#include <signal.h>

#define THREADS		5
#define DIRTY_BYTES	(256 << 10)
#define DIRTY		160		/* objects: many batches of what clears them */
#define VA(i)		(0x900000000ULL + ((uint64_t)(i) << 24))
#define RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)

static bool stop;
static long rounds_of[THREADS];

static bool stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Much memory becomes dirty at once, by a file that is closed. */
static void dirty(int card)
{
	uint32_t handle;
	int fd = ks_open(card);

	for (int i = 0; i < DIRTY && !stopped(); i++)
		if (ks_gem_create(fd, DIRTY_BYTES, DRM_WEFT_PLACE_LOCAL, 0, &handle))
			break;
	close(fd);
}

/* Binds that wait, and some that nobody waits for. */
static void bind(int card)
{
	uint32_t vm = 0, handle = 0;
	int fd = ks_open(card);

	if (!ks_vm_create(fd, &vm) && !ks_gem_create(fd, 4 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle)) {
		for (int i = 0; i < 20 && !stopped(); i++) {
			if (ks_bind(fd, vm, handle, VA(i), 4 << 20, RW | (i % 2 ? DRM_WEFT_BIND_ASYNC : 0)))
				break;
			if (i % 3 == 0 && ks_unbind(fd, vm, VA(i) + 4096, 8192))
				break;
		}
	}
	close(fd);
}

/* Cells, a queue that is parked, a sleeper whose call is interrupted. */
static void cells(int card)
{
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA, 1);
	struct ks_uq q;

	if (!ks_uq_ready(&q, card)) {
		struct drm_weft_cell_wait sleep = { .handle = q.cells_handle, .value = 1, .timeout_ns = 20000000 };

		ks_uq_put(&q, &wait);
		ks_ioctl(q.fd, DRM_IOCTL_WEFT_CELL_WAIT, &sleep);
	}
	ks_uq_close(&q);
}

/* The other card's memory, which is taken away when that is reset; and this one's for it. */
static void import(int card)
{
	int other = (card + 1) % ks_cards(), from = ks_open(other), to = ks_open(card), dmabuf = -1;
	uint32_t handle = 0, imported = 0, vm = 0;

	if (!ks_vm_create(to, &vm) && !ks_gem_create(from, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle) &&
	    !ks_export(from, handle, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, &dmabuf) &&
	    !ks_import(to, dmabuf, &imported) && !ks_bind(to, vm, imported, VA(0), 1 << 20, RW))
		usleep(ks_random() % 20000);
	if (dmabuf >= 0)
		close(dmabuf);
	close(to);
	close(from);
}

/* What only looks. */
static void look(int card)
{
	static const char *const names[] = { "queues", "rings", "spaces", "engines", "firmware", "memory", "watches" };
	static char text[1 << 16];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !stopped(); i++)
		ks_debugfs(card, names[i], text, sizeof(text));
}

static void (*const kinds[THREADS])(int card) = { dirty, bind, cells, import, look };

static void *worker(void *arg)
{
	long kind = (long)arg;

	while (!stopped()) {
		kinds[kind](0);
		rounds_of[kind]++;
	}
	return NULL;
}

struct resetter {
	int card;
	long rounds;
	int result;
};

static void *reset_often(void *arg)
{
	struct resetter *r = arg;

	for (long i = 0; i < r->rounds && !r->result; i++) {
		usleep(ks_random() % 100000);
		r->result = ks_reset(r->card);
	}
	return NULL;
}

/* Two cards that import from each other's side are reset at the same time. */
static int under_load(void)
{
	int n = ks_cards() > 1 ? 2 : 1;
	pthread_t threads[THREADS], resets[2];
	struct resetter r[2];

	stop = false;
	for (long i = 0; i < THREADS; i++)
		KS_OK(pthread_create(&threads[i], NULL, worker, (void *)i));
	for (int i = 0; i < n; i++) {
		r[i] = (struct resetter){ .card = i, .rounds = ks_iterations(20) };
		KS_OK(pthread_create(&resets[i], NULL, reset_often, &r[i]));
	}
	for (int i = 0; i < n; i++)
		pthread_join(resets[i], NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < n; i++) {
		KS_OK(r[i].result);
		KS_DO(ks_works(i));
	}
	for (int i = 0; i < THREADS; i++)
		KS_CHECK(rounds_of[i], "worker %d did nothing", i);
	return 0;
}

/* A long list is being cleared when the reset comes: it is left alone, and what is given out afterwards is clean. */
static int while_clearing(void)
{
	uint32_t handle;
	uint64_t *p;
	int fd;

	for (long round = 0; round < ks_iterations(20); round++) {
		fd = ks_open(0);
		for (int i = 0; i < DIRTY; i++)
			KS_OK(ks_gem_create(fd, DIRTY_BYTES, DRM_WEFT_PLACE_LOCAL, 0, &handle));
		p = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
		KS_CHECK(p != MAP_FAILED);
		for (int i = 0; i < DIRTY_BYTES / 8; i++)
			p[i] = ~0ULL;
		munmap(p, DIRTY_BYTES);
		close(fd);
		KS_OK(ks_reset(0));
		fd = ks_open(0);
		KS_OK(ks_gem_create(fd, DIRTY_BYTES, DRM_WEFT_PLACE_LOCAL, 0, &handle));
		p = ks_gem_map(fd, handle, PROT_READ);
		KS_CHECK(p != MAP_FAILED);
		for (int i = 0; i < DIRTY_BYTES / 8; i++)
			KS_CHECK(!p[i], "word %d is %#llx", i, (unsigned long long)p[i]);
		munmap(p, DIRTY_BYTES);
		close(fd);
	}
	KS_DO(ks_works(0));
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "a card is reset while much memory is being cleared", while_clearing },
		{ "two cards are reset under calls of every kind", under_load },
	};

	return ks_main("quiet", tests, sizeof(tests) / sizeof(tests[0]));
}
