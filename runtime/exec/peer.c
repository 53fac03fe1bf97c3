/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The other end of an edge is in another process. A load meets it in two rounds: offers, after which each side has the other's
 * memory, and ready, after which every cell has its first value and lanes may wait. In each all is sent before anything is
 * waited for. Then the cards are among themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <weft/edge_peer.h>

#include "exec.h"
#include "offer.h"

#include "runtime/core/device.h"
#include "runtime/core/mail.h"
#include "runtime/core/memory.h"
#include "runtime/core/user_queue.h"

#define EVEN_NS		1000000000ull	/* the other side's last signal may be on its way still */

/* A message as it came; descriptors are the receiver's. */
struct mail {
	char data[sizeof(struct weft_offer)];
	size_t bytes;
	int fd[WEFT_OFFER_FDS];
	uint32_t num_fds;		/* WEFT_OFFER_FDS + 1: there were more */
};

static bool exported(const struct weft_edge *e)
{
	return e->flags & WEFT_EDGE_EXPORT;
}

const struct weft_body *weft_peer_body(const struct weft_edge *e)
{
	return exported(e) ? e->producer : e->consumer[0].body;
}

bool weft_peer_in_lane(const struct weft_edge *e, uint32_t lane)
{
	bool in = exported(e) && e->producer->lane == lane;

	for (uint32_t i = 0; i < e->num_consumers && !exported(e) && !in; i++)
		in = e->consumer[i].body->lane == lane;
	return in;
}

/* Cells of its inbox that are in use: consumers there, or what is produced there. */
static uint32_t cells_here(const struct weft_edge *e)
{
	return exported(e) ? e->peer.consumers : 1;
}

static uint32_t cells_there(const struct weft_edge *e)
{
	return exported(e) ? 1 : e->num_consumers;
}

/* Tokens that go through it in @sequences of its plan. */
static uint64_t tokens_in(const struct weft_edge *e, uint64_t sequences)
{
	return sequences * weft_peer_body(e)->q * (exported(e) ? e->rate : e->consumer[0].rate);
}

static struct weft_device *device_of(const struct weft_edge *e)
{
	return e->plan->card[weft_peer_body(e)->device].device;
}

int weft_edge_connect(struct weft_edge *edge, int socket, uint64_t timeout_ns)
{
	int domain = 0, type = 0, copy, ret = weft_handle(edge, WEFT_MAGIC_EDGE, __func__);
	socklen_t bytes = sizeof(int);

	if (ret)
		return ret;
	if (!(edge->flags & WEFT_EDGE_PEER))
		return weft_fail(-EINVAL, "weft_edge_connect: edge %s has neither WEFT_EDGE_EXPORT nor WEFT_EDGE_IMPORT", edge->name);
	if (edge->plan->loaded)
		return weft_fail(-EBUSY, "weft_edge_connect: edge %s: its plan is loaded", edge->name);
	if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) || getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &bytes))
		return weft_fail(errno == EBADF ? -EBADF : -EINVAL, "weft_edge_connect: edge %s: descriptor %d is no socket", edge->name,
				 socket);
	if (domain != AF_UNIX || type != SOCK_SEQPACKET || !timeout_ns)
		return weft_fail(-EINVAL, "weft_edge_connect: edge %s: %s", edge->name, timeout_ns ?
				 "the socket has to be AF_UNIX and SOCK_SEQPACKET" : "no time");
	copy = fcntl(socket, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return weft_fail(-errno, "weft_edge_connect: edge %s", edge->name);
	weft_peer_close(edge);
	edge->peer.socket = copy;
	edge->peer.timeout_ns = timeout_ns;
	edge->peer.their_epoch = 0;
	edge->peer.told = false;
	return 0;
}

void weft_peer_close(struct weft_edge *e)
{
	if (e->peer.socket >= 0)
		close(e->peer.socket);
	e->peer.socket = -1;
}

/* 0, or @ret of a socket's call with text; @what the other process did not do in time */
static int blame(const struct weft_edge *e, int ret, const char *what)
{
	if (ret == -ETIME)
		return weft_fail(ret, "edge %s: the other process %s in %.3f s", e->name, what, (double)e->peer.timeout_ns / 1e9);
	return ret ? weft_fail(ret, "edge %s: its socket", e->name) : 0;
}

