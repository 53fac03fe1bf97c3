/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Topologies: what stands for cards of which nothing was measured, and the text of those that were. */
#include "topology.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/core/error.h"
#include "runtime/core/library.h"

#define VERSION		1u
#define MICRO		1000000u	/* values have six digits behind the point, so that a text and what it says are the same */
#define MOST		1000000000u	/* of any value */

/*
 * Of emulated cards. Rates: weft bench topo --runs 31, 2026-11-30, four cards on two cores with AVX2, busy with other work, of which
 * the fastest runs are free: copies 9 to 20 GB/s, reduces 30 to 37. Times: card-bench on a quiet machine with AVX-512. On the first
 * machine commands with eight operands took 630 to 820 ns and hops 200 to 530; by those direct would be the faster one also of 8
 * bytes, but in turn with it push took 0.77 of its time (10.2 and 12.3 us against 13.7 and 15.3, the fastest 200 calls of 25 times).
 */
#define STEP_NS		150.0
#define HOP_NS		600.0
#define COPY_GBS	13.0
#define REDUCE_GBS	30.0
#define ENGINES		2u

static void set_default(struct weft_coll_topology *t, uint32_t cards)
{
	*t = (struct weft_coll_topology) { .size = sizeof(*t), .cards = cards, .engines = ENGINES };
	for (uint32_t i = 0; i < cards; i++) {
		t->step_ns[i] = STEP_NS;
		t->reduce_gbs[i] = REDUCE_GBS;
		for (uint32_t k = 0; k < cards; k++) {
			t->hop_ns[i][k] = i == k ? 0 : HOP_NS;
			t->write_gbs[i][k] = t->read_gbs[i][k] = COPY_GBS;
		}
	}
}

int weft_coll_topology_default(struct weft_coll_topology *topology, uint32_t cards)
{
	struct weft_coll_topology t;
	int ret = weft_ready(&weft_library, __func__);

	if (ret)
		return ret;
	if (!cards || cards > WEFT_COLL_CARDS)
		return weft_fail(-EINVAL, "weft_coll_topology_default: %u cards, 1 to %u are possible", cards, WEFT_COLL_CARDS);
	set_default(&t, cards);
	return weft_give(topology, &t, sizeof(t), sizeof(t), __func__);
}

/* As the text would have it: 0 is possible of times alone. */
static bool is_value(double v, bool rate)
{
	return v >= (rate ? 1.0 / MICRO : 0) && v <= MOST;
}

/* What is wrong with it, or NULL. */
static const char *wrong(const struct weft_coll_topology *t)
{
	if (!t->cards || t->cards > WEFT_COLL_CARDS)
		return "number of cards";
	if (t->engines > WEFT_COLL_ENGINES)
		return "number of engines";
	for (uint32_t i = 0; i < t->cards; i++) {
		if (!is_value(t->step_ns[i], false) || !is_value(t->reduce_gbs[i], true))
			return "a value of a card";
		if (t->read_gbs[i][i] != t->write_gbs[i][i])
			return "a card that reads its own memory otherwise than it writes it";
		for (uint32_t k = 0; k < t->cards; k++)
			if (!is_value(t->hop_ns[i][k], false) || !is_value(t->write_gbs[i][k], true) || !is_value(t->read_gbs[i][k], true))
				return "a value of a link";
	}
	return NULL;
}

int weft_topology_of(const struct weft_coll_topology *topology, const uint32_t *card, uint32_t count,
		     struct weft_coll_topology *of, const char *call)
{
	struct weft_coll_topology t;
	int ret = 0;

	set_default(of, count);
	if (topology)
		ret = weft_take(&t, sizeof(t), topology, sizeof(t), call);
	if (ret || !topology)
		return ret;
	if (wrong(&t))
		return weft_fail(-EINVAL, "%s: the topology has %s out of range", call, wrong(&t));
	of->engines = t.engines;
	for (uint32_t i = 0; i < count; i++) {
		if (card[i] >= t.cards)
			return weft_fail(-EINVAL, "%s: the topology is of %u cards, and knows no card %u", call, t.cards, card[i]);
		of->step_ns[i] = t.step_ns[card[i]];
		of->reduce_gbs[i] = t.reduce_gbs[card[i]];
		for (uint32_t k = 0; k < count && card[k] < t.cards; k++) {
			of->hop_ns[i][k] = t.hop_ns[card[i]][card[k]];
			of->write_gbs[i][k] = t.write_gbs[card[i]][card[k]];
			of->read_gbs[i][k] = t.read_gbs[card[i]][card[k]];
		}
	}
	return 0;
}

