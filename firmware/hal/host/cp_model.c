// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cp_model.h"

#define PAGE	4096u

static struct cp_model *of(struct wfw_hal *hal)
{
	return (struct cp_model *)hal;
}

__attribute__((format(printf, 2, 3)))
static void violation(struct cp_model *m, const char *fmt, ...)
{
	va_list ap;

	if (m->violations++)
		return;
	va_start(ap, fmt);
	vsnprintf(m->violation, sizeof(m->violation), fmt, ap);
	va_end(ap);
}

static uint32_t fault_irq(const struct cp_model *m)
{
	return m->fault_first != m->fault_end ? WEFT_CP_IRQ_FAULT : 0;
}

static bool in_carveout(const struct cp_model *m, uint64_t at, uint64_t bytes)
{
	return at >= m->user_limit && at <= m->lmem_bytes && bytes <= m->lmem_bytes - at;
}

static struct cp_model_fault *oldest_fault(struct cp_model *m)
{
	return m->fault_first == m->fault_end ? NULL : &m->fault[m->fault_first % CP_MODEL_FAULTS];
}

static uint32_t read32(struct wfw_hal *hal, uint32_t reg)
{
	struct cp_model *m = of(hal);
	struct cp_model_fault *f = oldest_fault(m);

	switch (reg) {
	case WEFT_CP_IRQ:		return m->irq | fault_irq(m);
	case WEFT_CP_IRQ_ENABLE:	return m->irq_enable;
	case WEFT_CP_MBOX_REQ_TAIL:	return m->req_tail;
	case WEFT_CP_MBOX_REQ_HEAD:	return m->req_head;
	case WEFT_CP_MBOX_RSP_TAIL:	return m->rsp_tail;
	case WEFT_CP_MBOX_RSP_HEAD:	return m->rsp_head;
	case WEFT_CP_HEARTBEAT:		return m->heartbeat;
	case WEFT_CP_LOG_BYTES:		return m->log_bytes;
	case WEFT_CP_LOG_TAIL:		return m->log_tail;
	case WEFT_CP_NUM_ASIDS:		return CP_MODEL_ASIDS;
	case WEFT_CP_NUM_QUEUES:	return CP_MODEL_QUEUES;
	case WEFT_CP_CONTRACT_MIN:	return m->contract_min;
	case WEFT_CP_CONTRACT_MAX:	return m->contract_max;
	case WEFT_CP_FW_VERSION:	return m->fw_version;
	case WEFT_CP_AS_STATUS:		return m->as_status;
	case WEFT_CP_Q_STATUS:		return m->q_status;
	case WEFT_CP_FAULT_QUEUE:	return f ? f->queue : WEFT_QUEUE_NONE;
	case WEFT_CP_FAULT_CAUSE:	return f ? f->cause : 0;
	case WEFT_CP_ARM_STATUS:	return m->arm_status;
	case WEFT_CP_POL_STATUS:	return m->pol_status;
	}
	violation(m, "32-bit read of 0x%x", reg);
	return 0;
}

static uint64_t read64(struct wfw_hal *hal, uint32_t reg)
{
	struct cp_model *m = of(hal);
	struct cp_model_fault *f = oldest_fault(m);

	switch (reg) {
	case WEFT_CP_MTIME:		return m->now_ns;
	case WEFT_CP_MTIMECMP:		return m->timecmp_ns;
	case WEFT_CP_MBOX_BASE:		return m->mbox_base;
	case WEFT_CP_LOG_BASE:		return m->log_base;
	case WEFT_CP_CAPS:		return m->caps;
	case WEFT_CP_LMEM_BYTES:	return m->lmem_bytes;
	case WEFT_CP_USER_LIMIT:	return m->user_limit;
	case WEFT_CP_FAULT_VA:
		if (f)
			m->fault_first++;
		return f ? f->va : 0;
	}
	violation(m, "64-bit read of 0x%x", reg);
	return 0;
}

