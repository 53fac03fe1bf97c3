/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Whom the others wait for: a member that is made slow on purpose is the last one, in one process and in another. */
#include "coll_side.h"

#define SLOW_US		3000u
#define ROUNDS		40u
#define NEARLY_ALL	38u

enum { TASK_SLOW, TASKS };

static int open_times(struct set *s, uint32_t flags)
{
	const struct weft_comm_config config = { .size = sizeof(config), .name = "test", .flags = flags };

	RT_OK(weft_comm_create(s->card, s->n, &config, &s->comm));
	RT_OK(weft_window_create(s->comm, BYTES, &s->in));
	RT_OK(weft_window_create(s->comm, BYTES, &s->out));
	return 0;
}

static int look(struct set *s, struct weft_comm_arrivals *a)
{
	*a = (struct weft_comm_arrivals) { .size = sizeof(*a) };
	RT_OK(weft_comm_arrivals(s->comm, a));
	RT_CHECK(a->members == s->n && a->counted <= a->arrivals, "%u members, %llu of %llu", a->members, (unsigned long long)a->counted,
		 (unsigned long long)a->arrivals);
	return 0;
}

/* Between two looks: ROUNDS arrivals, of which nearly all waited for member @slow. */
static int was_last(const struct weft_comm_arrivals *from, const struct weft_comm_arrivals *to, uint32_t slow)
{
	const uint64_t last = to->last[slow] - from->last[slow], waited = to->waited_ns[slow] - from->waited_ns[slow];
	uint64_t all = 0;

	for (uint32_t r = 0; r < to->members; r++) {
		const uint64_t its = to->waited_ns[r] - from->waited_ns[r];

		all += to->last[r] - from->last[r];
		RT_CHECK(r == slow || (its > ROUNDS * SLOW_US * 500ull && waited < its / 2), "member %u waited %.3f ms, slow member %u %.3f ms", r,
			 (double)its / 1e6, slow, (double)waited / 1e6);
	}
	printf("# member %u was last in %llu of %llu, and waited %.3f ms in all; member %u waited %.3f ms\n", slow, (unsigned long long)last,
	       (unsigned long long)all, (double)waited / 1e6, !slow, (double)(to->waited_ns[!slow] - from->waited_ns[!slow]) / 1e6);
	RT_CHECK(all == ROUNDS && to->counted - from->counted == ROUNDS && to->arrivals - from->arrivals == ROUNDS, "%llu of %llu",
		 (unsigned long long)(to->counted - from->counted), (unsigned long long)(to->arrivals - from->arrivals));
	RT_CHECK(last >= NEARLY_ALL, "last in %llu", (unsigned long long)last);
	return 0;
}

/* By every algorithm, and a call of two of them in between, which is nobody else's arrival. */
static int in_one(struct weft *weft)
{
	static const uint32_t algorithms[] = { WEFT_COLL_PUSH, WEFT_COLL_DIRECT, WEFT_COLL_RING };
	struct weft_comm_arrivals from, to;
	struct weft_coll *coll[3], *send;
	uint32_t cards;
	struct set s;
	const int skip = set_open_several(weft, &s, &cards);

	if (skip)
		return skip;
	side_drop(&s);
	if (open_times(&s, WEFT_COMM_TIMES))
		return -1;
	for (uint32_t i = 0; i < 3; i++) {
		const struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .algorithm = algorithms[i], .count = 64,
						  .in = s.in, .out = s.out };

		RT_OK(weft_coll_prepare(s.comm, &d, &coll[i]));
	}
	RT_OK(weft_coll_prepare(s.comm, &(struct weft_coll_desc) { .size = sizeof(struct weft_coll_desc), .op = WEFT_COLL_SEND, .peer = 1,
								    .count = 64, .in = s.in, .out = s.out }, &send));
	if (look(&s, &to))
		return -1;
	for (uint32_t slow = 0; slow < cards; slow++) {
		from = to;
		for (uint32_t i = 0; i < ROUNDS; i++) {
			RT_OK(weft_coll_post(send, 1, WEFT_COLL_EVERYBODY));
			RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
			RT_OK(weft_coll_post(coll[i % 3], 1, WEFT_COLL_EVERYBODY & ~(1u << slow)));
			usleep(SLOW_US);
			RT_OK(weft_coll_post(coll[i % 3], 1, 1u << slow));
			RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
		}
		if (look(&s, &to) || was_last(&from, &to, slow))
			return -1;
	}
	for (uint32_t i = 0; i < 3; i++)
		RT_OK(weft_coll_destroy(coll[i]));
	RT_OK(weft_coll_destroy(send));
	return set_close(&s);
}

