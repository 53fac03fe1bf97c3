/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "comm.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "node.h"
#include "weft-mpi.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wmpi_comm *comms;		/* under lock, which is never held when MPI is called: it calls gone() with a lock of its own */
static int keyval = MPI_KEYVAL_INVALID;	/* INVALID: nothing is taken */
static int error_code;			/* 0: not made */

static void release(struct wmpi_comm *c)
{
	if (c->own && c->heap)
		weft_window_destroy(c->heap);
	/* what is still there is the program's own window */
	if (c->own && c->comm && weft_comm_destroy(c->comm) == -EINVAL)
		fprintf(stderr, "weft-mpi: %s\n", weft_last_error());
	free(c);
}

/* Called by MPI when a communicator goes, and by wmpi_comm_close(). */
static int gone(MPI_Comm mpi, int key, void *value, void *unused)
{
	struct wmpi_comm *c = value;

	(void)mpi;
	(void)key;
	(void)unused;
	pthread_mutex_lock(&lock);
	for (struct wmpi_comm **p = &comms; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	pthread_mutex_unlock(&lock);
	release(c);
	return MPI_SUCCESS;
}

/* Are all its ranks of this machine? Which members of the node's communicator they are, in @members. Asks nobody. */
static bool members_of(const struct wmpi_comm *c, uint32_t *members)
{
	int ranks[WEFT_COMM_MEMBERS], there[WEFT_COMM_MEMBERS], between = 1;
	bool all = true;
	MPI_Group group;

	if (PMPI_Comm_test_inter(c->mpi, &between) || between || c->size < 2 || c->size > WEFT_COMM_MEMBERS)
		return false;
	for (int r = 0; r < c->size; r++)
		ranks[r] = r;
	if (PMPI_Comm_group(c->mpi, &group))
		return false;
	if (PMPI_Group_translate_ranks(group, c->size, ranks, wmpi_node.group, there))
		all = false;
	PMPI_Group_free(&group);
	for (int r = 0; r < c->size && all; r++) {
		all = there[r] != MPI_UNDEFINED;
		members[r] = (uint32_t)there[r];
	}
	return all;
}

static struct wmpi_comm *make(MPI_Comm mpi)
{
	struct wmpi_comm *c = calloc(1, sizeof(*c));
	uint32_t members[WEFT_COMM_MEMBERS];
	int same = MPI_UNEQUAL;

	if (!c)
		return NULL;
	c->mpi = mpi;
	PMPI_Comm_rank(mpi, &c->rank);
	PMPI_Comm_size(mpi, &c->size);
	c->fits = members_of(c, members);
	/* its duplicates have others, since calls of theirs may be in any order with those of this one */
	if (mpi == MPI_COMM_WORLD && c->fits && !PMPI_Comm_compare(mpi, wmpi_node.mpi, &same) && same == MPI_CONGRUENT) {
		c->comm = wmpi_node.comm;
		c->heap = wmpi_node.heap;
	} else {
		c->own = true;
	}
	return c;
}

struct wmpi_comm *wmpi_comm_known(MPI_Comm mpi)
{
	struct wmpi_comm *c = NULL;
	int found = 0;

	if (keyval == MPI_KEYVAL_INVALID || mpi == MPI_COMM_NULL)
		return NULL;
	return !PMPI_Comm_get_attr(mpi, keyval, &c, &found) && found ? c : NULL;
}

/* Calls of one communicator are made one after the other, MPI says; so nobody else makes the same. */
struct wmpi_comm *wmpi_comm_of(MPI_Comm mpi)
{
	struct wmpi_comm *c = wmpi_comm_known(mpi);

	if (c || keyval == MPI_KEYVAL_INVALID || mpi == MPI_COMM_NULL)
		return c;
	c = make(mpi);
	if (!c)
		return NULL;
	if (PMPI_Comm_set_attr(mpi, keyval, c)) {
		free(c);
		return NULL;
	}
	pthread_mutex_lock(&lock);
	c->next = comms;
	comms = c;
	pthread_mutex_unlock(&lock);
	return c;
}

void wmpi_comm_open(void)
{
	int class;

	if (wmpi_node.mpi == MPI_COMM_NULL)
		return;
	if (PMPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, gone, &keyval, NULL))
		keyval = MPI_KEYVAL_INVALID;
	if (PMPI_Add_error_class(&class) || PMPI_Add_error_code(class, &error_code))
		error_code = 0;
}

