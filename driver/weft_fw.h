/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
#ifndef WEFT_FW_H
#define WEFT_FW_H

struct weft_device;

/*
 * Gets the firmware running: loads weft/weft-fw.bin unless the card has it resident. -ENOENT: no
 * such file; -EIO: the card refused it or did not boot in time. Both say in the log what to do.
 */
int weft_fw_boot(struct weft_device *w);

/*
 * Whether a control processor that stopped can be started again without a reset: its image is still
 * in place.
 */
bool weft_fw_can_restart(struct weft_device *w);

/* Starts it: 0 when it runs, -EIO. Allocates nothing; mbox.lock held, HELLO is due. */
int weft_fw_restart(struct weft_device *w);

/* Waits for a heartbeat, for as long as the card's watchdog does: true when there is none. */
bool weft_fw_is_silent(struct weft_device *w);

/* From now on the card says when it stops. */
void weft_fw_watch(struct weft_device *w);

#endif
