// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Queues that obey no stop, by errors that the card is told to make, where nobody waits for a job of theirs: they are
 * destroyed, or closed with their file, or die with their process, or are the driver's own, by which it clears memory.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Whatever asks for the end of a queue that obeys nothing: the card is reset for it, once, and works again. */
static int ends_by_reset(const char *what, int fd, int (*end)(void *), void *arg)
{
	uint64_t before = ks_stats(fd).resets;
	int64_t from = ks_now_ns();

	KS_OK(end(arg));
	KS_DO(ks_has_reset(fd, before));
	printf("# %s: a reset after %lld ms\n", what, (long long)(ks_now_ns() - from) / 1000000);
	KS_DO(ks_works(0));
	return 0;
}

static int destroy_rig(void *arg)
{
	struct ks_rig *rig = arg;

	return ks_queue_destroy(rig->fd, rig->queue);
}

static int close_uq(void *arg)
{
	ks_uq_close(arg);
	return 0;
}

/* A job queue that is destroyed, a user queue whose file is closed: neither can be stopped. */
static int ended_while_stuck(void)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 4096, 1);
	int fd = ks_open(0);
	struct ks_rig rig;
	struct ks_uq uq;

	KS_OK(ks_rig_open(&rig, 0, 60000));
	KS_OK(ks_inject_queue(0, rig.fd, rig.queue, WEFT_INJECT_STUCK_HARD));
	rig.list[0] = ks_pkt_fill(KS_DATA_VA, KS_DATA_BYTES, 1);
	KS_OK(ks_rig_submit(&rig, 1, 0));
	usleep(50000);
	KS_DO(ends_by_reset("QUEUE_DESTROY", fd, destroy_rig, &rig));
	KS_IS(ks_rig_wait(&rig), -ECANCELED);
	ks_rig_close(&rig);

	KS_OK(ks_uq_ready(&uq, 0));
	KS_OK(ks_inject_queue(0, uq.fd, uq.queue, WEFT_INJECT_STUCK_HARD));
	ks_uq_put(&uq, &fill);
	KS_DO(ks_uq_reach(&uq, WEFT_QS_RUNNING));
	usleep(20000);
	KS_DO(ends_by_reset("close", fd, close_uq, &uq));
	close(fd);
	return 0;
}

static char text[1 << 16];

/* The number on the card of the driver's own queue, by which it clears memory: the only one while no program has any. */
static int own_queue(uint32_t *queue)
{
	const char *at;

	KS_OK(ks_debugfs(0, "queues", text, sizeof(text)));
	at = strstr(text, "\nqueue ");
	KS_CHECK(at && strstr(at, " kind job ") && !strstr(at + 1, "\nqueue "), "%s", text);
	*queue = strtoul(at + strlen("\nqueue "), NULL, 10);
	return 0;
}

/* Within 10 s that queue is on an engine. */
static int own_queue_runs(void)
{
	int64_t until = ks_now_ns() + 10 * KS_SECOND;

	do {
		KS_CHECK(ks_now_ns() < until, "%s", text);
		KS_OK(ks_debugfs(0, "queues", text, sizeof(text)));
	} while (!strstr(text, " run RUNNING "));
	return 0;
}

#define DIRT	(8ULL << 20)
#define REST_MS	5500	/* the driver tries the card again after 5 s */

