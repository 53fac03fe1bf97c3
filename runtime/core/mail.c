/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "mail.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "library.h"

#define MS	1000000ull

int weft_mail_until(int sock, short events, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = sock, .events = events };

	for (;;) {
		const uint64_t now = weft_now_ns(), left = deadline_ns > now ? deadline_ns - now : 0;
		const int ret = poll(&p, 1, (int)((left + MS - 1) / MS));

		if (ret > 0)
			return 0;
		if (ret < 0 && errno != EINTR)
			return -errno;
		if (!ret)
			return -ETIME;
	}
}

int weft_mail_send(int sock, const void *data, size_t bytes, const int *fd, uint32_t num_fds, uint64_t deadline_ns)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * WEFT_MAIL_FDS)];
		struct cmsghdr head;
	} control = { { 0 } };
	struct iovec io = { .iov_base = (void *)(uintptr_t)data, .iov_len = bytes };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1 };
	int ret = 0;

	if (num_fds) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * num_fds);
		control.head = (struct cmsghdr) { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(sizeof(int) * num_fds) };
		memcpy(CMSG_DATA(&control.head), fd, sizeof(int) * num_fds);
	}
	while (!ret && sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			ret = weft_mail_until(sock, POLLOUT, deadline_ns);
		else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			ret = -ECONNRESET;
		else if (errno != EINTR)
			ret = -errno;
	}
	return ret;
}

static void take_fds(struct msghdr *m, int *fd, uint32_t max, uint32_t *num_fds)
{
	uint32_t all = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++, all++) {
			int one;

			memcpy(&one, CMSG_DATA(c) + i * sizeof(one), sizeof(one));
			if (all < max)
				fd[all] = one;
			else
				close(one);
		}
	}
	for (uint32_t i = all; i < max; i++)
		fd[i] = -1;
	/* what there was no room for the kernel has closed */
	*num_fds = all > max || m->msg_flags & MSG_CTRUNC ? max + 1 : all;
}

ssize_t weft_mail_take(int sock, void *data, size_t bytes, int *fd, uint32_t max, uint32_t *num_fds)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * (WEFT_MAIL_FDS + 1))];
		struct cmsghdr head;
	} control;
	struct iovec io = { .iov_base = data, .iov_len = bytes };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int) * (max + 1)) };
	ssize_t n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);

	/* once, when it was closed there with something unread; what was said before is still there */
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
	*num_fds = 0;
	if (n < 0)
		return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : errno == ECONNRESET ? 0 : -errno;
	take_fds(&m, fd, max, num_fds);
	return n;
}

uint64_t weft_mail_sum(const void *data, size_t bytes)
{
	const unsigned char *at = data;
	uint64_t sum = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < bytes; i++)
		sum = (sum ^ at[i]) * 0x100000001b3ull;
	return sum;
}
