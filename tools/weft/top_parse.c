// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "top_parse.h"

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
		} else if (last && !last->loops && !strncmp(text, "  frame ", 8) && strstr(text, " LOOP ") < text + strcspn(text, "\n")) {
			last->loops = strstr(text, " LOOP ") && number(text, "iteration", &last->iteration);
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return count;
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
