/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The single-rate expansion: one node for each of the q firings of a body in a sequence, and arcs between them. Firing i of
 * node `to` starts when firing i - tokens of node `from` has ended, where i - tokens is not negative. All that the planner
 * says of liveness, period, depth and lag it reads from this graph.
 *
 * What the host or another process gives is given without time and as soon as the depth of the edge lets it, but no sooner:
 * where that can hold a consumer back, because another is behind it, nodes of no body stand for who gives, the edge's feeder.
 */
#ifndef WEFT_PLAN_ARCS_H
#define WEFT_PLAN_ARCS_H

#include <stdbool.h>

#include "net.h"
#include "why.h"

enum weft_arc_kind {
	WEFT_ARC_DATA,		/* a consumer needs what the producer gives */
	WEFT_ARC_CREDIT,	/* the producer needs blocks back */
	WEFT_ARC_SELF,		/* a body fires once at a time */
	WEFT_ARC_LANE,		/* order of a queue */
	WEFT_ARC_GUARD,		/* blocks of another edge, shared */
};

struct weft_arc {
	uint32_t from, to;	/* nodes */
	int32_t tokens;		/* negative where a lane runs @from ahead of @to */
	uint32_t next;		/* another out of @from, WEFT_NET_NONE */
};

/* What an arc is there for; apart from it, since walks over the graph never ask. */
struct weft_arc_cause {
	uint32_t id;		/* edge, lane or guard */
	uint32_t consumer : 29;	/* DATA, CREDIT: which one of the edge */
	uint32_t kind : 3;
};

/*
 * Blocks of @edge are used next by @next_edge: firing s of @to waits until body @from has returned
 * (s + 1) * produce - tokens blocks of @edge.
 */
struct weft_guard {
	uint32_t from, to;		/* bodies */
	uint32_t edge, next_edge;
	uint32_t consume, produce, tokens;
};

struct weft_arcs {
	uint32_t num_nodes, num_arcs;
	struct weft_arc *arc;		/* when new, those out of the nodes of a body lie together, bodies in order */
	struct weft_arc_cause *cause;	/* of an arc */
	uint32_t *head;			/* of a node: its first arc out */
	/* Of a giver, its first node; one more at the end. Givers are bodies and, where there is any, a feeder for each edge. */
	uint32_t *first, num_givers;
	uint32_t *giver;		/* of a node: its body, or num_bodies + the edge that it feeds */
	uint64_t *time;			/* of a node, ns */
	/* Nodes so that arcs without tokens lead forward. Shorter than num_nodes: those arcs have a cycle. */
	uint32_t *order, num_ordered;
	bool negative;			/* some arc has tokens < 0 */
};

/*
 * Graph of @net with repetitions @q. An edge of depth 0 has no credit arcs. Owned by the caller until weft_arcs_fini().
 * 0, -ENOMEM, -EOVERFLOW.
 */
int weft_arcs_init(struct weft_arcs *arcs, const struct weft_net *net, const uint32_t *q, const struct weft_guard *guard,
		   uint32_t num_guards, struct weft_why *why);
void weft_arcs_fini(struct weft_arcs *arcs);

/*
 * The firing of the other end that firing @s waits for, negative: none. of a consumer that takes @c: of its producer,
 * which gives @p and had @k before the first; of a producer: of the consumer, with @depth blocks.
 */
int64_t weft_arcs_source(int64_t s, uint32_t c, uint32_t p, uint32_t k);
int64_t weft_arcs_return(int64_t s, uint32_t c, uint32_t p, uint32_t k, uint32_t depth);

/*
 * Has the edge a feeder? One consumer that takes no more than there are blocks, of what comes one at a time, waits for nobody
 * but itself, and needs none.
 */
static inline bool weft_arcs_fed(const struct weft_net_edge *e)
{
	if (e->from != WEFT_NET_NONE || !e->num_consumers)
		return false;
	return e->num_consumers > 1 || e->produce > 1 || (e->depth && e->depth < e->consumer[0].consume);
}

/* The body or the feeder that gives what the edge carries, WEFT_NET_NONE: the graph has none. */
uint32_t weft_arcs_giver(const struct weft_arcs *arcs, const struct weft_net *net, uint32_t edge);
/* Nodes of a giver: its firings in a sequence. */
static inline uint32_t weft_arcs_firings(const struct weft_arcs *arcs, uint32_t giver)
{
	return arcs->first[giver + 1] - arcs->first[giver];
}

/* Node and tokens of firing @n (it may be negative) of a body whose first node is @first. */
uint32_t weft_arcs_node(uint32_t first, uint32_t q, int64_t n, int32_t *tokens);
/* Moves an arc to another source. */
void weft_arcs_move(struct weft_arcs *arcs, uint32_t arc, uint32_t from, int32_t tokens);

#endif
