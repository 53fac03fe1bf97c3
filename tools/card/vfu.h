/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * vfio-user server side of one card. The parser sees the world through struct wcard_vfu_io, so that a fuzzer can stand
 * in for the socket.
 */
#ifndef WCARD_VFU_H
#define WCARD_VFU_H

#include <stddef.h>
#include <stdint.h>

struct wcard_card;

#define WCARD_VFU_MAX_FDS	8
#define WCARD_VFU_MAX_DATA	(1u << 20)

struct wcard_vfu_io {
	/* Reads exactly n bytes. File descriptors that came along are appended to fds. 0, or -errno: the link is gone. */
	int (*read)(void *ctx, void *buf, size_t n, int *fds, unsigned int *nfds);
	/* Sends header and payload with at most one file descriptor (-1 = none); the descriptor stays the caller's. */
	int (*write)(void *ctx, const void *head, size_t nhead, const void *data, size_t ndata, int fd);
	void *ctx;
};

/* Answers messages until the link ends or the client breaks the protocol. Resets nothing. */
void wcard_vfu_serve(struct wcard_card *c, const struct wcard_vfu_io *io);

#endif
