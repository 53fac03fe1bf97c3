/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Plans to text and back: the same plan, the same text, byte for byte. */
#include "text_gen.h"

#include <locale.h>
#include <weft/plan_text.h>

static const char *golden_path, *rst;
static char **pages;			/* plans of the documentation */
static int num_pages;

static struct weft_plan *parse(struct ex *x, const char *text, size_t bytes)
{
	struct weft_plan *p = NULL;
	int ret = weft_plan_parse(text, bytes, x->card, EX_CARDS, &p);

	if (ret)
		fail_msg("%s in:\n%.*s", weft_last_error(), (int)bytes, text);
	return p;
}

static void round_trip(void **state)
{
	const uint64_t count = rt_number("COUNT", 1000), seed = rt_number("SEED", 1);
	size_t first_bytes, second_bytes, longest = 0;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	for (uint64_t i = 0; i < count; i++) {
		struct weft_plan *a = gen_plan(&x, seed + i), *b;
		char *first = gen_print(a, 0, &first_bytes), *second;

		b = parse(&x, first, first_bytes);
		second = gen_print(b, 0, &second_bytes);
		if (first_bytes != second_bytes || memcmp(first, second, first_bytes))
			fail_msg("SEED=%llu:\n%s\nis printed again as\n%s", (unsigned long long)(seed + i), first, second);
		gen_same(a, b);
		assert_true(weft_plan_text_cards(first, first_bytes) == EX_CARDS);
		longest = first_bytes > longest ? first_bytes : longest;
		free(first);
		free(second);
		ok(weft_plan_destroy(a));
		ok(weft_plan_destroy(b));
	}
	print_message("%llu plans, the longest text has %zu bytes\n", (unsigned long long)count, longest);
	ex_close(&x);
}

/* A file, without the comments at its top. */
static char *read_text(const char *path, size_t *bytes)
{
	static char text[1 << 16];
	FILE *f = fopen(path, "r");
	char *at = text;

	assert_non_null(f);
	*bytes = fread(text, 1, sizeof(text) - 1, f);
	text[*bytes] = 0;
	fclose(f);
	while (*at == '#')
		at = strchr(at, '\n') + 1;
	*bytes -= (size_t)(at - text);
	return at;
}

/* The text of a plan that has everything, as it is in the tree; also where a comma is the point. */
static void golden(void **state)
{
	size_t golden_bytes, bytes;
	char *want = read_text(golden_path, &golden_bytes), *text;
	struct weft_plan *p;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	for (int i = 0; i < 2; i++) {
		p = parse(&x, want, golden_bytes);
		text = gen_print(p, 0, &bytes);
		assert_string_equal(text, want);
		free(text);
		ok(weft_plan_destroy(p));
		setlocale(LC_ALL, "de_DE.UTF-8");
	}
	setlocale(LC_ALL, "C");
	ex_close(&x);
}

/* Those that people copy can be prepared, and are the same when they have been printed. */
static void documented(void **state)
{
	size_t bytes;
	struct ex x;

	(void)state;
	assert_true(num_pages > 3);
	ex_open(&x, NULL);
	for (int i = 0; i < num_pages; i++) {
		char *text = read_text(pages[i], &bytes), *printed;
		struct weft_plan *a = parse(&x, text, bytes), *b;

		printed = gen_print(a, 0, &bytes);
		b = parse(&x, printed, bytes);
		gen_same(a, b);
		ok(weft_plan_prepare(a, NULL));
		free(printed);
		ok(weft_plan_destroy(a));
		ok(weft_plan_destroy(b));
	}
	ex_close(&x);
}

