// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Firmware that stops more than 32 times in a minute is given up: what runs goes on, what needs the firmware is refused, and
 * what it cannot be asked to let go of is withheld until a reset of the card, which brings everything back.
 */
#define _GNU_SOURCE
#include "ks_bind.h"
#include "ks_load.h"
#include "ks_ring.h"

#define MOST_CRASHES	70	/* a minute may end between them: twice 33, and some that other programs left */
#define OTHER_VA	0x900000000ULL

static char text[1 << 16];

/* What is withheld, or would be. */
static const char *const names[] = {
	"live_vms", "live_queues", "live_user_queues", "live_objects", "live_tables", "live_hw_queues", "live_asids",
	"live_carve_pages", "carve_quarantined_pages", "lmem_quarantined_pages",
};
#define NAMES	(sizeof(names) / sizeof(names[0]))

static void take_counts(long long count[NAMES])
{
	for (size_t i = 0; i < NAMES; i++)
		count[i] = ks_count(0, names[i]);
}

/* Within 5 s. Queues are freed by workers. */
static int same_counts(const long long count[NAMES])
{
	int64_t until = ks_now_ns() + 5 * KS_SECOND;

	for (size_t i = 0; i < NAMES; i++) {
		while (ks_count(0, names[i]) != count[i] && ks_now_ns() < until)
			usleep(10000);
		KS_IS(ks_count(0, names[i]), count[i]);
	}
	return 0;
}

static bool is_given_up(void)
{
	return !ks_debugfs(0, "firmware", text, sizeof(text)) && strstr(text, " dead 1 ");
}

/* One crash; whether it was the last. The driver finds it by itself, or with @fd >= 0 in a call, whose result is *asked. */
static int crash(int fd, int *asked, bool *last)
{
	long long restarts = ks_count(0, "fw_restarts");
	int64_t until = ks_now_ns() + 20 * KS_SECOND;
	uint32_t vm;

	KS_OK(ks_inject(0, WEFT_INJECT_FW_CRASH, 0));
	if (fd >= 0)
		*asked = ks_vm_create(fd, &vm);
	if (fd >= 0 && !*asked)
		KS_OK(ks_vm_destroy(fd, vm));
	while (!(*last = is_given_up()) && ks_count(0, "fw_restarts") == restarts) {
		KS_CHECK(ks_now_ns() < until, "firmware is neither started again nor given up");
		usleep(5000);
	}
	return 0;
}

static int give_up(void)
{
	bool last = false;
	int crashes;

	for (crashes = 0; crashes < MOST_CRASHES && !last; crashes++)
		KS_DO(crash(-1, NULL, &last));
	KS_CHECK(last, "after %d crashes", crashes);
	printf("# given up after %d crashes\n", crashes);
	return 0;
}

/* Everything works, on a card that has just been reset, with right results. */
static int works(void)
{
	struct ks_rig rig;
	struct ks_uq uq;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_DO(ks_rig_alive(&rig));
	KS_OK(ks_uq_ready(&uq, 0));
	KS_OK(ks_load_post(&uq, 0x5a));
	ks_uq_close(&uq);
	ks_rig_close(&rig);
	return 0;
}

static int reset_and_compare(const long long count[NAMES])
{
	KS_OK(ks_reset(0));
	KS_CHECK(!is_given_up(), "after the reset");
	KS_DO(same_counts(count));
	KS_DO(works());
	return same_counts(count);
}

/* What a file has of a quota. */
static long long used(int fd, uint32_t kind)
{
	struct drm_weft_quota q[DRM_WEFT_QUOTA_KINDS];
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_QUOTAS, .size = sizeof(q), .ptr = (uintptr_t)q };
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);

	return r ? r : (long long)q[kind].used;
}

/* Each call that would ask the firmware; -EIO, by ioctl and by io_uring. */
static int refused(struct ks_rig *rig, struct ks_uq *uq)
{
	struct drm_weft_queue_create create = { .vm_id = rig->vm, .band = DRM_WEFT_BAND_NORMAL };
	struct drm_weft_user_queue_create user = ks_uq_args(uq);
	struct ks_ring ring;
	uint32_t id;

	KS_IS(ks_vm_create(rig->fd, &id), -EIO);
	KS_IS(ks_vm_create_lr(rig->fd, &id), -EIO);
	KS_IS(ks_queue_create(rig->fd, rig->vm, 0, &id), -EIO);
	KS_IS(ks_ioctl(uq->fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &user), -EIO);
	KS_IS(ks_gem_create(rig->fd, 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, &id), -EIO);
	KS_OK(ks_ring_open(&ring, 8, 0));
	KS_IS(KS_RING_DO(&ring, rig->fd, DRM_WEFT_URING_QUEUE_CREATE, &create, 0), -EIO);
	KS_DO(ks_ring_copy(&ring, rig, 0, 0x37));
	ks_ring_close(&ring);
	return 0;
}

