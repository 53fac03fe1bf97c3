/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A plan and the cards that it is for, open: what the commands that run one begin and end with. */
#ifndef WEFT_OPEN_PLAN_H
#define WEFT_OPEN_PLAN_H

#include "cmd.h"

struct open_plan {
	const char *command, *name;	/* for messages; name: the file, where there is one */
	char *text;			/* of the file */
	uint64_t bytes;
	struct weft *weft;
	struct weft_device *card[WEFT_PLAN_DEVICES];
	uint32_t num_cards;
	struct weft_plan *plan;
	struct weft_plan_report report;	/* once it is prepared */
};

/* Each returns 0, or -1 after a message. Begins with all 0 but @command and @name; open_plan_close() ends it in any case. */
/* The library and the first @wanted cards. */
int open_plan_cards(struct open_plan *o, uint32_t wanted);
/* The plan of the file @name, a text or one that was saved, on @cards cards; 0: as many as it says. */
int open_plan_file(struct open_plan *o, uint32_t cards);
int open_plan_prepare(struct open_plan *o);
void open_plan_close(struct open_plan *o);

/* Says why the library refused, with the place in the file if it has one; -1. */
int open_plan_wrong(const struct open_plan *o);
/* Is it the name of a file with a plan? */
bool open_plan_is_file(const char *word);

#endif
