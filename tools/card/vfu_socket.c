// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The Unix socket of a card and the thread that serves it: one client at a time, for ever. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bus.h"
#include "vfu.h"

static int sock_read(void *ctx, void *buf, size_t n, int *fds, unsigned int *nfds)
{
	int sock = *(_Atomic int *)ctx;
	uint8_t *p = buf;

	while (n) {
		union { char buf[CMSG_SPACE(sizeof(int) * WCARD_VFU_MAX_FDS)]; struct cmsghdr align; } control;
		struct iovec iov = { p, n };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
				    .msg_controllen = sizeof(control.buf) };
		ssize_t got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EPIPE;
		for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
			unsigned int k = 0;
			int fd;

			if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
				continue;
			for (; CMSG_LEN(sizeof(int) * (k + 1)) <= h->cmsg_len; k++) {
				memcpy(&fd, CMSG_DATA(h) + k * sizeof(int), sizeof(int));
				if (*nfds < WCARD_VFU_MAX_FDS)
					fds[(*nfds)++] = fd;
				else
					close(fd);
			}
		}
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

static int sock_write(void *ctx, const void *head, size_t nhead, const void *data, size_t ndata, int fd)
{
	union { char buf[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	struct iovec iov[2] = { { (void *)(uintptr_t)head, nhead }, { (void *)(uintptr_t)data, ndata } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
	int sock = *(_Atomic int *)ctx;

	if (fd >= 0) {
		struct cmsghdr *h;

		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(int));
	}
	while (iov[0].iov_len + iov[1].iov_len) {
		ssize_t sent = sendmsg(sock, &m, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		m.msg_control = NULL;
		m.msg_controllen = 0;
		for (int i = 0; i < 2; i++) {
			size_t part = (size_t)sent < iov[i].iov_len ? (size_t)sent : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
			iov[i].iov_len -= part;
			sent -= (ssize_t)part;
		}
	}
	return 0;
}

void wcard_vfu_forget(struct wcard_card *c)
{
	wcard_reset(c);
	pthread_mutex_lock(&c->m->map_lock);
	wcard_pci_init(c);
	pthread_mutex_unlock(&c->m->map_lock);
	wcard_bus_unmap(c, 0, UINT64_MAX);
	for (unsigned int i = 0; i <= WCARD_VECTORS; i++)
		wcard_irq_set_fd(c, i, -1);
}

/* Never a descriptor that has meanwhile become another file's. */
static void set_conn(struct wcard_card *c, int fd)
{
	pthread_mutex_lock(&c->conn_lock);
	c->conn_fd = fd;
	pthread_mutex_unlock(&c->conn_lock);
}

void wcard_vfu_drop(struct wcard_card *c)
{
	pthread_mutex_lock(&c->conn_lock);
	if (c->conn_fd >= 0)
		shutdown(c->conn_fd, SHUT_RDWR);
	pthread_mutex_unlock(&c->conn_lock);
}

static void *vfu_main(void *arg)
{
	struct wcard_card *c = arg;

	while (!c->m->closing) {
		struct pollfd p = { .fd = c->listen_fd, .events = POLLIN };
		const struct wcard_vfu_io io = { sock_read, sock_write, &c->conn_fd };
		int fd;

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			break;
		if (c->m->closing)
			break;
		fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		set_conn(c, fd);
		wcard_vfu_serve(c, &io);
		wcard_vfu_forget(c);
		set_conn(c, -1);
		close(fd);
	}
	return NULL;
}

int wcard_vfu_init(struct wcard_card *c, const char *dir)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if ((size_t)snprintf(c->path, sizeof(c->path), "%s/card%u.sock", dir, c->index) >= sizeof(c->path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, c->path, sizeof(c->path));
	c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->listen_fd < 0)
		return -errno;
	unlink(c->path);
	if (bind(c->listen_fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(c->listen_fd, 4))
		return -errno;
	return pthread_create(&c->vfu_thread, NULL, vfu_main, c) ? -EAGAIN : 0;
}

/* machine.closing is set. */
void wcard_vfu_fini(struct wcard_card *c)
{
	shutdown(c->listen_fd, SHUT_RDWR);
	wcard_vfu_drop(c);
	pthread_join(c->vfu_thread, NULL);
	close(c->listen_fd);
	unlink(c->path);
}
