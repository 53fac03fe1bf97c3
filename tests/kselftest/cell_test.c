// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Cells: who may bind and write them, how the host waits for them and wakes others, what it sees of waiters. */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define SEM_R	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_SEM)
#define SEM_RW	(SEM_R | DRM_WEFT_BIND_WRITE)
#define ALL	(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM)
#define MS	1000000ULL
#define VA	0x900000000ULL

static int sem(int fd, uint64_t bytes, uint32_t *handle)
{
	return ks_gem_create(fd, bytes, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, handle);
}

/* A second binding of the queue's cells, that may write them. */
static int writable(struct ks_uq *q, uint64_t va)
{
	return ks_bind(q->fd, q->vm, q->cells_handle, va, 4096, SEM_RW);
}

static int rights(void)
{
	static const uint32_t sets[] = {
		DRM_WEFT_RIGHT_READ, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE,
		DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_SEM, ALL,
	};
	struct ks_uq q;
	uint32_t vm, handle, plain, imported;
	int fd;

	KS_OK(ks_uq_open(&q, 0));
	vm = q.vm;
	KS_OK(sem(q.fd, 8192, &handle));
	KS_IS(ks_bind(q.fd, vm, handle, VA, 4096, DRM_WEFT_BIND_READ), -EINVAL);
	KS_IS(ks_bind(q.fd, vm, handle, VA, 4096, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE), -EINVAL);
	KS_OK(ks_gem_create(q.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &plain));
	KS_IS(ks_bind(q.fd, vm, plain, VA, 4096, SEM_R), -EINVAL);
	KS_IS(ks_gem_create(q.fd, 4096, DRM_WEFT_PLACE_SYSTEM, DRM_WEFT_GEM_SEM, &plain), -EINVAL);
	KS_IS(sem(q.fd, 32ULL << 20, &plain), -EINVAL);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct drm_weft_cell_wait out;
		struct drm_weft_gem_info info;
		bool is_sem = sets[i] & DRM_WEFT_RIGHT_SEM, write = sets[i] & DRM_WEFT_RIGHT_WRITE;
		int other = ks_open(0);
		uint32_t other_vm;

		KS_OK(ks_vm_create_lr(other, &other_vm));
		KS_OK(ks_export(q.fd, handle, sets[i], &fd));
		KS_OK(ks_import(other, fd, &imported));
		KS_OK(ks_gem_info(other, imported, &info));
		KS_IS(info.rights, sets[i]);
		KS_IS(info.flags, DRM_WEFT_GEM_SEM);
		KS_IS(ks_bind(other, other_vm, imported, VA, 4096, SEM_R), is_sem ? 0 : -EACCES);
		KS_IS(ks_bind(other, other_vm, imported, VA + 4096, 4096, SEM_RW), is_sem && write ? 0 : -EACCES);
		KS_IS(ks_cell_wait(other, imported, 0, 1, 0, &out), -ETIME);
		KS_CHECK((ks_gem_map(other, imported, PROT_READ | PROT_WRITE) == MAP_FAILED) == !write);
		close(fd);
		close(other);
	}
	ks_uq_close(&q);
	return 0;
}

/* A page has one writing file for good; another page may have another. */
static int one_writer(void)
{
	struct drm_weft_vm_bind second = { .op = DRM_WEFT_BIND_MAP, .flags = SEM_RW, .va = VA, .range = 4096 };
	struct drm_weft_will will = { .id = 1 };
	struct drm_weft_user_queue_create args;
	struct ks_uq q, other;
	uint32_t handle, imported;
	int fd;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_uq_open(&other, 0));
	KS_OK(sem(q.fd, 8192, &handle));
	KS_OK(ks_export(q.fd, handle, ALL, &fd));
	KS_OK(ks_import(other.fd, fd, &imported));
	close(fd);
	KS_OK(ks_bind(other.fd, other.vm, imported, VA, 4096, SEM_RW));
	KS_IS(ks_bind(q.fd, q.vm, handle, VA, 4096, SEM_RW), -EBUSY);
	KS_OK(ks_bind(q.fd, q.vm, handle, VA, 4096, SEM_R));
	KS_OK(ks_bind(other.fd, other.vm, imported, VA + 0x10000, 4096, SEM_RW));
	second.vm_id = q.vm;
	second.handle = handle;
	second.offset = 4096;
	second.va = VA + 0x20000;
	KS_OK(ks_ioctl(q.fd, DRM_IOCTL_WEFT_VM_BIND, &second));
	KS_IS(ks_bind(other.fd, other.vm, imported, VA + 0x20000, 8192, SEM_RW), -EBUSY);
	/* a will is a promise to write */
	will.handle = handle;
	args = ks_uq_args(&q);
	args.wills = (uintptr_t)&will;
	args.num_wills = 1;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args), -EBUSY);
	will.offset = 4096 + 33;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args), -EINVAL);
	will.offset = 8192;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args), -EINVAL);
	will.handle = 999;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args), -ENOENT);
	/* the writer is gone, its cells with it */
	ks_uq_close(&other);
	KS_IS(ks_bind(q.fd, q.vm, handle, VA + 0x30000, 4096, SEM_RW), -EBUSY);
	ks_uq_close(&q);
	return 0;
}

