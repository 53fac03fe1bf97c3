/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Messages of unix sockets that keep their bounds (SOCK_SEQPACKET), with descriptors. Nothing here sets an error's text. */
#ifndef WEFT_CORE_MAIL_H
#define WEFT_CORE_MAIL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WEFT_MAIL_FDS	96u	/* most with one message */

/* Waits for poll's @events. 0, -ETIME, -errno */
int weft_mail_until(int sock, short events, uint64_t deadline_ns);
/* 0, -ETIME (nobody takes it), -ECONNRESET (the other end is gone), -errno */
int weft_mail_send(int sock, const void *data, size_t bytes, const int *fd, uint32_t num_fds, uint64_t deadline_ns);
/*
 * What lies in the socket, without waiting: bytes of the message, which may be more than there was room for; 0 at the end; -EAGAIN;
 * -errno. @num_fds descriptors are the caller's then, of @max that there is room for; if there were more, @max + 1, and those in @fd
 * that are no descriptor are -1.
 */
ssize_t weft_mail_take(int sock, void *data, size_t bytes, int *fd, uint32_t max, uint32_t *num_fds);
/* FNV-1a: what one byte changes, no later one takes back */
uint64_t weft_mail_sum(const void *data, size_t bytes);

#endif