static uint32_t as_command(struct cp_model *m, uint32_t cmd)
{
	if (m->as_id >= CP_MODEL_ASIDS || (cmd != WEFT_CP_CREATE && cmd != WEFT_CP_DESTROY)) {
		violation(m, "address-space command %u for %u", cmd, m->as_id);
		return WEFT_MBOX_BAD_ARG;
	}
	if (cmd == WEFT_CP_CREATE) {
		if (m->as_type > WEFT_AS_LR || m->as_root % PAGE || !in_carveout(m, m->as_root, PAGE))
			violation(m, "address space type %u root 0x%llx", m->as_type, (unsigned long long)m->as_root);
		if (m->as[m->as_id].used)
			return WEFT_MBOX_EXISTS;
		m->as[m->as_id].used = true;
		m->as[m->as_id].type = m->as_type;
		m->as[m->as_id].root = m->as_root;
		return WEFT_MBOX_OK;
	}
	if (!m->as[m->as_id].used)
		return WEFT_MBOX_NOT_FOUND;
	for (unsigned i = 0; i < CP_MODEL_QUEUES; i++)
		if (m->queue[i].used && m->queue[i].desc.asid == m->as_id)
			return WEFT_MBOX_BUSY;
	m->as[m->as_id].used = false;
	return WEFT_MBOX_OK;
}

static uint32_t queue_create(struct cp_model *m, const struct weft_queue_desc *d)
{
	uint64_t ring_bytes = UINT64_C(64) << (d->ring_log2 & 63);
	bool user = d->kind == WEFT_QUEUE_USER;

	if (d->asid >= CP_MODEL_ASIDS || d->kind > WEFT_QUEUE_USER || d->band > WEFT_BAND_LOW ||
	    d->ring_log2 < WEFT_RING_LOG2_MIN || d->ring_log2 > WEFT_RING_LOG2_MAX || !d->weight || d->weight > 1000 ||
	    d->flags > 3 || d->reserved || d->ring % PAGE || d->ctl % PAGE || d->state % PAGE ||
	    !in_carveout(m, d->state, PAGE) || (!user && (!d->run_limit_ns || !d->wait_limit_ns)) ||
	    (!user && (!in_carveout(m, d->ring, ring_bytes) || !in_carveout(m, d->ctl, PAGE))) ||
	    (user && (d->ring >> 48 || (d->ring + ring_bytes - 1) >> 48 || d->ctl >> 48)))
		violation(m, "descriptor of queue %u", d->id);
	if (m->queue[d->id].used)
		return WEFT_MBOX_EXISTS;
	if (d->asid >= CP_MODEL_ASIDS || !m->as[d->asid].used)
		return WEFT_MBOX_NOT_FOUND;
	if (m->as[d->asid].type != (user ? WEFT_AS_LR : WEFT_AS_FENCE))
		return WEFT_MBOX_BAD_ARG;
	memset(&m->queue[d->id], 0, sizeof(m->queue[d->id]));
	m->queue[d->id].used = true;
	m->queue[d->id].desc = *d;
	return WEFT_MBOX_OK;
}

static uint32_t queue_command(struct cp_model *m, uint32_t cmd)
{
	struct weft_queue_desc d;

	memcpy(&d, m->q_window, sizeof(d));
	if (d.id >= CP_MODEL_QUEUES || cmd < WEFT_CP_CREATE || cmd > WEFT_CP_RESUME) {
		violation(m, "queue command %u for %u", cmd, d.id);
		return WEFT_MBOX_BAD_ARG;
	}
	if (cmd == WEFT_CP_CREATE)
		return queue_create(m, &d);
	if (cmd >= WEFT_CP_SUSPEND && m->no_suspend)
		return WEFT_MBOX_BAD_OP;
	if (!m->queue[d.id].used)
		return WEFT_MBOX_NOT_FOUND;
	if (cmd == WEFT_CP_DESTROY) {
		if (m->queue[d.id].busy)
			return WEFT_MBOX_BUSY;
		m->queue[d.id].used = false;
		return WEFT_MBOX_OK;
	}
	if (m->queue[d.id].suspended == (cmd == WEFT_CP_SUSPEND))
		return WEFT_MBOX_STATE;
	m->queue[d.id].suspended = cmd == WEFT_CP_SUSPEND;
	return WEFT_MBOX_OK;
}