/* --- the text --- */

#define WORDS	10u	/* of a line, at most */

struct reader {
	const char *at, *end;
	uint32_t line;
	struct {
		const char *text;
		uint32_t bytes;
	} word[WORDS];
	uint32_t words;
	struct weft_coll_topology t;
	uint32_t engines_line;
	bool card[WEFT_COLL_CARDS], link[WEFT_COLL_CARDS][WEFT_COLL_CARDS];
};

static int bad(const struct reader *r, const char *what)
{
	return weft_fail(-EINVAL, "line %u: %s", r->line, what);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The words of the next line that has some; false at the end. @ret: too many words */
static bool next_line(struct reader *r, int *ret)
{
	r->words = 0;
	while (r->at < r->end && !r->words) {
		const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at)), *end = newline ? newline : r->end, *p = r->at;

		r->line++;
		while (p < end && *p != '#') {
			const char *word = p;

			while (p < end && *p != '#' && !is_space(*p))
				p++;
			if (p > word) {
				if (r->words == WORDS) {
					*ret = bad(r, "more words than any line has");
					return false;
				}
				r->word[r->words].text = word;
				r->word[r->words++].bytes = (uint32_t)(p - word);
			} else {
				p++;
			}
		}
		r->at = newline ? newline + 1 : r->end;
	}
	return r->words;
}

static bool is(const struct reader *r, uint32_t i, const char *text)
{
	return i < r->words && r->word[i].bytes == strlen(text) && !memcmp(r->word[i].text, text, r->word[i].bytes);
}

/* Word @i, a decimal number, in millionths; false: it is none, or too large */
static bool number(const struct reader *r, uint32_t i, uint64_t *micro)
{
	uint64_t v = 0, unit = MICRO;
	bool point = false;

	for (uint32_t k = 0; k < r->word[i].bytes; k++) {
		const char c = r->word[i].text[k];

		if (c == '.' && !point && k && k + 1 < r->word[i].bytes) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9' || (point && unit == 1))
			return false;
		unit /= point ? 10 : 1;
		v = v * 10 + (uint64_t)(c - '0');
		if (v > (uint64_t)MOST * MICRO)
			return false;
	}
	*micro = v * unit;
	return r->word[i].bytes && *micro <= (uint64_t)MOST * MICRO;
}

static bool whole(const struct reader *r, uint32_t i, uint32_t below, uint32_t *v)
{
	uint64_t micro;

	if (!number(r, i, &micro) || micro % MICRO || micro / MICRO >= below)
		return false;
	*v = (uint32_t)(micro / MICRO);
	return true;
}

static bool value(const struct reader *r, uint32_t i, bool rate, double *v)
{
	uint64_t micro;

	if (!number(r, i, &micro) || (rate && !micro))
		return false;
	*v = (double)micro / MICRO;
	return true;
}

static int card_line(struct reader *r)
{
	struct weft_coll_topology *t = &r->t;
	uint32_t i;

	if (r->words != 8 || !is(r, 2, "step") || !is(r, 4, "copy") || !is(r, 6, "reduce"))
		return bad(r, "expected: card I step NS copy GBS reduce GBS");
	if (!whole(r, 1, t->cards, &i))
		return bad(r, "no such card");
	if (r->card[i])
		return bad(r, "this card was there before");
	r->card[i] = true;
	if (!value(r, 3, false, &t->step_ns[i]) || !value(r, 5, true, &t->write_gbs[i][i]) || !value(r, 7, true, &t->reduce_gbs[i]))
		return bad(r, "a value is no number of at most 1000000000 with six digits behind the point, or a rate of 0");
	t->read_gbs[i][i] = t->write_gbs[i][i];
	return 0;
}

static int link_line(struct reader *r)
{
	struct weft_coll_topology *t = &r->t;
	uint32_t i, k;

	if (r->words != 9 || !is(r, 3, "hop") || !is(r, 5, "write") || !is(r, 7, "read"))
		return bad(r, "expected: link I J hop NS write GBS read GBS");
	if (!whole(r, 1, t->cards, &i) || !whole(r, 2, t->cards, &k) || i == k)
		return bad(r, "no two such cards");
	if (r->link[i][k])
		return bad(r, "this link was there before");
	r->link[i][k] = true;
	if (!value(r, 4, false, &t->hop_ns[i][k]) || !value(r, 6, true, &t->write_gbs[i][k]) || !value(r, 8, true, &t->read_gbs[i][k]))
		return bad(r, "a value is no number of at most 1000000000 with six digits behind the point, or a rate of 0");
	return 0;
}

