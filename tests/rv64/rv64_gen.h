/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Random programs for the differential test. An image holds a driver (rv64_image.c) and many blocks; the driver runs
 * each block RV64_ITERATIONS times on fresh register values and dumps registers and scratch memory after every run.
 */
#ifndef TEST_RV64_GEN_H
#define TEST_RV64_GEN_H

#include <stdint.h>

#define RV64_BASE		0x10000000u	/* the same addresses in both machines */
#define RV64_TEXT_BYTES		(1u << 20)	/* so that every block reaches the driver by one jal */
#define RV64_BLOCK_MAX_BYTES	8192u
#define RV64_ITERATIONS		16u
#define RV64_BLOCKS_MAX		1024u
#define RV64_SCRATCH_BYTES	256u
#define RV64_IN_BYTES		256u		/* x1..x31, padding */
#define RV64_OUT_BYTES		(256u + RV64_SCRATCH_BYTES)

/* One register, another one in each block, holds the context address and is never written by the block. Offsets from
 * it; the scratch area begins at 0. */
#define RV64_CTX		(RV64_BASE + RV64_TEXT_BYTES + 0x800u)
enum {
	CTX_IN = -2048, CTX_OUT = -2040, CTX_LEFT = -2032, CTX_BLOCK = -2024, CTX_X1 = -2016, CTX_X31 = -2008,
};
#define RV64_IN			(RV64_BASE + RV64_TEXT_BYTES + 0x1000u)
#define RV64_TABLE		(RV64_IN + RV64_BLOCKS_MAX * RV64_ITERATIONS * RV64_IN_BYTES)
#define RV64_OUT		(RV64_TABLE + (RV64_BLOCKS_MAX + 2) * 16u + 0x1000u - 32u)
#define RV64_END		(RV64_OUT + RV64_BLOCKS_MAX * RV64_ITERATIONS * RV64_OUT_BYTES)

struct rv64_image {
	uint64_t rng;
	uint32_t text_bytes;			/* used */
	uint32_t blocks;
	uint32_t ret;				/* text offset every block ends by jumping to */
	uint32_t block_at[RV64_BLOCKS_MAX + 1];	/* text offsets */
	uint8_t text[RV64_TEXT_BYTES];
	uint8_t data[RV64_OUT - RV64_BASE - RV64_TEXT_BYTES];
	uint8_t id[RV64_TEXT_BYTES / 2];	/* which opcode, per halfword; 0 = not of a block */
};

uint64_t rv64_random(uint64_t *state);

extern const char *const rv64_id_name[];	/* [0] is unused */
extern const unsigned rv64_ids;

/* Appends one block at text_bytes. */
void rv64_gen_block(struct rv64_image *img);

/* Driver, blocks and data from img->rng on. */
void rv64_image_build(struct rv64_image *img);

/* img as a static ELF executable; 0 or -errno */
int rv64_image_write_elf(const struct rv64_image *img, int fd);

#endif
