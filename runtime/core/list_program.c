/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Commands of user queues: cells, loops, operands that rotate or are chosen, ranges and predicates. */
#include <errno.h>
#include <stdlib.h>

#include "list.h"

#define MAX_LEVEL	3u
#define MAX_ENTRIES	4096u
#define SIGNAL_FLAGS	(WEFT_CELL_TAG | WEFT_CELL_END | WEFT_CELL_SYSTEM | WEFT_CELL_KEEP)

static int check(struct weft_list *list, const char *call)
{
	int ret = weft_list_check(list, call);

	if (!ret && weft_backend(list->device) != &weft_backend_card)
		ret = weft_fail(-EOPNOTSUPP, "%s: devices of kind %s have no such command", call, list->device->kind->name);
	return ret;
}

static bool bad_op(const struct weft_cell_op *op, uint32_t flags)
{
	return op->level > MAX_LEVEL || (op->flags & ~flags) || op->exit_levels > MAX_LEVEL + 1 ||
	       ((op->flags & WEFT_CELL_KEEP) && !(op->flags & WEFT_CELL_END));
}

static bool bad_cell(uint64_t cell)
{
	return !(cell & WEFT_TOKEN) && (!cell || cell % WEFT_CELL_BYTES);
}

static int cell(struct weft_list *list, enum weft_command_op command, const struct weft_cell_op *op, uint32_t flags,
		const char *call)
{
	struct weft_command c = { .op = command };
	int ret = check(list, call);

	if (!ret)
		ret = weft_take(&c.u.cell, sizeof(c.u.cell), op, sizeof(*op), call);
	if (ret)
		return ret;
	if (bad_op(&c.u.cell, flags) || bad_cell(c.u.cell.cell))
		return weft_fail(-EINVAL, "%s: cell %#llx, level %u, flags %#x", call,
				 (unsigned long long)c.u.cell.cell, c.u.cell.level, c.u.cell.flags);
	return weft_list_append(list, &c);
}

static int cells(struct weft_list *list, enum weft_command_op command, const struct weft_cell_op *op, uint32_t flags,
		 const struct weft_cell_item *items, uint32_t count, const char *call)
{
	struct weft_command c = { .op = command, .u.cells = { .items = items, .count = count } };
	const struct weft_cell_op *o = &c.u.cells.op;
	int ret = check(list, call);

	if (!ret)
		ret = weft_take(&c.u.cells.op, sizeof(c.u.cells.op), op, sizeof(*op), call);
	if (ret)
		return ret;
	if (bad_op(o, flags) || o->cell || o->base || o->step || o->tag || !items || !count || count > WEFT_CELL_ITEMS)
		return weft_fail(-EINVAL, "%s: %u cells, level %u, flags %#x, or a cell, base, step or tag for all", call,
				 count, o->level, o->flags);
	for (uint32_t i = 0; i < count; i++)
		if (bad_cell(items[i].cell))
			return weft_fail(-EINVAL, "%s: cell %u is %#llx", call, i, (unsigned long long)items[i].cell);
	return weft_list_append(list, &c);
}

int weft_list_wait(struct weft_list *list, const struct weft_cell_op *op)
{
	return cell(list, WEFT_COMMAND_WAIT, op, WEFT_CELL_TAG, __func__);
}

int weft_list_signal(struct weft_list *list, const struct weft_cell_op *op)
{
	return cell(list, WEFT_COMMAND_SIGNAL, op, SIGNAL_FLAGS, __func__);
}

int weft_list_wait_all(struct weft_list *list, const struct weft_cell_op *op, const struct weft_cell_item *items,
		       uint32_t count)
{
	return cells(list, WEFT_COMMAND_WAIT_ALL, op, WEFT_CELL_TAG, items, count, __func__);
}

int weft_list_signal_all(struct weft_list *list, const struct weft_cell_op *op, const struct weft_cell_item *items,
			 uint32_t count)
{
	return cells(list, WEFT_COMMAND_SIGNAL_ALL, op, SIGNAL_FLAGS, items, count,
		     __func__);
}

