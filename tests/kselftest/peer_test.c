// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* QUERY_PEER: what it reports is true, and every refusal has its reason. */
#include "ks.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

/* The port of the root complex that a card hangs below, by sysfs: cards below one port share a switch. */
static int root_port(int card, char port[32])
{
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", ks_pci(card));
	if (!realpath(link, path))
		return -errno;
	return sscanf(path, "/sys/devices/pci%*[^/]/%31[^/]", port) == 1 ? 0 : -EINVAL;
}

static int all_pairs(void)
{
	struct drm_weft_device device;
	char port[2][32];

	for (int a = 0; a < ks_cards(); a++) {
		for (int b = 0; b < ks_cards(); b++) {
			struct drm_weft_query_peer query = { .peer_fd = ks_open(b) };
			int fd = ks_open(a);
			int64_t took;

			KS_OK(ks_device(fd, &device));
			took = ks_now_ns();
			KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
			took = ks_now_ns() - took;
			if (a == b) {
				KS_IS(query.refusal, DRM_WEFT_PEER_SELF);
			} else if (!device.p2p) {
				KS_IS(query.refusal, DRM_WEFT_PEER_NO_KERNEL);
				KS_IS(query.error, -EOPNOTSUPP);
				KS_IS(query.map_type, DRM_WEFT_PEER_MAP_NONE);
			} else {
				KS_IS(query.refusal, DRM_WEFT_PEER_OK);
				KS_IS(query.error, 0);
				KS_OK(root_port(a, port[0]));
				KS_OK(root_port(b, port[1]));
				printf("# %d to %d: by %s, distance %d, asked in %lld us\n", a, b,
				       query.map_type == DRM_WEFT_PEER_MAP_BUS ? "bus address" : "host bridge",
				       query.distance, (long long)took / 1000);
				KS_IS(query.detail, query.map_type == DRM_WEFT_PEER_MAP_BUS ? DRM_WEFT_PEER_DETAIL_NONE :
						    DRM_WEFT_PEER_DETAIL_HOST_BRIDGE);
				KS_IS(query.map_type, strcmp(port[0], port[1]) ? DRM_WEFT_PEER_MAP_HOST :
								      DRM_WEFT_PEER_MAP_BUS);
				KS_CHECK(query.distance >= 0);
				KS_CHECK(query.link > 0 && query.link < device.num_links);
			}
			close(fd);
			close(query.peer_fd);
		}
	}
	return 0;
}

static int bad_descriptors(void)
{
	struct drm_weft_query_peer query = { .peer_fd = -1 };
	int fd = ks_open(0);

	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EBADF);
	query = (struct drm_weft_query_peer){ .peer_fd = open("/dev/null", O_RDWR) };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EINVAL);
	close(query.peer_fd);
	query = (struct drm_weft_query_peer){ .peer_fd = fd, .pad = 1 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EINVAL);
	query = (struct drm_weft_query_peer){ .peer_fd = fd, .pad2 = 1 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EINVAL);
	close(fd);
	return 0;
}

/* A descriptor outlives its card: that is an answer, not an error; a new one works again. */
static int gone(void)
{
	struct drm_weft_query_peer query;
	int fd = ks_open(0), last = ks_cards() - 1, peer = ks_open(last);
	char pci[32], path[128];
	uint32_t before;

	if (ks_cards() < 2) {
		close(fd);
		close(peer);
		return ks_skip("two-cards");
	}
	snprintf(pci, sizeof(pci), "%s", ks_pci(last));
	query = (struct drm_weft_query_peer){ .peer_fd = peer };
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	before = query.refusal;
	KS_OK(ks_driver("unbind", pci));
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_GONE);
	KS_IS(query.error, -ENODEV);
	KS_IS(query.distance, -1);
	KS_OK(ks_driver("bind", pci));
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_GONE);
	close(peer);
	/* one whose reset failed is as good as gone, until it is bound again */
	query.peer_fd = peer = ks_open(last);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", pci);
	KS_OK(ks_inject(last, WEFT_INJECT_RESET_FAILS, 0));
	(void)ks_write(path, "1");
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_GONE);
	KS_IS(query.error, -ENODEV);
	KS_OK(ks_driver("unbind", pci));
	close(peer);
	KS_OK(ks_driver("bind", pci));
	query.peer_fd = ks_open(last);
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, before);
	close(query.peer_fd);
	close(fd);
	return 0;
}

/* A program of before the answer had details: its structure ends where `detail` begins. */
static int shorter_structure(void)
{
	struct drm_weft_query_peer query;
	unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, DRM_COMMAND_BASE + DRM_WEFT_QUERY_PEER,
				     offsetof(struct drm_weft_query_peer, detail));
	int fd = ks_open(0);

	memset(&query, 0x5a, sizeof(query));
	memset(&query, 0, offsetof(struct drm_weft_query_peer, detail));
	query.peer_fd = fd;
	KS_OK(ks_ioctl(fd, request, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_SELF);
	KS_CHECK(query.detail == 0x5a5a5a5a && query.pad2 == 0x5a5a5a5a, "written past its end");
	close(fd);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "every pair of cards", all_pairs },
		{ "descriptors that are no card, padding", bad_descriptors },
		{ "callers with the structure of before", shorter_structure },
		{ "a descriptor whose card is gone", gone },
	};

	return ks_main("peer", tests, sizeof(tests) / sizeof(tests[0]));
}
