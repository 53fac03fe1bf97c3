/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Everything the library asks of the kernel, as typed operations behind a table. sys.c is the implementation, the only
 * file with ioctls and mappings; tests put their own table in place. Every operation returns 0 (or a count) or -errno,
 * needs no lock and may be called by any thread.
 */
#ifndef WEFT_CORE_SYS_H
#define WEFT_CORE_SYS_H

#include <stdbool.h>

#include <weft/cell.h>
#include <weft/device.h>
#include <weft/memory.h>
#include <weft/queue.h>
#include <weft/telemetry.h>
#include <weft/topology.h>
#include <weft/uring.h>

struct weft_sys_sync {
	uint32_t handle;
	bool signal;		/* else wait */
	uint64_t value;
};

#define WEFT_SYS_MAX_SYNCS	64

/* Access of a mapping besides WEFT_ACCESS_*: cells may be waited for, not signalled. */
#define WEFT_ACCESS_CELL	0x8

struct weft_sys_will {
	uint32_t handle, id;
	uint64_t offset;
};

/* doorbell and state are mappings of one page each, for unmap() */
struct weft_sys_user_queue {
	uint32_t vm, band, ring_log2, weight, num_wills;
	bool wait_stops, trace;
	uint64_t ring, ctl, run_limit_ns, wait_limit_ns;
	const struct weft_sys_will *wills;
	const char *name;	/* at most WEFT_NAME_BYTES - 1 bytes, without control characters */
	uint32_t id;
	void *doorbell, *state;
};
#define WEFT_SYS_PAGE	4096u
#define WEFT_SYS_URING_BYTES	48	/* largest argument of a command of io_uring; sys.c asserts it */

/* What an open file may have of a card, as far as somebody is told of it; numbers are the driver's */
enum weft_sys_quota { WEFT_SYS_QUOTA_QUEUES = 0, WEFT_SYS_QUOTA_TABLES = 5 };

struct weft_sys_submit {
	uint32_t queue;
	uint32_t num_packets;
	uint32_t num_operands;
	uint32_t num_syncs;
	uint64_t list;
	uint64_t table;		/* 0 when num_operands is 0 */
	const struct weft_sys_sync *syncs;
};

