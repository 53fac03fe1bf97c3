// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Dumps: what goes wrong leaves one, whole and about the right thing, and weft dump(1) shows it so; one that is unread is not
 * replaced.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <fcntl.h>

#define IMAGE		"/lib/firmware/weft/weft-fw.bin"
#define TEXT_BYTES	(256 * 1024)

static char text[TEXT_BYTES];

static void data_path(char *path, size_t bytes)
{
	snprintf(path, bytes, "/sys/bus/pci/devices/%s/devcoredump/data", ks_pci(0));
}

/* Reads the card's dump into text: its length or -errno. */
static int read_dump(void)
{
	char path[128];
	size_t n = 0;
	ssize_t got;
	int fd;

	data_path(path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	close(fd);
	text[n] = 0;
	return got < 0 ? -errno : (int)n;
}

/* Gives the dump there is back to the kernel, and waits until another may be taken. */
static int forget(void)
{
	char path[128];
	int64_t until = ks_now_ns() + 5 * KS_SECOND;

	usleep(1100000);
	data_path(path, sizeof(path));
	while (ks_write(path, "1") != -ENOENT) {
		if (ks_now_ns() > until)
			return -ETIME;
		usleep(10000);
	}
	return 0;
}

/* The dump comes from a worker. */
static int wait_dump(void)
{
	int64_t until = ks_now_ns() + 10 * KS_SECOND;
	int n;

	while ((n = read_dump()) == -ENOENT) {
		if (ks_now_ns() > until)
			return -ETIME;
		usleep(10000);
	}
	return n < 0 ? n : 0;
}

static bool has(const char *line)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	return strstr(text, whole);
}

/* Every dump: whole, and of this card. */
static int whole(const char *reason)
{
	static const char *const sections[] = {
		"[card]", "[firmware]", "[safe]", "[engines]", "[queues]", "[events]", "[mailbox]", "[history]", "[log]",
	};
	struct drm_weft_device device;
	char line[128];
	size_t n = strlen(text);
	int fd = ks_open(0);

	KS_CHECK(fd >= 0);
	KS_OK(ks_device(fd, &device));
	close(fd);
	KS_CHECK(!strncmp(text, "weft-dump 1\n", 12), "%.40s", text);
	KS_CHECK(n > 6 && !strcmp(text + n - 6, "[end]\n"), "ends with %s", text + (n > 40 ? n - 40 : 0));
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		KS_CHECK(has(sections[i]), "no %s", sections[i]);
	snprintf(line, sizeof(line), "reason: %s", reason);
	KS_CHECK(has(line), "%.200s", text);
	snprintf(line, sizeof(line), "pci: %s", ks_pci(0));
	KS_CHECK(has(line));
	snprintf(line, sizeof(line), "serial: %u", device.serial);
	KS_CHECK(has(line));
	snprintf(line, sizeof(line), "firmware: %u.%u.%u", device.fw_version >> 16, device.fw_version >> 8 & 0xff,
		 device.fw_version & 0xff);
	KS_CHECK(has(line));
	return 0;
}

/* What a command prints; 0 or the status it ended with. */
static int output_of(const char *command, char *out, size_t bytes)
{
	FILE *f = popen(command, "r");
	size_t n;

	if (!f)
		return -errno;
	n = fread(out, 1, bytes - 1, f);
	out[n] = 0;
	return pclose(f);
}

/* Bytes in fours, sixteen in a line. */
static char *expect_bytes(char *to, const char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t at = 0; at < n; at += 16) {
		to += sprintf(to, "    %04zx ", at);
		for (size_t i = at; i < at + 16 && i < n; i++)
			to += sprintf(to, "%s%.2s", i % 4 ? "" : " ", hex + 2 * i);
		to += sprintf(to, "\n");
	}
	return to;
}

