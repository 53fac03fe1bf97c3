/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The text of a plan, line by line: what stands in front, constants, edges, bodies. Nothing here calls itself, and each loop
 * takes a word in each turn, so time and memory go by the length of the text and the limits of parse.h.
 */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/plan_text.h>

#include "parse.h"

const char *const weft_word_priority[5] = { "default", "realtime", "high", "normal", "low" };
const char *const weft_word_reduction[5] = { "sum", "prod", "max", "min", "avg" };
const char *const weft_word_compare[4] = { "==", "!=", "<", ">=" };
const char *const weft_word_type[WEFT_WORD_TYPES] = { "f32", "f16", "bf16", "i32", "i8", "u8", "u32" };

#define COUNT(words)	((uint32_t)(sizeof(words) / sizeof((words)[0])))
#define MAX_BYTES	(1ull << 40)

void weft_parse_failed(struct weft_parse *p, uint32_t line, uint32_t column, int ret)
{
	char text[300];

	weft_error_bare(text, sizeof(text));
	weft_lex_wrong_at(&p->lex, line, column, ret, "%s", text);
}

static void end_of_line(struct weft_parse *p, const char *or_what, const char *const *words, uint32_t count)
{
	struct weft_lex *l = &p->lex;
	struct weft_near near;

	if (l->kind == WEFT_LEX_LINE) {
		weft_lex_next(l);
	} else if (l->kind != WEFT_LEX_END) {
		weft_near_init(&near, l->word, l->kind == WEFT_LEX_ATOM ? l->bytes : 0);
		for (uint32_t i = 0; i < count; i++)
			weft_near_offer(&near, words[i]);
		if (near.best)
			weft_lex_unexpected(l, "the end of the line or %s; did you mean \"%s\"?", or_what, near.best);
		else
			weft_lex_unexpected(l, "the end of the line or %s", or_what);
	}
}

/* The number of the next word among @words, each of which stands in a line once; @count: it is none of them. */
static uint32_t attribute(struct weft_parse *p, const char *const *words, uint32_t count, uint32_t *seen)
{
	struct weft_lex *l = &p->lex;

	for (uint32_t i = 0; i < count; i++) {
		if (!weft_lex_is(l, words[i]))
			continue;
		if (*seen >> i & 1)
			weft_lex_wrong(l, -EINVAL, "\"%s\" for the second time in this line", words[i]);
		*seen |= 1u << i;
		weft_lex_next(l);
		return l->ret ? count : i;
	}
	return count;
}

static void copy_name(struct weft_parse *p, const char *what, char name[256])
{
	const char *text = weft_lex_text(&p->lex, what);

	name[0] = 0;
	if (!p->lex.ret && (!*text || strlen(text) > 255))
		weft_lex_wrong(&p->lex, -EINVAL, "%s has 1 to 255 bytes", what);
	if (!p->lex.ret)
		memcpy(name, text, strlen(text) + 1);
	weft_lex_next(&p->lex);
}

static uint32_t card_of(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	const uint64_t card = weft_lex_number(l, "the index of a card", 0, WEFT_PLAN_DEVICES - 1);

	if (!l->ret && card >= p->cards)
		weft_lex_wrong_at(l, line, column, -EINVAL, "found card %llu, but the plan has %u: \"cards %llu\" in front of all "
				  "constants, edges and bodies gives it more", (unsigned long long)card, p->cards,
				  (unsigned long long)card + 1);
	return (uint32_t)card;
}

/* In front */

