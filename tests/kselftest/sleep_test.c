// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * The machine suspends with queues at work: they go on where they were, with right results; or it is refused. Suspend to
 * memory goes as far as the devices here (pm_test), so that power is never lost: QEMU ends by an assertion when a machine
 * with cards in slots wakes from S3. tests/system/deep_test.py loses it, with ports that have no hot plug.
 */
#define _GNU_SOURCE
#include "ks_ring.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define CELLS_RW	0x700100000ULL		/* the cells once more, writable */
#define BODY_AT		0xe0000ULL		/* in the queue's data: inner body, outer body */
#define STEP_NS		2000000ULL

/*
 * The kernel goes as far as `level` and comes back by itself after a while: "devices", they are told; "platform", they
 * are in D3hot too.
 */
static int suspend_for(const char *seconds, const char *level, const char *state)
{
	int r;

	ks_write("/sys/module/suspend/parameters/pm_test_delay", seconds);
	r = ks_write("/sys/power/pm_test", level);
	if (!r)
		r = ks_write("/sys/power/state", state);
	ks_write("/sys/power/pm_test", "none");
	return r;
}

static int suspend_to(const char *level, const char *state)
{
	return suspend_for("1", level, state);
}

static int suspend_devices(const char *state)
{
	return suspend_to("devices", state);
}

static int set_limit(const char *ms)
{
	return ks_write("/sys/module/weft/parameters/suspend_timeout_ms", ms);
}

/* Two nested loops: the inner waits a while and counts in cell 1, the outer counts in cell 2. */
static int start_loops(struct ks_uq *q, int card, uint32_t outer, uint32_t inner)
{
	union weft_packet body[2], around[2], loop = { .word = { 0 } };
	int r = ks_uq_open(q, card);

	if (!r)
		r = ks_uq_start(q, NULL, 0);
	if (!r)
		r = ks_bind(q->fd, q->vm, q->cells_handle, CELLS_RW, 4096,
			    DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM);
	if (r)
		return r;
	memset(body, 0, sizeof(body));
	memset(around, 0, sizeof(around));
	body[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = STEP_NS };
	body[1] = ks_pkt_fill(KS_UDATA_VA, 4096, 0x11);
	around[0].call.op = WEFT_PKT_LOOP;
	around[0].call.npackets = 2;
	around[0].call.list = KS_UDATA_VA + BODY_AT;
	around[0].call.count = inner;
	around[1] = ks_pkt_signal(CELLS_RW + 32, 1, WEFT_SIG_VALUE);
	around[1].signal.u.one.step = 1;
	memcpy(q->data + BODY_AT, body, sizeof(body));
	memcpy(q->data + BODY_AT + 4096, around, sizeof(around));
	loop.call.op = WEFT_PKT_LOOP;
	loop.call.npackets = 2;
	loop.call.list = KS_UDATA_VA + BODY_AT + 4096;
	loop.call.count = outer;
	ks_uq_put(q, &loop);
	return 0;
}

static int finish_loops(struct ks_uq *q, uint32_t outer, uint32_t inner)
{
	int64_t until = ks_now_ns() + 60 * KS_SECOND;

	while (q->ctl->head != q->tail && q->state->run != WEFT_QS_FAULTED && ks_now_ns() < until)
		usleep(1000);
	KS_CHECK(q->ctl->head == q->tail, "state %u, cause %u, %llu packets, cell %llu", q->state->run, q->state->cause,
		 (unsigned long long)q->state->retired, (unsigned long long)q->cells[1].value);
	KS_IS(q->cells[1].value, outer);
	/* Every packet once: bodies, the signals, the inner loops, the outer one. */
	KS_IS(q->state->retired, (uint64_t)outer * inner * 2 + outer * 2 + 1);
	ks_uq_close(q);
	return 0;
}

struct work {
	struct ks_uq loops, parked;
	struct ks_rig rig;
};

