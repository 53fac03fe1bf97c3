// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/module.h>
#include <drm/drm_print.h>

#include <firmware/abi/boot.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_fw.h"
#include "weft_reset.h"
#include "weft_trace.h"

#define MAX_RESTARTS		32	/* in this time */
#define RESTART_WINDOW_MS	60000

static unsigned int mbox_timeout_ms = 2000;
module_param(mbox_timeout_ms, uint, 0644);
MODULE_PARM_DESC(mbox_timeout_ms,
		 "how long the firmware may take to answer a request (ms, default 2000)");

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

/* How many answers there are. What firmware that stopped may have left there is none. */
static u32 answered(struct weft_device *w)
{
	u32 num = weft_mmio_read32(w, WEFT_REG_MBOX_RSP_TAIL) - w->mbox.rsp_head;

	return num <= WEFT_MBOX_SLOTS ? num : 0;
}

static bool wake(struct weft_device *w)
{
	return READ_ONCE(w->mbox.crashed) || answered(w);
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
		if (READ_ONCE(w->mbox.crashed) || weft_mmio_gone(w))
			return false;
		wait_event_timeout(w->mbox.wq, wake(w), slice);
		slice = msecs_to_jiffies(10) + 1;
	} while (time_before(jiffies, end));
	return take(w, msg, seq);
}

/* Sends @msg once and replaces it by the answer; false without one. Lock held. */
static bool send(struct weft_device *w, struct weft_mbox_msg *msg)
{
	struct weft_mbox *m = &w->mbox;
	u32 seq = ++m->seq;

	msg->seq = seq;
	weft_mmio_lmem_write(w, m->slots->at + (u64)(m->req_tail % WEFT_MBOX_SLOTS) * sizeof(*msg),
			     msg, sizeof(*msg));
	weft_mmio_flush_writes();
	weft_mmio_write32(w, WEFT_REG_MBOX_REQ_TAIL, ++m->req_tail);
	return wait_answer(w, msg, seq);
}

static const struct weft_mbox_msg hello = {
	.op = WEFT_MBOX_HELLO,
	.u.hello = { .contract_min = WEFT_CONTRACT_VERSION, .contract_max = WEFT_CONTRACT_VERSION },
};

/*
 * The control processor stopped or hangs: starts it again from the image that is still there, and
 * shakes hands. What queues do is not concerned. Lock held; allocates nothing, every wait bounded.
 */
static bool revive(struct weft_device *w)
{
	struct weft_mbox_msg msg = hello;
	struct weft_mbox *m = &w->mbox;
	ktime_t from = ktime_get();

	if (!READ_ONCE(w->quiet))
		weft_dump_capture(w, WEFT_DUMP_FIRMWARE, NULL, 0);
	if (READ_ONCE(w->quiet) || !m->greeted || !weft_fw_can_restart(w))
		return false;
	/* Firmware that stops again and again is given up. */
	if (time_after(jiffies, m->restarts_since + msecs_to_jiffies(RESTART_WINDOW_MS))) {
		m->restarts_since = jiffies;
		m->restarts = 0;
	}
	if (m->restarts++ >= MAX_RESTARTS)
		return false;
	/* Before START: a crash of the new one counts again. */
	WRITE_ONCE(m->crashed, false);
	if (weft_fw_restart(w))
		return false;
	m->req_tail = weft_mmio_read32(w, WEFT_REG_MBOX_REQ_TAIL);
	m->rsp_head = weft_mmio_read32(w, WEFT_REG_MBOX_RSP_TAIL);
	if (!send(w, &msg) || msg.status != WEFT_MBOX_OK || msg.u.hello_rsp.contract != w->contract)
		return false;
	atomic64_inc(&w->stats.fw_restarts);
	weft_history_note(&w->history, "firmware started again", WEFT_QUEUE_NONE, m->restarts, 0);
	trace_weft_reset(w->serial, "firmware", w->gen, 0);
	drm_info(&w->drm,
		 "the control processor was started again and answers after %lld ms; queues went on\n",
		 ktime_ms_delta(ktime_get(), from));
	return true;
}

void weft_mbox_forgive(struct weft_mbox_msg *msg, u16 op)
{
	bool makes = op == WEFT_MBOX_AS_CREATE || op == WEFT_MBOX_QUEUE_CREATE ||
		     op == WEFT_MBOX_ARM_BIND;
	bool ends = op == WEFT_MBOX_AS_DESTROY || op == WEFT_MBOX_QUEUE_DESTROY ||
		    op == WEFT_MBOX_ARM_BIND;

	if ((msg->status == WEFT_MBOX_EXISTS && makes) ||
	    (msg->status == WEFT_MBOX_NOT_FOUND && ends))
		msg->status = WEFT_MBOX_OK;
}

