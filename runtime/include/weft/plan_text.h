/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: plans as text
 *
 * Everything that body.h builds has a text that people read and write; Documentation/runtime/plan-text.rst has its grammar.
 * What weft_plan_print() writes, weft_plan_parse() makes a plan of that prints the same, byte for byte. A text may come from
 * anywhere: it is at most 64 MiB, and what a plan takes in the parser is bounded by its length and by 64 MiB of contents.
 */
#ifndef WEFT_PLAN_TEXT_H
#define WEFT_PLAN_TEXT_H

#include <stdio.h>

#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_PRINT_DECISIONS	0x1	/* lanes, depths, places of a prepared plan, as comments */

/**
 * weft_plan_print() - write the text of a plan, as it was built
 * @flags: WEFT_PRINT_*
 * @out: the caller's
 *
 * Return: 0, -EINVAL (flags; a constant in memory of the caller's, which has no text; decisions of a plan that is not prepared),
 * -EIO (@out took no more), -ENOTCONN.
 */
int weft_plan_print(const struct weft_plan *plan, uint32_t flags, FILE *out);

/**
 * weft_plan_parse() - the plan that a text describes
 * @text: of @bytes; need not end with a 0
 * @devices: cards, as in weft_plan_create(). The plan takes as many as its text says, the first ones
 * @count: of them, 1 … WEFT_PLAN_DEVICES
 * @plan: out, as one of weft_plan_create() to which everything was added; destroyed by the caller
 *
 * Return: 0; -EINVAL, -EEXIST, -ENOENT (kernel), -E2BIG: weft_last_error() is "LINE:COLUMN: found …, expected …", columns
 * counted in bytes from 1; -EPROTO (a text of another version), -ENODEV (the plan is for more cards than @count), -ENOTCONN,
 * -ENOMEM, and as weft_plan_create().
 */
int weft_plan_parse(const char *text, uint64_t bytes, struct weft_device *const *devices, uint32_t count,
		    struct weft_plan **plan);

/** weft_plan_text_cards() - cards that a text is for, without reading further than its first constant, edge or body. >= 1, or an errno */
int weft_plan_text_cards(const char *text, uint64_t bytes);

/**
 * weft_plan_directory() - where the files of constants are looked for, see weft_constant_file()
 * @path: copied; NULL = where the process is when the plan is loaded, as before the first call
 *
 * Return: 0, -EINVAL, -ENOTCONN, -ENOMEM.
 */
int weft_plan_directory(struct weft_plan *plan, const char *path);

/*
 * Handles of a plan that somebody else built; they live as long as it does. NULL with a text in weft_last_error(): it has none of
 * that name, or no plan is given.
 */
/** weft_plan_edge() - the edge of that name */
struct weft_edge *weft_plan_edge(const struct weft_plan *plan, const char *name);

/** weft_plan_body() - the body */
struct weft_body *weft_plan_body(const struct weft_plan *plan, const char *name);

/** weft_plan_constant() - the constant */
struct weft_constant *weft_plan_constant(const struct weft_plan *plan, const char *name);

/** weft_plan_edge_at() - edge @index, in the order they were made; NULL beyond the last */
struct weft_edge *weft_plan_edge_at(const struct weft_plan *plan, uint32_t index);

/** weft_edge_flags() - WEFT_EDGE_* that it was made with; 0 for a handle that is none */
uint32_t weft_edge_flags(const struct weft_edge *edge);

/** weft_edge_name() - constant text of the plan; NULL for a handle that is none */
const char *weft_edge_name(const struct weft_edge *edge);

/** weft_plan_name() - the same of the plan */
const char *weft_plan_name(const struct weft_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
