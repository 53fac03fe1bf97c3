/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a plan has, by name and by number: who did not build it has no handles yet. */
#include <errno.h>

#include <weft/plan_text.h>

#include "exec.h"

static uint32_t number(const struct weft_plan *plan, const char *name, enum weft_name_kind kind, const char *call)
{
	static const char *const what[] = { "edge", "body", "constant" };
	uint32_t n;

	if (weft_plan_check(plan, false, call))
		return UINT32_MAX;
	n = name ? weft_names_find(&plan->names, name, kind) : UINT32_MAX;
	if (n == UINT32_MAX)
		weft_fail(-ENOENT, "plan %s has no %s %s", plan->name, what[kind], name ? name : "without a name");
	return n;
}

struct weft_edge *weft_plan_edge(const struct weft_plan *plan, const char *name)
{
	const uint32_t n = number(plan, name, WEFT_NAME_EDGE, __func__);

	return n == UINT32_MAX ? NULL : plan->edge[n];
}

struct weft_body *weft_plan_body(const struct weft_plan *plan, const char *name)
{
	const uint32_t n = number(plan, name, WEFT_NAME_BODY, __func__);

	return n == UINT32_MAX ? NULL : plan->body[n];
}

struct weft_constant *weft_plan_constant(const struct weft_plan *plan, const char *name)
{
	const uint32_t n = number(plan, name, WEFT_NAME_CONSTANT, __func__);

	return n == UINT32_MAX ? NULL : plan->constant[n];
}

struct weft_edge *weft_plan_edge_at(const struct weft_plan *plan, uint32_t index)
{
	return weft_plan_check(plan, false, __func__) || index >= plan->num_edges ? NULL : plan->edge[index];
}

uint32_t weft_edge_flags(const struct weft_edge *edge)
{
	return weft_handle(edge, WEFT_MAGIC_EDGE, __func__) ? 0 : edge->flags;
}

const char *weft_edge_name(const struct weft_edge *edge)
{
	return weft_handle(edge, WEFT_MAGIC_EDGE, __func__) ? NULL : edge->name;
}

const char *weft_plan_name(const struct weft_plan *plan)
{
	return weft_plan_check(plan, false, __func__) ? NULL : plan->name;
}
