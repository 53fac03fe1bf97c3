/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What has to be opened beyond a sequence so that it gets through. */
#ifndef WEFT_PLAN_LAG_H
#define WEFT_PLAN_LAG_H

#include "arcs.h"

/*
 * Does the body wait on the gate? Those do whose first firing needs no token of another: sources, and bodies whose every input
 * has tokens enough from the start. What the host feeds holds a body as the gate does. With all of them held, no body runs beyond
 * the sequences that were opened.
 */
bool weft_lag_gated(const struct weft_net *net, uint32_t body);
/* The same of all: @gated has num_bodies. Linear. */
void weft_lag_gates(const struct weft_net *net, bool *gated);

/*
 * Sequences to open after sequence s so that every body has run s: a skewed lane parks on the gate with older firings behind
 * it. @arcs is of a live plan. 0 or -ENOMEM
 */
int weft_lag(const struct weft_arcs *arcs, uint32_t *lag, struct weft_why *why);

#endif
