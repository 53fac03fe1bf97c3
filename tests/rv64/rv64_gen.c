/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Random blocks. A block is a list of units; control flow goes to the beginning of a later unit only (or back and
 * forth inside one), so a memory access and the instruction that makes its address are never torn apart.
 *
 * Left out, because both machines may rightly differ: an SC after an LR of another width, after a store to its
 * address, or after an LR in another unit.
 */
#include <stdbool.h>
#include <string.h>

#include "rv64_enc.h"
#include "rv64_gen.h"

enum shape {
	S_NONE, S_U, S_JAL, S_JALR, S_BRANCH, S_LOAD, S_STORE, S_I, S_SHIFT, S_SHIFTW, S_R, S_LR, S_SC, S_AMO, S_FENCE,
	S_FENCE_I, S_ADDI4SPN, S_CLOAD, S_CSTORE, S_CNOP, S_CI, S_CADDIW, S_ADDI16SP, S_CLUI, S_CSHIFT, S_CANDI, S_CA,
	S_CJ, S_CBRANCH, S_CSLLI, S_CLOADSP, S_CSTORESP, S_CJR, S_CJALR, S_CMV, S_CADD,
};

/* name, shape, opcode or quadrant, funct3, funct7 or other selector */
#define OPCODES(X)									\
	X(lui, U, 0x37, 0, 0) X(auipc, U, 0x17, 0, 0) X(jal, JAL, 0, 0, 0) X(jalr, JALR, 0, 0, 0)	\
	X(beq, BRANCH, 0, 0, 0) X(bne, BRANCH, 0, 1, 0) X(blt, BRANCH, 0, 4, 0)				\
	X(bge, BRANCH, 0, 5, 0) X(bltu, BRANCH, 0, 6, 0) X(bgeu, BRANCH, 0, 7, 0)			\
	X(lb, LOAD, 1, 0, 0) X(lh, LOAD, 2, 1, 0) X(lw, LOAD, 4, 2, 0) X(ld, LOAD, 8, 3, 0)		\
	X(lbu, LOAD, 1, 4, 0) X(lhu, LOAD, 2, 5, 0) X(lwu, LOAD, 4, 6, 0)				\
	X(sb, STORE, 1, 0, 0) X(sh, STORE, 2, 1, 0) X(sw, STORE, 4, 2, 0) X(sd, STORE, 8, 3, 0)		\
	X(addi, I, 0x13, 0, 0) X(slti, I, 0x13, 2, 0) X(sltiu, I, 0x13, 3, 0) X(xori, I, 0x13, 4, 0)	\
	X(ori, I, 0x13, 6, 0) X(andi, I, 0x13, 7, 0) X(addiw, I, 0x1b, 0, 0)				\
	X(slli, SHIFT, 0x13, 1, 0) X(srli, SHIFT, 0x13, 5, 0) X(srai, SHIFT, 0x13, 5, 0x400)		\
	X(slliw, SHIFTW, 0x1b, 1, 0) X(srliw, SHIFTW, 0x1b, 5, 0) X(sraiw, SHIFTW, 0x1b, 5, 0x400)	\
	X(add, R, 0x33, 0, 0) X(sub, R, 0x33, 0, 0x20) X(sll, R, 0x33, 1, 0) X(slt, R, 0x33, 2, 0)	\
	X(sltu, R, 0x33, 3, 0) X(xor, R, 0x33, 4, 0) X(srl, R, 0x33, 5, 0) X(sra, R, 0x33, 5, 0x20)	\
	X(or, R, 0x33, 6, 0) X(and, R, 0x33, 7, 0) X(addw, R, 0x3b, 0, 0) X(subw, R, 0x3b, 0, 0x20)	\
	X(sllw, R, 0x3b, 1, 0) X(srlw, R, 0x3b, 5, 0) X(sraw, R, 0x3b, 5, 0x20)				\
	X(mul, R, 0x33, 0, 1) X(mulh, R, 0x33, 1, 1) X(mulhsu, R, 0x33, 2, 1) X(mulhu, R, 0x33, 3, 1)	\
	X(div, R, 0x33, 4, 1) X(divu, R, 0x33, 5, 1) X(rem, R, 0x33, 6, 1) X(remu, R, 0x33, 7, 1)	\
	X(mulw, R, 0x3b, 0, 1) X(divw, R, 0x3b, 4, 1) X(divuw, R, 0x3b, 5, 1)				\
	X(remw, R, 0x3b, 6, 1) X(remuw, R, 0x3b, 7, 1)							\
	X(lr_w, LR, 4, 2, 2) X(sc_w, SC, 4, 2, 3) X(lr_d, LR, 8, 3, 2) X(sc_d, SC, 8, 3, 3)		\
	X(amoswap_w, AMO, 4, 2, 1) X(amoadd_w, AMO, 4, 2, 0) X(amoxor_w, AMO, 4, 2, 4)			\
	X(amoand_w, AMO, 4, 2, 12) X(amoor_w, AMO, 4, 2, 8) X(amomin_w, AMO, 4, 2, 16)			\
	X(amomax_w, AMO, 4, 2, 20) X(amominu_w, AMO, 4, 2, 24) X(amomaxu_w, AMO, 4, 2, 28)		\
	X(amoswap_d, AMO, 8, 3, 1) X(amoadd_d, AMO, 8, 3, 0) X(amoxor_d, AMO, 8, 3, 4)			\
	X(amoand_d, AMO, 8, 3, 12) X(amoor_d, AMO, 8, 3, 8) X(amomin_d, AMO, 8, 3, 16)			\
	X(amomax_d, AMO, 8, 3, 20) X(amominu_d, AMO, 8, 3, 24) X(amomaxu_d, AMO, 8, 3, 28)		\
	X(fence, FENCE, 0, 0, 0) X(fence_i, FENCE_I, 0, 0, 0)						\
	X(c_addi4spn, ADDI4SPN, 0, 0, 0) X(c_lw, CLOAD, 4, 2, 0) X(c_ld, CLOAD, 8, 3, 0)		\
	X(c_sw, CSTORE, 4, 6, 0) X(c_sd, CSTORE, 8, 7, 0) X(c_nop, CNOP, 0, 0, 0)			\
	X(c_addi, CI, 0, 0, 0) X(c_addiw, CADDIW, 0, 0, 0) X(c_li, CI, 0, 2, 0)				\
	X(c_addi16sp, ADDI16SP, 0, 0, 0) X(c_lui, CLUI, 0, 0, 0) X(c_srli, CSHIFT, 0, 0, 0)		\
	X(c_srai, CSHIFT, 0, 1, 0) X(c_andi, CANDI, 0, 2, 0) X(c_sub, CA, 0, 0, 0) X(c_xor, CA, 0, 1, 0)	\
	X(c_or, CA, 0, 2, 0) X(c_and, CA, 0, 3, 0) X(c_subw, CA, 0, 4, 0) X(c_addw, CA, 0, 5, 0)	\
	X(c_j, CJ, 0, 0, 0) X(c_beqz, CBRANCH, 0, 0, 0) X(c_bnez, CBRANCH, 0, 1, 0)			\
	X(c_slli, CSLLI, 0, 0, 0) X(c_lwsp, CLOADSP, 4, 2, 0) X(c_ldsp, CLOADSP, 8, 3, 0)		\
	X(c_swsp, CSTORESP, 4, 6, 0) X(c_sdsp, CSTORESP, 8, 7, 0) X(c_jr, CJR, 0, 0, 0)			\
	X(c_jalr, CJALR, 0, 1, 0) X(c_mv, CMV, 0, 0, 0) X(c_add, CADD, 0, 1, 0)

