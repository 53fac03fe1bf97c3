/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The only parser of what another process of a communicator says. */
#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "runtime/core/error.h"
#include "runtime/core/mail.h"

#define MAGIC		0x6c6c6f6374666577ull	/* "weftcoll" */
#define MAX_BYTES	(1ull << 40)		/* of a window */

_Static_assert(sizeof(struct weft_message) == 48 + 24 + 16 * WEFT_MESSAGE_SPANS + 8, "no holes");
_Static_assert(sizeof(struct weft_message_call) == 48, "no holes");

void weft_message_seal(struct weft_message *m)
{
	m->magic = MAGIC;
	m->version = WEFT_MESSAGE_VERSION;
	m->bytes = sizeof(*m);
	m->sum = weft_mail_sum(m, offsetof(struct weft_message, sum));
}

static const char *kind_name(uint32_t kind)
{
	static const char *const names[WEFT_MESSAGE_KINDS] = {
		[WEFT_MESSAGE_HELLO] = "joining", [WEFT_MESSAGE_PLACE] = "joining", [WEFT_MESSAGE_MEMORY] = "being set up",
		[WEFT_MESSAGE_RANGES] = "making a window", [WEFT_MESSAGE_WINDOW] = "making a window",
		[WEFT_MESSAGE_WORD] = "agreeing", [WEFT_MESSAGE_REVOKE] = "revoking",
	};

	return kind && kind < WEFT_MESSAGE_KINDS ? names[kind] : "?";
}

/* Whose message it is, for a text. */
static const char *sender(const struct weft_message_due *due, char *text, size_t bytes)
{
	if (due->who == UINT32_MAX)
		snprintf(text, bytes, "communicator %s: a process that joins", due->comm);
	else
		snprintf(text, bytes, "communicator %s: the process of member %u", due->comm, due->who);
	return text;
}

/* A version is told before anything that may differ in it. */
static int check_head(const void *data, size_t bytes, const char *who, struct weft_message *m)
{
	uint64_t magic = 0;
	uint32_t version = 0;

	if (bytes >= 16) {
		memcpy(&magic, data, sizeof(magic));
		memcpy(&version, (const char *)data + 8, sizeof(version));
	}
	if (magic != MAGIC)
		return weft_fail(-EPROTO, "%s sent %zu bytes, which are no message of a communicator", who, bytes);
	if (version != WEFT_MESSAGE_VERSION)
		return weft_fail(-EPROTO, "%s has version %u of its messages, this library version %u", who, version, WEFT_MESSAGE_VERSION);
	if (bytes != sizeof(*m))
		return weft_fail(-EPROTO, "%s sent a message that is cut off: %zu bytes, wanted %zu", who, bytes, sizeof(*m));
	memcpy(m, data, sizeof(*m));
	if (m->bytes != sizeof(*m) || m->sum != weft_mail_sum(m, offsetof(struct weft_message, sum)))
		return weft_fail(-EPROTO, "%s sent a message that is damaged", who);
	return 0;
}

static bool hello_ok(const struct weft_message *m, const struct weft_message_due *due)
{
	uint32_t seen = 0;

	if (m->hello.members != due->members || !m->hello.count || m->hello.count >= due->members)
		return false;
	for (uint32_t i = 0; i < m->hello.count; i++) {
		if (m->hello.rank[i] >= due->members || seen >> m->hello.rank[i] & 1)
			return false;
		seen |= 1u << m->hello.rank[i];
	}
	return true;
}

/* Every process has a member, and the lowest of each come in the order of their numbers. */
static bool place_ok(const struct weft_message *m, const struct weft_message_due *due)
{
	uint32_t known = 0;

	if (m->place.processes < 2 || m->place.processes > due->members || !m->place.you || m->place.you >= m->place.processes)
		return false;
	for (uint32_t r = 0; r < due->members; r++) {
		if (m->place.process[r] > known || m->place.process[r] >= m->place.processes)
			return false;
		known += m->place.process[r] == known;
	}
	return known == m->place.processes;
}

static bool ranges_ok(const struct weft_message *m)
{
	uint64_t last = 0;

	if (!m->ranges.bytes || m->ranges.bytes > MAX_BYTES || m->ranges.span < m->ranges.bytes || m->ranges.span > 2 * MAX_BYTES ||
	    m->ranges.num > WEFT_MESSAGE_SPANS)
		return false;
	for (uint64_t i = 0; i < m->ranges.num; i++) {
		if (m->ranges.range[i].start < last || m->ranges.range[i].end <= m->ranges.range[i].start ||
		    m->ranges.range[i].end > 1ull << 47)
			return false;
		last = m->ranges.range[i].end;
	}
	return true;
}

