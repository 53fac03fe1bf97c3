/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* How the processes of a communicator find each other. */
#include "meet.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/core/library.h"

#define MS		1000000ull
#define RETRY_MS	5
#define WAITING		32u	/* connections that have not said who they are */

/* A process that has said who it is. */
struct guest {
	int socket;
	struct weft_message hello;
};

struct host {
	struct weft_mesh *mesh;
	struct weft_meet *meet;
	int listener;
	int waiting[WAITING];
	uint32_t num_waiting;
	struct guest guest[WEFT_COLL_RANKS];
	uint32_t num_guests;
	uint32_t come;			/* members */
};

/* A path that begins with @ is a name without a file. */
static int address_of(const struct weft_mesh *mesh, const char *path, struct sockaddr_un *a, socklen_t *bytes)
{
	const size_t n = strlen(path);

	*a = (struct sockaddr_un) { .sun_family = AF_UNIX };
	if (!n || n >= sizeof(a->sun_path))
		return weft_fail(-EINVAL, "communicator %s: path of %zu bytes; 1 to %zu are possible", mesh->name, n, sizeof(a->sun_path) - 1);
	memcpy(a->sun_path, path, n);
	if (path[0] == '@')
		a->sun_path[0] = 0;
	*bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] != '@'));
	return 0;
}

/* Of the same user? Descriptors are given to nobody else. */
static bool ours(int sock)
{
	struct ucred peer;
	socklen_t bytes = sizeof(peer);

	return !getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) && peer.uid == geteuid();
}

static struct weft_message_due due_of(const struct weft_mesh *mesh, uint32_t kind, uint32_t who)
{
	return (struct weft_message_due) { .kind = kind, .members = mesh->members, .comm = mesh->name, .who = who };
}

/* --- who joins --- */

static int call(const struct weft_mesh *mesh, const char *path, int *sock)
{
	struct sockaddr_un a;
	socklen_t bytes = 0;
	int ret = address_of(mesh, path, &a, &bytes);

	if (ret)
		return ret;
	*sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (*sock < 0)
		return weft_fail(-errno, "communicator %s: a socket", mesh->name);
	while (connect(*sock, (struct sockaddr *)&a, bytes)) {
		if (errno != ENOENT && errno != ECONNREFUSED && errno != EAGAIN && errno != EINTR)
			return weft_fail(-errno, "communicator %s: connecting to %s", mesh->name, path);
		if (weft_now_ns() >= mesh->deadline_ns)
			return weft_fail(-ETIME, "communicator %s: nobody listens at %s in %.3f s: member 0 did not come", mesh->name, path,
					 (double)mesh->timeout_ns / 1e9);
		poll(NULL, 0, RETRY_MS);
	}
	return ours(*sock) ? 0 : weft_fail(-EACCES, "communicator %s: who listens at %s is another user", mesh->name, path);
}

static int join(struct weft_mesh *mesh, struct weft_meet *meet)
{
	const struct weft_message_due due = due_of(mesh, WEFT_MESSAGE_PLACE, 0);
	struct weft_message hello = {
		.kind = WEFT_MESSAGE_HELLO,
		.hello = { .members = mesh->members, .count = meet->count, .slot_bytes = meet->slot_bytes, .posts = meet->posts },
	};
	struct weft_mesh_mail mail = { 0 };
	uint32_t next = 0;
	int sock = -1, ret = call(mesh, meet->path, &sock);

	for (uint32_t i = 0; i < meet->count; i++) {
		hello.hello.rank[i] = meet->rank[i];
		hello.hello.card[i] = meet->card[i];
	}
	if (!ret)
		ret = weft_mesh_send(mesh, sock, &hello, NULL, 0, "the process of member 0");
	if (!ret)
		ret = weft_mesh_hear(mesh, sock, &due, &mail);
	if (!ret) {
		mesh->num = mail.m.place.processes;
		mesh->me = mail.m.place.you;
		mesh->epoch = mail.m.epoch;
		memcpy(mesh->process, mail.m.place.process, sizeof(mesh->process));
		memcpy(meet->card, mail.m.place.card, sizeof(meet->card));
		mesh->socket[0] = sock;
		sock = -1;
		for (uint32_t p = 1; p < mesh->num; p++) {
			if (p == mesh->me)
				continue;
			mesh->socket[p] = mail.fd[next];
			mail.fd[next++] = -1;
		}
		for (uint32_t r = 0, i = 0; r < mesh->members && !ret; r++)
			if ((mesh->process[r] == mesh->me) != (i < meet->count && meet->rank[i] == r))
				ret = weft_fail(-EPROTO, "communicator %s: the process of member 0 says that member %u is %shere", mesh->name, r,
						mesh->process[r] == mesh->me ? "" : "not ");
			else
				i += mesh->process[r] == mesh->me;
	}
	weft_mesh_mail_free(&mail);
	if (sock >= 0)
		close(sock);
	return ret;
}

