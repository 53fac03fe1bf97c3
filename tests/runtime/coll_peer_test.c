/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Communicators over several processes: results of all operations, at no cost for any host; who does not come, or comes with
 * something else. COUNT kinds of calls for each layout, others for each SEED.
 */
#include "coll_thief.h"
#include "host_work.h"

enum { KINDS, NO_HOST, LATE, MISMATCH, TASKS };

/* --- operations --- */

static int kinds(struct weft *weft, struct side *s)
{
	uint64_t all = 0, done = 0;
	struct weft_coll_desc d;
	struct set set;

	if (side_open(weft, s, &set))
		return -1;
	while (kind(&set, all, &d))
		all++;
	for (uint64_t k = 0; k < s->count; k++) {
		int ret;

		kind(&set, ((s->seed - 1) * s->count + k) % all * 1999 % all, &d);
		ret = one(&set, &d);
		if (ret < 0)
			return ret;
		done += !ret;
	}
	if (!s->me)
		printf("# %llu calls of %u members in %u processes\n", (unsigned long long)done, s->l.n, s->num + 1);
	return side_close(&set);
}

static const struct layout layouts[] = {
	{ 2, { 0, 1 }, { 0, 1 } },
	{ 2, { 0, 1 }, { 0, 0 } },			/* the same card */
	{ 4, { 0, 1, 0, 1 }, { 0, 1, 2, 3 } },
	{ 3, { 0, 1, 1 }, { 1, 0, 2 } },
	{ 4, { 1, 0, 2, 0 }, { 0, 0, 3, 1 } },		/* the first process does not listen */
};

static int operations(struct weft *weft)
{
	uint64_t count = rt_number("COUNT", 60), seed = rt_number("SEED", 1), began;
	uint32_t cards;

	if (reach(weft, &cards))
		return -1;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		struct side s = { .task = KINDS, .l = layouts[i], .seed = seed, .count = count };
		int ret;

		for (uint32_t r = 0; r < s.l.n; r++)
			if (s.l.card[r] >= cards)
				return rt_say(RT_SKIP, "p2pdma");
		began = now_ns();
		ret = side_run(weft, &s, others_of(&s.l), kinds);
		if (ret)
			return ret;
		printf("# %.1f s\n", (double)(now_ns() - began) / 1e9);
	}
	return 0;
}

/* --- cost --- */

static int cost(struct weft *weft, struct side *s)
{
	enum { POSTS = 32, TIMES = 1000 };
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .count = 1024 };
	struct host_work from, to, posts, run;
	struct weft_coll *coll;
	uint64_t began;
	struct set set;

	if (side_open(weft, s, &set))
		return -1;
	d.in = set.in;
	d.out = set.out;
	RT_OK(weft_coll_prepare(set.comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(set.comm, 60 * RT_SECOND));
	if (host_work_look(weft, set.card, 0, &from))
		return -1;
	for (uint32_t i = 0; i < POSTS; i++)
		RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	if (host_work_look(weft, set.card, 0, &to))
		return -1;
	posts = host_work_since(&from, &to);
	RT_OK(weft_comm_wait(set.comm, 60 * RT_SECOND));
	if (host_work_look(weft, &set.card[s->me], 1, &from))
		return -1;
	began = now_ns();
	RT_OK(weft_coll_post(coll, TIMES, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(set.comm, 60 * RT_SECOND));
	began = now_ns() - began;
	if (host_work_look(weft, &set.card[s->me], 1, &to))
		return -1;
	run = host_work_since(&from, &to);
	printf("# process %u: %u posts: %llu calls. %u repetitions in %.3f s: %llu calls, %llu switches\n", s->me, POSTS,
	       (unsigned long long)posts.calls, TIMES, (double)began / 1e9, (unsigned long long)run.calls, (unsigned long long)run.switches);
	RT_CHECK(!posts.calls, "posting makes system calls");
	/* a look's two, a wait and its wake; and a look at the other process five times a second */
	RT_CHECK(run.calls <= 5 + 10 * (began / RT_SECOND + 1), "see above");
	RT_OK(weft_coll_destroy(coll));
	return side_close(&set);
}

/* --- who does not come --- */

static int late(struct weft *weft, struct side *s)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_BARRIER };
	struct weft_coll *coll;
	struct set set;

	if (side_open(weft, s, &set))
		return -1;
	RT_OK(weft_coll_prepare(set.comm, &d, &coll));
	if (s->me && side_hear(s->control))
		return -1;
	RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	if (!s->me) {
		RT_IS(weft_comm_wait(set.comm, RT_SECOND / 2), -ETIME);
		RT_CHECK(strstr(weft_last_error(), "member 0 waits for member 1, which has not come"), "%s", weft_last_error());
		printf("# %s\n", weft_last_error());
		if (side_tell(s->line[0]))
			return -1;
	}
	RT_OK(weft_comm_wait(set.comm, 60 * RT_SECOND));
	/* a window that the other process does not make, yet */
	RT_OK(weft_coll_destroy(coll));
	if (s->me)
		return side_hear(s->control) ? -1 : side_close(&set);
	RT_OK(weft_window_destroy(set.in));
	RT_OK(weft_window_destroy(set.out));
	set.in = set.out = NULL;
	RT_OK(side_tell(s->line[0]));
	/* it is gone by now, or goes meanwhile */
	RT_IS(weft_window_create(set.comm, 4096, &set.in), -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "the process of member 1 is gone"), "%s", weft_last_error());
	return side_close(&set);
}

