/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* One ring reads a file straight into card memory, runs the work that waits for it, and tells when it has ended. */
#define _GNU_SOURCE
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <weft/weft.h>

#define BYTES	(1u << 20)

static void must(int ret)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "ring: %s\n", *weft_last_error() ? weft_last_error() : strerror(-ret));
	exit(1);
}

/* A file of a known pattern. */
static int make_file(void)
{
	static unsigned char bytes[BYTES];
	int fd = memfd_create("input", MFD_CLOEXEC);

	for (unsigned int i = 0; i < BYTES; i++)
		bytes[i] = i * 31 + (i >> 12);
	return fd < 0 || write(fd, bytes, BYTES) != BYTES ? -1 : fd;
}

int main(void)
{
	struct weft *weft = weft_open();
	struct weft_uring_op run;
	struct weft_device *card;
	struct weft_memory *in, *out;
	struct weft_queue *queue;
	struct weft_list *list;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	unsigned char *got = malloc(BYTES);
	void *map;
	int file = make_file(), bad = 0;

	must(weft_device_open(weft, "card", 0, &card));
	must(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &in));
	must(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &out));
	must(weft_memory_map(in, &map));
	must(weft_queue_create(card, NULL, &queue));
	must(weft_list_create(card, &list));
	must(weft_list_copy(list, weft_memory_address(out), weft_memory_address(in), BYTES));
	must(weft_list_commit(list));
	must(io_uring_queue_init(8, &ring, 0));

	/* the file into card memory */
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, file, map, BYTES, 0);
	io_uring_sqe_set_data64(sqe, 1);
	sqe->flags |= IOSQE_IO_LINK;
	/* then, and only if all of it was read, the work */
	sqe = io_uring_get_sqe(&ring);
	must(weft_uring_submit(queue, list, &run, sqe));
	io_uring_sqe_set_data64(sqe, 2);
	must(io_uring_submit(&ring));
	for (unsigned int i = 1; i <= 2; i++) {
		must(io_uring_wait_cqe(&ring, &cqe));
		printf("%s: %d\n", cqe->user_data == 1 ? "read" : "job", cqe->res);
		bad |= cqe->res != (cqe->user_data == 1 ? (int)BYTES : 0);
		io_uring_cqe_seen(&ring, cqe);
	}
	must(weft_memory_read(out, 0, got, BYTES));
	for (unsigned int i = 0; i < BYTES; i++)
		bad |= got[i] != (unsigned char)(i * 31 + (i >> 12));
	printf("%s\n", bad ? "wrong" : "right");
	return bad;
}
