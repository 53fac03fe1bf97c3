// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* WAIT, WAIT_ALL, SIGNAL and SIGNAL_ALL. A WAIT that its cell satisfies takes no lock. */
#include "defect.h"
#include "engine.h"

#define LIST_MAX	4096

struct signal {
	struct wcard_cell cell;
	uint64_t value, tag;
};

/* An element of a list, or the packet's own; its operand made an address. */
static bool element(struct wcard_run *r, bool all, uint64_t list, uint64_t i, const void *one, struct weft_cell_ref *ref)
{
	if (!all)
		__builtin_memcpy(ref, one, sizeof(*ref));
	else if (wcard_acc_load(&r->acc, list + i * sizeof(*ref), ref, sizeof(*ref), WCARD_CNT_FETCH))
		return false;
	if (WCARD_BROKEN(cell_operand_still)) {
		uint64_t it = wcard_top(r->q)->it;
		bool found;

		wcard_top(r->q)->it = 0;
		found = wcard_operand(r, ref->cell, &ref->cell);
		wcard_top(r->q)->it = it;
		return found;
	}
	return (all && WCARD_BROKEN(list_operands_ignored)) || wcard_operand(r, ref->cell, &ref->cell);
}

static enum wcard_step wait_start(struct wcard_run *r)
{
	const struct weft_pkt_wait *p = &r->q->pkt.wait;
	struct wcard_cur *cur = &r->q->cur;
	bool all = p->op == WEFT_PKT_WAIT_ALL;
	int64_t seq;

	if (r->q->as->type != WEFT_AS_LR && !WCARD_BROKEN(fence_space_waits) &&
	    !(all && WCARD_BROKEN(fence_space_waits_all)))
		return wcard_fail(r, WEFT_FAULT_PRIVILEGE, 0);
	if ((p->flags & ~WEFT_PKT_TABLE) || (p->cell_flags & ~WEFT_WAIT_TAG) || p->reserved[0] || p->reserved[1] ||
	    p->reserved[2] || (all ? !p->count || p->count > LIST_MAX : p->count))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (p->end_level != WEFT_WAIT_NO_LOOP && !wcard_flow_loop(r->q, p->end_level))
		return wcard_fail(r, WEFT_FAULT_NESTING, 0);
	if (!wcard_flow_seq(r, p->level, p->skew, &seq))
		return WCARD_FAULT;
	if (all && p->u.list % sizeof(struct weft_cell_ref))
		return wcard_fail(r, WEFT_FAULT_ALIGN, p->u.list);
	cur->started = true;
	cur->unit = 0;
	cur->row = (uint64_t)seq;
	cur->fetched = false;
	return WCARD_MORE;
}

static enum wcard_step wait_faulted(struct wcard_run *r, uint64_t word)
{
	r->q->origin = word;
	switch (word & 15) {
	case WEFT_CELL_REVOKED:
		return wcard_fail(r, WEFT_FAULT_REVOKED, 0);
	case WEFT_CELL_PEER_LOST:
		return wcard_fail(r, WEFT_FAULT_PEER_LOST, 0);
	default:
		return wcard_fail(r, WEFT_FAULT_POISON, 0);
	}
}

static enum wcard_step wait_end(struct wcard_run *r)
{
	const struct weft_pkt_wait *p = &r->q->pkt.wait;

	if (WCARD_BROKEN(list_end_stays) && p->op == WEFT_PKT_WAIT_ALL)
		return WCARD_DONE;
	return p->end_level == WEFT_WAIT_NO_LOOP ? WCARD_DONE : wcard_flow_end(r, p->end_level, p->exit);
}

/*
 * An engine without other work looks at the cell a little longer: parking, the wake and the way back to the packet cost
 * more than most answers take.
 */
static enum wcard_look linger(const struct wcard_run *r, const struct weft_cell *cell, uint64_t wanted)
{
	struct wcard_machine *m = r->q->c->m;
	enum wcard_look look = WCARD_LOOK_NOTHING;
	uint64_t until;

