// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * BAR0. One parser for every access of the host: a register by its own width, an 8-byte one also by its halves, naturally
 * aligned; anything else reads 0 and is ignored.
 * Only the card's protocol thread comes here.
 */
#include <string.h>

#include "defect.h"
#include "engine.h"

/* 64-bit registers below the engine table; everything else is 32 bits wide. */
static const uint16_t wide[] = {
	WEFT_REG_CAPS, WEFT_REG_LMEM_BYTES, WEFT_REG_USER_LIMIT, WEFT_REG_RESET_GEN, WEFT_REG_BOOT_IMAGE,
	WEFT_REG_BOOT_BYTES, WEFT_REG_MBOX_BASE, WEFT_REG_LOG_BASE, WEFT_REG_EVT_BASE, WEFT_REG_SAFE_ARG0,
	WEFT_REG_SAFE_ARG1, WEFT_REG_SAFE_ARG2, WEFT_REG_SAFE_CMD, WEFT_REG_CLOCK_NOW, WEFT_REG_CLOCK_HOST,
	WEFT_REG_CLOCK_CARD, WEFT_REG_CNT_VALUE, WEFT_REG_WATCH_CELL, WEFT_REG_WATCH_VALUE, WEFT_REG_WATCH_COOKIE,
	WEFT_REG_INJECT_ARG,
};

static bool is_flush(uint64_t at)
{
	return at >= WEFT_REG_LINK_FLUSH(0) && at < WEFT_REG_LINK_FLUSH(WCARD_NUM_LINKS);
}

static bool is_wide(uint64_t at)
{
	if (is_flush(at))
		return true;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (wide[i] == (at & ~UINT64_C(7)))
			return true;
	return false;
}

/* TIMED occupies a slot, and nothing else. */
static uint32_t timed_width(const struct wcard_card *c)
{
	return WCARD_BROKEN(timed_width_16) ? 16 : c->m->slots;
}

static uint32_t engine_read(struct wcard_card *c, uint64_t at)
{
	uint64_t i = (at - WEFT_REG_ENGINES) / sizeof(struct weft_engine_info);
	struct weft_engine_info info = { 0 };
	uint32_t word[4];

	/* One group: all cards of the process share the engine threads. Timers need none, each card has its slots. */
	if (i < c->m->nengines) {
		info.kinds = WEFT_ENGINE_COMPUTE | WEFT_ENGINE_COPY | WEFT_ENGINE_REDUCE;
		info.group = WCARD_BROKEN(group_each) ? 64 * (1 + c->index) + (uint32_t)i : 0;
		info.width = WCARD_BROKEN(group_too_wide) ? 63 : c->m->nengines;
	} else if (i == c->m->nengines) {
		info.kinds = WEFT_ENGINE_TIMED;
		info.group = WCARD_BROKEN(timers_in_group) ? 0 : 1 + c->index;
		info.width = timed_width(c);
	}
	memcpy(word, &info, sizeof(word));
	return word[(at & 15) / 4];
}

static uint64_t evt_read(struct wcard_card *c, uint64_t at)
{
	uint64_t v = 0;

	pthread_mutex_lock(&c->evt_lock);
	switch (at) {
	case WEFT_REG_EVT_BASE: v = c->evt_base; break;
	case WEFT_REG_EVT_LOG2: v = c->evt_log2; break;
	case WEFT_REG_EVT_ENABLE: v = c->evt_enable; break;
	case WEFT_REG_EVT_TAIL: v = c->evt_tail; break;
	case WEFT_REG_EVT_HEAD: v = c->evt_head; break;
	case WEFT_REG_EVT_STATUS: v = c->evt_status; break;
	case WEFT_REG_IRQ_VECTORS: v = c->irq_vectors ? c->irq_vectors : 1; break;
	default: break;
	}
	pthread_mutex_unlock(&c->evt_lock);
	return v;
}

