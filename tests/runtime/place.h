/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A card with memory, two queues and a list for each. */
#ifndef PLACE_H
#define PLACE_H

#include "rt_tap.h"

struct place {
	struct weft_device *card;
	struct weft_memory *memory;
	struct weft_queue *queue[2];
	struct weft_list *list[2];
};

static inline int place_open(struct weft *weft, struct place *p, uint64_t bytes, uint32_t run_limit_ms)
{
	struct weft_queue_config config = { .size = sizeof(config), .run_limit_ms = run_limit_ms };

	RT_OK(weft_device_open(weft, "card", 0, &p->card));
	RT_OK(weft_memory_alloc(p->card, bytes, WEFT_PLACE_LOCAL, &p->memory));
	for (int i = 0; i < 2; i++) {
		RT_OK(weft_queue_create(p->card, &config, &p->queue[i]));
		RT_OK(weft_list_create(p->card, &p->list[i]));
	}
	return 0;
}

static inline int place_close(struct place *p)
{
	for (int i = 0; i < 2; i++) {
		RT_OK(weft_list_destroy(p->list[i]));
		RT_OK(weft_queue_destroy(p->queue[i]));
	}
	RT_OK(weft_memory_destroy(p->memory));
	RT_OK(weft_device_close(p->card));
	return 0;
}

#endif