/* Nothing more is asked of this firmware. Lock held: a reset, in which nothing answers, waits. */
static bool give_up(struct weft_device *w)
{
	w->mbox.dead = true;
	return weft_mmio_gone(w);
}

/*
 * Sends @msg and replaces it by the answer. -EIO without answer, -ENODEV without a card, else 0;
 * msg->status is the caller's to look at. A request that was under way when the firmware stopped is
 * sent again, once.
 */
static int ask(struct weft_device *w, struct weft_mbox_msg *msg)
{
	struct weft_mbox_msg copy = *msg;
	struct weft_mbox *m = &w->mbox;
	u64 from_ns = WEFT_TRACE_START(mbox);
	u16 op = msg->op;
	bool gone = false;
	int ret = 0;

	mutex_lock(&m->lock);
	if (m->dead || !m->slots) {
		ret = -EIO;
		goto unlock;
	}
	if (READ_ONCE(m->crashed) && !revive(w)) {
		gone = give_up(w);
		ret = -EIO;
		goto unlock;
	}
	if (!send(w, msg)) {
		*msg = copy;
		if (weft_mmio_gone(w) || !revive(w) || !send(w, msg)) {
			gone = give_up(w);
			ret = -EIO;
			goto unlock;
		}
		weft_mbox_forgive(msg, op);
	}
	if (msg->op != op) {
		drm_err(&w->drm,
			"mailbox: answer %u to %s names operation %u: firmware breaks the contract\n",
			msg->seq, op_names[op], msg->op);
		ret = -EIO;
	}
unlock:
	trace_weft_mbox(w->serial, op, m->seq, msg->status, ret, WEFT_TRACE_SINCE(from_ns));
	mutex_unlock(&m->lock);
	if (gone) {
		weft_reset_lost(w, op_names[op]);
		ret = -ENODEV;
	} else if (ret && m->dead && !READ_ONCE(w->quiet)) {
		drm_err_ratelimited(&w->drm,
				    "mailbox: no answer to %s in %u ms, heartbeat %u, boot status %#x: firmware is dead; running queues go on, reset the card to create new ones\n",
				    op_names[op], mbox_timeout_ms,
				    weft_mmio_read32(w, WEFT_REG_FW_HEARTBEAT),
				    weft_mmio_read32(w, WEFT_REG_BOOT_STATUS));
	}
	return ret;
}

static void crash_work(struct work_struct *work)
{
	struct weft_mbox *m = container_of(work, struct weft_mbox, crash_work);
	struct weft_device *w = container_of(m, struct weft_device, mbox);
	bool dead = false;

	weft_pm_get(w, WEFT_PM_CALL);
	mutex_lock(&m->lock);
	/* Who asked meanwhile has done it already. */
	if (READ_ONCE(m->crashed) && !m->dead && !revive(w)) {
		m->dead = true;
		dead = true;
	}
	mutex_unlock(&m->lock);
	if (dead && !READ_ONCE(w->quiet))
		drm_err(&w->drm,
			"the control processor stopped and could not be started again: running queues go on, reset the card to create new ones\n");
	weft_pm_put(w, WEFT_PM_CALL);
}

static void check_work(struct work_struct *work)
{
	struct weft_mbox *m = container_of(work, struct weft_mbox, check_work);
	struct weft_device *w = container_of(m, struct weft_device, mbox);

	if (weft_fw_is_silent(w) && !READ_ONCE(m->crashed))
		weft_mbox_crashed(w, WEFT_BOOT_RUNNING);
}

void weft_mbox_init(struct weft_device *w)
{
	mutex_init(&w->mbox.lock);
	init_waitqueue_head(&w->mbox.wq);
	INIT_WORK(&w->mbox.crash_work, crash_work);
	INIT_WORK(&w->mbox.check_work, check_work);
}

void weft_mbox_fini(struct weft_device *w)
{
	cancel_work_sync(&w->mbox.check_work);
	cancel_work_sync(&w->mbox.crash_work);
}