/* All of the dump behind its first line, as people and as programs are to get it. */
static void expect_all(char *people, char *json)
{
	static char copy[TEXT_BYTES];
	const char *comma = "";
	char *line, *rest = copy, *value;

	strcpy(copy, text);
	strsep(&rest, "\n");
	people += sprintf(people, "\ndump\n");
	json += sprintf(json, "{\"name\":\"dump\",\"entries\":[");
	while ((line = strsep(&rest, "\n")) && strcmp(line, "[end]")) {
		value = strpbrk(line, *line == '@' ? " " : ":");
		if (*line == '[') {
			line[strlen(line) - 1] = 0;
			people += sprintf(people, "\n%s\n", line + 1);
			json += sprintf(json, "]},{\"name\":\"%s\",\"entries\":[", line + 1);
			comma = "";
			continue;
		}
		*value++ = 0;
		if (*line == '@') {
			people = expect_bytes(people, value);
			json += sprintf(json, "%s{\"index\":%s,\"bytes\":\"%s\"}", comma, line + 1, value);
		} else {
			people += sprintf(people, "  %-16s  %s\n", line, ++value);
			json += sprintf(json, "%s{\"key\":\"%s\",\"value\":\"%s\"}", comma, line, value);
		}
		comma = ",";
	}
	sprintf(json, "]}]");
}

/*
 * What weft dump(1) makes of the dump that the kernel holds: what happened in its first lines, `queue` if it was one's, then all
 * there is.
 */
static int shown(const char *reason, const char *queue)
{
	static char out[4 * TEXT_BYTES], people[4 * TEXT_BYTES], json[4 * TEXT_BYTES];
	struct drm_weft_device device;
	char head[128];
	int fd = ks_open(0);
	char *at;

	KS_OK(ks_device(fd, &device));
	close(fd);
	expect_all(people, json);
	KS_OK(output_of("weft dump 2>&1", out, sizeof(out)));
	snprintf(head, sizeof(head), "%s on card %u (%s), ", reason, device.serial, ks_pci(0));
	at = strstr(out, head);
	KS_CHECK(at, "no \"%s\" in %.400s", head, out);
	at = strchr(at, '\n') + 1;
	if (queue) {
		char *end = strchr(at, '\n');

		*end = 0;
		KS_CHECK(!strncmp(at, "queue ", 6) && strstr(at, queue), "no \"%s\" in: %s", queue, at);
		*end = '\n';
		at = end + 1;
	}
	KS_CHECK(!strncmp(at, people, strlen(people)), "%.600s\nwanted %.600s", at, people);
	KS_OK(output_of("weft dump --json 2>&1", out, sizeof(out)));
	KS_CHECK(strstr(out, json), "%.600s\nwanted %.600s", out, json);
	return 0;
}

static int job_faults(void)
{
	struct ks_rig rig;
	char line[256];

	KS_OK(forget());
	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0] = ks_pkt_fill(KS_DATA_VA, 64, 1);
	rig.list[1] = ks_pkt_copy(KS_DATA_VA, 0x7000000000ULL, 64);
	KS_IS(ks_rig_run(&rig, 2, 0), -EFAULT);
	KS_OK(wait_dump());
	KS_OK(whole("job-fault"));
	KS_CHECK(has("kind: job") && has("run: FAULTED") && has("cause: PT_INVALID"), "%s", text);
	KS_CHECK(has("fault_va: 0x7000000000") && has("fault_packet: 1") && has("fault_op_name: COPY"));
	snprintf(line, sizeof(line), "fault_list: %#llx", KS_LIST_VA);
	KS_CHECK(has(line));
	/* the packet itself, from the process's list, and the one that called it */
	KS_CHECK(has("[list]") && has("packet: 0 FILL") && has("packet: 1 COPY") && has("[ring]") && has("packet: 0 CALL"));
	for (int i = 0, n = sprintf(line, "@1 "); i < 64; i++)
		n += sprintf(line + n, "%02x", ((const uint8_t *)&rig.list[1])[i]);
	KS_CHECK(has(line), "wanted %s", line);
	KS_CHECK(has("[walk-fault]") && strstr(text, "\nlevel3: 0x"));
	KS_CHECK(strstr(text, "queue started") && strstr(text, ": FAULT queue "), "no history, or no event");
	snprintf(line, sizeof(line), ": FAULTED, cause PT_INVALID, packet 1 (COPY) of list %#llx, address 0x7000000000", KS_LIST_VA);
	KS_DO(shown("job-fault", line));
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* Of the same queue's faults the first is dumped; its time limits all are. */
static int later_faults(void)
{
	long long dropped, made;
	struct ks_rig rig;

	KS_OK(forget());
	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].hdr.op = 200;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_OK(wait_dump());
	KS_OK(forget());
	made = ks_count(0, "dumps_made");
	dropped = ks_count(0, "dumps_dropped");
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	usleep(300000);
	KS_IS(ks_count(0, "dumps_made"), made);
	KS_IS(ks_count(0, "dumps_dropped"), dropped);
	ks_rig_close(&rig);
	return 0;
}

