/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What the lanes of a card share: one object for all their rings, and a few for their lists, which follow each other there. With
 * memory of its own each lane would take four objects, mapped and bound and taken away again one by one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "exec.h"

#include "runtime/core/card.h"
#include "runtime/core/device.h"
#include "runtime/core/user_queue.h"

#define RING_LISTS	16u
#define LANE_BYTES	1024ull		/* a guess of what the lists of a lane take: where it is too low there are more objects */
#define LIST_ALIGN	64u

static int check_queues(const struct weft_plan_card *c)
{
	if (c->num_lanes <= c->device->info.max_queues)
		return 0;
	return weft_fail(-EDQUOT, "%u lanes on %s, where this process may have %u queues, %u too few: let bodies share lanes "
			 "(WEFT_PLAN_FEW_QUEUES), use more cards, or open the device with CAP_SYS_RESOURCE", c->num_lanes, c->device->info.node,
			 c->device->info.max_queues, c->num_lanes - c->device->info.max_queues);
}

int weft_arena_init(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_lanes; i++)
		p->card[p->lane[i].device].num_lanes++;
	for (uint32_t d = 0; d < p->num_devices && !ret; d++)
		ret = check_queues(&p->card[d]);
	for (uint32_t d = 0; d < p->num_devices && !ret; d++) {
		struct weft_plan_card *c = &p->card[d];

		if (c->num_lanes)
			ret = weft_memory_new(c->device, c->num_lanes * weft_user_queue_bytes(RING_LISTS), WEFT_PLACE_HOST, true, &c->rings);
	}
	return ret;
}

/* Room for @bytes more of lists: c->lists[c->num_lists - 1] from c->lists_used on. */
static int room_for(struct weft_plan_card *c, uint64_t bytes)
{
	const uint64_t usual = c->num_lanes * LANE_BYTES;
	int ret;

	if (c->num_lists && c->lists_used + bytes <= c->lists[c->num_lists - 1]->bytes)
		return 0;
	if (!weft_room(&c->lists, c->num_lists, &c->room_lists, sizeof(c->lists[0])))
		return weft_fail(-ENOMEM, "memory for lists");
	ret = weft_memory_new(c->device, bytes > usual ? bytes : usual, WEFT_PLACE_LOCAL, true, &c->lists[c->num_lists]);
	if (ret)
		return ret;
	c->num_lists++;
	c->lists_used = 0;
	return 0;
}

int weft_arena_commit(struct weft_plan *p, uint32_t device, struct weft_list *list)
{
	struct weft_plan_card *c = &p->card[device];
	uint64_t bytes;
	int ret = weft_card_list_bytes(list, &bytes);

	if (!ret)
		ret = room_for(c, bytes);
	if (!ret)
		ret = weft_list_commit_at(list, c->lists[c->num_lists - 1], c->lists_used);
	if (!ret)
		c->lists_used += (bytes + LIST_ALIGN - 1) / LIST_ALIGN * LIST_ALIGN;
	return ret;
}

/* Of the lanes of a card, those that come after the queues did. */
static int missing(const struct weft_plan_card *c, int ret)
{
	return weft_fail_of(ret, "%u of %u lanes have no queue", c->num_lanes - c->num_rings, c->num_lanes);
}

int weft_arena_queue(struct weft_plan *p, struct weft_plan_lane *lane, struct weft_user_queue_config *config)
{
	struct weft_plan_card *c = &p->card[lane->device];
	int ret;

	config->ring_lists = RING_LISTS;
	ret = weft_user_queue_create_at(c->device, config, c->rings, c->num_rings * weft_user_queue_bytes(RING_LISTS), &lane->queue);
	c->num_rings += !ret;
	return ret == -EDQUOT ? missing(c, ret) : ret;
}

int weft_arena_fini(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t d = 0; d < p->num_devices; d++) {
		struct weft_plan_card *c = &p->card[d];

		while (c->num_lists) {
			int r = weft_memory_destroy(c->lists[--c->num_lists]);

			ret = ret ? ret : r;
		}
		if (c->rings) {
			int r = weft_memory_destroy(c->rings);

			ret = ret ? ret : r;
		}
		free(c->lists);
		c->lists = NULL;
		c->rings = NULL;
		c->num_lanes = c->num_rings = c->room_lists = 0;
	}
	return ret;
}
