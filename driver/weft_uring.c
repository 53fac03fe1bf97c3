// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/*
 * Commands of io_uring.
 *
 * What ends at once is done where the SQE is issued. What sleeps on locks or on the card (preparing
 * a BIND, QUEUE_CREATE, anything during a reset) goes to io_uring's workers by -EAGAIN. What waits
 * for an event of the card is a struct weft_pending, which holds no thread.
 *
 * A pending command (weft_pending.h) is completed from task work of its submitter, so that no
 * completion runs in an interrupt and results can be written to his memory; at the exit of the ring
 * directly. It starts to wait only after io_uring was told that it is cancelable, since from then
 * on it can be completed, and freed by io_uring, at any time.
 *
 * The ring's lock is outside of all of ours: none is held when io_uring is called, but for ending a
 * command in an interrupt.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/weft_accel.h>

#include "weft_compat.h"
#include "weft_compat_uring.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_job.h"
#include "weft_pending.h"
#include "weft_queue.h"
#include "weft_sync.h"
#include "weft_uring.h"

/* --- the end of what waited --- */

/* Not in a thread that has left the program's memory: then nobody is there to read it either. */
static int write_cells(const struct weft_pending *p)
{
	struct drm_weft_cell_wait_many __user *many = p->user;
	struct drm_weft_cell_wait __user *one = p->user;
	const struct weft_cell *cell = &p->wait[0].now;
	bool bad = false;
	u32 i;

	if (current->flags & (PF_KTHREAD | PF_EXITING))
		return 0;
	if (!p->cells)
		return one && (put_user(cell->value, &one->value) ||
			       put_user(cell->end, &one->end) ||
			       put_user(cell->fault, &one->fault)) ? -EFAULT : 0;
	for (i = 0; i < p->num && !bad; i++) {
		cell = &p->wait[i].now;
		bad = put_user(cell->value, &p->cells[i].value) ||
		      put_user(cell->end, &p->cells[i].end) ||
		      put_user(cell->fault, &p->cells[i].fault);
	}
	return bad || (many && put_user(p->decided, &many->decided)) ? -EFAULT : 0;
}

static struct weft_pending **slot(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct weft_pending *);
}

static void complete_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct weft_pending *p = *slot(cmd);
	bool told = p->num && (p->result >= 0 || p->result == -ETIME), big = p->big;
	u64 extra = !told ? 0 : p->cells ? p->decided : p->wait[0].now.value;
	s32 res = p->result;

	weft_pending_stop(p);
	if (told && write_cells(p))
		res = -EFAULT;
	weft_pending_put(p);
	weft_uring_done(cmd, res, extra, big, issue_flags);
}

WEFT_URING_TASK_WORK(complete_in_task, complete_cmd)

static void end_pending(struct weft_pending *p)
{
	io_uring_cmd_complete_in_task(p->cmd, complete_in_task);
}

/* The ring goes, or its task. Who took the command before has queued its end. */
static void cancelled(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	if (weft_pending_take(*slot(cmd), -ECANCELED))
		complete_cmd(cmd, issue_flags);
}

/* --- the commands --- */

static struct weft_pending *create(struct weft_call *c, u32 num)
{
	struct weft_pending *p = weft_pending_create(c->f, num);

	if (!p)
		return NULL;
	p->end = end_pending;
	p->cmd = c->cmd;
	p->ring = weft_uring_ring(c->cmd);
	p->user_data = c->user_data;
	p->big = c->issue_flags & IO_URING_F_CQE32;
	*slot(c->cmd) = p;
	return p;
}

static int wait_for_event(struct weft_call *c, struct weft_pending *p)
{
	io_uring_cmd_mark_cancelable(c->cmd, c->issue_flags);
	weft_pending_start(p);
	return -EIOCBQUEUED;
}

/* The gate of the ioctls. */
static int enter(struct weft_call *c, int *idx)
{
	int ret;

	if (!(c->issue_flags & IO_URING_F_NONBLOCK))
		return weft_file_enter(c->f, idx);
	ret = weft_device_try_enter(c->w, idx);
	if (!ret)
		atomic64_inc(&c->f->ioctls);
	return ret;
}

