// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Platform of the control processor: one thread per card that runs the program, and sleeps while it waits. A program
 * that never waits is slowed down instead of taking a core from the engines.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bus.h"
#include "defect.h"
#include "engine.h"

#define BURST_INSNS	50000		/* between two looks at the timer */
#define BUSY_INSNS	20000000u	/* without waiting, at full speed; a boot takes less */
#define BUSY_NAP_NS	4000000

/* cp_lock held. */
static void update_external(struct wcard_card *c)
{
	uint32_t irq = atomic_load(&c->cp.irq);

	if (c->cp.fault_n)
		irq |= WEFT_CP_IRQ_FAULT;
	wcard_rv64_set_line(&c->cp.cpu, WCARD_RV64_MEI, irq & atomic_load(&c->cp.irq_enable));
}

void wcard_cp_lines(struct wcard_card *c)
{
	wcard_rv64_set_line(&c->cp.cpu, WCARD_RV64_MTI, wcard_now(c->m) >= c->cp.mtimecmp);
	wcard_rv64_set_line(&c->cp.cpu, WCARD_RV64_MSI, c->cp.msip & 1);
	pthread_mutex_lock(&c->cp_lock);
	update_external(c);
	pthread_mutex_unlock(&c->cp_lock);
}

static void clear_indices(struct wcard_cp *cp)
{
	atomic_store(&cp->mbox_req_tail, 0);
	atomic_store(&cp->mbox_req_head, 0);
	atomic_store(&cp->mbox_rsp_tail, 0);
	atomic_store(&cp->mbox_rsp_head, 0);
}

void wcard_cp_mailbox(struct wcard_card *c, uint64_t base)
{
	clear_indices(&c->cp);
	atomic_store(&c->cp.mbox_base, base);
}

void wcard_cp_watchdog(struct wcard_card *c, uint32_t ms)
{
	pthread_mutex_lock(&c->cp_lock);
	atomic_store(&c->cp.watchdog_ms, ms);
	pthread_cond_signal(&c->cp.wake);
	pthread_mutex_unlock(&c->cp_lock);
}

void wcard_cp_crash(struct wcard_card *c)
{
	pthread_mutex_lock(&c->cp_lock);
	if (c->cp.running) {
		c->cp.crashed = true;
		wcard_rv64_halt(&c->cp.cpu);
		pthread_cond_signal(&c->cp.wake);
	}
	pthread_mutex_unlock(&c->cp_lock);
}

/* From the program itself. */
void wcard_cp_beat(struct wcard_card *c, uint32_t beat)
{
	atomic_store(&c->cp.heartbeat, beat);
	c->cp.beat_ns = wcard_now(c->m);
}

void wcard_cp_irq(struct wcard_card *c, uint32_t bits)
{
	pthread_mutex_lock(&c->cp_lock);
	atomic_fetch_or(&c->cp.irq, bits);
	update_external(c);
	pthread_cond_signal(&c->cp.wake);
	pthread_mutex_unlock(&c->cp_lock);
}

void wcard_cp_fault(struct wcard_card *c, uint32_t queue, uint32_t cause, uint64_t va)
{
	struct wcard_cp *cp = &c->cp;

	pthread_mutex_lock(&c->cp_lock);
	/* A queue faults once in its life, so there is room unless nobody reads and queues are re-created for ever. */
	if (cp->fault_n < WCARD_FAULT_FIFO) {
		unsigned int at = (cp->fault_head + cp->fault_n++) % WCARD_FAULT_FIFO;

		cp->fault[at].queue = queue;
		cp->fault[at].cause = cause;
		cp->fault[at].va = va;
	}
	update_external(c);
	pthread_cond_signal(&cp->wake);
	pthread_mutex_unlock(&c->cp_lock);
}

