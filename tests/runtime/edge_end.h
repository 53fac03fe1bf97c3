/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * An end of an edge between processes, as tests have it: two bodies that produce a known stream, or two that fold each block they
 * take into a state, in order, so that one wrong word in any block is seen at the end; and beside those two further bodies, slower
 * ones, which do the same. The other process is this program again.
 */
#ifndef EDGE_END_H
#define EDGE_END_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "plan_rig.h"

#define WORDS	256u			/* of a block */
#define BYTES	(WORDS * 4)
#define ENTRIES	30u			/* of the producer's table */
#define ODD	0x9e3779b1u
#define FOREVER	(1ull << 40)
#define LOAD_NS	(60 * RT_SECOND)
#define MORE	2u			/* further consumers, at most */
#define OTHER_ARGS	11		/* of the program when it is the other process */

/* What is one end: of @rate blocks a firing. */
struct shape {
	bool produces;
	uint32_t card, depth, rate, initial;
	uint64_t base;
	uint64_t fault;			/* not 0: of the producer, the firing that faults */
	uint32_t more;			/* consumers besides */
	bool rates;			/* of twice the rate, and three times */
};

struct end {
	struct rig r;
	struct weft_edge *stream, *state[1 + MORE];
	struct weft_body *take, *also[MORE];
	uint32_t num_states;
};

static inline uint32_t word_of(uint64_t token, uint32_t word)
{
	uint64_t rnd = token % ENTRIES * WORDS + word;

	return (uint32_t)rt_random(&rnd);
}

/* The state after @tokens blocks; words count alike, so a few of them do. */
static inline uint32_t folded(uint64_t tokens, uint32_t word)
{
	uint32_t h = 0;

	for (uint64_t t = 0; t < tokens; t++)
		h = h * ODD + word_of(t, word);
	return h;
}

static inline int block_edge(struct end *e, const char *name, const struct shape *s, uint32_t flags, struct weft_edge **edge)
{
	uint32_t contents[4 * WORDS];
	const bool state = flags & WEFT_EDGE_STATE;
	const struct weft_edge_desc d = {
		.size = sizeof(d), .name = name, .block_bytes = BYTES, .depth = state ? 1 : s->depth, .flags = flags,
		.initial = flags & WEFT_EDGE_EXPORT ? s->initial : 0, .contents = flags & WEFT_EDGE_EXPORT && s->initial ? contents : NULL };

	for (uint32_t i = 0; i < 4 * WORDS; i++)
		contents[i] = word_of(i / WORDS, i % WORDS);
	RT_OK(weft_edge_create(e->r.plan, &d, edge));
	return 0;
}

/* Token k of the stream is entry k of the table, which goes round; the initial ones come before. */
static inline int make_producer(struct end *e, const struct shape *s)
{
	static uint32_t words[ENTRIES * WORDS];
	struct weft_constant *table;
	struct weft_body *a = body_of(e->r.plan, "source", 0, NULL, 0), *b = body_of(e->r.plan, "make", 0, NULL, 0);
	const struct shape own = { .depth = 2 * s->rate };
	struct weft_edge *inner;

	RT_CHECK(a && b, "%s", rt_text);
	for (uint32_t i = 0; i < ENTRIES * WORDS; i++)
		words[i] = word_of(s->initial + i / WORDS, i % WORDS);
	if (block_edge(e, "stream", s, WEFT_EDGE_EXPORT, &e->stream) || block_edge(e, "inner", &own, 0, &inner))
		return -1;
	RT_OK(weft_constant_create(e->r.plan, "table", sizeof(words), NULL, &table));
	RT_OK(weft_constant_contents(table, words, sizeof(words)));
	RT_OK(weft_body_output(a, inner, s->rate));
	RT_OK(weft_body_input(b, inner, s->rate));
	RT_OK(weft_body_output(b, e->stream, s->rate));
	for (uint32_t j = 0; j < s->rate; j++) {
		RT_OK(weft_body_copy(a, weft_body_out(a, inner, j),
				     weft_body_table(a, table, s->rate * BYTES, ENTRIES / s->rate, 1) + j * BYTES, BYTES));
		RT_OK(weft_body_copy(b, weft_body_out(b, e->stream, j), weft_body_in(b, inner, j), BYTES));
	}
	if (s->fault) {	/* the number of a choice is none when it comes to that */
		struct weft_constant *which;
		uint32_t index[64] = { 0 };
		uint64_t one = weft_body_out(a, inner, 0);

		index[s->fault] = 1;
		RT_OK(weft_constant_create(e->r.plan, "which", sizeof(index), NULL, &which));
		RT_OK(weft_constant_contents(which, index, sizeof(index)));
		RT_OK(weft_body_copy(a, weft_body_choice(a, weft_body_table(a, which, 4, 64, 1), &one, 1),
				     weft_body_constant(a, table), 4));
	}
	return 0;
}

