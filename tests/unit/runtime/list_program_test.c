/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Packets and table entries of programs, against bytes written down from the card contract by hand. */
#include "image.h"
#include "runtime/core/memory.h"

#define A	0x10000000ull
#define CELL	0x20000040ull

static void cells_and_flow(void **state)
{
	struct weft_cell_op op = { .size = sizeof(op), .level = 1, .skew = -2, .cell = CELL, .base = 5, .step = 3,
				   .tag = 9, .flags = WEFT_CELL_TAG, .exit_levels = 2, .exit = 7 };
	struct weft_list *list = *state, *inner;
	struct weft_image image;
	uint64_t at;

	ok(weft_list_create(card, &inner));
	ok(weft_list_fill(inner, A, 8, 0, 8));
	assert_int_equal(weft_list_loop(list, inner, 1), -EINVAL);	/* not committed */
	ok(weft_list_commit(inner));
	at = inner->address;
	ok(weft_list_wait(list, &op));
	op.exit_levels = 0;
	op.flags = 0;
	ok(weft_list_wait(list, &op));
	op.flags = WEFT_CELL_END | WEFT_CELL_SYSTEM | WEFT_CELL_TAG;
	ok(weft_list_signal(list, &op));
	ok(weft_list_call(list, inner));
	ok(weft_list_loop(list, inner, 1000));
	ok(weft_list_range(list, 2, 4, 100));
	ok(weft_list_pred(list, WEFT_COMPARE_GE, A + 4, 17));
	ok(weft_list_break(list, 3));
	op.flags = WEFT_CELL_END | WEFT_CELL_KEEP;
	ok(weft_list_signal(list, &op));
	ok(weft_list_encode(list, &image));
	assert_int_equal(image.num_packets, 9);
	assert_int_equal(image.num_operands, 0);
	packet(0, { 0, 1, 6 }, { 2, 1, 1 }, { 3, 1, 1 }, { 8, 8, CELL }, { 16, 8, 5 }, { 24, 8, 3 }, { 32, 8, 9 },
	       { 40, 4, 7 }, { 44, 4, 1 }, { 48, 4, (uint32_t)-2 });
	packet(1, { 0, 1, 6 }, { 2, 1, 0xff }, { 8, 8, CELL }, { 16, 8, 5 }, { 24, 8, 3 }, { 32, 8, 9 }, { 40, 4, 7 },
	       { 44, 4, 1 }, { 48, 4, (uint32_t)-2 });
	packet(2, { 0, 1, 8 }, { 2, 1, 7 }, { 3, 1, 1 }, { 8, 8, CELL }, { 16, 8, 5 }, { 24, 8, 3 }, { 32, 8, 9 },
	       { 44, 4, 1 }, { 48, 4, (uint32_t)-2 });
	packet(3, { 0, 1, 12 }, { 4, 4, 1 }, { 8, 8, at });
	packet(4, { 0, 1, 13 }, { 4, 4, 1 }, { 8, 8, at }, { 32, 8, 0 }, { 32, 8, 1000 });
	packet(5, { 0, 1, 14 }, { 2, 2, 2 }, { 4, 4, 4 }, { 8, 8, 100 });
	packet(6, { 0, 1, 15 }, { 2, 1, 3 }, { 4, 4, 17 }, { 8, 8, A + 4 });
	packet(7, { 0, 1, 16 }, { 2, 2, 3 });
	/* END alone: the value is not stored */
	packet(8, { 0, 1, 8 }, { 2, 1, 4 }, { 8, 8, CELL }, { 16, 8, 5 }, { 24, 8, 3 }, { 32, 8, 9 }, { 44, 4, 1 },
	       { 48, 4, (uint32_t)-2 });
	free(image.bytes);
	ok(weft_list_destroy(inner));
}

