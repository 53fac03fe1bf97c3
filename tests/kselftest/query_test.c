// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* QUERY and what every ioctl shares: unknown numbers, flags, padding. */
#include "ks_uq.h"

static int device(void)
{
	for (int card = 0; card < ks_cards(); card++) {
		struct drm_weft_device device;
		int fd = ks_open(card);

		KS_CHECK(fd >= 0);
		KS_OK(ks_device(fd, &device));
		KS_IS(device.uapi, DRM_WEFT_UAPI_MAJOR << 16 | DRM_WEFT_UAPI_MINOR);
		KS_CHECK(device.contract == WEFT_CONTRACT_VERSION, "%x", device.contract);
		KS_CHECK(device.fw_version != 0);
		KS_CHECK(device.caps & WEFT_CAP_CALL);
		KS_CHECK(device.lmem_bytes >= 64 << 20 && device.user_limit < device.lmem_bytes);
		KS_CHECK(device.num_slots > 0 && device.num_engines > 0);
		close(fd);
	}
	return 0;
}

static int serials_differ(void)
{
	uint32_t serial[KS_MAX_CARDS];

	for (int card = 0; card < ks_cards(); card++) {
		struct drm_weft_device device;
		int fd = ks_open(card);

		KS_OK(ks_device(fd, &device));
		close(fd);
		serial[card] = device.serial;
		for (int i = 0; i < card; i++)
			KS_CHECK(serial[i] != serial[card], "cards %d and %d", i, card);
	}
	return 0;
}

static int sizes(void)
{
	struct drm_weft_device device;
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_DEVICE };
	uint8_t small[12];
	int fd = ks_open(0);

	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query));
	KS_IS(query.size, sizeof(device));
	KS_OK(ks_device(fd, &device));
	memset(small, 0xa5, sizeof(small));
	query.size = 8;
	query.ptr = (uintptr_t)small;
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query));
	KS_IS(memcmp(small, &device, 8), 0);
	KS_CHECK(small[8] == 0xa5, "wrote past the buffer");
	query.ptr = 8;
	query.size = sizeof(device);
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), -EFAULT);
	close(fd);
	return 0;
}

static int memory_and_engines(void)
{
	struct drm_weft_memory memory;
	struct drm_weft_engine engine[64];
	struct drm_weft_query query = {
		.what = DRM_WEFT_QUERY_MEMORY, .size = sizeof(memory), .ptr = (uintptr_t)&memory,
	};
	uint32_t handle, kinds = 0, n;
	uint64_t free;
	int fd = ks_open(0);

	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query));
	KS_CHECK(memory.free <= memory.total && memory.largest <= memory.free && memory.used == 0);
	free = memory.free;
	KS_OK(ks_gem_create(fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	query.size = sizeof(memory);
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query));
	KS_IS(free - memory.free, 1 << 20);
	KS_IS(memory.used, 1 << 20);
	query.what = DRM_WEFT_QUERY_ENGINES;
	query.size = sizeof(engine);
	query.ptr = (uintptr_t)engine;
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query));
	n = query.size / sizeof(engine[0]);
	KS_CHECK(n > 0 && n <= 64);
	for (uint32_t i = 0; i < n; i++) {
		kinds |= engine[i].kinds;
		KS_CHECK(engine[i].width > 0);
	}
	KS_CHECK((kinds & (WEFT_ENGINE_COPY | WEFT_ENGINE_COMPUTE)) == (WEFT_ENGINE_COPY | WEFT_ENGINE_COMPUTE));
	close(fd);
	return 0;
}

static int bad_query(void)
{
	struct drm_weft_query query = { .what = 999 };
	int fd = ks_open(0);

	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), -EINVAL);
	query = (struct drm_weft_query){ .what = DRM_WEFT_QUERY_DEVICE, .pad = 1 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), -EINVAL);
	query = (struct drm_weft_query){ .what = DRM_WEFT_QUERY_DEVICE, .index = 1 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), -EINVAL);
	query = (struct drm_weft_query){ .what = DRM_WEFT_QUERY_COUNTERS, .index = 4711 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query), -ENOENT);
	close(fd);
	return 0;
}

static int unknown_ioctl(void)
{
	uint64_t arg[8] = { 0 };
	int fd = ks_open(0);

	for (int nr = DRM_WEFT_QUEUE_IDLE + 1; nr < 0x60; nr++) {
		long r = ks_ioctl(fd, DRM_IOWR(DRM_COMMAND_BASE + nr, uint64_t), arg);

		KS_CHECK(r == -EINVAL || r == -ENOTTY, "number %d gave %ld", nr, r);
	}
	close(fd);
	return 0;
}

static int padding(void)
{
	struct drm_weft_gem_create create = { .size = 4096, .pad = 1 };
	struct drm_weft_vm_create vm = { .pad = 1 };
	struct drm_weft_vm_destroy vm_destroy = { .pad = 1 };
	struct drm_weft_queue_destroy queue_destroy = { .pad = 1 };
	struct drm_weft_query_peer peer = { .peer_fd = -1, .pad = 1 };
	int fd = ks_open(0);

	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_GEM_CREATE, &create), -EINVAL);
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &vm), -EINVAL);
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_VM_DESTROY, &vm_destroy), -EINVAL);
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUEUE_DESTROY, &queue_destroy), -EINVAL);
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &peer), -EINVAL);
	close(fd);
	return 0;
}

/* Arguments that are good but for the word that must be 0, and the same ones without it. */
static int padding_of_user_queues(void)
{
	struct drm_weft_user_queue_create create;
	struct drm_weft_kick kick;
	struct drm_weft_cell_wait wait;
	struct ks_uq q;

	KS_OK(ks_uq_open(&q, 0));
	create = ks_uq_args(&q);
	create.pad = 1;
	KS_IS(ks_uq_start_with(&q, &create), -EINVAL);
	create = ks_uq_args(&q);
	create.flags = 1u << 31;
	KS_IS(ks_uq_start_with(&q, &create), -EINVAL);
	create = ks_uq_args(&q);
	KS_OK(ks_uq_start_with(&q, &create));
	for (uint32_t bad = 0; bad < 2; bad++) {
		kick = (struct drm_weft_kick){ .handle = q.cells_handle, .pad = bad };
		KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_KICK, &kick), bad ? -EINVAL : 0);
		wait = (struct drm_weft_cell_wait){ .handle = q.cells_handle, .flags = bad };
		KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_CELL_WAIT, &wait), bad ? -EINVAL : 0);
	}
	ks_uq_close(&q);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "device information of every card", device },
		{ "serials differ", serials_differ },
		{ "answer sizes: none, prefix, bad pointer", sizes },
		{ "memory and engines", memory_and_engines },
		{ "unknown query, padding, index", bad_query },
		{ "unknown ioctl numbers", unknown_ioctl },
		{ "padding must be zero", padding },
		{ "padding and flags of user queues, KICK and CELL_WAIT must be zero", padding_of_user_queues },
	};

	return ks_main("query", tests, sizeof(tests) / sizeof(tests[0]));
}
