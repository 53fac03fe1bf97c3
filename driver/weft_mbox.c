// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/module.h>
#include <drm/drm_print.h>

#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_reset.h"

static unsigned int mbox_timeout_ms = 2000;
module_param(mbox_timeout_ms, uint, 0644);
MODULE_PARM_DESC(mbox_timeout_ms, "how long the firmware may take to answer a request (ms, default 2000)");

static const char * const op_names[WEFT_MBOX_OP_COUNT] = {
	[WEFT_MBOX_HELLO] = "HELLO",
	[WEFT_MBOX_PING] = "PING",
	[WEFT_MBOX_AS_CREATE] = "AS_CREATE",
	[WEFT_MBOX_AS_DESTROY] = "AS_DESTROY",
	[WEFT_MBOX_QUEUE_CREATE] = "QUEUE_CREATE",
	[WEFT_MBOX_QUEUE_DESTROY] = "QUEUE_DESTROY",
	[WEFT_MBOX_LOG_LEVEL] = "LOG_LEVEL",
	[WEFT_MBOX_SUSPEND] = "SUSPEND",
	[WEFT_MBOX_RESUME] = "RESUME",
	[WEFT_MBOX_ARM_BIND] = "ARM_BIND",
	[WEFT_MBOX_POLICY] = "POLICY",
};

static const int status_errno[] = {
	[WEFT_MBOX_OK] = 0,
	[WEFT_MBOX_BAD_OP] = -EIO,
	[WEFT_MBOX_BAD_ARG] = -EIO,
	[WEFT_MBOX_BUSY] = -EBUSY,
	[WEFT_MBOX_EXISTS] = -EEXIST,
	[WEFT_MBOX_NOT_FOUND] = -ENOENT,
	[WEFT_MBOX_NO_CAP] = -EOPNOTSUPP,
	[WEFT_MBOX_VERSION] = -EIO,
	[WEFT_MBOX_STATE] = -EIO,
};

void weft_mbox_init(struct weft_device *w)
{
	mutex_init(&w->mbox.lock);
	init_waitqueue_head(&w->mbox.wq);
}

static bool answered(struct weft_device *w)
{
	return weft_mmio_read32(w, WEFT_REG_MBOX_RSP_TAIL) != w->mbox.rsp_head;
}

/* Takes responses until the one with our number; older ones belong to requests given up before. */
static bool take(struct weft_device *w, struct weft_mbox_msg *msg, u32 seq)
{
	struct weft_mbox *m = &w->mbox;

	while (answered(w)) {
		u64 at = m->slots->at + WEFT_MBOX_RSP_OFFSET +
			 (u64)(m->rsp_head % WEFT_MBOX_SLOTS) * sizeof(*msg);

		/* A card that reads all-ones would answer forever. */
		if (weft_mmio_gone(w))
			return false;
		weft_mmio_lmem_read(w, msg, at, sizeof(*msg));
		weft_mmio_write32(w, WEFT_REG_MBOX_RSP_HEAD, ++m->rsp_head);
		if (msg->seq == seq)
			return true;
	}
	return false;
}

static bool wait_answer(struct weft_device *w, struct weft_mbox_msg *msg, u32 seq)
{
	unsigned long end = jiffies + msecs_to_jiffies(max(mbox_timeout_ms, 1u));
	long slice = 1;

	do {
		if (take(w, msg, seq))
			return true;
		if (weft_mmio_gone(w))
			return false;
		wait_event_timeout(w->mbox.wq, answered(w), slice);
		slice = msecs_to_jiffies(10) + 1;
	} while (time_before(jiffies, end));
	return take(w, msg, seq);
}

/* Sends @msg and replaces it by the answer. -EIO without answer, else 0; msg->status is the caller's to look at. */
static int ask(struct weft_device *w, struct weft_mbox_msg *msg)
{
	struct weft_mbox *m = &w->mbox;
	u16 op = msg->op;
	u32 seq;
	int ret = 0;

	mutex_lock(&m->lock);
	if (m->dead || !m->slots) {
		ret = -EIO;
		goto unlock;
	}
	seq = ++m->seq;
	msg->seq = seq;
	weft_mmio_lmem_write(w, m->slots->at + (u64)(m->req_tail % WEFT_MBOX_SLOTS) * sizeof(*msg), msg, sizeof(*msg));
	weft_mmio_flush_writes();
	weft_mmio_write32(w, WEFT_REG_MBOX_REQ_TAIL, ++m->req_tail);
	if (!wait_answer(w, msg, seq)) {
		m->dead = true;
		ret = -EIO;
	} else if (msg->op != op) {
		drm_err(&w->drm, "mailbox: answer %u to %s names operation %u: firmware breaks the contract\n",
			seq, op_names[op], msg->op);
		ret = -EIO;
	}
unlock:
	mutex_unlock(&m->lock);
	if (ret && m->dead && weft_mmio_gone(w)) {
		weft_reset_lost(w, op_names[op]);
		ret = -ENODEV;
	} else if (ret && m->dead) {
		drm_err_ratelimited(&w->drm, "mailbox: no answer to %s in %u ms, heartbeat %u, boot status %#x: firmware is dead; running queues go on, reset the card to create new ones\n",
				    op_names[op], mbox_timeout_ms, weft_mmio_read32(w, WEFT_REG_FW_HEARTBEAT),
				    weft_mmio_read32(w, WEFT_REG_BOOT_STATUS));
	}
	return ret;
}

