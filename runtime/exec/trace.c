/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Firings of a traced plan, made from the records that its queues keep. All memory for it is there when the plan is loaded. */
#include <errno.h>
#include <stdlib.h>

#include <weft/look.h>

#include "decode.h"
#include "exec.h"

#define TAKE		64u	/* records at a time, always: so gaps are that far apart */
#define GAPS		(2 * WEFT_TRACE_RECORDS / TAKE + 2)

/*
 * The card drops a record when as many as the ring holds wait, so what was dropped while `taken` had one value is missing
 * behind record taken + WEFT_TRACE_RECORDS. What was dropped while records were taken may be behind either; a gap that is none
 * costs an iteration.
 */
struct weft_lane_trace {
	struct weft_decode decode;
	uint64_t taken;				/* records */
	uint64_t dropped;
	uint64_t gap[GAPS];			/* positions, ascending, a ring */
	uint32_t first_gap, num_gaps;
	struct weft_user_queue_record raw[TAKE];
	uint32_t at, have;			/* in raw; raw[at] is record taken - have + at */
	struct weft_span_of body[];
};

int weft_plan_tracing(struct weft_plan *plan, int on)
{
	int ret = weft_plan_check(plan, false, __func__);

	if (!ret && plan->loaded)
		ret = weft_fail(-EBUSY, "weft_plan_tracing: plan %s is loaded", plan->name);
	if (!ret)
		plan->config.flags = (plan->config.flags & ~(uint32_t)WEFT_PLAN_TRACE) | (on ? WEFT_PLAN_TRACE : 0);
	return ret;
}

int weft_plan_trace_init(struct weft_plan *p)
{
	int ret = 0;

	if (!(p->config.flags & WEFT_PLAN_TRACE))
		return 0;
	for (uint32_t i = 0; i < p->num_lanes && !ret; i++) {
		struct weft_plan_lane *l = &p->lane[i];
		const uint32_t head = (uint32_t)weft_list_length(l->head);

		l->trace = calloc(1, sizeof(*l->trace) + l->num_bodies * sizeof(l->trace->body[0]));
		if (!l->trace)
			return weft_fail(-ENOMEM, "lane %s: trace", l->name);
		for (uint32_t j = 0; j < l->num_bodies; j++) {
			const struct weft_body *b = l->body[j];

			l->trace->body[j] = (struct weft_span_of) {
				.first = b->first, .last = b->last, .wait = b->wait, .call = b->call, .skew = b->skew };
		}
		/* the CALL of the list with first values has a record, too */
		weft_decode_init(&l->trace->decode, l->trace->body, l->num_bodies, head ? head + 1 : 0);
	}
	return ret;
}

void weft_plan_trace_fini(struct weft_plan *p)
{
	for (uint32_t i = 0; i < p->num_lanes; i++) {
		free(p->lane[i].trace);
		p->lane[i].trace = NULL;
	}
}

/* with lock */
static bool bubble(const struct weft_plan *p, uint64_t on_card)
{
	for (uint32_t i = p->num_spans; i && p->num_spans - i < WEFT_PLAN_SPANS; i--) {
		const struct weft_plan_span *s = &p->span[(i - 1) % WEFT_PLAN_SPANS];
		/* a drain opens as many as the plan has lag, always */
		const uint64_t end = s->first + s->bubbles;

		if (on_card >= end)
			return false;
		if (on_card >= end - p->lag)
			return true;
	}
	return false;
}

/* with lock; false: it was a bubble */
static bool record_of(const struct weft_plan *p, const struct weft_plan_lane *l, const struct weft_fired *f,
		      struct weft_plan_record *out)
{
	const struct weft_body *b = l->body[f->position];
	const int64_t add = p->card[l->device].to_host_ns;
	const uint64_t on_card = f->firing / b->q;

