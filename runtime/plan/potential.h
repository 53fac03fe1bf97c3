/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Start times that keep a period, or the cycle that forbids it. With period num/den firing i of node x starts at
 * start[x] / den + i * num / den; every arc u -> v asks start[v] >= start[u] + time[u] * den - tokens * num. A solution exists
 * when no directed cycle has more time than tokens * num / den. Integers throughout: nothing is rounded.
 */
#ifndef WEFT_PLAN_POTENTIAL_H
#define WEFT_PLAN_POTENTIAL_H

#include "arcs.h"

typedef __int128 weft_wide;

/* A time in ns. */
struct weft_ratio {
	uint64_t num, den;
};

/* < 0, 0, > 0 as a is less than, equal to, more than b */
int weft_ratio_compare(struct weft_ratio a, struct weft_ratio b);
struct weft_ratio weft_ratio_lowest(struct weft_ratio a);
static inline double weft_ratio_ns(struct weft_ratio a)
{
	return (double)a.num / (double)a.den;
}

struct weft_potential {
	const struct weft_arcs *arcs;
	weft_wide *start;	/* of a node, ns * den */
	uint32_t *cycle;	/* arcs of the cycle found, in its direction */
	uint32_t cycle_length;
	uint32_t *by;		/* of a node: the arc that raised it last */
	uint32_t *mark;
	uint8_t *raised;
};

/* Starts at 0. 0 or -ENOMEM */
int weft_potential_init(struct weft_potential *p, const struct weft_arcs *arcs);
void weft_potential_fini(struct weft_potential *p);

/*
 * Raises start[] to the least solution above what it is. 0, or 1 with a cycle that no start times satisfy: of the cycles met
 * the one that needs the longest period, start[] being of no use then.
 */
int weft_potential_solve(struct weft_potential *p, struct weft_ratio period);
/*
 * The same where an arc asks start[v] >= start[u] + cost - tokens * num: cost 1 and num more than the number of nodes finds
 * cycles without tokens, cost 0 and num 1 counts tokens.
 */
int weft_potential_count(struct weft_potential *p, uint64_t cost, uint64_t num);

/* Time and tokens of the cycle found. */
void weft_potential_cycle(const struct weft_potential *p, uint64_t *time, int64_t *tokens);

#endif
