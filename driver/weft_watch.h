/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * The card's table of watches: cells that make an event for the host to sleep on. Each entry is one
 * sleeper's.
 */
#ifndef WEFT_WATCH_H
#define WEFT_WATCH_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct weft_device;
struct weft_event;
struct weft_file;

/**
 * struct weft_watches - the table
 * @regs: one command at a time
 * @lock: taken in interrupts; guards @entry and @cookie
 * @count: entries of the card
 * @entry: who sleeps on each, NULL for nobody
 * @cookie: of the last insertion, so that late events of earlier ones are told apart
 */
struct weft_watches {
	struct mutex regs;	/* WATCH registers */
	spinlock_t lock;	/* entry, cookie */
	u32 count;
	struct weft_watch **entry;
	u64 cookie;
};

/**
 * struct weft_watch - one sleeper
 * @fire: called once @fired is set: with interrupts off, not any more after weft_watch_give()
 * @index: entry
 * @cell: local-memory offset
 * @fired: the event came, or the card went
 */
struct weft_watch {
	struct weft_file *f;
	void (*fire)(struct weft_watch *watch);
	u32 index;
	u64 cell;
	u64 cookie;
	bool fired;
};

int weft_watch_init(struct weft_device *w);
void weft_watch_fini(struct weft_device *w);

/* Takes an entry for a sleeper whose @fire is set: 0, -EDQUOT (of the file, or of the card). */
int weft_watch_take(struct weft_device *w, struct weft_file *f, struct weft_watch *watch, u64 cell);

/* Tells the card, which then looks at the cell. The card is up and stays so meanwhile. */
void weft_watch_insert(struct weft_device *w, struct weft_watch *watch, u64 value);

/* Gives the entry back; @up: the card is up and has to forget it. */
void weft_watch_give(struct weft_device *w, struct weft_watch *watch, bool up);

/* Event WATCH; hard interrupt. */
void weft_watch_event(struct weft_device *w, const struct weft_event *e);

/* Reset or loss: wakes everybody. */
void weft_watch_fire_all(struct weft_device *w);

#endif
