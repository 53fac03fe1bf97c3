/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lex.h"

#include "runtime/core/error.h"

#define NEAR_BYTES	40u	/* a longer word is nobody's misspelling */
#define LIST_BYTES	300u

static bool atom_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' ||
	       c == '/';
}

static void fail(struct weft_lex *l, uint32_t line, uint32_t column, int ret, const char *format, va_list args)
{
	char text[400];

	if (l->ret)
		return;
	vsnprintf(text, sizeof(text), format, args);
	l->ret = weft_fail(ret, "%u:%u: %s", line, column, text);
	l->kind = WEFT_LEX_END;
	l->at = l->end;
	l->word = l->end;
	l->bytes = 0;
}

void weft_lex_wrong(struct weft_lex *l, int ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(l, l->word_line, l->word_column, ret, format, args);
	va_end(args);
}

void weft_lex_wrong_at(struct weft_lex *l, uint32_t line, uint32_t column, int ret, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(l, line, column, ret, format, args);
	va_end(args);
}

/* The next word, for people. */
static const char *found(const struct weft_lex *l, char text[48])
{
	uint32_t n = l->bytes < 32 ? l->bytes : 32;

	if (l->kind == WEFT_LEX_END)
		return "the end of the text";
	if (l->kind == WEFT_LEX_LINE)
		return "the end of the line";
	snprintf(text, 48, "\"%.*s%s\"", (int)n, l->word, n < l->bytes ? "…" : "");
	return text;
}

void weft_lex_unexpected(struct weft_lex *l, const char *expected, ...)
{
	char text[320], word[48];
	va_list args;

	va_start(args, expected);
	vsnprintf(text, sizeof(text), expected, args);
	va_end(args);
	weft_lex_wrong(l, -EINVAL, "found %s, expected %s", found(l, word), text);
}

static void lex_string(struct weft_lex *l)
{
	uint32_t n = 0;

	for (l->at++; l->at < l->end && *l->at != '"' && *l->at != '\n'; l->at++) {
		char c = *l->at;

		if (c == '\\' && l->end - l->at > 1 && (l->at[1] == '"' || l->at[1] == '\\')) {
			c = *++l->at;
		} else if (c == '\\') {
			char hex[3] = { 0 }, *end = hex;

			if (l->end - l->at > 3 && l->at[1] == 'x')
				memcpy(hex, l->at + 2, 2);
			c = (char)strtoul(hex, &end, 16);
			if (end != hex + 2 || !c || hex[0] == '-' || hex[0] == '+' || hex[0] == ' ') {
				weft_lex_wrong(l, -EINVAL, "a \\ in a string stands before \", \\ or x and two digits, as in \\x0a");
				return;
			}
			l->at += 3;
		}
		if (n == sizeof(l->string) - 1) {
			weft_lex_wrong(l, -EINVAL, "a string of more than %zu bytes", sizeof(l->string) - 1);
			return;
		}
		l->string[n++] = c;
	}
	if (l->at == l->end || *l->at != '"') {
		weft_lex_wrong(l, -EINVAL, "a string without an end: a \" is missing in this line");
		return;
	}
	l->at++;
	l->string[n] = 0;
	l->kind = WEFT_LEX_STRING_KIND;
}

/* Blanks, comments, and between brackets ends of lines. */
static void skip(struct weft_lex *l)
{
	while (l->at < l->end) {
		if (*l->at == '#') {
			while (l->at < l->end && *l->at != '\n')
				l->at++;
		} else if (*l->at == '\n' && l->brackets) {
			l->line_start = ++l->at;
			l->line++;
		} else if (*l->at == ' ' || *l->at == '\t' || *l->at == '\r') {
			l->at++;
		} else {
			break;
		}
	}
}

