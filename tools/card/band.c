// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * A floor works by credit: while a band has work it is owed its part of all engine time the card spends, and pays for
 * what it gets. Who is owed something goes first; else the highest band does. FENCE spaces together are owed likewise,
 * whatever bands they are in, and one slot is never given to an LR space.
 */
#include <stddef.h>
#include <string.h>

#include "defect.h"
#include "engine.h"

#define QUEUE_OF(n)	((struct wcard_queue *)(void *)((char *)(n) - offsetof(struct wcard_queue, node)))
#define SHARE_OF(n)	((struct wcard_share *)(void *)((char *)(n) - offsetof(struct wcard_share, node)))
#define WEIGHT_ONE	100

struct choice {
	struct wcard_queue *q;
	const struct wcard_node *key;
};

static unsigned int band_of(const struct wcard_queue *q)
{
	return (q->c->m->caps & WEFT_CAP_BANDS) && !WCARD_BROKEN(band_ignored) ? q->desc.band : WEFT_BAND_NORMAL;
}

static struct wcard_share *share_of(struct wcard_queue *q)
{
	return &q->as->share[band_of(q)];
}

void wcard_bands_init(struct wcard_card *c)
{
	static const uint32_t floor[WCARD_BANDS] = { 0, 200, 100, 50 };

	memset(&c->bands, 0, sizeof(c->bands));
	for (unsigned int i = 0; i < WCARD_BANDS; i++) {
		c->bands.band[i].floor = floor[i];
		c->bands.band[i].slice_ns = WCARD_SLICE_NS;
	}
	for (unsigned int i = 0; i < WCARD_NUM_ASIDS; i++)
		memset(c->as[i].share, 0, sizeof(c->as[i].share));
}

int wcard_bands_policy(struct wcard_card *c, uint32_t band, uint32_t floor, uint32_t slice_ns)
{
	int status = WEFT_MBOX_BAD_ARG;
	uint64_t sum = floor;

	if (!(c->m->caps & WEFT_CAP_BANDS))
		return WEFT_MBOX_NO_CAP;
	if (band >= WCARD_BANDS || !slice_ns || slice_ns > WCARD_SLICE_MAX_NS)
		return status;
	pthread_mutex_lock(&c->m->lock);
	for (unsigned int i = 0; i < WCARD_BANDS; i++)
		sum += i == band ? 0 : c->bands.band[i].floor;
	if (sum <= 1000) {
		c->bands.band[band].floor = floor;
		c->bands.band[band].slice_ns = slice_ns;
		status = WEFT_MBOX_OK;
	}
	pthread_mutex_unlock(&c->m->lock);
	return status;
}

static void held_push(struct wcard_band *b, struct wcard_queue *q)
{
	unsigned int type = q->as->type;

	q->held_next = NULL;
	q->held_prev = b->held_last[type];
	if (q->held_prev)
		q->held_prev->held_next = q;
	else
		b->held[type] = q;
	b->held_last[type] = q;
}

static void held_remove(struct wcard_band *b, struct wcard_queue *q)
{
	unsigned int type = q->as->type;

	if (q->held_prev)
		q->held_prev->held_next = q->held_next;
	else
		b->held[type] = q->held_next;
	if (q->held_next)
		q->held_next->held_prev = q->held_prev;
	else
		b->held_last[type] = q->held_prev;
}

static void activate(struct wcard_queue *q, int by)
{
	struct wcard_bands *s = &q->c->bands;

	s->active += (unsigned int)by;
	s->band[band_of(q)].active += (unsigned int)by;
	if (q->as->type == WEFT_AS_FENCE)
		s->fence_active += (unsigned int)by;
}

void wcard_bands_space(struct wcard_as *as)
{
	memset(as->share, 0, sizeof(as->share));
}

