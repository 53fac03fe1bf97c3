/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The state of all emulated cards of one process.
 *
 * Locks, outermost first: machine.lock (queues, address spaces, ready lists, waiters on cells) → card.cp_lock (control
 * processor) → card.evt_lock (event ring, interrupts). An engine may take machine.lock inside a unit, so nobody waits for
 * units while he holds it. card.safe_* belongs to machine.safe_lock, taken alone.
 *
 * Bus mappings and routes are immutable tables behind atomic pointers: engine threads read them only inside a unit
 * (access.h), and who replaces one waits for the units in flight (wcard_quiesce) before the old one is unmapped or freed.
 */
#ifndef WCARD_MACHINE_H
#define WCARD_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "band.h"
#include "boot.h"
#include "cp.h"
#include "event.h"
#include "fault.h"
#include "mailbox.h"
#include "packet.h"
#include "reg.h"
#include "safe.h"
#include "rv64.h"

#define WCARD_MAX_CARDS		16
#define WCARD_MAX_ENGINES	63	/* the timers are one more entry of the table, which has 64 */
#define WCARD_NUM_ASIDS		1024
#define WCARD_NUM_QUEUES	4096
#define WCARD_NUM_LINKS		32
#define WCARD_VECTORS		32
#define WCARD_NO_ECC		UINT64_MAX
#define WCARD_THROTTLE_THERMAL	WEFT_BIT32(0)
#define WCARD_THROTTLE_POWER	WEFT_BIT32(1)
#define WCARD_HANG_MS		2000		/* after reset */
#define WCARD_SAFE_MAX		16
#define WCARD_FAULT_FIFO	(WCARD_NUM_QUEUES + 1)
#define WCARD_DOORBELL_BAR	((uint64_t)WCARD_NUM_QUEUES * 4096)

#define WCARD_CAPS (WEFT_CAP_ROM_BOOT | WEFT_CAP_EXEC | WEFT_CAP_REDUCE | WEFT_CAP_TIMED | WEFT_CAP_CALL | \
		    WEFT_CAP_LR | WEFT_CAP_LOOP | WEFT_CAP_PRED | WEFT_CAP_INDIRECT | \
		    WEFT_CAP_CELLS | WEFT_CAP_CELL_LISTS | WEFT_CAP_CELL_ADD | WEFT_CAP_WATCH | WEFT_CAP_CELL_FAULT | \
		    WEFT_CAP_CELL_FAULTS | \
		    WEFT_CAP_BANDS | WEFT_CAP_ENGINE_RESET | WEFT_CAP_TRACE | WEFT_CAP_TELEMETRY | WEFT_CAP_INJECT | \
		    WEFT_CAP_LINK_MASK | WEFT_CAP_SYSTEM_SCOPE | \
		    WEFT_CAP_COUNTERS | WEFT_CAP_CLOCK_PAIR)

struct wcard_card;
struct wcard_machine;
struct wcard_queue;
struct wcard_engine;
struct wcard_dma_table;
struct wcard_route;
struct wcard_cells;
struct wcard_weak;

/* Index of a link in the counters: tags 0 … 31, then the own local memory. */
#define WCARD_CNT_LINKS		(WCARD_NUM_LINKS + 1)
#define WCARD_CNT_LOCAL		WCARD_NUM_LINKS
enum wcard_cnt_dir {
	WCARD_CNT_READ, WCARD_CNT_WRITE, WCARD_CNT_FETCH, WCARD_CNT_CELL_READ, WCARD_CNT_CELL_WRITE, WCARD_CNT_DIRS
};
struct wcard_cnt {
	_Atomic uint64_t bytes[WCARD_CNT_DIRS][WCARD_CNT_LINKS];
};

struct wcard_as {
	bool live;
	uint32_t id, type;
	uint64_t root;
	_Atomic uint32_t gen;		/* of its translations; never goes back, not even over AS_DESTROY */
	unsigned int nqueues;
	struct wcard_cnt *cnt;		/* allocated at the first AS_CREATE, zeroed at every one */
	struct wcard_share share[WCARD_BANDS];
};

struct wcard_safe_req {
	uint32_t op, seq;
	uint64_t arg[3];
};

