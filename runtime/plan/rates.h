/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* How often each body fires in one sequence of the plan. */
#ifndef WEFT_PLAN_RATES_H
#define WEFT_PLAN_RATES_H

#include "net.h"
#include "why.h"

/* Copies of bodies in the expanded graph, at most: a plan with more is refused rather than verified for minutes. */
#define WEFT_MAX_NODES	(1u << 22)

/* Greatest common divisor; of 0 and x: x */
uint64_t weft_gcd(uint64_t a, uint64_t b);

/**
 * weft_rates() - the repetition vector
 * @net: every index in it valid
 * @q: num_bodies; the smallest positive integers, in each connected part, for which every edge gets and gives as many tokens
 *
 * Return: 0, -EINVAL: an edge does not balance, named with both numbers, -EOVERFLOW: more than WEFT_MAX_NODES firings in a
 * sequence, -ENOMEM.
 */
int weft_rates(const struct weft_net *net, uint32_t *q, struct weft_why *why);

#endif