static void operands(void **state)
{
	struct weft_rotation r = { .size = sizeof(r), .level = 2, .base = A, .stride = 256, .depth = 8, .phase = 3, .mul = 2,
				   .div = 4, .skew = -1 };
	struct weft_list *list = *state;
	struct weft_image image;
	uint64_t first[2], chosen, src[2];

	ok(weft_list_rotation(list, &r, &first[0]));
	r.base = A + 4096;
	ok(weft_list_rotation(list, &r, &first[1]));
	ok(weft_list_choice(list, A + 8192, first, 2, &chosen));
	ok(weft_list_copy(list, chosen, A + 64, 16));
	src[0] = first[1];
	src[1] = first[0];
	ok(weft_list_reduce(list, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, src, 2, first, 2, 10));
	ok(weft_list_timestamp(list, first[0]));
	ok(weft_list_encode(list, &image));
	/* two rotations, the choice, its index, the copy's source; sources in an order of their own get copies */
	assert_int_equal(image.num_operands, 7);
	table_entry(0, { 0, 8, A }, { 8, 8, 256 }, { 16, 2, 8 }, { 18, 2, 3 }, { 20, 2, 2 }, { 22, 2, 4 },
		    { 24, 4, (uint32_t)-1 }, { 28, 1, 2 });
	table_entry(1, { 0, 8, A + 4096 }, { 8, 8, 256 }, { 16, 2, 8 }, { 18, 2, 3 }, { 20, 2, 2 }, { 22, 2, 4 },
		    { 24, 4, (uint32_t)-1 }, { 28, 1, 2 });
	table_entry(2, { 0, 2, 3 }, { 2, 2, 0 }, { 4, 2, 2 }, { 16, 2, 1 }, { 20, 2, 1 }, { 22, 2, 1 }, { 29, 1, 1 });
	table_entry(3, { 0, 8, A + 8192 }, { 16, 2, 1 }, { 20, 2, 1 }, { 22, 2, 1 });
	table_entry(4, { 0, 8, A + 64 }, { 16, 2, 1 }, { 20, 2, 1 }, { 22, 2, 1 });
	packet(0, { 0, 1, 2 }, { 1, 1, 1 }, { 4, 4, 1 }, { 8, 8, 2 }, { 16, 8, 4 }, { 24, 8, 16 });
	packet(1, { 0, 1, 3 }, { 1, 1, 1 }, { 4, 1, 2 }, { 5, 1, 2 }, { 6, 2, 5 }, { 8, 2, 0 }, { 16, 8, 10 });
	packet(2, { 0, 1, 11 }, { 1, 1, 1 });
	free(image.bytes);
	/* a reset list has none of them left */
	ok(weft_list_reset(list));
	ok(weft_list_copy(list, A, A, 8));
	ok(weft_list_encode(list, &image));
	assert_int_equal(image.num_operands, 0);
	free(image.bytes);
}