#define ID(name, shape, a, f3, b)	ID_##name,
#define NAME(name, shape, a, f3, b)	#name,
#define ROW(name, shape, a, f3, b)	{S_##shape, a, f3, b},
enum { ID_NONE, OPCODES(ID) IDS };
const char *const rv64_id_name[] = {"-", OPCODES(NAME)};
const unsigned rv64_ids = IDS;
static const struct opcode { uint8_t shape, a, f3; uint16_t b; } opcodes[] = {{0}, OPCODES(ROW)};

struct fixup {
	uint32_t at, anchor;			/* where the immediate is; what it counts from */
	unsigned unit;				/* where to */
	enum { FIX_JAL, FIX_BRANCH, FIX_I, FIX_CJ, FIX_CBRANCH } kind;
};

struct block {
	struct rv64_image *img;
	unsigned ctx;				/* the register never written */
	unsigned unit;
	unsigned gap_left;			/* bytes */
	unsigned fixups;
	struct fixup fixup[128];
};

uint64_t rv64_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned pick(struct block *b, unsigned n)
{
	return (unsigned)(rv64_random(&b->img->rng) >> 33) % n;
}

static unsigned reg(struct block *b, unsigned lo, unsigned hi)
{
	unsigned r;

	do
		r = lo + pick(b, hi - lo + 1);
	while (r == b->ctx);
	return r;
}

