// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Tables of plans as weft top takes them from any process. The first byte says whether the head is made good: magic, version, sizes.
 * The rest is the table. What is taken leads nowhere out of it.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "fuzz.h"
#include "tools/weft/top_plan.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

/* As many bodies and cells as it says, if there is room; the rest is text. */
static void make_good(char *data, size_t bytes)
{
	struct weft_plan_table h;
	size_t room;

	if (bytes < sizeof(h) + 1)
		return;
	memcpy(&h, data, sizeof(h));
	room = bytes - sizeof(h) - 1;
	h.magic = WEFT_PLAN_TABLE_MAGIC;
	h.version = WEFT_PLAN_TABLE_VERSION;
	h.bytes = (uint32_t)bytes;
	h.num_bodies %= room / sizeof(struct weft_plan_table_body) + 1;
	room -= h.num_bodies * sizeof(struct weft_plan_table_body);
	h.num_cells %= room / sizeof(struct weft_plan_table_cell) + 1;
	room -= h.num_cells * sizeof(struct weft_plan_table_cell);
	h.text_bytes = (uint32_t)room + 1;
	memcpy(data, &h, sizeof(h));
	data[bytes - h.text_bytes] = data[bytes - 1] = 0;
}

static void text(const char *data, size_t bytes, const char *s)
{
	if (s < data || s >= data + bytes || strnlen(s, (size_t)(data + bytes - s)) == (size_t)(data + bytes - s))
		fuzz_wrong("a name is not in the table");
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			fuzz_wrong("a name has a control character");
}

static void look(const char *data, size_t bytes, const struct top_plan *p)
{
	struct top_wait w;

	text(data, bytes, p->name);
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_plan_table_body *b = &p->body[i];

		/* the same packet may be another's, too */
		if (!top_plan_wait(p, b->pci, b->list, b->end - 1, 0, &w))
			fuzz_wrong("body %u is not found", i);
		text(data, bytes, w.body);
		for (uint32_t k = 0; k < p->num_cells; k++) {
			if (!top_plan_wait(p, p->cell[k].pci, b->list, b->first, p->cell[k].address, &w) || !w.role)
				continue;
			text(data, bytes, w.edge);
			text(data, bytes, w.peer);
			if (!top_plan_role(w.role) || (w.role == WEFT_TABLE_CELL && w.base))
				fuzz_wrong("role %d", (int)w.role);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { .p = data, .n = size };
	const bool good = fuzz_u8(&in) & 1;
	const size_t bytes = in.n;
	char *copy = malloc(bytes ? bytes : 1);		/* of just this size */
	struct top_plan p;

	if (!copy)
		abort();
	memcpy(copy, in.p, bytes);
	if (good)
		make_good(copy, bytes);
	if (top_plan_parse(copy, bytes, &p))
		look(copy, bytes, &p);
	free(copy);
	fuzz_cover();
	return 0;
}
