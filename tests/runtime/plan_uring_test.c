/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Waits for sequences of plans in a program's own ring. */
#define _GNU_SOURCE
#include <liburing.h>

#include "edge_pair.h"
#include "plan_rig.h"

#define OPS	4u

struct waits {
	struct rig r;
	struct io_uring ring;
	struct weft_uring_plan_op op[OPS];
	int32_t res[OPS];
	uint32_t count;
};

/* A source and a sink, the sink on the last card; and a body alone on the first. */
static int waits_open(struct weft *weft, struct waits *w, uint32_t cards)
{
	struct weft_body *from, *to;
	struct weft_edge *e;
	int n;

	if (rig_open(weft, &w->r, cards, &(struct weft_plan_config) { .size = sizeof(struct weft_plan_config), .cell_base = 77 }))
		return -1;
	from = body_of(w->r.plan, "from", 0, NULL, 0);
	to = body_of(w->r.plan, "to", cards - 1, NULL, 0);
	e = edge_of(w->r.plan, "e", 2, 0, 0, NULL);
	RT_CHECK(from && to && e && body_of(w->r.plan, "alone", 0, NULL, 0), "%s", rt_text);
	RT_OK(weft_body_output(from, e, 1));
	RT_OK(weft_body_fill(from, weft_body_out(from, e, 0), BLOCK, 1, 4));
	RT_OK(weft_body_timed(from, MS));
	RT_OK(weft_body_input(to, e, 1));
	RT_IS(weft_uring_plan_commands(w->r.plan), -EINVAL);	/* not loaded */
	RT_OK(weft_plan_load(w->r.plan));
	n = weft_uring_plan_commands(w->r.plan);
	RT_CHECK(n == (int)cards, "%d commands on %u cards", n, cards);
	w->count = cards;
	RT_OK(io_uring_queue_init(8, &w->ring, 0));
	return 0;
}

static int waits_close(struct waits *w)
{
	io_uring_queue_exit(&w->ring);
	return rig_close(&w->r);
}

static int begin(struct waits *w, uint64_t seq, uint64_t timeout_ns)
{
	struct io_uring_sqe *sqe[OPS];

	for (uint32_t i = 0; i < w->count; i++)
		sqe[i] = io_uring_get_sqe(&w->ring);
	RT_OK(weft_uring_plan_wait(w->r.plan, seq, timeout_ns, w->op, sqe, w->count));
	for (uint32_t i = 0; i < w->count; i++)
		sqe[i]->user_data = 10 + i;
	RT_CHECK(io_uring_submit(&w->ring) == (int)w->count, "submit");
	return 0;
}

/* All completions of the wait; what weft_uring_plan_result() says of them */
static int finish(struct waits *w, uint64_t seq)
{
	struct __kernel_timespec limit = { .tv_sec = 20 };
	struct io_uring_cqe *cqe;

	for (uint32_t n = 0; n < w->count;) {
		RT_OK(io_uring_wait_cqe_timeout(&w->ring, &cqe, &limit));
		if (cqe->user_data >= 10)
			w->res[n++] = cqe->res;
		io_uring_cqe_seen(&w->ring, cqe);
	}
	return weft_uring_plan_result(w->r.plan, seq, w->res, w->count);
}

static int refusals(struct waits *w)
{
	struct io_uring_sqe one[OPS], *sqe[OPS] = { &one[0], &one[1], &one[2], &one[3] };

	RT_IS(weft_uring_plan_wait(w->r.plan, 0, MS, w->op, sqe, w->count), -EINVAL);		/* not opened */
	RT_CHECK(strstr(weft_last_error(), "sequence 0 was not opened"), "%s", weft_last_error());
	RT_OK(weft_plan_run(w->r.plan, 1, NULL));
	RT_IS(weft_uring_plan_wait(w->r.plan, 0, MS, w->op, sqe, w->count + 1), -EINVAL);
	RT_IS(weft_uring_plan_wait(w->r.plan, 0, MS, NULL, sqe, w->count), -EINVAL);
	RT_IS(weft_uring_plan_wait(w->r.plan, 0, MS, w->op, NULL, w->count), -EINVAL);
	RT_IS(weft_uring_plan_wait(w->r.plan, 0, 601 * RT_SECOND, w->op, sqe, w->count), -EINVAL);
	RT_IS(weft_uring_plan_result(w->r.plan, 0, NULL, w->count), -EINVAL);
	RT_OK(weft_plan_wait(w->r.plan, 0, 10 * RT_SECOND));
	return 0;
}