static unsigned rd(struct block *b) { return reg(b, 0, 31); }
static unsigned rdn(struct block *b) { return reg(b, 1, 31); }
static unsigned rp(struct block *b) { return reg(b, 8, 15); }
static unsigned rs(struct block *b) { return pick(b, 32); }

static int imm12(struct block *b)
{
	static const int edge[] = {0, 1, -1, 2047, -2048, 31, 32, 63, -32, 1024};

	return pick(b, 3) ? (int)pick(b, 4096) - 2048 : edge[pick(b, 10)];
}

static uint32_t put(struct block *b, unsigned id, uint32_t raw)
{
	struct rv64_image *img = b->img;
	uint32_t at = img->text_bytes, len = (raw & 3) == 3 ? 4 : 2;

	memcpy(img->text + at, &raw, len);
	img->id[at / 2] = (uint8_t)id;
	img->text_bytes += len;
	return at;
}

static void patch(struct block *b, const struct fixup *f, uint32_t target)
{
	uint8_t *p = b->img->text + f->at;
	int d = (int)(target - f->anchor);
	uint32_t w = 0;
	unsigned len = f->kind >= FIX_CJ ? 2 : 4;

	memcpy(&w, p, len);
	switch (f->kind) {
	case FIX_JAL: w |= enc_jal(0, d); break;
	case FIX_BRANCH: w |= enc_b(0, 0, 0, d); break;
	case FIX_I: w |= enc_i(0, 0, 0, 0, d); break;
	case FIX_CJ: w |= enc_c_j(d); break;
	case FIX_CBRANCH: w |= enc_c_branch(0, 0, d); break;
	}
	memcpy(p, &w, len);
}

static void forward(struct block *b, uint32_t at, uint32_t anchor, unsigned kind, unsigned reach)
{
	b->fixup[b->fixups++] = (struct fixup){at, anchor, b->unit + 1 + pick(b, reach), kind};
}

static void resolve(struct block *b, bool all)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->fixups; i++) {
		if (all || b->fixup[i].unit == b->unit)
			patch(b, &b->fixup[i], b->img->text_bytes);
		else
			b->fixup[n++] = b->fixup[i];
	}
	b->fixups = n;
}

/* Point a register so that off(register) lies in the scratch area; the offset is a multiple of `align`. */
static void address(struct block *b, unsigned r, int off, unsigned size, unsigned align)
{
	int at = (int)(pick(b, (RV64_SCRATCH_BYTES - size) / align + 1) * align);

	put(b, ID_addi, enc_addi(r, b->ctx, at - off));
}

static int mem_offset(struct block *b)
{
	return pick(b, 4) ? (int)pick(b, 3584) - 1790 : 0;	/* address() must reach the rest by one addi */
}

static void filler(struct block *b)
{
	unsigned n = pick(b, 6);

	while (n--)
		put(b, ID_addiw, enc_i(0x1b, 0, rd(b), rs(b), imm12(b)));
}

/* Now and then a stretch of illegal instructions nobody may reach, so that offsets use all their bits. Not under a
 * pending branch: it might not reach over it. */
static void gap(struct block *b, unsigned max)
{
	unsigned bytes = 2 * pick(b, max / 2);

	if (b->fixups || bytes > b->gap_left || pick(b, 2))
		return;
	b->gap_left -= bytes;
	b->img->text_bytes += bytes;
}

