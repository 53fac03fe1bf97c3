// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Recovery, stage by stage, by errors that the card is told to make: each costs exactly those it has to, who are told
 * why, and the others compute on with right results.
 */
#define _GNU_SOURCE
#include "ks_load.h"

#include <sys/socket.h>
#include <linux/netlink.h>

#define PEER_VA		0x400000000ULL
#define SAFE_MS		1000	/* safe_timeout_ms of the driver */
#define SLOW		8	/* a machine whose processors are shared */

static void fill_list(struct ks_rig *rig, uint32_t packets, uint64_t pattern)
{
	for (uint32_t i = 0; i < packets; i++)
		rig->list[i].fill = (struct weft_pkt_fill){
			.op = WEFT_PKT_FILL, .width = 8, .dst = KS_DATA_VA, .bytes = KS_DATA_BYTES, .pattern = pattern,
		};
}

static int has_injection(void)
{
	struct drm_weft_device device;
	int fd = ks_open(0), r = ks_device(fd, &device);

	close(fd);
	return !r && device.caps & WEFT_CAP_INJECT && device.caps & WEFT_CAP_ENGINE_RESET;
}

/* A job queue, then a user queue, that obey no stop: one engine reset each, and nothing for anybody else. */
static int engine_reset(void)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 4096, 1);
	struct drm_weft_queue_state state;
	struct drm_weft_stats before, after;
	struct ks_rig rig, beside;
	int64_t from;
	struct ks_uq uq;

	KS_CHECK(has_injection(), "a card without INJECT and ENGINE_RESET");
	KS_OK(ks_rig_open(&rig, 0, 100));
	KS_OK(ks_rig_open(&beside, 0, 0));
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.stage, DRM_WEFT_STAGE_NONE);
	before = ks_stats(rig.fd);
	KS_DO(ks_load_start(-1));
	KS_OK(ks_inject_queue(0, rig.fd, rig.queue, WEFT_INJECT_STUCK));
	fill_list(&rig, 1, 1);
	from = ks_now_ns();
	KS_OK(ks_rig_submit(&rig, 1, 0));
	KS_OK(ks_rig_submit(&rig, 1, 0));
	KS_DO(ks_load_goes_on());
	KS_IS(ks_rig_wait(&rig), -ECANCELED);
	rig.point--;
	KS_IS(ks_rig_wait(&rig), -ETIME);
	rig.point++;
	printf("# an engine reset ended the job after %lld ms\n", (long long)(ks_now_ns() - from) / 1000000);
	KS_CHECK(ks_now_ns() - from < SLOW * (SAFE_MS + 500) * 1000000LL);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.stage, DRM_WEFT_STAGE_ENGINE_RESET);
	KS_IS(state.cause, WEFT_FAULT_HANG);
	KS_IS(state.faults, 1);
	KS_DO(ks_rig_alive(&rig));
	KS_OK(ks_queue_state(beside.fd, beside.queue, &state));
	KS_CHECK(!state.stage && !state.faults, "the queue beside it: stage %u, %u faults", state.stage, state.faults);
	KS_DO(ks_rig_alive(&beside));

	KS_OK(ks_uq_ready(&uq, 0));
	KS_OK(ks_inject_queue(0, uq.fd, uq.queue, WEFT_INJECT_STUCK));
	ks_uq_put(&uq, &fill);
	KS_DO(ks_uq_reach(&uq, WEFT_QS_RUNNING));
	usleep(20000);
	KS_OK(ks_uq_stop(&uq));
	KS_OK(ks_uq_start(&uq, NULL, 0));
	KS_OK(ks_load_post(&uq, 7));
	ks_uq_close(&uq);

	after = ks_stats(rig.fd);
	KS_IS(after.stop_timeouts - before.stop_timeouts, 2);
	KS_IS(after.engine_resets - before.engine_resets, 2);
	KS_IS(after.resets - before.resets, 0);
	KS_DO(ks_load_goes_on());
	KS_DO(ks_load_stop());
	ks_rig_close(&beside);
	ks_rig_close(&rig);
	return 0;
}

