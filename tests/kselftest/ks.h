/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Harness of the in-machine tests: TAP 13, and thin wrappers of the UAPI that return 0 or -errno. A program is a
 * table of tests; every test runs under a time limit, and every program ends by comparing what is held (each card's
 * objects, free and quarantined pages; interrupts; descriptors) with what was at its start, so that any leak fails it.
 */
#ifndef KS_H
#define KS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../../uapi/drm/weft_accel.h"
#include "../../firmware/abi/fault.h"
#include "../../firmware/abi/op.h"
#include "../../firmware/abi/operand.h"
#include "../../firmware/abi/packet.h"
#include "../../firmware/abi/queue.h"
#include "../../firmware/abi/reg.h"

#define KS_MAX_CARDS	8
#define KS_SKIP		1	/* a test returns 0, KS_SKIP after ks_skip(), or -1 after ks_fail() */
#define KS_SECOND	1000000000LL

struct ks_test {
	const char *name;
	int (*run)(void);
};

/* Runs the table, prints TAP, checks for leaks; the value is main()'s. */
int ks_main(const char *program, const struct ks_test *tests, size_t count);
int ks_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* `capability` must be on the runner's allow-list. */
int ks_skip(const char *capability);

#define KS_CHECK(cond, ...) \
	do { \
		if (!(cond)) \
			return ks_fail(__FILE__, __LINE__, #cond " " __VA_ARGS__); \
	} while (0)
/* Compares a call's result, 0 or -errno, with what is wanted, and shows both. */
#define KS_IS(call, want) \
	do { \
		long ks_got_ = (call), ks_want_ = (want); \
		if (ks_got_ != ks_want_) \
			return ks_fail(__FILE__, __LINE__, "%s is %ld (%s), wanted %ld (%s)", #call, ks_got_, \
				       ks_got_ < 0 ? strerror(-(int)ks_got_) : "", ks_want_, \
				       ks_want_ < 0 ? strerror(-(int)ks_want_) : ""); \
	} while (0)
#define KS_OK(call) KS_IS(call, 0)
/* The same of a function that has said itself what is wrong. */
#define KS_DO(call) \
	do { \
		if (call) \
			return -1; \
	} while (0)

void ks_rescan(void);			/* cards have come or gone */
/* Asks the machine around this one to do something (tools/rig/ask.py): 0, -EIO when it could not. */
int ks_ask(const char *request);
int ks_cards(void);			/* weft nodes of this machine, in order of PCI address */
int ks_write(const char *path, const char *text);	/* a file of sysfs or debugfs; 0 or -errno */
/* Writes a PCI address to the driver's file `bind` or `unbind`. Card numbers are those of the cards then bound. */
int ks_driver(const char *what, const char *pci);
const char *ks_node(int card);		/* /dev/accel/accelN */
const char *ks_pci(int card);		/* 0000:05:00.0 */
int ks_open(int card);			/* descriptor or -errno */
int ks_open_as_user(int card);	/* the same without CAP_SYS_RESOURCE: its quotas are a user's */
int ks_ioctl(int fd, unsigned long request, void *arg);	/* 0 or -errno */
/* A debugfs file of a card, as a string; 0 or -errno. */
int ks_debugfs(int card, const char *name, char *text, size_t bytes);
/* Value of a line of the card's debugfs file `counts`, or -errno. */
long long ks_count(int card, const char *name);
long long ks_cleared(int card);		/* pages of local memory cleared so far, by whomever */
/* Waits until that is `pages`, or with 0 until nothing is cleared for a while: 0 or -ETIME. */
int ks_wait_cleared(int card, long long pages);
int ks_inject(int card, unsigned int kind, uint64_t arg);	/* WEFT_INJECT_*, by debugfs; 0 or -errno */
/* The next unit of a queue of this file meets `kind`. */
int ks_inject_queue(int card, int fd, uint32_t queue, unsigned int kind);
int ks_reset(int card);			/* by sysfs, as the administrator does; 0 or -errno */
/* Waits up to 5 s until all that is held is as it was at program start; else describes what differs. */
int ks_leaks(char *what, size_t bytes);
int ks_send_fd(int sock, int fd);	/* over a Unix socket: 0 or -errno */
int ks_receive_fd(int sock);	/* the descriptor, or -errno; a peer that ended is -EPIPE */
int64_t ks_now_ns(void);
uint64_t ks_random(void);		/* seeded by SEED, printed at start */
long ks_iterations(long in_ci);		/* COUNT, else in_ci */

int ks_device(int fd, struct drm_weft_device *device);
struct drm_weft_stats ks_stats(int fd);		/* all 0 when they cannot be had */
/* Within 30 s the card has been reset once more than `before`, and only once. */
int ks_has_reset(int fd, uint64_t before);
int ks_gem_create(int fd, uint64_t size, uint32_t placement, uint32_t flags, uint32_t *handle);
int ks_gem_close(int fd, uint32_t handle);
int ks_gem_info(int fd, uint32_t handle, struct drm_weft_gem_info *info);
void *ks_gem_map(int fd, uint32_t handle, int prot);	/* whole object, or MAP_FAILED */
int ks_export(int fd, uint32_t handle, uint32_t rights, int *dmabuf);
int ks_import(int fd, int dmabuf, uint32_t *handle);
int ks_query_peer(int card, int peer, struct drm_weft_query_peer *q);
/* With what errno an import of `peer`'s memory by `card` is refused, as QUERY_PEER says; 0: it is not. */
int ks_peer_error(int card, int peer);
int ks_vm_create(int fd, uint32_t *vm);
int ks_vm_destroy(int fd, uint32_t vm);
int ks_bind(int fd, uint32_t vm, uint32_t handle, uint64_t va, uint64_t range, uint32_t flags);
int ks_unbind(int fd, uint32_t vm, uint64_t va, uint64_t range);
int ks_queue_create(int fd, uint32_t vm, uint32_t run_limit_ms, uint32_t *queue);
int ks_queue_destroy(int fd, uint32_t queue);
int ks_queue_state(int fd, uint32_t queue, struct drm_weft_queue_state *state);
int ks_syncobj_create(int fd, uint32_t *handle);
int ks_syncobj_destroy(int fd, uint32_t handle);
/* Waits for a point that may not be submitted yet; 0, -ETIME, or what the fence ended with. */
int ks_syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns);

