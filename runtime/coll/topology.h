/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_COLL_TOPOLOGY_OF_H
#define WEFT_COLL_TOPOLOGY_OF_H

#include <weft/coll_topology.h>

/* What is known of @count cards by their numbers, as if they were cards 0 … ; NULL: the default. 0, or -EINVAL with text */
int weft_topology_of(const struct weft_coll_topology *topology, const uint32_t *card, uint32_t count,
		     struct weft_coll_topology *of, const char *call);

#endif
