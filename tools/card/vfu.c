// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The one parser of vfio-user messages. A message that is well framed but wrong gets an error reply; one whose frame
 * cannot be trusted ends the connection. It never sends a message of its own, so a vCPU that waits for a register is
 * never made to serve a DMA request first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "defect.h"
#include "doorbell.h"
#include "engine.h"
#include "vfu.h"
#include "vfu_msg.h"

#define MAX_MESSAGE	(sizeof(struct vfu_head) + sizeof(struct vfu_access) + WCARD_VFU_MAX_DATA)
#define MIN_ROOM	256		/* every reply but data read fits in */

struct session {
	struct wcard_card *c;
	const struct wcard_vfu_io *io;
	struct vfu_head head;
	uint8_t *in;			/* payload, in_bytes, 8-byte aligned */
	size_t in_bytes, in_room;
	uint8_t *out;			/* reply payload */
	size_t out_bytes, out_room;
	int fds[WCARD_VFU_MAX_FDS];
	unsigned int nfds;
	int out_fd;
	bool greeted;
};

static const char capabilities[] =
	"{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"pgsizes\":4096}}";

/* Buffers are as large as the largest message so far: a sanitizer sees who reads past the end of a short one. */
static bool room(uint8_t **buf, size_t *have, size_t n)
{
	if (n <= *have)
		return true;
	free(*buf);
	*buf = malloc(n);
	*have = *buf ? n : 0;
	return *buf;
}

/* Copies the fixed part of the payload; false when it is not all there. */
static bool take(const struct session *s, void *to, size_t n)
{
	if (s->in_bytes < n)
		return false;
	memcpy(to, s->in, n);
	return true;
}

static void give(struct session *s, const void *from, size_t n)
{
	memcpy(s->out + s->out_bytes, from, n);
	s->out_bytes += n;
}

static int take_fd(struct session *s, unsigned int i)
{
	int fd = s->fds[i];

	s->fds[i] = -1;
	return fd;
}

static int do_version(struct session *s)
{
	struct vfu_version v;

	if (!take(s, &v, sizeof(v)))
		return EINVAL;
	if (v.major != 0)
		return ENOTSUP;
	/* 0.0 is what clients of today announce; the newer of two minors would be a promise we cannot keep. */
	v.minor = 0;
	give(s, &v, sizeof(v));
	give(s, capabilities, sizeof(capabilities));
	s->greeted = true;
	return 0;
}

static int do_dma_map(struct session *s)
{
	struct vfu_dma_map m;
	int fd, ret;

	if (!take(s, &m, sizeof(m)) || (m.flags & ~(VFU_DMA_R | VFU_DMA_W)) || s->nfds > 1)
		return EINVAL;
	fd = s->nfds ? s->fds[0] : -1;
	ret = wcard_bus_map(s->c, m.addr, m.size, fd, m.offset, m.flags & VFU_DMA_R, m.flags & VFU_DMA_W);
	if (!ret && s->nfds)
		take_fd(s, 0);
	return -ret;
}

static int do_dma_unmap(struct session *s)
{
	struct vfu_dma_unmap u;
	int ret;

	if (!take(s, &u, sizeof(u)))
		return EINVAL;
	/* bit 1: everything */
	if (u.flags & ~2u)
		return EINVAL;
	ret = u.flags & 2u ? wcard_bus_unmap(s->c, 0, UINT64_MAX) : wcard_bus_unmap(s->c, u.addr, u.size);
	if (ret)
		return -ret;
	u.argsz = sizeof(u);
	give(s, &u, sizeof(u));
	return 0;
}

static int do_info(struct session *s)
{
	struct vfu_info i = { sizeof(i), VFU_INFO_RESET | VFU_INFO_PCI, VFU_NUM_REGIONS, VFU_NUM_IRQS };
	struct vfu_info in;

	if (!take(s, &in, sizeof(in)) || in.argsz < sizeof(in))
		return EINVAL;
	give(s, &i, sizeof(i));
	return 0;
}

static uint64_t region_bytes(const struct wcard_card *c, uint32_t region)
{
	switch (region) {
	case WEFT_BAR_REGS: return WEFT_BAR_REGS_BYTES;
	case WEFT_BAR_LMEM: return c->lmem_bytes;
	case WEFT_BAR_DOORBELLS: return WCARD_DOORBELL_BAR;
	case VFU_REGION_CONFIG: return sizeof(c->cfg);
	default: return 0;
	}
}

static int do_region_info(struct session *s)
{
	struct vfu_region_info in, r = { .argsz = sizeof(r) };
	struct vfu_sparse sparse = { .id = 1, .version = 1, .areas = 1 };

	if (!take(s, &in, sizeof(in)) || in.argsz < sizeof(in) || in.index >= VFU_NUM_REGIONS)
		return EINVAL;
	r.index = in.index;
	r.size = region_bytes(s->c, in.index);
	if (r.size)
		r.flags = VFU_REGION_R | VFU_REGION_W;
	if (in.index == WEFT_BAR_LMEM) {
		r.flags |= VFU_REGION_MMAP | VFU_REGION_CAPS;
		r.argsz = sizeof(r) + sizeof(sparse);
		r.cap_offset = sizeof(r);
		sparse.size = r.size;
		s->out_fd = s->c->lmem_fd;
	}
	give(s, &r, sizeof(r));
	/* A client that asked with the short size asks again with the one it was told. */
	if (in.index == WEFT_BAR_LMEM && in.argsz >= r.argsz)
		give(s, &sparse, sizeof(sparse));
	return 0;
}

