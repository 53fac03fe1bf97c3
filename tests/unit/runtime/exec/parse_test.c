/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Texts of plans that are wrong: each is refused at its place, with what was found, what was expected, and a name that is near. */
#include "ex.h"

#include <weft/plan_text.h>

#include "runtime/exec/parse.h"

#define HEAD	"weft-plan 1\n"
#define EDGES	HEAD "constant table 64\nedge input 256 depth 4\nedge output 256\n"
#define BODY	EDGES "body b\nin input\nout output rate 2\n"

struct wrong {
	const char *text;
	int ret;
	const char *message;
};

static void each(const struct wrong *wrong, size_t count)
{
	struct weft_plan *p = NULL;
	struct ex x;

	ex_open(&x, NULL);
	for (size_t i = 0; i < count; i++) {
		int ret = weft_plan_parse(wrong[i].text, strlen(wrong[i].text), x.card, EX_CARDS, &p);

		if (ret != wrong[i].ret || (ret && strncmp(weft_last_error(), wrong[i].message, strlen(wrong[i].message))))
			fail_msg("%s\ngave %d, \"%s\", wanted %d, \"%s\"", wrong[i].text, ret, weft_last_error(), wrong[i].ret,
				 wrong[i].message);
		if (!ret)
			ok(weft_plan_destroy(p));
		assert_int_equal(x.card[0]->children, 1);
	}
	ex_close(&x);
}
#define EACH(table)	each(table, sizeof(table) / sizeof((table)[0]))

static void in_front(void **state)
{
	static const struct wrong wrong[] = {
		{ "", -EINVAL, "1:1: found the end of the text, expected \"weft-plan 1\", with which a plan begins (" },
		{ "edge x 4\n", -EINVAL, "1:1: found \"edge\", expected \"weft-plan 1\"" },
		{ "# plan\n\n  weft-plan 2\n", -EPROTO, "3:14: a text of version 2; this library reads version 1" },
		{ "weft-plan\n", -EINVAL, "1:10: found the end of the line, expected the version of the text, a number" },
		{ "weft-plan 1 2\n", -EINVAL, "1:13: found \"2\", expected the end of the line" },
		{ HEAD, 0, NULL },
		{ HEAD "plan\n", -EINVAL, "2:5: found the end of the line, expected the name of the plan" },
		{ HEAD "plan \"\"\n", -EINVAL, "2:6: the name of the plan has 1 to 255 bytes" },
		{ HEAD "plan p perod 5 ms\n", -EINVAL, "2:8: found \"perod\", expected the end of the line or priority, period, budget, "
		  "few-queues, lanes, poison, trace, cell-base; did you mean \"period\"?" },
		{ HEAD "plan p period 5\n", -EINVAL, "2:15: found \"5\", expected a period, a whole number of nanoseconds with ns, us, ms "
		  "or s" },
		{ HEAD "plan p period 1.5 ns\n", -EINVAL, "2:19: found \"ns\", expected a period, a whole number of nanoseconds" },
		{ HEAD "plan p budget 3 parsecs\n", -EINVAL, "2:17: found \"parsecs\", expected the end of the line or" },
		{ HEAD "plan p lanes 2\n", -EINVAL, "2:14: \"lanes\" stands behind \"few-queues\"" },
		{ HEAD "plan p trace trace\n", -EINVAL, "2:14: \"trace\" for the second time in this line" },
		{ HEAD "plan p priority hihg\n", -EINVAL, "2:17: found \"hihg\", expected a priority: default, realtime, high, normal or "
		  "low; did you mean \"high\"?" },
		{ HEAD "plan p cell-base 0x1ffffffffffffffff\n", -EINVAL, "2:18: found \"0x1ffffffffffffffff\", expected the first value of "
		  "cells, a number from 0 to 18446744073709551615" },
		{ HEAD "plan p\nplan q\n", -EINVAL, "3:6: \"plan\" for the second time" },
		{ HEAD "edge x 4\nplan q\n", -EINVAL, "3:6: \"plan\" stands in front of all constants, edges and bodies" },
		{ HEAD "edge x 4\ncards 2\n", -EINVAL, "3:7: \"cards\" stands in front of all constants, edges and bodies" },
		{ HEAD "cards 2\ncards 2\n", -EINVAL, "3:7: \"cards\" for the second time" },
		{ HEAD "cards 17\n", -EINVAL, "2:7: found \"17\", expected cards, a number from 1 to 16" },
		{ HEAD "plan p\ncards 3\nedge x 4\n", -ENODEV, "4:1: plan p is for 3 cards, and 2 are given" },
		{ HEAD "cards 3\n", -ENODEV, "3:1: plan plan is for 3 cards" },
		{ HEAD "egde x 4\n", -EINVAL, "2:1: found \"egde\", expected plan, cards, constant, edge or body; did you mean \"edge\"?" },
		{ HEAD "in x\n", -EINVAL, "2:1: \"in\" outside a body: it belongs behind the body's line" },
		{ HEAD "%x = table t stride 4 entries 1\n", -EINVAL, "2:1: an operand outside a body" },
		{ HEAD "plan \"abc\n", -EINVAL, "2:6: a string without an end: a \" is missing in this line" },
		{ HEAD "plan \"a\\b\"\n", -EINVAL, "2:6: a \\ in a string stands before \", \\ or x and two digits" },
		{ HEAD "plan \"a\\x00\"\n", -EINVAL, "2:6: a \\ in a string" },
		{ HEAD "plan a@b\n", -EINVAL, "2:7: found \"@\", which is in no word; a name with it stands in quotes" },
		{ HEAD "plan a\xc3\xbc\n", -EINVAL, "2:7: byte 0xc3 outside a string" },
		{ HEAD "plan %\n", -EINVAL, "2:6: a % without a name" },
		{ HEAD "cards [2\n\n\n", -EINVAL, "2:7: found \"[\", expected cards" },
	};

	(void)state;
	EACH(wrong);
}

