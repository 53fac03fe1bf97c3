/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What another process of a communicator says: whole, sound and due, or refused with a text; nothing is read beyond what came. */
#include <errno.h>

#include "co.h"

#include "runtime/coll/message.h"

#define refused(call, want, text) co_refused((call), (want), (text), #call, __LINE__)
static void co_refused(int got, int want, const char *text, const char *call, int line)
{
	if (got != want)
		fail_msg("line %d: %s is %d, wanted %d; %s", line, call, got, want, weft_last_error());
	if (!strstr(weft_last_error(), text))
		fail_msg("line %d: %s: the text is \"%s\", without \"%s\"", line, call, weft_last_error(), text);
}

/* Four members in three processes; the sender is process 1 but where somebody joins. */
static struct weft_message sound(uint32_t kind, struct weft_message_due *due)
{
	const bool joins = kind == WEFT_MESSAGE_HELLO || kind == WEFT_MESSAGE_PLACE;
	struct weft_message m = { .kind = kind, .from = !joins, .epoch = joins ? 0 : 7, .step = joins ? 0 : 9 };

	*due = (struct weft_message_due) { .kind = kind, .from = m.from, .processes = 3, .members = 4, .epoch = m.epoch, .step = m.step,
					   .comm = "c", .who = kind == WEFT_MESSAGE_HELLO ? UINT32_MAX : 1 };
	switch (kind) {
	case WEFT_MESSAGE_HELLO:
		m.hello.members = 4;
		m.hello.count = 2;
		m.hello.rank[0] = 1;
		m.hello.rank[1] = 3;
		break;
	case WEFT_MESSAGE_PLACE:
		m.epoch = 1;
		m.place.processes = 3;
		m.place.you = 2;
		m.place.process[1] = 1;
		m.place.process[2] = 2;
		m.place.process[3] = 1;
		m.fds = 1;
		break;
	case WEFT_MESSAGE_RANGES:
		m.ranges.bytes = 5000;
		m.ranges.span = 8192;
		m.ranges.num = 2;
		m.ranges.range[0].start = 4096;
		m.ranges.range[0].end = m.ranges.range[1].start = 8192;
		m.ranges.range[1].end = 1ull << 47;
		break;
	case WEFT_MESSAGE_WORD:
		m.word.known = 3;
		m.word.word[0].status = -ENOSPC;
		m.word.word[1].members = 10;
		break;
	case WEFT_MESSAGE_MEMORY:
	case WEFT_MESSAGE_WINDOW:
		m.fds = due->fds = 5;
		break;
	default:
		break;
	}
	weft_message_seal(&m);
	return m;
}

/* In memory of just its size, so that a sanitiser sees a read beyond it. */
static int take(const void *data, size_t bytes, uint32_t fds, const struct weft_message_due *due)
{
	struct weft_message got;
	void *copy = malloc(bytes ? bytes : 1);
	int ret;

	memcpy(copy, data, bytes);
	ret = weft_message_read(copy, bytes, fds, due, &got);
	if (!ret)
		assert_memory_equal(&got, data, sizeof(got));
	free(copy);
	return ret;
}

static void whole(void **state)
{
	struct weft_message_due due;

	(void)state;
	for (uint32_t kind = 1; kind < WEFT_MESSAGE_KINDS; kind++) {
		struct weft_message m = sound(kind, &due);
		uint64_t epoch = 99;
		uint32_t seen = 99;

		assert_int_equal(take(&m, sizeof(m), m.fds, &due), 0);
		refused(take(&m, sizeof(m), m.fds + 1, &due), -EPROTO, "communicator c: ");
		assert_true(weft_message_look(&m, sizeof(m), &seen, &epoch));
		assert_int_equal(seen, kind);
		assert_int_equal(epoch, m.epoch);
		/* another one is due */
		due.kind = kind % (WEFT_MESSAGE_KINDS - 1) + 1;
		refused(take(&m, sizeof(m), m.fds, &due), -EPROTO, "communicator c: ");
		m = sound(kind, &due);
		due.from++;
		refused(take(&m, sizeof(m), m.fds, &due), -EPROTO, "is not where this one is");
		m = sound(kind, &due);
		due.step++;
		refused(take(&m, sizeof(m), m.fds, &due), -EPROTO, "is not where this one is");
		/* one that failed says so in its place, with nothing else */
		m = sound(kind, &due);
		m.status = -ENOSPC;
		m.fds = 0;
		weft_message_seal(&m);
		refused(take(&m, sizeof(m), 0, &due), -ECONNABORTED, "has failed: No space left on device");
		refused(take(&m, sizeof(m), 1, &due), -EPROTO, "sent 1 descriptors with word of a failure");
		m.status = -100000;
		weft_message_seal(&m);
		refused(take(&m, sizeof(m), 0, &due), -ECONNABORTED, "for a reason that is none");
		m.status = 5;
		weft_message_seal(&m);
		refused(take(&m, sizeof(m), 0, &due), -EPROTO, "is not where this one is");
	}
}

static void prefixes(void **state)
{
	struct weft_message_due due;
	struct weft_message m = sound(WEFT_MESSAGE_WORD, &due);
	char more[sizeof(m) + 1] = { 0 };
	uint64_t epoch;
	uint32_t kind;

	(void)state;
	for (size_t n = 0; n < sizeof(m); n++) {
		char *copy = malloc(n ? n : 1);

		refused(take(&m, n, 0, &due), -EPROTO, "communicator c: the process of member 1 sent");
		memcpy(copy, &m, n);
		assert_int_equal(weft_message_look(copy, n, &kind, &epoch), n >= 32);
		free(copy);
	}
	memcpy(more, &m, sizeof(m));
	refused(take(more, sizeof(more), 0, &due), -EPROTO, "cut off");
	due.who = UINT32_MAX;
	refused(take(more, sizeof(more), 0, &due), -EPROTO, "communicator c: a process that joins");
}

