// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The one path of every reset: FLR, DEVICE_RESET of the bus, and the client going away. It never waits for another
 * card's reset; engines of other cards are waited for only to end the unit they are in.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>

#include <linux/pci_regs.h>

#include "bus.h"
#include "defect.h"
#include "engine.h"

static void clear_registers(struct wcard_card *c)
{
	atomic_store(&c->user_limit, 0);
	atomic_store(&c->hang_ms, WCARD_HANG_MS);
	wcard_inject_reset(c);
	if (!WCARD_BROKEN(flr_keeps_ecc))
		atomic_store(&c->ecc_fatal, 0);
	if (!WCARD_BROKEN(flr_keeps_heat))
		memset(&c->telemetry, 0, sizeof(c->telemetry));
	memset(&c->r, 0, sizeof(c->r));
	pthread_mutex_lock(&c->evt_lock);
	c->evt_base = 0;
	c->evt_log2 = c->evt_enable = c->evt_tail = c->evt_head = c->evt_status = c->irq_vectors = 0;
	pthread_mutex_unlock(&c->evt_lock);
}

static void clear_counters(struct wcard_card *c)
{
	memset(&c->all, 0, sizeof(c->all));
	for (unsigned int i = 0; i < WCARD_NUM_ASIDS; i++)
		if (c->as[i].cnt)
			memset(c->as[i].cnt, 0, sizeof(*c->as[i].cnt));
	for (unsigned int i = 0; i < WCARD_MAX_ENGINES; i++)
		atomic_store(&c->engine_busy_ns[i], 0);
	atomic_store(&c->irqs, 0);
	atomic_store(&c->events, 0);
	atomic_store(&c->doorbells, 0);
	atomic_store(&c->packets, 0);
	atomic_store(&c->walks, 0);
}

void wcard_reset(struct wcard_card *c)
{
	uint8_t bars[24];

	/*
	 * BARs are the VMM's: the guest reads them from the VMM's copy, finds nothing to restore after FLR, and would
	 * leave ours at 0. The kernel's vfio-pci keeps them for the same reason.
	 */
	pthread_mutex_lock(&c->m->map_lock);
	memcpy(bars, c->cfg + PCI_BASE_ADDRESS_0, sizeof(bars));
	wcard_pci_reset(c);
	memcpy(c->cfg + PCI_BASE_ADDRESS_0, bars, sizeof(bars));
	pthread_mutex_unlock(&c->m->map_lock);
	wcard_cp_reset(c);
	wcard_queues_reset(c);
	wcard_safe_drain(c);
	/* No route leads here any more, and no unit that used one is left. */
	wcard_bus_learn(c->m);
	wcard_quiesce(c->m);
	clear_registers(c);
	if (!WCARD_BROKEN(flr_keeps_counters))
		clear_counters(c);
	wcard_cells_reset(c);
	/* FLR loses local memory: what follows reads zeros, whatever lay there. */
	fallocate(c->lmem_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)c->lmem_bytes);
	atomic_fetch_add(&c->reset_gen, 1);
	pthread_mutex_lock(&c->m->lock);
	c->resetting = false;
	pthread_mutex_unlock(&c->m->lock);
}

void wcard_flr(struct wcard_card *c)
{
	if (!atomic_exchange(&c->inject.flr_fails, false))
		wcard_reset(c);
}
