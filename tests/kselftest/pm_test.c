// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Runtime PM: what keeps a card awake, what wakes it, that nothing is lost, and that looking at it does neither. */
#define _GNU_SOURCE
#include "ks_ring.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define DELAY_MS	"50"
#define AWAKE_NS	(KS_SECOND / 2)		/* ten times that */

static void power_file(char path[128], int card, const char *name)
{
	snprintf(path, 128, "/sys/bus/pci/devices/%s/power/%s", ks_pci(card), name);
}

static int set_power(int card, const char *name, const char *text)
{
	char path[128];

	power_file(path, card, name);
	return ks_write(path, text);
}

static bool asleep(int card)
{
	return ks_count(card, "pm_asleep") == 1;
}

/* Within 10 s; what still holds it otherwise. */
static int sleeps(int card)
{
	int64_t until = ks_now_ns() + 10 * KS_SECOND;

	while (!asleep(card)) {
		if (ks_now_ns() > until)
			return ks_fail(__FILE__, __LINE__, "awake after 10 s: usage %lld, calls %lld, queues %lld, jobs %lld, "
				       "peers %lld, watches %lld", ks_count(card, "live_pm_usage"),
				       ks_count(card, "live_pm_calls"), ks_count(card, "live_pm_queues"),
				       ks_count(card, "live_pm_jobs"), ks_count(card, "live_pm_peers"),
				       ks_count(card, "live_pm_watches"));
		usleep(5000);
	}
	return 0;
}

static int stays_awake(int card, const char *why)
{
	int64_t until = ks_now_ns() + AWAKE_NS;
	long long before = ks_count(card, "pm_suspends");

	while (ks_now_ns() < until) {
		KS_CHECK(!asleep(card) && ks_count(card, "pm_suspends") == before, "%s does not keep it awake", why);
		usleep(10000);
	}
	return 0;
}

static int idle(int fd, uint32_t queue)
{
	struct drm_weft_queue_idle arg = { .queue_id = queue };

	return ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_IDLE, &arg);
}

/* The card may sleep, and soon; every test begins with it. */
static int quick(int card)
{
	KS_OK(set_power(card, "control", "auto"));
	KS_OK(set_power(card, "autosuspend_delay_ms", DELAY_MS));
	return 0;
}

static int control_is(int card, const char *wanted)
{
	char path[128], text[32] = "";
	int f;

	power_file(path, card, "control");
	f = open(path, O_RDONLY);
	KS_CHECK(f >= 0 && read(f, text, sizeof(text) - 1) > 0, "%d", errno);
	close(f);
	text[strcspn(text, "\n")] = 0;
	KS_CHECK(!strcmp(text, wanted), "control is %s", text);
	return 0;
}

