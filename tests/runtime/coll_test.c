/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Collective calls on cards, against what the operations mean, computed here. COUNT kinds of calls out of all there are, other
 * ones for each SEED: one after the other, seeds from 1 on have all of them.
 */
#include "coll_mean.h"
#include "host_work.h"

static int kinds(struct weft *weft)
{
	uint64_t count = rt_number("COUNT", 200), seed = rt_number("SEED", 1) - 1, all = 0, done = 0;
	struct weft_coll_desc d;
	uint32_t cards;
	struct set s;

	if (reach(weft, &cards))
		return -1;
	s.n = 1;
	while (kind(&s, all, &d))
		all++;
	for (uint32_t n = 1; n <= cards; n++) {
		if (set_open(weft, &s, n, 0))
			return -1;
		for (uint64_t k = 0; k < count; k++) {
			int ret;

			/* neighbours are alike, so the next one is far away; a prime that does not divide their number meets all */
			kind(&s, (seed * count + k) % all * 1999 % all, &d);
			ret = one(&s, &d);
			if (ret < 0)
				return ret;
			done += !ret;
		}
		if (set_close(&s))
			return -1;
	}
	printf("# %llu calls on up to %u cards, of %llu kinds\n", (unsigned long long)done, cards, (unsigned long long)all);
	return 0;
}

/* --- order of sums --- */

static float tree(const float *v, uint32_t n)
{
	uint32_t half = 1;

	if (n == 1)
		return v[0];
	while (half * 2 < n)
		half *= 2;
	return tree(v, half) + tree(v + half, n - half);
}

static int bits(struct weft *weft)
{
	enum { COUNT = 3000 };
	static float data[MOST][COUNT], want[COUNT], got[COUNT];
	static const uint32_t algorithms[] = { WEFT_COLL_PUSH, WEFT_COLL_DIRECT, WEFT_COLL_AUTO };
	uint64_t seed = 7;
	uint32_t cards;
	struct set s;

	if (reach(weft, &cards) || set_open(weft, &s, cards, 0))
		return -1;
	for (uint32_t r = 0; r < cards; r++) {
		for (uint32_t i = 0; i < COUNT; i++)
			data[r][i] = (float)(int64_t)rt_random(&seed) * 1e-15f;
		RT_OK(weft_memory_write(weft_window_memory(s.in, r), 0, data[r], sizeof(data[r])));
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		float v[MOST];

		for (uint32_t r = 0; r < cards; r++)
			v[r] = data[r][i];
		want[i] = tree(v, cards);
	}
	for (uint32_t a = 0; a < sizeof(algorithms) / sizeof(algorithms[0]); a++) {
		const struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .algorithm = algorithms[a], .count = COUNT,
						  .in = s.in, .out = s.out };
		struct weft_coll *coll;

		RT_OK(weft_coll_prepare(s.comm, &d, &coll));
		RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
		RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
		for (uint32_t r = 0; r < cards; r++) {
			RT_OK(weft_memory_read(weft_window_memory(s.out, r), 0, got, sizeof(got)));
			RT_CHECK(!memcmp(got, want, sizeof(got)), "%s, member %u", weft_coll_algorithm_name(weft_coll_algorithm(coll)), r);
		}
		RT_OK(weft_coll_destroy(coll));
	}
	return set_close(&s);
}

/* --- many --- */