static int arm_page(void)
{
	struct drm_weft_gem_info info;
	const volatile struct weft_arm_page *arm;
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA + 3 * 32, 5);
	struct ks_uq q;

	KS_OK(ks_uq_ready(&q, 0));
	KS_OK(ks_gem_info(q.fd, q.cells_handle, &info));
	KS_CHECK(info.arm_offset);
	KS_CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, q.fd, info.arm_offset) == MAP_FAILED &&
		 errno == EACCES);
	KS_CHECK(mmap(NULL, 8192, PROT_READ, MAP_SHARED, q.fd, info.arm_offset) == MAP_FAILED && errno == EINVAL);
	arm = mmap(NULL, 4096, PROT_READ, MAP_SHARED, q.fd, info.arm_offset);
	KS_CHECK(arm != MAP_FAILED);
	KS_CHECK(mprotect((void *)arm, 4096, PROT_READ | PROT_WRITE) && errno == EACCES);
	for (int i = 0; i < WEFT_CELLS_PER_PAGE; i++)
		KS_IS(arm->arm[i], 0);
	ks_uq_put(&q, &wait);
	KS_OK(ks_uq_reach(&q, WEFT_QS_PARKED));
	KS_IS(q.state->wait_va, KS_CELLS_VA + 3 * 32);
	KS_IS(q.state->wait_value, 5);
	for (int i = 0; i < WEFT_CELLS_PER_PAGE; i++)
		KS_CHECK(!!arm->arm[i] == (i == 3), "cell %d", i);
	/* a host that signals: store, fence, look, kick */
	q.cells[3].value = 5;
	__sync_synchronize();
	KS_CHECK(arm->arm[3]);
	KS_OK(ks_kick(q.fd, q.cells_handle, 3 * 32));
	KS_OK(ks_uq_drain(&q));
	KS_OK(ks_uq_reach(&q, WEFT_QS_IDLE));
	KS_IS(arm->arm[3], 0);
	/* the mapping outlives the object's handle and file */
	ks_uq_close(&q);
	KS_IS(arm->arm[3], 0);
	munmap((void *)arm, 4096);
	return 0;
}

static int kicks(void)
{
	struct drm_weft_kick kick = { .pad = 1 };
	union weft_packet wait;
	struct ks_uq q;
	uint32_t plain;

	KS_OK(ks_uq_ready(&q, 0));
	KS_OK(ks_gem_create(q.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &plain));
	kick.handle = q.cells_handle;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_KICK, &kick), -EINVAL);
	KS_IS(ks_kick(q.fd, 999, 0), -ENOENT);
	KS_IS(ks_kick(q.fd, plain, 0), -EINVAL);
	KS_IS(ks_kick(q.fd, q.cells_handle, 4096), -EINVAL);
	KS_IS(ks_kick(q.fd, q.cells_handle, 8), -EINVAL);
	for (uint64_t i = 1; i <= 200; i++) {
		wait = ks_pkt_wait(KS_CELLS_VA, i);
		ks_uq_put(&q, &wait);
		if (i % 2)
			KS_OK(ks_uq_reach(&q, WEFT_QS_PARKED));
		q.cells[0].value = i;
		__sync_synchronize();
		/* every other by the doorbell page */
		if (i % 4 < 2)
			KS_OK(ks_kick(q.fd, q.cells_handle, 0));
		else
			*(volatile uint64_t *)(q.doorbell + WEFT_DB_KICK / 4) = KS_CELLS_VA;
		KS_OK(ks_uq_drain(&q));
	}
	/* a kick without a store wakes nobody for good */
	wait = ks_pkt_wait(KS_CELLS_VA, 1000);
	ks_uq_put(&q, &wait);
	KS_OK(ks_uq_reach(&q, WEFT_QS_PARKED));
	for (int i = 0; i < 100; i++)
		KS_OK(ks_kick(q.fd, q.cells_handle, 0));
	usleep(10000);
	KS_OK(ks_uq_reach(&q, WEFT_QS_PARKED));
	KS_IS(q.ctl->head, 200);
	ks_uq_close(&q);
	return 0;
}

