// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "client.h"
#include "ct.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* QEMU gives a server 5 s, then the link is lost. */
#define REPLY_MS	5000
#define MAX_FDS		16

struct header {
	uint16_t id, command;
	uint32_t bytes, flags, error;
};
#define FLAG_REPLY	0x1u
#define FLAG_ERROR	0x20u

static const char *const command_name[] = {
	"0", "VERSION", "DMA_MAP", "DMA_UNMAP", "GET_INFO", "GET_REGION_INFO", "GET_REGION_IO_FDS", "GET_IRQ_INFO",
	"SET_IRQS", "REGION_READ", "REGION_WRITE", "DMA_READ", "DMA_WRITE", "DEVICE_RESET",
};

static const char *name_of(unsigned command)
{
	return command < ARRAY_LEN(command_name) ? command_name[command] : "an unknown command";
}

static void send_message(struct vu *v, struct header *h, const void *a, size_t na, const void *b, size_t nb,
			 const int *fds, unsigned nfds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	} control;
	struct iovec iov[3] = {
		{ h, sizeof(*h) }, { (void *)(uintptr_t)a, na }, { (void *)(uintptr_t)b, nb },
	};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3 };
	size_t total = sizeof(*h) + na + nb, done = 0;

	CHECK(v->fd >= 0, "%s on a closed connection", name_of(h->command));
	h->bytes = (uint32_t)total;
	if (nfds) {
		memset(&control, 0, sizeof(control));
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	while (done < total) {
		ssize_t n = sendmsg(v->fd, &m, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		CHECK(n > 0, "sending %s: %s", name_of(h->command), strerror(errno));
		done += (size_t)n;
		m.msg_control = NULL;
		m.msg_controllen = 0;
		for (int i = 0; i < 3; i++) {
			size_t step = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;

			iov[i].iov_base = (char *)iov[i].iov_base + step;
			iov[i].iov_len -= step;
			n -= (ssize_t)step;
		}
	}
	v->messages++;
}

/* Receives exactly `bytes`; descriptors that come along are appended to fds. */
static void receive(struct vu *v, void *buffer, size_t bytes, int *fds, unsigned *nfds, const char *what)
{
	size_t done = 0;
	uint64_t end = ct_now_ns() + (uint64_t)REPLY_MS * 1000000u;

	while (done < bytes) {
		char control[CMSG_SPACE(sizeof(int) * MAX_FDS)];
		struct iovec iov = { (char *)buffer + done, bytes - done };
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
		};
		struct pollfd p = { .fd = v->fd, .events = POLLIN };
		uint64_t now = ct_now_ns();

		CHECK(now < end, "no reply to %s within %d ms", what, REPLY_MS);
		if (poll(&p, 1, (int)((end - now) / 1000000u) + 1) <= 0)
			continue;
		ssize_t n = recvmsg(v->fd, &m, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		CHECK(n > 0, "connection lost while awaiting the reply to %s: %s", what, n ? strerror(errno) : "closed");
		done += (size_t)n;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
				continue;
			unsigned k = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			for (unsigned i = 0; i < k; i++) {
				int fd;

				memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
				if (fds && *nfds < MAX_FDS)
					fds[(*nfds)++] = fd;
				else
					close(fd);
			}
		}
	}
}

static uint8_t *dma_pointer(struct vu *v, uint64_t iova, uint64_t bytes)
{
	for (unsigned i = 0; i < v->ndma; i++) {
		struct vu_dma *d = &v->dma[i];

		if (d->ptr && iova >= d->iova && bytes <= d->size && iova - d->iova <= d->size - bytes)
			return d->ptr + (iova - d->iova);
	}
	return NULL;
}

