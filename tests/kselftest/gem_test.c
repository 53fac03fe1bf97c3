// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Memory objects: life, mapping, limits, and that nobody sees another's bytes. */
#include "ks.h"

static int zeroed(uint32_t placement)
{
	uint32_t handle;
	uint64_t *p;
	int fd = ks_open(0);

	KS_OK(ks_gem_create(fd, 1 << 20, placement, 0, &handle));
	p = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < (1 << 20) / 8; i++)
		KS_CHECK(p[i] == 0, "word %zu is %llx", i, (unsigned long long)p[i]);
	for (size_t i = 0; i < (1 << 20) / 8; i++)
		p[i] = i * 0x9e3779b97f4a7c15ULL;
	for (size_t i = 0; i < (1 << 20) / 8; i++)
		KS_CHECK(p[i] == i * 0x9e3779b97f4a7c15ULL, "word %zu", i);
	munmap(p, 1 << 20);
	KS_OK(ks_gem_close(fd, handle));
	KS_IS(ks_gem_close(fd, handle), -EINVAL);
	close(fd);
	return 0;
}

static int local(void)
{
	return zeroed(DRM_WEFT_PLACE_LOCAL);
}

static int in_system(void)
{
	return zeroed(DRM_WEFT_PLACE_SYSTEM);
}

static int info(void)
{
	struct drm_weft_gem_info info;
	uint32_t handle;
	int fd = ks_open(0);

	KS_OK(ks_gem_create(fd, 5000, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_gem_info(fd, handle, &info));
	KS_IS(info.size, 8192);
	KS_IS(info.placement, DRM_WEFT_PLACE_LOCAL);
	KS_IS(info.rights, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM);
	KS_CHECK(info.mmap_offset != 0);
	KS_IS(ks_gem_info(fd, 4711, &info), -ENOENT);
	close(fd);
	return 0;
}

static int bad_create(void)
{
	uint32_t handle;
	int fd = ks_open(0);

	KS_IS(ks_gem_create(fd, 0, DRM_WEFT_PLACE_LOCAL, 0, &handle), -EINVAL);
	KS_IS(ks_gem_create(fd, 4096, 2, 0, &handle), -EINVAL);
	KS_IS(ks_gem_create(fd, 4096, DRM_WEFT_PLACE_LOCAL, 0x80, &handle), -EINVAL);
	KS_IS(ks_gem_create(fd, UINT64_MAX, DRM_WEFT_PLACE_LOCAL, 0, &handle), -EINVAL);
	KS_IS(ks_gem_create(fd, UINT64_MAX - 4095, DRM_WEFT_PLACE_SYSTEM, 0, &handle), -EINVAL);
	KS_CHECK(ks_gem_create(fd, 1ULL << 40, DRM_WEFT_PLACE_LOCAL, 0, &handle) < 0);
	close(fd);
	return 0;
}

/* A file may not take everything; several may, and then the answer is "full", and closing gives all back. */
static int full(void)
{
	int fd[16], files = 0, r = 0;
	long long free_before = ks_count(0, "live_lmem_bytes");
	uint32_t handle;
	bool quota = false, full = false;

	KS_CHECK(free_before >= 0, "live_lmem_bytes missing in counts");
	for (; files < 16 && !full; files++) {
		fd[files] = ks_open(0);
		KS_CHECK(fd[files] >= 0);
		do {
			r = ks_gem_create(fd[files], 4 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle);
		} while (!r);
		KS_CHECK(r == -EDQUOT || r == -ENOSPC, "%d", r);
		quota |= r == -EDQUOT;
		full |= r == -ENOSPC;
	}
	KS_CHECK(full, "16 files never filled the card");
	KS_CHECK(quota, "one file could take everything");
	while (files--)
		close(fd[files]);
	return 0;
}

/* Freed memory is cleared before anyone gets it again: fill the card with a pattern, free, look at all of it. */
static int no_stale_bytes(void)
{
	const uint64_t bytes = 8 << 20;

	for (int round = 0; round < 2; round++) {
		int fd[16];
		unsigned int files = 0, objects = 0;
		bool full = false;

		while (files < 16 && !full) {
			fd[files] = ks_open(0);
			for (;;) {
				uint32_t handle;
				int r = ks_gem_create(fd[files], bytes, DRM_WEFT_PLACE_LOCAL, 0, &handle);
				uint64_t *p;

				if (r) {
					full = r == -ENOSPC;
					break;
				}
				p = ks_gem_map(fd[files], handle, PROT_READ | PROT_WRITE);
				KS_CHECK(p != MAP_FAILED);
				for (size_t i = 0; i < bytes / 8; i += 64)
					KS_CHECK(p[i] == 0, "round %d object %u word %zu", round, objects, i);
				for (size_t i = 0; i < bytes / 8; i += 64)
					p[i] = 0x5a5a5a5a5a5a5a5aULL;
				munmap(p, bytes);
				objects++;
			}
			files++;
		}
		KS_CHECK(objects > 4);
		while (files--)
			close(fd[files]);
	}
	return 0;
}

static int mmap_bounds(void)
{
	struct drm_weft_gem_info info;
	uint32_t handle;
	void *p;
	int fd = ks_open(0), other = ks_open(0);

	KS_OK(ks_gem_create(fd, 8192, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_gem_info(fd, handle, &info));
	p = mmap(NULL, 16384, PROT_READ, MAP_SHARED, fd, info.mmap_offset);
	KS_CHECK(p == MAP_FAILED, "mapped past the end");
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, other, info.mmap_offset);
	KS_CHECK(p == MAP_FAILED, "another file mapped it");
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, info.mmap_offset + (1ULL << 40));
	KS_CHECK(p == MAP_FAILED, "mapped nothing");
	close(other);
	close(fd);
	return 0;
}

