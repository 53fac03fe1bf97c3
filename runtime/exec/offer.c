/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The only parser of what another process says of an edge. */
#include <errno.h>
#include <string.h>

#include <weft/memory.h>

#include "offer.h"

#include "runtime/core/error.h"
#include "runtime/core/mail.h"

#define OFFER_MAGIC	0x6567646574666577ull	/* "weftedge" */
#define READY_MAGIC	0x64616f6c74666577ull	/* "weftload" */
#define MAX_BLOCK_BYTES	(1ull << 40)
#define MAX_DEPTH	65535u

_Static_assert(sizeof(struct weft_offer) == 16 + 8 + 32 + 16 + 8 + WEFT_OFFER_NAME + 8, "no holes");
_Static_assert(sizeof(struct weft_offer_ready) == 16 + 24, "no holes");

void weft_offer_seal(struct weft_offer *o)
{
	o->head = (struct weft_offer_head) { .magic = OFFER_MAGIC, .version = WEFT_OFFER_VERSION, .bytes = sizeof(*o) };
	o->sum = weft_mail_sum(o, offsetof(struct weft_offer, sum));
}

void weft_offer_ready_seal(struct weft_offer_ready *r)
{
	r->head = (struct weft_offer_head) { .magic = READY_MAGIC, .version = WEFT_OFFER_VERSION, .bytes = sizeof(*r) };
	r->sum = weft_mail_sum(r, offsetof(struct weft_offer_ready, sum));
}

/* A version is told before anything that may differ in it. */
static int check_head(const void *data, size_t bytes, uint64_t magic, size_t whole, const char *edge)
{
	struct weft_offer_head h;
	uint64_t sum;

	if (bytes < sizeof(h))
		return weft_fail(-EPROTO, "edge %s: the other process sent %zu bytes, which is no message of an edge", edge, bytes);
	memcpy(&h, data, sizeof(h));
	if (h.magic != magic)
		return weft_fail(-EPROTO, "edge %s: the other process sent %zu bytes, which are not the message that is due", edge, bytes);
	if (h.version != WEFT_OFFER_VERSION)
		return weft_fail(-EPROTO, "edge %s: the other process has version %u of its message, this library version %u", edge,
				 h.version, WEFT_OFFER_VERSION);
	if (h.bytes != whole || bytes != whole)
		return weft_fail(-EPROTO, "edge %s: the message of the other process is cut off: %zu bytes of %u, wanted %zu", edge, bytes,
				 h.bytes, whole);
	memcpy(&sum, (const char *)data + whole - sizeof(sum), sizeof(sum));
	if (sum != weft_mail_sum(data, whole - sizeof(sum)))
		return weft_fail(-EPROTO, "edge %s: the message of the other process is damaged", edge);
	return 0;
}

static bool name_ok(const char *name)
{
	const size_t n = strnlen(name, WEFT_OFFER_NAME);

	for (size_t i = n; i < WEFT_OFFER_NAME; i++)
		if (name[i])
			return false;
	return n && n < WEFT_OFFER_NAME;
}

int weft_offer_read(const void *data, size_t bytes, uint32_t fds, enum weft_offer_end end, const char *edge,
		    struct weft_offer *offer)
{
	const bool producer = end == WEFT_OFFER_PRODUCER;
	struct weft_offer o;
	bool control;
	int ret = check_head(data, bytes, OFFER_MAGIC, sizeof(o), edge);

