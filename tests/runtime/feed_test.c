/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Edges that the host feeds, and those it takes blocks out of: what it costs; a host that is slow, is stopped, or leaves. */
#include <signal.h>
#include <sys/wait.h>

#include "plan_rig.h"

#define ALL	1000u		/* batches */
#define GROUP	8u
#define DEPTH	32u

/* in (host) → copy → x → double → y → copy → out (host); each body on its own lane, on cards in turn */
struct pipe {
	struct rig r;
	struct weft_edge *in, *out, *sum;
};

/* @ns: of the first body; @rate: blocks that it takes at once, of which the first goes on */
static int pipe_open(struct weft *weft, struct pipe *p, uint32_t cards, uint32_t depth, uint32_t rate, uint64_t ns, uint64_t base)
{
	const struct weft_plan_config config = { .size = sizeof(config), .flags = WEFT_PLAN_POISON, .cell_base = base };
	struct weft_edge *x, *y;
	struct weft_body *a, *b, *c;

	if (rig_open(weft, &p->r, cards, &config))
		return -1;
	a = body_of(p->r.plan, "take", 0, NULL, 0);
	b = body_of(p->r.plan, "double", cards - 1, NULL, 0);
	c = body_of(p->r.plan, "give", 0, NULL, 0);
	p->in = edge_of(p->r.plan, "in", depth, WEFT_EDGE_HOST, 0, NULL);
	x = edge_of(p->r.plan, "x", 2, 0, 0, NULL);
	y = edge_of(p->r.plan, "y", 2, 0, 0, NULL);
	p->out = edge_of(p->r.plan, "out", depth, WEFT_EDGE_HOST | WEFT_EDGE_PULL, 0, NULL);
	p->sum = edge_of(p->r.plan, "sum", 1, WEFT_EDGE_STATE, 0, NULL);
	RT_CHECK(a && b && c && p->in && x && y && p->out && p->sum, "%s", rt_text);
	RT_OK(weft_body_input(a, p->in, rate));
	RT_OK(weft_body_output(a, x, 1));
	if (ns)
		RT_OK(weft_body_timed(a, ns));
	RT_OK(weft_body_copy(a, weft_body_out(a, x, 0), weft_body_in(a, p->in, 0), BLOCK));
	RT_OK(weft_body_input(b, x, 1));
	RT_OK(weft_body_output(b, y, 1));
	RT_OK(body_add(b, weft_body_out(b, y, 0), weft_body_in(b, x, 0), weft_body_in(b, x, 0)));
	RT_OK(weft_body_input(c, y, 1));
	RT_OK(weft_body_output(c, p->out, 1));
	RT_OK(weft_body_output(c, p->sum, 1));
	RT_OK(body_add(c, weft_body_out(c, p->sum, 0), weft_body_out(c, p->sum, 0), weft_body_in(c, y, 0)));
	RT_OK(weft_body_copy(c, weft_body_out(c, p->out, 0), weft_body_in(c, y, 0), BLOCK));
	RT_OK(weft_plan_load(p->r.plan));
	return 0;
}

static float value_of(uint64_t batch)
{
	return (float)(batch % 101 + 1);
}

static int push(struct weft_edge *e, uint64_t first, uint32_t count)
{
	void *block[DEPTH];

	RT_OK(weft_edge_push(e, count, 20 * RT_SECOND, block));
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < N; j++)
			((float *)block[i])[j] = value_of(first + i);
	RT_OK(weft_edge_commit(e, count));
	return 0;
}

/* Batches @first, @first + @step … come, doubled. */
static int pull(struct weft_edge *e, uint64_t first, uint32_t step, uint32_t count, double *sum)
{
	const void *block[DEPTH];

	RT_IS(weft_edge_pull(e, count, 20 * RT_SECOND, block), (int)count);
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < N; j++) {
			const float got = ((const float *)block[i])[j], want = 2 * value_of(first + (uint64_t)i * step);

			RT_CHECK(got == want, "batch %llu, element %u is %g, wanted %g", (unsigned long long)first + i, j,
				 (double)got, (double)want);
			*sum += j ? 0 : (double)got;
		}
	RT_OK(weft_edge_return(e, count));
	return 0;
}

