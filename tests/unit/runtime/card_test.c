/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cards, on the fake: enumeration, queues, timelines over cards, faults, callbacks, and nothing left behind. */
#include <pthread.h>
#include <stdatomic.h>

#include "rt.h"

#include "runtime/core/card.h"

static void enumeration(void **state)
{
	struct weft *weft = rt_open(3);
	struct weft_device_info info = { .size = sizeof(info) };
	struct weft_peer peer[9];
	struct weft_engine engine;
	struct weft_counter counter[4] = { { .link = 9 } };
	struct weft_device_stats stats = { .size = sizeof(stats) };
	struct weft_memory_info memory = { .size = sizeof(memory) };
	struct weft_clock moment = { .size = sizeof(moment) };
	struct weft_device *device;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {	/* by PCI address, though the nodes are found in another order */
		ok(weft_device_open(weft, NULL, i, &device));
		ok(weft_device_info(device, &info));
		assert_int_equal(info.pci, 0x100 + i);
		assert_int_equal(info.index, i);
		assert_string_equal(info.kind, "card");
		assert_int_equal(weft_device_engines(device, NULL, 0, 0), 1);
		assert_int_equal(weft_device_engines(device, &engine, 1, sizeof(engine)), 1);
		assert_int_equal(engine.kinds, WEFT_ENGINE_KIND_COMPUTE);
		assert_int_equal(weft_device_counters(device, counter, 2, 2 * sizeof(counter[0])), 2);
		assert_int_equal(counter[2].read_bytes, 20);	/* by the caller's stride */
		ok(weft_device_stats(device, &stats));
		ok(weft_device_memory(device, &memory));
		assert_int_equal(memory.total_bytes, 64 << 20);
		ok(weft_device_clock(device, &moment));
		assert_int_equal(moment.host_ns, 30);
		assert_int_equal(moment.device_ns, 20);
		assert_int_equal(moment.error_ns, 10);
		ok(weft_device_close(device));
	}
	assert_int_equal(weft_device_open(weft, "card", 3, &device), -ENOENT);
	assert_non_null(strstr(weft_last_error(), "this machine has 3"));
	assert_int_equal(weft_device_open(weft, "tpu", 0, &device), -ENOENT);
	ok(weft_topology(weft, peer, 3));
	for (int i = 0; i < 9; i++)
		assert_int_equal(peer[i].reach, i / 3 == i % 3 ? WEFT_REACH_SELF : WEFT_REACH_BUS);
	fake.no_p2p = true;
	ok(weft_topology(weft, peer, 3));
	assert_int_equal(peer[1].reach, WEFT_REACH_NONE);
	assert_string_equal(peer[1].why, "the fake was told to refuse");
	fake.uapi = 1u << 16 | 2;
	assert_int_equal(weft_device_open(weft, "card", 0, &device), -EPROTO);
	assert_non_null(strstr(weft_last_error(), "is 1.2, this library needs 0.1"));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

struct rig {
	struct weft *weft;
	struct weft_device *card[2];
	struct weft_memory *memory[2];
	struct weft_queue *queue[2];
	struct weft_list *list[2];
	struct weft_timeline *timeline;
};

static void rig_open(struct rig *r)
{
	r->weft = rt_open(2);
	for (uint32_t i = 0; i < 2; i++) {
		ok(weft_device_open(r->weft, "card", i, &r->card[i]));
		ok(weft_memory_alloc(r->card[i], 4096, WEFT_PLACE_LOCAL, &r->memory[i]));
		ok(weft_queue_create(r->card[i], &(struct weft_queue_config) { .size = sizeof(struct weft_queue_config),
				     .name = i ? "second" : "first", .command_bytes = 4096 }, &r->queue[i]));
		ok(weft_list_create(r->card[i], &r->list[i]));
	}
	ok(weft_timeline_create(r->card[0], "steps", &r->timeline));
}

static void rig_close(struct rig *r)
{
	for (uint32_t i = 0; i < 2; i++) {
		ok(weft_list_destroy(r->list[i]));
		ok(weft_queue_destroy(r->queue[i]));
		ok(weft_memory_destroy(r->memory[i]));
	}
	ok(weft_timeline_destroy(r->timeline));
	for (uint32_t i = 0; i < 2; i++)
		ok(weft_device_close(r->card[i]));
	ok(weft_close(r->weft));
	assert_int_equal(fake_live(), 0);
}

static int submit(struct rig *r, int card, uint64_t wait, uint64_t signal, weft_callback callback, void *data)
{
	struct weft_point w = { r->timeline, wait }, s = { r->timeline, signal };

	return weft_queue_submit(r->queue[card], &(struct weft_submit) {
		.size = sizeof(struct weft_submit), .list = r->list[card], .waits = &w, .num_waits = wait ? 1 : 0,
		.signals = &s, .num_signals = signal ? 1 : 0, .callback = callback, .data = data }, NULL);
}

/* A chain over two cards by one timeline; card 1 works on card 0's memory, as imported. */
static void chain_over_cards(void **state)
{
	struct weft_memory *here, *again;
	struct weft_exec exec = { .size = sizeof(exec), .num_operands = 3, .dims = { 4 } };
	struct rig r;
	float x[4] = { 1, 2, 3, 4 };
	unsigned long calls;

	(void)state;
	rig_open(&r);
	ok(weft_memory_import(r.card[1], r.memory[0], WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &here));
	calls = fake.calls;
	ok(weft_memory_import(r.card[1], r.memory[0], WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &again));
	assert_ptr_equal(here, again);
	assert_int_equal(fake.calls, calls);		/* cached: no system call */
	ok(weft_memory_destroy(again));
	ok(weft_memory_write(r.memory[0], 0, x, sizeof(x)));
	for (int i = 0; i < 2; i++) {	/* x += x, on either card */
		struct weft_memory *m = i ? here : r.memory[0];

		for (int k = 0; k < 3; k++)
			exec.operands[k] = weft_memory_address(m);
		ok(weft_list_exec(r.list[i], "add", WEFT_TYPE_F32, &exec));
	}
	fake.hold = true;
	for (uint64_t i = 0; i < 10; i++)
		ok(submit(&r, (int)(i % 2), i, i + 1, NULL, NULL));
	assert_int_equal(weft_timeline_wait(r.timeline, 3, 1000000), -ETIME);
	assert_non_null(strstr(weft_last_error(), "steps: wanted 3, actual 0, signalled by queue first"));
	assert_int_equal(weft_timeline_wait(r.timeline, 99, 1000000), -ETIME);
	assert_non_null(strstr(weft_last_error(), "not submitted; last by queue second"));
	fake_release();
	ok(weft_timeline_wait(r.timeline, 10, 1000000000));
	ok(weft_memory_read(r.memory[0], 0, x, sizeof(x)));
	for (int i = 0; i < 4; i++)
		assert_true(x[i] == 1024.0f * (float)(i + 1));
	assert_int_equal(weft_timeline_signal(r.timeline, 10), -EINVAL);
	ok(weft_timeline_signal(r.timeline, 11));
	/* the owner's handle goes first: its memory stays until the import has gone */
	ok(weft_memory_destroy(r.memory[0]));
	ok(submit(&r, 1, 11, 12, NULL, NULL));
	ok(weft_timeline_wait(r.timeline, 12, 1000000000));
	assert_int_equal(weft_device_close(r.card[0]), -EBUSY);
	ok(weft_memory_destroy(here));
	ok(weft_memory_alloc(r.card[0], 4096, WEFT_PLACE_LOCAL, &r.memory[0]));
	rig_close(&r);
}

static void read_only_import(void **state)
{
	struct weft_memory *here, *more;
	struct rig r;

	(void)state;
	rig_open(&r);
	ok(weft_memory_import(r.card[1], r.memory[0], WEFT_ACCESS_READ, &here));
	assert_int_equal(weft_memory_import(r.card[0], here, WEFT_ACCESS_WRITE, &more), -EACCES);
	ok(weft_list_fill(r.list[1], weft_memory_address(here), 64, 1, 1));
	ok(submit(&r, 1, 0, 1, NULL, NULL));
	assert_int_equal(weft_timeline_wait(r.timeline, 1, 1000000000), -EFAULT);
	ok(weft_memory_destroy(here));
	rig_close(&r);
}

/* By descriptor: one handle per descriptor and device, kept when its owner goes; no more access than it came with. */
static void descriptors(void **state)
{
	struct weft_memory *here, *again, *more;
	struct weft_device *host;
	struct rig r;
	int fd;

	(void)state;
	rig_open(&r);
	ok(weft_memory_alloc(r.card[0], 8192, WEFT_PLACE_LOCAL, &more));
	assert_int_equal(weft_memory_export(more, WEFT_ACCESS_SIGNAL, &fd), -EINVAL);
	assert_int_equal(weft_memory_export(more, 0, &fd), -EINVAL);
	assert_int_equal(weft_memory_export(more, WEFT_ACCESS_READ, NULL), -EINVAL);
	ok(weft_memory_export(more, WEFT_ACCESS_READ, &fd));
	ok(weft_memory_destroy(more));
	ok(weft_memory_import_fd(r.card[1], fd, &here));
	ok(weft_memory_import_fd(r.card[1], fd, &again));
	fake_sys.close(fd);
	assert_ptr_equal(here, again);
	assert_int_equal(weft_memory_bytes(here), 8192);
	assert_ptr_equal(weft_memory_device(here), r.card[1]);
	ok(weft_memory_destroy(again));
	assert_int_equal(weft_device_close(r.card[1]), -EBUSY);
	assert_int_equal(weft_memory_export(here, WEFT_ACCESS_WRITE, &fd), -EACCES);
	assert_int_equal(weft_memory_import(r.card[0], here, WEFT_ACCESS_READ, &more), -EOPNOTSUPP);
	assert_non_null(strstr(weft_last_error(), "import the descriptor into card 0"));
	ok(weft_list_fill(r.list[1], weft_memory_address(here), 64, 1, 1));
	ok(submit(&r, 1, 0, 1, NULL, NULL));
	assert_int_equal(weft_timeline_wait(r.timeline, 1, 1000000000), -EFAULT);
	ok(weft_memory_destroy(here));
	/* an import exports what it has of its owner's */
	ok(weft_memory_import(r.card[1], r.memory[0], WEFT_ACCESS_READ, &here));
	assert_int_equal(weft_memory_export(here, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &fd), -EACCES);
	ok(weft_memory_export(here, WEFT_ACCESS_READ, &fd));
	fake.no_p2p = true;
	assert_int_equal(weft_memory_import_fd(r.card[1], fd, &again), -EOPNOTSUPP);
	fake.no_p2p = false;
	fake_sys.close(fd);
	ok(weft_memory_destroy(here));
	ok(weft_device_open(r.weft, "host", 0, &host));
	ok(weft_memory_alloc(host, 4096, WEFT_PLACE_HOST, &more));
	assert_int_equal(weft_memory_export(more, WEFT_ACCESS_READ, &fd), -EOPNOTSUPP);
	assert_int_equal(weft_memory_import_fd(host, 0, &again), -EOPNOTSUPP);
	ok(weft_memory_destroy(more));
	ok(weft_device_close(host));
	rig_close(&r);
}

/* Job 2 of 4 faults: 1 is good, 2 … 4 are not, what comes later is; and the text says what happened. */
static void fault(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r);
	fake.hold = true;
	ok(weft_list_fill(r.list[0], weft_memory_address(r.memory[0]), 64, 1, 1));
	ok(submit(&r, 0, 0, 1, NULL, NULL));
	ok(weft_list_fill(r.list[0], 0x6000, 64, 1, 1));
	ok(submit(&r, 0, 0, 2, NULL, NULL));
	ok(weft_list_reset(r.list[0]));
	ok(weft_list_fill(r.list[0], weft_memory_address(r.memory[0]), 64, 1, 1));
	ok(submit(&r, 0, 0, 3, NULL, NULL));
	ok(submit(&r, 0, 0, 4, NULL, NULL));
	fake_release();
	assert_int_equal(weft_timeline_wait(r.timeline, 2, 1000000000), -EFAULT);
	assert_non_null(strstr(weft_last_error(), "queue first, job 2: job 2 faulted: pt_invalid, packet 1"));
	assert_non_null(strstr(weft_last_error(), "0x6000"));
	assert_int_equal(weft_timeline_wait(r.timeline, 4, 1000000000), -EFAULT);
	assert_int_equal(weft_queue_wait(r.queue[0], 3, 0), -EFAULT);
	ok(weft_timeline_wait(r.timeline, 1, 0));
	ok(submit(&r, 0, 0, 5, NULL, NULL));
	ok(weft_timeline_wait(r.timeline, 5, 1000000000));
	ok(weft_queue_clear(r.queue[0]));
	ok(weft_queue_wait(r.queue[0], 3, 0));
	rig_close(&r);
}

