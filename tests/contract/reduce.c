// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* REDUCE: every type and operation against model.c, source counts, destinations, faults. */
#include "model.h"
#include "rig.h"

#include <string.h>

static const char *const dtype_name[] = { "f32", "f16", "bf16", "i32", "i8", "u8" };
static const char *const rop_name[] = { "sum", "prod", "max", "min", "avg" };

/* Values with exponents that neither overflow nor vanish in products of 16, and specials in a few places. */
static void values(unsigned dtype, unsigned rop, void *p, uint64_t count, unsigned n)
{
	static const float special[] = { 0.0f, -0.0f, 1.0f, -1.0f };

	for (uint64_t i = 0; i < count; i++) {
		int64_t v = (int64_t)ct_rand();
		float f = ((float)(v & 0xfffff) / 524288.0f - 1.0f) * (rop == WEFT_PROD ? 1.9f : 100.0f);
		uint32_t nan = 0x7fc00000, inf = 0x7f800000;

		if (i % 97 == 5)
			f = special[ct_below(4)];
		if (i % 211 == 7 && ct_below(4) == 0)
			memcpy(&f, &nan, 4);
		if (i % 223 == 9 && ct_below(4) == 0)
			memcpy(&f, &inf, 4);
		if (rop == WEFT_AVG)
			v = dtype == WEFT_I32 ? v % 100000000 : dtype == WEFT_U8 ? (v & 0xff) / n : (v % 128) / (int)n;
		uint16_t h = dtype == WEFT_F16 ? model_to_half(f) : model_to_bf16(f);
		uint8_t *at = (uint8_t *)p + model_elem_bytes(dtype) * i;
		if (dtype == WEFT_F32)
			memcpy(at, &f, 4);
		else if (dtype <= WEFT_BF16)
			memcpy(at, &h, 2);
		else
			memcpy(at, &v, model_elem_bytes(dtype));
	}
}

static void one(struct rig *r, unsigned dtype, unsigned rop, unsigned n, unsigned m, uint64_t count, uint64_t offset)
{
	static uint8_t want[65536];
	const void *src[WEFT_REDUCE_MAX];
	uint64_t step = 65536, w = model_elem_bytes(dtype);

	for (unsigned k = 0; k < n; k++) {
		uint64_t va = (k % 3 == 2 ? RIG_HOST : RIG_LOCAL) + k * step;

		rig_operand(r, 10 + k, va);
		values(dtype, rop, rig_at(r, va) + offset, count, n);
		src[k] = rig_at(r, va) + offset;
	}
	model_reduce(dtype, rop, n, src, count, want);
	for (unsigned k = 0; k < m; k++) {
		uint64_t va = (k % 2 ? RIG_HOST : RIG_LOCAL) + (16 + k) * step;

		rig_operand(r, 40 + k, va);
		memset(rig_at(r, va), 0x5a, count * w + offset + 64);
	}
	union weft_packet p = pkt_reduce((uint8_t)dtype, (uint8_t)rop, (uint8_t)n, (uint8_t)m, 10, 40, count);
	p.reduce.offset = offset;
	rig_run(r, &p, 1);
	for (unsigned k = 0; k < m; k++) {
		const uint8_t *got = rig_at(r, (k % 2 ? RIG_HOST : RIG_LOCAL) + (16 + k) * step);

		for (uint64_t i = 0; i < count; i++)
			CHECK(model_equal(dtype, got + offset, want, i),
			      "%s %s of %u sources: destination %u, element %llu of %llu differs", dtype_name[dtype],
			      rop_name[rop], n, k, (unsigned long long)i, (unsigned long long)count);
		CHECK(got[offset + count * w] == 0x5a, "byte behind destination %u was written", k);
		CHECK(!offset || got[offset - 1] == 0x5a, "byte before destination %u was written", k);
	}
}

static void all(void)
{
	card_need(CARD);
	struct rig r = rig_open(CARD);

	for (unsigned dtype = 0; dtype < WEFT_DTYPE_COUNT; dtype++)
		for (unsigned rop = 0; rop < WEFT_REDUCE_OP_COUNT; rop++) {
			one(&r, dtype, rop, (unsigned)ct_between(2, 16), 1, 700, 0);
			one(&r, dtype, rop, (unsigned)ct_between(1, 7), (unsigned)ct_between(1, 3), ct_between(1, 300), 64);
		}
}

static void counts(void)
{
	card_need(CARD);
	struct rig r = rig_open(CARD);

	for (unsigned n = 1; n <= WEFT_REDUCE_MAX; n++) {
		one(&r, WEFT_F32, WEFT_SUM, n, n, 333, 0);
		one(&r, WEFT_BF16, WEFT_SUM, n, 1, 129, 2);
		one(&r, WEFT_F16, WEFT_AVG, n, 17 - n, 65, 6);
		one(&r, WEFT_F32, WEFT_PROD, n, 2, 1, 4);
	}
}