static void of_edges(void **state)
{
	static const struct wrong wrong[] = {
		{ HEAD "constant\n", -EINVAL, "2:9: found the end of the line, expected the name of a constant" },
		{ HEAD "constant c\n", -EINVAL, "2:11: found the end of the line, expected the size of the constant, a whole number of bytes "
		  "with B, KiB, MiB, GiB, TiB or no unit" },
		{ HEAD "constant c 0\n", -EINVAL, "2:12: found \"0\", expected the size of the constant from 1 to 1099511627776" },
		{ HEAD "constant c 2 TiB\n", -EINVAL, "2:12: found \"2\", expected the size of the constant from 1 to" },
		{ HEAD "constant c 4\nconstant c 4\n", -EEXIST, "3:10: constant c (" },
		{ HEAD "constant c 8 u32 [1]\n", -EINVAL, "2:14: found 4 bytes of contents, expected 8; behind \"repeat\" fewer do" },
		{ HEAD "constant c 8 u32 [1 2 3]\n", -EINVAL, "2:23: more contents than 8 bytes" },
		{ HEAD "constant c 8 repeat hex [112233]\n", -EINVAL, "2:14: found 3 bytes to repeat, expected a divisor of 8" },
		{ HEAD "constant c 8 repeat hex []\n", -EINVAL, "2:14: found 0 bytes to repeat" },
		{ HEAD "constant c 8 hex [1]\n", -EINVAL, "2:19: found \"1\", expected bytes, two hex digits each, or \"]\"" },
		{ HEAD "constant c 8 hex [zz]\n", -EINVAL, "2:19: found \"zz\", expected bytes" },
		{ HEAD "constant c 8 u32 1\n", -EINVAL, "2:18: found \"1\", expected \"[\"" },
		{ HEAD "constant c 8 u8 [256]\n", -EINVAL, "2:18: found \"256\", expected an integer of 8 bits" },
		{ HEAD "constant c 8 f32 [one]\n", -EINVAL, "2:19: found \"one\", expected a number of 32 bits" },
		{ HEAD "constant c 8 f32 [nan]\n", -EINVAL, "2:19: found \"nan\"" },
		{ HEAD "constant c 8 f32 [1e99]\n", -EINVAL, "2:19: found \"1e99\"" },
		{ HEAD "constant c 8 i8 [1]\n", -EINVAL, "2:14: found \"i8\", expected the end of the line or its contents: zeros, repeat, hex, "
		  "u8, u16, u32, u64, i32, f32, file" },
		{ HEAD "constant c 8 fiel x\n", -EINVAL, "2:14: found \"fiel\", expected the end of the line or its contents: zeros, repeat, "
		  "hex, u8, u16, u32, u64, i32, f32, file; did you mean \"file\"?" },
		{ HEAD "constant c 8 file\n", -EINVAL, "2:18: found the end of the line, expected the name of a file" },
		{ HEAD "constant c 1 GiB repeat u8 [1]\n", -E2BIG, "2:18: contents of more than 67108864 bytes; give a file" },
		{ HEAD "constant c 50 MiB repeat u8 [1]\nconstant d 20 MiB repeat u8 [1]\n", -E2BIG, "3:19: contents of more than" },
		{ HEAD "constant c 8 u32 [1\n2", -EINVAL, "3:2: found the end of the text" },
		{ HEAD "edge x\n", -EINVAL, "2:7: found the end of the line, expected the size of a block or \"control\"" },
		{ HEAD "edge x 4\nedge x 4\n", -EEXIST, "3:6: edge x (" },
		{ HEAD "edge x 4 dept 3\n", -EINVAL, "2:10: found \"dept\", expected the end of the line or depth, initial, state, host, card, "
		  "no-share, part, export, import; did you mean \"depth\"?" },
		{ HEAD "edge x 4 depth 0\n", -EINVAL, "2:16: found \"0\", expected the number of blocks, a number from 1 to 65535" },
		{ HEAD "edge x 4 depth 2 initial 3\n", -EINVAL, "2:6: edge x: 3 initial tokens, depth 2" },
		{ HEAD "edge x 8 depth 1\nedge y 4 part z 4\n", -EINVAL, "3:15: found \"z\", expected an edge" },
		{ HEAD "edge x 8 depth 1\nedge y 4 part x 5\n", -EINVAL, "3:6: edge y: 4 bytes at 5 of edge x, of which those from 1 to 8" },
		{ HEAD "edge x 8 depth 1\nedge y 4 part x 0\n", -EINVAL, "3:17: found \"0\", expected where in a block it begins" },
		{ HEAD "edge x 8\nedge y 4 part x 4\n", -EINVAL, "3:6: edge y: edge x has no parts" },
		{ HEAD "edge x 4 state depth 2\n", -EINVAL, "2:6: edge x: state is one block with one token" },
		{ HEAD "edge x 4 state u32 [1] initial 1\n", -EINVAL, "2:32: a state has one token, which \"state\" gives it" },
		{ HEAD "edge x 4 card 1\n", -EINVAL, "2:15: found card 1, but the plan has 1: \"cards 2\" in front of all constants, edges and "
		  "bodies gives it more" },
		{ HEAD "edge x 4 host card 0\n", -EINVAL, "2:6: edge x: device 1" },
		{ HEAD "edge x control host\n", -EINVAL, "2:6: edge x: blocks of 0 bytes, contents, a place or other flags, and it is for" },
		{ HEAD "edge x 4 exprot\n", -EINVAL, "2:10: found \"exprot\", expected the end of the line or depth, initial, state, host, card, "
		  "no-share, part, export, import; did you mean \"export\"?" },
		{ HEAD "edge x 4 export import\n", -EINVAL, "2:6: edge x: one between processes is exported or imported" },
		{ HEAD "edge x 4 host export\n", -EINVAL, "2:6: edge x: one between processes" },
		{ HEAD "edge x 4 state export\n", -EINVAL, "2:6: edge x: one between processes" },
		{ HEAD "edge x 4 initial 1 import\n", -EINVAL, "2:6: edge x: one between processes" },
		{ HEAD "cards 2\nedge x 4 card 1 import\n", -EINVAL, "3:6: edge x: one between processes" },
		{ HEAD "edge x 4 export depth 2 export\n", -EINVAL, "2:25: \"export\" for the second time in this line" },
		{ HEAD "edge x 1 TiB initial 60000 repeat u8 [1]\n", -E2BIG, "2:28: contents of more than" },
		{ HEAD "edge x 8 initial 2 u32 [1 2]\n", -EINVAL, "2:20: found 8 bytes of contents, expected 16" },
	};

	(void)state;
	EACH(wrong);
}