struct weft_sys {
	uint32_t uapi;				/* the driver interface it speaks, major << 16 | minor */
	/* paths of the nodes whose driver is weft, those that may not be opened too, at most max; returns how many */
	int (*scan)(char (*paths)[WEFT_NAME_BYTES], int max);
	int (*open)(const char *path);		/* a descriptor */
	void (*close)(int fd);			/* of a node, dma-buf or exported semaphore */
	/* telemetry: fill everything but size, index, kind, node */
	int (*device)(int fd, struct weft_device_info *info);
	int (*memory)(int fd, struct weft_memory_info *info);
	int (*quota)(int fd, enum weft_sys_quota kind, uint64_t *used, uint64_t *limit);
	int (*engines)(int fd, struct weft_engine *engines, uint32_t max);
	int (*counters)(int fd, uint32_t vm, struct weft_counter *counters, uint32_t max);
	int (*stats)(int fd, struct weft_device_stats *stats);
	int (*clock)(int fd, struct weft_clock *clock);
	int (*peer)(int fd, int peer_fd, struct weft_peer *peer);
	/* objects; *bytes is rounded */
	int (*gem_create)(int fd, uint64_t *bytes, enum weft_place place, uint32_t *handle);
	int (*gem_create_cells)(int fd, uint64_t *bytes, uint32_t *handle);
	int (*gem_close)(int fd, uint32_t handle);
	int (*gem_map)(int fd, uint32_t handle, uint64_t bytes, void **pointer);
	/* its arm words, read-only, one page for each of its pages */
	int (*gem_map_arm)(int fd, uint32_t handle, uint64_t bytes, void **pointer);
	void (*unmap)(void *pointer, uint64_t bytes);
	int (*gem_export)(int fd, uint32_t handle, uint32_t access, int *dmabuf);
	int (*gem_import)(int fd, int dmabuf, uint32_t *handle);
	/* whole pages of the process, a shared mapping of a sealed memfd; else the reason, constant text */
	int (*user_dmabuf)(const void *pages, uint64_t bytes, int *dmabuf, const char **why);
	/* what an imported handle is: access are its rights, for bind() */
	int (*gem_info)(int fd, uint32_t handle, uint64_t *bytes, enum weft_place *place, uint32_t *access, bool *cells);
	/* address spaces */
	int (*vm_create)(int fd, bool lr, uint32_t *vm);
	int (*vm_destroy)(int fd, uint32_t vm);
	int (*bind)(int fd, uint32_t vm, uint32_t handle, uint64_t va, uint64_t bytes, uint32_t access);
	int (*unbind)(int fd, uint32_t vm, uint64_t va, uint64_t bytes);
	/* queues */
	int (*queue_create)(int fd, uint32_t vm, const struct weft_queue_config *config, uint32_t *queue);
	int (*queue_destroy)(int fd, uint32_t queue);
	int (*queue_status)(int fd, uint32_t queue, struct weft_queue_status *status, uint64_t *fault_list);
	int (*submit)(int fd, const struct weft_sys_submit *submit);
	int (*user_queue_create)(int fd, struct weft_sys_user_queue *queue);
	/* cells of a handle by offset; wait fills state; -ETIME */
	int (*kick)(int fd, uint32_t handle, uint64_t offset);
	int (*cell_wait)(int fd, uint32_t handle, uint64_t offset, uint64_t value, uint64_t timeout_ns,
			 struct weft_cell_state *state);
	/* fill an SQE, with the argument in op; no call. The state is that of a wait that has completed */
	void (*uring_submit)(int fd, const struct weft_sys_submit *submit, struct weft_uring_op *op,
			     struct io_uring_sqe *sqe);
	void (*uring_cell_wait)(int fd, uint32_t handle, uint64_t offset, uint64_t value, uint64_t timeout_ns,
				struct weft_uring_op *op, struct io_uring_sqe *sqe);
	void (*uring_cell_state)(const struct weft_uring_op *op, struct weft_cell_state *state);
	void (*uring_want)(uint32_t handle, uint64_t offset, uint64_t value, struct weft_uring_want *place);
	void (*uring_cell_wait_many)(int fd, const struct weft_uring_want *places, uint32_t count, bool all, uint64_t timeout_ns,
				     struct weft_uring_op *op, struct io_uring_sqe *sqe);
	void (*uring_want_state)(const struct weft_uring_want *place, struct weft_cell_state *state);
	void (*uring_cancel)(int fd, uint64_t user_data, struct weft_uring_op *op, struct io_uring_sqe *sqe);
	/* timeline semaphores */
	int (*sync_create)(int fd, uint32_t *handle);
	int (*sync_destroy)(int fd, uint32_t handle);
	int (*sync_export)(int fd, uint32_t handle, int *sync_fd);
	int (*sync_import)(int fd, int sync_fd, uint32_t *handle);
	int (*sync_signal)(int fd, uint32_t handle, uint64_t value);
	int (*sync_value)(int fd, uint32_t handle, uint64_t *value);
	/* until CLOCK_MONOTONIC reaches deadline_ns; the value need not have been submitted yet. -ETIME */
	int (*sync_wait)(int fd, uint32_t handle, uint64_t value, uint64_t deadline_ns);
};

extern const struct weft_sys weft_sys_kernel;

/* sys_uring.c */
void weft_sys_uring_submit(int fd, const struct weft_sys_submit *submit, struct weft_uring_op *op, struct io_uring_sqe *sqe);
void weft_sys_uring_cell_wait(int fd, uint32_t handle, uint64_t offset, uint64_t value, uint64_t timeout_ns,
			      struct weft_uring_op *op, struct io_uring_sqe *sqe);
void weft_sys_uring_cell_state(const struct weft_uring_op *op, struct weft_cell_state *state);
void weft_sys_uring_want(uint32_t handle, uint64_t offset, uint64_t value, struct weft_uring_want *place);
void weft_sys_uring_cell_wait_many(int fd, const struct weft_uring_want *places, uint32_t count, bool all, uint64_t timeout_ns,
				   struct weft_uring_op *op, struct io_uring_sqe *sqe);
void weft_sys_uring_want_state(const struct weft_uring_want *place, struct weft_cell_state *state);
void weft_sys_uring_cancel(int fd, uint64_t user_data, struct weft_uring_op *op, struct io_uring_sqe *sqe);

/* calls made through weft_sys_kernel so far */
uint64_t weft_sys_ioctls(void);
uint64_t weft_sys_mmaps(void);

#endif
