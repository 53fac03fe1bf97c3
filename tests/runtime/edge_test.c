/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Edges between processes, on one card and on two: every block arrives, at no cost for either process, and comes back when all
 * consumers have had it; END and snapshots of both sides; processes that are not what they should be. What dies is in
 * edge_death_test.c.
 */
#include <pthread.h>

#include "edge_end.h"
#include "edge_pair.h"
#include "edge_thief.h"

#define TOKENS		12000u		/* of the long run */

static int stream_of(struct weft *weft, bool two, struct shape make, struct shape take, uint64_t tokens)
{
	const uint64_t firings = tokens / make.rate, takes = tokens / take.rate;
	uint64_t calls[2], irqs[2];
	uint32_t other;
	struct other o;
	struct word w;
	struct end e;
	int skip = cards_of(weft, two, &other);

	if (skip)
		return skip;
	make.produces = true;
	make.card = other;
	take.depth = make.depth;
	take.base = make.base;
	if (meet(weft, &e, &o, &take, &make, TASK_RUN, firings) || costs(weft, &e, &calls[0], &irqs[0]))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, takes, NULL));
	RT_OK(weft_plan_drain(e.r.plan, 300 * RT_SECOND));
	if (costs(weft, &e, &calls[1], &irqs[1]) || folded_right(&e, takes * take.rate) || other_says(&o, &w))
		return -1;
	printf("# depth %u, %u and %u a firing, %u initial, cells from %#llx, %s: %llu blocks; %llu and %llu calls, %llu and %llu interrupts\n",
	       make.depth, make.rate, take.rate, make.initial, (unsigned long long)make.base, two ? "two cards" : "one card",
	       (unsigned long long)tokens, (unsigned long long)(calls[1] - calls[0]), (unsigned long long)w.calls,
	       (unsigned long long)(irqs[1] - irqs[0]), (unsigned long long)w.irqs);
	/* one sleep of each process, in a wait for the last sequence; it may find a value that is not there yet */
	RT_CHECK(calls[1] - calls[0] <= 4 && w.calls <= 4 && w.irqs <= 16, "%llu calls here, %llu there",
		 (unsigned long long)(calls[1] - calls[0]), (unsigned long long)w.calls);
	send(o.control, "", 1, MSG_NOSIGNAL);
	if (other_says(&o, &w) || other_stop(&o, false))
		return -1;
	RT_OK(weft_plan_end(e.r.plan, 60 * RT_SECOND));
	return rig_close(&e.r);
}

/* Depths, rates, values of cells; the long one first. */
static int streams(struct weft *weft, bool two)
{
	static const struct { struct shape make, take; uint64_t tokens; } runs[] = {
		{ { .depth = 3, .rate = 1, .base = UINT64_MAX - 5000 }, { .rate = 1 }, TOKENS },
		{ { .depth = 1, .rate = 1, .base = UINT64_MAX }, { .rate = 1 }, 600 },
		{ { .depth = 0, .rate = 1 }, { .rate = 1 }, 600 },
		{ { .depth = 6, .rate = 2, .base = (1ull << 63) - 100 }, { .rate = 3 }, 1200 },
		{ { .depth = 5, .rate = 1, .initial = 2, .base = UINT64_MAX - 1 }, { .rate = 1 }, 600 },
	};

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		const int ret = stream_of(weft, two, runs[i].make, runs[i].take, runs[i].tokens);

		if (ret)
			return ret;
	}
	return 0;
}

static int one_card(struct weft *weft)
{
	return streams(weft, false);
}

static int two_cards(struct weft *weft)
{
	return streams(weft, true);
}

