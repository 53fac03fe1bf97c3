/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <dlpack/dlpack.h>
#include <weft/dlpack.h>

#include "memory.h"

#define PAGE	4096ull

static const struct {
	uint8_t code, bits;
} types[] = {
	[WEFT_TYPE_F32] = { kDLFloat, 32 },
	[WEFT_TYPE_F16] = { kDLFloat, 16 },
	[WEFT_TYPE_BF16] = { kDLBfloat, 16 },
	[WEFT_TYPE_I32] = { kDLInt, 32 },
	[WEFT_TYPE_I8] = { kDLInt, 8 },
	[WEFT_TYPE_U8] = { kDLUInt, 8 },
	[WEFT_TYPE_U32] = { kDLUInt, 32 },
};

#define NUM_TYPES	(sizeof(types) / sizeof(types[0]))

_Static_assert(NUM_TYPES == WEFT_TYPE_U32 + 1, "every type has a row");

struct lent {
	DLManagedTensor tensor;
	struct weft_memory *memory;
	int64_t shape[WEFT_TENSOR_MAX_RANK], strides[WEFT_TENSOR_MAX_RANK];
};

static void take_back(DLManagedTensor *tensor)
{
	struct lent *l = tensor->manager_ctx;

	weft_memory_destroy(l->memory);
	free(l);
}

/* Bytes of a desc's elements; strides of its axes, in elements, when wanted. */
static int measure(const struct weft_dlpack_desc *d, uint64_t *bytes, int64_t *strides, const char *call)
{
	uint64_t n = 1;

	for (uint32_t i = d->rank; i-- > 0;) {
		if (!d->shape[i])
			return weft_fail(-EINVAL, "%s: axis %u has no elements", call, i);
		if (strides)
			strides[i] = (int64_t)n;
		if (__builtin_mul_overflow(n, d->shape[i], &n) || n > INT64_MAX)
			return weft_fail(-EOVERFLOW, "%s: the elements of axes %u … %u", call, i, d->rank - 1);
	}
	if (__builtin_mul_overflow(n, (uint64_t)weft_type_bytes(d->type), bytes) || *bytes > INT64_MAX)
		return weft_fail(-EOVERFLOW, "%s: the bytes of %" PRIu64 " elements", call, n);
	return 0;
}

/* A card's memory at @offset: where, in terms of DLPack. */
static int locate(struct weft_memory *m, uint64_t offset, DLTensor *t)
{
	const bool local = weft_backend(m->device) == &weft_backend_card && m->place == WEFT_PLACE_LOCAL;
	void *base = (void *)(uintptr_t)m->address;
	int ret = local ? 0 : weft_memory_map(m, &base);

	if (ret)
		return ret;
	t->device.device_type = local ? kDLExtDev : kDLCPU;
	t->device.device_id = local ? (int32_t)m->device->index : 0;
	t->data = (char *)base + offset;
	return 0;
}