static void flips(void **state)
{
	(void)state;
	for (uint32_t kind = 1; kind < WEFT_MESSAGE_KINDS; kind++) {
		struct weft_message_due due;
		struct weft_message m = sound(kind, &due);
		unsigned char *bytes = (unsigned char *)&m;

		for (size_t bit = 0; bit < 8 * sizeof(m); bit++) {
			bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
			refused(take(&m, sizeof(m), m.fds, &due), -EPROTO, "communicator c: ");
			bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		}
		assert_int_equal(take(&m, sizeof(m), m.fds, &due), 0);
		m.version = 2;
		refused(take(&m, sizeof(m), m.fds, &due), -EPROTO, "version 2");
	}
}

/* With a sum that is right: made by somebody who means it. */
static void forged(void **state)
{
	(void)state;
#define FORGED(kind, change)	do {										\
	struct weft_message_due due;										\
	struct weft_message m = sound(kind, &due);								\
	uint32_t fds = m.fds;											\
	change;													\
	weft_message_seal(&m);											\
	refused(take(&m, sizeof(m), fds, &due), -EPROTO, "communicator c: ");					\
} while (0)
	FORGED(WEFT_MESSAGE_HELLO, m.hello.members = 5);
	FORGED(WEFT_MESSAGE_HELLO, m.hello.count = 0);
	FORGED(WEFT_MESSAGE_HELLO, m.hello.count = 4);
	FORGED(WEFT_MESSAGE_HELLO, m.hello.count = UINT32_MAX);
	FORGED(WEFT_MESSAGE_HELLO, m.hello.rank[1] = 4);
	FORGED(WEFT_MESSAGE_HELLO, m.hello.rank[1] = 255);
	FORGED(WEFT_MESSAGE_HELLO, m.hello.rank[1] = 1);
	FORGED(WEFT_MESSAGE_PLACE, m.epoch = 0);
	FORGED(WEFT_MESSAGE_PLACE, m.place.processes = 1);
	FORGED(WEFT_MESSAGE_PLACE, m.place.processes = 5);
	FORGED(WEFT_MESSAGE_PLACE, (m.place.processes = 4, m.fds = fds = 2));	/* one has no member */
	FORGED(WEFT_MESSAGE_PLACE, m.place.you = 0);
	FORGED(WEFT_MESSAGE_PLACE, m.place.you = 3);
	FORGED(WEFT_MESSAGE_PLACE, m.place.process[0] = 1);
	FORGED(WEFT_MESSAGE_PLACE, m.place.process[3] = 3);
	FORGED(WEFT_MESSAGE_PLACE, m.place.process[1] = 2);			/* not in order */
	FORGED(WEFT_MESSAGE_PLACE, m.fds = fds = 2);
	FORGED(WEFT_MESSAGE_MEMORY, m.fds = 4);
	FORGED(WEFT_MESSAGE_MEMORY, m.fds = fds = 4);
	FORGED(WEFT_MESSAGE_MEMORY, m.epoch = 8);
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.bytes = 0);
	FORGED(WEFT_MESSAGE_RANGES, (m.ranges.bytes = (1ull << 40) + 1, m.ranges.span = 1ull << 41));
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.span = 4999);
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.span = UINT64_MAX);
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.num = WEFT_MESSAGE_SPANS + 1);
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.num = UINT64_MAX);
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.range[0].end = 4096);
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.range[1].start = 8191);		/* below the one before */
	FORGED(WEFT_MESSAGE_RANGES, m.ranges.range[1].end = (1ull << 47) + 1);
	FORGED(WEFT_MESSAGE_WORD, m.word.known = 1);				/* not its own */
	FORGED(WEFT_MESSAGE_WORD, m.word.known = 11);
	FORGED(WEFT_MESSAGE_WORD, m.word.word[2].members = 16);
	FORGED(WEFT_MESSAGE_WORD, m.word.word[0].status = 1);
#undef FORGED
}

static void calls(void **state)
{
	struct weft_message_call c = { .op = WEFT_COLL_SEND, .algorithm = WEFT_COLL_DIRECT, .type = WEFT_TYPE_F16, .root = 2, .peer = 1,
				       .ranks = 4, .slot_bytes = 256, .count = 12 };
	unsigned char *bytes = (unsigned char *)&c;
	char text[128];
	uint64_t tag;

	(void)state;
	c.tag = tag = weft_message_tag(&c);
	assert_true(weft_message_call_ok(&c, tag));
	assert_string_equal(weft_message_call_text(&c, text, sizeof(text)), "send of 12 f16 from 2 to 1 by direct");
	/* nothing else goes by this tag, and nothing that is no call by its own */
	for (size_t bit = 0; bit < 8 * sizeof(c); bit++) {
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		assert_false(weft_message_call_ok(&c, tag));
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	c.op = WEFT_COLL_OPS;
	c.tag = weft_message_tag(&c);
	assert_false(weft_message_call_ok(&c, c.tag));
	c.op = WEFT_COLL_REDUCE;
	c.tag = weft_message_tag(&c);
	assert_string_equal(weft_message_call_text(&c, text, sizeof(text)), "reduce of 12 f16 with root 2 by direct");
	c.type = WEFT_TYPE_U32;
	c.tag = weft_message_tag(&c);
	assert_false(weft_message_call_ok(&c, c.tag));
	assert_false(weft_message_call_ok(&(struct weft_message_call) { 0 }, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(flips),
		cmocka_unit_test(forged),
		cmocka_unit_test(calls),
	};

	return cmocka_run_group_tests_name("coll/message", tests, NULL, NULL);
}