/* In place, so that each works on what the one before left: i32 wrap, and the order of calls matters. */
static int many(struct weft *weft)
{
	enum { POSTS = 300, COUNT = 100, CALLS = 4 };
	static const uint32_t algorithms[CALLS] = { WEFT_COLL_PUSH, WEFT_COLL_DIRECT, WEFT_COLL_RING, WEFT_COLL_DIRECT };
	struct weft_coll *coll[CALLS];
	uint64_t seed = rt_number("SEED", 1), waits = 0;
	uint32_t data[COUNT], value[MOST];
	uint32_t cards;
	struct set s;

	if (reach(weft, &cards) || set_open(weft, &s, cards, 0))
		return -1;
	for (uint32_t c = 0; c < CALLS; c++) {
		const bool broadcast = c == CALLS - 1;
		const struct weft_coll_desc d = {
			.size = sizeof(d), .op = broadcast ? WEFT_COLL_BROADCAST : WEFT_COLL_ALL_REDUCE, .count = COUNT, .type = WEFT_TYPE_I32,
			.algorithm = cards == 1 ? WEFT_COLL_DIRECT : algorithms[c], .root = broadcast ? cards - 1 : 0, .out = s.out };

		RT_OK(weft_coll_prepare(s.comm, &d, &coll[c]));
	}
	for (uint32_t r = 0; r < cards; r++) {
		value[r] = r + 1;
		for (uint32_t i = 0; i < COUNT; i++)
			data[i] = value[r];
		RT_OK(weft_memory_write(weft_window_memory(s.out, r), 0, data, sizeof(data)));
	}
	for (uint32_t p = 0; p < POSTS; p++) {
		const uint32_t c = (uint32_t)(rt_random(&seed) % CALLS);
		const uint64_t times = 1 + rt_random(&seed) % 5;
		int ret;

		while ((ret = weft_coll_post(coll[c], times, WEFT_COLL_EVERYBODY)) == -EAGAIN) {
			RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
			waits++;
		}
		RT_OK(ret);
		for (uint64_t t = 0; t < times; t++) {
			uint32_t sum = 0;

			for (uint32_t r = 0; r < cards; r++)
				sum += value[r];
			for (uint32_t r = 0; r < cards; r++)
				value[r] = c == CALLS - 1 ? value[cards - 1] : sum;
		}
		/* so that it does not become 0 for good: an odd number to one of them */
		if (p % 16 == 15) {
			RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
			for (uint32_t r = 0; r < cards; r++) {
				RT_OK(weft_memory_read(weft_window_memory(s.out, r), 0, data, sizeof(data)));
				for (uint32_t i = 0; i < COUNT; i++)
					RT_CHECK(data[i] == value[r], "post %u: member %u has %u, wanted %u", p, r, data[i], value[r]);
			}
			value[0] = p;
			for (uint32_t i = 0; i < COUNT; i++)
				data[i] = p;
			RT_OK(weft_memory_write(weft_window_memory(s.out, 0), 0, data, sizeof(data)));
		}
	}
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	for (uint32_t c = 0; c < CALLS; c++)
		RT_OK(weft_coll_destroy(coll[c]));
	printf("# %u posts, %llu times the ring was full\n", POSTS, (unsigned long long)waits);
	return set_close(&s);
}

/* Posting enters no kernel, and what is posted runs while the host sleeps once. */
static int no_host(struct weft *weft)
{
	enum { POSTS = 32, TIMES = 1000 };
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .count = 1024 };
	struct host_work from, to, posts, run;
	struct weft_coll *coll;
	uint32_t cards;
	struct set s;

	if (reach(weft, &cards) || set_open(weft, &s, cards, 0))
		return -1;
	d.in = s.in;
	d.out = s.out;
	RT_OK(weft_coll_prepare(s.comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	if (host_work_look(weft, s.card, 0, &from))
		return -1;
	for (uint32_t i = 0; i < POSTS; i++)
		RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	if (host_work_look(weft, s.card, 0, &to))
		return -1;
	posts = host_work_since(&from, &to);
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	if (host_work_look(weft, s.card, cards, &from))
		return -1;
	RT_OK(weft_coll_post(coll, TIMES, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	if (host_work_look(weft, s.card, cards, &to))
		return -1;
	run = host_work_since(&from, &to);
	printf("# %u posts: %llu calls, %llu switches. %u repetitions on %u cards: %llu calls, %llu switches, %llu interrupts\n", POSTS,
	       (unsigned long long)posts.calls, (unsigned long long)posts.switches, TIMES, cards, (unsigned long long)run.calls,
	       (unsigned long long)run.switches, (unsigned long long)run.irqs);
	RT_CHECK(!posts.calls, "posting makes system calls");
	/* of each member: a look's two calls, a wait and its wake, a queue that is idle at the end, and on a slow machine before */
	RT_CHECK(run.calls <= 5 * cards && run.switches <= 4 * cards && run.irqs <= cards * (4 + TIMES / 100), "see above");
	RT_OK(weft_coll_destroy(coll));
	return set_close(&s);
}

/* --- who does not come, or comes with something else --- */

static int late(struct weft *weft)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_BARRIER };
	struct weft_coll *coll;
	uint32_t cards;
	struct set s;
	const int skip = set_open_several(weft, &s, &cards);

	if (skip)
		return skip;
	RT_OK(weft_coll_prepare(s.comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY & ~2u));
	RT_IS(weft_comm_wait(s.comm, RT_SECOND / 2), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "member 0 waits for member 1, which has not come"), "%s", weft_last_error());
	printf("# %s\n", weft_last_error());
	RT_IS(weft_coll_destroy(coll), -EBUSY);
	RT_OK(weft_coll_post(coll, 1, 2));
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	RT_OK(weft_coll_destroy(coll));
	return set_close(&s);
}