/* One that obeys no engine reset either costs every queue of its card, and none of another's. */
static int card_reset(void)
{
	struct drm_weft_queue_state state;
	struct ks_rig rig, beside;
	uint64_t before;
	int64_t from;

	KS_OK(ks_rig_open(&rig, 0, 100));
	KS_OK(ks_rig_open(&beside, 0, 60000));
	before = ks_stats(rig.fd).resets;
	KS_DO(ks_load_start(0));
	beside.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 50LL * KS_SECOND };
	KS_OK(ks_rig_submit(&beside, 1, 0));
	KS_OK(ks_inject_queue(0, rig.fd, rig.queue, WEFT_INJECT_STUCK_HARD));
	fill_list(&rig, 1, 1);
	from = ks_now_ns();
	KS_IS(ks_rig_run(&rig, 1, 0), -ETIME);
	KS_IS(ks_rig_wait(&beside), -ECANCELED);
	KS_DO(ks_has_reset(rig.fd, before));
	printf("# a reset of the card after %lld ms\n", (long long)(ks_now_ns() - from) / 1000000);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.run, WEFT_QS_NONE);
	KS_IS(state.cause, WEFT_FAULT_HANG);
	KS_IS(state.stage, DRM_WEFT_STAGE_CARD_RESET);
	KS_OK(ks_queue_state(beside.fd, beside.queue, &state));
	KS_IS(state.run, WEFT_QS_NONE);
	KS_IS(state.cause, WEFT_FAULT_RESET);
	KS_IS(state.stage, DRM_WEFT_STAGE_NONE);
	KS_DO(ks_load_goes_on());
	ks_rig_close(&beside);
	ks_rig_close(&rig);
	KS_DO(ks_works(0));
	KS_DO(ks_load_stop());
	return 0;
}

/* Waits for an event of the kernel's with this line. */
static int wait_uevent(int fd, const char *line)
{
	struct timeval limit = { .tv_sec = 30 };
	char text[8192];
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = 0;
		for (char *at = text; at < text + n; at += strlen(at) + 1)
			if (!strcmp(at, line))
				return 0;
	}
	return -ETIME;
}

/* The ladder to its end: the reset fails too. The card is given up until the driver is bound again. */
static int wedged(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int events = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	struct ks_rig rig;
	char pci[32];

	KS_CHECK(events >= 0 && !bind(events, (struct sockaddr *)&address, sizeof(address)));
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_rig_open(&rig, 0, 100));
	KS_DO(ks_load_start(0));
	KS_OK(ks_inject(0, WEFT_INJECT_RESET_FAILS, 0));
	KS_OK(ks_inject_queue(0, rig.fd, rig.queue, WEFT_INJECT_STUCK_HARD));
	fill_list(&rig, 1, 1);
	KS_CHECK(ks_rig_run(&rig, 1, 0) < 0);
	KS_OK(wait_uevent(events, "WEDGED=rebind"));
	close(events);
	KS_IS(ks_gem_create(rig.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &(uint32_t){ 0 }), -EIO);
	KS_IS(ks_rig_submit(&rig, 1, 0), -EIO);
	KS_IS(ks_ioctl(rig.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &(struct drm_prime_handle){ .handle = rig.data_handle }), -EIO);
	KS_IS(ks_count(0, "wedged"), 1);
	KS_DO(ks_load_goes_on());
	KS_OK(ks_driver("unbind", pci));
	ks_rig_close(&rig);
	KS_OK(ks_driver("bind", pci));
	KS_DO(ks_works(0));
	KS_DO(ks_load_goes_on());
	KS_DO(ks_load_stop());
	return 0;
}

#define CROWD	20
#define LIMIT_MS	300

/*
 * Packets of a job that takes about an eighth of its limit when it has an engine, and the machine's caches, for itself. In
 * turn with many it takes up to three times as long, and a machine may be slower a moment later.
 */
static int measure(struct ks_rig *rig, uint32_t *packets)
{
	struct drm_weft_queue_state before, after;
	uint64_t each;

	fill_list(rig, 40, 1);
	KS_OK(ks_queue_state(rig->fd, rig->queue, &before));
	KS_OK(ks_rig_run(rig, 40, 0));
	KS_OK(ks_queue_state(rig->fd, rig->queue, &after));
	each = (after.busy_ns - before.busy_ns) / 40 + 1;
	*packets = LIMIT_MS * 1000000ULL / 8 / each;
	*packets = *packets < 1 ? 1 : *packets > 1000 ? 1000 : *packets;
	return 0;
}

/*
 * Many whose jobs fit their limit, on a card too busy to give them turns in that time, beside one that hangs: no job of
 * the many is taken for hung, the one is, soon, and its owner reads which it was. Their jobs are @times as long as measured.
 */
