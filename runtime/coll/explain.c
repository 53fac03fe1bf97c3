/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <weft/coll_explain.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cost.h"
#include "topology.h"

#include "runtime/core/error.h"
#include "runtime/core/library.h"

/* The call that is meant, and what is known of its members; an algorithm that is not given is chosen. */
static int call_of(const struct weft_coll_case *what, struct weft_coll_call *call, struct weft_coll_topology *topology,
		   const char *name)
{
	uint32_t card[WEFT_COLL_RANKS];
	struct weft_coll_case w;
	uint32_t element;
	int ret = weft_ready(&weft_library, name);

	if (!ret)
		ret = weft_take(&w, sizeof(w), what, sizeof(w), name);
	if (ret)
		return ret;
	element = w.type < WEFT_TYPE_U32 ? weft_type_bytes((enum weft_type)w.type) : 0;
	if (w.op >= WEFT_COLL_OPS || w.algorithm >= WEFT_COLL_ALGORITHMS || !element || w.reduction > WEFT_REDUCTION_AVG || !w.members ||
	    w.members > WEFT_COLL_RANKS || w.root >= w.members || w.peer >= w.members || w.count > (1ull << 40) / w.members ||
	    w.in_place > 1 || (w.op == WEFT_COLL_SEND && w.in_place) || w.slot_bytes > 1u << 24)
		return weft_fail(-EINVAL, "%s: operation %u, algorithm %u, type %u, reduction %u, root %u, peer %u, count %" PRIu64
				 " of %u members", name, w.op, w.algorithm, w.type, w.reduction, w.root, w.peer, w.count, w.members);
	*call = (struct weft_coll_call) {
		.op = (enum weft_coll_op)w.op, .algorithm = (enum weft_coll_algorithm)w.algorithm, .ranks = w.members, .element = element,
		.root = w.root, .peer = w.peer, .averages = w.reduction == WEFT_REDUCTION_AVG, .in_place = w.in_place, .count = w.count,
		.slot_bytes = w.slot_bytes ? w.slot_bytes : WEFT_COLL_SLOT_BYTES,
	};
	for (uint32_t r = 0; r < w.members; r++)
		card[r] = r;
	ret = weft_topology_of(w.topology, card, w.members, topology, name);
	if (ret)
		return ret;
	if (call->algorithm == WEFT_COLL_AUTO) {
		ret = weft_coll_choose(topology, call);
		return ret ? weft_fail(ret, "%s: no algorithm can do it, or no memory", name) : 0;
	}
	return weft_coll_can(call) ? 0 : weft_fail(-EOPNOTSUPP, "%s: %s by %s of %" PRIu64 " elements%s is not possible with slots of %" PRIu64
						   " bytes", name, weft_coll_op_name(w.op), weft_coll_algorithm_name(w.algorithm), w.count,
						   w.in_place ? " in place" : "", call->slot_bytes);
}

int weft_coll_explain(const struct weft_coll_case *what, struct weft_coll_explanation *explanation)
{
	struct weft_coll_explanation e = { .size = sizeof(e) };
	struct weft_coll_topology topology;
	struct weft_coll_traffic traffic;
	struct weft_coll_call call, c;
	int ret = call_of(what, &call, &topology, __func__);

	if (ret)
		return ret;
	c = call;
	e.algorithm = call.algorithm;
	for (c.algorithm = WEFT_COLL_PUSH; (unsigned int)c.algorithm < WEFT_COLL_ALGORITHMS && !ret; c.algorithm++) {
		if (!weft_coll_can(&c))
			continue;
		e.fitness[c.algorithm] = weft_coll_in_order(&c) ? WEFT_COLL_FITS : WEFT_COLL_REORDERS;
		ret = weft_coll_predict(&topology, &c, &e.predicted_ns[c.algorithm], NULL);
	}
	if (!ret)
		ret = weft_coll_predict(&topology, &call, &e.ns, &traffic);
	if (ret)
		return weft_fail(ret, "weft_coll_explain: playing the schedule");
	memcpy(e.read_bytes, traffic.read, sizeof(e.read_bytes));
	memcpy(e.written_bytes, traffic.written, sizeof(e.written_bytes));
	return weft_give(explanation, &e, sizeof(e), sizeof(e), __func__);
}

/* --- steps as text --- */

static void members(FILE *out, uint16_t ranks)
{
	fputs((ranks & (ranks - 1)) ? "members" : "member", out);
	for (uint32_t r = 0; r < WEFT_COLL_RANKS; r++)
		if (ranks >> r & 1)
			fprintf(out, " %u", r);
}

static void places(FILE *out, const struct weft_coll_place *place, uint32_t num, uint64_t slot_bytes)
{
	for (uint32_t i = 0; i < num; i++) {
		const struct weft_coll_place *p = &place[i];

		if (p->part == WEFT_COLL_INBOX)
			fprintf(out, "%sinbox of %u for %" PRIu64, i ? ", " : "", p->rank, p->offset / slot_bytes);
		else
			fprintf(out, "%s%s of %u", i ? ", " : "", p->part == WEFT_COLL_IN ? "input" : "output", p->rank);
		if (p->part != WEFT_COLL_INBOX && p->offset)
			fprintf(out, " + %" PRIu64, p->offset);
	}
}

static void print_step(FILE *out, const struct weft_coll_step *s, const struct weft_coll_call *call)
{
	switch (s->kind) {
	case WEFT_COLL_STEP_ARRIVE:
		fputs("arrive: signal ", out);
		members(out, s->ranks);
		break;
	case WEFT_COLL_STEP_ARRIVED:
		fputs("wait for the arrival of ", out);
		members(out, s->ranks);
		break;
	case WEFT_COLL_STEP_SIGNAL:
		fputs("signal ", out);
		members(out, s->ranks);
		break;
	case WEFT_COLL_STEP_WAIT:
		fputs("wait for the signal of ", out);
		members(out, s->ranks);
		break;
	default:
		fprintf(out, "%s %" PRIu64 " bytes of ", s->num_src > 1 ? "combine" : "copy", s->count * call->element);
		places(out, s->src, s->num_src, call->slot_bytes);
		fputs(" to ", out);
		places(out, s->dst, s->num_dst, call->slot_bytes);
		break;
	}
	fputc('\n', out);
}

int weft_coll_explain_steps(const struct weft_coll_case *what, uint32_t member, FILE *out)
{
	struct weft_coll_topology topology;
	struct weft_coll_steps steps;
	struct weft_coll_call call;
	int ret = call_of(what, &call, &topology, __func__);

	if (ret)
		return ret;
	if (member >= call.ranks || !out)
		return weft_fail(-EINVAL, "weft_coll_explain_steps: member %u of %u, or no file", member, call.ranks);
	ret = weft_coll_schedule(&call, member, &steps);
	if (ret)
		return weft_fail(ret, "weft_coll_explain_steps: steps of member %u", member);
	for (uint32_t i = 0; i < steps.num; i++)
		print_step(out, &steps.step[i], &call);
	weft_coll_steps_free(&steps);
	return fflush(out) || ferror(out) ? weft_fail(-EIO, "weft_coll_explain_steps: the file cannot be written") : 0;
}
