/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Decisions that came from outside: would a plan with them stop for ever? The planner's own check, without planning. */
#include "decide.h"
#include "decided.h"

#include "runtime/plan/cycle.h"

int weft_decisions_live(const struct weft_plan *p)
{
	struct weft_why why = { "" };
	struct weft_arcs arcs = { 0 };
	struct weft_decided d;
	int ret = weft_decided_init(&d, p);

	if (!ret) {
		ret = weft_arcs_init(&arcs, &d.net, d.q, p->guard, p->num_guards, &why);
		if (!ret)
			ret = weft_cycle_dead(&d.net, &arcs, p->guard, NULL, NULL, &why);
		if (ret)
			weft_fail(ret, "plan %s, as it was decided: %s", p->name, why.text);
		weft_arcs_fini(&arcs);
	}
	weft_decided_fini(&d);
	return ret;
}
