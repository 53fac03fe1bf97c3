// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* One of several processes with a card each: ranks RANK MEMBERS PATH. Documentation/runtime/collectives.rst */
#include <stdio.h>
#include <stdlib.h>
#include <weft/weft.h>

#define COUNT	1024
#define SECOND	1000000000ull

static int run(struct weft_device *card, uint32_t rank, uint32_t members, const char *path)
{
	const struct weft_comm_meeting meeting = {
		.size = sizeof(meeting), .members = members, .count = 1, .devices = &card, .ranks = &rank, .path = path,
		.timeout_ns = 60 * SECOND,
	};
	struct weft_window *window;
	struct weft_comm *comm;
	float data[COUNT];
	int ret;

	ret = weft_comm_join(&meeting, NULL, &comm);
	if (!ret)
		ret = weft_window_create(comm, sizeof(data), &window);
	for (int i = 0; i < COUNT; i++)
		data[i] = (float)(rank + 1);
	if (!ret)
		ret = weft_memory_write(weft_window_memory(window, rank), 0, data, sizeof(data));
	/* in place; the second one finds the first one's call prepared */
	for (int i = 0; i < 2 && !ret; i++)
		ret = weft_all_reduce(comm, (struct weft_at) { NULL, 0 }, (struct weft_at) { window, 0 }, COUNT, WEFT_TYPE_F32,
				      WEFT_REDUCTION_SUM);
	if (!ret)
		ret = weft_comm_wait(comm, 60 * SECOND);
	if (!ret)
		ret = weft_memory_read(weft_window_memory(window, rank), 0, data, sizeof(data));
	if (ret)
		return ret;	/* all goes with the process, and the others are told */
	printf("member %u of %u: %g\n", rank, members, (double)data[COUNT - 1]);
	weft_window_destroy(window);
	return weft_comm_destroy(comm);
}

int main(int argc, char **argv)
{
	struct weft *weft = weft_open();
	struct weft_device *card;
	uint32_t rank;
	int ret;

	if (argc != 4) {
		fprintf(stderr, "usage: ranks RANK MEMBERS PATH\n");
		return 2;
	}
	rank = (uint32_t)atoi(argv[1]);
	ret = weft ? weft_device_open(weft, "card", rank, &card) : -1;
	if (!ret)
		ret = run(card, rank, (uint32_t)atoi(argv[2]), argv[3]);
	if (ret) {
		fprintf(stderr, "ranks: %s\n", weft_last_error());
		return 1;
	}
	weft_device_close(card);
	return weft_close(weft) ? 1 : 0;
}
