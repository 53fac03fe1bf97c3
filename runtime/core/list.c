/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The list builder: checks what needs no memory access, records commands; packets are list_encode.c's. */
#include <errno.h>
#include <stdlib.h>

#include "card.h"
#include "list.h"

static struct weft_commands *commands_new(uint32_t room)
{
	struct weft_commands *c = malloc(sizeof(*c) + room * sizeof(c->command[0]));

	if (c) {
		atomic_init(&c->refs, 1);
		c->count = 0;
		c->room = room;
	}
	return c;
}

/* What a command has in memory of its own; sources and destinations of a REDUCE are one allocation, sources first. */
static void *owned(const struct weft_command *c)
{
	switch (c->op) {
	case WEFT_COMMAND_REDUCE:
		return (void *)(uintptr_t)c->u.reduce.src;
	case WEFT_COMMAND_WAIT_ALL:
	case WEFT_COMMAND_SIGNAL_ALL:
		return (void *)(uintptr_t)c->u.cells.items;
	default:
		return NULL;
	}
}

static void commands_clear(struct weft_commands *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		free(owned(&c->command[i]));
	c->count = 0;
}

void weft_commands_put(struct weft_commands *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	commands_clear(c);
	free(c);
}

static int reduce_own(struct weft_command *c)
{
	const uint32_t src = c->u.reduce.num_src, dst = c->u.reduce.num_dst;
	uint64_t *both = malloc((src + dst) * sizeof(*both));

	if (!both)
		return -ENOMEM;
	memcpy(both, c->u.reduce.src, src * sizeof(*both));
	memcpy(both + src, c->u.reduce.dst, dst * sizeof(*both));
	c->u.reduce.src = both;
	c->u.reduce.dst = both + src;
	return 0;
}

static int items_own(struct weft_command *c)
{
	struct weft_cell_item *items = malloc(c->u.cells.count * sizeof(*items));

	if (!items)
		return -ENOMEM;
	memcpy(items, c->u.cells.items, c->u.cells.count * sizeof(*items));
	c->u.cells.items = items;
	return 0;
}

/* Arrays that it refers to become copies of its own. */
static int own(struct weft_command *c)
{
	if (!owned(c))
		return 0;
	return c->op == WEFT_COMMAND_REDUCE ? reduce_own(c) : items_own(c);
}

/* A private copy with room for one more. */
static int grow(struct weft_list *list)
{
	struct weft_commands *old = list->commands, *c;
	uint32_t room = old->count < old->room ? old->room : 2 * old->room;

	if (old->count < old->room && atomic_load(&old->refs) == 1)
		return 0;
	if (old->count >= WEFT_MAX_COMMANDS)
		return weft_fail(-E2BIG, "a list has at most %u commands", WEFT_MAX_COMMANDS);
	c = commands_new(room);
	if (!c)
		return weft_fail(-ENOMEM, "list of %u commands", room);
	for (; c->count < old->count; c->count++) {
		c->command[c->count] = old->command[c->count];
		if (own(&c->command[c->count])) {
			weft_commands_put(c);
			return weft_fail(-ENOMEM, "list of %u commands", room);
		}
	}
	weft_commands_put(old);
	list->commands = c;
	return 0;
}

int weft_list_check(struct weft_list *list, const char *call)
{
	int ret = weft_handle(list, WEFT_MAGIC_LIST, call);

	if (ret)
		return ret;
	return list->committed ? weft_fail(-EBUSY, "%s: the list is committed; reset it first", call) : 0;
}

int weft_list_append(struct weft_list *list, const struct weft_command *command)
{
	struct weft_command c = *command;
	int ret = grow(list);

	if (ret)
		return ret;
	if (own(&c))
		return weft_fail(-ENOMEM, "arrays of a command");
	list->commands->command[list->commands->count++] = c;
	list->encoded = false;
	return 0;
}

int weft_list_new(struct weft_device *device, bool internal, struct weft_list **list)
{
	struct weft_list *l = calloc(1, sizeof(*l));

	if (l)
		l->commands = commands_new(16);
	if (!l || !l->commands) {
		free(l);
		return weft_fail(-ENOMEM, "list handle");
	}
	l->magic = WEFT_MAGIC_LIST;
	l->device = device;
	l->internal = internal;
	if (!internal)
		atomic_fetch_add(&device->children, 1);
	*list = l;
	return 0;
}

