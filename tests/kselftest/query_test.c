// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* QUERY and what every ioctl shares: unknown numbers, flags, padding. */
#include <time.h>

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

static int64_t host_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static int clock_of(int fd, struct drm_weft_clock *c)
{
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_CLOCK, .size = sizeof(*c), .ptr = (uintptr_t)c };

	return ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);
}

/* What the card stamps lies between two moments, on its own clock; the clocks go alike. */
static int clocks(void)
{
	for (int card = 0; card < ks_cards(); card++) {
		struct drm_weft_clock before, after;
		int64_t start = host_ns(), card_ns, passed, apart;
		struct ks_rig rig;
		uint64_t *stamp;

		KS_OK(ks_rig_open(&rig, card, 0));
		stamp = (uint64_t *)rig.data;
		KS_OK(clock_of(rig.fd, &before));
		rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 50000000 };
		rig.list[1].timestamp = (struct weft_pkt_timestamp){ .op = WEFT_PKT_TIMESTAMP, .dst = KS_DATA_VA };
		KS_OK(ks_rig_run(&rig, 2, 0));
		KS_OK(clock_of(rig.fd, &after));
		KS_CHECK((int64_t)before.host_ns >= start && (int64_t)after.host_ns <= host_ns(), "not CLOCK_MONOTONIC");
		KS_CHECK(before.error_ns && before.error_ns < 1000000000, "%llu ns apart", (unsigned long long)before.error_ns);
		KS_CHECK(before.card_ns + 50000000 <= *stamp && *stamp <= after.card_ns, "stamped %llu, between %llu and %llu",
			 (unsigned long long)*stamp, (unsigned long long)before.card_ns, (unsigned long long)after.card_ns);
		card_ns = (int64_t)(after.card_ns - before.card_ns);
		passed = (int64_t)(after.host_ns - before.host_ns);
		apart = card_ns > passed ? card_ns - passed : passed - card_ns;
		/* the host's clock is an emulated one, the card's is not */
		KS_CHECK(apart <= (int64_t)(before.error_ns + after.error_ns) + passed / 20, "the card counted %lld ns, the host %lld",
			 (long long)card_ns, (long long)passed);
		ks_rig_close(&rig);
	}
	return 0;
}

/* What a file may have and has; 0 or -errno. */
static int quotas_of(int fd, struct drm_weft_quota q[DRM_WEFT_QUOTA_KINDS])
{
	const uint32_t bytes = DRM_WEFT_QUOTA_KINDS * sizeof(*q);
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_QUOTAS, .size = bytes, .ptr = (uintptr_t)q };
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);

	for (uint32_t kind = 0; kind < DRM_WEFT_QUOTA_KINDS && !r; kind++)
		if (q[kind].kind != kind || q[kind].pad || !q[kind].limit)
			r = -EBADMSG;
	return r ? r : query.size == bytes ? 0 : -EBADMSG;
}

/* The refusals so far are `n` by this quota, which has `used` of it taken, and none by any other. */
static int refused(int fd, uint32_t kind, uint64_t n, uint64_t used, struct drm_weft_quota *q)
{
	KS_OK(quotas_of(fd, q));
	for (uint32_t k = 0; k < DRM_WEFT_QUOTA_KINDS; k++)
		KS_CHECK(q[k].refused == (k == kind ? n : 0), "quota %u refused %llu times", k, (unsigned long long)q[k].refused);
	KS_CHECK(q[kind].used == used, "quota %u: %llu used, wanted %llu", kind, (unsigned long long)q[kind].used,
		 (unsigned long long)used);
	return 0;
}

/* Queues of either kind, as many as may be; one that ends makes room for one. User queues take less of other quotas. */
static int quota_of_queues(void)
{
	struct drm_weft_user_queue_create user = {
		.band = DRM_WEFT_BAND_NORMAL, .ring_log2 = 4, .ring = 1 << 20, .ctl = 2 << 20,
	};
	struct drm_weft_quota q[DRM_WEFT_QUOTA_KINDS];
	struct drm_weft_device device;
	uint32_t vm, queue;
	int fd = ks_open_as_user(0);

	KS_OK(ks_device(fd, &device));
	KS_OK(ks_vm_create(fd, &vm));
	KS_OK(ks_vm_create_lr(fd, &user.vm_id));
	KS_OK(ks_bind(fd, user.vm_id, 0, 1 << 20, 2 << 20,
		      DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SPARSE));
	KS_OK(ks_queue_create(fd, vm, 0, &queue));
	for (uint32_t i = 1; i < device.max_queues; i++)
		KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &user));
	KS_DO(refused(fd, DRM_WEFT_QUOTA_QUEUES, 0, device.max_queues, q));
	KS_IS(ks_queue_create(fd, vm, 0, &queue), -EDQUOT);
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &user), -EDQUOT);
	KS_DO(refused(fd, DRM_WEFT_QUOTA_QUEUES, 2, device.max_queues, q));
	KS_OK(ks_queue_destroy(fd, user.queue_id));
	KS_OK(ks_queue_create(fd, vm, 0, &queue));
	KS_IS(ks_queue_create(fd, vm, 0, &queue), -EDQUOT);
	close(fd);
	return 0;
}

