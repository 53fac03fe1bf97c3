// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <stddef.h>

#include "heap.h"

static bool less(const struct wcard_node *a, const struct wcard_node *b)
{
	return a->key != b->key ? a->key < b->key : a->seq < b->seq;
}

/* Both are roots of their own. */
static struct wcard_node *meld(struct wcard_node *a, struct wcard_node *b)
{
	if (!a || !b)
		return a ? a : b;
	if (less(b, a)) {
		struct wcard_node *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	b->prev = a;
	a->child = b;
	return a;
}

/* One tree of a list of siblings: pairs from the left, then all of them from the right. */
static struct wcard_node *merge(struct wcard_node *first)
{
	struct wcard_node *pairs = NULL, *all = NULL;

	while (first) {
		struct wcard_node *a = first, *b = a->next;

		first = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct wcard_node *a = pairs;

		pairs = a->next;
		a->next = NULL;
		all = meld(all, a);
	}
	return all;
}

void wcard_heap_insert(struct wcard_heap *h, struct wcard_node *n)
{
	n->child = n->next = n->prev = NULL;
	n->seq = h->seq++;
	h->root = meld(h->root, n);
}

void wcard_heap_remove(struct wcard_heap *h, struct wcard_node *n)
{
	struct wcard_node *below = merge(n->child);

	if (n == h->root) {
		h->root = below;
	} else {
		if (n->prev->child == n)
			n->prev->child = n->next;
		else
			n->prev->next = n->next;
		if (n->next)
			n->next->prev = n->prev;
		h->root = meld(h->root, below);
	}
	n->child = n->next = n->prev = NULL;
}
