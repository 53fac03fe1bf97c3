// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/minmax.h>
#include <linux/timekeeping.h>

#include "weft_history.h"

void weft_history_init(struct weft_history *h)
{
	spin_lock_init(&h->lock);
}

void weft_history_note(struct weft_history *h, const char *what, u32 queue, u64 value, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&h->lock, flags);
	h->note[h->count++ % WEFT_HISTORY_NOTES] = (struct weft_note) {
		.what = what, .at_ns = ktime_get_ns(), .value = value, .queue = queue,
		.error = error,
	};
	spin_unlock_irqrestore(&h->lock, flags);
}

u32 weft_history_copy(struct weft_history *h, struct weft_note notes[WEFT_HISTORY_NOTES])
{
	unsigned long flags;
	u32 count, i;

	spin_lock_irqsave(&h->lock, flags);
	count = min_t(u64, h->count, WEFT_HISTORY_NOTES);
	for (i = 0; i < count; i++)
		notes[i] = h->note[(h->count - count + i) % WEFT_HISTORY_NOTES];
	spin_unlock_irqrestore(&h->lock, flags);
	return count;
}
