// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Bad packets and jobs that never end: the job at fault gets an error, its neighbours get their results. */
#include "ks.h"

struct bad {
	const char *name;
	union weft_packet packet;
	uint32_t cause;
	uint64_t va;
};

static const struct bad bad_packets[] = {
	{ "unknown opcode", { .hdr = { .op = 200 } }, WEFT_FAULT_OPCODE, 0 },
	{ "reserved field", { .nop = { .op = WEFT_PKT_NOP, .reserved = { 1 } } }, WEFT_FAULT_FIELD, 0 },
	{ "unmapped", { .copy = { .op = WEFT_PKT_COPY, .src = 0x7000000000ULL, .dst = KS_DATA_VA, .bytes = 64 } },
	  WEFT_FAULT_PT_INVALID, 0x7000000000ULL },
	{ "address beyond 48 bits",
	  { .copy = { .op = WEFT_PKT_COPY, .src = 1ULL << 50, .dst = KS_DATA_VA, .bytes = 64 } },
	  WEFT_FAULT_PT_RANGE, 1ULL << 50 },
	{ "misaligned operand", { .timestamp = { .op = WEFT_PKT_TIMESTAMP, .dst = KS_DATA_VA + 4 } },
	  WEFT_FAULT_ALIGN, KS_DATA_VA + 4 },
	{ "misaligned list", { .call = { .op = WEFT_PKT_CALL, .npackets = 1, .list = KS_LIST_VA + 32 } },
	  WEFT_FAULT_ALIGN, KS_LIST_VA + 32 },
	{ "FENCE in a list", { .fence = { .op = WEFT_PKT_FENCE, .value = ~0ULL } }, WEFT_FAULT_PRIVILEGE, 0 },
	{ "endless CALL", { .call = { .op = WEFT_PKT_CALL, .npackets = 1, .list = KS_LIST_VA } },
	  WEFT_FAULT_NESTING, 0 },
	{ "unknown operator", { .exec = { .op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = 999 } },
	  WEFT_FAULT_OPERATOR, 0 },
	{ "operand beyond the table", { .copy = { .op = WEFT_PKT_COPY, .flags = WEFT_PKT_TABLE, .dst = 5, .src = 0,
	  .bytes = 64 } }, WEFT_FAULT_OPERAND, 0 },
};

static int each_bad_packet(void)
{
	struct drm_weft_queue_state state;
	struct ks_rig rig, neighbour;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&neighbour, 0, 0));
	for (size_t i = 0; i < sizeof(bad_packets) / sizeof(bad_packets[0]); i++) {
		const struct bad *bad = &bad_packets[i];
		uint32_t op = bad->packet.hdr.op, at = op == WEFT_PKT_CALL ? 0 : 1;

		/* a good packet, the bad one, and one that must not run */
		memset(rig.data, 0, 128);
		rig.list[0].fill = (struct weft_pkt_fill){
			.op = WEFT_PKT_FILL, .width = 8, .dst = KS_DATA_VA, .bytes = 8, .pattern = 1,
		};
		if (bad->packet.hdr.op == WEFT_PKT_CALL)	/* endless CALL calls itself */
			rig.list[0] = bad->packet;
		rig.list[1] = bad->packet;
		rig.list[2].fill = (struct weft_pkt_fill){
			.op = WEFT_PKT_FILL, .width = 8, .dst = KS_DATA_VA + 64, .bytes = 8, .pattern = 1,
		};
		KS_OK(ks_rig_submit(&neighbour, 0 + 1, 0));
		KS_IS(ks_rig_run(&rig, 3, 1), -EFAULT);
		KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
		KS_CHECK(state.cause == bad->cause, "%s: cause %u, wanted %u", bad->name, state.cause, bad->cause);
		KS_CHECK(state.fault_va == bad->va, "%s: va %llx", bad->name, (unsigned long long)state.fault_va);
		if (op == WEFT_PKT_EXEC)
			op |= (uint32_t)bad->packet.exec.oper << 8;
		KS_CHECK(state.fault_op == op, "%s: operation %#x, wanted %#x", bad->name, state.fault_op, op);
		KS_CHECK(state.fault_packet == at && state.fault_list == KS_LIST_VA, "%s: packet %u of list %#llx", bad->name,
			 state.fault_packet, (unsigned long long)state.fault_list);
		KS_CHECK(state.faults == i + 1, "%s: %u faults", bad->name, state.faults);
		KS_CHECK(rig.data[64] == 0, "%s: a later packet ran", bad->name);
		KS_OK(ks_rig_wait(&neighbour));
		KS_OK(ks_rig_alive(&neighbour));
		KS_OK(ks_rig_alive(&rig));
	}
	ks_rig_close(&neighbour);
	ks_rig_close(&rig);
	return 0;
}