static int waits(struct weft *weft, uint32_t cards)
{
	struct weft_stats before = { .size = sizeof(before) }, after = before;
	static struct waits w;
	uint64_t first;

	w = (struct waits) { 0 };
	if (waits_open(weft, &w, cards) || refusals(&w))
		return -1;
	/* begun before it is done, in the ring alone; then when it long is */
	RT_OK(weft_plan_run(w.r.plan, 100, &first));
	RT_OK(weft_stats_get(weft, &before));
	if (begin(&w, first + 99, 60 * RT_SECOND))
		return -1;
	RT_OK(finish(&w, first + 99));
	RT_OK(weft_stats_get(weft, &after));
	RT_CHECK(before.ioctls == after.ioctls, "%llu calls", (unsigned long long)(after.ioctls - before.ioctls));
	RT_OK(weft_plan_wait(w.r.plan, first + 99, 0));
	if (begin(&w, first, 60 * RT_SECOND))
		return -1;
	RT_OK(finish(&w, first));
	/* too short, and then it comes all the same */
	RT_OK(weft_plan_run(w.r.plan, 2000, &first));
	if (begin(&w, first + 1999, 20 * MS))
		return -1;
	RT_IS(finish(&w, first + 1999), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "has fired"), "%s", weft_last_error());
	/* given up by the program, on each card */
	if (begin(&w, first + 1999, 60 * RT_SECOND))
		return -1;
	for (uint32_t i = 0; i < cards; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&w.ring);
		static struct weft_uring_op op[OPS];

		RT_OK(weft_uring_cancel(w.r.card[i], 10 + i, &op[i], sqe));
		sqe->user_data = 1;
	}
	RT_CHECK(io_uring_submit(&w.ring) == (int)cards, "submit");
	RT_IS(finish(&w, first + 1999), -ECANCELED);
	if (begin(&w, first + 1999, 60 * RT_SECOND))
		return -1;
	RT_OK(finish(&w, first + 1999));
	RT_OK(weft_plan_end(w.r.plan, 10 * RT_SECOND));
	return waits_close(&w);
}

static int one_card(struct weft *weft)
{
	return waits(weft, 1);
}

static int two_cards(struct weft *weft)
{
	int ret = rig_reach(weft, 2);

	return ret ? ret : waits(weft, 2);
}

/* A body that stops: the completion comes, and the result names the body. */
static int fault(struct weft *weft)
{
	static struct waits w;
	struct weft_body *b;

	w = (struct waits) { .count = 1 };
	if (rig_open(weft, &w.r, 1, NULL))
		return -1;
	b = body_of(w.r.plan, "bad", 0, NULL, 0);
	RT_CHECK(b, "%s", rt_text);
	RT_OK(weft_body_fill(b, 0x7000000000, 64, 1, 4));	/* mapped nowhere */
	RT_OK(weft_plan_load(w.r.plan));
	RT_OK(io_uring_queue_init(8, &w.ring, 0));
	RT_OK(weft_plan_run(w.r.plan, 3, NULL));
	if (begin(&w, 2, 60 * RT_SECOND))
		return -1;
	RT_IS(finish(&w, 2), -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "bad"), "%s", weft_last_error());
	return waits_close(&w);
}

/* A plan that takes what another one, as if of another process, makes. */
struct importer {
	struct waits w;
	struct rig from;
};

static int importer_open(struct weft *weft, struct importer *i)
{
	struct weft_edge *out, *in;
	struct weft_body *make, *take;

	*i = (struct importer) { .w.count = 1 };
	if (rig_open(weft, &i->w.r, 1, NULL) || rig_open(weft, &i->from, 1, NULL))
		return -1;
	make = body_of(i->from.plan, "make", 0, NULL, 0);
	take = body_of(i->w.r.plan, "take", 0, NULL, 0);
	out = edge_of(i->from.plan, "stream", 2, WEFT_EDGE_EXPORT, 0, NULL);
	in = edge_of(i->w.r.plan, "stream", 2, WEFT_EDGE_IMPORT, 0, NULL);
	RT_CHECK(make && take && out && in, "%s", rt_text);
	RT_OK(weft_body_output(make, out, 1));
	RT_OK(weft_body_fill(make, weft_body_out(make, out, 0), BLOCK, 1, 4));
	RT_OK(weft_body_input(take, in, 1));
	if (pair_connect(out, in) || pair_loaded(i->from.plan, i->w.r.plan))
		return -1;
	RT_OK(io_uring_queue_init(8, &i->w.ring, 0));
	RT_OK(weft_plan_run(i->w.r.plan, 200, NULL));
	return 0;
}

/* A sequence that needs blocks of another process: they come; the other side ends; or it is gone. */
static int peer(struct weft *weft)
{
	for (int gone = 0; gone < 2; gone++) {
		static struct importer i;

		if (importer_open(weft, &i) || begin(&i.w, 99, 60 * RT_SECOND))
			return -1;
		RT_OK(weft_plan_run(i.from.plan, 100, NULL));
		RT_OK(finish(&i.w, 99));
		if (begin(&i.w, 100, 60 * RT_SECOND))
			return -1;
		usleep(10000);
		RT_CHECK(io_uring_cq_ready(&i.w.ring) == 0, "nothing was made, and the wait is over");
		if (gone)
			RT_OK(weft_plan_unload(i.from.plan));
		else
			RT_OK(weft_plan_end(i.from.plan, 60 * RT_SECOND));
		RT_IS(finish(&i.w, 100), gone ? -EOWNERDEAD : -EPIPE);
		printf("# %s\n", weft_last_error());
		RT_CHECK(strstr(weft_last_error(), "edge stream"), "%s", weft_last_error());
		if (waits_close(&i.w) || rig_close(&i.from))
			return -1;
	}
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "a wait for a sequence of one card", one_card },
		{ "a wait for a sequence of two cards", two_cards },
		{ "a body that faults", fault },
		{ "blocks of another process, its end and its death", peer },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
