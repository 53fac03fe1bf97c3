/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: weft accelerator UAPI
 *
 * Long because it is all that kernel and user share, in one place: programs include one header.
 *
 * One node /dev/accel/accelN per card. Objects (GEM handles, VM ids, queue ids) belong to the open
 * file and end with it. Growth rules: ids and flags are only appended, every ``pad`` and unknown
 * flag must be 0 (-EINVAL), arrays of structures carry their stride where they may grow.
 *
 * ============  ===================================================================================
 * errno         meaning, for every ioctl
 * ============  ===================================================================================
 * EINVAL        unknown flag or value, padding not 0, misaligned or overflowing range
 * ENOENT        no such handle, VM, queue or syncobj
 * EACCES        the handle's rights do not allow it
 * ENOSPC        local memory, room for page tables and rings, or link tags (import) are used up;
 *               DRM_WEFT_QUERY_MEMORY tells free bytes and largest block of local memory
 * EDQUOT        a quota is used up: of the file (queues, VMs, watches, local memory, host memory,
 *               page tables and rings), of all files (host memory pinned for cards, foreign
 *               dma-bufs included): DRM_WEFT_QUERY_QUOTAS tells which, with limit and use; of a
 *               queue (DRM_WEFT_MAX_PENDING waiting jobs), of a VM (DRM_WEFT_MAX_BINDS pending
 *               binds)
 * ENOMEM        the kernel has no memory
 * EEXIST        the address range is already bound (asynchronous bind: told at its end)
 * EBUSY         VM_DESTROY: the VM has queues; QUEUE_IDLE: the queue has packets to run; cells to
 *               be written: another file signals in one of their pages
 * EBADF         QUERY_PEER, import, VM_BIND with an eventfd: not a file descriptor
 * EOPNOTSUPP    the card or the kernel lacks the capability; WEFT_QUERY_DEVICE shows which
 * ECANCELED     the object did not survive a reset of the card; create it again
 * ENODEV        the card is gone; close the file
 * EHOSTUNREACH  import, VM_BIND of an import: the PCI topology forbids the way to the peer;
 *               QUERY_PEER says what of it
 * ETIME         a bounded wait ran out
 * EIO           the firmware or the card did not do what the contract says
 * EFAULT        a user pointer is not readable or writable
 * EINTR         a signal came while waiting; call again
 * E2BIG         io_uring: the argument is longer than the driver knows, and not 0 there
 * ============  ===================================================================================
 */
#ifndef _UAPI_DRM_WEFT_ACCEL_H_
#define _UAPI_DRM_WEFT_ACCEL_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define DRM_WEFT_UAPI_MAJOR	0
#define DRM_WEFT_UAPI_MINOR	9

#define DRM_WEFT_QUERY		0x00
#define DRM_WEFT_GEM_CREATE	0x01
#define DRM_WEFT_GEM_INFO	0x02
#define DRM_WEFT_GEM_EXPORT	0x03
#define DRM_WEFT_VM_CREATE	0x04
#define DRM_WEFT_VM_DESTROY	0x05
#define DRM_WEFT_VM_BIND	0x06
#define DRM_WEFT_QUEUE_CREATE	0x07
#define DRM_WEFT_QUEUE_DESTROY	0x08
#define DRM_WEFT_QUEUE_STATE	0x09
#define DRM_WEFT_SUBMIT		0x0a
#define DRM_WEFT_QUERY_PEER	0x0b
#define DRM_WEFT_USER_QUEUE_CREATE	0x0c
#define DRM_WEFT_KICK		0x0d
#define DRM_WEFT_CELL_WAIT	0x0e
#define DRM_WEFT_QUEUE_IDLE	0x0f

/**
 * enum drm_weft_query_what - what DRM_WEFT_QUERY returns
 * @DRM_WEFT_QUERY_DEVICE: struct drm_weft_device
 * @DRM_WEFT_QUERY_MEMORY: struct drm_weft_memory
 * @DRM_WEFT_QUERY_ENGINES: array of struct drm_weft_engine
 * @DRM_WEFT_QUERY_COUNTERS: array of struct drm_weft_counter of the VM given in @index
 * @DRM_WEFT_QUERY_STATS: struct drm_weft_stats
 * @DRM_WEFT_QUERY_QUOTAS: array of struct drm_weft_quota
 * @DRM_WEFT_QUERY_CLOCK: struct drm_weft_clock
 */
enum drm_weft_query_what {
	DRM_WEFT_QUERY_DEVICE = 0,
	DRM_WEFT_QUERY_MEMORY = 1,
	DRM_WEFT_QUERY_ENGINES = 2,
	DRM_WEFT_QUERY_COUNTERS = 3,
	DRM_WEFT_QUERY_STATS = 4,
	DRM_WEFT_QUERY_QUOTAS = 5,
	DRM_WEFT_QUERY_CLOCK = 6,
};

/**
 * struct drm_weft_query - DRM_WEFT_QUERY
 * @what: enum drm_weft_query_what
 * @index: VM id for COUNTERS, else 0
 * @size: in: bytes at @ptr; out: bytes the answer has. With 0 nothing is copied. A smaller buffer
 *	gets a prefix
 * @pad: 0
 * @ptr: user pointer
 */
struct drm_weft_query {
	__u32 what;
	__u32 index;
	__u32 size;
	__u32 pad;
	__u64 ptr;
};

