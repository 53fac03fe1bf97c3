// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Tracepoints: the life of a job in order, and each kind of event when its cause is there. */
#include "ks_uq.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <sys/mount.h>

#define TRACING		"/sys/kernel/tracing"
#define SAFE_TIMEOUT	"/sys/module/weft/parameters/safe_timeout_ms"
#define MAX_LINES	4096

/* One line of the trace: the event's name and its fields, as they stand. */
struct line {
	char event[32];
	char fields[256];
};

static struct line lines[MAX_LINES];
static int num_lines;

static int tracing(const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "/%s", file);
	return ks_write(path, text);
}

static int begin(void)
{
	if (access(TRACING "/trace", F_OK) && mount("trace", TRACING, "tracefs", 0, NULL))
		return -errno;
	if (access(TRACING "/events/weft", F_OK))
		return -ENOENT;
	FILE *f = fopen(TRACING "/trace", "w");	/* opened for writing, it is emptied */

	if (!f)
		return -errno;
	fclose(f);
	return tracing("events/weft/enable", "1");
}

static int end(void)
{
	FILE *f;
	char text[512];
	int r = tracing("events/weft/enable", "0");

	f = fopen(TRACING "/trace", "r");
	if (r || !f)
		return r ? r : -errno;
	num_lines = 0;
	while (num_lines < MAX_LINES && fgets(text, sizeof(text), f)) {
		struct line *l = &lines[num_lines];
		char *name = strstr(text, ": weft_");

		if (*text == '#' || !name)
			continue;
		if (sscanf(name, ": %31[a-z0-9_]: %255[^\n]", l->event, l->fields) != 2)
			return -EBADMSG;
		num_lines++;
	}
	fclose(f);
	return num_lines ? 0 : -ENODATA;
}

/* Value of a field, which must be there. */
static long long field(const struct line *l, const char *name)
{
	size_t n = strlen(name);
	const char *at = l->fields;

	while (at) {
		if (!strncmp(at, name, n) && at[n] == '=')
			return strtoll(at + n + 1, NULL, 0);
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return -1000000;
}

static bool has(const struct line *l, const char *text)
{
	return strstr(l->fields, text) != NULL;
}

/* The next line from *at on of an event with `name`=`value`; *at becomes what is behind it. NULL: none. */
static const struct line *next(int *at, const char *event, const char *name, long long value)
{
	for (; *at < num_lines; ++*at) {
		const struct line *l = &lines[*at];

		if (!strcmp(l->event, event) && (!name || field(l, name) == value)) {
			++*at;
			return l;
		}
	}
	return NULL;
}

static int life_of_a_job(void)
{
	const struct line *submit, *arm, *push, *ended;
	long long job, fence, queue, card;
	struct drm_weft_device device;
	struct ks_rig rig;
	int at = 0;

	KS_OK(begin());
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_device(rig.fd, &device));
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	usleep(200000);		/* the job is freed by the scheduler's worker */
	KS_OK(end());
	card = device.serial;
	KS_CHECK(next(&at, "weft_mbox", "card", card), "no mailbox operation");
	at = 0;
	KS_CHECK(next(&at, "weft_queue_start", "card", card));
	submit = next(&at, "weft_job_submit", "card", card);
	KS_CHECK(submit, "no submit");
	job = field(submit, "job");
	queue = field(submit, "queue");
	KS_CHECK(field(submit, "packets") == 1 && field(submit, "operands") == 0, "%s", submit->fields);
	arm = next(&at, "weft_job_arm", "job", job);
	KS_CHECK(arm && field(arm, "queue") == queue, "no arm after the submit");
	push = next(&at, "weft_job_push", "job", job);
	KS_CHECK(push && field(push, "error") == 0 && field(push, "queue") == queue, "no push after the arm");
	fence = field(push, "fence");
	KS_CHECK(fence > 0);
	ended = next(&at, "weft_job_end", "fence", fence);
	KS_CHECK(ended && field(ended, "queue") == queue && field(ended, "error") == 0, "no end after the push");
	KS_CHECK(next(&at, "weft_job_free", "job", job), "not freed after the end");
	at = 0;
	KS_CHECK(next(&at, "weft_doorbell", "queue", queue));
	KS_CHECK(next(&at, "weft_irq", "card", card), "no interrupt");
	at = 0;
	KS_CHECK(next(&at, "weft_bind", "map", 1), "no bind");
	KS_CHECK(field(&lines[at - 1], "took_ns") > 0 && field(&lines[at - 1], "error") == 0, "%s", lines[at - 1].fields);
	at = 0;
	KS_CHECK(next(&at, "weft_queue_halt", "queue", queue) && next(&at, "weft_queue_remove", "queue", queue));
	return 0;
}

