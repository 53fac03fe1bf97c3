/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a plan needs of each memory. */
#ifndef WEFT_PLAN_ROOM_H
#define WEFT_PLAN_ROOM_H

#include "pool.h"

/* Bytes of an edge by itself: a state edge is written in place, whatever its depth. Saturates. */
uint64_t weft_room_edge(const struct weft_net_edge *e);
/* @bytes, num_rooms of them, with pools; without when @pools is NULL. */
void weft_room_bytes(const struct weft_net *net, const struct weft_pools *pools, uint64_t *bytes);
/*
 * 0, or -ENOSPC: the text says how much is missing where, and the largest edge there. @tight: gets that memory
 */
int weft_room_check(const struct weft_net *net, const uint64_t *bytes, uint32_t *tight, struct weft_why *why);

#endif