static void in_place(void)
{
	struct card *c = CARD;
	uint32_t a[256], b[256];

	card_need(c);
	struct rig r = rig_open(c);
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	memcpy(r.local, a, sizeof(a));
	memcpy(r.local + 4096, b, sizeof(b));
	rig_operand(&r, 0, RIG_LOCAL);
	rig_operand(&r, 1, RIG_LOCAL + 4096);
	rig_operand(&r, 2, RIG_LOCAL + 4096);		/* also a destination, and the same source twice */
	rig_operand(&r, 3, RIG_LOCAL);
	union weft_packet p = pkt_reduce(WEFT_I32, WEFT_SUM, 3, 2, 0, 2, 256);
	rig_run(&r, &p, 1);
	for (unsigned i = 0; i < 256; i++) {
		CHECK_EQ(((uint32_t *)(void *)r.local)[i], a[i] + 2 * b[i], "in-place sum");
		CHECK_EQ(((uint32_t *)(void *)(r.local + 4096))[i], a[i] + 2 * b[i], "in-place sum");
	}
	p.reduce.count = 0;
	rig_run(&r, &p, 1);
	CHECK_EQ(((uint32_t *)(void *)r.local)[0], a[0] + 2 * b[0], "after count 0");
	/* entries with a phase */
	rig_bare_operand(&r, 4, (struct weft_operand){ .base = RIG_LOCAL, .stride = 8192, .depth = 4, .phase = 3, .mul = 1, .div = 1 });
	p = pkt_reduce(WEFT_U8, WEFT_MAX, 1, 1, 0, 4, 100);
	rig_run(&r, &p, 1);
	CHECK(!memcmp(r.local + 3 * 8192, r.local, 100), "destination by phase");
}

static void large(void)
{
	struct card *c = CARD;
	uint64_t n = 200000;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned k = 0; k < 4; k++) {
		rig_operand(&r, k, RIG_LOCAL + k * (1u << 20));
		for (uint64_t i = 0; i < n; i++)
			((int32_t *)(void *)(r.local + k * (1u << 20)))[i] = (int32_t)(i * (k + 1));
	}
	rig_operand(&r, 4, RIG_HOST);
	union weft_packet p = pkt_reduce(WEFT_I32, WEFT_SUM, 4, 1, 0, 4, n);
	rig_run(&r, &p, 1);
	for (uint64_t i = 0; i < n; i++)
		CHECK_EQ(((int32_t *)(void *)r.host)[i], (int32_t)(i * 10), "element of a large sum");
}

static void refused(void)
{
	struct card *c = CARD;
	const union weft_packet ok = pkt_reduce(WEFT_F32, WEFT_SUM, 2, 1, 0, 2, 64);
	union weft_packet p;

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned i = 0; i < 64; i++)
		rig_operand(&r, i, RIG_LOCAL + i * 4096);
#define TRY(field, value, ...) \
	do { \
		p = ok; \
		p.reduce.field = (value); \
		ct_about("REDUCE with " #field " = " #value); \
		rig_fault(&r, &p, 1, (struct fault){ __VA_ARGS__ }); \
		ct_about("%s", ""); \
	} while (0)
	TRY(dtype, WEFT_DTYPE_COUNT, .cause = WEFT_FAULT_FIELD);
	TRY(dtype, 255, .cause = WEFT_FAULT_FIELD);
	TRY(rop, WEFT_REDUCE_OP_COUNT, .cause = WEFT_FAULT_FIELD);
	TRY(nsrc, 0, .cause = WEFT_FAULT_FIELD);
	TRY(nsrc, 17, .cause = WEFT_FAULT_FIELD);
	TRY(ndst, 0, .cause = WEFT_FAULT_FIELD);
	TRY(ndst, 17, .cause = WEFT_FAULT_FIELD);
	TRY(flags, 0, .cause = WEFT_FAULT_FIELD);
	TRY(src_first, 4095, .cause = WEFT_FAULT_OPERAND);
	TRY(dst_first, 4096, .cause = WEFT_FAULT_OPERAND);
	TRY(offset, 2, .cause = WEFT_FAULT_ALIGN, VA_IN(RIG_LOCAL + 2, 1));
	rig_operand(&r, 1, RIG_LOCAL + 4096 + 1);
	TRY(count, 8, .cause = WEFT_FAULT_ALIGN, VA_IN(RIG_LOCAL + 4097, 1));
	rig_operand(&r, 1, RIG_LOCAL + 8192 + 4);	/* destination is RIG_LOCAL + 8192 */
	TRY(count, 64, .cause = WEFT_FAULT_OVERLAP);
	rig_operand(&r, 1, RIG_LOCAL + 8192 - 64 * 4 + 4);
	TRY(count, 64, .cause = WEFT_FAULT_OVERLAP);
	rig_operand(&r, 1, RIG_LOCAL + 128);		/* the two sources overlap */
	TRY(nsrc, 2, .cause = WEFT_FAULT_OVERLAP);
	rig_operand(&r, 1, RIG_HOLE);
	TRY(count, 64, .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE, 1));
	rig_operand(&r, 1, RIG_LOCAL + 4096);
	rig_operand(&r, 2, RIG_HOLE);
	TRY(count, 64, .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE, 1));
#undef TRY
}

#define CAPS (WEFT_CAP_REDUCE | WEFT_CAP_CALL)
static const struct ct_test tests[] = {
	{ "every type and operation", all, CAPS, 0, false },
	{ "1 to 16 sources and destinations, offsets", counts, CAPS, 0, false },
	{ "in place, equal ranges, phase, count 0", in_place, CAPS, 0, false },
	{ "a sum larger than one abort unit", large, CAPS, 0, false },
	{ "fields, operands, alignment, overlap, faults", refused, CAPS, 0, false },
};
CT_SECTION_OF(reduce, CAPS);
