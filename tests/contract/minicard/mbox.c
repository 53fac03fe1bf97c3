// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The resident firmware: mailbox and log. */
#include <stdio.h>
#include <string.h>

#include "mini.h"

#define SAID(what)	((what) << 16)		/* a status with the detail of BAD_ARG below it */
#define BAD_ARG(word)	(WEFT_MBOX_BAD_ARG << 16 | (word))

static uint32_t *reg(struct mini_card *c, uint32_t at)
{
	return &c->reg[at / 4];
}

static void say(struct mini_card *c, uint32_t level, const char *text)
{
	uint64_t base = mini_reg64(c, WEFT_REG_LOG_BASE);
	uint32_t bytes = *reg(c, WEFT_REG_LOG_BYTES);

	if (level > c->log_level || bytes < 4096 || (bytes & (bytes - 1)) || base % 4096 || !mini_carveout(c, base, bytes))
		return;
	for (; *text; text++)
		c->lmem[base + ((*reg(c, WEFT_REG_LOG_TAIL))++ & (bytes - 1))] = (uint8_t)*text;
}

/* First word of u at or after `from` and before `to` that is not 0; `to` when all are. */
static uint32_t set_word(const struct weft_mbox_msg *m, uint32_t from, uint32_t to)
{
	while (from < to && !m->u.arg[from])
		from++;
	return from;
}

static uint32_t hello(struct mini_card *c, const struct weft_mbox_msg *m, struct weft_mbox_msg *answer)
{
	struct weft_mbox_hello_rsp *r = &answer->u.hello_rsp;

	if (m->u.hello.contract_min > m->u.hello.contract_max)
		return BAD_ARG(0);
	r->contract_min = r->contract_max = WEFT_CONTRACT_VERSION;
	r->fw_version = MINI_FW_VERSION;
	if (m->u.hello.contract_min > WEFT_CONTRACT_VERSION || m->u.hello.contract_max < WEFT_CONTRACT_VERSION)
		return SAID(WEFT_MBOX_VERSION);
	r->contract = WEFT_CONTRACT_VERSION;
	c->hello = true;
	say(c, 1, "minicard: host and card agree on a contract\n");
	return WEFT_MBOX_OK;
}

static uint32_t as_create(struct mini_card *c, const struct weft_mbox_as *a, const struct weft_mbox_msg *m)
{
	uint32_t word;

	if (a->asid >= MINI_ASIDS)
		return BAD_ARG(0);
	if (a->type > WEFT_AS_LR)
		return BAD_ARG(1);
	if (a->root % 4096 || !mini_carveout(c, a->root, 4096))
		return BAD_ARG(2);
	word = set_word(m, 4, 14);
	if (word < 14)
		return BAD_ARG(word);
	if (c->as[a->asid].exists)
		return SAID(WEFT_MBOX_EXISTS);
	if (a->type == WEFT_AS_LR)
		return SAID(WEFT_MBOX_NO_CAP);
	c->as[a->asid] = (struct mini_as){ .exists = true, .root = a->root };
	return WEFT_MBOX_OK;
}

static uint32_t as_destroy(struct mini_card *c, const struct weft_mbox_msg *m)
{
	uint32_t asid = m->u.as.asid, word = set_word(m, 1, 14);

	if (asid >= MINI_ASIDS)
		return BAD_ARG(0);
	if (word < 14)
		return BAD_ARG(word);
	if (!c->as[asid].exists)
		return SAID(WEFT_MBOX_NOT_FOUND);
	for (unsigned int i = 0; i < MINI_QUEUES; i++)
		if (c->queue[i].run && c->queue[i].d.asid == asid)
			return SAID(WEFT_MBOX_BUSY);
	c->as[asid].exists = false;
	return WEFT_MBOX_OK;
}

static uint32_t queue_create(struct mini_card *c, const struct weft_queue_desc *d)
{
	bool job = d->kind == WEFT_QUEUE_JOB;
	bool log2_ok = d->ring_log2 >= WEFT_RING_LOG2_MIN && d->ring_log2 <= WEFT_RING_LOG2_MAX;
	uint64_t ring_bytes = log2_ok ? UINT64_C(64) << d->ring_log2 : 4096;

	if (d->id >= MINI_QUEUES)
		return BAD_ARG(0);
	if (d->asid >= MINI_ASIDS || d->kind > WEFT_QUEUE_USER || d->band > WEFT_BAND_LOW)
		return BAD_ARG(1);
	if (d->ring % 4096 || (job && !mini_carveout(c, d->ring, ring_bytes)))
		return BAD_ARG(2);
	if (d->ctl % 4096 || (job && !mini_carveout(c, d->ctl, sizeof(struct weft_ring_ctl))))
		return BAD_ARG(4);
	if (d->state % 4096 || !mini_carveout(c, d->state, sizeof(struct weft_queue_state)))
		return BAD_ARG(6);
	if (job && !d->run_limit_ns)
		return BAD_ARG(8);
	if (job && !d->wait_limit_ns)
		return BAD_ARG(10);
	if (!log2_ok || (d->flags & ~(WEFT_QUEUE_F_WAIT_STOPS | WEFT_QUEUE_F_TRACE)) || !d->weight || d->weight > 1000)
		return BAD_ARG(12);
	if (d->reserved)
		return BAD_ARG(13);
	if (c->queue[d->id].run)
		return SAID(WEFT_MBOX_EXISTS);
	if (!c->as[d->asid].exists)
		return SAID(WEFT_MBOX_NOT_FOUND);
	if (!job || (d->flags & WEFT_QUEUE_F_TRACE))
		return SAID(WEFT_MBOX_NO_CAP);
	mini_queue_create(c, d);
	return WEFT_MBOX_OK;
}