/* Of four, each in a file of its own: what is asked for beyond the limit is refused, and the answer says so in numbers. */
static int quotas(void)
{
	struct drm_weft_quota q[DRM_WEFT_QUOTA_KINDS];
	struct drm_weft_memory memory = { .quota = 0 };
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_MEMORY, .size = sizeof(memory), .ptr = (uintptr_t)&memory };
	struct drm_weft_device device;
	uint32_t id, handle;
	int fd = ks_open_as_user(0);

	KS_OK(ks_device(fd, &device));
	KS_DO(refused(fd, DRM_WEFT_QUOTA_VMS, 0, 0, q));
	KS_IS(q[DRM_WEFT_QUOTA_VMS].limit, device.max_vms);
	KS_IS(q[DRM_WEFT_QUOTA_QUEUES].limit, device.max_queues);
	for (uint32_t i = 0; i < device.max_vms; i++)
		KS_OK(ks_vm_create(fd, &id));
	KS_DO(refused(fd, DRM_WEFT_QUOTA_VMS, 0, device.max_vms, q));
	KS_CHECK(q[DRM_WEFT_QUOTA_TABLES].used >= 4096ULL * device.max_vms &&
		 q[DRM_WEFT_QUOTA_TABLES].used <= q[DRM_WEFT_QUOTA_TABLES].limit);
	KS_IS(ks_vm_create(fd, &handle), -EDQUOT);
	KS_DO(refused(fd, DRM_WEFT_QUOTA_VMS, 1, device.max_vms, q));
	KS_OK(ks_vm_destroy(fd, id));
	KS_DO(refused(fd, DRM_WEFT_QUOTA_VMS, 1, device.max_vms - 1, q));
	close(fd);

	KS_DO(quota_of_queues());

	fd = ks_open_as_user(0);
	KS_OK(quotas_of(fd, q));
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query));
	KS_IS(q[DRM_WEFT_QUOTA_LOCAL].limit, memory.quota);
	KS_OK(ks_gem_create(fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_IS(ks_gem_create(fd, (memory.quota & ~4095ULL) - (1 << 20) + 4096, DRM_WEFT_PLACE_LOCAL, 0, &id), -EDQUOT);
	KS_DO(refused(fd, DRM_WEFT_QUOTA_LOCAL, 1, 1 << 20, q));
	close(fd);

	fd = ks_open_as_user(0);
	KS_OK(quotas_of(fd, q));
	KS_OK(ks_gem_create(fd, 1 << 20, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	KS_CHECK(q[DRM_WEFT_QUOTA_SYSTEM].limit < q[DRM_WEFT_QUOTA_SYSTEM_ALL].limit);
	for (uint64_t i = 0; i < 3; i++)
		KS_IS(ks_gem_create(fd, q[DRM_WEFT_QUOTA_SYSTEM].limit & ~4095ULL, DRM_WEFT_PLACE_SYSTEM, 0, &id), -EDQUOT);
	KS_DO(refused(fd, DRM_WEFT_QUOTA_SYSTEM, 3, 1 << 20, q));
	KS_CHECK(q[DRM_WEFT_QUOTA_SYSTEM_ALL].used >= 1 << 20);
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
		{ "clock: a stamp of the card lies between two moments", clocks },
		{ "quotas: limit, use, and which of them refused", quotas },
		{ "unknown query, padding, index", bad_query },
		{ "unknown ioctl numbers", unknown_ioctl },
		{ "padding must be zero", padding },
		{ "padding and flags of user queues, KICK and CELL_WAIT must be zero", padding_of_user_queues },
	};

	return ks_main("query", tests, sizeof(tests) / sizeof(tests[0]));
}