/* The lists of WAIT_ALL and SIGNAL_ALL lie behind the table; their packets hold their address once it is known. */
static void many_cells(void **state)
{
	struct weft_cell_op op = { .size = sizeof(op), .level = 1, .skew = -2, .flags = WEFT_CELL_TAG, .exit_levels = 2,
				   .exit = 7 };
	struct weft_cell_item items[2] = { { CELL, 5, 3, 9 }, { CELL + 32, 6, 4, 0 } };
	struct weft_rotation r = { .size = sizeof(r), .base = A, .depth = 1, .mul = 1, .div = 1 };
	struct weft_list *list = *state;
	struct weft_image image;
	uint64_t token, at = 0x5000;

	ok(weft_list_rotation(list, &r, &token));
	ok(weft_list_wait_all(list, &op, items, 2));
	items[1].cell = token;		/* copied: the first keeps its own */
	op.flags = WEFT_CELL_END | WEFT_CELL_SYSTEM;
	op.exit_levels = op.exit = 0;
	ok(weft_list_signal_all(list, &op, items, 2));
	for (int i = 0; i < 40; i++)	/* the builder grows, with the items */
		ok(weft_list_fill(list, A, 8, 0, 8));
	ok(weft_list_encode(list, &image));
	assert_int_equal(image.num_packets, 42);
	assert_int_equal(image.num_operands, 2);	/* the rotation, and the inline cell beside it */
	assert_int_equal(image.size, 42 * 64 + 2 * 32 + 4 * 32);
	for (int i = 0; i < 2; i++, at += 0x1000) {	/* placed, and moved */
		uint64_t refs = at + 42 * 64 + 2 * 32;

		weft_image_place(&image, at);
		packet(0, { 0, 1, 7 }, { 2, 1, 1 }, { 3, 1, 1 }, { 4, 4, 2 }, { 8, 8, refs }, { 40, 4, 7 },
		       { 44, 4, 1 }, { 48, 4, (uint32_t)-2 });
		packet(1, { 0, 1, 9 }, { 1, 1, 1 }, { 2, 1, 5 }, { 3, 1, 1 }, { 4, 4, 2 }, { 8, 8, refs + 64 },
		       { 44, 4, 1 }, { 48, 4, (uint32_t)-2 });
	}
	table_entry(1, { 0, 8, CELL }, { 16, 2, 1 }, { 20, 2, 1 }, { 22, 2, 1 });
	table_entry(2, { 0, 8, CELL }, { 8, 8, 5 }, { 16, 8, 3 }, { 24, 8, 9 });
	table_entry(3, { 0, 8, CELL + 32 }, { 8, 8, 6 }, { 16, 8, 4 });
	table_entry(4, { 0, 8, 1 }, { 8, 8, 5 }, { 16, 8, 3 }, { 24, 8, 9 });
	table_entry(5, { 0, 8, 0 }, { 8, 8, 6 }, { 16, 8, 4 });
	free(image.bytes);
	assert_int_equal(weft_list_wait_all(list, &op, items, 2), -EINVAL);		/* END is no flag of a wait */
	op.flags = 0;
	assert_int_equal(weft_list_wait_all(list, &op, items, 0), -EINVAL);
	assert_int_equal(weft_list_wait_all(list, &op, items, WEFT_CELL_ITEMS + 1), -EINVAL);
	assert_int_equal(weft_list_signal_all(list, &op, NULL, 1), -EINVAL);
	items[1].cell = CELL + 8;
	assert_int_equal(weft_list_signal_all(list, &op, items, 2), -EINVAL);
	assert_non_null(strstr(weft_last_error(), "cell 1"));
	op.base = 1;
	assert_int_equal(weft_list_signal_all(list, &op, items, 1), -EINVAL);
	assert_int_equal(weft_list_length(list), 42);
}

/* One operand of the list's own, and everything else in the packets beside it goes through the table as well. */
static void all_through_the_table(void **state)
{
	struct weft_rotation r = { .size = sizeof(r), .base = A, .stride = 256, .depth = 8, .mul = 1, .div = 1 };
	struct weft_cell_item item[5];
	struct weft_cell_op op = { .size = sizeof(op) };
	struct weft_list *list = *state;
	struct weft_image image;
	uint64_t own;

	ok(weft_list_rotation(list, &r, &own));
	for (uint64_t i = 0; i < 100; i++)
		ok(weft_list_copy(list, own, A + 0x10000 + 64 * i, 64));
	for (uint64_t i = 0; i < 5; i++)
		item[i] = (struct weft_cell_item) { .cell = i ? CELL + 64 * i : own, .base = i };
	ok(weft_list_wait_all(list, &op, item, 5));
	ok(weft_list_encode(list, &image));
	assert_int_equal(image.num_operands, 1 + 100 + 4);
	assert_int_equal(image.size, image.refs_offset + 5 * 32);
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t dst, src, base;

		memcpy(&dst, (char *)image.bytes + i * 64 + 8, 8);
		memcpy(&src, (char *)image.bytes + i * 64 + 16, 8);
		memcpy(&base, (char *)image.bytes + image.table_offset + src * 32, 8);
		assert_int_equal(dst, 0);
		assert_int_equal(base, A + 0x10000 + 64 * i);
	}
	for (uint64_t i = 0; i < 5; i++) {
		uint64_t cell, base;

		memcpy(&cell, (char *)image.bytes + image.refs_offset + i * 32, 8);
		memcpy(&base, (char *)image.bytes + image.table_offset + cell * 32, 8);
		assert_int_equal(base, i ? CELL + 64 * i : A);
	}
	free(image.bytes);
}