/* Registers the host writes and nobody interprets before they are used. */
struct wcard_regs {
	uint64_t wlatch[WEFT_REG_LINK_FLUSH(WCARD_NUM_LINKS) / 8];	/* low halves waiting for their high half */
	uint64_t rlatch;		/* value of the last 64-bit register whose low half was read */
	uint32_t rlatch_at;
	uint64_t boot_image, boot_bytes;
	uint64_t safe_arg[3];
	uint64_t clock_host, clock_card;
	uint64_t inject_arg;
	uint64_t watch_cell, watch_value, watch_cookie;
	uint32_t cnt_sel;
	uint64_t cnt_value;
};

struct wcard_cp {
	pthread_t thread;
	pthread_cond_t wake, parked;
	struct wcard_rv64 cpu;
	uint8_t *ram;
	bool up;			/* cpu initialised */
	bool running;			/* has an image and may execute */
	bool executing;			/* thread is inside run() */
	bool start, halt, quit;		/* requests to the thread */
	bool crashed;			/* injected: it executes nothing until START */
	uint64_t beat_ns;		/* last heartbeat, or start */
	bool bitten;			/* the watchdog has told so since START */
	_Atomic uint32_t watchdog_ms;
	uint32_t boot_state, boot_code;
	uint64_t image, image_bytes;	/* BOOT_IMAGE and BOOT_BYTES at START */
	_Atomic uint32_t irq, irq_enable;
	uint64_t mtimecmp;
	uint32_t msip;
	_Atomic uint64_t mbox_base, log_base;
	_Atomic uint32_t mbox_req_tail, mbox_req_head, mbox_rsp_tail, mbox_rsp_head;
	_Atomic uint32_t log_bytes, log_tail, heartbeat, fw_version;
	uint32_t as_id, as_type, as_status;
	uint64_t as_root;
	uint64_t arm_sem, arm_arm;
	uint32_t arm_status;
	uint32_t q_desc[14], q_status;
	uint32_t pol_band, pol_floor, pol_slice, pol_status;
	struct { uint32_t queue, cause; uint64_t va; } fault[WCARD_FAULT_FIFO];
	unsigned int fault_head, fault_n;
};

struct wcard_card {
	struct wcard_machine *m;
	unsigned int index;
	uint32_t serial;
	int lmem_fd;
	uint8_t *lmem;
	uint64_t lmem_bytes;
	_Atomic uint64_t user_limit;
	_Atomic uint64_t reset_gen;
	bool resetting;			/* machine.lock: nothing may be created or become ready */

	/* PCI */
	uint8_t cfg[4096], wmask[4096];
	bool msi;
	_Atomic bool bus_master;
	_Atomic bool d3;		/* D3hot: out of reach, and reaches nothing */
	_Atomic(struct wcard_dma_table *) dma;
	struct wcard_dma_table *dma_retired;	/* replaced ones, freed at the next quiesce */

	/* queues and address spaces: machine.lock */
	struct wcard_as as[WCARD_NUM_ASIDS];
	struct wcard_queue *queue[WCARD_NUM_QUEUES];
	unsigned int queue_end;		/* above the highest id of a queue since the last reset; under the machine's lock */
	struct wcard_bands bands;
	_Atomic uint8_t rung[WCARD_NUM_QUEUES];	/* doorbells not yet looked at; more of them change nothing */
	struct wcard_cells *cells;	/* waiter.h */

	/* links: bit n of link_off = masked or down; where to read to flush one */
	_Atomic uint32_t link_off;
	_Atomic uint64_t flush[WCARD_NUM_LINKS];

	/* events and interrupts: evt_lock */
	pthread_mutex_t evt_lock;
	uint64_t evt_base;
	uint32_t evt_log2, evt_enable, evt_tail, evt_head, evt_status, irq_vectors;
	int irq_fd[WCARD_VECTORS + 1];	/* the last one is the client's error notification */

	/* safe operations: machine.safe_lock */
	struct wcard_safe_req safe[WCARD_SAFE_MAX];
	unsigned int safe_n;
	pthread_cond_t safe_cond;
	pthread_t safe_thread;
	uint32_t safe_done[8], safe_status[8];

