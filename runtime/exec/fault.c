/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What stopped a plan: the lane that did not stop because another one had. */
#include <errno.h>

#include "exec.h"

#include "runtime/core/list.h"
#include "runtime/core/memory.h"

/* The body with packet @packet of list @list, NULL when it is of none. */
const struct weft_body *weft_lane_body_at(const struct weft_plan_lane *l, uint64_t list, uint32_t packet)
{
	for (uint32_t i = 0; i < l->num_bodies && list; i++) {
		const struct weft_body *b = l->body[i];

		if (b->inner && list == b->inner->address)
			return b;
		if (list == l->loop->address && packet >= b->first && packet < b->last)
			return b;
	}
	return NULL;
}

/* A lane that others stopped comes after one that stopped by itself. */
bool weft_fault_passed_on(uint32_t cause)
{
	const char *name = weft_fault_name(cause);

	return !strcmp(name, "poison") || !strcmp(name, "revoked") || !strcmp(name, "peer_lost");
}

static void find(struct weft_plan *p, struct weft_plan_error *e)
{
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		const struct weft_plan_lane *l = &p->lane[i];
		struct weft_user_queue_state s = { .size = sizeof(s) };
		const struct weft_edge *edge;
		const struct weft_body *b;
		uint64_t firing;

		if (!l->queue || weft_user_queue_state(l->queue, &s) || !s.cause || (e->cause && weft_fault_passed_on(s.cause)))
			continue;
		edge = weft_fault_passed_on(s.cause) ? weft_peer_fault(p, s.origin) : NULL;
		if (edge && !weft_peer_in_lane(edge, i))	/* a lane that heard it first is the one to be named */
			continue;
		b = weft_lane_body_at(l, s.fault_list, s.fault_packet);
		firing = b && s.iteration > b->skew ? s.iteration - b->skew : 0;
		e->device = l->device;
		e->cause = s.cause;
		e->seq = b ? weft_plan_from_card(p, firing / b->q) : 0;
		e->address = s.fault_address;
		e->body = b ? b->name : "";
		e->lane = l->name;
		e->edge = edge ? edge->name : "";
		if (!weft_fault_passed_on(s.cause))
			return;
	}
}

int weft_plan_last_error(struct weft_plan *plan, struct weft_plan_error *error)
{
	struct weft_plan_error e = { .body = "", .lane = "", .edge = "" };
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (plan->loaded)
		find(plan, &e);
	return weft_give(error, &e, sizeof(e), offsetof(struct weft_plan_error, edge), __func__);
}

int weft_plan_blame(struct weft_plan *p, int ret)
{
	struct weft_plan_error e = { .body = "", .lane = "", .edge = "" };
	char why[256];

	find(p, &e);
	if (!e.cause)
		return ret;
	p->faulted = true;
	/* no lane says that it was the first: its card does not tell any more */
	if (weft_fault_passed_on(e.cause) && *weft_plan_stuck_why(p, why, sizeof(why)))
		return weft_fail(-EOWNERDEAD, "plan %s: %s", p->name, why);
	return weft_fail(-EOWNERDEAD, "plan %s: body %s in lane %s on device %u faulted in sequence %llu: %s at %#llx", p->name,
			 *e.body ? e.body : "?", e.lane, e.device, (unsigned long long)e.seq, weft_fault_name(e.cause),
			 (unsigned long long)e.address);
}
