// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * One C function call per list that runs: what a card keeps in frames is here on the stack. Knows NOP, COPY (one row),
 * FILL, REDUCE (sum of i32), EXEC (RELU_GRAD_F32), TIMED, TIMESTAMP (as if the clock said 1), CALL, LOOP, BREAK, RANGE, PRED,
 * and WAIT and SIGNAL with their lists, where nobody else signals: a WAIT that is not satisfied ends the model.
 */
#include "program_model.h"
#include "cell.h"

#include <string.h>

struct level {
	struct level *up;
	uint64_t list, table, it, count;
	uint32_t n, at, ntable;
	bool loop, off, dull;	/* off: RANGE is false; dull: PRED is */
};

enum how { ON, FAILED, LEAVING };

static struct level *target;	/* of LEAVING */
static bool by_end;		/* and where that goes on, when it is not behind the LOOP */
static uint32_t end_exit;

static enum how fail(struct program *m, const struct level *l, uint32_t op, uint32_t cause)
{
	m->cause = cause;
	m->list = l->up ? l->list : 0;
	m->packet = l->at;
	m->op = op;
	return FAILED;
}

uint8_t *program_at(struct program *m, uint64_t va, uint64_t bytes)
{
	for (unsigned i = 0; i < MODEL_AREAS; i++)
		if (va >= m->area[i].va && va - m->area[i].va + bytes <= m->area[i].bytes)
			return m->area[i].data + (va - m->area[i].va);
	ct_fail(__FILE__, __LINE__, "the generator of programs named %#llx", (unsigned long long)va);
}

static struct level *loop_of(struct level *l, unsigned level)
{
	for (; l; l = l->up)
		if (l->loop && level-- == 0)
			return l;
	return NULL;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return q * b > a ? q - 1 : q;
}

static uint64_t wrap(__int128 a, uint64_t n)
{
	__int128 r = a % (__int128)n;

	return (uint64_t)(r < 0 ? r + (__int128)n : r);
}

static uint32_t entry_fault(const struct weft_operand *e, bool direct)
{
	if (e->reserved || e->flags > 1 || (direct && e->flags))
		return WEFT_FAULT_OPERAND;
	if (e->flags)
		return 0;
	return !e->depth || !e->mul || !e->div || e->phase >= e->depth ? WEFT_FAULT_OPERAND : 0;
}

static uint32_t block_at(struct level *l, const struct weft_operand *e, unsigned j, uint64_t *va)
{
	struct level *loop = loop_of(l, e->level);
	uint64_t block = e->phase;

	if (!loop && e->level)
		return WEFT_FAULT_NESTING;
	if (loop)
		block = wrap((__int128)e->phase + (__int128)floor_div((int64_t)loop->it - e->skew, e->div) * e->mul + j, e->depth);
	*va = e->base + block * e->stride;
	return 0;
}

static uint32_t read_entry(struct program *m, struct level *l, uint64_t index, bool direct, struct weft_operand *e)
{
	if (!l->up || index >= l->ntable)
		return WEFT_FAULT_OPERAND;
	memcpy(e, program_at(m, l->table + 32 * index, 32), 32);
	return entry_fault(e, direct);
}

/* The direct entry meant, through an indirect one. */
static uint32_t find_entry(struct program *m, struct level *l, uint64_t index, struct weft_operand *e)
{
	struct weft_operand_indirect in;
	struct weft_operand w;
	uint64_t va;
	uint32_t i, f = read_entry(m, l, index, false, e);

	if (f || !e->flags)
		return f;
	memcpy(&in, &e->base, sizeof(in));
	if (in.reserved)
		return WEFT_FAULT_OPERAND;
	f = read_entry(m, l, in.index, true, &w);
	if (!f)
		f = block_at(l, &w, 0, &va);
	if (f)
		return f;
	if (va % 4)
		return WEFT_FAULT_ALIGN;
	memcpy(&i, program_at(m, va, 4), 4);
	return i >= in.count ? WEFT_FAULT_OPERAND : read_entry(m, l, (uint64_t)in.first + i, true, e);
}

