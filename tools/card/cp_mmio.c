// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Memory map of the control processor (cp.h), called by the interpreter on the card's control-processor thread. */
#include <string.h>

#include "engine.h"

static const struct { uint32_t at; uint8_t bytes; } regs[] = {
	{ WEFT_CP_MSIP, 4 }, { WEFT_CP_MTIMECMP, 8 }, { WEFT_CP_MTIME, 8 }, { WEFT_CP_IRQ, 4 },
	{ WEFT_CP_IRQ_ENABLE, 4 }, { WEFT_CP_MBOX_BASE, 8 }, { WEFT_CP_MBOX_REQ_TAIL, 4 },
	{ WEFT_CP_MBOX_REQ_HEAD, 4 }, { WEFT_CP_MBOX_RSP_TAIL, 4 }, { WEFT_CP_MBOX_RSP_HEAD, 4 },
	{ WEFT_CP_HEARTBEAT, 4 }, { WEFT_CP_LOG_BASE, 8 }, { WEFT_CP_LOG_BYTES, 4 }, { WEFT_CP_LOG_TAIL, 4 },
	{ WEFT_CP_CAPS, 8 }, { WEFT_CP_LMEM_BYTES, 8 }, { WEFT_CP_USER_LIMIT, 8 }, { WEFT_CP_NUM_ASIDS, 4 },
	{ WEFT_CP_NUM_QUEUES, 4 }, { WEFT_CP_CONTRACT_MIN, 4 }, { WEFT_CP_CONTRACT_MAX, 4 },
	{ WEFT_CP_FW_VERSION, 4 }, { WEFT_CP_AS_ID, 4 }, { WEFT_CP_AS_TYPE, 4 }, { WEFT_CP_AS_ROOT, 8 },
	{ WEFT_CP_AS_CMD, 4 }, { WEFT_CP_AS_STATUS, 4 }, { WEFT_CP_Q_CMD, 4 }, { WEFT_CP_Q_STATUS, 4 },
	{ WEFT_CP_FAULT_QUEUE, 4 }, { WEFT_CP_FAULT_CAUSE, 4 }, { WEFT_CP_FAULT_VA, 8 }, { WEFT_CP_ARM_SEM, 8 },
	{ WEFT_CP_ARM_ARM, 8 }, { WEFT_CP_ARM_CMD, 4 }, { WEFT_CP_ARM_STATUS, 4 }, { WEFT_CP_POL_BAND, 4 },
	{ WEFT_CP_POL_FLOOR, 4 }, { WEFT_CP_POL_SLICE, 4 }, { WEFT_CP_POL_CMD, 4 }, { WEFT_CP_POL_STATUS, 4 },
};

static bool known(uint64_t addr, unsigned int size)
{
	if (addr >= WEFT_CP_Q_DESC && addr < WEFT_CP_Q_DESC + sizeof(struct weft_queue_desc))
		return size == 4;
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		if (regs[i].at == addr)
			return regs[i].bytes == size;
	return false;
}

/* Local memory at or above USER_LIMIT; the host sees the same bytes. */
static void *lmem(struct wcard_card *c, uint64_t addr, unsigned int size)
{
	return addr >= WEFT_CP_LMEM ? wcard_carveout(c, addr - WEFT_CP_LMEM, size) : NULL;
}

static uint64_t fault_read(struct wcard_card *c, uint64_t addr)
{
	struct wcard_cp *cp = &c->cp;
	uint64_t val = addr == WEFT_CP_FAULT_QUEUE ? WEFT_QUEUE_NONE : 0;

	pthread_mutex_lock(&c->cp_lock);
	if (cp->fault_n) {
		unsigned int at = cp->fault_head;

		if (addr == WEFT_CP_FAULT_QUEUE)
			val = cp->fault[at].queue;
		else if (addr == WEFT_CP_FAULT_CAUSE)
			val = cp->fault[at].cause;
		else
			val = cp->fault[at].va;
		if (addr == WEFT_CP_FAULT_VA) {
			cp->fault_head = (at + 1) % WCARD_FAULT_FIFO;
			cp->fault_n--;
		}
	}
	pthread_mutex_unlock(&c->cp_lock);
	if (addr == WEFT_CP_FAULT_VA)
		wcard_cp_lines(c);
	return val;
}

static uint32_t irq_read(struct wcard_card *c)
{
	uint32_t irq;

	pthread_mutex_lock(&c->cp_lock);
	irq = atomic_load(&c->cp.irq) | (c->cp.fault_n ? WEFT_CP_IRQ_FAULT : 0);
	pthread_mutex_unlock(&c->cp_lock);
	return irq;
}

