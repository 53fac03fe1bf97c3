/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* A plan as it is built, prepared and loaded; what the files of this folder share. */
#ifndef WEFT_EXEC_EXEC_H
#define WEFT_EXEC_EXEC_H

#include <weft/plan.h>
#include <weft/transfer.h>
#include <weft/user_queue.h>

#include "runtime/core/library.h"

#include "name.h"

#define WEFT_NO_CELL		UINT32_MAX
#define WEFT_EDGE_PEER		(WEFT_EDGE_EXPORT | WEFT_EDGE_IMPORT)
#define WEFT_BLOCK_ALIGN	256u
static inline uint64_t weft_block_stride(uint64_t bytes)
{
	return (bytes + WEFT_BLOCK_ALIGN - 1) / WEFT_BLOCK_ALIGN * WEFT_BLOCK_ALIGN;
}
#define WEFT_BUBBLES		32768u		/* words of a card's ring: sequences that may be in flight around a bubble */
#define WEFT_MAX_SKEW		1023u
#define WEFT_TRACE_RECORDS	65536u		/* that can wait, of a lane */

/*
 * An operand of a body: TOKEN_BIT | its number << 40 | offset in bytes. Bit 63 is what core's lists know tokens of theirs
 * by, so that their checks of addresses leave ours alone, too.
 */
#define WEFT_OPERAND_BIT	(1ull << 63)
#define WEFT_OPERAND_SHIFT	40
#define WEFT_OPERAND_OFFSET	((1ull << WEFT_OPERAND_SHIFT) - 1)

enum weft_operand_kind { WEFT_OPERAND_IN, WEFT_OPERAND_OUT, WEFT_OPERAND_CONSTANT, WEFT_OPERAND_TABLE, WEFT_OPERAND_CHOICE };

struct weft_body_operand {
	enum weft_operand_kind kind;
	struct weft_edge *edge;			/* IN, OUT */
	struct weft_constant *constant;		/* CONSTANT, TABLE */
	uint32_t j;				/* IN, OUT: block of the firing */
	uint64_t stride;			/* TABLE */
	uint32_t entries, firings;		/* TABLE */
	uint64_t index;				/* CHOICE: operand */
	uint64_t *choice;			/* CHOICE: operands, owned */
	uint32_t count;				/* CHOICE */
};

struct weft_port {
	struct weft_edge *edge;
	uint32_t rate;
};

/* In one cell: what a body stores or wants there in firing f is base + f * step. */
struct weft_tie {
	uint32_t cell;				/* of the plan */
	bool system;				/* signal: data may lie elsewhere than the cell */
	uint64_t base, step;
};

struct weft_ties {
	struct weft_tie *tie;
	uint32_t count, room;
};

/* Cells that are not the plan's: of a WAIT_ALL or SIGNAL_ALL among the commands of a body. */
struct weft_foreign {
	char *name;
	uint32_t command, flags, count;
	struct weft_body_cell *cell;
	struct weft_cell_item *item;		/* the same with addresses */
};

struct weft_body {
	uint32_t magic, id;
	struct weft_plan *plan;
	char *name, *lane_name;
	uint32_t device, wanted_skew, priority;
	uint64_t time_ns;
	struct weft_port *in, *out;
	uint32_t num_in, num_out;
	struct weft_body_operand *operand;
	uint32_t num_operands, room_operands;
	struct weft_command *command;		/* operands in place of addresses; sources of REDUCE are owned */
	uint32_t num_commands, room_commands;
	struct weft_foreign *foreign;
	uint32_t num_foreign, room_foreign;
	bool engine;				/* has commands that take an engine */
	bool predicates;
	/* prepared */
	uint32_t lane, position, skew, q;
	uint32_t group;				/* of the plan's */
	bool gated;
	uint32_t done;				/* cell, or WEFT_NO_CELL */
	struct weft_ties waits, signals;
	/* loaded */
	uint32_t first, last;			/* commands of the lane's list */
	uint32_t wait, call;			/* of them: its WAIT and the call of `inner`, or UINT32_MAX */
	struct weft_list *inner;		/* commands of its own, called; NULL: they are in the lane's */
};

struct weft_consumer {
	struct weft_body *body;
	uint32_t rate;
	uint32_t consumed;			/* prepared: cell, or WEFT_NO_CELL */
};

/* The host's end of an edge that it feeds or pulls. */
struct weft_feed {
	uint32_t num_cells, cell[WEFT_PLAN_DEVICES];	/* that the host signals */
	uint32_t produced;			/* PULL: cell the host waits for */
	char *block;				/* loaded: the first, mapped */
	uint64_t taken, done;			/* tokens that the caller has had; of them committed or returned, under lock */
	bool ended;
};