static int read_only(void)
{
	struct drm_weft_queue_state state;
	struct ks_rig rig;
	const uint64_t va = 0x300000000ULL;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_bind(rig.fd, rig.vm, rig.data_handle, va, KS_DATA_BYTES, DRM_WEFT_BIND_READ));
	rig.list[0].copy = (struct weft_pkt_copy){
		.op = WEFT_PKT_COPY, .src = va, .dst = KS_DATA_VA + 4096, .bytes = 64,
	};
	KS_OK(ks_rig_run(&rig, 1, 0));
	rig.list[0].copy = (struct weft_pkt_copy){
		.op = WEFT_PKT_COPY, .src = KS_DATA_VA + 4096, .dst = va, .bytes = 64,
	};
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.cause, WEFT_FAULT_PT_WRITE);
	KS_CHECK(state.fault_va == va);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* Jobs behind the one at fault are cancelled, later ones run. */
static int behind_the_fault(void)
{
	struct ks_rig rig;
	uint64_t faulted;

	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 100000000 };
	rig.list[1].hdr.op = 200;
	KS_OK(ks_rig_submit(&rig, 2, 0));
	faulted = rig.point;
	for (int i = 0; i < 5; i++)
		KS_OK(ks_rig_submit(&rig, 1, 0));
	KS_IS(ks_rig_wait(&rig), -ECANCELED);
	rig.point = faulted;
	KS_IS(ks_rig_wait(&rig), -EFAULT);
	rig.point = faulted + 5;
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

static int too_long(void)
{
	struct drm_weft_queue_state state;
	struct ks_rig rig;
	int64_t start;

	KS_OK(ks_rig_open(&rig, 0, 200));
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 600LL * KS_SECOND };
	start = ks_now_ns();
	KS_IS(ks_rig_run(&rig, 1, 0), -ETIME);
	KS_CHECK(ks_now_ns() - start < 20 * KS_SECOND, "took %lld ms", (long long)(ks_now_ns() - start) / 1000000);
	KS_OK(ks_queue_state(rig.fd, rig.queue, &state));
	KS_IS(state.faults, 1);
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

/* A product of 16384 cubed, 8.8 TFLOP, is stopped by its time limit, and its neighbour works meanwhile. */
static int giant_product(void)
{
	struct ks_rig rig, neighbour;
	uint32_t handle;
	const uint64_t va = 0x300000000ULL, bytes = 32ULL << 20;
	int64_t start;

	KS_OK(ks_rig_open(&rig, 0, 500));
	KS_OK(ks_rig_open(&neighbour, 0, 0));
	KS_OK(ks_gem_create(rig.fd, bytes, DRM_WEFT_PLACE_LOCAL, 0, &handle));
	/* 1 GiB a matrix out of one object bound 32 times over: what matters is the work, not the numbers */
	for (int i = 0; i < 3 * 32; i++)
		KS_OK(ks_bind(rig.fd, rig.vm, handle, va + i * bytes, bytes,
			      DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE));
	for (int i = 0; i < 3; i++)
		rig.table[i] = (struct weft_operand){ .base = va + i * (1ULL << 30), .depth = 1, .mul = 1, .div = 1 };
	rig.list[0].exec = (struct weft_pkt_exec){
		.op = WEFT_PKT_EXEC, .flags = WEFT_PKT_TABLE, .oper = WEFT_OP_GEMM_F32, .noperands = 3,
		.u.index = { 0, 1, 2 }, .dim = { 16384, 16384, 16384 }, .scalar = { 0x3f800000 },
	};
	KS_OK(ks_rig_submit(&rig, 1, 3));
	for (int i = 0; i < 5; i++)
		KS_OK(ks_rig_alive(&neighbour));
	start = ks_now_ns();
	KS_IS(ks_rig_wait(&rig), -ETIME);
	KS_CHECK(ks_now_ns() - start < 20 * KS_SECOND);
	KS_OK(ks_rig_alive(&rig));
	KS_OK(ks_rig_alive(&neighbour));
	ks_rig_close(&neighbour);
	ks_rig_close(&rig);
	return 0;
}

/* Destroying a busy queue cancels its jobs. */
static int destroy_busy(void)
{
	struct ks_rig rig;

	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 100LL * KS_SECOND };
	for (int i = 0; i < 3; i++)
		KS_OK(ks_rig_submit(&rig, 1, 0));
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	KS_IS(ks_rig_wait(&rig), -ECANCELED);
	KS_OK(ks_queue_create(rig.fd, rig.vm, 0, &rig.queue));
	KS_OK(ks_rig_alive(&rig));
	ks_rig_close(&rig);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "each bad packet", each_bad_packet },
		{ "write to a read-only address", read_only },
		{ "jobs behind a fault are cancelled, later ones run", behind_the_fault },
		{ "a job over its time limit is stopped", too_long },
		{ "a 16384 cubed product is stopped", giant_product },
		{ "destroying a busy queue cancels its jobs", destroy_busy },
	};

	return ks_main("fault", tests, sizeof(tests) / sizeof(tests[0]));
}
