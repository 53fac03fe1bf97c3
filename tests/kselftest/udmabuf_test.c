// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* A process's own pages for the card: a sealed memfd as a dma-buf. The kernel counts them nowhere; the driver does. */
#define _GNU_SOURCE
#include "ks_bind.h"

#include <fcntl.h>
#include <signal.h>
#include <linux/udmabuf.h>
#include <sys/wait.h>

#define MIB	(1ULL << 20)
#define VA	0x300000000ULL
#define CHUNK	(32 * MIB)

static int device = -1;

/* 0, or the capability that is missing. */
static const char *prepare(void)
{
	if (device < 0) {
		if (access("/dev/udmabuf", F_OK) && system("modprobe udmabuf 2>/dev/null"))
			return "udmabuf";
		device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	}
	return device < 0 ? "udmabuf" : NULL;
}

static int memfd(uint64_t bytes)
{
	int fd = memfd_create("weft-test", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, bytes) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	return fd;
}

/* Descriptor of a dma-buf over the first pages, or -errno. */
static int dma_buf(int fd, uint64_t bytes)
{
	struct udmabuf_create create = { .memfd = fd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = bytes };
	int r = ioctl(device, UDMABUF_CREATE, &create);

	return r < 0 ? -errno : r;
}

static int import(int fd, int mem, uint64_t bytes, uint32_t *handle)
{
	int buf = dma_buf(mem, bytes), r;

	if (buf < 0)
		return buf;
	r = ks_import(fd, buf, handle);
	close(buf);
	return r;
}

static int contents(void)
{
	const uint64_t bytes = 2 * MIB + 4096;
	struct drm_weft_gem_info info;
	uint32_t handle;
	struct ks_rig rig;
	uint8_t *p;
	int mem;

	if (prepare())
		return ks_skip(prepare());
	KS_OK(ks_rig_open(&rig, 0, 0));
	mem = memfd(bytes);
	KS_CHECK(mem >= 0, "%d", mem);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	KS_CHECK(p != MAP_FAILED);
	for (uint64_t i = 0; i < bytes; i++)
		p[i] = i * 13 + (i >> 12);
	KS_OK(import(rig.fd, mem, bytes, &handle));
	KS_OK(ks_gem_info(rig.fd, handle, &info));
	KS_CHECK(info.placement == DRM_WEFT_PLACE_SYSTEM && info.size == bytes && !info.mmap_offset);
	/* the pages stay pinned without memfd and handle, and the import goes with its binding */
	KS_OK(ks_bind(rig.fd, rig.vm, handle, VA, bytes, KS_RW));
	KS_OK(ks_gem_close(rig.fd, handle));
	close(mem);
	memset(&rig.list[0], 0, 64);
	rig.list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .dst = KS_DATA_VA, .src = VA, .bytes = bytes };
	KS_OK(ks_rig_run(&rig, 1, 0));
	for (uint64_t i = 0; i < bytes; i++)
		KS_CHECK(rig.data[i] == (uint8_t)(i * 13 + (i >> 12)), "byte %llu to the card", (unsigned long long)i);
	for (uint64_t i = 0; i < bytes; i++)
		rig.data[i] = i * 7 + (i >> 12) + 1;
	__sync_synchronize();
	rig.list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .dst = VA, .src = KS_DATA_VA, .bytes = bytes };
	KS_OK(ks_rig_run(&rig, 1, 0));
	for (uint64_t i = 0; i < bytes; i++)
		KS_CHECK(p[i] == (uint8_t)(i * 7 + (i >> 12) + 1), "byte %llu from the card", (unsigned long long)i);
	KS_OK(ks_unbind(rig.fd, rig.vm, VA, bytes));
	rig.list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .dst = KS_DATA_VA, .src = VA, .bytes = 64 };
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	munmap(p, bytes);
	ks_rig_close(&rig);
	return 0;
}

static uint64_t ram(void)
{
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	if (f && fscanf(f, "MemTotal: %llu", &kib) != 1)
		kib = 0;
	if (f)
		fclose(f);
	return kib << 10;
}

