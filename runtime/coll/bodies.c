/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A call as bodies of a plan. Each member has a share of the work: a range of elements of what goes in, which it combines and
 * stores into each output that wants it. The outputs of a call have a part for each share; the body of the first share that an
 * output wants is the producer of the whole edge.
 */
#include <weft/kernel.h>
#include <weft/plan_coll.h>
#include <weft/tensor.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/core/library.h"

#define NAME_MAX_BYTES	200u
#define FULL_NAME	256u

struct call {
	struct weft_plan *plan;
	struct weft_plan_coll_desc d;
	uint32_t element;
	struct weft_edge **out;
	struct weft_body *body[WEFT_REDUCTION_WIDTH];
};

/* What body @m does: @count elements at @in_first of some inputs, to where they go in some outputs. */
struct share {
	uint64_t in_first, count;
	uint32_t num_src, num_dst;
	uint32_t src[WEFT_REDUCTION_WIDTH], dst[WEFT_REDUCTION_WIDTH];	/* members */
	uint64_t out_first;
};

static bool reduces(uint32_t op)
{
	return op == WEFT_COLL_ALL_REDUCE || op == WEFT_COLL_REDUCE_SCATTER || op == WEFT_COLL_REDUCE;
}

static void all(uint32_t *list, uint32_t *count, uint32_t members)
{
	for (*count = 0; *count < members; ++*count)
		list[*count] = *count;
}

static void one(uint32_t *list, uint32_t *count, uint32_t member)
{
	list[0] = member;
	*count = 1;
}

/* All of all-to-all: what member m has for member @to is a share of its own. */
static struct share share_of(const struct weft_plan_coll_desc *d, uint32_t m, uint32_t to)
{
	const bool split = d->op == WEFT_COLL_ALL_REDUCE || d->op == WEFT_COLL_REDUCE || d->op == WEFT_COLL_BROADCAST;
	struct share s = { .count = d->count };

	if (split)
		weft_tensor_split(d->count, d->num_members, m, &s.in_first, &s.count);
	s.out_first = s.in_first;
	switch (d->op) {
	case WEFT_COLL_ALL_REDUCE:
		all(s.src, &s.num_src, d->num_members);
		all(s.dst, &s.num_dst, d->num_members);
		break;
	case WEFT_COLL_REDUCE:
		all(s.src, &s.num_src, d->num_members);
		one(s.dst, &s.num_dst, d->root);
		break;
	case WEFT_COLL_BROADCAST:
		one(s.src, &s.num_src, d->root);
		all(s.dst, &s.num_dst, d->num_members);
		break;
	case WEFT_COLL_REDUCE_SCATTER:
		s.in_first = m * d->count;
		all(s.src, &s.num_src, d->num_members);
		one(s.dst, &s.num_dst, m);
		break;
	case WEFT_COLL_ALL_GATHER:
		s.out_first = m * d->count;
		one(s.src, &s.num_src, m);
		all(s.dst, &s.num_dst, d->num_members);
		break;
	default:
		s.in_first = to * d->count;
		s.out_first = m * d->count;
		one(s.src, &s.num_src, m);
		one(s.dst, &s.num_dst, to);
		break;
	}
	return s;
}

static uint32_t shares(const struct weft_plan_coll_desc *d)
{
	return d->op == WEFT_COLL_ALL_TO_ALL ? d->num_members : 1;
}

static int check(const struct weft_plan_coll_desc *d, struct weft_edge **out)
{
	const bool rooted = d->op == WEFT_COLL_BROADCAST || d->op == WEFT_COLL_REDUCE;
	const uint32_t element = d->type < WEFT_TYPE_U32 ? weft_type_bytes(d->type) : 0;

	if (!out || !d->in || !d->name || !*d->name || strlen(d->name) > NAME_MAX_BYTES || (d->lane && strlen(d->lane) > NAME_MAX_BYTES))
		return weft_fail(-EINVAL, "weft_plan_coll: no inputs, no name or one of more than %u bytes, or no place for the outputs",
				 NAME_MAX_BYTES);
	if (d->op == WEFT_COLL_BARRIER || d->op >= WEFT_COLL_SEND)
		return weft_fail(-EOPNOTSUPP, "weft_plan_coll: %s: operation %u (%s) is no set of bodies; edges send, and order", d->name, d->op,
				 weft_coll_op_name(d->op));
	if (!element || d->reduction > WEFT_REDUCTION_AVG || (d->reduction && !reduces(d->op)) || !d->num_members ||
	    d->num_members > WEFT_REDUCTION_WIDTH || d->root >= d->num_members || (d->root && !rooted) || !d->depth || d->depth > 65535 ||
	    !d->count || d->count > (1ull << 37) / d->num_members || d->in_offset % element)
		return weft_fail(-EINVAL, "weft_plan_coll: %s: %u members, root %u, type %u, reduction %u, %llu elements at %llu, depth %u", d->name,
				 d->num_members, d->root, d->type, d->reduction, (unsigned long long)d->count,
				 (unsigned long long)d->in_offset, d->depth);
	for (uint32_t m = 0; m < d->num_members; m++)
		if (!d->in[m] && (d->op != WEFT_COLL_BROADCAST || m == d->root))
			return weft_fail(-EINVAL, "weft_plan_coll: %s: member %u has no input", d->name, m);
	return 0;
}

