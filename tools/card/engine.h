/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Queues, the scheduler that gives them engine threads, and the streamer that runs on those.
 */
#ifndef WCARD_ENGINE_H
#define WCARD_ENGINE_H

#include "access.h"
#include "trace.h"
#include "ops/ops.h"
#include "waiter.h"

#define WCARD_HOST_SLICE_NS	50000000	/* slice of an engine thread on the bench machine */
#define WCARD_SPIN_NS		20000		/* looking for more work, right after work or a wake */
#define WCARD_SUSPECT_NS	100000		/* a unit that took so long: was the thread off its core? */
#define WCARD_PUBLISH_NS	2000000		/* age of the public record while running */
#define WCARD_UNIT_PACKETS	64		/* packets one unit executes at most, as long as … */
#define WCARD_UNIT_NS		20000		/* … those that move data leave it this short */
#define WCARD_FENCE_LOOP_MAX	65536u

/* The packet being executed; survives preemption between its units. */
struct wcard_cur {
	bool active;			/* fetched and not yet retired */
	bool started;			/* checked, fields below valid */
	uint64_t unit, nunits;		/* EXEC; others: bytes, rows or elements done */
	uint64_t row;
	const struct wcard_op *op;
	uint32_t scalar[WEFT_EXEC_SCALARS];
	struct wcard_opnd_need need[WEFT_EXEC_OPERANDS];
	uint64_t va[2 * WEFT_REDUCE_MAX];
	struct wcard_view view[WEFT_EXEC_OPERANDS];
	struct wcard_stage stage[WEFT_EXEC_OPERANDS];
	struct weft_cell_ref ref;	/* WAIT_ALL: element `unit`, fetched once */
	bool fetched;
};

#define WCARD_TRACE_LOG2_MIN	4
#define WCARD_TRACE_LOG2_MAX	20
struct wcard_trace {
	bool on;
	bool known;			/* `ring` was read since the queue was taken up */
	uint64_t ring;			/* address, 0: none */
	uint64_t ready_ns, start_ns;	/* of the packet that runs or is next; start 0: it waits */
	struct { uint64_t ready_ns, start_ns; } opened[WEFT_FRAMES];	/* of the CALL or LOOP at a level */
	unsigned int top;		/* depth at which the packet that retired last was */
};

struct wcard_queue {
	struct wcard_card *c;
	struct wcard_as *as;
	struct weft_queue_desc desc;
	struct weft_ring_ctl *ctl;	/* of a job queue; a user queue's are virtual: desc */
	const union weft_packet *ring;
	struct weft_queue_state *state;

	/* machine.lock */
	_Atomic(enum weft_queue_run) run;	/* the streamer sets it too while it owns the queue */
	bool on_engine, queued, holds_slot;
	_Atomic bool suspend;
	bool woken;			/* became ready while it was leaving its engine */
	struct wcard_waiter waiter;	/* linked while it is PARKED */
	struct wcard_node node;		/* among the ready queues of its share; key = its engine time by weight */
	struct wcard_queue *held_prev, *held_next;
	enum wcard_by by;
	uint64_t wait_told_ns;		/* that of the WAIT whose limit was reported last */
	uint64_t suspended_ns;		/* since when a WAIT that parked is suspended, else 0 */
	uint64_t slot_since_ns;			/* took its slot */
	uint64_t slice_ns, advance_ns;	/* of this turn, and charged for it in advance */
	uint64_t charged_ns;		/* what of busy_ns its times have in them */
	struct wcard_node timer;	/* TIMED, or parked with a limit */
	bool timer_on;
	uint64_t deadline_ns;		/* TIMED */
	bool timed;			/* its timer runs */
	bool timed_over;		/* its TIMED packet can retire */
	_Atomic bool stop;
	_Atomic uint32_t stuck;		/* WEFT_INJECT_STUCK or _STUCK_HARD while a unit of it obeys nothing else, or 0 */

	/* owner: the engine thread that runs it, else machine.lock */
	uint64_t head, fence, retired, progress_ns, busy_ns, fault_va;
	uint64_t wait_va, wait_value, wait_since_ns;	/* of the WAIT under way; since is 0 before it parks */
	uint64_t origin, dirty_links;
	uint32_t engine;		/* 1 + that it is on, 0: on none */
	uint32_t cause;
	unsigned int depth;		/* levels in use, 1 = ring */
	struct weft_frame frame[WEFT_FRAMES];
	union weft_packet pkt;
	uint8_t ring_op;		/* of the ring packet that runs */
	struct wcard_cur cur;
	struct wcard_trace trace;
};

struct wcard_engine {
	struct wcard_machine *m;
	unsigned int index;
	int core;
	pthread_t thread;
	struct wcard_queue *q;		/* on it; machine.lock */
	uint64_t since;			/* end of what was charged last: taking a queue up is part of its turn */
	bool looking;			/* for work, awake: counted in machine.looking */
	bool slept;			/* since the last look: */
	uint64_t look_ns, look_cpu_ns;	/* card clock, and what the thread had run by then */
	uint64_t waited_ns;		/* since then, on purpose: injected */
	struct wcard_tlb tlb;
};

