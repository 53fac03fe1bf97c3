/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Files of the MNIST family ("idx"): unsigned bytes in one to three axes, plain or gzip. */
#ifndef WEFT_IDX_H
#define WEFT_IDX_H

#include <stdint.h>

struct idx {
	uint32_t rank, shape[3];
	uint64_t bytes;
	uint8_t *data;	/* freed by idx_free() */
};

/*
 * Reads DIR/NAME or DIR/NAME.gz, which must hold `rank` axes. 0, or -1 after one line on standard error that names the
 * file and what is wrong with it.
 */
int idx_read(const char *dir, const char *name, uint32_t rank, struct idx *idx);
void idx_free(struct idx *idx);

#endif
