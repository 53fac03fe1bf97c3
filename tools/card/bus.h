/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Bus router: which memory answers at a PCI bus address, seen from one card. A peer's BAR2 wins over the host's
 * mappings, as a switch routes between its ports before it asks the root. A client without an IOMMU maps peers' BARs by
 * name (and without a file) and may take them back; behind an IOMMU it names none, and the switch alone decides.
 */
#ifndef WCARD_BUS_H
#define WCARD_BUS_H

#include "machine.h"

struct wcard_dma_map {
	uint64_t bus, bytes;
	uint8_t *host;			/* NULL: the client gave no file (a peer's BAR, or memory we cannot reach) */
	int fd;
	uint64_t fd_offset;
	bool read, write;
	bool revoked;			/* was mapped without a file and is no more: out of reach though its owner decodes */
};

struct wcard_dma_table {
	struct wcard_dma_table *retired;
	unsigned int n;
	struct wcard_dma_map map[];	/* sorted by bus, disjoint */
};

struct wcard_route {
	unsigned int n;
	struct {
		uint64_t bus, bytes;
		struct wcard_card *card;
	} e[WCARD_MAX_CARDS];
};

/* Where a bus address leads: `bytes` contiguous bytes from `host`, which are file `fd` at `fd_offset`. */
struct wcard_target {
	uint8_t *host;
	uint64_t bytes;
	int fd;
	uint64_t fd_offset;
	struct wcard_card *card;	/* in whose local memory, there at fd_offset; NULL: the host's */
};

int wcard_bus_init(struct wcard_machine *m);
void wcard_bus_fini(struct wcard_machine *m);
/* Takes `fd` (-1 = none) on success. 0 or -errno. */
int wcard_bus_map(struct wcard_card *c, uint64_t bus, uint64_t bytes, int fd, uint64_t fd_offset, bool read, bool write);
/* Removes every mapping inside the range; returns when no access through them is in flight. 0 or -errno. */
int wcard_bus_unmap(struct wcard_card *c, uint64_t bus, uint64_t bytes);
/* Config space of a card changed: learn its BAR2 again. Waits for units in flight when a route went away. */
void wcard_bus_learn(struct wcard_machine *m);
/* Inside a unit or under evt_lock. False = nobody answers. */
bool wcard_bus_find(struct wcard_card *c, const struct wcard_dma_table *dma, const struct wcard_route *route,
		    uint64_t bus, bool write, struct wcard_target *t);
/* From the return on no access goes through a link that is masked. Not from an engine thread. */
void wcard_link_mask(struct wcard_card *c, unsigned int link, bool off);
/* Returns when every unit in flight at the call has ended. Not from an engine thread. */
void wcard_quiesce(struct wcard_machine *m);
void wcard_quiesce_events(struct wcard_machine *m);	/* the writers of events, likewise */

#endif
