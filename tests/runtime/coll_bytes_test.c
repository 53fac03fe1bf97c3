/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Bytes that the cards count on each of their links during a collective call, against formulas of the operations, written here, and
 * against what weft_coll_explain() says of the call.
 */
#include "coll_set.h"

#define LINKS		64u
#define LINK_LOCAL	255u
#define LINES		12u	/* that each of up to four members can have as many of */

struct bytes {
	uint64_t read[MOST][MOST], written[MOST][MOST];	/* [by][of] */
};

/* What member @by of @n moves in memory of member @of in a call whose blocks have @b bytes; the root, where there is one, is 0. */
typedef uint64_t (*formula)(uint32_t n, uint32_t by, uint32_t of, uint64_t b);

static uint64_t slice(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)by, (void)of; return b / n; }
static uint64_t block(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)n, (void)by, (void)of; return b; }
static uint64_t own(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)n; return by == of ? b : 0; }
static uint64_t own_all(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { return by == of ? n * b : 0; }
static uint64_t root_slice(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)by; return of ? 0 : b / n; }
static uint64_t root_block(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)n, (void)by; return of ? 0 : b; }
/* small calls: the own input once for all inboxes, then it again with what came */
static uint64_t pushed(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { return by == of ? (n + 1) * b : 0; }
/* the root gives its input to all others and copies it; they take it out of their inboxes */
static uint64_t cast_in(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)n; return by != of ? 0 : by ? b : 2 * b; }
static uint64_t cast_out(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)n; return by == of || !by ? b : 0; }
/* each round takes a slice from the left, with the own one in the first half */
static uint64_t ring_in(uint32_t n, uint32_t by, uint32_t of, uint64_t b)
{
	const uint64_t left = of == (by + n - 1) % n ? 2 * (n - 1) * (b / n) : 0;

	return left + (of == by ? (n - 1) * (b / n) : 0);
}
static uint64_t ring_out(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { return by == of ? 2 * (n - 1) * (b / n) : 0; }
static uint64_t sent_in(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)n; return !by && !of ? b : 0; }
static uint64_t sent_out(uint32_t n, uint32_t by, uint32_t of, uint64_t b) { (void)n; return !by && of == 1 ? b : 0; }

/* Of all cards, to and from others: what a table of primitives says of a tensor T = the larger of a member's buffers. */
static uint64_t two_t(uint32_t n, uint64_t t) { return 2 * t * (n - 1); }
static uint64_t one_t(uint32_t n, uint64_t t) { return t * (n - 1); }
static uint64_t part_t(uint32_t n, uint64_t t) { return t * (n - 1); }	/* |T|(p-1)/p of the whole tensor, p members' */
static uint64_t once_t(uint32_t n, uint64_t t) { (void)n; return t; }

static const struct {
	uint32_t op, algorithm;
	formula read, written;
	uint64_t (*between)(uint32_t n, uint64_t larger);	/* NULL: not the least */
} calls[] = {
	{ WEFT_COLL_ALL_REDUCE, WEFT_COLL_DIRECT, slice, slice, two_t },
	{ WEFT_COLL_ALL_REDUCE, WEFT_COLL_PUSH, pushed, block, NULL },
	{ WEFT_COLL_ALL_REDUCE, WEFT_COLL_RING, ring_in, ring_out, two_t },
	{ WEFT_COLL_REDUCE_SCATTER, WEFT_COLL_DIRECT, block, own, one_t },
	{ WEFT_COLL_ALL_GATHER, WEFT_COLL_DIRECT, own, block, one_t },
	{ WEFT_COLL_ALL_TO_ALL, WEFT_COLL_DIRECT, own_all, block, part_t },
	{ WEFT_COLL_BROADCAST, WEFT_COLL_DIRECT, root_slice, slice, NULL },
	{ WEFT_COLL_BROADCAST, WEFT_COLL_PULL, root_block, own, one_t },
	{ WEFT_COLL_BROADCAST, WEFT_COLL_PUSH, cast_in, cast_out, one_t },
	{ WEFT_COLL_REDUCE, WEFT_COLL_DIRECT, slice, root_slice, NULL },
	{ WEFT_COLL_SEND, WEFT_COLL_DIRECT, sent_in, sent_out, once_t },
};
#define CALLS	(sizeof(calls) / sizeof(calls[0]))

static int count(const struct set *s, struct bytes *b)
{
	struct weft_device_info info[MOST];
	struct weft_counter counter[LINKS];

	*b = (struct bytes) { 0 };
	for (uint32_t r = 0; r < s->n; r++) {
		info[r] = (struct weft_device_info) { .size = sizeof(info[r]) };
		RT_OK(weft_device_info(s->card[r], &info[r]));
	}
	for (uint32_t by = 0; by < s->n; by++) {
		const int n = weft_device_counters(s->card[by], counter, LINKS, sizeof(counter[0]));

		RT_CHECK(n > 0 && n <= (int)LINKS, "%d links", n);
		for (int i = 0; i < n; i++)
			for (uint32_t of = 0; of < s->n; of++)
				if (of == by ? counter[i].link == LINK_LOCAL :
				    counter[i].link != LINK_LOCAL && counter[i].link && counter[i].peer_serial == info[of].serial) {
					b->read[by][of] += counter[i].read_bytes;
					b->written[by][of] += counter[i].write_bytes;
				}
	}
	return 0;
}