/**
 * struct drm_weft_device - the card as a whole; constant while the file is open
 * @uapi: DRM_WEFT_UAPI_MAJOR << 16 | MINOR of the driver
 * @contract: contract version agreed with the firmware, major << 16 | minor
 * @fw_version: major << 16 | minor << 8 | patch
 * @serial: distinct among the cards of this machine
 * @caps: WEFT_CAP_* of the contract (firmware/abi/reg.h)
 * @lmem_bytes: local memory, carve-out included
 * @user_limit: local memory available to objects
 * @reset_gen: resets since power-on
 * @num_slots: queues that run at the same time
 * @num_engines: entries of QUERY_ENGINES
 * @max_queues: quota of this file
 * @max_vms: quota of this file
 * @num_links: link tags of the card
 * @timed_width: TIMED packets at once
 * @p2p: 1 = this kernel can map peers' memory (PCI P2PDMA)
 * @pci: domain << 16 | bus << 8 | devfn
 */
struct drm_weft_device {
	__u32 uapi;
	__u32 contract;
	__u32 fw_version;
	__u32 serial;
	__u64 caps;
	__u64 lmem_bytes;
	__u64 user_limit;
	__u64 reset_gen;
	__u32 num_slots;
	__u32 num_engines;
	__u32 max_queues;
	__u32 max_vms;
	__u32 num_links;
	__u32 timed_width;
	__u32 p2p;
	__u32 pci;
};

/**
 * struct drm_weft_memory - local memory for objects, in bytes
 * @total: all of it
 * @free: not allocated, cleared or not
 * @largest: largest free block
 * @quarantined: withheld because a stop did not complete
 * @dirty: free, but still to be cleared
 * @quota: what this file may hold
 * @used: what this file holds
 */
struct drm_weft_memory {
	__u64 total;
	__u64 free;
	__u64 largest;
	__u64 quarantined;
	__u64 dirty;
	__u64 quota;
	__u64 used;
};

/**
 * struct drm_weft_engine - one engine
 * @kinds: WEFT_ENGINE_*
 * @group: as in the contract
 * @width: as in the contract
 * @pad: 0
 * @busy_ns: so far
 */
struct drm_weft_engine {
	__u32 kinds;
	__u32 group;
	__u32 width;
	__u32 pad;
	__u64 busy_ns;
};

/**
 * struct drm_weft_counter - traffic of a VM over one link, counted by the card
 * @link: 0 host memory, n peer n, 255 own local memory
 * @peer_serial: card behind the link, 0xffffffff when none
 * @read_bytes: payload read by engines
 * @write_bytes: payload written by engines
 * @cell_reads: cells read
 * @cell_writes: cell stores
 * @fetch_bytes: packets, operand entries and lists
 */
struct drm_weft_counter {
	__u32 link;
	__u32 peer_serial;
	__u64 read_bytes;
	__u64 write_bytes;
	__u64 cell_reads;
	__u64 cell_writes;
	__u64 fetch_bytes;
};

/**
 * enum drm_weft_quota_kind - what a file has a quota of
 * @DRM_WEFT_QUOTA_QUEUES: job and user queues
 * @DRM_WEFT_QUOTA_VMS: address spaces
 * @DRM_WEFT_QUOTA_WATCHES: sleepers on cells
 * @DRM_WEFT_QUOTA_LOCAL: bytes of local memory
 * @DRM_WEFT_QUOTA_SYSTEM: bytes of host memory that the file has pinned for the card
 * @DRM_WEFT_QUOTA_TABLES: bytes of the carve-out: page tables, rings
 * @DRM_WEFT_QUOTA_SYSTEM_ALL: bytes of host memory that all files have pinned for all cards
 * @DRM_WEFT_QUOTA_KINDS: how many there are in this header; may grow
 */
enum drm_weft_quota_kind {
	DRM_WEFT_QUOTA_QUEUES = 0,
	DRM_WEFT_QUOTA_VMS = 1,
	DRM_WEFT_QUOTA_WATCHES = 2,
	DRM_WEFT_QUOTA_LOCAL = 3,
	DRM_WEFT_QUOTA_SYSTEM = 4,
	DRM_WEFT_QUOTA_TABLES = 5,
	DRM_WEFT_QUOTA_SYSTEM_ALL = 6,
	DRM_WEFT_QUOTA_KINDS = 7,
};

/**
 * struct drm_weft_quota - entry of DRM_WEFT_QUERY_QUOTAS, at the index of its kind
 * @kind: enum drm_weft_quota_kind
 * @pad: 0
 * @limit: what the file may have
 * @used: what it has
 * @refused: calls of this file that ended with -EDQUOT for it: the one that has grown is the one
 *	that is used up
 */
struct drm_weft_quota {
	__u32 kind;
	__u32 pad;
	__u64 limit;
	__u64 used;
	__u64 refused;
};

/**
 * struct drm_weft_clock - one moment on the card's clock and on the host's
 * @host_ns: CLOCK_MONOTONIC
 * @card_ns: card clock, taken after @host_ns …
 * @error_ns: … and at most so much later
 *
 * With it times of the card (TIMESTAMP, trace records, queue states) can be put beside those of
 * programs; two of them, some time apart, give the drift, too.
 */
struct drm_weft_clock {
	__u64 host_ns;
	__u64 card_ns;
	__u64 error_ns;
};

#define DRM_WEFT_THROTTLE_THERMAL	0x1
#define DRM_WEFT_THROTTLE_POWER		0x2

