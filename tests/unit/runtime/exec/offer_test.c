/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What another process says of an edge: whole and sound, or refused with a text; nothing is read beyond what came. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ex.h"

#include "runtime/exec/offer.h"

static struct weft_offer sound(enum weft_offer_end end)
{
	struct weft_offer o = {
		.end = end, .epoch = 7, .block_bytes = 4096, .first = 3, .tokens = 6, .depth = 4,
		.initial = end == WEFT_OFFER_PRODUCER ? 2 : 0, .consumers = end == WEFT_OFFER_PRODUCER ? 0 : 3,
		.rate = end == WEFT_OFFER_PRODUCER ? 2 : 0,
		.block_access = end == WEFT_OFFER_PRODUCER ? WEFT_ACCESS_READ : 0, .cell_access = WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL,
		.name = "stream" };

	weft_offer_seal(&o);
	return o;
}

/* In memory of just its size, so that a sanitiser sees a read beyond it. */
static int take(const void *data, size_t bytes, uint32_t fds, enum weft_offer_end end)
{
	struct weft_offer got;
	void *copy = malloc(bytes ? bytes : 1);
	int ret;

	memcpy(copy, data, bytes);
	ret = weft_offer_read(copy, bytes, fds, end, "e", &got);
	if (!ret)
		assert_memory_equal(&got, data, sizeof(got));
	free(copy);
	return ret;
}

static void whole(void **state)
{
	struct weft_offer p = sound(WEFT_OFFER_PRODUCER), c = sound(WEFT_OFFER_CONSUMER);

	(void)state;
	assert_int_equal(take(&p, sizeof(p), 2, WEFT_OFFER_PRODUCER), 0);
	assert_int_equal(take(&c, sizeof(c), 1, WEFT_OFFER_CONSUMER), 0);
	c.consumers = WEFT_OFFER_CONSUMERS;
	weft_offer_seal(&c);
	assert_int_equal(take(&c, sizeof(c), 1, WEFT_OFFER_CONSUMER), 0);
	/* the other side has to be the other side, with as many descriptors as it says */
	refused(take(&p, sizeof(p), 2, WEFT_OFFER_CONSUMER), -EPROTO, "no consumer");
	refused(take(&c, sizeof(c), 1, WEFT_OFFER_PRODUCER), -EPROTO, "no producer");
	refused(take(&p, sizeof(p), 1, WEFT_OFFER_PRODUCER), -EPROTO, "1 descriptors, not 2");
	refused(take(&c, sizeof(c), 3, WEFT_OFFER_CONSUMER), -EPROTO, "3 descriptors, not 1");
	p.flags = WEFT_OFFER_CONTROL;
	p.block_bytes = p.block_access = 0;
	weft_offer_seal(&p);
	assert_int_equal(take(&p, sizeof(p), 1, WEFT_OFFER_PRODUCER), 0);
}

static void prefixes(void **state)
{
	struct weft_offer o = sound(WEFT_OFFER_PRODUCER);
	char more[sizeof(o) + 1] = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(o); n++)
		refused(take(&o, n, 2, WEFT_OFFER_PRODUCER), -EPROTO, "edge e");
	memcpy(more, &o, sizeof(o));
	refused(take(more, sizeof(more), 2, WEFT_OFFER_PRODUCER), -EPROTO, "cut off");
}

static void flips(void **state)
{
	struct weft_offer o = sound(WEFT_OFFER_PRODUCER);
	unsigned char *bytes = (unsigned char *)&o;

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(o); bit++) {
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		refused(take(&o, sizeof(o), 2, WEFT_OFFER_PRODUCER), -EPROTO, "edge e");
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	assert_int_equal(take(&o, sizeof(o), 2, WEFT_OFFER_PRODUCER), 0);
	for (uint32_t version = 0; version < 5; version++) {
		o.head.version = version;
		if (version == WEFT_OFFER_VERSION)
			assert_int_equal(take(&o, sizeof(o), 2, WEFT_OFFER_PRODUCER), 0);
		else
			refused(take(&o, sizeof(o), 2, WEFT_OFFER_PRODUCER), -EPROTO, "version");
	}
	/* whatever else may differ in it */
	o.head.version = 1;
	o.head.bytes = 328;
	refused(take(&o, 328, 2, WEFT_OFFER_PRODUCER), -EPROTO, "version 1 of its message, this library version 3");
}