static int wait_at_once(void)
{
	struct drm_weft_cell_wait out, bad = { .flags = 1 };
	struct ks_uq q;
	uint32_t plain;
	int64_t from;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_gem_create(q.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &plain));
	bad.handle = q.cells_handle;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_CELL_WAIT, &bad), -EINVAL);
	KS_IS(ks_cell_wait(q.fd, q.cells_handle, 0, 1, 601 * KS_SECOND, NULL), -EINVAL);
	KS_IS(ks_cell_wait(q.fd, q.cells_handle, 4, 1, 0, NULL), -EINVAL);
	KS_IS(ks_cell_wait(q.fd, q.cells_handle, 4096, 1, 0, NULL), -EINVAL);
	KS_IS(ks_cell_wait(q.fd, plain, 0, 1, 0, NULL), -EINVAL);
	KS_IS(ks_cell_wait(q.fd, 999, 0, 1, 0, NULL), -ENOENT);
	KS_OK(ks_cell_wait(q.fd, q.cells_handle, 0, 0, 0, &out));
	q.cells[1].value = 7;
	KS_OK(ks_cell_wait(q.fd, q.cells_handle, 32, 7, KS_SECOND, &out));
	KS_IS(out.value, 7);
	KS_IS(ks_cell_wait(q.fd, q.cells_handle, 32, 8, 0, &out), -ETIME);
	KS_IS(out.value, 7);
	from = ks_now_ns();
	KS_IS(ks_cell_wait(q.fd, q.cells_handle, 32, 8, 300 * MS, &out), -ETIME);
	KS_CHECK(ks_now_ns() - from >= 300 * (int64_t)MS && ks_now_ns() - from < 5 * KS_SECOND);
	q.cells[2].value = 3;
	q.cells[2].end = 1;
	KS_OK(ks_cell_wait(q.fd, q.cells_handle, 64, 100, KS_SECOND, &out));
	KS_IS(out.value, 3);
	KS_IS(out.end, 1);
	q.cells[3].fault = WEFT_CELL_FAULT(WEFT_CELL_POISON, 1, 2);
	KS_OK(ks_cell_wait(q.fd, q.cells_handle, 96, 100, KS_SECOND, &out));
	KS_CHECK(out.fault == WEFT_CELL_FAULT(WEFT_CELL_POISON, 1, 2));
	ks_uq_close(&q);
	return 0;
}

/* The card signals while the host sleeps; most of the time, because it may come before. */
static int wait_for_signal(void)
{
	union weft_packet timed = { .word = { 0 } }, signal;
	struct drm_weft_cell_wait out;
	struct ks_uq q;
	int64_t worst = 0;

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(writable(&q, VA));
	KS_OK(ks_uq_start(&q, NULL, 0));
	timed.timed.op = WEFT_PKT_TIMED;
	for (uint64_t i = 1; i <= 100; i++) {
		int64_t from = ks_now_ns(), took;

		timed.timed.ns = ks_random() % (2 * MS);
		ks_uq_put(&q, &timed);
		signal = ks_pkt_signal(VA + 160, i, WEFT_SIG_VALUE | (i == 100 ? WEFT_SIG_END : 0));
		ks_uq_put(&q, &signal);
		KS_OK(ks_cell_wait(q.fd, q.cells_handle, 160, i, 10 * KS_SECOND, &out));
		took = ks_now_ns() - from;
		worst = took > worst ? took : worst;
		KS_CHECK(out.value == i);
	}
	KS_IS(out.end, 1);
	printf("# slowest of 100: %lld us\n", (long long)worst / 1000);
	ks_uq_close(&q);
	return 0;
}