static int mismatch(struct weft *weft)
{
	struct weft_coll_desc sum = { .size = sizeof(sum), .op = WEFT_COLL_ALL_REDUCE, .count = 5 }, all = sum;
	struct weft_coll *a, *b;
	uint32_t cards, data[8] = { 0 }, got[8];
	struct set s;
	const int skip = set_open_several(weft, &s, &cards);

	if (skip)
		return skip;
	sum.in = all.in = s.in;
	sum.out = all.out = s.out;
	all.op = WEFT_COLL_ALL_GATHER;
	all.count = 2;
	RT_OK(weft_coll_prepare(s.comm, &sum, &a));
	RT_OK(weft_coll_prepare(s.comm, &all, &b));
	for (uint32_t r = 0; r < cards; r++)
		RT_OK(weft_memory_write(weft_window_memory(s.out, r), 0, data, sizeof(data)));
	RT_OK(weft_coll_post(a, 1, WEFT_COLL_EVERYBODY & ~2u));
	RT_OK(weft_coll_post(b, 1, 2));
	RT_IS(weft_comm_wait(s.comm, 60 * RT_SECOND), -EPROTO);
	RT_CHECK(strstr(weft_last_error(), "all-reduce of 5 f32") && strstr(weft_last_error(), "all-gather of 2 f32"), "%s", weft_last_error());
	printf("# %s\n", weft_last_error());
	for (uint32_t r = 0; r < cards; r++) {
		RT_OK(weft_memory_read(weft_window_memory(s.out, r), 0, got, sizeof(got)));
		RT_CHECK(!memcmp(got, data, sizeof(data)), "member %u's output was written", r);
	}
	RT_OK(weft_coll_destroy(a));
	RT_OK(weft_coll_destroy(b));
	return set_close(&s);
}

/* --- a member's card is reset in the middle --- */

static int reset(struct weft *weft)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .count = 4096 };
	struct weft_coll *coll;
	uint32_t cards;
	struct set s;
	const int skip = set_open_several(weft, &s, &cards);

	if (skip)
		return skip;
	d.out = s.out;
	RT_OK(weft_coll_prepare(s.comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1ull << 32, WEFT_COLL_EVERYBODY));
	usleep(100000);
	if (reset_card(s.card[1]))
		return -1;
	RT_IS(weft_comm_wait(s.comm, 60 * RT_SECOND), -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "communicator test: member 1, card 1, has stopped: "), "%s", weft_last_error());
	printf("# %s\n", weft_last_error());
	RT_IS(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY), -EOWNERDEAD);
	/* the memory of the card that was reset is gone, and says so */
	weft_coll_destroy(coll);
	weft_window_destroy(s.in);
	weft_window_destroy(s.out);
	weft_comm_destroy(s.comm);
	for (uint32_t i = 0; i < s.n; i++)
		weft_device_close(s.card[i]);
	/* and a new one works */
	if (set_open(weft, &s, cards, 0))
		return -1;
	d.out = s.out;
	d.in = s.in;
	d.type = WEFT_TYPE_I32;
	if (one(&s, &d))
		return -1;
	return set_close(&s);
}

/* --- calls in one line --- */