static uint32_t operand(struct program *m, struct level *l, const union weft_packet *p, uint64_t field, uint64_t *va)
{
	struct weft_operand e;
	uint32_t f;

	*va = field;
	if (!(p->hdr.flags & WEFT_PKT_TABLE))
		return 0;
	if (field > 0xffff)
		return WEFT_FAULT_OPERAND;
	f = find_entry(m, l, field, &e);
	return f ? f : block_at(l, &e, 0, va);
}

static uint32_t blocks(struct program *m, struct level *l, unsigned first, unsigned n, uint64_t va[])
{
	struct weft_operand e;
	uint32_t f = find_entry(m, l, first, &e);
	unsigned mul = loop_of(l, 0) ? e.mul : 1;

	for (unsigned i = 0; i < n && !f; i++) {
		f = find_entry(m, l, first + i / mul, &e);
		if (!f && loop_of(l, 0) && e.mul != mul)
			f = WEFT_FAULT_OPERAND;
		if (!f)
			f = block_at(l, &e, i % mul, &va[i]);
	}
	return f;
}

static uint32_t reduce(struct program *m, struct level *l, const union weft_packet *p)
{
	unsigned n = p->reduce.nsrc, d = p->reduce.ndst;
	uint64_t va[32], bytes = p->reduce.count * 4;
	uint32_t sum[64], word;
	uint32_t f = blocks(m, l, p->reduce.src_first, n, va);

	if (!f)
		f = blocks(m, l, p->reduce.dst_first, d, va + n);
	if (f)
		return f;
	for (unsigned i = 0; i < n + d; i++)
		if (va[i] % 4)
			return WEFT_FAULT_ALIGN;
	for (unsigned i = 0; i < n + d; i++)
		for (unsigned k = 0; k < i; k++)
			if (va[i] != va[k] && va[i] < va[k] + bytes && va[k] < va[i] + bytes)
				return WEFT_FAULT_OVERLAP;
	memset(sum, 0, sizeof(sum));
	for (unsigned k = 0; k < p->reduce.count; k++)
		for (unsigned i = 0; i < n; i++) {
			memcpy(&word, program_at(m, va[i] + 4 * k, 4), 4);
			sum[k] += word;
		}
	for (unsigned i = n; i < n + d; i++)
		memcpy(program_at(m, va[i], bytes), sum, bytes);
	return 0;
}

static uint32_t move(struct program *m, struct level *l, const union weft_packet *p)
{
	uint64_t dst, src = 0, n = p->hdr.op == WEFT_PKT_COPY ? p->copy.bytes : p->fill.bytes;
	uint32_t f = 0;
	uint8_t *to;

	if (p->hdr.op == WEFT_PKT_FILL && (p->fill.width != 4 || n % 4))
		return WEFT_FAULT_FIELD;
	if (p->hdr.op == WEFT_PKT_COPY)
		f = operand(m, l, p, p->copy.src, &src);
	if (!f)
		f = operand(m, l, p, p->hdr.op == WEFT_PKT_COPY ? p->copy.dst : p->fill.dst, &dst);
	if (f)
		return f;
	to = program_at(m, dst, n);
	if (p->hdr.op == WEFT_PKT_FILL) {
		if (dst % 4)
			return WEFT_FAULT_ALIGN;
		for (uint64_t i = 0; i < n; i += 4)
			memcpy(to + i, &p->fill.pattern, 4);
		return 0;
	}
	if (dst != src && dst < src + n && src < dst + n)
		return WEFT_FAULT_OVERLAP;
	memmove(to, program_at(m, src, n), n);
	return 0;
}

