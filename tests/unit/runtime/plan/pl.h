/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What the tests of this folder share: plans by hand and at random, and a player of plans that knows nothing of arcs. */
#ifndef PL_H
#define PL_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runtime/plan/net.h"
#include "runtime/plan/why.h"

#define PL_BODIES	8
#define PL_EDGES	16
#define PL_LANES	8

/* A small plan that owns all its parts. */
struct pl {
	struct weft_net net;
	struct weft_net_body body[PL_BODIES];
	struct weft_net_edge edge[PL_EDGES];
	struct weft_net_consumer consumer[PL_EDGES][PL_BODIES];
	struct weft_net_lane lane[PL_LANES];
	uint32_t in_lane[PL_LANES][PL_BODIES];
	struct weft_net_group group[3];
	struct weft_net_room room[2];
	char name[PL_BODIES + PL_EDGES][8];
	uint32_t q[PL_BODIES];		/* of random plans, as made */
};

/* Parts are named a, b, c … and x0, x1 …; a lane of one body each is not made. */
void pl_init(struct pl *p, uint32_t bodies, uint64_t time_ns);
uint32_t pl_edge(struct pl *p, uint32_t from, uint32_t to, uint32_t depth, uint32_t initial);
uint32_t pl_edge_rates(struct pl *p, uint32_t from, uint32_t produce, uint32_t to, uint32_t consume, uint32_t depth,
		       uint32_t initial);
void pl_consumer(struct pl *p, uint32_t edge, uint32_t to, uint32_t consume);
/* A lane of bodies with their skews. */
void pl_lane(struct pl *p, uint32_t num, const uint32_t *body, const int32_t *skew);
void pl_chain(struct pl *p, uint32_t bodies, uint64_t time_ns, uint32_t depth);

/* As text, for whoever looks into a failure. */
void pl_print(const struct pl *p);

/* Rates, delays, states, lanes with skews; about half of them stop. */
void pl_random(struct pl *p, uint64_t *seed, uint32_t max_bodies);

/* Edges that the host feeds, none to two, with up to three consumers that are apart in whatever way the plan has it. */
void pl_feed(struct pl *p, uint64_t *seed);

uint64_t pl_number(const char *name, uint64_t standard);
uint64_t pl_below(uint64_t *seed, uint64_t n);

#define ok(call)	pl_ok((call), &why, #call, __LINE__)
static inline int pl_ok(int ret, const struct weft_why *why, const char *what, int line)
{
	if (ret < 0)
		fail_msg("line %d: %s: %d, %s", line, what, ret, why->text);
	return ret;
}

#define refuses(call, err, part) do { \
	why.text[0] = 0; \
	assert_int_equal((call), (err)); \
	if (!strstr(why.text, (part))) \
		fail_msg("line %d: \"%s\" does not say \"%s\"", __LINE__, why.text, (part)); \
} while (0)

/* --- the player: firings straight from the rule, one state at a time --- */
struct pl_state {
	uint32_t done[PL_BODIES];
	uint32_t rest[PL_BODIES];		/* of a firing under way, one more; 0: none */
	int32_t turn[PL_LANES];
	uint32_t at[PL_LANES];
	uint8_t queue[3][PL_BODIES], queued[3], busy[3];
};

/* What a firing also has to wait for beyond edges and lanes; NULL: nothing. */
typedef bool (*pl_hold)(const struct pl *p, const struct pl_state *s, uint32_t body, void *data);

void pl_start(const struct pl *p, struct pl_state *s);
bool pl_can(const struct pl *p, const struct pl_state *s, uint32_t body);
void pl_fire(const struct pl *p, struct pl_state *s, uint32_t body);
/* Labels of parts that edges and lanes connect; their number. */
uint32_t pl_parts(const struct pl *p, uint32_t *part);

enum pl_verdict { PL_LIVE, PL_DEAD, PL_UNKNOWN };
/* Every interleaving of firings. PL_UNKNOWN: too many states */
enum pl_verdict pl_explore(const struct pl *p);
/* Plays with times until a state comes back. False: none did. With groups when @groups, FIFO, ties by index */
bool pl_period(const struct pl *p, bool groups, pl_hold hold, void *data, uint64_t *num, uint64_t *den);

#endif
