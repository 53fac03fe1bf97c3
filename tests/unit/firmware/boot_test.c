// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The real image in the card's own RV64 interpreter, on the same model of the devices: what native tests of the core
 * cannot see (entry, linker script, register access, wfi, traps). Arguments: weft-fw.bin weft-fw-loop.bin
 */
#include <time.h>

#include "firmware/abi/boot.h"
#include "fw_rig.h"
#include "tools/card/rv64.h"

#define BUDGET	2000000		/* instructions; whatever the firmware does at once takes far less */

static const char *image_path, *loop_path;

struct machine {
	struct cp_model m;
	struct wcard_rv64 cpu;
	uint8_t *ram;
	bool break_lmem;		/* local memory does not answer */
	uint32_t seq;
};

static void update_lines(struct machine *c)
{
	bool external = (c->m.hal.read32(&c->m.hal, WEFT_CP_IRQ) & c->m.irq_enable) != 0;

	wcard_rv64_set_line(&c->cpu, WCARD_RV64_MEI, external);
	wcard_rv64_set_line(&c->cpu, WCARD_RV64_MTI, c->m.now_ns >= c->m.timecmp_ns);
}

static int load(void *ctx, uint64_t addr, unsigned size, uint64_t *val)
{
	struct machine *c = ctx;
	unsigned violations = c->m.violations;

	*val = 0;
	if (addr >= WEFT_CP_LMEM) {
		if (c->break_lmem)
			return -1;
		c->m.hal.lmem_read(&c->m.hal, addr - WEFT_CP_LMEM, val, size);
	} else if (size == 4) {
		*val = c->m.hal.read32(&c->m.hal, (uint32_t)addr);
	} else if (size == 8) {
		*val = c->m.hal.read64(&c->m.hal, (uint32_t)addr);
	} else {
		c->m.violations++;
	}
	update_lines(c);
	return c->m.violations != violations;
}

static int store(void *ctx, uint64_t addr, unsigned size, uint64_t val)
{
	struct machine *c = ctx;
	unsigned violations = c->m.violations;

	if (addr >= WEFT_CP_LMEM)
		c->m.hal.lmem_write(&c->m.hal, addr - WEFT_CP_LMEM, &val, size);
	else if (size == 4)
		c->m.hal.write32(&c->m.hal, (uint32_t)addr, (uint32_t)val);
	else if (size == 8)
		c->m.hal.write64(&c->m.hal, (uint32_t)addr, val);
	else
		c->m.violations++;
	update_lines(c);
	return c->m.violations != violations;
}

static const struct wcard_rv64_bus bus = { load, store };

static struct machine *power_on(const char *path)
{
	struct machine *c = calloc(1, sizeof(*c));
	struct weft_fw_header h;
	FILE *f = fopen(path, "rb");

	assert_non_null(c);
	assert_non_null(f);
	cp_model_init(&c->m, RIG_LMEM);
	c->ram = malloc(WEFT_CP_RAM_BYTES);
	assert_non_null(c->ram);
	memset(c->ram, 0xa5, WEFT_CP_RAM_BYTES);	/* what an earlier firmware left: nothing may count on zeroes */
	assert_int_equal(fread(&h, sizeof(h), 1, f), 1);
	assert_true(h.image_bytes <= 32768);
	assert_int_equal(fread(c->ram + (h.load - WEFT_CP_RAM), 1, h.image_bytes, f), h.image_bytes);
	fclose(f);
	assert_int_equal(wcard_rv64_init(&c->cpu, &(struct wcard_rv64_config){
		.ram = c->ram, .ram_base = WEFT_CP_RAM, .ram_bytes = WEFT_CP_RAM_BYTES, .bus = &bus, .bus_ctx = c }), 0);
	wcard_rv64_reset(&c->cpu, h.entry);
	c->m.mbox_base = RIG_MBOX;
	c->m.log_base = RIG_LOG;
	c->m.log_bytes = RIG_LOG_BYTES;
	return c;
}

static void power_off(struct machine *c)
{
	assert_int_equal(c->m.violations, 0);
	wcard_rv64_fini(&c->cpu);
	cp_model_fini(&c->m);
	free(c->ram);
	free(c);
}

static enum wcard_rv64_stop run(struct machine *c)
{
	update_lines(c);
	return wcard_rv64_run(&c->cpu, BUDGET);
}

static struct weft_mbox_msg call(struct machine *c, struct weft_mbox_msg req)
{
	struct weft_mbox_msg rsp;

	req.seq = ++c->seq;
	cp_model_post(&c->m, &req);
	assert_int_equal(run(c), WCARD_RV64_WFI);
	assert_true(cp_model_take(&c->m, &rsp));
	assert_int_equal(rsp.seq, req.seq);
	assert_int_equal(rsp.op, req.op);
	return rsp;
}

static const char *log_text(struct machine *c)
{
	assert_true(c->m.log_tail <= RIG_LOG_BYTES);
	c->m.lmem[RIG_LOG + c->m.log_tail] = 0;
	return (const char *)c->m.lmem + RIG_LOG;
}

