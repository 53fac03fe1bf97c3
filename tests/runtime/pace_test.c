/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The timing law on the card's clock, and what the host has to do while a plan runs: nothing. */
#include <signal.h>
#include <sys/wait.h>

#include "host_work.h"
#include "plan_rig.h"

#define T	(5 * MS)
#define BATCHES	16u
#define MOST	24u
/* What lies between two firings is not in the law: a body that waits for its processor, where that is an emulated card's. */
#define NEAR	1.3

struct chain {
	struct rig r;
	struct weft_plan_report report;
	struct weft_edge *log[4];	/* of each body: start, end */
};

/* Four bodies of T each; @depth of their edges; @skip: depth of an edge from the first to the last, 0 = none. */
static int chain(struct weft *weft, struct chain *c, const char *lane, uint32_t depth, uint32_t skip, uint64_t ns)
{
	static const char *const names[] = { "first", "second", "third", "fourth" }, *const edges[] = { "a", "b", "c" };
	struct weft_body *b[4];
	struct weft_edge *e;

	if (rig_open(weft, &c->r, 1, NULL))
		return -1;
	for (int i = 0; i < 4; i++) {
		struct weft_edge *log;
		uint64_t to;

		b[i] = body_of(c->r.plan, names[i], 0, lane, 0);
		RT_CHECK(b[i], "%s", rt_text);
		log = log_of(c->r.plan, b[i], i == 0 ? "log first" : i == 1 ? "log 1" : i == 2 ? "log 2" : "log last", 64);
		to = weft_body_out(b[i], log, 0);
		RT_OK(weft_body_timestamp(b[i], to));
		RT_OK(weft_body_timed(b[i], ns));
		RT_OK(weft_body_timestamp(b[i], to + 8));
		c->log[i] = log;
		if (!i)
			continue;
		e = edge_of(c->r.plan, edges[i - 1], depth, 0, 0, NULL);
		RT_OK(weft_body_output(b[i - 1], e, 1));
		RT_OK(weft_body_input(b[i], e, 1));
	}
	if (skip) {
		e = edge_of(c->r.plan, "skip", skip, 0, 0, NULL);
		RT_OK(weft_body_output(b[0], e, 1));
		RT_OK(weft_body_input(b[3], e, 1));
	}
	c->report.size = sizeof(c->report);
	RT_OK(weft_plan_prepare(c->r.plan, &c->report));
	RT_OK(weft_plan_load(c->r.plan));
	return 0;
}

/* What the cards did: start and end of each firing. */
struct play {
	uint64_t word[4][MOST][2];
	uint32_t batches;
};

