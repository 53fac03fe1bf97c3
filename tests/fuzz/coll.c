// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * What another process of a communicator says. The first byte says which message is due and whether its head and sum are made
 * good, the second how many descriptors came with it; the rest is the message. Kind 0 is a call in another process's table.
 */
#include <errno.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "fuzz.h"
#include "runtime/coll/message.h"

#define MADE_GOOD	0x80
#define TAGGED		0x40
#define MEMBERS		4u
#define PROCESSES	3u

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

static void call(struct fuzz_in *in, bool tagged)
{
	struct weft_message_call c;
	char text[128];

	fuzz_bytes(in, &c, sizeof(c));
	if (tagged)
		c.tag = weft_message_tag(&c);
	if (!weft_message_call_ok(&c, c.tag))
		return;
	weft_message_call_text(&c, text, sizeof(text));
	if (strstr(text, "?") || c.op >= WEFT_COLL_OPS)
		fuzz_wrong("a call was taken: %s", text);
}

static void taken(const struct weft_message *m, uint32_t fds)
{
	if (m->fds != fds || m->kind >= WEFT_MESSAGE_KINDS)
		fuzz_wrong("taken with %u descriptors, kind %u", fds, m->kind);
	if (m->kind == WEFT_MESSAGE_HELLO)
		for (uint32_t i = 0; i < m->hello.count; i++)
			if (m->hello.rank[i] >= MEMBERS || m->hello.count >= MEMBERS)
				fuzz_wrong("hello of member %u of %u", m->hello.rank[i], m->hello.count);
	if (m->kind == WEFT_MESSAGE_PLACE)
		for (uint32_t r = 0; r < MEMBERS; r++)
			if (m->place.process[r] >= m->place.processes || m->place.processes > MEMBERS || m->place.you >= m->place.processes ||
			    fds != m->place.processes - 2)
				fuzz_wrong("member %u in process %u of %u", r, m->place.process[r], m->place.processes);
	if (m->kind == WEFT_MESSAGE_RANGES)
		for (uint64_t i = 0; i < m->ranges.num; i++)
			if (i >= WEFT_MESSAGE_SPANS || m->ranges.range[i].end <= m->ranges.range[i].start || m->ranges.range[i].end > 1ull << 47)
				fuzz_wrong("range %llu", (unsigned long long)i);
	if (m->kind == WEFT_MESSAGE_WORD && (m->word.known >= 1u << PROCESSES || !(m->word.known & 2)))
		fuzz_wrong("words of %#x", m->word.known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { .p = data, .n = size };
	const uint8_t what = fuzz_u8(&in);
	const uint32_t kind = what & 7, fds = fuzz_u8(&in);
	const bool joins = kind == WEFT_MESSAGE_HELLO || kind == WEFT_MESSAGE_PLACE;
	const struct weft_message_due due = {
		.kind = kind, .from = !joins, .processes = PROCESSES, .members = MEMBERS, .fds = what & TAGGED ? UINT32_MAX : 3 * !joins, .comm = "c",
		.epoch = joins ? 0 : 7, .step = joins ? 0 : 9, .who = kind == WEFT_MESSAGE_HELLO ? UINT32_MAX : 1,
	};
	struct weft_message m, got;
	size_t bytes = in.n;
	uint64_t epoch;
	uint32_t seen;
	char *copy;
	int ret;

	if (!kind) {
		call(&in, what & TAGGED);
		fuzz_cover();
		return 0;
	}
	if (what & MADE_GOOD) {
		bytes = sizeof(m);
		fuzz_bytes(&in, &m, sizeof(m));
		weft_message_seal(&m);
	}
	copy = malloc(bytes ? bytes : 1);	/* of just this size */
	if (!copy)
		abort();
	memcpy(copy, what & MADE_GOOD ? (const void *)&m : (const void *)in.p, bytes);
	weft_message_look(copy, bytes, &seen, &epoch);
	ret = weft_message_read(copy, bytes, fds, &due, &got);
	if (ret && ret != -EPROTO && ret != -ECONNABORTED)
		fuzz_wrong("is %d, %s", ret, weft_last_error());
	if (ret && !strstr(weft_last_error(), "communicator c: "))
		fuzz_wrong("text: %s", weft_last_error());
	if (!ret)
		taken(&got, fds);
	free(copy);
	fuzz_cover();
	return 0;
}
