// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "top_parse.h"

#include "trace_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the word behind @name is in the line, NULL: nowhere. */
static const char *value(const char *line, const char *name)
{
	const size_t n = strlen(name), end = strcspn(line, "\n");

	for (const char *at = line; (at = strstr(at, name)) && at + n < line + end; at += n)
		if (at[n] == ' ' && (at == line || at[-1] == ' '))
			return at + n + 1;
	return NULL;
}

static bool number(const char *line, const char *name, uint64_t *to)
{
	const char *at = value(line, name);

	if (at)
		*to = strtoull(at, NULL, 0);
	return at;
}

static bool word(const char *line, const char *name, char *to, size_t bytes)
{
	const char *at = value(line, name);

	if (at)
		snprintf(to, bytes, "%.*s", (int)strcspn(at, " \n"), at);
	return at;
}

static void queue_of(const char *line, struct top_queue *q)
{
	char kind[16] = "";
	uint64_t n = 0;

	*q = (struct top_queue) { 0 };
	if (number(line, "queue", &n))
		q->id = (uint32_t)n;
	if (number(line, "space", &n))
		q->space = (uint32_t)n;
	q->user = word(line, "kind", kind, sizeof(kind)) && !strcmp(kind, "user");
	q->known = word(line, "run", q->run, sizeof(q->run));
	word(line, "cause", q->cause, sizeof(q->cause));
	number(line, "retired", &q->retired);
	number(line, "busy_ns", &q->busy_ns);
	q->waits = number(line, "wait_va", &q->wait_va) && number(line, "wait_value", &q->wait_value) &&
		   number(line, "wait_since_ns", &q->wait_since_ns);
}

/* Up to the end of the line: it may have spaces. */
static void name_of(const char *text, struct top_queue *q)
{
	char name[sizeof(q->name)];
	const char *s = name;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "\n"), text);
	for (char *to = q->name; *s;) {
		size_t n = trace_character(s);

		if (!n) {
			*to++ = '?';
			s++;
		}
		for (; n; n--)
			*to++ = *s++;
	}
}

/* What is below the line of a queue. */
static void more_of(const char *line, struct top_queue *q)
{
	if (!strncmp(line, "  name ", 7))
		name_of(line + 7, q);
	else if (!strncmp(line, "  cell ", 7))
		q->cell_known = number(line, "value", &q->cell_value) && number(line, "end", &q->cell_end) &&
				number(line, "fault", &q->cell_fault);
	if (strncmp(line, "  frame ", 8))
		return;
	/* the innermost comes last */
	q->in_list = number(line, "list", &q->list) && number(line, "packet", &q->packet);
	if (!q->loops && value(line, "LOOP"))
		q->loops = number(line, "iteration", &q->iteration);
}

uint32_t top_parse_queues(const char *text, struct top_queue *queue, uint32_t max)
{
	struct top_queue *last = NULL;
	uint32_t count = 0;

	while (*text) {
		if (!strncmp(text, "queue ", 6)) {
			last = count < max ? &queue[count] : NULL;
			count++;
			if (last)
				queue_of(text, last);
		} else if (last) {
			more_of(text, last);
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return count;
}

void top_parse_spaces(const char *text, struct top_queue *queue, uint32_t count)
{
	while (*text) {
		uint64_t space, client;

		if (!strncmp(text, "space ", 6) && number(text, "space", &space) && number(text, "client", &client))
			for (uint32_t i = 0; i < count; i++)
				if (queue[i].space == space)
					queue[i].client = client;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
}

uint64_t top_parse_clock(const char *text)
{
	uint64_t ns = 0;

	while (*text) {
		if (!strncmp(text, "card boot_status ", 17) && number(text, "clock_ns", &ns))
			return ns;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}
