/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What the verifier and the planner know of a plan: bodies, edges, lanes, engine groups; nothing of devices. One firing of
 * body b for sequence s takes c tokens from each input edge and gives p tokens to each output edge.
 */
#ifndef WEFT_PLAN_NET_H
#define WEFT_PLAN_NET_H

#include <stdint.h>

#define WEFT_NET_NONE	UINT32_MAX

/**
 * struct weft_net_body - one operator kernel
 * @name: the user's, for messages; not NULL
 * @card: where it runs
 * @group: engine group it occupies while it fires, WEFT_NET_NONE: none (it only waits and signals)
 * @lane: lane it is in, WEFT_NET_NONE before weft_lanes_assign()
 * @skew: it runs sequence it - skew in iteration `it` of its lane
 * @time_ns: of one firing, estimated
 */
struct weft_net_body {
	const char *name;
	uint32_t card, group, lane;
	int32_t skew;
	uint64_t time_ns;
};

/* weft_net_edge.flags */
/*
 * D = k = p, with one block whatever they are: the producer writes it in place when every consumer has returned all p tokens.
 * p is 1 but where it is read several times in a sequence, once for each micro-batch say.
 */
#define WEFT_NET_STATE		0x1
#define WEFT_NET_CONTROL	0x2	/* no blocks, only tokens; depth still bounds them */
#define WEFT_NET_FIXED		0x4	/* depth is the user's, not to be chosen */
#define WEFT_NET_NO_SHARE	0x8	/* blocks are a window, host-fed or another process's */

struct weft_net_consumer {
	uint32_t body, consume;		/* consume: c, tokens per firing, >= 1 */
};

/**
 * struct weft_net_edge - one output port
 * @name: the user's
 * @from: body that produces; WEFT_NET_NONE: the host or another process feeds it, as soon as its depth lets it
 * @produce: p, tokens per firing, >= 1; of one that is fed, how many come at once: what a sequence takes is a multiple of it
 * @depth: D, blocks; 0 only before weft_depth_choose()
 * @initial: k, tokens there before the first firing, <= D
 * @block_bytes: of one block
 * @place: memory in which the blocks lie (index into weft_net.room)
 * @consumer, @num_consumers: num_consumers may be 0 when the host or another process alone consumes
 */
struct weft_net_edge {
	const char *name;
	uint32_t from, produce, depth, initial, place, flags;
	uint64_t block_bytes;
	const struct weft_net_consumer *consumer;
	uint32_t num_consumers;
};

/* An engine group: @width firings of its bodies at a time. */
struct weft_net_group {
	const char *name;
	uint32_t width;
};

/* A lane: one queue; its bodies in the order of its LOOP, all of one rate. */
struct weft_net_lane {
	const uint32_t *body;
	uint32_t num_bodies;
	uint32_t card;
};

/* A memory with @bytes free; @name for messages. */
struct weft_net_room {
	const char *name;
	uint64_t bytes;
};

struct weft_net {
	struct weft_net_body *body;
	struct weft_net_edge *edge;
	struct weft_net_lane *lane;
	const struct weft_net_group *group;
	const struct weft_net_room *room;
	uint32_t num_bodies, num_edges, num_lanes, num_groups, num_rooms;
};
#endif