static uint64_t reg_read(struct wcard_card *c, uint64_t addr)
{
	struct wcard_cp *cp = &c->cp;

	switch (addr) {
	case WEFT_CP_MSIP: return cp->msip;
	case WEFT_CP_MTIMECMP: return cp->mtimecmp;
	case WEFT_CP_MTIME: return wcard_now(c->m);
	case WEFT_CP_IRQ: return irq_read(c);
	case WEFT_CP_IRQ_ENABLE: return atomic_load(&cp->irq_enable);
	case WEFT_CP_MBOX_BASE: return atomic_load(&cp->mbox_base);
	case WEFT_CP_MBOX_REQ_TAIL: return atomic_load(&cp->mbox_req_tail);
	case WEFT_CP_MBOX_REQ_HEAD: return atomic_load(&cp->mbox_req_head);
	case WEFT_CP_MBOX_RSP_TAIL: return atomic_load(&cp->mbox_rsp_tail);
	case WEFT_CP_MBOX_RSP_HEAD: return atomic_load(&cp->mbox_rsp_head);
	case WEFT_CP_HEARTBEAT: return atomic_load(&cp->heartbeat);
	case WEFT_CP_LOG_BASE: return atomic_load(&cp->log_base);
	case WEFT_CP_LOG_BYTES: return atomic_load(&cp->log_bytes);
	case WEFT_CP_LOG_TAIL: return atomic_load(&cp->log_tail);
	case WEFT_CP_CAPS: return c->m->caps;
	case WEFT_CP_LMEM_BYTES: return c->lmem_bytes;
	case WEFT_CP_USER_LIMIT: return atomic_load(&c->user_limit);
	case WEFT_CP_NUM_ASIDS: return WCARD_NUM_ASIDS;
	case WEFT_CP_NUM_QUEUES: return WCARD_NUM_QUEUES;
	case WEFT_CP_CONTRACT_MIN:
	case WEFT_CP_CONTRACT_MAX: return WEFT_CONTRACT_VERSION;
	case WEFT_CP_FW_VERSION: return atomic_load(&cp->fw_version);
	case WEFT_CP_AS_ID: return cp->as_id;
	case WEFT_CP_AS_TYPE: return cp->as_type;
	case WEFT_CP_AS_ROOT: return cp->as_root;
	case WEFT_CP_AS_STATUS: return cp->as_status;
	case WEFT_CP_Q_STATUS: return cp->q_status;
	case WEFT_CP_FAULT_QUEUE:
	case WEFT_CP_FAULT_CAUSE:
	case WEFT_CP_FAULT_VA: return fault_read(c, addr);
	case WEFT_CP_POL_BAND: return cp->pol_band;
	case WEFT_CP_POL_FLOOR: return cp->pol_floor;
	case WEFT_CP_POL_SLICE: return cp->pol_slice;
	case WEFT_CP_POL_STATUS: return cp->pol_status;
	case WEFT_CP_ARM_SEM: return cp->arm_sem;
	case WEFT_CP_ARM_ARM: return cp->arm_arm;
	case WEFT_CP_ARM_STATUS: return cp->arm_status;
	default: break;
	}
	if (addr >= WEFT_CP_Q_DESC && addr < WEFT_CP_Q_DESC + sizeof(cp->q_desc))
		return cp->q_desc[(addr - WEFT_CP_Q_DESC) / 4];
	return 0;
}

static uint32_t queue_cmd(struct wcard_card *c, uint32_t cmd)
{
	struct weft_queue_desc d;

	memcpy(&d, c->cp.q_desc, sizeof(d));
	switch (cmd) {
	case WEFT_CP_CREATE: return (uint32_t)wcard_queue_create(c, &d);
	case WEFT_CP_DESTROY: return (uint32_t)wcard_queue_destroy(c, d.id);
	case WEFT_CP_SUSPEND: return (uint32_t)wcard_queue_suspend(c, d.id);
	case WEFT_CP_RESUME: return (uint32_t)wcard_queue_resume(c, d.id);
	default: return WEFT_MBOX_BAD_OP;
	}
}

static uint32_t as_cmd(struct wcard_card *c, uint32_t cmd)
{
	if (cmd == WEFT_CP_CREATE)
		return (uint32_t)wcard_as_create(c, c->cp.as_id, c->cp.as_type, c->cp.as_root);
	if (cmd == WEFT_CP_DESTROY)
		return (uint32_t)wcard_as_destroy(c, c->cp.as_id);
	return WEFT_MBOX_BAD_OP;
}

