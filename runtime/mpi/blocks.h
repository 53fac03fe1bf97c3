/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Blocks of a range of bytes that are taken and given back. Nothing is kept in the range itself, which is a card's memory. The lowest
 * that is large enough is taken, so that ranks that take and give in the same order get the same offsets.
 */
#ifndef WEFT_MPI_BLOCKS_H
#define WEFT_MPI_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#define WMPI_BLOCK_ALIGN	256u

struct wmpi_block {
	struct wmpi_block *next;	/* by offset; there is no gap */
	uint64_t offset, bytes;
	bool taken;
};

struct wmpi_blocks {
	struct wmpi_block *first;	/* NULL: no range */
};

/* 0, -EINVAL (less than one block), -ENOMEM */
int wmpi_blocks_init(struct wmpi_blocks *blocks, uint64_t bytes);
void wmpi_blocks_fini(struct wmpi_blocks *blocks);
/* @bytes > 0, rounded up. 0, -ENOSPC (no gap is large enough), -ENOMEM */
int wmpi_blocks_take(struct wmpi_blocks *blocks, uint64_t bytes, uint64_t *offset);
/* What begins at @offset. 0, -EINVAL (no block that was taken does) */
int wmpi_blocks_give(struct wmpi_blocks *blocks, uint64_t offset);

#endif
