/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The stuck-state report for people. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/look.h>

#include "exec.h"

const char *weft_stuck_name(uint32_t kind)
{
	static const char *const names[] = {
		[WEFT_STUCK_GATE] = "gate", [WEFT_STUCK_WORKS] = "works", [WEFT_STUCK_CREDIT] = "credit",
		[WEFT_STUCK_STARVED] = "starved", [WEFT_STUCK_HUNG] = "hung", [WEFT_STUCK_DEAD_PEER] = "dead peer",
		[WEFT_STUCK_FAULT] = "fault", [WEFT_STUCK_MISMATCH] = "mismatch",
	};

	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "?";
}

struct text {
	char *at;
	size_t room, used;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at + t->used, t->room - t->used, format, args);
	va_end(args);
	if (n > 0)
		t->used = t->used + (size_t)n < t->room ? t->used + (size_t)n : t->room - 1;
}

static const char *body_name(const struct weft_plan *p, uint32_t body)
{
	return body < p->num_bodies ? p->body[body]->name : "?";
}

/* What the body waits for, or what became of it. */
static void put_what(struct text *t, const struct weft_plan *p, const struct weft_stuck *r)
{
	const unsigned long long wanted = r->wanted, actual = r->actual;
	const bool own = r->peer == WEFT_STUCK_NOBODY;
	char why[64];

	if (r->kind == WEFT_STUCK_DEAD_PEER && *r->edge && own)
		put(t, "the other process of edge %s is gone, or its end has stopped: %s", r->edge,
		    weft_peer_fault_text(p, r->edge, why, sizeof(why)));
	else if (r->cause && r->kind != WEFT_STUCK_MISMATCH)
		put(t, "stopped: %s", weft_fault_name(r->cause));
	else if (r->kind == WEFT_STUCK_MISMATCH)
		put(t, "in %s its tag is %#llx, that of the other side %#llx", r->edge, wanted, actual);
	else if (r->kind == WEFT_STUCK_HUNG || r->kind == WEFT_STUCK_WORKS)
		put(t, "in one command, estimated %.3f ms", r->body < p->num_bodies ?
		    (double)weft_body_time_ns(p->body[r->body]) / 1e6 : 0);
	else if (r->kind == WEFT_STUCK_DEAD_PEER)
		put(t, "its card was reset, or its queue stopped");
	else if (r->kind == WEFT_STUCK_GATE && !strcmp(r->edge, "gate"))
		put(t, "nothing is opened beyond %llu", actual);
	else if (r->kind == WEFT_STUCK_CREDIT && own)
		put(t, "%s gives nothing back: wanted %llu, actual %llu", r->edge, wanted, actual);
	else if (r->kind == WEFT_STUCK_CREDIT)
		put(t, "body %s keeps a block of %s: wanted %llu, actual %llu", body_name(p, r->peer), r->edge, wanted, actual);
	else
		put(t, "waits for %s%s%s: wanted %llu, actual %llu", r->edge, own ? "" : " from body ",
		    own ? "" : body_name(p, r->peer), wanted, actual);
}

static void put_one(struct text *t, const struct weft_plan *p, const struct weft_stuck *r)
{
	put(t, "%s: body %s in lane %s on device %u, sequence %llu: ", weft_stuck_name(r->kind), *r->name ? r->name : "?", r->lane_name,
	    r->device, (unsigned long long)r->seq);
	put_what(t, p, r);
	if (r->since_ns)
		put(t, "; for %.3f s", (double)r->age_ns / 1e9);
	if (r->root != r->body)
		put(t, "; because of body %s: %s", body_name(p, r->root), weft_stuck_name(r->root_kind));
}

/* The worst that one look sees; false: nothing */
static bool worst(struct weft_plan *p, struct weft_stuck *r)
{
	char kept[512];
	int n;

	/* a look must not replace the text of the error that it is for */
	snprintf(kept, sizeof(kept), "%s", weft_last_error());
	n = weft_plan_stuck(p, r, 1, sizeof(*r));
	if (n < 0)
		weft_fail_again(n, "%s", kept);
	return n > 0;
}

const char *weft_plan_stuck_why(struct weft_plan *p, char *text, size_t bytes)
{
	struct text t = { .at = text, .room = bytes };
	struct weft_stuck r;

	*text = 0;
	if (worst(p, &r) && r.root_kind != WEFT_STUCK_GATE)
		put_one(&t, p, &r);
	return text;
}

int weft_plan_stuck_text(struct weft_plan *plan, char *text, size_t bytes)
{
	struct text t = { .at = text, .room = bytes };
	struct weft_stuck *r = NULL;
	int n, ret = weft_plan_check(plan, false, __func__);

	if (!ret && (!text || !bytes))
		ret = weft_fail(-EINVAL, "weft_plan_stuck_text: no room");
	if (ret)
		return ret;
	*text = 0;
	r = calloc(plan->num_lanes + 1, sizeof(*r));
	if (!r)
		return weft_fail(-ENOMEM, "weft_plan_stuck_text: plan %s", plan->name);
	n = weft_plan_stuck(plan, r, plan->num_lanes, sizeof(*r));
	if (n >= 0)
		put(&t, "plan %s: %d of %u lanes wait or stand\n", plan->name, n, plan->num_lanes);
	for (int i = 0; i < n; i++) {
		put(&t, "  ");
		put_one(&t, plan, &r[i]);
		put(&t, "\n");
	}
	free(r);
	return n < 0 ? n : (int)t.used;
}