/* 300 different lists through a ring of 4096 bytes: each job must still run its own. */
static void command_ring(void **state)
{
	struct rig r;
	uint64_t got[300];
	struct weft_memory *log;

	(void)state;
	rig_open(&r);
	ok(weft_memory_alloc(r.card[0], sizeof(got), WEFT_PLACE_LOCAL, &log));
	for (uint64_t i = 0; i < 300; i++) {
		ok(weft_list_reset(r.list[0]));
		for (uint64_t k = 0; k <= i % 13; k++)
			ok(weft_list_fill(r.list[0], weft_memory_address(log) + 8 * i, 8, i * 1000 + k, 8));
		ok(submit(&r, 0, 0, i + 1, NULL, NULL));
	}
	ok(weft_queue_wait(r.queue[0], 0, 1000000000));
	ok(weft_memory_read(log, 0, got, sizeof(got)));
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(got[i], i * 1000 + i % 13);
	for (int k = 0; k < 65; k++)
		ok(weft_list_fill(r.list[0], weft_memory_address(log), 8, 1, 8));
	assert_int_equal(submit(&r, 0, 0, 999, NULL, NULL), -E2BIG);
	ok(weft_list_commit(r.list[0]));
	ok(submit(&r, 0, 0, 999, NULL, NULL));
	ok(weft_timeline_wait(r.timeline, 999, 1000000000));
	ok(weft_memory_destroy(log));
	rig_close(&r);
}

