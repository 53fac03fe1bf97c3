/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Texts of pictures and terminals: names are the user's and may hold anything. */
#ifndef WEFT_TOOL_TRACE_TEXT_H
#define WEFT_TOOL_TRACE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Bytes of the character at @s, 0: none of UTF-8, a control character, or one that XML has not. */
size_t trace_character(const char *s);
/* As text of XML; bytes that are no UTF-8, and control characters, become '?'. */
void trace_xml(FILE *out, const char *text);
/* "5.03 ms", three or four digits and the unit that fits. Return: @text */
char *trace_time(char *text, size_t bytes, double ns);
/* At most @characters of @name, with … where something was left out. Return: @text, which has room for 1 + 4 times as many */
const char *trace_short(const char *name, char *text, size_t bytes, size_t characters);
/* The first line of at most @most bytes, cut at a space where there is one. Return: what is left */
const char *trace_line(const char *text, char *line, size_t most);

#endif
