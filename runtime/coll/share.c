/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What members of one process give to those of another, as descriptors; and what they take, which is believed to be nothing. */
#include "comm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/core/library.h"

static uint32_t members_of(const struct weft_comm *c, uint32_t process)
{
	uint32_t n = 0;

	for (uint32_t r = 0; r < c->ranks; r++)
		n += c->mesh.process[r] == process;
	return n;
}

static bool is_of(const struct weft_comm *c, uint32_t rank, uint32_t process)
{
	return c->mesh.process[rank] == process;
}

static int give(struct weft_mesh_letter *l, struct weft_memory *memory, uint32_t access)
{
	int ret = weft_memory_export(memory, access, &l->fd[l->num_fds]);

	l->num_fds += !ret;
	return ret;
}

static void letter_free(struct weft_mesh_letter *l)
{
	for (uint32_t i = 0; i < l->num_fds; i++)
		close(l->fd[i]);
	l->num_fds = 0;
}

/* Memory of member @of for member @to, which is here; what is wrong with it is the other process's doing. */
static int adopt(const struct weft_comm *c, uint32_t of, uint32_t to, int fd, uint64_t address, bool cells, uint64_t bytes,
		 struct weft_memory **memory)
{
	const uint32_t access = WEFT_ACCESS_READ | (cells ? WEFT_ACCESS_SIGNAL : WEFT_ACCESS_WRITE);
	int ret = weft_memory_import_fd_at(c->member[to].device, fd, address, memory);

	if (ret == -EINVAL || ret == -EBADF || ret == -EACCES)
		ret = -EPROTO;
	if (ret)
		return weft_fail_of(ret, "communicator %s: memory of member %u for member %u", c->name, of, to);
	if ((*memory)->bytes < bytes || (*memory)->cells != cells || ((*memory)->access & access) != access)
		return weft_fail(-EPROTO, "communicator %s: what member %u gives to member %u are %llu bytes of memory for %s with access %#x",
				 c->name, of, to, (unsigned long long)(*memory)->bytes, (*memory)->cells ? "cells" : "data", (*memory)->access);
	return 0;
}

/* One exchange: @fill makes the letter to a process, @take what came from one of it. The first failure stays. */
static int exchange(struct weft_comm *c, uint32_t kind, int status, int (*fill)(struct weft_comm *, void *, uint32_t, struct weft_mesh_letter *),
		    int (*take)(struct weft_comm *, void *, uint32_t, struct weft_mesh_mail *), void *what)
{
	struct weft_mesh *mesh = &c->mesh;
	struct weft_mesh_letter *out = calloc(mesh->num, sizeof(*out));
	struct weft_mesh_mail *in = calloc(mesh->num, sizeof(*in));
	struct weft_kept_error kept;
	int ret = status;

	if (!out || !in) {
		free(out);
		free(in);
		weft_mesh_leave(mesh);
		return weft_fail(-ENOMEM, "communicator %s", c->name);
	}
	for (uint32_t p = 0; p < mesh->num && !ret; p++)
		if (p != mesh->me)
			ret = fill(c, what, p, &out[p]);
	for (uint32_t p = 0; p < mesh->num; p++) {
		out[p].m.status = ret;
		out[p].due = kind == WEFT_MESSAGE_MEMORY ? 1 + members_of(c, p) * (1 + members_of(c, mesh->me)) :
			     kind == WEFT_MESSAGE_WINDOW ? members_of(c, p) : 0;
	}
	weft_error_keep(&kept);
	status = weft_mesh_exchange(mesh, kind, out, in);
	/* whoever failed first is to be told of, but not when there is nobody any more to tell */
	if (ret && !status)
		weft_fail_kept(ret, NULL, &kept);
	ret = status ? status : ret;
	for (uint32_t p = 0; p < mesh->num; p++) {
		if (p != mesh->me && !ret)
			ret = in[p].heard ? take(c, what, p, &in[p]) :
			      weft_fail(-EOWNERDEAD, "communicator %s: the process of member %u is gone, or has failed", c->name,
					weft_mesh_first(mesh, p));
		weft_mesh_mail_free(&in[p]);
		letter_free(&out[p]);
	}
	free(out);
	free(in);
	return ret;
}

/* --- members --- */

