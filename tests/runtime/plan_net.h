/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Random graphs of bodies that compute, as a plan on cards and as a serial program. The graph follows from one number; where its
 * bodies run, in which lanes and with how many blocks from another.
 */
#ifndef PLAN_NET_H
#define PLAN_NET_H

#include "rt_tap.h"

#define NET_BODIES	10
#define NET_EDGES	30
#define NET_WORDS	16u
#define NET_BYTES	(NET_WORDS * 4)
#define NET_SEQUENCES	40u
#define NET_TABLE	6u
#define NET_LOG		1024u		/* firings that a log keeps, bubbles among them */
#define NET_CHOICES	3u

struct net_edge {
	uint32_t from, to[2], num_to;		/* bodies; state: @to read it, @from writes it */
	uint32_t produce, consume[2];
	uint32_t tokens;			/* in a sequence */
	uint32_t initial;
	bool state, control;
};

struct net_body {
	uint32_t q;
	bool predicate, choice, delay;
	uint32_t limit;				/* predicate: word >= limit */
	uint32_t number[NET_TABLE];		/* choice */
	uint32_t salt[NET_TABLE][NET_WORDS];
	/* of the plan */
	uint32_t card, lane, skew;
	struct weft_body *body;
	struct weft_edge *log;
};

struct net {
	struct net_body body[NET_BODIES];
	struct net_edge edge[NET_EDGES];
	struct weft_edge *handle[NET_EDGES];
	struct weft_constant *salts, *numbers;	/* of all bodies, one behind the other */
	uint32_t num_bodies, num_edges;
	uint64_t seed;
};

/* What each body's firings gave, by body and firing. */
struct net_result {
	uint32_t log[NET_BODIES][NET_SEQUENCES * 3][NET_WORDS];
};

void net_graph(struct net *net, uint64_t seed);
/* Initial token @t of an edge. */
void net_token(const struct net *net, uint32_t edge, uint32_t t, uint32_t *words);
void net_serial(const struct net *net, uint32_t sequences, struct net_result *result);

/*
 * The plan: @seed decides cards, lanes, skews and depths; @wild: lanes and depths that may be dead. -EDEADLK and the like are
 * those of weft_plan_prepare().
 */
int net_plan(struct net *net, struct weft_plan *plan, uint32_t cards, uint64_t seed, bool wild);
/* Why the last of these calls failed. */
const char *net_why(void);
/* Constants of a loaded plan. */
int net_fill(struct net *net);
/* Sequences @from … @to - 1 of the serial program, which the plan counts from 0 as @from - @start; 0 or -1 with rt_text */
int net_compare(const struct net *net, const struct net_result *result, uint32_t from, uint32_t to, uint32_t start);

#endif