/* Lists that share memory: each runs where it was put, and takes nothing along when it goes. */
static void placed(void **state)
{
	struct weft_memory *code, *log;
	struct weft_list *second;
	uint64_t bytes, got[2];
	struct rig r;

	(void)state;
	rig_open(&r);
	ok(weft_memory_alloc(r.card[0], 4096, WEFT_PLACE_LOCAL, &code));
	ok(weft_memory_alloc(r.card[0], sizeof(got), WEFT_PLACE_LOCAL, &log));
	ok(weft_list_create(r.card[0], &second));
	assert_int_equal(weft_list_commit_at(second, code, 0), -EINVAL);	/* it is empty */
	ok(weft_list_fill(r.list[0], weft_memory_address(log), 8, 11, 8));
	ok(weft_list_fill(second, weft_memory_address(log) + 8, 8, 22, 8));
	ok(weft_card_list_bytes(r.list[0], &bytes));
	assert_int_equal(bytes, 64);
	ok(weft_list_commit_at(r.list[0], code, 0));
	ok(weft_list_commit_at(second, code, bytes));
	assert_int_equal(second->address, weft_memory_address(code) + bytes);
	assert_int_equal(weft_list_fill(second, weft_memory_address(log), 8, 1, 8), -EBUSY);
	ok(submit(&r, 0, 0, 1, NULL, NULL));
	ok(weft_queue_submit(r.queue[0], &(struct weft_submit) { .size = sizeof(struct weft_submit), .list = second }, NULL));
	ok(weft_queue_wait(r.queue[0], 0, 1000000000));
	ok(weft_memory_read(log, 0, got, sizeof(got)));
	assert_int_equal(got[0], 11);
	assert_int_equal(got[1], 22);
	ok(weft_list_destroy(second));
	ok(weft_list_reset(r.list[0]));
	assert_int_equal(r.list[0]->address, 0);
	ok(weft_memory_destroy(code));
	ok(weft_memory_destroy(log));
	rig_close(&r);
}