static int run(struct set *s, struct weft_coll *coll, struct bytes *moved)
{
	struct bytes before, after;

	if (count(s, &before))
		return -1;
	RT_OK(weft_coll_post(coll, 3, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(s->comm, 60 * RT_SECOND));
	if (count(s, &after))
		return -1;
	for (uint32_t by = 0; by < s->n; by++)
		for (uint32_t of = 0; of < s->n; of++) {
			moved->read[by][of] = (after.read[by][of] - before.read[by][of]) / 3;
			moved->written[by][of] = (after.written[by][of] - before.written[by][of]) / 3;
		}
	return 0;
}

static int one(struct set *s, size_t i, uint64_t *between)
{
	const uint64_t elements = LINES * 16, b = elements * 4;
	const struct weft_coll_desc d = {
		.size = sizeof(d), .op = calls[i].op, .algorithm = calls[i].algorithm, .count = elements, .in = s->in, .out = s->out,
		.peer = calls[i].op == WEFT_COLL_SEND ? 1 : 0,
	};
	const struct weft_coll_case what = {
		.size = sizeof(what), .op = d.op, .algorithm = d.algorithm, .count = elements, .members = s->n, .peer = d.peer,
	};
	struct weft_coll_explanation said = { .size = sizeof(said) };
	struct weft_coll *coll;
	struct bytes moved;

	RT_OK(weft_coll_prepare(s->comm, &d, &coll));
	RT_OK(weft_coll_explain(&what, &said));
	if (run(s, coll, &moved))
		return -1;
	RT_OK(weft_coll_destroy(coll));
	*between = 0;
	for (uint32_t by = 0; by < s->n; by++)
		for (uint32_t of = 0; of < s->n; of++) {
			const uint64_t read = calls[i].read(s->n, by, of, b), written = calls[i].written(s->n, by, of, b);

			RT_CHECK(moved.read[by][of] == read && moved.written[by][of] == written,
				 "%s by %s: member %u in memory of %u of %u: read %llu, wrote %llu, wanted %llu and %llu", weft_coll_op_name(d.op),
				 weft_coll_algorithm_name(d.algorithm), by, of, s->n, (unsigned long long)moved.read[by][of],
				 (unsigned long long)moved.written[by][of], (unsigned long long)read, (unsigned long long)written);
			RT_CHECK(said.read_bytes[by][of] == read && said.written_bytes[by][of] == written,
				 "%s by %s: explained otherwise: member %u in memory of %u of %u", weft_coll_op_name(d.op),
				 weft_coll_algorithm_name(d.algorithm), by, of, s->n);
			*between += by == of ? 0 : read + written;
		}
	if (calls[i].between) {
		const bool many = d.op == WEFT_COLL_REDUCE_SCATTER || d.op == WEFT_COLL_ALL_GATHER || d.op == WEFT_COLL_ALL_TO_ALL;
		const uint64_t least = calls[i].between(s->n, many ? s->n * b : b);

		RT_CHECK(*between == least, "%s by %s: %llu bytes between %u cards, wanted %llu", weft_coll_op_name(d.op),
			 weft_coll_algorithm_name(d.algorithm), (unsigned long long)*between, s->n, (unsigned long long)least);
	}
	return 0;
}

static int links(struct weft *weft)
{
	uint64_t between;
	uint32_t cards;
	struct set s;

	if (reach(weft, &cards))
		return -1;
	if (cards < 2)
		return rt_say(RT_SKIP, "p2pdma");
	for (uint32_t n = 2; n <= cards; n++) {
		if (set_open(weft, &s, n, 0))
			return -1;
		for (size_t i = 0; i < CALLS; i++) {
			if (one(&s, i, &between))
				return -1;
			if (n == cards)
				printf("# %s by %s on %u cards: %llu bytes between them\n", weft_coll_op_name(calls[i].op),
				       weft_coll_algorithm_name(calls[i].algorithm), n, (unsigned long long)between);
		}
		if (set_close(&s))
			return -1;
	}
	return 0;
}

/* What was measured decides: with signals that take a millisecond a call of 16 KiB is pushed, without them it is not. */
static int topology(struct weft *weft)
{
	struct weft_coll_topology t = { .size = sizeof(t) };
	const double hop[] = { 1e6, 0 };
	const uint32_t want[] = { WEFT_COLL_PUSH, WEFT_COLL_DIRECT };
	uint32_t cards;
	struct set s;

	if (set_open_several(weft, &s, &cards) < 0)
		return -1;
	if (cards < 2)
		return rt_say(RT_SKIP, "p2pdma");
	for (uint32_t k = 0; k < 2; k++) {
		const struct weft_comm_config config = { .size = sizeof(config), .name = "measured", .topology = &t };
		const struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .count = 4096, .in = NULL };
		struct weft_coll_desc own_windows = d;
		struct weft_coll *coll;
		struct weft_window *out;
		struct weft_comm *comm;

		RT_OK(weft_coll_topology_default(&t, cards));
		for (uint32_t a = 0; a < cards; a++)
			for (uint32_t b = 0; b < cards; b++)
				t.hop_ns[a][b] = hop[k];
		RT_OK(weft_comm_create(s.card, cards, &config, &comm));
		RT_OK(weft_window_create(comm, 16384, &out));
		own_windows.out = out;
		RT_OK(weft_coll_prepare(comm, &own_windows, &coll));
		RT_CHECK(weft_coll_algorithm(coll) == want[k], "hops of %g ns: by %s", hop[k],
			 weft_coll_algorithm_name(weft_coll_algorithm(coll)));
		RT_OK(weft_coll_destroy(coll));
		RT_OK(weft_window_destroy(out));
		RT_OK(weft_comm_destroy(comm));
	}
	RT_OK(weft_coll_topology_default(&t, cards - 1));
	RT_IS(weft_comm_create(s.card, cards, &(struct weft_comm_config) { .size = sizeof(struct weft_comm_config), .topology = &t }, &s.comm),
	      -EINVAL);
	return set_close(&s);
}

int main(void)
{
	const struct rt_test tests[] = {
		{ "bytes on each link are those of the formulas", links },
		{ "a topology decides the algorithm", topology },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
