/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A device kind of the program's own: counts the commands, and lets the reference operators do them. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <weft/weft.h>

static atomic_int commands;

static uint32_t one(void)
{
	return 1;
}

static int execute(void *priv, const struct weft_command *command)
{
	(void)priv;
	atomic_fetch_add(&commands, 1);
	return weft_command_run(command);
}

static const struct weft_kind counting = {
	.size = sizeof(counting), .name = "counting", .count = one, .execute = execute,
};

static void must(int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "kind: %s\n", weft_last_error());
	exit(1);
}

int main(void)
{
	struct weft *weft = weft_open();
	struct weft_device *device;
	struct weft_memory *memory;
	struct weft_queue *queue;
	struct weft_list *list;

	must(weft_kind_register(weft, &counting));
	must(weft_device_open(weft, "counting", 0, &device));
	must(weft_memory_alloc(device, 4096, WEFT_PLACE_LOCAL, &memory));
	must(weft_list_create(device, &list));
	must(weft_list_fill(list, weft_memory_address(memory), 4096, 1, 8));
	must(weft_list_fill(list, weft_memory_address(memory), 4096, 2, 8));
	must(weft_queue_create(device, NULL, &queue));
	must(weft_queue_run(queue, list, NULL));
	must(weft_queue_wait(queue, 0, 1000000000));
	printf("%d commands\n", atomic_load(&commands));
	return atomic_load(&commands) == 2 ? 0 : 1;
}
