/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Windows: memory at the same device addresses on all members' cards. */
#include "comm.h"

#include <errno.h>
#include <stdlib.h>

#include "runtime/core/card.h"

#define GRAIN	0x200000ull	/* a large page */
#define GUARD	4096u		/* between two members', so that running over an end faults */

/* Of all windows of the process: members of one communicator are members of others. */
static struct weft_va addresses;
static pthread_mutex_t addresses_lock = PTHREAD_MUTEX_INITIALIZER;

static int take(uint64_t bytes, uint64_t *base)
{
	int ret = 0;

	pthread_mutex_lock(&addresses_lock);
	if (!addresses.room)
		ret = weft_va_init(&addresses, WEFT_WINDOWS_START, WEFT_WINDOWS_END);
	if (!ret)
		ret = weft_va_alloc(&addresses, bytes, GRAIN, base);
	pthread_mutex_unlock(&addresses_lock);
	return ret ? weft_fail(ret, "weft_window_create: device addresses for %llu bytes", (unsigned long long)bytes) : 0;
}

static void give_back(uint64_t base, uint64_t bytes)
{
	pthread_mutex_lock(&addresses_lock);
	weft_va_free(&addresses, base, bytes);
	if (addresses.count == 1 && addresses.free[0].start == WEFT_WINDOWS_START && addresses.free[0].end == WEFT_WINDOWS_END) {
		weft_va_fini(&addresses);
		addresses = (struct weft_va) { 0 };
	}
	pthread_mutex_unlock(&addresses_lock);
}

static int release(struct weft_window *w)
{
	int ret = 0;

	for (uint32_t m = 0; m < w->comm->ranks; m++) {
		for (uint32_t r = 0; r < w->comm->ranks; r++) {
			int one = w->there[m][r] ? weft_memory_destroy(w->there[m][r]) : 0;

			ret = ret ? ret : one;
		}
	}
	for (uint32_t m = 0; m < w->comm->ranks; m++) {
		int one = w->memory[m] ? weft_memory_destroy(w->memory[m]) : 0;

		ret = ret ? ret : one;
	}
	/* else an address may still be translated: it is lost, not reused */
	if (!ret)
		give_back(w->base, w->span * w->comm->ranks);
	w->magic = 0;
	free(w);
	return ret;
}

int weft_window_create(struct weft_comm *comm, uint64_t bytes, struct weft_window **window)
{
	struct weft_window *w;
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (ret)
		return ret;
	if (!window || !bytes || bytes > 1ull << 40)
		return weft_fail(-EINVAL, "weft_window_create: %llu bytes", (unsigned long long)bytes);
	w = calloc(1, sizeof(*w));
	if (!w)
		return weft_fail(-ENOMEM, "window");
	w->magic = WEFT_MAGIC_WINDOW;
	w->comm = comm;
	w->bytes = bytes;
	w->span = (bytes + GUARD + GRAIN - 1) / GRAIN * GRAIN;
	ret = take(w->span * comm->ranks, &w->base);
	if (ret) {
		free(w);
		return ret;
	}
	for (uint32_t m = 0; m < comm->ranks && !ret; m++)
		ret = weft_memory_new_at(comm->member[m].device, bytes, w->base + m * w->span, &w->memory[m]);
	for (uint32_t m = 0; m < comm->ranks; m++)
		for (uint32_t r = 0; r < comm->ranks && !ret; r++)
			if (r != m)
				ret = weft_memory_import_at(comm->member[r].device, w->memory[m], WEFT_ACCESS_READ | WEFT_ACCESS_WRITE,
							    w->base + m * w->span, &w->there[m][r]);
	if (ret) {
		release(w);
		return ret;
	}
	pthread_mutex_lock(&comm->lock);
	comm->children++;
	pthread_mutex_unlock(&comm->lock);
	*window = w;
	return 0;
}

int weft_window_destroy(struct weft_window *window)
{
	int ret = weft_handle(window, WEFT_MAGIC_WINDOW, __func__);
	uint32_t users;

	if (ret)
		return ret;
	pthread_mutex_lock(&window->comm->lock);
	users = window->users;
	window->comm->children -= !users;
	pthread_mutex_unlock(&window->comm->lock);
	return users ? weft_fail(-EBUSY, "weft_window_destroy: %u calls of communicator %s use it", users, window->comm->name) :
	       release(window);
}

struct weft_memory *weft_window_memory(const struct weft_window *window, uint32_t member)
{
	return window && member < window->comm->ranks ? window->memory[member] : NULL;
}

uint64_t weft_window_address(const struct weft_window *window, uint32_t member)
{
	return window && member < window->comm->ranks ? window->base + member * window->span : 0;
}
