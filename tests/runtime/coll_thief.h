/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A process that joins a communicator by hand, and then gives what it should not. It is a thread here, on a card of its own. */
#ifndef COLL_THIEF_H
#define COLL_THIEF_H

#include <fcntl.h>
#include <pthread.h>
#include <sys/un.h>

#include "coll_side.h"

enum thief_gives { THIEF_GARBAGE, THIEF_CUT_OFF, THIEF_NO_MEMORY, THIEF_NO_TABLE, THIEF_DATA, THIEF_READ_ONLY, THIEF_LITTLE, THIEF_FEW,
		   THIEF_GIVES };

#define MESSAGE	592u

struct thief {
	struct weft *weft;
	enum thief_gives gives;
	const char *path;
	int stop, ret;		/* ends when this socket does */
};

/* Head and sum as they should be. */
static inline void thief_seal(unsigned char *m, uint32_t kind, uint32_t from, uint64_t epoch, uint64_t step, uint32_t fds)
{
	uint64_t sum = 0xcbf29ce484222325ull;

	memcpy(m, "weftcoll", 8);
	memcpy(m + 8, &(uint32_t) { 1 }, 4);
	memcpy(m + 12, &(uint32_t) { MESSAGE }, 4);
	memcpy(m + 16, &kind, 4);
	memcpy(m + 20, &from, 4);
	memcpy(m + 24, &epoch, 8);
	memcpy(m + 32, &step, 8);
	memset(m + 40, 0, 4);
	memcpy(m + 44, &fds, 4);
	for (size_t i = 0; i < MESSAGE - 8; i++)
		sum = (sum ^ m[i]) * 0x100000001b3ull;
	memcpy(m + MESSAGE - 8, &sum, 8);
}

static inline int thief_send(int sock, const void *data, size_t bytes, const int *fd, uint32_t num)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr head;
	} control = { { 0 } };
	struct iovec io = { .iov_base = (void *)(uintptr_t)data, .iov_len = bytes };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int) * num) };

	control.head = (struct cmsghdr) { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int) * num) };
	memcpy(CMSG_DATA(&control.head), fd, sizeof(int) * num);
	if (!num)
		m.msg_controllen = 0;
	RT_CHECK(sendmsg(sock, &m, MSG_NOSIGNAL) == (ssize_t)bytes, "send");
	return 0;
}

/* The member 0's message with its table, inbox and cells */
static inline int thief_hear(int sock, unsigned char *m, int fd[3])
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 3)];
		struct cmsghdr head;
	} control;
	struct iovec io = { .iov_base = m, .iov_len = MESSAGE };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	const ssize_t n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);

	RT_CHECK(n == MESSAGE, "heard %d bytes", (int)n);
	if (fd) {
		RT_CHECK(CMSG_FIRSTHDR(&msg) && CMSG_FIRSTHDR(&msg)->cmsg_len == CMSG_LEN(3 * sizeof(int)), "three descriptors");
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), 3 * sizeof(int));
	}
	return 0;
}

/* Memory of its own: an inbox of two slots for each of two members, and cells. */
static inline int thief_memory(struct thief *t, struct weft_device *card, struct weft_memory *m[2], int fd[3])
{
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS_PEER };

	RT_OK(weft_memory_alloc(card, t->gives == THIEF_LITTLE ? 4096 : 65536, WEFT_PLACE_LOCAL, &m[0]));
	RT_OK(weft_memory_create(card, &cells, &m[1]));
	RT_OK(weft_memory_export(m[0], t->gives == THIEF_READ_ONLY ? WEFT_ACCESS_READ : WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &fd[1]));
	RT_OK(weft_memory_export(m[1], WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL, &fd[2]));
	return 0;
}

static inline int thief_do(struct thief *t, int sock)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	unsigned char m[MESSAGE] = { 0 };
	int theirs[3], mine[3], own[3], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct weft_memory *memory[2];
	struct weft_device *card;
	const socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(t->path));
	char byte;

	memcpy(a.sun_path + 1, t->path + 1, strlen(t->path) - 1);
	for (int i = 0; connect(sock, (struct sockaddr *)&a, bytes); i++) {
		RT_CHECK(i < 1000, "nobody listens");
		usleep(5000);
	}
	/* members, count, slot_bytes, posts; then the one rank */
	memcpy(m + 48, (uint32_t[4]) { 2, 1, 16384, 64 }, 16);
	m[64] = 1;
	thief_seal(m, 1, 0, 0, 0, 0);
	if (thief_send(sock, m, MESSAGE, NULL, 0) || thief_hear(sock, m, NULL) || thief_hear(sock, m, theirs))
		return -1;
	RT_OK(weft_device_open(t->weft, "card", 1, &card));
	if (thief_memory(t, card, memory, mine))
		return -1;
	memcpy(own, mine, sizeof(own));
	mine[0] = t->gives == THIEF_NO_TABLE ? null : theirs[0];
	if (t->gives == THIEF_NO_MEMORY)
		mine[1] = null;
	if (t->gives == THIEF_DATA)
		mine[2] = mine[1];
	memset(m, 0, sizeof(m));
	thief_seal(m, 3, 1, 1, 1, t->gives == THIEF_FEW ? 2 : 3);
	if (t->gives == THIEF_GARBAGE)
		m[500] ^= 1;
	if (thief_send(sock, m, t->gives == THIEF_CUT_OFF ? 100 : MESSAGE, mine, t->gives == THIEF_FEW ? 2 : 3))
		return -1;
	/* it stays, so that it is not its going that is told */
	RT_CHECK(recv(t->stop, &byte, 1, 0) == 0, "stop");
	RT_OK(weft_memory_destroy(memory[0]));
	RT_OK(weft_memory_destroy(memory[1]));
	RT_OK(weft_device_close(card));
	for (int i = 0; i < 3; i++)
		close(theirs[i]);
	return close(own[1]) || close(own[2]) || close(null);
}

static inline void *thief_thread(void *arg)
{
	struct thief *t = arg;
	const int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	t->ret = thief_do(t, sock);
	close(sock);
	return NULL;
}

#endif
