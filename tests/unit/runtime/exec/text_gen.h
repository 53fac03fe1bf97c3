/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Plans at random that use all of body.h, balanced or not, and whether two are the same. */
#ifndef TEXT_GEN_H
#define TEXT_GEN_H

#include "ex.h"

/* A plan on the cards of @x; its texts have names with every kind of byte. */
struct weft_plan *gen_plan(struct ex *x, uint64_t seed);
/* One whose rates balance, so that most can be prepared. */
struct weft_plan *gen_balanced(struct ex *x, uint64_t seed);
/* Fails the test where the plans differ in anything that a text says. */
void gen_same(const struct weft_plan *a, const struct weft_plan *b);
/* The text, owned by the caller. */
char *gen_print(const struct weft_plan *plan, uint32_t flags, size_t *bytes);

#endif
