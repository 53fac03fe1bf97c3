// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <kunit/test.h>
#include <linux/sizes.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_job.h"
#include "weft_vm.h"
#include "weft_vma.h"

static const struct drm_weft_submit job = { .list = SZ_4K, .num_packets = 1 };

#define JOB(wanted, ...) do {							\
	struct drm_weft_submit args = job;					\
										\
	__VA_ARGS__;								\
	KUNIT_EXPECT_EQ_MSG(test, weft_job_check(&args), wanted, #__VA_ARGS__);	\
} while (0)

static void submit(struct kunit *test)
{
	JOB(0, args.num_syncs = DRM_WEFT_MAX_SYNCS);
	JOB(0, args.num_packets = DRM_WEFT_MAX_PACKETS);
	JOB(0, args.table = 32; args.num_operands = DRM_WEFT_MAX_OPERANDS);
	JOB(0, args.list = WEFT_VM_END - 64);
	JOB(-EINVAL, args.flags = 1);
	JOB(-EINVAL, args.pad = 1);
	JOB(-EINVAL, args.num_packets = 0);
	JOB(-EINVAL, args.num_packets = DRM_WEFT_MAX_PACKETS + 1);
	JOB(-EINVAL, args.num_syncs = DRM_WEFT_MAX_SYNCS + 1);
	JOB(-EINVAL, args.list = 0);
	JOB(-EINVAL, args.list = SZ_4K + 32);
	JOB(-EINVAL, args.list = WEFT_VM_END);
	JOB(-EINVAL, args.list = WEFT_VM_END - 64; args.num_packets = 2);
	JOB(-EINVAL, args.list = -64ULL; args.num_packets = 2);
	JOB(-EINVAL, args.table = 32);
	JOB(-EINVAL, args.num_operands = 1);
	JOB(-EINVAL, args.table = 16; args.num_operands = 1);
	JOB(-EINVAL, args.table = 32; args.num_operands = DRM_WEFT_MAX_OPERANDS + 1);
	JOB(-EINVAL, args.table = WEFT_VM_END - 32; args.num_operands = 2);
	JOB(-EINVAL, args.table = -32ULL; args.num_operands = 2);
}

static const struct drm_weft_vm_bind map = {
	.op = DRM_WEFT_BIND_MAP, .flags = DRM_WEFT_BIND_READ, .handle = 1,
	.va = SZ_2M, .range = SZ_4K,
};

#define BIND(wanted, ...) do {							\
	struct drm_weft_vm_bind args = map;					\
										\
	__VA_ARGS__;								\
	KUNIT_EXPECT_EQ_MSG(test, weft_vma_check(&args), wanted, #__VA_ARGS__);	\
} while (0)

static void bind(struct kunit *test)
{
	BIND(0, args.flags |= DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_ASYNC);
	BIND(0, args.va = WEFT_VM_END - SZ_4K);
	BIND(0, args.flags |= DRM_WEFT_BIND_SPARSE; args.handle = 0);
	BIND(0, args.op = DRM_WEFT_BIND_UNMAP; args.flags = DRM_WEFT_BIND_ASYNC; args.handle = 0);
	BIND(-EINVAL, args.va = 0);
	BIND(-EINVAL, args.range = 0);
	BIND(-EINVAL, args.va |= 1);
	BIND(-EINVAL, args.range |= 1);
	BIND(-EINVAL, args.offset = 1);
	BIND(-EINVAL, args.va = WEFT_VM_END);
	BIND(-EINVAL, args.va = WEFT_VM_END - SZ_4K; args.range = SZ_8K);
	BIND(-EINVAL, args.va = -(u64)SZ_4K; args.range = SZ_8K);
	BIND(-EINVAL, args.flags = 0);
	BIND(-EINVAL, args.flags = DRM_WEFT_BIND_ASYNC);
	BIND(-EINVAL, args.flags |= 0x80);
	BIND(-EINVAL, args.op = 7);
	BIND(-EINVAL, args.flags |= DRM_WEFT_BIND_SPARSE);
	BIND(-EINVAL, args.flags |= DRM_WEFT_BIND_SPARSE; args.handle = 0; args.offset = SZ_4K);
	BIND(-EINVAL, args.flags |= DRM_WEFT_BIND_SPARSE | DRM_WEFT_BIND_SEM; args.handle = 0);
	BIND(-EINVAL, args.op = DRM_WEFT_BIND_UNMAP; args.handle = 0);
	BIND(-EINVAL, args.op = DRM_WEFT_BIND_UNMAP; args.flags = 0);
	BIND(-EINVAL, args.op = DRM_WEFT_BIND_UNMAP; args.flags = 0; args.handle = 0;
	     args.offset = SZ_4K);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(submit),
	KUNIT_CASE(bind),
	{}
};

static struct kunit_suite suite = { .name = "weft_check", .test_cases = cases };
kunit_test_suite(suite);
