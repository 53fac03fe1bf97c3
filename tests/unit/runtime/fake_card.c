/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The fake's card: walks one file's bindings, checks and runs packets. */
#include <stdlib.h>
#include <string.h>

#include "firmware/abi/operand.h"
#include "tools/card/ops/ref.h"

#include "fake_card.h"

static struct {
	void *packets, *table;
	uint32_t num_packets, num_operands;
} last;

int fake_last_list(const void **packets, const void **table, uint32_t *num_operands)
{
	*packets = last.packets;
	*table = last.table;
	*num_operands = last.num_operands;
	return (int)last.num_packets;
}

/* Pointer to @bytes at @va, NULL when any of it is not bound for @access. */
static void *walk(struct fake_fd *f, uint64_t va, uint64_t bytes, uint32_t access)
{
	for (int i = 0; i < FAKE_HANDLES; i++) {
		struct fake_bind *b = &f->bind[i];

		if (b->bytes && va >= b->va && va - b->va < b->bytes && bytes <= b->bytes - (va - b->va))
			return (b->access & access) == access ? b->obj->mem + (va - b->va) : NULL;
	}
	return NULL;
}

struct run {
	struct fake_fd *file;
	const struct weft_operand *table;
	uint32_t num;
	uint64_t fault_va;
};

static int at(struct run *r, uint64_t va, uint64_t bytes, uint32_t access, void **pointer)
{
	*pointer = walk(r->file, va, bytes, access);
	if (*pointer)
		return 0;
	r->fault_va = va;
	return WEFT_FAULT_PT_INVALID;
}

static int operand(struct run *r, uint32_t index, uint64_t *va)
{
	if (index >= r->num || r->table[index].depth != 1 || r->table[index].mul != 1 || r->table[index].div != 1 ||
	    r->table[index].flags || r->table[index].reserved || r->table[index].stride)
		return WEFT_FAULT_OPERAND;
	*va = r->table[index].base;
	return 0;
}

static int load_scalars(struct run *r, const struct weft_pkt_exec *p, uint32_t *scalar)
{
	int fault = 0;

	memcpy(scalar, p->scalar, sizeof(p->scalar));
	for (uint32_t i = 0; i < WEFT_EXEC_SCALARS && !fault; i++) {
		void *from;
		uint64_t va;

		if (!(p->scalar_mask >> i & 1))
			continue;
		fault = operand(r, p->scalar[i], &va);
		if (!fault)
			fault = at(r, va, 4, WEFT_ACCESS_READ, &from);
		if (!fault)
			memcpy(&scalar[i], from, 4);
	}
	return fault;
}

static int run_exec(struct run *r, const struct weft_pkt_exec *p)
{
	struct wcard_opnd_need need[WEFT_EXEC_OPERANDS];
	void *pointer[WEFT_EXEC_OPERANDS] = { 0 };
	uint64_t va[WEFT_EXEC_OPERANDS];
	const struct wcard_op *op;
	uint32_t scalar[WEFT_EXEC_SCALARS];
	int fault = load_scalars(r, p, scalar);

	if (!fault)
		fault = wcard_ref_check(p, scalar, need, &op);
	for (uint32_t i = 0; i < p->noperands && !fault; i++) {
		uint32_t access = (need[i].access & WCARD_READ ? WEFT_ACCESS_READ : 0u) |
				  (need[i].access & WCARD_WRITE ? WEFT_ACCESS_WRITE : 0u);

		fault = operand(r, p->u.index[i], &va[i]);
		if (!fault && need[i].bytes)
			fault = at(r, va[i], need[i].bytes, access, &pointer[i]);
	}
	if (!fault)
		fault = wcard_op_place(need, p->noperands, va);
	for (uint64_t i = 0, n = fault ? 0 : op->units(p, scalar); i < n && !fault; i++)
		fault = op->run(p, scalar, pointer, i);
	return fault;
}

static int run_reduce(struct run *r, const struct weft_pkt_reduce *p)
{
	void *src[WEFT_REDUCE_MAX], *dst[WEFT_REDUCE_MAX];
	uint64_t va, bytes = p->count * wcard_dtype_bytes(p->dtype);
	int fault = wcard_reduce_check(p);

	for (uint32_t i = 0; i < p->nsrc && !fault; i++) {
		fault = operand(r, p->src_first + i, &va);
		fault = fault ? fault : at(r, va + p->offset, bytes, WEFT_ACCESS_READ, &src[i]);
	}
	for (uint32_t i = 0; i < p->ndst && !fault; i++) {
		fault = operand(r, p->dst_first + i, &va);
		fault = fault ? fault : at(r, va + p->offset, bytes, WEFT_ACCESS_WRITE, &dst[i]);
	}
	if (!fault)
		wcard_ref_reduce(p->dtype, p->rop, (const void *const *)src, p->nsrc, dst, p->ndst, p->count);
	return fault;
}

