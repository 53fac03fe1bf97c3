/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The processes of a communicator, each connected with each other, and what they do together: an exchange, in which each sends
 * every other one message and then hears one of each, and an agreement. A process whose socket is at its end is gone for good;
 * what it sent before it is heard. One that does not come in time ends the mesh of those that waited: for the others they are gone.
 *
 * A mesh may have one process only, with itself; everything works then, and nothing is sent.
 */
#ifndef WEFT_COLL_MESH_H
#define WEFT_COLL_MESH_H

#include "message.h"

#define WEFT_MESH_NAME		40u

struct weft_mesh {
	uint32_t num, me;
	int socket[WEFT_COLL_RANKS];		/* to each other process, -1: there is none */
	uint32_t gone;				/* processes, a bit for each */
	uint32_t members;
	uint8_t process[WEFT_COLL_RANKS];	/* of each member */
	uint64_t epoch, step;
	uint64_t timeout_ns, deadline_ns;	/* of what is done together, set by weft_mesh_begin() */
	bool revoked;				/* a process has given the communicator up, or shrinks it already */
	bool given_up;				/* it was the former */
	uint32_t revoker;			/* which one */
	char name[WEFT_MESH_NAME];
};

/* A message and its descriptors, which are the receiver's; none came if it is not @heard. */
struct weft_mesh_mail {
	struct weft_message m;
	int fd[WEFT_MESSAGE_FDS];
	uint32_t num_fds;
	bool heard;
};

/* Of one process that has all @members */
void weft_mesh_alone(struct weft_mesh *mesh, const char *name, uint32_t members);
/* For the others this process is gone from now on, and they are for it; descriptors stay until they are closed. */
void weft_mesh_leave(struct weft_mesh *mesh);
void weft_mesh_fini(struct weft_mesh *mesh);
/* The time that all until the next one have together */
void weft_mesh_begin(struct weft_mesh *mesh, uint64_t timeout_ns);
/* Lowest member of a process */
uint32_t weft_mesh_first(const struct weft_mesh *mesh, uint32_t process);

/*
 * Sends @out[p], with @num_fds[p] of @fd[p], to every process p that is not gone, and hears one of the same kind of each, with
 * @due[p] descriptors: @in[p], which are freed by the caller either way. A process that is gone, or that says that it has failed,
 * is no error here: the agreement that follows has it. -ETIME, -EPROTO, -ECANCELED (revoked meanwhile), with text.
 */
struct weft_mesh_letter {
	struct weft_message m;
	int fd[WEFT_MESSAGE_FDS];
	uint32_t num_fds, due;
};
int weft_mesh_exchange(struct weft_mesh *mesh, uint32_t kind, struct weft_mesh_letter *out, struct weft_mesh_mail *in);
void weft_mesh_mail_free(struct weft_mesh_mail *mail);

/*
 * All processes that are left at its end have the same @word of the same processes, @known, also when some die meanwhile: as many
 * rounds as there can be deaths. @word[me] is filled by the caller. 0, -ETIME, -EPROTO, -ECANCELED, with text
 */
int weft_mesh_agree(struct weft_mesh *mesh, struct weft_message_word *word, uint32_t *known);

/* Tells all others that the communicator is given up; also while another thread does something together with them. */
void weft_mesh_revoke(struct weft_mesh *mesh);
/* Without waiting: who is gone, and whether it was revoked. */
void weft_mesh_look(struct weft_mesh *mesh);

/* For who joins: a message to one socket, and one from it; as above, with -ECONNRESET for one that is gone, and no step counted */
int weft_mesh_send(const struct weft_mesh *mesh, int socket, struct weft_message *m, const int *fd, uint32_t num_fds, const char *who);
int weft_mesh_hear(const struct weft_mesh *mesh, int socket, const struct weft_message_due *due, struct weft_mesh_mail *mail);

#endif
