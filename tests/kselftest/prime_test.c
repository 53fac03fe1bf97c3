// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Exported memory: rights stay with the descriptor, peers reach each other, revocation is final. */
#include "ks_uq.h"

#include <fcntl.h>
#include <sys/resource.h>

#define PEER_VA	0x400000000ULL
#define MIB	(1ULL << 20)
#define R	DRM_WEFT_RIGHT_READ
#define W	DRM_WEFT_RIGHT_WRITE
#define BIND_R	DRM_WEFT_BIND_READ
#define BIND_RW	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)

static int rights(void)
{
	struct drm_weft_gem_info info;
	uint32_t handle, imported;
	int owner = ks_open(0), user = ks_open(0), fd;
	uint32_t vm;
	void *p;

	KS_OK(ks_gem_create(owner, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_IS(ks_export(owner, handle, 0, &fd), -EINVAL);
	KS_IS(ks_export(owner, handle, 0x10, &fd), -EINVAL);
	KS_IS(ks_export(owner, handle + 99, R, &fd), -ENOENT);
	KS_OK(ks_export(owner, handle, R, &fd));
	KS_OK(ks_import(user, fd, &imported));
	KS_OK(ks_gem_info(user, imported, &info));
	KS_IS(info.rights, R);
	KS_OK(ks_vm_create(user, &vm));
	KS_IS(ks_bind(user, vm, imported, MIB, MIB, BIND_RW), -EACCES);
	KS_OK(ks_bind(user, vm, imported, MIB, MIB, BIND_R));
	p = ks_gem_map(user, imported, PROT_READ | PROT_WRITE);
	KS_CHECK(p == MAP_FAILED, "a read-only import was mapped writable");
	p = ks_gem_map(user, imported, PROT_READ);
	KS_CHECK(p != MAP_FAILED);
	KS_CHECK(mprotect(p, MIB, PROT_READ | PROT_WRITE) != 0, "mprotect made it writable");
	munmap(p, MIB);
	p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	KS_CHECK(p == MAP_FAILED, "the read-only dma-buf was mapped writable");
	close(fd);
	/* rights only shrink */
	KS_IS(ks_export(user, imported, R | W, &fd), -EACCES);
	KS_OK(ks_export(user, imported, R, &fd));
	close(fd);
	close(user);
	close(owner);
	return 0;
}

/* DRM's own call: reading, and writing if asked for; the processor maps the descriptor by the same rights. */
static int by_drm(void)
{
	struct drm_weft_gem_info info;
	int owner = ks_open(0), user = ks_open(0);
	uint32_t handle, imported;
	uint8_t *p, *mine;

	KS_OK(ks_gem_create(owner, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	mine = ks_gem_map(owner, handle, PROT_READ | PROT_WRITE);
	KS_CHECK(mine != MAP_FAILED);
	for (int writable = 0; writable < 2; writable++) {
		struct drm_prime_handle arg = { .handle = handle, .flags = DRM_CLOEXEC | (writable ? DRM_RDWR : 0) };

		KS_OK(ks_ioctl(owner, DRM_IOCTL_PRIME_HANDLE_TO_FD, &arg));
		KS_IS(fcntl(arg.fd, F_GETFD), FD_CLOEXEC);
		KS_OK(ks_import(user, arg.fd, &imported));
		KS_OK(ks_gem_info(user, imported, &info));
		KS_IS(info.rights, writable ? R | W : R);
		mine[MIB - 1] = 0x40 + writable;
		p = mmap(NULL, MIB, PROT_READ, MAP_SHARED, arg.fd, 0);
		KS_CHECK(p != MAP_FAILED);
		KS_IS(p[MIB - 1], 0x40 + writable);
		KS_IS(mprotect(p, MIB, PROT_READ | PROT_WRITE), writable ? 0 : -1);
		/* a copy of one's own, which the descriptor would allow, there is not */
		KS_CHECK(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE, arg.fd, 0) == MAP_FAILED);
		if (writable) {
			p[5] = 0x66;
			KS_IS(mine[5], 0x66);
		}
		munmap(p, MIB);
		/* beyond its end, and behind an offset */
		KS_CHECK(mmap(NULL, 2 * MIB, PROT_READ, MAP_SHARED, arg.fd, 0) == MAP_FAILED);
		p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, arg.fd, MIB - 4096);
		KS_CHECK(p != MAP_FAILED && p[4095] == 0x40 + writable);
		munmap(p, 4096);
		KS_OK(ks_gem_close(user, imported));
		close(arg.fd);
	}
	KS_IS(ks_ioctl(owner, DRM_IOCTL_PRIME_HANDLE_TO_FD, &(struct drm_prime_handle){ .handle = handle + 99 }), -ENOENT);
	munmap(mine, MIB);
	close(user);
	close(owner);
	return 0;
}

/* A right to signal alone is none to look. */
static int only_signals(void)
{
	int owner = ks_open(0), fd;
	uint32_t handle;

	KS_OK(ks_gem_create(owner, 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, &handle));
	KS_OK(ks_export(owner, handle, DRM_WEFT_RIGHT_SEM, &fd));
	KS_CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	KS_IS(errno, EACCES);
	close(fd);
	close(owner);
	return 0;
}

/* With no descriptor left nothing is exported; with one, it is. */
static int no_descriptor(void)
{
	long long exports = ks_count(0, "live_exports");
	struct rlimit was, none;
	uint32_t handle;
	int owner = ks_open(0), fd, r;

	KS_OK(ks_gem_create(owner, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(getrlimit(RLIMIT_NOFILE, &was));
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = was.rlim_max };
	KS_OK(setrlimit(RLIMIT_NOFILE, &none));
	r = ks_export(owner, handle, R, &fd);
	KS_OK(setrlimit(RLIMIT_NOFILE, &was));
	KS_IS(r, -EMFILE);
	for (int i = 0; i < 100 && ks_count(0, "live_exports") != exports; i++)
		usleep(10000);
	KS_IS(ks_count(0, "live_exports"), exports);
	KS_OK(ks_export(owner, handle, R, &fd));
	KS_IS(ks_count(0, "live_exports"), exports + 1);
	close(fd);
	close(owner);
	return 0;
}

/* Memory from before a reset cannot be exported, nor imported, by its own card or another; its old mapping is empty. */
static int lost(void)
{
	int last = ks_cards() - 1, owner = ks_open(0), user = ks_open(0), peer = ks_open(last), fd, after;
	uint32_t handle, imported;
	uint8_t *p;

	KS_OK(ks_gem_create(owner, MIB, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	KS_OK(ks_export(owner, handle, R | W, &fd));
	p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	KS_CHECK(p != MAP_FAILED);
	p[77] = 0x77;
	KS_OK(ks_reset(0));
	KS_IS(p[77], 0);
	munmap(p, MIB);
	KS_CHECK(mmap(NULL, MIB, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	KS_IS(errno, ECANCELED);
	KS_IS(ks_export(owner, handle, R, &after), -ECANCELED);
	KS_IS(ks_import(user, fd, &imported), -ECANCELED);
	if (last)
		KS_IS(ks_import(peer, fd, &imported), -ECANCELED);
	close(fd);
	close(peer);
	close(user);
	close(owner);
	return 0;
}

/* Imports the other card's data object into a rig at PEER_VA. */
static int attach(struct ks_rig *rig, struct ks_rig *peer, uint32_t rights, uint32_t flags, uint32_t *handle)
{
	int fd, r = ks_export(peer->fd, peer->data_handle, rights, &fd);

	if (!r) {
		r = ks_import(rig->fd, fd, handle);
		close(fd);
	}
	return r ? r : ks_bind(rig->fd, rig->vm, *handle, PEER_VA, KS_DATA_BYTES, flags);
}

static bool peers_reach(int *refusal)
{
	struct drm_weft_query_peer query;
	int fd;

	*refusal = DRM_WEFT_PEER_GONE;
	if (ks_cards() < 2)
		return false;
	query = (struct drm_weft_query_peer){ .peer_fd = ks_open(1) };
	fd = ks_open(0);
	ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query);
	close(fd);
	close(query.peer_fd);
	*refusal = query.refusal;
	return query.refusal == DRM_WEFT_PEER_OK;
}

/* The only reasons to go without: one card, or a kernel without P2PDMA. */
static int no_peers(int refusal)
{
	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_IS(refusal, DRM_WEFT_PEER_NO_KERNEL);
	return ks_skip("p2pdma");
}

static int peer_copy(void)
{
	int refusal;

	if (!peers_reach(&refusal))
		return no_peers(refusal);
	for (int a = 0; a < ks_cards(); a++) {
		for (int b = 0; b < ks_cards(); b++) {
			struct drm_weft_counter counter[33];
			struct drm_weft_query query = {
				.what = DRM_WEFT_QUERY_COUNTERS, .size = sizeof(counter), .ptr = (uintptr_t)counter,
			};
			struct ks_rig rig, peer;
			struct drm_weft_device device;
			uint32_t handle;
			uint64_t read = 0, written = 0;

			if (a == b)
				continue;
			KS_OK(ks_rig_open(&rig, a, 0));
			KS_OK(ks_rig_open(&peer, b, 0));
			KS_OK(attach(&rig, &peer, R | W, BIND_RW, &handle));
			for (size_t i = 0; i < MIB; i++)
				rig.data[i] = i * 13 + a * 4 + b;
			rig.list[0].copy = (struct weft_pkt_copy){
				.op = WEFT_PKT_COPY, .src = KS_DATA_VA, .dst = PEER_VA + MIB, .bytes = MIB,
			};
			rig.list[1].copy = (struct weft_pkt_copy){
				.op = WEFT_PKT_COPY, .src = PEER_VA + MIB, .dst = KS_DATA_VA + 2 * MIB, .bytes = MIB,
			};
			KS_OK(ks_rig_run(&rig, 2, 0));
			KS_IS(memcmp(peer.data + MIB, rig.data, MIB), 0);
			KS_IS(memcmp(rig.data + 2 * MIB, rig.data, MIB), 0);
			KS_OK(ks_device(peer.fd, &device));
			query.index = rig.vm;
			KS_OK(ks_ioctl(rig.fd, DRM_IOCTL_WEFT_QUERY, &query));
			for (size_t i = 0; i < query.size / sizeof(counter[0]); i++) {
				if (counter[i].link && counter[i].link != 255 &&
				    counter[i].peer_serial == device.serial) {
					read += counter[i].read_bytes;
					written += counter[i].write_bytes;
				}
			}
			KS_IS(read, MIB);
			KS_IS(written, MIB);
			ks_rig_close(&peer);
			ks_rig_close(&rig);
		}
	}
	return 0;
}

static int peer_read_only(void)
{
	struct drm_weft_queue_state state;
	struct ks_rig rig, peer;
	uint32_t handle;
	int refusal;

	if (!peers_reach(&refusal))
		return no_peers(refusal);
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&peer, 1, 0));
	KS_IS(attach(&rig, &peer, R, BIND_RW, &handle), -EACCES);
	KS_OK(attach(&rig, &peer, R, BIND_R, &handle));
	memset(peer.data, 0, 4096);
	rig.list[0].fill = (struct weft_pkt_fill){
		.op = WEFT_PKT_FILL, .width = 1, .dst = PEER_VA, .bytes = 64, .pattern = 0xff,
	};
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.cause, WEFT_FAULT_PT_WRITE);
	KS_CHECK(peer.data[0] == 0);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&peer);
	ks_rig_close(&rig);
	return 0;
}

/* Somebody else's memory is passed on as it came, or not at all: its owner's rights are not the importer's to change. */
static int passed_on(void)
{
	struct drm_weft_gem_info info;
	struct ks_rig rig, peer, third;
	uint32_t handle, again;
	int refusal, fd;

	if (!peers_reach(&refusal))
		return no_peers(refusal);
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&peer, 1, 0));
	KS_OK(ks_rig_open(&third, 0, 0));
	KS_OK(attach(&rig, &peer, R | W, BIND_RW, &handle));
	KS_IS(ks_export(rig.fd, handle, R, &fd), -EOPNOTSUPP);
	KS_IS(ks_export(rig.fd, handle, R | W | DRM_WEFT_RIGHT_SEM, &fd), -EACCES);
	KS_OK(ks_export(rig.fd, handle, R | W, &fd));
	KS_OK(ks_import(third.fd, fd, &again));
	close(fd);
	KS_OK(ks_gem_info(third.fd, again, &info));
	KS_IS(info.rights, R | W);
	KS_OK(ks_bind(third.fd, third.vm, again, PEER_VA, KS_DATA_BYTES, BIND_RW));
	memset(peer.data, 0x3c, 4096);
	third.list[0] = ks_pkt_copy(KS_DATA_VA, PEER_VA, 4096);
	KS_OK(ks_rig_run(&third, 1, 0));
	KS_CHECK(third.data[0] == 0x3c && third.data[4095] == 0x3c);
	ks_rig_close(&third);
	ks_rig_close(&peer);
	ks_rig_close(&rig);
	return 0;
}

