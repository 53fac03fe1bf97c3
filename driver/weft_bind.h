/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/* Binds: their one parser, and the order in which those of an address space are done. */
#ifndef WEFT_BIND_H
#define WEFT_BIND_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct drm_weft_sync;
struct drm_weft_vm_bind;
struct weft_bind_job;
struct weft_device;
struct weft_file;
struct weft_vm;

/**
 * struct weft_binds - binds of an address space that have not ended
 * @pending: in the order in which they take effect
 * @ended: to be freed
 * @running: the one being looked at or done
 * @count: in @pending
 * @error: of the first asynchronous one that failed since the last FLUSH
 * @context: of their fences, which signal in the order of @seqno
 * @idle: woken when one has ended
 * @work: does them; in the dma-fence signalling path
 * @clean_work: frees what they leave and tells who is not told by a fence
 */
struct weft_binds {
	spinlock_t lock;	/* pending … error */
	struct list_head pending;
	struct list_head ended;
	struct weft_bind_job *running;
	u32 count;
	int error;
	u64 context;
	u64 seqno;
	wait_queue_head_t idle;
	struct work_struct work;
	struct work_struct clean_work;
};

/**
 * struct weft_bind_done - who is to be called when a bind has ended
 * @fn: called once, from process context without locks, when the bind and what it held are gone;
 *	@result 0 or negative errno. It does not enter the card: VM_DESTROY, inside, may be waiting
 *	for it
 */
struct weft_bind_done {
	void (*fn)(struct weft_bind_done *done, int result);
};

/**
 * weft_bind_start() - start a bind, asynchronous whatever its flags say
 * @args: as from the ioctl; checked here
 * @syncs: what it points to, copied by weft_sync_copy(); the caller's
 * @done: called if and only if this returns 0, maybe before it does; must live until then
 *
 * The caller is between weft_device_enter() and _exit(); it need not wait inside. Every errno of
 * VM_BIND that a call can be found wrong with.
 */
int weft_bind_start(struct weft_device *w, struct weft_file *f, const struct drm_weft_vm_bind *args,
		    const struct drm_weft_sync *syncs, struct weft_bind_done *done);

/*
 * Asks that the bind that was started with @done ends with -ECANCELED if it has not begun: at once,
 * or behind earlier ones when it signals syncobjs. @done is called as ever, and may have been
 * already: only its address is looked at.
 */
void weft_bind_cancel(struct weft_file *f, const struct weft_bind_done *done);

int weft_vm_bind_ioctl(struct weft_device *w, struct weft_file *f, void *data);

void weft_binds_init(struct weft_vm *vm);

/*
 * For a VM marked dead: ends them all with -ECANCELED, or -ENODEV, and waits for what is being done
 * on the card.
 */
void weft_binds_end(struct weft_vm *vm);

/* After the generation or the state of the card changed: pending binds end by it, soon. */
void weft_bind_end_stale(struct weft_device *w);

#endif
