/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Files of plans: the same decisions without a planner; every prefix, every bit, and words forged under a good checksum. */
#include "text_gen.h"

#include <weft/plan_file.h>
#include <weft/plan_text.h>

#include "runtime/plan/arcs.h"

#define CRC_AT		24u
#define HEADER		64u

static char **pages;
static int num_pages;

static char *write_plan(const struct weft_plan *p, size_t *bytes)
{
	char *data = NULL;
	FILE *f = open_memstream(&data, bytes);

	ok(weft_plan_write(p, f));
	fclose(f);
	return data;
}

static struct weft_plan *parse(struct ex *x, const char *text, size_t bytes)
{
	struct weft_plan *p;

	ok(weft_plan_parse(text, bytes, x->card, EX_CARDS, &p));
	return p;
}

static struct weft_plan *page(struct ex *x, int i)
{
	char text[1 << 13];
	FILE *f = fopen(pages[i], "r");
	size_t bytes;

	assert_non_null(f);
	bytes = fread(text, 1, sizeof(text), f);
	fclose(f);
	return parse(x, text, bytes);
}

static void same_ties(const struct weft_ties *a, const struct weft_ties *b)
{
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		assert_int_equal(a->tie[i].cell, b->tie[i].cell);
		assert_int_equal(a->tie[i].system, b->tie[i].system);
		assert_int_equal(a->tie[i].base, b->tie[i].base);
		assert_int_equal(a->tie[i].step, b->tie[i].step);
	}
}

/* All that a load looks at. */
static void same_decisions(const struct weft_plan *a, const struct weft_plan *b)
{
	char *x, *y;
	size_t bytes;

	x = gen_print(a, WEFT_PRINT_DECISIONS, &bytes);
	y = gen_print(b, WEFT_PRINT_DECISIONS, &bytes);
	assert_string_equal(x, y);
	free(x);
	free(y);
	assert_int_equal(a->lag, b->lag);
	assert_int_equal(a->num_lanes, b->num_lanes);
	assert_int_equal(a->num_cells, b->num_cells);
	assert_int_equal(a->num_guards, b->num_guards);
	assert_memory_equal(a->num_cells_of, b->num_cells_of, sizeof(a->num_cells_of));
	assert_string_equal(a->critical, b->critical);
	assert_int_equal(a->report.memory_bytes, b->report.memory_bytes);
	assert_int_equal(a->report.host_bytes, b->report.host_bytes);
	assert_int_equal(a->report.unshared_bytes, b->report.unshared_bytes);
	assert_int_equal(a->report.lag, b->report.lag);
	assert_true(a->report.period_ns == b->report.period_ns && a->report.pace_ns == b->report.pace_ns);
	for (uint32_t i = 0; i <= a->num_devices; i++)
		assert_int_equal(a->place[i].bytes, b->place[i].bytes);
	for (uint32_t i = 0; i < a->num_cells; i++) {
		assert_int_equal(a->cell[i].role, b->cell[i].role);
		assert_int_equal(a->cell[i].waiter, b->cell[i].waiter);
		assert_int_equal(a->cell[i].signaller, b->cell[i].signaller);
		assert_int_equal(a->cell[i].index, b->cell[i].index);
		assert_int_equal(a->cell[i].initial, b->cell[i].initial);
	}
	for (uint32_t i = 0; i < a->num_edges; i++)
		assert_int_equal(a->edge[i]->stride, b->edge[i]->stride);
	for (uint32_t i = 0; i < a->num_constants; i++)
		assert_int_equal(a->constant[i]->users, b->constant[i]->users);
	for (uint32_t i = 0; i < a->num_bodies; i++) {
		const struct weft_body *p = a->body[i], *q = b->body[i];

		assert_int_equal(p->position, q->position);
		assert_int_equal(p->gated, q->gated);
		assert_int_equal(p->done, q->done);
		same_ties(&p->waits, &q->waits);
		same_ties(&p->signals, &q->signals);
	}
}

