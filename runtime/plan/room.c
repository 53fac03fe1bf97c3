/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>

#include "room.h"

static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t r;

	return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

static void add(uint64_t *sum, uint64_t n)
{
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = UINT64_MAX;
}

uint64_t weft_room_edge(const struct weft_net_edge *e)
{
	if (e->flags & WEFT_NET_CONTROL)
		return 0;
	return times(e->block_bytes, e->flags & WEFT_NET_STATE ? 1 : e->depth);
}

void weft_room_bytes(const struct weft_net *net, const struct weft_pools *pools, uint64_t *bytes)
{
	for (uint32_t r = 0; r < net->num_rooms; r++)
		bytes[r] = 0;
	for (uint32_t i = 0; !pools && i < net->num_edges; i++)
		if (!(net->edge[i].flags & WEFT_NET_CONTROL))
			add(&bytes[net->edge[i].place], weft_room_edge(&net->edge[i]));
	for (uint32_t i = 0; pools && i < pools->num_pools; i++) {
		const struct weft_pool *p = &pools->pool[i];

		add(&bytes[p->place], p->num_edges == 1 ? weft_room_edge(&net->edge[p->edge[0]]) :
		    times(p->slot_bytes, p->depth));
	}
}

int weft_room_check(const struct weft_net *net, const uint64_t *bytes, uint32_t *tight, struct weft_why *why)
{
	uint32_t largest = WEFT_NET_NONE;

	for (*tight = 0; *tight < net->num_rooms && bytes[*tight] <= net->room[*tight].bytes; ++*tight)
		;
	if (*tight == net->num_rooms)
		return 0;
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct weft_net_edge *e = &net->edge[i];

		if (!(e->flags & WEFT_NET_CONTROL) && e->place == *tight &&
		    (largest == WEFT_NET_NONE || weft_room_edge(e) > weft_room_edge(&net->edge[largest])))
			largest = i;
	}
	weft_why(why, -ENOSPC, "memory %s: %" PRIu64 " bytes needed, %" PRIu64 " free, %" PRIu64 " missing",
		 net->room[*tight].name, bytes[*tight], net->room[*tight].bytes, bytes[*tight] - net->room[*tight].bytes);
	if (largest != WEFT_NET_NONE)
		weft_why_add(why, "; largest is edge %s, depth %u of %" PRIu64 " bytes", net->edge[largest].name,
			     net->edge[largest].depth, net->edge[largest].block_bytes);
	return -ENOSPC;
}
