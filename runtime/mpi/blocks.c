/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "blocks.h"

#include <errno.h>
#include <stdlib.h>

static struct wmpi_block *make(uint64_t offset, uint64_t bytes, struct wmpi_block *next)
{
	struct wmpi_block *b = calloc(1, sizeof(*b));

	if (b)
		*b = (struct wmpi_block) { .next = next, .offset = offset, .bytes = bytes };
	return b;
}

int wmpi_blocks_init(struct wmpi_blocks *blocks, uint64_t bytes)
{
	bytes -= bytes % WMPI_BLOCK_ALIGN;
	if (!bytes)
		return -EINVAL;
	blocks->first = make(0, bytes, NULL);
	return blocks->first ? 0 : -ENOMEM;
}

void wmpi_blocks_fini(struct wmpi_blocks *blocks)
{
	for (struct wmpi_block *b = blocks->first, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	blocks->first = NULL;
}

int wmpi_blocks_take(struct wmpi_blocks *blocks, uint64_t bytes, uint64_t *offset)
{
	struct wmpi_block *b, *rest;

	if (bytes > UINT64_MAX - WMPI_BLOCK_ALIGN)
		return -ENOSPC;
	bytes = (bytes + WMPI_BLOCK_ALIGN - 1) / WMPI_BLOCK_ALIGN * WMPI_BLOCK_ALIGN;
	for (b = blocks->first; b && (b->taken || b->bytes < bytes); b = b->next)
		;
	if (!b)
		return -ENOSPC;
	if (b->bytes > bytes) {
		rest = make(b->offset + bytes, b->bytes - bytes, b->next);
		if (!rest)
			return -ENOMEM;
		b->next = rest;
		b->bytes = bytes;
	}
	b->taken = true;
	*offset = b->offset;
	return 0;
}

static void join_next(struct wmpi_block *b)
{
	struct wmpi_block *next = b->next;

	if (!next || b->taken || next->taken)
		return;
	b->bytes += next->bytes;
	b->next = next->next;
	free(next);
}

int wmpi_blocks_give(struct wmpi_blocks *blocks, uint64_t offset)
{
	struct wmpi_block *before = NULL, *b;

	for (b = blocks->first; b && b->offset != offset; b = b->next)
		before = b;
	if (!b || !b->taken)
		return -EINVAL;
	b->taken = false;
	join_next(b);
	if (before)
		join_next(before);
	return 0;
}