static int submit_in(struct weft_call *c, const struct drm_weft_sync *syncs)
{
	struct weft_pending *p = NULL;
	int idx, ret;

	ret = enter(c, &idx);
	if (ret)
		return ret;
	if (c->flags & DRM_WEFT_URING_END) {
		p = create(c, 0);
		if (!p)
			ret = -ENOMEM;
	}
	if (!ret)
		ret = weft_submit(c->w, c->f, &c->a.submit, syncs, p ? &p->done : NULL);
	weft_device_exit(c->w, idx);
	if (!ret && p)
		return wait_for_event(c, p);
	if (p)
		weft_pending_put(p);
	return ret;
}

static int submit(struct weft_call *c)
{
	struct drm_weft_sync *syncs = weft_sync_copy(c->a.submit.syncs, c->a.submit.num_syncs);
	int ret;

	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	ret = submit_in(c, syncs);
	kfree(syncs);
	return ret;
}

static int bind_in(struct weft_call *c, const struct drm_weft_sync *syncs)
{
	struct weft_pending *p;
	int idx, ret;

	ret = enter(c, &idx);
	if (ret)
		return ret;
	p = create(c, 0);
	ret = p ? weft_pending_begin_bind(p, &c->a.bind, syncs) : -ENOMEM;
	weft_device_exit(c->w, idx);
	if (!ret)
		return wait_for_event(c, p);
	if (p)
		weft_pending_put(p);
	return ret;
}