/* cp_lock held; drops it while the signature is checked. */
static void boot(struct wcard_card *c)
{
	struct wcard_cp *cp = &c->cp;
	uint64_t image = cp->image, bytes = cp->image_bytes;
	uint32_t entry = 0, version = 0;
	int code;

	cp->start = false;
	cp->running = false;
	atomic_store(&cp->fw_version, 0);
	clear_indices(cp);
	atomic_store(&cp->log_tail, 0);
	cp->executing = true;
	pthread_mutex_unlock(&c->cp_lock);
	code = wcard_boot_load(c, image, bytes, cp->ram, &entry, &version);
	pthread_mutex_lock(&c->cp_lock);
	cp->executing = false;
	cp->boot_code = (uint32_t)code;
	cp->boot_state = code ? WEFT_BOOT_REFUSED : WEFT_BOOT_RUNNING;
	if (code)
		return;
	atomic_store(&cp->irq_enable, 0);
	atomic_store(&cp->irq, 0);
	atomic_store(&cp->heartbeat, 0);
	cp->mtimecmp = UINT64_MAX;
	cp->msip = 0;
	atomic_store(&cp->fw_version, version);
	wcard_rv64_reset(&cp->cpu, entry);
	cp->running = true;
	cp->crashed = false;
	cp->bitten = cp->bitten && WCARD_BROKEN(watchdog_one_life);
	cp->beat_ns = wcard_now(c->m);
}

/*
 * cp_lock held. Says so when firmware is silent for too long; when to look again. It is asked only when firmware has had
 * its chance: it waits, is crashed, or has just run.
 */
static uint64_t watch(struct wcard_card *c)
{
	struct wcard_cp *cp = &c->cp;
	uint64_t due = cp->beat_ns + UINT64_C(1000000) * atomic_load(&cp->watchdog_ms);

	if (!cp->running || cp->bitten || !atomic_load(&cp->watchdog_ms))
		return UINT64_MAX;
	if (wcard_now(c->m) <= due || WCARD_BROKEN(watchdog_off))
		return due + 1;
	cp->bitten = !WCARD_BROKEN(watchdog_again);
	wcard_event(c, WEFT_EVT_FW, 0, 0, cp->boot_state, 0);
	return UINT64_MAX;
}

/* cp_lock held. Sleeps until there is something to do. */
static void wait_for_work(struct wcard_card *c, bool waiting)
{
	struct wcard_cp *cp = &c->cp;
	struct timespec ts;

	while (!cp->quit && !cp->start && !cp->halt) {
		uint64_t until = UINT64_MAX;

		if (cp->running && !cp->crashed) {
			wcard_rv64_set_line(&cp->cpu, WCARD_RV64_MTI, wcard_now(c->m) >= cp->mtimecmp);
			if (!waiting || wcard_rv64_ready(&cp->cpu))
				return;
			until = cp->mtimecmp;
		}
		if (watch(c) < until)
			until = watch(c);
		if (until != UINT64_MAX) {
			wcard_deadline(c->m, until, &ts);
			pthread_cond_timedwait(&cp->wake, &c->cp_lock, &ts);
		} else {
			pthread_cond_wait(&cp->wake, &c->cp_lock);
		}
	}
}

static void lockup(struct wcard_card *c)
{
	c->cp.running = false;
	c->cp.boot_state = WEFT_BOOT_HALTED;
	atomic_store(&c->cp.fw_version, 0);
	pthread_mutex_unlock(&c->cp_lock);
	wcard_event(c, WEFT_EVT_FW, 0, 0, WEFT_BOOT_HALTED, 0);
	pthread_mutex_lock(&c->cp_lock);
}

static void *cp_main(void *arg)
{
	const struct timespec nap = { .tv_nsec = BUSY_NAP_NS };
	struct wcard_card *c = arg;
	struct wcard_cp *cp = &c->cp;
	bool waiting = false;
	uint64_t busy = 0;

	pthread_mutex_lock(&c->cp_lock);
	for (;;) {
		enum wcard_rv64_stop stop;

		wait_for_work(c, waiting);
		if (cp->quit)
			break;
		wcard_rv64_resume(&cp->cpu);
		if (cp->halt) {
			cp->halt = false;
			cp->running = false;
			atomic_store(&cp->fw_version, 0);
			pthread_cond_broadcast(&cp->parked);
			continue;
		}
		if (cp->start) {
			boot(c);
			waiting = false;
			busy = 0;
			continue;
		}
		cp->executing = true;
		update_external(c);
		pthread_mutex_unlock(&c->cp_lock);
		stop = wcard_rv64_run(&cp->cpu, BURST_INSNS);
		busy = stop == WCARD_RV64_WFI ? 0 : busy + BURST_INSNS;
		if (busy > BUSY_INSNS)
			nanosleep(&nap, NULL);
		pthread_mutex_lock(&c->cp_lock);
		cp->executing = false;
		waiting = stop == WCARD_RV64_WFI;
		if (stop == WCARD_RV64_LOCKUP)
			lockup(c);
		watch(c);
	}
	pthread_mutex_unlock(&c->cp_lock);
	return NULL;
}