int weft_memory_export_dlpack(struct weft_memory *memory, const struct weft_dlpack_desc *desc, DLManagedTensor **tensor)
{
	struct weft_dlpack_desc d;
	struct lent *l;
	uint64_t bytes;
	int ret = weft_handle(memory, WEFT_MAGIC_MEMORY, __func__);

	if (!ret)
		ret = weft_take(&d, sizeof(d), desc, sizeof(d), __func__);
	if (ret)
		return ret;
	if (!tensor || !weft_type_bytes(d.type) || d.rank > WEFT_TENSOR_MAX_RANK || d.pad || d.offset % weft_type_bytes(d.type))
		return weft_fail(-EINVAL, "weft_memory_export_dlpack: type %u, rank %u, offset %" PRIu64, d.type, d.rank, d.offset);
	for (uint32_t i = d.rank; i < WEFT_TENSOR_MAX_RANK; i++)
		if (d.shape[i])
			return weft_fail(-EINVAL, "weft_memory_export_dlpack: axis %u of a tensor of rank %u", i, d.rank);
	if (memory->cells)
		return weft_fail(-EINVAL, "weft_memory_export_dlpack: cells are no tensor");
	l = calloc(1, sizeof(*l));
	if (!l)
		return weft_fail(-ENOMEM, "weft_memory_export_dlpack");
	ret = measure(&d, &bytes, l->strides, __func__);
	if (!ret && (d.offset > memory->bytes || bytes > memory->bytes - d.offset))
		ret = weft_fail(-EINVAL, "weft_memory_export_dlpack: %" PRIu64 " bytes at %" PRIu64 " of %" PRIu64, bytes, d.offset,
				memory->bytes);
	if (!ret)
		ret = locate(memory, d.offset, &l->tensor.dl_tensor);
	if (!ret)	/* its own device: one more reference */
		ret = weft_memory_import(memory->device, memory, memory->access & (WEFT_ACCESS_READ | WEFT_ACCESS_WRITE),
					 &l->memory);
	if (ret) {
		free(l);
		return ret;
	}
	for (uint32_t i = 0; i < d.rank; i++)
		l->shape[i] = (int64_t)d.shape[i];
	l->tensor.dl_tensor.ndim = (int32_t)d.rank;
	l->tensor.dl_tensor.dtype = (DLDataType) { .code = types[d.type].code, .bits = types[d.type].bits, .lanes = 1 };
	l->tensor.dl_tensor.shape = l->shape;
	l->tensor.dl_tensor.strides = l->strides;
	l->tensor.manager_ctx = l;
	l->tensor.deleter = take_back;
	*tensor = &l->tensor;
	return 0;
}

static const char *const call_import = "weft_memory_import_dlpack";

/* What a tensor of somebody else says of itself, as far as the library can use it. */
static int understand(const DLTensor *t, struct weft_dlpack_desc *d, uint64_t *bytes)
{
	int64_t strides[WEFT_TENSOR_MAX_RANK] = { 0 };
	int ret;

	for (d->type = 0; d->type < NUM_TYPES; d->type++)
		if (t->dtype.code == types[d->type].code && t->dtype.bits == types[d->type].bits)
			break;
	if (d->type == NUM_TYPES || t->dtype.lanes != 1)
		return weft_fail(-EOPNOTSUPP, "%s: elements of code %u, %u bits, %u lanes", call_import, t->dtype.code,
				 t->dtype.bits, t->dtype.lanes);
	if (t->ndim < 0 || (t->ndim && !t->shape))
		return weft_fail(-EINVAL, "%s: %d axes%s", call_import, t->ndim, t->ndim < 0 ? "" : " without a shape");
	if (t->ndim > WEFT_TENSOR_MAX_RANK)
		return weft_fail(-EOPNOTSUPP, "%s: %d axes, at most %d", call_import, t->ndim, WEFT_TENSOR_MAX_RANK);
	d->rank = (uint32_t)t->ndim;
	for (uint32_t i = 0; i < d->rank; i++) {
		if (t->shape[i] < 0)
			return weft_fail(-EINVAL, "%s: axis %u has %" PRId64 " elements", call_import, i, t->shape[i]);
		d->shape[i] = (uint64_t)t->shape[i];
	}
	ret = measure(d, bytes, strides, call_import);
	if (ret)
		return ret;
	/* the stride of an axis with one element says nothing */
	for (uint32_t i = 0; t->strides && i < d->rank; i++)
		if (d->shape[i] > 1 && t->strides[i] != strides[i])
			return weft_fail(-EOPNOTSUPP, "%s: axis %u has a stride of %" PRId64 " elements, %" PRId64 " in row-major order "
					 "without gaps", call_import, i, t->strides[i], strides[i]);
	return 0;
}

/* The address of the first element; the last is not beyond the end of addresses. */
static int first_element(const DLTensor *t, enum weft_type type, uint64_t bytes, uint64_t *address)
{
	uint64_t end;

	if (!t->data)
		return weft_fail(-EINVAL, "%s: the data is NULL", call_import);
	if (__builtin_add_overflow((uintptr_t)t->data, t->byte_offset, address) ||
	    __builtin_add_overflow(*address, bytes, &end) || end > UINT64_MAX - PAGE)
		return weft_fail(-EOVERFLOW, "%s: data %p, byte_offset %" PRIu64 ", %" PRIu64 " bytes", call_import, t->data,
				 t->byte_offset, bytes);
	if (*address % weft_type_bytes(type))
		return weft_fail(-EINVAL, "%s: elements of %u bytes begin at %#" PRIx64, call_import, weft_type_bytes(type), *address);
	return 0;
}