static void parse_plan(struct weft_parse *p)
{
	static const char *const words[] = { "priority", "period", "budget", "few-queues", "lanes", "poison", "trace", "cell-base" };
	struct weft_plan_config *c = &p->config;
	struct weft_lex *l = &p->lex;
	uint32_t seen = 0, word;

	if (p->named || p->plan)
		weft_lex_wrong(l, -EINVAL, p->named ? "\"plan\" for the second time" : "\"plan\" stands in front of all constants, edges "
			       "and bodies");
	p->named = true;
	copy_name(p, "the name of the plan", p->name);
	while ((word = attribute(p, words, COUNT(words), &seen)) < COUNT(words))
		switch (word) {
		case 0:
			c->priority = weft_lex_choose(l, "a priority", weft_word_priority, 5);
			break;
		case 1:
			c->period_ns = weft_lex_time(l, "a period", UINT64_MAX / 4);
			break;
		case 2:
			c->budget_bytes = weft_lex_bytes(l, "memory of each card", 0, UINT64_MAX / 4);
			break;
		case 3:
			c->flags |= WEFT_PLAN_FEW_QUEUES;
			break;
		case 4:
			if (!(c->flags & WEFT_PLAN_FEW_QUEUES))
				weft_lex_wrong(l, -EINVAL, "\"lanes\" stands behind \"few-queues\", which it bounds");
			c->lanes = (uint32_t)weft_lex_number(l, "lanes of a card", 1, UINT32_MAX);
			break;
		case 5:
			c->flags |= WEFT_PLAN_POISON;
			break;
		case 6:
			c->flags |= WEFT_PLAN_TRACE;
			break;
		default:
			c->cell_base = weft_lex_number(l, "the first value of cells", 0, UINT64_MAX);
			break;
		}
	end_of_line(p, "priority, period, budget, few-queues, lanes, poison, trace, cell-base", words, COUNT(words));
}

static void parse_cards(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;

	if (p->counted || p->plan)
		weft_lex_wrong(l, -EINVAL, p->counted ? "\"cards\" for the second time" : "\"cards\" stands in front of all constants, "
			       "edges and bodies");
	p->counted = true;
	p->cards = (uint32_t)weft_lex_number(l, "cards", 1, WEFT_PLAN_DEVICES);
	end_of_line(p, "nothing else", NULL, 0);
}

/* The plan itself, when what it is made with is known. */
static bool begin(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	int ret;

	if (p->plan || l->ret)
		return !l->ret;
	if (!p->devices)		/* only the number of cards is asked for */
		return false;
	if (p->cards > p->num_devices) {
		weft_lex_wrong(l, -ENODEV, "plan %s is for %u cards, and %u %s given", p->name[0] ? p->name : "plan", p->cards,
			       p->num_devices, p->num_devices == 1 ? "is" : "are");
		return false;
	}
	p->config.name = p->name[0] ? p->name : NULL;
	ret = weft_plan_create(p->devices, p->cards, &p->config, &p->plan);
	if (ret)
		weft_parse_failed(p, l->word_line, l->word_column, ret);
	return !ret;
}

/* Constants and edges */

static void parse_constant(struct weft_parse *p)
{
	static const char *const words[] = { "zeros", "repeat", "hex", "u8", "u16", "u32", "u64", "i32", "f32", "file" };
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	struct weft_constant *c;
	void *data = NULL;
	char name[256];
	uint64_t bytes;
	int ret;

	if (p->plan->num_constants == WEFT_TEXT_CONSTANTS)
		weft_lex_wrong(l, -E2BIG, "more than %u constants", WEFT_TEXT_CONSTANTS);
	copy_name(p, "the name of a constant", name);
	bytes = weft_lex_bytes(l, "the size of the constant", 1, MAX_BYTES);
	if (l->ret)
		return;
	ret = weft_constant_create(p->plan, name, bytes, NULL, &c);
	if (!ret && weft_lex_take(l, "file")) {
		const char *path = weft_lex_text(l, "the name of a file");

		ret = l->ret ? 0 : weft_constant_file(c, path);
		weft_lex_next(l);
	} else if (!ret && weft_parse_contents(p, bytes, &data) && data) {
		ret = weft_constant_contents(c, data, bytes);
	}
	free(data);
	if (ret)
		weft_parse_failed(p, line, column, ret);
	end_of_line(p, "its contents: zeros, repeat, hex, u8, u16, u32, u64, i32, f32, file", words, COUNT(words));
}

