// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "trace_text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

size_t trace_character(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	const size_t n = u[0] < 0x80 ? 1 : u[0] >= 0xc2 && u[0] < 0xe0 ? 2 : (u[0] & 0xf0) == 0xe0 ? 3 : u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : 0;
	uint32_t code = n == 1 ? u[0] : n ? u[0] & (0x7fu >> n) : 0;

	for (size_t i = 1; i < n; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (u[i] & 0x3f);
	}
	/* too long a form, surrogates, beyond Unicode; control characters and what XML has none of */
	if ((n == 3 && code < 0x800) || (n == 4 && (code < 0x10000 || code > 0x10ffff)) || (code >= 0xd800 && code < 0xe000) ||
	    code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xfffe || code == 0xffff)
		return 0;
	return n;
}

void trace_xml(FILE *out, const char *text)
{
	while (*text) {
		const size_t n = trace_character(text);

		if (!n)
			fputc('?', out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else
			fwrite(text, 1, n, out);
		text += n ? n : 1;
	}
}

char *trace_time(char *text, size_t bytes, double ns)
{
	static const struct {
		double ns;
		const char *name;
	} unit[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "µs" }, { 1, "ns" } };
	size_t i = 0;

	while (i < 3 && fabs(ns) < unit[i].ns * 0.9995)
		i++;
	snprintf(text, bytes, "%.*g %s", fabs(ns) >= unit[i].ns * 999.5 ? 4 : 3, ns / unit[i].ns, unit[i].name);
	return text;
}

const char *trace_short(const char *name, char *text, size_t bytes, size_t characters)
{
	size_t at = 0, n = 0, cut = 0;

	while (name[at] && n < characters) {
		const size_t step = trace_character(name + at);

		if (n + 1 == characters)
			cut = at;
		at += step ? step : 1;
		n++;
	}
	if (!name[at] && at < bytes)
		snprintf(text, bytes, "%s", name);
	else
		snprintf(text, bytes, "%.*s…", (int)(cut + 4 < bytes ? cut : bytes - 4), name);
	return text;
}

const char *trace_line(const char *text, char *line, size_t most)
{
	size_t n = strlen(text);

	if (n > most) {
		for (n = most; n && text[n] != ' '; n--)
			;
		n = n ? n : most;
	}
	memcpy(line, text, n);
	line[n] = 0;
	text += n;
	return *text == ' ' ? text + 1 : text;
}
