// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The only parser of tables of plans. */
#include "top_plan.h"

#include "trace_text.h"

#include <string.h>

/* A name begins the text, or follows the end of another. */
static bool is_name(const char *text, uint32_t text_bytes, uint32_t at)
{
	return !at || (at < text_bytes && !text[at - 1]);
}

static bool sound(const struct top_plan *p, uint32_t text_bytes)
{
	for (uint32_t i = 0; i < p->num_bodies; i++)
		if (p->body[i].first >= p->body[i].end || !is_name(p->text, text_bytes, p->body[i].name))
			return false;
	for (uint32_t i = 0; i < p->num_cells; i++) {
		const struct weft_plan_table_cell *c = &p->cell[i];

		if (c->role < WEFT_TABLE_GATE || c->role > WEFT_TABLE_PROGRESS || !is_name(p->text, text_bytes, c->edge) ||
		    !is_name(p->text, text_bytes, c->peer))
			return false;
	}
	return true;
}

/* The last byte is 0, so no character goes beyond it. */
static void clean(char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes;) {
		const size_t n = text[i] ? trace_character(text + i) : 1;

		if (!n)
			text[i] = '?';
		i += n ? n : 1;
	}
}

bool top_plan_parse(void *data, size_t bytes, struct top_plan *p)
{
	struct weft_plan_table head;
	char *at = data, *text;

	if (bytes < sizeof(head) || bytes > WEFT_PLAN_TABLE_MOST)
		return false;
	memcpy(&head, data, sizeof(head));
	/* each is below 2^32, so their sum does not wrap */
	if (head.magic != WEFT_PLAN_TABLE_MAGIC || head.version != WEFT_PLAN_TABLE_VERSION || head.bytes != bytes || !head.text_bytes ||
	    sizeof(head) + (uint64_t)head.num_bodies * sizeof(p->body[0]) + (uint64_t)head.num_cells * sizeof(p->cell[0]) +
	    head.text_bytes != bytes)
		return false;
	at += sizeof(head);
	*p = (struct top_plan) { .base = head.base, .num_bodies = head.num_bodies, .num_cells = head.num_cells };
	p->body = (const void *)at;
	at += head.num_bodies * sizeof(p->body[0]);
	p->cell = (const void *)at;
	text = at + head.num_cells * sizeof(p->cell[0]);
	p->text = text;
	if (*text || text[head.text_bytes - 1] || !is_name(text, head.text_bytes, head.name) || !sound(p, head.text_bytes))
		return false;
	clean(text, head.text_bytes);
	p->name = text + head.name;
	return true;
}

/* A communicator's cells say who waits, whatever call it is in. */
static bool of_communicator(const struct top_plan *p, const struct weft_plan_table_cell *c, struct top_wait *w)
{
	*w = (struct top_wait) {
		.plan = p->name, .body = p->text + c->edge, .edge = p->text, .peer = p->text + c->peer, .role = (enum weft_plan_table_role)c->role,
	};
	return true;
}

bool top_plan_wait(const struct top_plan *p, uint32_t pci, uint64_t list, uint32_t packet, uint64_t address, struct top_wait *w)
{
	const struct weft_plan_table_body *b = p->body, *const bodies = b + p->num_bodies;
	const struct weft_plan_table_cell *c = p->cell, *const cells = c + p->num_cells;

	while (c < cells && (c->pci != pci || c->address != address))
		c++;
	if (c < cells && c->role >= WEFT_TABLE_ARRIVAL)
		return of_communicator(p, c, w);
	while (b < bodies && (b->pci != pci || b->list != list || packet < b->first || packet >= b->end))
		b++;
	if (b == bodies)
		return false;
	*w = (struct top_wait) { .plan = p->name, .body = p->text + b->name, .edge = "", .peer = "" };
	if (c == cells)
		return true;
	w->role = (enum weft_plan_table_role)c->role;
	w->edge = p->text + c->edge;
	w->peer = p->text + c->peer;
	w->base = w->role == WEFT_TABLE_CELL ? 0 : p->base;
	return true;
}

const char *top_plan_role(enum weft_plan_table_role role)
{
	static const char *const names[] = {
		[WEFT_TABLE_GATE] = "gate", [WEFT_TABLE_PRODUCED] = "produced", [WEFT_TABLE_CREDIT] = "credit", [WEFT_TABLE_CELL] = "cell",
		[WEFT_TABLE_ARRIVAL] = "arrival", [WEFT_TABLE_PROGRESS] = "progress",
	};

	return names[role];
}