/* --- who listens --- */

static int listen_at(struct host *h)
{
	struct sockaddr_un a;
	socklen_t bytes = 0;
	int ret = address_of(h->mesh, h->meet->path, &a, &bytes);

	if (ret)
		return ret;
	h->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->listener < 0)
		return weft_fail(-errno, "communicator %s: a socket", h->mesh->name);
	if (!bind(h->listener, (struct sockaddr *)&a, bytes) && !listen(h->listener, WAITING))
		return 0;
	ret = weft_fail(-errno, "communicator %s: listening at %s", h->mesh->name, h->meet->path);
	close(h->listener);
	h->listener = -1;
	return ret;
}

static void refuse(const struct host *h, int sock, int status)
{
	struct weft_message m = { .kind = WEFT_MESSAGE_PLACE, .status = status };

	weft_mesh_send(h->mesh, sock, &m, NULL, 0, "a process that joins");
}

/* Somebody who waits has said something, or is gone. Whoever is not one of this communicator is sent away. */
static void hear_guest(struct host *h, int sock)
{
	const struct weft_message_due due = due_of(h->mesh, WEFT_MESSAGE_HELLO, UINT32_MAX);
	struct weft_mesh_mail mail;
	uint32_t members = 0;
	int ret = weft_mesh_hear(h->mesh, sock, &due, &mail);

	for (uint32_t i = 0; i < mail.m.hello.count && !ret; i++)
		members |= 1u << mail.m.hello.rank[i];
	weft_mesh_mail_free(&mail);
	if (!ret && (members & h->come || mail.m.hello.slot_bytes != h->meet->slot_bytes || mail.m.hello.posts != h->meet->posts))
		ret = -EINVAL;
	if (ret) {
		refuse(h, sock, ret == -EINVAL ? ret : -EPROTO);
		close(sock);
		return;
	}
	h->come |= members;
	h->guest[h->num_guests++] = (struct guest) { .socket = sock, .hello = mail.m };
}

static int missing(const struct host *h)
{
	char list[64] = "";
	size_t n = 0;

	for (uint32_t r = 0; r < h->mesh->members; r++)
		if (!(h->come >> r & 1))
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%u", n ? ", " : "", r);
	return weft_fail(-ETIME, "communicator %s: member %s did not come in %.3f s", h->mesh->name, list, (double)h->mesh->timeout_ns / 1e9);
}

static int gather(struct host *h)
{
	while (h->come != (1u << h->mesh->members) - 1) {
		struct pollfd p[1 + WAITING];
		const uint64_t now = weft_now_ns(), left = h->mesh->deadline_ns > now ? h->mesh->deadline_ns - now : 0;
		const uint32_t num = h->num_waiting;
		int n;

		p[0] = (struct pollfd) { .fd = h->listener, .events = num < WAITING ? POLLIN : 0 };
		for (uint32_t i = 0; i < num; i++)
			p[1 + i] = (struct pollfd) { .fd = h->waiting[i], .events = POLLIN };
		n = poll(p, 1 + num, (int)((left + MS - 1) / MS));
		if (n < 0 && errno != EINTR)
			return weft_fail(-errno, "communicator %s: a socket", h->mesh->name);
		if (!n)
			return -ETIME;	/* with text by missing(), when all have been told */
		h->num_waiting = 0;
		for (uint32_t i = 0; i < num; i++)
			if (n > 0 && p[1 + i].revents)
				hear_guest(h, p[1 + i].fd);
			else
				h->waiting[h->num_waiting++] = p[1 + i].fd;
		if (n > 0 && p[0].revents) {
			const int sock = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);

			if (sock >= 0 && ours(sock) && h->num_waiting < WAITING)
				h->waiting[h->num_waiting++] = sock;
			else if (sock >= 0)
				close(sock);
		}
	}
	return 0;
}

