/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "why.h"

#define MORE	"…"

static void append(struct weft_why *why, const char *format, va_list args)
{
	size_t at = strlen(why->text), room = sizeof(why->text) - at;
	int n = vsnprintf(why->text + at, room, format, args);

	if (n < 0 || (size_t)n >= room)
		memcpy(why->text + sizeof(why->text) - sizeof(MORE), MORE, sizeof(MORE));
}

int weft_why(struct weft_why *why, int err, const char *format, ...)
{
	va_list args;

	if (!why)
		return err;
	why->text[0] = 0;
	va_start(args, format);
	append(why, format, args);
	va_end(args);
	return err;
}

void weft_why_add(struct weft_why *why, const char *format, ...)
{
	va_list args;

	if (!why)
		return;
	va_start(args, format);
	append(why, format, args);
	va_end(args);
}
