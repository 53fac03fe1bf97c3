/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Answers of QUERY_PEER as words: each refusal and detail says what is in the way and what to do about it. */
#include <errno.h>

#include <drm/weft_accel.h>
#include "runtime/core/sys_peer.h"

#include "rt.h"

static struct weft_peer words(struct drm_weft_query_peer q)
{
	struct weft_peer peer = { .size = sizeof(peer) };

	weft_sys_peer_answer(&q, &peer);
	assert_true(strlen(peer.why) > 0 && strlen(peer.why) < sizeof(peer.why) - 1);
	assert_true(strlen(peer.advice) < sizeof(peer.advice) - 1);	/* nothing is cut off */
	return peer;
}

static void topologies(void **state)
{
	const uint32_t port = 0x00020000 | 0x03 << 8 | 1 << 3 | 2;
	struct weft_peer p;

	(void)state;
	p = words((struct drm_weft_query_peer){ .map_type = DRM_WEFT_PEER_MAP_BUS, .distance = 4, .link = 1, .cells = 1 });
	assert_int_equal(p.reach, WEFT_REACH_BUS);
	assert_int_equal(p.distance, 4);
	assert_int_equal(p.cells, 1);
	assert_string_equal(p.advice, "");
	p = words((struct drm_weft_query_peer){ .map_type = DRM_WEFT_PEER_MAP_HOST, .port = port, .num_ports = 2,
						.detail = DRM_WEFT_PEER_DETAIL_ACS });
	assert_int_equal(p.reach, WEFT_REACH_HOST_BRIDGE);
	assert_int_equal(p.port, port);
	assert_non_null(strstr(p.why, "ACS redirect"));
	assert_non_null(strstr(p.advice, "pci=disable_acs_redir=0002:03:01.2 (the first of 2 such ports)"));
	p = words((struct drm_weft_query_peer){ .refusal = DRM_WEFT_PEER_NO_ROUTE, .error = -EHOSTUNREACH, .port = port,
						.num_ports = 1, .detail = DRM_WEFT_PEER_DETAIL_ACS });
	assert_int_equal(p.reach, WEFT_REACH_NONE);
	assert_non_null(strstr(p.why, "not known to forward: error 113"));
	assert_non_null(strstr(p.advice, "pci=disable_acs_redir=0002:03:01.2"));
	p = words((struct drm_weft_query_peer){ .refusal = DRM_WEFT_PEER_NO_ROUTE, .error = -EHOSTUNREACH, .port = port,
						.detail = DRM_WEFT_PEER_DETAIL_HOST_BRIDGE });
	assert_non_null(strstr(p.why, "host bridge is not known"));
	assert_non_null(strstr(p.advice, "below one switch; the host bridge is 0002:03:01.2"));
	p = words((struct drm_weft_query_peer){ .refusal = DRM_WEFT_PEER_NO_ROUTE, .error = -EHOSTUNREACH,
						.detail = DRM_WEFT_PEER_DETAIL_IOMMU });
	assert_non_null(strstr(p.why, "IOMMU translates"));
	assert_non_null(strstr(p.advice, "iommu=pt"));
	p = words((struct drm_weft_query_peer){ .refusal = DRM_WEFT_PEER_NO_ROUTE, .error = -EHOSTUNREACH, .port = ~0u,
						.num_ports = ~0u, .detail = DRM_WEFT_PEER_DETAIL_IOMMU_ACS });
	assert_non_null(strstr(p.advice, "pci=disable_acs_redir=ffff:ff:1f.7"));
	assert_non_null(strstr(p.advice, "iommu=pt"));
}

static void others(void **state)
{
	struct weft_peer p;

	(void)state;
	for (uint32_t refusal = 0; refusal < 20; refusal++)
		for (uint32_t detail = 0; detail < 20; detail++)
			words((struct drm_weft_query_peer){ .refusal = refusal, .detail = detail, .error = -EIO });
	p = words((struct drm_weft_query_peer){ .refusal = DRM_WEFT_PEER_NO_KERNEL, .error = -EOPNOTSUPP });
	assert_non_null(strstr(p.why, "no PCI P2PDMA"));
	assert_non_null(strstr(p.advice, "CONFIG_PCI_P2PDMA"));
	p = words((struct drm_weft_query_peer){ .refusal = DRM_WEFT_PEER_SELF });
	assert_int_equal(p.reach, WEFT_REACH_SELF);
	p = words((struct drm_weft_query_peer){ .refusal = 99 });
	assert_int_equal(p.reach, WEFT_REACH_NONE);
	assert_non_null(strstr(p.why, "does not know"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topologies),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
