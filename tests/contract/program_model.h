/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What a program of packets must do, worked out from the text of the contract by recursion; no card is asked. */
#ifndef CT_PROGRAM_MODEL_H
#define CT_PROGRAM_MODEL_H

#include "queue.h"

#define MODEL_AREAS	4

struct model_area {
	uint64_t va, bytes;
	uint8_t *data;		/* the model's own copy */
};

struct program {
	struct model_area area[MODEL_AREAS];
	bool fence_space;
	uint64_t loop_max;
	uint64_t limit;		/* packets after which the model gives up */

	uint64_t retired;
	bool endless;		/* gave up: it takes too long, or waits for somebody else */
	uint32_t cause;		/* enum weft_fault, 0 = ran to its end; then also where */
	uint64_t list;
	uint32_t packet, op;
};

/* Runs one ring packet of a fresh queue. */
void program_run(struct program *m, const union weft_packet *p);
uint8_t *program_at(struct program *m, uint64_t va, uint64_t bytes);

#endif