static void evt_write(struct wcard_card *c, uint64_t at, uint64_t v)
{
	if (at == WEFT_REG_EVT_ENABLE) {
		wcard_event_enable(c, (uint32_t)v);
		return;
	}
	pthread_mutex_lock(&c->evt_lock);
	switch (at) {
	/* Where the ring lies was looked at when it was turned on. */
	case WEFT_REG_EVT_BASE:
		if (!c->evt_enable || WCARD_BROKEN(event_ring_moves))
			c->evt_base = v;
		break;
	case WEFT_REG_EVT_LOG2:
		if (!c->evt_enable || WCARD_BROKEN(event_ring_moves))
			c->evt_log2 = (uint32_t)v;
		break;
	case WEFT_REG_EVT_HEAD: c->evt_head = (uint32_t)v; break;
	case WEFT_REG_EVT_STATUS: c->evt_status &= WCARD_BROKEN(status_cleared) ? 0 : ~(uint32_t)v; break;
	case WEFT_REG_IRQ_VECTORS: c->irq_vectors = (uint32_t)v; break;
	default: break;
	}
	pthread_mutex_unlock(&c->evt_lock);
}

static uint32_t safe_read(struct wcard_card *c, uint64_t at)
{
	uint32_t v = 0;

	pthread_mutex_lock(&c->m->safe_lock);
	if (at >= WEFT_REG_SAFE_DONE(0) && at < WEFT_REG_SAFE_DONE(8))
		v = c->safe_done[(at - WEFT_REG_SAFE_DONE(0)) / 4];
	else if (at >= WEFT_REG_SAFE_STATUS(0) && at < WEFT_REG_SAFE_STATUS(8))
		v = c->safe_status[(at - WEFT_REG_SAFE_STATUS(0)) / 4];
	pthread_mutex_unlock(&c->m->safe_lock);
	return v;
}

static uint32_t boot_status(struct wcard_card *c)
{
	uint32_t v;

	pthread_mutex_lock(&c->cp_lock);
	v = c->cp.boot_state | c->cp.boot_code << 8;
	pthread_mutex_unlock(&c->cp_lock);
	return v;
}

