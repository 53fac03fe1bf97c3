// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* How each figure is taken: what a program sees of the card, by the clock of the machine it runs in. */
#define _GNU_SOURCE	/* O_DIRECT */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd.h"

#define JOB_TIMEOUT_NS	30000000000u
#define ASLEEP_US	5000	/* engines look for work a few microseconds before they sleep */

static int why_not(char why[160], const char *what, int r)
{
	const char *text = weft_last_error();

	snprintf(why, 160, "%s: %s", what, *text ? text : strerror(-r));
	return -1;
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

/* A job of one TIMESTAMP. */
struct job {
	struct weft_memory *stamp;
	struct weft_list *list;
};

static int job_begin(struct bench *b, struct job *j)
{
	int r = weft_memory_alloc(b->device, 4096, WEFT_PLACE_LOCAL, &j->stamp);

	if (!r)
		r = weft_list_create(b->device, &j->list);
	if (!r)
		r = weft_list_timestamp(j->list, weft_memory_address(j->stamp));
	return r ? r : weft_list_commit(j->list);
}

static void job_end(struct job *j)
{
	if (j->list)
		weft_list_destroy(j->list);
	if (j->stamp)
		weft_memory_destroy(j->stamp);
}

/* Submit it and wait for its end. */
static int job_us(struct bench *b, struct job *j, double *us)
{
	uint64_t start = now_ns();
	int r = weft_queue_run(b->queue, j->list, NULL);

	if (!r)
		r = weft_queue_wait(b->queue, 0, JOB_TIMEOUT_NS);
	*us = (double)(now_ns() - start) / 1000;
	return r;
}

static int queue_job(struct bench *b, double *sample, double *ratio, char why[160])
{
	struct job job = { 0 };
	int r = job_begin(b, &job);

	for (uint32_t i = 0; !r && i < b->runs; i++) {
		r = job_us(b, &job, &sample[i]);
		ratio[i] = sample[i] / getpid_us();
	}
	if (r)
		why_not(why, "job", r);
	job_end(&job);
	return r;
}

#define BATCH	32	/* submissions between two waits: the queue's ring takes them all */

/* One system call for each; the time of waiting is not in it. */
static int submit_ioctl_us(struct bench *b, struct job *j, double *us)
{
	uint64_t start = now_ns();
	int r = 0;

	for (int i = 0; !r && i < BATCH; i++)
		r = weft_queue_run(b->queue, j->list, NULL);
	*us = (double)(now_ns() - start) / BATCH / 1000;
	return r ? r : weft_queue_wait(b->queue, 0, JOB_TIMEOUT_NS);
}

static int submit_ioctl(struct bench *b, double *sample, double *ratio, char why[160])
{
	struct job job = { 0 };
	int r = job_begin(b, &job);

	for (uint32_t i = 0; !r && i < b->runs; i++) {
		r = submit_ioctl_us(b, &job, &sample[i]);
		ratio[i] = sample[i] / getpid_us();
	}
	if (r)
		why_not(why, "submit", r);
	job_end(&job);
	return r;
}

/* One system call for all; each tells its end by a completion. */
static int submit_uring_us(struct bench *b, struct job *j, struct io_uring *ring, double *us)
{
	struct weft_uring_op op[BATCH];
	struct io_uring_cqe *cqe;
	uint64_t start = now_ns();
	int r = 0;

	for (int i = 0; !r && i < BATCH; i++)
		r = weft_uring_submit(b->queue, j->list, &op[i], io_uring_get_sqe(ring));
	if (!r) {
		r = io_uring_submit(ring);
		r = r < 0 ? r : r == BATCH ? 0 : -EIO;
	}
	*us = (double)(now_ns() - start) / BATCH / 1000;
	for (int i = 0; !r && i < BATCH; i++) {
		r = io_uring_wait_cqe(ring, &cqe);
		if (!r) {
			r = cqe->res;
			io_uring_cqe_seen(ring, cqe);
		}
	}
	return r;
}

/* In turn with getpid, or with submissions by ioctl. */
static int submit_uring_against(struct bench *b, bool ioctl, double *sample, double *ratio, char why[160])
{
	struct job job = { 0 };
	struct io_uring ring;
	double other;
	int r = io_uring_queue_init(BATCH, &ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);

	if (r)
		return why_not(why, "io_uring", r);
	r = job_begin(b, &job);
	for (uint32_t i = 0; !r && i < b->runs; i++) {
		if (ioctl)
			r = submit_ioctl_us(b, &job, &other);
		else
			other = getpid_us();
		if (!r)
			r = submit_uring_us(b, &job, &ring, &sample[i]);
		ratio[i] = sample[i] / other;
	}
	if (r)
		why_not(why, "submit by io_uring", r);
	job_end(&job);
	io_uring_queue_exit(&ring);
	return r;
}

static int submit_uring(struct bench *b, double *sample, double *ratio, char why[160])
{
	return submit_uring_against(b, false, sample, ratio, why);
}

static int submit_uring_ioctl(struct bench *b, double *sample, double *ratio, char why[160])
{
	return submit_uring_against(b, true, sample, ratio, why);
}

/* A user queue whose lists signal one cell. */
struct user {
	struct weft_memory *cells;
	struct weft_user_queue *queue;
	uint64_t value;			/* signalled last */
};

static int user_begin(struct bench *b, struct user *u)
{
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };
	int r = weft_memory_create(b->device, &cells, &u->cells);

	return r ? r : weft_user_queue_create(b->device, NULL, &u->queue);
}

