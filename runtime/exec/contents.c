/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What lies in constants and initial tokens, as numbers in a text, both ways. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "parse.h"

#define LINE_WORDS	8u		/* numbers in a line of a text that is printed */
#define LINE_BYTES	32u		/* the same in hex */
#define PERIOD		64u		/* bytes that a text repeats, at most, when it is printed */
#define SMALL		65536u

enum { HEX, U8, U16, U32, U64, I32, F32, TYPES };
static const char *const types[TYPES] = { "hex", "u8", "u16", "u32", "u64", "i32", "f32" };
static const uint32_t type_bytes[TYPES] = { 0, 1, 2, 4, 8, 4, 4 };

struct buffer {
	unsigned char *data;
	uint64_t bytes, room, most;
	uint32_t line, column;		/* of the word that is put in */
};

static bool put(struct weft_parse *p, struct buffer *b, uint64_t value, uint32_t bytes)
{
	if (b->bytes + bytes > b->most) {
		weft_lex_wrong_at(&p->lex, b->line, b->column, -EINVAL, "more contents than %llu bytes", (unsigned long long)b->most);
		return false;
	}
	if (b->bytes + bytes > b->room) {
		const uint64_t room = b->room ? 2 * b->room : 64;
		void *more = realloc(b->data, room);

		if (!more) {
			weft_lex_wrong(&p->lex, -ENOMEM, "contents of %llu bytes", (unsigned long long)room);
			return false;
		}
		b->data = more;
		b->room = room;
	}
	for (uint32_t i = 0; i < bytes; i++)
		b->data[b->bytes++] = (unsigned char)(value >> 8 * i);
	return true;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void put_hex(struct weft_parse *p, struct buffer *b)
{
	struct weft_lex *l = &p->lex;
	bool good = l->kind == WEFT_LEX_ATOM && l->bytes % 2 == 0;

	for (uint32_t i = 0; i < l->bytes && good; i++)
		good = nibble(l->word[i]) >= 0;
	if (!good) {
		weft_lex_unexpected(l, "bytes, two hex digits each, or \"]\"");
		return;
	}
	for (uint32_t i = 0; i < l->bytes; i += 2)
		if (!put(p, b, (uint64_t)(nibble(l->word[i]) << 4 | nibble(l->word[i + 1])), 1))
			return;
	weft_lex_next(l);
}

static void numbers(struct weft_parse *p, uint32_t type, struct buffer *b)
{
	struct weft_lex *l = &p->lex;

	weft_lex_expect(l, "[");
	while (!l->ret && !weft_lex_take(l, "]")) {
		b->line = l->word_line;
		b->column = l->word_column;
		if (type == HEX)
			put_hex(p, b);
		else
			put(p, b, weft_lex_value(l, 8 * type_bytes[type], type == F32), type_bytes[type]);
		weft_lex_take(l, ",");
	}
}

static bool is_type(const struct weft_lex *l)
{
	bool is = weft_lex_is(l, "repeat");

	for (uint32_t i = 0; i < TYPES; i++)
		is |= weft_lex_is(l, types[i]);
	return is;
}

bool weft_parse_contents(struct weft_parse *p, uint64_t bytes, void **data)
{
	struct weft_lex *l = &p->lex;
	const uint32_t line = l->word_line, column = l->word_column;
	struct buffer b = { .most = bytes };
	unsigned char *all;
	bool repeat;
	uint32_t type;

	*data = NULL;
	if (weft_lex_take(l, "zeros"))
		return true;
	if (!is_type(l))
		return false;
	repeat = weft_lex_take(l, "repeat");
	type = weft_lex_choose(l, "a type of numbers", types, TYPES);
	if (bytes > WEFT_TEXT_CONTENTS || p->contents + bytes > WEFT_TEXT_CONTENTS) {
		weft_lex_wrong_at(l, line, column, -E2BIG, "contents of more than %llu bytes; give a file in place of them",
				  WEFT_TEXT_CONTENTS);
		return true;
	}
	numbers(p, type, &b);
	if (!l->ret && (repeat ? !b.bytes || bytes % b.bytes : b.bytes != bytes))
		weft_lex_wrong_at(l, line, column, -EINVAL, repeat ? "found %llu bytes to repeat, expected a divisor of %llu" :
				  "found %llu bytes of contents, expected %llu; behind \"repeat\" fewer do", (unsigned long long)b.bytes,
				  (unsigned long long)bytes);
	all = l->ret ? NULL : repeat ? malloc(bytes) : b.data;
	if (!l->ret && !all)
		weft_lex_wrong_at(l, line, column, -ENOMEM, "contents of %llu bytes", (unsigned long long)bytes);
	if (repeat && all)
		memcpy(all, b.data, b.bytes);
	/* twice as much each time */
	for (uint64_t at = b.bytes; repeat && all && at < bytes; at *= 2)
		memcpy(all + at, all, bytes - at < at ? bytes - at : at);
	if (all != b.data)
		free(b.data);
	p->contents += bytes;
	*data = all;
	return true;
}

/* The shortest text that is this float again; 0: it is not one that people write */
static size_t short_float(uint32_t value, char text[32])
{
	const uint32_t exponent = value >> 23 & 0xff;
	float f, back;
	char *plus;

	memcpy(&f, &value, sizeof(f));
	if (exponent < 127 - 20 || exponent > 127 + 30)
		return 0;
	for (int digits = 1; digits <= 7; digits++) {
		snprintf(text, 32, "%.*g", digits, (double)f);
		back = strtof(text, NULL);
		if (memcmp(&back, &f, sizeof(f)))
			continue;
		plus = strchr(text, '+');
		if (plus && f > -1e7f && f < 1e7f)
			snprintf(text, 32, "%.0f", (double)f);
		else if (plus)
			memmove(plus, plus + 1, strlen(plus));
		if (!strpbrk(text, ".e"))
			strcat(text, ".0");
		return strlen(text);
	}
	return 0;
}

static bool people_write(uint32_t value)
{
	return value < SMALL || short_float(value, (char[32]) { 0 });
}

void weft_print_word(FILE *out, uint32_t value)
{
	char text[32];

	if (value < SMALL)
		fprintf(out, "%u", value);
	else if (short_float(value, text))
		fputs(text, out);
	else
		fprintf(out, "0x%08x", value);
}

/* Integers as u32; where a float is among them, and no integer but 0, as f32. */
static const char *word_type(const unsigned char *data, uint64_t bytes)
{
	bool floats = false, integers = false;

	if (bytes % 4)
		return NULL;
	for (uint64_t i = 0; i < bytes; i += 4) {
		uint32_t v;

		memcpy(&v, data + i, 4);
		if (!people_write(v))
			return NULL;
		floats |= v >= SMALL;
		integers |= v && v < SMALL;
	}
	return floats && integers ? NULL : floats ? "f32" : "u32";
}

static void print_numbers(FILE *out, const unsigned char *data, uint64_t bytes)
{
	const char *type = word_type(data, bytes);
	const uint64_t line = type ? 4 * LINE_WORDS : LINE_BYTES;

	fprintf(out, "%s [", type ? type : "hex");
	for (uint64_t i = 0; i < bytes; i += type ? 4 : 1) {
		uint32_t v = data[i];

		if (bytes > line && i % line == 0)
			fputs("\n\t\t", out);
		else if (i && (type || i % 4 == 0))
			fputc(' ', out);
		if (!type) {
			fprintf(out, "%02x", v);
			continue;
		}
		memcpy(&v, data + i, 4);
		if (*type == 'f' && !v)
			fputs("0.0", out);
		else
			weft_print_word(out, v);
	}
	fputs(bytes > line ? "\n\t]" : "]", out);
}

void weft_print_contents(FILE *out, const void *contents, uint64_t bytes)
{
	const unsigned char *data = contents;
	uint64_t period;

	for (period = 1; period <= PERIOD && 2 * period <= bytes; period++)
		if (bytes % period == 0 && !memcmp(data, data + period, bytes - period))
			break;
	if (!data || (period == 1 && !data[0] && bytes > 1) || (bytes == 1 && !data[0]))
		return;
	if (period > PERIOD || 2 * period > bytes)
		period = bytes;
	else if (4 % period == 0 && bytes % 4 == 0 && bytes > 4)
		period = 4;		/* as a word it may be one that people write */
	fputs(period < bytes ? " repeat " : " ", out);
	print_numbers(out, data, period);
}
