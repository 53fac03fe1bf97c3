// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * What card 1 gets of the engines it shares with card 0: alone, beside processes that only spin, and beside a hog and a
 * flood of doorbells on card 0. For each one line of figures, which tests/system/share_test.py judges.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define LIST_AT		0x80000ULL	/* in the data: packets, and what they write before it */
#define FILLS		16
#define HOGS		4
#define MAX_SPINNERS	16

static uint64_t busy(int fd)
{
	struct drm_weft_engine e[64];
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_ENGINES, .size = sizeof(e), .ptr = (uintptr_t)e };
	uint64_t sum = 0;

	if (ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query))
		return 0;
	for (unsigned int i = 0; i < query.size / sizeof(e[0]); i++)
		sum += e[i].busy_ns;
	return sum;
}

/* A queue whose LOOP never ends. */
static int endless(struct ks_uq *q, int card)
{
	union weft_packet p = ks_pkt_fill(KS_UDATA_VA, 0x40000, 1), loop = { .word = { 0 } };
	int r = ks_uq_open(q, card);

	if (!r)
		r = ks_uq_start(q, NULL, 0);
	if (r)
		return r;
	for (int i = 0; i < FILLS; i++)
		memcpy(q->data + LIST_AT + 64 * i, &p, sizeof(p));
	loop.call.op = WEFT_PKT_LOOP;
	loop.call.npackets = FILLS;
	loop.call.list = KS_UDATA_VA + LIST_AT;
	ks_uq_put(q, &loop);
	return 0;
}

/* Never returns: hogs card 0, and rings its doorbells without end; or only spins. */
static void neighbour(bool flood, int ready)
{
	struct ks_uq q[HOGS], nop;
	union weft_packet p = { .word = { 0 } };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; flood && i < HOGS; i++)
		if (endless(&q[i], 0))
			_exit(1);
	if (flood && (ks_uq_open(&nop, 0) || ks_uq_start(&nop, NULL, 0)))
		_exit(1);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	for (uint64_t i = 0;; i++) {
		if (!flood)
			__asm__ volatile("" ::: "memory");
		else if (i % 16 || nop.tail != nop.ctl->head)
			nop.doorbell[WEFT_DB_RING / 4] = 1;
		else
			ks_uq_put(&nop, &p);
	}
}

static int measure(const char *name, int queues, int neighbours, bool flood)
{
	uint64_t mine, other, retired;
	pid_t pid[MAX_SPINNERS];
	int ready[2], card0;
	struct ks_uq q[HOGS];
	int64_t from;
	char byte;

	KS_CHECK(!pipe(ready));
	/* before anything is open: what a file maps for its owner a child does not get */
	for (int i = 0; i < neighbours; i++) {
		pid[i] = fork();
		KS_CHECK(pid[i] >= 0);
		if (!pid[i])
			neighbour(flood, ready[1]);
	}
	close(ready[1]);
	for (int i = 0; i < neighbours; i++)
		KS_CHECK(read(ready[0], &byte, 1) == 1, "a neighbour did not start");
	close(ready[0]);
	for (int i = 0; i < queues; i++)
		KS_OK(endless(&q[i], 1));
	card0 = ks_open(0);
	KS_CHECK(card0 >= 0);
	usleep(300000);
	from = ks_now_ns();
	retired = q[0].state->retired;
	mine = busy(q[0].fd);
	other = busy(card0);
	while (ks_now_ns() - from < 2 * KS_SECOND)
		usleep(10000);
	retired = q[0].state->retired - retired;
	mine = busy(q[0].fd) - mine;
	other = busy(card0) - other;
	from = ks_now_ns() - from;
	printf("# %s packets_per_s %.0f busy_ns_per_s %.0f other_busy_ns_per_s %.0f\n", name, retired * 1e9 / from,
	       mine * 1e9 / from, other * 1e9 / from);
	for (int i = 0; i < neighbours; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	close(card0);
	for (int i = 0; i < queues; i++) {
		KS_IS(q[i].state->cause, 0);
		ks_uq_close(&q[i]);
	}
	return 0;
}

static int alone(void)
{
	return measure("alone", 1, 0, false);
}

static int spinning(void)
{
	int n = sysconf(_SC_NPROCESSORS_ONLN);

	return measure("spin", 1, n < MAX_SPINNERS ? n : MAX_SPINNERS, false);
}

static int flooded(void)
{
	return measure("flood", 1, 1, true);
}

/* One queue keeps one engine busy at most; as many as the hog's want all that they can get. */
static int many_flooded(void)
{
	return measure("many", HOGS, 1, true);
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "card 1 alone", alone },
		{ "beside processes that spin", spinning },
		{ "beside a hog and a flood of doorbells on card 0", flooded },
		{ "several queues beside them", many_flooded },
	};

	if (ks_cards() < 2) {
		printf("Bail out! needs two cards\n");
		return 1;
	}
	return ks_main("share", tests, sizeof(tests) / sizeof(tests[0]));
}