static int run_copy(struct run *r, const struct weft_pkt_copy *p)
{
	uint32_t rows = p->rows ? p->rows : 1;
	void *dst, *src;
	int fault = p->flags || p->reserved0 || p->reserved[0] || p->reserved[1] ? WEFT_FAULT_FIELD : 0;

	for (uint32_t i = 0; i < rows && p->bytes && !fault; i++) {
		fault = at(r, p->dst + i * p->dst_pitch, p->bytes, WEFT_ACCESS_WRITE, &dst);
		fault = fault ? fault : at(r, p->src + i * p->src_pitch, p->bytes, WEFT_ACCESS_READ, &src);
		if (!fault)
			memmove(dst, src, p->bytes);
	}
	return fault;
}

static int run_packet(struct run *r, const union weft_packet *p)
{
	static const uint64_t ticks = 42;
	void *dst;
	int fault;

	switch (p->hdr.op) {
	case WEFT_PKT_EXEC:
		return p->hdr.flags == WEFT_PKT_TABLE ? run_exec(r, &p->exec) : WEFT_FAULT_FIELD;
	case WEFT_PKT_COPY:
		return run_copy(r, &p->copy);
	case WEFT_PKT_REDUCE:
		return run_reduce(r, &p->reduce);
	case WEFT_PKT_FILL:
		fault = p->fill.flags || p->fill.reserved0 || p->fill.reserved1 ? WEFT_FAULT_FIELD :
			at(r, p->fill.dst, p->fill.bytes, WEFT_ACCESS_WRITE, &dst);
		for (uint64_t i = 0; i < p->fill.bytes && !fault; i += p->fill.width)
			memcpy((char *)dst + i, &p->fill.pattern, p->fill.width);
		return fault;
	case WEFT_PKT_TIMED:
		return 0;
	case WEFT_PKT_TIMESTAMP:
		fault = at(r, p->timestamp.dst, 8, WEFT_ACCESS_WRITE, &dst);
		if (!fault)
			memcpy(dst, &ticks, 8);
		return fault;
	default:
		return WEFT_FAULT_OPCODE;
	}
}

/* 0 or the fault; the queue's record is filled. */
static int run_job(struct fake_fd *f, struct fake_queue *q, const struct fake_job *job)
{
	struct run r = { .file = f, .num = job->num_operands };
	const union weft_packet *p = walk(f, job->list, (uint64_t)job->num_packets * 64, WEFT_ACCESS_READ);
	int fault = p ? 0 : WEFT_FAULT_PT_INVALID;
	uint32_t i = 0;

	if (job->num_operands) {
		r.table = walk(f, job->table, (uint64_t)job->num_operands * 32, WEFT_ACCESS_READ);
		fault = r.table ? fault : WEFT_FAULT_PT_INVALID;
	}
	if (!fault) {
		free(last.packets);
		free(last.table);
		last.num_packets = job->num_packets;
		last.num_operands = job->num_operands;
		last.packets = malloc((size_t)job->num_packets * 64);
		last.table = malloc((size_t)job->num_operands * 32 + 1);
		memcpy(last.packets, p, (size_t)job->num_packets * 64);
		if (job->num_operands)
			memcpy(last.table, r.table, (size_t)job->num_operands * 32);
	}
	while (!fault && i < job->num_packets)
		fault = run_packet(&r, &p[i++]);
	if (fault) {
		q->faults++;
		q->cause = (uint32_t)fault;
		q->fault_packet = i ? i - 1 : 0;
		q->fault_va = r.fault_va;
		q->fault_list = job->list;
	}
	return fault;
}

void fake_end_job(struct fake_queue *q)
{
	struct fake_job *job = q->jobs;

	q->jobs = job->next;
	for (uint32_t i = 0; i < job->num_syncs; i++) {
		if (job->sync[i].signal && job->sync[i].value > job->sync[i].sync->value)
			job->sync[i].sync->value = job->sync[i].value;
		if (!--job->sync[i].sync->refs) {
			free(job->sync[i].sync);
			fs.live--;
		}
	}
	free(job);
	pthread_cond_broadcast(&fs.signalled);
}

static bool ready(const struct fake_job *job)
{
	for (uint32_t i = 0; i < job->num_syncs; i++)
		if (!job->sync[i].signal && job->sync[i].sync->value < job->sync[i].value)
			return false;
	return true;
}

void fake_progress(void)
{
	bool moved = true;

	while (moved && !fake.hold) {
		moved = false;
		for (int i = 0; i < FAKE_MAX; i++) {
			for (int k = 0; fs.fd[i].kind == FAKE_FILE && k < FAKE_QUEUES; k++) {
				struct fake_queue *q = &fs.fd[i].queue[k];

				if (!q->used || !q->jobs || !ready(q->jobs))
					continue;
				moved = true;
				if (run_job(&fs.fd[i], q, q->jobs))
					while (q->jobs->next)	/* those behind are cancelled */
						fake_end_job(q);
				fake_end_job(q);
			}
		}
	}
}
