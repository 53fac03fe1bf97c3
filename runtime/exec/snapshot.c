/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Blocks as the host reads and writes them: constants, outputs, state, snapshots of all state. */
#include <errno.h>
#include <stdlib.h>

#include "exec.h"

#define MAGIC		0x3130706e73746677ull	/* "wftsnp01" */

/* Then for each edge with state: entry, name, tokens, both to a multiple of 8. */
struct header {
	uint64_t magic, bytes, seq, count;
};

struct entry {
	uint32_t name_bytes, initial;
	uint64_t block_bytes;
};

static uint64_t round_up(uint64_t n)
{
	return (n + 7) & ~7ull;
}

static bool has_state(const struct weft_edge *e)
{
	return e->initial && !weft_edge_blockless(e);
}

int weft_constant_write(struct weft_constant *c, uint64_t offset, const void *data, uint64_t bytes)
{
	int ret = weft_handle(c, WEFT_MAGIC_CONSTANT, __func__);

	if (!ret)
		ret = weft_plan_check_idle(c->plan, __func__);
	if (ret)
		return ret;
	if (c->given || !data || offset > c->bytes || bytes > c->bytes - offset)
		return weft_fail(-EINVAL, "constant %s: %llu bytes at %llu of %llu%s", c->name, (unsigned long long)bytes,
				 (unsigned long long)offset, (unsigned long long)c->bytes, c->given ? ", which are the caller's" : "");
	for (uint32_t d = 0; d < c->plan->num_devices && !ret; d++)
		if (c->memory[d])
			ret = weft_memory_write(c->memory[d], offset, data, bytes);
	return ret;
}

/* Firings of the producer so far. */
static int fired(const struct weft_edge *e, uint64_t *count)
{
	const struct weft_plan *p = e->plan;
	const struct weft_plan_cell *c;
	struct weft_cell_state s;
	int ret;

	if (e->producer->done == WEFT_NO_CELL)
		return weft_fail(-EINVAL, "edge %s: its blocks are not its own (WEFT_EDGE_NO_SHARE)", e->name);
	c = &p->cell[e->producer->done];
	ret = weft_cell_read(weft_cell_here(p, c), c->index, &s);
	*count = s.value - p->config.cell_base;
	return ret;
}

static int block(struct weft_edge *e, uint64_t token, void *data, const void *from, uint64_t bytes)
{
	struct weft_memory *m = weft_edge_blocks(e);
	const uint64_t at = e->offset + token % e->depth * e->stride;
	void *map = e->pointer;
	int ret = 0;

	if (e->place < e->plan->num_devices)
		return data ? weft_memory_read(m, at, data, bytes) : weft_memory_write(m, at, from, bytes);
	if (!map)
		ret = weft_memory_map(m, &map);
	if (!ret && data)
		memcpy(data, (char *)map + at, bytes);
	else if (!ret)
		memcpy((char *)map + at, from, bytes);
	return ret;
}

int weft_edge_read(struct weft_edge *e, uint64_t seq, uint32_t j, void *data, uint64_t bytes)
{
	uint64_t token, before, after;
	int ret = weft_handle(e, WEFT_MAGIC_EDGE, __func__);

	if (!ret && !e->plan->loaded)
		ret = weft_fail(-EINVAL, "edge %s: its plan is not loaded", e->name);
	if (!ret && !e->producer)
		ret = weft_fail(-EINVAL, "edge %s is fed by %s", e->name, e->flags & WEFT_EDGE_IMPORT ? "another process" : "the host");
	if (!ret && (e->flags & WEFT_EDGE_CONTROL || !data || bytes > e->block_bytes || j >= (uint64_t)e->rate * e->producer->q))
		ret = weft_fail(-EINVAL, "edge %s: %llu bytes of block %u of a sequence", e->name, (unsigned long long)bytes, j);
	if (!ret)
		ret = fired(e, &before);
	if (ret)
		return ret;
	token = weft_plan_to_card(e->plan, seq) * e->producer->q * e->rate + j;
	if (token >= before * e->rate)
		return weft_fail(-EAGAIN, "edge %s: sequence %llu is not done", e->name, (unsigned long long)seq);
	ret = block(e, e->initial + token, data, NULL, bytes);
	if (!ret)
		ret = fired(e, &after);
	/* the producer may be at its next firing */
	if (!ret && token + e->depth < (after + !e->plan->idle) * e->rate)
		ret = weft_fail(-ESTALE, "edge %s: the block of sequence %llu has been used again", e->name, (unsigned long long)seq);
	return ret;
}

/*
 * Token @j of those that the next sequence finds. Bubbles may be on their way still; they hand such tokens on, so the one that
 * is meant is among the last of the producer, wherever that is.
 */
static int state_block(struct weft_edge *e, uint32_t j, void *data, const void *from)
{
	const uint64_t next = e->plan->opened * e->producer->q * e->rate;
	uint64_t before, after;
	int ret;

	do {
		uint64_t first, token;

		ret = fired(e, &before);
		if (ret)
			return ret;
		first = before * e->rate;
		token = first + ((next + j) % e->initial + e->initial - first % e->initial) % e->initial;
		ret = block(e, token, data, from, e->block_bytes);
		if (!ret)
			ret = fired(e, &after);
	} while (!ret && after != before);
	return ret;
}

static int state_check(struct weft_edge *e, const void *data, uint64_t bytes, const char *call)
{
	int ret = weft_handle(e, WEFT_MAGIC_EDGE, call);

	if (!ret)
		ret = weft_plan_check_idle(e->plan, call);
	if (!ret && (!has_state(e) || !data || bytes != e->initial * e->block_bytes))
		ret = weft_fail(-EINVAL, "%s: edge %s has %llu bytes of state, not %llu", call, e->name,
				(unsigned long long)(has_state(e) ? e->initial * e->block_bytes : 0), (unsigned long long)bytes);
	return ret;
}

