// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <stdbool.h>
#include <stdint.h>

#include "format.h"

struct out {
	char *buf;
	size_t size;
	size_t used;
};

static void put(struct out *o, char c)
{
	if (o->used + 1 < o->size)
		o->buf[o->used++] = c;
}

static void put_padded(struct out *o, const char *s, size_t len, unsigned width, char pad)
{
	for (size_t i = len; i < width; i++)
		put(o, pad);
	for (size_t i = 0; i < len; i++)
		put(o, s[i]);
}

static void put_number(struct out *o, uint64_t v, unsigned base, unsigned width, char pad)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	put_padded(o, digits + at, sizeof(digits) - at, width, pad);
}

size_t wfw_vformat(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };

	if (!size)
		return 0;
	for (const char *p = fmt; *p; p++) {
		const char *start = p;
		unsigned width = 0;
		bool is_long = false;
		char pad = ' ';

		if (*p != '%') {
			put(&o, *p);
			continue;
		}
		p++;
		if (*p == '0') {
			pad = '0';
			p++;
		}
		for (; *p >= '0' && *p <= '9'; p++)
			width = width * 10 + (unsigned)(*p - '0');
		if (*p == 'l') {
			is_long = true;
			p++;
		}
		switch (*p) {
		case 'u':
		case 'x':
			put_number(&o, is_long ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int),
				   *p == 'u' ? 10 : 16, width, pad);
			break;
		case 's': {
			const char *s = va_arg(ap, const char *);
			size_t len = 0;

			while (s[len])
				len++;
			put_padded(&o, s, len, width, ' ');
			break;
		}
		case 'c':
			put(&o, (char)va_arg(ap, int));
			break;
		case '%':
			put(&o, '%');
			break;
		default:
			for (; start < p; start++)
				put(&o, *start);
			if (!*p)
				goto end;
			put(&o, *p);
		}
	}
end:
	buf[o.used] = 0;
	return o.used;
}

size_t wfw_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = wfw_vformat(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
