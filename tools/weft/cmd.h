/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The commands of `weft` and what they share. One command = one file = one row of the table in weft.c. */
#ifndef WEFT_CMD_H
#define WEFT_CMD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <weft/weft.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Each gets the words behind the command's name, argv[0] being that name; returns the exit status. */
int cmd_info(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_coll(int argc, char **argv);

/* Exit statuses. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Prints "weft COMMAND: TEXT" to standard error; the value is -1, so that `return cmd_error(…)` reads well. */
int cmd_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with weft_last_error() behind the text, for a failed call of the library. */
int cmd_weft_error(const char *command, const char *what, int error);
/* The same where not one card is there. */
int cmd_no_card(const char *command);
/* Parses a whole decimal or 0x number within [min, max]; says what is wrong on standard error. */
int cmd_number(const char *command, const char *option, const char *text, uint64_t min, uint64_t max,
	       uint64_t *value);
/* All of a file of at most @most bytes, freed by the caller; or NULL after a message. */
char *cmd_read_file(const char *command, const char *name, uint64_t most, uint64_t *bytes);

uint64_t now_ns(void);
uint64_t fnv64(const void *data, size_t bytes);

/* Progress on standard error: a bar that is redrawn on a terminal, a line every few seconds elsewhere. */
struct progress {
	const char *what;
	uint64_t total, started_ns, drawn_ns;
	bool terminal, quiet;
};
void progress_init(struct progress *p, const char *what, uint64_t total, bool quiet);
void progress_show(struct progress *p, uint64_t done, const char *detail);
void progress_done(struct progress *p);

/* A JSON text on one line of standard output, built member by member. */
struct json {
	FILE *out;
	bool comma;
};
void json_begin(struct json *j, FILE *out, char bracket);
void json_end(struct json *j, char bracket);
void json_key(struct json *j, const char *key);
void json_text(struct json *j, const char *key, const char *value);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_number(struct json *j, const char *key, double value, int digits);
void json_bool(struct json *j, const char *key, bool value);
void json_open(struct json *j, const char *key, char bracket);	/* key NULL inside an array */
void json_close(struct json *j, char bracket);

#endif
