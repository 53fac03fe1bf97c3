/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Lines of a body in a plan's text: ports, operands with a name, commands. */
#include <errno.h>
#include <stdlib.h>

#include <weft/plan_text.h>

#include "parse.h"

#define MAX_CHOICES	1024u
#define OFFERED		4096u		/* names that are looked at for a misspelling */

void weft_parse_forget(struct weft_parse *p)
{
	for (uint32_t i = 0; i < p->num_defined; i++)
		free(p->defined[i].name);
	p->num_defined = 0;
	weft_names_free(&p->names);
	memset(p->made, 0, sizeof(p->made));
}

static bool is_name(const struct weft_lex *l)
{
	return l->kind == WEFT_LEX_ATOM || l->kind == WEFT_LEX_STRING_KIND;
}

/* No @what has the name: one that is near, or else what may be the reason. */
static void unknown(struct weft_lex *l, const struct weft_near *near, const char *what, const char *mark, const char *reason)
{
	if (near->best)
		weft_lex_unexpected(l, "%s; did you mean \"%s%s\"?", what, mark, near->best);
	else
		weft_lex_unexpected(l, "%s%s", what, reason);
}

struct weft_edge *weft_parse_edge(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const char *name = is_name(l) ? weft_lex_text(l, "") : NULL;
	struct weft_near near;
	struct weft_edge *e = name && !l->ret ? weft_plan_edge(p->plan, name) : NULL;

	if (!e && name) {
		weft_near_init(&near, name, (uint32_t)strlen(name));
		for (uint32_t i = 0; i < p->plan->num_edges && i < OFFERED; i++)
			weft_near_offer(&near, p->plan->edge[i]->name);
		unknown(l, &near, "an edge", "", "; edges stand in front of the bodies that use them");
	} else if (!e) {
		weft_lex_unexpected(l, "the name of an edge");
	}
	weft_lex_next(l);
	return e;
}

static struct weft_constant *constant_of(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const char *name = is_name(l) ? weft_lex_text(l, "") : NULL;
	struct weft_near near;
	struct weft_constant *c = name && !l->ret ? weft_plan_constant(p->plan, name) : NULL;

	if (!c && name) {
		weft_near_init(&near, name, (uint32_t)strlen(name));
		for (uint32_t i = 0; i < p->plan->num_constants && i < OFFERED; i++)
			weft_near_offer(&near, p->plan->constant[i]->name);
		unknown(l, &near, "a constant", "", "; constants stand in front of the bodies that use them");
	} else if (!c) {
		weft_lex_unexpected(l, "the name of a constant");
	}
	weft_lex_next(l);
	return c;
}

static uint64_t defined_of(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	char name[256] = "";
	struct weft_near near;
	uint32_t i;

	if (l->bytes - 1 < sizeof(name))
		memcpy(name, l->word + 1, l->bytes - 1);
	i = weft_names_find(&p->names, name, 0);
	if (i == UINT32_MAX) {
		weft_near_init(&near, name, (uint32_t)strlen(name));
		for (uint32_t k = 0; k < p->num_defined && k < OFFERED; k++)
			weft_near_offer(&near, p->defined[k].name);
		unknown(l, &near, "an operand that this body has", "%", ": %NAME = table … or %NAME = choice … in front of it");
	}
	weft_lex_next(l);
	return l->ret ? 0 : p->defined[i].operand;
}

/* in(EDGE), in(EDGE, BLOCK) */
static uint64_t block_of(struct weft_parse *p, bool out)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	struct weft_made *made;
	struct weft_edge *e;
	uint32_t j = 0;

	weft_lex_expect(l, "(");
	e = weft_parse_edge(p);
	if (weft_lex_take(l, ","))
		j = (uint32_t)weft_lex_number(l, "the number of a block", 0, 65534);
	weft_lex_expect(l, ")");
	if (l->ret)
		return 0;
	made = &p->made[(e->id * 2 + out + 7 * j) % WEFT_MADE];
	if (made->edge != e || made->j != j || made->out != out) {
		const uint64_t operand = out ? weft_body_out(p->body, e, j) : weft_body_in(p->body, e, j);

		if (!operand)
			weft_parse_failed(p, line, column, -EINVAL);
		*made = (struct weft_made) { .edge = operand ? e : NULL, .j = j, .out = out, .operand = operand };
	}
	return made->operand;
}

static uint64_t constant_operand(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	struct weft_constant *c;
	uint64_t operand;

	weft_lex_expect(l, "(");
	c = constant_of(p);
	weft_lex_expect(l, ")");
	operand = l->ret ? 0 : weft_body_constant(p->body, c);
	if (!operand)
		weft_parse_failed(p, line, column, -EINVAL);
	return operand;
}

