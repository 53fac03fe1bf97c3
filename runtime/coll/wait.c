/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Waiting for what was posted; and why it has not ended, as members here see it. */
#include "call.h"
#include "times.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLICE_NS	200000000ull	/* between two looks at what other processes have to say */
#define ARRIVALS_NS	1000000000ull	/* in which those that were signalled together are all there */
#define LOSS_NS		2000000000ull	/* from losing another's memory to word of what became of its card */

bool weft_comm_revoked(struct weft_comm *comm)
{
	/* else who holds it sees it, and the next look does */
	if (comm->mesh.num > 1 && !pthread_mutex_trylock(&comm->together)) {
		weft_mesh_look(&comm->mesh);
		if (comm->mesh.revoked && !atomic_load(&comm->revoker))
			atomic_store(&comm->revoker, 1 + weft_mesh_first(&comm->mesh, comm->mesh.revoker));
		if (comm->mesh.given_up)
			atomic_store(&comm->given_up, true);
		pthread_mutex_unlock(&comm->together);
	}
	return atomic_load(&comm->revoker);
}

static int revoked(struct weft_comm *comm)
{
	atomic_store(&comm->broken, true);
	return weft_fail(-ECANCELED, "communicator %s was revoked by the process of member %u", comm->name, atomic_load(&comm->revoker) - 1);
}

/* with lock: the call whose copies an address is in */
static const struct weft_coll *call_at(const struct weft_comm *comm, uint32_t rank, uint64_t address)
{
	for (const struct weft_coll *c = comm->calls; c; c = c->next) {
		const struct weft_coll_part_of *p = &c->part[rank];

		if (p->memory && address >= p->memory->address && address < p->memory->address + p->num_copies * p->stride)
			return c;
	}
	return NULL;
}

static const char *call_of(const struct weft_comm *comm, uint64_t tag, char *text, size_t bytes)
{
	struct weft_message_call call;

	if (weft_board_find(&comm->board, tag, &call))
		return weft_message_call_text(&call, text, bytes);
	snprintf(text, bytes, "a call with tag %#" PRIx64, tag);
	return text;
}

/* Of the newest arrivals at member @rank, one that is another than @tag: whose? UINT32_MAX: of nobody */
static uint32_t other(const struct weft_comm *comm, uint32_t rank, uint64_t tag, uint64_t *theirs)
{
	const struct weft_comm_member *m = &comm->member[rank];

	for (uint32_t r = 0; r < comm->ranks; r++) {
		struct weft_cell_state a, b;

		if (r == rank || weft_cell_read(m->cells[r], WEFT_COMM_ARRIVAL, &a) || weft_cell_read(m->cells[r], WEFT_COMM_ARRIVAL + 1, &b))
			continue;
		if (b.value > a.value)
			a = b;
		if (a.value && a.tag != tag) {
			*theirs = a.tag;
			return r;
		}
	}
	return UINT32_MAX;
}

/* with lock and gate; member @rank, of this process, was stopped by an arrival, or by somebody who was */
static int mismatch(struct weft_comm *comm, uint32_t rank)
{
	const uint64_t deadline = weft_deadline_ns(ARRIVALS_NS);
	struct weft_user_queue_state s = { .size = sizeof(s) };
	const struct weft_coll *c;
	char mine[128], theirs[128];
	uint64_t tag = 0, another;
	uint32_t r;

	weft_user_queue_state(comm->member[rank].queue, &s);
	c = call_at(comm, rank, s.fault_list);
	if (c)
		tag = c->shown.tag;
	for (;;) {
		r = other(comm, rank, tag, &another);
		if (r != UINT32_MAX || weft_now_ns() > deadline)
			break;
		usleep(1000);
	}
	call_of(comm, tag, mine, sizeof(mine));
	if (r == UINT32_MAX)
		return weft_fail(-EPROTO, "communicator %s: member %u came with %s, and another with something else", comm->name, rank, mine);
	return weft_fail(-EPROTO, "communicator %s: member %u came with %s, member %u with %s", comm->name, rank, mine, r,
			 call_of(comm, another, theirs, sizeof(theirs)));
}

