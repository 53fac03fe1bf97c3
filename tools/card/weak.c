// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "weak.h"

#define DESTS		(WCARD_MAX_CARDS + 1)	/* cards, then the host */
#define BYTES_MAX	(64u << 20)		/* posted and not yet visible, all together */

struct wcard_posted {
	struct wcard_posted *next;
	struct wcard_card *to;
	const void *by;			/* queue */
	uint8_t *at;
	uint64_t bytes, due_ns;
	struct wcard_cell cell;		/* words != 0: a SIGNAL */
	unsigned int words;
	uint64_t value, tag;
	uint8_t data[];
};

/* In the order in which they were posted; those of one queue become due in that order too. */
struct fifo {
	struct wcard_posted *first;
};

/* `lock` is innermost; who wakes waiters does it without. */
struct wcard_weak {
	struct wcard_machine *m;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	pthread_t thread;
	bool quit;
	uint64_t rng, bytes;
	struct fifo fifo[WCARD_MAX_CARDS][DESTS];
	struct wcard_posted *woken;	/* SIGNALs that are visible and whose cells nobody has looked at */
};

static uint64_t draw(struct wcard_weak *w)
{
	uint64_t z = w->rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Mostly soon, sometimes late enough for everything else to happen first. */
static uint64_t delay_ns(struct wcard_weak *w)
{
	static const uint32_t most[8] = { 1, 500, 500, 2000, 2000, 10000, 10000, 100000 };
	uint64_t r = draw(w);

	return (r >> 8) % most[r & 7];
}

static struct fifo *fifo_of(struct wcard_weak *w, const struct wcard_card *from, const struct wcard_card *to)
{
	return &w->fifo[from->index][to ? to->index : WCARD_MAX_CARDS];
}

/* lock held; the one at *pos, which then is the next */
static void land(struct wcard_weak *w, struct wcard_posted **pos)
{
	struct wcard_posted *p = *pos;

	*pos = p->next;
	w->bytes -= p->bytes;
	if (p->words) {
		wcard_cell_store(p->cell.at, p->words, p->value, p->tag);
		atomic_thread_fence(memory_order_seq_cst);
		if (p->cell.card) {
			p->next = w->woken;
			w->woken = p;
			return;
		}
	} else {
		memcpy(p->at, p->data, p->bytes);
	}
	free(p);
}

static void all_land(struct wcard_weak *w, struct fifo *f)
{
	while (f->first)
		land(w, &f->first);
}

static void unlock(struct wcard_weak *w)
{
	if (w->woken)
		pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

void wcard_weak_flush(struct wcard_card *from, struct wcard_card *to)
{
	struct wcard_weak *w = from->m->weak;

	pthread_mutex_lock(&w->lock);
	all_land(w, fifo_of(w, from, to));
	unlock(w);
}

void wcard_weak_flush_card(struct wcard_card *from)
{
	struct wcard_weak *w = from->m->weak;

	pthread_mutex_lock(&w->lock);
	for (unsigned int i = 0; i < DESTS; i++)
		all_land(w, &w->fifo[from->index][i]);
	unlock(w);
}

void wcard_weak_drain(struct wcard_machine *m)
{
	for (unsigned int i = 0; i < m->ncards; i++)
		wcard_weak_flush_card(m->card[i]);
}

void wcard_weak_arrive(struct wcard_acc *a, struct wcard_card *to)
{
	struct wcard_weak *w = a->c->m->weak;
	struct fifo *f = fifo_of(w, a->c, to);
	struct wcard_posted **pos = &f->first;

	pthread_mutex_lock(&w->lock);
	while (*pos)
		if ((*pos)->by == a->dirty)
			land(w, pos);
		else
			pos = &(*pos)->next;
	unlock(w);
}

static struct wcard_posted *staged(struct wcard_acc *a, uint64_t bytes)
{
	struct wcard_posted *p = malloc(sizeof(*p) + bytes);

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->bytes = bytes;
	p->by = a->dirty;
	if (a->staged)
		a->staged_last->next = p;
	else
		a->staged = p;
	a->staged_last = p;
	return p;
}

uint8_t *wcard_weak_stage(struct wcard_acc *a, struct wcard_card *to, uint8_t *at, uint64_t bytes)
{
	struct wcard_posted *p = staged(a, bytes);

	if (!p)
		return NULL;
	p->to = to;
	p->at = at;
	return p->data;
}

void wcard_weak_signal(struct wcard_acc *a, const struct wcard_cell *cell, unsigned int words, uint64_t value, uint64_t tag)
{
	struct wcard_posted *p = staged(a, 0);

	if (!p) {
		wcard_weak_settle(a, true);
		wcard_weak_flush(a->c, cell->card);
		wcard_cell_store(cell->at, words, value, tag);
		return;
	}
	p->to = cell->card;
	p->cell = *cell;
	p->words = words;
	p->value = value;
	p->tag = tag;
}

void wcard_weak_trim(struct wcard_acc *a, uint64_t bytes)
{
	for (struct wcard_posted *p = a->staged; p; p = p->next)
		if (p->bytes > bytes)
			p->bytes = bytes;
}

static void post(struct wcard_weak *w, struct fifo *f, struct wcard_posted *p, uint64_t now)
{
	struct wcard_posted **pos;

	p->due_ns = now + delay_ns(w);
	for (pos = &f->first; *pos; pos = &(*pos)->next)
		if ((*pos)->by == p->by && (*pos)->due_ns > p->due_ns)
			p->due_ns = (*pos)->due_ns;
	p->next = NULL;
	*pos = p;
	w->bytes += p->bytes;
	while (w->bytes > BYTES_MAX && f->first)
		land(w, &f->first);
}

void wcard_weak_settle(struct wcard_acc *a, bool keep)
{
	struct wcard_weak *w = a->c->m->weak;
	struct wcard_posted *p = a->staged, *next;
	uint64_t now = wcard_now(a->c->m);

	a->staged = NULL;
	if (!keep) {
		for (; p; p = next) {
			next = p->next;
			free(p);
		}
		return;
	}
	pthread_mutex_lock(&w->lock);
	for (; p; p = next) {
		next = p->next;
		post(w, fifo_of(w, a->c, p->to), p, now);
	}
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

/* lock held: lands what is due; when the next is, 0 = nothing is under way. */
static uint64_t due_land(struct wcard_weak *w, uint64_t now)
{
	uint64_t next = 0;

	for (unsigned int i = 0; i < w->m->ncards; i++)
		for (unsigned int k = 0; k < DESTS; k++) {
			struct wcard_posted **pos = &w->fifo[i][k].first;

			while (*pos) {
				if ((*pos)->due_ns <= now) {
					land(w, pos);
					continue;
				}
				if (!next || (*pos)->due_ns < next)
					next = (*pos)->due_ns;
				pos = &(*pos)->next;
			}
		}
	return next;
}

static void *weak_main(void *arg)
{
	struct wcard_weak *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->quit || w->woken) {
		uint64_t next = due_land(w, wcard_now(w->m));
		struct wcard_posted *p = w->woken, *rest;
		struct timespec ts;

		w->woken = NULL;
		if (p) {
			pthread_mutex_unlock(&w->lock);
			for (; p; p = rest) {
				rest = p->next;
				wcard_cell_look(p->cell.card, p->cell.off);
				free(p);
			}
			pthread_mutex_lock(&w->lock);
		} else if (next) {
			wcard_deadline(w->m, next, &ts);
			pthread_cond_timedwait(&w->cond, &w->lock, &ts);
		} else if (!w->quit) {
			pthread_cond_wait(&w->cond, &w->lock);
		}
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int wcard_weak_init(struct wcard_machine *m, uint64_t seed)
{
	struct wcard_weak *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->m = m;
	w->rng = seed;
	pthread_mutex_init(&w->lock, NULL);
	wcard_cond_init(&w->cond);
	if (pthread_create(&w->thread, NULL, weak_main, w))
		return -EAGAIN;
	m->weak = w;
	return 0;
}

void wcard_weak_fini(struct wcard_machine *m)
{
	struct wcard_weak *w = m->weak;

	if (!w)
		return;
	wcard_weak_drain(m);
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	free(w);
	m->weak = NULL;
}