/* A card with a VM, a queue, a command object at KS_LIST_VA and a data object at KS_DATA_VA, all mapped. */
#define KS_LIST_VA	0x100000000ULL
#define KS_TABLE_VA	(KS_LIST_VA + 0x10000)
#define KS_DATA_VA	0x200000000ULL
#define KS_DATA_BYTES	(4ULL << 20)
#define KS_STATUS	64
struct ks_rig {
	int fd;
	uint32_t vm, queue, sync;
	uint32_t status[KS_STATUS];	/* binary syncobjs of the last jobs: a timeline forgets how a job ended */
	uint64_t point;
	uint32_t list_handle, data_handle;
	union weft_packet *list;	/* 0x10000 bytes of packets, then the operand table */
	struct weft_operand *table;
	uint8_t *data;
};
int ks_rig_open(struct ks_rig *rig, int card, uint32_t run_limit_ms);
int ks_rig_open_fd(struct ks_rig *rig, int fd, uint32_t run_limit_ms);	/* takes over @fd, or the error that it is */
void ks_rig_close(struct ks_rig *rig);
/*
 * Submits list[0 … packets-1] and waits: 0, or what the job's fence ended with, or the submit's own error. The status
 * of the last KS_STATUS jobs is known.
 */
int ks_rig_run(struct ks_rig *rig, uint32_t packets, uint32_t operands);
int ks_rig_submit(struct ks_rig *rig, uint32_t packets, uint32_t operands);
int ks_rig_wait(struct ks_rig *rig);
/* One COPY works and its result is right: "the card is usable after". */
int ks_rig_alive(struct ks_rig *rig);
int ks_works(int card);			/* the same by a rig of its own */

#endif
