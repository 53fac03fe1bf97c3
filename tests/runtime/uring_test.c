/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cards from a program's own ring. */
#define _GNU_SOURCE
#include <liburing.h>
#include <weft/weft.h>

#include "rt_tap.h"

struct rig {
	struct weft_device *card;
	struct weft_queue *queue;
	struct weft_memory *cells, *out;
	struct weft_list *list, *open;
	struct io_uring ring;
};

static int rig_open(struct weft *weft, struct rig *r)
{
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };

	RT_OK(weft_device_open(weft, "card", 0, &r->card));
	RT_OK(weft_queue_create(r->card, NULL, &r->queue));
	RT_OK(weft_memory_create(r->card, &cells, &r->cells));
	RT_OK(weft_memory_alloc(r->card, 4096, WEFT_PLACE_LOCAL, &r->out));
	RT_OK(weft_list_create(r->card, &r->list));
	RT_OK(weft_list_fill(r->list, weft_memory_address(r->out), 4096, 7, 4));
	RT_OK(weft_list_commit(r->list));
	RT_OK(weft_list_create(r->card, &r->open));
	RT_OK(weft_list_fill(r->open, weft_memory_address(r->out), 4096, 7, 4));
	RT_OK(io_uring_queue_init(8, &r->ring, 0));
	return 0;
}

static int rig_close(struct rig *r)
{
	io_uring_queue_exit(&r->ring);
	RT_OK(weft_list_destroy(r->list));
	RT_OK(weft_list_destroy(r->open));
	RT_OK(weft_memory_destroy(r->out));
	RT_OK(weft_memory_destroy(r->cells));
	RT_OK(weft_queue_destroy(r->queue));
	RT_OK(weft_device_close(r->card));
	return 0;
}

static int result(struct rig *r, uint64_t *name)
{
	struct __kernel_timespec limit = { .tv_sec = 20 };
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe_timeout(&r->ring, &cqe, &limit);

	if (ret)
		return ret;
	*name = cqe->user_data;
	ret = cqe->res;
	io_uring_cqe_seen(&r->ring, cqe);
	return ret;
}

static int commands(struct weft *weft)
{
	struct weft_uring_op op[3];
	struct weft_cell_state state;
	struct rig r = { 0 };
	uint64_t name = 0;

	RT_OK(rig_open(weft, &r));
	RT_OK(weft_uring_submit(r.queue, r.list, &op[0], io_uring_get_sqe(&r.ring)));
	RT_CHECK(io_uring_submit(&r.ring) == 1, "submit");
	RT_OK(result(&r, &name));
	for (int i = 0; i < 3; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&r.ring);

		RT_OK(weft_uring_cell_wait(r.cells, i, 5, 60000000000ull, &op[i], sqe));
		sqe->user_data = 10 + i;
	}
	RT_CHECK(io_uring_submit(&r.ring) == 3, "submit");
	RT_OK(weft_cell_signal(r.cells, 1, 6));
	RT_OK(result(&r, &name));
	RT_CHECK(name == 11, "%llu", (unsigned long long)name);
	weft_uring_cell_state(&op[1], &state);
	RT_CHECK(state.value == 6 && !state.end && !state.fault, "%llu", (unsigned long long)state.value);
	RT_OK(weft_cell_end(r.cells, 2));
	RT_CHECK(result(&r, &name) == 2 && name == 12, "ended");
	RT_OK(weft_uring_cancel(r.card, 10, &op[1], io_uring_get_sqe(&r.ring)));
	RT_CHECK(io_uring_submit(&r.ring) == 1, "submit");
	for (int i = 0; i < 2; i++) {
		int ret = result(&r, &name);

		RT_CHECK(ret == (name == 10 ? -ECANCELED : 1), "%d", ret);
	}
	return rig_close(&r);
}

