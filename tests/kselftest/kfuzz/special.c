// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Mappings and what is stored through them, descriptors, processes, the administrator's files. */
#define _GNU_SOURCE
#include "kf.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct access {
	volatile uint8_t *at;
	unsigned int kind;
	uint64_t value;
	const union weft_packet *packet;
};

long kf_mmap(struct kf_process *p, const uint64_t *arg, int file)
{
	uint64_t of = 0, offset = kf_pick(p, KF_OFFSET, arg[0], &of), bytes = (arg[1] % 600 ? arg[1] % 600 : 1) * 4096;
	int fd = kf_file(p, file ? (unsigned int)file : of);
	void *map;

	if (fd < 0)
		return -EBADF;
	/* the natural one when nothing is asked for */
	map = mmap(NULL, bytes, arg[2] % 4 ? arg[2] % 4 : PROT_READ | PROT_WRITE, arg[3] == 1 ? MAP_PRIVATE : MAP_SHARED, fd,
		   arg[3] == 2 ? offset + 4096 : offset);
	if (map == MAP_FAILED)
		return -errno;
	kf_make(p, KF_MAP, (uintptr_t)map, bytes);
	return 0;
}

long kf_munmap(struct kf_process *p, const uint64_t *arg, int file)
{
	uint64_t bytes, map = kf_take(p, KF_MAP, arg[0], &bytes);

	(void)file;
	return map && munmap((void *)(uintptr_t)map, bytes) ? -errno : 0;
}

static void touch(void *of)
{
	struct access *a = of;

	switch (a->kind) {
	case 0: *(volatile uint32_t *)a->at = a->value; break;
	case 1: *(volatile uint64_t *)a->at = a->value; break;
	case 2: a->value = *(volatile uint64_t *)a->at; break;
	default:
		for (int i = 0; i < 8; i++)
			((volatile uint64_t *)a->at)[i] = a->packet->word[i];
	}
}

/* A word of an object, a cell, ring control (tail at 0, armed at 64), a doorbell (ring at 0, kick at 8). */
long kf_store(struct kf_process *p, const uint64_t *arg, int file)
{
	uint64_t bytes = 0, map = kf_pick(p, KF_MAP, arg[0], &bytes);
	struct access a = { .kind = arg[2] % 3, .value = arg[3] };

	(void)file;
	if (!map)
		return -EBADF;
	a.at = (uint8_t *)(uintptr_t)map + (arg[1] % bytes & ~7ULL);
	return kf_guarded(touch, &a) ? 0 : -EFAULT;
}

/* Mostly a packet that the card takes: opcode, two addresses, a small number, flags; or with a last argument anything. */
long kf_packet(struct kf_process *p, const uint64_t *arg, int file)
{
	uint64_t bytes = 0, map = kf_pick(p, KF_MAP, arg[0], &bytes), n = arg[5];
	union weft_packet k = { .word = { 0 } };
	struct access a = { .kind = 3, .packet = &k };

	(void)file;
	if (!map)
		return -EBADF;
	k.hdr.op = arg[2];
	switch (arg[2]) {
	case WEFT_PKT_COPY: k.copy.dst = arg[3]; k.copy.src = arg[4]; k.copy.bytes = n * 256; break;
	case WEFT_PKT_FILL: k.fill.dst = arg[3]; k.fill.width = 1; k.fill.bytes = n * 256; break;
	case WEFT_PKT_TIMED: k.timed.ns = n * 100000; break;
	case WEFT_PKT_WAIT: k.wait.u.one.cell = arg[3] + 32 * (arg[6] & 3); k.wait.u.one.base = n; k.wait.end_level = 0xff; break;
	case WEFT_PKT_SIGNAL: k.signal.u.one.cell = arg[3] + 32 * (arg[6] & 3); k.signal.u.one.base = n;
			      k.signal.words = 1 + (arg[6] & 4); k.signal.scope = arg[6] >> 3 & 1; break;
	case WEFT_PKT_TIMESTAMP: k.timestamp.dst = arg[3]; break;
	case WEFT_PKT_CALL: case WEFT_PKT_LOOP: k.call.list = arg[3]; k.call.npackets = 1 + (arg[6] & 3);
					       k.call.count = arg[2] == WEFT_PKT_LOOP ? n : 0; break;
	case WEFT_PKT_PRED: k.pred.operand = arg[3]; k.pred.compare = arg[6] & 3; break;
	default: k.word[1] = arg[3]; k.word[2] = arg[4]; k.word[3] = n;
	}
	if (arg[7])
		k.word[arg[7] % 8] ^= arg[7];
	a.at = (uint8_t *)(uintptr_t)map + 64 * (arg[1] % (bytes / 64));
	return kf_guarded(touch, &a) ? 0 : -EFAULT;
}

