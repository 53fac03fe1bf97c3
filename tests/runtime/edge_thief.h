/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A consumer of another process's edge that tries what it may not, and answers with what it should not. */
#ifndef EDGE_THIEF_H
#define EDGE_THIEF_H

#include <fcntl.h>

#include "edge_end.h"

enum thief_answer { THIEF_CUT_OFF, THIEF_NO_MEMORY, THIEF_DATA, THIEF_ANSWERS };

struct thief {
	struct weft *weft;
	enum thief_answer answer;
	int sock, ret;
};

/* A consumer's message out of a producer's, by hand and with a sum that is right; what is wrong is the memory that comes with it. */
static inline int forge(int sock, char *data, size_t bytes, int cell)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} control = { { 0 } };
	struct iovec io = { .iov_base = data, .iov_len = bytes };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	uint64_t sum = 0xcbf29ce484222325ull;

	memcpy(data + 16, &(uint32_t) { 2 }, 4);	/* the other end, without initial tokens and blocks */
	memset(data + 60, 0, 8);
	memcpy(data + 72, (uint32_t[]) { 1, 0 }, 8);	/* consumer, and nothing that it gives */
	for (size_t i = 0; i < bytes - 8; i++)
		sum = (sum ^ (unsigned char)data[i]) * 0x100000001b3ull;
	memcpy(data + bytes - 8, &sum, 8);
	control.head = (struct cmsghdr) { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(&control.head), &cell, sizeof(cell));
	return sendmsg(sock, &m, MSG_NOSIGNAL) == (ssize_t)bytes ? 0 : rt_say(-1, "send");
}

/* A consumer that takes the producer's message apart by hand, and wants to write what it may only read. */
static inline int steal(struct thief *t)
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr head;
	} control;
	char data[1024];
	struct iovec io = { .iov_base = data, .iov_len = sizeof(data) };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	struct weft_memory *blocks, *cells, *more;
	struct weft_device *card;
	struct weft_queue *queue;
	struct weft_list *list;
	int fd[2], other, null;
	ssize_t bytes;

	bytes = recvmsg(t->sock, &m, MSG_CMSG_CLOEXEC);
	RT_CHECK(bytes > 100 && CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_len == CMSG_LEN(sizeof(fd)), "no offer with two descriptors");
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	RT_OK(weft_device_open(t->weft, "card", 0, &card));
	RT_OK(weft_memory_import_fd(card, fd[0], &cells));
	RT_OK(weft_memory_import_fd(card, fd[1], &blocks));
	RT_CHECK(weft_cell_address(cells, 0) && !weft_cell_address(blocks, 0), "a cell, then blocks");
	/* no more than the blocks are in it, but for whole pages */
	RT_CHECK(weft_memory_bytes(blocks) == (2 * BYTES + 4095) / 4096 * 4096, "%llu bytes", (unsigned long long)weft_memory_bytes(blocks));
	RT_IS(weft_memory_export(blocks, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &other), -EACCES);
	RT_IS(weft_memory_import(card, blocks, WEFT_ACCESS_WRITE, &more), -EACCES);
	RT_OK(weft_queue_create(card, NULL, &queue));
	RT_OK(weft_list_create(card, &list));
	RT_OK(weft_list_fill(list, weft_memory_address(blocks), 64, 0, 8));
	RT_OK(weft_queue_run(queue, list, NULL));
	RT_IS(weft_queue_wait(queue, 0, 10 * RT_SECOND), -EFAULT);
	RT_OK(weft_list_destroy(list));
	RT_OK(weft_queue_destroy(queue));
	RT_OK(weft_memory_destroy(blocks));
	RT_OK(weft_memory_destroy(cells));
	RT_OK(weft_device_close(card));
	if (t->answer == THIEF_CUT_OFF) {
		RT_CHECK(send(t->sock, data, 100, MSG_NOSIGNAL) == 100, "send");
	} else {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (forge(t->sock, data, (size_t)bytes, t->answer == THIEF_DATA ? fd[1] : null))
			return -1;
		close(null);
	}
	close(fd[0]);
	close(fd[1]);
	return 0;
}

static inline void *thief_thread(void *arg)
{
	struct thief *t = arg;

	t->ret = steal(t);
	close(t->sock);
	return NULL;
}

#endif