void wcard_cp_ctrl(struct wcard_card *c, uint32_t ctrl)
{
	struct wcard_cp *cp = &c->cp;

	pthread_mutex_lock(&c->cp_lock);
	if (ctrl == WEFT_BOOT_CTRL_START && cp->boot_state != WEFT_BOOT_VERIFYING) {
		cp->boot_state = WEFT_BOOT_VERIFYING;
		cp->boot_code = WEFT_BOOT_OK;
		cp->image = c->r.boot_image;
		cp->image_bytes = c->r.boot_bytes;
		cp->start = true;
		wcard_rv64_halt(&cp->cpu);
		pthread_cond_signal(&cp->wake);
	} else if (ctrl == WEFT_BOOT_CTRL_HALT && (cp->running || cp->start || cp->executing)) {
		cp->start = false;
		cp->halt = true;
		wcard_rv64_halt(&cp->cpu);
		pthread_cond_signal(&cp->wake);
		while (cp->halt)
			pthread_cond_wait(&cp->parked, &c->cp_lock);
		cp->boot_state = WEFT_BOOT_HALTED;
		cp->boot_code = WEFT_BOOT_OK;
	}
	pthread_mutex_unlock(&c->cp_lock);
}

void wcard_cp_reset(struct wcard_card *c)
{
	struct wcard_cp *cp = &c->cp;

	wcard_cp_ctrl(c, WEFT_BOOT_CTRL_HALT);
	pthread_mutex_lock(&c->cp_lock);
	cp->boot_state = WEFT_BOOT_IDLE;
	cp->boot_code = WEFT_BOOT_OK;
	if (!WCARD_BROKEN(flr_keeps_faults))
		cp->fault_head = cp->fault_n = 0;
	cp->mtimecmp = UINT64_MAX;
	cp->msip = 0;
	cp->as_id = cp->as_type = cp->as_status = cp->q_status = 0;
	cp->as_root = 0;
	cp->pol_band = cp->pol_floor = cp->pol_slice = cp->pol_status = 0;
	memset(cp->q_desc, 0, sizeof(cp->q_desc));
	atomic_store(&cp->irq, 0);
	atomic_store(&cp->irq_enable, 0);
	atomic_store(&cp->mbox_base, 0);
	atomic_store(&cp->log_base, 0);
	clear_indices(cp);
	atomic_store(&cp->log_bytes, 0);
	atomic_store(&cp->log_tail, 0);
	atomic_store(&cp->heartbeat, 0);
	atomic_store(&cp->watchdog_ms, 0);
	pthread_mutex_unlock(&c->cp_lock);
}

int wcard_cp_init(struct wcard_card *c)
{
	struct wcard_cp *cp = &c->cp;
	struct wcard_rv64_config cfg = { .ram_base = WEFT_CP_RAM, .ram_bytes = WEFT_CP_RAM_BYTES,
					 .bus = &wcard_cp_bus, .bus_ctx = c };
	int ret;

	cp->ram = mmap(NULL, WEFT_CP_RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (cp->ram == MAP_FAILED)
		return -errno;
	cfg.ram = cp->ram;
	ret = wcard_rv64_init(&cp->cpu, &cfg);
	if (ret)
		return ret;
	pthread_mutex_init(&c->cp_lock, NULL);
	wcard_cond_init(&cp->wake);
	wcard_cond_init(&cp->parked);
	cp->mtimecmp = UINT64_MAX;
	if (pthread_create(&cp->thread, NULL, cp_main, c))
		return -EAGAIN;
	cp->up = true;
	return 0;
}

void wcard_cp_fini(struct wcard_card *c)
{
	if (!c->cp.up)
		return;
	pthread_mutex_lock(&c->cp_lock);
	c->cp.quit = true;
	wcard_rv64_halt(&c->cp.cpu);
	pthread_cond_signal(&c->cp.wake);
	pthread_mutex_unlock(&c->cp_lock);
	pthread_join(c->cp.thread, NULL);
	wcard_rv64_fini(&c->cp.cpu);
	munmap(c->cp.ram, WEFT_CP_RAM_BYTES);
}
