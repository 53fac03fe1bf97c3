// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* KCOV of the calling thread, and a set of signals. Only weft.ko is instrumented, so that every place is the driver's. */
#include "kf.h"

#include <fcntl.h>
#include <linux/kcov.h>

#define ENTRIES	(1u << 16)

struct kf_trace {
	uint64_t *area;		/* its first word: places noted */
};

struct kf_trace *kf_trace_open(void)
{
	struct kf_trace *t = malloc(sizeof(*t));
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (!t || fd < 0 || ioctl(fd, KCOV_INIT_TRACE, ENTRIES))
		return NULL;
	t->area = mmap(NULL, ENTRIES * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (t->area == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return NULL;
	return t;
}

void kf_trace_begin(struct kf_trace *t)
{
	__atomic_store_n(&t->area[0], 0, __ATOMIC_RELAXED);
}

void kf_trace_end(struct kf_trace *t, struct kf_cover *into)
{
	uint64_t n = __atomic_load_n(&t->area[0], __ATOMIC_RELAXED);

	for (uint64_t i = 1; i <= n; i++)
		kf_cover_add(into, KF_PC | (uint32_t)t->area[i]);
	t->area[0] = 0;
}

static uint32_t place(const struct kf_cover *cover, uint64_t signal)
{
	uint32_t i = (signal * 0x9e3779b97f4a7c15ULL) >> 48;

	while (cover->seen[i] && cover->seen[i] != signal)
		i = (i + 1) % KF_SIGNALS;
	return i;
}

bool kf_cover_has(const struct kf_cover *cover, uint64_t signal)
{
	return cover->seen[place(cover, signal)];
}

bool kf_cover_add(struct kf_cover *cover, uint64_t signal)
{
	uint32_t i = place(cover, signal);

	if (cover->seen[i] || cover->num == KF_SIGNALS / 2)
		return false;
	cover->seen[i] = signal;
	cover->used[cover->num++] = i;
	cover->places += (signal & KF_PC) != 0;
	return true;
}

void kf_cover_clear(struct kf_cover *cover)
{
	while (cover->num)
		cover->seen[cover->used[--cover->num]] = 0;
	cover->places = 0;
}

void kf_cover_result(struct kf_cover *into, unsigned int desc, long result)
{
	if (result >= -4095)
		kf_cover_add(into, 1 + desc * 4096ULL + (result < 0 ? -result : 0));
}