/* The end of an edge whose other one is in another process. */
struct weft_edge_peer {
	int socket;				/* for the next load, -1: none */
	uint64_t timeout_ns, deadline_ns;
	uint64_t epoch, their_epoch;		/* of the load at each end */
	bool told;				/* the last message was sent */
	/* loaded */
	uint32_t initial, rate;			/* of the importer: tokens that the other process gave before the first firing, gives in each */
	uint32_t consumers;			/* of the exporter: in the other process */
	struct weft_memory *blocks;		/* of the exporter; as the importer's card reads them */
	struct weft_memory *inbox, *outbox;	/* cells that are waited for here, and those that are signalled there */
};

struct weft_edge {
	uint32_t magic, id;
	struct weft_plan *plan;
	char *name;
	uint32_t flags, wanted_depth, initial, wanted_device;
	uint64_t block_bytes;
	struct weft_memory *given;		/* blocks of the caller's, and where the process has them */
	char *pointer;
	void *contents;				/* of initial tokens; NULL = zeros */
	void *restored;				/* the same, of a snapshot */
	struct weft_edge *whole;		/* whose blocks it is a part of, or NULL */
	uint64_t part_offset;			/* with whole: in a block; else where the first part begins, or 0 */
	uint64_t parts_end;			/* where the last part ends; 0: there are none */
	struct weft_body *producer;		/* prepared: NULL, the host */
	uint32_t rate;				/* of the producer */
	struct weft_consumer *consumer;
	uint32_t num_consumers;
	/* prepared */
	uint32_t depth, place;
	uint64_t stride, offset;		/* of blocks in their place */
	struct weft_feed feed;
	struct weft_edge_peer peer;
	struct weft_memory **reach;		/* blocks of its own: as each card has them, to read, to write, made at first use */
};

/* It has no blocks of its own: they are the planner's as a control edge's are. */
static inline bool weft_edge_blockless(const struct weft_edge *e)
{
	return e->whole || e->flags & WEFT_EDGE_CONTROL;
}

/* What its producer writes of a block. */
static inline uint64_t weft_edge_own_bytes(const struct weft_edge *e)
{
	return e->parts_end ? e->part_offset : e->block_bytes;
}

struct weft_constant {
	uint32_t magic, id;
	struct weft_plan *plan;
	char *name;
	uint64_t bytes;
	struct weft_memory *given;		/* the caller's */
	void *contents;				/* at load; NULL = zeros, or those of … */
	char *file;
	uint32_t users;				/* bit: device; once prepared */
	struct weft_memory *memory[WEFT_PLAN_DEVICES];	/* loaded */
};

enum weft_cell_role { WEFT_ROLE_GATE, WEFT_ROLE_DONE, WEFT_ROLE_PRODUCED, WEFT_ROLE_CONSUMED, WEFT_ROLE_GUARD };

/*
 * A cell of the plan, in the memory of @waiter; @signaller is the one card that stores there, or @waiter itself, as for the host.
 * One with @peer is between processes: in the inbox of @edge, or in its outbox when a body here signals it. That of an exporter's
 * inbox stands for as many as the other process has consumers, which only a load tells: weft_cell_copies().
 */
struct weft_plan_cell {
	enum weft_cell_role role;
	uint32_t waiter, signaller, index;
	uint64_t initial;
	struct weft_edge *edge;			/* PRODUCED, CONSUMED, GUARD */
	struct weft_body *body;			/* who signals it; NULL: the host */
	uint32_t q;				/* GATE: firings for each sequence */
	bool peer;
};

struct weft_plan_lane {
	char *name;
	uint32_t device;
	struct weft_body **body;
	uint32_t num_bodies;
	/* loaded */
	struct weft_list *head, *loop, *tail;	/* first values (or NULL), the bodies, END */
	struct weft_user_queue *queue;
	uint64_t posted;
	struct weft_lane_trace *trace;		/* with WEFT_PLAN_TRACE */
};

/* Block memory: one place for each card, and the host's after them. */
struct weft_plan_place {
	uint64_t bytes;
	struct weft_memory *memory;
	struct weft_memory *reach[WEFT_PLAN_DEVICES][2];	/* as a card has it: to read, to write */
};

struct weft_plan_card {
	struct weft_device *device;
	struct weft_memory *own;		/* words of bubbles, then a u64 for the time stamp of each body */
	uint32_t *bubble;			/* mapped */
	int64_t to_host_ns;			/* to add to its clock, as it was at load */
	uint32_t num_lanes;			/* loaded: on it, and rings of them that are in use */
	uint32_t num_rings;
	struct weft_memory *rings;		/* of all of them */
	struct weft_memory **lists;		/* of all of them; of the last the first lists_used bytes are in use */
	uint32_t num_lists, room_lists;
	uint64_t lists_used;
};

/* Real sequences from @first on have number + @bubbles on the cards. */
struct weft_plan_span {
	uint64_t first, bubbles;
};
#define WEFT_PLAN_SPANS		64