/**
 * struct drm_weft_stats - counts of the card since module load, and of this file
 * @irqs: interrupts handled by the driver for this card
 * @events: events taken from the ring
 * @overflows: times the ring had overflowed
 * @faults: queues stopped by a fault
 * @timeouts: jobs stopped by their time limit
 * @jobs: jobs completed
 * @file_ioctls: driver ioctls of this file
 * @file_jobs: jobs submitted by this file
 * @wills: cells poisoned for queues of this card that ended
 * @fw_restarts: times the firmware stopped and was started again
 * @wait_limits: waits on cells that took longer than the queue's limit
 * @ecc_errors: uncorrectable memory errors
 * @links_down: times a link to a peer went down
 * @thermals: times the card reported that it is too hot
 * @resets: function-level resets, the administrator's included
 * @safe_timeouts: safe operations not done in time, each of which leads to a reset of the card
 * @lost_irqs: events found in the ring for which no interrupt came
 * @ecc_corrected: memory errors that the card corrected, as last read from it
 * @dumps: dumps given to the kernel's devcoredump
 * @stop_timeouts: queues that did not stop in time, for which an engine is reset, or else the card
 * @engine_resets: engines reset for it, each of which cost that queue alone
 * @wedged: resets that failed
 * @starved: times a job's limit was extended because it got no turn on the card
 * @throttle: why the card is slowed down right now: DRM_WEFT_THROTTLE_*, 0 when it is not
 */
struct drm_weft_stats {
	__u64 irqs;
	__u64 events;
	__u64 overflows;
	__u64 faults;
	__u64 timeouts;
	__u64 jobs;
	__u64 file_ioctls;
	__u64 file_jobs;
	__u64 wills;
	__u64 fw_restarts;
	__u64 wait_limits;
	__u64 ecc_errors;
	__u64 links_down;
	__u64 thermals;
	__u64 resets;
	__u64 safe_timeouts;
	__u64 lost_irqs;
	__u64 ecc_corrected;
	__u64 dumps;
	__u64 stop_timeouts;
	__u64 engine_resets;
	__u64 wedged;
	__u64 starved;
	__u64 throttle;
};

#define DRM_WEFT_PLACE_LOCAL	0	/* card memory, zeroed */
#define DRM_WEFT_PLACE_SYSTEM	1	/* host memory, zeroed, coherent */
#define DRM_WEFT_GEM_SEM	0x1	/* cells: bound with DRM_WEFT_BIND_SEM only */

/* Rights of a handle; a created one has all, an imported one those of its export. */
#define DRM_WEFT_RIGHT_READ	0x1
#define DRM_WEFT_RIGHT_WRITE	0x2
#define DRM_WEFT_RIGHT_SEM	0x4

/**
 * struct drm_weft_gem_create - DRM_WEFT_GEM_CREATE
 * @size: bytes, > 0; rounded up to 4 KiB (out: the real size)
 * @placement: DRM_WEFT_PLACE_*
 * @flags: DRM_WEFT_GEM_*
 * @handle: out
 * @pad: 0
 */
struct drm_weft_gem_create {
	__u64 size;
	__u32 placement;
	__u32 flags;
	__u32 handle;
	__u32 pad;
};

/**
 * struct drm_weft_gem_info - DRM_WEFT_GEM_INFO
 * @handle: in
 * @placement: out, DRM_WEFT_PLACE_* (of the owner, for imports)
 * @flags: out
 * @rights: out, DRM_WEFT_RIGHT_*
 * @size: out, bytes
 * @mmap_offset: out, for mmap() of the node; 0 when it cannot be mapped. Without RIGHT_WRITE only
 *	PROT_READ
 * @generation: out, reset generation of its contents
 * @arm_offset: out, for mmap() of the node with PROT_READ: the arm pages (struct weft_arm_page of
 *	the contract) of a local GEM_SEM object, one for each of its pages; 0 for others
 */
struct drm_weft_gem_info {
	__u32 handle;
	__u32 placement;
	__u32 flags;
	__u32 rights;
	__u64 size;
	__u64 mmap_offset;
	__u64 generation;
	__u64 arm_offset;
};

/**
 * struct drm_weft_gem_export - DRM_WEFT_GEM_EXPORT: dma-buf whose importers get @rights at most
 * @handle: in
 * @rights: in, subset of the handle's own (-EACCES); 0 is -EINVAL
 * @flags: in, O_CLOEXEC or 0
 * @fd: out
 *
 * Import with DRM_IOCTL_PRIME_FD_TO_HANDLE, on the same card too. DRM_IOCTL_PRIME_HANDLE_TO_FD
 * exports with RIGHT_READ, and RIGHT_WRITE when DRM_RDWR is given. mmap() of a dma-buf obeys its
 * rights. Other drivers map it for reading only unless it has RIGHT_WRITE, and not at all without
 * RIGHT_READ.
 */
struct drm_weft_gem_export {
	__u32 handle;
	__u32 rights;
	__u32 flags;
	__s32 fd;
};

#define DRM_WEFT_VM_FENCE	0
#define DRM_WEFT_VM_LR		1

/**
 * struct drm_weft_vm_create - DRM_WEFT_VM_CREATE
 * @type: DRM_WEFT_VM_*
 * @flags: 0
 * @vm_id: out (> 0)
 * @pad: 0
 */
struct drm_weft_vm_create {
	__u32 type;
	__u32 flags;
	__u32 vm_id;
	__u32 pad;
};

/** struct drm_weft_vm_destroy - DRM_WEFT_VM_DESTROY: -EBUSY while it has queues */
struct drm_weft_vm_destroy {
	__u32 vm_id;
	__u32 pad;
};

