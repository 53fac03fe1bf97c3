// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* What the commands share: messages, numbers, progress, JSON. */
#include "cmd.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int cmd_error(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "weft %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

int cmd_weft_error(const char *command, const char *what, int error)
{
	const char *why = weft_last_error();

	return cmd_error(command, "%s: %s", what, *why ? why : strerror(-error));
}

int cmd_no_card(const char *command)
{
	return cmd_error(command, "no card found; is weft.ko loaded?");
}

int cmd_number(const char *command, const char *option, const char *text, uint64_t min, uint64_t max,
	       uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno || !*text || *end || *text == '-' || *value < min || *value > max)
		return cmd_error(command, "%s %s: want a number from %llu to %llu", option, text,
				 (unsigned long long)min, (unsigned long long)max);
	return 0;
}

char *cmd_read_file(const char *command, const char *name, uint64_t most, uint64_t *bytes)
{
	FILE *f = fopen(name, "rb");
	uint64_t room = 0;
	char *text = NULL;

	if (!f) {
		cmd_error(command, "%s: %s", name, strerror(errno));
		return NULL;
	}
	errno = 0;
	*bytes = 0;
	do {
		char *more;

		room = room ? 2 * room : 1 << 16;
		more = room <= most ? realloc(text, room) : NULL;
		if (!more) {
			cmd_error(command, "%s: more than %llu bytes, or too little memory", name, (unsigned long long)most);
			break;
		}
		text = more;
		*bytes += fread(text + *bytes, 1, room - *bytes, f);
	} while (*bytes == room);
	if (ferror(f))
		cmd_error(command, "%s: %s", name, strerror(errno ? errno : EIO));
	if (ferror(f) || *bytes == room || !text) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t fnv64(const void *data, size_t bytes)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;

	while (bytes--)
		h = (h ^ *p++) * 0x100000001b3u;
	return h;
}

void progress_init(struct progress *p, const char *what, uint64_t total, bool quiet)
{
	*p = (struct progress){
		.what = what, .total = total, .started_ns = now_ns(), .terminal = isatty(2), .quiet = quiet,
	};
}

void progress_show(struct progress *p, uint64_t done, const char *detail)
{
	const uint64_t now = now_ns(), every = p->terminal ? 100000000u : 2000000000u;
	char bar[25];
	size_t full;

	if (p->quiet || (now - p->drawn_ns < every && done != p->total))
		return;
	p->drawn_ns = now;
	full = p->total ? done * (sizeof(bar) - 1) / p->total : 0;
	memset(bar, '.', sizeof(bar) - 1);
	memset(bar, '#', full);
	bar[sizeof(bar) - 1] = 0;
	fprintf(stderr, "%s%s [%s] %3llu%% %s%s", p->terminal ? "\r" : "", p->what, bar,
		(unsigned long long)(p->total ? done * 100 / p->total : 100), detail, p->terminal ? "\033[K" : "\n");
}

void progress_done(struct progress *p)
{
	if (!p->quiet && p->terminal && p->drawn_ns)
		fputc('\n', stderr);
}

static void json_comma(struct json *j)
{
	if (j->comma)
		fputc(',', j->out);
	j->comma = true;
}

static void json_string(struct json *j, const char *s)
{
	fputc('"', j->out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(j->out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(j->out, "\\u%04x", *s);
		else
			fputc(*s, j->out);
	}
	fputc('"', j->out);
}

void json_begin(struct json *j, FILE *out, char bracket)
{
	*j = (struct json){ .out = out };
	fputc(bracket, out);
}

void json_end(struct json *j, char bracket)
{
	fprintf(j->out, "%c\n", bracket);
	fflush(j->out);
}

void json_key(struct json *j, const char *key)
{
	json_comma(j);
	if (!key)
		return;
	json_string(j, key);
	fputc(':', j->out);
}

void json_text(struct json *j, const char *key, const char *value)
{
	json_key(j, key);
	json_string(j, value);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	json_key(j, key);
	fprintf(j->out, "%llu", (unsigned long long)value);
}

void json_number(struct json *j, const char *key, double value, int digits)
{
	json_key(j, key);
	if (isfinite(value))
		fprintf(j->out, "%.*g", digits, value);
	else
		fputs("null", j->out);
}

void json_bool(struct json *j, const char *key, bool value)
{
	json_key(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_open(struct json *j, const char *key, char bracket)
{
	json_key(j, key);
	fputc(bracket, j->out);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	fputc(bracket, j->out);
	j->comma = true;
}