	pthread_mutex_t cp_lock;
	struct wcard_cp cp;
	_Atomic uint32_t rollback;
	struct wcard_regs r;

	/* counters */
	struct wcard_cnt all;
	_Atomic uint64_t engine_busy_ns[WCARD_MAX_ENGINES];
	_Atomic uint64_t irqs, events, doorbells, packets, walks, bad_kicks;

	struct {
		_Atomic bool on;		/* anything below may be set */
		_Atomic uint32_t hang;		/* queue */
		_Atomic uint32_t stuck, stuck_hard;	/* queue */
		_Atomic bool flr_fails;		/* the next one */
		_Atomic uint32_t slow;		/* times */
		_Atomic uint64_t ecc;		/* local-memory offset of a page that cannot be read, or WCARD_NO_ECC */
		_Atomic uint32_t links;		/* that do not answer, by tag */
		_Atomic uint32_t link_us[WCARD_NUM_LINKS];	/* from the read that flushes it to its answer */
		_Atomic uint64_t tell;		/* an ECC error that was met, and no event said so yet */
		_Atomic bool irq;		/* the next message is lost */
	} inject;
	_Atomic uint32_t ecc_fatal;
	struct wcard_telemetry {
		uint64_t at_ns, busy_ns;	/* of the last look */
		double mc, mw, mhz;
		uint32_t throttle;
		uint32_t heat;			/* injected, m°C */
	} telemetry;
	_Atomic uint32_t hang_ms;

	pthread_t vfu_thread;
	int listen_fd;
	_Atomic int conn_fd;
	pthread_mutex_t conn_lock;	/* writers of conn_fd */
	char path[104];
};

struct wcard_machine {
	unsigned int ncards, nengines, slots;
	uint64_t lmem_bytes;
	bool exec;			/* WEFT_CAP_EXEC is offered */
	uint64_t caps;
	uint8_t key[32];
	uint64_t clock_base_ns;
	struct wcard_card *card[WCARD_MAX_CARDS];

	pthread_mutex_t lock;
	pthread_cond_t work;		/* a queue became ready */
	pthread_cond_t off;		/* a queue with a stop request left its engine */
	unsigned int idle;		/* engine threads waiting for work */
	_Atomic unsigned int nready;	/* queues in ready lists */
	uint32_t linger_ns;		/* at a cell before its queue parks, while no other queue is ready; an option sets it */
	_Atomic unsigned int looking;	/* engine threads that wait for nready awake */
	uint64_t least;			/* engine time where a card that comes begins */
	_Atomic bool quit;		/* threads of the machine end */
	_Atomic bool closing;		/* protocol threads end */
	struct wcard_engine *engine;

	bool by_hand;			/* set before init: no threads; wcard_sched_turn() and wcard_safe_turn() do their work */

	struct wcard_heap timers;	/* of queues, by deadline */
	pthread_cond_t timed_cond;
	pthread_t timed_thread;

	pthread_mutex_t safe_lock;
	pthread_cond_t safe_idle;

	pthread_mutex_t map_lock;	/* writers of dma tables and routes */
	_Atomic(struct wcard_route *) route;
	_Atomic bool memory_errors;	/* injected on any card */
	_Atomic uint64_t map_gen;	/* counts changes of any dma table or route */

	bool weak_on;			/* options --weak and its seed */
	uint64_t weak_seed;
	struct wcard_weak *weak;	/* weak.h; NULL: writes are visible at once */
};

/*
 * machine.c: the fields that options set, the clock and the key are filled in. With `dir` the cards listen there, without
 * they have no socket. 0, or -errno with `what` failed; there is no way back then but to end the process.
 */
int wcard_machine_init(struct wcard_machine *m, const char *dir, bool msi, const char **what);
void wcard_machine_fini(struct wcard_machine *m);

static inline uint64_t wcard_asid_key(const struct wcard_card *c, uint32_t asid)
{
	return (uint64_t)c->index << 16 | asid;
}