static int calls(struct weft *weft, struct weft_device *card, uint64_t *n, uint64_t *irqs)
{
	struct weft_device_stats d = { .size = sizeof(d) };
	struct weft_stats w = { .size = sizeof(w) };

	RT_OK(weft_device_stats(card, &d));
	RT_OK(weft_stats_get(weft, &w));
	*n = w.ioctls + w.mmaps;
	*irqs = d.irqs;
	return 0;
}

static int thousand(struct weft *weft)
{
	const uint32_t cards = rig_reach(weft, 2) ? 1 : 2;

	for (uint32_t n = 1; n <= cards; n++) {
		double sum = 0, want = 0;
		uint64_t c[2], irqs[2];
		float got[N];
		struct pipe p;

		if (pipe_open(weft, &p, n, DEPTH, 1, 0, UINT64_MAX - 100) || calls(weft, p.r.card[0], &c[0], &irqs[0]))
			return -1;
		/* two groups are on the cards while the host looks at a third */
		for (uint32_t i = 0; i < ALL + 2 * GROUP; i += GROUP) {
			if (i < ALL && push(p.in, i, GROUP))
				return -1;
			if (i >= 2 * GROUP && pull(p.out, i - 2 * GROUP, 1, GROUP, &sum))
				return -1;
		}
		if (calls(weft, p.r.card[0], &c[1], &irqs[1]))
			return -1;
		for (uint32_t i = 0; i < ALL; i++)
			want += 2 * (double)value_of(i);
		printf("# %u batches by %u on %u cards: %llu calls, %llu interrupts\n", ALL, GROUP, n, (unsigned long long)(c[1] - c[0]),
		       (unsigned long long)(irqs[1] - irqs[0]));
		RT_CHECK(sum == want, "%g, wanted %g", sum, want);
		/* one of them looked */
		RT_CHECK(c[1] - c[0] <= ALL / GROUP + 1, "%llu calls", (unsigned long long)(c[1] - c[0]));
		RT_OK(weft_plan_wait(p.r.plan, ALL - 1, 10 * RT_SECOND));
		RT_IS(weft_plan_wait(p.r.plan, ALL, 0), -EINVAL);
		RT_OK(weft_plan_drain(p.r.plan, 10 * RT_SECOND));
		RT_OK(weft_edge_get(p.sum, got, BLOCK));
		RT_CHECK((double)got[N - 1] == want, "state is %g, wanted %g", (double)got[N - 1], want);
		RT_OK(weft_plan_end(p.r.plan, 10 * RT_SECOND));
		if (rig_close(&p.r))
			return -1;
	}
	return 0;
}

/* Depth 4 and a rate of 2: a host that comes late, in turns at either end, finds every block as it should be. */
static int slow(struct weft *weft)
{
	enum { BATCHES = 120, RATE = 2, D = 4 };
	uint64_t pushed = 0, pulled = 0, rnd = 7;
	double sum = 0;
	struct pipe p;

	if (pipe_open(weft, &p, 1, D, RATE, 0, 0))
		return -1;
	while (pulled < BATCHES / RATE) {
		const uint64_t r = rt_random(&rnd);

		/* never more in flight than the edges hold, so that no call waits for ever */
		if (pushed < BATCHES && (pushed == pulled * RATE || (r & 1 && pushed < (pulled + 2) * RATE))) {
			if (push(p.in, pushed, 1))
				return -1;
			pushed++;
		} else if (pushed >= (pulled + 1) * RATE) {
			if (pull(p.out, pulled * RATE, RATE, 1, &sum))
				return -1;
			pulled++;
		} else if (push(p.in, pushed++, 1)) {
			return -1;
		}
		if (!(r >> 8 & 7))
			usleep(3000);
	}
	/* nobody pulls: 4 in out, 2 in y, 2 in x, 2 firings on their way, 4 in the hands of the host, and then no more */
	for (uint32_t i = 0; i < 200 && !weft_edge_push(p.in, 1, RT_SECOND / 5, (void *[]) { NULL }); i++)
		RT_OK(weft_edge_commit(p.in, 1));
	RT_IS(weft_edge_push(p.in, 1, 0, (void *[]) { NULL }), -EAGAIN);
	RT_IS(weft_edge_push(p.in, 1, MS, (void *[]) { NULL }), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "edge in") && strstr(weft_last_error(), "take") && strstr(weft_last_error(), "wanted"), "%s",
		 weft_last_error());
	/* the host leaves: who fed it ends too, and at last the host is told at the other end */
	RT_OK(weft_edge_finish(p.out));
	RT_OK(weft_plan_end(p.r.plan, 10 * RT_SECOND));
	RT_IS(weft_edge_push(p.in, 1, RT_SECOND, (void *[]) { NULL }), -EPIPE);
	return rig_close(&p.r);
}

