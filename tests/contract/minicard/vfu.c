// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* vfio-user: the messages of the client. What makes no sense ends the connection; what cannot be done is refused. */
#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
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

#define XFER_BYTES	1048576		/* of one read or write, the protocol's default */
#define FDS		8
#define FLAG_REPLY	1u
#define FLAG_NO_REPLY	0x10u
#define FLAG_ERROR	0x20u

struct header {
	uint16_t id, command;
	uint32_t size, flags, error;
};

struct access {
	uint64_t offset;
	uint32_t region, count;
	uint8_t data[];
};

struct dma_map {
	uint32_t argsz, flags;
	uint64_t offset, address, size;
};

struct dma_unmap {
	uint32_t argsz, flags;
	uint64_t address, size;
};

static union {
	uint8_t bytes[XFER_BYTES + 64];
	struct access access;
	struct dma_map map;
	struct dma_unmap unmap;
	struct vfio_region_info region;
	struct vfio_irq_info irq;
	struct vfio_irq_set set;
	uint32_t word[6];
	uint16_t half[2];
} in;
static uint32_t in_bytes;
static int fds[FDS];
static unsigned int nfds;

/* One read or write of a whole buffer; the client may be slow, but not for ever. */
static bool all(int fd, void *data, size_t bytes, bool send_it)
{
	for (size_t done = 0; done < bytes;) {
		struct pollfd p = { .fd = fd, .events = send_it ? POLLOUT : POLLIN };
		ssize_t n;

		if (poll(&p, 1, 5000) <= 0)
			return false;
		n = send_it ? send(fd, (char *)data + done, bytes - done, MSG_NOSIGNAL) :
			      recv(fd, (char *)data + done, bytes - done, 0);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool receive(int fd, struct header *h)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(fds))];
	} control;
	struct iovec iov = { .iov_base = h, .iov_len = sizeof(*h) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

	nfds = 0;
	if (n <= 0)
		return false;
	for (struct cmsghdr *x = CMSG_FIRSTHDR(&m); x; x = CMSG_NXTHDR(&m, x))
		if (x->cmsg_level == SOL_SOCKET && x->cmsg_type == SCM_RIGHTS) {
			nfds = (unsigned int)((x->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(x), nfds * sizeof(int));
		}
	if (!all(fd, (char *)h + n, sizeof(*h) - (size_t)n, false) || h->size < sizeof(*h) ||
	    h->size - sizeof(*h) > sizeof(in) || (h->flags & 15))
		return false;
	in_bytes = h->size - (uint32_t)sizeof(*h);
	return all(fd, in.bytes, in_bytes, false);
}

static bool reply(struct mini_card *c, const struct header *h, int error, const void *data, uint32_t bytes, int fd)
{
	struct header r = { .id = h->id, .command = h->command, .flags = FLAG_REPLY };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { .iov_base = &r, .iov_len = sizeof(r) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (h->flags & FLAG_NO_REPLY)
		return true;
	if (error) {
		r.flags |= FLAG_ERROR;
		r.error = (uint32_t)error;
		bytes = 0;
	}
	r.size = (uint32_t)sizeof(r) + bytes;
	if (fd >= 0 && !error) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
	}
	if (sendmsg(c->fd, &m, MSG_NOSIGNAL) != (ssize_t)sizeof(r))
		return false;
	return all(c->fd, (void *)(uintptr_t)data, bytes, true);
}

static void unmap(struct mini_card *c, unsigned int i)
{
	if (c->map[i].host)
		munmap(c->map[i].host, c->map[i].bytes);
	c->map[i] = c->map[--c->maps];
}

static int dma_map(struct mini_card *c)
{
	const struct dma_map *d = &in.map;
	struct mini_map m = { .bus = d->address, .bytes = d->size, .write = d->flags & 2 };
	struct stat st;

	if (in_bytes < sizeof(*d) || !d->size || d->size - 1 > UINT64_MAX - d->address)
		return EINVAL;
	for (unsigned int i = 0; i < c->maps; i++)
		if (d->address - c->map[i].bus < c->map[i].bytes || c->map[i].bus - d->address < d->size)
			return EEXIST;
	if (c->maps == MINI_MAPS)
		return ENOSPC;
	if (nfds && (d->flags & 1)) {
		if (fstat(fds[0], &st) || (uint64_t)st.st_size < d->offset || (uint64_t)st.st_size - d->offset < d->size)
			return EINVAL;
		void *host = mmap(NULL, d->size, m.write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fds[0],
				  (off_t)d->offset);

		if (host == MAP_FAILED)
			return errno;
		m.host = host;
	}
	c->map[c->maps++] = m;
	return 0;
}

static int dma_unmap(struct mini_card *c)
{
	const struct dma_unmap *d = &in.unmap;

	if (in_bytes < sizeof(*d))
		return EINVAL;
	for (unsigned int i = c->maps; i--;)	/* one message may name more than was mapped */
		if (c->map[i].bus >= d->address && c->map[i].bus - d->address < d->size &&
		    c->map[i].bytes <= d->size - (c->map[i].bus - d->address))
			unmap(c, i);
	return 0;
}

static uint64_t region_bytes(const struct mini_card *c, uint32_t region)
{
	switch (region) {
	case WEFT_BAR_REGS:
		return WEFT_BAR_REGS_BYTES;
	case WEFT_BAR_LMEM:
		return c->lmem_bytes;
	case WEFT_BAR_DOORBELLS:
		return MINI_QUEUES * WEFT_DOORBELL_BYTES;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return sizeof(c->config);
	}
	return 0;
}

static int set_irqs(struct mini_card *c)
{
	const struct vfio_irq_set *s = &in.set;

	if (in_bytes < sizeof(*s) || s->index != VFIO_PCI_MSI_IRQ_INDEX || s->start > MINI_VECTORS ||
	    s->count > MINI_VECTORS - s->start)
		return EINVAL;
	if (!(s->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return 0;		/* nothing is masked here */
	if (s->flags & VFIO_IRQ_SET_DATA_BOOL || (nfds && nfds != s->count))
		return EINVAL;
	for (unsigned int i = 0; i < MINI_VECTORS; i++) {
		bool all_of_them = (s->flags & VFIO_IRQ_SET_DATA_NONE) && !s->count;

		if (!all_of_them && (i < s->start || i - s->start >= s->count))
			continue;
		if (c->irq_fd[i] >= 0)
			close(c->irq_fd[i]);
		c->irq_fd[i] = -1;
		if (nfds) {
			c->irq_fd[i] = fds[i - s->start];
			fds[i - s->start] = -1;
		}
	}
	return 0;
}

static bool within(const struct mini_card *c)
{
	uint64_t size = in_bytes < sizeof(in.access) ? 0 : region_bytes(c, in.access.region);

	return in.access.count && in.access.count <= XFER_BYTES && in.access.offset < size &&
	       in.access.count <= size - in.access.offset;
}

static int region_read(struct mini_card *c)
{
	struct access *a = &in.access;

	if (!within(c))
		return EINVAL;
	if (a->region == WEFT_BAR_REGS)
		mini_reg_read(c, a->offset, a->data, a->count);
	else if (a->region == WEFT_BAR_LMEM)
		memcpy(a->data, c->lmem + a->offset, a->count);
	else if (a->region == VFIO_PCI_CONFIG_REGION_INDEX)
		memcpy(a->data, c->config + a->offset, a->count);
	else
		memset(a->data, 0, a->count);
	return 0;
}

static int region_write(struct mini_card *c)
{
	const struct access *a = &in.access;

	if (!within(c) || in_bytes - sizeof(*a) < a->count)
		return EINVAL;
	if (a->region == WEFT_BAR_REGS)
		mini_reg_write(c, a->offset, a->data, a->count);
	else if (a->region == WEFT_BAR_LMEM)
		memcpy(c->lmem + a->offset, a->data, a->count);
	else if (a->region == VFIO_PCI_CONFIG_REGION_INDEX)
		mini_config_write(c, (uint32_t)a->offset, a->data, a->count);
	else if (a->count == 4 && a->offset % WEFT_DOORBELL_BYTES == WEFT_DB_RING)
		mini_queue_doorbell(c, (unsigned int)(a->offset / WEFT_DOORBELL_BYTES));
	return 0;
}

static bool answer(struct mini_card *c, const struct header *h)
{
	static const char capabilities[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}";
	uint8_t version[4 + sizeof(capabilities)] = { 0 };
	uint32_t info[4] = { 16, VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI, VFIO_PCI_NUM_REGIONS, VFIO_PCI_NUM_IRQS };
	int error, fd = -1;

	switch (h->command) {
	case VERSION:
		if (in_bytes < 4 || in.half[0])
			return false;
		memcpy(version + 4, capabilities, sizeof(capabilities));
		return reply(c, h, 0, version, sizeof(version), -1);
	case DMA_MAP:
		return reply(c, h, dma_map(c), NULL, 0, -1);
	case DMA_UNMAP:
		error = dma_unmap(c);
		return reply(c, h, error, &in, sizeof(in.unmap), -1);
	case GET_INFO:
		return reply(c, h, 0, info, sizeof(info), -1);
	case GET_REGION_INFO:
		if (in_bytes < sizeof(in.region) || in.region.index >= VFIO_PCI_NUM_REGIONS)
			return reply(c, h, EINVAL, NULL, 0, -1);
		in.region = (struct vfio_region_info){ .argsz = sizeof(in.region), .index = in.region.index,
						       .size = region_bytes(c, in.region.index) };
		if (in.region.size)
			in.region.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
		if (in.region.index == WEFT_BAR_LMEM) {
			in.region.flags |= VFIO_REGION_INFO_FLAG_MMAP;
			fd = c->lmem_fd;
		}
		return reply(c, h, 0, &in, sizeof(in.region), fd);
	case GET_IRQ_INFO:
		if (in_bytes < 16 || in.irq.index >= VFIO_PCI_NUM_IRQS)
			return reply(c, h, EINVAL, NULL, 0, -1);
		in.irq = (struct vfio_irq_info){ .argsz = 16, .index = in.irq.index };
		if (in.irq.index == VFIO_PCI_MSI_IRQ_INDEX) {
			in.irq.flags = VFIO_IRQ_INFO_EVENTFD;
			in.irq.count = MINI_VECTORS;
		}
		return reply(c, h, 0, &in, 16, -1);
	case SET_IRQS:
		return reply(c, h, set_irqs(c), NULL, 0, -1);
	case REGION_READ:
		error = region_read(c);
		return reply(c, h, error, &in, (uint32_t)sizeof(in.access) + in.access.count, -1);
	case REGION_WRITE:
		error = region_write(c);
		return reply(c, h, error, &in, sizeof(in.access), -1);
	case DEVICE_RESET:
		mini_reset(c);
		return reply(c, h, 0, NULL, 0, -1);
	}
	return reply(c, h, ENOTSUP, NULL, 0, -1);
}

bool mini_message(struct mini_card *c)
{
	struct header h;
	bool good = receive(c->fd, &h) && answer(c, &h);

	for (unsigned int i = 0; i < nfds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return good;
}

/* As the protocol says: its memory and its descriptors go, the card stays as it is. */
void mini_forget_client(struct mini_card *c)
{
	while (c->maps)
		unmap(c, 0);
	for (unsigned int i = 0; i < MINI_VECTORS; i++) {
		if (c->irq_fd[i] >= 0)
			close(c->irq_fd[i]);
		c->irq_fd[i] = -1;
	}
	close(c->fd);
	c->fd = -1;
}
