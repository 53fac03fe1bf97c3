/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The kernel registry; host_ref.c has the built-in rows. */
#include <errno.h>

#include "host_ref.h"
#include "library.h"

void weft_kernel_init(struct weft *weft)
{
	weft->num_kernels = 0;
	for (uint32_t i = 0; i < weft_num_builtin_kernels; i++)
		weft->kernels[weft->num_kernels++] = &weft_builtin_kernels[i];
}

/* with weft->lock */
static const struct weft_kernel *find(struct weft *weft, const char *name, uint32_t type)
{
	for (uint32_t i = 0; i < weft->num_kernels; i++)
		if (weft->kernels[i]->type == type && !strcmp(weft->kernels[i]->name, name))
			return weft->kernels[i];
	return NULL;
}

int weft_kernel_register(struct weft *weft, const struct weft_kernel *kernel)
{
	struct weft_kernel k;
	int ret = weft_ready(weft, __func__);

	if (!ret)
		ret = weft_take(&k, sizeof(k), kernel, sizeof(k), __func__);
	if (ret)
		return ret;
	if (!k.name || !k.name[0] || !weft_type_bytes(k.type) || (!k.card_operator && !k.host) ||
	    k.card_operator > UINT16_MAX || k.min_operands > k.max_operands ||
	    k.max_operands > WEFT_EXEC_MAX_OPERANDS)
		return weft_fail(-EINVAL, "weft_kernel_register: a field is out of range");
	pthread_mutex_lock(&weft->lock);
	if (find(weft, k.name, k.type))
		ret = -EEXIST;
	else if (weft->num_kernels == WEFT_MAX_KERNELS)
		ret = -ENOSPC;
	else
		weft->kernels[weft->num_kernels++] = kernel;
	pthread_mutex_unlock(&weft->lock);
	return ret ? weft_fail(ret, "weft_kernel_register: %s/%s", k.name, weft_type_name(k.type)) : 0;
}

int weft_kernel_lookup(const struct weft_kind_row *kind, const char *name, enum weft_type type,
		       const struct weft_kernel **kernel)
{
	struct weft *weft = &weft_library;
	const struct weft_kernel *k;

	pthread_mutex_lock(&weft->lock);
	k = find(weft, name, type);
	pthread_mutex_unlock(&weft->lock);
	if (!k || (kind->soft ? !k->host : !k->card_operator))
		return weft_fail(-ENOENT, "not found: %s/%s/%s", name, kind->name, weft_type_name(type));
	*kernel = k;
	return 0;
}

int weft_kernel_find(struct weft *weft, const char *name, const char *kind, enum weft_type type,
		     const struct weft_kernel **kernel)
{
	const struct weft_kind_row *row;
	int ret = weft_ready(weft, __func__);

	if (ret)
		return ret;
	if (!name || !kind || !kernel)
		return weft_fail(-EINVAL, "weft_kernel_find: name, kind or place for the answer is NULL");
	row = weft_kind_row(weft, kind);
	if (!row)
		return weft_fail(-ENOENT, "not found: %s/%s/%s", name, kind, weft_type_name(type));
	return weft_kernel_lookup(row, name, type, kernel);
}

int weft_kernel_at(struct weft *weft, uint32_t index, const struct weft_kernel **kernel)
{
	int ret = weft_ready(weft, __func__);

	if (ret)
		return ret;
	if (!kernel)
		return weft_fail(-EINVAL, "weft_kernel_at: no place for the answer");
	pthread_mutex_lock(&weft->lock);
	if (index < weft->num_kernels)
		*kernel = weft->kernels[index];
	else
		ret = -ENOENT;
	pthread_mutex_unlock(&weft->lock);
	return ret;
}