static int request(struct weft_device *w, struct weft_mbox_msg *msg)
{
	u16 op = msg->op;
	int ret = ask(w, msg);

	if (ret)
		return ret;
	if (msg->status >= ARRAY_SIZE(status_errno))
		ret = -EIO;
	else
		ret = status_errno[msg->status];
	if (ret)
		drm_err_ratelimited(&w->drm, "mailbox: firmware refused %s with status %u, detail %u\n",
				    op_names[op], msg->status, msg->u.detail);
	return ret;
}

int weft_mbox_start(struct weft_device *w)
{
	struct weft_mbox_msg msg = {
		.op = WEFT_MBOX_HELLO,
		.u.hello = { .contract_min = WEFT_CONTRACT_VERSION, .contract_max = WEFT_CONTRACT_VERSION },
	};
	struct weft_mbox *m = &w->mbox;
	const struct weft_mbox_hello_rsp *r = &msg.u.hello_rsp;
	int ret;

	if (!m->slots) {
		struct weft_carve_block *slots = weft_carve_alloc(w, NULL, WEFT_MBOX_BYTES);

		if (IS_ERR(slots))
			return PTR_ERR(slots);
		m->slots = slots;
	} else {
		weft_mmio_lmem_clear(w, m->slots->at, m->slots->bytes);
	}
	weft_mmio_flush_writes();
	mutex_lock(&m->lock);
	weft_mmio_write64(w, WEFT_REG_MBOX_BASE, m->slots->at);
	m->req_tail = weft_mmio_read32(w, WEFT_REG_MBOX_REQ_TAIL);
	m->rsp_head = weft_mmio_read32(w, WEFT_REG_MBOX_RSP_TAIL);
	m->dead = false;
	mutex_unlock(&m->lock);

	ret = ask(w, &msg);
	if (ret)
		return ret;
	if (msg.status != WEFT_MBOX_OK || r->contract != WEFT_CONTRACT_VERSION) {
		drm_err(&w->drm, "firmware %u.%u.%u speaks contract %u.%u to %u.%u, this driver %u.%u to %u.%u (status %u): install the weft-fw.bin that belongs to this driver\n",
			r->fw_version >> 16, r->fw_version >> 8 & 0xff, r->fw_version & 0xff,
			r->contract_min >> 16, r->contract_min & 0xffff,
			r->contract_max >> 16, r->contract_max & 0xffff,
			WEFT_CONTRACT_MAJOR, WEFT_CONTRACT_MINOR, WEFT_CONTRACT_MAJOR, WEFT_CONTRACT_MINOR,
			msg.status);
		return -EIO;
	}
	w->contract = r->contract;
	w->fw_version = r->fw_version;
	return 0;
}

int weft_mbox_as_create(struct weft_device *w, u32 asid, u32 type, u64 root)
{
	struct weft_mbox_msg msg = { .op = WEFT_MBOX_AS_CREATE, .u.as = { .asid = asid, .type = type, .root = root } };

	return request(w, &msg);
}

int weft_mbox_as_destroy(struct weft_device *w, u32 asid)
{
	struct weft_mbox_msg msg = { .op = WEFT_MBOX_AS_DESTROY, .u.as.asid = asid };

	return request(w, &msg);
}

int weft_mbox_queue_create(struct weft_device *w, const struct weft_queue_desc *desc)
{
	struct weft_mbox_msg msg = { .op = WEFT_MBOX_QUEUE_CREATE, .u.queue = *desc };

	return request(w, &msg);
}

int weft_mbox_queue_destroy(struct weft_device *w, u32 queue)
{
	struct weft_mbox_msg msg = { .op = WEFT_MBOX_QUEUE_DESTROY, .u.queue.id = queue };

	return request(w, &msg);
}