	if (!m->linger_ns)
		return look;
	until = wcard_now(m) + m->linger_ns;
	/* Who is ready now is taken by an engine that looks for work, if there is one. */
	while (atomic_load_explicit(&m->nready, memory_order_relaxed) <=
	       atomic_load_explicit(&m->looking, memory_order_relaxed) && wcard_now(m) < until &&
	       !atomic_load_explicit(&r->q->stop, memory_order_relaxed) &&
	       !atomic_load_explicit(&r->q->suspend, memory_order_relaxed))
		for (unsigned int i = 0; i < 4; i++) {
			look = wcard_cell_read(cell, wanted);
			if (look != WCARD_LOOK_NOTHING)
				return look;
			wcard_pause();
		}
	return look;
}

/* MORE: this element holds. */
static enum wcard_step wait_look(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;
	const struct weft_cell_ref *ref = &q->cur.ref;
	uint64_t wanted = ref->base + q->cur.row * ref->step, tag;
	enum wcard_look look;
	struct wcard_cell cell;

	if (WCARD_BROKEN(list_step_ignored) && q->pkt.wait.op == WEFT_PKT_WAIT_ALL)
		wanted = ref->base;
	if (wcard_acc_cell(&r->acc, ref->cell, WCARD_CELL_WAIT, &cell))
		return WCARD_FAULT;
	if (!q->wait_since_ns || !WCARD_BROKEN(woken_not_counted))
		r->acc.cells++;
	look = wcard_cell_read(cell.at, wanted);
	if (look == WCARD_LOOK_NOTHING)
		look = linger(r, cell.at, wanted);
	switch (look) {
	case WCARD_LOOK_VALUE:
		tag = __atomic_load_n(&cell.at->tag, __ATOMIC_ACQUIRE);
		if (!(q->pkt.wait.cell_flags & WEFT_WAIT_TAG) || tag == ref->tag || WCARD_BROKEN(tag_ignored))
			return WCARD_MORE;
		q->origin = tag;
		q->wait_va = ref->cell;
		q->wait_value = wanted;
		return wcard_fail(r, WEFT_FAULT_MISMATCH, 0);
	case WCARD_LOOK_FAULT:
		q->wait_va = ref->cell;
		q->wait_value = wanted;
		return wait_faulted(r, __atomic_load_n(&cell.at->fault, __ATOMIC_ACQUIRE));
	case WCARD_LOOK_END:
		return wait_end(r);
	default:
		break;
	}
	q->wait_va = ref->cell;
	q->wait_value = wanted;
	/* The last look at the clock is a unit old at most, and one more is a good part of a hop. */
	if (!q->wait_since_ns)
		q->wait_since_ns = r->last_ns;
	wcard_acc_count_cells(&r->acc);
	if (!WCARD_BROKEN(park_uncharged))
		wcard_charge(r);
	/* When it changed in that moment the next unit looks again: a writer that goes back must not hold this one. */
	return wcard_cell_park(q, cell.off, wanted) ? WCARD_PARK : WCARD_TIMED;
}

static enum wcard_step wait_all(struct wcard_run *r)
{
	const struct weft_pkt_wait *p = &r->q->pkt.wait;
	struct wcard_cur *cur = &r->q->cur;
	bool all = p->op == WEFT_PKT_WAIT_ALL;
	uint64_t n = all && !WCARD_BROKEN(wait_all_first) ? p->count : 1;
	enum wcard_step s;

	if (!cur->started) {
		s = wait_start(r);
		if (s != WCARD_MORE)
			return s;
	}
	for (; cur->unit < n; cur->unit++) {
		if (!cur->fetched && !element(r, all, p->u.list, cur->unit, &p->u.one, &cur->ref))
			return WCARD_FAULT;
		cur->fetched = true;
		s = wait_look(r);
		if (s == WCARD_TIMED)
			return WCARD_MORE;
		if (s != WCARD_MORE)
			return s;
		cur->fetched = false;
	}
	return WCARD_DONE;
}

enum wcard_step wcard_pkt_wait(struct wcard_run *r)
{
	struct wcard_queue *q = r->q;
	enum wcard_step s = wait_all(r);

