// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include <stdio.h>

#include <drm/weft_accel.h>
#include <weft/topology.h>

#include "sys_peer.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Refusals as text; the tables of the driver's interface and this one grow together. */
static const char *const refusals[] = {
	[DRM_WEFT_PEER_OK] = "ok",
	[DRM_WEFT_PEER_SELF] = "the same card",
	[DRM_WEFT_PEER_NO_KERNEL] = "this kernel has no PCI P2PDMA",
	[DRM_WEFT_PEER_NO_ROUTE] = "the PCI topology forbids it",
	[DRM_WEFT_PEER_NO_LINK] = "the card has no link tag left",
	[DRM_WEFT_PEER_GONE] = "the peer was removed or is in reset",
	[DRM_WEFT_PEER_FAILED] = "mapping the probe page failed",
};

/* What is behind a refusal by topology, or behind the way through the host bridge. */
static const struct {
	const char *refused, *long_way;
} details[] = {
	[DRM_WEFT_PEER_DETAIL_NONE] = { "the PCI topology forbids it", "through the host bridge" },
	[DRM_WEFT_PEER_DETAIL_ACS] = { "ACS redirect sends it up to a host bridge that is not known to forward",
				       "through the host bridge, as ACS redirect sends it there" },
	[DRM_WEFT_PEER_DETAIL_HOST_BRIDGE] = {
		"no switch is above both, and the host bridge is not known to forward",
		"through the host bridge, as no switch is above both" },
	[DRM_WEFT_PEER_DETAIL_IOMMU] = { "the IOMMU translates addresses of peers, which the card cannot follow",
					 "through the host bridge and its IOMMU" },
	[DRM_WEFT_PEER_DETAIL_IOMMU_ACS] = {
		"ACS redirect sends it to the IOMMU, whose addresses the card cannot follow",
		"through the host bridge and its IOMMU, as ACS redirect sends it there" },
};

static void advise(const struct drm_weft_query_peer *q, struct weft_peer *peer)
{
	const char *more = q->refusal == DRM_WEFT_PEER_OK ? "; the way gets shorter" : "";
	char port[16];

	snprintf(port, sizeof(port), "%04x:%02x:%02x.%x", (q->port >> 16) & 0xffff, q->port >> 8 & 0xff,
		 q->port >> 3 & 31, q->port & 7);
	switch (q->detail) {
	case DRM_WEFT_PEER_DETAIL_ACS:
	case DRM_WEFT_PEER_DETAIL_IOMMU_ACS:
		snprintf(peer->advice, sizeof(peer->advice), "where the devices may trust each other, boot with "
			 "pci=disable_acs_redir=%s (the first of %u such ports)%s%s", port, q->num_ports,
			 q->detail == DRM_WEFT_PEER_DETAIL_IOMMU_ACS ? ", or with iommu=pt" : "", more);
		break;
	case DRM_WEFT_PEER_DETAIL_HOST_BRIDGE:
		snprintf(peer->advice, sizeof(peer->advice), "put both cards below one switch; the host bridge is %s%s",
			 port, more);
		break;
	case DRM_WEFT_PEER_DETAIL_IOMMU:
		snprintf(peer->advice, sizeof(peer->advice), "put both cards below one switch, or boot with iommu=pt%s",
			 more);
		break;
	default:
		if (q->refusal == DRM_WEFT_PEER_NO_KERNEL)
			snprintf(peer->advice, sizeof(peer->advice), "use a kernel with CONFIG_PCI_P2PDMA and the P2P "
				 "provider of dma-buf (7.x)");
		else if (q->refusal == DRM_WEFT_PEER_GONE)
			snprintf(peer->advice, sizeof(peer->advice), "ask again when it is back");
	}
}

void weft_sys_peer_answer(const struct drm_weft_query_peer *q, struct weft_peer *peer)
{
	const char *why = "refused for a reason this library does not know";
	uint32_t detail = q->detail < COUNT(details) ? q->detail : DRM_WEFT_PEER_DETAIL_NONE;

	peer->error = q->error;
	peer->distance = q->distance;
	peer->link = q->link;
	peer->cells = q->cells;
	peer->port = q->port;
	peer->reach = WEFT_REACH_NONE;
	if (q->refusal < COUNT(refusals))
		why = q->refusal == DRM_WEFT_PEER_NO_ROUTE ? details[detail].refused : refusals[q->refusal];
	if (q->refusal == DRM_WEFT_PEER_SELF) {
		peer->reach = WEFT_REACH_SELF;
	} else if (q->refusal == DRM_WEFT_PEER_OK) {
		peer->reach = q->map_type == DRM_WEFT_PEER_MAP_BUS ? WEFT_REACH_BUS : WEFT_REACH_HOST_BRIDGE;
		why = q->map_type == DRM_WEFT_PEER_MAP_BUS ? "switched below the host bridge" :
		      details[detail].long_way;
	}
	if (q->error)
		snprintf(peer->why, sizeof(peer->why), "%s: error %d", why, -q->error);
	else
		snprintf(peer->why, sizeof(peer->why), "%s", why);
	advise(q, peer);
}