static void on_signal(int sig)
{
	(void)sig;
}

struct sleeper {
	struct ks_uq *q;
	uint64_t timeout_ns;
	int result;
	int64_t took;
	struct drm_weft_cell_wait out;
};

static void *sleep_on_cell(void *arg)
{
	struct sleeper *s = arg;
	int64_t from = ks_now_ns();

	s->result = ks_cell_wait(s->q->fd, s->q->cells_handle, 0, 1, s->timeout_ns, &s->out);
	s->took = ks_now_ns() - from;
	return NULL;
}

/* Interrupted again and again the wait still takes as long as was asked. */
static int interrupted(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sleeper s = { .timeout_ns = 500 * MS };
	struct ks_uq q;
	pthread_t thread;

	KS_OK(ks_uq_open(&q, 0));
	s.q = &q;
	sigaction(SIGUSR1, &action, NULL);
	KS_OK(pthread_create(&thread, NULL, sleep_on_cell, &s));
	for (int i = 0; i < 20; i++) {
		usleep(10000);
		pthread_kill(thread, SIGUSR1);
	}
	pthread_join(thread, NULL);
	KS_IS(s.result, -ETIME);
	KS_CHECK(s.took >= 500 * (int64_t)MS && s.took < 5 * KS_SECOND, "%lld", (long long)s.took);
	ks_uq_close(&q);
	return 0;
}

/* Sleepers when the card is reset and when it is unbound. */
static int lost_while_asleep(void)
{
	struct sleeper s = { .timeout_ns = 60 * KS_SECOND };
	char pci[32];
	struct ks_uq q;
	pthread_t thread;

	KS_OK(ks_uq_open(&q, 0));
	s.q = &q;
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(pthread_create(&thread, NULL, sleep_on_cell, &s));
	usleep(100000);
	KS_OK(ks_reset(0));
	pthread_join(thread, NULL);
	KS_IS(s.result, -ECANCELED);
	ks_uq_close(&q);

	KS_OK(ks_uq_open(&q, 0));
	KS_OK(pthread_create(&thread, NULL, sleep_on_cell, &s));
	usleep(100000);
	KS_OK(ks_driver("unbind", pci));
	pthread_join(thread, NULL);
	KS_IS(s.result, -ENODEV);
	ks_uq_close(&q);
	KS_OK(ks_driver("bind", pci));
	return 0;
}

#define CHURN_BYTES	(16ULL << 12)
#define CHURNERS	2

/* One card on which objects of cells are made and closed while it is reset again and again. */
struct churn {
	int card;
	long resets;
	unsigned int seed;
	bool stop;
	struct churner {
		struct churn *of;
		pthread_t thread;
		long made;
		int result;
	} churner[CHURNERS];
	pthread_t resetter;
	int result;
};

/* Who creates waits for the reset; who closes does not. */
static void *make_and_close(void *arg)
{
	struct churner *c = arg;
	int fd = ks_open(c->of->card);
	uint32_t handle;

	c->result = fd < 0 ? fd : 0;
	for (; !c->result && !__atomic_load_n(&c->of->stop, __ATOMIC_RELAXED); c->made++) {
		c->result = sem(fd, CHURN_BYTES, &handle);
		if (!c->result)
			c->result = ks_gem_close(fd, handle);
	}
	close(fd);
	return NULL;
}

static void *reset_often(void *arg)
{
	struct churn *c = arg;

	for (long i = 0; i < c->resets && !c->result; i++) {
		usleep(rand_r(&c->seed) % 20000);
		c->result = ks_reset(c->card);
	}
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
	return NULL;
}

/*
 * An object of cells ends by requests to the firmware, and its end waits for no reset: that a reset is under way costs neither
 * the card nor its memory. On all cards at once.
 */
