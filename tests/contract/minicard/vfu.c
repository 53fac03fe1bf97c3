// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* vfio-user: the messages of the client. What makes no sense ends the connection; what cannot be done is refused. */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <firmware/abi/doorbell.h>

#include "mini.h"

enum {
	VERSION = 1, DMA_MAP = 2, DMA_UNMAP = 3, GET_INFO = 4, GET_REGION_INFO = 5, GET_IRQ_INFO = 7, SET_IRQS = 8,
	REGION_READ = 9, REGION_WRITE = 10, DEVICE_RESET = 13,
};
enum { REPLY = 1, NO_REPLY = 0x10, ERROR = 0x20, HEADER = 16, FDS = 8 };
#define XFER_BYTES	1048576u	/* of one read or write, the protocol's default */

/* The message being served; the answer is made in its place. */
static struct {
	uint16_t id, command;
	uint32_t size, flags, error;
	union {
		struct {
			uint64_t offset;
			uint32_t region, count;
			uint8_t data[XFER_BYTES];
		} access;
		struct {
			uint32_t argsz, flags;
			uint64_t offset, address, size;
		} map;
		struct {
			uint32_t argsz, flags;
			uint64_t address, size;
		} unmap;
		struct vfio_region_info region;
		struct vfio_irq_info irq;
		struct vfio_irq_set set;
		uint32_t word[4];
		char text[128];
	} u;
} in;
static uint32_t in_bytes;		/* of u */
static int fds[FDS];
static unsigned int nfds;

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(fds))];
};

static bool receive(int fd)
{
	union control control;
	struct iovec iov = { .iov_base = &in, .iov_len = HEADER };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	struct cmsghdr *x = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	nfds = 0;
	if (x && x->cmsg_level == SOL_SOCKET && x->cmsg_type == SCM_RIGHTS) {
		nfds = (unsigned int)((x->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(x), nfds * sizeof(int));
	}
	if (n != HEADER || in.size < HEADER || in.size - HEADER > sizeof(in.u) || (in.flags & 15))
		return false;
	in_bytes = in.size - HEADER;
	memset(&in.u, 0, sizeof(in.u.map));	/* what a message leaves out is not of the one before */
	return !in_bytes || recv(fd, &in.u, in_bytes, MSG_WAITALL) == (ssize_t)in_bytes;
}

static bool reply(struct mini_card *c, int error, uint32_t bytes, int fd)
{
	union control control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { .iov_base = &in };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (in.flags & NO_REPLY)
		return true;
	in.flags = error ? REPLY | ERROR : REPLY;
	in.error = (uint32_t)error;
	in.size = error ? HEADER : HEADER + bytes;
	iov.iov_len = in.size;
	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(fd));
	}
	return sendmsg(c->fd, &m, MSG_NOSIGNAL) == (ssize_t)in.size;
}

static int dma_map(struct mini_card *c)
{
	struct mini_map *m = &c->map[c->maps];
	uint64_t offset = in.u.map.offset;
	struct stat st;

	*m = (struct mini_map){ .bus = in.u.map.address, .bytes = in.u.map.size, .write = in.u.map.flags & 2 };
	if (!m->bytes || m->bytes - 1 > UINT64_MAX - m->bus)
		return EINVAL;
	for (unsigned int i = 0; i < c->maps; i++)
		if (m->bus - c->map[i].bus < c->map[i].bytes || c->map[i].bus - m->bus < m->bytes)
			return EEXIST;
	if (c->maps == MINI_MAPS)
		return ENOSPC;
	if (!nfds || !(in.u.map.flags & 1)) {
		c->maps++;
		return 0;
	}
	if (fstat(fds[0], &st) || (uint64_t)st.st_size < offset || (uint64_t)st.st_size - offset < m->bytes)
		return EINVAL;
	m->host = mmap(NULL, m->bytes, m->write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fds[0],
		       (off_t)offset);
	if (m->host == MAP_FAILED)
		return errno;
	c->maps++;
	return 0;
}

/* One message may name more than was mapped. */
static void dma_unmap(struct mini_card *c, uint64_t address, uint64_t size)
{
	for (unsigned int i = c->maps; i--;)
		if (c->map[i].bus - address < size && c->map[i].bytes <= size - (c->map[i].bus - address)) {
			if (c->map[i].host)
				munmap(c->map[i].host, c->map[i].bytes);
			c->map[i] = c->map[--c->maps];
		}
}

static void set_irq(struct mini_card *c, unsigned int i, int fd)
{
	if (c->irq_fd[i] >= 0)
		close(c->irq_fd[i]);
	c->irq_fd[i] = fd;
}