static uint32_t exec(struct program *m, struct level *l, const union weft_packet *p)
{
	uint64_t va[3], bytes = 4 * (uint64_t)p->exec.dim[0];	/* dx, dy, y */
	uint32_t dx[16];
	uint32_t f = 0;

	for (unsigned i = 0; i < 3 && !f; i++)
		f = operand(m, l, p, p->exec.u.index[i], &va[i]);
	if (f)
		return f;
	for (unsigned i = 0; i < 3; i++)
		if (va[i] % 4)
			return WEFT_FAULT_ALIGN;
	for (unsigned i = 1; i < 3; i++)
		if (va[0] < va[i] + bytes && va[i] < va[0] + bytes && !(i == 1 && va[0] == va[1]))
			return WEFT_FAULT_OVERLAP;
	for (unsigned k = 0; k < p->exec.dim[0]; k++) {
		float y;

		memcpy(&y, program_at(m, va[2] + 4 * k, 4), 4);
		memcpy(&dx[k], program_at(m, va[1] + 4 * k, 4), 4);
		dx[k] = y > 0 ? dx[k] : 0;
	}
	memcpy(program_at(m, va[0], bytes), dx, bytes);
	return 0;
}

static uint32_t stamp(struct program *m, struct level *l, const union weft_packet *p)
{
	const uint64_t time = 1;
	uint64_t va;
	uint32_t f = operand(m, l, p, p->timestamp.dst, &va);

	if (!f && va % 8)
		f = WEFT_FAULT_ALIGN;
	if (!f)
		memcpy(program_at(m, va, 8), &time, 8);
	return f;
}

/* What a WAIT or SIGNAL names: element i, its operand made an address. */
static uint32_t element(struct program *m, struct level *l, const union weft_packet *p, uint32_t i, struct weft_cell_ref *ref)
{
	bool all = p->hdr.op == WEFT_PKT_WAIT_ALL || p->hdr.op == WEFT_PKT_SIGNAL_ALL;
	uint32_t f;

	memcpy(ref, all ? (void *)program_at(m, p->wait.u.list + 32 * i, 32) : (const void *)&p->wait.u.one, 32);
	f = operand(m, l, p, ref->cell, &ref->cell);
	return f ? f : ref->cell % 32 ? WEFT_FAULT_ALIGN : 0;
}

static bool seq_of(struct level *l, uint32_t level, int32_t skew, int64_t *seq)
{
	struct level *loop = loop_of(l, level);

	*seq = (loop ? (int64_t)loop->it : 0) - skew;
	return loop || !level;
}

static uint32_t signal(struct program *m, struct level *l, const union weft_packet *p)
{
	uint32_t n = p->signal.op == WEFT_PKT_SIGNAL_ALL ? p->signal.count : 1;
	struct weft_cell_ref ref;
	int64_t seq;

	if (!seq_of(l, p->signal.level, p->signal.skew, &seq))
		return WEFT_FAULT_NESTING;
	for (unsigned store = 0; store < 2; store++)
		for (uint32_t i = 0; i < n; i++) {
			uint32_t f = element(m, l, p, i, &ref);
			struct weft_cell cell;
			uint64_t value = ref.base + (uint64_t)seq * ref.step;

			if (f)
				return f;
			memcpy(&cell, program_at(m, ref.cell, 32), 32);
			if (p->signal.words & WEFT_SIG_TAG)
				cell.tag = ref.tag;
			if (p->signal.words & WEFT_SIG_VALUE)
				cell.value = value;
			if (p->signal.words & WEFT_SIG_ADD)
				cell.value += value;
			if (p->signal.words & WEFT_SIG_END)
				cell.end = 1;
			if (store)
				memcpy(program_at(m, ref.cell, 32), &cell, 32);
		}
	return 0;
}

static enum how end(struct program *m, struct level *l, const union weft_packet *p)
{
	if (p->wait.end_level == WEFT_WAIT_NO_LOOP)
		return ON;
	target = loop_of(l, p->wait.end_level);
	if (p->wait.exit > (target->up->up ? target->up->n : 0))
		return fail(m, l, p->hdr.op, WEFT_FAULT_FIELD);
	by_end = true;
	end_exit = p->wait.exit;
	m->retired++;
	return LEAVING;
}

