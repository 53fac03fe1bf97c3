/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Opening, errors before it, sized structures, and the tables that the library is made of. */
#include <pthread.h>

#include "rt.h"

static void before_open(void **state)
{
	struct weft *weft = NULL;
	struct weft_exec exec = { .size = sizeof(exec) };
	struct weft_memory_desc memory_desc = { .size = sizeof(memory_desc) };
	struct weft_tensor_desc tensor_desc = { .size = sizeof(tensor_desc) };
	struct weft_submit submit = { .size = sizeof(submit) };
	struct weft_device_info info = { .size = sizeof(info) };
	struct weft_stats stats = { .size = sizeof(stats) };
	struct weft_point point = { NULL, 1 };
	struct weft_user_queue_state state_of_queue = { .size = sizeof(state_of_queue) };
	const struct weft_kernel *kernel;
	struct weft_user_queue *user_queue;
	struct weft_timeline *timeline;
	struct weft_cell_state cell;
	struct weft_device *device;
	struct weft_memory *memory;
	struct weft_tensor *tensor;
	struct weft_queue *queue;
	struct weft_list *list;
	struct weft_peer peer;
	uint64_t value;
	void *map;

	(void)state;
#define refused(call)	do {									\
		assert_int_equal(call, -ENOTCONN);						\
		assert_non_null(strstr(weft_last_error(), "weft_open()"));			\
	} while (0)
	refused(weft_close(weft));
	refused(weft_stats_get(weft, &stats));
	refused(weft_device_count(weft, NULL));
	refused(weft_device_open(weft, "host", 0, &device));
	refused(weft_device_close(NULL));
	refused(weft_device_info(NULL, &info));
	refused(weft_device_memory(NULL, NULL));
	refused(weft_device_engines(NULL, NULL, 0, 0));
	refused(weft_device_counters(NULL, NULL, 0, 0));
	refused(weft_device_stats(NULL, NULL));
	refused(weft_device_clock(NULL, NULL));
	refused(weft_device_peer(NULL, NULL, &peer));
	refused(weft_topology(weft, &peer, 1));
	refused(weft_kernel_register(weft, NULL));
	refused(weft_kernel_find(weft, "add", "host", WEFT_TYPE_F32, &kernel));
	refused(weft_kernel_at(weft, 0, &kernel));
	refused(weft_kind_register(weft, NULL));
	assert_null(weft_kind_name(weft, 0));
	refused(weft_memory_create(NULL, &memory_desc, &memory));
	refused(weft_memory_alloc(NULL, 1, WEFT_PLACE_LOCAL, &memory));
	refused(weft_memory_import(NULL, NULL, 1, &memory));
	refused(weft_memory_map(NULL, &map));
	refused(weft_memory_destroy(NULL));
	refused(weft_memory_write(NULL, 0, &value, 8));
	refused(weft_memory_read(NULL, 0, &value, 8));
	refused(weft_memory_copy(NULL, 0, NULL, 0, 8, 0));
	refused(weft_memory_fill(NULL, 0, 0, 1, 8));
	refused(weft_memory_write_async(NULL, 0, &value, 8, NULL, 0, &point));
	refused(weft_memory_read_async(NULL, 0, &value, 8, NULL, 0, &point));
	refused(weft_memory_copy_async(NULL, 0, NULL, 0, 8, NULL, 0, &point));
	refused(weft_memory_fill_async(NULL, 0, 0, 1, 8, NULL, 0, &point));
	refused(weft_timeline_create(NULL, NULL, &timeline));
	refused(weft_timeline_destroy(NULL));
	refused(weft_timeline_value(NULL, &value));
	refused(weft_timeline_signal(NULL, 1));
	refused(weft_timeline_wait(NULL, 1, 0));
	refused(weft_point_wait(&point, 0));
	refused(weft_list_create(NULL, &list));
	refused(weft_list_destroy(NULL));
	refused(weft_list_reset(NULL));
	refused(weft_list_length(NULL));
	refused(weft_list_exec(NULL, "add", WEFT_TYPE_F32, &exec));
	refused(weft_list_copy(NULL, 0, 0, 0));
	refused(weft_list_copy_rows(NULL, 0, 0, 0, 0, 0, 1));
	refused(weft_list_fill(NULL, 0, 0, 0, 1));
	refused(weft_list_reduce(NULL, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, &value, 1, &value, 1, 1));
	refused(weft_list_timed(NULL, 1));
	refused(weft_list_timestamp(NULL, 0));
	refused(weft_list_commit(NULL));
	refused(weft_queue_create(NULL, NULL, &queue));
	refused(weft_queue_destroy(NULL));
	refused(weft_queue_submit(NULL, &submit, NULL));
	refused(weft_queue_run(NULL, NULL, NULL));
	refused(weft_queue_wait(NULL, 0, 0));
	refused(weft_queue_status(NULL, NULL));
	refused(weft_queue_clear(NULL));
	refused(weft_tensor_create(NULL, 0, &tensor_desc, &tensor));
	refused(weft_tensor_destroy(NULL));
	refused(weft_tensor_segment(NULL, 0, NULL));
	refused(weft_tensor_scatter(NULL, &value, NULL));
	refused(weft_tensor_gather(NULL, &value, NULL));
	refused(weft_memory_export_dlpack(NULL, NULL, NULL));
	refused(weft_memory_import_dlpack(NULL, NULL, NULL, &memory));
	refused(weft_list_wait(NULL, NULL));
	refused(weft_list_signal(NULL, NULL));
	refused(weft_list_signal_all(NULL, NULL, NULL, 0));
	refused(weft_list_wait_all(NULL, NULL, NULL, 0));
	refused(weft_list_rotation(NULL, NULL, &value));
	refused(weft_list_choice(NULL, 0, &value, 1, &value));
	refused(weft_list_call(NULL, NULL));
	refused(weft_list_loop(NULL, NULL, 1));
	refused(weft_list_range(NULL, 0, 0, 0));
	refused(weft_list_pred(NULL, WEFT_COMPARE_EQ, 0, 0));
	refused(weft_list_break(NULL, 0));
	refused(weft_cell_read(NULL, 0, &cell));
	refused(weft_cell_signal(NULL, 0, 1));
	refused(weft_cell_end(NULL, 0));
	refused(weft_cell_wait(NULL, 0, 1, 0, &cell));
	refused(weft_uring_submit(NULL, NULL, NULL, NULL));
	refused(weft_uring_cell_wait(NULL, 0, 1, 0, NULL, NULL));
	refused(weft_uring_cell_wait_many(NULL, 1, false, 0, NULL, NULL, NULL));
	refused(weft_uring_cancel(NULL, 0, NULL, NULL));
	refused(weft_user_queue_create(NULL, NULL, &user_queue));
	refused(weft_user_queue_destroy(NULL));
	refused(weft_user_queue_post(NULL, NULL));
	refused(weft_user_queue_loop(NULL, NULL, 1));
	refused(weft_memory_export(NULL, WEFT_ACCESS_READ, NULL));
	refused(weft_memory_import_fd(NULL, 0, NULL));
	refused(weft_cell_signal_with(NULL, 0, 1, 0, 0));
	refused(weft_user_queue_trace(NULL, NULL, 0, NULL));
	refused(weft_user_queue_state(NULL, &state_of_queue));
}

