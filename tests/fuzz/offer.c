// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * What another process says of an edge. The first byte says which message is due, from which end, how many descriptors came with
 * it, and whether its head and sum are made good; the rest is the message. What is taken is one that this side could use.
 */
#include <errno.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "fuzz.h"
#include "runtime/exec/offer.h"

#define MADE_GOOD	0x80

static const struct weft_offer ours = { .end = WEFT_OFFER_CONSUMER, .epoch = 1, .block_bytes = 256, .tokens = 5, .depth = 2, .consumers = 1, .name = "e" };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static void check(int ret)
{
	if (ret && ret != -EPROTO && ret != -ECONNABORTED)
		fuzz_wrong("is %d, %s", ret, weft_last_error());
	if (ret && !strstr(weft_last_error(), "edge e:"))
		fuzz_wrong("text: %s", weft_last_error());
}

static void offer(const void *data, size_t bytes, uint32_t fds, enum weft_offer_end end)
{
	const uint32_t access = end == WEFT_OFFER_PRODUCER ? WEFT_ACCESS_READ : 0;
	struct weft_offer o;
	int ret = weft_offer_read(data, bytes, fds, end, "e", &o);

	check(ret);
	if (ret)
		return;
	if (o.end != (uint32_t)end || !o.epoch || !o.depth || o.depth > 65535 || o.initial > o.depth || o.block_bytes > 1ull << 40 ||
	    !o.name[0] || strnlen(o.name, sizeof(o.name)) == sizeof(o.name) || (o.block_bytes == 0) != (o.flags == WEFT_OFFER_CONTROL) ||
	    o.block_access != (o.flags ? 0 : access) || fds != 1 + !!o.block_access ||
	    (end == WEFT_OFFER_PRODUCER ? o.consumers || o.rate - 1 >= 65535 : o.rate || o.consumers - 1 >= WEFT_OFFER_CONSUMERS))
		fuzz_wrong("was taken: end %u, depth %u, flags %#x, %u consumers, rate %u", o.end, o.depth, o.flags, o.consumers, o.rate);
	if (weft_offer_match(&o, &o))
		fuzz_wrong("does not match itself: %s", weft_last_error());
	ret = weft_offer_match(&ours, &o);
	if (ret && (ret != -EINVAL || !strstr(weft_last_error(), "edge e:")))
		fuzz_wrong("match is %d, %s", ret, weft_last_error());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { .p = data, .n = size };
	const uint8_t what = fuzz_u8(&in);
	const uint32_t fds = what >> 2 & 3;
	const enum weft_offer_end end = what & 2 ? WEFT_OFFER_PRODUCER : WEFT_OFFER_CONSUMER;
	struct weft_offer_ready r;
	size_t bytes = in.n;
	struct weft_offer o;
	char *copy;

	if (what & MADE_GOOD) {
		bytes = what & 1 ? sizeof(r) : sizeof(o);
		fuzz_bytes(&in, what & 1 ? (void *)&r : (void *)&o, bytes);
		if (what & 1)
			weft_offer_ready_seal(&r);
		else
			weft_offer_seal(&o);
	}
	copy = malloc(bytes ? bytes : 1);	/* of just this size */
	if (!copy)
		abort();
	memcpy(copy, !(what & MADE_GOOD) ? (const void *)in.p : what & 1 ? (void *)&r : (void *)&o, bytes);
	if (what & 1)
		check(weft_offer_ready_read(copy, bytes, fds, what >> 4 & 3, "e"));
	else
		offer(copy, bytes, fds, end);
	check(weft_offer_refused(copy, bytes, "e"));
	free(copy);
	fuzz_cover();
	return 0;
}
