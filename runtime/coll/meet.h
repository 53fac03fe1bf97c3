/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_COLL_MEET_H
#define WEFT_COLL_MEET_H

#include "mesh.h"

/* What a process brings, and after weft_meet() which card each member has */
struct weft_meet {
	const char *path;
	uint32_t count, slot_bytes, posts;
	uint8_t rank[WEFT_COLL_RANKS];		/* of those here, ascending */
	uint32_t card[WEFT_COLL_RANKS];		/* in: of those here; out: of each member */
};

/*
 * Connects each process with each: that with member 0 listens at the path and introduces the others. @mesh has been begun, as one
 * process alone. 0, -ETIME (the text names who did not come), -EADDRINUSE, -EINVAL (others want something else), -EPROTO,
 * -ECONNRESET, -ECONNABORTED, -errno of sockets
 */
int weft_meet(struct weft_mesh *mesh, struct weft_meet *meet);

#endif
