// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The pairing heap against a search through all elements. COUNT operations, SEED. */
#include "rig.h"

#define ELEMENTS	64

static struct wcard_node node[ELEMENTS];
static bool in[ELEMENTS];
static uint64_t born[ELEMENTS];

static struct wcard_node *least(void)
{
	int best = -1;

	for (int i = 0; i < ELEMENTS; i++)
		if (in[i] && (best < 0 || node[i].key < node[best].key ||
			      (node[i].key == node[best].key && born[i] < born[best])))
			best = i;
	return best < 0 ? NULL : &node[best];
}

static void against_search(void **state)
{
	uint64_t count = rig_number("COUNT", 200000), seed = rig_number("SEED", 1), clock = 0;
	struct wcard_heap h = { 0 };

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t r = rig_random(&seed);
		unsigned int k = (unsigned int)(r % ELEMENTS);

		/* Taking the least is what pairs siblings; few keys, so that equal ones are common. */
		if (h.root && r >> 32 & 1)
			k = (unsigned int)(h.root - node);
		if (in[k]) {
			wcard_heap_remove(&h, &node[k]);
			in[k] = false;
		} else {
			node[k].key = r >> 40 & 15;
			born[k] = clock++;
			wcard_heap_insert(&h, &node[k]);
			in[k] = true;
		}
		assert_ptr_equal(h.root, least());
	}
	while (h.root) {
		assert_ptr_equal(h.root, least());
		in[h.root - node] = false;
		wcard_heap_remove(&h, h.root);
	}
	assert_null(least());
}

/* First come, first served. */
static void equal_keys(void **state)
{
	struct wcard_node n[100] = { 0 };
	struct wcard_heap h = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		wcard_heap_insert(&h, &n[i]);
	for (int i = 0; i < 100; i++) {
		assert_ptr_equal(h.root, &n[i]);
		wcard_heap_remove(&h, h.root);
		assert_true(!n[i].child && !n[i].next && !n[i].prev);
	}
	assert_null(h.root);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(against_search), cmocka_unit_test(equal_keys) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
