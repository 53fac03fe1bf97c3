/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cycles of the plan: one without a token is a deadlock, the slowest sets the period. */
#ifndef WEFT_PLAN_CYCLE_H
#define WEFT_PLAN_CYCLE_H

#include "potential.h"

/* What sets the period, for people: a cycle as weft_cycle_dead() names it, or an engine group. */
struct weft_critical {
	uint32_t group;		/* WEFT_NET_NONE: a cycle */
	struct weft_why text;
};

/**
 * weft_cycle_dead() - refuse a plan that stops for ever
 * @guard: of @arcs, for the text
 * @stuck: NULL, or gets the guards of the cycle (indices), at most as many as arcs have nodes; with their number
 *
 * Return: 0, -EDEADLK with the cycle in the user's names and what would break it, -ENOMEM.
 */
int weft_cycle_dead(const struct weft_net *net, const struct weft_arcs *arcs, const struct weft_guard *guard,
		    uint32_t *stuck, uint32_t *num_stuck, struct weft_why *why);

/**
 * weft_cycle_period() - the period of a live plan with unlimited engines, exactly
 * @atleast: a period that is known to be needed, {0, 1}: none; what is found is not less
 * @period: ns for one sequence, lowest terms
 * @critical: NULL, or gets the cycle; its text is empty when no cycle needs more than @atleast
 *
 * Return: 0, -ENOMEM.
 */
int weft_cycle_period(const struct weft_net *net, const struct weft_arcs *arcs, const struct weft_guard *guard,
		      struct weft_ratio atleast, struct weft_ratio *period, struct weft_critical *critical,
		      struct weft_why *why);

/* The same of initialised @p, which gets the start times that keep it. */
void weft_cycle_start(const struct weft_net *net, struct weft_potential *p, struct weft_ratio atleast,
		      struct weft_ratio *period);

/* The greatest work of a sequence over width of all groups. @group WEFT_NET_NONE: no body is in one */
struct weft_ratio weft_cycle_groups(const struct weft_net *net, const uint32_t *q, uint32_t *group);

/* Appends the cycle: "body a -(edge x)-> body b -(credit of edge y, depth 1)-> body a". */
void weft_cycle_text(const struct weft_net *net, const struct weft_arcs *arcs, const struct weft_guard *guard,
		     const uint32_t *cycle, uint32_t length, struct weft_why *why);

#endif