#define DRM_WEFT_BIND_MAP	0
/* Everything in the range; splits what reaches over it. handle, offset, flags 0. */
#define DRM_WEFT_BIND_UNMAP	1
/*
 * Waits for the earlier ones, and fails as the first asynchronous one that did since the last
 * FLUSH; range and object are 0.
 */
#define DRM_WEFT_BIND_FLUSH	2

#define DRM_WEFT_BIND_READ	0x1
#define DRM_WEFT_BIND_WRITE	0x2
#define DRM_WEFT_BIND_SEM	0x4	/* needs RIGHT_SEM and an object made with GEM_SEM */
/* No object (handle, offset 0): reads give 0, writes are dropped; not with SEM. */
#define DRM_WEFT_BIND_SPARSE	0x8
#define DRM_WEFT_BIND_ASYNC	0x10	/* any op: the call returns before it is done */

/* How the end of an asynchronous bind is told besides by syncobjs. */
#define DRM_WEFT_BIND_DONE_NONE		0
/* @done_handle is an eventfd: 1 is added, whether it succeeded or not. */
#define DRM_WEFT_BIND_DONE_EVENTFD	1
/* A cell gets @done_value, or POISON as its fault when it failed. */
#define DRM_WEFT_BIND_DONE_CELL		2

#define DRM_WEFT_MAX_BINDS	4096u	/* binds of a VM that have not ended; one more is -EDQUOT */

/**
 * struct drm_weft_vm_bind - DRM_WEFT_VM_BIND
 * @vm_id: address space
 * @op: DRM_WEFT_BIND_MAP, _UNMAP or _FLUSH
 * @flags: MAP: DRM_WEFT_BIND_READ … ; at least one of READ, WRITE, SEM
 * @handle: MAP: object
 * @offset: MAP: first byte in it, 4 KiB aligned
 * @va: device address, 4 KiB aligned, not 0; va + range <= 2^47 (the rest is the kernel's)
 * @range: bytes, 4 KiB aligned, > 0. MAP over an existing mapping is -EEXIST; UNMAP of nothing
 *	succeeds
 * @num_syncs: ASYNC: 0 … DRM_WEFT_MAX_SYNCS
 * @done: ASYNC: DRM_WEFT_BIND_DONE_*
 * @syncs: user pointer to struct drm_weft_sync[num_syncs]: it starts after those without SIGNAL,
 *	and signals the others. In an LR VM none may signal (-EOPNOTSUPP)
 * @done_handle: EVENTFD: descriptor. CELL: local object of this card made with GEM_SEM, with
 *	RIGHT_WRITE and RIGHT_SEM, in whose page no other file signals (-EBUSY)
 * @done_id: CELL: origin of the poison, as in struct drm_weft_will
 * @done_offset: CELL: of the cell, 32-byte aligned
 * @done_value: CELL: stored unless the cell is there already
 *
 * Binds of one VM take effect one after the other, in the order of the calls; without ASYNC the
 * call waits for those before it, and is done when it returns. UNMAP is done when the card can no
 * longer reach the range. An asynchronous bind that fails (-EEXIST, -EBUSY, -ECANCELED: the object
 * was taken back or the card reset; -EDQUOT: no table to split with) signals all the same, its
 * fences with the error; those after it go on. What can be found wrong at the call is, and then
 * nothing is signalled. VM_DESTROY ends what has not started with -ECANCELED, removal of the card
 * with -ENODEV.
 */
struct drm_weft_vm_bind {
	__u32 vm_id;
	__u32 op;
	__u32 flags;
	__u32 handle;
	__u64 offset;
	__u64 va;
	__u64 range;
	__u32 num_syncs;
	__u32 done;
	__u64 syncs;
	__u32 done_handle;
	__u32 done_id;
	__u64 done_offset;
	__u64 done_value;
};

#define DRM_WEFT_BAND_REALTIME	0	/* REALTIME and HIGH need CAP_SYS_NICE, else -EACCES */
#define DRM_WEFT_BAND_HIGH	1
#define DRM_WEFT_BAND_NORMAL	2
#define DRM_WEFT_BAND_LOW	3

/**
 * struct drm_weft_queue_create - DRM_WEFT_QUEUE_CREATE: a job queue in a FENCE VM
 * @vm_id: address space
 * @band: DRM_WEFT_BAND_*
 * @flags: 0
 * @max_jobs: jobs the hardware ring holds at once, 1 … 1024; 0 = 64. More wait in the scheduler
 * @run_limit_ms: a job that runs longer is stopped, 1 … 600000; 0 = 10000. Time without a turn on
 *	the card does not count
 * @queue_id: out (> 0)
 */
struct drm_weft_queue_create {
	__u32 vm_id;
	__u32 band;
	__u32 flags;
	__u32 max_jobs;
	__u32 run_limit_ms;
	__u32 queue_id;
};

#define DRM_WEFT_USER_QUEUE_WAIT_STOPS	0x1	/* @wait_limit_ns stops it (else only counted) */
#define DRM_WEFT_USER_QUEUE_TRACE	0x2	/* records into the trace ring that @ctl names */

/**
 * struct drm_weft_will - a cell that a queue says it signals
 * @handle: object made with GEM_SEM, with RIGHT_WRITE and RIGHT_SEM (-EACCES)
 * @id: the owner's name for it; origin of the poison
 * @offset: of the cell, 32-byte aligned
 *
 * When the queue is stopped by a fault, destroyed, its process dies or its card is reset or
 * removed, a cell that has not ended (``end`` is 0) gets ``fault`` = POISON with origin and cause,
 * and its waiters stop.
 */