static uint64_t address_operand(struct weft_parse *p)
{
	uint64_t address;

	weft_lex_expect(&p->lex, "(");
	address = weft_lex_number(&p->lex, "a device address", 1, WEFT_OPERAND_BIT - 1);
	weft_lex_expect(&p->lex, ")");
	return address;
}

static uint64_t operand_of(struct weft_parse *p)
{
	static const char *const words[] = { "in", "out", "constant", "address" };
	struct weft_lex *l = &p->lex;
	uint64_t operand, offset;
	uint32_t word;

	if (l->kind == WEFT_LEX_DEFINED) {
		operand = defined_of(p);
	} else {
		word = weft_lex_choose(l, "an operand, %NAME or one with", words, 4);
		operand = word == UINT32_MAX ? 0 : word < 2 ? block_of(p, word) : word == 2 ? constant_operand(p) : address_operand(p);
	}
	if (!weft_lex_take(l, "+"))
		return l->ret ? 0 : operand;
	if (!(operand & WEFT_OPERAND_BIT) && !l->ret)
		weft_lex_unexpected(l, "no offset: add it to the address");
	offset = weft_lex_bytes(l, "an offset", 0, WEFT_OPERAND_OFFSET);
	return l->ret ? 0 : operand + offset;
}

/* [OPERAND, …] */
static uint32_t operands_of(struct weft_parse *p, uint64_t *operands, uint32_t most)
{
	struct weft_lex *l = &p->lex;
	uint32_t n = 0;

	weft_lex_expect(l, "[");
	while (!l->ret && !weft_lex_take(l, "]")) {
		if (n)
			weft_lex_expect(l, ",");
		if (n == most)
			weft_lex_unexpected(l, "\"]\": there are at most %u", most);
		if (!l->ret)
			operands[n++] = operand_of(p);
	}
	return n;
}

static uint64_t table(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	struct weft_constant *c = constant_of(p);
	uint32_t entries, firings = 1;
	uint64_t stride, operand;

	weft_lex_expect(l, "stride");
	stride = weft_lex_bytes(l, "the distance of entries", 1, 1ull << 40);
	weft_lex_expect(l, "entries");
	entries = (uint32_t)weft_lex_number(l, "the number of entries", 1, 65535);
	if (weft_lex_take(l, "firings"))
		firings = (uint32_t)weft_lex_number(l, "firings that take the same entry", 1, 65535);
	if (l->ret)
		return 0;
	operand = weft_body_table(p->body, c, stride, entries, firings);
	if (!operand)
		weft_parse_failed(p, line, column, -EINVAL);
	return operand;
}

static uint64_t choice(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	uint64_t index = operand_of(p), *choices = calloc(MAX_CHOICES, sizeof(*choices)), operand = 0;
	uint32_t count;

	weft_lex_expect(l, "of");
	if (choices) {
		count = operands_of(p, choices, MAX_CHOICES);
		operand = l->ret ? 0 : weft_body_choice(p->body, index, choices, count);
	}
	if (!operand)
		weft_parse_failed(p, line, column, choices ? -EINVAL : -ENOMEM);
	free(choices);
	return operand;
}

/* %NAME = table … or choice … */
static void define(struct weft_parse *p)
{
	static const char *const words[] = { "table", "choice" };
	struct weft_lex *l = &p->lex;
	struct weft_defined d = { .name = NULL };
	uint32_t word;

	if (l->bytes > 255)
		weft_lex_wrong(l, -EINVAL, "a name of more than 254 bytes");
	else if (p->num_defined == WEFT_TEXT_DEFINED)
		weft_lex_wrong(l, -E2BIG, "more than %u operands with a name in this body", WEFT_TEXT_DEFINED);
	else
		d.name = strndup(l->word + 1, l->bytes - 1);
	if (d.name && weft_names_find(&p->names, d.name, 0) != UINT32_MAX)
		weft_lex_wrong(l, -EEXIST, "%%%.60s for the second time in this body", d.name);
	if (!d.name || !weft_room(&p->defined, p->num_defined, &p->room_defined, sizeof(d)))
		weft_lex_wrong(l, -ENOMEM, "operand");
	weft_lex_next(l);
	weft_lex_expect(l, "=");
	word = weft_lex_choose(l, "an operand", words, 2);
	if (!l->ret)
		d.operand = word ? choice(p) : table(p);
	if (!l->ret && !weft_names_add(&p->names, d.name, 0, p->num_defined))
		weft_lex_wrong(l, -ENOMEM, "operand");
	if (l->ret)
		free(d.name);
	else
		p->defined[p->num_defined++] = d;
}

