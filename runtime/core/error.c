/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

static _Thread_local char last_error[WEFT_ERROR_BYTES];

int weft_fail(int err, const char *format, ...)
{
	char reason[64];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(last_error, sizeof(last_error), format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(last_error))
		snprintf(last_error + n, sizeof(last_error) - (size_t)n, " (%s)",
			 strerror_r(-err, reason, sizeof(reason)));
	return err;
}

int weft_fail_again(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last_error, sizeof(last_error), format, args);
	va_end(args);
	return err;
}

int weft_fail_of(int err, const char *format, ...)
{
	char was[sizeof(last_error)], where[sizeof(last_error)];
	va_list args;

	weft_error_bare(was, sizeof(was));
	va_start(args, format);
	vsnprintf(where, sizeof(where), format, args);
	va_end(args);
	return weft_fail(err, "%s: %s", where, was);
}

void weft_error_bare(char *text, size_t bytes)
{
	char *reason;

	snprintf(text, bytes, "%s", last_error);
	reason = strrchr(text, '(');
	if (reason && reason > text && reason[-1] == ' ' && text[strlen(text) - 1] == ')')
		reason[-1] = 0;
}

void weft_error_keep(struct weft_kept_error *kept)
{
	memcpy(kept->text, last_error, sizeof(kept->text));
}

int weft_fail_kept(int err, const char *call, const struct weft_kept_error *kept)
{
	return weft_fail_again(err, "%s%s%s", call ? call : "", call ? ": " : "", kept->text);
}

void weft_error_clear(void)
{
	last_error[0] = 0;
}

const char *weft_last_error(void)
{
	return last_error;
}

uint32_t weft_version(void)
{
	return WEFT_VERSION_MAJOR << 16 | WEFT_VERSION_MINOR;
}