/* The same of plans. */
static void before_open_plans(void **state)
{
	const struct weft_at none = { 0 };
	struct weft_constant *constant;
	struct weft_plan *plan;
	struct weft_edge *edge;
	struct weft_body *body;

	(void)state;
	refused(weft_plan_create(NULL, 0, NULL, &plan));
	refused(weft_plan_destroy(NULL));
	refused(weft_plan_prepare(NULL, NULL));
	refused(weft_plan_load(NULL));
	refused(weft_plan_unload(NULL));
	refused(weft_plan_run(NULL, 1, NULL));
	refused(weft_plan_wait(NULL, 0, 0));
	refused(weft_uring_plan_commands(NULL));
	refused(weft_uring_plan_wait(NULL, 0, 0, NULL, NULL, 0));
	refused(weft_uring_plan_result(NULL, 0, NULL, 0));
	refused(weft_plan_drain(NULL, 0));
	refused(weft_plan_end(NULL, 0));
	refused(weft_plan_last_error(NULL, NULL));
	refused(weft_plan_save(NULL, NULL, 0));
	refused(weft_plan_restore(NULL, NULL, 0));
	refused(weft_plan_print(NULL, 0, stdout));
	refused(weft_plan_parse("", 0, NULL, 0, &plan));
	refused(weft_plan_text_cards("", 0));
	refused(weft_plan_directory(NULL, NULL));
	refused(weft_plan_write(NULL, stdout));
	refused(weft_plan_read("", 0, NULL, 0, &plan));
	refused(weft_plan_file_cards("", 0));
	assert_null(weft_plan_edge(NULL, "e"));
	assert_null(weft_plan_body(NULL, "b"));
	assert_null(weft_plan_constant(NULL, "c"));
	assert_null(weft_plan_name(NULL));
	refused(weft_edge_create(NULL, NULL, &edge));
	refused(weft_edge_read(NULL, 0, 0, NULL, 0));
	refused(weft_edge_push(NULL, 1, 0, NULL));
	refused(weft_edge_commit(NULL, 1));
	refused(weft_edge_connect(NULL, 0, 1));
	refused(weft_edge_pull(NULL, 1, 0, NULL));
	refused(weft_edge_return(NULL, 1));
	refused(weft_edge_finish(NULL));
	refused(weft_edge_get(NULL, NULL, 0));
	refused(weft_edge_put(NULL, NULL, 0));
	refused(weft_constant_create(NULL, "c", 1, NULL, &constant));
	refused(weft_constant_write(NULL, 0, NULL, 0));
	refused(weft_constant_contents(NULL, NULL, 0));
	refused(weft_constant_file(NULL, "f"));
	refused(weft_body_create(NULL, NULL, &body));
	refused(weft_body_input(NULL, NULL, 1));
	refused(weft_body_output(NULL, NULL, 1));
	refused(weft_body_exec(NULL, "add", WEFT_TYPE_F32, NULL));
	refused(weft_comm_create(NULL, 0, NULL, NULL));
	refused(weft_comm_arrivals(NULL, NULL));
	refused(weft_comm_destroy(NULL));
	refused(weft_comm_wait(NULL, 0));
	refused(weft_window_create(NULL, 1, NULL));
	refused(weft_window_destroy(NULL));
	refused(weft_window_find(NULL, NULL, 1, NULL, NULL));
	refused(weft_window_view(NULL, NULL, NULL, NULL));
	refused(weft_comm_join(NULL, NULL, NULL));
	refused(weft_comm_info(NULL, NULL));
	refused(weft_comm_revoke(NULL));
	refused(weft_comm_shrink(NULL, 1, NULL));
	refused(weft_barrier(NULL));
	refused(weft_all_reduce(NULL, none, none, 1, WEFT_TYPE_F32, WEFT_REDUCTION_SUM));
	refused(weft_reduce_scatter(NULL, none, none, 1, WEFT_TYPE_F32, WEFT_REDUCTION_SUM));
	refused(weft_all_gather(NULL, none, none, 1, WEFT_TYPE_F32));
	refused(weft_broadcast(NULL, none, none, 1, WEFT_TYPE_F32, 0));
	refused(weft_reduce(NULL, none, none, 1, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, 0));
	refused(weft_all_to_all(NULL, none, none, 1, WEFT_TYPE_F32));
	refused(weft_send(NULL, none, none, 1, WEFT_TYPE_F32, 0, 1));
	refused(weft_group_begin());
	refused(weft_group_end(1));
	refused(weft_coll_prepare(NULL, NULL, NULL));
	refused(weft_coll_post(NULL, 1, 1));
	refused(weft_coll_destroy(NULL));
	refused(weft_plan_coll(NULL, NULL, NULL, NULL));
	refused(weft_coll_topology_default(NULL, 0));
	refused(weft_coll_topology_parse(NULL, 0, NULL));
	refused(weft_coll_topology_print(NULL, NULL));
	refused(weft_coll_explain(NULL, NULL));
	refused(weft_coll_explain_steps(NULL, 0, NULL));
	refused(weft_body_copy(NULL, 0, 0, 0));
	refused(weft_body_copy_rows(NULL, 0, 0, 0, 0, 0, 1));
	refused(weft_body_fill(NULL, 0, 0, 0, 1));
	refused(weft_body_reduce(NULL, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, NULL, 0, NULL, 0, 0));
	refused(weft_body_timed(NULL, 0));
	refused(weft_body_timestamp(NULL, 0));
	refused(weft_body_pred(NULL, WEFT_COMPARE_EQ, 0, 0));
}