/* Ports */

static void port(struct weft_parse *p, bool out)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	struct weft_edge *e;
	uint32_t rate = 1;
	int ret;

	if ((out ? p->body->num_out : p->body->num_in) == WEFT_TEXT_PORTS)
		weft_lex_wrong(l, -E2BIG, "more than %u of them in this body", WEFT_TEXT_PORTS);
	e = weft_parse_edge(p);
	if (weft_lex_take(l, "rate"))
		rate = (uint32_t)weft_lex_number(l, "the tokens of a firing", 1, 65535);
	if (l->ret)
		return;
	ret = out ? weft_body_output(p->body, e, rate) : weft_body_input(p->body, e, rate);
	if (ret)
		weft_parse_failed(p, line, column, ret);
}

static int port_in(struct weft_parse *p)
{
	port(p, false);
	return 0;
}

static int port_out(struct weft_parse *p)
{
	port(p, true);
	return 0;
}

/* Commands: each returns what the library says to it */

/* NUMBER or *OPERAND, as often as there are */
static void scalars(struct weft_parse *p, struct weft_exec *x)
{
	struct weft_lex *l = &p->lex;
	uint32_t n = 0;

	weft_lex_expect(l, "[");
	while (!l->ret && !weft_lex_take(l, "]")) {
		if (n)
			weft_lex_expect(l, ",");
		if (n == WEFT_EXEC_MAX_SCALARS) {
			weft_lex_unexpected(l, "\"]\": there are at most %d", WEFT_EXEC_MAX_SCALARS);
		} else if (weft_lex_take(l, "*")) {
			x->scalar_operands[n] = operand_of(p);
			x->scalar_mask |= 1u << n++;
		} else if (!l->ret) {
			x->scalars[n++] = (uint32_t)weft_lex_value(l, 32, false);
		}
	}
}

static void dims(struct weft_parse *p, struct weft_exec *x)
{
	struct weft_lex *l = &p->lex;
	uint32_t n = 0;

	weft_lex_expect(l, "[");
	while (!l->ret && !weft_lex_take(l, "]")) {
		if (n)
			weft_lex_expect(l, ",");
		if (n == WEFT_EXEC_MAX_DIMS)
			weft_lex_unexpected(l, "\"]\": there are at most %d", WEFT_EXEC_MAX_DIMS);
		else
			x->dims[n++] = (uint32_t)weft_lex_number(l, "a dimension", 0, UINT32_MAX);
	}
}

static void kernel_unknown(struct weft_parse *p, const char *name)
{
	const struct weft_kernel *k;
	struct weft_near near;

	weft_near_init(&near, name, (uint32_t)strlen(name));
	for (uint32_t i = 0; !weft_kernel_at(&weft_library, i, &k); i++) {
		if (!strcmp(k->name, name))
			return;
		weft_near_offer(&near, k->name);
	}
	if (near.best)
		weft_lex_unexpected(&p->lex, "a kernel; did you mean \"%s\"?", near.best);
	else
		weft_lex_unexpected(&p->lex, "a kernel of the registry");
}

static int exec(struct weft_parse *p)
{
	struct weft_exec x = { .size = sizeof(x) };
	struct weft_lex *l = &p->lex;
	char name[64];
	uint32_t type;

	snprintf(name, sizeof(name), "%s", weft_lex_text(l, "the name of a kernel"));
	if (!l->ret)
		kernel_unknown(p, name);
	weft_lex_next(l);
	type = weft_lex_choose(l, "a type", weft_word_type, WEFT_WORD_TYPES);
	x.num_operands = operands_of(p, x.operands, WEFT_EXEC_MAX_OPERANDS);
	if (weft_lex_take(l, "dims"))
		dims(p, &x);
	if (weft_lex_take(l, "scalars"))
		scalars(p, &x);
	return l->ret ? 0 : weft_body_exec(p->body, name, (enum weft_type)type, &x);
}

