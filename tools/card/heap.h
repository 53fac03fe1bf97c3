/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Pairing heap inside the elements it orders: no allocation, insertion in O(1), removal of any element in O(log n)
 * amortised. Among equal keys the one inserted first is least.
 */
#ifndef WCARD_HEAP_H
#define WCARD_HEAP_H

#include <stdbool.h>
#include <stdint.h>

struct wcard_node {
	struct wcard_node *child, *next, *prev;	/* prev: left sibling, of the first child its parent */
	uint64_t key, seq;			/* not to be changed while in a heap */
};

struct wcard_heap {
	struct wcard_node *root;		/* the least */
	uint64_t seq;
};

void wcard_heap_insert(struct wcard_heap *h, struct wcard_node *n);
void wcard_heap_remove(struct wcard_heap *h, struct wcard_node *n);

#endif