static int wakes(void)
{
	struct drm_weft_device device;
	uint32_t handle;
	uint8_t *p;
	int fd;

	KS_DO(control_is(0, "on"));
	KS_OK(quick(0));
	fd = ks_open(0);
	KS_CHECK(fd >= 0);
	KS_OK(ks_gem_create(fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	p = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	for (int i = 0; i < 3; i++) {
		memset(p, 0x30 + i, 1 << 20);
		if (sleeps(0))
			return -1;
		KS_OK(ks_device(fd, &device));
		KS_CHECK(!asleep(0), "a call left it asleep");
		if (sleeps(0))
			return -1;
		/* The mapping faults, and shows what was there. */
		for (int at = 0; at < 1 << 20; at += 4093)
			KS_CHECK(p[at] == 0x30 + i, "byte %d is %#x", at, p[at]);
		KS_CHECK(!asleep(0), "memory was read asleep");
	}
	/* "on" is the administrator's way to have it awake. */
	KS_OK(set_power(0, "control", "on"));
	if (stays_awake(0, "control = on"))
		return -1;
	KS_OK(set_power(0, "control", "auto"));
	munmap(p, 1 << 20);
	close(fd);
	return sleeps(0);
}

/* Exported local memory is taken from its mappings and wakes the card; host memory is not the card's, and stays. */
static int exported(void)
{
	uint32_t handle;
	uint8_t *p[2];
	int fd = ks_open(0), shared;

	KS_OK(quick(0));
	for (uint32_t place = 0; place < 2; place++) {
		KS_OK(ks_gem_create(fd, 8192, place, 0, &handle));
		KS_OK(ks_export(fd, handle, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, &shared));
		p[place] = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
		KS_CHECK(p[place] != MAP_FAILED);
		close(shared);
		memset(p[place], 0x51 + place, 8192);
	}
	if (sleeps(0))
		return -1;
	KS_CHECK(p[DRM_WEFT_PLACE_SYSTEM][0] == 0x52 && p[DRM_WEFT_PLACE_SYSTEM][8191] == 0x52);
	p[DRM_WEFT_PLACE_SYSTEM][1] = 7;
	KS_CHECK(asleep(0), "host memory woke it");
	KS_CHECK(p[DRM_WEFT_PLACE_LOCAL][0] == 0x51 && p[DRM_WEFT_PLACE_LOCAL][8191] == 0x51);
	KS_CHECK(!asleep(0), "local memory was read asleep");
	for (int i = 0; i < 2; i++)
		munmap(p[i], 8192);
	close(fd);
	return sleeps(0);
}

static int by_queue(void)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 4096, 0x42);
	struct ks_uq q;

	KS_OK(quick(0));
	KS_OK(ks_uq_open(&q, 0));
	if (sleeps(0))
		return -1;
	KS_OK(ks_uq_start(&q, NULL, 0));
	if (stays_awake(0, "a user queue"))
		return -1;
	/* One that faulted has stopped, and keeps nothing awake. */
	fill.fill.dst = 1ULL << 45;
	ks_uq_put(&q, &fill);
	if (ks_uq_reach(&q, WEFT_QS_FAULTED) || sleeps(0))
		return -1;
	KS_IS(idle(q.fd, q.queue), 0);
	KS_OK(ks_uq_stop(&q));
	ks_uq_close(&q);
	return sleeps(0);
}

static int by_job(void)
{
	struct ks_rig rig;

	KS_OK(quick(0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = KS_SECOND };
	KS_OK(ks_rig_submit(&rig, 1, 0));
	if (stays_awake(0, "a job"))
		return -1;
	KS_OK(ks_rig_wait(&rig));
	if (sleeps(0))
		return -1;
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return sleeps(0);
}

static int by_watch(void)
{
	struct ks_sleeper s;

	KS_OK(quick(0));
	KS_OK(ks_uq_open(&s.q, 0));
	if (!(s.q.caps & WEFT_CAP_WATCH)) {
		ks_uq_close(&s.q);
		return 0;
	}
	KS_OK(ks_sleeper_start(&s));
	if (stays_awake(0, "a sleeper on a cell"))
		return -1;
	KS_OK(ks_sleeper_wake(&s));
	ks_uq_close(&s.q);
	return sleeps(0);
}

/* A command of io_uring wakes the card, keeps it awake while it is pending, and lets it sleep when it has ended. */
static int by_command(void)
{
	static const char *const why[] = { "a pending CELL_WAIT", "a pending end of a job", "a pending BIND" };
	static const long want[] = { DRM_WEFT_CELL_REACHED, 0, 0 };
	struct ks_waiting w;

	KS_OK(quick(0));
	/* the gate is on another card, where there is one, for its job keeps that awake */
	KS_DO(ks_waiting_open(&w, 0, ks_cards() - 1));
	for (int kind = 0; kind < KS_WAITING_KINDS; kind++) {
		long long woken;

		if (sleeps(0))
			return -1;
		woken = ks_count(0, "pm_resumes");
		KS_DO(ks_waiting_start(&w, 1u << kind, 40));
		KS_CHECK(ks_count(0, "pm_resumes") > woken, "%s did not wake it", why[kind]);
		if (stays_awake(0, why[kind]))
			return -1;
		KS_DO(ks_waiting_release(&w, 1u << kind));
		KS_DO(ks_waiting_end(&w, 1u << kind, want));
	}
	if (sleeps(0))
		return -1;
	KS_OK(ks_rig_alive(&w.rig));
	ks_waiting_close(&w);
	return sleeps(0);
}

/* A peer that maps memory of this card may reach it at any time. */
static int by_peer(void)
{
	const uint32_t rw = DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE;
	struct drm_weft_device device;
	uint32_t handle, imported;
	struct ks_rig rig;
	int fd, dmabuf;
	uint8_t *p;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_OK(quick(0));
	KS_OK(quick(1));
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
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_import(rig.fd, dmabuf, &imported));
	close(dmabuf);
	/* With the import the word to flush by is mapped: the owner stays awake, the importer does not. */
	if (stays_awake(1, "an import by a peer") || sleeps(0))
		return -1;
	KS_OK(ks_bind(rig.fd, rig.vm, imported, 0x300000000ULL, 4096, rw));
	if (stays_awake(1, "a mapping of a peer") || sleeps(0))
		return -1;
	rig.list[0] = ks_pkt_fill(0x300000000ULL, 4096, 0x77);
	KS_OK(ks_rig_run(&rig, 1, 0));
	KS_CHECK(p[0] == 0x77 && p[4095] == 0x77, "the peer's write is missing");
	if (sleeps(0))
		return -1;
	munmap(p, 4096);
	close(fd);
	KS_OK(ks_unbind(rig.fd, rig.vm, 0x300000000ULL, 4096));
	KS_OK(ks_gem_close(rig.fd, imported));
	if (sleeps(1))
		return -1;
	ks_rig_close(&rig);
	return sleeps(0);
}