/* The host does not know how many there will be; END follows the last through all bodies. */
static int unknown_length(struct weft *weft)
{
	static const uint32_t lengths[] = { 0, 1, 5, 13, 40 };

	for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++) {
		const uint32_t all = lengths[k];
		uint32_t pushed = 0, pulled = 0;
		const void *block[DEPTH];
		double sum = 0;
		float got[N];
		struct pipe p;
		int n = 0;

		if (pipe_open(weft, &p, 1, DEPTH, 1, 0, k % 2 ? 0 : UINT64_MAX - 3))
			return -1;
		RT_IS(weft_plan_run(p.r.plan, 1, NULL), -EINVAL);
		for (; pushed < all; pushed++)
			if (push(p.in, pushed, 1) || (pushed >= 16 && (pull(p.out, pulled, 1, 1, &sum) || !++pulled)))
				return -1;
		RT_OK(weft_edge_finish(p.in));
		RT_IS(weft_edge_push(p.in, 1, 0, (void *[]) { NULL }), -EPIPE);
		while ((n = weft_edge_pull(p.out, GROUP, 10 * RT_SECOND, block)) > 0) {
			for (int i = 0; i < n; i++)
				sum += (double)((const float *)block[i])[0];
			RT_OK(weft_edge_return(p.out, (uint32_t)n));
			pulled += (uint32_t)n;
		}
		RT_CHECK(n == -EPIPE && pulled == all, "%d after %u of %u: %s", n, pulled, all, weft_last_error());
		RT_OK(weft_plan_end(p.r.plan, 10 * RT_SECOND));
		RT_OK(weft_edge_get(p.sum, got, BLOCK));
		RT_CHECK((double)got[0] == sum, "%u batches: state is %g, wanted %g", all, (double)got[0], sum);
		if (rig_close(&p.r))
			return -1;
	}
	return 0;
}

/* D blocks are committed, then another process stops this one for six of their periods. */
static int stopped(struct weft *weft)
{
	enum { D = 9, COUNT = 4 * D };
	double worst = 0;
	uint64_t t = 10 * MS;

	for (int tries = 0; tries < 3; tries++, t *= 2) {
		struct weft_edge *in, *log;
		struct weft_body *b;
		uint64_t last = 0, word[2];
		struct rig r;
		pid_t pid, self = getpid();
		int status;

		if (rig_open(weft, &r, 1, NULL))
			return -1;
		b = body_of(r.plan, "b", 0, NULL, 0);
		in = edge_of(r.plan, "in", D, WEFT_EDGE_HOST, 0, NULL);
		log = b ? log_of(r.plan, b, "log", COUNT + D) : NULL;
		RT_CHECK(in && log, "%s", rt_text);
		RT_OK(weft_body_input(b, in, 1));
		RT_OK(weft_body_timed(b, t));
		RT_OK(weft_body_timestamp(b, weft_body_out(b, log, 0)));
		RT_OK(weft_plan_load(r.plan));
		for (uint32_t i = 0; i < COUNT; i++) {
			if (push(in, i, 1))
				return -1;
			if (i != 2 * D)
				continue;
			/* the last push saw an idle block: D - 1 are before the body, and one is in it */
			pid = fork();
			RT_CHECK(pid >= 0, "fork");
			if (!pid) {
				kill(self, SIGSTOP);
				usleep((useconds_t)(6 * t / 1000));
				kill(self, SIGCONT);
				_exit(0);
			}
			RT_CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		}
		RT_OK(weft_plan_wait(r.plan, COUNT - 1, 60 * RT_SECOND));
		worst = 0;
		for (uint64_t i = 0; i < COUNT; i++) {
			if (log_words(log, i, word))
				return -1;
			if (last && (double)(word[0] - last) / (double)t > worst)
				worst = (double)(word[0] - last) / (double)t;
			last = word[0];
		}
		printf("# stopped for 6 t of %llu ms with depth %u: longest period %.2f t\n", (unsigned long long)(t / MS), D, worst);
		if (rig_close(&r))
			return -1;
		if (worst < 2)
			return 0;
	}
	return rt_say(-1, "%.2f t", worst);
}