static enum how await(struct program *m, struct level *l, const union weft_packet *p)
{
	static const uint32_t causes[4] = { 0, WEFT_FAULT_POISON, WEFT_FAULT_REVOKED, WEFT_FAULT_PEER_LOST };
	uint32_t n = p->wait.op == WEFT_PKT_WAIT_ALL ? p->wait.count : 1;
	struct weft_cell_ref ref;
	struct weft_cell cell;
	int64_t seq;

	if (m->fence_space)
		return fail(m, l, p->hdr.op, WEFT_FAULT_PRIVILEGE);
	if ((p->wait.end_level != WEFT_WAIT_NO_LOOP && !loop_of(l, p->wait.end_level)) ||
	    !seq_of(l, p->wait.level, p->wait.skew, &seq))
		return fail(m, l, p->hdr.op, WEFT_FAULT_NESTING);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t f = element(m, l, p, i, &ref);

		if (f)
			return fail(m, l, p->hdr.op, f);
		memcpy(&cell, program_at(m, ref.cell, 32), 32);
		if ((int64_t)(cell.value - (ref.base + (uint64_t)seq * ref.step)) >= 0) {
			if ((p->wait.cell_flags & WEFT_WAIT_TAG) && cell.tag != ref.tag)
				return fail(m, l, p->hdr.op, WEFT_FAULT_MISMATCH);
			continue;
		}
		if (cell.fault)
			return fail(m, l, p->hdr.op, causes[cell.fault & 15]);
		if (cell.end)
			return end(m, l, p);
		m->endless = true;
		return fail(m, l, 0, 0);
	}
	return ON;
}

static bool suppressed(const struct level *l, const union weft_packet *p)
{
	switch (p->hdr.op) {
	case WEFT_PKT_EXEC: case WEFT_PKT_COPY: case WEFT_PKT_REDUCE: case WEFT_PKT_FILL: case WEFT_PKT_TIMED:
		for (; l; l = l->up)
			if (l->dull)
				return true;
		return false;
	default:
		return false;
	}
}

static uint32_t pred(struct program *m, struct level *l, const union weft_packet *p)
{
	uint64_t va;
	uint32_t v, f;

	l->off = l->dull = false;
	if (p->pred.compare == WEFT_CMP_ALWAYS)
		return 0;
	f = operand(m, l, p, p->pred.operand, &va);
	if (f)
		return f;
	if (va % 4)
		return WEFT_FAULT_ALIGN;
	memcpy(&v, program_at(m, va, 4), 4);
	if (p->pred.compare == WEFT_CMP_EQ)
		l->dull = !(v == p->pred.imm);
	else if (p->pred.compare == WEFT_CMP_NE)
		l->dull = !(v != p->pred.imm);
	else if (p->pred.compare == WEFT_CMP_LT)
		l->dull = !(v < p->pred.imm);
	else
		l->dull = !(v >= p->pred.imm);
	return 0;
}

static void carry(struct program *m, struct level *l)
{
	for (uint32_t i = 0; i < l->ntable; i++) {
		struct weft_operand e;
		int64_t n;

		memcpy(&e, program_at(m, l->table + 32 * i, 32), 32);
		n = (int64_t)l->it - e.skew;
		if (e.flags || e.level || entry_fault(&e, true) || n < 0)
			continue;
		e.phase = (uint16_t)wrap((__int128)e.phase + (__int128)(n / e.div) * e.mul, e.depth);
		memcpy(program_at(m, l->table + 32 * i, 32), &e, 32);
	}
}

static enum how run_list(struct program *m, struct level *l);

static enum how enter(struct program *m, struct level *l, const union weft_packet *p)
{
	struct level in = { .up = l, .list = p->call.list, .n = p->call.npackets, .table = p->call.table,
			    .ntable = p->call.ntable, .loop = p->hdr.op == WEFT_PKT_LOOP, .count = p->call.count };
	unsigned above = 0;
	uint64_t product = in.count;
	enum how h = ON;