/* Processes in the order of their lowest members. */
static void number(struct host *h, struct guest **guest)
{
	struct weft_mesh *mesh = h->mesh;

	mesh->num = 1;
	for (uint32_t r = 0; r < mesh->members; r++)
		for (uint32_t g = 0; g < h->num_guests; g++)
			for (uint32_t i = 0; i < h->guest[g].hello.hello.count; i++) {
				uint32_t p = 1;

				if (h->guest[g].hello.hello.rank[i] != r)
					continue;
				while (p < mesh->num && guest[p] != &h->guest[g])
					p++;
				if (p == mesh->num) {
					mesh->num++;
					guest[p] = &h->guest[g];
				}
				mesh->process[r] = (uint8_t)p;
				h->meet->card[r] = h->guest[g].hello.hello.card[i];
			}
}

static int introduce(struct host *h)
{
	struct guest *guest[WEFT_COLL_RANKS] = { NULL };
	struct weft_mesh *mesh = h->mesh;
	int fd[WEFT_COLL_RANKS][WEFT_COLL_RANKS];
	uint32_t here[WEFT_COLL_RANKS];
	int ret = 0;

	for (uint32_t i = 0; i < h->meet->count; i++)
		here[i] = h->meet->card[i];
	for (uint32_t i = 0; i < h->meet->count; i++)
		h->meet->card[h->meet->rank[i]] = here[i];
	number(h, guest);
	mesh->me = 0;
	mesh->epoch = 1;
	memset(fd, -1, sizeof(fd));
	for (uint32_t p = 1; p < mesh->num && !ret; p++)
		for (uint32_t q = p + 1; q < mesh->num && !ret; q++) {
			int pair[2];

			if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
				ret = weft_fail(-errno, "communicator %s: sockets", mesh->name);
				break;
			}
			fd[p][q] = pair[0];
			fd[q][p] = pair[1];
		}
	for (uint32_t p = 1; p < mesh->num; p++) {
		struct weft_message m = { .kind = WEFT_MESSAGE_PLACE, .status = ret, .epoch = ret ? 0 : 1 };
		int others[WEFT_COLL_RANKS];
		uint32_t n = 0;

		m.place.processes = mesh->num;
		m.place.you = p;
		memcpy(m.place.process, mesh->process, sizeof(mesh->process));
		memcpy(m.place.card, h->meet->card, sizeof(m.place.card));
		for (uint32_t q = 1; q < mesh->num && !ret; q++)
			if (q != p)
				others[n++] = fd[p][q];
		/* one that is gone is seen to be in the first exchange */
		weft_mesh_send(mesh, guest[p]->socket, &m, others, n, "a process that joins");
		mesh->socket[p] = guest[p]->socket;
		guest[p]->socket = -1;
	}
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		for (uint32_t q = 0; q < WEFT_COLL_RANKS; q++)
			if (fd[p][q] >= 0)
				close(fd[p][q]);
	return ret;
}

static int host(struct weft_mesh *mesh, struct weft_meet *meet)
{
	struct host h = { .mesh = mesh, .meet = meet, .listener = -1 };
	int ret = listen_at(&h);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < meet->count; i++)
		h.come |= 1u << meet->rank[i];
	ret = gather(&h);
	if (!ret)
		ret = introduce(&h);
	for (uint32_t g = 0; g < h.num_guests; g++)
		if (h.guest[g].socket >= 0) {
			refuse(&h, h.guest[g].socket, ret);
			close(h.guest[g].socket);
		}
	for (uint32_t i = 0; i < h.num_waiting; i++)
		close(h.waiting[i]);
	close(h.listener);
	if (meet->path[0] != '@')
		unlink(meet->path);
	return ret == -ETIME ? missing(&h) : ret;
}

int weft_meet(struct weft_mesh *mesh, struct weft_meet *meet)
{
	return meet->rank[0] ? join(mesh, meet) : host(mesh, meet);
}