/* Everyone who holds the dma-buf keeps the memory alive; when the last is gone it is free again (leak check). */
static int owner_closes_first(void)
{
	struct ks_rig rig, peer;
	uint32_t handle;
	int refusal;

	if (!peers_reach(&refusal))
		return no_peers(refusal);
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&peer, 1, 0));
	KS_OK(attach(&rig, &peer, R | W, BIND_RW, &handle));
	ks_rig_close(&peer);
	rig.list[0].fill = (struct weft_pkt_fill){
		.op = WEFT_PKT_FILL, .width = 8, .dst = PEER_VA, .bytes = 4096, .pattern = 7,
	};
	rig.list[1].copy = (struct weft_pkt_copy){
		.op = WEFT_PKT_COPY, .src = PEER_VA, .dst = KS_DATA_VA, .bytes = 4096,
	};
	KS_OK(ks_rig_run(&rig, 2, 0));
	KS_CHECK(*(uint64_t *)rig.data == 7);
	KS_OK(ks_unbind(rig.fd, rig.vm, PEER_VA, KS_DATA_BYTES));
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	ks_rig_close(&rig);
	return 0;
}

/* Waits up to 5 s for a count; its last value. */
static long long settles(int card, const char *name, long long want)
{
	int64_t until = ks_now_ns() + 5 * KS_SECOND;
	long long value;

	while ((value = ks_count(card, name)) != want && ks_now_ns() < until)
		usleep(10000);
	return value;
}