/* Over a landing pad, back to it, out of the unit: taken or not, every branch ends behind it. */
static void backward(struct block *b, unsigned id, uint32_t raw, unsigned kind)
{
	uint32_t over = put(b, ID_c_j, enc_c_j(0)), pad, out, at;

	pad = b->img->text_bytes;
	filler(b);
	out = put(b, ID_jal, enc_jal(rd(b), 0));
	filler(b);
	gap(b, kind == FIX_CBRANCH ? 160 : 1900);
	patch(b, &(struct fixup){over, over, 0, FIX_CJ}, b->img->text_bytes);
	at = put(b, id, raw);
	patch(b, &(struct fixup){at, at, 0, kind}, pad);
	patch(b, &(struct fixup){out, out, 0, FIX_JAL}, b->img->text_bytes);
}

static void flow(struct block *b, unsigned id, uint32_t raw, unsigned kind, unsigned reach)
{
	uint32_t at;

	if (!pick(b, 3)) {
		backward(b, id, raw, kind);
		return;
	}
	at = put(b, id, raw);
	forward(b, at, at, kind, reach);
}

static void load_reserved(struct block *b, const struct opcode *o, unsigned id)
{
	unsigned base = rdn(b), r, n = pick(b, 4), sc = id == ID_lr_w ? ID_sc_w : ID_sc_d;

	address(b, base, 0, 8, 8);
	do
		r = rd(b);
	while (r == base);
	put(b, id, enc_amo(2, pick(b, 4), o->f3, r, base, 0));
	while (n--) {
		do
			r = rd(b);
		while (r == base);
		put(b, ID_addi, enc_addi(r, rs(b), imm12(b)));
	}
	if (!pick(b, 4))
		address(b, base, 0, 8, 8);		/* mostly another address: SC fails */
	put(b, sc, enc_amo(3, pick(b, 4), o->f3, rd(b), base, rs(b)));
}

static void compressed(struct block *b, const struct opcode *o, unsigned id)
{
	int imm6 = (int)pick(b, 64) - 32, off;
	unsigned r;
	uint32_t at;

	switch (o->shape) {
	case S_ADDI4SPN: put(b, id, enc_c_addi4spn(rp(b), 4 + 4 * pick(b, 255))); break;
	case S_CLOAD:
	case S_CSTORE:
		r = rp(b);
		off = (int)(pick(b, 32) * o->a);
		address(b, r, off, o->a, 1);
		put(b, id, enc_c_mem(o->f3, o->shape == S_CLOAD ? rp(b) : 8 + pick(b, 8), r, (unsigned)off));
		break;
	case S_CNOP: put(b, id, enc_ci(0, 1, 0, pick(b, 2) ? 0 : imm6)); break;
	case S_CI: put(b, id, enc_ci(o->f3, 1, o->f3 ? rd(b) : rdn(b), imm6)); break;
	case S_CADDIW: put(b, id, enc_ci(1, 1, rdn(b), imm6)); break;
	case S_ADDI16SP:
		if (b->ctx != 2)
			put(b, id, enc_c_addi16sp(imm6 ? imm6 * 16 : 16));
		break;
	case S_CLUI:
		do
			r = rd(b);
		while (r == 2);
		put(b, id, enc_ci(3, 1, r, imm6 ? imm6 : -1));
		break;
	case S_CSHIFT:
	case S_CANDI: put(b, id, enc_cb_alu(o->f3, rp(b), imm6)); break;
	case S_CA: put(b, id, enc_ca(o->f3, rp(b), 8 + pick(b, 8))); break;
	case S_CJ: flow(b, id, enc_c_j(0), FIX_CJ, 4); break;
	case S_CBRANCH:
		r = 8 + pick(b, 8);
		if (!pick(b, 2) && r != b->ctx)
			put(b, ID_c_li, enc_ci(2, 1, r, (int)pick(b, 2)));
		flow(b, id, enc_c_branch(o->f3, r, 0), FIX_CBRANCH, 2);
		break;
	case S_CSLLI: put(b, id, enc_ci(0, 1, rd(b), imm6) ^ 3); break;
	case S_CLOADSP:
	case S_CSTORESP:
		if (b->ctx == 2)
			break;
		off = (int)(pick(b, 64) * o->a);
		address(b, 2, off, o->a, 1);
		if (o->f3 == 2)
			put(b, id, enc_c_lwsp(rdn(b), (unsigned)off));
		else if (o->f3 == 3)
			put(b, id, enc_c_ldsp(rdn(b), (unsigned)off));
		else
			put(b, id, o->f3 == 6 ? enc_c_swsp(rs(b), (unsigned)off) : enc_c_sdsp(rs(b), (unsigned)off));
		break;
	case S_CJR:
	case S_CJALR:
		if (o->shape == S_CJALR && b->ctx == 1)
			break;
		r = rdn(b);
		at = put(b, ID_auipc, enc_u(0x17, r, 0));
		put(b, ID_addi, enc_addi(r, r, 0));
		forward(b, at + 4, at, FIX_I, 5);
		put(b, id, enc_cr(o->f3, r, 0));
		break;
	case S_CMV:
	case S_CADD: put(b, id, enc_cr(o->f3, rd(b), 1 + pick(b, 31))); break;
	}
}