static void lex_mark(struct weft_lex *l)
{
	const char c = *l->at++;

	l->kind = WEFT_LEX_MARK;
	if (l->at < l->end && *l->at == '=' && (c == '=' || c == '!' || c == '>'))
		l->at++;
	else if (c == '(' || c == '[')
		l->brackets++;
	else if (c == ')' || c == ']')
		l->brackets -= !!l->brackets;
	else if (c == '"' || (unsigned char)c < 0x20 || (unsigned char)c > 0x7e)
		weft_lex_wrong(l, -EINVAL, "byte 0x%02x outside a string", (unsigned char)c);
	else if (!strchr(",+*=<", c))
		weft_lex_wrong(l, -EINVAL, "found \"%c\", which is in no word; a name with it stands in quotes", c);
}

void weft_lex_next(struct weft_lex *l)
{
	if (l->ret)
		return;
	skip(l);
	l->word = l->at;
	l->word_line = l->line;
	l->word_column = (uint32_t)(l->at - l->line_start) + 1;
	if (l->at == l->end) {
		l->kind = WEFT_LEX_END;
	} else if (*l->at == '\n') {
		l->kind = WEFT_LEX_LINE;
		l->line_start = ++l->at;
		l->line++;
	} else if (*l->at == '"') {
		lex_string(l);
	} else if (atom_char(*l->at) || *l->at == '%') {
		l->kind = *l->at == '%' ? WEFT_LEX_DEFINED : WEFT_LEX_ATOM;
		for (l->at++; l->at < l->end && atom_char(*l->at);)
			l->at++;
		if (l->kind == WEFT_LEX_DEFINED && l->at - l->word == 1)
			weft_lex_wrong(l, -EINVAL, "a %% without a name");
	} else {
		lex_mark(l);
	}
	if (!l->ret)
		l->bytes = (uint32_t)(l->at - l->word);
}

void weft_lex_init(struct weft_lex *l, const char *text, uint64_t bytes)
{
	l->at = l->line_start = text;
	l->end = text + bytes;
	l->line = 1;
	l->brackets = 0;
	l->ret = 0;
	l->bytes = 0;
	l->string[0] = 0;
	weft_lex_next(l);
}

bool weft_lex_is(const struct weft_lex *l, const char *word)
{
	return (l->kind == WEFT_LEX_ATOM || l->kind == WEFT_LEX_MARK) && l->bytes == strlen(word) &&
	       !memcmp(l->word, word, l->bytes);
}

bool weft_lex_take(struct weft_lex *l, const char *word)
{
	const bool is = weft_lex_is(l, word);

	if (is)
		weft_lex_next(l);
	return is;
}

void weft_lex_expect(struct weft_lex *l, const char *word)
{
	struct weft_near near;

	if (weft_lex_take(l, word))
		return;
	weft_near_init(&near, l->word, l->kind == WEFT_LEX_ATOM ? l->bytes : 0);
	weft_near_offer(&near, word);
	weft_lex_unexpected(l, "\"%s\"%s", word, near.best ? "; a misspelling?" : "");
}

const char *weft_lex_text(struct weft_lex *l, const char *what)
{
	if (l->kind == WEFT_LEX_ATOM && l->bytes < sizeof(l->string)) {
		memcpy(l->string, l->word, l->bytes);
		l->string[l->bytes] = 0;
	} else if (l->kind != WEFT_LEX_STRING_KIND) {
		weft_lex_unexpected(l, "%s", what);
	}
	if (l->ret)
		l->string[0] = 0;
	return l->string;
}