/*
 * An import's mappings go with its binding, whose file closes here in the middle of writing through it. A closed handle
 * alone takes nothing from the binding.
 */
static int importer_closes_first(void)
{
	long long imports, mappings, exports;
	struct ks_rig rig, peer;
	uint32_t handle;
	int refusal;

	if (!peers_reach(&refusal))
		return no_peers(refusal);
	KS_OK(ks_rig_open(&peer, 1, 0));
	imports = ks_count(0, "live_imports");
	mappings = ks_count(0, "live_mappings");
	exports = ks_count(1, "live_exports");
	KS_CHECK(imports >= 0 && mappings >= 0 && exports >= 0, "no counts in debugfs");
	KS_OK(ks_rig_open(&rig, 0, 60000));
	KS_OK(attach(&rig, &peer, R | W, BIND_RW, &handle));
	KS_CHECK(ks_count(0, "live_imports") > imports);
	KS_CHECK(ks_count(1, "live_exports") > exports);
	KS_OK(ks_gem_close(rig.fd, handle));
	memset(peer.data, 0, KS_DATA_BYTES);
	for (int i = 0; i < 1000; i++)
		rig.list[i].fill = (struct weft_pkt_fill){
			.op = WEFT_PKT_FILL, .width = 8, .dst = PEER_VA, .bytes = KS_DATA_BYTES, .pattern = 7,
		};
	KS_OK(ks_rig_run(&rig, 1, 0));
	KS_CHECK(*(uint64_t *)(peer.data + KS_DATA_BYTES - 8) == 7, "the binding ended with the handle");
	for (int i = 0; i < 4; i++)
		KS_OK(ks_rig_submit(&rig, 1000, 0));
	ks_rig_close(&rig);
	KS_IS(settles(0, "live_imports", imports), imports);
	KS_IS(settles(0, "live_mappings", mappings), mappings);
	KS_IS(settles(1, "live_exports", exports), exports);
	memset(peer.data, 0x5a, KS_DATA_BYTES);
	usleep(100000);
	for (size_t i = 0; i < KS_DATA_BYTES; i++)
		KS_CHECK(peer.data[i] == 0x5a, "byte %zu was written after the importer was gone", i);
	KS_OK(ks_rig_alive(&peer));
	ks_rig_close(&peer);
	return 0;
}