static uint32_t arm_command(struct cp_model *m, uint32_t cmd)
{
	unsigned free_at = CP_MODEL_ARMS;

	if (m->arm_sem % PAGE || m->arm_sem >= m->user_limit ||
	    (cmd == WEFT_CP_CREATE && (m->arm_arm % PAGE || !in_carveout(m, m->arm_arm, PAGE))))
		violation(m, "arm page of 0x%llx", (unsigned long long)m->arm_sem);
	for (unsigned i = 0; i < CP_MODEL_ARMS; i++) {
		if (!m->arm[i].arm) {
			if (free_at == CP_MODEL_ARMS)
				free_at = i;
		} else if (m->arm[i].sem == m->arm_sem) {
			if (cmd == WEFT_CP_CREATE)
				return WEFT_MBOX_EXISTS;
			m->arm[i].arm = 0;
			return WEFT_MBOX_OK;
		}
	}
	if (cmd != WEFT_CP_CREATE)
		return WEFT_MBOX_NOT_FOUND;
	if (free_at == CP_MODEL_ARMS)
		return WEFT_MBOX_BUSY;
	m->arm[free_at].sem = m->arm_sem;
	m->arm[free_at].arm = m->arm_arm;
	return WEFT_MBOX_OK;
}

static uint32_t policy_command(struct cp_model *m)
{
	uint64_t sum = m->pol_floor;

	m->pol_cmds++;
	if (m->pol_band > WEFT_BAND_LOW || m->pol_floor > 1000 || !m->pol_slice || m->pol_slice > 100000000) {
		violation(m, "policy of band %u: floor %u, slice %u", m->pol_band, m->pol_floor, m->pol_slice);
		return WEFT_MBOX_BAD_ARG;
	}
	for (unsigned i = 0; i < 4; i++)
		sum += i == m->pol_band ? 0 : m->policy[i].floor;
	if (sum > 1000)
		return WEFT_MBOX_BAD_ARG;
	m->policy[m->pol_band].floor = m->pol_floor;
	m->policy[m->pol_band].slice = m->pol_slice;
	return WEFT_MBOX_OK;
}

static void write32(struct wfw_hal *hal, uint32_t reg, uint32_t v)
{
	struct cp_model *m = of(hal);

	if (reg >= WEFT_CP_Q_DESC && reg < WEFT_CP_Q_CMD && !(reg % 4)) {
		if (reg >= WEFT_CP_Q_DESC + sizeof(m->q_window))
			violation(m, "write behind the queue window");
		else
			m->q_window[(reg - WEFT_CP_Q_DESC) / 4] = v;
		return;
	}
	switch (reg) {
	case WEFT_CP_IRQ:		m->irq &= ~v; return;
	case WEFT_CP_IRQ_ENABLE:	m->irq_enable = v; return;
	case WEFT_CP_MBOX_REQ_HEAD:	m->req_head = v; return;
	case WEFT_CP_MBOX_RSP_TAIL:	m->rsp_tail = v; return;
	case WEFT_CP_HEARTBEAT:		m->heartbeat = v; return;
	case WEFT_CP_LOG_TAIL:		m->log_tail = v; return;
	case WEFT_CP_AS_ID:		m->as_id = v; return;
	case WEFT_CP_AS_TYPE:		m->as_type = v; return;
	case WEFT_CP_AS_CMD:		m->as_status = as_command(m, v); return;
	case WEFT_CP_Q_CMD:		m->q_status = queue_command(m, v); return;
	case WEFT_CP_ARM_CMD:		m->arm_status = arm_command(m, v); return;
	case WEFT_CP_POL_BAND:		m->pol_band = v; return;
	case WEFT_CP_POL_FLOOR:		m->pol_floor = v; return;
	case WEFT_CP_POL_SLICE:		m->pol_slice = v; return;
	case WEFT_CP_POL_CMD:		m->pol_status = policy_command(m); return;
	}
	violation(m, "32-bit write of 0x%x", reg);
}