static void parse_edge(struct weft_parse *p)
{
	static const char *const words[] = { "depth", "initial", "state", "host", "card", "no-share", "part", "export", "import",
					   "control" };
	struct weft_edge_desc d = { .size = sizeof(d) };
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	uint32_t seen = 0, word;
	void *data = NULL;
	char name[256];
	struct weft_edge *e;
	int ret;

	if (p->plan->num_edges == WEFT_TEXT_EDGES)
		weft_lex_wrong(l, -E2BIG, "more than %u edges", WEFT_TEXT_EDGES);
	copy_name(p, "the name of an edge", name);
	d.name = name;
	if (!weft_lex_is(l, "control"))
		d.block_bytes = weft_lex_bytes(l, "the size of a block or \"control\"", 1, MAX_BYTES);
	while ((word = attribute(p, words, COUNT(words), &seen)) < COUNT(words))
		switch (word) {
		case 0:
			d.depth = (uint32_t)weft_lex_number(l, "the number of blocks", 1, 65535);
			break;
		case 1:
		case 2:
			if (data)
				weft_lex_wrong(l, -EINVAL, "a state has one token, which \"state\" gives it; \"initial\" is for other edges");
			d.initial = word == 2 ? 1 : (uint32_t)weft_lex_number(l, "the number of tokens", 1, 65535);
			d.flags |= word == 2 ? WEFT_EDGE_STATE : 0;
			if (d.block_bytes && !data)
				weft_parse_contents(p, d.initial * d.block_bytes, &data);
			break;
		case 3:
			d.flags |= WEFT_EDGE_HOST;
			break;
		case 4:
			d.device = 1 + card_of(p);
			break;
		case 5:
			d.flags |= WEFT_EDGE_NO_SHARE;
			break;
		case 6:
			d.whole = weft_parse_edge(p);
			d.offset = weft_lex_bytes(l, "where in a block it begins", 1, MAX_BYTES);
			break;
		case 7:
			d.flags |= WEFT_EDGE_EXPORT;
			break;
		case 8:
			d.flags |= WEFT_EDGE_IMPORT;
			break;
		default:
			d.flags |= WEFT_EDGE_CONTROL;
			break;
		}
	end_of_line(p, "depth, initial, state, host, card, no-share, part, export, import", words, COUNT(words));
	d.contents = data;
	ret = l->ret ? 0 : weft_edge_create(p->plan, &d, &e);
	if (ret)
		weft_parse_failed(p, line, column, ret);
	free(data);
}

static void parse_body(struct weft_parse *p)
{
	static const char *const words[] = { "card", "lane", "skew", "time", "priority" };
	struct weft_body_desc d = { .size = sizeof(d) };
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	char name[256], lane[256];
	uint32_t seen = 0, word;
	int ret;

	if (p->plan->num_bodies == WEFT_TEXT_BODIES)
		weft_lex_wrong(l, -E2BIG, "more than %u bodies", WEFT_TEXT_BODIES);
	weft_parse_forget(p);
	copy_name(p, "the name of a body", name);
	d.name = name;
	while ((word = attribute(p, words, COUNT(words), &seen)) < COUNT(words))
		switch (word) {
		case 0:
			d.device = card_of(p);
			break;
		case 1:
			copy_name(p, "the name of a lane", lane);
			d.lane = lane;
			break;
		case 2:
			if (!d.lane)
				weft_lex_wrong(l, -EINVAL, "\"skew\" stands behind \"lane\": only a body in a lane of the plan's has one");
			d.skew = (uint32_t)weft_lex_number(l, "a skew", 0, WEFT_MAX_SKEW);
			break;
		case 3:
			d.time_ns = weft_lex_time(l, "the time of a firing", (1ull << 48) - 1);
			break;
		default:
			d.priority = weft_lex_choose(l, "a priority", weft_word_priority, 5);
			break;
		}
	end_of_line(p, "card, lane, skew, time, priority", words, COUNT(words));
	ret = l->ret ? 0 : weft_body_create(p->plan, &d, &p->body);
	if (ret)
		weft_parse_failed(p, line, column, ret);
}

static const struct {
	const char *word;
	void (*parse)(struct weft_parse *p);
	bool in_front;
} statements[] = {
	{ "plan", parse_plan, true }, { "cards", parse_cards, true }, { "constant", parse_constant, false },
	{ "edge", parse_edge, false }, { "body", parse_body, false },
};

