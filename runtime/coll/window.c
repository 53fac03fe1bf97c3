/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Windows: memory at the same device addresses on all members' cards. */
#include "call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "runtime/core/card.h"

#define GRAIN	0x200000ull	/* a large page */
#define TRIES	16u		/* while other threads take addresses */
#define GUARD	4096u		/* between two members', so that running over an end faults */

/* Of all windows of the process: members of one communicator are members of others. */
static struct weft_va addresses;
static pthread_mutex_t addresses_lock = PTHREAD_MUTEX_INITIALIZER;

/* What is free here, lowest first, of all that is large enough. */
static int ranges_of(uint64_t need, struct weft_message *m)
{
	int ret = 0;

	pthread_mutex_lock(&addresses_lock);
	if (!addresses.room)
		ret = weft_va_init(&addresses, WEFT_WINDOWS_START, WEFT_WINDOWS_END);
	for (size_t i = 0; i < addresses.count && m->ranges.num < WEFT_MESSAGE_SPANS && !ret; i++) {
		const uint64_t start = (addresses.free[i].start + GRAIN - 1) / GRAIN * GRAIN, end = addresses.free[i].end;

		if (end < start || end - start < need)
			continue;
		m->ranges.range[m->ranges.num].start = start;
		m->ranges.range[m->ranges.num++].end = end;
	}
	pthread_mutex_unlock(&addresses_lock);
	return ret ? weft_fail(ret, "device addresses") : 0;
}

static int take(uint64_t base, uint64_t bytes)
{
	int ret;

	pthread_mutex_lock(&addresses_lock);
	/* with the last window of another thread the table may have gone */
	ret = addresses.room ? 0 : weft_va_init(&addresses, WEFT_WINDOWS_START, WEFT_WINDOWS_END);
	if (!ret)
		ret = weft_va_take(&addresses, base, bytes);
	pthread_mutex_unlock(&addresses_lock);
	/* taken by another thread since we said that it was free */
	return ret ? weft_fail(ret == -EBUSY ? -EAGAIN : ret, "device addresses") : 0;
}

static void give_back(uint64_t base, uint64_t bytes)
{
	pthread_mutex_lock(&addresses_lock);
	weft_va_free(&addresses, base, bytes);
	if (addresses.count == 1 && addresses.free[0].start == WEFT_WINDOWS_START && addresses.free[0].end == WEFT_WINDOWS_END) {
		weft_va_fini(&addresses);
		addresses = (struct weft_va) { 0 };
	}
	pthread_mutex_unlock(&addresses_lock);
}

static int release(struct weft_window *w)
{
	int ret = 0;

	weft_window_unreach(w, &ret);
	for (uint32_t m = 0; m < w->comm->ranks; m++)
		weft_memory_drop(&w->memory[m], &ret);
	/* else an address may still be translated: it is lost, not reused */
	if (!ret && w->base)
		give_back(w->base, w->span * w->comm->ranks);
	w->magic = 0;
	free(w);
	return ret;
}

void weft_window_unreach(struct weft_window *w, int *ret)
{
	for (uint32_t m = 0; m < w->comm->ranks; m++)
		for (uint32_t r = 0; r < w->comm->ranks; r++)
			weft_memory_drop(&w->there[m][r], ret);
}

/* --- making one, all processes together --- */

static bool fits(const struct weft_message *m, uint64_t base, uint64_t need)
{
	for (uint64_t i = 0; i < m->ranges.num; i++)
		if (m->ranges.range[i].start <= base && base + need <= m->ranges.range[i].end)
			return true;
	return false;
}

uint64_t weft_window_base(const struct weft_message *all, uint32_t num, uint64_t need)
{
	uint64_t lowest = 0;

	for (uint32_t p = 0; p < num; p++)
		for (uint64_t i = 0; i < all[p].ranges.num; i++) {
			const uint64_t base = all[p].ranges.range[i].start;
			uint32_t q = 0;

			while (q < num && base && base % GRAIN == 0 && fits(&all[q], base, need))
				q++;
			if (q == num && (!lowest || base < lowest))
				lowest = base;
		}
	return lowest;
}

/* What is free everywhere, by one exchange. */
static int place(struct weft_window *w)
{
	struct weft_mesh *mesh = &w->comm->mesh;
	struct weft_mesh_letter *out = calloc(mesh->num, sizeof(*out));
	struct weft_mesh_mail *in = calloc(mesh->num, sizeof(*in));
	struct weft_message *all = calloc(mesh->num, sizeof(*all));
	const uint64_t need = w->span * w->comm->ranks;
	int ret = out && in && all ? ranges_of(need, &all[mesh->me]) : weft_fail(-ENOMEM, "window"), met;

	if (!out || !in || !all) {
		weft_mesh_leave(mesh);
		goto out;
	}
	all[mesh->me].ranges.bytes = w->bytes;
	all[mesh->me].ranges.span = w->span;
	for (uint32_t p = 0; p < mesh->num; p++) {
		out[p].m = all[mesh->me];
		out[p].m.status = ret;
	}
	met = weft_mesh_exchange(mesh, WEFT_MESSAGE_RANGES, out, in);
	ret = met ? met : ret;
	for (uint32_t p = 0; p < mesh->num; p++) {
		if (p != mesh->me && !in[p].heard && !ret)
			ret = weft_fail(-EOWNERDEAD, "communicator %s: the process of member %u is gone, or has failed", w->comm->name,
					weft_mesh_first(mesh, p));
		if (in[p].heard) {
			all[p] = in[p].m;
			if (all[p].ranges.bytes != w->bytes && !ret)
				ret = weft_fail(-EINVAL, "%llu bytes here, %llu in the process of member %u",
						(unsigned long long)w->bytes, (unsigned long long)all[p].ranges.bytes, weft_mesh_first(mesh, p));
		}
		weft_mesh_mail_free(&in[p]);
	}
	if (!ret) {
		w->base = weft_window_base(all, mesh->num, need);
		ret = w->base ? take(w->base, need) :
		      weft_fail(-ENOSPC, "%" PRIu64 " bytes of device addresses are nowhere free in all %u processes of communicator %s", need,
				mesh->num, w->comm->name);
	}
	if (ret)	/* nothing was taken */
		w->base = 0;
out:
	free(out);
	free(in);
	free(all);
	return ret;
}

