/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A member's card is pulled out for good in the middle of a call. Whoever is left is told in time which card that was, shrinks the
 * communicator and goes on with right results; nothing of the old one is left on the other cards. Run by
 * tests/system/coll_removal_test.py, in a machine that can pull a card out. COUNT times each.
 */
#include "coll_after.h"
#include "rig_card.h"

#define VICTIM	1u
#define CARDS	4u

enum { TASK_REMOVED, TASKS };

static uint32_t algorithm_of(uint64_t round)
{
	static const uint32_t algorithms[] = { WEFT_COLL_DIRECT, WEFT_COLL_PUSH, WEFT_COLL_RING };

	return algorithms[round % 3];
}

/* In even rounds the driver finds out by itself, in odd ones its slot tells it first. */
static int pull(const struct weft_device_info *info, uint64_t round)
{
	if (rig_ask("drop", VICTIM))
		return -1;
	return round % 2 ? rig_slot_off(info) : 0;
}

static int gone(const struct weft_device_info *info, uint64_t round)
{
	if (round % 2 == 0 && rig_slot_off(info))
		return -1;
	return rig_ask("gone", VICTIM);
}

/* The communicator's end, as each process is told of it. */
static int told(struct set *set, uint32_t process, uint64_t began)
{
	int ret = weft_comm_wait(set->comm, 60 * RT_SECOND);

	began = now_ns() - began;
	printf("# process %u: after %.3f s: %s\n", process, (double)began / 1e9, weft_last_error());
	RT_IS(ret, -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "member 1, card 1, has stopped: "), "%s", weft_last_error());
	RT_CHECK(began < 2 * BOUND_NS, "%.3f s until the error", (double)began / 1e9);
	return 0;
}

/* The lost one says so when it is closed, once. */
static int close_all(struct set *set)
{
	for (uint32_t r = 0; r < set->n; r++) {
		const int ret = set->card[r] ? weft_device_close(set->card[r]) : 0;

		RT_CHECK(!ret || (r == VICTIM && ret == -ENODEV), "card %u: %d, %s", r, ret, weft_last_error());
	}
	return 0;
}

static int removed(struct weft *weft, struct side *s)
{
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_REDUCE, .type = WEFT_TYPE_I32, .count = 4096,
				    .algorithm = algorithm_of(s->seed) };
	struct weft_device_info info = { .size = sizeof(info) };
	struct weft_comm *none;
	struct weft_coll *coll;
	uint64_t moment = s->seed, began;
	uint32_t here = 0;
	struct set set;

	if (s->num || s->me ? side_open(weft, s, &set) : set_open(weft, &set, s->l.n, 0))
		return -1;
	d.out = set.out;
	RT_OK(weft_coll_prepare(set.comm, &d, &coll));
	RT_OK(weft_coll_post(coll, 1ull << 32, WEFT_COLL_EVERYBODY));
	/* who has the card tells which it is */
	for (uint32_t r = 0; r < s->l.n; r++)
		here |= (uint32_t)(s->l.process[r] == s->me) << r;
	if (s->me && side_tell(s->control))
		return -1;
	for (uint32_t i = 0; !s->me && i < s->num; i++)
		if (side_hear(s->line[i]))
			return -1;
	if (!s->me) {
		struct weft_device *victim = set.card[VICTIM];

		if (!victim)
			RT_OK(weft_device_open(weft, "card", VICTIM, &victim));
		RT_OK(weft_device_info(victim, &info));
		if (!set.card[VICTIM])
			RT_OK(weft_device_close(victim));
		usleep((useconds_t)(rt_random(&moment) % 30000));
	}
	began = now_ns();
	if ((!s->me && pull(&info, s->seed)) || told(&set, s->me, began))
		return -1;
	RT_IS(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY), -EOWNERDEAD);
	weft_coll_destroy(coll);
	if (here == 1u << VICTIM) {
		RT_IS(weft_comm_shrink(set.comm, JOIN_NS, &none), -EOWNERDEAD);
		RT_CHECK(strstr(weft_last_error(), "no member of this process is left"), "%s", weft_last_error());
		side_drop(&set);
	} else if (go_on(s, &set, 1u << VICTIM, 2)) {
		return -1;
	}
	if (close_all(&set))
		return -1;
	/* its file is closed everywhere before there is another card */
	if (s->me)
		return side_tell(s->control);
	for (uint32_t i = 0; i < s->num; i++)
		if (side_hear(s->line[i]))
			return -1;
	return gone(&info, s->seed) || rig_plug(weft, &info, VICTIM) ? -1 : 0;
}

/* Of the cards that stay, what is free in the end is what was free in the beginning. */
static int rounds(struct weft *weft, const struct layout *layouts, uint32_t num)
{
	const uint64_t count = rt_number("COUNT", 2), seed = rt_number("SEED", 1);
	uint64_t before, after = 0;
	uint32_t cards;

	if (reach(weft, &cards))
		return -1;
	RT_CHECK(cards == CARDS, "%u cards", cards);
	before = free_bytes(weft, cards);
	for (uint64_t k = 0; k < count; k++) {
		struct side s = { .task = TASK_REMOVED, .l = layouts[k % num], .seed = (seed - 1) * count + k };
		const uint32_t others = others_of(&s.l);
		int ret;

		ret = others ? side_run(weft, &s, others, removed) : removed(weft, &s);
		if (ret)
			return ret;
	}
	for (uint32_t i = 0; i < 100 && after != before; i++) {
		after = free_bytes(weft, cards);
		usleep(after != before ? 100000 : 0);
	}
	RT_CHECK(before && after == before, "%llu bytes were free before, %llu after", (unsigned long long)before, (unsigned long long)after);
	return 0;
}

static int in_one(struct weft *weft)
{
	static const struct layout layout = { 4, { 0, 0, 0, 0 }, { 0, 1, 2, 3 } };

	return rounds(weft, &layout, 1);
}

static int in_several(struct weft *weft)
{
	static const struct layout layouts[] = {
		{ 4, { 0, 1, 0, 1 }, { 0, 1, 2, 3 } },
		{ 3, { 0, 1, 2 }, { 0, 1, 2 } },	/* a process has no other member */
		{ 4, { 0, 0, 1, 2 }, { 0, 1, 2, 3 } },
	};

	return rounds(weft, layouts, 3);
}

int main(int argc, char **argv)
{
	static const side_task tasks[TASKS] = { [TASK_REMOVED] = removed };
	static const struct rt_test tests[] = {
		{ "a card is pulled out, and the other members of the process go on", in_one },
		{ "a card is pulled out, and the members of several processes go on", in_several },
	};

	return argc > 1 ? side_main(argv, tasks) : rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