void weft_list_free(struct weft_list *list)
{
	weft_backend(list->device)->list_drop(list);
	weft_commands_put(list->commands);
	free(list->entries);
	free(list->image.bytes);
	if (!list->internal)
		atomic_fetch_sub(&list->device->children, 1);
	list->magic = 0;
	free(list);
}

int weft_list_create(struct weft_device *device, struct weft_list **list)
{
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (ret)
		return ret;
	return list ? weft_list_new(device, false, list) : weft_fail(-EINVAL, "weft_list_create: no place");
}

int weft_list_destroy(struct weft_list *list)
{
	int ret = weft_handle(list, WEFT_MAGIC_LIST, __func__);

	if (!ret)
		weft_list_free(list);
	return ret;
}

int weft_list_reset(struct weft_list *list)
{
	struct weft_commands *fresh;
	int ret = weft_handle(list, WEFT_MAGIC_LIST, __func__);

	if (ret)
		return ret;
	if (atomic_load(&list->commands->refs) == 1) {
		commands_clear(list->commands);
	} else {	/* a job still runs them */
		fresh = commands_new(list->commands->room);
		if (!fresh)
			return weft_fail(-ENOMEM, "weft_list_reset");
		weft_commands_put(list->commands);
		list->commands = fresh;
	}
	weft_backend(list->device)->list_drop(list);
	list->num_entries = 0;
	list->committed = false;
	list->encoded = false;
	return 0;
}

int weft_list_length(const struct weft_list *list)
{
	int ret = weft_handle(list, WEFT_MAGIC_LIST, __func__);

	return ret ? ret : (int)list->commands->count;
}

int weft_exec_scalars(const struct weft_exec *e, const char *call)
{
	bool bad = e->scalar_mask >> WEFT_EXEC_MAX_SCALARS || e->pad;

	for (uint32_t i = 0; i < WEFT_EXEC_MAX_SCALARS; i++) {
		const uint64_t from = e->scalar_operands[i];

		if (e->scalar_mask >> i & 1)
			bad |= e->scalars[i] || !from || (!(from & WEFT_TOKEN) && from % 4);
		else
			bad |= from != 0;
	}
	return bad ? weft_fail(-EINVAL, "%s: scalar_mask %#x: scalars in it are 0 and have an aligned address, others none", call,
			       e->scalar_mask) : 0;
}

int weft_list_exec(struct weft_list *list, const char *name, enum weft_type type, const struct weft_exec *exec)
{
	struct weft_command c = { .op = WEFT_COMMAND_EXEC };
	int ret = weft_list_check(list, __func__);

	if (!ret)
		ret = weft_take(&c.u.exec.exec, sizeof(c.u.exec.exec), exec, offsetof(struct weft_exec, scalar_mask),
				__func__);
	if (ret)
		return ret;
	if (!name)
		return weft_fail(-EINVAL, "weft_list_exec: no name");
	ret = weft_kernel_lookup(list->device->kind, name, type, &c.u.exec.kernel);
	if (ret)
		return ret;
	if (exec->num_operands < c.u.exec.kernel->min_operands || exec->num_operands > c.u.exec.kernel->max_operands)
		return weft_fail(-EINVAL, "weft_list_exec: %s/%s takes %u to %u operands, not %u", name,
				 weft_type_name(type), c.u.exec.kernel->min_operands, c.u.exec.kernel->max_operands,
				 exec->num_operands);
	ret = weft_exec_scalars(&c.u.exec.exec, __func__);
	return ret ? ret : weft_list_append(list, &c);
}

