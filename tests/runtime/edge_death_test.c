/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Edges between processes when one of them dies, faults or has its card reset, as the other sees it. */
#include <pthread.h>

#include "edge_end.h"

#define BOUND_NS	(2 * RT_SECOND)	/* from SIGKILL to the error of a wait, on a slow machine */

/* What is said of an end of @lanes lanes whose other one is gone, or faulted of @why. */
static int blamed(struct end *e, int lanes, const char *why)
{
	struct weft_plan_error error = { .size = sizeof(error) };
	struct weft_stuck r = { .size = sizeof(r) };
	int stopped = 0;

	RT_CHECK(strstr(weft_last_error(), "edge stream") && strstr(weft_last_error(), why), "%s", weft_last_error());
	RT_OK(weft_plan_last_error(e->r.plan, &error));
	RT_CHECK(!strcmp(error.edge, "stream") && !strcmp(weft_fault_name(error.cause), "poison"), "last error: edge %s, %s", error.edge,
		 weft_fault_name(error.cause));
	/* at last all lanes, those at the edge first */
	for (int i = 0; i < 5000 && stopped < lanes; i++, usleep(1000)) {
		stopped = weft_plan_stuck(e->r.plan, &r, 1, sizeof(r));
		RT_OK(stopped);
	}
	RT_CHECK(stopped == lanes, "%d lanes", stopped);
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
	struct shape ours = { .produces = !producer, .depth = 3, .rate = 1, .more = producer ? MORE : 0 };
	struct shape theirs = { .produces = producer, .depth = 3, .rate = 1 };
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
		theirs.more = producer ? 0 : i % 3;
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
		if (blamed(&e, 2 + (int)ours.more, "stopped"))
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
	/* those without a load took none and come first */
	printf("# %llu rounds, %llu of them loaded, on %s: told after %.1f ms, a tenth after %.1f and more, %.1f at most\n",
	       (unsigned long long)rounds, (unsigned long long)loads, two ? "one card and two" : "one card",
	       (double)took[rounds - loads + loads / 2] / 1e6, (double)took[rounds - 1 - loads / 10] / 1e6, (double)took[rounds - 1] / 1e6);
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
	if (blamed(&e, 2, "operand") || other_stop(&o, true))
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

/* The card of the other process is reset; ours goes on, with a new one at the other end. */
static int reset(struct weft *weft, bool producer)
{
	const struct shape ours = { .produces = !producer, .depth = 2, .rate = 1 };
	const struct shape theirs = { .produces = producer, .depth = 2, .rate = 1, .card = 1, .more = producer ? 0 : MORE };
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
	if (meet(weft, &e, &o, &ours, &theirs, TASK_FOREVER, 0))
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
	if (blamed(&e, 2, strstr(weft_last_error(), "link_down") ? "link_down" : "reset") || other_stop(&o, true))
		return -1;
	RT_OK(weft_plan_unload(e.r.plan));
	if (other_start(&o, &theirs, TASK_RUN, 100))
		return -1;
	RT_OK(weft_edge_connect(e.stream, o.edge, LOAD_NS));
	RT_OK(weft_plan_load(e.r.plan));
	RT_OK(weft_plan_run(e.r.plan, 100, NULL));
	RT_OK(weft_plan_drain(e.r.plan, 60 * RT_SECOND));
	/* loaded, and done: a consumer there says that it folded right */
	if ((producer && folded_right(&e, 100)) || other_says(&o, &w) || other_says(&o, &w) || other_stop(&o, true))
		return -1;
	return rig_close(&e.r);
}

static int producer_reset(struct weft *weft)
{
	return reset(weft, true);
}

static int consumer_reset(struct weft *weft)
{
	return reset(weft, false);
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "producers killed at random moments", producer_killed },
		{ "consumers killed at random moments", consumer_killed },
		{ "a body of the other process faults", fault },
		{ "the card of the producer is reset", producer_reset },
		{ "the card of the consumer is reset", consumer_reset },
		{ "a consumer that pauses", paused },
	};

	if (argc == OTHER_ARGS)
		return other_main(argv);
	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