static void there_and_back(struct ex *x, struct weft_plan *a)
{
	size_t bytes, again_bytes;
	char *data = write_plan(a, &bytes), *again;
	struct weft_plan *b;

	assert_int_equal(weft_plan_file_cards(data, bytes), a->num_devices);
	ok(weft_plan_read(data, bytes, x->card, EX_CARDS, &b));
	assert_true(b->prepared);
	gen_same(a, b);
	same_decisions(a, b);
	again = write_plan(b, &again_bytes);
	assert_int_equal(bytes, again_bytes);
	assert_memory_equal(data, again, bytes);
	ok(weft_plan_prepare(b, NULL));		/* it is */
	free(data);
	free(again);
	ok(weft_plan_destroy(b));
}

/* @bodies in a chain, whose blocks are shared where that costs nothing, in a few lanes. */
static struct weft_plan *chain(struct ex *x, uint32_t bodies, bool few)
{
	char *text = NULL;
	size_t bytes;
	FILE *f = open_memstream(&text, &bytes);
	struct weft_plan *p;

	fprintf(f, "weft-plan 1\nplan chain%s\ncards 2\n", few ? " few-queues lanes 3" : "");
	for (uint32_t i = 0; i + 1 < bodies; i++)
		fprintf(f, "edge e%u 4 KiB\n", i);
	for (uint32_t i = 0; i < bodies; i++) {
		fprintf(f, "body b%u card %u time %u us\n", i, few ? 0 : i * 2 / bodies, 1 + i % 3);
		if (i)
			fprintf(f, "in e%u\n", i - 1);
		if (i + 1 < bodies)
			fprintf(f, "out e%u\n", i);
	}
	fclose(f);
	p = parse(x, text, bytes);
	free(text);
	return p;
}

static void round_trip(void **state)
{
	const uint64_t count = rt_number("COUNT", 1000), seed = rt_number("SEED", 1);
	uint32_t made = 0, guards = 0;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	for (int i = 0; i < num_pages; i++) {
		struct weft_plan *p = page(&x, i);

		ok(weft_plan_prepare(p, NULL));
		there_and_back(&x, p);
		ok(weft_plan_destroy(p));
	}
	for (uint32_t i = 0; i < 40; i++) {
		struct weft_plan *p = chain(&x, 2 + i, i % 2);

		ok(weft_plan_prepare(p, NULL));
		guards += p->num_guards;
		there_and_back(&x, p);
		ok(weft_plan_destroy(p));
	}
	for (uint64_t i = 0; i < count; i++) {
		struct weft_plan *p = gen_balanced(&x, seed + i);

		if (!weft_plan_prepare(p, NULL)) {
			there_and_back(&x, p);
			made++;
		}
		ok(weft_plan_destroy(p));
	}
	print_message("%u plans at random; %u guards of the others\n", made, guards);
	assert_true(guards && made > count / 2);
	ex_close(&x);
}