int weft_list_copy_rows(struct weft_list *list, uint64_t dst, uint64_t dst_pitch, uint64_t src, uint64_t src_pitch,
			uint64_t bytes, uint32_t rows)
{
	struct weft_command c = {
		.op = WEFT_COMMAND_COPY,
		.u.copy = { .dst = dst, .dst_pitch = dst_pitch, .src = src, .src_pitch = src_pitch, .bytes = bytes,
			    .rows = rows },
	};
	int ret = weft_list_check(list, __func__);

	if (ret)
		return ret;
	if (!rows || (rows > 1 && (dst_pitch < bytes || src_pitch < bytes)))
		return weft_fail(-EINVAL, "weft_list_copy_rows: %u rows, or a pitch below %llu bytes", rows,
				 (unsigned long long)bytes);
	return weft_list_append(list, &c);
}

int weft_list_copy(struct weft_list *list, uint64_t dst, uint64_t src, uint64_t bytes)
{
	return weft_list_copy_rows(list, dst, 0, src, 0, bytes, 1);
}

int weft_list_fill(struct weft_list *list, uint64_t dst, uint64_t bytes, uint64_t pattern, uint32_t width)
{
	struct weft_command c = {
		.op = WEFT_COMMAND_FILL,
		.u.fill = { .dst = dst, .bytes = bytes, .pattern = pattern, .width = width },
	};
	int ret = weft_list_check(list, __func__);

	if (ret)
		return ret;
	if (width < 1 || width > 8 || (width & (width - 1)) || (!(dst & WEFT_TOKEN) && dst % width) ||
	    bytes % width)
		return weft_fail(-EINVAL, "weft_list_fill: width %u for %llu bytes at %#llx", width,
				 (unsigned long long)bytes, (unsigned long long)dst);
	return weft_list_append(list, &c);
}

int weft_list_reduce(struct weft_list *list, enum weft_type type, enum weft_reduction op, const uint64_t *src,
		     uint32_t num_src, const uint64_t *dst, uint32_t num_dst, uint64_t count)
{
	struct weft_command c = {
		.op = WEFT_COMMAND_REDUCE,
		.u.reduce = { .type = type, .op = op, .num_src = num_src, .num_dst = num_dst, .count = count, .src = src,
			      .dst = dst },
	};
	int ret = weft_list_check(list, __func__);

	if (ret)
		return ret;
	if ((unsigned int)type >= WEFT_TYPE_U32 || (unsigned int)op > WEFT_REDUCTION_AVG || !src || !dst ||
	    !num_src || num_src > WEFT_REDUCTION_WIDTH || !num_dst || num_dst > WEFT_REDUCTION_WIDTH)
		return weft_fail(-EINVAL, "weft_list_reduce: type %d, operation %d, %u sources, %u destinations",
				 (int)type, (int)op, num_src, num_dst);
	return weft_list_append(list, &c);
}

int weft_list_timed(struct weft_list *list, uint64_t ns)
{
	struct weft_command c = { .op = WEFT_COMMAND_TIMED, .u.timed = { .ns = ns } };
	int ret = weft_list_check(list, __func__);

	if (ret)
		return ret;
	return ns > 1ull << 40 ? weft_fail(-EINVAL, "weft_list_timed: more than 2^40 ns") : weft_list_append(list, &c);
}

int weft_list_timestamp(struct weft_list *list, uint64_t dst)
{
	struct weft_command c = { .op = WEFT_COMMAND_TIMESTAMP, .u.timestamp = { .dst = dst } };
	int ret = weft_list_check(list, __func__);

	if (ret)
		return ret;
	return !(dst & WEFT_TOKEN) && dst % 8 ? weft_fail(-EINVAL, "weft_list_timestamp: %#llx is not 8-byte aligned",
				   (unsigned long long)dst) : weft_list_append(list, &c);
}

int weft_list_commit_at(struct weft_list *list, struct weft_memory *memory, uint64_t offset)
{
	int ret = weft_handle(list, WEFT_MAGIC_LIST, "weft_list_commit");

	if (ret || list->committed)
		return ret;
	if (!list->commands->count)
		return weft_fail(-EINVAL, "weft_list_commit: the list is empty");
	ret = memory ? weft_card_list_place(list, memory, offset) : weft_backend(list->device)->list_commit(list);
	if (!ret)
		list->committed = true;
	return ret;
}

int weft_list_commit(struct weft_list *list)
{
	return weft_list_commit_at(list, NULL, 0);
}
