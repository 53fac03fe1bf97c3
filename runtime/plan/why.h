/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Texts of the planner: it knows no library state, so the caller gives the place. */
#ifndef WEFT_PLAN_WHY_H
#define WEFT_PLAN_WHY_H

#include <stdint.h>

struct weft_why {
	char text[1000];
};

/* Sets the text and returns @err, a negative errno. @why may be NULL, here and in all of the planner. */
int weft_why(struct weft_why *why, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Appends; what does not fit ends in "…". */
void weft_why_add(struct weft_why *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