static void scalars(void **state)
{
	struct weft_exec e = { .size = sizeof(e), .num_operands = 3, .operands = { A, A + 64, A + 128 }, .dims = { 8 },
			       .scalars = { 0, 77 }, .scalar_mask = 1, .scalar_operands = { A + 64 } };
	struct weft_rotation r = { .size = sizeof(r), .base = A + 256, .stride = 4, .depth = 4, .mul = 1, .div = 1 };
	struct weft_list *list = *state;
	struct weft_image image;

	ok(weft_list_rotation(list, &r, &(uint64_t) { 0 }));
	ok(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e));
	e.scalars[1] = 0;
	e.scalar_mask = 3;
	ok(weft_list_rotation(list, &r, &e.scalar_operands[1]));
	ok(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e));
	ok(weft_list_encode(list, &image));
	/* entries 0 and 1 rotate; 2, 3, 4 are the operands, of which the scalar is one */
	packet(0, { 0, 1, 1 }, { 1, 1, 1 }, { 2, 2, 7 }, { 4, 1, 3 }, { 5, 1, 1 }, { 8, 2, 2 }, { 10, 2, 3 }, { 12, 2, 4 },
	       { 24, 4, 8 }, { 40, 4, 3 }, { 44, 4, 77 });
	packet(1, { 0, 1, 1 }, { 1, 1, 1 }, { 2, 2, 7 }, { 4, 1, 3 }, { 5, 1, 3 }, { 8, 2, 2 }, { 10, 2, 3 }, { 12, 2, 4 },
	       { 24, 4, 8 }, { 40, 4, 3 }, { 44, 4, 1 });
	free(image.bytes);
	/* a structure of before there were any */
	e.size = offsetof(struct weft_exec, scalar_mask);
	ok(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e));
	e.size = sizeof(e);
	e.scalars[0] = 1;		/* read, and given */
	assert_int_equal(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e), -EINVAL);
	e.scalars[0] = 0;
	e.scalar_operands[0] = A + 2;
	assert_int_equal(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e), -EINVAL);
	e.scalar_operands[0] = 0;
	assert_int_equal(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e), -EINVAL);
	e.scalar_operands[0] = A;
	e.scalar_operands[5] = A;	/* not in the mask */
	assert_int_equal(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e), -EINVAL);
	e.scalar_operands[5] = 0;
	e.scalar_mask = 0x43;
	assert_int_equal(weft_list_exec(list, "sgd_momentum", WEFT_TYPE_F32, &e), -EINVAL);
	assert_int_equal(weft_list_length(list), 3);
}

static void refusals(void **state)
{
	struct weft_cell_op op = { .size = sizeof(op), .cell = CELL + 8 };
	struct weft_rotation r = { .size = sizeof(r), .depth = 4, .phase = 4, .mul = 1, .div = 1 };
	struct weft_list *list = *state, *host;
	struct weft_device *soft;
	uint64_t operand, address = A;

	assert_int_equal(weft_list_wait(list, &op), -EINVAL);
	op.cell = CELL;
	op.flags = WEFT_CELL_END;
	assert_int_equal(weft_list_wait(list, &op), -EINVAL);
	op.flags = WEFT_CELL_KEEP;
	assert_int_equal(weft_list_signal(list, &op), -EINVAL);		/* nothing would be stored */
	op.flags = 0;
	op.level = 4;
	assert_int_equal(weft_list_signal(list, &op), -EINVAL);
	assert_int_equal(weft_list_rotation(list, &r, &operand), -EINVAL);
	assert_int_equal(weft_list_choice(list, A, &address, 1, &operand), -EINVAL);
	assert_int_equal(weft_list_range(list, 4, 0, 0), -EINVAL);
	assert_int_equal(weft_list_pred(list, 5, A, 0), -EINVAL);
	assert_int_equal(weft_list_pred(list, WEFT_COMPARE_EQ, A + 2, 0), -EINVAL);
	assert_int_equal(weft_list_break(list, 4), -EINVAL);
	assert_int_equal(weft_list_length(list), 0);
	ok(weft_device_open(weft, "host", 0, &soft));
	ok(weft_list_create(soft, &host));
	op.level = 0;
	assert_int_equal(weft_list_signal(host, &op), -EOPNOTSUPP);
	assert_non_null(strstr(weft_last_error(), "host"));
	ok(weft_list_destroy(host));
	ok(weft_device_close(soft));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cells_and_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(operands, setup, teardown),
		cmocka_unit_test_setup_teardown(many_cells, setup, teardown),
		cmocka_unit_test_setup_teardown(all_through_the_table, setup, teardown),
		cmocka_unit_test_setup_teardown(scalars, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
