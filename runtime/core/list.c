/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The list builder: checks what needs no memory access, records commands; packets are list_encode.c's. */
#include <errno.h>
#include <stdlib.h>

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

static void commands_clear(struct weft_commands *c)
{
	for (uint32_t i = 0; i < c->count; i++)
		if (c->command[i].op == WEFT_COMMAND_REDUCE)
			free((void *)(uintptr_t)c->command[i].u.reduce.src);
	c->count = 0;
}

void weft_commands_put(struct weft_commands *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	commands_clear(c);
	free(c);
}

/* Both arrays of a REDUCE in one allocation, sources first. */
static int reduce_own(struct weft_command *c, const uint64_t *src, const uint64_t *dst)
{
	uint64_t *both = malloc((c->u.reduce.num_src + c->u.reduce.num_dst) * sizeof(*both));

	if (!both)
		return -ENOMEM;
	memcpy(both, src, c->u.reduce.num_src * sizeof(*both));
	memcpy(both + c->u.reduce.num_src, dst, c->u.reduce.num_dst * sizeof(*both));
	c->u.reduce.src = both;
	c->u.reduce.dst = both + c->u.reduce.num_src;
	return 0;
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
		if (c->command[c->count].op == WEFT_COMMAND_REDUCE &&
		    reduce_own(&c->command[c->count], old->command[c->count].u.reduce.src,
			       old->command[c->count].u.reduce.dst)) {
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
	int ret = grow(list);

	if (!ret) {
		list->commands->command[list->commands->count++] = *command;
		list->encoded = false;
	}
	return ret;
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

int weft_list_exec(struct weft_list *list, const char *name, enum weft_type type, const struct weft_exec *exec)
{
	struct weft_command c = { .op = WEFT_COMMAND_EXEC };
	int ret = weft_list_check(list, __func__);

	if (!ret)
		ret = weft_take(&c.u.exec.exec, sizeof(c.u.exec.exec), exec, sizeof(*exec), __func__);
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
	return weft_list_append(list, &c);
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
	if (width < 1 || width > 8 || (width & (width - 1)) || dst % width || bytes % width)
		return weft_fail(-EINVAL, "weft_list_fill: width %u for %llu bytes at %#llx", width,
				 (unsigned long long)bytes, (unsigned long long)dst);
	return weft_list_append(list, &c);
}

int weft_list_reduce(struct weft_list *list, enum weft_type type, enum weft_reduction op, const uint64_t *src,
		     uint32_t num_src, const uint64_t *dst, uint32_t num_dst, uint64_t count)
{
	struct weft_command c = {
		.op = WEFT_COMMAND_REDUCE,
		.u.reduce = { .type = type, .op = op, .num_src = num_src, .num_dst = num_dst, .count = count },
	};
	int ret = weft_list_check(list, __func__);

	if (ret)
		return ret;
	if ((unsigned int)type >= WEFT_TYPE_U32 || (unsigned int)op > WEFT_REDUCTION_AVG || !src || !dst ||
	    !num_src || num_src > WEFT_REDUCTION_WIDTH || !num_dst || num_dst > WEFT_REDUCTION_WIDTH)
		return weft_fail(-EINVAL, "weft_list_reduce: type %d, operation %d, %u sources, %u destinations",
				 (int)type, (int)op, num_src, num_dst);
	if (reduce_own(&c, src, dst))
		return weft_fail(-ENOMEM, "weft_list_reduce");
	ret = weft_list_append(list, &c);
	if (ret)
		free((void *)(uintptr_t)c.u.reduce.src);
	return ret;
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
	return dst % 8 ? weft_fail(-EINVAL, "weft_list_timestamp: %#llx is not 8-byte aligned",
				   (unsigned long long)dst) : weft_list_append(list, &c);
}

int weft_list_commit(struct weft_list *list)
{
	int ret = weft_handle(list, WEFT_MAGIC_LIST, __func__);

	if (ret || list->committed)
		return ret;
	if (!list->commands->count)
		return weft_fail(-EINVAL, "weft_list_commit: the list is empty");
	ret = weft_backend(list->device)->list_commit(list);
	if (!ret)
		list->committed = true;
	return ret;
}