static uint64_t reg_read(struct wcard_card *c, uint64_t at)
{
	struct wcard_cp *cp = &c->cp;

	if (at >= WEFT_REG_EVT_BASE && at < WEFT_REG_SAFE_ARG0)
		return evt_read(c, at);
	if (at >= WEFT_REG_SAFE_DONE(0) && at < WEFT_REG_CLOCK_NOW)
		return safe_read(c, at);
	if (is_flush(at))
		return atomic_load(&c->flush[(at - WEFT_REG_LINK_FLUSH(0)) / 8]);
	if (at >= WEFT_REG_ENGINES && at < WEFT_REG_ENGINES + (WCARD_MAX_ENGINES + 1) * sizeof(struct weft_engine_info))
		return engine_read(c, at);
	switch (at) {
	case WEFT_REG_MAGIC: return WEFT_MAGIC;
	case WEFT_REG_CONTRACT_MAX:
	case WEFT_REG_CONTRACT_MIN: return WEFT_CONTRACT_VERSION;
	case WEFT_REG_SERIAL: return c->serial;
	case WEFT_REG_CAPS: return c->m->caps;
	case WEFT_REG_LMEM_BYTES: return c->lmem_bytes;
	case WEFT_REG_USER_LIMIT: return atomic_load(&c->user_limit);
	case WEFT_REG_NUM_ASIDS: return WCARD_NUM_ASIDS;
	case WEFT_REG_NUM_QUEUES: return WCARD_NUM_QUEUES;
	case WEFT_REG_NUM_SLOTS: return c->m->slots;
	case WEFT_REG_NUM_ENGINES: return c->m->nengines + 1;
	case WEFT_REG_NUM_LINKS: return WCARD_NUM_LINKS;
	case WEFT_REG_FENCE_LOOP_MAX: return c->m->caps & WEFT_CAP_LOOP ? WCARD_FENCE_LOOP_MAX : 0;
	case WEFT_REG_RESET_GEN: return atomic_load(&c->reset_gen);
	case WEFT_REG_NUM_WATCHES: return WCARD_NUM_WATCHES;
	case WEFT_REG_TIMED_WIDTH: return timed_width(c);
	case WEFT_REG_HANG_MS: return atomic_load(&c->hang_ms);
	case WEFT_REG_FW_WATCHDOG_MS: return atomic_load(&cp->watchdog_ms);
	case WEFT_REG_TEMP_MC:
	case WEFT_REG_POWER_MW:
	case WEFT_REG_CLOCK_MHZ:
	case WEFT_REG_THROTTLE:
	case WEFT_REG_TEMP_LIMIT_MC:
	case WEFT_REG_POWER_LIMIT_MW:
	case WEFT_REG_ECC_CORRECTED:
	case WEFT_REG_ECC_FATAL: return wcard_telemetry(c, at);
	case WEFT_REG_INJECT_ARG: return c->r.inject_arg;
	case WEFT_REG_BOOT_STATUS: return boot_status(c);
	case WEFT_REG_BOOT_IMAGE: return c->r.boot_image;
	case WEFT_REG_BOOT_BYTES: return c->r.boot_bytes;
	case WEFT_REG_BOOT_ROLLBACK: return atomic_load(&c->rollback);
	case WEFT_REG_FW_VERSION: return atomic_load(&cp->fw_version);
	case WEFT_REG_FW_HEARTBEAT: return atomic_load(&cp->heartbeat);
	case WEFT_REG_MBOX_BASE: return atomic_load(&cp->mbox_base);
	case WEFT_REG_MBOX_REQ_TAIL: return atomic_load(&cp->mbox_req_tail);
	case WEFT_REG_MBOX_REQ_HEAD: return atomic_load(&cp->mbox_req_head);
	case WEFT_REG_MBOX_RSP_TAIL: return atomic_load(&cp->mbox_rsp_tail);
	case WEFT_REG_MBOX_RSP_HEAD: return atomic_load(&cp->mbox_rsp_head);
	case WEFT_REG_LOG_BASE: return atomic_load(&cp->log_base);
	case WEFT_REG_LOG_BYTES: return atomic_load(&cp->log_bytes);
	case WEFT_REG_LOG_TAIL: return atomic_load(&cp->log_tail);
	case WEFT_REG_SAFE_ARG0: return c->r.safe_arg[0];
	case WEFT_REG_SAFE_ARG1: return c->r.safe_arg[1];
	case WEFT_REG_SAFE_ARG2: return c->r.safe_arg[2];
	case WEFT_REG_CLOCK_NOW: return wcard_now(c->m);
	case WEFT_REG_CLOCK_HOST: return c->r.clock_host;
	case WEFT_REG_CLOCK_CARD: return c->r.clock_card;
	case WEFT_REG_WATCH_CELL: return c->r.watch_cell;
	case WEFT_REG_WATCH_VALUE: return c->r.watch_value;
	case WEFT_REG_WATCH_COOKIE: return c->r.watch_cookie;
	case WEFT_REG_CNT_SEL: return c->r.cnt_sel;
	case WEFT_REG_CNT_VALUE: return c->r.cnt_value;
	default: return 0;
	}
}

/* Translations depend on the limit, so it stays while there can be any. */
static void set_user_limit(struct wcard_card *c, uint64_t v)
{
	bool used = false;

	if (((v & (WEFT_PAGE2M_BYTES - 1)) && !WCARD_BROKEN(limit_unaligned)) || v > c->lmem_bytes)
		return;
	pthread_mutex_lock(&c->m->lock);
	for (unsigned int i = 0; i < WCARD_NUM_ASIDS; i++)
		used |= c->as[i].live;
	if (!used || WCARD_BROKEN(limit_not_frozen))
		atomic_store(&c->user_limit, v);
	pthread_mutex_unlock(&c->m->lock);
}

