/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What the program says: a line of TAP for each test, and at the end a report by section, for people and as JSON. */
#ifndef CT_REPORT_H
#define CT_REPORT_H

#include "ct.h"

/* Opens the JSON file, if one is asked for; false when it cannot be written. */
bool report_begin(const char *json);
void report_test(const struct ct_section *s, const struct ct_test *t, enum ct_outcome outcome, double ms);
/* Prints the report; the exit status: 0 when something ran and nothing failed. */
int report_end(uint64_t caps, double seconds);
/* "EXEC CALL" of a mask. */
const char *report_caps(uint64_t mask);

#endif