/* Queues, binds and memory do not need it. */
static int goes_on(struct ks_rig *rig, struct ks_uq *uq)
{
	uint32_t handle;

	KS_DO(ks_rig_alive(rig));
	KS_OK(ks_load_post(uq, 0x11));
	KS_OK(ks_gem_create(rig->fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_bind(rig->fd, rig->vm, handle, OTHER_VA, 1 << 20, KS_RW));
	rig->list[0] = ks_pkt_fill(OTHER_VA, 4096, 0x77);
	rig->list[1] = ks_pkt_copy(KS_DATA_VA, OTHER_VA, 8192);
	KS_OK(ks_rig_run(rig, 2, 0));
	KS_CHECK(rig->data[4095] == 0x77 && rig->data[4096] == 0 && rig->data[8191] == 0);
	KS_OK(ks_unbind(rig->fd, rig->vm, OTHER_VA, 1 << 20));
	KS_IS(ks_rig_run(rig, 1, 0), -EFAULT);
	KS_OK(ks_gem_close(rig->fd, handle));
	return 0;
}

static int nothing_new(void)
{
	long long before[NAMES], now[NAMES];
	struct ks_rig rig, faulty;
	struct ks_uq uq;

	take_counts(before);
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&faulty, 0, 0));
	KS_OK(ks_uq_ready(&uq, 0));
	KS_DO(give_up());
	take_counts(now);
	KS_DO(refused(&rig, &uq));
	KS_IS(ks_count(0, "live_vms"), now[0]);
	KS_IS(ks_count(0, "live_queues"), now[1]);
	KS_IS(ks_count(0, "live_user_queues"), now[2]);
	/* those whose answer is missing may exist all the same */
	KS_IS(ks_count(0, "live_hw_queues"), now[5] + 3);
	KS_IS(ks_count(0, "live_asids"), now[6] + 2);
	KS_DO(goes_on(&faulty, &uq));
	KS_DO(ks_rig_alive(&rig));
	ks_uq_close(&uq);
	ks_rig_close(&faulty);
	ks_rig_close(&rig);
	return reset_and_compare(before);
}

/* Ends are not refused, only what they leave is not used again. */
static int withheld(void)
{
	struct drm_weft_queue_state state;
	long long before[NAMES];
	struct ks_rig rig, rest;
	uint32_t cells;
	struct ks_uq uq;

	take_counts(before);
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&rest, 0, 0));
	KS_OK(ks_uq_ready(&uq, 0));
	KS_OK(ks_gem_create(rig.fd, 3 * 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, &cells));
	KS_DO(give_up());
	KS_IS(ks_count(0, "carve_quarantined_pages"), 0);
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	KS_IS(ks_queue_state(rig.fd, rig.queue, &state), -ENOENT);
	KS_OK(ks_vm_destroy(rig.fd, rig.vm));
	KS_IS(ks_vm_destroy(rig.fd, rig.vm), -ENOENT);
	KS_OK(ks_gem_close(rig.fd, cells));
	KS_OK(ks_uq_stop(&uq));
	KS_IS(used(rig.fd, DRM_WEFT_QUOTA_VMS), 0);
	KS_IS(used(rig.fd, DRM_WEFT_QUOTA_QUEUES), 0);
	KS_IS(used(uq.fd, DRM_WEFT_QUOTA_QUEUES), 0);
	/* a page of every table, of the ring and of the arms at least: charged to the file still */
	KS_CHECK(used(rig.fd, DRM_WEFT_QUOTA_TABLES) >= 8 * 4096, "%lld bytes withheld", used(rig.fd, DRM_WEFT_QUOTA_TABLES));
	/* while it runs, events are looked for among all queues, those without an owner too */
	rest.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 700000000 };
	KS_OK(ks_rig_run(&rest, 1, 0));
	KS_DO(ks_rig_alive(&rest));
	KS_CHECK(ks_count(0, "carve_quarantined_pages") > 0);
	KS_OK(ks_debugfs(0, "memory", text, sizeof(text)));
	KS_CHECK(strstr(text, "\ncarve quarantined 0x"), "%s", text);
	ks_uq_close(&uq);
	ks_rig_close(&rest);
	KS_OK(ks_reset(0));
	KS_IS(used(rig.fd, DRM_WEFT_QUOTA_TABLES), 0);
	ks_rig_close(&rig);
	KS_DO(same_counts(before));
	KS_DO(works());
	return same_counts(before);
}

/* The job ends as any, in its time; its queue cannot be set up again and says so. Its neighbour goes on. */
static int too_long(void)
{
	struct drm_weft_queue_state state;
	long long before[NAMES];
	struct ks_rig rig, beside;

	take_counts(before);
	KS_OK(ks_rig_open(&rig, 0, 200));
	KS_OK(ks_rig_open(&beside, 0, 0));
	KS_DO(give_up());
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 20 * KS_SECOND };
	KS_OK(ks_rig_submit(&rig, 1, 0));
	KS_OK(ks_rig_submit(&rig, 1, 0));
	KS_IS(ks_rig_wait(&rig), -EIO);
	rig.point--;
	KS_IS(ks_rig_wait(&rig), -ETIME);
	rig.point++;
	KS_IS(ks_rig_submit(&rig, 1, 0), -EIO);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.cause, WEFT_FAULT_RUN_LIMIT);
	KS_IS(state.faults, 1);
	KS_DO(ks_rig_alive(&beside));
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	ks_rig_close(&beside);
	ks_rig_close(&rig);
	return reset_and_compare(before);
}

/* Who asks when the firmware has just stopped is told, like everybody after it. */
static int in_a_call(void)
{
	long long before[NAMES];
	int asked = 0, fd;
	bool last = false;

	take_counts(before);
	fd = ks_open(0);
	KS_CHECK(fd >= 0);
	for (int crashes = 0; crashes < MOST_CRASHES && !last; crashes++)
		KS_DO(crash(fd, &asked, &last));
	KS_CHECK(last, "not given up");
	KS_IS(asked, -EIO);
	close(fd);
	return reset_and_compare(before);
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "queues go on, nothing new can be made, and a reset brings it back", nothing_new },
		{ "what is destroyed is withheld until a reset", withheld },
		{ "a job that runs too long ends, and its queue for good", too_long },
		{ "given up in the middle of a call", in_a_call },
	};

	return ks_main("givenup", tests, sizeof(tests) / sizeof(tests[0]));
}
