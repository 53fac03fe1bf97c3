/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A plan's text on its way to a plan: what the files that read it share. */
#ifndef WEFT_EXEC_PARSE_H
#define WEFT_EXEC_PARSE_H

#include <stdio.h>

#include "exec.h"
#include "lex.h"

#define WEFT_TEXT_VERSION	1u
#define WEFT_TEXT_BYTES		(64u << 20)	/* of a text, at most */
#define WEFT_TEXT_CONTENTS	(64ull << 20)	/* of all that it says lies in constants and tokens */
#define WEFT_TEXT_BODIES	(1u << 17)
#define WEFT_TEXT_EDGES		(1u << 18)
#define WEFT_TEXT_CONSTANTS	(1u << 16)
#define WEFT_TEXT_PORTS		4096u		/* of a body, each way */
#define WEFT_TEXT_DEFINED	65536u		/* operands with a name, of a body */

/* Words that stand for numbers of the interface, by number. */
extern const char *const weft_word_priority[5], *const weft_word_reduction[5], *const weft_word_compare[4];
#define WEFT_WORD_TYPES		7u
extern const char *const weft_word_type[WEFT_WORD_TYPES];

struct weft_defined {
	char *name;
	uint64_t operand;
};

/* An operand of the body that was made: blocks are named often, and each is one operand. */
struct weft_made {
	const struct weft_edge *edge;
	uint32_t j;
	bool out;
	uint64_t operand;
};
#define WEFT_MADE	64u

struct weft_parse {
	struct weft_lex lex;
	struct weft_device *const *devices;
	uint32_t num_devices, cards;
	struct weft_plan_config config;
	char name[256];
	bool named, counted;		/* plan, cards: they come once */
	struct weft_plan *plan;		/* NULL up to the first constant, edge or body */
	struct weft_body *body;		/* that ports and commands belong to */
	struct weft_defined *defined;	/* of the body */
	uint32_t num_defined, room_defined;
	struct weft_names names;	/* of those */
	struct weft_made made[WEFT_MADE];
	uint64_t contents;		/* bytes so far */
};

/* A call of the library that failed with @ret, at a place of the text. */
void weft_parse_failed(struct weft_parse *parse, uint32_t line, uint32_t column, int ret);

/*
 * contents.c: zeros, numbers, or numbers repeated, @bytes in all. False: no such thing stands there. @data is owned by the
 * caller, NULL for zeros and after an error
 */
bool weft_parse_contents(struct weft_parse *parse, uint64_t bytes, void **data);
/* A u32 for people: small integers and floats that are short as such, others in hex */
void weft_print_word(FILE *out, uint32_t value);
/* " TYPE [numbers]", " repeat TYPE [numbers]", or nothing for zeros */
void weft_print_contents(FILE *out, const void *data, uint64_t bytes);

/* parse_body.c: the edge that the next word names, and on behind it; NULL after an error, which has a name that is near */
struct weft_edge *weft_parse_edge(struct weft_parse *parse);
/* A port, a definition or a command of the body; false: the next word begins none */
bool weft_parse_in_body(struct weft_parse *parse);
void weft_parse_forget(struct weft_parse *parse);
/* Offers words that begin one. */
void weft_parse_offer(struct weft_near *near);

#endif