static int measure(struct chain *c, uint32_t batches, struct play *p)
{
	RT_OK(weft_plan_run(c->r.plan, batches, NULL));
	RT_OK(weft_plan_wait(c->r.plan, batches - 1, 60 * RT_SECOND));
	p->batches = batches;
	for (uint32_t b = 0; b < 4; b++)
		for (uint32_t s = 0; s < batches; s++)
			if (log_words(c->log[b], s, p->word[b][s]))
				return -1;
	return 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * When firings that take as long as these did end by the law: each begins when its body, its input and its block are free. On
 * @one lane when the firing before it in the lane has ended.
 */
static void by_law(const struct play *p, bool one, uint32_t depth, uint32_t skip, uint64_t end[4][MOST])
{
	for (uint32_t s = 0; s < p->batches; s++)
		for (uint32_t b = 0; b < 4; b++) {
			uint64_t at = s ? end[one ? 3 : b][s - 1] : 0;

			if (b)
				at = later(at, end[b - 1][s]);
			if (b < 3 && s >= depth)
				at = later(at, end[b + 1][s - depth]);
			if (skip && !b && s >= skip)
				at = later(at, end[3][s - skip]);
			if (one && b)
				at = end[b - 1][s];
			end[b][s] = at + p->word[b][s][1] - p->word[b][s][0];
		}
}

/* From its second half, so that it has no beginning in it. */
static double period_of(uint64_t middle, uint64_t last, uint32_t batches)
{
	return (double)(last - middle) / (batches - batches / 2);
}

static int law(struct weft *weft)
{
	static const struct {
		const char *lane;
		uint32_t depth, skip, batches;
		double span, period;		/* in T; 0: not looked at */
	} cases[] = {
		{ "one", 1, 0, BATCHES, 64, 0 }, { NULL, 1, 0, BATCHES, 34, 2 }, { NULL, 2, 0, BATCHES, 19, 1 },
		{ NULL, 2, 2, MOST, 0, 2 }, { NULL, 3, 3, MOST, 0, 4.0 / 3 }, { NULL, 3, 4, MOST, 0, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint32_t n = cases[i].batches;
		double span = 0, period = 0, law_span = 0, law_period = 0;

		for (int tries = 0; tries < 3; tries++) {
			const uint64_t t = T << tries;
			uint64_t end[4][MOST];
			struct play p;
			struct chain c;

			if (chain(weft, &c, cases[i].lane, cases[i].depth, cases[i].skip, t) || measure(&c, n, &p))
				return -1;
			by_law(&p, cases[i].lane, cases[i].depth, cases[i].skip, end);
			span = (double)(p.word[3][n - 1][1] - p.word[0][0][0]);
			period = period_of(p.word[3][n / 2 - 1][1], p.word[3][n - 1][1], n);
			law_span = (double)end[3][n - 1];
			law_period = period_of(end[3][n / 2 - 1], end[3][n - 1], n);
			/* the planner sees the same law */
			RT_CHECK(!cases[i].period || (c.report.period_ns > (cases[i].period - 0.01) * (double)t &&
						      c.report.period_ns < (cases[i].period + 0.01) * (double)t),
				 "case %zu: T* is %.0f ns: %s", i, c.report.period_ns, c.report.critical);
			if (rig_close(&c.r))
				return -1;
			printf("# depth %u, skip %u%s: %.2f t (wanted %.0f), period %.3f t (%.3f); of the law for these firings %.3f, %.3f\n",
			       cases[i].depth, cases[i].skip, cases[i].lane ? ", one lane" : "", span / (double)t, cases[i].span,
			       period / (double)t, cases[i].period, span / law_span, period / law_period);
			if (span < NEAR * law_span && period < NEAR * law_period)
				break;
		}
		/* faster than the law: something did not wait */
		RT_CHECK(span > 0.999 * law_span && span < NEAR * law_span, "case %zu: %.3f of %.0f ns", i, span / law_span, law_span);
		RT_CHECK(!cases[i].span || law_span > 0.999 * cases[i].span * (double)T, "case %zu: the law gives %.0f ns", i, law_span);
		RT_CHECK(!cases[i].period || period < NEAR * law_period, "case %zu: period %.3f of %.0f ns", i, period / law_period,
			 law_period);
	}
	return 0;
}

/* A thousand sequences between two looks: the host slept through them in one call. */
static int no_host(struct weft *weft)
{
	enum { COUNT = 1000 };
	struct host_work from, to, done;
	struct chain c;

	if (chain(weft, &c, NULL, 2, 0, MS / 5))
		return -1;
	RT_OK(weft_plan_run(c.r.plan, 10, NULL));
	RT_OK(weft_plan_wait(c.r.plan, 9, 10 * RT_SECOND));
	if (host_work_look(weft, c.r.card, 1, &from))
		return -1;
	RT_OK(weft_plan_run(c.r.plan, COUNT, NULL));
	RT_OK(weft_plan_wait(c.r.plan, 9 + COUNT, 60 * RT_SECOND));
	if (host_work_look(weft, c.r.card, 1, &to))
		return -1;
	done = host_work_since(&from, &to);
	printf("# %u sequences: %llu context switches, %llu calls, %llu interrupts\n", COUNT, (unsigned long long)done.switches,
	       (unsigned long long)done.calls, (unsigned long long)done.irqs);
	/*
	 * To sleep and to wake: one of each; looking costs two calls. A queue that a slow machine leaves without work for a
	 * moment says once that it is idle, which is an interrupt too.
	 */
	RT_CHECK(done.switches <= 4 && done.calls <= 6 && done.irqs <= COUNT / 100, "see above");
	return rig_close(&c.r);
}

/* Another process stops this one for 100 ms; the plan has no gap. */
static int stopped(struct weft *weft)
{
	enum { COUNT = 40 };
	uint64_t last = 0, word[2];
	struct chain c;
	double worst = 0;
	pid_t pid, self = getpid();
	int status;

	if (chain(weft, &c, NULL, 2, 0, T))
		return -1;
	RT_OK(weft_plan_run(c.r.plan, COUNT, NULL));
	RT_OK(weft_plan_wait(c.r.plan, 3, 10 * RT_SECOND));
	pid = fork();
	RT_CHECK(pid >= 0, "fork");
	if (!pid) {
		kill(self, SIGSTOP);
		usleep(100000);
		kill(self, SIGCONT);
		_exit(0);
	}
	RT_CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	RT_OK(weft_plan_wait(c.r.plan, COUNT - 1, 20 * RT_SECOND));
	for (uint64_t i = 3; i < COUNT; i++) {
		if (log_words(c.log[3], i, word))
			return -1;
		if (last && (double)(word[1] - last) > worst)
			worst = (double)(word[1] - last);
		last = word[1];
	}
	printf("# longest period %.2f t\n", worst / (double)T);
	RT_CHECK(worst < 10 * (double)T, "%.2f t", worst / (double)T);	/* 20 t, if it had stopped too */
	return rig_close(&c.r);
}

/* What a firing costs: a chain of eight without work, on lanes of their own and on one. */
static int cost(struct weft *weft)
{
	enum { BODIES = 8, COUNT = 20000 };

	for (int one = 0; one < 2; one++)
		for (uint32_t depth = 1; depth < 3; depth++) {
			struct weft_clock from = { .size = sizeof(from) }, to = { .size = sizeof(to) };
			struct weft_body *b[BODIES];
			struct rig r;

			if (rig_open(weft, &r, 1, NULL))
				return -1;
			for (int i = 0; i < BODIES; i++) {
				char name[16], edge[16];
				struct weft_edge *e;

				snprintf(name, sizeof(name), "b%d", i);
				snprintf(edge, sizeof(edge), "e%d", i);
				b[i] = body_of(r.plan, name, 0, one ? "one" : NULL, 0);
				e = i ? edge_of(r.plan, edge, depth, 0, 0, NULL) : NULL;
				if (e) {
					RT_OK(weft_body_output(b[i - 1], e, 1));
					RT_OK(weft_body_input(b[i], e, 1));
				}
				RT_OK(weft_body_timed(b[i], 0));
			}
			RT_OK(weft_plan_load(r.plan));
			RT_OK(weft_plan_run(r.plan, 100, NULL));
			RT_OK(weft_plan_wait(r.plan, 99, 10 * RT_SECOND));
			RT_OK(weft_device_clock(r.card[0], &from));
			RT_OK(weft_plan_run(r.plan, COUNT, NULL));
			RT_OK(weft_plan_wait(r.plan, 99 + COUNT, 60 * RT_SECOND));
			RT_OK(weft_device_clock(r.card[0], &to));
			printf("# %s, depth %u: %.3f us per firing\n", one ? "one lane" : "eight lanes", depth,
			       (double)(to.device_ns - from.device_ns) / 1000 / BODIES / COUNT);
			if (rig_close(&r))
				return -1;
		}
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "64, 34 and 19 times t; skip edges of depth 2, 3 and 4", law },
		{ "a thousand sequences without the host", no_host },
		{ "a process that is stopped stops nothing", stopped },
		{ "what a firing costs", cost },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