static pthread_barrier_t barrier;

static void *race(void *arg)
{
	pthread_barrier_wait(&barrier);
	*(struct weft **)arg = weft_open();
	return NULL;
}

static void racing_open(void **state)
{
	struct weft_stats before = { .size = sizeof(before) }, stats = { .size = sizeof(stats) };
	struct weft *handle[32];
	pthread_t thread[32];

	(void)state;
	for (int round = 0; round < 20; round++) {
		fake_reset(2);
		weft_sys_set(&fake_sys);
		before.initialisations = stats.initialisations;	/* of the round before */
		pthread_barrier_init(&barrier, NULL, 32);
		for (int i = 0; i < 32; i++)
			assert_int_equal(pthread_create(&thread[i], NULL, race, &handle[i]), 0);
		for (int i = 0; i < 32; i++)
			pthread_join(thread[i], NULL);
		pthread_barrier_destroy(&barrier);
		assert_int_equal(fake.scans, 1);
		ok(weft_stats_get(handle[0], &stats));
		if (round)
			assert_int_equal(stats.initialisations, before.initialisations + 1);
		for (int i = 0; i < 32; i++) {
			assert_ptr_equal(handle[i], handle[0]);
			assert_int_equal(weft_device_count(handle[i], "card"), 2);
			ok(weft_close(handle[i]));
		}
		assert_int_equal(weft_close(handle[0]), -ENOTCONN);
	}
}