/* The producer ends: after its last block the consumer does. And the other way. */
static int end(struct weft *weft)
{
	enum { COUNT = 500 };
	const struct shape take = { .depth = 4, .rate = 1 }, make = { .produces = true, .depth = 4, .rate = 1 };
	struct other o;
	struct word w;
	struct end e;

	if (meet(weft, &e, &o, &take, &make, TASK_RUN, COUNT))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, FOREVER, NULL));
	if (other_says(&o, &w))
		return -1;
	send(o.control, "", 1, MSG_NOSIGNAL);
	RT_OK(weft_plan_wait(e.r.plan, COUNT - 1, 60 * RT_SECOND));
	RT_IS(weft_plan_wait(e.r.plan, COUNT, 60 * RT_SECOND), -EPIPE);
	RT_CHECK(strstr(weft_last_error(), "edge stream") && strstr(weft_last_error(), "body fold ended"), "%s", weft_last_error());
	if (other_says(&o, &w) || other_stop(&o, false))
		return -1;
	RT_OK(weft_plan_end(e.r.plan, 60 * RT_SECOND));
	RT_IS(weft_plan_run(e.r.plan, 1, NULL), -EPIPE);
	if (rig_close(&e.r))
		return -1;

	if (meet(weft, &e, &o, &make, &take, TASK_RUN, COUNT))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, FOREVER, NULL));
	if (other_says(&o, &w))		/* its state was right */
		return -1;
	send(o.control, "", 1, MSG_NOSIGNAL);
	RT_IS(weft_plan_wait(e.r.plan, FOREVER - 1, 60 * RT_SECOND), -EPIPE);
	RT_CHECK(strstr(weft_last_error(), "edge stream") && strstr(weft_last_error(), " ended when"), "%s", weft_last_error());
	if (other_says(&o, &w) || other_stop(&o, false))
		return -1;
	RT_OK(weft_plan_end(e.r.plan, 60 * RT_SECOND));
	return rig_close(&e.r);
}

struct half {
	struct rig r;
	struct weft_edge *out, *sum;
};

/* out = in + one, or with @control tokens alone; and sum += one */
static int half_open(struct weft *weft, struct half *h, const char *in, const char *out, uint32_t initial, uint32_t control)
{
	struct weft_constant *one;
	struct weft_edge *from;
	struct weft_body *b;
	float ones[N];

	for (uint32_t i = 0; i < N; i++)
		ones[i] = 1;
	if (rig_open(weft, &h->r, 1, NULL))
		return -1;
	b = body_of(h->r.plan, "add", 0, NULL, 0);
	from = edge_of(h->r.plan, in, 2, WEFT_EDGE_IMPORT | control, 0, NULL);
	h->out = edge_of(h->r.plan, out, 2, WEFT_EDGE_EXPORT | control, initial, NULL);
	h->sum = edge_of(h->r.plan, "sum", 1, WEFT_EDGE_STATE, 0, NULL);
	RT_CHECK(b && from && h->out && h->sum, "%s", rt_text);
	RT_OK(weft_constant_create(h->r.plan, "one", sizeof(ones), NULL, &one));
	RT_OK(weft_constant_contents(one, ones, sizeof(ones)));
	RT_OK(weft_body_input(b, from, 1));
	RT_OK(weft_body_output(b, h->out, 1));
	RT_OK(weft_body_output(b, h->sum, 1));
	RT_OK(body_add(b, weft_body_out(b, h->sum, 0), weft_body_out(b, h->sum, 0), weft_body_constant(b, one)));
	return control ? 0 : body_add(b, weft_body_out(b, h->out, 0), weft_body_in(b, from, 0), weft_body_constant(b, one));
}

