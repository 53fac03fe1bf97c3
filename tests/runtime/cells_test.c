/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cells: several in one command, and what the host signals besides a value. */
#include "side.h"

/* One command waits for four cells, one signals four with tags, in a loop that the END of any of them leaves. */
static int several_cells(struct weft *weft)
{
	struct weft_cell_op all = { .size = sizeof(all), .exit_levels = 1, .exit = 1 };
	struct weft_user_queue_state state = { .size = sizeof(state) };
	struct weft_cell_item in[4], out[4];
	struct weft_cell_state cell;
	struct side s;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	for (uint32_t i = 0; i < 4; i++) {
		in[i] = (struct weft_cell_item) { .cell = weft_cell_address(s.cells, i), .base = 1 + i, .step = 1 };
		out[i] = (struct weft_cell_item) { .cell = weft_cell_address(s.cells, 8 + i), .base = 10 * i, .step = 5,
						   .tag = 100 + i };
	}
	RT_OK(weft_list_wait_all(s.body, &all, in, 4));
	all.flags = WEFT_CELL_TAG;
	RT_OK(weft_list_signal_all(s.body, &all, out, 4));
	RT_OK(weft_list_commit(s.body));
	RT_OK(weft_list_loop(s.list, s.body, 0));
	if (signal_op(s.list, weft_cell_address(s.cells, 16), 1, 0, 0))
		return -1;
	RT_OK(weft_list_commit(s.list));
	RT_OK(weft_user_queue_post(s.queue, s.list));
	for (uint32_t i = 0; i < 4; i++) {	/* it sleeps at each in turn, and nothing goes out */
		for (int k = 0; k < 5000 && state.wait_address != in[i].cell; k++, usleep(1000))
			RT_OK(weft_user_queue_state(s.queue, &state));
		RT_CHECK(state.wait_address == in[i].cell && state.wait_value == 1 + i, "cell %u: waits for %llu at %#llx", i,
			 (unsigned long long)state.wait_value, (unsigned long long)state.wait_address);
		RT_OK(weft_cell_read(s.cells, 11, &cell));
		RT_CHECK(!cell.tag, "a signal before cell %u had its value", i);
		RT_OK(weft_cell_signal(s.cells, i, 1 + i));
	}
	RT_OK(weft_cell_wait(s.cells, 11, 30, 10 * RT_SECOND, NULL));
	for (uint32_t i = 0; i < 4; i++)	/* the second iteration */
		RT_OK(weft_cell_signal(s.cells, i, 2 + i));
	for (uint32_t i = 0; i < 4; i++) {
		RT_OK(weft_cell_wait(s.cells, 8 + i, 10 * i + 5, 10 * RT_SECOND, &cell));
		RT_CHECK(cell.tag == 100 + i && cell.value == 10 * i + 5 && !cell.end, "cell %u has %llu, tag %llu", 8 + i,
			 (unsigned long long)cell.value, (unsigned long long)cell.tag);
	}
	for (uint32_t i = 0; i < 2; i++)	/* the third has two values, and then an end */
		RT_OK(weft_cell_signal(s.cells, i, 3 + i));
	RT_OK(weft_cell_end(s.cells, 2));
	RT_OK(weft_cell_wait(s.cells, 16, 1, 10 * RT_SECOND, NULL));
	RT_OK(weft_cell_read(s.cells, 11, &cell));
	RT_CHECK(cell.value == 35, "a signal behind the end: %llu", (unsigned long long)cell.value);
	return side_close(&s);
}

/* The host is the writer: a tag goes with the value, END with the last; a queue that wants another tag stops. */
static int host_tags(struct weft *weft)
{
	struct weft_cell_op wait = { .size = sizeof(wait), .flags = WEFT_CELL_TAG, .base = 1, .tag = 42 };
	struct weft_user_queue_state state = { .size = sizeof(state) };
	struct weft_cell_state cell;
	struct side s;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	for (uint32_t i = 0; i < 2; i++) {	/* waits for cell i with the tag, tells by cell 4 + i */
		struct weft_list *list = i ? s.body : s.list;

		wait.cell = weft_cell_address(s.cells, i);
		RT_OK(weft_list_wait(list, &wait));
		if (signal_op(list, weft_cell_address(s.cells, 4 + i), 1, 0, 0))
			return -1;
		RT_OK(weft_list_commit(list));
		RT_OK(weft_user_queue_post(s.queue, list));
	}
	RT_IS(weft_cell_signal_with(s.cells, 0, 1, 42, 0), -EINVAL);
	RT_IS(weft_cell_signal_with(s.cells, 0, 1, 42, WEFT_CELL_TAG | WEFT_CELL_SYSTEM), -EINVAL);
	RT_OK(weft_cell_signal_with(s.cells, 0, 1, 42, WEFT_CELL_TAG | WEFT_CELL_END));
	RT_OK(weft_cell_wait(s.cells, 4, 1, 10 * RT_SECOND, NULL));
	RT_OK(weft_cell_read(s.cells, 0, &cell));
	RT_CHECK(cell.value == 1 && cell.tag == 42 && cell.end, "value %llu, tag %llu, end %llu",
		 (unsigned long long)cell.value, (unsigned long long)cell.tag, (unsigned long long)cell.end);
	RT_IS(weft_cell_wait(s.cells, 0, 2, RT_SECOND, NULL), -EPIPE);
	RT_OK(weft_cell_signal_with(s.cells, 1, 1, 43, WEFT_CELL_TAG));
	for (int i = 0; i < 5000 && !state.cause; i++, usleep(1000))
		RT_OK(weft_user_queue_state(s.queue, &state));
	RT_CHECK(!strcmp(weft_fault_name(state.cause), "mismatch") && state.origin == 43, "cause %s, origin %llu",
		 weft_fault_name(state.cause), (unsigned long long)state.origin);
	return side_close(&s);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "one command waits for several cells, one signals several", several_cells },
		{ "the host signals with a tag and END", host_tags },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