/* And of seeing what a plan does. */
static void before_open_look(void **state)
{
	uint32_t body, rate;

	(void)state;
	refused(weft_plan_body_info(NULL, 0, NULL));
	refused(weft_plan_edge_info(NULL, 0, NULL));
	refused(weft_plan_edge_consumer(NULL, 0, 0, &body, &rate));
	refused(weft_plan_trace(NULL, NULL, 0, NULL));
	refused(weft_plan_tracing(NULL, 1));
	refused(weft_plan_measured(NULL, NULL, 0, NULL));
	refused(weft_plan_stuck(NULL, NULL, 0, 0));
	refused(weft_plan_stuck_text(NULL, NULL, 0));
	refused(weft_body_wait_all(NULL, "w", 0, NULL, 0));
	refused(weft_body_signal_all(NULL, "s", 0, NULL, 0));
}

static void close_refused_while_open(void **state)
{
	struct weft *weft = rt_open(1);
	struct weft_device *device;
	struct weft_memory *memory;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &device));
	assert_int_equal(weft_close(weft), -EBUSY);
	ok(weft_memory_alloc(device, 1, WEFT_PLACE_LOCAL, &memory));
	assert_int_equal(weft_device_close(device), -EBUSY);
	ok(weft_memory_destroy(memory));
	assert_int_equal(weft_memory_destroy((struct weft_memory *)device), -EINVAL);
	ok(weft_device_close(device));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