/* Loops on one card, a queue parked on another, jobs of many steps on a third (or all on one). */
static int start(struct work *w)
{
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA, 1), fill = ks_pkt_fill(KS_UDATA_VA, 4096, 0x99);
	int n = ks_cards();

	KS_OK(start_loops(&w->loops, 0, 120, 20));
	KS_OK(ks_uq_ready(&w->parked, 1 % n));
	ks_uq_put(&w->parked, &wait);
	ks_uq_put(&w->parked, &fill);
	KS_OK(ks_uq_reach(&w->parked, WEFT_QS_PARKED));
	KS_OK(ks_rig_open(&w->rig, 2 % n, 0));
	for (int i = 0; i < 100; i++) {
		w->rig.list[2 * i].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 10 * STEP_NS };
		w->rig.list[2 * i + 1] = ks_pkt_fill(KS_DATA_VA + 4096 * i, 4096, (uint8_t)(i + 1));
	}
	for (int i = 0; i < 3; i++)
		KS_OK(ks_rig_submit(&w->rig, 200, 0));
	return 0;
}

static int finish(struct work *w)
{
	KS_IS(w->parked.state->run, WEFT_QS_PARKED);
	w->parked.cells[0].value = 1;
	KS_OK(ks_kick(w->parked.fd, w->parked.cells_handle, 0));
	KS_OK(ks_uq_drain(&w->parked));
	KS_CHECK(w->parked.data[0] == 0x99);
	ks_uq_close(&w->parked);
	KS_OK(ks_rig_wait(&w->rig));
	for (int i = 0; i < 100; i++)
		KS_CHECK(w->rig.data[4096 * i] == i + 1 && w->rig.data[4096 * i + 4095] == i + 1, "page %d is %#x", i,
			 w->rig.data[4096 * i]);
	KS_OK(ks_rig_alive(&w->rig));
	ks_rig_close(&w->rig);
	return finish_loops(&w->loops, 120, 20);
}

static int devices(void)
{
	struct work w;

	KS_OK(start(&w));
	KS_OK(suspend_devices("freeze"));
	KS_CHECK(w.loops.ctl->head != w.loops.tail, "the loops had ended before");
	KS_OK(suspend_devices("freeze"));
	return finish(&w);
}

static int through_d3hot(void)
{
	struct work w;

	KS_OK(start(&w));
	KS_OK(suspend_to("platform", "freeze"));
	KS_CHECK(w.loops.ctl->head != w.loops.tail, "the loops had ended before");
	return finish(&w);
}

static void *ask_later(void *result)
{
	*(int *)result = ks_ask("later 3000");
	return NULL;
}

/* How often the machine's suspends ended like that: "success", "failed_freeze". */
static int suspends(const char *end)
{
	char path[64];
	int n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/power/suspend_stats/%s", end);
	f = fopen(path, "r");
	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* The machine sleeps for longer than a job may run: that is not the job's time. */
static int beyond_the_limit(void)
{
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 1000));
	for (int i = 0; i < 100; i++) {
		rig.list[2 * i].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 2 * STEP_NS };
		rig.list[2 * i + 1] = ks_pkt_fill(KS_DATA_VA + 4096 * i, 4096, (uint8_t)(i + 1));
	}
	KS_OK(ks_rig_submit(&rig, 200, 0));
	KS_OK(suspend_for("3", "devices", "freeze"));
	KS_OK(ks_rig_wait(&rig));
	for (int i = 0; i < 100; i++)
		KS_CHECK(rig.data[4096 * i] == i + 1, "page %d is %#x", i, rig.data[4096 * i]);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* The whole way, and woken from outside: by what comes on a serial line. This machine's clock runs on meanwhile. */
static int to_idle(void)
{
	const char *wakeup = "/sys/class/tty/ttyS1/power/wakeup";
	int times = suspends("success"), asked = -1, r;
	pthread_t asker;
	int64_t from;
	struct work w;

	KS_DO(start(&w));
	KS_OK(ks_write(wakeup, "enabled"));
	KS_OK(pthread_create(&asker, NULL, ask_later, &asked));
	usleep(200000);		/* the request is out */
	from = ks_now_ns();
	r = ks_write("/sys/power/state", "freeze");
	from = ks_now_ns() - from;
	pthread_join(asker, NULL);
	ks_write(wakeup, "disabled");
	KS_OK(r);
	KS_OK(asked);
	KS_IS(suspends("success"), times + 1);
	KS_CHECK(from > 2 * KS_SECOND, "slept %lld ms of 3000", (long long)from / 1000000);
	KS_CHECK(w.loops.ctl->head != w.loops.tail, "the loops had ended before");
	return finish(&w);
}

