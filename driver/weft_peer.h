/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
#ifndef WEFT_PEER_H
#define WEFT_PEER_H

struct weft_device;
struct weft_file;

int weft_query_peer_ioctl(struct weft_device *w, struct weft_file *f, void *data);

#endif
