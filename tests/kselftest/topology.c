// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Peers in one topology of the machine, named by the argument: what QUERY_PEER says of every pair, and that it is true:
 * bytes and cells go both ways, or import is refused with the errno that was told. tests/system/topology_test.py boots
 * the topologies.
 */
#include "ks_uq.h"

#define ALL	(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM)
#define BIND_RW	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)
#define SEM_RW	(BIND_RW | DRM_WEFT_BIND_SEM)
#define PEER_VA	0x400000000ULL
#define CELL	64
#define BYTES	(256u << 10)

static const struct wanted {
	const char *name;
	uint32_t map_type, detail;
	int error;
} topologies[] = {
	{ "switch", DRM_WEFT_PEER_MAP_BUS, DRM_WEFT_PEER_DETAIL_NONE, 0 },
	{ "host", DRM_WEFT_PEER_MAP_HOST, DRM_WEFT_PEER_DETAIL_HOST_BRIDGE, 0 },
	{ "unknown-bridge", DRM_WEFT_PEER_MAP_NONE, DRM_WEFT_PEER_DETAIL_HOST_BRIDGE, -EHOSTUNREACH },
	{ "iommu", DRM_WEFT_PEER_MAP_NONE, DRM_WEFT_PEER_DETAIL_IOMMU, -EHOSTUNREACH },
};
static const struct wanted *wanted;

static int answers(void)
{
	for (int a = 0; a < ks_cards(); a++) {
		for (int b = 0; b < ks_cards(); b++) {
			struct drm_weft_query_peer q;

			if (a == b)
				continue;
			KS_OK(ks_query_peer(a, b, &q));
			printf("# %d to %d: refusal %u error %d map %u distance %d detail %u port %#x cells %u\n", a, b,
			       q.refusal, q.error, q.map_type, q.distance, q.detail, q.port, q.cells);
			KS_IS(q.refusal, wanted->error ? DRM_WEFT_PEER_NO_ROUTE : DRM_WEFT_PEER_OK);
			KS_IS(q.error, wanted->error);
			KS_IS(q.map_type, wanted->map_type);
			KS_IS(q.detail, wanted->detail);
			KS_IS(q.cells, !wanted->error);
			KS_IS(q.num_ports, 0);
			KS_CHECK(wanted->error || q.distance > 0);
			KS_CHECK(!wanted->error == (q.link > 0));
			/* the root complex's own bridge */
			KS_IS(q.port, 0);
		}
	}
	return 0;
}

static int copies(void)
{
	for (int a = 0; a < ks_cards(); a++) {
		for (int b = 0; b < ks_cards(); b++) {
			struct ks_rig rig, peer;
			uint32_t handle;
			int fd;

			if (a == b)
				continue;
			KS_OK(ks_rig_open(&rig, a, 0));
			KS_OK(ks_rig_open(&peer, b, 0));
			KS_OK(ks_export(peer.fd, peer.data_handle, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, &fd));
			KS_IS(ks_import(rig.fd, fd, &handle), wanted->error);
			close(fd);
			if (!wanted->error) {
				KS_OK(ks_bind(rig.fd, rig.vm, handle, PEER_VA, KS_DATA_BYTES, BIND_RW));
				for (size_t i = 0; i < BYTES; i++)
					rig.data[i] = i * 13 + i / 4096 + a * 4 + b;
				rig.list[0] = ks_pkt_copy(PEER_VA + BYTES, KS_DATA_VA, BYTES);
				rig.list[1] = ks_pkt_copy(KS_DATA_VA + 2 * BYTES, PEER_VA + BYTES, BYTES);
				KS_OK(ks_rig_run(&rig, 2, 0));
				KS_IS(memcmp(peer.data + BYTES, rig.data, BYTES), 0);
				KS_IS(memcmp(rig.data + 2 * BYTES, rig.data, BYTES), 0);
			}
			ks_rig_close(&peer);
			ks_rig_close(&rig);
		}
	}
	return 0;
}

static int cells(void)
{
	for (int a = 0; a < ks_cards(); a++) {
		for (int b = 0; b < ks_cards(); b++) {
			struct drm_weft_cell_wait out;
			union weft_packet p;
			struct ks_uq from, to;
			uint32_t handle;
			int fd;

			if (a == b)
				continue;
			KS_OK(ks_uq_open(&from, a));
			KS_OK(ks_uq_open(&to, b));
			KS_OK(ks_export(to.fd, to.cells_handle, ALL, &fd));
			KS_IS(ks_import(from.fd, fd, &handle), wanted->error);
			close(fd);
			for (uint64_t i = 1; !wanted->error && i <= 10; i++) {
				if (i == 1) {
					KS_OK(ks_bind(from.fd, from.vm, handle, PEER_VA, 4096, SEM_RW));
					KS_OK(ks_uq_start(&from, NULL, 0));
					KS_OK(ks_uq_start(&to, NULL, 0));
				}
				p = ks_pkt_wait(KS_CELLS_VA + CELL, i);
				ks_uq_put(&to, &p);
				p = ks_pkt_signal(PEER_VA + CELL, i, WEFT_SIG_VALUE);
				p.signal.scope = i % 2 ? WEFT_SCOPE_QUEUE : WEFT_SCOPE_SYSTEM;
				ks_uq_put(&from, &p);
				KS_OK(ks_cell_wait(to.fd, to.cells_handle, CELL, i, 10 * KS_SECOND, &out));
				KS_OK(ks_uq_drain(&to));
				KS_OK(ks_uq_drain(&from));
			}
			ks_uq_close(&to);
			ks_uq_close(&from);
		}
	}
	return 0;
}

/* Host memory is shared whatever the topology, and the refusal harms nothing else. */
static int host_memory(void)
{
	struct ks_rig rig, peer;
	uint32_t handle, imported;
	uint8_t *p;
	int fd;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&peer, 1, 0));
	KS_OK(ks_gem_create(peer.fd, BYTES, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	p = ks_gem_map(peer.fd, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	KS_OK(ks_export(peer.fd, handle, DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE, &fd));
	KS_OK(ks_import(rig.fd, fd, &imported));
	close(fd);
	KS_OK(ks_bind(rig.fd, rig.vm, imported, PEER_VA, BYTES, BIND_RW));
	for (size_t i = 0; i < BYTES; i++)
		rig.data[i] = i * 7 + i / 4096;
	rig.list[0] = ks_pkt_copy(PEER_VA, KS_DATA_VA, BYTES);
	KS_OK(ks_rig_run(&rig, 1, 0));
	KS_IS(memcmp(p, rig.data, BYTES), 0);
	munmap(p, BYTES);
	KS_OK(ks_rig_alive(&peer));
	ks_rig_close(&peer);
	ks_rig_close(&rig);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct ks_test tests[] = {
		{ "QUERY_PEER of every pair", answers },
		{ "copies between every pair, or the refusal", copies },
		{ "cells between every pair, or the refusal", cells },
		{ "host memory is shared all the same", host_memory },
	};

	for (size_t i = 0; i < sizeof(topologies) / sizeof(topologies[0]); i++)
		if (argc == 2 && !strcmp(argv[1], topologies[i].name))
			wanted = &topologies[i];
	if (!wanted || ks_cards() < 2) {
		printf("Bail out! %s\n", wanted ? "needs two cards" : "no such topology");
		return 1;
	}
	return ks_main("topology", tests, sizeof(tests) / sizeof(tests[0]));
}
