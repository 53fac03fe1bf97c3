/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "times.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/core/library.h"

int weft_times_init(struct weft_comm *c, uint32_t rank)
{
	struct weft_comm_member *m = &c->member[rank];
	void *map;
	int ret = weft_memory_alloc(m->device, WEFT_COMM_ARRIVALS * WEFT_TIMES_EACH * sizeof(uint64_t), WEFT_PLACE_LOCAL, &m->times);

	if (!ret)
		ret = weft_memory_map(m->times, &map);
	if (!ret)
		m->times_map = map;
	return ret;
}

void weft_times_tell(struct weft_comm *c, uint32_t rank, uint64_t number)
{
	struct weft_comm_member *m = &c->member[rank];

	if (!m->times_map)
		return;
	pthread_mutex_lock(&c->lock);
	if (m->told + WEFT_COMM_ARRIVALS < number)
		m->told = number - WEFT_COMM_ARRIVALS;
	while (m->told < number) {
		const volatile uint64_t *at = m->times_map + m->told % WEFT_COMM_ARRIVALS * WEFT_TIMES_EACH;
		const uint64_t came = at[WEFT_TIMES_CAME], all = at[WEFT_TIMES_ALL];

		weft_board_put_time(&c->board, rank, (struct weft_board_time) { ++m->told, all > came ? all - came : 0 });
	}
	pthread_mutex_unlock(&c->lock);
}

/* The members' waits of one arrival; the last one is who waited least. */
static void count(struct weft_comm_arrivals *a, uint32_t ranks, const struct weft_board_time (*time)[WEFT_BOARD_TIMES], uint64_t number)
{
	uint32_t last = 0;

	for (uint32_t r = 0; r < ranks; r++) {
		const struct weft_board_time *t = &time[r][number % WEFT_BOARD_TIMES];

		/* it has made room for a later one */
		if (t->number != number)
			return;
		if (t->waited_ns < time[last][number % WEFT_BOARD_TIMES].waited_ns)
			last = r;
	}
	for (uint32_t r = 0; r < ranks; r++)
		a->waited_ns[r] += time[r][number % WEFT_BOARD_TIMES].waited_ns;
	a->last[last]++;
	a->counted++;
}

/* with lock */
static int look(struct weft_comm *c)
{
	struct weft_board_time (*time)[WEFT_BOARD_TIMES] = calloc(c->ranks, sizeof(*time));
	struct weft_comm_arrivals *a = &c->arrivals;
	uint64_t all = UINT64_MAX;

	if (!time)
		return weft_fail(-ENOMEM, "weft_comm_arrivals");
	for (uint32_t r = 0; r < c->ranks; r++) {
		uint64_t newest = 0;

		weft_board_times(&c->board, c->mesh.process[r], r, time[r]);
		for (uint32_t i = 0; i < WEFT_BOARD_TIMES; i++)
			newest = time[r][i].number > newest ? time[r][i].number : newest;
		all = newest < all ? newest : all;
	}
	/* what another process says never makes it go back, or go on without an end */
	if (all > a->arrivals) {
		const uint64_t first = all - a->arrivals > WEFT_BOARD_TIMES ? all - WEFT_BOARD_TIMES + 1 : a->arrivals + 1;

		for (uint64_t n = first; n <= all; n++)
			count(a, c->ranks, time, n);
		a->arrivals = all;
	}
	free(time);
	return 0;
}

int weft_comm_arrivals(struct weft_comm *comm, struct weft_comm_arrivals *arrivals)
{
	struct weft_comm_arrivals now;
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (ret)
		return ret;
	if (!(comm->flags & WEFT_COMM_TIMES))
		return weft_fail(-EOPNOTSUPP, "weft_comm_arrivals: communicator %s was made without WEFT_COMM_TIMES", comm->name);
	pthread_mutex_lock(&comm->lock);
	ret = look(comm);
	now = comm->arrivals;
	pthread_mutex_unlock(&comm->lock);
	now.size = sizeof(now);
	now.members = comm->ranks;
	return ret ? ret : weft_give(arrivals, &now, sizeof(now), sizeof(now), __func__);
}
