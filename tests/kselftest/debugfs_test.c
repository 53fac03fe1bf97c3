// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* debugfs: what the files say is so, and they can be read in any state of the card, by many at once. */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>

static char text[1 << 20];

static int folder(char *path, size_t bytes)
{
	/* named by minor on older kernels, by device on newer ones */
	snprintf(path, bytes, "/sys/kernel/debug/accel/%s", ks_pci(0));
	if (!access(path, F_OK))
		return 0;
	snprintf(path, bytes, "/sys/kernel/debug/accel/%d", atoi(ks_node(0) + strlen("/dev/accel/accel")));
	return access(path, F_OK) ? -errno : 0;
}

static int read_file(const char *name)
{
	return ks_debugfs(0, name, text, sizeof(text));
}

/* The first line that begins like this. */
static const char *line(const char *begin)
{
	char whole[128];
	const char *found;
	static char copy[512];

	snprintf(whole, sizeof(whole), "\n%s", begin);
	found = strstr(text, whole);
	if (!found)
		return NULL;
	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(found + 1, "\n"), found + 1);
	return copy;
}

static int what_is_there(void)
{
	const char *found;
	char begin[64];
	struct ks_rig rig;
	struct ks_uq q;
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA + 64, 5);

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_alive(&rig));
	KS_OK(ks_uq_ready(&q, 0));
	ks_uq_put(&q, &wait);
	KS_OK(ks_uq_reach(&q, WEFT_QS_PARKED));

	KS_OK(read_file("queues"));
	found = strstr(text, "kind user");
	KS_CHECK(found && strstr(found, "run PARKED"), "%s", text);
	snprintf(begin, sizeof(begin), "wait_va %#llx wait_value 5", KS_CELLS_VA + 64);
	KS_CHECK(strstr(text, begin), "%s", text);
	KS_CHECK(strstr(text, "kind job"), "%s", text);

	KS_OK(read_file("rings"));
	KS_CHECK(strstr(text, " CALL ") && strstr(text, " FENCE ") && strstr(text, " armed "), "%s", text);
	found = line("queue ");
	KS_CHECK(found && strstr(found, " ring 0x"), "%s", text);

	KS_OK(read_file("spaces"));
	KS_CHECK(strstr(text, "type FENCE") && strstr(text, "type LR"), "%s", text);
	found = strstr(text, "type FENCE");
	KS_CHECK(strstr(found, "queues 1 mappings 2 mapped_bytes "), "%s", text);
	KS_CHECK(line("space "), "%s", text);

	KS_OK(read_file("engines"));
	KS_CHECK(line("engine 0 kinds "), "%s", text);
	KS_OK(read_file("firmware"));
	KS_CHECK(line("version ") && line("card boot_status ") && line("card safe QUEUE_STOP done "), "%s", text);
	KS_OK(read_file("links"));
	KS_CHECK(line("links "), "%s", text);
	KS_OK(read_file("watches"));
	KS_CHECK(line("watches "), "%s", text);
	KS_OK(read_file("memory"));
	KS_CHECK(line("objects total ") && line("carve from ") && strstr(text, "used"), "%s", text);
	KS_OK(read_file("fwlog"));
	KS_CHECK(strlen(text) > 10, "no firmware log");
	ks_uq_close(&q);
	ks_rig_close(&rig);
	return 0;
}

static int start_named(struct ks_uq *q, const char *name)
{
	const union weft_packet wait = ks_pkt_wait(KS_CELLS_VA + 64, 5);
	struct drm_weft_user_queue_create args;
	int r = ks_uq_open(q, 0);

	args = ks_uq_args(q);
	memcpy(args.name, name, strnlen(name, sizeof(args.name)));
	if (!r)
		r = ks_uq_start_with(q, &args);
	if (!r)
		ks_uq_put(q, &wait);
	return r;
}

/* In the file, below the one queue that waits. */
static int says(const char *begin, const char *wanted)
{
	const char *found;

	KS_OK(read_file("queues"));
	found = line(begin);
	KS_CHECK(strstr(text, " run PARKED "), "%s", text);
	KS_CHECK(wanted ? found && !strcmp(found, wanted) : !found, "wanted %s: %s", wanted ? wanted : "none", text);
	return 0;
}

/* What the cell has is read at the look, whether the card was told of it or not. */
static int name_and_cell(void)
{
	static const char *const names[] = { "tour/lane of read", "\xc3\xa4 name that has all of 32 bytes" };
	char wanted[64];
	struct ks_uq q;

	for (int i = 0; i < 2; i++) {
		KS_OK(start_named(&q, names[i]));
		KS_OK(ks_uq_reach(&q, WEFT_QS_PARKED));
		snprintf(wanted, sizeof(wanted), "  name %s", names[i]);
		KS_OK(says("  name ", wanted));
		ks_uq_close(&q);
	}
	KS_IS(strlen(names[1]), DRM_WEFT_NAME_BYTES);

	KS_OK(start_named(&q, ""));
	KS_OK(ks_uq_reach(&q, WEFT_QS_PARKED));
	KS_OK(says("  name ", NULL));
	KS_OK(says("  cell ", "  cell value 0 end 0 fault 0x0"));
	q.cells[2].value = 3;
	KS_OK(says("  cell ", "  cell value 3 end 0 fault 0x0"));
	/* of a writer that forgot to kick */
	q.cells[2].end = 1;
	KS_OK(says("  cell ", "  cell value 3 end 1 fault 0x0"));
	q.cells[2].fault = WEFT_CELL_FAULT(WEFT_CELL_POISON, WEFT_FAULT_STOPPED, 7);
	snprintf(wanted, sizeof(wanted), "  cell value 3 end 1 fault %#llx", (unsigned long long)q.cells[2].fault);
	KS_OK(says("  cell ", wanted));
	q.cells[2].value = -2;
	snprintf(wanted, sizeof(wanted), "  cell value %llu end 1 fault %#llx", -2ULL, (unsigned long long)q.cells[2].fault);
	KS_OK(says("  cell ", wanted));
	/* where nothing is mapped there is no cell */
	KS_OK(ks_unbind(q.fd, q.vm, KS_CELLS_VA, 4096));
	KS_OK(read_file("queues"));
	KS_CHECK(strstr(text, "kind user") && !line("  cell "), "%s", text);
	ks_uq_close(&q);
	KS_OK(read_file("queues"));
	KS_CHECK(!strstr(text, "kind user"), "%s", text);
	return 0;
}