	for (const struct level *k = l; k; k = k->up) {
		if (k->loop)
			product *= k->count;
		above += k->up != NULL;
	}
	if (in.loop && m->fence_space && (!product || product > m->loop_max))
		return fail(m, l, p->hdr.op, WEFT_FAULT_PRIVILEGE);
	if (above == 4)
		return fail(m, l, p->hdr.op, WEFT_FAULT_NESTING);
	if (!in.loop)
		h = run_list(m, &in);
	while (in.loop && h == ON && (!in.count || in.it < in.count)) {
		in.off = in.dull = false;
		h = run_list(m, &in);
		in.it += h == ON;
	}
	if (h == FAILED)
		return h;
	if (in.loop)
		carry(m, &in);
	if (h == LEAVING && target == &in) {
		if (by_end && l->up)
			l->at = end_exit - 1;	/* that of the LOOP, which retires */
		h = ON;
	}
	m->retired += h == LEAVING;	/* in passing */
	return h;
}

static enum how step(struct program *m, struct level *l, const union weft_packet *p)
{
	uint32_t f = 0;
	int64_t seq;
	struct level *loop;

	if (++m->limit > 300000) {
		m->endless = true;
		return fail(m, l, 0, 0);
	}
	if (p->hdr.op >= WEFT_PKT_OP_COUNT)
		return fail(m, l, p->hdr.op, WEFT_FAULT_OPCODE);
	if ((l->off && p->hdr.op != WEFT_PKT_RANGE && p->hdr.op != WEFT_PKT_PRED) || suppressed(l, p))
		return ON;
	switch (p->hdr.op) {
	case WEFT_PKT_CALL:
	case WEFT_PKT_LOOP:
		return enter(m, l, p);
	case WEFT_PKT_BREAK:
		target = loop_of(l, p->nop.level);
		by_end = false;
		m->retired += target != NULL;
		return target ? LEAVING : fail(m, l, p->hdr.op, WEFT_FAULT_NESTING);
	case WEFT_PKT_RANGE:
		loop = loop_of(l, p->range.level);
		if (!loop && p->range.level)
			return fail(m, l, p->hdr.op, WEFT_FAULT_NESTING);
		seq = (loop ? (int64_t)loop->it : 0) - p->range.skew;
		l->off = !(seq >= 0 && (!p->range.last || (uint64_t)seq < p->range.last));
		return ON;
	case WEFT_PKT_PRED: f = pred(m, l, p); break;
	case WEFT_PKT_WAIT:
	case WEFT_PKT_WAIT_ALL:
		return await(m, l, p);
	case WEFT_PKT_SIGNAL:
	case WEFT_PKT_SIGNAL_ALL: f = signal(m, l, p); break;
	case WEFT_PKT_TIMESTAMP: f = stamp(m, l, p); break;
	case WEFT_PKT_TIMED: f = p->timed.ns > UINT64_C(1) << 40 ? WEFT_FAULT_FIELD : 0; break;
	case WEFT_PKT_EXEC:
		f = exec(m, l, p);
		return f ? fail(m, l, (uint32_t)p->exec.oper << 8 | p->hdr.op, f) : ON;
	case WEFT_PKT_REDUCE: f = reduce(m, l, p); break;
	case WEFT_PKT_COPY:
	case WEFT_PKT_FILL: f = move(m, l, p); break;
	case WEFT_PKT_NOP:
		for (unsigned i = 0; i < 8; i++)
			f = p->word[i] ? WEFT_FAULT_FIELD : f;
		break;
	default: break;
	}
	return f ? fail(m, l, p->hdr.op, f) : ON;
}

static enum how run_list(struct program *m, struct level *l)
{
	for (l->at = 0; l->at < l->n; l->at++) {
		union weft_packet p;
		enum how h;

		memcpy(&p, program_at(m, l->list + 64 * (uint64_t)l->at, 64), 64);
		h = step(m, l, &p);
		if (h != ON)
			return h;
		m->retired++;
	}
	return ON;
}

void program_run(struct program *m, const union weft_packet *p)
{
	struct level ring = { .n = 1 };

	m->retired = m->limit = m->cause = 0;
	m->endless = false;
	if (step(m, &ring, p) == ON)
		m->retired++;
}
