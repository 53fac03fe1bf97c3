/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WFW_FORMAT_H
#define WFW_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Like vsnprintf for %s %c %u %lu %x %lx %%, each with an optional width and leading 0; returns the bytes written
 * without the final 0, never more than size - 1. An unknown conversion is copied as it stands.
 */
__attribute__((format(printf, 3, 0)))
size_t wfw_vformat(char *buf, size_t size, const char *fmt, va_list ap);
__attribute__((format(printf, 3, 4)))
size_t wfw_format(char *buf, size_t size, const char *fmt, ...);

#endif
