// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* All cards add up what each of them has, a thousand times, with the host asleep. Documentation/runtime/collectives.rst */
#include <stdio.h>
#include <weft/weft.h>

#define COUNT	1024
#define SECOND	1000000000ull

static int run(struct weft_device **card, uint32_t num)
{
	struct weft_coll_desc sum = { .size = sizeof(sum), .op = WEFT_COLL_ALL_REDUCE, .type = WEFT_TYPE_F32, .count = COUNT };
	float data[COUNT];
	struct weft_comm *comm;
	struct weft_window *in, *out;
	struct weft_coll *coll;
	int ret;

	ret = weft_comm_create(card, num, NULL, &comm);
	if (ret)
		return ret;
	ret = weft_window_create(comm, sizeof(data), &in);
	if (!ret)
		ret = weft_window_create(comm, sizeof(data), &out);
	for (uint32_t m = 0; m < num && !ret; m++) {
		for (int i = 0; i < COUNT; i++)
			data[i] = (float)(m + 1);
		ret = weft_memory_write(weft_window_memory(in, m), 0, data, sizeof(data));
	}
	sum.in = in;
	sum.out = out;
	if (!ret)
		ret = weft_coll_prepare(comm, &sum, &coll);
	if (!ret)
		ret = weft_coll_post(coll, 1000, WEFT_COLL_EVERYBODY);
	if (!ret)
		ret = weft_comm_wait(comm, 60 * SECOND);
	if (!ret)
		ret = weft_memory_read(weft_window_memory(out, num - 1), 0, data, sizeof(data));
	if (ret)
		return ret;	/* all goes with the process */
	printf("%u cards, by %s: %g\n", num, weft_coll_algorithm_name(weft_coll_algorithm(coll)), (double)data[COUNT - 1]);
	weft_coll_destroy(coll);
	weft_window_destroy(out);
	weft_window_destroy(in);
	return weft_comm_destroy(comm);
}

int main(void)
{
	struct weft *weft = weft_open();
	int num = weft ? weft_device_count(weft, "card") : -1, ret = 0;
	struct weft_device *card[WEFT_COMM_MEMBERS];

	if (num > WEFT_COMM_MEMBERS)
		num = WEFT_COMM_MEMBERS;
	for (int i = 0; i < num && !ret; i++)
		ret = weft_device_open(weft, "card", (uint32_t)i, &card[i]);
	if (!ret && num > 0)
		ret = run(card, (uint32_t)num);
	if (ret || num <= 0) {
		fprintf(stderr, "coll: %s\n", num ? weft_last_error() : "no card");
		return 1;
	}
	for (int i = 0; i < num; i++)
		weft_device_close(card[i]);
	return weft_close(weft) ? 1 : 0;
}
