/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Waits for and signals to cells that are not the plan's, as commands of a body. */
#include <errno.h>
#include <stdlib.h>

#include "exec.h"

#include "runtime/core/memory.h"

void weft_body_foreign_free(struct weft_body *b)
{
	for (uint32_t i = 0; i < b->num_foreign; i++) {
		free(b->foreign[i].name);
		free(b->foreign[i].cell);
		free(b->foreign[i].item);
	}
	free(b->foreign);
}

const struct weft_foreign *weft_body_foreign_of(const struct weft_body *b, const struct weft_command *c)
{
	const uint32_t at = (uint32_t)(c - b->command);

	for (uint32_t i = 0; i < b->num_foreign; i++)
		if (b->foreign[i].command == at)
			return &b->foreign[i];
	return NULL;
}

static int check(const struct weft_body *b, const char *name, uint32_t allowed, uint32_t flags, const struct weft_body_cell *cells,
		 uint32_t count, const char *call)
{
	const struct weft_device *card = b->plan->card[b->device].device;

	if (!name || !cells || !count || count > WEFT_CELL_ITEMS || flags & ~allowed)
		return weft_fail(-EINVAL, "%s: body %s: %u cells, flags %#x", call, b->name, count, flags);
	for (uint32_t i = 0; i < count; i++) {
		int ret = weft_handle(cells[i].cells, WEFT_MAGIC_MEMORY, call);

		if (!ret && (cells[i].cells->device != card || !weft_cell_address(cells[i].cells, cells[i].index) || cells[i].pad ||
			     (cells[i].tag && !(flags & WEFT_CELL_TAG))))
			ret = weft_fail(-EINVAL, "%s: body %s: cell %u of %s is none of card %u, or has a tag without WEFT_CELL_TAG", call,
					b->name, i, name, b->device);
		if (ret)
			return ret;
	}
	return 0;
}

static int add(struct weft_body *b, uint32_t op, const char *name, uint32_t flags, const struct weft_body_cell *cells,
	       uint32_t count)
{
	struct weft_foreign f = { .command = b->num_commands, .flags = flags, .count = count };
	int ret;

	f.name = strdup(name);
	f.cell = malloc(count * sizeof(f.cell[0]));
	f.item = malloc(count * sizeof(f.item[0]));
	if (!f.name || !f.cell || !f.item || !weft_room(&b->foreign, b->num_foreign, &b->room_foreign, sizeof(f))) {
		ret = weft_fail(-ENOMEM, "body %s: cells of %s", b->name, name);
	} else {
		memcpy(f.cell, cells, count * sizeof(f.cell[0]));
		for (uint32_t i = 0; i < count; i++)
			f.item[i] = (struct weft_cell_item) {
				.cell = weft_cell_address(cells[i].cells, cells[i].index), .base = cells[i].base, .step = cells[i].step,
				.tag = cells[i].tag };
		ret = weft_body_command_add(b, &(struct weft_command) { .op = op });
	}
	if (ret) {
		free(f.name);
		free(f.cell);
		free(f.item);
		return ret;
	}
	b->foreign[b->num_foreign++] = f;
	return 0;
}

static int check_body(const struct weft_body *b, const char *call)
{
	int ret = weft_handle(b, WEFT_MAGIC_BODY, call);

	return ret ? ret : weft_plan_check(b->plan, true, call);
}

int weft_body_wait_all(struct weft_body *body, const char *name, uint32_t flags, const struct weft_body_cell *cells,
		       uint32_t count)
{
	int ret = check_body(body, __func__);

	if (!ret)
		ret = check(body, name, WEFT_CELL_TAG | WEFT_BODY_CREDIT, flags, cells, count, __func__);
	for (uint32_t i = 0; i < count && !ret; i++)
		if (cells[i].cells->origin)
			ret = weft_fail(-EINVAL, "weft_body_wait_all: body %s: cell %u of %s is not in the memory of its card", body->name, i, name);
	return ret ? ret : add(body, WEFT_COMMAND_WAIT_ALL, name, flags, cells, count);
}

int weft_body_signal_all(struct weft_body *body, const char *name, uint32_t flags, const struct weft_body_cell *cells,
			 uint32_t count)
{
	int ret = check_body(body, __func__);

	if (!ret)
		ret = check(body, name, WEFT_CELL_TAG | WEFT_CELL_SYSTEM, flags, cells, count, __func__);
	return ret ? ret : add(body, WEFT_COMMAND_SIGNAL_ALL, name, flags, cells, count);
}