static int one_line(struct weft *weft)
{
	enum { COUNT = 300, MANY = 70 };	/* more than are kept */
	uint32_t cards, data[COUNT], sum = 0;
	struct host_work from, to, work;
	struct weft_at in, out;
	struct set s;

	if (reach(weft, &cards) || set_open(weft, &s, cards, 0))
		return -1;
	in = (struct weft_at) { s.in, 0 };
	out = (struct weft_at) { s.out, 64 };
	for (uint32_t r = 0; r < cards; r++) {
		for (uint32_t i = 0; i < COUNT; i++)
			data[i] = r + 1;
		sum += r + 1;
		RT_OK(weft_memory_write(weft_window_memory(s.in, r), 0, data, sizeof(data)));
	}
	RT_OK(weft_all_reduce(s.comm, in, out, COUNT, WEFT_TYPE_I32, WEFT_REDUCTION_SUM));
	RT_OK(weft_broadcast(s.comm, out, in, COUNT, WEFT_TYPE_I32, cards - 1));
	RT_OK(weft_barrier(s.comm));
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	/* once more: they are prepared already */
	if (host_work_look(weft, s.card, 0, &from))
		return -1;
	RT_OK(weft_all_reduce(s.comm, in, out, COUNT, WEFT_TYPE_I32, WEFT_REDUCTION_SUM));
	RT_OK(weft_broadcast(s.comm, out, in, COUNT, WEFT_TYPE_I32, cards - 1));
	if (host_work_look(weft, s.card, 0, &to))
		return -1;
	work = host_work_since(&from, &to);
	RT_CHECK(!work.calls, "%llu system calls", (unsigned long long)work.calls);
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	for (uint32_t r = 0; r < cards; r++) {
		RT_OK(weft_memory_read(weft_window_memory(s.in, r), 0, data, sizeof(data)));
		for (uint32_t i = 0; i < COUNT; i++)
			RT_CHECK(data[i] == sum * cards, "member %u has %u, wanted %u", r, data[i], sum * cards);
	}
	/* a group: all, or none */
	RT_OK(weft_group_begin());
	RT_OK(weft_reduce(s.comm, in, out, COUNT, WEFT_TYPE_I32, WEFT_REDUCTION_MAX, 0));
	RT_IS(weft_reduce(s.comm, in, out, COUNT, WEFT_TYPE_I32, WEFT_REDUCTION_MAX, cards), -EINVAL);
	RT_IS(weft_group_end(RT_SECOND), -EINVAL);
	RT_IS(weft_group_end(RT_SECOND), -EINVAL);
	RT_OK(weft_group_begin());
	RT_OK(weft_group_begin());
	RT_OK(weft_all_gather(s.comm, in, out, 16, WEFT_TYPE_I32));
	RT_OK(weft_all_to_all(s.comm, in, out, 16, WEFT_TYPE_I32));
	RT_OK(weft_group_end(RT_SECOND));
	RT_OK(weft_reduce_scatter(s.comm, in, out, 16, WEFT_TYPE_I32, WEFT_REDUCTION_MIN));
	if (cards > 1)
		RT_OK(weft_send(s.comm, in, out, 16, WEFT_TYPE_I32, 0, 1));
	RT_OK(weft_group_end(60 * RT_SECOND));
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	RT_OK(weft_memory_read(weft_window_memory(s.out, 0), 64, data, 64));
	RT_CHECK(data[0] == sum * cards && data[15] == sum * cards, "%u and %u", data[0], data[15]);
	/* those that were used longest ago make room, and all go with their windows */
	for (uint32_t i = 1; i <= MANY; i++) {
		RT_OK(weft_all_reduce(s.comm, in, out, i, WEFT_TYPE_I32, WEFT_REDUCTION_MAX));
		RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	}
	RT_OK(weft_barrier(s.comm));
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	return set_close(&s);
}

/* Two members in the opposite order as a communicator of their own, on the memory of the first one's window. */
static int views(struct weft *weft)
{
	const uint32_t members[2] = { 1, 0 }, twice[2] = { 1, 1 }, wrong[2] = { 0, 1 };
	uint32_t cards, data[2][4] = { { 1, 2, 3, 4 }, { 10, 20, 30, 40 } }, got[4];
	struct weft_device *two[2];
	struct weft_window *view, *found;
	struct weft_comm *comm;
	uint64_t offset;
	struct set s;
	void *map;
	int ret = set_open_several(weft, &s, &cards);

	if (ret)
		return ret;
	two[0] = s.card[1];
	two[1] = s.card[0];
	RT_OK(weft_comm_create(two, 2, NULL, &comm));
	RT_IS(weft_window_view(s.out, comm, wrong, &view), -EINVAL);
	RT_IS(weft_window_view(s.out, comm, twice, &view), -EINVAL);
	RT_OK(weft_window_view(s.out, comm, members, &view));
	RT_IS(weft_window_view(view, s.comm, members, &found), -EINVAL);
	RT_CHECK(weft_window_memory(view, 0) == weft_window_memory(s.out, 1) && weft_window_memory(view, 1) == weft_window_memory(s.out, 0) &&
		 weft_window_address(view, 0) == weft_window_address(s.out, 1) && !weft_window_address(view, 2), "members");
	/* pointers, by either communicator */
	RT_OK(weft_memory_map(weft_window_memory(s.out, 0), &map));
	RT_OK(weft_window_find(comm, (char *)map + 256, 16, &found, &offset));
	RT_CHECK(found == view && offset == 256, "by the second communicator");
	RT_OK(weft_window_find(s.comm, (char *)map + BYTES + GAP - 16, 16, &found, &offset));
	RT_CHECK(found == s.out && offset == BYTES + GAP - 16, "by the first");
	RT_IS(weft_window_find(comm, (char *)map + BYTES + GAP - 16, 17, &found, &offset), -ENOENT);
	RT_IS(weft_window_find(comm, &s, 1, &found, &offset), -ENOENT);
	/* a call of the second one: member 0 of it is card 1 */
	for (uint32_t i = 0; i < 2; i++)
		RT_OK(weft_memory_write(weft_window_memory(s.out, i), 256, data[i], sizeof(data[i])));
	RT_OK(weft_broadcast(comm, (struct weft_at) { NULL, 0 }, (struct weft_at) { view, 256 }, 2, WEFT_TYPE_I32, 0));
	RT_OK(weft_all_reduce(comm, (struct weft_at) { NULL, 0 }, (struct weft_at) { view, 264 }, 2, WEFT_TYPE_I32, WEFT_REDUCTION_SUM));
	RT_OK(weft_comm_wait(comm, 60 * RT_SECOND));
	for (uint32_t i = 0; i < 2; i++) {
		RT_OK(weft_memory_read(weft_window_memory(view, i), 256, got, sizeof(got)));
		RT_CHECK(got[0] == 10 && got[1] == 20 && got[2] == 33 && got[3] == 44, "member %u has %u %u %u %u", i, got[0], got[1], got[2], got[3]);
	}
	RT_IS(weft_window_destroy(s.out), -EBUSY);
	RT_IS(weft_comm_destroy(comm), -EINVAL);
	RT_OK(weft_window_destroy(view));
	RT_OK(weft_comm_destroy(comm));
	return set_close(&s);
}

