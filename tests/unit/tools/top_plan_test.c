/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The table of a plan, as any process may have made it: whole and sound, or refused; nothing is read beyond what came. */
#include "tool.h"

#include "tools/weft/top_plan.h"

struct table {
	struct weft_plan_table head;
	struct weft_plan_table_body body[2];
	struct weft_plan_table_cell cell[3];
	char text[40];
};

/* offsets: plan 1, take 6, stream 11, make 18, evil 23 */
static const struct table sound = {
	.head = { .magic = WEFT_PLAN_TABLE_MAGIC, .version = WEFT_PLAN_TABLE_VERSION, .bytes = sizeof(sound), .base = 100, .name = 1,
		  .num_bodies = 2, .num_cells = 3, .text_bytes = sizeof(sound.text) },
	.body = { { .list = 0x1000, .pci = 8, .first = 0, .end = 4, .name = 18 }, { .list = 0x1000, .pci = 8, .first = 4, .end = 9, .name = 6 } },
	.cell = { { .address = 0x20, .pci = 8, .role = WEFT_TABLE_PRODUCED, .edge = 11, .peer = 18 },
		  { .address = 0x40, .pci = 8, .role = WEFT_TABLE_GATE }, { .address = 0x60, .pci = 8, .role = WEFT_TABLE_CELL, .edge = 23 } },
	.text = "\0plan\0take\0stream\0make\0\x1b[2J \xc3\xa4\xc3 z\xe2\x82",
};

/* In memory of just its size. false: refused. Else all that it leads to is in it, and a terminal may have it. */
static bool take(const void *data, size_t bytes)
{
	char *copy = malloc(bytes ? bytes : 1);
	struct top_plan p;
	bool taken;

	assert_non_null(copy);
	memcpy(copy, data, bytes);
	taken = top_plan_parse(copy, bytes, &p);
	for (uint32_t i = 0; taken && i < p.num_bodies; i++)
		for (uint32_t k = 0; k < p.num_cells; k++) {
			struct top_wait w;
			const char *const *text;

			assert_true(top_plan_wait(&p, p.body[i].pci, p.body[i].list, p.body[i].first, p.cell[k].address, &w));
			text = (const char *const []) { w.plan, w.body, w.edge, w.peer };
			for (int n = 0; n < (w.role ? 4 : 2); n++) {
				assert_true(text[n] >= copy && text[n] + strlen(text[n]) < copy + bytes);
				for (const char *s = text[n]; *s; s++)
					assert_true((unsigned char)*s >= ' ' && *s != 0x7f);
			}
			assert_true(!w.role || top_plan_role(w.role));
		}
	free(copy);
	return taken;
}

static void whole(void **state)
{
	struct table t = sound;
	struct top_plan p;
	struct top_wait w;

	(void)state;
	assert_true(take(&sound, sizeof(sound)));
	assert_true(top_plan_parse(&t, sizeof(t), &p));
	assert_string_equal(p.name, "plan");
	assert_true(top_plan_wait(&p, 8, 0x1000, 5, 0x20, &w));
	assert_true(w.role == WEFT_TABLE_PRODUCED && w.base == 100);
	assert_string_equal(w.plan, "plan");
	assert_string_equal(w.body, "take");
	assert_string_equal(w.edge, "stream");
	assert_string_equal(w.peer, "make");
	assert_true(top_plan_wait(&p, 8, 0x1000, 3, 0x40, &w));
	assert_string_equal(w.body, "make");
	assert_string_equal(w.edge, "");
	assert_true(w.role == WEFT_TABLE_GATE);
	/* cells that are not the plan's have no base; what a terminal would obey is not shown */
	assert_true(top_plan_wait(&p, 8, 0x1000, 8, 0x60, &w));
	assert_true(w.role == WEFT_TABLE_CELL && !w.base);
	assert_string_equal(w.edge, "?[2J \xc3\xa4? z??");
	/* a body, but none of these cells; no body; another card */
	assert_true(top_plan_wait(&p, 8, 0x1000, 8, 0x80, &w));
	assert_true(!w.role && !*w.edge && !*w.peer);
	assert_false(top_plan_wait(&p, 8, 0x1000, 9, 0x20, &w));
	assert_false(top_plan_wait(&p, 8, 0x2000, 5, 0x20, &w));
	assert_false(top_plan_wait(&p, 9, 0x1000, 5, 0x20, &w));
	for (enum weft_plan_table_role r = WEFT_TABLE_GATE; r <= WEFT_TABLE_PROGRESS; r++)
		assert_non_null(top_plan_role(r));
}