/* Memory that somebody has written to and freed. @cleared: that is waited for, too. */
static int leave_dirt(int fd, bool cleared)
{
	long long before;
	uint32_t handle;
	uint8_t *p;

	KS_OK(ks_gem_create(fd, DIRT, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	p = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	memset(p, 0xda, DIRT);
	munmap(p, DIRT);
	before = ks_cleared(0);
	KS_OK(ks_gem_close(fd, handle));
	if (cleared)
		KS_OK(ks_wait_cleared(0, before + (long long)DIRT / 4096));
	return 0;
}

/* All that can be had, in objects of 8 MiB, reads zero. */
static int all_zero(void)
{
	int fd = ks_open(0), objects = 0;
	uint32_t handle;

	KS_CHECK(fd >= 0);
	for (; !ks_gem_create(fd, DIRT, DRM_WEFT_PLACE_LOCAL, 0, &handle); objects++) {
		uint64_t *p = ks_gem_map(fd, handle, PROT_READ);

		KS_CHECK(p != MAP_FAILED);
		for (uint64_t i = 0; i < DIRT / 8; i += 64)
			KS_CHECK(p[i] == 0, "object %d, word %llu: %#llx", objects, (unsigned long long)i,
				 (unsigned long long)p[i]);
		munmap(p, DIRT);
	}
	KS_CHECK(objects > 2, "%d objects", objects);
	close(fd);
	return 0;
}

/*
 * A clearing by the card that does not end: the processor clears for a while, then a new queue does again, by which cells
 * are kicked all the time. What others get is zero.
 */
static int clearing_stuck(void)
{
	struct drm_weft_stats before, after;
	long long by_cpu, filled;
	uint32_t queue;
	struct ks_uq uq;
	int fd = ks_open(0);

	KS_OK(ks_wait_cleared(0, 0));
	KS_DO(own_queue(&queue));
	before = ks_stats(fd);
	KS_OK(ks_inject(0, WEFT_INJECT_STUCK, queue));
	KS_DO(leave_dirt(fd, true));
	KS_IS(ks_count(0, "scrub_up"), 1);
	by_cpu = ks_count(0, "scrub_by_cpu_pages");
	KS_CHECK(by_cpu >= (long long)DIRT / 4096, "%lld pages", by_cpu);
	after = ks_stats(fd);
	KS_IS(after.stop_timeouts - before.stop_timeouts, 1);
	KS_IS(after.engine_resets - before.engine_resets, 1);
	KS_IS(after.resets - before.resets, 0);
	KS_DO(all_zero());
	KS_DO(leave_dirt(fd, true));
	KS_CHECK(ks_count(0, "scrub_by_cpu_pages") > by_cpu);
	KS_DO(ks_works(0));
	KS_OK(ks_uq_open(&uq, 0));
	KS_OK(ks_kick(uq.fd, uq.cells_handle, 0));
	ks_uq_close(&uq);

	KS_OK(ks_wait_cleared(0, 0));
	usleep(REST_MS * 1000);
	by_cpu = ks_count(0, "scrub_by_cpu_pages");
	filled = ks_count(0, "scrub_filled_pages");
	KS_DO(all_zero());
	KS_DO(leave_dirt(fd, true));
	KS_IS(ks_count(0, "scrub_by_cpu_pages"), by_cpu);
	KS_CHECK(ks_count(0, "scrub_filled_pages") >= filled + (long long)DIRT / 4096);
	close(fd);
	return 0;
}

/* The same where no engine reset helps, so that the card is reset for it; and a reset that comes while a clearing runs. */
static int clearing_costs_a_reset(void)
{
	long long spaces = ks_count(0, "live_asids"), queues = ks_count(0, "live_hw_queues");
	uint64_t before;
	uint32_t queue;
	int fd = ks_open(0);

	for (int asked = 0; asked < 2; asked++) {
		KS_OK(ks_wait_cleared(0, 0));
		KS_DO(own_queue(&queue));
		before = ks_stats(fd).resets;
		KS_OK(ks_inject(0, WEFT_INJECT_STUCK_HARD, queue));
		KS_DO(leave_dirt(fd, false));
		KS_DO(own_queue_runs());
		/* the one that is asked for may come too late to be the first, on a slow machine */
		if (asked)
			KS_OK(ks_reset(0));
		else
			KS_DO(ks_has_reset(fd, before));
		KS_CHECK(ks_stats(fd).resets > before);
		KS_IS(ks_count(0, "scrub_up"), 1);
		KS_IS(ks_count(0, "live_asids"), spaces);
		KS_IS(ks_count(0, "live_hw_queues"), queues);
		KS_DO(all_zero());
	}
	close(fd);
	return 0;
}

/* A job that obeys nothing, in a child that is killed when the card is being waited for. */
static int hang_in_child(pid_t *pid, int spaces)
{
	int told[2];
	char ok;

	KS_CHECK(!pipe2(told, O_CLOEXEC));
	*pid = fork();
	KS_CHECK(*pid >= 0);
	if (!*pid) {
		struct drm_weft_queue_state state;
		struct ks_rig rig;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (ks_rig_open(&rig, 0, 100))
			_exit(1);
		for (int i = 0; i < spaces; i++) {
			uint32_t vm;

			if (ks_vm_create(rig.fd, &vm) ||
			    ks_bind(rig.fd, vm, rig.data_handle, KS_DATA_VA, KS_DATA_BYTES, DRM_WEFT_BIND_READ))
				_exit(2);
		}
		if (ks_inject_queue(0, rig.fd, rig.queue, WEFT_INJECT_STUCK_HARD))
			_exit(3);
		rig.list[0] = ks_pkt_fill(KS_DATA_VA, KS_DATA_BYTES, 1);
		if (ks_rig_submit(&rig, 1, 0))
			_exit(4);
		/* on an engine, where it meets the error within a unit */
		for (int i = 0; i < 10000 && !ks_queue_state(rig.fd, rig.queue, &state) && state.run != WEFT_QS_RUNNING; i++)
			usleep(1000);
		usleep(20000);
		if (write(told[1], "", 1) != 1)
			_exit(5);
		pause();
	}
	close(told[1]);
	KS_CHECK(read(told[0], &ok, 1) == 1, "the child ended");
	close(told[0]);
	return 0;
}

/* Whoever asks for something else of a card that is going to be reset does not wait for it: else each of 48 would a second. */
static int many_spaces(void)
{
	int fd = ks_open(0);
	uint64_t before;
	int64_t from;
	pid_t pid;

	KS_CHECK(fd >= 0);
	before = ks_stats(fd).resets;
	KS_DO(hang_in_child(&pid, 48));
	from = ks_now_ns();
	kill(pid, SIGKILL);
	KS_CHECK(waitpid(pid, NULL, 0) == pid);
	KS_DO(ks_has_reset(fd, before));
	printf("# closed, and the card reset, after %lld ms\n", (long long)(ks_now_ns() - from) / 1000000);
	KS_CHECK(ks_now_ns() - from < 16 * KS_SECOND, "%lld ms", (long long)(ks_now_ns() - from) / 1000000);
	close(fd);
	return 0;
}

/* Resets by the driver and by the administrator at any distance: one after the other, and the card is as before. */
static int resets_at_once(void)
{
	unsigned char config[2][64];
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", ks_pci(0));
	for (int i = 0; i < 6; i++) {
		uint64_t before;
		pid_t pid;
		int fd = open(path, O_RDONLY | O_CLOEXEC), card = ks_open(0);

		KS_CHECK(fd >= 0 && card >= 0 && pread(fd, config[0], 64, 0) == 64);
		before = ks_stats(card).resets;
		KS_DO(hang_in_child(&pid, 0));
		usleep(ks_random() % (i % 2 ? 1500000 : 300000));
		KS_OK(ks_reset(0));
		kill(pid, SIGKILL);
		KS_CHECK(waitpid(pid, NULL, 0) == pid);
		KS_DO(ks_works(0));
		/* one that was wanted before the administrator's has been that one */
		KS_CHECK(ks_stats(card).resets - before <= 2, "%llu resets", (unsigned long long)(ks_stats(card).resets - before));
		KS_IS(ks_count(0, "wedged"), 0);
		KS_IS(ks_count(0, "scrub_up"), 1);
		KS_CHECK(pread(fd, config[1], 64, 0) == 64);
		KS_CHECK(!memcmp(config[0], config[1], 64), "round %d: the card's configuration has changed", i);
		close(card);
		close(fd);
	}
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "queues that obey nothing are destroyed and closed", ended_while_stuck },
		{ "calls of a card that is going to be reset do not wait for it one by one", many_spaces },
		{ "resets by the driver and the administrator at once", resets_at_once },
		{ "a clearing that does not end: the processor clears, for a while", clearing_stuck },
		{ "a clearing that costs a reset, and one that a reset meets", clearing_costs_a_reset },
	};

	return ks_main("stuck", tests, sizeof(tests) / sizeof(tests[0]));
}