static int idle_refused(void)
{
	struct drm_weft_queue_idle bad = { .pad = 1 };
	union weft_packet timed = { .timed = { .op = WEFT_PKT_TIMED, .ns = KS_SECOND / 2 } };
	struct ks_rig rig;
	struct ks_uq q;

	KS_OK(quick(0));
	KS_OK(ks_uq_ready(&q, 0));
	KS_OK(ks_rig_open(&rig, 0, 0));
	bad.queue_id = q.queue;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_QUEUE_IDLE, &bad), -EINVAL);
	KS_IS(idle(q.fd, 0), -ENOENT);
	KS_IS(idle(q.fd, q.queue + 1), -ENOENT);
	KS_IS(idle(rig.fd, rig.queue), -ENOENT);
	ks_uq_put(&q, &timed);
	KS_IS(idle(q.fd, q.queue), -EBUSY);
	if (stays_awake(0, "a queue that is not idle"))
		return -1;
	KS_OK(ks_uq_drain(&q));
	KS_OK(idle(q.fd, q.queue));
	KS_OK(idle(q.fd, q.queue));
	ks_rig_close(&rig);
	if (sleeps(0))
		return -1;
	ks_uq_close(&q);
	return sleeps(0);
}

/* A store to the doorbell wakes the card and takes effect; so do a kick and a look at the queue's state. */
static int doorbell(void)
{
	union weft_packet fill, wait = ks_pkt_wait(KS_CELLS_VA, 1);
	struct ks_uq q;
	int64_t from;

	KS_OK(quick(0));
	KS_OK(ks_uq_ready(&q, 0));
	for (int i = 0; i < 4; i++) {
		KS_OK(idle(q.fd, q.queue));
		if (sleeps(0))
			return -1;
		fill = ks_pkt_fill(KS_UDATA_VA, 4096, 0x50 + i);
		from = ks_now_ns();
		ks_uq_put(&q, &fill);
		printf("# a doorbell that wakes the card takes %lld us\n", (long long)(ks_now_ns() - from) / 1000);
		KS_CHECK(!asleep(0), "it sleeps over a doorbell");
		KS_OK(ks_uq_drain(&q));
		KS_CHECK(q.data[0] == 0x50 + i && q.data[4095] == 0x50 + i, "round %d: %#x", i, q.data[0]);
		if (stays_awake(0, "a queue after its doorbell"))
			return -1;
	}
	if (q.caps & WEFT_CAP_CELLS) {
		ks_uq_put(&q, &wait);
		fill = ks_pkt_fill(KS_UDATA_VA, 4096, 0x66);
		ks_uq_put(&q, &fill);
		if (ks_uq_reach(&q, WEFT_QS_PARKED))
			return -1;
		KS_OK(idle(q.fd, q.queue));
		if (sleeps(0))
			return -1;
		KS_CHECK(q.state->run == WEFT_QS_PARKED, "state %u", q.state->run);
		KS_CHECK(!asleep(0), "its state was read asleep");
		if (sleeps(0))
			return -1;
		/* The store wakes it, the kick makes it look. */
		q.cells[0].value = 1;
		__sync_synchronize();
		*(volatile uint64_t *)(q.doorbell + WEFT_DB_KICK / 4) = KS_CELLS_VA;
		KS_OK(ks_uq_drain(&q));
		KS_CHECK(q.data[0] == 0x66, "%#x", q.data[0]);
	}
	ks_uq_close(&q);
	return sleeps(0);
}

