/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <errno.h>
#include <stdlib.h>

#include <weft/tensor.h>
#include <weft/transfer.h>

#include "device.h"
#include "memory.h"

#define WAIT_NS		60000000000ull

struct weft_tensor {
	uint32_t magic;
	uint32_t num;
	uint64_t row_bytes, rows;
	struct weft_segment segment[];
};

int weft_tensor_split(uint64_t rows, uint32_t parts, uint32_t part, uint64_t *first_row, uint64_t *num_rows)
{
	uint64_t base, extra;

	if (!parts || part >= parts || !first_row || !num_rows)
		return weft_fail(-EINVAL, "weft_tensor_split: part %u of %u", part, parts);
	base = rows / parts;
	extra = rows % parts;
	*first_row = part * base + (part < extra ? part : extra);
	*num_rows = base + (part < extra);
	return 0;
}

static int row_bytes(const struct weft_tensor_desc *d, uint64_t *bytes)
{
	uint64_t n = weft_type_bytes(d->type), all;

	if (!n || d->rank < 1 || d->rank > WEFT_TENSOR_MAX_RANK || d->place > WEFT_PLACE_HOST || !d->shape[0])
		return weft_fail(-EINVAL, "weft_tensor_create: type %u, rank %u, place %u", d->type, d->rank, d->place);
	for (uint32_t i = 1; i < d->rank; i++)
		if (!d->shape[i] || __builtin_mul_overflow(n, d->shape[i], &n))
			return weft_fail(-EINVAL, "weft_tensor_create: axis %u", i);
	if (__builtin_mul_overflow(n, d->shape[0], &all) || all > 1ull << 46)
		return weft_fail(-EINVAL, "weft_tensor_create: too large");
	*bytes = n;
	return 0;
}

int weft_tensor_create(struct weft_device *const *devices, uint32_t num_devices, const struct weft_tensor_desc *desc,
		       struct weft_tensor **tensor)
{
	struct weft_tensor_desc d;
	struct weft_tensor *t;
	uint64_t bytes = 0;
	int ret = weft_ready(&weft_library, __func__);

	if (!ret)
		ret = weft_take(&d, sizeof(d), desc, sizeof(d), __func__);
	if (!ret)
		ret = row_bytes(&d, &bytes);
	if (ret)
		return ret;
	if (!devices || !num_devices || !tensor)
		return weft_fail(-EINVAL, "weft_tensor_create: no devices or no place for the handle");
	t = calloc(1, sizeof(*t) + num_devices * sizeof(t->segment[0]));
	if (!t)
		return weft_fail(-ENOMEM, "weft_tensor_create");
	t->magic = WEFT_MAGIC_TENSOR;
	t->row_bytes = bytes;
	t->rows = d.shape[0];
	for (uint32_t i = 0; i < num_devices && !ret; i++) {
		struct weft_segment *s = &t->segment[i];

		ret = weft_handle(devices[i], WEFT_MAGIC_DEVICE, __func__);
		if (ret)
			break;
		s->size = sizeof(*s);
		s->device = devices[i];
		weft_tensor_split(t->rows, num_devices, i, &s->first_row, &s->rows);
		s->bytes = s->rows * bytes;
		if (s->rows)
			ret = weft_memory_alloc(devices[i], s->bytes, d.place, &s->memory);
		t->num = i + 1;
	}
	if (ret) {
		weft_tensor_destroy(t);
		return ret;
	}
	*tensor = t;
	return 0;
}

int weft_tensor_destroy(struct weft_tensor *tensor)
{
	int ret = weft_handle(tensor, WEFT_MAGIC_TENSOR, __func__);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < tensor->num; i++)
		if (tensor->segment[i].memory)
			weft_memory_destroy(tensor->segment[i].memory);
	tensor->magic = 0;
	free(tensor);
	return 0;
}

int weft_tensor_segment(const struct weft_tensor *tensor, uint32_t index, struct weft_segment *segment)
{
	int ret = weft_handle(tensor, WEFT_MAGIC_TENSOR, __func__);

	if (ret)
		return ret;
	if (index >= tensor->num)
		return weft_fail(-ENOENT, "weft_tensor_segment: %u of %u", index, tensor->num);
	return weft_give(segment, &tensor->segment[index], sizeof(*segment), sizeof(*segment), __func__);
}

uint64_t weft_tensor_bytes(const struct weft_tensor *tensor)
{
	return tensor ? tensor->rows * tensor->row_bytes : 0;
}

/* Starts the copies of all segments, then waits when the caller wants no points. */
static int move(struct weft_tensor *t, const void *src, void *dst, struct weft_point *done, const char *call)
{
	struct weft_point *points = done;
	int ret = weft_handle(t, WEFT_MAGIC_TENSOR, call);

	if (ret)
		return ret;
	if (!src && !dst)
		return weft_fail(-EINVAL, "%s: no host memory", call);
	if (!points)
		points = calloc(t->num, sizeof(*points));
	if (!points)
		return weft_fail(-ENOMEM, "%s", call);
	memset(points, 0, t->num * sizeof(*points));
	for (uint32_t i = 0; i < t->num && !ret; i++) {
		struct weft_segment *s = &t->segment[i];
		uint64_t at = s->first_row * t->row_bytes;

		if (!s->memory)
			continue;
		ret = src ? weft_memory_write_async(s->memory, 0, (const char *)src + at, s->bytes, NULL, 0, &points[i])
			  : weft_memory_read_async(s->memory, 0, (char *)dst + at, s->bytes, NULL, 0, &points[i]);
		if (!ret)
			weft_count(&weft_library.tensor, s->bytes);
	}
	if (!done) {
		for (uint32_t i = 0; i < t->num; i++) {
			int waited = points[i].timeline ? weft_point_wait(&points[i], WAIT_NS) : 0;

			ret = ret ? ret : waited;
		}
		free(points);
	}
	return ret;
}

int weft_tensor_scatter(struct weft_tensor *tensor, const void *src, struct weft_point *done)
{
	return move(tensor, src, NULL, done, __func__);
}

int weft_tensor_gather(struct weft_tensor *tensor, void *dst, struct weft_point *done)
{
	return move(tensor, NULL, dst, done, __func__);
}
