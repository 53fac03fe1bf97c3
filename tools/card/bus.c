// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "access.h"
#include "bus.h"
#include "defect.h"
#include "weak.h"

static struct wcard_dma_table *table_new(unsigned int n)
{
	return calloc(1, sizeof(struct wcard_dma_table) + n * sizeof(struct wcard_dma_map));
}

/* Index of the first map that ends after `bus`. */
static unsigned int table_lower(const struct wcard_dma_table *t, uint64_t bus)
{
	unsigned int lo = 0, hi = t->n;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (t->map[mid].bus + (t->map[mid].bytes - 1) < bus)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int wcard_bus_init(struct wcard_machine *m)
{
	struct wcard_route *route = calloc(1, sizeof(*route));

	if (!route)
		return -ENOMEM;
	pthread_mutex_init(&m->map_lock, NULL);
	atomic_store(&m->route, route);
	for (unsigned int i = 0; i < m->ncards; i++) {
		struct wcard_dma_table *t = table_new(0);

		if (!t)
			return -ENOMEM;
		atomic_store(&m->card[i]->dma, t);
	}
	return 0;
}

static void free_retired(struct wcard_machine *m)
{
	for (unsigned int i = 0; i < m->ncards; i++) {
		struct wcard_dma_table *t = m->card[i]->dma_retired, *next;

		m->card[i]->dma_retired = NULL;
		for (; t; t = next) {
			next = t->retired;
			free(t);
		}
	}
}

void wcard_bus_fini(struct wcard_machine *m)
{
	for (unsigned int i = 0; i < m->ncards; i++) {
		wcard_bus_unmap(m->card[i], 0, UINT64_MAX);
		free(atomic_load(&m->card[i]->dma));
	}
	free_retired(m);
	free(atomic_load(&m->route));
}

void wcard_quiesce(struct wcard_machine *m)
{
	const struct timespec nap = { .tv_nsec = 20000 };

	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned int i = 0; i < m->nengines; i++) {
		uint32_t seen = wcard_engine_unit(m, i);

		while ((seen & 1) && wcard_engine_unit(m, i) == seen)
			nanosleep(&nap, NULL);
	}
	if (m->weak && !WCARD_BROKEN(reset_leaves_posted))
		wcard_weak_drain(m);
}

/* The event writer holds no unit, it holds evt_lock. */
void wcard_quiesce_events(struct wcard_machine *m)
{
	for (unsigned int i = 0; i < m->ncards; i++) {
		pthread_mutex_lock(&m->card[i]->evt_lock);
		pthread_mutex_unlock(&m->card[i]->evt_lock);
	}
}

static void publish(struct wcard_card *c, struct wcard_dma_table *t)
{
	struct wcard_dma_table *old = atomic_exchange(&c->dma, t);

	atomic_fetch_add(&c->m->map_gen, 1);
	old->retired = c->dma_retired;
	c->dma_retired = old;
}

int wcard_bus_map(struct wcard_card *c, uint64_t bus, uint64_t bytes, int fd, uint64_t fd_offset, bool read, bool write)
{
	struct wcard_dma_map map = { .bus = bus, .bytes = bytes, .fd = fd, .fd_offset = fd_offset,
				     .read = read, .write = write };
	struct wcard_dma_table *old, *t;
	unsigned int at, to;
	int ret;

	if (!bytes || ((bus | bytes | fd_offset) & 4095) || bus + (bytes - 1) < bus)
		return -EINVAL;
	if (fd >= 0) {
		int prot = (read ? PROT_READ : 0) | (write ? PROT_READ | PROT_WRITE : 0);
		struct stat st;

		if (fstat(fd, &st))
			return -errno;
		if (fd_offset > (uint64_t)st.st_size || (uint64_t)st.st_size - fd_offset < bytes)
			return -EINVAL;
		map.host = mmap(NULL, bytes, prot, MAP_SHARED, fd, (off_t)fd_offset);
		if (map.host == MAP_FAILED)
			return -errno;
		madvise(map.host, bytes, MADV_HUGEPAGE);
	}

	pthread_mutex_lock(&c->m->map_lock);
	old = atomic_load(&c->dma);
	at = table_lower(old, bus);
	ret = -EEXIST;
	for (to = at; to < old->n && old->map[to].bus <= bus + (bytes - 1); to++)
		if (!old->map[to].revoked)
			goto out;
	ret = -ENOMEM;
	t = table_new(old->n - (to - at) + 1);
	if (!t)
		goto out;
	t->n = old->n - (to - at) + 1;
	memcpy(t->map, old->map, at * sizeof(map));
	t->map[at] = map;
	memcpy(t->map + at + 1, old->map + to, (old->n - to) * sizeof(map));
	publish(c, t);
	pthread_mutex_unlock(&c->m->map_lock);
	return 0;
out:
	pthread_mutex_unlock(&c->m->map_lock);
	if (map.host)
		munmap(map.host, bytes);
	return ret;
}

/* The table without the mappings inside [bus, last]. Those without a file stay, marked, while there is host memory. */
static struct wcard_dma_table *without(const struct wcard_dma_table *old, uint64_t bus, uint64_t last)
{
	struct wcard_dma_table *t = table_new(old->n);
	bool memory = false;