static uint32_t queue_destroy(struct mini_card *c, const struct weft_mbox_msg *m)
{
	uint32_t id = m->u.queue.id, word = set_word(m, 1, 14);

	if (id >= MINI_QUEUES)
		return BAD_ARG(0);
	if (word < 14)
		return BAD_ARG(word);
	if (!c->queue[id].run)
		return SAID(WEFT_MBOX_NOT_FOUND);
	if (c->queue[id].run == WEFT_QS_READY || c->queue[id].run == WEFT_QS_RUNNING)
		return SAID(WEFT_MBOX_BUSY);
	mini_queue_destroy(c, &c->queue[id]);
	return WEFT_MBOX_OK;
}

static uint32_t serve(struct mini_card *c, const struct weft_mbox_msg *m, struct weft_mbox_msg *answer)
{
	uint32_t word;

	if (!c->hello && m->op != WEFT_MBOX_HELLO)
		return SAID(WEFT_MBOX_STATE);
	switch (m->op) {
	case WEFT_MBOX_HELLO:
		return hello(c, m, answer);
	case WEFT_MBOX_PING:
		answer->u = m->u;
		return WEFT_MBOX_OK;
	case WEFT_MBOX_AS_CREATE:
		return as_create(c, &m->u.as, m);
	case WEFT_MBOX_AS_DESTROY:
		return as_destroy(c, m);
	case WEFT_MBOX_QUEUE_CREATE:
		return queue_create(c, &m->u.queue);
	case WEFT_MBOX_QUEUE_DESTROY:
		return queue_destroy(c, m);
	case WEFT_MBOX_LOG_LEVEL:
		word = set_word(m, 1, 14);
		if (m->u.arg[0] > 2)
			return BAD_ARG(0);
		if (word < 14)
			return BAD_ARG(word);
		c->log_level = m->u.arg[0];
		return WEFT_MBOX_OK;
	case WEFT_MBOX_SUSPEND:
	case WEFT_MBOX_RESUME:
	case WEFT_MBOX_ARM_BIND:
	case WEFT_MBOX_POLICY:
		return SAID(WEFT_MBOX_NO_CAP);
	}
	return SAID(WEFT_MBOX_BAD_OP);
}

void mini_mbox_serve(struct mini_card *c)
{
	uint64_t base = mini_reg64(c, WEFT_REG_MBOX_BASE);
	uint32_t tail = *reg(c, WEFT_REG_MBOX_REQ_TAIL), *head = reg(c, WEFT_REG_MBOX_REQ_HEAD);
	uint32_t *answers = reg(c, WEFT_REG_MBOX_RSP_TAIL);

	if (base % 4096 || !mini_carveout(c, base, WEFT_MBOX_BYTES) ||
	    tail - *reg(c, WEFT_REG_MBOX_RSP_HEAD) > WEFT_MBOX_SLOTS || tail - *head > WEFT_MBOX_SLOTS)
		return;
	while (*head != tail) {
		struct weft_mbox_msg m, answer = { 0 };
		uint32_t result;

		memcpy(&m, c->lmem + base + sizeof(m) * (*head % WEFT_MBOX_SLOTS), sizeof(m));
		result = serve(c, &m, &answer);
		answer.op = m.op;
		answer.seq = m.seq;
		answer.status = result >> 16;
		if (answer.status == WEFT_MBOX_BAD_ARG)
			answer.u.detail = result & 0xffff;
		memcpy(c->lmem + base + WEFT_MBOX_RSP_OFFSET + sizeof(m) * (*answers % WEFT_MBOX_SLOTS), &answer, sizeof(answer));
		__atomic_thread_fence(__ATOMIC_RELEASE);
		++*head;
		++*answers;
		mini_event(c, (struct weft_event){ .type = WEFT_EVT_MBOX });
	}
}