/* Edges both ways, with one token in the ring: each sequence adds one on either side. The two plans may be of one process. */
static int ring_of(struct weft *weft, uint32_t control)
{
	enum { COUNT = 3000 };
	struct half a, b;
	float got[N];

	if (half_open(weft, &a, "back", "there", 0, control) || half_open(weft, &b, "there", "back", 1, control))
		return -1;
	if (pair_connect(a.out, weft_plan_edge(b.r.plan, "there")) || pair_connect(b.out, weft_plan_edge(a.r.plan, "back")) ||
	    pair_loaded(a.r.plan, b.r.plan))
		return -1;
	RT_OK(weft_plan_run(a.r.plan, COUNT, NULL));
	RT_OK(weft_plan_run(b.r.plan, COUNT, NULL));
	RT_OK(weft_plan_drain(a.r.plan, 120 * RT_SECOND));
	RT_OK(weft_plan_drain(b.r.plan, 120 * RT_SECOND));
	for (int i = 0; i < 2; i++) {
		RT_OK(weft_edge_get(i ? b.sum : a.sum, got, BLOCK));
		RT_CHECK(got[0] == COUNT && got[N - 1] == COUNT, "%g, wanted %d", (double)got[0], COUNT);
	}
	if (!control) {
		RT_OK(weft_edge_get(b.out, got, BLOCK));
		RT_CHECK(got[0] == 2 * COUNT && got[N - 1] == 2 * COUNT, "%g, wanted %d", (double)got[0], 2 * COUNT);
	}
	RT_OK(weft_plan_end(a.r.plan, 60 * RT_SECOND));
	RT_OK(weft_plan_end(b.r.plan, 60 * RT_SECOND));
	return rig_close(&a.r) || rig_close(&b.r) ? -1 : 0;
}

static int ring(struct weft *weft)
{
	const int ret = ring_of(weft, 0);

	return ret ? ret : ring_of(weft, WEFT_EDGE_CONTROL);
}

/* Two tokens of 2 at a time after one of 0, to a body that adds two of them: the first firing leaves one over. */
static int by_two(struct weft *weft)
{
	enum { COUNT = 500 };

	for (uint32_t depth = 2; depth <= 4; depth += 2) {
		struct weft_edge *out, *in, *sum;
		struct weft_body *make, *take;
		struct weft_constant *one;
		struct pair_load l[2];
		struct rig a, b;
		float block[N];

		for (uint32_t i = 0; i < N; i++)
			block[i] = 1;
		if (rig_open(weft, &a, 1, NULL) || rig_open(weft, &b, 1, NULL))
			return -1;
		make = body_of(a.plan, "make", 0, NULL, 0);
		take = body_of(b.plan, "take", 0, NULL, 0);
		out = edge_of(a.plan, "twos", depth, WEFT_EDGE_EXPORT, 1, NULL);
		in = edge_of(b.plan, "twos", depth, WEFT_EDGE_IMPORT, 0, NULL);
		sum = edge_of(b.plan, "sum", 1, WEFT_EDGE_STATE, 0, NULL);
		RT_CHECK(make && take && out && in && sum, "%s", rt_text);
		RT_OK(weft_constant_create(a.plan, "one", sizeof(block), NULL, &one));
		RT_OK(weft_constant_contents(one, block, sizeof(block)));
		RT_OK(weft_body_output(make, out, 2));
		RT_OK(weft_body_input(take, in, 2));
		RT_OK(weft_body_output(take, sum, 1));
		for (uint32_t i = 0; i < 2; i++) {
			RT_OK(body_add(make, weft_body_out(make, out, i), weft_body_constant(make, one), weft_body_constant(make, one)));
			RT_OK(body_add(take, weft_body_out(take, sum, 0), weft_body_out(take, sum, 0), weft_body_in(take, in, i)));
		}
		if (pair_connect(out, in) || pair_load(l, a.plan, b.plan))
			return -1;
		if (depth == 2) {
			RT_CHECK(l[0].ret == -ECONNABORTED && strstr(l[0].text, "edge twos: the load of the other process failed"), "%d, %s",
				 l[0].ret, l[0].text);
			RT_CHECK(l[1].ret == -EDEADLK && strstr(l[1].text, "edge twos, of which the other process gives 2 tokens at a time "
				 "after 1 at first") && strstr(l[1].text, "depth 4 of edge twos would break it"), "%d, %s", l[1].ret, l[1].text);
		} else {
			RT_CHECK(!l[0].ret && !l[1].ret, "loads: %s; %s", l[0].text, l[1].text);
			RT_OK(weft_plan_run(a.plan, COUNT, NULL));
			RT_OK(weft_plan_run(b.plan, COUNT, NULL));
			RT_OK(weft_plan_drain(a.plan, 60 * RT_SECOND));
			RT_OK(weft_plan_drain(b.plan, 60 * RT_SECOND));
			RT_OK(weft_edge_get(sum, block, BLOCK));
			RT_CHECK(block[0] == 4 * COUNT - 2 && block[N - 1] == 4 * COUNT - 2, "%g, wanted %d", (double)block[0], 4 * COUNT - 2);
			RT_OK(weft_plan_end(a.plan, 60 * RT_SECOND));
			RT_OK(weft_plan_end(b.plan, 60 * RT_SECOND));
		}
		if (rig_close(&a) || rig_close(&b))
			return -1;
	}
	return 0;
}