int wmpi_comm_join(struct wmpi_comm *c)
{
	uint32_t members[WEFT_COMM_MEMBERS];
	char name[MPI_MAX_OBJECT_NAME];
	int bytes = 0, ret, all;

	if (PMPI_Comm_get_name(c->mpi, name, &bytes) || !bytes)
		snprintf(name, sizeof(name), "mpi");
	ret = wmpi_node_join(c->mpi, name, &c->comm);
	if (!ret)
		ret = members_of(c, members) ? weft_window_view(wmpi_node.heap, c->comm, members, &c->heap) : -EINVAL;
	all = wmpi_node_lowest(c->mpi, ret);
	if (!all)
		return 0;
	if (ret)
		fprintf(stderr, "weft-mpi: communicator %s, rank %d, card %d: %s; its calls are passed on\n", name, c->rank, wmpi_node.card,
			weft_last_error());
	if (c->heap)
		weft_window_destroy(c->heap);
	if (c->comm)
		weft_comm_destroy(c->comm);
	c->heap = NULL;
	c->comm = NULL;
	c->refused = true;
	return all;
}

void wmpi_comm_leave(MPI_Comm mpi)
{
	const struct wmpi_comm *c = wmpi_comm_known(mpi);

	/* a member that ends would stop one that has not yet seen it arrive at the last call */
	if (c && c->comm)
		PMPI_Barrier(mpi);
}

void wmpi_comm_close(void)
{
	if (wmpi_node.mpi == MPI_COMM_NULL)
		return;
	PMPI_Barrier(wmpi_node.mpi);
	while (comms)
		if (PMPI_Comm_delete_attr(comms->mpi, keyval))
			break;
	if (keyval != MPI_KEYVAL_INVALID)
		PMPI_Comm_free_keyval(&keyval);
}

/* --- failure --- */

void wmpi_comm_break(struct wmpi_comm *c, int status)
{
	struct weft_comm_info info = { .size = sizeof(info) };
	int at = snprintf(c->why, sizeof(c->why), "weft: %s", weft_last_error());

	/* a text may name members alone */
	if (at > 0 && (size_t)at < sizeof(c->why) && !weft_comm_info(c->comm, &info)) {
		at += snprintf(c->why + at, sizeof(c->why) - (size_t)at, " (cards of ranks 0 on:");
		for (uint32_t m = 0; m < info.members && (size_t)at < sizeof(c->why); m++)
			at += snprintf(c->why + at, sizeof(c->why) - (size_t)at, " %u", info.card[m]);
		if ((size_t)at < sizeof(c->why))
			snprintf(c->why + at, sizeof(c->why) - (size_t)at, ")");
	}
	c->broken = true;
	/* of a member that has stopped the others learn by themselves, and more than that somebody has given up */
	if (status != -EOWNERDEAD && status != -EPROTO)
		weft_comm_revoke(c->comm);
}

int wmpi_comm_raise(struct wmpi_comm *c)
{
	const int code = error_code ? error_code : MPI_ERR_OTHER;

	/* the text of the last failure, of whatever communicator */
	if (error_code)
		PMPI_Add_error_string(error_code, c->why);
	PMPI_Comm_call_errhandler(c->mpi, code);
	return code;
}

int weft_mpi_comm(MPI_Comm mpi, struct weft_comm **comm)
{
	struct wmpi_comm *c = wmpi_comm_of(mpi);
	int ret;

	if (!comm)
		return -EINVAL;
	if (!c || !c->fits || c->refused)
		return -EOPNOTSUPP;
	ret = c->comm ? 0 : wmpi_comm_join(c);
	*comm = c->comm;
	return ret;
}