static struct {
	struct ks_uq q;
	volatile bool stop;
	long calls, refused, other;
} race;

static void *ask(void *arg)
{
	while (!race.stop) {
		int r = idle(race.q.fd, race.q.queue);

		race.calls++;
		race.refused += r == -EBUSY;
		race.other += r && r != -EBUSY;
		if (ks_random() % 4 == 0)
			usleep(ks_random() % 3000);
	}
	return arg;
}

/* One thread submits, another says all the time that the queue is idle: every packet runs. */
static int store_against_idle(void)
{
	long rounds = ks_iterations(300), woken = -ks_count(0, "pm_resumes");
	pthread_t thread;

	KS_OK(set_power(0, "autosuspend_delay_ms", "1"));
	memset(&race, 0, sizeof(race));
	KS_OK(ks_uq_ready(&race.q, 0));
	KS_CHECK(!pthread_create(&thread, NULL, ask, NULL));
	for (long i = 0; i < rounds; i++) {
		union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 64, (uint8_t)i);
		int r;

		ks_uq_put(&race.q, &fill);
		r = ks_uq_drain(&race.q);
		KS_CHECK(!r, "round %ld: %s, head %llu of %llu, state %u, armed %u", i, strerror(-r),
			 (unsigned long long)race.q.ctl->head, (unsigned long long)race.q.tail, race.q.state->run,
			 race.q.ctl->armed);
		KS_CHECK(race.q.data[0] == (uint8_t)i, "round %ld: byte %#x", i, race.q.data[0]);
		if (ks_random() % 3 == 0)
			usleep(ks_random() % 20000);
	}
	race.stop = true;
	pthread_join(thread, NULL);
	woken += ks_count(0, "pm_resumes");
	printf("# %ld packets against %ld calls, %ld of them refused; woken %ld times\n", rounds, race.calls, race.refused,
	       woken);
	KS_IS(race.other, 0);
	KS_CHECK(woken > rounds / 20, "it was woken %ld times only", woken);
	ks_uq_close(&race.q);
	KS_OK(quick(0));
	return sleeps(0);
}

