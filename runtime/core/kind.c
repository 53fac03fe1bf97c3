/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The device kinds: a table with one row each, to which programs append. */
#include <errno.h>

#include "backend.h"

static const struct weft_kind_row builtin[] = {
	{ "card", &weft_backend_card, NULL },
	{ "host", &weft_backend_soft, &weft_kind_host },
};

void weft_kind_init(struct weft *weft)
{
	weft->num_kinds = sizeof(builtin) / sizeof(builtin[0]);
	memcpy(weft->kinds, builtin, sizeof(builtin));
}

const struct weft_kind_row *weft_kind_row(struct weft *weft, const char *name)
{
	const struct weft_kind_row *row = NULL;

	pthread_mutex_lock(&weft->lock);
	for (uint32_t i = 0; i < weft->num_kinds && !row; i++)
		if (!strcmp(weft->kinds[i].name, name))
			row = &weft->kinds[i];
	pthread_mutex_unlock(&weft->lock);
	return row;
}

uint32_t weft_kind_count(struct weft *weft, const struct weft_kind_row *row)
{
	return row->soft ? row->soft->count() : weft->num_cards;
}

int weft_kind_register(struct weft *weft, const struct weft_kind *kind)
{
	struct weft_kind k;
	int ret = weft_ready(weft, __func__);

	if (!ret)
		ret = weft_take(&k, sizeof(k), kind, sizeof(k), __func__);
	if (ret)
		return ret;
	if (!k.name || !k.name[0] || strlen(k.name) >= WEFT_NAME_BYTES || !k.count || !k.execute)
		return weft_fail(-EINVAL, "weft_kind_register: name, count and execute are needed");
	if (weft_kind_row(weft, k.name))
		return weft_fail(-EEXIST, "weft_kind_register: there is a kind \"%s\"", k.name);
	pthread_mutex_lock(&weft->lock);
	if (weft->num_kinds == WEFT_MAX_KINDS)
		ret = -ENOSPC;
	else
		weft->kinds[weft->num_kinds++] = (struct weft_kind_row) { kind->name, &weft_backend_soft, kind };
	pthread_mutex_unlock(&weft->lock);
	return ret ? weft_fail(ret, "weft_kind_register: %d kinds are the most", WEFT_MAX_KINDS) : 0;
}

const char *weft_kind_name(struct weft *weft, uint32_t index)
{
	const char *name = NULL;

	if (weft_ready(weft, __func__))
		return NULL;
	pthread_mutex_lock(&weft->lock);
	if (index < weft->num_kinds)
		name = weft->kinds[index].name;
	pthread_mutex_unlock(&weft->lock);
	return name;
}
