// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Who is next: engine time is simulated, each turn takes a slice, and queues always have more to do. */
#include "rig.h"

#define SLICE	1000000ull
#define QUEUES	8

struct bed {
	struct wcard_machine *m;
	struct wcard_card *c;
	struct wcard_queue q[QUEUES];
	unsigned int n;
	unsigned int turns[QUEUES];
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	b->m = rig_new(1);
	b->c = b->m->card[0];
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	rig_free(b->m);
	free(b);
	return 0;
}

static struct wcard_queue *ready(struct bed *b, unsigned int space, unsigned int type, uint8_t band, uint16_t weight)
{
	struct wcard_queue *q = &b->q[b->n++];

	q->c = b->c;
	q->as = rig_as(b->c, space);
	q->as->type = type;
	q->desc.band = band;
	q->desc.weight = weight;
	wcard_bands_push(q, true);
	return q;
}

static void turn(struct bed *b)
{
	struct wcard_queue *q = wcard_bands_pick(b->c, 0);

	assert_non_null(q);
	b->turns[q - b->q]++;
	wcard_bands_put(q, q->slice_ns);
	wcard_bands_slot_free(q);
	wcard_bands_push(q, false);
}

static void turns(struct bed *b, unsigned int n)
{
	memset(b->turns, 0, sizeof(b->turns));
	while (n--)
		turn(b);
}

/* The highest band takes what the others are not owed: 200, 100 and 50 of 1000. */
static void floors(void **state)
{
	struct bed *b = *state;

	for (uint8_t band = 0; band < 4; band++)
		ready(b, 1 + band, WEFT_AS_LR, band, 100);
	turns(b, 20000);
	assert_in_range(b->turns[0], 12800, 13200);
	assert_in_range(b->turns[1], 3900, 4100);
	assert_in_range(b->turns[2], 1900, 2100);
	assert_in_range(b->turns[3], 950, 1050);
	assert_int_equal(wcard_bands_policy(b->c, 3, 500, SLICE), WEFT_MBOX_OK);
	turns(b, 20000);
	assert_in_range(b->turns[3], 9800, 10200);
}

/* Nobody is above: then a lower band has it all, and is owed no less afterwards for it. */
static void alone(void **state)
{
	struct bed *b = *state;

	ready(b, 1, WEFT_AS_LR, 3, 100);
	turns(b, 10000);
	ready(b, 2, WEFT_AS_LR, 0, 100);
	turns(b, 10000);
	assert_in_range(b->turns[0], 494, 506);
}

static void policy(void **state)
{
	struct bed *b = *state;

	assert_int_equal(wcard_bands_policy(b->c, 4, 0, SLICE), WEFT_MBOX_BAD_ARG);
	assert_int_equal(wcard_bands_policy(b->c, 1, 0, 0), WEFT_MBOX_BAD_ARG);
	assert_int_equal(wcard_bands_policy(b->c, 1, 0, 100000001), WEFT_MBOX_BAD_ARG);
	assert_int_equal(wcard_bands_policy(b->c, 0, 651, SLICE), WEFT_MBOX_BAD_ARG);	/* 1001 in all */
	assert_int_equal(wcard_bands_policy(b->c, 0, UINT32_MAX, SLICE), WEFT_MBOX_BAD_ARG);
	assert_int_equal(wcard_bands_policy(b->c, 0, 650, 2 * SLICE), WEFT_MBOX_OK);
	assert_int_equal(wcard_bands_policy(b->c, 0, 650, 2 * SLICE), WEFT_MBOX_OK);	/* its own floor does not count twice */
	ready(b, 1, WEFT_AS_LR, 0, 100);
	assert_int_equal(wcard_bands_pick(b->c, 0)->slice_ns, 2 * SLICE);
	b->m->caps &= ~(uint64_t)WEFT_CAP_BANDS;
	assert_int_equal(wcard_bands_policy(b->c, 0, 0, SLICE), WEFT_MBOX_NO_CAP);
}

/* In a space by weight. */
static void weights(void **state)
{
	struct bed *b = *state;

	ready(b, 1, WEFT_AS_LR, 1, 300);
	ready(b, 1, WEFT_AS_LR, 1, 100);
	ready(b, 1, WEFT_AS_LR, 1, 1000);
	turns(b, 14000);
	assert_in_range(b->turns[0], 2950, 3050);
	assert_in_range(b->turns[1], 950, 1050);
	assert_in_range(b->turns[2], 9900, 10100);
}

/* Many queues give a space no more time. */
static void spaces(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < 5; i++)
		ready(b, 1, WEFT_AS_LR, 2, 100);
	ready(b, 2, WEFT_AS_LR, 2, 100);
	turns(b, 10000);
	assert_in_range(b->turns[5], 4950, 5050);
	for (int i = 0; i < 5; i++)
		assert_in_range(b->turns[i], 950, 1050);
}

/* Who slept has no claim to what it did not use. */
static void sleepers(void **state)
{
	struct bed *b = *state;

	ready(b, 1, WEFT_AS_LR, 2, 100);
	turns(b, 1000);
	ready(b, 2, WEFT_AS_LR, 2, 100);
	ready(b, 1, WEFT_AS_LR, 2, 100);
	turns(b, 100);
	assert_in_range(b->turns[0], 20, 30);
	assert_in_range(b->turns[1], 45, 55);
	assert_in_range(b->turns[2], 20, 30);
}