/* clock.c: ns since power-on, and the absolute CLOCK_MONOTONIC time of a card time */
uint64_t wcard_now(const struct wcard_machine *m);
void wcard_deadline(const struct wcard_machine *m, uint64_t card_ns, struct timespec *ts);
void wcard_cond_init(pthread_cond_t *c);	/* on CLOCK_MONOTONIC */

/* event.c */
void wcard_event(struct wcard_card *c, uint16_t type, uint32_t queue, uint32_t asid, uint32_t cause, uint64_t value);
void wcard_event_enable(struct wcard_card *c, uint32_t on);
void wcard_irq_set_fd(struct wcard_card *c, unsigned int vector, int fd);

/* boot.c: checks the image in local memory and loads it to `ram`; a boot code */
int wcard_boot_load(struct wcard_card *c, uint64_t image, uint64_t bytes, uint8_t *ram, uint32_t *entry,
		    uint32_t *version);

/* cp.c */
int wcard_cp_init(struct wcard_card *c);
void wcard_cp_fini(struct wcard_card *c);
void wcard_cp_ctrl(struct wcard_card *c, uint32_t ctrl);	/* BOOT_CTRL */
void wcard_cp_reset(struct wcard_card *c);			/* FLR: stops, forgets everything */
void wcard_cp_mailbox(struct wcard_card *c, uint64_t base);	/* MBOX_BASE: starts at index 0 */
void wcard_cp_watchdog(struct wcard_card *c, uint32_t ms);	/* FW_WATCHDOG_MS */
void wcard_cp_crash(struct wcard_card *c);
void wcard_cp_beat(struct wcard_card *c, uint32_t beat);
void wcard_cp_irq(struct wcard_card *c, uint32_t bits);
void wcard_cp_fault(struct wcard_card *c, uint32_t queue, uint32_t cause, uint64_t va);
/* cp_mmio.c: what the program sees; called inside run() */
extern const struct wcard_rv64_bus wcard_cp_bus;
void wcard_cp_lines(struct wcard_card *c);			/* recompute the interrupt lines */

/* regs.c */
void wcard_regs_read(struct wcard_card *c, uint64_t at, unsigned int bytes, uint8_t *data);
void wcard_regs_write(struct wcard_card *c, uint64_t at, unsigned int bytes, const uint8_t *data);

/* telemetry.c: a telemetry register */
uint32_t wcard_telemetry(struct wcard_card *c, uint64_t reg);
void wcard_heat(struct wcard_card *c, uint64_t mc);		/* injected, on top */

/* counter.c */
uint64_t wcard_counter(struct wcard_card *c, uint32_t sel);

/* safe.c */
int wcard_safe_init(struct wcard_machine *m);
void wcard_safe_fini(struct wcard_machine *m);
void wcard_safe_cmd(struct wcard_card *c, uint64_t cmd);
bool wcard_safe_turn(struct wcard_machine *m);			/* by_hand: does the next one; false: there is none */
void wcard_safe_drain(struct wcard_card *c);			/* returns when none is unfinished */

/* pci.c */
void wcard_pci_init(struct wcard_card *c);
void wcard_pci_reset(struct wcard_card *c);			/* FLR: all but the BARs */
void wcard_pci_read(struct wcard_card *c, uint64_t at, unsigned int bytes, uint8_t *data);
void wcard_pci_write(struct wcard_card *c, uint64_t at, unsigned int bytes, const uint8_t *data);
uint64_t wcard_pci_bar2(const struct wcard_card *c);		/* bus address, 0 when it does not decode */

/* reset.c: FLR, DEVICE_RESET and loss of the client */
void wcard_reset(struct wcard_card *c);
void wcard_flr(struct wcard_card *c);				/* unless it was injected that it fails */

/* vfu_socket.c */
int wcard_vfu_init(struct wcard_card *c, const char *dir);
void wcard_vfu_fini(struct wcard_card *c);
/* Surprise removal: ends the connection, if there is one. The next that comes finds a fresh card. */
void wcard_vfu_drop(struct wcard_card *c);
/* The client is gone: nothing of it may be touched any more, and the card is as after power-on but for its memory of
 * resets and rollback. */
void wcard_vfu_forget(struct wcard_card *c);

#endif