static int job_hangs(void)
{
	struct ks_rig rig;

	KS_OK(forget());
	KS_OK(ks_rig_open(&rig, 0, 200));
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 600LL * KS_SECOND };
	KS_IS(ks_rig_run(&rig, 1, 0), -ETIME);
	KS_OK(wait_dump());
	KS_OK(whole("job-timeout"));
	KS_CHECK(has("packet: 0 TIMED"), "%s", text);
	KS_DO(shown("job-timeout", ": RUNNING, cause NONE, "));
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* One that waits for a cell for longer than it may, and was to be stopped for it. */
static int wait_limit(void)
{
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA + 96, 3);
	struct drm_weft_user_queue_create args;
	char line[64];
	struct ks_uq q;

	KS_OK(forget());
	KS_OK(ks_uq_open(&q, 0));
	args = ks_uq_args(&q);
	args.wait_limit_ns = 10000000;
	memcpy(args.name, "tour/waits", 10);
	args.flags = DRM_WEFT_USER_QUEUE_WAIT_STOPS;
	KS_OK(ks_uq_start_with(&q, &args));
	ks_uq_put(&q, &wait);
	KS_DO(ks_uq_reach(&q, WEFT_QS_FAULTED));
	KS_OK(wait_dump());
	KS_OK(whole("queue-fault"));
	snprintf(line, sizeof(line), "wait_va: %#llx", KS_CELLS_VA + 96);
	KS_CHECK(has("cause: WAIT_LIMIT") && has(line) && has("wait_value: 3") && has("wait_limit_ns: 10000000") &&
		 has("name: tour/waits"), "%s", text);
	KS_CHECK(has("[walk-wait]") && !has("[walk-fault]"), "%s", text);
	KS_DO(shown("queue-fault", ": FAULTED, cause WAIT_LIMIT, packet 0 (WAIT) of list "));
	ks_uq_close(&q);
	return 0;
}

/* Of more queues than it has room for, how many it leaves out. */
static int many_queues(void)
{
	uint32_t queue, left = 0;
	struct ks_rig rig;
	const char *at;

	KS_OK(forget());
	KS_OK(ks_rig_open(&rig, 0, 0));
	for (int i = 0; i < 70; i++)
		KS_OK(ks_queue_create(rig.fd, rig.vm, 0, &queue));
	rig.list[0].hdr.op = 200;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_OK(wait_dump());
	KS_OK(whole("job-fault"));
	at = strstr(text, "\nleft_out: ");
	KS_CHECK(at, "%s", text);
	left = strtoul(at + strlen("\nleft_out: "), NULL, 10);
	/* 64 are in it; these, the rig's and the driver's own are there */
	KS_IS(left, 70 + 2 - 64);
	KS_DO(shown("job-fault", ": FAULTED, cause OPCODE, packet 0 (unknown) of list "));
	ks_rig_close(&rig);
	return 0;
}

/* Taken while the engine is still on it: before it is reset, and the queue with it. */
static int stop_not_done(void)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 64, 1);
	struct drm_weft_queue_state state;
	char line[64];
	struct ks_uq q;

	KS_OK(forget());
	KS_OK(ks_uq_ready(&q, 0));
	KS_OK(ks_queue_state(q.fd, q.queue, &state));
	KS_OK(ks_inject(0, WEFT_INJECT_STUCK, state.card_queue));
	ks_uq_put(&q, &fill);
	KS_DO(ks_uq_reach(&q, WEFT_QS_RUNNING));
	usleep(20000);
	KS_OK(ks_uq_stop(&q));
	KS_OK(wait_dump());
	KS_OK(whole("safe-timeout"));
	snprintf(line, sizeof(line), "queue does not stop queue %u", state.card_queue);
	KS_CHECK(strstr(text, line), "no \"%s\" in %s", line, strstr(text, "[history]"));
	KS_CHECK(!strstr(text, "engine reset"), "taken after the reset");
	KS_DO(shown("safe-timeout", NULL));
	ks_uq_close(&q);
	return 0;
}

