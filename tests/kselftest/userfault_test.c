// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Memory of a process may take for ever to come: its pages can be another process's to give (userfaultfd, FUSE). Calls that
 * wait for such pages hold up nobody: the card is reset, taken away and given back under them.
 */
#define _GNU_SOURCE
#include "ks.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>

#define PAGE	4096
#define CALLS	4
#define BOUND	(20 * KS_SECOND)

struct call {
	const char *name;
	unsigned long request;
	int fd;
	void *page;	/* comes when the test says so */
	union {
		struct drm_weft_submit submit;
		struct drm_weft_vm_bind bind;
		struct drm_weft_user_queue_create queue;
		struct drm_weft_query query;
	} a;
	pthread_t thread;
	int result;
};

/* A descriptor that is told of faults in @bytes at *@at, none of which are there yet; or -errno. */
static int open_memory(size_t bytes, uint8_t **at)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	*at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)*at;
	range.range.len = bytes;
	if (*at == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int wait_for_faults(int fd, int faults)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	while (faults) {
		KS_CHECK(poll(&p, 1, 20000) == 1, "%d calls do not come to their memory", faults);
		KS_CHECK(read(fd, &msg, sizeof(msg)) == sizeof(msg) && msg.event == UFFD_EVENT_PAGEFAULT);
		faults--;
	}
	return 0;
}

/* Zeros everywhere, and nobody waits any more. */
static int give_memory(int fd, uint8_t *at, size_t bytes)
{
	struct uffdio_zeropage zero = { .range = { .start = (uintptr_t)at, .len = bytes } };

	return ioctl(fd, UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
}

static void *make(void *arg)
{
	struct call *c = arg;

	c->result = ks_ioctl(c->fd, c->request, &c->a);
	return NULL;
}

static void prepare(struct call calls[CALLS], uint8_t *memory)
{
	calls[0] = (struct call) { .name = "SUBMIT", .request = DRM_IOCTL_WEFT_SUBMIT };
	calls[0].a.submit = (struct drm_weft_submit) {
		.list = KS_LIST_VA, .num_packets = 1, .num_syncs = 1, .syncs = (uintptr_t)memory,
	};
	calls[1] = (struct call) { .name = "VM_BIND", .request = DRM_IOCTL_WEFT_VM_BIND };
	calls[1].a.bind = (struct drm_weft_vm_bind) {
		.flags = DRM_WEFT_BIND_ASYNC, .num_syncs = 1, .syncs = (uintptr_t)memory + PAGE,
	};
	calls[2] = (struct call) { .name = "USER_QUEUE_CREATE", .request = DRM_IOCTL_WEFT_USER_QUEUE_CREATE };
	calls[2].a.queue = (struct drm_weft_user_queue_create) { .num_wills = 1, .wills = (uintptr_t)memory + 2 * PAGE };
	calls[3] = (struct call) { .name = "QUERY", .request = DRM_IOCTL_WEFT_QUERY };
	calls[3].a.query = (struct drm_weft_query) {
		.what = DRM_WEFT_QUERY_DEVICE, .size = sizeof(struct drm_weft_device), .ptr = (uintptr_t)memory + 3 * PAGE,
	};
}

static int calls_wait(void)
{
	struct call calls[CALLS];
	int64_t from;
	uint8_t *memory = NULL;
	char pci[32];
	int fd;

	fd = open_memory(CALLS * PAGE, &memory);
	if (fd == -ENOSYS)
		return ks_skip("userfaultfd");
	KS_CHECK(fd >= 0, "%s", strerror(-fd));
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	prepare(calls, memory);
	for (int i = 0; i < CALLS; i++) {
		calls[i].fd = ks_open(0);
		KS_CHECK(calls[i].fd >= 0);
		KS_OK(pthread_create(&calls[i].thread, NULL, make, &calls[i]));
	}
	KS_DO(wait_for_faults(fd, CALLS));

	from = ks_now_ns();
	KS_OK(ks_reset(0));
	KS_CHECK(ks_now_ns() - from < BOUND);
	KS_DO(ks_works(0));
	from = ks_now_ns();
	KS_OK(ks_driver("unbind", pci));
	KS_CHECK(ks_now_ns() - from < BOUND);
	KS_OK(ks_driver("bind", pci));
	KS_DO(ks_works(0));

	KS_OK(give_memory(fd, memory, CALLS * PAGE));
	for (int i = 0; i < CALLS; i++) {
		KS_OK(pthread_join(calls[i].thread, NULL));
		/* QUERY had its answer when the card was still there. */
		KS_CHECK(calls[i].result == (i < 3 ? -ENODEV : 0), "%s: %d", calls[i].name, calls[i].result);
		close(calls[i].fd);
	}
	munmap(memory, CALLS * PAGE);
	close(fd);
	return ks_works(0);
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "calls that wait for memory hold up neither reset nor removal", calls_wait },
	};

	return ks_main("userfault", tests, sizeof(tests) / sizeof(tests[0]));
}
