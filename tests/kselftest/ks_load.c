// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
#define _GNU_SOURCE
#include "ks_load.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define IN_TIME_S	60

/* Shared with the processes. */
struct shared {
	volatile bool stop;
	struct {
		volatile uint64_t rounds;
		volatile int result;
	} on[KS_MAX_CARDS];
};
static struct shared *shared;
static pid_t pid[KS_MAX_CARDS];

int ks_load_run(struct ks_rig *rig, uint64_t salt)
{
	int r;

	for (uint32_t i = 0; i < KS_LOAD_BYTES; i += 8)
		*(uint64_t *)(rig->data + i) = salt * 0x9e3779b97f4a7c15ULL + i;
	memset(rig->data + KS_LOAD_BYTES, 0, KS_LOAD_BYTES);
	rig->list[0] = ks_pkt_copy(KS_DATA_VA + KS_LOAD_BYTES, KS_DATA_VA, KS_LOAD_BYTES);
	r = ks_rig_run(rig, 1, 0);
	return r ? r : memcmp(rig->data, rig->data + KS_LOAD_BYTES, KS_LOAD_BYTES) ? -EBADMSG : 0;
}

int ks_load_post(struct ks_uq *q, uint8_t byte)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, KS_LOAD_BYTES, byte);
	int r;

	ks_uq_put(q, &fill);
	r = ks_uq_drain(q);
	return r ? r : q->data[0] != byte || q->data[KS_LOAD_BYTES - 1] != byte ? -EBADMSG : 0;
}

static void work(int card)
{
	struct ks_rig rig;
	struct ks_uq uq;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = ks_rig_open(&rig, card, 0);
	if (!r)
		r = ks_uq_open(&uq, card);
	if (!r)
		r = ks_uq_start(&uq, NULL, 0);
	while (!r && !shared->stop) {
		r = ks_load_run(&rig, shared->on[card].rounds + card);
		if (!r)
			r = ks_load_post(&uq, shared->on[card].rounds + 1);
		shared->on[card].rounds++;
	}
	shared->on[card].result = r;
	_exit(r != 0);
}

static int reach(int card, uint64_t rounds)
{
	int64_t until = ks_now_ns() + IN_TIME_S * KS_SECOND;

	while (shared->on[card].rounds < rounds && !shared->on[card].result) {
		KS_CHECK(ks_now_ns() < until, "the load of card %d stands still", card);
		usleep(1000);
	}
	KS_CHECK(!shared->on[card].result, "the load of card %d: %d", card, shared->on[card].result);
	return 0;
}

int ks_load_start(int but)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	KS_CHECK(shared != MAP_FAILED);
	for (int card = 0; card < ks_cards(); card++) {
		pid[card] = card == but ? 0 : fork();
		KS_CHECK(pid[card] >= 0);
		if (!pid[card] && card != but)
			work(card);
	}
	for (int card = 0; card < ks_cards(); card++)
		if (pid[card])
			KS_OK(reach(card, 1));
	return 0;
}

int ks_load_goes_on(void)
{
	uint64_t want[KS_MAX_CARDS];

	for (int card = 0; card < KS_MAX_CARDS; card++)
		want[card] = shared->on[card].rounds + 2;
	for (int card = 0; card < KS_MAX_CARDS; card++)
		if (pid[card])
			KS_OK(reach(card, want[card]));
	return 0;
}

int ks_load_stop(void)
{
	int result = 0, status;

	shared->stop = true;
	for (int card = 0; card < KS_MAX_CARDS; card++) {
		if (!pid[card])
			continue;
		if (waitpid(pid[card], &status, 0) != pid[card] || !WIFEXITED(status) || WEXITSTATUS(status))
			result = ks_fail(__FILE__, __LINE__, "the load of card %d ended with %d", card,
					 shared->on[card].result);
		printf("# card %d: %llu verified rounds meanwhile\n", card, (unsigned long long)shared->on[card].rounds);
		pid[card] = 0;
	}
	munmap(shared, sizeof(*shared));
	return result;
}