static int one_line(struct reader *r)
{
	if (is(r, 0, "card"))
		return card_line(r);
	if (is(r, 0, "link"))
		return link_line(r);
	if (!is(r, 0, "engines") || r->words != 2)
		return bad(r, "expected card, link or engines");
	if (r->engines_line)
		return bad(r, "engines were there before");
	r->engines_line = r->line;
	return whole(r, 1, WEFT_COLL_ENGINES + 1, &r->t.engines) ? 0 : bad(r, "0 to 64 engines are possible");
}

static int head(struct reader *r)
{
	uint32_t version;
	int ret = 0;

	if (!next_line(r, &ret) || !is(r, 0, "weft-topology") || r->words != 2 || !whole(r, 1, UINT32_MAX, &version))
		return ret ? ret : bad(r, "expected: weft-topology 1");
	if (version != VERSION)
		return weft_fail(-EINVAL, "line %u: version %u, and this library reads %u", r->line, version, VERSION);
	if (!next_line(r, &ret) || !is(r, 0, "cards") || r->words != 2 || !whole(r, 1, WEFT_COLL_CARDS + 1, &r->t.cards) || !r->t.cards)
		return ret ? ret : bad(r, "expected: cards N, 1 to 16");
	return 0;
}

static int complete(const struct reader *r)
{
	for (uint32_t i = 0; i < r->t.cards; i++) {
		if (!r->card[i])
			return weft_fail(-EINVAL, "line %u: the end, and no card %u", r->line, i);
		for (uint32_t k = 0; k < r->t.cards; k++)
			if (k != i && !r->link[i][k])
				return weft_fail(-EINVAL, "line %u: the end, and no link %u %u", r->line, i, k);
	}
	return 0;
}

int weft_coll_topology_parse(const char *text, size_t bytes, struct weft_coll_topology *topology)
{
	struct reader r = { .at = text, .end = text + bytes, .t = { .size = sizeof(r.t) } };
	int ret = weft_ready(&weft_library, __func__);

	if (ret)
		return ret;
	if (!text)
		return weft_fail(-EINVAL, "weft_coll_topology_parse: no text");
	ret = head(&r);
	while (!ret && next_line(&r, &ret))
		ret = one_line(&r);
	if (!ret)
		ret = complete(&r);
	return ret ? ret : weft_give(topology, &r.t, sizeof(r.t), sizeof(r.t), __func__);
}

/* " WORD VALUE" without digits that say nothing, and without the locale's point */
static void print_value(FILE *out, const char *word, double v)
{
	const uint64_t micro = (uint64_t)(v * MICRO + 0.5);
	uint64_t rest = micro % MICRO;
	int digits = 6;

	fprintf(out, " %s %" PRIu64, word, micro / MICRO);
	for (; rest && rest % 10 == 0; rest /= 10)
		digits--;
	if (rest)
		fprintf(out, ".%0*" PRIu64, digits, rest);
}

int weft_coll_topology_print(const struct weft_coll_topology *topology, FILE *out)
{
	struct weft_coll_topology t;
	int ret = weft_ready(&weft_library, __func__);

	if (!ret)
		ret = weft_take(&t, sizeof(t), topology, sizeof(t), __func__);
	if (ret)
		return ret;
	if (!out || wrong(&t))
		return weft_fail(-EINVAL, "weft_coll_topology_print: %s", out ? wrong(&t) : "no file");
	fprintf(out, "weft-topology %u\ncards %u\nengines %u\n", VERSION, t.cards, t.engines);
	for (uint32_t i = 0; i < t.cards; i++) {
		fprintf(out, "card %u", i);
		print_value(out, "step", t.step_ns[i]);
		print_value(out, "copy", t.write_gbs[i][i]);
		print_value(out, "reduce", t.reduce_gbs[i]);
		fputc('\n', out);
	}
	for (uint32_t i = 0; i < t.cards; i++)
		for (uint32_t k = 0; k < t.cards; k++) {
			if (k == i)
				continue;
			fprintf(out, "link %u %u", i, k);
			print_value(out, "hop", t.hop_ns[i][k]);
			print_value(out, "write", t.write_gbs[i][k]);
			print_value(out, "read", t.read_gbs[i][k]);
			fputc('\n', out);
		}
	return fflush(out) || ferror(out) ? weft_fail(-EIO, "weft_coll_topology_print: the file cannot be written") : 0;
}
