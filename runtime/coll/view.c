/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Windows found by a pointer, and seen by a second communicator. */
#include <weft/coll_window.h>

#include <errno.h>
#include <stdlib.h>

#include "call.h"

static bool within(const struct weft_window *w, uint32_t member, const void *pointer, uint64_t bytes, uint64_t *offset)
{
	const struct weft_memory *m = weft_window_memory(w, member);
	const uintptr_t at = (uintptr_t)pointer, from = m ? (uintptr_t)m->map : 0;

	if (!from || at < from || at - from > w->bytes || bytes > w->bytes - (at - from))
		return false;
	*offset = at - from;
	return true;
}

int weft_window_find(struct weft_comm *comm, const void *pointer, uint64_t bytes, struct weft_window **window, uint64_t *offset)
{
	struct weft_window *found = NULL;
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (ret)
		return ret;
	if (!pointer || !window || !offset)
		return weft_fail(-EINVAL, "weft_window_find: no pointer, or no place");
	pthread_mutex_lock(&comm->lock);
	for (struct weft_window *w = comm->windows; w && !found; w = w->next)
		for (uint32_t m = 0; m < comm->ranks && !found; m++)
			if (within(w, m, pointer, bytes, offset))
				found = w;
	pthread_mutex_unlock(&comm->lock);
	if (!found)
		return weft_fail(-ENOENT, "weft_window_find: %p is in no mapped window of communicator %s", pointer, comm->name);
	*window = found;
	return 0;
}

static int check(const struct weft_window *window, const struct weft_comm *comm, const uint32_t *members)
{
	const struct weft_comm *of = window->comm;

	for (uint32_t m = 0; m < comm->ranks; m++) {
		if (members[m] >= of->ranks)
			return weft_fail(-EINVAL, "weft_window_view: member %u of %u", members[m], of->ranks);
		if (comm->member[m].device != of->member[members[m]].device || comm->member[m].card != of->member[members[m]].card)
			return weft_fail(-EINVAL, "weft_window_view: member %u of communicator %s, card %u, is not member %u, card %u, of "
					 "communicator %s", m, comm->name, comm->member[m].card, members[m], of->member[members[m]].card, of->name);
		for (uint32_t k = 0; k < m; k++)
			if (members[k] == members[m])
				return weft_fail(-EINVAL, "weft_window_view: member %u twice", members[m]);
	}
	return 0;
}

int weft_window_view(struct weft_window *window, struct weft_comm *comm, const uint32_t *members, struct weft_window **view)
{
	struct weft_window *w;
	int ret = weft_handle(window, WEFT_MAGIC_WINDOW, __func__);

	if (!ret)
		ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);
	if (ret)
		return ret;
	if (!members || !view || window->of)
		return weft_fail(-EINVAL, "weft_window_view: %s", window->of ? "a view of a view" : "no members, or no place");
	ret = check(window, comm, members);
	if (ret)
		return ret;
	w = calloc(1, sizeof(*w));
	if (!w)
		return weft_fail(-ENOMEM, "window");
	w->magic = WEFT_MAGIC_WINDOW;
	w->comm = comm;
	w->bytes = window->bytes;
	w->of = window;
	for (uint32_t m = 0; m < comm->ranks; m++)
		w->of_member[m] = (uint8_t)members[m];
	pthread_mutex_lock(&window->comm->lock);
	window->users++;
	pthread_mutex_unlock(&window->comm->lock);
	weft_window_add(w);
	*view = w;
	return 0;
}
