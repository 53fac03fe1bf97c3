// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* How each figure is taken. Times of card work are the card's own, between two TIMESTAMP commands of one list. */
#define _GNU_SOURCE	/* O_DIRECT */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd.h"

#define COPY_BYTES	(16ull << 20)
#define JOB_TIMEOUT_NS	30000000000u

static int why_not(char why[160], const char *what, int r)
{
	const char *text = weft_last_error();

	snprintf(why, 160, "%s: %s", what, *text ? text : strerror(-r));
	return -1;
}

/* Card time of one run of `list`, which stores a time stamp first and last at `stamps`. */
static int card_time(struct bench *b, struct weft_list *list, struct weft_memory *stamps, double *ns)
{
	uint64_t t[2];
	int r = weft_queue_run(b->queue, list, NULL);

	if (!r)
		r = weft_queue_wait(b->queue, 0, JOB_TIMEOUT_NS);
	if (!r)
		r = weft_memory_read(stamps, 0, t, sizeof(t));
	*ns = r ? 0 : (double)(t[1] - t[0]);
	return r;
}

struct timed_list {
	struct weft_list *list;
	struct weft_memory *stamps;
};

static int timed_begin(struct bench *b, struct timed_list *t)
{
	int r = weft_memory_alloc(b->device, 4096, WEFT_PLACE_LOCAL, &t->stamps);

	t->list = NULL;
	if (!r)
		r = weft_list_create(b->device, &t->list);
	return r ? r : weft_list_timestamp(t->list, weft_memory_address(t->stamps));
}

static int timed_runs(struct bench *b, struct timed_list *t, double *ns)
{
	int r = weft_list_timestamp(t->list, weft_memory_address(t->stamps) + 8);
	double warm;

	if (!r)
		r = weft_list_commit(t->list);
	if (!r)
		r = card_time(b, t->list, t->stamps, &warm);
	for (uint32_t i = 0; !r && i < b->runs; i++)
		r = card_time(b, t->list, t->stamps, &ns[i]);
	return r;
}

static void timed_end(struct timed_list *t)
{
	if (t->list)
		weft_list_destroy(t->list);
	if (t->stamps)
		weft_memory_destroy(t->stamps);
}

/* COPY of 16 MiB between two memories as card 0 sees them; GB/s. */
static int copy(struct bench *b, struct weft_memory *dst, struct weft_memory *src, double *sample, char why[160])
{
	struct timed_list t = { 0 };
	int r = timed_begin(b, &t);

	if (!r)
		r = weft_list_copy(t.list, weft_memory_address(dst), weft_memory_address(src), COPY_BYTES);
	if (!r)
		r = timed_runs(b, &t, sample);
	timed_end(&t);
	for (uint32_t i = 0; !r && i < b->runs; i++)
		sample[i] = (double)COPY_BYTES / sample[i];
	return r ? why_not(why, "copy", r) : 0;
}

static int host_copy(struct bench *b, bool to_card, double *sample, char why[160])
{
	struct weft_memory *host = NULL, *card = NULL;
	void *p;
	int r = weft_memory_alloc(b->device, COPY_BYTES, WEFT_PLACE_HOST, &host);

	if (!r)
		r = weft_memory_alloc(b->device, COPY_BYTES, WEFT_PLACE_LOCAL, &card);
	if (!r)
		r = weft_memory_map(host, &p);
	if (!r)
		memset(p, 1, COPY_BYTES);
	if (r)
		why_not(why, "memory", r);
	else
		r = to_card ? copy(b, card, host, sample, why) : copy(b, host, card, sample, why);
	if (card)
		weft_memory_destroy(card);
	if (host)
		weft_memory_destroy(host);
	return r;
}

static int copy_h2d(struct bench *b, double *sample, double *ratio, char why[160])
{
	(void)ratio;
	return host_copy(b, true, sample, why);
}

static int copy_d2h(struct bench *b, double *sample, double *ratio, char why[160])
{
	(void)ratio;
	return host_copy(b, false, sample, why);
}

static int copy_p2p(struct bench *b, double *sample, double *ratio, char why[160])
{
	struct weft_memory *own = NULL, *theirs = NULL, *seen = NULL;
	int r;

	(void)ratio;
	if (!b->peer) {
		snprintf(why, 160, "one card only");
		return -1;
	}
	r = weft_memory_alloc(b->device, COPY_BYTES, WEFT_PLACE_LOCAL, &own);
	if (!r)
		r = weft_memory_alloc(b->peer, COPY_BYTES, WEFT_PLACE_LOCAL, &theirs);
	if (!r)
		r = weft_memory_import(b->device, theirs, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &seen);
	r = r ? why_not(why, "peer memory", r) : copy(b, seen, own, sample, why);
	if (seen)
		weft_memory_destroy(seen);
	if (theirs)
		weft_memory_destroy(theirs);
	if (own)
		weft_memory_destroy(own);
	return r;
}