/* A command of the server: memory access by message. */
static void serve(struct vu *v, const struct header *h, uint8_t *body, size_t bytes)
{
	struct header r = { .id = h->id, .command = h->command, .flags = FLAG_REPLY };
	uint64_t access[2] = { 0, 0 };
	uint8_t *p = NULL;

	v->dma_requests++;
	if (bytes >= sizeof(access))
		memcpy(access, body, sizeof(access));
	if (h->command == VU_DMA_READ || (h->command == VU_DMA_WRITE && bytes == sizeof(access) + access[1]))
		p = dma_pointer(v, access[0], access[1]);
	if (!p) {
		r.flags |= FLAG_ERROR;
		r.error = EINVAL;
		send_message(v, &r, NULL, 0, NULL, 0, NULL, 0);
	} else if (h->command == VU_DMA_READ) {
		send_message(v, &r, access, sizeof(access), p, access[1], NULL, 0);
	} else {
		memcpy(p, body + sizeof(access), access[1]);
		send_message(v, &r, access, sizeof(access), NULL, 0, NULL, 0);
	}
}

static void receive_command(struct vu *v, const struct header *h)
{
	size_t bytes = h->bytes - sizeof(*h);
	uint8_t *body;

	CHECK(h->bytes >= sizeof(*h) && bytes <= 2u << 20, "the server sent a message of %u bytes", h->bytes);
	body = malloc(bytes + 1);
	CHECK(body, "out of memory");
	receive(v, body, bytes, NULL, NULL, "a command of the server");
	serve(v, h, body, bytes);
	free(body);
}

void vu_pump(struct vu *v)
{
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	struct header h;

	while (v->fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLIN)) {
		receive(v, &h, sizeof(h), NULL, NULL, "a command of the server");
		CHECK(!(h.flags & FLAG_REPLY), "a reply (%s) nobody asked for", name_of(h.command));
		receive_command(v, &h);
	}
}

static void request(struct vu *v, unsigned command, const void *a, size_t na, const void *b, size_t nb,
		    const int *fds, unsigned nfds)
{
	struct header h = { .id = ++v->id, .command = (uint16_t)command };

	send_message(v, &h, a, na, b, nb, fds, nfds);
}

static int await(struct vu *v, unsigned command, void *reply, size_t room, size_t *got, int *fds, unsigned *nfds)
{
	struct header h;

	for (;;) {
		receive(v, &h, sizeof(h), fds, nfds, name_of(command));
		if (h.flags & 0xfu & FLAG_REPLY)
			break;
		receive_command(v, &h);
	}
	CHECK(h.id == v->id && h.command == command, "reply to %s carries id %u command %u", name_of(command), h.id,
	      h.command);
	CHECK(h.bytes >= sizeof(h) && h.bytes - sizeof(h) <= room, "reply to %s has %u bytes", name_of(command), h.bytes);
	receive(v, reply, h.bytes - sizeof(h), fds, nfds, name_of(command));
	if (got)
		*got = h.bytes - sizeof(h);
	if (h.flags & FLAG_ERROR)
		return h.error ? (int)h.error : EIO;
	return 0;
}

int vu_call(struct vu *v, unsigned command, const void *req, size_t req_bytes, const int *fds, unsigned nfds,
	    void *reply, size_t reply_bytes, size_t *got)
{
	request(v, command, req, req_bytes, NULL, 0, fds, nfds);
	return await(v, command, reply, reply_bytes, got, NULL, NULL);
}

