/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The text of a dump, as weft-dump(1) describes it. It comes from a driver by way of a file: nothing in it is believed. */
#ifndef WEFT_DUMP_PARSE_H
#define WEFT_DUMP_PARSE_H

#include <stddef.h>
#include <stdint.h>

#define DUMP_VERSION	1
#define DUMP_MAX_BYTES	(1u << 20)
#define DUMP_LINE_BYTES	64	/* most bytes in one line of them */

/* "key: value", or with key NULL "@index hex". */
struct dump_entry {
	const char *key, *value;
	uint64_t index;
	unsigned int num_bytes;
	uint8_t bytes[DUMP_LINE_BYTES];
};

struct dump_section {
	const char *name;		/* "" before the first one */
	size_t first, count;		/* of dump.entry */
};

struct dump {
	struct dump_section *section;
	size_t num_sections;
	struct dump_entry *entry;
	size_t num_entries;
};

/*
 * Takes `bytes` of text apart, in place: all strings of the dump point into it. text[bytes] must be there. 0, or -1 with
 * one line in `why`; dump_free() is called in both cases.
 */
int dump_parse(struct dump *d, char *text, size_t bytes, char *why, size_t why_bytes);
void dump_free(struct dump *d);

/* Value of a key, NULL when the dump has none. */
const char *dump_value(const struct dump *d, const char *section, const char *key);

#endif