static bool word_ok(const struct weft_message *m, const struct weft_message_due *due)
{
	if (m->word.known >> due->processes || !(m->word.known >> m->from & 1))
		return false;
	for (uint32_t p = 0; p < due->processes; p++)
		if (m->word.word[p].members >> due->members || m->word.word[p].status > 0)
			return false;
	return true;
}

static bool body_ok(const struct weft_message *m, const struct weft_message_due *due)
{
	switch (m->kind) {
	case WEFT_MESSAGE_HELLO:
		return hello_ok(m, due);
	case WEFT_MESSAGE_PLACE:
		return place_ok(m, due);
	case WEFT_MESSAGE_RANGES:
		return ranges_ok(m);
	case WEFT_MESSAGE_WORD:
		return word_ok(m, due);
	default:
		return true;
	}
}

int weft_message_read(const void *data, size_t bytes, uint32_t fds, const struct weft_message_due *due, struct weft_message *message)
{
	struct weft_message m;
	uint32_t wanted;
	char who[96];
	int ret;

	ret = check_head(data, bytes, sender(due, who, sizeof(who)), &m);
	if (ret)
		return ret;
	if (m.kind != due->kind)
		return weft_fail(-EPROTO, "%s is %s, this one %s", who, kind_name(m.kind), kind_name(due->kind));
	if (m.from != due->from || m.step != due->step || (m.kind != WEFT_MESSAGE_PLACE && m.epoch != due->epoch) ||
	    (m.kind == WEFT_MESSAGE_PLACE && !m.status && !m.epoch) || m.status > 0)
		return weft_fail(-EPROTO, "%s is not where this one is: number %u, epoch %" PRIu64 ", step %" PRIu64 "; here %u, %" PRIu64
				 ", %" PRIu64, who, m.from, m.epoch, m.step, due->from, due->epoch, due->step);
	if (m.status) {
		if (fds || m.fds)
			return weft_fail(-EPROTO, "%s sent %u descriptors with word of a failure", who, fds);
		*message = m;
		return weft_fail(-ECONNABORTED, "%s has failed: %s", who, weft_message_errno(m.status));
	}
	if (!body_ok(&m, due))
		return weft_fail(-EPROTO, "%s, %s, says what cannot be", who, kind_name(m.kind));
	wanted = m.kind == WEFT_MESSAGE_PLACE ? m.place.processes - 2 : due->fds;
	if (m.fds != fds || (wanted != UINT32_MAX && fds != wanted))
		return weft_fail(-EPROTO, "%s, %s, sent %u descriptors, not %u", who, kind_name(m.kind), fds,
				 wanted == UINT32_MAX ? m.fds : wanted);
	*message = m;
	return 0;
}

bool weft_message_look(const void *data, size_t bytes, uint32_t *kind, uint64_t *epoch)
{
	struct weft_message m;

	if (bytes < offsetof(struct weft_message, step))
		return false;
	memcpy(&m, data, offsetof(struct weft_message, step));
	*kind = m.kind;
	*epoch = m.epoch;
	return m.magic == MAGIC && m.version == WEFT_MESSAGE_VERSION;
}

const char *weft_message_errno(int32_t status)
{
	const char *text = status < 0 && status > -4096 ? strerrordesc_np(-status) : NULL;

	return text ? text : "for a reason that is none";
}

/* --- calls --- */

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* Where buffers lie is each member's own affair, but all see the same windows. */
uint64_t weft_message_tag(const struct weft_message_call *c)
{
	uint64_t h = 0x7765667463616c6cull;

	h = mix(h, (uint64_t)c->op << 32 | c->algorithm);
	h = mix(h, (uint64_t)c->type << 32 | c->reduction);
	h = mix(h, (uint64_t)c->root << 32 | c->peer);
	h = mix(h, c->count);
	h = mix(h, (uint64_t)c->ranks << 32 | c->slot_bytes);
	return h ? h : 1;
}

bool weft_message_call_ok(const struct weft_message_call *c, uint64_t tag)
{
	return tag && c->tag == tag && weft_message_tag(c) == tag && c->op < WEFT_COLL_OPS && c->algorithm < WEFT_COLL_ALGORITHMS &&
	       c->type < WEFT_TYPE_U32;
}

const char *weft_message_call_text(const struct weft_message_call *c, char *text, size_t bytes)
{
	char to[48] = "";

	if (c->op == WEFT_COLL_SEND)
		snprintf(to, sizeof(to), " from %u to %u", c->root, c->peer);
	else if (c->op == WEFT_COLL_BROADCAST || c->op == WEFT_COLL_REDUCE)
		snprintf(to, sizeof(to), " with root %u", c->root);
	if (c->op == WEFT_COLL_BARRIER)
		snprintf(text, bytes, "barrier");
	else
		snprintf(text, bytes, "%s of %" PRIu64 " %s%s by %s", weft_coll_op_name(c->op), c->count, weft_type_name((enum weft_type)c->type),
			 to, weft_coll_algorithm_name(c->algorithm));
	return text;
}
