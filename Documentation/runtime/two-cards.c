/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A job of the second card reads memory of the first, after the first card's job has written it. */
#include <stdio.h>
#include <stdlib.h>
#include <weft/weft.h>

#define BYTES	(1u << 20)

static void must(int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "two-cards: %s\n", weft_last_error());
	exit(1);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "card";
	struct weft *weft = weft_open();
	struct weft_device *first, *second;
	struct weft_memory *from, *seen, *to;
	struct weft_queue *producer, *consumer;
	struct weft_list *fill, *copy;
	struct weft_timeline *written;
	struct weft_point point = { .value = 1 };
	unsigned int last = 0;

	must(weft_device_open(weft, kind, 0, &first));
	must(weft_device_open(weft, kind, weft_device_count(weft, kind) > 1, &second));
	must(weft_memory_alloc(first, BYTES, WEFT_PLACE_LOCAL, &from));
	must(weft_memory_alloc(second, BYTES, WEFT_PLACE_LOCAL, &to));
	must(weft_memory_import(second, from, WEFT_ACCESS_READ, &seen));
	must(weft_queue_create(first, NULL, &producer));
	must(weft_queue_create(second, NULL, &consumer));
	must(weft_timeline_create(first, "written", &written));
	point.timeline = written;

	must(weft_list_create(first, &fill));
	must(weft_list_fill(fill, weft_memory_address(from), BYTES, 7, 4));
	must(weft_list_create(second, &copy));
	must(weft_list_copy(copy, weft_memory_address(to), weft_memory_address(seen), BYTES));

	must(weft_queue_submit(producer, &(struct weft_submit) {
		.size = sizeof(struct weft_submit), .list = fill, .signals = &point, .num_signals = 1 }, NULL));
	must(weft_queue_submit(consumer, &(struct weft_submit) {
		.size = sizeof(struct weft_submit), .list = copy, .waits = &point, .num_waits = 1 }, NULL));
	must(weft_queue_wait(consumer, 0, 5000000000));

	must(weft_memory_read(to, BYTES - 4, &last, 4));
	printf("%u\n", last);
	return last == 7 ? 0 : 1;
}