static int closed_within_resets(void)
{
	struct churn churn[KS_MAX_CARDS] = { };
	struct drm_weft_stats before[KS_MAX_CARDS];
	long rounds = ks_iterations(8), made = 0;
	int fd[KS_MAX_CARDS];

	for (int i = 0; i < ks_cards(); i++) {
		fd[i] = ks_open(i);
		before[i] = ks_stats(fd[i]);
		churn[i].card = i;
		churn[i].resets = rounds;
		churn[i].seed = ks_random();
		for (int j = 0; j < CHURNERS; j++) {
			churn[i].churner[j].of = &churn[i];
			KS_OK(pthread_create(&churn[i].churner[j].thread, NULL, make_and_close, &churn[i].churner[j]));
		}
		KS_OK(pthread_create(&churn[i].resetter, NULL, reset_often, &churn[i]));
	}
	for (int i = 0; i < ks_cards(); i++) {
		KS_OK(pthread_join(churn[i].resetter, NULL));
		for (int j = 0; j < CHURNERS; j++)
			KS_OK(pthread_join(churn[i].churner[j].thread, NULL));
	}
	for (int i = 0; i < ks_cards(); i++) {
		KS_CHECK(!churn[i].result, "card %d: a reset ended with %d", i, churn[i].result);
		for (int j = 0; j < CHURNERS; j++) {
			KS_CHECK(!churn[i].churner[j].result, "card %d, object %ld: %d", i, churn[i].churner[j].made,
				 churn[i].churner[j].result);
			made += churn[i].churner[j].made;
		}
		/* what the last of them withheld comes back with the next */
		KS_OK(ks_reset(i));
		KS_IS(ks_stats(fd[i]).resets - before[i].resets, rounds + 1);
		KS_IS(ks_count(i, "wedged"), 0);
		close(fd[i]);
		KS_DO(ks_works(i));
	}
	printf("# %ld objects\n", made);
	return 0;
}

/* A peer's card signals a cell that a queue here waits for, and one the host sleeps on. */
static int across_cards(void)
{
	union weft_packet wait, signal;
	struct drm_weft_cell_wait out;
	struct ks_uq here, there;
	uint32_t imported;
	int fd;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_OK(ks_uq_open(&here, 0));
	KS_OK(ks_uq_open(&there, 1));
	KS_OK(ks_export(here.fd, here.cells_handle, ALL, &fd));
	if (ks_import(there.fd, fd, &imported)) {
		close(fd);
		ks_uq_close(&here);
		ks_uq_close(&there);
		return ks_skip("p2pdma");
	}
	close(fd);
	KS_IS(ks_kick(there.fd, imported, 0), -EINVAL);
	KS_IS(ks_cell_wait(there.fd, imported, 0, 0, 0, NULL), -EINVAL);
	KS_OK(ks_bind(there.fd, there.vm, imported, VA, 4096, SEM_RW));
	KS_OK(ks_uq_start(&here, NULL, 0));
	KS_OK(ks_uq_start(&there, NULL, 0));
	for (uint64_t i = 1; i <= 100; i++) {
		wait = ks_pkt_wait(KS_CELLS_VA + 64, i);
		ks_uq_put(&here, &wait);
		if (i % 2)
			KS_OK(ks_uq_reach(&here, WEFT_QS_PARKED));
		signal = ks_pkt_signal(VA + 64, i, WEFT_SIG_VALUE);
		signal.signal.scope = i % 3 ? WEFT_SCOPE_QUEUE : WEFT_SCOPE_SYSTEM;
		ks_uq_put(&there, &signal);
		KS_OK(ks_cell_wait(here.fd, here.cells_handle, 64, i, 10 * KS_SECOND, &out));
		KS_OK(ks_uq_drain(&here));
		KS_OK(ks_uq_drain(&there));
	}
	ks_uq_close(&here);
	ks_uq_close(&there);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "rights to bind, map and wait", rights },
		{ "one writing file a page", one_writer },
		{ "arm page: read only, set while somebody is parked", arm_page },
		{ "KICK wakes who is satisfied", kicks },
		{ "CELL_WAIT: satisfied, ended, faulty, out of time", wait_at_once },
		{ "CELL_WAIT: the card signals", wait_for_signal },
		{ "CELL_WAIT: interrupted", interrupted },
		{ "CELL_WAIT: reset and unbind", lost_while_asleep },
		{ "cells of a peer", across_cards },
		{ "objects of cells are made and closed while their cards are reset", closed_within_resets },
	};

	return ks_main("cell", tests, sizeof(tests) / sizeof(tests[0]));
}
