/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Pages of cells in local memory with their arm pages, a host that signals, and the packets of cells and programs. */
#ifndef CT_CELL_H
#define CT_CELL_H

#include "queue.h"

#include "firmware/abi/cell.h"

#define PTE_SEM		(PTE_RW | WEFT_PTE_SEM)

struct sem {
	struct card *c;
	uint64_t off;		/* of its page of cells, in local memory */
	uint64_t arm;		/* of its arm page; 0 = none */
	bool live;
};

/* A page of cells, all zero, below USER_LIMIT; with an arm page bound to it if asked. */
struct sem *sem_create(struct card *c, bool arm);
/* Maps it into a space: LOCAL on its own card, else by the bus with the link of its card. */
void sem_map(struct sem *p, struct space *s, uint64_t va, uint64_t bits);
volatile struct weft_cell *sem_cell(struct sem *p, unsigned i);
uint32_t sem_arm(struct sem *p, unsigned i);
unsigned sem_bind(struct sem *p, uint64_t arm);		/* ARM_BIND; its status */
/*
 * What a host signaller does: stores `value` (or `fault`), full fence, looks at the arm word, and kicks when it is set,
 * in the doorbell page of `by` and at `va` in its space. True when it kicked.
 */
bool sem_signal(struct sem *p, unsigned i, uint64_t value, struct queue *by, uint64_t va);
bool sem_fault(struct sem *p, unsigned i, uint64_t fault, struct queue *by, uint64_t va);
void sem_tidy(struct card *c);		/* unbinds the arm pages of a card */
void sem_forget(struct card *c);

/* A flush word for every link of the card: host memory behind link 0, a card's own memory behind that of each open one. */
void card_flush_words(struct card *c);

static inline union weft_packet pkt_wait(uint64_t cell, uint64_t base, uint64_t step)
{
	return (union weft_packet){
		.wait = { .op = WEFT_PKT_WAIT, .end_level = WEFT_WAIT_NO_LOOP, .u.one = { cell, base, step, 0 } },
	};
}

static inline union weft_packet pkt_signal(uint64_t cell, uint64_t base, uint64_t step, uint8_t scope)
{
	return (union weft_packet){
		.signal = { .op = WEFT_PKT_SIGNAL, .words = WEFT_SIG_VALUE, .scope = scope, .u.one = { cell, base, step, 0 } },
	};
}

static inline union weft_packet pkt_loop(uint64_t list, uint32_t n, uint64_t table, uint32_t ntable, uint64_t count)
{
	return (union weft_packet){
		.call = { .op = WEFT_PKT_LOOP, .npackets = n, .list = list, .table = table, .ntable = ntable, .count = count },
	};
}

static inline union weft_packet pkt_pred(uint64_t operand, uint8_t compare, uint32_t imm)
{
	return (union weft_packet){
		.pred = { .op = WEFT_PKT_PRED, .compare = compare, .imm = imm, .operand = operand },
	};
}

static inline union weft_packet pkt_range(int32_t skew, uint64_t last)
{
	return (union weft_packet){ .range = { .op = WEFT_PKT_RANGE, .skew = skew, .last = last } };
}

static inline union weft_packet pkt_break(uint16_t level)
{
	return (union weft_packet){ .nop = { .op = WEFT_PKT_BREAK, .level = level } };
}

#endif
