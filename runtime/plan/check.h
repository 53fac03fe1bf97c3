/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The one place that trusts nothing of a net: all others index by what is in it. */
#ifndef WEFT_PLAN_CHECK_H
#define WEFT_PLAN_CHECK_H

#include "net.h"
#include "why.h"

#define WEFT_MAX_BODIES		(1u << 20)
#define WEFT_MAX_EDGES		(1u << 22)
#define WEFT_MAX_DEPTH		(1u << 20)
#define WEFT_MAX_SKEW		(1 << 20)

/* 0, -EINVAL, or -E2BIG: more than the limits above; with what is wrong in the user's names. -ENOMEM */
int weft_net_check(const struct weft_net *net, struct weft_why *why);
/* Bodies of each lane fire equally often, and times of a sequence stay exact: 0 or -EINVAL. */
int weft_net_check_rates(const struct weft_net *net, const uint32_t *q, struct weft_why *why);

#endif
