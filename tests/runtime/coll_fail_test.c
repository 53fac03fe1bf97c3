/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What becomes of a communicator over several processes when one is killed, gives it up, or loses a card: whoever is left is told
 * in time, and goes on together. COUNT kills at random moments.
 */
#include <pthread.h>

#include "coll_after.h"

enum { KILLED, SHRINKING, ALIVE, REVOKED, RESET, TASKS };

/* --- a process is killed --- */

/* Before it is killed on purpose the last process says that all is running; what comes before that may end in any of these. */
static bool lost(int ret)
{
	return ret == -EOWNERDEAD || ret == -ECONNRESET || ret == -ECONNABORTED || ret == -ETIME || ret == -EPROTO;
}

/* Endless calls, until the last process is killed: in the middle of them, or of what comes before. */
static int killed(struct weft *weft, struct side *s)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .type = WEFT_TYPE_I32, .count = 1024,
				    .algorithm = s->seed % 3 ? s->seed % 3 == 1 ? WEFT_COLL_PUSH : WEFT_COLL_DIRECT : WEFT_COLL_RING };
	const bool early = s->count;
	uint64_t moment = s->seed, began = 0;
	struct weft_coll *coll = NULL;
	uint32_t gone = 0, last = 0;
	struct set set;
	int ret, closed;

	for (uint32_t r = 0; r < s->l.n; r++)
		last = s->l.process[r] > last ? s->l.process[r] : last;
	for (uint32_t r = 0; r < s->l.n; r++)
		gone |= (uint32_t)(s->l.process[r] == last) << r;
	if (side_cards(weft, s, &set))
		return -1;
	moment = rt_random(&moment) % (early ? 600000 : 30000);
	if (!s->me && early) {
		usleep((useconds_t)moment);
		kill(s->pid[last - 1], SIGKILL);
	}
	ret = side_join(s, &set, s->path, early ? 10 * RT_SECOND : JOIN_NS);
	if (ret && early && lost(ret))
		return s->me ? 0 : cards_close(&set);
	RT_OK(ret);
	ret = weft_window_create(set.comm, BYTES + GAP, &set.out);
	if (!ret) {
		d.out = set.out;
		RT_OK(weft_coll_prepare(set.comm, &d, &coll));
		RT_OK(weft_coll_post(coll, 1ull << 32, WEFT_COLL_EVERYBODY));
		if (s->me && side_tell(s->control))
			return -1;
		if (!s->me && !early) {
			for (uint32_t i = 0; i < s->num; i++)
				if (side_hear(s->line[i]))
					return -1;
			usleep((useconds_t)moment);
			kill(s->pid[last - 1], SIGKILL);
		}
		began = now_ns();
		ret = weft_comm_wait(set.comm, 60 * RT_SECOND);
		began = now_ns() - began;
		RT_IS(ret, -EOWNERDEAD);
		for (uint32_t r = 0; r < s->l.n && ret; r++) {
			char text[32];

			snprintf(text, sizeof(text), "member %u, card %u,", r, s->l.card[r]);
			if (gone >> r & 1 && strstr(weft_last_error(), text))
				ret = 0;
		}
		RT_CHECK(!ret, "the error names none of the lost members: %s", weft_last_error());
		RT_CHECK(s->me || began < BOUND_NS, "%.3f s until the error", (double)began / 1e9);
	} else {
		RT_CHECK(early && ret == -EOWNERDEAD, "window: %d, %s", ret, weft_last_error());
	}
	if (!s->me && s->seed % 8 == 1)
		printf("# %s, after %.3f s\n", weft_last_error(), (double)began / 1e9);
	if (coll)
		weft_coll_destroy(coll);
	closed = go_on(s, &set, gone, 2);
	return closed ? closed : cards_close(&set);
}

static int kills(struct weft *weft)
{
	static const struct layout layouts[] = {
		{ 4, { 0, 1, 2, 0 }, { 0, 1, 2, 3 } },
		{ 3, { 2, 0, 1 }, { 0, 1, 2 } },	/* who listens is killed */
		{ 4, { 1, 0, 2, 2 }, { 0, 1, 2, 3 } },
		{ 3, { 0, 0, 1 }, { 0, 1, 2 } },
	};
	uint64_t count = rt_number("COUNT", 8), seed = rt_number("SEED", 1), before, after = 0;
	const int skip = needs(weft, 4);

	if (skip)
		return skip;
	before = free_bytes(weft, 4);
	for (uint64_t k = 0; k < count; k++) {
		struct side s = { .task = KILLED, .l = layouts[k % 4], .seed = seed * count + k, .count = k / 4 & 1 };
		const uint32_t num = others_of(&s.l);
		int ret;

		if (side_start(&s, num))
			return -1;
		ret = killed(weft, &s);
		for (uint32_t i = 0; i < num; i++) {
			if (ret)
				kill(s.pid[i], SIGKILL);
			else
				ret = side_end(&s, i, i == num - 1);
		}
		if (ret)
			return ret;
	}
	/* what the killed had is freed by then, and cleared */
	for (uint32_t i = 0; i < 100 && after != before; i++) {
		after = free_bytes(weft, 4);
		usleep(after != before ? 100000 : 0);
	}
	RT_CHECK(before && after == before, "%llu bytes were free before, %llu after", (unsigned long long)before, (unsigned long long)after);
	printf("# %llu kills, %llu bytes free before and after\n", (unsigned long long)count, (unsigned long long)before);
	return 0;
}

