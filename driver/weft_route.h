/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * The way of peer-to-peer accesses through the PCI tree: which it is, what is against it, and who
 * could change that.
 */
#ifndef WEFT_ROUTE_H
#define WEFT_ROUTE_H

#include <linux/types.h>

#define WEFT_ROUTE_TEXT_MAX	384	/* the longest advice: 261 bytes beside the device's name */

struct device;
struct pci_dev;
struct weft_device;

/**
 * struct weft_route - from a client to the memory of a card
 * @error: 0, -EOPNOTSUPP (no PCI_P2PDMA), -EHOSTUNREACH
 * @distance: as the kernel counts it, -1 when it allows none
 * @through_host: the accesses go up to the host bridge
 * @detail: enum drm_weft_peer_detail; what sends them there, or forbids it
 * @port: PCI address (domain << 16 | bus << 8 | devfn) of the port or host bridge meant by @detail,
 *	0 when it means none
 * @num_ports: ports on the way with ACS redirect
 */
struct weft_route {
	int error;
	int distance;
	bool through_host;
	u32 detail;
	u32 port;
	u32 num_ports;
};

/*
 * Looks at the tree as it is now. @follows_iova: the client can use a peer's address that an IOMMU
 * translates. May sleep; takes no lock of ours.
 */
void weft_route_find(struct weft_device *owner, struct device *client, bool follows_iova,
		     struct weft_route *route);

/*
 * The way in one sentence for the log, without a new line: whether @who, the name of the client,
 * reaches the memory, what is against it, and how that can be changed. Cut at @bytes.
 */
void weft_route_text(const struct weft_route *route, const char *who, char *text, size_t bytes);

/*
 * The same for an attachment that is about to be made: a way that is refused, or leads through the
 * host bridge, is logged with advice, once for each client. Returns its error.
 */
int weft_route_open(struct weft_device *owner, struct device *client, bool follows_iova);

#endif
