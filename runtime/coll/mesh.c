/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "mesh.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/core/library.h"
#include "runtime/core/mail.h"

_Static_assert(WEFT_MESSAGE_FDS <= WEFT_MAIL_FDS, "descriptors of a message");

void weft_mesh_alone(struct weft_mesh *mesh, const char *name, uint32_t members)
{
	*mesh = (struct weft_mesh) { .num = 1, .members = members, .epoch = 1 };
	snprintf(mesh->name, sizeof(mesh->name), "%.*s", (int)sizeof(mesh->name) - 1, name);
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		mesh->socket[p] = -1;
}

void weft_mesh_leave(struct weft_mesh *mesh)
{
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		if (mesh->socket[p] >= 0)
			shutdown(mesh->socket[p], SHUT_RDWR);
	mesh->gone |= ((1u << mesh->num) - 1) & ~(1u << mesh->me);
}

void weft_mesh_fini(struct weft_mesh *mesh)
{
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++) {
		if (mesh->socket[p] >= 0)
			close(mesh->socket[p]);
		mesh->socket[p] = -1;
	}
}

void weft_mesh_begin(struct weft_mesh *mesh, uint64_t timeout_ns)
{
	mesh->timeout_ns = timeout_ns;
	mesh->deadline_ns = weft_deadline_ns(timeout_ns);
}

uint32_t weft_mesh_first(const struct weft_mesh *mesh, uint32_t process)
{
	uint32_t r = 0;

	while (r < mesh->members && mesh->process[r] != process)
		r++;
	return r;
}

static void lose(struct weft_mesh *mesh, uint32_t process)
{
	mesh->gone |= 1u << process;
}

static bool here(const struct weft_mesh *mesh, uint32_t process)
{
	return process != mesh->me && !(mesh->gone >> process & 1);
}

/* --- one message --- */

/* 0, or -errno with text: @events within the time */
static int until(const struct weft_mesh *mesh, int sock, short events, const char *who, const char *what)
{
	const int ret = weft_mail_until(sock, events, mesh->deadline_ns);

	if (ret == -ETIME)
		return weft_fail(ret, "communicator %s: %s %s in %.3f s", mesh->name, who, what, (double)mesh->timeout_ns / 1e9);
	return ret ? weft_fail(ret, "communicator %s: a socket", mesh->name) : 0;
}

int weft_mesh_send(const struct weft_mesh *mesh, int sock, struct weft_message *message, const int *fd, uint32_t num_fds, const char *who)
{
	int ret;

	message->fds = num_fds;
	weft_message_seal(message);
	ret = weft_mail_send(sock, message, sizeof(*message), fd, num_fds, mesh->deadline_ns);
	if (ret == -ETIME)
		return weft_fail(ret, "communicator %s: %s took no message in %.3f s", mesh->name, who, (double)mesh->timeout_ns / 1e9);
	if (ret == -ECONNRESET)
		return weft_fail(ret, "communicator %s: %s is gone", mesh->name, who);
	return ret ? weft_fail(ret, "communicator %s: a socket", mesh->name) : 0;
}

void weft_mesh_mail_free(struct weft_mesh_mail *mail)
{
	for (uint32_t i = 0; i < mail->num_fds && i < WEFT_MESSAGE_FDS; i++)
		if (mail->fd[i] >= 0)
			close(mail->fd[i]);
	mail->num_fds = 0;
}

int weft_mesh_hear(const struct weft_mesh *mesh, int sock, const struct weft_message_due *due, struct weft_mesh_mail *mail)
{
	char data[sizeof(struct weft_message)], who[64];
	ssize_t n;
	int ret;

	*mail = (struct weft_mesh_mail) { 0 };
	if (due->who == UINT32_MAX)
		snprintf(who, sizeof(who), "a process that joins");
	else
		snprintf(who, sizeof(who), "the process of member %u", due->who);
	do {
		ret = until(mesh, sock, POLLIN, who, due->kind == WEFT_MESSAGE_PLACE ? "let nobody in, since others did not come," : "did not come");
		if (ret)
			return ret;
		n = weft_mail_take(sock, data, sizeof(data), mail->fd, WEFT_MESSAGE_FDS, &mail->num_fds);
	} while (n == -EAGAIN);
	if (!n)
		return weft_fail(-ECONNRESET, "communicator %s: %s is gone", mesh->name, who);
	if (n < 0)
		return weft_fail((int)n, "communicator %s: a socket", mesh->name);
	ret = weft_message_read(data, (size_t)n, mail->num_fds, due, &mail->m);
	mail->heard = !ret;
	return ret;
}

/* --- revocation --- */

static void revoked_by(struct weft_mesh *mesh, uint32_t process)
{
	if (!mesh->revoked)
		mesh->revoker = process;
	mesh->revoked = true;
}

/*
 * Looks at what comes next from a process, and takes out what is not for this epoch's exchanges. 1: there is something else;
 * 0: nothing; -ECONNRESET; -ECANCELED: it is already in the next epoch, whose message stays where it is.
 */
