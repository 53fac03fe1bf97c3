/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What tests do after a communicator has failed: the members that are left go on, and work. */
#ifndef COLL_AFTER_H
#define COLL_AFTER_H

#include "coll_side.h"

#define BOUND_NS	(5 * RT_SECOND)	/* from what happened to the error of a wait, on a slow machine */

/* Calls of a communicator have the right results. */
static inline int right(struct set *set, uint64_t seed)
{
	if (side_windows(set))
		return -1;
	for (uint32_t i = 0; i < 4; i++) {
		struct weft_coll_desc d;
		int ret;

		if (!kind(set, (rt_random(&seed) >> 8) % 4608, &d))
			return rt_say(-1, "kinds");
		ret = one(set, &d);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* The members of @lost are gone: a new communicator of the others, which works; the old one is taken down. */
static inline int go_on(struct side *s, struct set *set, uint32_t lost, uint32_t epoch)
{
	struct weft_comm_info info = { .size = sizeof(info) };
	struct set small = { 0 };

	RT_OK(weft_comm_shrink(set->comm, JOIN_NS, &small.comm));
	RT_OK(weft_comm_info(small.comm, &info));
	for (uint32_t r = 0; r < set->n; r++)
		if (!(lost >> r & 1)) {
			RT_CHECK(small.n < info.members && info.old_rank[small.n] == r, "member %u was %u", small.n, info.old_rank[small.n]);
			small.n++;
		}
	RT_CHECK(info.members == small.n && info.epoch == epoch, "%u members, epoch %llu", info.members, (unsigned long long)info.epoch);
	if (right(&small, s->seed))
		return -1;
	side_drop(set);
	small.card[0] = NULL;
	RT_OK(weft_window_destroy(small.in));
	RT_OK(weft_window_destroy(small.out));
	RT_OK(weft_comm_destroy(small.comm));
	return 0;
}

/* All members have a one, and what all have is added up. */
static inline int add_up(struct weft_comm *comm, uint32_t members)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .type = WEFT_TYPE_I32, .count = 1024 };
	struct weft_coll *coll;
	uint32_t data[1024];
	int ret = weft_window_create(comm, sizeof(data), &d.out);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < 1024; i++)
		data[i] = 1;
	for (uint32_t r = 0; r < members; r++)
		if (weft_window_memory(d.out, r))
			RT_OK(weft_memory_write(weft_window_memory(d.out, r), 0, data, sizeof(data)));
	RT_OK(weft_coll_prepare(comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	ret = weft_comm_wait(comm, 60 * RT_SECOND);
	for (uint32_t r = 0; r < members && !ret; r++) {
		if (!weft_window_memory(d.out, r))
			continue;
		RT_OK(weft_memory_read(weft_window_memory(d.out, r), 0, data, sizeof(data)));
		for (uint32_t i = 0; i < 1024; i++)
			RT_CHECK(data[i] == members, "member %u of %u has %u", r, members, data[i]);
	}
	weft_coll_destroy(coll);
	weft_window_destroy(d.out);
	return ret;
}

/* Of all cards together; 0: one does not open */
static inline uint64_t free_bytes(struct weft *weft, uint32_t cards)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < cards; i++) {
		struct weft_memory_info m = { .size = sizeof(m) };
		struct weft_device *d;

		if (weft_device_open(weft, "card", i, &d))
			return 0;
		weft_device_memory(d, &m);
		sum += m.free_bytes;
		weft_device_close(d);
	}
	return sum;
}

#endif
