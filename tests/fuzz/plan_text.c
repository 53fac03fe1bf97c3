// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Plans from outside: the parser of texts and the reader of files, on cards of this process. What is taken must print, and what
 * was printed must print the same again. The first byte says what the rest is: a text; bytes of a file; or changes to one of
 * two good files, whose checksum is made good again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "fuzz.h"
#include "runtime/core/device.h"
#include "tests/unit/runtime/fake_sys.h"

#define CARDS	2u
#define CRC_AT	24u

enum { TEXT, FILE_BYTES, CHANGES, KINDS };

static const char *const samples[] = {
	"weft-plan 1\nplan sample few-queues lanes 2\ncards 2\n"
	"constant c 64 u32 [1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16]\n"
	"edge a 256\nedge b 256 depth 4 initial 1 repeat f32 [1.5]\nedge d 256\nedge e 256\nedge f 16 state\nedge g control\nedge h 64 host\n"
	"body one time 3 us\nout a rate 2\nout g\n%t = table c stride 4 entries 4\ncopy 4 from %t to out(a, 1)\ntimed 2 us\n"
	"body two time 2 us\nin a\nout d\nexec add f32 [out(d), in(a), constant(c)] dims [4] scalars [*in(a), 2.5]\n"
	"body three time 2 us\nin d\nout e\n%c = choice in(d) of [in(d), constant(c) + 8]\nwhen in(d) != 3\ncopy 4 from %c to out(e)\n"
	"body four card 1 time 2 us\nin e rate 2\nin g\nin b\nout b\nout f\nout h\nreduce sum f32 4 from [in(e), in(b)] to [out(b)]\n"
	"fill 16 at out(f) with u64 7\ntimestamp to out(h)\n",
	/* between processes */
	"weft-plan 1\nplan ends\ncards 2\nedge i 64 depth 2 export\nedge j 64 depth 4 import\nedge k control import\n"
	"edge l control depth 3 initial 1 export\nedge m 256 depth 2\n"
	"body one\nin j rate 2\nin k\nout i\nout m\ncopy 64 from in(j, 1) to out(i)\nbody two card 1\nin m\nout l\n",
};
#define SAMPLES	2

static struct weft *weft;
static struct weft_device *card[CARDS];
static char *good[SAMPLES];
static size_t good_bytes[SAMPLES];

/* The text of a plan, or its file; owned by the caller. */
static char *written(const struct weft_plan *plan, bool file, size_t *bytes)
{
	char *data = NULL;
	FILE *f = open_memstream(&data, bytes);

	if (!f || (file ? weft_plan_write(plan, f) : weft_plan_print(plan, 0, f)) || fclose(f))
		fuzz_wrong("a plan that was taken is not written: %s", weft_last_error());
	return data;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct weft_plan *p;

	(void)argc, (void)argv;
	fake_reset(CARDS);
	weft_sys_set(&fake_sys);
	weft = weft_open();
	for (uint32_t i = 0; i < CARDS; i++) {
		if (weft_device_open(weft, "card", i, &card[i]))
			abort();
		card[i]->info.caps = UINT64_MAX;
		card[i]->info.user_bytes = 1 << 30;
	}
	for (uint32_t i = 0; i < SAMPLES; i++) {
		if (weft_plan_parse(samples[i], strlen(samples[i]), card, CARDS, &p) || weft_plan_prepare(p, NULL))
			fuzz_wrong("sample %u: %s", i, weft_last_error());
		good[i] = written(p, true, &good_bytes[i]);
		weft_plan_destroy(p);
	}
	return 0;
}

static void refused(int ret, const char *what)
{
	if (ret >= 0 || !*weft_last_error() || ret == -ENOMEM)
		fuzz_wrong("%s gave %d, \"%s\"", what, ret, weft_last_error());
}

/* A text that a plan gave is taken again, and is the same. */
static void same_again(const struct weft_plan *plan)
{
	size_t bytes, again_bytes;
	char *text = written(plan, false, &bytes), *again;
	struct weft_plan *p;

	if (weft_plan_parse(text, bytes, card, CARDS, &p))
		fuzz_wrong("a text that was printed is refused: %s", weft_last_error());
	again = written(p, false, &again_bytes);
	if (bytes != again_bytes || memcmp(text, again, bytes))
		fuzz_wrong("printed once:\n%s\nand again:\n%s", text, again);
	weft_plan_destroy(p);
	free(text);
	free(again);
}

static void take_text(const char *text, size_t bytes)
{
	struct weft_plan *p = NULL;
	const int cards = weft_plan_text_cards(text, bytes), ret = weft_plan_parse(text, bytes, card, CARDS, &p);

	if (ret) {
		refused(ret, "parse");
		return;
	}
	if (cards < 1 || cards > (int)CARDS)
		fuzz_wrong("a text for %d cards was taken", cards);
	same_again(p);
	weft_plan_destroy(p);
}

static void take_file(const char *data, size_t bytes)
{
	struct weft_plan *p = NULL;
	const int ret = weft_plan_read(data, bytes, card, CARDS, &p);

	weft_plan_file_cards(data, bytes);
	if (ret) {
		refused(ret, "read");
		return;
	}
	same_again(p);
	free(written(p, true, &bytes));
	if (weft_plan_prepare(p, NULL))
		fuzz_wrong("a plan that was read is not prepared: %s", weft_last_error());
	weft_plan_destroy(p);
}

static void seal(char *data, size_t bytes)
{
	uint64_t crc = UINT64_MAX;

	memset(data + CRC_AT, 0, 8);
	for (size_t i = 0; i < bytes; i++) {
		crc ^= (unsigned char)data[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xc96c5795d7870f42ull : 0);
	}
	crc = ~crc;
	memcpy(data + CRC_AT, &crc, 8);
}

/* Place, width 1 to 8, value, as often as there are; the last place may cut or lengthen it. */
static void changes(struct fuzz_in *in, uint32_t sample)
{
	size_t bytes = good_bytes[sample];
	char *data = malloc(2 * bytes);

	memset(data, 0, 2 * bytes);
	memcpy(data, good[sample], bytes);
	while (in->n) {
		const size_t at = fuzz_u16(in) % good_bytes[sample];
		const uint8_t width = fuzz_u8(in);
		const uint64_t value = fuzz_u64(in);

		if (width & 0x80)
			bytes = at + 64;
		else
			memcpy(data + at, &value, (width & 7) + 1);
	}
	seal(data, bytes);
	take_file(data, bytes);
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	const uint8_t first = fuzz_u8(&in), kind = first % KINDS;
	/* of its own, so that a byte beyond it is seen */
	char *copy = malloc(in.n + 1);

	memcpy(copy, in.p, in.n);
	if (kind == TEXT)
		take_text(copy, in.n);
	else if (kind == FILE_BYTES)
		take_file(copy, in.n);
	else
		changes(&in, first / KINDS % SAMPLES);
	free(copy);
	if (card[0]->children || card[1]->children)
		fuzz_wrong("a plan is left");
	fuzz_cover();
	return 0;
}