/* GFLOP/s of one product. */
static int gemm(struct bench *b, uint32_t m, uint32_t n, uint32_t k, double *sample, char why[160])
{
	const uint64_t bytes = 4ull * ((uint64_t)m * n + (uint64_t)m * k + (uint64_t)k * n);
	struct weft_memory *memory = NULL;
	struct timed_list t = { 0 };
	int r = weft_memory_alloc(b->device, bytes, WEFT_PLACE_LOCAL, &memory);
	struct weft_exec exec = {
		.size = sizeof(exec), .num_operands = 3, .dims = { m, n, k }, .scalars = { weft_f32(1) },
	};

	if (!r)
		r = weft_memory_fill(memory, 0, weft_f32(0.5f), 4, bytes);
	if (!r)
		r = timed_begin(b, &t);
	exec.operands[0] = weft_memory_address(memory);
	exec.operands[1] = exec.operands[0] + 4ull * m * n;
	exec.operands[2] = exec.operands[1] + 4ull * m * k;
	if (!r)
		r = weft_list_exec(t.list, "gemm", WEFT_TYPE_F32, &exec);
	if (!r)
		r = timed_runs(b, &t, sample);
	timed_end(&t);
	if (memory)
		weft_memory_destroy(memory);
	for (uint32_t i = 0; !r && i < b->runs; i++)
		sample[i] = 2.0 * m * n * k / sample[i];
	return r ? why_not(why, "gemm", r) : 0;
}

static int gemm_1024(struct bench *b, double *sample, double *ratio, char why[160])
{
	(void)ratio;
	return gemm(b, 1024, 1024, 1024, sample, why);
}

static int gemm_train(struct bench *b, double *sample, double *ratio, char why[160])
{
	(void)ratio;
	return gemm(b, 64, 512, 784, sample, why);
}

static double getpid_us(void)
{
	const int n = 2000;
	uint64_t start = now_ns();

	for (int i = 0; i < n; i++)
		syscall(SYS_getpid);
	return (double)(now_ns() - start) / n / 1000;
}

static int getpid_figure(struct bench *b, double *sample, double *ratio, char why[160])
{
	(void)ratio;
	(void)why;
	for (uint32_t i = 0; i < b->runs; i++)
		sample[i] = getpid_us();
	return 0;
}

/* Submit one job with nothing in it and wait for it; in turn with getpid. */
static int queue_job(struct bench *b, double *sample, double *ratio, char why[160])
{
	struct weft_list *list;
	struct weft_memory *stamps;
	int r = weft_memory_alloc(b->device, 4096, WEFT_PLACE_LOCAL, &stamps);

	if (r)
		return why_not(why, "memory", r);
	r = weft_list_create(b->device, &list);
	if (!r)
		r = weft_list_timestamp(list, weft_memory_address(stamps));
	if (!r)
		r = weft_list_commit(list);
	for (uint32_t i = 0; !r && i < b->runs; i++) {
		uint64_t start = now_ns();

		r = weft_queue_run(b->queue, list, NULL);
		if (!r)
			r = weft_queue_wait(b->queue, 0, JOB_TIMEOUT_NS);
		sample[i] = (double)(now_ns() - start) / 1000;
		ratio[i] = sample[i] / getpid_us();
	}
	if (r)
		why_not(why, "job", r);
	weft_list_destroy(list);
	weft_memory_destroy(stamps);
	return r;
}

/* The same machine's emulated NVMe disk, as something every reader has a feeling for. */
static int nvme_read512(struct bench *b, double *sample, double *ratio, char why[160])
{
	void *buffer = NULL;
	int fd = open("/dev/nvme0n1", O_RDONLY | O_DIRECT | O_CLOEXEC), r = 0;

	(void)ratio;
	if (fd < 0) {
		snprintf(why, 160, "/dev/nvme0n1: %s", strerror(errno));
		return -1;
	}
	if (posix_memalign(&buffer, 4096, 4096))
		r = -1;
	for (uint32_t i = 0; !r && i < b->runs; i++) {
		uint64_t start = now_ns();

		if (pread(fd, buffer, 512, (i % 64) * 512) != 512) {
			snprintf(why, 160, "read: %s", strerror(errno));
			r = -1;
		}
		sample[i] = (double)(now_ns() - start) / 1000;
	}
	free(buffer);
	close(fd);
	return r;
}

const struct figure figures[] = {
	{ "copy.h2d", "GB/s", "card", NULL, "COPY of 16 MiB from pinned host memory", copy_h2d, 1 },
	{ "copy.d2h", "GB/s", "card", NULL, "COPY of 16 MiB to pinned host memory", copy_d2h, 1 },
	{ "copy.p2p", "GB/s", "card", NULL, "COPY of 16 MiB to the next card", copy_p2p, 1 },
	{ "gemm.1024", "GFLOP/s", "card", NULL, "product of 1024 x 1024 x 1024, f32", gemm_1024, 1 },
	{ "gemm.train", "GFLOP/s", "card", NULL, "product of 64 x 512 x 784, f32", gemm_train, 1 },
	{ "queue.job", "us", "host", "getpid", "submit a job and wait for it", queue_job, 0 },
	{ "getpid", "us", "host", NULL, "system call, for comparison", getpid_figure, 0 },
	{ "nvme.read512", "us", "host", NULL, "read of 512 bytes from the emulated NVMe disk", nvme_read512, 0 },
};
const unsigned int num_figures = ARRAY_SIZE(figures);