static void of_bodies(void **state)
{
	static const struct wrong wrong[] = {
		{ HEAD "body\n", -EINVAL, "2:5: found the end of the line, expected the name of a body" },
		{ HEAD "body b tim 5 ms\n", -EINVAL, "2:8: found \"tim\", expected the end of the line or card, lane, skew, time, priority; did "
		  "you mean \"time\"?" },
		{ HEAD "body b skew 1\n", -EINVAL, "2:13: \"skew\" stands behind \"lane\"" },
		{ HEAD "body b lane l skew 1024\n", -EINVAL, "2:20: found \"1024\", expected a skew, a number from 0 to 1023" },
		{ HEAD "body b\nbody b\n", -EEXIST, "3:6: body b (" },
		{ BODY "out inputs\n", -EINVAL, "8:5: found \"inputs\", expected an edge; did you mean \"input\"?" },
		{ BODY "out wholly-other\n", -EINVAL, "8:5: found \"wholly-other\", expected an edge; edges stand in front of the bodies that use "
		  "them" },
		{ BODY "out 'input\n", -EINVAL, "8:5: found \"'\", which is in no word" },
		{ BODY "in\n", -EINVAL, "8:3: found the end of the line, expected the name of an edge" },
		{ BODY "in input\n", -EEXIST, "8:4: body b consumes edge input already" },
		{ BODY "out input rate 0\n", -EINVAL, "8:16: found \"0\", expected the tokens of a firing, a number from 1 to 65535" },
		{ BODY "body c\nout output\n", -EEXIST, "9:5: edge output has a producer, body b" },
		{ BODY "coyp 4 from in(input) to out(output)\n", -EINVAL, "8:1: found \"coyp\", expected a command or port of the body, edge or "
		  "body; did you mean \"copy\"?" },
		{ BODY "copy from in(input) to out(output)\n", -EINVAL, "8:6: found \"from\", expected the bytes to copy" },
		{ BODY "copy 4 in(input) to out(output)\n", -EINVAL, "8:8: found \"in\", expected \"from\"" },
		{ BODY "copy 4 form in(input) to out(output)\n", -EINVAL, "8:8: found \"form\", expected \"from\"; a misspelling?" },
		{ BODY "copy 4 from input to out(output)\n", -EINVAL, "8:13: found \"input\", expected an operand, %NAME or one with: in, out, "
		  "constant or address" },
		{ BODY "copy 4 from in(input, 1) to out(output)\n", -EINVAL, "8:15: weft_body_in: body b has no block 1 of edge input" },
		{ BODY "copy 4 from in(output) to out(output)\n", -EINVAL, "8:15: weft_body_in: body b has no block 0 of edge output" },
		{ BODY "copy 4 from in(input to out(output)\n", -EINVAL, "8:22: found \"to\", expected \")\"" },
		{ BODY "copy 4 from constant(tabel) to out(output)\n", -EINVAL, "8:22: found \"tabel\", expected a constant; did you mean "
		  "\"table\"?" },
		{ BODY "copy 4 from constant() to out(output)\n", -EINVAL, "8:22: found \")\", expected the name of a constant" },
		{ BODY "copy 4 from address(0) to out(output)\n", -EINVAL, "8:21: found \"0\", expected a device address" },
		{ BODY "copy 4 from address(4) + 4 to out(output)\n", -EINVAL, "8:26: found \"4\", expected no offset: add it to the address" },
		{ BODY "copy 4 from in(input) + 2 TiB to out(output)\n", -EINVAL, "8:25: found \"2\", expected an offset from 0 to" },
		{ BODY "copy 4 from in(input) pitch 2 to out(output) rows 2\n", -EINVAL, "8:1: body b: a copy of 2 rows of 4 bytes" },
		{ BODY "copy 4 from in(input) to out(output) row 2\n", -EINVAL, "8:38: found \"row\", expected the end of the line" },
		{ BODY "copy 4 from %x to out(output)\n", -EINVAL, "8:13: found \"%x\", expected an operand that this body has: %NAME = table" },
		{ BODY "%step = table table stride 4 entries 2\ncopy 4 from %stpe to out(output)\n", -EINVAL, "9:13: found \"%stpe\", expected an "
		  "operand that this body has; did you mean \"%step\"?" },
		{ BODY "%x = table table stride 4 entries 2\nbody c\ncopy 4 from %x to address(4)\n", -EINVAL, "10:13: found \"%x\", expected" },
		{ BODY "%x = table table stride 4 entries 2\n%x = table table stride 4 entries 2\n", -EEXIST, "9:1: %x for the second time in this "
		  "body" },
		{ BODY "%x table table\n", -EINVAL, "8:4: found \"table\", expected \"=\"" },
		{ BODY "%x = tabel table\n", -EINVAL, "8:6: found \"tabel\", expected an operand: table or choice; did you mean \"table\"?" },
		{ BODY "%x = table table stride 40 entries 2\n", -EINVAL, "8:12: body b: a table of 2 entries, 40 bytes apart, each for 1 firings, "
		  "in 64 bytes" },
		{ BODY "%x = table table entries 2\n", -EINVAL, "8:18: found \"entries\", expected \"stride\"" },
		{ BODY "%x = choice in(input) of []\n", -EINVAL, "8:13: body b: a choice among 0, or by no operand" },
		{ BODY "%x = choice in(input) of [in(input) in(input)]\n", -EINVAL, "8:37: found \"in\", expected \",\"" },
		{ BODY "%x = choice in(input) of [address(4)]\n", -EINVAL, "8:13: body b: choice 0 is no block and no constant" },
		{ BODY "%x = choice in(input) of [in(input)]\n%y = choice in(input) of [%x]\n", -EINVAL, "9:13: body b: choice 0 is no block" },
		{ BODY "exec adf f32 [out(output)]\n", -EINVAL, "8:6: found \"adf\", expected a kernel; did you mean \"add\"?" },
		{ BODY "exec transmogrify f32 [out(output)]\n", -EINVAL, "8:6: found \"transmogrify\", expected a kernel of the registry" },
		{ BODY "exec add i32 [out(output)]\n", -ENOENT, "8:1: not found: add/card/i32" },
		{ BODY "exec add f23 [out(output)]\n", -EINVAL, "8:10: found \"f23\", expected a type: f32, f16, bf16, i32, i8, u8 or u32; did you "
		  "mean \"f32\"?" },
		{ BODY "exec add f32 [out(output)]\n", -EINVAL, "8:1: body b: add/f32 takes 3 to 3 operands, not 1" },
		{ BODY "exec add f32 [in(input), in(input), in(input)] dims [1, 2, 3, 4, 5]\n", -EINVAL, "8:66: found \"5\", expected \"]\": there are "
		  "at most 4" },
		{ BODY "exec add f32 [in(input), in(input), in(input)] scalars [1, 2, 3, 4, 5, 6, 7]\n", -EINVAL, "8:75: found \"7\", expected \"]\"" },
		{ BODY "exec add f32 [in(input), in(input), in(input)] scalars [0x1.8]\n", -EINVAL, "8:57: found \"0x1.8\", expected an integer or a "
		  "number with a point of 32 bits" },
		{ BODY "fill 8 at out(output) with u24 0\n", -EINVAL, "8:28: found \"u24\", expected a width: u8, u16, u32 or u64; did you mean" },
		{ BODY "fill 9 at out(output) with u16 0\n", -EINVAL, "8:1: body b: a fill of width 2 for 9 bytes" },
		{ BODY "fill 8 at out(output) with u16 65536\n", -EINVAL, "8:32: found \"65536\", expected an integer of 16 bits" },
		{ BODY "reduce total f32 4 from [in(input)] to [out(output)]\n", -EINVAL, "8:8: found \"total\", expected a reduction: sum, prod, max, "
		  "min or avg" },
		{ BODY "reduce sum u32 4 from [in(input)] to [out(output)]\n", -EINVAL, "8:12: found \"u32\", expected a type: f32, f16, bf16, i32, i8 "
		  "or u8" },
		{ BODY "reduce sum f32 4 from [] to [out(output)]\n", -EINVAL, "8:1: body b: a reduction of type 0, operation 0, 0 sources" },
		{ BODY "reduce sum f32 4 from [in(input), in(input), in(input), in(input), in(input), in(input), in(input), in(input), in(input),"
		  "in(input), in(input), in(input), in(input), in(input), in(input), in(input), in(input)] to []\n", -EINVAL,
		  "8:199: found \"in\", expected \"]\": there are at most 16" },
		{ BODY "timed 20 m\n", -EINVAL, "8:7: found \"20\", expected a time, a whole number of nanoseconds with ns, us, ms or s" },
		{ BODY "timed 2000 s\n", -EINVAL, "8:7: found \"2000\", expected a time from 0 to 1099511627776" },
		{ BODY "timestamp out(output)\n", -EINVAL, "8:11: found \"out\", expected \"to\"" },
		{ BODY "timestamp to out(output) + 4\n", -EINVAL, "8:1: body b: a time stamp that is not aligned to 8 bytes" },
		{ BODY "when in(input) = 2\n", -EINVAL, "8:16: found \"=\", expected a comparison: ==, !=, < or >=" },
		{ BODY "when in(input) > 2\n", -EINVAL, "8:16: found \">\", which is in no word" },
		{ BODY "when in(input) == -1\n", -EINVAL, "8:19: found \"-1\", expected a value, a number from 0 to 4294967295" },
		{ BODY "when in(input) + 2 == 1\n", -EINVAL, "8:1: body b: comparison 0 of" },
		{ BODY "always in(input)\n", -EINVAL, "8:8: found \"in\", expected the end of the line" },
		{ BODY "plan x\n", -EINVAL, "8:6: \"plan\" stands in front" },
	};

	(void)state;
	EACH(wrong);
}

