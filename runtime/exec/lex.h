/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Words of a plan's text. The first error sticks: it is in weft_last_error() as "LINE:COLUMN: found …, expected …", what
 * remains of the text is taken for its end, and every value read from then on is 0; so callers need not look after each call.
 */
#ifndef WEFT_EXEC_LEX_H
#define WEFT_EXEC_LEX_H

#include <stdbool.h>
#include <stdint.h>

#define WEFT_LEX_STRING		4096u	/* bytes of a word that is taken as text, its end among them */

enum weft_lex_kind {
	WEFT_LEX_END,
	WEFT_LEX_LINE,		/* end of a line, outside brackets */
	WEFT_LEX_ATOM,		/* letters, digits and . _ - / */
	WEFT_LEX_STRING_KIND,	/* in quotes; `string` has it without */
	WEFT_LEX_DEFINED,	/* % and an atom */
	WEFT_LEX_MARK,		/* ( ) [ ] , + * = == != < >= */
};

struct weft_lex {
	const char *at, *end, *line_start;
	uint32_t line;
	uint32_t brackets;
	int ret;			/* of the first error */
	/* the word that is next */
	enum weft_lex_kind kind;
	const char *word;
	uint32_t bytes;			/* of it in the text */
	uint32_t word_line, word_column;
	char string[WEFT_LEX_STRING];
};

void weft_lex_init(struct weft_lex *lex, const char *text, uint64_t bytes);
void weft_lex_next(struct weft_lex *lex);

/* Is the next word this one? take: if so, go on behind it. expect: it must be */
bool weft_lex_is(const struct weft_lex *lex, const char *word);
bool weft_lex_take(struct weft_lex *lex, const char *word);
void weft_lex_expect(struct weft_lex *lex, const char *word);

/* An atom or a string as text, until the next word is read; "" after an error. @what for the error: "the name of an edge" */
const char *weft_lex_text(struct weft_lex *lex, const char *what);
/* The number of the next word among @count, and go on behind it; UINT32_MAX after an error, which lists them. */
uint32_t weft_lex_choose(struct weft_lex *lex, const char *what, const char *const *words, uint32_t count);
uint64_t weft_lex_number(struct weft_lex *lex, const char *what, uint64_t least, uint64_t most);
/* With a unit: B (or none), KiB … TiB; ns, us, ms, s */
uint64_t weft_lex_bytes(struct weft_lex *lex, const char *what, uint64_t least, uint64_t most);
uint64_t weft_lex_time(struct weft_lex *lex, const char *what, uint64_t most);
/* An integer of @bits, negative or not, or with 32 bits (and with @floating always) a float. */
uint64_t weft_lex_value(struct weft_lex *lex, uint32_t bits, bool floating);

/* Errors about the next word, which is named in front. `wrong`: the text alone */
void weft_lex_unexpected(struct weft_lex *lex, const char *expected, ...) __attribute__((format(printf, 2, 3)));
void weft_lex_wrong(struct weft_lex *lex, int ret, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same at a place remembered. */
void weft_lex_wrong_at(struct weft_lex *lex, uint32_t line, uint32_t column, int ret, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * Candidates for "did you mean": begin with what was found, offer any number of names, then the best is in `best`, or NULL when
 * none is near.
 */
struct weft_near {
	const char *found, *best;
	uint32_t bytes, distance;
};
void weft_near_init(struct weft_near *near, const char *found, uint32_t bytes);
void weft_near_offer(struct weft_near *near, const char *name);

#endif
