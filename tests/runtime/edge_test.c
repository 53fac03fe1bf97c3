/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Edges between processes, on one card and on two: every block arrives, at no cost for either process; END, death, faults and
 * resets of the one side as the other sees them; processes that are not what they should be.
 */
#include <pthread.h>

#include "edge_end.h"
#include "edge_thief.h"

#define TOKENS		12000u		/* of the long run */
#define BOUND_NS	(2 * RT_SECOND)	/* from SIGKILL to the error of a wait, on a slow machine */

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

/* What is said of an end whose other one is gone, or faulted of @why. */
static int blamed(struct end *e, const char *why)
{
	struct weft_plan_error error = { .size = sizeof(error) };
	struct weft_stuck r = { .size = sizeof(r) };
	int lanes = 0;

	RT_CHECK(strstr(weft_last_error(), "edge stream") && strstr(weft_last_error(), why), "%s", weft_last_error());
	RT_OK(weft_plan_last_error(e->r.plan, &error));
	RT_CHECK(!strcmp(error.edge, "stream") && !strcmp(weft_fault_name(error.cause), "poison"), "last error: edge %s, %s", error.edge,
		 weft_fault_name(error.cause));
	/* at last both lanes, the one at the edge first */
	for (int i = 0; i < 5000 && lanes < 2; i++, usleep(1000)) {
		lanes = weft_plan_stuck(e->r.plan, &r, 1, sizeof(r));
		RT_OK(lanes);
	}
	RT_CHECK(lanes == 2, "%d lanes", lanes);
	RT_CHECK(r.kind == WEFT_STUCK_DEAD_PEER && r.root == r.body && !strcmp(r.edge, "stream"), "%s at edge %s", weft_stuck_name(r.kind),
		 r.edge);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Memory of the card that is free; what a process that died had comes back a little later. */
static int free_bytes(struct weft *weft, uint64_t want, uint64_t *bytes)
{
	const uint64_t until = now_ns() + 10 * RT_SECOND;
	struct weft_memory_info info = { .size = sizeof(info) };
	struct weft_device *card;

	RT_OK(weft_device_open(weft, "card", 0, &card));
	do {
		RT_OK(weft_device_memory(card, &info));
		*bytes = info.free_bytes;
	} while (*bytes < want && now_ns() < until && !usleep(1000));
	RT_OK(weft_device_close(card));
	return 0;
}

struct killer {
	pid_t pid;
	useconds_t after_us;
};

static void *kill_later(void *arg)
{
	const struct killer *k = arg;

	usleep(k->after_us);
	kill(k->pid, SIGKILL);
	return NULL;
}

/* The other process dies in the middle of all; our plan, the same in all rounds, is told and meets the next one. */
static int killed(struct weft *weft, bool producer)
{
	const uint64_t rounds = rt_number("COUNT", 20);
	const bool two = !rig_reach(weft, 2);
	uint64_t *took = calloc(rounds, sizeof(*took)), before, after, rnd = now_ns(), loads = 0, met_ns = RT_SECOND / 10;
	struct shape ours = { .produces = !producer, .depth = 3, .rate = 1 }, theirs = { .produces = producer, .depth = 3, .rate = 1 };
	struct end e;

	rt_text[0] = 0;
	RT_CHECK(took, "memory");
	if (free_bytes(weft, 0, &before) || end_open(weft, &e, &ours))
		return -1;
	for (uint64_t i = 0; i < rounds; i++) {
		const bool early = i % 4 == 3;	/* while the two meet, or about then */
		struct other o;
		struct word w;
		struct killer k;
		pthread_t thread;
		uint64_t from;
		int ret;

		theirs.card = two && i % 2;
		if (other_start(&o, &theirs, TASK_FOREVER, 0))
			return -1;
		RT_OK(weft_edge_connect(e.stream, o.edge, LOAD_NS));
		k = (struct killer) { .pid = o.pid, .after_us = (useconds_t)(rt_random(&rnd) % (2 * met_ns / 1000)) };
		if (early)
			RT_CHECK(!pthread_create(&thread, NULL, kill_later, &k), "thread");
		from = now_ns();
		ret = weft_plan_load(e.r.plan);
		if (early)
			pthread_join(thread, NULL);
		if (ret && early) {
			RT_IS(ret, -ECONNRESET);
			RT_CHECK(strstr(weft_last_error(), "edge stream"), "%s", weft_last_error());
			if (other_stop(&o, true))
				return -1;
			continue;
		}
		RT_OK(ret);
		met_ns = early ? met_ns : now_ns() - from;
		loads++;
		RT_OK(weft_plan_run(e.r.plan, 20, NULL));
		if (!early) {
			if (other_says(&o, &w))
				return -1;
			RT_OK(weft_plan_wait(e.r.plan, 19, 60 * RT_SECOND));
			if (producer) {
				RT_OK(weft_plan_drain(e.r.plan, RT_SECOND));
				if (folded_right(&e, 20))
					return -1;
			}
			RT_OK(weft_plan_run(e.r.plan, FOREVER, NULL));
			usleep((useconds_t)(rt_random(&rnd) % 5000));
			from = now_ns();
			kill(o.pid, SIGKILL);
		} else {
			RT_OK(weft_plan_run(e.r.plan, FOREVER, NULL));
			from = now_ns();
		}
		RT_IS(weft_plan_wait(e.r.plan, FOREVER - 1, 60 * RT_SECOND), -EOWNERDEAD);
		took[i] = now_ns() - from;
		if (blamed(&e, "stopped"))
			return -1;
		if (!i)
			printf("# %s\n", weft_last_error());
		RT_IS(weft_plan_run(e.r.plan, 1, NULL), -EOWNERDEAD);
		if (other_stop(&o, true))
			return -1;
		RT_OK(weft_plan_unload(e.r.plan));
	}
	if (rig_close(&e.r) || free_bytes(weft, before, &after))
		return -1;
	qsort(took, rounds, sizeof(*took), by_time);
	printf("# %llu rounds, %llu of them loaded, on %s: told after %.1f ms at most\n", (unsigned long long)rounds,
	       (unsigned long long)loads, two ? "one card and two" : "one card", (double)took[rounds - 1] / 1e6);
	RT_CHECK(took[rounds - 1] <= BOUND_NS, "%.3f s", (double)took[rounds - 1] / 1e9);
	RT_CHECK(after == before, "%llu bytes are free, %llu were", (unsigned long long)after, (unsigned long long)before);
	free(took);
	return 0;
}

static int producer_killed(struct weft *weft)
{
	return killed(weft, true);
}

static int consumer_killed(struct weft *weft)
{
	return killed(weft, false);
}

/* A body of the other process faults: its cause is told, too. */
static int fault(struct weft *weft)
{
	const struct shape take = { .depth = 2, .rate = 1 };
	struct shape make = { .produces = true, .depth = 2, .rate = 1, .fault = 40 };
	struct other o;
	struct end e;

	if (meet(weft, &e, &o, &take, &make, TASK_FOREVER, 0))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, FOREVER, NULL));
	RT_OK(weft_plan_wait(e.r.plan, 39, 60 * RT_SECOND));
	RT_IS(weft_plan_wait(e.r.plan, 40, 60 * RT_SECOND), -EOWNERDEAD);
	printf("# %s\n", weft_last_error());
	if (blamed(&e, "operand") || other_stop(&o, true))
		return -1;
	return rig_close(&e.r);
}

