/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* weft_open() and weft_close(), and what every call needs of them. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "library.h"

#define HOUR_NS		3600000000000ull

struct weft weft_library = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.share = PTHREAD_MUTEX_INITIALIZER,
	.sys = &weft_sys_kernel,
};

void weft_sys_set(const struct weft_sys *sys)
{
	weft_library.sys = sys ? sys : &weft_sys_kernel;
}

struct card {
	char path[WEFT_NAME_BYTES];
	uint32_t pci;
};

static int by_pci(const void *a, const void *b)
{
	uint32_t x = ((const struct card *)a)->pci, y = ((const struct card *)b)->pci;

	return x < y ? -1 : x > y;
}

/* A card that may not be opened, or whose interface this library does not speak, stays in the list: opening it says why. */
static void find_cards(struct weft *weft)
{
	struct card cards[WEFT_MAX_CARDS];
	int n = weft->sys->scan(weft->cards, WEFT_MAX_CARDS);

	for (int i = 0; i < n; i++) {
		struct weft_device_info info = { 0 };
		int fd = weft->sys->open(weft->cards[i]);

		memcpy(cards[i].path, weft->cards[i], WEFT_NAME_BYTES);
		cards[i].pci = UINT32_MAX;
		if (fd < 0)
			continue;
		if (weft->sys->device(fd, &info) != -ENODEV)
			cards[i].pci = info.pci;
		weft->sys->close(fd);
	}
	weft->num_cards = n > 0 ? (uint32_t)n : 0;
	qsort(cards, weft->num_cards, sizeof(cards[0]), by_pci);
	for (uint32_t i = 0; i < weft->num_cards; i++)
		memcpy(weft->cards[i], cards[i].path, WEFT_NAME_BYTES);
}

struct weft *weft_open(void)
{
	struct weft *weft = &weft_library;

	pthread_mutex_lock(&weft->lock);
	if (!atomic_load(&weft->refs)) {
		weft->initialisations++;
		weft_kind_init(weft);
		weft_kernel_init(weft);
		find_cards(weft);
	}
	atomic_fetch_add(&weft->refs, 1);
	pthread_mutex_unlock(&weft->lock);
	return weft;
}

int weft_close(struct weft *weft)
{
	int ret = weft_ready(weft, "weft_close");

	if (ret)
		return ret;
	pthread_mutex_lock(&weft->lock);
	if (!atomic_load(&weft->refs))
		ret = -ENOTCONN;
	else if (atomic_load(&weft->refs) == 1 && weft->num_devices)
		ret = -EBUSY;
	else
		atomic_fetch_sub(&weft->refs, 1);
	pthread_mutex_unlock(&weft->lock);
	return ret ? weft_fail(ret, "weft_close: devices are still open, or the library is not") : 0;
}

int weft_ready(const struct weft *weft, const char *call)
{
	if (!atomic_load(&weft_library.refs))
		return weft_fail(-ENOTCONN, "%s: the library is not open: call weft_open() first", call);
	if (!weft)
		return weft_fail(-EINVAL, "%s: no library handle", call);
	return weft == &weft_library ? 0 : weft_fail(-EINVAL, "%s: not a handle of weft_open()", call);
}

int weft_handle(const void *handle, enum weft_magic magic, const char *call)
{
	int ret = weft_ready(&weft_library, call);

	if (ret)
		return ret;
	if (!handle)
		return weft_fail(-EINVAL, "%s: the handle is NULL", call);
	if (*(const uint32_t *)handle != (uint32_t)magic)
		return weft_fail(-EINVAL, "%s: a handle of another kind, or one already destroyed", call);
	return 0;
}

int weft_take(void *to, size_t bytes, const void *from, size_t least, const char *call)
{
	uint32_t size;

	if (!from)
		return weft_fail(-EINVAL, "%s: the structure is NULL", call);
	memcpy(&size, from, sizeof(size));
	if (size < least)
		return weft_fail(-EINVAL, "%s: structure of %u bytes, at least %zu needed; is .size set?", call, size,
				 least);
	for (size_t i = bytes; i < size; i++)
		if (((const unsigned char *)from)[i])
			return weft_fail(-EINVAL, "%s: byte %zu of the structure is not known to this library", call,
					 i);
	memset(to, 0, bytes);
	memcpy(to, from, size < bytes ? size : bytes);
	return 0;
}

int weft_give(void *to, const void *from, size_t bytes, size_t least, const char *call)
{
	uint32_t size;

	if (!to)
		return weft_fail(-EINVAL, "%s: the structure is NULL", call);
	memcpy(&size, to, sizeof(size));
	if (size < least)
		return weft_fail(-EINVAL, "%s: structure of %u bytes, at least %zu needed; is .size set?", call, size,
				 least);
	memset(to, 0, size);
	memcpy(to, from, size < bytes ? size : bytes);
	memcpy(to, &size, sizeof(size));
	return 0;
}

bool weft_room(void *array, uint32_t count, uint32_t *room, size_t bytes)
{
	void **p = array, *more;

	if (count < *room)
		return true;
	more = realloc(*p, (*room ? 2ull * *room : 8) * bytes);
	if (!more)
		return false;
	*p = more;
	*room = *room ? 2 * *room : 8;
	return true;
}

uint64_t weft_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t weft_deadline_ns(uint64_t timeout_ns)
{
	return weft_now_ns() + (timeout_ns < HOUR_NS ? timeout_ns : HOUR_NS);
}

uint64_t weft_uid(void)
{
	uint64_t uid;

	pthread_mutex_lock(&weft_library.lock);
	uid = ++weft_library.next_uid;
	pthread_mutex_unlock(&weft_library.lock);
	return uid;
}

int weft_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;
	int ret = pthread_condattr_init(&attr);

	if (ret)
		return -ret;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	ret = pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
	return -ret;
}

int weft_cond_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline_ns)
{
	struct timespec t = {
		.tv_sec = (time_t)(deadline_ns / 1000000000u), .tv_nsec = (long)(deadline_ns % 1000000000u),
	};

	return pthread_cond_timedwait(cond, lock, &t) == ETIMEDOUT ? -ETIME : 0;
}

int weft_stats_get(struct weft *weft, struct weft_stats *stats)
{
	struct weft_stats s = { 0 };
	int ret = weft_ready(weft, __func__);

	if (ret)
		return ret;
	pthread_mutex_lock(&weft->lock);
	s.initialisations = weft->initialisations;
	s.open_devices = weft->num_devices;
	pthread_mutex_unlock(&weft->lock);
	s.ioctls = weft_sys_ioctls();
	s.mmaps = weft_sys_mmaps();
	s.submits = atomic_load(&weft->submits);
	s.callbacks = atomic_load(&weft->callbacks);
	s.h2d_bytes = atomic_load(&weft->h2d);
	s.d2h_bytes = atomic_load(&weft->d2h);
	s.local_bytes = atomic_load(&weft->local);
	s.p2p_bytes = atomic_load(&weft->p2p);
	s.host_bounce_bytes = atomic_load(&weft->bounce);
	s.mmap_bytes = atomic_load(&weft->mapped);
	s.fill_bytes = atomic_load(&weft->fill);
	s.tensor_bytes = atomic_load(&weft->tensor);
	s.live_memories = atomic_load(&weft->live_memories);
	return weft_give(stats, &s, sizeof(s), sizeof(s), __func__);
}
