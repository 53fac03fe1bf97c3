// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* TAP, nodes, counts. The UAPI wrappers are in ks_uapi.c. */
#define _GNU_SOURCE
#include "ks.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <time.h>

struct node {
	char path[64], pci[32];
	int minor;
};

struct counts {
	char text[4096];
};

static struct node nodes[KS_MAX_CARDS];
static int num_nodes = -1;
static struct counts at_start[KS_MAX_CARDS];
static int cards_at_start, descriptors_at_start, interrupts_at_start;
static char message[1024];
static uint64_t rng_state;
static const char *running;
static int running_index;

int64_t ks_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * KS_SECOND + t.tv_nsec;
}

uint64_t ks_random(void)
{
	uint64_t z = (rng_state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

long ks_iterations(long in_ci)
{
	const char *count = getenv("COUNT");
	long n = count && *count ? strtol(count, NULL, 0) : in_ci;

	printf("# COUNT=%ld\n", n);
	return n;
}

int ks_fail(const char *file, int line, const char *format, ...)
{
	va_list args;
	int n = snprintf(message, sizeof(message), "%s:%d: ", file, line);

	va_start(args, format);
	vsnprintf(message + n, sizeof(message) - n, format, args);
	va_end(args);
	return -1;
}

int ks_skip(const char *capability)
{
	snprintf(message, sizeof(message), "%s", capability);
	return KS_SKIP;
}

/* The driver's name of an open node, as DRM_IOCTL_VERSION tells. */
static bool is_weft(int fd)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "weft");
}

static int by_pci(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->pci, ((const struct node *)b)->pci);
}

/* After a driver was bound the card may have another minor. */
void ks_rescan(void)
{
	num_nodes = -1;
	ks_cards();
}