static int read_all(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	char text[4096];

	if (fd < 0)
		return -errno;
	do
		r = read(fd, text, sizeof(text));
	while (r > 0);
	r = r < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* fdinfo, debugfs and hwmon: a monitor that looks again and again neither wakes the card nor keeps it awake. */
static int looking(void)
{
	char fdinfo[64], hwmon[160], dir[128];
	struct dirent *e;
	struct ks_uq q;
	long long woken;
	DIR *d;

	KS_OK(quick(0));
	KS_OK(ks_uq_ready(&q, 0));
	KS_OK(idle(q.fd, q.queue));
	snprintf(fdinfo, sizeof(fdinfo), "/proc/self/fdinfo/%d", q.fd);
	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/hwmon", ks_pci(0));
	d = opendir(dir);
	KS_CHECK(d, "no %s", dir);
	hwmon[0] = 0;
	while ((e = readdir(d)))
		if (!strncmp(e->d_name, "hwmon", 5))
			snprintf(hwmon, sizeof(hwmon), "%.100s/%.20s/temp1_input", dir, e->d_name);
	closedir(d);
	KS_OK(read_all(hwmon));
	/* All through the delay. */
	for (int i = 0; i < 40; i++) {
		KS_OK(read_all(fdinfo));
		read_all(hwmon);
		usleep(5000);
	}
	if (sleeps(0))
		return -1;
	woken = ks_count(0, "pm_resumes");
	for (int i = 0; i < 20; i++) {
		KS_OK(read_all(fdinfo));
		KS_IS(read_all(hwmon), -EAGAIN);
		usleep(5000);
	}
	KS_CHECK(asleep(0) && ks_count(0, "pm_resumes") == woken, "looking woke it");
	ks_uq_close(&q);
	return sleeps(0);
}

static int reset_asleep(void)
{
	struct ks_uq q;

	KS_OK(quick(0));
	KS_OK(ks_uq_ready(&q, 0));
	KS_OK(idle(q.fd, q.queue));
	if (sleeps(0))
		return -1;
	KS_OK(ks_reset(0));
	KS_IS(idle(q.fd, q.queue), -ECANCELED);
	if (sleeps(0))
		return -1;
	/* What is stored to a queue that is gone goes nowhere, and does no harm. */
	q.doorbell[WEFT_DB_RING / 4] = 1;
	ks_uq_close(&q);
	KS_OK(ks_uq_ready(&q, 0));
	ks_uq_close(&q);
	return sleeps(0);
}

/* The owner of a queue dies while the card is asleep. */
static int killed_asleep(void)
{
	int status, fd[2];
	char byte;
	pid_t pid;

	KS_OK(quick(0));
	KS_CHECK(!pipe(fd));
	pid = fork();
	if (!pid) {
		struct ks_uq q;

		if (ks_uq_open(&q, 0) || ks_uq_start(&q, NULL, 0) || idle(q.fd, q.queue))
			_exit(1);
		if (write(fd[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(fd[1]);
	KS_CHECK(read(fd[0], &byte, 1) == 1, "the child failed");
	close(fd[0]);
	if (sleeps(0))
		return -1;
	kill(pid, SIGKILL);
	KS_CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	return sleeps(0);
}

static int unbound_asleep(void)
{
	int card = ks_cards() - 1;
	char pci[32];

	KS_OK(quick(card));
	if (sleeps(card))
		return -1;
	snprintf(pci, sizeof(pci), "%s", ks_pci(card));
	KS_OK(ks_driver("unbind", pci));
	KS_OK(ks_driver("bind", pci));
	/* The administrator's word holds for the card, whoever drives it. */
	KS_DO(control_is(card, "auto"));
	KS_OK(set_power(card, "autosuspend_delay_ms", DELAY_MS));
	return sleeps(card);
}

/* As it was; the last comparison of the harness includes the usage count of the kernel. */
static int back(void)
{
	for (int card = 0; card < ks_cards(); card++) {
		KS_OK(set_power(card, "autosuspend_delay_ms", "1000"));
		KS_OK(set_power(card, "control", "on"));
	}
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "a card nobody uses sleeps; calls and memory wake it", wakes },
		{ "exported memory: the card's wakes it, the host's does not", exported },
		{ "a user queue keeps it awake until it stops", by_queue },
		{ "a job keeps it awake", by_job },
		{ "a sleeper on a cell keeps it awake", by_watch },
		{ "an io_uring command wakes it, and keeps it awake while it is pending", by_command },
		{ "a mapping by a peer keeps the owner awake", by_peer },
		{ "QUEUE_IDLE refused, and twice", idle_refused },
		{ "a doorbell, a kick, a look at the state wake it", doorbell },
		{ "stores against QUEUE_IDLE: nothing is lost", store_against_idle },
		{ "looking neither wakes it nor keeps it awake", looking },
		{ "reset while asleep", reset_asleep },
		{ "the owner of an idle queue is killed while it is asleep", killed_asleep },
		{ "unbound while asleep", unbound_asleep },
		{ "delays as before", back },
	};

	return ks_main("pm", tests, sizeof(tests) / sizeof(tests[0]));
}