static void no_statement(struct weft_parse *p)
{
	static const char *const what[2] = { "plan, cards, constant, edge or body", "a command or port of the body, edge or body" };
	struct weft_lex *l = &p->lex;
	struct weft_near near;

	weft_near_init(&near, l->word, l->kind == WEFT_LEX_ATOM ? l->bytes : 0);
	for (uint32_t i = 0; i < COUNT(statements); i++)
		weft_near_offer(&near, statements[i].word);
	weft_parse_offer(&near);
	if (near.best)
		weft_lex_unexpected(l, "%s; did you mean \"%s\"?", what[!!p->body], near.best);
	else
		weft_lex_unexpected(l, "%s", what[!!p->body]);
}

/* false: nothing follows, or nothing that is asked for */
static bool statement(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;

	while (l->kind == WEFT_LEX_LINE)
		weft_lex_next(l);
	if (l->kind == WEFT_LEX_END)
		return false;
	for (uint32_t i = 0; i < COUNT(statements); i++)
		if (weft_lex_is(l, statements[i].word)) {
			if (!statements[i].in_front && !begin(p))
				return false;
			weft_lex_next(l);
			p->body = NULL;
			statements[i].parse(p);
			return !l->ret;
		}
	if (weft_parse_in_body(p))
		end_of_line(p, "nothing else", NULL, 0);
	else
		no_statement(p);
	return !l->ret;
}

static void version(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	uint64_t v;

	while (l->kind == WEFT_LEX_LINE)
		weft_lex_next(l);
	if (!weft_lex_take(l, "weft-plan"))
		weft_lex_unexpected(l, "\"weft-plan %u\", with which a plan begins", WEFT_TEXT_VERSION);
	v = weft_lex_number(l, "the version of the text", 0, UINT32_MAX);
	if (!l->ret && v != WEFT_TEXT_VERSION)
		weft_lex_wrong(l, -EPROTO, "a text of version %llu; this library reads version %u", (unsigned long long)v,
			       WEFT_TEXT_VERSION);
	end_of_line(p, "nothing else", NULL, 0);
}

static int parse(struct weft_parse *p, const char *text, uint64_t bytes, const char *call)
{
	locale_t c, before = (locale_t)0;

	if (!text || bytes > WEFT_TEXT_BYTES)
		return weft_fail(text ? -E2BIG : -EINVAL, "%s: a text of %llu bytes; at most %u", call, (unsigned long long)bytes,
				 WEFT_TEXT_BYTES);
	/* a point is a point */
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return weft_fail(-ENOMEM, "%s", call);
	before = uselocale(c);
	p->config.size = sizeof(p->config);
	p->cards = 1;
	weft_lex_init(&p->lex, text, bytes);
	version(p);
	while (!p->lex.ret && statement(p))
		;
	if (!p->lex.ret)
		begin(p);
	weft_parse_forget(p);
	free(p->defined);
	uselocale(before);
	freelocale(c);
	return p->lex.ret;
}

int weft_plan_parse(const char *text, uint64_t bytes, struct weft_device *const *devices, uint32_t count,
		    struct weft_plan **plan)
{
	struct weft_parse *p;
	int ret = weft_ready(&weft_library, __func__);

	if (ret)
		return ret;
	if (!plan || !devices || !count || count > WEFT_PLAN_DEVICES)
		return weft_fail(-EINVAL, "weft_plan_parse: %u devices, 1 to %d, or no place for the plan", count, WEFT_PLAN_DEVICES);
	p = calloc(1, sizeof(*p));
	if (!p)
		return weft_fail(-ENOMEM, "weft_plan_parse");
	p->devices = devices;
	p->num_devices = count;
	ret = parse(p, text, bytes, __func__);
	if (ret && p->plan) {
		char why[400];

		weft_error_bare(why, sizeof(why));
		weft_plan_destroy(p->plan);
		weft_fail(ret, "%s", why);
	} else if (!ret) {
		*plan = p->plan;
	}
	free(p);
	return ret;
}

int weft_plan_text_cards(const char *text, uint64_t bytes)
{
	struct weft_parse *p;
	int ret = weft_ready(&weft_library, __func__);

	if (ret)
		return ret;
	p = calloc(1, sizeof(*p));
	ret = p ? parse(p, text, bytes, __func__) : weft_fail(-ENOMEM, "weft_plan_text_cards");
	if (!ret)
		ret = (int)p->cards;
	free(p);
	return ret;
}