static void damaged(void **state)
{
	struct weft_plan *p, *q = NULL;
	size_t bytes;
	char *data;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	p = page(&x, 0);
	ok(weft_plan_prepare(p, NULL));
	data = write_plan(p, &bytes);
	for (size_t n = 0; n < bytes; n++) {
		/* of its own, so that a byte beyond it is seen */
		char *cut = malloc(n + 1), want[64];

		memcpy(cut, data, n);
		snprintf(want, sizeof(want), n < 8 ? "no file of a plan" : "is cut off at byte %zu", n);
		refused(weft_plan_read(cut, n, x.card, EX_CARDS, &q), n < 8 ? -EINVAL : -EBADMSG, want);
		free(cut);
	}
	for (size_t bit = 0; bit < 8 * bytes; bit++) {
		const int want = bit < 64 ? -EINVAL : bit < 96 ? -EPROTO : -EBADMSG;

		data[bit / 8] ^= (char)(1 << bit % 8);
		refused(weft_plan_read(data, bytes, x.card, EX_CARDS, &q), want, "plan");
		assert_int_equal(weft_plan_file_cards(data, bytes), want);
		data[bit / 8] ^= (char)(1 << bit % 8);
	}
	print_message("%zu bytes\n", bytes);
	refused(weft_plan_read(NULL, 0, x.card, EX_CARDS, &q), -EINVAL, "no file of a plan");
	refused(weft_plan_read("weft-plan 1\n", 12, x.card, EX_CARDS, &q), -EINVAL, "no file of a plan");
	ok(weft_plan_read(data, bytes, x.card, EX_CARDS, &q));
	ok(weft_plan_destroy(q));
	free(data);
	ok(weft_plan_destroy(p));
	ex_close(&x);
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

/* Whatever stands in a file whose checksum is good: refused, or a plan that can be prepared, printed and freed. */
static void forged(void **state)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 255, 256, 65535, 65536, 1u << 31, UINT32_MAX, 1ull << 32, 1ull << 46, 1ull << 63,
					   UINT64_MAX };
	uint64_t taken = 0, all = 0;
	struct weft_plan *p, *q;
	size_t bytes, text;
	char *data, *copy;
	uint64_t rnd = 1;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	for (int i = -1; i < num_pages; i++) {
		p = i < 0 ? chain(&x, 12, true) : page(&x, i);
		ok(weft_plan_prepare(p, NULL));
		data = write_plan(p, &bytes);
		copy = malloc(bytes);
		memcpy(&text, data + 40, 8);
		for (size_t at = 8; at + 8 <= bytes; at += 8) {
			/* the text has a fuzzer of its own */
			if (at == CRC_AT || (at >= HEADER + 16 && at < HEADER + text))
				continue;
			for (size_t v = 0; v < sizeof(values) / sizeof(values[0]) + 2; v++, all++) {
				uint64_t value = v < sizeof(values) / sizeof(values[0]) ? values[v] : rt_random(&rnd) >> (v % 2 ? 56 : 0);

				memcpy(copy, data, bytes);
				memcpy(copy + at, &value, 8);
				seal(copy, bytes);
				if (weft_plan_read(copy, bytes, x.card, EX_CARDS, &q))
					continue;
				ok(weft_plan_prepare(q, NULL));
				free(gen_print(q, WEFT_PRINT_DECISIONS, &text));
				memcpy(&text, data + 40, 8);
				ok(weft_plan_destroy(q));
				taken++;
			}
		}
		free(copy);
		free(data);
		ok(weft_plan_destroy(p));
	}
	print_message("%llu of %llu forged files are plans\n", (unsigned long long)taken, (unsigned long long)all);
	ex_close(&x);
}

/* Guards and places of edges that have none: another process's blocks are nobody's here. */
static void ends_elsewhere(void **state)
{
	static const char text[] = "weft-plan 1\nplan ends cell-base 7\ncards 2\nedge i 64 depth 2 export\nedge j 64 depth 4 import\n"
				   "edge k control import\nedge l control depth 3 initial 1 export\nedge m 256 depth 2\nbody one card 1\n"
				   "in j rate 2\nin k\nout i\nout m\nbody two\nin m\nout l\n";
	struct weft_plan *p, *q;
	size_t bytes;
	char *data;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	p = parse(&x, text, sizeof(text) - 1);
	ok(weft_plan_prepare(p, NULL));
	there_and_back(&x, p);
	data = gen_print(p, WEFT_PRINT_DECISIONS, &bytes);
	assert_non_null(strstr(data, "edge i 64 depth 2 export  # depth 2, on card 1, by themselves\n"));
	assert_non_null(strstr(data, "edge j 64 depth 4 import  # depth 4, of the other process\n"));
	assert_non_null(strstr(data, "edge l control depth 3 initial 1 export  # depth 3\n"));
	free(data);
	/* each as if one word of the file were another */
	for (int i = 0; i < 6; i++) {
		struct weft_edge *e = p->edge[i % 2];
		const struct weft_edge was = *e;

		e->offset = i / 2 == 0 ? 256 : 0;
		e->stride = i / 2 == 1 ? 512 : 256;
		e->place = i / 2 == 2 ? 2 : 1;
		data = write_plan(p, &bytes);
		refused(weft_plan_read(data, bytes, x.card, 2, &q), -EINVAL, "decisions that do not fit its text");
		free(data);
		*e = was;
	}
	p->guard[0] = (struct weft_guard) { .from = 1, .to = 0, .edge = 4, .next_edge = 1, .consume = 1, .produce = 1 };
	p->num_guards = 1;
	data = write_plan(p, &bytes);
	refused(weft_plan_read(data, bytes, x.card, 2, &q), -EINVAL, "guards");
	free(data);
	p->num_guards = 0;
	p->lag = 1;
	data = write_plan(p, &bytes);
	refused(weft_plan_read(data, bytes, x.card, 2, &q), -EINVAL, "decisions that do not fit its text");
	free(data);
	ok(weft_plan_destroy(p));
	ex_close(&x);
}