/* BYTES from OPERAND to OPERAND, or with rows: each with its pitch */
static int copy(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const uint64_t bytes = weft_lex_bytes(l, "the bytes to copy", 0, 1ull << 40);
	uint64_t src, dst, src_pitch = 0, dst_pitch = 0;
	uint32_t rows = 1;

	weft_lex_expect(l, "from");
	src = operand_of(p);
	if (weft_lex_take(l, "pitch"))
		src_pitch = weft_lex_bytes(l, "the distance of rows", 0, UINT64_MAX / 4);
	weft_lex_expect(l, "to");
	dst = operand_of(p);
	if (weft_lex_take(l, "pitch"))
		dst_pitch = weft_lex_bytes(l, "the distance of rows", 0, UINT64_MAX / 4);
	if (weft_lex_take(l, "rows"))
		rows = (uint32_t)weft_lex_number(l, "rows", 1, UINT32_MAX);
	return l->ret ? 0 : weft_body_copy_rows(p->body, dst, dst_pitch, src, src_pitch, bytes, rows);
}

static int fill(struct weft_parse *p)
{
	static const char *const widths[] = { "u8", "u16", "u32", "u64" };
	struct weft_lex *l = &p->lex;
	const uint64_t bytes = weft_lex_bytes(l, "the bytes to fill", 0, 1ull << 40);
	uint64_t dst, pattern;
	uint32_t width;

	weft_lex_expect(l, "at");
	dst = operand_of(p);
	weft_lex_expect(l, "with");
	width = weft_lex_choose(l, "a width", widths, 4);
	if (l->ret)
		return 0;
	pattern = weft_lex_value(l, 8u << width, false);
	return l->ret ? 0 : weft_body_fill(p->body, dst, bytes, pattern, 1u << width);
}

static int reduce(struct weft_parse *p)
{
	uint64_t src[WEFT_REDUCTION_WIDTH], dst[WEFT_REDUCTION_WIDTH], count;
	struct weft_lex *l = &p->lex;
	uint32_t op, type, num_src, num_dst;

	op = weft_lex_choose(l, "a reduction", weft_word_reduction, 5);
	type = weft_lex_choose(l, "a type", weft_word_type, WEFT_WORD_TYPES - 1);
	count = weft_lex_number(l, "the number of elements", 0, (1ull << 40) - 1);
	weft_lex_expect(l, "from");
	num_src = operands_of(p, src, WEFT_REDUCTION_WIDTH);
	weft_lex_expect(l, "to");
	num_dst = operands_of(p, dst, WEFT_REDUCTION_WIDTH);
	return l->ret ? 0 : weft_body_reduce(p->body, (enum weft_type)type, (enum weft_reduction)op, src, num_src, dst, num_dst,
					     count);
}

static int timed(struct weft_parse *p)
{
	const uint64_t ns = weft_lex_time(&p->lex, "a time", 1ull << 40);

	return p->lex.ret ? 0 : weft_body_timed(p->body, ns);
}

static int timestamp(struct weft_parse *p)
{
	uint64_t dst;

	weft_lex_expect(&p->lex, "to");
	dst = operand_of(p);
	return p->lex.ret ? 0 : weft_body_timestamp(p->body, dst);
}

static int when(struct weft_parse *p)
{
	const uint64_t operand = operand_of(p);
	const uint32_t compare = weft_lex_choose(&p->lex, "a comparison", weft_word_compare, 4);
	const uint32_t value = (uint32_t)weft_lex_number(&p->lex, "a value", 0, UINT32_MAX);

	return p->lex.ret ? 0 : weft_body_pred(p->body, (enum weft_comparison)compare, operand, value);
}

static int always(struct weft_parse *p)
{
	return weft_body_pred(p->body, WEFT_COMPARE_ALWAYS, 0, 0);
}

static const struct {
	const char *word;
	int (*parse)(struct weft_parse *p);
} lines[] = {
	{ "in", port_in }, { "out", port_out }, { "exec", exec }, { "copy", copy }, { "fill", fill }, { "reduce", reduce },
	{ "timed", timed }, { "timestamp", timestamp }, { "when", when }, { "always", always },
};

void weft_parse_offer(struct weft_near *near)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		weft_near_offer(near, lines[i].word);
}

bool weft_parse_in_body(struct weft_parse *p)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	int ret;

	if (!p->body && l->kind == WEFT_LEX_DEFINED)
		weft_lex_wrong(l, -EINVAL, "an operand outside a body: it belongs behind the body's line");
	if (p->body && l->kind == WEFT_LEX_DEFINED) {
		define(p);
		return true;
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!weft_lex_is(l, lines[i].word))
			continue;
		if (!p->body) {
			weft_lex_wrong(l, -EINVAL, "\"%s\" outside a body: it belongs behind the body's line", lines[i].word);
			return true;
		}
		weft_lex_next(l);
		ret = lines[i].parse(p);
		if (ret)
			weft_parse_failed(p, line, column, ret);
		return true;
	}
	return l->ret;
}
