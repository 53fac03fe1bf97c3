// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* What packets refuse: operand tables, opcodes, reserved fields, values, privilege. */
#include "rig.h"

#include <string.h>

static void operands(void)
{
	struct card *c = CARD;
	union weft_packet p;

	card_need(c);
	struct rig r = rig_open(c);
	random_bytes(r.local + 4096, 4096);
	rig_operand(&r, 3, RIG_LOCAL + 4096);
	rig_bare_operand(&r, 4095, (struct weft_operand){ .base = RIG_LOCAL, .stride = 0x2000, .depth = 7, .phase = 4,
							 .mul = 3, .div = 2, .skew = -5, .level = 0 });
	p = pkt_copy(4095, 3, 4096);
	p.copy.flags = WEFT_PKT_TABLE;
	rig_run(&r, &p, 1);
	CHECK(!memcmp(r.local + 0x8000, r.local + 4096, 4096), "COPY by table: base + phase * stride");
	p = pkt_fill(3, 4096, 4, 0x11111111);
	p.fill.flags = WEFT_PKT_TABLE;
	rig_run(&r, &p, 1);
	CHECK_EQ(*(uint32_t *)(void *)(r.local + 8188), 0x11111111, "FILL by table");
	p = pkt_timestamp(3);
	p.timestamp.flags = WEFT_PKT_TABLE;
	rig_run(&r, &p, 1);
	CHECK(*(uint64_t *)(void *)(r.local + 4096) != 0x1111111111111111, "TIMESTAMP by table");
	/* indices and entries that are wrong */
	r.ntable = 4;
	p = pkt_fill(4, 64, 4, 0);
	p.fill.flags = WEFT_PKT_TABLE;
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPERAND });
	p.fill.dst = 0x10003;
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPERAND });
	p.fill.dst = 3;
	r.ntable = 0;
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPERAND });
	r.ntable = WEFT_OPERANDS_MAX;
	const struct weft_operand ok = { .base = RIG_LOCAL, .depth = 2, .mul = 1, .div = 1 };
	struct weft_operand bad[6] = { ok, ok, ok, ok, ok, ok };
	bad[0].depth = 0;
	bad[1].phase = 2;
	bad[2].mul = 0;
	bad[3].div = 0;
	bad[4].reserved = 1;
	bad[5].flags = 0x80;
	for (unsigned i = 0; i < 6; i++) {
		ct_about("malformed entry %u", i);
		rig_bare_operand(&r, 3, bad[i]);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPERAND });
	}
	ct_about("%s", "");
	if (c->caps & WEFT_CAP_LOOP) {	/* a LOOP that is not there */
		bad[0] = ok;
		bad[0].level = 1;
		rig_bare_operand(&r, 3, bad[0]);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_NESTING });
	}
	if (c->caps & WEFT_CAP_INDIRECT) {
		struct weft_operand_indirect in = { .index = 5, .first = 6, .count = 1 };

		memset(r.local, 0, 4);
		rig_operand(&r, 5, RIG_LOCAL);
		rig_operand(&r, 6, RIG_LOCAL + 4096);
		bad[0] = (struct weft_operand){ .flags = WEFT_OPND_INDIRECT };
		memcpy(&bad[0].base, &in, sizeof(in));
		rig_bare_operand(&r, 3, bad[0]);
		rig_run(&r, &p, 1);
		in.reserved = 1;
		memcpy(&bad[0].base, &in, sizeof(in));
		rig_bare_operand(&r, 3, bad[0]);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPERAND });
	} else {
		bad[0] = ok;
		bad[0].flags = WEFT_OPND_INDIRECT;
		rig_bare_operand(&r, 3, bad[0]);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPERAND });
	}
}

static void opcodes(void)
{
	static const struct { uint8_t op; uint64_t cap; } behind[] = {
		{ WEFT_PKT_EXEC, WEFT_CAP_EXEC }, { WEFT_PKT_REDUCE, WEFT_CAP_REDUCE }, { WEFT_PKT_TIMED, WEFT_CAP_TIMED },
		{ WEFT_PKT_CALL, WEFT_CAP_CALL }, { WEFT_PKT_WAIT, WEFT_CAP_CELLS }, { WEFT_PKT_SIGNAL, WEFT_CAP_CELLS },
		{ WEFT_PKT_WAIT_ALL, WEFT_CAP_CELL_LISTS }, { WEFT_PKT_SIGNAL_ALL, WEFT_CAP_CELL_LISTS },
		{ WEFT_PKT_LOOP, WEFT_CAP_LOOP }, { WEFT_PKT_BREAK, WEFT_CAP_LOOP }, { WEFT_PKT_RANGE, WEFT_CAP_PRED },
		{ WEFT_PKT_PRED, WEFT_CAP_PRED },
	};
	struct card *c = CARD;
	union weft_packet p = { 0 };

	card_need(c);
	struct rig r = rig_open(c);
	for (unsigned op = WEFT_PKT_OP_COUNT; op < 256; op++) {
		p.hdr.op = (uint8_t)op;
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OPCODE });
	}
	for (unsigned i = 0; i < ARRAY_LEN(behind); i++) {
		if (c->caps & behind[i].cap)
			continue;
		ct_about("opcode %u without its capability", behind[i].op);
		p.hdr.op = behind[i].op;
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_CAP, .or_cause = behind[i].op == WEFT_PKT_WAIT ||
			behind[i].op == WEFT_PKT_WAIT_ALL ? WEFT_FAULT_PRIVILEGE : 0 });
	}
}

