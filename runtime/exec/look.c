/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A prepared plan, for programs that draw or print it. */
#include <errno.h>

#include <weft/look.h>

#include "exec.h"

static int check(const struct weft_plan *p, uint32_t number, uint32_t count, const char *what, const char *call)
{
	int ret = weft_plan_check(p, false, call);

	if (!ret && !p->prepared)
		ret = weft_fail(-EINVAL, "%s: plan %s is not prepared; call weft_plan_prepare() first", call, p->name);
	if (!ret && number >= count)
		ret = weft_fail(-EINVAL, "%s: plan %s has %u %s, no number %u", call, p->name, count, what, number);
	return ret;
}

int weft_plan_body_info(const struct weft_plan *plan, uint32_t body, struct weft_body_info *info)
{
	int ret = check(plan, body, plan ? plan->num_bodies : 0, "bodies", __func__);
	const struct weft_body *b;
	struct weft_body_info i;

	if (ret)
		return ret;
	b = plan->body[body];
	i = (struct weft_body_info) {
		.device = b->device, .name = b->name, .lane_name = plan->lane[b->lane].name, .lane = b->lane,
		.position = b->position, .skew = b->skew, .firings = b->q, .time_ns = weft_body_time_ns(b),
	};
	return weft_give(info, &i, sizeof(i), sizeof(i), __func__);
}

int weft_plan_edge_info(const struct weft_plan *plan, uint32_t edge, struct weft_edge_info *info)
{
	int ret = check(plan, edge, plan ? plan->num_edges : 0, "edges", __func__);
	const struct weft_edge *e;
	struct weft_edge_info i;

	if (ret)
		return ret;
	e = plan->edge[edge];
	i = (struct weft_edge_info) {
		.flags = e->flags, .name = e->name, .producer = e->producer ? e->producer->id : WEFT_STUCK_NOBODY,
		.rate = e->rate, .depth = e->depth, .initial = e->initial, .consumers = e->num_consumers,
	};
	return weft_give(info, &i, sizeof(i), sizeof(i), __func__);
}

int weft_plan_edge_consumer(const struct weft_plan *plan, uint32_t edge, uint32_t consumer, uint32_t *body, uint32_t *rate)
{
	int ret = check(plan, edge, plan ? plan->num_edges : 0, "edges", __func__);

	if (ret)
		return ret;
	if (consumer >= plan->edge[edge]->num_consumers || !body || !rate)
		return weft_fail(-EINVAL, "weft_plan_edge_consumer: edge %s has %u consumers", plan->edge[edge]->name,
				 plan->edge[edge]->num_consumers);
	*body = plan->edge[edge]->consumer[consumer].body->id;
	*rate = plan->edge[edge]->consumer[consumer].rate;
	return 0;
}