static int refusals(struct weft *weft)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .count = 5 }, e;
	struct weft_comm_config config = { .size = sizeof(config), .slot_bytes = 100 };
	struct weft_device *same[2];
	struct weft_coll *coll;
	struct weft_comm *comm;
	struct set s;

	if (set_open(weft, &s, 1, 0))
		return -1;
	same[0] = same[1] = s.card[0];
	RT_IS(weft_comm_create(same, 2, NULL, &comm), -EINVAL);
	RT_IS(weft_comm_create(same, 0, NULL, &comm), -EINVAL);
	RT_IS(weft_comm_create(same, 1, &config, &comm), -EINVAL);
	config.slot_bytes = 0;
	config.posts = 7;
	RT_IS(weft_comm_create(same, 1, &config, &comm), -EINVAL);
	RT_IS(weft_coll_prepare(s.comm, &d, &coll), -EINVAL);
	d.out = s.out;
	RT_OK(weft_coll_prepare(s.comm, &d, &coll));
	RT_IS(weft_coll_post(coll, 0, WEFT_COLL_EVERYBODY), -EINVAL);
	RT_IS(weft_coll_post(coll, 1, 1 << 16), -EINVAL);
	RT_IS(weft_comm_destroy(s.comm), -EINVAL);
	RT_IS(weft_window_destroy(s.out), -EBUSY);
	RT_OK(weft_coll_destroy(coll));
	e = d, e.op = WEFT_COLL_OPS;
	RT_IS(weft_coll_prepare(s.comm, &e, &coll), -EINVAL);
	e = d, e.type = WEFT_TYPE_U32;
	RT_IS(weft_coll_prepare(s.comm, &e, &coll), -EINVAL);
	e = d, e.root = 1;
	RT_IS(weft_coll_prepare(s.comm, &e, &coll), -EINVAL);
	e = d, e.out_offset = 2;
	RT_IS(weft_coll_prepare(s.comm, &e, &coll), -EINVAL);
	e = d, e.out_offset = BYTES + GAP - 16;
	RT_IS(weft_coll_prepare(s.comm, &e, &coll), -EINVAL);
	e = d, e.algorithm = WEFT_COLL_PULL;
	RT_IS(weft_coll_prepare(s.comm, &e, &coll), -EOPNOTSUPP);
	e = d, e.op = WEFT_COLL_REDUCE_SCATTER;
	RT_IS(weft_coll_prepare(s.comm, &e, &coll), -EINVAL);
	RT_IS(weft_window_create(s.comm, 0, &s.in), -EINVAL);
	return set_close(&s);
}

/* Documentation/runtime/coll.c, as a reader would run it. */
static int program(struct weft *weft)
{
	const int skip = needs(weft, 2);

	if (skip)
		return skip;
	RT_CHECK(!access("./coll_program", X_OK), "coll_program is not here");
	RT_CHECK(!system("./coll_program"), "it failed");
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "operations, types and counts, in place and not, by every algorithm", kinds },
		{ "sums have the bits of the fixed tree", bits },
		{ "many posts, each on what the one before left", many },
		{ "a thousand repetitions without the host", no_host },
		{ "a member that does not come", late },
		{ "members that come with different calls", mismatch },
		{ "a member's card is reset", reset },
		{ "calls in one line, and groups of them", one_line },
		{ "a window seen by another communicator, and found by a pointer", views },
		{ "bad use of communicators", refusals },
		{ "the program of the documentation", program },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
