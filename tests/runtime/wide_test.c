/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Plans of very many lanes: COUNT on each card. */
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>

#include "wide.h"

/* What a load takes and an unload has to give back. */
struct taken {
	uint64_t bytes[CARDS];			/* of each card's memory */
	uint64_t memories;			/* handles of the library */
	uint32_t mappings;			/* of the process */
};

static int look(struct weft *weft, const struct rig *r, struct taken *t)
{
	struct weft_stats s = { .size = sizeof(s) };
	FILE *maps = fopen("/proc/self/maps", "r");

	*t = (struct taken) { 0 };
	RT_CHECK(maps, "/proc/self/maps");
	for (int c = getc(maps); c != EOF; c = getc(maps))
		t->mappings += c == '\n';
	fclose(maps);
	RT_OK(weft_stats_get(weft, &s));
	t->memories = s.live_memories;
	for (uint32_t i = 0; i < r->num_cards; i++) {
		struct weft_memory_info m = { .size = sizeof(m) };

		RT_OK(weft_device_memory(r->card[i], &m));
		t->bytes[i] = m.used_bytes;
	}
	return 0;
}

/* The allocator of the process may keep a mapping or two. */
static int same(const struct taken *before, const struct taken *after)
{
	for (uint32_t i = 0; i < CARDS; i++)
		RT_CHECK(before->bytes[i] == after->bytes[i], "card %u: %llu bytes, %llu before", i, (unsigned long long)after->bytes[i],
			 (unsigned long long)before->bytes[i]);
	RT_CHECK(before->memories == after->memories, "%llu memories, %llu before", (unsigned long long)after->memories,
		 (unsigned long long)before->memories);
	RT_CHECK(after->mappings <= before->mappings + 8, "%u mappings, %u before", after->mappings, before->mappings);
	return 0;
}

/* Once used, a device keeps what copies to it. */
static int warm(const struct rig *r)
{
	float block[N];

	for (uint32_t i = 0; i < r->num_cards; i++) {
		struct weft_memory *m;

		RT_OK(weft_memory_alloc(r->card[i], BLOCK, WEFT_PLACE_LOCAL, &m));
		RT_OK(weft_memory_read(m, 0, block, BLOCK));
		RT_OK(weft_memory_destroy(m));
	}
	return 0;
}

static int all_lanes(struct weft *weft)
{
	const uint32_t each = (uint32_t)rt_number("COUNT", 200);
	const int have = weft_device_count(weft, "card");
	const uint32_t cards = rig_reach(weft, 2) ? 1 : have < CARDS ? (uint32_t)have : CARDS;
	struct taken before, after;
	struct wide w;

	if (wide_open(weft, &w, cards, cards * each))
		return -1;
	RT_OK(weft_plan_prepare(w.rig.plan, NULL));
	if (warm(&w.rig) || look(weft, &w.rig, &before))
		return -1;
	for (int round = 0; round < 2; round++) {
		uint64_t from = wide_now_us(), loaded, ran;

		RT_OK(weft_plan_load(w.rig.plan));
		loaded = wide_now_us();
		if (wide_run(&w))
			return -1;
		ran = wide_now_us();
		RT_OK(weft_plan_unload(w.rig.plan));
		printf("# %u lanes: loaded in %llu us, ran in %llu us, unloaded in %llu us\n", w.lanes, (unsigned long long)(loaded - from),
		       (unsigned long long)(ran - loaded), (unsigned long long)(wide_now_us() - ran));
		if (look(weft, &w.rig, &after) || same(&before, &after))
			return -1;
	}
	return wide_close(&w);
}

static int may_have_more(bool on)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	RT_CHECK(!syscall(SYS_capget, &head, data), "capget");
	if (on)
		data[0].effective |= 1u << CAP_SYS_RESOURCE;
	else
		data[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	RT_CHECK(!syscall(SYS_capset, &head, data), "capset");
	return 0;
}