/* The body folds what it takes of @in into a state of its own. */
static inline int fold(struct end *e, struct weft_body *b, struct weft_edge *in, uint32_t rate, struct weft_constant *times)
{
	struct weft_edge **state = &e->state[e->num_states];
	char name[8];
	uint64_t h;

	snprintf(name, sizeof(name), "state%u", e->num_states++);
	if (block_edge(e, name, &(struct shape) { 0 }, WEFT_EDGE_STATE, state))
		return -1;
	RT_OK(weft_body_input(b, in, rate));
	RT_OK(weft_body_output(b, *state, 1));
	h = weft_body_out(b, *state, 0);
	for (uint32_t j = 0; j < rate; j++) {
		const uint64_t product[2] = { h, weft_body_constant(b, times) }, sum[2] = { h, weft_body_in(b, in, j) };

		RT_OK(weft_body_reduce(b, WEFT_TYPE_I32, WEFT_REDUCTION_PROD, product, 2, &h, 1, WORDS));
		RT_OK(weft_body_reduce(b, WEFT_TYPE_I32, WEFT_REDUCTION_SUM, sum, 2, &h, 1, WORDS));
	}
	return 0;
}

static inline int make_consumer(struct end *e, const struct shape *s)
{
	static const char *const names[MORE] = { "slow", "slowest" };
	static const uint64_t times_ns[MORE] = { MS / 2, 2 * MS };
	static uint32_t odd[WORDS];
	struct weft_constant *times;
	struct weft_body *a = body_of(e->r.plan, "take", 0, NULL, 0), *b = body_of(e->r.plan, "fold", 0, NULL, 0);
	const struct shape own = { .depth = 2 * s->rate };
	struct weft_edge *inner;

	RT_CHECK(a && b, "%s", rt_text);
	e->take = a;
	for (uint32_t i = 0; i < WORDS; i++)
		odd[i] = ODD;
	if (block_edge(e, "stream", s, WEFT_EDGE_IMPORT, &e->stream) || block_edge(e, "inner", &own, 0, &inner))
		return -1;
	RT_OK(weft_constant_create(e->r.plan, "odd", BYTES, NULL, &times));
	RT_OK(weft_constant_contents(times, odd, BYTES));
	RT_OK(weft_body_input(a, e->stream, s->rate));
	RT_OK(weft_body_output(a, inner, s->rate));
	for (uint32_t j = 0; j < s->rate; j++)
		RT_OK(weft_body_copy(a, weft_body_out(a, inner, j), weft_body_in(a, e->stream, j), BYTES));
	if (fold(e, b, inner, s->rate, times))
		return -1;
	for (uint32_t i = 0; i < s->more; i++) {
		e->also[i] = body_of(e->r.plan, names[i], 0, NULL, 0);
		RT_CHECK(e->also[i], "%s", rt_text);
		RT_OK(weft_body_timed(e->also[i], times_ns[i]));
		if (fold(e, e->also[i], e->stream, s->rates ? s->rate * (i + 2) : s->rate, times))
			return -1;
	}
	return 0;
}

static inline int end_open(struct weft *weft, struct end *e, const struct shape *s)
{
	const struct weft_plan_config config = {
		.size = sizeof(config), .flags = WEFT_PLAN_POISON, .cell_base = s->base, .name = s->produces ? "producer" : "consumer" };

	*e = (struct end) { .r.num_cards = 1 };
	RT_OK(weft_device_open(weft, "card", s->card, &e->r.card[0]));
	RT_OK(weft_plan_create(e->r.card, 1, &config, &e->r.plan));
	return s->produces ? make_producer(e, s) : make_consumer(e, s);
}

/* Each consumer has folded @tokens blocks, and right. */
static inline int folded_right(struct end *e, uint64_t tokens)
{
	static const uint32_t looked_at[] = { 0, 1, 77, WORDS - 1 };
	uint32_t got[WORDS];

	for (uint32_t s = 0; s < e->num_states; s++) {
		RT_OK(weft_edge_get(e->state[s], got, BYTES));
		for (size_t i = 0; i < sizeof(looked_at) / sizeof(looked_at[0]); i++)
			RT_CHECK(got[looked_at[i]] == folded(tokens, looked_at[i]), "after %llu blocks, word %u of state %u is %#x, wanted %#x",
				 (unsigned long long)tokens, looked_at[i], s, got[looked_at[i]], folded(tokens, looked_at[i]));
	}
	return 0;
}

/* What the other process says when it has done something. */
struct word {
	int32_t ret;
	uint32_t pad;
	uint64_t calls, irqs;
};

static inline int costs(struct weft *weft, struct end *e, uint64_t *calls, uint64_t *irqs)
{
	struct weft_device_stats d = { .size = sizeof(d) };
	struct weft_stats w = { .size = sizeof(w) };

	RT_OK(weft_device_stats(e->r.card[0], &d));
	RT_OK(weft_stats_get(weft, &w));
	*calls = w.ioctls + w.mmaps;
	*irqs = d.irqs;
	return 0;
}

/* Of the other process: the edge on @edge, words on @control. */
struct other {
	pid_t pid;
	int edge, control;
};

enum task { TASK_RUN, TASK_FOREVER };