static int nobody(struct weft *weft)
{
	struct side s = { .l = { 3, { 0, 1, 1 }, { 0, 0, 0 } } };
	struct set set;

	RT_OK(weft_device_open(weft, "card", 0, &set.card[0]));
	RT_IS(side_join(&s, &set, "@weft-test-nobody", RT_SECOND / 5), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "member 1, 2 did not come"), "%s", weft_last_error());
	printf("# %s\n", weft_last_error());
	s.l.process[0] = 1;
	s.l.process[1] = 0;
	set.card[1] = set.card[0];
	RT_IS(side_join(&s, &set, "@weft-test-nobody", RT_SECOND / 5), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "member 0 did not come"), "%s", weft_last_error());
	RT_OK(weft_device_close(set.card[0]));
	return 0;
}

/* What a process gives is looked at, and refused with what is wrong. */
static int thieves(struct weft *weft)
{
	static const char *const texts[THIEF_GIVES] = {
		[THIEF_GARBAGE] = "a message that is damaged", [THIEF_CUT_OFF] = "cut off: 100 bytes",
		[THIEF_NO_MEMORY] = "memory of member 1 for member 0", [THIEF_NO_TABLE] = "as its table of calls is none",
		[THIEF_DATA] = "what member 1 gives to member 0 are 65536 bytes of memory for data",
		[THIEF_READ_ONLY] = "with access 0x1", [THIEF_LITTLE] = "are 4096 bytes of memory for data", [THIEF_FEW] = "sent 2 descriptors",
	};
	const int skip = needs(weft, 2);

	if (skip)
		return skip;
	for (uint32_t i = 0; i < THIEF_GIVES; i++) {
		struct side s = { .l = { 2, { 0, 1 }, { 0, 1 } } };
		struct thief t = { .weft = weft, .gives = (enum thief_gives)i };
		pthread_t thread;
		struct set set;
		int stop[2], ret;

		snprintf(s.path, sizeof(s.path), "@weft-thief-%d-%u", (int)getpid(), i);
		t.path = s.path;
		RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, stop), "socketpair");
		t.stop = stop[1];
		if (side_cards(weft, &s, &set))
			return -1;
		RT_CHECK(!pthread_create(&thread, NULL, thief_thread, &t), "thread");
		ret = side_join(&s, &set, s.path, 3 * RT_SECOND);
		printf("# %s\n", weft_last_error());
		RT_IS(ret, -EPROTO);
		RT_CHECK(strstr(weft_last_error(), texts[i]), "%s", weft_last_error());
		close(stop[0]);
		pthread_join(thread, NULL);
		close(stop[1]);
		RT_CHECK(!t.ret, "the thief failed");
		RT_OK(weft_device_close(set.card[0]));
	}
	return 0;
}

/* --- who comes with something else --- */

static int mismatch(struct weft *weft, struct side *s)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = s->me ? WEFT_COLL_ALL_GATHER : WEFT_COLL_ALL_REDUCE, .count = s->me ? 2 : 5 };
	uint32_t data[8] = { 0 }, got[8];
	struct weft_coll *coll;
	struct set set;

	if (side_open(weft, s, &set))
		return -1;
	d.in = set.in;
	d.out = set.out;
	RT_OK(weft_coll_prepare(set.comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	RT_IS(weft_comm_wait(set.comm, 60 * RT_SECOND), -EPROTO);
	printf("# process %u: %s\n", s->me, weft_last_error());
	RT_CHECK(strstr(weft_last_error(), "all-reduce of 5 f32") && strstr(weft_last_error(), "all-gather of 2 f32"), "%s", weft_last_error());
	for (uint32_t r = 0; r < set.n; r++)
		if (weft_window_memory(set.out, r)) {
			RT_OK(weft_memory_read(weft_window_memory(set.out, r), 0, got, sizeof(got)));
			RT_CHECK(!memcmp(got, data, sizeof(data)), "member %u's output was written", r);
		}
	RT_OK(weft_coll_destroy(coll));
	/* until the other has seen it, too */
	if (s->me ? side_tell(s->control) || side_hear(s->control) : side_hear(s->line[0]) || side_tell(s->line[0]))
		return -1;
	return side_close(&set);
}

/* --- all of them --- */

static const side_task tasks[TASKS] = {
	[KINDS] = kinds, [NO_HOST] = cost, [LATE] = late, [MISMATCH] = mismatch,
};

static int two(struct weft *weft, uint32_t task)
{
	struct side s = { .task = task, .l = { 2, { 0, 1 }, { 0, 1 } } };

	return side_run_on(weft, 2, &s, 1, tasks[task]);
}

static int two_cost(struct weft *weft)
{
	return two(weft, NO_HOST);
}

static int two_late(struct weft *weft)
{
	return two(weft, LATE);
}

static int two_mismatch(struct weft *weft)
{
	return two(weft, MISMATCH);
}

/* Documentation/runtime/ranks.c, as a reader would run it. */
static int program(struct weft *weft)
{
	const int skip = needs(weft, 2);

	if (skip)
		return skip;
	RT_CHECK(!access("./ranks_program", X_OK), "ranks_program is not here");
	RT_CHECK(!system("./ranks_program 1 2 /tmp/ranks & ./ranks_program 0 2 /tmp/ranks && wait $!"), "it failed");
	RT_CHECK(access("/tmp/ranks", F_OK), "its socket is left");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "operations, by members in several processes", operations },
		{ "a thousand repetitions without either host", two_cost },
		{ "nobody joins", nobody },
		{ "a process that gives what it should not", thieves },
		{ "a member of another process that does not come", two_late },
		{ "processes that come with different calls", two_mismatch },
		{ "the documentation's program of several processes", program },
	};

	return argc > 1 ? side_main(argv, tasks) : rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
