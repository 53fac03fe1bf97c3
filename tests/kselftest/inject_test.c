// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Errors that the card is told to make: firmware that stops is started again and costs no queue, a lost interrupt
 * costs time, and what the card reports is counted.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <pthread.h>

#define MS		1000000LL
#define WATCHDOG_MS	300	/* as the driver sets it */
#define RESTART_MS	500	/* what the restart itself may take */
#define SLOW		4	/* a machine whose processors are shared */

struct runner {
	struct ks_uq q;
	volatile bool stop;
	volatile uint64_t done;
	int result;
};

/* Fills, one after another, each looked at. */
static void *run(void *arg)
{
	struct runner *r = arg;
	union weft_packet fill;

	while (!r->stop && !r->result) {
		uint8_t byte = r->done + 1;

		fill = ks_pkt_fill(KS_UDATA_VA, 4096, byte);
		ks_uq_put(&r->q, &fill);
		r->result = ks_uq_drain(&r->q);
		if (!r->result && (r->q.data[0] != byte || r->q.data[4095] != byte))
			r->result = -EBADMSG;
		r->done++;
	}
	return NULL;
}

static int wait_restart(long long before)
{
	int64_t until = ks_now_ns() + 20 * KS_SECOND;

	while (ks_count(0, "fw_restarts") == before) {
		if (ks_now_ns() > until)
			return -ETIME;
		usleep(5000);
	}
	return 0;
}

/* One crash; the host asks for something at once, or leaves the driver to notice. */
static int crash(struct runner *r, struct ks_rig *rig, bool ask, int64_t *took)
{
	long long before = ks_count(0, "fw_restarts");
	uint64_t done = r->done;
	uint32_t queue, cells;
	int64_t from;

	KS_OK(ks_inject(0, WEFT_INJECT_FW_CRASH, 0));
	from = ks_now_ns();
	if (ask) {
		KS_OK(ks_queue_create(rig->fd, rig->vm, 0, &queue));
		KS_OK(ks_gem_create(rig->fd, 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, &cells));
		KS_OK(ks_gem_close(rig->fd, cells));
		KS_OK(ks_queue_destroy(rig->fd, queue));
	} else {
		/* with the firmware dead: queues run, safe operations work */
		KS_OK(ks_rig_alive(rig));
		KS_OK(ks_bind(rig->fd, rig->vm, rig->data_handle, 0x900000000ULL, 4096, DRM_WEFT_BIND_READ));
		KS_OK(ks_unbind(rig->fd, rig->vm, 0x900000000ULL, 4096));
		/* where that took no longer than the card is silent before it says so */
		if (ks_now_ns() - from < WATCHDOG_MS / 2 * MS) {
			usleep(50000);
			KS_IS(ks_count(0, "fw_restarts"), before);
			KS_CHECK(r->done > done, "the user queue stood still");
		}
		done = r->done;
	}
	KS_OK(wait_restart(before));
	*took = ks_now_ns() - from;
	KS_IS(ks_count(0, "fw_restarts"), before + 1);
	KS_IS(r->result, 0);
	KS_OK(ks_queue_create(rig->fd, rig->vm, 0, &queue));
	KS_OK(ks_queue_destroy(rig->fd, queue));
	KS_OK(ks_rig_alive(rig));
	for (int i = 0; i < 1000 && r->done == done; i++)
		usleep(1000);
	KS_CHECK(r->done > done, "the user queue stood still");
	return 0;
}

static int firmware_stops(void)
{
	long n = ks_iterations(6);
	struct runner r = { .stop = false };
	int64_t worst = 0, took = 0;
	struct ks_rig rig;
	pthread_t thread;
	int result = 0;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_uq_ready(&r.q, 0));
	KS_CHECK(r.q.caps & WEFT_CAP_INJECT);
	KS_OK(pthread_create(&thread, NULL, run, &r));
	for (long i = 0; i < n && !result; i++) {
		/* the driver gives firmware up that stops more than 32 times in a minute */
		if (i >= 20)
			usleep(2500000);
		result = crash(&r, &rig, i % 2, &took);
		worst = took > worst ? took : worst;
	}
	r.stop = true;
	pthread_join(thread, NULL);
	printf("# slowest of %ld restarts: %lld ms from the crash\n", n, (long long)(worst / MS));
	ks_uq_close(&r.q);
	ks_rig_close(&rig);
	if (result)
		return -1;	/* crash() has said why */
	KS_CHECK(worst < SLOW * (WATCHDOG_MS + RESTART_MS) * MS, "%lld ms", (long long)(worst / MS));
	return 0;
}

static int lost_interrupt(void)
{
	struct ks_rig rig;
	int64_t from;

	KS_OK(ks_rig_open(&rig, 0, 0));
	for (int i = 0; i < 5; i++) {
		KS_OK(ks_inject(0, WEFT_INJECT_LOST_IRQ, 0));
		from = ks_now_ns();
		KS_OK(ks_rig_alive(&rig));
		KS_CHECK(ks_now_ns() - from < 5 * KS_SECOND);
	}
	ks_rig_close(&rig);
	return 0;
}

static int wait_count(const char *name, long long above)
{
	int64_t until = ks_now_ns() + 5 * KS_SECOND;

	while (ks_count(0, name) <= above)
		if (ks_now_ns() > until)
			return -ETIME;
	return 0;
}

/* Reports of the card; the reset at the end makes it forget them. */
static int reports(void)
{
	long long links = ks_count(0, "links_down"), limits = ks_count(0, "wait_limits");
	struct drm_weft_user_queue_create args;
	union weft_packet wait;
	struct ks_uq q;

	KS_OK(ks_uq_open(&q, 0));
	if (q.caps & WEFT_CAP_CELLS) {
		args = ks_uq_args(&q);
		args.wait_limit_ns = 10 * MS;
		KS_OK(ks_uq_start_with(&q, &args));
		wait = ks_pkt_wait(KS_CELLS_VA, 1);
		ks_uq_put(&q, &wait);
		KS_OK(wait_count("wait_limits", limits));
		KS_IS(q.state->run, WEFT_QS_PARKED);
		KS_OK(ks_uq_stop(&q));
		args = ks_uq_args(&q);
		args.wait_limit_ns = 10 * MS;
		args.flags = DRM_WEFT_USER_QUEUE_WAIT_STOPS;
		KS_OK(ks_uq_start_with(&q, &args));
		ks_uq_put(&q, &wait);
		KS_OK(ks_uq_reach(&q, WEFT_QS_FAULTED));
		KS_IS(q.state->cause, WEFT_FAULT_WAIT_LIMIT);
	}
	ks_uq_close(&q);
	KS_OK(ks_inject(0, WEFT_INJECT_LINK_DOWN, 31));
	KS_OK(wait_count("links_down", links));
	KS_OK(ks_reset(0));
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "firmware that stops is started again, queues go on", firmware_stops },
		{ "lost interrupts", lost_interrupt },
		{ "limits and links are reported", reports },
	};

	return ks_main("inject", tests, sizeof(tests) / sizeof(tests[0]));
}