/* Its members wait in whatever list a call has, for a cell that says who they are. */
static void communicator(void **state)
{
	struct table t = sound;
	struct top_plan p;
	struct top_wait w;

	(void)state;
	t.cell[0].role = WEFT_TABLE_ARRIVAL;
	t.cell[1].role = WEFT_TABLE_PROGRESS;
	t.cell[1].edge = 6;
	assert_true(take(&t, sizeof(t)));
	assert_true(top_plan_parse(&t, sizeof(t), &p));
	assert_true(top_plan_wait(&p, 8, 0x7777000, 90, 0x20, &w));
	assert_true(w.role == WEFT_TABLE_ARRIVAL && !w.base);
	assert_string_equal(w.plan, "plan");
	assert_string_equal(w.body, "stream");
	assert_string_equal(w.edge, "");
	assert_string_equal(w.peer, "make");
	assert_true(top_plan_wait(&p, 8, 0x7777000, 90, 0x40, &w));
	assert_true(w.role == WEFT_TABLE_PROGRESS);
	assert_string_equal(w.body, "take");
	assert_string_equal(w.peer, "");
	assert_false(top_plan_wait(&p, 9, 0x7777000, 90, 0x20, &w));
	assert_false(top_plan_wait(&p, 8, 0x7777000, 90, 0x60, &w));
}

static void prefixes(void **state)
{
	char more[sizeof(sound) + 1] = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(sound); n++)
		assert_false(take(&sound, n));
	memcpy(more, &sound, sizeof(sound));
	assert_false(take(more, sizeof(more)));
}

/* There is no sum, for who means harm makes one that fits: what is taken is sound. All of the head but base is refused. */
static void flips(void **state)
{
	const size_t base = 8 * offsetof(struct table, head.base), name = 8 * offsetof(struct table, head.name);
	struct table t = sound;
	unsigned char *bytes = (unsigned char *)&t;
	uint32_t taken = 0;

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(t); bit++) {
		bool ok;

		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		ok = take(&t, sizeof(t));
		taken += ok;
		if (bit < 8 * sizeof(t.head) && (bit < base || bit >= name + 32) && ok)
			fail_msg("bit %zu of the head makes no difference", bit);
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	assert_true(taken > 64 && taken < 8 * sizeof(t) - 64);
	assert_true(take(&t, sizeof(t)));
}

static void forged(void **state)
{
	(void)state;
#define FORGED(change)	do {			\
	struct table t = sound;			\
	change;					\
	assert_false(take(&t, sizeof(t)));	\
} while (0)
	FORGED(t.head.version = 2);
	FORGED(t.head.num_bodies = UINT32_MAX);
	FORGED((t.head.num_bodies = 0x0aaaaaab, t.head.num_cells = 0x0aaaaaab));	/* wraps in 32 bits */
	FORGED((t.head.num_cells = 4, t.head.text_bytes -= 24, t.text[0] = 1));		/* the text begins with no name */
	FORGED((t.head.num_bodies = 0, t.head.num_cells = 0, t.head.text_bytes = 0));
	FORGED(t.head.name = sizeof(t.text));
	FORGED(t.head.name = 2);				/* in the middle of a name */
	FORGED(t.body[0].name = UINT32_MAX);
	FORGED(t.body[1].end = 4);
	FORGED(t.cell[0].role = 0);
	FORGED(t.cell[0].role = WEFT_TABLE_PROGRESS + 1);
	FORGED(t.cell[0].edge = sizeof(t.text));
	FORGED(t.cell[0].peer = 19);
	FORGED(t.text[sizeof(t.text) - 1] = 'x');		/* not ended */
#undef FORGED
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole), cmocka_unit_test(communicator), cmocka_unit_test(prefixes), cmocka_unit_test(flips), cmocka_unit_test(forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
