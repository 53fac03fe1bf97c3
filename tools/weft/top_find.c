// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Processes are any user's, and so is what their descriptors are: only the kernel says whose card is whose, a table is believed
 * by what it says of its own process's cards, and nothing is opened before it is known to be a file of memory.
 */
#define _GNU_SOURCE	/* seals, O_PATH */
#include "top_find.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CARD		"/dev/accel/"
#define TABLE		"/memfd:" WEFT_PLAN_TABLE_NAME " (deleted)"
#define SEALS		(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define MAX_FDS		65536

/* The driver's number of an open card; 0: it is no card of weft's. */
static uint64_t client_of(int proc, const char *fd)
{
	char path[300], line[256];
	bool weft = false;
	uint64_t client = 0;
	int info;
	FILE *f;

	snprintf(path, sizeof(path), "fdinfo/%s", fd);
	info = openat(proc, path, O_RDONLY | O_CLOEXEC);
	f = info < 0 ? NULL : fdopen(info, "r");
	if (!f) {
		if (info >= 0)
			close(info);
		return 0;
	}
	while (fgets(line, sizeof(line), f)) {
		weft |= !strcmp(line, "drm-driver:\tweft\n");
		if (!strncmp(line, "drm-client-id:", 14))
			client = strtoull(line + 14, NULL, 10);
	}
	fclose(f);
	return weft ? client : 0;
}

/* A sealed file of memory, to be read; -1: it is none, or may change. */
static int open_table(int proc, const char *fd, size_t *bytes)
{
	int place, got = -1, seals;
	struct stat s;
	char path[300];

	snprintf(path, sizeof(path), "fd/%s", fd);
	/* opening what lies at such a path for reading may do something; so may its name */
	place = openat(proc, path, O_PATH | O_CLOEXEC);
	if (place < 0)
		return -1;
	if (!fstat(place, &s) && S_ISREG(s.st_mode) && s.st_size > 0 && s.st_size <= WEFT_PLAN_TABLE_MOST) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
		got = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	close(place);
	if (got < 0)
		return -1;
	seals = fcntl(got, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS && !fstat(got, &s) && s.st_size > 0 && s.st_size <= WEFT_PLAN_TABLE_MOST) {
		*bytes = (size_t)s.st_size;
		return got;
	}
	close(got);
	return -1;
}

static void take_table(struct top_find *find, struct top_process *p, int proc, const char *name)
{
	size_t bytes = 0;
	int fd = p->num_plans < TOP_PLANS ? open_table(proc, name, &bytes) : -1;
	char *data;

	if (fd < 0)
		return;
	data = find->bytes + bytes <= TOP_FIND_BYTES ? malloc(bytes) : NULL;
	if (data && read(fd, data, bytes) == (ssize_t)bytes && top_plan_parse(data, bytes, &p->plan[p->num_plans].plan)) {
		p->plan[p->num_plans++].data = data;
		find->bytes += bytes;
		data = NULL;
	}
	free(data);
	close(fd);
}

/* Of one process either its cards or, of one that has such, its tables. */
static void each_fd(struct top_find *find, struct top_process *p, int proc, bool tables)
{
	int fds = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fds < 0 ? NULL : fdopendir(fds);
	struct dirent *e;
	char to[64];
	int seen = 0;

	if (!dir) {
		if (fds >= 0)
			close(fds);
		return;
	}
	while ((e = readdir(dir)) && seen++ < MAX_FDS) {
		const ssize_t n = readlinkat(fds, e->d_name, to, sizeof(to) - 1);
		uint64_t client;

		if (n <= 0)
			continue;
		to[n] = 0;
		if (tables && !strcmp(to, TABLE))
			take_table(find, p, proc, e->d_name);
		if (tables || strncmp(to, CARD, strlen(CARD)) || p->num_clients == TOP_CLIENTS)
			continue;
		client = client_of(proc, e->d_name);
		if (client)
			p->client[p->num_clients++] = client;
	}
	closedir(dir);
}

static void process_free(struct top_process *p)
{
	for (uint32_t i = 0; i < p->num_plans; i++)
		free(p->plan[i].data);
	free(p);
}

static void look(struct top_find *find, int proc)
{
	struct top_process *p = calloc(1, sizeof(*p));

	if (!p)
		return;
	each_fd(find, p, proc, false);
	if (p->num_clients)
		each_fd(find, p, proc, true);
	if (p->num_plans)
		find->process[find->count++] = p;
	else
		process_free(p);
}

void top_find(struct top_find *find, const char *proc)
{
	DIR *dir = opendir(proc);
	struct dirent *e;

	*find = (struct top_find) { 0 };
	while (dir && (e = readdir(dir)) && find->count < TOP_PROCESSES) {
		int fd = isdigit((unsigned char)e->d_name[0]) ? openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		look(find, fd);
		close(fd);
	}
	if (dir)
		closedir(dir);
}

void top_find_free(struct top_find *find)
{
	for (uint32_t i = 0; i < find->count; i++)
		process_free(find->process[i]);
	find->count = 0;
	find->bytes = 0;
}

static bool has(const struct top_process *p, uint64_t client)
{
	for (uint32_t i = 0; i < p->num_clients; i++)
		if (p->client[i] == client)
			return true;
	return false;
}

bool top_find_wait(const struct top_find *find, uint64_t client, uint32_t pci, uint64_t list, uint32_t packet, uint64_t address,
		   struct top_wait *wait)
{
	for (uint32_t i = 0; i < find->count && client; i++)
		for (uint32_t k = 0; k < find->process[i]->num_plans && has(find->process[i], client); k++)
			if (top_plan_wait(&find->process[i]->plan[k].plan, pci, list, packet, address, wait))
				return true;
	return false;
}