/* A job that waits for a syncobj names the fence, and is pushed after the one it waits for has ended. */
static int dependency(void)
{
	struct drm_weft_sync sync = { 0 };
	struct drm_weft_submit args = { .num_packets = 1, .list = KS_LIST_VA, .num_syncs = 1 };
	const struct line *dep;
	struct ks_rig a;
	uint32_t second;
	long long job;
	int at = 0;

	KS_OK(ks_rig_open(&a, 0, 0));
	KS_OK(ks_queue_create(a.fd, a.vm, 0, &second));
	KS_OK(begin());
	a.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = KS_SECOND / 5 };
	KS_OK(ks_rig_submit(&a, 1, 0));
	sync.handle = a.status[(a.point) % KS_STATUS];
	args.queue_id = second;
	args.syncs = (uintptr_t)&sync;
	KS_OK(ks_ioctl(a.fd, DRM_IOCTL_WEFT_SUBMIT, &args));
	KS_OK(ks_rig_wait(&a));
	KS_OK(ks_queue_destroy(a.fd, second));
	KS_OK(end());
	dep = next(&at, "weft_job_dependency", NULL, 0);
	KS_CHECK(dep, "no dependency");
	job = field(dep, "job");
	KS_CHECK(field(dep, "seqno") > 0);
	KS_CHECK(next(&at, "weft_job_end", "error", 0), "the first job did not end before");
	KS_CHECK(next(&at, "weft_job_push", "job", job), "the second was not pushed after the end of the first");
	ks_rig_close(&a);
	return 0;
}

static int faults_and_user_queues(void)
{
	union weft_packet fill = ks_pkt_fill(0x7000000000ULL, 64, 1);
	struct ks_rig rig;
	struct ks_uq q;
	int at = 0;

	KS_OK(begin());
	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].hdr.op = 200;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	ks_rig_close(&rig);
	KS_OK(ks_uq_ready(&q, 0));
	KS_OK(ks_kick(q.fd, q.cells_handle, 0));
	ks_uq_put(&q, &fill);
	KS_OK(ks_uq_reach(&q, WEFT_QS_FAULTED));
	ks_uq_close(&q);
	KS_OK(end());
	KS_CHECK(next(&at, "weft_event", "cause", WEFT_FAULT_OPCODE), "no fault event");
	KS_CHECK(has(&lines[at - 1], "type=FAULT"), "%s", lines[at - 1].fields);
	KS_CHECK(next(&at, "weft_queue_fault", "cause", WEFT_FAULT_OPCODE));
	KS_CHECK(field(&lines[at - 1], "list") == (long long)KS_LIST_VA && field(&lines[at - 1], "op") == 200);
	KS_CHECK(next(&at, "weft_job_end", "error", -EFAULT), "the job did not end with its error");
	KS_CHECK(next(&at, "weft_kick", NULL, 0), "no kick");
	KS_CHECK(next(&at, "weft_queue_fault", "va", 0x7000000000LL), "no fault of the user queue");
	at = 0;
	KS_CHECK(next(&at, "weft_safe", "error", 0), "no safe operation");
	KS_CHECK(has(&lines[at - 1], "op=") && field(&lines[at - 1], "took_ns") > 0, "%s", lines[at - 1].fields);
	return 0;
}

static int reset(void)
{
	static const char *const stages[] = { "prepare", "prepared", "done" };
	int at = 0;

	KS_OK(begin());
	KS_OK(ks_reset(0));
	KS_OK(end());
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		char want[32];
		const struct line *l;

		snprintf(want, sizeof(want), "stage=%s ", stages[i]);
		while ((l = next(&at, "weft_reset", NULL, 0)) && !has(l, want))
			;
		KS_CHECK(l, "no stage %s", stages[i]);
	}
	return 0;
}

/*
 * Waits until bus mastering is off in the card's configuration, and says so in the trace. A slow machine may sleep through
 * the whole reset, after which it is on again: then nothing is said, and the round shows nothing.
 */