/* More repetitions than a card keeps: all are arrivals, the last ones are counted. */
static int many(struct weft *weft)
{
	enum { TIMES = 5 * WEFT_COMM_ARRIVALS / 2 };
	struct weft_comm_arrivals from, to;
	struct weft_coll *coll;
	uint64_t last = 0;
	uint32_t cards;
	struct set s;
	const int skip = set_open_several(weft, &s, &cards);

	if (skip)
		return skip;
	/* without the flag there are none */
	RT_IS(weft_comm_arrivals(s.comm, &to), -EOPNOTSUPP);
	side_drop(&s);
	if (open_times(&s, WEFT_COMM_TIMES) || look(&s, &from))
		return -1;
	RT_CHECK(!from.arrivals && !from.counted, "there are some already");
	RT_OK(weft_coll_prepare(s.comm, &(struct weft_coll_desc) { .size = sizeof(struct weft_coll_desc), .op = WEFT_COLL_BARRIER }, &coll));
	RT_OK(weft_coll_post(coll, TIMES, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(s.comm, 60 * RT_SECOND));
	if (look(&s, &to))
		return -1;
	for (uint32_t r = 0; r < s.n; r++) {
		printf("# member %u was last in %llu of %llu\n", r, (unsigned long long)to.last[r], (unsigned long long)to.counted);
		last += to.last[r];
	}
	RT_CHECK(to.arrivals == TIMES && to.counted == WEFT_COMM_ARRIVALS && last == to.counted, "%llu arrivals, %llu counted, %llu last",
		 (unsigned long long)to.arrivals, (unsigned long long)to.counted, (unsigned long long)last);
	RT_OK(weft_coll_destroy(coll));
	return set_close(&s);
}

/* What it takes: the same calls in turn with and without. For people. */
static int cost(struct weft *weft)
{
	enum { PAIRS = 7, TIMES = 2000 };
	struct weft_coll *coll[2];
	struct set s[2];
	uint32_t cards;
	const int skip = set_open_several(weft, &s[0], &cards);

	if (skip)
		return skip;
	side_drop(&s[0]);
	s[1] = s[0];
	for (uint32_t i = 0; i < 2; i++) {
		struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .count = 2 };

		if (open_times(&s[i], i ? WEFT_COMM_TIMES : 0))
			return -1;
		d.in = s[i].in;
		d.out = s[i].out;
		RT_OK(weft_coll_prepare(s[i].comm, &d, &coll[i]));
	}
	for (uint32_t pair = 0; pair < PAIRS; pair++) {
		double us[2];

		for (uint32_t i = 0; i < 2; i++) {
			const uint64_t began = now_ns();

			RT_OK(weft_coll_post(coll[i], TIMES, WEFT_COLL_EVERYBODY));
			RT_OK(weft_comm_wait(s[i].comm, 60 * RT_SECOND));
			us[i] = (double)(now_ns() - began) / 1e3 / TIMES;
		}
		printf("# an all-reduce of 8 bytes: %.2f us, %.2f us with times\n", us[0], us[1]);
	}
	for (uint32_t i = 0; i < 2; i++) {
		RT_OK(weft_coll_destroy(coll[i]));
		side_drop(&s[i]);
	}
	return cards_close(&s[0]);
}

/* Processes take turns at being late: one comes when it has heard that the other has. Both know, when both have waited. */
static int slow(struct weft *weft, struct side *s)
{
	struct weft_comm_arrivals from, to;
	struct weft_coll *coll;
	struct set set;

	s->flags = WEFT_COMM_TIMES;
	if (side_open(weft, s, &set))
		return -1;
	RT_OK(weft_coll_prepare(set.comm, &(struct weft_coll_desc) { .size = sizeof(struct weft_coll_desc), .op = WEFT_COLL_BARRIER }, &coll));
	if (look(&set, &to))
		return -1;
	for (uint32_t late = 0; late < 2; late++) {
		from = to;
		for (uint32_t i = 0; i < ROUNDS; i++) {
			const int line = s->me ? s->control : s->line[0];

			if (s->me == late && (side_hear(line) || usleep(SLOW_US)))
				return -1;
			RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
			if (s->me != late && side_tell(line))
				return -1;
			RT_OK(weft_comm_wait(set.comm, 60 * RT_SECOND));
		}
		if (s->me ? side_tell(s->control) || side_hear(s->control) : side_hear(s->line[0]) || side_tell(s->line[0]))
			return -1;
		if (look(&set, &to) || was_last(&from, &to, late))
			return -1;
		/* nobody is in the next turn before both have looked */
		if (s->me ? side_tell(s->control) || side_hear(s->control) : side_hear(s->line[0]) || side_tell(s->line[0]))
			return -1;
	}
	RT_OK(weft_coll_destroy(coll));
	return side_close(&set);
}

static const side_task tasks[TASKS] = { [TASK_SLOW] = slow };

static int in_two(struct weft *weft)
{
	struct side s = { .task = TASK_SLOW, .l = { 2, { 0, 1 }, { 0, 1 } } };

	return side_run_on(weft, 2, &s, 1, slow);
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "a slow member is the last, in one process", in_one },
		{ "a slow member is the last, in another process", in_two },
		{ "more arrivals than a card keeps", many },
		{ "what times of arrivals take", cost },
	};

	return argc > 1 ? side_main(argv, tasks) : rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
