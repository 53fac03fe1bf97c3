/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_DEVICE_H
#define WEFT_CORE_DEVICE_H

#include <weft/device.h>

#include "backend.h"
#include "va.h"

struct weft_device {
	uint32_t magic;
	uint32_t index;
	struct weft *weft;
	const struct weft_kind_row *kind;
	struct weft_device *next;		/* weft->devices */
	uint64_t uid;				/* never reused, unlike the address of this structure */
	atomic_uint children;			/* objects of the user: must be 0 at close */
	struct weft_memory *imports;		/* in this device, under weft->share */
	struct weft_memory *foreign;		/* that came by descriptor, under weft->share */
	struct weft_device_info info;
	pthread_mutex_t copier_lock;		/* makes the copier once */
	struct weft_copier *copier;
	/* card */
	int fd;
	uint32_t vm;
	pthread_mutex_t lock;			/* va */
	struct weft_va va;
	pthread_mutex_t space;			/* lr_vm, bound, ringer */
	uint32_t lr_vm;				/* of user queues, made with the first; 0 = none */
	struct weft_memory *bound;		/* what has to be bound there too */
	struct weft_user_queue *ringer;		/* one whose doorbell page takes kicks, or NULL */
	/* soft */
	void *priv;
};

/* 0, or -EOPNOTSUPP: the text names the first of the capabilities that it lacks */
int weft_device_needs(const struct weft_device *device, const char *const *names, size_t count, const char *call);

static inline const struct weft_backend *weft_backend(const struct weft_device *device)
{
	return device->kind->backend;
}

#endif