/* Whatever people write: units with and without blank, signs, commas or none, ends of lines of another system, no last one. */
static void free_form(void **state)
{
	static const char text[] = "\n# c\nweft-plan 1\r\n\r\nplan p budget 1.5KiB period 1.5 ms # why\r\n"
				   "constant c 24 i32 [-1, 2 0x10,\n 1_000 -2147483648\n# inside\n 2147483647,] # end\n"
				   "constant d 4 zeros\nedge e 0.5 KiB depth 3\n\nbody b time 0\n\tout e\nfill 4B at out(e) with u32 -2.5";
	static const int32_t want[] = { -1, 2, 16, 1000, INT32_MIN, INT32_MAX };
	struct weft_plan *p;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	ok(weft_plan_parse(text, sizeof(text) - 1, x.card, EX_CARDS, &p));
	assert_int_equal(p->config.budget_bytes, 1536);
	assert_int_equal(p->config.period_ns, 1500000);
	assert_memory_equal(p->constant[0]->contents, want, sizeof(want));
	assert_null(p->constant[1]->contents);
	assert_int_equal(p->edge[0]->block_bytes, 512);
	assert_int_equal(p->body[0]->command[0].u.fill.bytes, 4);
	assert_int_equal(p->body[0]->command[0].u.fill.pattern, weft_f32(-2.5f));
	assert_int_equal(p->num_devices, 1);
	ok(weft_plan_destroy(p));
	ex_close(&x);
}

