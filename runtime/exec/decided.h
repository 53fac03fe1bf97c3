/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A prepared plan as the planner sees it, with all that was decided: to ask it something again. */
#ifndef WEFT_EXEC_DECIDED_H
#define WEFT_EXEC_DECIDED_H

#include "exec.h"

#include "runtime/plan/net.h"

struct weft_decided {
	struct weft_net net;		/* times of bodies are 0 */
	struct weft_net_group group[2 * WEFT_PLAN_DEVICES];
	struct weft_net_room room[WEFT_PLAN_DEVICES + 1];
	struct weft_net_consumer *consumer;
	uint32_t *member;		/* bodies, lane by lane */
	uint32_t *q;
};

/* 0 or -ENOMEM with text; weft_decided_fini() after both. It points into @plan and into itself: it is not copied. */
int weft_decided_init(struct weft_decided *d, const struct weft_plan *plan);
void weft_decided_fini(struct weft_decided *d);

#endif