/* A sleeper on a cell, and a user queue that has faulted, as long as they are there. */
static int who_waits_and_why(void)
{
	union weft_packet bad = ks_pkt_fill(0x7000000000ULL, 64, 1);
	struct ks_sleeper s;
	struct ks_uq q;

	KS_OK(ks_uq_open(&s.q, 0));
	KS_OK(ks_sleeper_start(&s));
	for (int i = 0; i < 100 && ks_count(0, "live_watches") < 1; i++)
		usleep(50000);
	KS_OK(read_file("watches"));
	KS_CHECK(strstr(text, " used 1\nwatch 0 cell 0x") && strstr(text, " fired 0\n"), "%s", text);
	KS_OK(ks_sleeper_wake(&s));
	KS_OK(read_file("watches"));
	KS_CHECK(strstr(text, " used 0\n") && !line("watch 0 "), "%s", text);
	ks_uq_close(&s.q);

	KS_OK(ks_uq_ready(&q, 0));
	ks_uq_put(&q, &bad);
	KS_DO(ks_uq_reach(&q, WEFT_QS_FAULTED));
	KS_OK(read_file("queues"));
	KS_CHECK(strstr(text, "run FAULTED cause PT_INVALID"), "%s", text);
	KS_CHECK(strstr(text, " fault_va 0x7000000000 fault_list 0x0 fault_packet 0 fault_op FILL origin "), "%s", text);
	ks_uq_close(&q);
	return 0;
}

static volatile bool stop;
static unsigned long reads;

/* Every file that can be read, again and again; they may vanish with the card. */
static void *reader(void *arg)
{
	char *buffer = malloc(1 << 20), path[192], dir_path[128];

	(void)arg;
	while (!stop && buffer) {
		struct dirent *entry;
		DIR *dir;

		if (folder(dir_path, sizeof(dir_path)) || !(dir = opendir(dir_path))) {
			usleep(1000);
			continue;
		}
		while ((entry = readdir(dir))) {
			int fd;

			snprintf(path, sizeof(path), "%s/%.60s", dir_path, entry->d_name);
			fd = entry->d_type == DT_REG ? open(path, O_RDONLY | O_CLOEXEC) : -1;
			if (fd < 0)
				continue;
			while (read(fd, buffer, 1 << 20) > 0)
				;
			close(fd);
			__atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED);
		}
		closedir(dir);
	}
	free(buffer);
	return NULL;
}

/* Queues that wait, whose cells and spaces go away below who looks at them; then jobs. Whatever they end with, they end. */
static void load(int rounds)
{
	struct ks_rig rig;
	struct ks_uq q;

	for (int i = 0; i < rounds; i++) {
		if (start_named(&q, "waits"))
			break;
		usleep(1000);
		ks_unbind(q.fd, q.vm, KS_CELLS_VA, 4096);
		ks_bind(q.fd, q.vm, q.cells_handle, KS_CELLS_VA, 4096, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_SEM);
		ks_uq_close(&q);
	}
	ks_uq_close(&q);

	if (ks_rig_open(&rig, 0, 0))
		return;
	for (int i = 0; i < rounds; i++)
		if (ks_rig_alive(&rig))
			break;
	ks_rig_close(&rig);
}

static int read_in_any_state(void)
{
	char pci[32];
	struct ks_uq q;
	pthread_t thread[2];
	unsigned long before;
	int result = 0;

	stop = false;
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	for (int i = 0; i < 2; i++)
		KS_OK(pthread_create(&thread[i], NULL, reader, NULL));
	for (int round = 0; round < 3 && !result; round++) {
		load(20);
		before = reads;
		/* one that waits while the card goes */
		result = start_named(&q, "waits");
		if (!result)
			result = ks_reset(0);
		load(5);
		if (!result)
			result = ks_driver("unbind", pci);
		usleep(20000);
		ks_uq_close(&q);
		if (!result)
			result = ks_driver("bind", pci);
		load(5);
		usleep(200000);
		if (!result && reads == before)
			result = -ENODATA;
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	printf("# %lu files read\n", reads);
	KS_IS(result, 0);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "the files say what there is", what_is_there },
		{ "the name of a queue, and what is in the cell it waits for", name_and_cell },
		{ "who sleeps on a cell, and why a queue stopped", who_waits_and_why },
		{ "read under load, over resets and unbinds", read_in_any_state },
	};

	return ks_main("debugfs", tests, sizeof(tests) / sizeof(tests[0]));
}