/* Examples of the page about texts, one behind the other, are one. */
static void page(void **state)
{
	static const char *const words[] = {
		"plan", "priority", "period", "budget", "few-queues", "lanes", "poison", "trace", "cell-base", "cards", "constant", "file",
		"f32", "u32", "hex", "repeat", "zeros", "i32", "edge", "depth", "no-share", "part", "initial", "state", "card", "host", "export", "import", "control",
		"body", "lane", "rate", "skew", "time", "low", "table", "stride", "entries", "firings", "choice", "of", "in", "out",
		"exec", "dims", "scalars", "copy", "from", "to", "pitch", "rows", "fill", "at", "with", "reduce", "timed", "timestamp", "when",
		"always" };
	static char text[1 << 14] = "weft-plan 1\n", line[512];
	struct weft_plan *p, *q;
	bool inside = false;
	size_t bytes;
	struct ex x;
	char *printed;
	FILE *f;

	(void)state;
	f = fopen(rst, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strcmp(line, "   :class: example\n"))
			inside = true;
		else if (*line != ' ' && *line != '\n')
			inside = false;
		else if (inside)
			strcat(text, line);
	}
	fclose(f);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strstr(text, words[i]))
			fail_msg("no example of %s", words[i]);
	ex_open(&x, NULL);
	p = parse(&x, text, strlen(text));
	assert_int_equal(p->num_bodies, 2);
	assert_int_equal(p->body[1]->num_commands, 11);
	printed = gen_print(p, 0, &bytes);
	q = parse(&x, printed, bytes);
	gen_same(p, q);
	free(printed);
	ok(weft_plan_destroy(p));
	ok(weft_plan_destroy(q));
	ex_close(&x);
}

/* Decisions are comments, so that the text is of the same plan. */
static void decisions(void **state)
{
	static const char text[] = "weft-plan 1\nedge x 4 KiB\nbody a time 5 ms\nout x\nbody b time 5 ms\nin x rate 1\n";
	size_t bytes, plain_bytes;
	struct weft_plan *p, *q;
	char *plain, *more, *again;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	p = parse(&x, text, sizeof(text) - 1);
	assert_int_equal(weft_plan_print(p, WEFT_PRINT_DECISIONS, stdout), -EINVAL);
	plain = gen_print(p, 0, &plain_bytes);
	ok(weft_plan_prepare(p, NULL));
	more = gen_print(p, WEFT_PRINT_DECISIONS, &bytes);
	assert_non_null(strstr(more, "edge x 4 KiB  # depth 2, on card 0 at 0\n"));
	assert_non_null(strstr(more, "body b time 5 ms  # lane b, skew 0, 1 times in a sequence\n"));
	q = parse(&x, more, bytes);
	again = gen_print(q, 0, &bytes);
	assert_string_equal(again, plain);
	free(plain);
	free(more);
	free(again);
	ok(weft_plan_destroy(p));
	ok(weft_plan_destroy(q));
	ex_close(&x);
}

static void refusals(void **state)
{
	struct weft_constant *c;
	struct weft_memory *m;
	struct ex x;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	ex_open(&x, NULL);
	refused(weft_plan_print(x.plan, 2, stdout), -EINVAL, "flags 0x2");
	refused(weft_plan_print(x.plan, 0, NULL), -EINVAL, "no file");
	refused(weft_plan_print(NULL, 0, stdout), -EINVAL, "weft_plan_print");
	refused(weft_plan_print(x.plan, 0, full), -EIO, "took no more");
	fclose(full);
	ok(weft_memory_alloc(x.card[0], 4096, WEFT_PLACE_LOCAL, &m));
	ok(weft_constant_create(x.plan, "mine", 4096, m, &c));
	refused(weft_plan_print(x.plan, 0, stdout), -EINVAL, "constant mine lies in memory of the caller's");
	ok(weft_plan_destroy(x.plan));
	x.plan = NULL;
	ok(weft_memory_destroy(m));
	ex_close(&x);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(golden), cmocka_unit_test(documented), cmocka_unit_test(page),
		cmocka_unit_test(decisions), cmocka_unit_test(refusals),
	};

	golden_path = argc > 1 ? argv[1] : "golden.weft";
	rst = argc > 2 ? argv[2] : "";
	pages = argv + 3;
	num_pages = argc - 3;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