	if (s == WCARD_DONE && q->wait_since_ns && !WCARD_BROKEN(wait_since_stays))
		q->wait_va = q->wait_value = q->wait_since_ns = 0;
	return s;
}

static bool signal_translate(struct wcard_run *r, bool all, uint64_t i, int64_t seq, struct signal *s)
{
	const struct weft_pkt_signal *p = &r->q->pkt.signal;
	struct weft_cell_ref ref;

	if (!element(r, all, p->u.list, i, &p->u.one, &ref) ||
	    wcard_acc_cell(&r->acc, ref.cell, p->words & WEFT_SIG_ADD ? WCARD_CELL_ADD : WCARD_CELL_SIGNAL, &s->cell))
		return false;
	s->value = ref.base + (uint64_t)seq * ref.step;
	s->tag = ref.tag;
	return true;
}

/* All earlier writes are out; then the words in their order; then whoever waits there. */
static void signal_store(struct wcard_run *r, const struct signal *s, uint32_t n)
{
	unsigned int words = r->q->pkt.signal.words;

	atomic_thread_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < n; i++) {
		wcard_acc_signal(&r->acc, &s[i].cell, words, s[i].value, s[i].tag);
		wcard_acc_count(&r->acc, s[i].cell.link, WCARD_CNT_CELL_WRITE, 1);
	}
	atomic_thread_fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < (WCARD_BROKEN(list_wakes_first) ? 1 : n); i++)
		if (s[i].cell.card)
			wcard_cell_look(s[i].cell.card, s[i].cell.off);
}

static __attribute__((noinline)) enum wcard_step signal_list(struct wcard_run *r, int64_t seq)
{
	const struct weft_pkt_signal *p = &r->q->pkt.signal;
	struct signal s[LIST_MAX];

	for (uint32_t i = 0; i < p->count; i++)
		if (!signal_translate(r, true, i, seq, &s[i])) {
			if (WCARD_BROKEN(signal_all_partly))
				signal_store(r, s, i);
			return WCARD_FAULT;
		}
	if (p->scope == WEFT_SCOPE_SYSTEM && !WCARD_BROKEN(system_no_flush) && !WCARD_BROKEN(list_no_flush) &&
	    wcard_flush(r, false))
		return WCARD_FAULT;
	signal_store(r, s, p->count);
	return WCARD_DONE;
}

enum wcard_step wcard_pkt_signal(struct wcard_run *r)
{
	const unsigned int known = WEFT_SIG_VALUE | WEFT_SIG_TAG | WEFT_SIG_END | WEFT_SIG_ADD;
	const struct weft_pkt_signal *p = &r->q->pkt.signal;
	bool all = p->op == WEFT_PKT_SIGNAL_ALL;
	struct signal s;
	int64_t seq;

	if ((p->flags & ~WEFT_PKT_TABLE) || !p->words || (p->words & ~known) || p->scope > WEFT_SCOPE_SYSTEM ||
	    ((p->words & WEFT_SIG_ADD) && (p->words & (WEFT_SIG_VALUE | WEFT_SIG_END))) || p->reserved0 ||
	    p->reserved[0] || p->reserved[1] || p->reserved[2] || (all ? !p->count || p->count > LIST_MAX : p->count))
		return wcard_fail(r, WEFT_FAULT_FIELD, 0);
	if (!wcard_flow_seq(r, WCARD_BROKEN(signal_level) ? 0 : p->level, p->skew, &seq))
		return WCARD_FAULT;
	if (all && p->u.list % sizeof(struct weft_cell_ref))
		return wcard_fail(r, WEFT_FAULT_ALIGN, p->u.list);
	if (all)
		return signal_list(r, seq);
	/* A store that waits for nothing: its time is looked at with that of its neighbours. */
	r->data = p->scope == WEFT_SCOPE_SYSTEM || wcard_injecting(r->q->c);
	if (!signal_translate(r, false, 0, seq, &s))
		return WCARD_FAULT;
	if (p->scope == WEFT_SCOPE_SYSTEM && !WCARD_BROKEN(system_no_flush) && wcard_flush(r, false))
		return WCARD_FAULT;
	signal_store(r, &s, 1);
	return WCARD_DONE;
}