static uint32_t irq_count(const struct wcard_card *c, uint32_t index)
{
	if (index == VFU_IRQ_ERR)
		return 1;		/* for uncorrectable errors of the link, behind the AER capability */
	return index == (c->msi ? VFU_IRQ_MSI : VFU_IRQ_MSIX) ? WCARD_VECTORS : 0;
}

static int do_irq_info(struct session *s)
{
	struct vfu_irq_info in, i = { .argsz = sizeof(i) };

	if (!take(s, &in, sizeof(in)) || in.argsz < sizeof(in) || in.index >= VFU_NUM_IRQS)
		return EINVAL;
	i.index = in.index;
	i.count = irq_count(s->c, in.index);
	if (i.count)
		i.flags = VFU_IRQ_EVENTFD | (s->c->msi ? VFU_IRQ_NORESIZE : 0);
	give(s, &i, sizeof(i));
	return 0;
}

/* Eventfds of all kinds lie in one array: the vectors, then the error notification. */
static unsigned int first_vector(uint32_t index)
{
	return index == VFU_IRQ_ERR ? WCARD_VECTORS : 0;
}

static int trigger(struct session *s, const struct vfu_irq_set *q)
{
	const uint8_t *on = s->in + sizeof(*q);
	const uint64_t one = 1;

	if ((q->flags & VFU_IRQ_DATA_BOOL) && s->in_bytes - sizeof(*q) < q->count)
		return EINVAL;
	pthread_mutex_lock(&s->c->evt_lock);
	for (uint32_t i = 0; i < q->count; i++) {
		int fd = s->c->irq_fd[first_vector(q->index) + q->start + i];

		if (fd >= 0 && (!(q->flags & VFU_IRQ_DATA_BOOL) || on[i]) && write(fd, &one, sizeof(one)) < 0)
			break;
	}
	pthread_mutex_unlock(&s->c->evt_lock);
	return 0;
}

static int do_set_irqs(struct session *s)
{
	struct vfu_irq_set q;
	uint32_t max, data, action;

	if (!take(s, &q, sizeof(q)) || q.index >= VFU_NUM_IRQS)
		return EINVAL;
	max = irq_count(s->c, q.index);
	data = q.flags & VFU_IRQ_DATA;
	action = q.flags & VFU_IRQ_ACTION;
	if ((q.flags & ~(VFU_IRQ_DATA | VFU_IRQ_ACTION)) || !data || (data & (data - 1)) || q.start > max ||
	    q.count > max - q.start)
		return EINVAL;
	if (action != VFU_IRQ_TRIGGER)
		return EINVAL;		/* neither kind of vector is maskable here; the client does that itself */
	if (data == VFU_IRQ_DATA_EVENTFD) {
		if (s->nfds && s->nfds != q.count)
			return EINVAL;
		for (uint32_t i = 0; i < q.count; i++)
			wcard_irq_set_fd(s->c, first_vector(q.index) + q.start + i, s->nfds ? take_fd(s, i) : -1);
		return 0;
	}
	if (data == VFU_IRQ_DATA_NONE && !q.count) {
		for (uint32_t i = 0; i < max; i++)
			wcard_irq_set_fd(s->c, first_vector(q.index) + i, -1);
		return 0;
	}
	return trigger(s, &q);
}

static int check_access(const struct session *s, const struct vfu_access *a)
{
	uint64_t bytes = region_bytes(s->c, a->region);

	if (a->region >= VFU_NUM_REGIONS || a->count > WCARD_VFU_MAX_DATA || a->offset > bytes ||
	    a->count > bytes - a->offset)
		return EINVAL;
	return 0;
}

static int do_region_read(struct session *s)
{
	struct vfu_access a;
	uint8_t *data;

	if (!take(s, &a, sizeof(a)) || check_access(s, &a))
		return EINVAL;
	if (!room(&s->out, &s->out_room, sizeof(a) + a.count))
		return ENOMEM;
	give(s, &a, sizeof(a));
	data = s->out + s->out_bytes;
	memset(data, 0, a.count);
	if (a.region != VFU_REGION_CONFIG && atomic_load(&s->c->d3) &&
	    !(a.region == WEFT_BAR_DOORBELLS && WCARD_BROKEN(d3_doorbell_read))) {
		/* An unsupported request, as the host sees it. */
		memset(data, 0xff, a.count);
		s->out_bytes += a.count;
		return 0;
	}
	switch (a.region) {
	case WEFT_BAR_REGS:
		wcard_regs_read(s->c, a.offset, a.count, data);
		break;
	case WEFT_BAR_LMEM:
		memcpy(data, s->c->lmem + a.offset, a.count);
		break;
	case VFU_REGION_CONFIG:
		wcard_pci_read(s->c, a.offset, a.count, data);
		break;
	default:
		break;
	}
	s->out_bytes += a.count;
	return 0;
}