void wcard_bands_push(struct wcard_queue *q, bool slept)
{
	struct wcard_bands *s = &q->c->bands;
	struct wcard_band *b = &s->band[band_of(q)];
	struct wcard_share *share = share_of(q);

	if (slept && !s->active && s->time < q->c->m->least)
		s->time = q->c->m->least;
	if (!share->ready.root) {
		if (slept && share->node.key < b->least)
			share->node.key = b->least;
		wcard_heap_insert(&b->ready[q->as->type], &share->node);
	}
	if (slept && q->node.key < share->least)
		q->node.key = share->least;
	wcard_heap_insert(&share->ready, &q->node);
	if (q->holds_slot)
		held_push(b, q);
	s->nready++;
	activate(q, 1);
}

static void take_off(struct wcard_queue *q)
{
	struct wcard_bands *s = &q->c->bands;
	struct wcard_band *b = &s->band[band_of(q)];
	struct wcard_share *share = share_of(q);

	wcard_heap_remove(&share->ready, &q->node);
	if (!share->ready.root)
		wcard_heap_remove(&b->ready[q->as->type], &share->node);
	if (q->holds_slot)
		held_remove(b, q);
	s->nready--;
}

void wcard_bands_remove(struct wcard_queue *q)
{
	take_off(q);
	activate(q, -1);
}

/* LR spaces leave one slot, which FENCE spaces find whatever happens. */
static bool slot_room(const struct wcard_card *c, unsigned int type)
{
	const unsigned int *used = c->bands.slots;

	return used[0] + used[1] < c->m->slots && (type == WEFT_AS_FENCE || used[WEFT_AS_LR] + 1 < c->m->slots ||
						   WCARD_BROKEN(fence_slot));
}

static void consider(struct choice *best, const struct wcard_card *c, struct wcard_band *b, unsigned int type)
{
	const struct wcard_node *n = b->ready[type].root;
	struct wcard_queue *q;

	if (!n)
		return;
	if (slot_room(c, type)) {
		q = QUEUE_OF(SHARE_OF(n)->ready.root);
	} else {
		/* All slots taken: only who still holds one (its TIMED packet ended) may go on. */
		q = b->held[type];
		if (!q)
			return;
		n = &share_of(q)->node;
	}
	if (!best->q || n->key < best->key->key)
		*best = (struct choice){ q, n };
}

static struct wcard_queue *best_of(struct wcard_card *c, unsigned int band, bool fence_only)
{
	struct wcard_band *b = &c->bands.band[band];
	struct choice best = { 0 };

	consider(&best, c, b, WEFT_AS_FENCE);
	if (!fence_only)
		consider(&best, c, b, WEFT_AS_LR);
	return best.q;
}

static struct wcard_queue *owed(struct wcard_card *c)
{
	struct wcard_bands *s = &c->bands;
	struct wcard_queue *q = NULL;
	int64_t most = 0;

	for (unsigned int i = 0; i < WCARD_BANDS && s->fence_credit > 0 && s->fence_active && !WCARD_BROKEN(fence_floor);
	     i++) {
		q = best_of(c, i, true);
		if (q) {
			q->by = WCARD_BY_FENCE;
			return q;
		}
	}
	for (unsigned int i = 0; i < WCARD_BANDS && !WCARD_BROKEN(floor_ignored); i++) {
		struct wcard_queue *other = s->band[i].credit > most ? best_of(c, i, false) : NULL;

		if (other) {
			most = s->band[i].credit;
			q = other;
			q->by = WCARD_BY_FLOOR;
		}
	}
	return q;
}

/* Moves a share in its band's order. */
static void share_charge(struct wcard_queue *q, uint64_t plus, uint64_t minus)
{
	struct wcard_heap *h = &q->c->bands.band[band_of(q)].ready[q->as->type];
	struct wcard_share *share = share_of(q);

	if (WCARD_BROKEN(space_turns))
		return;
	if (share->ready.root)
		wcard_heap_remove(h, &share->node);
	share->node.key += plus;
	share->node.key -= minus < share->node.key ? minus : share->node.key;
	if (share->ready.root)
		wcard_heap_insert(h, &share->node);
}

