/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Jobs: order over cards by one timeline, callbacks, faults and time limits that cost one job, endurance. */
#include <dirent.h>
#include <stdatomic.h>

#include "place.h"

#define N	1024u

/* x += x runs on card 0 and card 1 in turn, on memory of card 0. */
static int chain_over_cards(struct weft *weft)
{
	struct weft_exec exec = { .size = sizeof(exec), .num_operands = 3, .dims = { N } };
	struct weft_timeline *timeline;
	struct weft_memory *memory[2];
	struct weft_device *card[2];
	struct weft_queue *queue[2];
	struct weft_list *list[2];
	struct weft_peer peer = { .size = sizeof(peer) };
	float x[N];

	if (weft_device_count(weft, "card") < 2)
		return rt_say(RT_SKIP, "two-cards");
	for (uint32_t i = 0; i < 2; i++) {
		RT_OK(weft_device_open(weft, "card", i, &card[i]));
		RT_OK(weft_queue_create(card[i], NULL, &queue[i]));
		RT_OK(weft_list_create(card[i], &list[i]));
	}
	RT_OK(weft_device_peer(card[1], card[0], &peer));
	RT_OK(weft_memory_alloc(card[0], sizeof(x), WEFT_PLACE_LOCAL, &memory[0]));
	if (peer.reach == WEFT_REACH_NONE) {	/* then both use pinned host memory */
		RT_OK(weft_memory_destroy(memory[0]));
		RT_OK(weft_memory_alloc(card[0], sizeof(x), WEFT_PLACE_HOST, &memory[0]));
	}
	RT_OK(weft_memory_import(card[1], memory[0], WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &memory[1]));
	for (uint32_t i = 0; i < N; i++)
		x[i] = (float)i;
	RT_OK(weft_memory_write(memory[0], 0, x, sizeof(x)));
	RT_OK(weft_timeline_create(card[0], "turns", &timeline));
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 3; k++)
			exec.operands[k] = weft_memory_address(memory[i]);
		RT_OK(weft_list_exec(list[i], "add", WEFT_TYPE_F32, &exec));
		RT_OK(weft_list_commit(list[i]));
	}
	for (uint64_t i = 0; i < 20; i++) {
		struct weft_point wait = { timeline, i }, signal = { timeline, i + 1 };

		RT_OK(weft_queue_submit(queue[i % 2], &(struct weft_submit) { .size = sizeof(struct weft_submit),
			.list = list[i % 2], .waits = &wait, .num_waits = i ? 1 : 0, .signals = &signal,
			.num_signals = 1 }, NULL));
	}
	RT_OK(weft_timeline_wait(timeline, 20, 10 * RT_SECOND));
	RT_IS(weft_timeline_wait(timeline, 21, 1000000), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "turns: wanted 21, actual 20"), "%s", weft_last_error());
	RT_OK(weft_memory_read(memory[0], 0, x, sizeof(x)));
	for (uint32_t i = 0; i < N; i++)
		RT_CHECK(x[i] == (float)i * 1048576.0f, "element %u is %g", i, (double)x[i]);
	RT_OK(weft_memory_destroy(memory[1]));
	RT_OK(weft_memory_destroy(memory[0]));
	for (int i = 0; i < 2; i++) {
		RT_OK(weft_list_destroy(list[i]));
		RT_OK(weft_queue_destroy(queue[i]));
	}
	RT_OK(weft_timeline_destroy(timeline));
	for (int i = 0; i < 2; i++)
		RT_OK(weft_device_close(card[i]));
	return 0;
}

static int fault(struct weft *weft)
{
	uint64_t bad, after;
	struct place p;

	if (place_open(weft, &p, 4096, 0))
		return -1;
	RT_OK(weft_list_fill(p.list[0], 0x6000, 64, 1, 8));
	RT_OK(weft_list_fill(p.list[1], weft_memory_address(p.memory), 64, 1, 8));
	RT_OK(weft_queue_run(p.queue[0], p.list[0], &bad));
	RT_IS(weft_queue_wait(p.queue[0], bad, 10 * RT_SECOND), -EFAULT);
	RT_CHECK(strstr(weft_last_error(), "pt_invalid") && strstr(weft_last_error(), "0x6000"), "%s", weft_last_error());
	RT_OK(weft_queue_run(p.queue[0], p.list[1], &after));
	RT_OK(weft_queue_wait(p.queue[0], after, 10 * RT_SECOND));	/* the queue lives on */
	RT_IS(weft_queue_wait(p.queue[0], bad, 0), -EFAULT);
	RT_OK(weft_queue_clear(p.queue[0]));
	RT_OK(weft_queue_wait(p.queue[0], bad, 0));
	return place_close(&p);
}

