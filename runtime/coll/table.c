/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a communicator says of itself to root: whom each cell that a member here waits for is signalled by, as plan_table.h has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <weft/plan_table.h>

#include "comm.h"

#include "runtime/core/device.h"
#include "runtime/core/publish.h"

#define NAME	32u	/* of a member, with its card */

static uint32_t put(char *text, uint32_t *at, const char *name)
{
	const uint32_t here = *at;

	memcpy(text + here, name, strlen(name) + 1);
	*at += (uint32_t)strlen(name) + 1;
	return here;
}

void weft_comm_table_open(struct weft_comm *c)
{
	const uint32_t cells = (uint32_t)__builtin_popcount(c->mine) * (c->ranks - 1) * WEFT_COMM_CELLS;
	const size_t most_bytes = sizeof(struct weft_plan_table) + cells * sizeof(struct weft_plan_table_cell) + 1 + WEFT_NAME_BYTES + 2 * c->ranks * NAME;
	struct weft_plan_table *head = calloc(1, most_bytes);
	struct weft_plan_table_cell *cell = (void *)(head + 1);
	uint32_t at = 0, waiter[WEFT_COLL_RANKS], signaller[WEFT_COLL_RANKS];
	char *text = (char *)(cell + cells), name[NAME];

	if (!head)
		return;
	put(text, &at, "");
	*head = (struct weft_plan_table) { .magic = WEFT_PLAN_TABLE_MAGIC, .version = WEFT_PLAN_TABLE_VERSION, .num_cells = cells };
	head->name = put(text, &at, c->name);
	for (uint32_t r = 0; r < c->ranks; r++) {
		snprintf(name, sizeof(name), "member %u", r);
		waiter[r] = put(text, &at, name);
		snprintf(name, sizeof(name), "member %u, card %u", r, c->member[r].card);
		signaller[r] = put(text, &at, name);
	}
	head->text_bytes = at;
	head->bytes = (uint32_t)(sizeof(*head) + cells * sizeof(*cell) + at);
	for (uint32_t r = 0; r < c->ranks; r++)
		for (uint32_t s = 0; s < c->ranks && weft_comm_mine(c, r); s++)
			for (uint32_t i = 0; i < WEFT_COMM_CELLS && s != r; i++)
				*cell++ = (struct weft_plan_table_cell) {
					.address = weft_cell_address(c->member[r].cells[s], i), .pci = c->member[r].device->info.pci,
					.role = i < WEFT_COMM_PROGRESS ? WEFT_TABLE_ARRIVAL : WEFT_TABLE_PROGRESS, .edge = waiter[r],
					.peer = signaller[s],
				};
	c->table = weft_publish(WEFT_PLAN_TABLE_NAME, head, head->bytes);
	free(head);
}

void weft_comm_table_close(struct weft_comm *c)
{
	if (c->table >= 0)
		close(c->table);
	c->table = -1;
}