/* With a sum that is right: made by somebody who means it. */
static void forged(void **state)
{
	(void)state;
#define FORGED(end, change, text)	do {									\
	struct weft_offer o = sound(end);									\
	change;													\
	weft_offer_seal(&o);											\
	refused(take(&o, sizeof(o), end == WEFT_OFFER_PRODUCER ? 2 : 1, end), -EPROTO, text);			\
} while (0)
	FORGED(WEFT_OFFER_PRODUCER, o.flags = 2, "flags 0x2");
	FORGED(WEFT_OFFER_PRODUCER, o.flags = WEFT_OFFER_CONTROL, "flags 0x1");		/* and blocks */
	FORGED(WEFT_OFFER_PRODUCER, o.epoch = 0, "flags");
	FORGED(WEFT_OFFER_PRODUCER, o.block_bytes = 0, "of 0 bytes");
	FORGED(WEFT_OFFER_PRODUCER, o.block_bytes = (1ull << 40) + 1, "of 1099511627777 bytes");
	FORGED(WEFT_OFFER_PRODUCER, o.depth = 0, "0 blocks");
	FORGED(WEFT_OFFER_PRODUCER, o.depth = 65536, "65536 blocks");
	FORGED(WEFT_OFFER_PRODUCER, o.initial = 5, "5 initial");
	FORGED(WEFT_OFFER_CONSUMER, o.initial = 1, "1 initial");
	FORGED(WEFT_OFFER_PRODUCER, o.block_access |= WEFT_ACCESS_WRITE, "0x3 to its blocks");
	FORGED(WEFT_OFFER_CONSUMER, o.block_access = WEFT_ACCESS_READ, "0x1 to its blocks");
	FORGED(WEFT_OFFER_CONSUMER, o.cell_access = WEFT_ACCESS_READ, "0x1 to its cell");
	FORGED(WEFT_OFFER_CONSUMER, o.consumers = 0, "its consumer, says that it has 0 consumers");
	FORGED(WEFT_OFFER_CONSUMER, o.consumers = WEFT_OFFER_CONSUMERS + 1, "129 consumers");
	FORGED(WEFT_OFFER_CONSUMER, o.consumers = UINT32_MAX, "4294967295 consumers");
	FORGED(WEFT_OFFER_PRODUCER, o.consumers = 1, "its producer, says that it has 1 consumers");
	FORGED(WEFT_OFFER_CONSUMER, o.rate = 1, "its consumer, says that it has 3 consumers and gives 1 tokens in a firing");
	FORGED(WEFT_OFFER_PRODUCER, o.rate = 0, "its producer, says that it has 0 consumers and gives 0 tokens in a firing");
	FORGED(WEFT_OFFER_PRODUCER, o.rate = 65536, "gives 65536 tokens");
	FORGED(WEFT_OFFER_CONSUMER, memset(o.name, 'x', sizeof(o.name)), "edge e");
	FORGED(WEFT_OFFER_CONSUMER, o.name[0] = 0, "edge e");
	FORGED(WEFT_OFFER_CONSUMER, o.name[100] = 'x', "edge e");
#undef FORGED
}

static void match(void **state)
{
	const struct weft_offer ours = sound(WEFT_OFFER_CONSUMER);
	struct weft_offer o = sound(WEFT_OFFER_PRODUCER);

	(void)state;
	assert_int_equal(weft_offer_match(&ours, &o), 0);
	o.name[0] = 'S';
	refused(weft_offer_match(&ours, &o), -EINVAL, "edge stream: that of the other process is Stream");
	o = sound(WEFT_OFFER_PRODUCER);
	o.depth = 5;
	refused(weft_offer_match(&ours, &o), -EINVAL, "depth 4 here, 5");
	o = sound(WEFT_OFFER_PRODUCER);
	o.block_bytes = 512;
	refused(weft_offer_match(&ours, &o), -EINVAL, "4096 bytes here, of 512");
	o = sound(WEFT_OFFER_PRODUCER);
	o.first = 0;
	refused(weft_offer_match(&ours, &o), -EINVAL, "begin with 3 here, with 0");
	/* of two snapshots; one that goes on from none may meet any */
	o = sound(WEFT_OFFER_PRODUCER);
	o.tokens = 8;
	refused(weft_offer_match(&ours, &o), -EINVAL, "snapshot here has 6 tokens through it, that of the other process 8");
	o.tokens = 0;
	assert_int_equal(weft_offer_match(&ours, &o), 0);
	assert_int_equal(weft_offer_match(&o, &ours), 0);
}

static void ready(void **state)
{
	struct weft_offer_ready r = { .epoch = 9 };
	unsigned char *bytes = (unsigned char *)&r;

	(void)state;
	weft_offer_ready_seal(&r);
	assert_int_equal(weft_offer_ready_read(&r, sizeof(r), 0, 9, "e"), 0);
	assert_int_equal(weft_offer_refused(&r, sizeof(r), "e"), 0);
	refused(weft_offer_ready_read(&r, sizeof(r), 0, 8, "e"), -EPROTO, "another load");
	refused(weft_offer_ready_read(&r, sizeof(r), 1, 9, "e"), -EPROTO, "1 descriptors");
	for (size_t n = 0; n < sizeof(r); n++)
		refused(weft_offer_ready_read(&r, n, 0, 9, "e"), -EPROTO, "edge e");
	for (size_t bit = 0; bit < 8 * sizeof(r); bit++) {
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		refused(weft_offer_ready_read(&r, sizeof(r), 0, 9, "e"), -EPROTO, "edge e");
		assert_int_equal(weft_offer_refused(&r, sizeof(r), "e"), 0);
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	/* a load that failed says so in place of either message */
	r.status = -ENOSPC;
	r.epoch = 0;
	weft_offer_ready_seal(&r);
	refused(weft_offer_ready_read(&r, sizeof(r), 0, 9, "e"), -ECONNABORTED, "No space left");
	refused(weft_offer_refused(&r, sizeof(r), "e"), -ECONNABORTED, "No space left");
	refused(take(&r, sizeof(r), 1, WEFT_OFFER_PRODUCER), -EPROTO, "not the message that is due");
	r.status = 12345;
	weft_offer_ready_seal(&r);
	refused(weft_offer_refused(&r, sizeof(r), "e"), -ECONNABORTED, "Protocol error");
	r.status = 0;
	r.pad = 1;
	weft_offer_ready_seal(&r);
	refused(weft_offer_ready_read(&r, sizeof(r), 0, 0, "e"), -EPROTO, "edge e");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(flips),
		cmocka_unit_test(forged),
		cmocka_unit_test(match),
		cmocka_unit_test(ready),
	};

	return cmocka_run_group_tests_name("exec/offer", tests, NULL, NULL);
}