static inline int other_start(struct other *o, const struct shape *s, enum task task, uint64_t count)
{
	int edge[2], control[2];
	char text[10][24];
	char *args[OTHER_ARGS + 1] = { "edge_test" };

	RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, edge), "socketpair");
	RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), "socketpair");
	*o = (struct other) { .edge = edge[0], .control = control[0] };
	for (int i = 0; i < 10; i++) {
		const uint64_t value[10] = { (uint64_t)edge[1], (uint64_t)control[1], task, count, s->produces, s->card, s->depth,
					     s->rate | (uint64_t)s->initial << 16 | (uint64_t)s->more << 32 | (uint64_t)s->rates << 40,
					     s->base, s->fault };

		snprintf(text[i], sizeof(text[i]), "%llu", (unsigned long long)value[i]);
		args[i + 1] = text[i];
	}
	o->pid = fork();
	RT_CHECK(o->pid >= 0, "fork");
	if (!o->pid) {	/* a fresh program: the library does not survive fork */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(edge[0]);
		close(control[0]);
		execv("/proc/self/exe", args);
		_exit(2);
	}
	close(edge[1]);
	close(control[1]);
	return 0;
}

/* A word of the other process, or that it is gone. */
static inline int other_says(struct other *o, struct word *w)
{
	RT_CHECK(recv(o->control, w, sizeof(*w), 0) == sizeof(*w), "the other process says nothing");
	RT_CHECK(!w->ret, "the other process: %d", w->ret);
	return 0;
}

static inline int other_stop(struct other *o, bool killed)
{
	int status;

	if (killed)
		kill(o->pid, SIGKILL);
	close(o->edge);
	close(o->control);
	RT_CHECK(waitpid(o->pid, &status, 0) == o->pid, "waitpid");
	if (!killed)
		RT_CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "the other process ended with %#x", (unsigned int)status);
	return 0;
}

static inline void tell(int control, int ret, uint64_t calls, uint64_t irqs)
{
	const struct word w = { .ret = ret, .calls = calls, .irqs = irqs };

	send(control, &w, sizeof(w), MSG_NOSIGNAL);
}

/* The other process. */
static inline int other_run(struct weft *weft, int edge, int control, enum task task, uint64_t count, const struct shape *s)
{
	uint64_t calls[2], irqs[2];
	struct end e;
	char byte;

	if (end_open(weft, &e, s))
		return -1;
	RT_OK(weft_edge_connect(e.stream, edge, LOAD_NS));
	close(edge);
	RT_OK(weft_plan_load(e.r.plan));
	tell(control, 0, 0, 0);
	if (task == TASK_FOREVER) {
		RT_OK(weft_plan_run(e.r.plan, FOREVER, NULL));
		tell(control, 0, 0, 0);
		while (recv(control, &byte, 1, 0) > 0)
			;
		return 0;
	}
	if (costs(weft, &e, &calls[0], &irqs[0]))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, count, NULL));
	RT_OK(weft_plan_drain(e.r.plan, 300 * RT_SECOND));
	if (costs(weft, &e, &calls[1], &irqs[1]))
		return -1;
	if (!s->produces && folded_right(&e, count * s->rate))
		return -1;
	tell(control, 0, calls[1] - calls[0], irqs[1] - irqs[0]);
	/* not before the other has what it wants */
	RT_CHECK(recv(control, &byte, 1, 0) == 1, "nobody says that this may end");
	RT_OK(weft_plan_end(e.r.plan, 60 * RT_SECOND));
	return rig_close(&e.r);
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * RT_SECOND + (uint64_t)ts.tv_nsec;
}

/* Cards of the two sides; 1: not in this machine */
static inline int cards_of(struct weft *weft, bool two, uint32_t *other)
{
	*other = two;
	return two ? rig_reach(weft, 2) : 0;
}

/* The other process and our end of the edge, loaded. */
static inline int meet(struct weft *weft, struct end *e, struct other *o, const struct shape *ours, const struct shape *theirs,
		enum task task, uint64_t count)
{
	struct word w;

	if (end_open(weft, e, ours) || other_start(o, theirs, task, count))
		return -1;
	RT_OK(weft_edge_connect(e->stream, o->edge, LOAD_NS));
	RT_OK(weft_plan_load(e->r.plan));
	return other_says(o, &w);
}

static inline int other_main(char **argv)
{
	uint64_t v[10];
	struct shape s;
	int ret;

	for (int i = 0; i < 10; i++)
		v[i] = strtoull(argv[i + 1], NULL, 10);
	s = (struct shape) { .produces = v[4], .card = (uint32_t)v[5], .depth = (uint32_t)v[6], .rate = v[7] & 0xffff,
			     .initial = v[7] >> 16 & 0xffff, .more = v[7] >> 32 & 0xff, .rates = v[7] >> 40, .base = v[8], .fault = v[9] };
	ret = other_run(weft_open(), (int)v[0], (int)v[1], (enum task)v[2], v[3], &s);
	if (ret)
		fprintf(stderr, "# the other process: %s\n", rt_text);
	tell((int)v[1], ret, 0, 0);
	return ret ? 1 : 0;
}

#endif