static int several_cells(struct weft *weft)
{
	struct weft_cell_want wants[3] = { 0 };
	struct weft_uring_want places[2][3];
	struct weft_cell_state state;
	struct weft_uring_op op[2];
	struct rig r = { 0 };
	uint64_t name = 0;
	int ret;

	RT_OK(rig_open(weft, &r));
	for (uint32_t i = 0; i < 3; i++)
		wants[i] = (struct weft_cell_want) { .cells = r.cells, .index = 8 + i, .value = 5 };
	for (int all = 0; all < 2; all++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&r.ring);

		RT_OK(weft_uring_cell_wait_many(wants, 3, all, 60000000000ull, places[all], &op[all], sqe));
		sqe->user_data = 20 + all;
	}
	RT_CHECK(io_uring_submit(&r.ring) == 2, "submit");
	RT_OK(weft_cell_signal(r.cells, 8, 4));		/* not enough */
	RT_OK(weft_cell_signal(r.cells, 9, 6));
	ret = result(&r, &name);
	RT_CHECK(ret == 1 && name == 20, "%d of %llu", ret, (unsigned long long)name);
	weft_uring_want_state(&places[0][1], &state);
	RT_CHECK(state.value == 6 && !state.end && !state.fault, "%llu", (unsigned long long)state.value);
	weft_uring_want_state(&places[0][0], &state);
	RT_CHECK(state.value == 4, "%llu", (unsigned long long)state.value);
	RT_OK(weft_cell_signal(r.cells, 8, 5));
	RT_OK(weft_cell_end(r.cells, 10));
	ret = result(&r, &name);
	RT_CHECK(ret == 3 && name == 21, "%d of %llu", ret, (unsigned long long)name);
	weft_uring_want_state(&places[1][2], &state);
	RT_CHECK(!state.value && state.end, "an end");
	RT_OK(weft_uring_cell_wait_many(wants, 1, false, 0, places[0], &op[0], io_uring_get_sqe(&r.ring)));
	RT_CHECK(io_uring_submit(&r.ring) == 1 && !result(&r, &name), "a cell that has its value");
	return rig_close(&r);
}

static int refusals(struct weft *weft)
{
	struct io_uring_sqe sqe;
	struct weft_uring_op op;
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };
	struct weft_device *host, *other;
	struct weft_uring_want places[2];
	struct rig r = { 0 };

	RT_OK(rig_open(weft, &r));
	struct weft_cell_want wants[2] = { { .cells = r.cells }, { .cells = r.cells } };
	RT_CHECK(weft_uring_submit(r.queue, r.open, &op, &sqe) == -EINVAL, "not committed");
	RT_CHECK(weft_uring_submit(r.queue, r.list, NULL, &sqe) == -EINVAL, "no op");
	RT_CHECK(weft_uring_submit(r.queue, r.list, &op, NULL) == -EINVAL, "no sqe");
	RT_CHECK(weft_uring_cell_wait(r.cells, 128, 1, 0, &op, &sqe) == -EINVAL, "no cell");
	RT_CHECK(weft_uring_cell_wait(r.cells, 0, 1, 600000000001ull, &op, &sqe) == -EINVAL, "too long");
	wants[1].index = 128;
	RT_CHECK(weft_uring_cell_wait_many(wants, 2, false, 0, places, &op, &sqe) == -EINVAL, "no cell");
	RT_CHECK(weft_uring_cell_wait_many(wants, 0, false, 0, places, &op, &sqe) == -EINVAL, "none");
	RT_CHECK(weft_uring_cell_wait_many(wants, 65, false, 0, places, &op, &sqe) == -EINVAL, "too many");
	RT_CHECK(weft_uring_cell_wait_many(wants, 1, false, 0, NULL, &op, &sqe) == -EINVAL, "no places");
	if (weft_device_count(weft, "card") > 1) {
		RT_OK(weft_device_open(weft, "card", 1, &other));
		RT_OK(weft_memory_create(other, &cells, &wants[1].cells));
		wants[1].index = 0;
		RT_CHECK(weft_uring_cell_wait_many(wants, 2, false, 0, places, &op, &sqe) == -EINVAL, "of two cards");
		RT_OK(weft_memory_destroy(wants[1].cells));
		RT_OK(weft_device_close(other));
	}
	RT_OK(weft_device_open(weft, "host", 0, &host));
	RT_CHECK(weft_uring_cancel(host, 1, &op, &sqe) == -EOPNOTSUPP, "not a card");
	RT_OK(weft_device_close(host));
	return rig_close(&r);
}

/* Documentation/runtime/ring.c, as a reader would run it. */
static int ring_program(struct weft *weft)
{
	int status;

	(void)weft;
	if (access("./ring_program", X_OK))
		return rt_say(-1, "ring_program is not here");
	status = system("./ring_program");
	RT_CHECK(!status, "exit status %d", status);
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "one ring reads a file into card memory, runs a job on it, and tells", ring_program },
		{ "submit, wait for cells, cancel", commands },
		{ "one command sleeps on several cells", several_cells },
		{ "what cannot be prepared", refusals },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