int ks_cards(void)
{
	DIR *dir;
	struct dirent *entry;

	if (num_nodes >= 0)
		return num_nodes;
	num_nodes = 0;
	dir = opendir("/dev/accel");
	while (dir && (entry = readdir(dir)) && num_nodes < KS_MAX_CARDS) {
		struct node *node = &nodes[num_nodes];
		char link[PATH_MAX], target[PATH_MAX];
		ssize_t n;
		int fd;

		if (sscanf(entry->d_name, "accel%d", &node->minor) != 1)
			continue;
		snprintf(node->path, sizeof(node->path), "/dev/accel/accel%d", node->minor);
		fd = open(node->path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (is_weft(fd)) {
			snprintf(link, sizeof(link), "/sys/class/accel/accel%d/device", node->minor);
			n = readlink(link, target, sizeof(target) - 1);
			target[n > 0 ? n : 0] = 0;
			snprintf(node->pci, sizeof(node->pci), "%.31s",
				 strrchr(target, '/') ? strrchr(target, '/') + 1 : "");
			num_nodes++;
		}
		close(fd);
	}
	if (dir)
		closedir(dir);
	qsort(nodes, num_nodes, sizeof(nodes[0]), by_pci);
	return num_nodes;
}

const char *ks_node(int card)
{
	return card < ks_cards() ? nodes[card].path : "";
}

const char *ks_pci(int card)
{
	return card < ks_cards() ? nodes[card].pci : "";
}

int ks_open(int card)
{
	int fd = open(ks_node(card), O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int ks_ioctl(int fd, unsigned long request, void *arg)
{
	int r;

	do {
		r = ioctl(fd, request, arg);
	} while (r && (errno == EINTR || errno == EAGAIN));
	return r ? -errno : 0;
}

/* Path of a debugfs file: the folder is named by minor on older kernels, by device on newer ones. */
static void debugfs_path(int card, const char *name, char *path, size_t bytes)
{
	snprintf(path, bytes, "/sys/kernel/debug/accel/%s/%s", ks_pci(card), name);
	if (access(path, F_OK))
		snprintf(path, bytes, "/sys/kernel/debug/accel/%d/%s", nodes[card].minor, name);
}

int ks_debugfs(int card, const char *name, char *text, size_t bytes)
{
	ssize_t got = 0;
	char path[128];
	size_t n = 0;
	int fd, r;

	text[0] = 0;
	debugfs_path(card, name, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (n < bytes - 1 && (got = read(fd, text + n, bytes - 1 - n)) > 0)
		n += got;
	r = got < 0 ? -errno : 0;
	close(fd);
	text[n] = 0;
	return r;
}

/* Text stays empty when there is no debugfs. */
static void read_counts(int card, struct counts *counts)
{
	ks_debugfs(card, "counts", counts->text, sizeof(counts->text));
}

int ks_inject(int card, unsigned int kind, uint64_t arg)
{
	char path[128], text[48];

	snprintf(text, sizeof(text), "%u %llu", kind, (unsigned long long)arg);
	debugfs_path(card, "inject", path, sizeof(path));
	return ks_write(path, text);
}

static long long find_count(const struct counts *counts, const char *name)
{
	size_t len = strlen(name);
	const char *line = counts->text;

	while (line && *line) {
		if (!strncmp(line, name, len) && line[len] == ' ')
			return strtoll(line + len, NULL, 0);
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return -ENOENT;
}

long long ks_count(int card, const char *name)
{
	struct counts counts;

	if (card >= ks_cards())
		return -ENODEV;
	read_counts(card, &counts);
	return find_count(&counts, name);
}

/* Whether a line of `counts` is of something held, as opposed to something that happened. */
static bool held(const char *name)
{
	return !strncmp(name, "live_", 5) || !strcmp(name, "lmem_free_pages") || strstr(name, "_quarantined_pages");
}

long long ks_cleared(int card)
{
	return ks_count(card, "scrub_filled_pages") + ks_count(card, "scrub_by_cpu_pages");
}

int ks_wait_cleared(int card, long long pages)
{
	int64_t until = ks_now_ns() + 30 * KS_SECOND;

	while (ks_now_ns() < until) {
		long long before = ks_cleared(card);

		if (pages && before >= pages)
			return 0;
		usleep(pages ? 10000 : 200000);
		if (!pages && ks_cleared(card) == before)
			return 0;
	}
	return -ETIME;
}

/*
 * What is held is as it was. Only pages that were withheld before may have become free since, by a reset or by
 * binding the card again.
 */
static bool same_counts(int card, char *what, size_t bytes)
{
	struct counts now;
	char name[64];
	const char *line = at_start[card].text;
	long long was_withheld = find_count(&at_start[card], "lmem_quarantined_pages"), withheld;

	read_counts(card, &now);
	withheld = find_count(&now, "lmem_quarantined_pages");
	while (line && *line) {
		long long before, after;
		bool same;

		if (sscanf(line, "%63s %lld", name, &before) == 2 && held(name)) {
			after = find_count(&now, name);
			if (!strcmp(name, "lmem_free_pages"))
				same = after + withheld == before + was_withheld;
			else if (strstr(name, "_quarantined_pages"))
				same = after >= 0 && after <= before;
			else
				same = after == before;
			if (!same) {
				snprintf(what, bytes, "card %d: %s was %lld, is %lld", card, name, before, after);
				return false;
			}
		}
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return true;
}

/* Descriptors of this process, the one that counts them included. */
static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Lines of /proc/interrupts that belong to the driver. */
static int interrupts(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[4096];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "weft") != NULL;
	if (f)
		fclose(f);
	return n;
}

static bool same_number(const char *name, int before, int after, char *what, size_t bytes)
{
	if (before != after)
		snprintf(what, bytes, "%s were %d, are %d", name, before, after);
	return before == after;
}

static bool all_same(char *what, size_t bytes)
{
	if (!same_number("cards", cards_at_start, ks_cards(), what, bytes) ||
	    !same_number("descriptors", descriptors_at_start, descriptors(), what, bytes) ||
	    !same_number("interrupts", interrupts_at_start, interrupts(), what, bytes))
		return false;
	for (int card = 0; card < ks_cards(); card++)
		if (!same_counts(card, what, bytes))
			return false;
	return true;
}

int ks_leaks(char *what, size_t bytes)
{
	int64_t until = ks_now_ns() + 5 * KS_SECOND;

	while (!all_same(what, bytes)) {
		if (ks_now_ns() > until)
			return -1;
		usleep(20000);
	}
	return 0;
}

int ks_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int ks_reset(int card)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", ks_pci(card));
	return ks_write(path, "1");
}

int ks_driver(const char *what, const char *pci)
{
	char path[128];
	int r;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/weft/%s", what);
	r = ks_write(path, pci);
	ks_rescan();
	return r;
}

int ks_send_fd(int sock, int fd)
{
	union { char buf[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { { 0 } };
	struct iovec iov = { "m", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			    .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof(int));
	return sendmsg(sock, &m, 0) == 1 ? 0 : -errno;
}

int ks_receive_fd(int sock)
{
	union { char buf[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			    .msg_controllen = sizeof(control.buf) };
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
	int fd;

	if (!h || h->cmsg_type != SCM_RIGHTS)
		return n < 0 ? -errno : -EPIPE;
	memcpy(&fd, CMSG_DATA(h), sizeof(int));
	return fd;
}

int ks_ask(const char *request)
{
	int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC), r = -EIO;
	char line[256];
	size_t n;

	if (fd < 0)
		return -errno;
	n = snprintf(line, sizeof(line), "@@rig %s\n", request);
	/* In one piece, so that nobody else's output gets into it. */
	if (write(fd, line, n) != (ssize_t)n)
		goto close;
	for (n = 0; n < sizeof(line) - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n'; n++)
		;
	line[n] = 0;
	r = strcmp(line, "ok") ? -EIO : 0;
	if (r)
		printf("# the rig, asked to %s: %s\n", request, line);
close:
	close(fd);
	return r;
}

static void on_alarm(int sig)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "not ok %d %s\n# time limit\n", running_index, running);

	(void)sig;
	if (write(1, line, n) < 0)
		_exit(2);
	_exit(1);
}

static int leak_test(void)
{
	static const char *const names[] = {
		"live_objects", "lmem_free_pages", "lmem_quarantined_pages", "carve_quarantined_pages",
	};
	char what[256] = "";

	for (int card = 0; card < cards_at_start; card++)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			KS_CHECK(find_count(&at_start[card], names[i]) >= 0, "no %s in debugfs for card %d", names[i], card);
	KS_CHECK(interrupts_at_start > 0, "no interrupt of the driver");
	KS_CHECK(descriptors_at_start > 0, "no /proc/self/fd");
	return ks_leaks(what, sizeof(what)) ? ks_fail(__FILE__, __LINE__, "%s", what) : 0;
}

/* What ran before may still be letting go of the card; a reference that stays is no leak of ours. */
static void read_settled(int card, struct counts *c)
{
	int64_t until = ks_now_ns() + 2 * KS_SECOND;

	do
		read_counts(card, c);
	while (find_count(c, "live_pm_usage") > 0 && ks_now_ns() < until && !usleep(10000));
}

int ks_main(const char *program, const struct ks_test *tests, size_t count)
{
	const char *seed = getenv("SEED"), *limit = getenv("KS_LIMIT_S");
	const struct ks_test leaks = { "nothing leaked", leak_test };
	bool failed = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	rng_state = seed && *seed ? strtoull(seed, NULL, 0) : 1;
	signal(SIGALRM, on_alarm);
	printf("TAP version 13\n1..%zu\n# SEED=%llu\n", count + 1, (unsigned long long)rng_state);
	if (!ks_cards()) {
		printf("Bail out! no weft card in this machine\n");
		return 1;
	}
	cards_at_start = ks_cards();
	for (int card = 0; card < cards_at_start; card++)
		read_settled(card, &at_start[card]);
	descriptors_at_start = descriptors();
	interrupts_at_start = interrupts();
	for (size_t i = 0; i <= count; i++) {
		const struct ks_test *test = i < count ? &tests[i] : &leaks;
		char name[128];
		int r;

		snprintf(name, sizeof(name), "%s: %s", program, test->name);
		running = name;
		running_index = i + 1;
		message[0] = 0;
		alarm(limit ? atoi(limit) : 120);
		r = test->run();
		alarm(0);
		if (r == KS_SKIP) {
			printf("ok %zu %s # SKIP %s\n", i + 1, name, message);
		} else {
			printf("%s %zu %s\n", r ? "not ok" : "ok", i + 1, name);
			if (r)
				printf("# %s\n", message);
			failed |= r != 0;
		}
	}
	return failed;
}