static int run_limit(struct weft *weft)
{
	struct place p;

	if (place_open(weft, &p, 4096, 200))
		return -1;
	RT_OK(weft_list_timed(p.list[0], 60 * RT_SECOND));
	RT_OK(weft_list_timed(p.list[1], 1000000));
	RT_OK(weft_queue_run(p.queue[0], p.list[0], NULL));
	RT_IS(weft_queue_wait(p.queue[0], 0, 20 * RT_SECOND), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "stopped"), "%s", weft_last_error());
	RT_OK(weft_queue_run(p.queue[0], p.list[1], NULL));
	RT_OK(weft_queue_wait(p.queue[0], 0, 10 * RT_SECOND));
	return place_close(&p);
}

static void count_up(void *data, int status)
{
	atomic_fetch_add((atomic_int *)data, status ? 1000000 : 1);
}

static int callbacks(struct weft *weft)
{
	atomic_int calls = 0;
	struct place p;

	if (place_open(weft, &p, 4096, 0))
		return -1;
	RT_OK(weft_list_fill(p.list[0], weft_memory_address(p.memory), 64, 1, 8));
	for (int i = 0; i < 500; i++)
		RT_OK(weft_queue_submit(p.queue[0], &(struct weft_submit) { .size = sizeof(struct weft_submit),
			.list = p.list[0], .callback = count_up, .data = &calls }, NULL));
	RT_OK(weft_queue_wait(p.queue[0], 0, 30 * RT_SECOND));
	if (place_close(&p))		/* runs what is left */
		return -1;
	RT_CHECK(atomic_load(&calls) == 500, "%d calls", atomic_load(&calls));
	return 0;
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Open, use, close: descriptors of the process and free memory of the card are as before. 10^4 with COUNT=10000. */
static int open_close(struct weft *weft)
{
	uint64_t count = rt_number("COUNT", 150);
	struct weft_memory_info before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	struct weft_device *watch;
	struct place p;
	int fds = 0;

	RT_OK(weft_device_open(weft, "card", 0, &watch));
	for (uint64_t i = 0; i <= count; i++) {
		if (place_open(weft, &p, 65536, 0))
			return -1;
		RT_OK(weft_memory_write(p.memory, 0, &i, sizeof(i)));
		RT_OK(weft_list_fill(p.list[0], weft_memory_address(p.memory), 64, i, 8));
		RT_OK(weft_queue_run(p.queue[0], p.list[0], NULL));
		RT_OK(weft_queue_wait(p.queue[0], 0, 10 * RT_SECOND));
		if (place_close(&p))
			return -1;
		if (!i) {
			fds = descriptors();
			RT_OK(weft_device_memory(watch, &before));
		}
	}
	RT_OK(weft_device_memory(watch, &after));
	RT_CHECK(descriptors() == fds, "%d descriptors, %d before", descriptors(), fds);
	RT_CHECK(before.free_bytes == after.free_bytes, "%llu bytes free, %llu before",
		 (unsigned long long)after.free_bytes, (unsigned long long)before.free_bytes);
	RT_OK(weft_device_close(watch));
	return 0;
}

/* Documentation/runtime/first.c, as a reader would run it; beside this program in the machine. */
static int first_program(struct weft *weft)
{
	int status;

	(void)weft;
	if (access("./first_program", X_OK))
		return rt_say(-1, "first_program is not here");
	status = system("./first_program");
	RT_CHECK(!status, "exit status %d", status);
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "the first program of the manual", first_program },
		{ "a chain of jobs over two cards", chain_over_cards },
		{ "a fault costs its job and names it", fault },
		{ "a time limit costs its job", run_limit },
		{ "callbacks", callbacks },
		{ "open and close", open_close },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