/* The peer's driver is unbound with traffic in flight: the importer faults, bounded, and nobody crashes. */
static int peer_removed(void)
{
	struct drm_weft_queue_state state;
	char pci[32];
	struct ks_rig rig, peer;
	uint32_t handle;
	int refusal, r, last = ks_cards() - 1;

	if (!peers_reach(&refusal))
		return no_peers(refusal);
	snprintf(pci, sizeof(pci), "%s", ks_pci(last));
	KS_OK(ks_rig_open(&rig, 0, 60000));
	KS_OK(ks_rig_open(&peer, last, 0));
	KS_OK(attach(&rig, &peer, R | W, BIND_RW, &handle));
	for (int i = 0; i < 1000; i++)
		rig.list[i].copy = (struct weft_pkt_copy){
			.op = WEFT_PKT_COPY, .src = PEER_VA, .dst = KS_DATA_VA, .bytes = KS_DATA_BYTES,
		};
	for (int i = 0; i < 4; i++)
		KS_OK(ks_rig_submit(&rig, 1000, 0));
	KS_OK(ks_driver("unbind", pci));
	r = ks_rig_wait(&rig);
	KS_CHECK(r == -ECANCELED || r == -EFAULT, "%d", r);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	/* the link is masked first, then the entries go; an access may meet either */
	KS_CHECK(state.cause == WEFT_FAULT_PT_INVALID || state.cause == WEFT_FAULT_LINK_DOWN, "%u", state.cause);
	KS_OK(ks_rig_alive(&rig));
	KS_CHECK(ks_ioctl(peer.fd, DRM_IOCTL_WEFT_VM_CREATE, &(struct drm_weft_vm_create){ 0 }) == -ENODEV);
	ks_rig_close(&peer);
	ks_rig_close(&rig);
	KS_OK(ks_driver("bind", pci));
	return 0;
}