struct drm_weft_will {
	__u32 handle;
	__u32 id;
	__u64 offset;
};

#define DRM_WEFT_MAX_WILLS	4096
#define DRM_WEFT_NAME_BYTES	32

/**
 * struct drm_weft_user_queue_create - DRM_WEFT_USER_QUEUE_CREATE: a queue in an LR VM, driven
 *	without the kernel
 * @vm_id: LR address space
 * @band: DRM_WEFT_BAND_*
 * @flags: DRM_WEFT_USER_QUEUE_*
 * @ring_log2: packets of the ring, 4 … 16
 * @ring: device address of the ring, 4 KiB aligned
 * @ctl: device address of struct weft_ring_ctl of the contract, 4 KiB aligned; head 0 and armed 1
 *	set before
 * @run_limit_ns: running time between two progress marks; 0 = none
 * @wait_limit_ns: parked time of one wait; 0 = none
 * @weight: share inside band and VM, 1 … 1000; 0 = 100
 * @num_wills: 0 … DRM_WEFT_MAX_WILLS
 * @wills: user pointer to struct drm_weft_will[num_wills]
 * @doorbell_offset: out, for mmap() of one page with PROT_WRITE and MAP_SHARED, doorbell.h of the
 *	contract
 * @state_offset: out, for mmap() of one page with PROT_READ: struct weft_queue_state of the
 *	contract
 * @queue_id: out (> 0), for QUEUE_STATE and QUEUE_DESTROY
 * @pad: 0
 * @name: for people, shown to root in debugfs and dumps: UTF-8 without bytes below 0x20 and 0x7f,
 *	0 behind its end; all 0 = none. A structure that ends before it means the same
 *
 * A user queue that faults stays so; destroy it and create another.
 */
struct drm_weft_user_queue_create {
	__u32 vm_id;
	__u32 band;
	__u32 flags;
	__u32 ring_log2;
	__u64 ring;
	__u64 ctl;
	__u64 run_limit_ns;
	__u64 wait_limit_ns;
	__u32 weight;
	__u32 num_wills;
	__u64 wills;
	__u64 doorbell_offset;
	__u64 state_offset;
	__u32 queue_id;
	__u32 pad;
	__u8 name[DRM_WEFT_NAME_BYTES];
};

/**
 * struct drm_weft_kick - DRM_WEFT_KICK: the card looks at the waiters of a cell again, for a
 *	process that has no doorbell page on the card that holds it
 * @handle: local object made with GEM_SEM, of this card
 * @pad: 0
 * @offset: of the cell, 32-byte aligned
 */
struct drm_weft_kick {
	__u32 handle;
	__u32 pad;
	__u64 offset;
};

/**
 * struct drm_weft_cell_wait - DRM_WEFT_CELL_WAIT: waits for a cell to reach a value, end or fail
 * @handle: local object made with GEM_SEM and RIGHT_READ, of this card
 * @flags: 0
 * @offset: of the cell, 32-byte aligned
 * @value: in: wanted; satisfied when (s64)(value of the cell - wanted) >= 0. out: value of the cell
 * @timeout_ns: in, from now; at most 600 s; 0 looks once. -ETIME when it ran out. A wait that a
 *	signal interrupted is restarted with the rest
 * @end: out
 * @fault: out: fault word of the cell; the call succeeds
 */
struct drm_weft_cell_wait {
	__u32 handle;
	__u32 flags;
	__u64 offset;
	__u64 value;
	__u64 timeout_ns;
	__u64 end;
	__u64 fault;
};

/**
 * struct drm_weft_queue_idle - DRM_WEFT_QUEUE_IDLE: the owner of a user queue does not need the
 *	card for it now
 * @queue_id: user queue
 * @pad: 0
 *
 * A user queue keeps the card awake until it stops, is destroyed, or its owner says that it is
 * idle; then the card may go to sleep. The next store to the doorbell wakes it and takes effect; so
 * do accesses to mapped local memory, and other calls. From then on the queue keeps it awake again.
 * 0 also for a queue that is idle already or has stopped. -EBUSY: it has packets to run; nothing is
 * changed. -ENOENT: no user queue (job queues need no call). -ECANCELED: lost in a reset.
 */
struct drm_weft_queue_idle {
	__u32 queue_id;
	__u32 pad;
};

/**
 * struct drm_weft_queue_destroy - DRM_WEFT_QUEUE_DESTROY: stops it
 * @queue_id: job or user queue
 * @pad: 0
 *
 * Jobs not ended signal -ECANCELED, those waiting for a syncobj -ESRCH.
 */
struct drm_weft_queue_destroy {
	__u32 queue_id;
	__u32 pad;
};

/**
 * enum drm_weft_stage - what it took to stop a queue; each costs more than the one before
 * @DRM_WEFT_STAGE_NONE: it was never stopped
 * @DRM_WEFT_STAGE_QUEUE_STOP: it obeyed
 * @DRM_WEFT_STAGE_ENGINE_RESET: a reset of the engine it was on, which cost nobody else
 * @DRM_WEFT_STAGE_CARD_RESET: a reset of the card: every queue of the card is gone after
 */
enum drm_weft_stage {
	DRM_WEFT_STAGE_NONE = 0,
	DRM_WEFT_STAGE_QUEUE_STOP = 1,
	DRM_WEFT_STAGE_ENGINE_RESET = 2,
	DRM_WEFT_STAGE_CARD_RESET = 3,
};

