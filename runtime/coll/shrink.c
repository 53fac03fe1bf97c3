/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What is done after a failure: all are told, and those that are left go on together. */
#include "comm.h"

#include <errno.h>
#include <string.h>

#include "runtime/core/card.h"

#define TRIES	(2 * WEFT_COLL_RANKS)	/* each but the last has lost a process or a card */

int weft_comm_revoke(struct weft_comm *comm)
{
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);
	uint32_t first = 0;

	if (ret)
		return ret;
	while (!weft_comm_mine(comm, first))
		first++;
	if (!atomic_load(&comm->revoker))
		atomic_store(&comm->revoker, 1 + first);
	atomic_store(&comm->given_up, true);
	atomic_store(&comm->broken, true);
	/* word comes before the members' stop does, so that whoever is stopped can tell why; sockets take whole messages of any thread */
	weft_mesh_revoke(&comm->mesh);
	/* a card that is lost is no failure of that */
	weft_comm_stop(comm);
	return 0;
}

/* Members here whose cards still work. */
static uint32_t alive(const struct weft_comm *comm)
{
	uint32_t members = 0;

	for (uint32_t r = 0; r < comm->ranks; r++) {
		struct weft_memory *probe;

		if (!weft_comm_mine(comm, r) || weft_memory_new(comm->member[r].device, 4096, WEFT_PLACE_LOCAL, true, &probe))
			continue;
		if (!weft_memory_destroy(probe))
			members |= 1u << r;
	}
	return members;
}

static uint64_t ended(struct weft_comm *comm, uint32_t members)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t r = 0; r < comm->ranks; r++) {
		struct weft_cell_state s;

		if (members >> r & 1 && !weft_cell_read(comm->member[r].done, 0, &s) && s.value < least)
			least = s.value;
	}
	return least;
}

/* All that reaches others' memory, from members here. */
static void let_go(struct weft_comm *comm)
{
	int ret = 0;	/* of cards that are lost */

	weft_comm_stop(comm);
	weft_comm_unreach(comm, &ret);
	for (struct weft_window *w = comm->windows; w; w = w->next)
		weft_window_unreach(w, &ret);
}

/* Who is left; the same in all processes. */
static int survey(struct weft_comm *comm, struct weft_mesh *mesh, uint32_t *members, uint64_t *all_ended)
{
	struct weft_message_word word[WEFT_COLL_RANKS] = { 0 };
	uint32_t known;
	int ret;

	word[mesh->me].members = alive(comm);
	word[mesh->me].ended = ended(comm, word[mesh->me].members);
	ret = weft_mesh_agree(mesh, word, &known);
	if (ret)
		return ret;
	*members = 0;
	*all_ended = UINT64_MAX;
	for (uint32_t p = 0; p < mesh->num; p++) {
		uint32_t theirs = word[p].members;

		if (!(known >> p & 1))
			continue;
		for (uint32_t r = 0; r < comm->ranks; r++)
			if (mesh->process[r] != p)
				theirs &= ~(1u << r);
		*members |= theirs;
		if (theirs && word[p].ended < *all_ended)
			*all_ended = word[p].ended;
	}
	return *members & comm->mine ? 0 : weft_fail(-EOWNERDEAD, "communicator %s: no member of this process is left", comm->name);
}

/* The processes of @members alone, in their order; the old mesh keeps what is not needed any more. */
static void regroup(struct weft_mesh *old, uint32_t members, struct weft_mesh *mesh)
{
	uint8_t number[WEFT_COLL_RANKS];
	uint32_t n = 0;

	weft_mesh_alone(mesh, old->name, 0);
	memset(number, 0xff, sizeof(number));
	mesh->num = 0;
	for (uint32_t r = 0; r < old->members; r++) {
		const uint8_t p = old->process[r];

		if (!(members >> r & 1))
			continue;
		if (number[p] == 0xff) {
			number[p] = (uint8_t)mesh->num;
			mesh->socket[mesh->num] = old->socket[p];
			old->socket[p] = -1;
			mesh->gone |= (old->gone >> p & 1) << mesh->num;
			if (p == old->me)
				mesh->me = mesh->num;
			mesh->num++;
		}
		mesh->process[n++] = number[p];
	}
	mesh->members = n;
	mesh->epoch = old->epoch;
	mesh->step = old->step;
	mesh->timeout_ns = old->timeout_ns;
	mesh->deadline_ns = old->deadline_ns;
	weft_mesh_fini(old);
}

