// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * vfio-user messages: the input is what a client sends on its socket, a row of whole messages. What comes with a
 * message says its id: bits 3:0 how many file descriptors, bits 6:4 of which kind, bit 15 that its size is meant as
 * it stands (else a size beyond the end of the input is cut there). After the stream the client is gone: nothing of it
 * may be left, and no descriptor.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "tools/card/bus.h"
#include "tools/card/vfu.h"
#include "tools/card/vfu_msg.h"

#define MESSAGES	48		/* one execution stays short */
#define RESETS		3
#define FDS_MAX		9		/* one more than the parser takes */
#define SECONDS_MAX	5		/* libFuzzer's own alarm ends a system call that hangs, and then all looks well */

enum { MEMORY, MEMORY_RO, EVENT, FULL_PIPE, NULL_DEVICE, KINDS };

static struct wcard_machine machine = { .ncards = 1, .nengines = 1, .slots = 16, .lmem_bytes = 4u << 20,
					.caps = WCARD_CAPS };
static int source[KINDS];

struct link {
	struct fuzz_in in;
	struct vfu_head head;		/* of the message being read */
	bool in_head, expects_reply;
	unsigned int messages, resets;
};

static int full_pipe(void)
{
	char page[4096] = { 0 };
	int fd[2];

	if (pipe2(fd, O_CLOEXEC | O_NONBLOCK))
		return -1;
	while (write(fd[1], page, sizeof(page)) > 0)
		;
	/* as a client would pass it: blocking */
	if (fcntl(fd[1], F_SETFL, 0))
		return -1;
	return fd[1];
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char ro[64];
	const char *what;

	(void)argc, (void)argv;
	signal(SIGPIPE, SIG_IGN);
	machine.clock_base_ns = wcard_now(&machine);
	source[MEMORY] = memfd_create("fuzz", MFD_CLOEXEC);
	if (sodium_init() < 0 || source[MEMORY] < 0 || ftruncate(source[MEMORY], 1 << 16))
		abort();
	snprintf(ro, sizeof(ro), "/proc/self/fd/%d", source[MEMORY]);
	source[MEMORY_RO] = open(ro, O_RDONLY | O_CLOEXEC);
	source[EVENT] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	source[FULL_PIPE] = full_pipe();
	source[NULL_DEVICE] = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; i < KINDS; i++)
		if (source[i] < 0)
			fuzz_wrong("descriptor kind %d: %m", i);
	if (wcard_machine_init(&machine, NULL, false, &what))
		fuzz_wrong("%s: %m", what);
	return 0;
}

static void attach(const struct vfu_head *h, int *fds, unsigned int *nfds)
{
	unsigned int n = h->id & 15, kind = (h->id >> 4 & 7) % KINDS;

	for (unsigned int i = 0; i < n && i < FDS_MAX; i++) {
		int fd = fcntl(source[kind], F_DUPFD_CLOEXEC, 0);

		if (fd < 0)
			fuzz_wrong("too many descriptors are open");
		/* what the socket layer does with more than fit */
		if (*nfds < WCARD_VFU_MAX_FDS)
			fds[(*nfds)++] = fd;
		else
			close(fd);
	}
}

static int link_read(void *ctx, void *buf, size_t n, int *fds, unsigned int *nfds)
{
	struct link *l = ctx;

	l->in_head = !l->in_head;
	if (!l->in_head) {
		if (n != l->head.size - sizeof(l->head))
			fuzz_wrong("a message of %u bytes is read on with %zu", l->head.size, n);
		return fuzz_bytes(&l->in, buf, n) == n ? 0 : -EPIPE;
	}
	if (l->expects_reply)
		fuzz_wrong("message %u has no reply", l->messages);
	if (l->messages++ == MESSAGES || fuzz_bytes(&l->in, &l->head, sizeof(l->head)) < sizeof(l->head))
		return -EPIPE;
	if (n != sizeof(l->head))
		fuzz_wrong("a header is read as %zu bytes", n);
	if (!(l->head.id >> 15) && l->head.size > sizeof(l->head) + l->in.n)
		l->head.size = (uint32_t)(sizeof(l->head) + l->in.n);
	if (l->head.cmd == VFU_DEVICE_RESET && l->resets++ == RESETS)
		return -EPIPE;
	l->in_head = l->head.size > sizeof(l->head);
	l->expects_reply = !(l->head.flags & VFU_F_NO_REPLY) && !(l->head.flags & VFU_F_TYPE) &&
			   l->head.size >= sizeof(l->head);
	memcpy(buf, &l->head, n);
	attach(&l->head, fds, nfds);
	return 0;
}

static int link_write(void *ctx, const void *head, size_t nhead, const void *data, size_t ndata, int fd)
{
	static volatile uint8_t sum;
	struct link *l = ctx;
	struct vfu_head r;

	if (nhead != sizeof(r))
		fuzz_wrong("a reply begins with %zu bytes", nhead);
	memcpy(&r, head, sizeof(r));
	if (!l->expects_reply || r.id != l->head.id || r.cmd != l->head.cmd || r.size != nhead + ndata)
		fuzz_wrong("command %u id %u answered by command %u id %u, %u bytes", l->head.cmd, l->head.id, r.cmd, r.id,
			   r.size);
	if ((r.flags & ~VFU_F_ERROR) != VFU_F_REPLY || !(r.flags & VFU_F_ERROR) != !r.error || (r.error && ndata))
		fuzz_wrong("a reply with flags %#x, error %u and %zu bytes", r.flags, r.error, ndata);
	if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
		fuzz_wrong("a reply with a closed descriptor");
	/* all of it is there */
	for (size_t i = 0; i < ndata; i += 256)
		sum ^= ((const uint8_t *)data)[i];
	l->expects_reply = false;
	return 0;
}

static time_t seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static int lowest_fd(void)
{
	int fd = fcntl(source[MEMORY], F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link l = { .in = { data, size }, .in_head = false };
	const struct wcard_vfu_io io = { link_read, link_write, &l };
	struct wcard_card *c = machine.card[0];
	const struct wcard_dma_table *dma;
	int fd = lowest_fd();
	time_t start = seconds();

	wcard_vfu_serve(c, &io);
	wcard_vfu_forget(c);
	if (seconds() - start > SECONDS_MAX)
		fuzz_wrong("the card was stuck for %ld s", (long)(seconds() - start));
	dma = atomic_load(&c->dma);
	if (dma->n)
		fuzz_wrong("%u mappings outlive their client", dma->n);
	for (unsigned int i = 0; i <= WCARD_VECTORS; i++)
		if (c->irq_fd[i] >= 0)
			fuzz_wrong("vector %u outlives its client", i);
	if (atomic_load(&c->user_limit) || atomic_load(&c->bus_master) || wcard_pci_bar2(c))
		fuzz_wrong("registers outlive their client");
	if (lowest_fd() != fd)
		fuzz_wrong("a descriptor was left open: %d, not %d, is free", lowest_fd(), fd);
	fuzz_cover();
	return 0;
}