/* A load that is refused, with @text and @more in what it says; nothing stays behind. */
static int refused(struct weft *weft, struct wide *w, int want, const char *text, const char *more)
{
	struct taken before, after;

	RT_OK(weft_plan_prepare(w->rig.plan, NULL));
	if (look(weft, &w->rig, &before))
		return -1;
	RT_IS(weft_plan_load(w->rig.plan), want);
	printf("# %s\n", weft_last_error());
	RT_CHECK(strstr(weft_last_error(), text) && strstr(weft_last_error(), more), "%s; wanted %s and %s", weft_last_error(), text, more);
	return look(weft, &w->rig, &after) ? -1 : same(&before, &after);
}

/* As a user has it: a quarter of a card's queues. */
static int too_many(struct weft *weft)
{
	struct weft_device_info info = { .size = sizeof(info) };
	struct weft_device *card;
	struct weft_queue *queue[3];
	char text[128], left[64];
	struct wide w;

	if (may_have_more(false))
		return -1;
	RT_OK(weft_device_open(weft, "card", 0, &card));
	RT_OK(weft_device_info(card, &info));
	RT_OK(weft_device_close(card));
	/* seven lanes too many: before anything is taken */
	if (wide_open(weft, &w, 1, info.max_queues + 7))
		return -1;
	snprintf(text, sizeof(text), "%u lanes on %s, where this process may have %u queues, 7 too few", info.max_queues + 7, info.node,
		 info.max_queues);
	if (refused(weft, &w, -EDQUOT, text, "CAP_SYS_RESOURCE") || wide_close(&w))
		return -1;
	/* and three queues too many: what was made is taken back */
	if (wide_open(weft, &w, 1, info.max_queues))
		return -1;
	for (int i = 0; i < 3; i++)
		RT_OK(weft_queue_create(w.rig.card[0], NULL, &queue[i]));
	snprintf(text, sizeof(text), "the %u queues that this process may have on the card are in use", info.max_queues);
	snprintf(left, sizeof(left), "3 of %u lanes have no queue", info.max_queues);
	if (refused(weft, &w, -EDQUOT, text, left))
		return -1;
	for (int i = 0; i < 3; i++)
		RT_OK(weft_queue_destroy(queue[i]));
	/* all of them; none is left to read results with */
	RT_OK(weft_plan_load(w.rig.plan));
	RT_OK(weft_plan_run(w.rig.plan, WIDE_SEQUENCES, NULL));
	RT_OK(weft_plan_drain(w.rig.plan, WIDE_NS));
	if (wide_close(&w))
		return -1;
	return may_have_more(true);
}

/* Of the whole machine; returns what it was before, 0: that failed. */
static unsigned int mappings(unsigned int most)
{
	FILE *f = fopen("/proc/sys/vm/max_map_count", "r+");
	unsigned int was = 0;

	if (f && fscanf(f, "%u", &was) == 1) {
		rewind(f);
		fprintf(f, "%u\n", most);
	}
	return f && fclose(f) ? 0 : was;
}

/* Doorbell and state of each lane are a mapping each. */
static int too_many_mappings(struct weft *weft)
{
	unsigned int was;
	struct wide w;
	int ret;

	if (wide_open(weft, &w, 1, 200))
		return -1;
	was = mappings(300);
	RT_CHECK(was, "vm.max_map_count cannot be changed");
	ret = refused(weft, &w, -ENOMEM, "user queue wide/b", "vm.max_map_count");
	RT_CHECK(mappings(was), "vm.max_map_count cannot be changed back");
	if (ret)
		return ret;
	RT_OK(weft_plan_load(w.rig.plan));
	if (wide_run(&w))
		return -1;
	return wide_close(&w);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "a token through all lanes of all cards, twice", all_lanes },
		{ "more lanes than a user may have queues", too_many },
		{ "more lanes than a process may have mappings", too_many_mappings },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