/* A consumer that has all it opened, and pauses, is told of a death as well: it looks at the edge before the gate. */
static int paused(struct weft *weft)
{
	const struct shape take = { .depth = 2, .rate = 1 }, make = { .produces = true, .depth = 2, .rate = 1 };
	struct weft_plan_error error = { .size = sizeof(error), .edge = "" };
	struct other o;
	struct word w;
	struct end e;

	if (meet(weft, &e, &o, &take, &make, TASK_RUN, 20))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, 20, NULL));
	RT_OK(weft_plan_drain(e.r.plan, 60 * RT_SECOND));
	if (other_says(&o, &w) || other_stop(&o, true))
		return -1;
	for (int i = 0; i < 5000 && !error.cause; i++, usleep(1000))
		RT_OK(weft_plan_last_error(e.r.plan, &error));
	RT_CHECK(!strcmp(error.edge, "stream") && !strcmp(error.body, "take"), "edge %s, body %s", error.edge, error.body);
	RT_IS(weft_plan_run(e.r.plan, 1, NULL), 0);		/* nobody has looked */
	RT_IS(weft_plan_wait(e.r.plan, 20, 10 * RT_SECOND), -EOWNERDEAD);
	return rig_close(&e.r);
}

struct half {
	struct rig r;
	struct weft_edge *out, *sum;
	int ret;
	char text[512];
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

static void *half_load(void *arg)
{
	struct half *h = arg;

	h->ret = weft_plan_load(h->r.plan);
	snprintf(h->text, sizeof(h->text), "%s", weft_last_error());
	return NULL;
}

/* Edges both ways, with one token in the ring: each sequence adds one on either side. The two plans may be of one process. */
static int ring_of(struct weft *weft, uint32_t control)
{
	enum { COUNT = 3000 };
	int there[2], back[2];
	struct half a, b;
	pthread_t thread;
	float got[N];

	RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, there) && !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, back), "socketpair");
	if (half_open(weft, &a, "back", "there", 0, control) || half_open(weft, &b, "there", "back", 1, control))
		return -1;
	RT_OK(weft_edge_connect(a.out, there[0], LOAD_NS));
	RT_OK(weft_edge_connect(weft_plan_edge(a.r.plan, "back"), back[0], LOAD_NS));
	RT_OK(weft_edge_connect(weft_plan_edge(b.r.plan, "there"), there[1], LOAD_NS));
	RT_OK(weft_edge_connect(b.out, back[1], LOAD_NS));
	for (int i = 0; i < 2; i++) {
		close(there[i]);
		close(back[i]);
	}
	RT_CHECK(!pthread_create(&thread, NULL, half_load, &b), "thread");
	half_load(&a);
	pthread_join(thread, NULL);
	RT_CHECK(!a.ret && !b.ret, "loads: %s; %s", a.text, b.text);
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