	if (bubble(p, on_card))
		return false;
	*out = (struct weft_plan_record) {
		.body = b->id, .lane = b->lane, .device = l->device, .firing = (uint32_t)(f->firing % b->q),
		.seq = weft_plan_from_card(p, on_card), .ready_ns = f->ready_ns + (uint64_t)add,
		.start_ns = f->start_ns + (uint64_t)add, .end_ns = f->end_ns + (uint64_t)add, .wait_ns = f->wait_ns,
	};
	return true;
}

static void gap_add(struct weft_lane_trace *t, uint64_t at)
{
	if (t->num_gaps == GAPS || (t->num_gaps && t->gap[(t->first_gap + t->num_gaps - 1) % GAPS] >= at))
		return;
	t->gap[(t->first_gap + t->num_gaps++) % GAPS] = at;
}

/* true: there is one before the record at @at, or nothing but one */
static bool gap_take(struct weft_lane_trace *t, uint64_t at)
{
	if (!t->num_gaps || t->gap[t->first_gap] > at)
		return false;
	t->first_gap = (t->first_gap + 1) % GAPS;
	t->num_gaps--;
	return true;
}

/* More records of the lane; their number. */
static int refill(struct weft_plan_lane *l)
{
	struct weft_lane_trace *t = l->trace;
	uint64_t dropped = 0;
	int got = weft_user_queue_trace(l->queue, NULL, 0, &dropped);

	if (got < 0)
		return got;
	if (dropped != t->dropped)
		gap_add(t, t->taken + WEFT_TRACE_RECORDS);
	got = weft_user_queue_trace(l->queue, t->raw, TAKE, &t->dropped);
	if (got < 0)
		return got;
	if (dropped != t->dropped) {
		gap_add(t, t->taken + WEFT_TRACE_RECORDS);
		gap_add(t, t->taken + (uint64_t)got + WEFT_TRACE_RECORDS);
	}
	t->taken += (uint64_t)got;
	t->at = 0;
	t->have = (uint32_t)got;
	return got;
}

/* with lock */
static int take(struct weft_plan *p, struct weft_plan_lane *l, struct weft_plan_record *records, uint32_t max)
{
	struct weft_lane_trace *t = l->trace;
	struct weft_fired fired;
	uint32_t count = 0;

	while (count < max) {
		int got = t->at < t->have ? 1 : refill(l);

		if (got < 0)
			return got;
		if (!got)
			break;
		if (gap_take(t, t->taken - t->have + t->at)) {
			if (weft_decode_gap(&t->decode, &fired))
				count += record_of(p, l, &fired, &records[count]);
			continue;
		}
		if (weft_decode_feed(&t->decode, &t->raw[t->at++], &fired))
			count += record_of(p, l, &fired, &records[count]);
	}
	/* nothing waits */
	if (count < max && weft_decode_flush(&t->decode, &fired))
		count += record_of(p, l, &fired, &records[count]);
	return (int)count;
}

int weft_plan_trace(struct weft_plan *plan, struct weft_plan_record *records, uint32_t max, uint64_t *dropped)
{
	uint64_t lost = 0;
	uint32_t count = 0;
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (!plan->loaded || !(plan->config.flags & WEFT_PLAN_TRACE) || (max && !records) || max > INT32_MAX)
		return weft_fail(-EINVAL, "weft_plan_trace: plan %s: %s", plan->name, !plan->loaded ? "it is not loaded" :
				 max ? "no room for records, or too much" : "it was not made with WEFT_PLAN_TRACE");
	pthread_mutex_lock(&plan->lock);
	for (uint32_t i = 0; i < plan->num_lanes && ret >= 0; i++) {
		uint64_t now = 0;

		ret = take(plan, &plan->lane[i], records + count, max - count);
		count += ret > 0 ? (uint32_t)ret : 0;
		if (ret >= 0 && dropped)
			ret = weft_user_queue_trace(plan->lane[i].queue, NULL, 0, &now);
		lost += now;
	}
	pthread_mutex_unlock(&plan->lock);
	if (dropped)
		*dropped = lost;
	return ret < 0 ? ret : (int)count;
}