static int crowd_and_hung(uint32_t times, uint64_t *starved)
{
	struct ks_rig crowd[CROWD], hung;
	struct drm_weft_queue_state state;
	uint32_t packets = 0;
	int64_t from;

	for (int i = 0; i < CROWD; i++)
		KS_OK(ks_rig_open(&crowd[i], 0, LIMIT_MS));
	KS_OK(ks_rig_open(&hung, 0, LIMIT_MS));
	KS_DO(measure(&crowd[0], &packets));
	packets = packets * times < 1000 ? packets * times : 1000;
	for (int i = 0; i < CROWD; i++)
		fill_list(&crowd[i], packets, i + 1);
	KS_OK(ks_inject_queue(0, hung.fd, hung.queue, WEFT_INJECT_STUCK));
	fill_list(&hung, 1, 99);
	from = ks_now_ns();
	KS_OK(ks_rig_submit(&hung, 1, 0));
	for (int i = 0; i < CROWD; i++)
		KS_OK(ks_rig_submit(&crowd[i], packets, 0));
	KS_IS(ks_rig_wait(&hung), -ETIME);
	printf("# the hung one was found after %lld ms, with %d jobs of %u packets beside it\n",
	       (long long)(ks_now_ns() - from) / 1000000, CROWD, packets);
	KS_CHECK(ks_now_ns() - from < SLOW * (SAFE_MS + 2 * LIMIT_MS + 500) * 1000000LL);
	for (int i = 0; i < CROWD; i++) {
		int r = ks_rig_wait(&crowd[i]);

		KS_OK(ks_queue_state(crowd[i].fd, crowd[i].queue, &state));
		KS_CHECK(!r && !state.faults && !state.cause && !state.stage,
			 "job %d: %d, %u faults, cause %u, stage %u, extended %u times, %llu us on an engine", i, r, state.faults,
			 state.cause, state.stage, state.starved, (unsigned long long)state.busy_ns / 1000);
		*starved += state.starved;
		for (uint64_t at = 0; at < KS_DATA_BYTES; at += 8)
			KS_CHECK(*(uint64_t *)(crowd[i].data + at) == i + 1ULL, "job %d, byte %llu", i,
				 (unsigned long long)at);
	}
	printf("# limits extended %llu times; all done after %lld ms\n", (unsigned long long)*starved,
	       (long long)(ks_now_ns() - from) / 1000000);
	KS_OK(ks_queue_state(hung.fd, hung.queue, &state));
	KS_IS(state.cause, WEFT_FAULT_HANG);
	KS_DO(ks_rig_alive(&hung));
	ks_rig_close(&hung);
	for (int i = 0; i < CROWD; i++)
		ks_rig_close(&crowd[i]);
	return 0;
}

/* A machine that was slower when it was measured than it is then has a card that is not busy, which tests nothing. */
static int starved_and_hung(void)
{
	uint64_t starved = 0;

	for (uint32_t times = 1; !starved && times <= 4; times *= 2)
		KS_DO(crowd_and_hung(times, &starved));
	KS_CHECK(starved > 0, "the card was not busy: nothing was tested");
	return 0;
}

static int reaches(const char *name, int card, long long value)
{
	int64_t until = ks_now_ns() + 30 * KS_SECOND;

	while (ks_count(card, name) < value) {
		KS_CHECK(ks_now_ns() < until, "%s of card %d is %lld, wanted %lld", name, card, ks_count(card, name), value);
		usleep(5000);
	}
	KS_IS(ks_count(card, name), value);
	return 0;
}

/* What costs no queue: on every card at once, with the load going on. */
static int firmware_and_interrupts(void)
{
	long long restarts[KS_MAX_CARDS];

	KS_DO(ks_load_start(-1));
	for (int round = 0; round < 3; round++) {
		for (int card = 0; card < ks_cards(); card++) {
			restarts[card] = ks_count(card, "fw_restarts");
			KS_OK(ks_inject(card, WEFT_INJECT_LOST_IRQ, 0));
			KS_OK(ks_inject(card, WEFT_INJECT_FW_CRASH, 0));
		}
		for (int card = 0; card < ks_cards(); card++)
			KS_DO(reaches("fw_restarts", card, restarts[card] + 1));
		KS_DO(ks_load_goes_on());
	}
	KS_DO(ks_load_stop());
	return 0;
}

#define BIG_VA	0x800000000ULL

static void fill_big(struct ks_rig *rig, uint64_t bytes)
{
	rig->list[0].fill = (struct weft_pkt_fill){
		.op = WEFT_PKT_FILL, .width = 8, .dst = BIG_VA, .bytes = bytes, .pattern = 3,
	};
}

/*
 * A bad page of an object of an eighth of the free memory, and its offset in local memory, which no program is told:
 * tried out.
 */
static int find_page(struct ks_rig *rig, int card, uint64_t *bytes, uint64_t *offset, uint64_t *va)
{
	struct drm_weft_memory m = { .free = 0 };
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_MEMORY, .size = sizeof(m), .ptr = (uintptr_t)&m };
	struct drm_weft_queue_state state;
	uint32_t handle;
	int r = 0;

	KS_OK(ks_ioctl(rig->fd, DRM_IOCTL_WEFT_QUERY, &query));
	*bytes = m.free / 8 & ~((2ULL << 20) - 1);
	KS_OK(ks_gem_create(rig->fd, *bytes, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_bind(rig->fd, rig->vm, handle, BIG_VA, *bytes, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE));
	fill_big(rig, *bytes);
	for (*offset = 4096; !r && *offset < m.total; *offset += *bytes / 2) {
		KS_OK(ks_inject(card, WEFT_INJECT_ECC, *offset + 8));
		r = ks_rig_run(rig, 1, 0);
		if (r)
			break;
	}
	KS_IS(r, -EFAULT);
	KS_OK(ks_queue_state(rig->fd, rig->queue, &state));
	KS_IS(state.cause, WEFT_FAULT_ECC);
	*va = state.fault_va;
	return 0;
}