#define FILLERS	64
#define FILLER_VA(i)	(0x500000000ULL + ((uint64_t)(i) << 20))

static uint32_t link_to(int fd, int peer)
{
	struct drm_weft_query_peer query = { .peer_fd = peer };

	return !ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query) && query.refusal == DRM_WEFT_PEER_OK ? query.link : ~0u;
}

static void flood(struct ks_rig *rig)
{
	for (int i = 0; i < 1000; i++)
		rig->list[i] = ks_pkt_copy(KS_DATA_VA, PEER_VA, KS_DATA_BYTES);
	for (int i = 0; i < 4; i++)
		ks_rig_submit(rig, 1000, 0);
}

/*
 * The peer goes while its memory is read. What is exported first is taken back first, and each takes an invalidate: the
 * object under traffic has FILLERS before it, so that a mask that comes first meets the traffic.
 */
static int goes(struct ks_rig *rig, int last, bool gone, uint32_t want, uint32_t *link)
{
	struct drm_weft_queue_state state;
	uint32_t handles[FILLERS + 1], filler;
	char pci[32];
	struct ks_rig peer;
	long long masks;
	int fd, r;

	snprintf(pci, sizeof(pci), "%s", ks_pci(last));
	KS_OK(ks_rig_open(&peer, last, 0));
	for (int i = 0; i < FILLERS; i++) {
		KS_OK(ks_gem_create(peer.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &filler));
		KS_OK(ks_export(peer.fd, filler, R, &fd));
		KS_OK(ks_import(rig->fd, fd, &handles[i]));
		close(fd);
		KS_OK(ks_bind(rig->fd, rig->vm, handles[i], FILLER_VA(i), 4096, BIND_R));
	}
	KS_OK(attach(rig, &peer, R | W, BIND_RW, &handles[FILLERS]));
	*link = link_to(rig->fd, peer.fd);
	masks = ks_count(0, "link_masks");
	flood(rig);
	KS_OK(gone ? ks_driver("unbind", pci) : ks_reset(last));
	r = ks_rig_wait(rig);
	KS_CHECK(r == -ECANCELED || r == -EFAULT, "%d", r);
	KS_OK(ks_queue_state(rig->fd, rig->queue, &state));
	KS_IS(state.cause, want);
	KS_IS(ks_count(0, "link_masks") - masks, gone);
	KS_OK(ks_rig_alive(rig));
	for (int i = 0; i < FILLERS; i++)
		KS_OK(ks_unbind(rig->fd, rig->vm, FILLER_VA(i), 4096));
	KS_OK(ks_unbind(rig->fd, rig->vm, PEER_VA, KS_DATA_BYTES));
	for (int i = 0; i <= FILLERS; i++)
		KS_OK(ks_gem_close(rig->fd, handles[i]));
	ks_rig_close(&peer);
	if (gone)
		KS_OK(ks_driver("bind", pci));
	return 0;
}