/* Three consumers of very different speed, of one rate and of three, of a producer that overwrites each block that it takes. */
static int consumers_of(struct weft *weft, bool two, const struct shape *make, const struct shape *take, uint64_t tokens)
{
	const uint64_t sequences = take->rates ? tokens / 6 : tokens;
	struct shape theirs = *make;
	struct other o;
	struct word w;
	struct end e;
	int skip = cards_of(weft, two, &theirs.card);

	if (skip)
		return skip;
	if (meet(weft, &e, &o, take, &theirs, TASK_RUN, tokens / make->rate))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, sequences, NULL));
	RT_OK(weft_plan_drain(e.r.plan, 120 * RT_SECOND));
	if (folded_right(&e, tokens) || other_says(&o, &w))
		return -1;
	send(o.control, "", 1, MSG_NOSIGNAL);
	if (other_says(&o, &w) || other_stop(&o, false))
		return -1;
	RT_OK(weft_plan_end(e.r.plan, 60 * RT_SECOND));
	return rig_close(&e.r);
}

static int consumers(struct weft *weft)
{
	static const struct shape make[] = {
		{ .produces = true, .depth = 3, .rate = 1, .base = UINT64_MAX - 100 },
		{ .produces = true, .depth = 6, .rate = 2, .initial = 2, .base = (1ull << 63) - 7 },
	}, take[] = {
		{ .depth = 3, .rate = 1, .base = UINT64_MAX - 100, .more = MORE },
		{ .depth = 6, .rate = 1, .base = (1ull << 63) - 7, .more = MORE, .rates = true },
	};
	const bool two = !rig_reach(weft, 2);

	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t cards = 1; cards <= 1u + two; cards++)
			if (consumers_of(weft, cards == 2, &make[i], &take[i], 600))
				return -1;
	printf("# 600 blocks to each of three consumers, twice, on one card%s\n", two ? " and on two" : "");
	return 0;
}

/* Sequences that the fastest consumer has done are @count, and stay so many. */
static int held_at(struct weft_edge *log, uint64_t count)
{
	uint32_t got[WORDS];
	int ret = -EAGAIN;

	for (int i = 0; i < 10000 && ret == -EAGAIN; i++, usleep(1000))
		ret = weft_edge_read(log, count - 1, 0, got, BYTES);
	RT_IS(ret, 0);
	for (uint32_t i = 0; i < WORDS; i++)
		RT_CHECK(got[i] == word_of(count - 1, i), "block %llu, word %u", (unsigned long long)count - 1, i);
	usleep(100000);
	RT_IS(weft_edge_read(log, count, 0, got, BYTES), -EAGAIN);
	return 0;
}