static const struct weft_mbox_msg hello = {
	.op = WEFT_MBOX_HELLO, .u.hello = { WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION } };

static void boots_and_answers(void **state)
{
	struct machine *c = power_on(image_path);
	struct weft_mbox_msg rsp, job = rig_queue(9, 1, WEFT_QUEUE_JOB);

	(void)state;
	assert_int_equal(run(c), WCARD_RV64_WFI);
	assert_int_equal(c->m.heartbeat, 1);
	assert_non_null(strstr(log_text(c), "weft firmware 0.1.0, 8 address spaces"));
	rsp = call(c, hello);
	assert_int_equal(rsp.status, WEFT_MBOX_OK);
	assert_int_equal(rsp.u.hello_rsp.contract, WEFT_CONTRACT_VERSION);
	assert_int_equal(call(c, rig_as(1, WEFT_AS_FENCE)).status, WEFT_MBOX_OK);
	assert_int_equal(call(c, job).status, WEFT_MBOX_OK);
	assert_memory_equal(&c->m.queue[9].desc, &job.u.queue, sizeof(job.u.queue));
	cp_model_fault(&c->m, 9, WEFT_FAULT_PT_INVALID, UINT64_C(0xfedcba987000));
	assert_int_equal(run(c), WCARD_RV64_WFI);
	assert_non_null(strstr(log_text(c), "queue 9: fault 1 PT_INVALID: nothing is mapped there, va 0xfedcba987000\n"));
	power_off(c);
}

static void beats_and_sleeps(void **state)
{
	struct machine *c = power_on(image_path);
	uint64_t before;

	(void)state;
	assert_int_equal(run(c), WCARD_RV64_WFI);
	before = c->cpu.retired;
	for (uint32_t i = 2; i < 12; i++) {
		c->m.now_ns = c->m.timecmp_ns - 1;
		update_lines(c);
		assert_false(wcard_rv64_ready(&c->cpu));
		c->m.now_ns++;
		assert_int_equal(run(c), WCARD_RV64_WFI);
		assert_int_equal(c->m.heartbeat, i);
	}
	printf("idle: %llu instructions a beat\n", (unsigned long long)(c->cpu.retired - before) / 10);
	power_off(c);
}

static void cost_of_a_message(void **state)
{
	struct machine *c = power_on(image_path);
	struct weft_mbox_msg ping = { .op = WEFT_MBOX_PING, .u.arg = { 1, 2, 3 } };
	struct timespec a, b;
	uint64_t before;

	(void)state;
	assert_int_equal(run(c), WCARD_RV64_WFI);
	assert_int_equal(call(c, hello).status, WEFT_MBOX_OK);
	before = c->cpu.retired;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 10000; i++)
		assert_memory_equal(call(c, ping).u.data, ping.u.data, sizeof(ping.u.data));
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("PING: %llu instructions, %lld ns with the model's part\n",
	       (unsigned long long)(c->cpu.retired - before) / 10000,
	       (long long)((b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec) / 10000);
	power_off(c);
}

static void own_trap_is_logged_and_final(void **state)
{
	struct machine *c = power_on(image_path);

	(void)state;
	assert_int_equal(run(c), WCARD_RV64_WFI);
	cp_model_post(&c->m, &hello);
	c->break_lmem = true;
	assert_int_equal(run(c), WCARD_RV64_WFI);
	c->break_lmem = false;
	assert_non_null(strstr(log_text(c), "firmware trap: cause 5, pc 0x8000"));
	/* Dead for good: no interrupt wakes it, nothing is answered, no heartbeat. */
	c->m.now_ns += UINT64_C(1000000000);
	c->m.irq |= WEFT_CP_IRQ_MBOX;
	update_lines(c);
	assert_false(wcard_rv64_ready(&c->cpu));
	assert_int_equal(c->m.rsp_tail, 0);
	power_off(c);
}

static void loop_image_answers_nobody(void **state)
{
	struct machine *c = power_on(loop_path);

	(void)state;
	cp_model_post(&c->m, &hello);
	run(c);
	run(c);
	assert_int_equal(c->m.rsp_tail, 0);
	assert_int_equal(c->m.heartbeat, 0);
	assert_in_range(c->cpu.pc, WEFT_CP_RAM, WEFT_CP_RAM + 4);
	power_off(c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots_and_answers), cmocka_unit_test(beats_and_sleeps),
		cmocka_unit_test(cost_of_a_message), cmocka_unit_test(own_trap_is_logged_and_final),
		cmocka_unit_test(loop_image_answers_nobody),
	};

	if (argc != 3) {
		fprintf(stderr, "usage: %s weft-fw.bin weft-fw-loop.bin\n", argv[0]);
		return 2;
	}
	image_path = argv[1];
	loop_path = argv[2];
	return cmocka_run_group_tests_name("firmware/boot", tests, NULL, NULL);
}
