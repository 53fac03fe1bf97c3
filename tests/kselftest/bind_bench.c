// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * What binds and mappings of a peer's memory cost a process; prints rows for make bench. Each sample is taken in turn
 * with a system call, and the ratio is the median of the paired ones.
 */
#define _GNU_SOURCE
#include "ks_bind.h"

#include <sys/syscall.h>

#define VA	0x4000000000ULL
#define RUNS	41

struct bench {
	int fd, peer;
	uint32_t vm, handle;
	int dmabuf;
};

struct figure {
	const char *name;
	/* one sample: bind and unbind, each in nanoseconds */
	int (*take)(struct bench *b, uint64_t bytes, int64_t ns[2]);
	uint64_t bytes;
	int which;
};

static int bound(struct bench *b, uint64_t bytes, int64_t ns[2])
{
	int64_t start = ks_now_ns();
	int r = ks_bind(b->fd, b->vm, b->handle, VA, bytes, KS_RW);

	ns[0] = ks_now_ns() - start;
	start = ks_now_ns();
	if (!r)
		r = ks_unbind(b->fd, b->vm, VA, bytes);
	ns[1] = ks_now_ns() - start;
	return r;
}

static int sparse(struct bench *b, uint64_t bytes, int64_t ns[2])
{
	int64_t start = ks_now_ns();
	int r = ks_vm_bind(b->fd, ks_map_args(b->vm, 0, VA, bytes, KS_SPARSE));

	ns[0] = ks_now_ns() - start;
	start = ks_now_ns();
	if (!r)
		r = ks_unbind(b->fd, b->vm, VA, bytes);
	ns[1] = ks_now_ns() - start;
	return r;
}

/* Import and bind; unbind and let go. */
static int peer(struct bench *b, uint64_t bytes, int64_t ns[2])
{
	int64_t start = ks_now_ns();
	uint32_t handle = 0;
	int r = b->dmabuf < 0 ? -ENODEV : ks_import(b->fd, b->dmabuf, &handle);

	if (!r)
		r = ks_bind(b->fd, b->vm, handle, VA, bytes, KS_RW);
	ns[0] = ks_now_ns() - start;
	start = ks_now_ns();
	if (!r)
		r = ks_unbind(b->fd, b->vm, VA, bytes);
	if (handle)
		ks_gem_close(b->fd, handle);
	ns[1] = ks_now_ns() - start;
	return r;
}

static const struct figure figures[] = {
	{ "bind.4k", bound, 4096, 0 },
	{ "bind.2m", bound, 2 << 20, 0 },
	{ "bind.1g", sparse, 1 << 30, 0 },
	{ "p2p.map_us", peer, 16 << 20, 0 },
	{ "p2p.unmap_us", peer, 16 << 20, 1 },
};

static double getpid_us(void)
{
	const int n = 500;
	int64_t start = ks_now_ns();

	for (int i = 0; i < n; i++)
		syscall(SYS_getpid);
	return (double)(ks_now_ns() - start) / n / 1000;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void take(struct bench *b, const struct figure *f, const char *comma)
{
	double us[RUNS], ratio[RUNS];
	int64_t ns[2];
	int r = f->take(b, f->bytes, ns);	/* not counted: what is allocated once */

	for (int i = 0; i < RUNS && !r; i++) {
		r = f->take(b, f->bytes, ns);
		us[i] = ns[f->which] / 1000.0;
		ratio[i] = us[i] / getpid_us();
	}
	if (r) {
		printf("%s{\"name\":\"%s\",\"value\":null,\"reason\":\"%s\"}", comma, f->name, strerror(-r));
		return;
	}
	qsort(us, RUNS, sizeof(us[0]), compare);
	qsort(ratio, RUNS, sizeof(ratio[0]), compare);
	printf("%s{\"name\":\"%s\",\"value\":%.3f,\"median\":%.3f,\"p10\":%.3f,\"runs\":%d,\"against\":\"getpid\",\"ratio\":%.2f,"
	       "\"ratio_p10\":%.2f}", comma, f->name, us[RUNS / 2], us[RUNS / 2], us[RUNS / 10], RUNS, ratio[RUNS / 2],
	       ratio[RUNS / 10]);
}

int main(void)
{
	struct bench b = { .dmabuf = -1 };
	uint32_t handle;

	b.fd = ks_open(0);
	b.peer = ks_cards() > 1 ? ks_open(1) : -ENODEV;
	if (b.fd < 0 || ks_vm_create(b.fd, &b.vm) || ks_gem_create(b.fd, 2 << 20, DRM_WEFT_PLACE_LOCAL, 0, &b.handle)) {
		fprintf(stderr, "bind_bench: no card, or it is full\n");
		return 1;
	}
	if (b.peer >= 0 && !ks_gem_create(b.peer, 16 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle) &&
	    ks_export(b.peer, handle, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, &b.dmabuf))
		b.dmabuf = -1;
	printf("[");
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		take(&b, &figures[i], i ? "," : "");
	printf("]\n");
	return 0;
}