int weft_edge_get(struct weft_edge *edge, void *data, uint64_t bytes)
{
	int ret = state_check(edge, data, bytes, __func__);

	for (uint32_t j = 0; !ret && j < edge->initial; j++)
		ret = state_block(edge, j, (char *)data + j * edge->block_bytes, NULL);
	return ret;
}

int weft_edge_put(struct weft_edge *edge, const void *data, uint64_t bytes)
{
	int ret = state_check(edge, data, bytes, __func__);

	for (uint32_t j = 0; !ret && j < edge->initial; j++)
		ret = state_block(edge, j, NULL, (const char *)data + j * edge->block_bytes);
	return ret;
}

static uint64_t entry_bytes(const struct weft_edge *e)
{
	return sizeof(struct entry) + round_up(strlen(e->name)) + round_up(e->initial * e->block_bytes);
}

uint64_t weft_plan_snapshot_bytes(const struct weft_plan *plan)
{
	uint64_t bytes = sizeof(struct header);

	if (weft_plan_check(plan, false, __func__) || !plan->prepared)
		return 0;
	for (uint32_t i = 0; i < plan->num_edges; i++)
		bytes += has_state(plan->edge[i]) ? entry_bytes(plan->edge[i]) : 0;
	return bytes;
}

int weft_plan_save(struct weft_plan *plan, void *snapshot, uint64_t bytes)
{
	struct header h = { .magic = MAGIC, .bytes = bytes };
	char *at = snapshot;
	int ret = weft_plan_check(plan, false, __func__);

	if (!ret)
		ret = weft_plan_check_idle(plan, __func__);
	if (!ret)
		ret = weft_peer_even(plan, __func__);
	if (ret)
		return ret;
	if (!snapshot || bytes != weft_plan_snapshot_bytes(plan))
		return weft_fail(-EINVAL, "weft_plan_save: plan %s needs %llu bytes, not %llu", plan->name,
				 (unsigned long long)weft_plan_snapshot_bytes(plan), (unsigned long long)bytes);
	memset(snapshot, 0, bytes);
	at += sizeof(h);
	for (uint32_t i = 0; i < plan->num_edges && !ret; i++) {
		struct weft_edge *e = plan->edge[i];
		struct entry entry = { .initial = e->initial, .block_bytes = e->block_bytes };

		if (!has_state(e))
			continue;
		entry.name_bytes = (uint32_t)strlen(e->name);
		memcpy(at, &entry, sizeof(entry));
		memcpy(at + sizeof(entry), e->name, entry.name_bytes);
		ret = weft_edge_get(e, at + sizeof(entry) + round_up(entry.name_bytes), e->initial * e->block_bytes);
		at += entry_bytes(e);
		h.count++;
	}
	h.seq = plan->start + plan->opened - plan->bubbles;
	memcpy(snapshot, &h, sizeof(h));
	return ret;
}

static struct weft_edge *find(const struct weft_plan *p, const char *name, uint32_t bytes)
{
	for (uint32_t i = 0; i < p->num_edges; i++)
		if (strlen(p->edge[i]->name) == bytes && !memcmp(p->edge[i]->name, name, bytes))
			return p->edge[i];
	return NULL;
}

static void forget(struct weft_plan *p)
{
	for (uint32_t i = 0; i < p->num_edges; i++) {
		free(p->edge[i]->restored);
		p->edge[i]->restored = NULL;
	}
	p->start = 0;
}

/* One entry at @at of @left bytes; 0 when it is none of this plan, or -errno */
static int64_t take(struct weft_plan *p, const char *at, uint64_t left)
{
	struct entry entry;
	struct weft_edge *e;

	if (left < sizeof(entry))
		return 0;
	memcpy(&entry, at, sizeof(entry));
	if (!entry.name_bytes || entry.name_bytes > 255 || left < sizeof(entry) + round_up(entry.name_bytes))
		return 0;
	e = find(p, at + sizeof(entry), entry.name_bytes);
	if (!e || !has_state(e) || e->restored || e->initial != entry.initial || e->block_bytes != entry.block_bytes ||
	    left < entry_bytes(e))
		return 0;
	e->restored = malloc(e->initial * e->block_bytes);
	if (!e->restored)
		return -ENOMEM;
	memcpy(e->restored, at + sizeof(entry) + round_up(entry.name_bytes), e->initial * e->block_bytes);
	return (int64_t)entry_bytes(e);
}

int weft_plan_restore(struct weft_plan *plan, const void *snapshot, uint64_t bytes)
{
	struct header h = { 0 };
	uint64_t at = sizeof(h), n = 0, states = 0;
	int64_t took = 1;
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (plan->loaded)
		return weft_fail(-EBUSY, "weft_plan_restore: plan %s is loaded", plan->name);
	forget(plan);
	if (!snapshot && !bytes)
		return 0;
	if (snapshot && bytes >= sizeof(h))
		memcpy(&h, snapshot, sizeof(h));
	for (uint32_t i = 0; i < plan->num_edges; i++)
		states += has_state(plan->edge[i]);
	for (; took > 0 && h.magic == MAGIC && h.bytes == bytes && n < h.count; n++, at += (uint64_t)took)
		took = take(plan, (const char *)snapshot + at, bytes - at);
	if (took <= 0 || h.magic != MAGIC || h.bytes != bytes || at != bytes || n != states) {
		forget(plan);
		return took < 0 ? weft_fail(-ENOMEM, "weft_plan_restore") :
		       weft_fail(-EINVAL, "weft_plan_restore: no snapshot of a plan with the state of plan %s", plan->name);
	}
	plan->start = h.seq;
	return 0;
}