static int mark_off(const char *config)
{
	int fd = open(config, O_RDONLY | O_CLOEXEC), marker = open(TRACING "/trace_marker", O_WRONLY | O_CLOEXEC);
	int64_t until = ks_now_ns() + 3 * KS_SECOND;
	uint16_t command;

	KS_CHECK(fd >= 0 && marker >= 0);
	do {
		KS_CHECK(pread(fd, &command, 2, PCI_COMMAND) == 2);
	} while (command & PCI_COMMAND_MASTER && ks_now_ns() < until);
	if (!(command & PCI_COMMAND_MASTER))
		KS_CHECK(write(marker, ": weft_off: now", 15) == 15);
	close(marker);
	close(fd);
	return 0;
}

/*
 * A queue that obeys nothing: from the wish for a reset on, before it begins, the card is off the bus, since host memory
 * may be given back then. Who looks may look too late; one look in time is enough.
 */
static int off_the_bus(void)
{
	char config[128];
	bool seen = false;

	snprintf(config, sizeof(config), "/sys/bus/pci/devices/%s/config", ks_pci(0));
	KS_OK(ks_write(SAFE_TIMEOUT, "100"));
	for (int round = 0; round < 12 && !seen; round++) {
		struct drm_weft_queue_state state;
		const struct line *l;
		struct ks_rig rig;
		int at = 0;

		KS_OK(ks_rig_open(&rig, 0, 100));
		KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
		KS_OK(ks_inject(0, WEFT_INJECT_STUCK_HARD, state.card_queue));
		rig.list[0] = ks_pkt_copy(KS_DATA_VA, KS_DATA_VA + 65536, 65536);
		KS_OK(begin());
		KS_OK(ks_rig_submit(&rig, 1, 0));
		KS_DO(mark_off(config));
		KS_IS(ks_rig_wait(&rig), -ETIME);
		ks_rig_close(&rig);
		KS_OK(ks_rig_open(&rig, 0, 0));		/* waits for the end of the reset */
		KS_DO(ks_rig_alive(&rig));
		ks_rig_close(&rig);
		KS_OK(end());
		while (at < num_lines && strcmp(lines[at].event, "weft_off"))
			at++;
		l = next(&at, "weft_reset", NULL, 0);
		while (l && !has(l, "prepare") && !has(l, "done"))
			l = next(&at, "weft_reset", NULL, 0);
		seen = l && has(l, "stage=prepare ");
		printf("# round %d: after bus mastering was seen off: %s\n", round, l ? l->fields : "nothing");
	}
	KS_OK(ks_write(SAFE_TIMEOUT, "1000"));
	KS_CHECK(seen, "bus mastering is on until the reset begins");
	return 0;
}

/* Memory of one card mapped by another, unmapped, and revoked when it is reset. */
static int peers(void)
{
	struct drm_weft_device device;
	int a, b, dmabuf, at = 0;
	uint32_t handle, import, vm;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	a = ks_open(0);
	b = ks_open(1);
	KS_CHECK(a >= 0 && b >= 0);
	KS_OK(ks_device(a, &device));
	if (!device.p2p) {
		close(a);
		close(b);
		return ks_skip("p2pdma");
	}
	KS_OK(begin());
	KS_OK(ks_gem_create(a, 65536, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_export(a, handle, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, &dmabuf));
	KS_OK(ks_import(b, dmabuf, &import));
	KS_OK(ks_vm_create(b, &vm));
	KS_OK(ks_bind(b, vm, import, KS_DATA_VA, 65536, DRM_WEFT_BIND_READ));
	KS_OK(ks_reset(0));
	KS_OK(end());
	close(dmabuf);
	close(a);
	close(b);
	KS_CHECK(next(&at, "weft_p2p_map", "bytes", 65536), "no map");
	KS_CHECK(field(&lines[at - 1], "card") == device.serial && field(&lines[at - 1], "error") == 0, "%s",
		 lines[at - 1].fields);
	KS_CHECK(has(&lines[at - 1], ks_pci(1)), "%s", lines[at - 1].fields);
	KS_CHECK(next(&at, "weft_p2p_unmap", "bytes", 65536), "no unmap");
	KS_CHECK(next(&at, "weft_p2p_revoke", "bytes", 65536), "no revocation");
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "the life of a job, in order", life_of_a_job },
		{ "a job waits for another", dependency },
		{ "faults, kicks, safe operations", faults_and_user_queues },
		{ "stages of a reset", reset },
		{ "a card that is to be reset is off the bus before", off_the_bus },
		{ "a peer maps, unmaps, is revoked", peers },
	};

	return ks_main("trace", tests, sizeof(tests) / sizeof(tests[0]));
}