static void unit(struct block *b)
{
	unsigned id = 1 + pick(b, IDS - 1), r;
	const struct opcode *o = &opcodes[id];
	uint32_t at;
	int off;

	switch (o->shape) {
	case S_U: put(b, id, enc_u(o->a, rd(b), (uint32_t)rv64_random(&b->img->rng))); break;
	case S_JAL: flow(b, id, enc_jal(rd(b), 0), FIX_JAL, 5); break;
	case S_JALR:
		r = rdn(b);
		at = put(b, ID_auipc, enc_u(0x17, r, 0));
		if (!pick(b, 2))
			put(b, ID_addi, enc_addi(r, r, 1));	/* the odd bit is dropped */
		forward(b, put(b, id, enc_jalr(rd(b), r, 0)), at, FIX_I, 5);
		break;
	case S_BRANCH:
		r = rs(b);
		flow(b, id, enc_b(o->f3, r, pick(b, 4) ? rs(b) : r, 0), FIX_BRANCH, 5);
		break;
	case S_LOAD:
		r = rdn(b);
		off = mem_offset(b);
		address(b, r, off, o->a, 1);
		put(b, id, enc_i(0x03, o->f3, rd(b), r, off));
		break;
	case S_STORE:
		r = rdn(b);
		off = mem_offset(b);
		address(b, r, off, o->a, 1);
		put(b, id, enc_s(o->f3, r, rs(b), off));
		break;
	case S_I: put(b, id, enc_i(o->a, o->f3, rd(b), rs(b), imm12(b))); break;
	case S_SHIFT: put(b, id, enc_i(o->a, o->f3, rd(b), rs(b), (int)(pick(b, 64) | o->b))); break;
	case S_SHIFTW: put(b, id, enc_i(o->a, o->f3, rd(b), rs(b), (int)(pick(b, 32) | o->b))); break;
	case S_R: put(b, id, enc_r(o->a, o->f3, o->b, rd(b), rs(b), rs(b))); break;
	case S_LR: load_reserved(b, o, id); break;
	case S_SC:
	case S_AMO:
		r = rdn(b);
		address(b, r, 0, o->a, o->a);
		put(b, id, enc_amo(o->b, pick(b, 4), o->f3, rd(b), r, rs(b)));
		break;
	case S_FENCE: put(b, id, enc_i(0x0f, 0, 0, 0, (int)(0x11 * (1 + pick(b, 15))))); break;
	case S_FENCE_I: put(b, id, enc_i(0x0f, 1, 0, 0, 0)); break;
	default: compressed(b, o, id);
	}
}

void rv64_gen_block(struct rv64_image *img)
{
	struct block b = {.img = img, .gap_left = 3000};
	unsigned units = 16 + pick(&b, 64);

	b.ctx = 1 + pick(&b, 31);
	if (b.ctx != 31) {
		put(&b, 0, enc_addi(b.ctx, 31, 0));
		put(&b, 0, enc_ld(31, b.ctx, CTX_X31));
	}
	if (b.ctx != 1)
		put(&b, 0, enc_ld(1, b.ctx, CTX_X1));
	for (b.unit = 0; b.unit < units; b.unit++) {
		resolve(&b, false);
		unit(&b);
	}
	resolve(&b, true);
	if (b.ctx != 31) {
		put(&b, 0, enc_sd(31, b.ctx, CTX_X31));
		put(&b, 0, enc_addi(31, b.ctx, 0));
	}
	put(&b, 0, enc_jal(0, (int)(img->ret - img->text_bytes)));
}
