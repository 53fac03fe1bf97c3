/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Kind `host`, and the built-in rows of the kernel registry: the operators of the card contract, run on pointers by the
 * card's own portable reference. This is the one file of the library that includes a header of tools/card.
 */
#include <errno.h>
#include <time.h>

#include "tools/card/ops/ref.h"

#include <weft/device.h>
#include <weft/kind.h>

#include "error.h"
#include "host_ref.h"

static int run(uint16_t oper, const struct weft_exec *exec)
{
	struct weft_pkt_exec p = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = oper };
	struct wcard_opnd_need need[WEFT_EXEC_OPERANDS];
	void *pointer[WEFT_EXEC_OPERANDS] = { 0 };
	const struct wcard_op *op;
	int fault;

	p.noperands = (uint8_t)exec->num_operands;
	for (unsigned int i = 0; i < exec->num_operands; i++) {
		p.u.index[i] = (uint16_t)i;
		pointer[i] = (void *)(uintptr_t)exec->operands[i];
	}
	memcpy(p.dim, exec->dims, sizeof(p.dim));
	memcpy(p.scalar, exec->scalars, sizeof(p.scalar));
	fault = wcard_ref_check(&p, p.scalar, need, &op);
	if (!fault)
		fault = wcard_op_place(need, exec->num_operands, exec->operands);
	for (uint64_t i = 0, units = fault ? 0 : op->units(&p, p.scalar); i < units && !fault; i++)
		fault = op->run(&p, p.scalar, pointer, i);
	return fault ? weft_fail(-EFAULT, "operator %u: fault %s", oper, weft_fault_name((uint32_t)fault)) : 0;
}

/* row(ID, name, type, operands min, max) */
#define KERNELS(row)						\
	row(GEMM_F32,		"gemm",		F32, 3, 4)	\
	row(GATHER_U8_F32,	"gather",	F32, 3, 3)	\
	row(GATHER_U8_U32,	"gather",	U32, 3, 3)	\
	row(SOFTMAX_XENT_F32,	"softmax_xent",	F32, 4, 4)	\
	row(RELU_GRAD_F32,	"relu_grad",	F32, 3, 3)	\
	row(COLSUM_F32,		"colsum",	F32, 2, 2)	\
	row(SGD_MOMENTUM_F32,	"sgd_momentum",	F32, 3, 3)	\
	row(ARGMAX_HITS_F32,	"argmax_hits",	F32, 3, 3)	\
	row(ADD_F32,		"add",		F32, 3, 3)	\
	row(MUL_F32,		"mul",		F32, 3, 3)	\
	row(RELU_F32,		"relu",		F32, 2, 2)

#define RUN(ID, name, type, min, max)				\
	static int run_##ID(const struct weft_exec *exec)	\
	{							\
		return run(WEFT_OP_##ID, exec);			\
	}
KERNELS(RUN)

#define ROW(ID, text, t, min, max)				\
	{ .size = sizeof(struct weft_kernel), .type = WEFT_TYPE_##t, .name = text, .card_operator = WEFT_OP_##ID,	\
	  .min_operands = min, .max_operands = max, .host = run_##ID },
const struct weft_kernel weft_builtin_kernels[] = { KERNELS(ROW) };

const uint32_t weft_num_builtin_kernels = sizeof(weft_builtin_kernels) / sizeof(weft_builtin_kernels[0]);
_Static_assert(sizeof(weft_builtin_kernels) / sizeof(weft_builtin_kernels[0]) == WEFT_OP_COUNT - 1,
	       "every operator of the contract has a row");

static int reduce(const struct weft_command *c)
{
	const void *src[WEFT_REDUCE_MAX];
	void *dst[WEFT_REDUCE_MAX];
	int fault = wcard_reduce_place(c->u.reduce.type, c->u.reduce.src, c->u.reduce.num_src, c->u.reduce.dst,
				       c->u.reduce.num_dst, c->u.reduce.count);

	if (fault)
		return weft_fail(-EFAULT, "reduce: fault %s", weft_fault_name((uint32_t)fault));
	for (uint32_t i = 0; i < c->u.reduce.num_src; i++)
		src[i] = (const void *)(uintptr_t)c->u.reduce.src[i];
	for (uint32_t i = 0; i < c->u.reduce.num_dst; i++)
		dst[i] = (void *)(uintptr_t)c->u.reduce.dst[i];
	wcard_ref_reduce(c->u.reduce.type, c->u.reduce.op, src, c->u.reduce.num_src, dst, c->u.reduce.num_dst,
			 c->u.reduce.count);
	return 0;
}

static int timed(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
	return 0;
}

/* Kernels get all scalars by value. */
static int exec(const struct weft_command *c)
{
	struct weft_exec e = c->u.exec.exec;

	if (!c->u.exec.kernel->host)
		return -EOPNOTSUPP;
	for (uint32_t i = 0; i < WEFT_EXEC_MAX_SCALARS; i++) {
		if (e.scalar_mask >> i & 1)
			memcpy(&e.scalars[i], (const void *)(uintptr_t)e.scalar_operands[i], sizeof(e.scalars[i]));
		e.scalar_operands[i] = 0;
	}
	e.scalar_mask = 0;
	return c->u.exec.kernel->host(&e);
}

int weft_command_run(const struct weft_command *c)
{
	struct timespec now;
	uint64_t ns;

	switch ((enum weft_command_op)c->op) {
	case WEFT_COMMAND_EXEC:
		return exec(c);
	case WEFT_COMMAND_COPY:
		for (uint32_t r = 0; r < c->u.copy.rows; r++)	/* equal ranges are legal */
			memmove((char *)(uintptr_t)c->u.copy.dst + r * c->u.copy.dst_pitch,
				(const char *)(uintptr_t)c->u.copy.src + r * c->u.copy.src_pitch, c->u.copy.bytes);
		return 0;
	case WEFT_COMMAND_REDUCE:
		return reduce(c);
	case WEFT_COMMAND_FILL:
		for (uint64_t at = 0; at < c->u.fill.bytes; at += c->u.fill.width)
			memcpy((char *)(uintptr_t)c->u.fill.dst + at, &c->u.fill.pattern, c->u.fill.width);
		return 0;
	case WEFT_COMMAND_TIMED:
		return timed(c->u.timed.ns);
	case WEFT_COMMAND_TIMESTAMP:
		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
		memcpy((void *)(uintptr_t)c->u.timestamp.dst, &ns, sizeof(ns));
		return 0;
	default:	/* commands of cards alone */
		break;
	}
	return weft_fail(-EINVAL, "weft_command_run: command %u", c->op);
}

static uint32_t host_count(void)
{
	return 4;	/* as many as programs written for several cards usually want; they cost nothing until opened */
}

static int host_execute(void *priv, const struct weft_command *command)
{
	(void)priv;
	return weft_command_run(command);
}

const struct weft_kind weft_kind_host = {
	.size = sizeof(struct weft_kind),
	.name = "host",
	.count = host_count,
	.execute = host_execute,
};