	if (ret)
		return ret;
	memcpy(&o, data, sizeof(o));
	control = o.flags & WEFT_OFFER_CONTROL;
	if (o.end != (uint32_t)end)
		return weft_fail(-EPROTO, "edge %s: the other process is no %s of it, too", edge, producer ? "producer" : "consumer");
	if (o.flags & ~WEFT_OFFER_CONTROL || !o.epoch || !name_ok(o.name) || !o.depth || o.depth > MAX_DEPTH || o.initial > o.depth ||
	    (o.initial && !producer) || (control ? o.block_bytes : !o.block_bytes || o.block_bytes > MAX_BLOCK_BYTES))
		return weft_fail(-EPROTO, "edge %s: the other process has one with flags %#x, %u blocks of %llu bytes, %u initial tokens",
				 edge, o.flags, o.depth, (unsigned long long)o.block_bytes, o.initial);
	if (o.cell_access != (WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL) || o.block_access != (producer && !control ? WEFT_ACCESS_READ : 0))
		return weft_fail(-EPROTO, "edge %s: the other process gives access %#x to its cell, %#x to its blocks", edge, o.cell_access,
				 o.block_access);
	if (producer ? o.consumers || !o.rate || o.rate > MAX_DEPTH : o.rate || !o.consumers || o.consumers > WEFT_OFFER_CONSUMERS)
		return weft_fail(-EPROTO, "edge %s: the other process, its %s, says that it has %u consumers and gives %u tokens in a firing",
				 edge, producer ? "producer" : "consumer", o.consumers, o.rate);
	if (fds != (o.block_access ? 2 : 1))
		return weft_fail(-EPROTO, "edge %s: the other process sent %u descriptors, not %d", edge, fds, o.block_access ? 2 : 1);
	*offer = o;
	return 0;
}

static int failed(const struct weft_offer_ready *r, const char *edge)
{
	/* a number of another process: only what is an errno is shown as one */
	const int status = r->status < 0 && r->status > -4096 ? r->status : -EPROTO;

	return weft_fail(-ECONNABORTED, "edge %s: the load of the other process failed: %s", edge, strerrordesc_np(-status) ?
			 strerrordesc_np(-status) : "?");
}

int weft_offer_ready_read(const void *data, size_t bytes, uint32_t fds, uint64_t epoch, const char *edge)
{
	struct weft_offer_ready r;
	int ret = check_head(data, bytes, READY_MAGIC, sizeof(r), edge);

	if (ret)
		return ret;
	memcpy(&r, data, sizeof(r));
	if (fds || r.pad)
		return weft_fail(-EPROTO, "edge %s: the other process sent %u descriptors with its last message", edge, fds);
	if (r.status)
		return failed(&r, edge);
	if (r.epoch != epoch)
		return weft_fail(-EPROTO, "edge %s: the other process answers another load: use a socket for one load", edge);
	return 0;
}

int weft_offer_refused(const void *data, size_t bytes, const char *edge)
{
	struct weft_offer_ready r;

	if (bytes != sizeof(r))
		return 0;
	memcpy(&r, data, sizeof(r));
	return r.head.magic == READY_MAGIC && !check_head(data, bytes, READY_MAGIC, sizeof(r), edge) && r.status ? failed(&r, edge) : 0;
}

int weft_offer_match(const struct weft_offer *ours, const struct weft_offer *theirs)
{
	const char *name = ours->name;

	if (strcmp(name, theirs->name))
		return weft_fail(-EINVAL, "edge %s: that of the other process is %s", name, theirs->name);
	if (ours->flags != theirs->flags || ours->block_bytes != theirs->block_bytes)
		return weft_fail(-EINVAL, "edge %s: blocks of %llu bytes here, of %llu in the other process (0: control)", name,
				 (unsigned long long)ours->block_bytes, (unsigned long long)theirs->block_bytes);
	if (ours->depth != theirs->depth)
		return weft_fail(-EINVAL, "edge %s: depth %u here, %u in the other process", name, ours->depth, theirs->depth);
	if (ours->first != theirs->first)
		return weft_fail(-EINVAL, "edge %s: cells begin with %llu here, with %llu in the other process", name,
				 (unsigned long long)ours->first, (unsigned long long)theirs->first);
	if (ours->tokens && theirs->tokens && ours->tokens != theirs->tokens)
		return weft_fail(-EINVAL, "edge %s: the snapshot here has %llu tokens through it, that of the other process %llu", name,
				 (unsigned long long)ours->tokens, (unsigned long long)theirs->tokens);
	return 0;
}
