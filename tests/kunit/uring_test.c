// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* The one parser of io_uring commands: what an SQE may say, and what of it arrives. */
#include <kunit/test.h>
#include <linux/io_uring/cmd.h>
#include <linux/io_uring_types.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "weft_uring.h"

#define SIZE	48
#define LEAST	40
#define KNOWN	DRM_WEFT_URING_END	/* a flag that the command has */

static const struct weft_command command = { .size = SIZE, .least = LEAST, .flags = KNOWN };

/** struct world - an SQE of 128 bytes as a command of a ring */
struct world {
	union {
		struct io_uring_sqe sqe[2];
		u8 bytes[2 * sizeof(struct io_uring_sqe)];
	};
	struct io_uring_cmd cmd;
	struct weft_call call;
	u8 __user *user;
};

static int set_up(struct kunit *test)
{
	struct world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);
	unsigned long user;

	if (!world)
		return -ENOMEM;
	user = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	if (!user || IS_ERR_VALUE(user))
		return -ENOMEM;
	world->user = (u8 __user *)user;
	test->priv = world;
	return 0;
}

/* An argument of bytes that count from 1. */
static struct world *argument(struct kunit *test)
{
	struct world *world = test->priv;
	u8 bytes[SIZE + 16] = { };
	u32 i;

	for (i = 0; i < SIZE; i++)
		bytes[i] = i + 1;
	KUNIT_ASSERT_EQ(test, copy_to_user(world->user, bytes, sizeof(bytes)), 0);
	memset(world->bytes, 0, sizeof(world->bytes));
	memcpy(world->sqe->cmd + sizeof(struct drm_weft_uring), bytes, sizeof(bytes));
	world->sqe->user_data = 77;
	world->cmd = (struct io_uring_cmd) { .sqe = world->sqe };
	world->call = (struct weft_call) { .cmd = &world->cmd };
	return world;
}

static int take(struct world *world, const struct drm_weft_uring *head)
{
	memcpy(world->sqe->cmd, head, sizeof(*head));
	return weft_uring_copy_args(&world->call, &command);
}

/* The first @bytes of the argument arrived, the rest is 0. */
static void expect_bytes(struct kunit *test, const struct weft_call *call, u32 bytes)
{
	u32 i;

	for (i = 0; i < SIZE; i++)
		KUNIT_EXPECT_EQ_MSG(test, call->a.bytes[i], i < bytes ? i + 1 : 0, "byte %u of %u",
				    i, bytes);
	KUNIT_EXPECT_EQ(test, call->user_data, 77);
}

#define POINTED(wanted, ...) do {						\
	struct world *world = argument(test);					\
	struct drm_weft_uring head = {						\
		.args = (uintptr_t)world->user, .size = SIZE,			\
	};									\
										\
	__VA_ARGS__;								\
	KUNIT_EXPECT_EQ_MSG(test, take(world, &head), wanted, #__VA_ARGS__);	\
	if (!(wanted))								\
		expect_bytes(test, &world->call, min_t(u32, head.size, SIZE));	\
} while (0)

#define INLINED(wanted, ...) do {						\
	struct world *world = argument(test);					\
	struct drm_weft_uring head = {						\
		.size = SIZE, .flags = DRM_WEFT_URING_INLINE,			\
	};									\
										\
	world->call.issue_flags = IO_URING_F_SQE128;				\
	__VA_ARGS__;								\
	KUNIT_EXPECT_EQ_MSG(test, take(world, &head), wanted, #__VA_ARGS__);	\
	if (!(wanted)) {							\
		expect_bytes(test, &world->call, min_t(u32, head.size, SIZE));	\
		KUNIT_EXPECT_NULL(test, world->call.user);			\
	}									\
} while (0)

static void head(struct kunit *test)
{
	POINTED(0, head.flags = KNOWN);
	POINTED(0, world->call.issue_flags = IO_URING_F_SQE128);
	POINTED(-EINVAL, head.pad = 1);
	POINTED(-EINVAL, head.flags = 0x8000);
	POINTED(-EINVAL, head.flags = ~(KNOWN | DRM_WEFT_URING_INLINE) & 0x7fff);
	POINTED(-EINVAL, head.size = 0);
	POINTED(-EINVAL, head.size = LEAST - 1);
	POINTED(-EINVAL, world->sqe->addr = 1);
	POINTED(-EINVAL, world->sqe->len = 1);
	POINTED(-EINVAL, world->cmd.flags = IORING_URING_CMD_FIXED);
}

/* An elder program knows less of the argument, a newer one more. */
static void pointed(struct kunit *test)
{
	POINTED(0, head.size = LEAST);
	POINTED(0, head.size = SIZE - 1);
	POINTED(0, head.size = SIZE + 16);
	POINTED(-E2BIG, head.size = SIZE + 1; put_user(1, world->user + SIZE));
	POINTED(-E2BIG, head.size = SIZE + 16; put_user(1, world->user + SIZE + 15));
	POINTED(-EFAULT, head.args = 8);
	POINTED(-EFAULT, head.args = ~0ull - 7);
	POINTED(-EFAULT, head.args = (uintptr_t)world->user + PAGE_SIZE - 8);
}

static void inlined(struct kunit *test)
{
	INLINED(0, head.flags |= KNOWN);
	INLINED(0, head.size = LEAST);
	INLINED(0, head.size = WEFT_URING_INLINE_BYTES);
	INLINED(-E2BIG, head.size = SIZE + 1; world->bytes[offsetof(struct io_uring_sqe, cmd) +
		sizeof(head) + SIZE] = 1);
	INLINED(-E2BIG, head.size = WEFT_URING_INLINE_BYTES;
		world->bytes[offsetof(struct io_uring_sqe, cmd) + sizeof(head) +
			     WEFT_URING_INLINE_BYTES - 1] = 1);
	INLINED(-EINVAL, head.size = WEFT_URING_INLINE_BYTES + 1);
	INLINED(-EINVAL, head.size = 0xffff);
	INLINED(-EINVAL, head.size = LEAST - 1);
	INLINED(-EINVAL, head.args = (uintptr_t)world->user);
	/* half an SQE has no room for it */
	INLINED(-EINVAL, world->call.issue_flags = 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(head),
	KUNIT_CASE(pointed),
	KUNIT_CASE(inlined),
	{}
};

static struct kunit_suite suite = {
	.name = "weft_uring", .init = set_up, .test_cases = cases,
};
kunit_test_suite(suite);
