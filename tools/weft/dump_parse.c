// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "dump_parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	struct dump *dump;
	size_t room_sections, room_entries;
	unsigned long line;
	bool ended;
	char *why;
	size_t why_bytes;
};

static int fail(struct parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct parser *p, const char *format, ...)
{
	int n = snprintf(p->why, p->why_bytes, "line %lu: ", p->line);
	va_list args;

	va_start(args, format);
	if (n > 0 && (size_t)n < p->why_bytes)
		vsnprintf(p->why + n, p->why_bytes - n, format, args);
	va_end(args);
	return -1;
}

/* One more element at the end of an array; NULL without memory. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return realloc(array, *room * size);
}

static int add_section(struct parser *p, const char *name)
{
	struct dump *d = p->dump;
	void *more = grow(d->section, d->num_sections, &p->room_sections, sizeof(*d->section));

	if (!more)
		return fail(p, "out of memory");
	d->section = more;
	d->section[d->num_sections++] = (struct dump_section){ .name = name, .first = d->num_entries };
	return 0;
}

static int add_entry(struct parser *p, const struct dump_entry *entry)
{
	struct dump *d = p->dump;
	void *more = grow(d->entry, d->num_entries, &p->room_entries, sizeof(*d->entry));

	if (!more)
		return fail(p, "out of memory");
	d->entry = more;
	d->entry[d->num_entries++] = *entry;
	d->section[d->num_sections - 1].count++;
	return 0;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool all_name(const char *s)
{
	const char *from = s;

	while (is_name(*s))
		s++;
	return s > from && !*s;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_section(struct parser *p, char *line)
{
	size_t n = strlen(line);

	if (line[n - 1] != ']')
		return fail(p, "a section's name has no end");
	line[n - 1] = 0;
	if (!all_name(line + 1))
		return fail(p, "not the name of a section");
	if (!strcmp(line + 1, "end")) {
		p->ended = true;
		return 0;
	}
	return add_section(p, line + 1);
}

static int parse_bytes(struct parser *p, char *line)
{
	struct dump_entry entry = { .key = NULL };
	char *end;

	if (line[1] < '0' || line[1] > '9')
		return fail(p, "bytes without an index");
	errno = 0;
	entry.index = strtoull(line + 1, &end, 10);
	if (errno || *end != ' ')
		return fail(p, "bytes without an index");
	for (end++; *end; end += 2) {
		int high = digit(end[0]), low = high < 0 ? -1 : digit(end[1]);

		if (low < 0)
			return fail(p, "not pairs of hexadecimal digits");
		if (entry.num_bytes == DUMP_LINE_BYTES)
			return fail(p, "more than %d bytes", DUMP_LINE_BYTES);
		entry.bytes[entry.num_bytes++] = high << 4 | low;
	}
	return entry.num_bytes ? add_entry(p, &entry) : fail(p, "no bytes");
}

static int parse_pair(struct parser *p, char *line)
{
	char *colon = strchr(line, ':');
	struct dump_entry entry = { .key = line };

	if (!colon || colon[1] != ' ')
		return fail(p, "neither section, key nor bytes");
	*colon = 0;
	entry.value = colon + 2;
	return all_name(line) ? add_entry(p, &entry) : fail(p, "not the name of a key");
}

static int parse_first(struct parser *p, const char *line)
{
	static const char magic[] = "weft-dump ";
	unsigned long version;
	char *end;

	if (strncmp(line, magic, sizeof(magic) - 1))
		return fail(p, "not a dump of a weft card");
	version = strtoul(line + sizeof(magic) - 1, &end, 10);
	if (*end || version != DUMP_VERSION)
		return fail(p, "version %.10s of the format, this program reads %d", line + sizeof(magic) - 1,
			    DUMP_VERSION);
	return add_section(p, "");
}

static int parse_line(struct parser *p, char *line)
{
	if (p->ended)
		return fail(p, "something follows the end");
	for (const char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			return fail(p, "a byte that is no text: %#x", (unsigned char)*c);
	if (p->line == 1)
		return parse_first(p, line);
	switch (*line) {
	case '[':
		return parse_section(p, line);
	case '@':
		return parse_bytes(p, line);
	default:
		return parse_pair(p, line);
	}
}

int dump_parse(struct dump *d, char *text, size_t bytes, char *why, size_t why_bytes)
{
	struct parser p = { .dump = d, .why = why, .why_bytes = why_bytes };
	char *at = text, *end;

	*d = (struct dump){ .section = NULL };
	if (bytes > DUMP_MAX_BYTES)
		return fail(&p, "longer than %u bytes", DUMP_MAX_BYTES);
	text[bytes] = 0;
	while (at < text + bytes) {
		p.line++;
		end = memchr(at, '\n', text + bytes - at);
		if (!end)
			return fail(&p, "cut off");
		if (memchr(at, 0, end - at))
			return fail(&p, "a byte that is no text: 0");
		*end = 0;
		if (parse_line(&p, at))
			return -1;
		at = end + 1;
	}
	if (!p.line)
		return fail(&p, "empty");
	return p.ended ? 0 : fail(&p, "cut off: the line [end] is missing");
}

void dump_free(struct dump *d)
{
	free(d->section);
	free(d->entry);
	*d = (struct dump){ .section = NULL };
}

const char *dump_value(const struct dump *d, const char *section, const char *key)
{
	for (size_t s = 0; s < d->num_sections; s++) {
		if (strcmp(d->section[s].name, section))
			continue;
		for (size_t i = 0; i < d->section[s].count; i++) {
			const struct dump_entry *entry = &d->entry[d->section[s].first + i];

			if (entry->key && !strcmp(entry->key, key))
				return entry->value;
		}
	}
	return NULL;
}