/* Fence work gets its part from whatever band it is in. */
static void fences(void **state)
{
	struct bed *b = *state;

	assert_int_equal(wcard_bands_policy(b->c, 3, 0, SLICE), WEFT_MBOX_OK);
	ready(b, 1, WEFT_AS_LR, 0, 100);
	ready(b, 2, WEFT_AS_FENCE, 3, 100);
	ready(b, 3, WEFT_AS_LR, 3, 100);
	turns(b, 10000);
	assert_in_range(b->turns[1], 950, 1050);
	assert_int_equal(b->turns[2], 0);
}

/* The last slot is for fence work, and one slot is one queue's. */
static void slots(void **state)
{
	struct bed *b = *state;
	struct wcard_queue *lr[4], *taken[4], *fence;

	for (unsigned int i = 0; i < 4; i++)
		lr[i] = ready(b, 1 + i, WEFT_AS_LR, 0, 100);
	for (unsigned int i = 0; i < 3; i++) {
		taken[i] = wcard_bands_pick(b->c, 0);
		assert_non_null(taken[i]);
		assert_true(taken[i]->holds_slot);
	}
	assert_null(wcard_bands_pick(b->c, 0));
	fence = ready(b, 7, WEFT_AS_FENCE, 3, 100);
	taken[3] = wcard_bands_pick(b->c, 0);
	assert_ptr_equal(taken[3], fence);
	/* Parked in its slot, ready again: it may go on, though all are taken. */
	wcard_bands_put(taken[1], SLICE);
	assert_null(wcard_bands_pick(b->c, 0));
	wcard_bands_push(taken[1], true);
	assert_ptr_equal(wcard_bands_pick(b->c, 0), taken[1]);
	/* Given back: the one who waited. */
	wcard_bands_put(taken[0], SLICE);
	wcard_bands_slot_free(taken[0]);
	wcard_bands_slot_free(taken[0]);
	assert_ptr_equal(wcard_bands_pick(b->c, 0), lr[0] == taken[0] || lr[0] == taken[1] || lr[0] == taken[2] ?
			 (lr[1] == taken[0] || lr[1] == taken[1] || lr[1] == taken[2] ?
			  (lr[2] == taken[0] || lr[2] == taken[1] || lr[2] == taken[2] ? lr[3] : lr[2]) : lr[1]) : lr[0]);
	wcard_bands_push(taken[0], true);
	assert_null(wcard_bands_pick(b->c, 0));			/* one slot, given back once */
}

/* Who cannot run is owed something, but not for ever. */
static void credit_is_bounded(void **state)
{
	struct bed *b = *state;

	for (unsigned int i = 0; i < 4; i++)
		ready(b, 1 + i, WEFT_AS_LR, 3, 100);
	for (unsigned int i = 0; i < 3; i++)
		assert_non_null(wcard_bands_pick(b->c, 0));
	ready(b, 7, WEFT_AS_FENCE, 2, 100);
	turns(b, 1000);
	assert_int_equal(b->turns[4], 1000);
	assert_int_equal(b->c->bands.band[3].credit, 20 * SLICE);
}

/* A turn of any length, paid for as it goes, costs its queue nothing later. */
static void paid(void **state)
{
	struct bed *b = *state;
	struct wcard_queue *q;

	ready(b, 1, WEFT_AS_LR, 3, 100);
	q = wcard_bands_pick(b->c, 0);
	for (unsigned int i = 0; i < 1000; i++)
		wcard_bands_charge(q, SLICE);
	ready(b, 2, WEFT_AS_LR, 3, 100);
	wcard_bands_put(q, 0);
	wcard_bands_slot_free(q);
	wcard_bands_push(q, false);
	turns(b, 100);
	assert_in_range(b->turns[0], 48, 52);
	wcard_bands_remove(q);
	wcard_bands_space(q->as);
	assert_int_equal(q->as->share[3].node.key, 0);
	assert_int_equal(q->as->share[3].least, 0);
}

/* Two engines whose turns end at odd times: one queue of a space beside eight of another has its half. */
static void between_turns(void **state)
{
	uint64_t until[2] = { 0 }, took[2], mine = 0, all = 0;
	struct wcard_queue *on[2] = { NULL };
	struct bed *b = *state;
	uint32_t seed = 1;

	for (unsigned int i = 0; i < 9; i++)
		ready(b, i ? 2 : 1, WEFT_AS_LR, 3, 100);
	for (unsigned int n = 0; n < 6000; n++) {
		unsigned int e = until[1] < until[0];

		if (on[e]) {
			wcard_bands_put(on[e], took[e]);
			wcard_bands_slot_free(on[e]);
			wcard_bands_push(on[e], false);
			mine += on[e] == &b->q[0] ? took[e] : 0;
			all += took[e];
		}
		on[e] = wcard_bands_pick(b->c, 0);
		seed = seed * 1103515245 + 12345;
		took[e] = SLICE / 2 + (seed >> 8) % SLICE;
		until[e] += took[e];
	}
	assert_in_range(1000 * mine / all, 485, 515);
}

static void removed(void **state)
{
	struct bed *b = *state;
	struct wcard_queue *one = ready(b, 1, WEFT_AS_LR, 0, 100), *two = ready(b, 2, WEFT_AS_LR, 1, 100);

	wcard_bands_remove(one);
	assert_ptr_equal(wcard_bands_pick(b->c, 0), two);
	assert_null(wcard_bands_pick(b->c, 0));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(floors), T(alone), T(policy), T(weights), T(spaces), T(sleepers), T(fences), T(slots),
		T(credit_is_bounded), T(paid), T(between_turns), T(removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