static struct weft_comm *smaller(const struct weft_comm *comm, uint32_t members, uint64_t all_ended)
{
	const struct weft_comm_config config = {
		.size = sizeof(config), .priority = comm->priority, .name = comm->name, .slot_bytes = comm->slot_bytes, .posts = comm->posts,
		.flags = comm->flags,
	};
	struct weft_comm *c = weft_comm_new((uint32_t)__builtin_popcount(members), &config);
	uint32_t n = 0, old[WEFT_COLL_RANKS];

	for (uint32_t r = 0; r < comm->ranks && c; r++) {
		if (!(members >> r & 1))
			continue;
		c->mine |= weft_comm_mine(comm, r) << n;
		c->member[n].device = comm->member[r].device;
		c->member[n].card = comm->member[r].card;
		old[n] = r;
		c->member[n++].old_rank = r;
	}
	if (!c)
		return NULL;
	c->ended = all_ended;
	/* of some members of one that was right, so it is right */
	weft_topology_of(&comm->topology, old, n, &c->topology, "weft_comm_shrink");
	return c;
}

/* Processes that are lost while they come together only make another round. Each is of the same members in all processes. */
static int come_together(struct weft_comm *comm, struct weft_comm **shrunk)
{
	struct weft_mesh mesh = comm->mesh;
	struct weft_comm *c = NULL;
	struct weft_kept_error kept;
	int ret = 0;

	/* what is left in the sockets of the old epoch is dropped */
	mesh.epoch++;
	mesh.step = 0;
	mesh.revoked = mesh.given_up = false;
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		comm->mesh.socket[p] = -1;
	comm->mesh.gone = ~(1u << comm->mesh.me);
	for (uint32_t try = 0; try < TRIES; try++) {
		uint32_t members;
		uint64_t all_ended;

		ret = survey(comm, &mesh, &members, &all_ended);
		if (ret)
			break;
		c = smaller(comm, members, all_ended);
		if (!c) {
			ret = weft_fail(-ENOMEM, "communicator");
			break;
		}
		regroup(&mesh, members, &c->mesh);
		ret = weft_comm_build(c);
		if (!ret) {
			*shrunk = c;
			return 0;
		}
		weft_error_keep(&kept);
		/* the old one's members, by the new one's processes: the next round is theirs */
		mesh = c->mesh;
		for (uint32_t r = 0, n = 0; r < comm->ranks; r++)
			mesh.process[r] = members >> r & 1 ? c->mesh.process[n++] : 0xff;
		mesh.members = comm->ranks;
		for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
			c->mesh.socket[p] = -1;
		weft_comm_free(c);
		weft_fail_kept(ret, NULL, &kept);
		if (ret != -EOWNERDEAD && ret != -ECANCELED && ret != -ENODEV)
			break;
	}
	weft_error_keep(&kept);
	weft_mesh_fini(&mesh);
	return weft_fail_kept(ret, "weft_comm_shrink", &kept);
}

int weft_comm_shrink(struct weft_comm *comm, uint64_t timeout_ns, struct weft_comm **shrunk)
{
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (ret)
		return ret;
	if (!shrunk || !timeout_ns)
		return weft_fail(-EINVAL, "weft_comm_shrink: no place, or no time");
	pthread_mutex_lock(&comm->together);
	atomic_store(&comm->broken, true);
	weft_mesh_begin(&comm->mesh, timeout_ns);
	/* before it says that it is here: then nothing of the old epoch is stored by anybody who is left */
	let_go(comm);
	ret = comm->shrunk ? weft_fail(-EINVAL, "weft_comm_shrink: communicator %s has been shrunk", comm->name) :
	      come_together(comm, shrunk);
	comm->shrunk = true;
	pthread_mutex_unlock(&comm->together);
	return ret;
}

int weft_comm_info(const struct weft_comm *comm, struct weft_comm_info *info)
{
	struct weft_comm_info i = { .size = sizeof(i) };
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (ret)
		return ret;
	i.members = comm->ranks;
	i.here = comm->mine;
	i.epoch = comm->mesh.epoch;
	i.ended = comm->ended;
	i.processes = comm->mesh.num;
	for (uint32_t r = 0; r < comm->ranks; r++) {
		i.card[r] = comm->member[r].card;
		i.old_rank[r] = comm->member[r].old_rank;
	}
	return weft_give(info, &i, sizeof(i), sizeof(i), __func__);
}