/* Why the communicator has stopped, as far as members here know: member @first, because of @cause */
struct end {
	bool found, sure;
	bool own;			/* @witness, which is here, was not stopped by another member's will */
	bool out_of_reach;		/* it does not reach the memory of @first any more */
	uint32_t first, cause, witness;
};

/* Is that what a member meets whose peer's memory has gone away? */
static bool loses(uint32_t cause)
{
	static const char *const names[] = { "bus", "link_down", "pt_invalid", "peer_lost" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(weft_fault_name(cause), names[i]))
			return true;
	return false;
}

static bool holds(const struct weft_memory *m, uint64_t address)
{
	return m && address >= m->address && address - m->address < m->bytes;
}

/* with lock: the other member whose memory member @rank, of this process, has at an address; UINT32_MAX: nobody's */
static uint32_t owner_at(const struct weft_comm *comm, uint32_t rank, uint64_t address)
{
	for (uint32_t r = 0; r < comm->ranks; r++)
		if (holds(comm->member[rank].cells_there[r], address) || holds(comm->member[rank].inbox_there[r], address))
			return r;
	for (const struct weft_window *w = comm->windows; w; w = w->next)
		if (address >= w->base && address - w->base < w->span * comm->ranks && (address - w->base) / w->span != rank)
			return (uint32_t)((address - w->base) / w->span);
	return UINT32_MAX;
}

/*
 * with lock and gate: what member @rank's queue says. One that a lost card has stopped by itself knows whose memory it was; one
 * that it took with it only knows its own will, and that its card is not to blame.
 */
static void ask(const struct weft_comm *comm, uint32_t rank, struct end *e)
{
	struct weft_user_queue_state s = { .size = sizeof(s) };
	struct end is = { .found = true, .sure = true, .own = true, .first = rank, .witness = rank };
	uint32_t will;

	if (!comm->member[rank].queue || weft_user_queue_state(comm->member[rank].queue, &s) || !s.cause)
		return;
	is.cause = s.cause;
	if (!strcmp(weft_fault_name(s.cause), "poison")) {
		weft_cell_fault_origin(s.origin, &is.cause, &will);
		is.first = will - 1 < comm->ranks ? will - 1 : rank;
		is.sure = !loses(is.cause);
		is.own = false;
	} else if (loses(s.cause)) {
		const uint32_t owner = owner_at(comm, rank, s.fault_address);

		/* a link that is down need not come with an address */
		is.out_of_reach = is.sure = owner != UINT32_MAX;
		is.first = is.out_of_reach ? owner : rank;
	}
	/* a member that stopped by itself, before those that it took with it */
	if (!e->found || is.sure > e->sure || (is.sure == e->sure && is.own > e->own))
		*e = is;
}

/* with lock and gate: does a will say that another member's queue has ended for a reason of its own? */
static void ask_cells(const struct weft_comm *comm, uint32_t rank, struct end *e)
{
	for (uint32_t r = 0; r < comm->ranks && !e->sure; r++) {
		struct weft_cell_state s;
		uint32_t cause, will;

		if (r == rank || weft_cell_read(comm->member[rank].cells[r], WEFT_COMM_ARRIVAL, &s) || !s.fault)
			continue;
		weft_cell_fault_origin(s.fault, &cause, &will);
		if (will - 1 == r && !loses(cause) && strcmp(weft_fault_name(cause), "poison"))
			*e = (struct end) { .found = true, .sure = true, .first = r, .cause = cause, .witness = rank };
	}
}

