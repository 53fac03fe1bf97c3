/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>

#include "lag.h"
#include "potential.h"

static bool holds(const struct weft_net_edge *e, uint32_t consumer)
{
	return e->initial < e->consumer[consumer].consume;
}

bool weft_lag_gated(const struct weft_net *net, uint32_t body)
{
	for (uint32_t i = 0; i < net->num_edges; i++)
		for (uint32_t j = 0; j < net->edge[i].num_consumers; j++)
			if (net->edge[i].consumer[j].body == body && holds(&net->edge[i], j))
				return false;
	return true;
}

void weft_lag_gates(const struct weft_net *net, bool *gated)
{
	for (uint32_t b = 0; b < net->num_bodies; b++)
		gated[b] = true;
	for (uint32_t i = 0; i < net->num_edges; i++)
		for (uint32_t j = 0; j < net->edge[i].num_consumers; j++)
			if (holds(&net->edge[i], j))
				gated[net->edge[i].consumer[j].body] = false;
}

int weft_lag(const struct weft_arcs *arcs, uint32_t *lag, struct weft_why *why)
{
	struct weft_potential p;
	weft_wide most = 0;

	*lag = 0;
	/* only an order of queues asks for a later firing before an earlier one */
	if (!arcs->negative)
		return 0;
	if (weft_potential_init(&p, arcs))
		return weft_why(why, -ENOMEM, "drain lag: no memory");
	/*
	 * Raised from 0 over arcs that cost their tokens taken away, start[x] is the greatest number of sequences by which some
	 * firing that leads to one of x is later than that one.
	 */
	weft_potential_count(&p, 0, 1);
	for (uint32_t x = 0; x < arcs->num_nodes; x++)
		most = p.start[x] > most ? p.start[x] : most;
	*lag = (uint32_t)most;
	weft_potential_fini(&p);
	return 0;
}