static void write64(struct wfw_hal *hal, uint32_t reg, uint64_t v)
{
	struct cp_model *m = of(hal);

	switch (reg) {
	case WEFT_CP_MTIMECMP:	m->timecmp_ns = v; return;
	case WEFT_CP_AS_ROOT:	m->as_root = v; return;
	case WEFT_CP_ARM_SEM:	m->arm_sem = v; return;
	case WEFT_CP_ARM_ARM:	m->arm_arm = v; return;
	}
	violation(m, "64-bit write of 0x%x", reg);
}

static void lmem_read(struct wfw_hal *hal, uint64_t offset, void *buf, size_t bytes)
{
	struct cp_model *m = of(hal);

	memset(buf, 0, bytes);
	if (in_carveout(m, offset, bytes))
		memcpy(buf, m->lmem + offset, bytes);
	else
		violation(m, "read of local memory 0x%llx", (unsigned long long)offset);
}

static void lmem_write(struct wfw_hal *hal, uint64_t offset, const void *buf, size_t bytes)
{
	struct cp_model *m = of(hal);

	if (in_carveout(m, offset, bytes))
		memcpy(m->lmem + offset, buf, bytes);
	else
		violation(m, "write of local memory 0x%llx", (unsigned long long)offset);
}

static void wait(struct wfw_hal *hal)
{
	of(hal)->waits++;
}

void cp_model_reset(struct cp_model *m)
{
	*m = (struct cp_model){
		.hal = { read32, read64, write32, write64, lmem_read, lmem_write, wait },
		.lmem = m->lmem, .lmem_bytes = m->lmem_bytes, .user_limit = m->lmem_bytes / 2,
		.caps = UINT64_MAX, .contract_min = WEFT_CONTRACT_VERSION, .contract_max = WEFT_CONTRACT_VERSION,
		.fw_version = 0x00000100, .timecmp_ns = UINT64_MAX,
	};
	memset(m->lmem, 0, m->lmem_bytes);
}

void cp_model_init(struct cp_model *m, uint64_t lmem_bytes)
{
	m->lmem_bytes = lmem_bytes;
	m->lmem = malloc(lmem_bytes);
	if (!m->lmem)
		abort();
	cp_model_reset(m);
}

void cp_model_fini(struct cp_model *m)
{
	free(m->lmem);
	m->lmem = NULL;
}

bool cp_model_pending(const struct cp_model *m)
{
	return ((m->irq | fault_irq(m)) & m->irq_enable) || m->now_ns >= m->timecmp_ns;
}

void cp_model_post(struct cp_model *m, const struct weft_mbox_msg *req)
{
	memcpy(m->lmem + m->mbox_base + m->req_tail % WEFT_MBOX_SLOTS * sizeof(*req), req, sizeof(*req));
	m->req_tail++;
	m->irq |= WEFT_CP_IRQ_MBOX;
}

bool cp_model_take(struct cp_model *m, struct weft_mbox_msg *rsp)
{
	if (m->rsp_head == m->rsp_tail)
		return false;
	memcpy(rsp, m->lmem + m->mbox_base + WEFT_MBOX_RSP_OFFSET + m->rsp_head % WEFT_MBOX_SLOTS * sizeof(*rsp),
	       sizeof(*rsp));
	m->rsp_head++;
	return true;
}

void cp_model_fault(struct cp_model *m, uint32_t queue, uint32_t cause, uint64_t va)
{
	if (m->fault_end - m->fault_first < CP_MODEL_FAULTS)
		m->fault[m->fault_end++ % CP_MODEL_FAULTS] = (struct cp_model_fault){ queue, cause, va };
}
