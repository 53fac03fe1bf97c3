/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Reset, loss and removal: this file owns the order, every block owns its step.
 *
 * No reset waits for another card's reset, and none holds a lock that another card's operation
 * needs. Revocation makes the importers invalidate, each bounded by safe_timeout_ms and done at
 * once on a card that is quiet; meanwhile reset_sem is free and exports.revoke_lock is held, which
 * only resets and the removal of this card take. So two cards that import from each other may be
 * reset at the same time.
 */
#ifndef WEFT_RESET_H
#define WEFT_RESET_H

#include <linux/types.h>

struct weft_device;

void weft_reset_init(struct weft_device *w);

/* Last resort after a stop that did not complete: FLR from a worker. Any context. */
void weft_reset_schedule(struct weft_device *w);

/* Something asked for a reset, or one is under way: freed memory must wait for its end. */
bool weft_reset_pending(struct weft_device *w);

/* The card answers no more; @doing says in which operation that was noticed. Any context. */
void weft_reset_lost(struct weft_device *w, const char *doing);

/*
 * Around an FLR, ours or the administrator's (sysfs). prepare: users out, card off the bus, jobs
 * failed, exports revoked, mappings stale. done: card up again, or wedged.
 */
void weft_reset_prepare(struct weft_device *w);
void weft_reset_done(struct weft_device *w);

/*
 * Around an error recovery of the PCI core, during which nothing may be asked of the card: the same
 * as above, and one that comes to no end gives the card up.
 */
void weft_reset_recovery(struct weft_device *w);
void weft_reset_recovered(struct weft_device *w);

/* The part of removal that needs the device: called with the device unplugged. */
void weft_reset_remove(struct weft_device *w);

#endif