static int post(const struct weft_edge *e, const void *data, size_t bytes, const int *fd, uint32_t num_fds)
{
	const int ret = weft_mail_send(e->peer.socket, data, bytes, fd, num_fds, e->peer.deadline_ns);

	if (ret == -ECONNRESET)
		return weft_fail(ret, "edge %s: the other process is gone", e->name);
	return blame(e, ret, "took no message");
}

static void mail_free(struct mail *m)
{
	for (uint32_t i = 0; i < m->num_fds && i < WEFT_OFFER_FDS; i++)
		close(m->fd[i]);
	m->num_fds = 0;
}

static int receive(const struct weft_edge *e, const char *what, struct mail *mail)
{
	ssize_t n;

	*mail = (struct mail) { 0 };
	do {
		const int ret = weft_mail_until(e->peer.socket, POLLIN, e->peer.deadline_ns);

		if (ret)
			return blame(e, ret, what);
		n = weft_mail_take(e->peer.socket, mail->data, sizeof(mail->data), mail->fd, WEFT_OFFER_FDS, &mail->num_fds);
	} while (n == -EAGAIN);
	if (!n)
		return weft_fail(-ECONNRESET, "edge %s: the other process is gone, or has closed the socket", e->name);
	if (n < 0)
		return blame(e, (int)n, what);
	mail->bytes = (size_t)n;
	return 0;
}

static void offer_of(const struct weft_edge *e, struct weft_offer *o)
{
	const bool control = e->flags & WEFT_EDGE_CONTROL;

	*o = (struct weft_offer) {
		.end = exported(e) ? WEFT_OFFER_PRODUCER : WEFT_OFFER_CONSUMER, .flags = control ? WEFT_OFFER_CONTROL : 0,
		.epoch = e->peer.epoch, .block_bytes = e->block_bytes, .first = e->plan->config.cell_base,
		.tokens = tokens_in(e, e->plan->start), .depth = e->depth, .initial = e->initial,
		.block_access = exported(e) && !control ? WEFT_ACCESS_READ : 0, .cell_access = WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL,
		.consumers = exported(e) ? 0 : e->num_consumers, .rate = exported(e) ? e->rate : 0,
	};
	snprintf(o->name, sizeof(o->name), "%s", e->name);
	weft_offer_seal(o);
}

/*
 * Blocks of its own, so that the other process sees no others; and a page of cells, since one has one writer: room for as many
 * consumers as there may be, since their number comes with the offer of the other side.
 */
static int reserve(struct weft_edge *e)
{
	const struct weft_memory_desc cells = {
		.size = sizeof(cells), .bytes = (exported(e) ? WEFT_OFFER_CONSUMERS : 1) * WEFT_CELL_BYTES, .flags = WEFT_MEMORY_CELLS_PEER };
	void *map;
	int ret = weft_memory_create(device_of(e), &cells, &e->peer.inbox);

	if (!ret)
		ret = weft_memory_map(e->peer.inbox, &map);
	if (!ret && exported(e) && !(e->flags & WEFT_EDGE_CONTROL))
		ret = weft_memory_alloc(e->plan->card[e->place].device, e->depth * e->stride, WEFT_PLACE_LOCAL, &e->peer.blocks);
	return ret;
}

static int offer(struct weft_edge *e)
{
	int fd[WEFT_OFFER_FDS] = { -1, -1 }, ret;
	struct weft_offer o;

	if (e->peer.socket < 0)
		return weft_fail(-EINVAL, "edge %s has no process at its other end: weft_edge_connect()", e->name);
	e->peer.deadline_ns = weft_deadline_ns(e->peer.timeout_ns);
	e->peer.epoch = weft_now_ns() << 20 | ((uint64_t)getpid() & 0xfffff);
	offer_of(e, &o);
	ret = reserve(e);
	if (!ret)
		ret = weft_memory_export(e->peer.inbox, o.cell_access, &fd[0]);
	if (!ret && o.block_access)
		ret = weft_memory_export(e->peer.blocks, o.block_access, &fd[1]);
	if (!ret)
		ret = post(e, &o, sizeof(o), fd, o.block_access ? 2 : 1);
	for (uint32_t i = 0; i < WEFT_OFFER_FDS; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return ret;
}

int weft_peer_offer(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_edges && !ret; i++)
		if (p->edge[i]->flags & WEFT_EDGE_PEER)
			ret = offer(p->edge[i]);
	return ret;
}