/* Kinds of names in a plan. */
enum weft_name_kind { WEFT_NAME_EDGE, WEFT_NAME_BODY, WEFT_NAME_CONSTANT };

struct weft_plan {
	uint32_t magic;
	char *name;
	struct weft_plan_config config;
	uint32_t num_devices;
	struct weft_plan_card card[WEFT_PLAN_DEVICES];
	struct weft_edge **edge;
	struct weft_body **body;
	struct weft_constant **constant;
	uint32_t num_edges, num_bodies, num_constants;
	uint32_t room_edges, room_bodies, room_constants;
	struct weft_names names;		/* of each kind below */
	char *directory;			/* of constants' files; NULL: where the process is */
	/* prepared */
	bool prepared;
	struct weft_plan_lane *lane;
	uint32_t num_lanes;
	struct weft_plan_cell *cell;
	uint32_t num_cells, room_cells;
	struct weft_edge **host_edge;		/* those that the host feeds or pulls */
	uint32_t num_host_edges, room_host_edges;
	struct weft_edge *peer_edge;		/* the first with another process at its end, or NULL */
	uint32_t first_done;			/* gates come first, DONE last */
	uint32_t num_cells_of[WEFT_PLAN_DEVICES][WEFT_PLAN_DEVICES];	/* waiter, signaller */
	struct weft_plan_place place[WEFT_PLAN_DEVICES + 1];
	struct weft_plan_report report;
	char *critical;
	struct weft_guard *guard;		/* of blocks that edges share */
	uint32_t num_guards;
	uint32_t group_width[2 * WEFT_PLAN_DEVICES], num_groups;
	uint32_t lag;				/* sequences that a drain opens; 0: there are no bubbles */
	uint64_t start;				/* of a snapshot: sequences done before sequence 0 */
	/* loaded */
	bool loaded;
	int table;				/* memfd with its names, -1: none */
	struct weft_memory *cells[WEFT_PLAN_DEVICES][WEFT_PLAN_DEVICES];
	struct weft_memory *cells_there[WEFT_PLAN_DEVICES][WEFT_PLAN_DEVICES];	/* the same as the signaller has them */
	/* running, under lock */
	pthread_mutex_t lock;
	uint64_t opened;			/* sequences, bubbles too */
	uint64_t bubbles;			/* of them */
	uint64_t marks_from, marks_to;		/* sequences whose words may still say that they are bubbles */
	struct weft_plan_span span[WEFT_PLAN_SPANS];
	uint32_t num_spans;			/* so far */
	bool idle;				/* nothing runs: nothing was opened since the last drain, which was done */
	bool ended;
	_Atomic bool faulted;			/* somebody has seen it */
};

/* 0, -EINVAL, -ENOTCONN, or with @building -EBUSY for a plan that is prepared */
int weft_plan_check(const struct weft_plan *plan, bool building, const char *call);

/* arrive.c */
void weft_body_foreign_free(struct weft_body *body);
const struct weft_foreign *weft_body_foreign_of(const struct weft_body *body, const struct weft_command *command);

/* command.c */
int weft_body_command_add(struct weft_body *body, const struct weft_command *command);
void weft_body_commands_free(struct weft_body *body);
struct weft_body_operand *weft_body_operand_of(const struct weft_body *body, uint64_t operand);
/* Every operand of every command inside its block, and constants' users; 0 or -EINVAL with text */
int weft_body_commands_check(struct weft_body *body);

/* constant.c: what it holds to its copies; 0 or -errno with text. forget: frees that */
int weft_constant_load(struct weft_constant *constant);
void weft_constant_forget(struct weft_constant *constant);

/* prepare.c */
void weft_plan_unprepare(struct weft_plan *plan);
/* Of one firing, as the planner has it */
uint64_t weft_body_time_ns(const struct weft_body *body);

/* place.c: blocks to places and cells to cards. 0 or -errno with text */
struct weft_guard;
int weft_plan_cells(struct weft_plan *plan, const struct weft_guard *guard, uint32_t num_guards);
/* Memory of an edge's blocks as @device has it, to write or only to read, made at first use; 0 or -errno with text */
int weft_edge_reach(struct weft_edge *edge, uint32_t device, bool write, struct weft_memory **memory);

/* Memory of a cell as who waits there has it, and as who signals it; NULL: that is another process */
struct weft_memory *weft_cell_here(const struct weft_plan *plan, const struct weft_plan_cell *cell);
struct weft_memory *weft_cell_there(const struct weft_plan *plan, const struct weft_plan_cell *cell);
/* Cells that one of the plan stands for, from its index on: who waits for it waits for all of them */
uint32_t weft_cell_copies(const struct weft_plan_cell *cell);
/* Memory of an edge's blocks as the plan reserved it */
struct weft_memory *weft_edge_blocks(const struct weft_edge *edge);

