/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A file goes through a plan: io_uring reads it straight into blocks that the card reads, eight at a time. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <weft/weft.h>

#define BLOCK	4096u
#define DEPTH	32u
#define GROUP	8u
#define BATCHES	256u
#define SECOND	1000000000ull

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "feed: %s: %s\n", what, *weft_last_error() ? weft_last_error() : strerror(-ret));
	exit(1);
}

static unsigned char byte_of(unsigned int i)
{
	return (unsigned char)(i * 31 + (i >> 12));
}

/* A file of a known pattern. With O_DIRECT on a disk the processor would copy nothing at all. */
static int make_file(void)
{
	static unsigned char bytes[BATCHES * BLOCK];
	int fd = memfd_create("input", MFD_CLOEXEC);

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte_of(i);
	return fd < 0 || write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) ? -1 : fd;
}

/* Ordinary pages, which io_uring can pin, as memory of the card. */
static void *make_blocks(struct weft_device *card, struct weft_memory **memory)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = DEPTH * BLOCK };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), buf;
	void *map;

	create.memfd = memfd_create("blocks", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	must(ftruncate(create.memfd, DEPTH * BLOCK), "ftruncate");
	must(fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK), "seal");
	map = mmap(NULL, DEPTH * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, create.memfd, 0);
	buf = ioctl(device, UDMABUF_CREATE, &create);
	must(map == MAP_FAILED ? -1 : buf, "udmabuf");
	must(weft_memory_import_fd(card, buf, memory), "import");
	close(buf);
	close(create.memfd);
	close(device);
	return map;
}

/* in (host, the blocks) → take → x → give → out (host) */
static struct weft_plan *make_plan(struct weft_device *card, struct weft_memory *memory, void *blocks, struct weft_edge **in,
				   struct weft_edge **out)
{
	const struct weft_edge_desc edge[3] = {
		{ .size = sizeof(edge[0]), .name = "in", .flags = WEFT_EDGE_HOST, .block_bytes = BLOCK, .depth = DEPTH,
		  .memory = memory, .pointer = blocks },
		{ .size = sizeof(edge[0]), .name = "x", .block_bytes = BLOCK },
		{ .size = sizeof(edge[0]), .name = "out", .flags = WEFT_EDGE_HOST | WEFT_EDGE_PULL, .block_bytes = BLOCK,
		  .depth = DEPTH },
	};
	const struct weft_body_desc body[2] = {
		{ .size = sizeof(body[0]), .name = "take" }, { .size = sizeof(body[0]), .name = "give" } };
	struct weft_body *take, *give;
	struct weft_plan *plan;
	struct weft_edge *x;

	must(weft_plan_create(&card, 1, NULL, &plan), "plan");
	must(weft_edge_create(plan, &edge[0], in), "in");
	must(weft_edge_create(plan, &edge[1], &x), "x");
	must(weft_edge_create(plan, &edge[2], out), "out");
	must(weft_body_create(plan, &body[0], &take), "take");
	must(weft_body_create(plan, &body[1], &give), "give");
	must(weft_body_input(take, *in, 1), "take");
	must(weft_body_output(take, x, 1), "take");
	must(weft_body_copy(take, weft_body_out(take, x, 0), weft_body_in(take, *in, 0), BLOCK), "take");
	must(weft_body_input(give, x, 1), "give");
	must(weft_body_output(give, *out, 1), "give");
	must(weft_body_copy(give, weft_body_out(give, *out, 0), weft_body_in(give, x, 0), BLOCK), "give");
	must(weft_plan_load(plan), "load");
	return plan;
}

/* One system call reads a group into idle blocks; one store gives them to the card. */
static void feed(struct io_uring *ring, int file, struct weft_edge *in, unsigned int batch)
{
	struct io_uring_cqe *cqe;
	void *block[GROUP];

	must(weft_edge_push(in, GROUP, SECOND, block), "push");
	for (unsigned int i = 0; i < GROUP; i++)
		io_uring_prep_read_fixed(io_uring_get_sqe(ring), file, block[i], BLOCK, (uint64_t)(batch + i) * BLOCK, 0);
	must(io_uring_submit_and_wait(ring, GROUP), "read");
	for (unsigned int i = 0; i < GROUP; i++) {
		must(io_uring_peek_cqe(ring, &cqe), "read");
		must(cqe->res == BLOCK ? 0 : cqe->res < 0 ? cqe->res : -1, "read");
		io_uring_cqe_seen(ring, cqe);
	}
	must(weft_edge_commit(in, GROUP), "commit");
}

/* What has come out: as the file, so far. Returns its batches, or -EPIPE. */
static int drain(struct weft_edge *out, unsigned int first, int *bad)
{
	const void *block[GROUP];
	int n = weft_edge_pull(out, GROUP, 10 * SECOND, block);

	for (int i = 0; i < n; i++)
		for (unsigned int j = 0; j < BLOCK; j++)
			*bad |= ((const unsigned char *)block[i])[j] != byte_of((first + (unsigned int)i) * BLOCK + j);
	if (n > 0)
		must(weft_edge_return(out, (uint32_t)n), "return");
	return n;
}

int main(void)
{
	struct weft *weft = weft_open();
	struct weft_edge *in, *out;
	struct weft_memory *memory;
	struct weft_device *card;
	struct weft_plan *plan;
	struct io_uring ring;
	struct iovec fixed = { .iov_len = DEPTH * BLOCK };
	int file = make_file(), bad = 0, n;
	unsigned int done = 0;

	must(weft_device_open(weft, "card", 0, &card), "card");
	fixed.iov_base = make_blocks(card, &memory);
	plan = make_plan(card, memory, fixed.iov_base, &in, &out);
	must(io_uring_queue_init(GROUP, &ring, 0), "ring");
	must(io_uring_register_buffers(&ring, &fixed, 1), "fixed buffers");

	for (unsigned int batch = 0; batch < BATCHES; batch += GROUP) {
		feed(&ring, file, in, batch);
		if (batch < 2 * GROUP)	/* two groups are on the card meanwhile */
			continue;
		must(n = drain(out, done, &bad), "pull");
		done += (unsigned int)n;
	}
	must(weft_edge_finish(in), "finish");
	while ((n = drain(out, done, &bad)) > 0)
		done += (unsigned int)n;
	bad |= n != -EPIPE || done != BATCHES;
	printf("%u batches, %s\n", done, bad ? "wrong" : "right");
	must(weft_plan_end(plan, 10 * SECOND), "end");
	must(weft_plan_destroy(plan), "destroy");
	io_uring_queue_exit(&ring);
	must(weft_memory_destroy(memory), "destroy");
	must(weft_device_close(card), "close");
	return bad;
}
