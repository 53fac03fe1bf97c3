/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A list for a card, and what its packets must be: bytes written down from the card contract by hand. */
#ifndef RT_IMAGE_H
#define RT_IMAGE_H

#include "rt.h"

#include "runtime/core/list.h"

static struct weft *weft;
static struct weft_device *card;

static int setup(void **state)
{
	struct weft_list *list;

	weft = rt_open(1);
	ok(weft_device_open(weft, "card", 0, &card));
	ok(weft_list_create(card, &list));
	*state = list;
	return 0;
}

static int teardown(void **state)
{
	ok(weft_list_destroy(*state));
	ok(weft_device_close(card));
	ok(weft_close(weft));
	return 0;
}

/* Little-endian bytes at an offset of a packet. */
struct field {
	uint32_t at, bytes;
	uint64_t value;
};

static void expect(const char *image, uint32_t packet_bytes, const struct field *fields, size_t num)
{
	unsigned char want[64] = { 0 };

	for (size_t i = 0; i < num; i++)
		memcpy(want + fields[i].at, &fields[i].value, fields[i].bytes);
	assert_memory_equal(image, want, packet_bytes);
}

#define packet(n, ...)	expect((const char *)image.bytes + 64 * (n), 64, (const struct field[]) { __VA_ARGS__ },	\
			       sizeof((const struct field[]) { __VA_ARGS__ }) / sizeof(struct field))
#define table_entry(n, ...)	expect((const char *)image.bytes + image.table_offset + 32 * (n), 32,			\
				       (const struct field[]) { __VA_ARGS__ },						\
				       sizeof((const struct field[]) { __VA_ARGS__ }) / sizeof(struct field))

#endif