static int add_entry(struct weft_list *list, const struct weft_entry *entry, uint64_t *operand, const char *call)
{
	uint32_t room = list->room_entries ? 2 * list->room_entries : 16;
	struct weft_entry *more;

	if (list->num_entries == MAX_ENTRIES)
		return weft_fail(-E2BIG, "%s: a list has at most %u", call, MAX_ENTRIES);
	if (list->num_entries == list->room_entries) {
		more = realloc(list->entries, room * sizeof(*more));
		if (!more)
			return weft_fail(-ENOMEM, "%s", call);
		list->entries = more;
		list->room_entries = room;
	}
	*operand = WEFT_TOKEN | list->num_entries;
	list->entries[list->num_entries++] = *entry;
	list->encoded = false;
	return 0;
}

int weft_list_rotation(struct weft_list *list, const struct weft_rotation *rotation, uint64_t *operand)
{
	struct weft_entry e = { 0 };
	struct weft_rotation *r = &e.rotation;
	int ret = check(list, __func__);

	if (!ret)
		ret = weft_take(r, sizeof(*r), rotation, sizeof(*r), __func__);
	if (ret)
		return ret;
	if (!operand || r->level > MAX_LEVEL || !r->depth || !r->mul || !r->div || r->phase >= r->depth || r->pad)
		return weft_fail(-EINVAL, "weft_list_rotation: level %u, depth %u, phase %u, mul %u, div %u", r->level,
				 r->depth, r->phase, r->mul, r->div);
	return add_entry(list, &e, operand, __func__);
}

int weft_list_choice(struct weft_list *list, uint64_t index, const uint64_t *choices, uint16_t count, uint64_t *operand)
{
	struct weft_entry e = { .choice = true, .index = index, .count = count };
	int ret = check(list, __func__);

	if (ret)
		return ret;
	if (!operand || !choices || !count)
		return weft_fail(-EINVAL, "weft_list_choice: nothing to choose from");
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t at = choices[i] & ~WEFT_TOKEN;

		if (!(choices[i] & WEFT_TOKEN) || at >= list->num_entries || list->entries[at].choice ||
		    at != (choices[0] & ~WEFT_TOKEN) + i)
			return weft_fail(-EINVAL, "weft_list_choice: choice %u is no rotation, or not the next one", i);
	}
	e.first = (uint16_t)choices[0];
	return add_entry(list, &e, operand, __func__);
}

static int call(struct weft_list *list, struct weft_list *inner, uint64_t count, bool loop, const char *name)
{
	struct weft_command c = {
		.op = WEFT_COMMAND_CALL, .u.call = { .inner = inner, .count = count, .loop = loop },
	};
	int ret = check(list, name);

	if (!ret)
		ret = weft_handle(inner, WEFT_MAGIC_LIST, name);
	if (ret)
		return ret;
	if (inner->device != list->device || !inner->committed || count >> 48)
		return weft_fail(-EINVAL, "%s: of another device, not committed, or 2^48 times and more", name);
	return weft_list_append(list, &c);
}

int weft_list_call(struct weft_list *list, struct weft_list *inner)
{
	return call(list, inner, 0, false, __func__);
}

int weft_list_loop(struct weft_list *list, struct weft_list *inner, uint64_t count)
{
	return call(list, inner, count, true, __func__);
}

int weft_list_range(struct weft_list *list, uint32_t level, int32_t skew, uint64_t last)
{
	struct weft_command c = {
		.op = WEFT_COMMAND_RANGE, .u.range = { .last = last, .level = level, .skew = skew },
	};
	int ret = check(list, __func__);

	if (ret)
		return ret;
	return level > MAX_LEVEL ? weft_fail(-EINVAL, "weft_list_range: level %u", level) : weft_list_append(list, &c);
}

int weft_list_pred(struct weft_list *list, enum weft_comparison compare, uint64_t operand, uint32_t value)
{
	struct weft_command c = {
		.op = WEFT_COMMAND_PRED, .u.pred = { .operand = operand, .compare = compare, .value = value },
	};
	int ret = check(list, __func__);

	if (ret)
		return ret;
	if ((unsigned int)compare > WEFT_COMPARE_ALWAYS || (!(operand & WEFT_TOKEN) && operand % 4))
		return weft_fail(-EINVAL, "weft_list_pred: comparison %d of %#llx", (int)compare,
				 (unsigned long long)operand);
	return weft_list_append(list, &c);
}

int weft_list_break(struct weft_list *list, uint32_t level)
{
	struct weft_command c = { .op = WEFT_COMMAND_BREAK, .u.level = level };
	int ret = check(list, __func__);

	if (ret)
		return ret;
	return level > MAX_LEVEL ? weft_fail(-EINVAL, "weft_list_break: level %u", level) : weft_list_append(list, &c);
}
