// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * dma-bufs between the cards and other drivers, both ways. The other driver is tests/kselftest/module, which attaches with
 * and without the callback that gives memory back, with and without P2P, and exports memory that moves.
 */
#include "ks_uq.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>

#include "module/weft_importer.h"

#define PEER_VA		0x400000000ULL
#define R		DRM_WEFT_RIGHT_READ
#define W		DRM_WEFT_RIGHT_WRITE
#define BIND_RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)
#define BYTES		(256u << 10)
#define STATIC_MAPS	20
#define DYNAMIC_P2P	(WEFT_IMPORTER_DYNAMIC | WEFT_IMPORTER_P2P)

static int other_driver(void)
{
	int fd = open("/dev/weft-importer", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* As card 0, of a descriptor; takes it. */
static int attach(int other, int dmabuf, uint32_t flags)
{
	struct weft_importer_attach args = { .fd = dmabuf, .flags = flags };
	unsigned int domain, bus, slot, function;
	int r;

	if (sscanf(ks_pci(0), "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
		return -EINVAL;
	args.pci = domain << 16 | bus << 8 | slot << 3 | function;
	r = ks_ioctl(other, WEFT_IMPORTER_ATTACH, &args);
	close(dmabuf);
	return r;
}

static int map(int other, bool write, struct weft_importer_state *state)
{
	*state = (struct weft_importer_state){ .write = write };
	return ks_ioctl(other, WEFT_IMPORTER_MAP, state);
}

/* First and last address of BAR2. */
static int bar2(int card, unsigned long long range[2])
{
	char path[96], line[128];
	FILE *f;
	int n = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", ks_pci(card));
	f = fopen(path, "r");
	for (int i = 0; f && i < 3 && fgets(line, sizeof(line), f); i++)
		n = sscanf(line, "%llx %llx", &range[0], &range[1]);
	if (f)
		fclose(f);
	return n == 2 ? 0 : -EIO;
}

static bool has_p2p(int fd)
{
	struct drm_weft_device device;

	return !ks_device(fd, &device) && device.p2p;
}

/*
 * Whether an IOMMU translates what card 0's function sends to card 1's memory: another driver can follow that, though a weft
 * card cannot.
 */
static bool is_translated(void)
{
	struct drm_weft_query_peer q;

	return !ks_query_peer(0, 1, &q) && q.error == -EHOSTUNREACH && q.detail == DRM_WEFT_PEER_DETAIL_IOMMU;
}

static int who_gets_local_memory(void)
{
	static const uint32_t flags[] = { 0, WEFT_IMPORTER_DYNAMIC, DYNAMIC_P2P };
	struct ks_rig owner;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_OK(ks_rig_open(&owner, 1, 0));
	for (int i = 0; i < 3; i++) {
		int other = other_driver(), fd;

		KS_CHECK(other >= 0, "%d", other);
		KS_OK(ks_export(owner.fd, owner.data_handle, R | W, &fd));
		KS_IS(attach(other, fd, flags[i]), flags[i] == DYNAMIC_P2P && has_p2p(owner.fd) ? 0 : -EOPNOTSUPP);
		close(other);
	}
	ks_rig_close(&owner);
	return 0;
}

static int local_memory(void)
{
	struct weft_importer_state state, again;
	unsigned long long range[2];
	bool translated, in_bar;
	struct ks_rig owner;
	int other, reader, fd;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_OK(ks_rig_open(&owner, 1, 0));
	if (!has_p2p(owner.fd)) {
		ks_rig_close(&owner);
		return ks_skip("p2pdma");
	}
	translated = is_translated();
	other = other_driver();
	reader = other_driver();
	KS_OK(bar2(1, range));
	KS_OK(ks_export(owner.fd, owner.data_handle, R, &fd));
	KS_OK(attach(reader, fd, DYNAMIC_P2P));
	KS_IS(map(reader, true, &state), -EACCES);
	KS_OK(map(reader, false, &state));
	KS_OK(ks_export(owner.fd, owner.data_handle, R | W, &fd));
	KS_OK(attach(other, fd, DYNAMIC_P2P));
	KS_OK(map(other, true, &state));
	in_bar = state.addr >= range[0] && state.addr + KS_DATA_BYTES - 1 <= range[1];
	KS_CHECK(in_bar == !translated, "%#llx, BAR2 is at %#llx", (unsigned long long)state.addr, range[0]);
	/* pinned where it is: the same memory, still of the card */
	KS_OK(ks_ioctl(other, WEFT_IMPORTER_PIN, NULL));
	KS_OK(ks_ioctl(other, WEFT_IMPORTER_UNMAP, NULL));
	KS_OK(map(other, true, &again));
	KS_CHECK(translated || again.addr == state.addr, "it moved to %#llx", (unsigned long long)again.addr);
	KS_OK(ks_reset(1));
	for (int i = 0; i < 2; i++) {
		KS_OK(ks_ioctl(i ? reader : other, WEFT_IMPORTER_STATE, &state));
		KS_IS(state.invalidated, 1);
		KS_IS(state.mapped, 0);
		KS_IS(map(i ? reader : other, false, &state), -ECANCELED);
	}
	close(reader);
	close(other);
	ks_rig_close(&owner);
	KS_DO(ks_works(1));
	return 0;
}

/* Kernels without dynamic importers pin it at map, and so does every static one: where it is. */
static int host_memory(void)
{
	struct weft_importer_state state, again;
	uint32_t handle;
	int owner, fd, r;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	owner = ks_open(1);
	KS_OK(ks_gem_create(owner, BYTES, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	for (uint32_t flags = 0; flags <= WEFT_IMPORTER_DYNAMIC; flags++) {
		int other = other_driver();

		KS_CHECK(other >= 0, "%d", other);
		KS_OK(ks_export(owner, handle, R, &fd));
		/* 6.12 maps for a static importer when it attaches, both ways whatever it wants */
		r = attach(other, fd, flags);
		if (flags || has_p2p(owner))
			KS_OK(r);
		KS_CHECK(r == 0 || r == -EACCES, "%d", r);
		if (!r) {
			KS_IS(map(other, true, &state), -EACCES);
			KS_OK(map(other, false, &state));
			KS_OK(ks_ioctl(other, WEFT_IMPORTER_UNMAP, NULL));
		}
		close(other);
		other = other_driver();
		KS_OK(ks_export(owner, handle, R | W, &fd));
		KS_OK(attach(other, fd, flags));
		KS_OK(map(other, true, &state));
		KS_OK(ks_reset(1));
		KS_OK(ks_ioctl(other, WEFT_IMPORTER_STATE, &again));
		KS_IS(again.invalidated, 0);
		KS_IS(again.mapped, 1);
		KS_CHECK(again.addr == state.addr);
		close(other);
		close(owner);
		owner = ks_open(1);
		KS_OK(ks_gem_create(owner, BYTES, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	}
	close(owner);
	return 0;
}

/*
 * The other driver's memory moves with traffic in flight: the queue faults, nothing is written any more to where it was,
 * and the memory can be bound again.
 */
static int moving_memory(void)
{
	struct drm_weft_queue_state state;
	struct ks_rig rig;
	uint32_t handle;
	int other = other_driver(), fd, r;

	KS_CHECK(other >= 0, "%d", other);
	KS_OK(ks_rig_open(&rig, 0, 60000));
	KS_OK(ks_ioctl(other, WEFT_IMPORTER_EXPORT, &fd));
	KS_OK(ks_import(rig.fd, fd, &handle));
	close(fd);
	KS_OK(ks_bind(rig.fd, rig.vm, handle, PEER_VA, 4096, BIND_RW));
	for (int i = 0; i < 1000; i++)
		rig.list[i].fill = (struct weft_pkt_fill){
			.op = WEFT_PKT_FILL, .width = 8, .dst = i % 2 ? PEER_VA : KS_DATA_VA, .bytes = i % 2 ? 4096 : 1 << 20,
			.pattern = 0x1122334455667788ULL,
		};
	for (int i = 0; i < 8; i++)
		KS_OK(ks_rig_submit(&rig, 1000, 0));
	/* it is on its way; the other driver's page is written next */
	for (int64_t until = ks_now_ns() + 10 * KS_SECOND; *(volatile uint64_t *)(rig.data + (1 << 20) - 8) == 0;)
		KS_CHECK(ks_now_ns() < until, "nothing was written");
	usleep(20000);
	KS_OK(ks_ioctl(other, WEFT_IMPORTER_MOVE, NULL));
	r = ks_rig_wait(&rig);
	KS_CHECK(r == -EFAULT || r == -ECANCELED, "%d", r);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.cause, WEFT_FAULT_PT_INVALID);
	KS_OK(ks_ioctl(other, WEFT_IMPORTER_OLD_PLACE, NULL));
	KS_OK(ks_rig_alive(&rig));
	KS_OK(ks_unbind(rig.fd, rig.vm, PEER_VA, 4096));
	KS_OK(ks_bind(rig.fd, rig.vm, handle, PEER_VA, 4096, BIND_RW));
	rig.list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .src = PEER_VA, .dst = KS_DATA_VA + 4096, .bytes = 4096 };
	rig.list[1] = ks_pkt_fill(PEER_VA, 4096, 0x77);
	KS_OK(ks_rig_run(&rig, 2, 0));
	KS_CHECK(*(uint64_t *)(rig.data + 8192 - 8) == 0x1122334455667788ULL);
	KS_OK(ks_ioctl(other, WEFT_IMPORTER_OLD_PLACE, NULL));
	ks_rig_close(&rig);
	close(other);
	return 0;
}

/*
 * A driver that cannot give memory back maps many objects of host memory: the owner's card can go all the same, at once, and
 * what is mapped stays what it was, until the driver lets go by itself.
 */
static int host_memory_and_removal(void)
{
	struct weft_importer_state state, now;
	int other[STATIC_MAPS], owner, fd;
	uint64_t addr[STATIC_MAPS];
	char pci[32];
	int64_t took;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	owner = ks_open(1);
	KS_CHECK(owner >= 0);
	snprintf(pci, sizeof(pci), "%s", ks_pci(1));
	for (int i = 0; i < STATIC_MAPS; i++) {
		uint32_t handle;

		KS_OK(ks_gem_create(owner, BYTES, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
		KS_OK(ks_export(owner, handle, R | W, &fd));
		other[i] = other_driver();
		KS_CHECK(other[i] >= 0, "%d", other[i]);
		KS_OK(attach(other[i], fd, 0));
		KS_OK(map(other[i], true, &state));
		addr[i] = state.addr;
	}
	took = ks_now_ns();
	KS_OK(ks_driver("unbind", pci));
	took = ks_now_ns() - took;
	printf("# unbound in %lld ms\n", (long long)took / 1000000);
	KS_CHECK(took < 5 * KS_SECOND, "%lld ms", (long long)took / 1000000);
	close(owner);
	for (int i = 0; i < STATIC_MAPS; i++) {
		KS_OK(ks_ioctl(other[i], WEFT_IMPORTER_STATE, &now));
		KS_IS(now.invalidated, 0);
		KS_IS(now.mapped, 1);
		KS_CHECK(now.addr == addr[i], "buffer %d moved", i);
		if (i % 2)
			KS_OK(ks_ioctl(other[i], WEFT_IMPORTER_UNMAP, NULL));
		close(other[i]);
	}
	KS_OK(ks_driver("bind", pci));
	return 0;
}

static int heap_memory(void)
{
	struct dma_heap_allocation_data alloc = { .len = BYTES, .fd_flags = O_RDWR | O_CLOEXEC };
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	struct drm_weft_gem_info info;
	struct ks_rig rig;
	uint32_t handle;
	uint8_t *p;

	KS_CHECK(heap >= 0, "no system heap: %d", errno);
	KS_OK(ks_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &alloc));
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, alloc.fd, 0);
	KS_CHECK(p != MAP_FAILED);
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_import(rig.fd, alloc.fd, &handle));
	KS_OK(ks_gem_info(rig.fd, handle, &info));
	KS_IS(info.rights, R | W);
	KS_IS(info.placement, DRM_WEFT_PLACE_SYSTEM);
	KS_OK(ks_bind(rig.fd, rig.vm, handle, PEER_VA, BYTES, BIND_RW));
	KS_OK(ks_ioctl(alloc.fd, DMA_BUF_IOCTL_SYNC, &sync));
	for (size_t i = 0; i < BYTES; i++)
		p[i] = i * 11 + i / 4096;
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	KS_OK(ks_ioctl(alloc.fd, DMA_BUF_IOCTL_SYNC, &sync));
	rig.list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .src = PEER_VA, .dst = KS_DATA_VA, .bytes = BYTES };
	rig.list[1].fill = (struct weft_pkt_fill){ .op = WEFT_PKT_FILL, .width = 1, .dst = PEER_VA, .bytes = 4096, .pattern = 9 };
	KS_OK(ks_rig_run(&rig, 2, 0));
	for (size_t i = 0; i < BYTES; i++)
		KS_CHECK(rig.data[i] == (uint8_t)(i * 11 + i / 4096), "byte %zu", i);
	KS_CHECK(p[0] == 9 && p[4095] == 9 && p[4096] == (uint8_t)(4096 * 11 + 1));
	munmap(p, BYTES);
	close(alloc.fd);
	close(heap);
	ks_rig_close(&rig);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "local memory only for drivers that can give it back", who_gets_local_memory },
		{ "local memory for another driver: in place, revoked at reset", local_memory },
		{ "host memory for another driver: in place, and it stays", host_memory },
		{ "host memory for a driver that keeps it: the owner is unbound at once", host_memory_and_removal },
		{ "memory of another driver moves under traffic", moving_memory },
		{ "memory of a dma-heap", heap_memory },
	};
	int r;

	if (system("modprobe weft_importer")) {
		printf("Bail out! no module weft_importer\n");
		return 1;
	}
	r = ks_main("foreign", tests, sizeof(tests) / sizeof(tests[0]));
	return system("rmmod weft_importer") ? 1 : r;
}