static int mapping_outlives_handle(void)
{
	uint32_t handle;
	uint8_t *p;
	int fd = ks_open(0);

	KS_OK(ks_gem_create(fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	p = ks_gem_map(fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	KS_OK(ks_gem_close(fd, handle));
	close(fd);
	p[0] = 42;
	KS_CHECK(p[0] == 42);
	munmap(p, 4096);
	return 0;
}

#define PIECE	65536ULL
#define PIECES	256

static int memory_of(int fd, struct drm_weft_memory *m)
{
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_MEMORY, .size = sizeof(*m), .ptr = (uintptr_t)m };

	return ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);
}

/* Takes all memory but PIECES of PIECE bytes, which are clear; seldom two of them lie side by side. */
static int make_holes(int fd)
{
	static uint32_t handles[4 * PIECES];
	struct drm_weft_memory m;
	long long cleared;
	uint32_t handle;

	for (int i = 0; i < 4 * PIECES; i++)
		KS_OK(ks_gem_create(fd, PIECE, DRM_WEFT_PLACE_LOCAL, 0, &handles[i]));
	for (uint64_t bytes = 1ULL << 30; bytes >= 4096; bytes /= 2)
		while (!ks_gem_create(fd, bytes, DRM_WEFT_PLACE_LOCAL, 0, &handle))
			;
	KS_OK(memory_of(fd, &m));
	KS_IS(m.free, 0);
	KS_IS(m.largest, 0);
	cleared = ks_cleared(0);
	for (int i = 0; i < 4 * PIECES; i += 4)
		KS_OK(ks_gem_close(fd, handles[i]));
	KS_OK(ks_wait_cleared(0, cleared + PIECES * PIECE / 4096));
	KS_OK(memory_of(fd, &m));
	KS_IS(m.free, PIECES * PIECE);
	KS_CHECK(m.largest == PIECE || m.largest == 2 * PIECE, "%llu bytes", (unsigned long long)m.largest);
	return 0;
}

/* The card reads at each address of a bind from @offset on what lies there in the object. */
static int bound_from(struct ks_rig *rig, uint32_t handle, uint64_t offset, uint64_t bytes)
{
	struct drm_weft_vm_bind bind = {
		.vm_id = rig->vm, .op = DRM_WEFT_BIND_MAP, .flags = DRM_WEFT_BIND_READ, .handle = handle, .offset = offset,
		.va = 0x300000000ULL, .range = bytes,
	};

	KS_OK(ks_ioctl(rig->fd, DRM_IOCTL_WEFT_VM_BIND, &bind));
	rig->list[0].copy = (struct weft_pkt_copy){
		.op = WEFT_PKT_COPY, .dst = KS_DATA_VA, .src = bind.va, .bytes = bytes,
	};
	KS_OK(ks_rig_run(rig, 1, 0));
	for (uint64_t i = 0; i < bytes; i += 4096)
		KS_IS(*(uint64_t *)(rig->data + i), (long)((offset + i) / 4096 + 1));
	return ks_unbind(rig->fd, rig->vm, bind.va, bytes);
}

/* One in many pieces is zero, and one for its user: offsets are those in the object. @reset: no memory is known to be clear. */
static int in_pieces(bool reset)
{
	const uint64_t bytes = 8 << 20;
	struct drm_weft_memory m;
	uint64_t *p, before;
	uint32_t handle;
	struct ks_rig rig;
	int fd = ks_open(0);

	KS_DO(make_holes(fd));
	if (reset) {
		/* what is held stays so, though it is lost */
		KS_OK(ks_reset(0));
		KS_OK(memory_of(fd, &m));
		KS_IS(m.free, PIECES * PIECE);
		KS_IS(m.dirty, m.free);
	}
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(memory_of(fd, &m));
	before = m.free;
	KS_OK(ks_gem_create(rig.fd, bytes, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(memory_of(fd, &m));
	KS_IS(before - m.free, (long)bytes);
	p = ks_gem_map(rig.fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	for (uint64_t i = 0; i < bytes / 8; i++)
		KS_CHECK(p[i] == 0, "word %llu is %#llx", (unsigned long long)i, (unsigned long long)p[i]);
	for (uint64_t i = 0; i < bytes / 4096; i++)
		p[i * 512] = i + 1;
	KS_DO(bound_from(&rig, handle, 0, bytes / 2));
	KS_DO(bound_from(&rig, handle, PIECE, PIECE));
	KS_DO(bound_from(&rig, handle, 5 * PIECE - 4096, 8192));
	KS_DO(bound_from(&rig, handle, 7 * PIECE + 4096, bytes / 2));
	KS_DO(bound_from(&rig, handle, bytes - 4096, 4096));
	munmap(p, bytes);
	ks_rig_close(&rig);
	close(fd);
	return 0;
}

static int clear_pieces(void)
{
	return in_pieces(false);
}

static int unclear_pieces(void)
{
	return in_pieces(true);
}

/* What a mapping shows when its memory is lost: zeros of its own, which lead nowhere; and there is no new one. */
static int mapping_loses_card(bool reset)
{
	const uint64_t bytes = 2 << 20;
	char pci[32];
	uint32_t local, system;
	volatile uint64_t *p, *s;
	int fd = ks_open(0);

	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_gem_create(fd, bytes, DRM_WEFT_PLACE_LOCAL, 0, &local));
	KS_OK(ks_gem_create(fd, bytes, DRM_WEFT_PLACE_SYSTEM, 0, &system));
	p = ks_gem_map(fd, local, PROT_READ | PROT_WRITE);
	s = ks_gem_map(fd, system, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED && s != MAP_FAILED);
	for (uint64_t i = 0; i < bytes / 8; i += 512)
		p[i] = s[i] = 0x1234;
	KS_OK(reset ? ks_reset(0) : ks_driver("unbind", pci));
	for (uint64_t i = 0; i < bytes / 8; i += 512)
		KS_CHECK(p[i] == 0 && s[i] == 0x1234, "word %llu: %llx, system %llx", (unsigned long long)i,
			 (unsigned long long)p[i], (unsigned long long)s[i]);
	/* one page for all of it: a store is seen everywhere and nowhere else */
	p[0] = 0x77;
	KS_CHECK(p[512] == 0x77, "%llx", (unsigned long long)p[512]);
	KS_CHECK(ks_gem_map(fd, local, PROT_READ) == MAP_FAILED);
	KS_IS(-errno, reset ? -ECANCELED : -ENODEV);
	munmap((void *)p, bytes);
	munmap((void *)s, bytes);
	close(fd);
	if (!reset)
		KS_OK(ks_driver("bind", pci));
	return 0;
}

static int mapping_after_reset(void)
{
	return mapping_loses_card(true);
}

static int mapping_after_unbind(void)
{
	return mapping_loses_card(false);
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "local memory is zero, keeps what is written", local },
		{ "system memory is zero, keeps what is written", in_system },
		{ "info, sizes are rounded", info },
		{ "bad sizes, placements and flags", bad_create },
		{ "full card and quota", full },
		{ "no stale bytes", no_stale_bytes },
		{ "an object in many pieces", clear_pieces },
		{ "an object in many pieces, none of them clear", unclear_pieces },
		{ "mmap stays inside one's own object", mmap_bounds },
		{ "a mapping outlives handle and file", mapping_outlives_handle },
		{ "a mapping and a reset", mapping_after_reset },
		{ "a mapping and removal of the card", mapping_after_unbind },
	};

	return ks_main("gem", tests, sizeof(tests) / sizeof(tests[0]));
}