/* One of the descriptors that came; what is wrong with it is the other process's doing. */
static int adopt(struct weft_edge *e, int fd, bool cell, struct weft_memory **memory)
{
	const uint64_t need = cell ? cells_there(e) * WEFT_CELL_BYTES : e->depth * e->stride;
	const char *what = cell ? "cells" : "blocks";
	int ret = weft_memory_import_fd(device_of(e), fd, memory);

	if (ret == -EINVAL || ret == -EBADF || ret == -EACCES)
		ret = -EPROTO;
	if (ret)
		return weft_fail_of(ret, "edge %s: %s of the other process", e->name, what);
	if (weft_memory_bytes(*memory) < need || (weft_cell_address(*memory, 0) != 0) != cell)
		return weft_fail(-EPROTO, "edge %s: what the other process gives as its %s are %llu bytes of memory for %s; needed %llu", e->name,
				 what, (unsigned long long)weft_memory_bytes(*memory), weft_cell_address(*memory, 0) ? "cells" : "data",
				 (unsigned long long)need);
	return 0;
}

static int accept_mail(struct weft_edge *e, const struct mail *m)
{
	struct weft_offer ours, theirs;
	int ret = weft_offer_refused(m->data, m->bytes, e->name);

	if (ret) {
		e->peer.told = true;	/* nobody is there to be told */
		return ret;
	}
	ret = weft_offer_read(m->data, m->bytes, m->num_fds, exported(e) ? WEFT_OFFER_CONSUMER : WEFT_OFFER_PRODUCER, e->name, &theirs);
	if (ret)
		return ret;
	e->peer.their_epoch = theirs.epoch;
	e->peer.initial = theirs.initial;
	e->peer.rate = theirs.rate;
	e->peer.consumers = theirs.consumers;
	offer_of(e, &ours);
	ret = weft_offer_match(&ours, &theirs);
	if (!ret)
		ret = adopt(e, m->fd[0], true, &e->peer.outbox);
	if (!ret && theirs.block_access)
		ret = adopt(e, m->fd[1], false, &e->peer.blocks);
	return ret;
}

static int ready_mail(struct weft_edge *e, const struct mail *m)
{
	return weft_offer_ready_read(m->data, m->bytes, m->num_fds, e->peer.epoch, e->name);
}

/* A message for each edge; @missing says what the other process has not done that sends none. */
static int hear(struct weft_plan *p, const char *missing, int (*take)(struct weft_edge *e, const struct mail *m))
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_edges && !ret; i++) {
		struct weft_edge *e = p->edge[i];
		struct mail m;

		if (!(e->flags & WEFT_EDGE_PEER))
			continue;
		ret = receive(e, missing, &m);
		if (!ret)
			ret = take(e, &m);
		mail_free(&m);
	}
	return ret;
}

int weft_peer_accept(struct weft_plan *p)
{
	const int ret = hear(p, "has not said what its end is", accept_mail);

	return ret ? ret : weft_peer_live(p);
}

static int tell(struct weft_edge *e, int status)
{
	struct weft_offer_ready r = { .epoch = e->peer.their_epoch, .status = status };

	weft_offer_ready_seal(&r);
	e->peer.told = true;
	return post(e, &r, sizeof(r), NULL, 0);
}

/* Who has refused is gone before it is told anything, and has said so. */
static int tell_ready(struct weft_edge *e)
{
	int ret = tell(e, 0);
	struct mail m;

	if (ret != -ECONNRESET || receive(e, "is gone", &m))
		return ret;
	if (weft_offer_refused(m.data, m.bytes, e->name))
		ret = -ECONNABORTED;
	else
		weft_fail(ret, "edge %s: the other process is gone", e->name);
	mail_free(&m);
	return ret;
}