/* One of three consumers keeps its blocks until it is let go: the others get the depth, then one more for each that it returns. */
static int held(struct weft *weft)
{
	enum { DEPTH = 3, COUNT = 10 };
	const struct shape take = { .depth = DEPTH, .rate = 1, .more = MORE }, make = { .produces = true, .depth = DEPTH, .rate = 1 },
			   log = { .depth = 16 };
	struct weft_edge *seen;
	struct weft_memory *cells;
	struct other o;
	struct word w;
	struct end e;

	if (end_open(weft, &e, &take) || block_edge(&e, "seen", &log, WEFT_EDGE_NO_SHARE, &seen))
		return -1;
	RT_OK(weft_memory_create(e.r.card[0], &(struct weft_memory_desc) { .size = sizeof(struct weft_memory_desc), .bytes = 4096,
									  .flags = WEFT_MEMORY_CELLS }, &cells));
	RT_OK(weft_body_output(e.take, seen, 1));
	RT_OK(weft_body_copy(e.take, weft_body_out(e.take, seen, 0), weft_body_in(e.take, e.stream, 0), BYTES));
	RT_OK(weft_body_wait_all(e.also[1], "let go", 0, &(struct weft_body_cell) { .cells = cells, .base = 1, .step = 1 }, 1));
	if (other_start(&o, &make, TASK_FOREVER, 0))
		return -1;
	RT_OK(weft_edge_connect(e.stream, o.edge, LOAD_NS));
	RT_OK(weft_plan_load(e.r.plan));
	if (other_says(&o, &w) || other_says(&o, &w))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, COUNT, NULL));
	for (uint64_t let_go = 0; let_go < 3; let_go++) {
		RT_OK(weft_cell_signal(cells, 0, let_go));
		if (held_at(seen, DEPTH + let_go))
			return -1;
	}
	RT_OK(weft_cell_signal(cells, 0, COUNT));
	RT_OK(weft_plan_drain(e.r.plan, 60 * RT_SECOND));
	if (folded_right(&e, COUNT) || other_stop(&o, true))
		return -1;
	RT_OK(weft_plan_destroy(e.r.plan));
	e.r.plan = NULL;
	RT_OK(weft_memory_destroy(cells));
	return rig_close(&e.r);
}

/* Plans of one process at both ends of the stream. */
struct both {
	struct end make, take;
};

static int both_open(struct weft *weft, struct both *b)
{
	const struct shape make = { .produces = true, .depth = 4, .rate = 1, .initial = 2, .base = 1000 };
	const struct shape take = { .depth = 4, .rate = 1, .base = 1000 };

	return end_open(weft, &b->make, &make) || end_open(weft, &b->take, &take) || pair_connect(b->make.stream, b->take.stream) ? -1 : 0;
}

static int both_run(struct both *b, uint64_t make, uint64_t take)
{
	if (make)
		RT_OK(weft_plan_run(b->make.r.plan, make, NULL));
	if (take)
		RT_OK(weft_plan_run(b->take.r.plan, take, NULL));
	RT_OK(weft_plan_drain(b->make.r.plan, 60 * RT_SECOND));
	RT_OK(weft_plan_drain(b->take.r.plan, 60 * RT_SECOND));
	return 0;
}

static int save(struct end *e, void **snapshot, uint64_t *bytes)
{
	*bytes = weft_plan_snapshot_bytes(e->r.plan);
	*snapshot = malloc(*bytes);
	RT_CHECK(*snapshot, "memory");
	RT_OK(weft_plan_save(e->r.plan, *snapshot, *bytes));
	return 0;
}

static int save_refused(struct end *e, const char *text)
{
	const uint64_t bytes = weft_plan_snapshot_bytes(e->r.plan);
	void *snapshot = malloc(bytes);

	RT_IS(weft_plan_save(e->r.plan, snapshot, bytes), -EBUSY);
	RT_CHECK(strstr(weft_last_error(), text), "%s; wanted %s", weft_last_error(), text);
	free(snapshot);
	return 0;
}

