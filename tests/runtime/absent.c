/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A call to which the last member of three does not come: a word when the others wait for it, and then nothing until it is killed. */
#include "coll_set.h"

int main(void)
{
	const struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_BARRIER };
	struct weft *weft = weft_open();
	struct weft_coll *coll;
	struct set s;

	if (set_open(weft, &s, 3, 0) || weft_coll_prepare(s.comm, &d, &coll) || weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY) ||
	    weft_comm_wait(s.comm, 60 * RT_SECOND) || weft_coll_post(coll, 1, 3) || weft_comm_wait(s.comm, RT_SECOND / 4) != -ETIME) {
		printf("%s %s\n", rt_text, weft_last_error());
		return 1;
	}
	puts("asleep");
	fflush(stdout);
	for (;;)
		pause();
}
