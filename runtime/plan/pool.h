/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Blocks used by several edges in turn. */
#ifndef WEFT_PLAN_POOL_H
#define WEFT_PLAN_POOL_H

#include "potential.h"

/*
 * Edges @edge[0 … num_edges - 1] use the same slots in this order: token n of each lies in slot n mod @depth. An edge alone
 * is a pool too.
 */
struct weft_pool {
	const uint32_t *edge;
	uint32_t num_edges, depth, place;
	uint64_t slot_bytes;		/* of the largest */
};

struct weft_pools {
	struct weft_pool *pool;
	uint32_t num_pools;
	uint32_t *of;			/* of an edge: its pool, WEFT_NET_NONE: no blocks */
	/* What a shared slot waits for, beside the edges' own credits; a device wait each. */
	struct weft_guard *guard;
	uint32_t num_guards;
	uint32_t *member;		/* what the pools' lists lie in */
};

/**
 * weft_pools_init() - put edges together whose blocks are not in use at the same time
 * @net: with lanes and depths, live
 * @period: to keep
 * @share: false: every edge alone
 *
 * A schedule that keeps the period is made; edges of equal depth, rate and memory whose blocks follow each other in it share.
 * The same schedule satisfies the guards, so neither the period nor liveness can suffer.
 *
 * Return: 0, -ENOMEM.
 */
int weft_pools_init(struct weft_pools *pools, const struct weft_net *net, const uint32_t *q, const struct weft_arcs *arcs,
		    struct weft_ratio period, bool share, struct weft_why *why);
void weft_pools_fini(struct weft_pools *pools);

#endif
