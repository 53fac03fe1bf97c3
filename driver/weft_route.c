// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/iommu.h>
#include <linux/pci-p2pdma.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_route.h"

static u32 address_of(struct pci_dev *pdev)
{
	return pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

/* Requests or completions that would turn below this port are sent up instead. */
static bool redirects(struct pci_dev *port)
{
	u16 ctrl = 0;

	if (!port->acs_cap)
		return false;
	pci_read_config_word(port, port->acs_cap + PCI_ACS_CTRL, &ctrl);
	return ctrl & (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_EC);
}

/* The lowest bridge above both, NULL when they meet in the root complex only. */
static struct pci_dev *meeting_point(struct pci_dev *a, struct pci_dev *b)
{
	struct pci_dev *up, *other;

	for (up = pci_upstream_bridge(a); up; up = pci_upstream_bridge(up))
		for (other = pci_upstream_bridge(b); other; other = pci_upstream_bridge(other))
			if (up == other)
				return up;
	return NULL;
}

/* Ports from a function up to where the ways meet; the first that redirects is kept. */
static void look_for_redirects(struct weft_route *route, struct pci_dev *from, struct pci_dev *meet)
{
	for (; from && from != meet; from = pci_upstream_bridge(from)) {
		if (!redirects(from))
			continue;
		if (!route->num_ports++)
			route->port = address_of(from);
	}
}

static u32 host_bridge_of(struct pci_dev *pdev)
{
	return pci_domain_nr(pdev->bus) << 16 | pci_find_host_bridge(pdev->bus)->bus->number << 8;
}

static bool translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

void weft_route_find(struct weft_device *owner, struct device *client, bool follows_iova,
		     struct weft_route *route)
{
	struct pci_dev *meet, *from;

	*route = (struct weft_route) { .distance = -1 };
	if (!weft_prime_p2p(owner)) {
		route->error = -EOPNOTSUPP;
		return;
	}
	if (!dev_is_pci(client)) {
		route->error = -EHOSTUNREACH;
		return;
	}
	from = to_pci_dev(client);
	route->distance = pci_p2pdma_distance(owner->pdev, client, false);
	meet = meeting_point(from, owner->pdev);
	if (meet) {
		look_for_redirects(route, from, meet);
		look_for_redirects(route, owner->pdev, meet);
		if (!route->num_ports)
			return;
	}
	route->through_host = true;
	route->detail = meet ? DRM_WEFT_PEER_DETAIL_ACS : DRM_WEFT_PEER_DETAIL_HOST_BRIDGE;
	if (!meet)
		route->port = host_bridge_of(from);
	if (route->distance < 0) {
		route->error = -EHOSTUNREACH;
	} else if (!follows_iova && translated(client)) {
		/*
		 * With ACS redirect that port stays the one to change: without it no address is
		 * translated.
		 */
		route->error = -EHOSTUNREACH;
		route->detail = meet ? DRM_WEFT_PEER_DETAIL_IOMMU_ACS : DRM_WEFT_PEER_DETAIL_IOMMU;
	}
}

void weft_route_text(const struct weft_route *r, const char *who, char *text, size_t bytes)
{
	const char *verdict = r->error ? "cannot reach" : "reaches";
	char port[16];

	snprintf(port, sizeof(port), "%04x:%02x:%02x.%x", r->port >> 16, r->port >> 8 & 0xff,
		 PCI_SLOT(r->port & 0xff), PCI_FUNC(r->port & 0xff));
	switch (r->detail) {
	case DRM_WEFT_PEER_DETAIL_ACS:
		snprintf(text, bytes,
			 "%s %s this card's memory%s: ACS redirect is on at port %s (%u such ports on the way); where the devices may trust each other boot with pci=disable_acs_redir=%s",
			 who, verdict, r->error ? "" : " through the host bridge", port,
			 r->num_ports, port);
		break;
	case DRM_WEFT_PEER_DETAIL_HOST_BRIDGE:
		snprintf(text, bytes,
			 "%s %s this card's memory%s at %s%s: no switch is above both; put them below one",
			 who, verdict,
			 r->error ? ", as the host bridge" : " through the host bridge", port,
			 r->error ? " is not known to forward between its ports" : "");
		break;
	case DRM_WEFT_PEER_DETAIL_IOMMU:
		snprintf(text, bytes,
			 "%s %s this card's memory: the IOMMU translates addresses of peers, which it cannot follow; put both below one switch, or boot with iommu=pt",
			 who, verdict);
		break;
	case DRM_WEFT_PEER_DETAIL_IOMMU_ACS:
		snprintf(text, bytes,
			 "%s %s this card's memory: ACS redirect at port %s (%u such ports on the way) sends it to the IOMMU, whose addresses it cannot follow; where the devices may trust each other boot with pci=disable_acs_redir=%s, or with iommu=pt",
			 who, verdict, port, r->num_ports, port);
		break;
	default:
		snprintf(text, bytes, "%s %s this card's memory", who, verdict);
		break;
	}
}

int weft_route_open(struct weft_device *owner, struct device *client, bool follows_iova)
{
	char text[WEFT_ROUTE_TEXT_MAX];
	struct weft_route route;
	void *said, *now;

	weft_route_find(owner, client, follows_iova, &route);
	if (!route.detail) {
		if (route.error)
			drm_dbg(&owner->drm, "%s cannot map local memory: %s\n", dev_name(client),
				route.error == -EOPNOTSUPP ? "this kernel has no PCI_P2PDMA" :
				"it is no PCI device");
		return route.error;
	}
	now = xa_mk_value((route.detail << 1) + !route.error);
	said = xa_store(&owner->exports.said, address_of(to_pci_dev(client)), now, GFP_KERNEL);
	/* Told again when it changed; without memory to remember it is told as well. */
	if (said != now) {
		weft_route_text(&route, dev_name(client), text, sizeof(text));
		drm_notice(&owner->drm, "%s\n", text);
	}
	return route.error;
}