/* A tensor that this library lent: the memory behind it. */
static int import_own(struct weft_device *device, DLManagedTensor *tensor, struct weft_dlpack_desc *desc,
		      struct weft_dlpack_desc *d, uint64_t first, uint64_t bytes, struct weft_memory **memory)
{
	struct weft_memory *from = ((struct lent *)tensor->manager_ctx)->memory;
	DLTensor base;
	int ret = locate(from, 0, &base);

	if (ret)
		return ret;
	d->offset = first - (uintptr_t)base.data;	/* somebody may have cut a part out of it */
	if (d->offset > from->bytes || bytes > from->bytes - d->offset)
		return weft_fail(-EINVAL, "%s: not within the memory that it was made of", call_import);
	ret = weft_give(desc, d, sizeof(*d), sizeof(*d), call_import);
	if (!ret)
		ret = weft_memory_import(device, from, from->access & (WEFT_ACCESS_READ | WEFT_ACCESS_WRITE), memory);
	if (!ret)
		take_back(tensor);
	return ret;
}

static void give_back(void *tensor)
{
	DLManagedTensor *t = tensor;

	if (t->deleter)
		t->deleter(t);
}

static int import_pages(struct weft_device *device, DLManagedTensor *tensor, struct weft_dlpack_desc *desc,
			struct weft_dlpack_desc *d, uint64_t first, uint64_t bytes, struct weft_memory **memory)
{
	const struct weft_sys *sys = device->weft->sys;
	const char *why = "";
	int dmabuf, ret;

	d->offset = first % PAGE;
	ret = weft_give(desc, d, sizeof(*d), sizeof(*d), call_import);
	if (ret)
		return ret;
	bytes = (d->offset + bytes + PAGE - 1) / PAGE * PAGE;
	ret = sys->user_dmabuf((void *)(uintptr_t)(first - d->offset), bytes, &dmabuf, &why);
	if (ret)
		return weft_fail(ret, "%s: %" PRIu64 " bytes at %#" PRIx64 " cannot be pinned for a card: %s", call_import, bytes,
				 first - d->offset, why);
	ret = weft_memory_import_fd(device, dmabuf, memory);
	sys->close(dmabuf);
	if (ret)
		return ret;
	(*memory)->lender = (struct weft_lender) { give_back, tensor };
	return 0;
}

int weft_memory_import_dlpack(struct weft_device *device, DLManagedTensor *tensor, struct weft_dlpack_desc *desc,
			      struct weft_memory **memory)
{
	struct weft_dlpack_desc d = { .size = sizeof(d) };
	uint64_t bytes = 0, first = 0;
	int ret = weft_handle(device, WEFT_MAGIC_DEVICE, __func__);

	if (ret)
		return ret;
	if (!tensor || !memory)
		return weft_fail(-EINVAL, "weft_memory_import_dlpack: no tensor, or no place for the handle");
	ret = understand(&tensor->dl_tensor, &d, &bytes);
	if (!ret)
		ret = first_element(&tensor->dl_tensor, d.type, bytes, &first);
	if (ret)
		return ret;
	if (tensor->deleter == take_back)
		return import_own(device, tensor, desc, &d, first, bytes, memory);
	if (tensor->dl_tensor.device.device_type != kDLCPU)
		return weft_fail(-EOPNOTSUPP, "weft_memory_import_dlpack: a tensor of device type %d, not of the processor (1)",
				 (int)tensor->dl_tensor.device.device_type);
	if (weft_backend(device) != &weft_backend_card)
		return weft_fail(-EOPNOTSUPP, "weft_memory_import_dlpack: devices of kind %s borrow no memory", device->kind->name);
	return import_pages(device, tensor, desc, &d, first, bytes, memory);
}
