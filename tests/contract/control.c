// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Boot, mailbox, events, safe operations and counters: what the host does through BAR0. */
#include "host.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint8_t *ct_fw;
size_t ct_fw_bytes;

bool fw_load(const char *path, uint8_t **data, size_t *bytes)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool ok = !fstat(fd, &st) && st.st_size > 0 && (*data = malloc((size_t)st.st_size)) &&
		  read(fd, *data, (size_t)st.st_size) == st.st_size;
	close(fd);
	*bytes = ok ? (size_t)st.st_size : 0;
	return ok;
}

uint32_t card_boot_at(struct card *c, uint64_t offset, uint64_t bytes)
{
	uint32_t s = 0;

	wr64(c, WEFT_REG_BOOT_IMAGE, offset);
	wr64(c, WEFT_REG_BOOT_BYTES, bytes);
	wr32(c, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_START);
	WAIT_FOR((s = rd32(c, WEFT_REG_BOOT_STATUS), BOOT_STATE(s) != WEFT_BOOT_IDLE && BOOT_STATE(s) != WEFT_BOOT_VERIFYING),
		 2000, "BOOT_STATUS leaving VERIFYING");
	return s;
}

uint32_t card_boot(struct card *c, const void *image, size_t bytes)
{
	uint64_t room = (bytes + 4095) & ~UINT64_C(4095);
	uint64_t at = c->lmem_bytes - room;

	/* The image may be overwritten once the processor runs, so it lies where later allocations end. */
	memcpy(c->lmem + at, image, bytes);
	atomic_thread_fence(memory_order_seq_cst);
	return card_boot_at(c, at, bytes);
}

void card_mailbox(struct card *c)
{
	c->mbox = carve_alloc(c, WEFT_MBOX_BYTES);
	wr64(c, WEFT_REG_MBOX_BASE, c->mbox);
	c->req_tail = rd32(c, WEFT_REG_MBOX_REQ_TAIL);
	c->rsp_head = rd32(c, WEFT_REG_MBOX_RSP_HEAD);
}

void mbox_post(struct card *c, struct weft_mbox_msg *m)
{
	m->seq = ++c->seq * 0x9e3779b9u;
	memcpy(c->lmem + c->mbox + 64u * (c->req_tail % WEFT_MBOX_SLOTS), m, sizeof(*m));
	atomic_thread_fence(memory_order_seq_cst);
	wr32(c, WEFT_REG_MBOX_REQ_TAIL, ++c->req_tail);
}

bool mbox_ready(struct card *c)
{
	return rd32(c, WEFT_REG_MBOX_RSP_TAIL) != c->rsp_head;
}

void mbox_take(struct card *c, struct weft_mbox_msg *m)
{
	WAIT_FOR(mbox_ready(c), 2000, "a mailbox response (request %u)", c->rsp_head);
	atomic_thread_fence(memory_order_seq_cst);
	memcpy(m, c->lmem + c->mbox + WEFT_MBOX_RSP_OFFSET + 64u * (c->rsp_head % WEFT_MBOX_SLOTS), sizeof(*m));
	wr32(c, WEFT_REG_MBOX_RSP_HEAD, ++c->rsp_head);
}

unsigned mbox_call(struct card *c, struct weft_mbox_msg *m)
{
	uint16_t op = m->op;

	mbox_post(c, m);
	uint32_t seq = m->seq;
	mbox_take(c, m);
	CHECK_EQ(m->op, op, "op of the response");
	CHECK_EQ(m->seq, seq, "seq of the response");
	return m->status;
}

void mbox_hello(struct card *c)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_HELLO };

	m.u.hello.contract_min = m.u.hello.contract_max = WEFT_CONTRACT_VERSION;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of HELLO");
	CHECK_EQ(m.u.hello_rsp.contract, WEFT_CONTRACT_VERSION, "contract version chosen by HELLO");
}

void evt_start(struct card *c, unsigned log2)
{
	wr32(c, WEFT_REG_EVT_ENABLE, 0);
	c->evt_iova = HOST_LOW + (c->index + 1) * 0x200000u;
	c->evt_log2 = log2;
	c->evt_next = c->nevt = 0;
	memset(host_ptr(c->evt_iova), 0, sizeof(struct weft_event) << log2);
	wr64(c, WEFT_REG_EVT_BASE, c->evt_iova);
	wr32(c, WEFT_REG_EVT_LOG2, log2);
	wr32(c, WEFT_REG_EVT_HEAD, 0);
	wr32(c, WEFT_REG_EVT_STATUS, ~0u);
	wr32(c, WEFT_REG_EVT_ENABLE, 1);
}

void evt_poll(struct card *c)
{
	uint32_t size = 1u << c->evt_log2, start = c->evt_next;

	if (!c->evt_log2)
		return;
	vu_pump(&c->vu);
	for (;;) {
		struct weft_event *e = (struct weft_event *)host_ptr(c->evt_iova) + c->evt_next % size;

		if (*(volatile uint32_t *)&e->seq != c->evt_next + 1)
			break;
		atomic_thread_fence(memory_order_acquire);
		CHECK(c->nevt < EVT_LOG_MAX, "more events than a test should cause");
		c->evt[c->nevt++] = *e;
		c->evt_next++;
	}
	if (c->evt_next != start)
		wr32(c, WEFT_REG_EVT_HEAD, c->evt_next);
}

const struct weft_event *evt_find(struct card *c, uint32_t from, unsigned type, uint32_t queue)
{
	evt_poll(c);
	for (uint32_t i = from; i < c->nevt; i++)
		if (c->evt[i].type == type && (queue == ~0u || c->evt[i].queue == queue))
			return &c->evt[i];
	return NULL;
}

const struct weft_event *evt_wait(struct card *c, uint32_t from, unsigned type, uint32_t queue, unsigned ms)
{
	const struct weft_event *e = NULL;

	WAIT_FOR((e = evt_find(c, from, type, queue)), ms, "event type %u of queue %#x", type, queue);
	return e;
}

uint32_t safe_start(struct card *c, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2)
{
	uint32_t seq = ++c->safe_seq;

	wr64(c, WEFT_REG_SAFE_ARG0, a0);
	wr64(c, WEFT_REG_SAFE_ARG1, a1);
	wr64(c, WEFT_REG_SAFE_ARG2, a2);
	wr64(c, WEFT_REG_SAFE_CMD, (uint64_t)seq << 32 | op);
	return seq;
}

unsigned safe_wait(struct card *c, unsigned op, uint32_t seq, unsigned ms)
{
	WAIT_FOR((int32_t)(rd32(c, WEFT_REG_SAFE_DONE(op)) - seq) >= 0, ms, "SAFE operation %u, sequence number %u", op, seq);
	return rd32(c, WEFT_REG_SAFE_STATUS(op));
}

unsigned safe_call(struct card *c, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2)
{
	return safe_wait(c, op, safe_start(c, op, a0, a1, a2), 1000);
}

uint64_t counter(struct card *c, unsigned kind, unsigned link, unsigned index)
{
	wr32(c, WEFT_REG_CNT_SEL, WEFT_CNT_SEL(kind, link, index));
	return rd64(c, WEFT_REG_CNT_VALUE);
}

void inject(struct card *c, uint32_t what, uint64_t arg)
{
	wr64(c, WEFT_REG_INJECT_ARG, arg);
	wr32(c, WEFT_REG_INJECT, what);
}
