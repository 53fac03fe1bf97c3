/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A communicator of some cards, with a window for inputs and one for outputs. */
#ifndef COLL_SET_H
#define COLL_SET_H

#include <string.h>

#include "rt_tap.h"

#define MOST		4u			/* members */
#define BYTES		(MOST * 4097 * 4)	/* of a window: a block of the largest count for each */
#define GAP		256			/* behind what is written, to be left alone */

struct set {
	struct weft_device *card[MOST];
	struct weft_comm *comm;
	struct weft_window *in, *out;
	uint32_t n;
};

static inline int reach(struct weft *weft, uint32_t *cards)
{
	const int all = weft_device_count(weft, "card");
	struct weft_peer peer[RT_CARDS * RT_CARDS];

	*cards = all < (int)MOST ? (uint32_t)all : MOST;
	for (uint32_t i = 0; i < *cards * *cards; i++)
		peer[i] = (struct weft_peer) { .size = sizeof(peer[i]) };
	RT_OK(weft_topology(weft, peer, *cards));
	for (uint32_t i = 0; i < *cards * *cards; i++)
		if (peer[i].reach == WEFT_REACH_NONE)
			*cards = 1;
	return 0;
}

static inline int set_open(struct weft *weft, struct set *s, uint32_t n, uint32_t slot_bytes)
{
	const struct weft_comm_config config = { .size = sizeof(config), .name = "test", .slot_bytes = slot_bytes };

	*s = (struct set) { .n = n };
	for (uint32_t i = 0; i < n; i++)
		RT_OK(weft_device_open(weft, "card", i, &s->card[i]));
	RT_OK(weft_comm_create(s->card, n, &config, &s->comm));
	RT_OK(weft_window_create(s->comm, BYTES + GAP, &s->in));
	RT_OK(weft_window_create(s->comm, BYTES + GAP, &s->out));
	return 0;
}

/* 0, an error, or RT_SKIP: there are fewer cards that reach each other */
static inline int needs(struct weft *weft, uint32_t cards)
{
	uint32_t there;

	if (reach(weft, &there))
		return -1;
	return there < cards ? rt_say(RT_SKIP, "p2pdma") : 0;
}

/* Of all cards, for a test that needs more than one: 0, an error, or RT_SKIP */
static inline int set_open_several(struct weft *weft, struct set *s, uint32_t *cards)
{
	if (reach(weft, cards))
		return -1;
	return *cards < 2 ? rt_say(RT_SKIP, "p2pdma") : set_open(weft, s, *cards, 0);
}

/* By its file in sysfs, as root does it */
static inline int reset_card(struct weft_device *card)
{
	struct weft_device_info info = { .size = sizeof(info) };
	char path[128];
	FILE *f;

	RT_OK(weft_device_info(card, &info));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%x/reset", info.pci >> 16, info.pci >> 8 & 0xff,
		 info.pci >> 3 & 0x1f, info.pci & 7);
	f = fopen(path, "w");
	RT_CHECK(f && fputs("1", f) >= 0 && !fclose(f), "%s", path);
	return 0;
}

static inline int set_close(struct set *s)
{
	RT_OK(weft_window_destroy(s->in));
	RT_OK(weft_window_destroy(s->out));
	RT_OK(weft_comm_destroy(s->comm));
	for (uint32_t i = 0; i < s->n; i++)
		RT_OK(weft_device_close(s->card[i]));
	return 0;
}

#endif