/* A dump that nobody has read is worth more than the next one. */
static int unread(void)
{
	static char first[TEXT_BYTES];
	long long dropped;
	struct ks_rig rig;

	KS_OK(forget());
	KS_OK(ks_rig_open(&rig, 0, 200));
	rig.list[0].hdr.op = 200;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_OK(wait_dump());
	strcpy(first, text);
	usleep(1100000);
	dropped = ks_count(0, "dumps_dropped");
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	KS_OK(ks_queue_create(rig.fd, rig.vm, 0, &rig.queue));
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	for (int i = 0; i < 500 && ks_count(0, "dumps_dropped") == dropped; i++)
		usleep(10000);
	KS_IS(ks_count(0, "dumps_dropped"), dropped + 1);
	KS_OK(wait_dump());
	KS_CHECK(!strcmp(first, text), "the dump has changed");
	ks_rig_close(&rig);
	return 0;
}

static int user_queue_faults(void)
{
	union weft_packet *list, call = { .call = { .op = WEFT_PKT_CALL, .npackets = 2, .list = KS_UDATA_VA } };
	char line[256];
	struct ks_uq q;

	KS_OK(forget());
	KS_OK(ks_uq_ready(&q, 0));
	list = (union weft_packet *)q.data;
	list[0] = ks_pkt_fill(KS_UDATA_VA + 4096, 64, 1);
	list[1] = ks_pkt_fill(0x7000000000ULL, 64, 1);
	ks_uq_put(&q, &call);
	KS_OK(ks_uq_reach(&q, WEFT_QS_FAULTED));
	KS_OK(wait_dump());
	KS_OK(whole("queue-fault"));
	KS_CHECK(has("kind: user") && has("run: FAULTED") && has("cause: PT_INVALID") && has("fault_va: 0x7000000000"),
		 "%s", text);
	snprintf(line, sizeof(line), ": FAULTED, cause PT_INVALID, packet 1 (FILL) of list %#llx, address 0x7000000000", KS_UDATA_VA);
	KS_DO(shown("queue-fault", line));
	/* its ring is in the memory of the process, its list in that of the card */
	KS_CHECK(has("[ring]") && has("[list]") && has("packet: 0 FILL") && has("packet: 1 FILL"), "%s", text);
	KS_CHECK(has("[walk-fault]") && !strstr(text, "\nname: "), "%s", text);
	ks_uq_close(&q);
	return 0;
}

static int firmware_stops(void)
{
	long long before = ks_count(0, "fw_restarts");
	int64_t until = ks_now_ns() + 20 * KS_SECOND;

	KS_OK(forget());
	KS_OK(ks_inject(0, WEFT_INJECT_FW_CRASH, 0));
	while (ks_count(0, "fw_restarts") == before) {
		KS_CHECK(ks_now_ns() < until, "the firmware was not started again");
		usleep(10000);
	}
	KS_OK(wait_dump());
	KS_OK(whole("firmware-stopped"));
	KS_CHECK(strstr(text, "\nlog: "), "no firmware log");
	KS_CHECK(strstr(text, "\nrequest: "), "no mailbox");
	KS_DO(shown("firmware-stopped", NULL));
	KS_OK(forget());
	return 0;
}

static int wait_state(long long state)
{
	int64_t until = ks_now_ns() + 30 * KS_SECOND;

	while (ks_count(0, "state") != state) {
		if (ks_now_ns() > until)
			return -ETIME;
		usleep(10000);
	}
	return 0;
}

/* A reset after which the firmware cannot be loaded: the dump outlives the binding that it is about. */
static int wedged(void)
{
	char pci[32];

	KS_OK(forget());
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_CHECK(!rename(IMAGE, IMAGE ".kept"));
	(void)ks_reset(0);
	KS_CHECK(!rename(IMAGE ".kept", IMAGE));
	KS_OK(wait_state(2));
	KS_OK(wait_dump());
	KS_OK(ks_driver("unbind", pci));
	KS_OK(ks_driver("bind", pci));
	KS_OK(wait_dump());
	KS_OK(whole("wedged"));
	KS_CHECK(has("state: WEDGED"), "%.400s", text);
	KS_DO(shown("wedged", NULL));
	KS_OK(forget());
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "a job that faults", job_faults },
		{ "of a queue's faults the first", later_faults },
		{ "a job that hangs", job_hangs },
		{ "a stop that is not done", stop_not_done },
		{ "one that is unread is not replaced", unread },
		{ "a user queue that faults", user_queue_faults },
		{ "a user queue that waits for too long", wait_limit },
		{ "more queues than a dump has room for", many_queues },
		{ "firmware that stops", firmware_stops },
		{ "a card that is wedged, bound again", wedged },
	};

	return ks_main("dump", tests, sizeof(tests) / sizeof(tests[0]));
}