/**
 * struct drm_weft_queue_state - DRM_WEFT_QUEUE_STATE
 * @queue_id: in
 * @run: out, enum weft_queue_run of the contract
 * @cause: out, enum weft_fault of the last fault of this queue, 0 when there was none
 * @fault_packet: out, index of the faulting packet in its list
 * @fault_op: out, its opcode, for EXEC operator << 8 | opcode
 * @faults: out, how often the queue was stopped and set up again
 * @fault_va: out, address that faulted
 * @fault_list: out, list with the faulting packet
 * @retired: out, packets retired since it was last set up
 * @busy_ns: out, engine time since then
 * @stage: out, enum drm_weft_stage that its last stop took
 * @starved: out, how often a job's limit was extended because the queue got no turn on the card
 * @card_queue: out, its number on the card, by which the logs of kernel and firmware name it
 * @pad: out, 0
 *
 * A queue that faults or times out fails the job at fault (-EFAULT, -ETIME as status of its fences)
 * and those behind it in the queue at that moment (-ECANCELED), is set up again, and takes new
 * jobs. A queue from before a reset of the card has @run 0 and @cause RESET, and takes none; that
 * for which the card was reset has @stage CARD_RESET and its own @cause.
 */
struct drm_weft_queue_state {
	__u32 queue_id;
	__u32 run;
	__u32 cause;
	__u32 fault_packet;
	__u32 fault_op;
	__u32 faults;
	__u64 fault_va;
	__u64 fault_list;
	__u64 retired;
	__u64 busy_ns;
	__u32 stage;
	__u32 starved;
	__u32 card_queue;
	__u32 pad;
};

#define DRM_WEFT_SYNC_WAIT	0x0	/* the job starts after @point (0: binary syncobj) */
#define DRM_WEFT_SYNC_SIGNAL	0x1	/* @point (0: binary) is signalled when the job ends */

/**
 * struct drm_weft_sync - what a job or bind waits for, or signals
 * @handle: syncobj of this file
 * @flags: DRM_WEFT_SYNC_*
 * @point: timeline point or 0
 */
struct drm_weft_sync {
	__u32 handle;
	__u32 flags;
	__u64 point;
};

#define DRM_WEFT_MAX_SYNCS	256
#define DRM_WEFT_MAX_PACKETS	(1u << 20)
#define DRM_WEFT_MAX_OPERANDS	4096
#define DRM_WEFT_MAX_PENDING	16384u	/* jobs of a queue not yet ended; one more is -EDQUOT */

/**
 * struct drm_weft_submit - DRM_WEFT_SUBMIT: one job, a list of packets run by CALL
 * @queue_id: queue
 * @flags: 0
 * @list: device address of the packets, 64-byte aligned
 * @table: device address of the operand table, 32-byte aligned, or 0
 * @num_packets: 1 … DRM_WEFT_MAX_PACKETS
 * @num_operands: 0 … DRM_WEFT_MAX_OPERANDS; 0 iff @table is 0
 * @num_syncs: 0 … DRM_WEFT_MAX_SYNCS
 * @pad: 0
 * @syncs: user pointer to struct drm_weft_sync[num_syncs]
 *
 * Jobs of a queue run in order. The kernel does not read the packets: what a job may touch is
 * decided by the page table of its VM, and what it may execute by the VM's type.
 */
struct drm_weft_submit {
	__u32 queue_id;
	__u32 flags;
	__u64 list;
	__u64 table;
	__u32 num_packets;
	__u32 num_operands;
	__u32 num_syncs;
	__u32 pad;
	__u64 syncs;
};

/*
 * io_uring
 *
 * Commands of IORING_OP_URING_CMD on an open node, number in ``cmd_op``. Gate, checks and errno are
 * those of the ioctls, and quotas those of the file; CQE ``res`` is what the command says below, or
 * -errno. Privileges are those of the credentials the SQE is issued with: of the ring's task
 * (SQPOLL too), or of its ``personality``. Arguments are copied when the SQE is issued; what is
 * written back is written before the CQE is there. ``addr``, ``len`` and ``uring_cmd_flags`` of the
 * SQE are 0 (-EINVAL). An unknown command is -EOPNOTSUPP, and so is a ring with
 * IORING_SETUP_IOPOLL, as nothing here is polled for.
 */

/* struct drm_weft_submit. 0 */
#define DRM_WEFT_URING_SUBMIT		0
/* struct drm_weft_vm_bind; asynchronous with ASYNC and without. 0 when done */
#define DRM_WEFT_URING_BIND		1
/* struct drm_weft_queue_create. The queue's id */
#define DRM_WEFT_URING_QUEUE_CREATE	2
/* struct drm_weft_cell_wait. DRM_WEFT_CELL_*; big CQE: the value */
#define DRM_WEFT_URING_CELL_WAIT	3
/* struct drm_weft_cell_wait_many; see there. Big CQE: @decided */
#define DRM_WEFT_URING_CELL_WAIT_MANY	4
/* struct drm_weft_uring_cancel. How many it ended */
#define DRM_WEFT_URING_CANCEL		5

/* SQE128: the argument follows struct drm_weft_uring, at most 64 bytes; 0 in @args. */
#define DRM_WEFT_URING_INLINE	0x1
/* SUBMIT: complete when the job has ended; its error is ``res``, as of its fences. */
#define DRM_WEFT_URING_END	0x2

