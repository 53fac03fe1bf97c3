/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a loaded plan says of itself to root: the table of plan_table.h, in a sealed memfd. */
#include <stdlib.h>
#include <unistd.h>

#include <weft/plan_table.h>

#include "exec.h"

#include "runtime/core/device.h"
#include "runtime/core/list.h"
#include "runtime/core/memory.h"
#include "runtime/core/publish.h"

_Static_assert(sizeof(struct weft_plan_table) == 40 && sizeof(struct weft_plan_table_body) == 24 &&
	       sizeof(struct weft_plan_table_cell) == 24, "no holes");

/* Made twice: to count, with @data NULL, then to fill. */
struct maker {
	char *data;
	uint32_t num_bodies, num_cells;
	size_t text_bytes;
	uint32_t *body_name, *edge_name;	/* offsets in the text */
	struct weft_plan_table_body *body;
	struct weft_plan_table_cell *cell;
	char *text;
};

static uint32_t text(struct maker *m, const char *name)
{
	const size_t at = m->text_bytes, bytes = strlen(name) + 1;

	if (m->data)
		memcpy(m->text + at, name, bytes);
	m->text_bytes += bytes;
	return (uint32_t)at;
}

static void span(struct maker *m, const struct weft_plan *p, const struct weft_body *b, uint32_t name, const struct weft_list *list,
		 uint32_t first, uint32_t end)
{
	if (!list || !list->address || first >= end)
		return;
	if (m->data)
		m->body[m->num_bodies] = (struct weft_plan_table_body) {
			.list = list->address, .pci = p->card[b->device].device->info.pci, .first = first, .end = end,
			.name = name };
	m->num_bodies++;
}

static void cell(struct maker *m, const struct weft_plan *p, uint32_t device, uint64_t address, enum weft_plan_table_role role,
		 uint32_t edge, uint32_t peer)
{
	if (m->data)
		m->cell[m->num_cells] = (struct weft_plan_table_cell) {
			.address = address, .pci = p->card[device].device->info.pci, .role = role, .edge = edge, .peer = peer };
	m->num_cells++;
}

static enum weft_plan_table_role role_of(const struct weft_plan_cell *c)
{
	return c->role == WEFT_ROLE_GATE ? WEFT_TABLE_GATE : c->role == WEFT_ROLE_PRODUCED ? WEFT_TABLE_PRODUCED : WEFT_TABLE_CREDIT;
}

static void fill(struct maker *m, const struct weft_plan *p)
{
	m->num_bodies = m->num_cells = m->text_bytes = 0;
	text(m, "");
	text(m, p->name);
	for (uint32_t i = 0; i < p->num_edges; i++)
		m->edge_name[i] = text(m, p->edge[i]->name);
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];

		m->body_name[i] = text(m, b->name);
		span(m, p, b, m->body_name[i], p->lane[b->lane].loop, b->first, b->last);
		if (b->inner)
			span(m, p, b, m->body_name[i], b->inner, 0, (uint32_t)weft_list_length(b->inner));
		for (uint32_t f = 0; f < b->num_foreign; f++) {
			const struct weft_foreign *w = &b->foreign[f];
			const uint32_t name = text(m, w->name);

			for (uint32_t j = 0; j < w->count && b->command[w->command].op == WEFT_COMMAND_WAIT_ALL; j++)
				cell(m, p, b->device, w->item[j].cell, WEFT_TABLE_CELL, name, 0);
		}
	}
	for (uint32_t i = 0; i < p->first_done; i++) {
		const struct weft_plan_cell *c = &p->cell[i];
		struct weft_memory *here = weft_cell_here(p, c);

		for (uint32_t j = 0; here && j < weft_cell_copies(c); j++)
			cell(m, p, c->waiter, weft_cell_address(here, c->index + j), role_of(c), c->edge ? m->edge_name[c->edge->id] : 0,
			     c->body ? m->body_name[c->body->id] : 0);
	}
}

/* All of it, or nothing. */
static bool make(struct maker *m, const struct weft_plan *p, size_t *bytes)
{
	size_t at = sizeof(struct weft_plan_table);
	struct weft_plan_table *head;

	m->body_name = calloc(p->num_bodies + 1, sizeof(m->body_name[0]));
	m->edge_name = calloc(p->num_edges + 1, sizeof(m->edge_name[0]));
	if (!m->body_name || !m->edge_name)
		return false;
	fill(m, p);
	*bytes = at + m->num_bodies * sizeof(m->body[0]) + m->num_cells * sizeof(m->cell[0]) + m->text_bytes;
	m->data = *bytes <= WEFT_PLAN_TABLE_MOST ? malloc(*bytes) : NULL;
	if (!m->data)
		return false;
	m->body = (void *)(m->data + at);
	at += m->num_bodies * sizeof(m->body[0]);
	m->cell = (void *)(m->data + at);
	m->text = m->data + at + m->num_cells * sizeof(m->cell[0]);
	fill(m, p);
	head = (void *)m->data;
	*head = (struct weft_plan_table) {
		.magic = WEFT_PLAN_TABLE_MAGIC, .version = WEFT_PLAN_TABLE_VERSION, .bytes = (uint32_t)*bytes,
		.base = p->config.cell_base, .name = 1, .num_bodies = m->num_bodies, .num_cells = m->num_cells,
		.text_bytes = (uint32_t)m->text_bytes };
	return true;
}

void weft_plan_table_open(struct weft_plan *p)
{
	struct maker m = { 0 };
	size_t bytes;

	p->table = make(&m, p, &bytes) ? weft_publish(WEFT_PLAN_TABLE_NAME, m.data, bytes) : -1;
	free(m.body_name);
	free(m.edge_name);
	free(m.data);
}

void weft_plan_table_close(struct weft_plan *p)
{
	if (p->table >= 0)
		close(p->table);
	p->table = -1;
}