long kf_close(struct kf_process *p, const uint64_t *arg, int file)
{
	uint64_t fd = kf_take(p, KF_FD, arg[0], NULL);

	(void)file;
	return fd && close(fd) ? -errno : 0;
}

long kf_dup(struct kf_process *p, const uint64_t *arg, int file)
{
	int fd = dup(kf_file(p, arg[0]));

	(void)file;
	if (fd < 0)
		return -errno;
	kf_make(p, KF_FD, fd, 0);
	return 0;
}

long kf_eventfd(struct kf_process *p, const uint64_t *arg, int file)
{
	int fd = arg[0] ? memfd_create("kfuzz", MFD_ALLOW_SEALING) : eventfd(0, EFD_NONBLOCK);

	(void)file;
	if (fd < 0)
		return -errno;
	if (arg[0] && ftruncate(fd, 8192)) {
		close(fd);
		return -errno;
	}
	kf_make(p, KF_FD, fd, 0);
	return 0;
}

/* A process that inherits everything does one thing and dies. No libc in it: the other thread may hold its locks. */
long kf_fork(struct kf_process *p, const uint64_t *arg, int file)
{
	int fd = kf_file(p, file), status;
	pid_t pid = fork();

	if (!pid) {
		uint64_t map = p->num[KF_MAP] ? p->made[KF_MAP][0] : 0;
		struct access a = { .at = (uint8_t *)(uintptr_t)map, .kind = arg[0] == 2 ? 1 : 2 };
		struct drm_weft_vm_create vm = { .type = arg[0] & 1 };

		if (arg[0] == 1)
			ioctl(fd, DRM_IOCTL_WEFT_VM_CREATE, &vm);
		else if (map)
			kf_guarded(touch, &a);
		_exit(0);
	}
	if (pid < 0)
		return -errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* What a program that watches reads, while all the rest goes on. */
long kf_sysfs(struct kf_process *p, const uint64_t *arg, int file)
{
	static const char *const names[] = {
		"counts", "queues", "rings", "spaces", "memory", "watches", "links", "",
	};
	char path[128], text[4096];
	int fd;
	ssize_t n;

	if (arg[0] % 8 == 7)
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%ld", kf_file(p, file));
	else
		snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%s/%s", p->pci[arg[1] & 1], names[arg[0] % 8]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	close(fd);
	return 0;
}

long kf_nap(struct kf_process *p, const uint64_t *arg, int file)
{
	struct pollfd set = { .fd = kf_file(p, file), .events = POLLIN };

	return poll(&set, 1, arg[0] % 4) < 0 ? -errno : 0;
}

long kf_reset(struct kf_process *p, const uint64_t *arg, int file)
{
	char path[128];

	(void)file;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", p->pci[arg[0] & 1]);
	return ks_write(path, "1");
}

long kf_rebind(struct kf_process *p, const uint64_t *arg, int file)
{
	const char *pci = p->pci[arg[0] & 1];
	long r = ks_write("/sys/bus/pci/drivers/weft/unbind", pci);

	(void)file;
	ks_write("/sys/bus/pci/drivers/weft/bind", pci);
	return r;
}