static int make(struct weft_window *w)
{
	struct weft_comm *comm = w->comm;
	int ret = place(w);

	for (uint32_t m = 0; m < comm->ranks && !ret; m++)
		if (weft_comm_mine(comm, m))
			ret = weft_memory_new_at(comm->member[m].device, w->bytes, w->base + m * w->span, &w->memory[m]);
	for (uint32_t m = 0; m < comm->ranks; m++)
		for (uint32_t r = 0; r < comm->ranks && !ret; r++)
			if (r != m && weft_comm_mine(comm, m) && weft_comm_mine(comm, r))
				ret = weft_memory_import_at(comm->member[r].device, w->memory[m], WEFT_ACCESS_READ | WEFT_ACCESS_WRITE,
							    w->base + m * w->span, &w->there[m][r]);
	ret = weft_share_window(comm, w, ret);
	return weft_share_agree(comm, ret);
}

int weft_window_create(struct weft_comm *comm, uint64_t bytes, struct weft_window **window)
{
	struct weft_window *w;
	int ret = weft_handle(comm, WEFT_MAGIC_COMM, __func__);

	if (ret)
		return ret;
	if (!window || !bytes || bytes > 1ull << 40)
		return weft_fail(-EINVAL, "weft_window_create: %llu bytes", (unsigned long long)bytes);
	if (atomic_load(&comm->broken))
		return weft_fail(-EOWNERDEAD, "weft_window_create: communicator %s is broken or revoked", comm->name);
	pthread_mutex_lock(&comm->together);
	weft_mesh_begin(&comm->mesh, comm->mesh.timeout_ns);
	for (uint32_t try = 0; ; try++) {
		struct weft_kept_error kept;

		w = calloc(1, sizeof(*w));
		if (!w) {
			weft_mesh_leave(&comm->mesh);
			ret = weft_fail(-ENOMEM, "window");
			break;
		}
		w->magic = WEFT_MAGIC_WINDOW;
		w->comm = comm;
		w->bytes = bytes;
		w->span = (bytes + GUARD + GRAIN - 1) / GRAIN * GRAIN;
		ret = make(w);
		if (!ret)
			break;
		weft_error_keep(&kept);
		release(w);
		if (ret != -EAGAIN || try == TRIES) {
			ret = weft_fail_kept(ret == -EAGAIN ? -ENOSPC : ret, "weft_window_create", &kept);
			break;
		}
	}
	pthread_mutex_unlock(&comm->together);
	if (ret)
		return ret;
	weft_window_add(w);
	*window = w;
	return 0;
}

void weft_window_add(struct weft_window *w)
{
	pthread_mutex_lock(&w->comm->lock);
	w->comm->children++;
	w->next = w->comm->windows;
	w->comm->windows = w;
	pthread_mutex_unlock(&w->comm->lock);
}

int weft_window_destroy(struct weft_window *window)
{
	int ret = weft_handle(window, WEFT_MAGIC_WINDOW, __func__);
	struct weft_window *of;
	uint32_t users;

	if (ret)
		return ret;
	of = window->of;
	weft_coll_forget(window->comm, window);
	pthread_mutex_lock(&window->comm->lock);
	users = window->users;
	for (struct weft_window **p = &window->comm->windows; *p && !users; p = &(*p)->next)
		if (*p == window) {
			*p = window->next;
			window->comm->children--;
			break;
		}
	pthread_mutex_unlock(&window->comm->lock);
	if (users)
		return weft_fail(-EBUSY, "weft_window_destroy: %u calls or views of communicator %s use it", users, window->comm->name);
	ret = release(window);
	if (of) {
		pthread_mutex_lock(&of->comm->lock);
		of->users--;
		pthread_mutex_unlock(&of->comm->lock);
	}
	return ret;
}

struct weft_memory *weft_window_memory(const struct weft_window *window, uint32_t member)
{
	if (!window || member >= window->comm->ranks)
		return NULL;
	return window->of ? window->of->memory[window->of_member[member]] : window->memory[member];
}

uint64_t weft_window_address(const struct weft_window *window, uint32_t member)
{
	if (!window || member >= window->comm->ranks)
		return 0;
	return window->of ? weft_window_address(window->of, window->of_member[member]) : window->base + member * window->span;
}
