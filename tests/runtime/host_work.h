/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What the host has done: what a program that leaves its cards alone does not. */
#ifndef HOST_WORK_H
#define HOST_WORK_H

#include <sys/resource.h>

#include "rt_tap.h"

struct host_work {
	uint64_t switches;	/* of this process, into sleep */
	uint64_t calls;		/* system calls of the library */
	uint64_t irqs;		/* of the cards */
};

static inline int host_work_look(struct weft *weft, struct weft_device *const *cards, uint32_t num, struct host_work *h)
{
	struct weft_stats w = { .size = sizeof(w) };
	struct rusage u;

	*h = (struct host_work) { 0 };
	for (uint32_t i = 0; i < num; i++) {
		struct weft_device_stats d = { .size = sizeof(d) };

		RT_OK(weft_device_stats(cards[i], &d));
		h->irqs += d.irqs;
	}
	RT_OK(weft_stats_get(weft, &w));
	getrusage(RUSAGE_SELF, &u);
	h->switches = (uint64_t)u.ru_nvcsw;
	h->calls = w.ioctls + w.mmaps;
	return 0;
}

/* From one look to the next; the looks' own calls are counted. */
static inline struct host_work host_work_since(const struct host_work *from, const struct host_work *to)
{
	return (struct host_work) { to->switches - from->switches, to->calls - from->calls, to->irqs - from->irqs };
}

#endif