static void user_end(struct user *u)
{
	if (u->queue)
		weft_user_queue_destroy(u->queue);
	if (u->cells)
		weft_memory_destroy(u->cells);
}

/* A list that signals the next value. */
static int user_list(struct bench *b, struct user *u, struct weft_list **list)
{
	struct weft_cell_op signal = { .size = sizeof(signal), .cell = weft_cell_address(u->cells, 0), .base = ++u->value };
	int r = weft_list_create(b->device, list);

	if (!r)
		r = weft_list_signal(*list, &signal);
	return r ? r : weft_list_commit(*list);
}

/* From posting the list to the moment the process, which polls, sees the cell. */
static int post_us(struct user *u, struct weft_list *list, uint64_t value, double *us)
{
	struct weft_cell_state cell;
	uint64_t start = now_ns();
	int r = weft_user_queue_post(u->queue, list);

	while (!r && !(r = weft_cell_read(u->cells, 0, &cell)) && cell.value < value)
		if (now_ns() - start > JOB_TIMEOUT_NS)
			r = -ETIME;
	*us = (double)(now_ns() - start) / 1000;
	return r;
}

/* Two lists, made before the first is posted; that one wakes the card up, or there is a pause between them. */
static int user_us(struct bench *b, struct user *u, double *us)
{
	struct weft_list *list[2] = { NULL };
	int r = user_list(b, u, &list[0]);

	if (!r)
		r = user_list(b, u, &list[1]);
	if (!r)
		r = post_us(u, list[0], u->value - 1, us);
	if (!r && b->nap_us)
		usleep(b->nap_us);
	if (!r)
		r = post_us(u, list[1], u->value, us);
	for (int i = 0; i < 2; i++)
		if (list[i])
			weft_list_destroy(list[i]);
	return r;
}

/* In turn with a job. */
static int user_against_job(struct bench *b, double *sample, double *ratio, char why[160])
{
	struct user user = { 0 };
	struct job job = { 0 };
	double other;
	int r = job_begin(b, &job);

	if (!r)
		r = user_begin(b, &user);
	for (uint32_t i = 0; !r && i < b->runs; i++) {
		r = job_us(b, &job, &other);
		if (!r)
			r = user_us(b, &user, &sample[i]);
		ratio[i] = sample[i] / other;
	}
	if (r)
		why_not(why, "user queue", r);
	user_end(&user);
	job_end(&job);
	return r;
}

static int queue_user(struct bench *b, double *sample, double *ratio, char why[160])
{
	b->nap_us = 0;
	return user_against_job(b, sample, ratio, why);
}

static int queue_user_asleep(struct bench *b, double *sample, double *ratio, char why[160])
{
	b->nap_us = ASLEEP_US;
	return user_against_job(b, sample, ratio, why);
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
	{ "queue.job", "us", "host", "getpid", "submit a job and wait for it", queue_job, 0 },
	{ "submit.ioctl", "us", "host", "getpid", "submit a job, one of a batch, by a system call", submit_ioctl, 0 },
	{ "submit.uring", "us", "host", "getpid", "the same, the batch through one io_uring_enter", submit_uring, 0 },
	{ "submit.uring_ioctl", "us", "host", "submit.ioctl", "submit.uring in turn with submit.ioctl", submit_uring_ioctl, 0 },
	{ "queue.user", "us", "host", "queue.job", "post to a user queue and see its cell, the card awake", queue_user, 0 },
	{ "queue.user_asleep", "us", "host", "queue.job", "the same, the card asleep", queue_user_asleep, 0 },
	{ "getpid", "us", "host", NULL, "system call, for comparison", getpid_figure, 0 },
	{ "nvme.read512", "us", "host", NULL, "read of 512 bytes from the emulated NVMe disk", nvme_read512, 0 },
};
const unsigned int num_figures = ARRAY_SIZE(figures);
