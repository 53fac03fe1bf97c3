// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Shares of engine time where there are no more queues than engines, or just one more: who ran alone owes nothing for that,
 * who is new owes nothing of others, and one queue has its share beside many. In busy time: what the machine that the card
 * runs on takes away is nobody's.
 */
#include "load.h"

#include <string.h>
#include <unistd.h>

#define ALONE_NS	UINT64_C(150000000)
#define TRIES		3		/* an engine whose thread lost its core is no engine meanwhile */

#define MOST		64u

/* Engines that execute units of more than time. */
static unsigned engines(struct card *c)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < rd32(c, WEFT_REG_NUM_ENGINES); i++)
		n += !(rd32(c, WEFT_REG_ENGINES + 16 * i) & WEFT_ENGINE_TIMED);
	CHECK(n, "no engine");
	return n < MOST ? n : MOST;
}

static struct queue *started(struct load *l)
{
	struct queue *q = load_queue(l, NULL);

	load_start(l, q);
	return q;
}

static uint64_t busy(struct queue *const *q, unsigned n)
{
	uint64_t ns = 0;

	for (unsigned i = 0; i < n; i++)
		ns += load_busy(q[i]);
	return ns;
}

/* Per mille of what both sides get that the first gets, within 250 ms of engine time. */
static uint64_t share(struct queue *const *a, unsigned na, struct queue *const *b, unsigned nb)
{
	uint64_t a0 = busy(a, na), b0 = busy(b, nb), da, db, end = ct_now_ns() + UINT64_C(5000000000);

	do {
		usleep(20000);
		da = busy(a, na) - a0;
		db = busy(b, nb) - b0;
	} while (da + db < 250000000 && ct_now_ns() < end);
	return da + db ? 1000 * da / (da + db) : 0;
}

static void alone(struct queue *const *q, unsigned n)
{
	WAIT_FOR(busy(q, n) > n * ALONE_NS, 10000, "150 ms of engine time for each of %u queues", n);
}

/* As many queues as there are engines; then as many more, of another space or of the same. */
static void newcomers(bool same)
{
	struct card *c = CARD;
	struct queue *old[MOST] = { 0 }, *new[MOST];
	unsigned n;
	uint64_t got;

	card_need(c);
	n = engines(c);
	struct load a = load_open(c, lr_or_fence(c)), b = same ? a : load_open(c, lr_or_fence(c));
	for (unsigned i = 0; i < n; i++) {
		old[i] = load_queue(&a, NULL);
		new[i] = load_queue(&b, NULL);
	}
	for (unsigned i = 0; i < n; i++)
		load_start(&a, old[i]);
	alone(old, n);
	for (unsigned i = 0; i < n; i++)
		load_start(&b, new[i]);
	got = share(old, n, new, n);
	ct_note("%s that ran alone: %llu per mille beside what came", same ? "queues" : "a space", (unsigned long long)got);
	CHECK(got >= 350 && got <= 650, "it got %llu per mille", (unsigned long long)got);
}

static void spaces(void)
{
	newcomers(false);
}

static void queues(void)
{
	newcomers(true);
}

/* The same of cards that share engines. */
static void cards(void)
{
	struct card *c[2] = { &ct_cards[0], &ct_cards[1] };
	struct queue *q[2][MOST] = { 0 };
	struct load l[2];
	unsigned n;
	uint64_t got;

	cards_open(2);
	for (unsigned k = 0; k < 2; k++) {
		card_need(c[k]);
		l[k] = load_open(c[k], lr_or_fence(c[k]));
	}
	n = engines(c[0]);
	for (unsigned i = 0; i < n; i++) {
		q[0][i] = load_queue(&l[0], NULL);
		q[1][i] = load_queue(&l[1], NULL);
	}
	for (unsigned i = 0; i < n; i++)
		load_start(&l[0], q[0][i]);
	alone(q[0], n);
	for (unsigned i = 0; i < n; i++)
		load_start(&l[1], q[1][i]);
	got = share(q[0], n, q[1], n);
	ct_note("a card that ran alone: %llu per mille beside one that came", (unsigned long long)got);
	CHECK(got >= 350, "it got %llu per mille", (unsigned long long)got);
}

/* What the last space with this number used is not this one's. */
static void number(void)
{
	struct card *c = CARD;
	struct queue *last, *other, *new;
	uint32_t asid;
	uint64_t got;

	card_need(c);
	struct load a = load_open(c, lr_or_fence(c)), b = load_open(c, lr_or_fence(c)), d;
	asid = a.s->asid;
	last = started(&a);
	alone(&last, 1);
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, asid, 0, 0), WEFT_SAFE_OK, "status of AS_STOP");
	queue_destroy(last);
	space_destroy(a.s);
	other = started(&b);
	for (unsigned i = 1; i < engines(c); i++)
		started(&b);
	usleep(20000);
	d = load_open_as(c, asid, lr_or_fence(c));
	new = started(&d);
	for (unsigned i = 1; i < engines(c); i++)
		started(&d);
	got = share(&new, 1, &other, 1);
	ct_note("a space of a number that was in use: %llu per mille", (unsigned long long)got);
	CHECK(got >= 350, "it got %llu per mille", (unsigned long long)got);
}

/* Per mille of all engines' time that the slowest of them gives: its thread may have lost its core to somebody else. */
static uint64_t slowest(struct card *c, const uint64_t *before)
{
	uint64_t least = ~UINT64_C(0), all = 0;

	for (unsigned i = 0; i < engines(c); i++) {
		uint64_t ns = counter(c, WEFT_CNT_ENGINE_BUSY_NS, 0, i) - before[i];

		least = ns < least ? ns : least;
		all += ns;
	}
	return all ? 1000 * least / all : 0;
}

/* One queue beside a space with many: its half, or all that one engine gives, be it the slowest. */
static void one(void)
{
	struct card *c = CARD;
	struct queue *mine, *many[32];
	uint64_t got = 0, owed = 0;

	card_need(c);
	struct load a = load_open(c, lr_or_fence(c)), b = load_open(c, lr_or_fence(c));
	for (unsigned i = 0; i < ARRAY_LEN(many); i++)
		many[i] = started(&b);
	mine = started(&a);
	usleep(20000);
	for (unsigned i = 0; i < TRIES && got <= owed; i++) {
		uint64_t before[MOST];

		for (unsigned k = 0; k < engines(c); k++)
			before[k] = counter(c, WEFT_CNT_ENGINE_BUSY_NS, 0, k);
		got = share(&mine, 1, many, ARRAY_LEN(many));
		owed = slowest(c, before) * 85 / 100;
		owed = owed < 425 ? owed : 425;
		ct_note("one queue of a space beside 32 of another: %llu per mille, at least %llu", (unsigned long long)got,
			(unsigned long long)owed);
	}
	CHECK(got > owed, "it got %llu per mille, and is owed %llu", (unsigned long long)got, (unsigned long long)owed);
}

static const struct ct_test tests[] = {
	{ "a space that ran alone owes nothing for it", spaces, 0, 0, false },
	{ "queues that ran alone owe nothing for it", queues, 0, 0, false },
	{ "a card that ran alone owes nothing for it", cards, 0, 2, false },
	{ "a space owes nothing of the last with its number", number, 0, 0, false },
	{ "one queue beside many", one, WEFT_CAP_COUNTERS, 0, false },
};
CT_SECTION_OF(fair, WEFT_CAP_LOOP | WEFT_CAP_CALL);
