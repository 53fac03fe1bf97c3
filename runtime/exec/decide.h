/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What preparing a plan decided, as a list of words; a plan that has its text takes it back without a planner. */
#ifndef WEFT_EXEC_DECIDE_H
#define WEFT_EXEC_DECIDE_H

#include "exec.h"

struct weft_words {
	uint64_t *word;
	uint64_t count, at;
	uint32_t room;
	bool failed;			/* no memory to write, or none left to read */
};

/* Appends the decisions of a prepared plan; 0 or -ENOMEM. The list is freed by the caller. */
int weft_decisions_put(const struct weft_plan *plan, struct weft_words *words);
/* All of a list to a plan that is not prepared, which it then is; 0, or an errno as of weft_plan_read() with text, and it is not. */
int weft_decisions_take(struct weft_plan *plan, struct weft_words *words);

/* verify.c: 0, -EDEADLK with the cycle, -EINVAL, -EOVERFLOW (too many firings), -ENOMEM */
int weft_decisions_live(const struct weft_plan *plan);

#endif