struct calls {
	pthread_mutex_t lock;
	int count, status[8];
	struct rig *rig;
};

static void called(void *data, int status)
{
	struct calls *c = data;

	pthread_mutex_lock(&c->lock);
	c->status[c->count++] = status;
	pthread_mutex_unlock(&c->lock);
}

static void suicide(void *data, int status)
{
	struct calls *c = data;

	called(data, status);
	assert_int_equal(weft_queue_destroy(c->rig->queue[0]), -EDEADLK);
	ok(weft_timeline_signal(c->rig->timeline, 50));
}

static void callbacks(void **state)
{
	struct calls c = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct rig r;

	(void)state;
	rig_open(&r);
	c.rig = &r;
	ok(weft_list_fill(r.list[0], weft_memory_address(r.memory[0]), 64, 1, 1));
	ok(submit(&r, 0, 0, 1, called, &c));
	ok(submit(&r, 0, 0, 2, suicide, &c));
	ok(weft_timeline_wait(r.timeline, 50, 1000000000));
	fake.hold = true;
	ok(submit(&r, 0, 0, 60, called, &c));
	ok(submit(&r, 0, 0, 61, called, &c));
	ok(weft_queue_destroy(r.queue[0]));	/* cancels what is left, and says so */
	assert_int_equal(c.count, 4);
	assert_int_equal(c.status[0], 0);
	assert_int_equal(c.status[1], 0);
	assert_int_equal(c.status[2], -ECANCELED);
	assert_int_equal(c.status[3], -ECANCELED);
	fake_release();
	ok(weft_queue_create(r.card[0], NULL, &r.queue[0]));
	rig_close(&r);
}