bool vu_open(struct vu *v, const char *path, unsigned ms)
{
	static const char json[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,"
				   "\"pgsizes\":4096,\"max_dma_maps\":65535,\"write_multiple\":true}}";
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct { uint16_t major, minor; } version = { 0, 0 };
	char reply[4096];
	size_t got = 0;
	uint64_t end = ct_now_ns() + ms * UINT64_C(1000000);

	memset(v, 0, sizeof(*v));
	CHECK(strlen(path) < sizeof(a.sun_path), "socket path too long: %s", path);
	strcpy(a.sun_path, path);
	for (;;) {
		v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (!connect(v->fd, (struct sockaddr *)&a, sizeof(a)))
			break;
		close(v->fd);
		v->fd = -1;
		if (ct_now_ns() > end)
			return false;
		usleep(2000);
	}
	request(v, VU_VERSION, &version, sizeof(version), json, sizeof(json), NULL, 0);
	int err = await(v, VU_VERSION, reply, sizeof(reply) - 1, &got, NULL, NULL);
	CHECK(!err, "VERSION 0.0 refused: %s", strerror(err));
	CHECK(got >= 4, "reply to VERSION has %zu bytes", got);
	memcpy(&version, reply, sizeof(version));
	CHECK(version.major == 0 && version.minor == 0, "VERSION 0.0 answered with %u.%u", version.major, version.minor);
	reply[got] = 0;
	v->max_fds = 1;
	const char *s = got > 4 ? strstr(reply + 4, "\"max_msg_fds\"") : NULL;
	if (s && (s = strchr(s, ':')))
		v->max_fds = (unsigned)strtoul(s + 1, NULL, 10);
	CHECK(v->max_fds >= 1, "max_msg_fds is 0");
	if (v->max_fds > MAX_FDS)
		v->max_fds = MAX_FDS;
	return true;
}

void vu_close(struct vu *v)
{
	for (unsigned i = 0; i < VU_MAX_REGIONS; i++)
		if (v->region[i].map)
			munmap(v->region[i].map, v->region[i].map_bytes);
	if (v->fd >= 0)
		close(v->fd);
	memset(v, 0, sizeof(*v));
	v->fd = -1;
}

void vu_query(struct vu *v)
{
	struct { uint32_t argsz, flags, regions, irqs; } info = { .argsz = 16 };
	int err = vu_call(v, VU_GET_INFO, &info, sizeof(info), NULL, 0, &info, sizeof(info), NULL);

	CHECK(!err, "GET_INFO: %s", strerror(err));
	v->device_flags = info.flags;
	v->nregions = info.regions;
	v->nirqs = info.irqs;
	CHECK(v->nregions > VU_CONFIG, "%u regions: no config space", v->nregions);
	for (unsigned i = 0; i < v->nregions && i < VU_MAX_REGIONS; i++) {
		struct vu_region *g = &v->region[i];
		struct {
			uint32_t argsz, flags, index, cap;
			uint64_t size, offset;
			uint8_t caps[4096];
		} r = { .argsz = 32, .index = i };
		int fds[MAX_FDS];
		unsigned nfds = 0;

		for (int again = 0; again < 2; again++) {
			request(v, VU_GET_REGION_INFO, &r, 32, NULL, 0, NULL, 0);
			nfds = 0;
			err = await(v, VU_GET_REGION_INFO, &r, sizeof(r), NULL, fds, &nfds);
			CHECK(!err, "GET_REGION_INFO %u: %s", i, strerror(err));
			if (again || r.argsz <= 32)
				break;
			/* capabilities (sparse mmap): ask again with room, as QEMU does */
			while (nfds)
				close(fds[--nfds]);
			uint32_t argsz = r.argsz;
			memset(&r, 0, sizeof(r));
			r.argsz = argsz;
			r.index = i;
		}
		g->size = r.size;
		g->offset = r.offset;
		g->flags = r.flags;
		if ((r.flags & 4) && nfds && r.size) {
			g->map = mmap(NULL, r.size, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], (off_t)r.offset);
			CHECK(g->map != MAP_FAILED, "mapping region %u: %s", i, strerror(errno));
			g->map_bytes = r.size;
		}
		while (nfds)
			close(fds[--nfds]);
	}
}

int vu_dma_map(struct vu *v, uint64_t iova, uint64_t size, int fd, uint64_t offset, void *ptr)
{
	struct { uint32_t argsz, flags; uint64_t offset, addr, size; } m = { 32, 3, fd < 0 ? 0 : offset, iova, size };
	char reply[64];
	int err = vu_call(v, VU_DMA_MAP, &m, sizeof(m), &fd, fd >= 0, reply, sizeof(reply), NULL);

	if (!err) {
		CHECK(v->ndma < VU_MAX_DMA, "too many DMA maps");
		v->dma[v->ndma++] = (struct vu_dma){ iova, size, ptr };
	}
	return err;
}

