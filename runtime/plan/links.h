/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Which body has to come before which, in estimates: firings of a body are taken to be evenly apart, times are floating
 * point. Good enough to choose lanes by; what comes out is verified on the exact graph.
 */
#ifndef WEFT_PLAN_LINKS_H
#define WEFT_PLAN_LINKS_H

#include <stdbool.h>

#include "net.h"

/* @to starts after @from by its time, less @tokens periods of a sequence. */
struct weft_link {
	uint32_t from, to;
	double tokens;
};

struct weft_links {
	const struct weft_net *net;
	const uint32_t *q;
	struct weft_link *link;		/* sorted by to */
	uint32_t num_links, *in_at, *out_at, *out;
	uint32_t *rank;			/* bodies: as early as can be, among those who has most behind it first */
	double *start, *tail;		/* of a body, ns */
	double *time;			/* of a firing, ns: near each other, which the bodies themselves are not */
	double period;			/* of a sequence, ns; the caller's */
	bool loops;			/* known when ranked: some link closes a loop, or may */
};

/* 0 or -ENOMEM */
int weft_links_init(struct weft_links *links, const struct weft_net *net, const uint32_t *q);
void weft_links_fini(struct weft_links *links);
/* Fills rank, start and tail for the period. 0 or -ENOMEM */
int weft_links_rank(struct weft_links *links);
/* When a body can start, by the start of those before it. What lies back in the plan binds only sequences to come. */
double weft_links_earliest(const struct weft_links *links, uint32_t body);

#endif