static int add_body(struct call *c, uint32_t m)
{
	char name[FULL_NAME], lane[FULL_NAME];
	const struct weft_body_desc d = {
		.size = sizeof(d), .name = name, .device = c->d.device ? c->d.device[m] : m, .lane = c->d.lane ? lane : NULL,
		.time_ns = c->d.time_ns, .priority = c->d.priority,
	};

	snprintf(name, sizeof(name), "%s %u", c->d.name, m);
	if (c->d.lane)
		snprintf(lane, sizeof(lane), "%s %u", c->d.lane, m);
	return weft_body_create(c->plan, &d, &c->body[m]);
}

/* What body @m gives to the output of member @to: all of the edge as it is made, or a part. */
static int add_output(struct call *c, uint32_t m, uint32_t to, const struct share *s, struct weft_edge **made)
{
	const uint64_t per_out = c->d.op == WEFT_COLL_ALL_GATHER || c->d.op == WEFT_COLL_ALL_TO_ALL ? c->d.num_members : 1;
	char name[FULL_NAME];
	struct weft_edge_desc d = { .size = sizeof(d), .name = name };
	int ret;

	if (!c->out[to]) {
		snprintf(name, sizeof(name), "%s out %u", c->d.name, to);
		d.block_bytes = c->d.count * per_out * c->element;
		d.depth = c->d.depth;
		d.device = 1 + (c->d.device ? c->d.device[to] : to);
	} else {
		snprintf(name, sizeof(name), "%s out %u.%u", c->d.name, to, m);
		d.block_bytes = s->count * c->element;
		d.whole = c->out[to];
		d.offset = s->out_first * c->element;
	}
	ret = weft_edge_create(c->plan, &d, made);
	if (ret)
		return ret;
	if (!c->out[to])
		c->out[to] = *made;
	return weft_body_output(c->body[m], *made, 1);
}

/* @made: of each member what body @m gives to its output */
static int add_share(struct call *c, uint32_t m, const struct share *s, struct weft_edge *const *made)
{
	uint64_t src[WEFT_REDUCTION_WIDTH], dst[WEFT_REDUCTION_WIDTH];

	for (uint32_t i = 0; i < s->num_src; i++) {
		src[i] = weft_body_in(c->body[m], c->d.in[s->src[i]], 0);
		if (!src[i])
			return -ENOMEM;
		src[i] += c->d.in_offset + s->in_first * c->element;
	}
	for (uint32_t i = 0; i < s->num_dst; i++) {
		dst[i] = weft_body_out(c->body[m], made[s->dst[i]], 0);
		if (!dst[i])
			return -ENOMEM;
	}
	/* of one source its bits, whatever they are */
	return weft_body_reduce(c->body[m], (enum weft_type)c->d.type,
				s->num_src > 1 ? (enum weft_reduction)c->d.reduction : WEFT_REDUCTION_SUM, src, s->num_src, dst, s->num_dst,
				s->count);
}

static int add_inputs(struct call *c, uint32_t m, const struct share *s)
{
	int ret = 0;

	for (uint32_t i = 0; i < s->num_src && !ret; i++) {
		bool before = false;

		for (uint32_t k = 0; k < i; k++)
			before |= c->d.in[s->src[k]] == c->d.in[s->src[i]];
		if (!before)
			ret = weft_body_input(c->body[m], c->d.in[s->src[i]], 1);
	}
	return ret;
}

static int add_member(struct call *c, uint32_t m)
{
	struct weft_edge *made[WEFT_REDUCTION_WIDTH] = { NULL };
	struct share s = share_of(&c->d, m, 0);
	int ret = s.count ? add_body(c, m) : 0;

	if (!ret && s.count)
		ret = add_inputs(c, m, &s);
	for (uint32_t to = 0; to < shares(&c->d) && s.count && !ret; to++) {
		s = share_of(&c->d, m, to);
		for (uint32_t i = 0; i < s.num_dst && !ret; i++)
			ret = add_output(c, m, s.dst[i], &s, &made[s.dst[i]]);
		if (!ret)
			ret = add_share(c, m, &s, made);
	}
	return ret;
}

int weft_plan_coll(struct weft_plan *plan, const struct weft_plan_coll_desc *desc, struct weft_edge **out, struct weft_body **body)
{
	struct call c = { .plan = plan, .out = out };
	int ret = weft_ready(&weft_library, __func__);

	if (!ret)
		ret = weft_take(&c.d, sizeof(c.d), desc, sizeof(c.d), __func__);
	if (!ret)
		ret = check(&c.d, out);
	if (ret)
		return ret;
	c.element = weft_type_bytes(c.d.type);
	memset(out, 0, c.d.num_members * sizeof(*out));
	for (uint32_t m = 0; m < c.d.num_members && !ret; m++)
		ret = add_member(&c, m);
	if (body)
		memcpy(body, c.body, c.d.num_members * sizeof(*body));
	return ret;
}