/**
 * struct drm_weft_uring - ``cmd`` of the SQE
 * @args: user pointer to the argument, to which outputs are written back; with INLINE there are
 *	none but those of the CQE
 * @size: of the argument, as the program knows it: what a later version added is 0 if missing, and
 *	what the driver does not know must be 0 (-E2BIG)
 * @flags: DRM_WEFT_URING_*
 * @pad: 0
 */
struct drm_weft_uring {
	__u64 args;
	__u16 size;
	__u16 flags;
	__u32 pad;
};

/* Result of CELL_WAIT, in this order of precedence. */
#define DRM_WEFT_CELL_REACHED	0	/* it has the value */
#define DRM_WEFT_CELL_FAILED	1	/* its fault is not 0 */
#define DRM_WEFT_CELL_ENDED	2	/* its end is not 0 */

/**
 * struct drm_weft_cell_want - one cell of CELL_WAIT_MANY: members as in struct drm_weft_cell_wait
 * @handle: object
 * @pad: 0
 * @offset: of the cell
 * @value: in: wanted; out: value of the cell
 * @end: out
 * @fault: out
 */
struct drm_weft_cell_want {
	__u32 handle;
	__u32 pad;
	__u64 offset;
	__u64 value;
	__u64 end;
	__u64 fault;
};

#define DRM_WEFT_MAX_WANTS	64
#define DRM_WEFT_WAIT_ALL	0x1

/**
 * struct drm_weft_cell_wait_many - DRM_WEFT_URING_CELL_WAIT_MANY: sleeps until one cell is decided
 *	(reached, failed or ended, as CELL_WAIT says it); with WAIT_ALL until all are, or one failed
 * @cells: user pointer to struct drm_weft_cell_want[num_cells]; outputs are written there, also
 *	with -ETIME
 * @num_cells: 1 … DRM_WEFT_MAX_WANTS; each takes a watch of the quota
 * @flags: DRM_WEFT_WAIT_ALL or 0
 * @timeout_ns: as in struct drm_weft_cell_wait
 * @decided: in: 0; out: bit n = cell n is decided
 *
 * ``res`` is the index of the first cell that is decided; with WAIT_ALL of the first that failed,
 * @num_cells when none did.
 */
struct drm_weft_cell_wait_many {
	__u64 cells;
	__u32 num_cells;
	__u32 flags;
	__u64 timeout_ns;
	__u64 decided;
};

#define DRM_WEFT_CANCEL_ALL	0x1

/**
 * struct drm_weft_uring_cancel - DRM_WEFT_URING_CANCEL: ends pending commands (SUBMIT with END,
 *	BIND, CELL_WAIT…) of this file and ring
 * @user_data: of the SQE whose command it is; several may have the same. ALL: 0
 * @flags: DRM_WEFT_CANCEL_ALL: whatever their user_data, or 0
 * @pad: 0
 *
 * They complete with -ECANCELED; a job goes on, only nobody is told of its end. A BIND that has
 * begun is done all the same and completes with how. -ENOENT when none is pending: it has
 * completed, or is about to. IORING_OP_ASYNC_CANCEL does not find commands of drivers (-ENOENT).
 */
struct drm_weft_uring_cancel {
	__u64 user_data;
	__u32 flags;
	__u32 pad;
};

/**
 * enum drm_weft_peer_refusal - why a peer is not reachable
 * @DRM_WEFT_PEER_OK: it is
 * @DRM_WEFT_PEER_SELF: both are the same card
 * @DRM_WEFT_PEER_NO_KERNEL: this kernel has no PCI P2PDMA
 * @DRM_WEFT_PEER_NO_ROUTE: the PCI topology forbids it; @detail of the answer says what about it
 * @DRM_WEFT_PEER_NO_LINK: the card has no link tag left
 * @DRM_WEFT_PEER_GONE: the peer was removed
 * @DRM_WEFT_PEER_FAILED: mapping the probe page failed, see @error
 */
enum drm_weft_peer_refusal {
	DRM_WEFT_PEER_OK = 0,
	DRM_WEFT_PEER_SELF = 1,
	DRM_WEFT_PEER_NO_KERNEL = 2,
	DRM_WEFT_PEER_NO_ROUTE = 3,
	DRM_WEFT_PEER_NO_LINK = 4,
	DRM_WEFT_PEER_GONE = 5,
	DRM_WEFT_PEER_FAILED = 6,
};

/**
 * enum drm_weft_peer_detail - what sends the traffic through the host bridge, or forbids it there
 * @DRM_WEFT_PEER_DETAIL_NONE: nothing: a switch below the host bridge turns it, or the refusal says
 *	all
 * @DRM_WEFT_PEER_DETAIL_ACS: @port, the first of @num_ports on the way, has ACS redirect on:
 *	``pci=disable_acs_redir=`` turns it off where the devices may trust each other
 * @DRM_WEFT_PEER_DETAIL_HOST_BRIDGE: no switch is above both cards; the host bridge is @port
 * @DRM_WEFT_PEER_DETAIL_IOMMU: as HOST_BRIDGE, and an IOMMU translates the addresses there, which
 *	the card cannot follow (WEFT_CAP_PEER_IOVA is missing): one switch above both, or
 *	``iommu=pt``
 * @DRM_WEFT_PEER_DETAIL_IOMMU_ACS: as ACS, and the same
 */
