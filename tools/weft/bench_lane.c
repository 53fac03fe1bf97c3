// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "bench_lane.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd.h"

#define LIMIT_NS	60000000000u	/* of one run */
#define MOST_TIMES	(1u << 20)

int bench_cards_open(const char *command, struct bench_cards *cards, uint32_t wanted, uint32_t most)
{
	int found, ret = 0;

	cards->weft = weft_open();
	if (!cards->weft)
		return cmd_weft_error(command, "open", -ENOMEM);
	found = weft_device_count(cards->weft, "card");
	if (found <= 0)
		return found ? cmd_weft_error(command, "cards", found) : cmd_no_card(command);
	if (wanted > (uint32_t)found)
		return cmd_error(command, "%u cards asked for, %d found", wanted, found);
	if (!wanted)
		wanted = (uint32_t)found < most ? (uint32_t)found : most;
	for (; cards->num < wanted && !ret; cards->num++) {
		struct bench_lane *l = &cards->lane[cards->num];

		ret = weft_device_open(cards->weft, "card", cards->num, &l->device);
		if (!ret)
			ret = weft_memory_alloc(l->device, 4096, WEFT_PLACE_LOCAL, &l->stamps);
		if (!ret)
			ret = weft_user_queue_create(l->device, NULL, &l->queue);
	}
	return ret ? cmd_weft_error(command, "card", ret) : 0;
}

void bench_cards_close(struct bench_cards *cards)
{
	for (uint32_t i = 0; i < cards->num; i++)
		if (cards->lane[i].queue)
			weft_user_queue_destroy(cards->lane[i].queue);
	for (uint32_t i = 0; i < cards->num; i++) {
		if (cards->lane[i].stamps)
			weft_memory_destroy(cards->lane[i].stamps);
		if (cards->lane[i].device)
			weft_device_close(cards->lane[i].device);
	}
	if (cards->weft)
		weft_close(cards->weft);
	*cards = (struct bench_cards) { 0 };
}

/* Between two time stamps. */
static int around(const struct bench_lane *l, struct weft_list *inner, uint64_t times, struct weft_list **list)
{
	const uint64_t at = weft_memory_address(l->stamps);
	int ret = weft_list_create(l->device, list);

	if (!ret)
		ret = weft_list_timestamp(*list, at);
	if (!ret)
		ret = weft_list_loop(*list, inner, times);
	if (!ret)
		ret = weft_list_timestamp(*list, at + 8);
	return ret ? ret : weft_list_commit(*list);
}

/* Asleep most of the time, since whoever looks takes a core from the cards. */
static int ended(const struct bench_lane *l)
{
	struct weft_user_queue_state s = { .size = sizeof(s) };
	const uint64_t start = now_ns();
	int ret;

	while (!(ret = weft_user_queue_state(l->queue, &s)) || ret == -EAGAIN) {
		if (!ret && s.cause) {
			cmd_error("bench", "the card stopped: %s", weft_fault_name(s.cause));
			return -EIO;
		}
		if (!ret && s.ended == s.posted)
			return 0;
		if (now_ns() - start > LIMIT_NS) {
			cmd_error("bench", "a list has not ended within 60 s");
			return -ETIME;
		}
		usleep(1000);
	}
	return ret;
}

int bench_lane_time(const struct bench_lane *const *lanes, struct weft_list *const *lists, uint32_t num, uint64_t times, double *ns)
{
	struct weft_list *list[WEFT_COLL_CARDS] = { NULL };
	uint64_t stamp[2];
	int ret = 0;

	*ns = 0;
	for (uint32_t i = 0; i < num && !ret; i++)
		ret = around(lanes[i], lists[i], times, &list[i]);
	for (uint32_t i = 0; i < num && !ret; i++)
		ret = weft_user_queue_post(lanes[i]->queue, list[i]);
	for (uint32_t i = 0; i < num && !ret; i++)
		ret = ended(lanes[i]);
	for (uint32_t i = 0; i < num && !ret; i++) {
		ret = weft_memory_read(lanes[i]->stamps, 0, stamp, sizeof(stamp));
		if (!ret && (double)(stamp[1] - stamp[0]) / (double)times > *ns)
			*ns = (double)(stamp[1] - stamp[0]) / (double)times;
	}
	for (uint32_t i = 0; i < num; i++)
		if (list[i])
			weft_list_destroy(list[i]);
	return ret;
}

int bench_lane_steady(const struct bench_lane *const *lanes, struct weft_list *const *lists, uint32_t num, double ns_in_all, double *ns)
{
	uint64_t times = 1;
	int ret;

	/* the first run also touches what it touches */
	ret = bench_lane_time(lanes, lists, num, 1, ns);
	while (!ret) {
		ret = bench_lane_time(lanes, lists, num, times, ns);
		if (ret || *ns * (double)times > ns_in_all / 2 || times == MOST_TIMES)
			break;
		times = *ns > 0 && ns_in_all / *ns < 8 * (double)times ? (uint64_t)(ns_in_all / *ns) + 1 : 8 * times;
		times = times > MOST_TIMES ? MOST_TIMES : times;
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(double *sample, uint32_t n, double q)
{
	qsort(sample, n, sizeof(*sample), compare);
	return sample[(uint32_t)(q * (n - 1) + 0.5)];
}