enum wcard_step {
	WCARD_DONE,			/* packet retired */
	WCARD_MORE,			/* one unit done, packet goes on */
	WCARD_FAULT,			/* acc.fault, acc.fault_va say why */
	WCARD_TIMED,			/* park without a core until deadline_ns */
	WCARD_ENTER,			/* CALL or LOOP pushed a frame */
	WCARD_PARK,			/* gives up slot and engine; PARKED is published already */
};

/* A queue on an engine thread. */
struct wcard_run {
	struct wcard_engine *e;
	struct wcard_queue *q;
	struct wcard_acc acc;
	/* of the unit */
	struct wcard_window list[WEFT_FRAMES], table[WEFT_FRAMES];	/* list[0]: the ring of a user queue */
	int budget;			/* packets this unit may still execute */
	uint64_t packets;		/* retired, not yet counted */
	bool data;			/* the packet moved data: look at the clock */
	bool fence;			/* a FENCE retired, the last packet of the unit */
	bool suppressed;		/* by RANGE or PRED: leaves no trace */
	struct {			/* valid inside the unit */
		struct weft_trace_ring *ring;
		uint64_t mask, page_va;
		uint8_t *page;
	} trace;
	uint64_t last_ns;		/* end of the unit before */
};

/* One row of pkt.c for each opcode; called inside a unit until DONE. */
typedef enum wcard_step (*wcard_pkt_fn)(struct wcard_run *r);
struct wcard_pkt_row {
	wcard_pkt_fn fn;		/* NULL: CAP */
	uint64_t cap;			/* needed, 0 = none */
};
extern const struct wcard_pkt_row wcard_pkt_table[WEFT_PKT_OP_COUNT];
enum wcard_step wcard_fail(struct wcard_run *r, int fault, uint64_t va);
static inline void wcard_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static inline struct weft_frame *wcard_top(struct wcard_queue *q)
{
	return &q->frame[q->depth - 1];
}

/* operand.c: the address behind an operand field. False: failed, r->acc.fault set. */
bool wcard_operand(struct wcard_run *r, uint64_t field, uint64_t *va);
bool wcard_operand_index(struct wcard_run *r, uint32_t index, uint64_t *va);
/* Block j of an entry; beyond its mul: OPERAND. */
bool wcard_operand_block(struct wcard_run *r, uint32_t index, unsigned int j, uint64_t *va);
/* The n blocks a REDUCE means by its first entry. */
bool wcard_operand_run(struct wcard_run *r, uint32_t first, unsigned int n, uint64_t va[]);

/* flow.c: index of the frame of the LOOP at `level`, 0: there is none. */
unsigned int wcard_flow_loop(const struct wcard_queue *q, unsigned int level);
/* seq of the LOOP at `level` seen from the packet; false: NESTING. */
bool wcard_flow_seq(struct wcard_run *r, unsigned int level, int32_t skew, int64_t *seq);
/* The packet leaves the LOOP at `level` towards packet `exit` of its parent. DONE or FAULT. */
enum wcard_step wcard_flow_end(struct wcard_run *r, unsigned int level, uint32_t exit);
/* Whether RANGE or PRED suppresses the packet fetched. */
bool wcard_flow_skips(const struct wcard_queue *q);
/* The packet is over; so are lists it was the last of, and the CALLs and LOOPs that ran them. False: failed. */
bool wcard_flow_retire(struct wcard_run *r);
/* Makes the packet that opened the top frame the one to blame. */
void wcard_flow_blame(struct wcard_queue *q);
enum wcard_step wcard_pkt_call(struct wcard_run *r);
enum wcard_step wcard_pkt_loop(struct wcard_run *r);
enum wcard_step wcard_pkt_break(struct wcard_run *r);
enum wcard_step wcard_pkt_range(struct wcard_run *r);
enum wcard_step wcard_pkt_pred(struct wcard_run *r);

enum wcard_step wcard_pkt_copy(struct wcard_run *r);
enum wcard_step wcard_pkt_fill(struct wcard_run *r);
enum wcard_step wcard_pkt_exec(struct wcard_run *r);
enum wcard_step wcard_pkt_reduce(struct wcard_run *r);
enum wcard_step wcard_pkt_wait(struct wcard_run *r);
enum wcard_step wcard_pkt_signal(struct wcard_run *r);

/* flush.c */
int wcard_flush(struct wcard_run *r, bool fence);