int weft_peer_ready(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_edges && !ret; i++)
		if (p->edge[i]->flags & WEFT_EDGE_PEER)
			ret = tell_ready(p->edge[i]);
	return ret ? ret : hear(p, "has not loaded its plan", ready_mail);
}

void weft_peer_refuse(struct weft_plan *p, int status)
{
	for (uint32_t i = 0; i < p->num_edges; i++) {
		struct weft_edge *e = p->edge[i];

		if (!(e->flags & WEFT_EDGE_PEER) || e->peer.socket < 0 || e->peer.told)
			continue;
		e->peer.deadline_ns = 0;	/* who takes no message is not waited for */
		tell(e, status);
	}
}

int weft_peer_drop(struct weft_plan *p)
{
	int ret = 0;

	for (uint32_t i = 0; i < p->num_edges; i++) {
		struct weft_edge_peer *peer = &p->edge[i]->peer;

		weft_peer_close(p->edge[i]);
		weft_memory_drop(&peer->blocks, &ret);
		weft_memory_drop(&peer->outbox, &ret);
		weft_memory_drop(&peer->inbox, &ret);
	}
	return ret;
}

int weft_peer_even(struct weft_plan *p, const char *call)
{
	for (uint32_t i = 0; i < p->num_edges; i++) {
		const struct weft_edge *e = p->edge[i];
		uint64_t ours, first;

		if (!(e->flags & WEFT_EDGE_PEER))
			continue;
		ours = tokens_in(e, p->opened);
		first = p->config.cell_base + (exported(e) ? 0 : e->peer.initial);
		for (uint32_t c = 0; c < cells_here(e); c++) {
			struct weft_cell_state s = { 0 };
			int ret = weft_cell_wait(e->peer.inbox, c, first + ours, EVEN_NS, &s);

			if (ret && ret != -ETIME && ret != -EPIPE)
				return ret;
			if (s.value != first + ours)
				return weft_fail(-EBUSY, "%s: edge %s: %llu tokens %s here, %llu %s in the other process: drain that at the same sequence",
						 call, e->name, (unsigned long long)ours, exported(e) ? "made" : "taken",
						 (unsigned long long)(s.value - first), exported(e) ? "taken" : "made");
		}
	}
	return 0;
}

/* The first cell of its inbox that says what @is asks for. */
static bool says(const struct weft_edge *e, bool (*is)(const struct weft_cell_state *s, uint64_t x), uint64_t x,
		 struct weft_cell_state *s)
{
	for (uint32_t i = 0; e->peer.inbox && i < cells_here(e); i++)
		if (!weft_cell_read(e->peer.inbox, i, s) && is(s, x))
			return true;
	return false;
}

/* The first edge whose other end says so. */
static const struct weft_edge *find(const struct weft_plan *p, bool (*is)(const struct weft_cell_state *s, uint64_t x), uint64_t x)
{
	struct weft_cell_state s;

	for (uint32_t i = 0; i < p->num_edges; i++)
		if (says(p->edge[i], is, x, &s))
			return p->edge[i];
	return NULL;
}

static bool has_fault(const struct weft_cell_state *s, uint64_t origin)
{
	return s->fault && (!origin || s->fault == origin);
}

static bool has_ended(const struct weft_cell_state *s, uint64_t unused)
{
	(void)unused;
	return s->end;
}

const struct weft_edge *weft_peer_fault(const struct weft_plan *p, uint64_t origin)
{
	return origin ? find(p, has_fault, origin) : NULL;
}

const struct weft_edge *weft_peer_ended(const struct weft_plan *p)
{
	return find(p, has_ended, 0);
}

const char *weft_peer_fault_text(const struct weft_plan *p, const char *name, char *text, size_t bytes)
{
	const uint32_t i = weft_names_find(&p->names, name, WEFT_NAME_EDGE);
	struct weft_cell_state s;
	uint32_t cause, will;

	if (i == UINT32_MAX || !says(p->edge[i], has_fault, 0, &s))
		s = (struct weft_cell_state) { 0 };
	weft_cell_fault_origin(s.fault, &cause, &will);
	snprintf(text, bytes, "%s", weft_fault_name(cause));
	return text;
}