/* A slice begins, with these times of its space and its card: nobody who comes begins earlier. */
static void begin(struct wcard_queue *q, uint64_t space, uint64_t card)
{
	struct wcard_band *b = &q->c->bands.band[band_of(q)];
	struct wcard_share *share = share_of(q);

	if (space > b->least)
		b->least = space;
	if (q->node.key > share->least)
		share->least = q->node.key;
	if (card > q->c->m->least && !WCARD_BROKEN(sleeper_claims))
		q->c->m->least = card;
}

struct wcard_queue *wcard_bands_pick(struct wcard_card *c, uint64_t now)
{
	struct wcard_bands *s = &c->bands;
	struct wcard_queue *q = owed(c);
	struct wcard_band *b;

	if (!s->nready)
		return NULL;
	for (unsigned int i = 0; i < WCARD_BANDS && !q; i++) {
		q = best_of(c, i, false);
		if (q)
			q->by = WCARD_BY_BAND;
	}
	if (!q)
		return NULL;
	b = &s->band[band_of(q)];
	begin(q, share_of(q)->node.key, s->time);
	take_off(q);
	if (!q->holds_slot) {
		q->holds_slot = true;
		q->slot_since_ns = now;
		s->slots[q->as->type]++;
	}
	q->slice_ns = q->advance_ns = b->slice_ns;
	share_charge(q, q->advance_ns, 0);
	s->time += q->advance_ns;
	return q;
}

static void pay(int64_t *credit, uint64_t ns, bool all)
{
	int64_t left = *credit - (int64_t)ns;

	/* What a band gets as the highest one costs it only what it was owed. */
	if (!all && left < 0)
		left = *credit < 0 ? *credit : 0;
	*credit = left > -WCARD_CREDIT_MAX_NS ? left : -WCARD_CREDIT_MAX_NS;
}

static void earn(int64_t *credit, uint64_t ns, uint32_t floor)
{
	*credit += (int64_t)(ns * floor / 1000);
	if (*credit > WCARD_CREDIT_MAX_NS)
		*credit = WCARD_CREDIT_MAX_NS;
}

static void spend(struct wcard_queue *q, uint64_t ns)
{
	struct wcard_bands *s = &q->c->bands;

	for (unsigned int i = 0; i < WCARD_BANDS; i++)
		if (s->band[i].active)
			earn(&s->band[i].credit, ns, s->band[i].floor);
	if (s->fence_active)
		earn(&s->fence_credit, ns, WCARD_FENCE_FLOOR);
	pay(&s->band[band_of(q)].credit, ns, q->by == WCARD_BY_FLOOR);
	if (q->as->type == WEFT_AS_FENCE)
		pay(&s->fence_credit, ns, q->by == WCARD_BY_FENCE);
	share_charge(q, ns, 0);
	q->node.key += WCARD_BROKEN(weight_ignored) ? ns : ns * WEIGHT_ONE / q->desc.weight;
	s->time += ns;
}

void wcard_bands_put(struct wcard_queue *q, uint64_t ns)
{
	spend(q, ns);
	share_charge(q, 0, q->advance_ns);
	q->c->bands.time -= q->advance_ns;
	activate(q, -1);
}

static uint64_t up_to(uint64_t time, uint64_t least)
{
	return time < least ? least - time : 0;
}

/* Nobody waits. Who runs beside it may have got more, on an engine that is faster, and owes it nothing for that. */
void wcard_bands_charge(struct wcard_queue *q, uint64_t ns)
{
	struct wcard_share *share = share_of(q);

	if (WCARD_BROKEN(alone_on_credit))
		return;
	spend(q, ns);
	q->node.key += up_to(q->node.key, share->least);
	share_charge(q, up_to(share->node.key, q->c->bands.band[band_of(q)].least + q->advance_ns), 0);
	q->c->bands.time += up_to(q->c->bands.time, q->c->m->least + q->advance_ns);
	begin(q, share_of(q)->node.key - q->advance_ns, q->c->bands.time - q->advance_ns);
}

void wcard_bands_slot_free(struct wcard_queue *q)
{
	if (!q->holds_slot)
		return;
	q->holds_slot = false;
	q->c->bands.slots[q->as->type]--;
}
