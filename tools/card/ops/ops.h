/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Operators of EXEC, REDUCE, COPY and FILL on plain memory: no translation, no queues, no state. The streamer decodes
 * a packet, calls the check, translates and pins the operands it is told of, then runs the units in order on one
 * thread. Everything here is re-entrant; results depend on the inputs alone, never on thread, address or load.
 */
#ifndef WCARD_OPS_H
#define WCARD_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "op.h"
#include "packet.h"
#include "fault.h"

#define WCARD_READ	0x1
#define WCARD_WRITE	0x2

/* What one operand of a packet must offer. Filled by check(); all zero beyond noperands. */
struct wcard_opnd_need {
	uint64_t bytes;		/* from the operand's address; 0 = not touched, need not even be mapped */
	uint8_t  access;	/* WCARD_READ | WCARD_WRITE */
	uint8_t  align;		/* bytes: 1, 2, 4 … */
	uint8_t  inplace;	/* bit i: may be exactly operand i's range; any other overlap with a written range faults */
	uint8_t  strided;	/* a unit reads few bytes of each of many pages: they have to be there before it begins */
	uint8_t  gaps;		/* between written rows lie bytes that are left as they are */
	uint8_t  reserved[3];
};

/*
 * One operator. `scalar` is the packet's scalar[] with those of scalar_mask loaded, once per execution: what check()
 * saw is what run() gets.
 */
struct wcard_op {
	uint16_t id;			/* enum weft_op */
	uint8_t  noperands_min, noperands_max;
	uint8_t  ndim, nscalar;		/* used ones; the rest of the packet's must be 0 */
	const char *name;		/* "gemm_f32" */
	/* Shapes only (wcard_op_check() has done the fields). Returns enum weft_fault; fills need[0 … noperands). */
	int (*check)(const struct weft_pkt_exec *p, const uint32_t scalar[WEFT_EXEC_SCALARS],
		     struct wcard_opnd_need need[WEFT_EXEC_OPERANDS]);
	/* Abortable units of a checked packet, 0 when a dimension is 0. */
	uint64_t (*units)(const struct weft_pkt_exec *p, const uint32_t scalar[WEFT_EXEC_SCALARS]);
	/*
	 * Runs one unit, at most 5 ms on a core of the class named in DESIGN. Units are run in order, each once; a unit
	 * may read what an earlier one wrote to an output. Returns enum weft_fault (INDEX); then the unit wrote nothing.
	 */
	int (*run)(const struct weft_pkt_exec *p, const uint32_t scalar[WEFT_EXEC_SCALARS],
		   void *const ptr[WEFT_EXEC_OPERANDS], uint64_t unit);
};

/* The operator in its fastest form for this processor; NULL when unknown. */
const struct wcard_op *wcard_op_find(uint16_t id);

/*
 * Everything that can be said of an EXEC packet without its data: fields (FIELD), operator (OPERATOR), shapes (SHAPE).
 * *op is set on success. Call again when loaded scalars changed.
 */
int wcard_op_check(const struct weft_pkt_exec *p, const uint32_t scalar[WEFT_EXEC_SCALARS],
		   struct wcard_opnd_need need[WEFT_EXEC_OPERANDS], const struct wcard_op **op);
/* ALIGN or OVERLAP, from the addresses of the operands (all in one address space: virtual, bus or host). */
int wcard_op_place(const struct wcard_opnd_need need[WEFT_EXEC_OPERANDS], unsigned int n, const uint64_t addr[]);

/* Bytes of an element, 0 for an unknown type. */
size_t wcard_dtype_bytes(unsigned int dtype);
/* Fields of REDUCE except op and flags' meaning: FIELD or SHAPE (count or offset too large, offset misaligned: ALIGN). */
int wcard_reduce_check(const struct weft_pkt_reduce *p);
/* ALIGN or OVERLAP for the given addresses, as wcard_op_place(). */
int wcard_reduce_place(unsigned int dtype, const uint64_t src[], unsigned int nsrc, const uint64_t dst[],
		       unsigned int ndst, uint64_t count);
/* Elements one abortable unit may have; cut a REDUCE into runs of this many, advancing all pointers. */
size_t wcard_reduce_unit(unsigned int dtype, unsigned int nsrc, unsigned int ndst);
void wcard_reduce_run(unsigned int dtype, unsigned int rop, const void *const src[], unsigned int nsrc,
		      void *const dst[], unsigned int ndst, size_t count);

/* A COPY of as many bytes as this, all its units together, goes past the caches: source and destination do not fit. */
#define WCARD_STREAM_COPY_BYTES	(8u << 20)
/* Ranges equal or disjoint. Stores past the caches, whatever the size. */
void wcard_copy_nt(void *dst, const void *src, size_t bytes);
/* width 1, 2, 4, 8; dst and bytes multiples of it. */
void wcard_fill(void *dst, unsigned int width, uint64_t pattern, size_t bytes);

/* "avx512", "avx2" or "portable", and "onednn" or "builtin": for INFO and figures files. */
const char *wcard_ops_isa(void);
const char *wcard_ops_gemm_backend(void);

#endif