static int fill_members(struct weft_comm *c, void *unused, uint32_t p, struct weft_mesh_letter *l)
{
	int ret = 0;

	(void)unused;
	l->fd[0] = fcntl(c->board.fd, F_DUPFD_CLOEXEC, 3);
	if (l->fd[0] < 0)
		return weft_fail(-errno, "communicator %s: table of calls", c->name);
	l->num_fds = 1;
	for (uint32_t r = 0; r < c->ranks && !ret; r++) {
		if (!weft_comm_mine(c, r))
			continue;
		ret = give(l, c->member[r].inbox, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE);
		for (uint32_t s = 0; s < c->ranks && !ret; s++)
			if (is_of(c, s, p))
				ret = give(l, c->member[r].cells[s], WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL);
	}
	return ret;
}

static int take_members(struct weft_comm *c, void *unused, uint32_t p, struct weft_mesh_mail *m)
{
	uint32_t next = 1;
	int ret = weft_board_adopt(&c->board, p, m->fd[0], c->name);

	(void)unused;
	for (uint32_t r = 0; r < c->ranks; r++) {
		int inbox;

		if (!is_of(c, r, p))
			continue;
		inbox = m->fd[next++];
		for (uint32_t s = 0; s < c->ranks && !ret; s++)
			if (weft_comm_mine(c, s)) {
				ret = adopt(c, r, s, inbox, 0, false, 2 * weft_comm_inbox_bytes(c), &c->member[s].inbox_there[r]);
				if (!ret)
					ret = adopt(c, r, s, m->fd[next++], 0, true, WEFT_COMM_CELLS * WEFT_CELL_BYTES,
						    &c->member[s].cells_there[r]);
			}
	}
	return ret;
}

int weft_share_members(struct weft_comm *c, int status)
{
	return exchange(c, WEFT_MESSAGE_MEMORY, status, fill_members, take_members, NULL);
}

/* --- windows --- */

static int fill_window(struct weft_comm *c, void *what, uint32_t p, struct weft_mesh_letter *l)
{
	struct weft_window *w = what;
	int ret = 0;

	(void)p;
	for (uint32_t r = 0; r < c->ranks && !ret; r++)
		if (weft_comm_mine(c, r))
			ret = give(l, w->memory[r], WEFT_ACCESS_READ | WEFT_ACCESS_WRITE);
	return ret;
}

static int take_window(struct weft_comm *c, void *what, uint32_t p, struct weft_mesh_mail *m)
{
	struct weft_window *w = what;
	uint32_t next = 0;
	int ret = 0;

	for (uint32_t r = 0; r < c->ranks; r++) {
		if (!is_of(c, r, p))
			continue;
		for (uint32_t s = 0; s < c->ranks && !ret; s++)
			if (weft_comm_mine(c, s))
				ret = adopt(c, r, s, m->fd[next], w->base + r * w->span, false, w->bytes, &w->there[r][s]);
		next++;
	}
	return ret;
}

int weft_share_window(struct weft_comm *c, struct weft_window *w, int status)
{
	return exchange(c, WEFT_MESSAGE_WINDOW, status, fill_window, take_window, w);
}

/* --- the end --- */

int weft_share_agree(struct weft_comm *c, int status)
{
	struct weft_mesh *mesh = &c->mesh;
	struct weft_message_word word[WEFT_COLL_RANKS] = { 0 };
	const uint32_t all = (1u << mesh->num) - 1;
	uint32_t known;
	struct weft_kept_error kept;
	int ret;

	/* one that is out of step takes no part: for the others it is gone */
	if (mesh->gone == (all & ~(1u << mesh->me)) && status && mesh->num > 1)
		return status;
	weft_error_keep(&kept);
	word[mesh->me].status = status;
	ret = weft_mesh_agree(mesh, word, &known);
	if (ret)
		return status ? weft_fail_kept(status, NULL, &kept) : ret;
	/* in the same order everywhere, so that all return the same */
	for (uint32_t p = 0; p < mesh->num; p++)
		if (!(known >> p & 1))
			return weft_fail(-EOWNERDEAD, "communicator %s: the process of member %u is gone", c->name, weft_mesh_first(mesh, p));
	for (uint32_t p = 0; p < mesh->num; p++) {
		const int32_t theirs = word[p].status;

		if (theirs && p == mesh->me)
			return weft_fail_kept(theirs, NULL, &kept);
		if (theirs)
			return weft_fail(theirs > -4096 ? theirs : -EPROTO, "communicator %s: the process of member %u has failed", c->name,
					 weft_mesh_first(mesh, p));
	}
	return 0;
}
