/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Orders of calls: communicators of random members, whose calls each process posts in an order of its own, COUNT rounds of them,
 * others for each SEED; and calls of one communicator that come in opposite orders.
 */
#include "coll_side.h"

enum { MANY, ORDERS, TASKS };

/* --- many communicators --- */

#define COMMS	4u
#define POSTS	10u		/* to each in a round */
#define ROUNDS	15u		/* until there are others */
#define NUMBERS	64u

struct one_of {
	struct set set;
	struct weft_coll *coll[3];
	uint32_t value[MOST], n, posted, script[POSTS];
};

/* Of random members, at least one of each process. */
static int one_open(struct side *s, const struct set *cards, struct one_of *c, const char *path, uint64_t *both)
{
	struct side sub = *s;
	uint32_t mask;

	do
		mask = (uint32_t)(rt_random(both) % (1u << s->l.n));
	while (!(mask & 5) || !(mask & 10));
	*c = (struct one_of) { 0 };
	for (uint32_t r = 0; r < s->l.n; r++)
		if (mask >> r & 1) {
			c->set.card[c->n] = cards->card[r];
			sub.l.process[c->n++] = s->l.process[r];
		}
	c->set.n = sub.l.n = c->n;
	RT_OK(side_join(&sub, &c->set, path, JOIN_NS));
	RT_OK(weft_window_create(c->set.comm, NUMBERS * 4, &c->set.out));
	for (uint32_t j = 0; j < 3; j++) {
		const struct weft_coll_desc d = {
			.size = sizeof(d), .op = j == 2 ? WEFT_COLL_BROADCAST : WEFT_COLL_ALL_REDUCE, .type = WEFT_TYPE_I32,
			.algorithm = j == 1 ? WEFT_COLL_PUSH : WEFT_COLL_DIRECT, .count = NUMBERS, .out = c->set.out, .root = j == 2 ? c->n - 1 : 0 };

		RT_OK(weft_coll_prepare(c->set.comm, &d, &c->coll[j]));
	}
	return 0;
}

/* What it begins with, and the calls to come; nobody uses members here any more when they have ended. */
static int one_begin(struct one_of *c, uint64_t *both)
{
	uint32_t data[NUMBERS];

	c->posted = 0;
	for (uint32_t r = 0; r < c->n; r++) {
		c->value[r] = (uint32_t)rt_random(both);
		for (uint32_t i = 0; i < NUMBERS; i++)
			data[i] = c->value[r];
		if (weft_window_memory(c->set.out, r))
			RT_OK(weft_memory_write(weft_window_memory(c->set.out, r), 0, data, sizeof(data)));
	}
	for (uint32_t i = 0; i < POSTS; i++)
		c->script[i] = (uint32_t)(rt_random(both) % 3);
	return 0;
}

static int one_check(struct one_of *c)
{
	uint32_t got[NUMBERS];

	RT_OK(weft_comm_wait(c->set.comm, 60 * RT_SECOND));
	for (uint32_t r = 0; r < c->n; r++) {
		if (!weft_window_memory(c->set.out, r))
			continue;
		RT_OK(weft_memory_read(weft_window_memory(c->set.out, r), 0, got, sizeof(got)));
		for (uint32_t i = 0; i < NUMBERS; i++)
			RT_CHECK(got[i] == c->value[r], "member %u of %u has %u, wanted %u", r, c->n, got[i], c->value[r]);
	}
	return 0;
}

static int one_close(struct one_of *c)
{
	for (uint32_t j = 0; j < 3; j++)
		RT_OK(weft_coll_destroy(c->coll[j]));
	RT_OK(weft_window_destroy(c->set.out));
	RT_OK(weft_comm_destroy(c->set.comm));
	return 0;
}

/*
 * Communicators of random members, whose calls both processes post in an order of their own: only that of each communicator is the
 * same. All in place, so that each works on what the one before left, as a model of it here.
 */
