// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Processes die by SIGKILL at random moments, from the open of the card on: nothing is left behind, and whoever works
 * beside them loses nothing. COUNT is that of the deaths, which the ways of dying share; commands of io_uring are in
 * uring_life_test.c, sharing in pass_test.c, wills in will_test.c.
 */
#define _GNU_SOURCE
#include "ks_bind.h"
#include "ks_load.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define ROUNDS		30
#define WAYS		4
#define MIB		(1ULL << 20)
#define PEER_VA		0x400000000ULL

static void jobs(struct ks_rig *rig)
{
	for (int i = 0; i < 64; i++)
		rig->list[i].copy = (struct weft_pkt_copy){
			.op = WEFT_PKT_COPY, .src = KS_DATA_VA, .dst = KS_DATA_VA + MIB, .bytes = MIB,
		};
	for (int i = 0; i < 8; i++)
		if (ks_rig_submit(rig, 64, 0))
			_exit(4);
}

/* Jobs in flight on every card, the memory of each in the address space of the next. */
static void jobs_and_peers(void)
{
	struct ks_rig rig[KS_MAX_CARDS];
	int n = ks_cards();

	for (int card = 0; card < n; card++)
		if (ks_rig_open(&rig[card], card, 0))
			_exit(1);
	for (int card = 0; card < n; card++) {
		struct ks_rig *peer = &rig[(card + 1) % n];
		uint32_t handle;
		int fd, r;

		if (ks_export(rig[card].fd, rig[card].data_handle, DRM_WEFT_RIGHT_READ, &fd))
			_exit(2);
		/* without P2P in the kernel there are jobs alone */
		r = n > 1 ? ks_import(peer->fd, fd, &handle) : -EOPNOTSUPP;
		if (r != -EOPNOTSUPP &&
		    (r || ks_bind(peer->fd, peer->vm, handle, PEER_VA, KS_DATA_BYTES, DRM_WEFT_BIND_READ)))
			_exit(3);
		close(fd);
	}
	for (;;) {
		for (int card = 0; card < n; card++)
			jobs(&rig[card]);
		for (int card = 0; card < n; card++)
			if (ks_rig_wait(&rig[card]))
				_exit(5);
	}
}

/* A ring that is never empty. */
static void user_queue(void)
{
	union weft_packet copy = ks_pkt_copy(KS_UDATA_VA + MIB / 2, KS_UDATA_VA, MIB / 2);
	struct ks_uq q;

	if (ks_uq_ready(&q, ks_random() % ks_cards()))
		_exit(1);
	for (;;)
		ks_uq_put(&q, &copy);
}

/* Objects of both placements, bound at once and later, mapped and touched, closed before they are unbound. */
static void memory(void)
{
	int fd = ks_open(ks_random() % ks_cards());
	uint32_t vm;

	if (fd < 0 || ks_vm_create(fd, &vm))
		_exit(1);
	for (;;) {
		uint64_t bytes = 4096ULL << ks_random() % 10, va = (ks_random() % 512 + 1) << 21;
		uint32_t place = ks_random() % 2 ? DRM_WEFT_PLACE_LOCAL : DRM_WEFT_PLACE_SYSTEM, handle;
		uint32_t later = ks_random() % 2 ? KS_ASYNC : 0;
		uint8_t *map;

		if (ks_gem_create(fd, bytes, place, 0, &handle))
			_exit(2);
		map = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
		if (map == MAP_FAILED)
			_exit(3);
		map[bytes - 1] = 1;
		if (ks_vm_bind(fd, ks_map_args(vm, handle, va, bytes, KS_RW | later)))
			_exit(4);
		munmap(map, bytes);
		if (ks_gem_close(fd, handle) || ks_vm_bind(fd, ks_unmap_args(vm, va, bytes, later)))
			_exit(5);
	}
}

/* Jobs that fault, so that the queue is mostly in recovery, or has just begun anew. */
static void faults(void)
{
	struct ks_rig rig;

	if (ks_rig_open(&rig, ks_random() % ks_cards(), 0))
		_exit(1);
	rig.list[0] = ks_pkt_copy(KS_DATA_VA + MIB, KS_DATA_VA, MIB / 4);
	rig.list[1].nop.op = 200;
	for (;;) {
		for (int i = 0; i < 3; i++)
			if (ks_rig_submit(&rig, 2, 0))
				_exit(2);
		if (ks_rig_wait(&rig) >= 0)
			_exit(3);
	}
}

/* How long a victim lives at most, us: on a slow machine it is long until the first job. */
static int lifetime(uint64_t *us)
{
	struct ks_rig rig;
	int64_t from = 0;

	for (int i = 0; i < 2; i++) {		/* the second, since much is done once */
		from = ks_now_ns();
		KS_OK(ks_rig_open(&rig, 0, 0));
		KS_DO(ks_rig_alive(&rig));
		ks_rig_close(&rig);
	}
	*us = 100000 + 2 * (ks_now_ns() - from) / 1000;
	return 0;
}

static int die(void (*live)(void))
{
	long n = (ks_iterations(ROUNDS) + WAYS - 1) / WAYS;
	char what[256] = "";
	uint64_t most = 0;

	KS_OK(ks_load_start(-1));
	KS_DO(lifetime(&most));
	for (long i = 0; i < n; i++) {
		uint64_t salt = ks_random();
		pid_t pid = fork();
		int status;

		KS_CHECK(pid >= 0);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (salt-- % 64)
				ks_random();
			live();
		}
		usleep(salt % most);
		kill(pid, SIGKILL);
		KS_CHECK(waitpid(pid, &status, 0) == pid);
		KS_CHECK(WIFSIGNALED(status), "round %ld: the victim ended by itself with %d", i, WEXITSTATUS(status));
	}
	printf("# %ld died within %llu ms\n", n, (unsigned long long)most / 1000);
	KS_OK(ks_load_goes_on());
	KS_OK(ks_load_stop());
	KS_CHECK(!ks_leaks(what, sizeof(what)), "%s", what);
	return 0;
}

static int among_jobs(void)
{
	return die(jobs_and_peers);
}

static int with_user_queue(void)
{
	return die(user_queue);
}

static int among_objects(void)
{
	return die(memory);
}

static int among_faults(void)
{
	return die(faults);
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "kill -9 among jobs, with memory of peers", among_jobs },
		{ "kill -9 of the owner of a user queue at work", with_user_queue },
		{ "kill -9 between objects made, bound and closed", among_objects },
		{ "kill -9 while a queue recovers", among_faults },
	};

	return ks_main("kill", tests, sizeof(tests) / sizeof(tests[0]));
}