/* Sets each byte of a good packet that the contract calls reserved. */
static void reserved(void)
{
	static const struct { uint8_t op, from, to; uint64_t cap; } r0[] = {
		{ WEFT_PKT_NOP, 2, 64, 0 },
		{ WEFT_PKT_COPY, 2, 4, 0 }, { WEFT_PKT_COPY, 48, 64, 0 },
		{ WEFT_PKT_FILL, 3, 8, 0 }, { WEFT_PKT_FILL, 32, 64, 0 },
		{ WEFT_PKT_TIMESTAMP, 2, 8, 0 }, { WEFT_PKT_TIMESTAMP, 16, 64, 0 },
		{ WEFT_PKT_TIMED, 2, 8, WEFT_CAP_TIMED }, { WEFT_PKT_TIMED, 16, 64, WEFT_CAP_TIMED },
		{ WEFT_PKT_CALL, 2, 4, WEFT_CAP_CALL }, { WEFT_PKT_CALL, 28, 64, WEFT_CAP_CALL },
		{ WEFT_PKT_REDUCE, 10, 16, WEFT_CAP_REDUCE | WEFT_CAP_CALL },
		{ WEFT_PKT_REDUCE, 32, 64, WEFT_CAP_REDUCE | WEFT_CAP_CALL },
		{ WEFT_PKT_EXEC, 6, 8, WEFT_CAP_EXEC },
	};
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c);
	rig_operand(&r, 0, RIG_LOCAL);
	rig_operand(&r, 1, RIG_LOCAL + 4096);
	for (unsigned i = 0; i < ARRAY_LEN(r0); i++) {
		union weft_packet good = { 0 };

		if (r0[i].cap & ~c->caps)
			continue;
		switch (r0[i].op) {
		case WEFT_PKT_COPY: good = pkt_copy(RIG_LOCAL, RIG_LOCAL + 4096, 64); break;
		case WEFT_PKT_FILL: good = pkt_fill(RIG_LOCAL, 64, 4, 1); break;
		case WEFT_PKT_TIMESTAMP: good = pkt_timestamp(RIG_LOCAL); break;
		case WEFT_PKT_TIMED: good = pkt_timed(10); break;
		case WEFT_PKT_CALL: good = pkt_call(RIG_LIST + 0x4000, 1, 0, 0); break;
		case WEFT_PKT_REDUCE: good = pkt_reduce(WEFT_I32, WEFT_SUM, 1, 1, 0, 1, 4); break;
		case WEFT_PKT_EXEC:
			good = (union weft_packet){ .exec = { .op = WEFT_PKT_EXEC, .oper = WEFT_OP_RELU_F32, .noperands = 2,
				.u.va = { RIG_LOCAL, RIG_LOCAL + 4096 }, .dim = { 16 } } };
			break;
		}
		memset(r.list + 0x4000, 0, 64);
		rig_run(&r, &good, 1);
		for (unsigned b = r0[i].from; b < r0[i].to; b++) {
			union weft_packet p = good;

			((uint8_t *)&p)[b] = (uint8_t)(1u << ct_below(8));
			ct_about("opcode %u with byte %u set", r0[i].op, b);
			rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
		}
		union weft_packet p = good;
		p.hdr.flags |= 0x80;
		ct_about("opcode %u with an unknown flag", r0[i].op);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
		ct_about("%s", "");
	}
}