	for (unsigned int i = 0; t && i < old->n; i++) {
		struct wcard_dma_map map = old->map[i];

		if (map.bus >= bus && map.bus <= last) {
			if (map.host || map.fd >= 0)
				continue;
			map.revoked = true;
		}
		memory |= map.host != NULL;
		t->map[t->n++] = map;
	}
	/* All host memory went away: the client changes how it translates and starts anew. */
	for (unsigned int i = 0; t && !memory && i < t->n;)
		if (t->map[i].revoked)
			memmove(&t->map[i], &t->map[i + 1], (--t->n - i) * sizeof(t->map[0]));
		else
			i++;
	return t;
}

int wcard_bus_unmap(struct wcard_card *c, uint64_t bus, uint64_t bytes)
{
	struct wcard_dma_table *old, *t;
	uint64_t last = bus + (bytes - 1);
	unsigned int from, to, hit = 0;
	int ret = -EINVAL;

	if (!bytes || last < bus)
		return -EINVAL;
	if (WCARD_BROKEN(dma_unmap_ignored) && !c->m->closing)
		return 0;
	pthread_mutex_lock(&c->m->map_lock);
	old = atomic_load(&c->dma);
	from = table_lower(old, bus);
	for (to = from; to < old->n && old->map[to].bus <= last; to++) {
		/* A part of a mapping: the protocol has no such thing. */
		if (old->map[to].bus < bus || old->map[to].bus + (old->map[to].bytes - 1) > last) {
			if (old->map[to].revoked)
				continue;
			goto out;
		}
		hit++;
	}
	ret = 0;
	if (!hit)
		goto out;
	ret = -ENOMEM;
	t = without(old, bus, last);
	if (!t)
		goto out;
	publish(c, t);
	wcard_quiesce(c->m);
	if (!WCARD_BROKEN(unmap_no_event_wait))
		wcard_quiesce_events(c->m);
	for (unsigned int i = from; i < to; i++) {
		if (old->map[i].host)
			munmap(old->map[i].host, old->map[i].bytes);
		if (old->map[i].fd >= 0)
			close(old->map[i].fd);
	}
	free_retired(c->m);
	ret = 0;
out:
	pthread_mutex_unlock(&c->m->map_lock);
	return ret;
}

void wcard_bus_learn(struct wcard_machine *m)
{
	struct wcard_route *old, *route = calloc(1, sizeof(*route));

	if (!route)
		return;
	pthread_mutex_lock(&m->map_lock);
	for (unsigned int i = 0; i < m->ncards; i++) {
		uint64_t bus = wcard_pci_bar2(m->card[i]);

		if (!bus)
			continue;
		route->e[route->n].bus = bus;
		route->e[route->n].bytes = m->card[i]->lmem_bytes;
		route->e[route->n++].card = m->card[i];
	}
	old = atomic_load(&m->route);
	if (!memcmp(old, route, sizeof(*route))) {
		free(route);
	} else {
		atomic_store(&m->route, route);
		atomic_fetch_add(&m->map_gen, 1);
		if (!WCARD_BROKEN(route_no_wait))
			wcard_quiesce(m);
		wcard_quiesce_events(m);
		free(old);
	}
	pthread_mutex_unlock(&m->map_lock);
}

void wcard_link_mask(struct wcard_card *c, unsigned int link, bool off)
{
	if (off)
		atomic_fetch_or(&c->link_off, UINT32_C(1) << link);
	else
		atomic_fetch_and(&c->link_off, WCARD_BROKEN(unmask_all) ? 0 : ~(UINT32_C(1) << link));
	/* What operators keep over units has to be looked up again. */
	if (!WCARD_BROKEN(link_mask_stale))
		atomic_fetch_add(&c->m->map_gen, 1);
	if (!WCARD_BROKEN(link_mask_no_wait))
		wcard_quiesce(c->m);
}

bool wcard_bus_find(struct wcard_card *c, const struct wcard_dma_table *dma, const struct wcard_route *route,
		    uint64_t bus, bool write, struct wcard_target *t)
{
	const struct wcard_dma_map *map;
	unsigned int at;

	if (!atomic_load_explicit(&c->bus_master, memory_order_relaxed))
		return false;
	at = table_lower(dma, bus);
	map = at < dma->n && dma->map[at].bus <= bus ? &dma->map[at] : NULL;
	if (map && map->revoked)
		return false;
	for (unsigned int i = 0; i < route->n; i++) {
		uint64_t off = bus - route->e[i].bus;
		struct wcard_card *peer = route->e[i].card;

		if (off >= route->e[i].bytes)
			continue;
		t->host = peer->lmem + off;
		t->bytes = route->e[i].bytes - off;
		t->fd = peer->lmem_fd;
		t->fd_offset = off;
		t->card = peer;
		return true;
	}
	if (!map || !map->host || (write ? !map->write : !map->read))
		return false;
	t->host = map->host + (bus - map->bus);
	t->bytes = map->bytes - (bus - map->bus);
	t->fd = map->fd;
	t->fd_offset = map->fd_offset + (bus - map->bus);
	t->card = NULL;
	return true;
}