static int set_irqs(struct mini_card *c)
{
	const struct vfio_irq_set *s = &in.u.set;
	bool none = (s->flags & VFIO_IRQ_SET_DATA_NONE) && !s->count;
	uint32_t start = none ? 0 : s->start, count = none ? MINI_VECTORS : s->count;

	if (s->index != VFIO_PCI_MSI_IRQ_INDEX || start > MINI_VECTORS || count > MINI_VECTORS - start)
		return EINVAL;
	if (!(s->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return 0;		/* nothing is masked here */
	if ((s->flags & VFIO_IRQ_SET_DATA_BOOL) || (nfds && nfds != count))
		return EINVAL;
	for (unsigned int i = 0; i < count; i++)
		set_irq(c, start + i, nfds ? fds[i] : -1);
	nfds = 0;			/* they are kept */
	return 0;
}

static uint64_t region_bytes(const struct mini_card *c, uint32_t region)
{
	const uint64_t bytes[VFIO_PCI_NUM_REGIONS] = {
		[WEFT_BAR_REGS] = WEFT_BAR_REGS_BYTES,
		[WEFT_BAR_LMEM] = c->lmem_bytes,
		[WEFT_BAR_DOORBELLS] = MINI_QUEUES * WEFT_DOORBELL_BYTES,
		[VFIO_PCI_CONFIG_REGION_INDEX] = sizeof(c->config),
	};

	return region < VFIO_PCI_NUM_REGIONS ? bytes[region] : 0;
}

static int access_region(struct mini_card *c, bool write)
{
	uint64_t at = in.u.access.offset, size = region_bytes(c, in.u.access.region);
	uint32_t region = in.u.access.region, count = in.u.access.count;
	uint8_t *data = in.u.access.data, *memory = region == WEFT_BAR_LMEM ? c->lmem : c->config;

	if (!count || count > XFER_BYTES || at >= size || count > size - at || in_bytes < 16 + (write ? count : 0))
		return EINVAL;
	if (region != VFIO_PCI_CONFIG_REGION_INDEX && mini_asleep(c))
		memset(data, 0xff, write ? 0 : count);
	else if (region == WEFT_BAR_REGS && write)
		mini_reg_write(c, at, data, count);
	else if (region == WEFT_BAR_REGS)
		mini_reg_read(c, at, data, count);
	else if (region == WEFT_BAR_DOORBELLS && !write)
		memset(data, 0, count);
	else if (region == WEFT_BAR_DOORBELLS && count == 4 && at % WEFT_DOORBELL_BYTES == WEFT_DB_RING)
		mini_queue_doorbell(c, &c->queue[at / WEFT_DOORBELL_BYTES]);
	else if (region == VFIO_PCI_CONFIG_REGION_INDEX && write)
		mini_config_write(c, (uint32_t)at, data, count);
	else if (region != WEFT_BAR_DOORBELLS)
		memcpy(write ? memory + at : data, write ? data : memory + at, count);
	return 0;
}

static bool answer(struct mini_card *c)
{
	static const char hello[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}";
	static const uint32_t device[] = { 16, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI, VFIO_PCI_NUM_REGIONS,
					   VFIO_PCI_NUM_IRQS };
	uint32_t index = in.u.region.index;

	switch (in.command) {
	case VERSION:
		if (in_bytes < 4 || (in.u.word[0] & 0xffff))
			return false;
		in.u.word[0] = 0;
		memcpy(in.u.text + 4, hello, sizeof(hello));
		return reply(c, 0, 4 + sizeof(hello), -1);
	case DMA_MAP:
		return reply(c, dma_map(c), 0, -1);
	case DMA_UNMAP:
		dma_unmap(c, in.u.unmap.address, in.u.unmap.size);
		return reply(c, 0, sizeof(in.u.unmap), -1);
	case GET_INFO:
		memcpy(&in.u, device, sizeof(device));
		return reply(c, 0, sizeof(device), -1);
	case GET_REGION_INFO:
		in.u.region = (struct vfio_region_info){ .argsz = sizeof(in.u.region), .index = index,
							 .size = region_bytes(c, index) };
		if (in.u.region.size)
			in.u.region.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
		if (index == WEFT_BAR_LMEM)
			in.u.region.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		return reply(c, index < VFIO_PCI_NUM_REGIONS ? 0 : EINVAL, sizeof(in.u.region),
			     index == WEFT_BAR_LMEM ? c->lmem_fd : -1);
	case GET_IRQ_INFO:
		in.u.irq = (struct vfio_irq_info){ .argsz = 16, .index = index, .flags = VFIO_IRQ_INFO_EVENTFD,
						   .count = index == VFIO_PCI_MSI_IRQ_INDEX ? MINI_VECTORS : 0 };
		return reply(c, index < VFIO_PCI_NUM_IRQS ? 0 : EINVAL, 16, -1);
	case SET_IRQS:
		return reply(c, set_irqs(c), 0, -1);
	case REGION_READ:
		return reply(c, access_region(c, false), 16 + in.u.access.count, -1);
	case REGION_WRITE:
		return reply(c, access_region(c, true), 16, -1);
	case DEVICE_RESET:
		mini_reset(c, mini_reg64(c, WEFT_REG_RESET_GEN) + 1);
		return reply(c, 0, 0, -1);
	}
	return reply(c, ENOTSUP, 0, -1);
}

bool mini_message(struct mini_card *c)
{
	bool good = receive(c->fd) && answer(c);

	while (nfds)
		close(fds[--nfds]);
	return good;
}

/* As the protocol says: its memory and its descriptors go, the card stays as it is. */
void mini_forget_client(struct mini_card *c)
{
	dma_unmap(c, 0, UINT64_MAX);
	for (unsigned int i = 0; i < MINI_VECTORS; i++)
		set_irq(c, i, -1);
	close(c->fd);
	c->fd = -1;
}