/* Memory that is taken back, and a card that is lost, are told apart; either way the same link works with the card back. */
static int masked_or_revoked(void)
{
	int refusal, last = ks_cards() - 1;
	uint32_t handle, link = ~0u, again;
	struct ks_rig rig, peer;

	if (!peers_reach(&refusal))
		return no_peers(refusal);
	KS_OK(ks_rig_open(&rig, 0, 60000));
	for (int gone = 0; gone < 2; gone++) {
		KS_DO(goes(&rig, last, gone, gone ? WEFT_FAULT_LINK_DOWN : WEFT_FAULT_PT_INVALID, &link));
		KS_OK(ks_rig_open(&peer, last, 0));
		again = link_to(rig.fd, peer.fd);
		KS_CHECK(link != ~0u && again == link, "link %u, then %u", link, again);
		KS_OK(attach(&rig, &peer, R | W, BIND_RW, &handle));
		memset(peer.data, 0x70 + gone, MIB);
		rig.list[0] = ks_pkt_copy(PEER_VA + MIB, PEER_VA, MIB);
		rig.list[1] = ks_pkt_copy(KS_DATA_VA, PEER_VA + MIB, MIB);
		KS_OK(ks_rig_run(&rig, 2, 0));
		KS_CHECK(rig.data[0] == 0x70 + gone && !memcmp(rig.data, rig.data + 1, MIB - 1));
		KS_IS(memcmp(peer.data + MIB, rig.data, MIB), 0);
		KS_OK(ks_unbind(rig.fd, rig.vm, PEER_VA, KS_DATA_BYTES));
		KS_OK(ks_gem_close(rig.fd, handle));
		ks_rig_close(&peer);
	}
	ks_rig_close(&rig);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "rights belong to the export and only shrink", rights },
		{ "exported and mapped by DRM's own calls", by_drm },
		{ "a right to signal is none to look", only_signals },
		{ "no descriptor left", no_descriptor },
		{ "memory from before a reset is neither exported nor imported", lost },
		{ "a peer's memory is passed on as it came", passed_on },
		{ "every card reads and writes every other, bytes counted per link", peer_copy },
		{ "a read-only peer cannot be written", peer_read_only },
		{ "memory outlives its owner's file", owner_closes_first },
		{ "the importer's close leaves nothing mapped", importer_closes_first },
		{ "a peer removed under load", peer_removed },
		{ "a lost card's link is masked, a reset card's is not; both work again", masked_or_revoked },
	};

	return ks_main("prime", tests, sizeof(tests) / sizeof(tests[0]));
}
