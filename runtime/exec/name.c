/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <stdlib.h>
#include <string.h>

#include "name.h"

static uint32_t hash(const char *name, uint32_t kind)
{
	uint64_t h = 0xcbf29ce484222325ull + kind;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3ull;
	return (uint32_t)(h ^ h >> 32);
}

/* Its slot, or the free one that it would have. */
static struct weft_name *slot(const struct weft_names *n, const char *name, uint32_t kind)
{
	uint32_t at = hash(name, kind) & (n->room - 1);

	while (n->slot[at].name && (n->slot[at].kind != kind || strcmp(n->slot[at].name, name)))
		at = (at + 1) & (n->room - 1);
	return &n->slot[at];
}

uint32_t weft_names_find(const struct weft_names *n, const char *name, uint32_t kind)
{
	const struct weft_name *s = n->room ? slot(n, name, kind) : NULL;

	return s && s->name ? s->number : UINT32_MAX;
}

bool weft_names_add(struct weft_names *n, const char *name, uint32_t kind, uint32_t number)
{
	if (2 * n->count >= n->room) {
		struct weft_names more = { .room = n->room ? 2 * n->room : 64, .count = n->count };

		more.slot = calloc(more.room, sizeof(more.slot[0]));
		if (!more.slot)
			return false;
		for (uint32_t i = 0; i < n->room; i++)
			if (n->slot[i].name)
				*slot(&more, n->slot[i].name, n->slot[i].kind) = n->slot[i];
		free(n->slot);
		*n = more;
	}
	*slot(n, name, kind) = (struct weft_name) { .name = name, .kind = kind, .number = number };
	n->count++;
	return true;
}

void weft_names_free(struct weft_names *n)
{
	free(n->slot);
	*n = (struct weft_names) { 0 };
}
