/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Names to numbers; a plan of 100,000 bodies has as many. */
#ifndef WEFT_EXEC_NAME_H
#define WEFT_EXEC_NAME_H

#include <stdbool.h>
#include <stdint.h>

struct weft_name {
	const char *name;
	uint32_t kind, number;
};

struct weft_names {
	struct weft_name *slot;
	uint32_t room, count;		/* room is a power of two, or 0 */
};

/* The number of @name of this @kind, UINT32_MAX: none */
uint32_t weft_names_find(const struct weft_names *names, const char *name, uint32_t kind);
/* One that is not there yet; the text must stay. false: no memory */
bool weft_names_add(struct weft_names *names, const char *name, uint32_t kind, uint32_t number);
void weft_names_free(struct weft_names *names);

#endif
