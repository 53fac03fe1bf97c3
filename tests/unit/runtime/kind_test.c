/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A third device kind, added by this file alone: a host device that counts its commands and breaks on a fill of 13. */
#include <stdatomic.h>

#include "rt.h"

static atomic_int commands, opened;

static uint32_t count(void)
{
	return 2;
}

static int open_third(uint32_t index, void **priv)
{
	atomic_fetch_add(&opened, 1);
	*priv = (void *)(uintptr_t)(index + 100);
	return index == 1 ? -EIO : 0;
}

static void close_third(void *priv)
{
	assert_ptr_equal(priv, (void *)100);
	atomic_fetch_sub(&opened, 1);
}

static int execute(void *priv, const struct weft_command *command)
{
	if (priv != (void *)100)
		return -EINVAL;
	atomic_fetch_add(&commands, 1);
	if (command->op == WEFT_COMMAND_FILL && command->u.fill.pattern == 13)
		return -EBADMSG;
	return weft_command_run(command);
}

static const struct weft_kind third = {
	.size = sizeof(third), .name = "third", .count = count, .open = open_third, .close = close_third,
	.execute = execute,
};

static void third_kind(void **state)
{
	struct weft *weft = rt_open(1);
	struct weft_device *device, *host, *card;
	struct weft_timeline *timeline;
	struct weft_memory *memory, *other, *local;
	struct weft_queue *queue;
	struct weft_list *list;
	struct weft_peer peer = { .size = sizeof(peer) };
	uint64_t out[4] = { 0 }, seqno;

	(void)state;
	assert_int_equal(weft_device_count(weft, "third"), -ENOENT);
	ok(weft_kind_register(weft, &third));
	assert_int_equal(weft_kind_register(weft, &third), -EEXIST);
	assert_int_equal(weft_device_count(weft, "third"), 2);
	assert_string_equal(weft_kind_name(weft, 2), "third");
	assert_int_equal(weft_device_count(weft, NULL), 1 + weft_device_count(weft, "host") + 2);
	assert_int_equal(weft_device_open(weft, "third", 1, &device), -EIO);
	atomic_store(&opened, 0);
	ok(weft_device_open(weft, "third", 0, &device));
	ok(weft_device_open(weft, "host", 0, &host));
	ok(weft_device_open(weft, "card", 0, &card));
	ok(weft_memory_alloc(device, 4096, WEFT_PLACE_LOCAL, &memory));
	ok(weft_memory_alloc(host, 4096, WEFT_PLACE_LOCAL, &other));
	ok(weft_memory_alloc(card, 4096, WEFT_PLACE_LOCAL, &local));
	ok(weft_timeline_create(device, "third", &timeline));
	ok(weft_queue_create(device, NULL, &queue));
	ok(weft_list_create(device, &list));
	ok(weft_list_fill(list, weft_memory_address(memory), 32, 7, 8));
	ok(weft_list_commit(list));
	assert_int_equal(weft_list_timed(list, 1), -EBUSY);
	ok(weft_queue_submit(queue, &(struct weft_submit) { .size = sizeof(struct weft_submit), .list = list,
		.num_signals = 1, .signals = &(struct weft_point) { timeline, 5 } }, &seqno));
	ok(weft_timeline_wait(timeline, 5, 1000000000));
	ok(weft_memory_copy(local, 0, memory, 0, 32, 0));	/* third -> card -> host, by the copiers */
	ok(weft_memory_copy(other, 0, local, 0, 32, 0));
	ok(weft_memory_read(other, 0, out, 32));
	for (int i = 0; i < 4; i++)
		assert_int_equal(out[i], 7);
	assert_true(atomic_load(&commands) >= 1);
	assert_int_equal(weft_memory_import(card, memory, WEFT_ACCESS_READ, &other), -EOPNOTSUPP);
	ok(weft_device_peer(card, device, &peer));
	assert_int_equal(peer.reach, WEFT_REACH_NONE);

	ok(weft_list_reset(list));				/* a command that fails fails its job */
	ok(weft_list_fill(list, weft_memory_address(memory), 32, 13, 8));
	ok(weft_queue_run(queue, list, &seqno));
	assert_int_equal(weft_queue_wait(queue, seqno, 1000000000), -EBADMSG);
	assert_int_equal(weft_queue_wait(queue, seqno, 1000000000), -EBADMSG);
	ok(weft_queue_clear(queue));
	ok(weft_queue_wait(queue, seqno, 1000000000));

	ok(weft_list_destroy(list));
	ok(weft_queue_destroy(queue));
	ok(weft_timeline_destroy(timeline));
	ok(weft_memory_destroy(local));
	ok(weft_memory_destroy(other));
	ok(weft_memory_destroy(memory));
	ok(weft_device_close(card));
	ok(weft_device_close(host));
	ok(weft_device_close(device));
	assert_int_equal(atomic_load(&opened), 0);
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(third_kind) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