/* The card of the other process is reset; ours goes on, with a new producer. */
static int reset(struct weft *weft)
{
	const struct shape take = { .depth = 2, .rate = 1 };
	struct shape make = { .produces = true, .depth = 2, .rate = 1, .card = 1 };
	struct weft_device *card;
	struct weft_device_info info = { .size = sizeof(info) };
	char path[128];
	struct other o;
	struct word w;
	struct end e;
	FILE *f;
	int skip = rig_reach(weft, 2);

	if (skip)
		return skip;
	RT_OK(weft_device_open(weft, "card", 1, &card));
	RT_OK(weft_device_info(card, &info));
	RT_OK(weft_device_close(card));
	if (meet(weft, &e, &o, &take, &make, TASK_FOREVER, 0))
		return -1;
	RT_OK(weft_plan_run(e.r.plan, FOREVER, NULL));
	RT_OK(weft_plan_wait(e.r.plan, 20, 60 * RT_SECOND));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%x/reset", info.pci >> 16, info.pci >> 8 & 0xff,
		 info.pci >> 3 & 0x1f, info.pci & 7);
	f = fopen(path, "w");
	RT_CHECK(f && fputs("1", f) >= 0 && !fclose(f), "%s", path);
	RT_IS(weft_plan_wait(e.r.plan, FOREVER - 1, 60 * RT_SECOND), -EOWNERDEAD);
	printf("# %s\n", weft_last_error());
	/* a card that is to be reset is off the bus first: a lane in the middle of a store stops by that, and says so */
	if (blamed(&e, strstr(weft_last_error(), "link_down") ? "link_down" : "reset") || other_stop(&o, true))
		return -1;
	RT_OK(weft_plan_unload(e.r.plan));
	if (other_start(&o, &make, TASK_RUN, 100))
		return -1;
	RT_OK(weft_edge_connect(e.stream, o.edge, LOAD_NS));
	RT_OK(weft_plan_load(e.r.plan));
	RT_OK(weft_plan_run(e.r.plan, 100, NULL));
	RT_OK(weft_plan_drain(e.r.plan, 60 * RT_SECOND));
	if (folded_right(&e, 100) || other_says(&o, &w) || other_stop(&o, true))
		return -1;
	return rig_close(&e.r);
}

static int rights(struct weft *weft)
{
	static const char *const texts[THIEF_ANSWERS] = {
		[THIEF_CUT_OFF] = "cut off", [THIEF_NO_MEMORY] = "cell of the other process", [THIEF_DATA] = "memory for data" };
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
		{ "producers killed at random moments", producer_killed },
		{ "consumers killed at random moments", consumer_killed },
		{ "a body of the other process faults", fault },
		{ "the card of the other process is reset", reset },
		{ "a consumer that pauses", paused },
		{ "edges both ways", ring },
		{ "a consumer that would write", rights },
		{ "nobody comes, or somebody else", strangers },
		{ "a program for each process, of the guide", program },
	};

	if (argc == 11)
		return other_main(argv);
	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