enum drm_weft_peer_detail {
	DRM_WEFT_PEER_DETAIL_NONE = 0,
	DRM_WEFT_PEER_DETAIL_ACS = 1,
	DRM_WEFT_PEER_DETAIL_HOST_BRIDGE = 2,
	DRM_WEFT_PEER_DETAIL_IOMMU = 3,
	DRM_WEFT_PEER_DETAIL_IOMMU_ACS = 4,
};

#define DRM_WEFT_PEER_MAP_NONE	0
#define DRM_WEFT_PEER_MAP_BUS	1	/* PCI bus address, switched below the host bridge */
#define DRM_WEFT_PEER_MAP_HOST	2	/* through the host bridge */

/**
 * struct drm_weft_query_peer - DRM_WEFT_QUERY_PEER: really maps one page of the peer, and reports
 * @peer_fd: in, open file of the other card's node
 * @refusal: out, enum drm_weft_peer_refusal
 * @error: out, negative errno of the probe, 0 when it worked
 * @map_type: out, DRM_WEFT_PEER_MAP_*
 * @distance: out, p2pdma distance, -1 when unknown
 * @link: out, link tag of the peer in this card's counters
 * @cells: out, 1 = cells in the peer can be signalled
 * @pad: 0
 * @detail: out, enum drm_weft_peer_detail; also when it works, through the host bridge
 * @port: out, domain << 16 | bus << 8 | devfn of the port or host bridge that @detail means, or 0
 * @num_ports: out, ports with ACS redirect on the way
 * @pad2: 0
 */
struct drm_weft_query_peer {
	__s32 peer_fd;
	__u32 refusal;
	__s32 error;
	__u32 map_type;
	__s32 distance;
	__u32 link;
	__u32 cells;
	__u32 pad;
	__u32 detail;
	__u32 port;
	__u32 num_ports;
	__u32 pad2;
};

#define DRM_WEFT_EVENT_CARD	0x80000000	/* type of struct drm_weft_event_card */

/**
 * enum drm_weft_event_reason - what has happened to the card
 * @DRM_WEFT_EVENT_RESET: it was reset and is up again; what was made before gives -ECANCELED
 * @DRM_WEFT_EVENT_WEDGED: a reset failed; -EIO until the driver is bound again
 * @DRM_WEFT_EVENT_REMOVED: it is gone; -ENODEV for ever, no event follows
 */
enum drm_weft_event_reason {
	DRM_WEFT_EVENT_RESET = 1,
	DRM_WEFT_EVENT_WEDGED = 2,
	DRM_WEFT_EVENT_REMOVED = 3,
};

/**
 * struct drm_weft_event_card - read() of the node: one for every file open when it happened
 * @base: type DRM_WEFT_EVENT_CARD, length of all
 * @reason: enum drm_weft_event_reason
 * @resets: RESET, WEDGED: that ended well since the last event read. An event that waits to be read
 *	is brought up to date instead of another one sent; REMOVED (0) is always one of its own, and
 *	the last
 * @generation: RESET: of the card now, else 0
 * @time_ns: CLOCK_MONOTONIC
 *
 * A buffer too short for it reads 0 bytes and leaves it where it is. With the last one read, read()
 * is -ENODEV and poll() POLLHUP.
 */
struct drm_weft_event_card {
	struct drm_event base;
	__u32 reason;
	__u32 resets;
	__u64 generation;
	__u64 time_ns;
};

#define DRM_IOCTL_WEFT_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_QUERY, struct drm_weft_query)
#define DRM_IOCTL_WEFT_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_GEM_CREATE, struct drm_weft_gem_create)
#define DRM_IOCTL_WEFT_GEM_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_GEM_INFO, struct drm_weft_gem_info)
#define DRM_IOCTL_WEFT_GEM_EXPORT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_GEM_EXPORT, struct drm_weft_gem_export)
#define DRM_IOCTL_WEFT_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_VM_CREATE, struct drm_weft_vm_create)
#define DRM_IOCTL_WEFT_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_WEFT_VM_DESTROY, struct drm_weft_vm_destroy)
#define DRM_IOCTL_WEFT_VM_BIND \
	DRM_IOW(DRM_COMMAND_BASE + DRM_WEFT_VM_BIND, struct drm_weft_vm_bind)
#define DRM_IOCTL_WEFT_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_QUEUE_CREATE, struct drm_weft_queue_create)
#define DRM_IOCTL_WEFT_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_WEFT_QUEUE_DESTROY, struct drm_weft_queue_destroy)
#define DRM_IOCTL_WEFT_QUEUE_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_QUEUE_STATE, struct drm_weft_queue_state)
#define DRM_IOCTL_WEFT_SUBMIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_WEFT_SUBMIT, struct drm_weft_submit)
#define DRM_IOCTL_WEFT_QUERY_PEER \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_QUERY_PEER, struct drm_weft_query_peer)
#define DRM_IOCTL_WEFT_USER_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_USER_QUEUE_CREATE, struct drm_weft_user_queue_create)
#define DRM_IOCTL_WEFT_KICK \
	DRM_IOW(DRM_COMMAND_BASE + DRM_WEFT_KICK, struct drm_weft_kick)
#define DRM_IOCTL_WEFT_CELL_WAIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_WEFT_CELL_WAIT, struct drm_weft_cell_wait)
#define DRM_IOCTL_WEFT_QUEUE_IDLE \
	DRM_IOW(DRM_COMMAND_BASE + DRM_WEFT_QUEUE_IDLE, struct drm_weft_queue_idle)

#if defined(__cplusplus)
}
#endif

#endif
