// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "open_plan.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE	(1ull << 30)
#define MARK		"wftpln01"		/* a file of weft_plan_write() begins so; its own reader looks closer */
#define ENDING		".weft"

bool open_plan_is_file(const char *word)
{
	const size_t n = strlen(word), m = strlen(ENDING);

	return *word != '-' && n > m && !strcmp(word + n - m, ENDING);
}

/* Places in the file follow its name, as a compiler has them. */
int open_plan_wrong(const struct open_plan *o)
{
	const char *why = weft_last_error();

	return cmd_error(o->command, "%s:%s%s", o->name, *why >= '0' && *why <= '9' ? "" : " ", why);
}

int open_plan_cards(struct open_plan *o, uint32_t wanted)
{
	int found;

	if (!o->weft)
		o->weft = weft_open();
	if (!o->weft)
		return cmd_weft_error(o->command, "open", -ENOMEM);
	found = weft_device_count(o->weft, "card");
	if (found < 0)
		return cmd_weft_error(o->command, "cards", found);
	if (!found)
		return cmd_no_card(o->command);
	if (wanted > (uint32_t)found)
		return cmd_error(o->command, "%s: %u cards asked for, %d found", o->name, wanted, found);
	for (; o->num_cards < wanted; o->num_cards++) {
		int ret = weft_device_open(o->weft, "card", o->num_cards, &o->card[o->num_cards]);

		if (ret)
			return cmd_weft_error(o->command, "card", ret);
	}
	return 0;
}

int open_plan_file(struct open_plan *o, uint32_t cards)
{
	bool prepared;
	char *path;
	int ret;

	o->text = cmd_read_file(o->command, o->name, MAX_FILE, &o->bytes);
	if (!o->text)
		return -1;
	/* counting cards needs the library too */
	o->weft = weft_open();
	if (!o->weft)
		return cmd_weft_error(o->command, "open", -ENOMEM);
	prepared = o->bytes && strncmp(o->text, MARK, sizeof(MARK) - 1) == 0;
	ret = prepared ? weft_plan_file_cards(o->text, o->bytes) : weft_plan_text_cards(o->text, o->bytes);
	if (ret < 0)
		return open_plan_wrong(o);
	if (open_plan_cards(o, cards ? cards : (uint32_t)ret))
		return -1;
	ret = prepared ? weft_plan_read(o->text, o->bytes, o->card, o->num_cards, &o->plan) :
	      weft_plan_parse(o->text, o->bytes, o->card, o->num_cards, &o->plan);
	if (ret)
		return open_plan_wrong(o);
	/* files of constants lie beside the plan's */
	path = strdup(o->name);
	ret = path ? weft_plan_directory(o->plan, dirname(path)) : -ENOMEM;
	free(path);
	return ret ? open_plan_wrong(o) : 0;
}

int open_plan_prepare(struct open_plan *o)
{
	o->report.size = sizeof(o->report);
	return weft_plan_prepare(o->plan, &o->report) ? open_plan_wrong(o) : 0;
}

void open_plan_close(struct open_plan *o)
{
	if (o->plan)
		weft_plan_destroy(o->plan);
	for (uint32_t i = 0; i < o->num_cards; i++)
		weft_device_close(o->card[i]);
	if (o->weft)
		weft_close(o->weft);
	free(o->text);
}