static int sift(struct weft_mesh *mesh, uint32_t p)
{
	for (;;) {
		char data[sizeof(struct weft_message)];
		struct weft_mesh_mail mail;
		uint64_t epoch;
		uint32_t kind;
		ssize_t n = recv(mesh->socket[p], data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -ECONNRESET;
		if (!n)
			return -ECONNRESET;
		if (!weft_message_look(data, (size_t)n, &kind, &epoch))
			return 1;	/* to be refused */
		if (epoch > mesh->epoch) {
			revoked_by(mesh, p);
			return -ECANCELED;
		}
		if (epoch == mesh->epoch && kind != WEFT_MESSAGE_REVOKE)
			return 1;
		/* of an earlier epoch, and stale; or word that this one is over */
		if (epoch == mesh->epoch) {
			revoked_by(mesh, p);
			mesh->given_up = true;
		}
		if (weft_mail_take(mesh->socket[p], data, sizeof(data), mail.fd, WEFT_MESSAGE_FDS, &mail.num_fds) > 0)
			weft_mesh_mail_free(&mail);
	}
}

void weft_mesh_revoke(struct weft_mesh *mesh)
{
	const struct weft_message m = { .kind = WEFT_MESSAGE_REVOKE, .from = mesh->me, .epoch = mesh->epoch };

	for (uint32_t p = 0; p < mesh->num; p++) {
		struct weft_message copy = m;

		/* who takes no message is not waited for: its members are stopped by the cards */
		if (here(mesh, p)) {
			const struct weft_mesh now = { .name = "" };

			weft_mesh_send(&now, mesh->socket[p], &copy, NULL, 0, "");
		}
	}
}

void weft_mesh_look(struct weft_mesh *mesh)
{
	for (uint32_t p = 0; p < mesh->num; p++)
		if (here(mesh, p) && sift(mesh, p) == -ECONNRESET)
			lose(mesh, p);
}

/* --- together --- */

/* The next message of the epoch from a process, or that there is none any more. */
static int hear(struct weft_mesh *mesh, uint32_t p, const struct weft_message_due *due, struct weft_mesh_mail *mail)
{
	char who[64];
	int ret;

	snprintf(who, sizeof(who), "the process of member %u", due->who);
	do {
		ret = until(mesh, mesh->socket[p], POLLIN, who, "did not come");
		if (ret)
			return ret;
		ret = sift(mesh, p);
		if (mesh->revoked && ret != -ECONNRESET)
			return weft_fail(-ECANCELED, "communicator %s: the process of member %u has revoked it", mesh->name,
					 weft_mesh_first(mesh, mesh->revoker));
	} while (!ret);
	return ret == 1 ? weft_mesh_hear(mesh, mesh->socket[p], due, mail) : ret;
}

int weft_mesh_exchange(struct weft_mesh *mesh, uint32_t kind, struct weft_mesh_letter *out, struct weft_mesh_mail *in)
{
	const uint64_t step = ++mesh->step;
	int ret = 0;

	for (uint32_t p = 0; p < mesh->num; p++)
		in[p] = (struct weft_mesh_mail) { 0 };
	for (uint32_t p = 0; p < mesh->num && !ret; p++) {
		char who[64];

		if (!here(mesh, p))
			continue;
		snprintf(who, sizeof(who), "the process of member %u", weft_mesh_first(mesh, p));
		out[p].m.kind = kind;
		out[p].m.from = mesh->me;
		out[p].m.epoch = mesh->epoch;
		out[p].m.step = step;
		ret = weft_mesh_send(mesh, mesh->socket[p], &out[p].m, out[p].fd, out[p].m.status ? 0 : out[p].num_fds, who);
		/* it may have said something before it went */
		ret = ret == -ECONNRESET ? 0 : ret;
	}
	for (uint32_t p = 0; p < mesh->num && !ret; p++) {
		const struct weft_message_due due = {
			.kind = kind, .from = p, .processes = mesh->num, .members = mesh->members, .fds = out[p].due, .epoch = mesh->epoch,
			.step = step, .comm = mesh->name, .who = weft_mesh_first(mesh, p),
		};

		if (!here(mesh, p))
			continue;
		ret = hear(mesh, p, &due, &in[p]);
		if (ret == -ECONNRESET)
			lose(mesh, p);
		if (ret == -ECONNRESET || ret == -ECONNABORTED)
			ret = 0;
	}
	/* whoever is out of step would be for ever */
	if (ret && ret != -ECANCELED)
		weft_mesh_leave(mesh);
	return ret;
}

int weft_mesh_agree(struct weft_mesh *mesh, struct weft_message_word *word, uint32_t *known)
{
	struct weft_mesh_letter *out = calloc(mesh->num, sizeof(*out));
	struct weft_mesh_mail *in = calloc(mesh->num, sizeof(*in));
	int ret = 0;

	*known = 1u << mesh->me;
	if (!out || !in) {
		weft_mesh_leave(mesh);
		ret = weft_fail(-ENOMEM, "agreement of communicator %s", mesh->name);
	}
	for (uint32_t round = 1; round < mesh->num && !ret; round++) {
		for (uint32_t p = 0; p < mesh->num; p++) {
			out[p].m.word.known = *known;
			memcpy(out[p].m.word.word, word, mesh->num * sizeof(*word));
		}
		ret = weft_mesh_exchange(mesh, WEFT_MESSAGE_WORD, out, in);
		for (uint32_t p = 0; p < mesh->num; p++) {
			for (uint32_t q = 0; q < mesh->num && in[p].heard && !ret; q++)
				if (in[p].m.word.known >> q & ~*known >> q & 1)
					word[q] = in[p].m.word.word[q];
			if (in[p].heard && !ret)
				*known |= in[p].m.word.known;
			weft_mesh_mail_free(&in[p]);
		}
	}
	free(out);
	free(in);
	return ret;
}