static void other_kind_of_timeline(void **state)
{
	struct weft_timeline *soft;
	struct weft_device *host;
	struct weft_queue *queue;
	struct weft_list *list;
	struct rig r;

	(void)state;
	rig_open(&r);
	ok(weft_device_open(r.weft, "host", 0, &host));
	ok(weft_timeline_create(host, "soft", &soft));
	ok(weft_list_fill(r.list[0], weft_memory_address(r.memory[0]), 64, 1, 1));
	assert_int_equal(weft_queue_submit(r.queue[0], &(struct weft_submit) { .size = sizeof(struct weft_submit),
		.list = r.list[0], .signals = &(struct weft_point) { soft, 1 }, .num_signals = 1 }, NULL), -EOPNOTSUPP);
	/* the other way round it works: a host job between two jobs of cards */
	ok(weft_queue_create(host, NULL, &queue));
	ok(weft_list_create(host, &list));
	ok(weft_list_timed(list, 1000));
	ok(weft_queue_submit(queue, &(struct weft_submit) { .size = sizeof(struct weft_submit), .list = list,
		.waits = &(struct weft_point) { r.timeline, 1 }, .num_waits = 1,
		.signals = &(struct weft_point) { r.timeline, 2 }, .num_signals = 1 }, NULL));
	ok(weft_list_fill(r.list[1], weft_memory_address(r.memory[1]), 64, 1, 1));
	ok(submit(&r, 1, 2, 3, NULL, NULL));
	assert_int_equal(weft_timeline_wait(r.timeline, 2, 20000000), -ETIME);
	ok(submit(&r, 0, 0, 1, NULL, NULL));
	ok(weft_timeline_wait(r.timeline, 3, 1000000000));
	ok(weft_queue_destroy(queue));
	ok(weft_list_destroy(list));
	ok(weft_timeline_destroy(soft));
	ok(weft_device_close(host));
	rig_close(&r);
}