/* Both sides drain and are saved at one sequence, or are told that they are not; other plans go on from there. */
static int snapshots(struct weft *weft)
{
	void *make[2], *take[2];
	uint64_t make_bytes, take_bytes;
	struct pair_load l[2];
	struct both b;

	if (both_open(weft, &b) || pair_loaded(b.make.r.plan, b.take.r.plan))
		return -1;
	/* the one opens more than the other takes: its drain says where it stands, and goes on when there is room */
	RT_OK(weft_plan_run(b.make.r.plan, 10, NULL));
	RT_OK(weft_plan_run(b.take.r.plan, 5, NULL));
	RT_IS(weft_plan_drain(b.make.r.plan, RT_SECOND / 2), -ETIME);
	printf("# %s\n", weft_last_error());
	RT_CHECK(strstr(weft_last_error(), "stream"), "%s", weft_last_error());
	/* both drain, and yet two tokens are between them */
	if (both_run(&b, 0, 3) || save_refused(&b.make, "edge stream: 10 tokens made here, 8 taken in the other process") ||
	    save_refused(&b.take, "edge stream: 8 tokens taken here, 10 made in the other process"))
		return -1;
	printf("# %s\n", weft_last_error());
	if (both_run(&b, 0, 2) || save(&b.make, &make[0], &make_bytes) || save(&b.take, &take[0], &take_bytes) || both_run(&b, 5, 5) ||
	    folded_right(&b.take, 15) || save(&b.make, &make[1], &make_bytes) || save(&b.take, &take[1], &take_bytes))
		return -1;
	RT_OK(weft_plan_end(b.make.r.plan, 60 * RT_SECOND));
	RT_OK(weft_plan_end(b.take.r.plan, 60 * RT_SECOND));
	if (rig_close(&b.make.r) || rig_close(&b.take.r))
		return -1;
	/* of different sequences they do not fit, as both are told */
	if (both_open(weft, &b))
		return -1;
	RT_OK(weft_plan_restore(b.make.r.plan, make[1], make_bytes));
	RT_OK(weft_plan_restore(b.take.r.plan, take[0], take_bytes));
	if (pair_load(l, b.make.r.plan, b.take.r.plan))
		return -1;
	RT_CHECK(l[0].ret == -EINVAL && strstr(l[0].text, "here has 15 tokens through it, that of the other process 10"), "%d, %s", l[0].ret,
		 l[0].text);
	RT_CHECK(l[1].ret == -EINVAL && strstr(l[1].text, "here has 10 tokens through it, that of the other process 15"), "%d, %s", l[1].ret,
		 l[1].text);
	printf("# %s\n", l[0].text);
	RT_OK(weft_plan_restore(b.make.r.plan, make[0], make_bytes));
	if (pair_connect(b.make.stream, b.take.stream) || pair_loaded(b.make.r.plan, b.take.r.plan) || both_run(&b, 7, 7) ||
	    folded_right(&b.take, 17))
		return -1;
	for (int i = 0; i < 2; i++) {
		free(make[i]);
		free(take[i]);
	}
	return rig_close(&b.make.r) || rig_close(&b.take.r) ? -1 : 0;
}

static int rights(struct weft *weft)
{
	static const char *const texts[THIEF_ANSWERS] = {
		[THIEF_CUT_OFF] = "cut off", [THIEF_NO_MEMORY] = "cells of the other process", [THIEF_DATA] = "memory for data" };
	const struct shape make = { .produces = true, .depth = 2, .rate = 1, .initial = 1 };
	struct end e;

	if (end_open(weft, &e, &make))
		return -1;
	for (uint32_t i = 0; i < THIEF_ANSWERS; i++) {
		struct thief t = { .weft = weft, .answer = (enum thief_answer)i };
		pthread_t thread;
		int sock[2], ret;

		RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), "socketpair");
		t.sock = sock[1];
		RT_OK(weft_edge_connect(e.stream, sock[0], LOAD_NS));
		close(sock[0]);
		RT_CHECK(!pthread_create(&thread, NULL, thief_thread, &t), "thread");
		ret = weft_plan_load(e.r.plan);
		pthread_join(thread, NULL);
		if (t.ret)
			return t.ret;
		RT_CHECK(ret == -EPROTO && strstr(weft_last_error(), "edge stream") && strstr(weft_last_error(), texts[i]), "answer %u: %d, %s",
			 i, ret, weft_last_error());
		printf("# %s\n", weft_last_error());
	}
	return rig_close(&e.r);
}

