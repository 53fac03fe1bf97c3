/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cards that are measured by lists of theirs, which run many times while the host sleeps. */
#ifndef WEFT_BENCH_LANE_H
#define WEFT_BENCH_LANE_H

#include <weft/weft.h>

/* A card with a queue, and room for what its lists store. All 0 before bench_lane_open(), as after bench_lane_close(). */
struct bench_lane {
	struct weft_device *device;
	struct weft_user_queue *queue;
	struct weft_memory *stamps;
};

/* The library and the first @wanted cards, 0: all of up to @most; to be closed in any case */
struct bench_cards {
	struct weft *weft;
	uint32_t num;
	struct bench_lane lane[WEFT_COLL_CARDS];
};

/* Each returns 0, or -1 after a message of @command. */
int bench_cards_open(const char *command, struct bench_cards *cards, uint32_t wanted, uint32_t most);
void bench_cards_close(struct bench_cards *cards);

/*
 * One run of each of @num lists, committed, @times in a row on their cards at once. Return: 0, or a negative errno with
 * weft_last_error(). @ns: of one, by the clock of the card that took longest
 */
int bench_lane_time(const struct bench_lane *const *lanes, struct weft_list *const *lists, uint32_t num, uint64_t times, double *ns);
/* The same so often that it takes about @ns_in_all, found out by trying. */
int bench_lane_steady(const struct bench_lane *const *lanes, struct weft_list *const *lists, uint32_t num, double ns_in_all, double *ns);

/* Sorts; the quantile @q of @n */
double bench_quantile(double *sample, uint32_t n, double q);

#endif