/* --- another one is killed while the others shrink --- */

struct killer {
	pid_t pid;
	uint64_t after_us;
};

static void *kill_later(void *arg)
{
	const struct killer *k = arg;

	usleep((useconds_t)k->after_us);
	kill(k->pid, SIGKILL);
	return NULL;
}

/* The last process is killed in a call, and the one before it at any time after that: whoever is left comes to the same end. */
static int shrinking(struct weft *weft, struct side *s)
{
	struct weft_comm_info info = { .size = sizeof(info) };
	uint64_t moment = s->seed;
	struct killer killer;
	pthread_t thread;
	struct set set;
	int ret;

	if (side_cards(weft, s, &set))
		return -1;
	RT_OK(side_join(s, &set, s->path, JOIN_NS));
	if (s->me == 3) {
		side_tell(s->control);
		return side_hear(s->control);	/* to be killed */
	}
	if (!s->me) {
		RT_OK(side_hear(s->line[2]));
		kill(s->pid[2], SIGKILL);
		killer = (struct killer) { .pid = s->pid[1], .after_us = rt_random(&moment) % 1200000 };
		RT_CHECK(!pthread_create(&thread, NULL, kill_later, &killer), "thread");
	}
	for (uint32_t tries = 0; ; tries++) {
		struct weft_comm *small;

		RT_CHECK(tries < 4, "again and again");
		RT_OK(weft_comm_shrink(set.comm, JOIN_NS, &small));
		weft_comm_destroy(set.comm);
		set.comm = small;
		RT_OK(weft_comm_info(small, &info));
		ret = add_up(small, info.members);
		if (!ret)
			break;
		RT_IS(ret, -EOWNERDEAD);
	}
	if (s->me == 2) {
		char byte;

		return recv(s->control, &byte, 1, 0) == 1;	/* to be killed */
	}
	RT_CHECK(info.members == 2 || info.members == 3, "%u members", info.members);
	weft_comm_destroy(set.comm);
	if (!s->me) {
		pthread_join(thread, NULL);
		printf("# killed after %llu us: %u members in epoch %llu\n", (unsigned long long)killer.after_us, info.members,
		       (unsigned long long)info.epoch);
	}
	return cards_close(&set);
}

static int kills_again(struct weft *weft)
{
	uint64_t count = rt_number("COUNT", 8), seed = rt_number("SEED", 1);
	const int skip = needs(weft, 4);

	if (skip)
		return skip;
	for (uint64_t k = 0; k < count; k++) {
		/* who listens lives, and dies by turns */
		struct side s = { .task = SHRINKING, .l = { 4, { 0, 1, 2, 3 }, { 0, 1, 2, 3 } }, .seed = seed * count + k };
		int ret;

		if (k & 1)
			s.l = (struct layout) { 4, { 2, 3, 0, 1 }, { 0, 1, 2, 3 } };
		if (side_start(&s, 3))
			return -1;
		ret = shrinking(weft, &s);
		for (uint32_t i = 0; i < 3; i++) {
			if (ret)
				kill(s.pid[i], SIGKILL);
			else
				ret = side_end(&s, i, i > 0);
		}
		if (ret)
			return ret;
	}
	return 0;
}

/* --- one lives, and does not come --- */

static int alive(struct weft *weft, struct side *s)
{
	struct weft_comm_info info = { .size = sizeof(info) };
	struct weft_comm *small;
	struct set set;

	if (side_cards(weft, s, &set))
		return -1;
	RT_OK(side_join(s, &set, s->path, JOIN_NS));
	if (s->me) {
		RT_OK(side_hear(s->control));
		/* for whoever comes later who went is gone */
		RT_OK(weft_comm_shrink(set.comm, JOIN_NS, &small));
		RT_OK(weft_comm_info(small, &info));
		RT_CHECK(info.members == 1 && info.old_rank[0] == 1, "%u members", info.members);
		RT_OK(add_up(small, 1));
		RT_OK(weft_comm_destroy(small));
	} else {
		RT_IS(weft_comm_shrink(set.comm, RT_SECOND / 2, &small), -ETIME);
		RT_CHECK(strstr(weft_last_error(), "the process of member 1 did not come in 0.500 s"), "%s", weft_last_error());
		printf("# %s\n", weft_last_error());
		RT_OK(side_tell(s->line[0]));
	}
	RT_OK(weft_comm_destroy(set.comm));
	return cards_close(&set);
}