/* Imports until refused: bytes taken, the refusal in *r. Every dma-buf is over the same pages and counts all the same. */
static uint64_t fill(int fd, int mem, int *r)
{
	uint64_t taken = 0;
	uint32_t handle;

	while (!(*r = import(fd, mem, CHUNK, &handle)))
		taken += CHUNK;
	return taken;
}

static int near(uint64_t taken, uint64_t limit)
{
	KS_CHECK(taken <= limit && limit - taken < CHUNK, "%llu MiB taken of %llu", (unsigned long long)(taken / MIB),
		 (unsigned long long)(limit / MIB));
	return 0;
}

/* A quarter of memory for a file, half of it for all together; who may have more gets three quarters. */
static int limits(void)
{
	uint64_t taken, more, all = ram();
	int a, b, c, root, mem, r;
	uint32_t handle;

	if (prepare())
		return ks_skip(prepare());
	a = ks_open_as_user(0);
	b = ks_open_as_user(ks_cards() - 1);
	c = ks_open_as_user(0);
	root = ks_open(0);
	mem = memfd(CHUNK);
	KS_CHECK(a >= 0 && b >= 0 && c >= 0 && root >= 0 && mem >= 0 && all);
	taken = fill(a, mem, &r);
	KS_IS(r, -EDQUOT);
	KS_OK(near(taken, all / 4));
	/* objects in system memory count with them */
	KS_IS(ks_gem_create(a, CHUNK, DRM_WEFT_PLACE_SYSTEM, 0, &handle), -EDQUOT);
	/* another card does not make it more */
	more = fill(b, mem, &r);
	KS_IS(r, -EDQUOT);
	KS_CHECK(more <= all / 4);
	taken += more;
	more = fill(c, mem, &r);
	KS_IS(r, -EDQUOT);
	KS_OK(near(taken + more, all / 2));
	KS_OK(import(root, mem, CHUNK, &handle));
	more += fill(root, mem, &r) + CHUNK;
	KS_IS(r, -EDQUOT);
	KS_OK(near(taken + more, all / 4 * 3));
	close(root);
	/* what is given back may be taken again */
	close(a);
	KS_OK(import(c, mem, CHUNK, &handle));
	close(mem);
	close(c);
	close(b);
	return 0;
}

static void churn(int mem)
{
	struct ks_rig rig;
	uint32_t handle;

	if (ks_rig_open(&rig, 0, 0))
		_exit(2);
	for (;;) {
		if (import(rig.fd, mem, CHUNK, &handle) || ks_bind(rig.fd, rig.vm, handle, VA, CHUNK, KS_RW) ||
		    ks_gem_close(rig.fd, handle) || ks_unbind(rig.fd, rig.vm, VA, CHUNK))
			_exit(1);
	}
}

/* Killed in the middle of pinning, mapping, binding: the end comes soon and leaves nothing (the harness counts). */
static int killed(void)
{
	long rounds = ks_iterations(8);
	int mem, status;

	if (prepare())
		return ks_skip(prepare());
	mem = memfd(CHUNK);
	KS_CHECK(mem >= 0);
	for (long i = 0; i < rounds; i++) {
		pid_t child = fork();
		int64_t start;

		if (!child)
			churn(mem);
		usleep(20000 + ks_random() % 150000);
		start = ks_now_ns();
		kill(child, SIGKILL);
		KS_CHECK(waitpid(child, &status, 0) == child);
		KS_CHECK(WIFSIGNALED(status), "round %ld: it ended by itself, %#x", i, status);
		KS_CHECK(ks_now_ns() - start < 5 * KS_SECOND, "round %ld: %lld ms to die", i,
			 (long long)(ks_now_ns() - start) / 1000000);
	}
	close(mem);
	close(device);
	device = -1;
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "pages of a process, both ways", contents },
		{ "imports count towards the limits of a file and of all, CAP_SYS_RESOURCE lifts them", limits },
		{ "killed in the middle of pinning and binding", killed },
	};

	return ks_main("udmabuf", tests, sizeof(tests) / sizeof(tests[0]));
}