static void reg_write(struct wcard_card *c, uint64_t at, uint64_t v)
{
	struct wcard_cp *cp = &c->cp;

	if (at >= WEFT_REG_EVT_BASE && at < WEFT_REG_SAFE_ARG0) {
		evt_write(c, at, v);
		return;
	}
	if (is_flush(at)) {
		atomic_store(&c->flush[(at - WEFT_REG_LINK_FLUSH(0)) / 8], v);
		return;
	}
	switch (at) {
	case WEFT_REG_USER_LIMIT: set_user_limit(c, v); break;
	case WEFT_REG_HANG_MS: atomic_store(&c->hang_ms, (uint32_t)v); break;
	case WEFT_REG_FW_WATCHDOG_MS: wcard_cp_watchdog(c, (uint32_t)v); break;
	case WEFT_REG_INJECT_ARG: c->r.inject_arg = v; break;
	case WEFT_REG_INJECT: wcard_inject(c, (uint32_t)v, c->r.inject_arg); break;
	case WEFT_REG_BOOT_CTRL: wcard_cp_ctrl(c, (uint32_t)v); break;
	case WEFT_REG_BOOT_IMAGE: c->r.boot_image = v; break;
	case WEFT_REG_BOOT_BYTES: c->r.boot_bytes = v; break;
	case WEFT_REG_MBOX_BASE:
		wcard_cp_mailbox(c, v);
		break;
	case WEFT_REG_MBOX_REQ_TAIL:
		atomic_store(&cp->mbox_req_tail, (uint32_t)v);
		wcard_cp_irq(c, WEFT_CP_IRQ_MBOX);
		if (WCARD_BROKEN(answer_without_firmware))
			atomic_store(&cp->mbox_rsp_tail, (uint32_t)v);
		break;
	case WEFT_REG_MBOX_RSP_HEAD: atomic_store(&cp->mbox_rsp_head, (uint32_t)v); break;
	case WEFT_REG_LOG_BASE: atomic_store(&cp->log_base, v); break;
	case WEFT_REG_LOG_BYTES: atomic_store(&cp->log_bytes, (uint32_t)v); break;
	case WEFT_REG_SAFE_ARG0: c->r.safe_arg[0] = v; break;
	case WEFT_REG_SAFE_ARG1: c->r.safe_arg[1] = v; break;
	case WEFT_REG_SAFE_ARG2: c->r.safe_arg[2] = v; break;
	case WEFT_REG_SAFE_CMD: wcard_safe_cmd(c, v); break;
	case WEFT_REG_CLOCK_HOST:
		c->r.clock_card = WCARD_BROKEN(clock_pair_early) ? wcard_now(c->m) - 1000000 : wcard_now(c->m);
		c->r.clock_host = v;
		break;
	case WEFT_REG_WATCH_CELL: c->r.watch_cell = v; break;
	case WEFT_REG_WATCH_VALUE: c->r.watch_value = v; break;
	case WEFT_REG_WATCH_COOKIE: c->r.watch_cookie = v; break;
	case WEFT_REG_WATCH_CMD: wcard_watch_cmd(c, (uint32_t)v); break;
	case WEFT_REG_CNT_SEL:
		c->r.cnt_sel = (uint32_t)v;
		c->r.cnt_value = wcard_counter(c, (uint32_t)v);
		break;
	default: break;
	}
}

void wcard_regs_read(struct wcard_card *c, uint64_t at, unsigned int bytes, uint8_t *data)
{
	uint64_t v = 0;

	memset(data, 0, bytes);
	if ((bytes != 4 && bytes != 8) || at % bytes)
		return;
	if (!is_wide(at)) {
		v = bytes == 4 ? reg_read(c, at) : 0;
	} else if (bytes == 8) {
		v = reg_read(c, at);
	} else if (at % 8 == 0) {
		/* The high half read next belongs to the same value. */
		v = c->r.rlatch = reg_read(c, at);
		c->r.rlatch_at = (uint32_t)at + 4;
	} else {
		v = (c->r.rlatch_at == at ? c->r.rlatch : reg_read(c, at - 4)) >> 32;
		c->r.rlatch_at = 0;
	}
	memcpy(data, &v, bytes);
}

void wcard_regs_write(struct wcard_card *c, uint64_t at, unsigned int bytes, const uint8_t *data)
{
	uint64_t v = 0;

	if ((bytes != 4 && bytes != 8) || at % bytes)
		return;
	memcpy(&v, data, bytes);
	if (!is_wide(at)) {
		if (bytes == 4)
			reg_write(c, at, v);
	} else if (bytes == 8) {
		reg_write(c, at, v);
	} else if (at % 8 == 0) {
		c->r.wlatch[at / 8] = v;
	} else {
		reg_write(c, at - 4, c->r.wlatch[at / 8] | v << 32);
	}
}