/* What a member has met, after a wait that failed with -EOWNERDEAD: -EPROTO or that, with text; or -ECANCELED. */
static int why(struct weft_comm *comm)
{
	const uint64_t deadline = weft_deadline_ns(LOSS_NS);
	const bool over = weft_comm_revoked(comm);
	struct end e = { 0 };
	int ret;

	if (over && atomic_load(&comm->given_up))
		return revoked(comm);
	atomic_store(&comm->broken, true);
	for (;;) {
		pthread_rwlock_rdlock(&comm->gate);
		pthread_mutex_lock(&comm->lock);
		for (uint32_t r = 0; r < comm->ranks; r++)
			if (weft_comm_mine(comm, r))
				ask(comm, r, &e);
		for (uint32_t r = 0; r < comm->ranks && e.found; r++)
			if (weft_comm_mine(comm, r))
				ask_cells(comm, r, &e);
		/* members that have lost another are told of before the driver tells whose card it was */
		if (!e.found || e.sure || weft_now_ns() > deadline)
			break;
		pthread_mutex_unlock(&comm->lock);
		pthread_rwlock_unlock(&comm->gate);
		usleep(1000);
	}
	/* who shrinks it already stops its members, but for a reason, which those here may have met, too */
	if (over && (!e.found || (!strcmp(weft_fault_name(e.cause), "stopped") &&
				  comm->mesh.process[e.first] == comm->mesh.process[atomic_load(&comm->revoker) - 1])))
		ret = revoked(comm);
	else if (!e.found)
		ret = weft_fail(-EOWNERDEAD, "communicator %s: a member has stopped", comm->name);
	else if (!strcmp(weft_fault_name(e.cause), "mismatch"))
		ret = mismatch(comm, comm->member[e.first].queue ? e.first : e.witness);
	else if (e.out_of_reach)
		ret = weft_fail(-EOWNERDEAD, "communicator %s: member %u, card %u, has stopped: member %u does not reach its memory any more: %s",
				comm->name, e.first, comm->member[e.first].card, e.witness, weft_fault_name(e.cause));
	else
		ret = weft_fail(-EOWNERDEAD, "communicator %s: member %u, card %u, has stopped: %s", comm->name, e.first,
				comm->member[e.first].card, weft_fault_name(e.cause));
	pthread_mutex_unlock(&comm->lock);
	pthread_rwlock_unlock(&comm->gate);
	return ret;
}

/* The card of member @rank, of this process, on which the wait was. */
static int lost(struct weft_comm *comm, uint32_t rank, int how)
{
	atomic_store(&comm->broken, true);
	return weft_fail(-EOWNERDEAD, "communicator %s: member %u, card %u, has stopped: %s", comm->name, rank, comm->member[rank].card,
			 how == -ENODEV ? "the card is gone" : "the card was reset");
}

/* Which members have not come to the call that member @rank is in. */
static int late(struct weft_comm *comm, uint32_t rank)
{
	struct weft_user_queue_state s = { .size = sizeof(s) };
	const struct weft_comm_member *m = &comm->member[rank];
	int ret = 0;

	pthread_rwlock_rdlock(&comm->gate);
	if (m->queue && !weft_user_queue_state(m->queue, &s) && s.wait_address)
		for (uint32_t r = 0; r < comm->ranks; r++)
			for (uint32_t i = 0; i < WEFT_COMM_CELLS && r != rank && !ret; i++)
				if (weft_cell_address(m->cells[r], i) == s.wait_address)
					ret = weft_fail(-ETIME, "communicator %s: member %u waits for member %u, %s%s: wanted %" PRIu64,
							comm->name, rank, r, i < WEFT_COMM_PROGRESS ? "which has not come" : "in a call",
							comm->mesh.gone >> comm->mesh.process[r] & 1 ? ", and whose process is gone" : "", s.wait_value);
	pthread_rwlock_unlock(&comm->gate);
	return ret ? ret : weft_fail(-ETIME, "communicator %s: member %u has not ended what was posted", comm->name, rank);
}

int weft_comm_wait(struct weft_comm *comm, uint64_t timeout_ns)
{
	const uint64_t deadline = weft_deadline_ns(timeout_ns);
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (ret)
		return ret;
	for (uint32_t r = 0; r < comm->ranks && !ret; r++) {
		struct weft_comm_member *m = &comm->member[r];
		const uint64_t timed = m->timed;

		while (weft_comm_mine(comm, r)) {
			const uint64_t now = weft_now_ns(), left = deadline > now ? deadline - now : 0;
			const bool slice = comm->mesh.num > 1 && left > SLICE_NS;

			ret = weft_cell_wait(m->done, 0, m->posts, slice ? SLICE_NS : left, NULL);
			if (ret != -ETIME)
				break;
			if (weft_comm_revoked(comm))
				return why(comm);
			if (!slice)
				return late(comm, r);
		}
		if (ret == -EOWNERDEAD)
			return why(comm);
		if (ret == -ECANCELED || ret == -ENODEV)
			return lost(comm, r, ret);
		if (!ret)
			weft_times_tell(comm, r, timed);
	}
	return ret;
}
