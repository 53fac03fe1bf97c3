/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The first program: add two vectors on the first card. Build: cc first.c $(pkg-config --cflags --libs weft) */
#include <stdio.h>
#include <stdlib.h>
#include <weft/weft.h>

#define COUNT	1024u
#define BYTES	(COUNT * sizeof(float))

static void must(int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "first: %s\n", weft_last_error());
	exit(1);
}

int main(int argc, char **argv)
{
	struct weft *weft = weft_open();
	struct weft_device *card;
	struct weft_memory *a, *b, *sum;
	struct weft_queue *queue;
	struct weft_list *list;
	float x[COUNT], y[COUNT], z[COUNT];

	for (unsigned int i = 0; i < COUNT; i++) {
		x[i] = (float)i;
		y[i] = 0.5f;
	}
	must(weft_device_open(weft, argc > 1 ? argv[1] : "card", 0, &card));
	must(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &a));
	must(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &b));
	must(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &sum));
	must(weft_memory_write(a, 0, x, BYTES));
	must(weft_memory_write(b, 0, y, BYTES));

	must(weft_list_create(card, &list));
	must(weft_list_exec(list, "add", WEFT_TYPE_F32, &(struct weft_exec) {
		.size = sizeof(struct weft_exec),
		.num_operands = 3,
		.operands = { weft_memory_address(sum), weft_memory_address(a), weft_memory_address(b) },
		.dims = { COUNT },
	}));
	must(weft_queue_create(card, NULL, &queue));
	must(weft_queue_run(queue, list, NULL));
	must(weft_queue_wait(queue, 0, 1000000000));

	must(weft_memory_read(sum, 0, z, BYTES));
	printf("%g + %g = %g\n", (double)x[COUNT - 1], (double)y[COUNT - 1], (double)z[COUNT - 1]);
	return z[COUNT - 1] == x[COUNT - 1] + y[COUNT - 1] ? 0 : 1;
}