static int does_not_come(struct weft *weft)
{
	struct side s = { .task = ALIVE, .l = { 2, { 0, 1 }, { 0, 1 } } };

	return side_run_on(weft, 2, &s, 1, alive);
}

/* --- a process gives up --- */

/* The third waits for the second, who never comes; the first gives up. */
static int revoked(struct weft *weft, struct side *s)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_SEND, .count = 16, .root = 1, .peer = 2 };
	struct weft_coll *coll;
	uint64_t began;
	struct set set;

	if (side_open(weft, s, &set))
		return -1;
	d.in = set.in;
	d.out = set.out;
	RT_OK(weft_coll_prepare(set.comm, &d, &coll));
	if (s->me == 2)
		RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	if (s->me ? side_tell(s->control) : side_hear(s->line[0]) || side_hear(s->line[1]))
		return -1;
	began = now_ns();
	if (!s->me) {
		usleep(50000);
		RT_OK(weft_comm_revoke(set.comm));
		RT_IS(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY), -EOWNERDEAD);
		RT_IS(weft_window_create(set.comm, 4096, &(struct weft_window *) { NULL }), -EOWNERDEAD);
		/* the second stops only then, so that it is not what wakes the third */
		usleep(500000);
		if (side_tell(s->line[0]))
			return -1;
	} else if (s->me == 2) {
		RT_IS(weft_comm_wait(set.comm, 60 * RT_SECOND), -ECANCELED);
		RT_CHECK(strstr(weft_last_error(), "was revoked by the process of member 0"), "%s", weft_last_error());
		printf("# %s, after %.3f s\n", weft_last_error(), (double)(now_ns() - began) / 1e9);
		RT_CHECK(now_ns() - began < BOUND_NS, "too late");
	} else if (side_hear(s->control)) {
		return -1;
	}
	RT_OK(weft_coll_destroy(coll));
	if (go_on(s, &set, 0, 2))
		return -1;
	return cards_close(&set);
}

static int give_up(struct weft *weft)
{
	struct side s = { .task = REVOKED, .l = { 3, { 0, 1, 2 }, { 0, 1, 2 } }, .seed = 5 };

	return side_run_on(weft, 3, &s, 2, revoked);
}

/* --- a card is reset --- */

static int reset(struct weft *weft, struct side *s)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .count = 1024 };
	struct weft_coll *coll;
	struct set set;

	if (side_open(weft, s, &set))
		return -1;
	d.out = set.out;
	RT_OK(weft_coll_prepare(set.comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1ull << 32, WEFT_COLL_EVERYBODY));
	if (s->me && (usleep(100000) || reset_card(set.card[1])))
		return -1;
	RT_IS(weft_comm_wait(set.comm, 60 * RT_SECOND), -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "member 1, card 1, has stopped: "), "%s", weft_last_error());
	printf("# process %u: %s\n", s->me, weft_last_error());
	weft_coll_destroy(coll);
	if (go_on(s, &set, 2, 2))
		return -1;
	return cards_close(&set);
}

static int card_reset(struct weft *weft)
{
	struct side s = { .task = RESET, .l = { 4, { 0, 1, 0, 1 }, { 0, 1, 2, 3 } }, .seed = 6 };

	return side_run_on(weft, 4, &s, 1, reset);
}

/* All in one process: the same, with nobody to meet. */
static int shrink_alone(struct weft *weft)
{
	struct weft_comm *comm;
	struct side s = { .seed = 7 };
	uint32_t cards;
	struct set set;
	const int skip = set_open_several(weft, &set, &cards);

	if (skip)
		return skip;
	RT_OK(weft_comm_revoke(set.comm));
	RT_IS(weft_comm_shrink(set.comm, 0, &comm), -EINVAL);
	RT_OK(weft_comm_shrink(set.comm, RT_SECOND, &comm));
	RT_OK(weft_comm_destroy(comm));
	RT_IS(weft_comm_shrink(set.comm, RT_SECOND, &comm), -EINVAL);
	side_drop(&set);
	RT_OK(weft_comm_create(set.card, cards, NULL, &set.comm));
	if (go_on(&s, &set, 0, 2))
		return -1;
	return cards_close(&set);
}

int main(int argc, char **argv)
{
	static const side_task tasks[TASKS] = {
		[KILLED] = killed, [SHRINKING] = shrinking, [ALIVE] = alive, [REVOKED] = revoked, [RESET] = reset,
	};
	static const struct rt_test tests[] = {
		{ "processes killed at random moments, and the others go on", kills },
		{ "another one is killed while the others shrink", kills_again },
		{ "one lives, and does not come to shrink", does_not_come },
		{ "one gives up, and all are woken", give_up },
		{ "a card is reset, and the other members go on", card_reset },
		{ "a communicator of one process is shrunk", shrink_alone },
	};

	return argc > 1 ? side_main(argv, tasks) : rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