/* queue.c: the tables, filled by the control processor. enum weft_mbox_status */
int wcard_as_create(struct wcard_card *c, uint32_t asid, uint32_t type, uint64_t root);
int wcard_as_destroy(struct wcard_card *c, uint32_t asid);
void wcard_as_invalidate(struct wcard_card *c, uint32_t asid);	/* not from an engine thread; waits */
int wcard_queue_create(struct wcard_card *c, const struct weft_queue_desc *d);
int wcard_queue_destroy(struct wcard_card *c, uint32_t id);
int wcard_queue_suspend(struct wcard_card *c, uint32_t id);
int wcard_queue_resume(struct wcard_card *c, uint32_t id);
void wcard_queue_doorbell(struct wcard_card *c, uint32_t id);
void wcard_queue_publish(struct wcard_queue *q, enum weft_queue_run run);
/* machine.lock held, off its engine: faults without having run */
void wcard_queue_fault(struct wcard_queue *q, enum weft_fault cause);
/* machine.lock held: stops it, or asks the engine to; true when it is off the engine */
bool wcard_queue_stop(struct wcard_queue *q);
void wcard_queues_reset(struct wcard_card *c);			/* FLR: stops and frees all, waits */

/* sched.c */
int wcard_sched_init(struct wcard_machine *m);
void wcard_sched_fini(struct wcard_machine *m);
/* by_hand: what is due, a timer or a turn of engine 0; false: nothing is */
bool wcard_sched_turn(struct wcard_machine *m);
/* A slice is over and the queue stays on its engine. */
void wcard_sched_slice(struct wcard_queue *q);
/* machine.lock held */
void wcard_sched_ready(struct wcard_queue *q);
void wcard_sched_remove(struct wcard_queue *q);
void wcard_sched_timed(struct wcard_queue *q);
void wcard_timer_set(struct wcard_queue *q, uint64_t deadline_ns);
void wcard_timer_clear(struct wcard_queue *q);

/* limits.c: a turn begins; what a unit may take; enum weft_fault or 0 for the unit that took `ns`, by the
 * clock on the wall, and for an engine time of `ns` */
void wcard_limits_turn(struct wcard_engine *e, uint64_t now);
uint64_t wcard_limits_of(const struct wcard_queue *q);
/* What the engine's thread ran of the `ns` that end now. */
uint64_t wcard_limits_ran(struct wcard_engine *e, uint64_t ns);
uint32_t wcard_limits_unit(struct wcard_run *r, uint64_t ns);
uint32_t wcard_limits_fault(const struct wcard_queue *q, uint64_t ns);
/* machine.lock held: it is PARKED since wait_since_ns; its timer came */
void wcard_limits_park(struct wcard_queue *q);
void wcard_limits_waited(struct wcard_queue *q);
/* machine.lock held: what it waits for is not waited for while it is SUSPENDED */
void wcard_limits_suspend(struct wcard_queue *q);
void wcard_limits_resume(struct wcard_queue *q);

/*
 * trace.c, inside a unit: a turn begins; a frame was pushed; a packet retires, before its frame moves on. The packet at
 * the top is what is recorded.
 */
void wcard_trace_turn(struct wcard_run *r, uint64_t now);
void wcard_trace_enter(struct wcard_run *r);
void wcard_trace_level(struct wcard_run *r);
void wcard_trace_packet(struct wcard_run *r, uint64_t ready, uint64_t start, uint64_t end);
static inline void wcard_trace_retire(struct wcard_run *r)
{
	if (r->q->trace.on)
		wcard_trace_level(r);
}

/* inject.c */
static inline bool wcard_injecting(const struct wcard_card *c)
{
	return atomic_load_explicit(&c->inject.on, memory_order_relaxed);
}
void wcard_inject(struct wcard_card *c, uint32_t what, uint64_t arg);	/* register INJECT */
void wcard_inject_reset(struct wcard_card *c);
/* What an access to this piece would meet: enum weft_fault or 0; may shorten it. And it did meet an ECC error. */
int wcard_inject_access(struct wcard_card *c, struct wcard_span *s);
void wcard_inject_met(struct wcard_card *c, const struct wcard_span *s);
void wcard_inject_tell(struct wcard_machine *m);		/* outside a unit: events of errors that were met */
/* Outside a unit. Whether a hang was planted here; it is over then, with enum weft_fault in *cause or 0 if stopped. */
bool wcard_inject_hang(struct wcard_run *r, uint32_t *cause);
/* Outside a unit. Whether one was planted here that ends by a reset only; that has come. */
bool wcard_inject_stuck(struct wcard_run *r);
/* From the read that flushes this link to its answer; UINT64_MAX: none comes. */
uint64_t wcard_inject_link_ns(const struct wcard_card *c, unsigned int link);
/* The engine does nothing else for so long; inside a unit at most as long as a unit may take. */
void wcard_inject_pause(struct wcard_run *r, uint64_t ns);
/* Outside a unit. Makes the one that took `ns` last longer. */
void wcard_inject_slow(struct wcard_run *r, uint64_t ns);

/* stream.c: inside a unit: stores `head` where its submitter looks. False: failed. */
bool wcard_head_store(struct wcard_run *r, uint64_t head);
/* Engine time up to now goes to the queue: a record that says it is at rest is not behind. Returns now. */
uint64_t wcard_charge(struct wcard_run *r);
/* Runs `q` until its slice ends, it has nothing to do, or it stops. Called without locks. */
void wcard_stream(struct wcard_engine *e, struct wcard_queue *q, uint64_t now);

#endif