/* A source on the card beside one of the host: the gate opens the one, what is committed the other; both for a drain. */
static int both(struct weft *weft)
{
	struct weft_edge *in, *x, *out, *sum;
	struct weft_body *src, *b;
	struct weft_constant *table;
	float first[N], again[N];
	void *snapshot, *block;
	double got = 0;
	uint64_t bytes;
	struct rig r;

	if (rig_open(weft, &r, 1, NULL))
		return -1;
	src = body_of(r.plan, "src", 0, NULL, 0);
	b = body_of(r.plan, "b", 0, NULL, 0);
	in = edge_of(r.plan, "in", 0, WEFT_EDGE_HOST, 0, NULL);
	x = edge_of(r.plan, "x", 0, 0, 0, NULL);
	out = edge_of(r.plan, "out", 16, WEFT_EDGE_HOST | WEFT_EDGE_PULL, 0, NULL);
	sum = edge_of(r.plan, "sum", 1, WEFT_EDGE_STATE, 0, NULL);
	RT_CHECK(src && b && in && x && out && sum, "%s", rt_text);
	RT_OK(weft_constant_create(r.plan, "table", 3 * BLOCK, NULL, &table));
	RT_OK(weft_body_output(src, x, 1));
	RT_OK(weft_body_copy(src, weft_body_out(src, x, 0), weft_body_table(src, table, BLOCK, 3, 1), BLOCK));
	RT_OK(weft_body_input(b, x, 1));
	RT_OK(weft_body_input(b, in, 1));
	RT_OK(weft_body_output(b, out, 1));
	RT_OK(weft_body_output(b, sum, 1));
	RT_OK(weft_body_reduce(b, WEFT_TYPE_F32, WEFT_REDUCTION_SUM,
			       (uint64_t[]) { weft_body_out(b, sum, 0), weft_body_in(b, x, 0), weft_body_in(b, in, 0) }, 3,
			       (uint64_t[]) { weft_body_out(b, sum, 0), weft_body_out(b, out, 0) }, 2, N));
	RT_OK(weft_plan_load(r.plan));
	if (table_fill(table, 3, 10))
		return -1;
	RT_OK(weft_plan_run(r.plan, 5, NULL));
	RT_IS(weft_plan_drain(r.plan, RT_SECOND), -EAGAIN);
	RT_CHECK(strstr(weft_last_error(), "edge in"), "%s", weft_last_error());
	for (uint32_t i = 0; i < 5; i++)
		if (push(in, i, 1))
			return -1;
	RT_OK(weft_plan_drain(r.plan, 10 * RT_SECOND));
	bytes = weft_plan_snapshot_bytes(r.plan);
	snapshot = malloc(bytes);
	RT_OK(weft_plan_save(r.plan, snapshot, bytes));
	RT_OK(weft_edge_get(sum, first, BLOCK));
	got = 10 + 11 + 12 + 10 + 11 + 1 + 2 + 3 + 4 + 5;
	RT_CHECK((double)first[0] == got, "%g, wanted %g", (double)first[0], got);
	/* one more block than sequences is no drain either, and an end all the same */
	RT_OK(weft_edge_push(in, 1, RT_SECOND, &block));
	RT_IS(weft_edge_commit(in, 2), -EINVAL);
	RT_OK(weft_edge_commit(in, 1));
	RT_IS(weft_plan_drain(r.plan, RT_SECOND), -EAGAIN);
	RT_IS(weft_plan_save(r.plan, snapshot, bytes), -EBUSY);
	RT_OK(weft_plan_end(r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_unload(r.plan));
	RT_OK(weft_plan_restore(r.plan, snapshot, bytes));
	RT_OK(weft_plan_load(r.plan));
	RT_OK(weft_edge_get(sum, again, BLOCK));
	RT_CHECK(first[0] == again[0] && first[N - 1] == again[N - 1], "%g, wanted %g", (double)again[0], (double)first[0]);
	free(snapshot);
	return rig_close(&r);
}

/* What the host pushed makes a body fault: who waits at either end is told which, and the plan can be loaded again. */
static int fault(struct weft *weft)
{
	for (uint32_t round = 0; round < 2; round++) {
		struct weft_edge *in, *x, *out;
		struct weft_body *a, *b;
		const void *got;
		uint32_t *word;
		uint64_t one[2];
		struct rig r;

		if (rig_open(weft, &r, 1, NULL))
			return -1;
		a = body_of(r.plan, "a", 0, NULL, 0);
		b = body_of(r.plan, "chooser", 0, NULL, 0);
		in = edge_of(r.plan, "in", 2, WEFT_EDGE_HOST, 0, NULL);
		x = edge_of(r.plan, "x", 2, 0, 0, NULL);
		out = edge_of(r.plan, "out", 2, WEFT_EDGE_HOST | WEFT_EDGE_PULL, 0, NULL);
		RT_CHECK(a && b && in && x && out, "%s", rt_text);
		RT_OK(weft_body_input(a, in, 1));
		RT_OK(weft_body_output(a, x, 1));
		RT_OK(weft_body_copy(a, weft_body_out(a, x, 0), weft_body_in(a, in, 0), BLOCK));
		RT_OK(weft_body_input(b, x, 1));
		RT_OK(weft_body_output(b, out, 1));
		one[0] = weft_body_in(b, x, 0) + 64;
		one[1] = weft_body_in(b, x, 0) + 128;
		RT_OK(weft_body_copy(b, weft_body_out(b, out, 0), weft_body_choice(b, weft_body_in(b, x, 0), one, 2), 64));
		RT_OK(weft_plan_load(r.plan));
		for (uint32_t i = 0; i < 3; i++) {
			RT_OK(weft_edge_push(in, 1, 10 * RT_SECOND, (void **)&word));
			*word = i;	/* 2 is no choice */
			word[16] = 7;
			word[32] = 8;
			RT_OK(weft_edge_commit(in, 1));
			if (i == 2)
				break;
			RT_IS(weft_edge_pull(out, 1, 10 * RT_SECOND, &got), 1);
			RT_CHECK(*(const uint32_t *)got == 7 + i, "%u", *(const uint32_t *)got);
			RT_OK(weft_edge_return(out, 1));
		}
		RT_IS(weft_edge_pull(out, 1, 10 * RT_SECOND, &got), -EOWNERDEAD);
		RT_CHECK(strstr(weft_last_error(), "chooser"), "%s", weft_last_error());
		if (!round) {
			RT_IS(weft_edge_push(in, 2, 10 * RT_SECOND, (void *[2]) { NULL }), -EOWNERDEAD);
			RT_IS(weft_plan_wait(r.plan, 2, 10 * RT_SECOND), -EOWNERDEAD);
		}
		if (rig_close(&r))
			return -1;
	}
	return 0;
}

/* in (host) → a → six to gather → three to late, which takes two of in for each: six blocks are out before late gives one back. */
static int apart_open(struct weft *weft, struct pipe *p, uint32_t depth)
{
	struct weft_edge *all, *of;
	struct weft_body *a, *g, *l;

	if (rig_open(weft, &p->r, 1, NULL))
		return -1;
	a = body_of(p->r.plan, "a", 0, NULL, 0);
	g = body_of(p->r.plan, "gather", 0, NULL, 0);
	l = body_of(p->r.plan, "late", 0, NULL, 0);
	p->in = edge_of(p->r.plan, "in", depth, WEFT_EDGE_HOST, 0, NULL);
	all = edge_of(p->r.plan, "all", 6, 0, 0, NULL);
	of = edge_of(p->r.plan, "of", 3, 0, 0, NULL);
	p->sum = edge_of(p->r.plan, "sum", 1, WEFT_EDGE_STATE, 0, NULL);
	RT_CHECK(a && g && l && p->in && all && of && p->sum, "%s", rt_text);
	RT_OK(weft_body_input(a, p->in, 1));
	RT_OK(weft_body_output(a, all, 1));
	RT_OK(weft_body_copy(a, weft_body_out(a, all, 0), weft_body_in(a, p->in, 0), BLOCK));
	RT_OK(weft_body_input(g, all, 6));
	RT_OK(weft_body_output(g, of, 3));
	for (uint32_t i = 0; i < 3; i++)
		RT_OK(body_add(g, weft_body_out(g, of, i), weft_body_in(g, all, 2 * i), weft_body_in(g, all, 2 * i + 1)));
	RT_OK(weft_body_input(l, p->in, 2));
	RT_OK(weft_body_input(l, of, 1));
	RT_OK(weft_body_output(l, p->sum, 1));
	for (uint32_t i = 0; i < 2; i++)
		RT_OK(body_add(l, weft_body_out(l, p->sum, 0), weft_body_out(l, p->sum, 0), weft_body_in(l, p->in, i)));
	return body_add(l, weft_body_out(l, p->sum, 0), weft_body_out(l, p->sum, 0), weft_body_in(l, of, 0));
}

/* With too few it would stand still; with those that the text names, or the planner's, it does not. */
static int apart(struct weft *weft)
{
	enum { SEQUENCES = 50, TOKENS = 6 * SEQUENCES };
	static const uint32_t depth[] = { 4, 6, 0 };
	double want = 0;

	for (uint32_t i = 0; i < TOKENS; i++)
		want += 2 * (double)value_of(i);
	for (uint32_t n = 0; n < 3; n++) {
		float got[N];
		struct pipe p;

		if (apart_open(weft, &p, depth[n]))
			return -1;
		if (depth[n] == 4) {
			RT_IS(weft_plan_prepare(p.r.plan, NULL), -EDEADLK);
			RT_CHECK(strstr(weft_last_error(), "credit of edge in, depth 4") && strstr(weft_last_error(), "body late") &&
				 strstr(weft_last_error(), "; depth 6 of edge in would break it"), "%s", weft_last_error());
			if (rig_close(&p.r))
				return -1;
			continue;
		}
		RT_OK(weft_plan_load(p.r.plan));
		for (uint32_t i = 0; i < TOKENS; i += 3)
			if (push(p.in, i, 3))
				return -1;
		RT_OK(weft_plan_wait(p.r.plan, SEQUENCES - 1, 20 * RT_SECOND));
		RT_OK(weft_plan_drain(p.r.plan, 20 * RT_SECOND));
		RT_OK(weft_edge_get(p.sum, got, BLOCK));
		RT_CHECK((double)got[0] == want && (double)got[N - 1] == want, "%g, wanted %g", (double)got[0], want);
		printf("# depth %u: %u sequences of six blocks\n", weft_edge_depth(p.in), SEQUENCES);
		RT_OK(weft_plan_end(p.r.plan, 10 * RT_SECOND));
		if (rig_close(&p.r))
			return -1;
	}
	return 0;
}

/* Documentation/runtime/feed.c, as a reader would run it. */
static int program(struct weft *weft)
{
	int status;

	(void)weft;
	if (access("/dev/udmabuf", F_OK) && system("modprobe udmabuf 2>/dev/null"))
		return rt_say(RT_SKIP, "udmabuf");
	if (access("./feed_program", X_OK))
		return rt_say(-1, "feed_program is not here");
	status = system("./feed_program");
	RT_CHECK(!status, "exit status %d", status);
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "a thousand batches in and out, a call for eight", thousand },
		{ "a slow host, and one that leaves", slow },
		{ "a length that the host does not know", unknown_length },
		{ "a host that is stopped", stopped },
		{ "the gate and the host in one plan: drain, snapshot", both },
		{ "a body that faults is named at both ends", fault },
		{ "consumers that are apart, with blocks enough and too few", apart },
		{ "io_uring reads a file into the blocks of a plan", program },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