/* One packet longer than the driver waits: refused, and everything goes on. */
static int refused_work(void)
{
	union weft_packet timed = { .timed = { .op = WEFT_PKT_TIMED, .ns = 4 * KS_SECOND } };
	struct ks_uq q;

	KS_OK(ks_uq_ready(&q, 0));
	ks_uq_put(&q, &timed);
	KS_OK(ks_uq_reach(&q, WEFT_QS_RUNNING));
	KS_OK(set_limit("200"));
	KS_IS(suspend_devices("freeze"), -EBUSY);
	KS_OK(set_limit("5000"));
	KS_OK(ks_uq_drain(&q));
	timed = ks_pkt_fill(KS_UDATA_VA, 64, 0x21);
	ks_uq_put(&q, &timed);
	KS_OK(ks_uq_drain(&q));
	KS_CHECK(q.data[0] == 0x21);
	ks_uq_close(&q);
	return 0;
}

/* Suspend to memory takes the power: refused while anything would be lost, allowed otherwise. */
static int refused_loss(void)
{
	struct ks_rig rig;
	int r;

	KS_OK(ks_write("/sys/power/mem_sleep", "deep"));
	KS_OK(ks_rig_open(&rig, 0, 0));
	r = suspend_devices("mem");
	KS_IS(r, -EBUSY);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	KS_OK(suspend_devices("mem"));
	KS_DO(ks_works(0));
	KS_OK(ks_write("/sys/power/mem_sleep", "s2idle"));
	return 0;
}

/* A call that sleeps is interrupted and goes on; one that was made after it sees the same card. */
static int pending_call(void)
{
	struct ks_sleeper s;

	KS_OK(ks_uq_open(&s.q, 0));
	KS_OK(ks_sleeper_start(&s));
	KS_OK(suspend_devices("freeze"));
	KS_OK(ks_sleeper_wake(&s));
	ks_uq_close(&s.q);
	return 0;
}

/* Commands of io_uring are pending over two suspends; what they wait for comes afterwards, and is told. */
static int pending_commands(void)
{
	static const long want[] = { DRM_WEFT_CELL_REACHED, 0, 0 };
	struct ks_waiting w;

	KS_DO(ks_waiting_open(&w, 0, ks_cards() - 1));
	KS_DO(ks_waiting_start(&w, KS_WAITING_ALL, 300));
	KS_OK(suspend_devices("freeze"));
	KS_CHECK(ks_waiting_still(&w));
	KS_OK(suspend_to("platform", "freeze"));
	KS_CHECK(ks_waiting_still(&w));
	KS_DO(ks_waiting_release(&w, KS_WAITING_ALL));
	KS_DO(ks_waiting_end(&w, KS_WAITING_ALL, want));
	KS_IS(ks_bind(w.rig.fd, w.rig.vm, w.rig.data_handle, KS_WAITING_VA, 4096, DRM_WEFT_BIND_READ), -EEXIST);
	KS_OK(ks_rig_alive(&w.rig));
	ks_waiting_close(&w);
	return 0;
}

