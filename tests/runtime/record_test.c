/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a user queue leaves to look at: records of its packets, waits beyond their limit. */
#include "side.h"

/* Takes records until there are @want, or complains; the card stores one after its packet has retired. */
static int take(struct weft_user_queue *queue, struct weft_user_queue_record *r, int want, uint64_t *dropped)
{
	int have = 0;

	for (int i = 0; i < 5000 && have < want; i++, usleep(1000)) {
		int more = weft_user_queue_trace(queue, r + have, (uint32_t)(want - have), dropped);

		RT_OK(more);
		have += more;
	}
	RT_CHECK(have == want, "%d records, wanted %d", have, want);
	return 0;
}

/* A record for each packet, in order; what does not fit is counted, and what was taken makes room again. */
static int trace(struct weft *weft)
{
	struct weft_user_queue_config config = { .size = sizeof(config), .flags = WEFT_USER_QUEUE_TRACE, .trace_records = 8 };
	struct weft_user_queue_record r[64] = { { 0 } };
	struct weft_user_queue *queue;
	uint64_t dropped = 9, lost = 0;
	struct side s;
	int ret;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	RT_IS(weft_user_queue_trace(s.queue, r, 1, NULL), -EINVAL);	/* it does not trace */
	RT_IS(weft_user_queue_create(s.card, &config, &queue), -EINVAL);
	config.trace_records = 16;
	ret = weft_user_queue_create(s.card, &config, &queue);
	if (ret == -EOPNOTSUPP)
		return side_close(&s) ? -1 : rt_say(RT_SKIP, "trace");
	RT_OK(ret);
	RT_OK(weft_list_fill(s.body, weft_memory_address(s.data), 4096, 7, 8));
	if (signal_op(s.body, weft_cell_address(s.cells, 0), 1, 1, 0))
		return -1;
	RT_OK(weft_list_commit(s.body));
	RT_OK(weft_user_queue_loop(queue, s.body, 3));
	if (take(queue, r, 7, &dropped))
		return -1;
	RT_CHECK(!dropped, "%llu dropped", (unsigned long long)dropped);
	for (uint32_t i = 0; i < 7; i++) {
		uint32_t packet = i < 6 ? i % 2 : 0, seq = i < 6 ? i / 2 : 0;	/* the loop itself, when it has ended */

		RT_CHECK(r[i].packet == packet && r[i].seq == seq && r[i].lane == r[0].lane, "record %u: lane %u, packet %u, seq %u",
			 i, r[i].lane, r[i].packet, r[i].seq);
		RT_CHECK(r[i].ready_ns && r[i].ready_ns <= r[i].start_ns && r[i].start_ns <= r[i].end_ns &&
			 (!i || i == 6 || r[i].start_ns >= r[i - 1].end_ns), "times of record %u", i);
	}
	RT_IS(weft_user_queue_trace(queue, r, 64, NULL), 0);
	/* 41 more: 16 of them fit */
	RT_OK(weft_user_queue_loop(queue, s.body, 20));
	for (int i = 0; i < 5000 && lost != 25; i++, usleep(1000))
		RT_IS(weft_user_queue_trace(queue, NULL, 0, &lost), 0);
	RT_CHECK(lost == 25, "%llu dropped", (unsigned long long)lost);
	RT_IS(weft_user_queue_trace(queue, r, 10, &lost), 10);
	RT_IS(weft_user_queue_trace(queue, r + 10, 54, &lost), 6);
	RT_CHECK(r[15].packet == 1 && r[15].seq == 7, "packet %u, seq %u", r[15].packet, r[15].seq);
	RT_OK(weft_user_queue_loop(queue, s.body, 1));		/* there is room again */
	if (take(queue, r, 3, &lost))
		return -1;
	RT_CHECK(lost == 25 && r[0].packet == 0 && r[1].packet == 1, "%llu dropped", (unsigned long long)lost);
	RT_OK(weft_user_queue_destroy(queue));
	return side_close(&s);
}

/* Waits beyond the limit: without WAIT_STOPS the driver counts, and the wait goes on; with it the state has the cause. */
static int wait_limit(struct weft *weft)
{
	struct weft_user_queue_config config = { .size = sizeof(config), .wait_limit_ns = 20000000 };
	struct weft_device_stats before = { .size = sizeof(before) }, after = before;
	struct weft_user_queue_state state = { .size = sizeof(state) };
	struct weft_user_queue *stops;
	struct side s;

	if (side_open(weft, 0, &s, &config))
		return -1;
	if (wait_op(s.list, weft_cell_address(s.cells, 0), 1, 0) ||
	    signal_op(s.list, weft_cell_address(s.cells, 1), 1, 0, 0))
		return -1;
	RT_OK(weft_list_commit(s.list));
	RT_OK(weft_device_stats(s.card, &before));
	RT_OK(weft_user_queue_post(s.queue, s.list));
	for (int i = 0; i < 5000 && after.wait_limits <= before.wait_limits; i++, usleep(1000))
		RT_OK(weft_device_stats(s.card, &after));
	RT_CHECK(after.wait_limits > before.wait_limits, "%llu waits too long", (unsigned long long)after.wait_limits);
	RT_OK(weft_cell_signal(s.cells, 0, 1));
	RT_OK(weft_cell_wait(s.cells, 1, 1, 10 * RT_SECOND, NULL));
	config.flags = WEFT_USER_QUEUE_WAIT_STOPS;
	RT_OK(weft_user_queue_create(s.card, &config, &stops));
	if (wait_op(s.body, weft_cell_address(s.cells, 2), 1, 0))
		return -1;
	RT_OK(weft_list_commit(s.body));
	RT_OK(weft_user_queue_post(stops, s.body));
	for (int i = 0; i < 5000 && !state.cause; i++, usleep(1000))
		RT_OK(weft_user_queue_state(stops, &state));
	RT_CHECK(!strcmp(weft_fault_name(state.cause), "wait_limit"), "cause %s", weft_fault_name(state.cause));
	RT_OK(weft_user_queue_destroy(stops));
	return side_close(&s);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "records of a traced queue, and those that did not fit", trace },
		{ "a wait beyond its limit is counted, or stops the queue", wait_limit },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