static int many(struct weft *weft, struct side *s)
{
	uint64_t both = s->seed * 1000003, own = both * 31 + s->me, posts = 0;
	struct one_of c[COMMS];
	struct set cards;

	if (side_cards(weft, s, &cards))
		return -1;
	for (uint64_t round = 0; round < s->count; round++) {
		for (uint32_t k = 0; k < COMMS; k++) {
			char path[108];

			snprintf(path, sizeof(path), "%s-%llu-%u", s->path, (unsigned long long)round, k);
			if ((round % ROUNDS == 0 && one_open(s, &cards, &c[k], path, &both)) || one_begin(&c[k], &both))
				return -1;
		}
		for (uint32_t left = POSTS * COMMS; left; ) {
			const uint32_t k = (uint32_t)(rt_random(&own) % COMMS);
			uint32_t sum = 0, j;
			int ret;

			if (c[k].posted == POSTS)
				continue;
			j = c[k].script[c[k].posted];
			ret = weft_coll_post(c[k].coll[j], 1, WEFT_COLL_EVERYBODY);
			if (ret == -EAGAIN) {	/* may need calls that the other process has not posted: no order is wrong */
				usleep(500);
				continue;
			}
			RT_OK(ret);
			for (uint32_t r = 0; r < c[k].n; r++)
				sum += c[k].value[r];
			for (uint32_t r = 0; r < c[k].n; r++)
				c[k].value[r] = j == 2 ? c[k].value[c[k].n - 1] : sum;
			c[k].posted++;
			left--;
			posts++;
		}
		for (uint32_t k = 0; k < COMMS; k++)
			if (one_check(&c[k]) || ((round % ROUNDS == ROUNDS - 1 || round == s->count - 1) && one_close(&c[k])))
				return -1;
	}
	printf("# process %u: %llu rounds, %llu posts to %u communicators at a time\n", s->me, (unsigned long long)s->count,
	       (unsigned long long)posts, COMMS);
	return cards_close(&cards);
}

/* --- opposite orders --- */

/*
 * Two calls that the processes post in opposite orders, on one communicator: both of them the same, or a mismatch with both sides
 * in the text of each. Pairs of all operations that two members have.
 */
static int orders(struct weft *weft, struct side *s)
{
	uint32_t completed = 0, mismatched = 0;
	struct set set;

	if (side_cards(weft, s, &set))
		return -1;
	for (uint32_t pair = 0; pair < s->count; pair++) {
		struct weft_coll_desc d[2];
		struct weft_coll *coll[2];
		char path[108];
		int ret;

		snprintf(path, sizeof(path), "%s-%u", s->path, pair);
		RT_OK(side_join(s, &set, path, JOIN_NS));
		if (side_windows(&set))
			return -1;
		for (uint32_t i = 0; i < 2; i++) {
			const uint32_t op = i ? pair / 8 % 8 : pair % 8;

			d[i] = (struct weft_coll_desc) {
				.size = sizeof(d[i]), .op = op, .count = op == WEFT_COLL_BARRIER ? 0 : 16, .in = op ? set.in : NULL,
				.out = op ? set.out : NULL, .peer = op == WEFT_COLL_SEND };
			RT_OK(weft_coll_prepare(set.comm, &d[i], &coll[i]));
		}
		RT_OK(weft_coll_post(coll[s->me], 1, WEFT_COLL_EVERYBODY));
		RT_OK(weft_coll_post(coll[!s->me], 1, WEFT_COLL_EVERYBODY));
		ret = weft_comm_wait(set.comm, 60 * RT_SECOND);
		if (d[0].op == d[1].op) {
			RT_OK(ret);
			completed++;
		} else {
			RT_IS(ret, -EPROTO);
			RT_CHECK(strstr(weft_last_error(), weft_coll_op_name(d[0].op)) && strstr(weft_last_error(), weft_coll_op_name(d[1].op)),
				 "%s and %s: %s", weft_coll_op_name(d[0].op), weft_coll_op_name(d[1].op), weft_last_error());
			mismatched++;
		}
		if (s->me ? side_tell(s->control) || side_hear(s->control) : side_hear(s->line[0]) || side_tell(s->line[0]))
			return -1;
		RT_OK(weft_coll_destroy(coll[0]));
		RT_OK(weft_coll_destroy(coll[1]));
		RT_OK(weft_window_destroy(set.in));
		RT_OK(weft_window_destroy(set.out));
		RT_OK(weft_comm_destroy(set.comm));
	}
	if (!s->me)
		printf("# of %llu pairs in opposite orders %u completed, %u were a mismatch\n", (unsigned long long)s->count, completed, mismatched);
	return cards_close(&set);
}

/* --- all of them --- */

static const side_task tasks[TASKS] = { [MANY] = many, [ORDERS] = orders };

static int interleaved(struct weft *weft)
{
	struct side s = { .task = MANY, .l = { 4, { 0, 1, 0, 1 }, { 0, 1, 2, 3 } }, .seed = rt_number("SEED", 1),
			  .count = rt_number("COUNT", 60) };

	return side_run_on(weft, 4, &s, 1, many);
}

static int opposite(struct weft *weft)
{
	struct side s = { .task = ORDERS, .l = { 2, { 0, 1 }, { 0, 1 } }, .count = 64 };

	return side_run_on(weft, 2, &s, 1, orders);
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "communicators of random members, posted in random order", interleaved },
		{ "pairs of calls in opposite orders", opposite },
	};

	return argc > 1 ? side_main(argv, tasks) : rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