uint32_t weft_lex_choose(struct weft_lex *l, const char *what, const char *const *words, uint32_t count)
{
	char list[LIST_BYTES];
	struct weft_near near;
	size_t n = 0;

	for (uint32_t i = 0; i < count; i++)
		if (weft_lex_take(l, words[i]))
			return l->ret ? UINT32_MAX : i;
	weft_near_init(&near, l->word, l->kind == WEFT_LEX_ATOM ? l->bytes : 0);
	for (uint32_t i = 0; i < count; i++) {
		weft_near_offer(&near, words[i]);
		if (n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", words[i]);
	}
	if (near.best)
		weft_lex_unexpected(l, "%s: %s; did you mean \"%s\"?", what, list, near.best);
	else
		weft_lex_unexpected(l, "%s: %s", what, list);
	return UINT32_MAX;
}

/* All digits of the first @bytes, with base 16 behind 0x; false: none, others, or too great */
static bool integer(const char *word, uint32_t bytes, uint64_t *value)
{
	const uint32_t base = bytes > 2 && word[0] == '0' && word[1] == 'x' ? 16 : 10;
	unsigned __int128 v = 0;

	for (uint32_t i = base == 16 ? 2 : 0; i < bytes; i++) {
		const char c = word[i];
		const uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 :
				       c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10 : 16;

		if (c == '_' && i)
			continue;
		if (digit >= base)
			return false;
		v = v * base + digit;
		if (v > UINT64_MAX)
			return false;
	}
	*value = (uint64_t)v;
	return bytes;
}

uint64_t weft_lex_number(struct weft_lex *l, const char *what, uint64_t least, uint64_t most)
{
	uint64_t v = 0;

	if (l->kind != WEFT_LEX_ATOM || !integer(l->word, l->bytes, &v) || v < least || v > most) {
		weft_lex_unexpected(l, "%s, a number from %llu to %llu", what, (unsigned long long)least, (unsigned long long)most);
		return 0;
	}
	weft_lex_next(l);
	return l->ret ? 0 : v;
}

struct unit {
	const char *name;
	uint64_t times;
};

static const struct unit *unit_of(const struct unit *units, uint32_t count, const char *word, uint32_t bytes)
{
	for (uint32_t i = 0; i < count; i++)
		if (strlen(units[i].name) == bytes && !memcmp(units[i].name, word, bytes))
			return &units[i];
	return NULL;
}

/* The unit that is the next word in the line, or NULL; then the lexer is at it. */
static const struct unit *unit_behind(struct weft_lex *l, const struct unit *units, uint32_t count)
{
	const char *from = l->at, *to;
	const struct unit *unit;

	while (from < l->end && (*from == ' ' || *from == '\t'))
		from++;
	for (to = from; to < l->end && atom_char(*to);)
		to++;
	unit = unit_of(units, count, from, (uint32_t)(to - from));
	if (unit)
		weft_lex_next(l);
	return unit;
}

/* "2 MiB", "2MiB", "1.5 ms": a whole number of the smallest unit. false: it is none, or no unit follows and one must */
static bool quantity(struct weft_lex *l, const struct unit *units, uint32_t count, bool bare, uint64_t *value)
{
	const char *word = l->word;
	const uint32_t bytes = l->bytes;
	uint32_t whole = 0, digits, fraction = 0;
	const struct unit *unit;
	unsigned __int128 v, scale = 1;
	uint64_t high, low = 0;

	if (l->kind != WEFT_LEX_ATOM)
		return false;
	if (bytes > 2 && word[1] == 'x')
		whole = bytes;
	while (whole < bytes && ((word[whole] >= '0' && word[whole] <= '9') || word[whole] == '_'))
		whole++;
	digits = whole;
	if (digits < bytes && word[digits] == '.')
		for (digits++; digits < bytes && word[digits] >= '0' && word[digits] <= '9' && fraction < 15; fraction++) {
			digits++;
			scale *= 10;
		}
	if (!integer(word, whole, &high) || (fraction && !integer(word + whole + 1, fraction, &low)))
		return false;
	unit = digits < bytes ? unit_of(units, count, word + digits, bytes - digits) : unit_behind(l, units, count);
	if (!unit && (digits < bytes || fraction || (!bare && high)))
		return false;
	v = (high * scale + low) * (unit ? unit->times : 1);
	*value = (uint64_t)(v / scale);
	return v % scale == 0 && v / scale <= UINT64_MAX;
}

static uint64_t measure(struct weft_lex *l, const struct unit *units, uint32_t count, bool bare, const char *what,
			const char *how, uint64_t least, uint64_t most)
{
	const uint32_t line = l->word_line, column = l->word_column;
	char word[48];
	uint64_t v = 0;

	snprintf(word, sizeof(word), "%s", found(l, (char[48]) { 0 }));
	if (!quantity(l, units, count, bare, &v))
		weft_lex_unexpected(l, "%s, %s", what, how);
	else if (v < least || v > most)
		weft_lex_wrong_at(l, line, column, -EINVAL, "found %s, expected %s from %llu to %llu", word, what,
				  (unsigned long long)least, (unsigned long long)most);
	weft_lex_next(l);
	return l->ret ? 0 : v;
}

uint64_t weft_lex_bytes(struct weft_lex *l, const char *what, uint64_t least, uint64_t most)
{
	static const struct unit units[] = { { "B", 1 }, { "KiB", 1ull << 10 }, { "MiB", 1ull << 20 }, { "GiB", 1ull << 30 },
					     { "TiB", 1ull << 40 } };

	return measure(l, units, 5, true, what, "a whole number of bytes with B, KiB, MiB, GiB, TiB or no unit", least, most);
}

uint64_t weft_lex_time(struct weft_lex *l, const char *what, uint64_t most)
{
	static const struct unit units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

	return measure(l, units, 4, false, what, "a whole number of nanoseconds with ns, us, ms or s", 0, most);
}

uint64_t weft_lex_value(struct weft_lex *l, uint32_t bits, bool floating)
{
	const uint64_t most = bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
	char text[48], *end;
	const bool minus = l->kind == WEFT_LEX_ATOM && l->word[0] == '-';
	uint64_t v = 0;
	bool good = false;

	if (l->kind == WEFT_LEX_ATOM && l->bytes < sizeof(text) && !floating && integer(l->word + minus, l->bytes - minus, &v)) {
		good = minus ? v <= most / 2 + 1 : v <= most;
		v = (minus ? 0 - v : v) & most;
	} else if (l->kind == WEFT_LEX_ATOM && l->bytes < sizeof(text) && bits == 32) {
		float f;

		memcpy(text, l->word, l->bytes);
		text[l->bytes] = 0;
		f = strtof(text, &end);
		good = !*end && end != text && !strpbrk(text, "xXnN") && f - f == 0;
		memcpy(&v, &f, sizeof(f));
	}
	if (!good) {
		weft_lex_unexpected(l, "%s of %u bits", floating ? "a number" : bits == 32 ? "an integer or a number with a point" :
				    "an integer", bits);
		return 0;
	}
	weft_lex_next(l);
	return l->ret ? 0 : v;
}

void weft_near_init(struct weft_near *near, const char *word, uint32_t bytes)
{
	/* a short word has to be nearer */
	*near = (struct weft_near) { .found = word, .bytes = bytes, .distance = bytes < 3 ? 1 : bytes < 6 ? 2 : 3 };
}

/* Letters to insert, remove, replace or swap with their neighbour; @most and more are all the same. */
static uint32_t distance(const char *a, uint32_t na, const char *b, uint32_t nb, uint32_t most)
{
	uint32_t row[3][NEAR_BYTES + 1], *before = row[0], *last = row[1], *now = row[2];

	if (na > NEAR_BYTES || nb > NEAR_BYTES || (na > nb ? na - nb : nb - na) >= most)
		return most;
	for (uint32_t j = 0; j <= nb; j++)
		last[j] = j;
	for (uint32_t i = 1; i <= na; i++) {
		uint32_t *spare = before;

		now[0] = i;
		for (uint32_t j = 1; j <= nb; j++) {
			uint32_t d = last[j - 1] + (a[i - 1] != b[j - 1]);

			d = last[j] + 1 < d ? last[j] + 1 : d;
			d = now[j - 1] + 1 < d ? now[j - 1] + 1 : d;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			now[j] = d;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[nb] < most ? last[nb] : most;
}

void weft_near_offer(struct weft_near *near, const char *name)
{
	const uint32_t d = near->bytes ? distance(near->found, near->bytes, name, (uint32_t)strlen(name), near->distance) : UINT32_MAX;

	if (d < near->distance) {
		near->distance = d;
		near->best = name;
	}
}
