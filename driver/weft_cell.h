/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Cells and the host: waking who waits on the card, and sleeping until the card signals. */
#ifndef WEFT_CELL_H
#define WEFT_CELL_H

struct weft_device;
struct weft_file;

int weft_kick_ioctl(struct weft_device *w, struct weft_file *f, void *data);

/* Sleeps: called without any lock of the card, enters it by itself. */
int weft_cell_wait_ioctl(struct weft_device *w, struct weft_file *f, void *data);

#endif