void vu_dma_unmap_send(struct vu *v, uint64_t iova, uint64_t size)
{
	struct { uint32_t argsz, flags; uint64_t addr, size; } m = { 24, 0, iova, size };

	request(v, VU_DMA_UNMAP, &m, sizeof(m), NULL, 0, NULL, 0);
}

int vu_dma_unmap_reply(struct vu *v, uint64_t iova)
{
	char reply[64];
	int err = await(v, VU_DMA_UNMAP, reply, sizeof(reply), NULL, NULL, NULL);

	for (unsigned i = 0; !err && i < v->ndma; i++)
		if (v->dma[i].iova == iova) {
			v->dma[i] = v->dma[--v->ndma];
			break;
		}
	return err;
}

int vu_dma_unmap(struct vu *v, uint64_t iova, uint64_t size)
{
	vu_dma_unmap_send(v, iova, size);
	return vu_dma_unmap_reply(v, iova);
}

int vu_irq_count(struct vu *v, unsigned index)
{
	struct { uint32_t argsz, flags, index, count; } q = { .argsz = 16, .index = index };
	int err = vu_call(v, VU_GET_IRQ_INFO, &q, sizeof(q), NULL, 0, &q, sizeof(q), NULL);

	return err ? 0 : (int)q.count;
}

int vu_set_irqs(struct vu *v, unsigned index, unsigned count, const int *eventfds)
{
	struct { uint32_t argsz, flags, index, start, count; } q = { .argsz = 20, .index = index };
	char reply[64];

	if (!count) {
		q.flags = 1 | 1 << 5;	/* no data, trigger: all of them off */
		return vu_call(v, VU_SET_IRQS, &q, sizeof(q), NULL, 0, reply, sizeof(reply), NULL);
	}
	for (unsigned i = 0; i < count; i += q.count) {
		q.flags = 1 << 2 | 1 << 5;	/* eventfd, trigger */
		q.start = i;
		q.count = count - i < v->max_fds ? count - i : v->max_fds;
		int err = vu_call(v, VU_SET_IRQS, &q, sizeof(q), eventfds + i, q.count, reply, sizeof(reply), NULL);
		if (err)
			return err;
	}
	return 0;
}

int vu_device_reset(struct vu *v)
{
	char reply[64];

	return vu_call(v, VU_DEVICE_RESET, NULL, 0, NULL, 0, reply, sizeof(reply), NULL);
}

struct access {
	uint64_t offset;
	uint32_t region, count;
};

int vu_try_read(struct vu *v, unsigned region, uint64_t offset, void *data, unsigned bytes)
{
	struct access a = { offset, region, bytes };
	struct { struct access a; uint8_t data[4096]; } r;
	size_t got = 0;

	CHECK(bytes <= sizeof(r.data), "read of %u bytes", bytes);
	request(v, VU_REGION_READ, &a, sizeof(a), NULL, 0, NULL, 0);
	int err = await(v, VU_REGION_READ, &r, sizeof(r), &got, NULL, NULL);
	if (!err) {
		CHECK(got == sizeof(a) + bytes, "REGION_READ of %u bytes answered with %zu", bytes, got);
		memcpy(data, r.data, bytes);
	}
	return err;
}

int vu_try_write(struct vu *v, unsigned region, uint64_t offset, const void *data, unsigned bytes)
{
	struct access a = { offset, region, bytes };
	char reply[64];

	request(v, VU_REGION_WRITE, &a, sizeof(a), data, bytes, NULL, 0);
	return await(v, VU_REGION_WRITE, reply, sizeof(reply), NULL, NULL, NULL);
}

uint64_t vu_read(struct vu *v, unsigned region, uint64_t offset, unsigned bytes)
{
	uint64_t value = 0;
	int err = vu_try_read(v, region, offset, &value, bytes);

	CHECK(!err, "reading region %u at %#llx: %s", region, (unsigned long long)offset, strerror(err));
	return value;
}

void vu_write(struct vu *v, unsigned region, uint64_t offset, uint64_t value, unsigned bytes)
{
	int err = vu_try_write(v, region, offset, &value, bytes);

	CHECK(!err, "writing region %u at %#llx: %s", region, (unsigned long long)offset, strerror(err));
}