static int bind(struct weft_call *c)
{
	struct drm_weft_sync *syncs;
	int ret;

	if (c->issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	syncs = weft_sync_copy(c->a.bind.syncs, c->a.bind.num_syncs);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	ret = bind_in(c, syncs);
	kfree(syncs);
	return ret;
}

static int queue_create(struct weft_call *c)
{
	int idx, ret;

	if (c->issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	ret = enter(c, &idx);
	if (ret)
		return ret;
	ret = weft_queue_create_ioctl(c->w, c->f, &c->a.queue);
	weft_device_exit(c->w, idx);
	if (ret)
		return ret;
	if (c->user && put_user(c->a.queue.queue_id,
				&((struct drm_weft_queue_create __user *)c->user)->queue_id))
		return -EFAULT;
	return c->a.queue.queue_id;
}

static int wait_cells(struct weft_call *c, const struct drm_weft_cell_want *wants, u32 num,
		      u64 timeout_ns, struct drm_weft_cell_want __user *cells, bool all)
{
	struct weft_pending *p;
	int idx, ret;

	if (timeout_ns > WEFT_WAIT_MAX_NS)
		return -EINVAL;
	ret = enter(c, &idx);
	if (ret)
		return ret;
	p = create(c, num);
	if (!p) {
		weft_device_exit(c->w, idx);
		return -ENOMEM;
	}
	p->user = c->user;
	p->cells = cells;
	p->all = all;
	p->sleeps = timeout_ns;
	p->until = ktime_add_ns(ktime_get(), timeout_ns);
	ret = weft_pending_begin_cells(p, wants);
	weft_device_exit(c->w, idx);
	if (ret < 0) {
		weft_pending_put(p);
		return ret;
	}
	if (!ret)
		return wait_for_event(c, p);
	complete_cmd(c->cmd, c->issue_flags);
	return -EIOCBQUEUED;
}

static int cell_wait(struct weft_call *c)
{
	struct drm_weft_cell_want want = {
		.handle = c->a.wait.handle, .offset = c->a.wait.offset, .value = c->a.wait.value,
	};

	if (c->a.wait.flags)
		return -EINVAL;
	return wait_cells(c, &want, 1, c->a.wait.timeout_ns, NULL, false);
}

static int cell_wait_many(struct weft_call *c)
{
	struct drm_weft_cell_want __user *cells = u64_to_user_ptr(c->a.many.cells);
	struct drm_weft_cell_want *wants;
	int ret = 0;
	u32 i;

	if (!c->a.many.num_cells || c->a.many.num_cells > DRM_WEFT_MAX_WANTS ||
	    c->a.many.flags & ~DRM_WEFT_WAIT_ALL || c->a.many.decided || !cells)
		return -EINVAL;
	wants = memdup_array_user(cells, c->a.many.num_cells, sizeof(*wants));
	if (IS_ERR(wants))
		return PTR_ERR(wants);
	for (i = 0; i < c->a.many.num_cells && !ret; i++)
		if (wants[i].pad)
			ret = -EINVAL;
	if (!ret)
		ret = wait_cells(c, wants, c->a.many.num_cells, c->a.many.timeout_ns, cells,
				 c->a.many.flags & DRM_WEFT_WAIT_ALL);
	kfree(wants);
	return ret;
}

/* Touches no hardware, so that it needs not wait for a reset. */
static int cancel(struct weft_call *c)
{
	int idx, n;

	if (c->a.cancel.flags & ~DRM_WEFT_CANCEL_ALL || c->a.cancel.pad ||
	    (c->a.cancel.flags && c->a.cancel.user_data))
		return -EINVAL;
	if (!drm_dev_enter(&c->w->drm, &idx))
		return -ENODEV;
	atomic64_inc(&c->f->ioctls);
	n = weft_pending_cancel(c->f, weft_uring_ring(c->cmd), c->a.cancel.user_data,
				c->a.cancel.flags);
	drm_dev_exit(idx);
	return n ?: -ENOENT;
}

/* --- the gate --- */

static const struct weft_command commands[] = {
	[DRM_WEFT_URING_SUBMIT] = {
		sizeof(struct drm_weft_submit), 48, DRM_WEFT_URING_END, submit
	},
	[DRM_WEFT_URING_BIND] = { sizeof(struct drm_weft_vm_bind), 40, 0, bind },
	[DRM_WEFT_URING_QUEUE_CREATE] = {
		sizeof(struct drm_weft_queue_create), 24, 0, queue_create
	},
	[DRM_WEFT_URING_CELL_WAIT] = { sizeof(struct drm_weft_cell_wait), 48, 0, cell_wait },
	[DRM_WEFT_URING_CELL_WAIT_MANY] = {
		sizeof(struct drm_weft_cell_wait_many), 32, 0, cell_wait_many
	},
	[DRM_WEFT_URING_CANCEL] = { sizeof(struct drm_weft_uring_cancel), 16, 0, cancel },
};

static_assert(ARRAY_SIZE(commands) == DRM_WEFT_URING_CANCEL + 1,
	      "every command of the header has its row");

int weft_uring_copy_args(struct weft_call *c, const struct weft_command *command)
{
	const struct io_uring_sqe *sqe = c->cmd->sqe;
	struct drm_weft_uring head;
	size_t i;

	memcpy(&head, sqe->cmd, sizeof(head));
	c->user_data = READ_ONCE(sqe->user_data);
	c->flags = head.flags;
	if (head.pad || head.flags & ~(DRM_WEFT_URING_INLINE | command->flags) ||
	    head.size < command->least || c->cmd->flags & IORING_URING_CMD_MASK ||
	    READ_ONCE(sqe->addr) || READ_ONCE(sqe->len))
		return -EINVAL;
	if (!(head.flags & DRM_WEFT_URING_INLINE)) {
		c->user = u64_to_user_ptr(head.args);
		return copy_struct_from_user(&c->a, command->size, c->user, head.size);
	}
	if (!(c->issue_flags & IO_URING_F_SQE128) || head.args ||
	    head.size > WEFT_URING_INLINE_BYTES)
		return -EINVAL;
	memcpy(c->a.bytes, (const u8 *)sqe->cmd + sizeof(head), head.size);
	for (i = command->size; i < head.size; i++)
		if (c->a.bytes[i])
			return -E2BIG;
	return 0;
}

int weft_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct drm_file *drm_file = cmd->file->private_data;
	struct weft_file *f = drm_file->driver_priv;
	struct weft_call c = { .w = f->w, .f = f, .cmd = cmd, .issue_flags = issue_flags };
	int ret;

	if (issue_flags & IO_URING_F_CANCEL) {
		cancelled(cmd, issue_flags);
		return 0;
	}
	if (drm_dev_is_unplugged(&f->w->drm))
		return -ENODEV;
	if (weft_uring_ring(cmd)->flags & IORING_SETUP_IOPOLL) {
		drm_dbg(&f->w->drm,
			"a ring with IORING_SETUP_IOPOLL: commands end by interrupts, use another ring\n");
		return -EOPNOTSUPP;
	}
	if (cmd->cmd_op >= ARRAY_SIZE(commands)) {
		drm_dbg(&f->w->drm, "io_uring command %u is unknown, the last known is %zu\n",
			cmd->cmd_op, ARRAY_SIZE(commands) - 1);
		return -EOPNOTSUPP;
	}
	ret = weft_uring_copy_args(&c, &commands[cmd->cmd_op]);
	if (!ret)
		ret = commands[cmd->cmd_op].issue(&c);
	return ret == -ERESTARTSYS ? -EINTR : ret;
}