/* An uncorrectable error costs the queue that met it, once; those beside it on the card nothing. */
static int memory_error(void)
{
	struct drm_weft_queue_state state;
	uint64_t bytes = 0, offset = 0, va = 0;
	struct ks_rig rig;
	long long errors;

	for (int card = 0; card < ks_cards() && card < 2; card++) {
		KS_OK(ks_rig_open(&rig, card, 0));
		errors = ks_count(card, "ecc_errors");
		KS_DO(find_page(&rig, card, &bytes, &offset, &va));
		KS_DO(reaches("ecc_errors", card, errors + 1));
		KS_DO(ks_load_start(-1));
		KS_OK(ks_inject(card, WEFT_INJECT_ECC, offset + 8));
		fill_big(&rig, bytes);
		KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
		KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
		KS_IS(state.cause, WEFT_FAULT_ECC);
		KS_CHECK(state.fault_va == va, "at %#llx, wanted %#llx", (unsigned long long)state.fault_va,
			 (unsigned long long)va);
		KS_IS(state.faults, 2);
		KS_DO(reaches("ecc_errors", card, errors + 2));
		fill_big(&rig, bytes);
		KS_OK(ks_rig_run(&rig, 1, 0));
		KS_OK(ks_load_run(&rig, 5));
		KS_DO(ks_load_goes_on());
		KS_DO(ks_load_stop());
		ks_rig_close(&rig);
	}
	return 0;
}

/* A queue that uses the link faults LINK_DOWN; those that do not go on; after a reset the link is up again. */
static int link_down(void)
{
	struct drm_weft_query_peer query = { .peer_fd = -1 };
	struct drm_weft_queue_state state;
	struct ks_rig rig, beside, peer;
	uint32_t handle;
	long long down;
	int fd;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_OK(ks_rig_open(&peer, 1, 0));
	for (int round = 0; round < 2; round++) {
		KS_OK(ks_rig_open(&rig, 0, 0));
		KS_OK(ks_rig_open(&beside, 0, 0));
		query.peer_fd = peer.fd;
		KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
		if (query.refusal == DRM_WEFT_PEER_NO_KERNEL) {
			ks_rig_close(&beside);
			ks_rig_close(&rig);
			ks_rig_close(&peer);
			return ks_skip("p2pdma");
		}
		KS_IS(query.refusal, DRM_WEFT_PEER_OK);
		KS_OK(ks_export(peer.fd, peer.data_handle, DRM_WEFT_RIGHT_READ, &fd));
		KS_OK(ks_import(rig.fd, fd, &handle));
		close(fd);
		KS_OK(ks_bind(rig.fd, rig.vm, handle, PEER_VA, KS_DATA_BYTES, DRM_WEFT_BIND_READ));
		memset(peer.data, 0x60 + round, 4096);
		rig.list[0] = ks_pkt_copy(KS_DATA_VA, PEER_VA, 4096);
		KS_OK(ks_rig_run(&rig, 1, 0));
		KS_CHECK(rig.data[0] == 0x60 + round && rig.data[4095] == 0x60 + round);
		if (round == 0) {
			KS_DO(ks_load_start(-1));
			down = ks_count(0, "links_down");
			KS_OK(ks_inject(0, WEFT_INJECT_LINK_DOWN, query.link));
			KS_DO(reaches("links_down", 0, down + 1));
			KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
			KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
			KS_IS(state.cause, WEFT_FAULT_LINK_DOWN);
			KS_OK(ks_load_run(&rig, 3));
			KS_OK(ks_load_run(&beside, 3));
			KS_OK(ks_queue_state(beside.fd, beside.queue, &state));
			KS_IS(state.faults, 0);
			KS_DO(ks_load_goes_on());
			KS_DO(ks_load_stop());
		}
		ks_rig_close(&beside);
		ks_rig_close(&rig);
		if (round == 0)
			KS_OK(ks_reset(0));
	}
	ks_rig_close(&peer);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "a queue that does not stop costs an engine reset, and nobody else", engine_reset },
		{ "one that an engine reset does not stop costs its card", card_reset },
		{ "a reset that fails leaves the card wedged, and says so", wedged },
		{ "starved told from hung", starved_and_hung },
		{ "firmware crashes and lost interrupts under load", firmware_and_interrupts },
		{ "memory errors under load", memory_error },
		{ "a link goes down under load", link_down },
	};

	return ks_main("recover", tests, sizeof(tests) / sizeof(tests[0]));
}