static uint32_t arm_cmd(struct wcard_card *c, uint32_t cmd)
{
	if (cmd == WEFT_CP_CREATE && c->cp.arm_arm)
		return (uint32_t)wcard_arm_bind(c, c->cp.arm_sem, c->cp.arm_arm);
	if (cmd == WEFT_CP_DESTROY)
		return (uint32_t)wcard_arm_bind(c, c->cp.arm_sem, 0);
	return cmd == WEFT_CP_CREATE ? WEFT_MBOX_BAD_ARG : WEFT_MBOX_BAD_OP;
}

static void reg_write(struct wcard_card *c, uint64_t addr, uint64_t val)
{
	struct wcard_cp *cp = &c->cp;
	uint32_t v = (uint32_t)val;

	switch (addr) {
	case WEFT_CP_MSIP: cp->msip = v & 1; wcard_cp_lines(c); break;
	case WEFT_CP_MTIMECMP: cp->mtimecmp = val; wcard_cp_lines(c); break;
	case WEFT_CP_IRQ: atomic_fetch_and(&cp->irq, ~v); wcard_cp_lines(c); break;
	case WEFT_CP_IRQ_ENABLE: atomic_store(&cp->irq_enable, v); wcard_cp_lines(c); break;
	case WEFT_CP_MBOX_REQ_HEAD: atomic_store(&cp->mbox_req_head, v); break;
	case WEFT_CP_MBOX_RSP_TAIL:
		atomic_store(&cp->mbox_rsp_tail, v);
		wcard_event(c, WEFT_EVT_MBOX, 0, 0, 0, v);
		break;
	case WEFT_CP_HEARTBEAT: wcard_cp_beat(c, v); break;
	case WEFT_CP_LOG_TAIL: atomic_store(&cp->log_tail, v); break;
	case WEFT_CP_AS_ID: cp->as_id = v; break;
	case WEFT_CP_AS_TYPE: cp->as_type = v; break;
	case WEFT_CP_AS_ROOT: cp->as_root = val; break;
	case WEFT_CP_AS_CMD: cp->as_status = as_cmd(c, v); break;
	case WEFT_CP_ARM_SEM: cp->arm_sem = val; break;
	case WEFT_CP_ARM_ARM: cp->arm_arm = val; break;
	case WEFT_CP_ARM_CMD: cp->arm_status = arm_cmd(c, v); break;
	case WEFT_CP_Q_CMD: cp->q_status = queue_cmd(c, v); break;
	case WEFT_CP_POL_BAND: cp->pol_band = v; break;
	case WEFT_CP_POL_FLOOR: cp->pol_floor = v; break;
	case WEFT_CP_POL_SLICE: cp->pol_slice = v; break;
	case WEFT_CP_POL_CMD:
		cp->pol_status = (uint32_t)wcard_bands_policy(c, cp->pol_band, cp->pol_floor, cp->pol_slice);
		break;
	default:
		if (addr >= WEFT_CP_Q_DESC && addr < WEFT_CP_Q_DESC + sizeof(cp->q_desc))
			cp->q_desc[(addr - WEFT_CP_Q_DESC) / 4] = v;
	}
}

static int bus_load(void *ctx, uint64_t addr, unsigned int size, uint64_t *val)
{
	struct wcard_card *c = ctx;
	void *p = lmem(c, addr, size);

	if (p) {
		switch (size) {
		case 1: *val = __atomic_load_n((uint8_t *)p, __ATOMIC_ACQUIRE); break;
		case 2: *val = __atomic_load_n((uint16_t *)p, __ATOMIC_ACQUIRE); break;
		case 4: *val = __atomic_load_n((uint32_t *)p, __ATOMIC_ACQUIRE); break;
		default: *val = __atomic_load_n((uint64_t *)p, __ATOMIC_ACQUIRE); break;
		}
		return 0;
	}
	if (!known(addr, size))
		return -1;
	*val = reg_read(c, addr);
	return 0;
}

static int bus_store(void *ctx, uint64_t addr, unsigned int size, uint64_t val)
{
	struct wcard_card *c = ctx;
	void *p = lmem(c, addr, size);

	if (p) {
		switch (size) {
		case 1: __atomic_store_n((uint8_t *)p, (uint8_t)val, __ATOMIC_RELEASE); break;
		case 2: __atomic_store_n((uint16_t *)p, (uint16_t)val, __ATOMIC_RELEASE); break;
		case 4: __atomic_store_n((uint32_t *)p, (uint32_t)val, __ATOMIC_RELEASE); break;
		default: __atomic_store_n((uint64_t *)p, val, __ATOMIC_RELEASE); break;
		}
		return 0;
	}
	if (!known(addr, size))
		return -1;
	reg_write(c, addr, val);
	return 0;
}

const struct wcard_rv64_bus wcard_cp_bus = { .load = bus_load, .store = bus_store };