void weft_mbox_crashed(struct weft_device *w, u32 state)
{
	weft_history_note(&w->history, "firmware stopped, value is the boot state",
			  WEFT_QUEUE_NONE, state, 0);
	drm_err_ratelimited(&w->drm,
			    "the control processor stopped (boot state %u): queues go on; starting it again\n",
			    state);
	WRITE_ONCE(w->mbox.crashed, true);
	wake_up_all(&w->mbox.wq);
	queue_work(w->work_wq, &w->mbox.crash_work);
}

/* That it was halted is to be read; that it hangs shows by and by. */
void weft_mbox_suspect(struct weft_device *w)
{
	u32 state = weft_mmio_read32(w, WEFT_REG_BOOT_STATUS);

	/* Nothing of one that never ran, or is started again already. */
	if (state == ~0u || !READ_ONCE(w->mbox.greeted) || READ_ONCE(w->mbox.crashed))
		return;
	state &= 0xff;
	if (state == WEFT_BOOT_HALTED)
		weft_mbox_crashed(w, state);
	else
		queue_work(w->work_wq, &w->mbox.check_work);
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
		drm_err_ratelimited(&w->drm,
				    "mailbox: firmware refused %s with status %u, detail %u\n",
				    op_names[op], msg->status, msg->u.detail);
	return ret;
}

int weft_mbox_start(struct weft_device *w)
{
	struct weft_mbox_msg msg = hello;
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
	WRITE_ONCE(m->greeted, false);
	/* What was given up before a reset of the card has nothing to do with what runs now. */
	m->restarts = 0;
	WRITE_ONCE(m->crashed, false);
	mutex_unlock(&m->lock);

	ret = ask(w, &msg);
	if (ret)
		return ret;
	if (msg.status != WEFT_MBOX_OK || r->contract != WEFT_CONTRACT_VERSION) {
		drm_err(&w->drm,
			"firmware %u.%u.%u speaks contract %u.%u to %u.%u, this driver %u.%u to %u.%u (status %u): install the weft-fw.bin that belongs to this driver\n",
			r->fw_version >> 16, r->fw_version >> 8 & 0xff, r->fw_version & 0xff,
			r->contract_min >> 16, r->contract_min & 0xffff, r->contract_max >> 16,
			r->contract_max & 0xffff, WEFT_CONTRACT_MAJOR, WEFT_CONTRACT_MINOR,
			WEFT_CONTRACT_MAJOR, WEFT_CONTRACT_MINOR, msg.status);
		return -EIO;
	}
	w->contract = r->contract;
	w->fw_version = r->fw_version;
	/* Firmware that stops from here on is started again; what never answered is not. */
	mutex_lock(&m->lock);
	WRITE_ONCE(m->greeted, true);
	mutex_unlock(&m->lock);
	weft_fw_watch(w);
	return 0;
}

int weft_mbox_as_create(struct weft_device *w, u32 asid, u32 type, u64 root)
{
	struct weft_mbox_msg msg = {
		.op = WEFT_MBOX_AS_CREATE,
		.u.as = { .asid = asid, .type = type, .root = root },
	};

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

int weft_mbox_queue_suspend(struct weft_device *w, u32 queue)
{
	struct weft_mbox_msg msg = { .op = WEFT_MBOX_SUSPEND, .u.queue.id = queue };
	int ret = ask(w, &msg);

	if (ret)
		return ret;
	switch (msg.status) {
	case WEFT_MBOX_OK:
		return 0;
	case WEFT_MBOX_STATE:
	case WEFT_MBOX_NOT_FOUND:
		return -EALREADY;
	case WEFT_MBOX_NO_CAP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

int weft_mbox_queue_resume(struct weft_device *w, u32 queue)
{
	struct weft_mbox_msg msg = { .op = WEFT_MBOX_RESUME, .u.queue.id = queue };
	int ret = ask(w, &msg);

	if (ret)
		return ret;
	/* One that faulted or was stopped meanwhile is not suspended any more. */
	return msg.status == WEFT_MBOX_OK || msg.status == WEFT_MBOX_STATE ? 0 : -EIO;
}

int weft_mbox_arm_bind(struct weft_device *w, u64 sem, u64 arm)
{
	struct weft_mbox_msg msg = {
		.op = WEFT_MBOX_ARM_BIND,
		.u.armpage = { .sem = sem, .arm = arm },
	};
	int ret;

	if (arm)
		return request(w, &msg);
	ret = ask(w, &msg);
	if (ret)
		return ret;
	return msg.status == WEFT_MBOX_OK || msg.status == WEFT_MBOX_NOT_FOUND ? 0 : -EIO;
}
