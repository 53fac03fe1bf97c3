// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "cell.h"

#include <stdatomic.h>
#include <string.h>

#define MAX_SEMS	64
#define FLUSH_WORD	UINT64_C(0x1f0000)	/* in low guest memory, below the event rings */

static struct sem sems[MAX_SEMS];

unsigned sem_bind(struct sem *p, uint64_t arm)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_ARM_BIND };

	m.u.armpage.sem = p->off;
	m.u.armpage.arm = arm;
	unsigned status = mbox_call(p->c, &m);
	if (status == WEFT_MBOX_OK)
		p->arm = arm;
	return status;
}

struct sem *sem_create(struct card *c, bool arm)
{
	struct sem *p = NULL;

	for (unsigned i = 0; i < MAX_SEMS && !p; i++)
		if (!sems[i].live)
			p = &sems[i];
	CHECK(p, "more pages of cells than a test should need");
	*p = (struct sem){ .c = c, .off = user_alloc(c, 4096, 4096), .live = true };
	memset(c->lmem + p->off, 0, 4096);
	if (arm)
		CHECK_EQ(sem_bind(p, carve_alloc(c, 4096)), WEFT_MBOX_OK, "status of ARM_BIND");
	return p;
}

void sem_map(struct sem *p, struct space *s, uint64_t va, uint64_t bits)
{
	if (p->c == s->c)
		space_map(s, va, p->off, 4096, bits);
	else
		space_map(s, va, p->c->bus2 + p->off, 4096, bits | PTE_BUS(p->c->index + 1));
}

volatile struct weft_cell *sem_cell(struct sem *p, unsigned i)
{
	return (volatile struct weft_cell *)(void *)(p->c->lmem + p->off) + i;
}

uint32_t sem_arm(struct sem *p, unsigned i)
{
	return ((volatile struct weft_arm_page *)(void *)(p->c->lmem + p->arm))->arm[i];
}

static bool look(struct sem *p, unsigned i, struct queue *by, uint64_t va)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (p->arm && !sem_arm(p, i))
		return false;
	queue_kick_cell(by, va);
	return true;
}

bool sem_signal(struct sem *p, unsigned i, uint64_t value, struct queue *by, uint64_t va)
{
	atomic_thread_fence(memory_order_release);
	sem_cell(p, i)->value = value;
	return look(p, i, by, va);
}

bool sem_fault(struct sem *p, unsigned i, uint64_t fault, struct queue *by, uint64_t va)
{
	atomic_thread_fence(memory_order_release);
	sem_cell(p, i)->fault = fault;
	return look(p, i, by, va);
}

void sem_tidy(struct card *c)
{
	for (unsigned i = 0; i < MAX_SEMS; i++)
		if (sems[i].live && sems[i].c == c) {
			sems[i].live = false;
			if (sems[i].arm)
				CHECK_EQ(sem_bind(&sems[i], 0), WEFT_MBOX_OK, "status of ARM_BIND that removes");
		}
}

void sem_forget(struct card *c)
{
	for (unsigned i = 0; i < MAX_SEMS; i++)
		if (sems[i].c == c)
			sems[i].live = false;
}

void card_flush_words(struct card *c)
{
	if (!(c->caps & WEFT_CAP_SYSTEM_SCOPE))
		return;
	*(uint64_t *)host_ptr(FLUSH_WORD) = 0;
	wr64(c, WEFT_REG_LINK_FLUSH(0), FLUSH_WORD);
	for (unsigned i = 0; i < HOST_CARDS; i++) {
		struct card *p = &ct_cards[i];

		if (!p->open || !p->ready || p == c || i + 1 >= c->nlinks)
			continue;
		/* the mailbox of a booted card is always there; its first word is never all ones */
		wr64(c, WEFT_REG_LINK_FLUSH(i + 1), p->bus2 + p->mbox);
	}
}