/* Bodies of a lane in the other order, without a token to begin with. */
static void would_stop(void **state)
{
	static const char text[] = "weft-plan 1\nedge x 64\nbody a lane l\nout x\nbody b lane l\nin x\n";
	struct weft_plan *p, *q;
	size_t bytes;
	char *data;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	p = parse(&x, text, sizeof(text) - 1);
	ok(weft_plan_prepare(p, NULL));
	assert_int_equal(p->num_lanes, 1);
	p->body[0]->position = 1;
	p->body[1]->position = 0;
	data = write_plan(p, &bytes);
	refused(weft_plan_read(data, bytes, x.card, 1, &q), -EDEADLK, "as it was decided");
	assert_non_null(strstr(weft_last_error(), "edge x"));
	free(data);
	ok(weft_plan_destroy(p));
	ex_close(&x);
}

static void cards(void **state)
{
	struct weft_plan *p, *q;
	size_t bytes;
	char *data;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	p = chain(&x, 4, false);
	refused(weft_plan_write(p, stdout), -EINVAL, "weft_plan_prepare() first");
	ok(weft_plan_prepare(p, NULL));
	refused(weft_plan_write(p, NULL), -EINVAL, "no file");
	data = write_plan(p, &bytes);
	ok(weft_plan_destroy(p));
	refused(weft_plan_read(data, bytes, x.card, 1, &q), -ENODEV, "the plan is for 2 cards, and 1 is given");
	refused(weft_plan_read(data, bytes, x.card, 0, &q), -EINVAL, "0 devices");
	for (uint32_t bit = 0; bit < 64; bit++) {
		const char *name = weft_capability_name(bit);

		if (!name || strcmp(name, "cell_lists"))
			continue;
		x.card[1]->info.caps &= ~(1ull << bit);
		refused(weft_plan_read(data, bytes, x.card, 2, &q), -EOPNOTSUPP, "the plan needs capability cell_lists, which card 1 lacks");
		x.card[1]->info.caps = UINT64_MAX;
	}
	data[HEADER + 7] = (char)0x80;		/* of card 0, one that nobody knows */
	seal(data, bytes);
	x.card[0]->info.caps = UINT64_MAX >> 1;
	refused(weft_plan_read(data, bytes, x.card, 2, &q), -EOPNOTSUPP, "the plan needs capability of bit 63, which card 0 lacks");
	x.card[0]->info.caps = UINT64_MAX;
	memcpy(data + 12, &(uint32_t) { 1 << 16 | 4 }, 4);
	seal(data, bytes);
	x.card[0]->info.contract = x.card[1]->info.contract = 1 << 16 | 2;
	refused(weft_plan_read(data, bytes, x.card, 2, &q), -EPROTO, "made for contract 1.4, card 0 has 1.2");
	x.card[0]->info.contract = x.card[1]->info.contract = 2 << 16 | 4;
	refused(weft_plan_read(data, bytes, x.card, 2, &q), -EPROTO, "made for contract 1.4, card 0 has 2.4");
	x.card[0]->info.contract = x.card[1]->info.contract = 1 << 16 | 5;
	ok(weft_plan_read(data, bytes, x.card, 2, &q));
	ok(weft_plan_destroy(q));
	free(data);
	ex_close(&x);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(damaged), cmocka_unit_test(forged), cmocka_unit_test(would_stop),
		cmocka_unit_test(cards), cmocka_unit_test(ends_elsewhere),
	};

	pages = argv + 3;		/* the first two are of another test */
	num_pages = argc > 3 ? argc - 3 : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
