/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Commands for the program's own ring; sys.c knows how an SQE is filled. */
#include <errno.h>

#include <weft/uring.h>

#include "list.h"
#include "memory.h"
#include "queue.h"

#define MAX_WAIT_NS	600000000000ull

_Static_assert(sizeof(struct weft_uring_op) >= WEFT_SYS_URING_BYTES, "room for every argument");

static int place(const struct weft_device *device, const struct weft_uring_op *op, const struct io_uring_sqe *sqe,
		 const char *call)
{
	if (!op || !sqe)
		return weft_fail(-EINVAL, "%s: no place for the command", call);
	if (!device->vm)	/* only cards have one */
		return weft_fail(-EOPNOTSUPP, "%s: devices of kind %s have no node for io_uring", call, device->info.kind);
	return 0;
}

int weft_uring_submit(struct weft_queue *queue, struct weft_list *list, struct weft_uring_op *op, struct io_uring_sqe *sqe)
{
	struct weft_sys_submit submit = { 0 };
	int ret = weft_handle(queue, WEFT_MAGIC_QUEUE, __func__);

	if (!ret)
		ret = weft_handle(list, WEFT_MAGIC_LIST, __func__);
	if (!ret)
		ret = place(queue->device, op, sqe, __func__);
	if (ret)
		return ret;
	if (list->device != queue->device || !list->commands->count || !list->address)
		return weft_fail(-EINVAL, "weft_uring_submit: the list is empty, not committed, or of another device");
	submit.queue = queue->id;
	submit.list = list->address;
	submit.num_packets = list->image.num_packets;
	submit.num_operands = list->image.num_operands;
	submit.table = submit.num_operands ? submit.list + list->image.table_offset : 0;
	queue->device->weft->sys->uring_submit(queue->device->fd, &submit, op, sqe);
	return 0;
}

int weft_uring_cell_wait(struct weft_memory *cells, uint32_t index, uint64_t value, uint64_t timeout_ns,
			 struct weft_uring_op *op, struct io_uring_sqe *sqe)
{
	int ret = weft_handle(cells, WEFT_MAGIC_MEMORY, __func__);

	if (!ret)
		ret = place(cells->device, op, sqe, __func__);
	if (ret)
		return ret;
	if (cells->origin)
		return weft_fail(-EOPNOTSUPP, "weft_uring_cell_wait: an import; wait where the memory is");
	if (!weft_cell_address(cells, index) || timeout_ns > MAX_WAIT_NS)
		return weft_fail(-EINVAL, "weft_uring_cell_wait: fewer than %u cells, or more than 600 s", index + 1);
	cells->device->weft->sys->uring_cell_wait(cells->device->fd, cells->handle, (uint64_t)index * WEFT_CELL_BYTES, value,
						  timeout_ns, op, sqe);
	return 0;
}

void weft_uring_cell_state(const struct weft_uring_op *op, struct weft_cell_state *state)
{
	weft_library.sys->uring_cell_state(op, state);
}

static int want(const struct weft_cell_want *w, const struct weft_device *device, struct weft_uring_want *place)
{
	int ret = weft_handle(w->cells, WEFT_MAGIC_MEMORY, "weft_uring_cell_wait_many");

	if (ret)
		return ret;
	if (w->cells->origin)
		return weft_fail(-EOPNOTSUPP, "weft_uring_cell_wait_many: an import; wait where the memory is");
	if (w->pad || w->cells->device != device || !weft_cell_address(w->cells, w->index))
		return weft_fail(-EINVAL, "weft_uring_cell_wait_many: fewer than %u cells, of another device, or pad is not 0",
				 w->index + 1);
	device->weft->sys->uring_want(w->cells->handle, (uint64_t)w->index * WEFT_CELL_BYTES, w->value, place);
	return 0;
}

int weft_uring_cell_wait_many(const struct weft_cell_want *wants, uint32_t count, bool all, uint64_t timeout_ns,
			      struct weft_uring_want *places, struct weft_uring_op *op, struct io_uring_sqe *sqe)
{
	const struct weft_device *device;
	int ret = weft_handle(wants && count ? wants[0].cells : NULL, WEFT_MAGIC_MEMORY, __func__);

	if (ret)
		return ret;
	if (!places || count > WEFT_URING_WANTS || timeout_ns > MAX_WAIT_NS)
		return weft_fail(-EINVAL, "weft_uring_cell_wait_many: no places, more than %u cells, or more than 600 s",
				 WEFT_URING_WANTS);
	device = wants[0].cells->device;
	ret = place(device, op, sqe, __func__);
	for (uint32_t i = 0; i < count && !ret; i++)
		ret = want(&wants[i], device, &places[i]);
	if (!ret)
		device->weft->sys->uring_cell_wait_many(device->fd, places, count, all, timeout_ns, op, sqe);
	return ret;
}

void weft_uring_want_state(const struct weft_uring_want *place, struct weft_cell_state *state)
{
	weft_library.sys->uring_want_state(place, state);
}

int weft_uring_cancel(struct weft_device *device, uint64_t user_data, struct weft_uring_op *op, struct io_uring_sqe *sqe)
{
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (!ret)
		ret = place(device, op, sqe, __func__);
	if (!ret)
		device->weft->sys->uring_cancel(device->fd, user_data, op, sqe);
	return ret;
}
