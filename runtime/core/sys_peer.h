/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What the driver says about a peer, in words. Part of sys.c; pure, so that answers no machine gives can be tested. */
#ifndef WEFT_CORE_SYS_PEER_H
#define WEFT_CORE_SYS_PEER_H

struct drm_weft_query_peer;
struct weft_peer;

/* Fills all of @peer but its size. */
void weft_sys_peer_answer(const struct drm_weft_query_peer *q, struct weft_peer *peer);

#endif
