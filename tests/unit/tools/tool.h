/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What the tests of the commands share: what a command said on standard error. */
#ifndef TOOL_H
#define TOOL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static FILE *said_file;
static int said_kept;

static inline void said_begin(void)
{
	said_file = tmpfile();
	assert_non_null(said_file);
	fflush(stderr);
	said_kept = dup(2);
	dup2(fileno(said_file), 2);
}

/* Standard error is itself again. */
static inline const char *said_end(void)
{
	static char text[4096];
	size_t n;

	fflush(stderr);
	dup2(said_kept, 2);
	close(said_kept);
	rewind(said_file);
	n = fread(text, 1, sizeof(text) - 1, said_file);
	text[n] = 0;
	fclose(said_file);
	return text;
}

#endif