/* Commands of every kind, and a bind that waits, of a process that only its end stops. */
static void wait_until_killed(int ready)
{
	struct ks_waiting w;
	char done = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ks_waiting_open(&w, 0, ks_cards() - 1) || ks_waiting_start(&w, KS_WAITING_ALL, 300) ||
	    write(ready, &done, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void *kill_later(void *arg)
{
	usleep(ks_random() % 60000);
	kill(*(pid_t *)arg, SIGKILL);
	return NULL;
}

/*
 * A process that ends while its ring's worker is already frozen waits for that worker, and the kernel (6.12) finds a process that
 * does not freeze, in io_wq_put_and_exit(). Then no card was asked; the process ends, and the next suspend is not refused.
 */
static int suspend_unless_not_frozen(const char *level, long *not_frozen)
{
	int before = suspends("failed_freeze");
	int r = suspend_to(level, "freeze");

	if (r == -EBUSY && suspends("failed_freeze") > before) {
		++*not_frozen;
		r = suspend_to(level, "freeze");
	}
	return r;
}

/*
 * Processes killed right beside a suspend: their files are closed before it, or by workers that are not frozen, while cards
 * go to sleep. Neither fails, and afterwards nothing is left of them.
 */
static int killed_beside(void)
{
	long rounds = ks_iterations(6), not_frozen = 0;

	KS_OK(ks_write("/sys/power/pm_freeze_timeout", "3000"));
	for (long round = 0; round < rounds; round++) {
		const char *level = round % 2 ? "platform" : "devices";
		pthread_t killer;
		char what[512];
		int ready[2];
		pid_t pid;

		KS_OK(pipe(ready));
		pid = fork();
		KS_CHECK(pid >= 0);
		if (!pid)
			wait_until_killed(ready[1]);
		close(ready[1]);
		KS_IS(read(ready[0], what, 1), 1);
		close(ready[0]);
		KS_OK(pthread_create(&killer, NULL, kill_later, &pid));
		KS_OK(suspend_unless_not_frozen(level, &not_frozen));
		pthread_join(killer, NULL);
		waitpid(pid, NULL, 0);
		KS_OK(ks_leaks(what, sizeof(what)));
		KS_DO(ks_works(0));
		KS_DO(ks_works(ks_cards() - 1));
	}
	KS_OK(ks_write("/sys/power/pm_freeze_timeout", "20000"));
	printf("# %ld of %ld suspends found a process that waited for a frozen worker of io_uring\n", not_frozen, rounds);
	return 0;
}

static int moves(const volatile uint64_t *p)
{
	int64_t until = ks_now_ns() + 10 * KS_SECOND;
	uint64_t before = *p;

	while (*p <= before && ks_now_ns() < until)
		usleep(1000);
	return *p > before ? 0 : -ETIME;
}

/* A card that copies into another all the time: both stop, both go on, and what it wrote is right. */
static int peers(void)
{
	const uint32_t rw = DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE;
	const uint64_t va = 0xa00000000ULL;
	union weft_packet body[2], loop = { .word = { 0 } };
	struct drm_weft_device device;
	uint32_t handle, imported;
	int fd, dmabuf;
	struct ks_uq q;
	uint64_t *p;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	fd = ks_open(1);
	KS_OK(ks_device(fd, &device));
	if (!device.p2p) {
		close(fd);
		return ks_skip("p2pdma");
	}
	KS_OK(ks_gem_create(fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	p = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	KS_OK(ks_export(fd, handle, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, &dmabuf));
	KS_OK(ks_uq_open(&q, 0));
	KS_OK(ks_import(q.fd, dmabuf, &imported));
	KS_OK(ks_bind(q.fd, q.vm, imported, va, 4096, rw));
	close(dmabuf);
	KS_OK(ks_uq_start(&q, NULL, 0));
	memset(body, 0, sizeof(body));
	body[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = STEP_NS };
	body[1].timestamp = (struct weft_pkt_timestamp){ .op = WEFT_PKT_TIMESTAMP, .dst = va };
	memcpy(q.data + BODY_AT, body, sizeof(body));
	loop.call.op = WEFT_PKT_LOOP;
	loop.call.npackets = 2;
	loop.call.list = KS_UDATA_VA + BODY_AT;
	loop.call.count = 1 << 20;	/* until it is closed */
	ks_uq_put(&q, &loop);
	KS_OK(moves(p));
	KS_OK(suspend_devices("freeze"));
	for (int i = 0; i < 3; i++)
		KS_OK(moves(p));
	ks_uq_close(&q);
	munmap(p, 4096);
	close(fd);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "pm_test=devices with queues at work", devices },
		{ "pm_test=platform, through D3hot, with queues at work", through_d3hot },
		{ "a job whose time limit ends while the machine sleeps", beyond_the_limit },
		{ "suspend to idle with queues at work, woken from outside", to_idle },
		{ "refused: a packet that does not end", refused_work },
		{ "suspend to memory: refused while something would be lost", refused_loss },
		{ "a call that waits over the suspend", pending_call },
		{ "io_uring commands that are pending over the suspend", pending_commands },
		{ "one card writes into another", peers },
		{ "processes with io_uring commands pending are killed right beside the suspend", killed_beside },
	};

	return ks_main("sleep", tests, sizeof(tests) / sizeof(tests[0]));
}
