// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <kunit/test.h>

#include <linux/pci.h>
#include <drm/weft_accel.h>

#include "weft_route.h"

static const char *text_of(struct kunit *test, struct weft_route route)
{
	char *text = kunit_kzalloc(test, WEFT_ROUTE_TEXT_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	route.port = 0x10203 << 8 | PCI_DEVFN(0x1f, 7);
	route.num_ports = 3;
	weft_route_text(&route, "0000:0a:00.0", text, WEFT_ROUTE_TEXT_MAX);
	return text;
}

/* Every refusal says who, what is against it, at which port, and what to change. */
static void words(struct kunit *test)
{
	static const struct {
		u32 detail;
		int error;
		const char *has[4];
	} cases[] = {
		{ DRM_WEFT_PEER_DETAIL_ACS, 0,
		  { "reaches", "through the host bridge", "0102:03:1f.7 (3 such",
		    "pci=disable_acs_redir=0102:03:1f.7" } },
		{ DRM_WEFT_PEER_DETAIL_ACS, -EHOSTUNREACH,
		  { "cannot reach", "ACS redirect is on at port 0102:03:1f.7" } },
		{ DRM_WEFT_PEER_DETAIL_HOST_BRIDGE, 0,
		  { "reaches", "through the host bridge at 0102:03:1f.7:", "below one" } },
		{ DRM_WEFT_PEER_DETAIL_HOST_BRIDGE, -EHOSTUNREACH,
		  { "cannot reach", "as the host bridge at 0102:03:1f.7 is not known to forward",
		    "below one" } },
		{ DRM_WEFT_PEER_DETAIL_IOMMU, -EHOSTUNREACH,
		  { "cannot reach", "IOMMU translates", "iommu=pt" } },
		{ DRM_WEFT_PEER_DETAIL_IOMMU_ACS, -EHOSTUNREACH,
		  { "cannot reach", "ACS redirect at port 0102:03:1f.7 (3 such",
		    "pci=disable_acs_redir=0102:03:1f.7", "iommu=pt" } },
		{ 0, 0, { "reaches" } },
		{ U32_MAX, -EHOSTUNREACH, { "cannot reach" } },
	};
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = text_of(test, (struct weft_route){ .detail = cases[i].detail,
								      .error = cases[i].error });

		KUNIT_EXPECT_PTR_EQ(test, strstr(text, "0000:0a:00.0 "), text);
		KUNIT_EXPECT_PTR_EQ(test, strchr(text, '\n'), NULL);
		for (j = 0; j < ARRAY_SIZE(cases[i].has) && cases[i].has[j]; j++)
			KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(text, cases[i].has[j]),
						  "%s\nhas no \"%s\"", text, cases[i].has[j]);
		/* it was not cut */
		KUNIT_EXPECT_LT(test, strlen(text), WEFT_ROUTE_TEXT_MAX - 20);
	}
}

static void cut(struct kunit *test)
{
	const struct weft_route route = {
		.detail = DRM_WEFT_PEER_DETAIL_IOMMU_ACS, .error = -EHOSTUNREACH,
	};
	char text[8] = "xxxxxxx";

	weft_route_text(&route, "peer", text, 6);
	KUNIT_EXPECT_STREQ(test, text, "peer ");
	KUNIT_EXPECT_EQ(test, text[6], 'x');
}

static struct kunit_case cases[] = {
	KUNIT_CASE(words),
	KUNIT_CASE(cut),
	{}
};

static struct kunit_suite suite = { .name = "weft_route", .test_cases = cases };
kunit_test_suite(suite);
