/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The one place that sets what weft_last_error() returns. */
#ifndef WEFT_CORE_ERROR_H
#define WEFT_CORE_ERROR_H

#include <weft/base.h>

#define WEFT_ERROR_BYTES	512	/* of a text, with its end */

/* Remembers the text for this thread and returns @err, a negative errno; " (strerror)" is appended. */
int weft_fail(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of a text that has been one before: it ends with its reason, and no other is added. Not of last_error itself */
int weft_fail_again(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "@format: " before the last error, which keeps one reason, that of @err. Returns @err */
int weft_fail_of(int err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The last error without its reason, for whoever tells it again after other calls and adds one. */
void weft_error_bare(char *text, size_t bytes);

/* What is undone after a failure must not hide why: the text as it is, and that again, behind the name of a call if there is one */
struct weft_kept_error {
	char text[WEFT_ERROR_BYTES];
};
void weft_error_keep(struct weft_kept_error *kept);
int weft_fail_kept(int err, const char *call, const struct weft_kept_error *kept);

/* Forgets it, before code of others runs that may or may not set one. */
void weft_error_clear(void);

#endif