static void sized_structures(void **state)
{
	struct weft *weft = rt_open(1);
	struct {
		struct weft_memory_desc desc;
		uint64_t more;
	} later = { { .size = sizeof(later), .bytes = 4096 }, 0 };
	struct {
		struct weft_stats stats;
		uint64_t more;
	} wide;
	struct weft_device *device;
	struct weft_memory *memory;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &device));
	ok(weft_memory_create(device, &later.desc, &memory));	/* a newer program that uses nothing new */
	ok(weft_memory_destroy(memory));
	later.more = 1;						/* one that does */
	assert_int_equal(weft_memory_create(device, &later.desc, &memory), -EINVAL);
	later.more = 0;
	later.desc.size = sizeof(later.desc) - 1;
	assert_int_equal(weft_memory_create(device, &later.desc, &memory), -EINVAL);
	memset(&wide, 0xff, sizeof(wide));
	wide.stats.size = sizeof(wide);
	ok(weft_stats_get(weft, &wide.stats));
	assert_int_equal(wide.more, 0);
	assert_int_equal(wide.stats.size, sizeof(wide));
	wide.stats.size = 8;
	assert_int_equal(weft_stats_get(weft, &wide.stats), -EINVAL);
	ok(weft_device_close(device));
	ok(weft_close(weft));
}

static int own(const struct weft_exec *exec)
{
	(void)exec;
	return 0;
}

static void kernel_registry(void **state)
{
	static const struct weft_kernel mine = {
		.size = sizeof(mine), .type = WEFT_TYPE_I32, .name = "mine", .max_operands = 2, .host = own,
	}, add = {
		.size = sizeof(add), .type = WEFT_TYPE_F32, .name = "add", .max_operands = 2, .host = own,
	}, useless = {
		.size = sizeof(useless), .type = WEFT_TYPE_I32, .name = "useless",
	};
	struct weft *weft = rt_open(0);
	const struct weft_kernel *kernel;
	uint32_t rows = 0;

	(void)state;
	while (!weft_kernel_at(weft, rows, &kernel)) {
		const struct weft_kernel *found;

		ok(weft_kernel_find(weft, kernel->name, "host", kernel->type, &found));
		assert_ptr_equal(found, kernel);
		ok(weft_kernel_find(weft, kernel->name, "card", kernel->type, &found));
		rows++;
	}
	assert_int_equal(rows, 11);
	assert_int_equal(weft_kernel_find(weft, "sub", "card", WEFT_TYPE_F32, &kernel), -ENOENT);
	assert_non_null(strstr(weft_last_error(), "not found: sub/card/f32"));
	assert_int_equal(weft_kernel_find(weft, "add", "card", WEFT_TYPE_BF16, &kernel), -ENOENT);
	assert_non_null(strstr(weft_last_error(), "not found: add/card/bf16"));
	assert_int_equal(weft_kernel_register(weft, &add), -EEXIST);
	assert_int_equal(weft_kernel_register(weft, &useless), -EINVAL);
	ok(weft_kernel_register(weft, &mine));
	assert_int_equal(weft_kernel_register(weft, &mine), -EEXIST);
	ok(weft_kernel_find(weft, "mine", "host", WEFT_TYPE_I32, &kernel));
	assert_int_equal(weft_kernel_find(weft, "mine", "card", WEFT_TYPE_I32, &kernel), -ENOENT);
	assert_non_null(strstr(weft_last_error(), "not found: mine/card/i32"));
	ok(weft_close(weft));
	weft = rt_open(0);	/* registrations end with the library */
	assert_int_equal(weft_kernel_find(weft, "mine", "host", WEFT_TYPE_I32, &kernel), -ENOENT);
	ok(weft_close(weft));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_open),
		cmocka_unit_test(before_open_plans),
		cmocka_unit_test(racing_open),
		cmocka_unit_test(before_open_look),
		cmocka_unit_test(close_refused_while_open),
		cmocka_unit_test(sized_structures),
		cmocka_unit_test(kernel_registry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