static void values(void)
{
	struct card *c = CARD;
	union weft_packet p;

	card_need(c);
	struct rig r = rig_open(c);
	static const uint8_t widths[] = { 0, 3, 5, 6, 7, 16, 255 };
	for (unsigned i = 0; i < ARRAY_LEN(widths); i++) {
		p = pkt_fill(RIG_LOCAL, 240, widths[i], 1);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	}
	p = pkt_fill(RIG_LOCAL + 2, 64, 4, 1);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_ALIGN, VA_IN(RIG_LOCAL + 2, 1) });
	p = pkt_fill(RIG_LOCAL, 66, 4, 1);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	p = pkt_copy(RIG_LOCAL, RIG_LOCAL + 8192, 100);
	p.copy.rows = 2;
	p.copy.dst_pitch = 99;
	p.copy.src_pitch = 100;
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	p.copy.dst_pitch = 100;
	p.copy.src_pitch = 99;
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	static const int64_t shift[] = { 1, -1, 63, -63, 8 };
	for (unsigned i = 0; i < ARRAY_LEN(shift); i++) {
		p = pkt_copy(RIG_LOCAL + 4096, RIG_LOCAL + 4096 + (uint64_t)shift[i], 64);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OVERLAP });
	}
	ct_about("COPY whose rows interleave");
	/* rows count as one range from their first to their last byte */
	p = pkt_copy(RIG_LOCAL, RIG_LOCAL + 64, 64);
	p.copy.rows = 3;
	p.copy.dst_pitch = p.copy.src_pitch = 128;
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OVERLAP });
	ct_about("%s", "");
	/* nothing to do touches and translates nothing */
	p = pkt_copy(RIG_HOLE, RIG_HOLE + 4096, 0);
	rig_run(&r, &p, 1);
	p = pkt_fill(RIG_HOLE, 0, 4, 1);
	rig_run(&r, &p, 1);
	/* … but its fields are checked */
	p = pkt_fill(RIG_HOLE, 0, 3, 1);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	p = pkt_copy(RIG_HOLE, RIG_HOLE + 4096, 0);
	p.copy.flags = 0x40;
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	/* the source comes first, and overlap is a matter of addresses */
	p = pkt_copy(RIG_HOLE + 8192, RIG_HOLE, 64);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PT_INVALID, VA_IN(RIG_HOLE, 1) });
	p = pkt_copy(RIG_HOLE, RIG_HOLE + 32, 64);
	rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_OVERLAP });
	p = pkt_copy(RIG_LOCAL + 4096, RIG_LOCAL + 4096 + 64, 64);
	rig_run(&r, &p, 1);	/* touching ranges do not overlap */
	if (c->caps & WEFT_CAP_TIMED) {
		p = pkt_timed((UINT64_C(1) << 40) + 1);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_FIELD });
	}
}

static void privilege(void)
{
	struct card *c = CARD;
	union weft_packet p = { .fence = { .op = WEFT_PKT_FENCE, .value = 77 } };

	card_need(c);
	struct rig r = rig_open(c);
	if (r.call)
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PRIVILEGE });
	for (unsigned all = 0; all < 2; all++) {
		if (!(c->caps & (all ? WEFT_CAP_CELL_LISTS : WEFT_CAP_CELLS)))
			continue;
		p = (union weft_packet){ .wait = { .op = all ? WEFT_PKT_WAIT_ALL : WEFT_PKT_WAIT, .count = all,
						   .end_level = WEFT_WAIT_NO_LOOP, .u.one = { .cell = RIG_LOCAL } } };
		ct_about("%s in a FENCE space", all ? "WAIT_ALL" : "WAIT");
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PRIVILEGE });	/* behind CALL, where there is one */
		uint32_t nevt = c->nevt;
		queue_push(r.q, &p);
		queue_kick(r.q);
		rig_expect_fault(&r, ~UINT64_C(0), nevt, NULL, (struct fault){ .cause = WEFT_FAULT_PRIVILEGE });
		rig_renew(&r);
	}
	ct_about("%s", "");
	if ((c->caps & WEFT_CAP_LOOP) && r.call) {
		memset(r.list + 0x4000, 0, 64);
		p = pkt_call(RIG_LIST + 0x4000, 1, 0, 0);
		p.call.op = WEFT_PKT_LOOP;
		p.call.count = rd32(c, WEFT_REG_FENCE_LOOP_MAX) + UINT64_C(1);
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PRIVILEGE });
		p.call.count = 0;
		rig_fault(&r, &p, 1, (struct fault){ .cause = WEFT_FAULT_PRIVILEGE });
	}
	/* a FENCE in the ring with wrong fields */
	p = (union weft_packet){ .fence = { .op = WEFT_PKT_FENCE, .irq = 2, .value = 78 } };
	uint32_t from = c->nevt;
	queue_push(r.q, &p);
	queue_kick(r.q);
	rig_expect_fault(&r, 78, from, NULL, (struct fault){ .cause = WEFT_FAULT_FIELD });
	rig_renew(&r);
	p = (union weft_packet){ .fence = { .op = WEFT_PKT_FENCE, .irq = 1, .value = 79, .reserved = { [5] = 1 } } };
	from = c->nevt;
	queue_push(r.q, &p);
	queue_kick(r.q);
	rig_expect_fault(&r, 79, from, NULL, (struct fault){ .cause = WEFT_FAULT_FIELD });
	rig_renew(&r);
}

static const struct ct_test tests[] = {
	{ "operand table outside LOOP", operands, WEFT_CAP_CALL, 0, false },
	{ "unknown opcodes, opcodes without capability", opcodes, 0, 0, false },
	{ "each reserved byte and unknown flags", reserved, 0, 0, false },
	{ "values out of range, overlap", values, 0, 0, false },
	{ "privilege: FENCE, WAIT, LOOP", privilege, 0, 0, false },
};
CT_SECTION(fields);