/* A line @times, in front of it @head. */
static int many(struct ex *x, const char *head, const char *line, uint32_t times)
{
	const size_t room = strlen(head) + (strlen(line) + 16) * (size_t)times + 1;
	char *text = malloc(room), *at = text + sprintf(text, "%s", head);
	struct weft_plan *p = NULL;
	int ret;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
	for (uint32_t i = 0; i < times; i++)
		at += sprintf(at, line, i);
#pragma GCC diagnostic pop
	ret = weft_plan_parse(text, (uint64_t)(at - text), x->card, EX_CARDS, &p);
	free(text);
	return p ? weft_plan_destroy(p) : ret;
}

static void limits(void **state)
{
	struct weft_plan *p;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	refused(weft_plan_parse(NULL, 0, x.card, 1, &p), -EINVAL, "a text of 0 bytes");
	refused(weft_plan_parse(HEAD, WEFT_TEXT_BYTES + 1, x.card, 1, &p), -E2BIG, "at most 67108864");
	refused(weft_plan_parse(HEAD, 12, x.card, 0, &p), -EINVAL, "0 devices");
	refused(weft_plan_parse(HEAD, 12, NULL, 1, &p), -EINVAL, "1 devices");
	refused(weft_plan_parse(HEAD, 12, x.card, 17, &p), -EINVAL, "17 devices");
	refused(weft_plan_text_cards("x", 1), -EINVAL, "1:1: found \"x\"");
	assert_int_equal(weft_plan_text_cards(HEAD "cards 5\nedge", 24), 5);
	assert_int_equal(weft_plan_text_cards(HEAD, 12), 1);
	ok(many(&x, HEAD, "edge e%u 4\n", WEFT_TEXT_EDGES));
	refused(many(&x, HEAD, "edge e%u 4\n", WEFT_TEXT_EDGES + 1), -E2BIG, "262146:6: more than 262144 edges");
	refused(many(&x, HEAD, "constant e%u 4\n", WEFT_TEXT_CONSTANTS + 1), -E2BIG, "65538:10: more than 65536 constants");
	refused(many(&x, HEAD, "body e%u\n", WEFT_TEXT_BODIES + 1), -E2BIG, "131074:6: more than 131072 bodies");
	refused(many(&x, BODY, "%%%u = table table stride 4 entries 1\n", WEFT_TEXT_DEFINED + 1), -E2BIG, "65544:1: more than 65536");
	refused(many(&x, BODY, "timed 1 ns\n", 65537), -E2BIG, "65544:1: body b: more than 65536 commands");
	refused(many(&x, BODY "%x = choice in(input) of [in(input)", ", in(input)\n", 1024), -EINVAL, "1031:3: found \"in\", expected \"]\": "
		"there are at most 1024");
	/* brackets in brackets are no more than a wrong word */
	refused(many(&x, HEAD "cards ", "[(", 1000000), -EINVAL, "2:7: found \"[\"");
	refused(many(&x, HEAD "plan \"", "xxxxxxxx", 1000000), -EINVAL, "2:6: a string of more than 4095 bytes");
	refused(many(&x, HEAD "plan ", "xxxxxxxx", 1000000), -EINVAL, "2:6: found \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…\"");
	ex_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_front), cmocka_unit_test(of_edges), cmocka_unit_test(of_bodies), cmocka_unit_test(free_form),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
