/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * State of the library: one object for the process.
 *
 * Lock order, outermost first: weft.share (memory imports) > weft_copier.lock > weft_queue.lock > weft_timeline.lock
 * > weft_device.space
 * (address spaces) > weft_device.lock (addresses) > weft.lock (tables and lists, never held over a call out of the library).
 */
#ifndef WEFT_CORE_LIBRARY_H
#define WEFT_CORE_LIBRARY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <weft/kind.h>
#include <weft/library.h>

#include "error.h"
#include "sys.h"

#define WEFT_MAX_KINDS		16
#define WEFT_MAX_KERNELS	256
#define WEFT_MAX_CARDS		64

struct weft_backend;

/* What a device kind is: its name, what implements its objects, and for kinds that run on the host, what runs them. */
struct weft_kind_row {
	const char *name;
	const struct weft_backend *backend;
	const struct weft_kind *soft;
};

struct weft {
	pthread_mutex_t lock, share;
	atomic_uint refs;
	uint32_t initialisations;
	const struct weft_sys *sys;
	char cards[WEFT_MAX_CARDS][WEFT_NAME_BYTES];	/* node paths by PCI address */
	uint32_t num_cards;
	struct weft_kind_row kinds[WEFT_MAX_KINDS];
	uint32_t num_kinds;
	const struct weft_kernel *kernels[WEFT_MAX_KERNELS];
	uint32_t num_kernels;
	struct weft_device *devices;
	struct weft_queue *queues;
	uint64_t next_uid;
	uint32_t num_devices;
	atomic_ulong submits, callbacks, live_memories;
	atomic_ulong h2d, d2h, local, p2p, bounce, mapped, fill, tensor;	/* bytes */
};

extern struct weft weft_library;

/* Puts another kernel behind the library; before the first weft_open() or after the last weft_close(). */
void weft_sys_set(const struct weft_sys *sys);

/* Every handle begins with its magic. */
enum weft_magic {
	WEFT_MAGIC_DEVICE = 0x57644576, WEFT_MAGIC_MEMORY, WEFT_MAGIC_TIMELINE, WEFT_MAGIC_LIST, WEFT_MAGIC_QUEUE,
	WEFT_MAGIC_TENSOR, WEFT_MAGIC_USER_QUEUE, WEFT_MAGIC_PLAN, WEFT_MAGIC_BODY, WEFT_MAGIC_EDGE, WEFT_MAGIC_CONSTANT,
	WEFT_MAGIC_COMM, WEFT_MAGIC_WINDOW, WEFT_MAGIC_COLL,
};

/* 0, or -ENOTCONN with text. The first thing every public call does */
int weft_ready(const struct weft *weft, const char *call);
int weft_handle(const void *handle, enum weft_magic magic, const char *call);

/*
 * Sized structures. take: copies the caller's into one of @bytes, absent fields 0; -EINVAL when it is smaller than
 * @least or has non-zero bytes this library does not know. give: the other way, keeping the caller's size.
 */
int weft_take(void *to, size_t bytes, const void *from, size_t least, const char *call);
int weft_give(void *to, const void *from, size_t bytes, size_t least, const char *call);

/* The array that the pointer at @array points to, with room for one more; false: no memory */
bool weft_room(void *array, uint32_t count, uint32_t *room, size_t bytes);

uint64_t weft_now_ns(void);				/* CLOCK_MONOTONIC */
uint64_t weft_deadline_ns(uint64_t timeout_ns);		/* at most an hour ahead */
uint64_t weft_uid(void);
int weft_cond_init(pthread_cond_t *cond);		/* on CLOCK_MONOTONIC */
/* 0 or -ETIME */
int weft_cond_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline_ns);

static inline void weft_count(atomic_ulong *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* kind.c, kernel.c: fill the tables of the first weft_open() */
void weft_kind_init(struct weft *weft);
void weft_kernel_init(struct weft *weft);
uint32_t weft_kind_count(struct weft *weft, const struct weft_kind_row *row);
const struct weft_kind_row *weft_kind_row(struct weft *weft, const char *name);
int weft_kernel_lookup(const struct weft_kind_row *kind, const char *name, enum weft_type type,
		       const struct weft_kernel **kernel);

#endif
