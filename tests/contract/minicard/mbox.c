// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The resident firmware: the mailbox. */
#include <string.h>

#include "mini.h"

#define WORDS	14

static enum weft_mbox_status hello(struct mini_card *c, const struct weft_mbox_msg *m, struct weft_mbox_hello_rsp *r)
{
	r->fw_version = MINI_FW_VERSION;
	r->contract_min = r->contract_max = WEFT_CONTRACT_VERSION;
	if (m->u.hello.contract_min > WEFT_CONTRACT_VERSION || m->u.hello.contract_max < WEFT_CONTRACT_VERSION)
		return WEFT_MBOX_VERSION;
	r->contract = WEFT_CONTRACT_VERSION;
	c->hello = true;
	return WEFT_MBOX_OK;
}

/* Words of u that a request names, and the most its first one may be; none: not here. Nothing is ever logged. */
static const struct {
	uint32_t words, last;
} ops[WEFT_MBOX_OP_COUNT] = {
	[WEFT_MBOX_HELLO] = { WORDS, UINT32_MAX },
	[WEFT_MBOX_PING] = { WORDS, UINT32_MAX },
	[WEFT_MBOX_AS_CREATE] = { 4, MINI_ASIDS - 1 },
	[WEFT_MBOX_AS_DESTROY] = { 1, MINI_ASIDS - 1 },
	[WEFT_MBOX_QUEUE_CREATE] = { 13, MINI_QUEUES - 1 },
	[WEFT_MBOX_QUEUE_DESTROY] = { 1, MINI_QUEUES - 1 },
	[WEFT_MBOX_LOG_LEVEL] = { 1, 2 },
};

/* The first wrong word; WORDS when there is none. */
static uint32_t wrong_word(const struct mini_card *c, const struct weft_mbox_msg *m)
{
	const struct weft_queue_desc *d = &m->u.queue;
	bool as = m->op == WEFT_MBOX_AS_CREATE, create = m->op == WEFT_MBOX_QUEUE_CREATE;
	bool job = d->kind == WEFT_QUEUE_JOB;
	bool log2 = d->ring_log2 >= WEFT_RING_LOG2_MIN && d->ring_log2 <= WEFT_RING_LOG2_MAX;
	uint64_t ring_bytes = log2 ? UINT64_C(64) << d->ring_log2 : 4096;
	const bool wrong[WORDS] = {
		[0] = m->u.arg[0] > ops[m->op].last || (m->op == WEFT_MBOX_HELLO && m->u.arg[0] > m->u.arg[1]),
		[1] = (as && m->u.as.type > WEFT_AS_LR) ||
		      (create && (d->asid >= MINI_ASIDS || d->kind > WEFT_QUEUE_USER || d->band > WEFT_BAND_LOW)),
		[2] = (as && !mini_carveout(c, m->u.as.root, 4096)) ||
		      (create && (d->ring % 4096 || (job && !mini_carveout(c, d->ring, ring_bytes)))),
		[4] = create && (d->ctl % 4096 || (job && !mini_carveout(c, d->ctl, 4096))),
		[6] = create && !mini_carveout(c, d->state, sizeof(struct weft_queue_state)),
		[8] = create && job && !d->run_limit_ns,
		[10] = create && job && !d->wait_limit_ns,
		[12] = create && (!log2 || !d->weight || d->weight > 1000 ||
				  (d->flags & ~(WEFT_QUEUE_F_WAIT_STOPS | WEFT_QUEUE_F_TRACE))),
	};

	for (uint32_t i = 0; i < WORDS; i++)
		if (wrong[i] || (i >= ops[m->op].words && m->u.arg[i]))
			return i;
	return WORDS;
}

static enum weft_mbox_status serve(struct mini_card *c, const struct weft_mbox_msg *m, struct weft_mbox_msg *answer)
{
	uint32_t first = m->u.arg[0], word;
	struct mini_queue *q = &c->queue[first % MINI_QUEUES];

	if (!c->hello && m->op != WEFT_MBOX_HELLO)
		return WEFT_MBOX_STATE;
	if (!m->op || m->op >= WEFT_MBOX_OP_COUNT)
		return WEFT_MBOX_BAD_OP;
	if (!ops[m->op].words)
		return WEFT_MBOX_NO_CAP;
	word = wrong_word(c, m);
	if (word < WORDS) {
		answer->u.detail = word;
		return WEFT_MBOX_BAD_ARG;
	}
	switch (m->op) {
	case WEFT_MBOX_HELLO:
		return hello(c, m, &answer->u.hello_rsp);
	case WEFT_MBOX_PING:
		answer->u = m->u;
		break;
	case WEFT_MBOX_AS_CREATE:
		if (m->u.as.type == WEFT_AS_LR)
			return WEFT_MBOX_NO_CAP;
		if (c->root[first])
			return WEFT_MBOX_EXISTS;
		c->root[first] = m->u.as.root;
		break;
	case WEFT_MBOX_AS_DESTROY:
		for (unsigned int i = 0; i < MINI_QUEUES; i++)
			if (c->queue[i].s.run && c->queue[i].d.asid == first)
				return WEFT_MBOX_BUSY;
		if (!c->root[first])
			return WEFT_MBOX_NOT_FOUND;
		c->root[first] = 0;
		break;
	case WEFT_MBOX_QUEUE_CREATE:
		if (m->u.queue.kind == WEFT_QUEUE_USER || (m->u.queue.flags & WEFT_QUEUE_F_TRACE))
			return WEFT_MBOX_NO_CAP;
		if (q->s.run)
			return WEFT_MBOX_EXISTS;
		if (!c->root[m->u.queue.asid])
			return WEFT_MBOX_NOT_FOUND;
		mini_queue_create(c, &m->u.queue);
		break;
	case WEFT_MBOX_QUEUE_DESTROY:
		if (!q->s.run)
			return WEFT_MBOX_NOT_FOUND;
		if (q->s.run == WEFT_QS_READY || q->s.run == WEFT_QS_RUNNING)
			return WEFT_MBOX_BUSY;
		mini_queue_leave(c, q, WEFT_QS_NONE);
		break;
	}
	return WEFT_MBOX_OK;
}

void mini_mbox_serve(struct mini_card *c)
{
	uint64_t base = mini_reg64(c, WEFT_REG_MBOX_BASE);
	uint32_t tail = c->reg[WEFT_REG_MBOX_REQ_TAIL / 4], *head = &c->reg[WEFT_REG_MBOX_REQ_HEAD / 4];
	uint32_t *answers = &c->reg[WEFT_REG_MBOX_RSP_TAIL / 4];

	if (!mini_carveout(c, base, WEFT_MBOX_BYTES) || tail - *head > WEFT_MBOX_SLOTS ||
	    tail - c->reg[WEFT_REG_MBOX_RSP_HEAD / 4] > WEFT_MBOX_SLOTS)
		return;
	while (*head != tail) {
		struct weft_mbox_msg m, answer = { 0 };

		memcpy(&m, c->lmem + base + sizeof(m) * (*head % WEFT_MBOX_SLOTS), sizeof(m));
		answer.op = m.op;
		answer.seq = m.seq;
		answer.status = (uint16_t)serve(c, &m, &answer);
		memcpy(c->lmem + base + WEFT_MBOX_RSP_OFFSET + sizeof(m) * (*answers % WEFT_MBOX_SLOTS), &answer,
		       sizeof(answer));
		__atomic_thread_fence(__ATOMIC_RELEASE);
		++*head;
		++*answers;
		mini_event(c, (struct weft_event){ .type = WEFT_EVT_MBOX });
	}
}