/* Open, use everything, close: every call of the kernel in turn fails once, and nothing stays behind. */
static int use_everything(struct weft *weft)
{
	struct weft_device *card[2] = { 0 };
	struct weft_memory *memory = NULL, *import = NULL, *target = NULL, *foreign = NULL;
	struct weft_timeline *timeline = NULL;
	struct weft_queue *queue = NULL;
	struct weft_list *list = NULL;
	char bytes[600] = { 1 };
	int ret = weft_device_open(weft, "card", 0, &card[0]), fd = -1;

	ret = ret ? ret : weft_device_open(weft, "card", 1, &card[1]);
	ret = ret ? ret : weft_memory_alloc(card[0], 4096, WEFT_PLACE_LOCAL, &memory);
	ret = ret ? ret : weft_memory_alloc(card[1], 4096, WEFT_PLACE_HOST, &target);
	ret = ret ? ret : weft_memory_write(memory, 0, bytes, sizeof(bytes));
	ret = ret ? ret : weft_memory_import(card[1], memory, WEFT_ACCESS_READ, &import);
	ret = ret ? ret : weft_memory_export(memory, WEFT_ACCESS_READ, &fd);
	ret = ret ? ret : weft_memory_import_fd(card[1], fd, &foreign);
	if (fd >= 0)
		fake_sys.close(fd);
	ret = ret ? ret : weft_memory_copy(target, 0, memory, 0, 4096, 0);
	ret = ret ? ret : weft_timeline_create(card[0], NULL, &timeline);
	ret = ret ? ret : weft_queue_create(card[1], NULL, &queue);
	ret = ret ? ret : weft_list_create(card[1], &list);
	ret = ret ? ret : weft_list_copy(list, weft_memory_address(target), weft_memory_address(import), 64);
	ret = ret ? ret : weft_list_commit(list);
	ret = ret ? ret : weft_queue_submit(queue, &(struct weft_submit) { .size = sizeof(struct weft_submit),
		.list = list, .signals = &(struct weft_point) { timeline, 1 }, .num_signals = 1 }, NULL);
	ret = ret ? ret : weft_timeline_wait(timeline, 1, 1000000000);
	if (list)
		ok(weft_list_destroy(list));
	if (queue)
		ok(weft_queue_destroy(queue));
	if (timeline)
		ok(weft_timeline_destroy(timeline));
	if (foreign)
		ok(weft_memory_destroy(foreign));
	if (import)
		ok(weft_memory_destroy(import));
	if (target)
		ok(weft_memory_destroy(target));
	if (memory)
		ok(weft_memory_destroy(memory));
	for (int i = 0; i < 2; i++)
		if (card[i])
			ok(weft_device_close(card[i]));
	return ret;
}

static void every_call_fails_once(void **state)
{
	struct weft *weft = rt_open(2);
	int calls, failed = 0;

	(void)state;
	fake.fallible = 0;
	ok(use_everything(weft));
	assert_int_equal(fake_live(), 0);
	calls = fake.fallible;
	assert_true(calls > 40);
	for (int i = 1; i <= calls; i++) {
		fake.fallible = 0;
		fake.fail_at = i;
		failed += use_everything(weft) != 0;
		if (fake_live())
			fail_msg("call %d failed and %d things stayed behind", i, fake_live());
	}
	fake.fail_at = 0;
	assert_true(failed >= calls - 4);	/* some have a fallback: a mapping for small writes */
	ok(weft_close(weft));
}

static void many_cycles(void **state)
{
	uint64_t count = rt_number("COUNT", 2000);
	struct weft_stats stats = { .size = sizeof(stats) };

	(void)state;
	for (uint64_t i = 0; i < count; i++) {
		struct weft *weft = rt_open(2);

		ok(use_everything(weft));
		assert_int_equal(fake_live(), 0);
		ok(weft_stats_get(weft, &stats));
		assert_int_equal(stats.live_memories, 0);
		assert_int_equal(stats.open_devices, 0);
		ok(weft_close(weft));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enumeration), cmocka_unit_test(chain_over_cards), cmocka_unit_test(read_only_import),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(fault), cmocka_unit_test(command_ring), cmocka_unit_test(placed), cmocka_unit_test(callbacks),
		cmocka_unit_test(other_kind_of_timeline), cmocka_unit_test(every_call_fails_once),
		cmocka_unit_test(many_cycles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
