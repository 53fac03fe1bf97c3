/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Waiting for what was posted; and why it has not ended, as members here see it. */
#include "call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SLICE_NS	200000000ull	/* between two looks at what other processes have to say */
#define ARRIVALS_NS	1000000000ull	/* in which those that were signalled together are all there */

bool weft_comm_revoked(struct weft_comm *comm)
{
	/* else who holds it sees it, and the next look does */
	if (comm->mesh.num > 1 && !pthread_mutex_trylock(&comm->together)) {
		weft_mesh_look(&comm->mesh);
		if (comm->mesh.revoked && !atomic_load(&comm->revoker))
			atomic_store(&comm->revoker, 1 + weft_mesh_first(&comm->mesh, comm->mesh.revoker));
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

/* What a member has met, after a wait that failed with -EOWNERDEAD: -EPROTO or that, with text. */
static int why(struct weft_comm *comm)
{
	int ret = 0;

	if (weft_comm_revoked(comm))
		return revoked(comm);
	pthread_rwlock_rdlock(&comm->gate);
	pthread_mutex_lock(&comm->lock);
	atomic_store(&comm->broken, true);
	/* a member that stopped by itself, before those that it took with it */
	for (uint32_t pass = 0; pass < 2 && !ret; pass++)
		for (uint32_t r = 0; r < comm->ranks && !ret; r++) {
			struct weft_user_queue_state s = { .size = sizeof(s) };
			uint32_t cause, will, first = r;

			if (!comm->member[r].queue || weft_user_queue_state(comm->member[r].queue, &s) || !s.cause)
				continue;
			cause = s.cause;
			if (!strcmp(weft_fault_name(cause), "poison")) {
				/* the will is of the member that was first */
				weft_cell_fault_origin(s.origin, &cause, &will);
				first = will - 1 < comm->ranks ? will - 1 : r;
			}
			if (!strcmp(weft_fault_name(cause), "mismatch"))
				ret = mismatch(comm, comm->member[first].queue ? first : r);
			else if (pass || first == r)
				ret = weft_fail(-EOWNERDEAD, "communicator %s: member %u, card %u, has stopped: %s", comm->name, first,
						comm->member[first].card, weft_fault_name(cause));
		}
	pthread_mutex_unlock(&comm->lock);
	pthread_rwlock_unlock(&comm->gate);
	return ret ? ret : weft_fail(-EOWNERDEAD, "communicator %s: a member has stopped", comm->name);
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

		while (weft_comm_mine(comm, r)) {
			const uint64_t now = weft_now_ns(), left = deadline > now ? deadline - now : 0;
			const bool slice = comm->mesh.num > 1 && left > SLICE_NS;

			ret = weft_cell_wait(m->done, 0, m->posts, slice ? SLICE_NS : left, NULL);
			if (ret != -ETIME)
				break;
			if (weft_comm_revoked(comm))
				return revoked(comm);
			if (!slice)
				return late(comm, r);
		}
		if (ret == -EOWNERDEAD)
			return why(comm);
		if (ret == -ECANCELED || ret == -ENODEV)
			return lost(comm, r, ret);
	}
	return ret;
}