/* peer.c: the rounds of a load, on all edges between processes; 0 or -errno with text */
int weft_peer_offer(struct weft_plan *plan);	/* reserve, and say what the ends are */
int weft_peer_accept(struct weft_plan *plan);	/* take what the other ends are; -EDEADLK: consumers here need more depth */
int weft_peer_ready(struct weft_plan *plan);	/* cells have their first values, here and there */
/* verify.c: would it stop for ever, with imported edges as their producers give them? 0, or -EDEADLK, -EOVERFLOW, -ENOMEM with text */
int weft_peer_live(const struct weft_plan *plan);
/* Others are told of a load that failed; no wait */
void weft_peer_refuse(struct weft_plan *plan, int status);
/* Memory and sockets go; 0 or -errno */
int weft_peer_drop(struct weft_plan *plan);
void weft_peer_close(struct weft_edge *edge);
/* The body that is this end of an edge, of an importer's the first; all are on its card */
const struct weft_body *weft_peer_body(const struct weft_edge *edge);
/* Is one of them in lane @lane? */
bool weft_peer_in_lane(const struct weft_edge *edge, uint32_t lane);
/* 0, or -EBUSY with text: tokens are on their way between a plan in which nothing runs and another process */
int weft_peer_even(struct weft_plan *plan, const char *call);
/* The edge whose other end stopped lanes here with @origin; one whose other end has ended; NULL: none */
const struct weft_edge *weft_peer_fault(const struct weft_plan *plan, uint64_t origin);
const struct weft_edge *weft_peer_ended(const struct weft_plan *plan);
/* What stopped the other end of edge @name. Return: @text */
const char *weft_peer_fault_text(const struct weft_plan *plan, const char *name, char *text, size_t bytes);

/* arena.c: what the lanes of a card share; 0 or -errno with text */
int weft_arena_init(struct weft_plan *plan);	/* -EDQUOT: more lanes than the process may have queues */
int weft_arena_commit(struct weft_plan *plan, uint32_t device, struct weft_list *list);
int weft_arena_queue(struct weft_plan *plan, struct weft_plan_lane *lane, struct weft_user_queue_config *config);
int weft_arena_fini(struct weft_plan *plan);

/* lane.c: the lists of one lane; 0 or -errno with text */
int weft_lane_emit(struct weft_plan *plan, struct weft_plan_lane *lane);
void weft_lane_drop(struct weft_plan_lane *lane);

/* sequence.c: sleeps until every body has done @sequences of all that were opened */
int weft_plan_wait_all(struct weft_plan *plan, uint64_t sequences, uint64_t deadline_ns);
/* Of a loaded plan, how many of all opened ones are done when opened sequence @seq is; 0 or -errno with a text about @call */
int weft_plan_sequences(struct weft_plan *plan, uint64_t seq, const char *call, uint64_t *sequences);
/* What sequence @seq is on the cards, and the other way */
uint64_t weft_plan_to_card(const struct weft_plan *plan, uint64_t seq);
uint64_t weft_plan_from_card(const struct weft_plan *plan, uint64_t seq);
/* 0, or why state and constants may not be touched */
int weft_plan_check_idle(struct weft_plan *plan, const char *call);

/* table.c: what root is told of it; without one it runs as well */
void weft_plan_table_open(struct weft_plan *plan);
void weft_plan_table_close(struct weft_plan *plan);

/* trace.c: what taking records needs, made at load; freed when nothing was made, too */
int weft_plan_trace_init(struct weft_plan *plan);
void weft_plan_trace_fini(struct weft_plan *plan);

/* The body of a lane with packet @packet of list @list, NULL: it is of none */
const struct weft_body *weft_lane_body_at(const struct weft_plan_lane *lane, uint64_t list, uint32_t packet);
/* Because another lane had stopped */
bool weft_fault_passed_on(uint32_t cause);
/* stuck.c: what holds the plan up, in a few words; "" when nothing does that is known. Return: @text */
const char *weft_plan_stuck_why(struct weft_plan *plan, char *text, size_t bytes);

/* feed.c: every edge of a plan as it is loaded: 0 or -errno with text */
int weft_feed_start(struct weft_plan *plan);
/* 0, or -EAGAIN with text: what was committed is not what was opened. With lock */
int weft_feed_even(const struct weft_plan *plan);
/* Ends all that the host feeds; with lock */
int weft_feed_end(struct weft_plan *plan);
/* Sequences are opened by what the host commits: no body waits for the gate */
bool weft_feed_opens(const struct weft_plan *plan);

/* fault.c: -EOWNERDEAD with a text that names the body, or @ret when none has faulted */
int weft_plan_blame(struct weft_plan *plan, int ret);

#endif