static int do_region_write(struct session *s)
{
	struct vfu_access a;
	const uint8_t *data;
	uint64_t va;

	if (!take(s, &a, sizeof(a)) || check_access(s, &a) || s->in_bytes - sizeof(a) < a.count)
		return EINVAL;
	data = s->in + sizeof(a);
	if (a.region != VFU_REGION_CONFIG && atomic_load(&s->c->d3)) {
		give(s, &a, sizeof(a));
		return 0;
	}
	switch (a.region) {
	case WEFT_BAR_REGS:
		wcard_regs_write(s->c, a.offset, a.count, data);
		break;
	case WEFT_BAR_LMEM:
		memcpy(s->c->lmem + a.offset, data, a.count);
		break;
	case WEFT_BAR_DOORBELLS:
		if (a.offset % WEFT_DOORBELL_BYTES == WEFT_DB_RING && (a.count == 4 || WCARD_BROKEN(doorbell_any_width)))
			wcard_queue_doorbell(s->c, (uint32_t)(a.offset / WEFT_DOORBELL_BYTES));
		if (a.offset % WEFT_DOORBELL_BYTES == WEFT_DB_KICK && a.count == sizeof(va)) {
			memcpy(&va, data, sizeof(va));
			wcard_cell_kick(s->c, (uint32_t)(a.offset / WEFT_DOORBELL_BYTES), va);
		}
		break;
	case VFU_REGION_CONFIG:
		wcard_pci_write(s->c, a.offset, a.count, data);
		break;
	default:
		break;
	}
	give(s, &a, sizeof(a));
	return 0;
}

static int do_reset(struct session *s)
{
	wcard_reset(s->c);
	return 0;
}

static const struct {
	int (*fn)(struct session *s);	/* 0 or a positive errno for the reply */
} commands[] = {
	[VFU_VERSION] = { do_version },
	[VFU_DMA_MAP] = { do_dma_map },
	[VFU_DMA_UNMAP] = { do_dma_unmap },
	[VFU_DEVICE_GET_INFO] = { do_info },
	[VFU_DEVICE_GET_REGION_INFO] = { do_region_info },
	[VFU_DEVICE_GET_IRQ_INFO] = { do_irq_info },
	[VFU_DEVICE_SET_IRQS] = { do_set_irqs },
	[VFU_REGION_READ] = { do_region_read },
	[VFU_REGION_WRITE] = { do_region_write },
	[VFU_DEVICE_RESET] = { do_reset },
};

static int receive(struct session *s)
{
	int ret;

	s->nfds = 0;
	ret = s->io->read(s->io->ctx, &s->head, sizeof(s->head), s->fds, &s->nfds);
	if (ret)
		return ret;
	if (s->head.size < sizeof(s->head) || s->head.size > MAX_MESSAGE || (s->head.flags & VFU_F_TYPE))
		return -EPROTO;		/* no telling where the next message starts; or a reply to nothing */
	s->in_bytes = s->head.size - sizeof(s->head);
	if (!room(&s->in, &s->in_room, s->in_bytes))
		return -ENOMEM;
	return s->in_bytes ? s->io->read(s->io->ctx, s->in, s->in_bytes, s->fds, &s->nfds) : 0;
}

static int answer(struct session *s)
{
	struct vfu_head r = { .id = s->head.id, .cmd = s->head.cmd, .flags = VFU_F_REPLY };
	int error = ENOTSUP;

	s->out_bytes = 0;
	s->out_fd = -1;
	if (!s->greeted && s->head.cmd != VFU_VERSION)
		error = EPROTO;
	else if (s->head.cmd < sizeof(commands) / sizeof(commands[0]) && commands[s->head.cmd].fn)
		error = commands[s->head.cmd].fn(s);
	if (s->head.flags & VFU_F_NO_REPLY)
		return 0;
	if (error) {
		r.flags |= VFU_F_ERROR;
		r.error = (uint32_t)error;
		s->out_bytes = 0;
		s->out_fd = -1;
	}
	r.size = (uint32_t)(sizeof(r) + s->out_bytes);
	return s->io->write(s->io->ctx, &r, sizeof(r), s->out, s->out_bytes, s->out_fd);
}

void wcard_vfu_serve(struct wcard_card *c, const struct wcard_vfu_io *io)
{
	struct session s = { .c = c, .io = io };
	int ret;

	do {
		ret = room(&s.out, &s.out_room, MIN_ROOM) ? receive(&s) : -ENOMEM;
		if (!ret)
			ret = answer(&s);
		for (unsigned int i = 0; i < s.nfds; i++)
			if (s.fds[i] >= 0)
				close(s.fds[i]);
	} while (!ret);
	free(s.in);
	free(s.out);
}
