// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* An uncorrectable error where engines read packets, operands and cells: told, counted, and met once. */
#include "cell.h"
#include "rig.h"

#include <string.h>

#define CELL_VA		UINT64_C(0x90000000)

static uint32_t fatal(struct card *c)
{
	return c->caps & WEFT_CAP_TELEMETRY ? rd32(c, WEFT_REG_ECC_FATAL) : 0;
}

static void met(struct queue *q, uint64_t va, uint64_t off, uint32_t from, uint32_t before)
{
	struct card *c = q->c;
	struct weft_queue_state st;

	queue_wait_run(q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_ECC, "cause");
	CHECK_EQ(st.fault_va & ~UINT64_C(4095), va & ~UINT64_C(4095), "page of fault_va");
	CHECK_EQ(evt_wait(c, from, WEFT_EVT_ECC, ~0u, 1000)->value, off, "offset in the event");
	if (c->caps & WEFT_CAP_TELEMETRY)
		CHECK_EQ(fatal(c), before + 1, "ECC_FATAL");
}

static void fetched(void)
{
	static const char *const name[] = { "a list", "an operand table" };
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	rig_operand(&r, 0, RIG_LOCAL);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t off = (i ? r.table_off : r.list_off) + 8;
		union weft_packet p = pkt_fill(0, 64, 4, 7);
		uint32_t from = c->nevt, before = fatal(c);

		p.hdr.flags = WEFT_PKT_TABLE;
		ct_about("%s", name[i]);
		inject(c, WEFT_INJECT_ECC, off);
		rig_start(&r, &p, 1);
		met(r.q, i ? RIG_TABLE : RIG_LIST, off, from, before);
		/* once */
		rig_renew(&r);
		rig_run(&r, &p, 1);
	}
	ct_about("%s", "");
}

static void cells(void)
{
	struct card *c = CARD;

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct sem *p = sem_create(c, true);
	sem_map(p, s, CELL_VA, PTE_SEM);
	for (unsigned i = 0; i < 2; i++) {
		union weft_packet k = i ? pkt_signal(CELL_VA, 5, 0, WEFT_SCOPE_QUEUE) : pkt_wait(CELL_VA, 0, 0);
		struct queue *q = queue_create(s, ~0u, 4);
		uint32_t from = c->nevt, before = fatal(c);

		ct_about("%s", i ? "SIGNAL" : "WAIT");
		inject(c, WEFT_INJECT_ECC, p->off + 100);
		queue_push(q, &k);
		queue_kick(q);
		met(q, CELL_VA, p->off + 100, from, before);
		CHECK_EQ(sem_cell(p, 0)->value, 0, "value of the cell");
		/* once */
		queue_destroy(q);
		q = queue_create(s, ~0u, 4);
		queue_push(q, &k);
		queue_kick(q);
		queue_wait_done(q, 1000);
		CHECK_EQ(sem_cell(p, 0)->value, i ? 5 : 0, "value of the cell");
	}
	ct_about("%s", "");
}

/* A link that is down lets no signal through either. */
static void link_down(void)
{
	struct card *c = CARD;
	struct weft_queue_state st;
	union weft_packet k = pkt_signal(CELL_VA, 5, 0, WEFT_SCOPE_QUEUE);

	card_need(c);
	struct space *s = space_create_as(c, ~0u, WEFT_AS_LR);
	struct queue *q = queue_create(s, ~0u, 4);
	uint64_t page = host_alloc(4096);
	space_map(s, CELL_VA, page, 4096, PTE_SEM | PTE_BUS(0));
	inject(c, WEFT_INJECT_LINK_DOWN, 0);
	queue_push(q, &k);
	queue_kick(q);
	queue_wait_run(q, WEFT_QS_FAULTED, 2000, &st);
	CHECK_EQ(st.cause, WEFT_FAULT_LINK_DOWN, "cause");
	CHECK_EQ(st.fault_va, CELL_VA, "fault_va");
	CHECK_EQ(*(volatile uint64_t *)host_ptr(page), 0, "the cell");
	card_bringup(c);
	card_forget(c);
}

static const struct ct_test tests[] = {
	{ "what is fetched: lists, operand tables", fetched, 0, 0, false },
	{ "cells: WAIT, SIGNAL", cells, WEFT_CAP_CELLS | WEFT_CAP_LR, 0, false },
	{ "a link that is down, and signals", link_down, WEFT_CAP_CELLS | WEFT_CAP_LR, 0, false },
};
CT_SECTION_OF(memory_errors, WEFT_CAP_INJECT);
