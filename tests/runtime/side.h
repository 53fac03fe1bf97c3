/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A card with memory, cells and a user queue, as tests of user queues begin. */
#ifndef SIDE_H
#define SIDE_H

#include "rt_tap.h"

struct side {
	struct weft_device *card;
	struct weft_memory *cells, *inbox, *data;	/* inbox: cells that a peer signals */
	struct weft_user_queue *queue;
	struct weft_list *body, *list;
};

static inline int side_open(struct weft *weft, uint32_t index, struct side *s, const struct weft_user_queue_config *config)
{
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };
	const struct weft_memory_desc inbox = { .size = sizeof(inbox), .bytes = 4096, .flags = WEFT_MEMORY_CELLS_PEER };

	RT_OK(weft_device_open(weft, "card", index, &s->card));
	RT_OK(weft_memory_create(s->card, &cells, &s->cells));
	RT_OK(weft_memory_create(s->card, &inbox, &s->inbox));
	RT_OK(weft_memory_alloc(s->card, 1 << 20, WEFT_PLACE_LOCAL, &s->data));
	RT_OK(weft_user_queue_create(s->card, config, &s->queue));
	RT_OK(weft_list_create(s->card, &s->body));
	RT_OK(weft_list_create(s->card, &s->list));
	return 0;
}

static inline int side_close(struct side *s)
{
	if (s->queue)
		RT_OK(weft_user_queue_destroy(s->queue));
	RT_OK(weft_list_destroy(s->body));
	RT_OK(weft_list_destroy(s->list));
	RT_OK(weft_memory_destroy(s->data));
	RT_OK(weft_memory_destroy(s->inbox));
	RT_OK(weft_memory_destroy(s->cells));
	RT_OK(weft_device_close(s->card));
	return 0;
}

static inline int wait_op(struct weft_list *list, uint64_t cell, uint64_t base, uint64_t step)
{
	RT_OK(weft_list_wait(list, &(struct weft_cell_op) { .size = sizeof(struct weft_cell_op), .cell = cell,
							    .base = base, .step = step, .exit_levels = step ? 1 : 0,
							    .exit = step ? 1 : 0 }));
	return 0;
}

static inline int signal_op(struct weft_list *list, uint64_t cell, uint64_t base, uint64_t step, uint32_t flags)
{
	RT_OK(weft_list_signal(list, &(struct weft_cell_op) { .size = sizeof(struct weft_cell_op), .cell = cell,
							      .base = base, .step = step, .flags = flags }));
	return 0;
}

#endif