/* Nobody comes, or goes away, or comes twice, or is about another edge: one error each, in time; and the plan is none the worse. */
static int strangers(struct weft *weft)
{
	const struct shape take = { .depth = 2, .rate = 1 };
	struct shape make = { .produces = true, .depth = 2, .rate = 1 };
	struct other o;
	struct word w;
	uint64_t from;
	int sock[2];
	struct end e;

	if (end_open(weft, &e, &take))
		return -1;
	RT_IS(weft_plan_load(e.r.plan), -EINVAL);
	RT_CHECK(strstr(weft_last_error(), "weft_edge_connect"), "%s", weft_last_error());
	RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), "socketpair");
	RT_OK(weft_edge_connect(e.stream, sock[0], RT_SECOND / 5));
	from = now_ns();
	RT_IS(weft_plan_load(e.r.plan), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "edge stream") && now_ns() - from >= RT_SECOND / 5, "%s", weft_last_error());
	/* that load's messages are no answer to another */
	RT_OK(weft_edge_connect(e.stream, sock[1], RT_SECOND));
	RT_IS(weft_plan_load(e.r.plan), -EPROTO);
	close(sock[0]);
	close(sock[1]);
	RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), "socketpair");
	RT_OK(weft_edge_connect(e.stream, sock[0], LOAD_NS));
	close(sock[0]);
	close(sock[1]);
	RT_IS(weft_plan_load(e.r.plan), -ECONNRESET);
	make.depth = 3;
	if (other_start(&o, &make, TASK_RUN, 1))
		return -1;
	RT_OK(weft_edge_connect(e.stream, o.edge, LOAD_NS));
	RT_IS(weft_plan_load(e.r.plan), -EINVAL);
	RT_CHECK(strstr(weft_last_error(), "depth 2 here, 3"), "%s", weft_last_error());
	RT_IS(recv(o.control, &w, sizeof(w), 0), (int)sizeof(w));
	RT_CHECK(w.ret == -1, "the other's load is %d", w.ret);
	if (other_stop(&o, true))
		return -1;
	make.depth = 2;
	if (other_start(&o, &make, TASK_RUN, 30))
		return -1;
	RT_OK(weft_edge_connect(e.stream, o.edge, LOAD_NS));
	RT_OK(weft_plan_load(e.r.plan));
	RT_IS(weft_edge_connect(e.stream, o.edge, LOAD_NS), -EBUSY);
	RT_OK(weft_plan_run(e.r.plan, 30, NULL));
	RT_OK(weft_plan_drain(e.r.plan, 60 * RT_SECOND));
	if (folded_right(&e, 30) || other_says(&o, &w) || other_says(&o, &w) || other_stop(&o, true))
		return -1;
	return rig_close(&e.r);
}

/* Documentation/runtime/edge.c, as a reader would run it. */
static int program(struct weft *weft)
{
	int status;

	(void)weft;
	if (access("./edge_program", X_OK))
		return rt_say(-1, "edge_program is not here");
	status = system("./edge_program");
	RT_CHECK(!status, "exit status %d", status);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "a stream between two processes on one card", one_card },
		{ "a stream between two processes on two cards", two_cards },
		{ "either side ends", end },
		{ "three consumers in the importing plan", consumers },
		{ "a depth that is too small for what comes at a time is refused when the two meet", by_two },
		{ "a block comes back when the last consumer lets it go", held },
		{ "edges both ways", ring },
		{ "both sides drain, are saved and restored", snapshots },
		{ "a consumer that would write", rights },
		{ "nobody comes, or somebody else", strangers },
		{ "a program for each process, of the guide", program },
	};

	if (argc == OTHER_ARGS)
		return other_main(argv);
	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
