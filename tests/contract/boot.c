// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* ROM: what it starts, what it refuses and with which code; life with dead firmware. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct weft_fw_header good(void)
{
	struct weft_fw_header h;

	if (!ct_fw)
		ct_skip("needs --firmware");
	CHECK(ct_fw_bytes > sizeof(h), "the image has only %zu bytes", ct_fw_bytes);
	memcpy(&h, ct_fw, sizeof(h));
	return h;
}

static uint64_t image_at;

/* Fresh card with the image in place, nothing started. */
static struct weft_fw_header prepare(struct card *c)
{
	struct weft_fw_header h = good();

	card_reset(c);
	card_registers(c);
	image_at = carve_alloc(c, ct_fw_bytes + 65536);
	memcpy(c->lmem + image_at, ct_fw, ct_fw_bytes);
	return h;
}

static void expect(struct card *c, uint32_t status, unsigned code, const char *what)
{
	CHECK(BOOT_STATE(status) == WEFT_BOOT_REFUSED, "%s: state %u instead of REFUSED", what, BOOT_STATE(status));
	CHECK(BOOT_CODE(status) == code, "%s: boot code %u instead of %u", what, BOOT_CODE(status), code);
	CHECK(!rd32(c, WEFT_REG_FW_VERSION), "%s: refused, but FW_VERSION is not 0", what);
}

static void good_image(void)
{
	struct card *c = CARD;
	struct weft_fw_header h = prepare(c);
	uint32_t s = card_boot_at(c, image_at, ct_fw_bytes);

	CHECK_EQ(BOOT_STATE(s), WEFT_BOOT_RUNNING, "boot state");
	CHECK_EQ(BOOT_CODE(s), WEFT_BOOT_OK, "boot code");
	CHECK_EQ(rd32(c, WEFT_REG_FW_VERSION), h.fw_version, "FW_VERSION");
	CHECK(rd32(c, WEFT_REG_BOOT_ROLLBACK) >= h.rollback, "BOOT_ROLLBACK was not raised");
	/* the image is copied: its source may go */
	memset(c->lmem + image_at, 0xff, ct_fw_bytes);
	card_mailbox(c);
	mbox_hello(c);
	uint32_t beat = rd32(c, WEFT_REG_FW_HEARTBEAT);
	WAIT_FOR(rd32(c, WEFT_REG_FW_HEARTBEAT) != beat, 500, "FW_HEARTBEAT counting");
}

static void place(void)
{
	struct card *c = CARD;

	prepare(c);
	expect(c, card_boot_at(c, image_at + 16, ct_fw_bytes), WEFT_BOOT_E_PLACE, "image at 16 mod 4096");
	expect(c, card_boot_at(c, image_at + 2048, ct_fw_bytes), WEFT_BOOT_E_PLACE, "image at 2048 mod 4096");
	expect(c, card_boot_at(c, 0, ct_fw_bytes), WEFT_BOOT_E_PLACE, "image below USER_LIMIT");
	expect(c, card_boot_at(c, c->limit - 4096, ct_fw_bytes), WEFT_BOOT_E_PLACE, "image across USER_LIMIT");
	expect(c, card_boot_at(c, c->lmem_bytes - 4096, 8192), WEFT_BOOT_E_PLACE, "image across the end");
	expect(c, card_boot_at(c, c->lmem_bytes, ct_fw_bytes), WEFT_BOOT_E_PLACE, "image behind the end");
	expect(c, card_boot_at(c, image_at, UINT64_C(1) << 40), WEFT_BOOT_E_PLACE, "image of 2^40 bytes");
	expect(c, card_boot_at(c, image_at, ~UINT64_C(0)), WEFT_BOOT_E_PLACE, "image of 2^64 - 1 bytes");
	expect(c, card_boot_at(c, ~UINT64_C(4095), 8192), WEFT_BOOT_E_PLACE, "image that wraps");
	CHECK_EQ(BOOT_STATE(card_boot_at(c, image_at, ct_fw_bytes)), WEFT_BOOT_RUNNING, "state with the good image then");
}

/* Without a carve-out there is no place for an image, and none for a mailbox. */
static void no_limit(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING };

	good();
	card_reset(c);
	CHECK_EQ(rd64(c, WEFT_REG_USER_LIMIT), 0, "USER_LIMIT after FLR");
	expect(c, card_boot(c, ct_fw, ct_fw_bytes), WEFT_BOOT_E_PLACE, "START without USER_LIMIT");
	card_registers(c);
	CHECK_EQ(BOOT_STATE(card_boot(c, ct_fw, ct_fw_bytes)), WEFT_BOOT_RUNNING, "state with USER_LIMIT set");
	card_mailbox(c);
	mbox_hello(c);
	wr64(c, WEFT_REG_USER_LIMIT, 0);
	uint32_t rsp = rd32(c, WEFT_REG_MBOX_RSP_TAIL), beat = rd32(c, WEFT_REG_FW_HEARTBEAT);
	mbox_post(c, &m);
	usleep(150000);
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_RSP_TAIL), rsp, "MBOX_RSP_TAIL while USER_LIMIT is 0");
	WAIT_FOR(rd32(c, WEFT_REG_FW_HEARTBEAT) != beat, 500, "FW_HEARTBEAT counting while USER_LIMIT is 0");
}

/* The status of an earlier end is never taken for that of this START, which has taken its arguments. */
static void status_at_once(void)
{
	struct card *c = CARD;

	prepare(c);
	for (int i = 0; i < 20; i++) {
		uint32_t state;

		if (i) {
			wr32(c, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_HALT);
			WAIT_FOR(BOOT_STATE(rd32(c, WEFT_REG_BOOT_STATUS)) == WEFT_BOOT_HALTED, 500, "BOOT_STATUS HALTED");
		}
		wr64(c, WEFT_REG_BOOT_IMAGE, image_at);
		wr64(c, WEFT_REG_BOOT_BYTES, ct_fw_bytes);
		wr32(c, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_START);
		wr64(c, WEFT_REG_BOOT_IMAGE, 0);
		wr64(c, WEFT_REG_BOOT_BYTES, 0);
		state = BOOT_STATE(rd32(c, WEFT_REG_BOOT_STATUS));
		CHECK(state == WEFT_BOOT_VERIFYING || state == WEFT_BOOT_RUNNING, "state %u right after START", state);
		WAIT_FOR(BOOT_STATE(rd32(c, WEFT_REG_BOOT_STATUS)) == WEFT_BOOT_RUNNING, 2000, "BOOT_STATUS RUNNING");
	}
}

static void codes(void)
{
	struct card *c = CARD;
	struct weft_fw_header h = prepare(c), *in;
	uint32_t n = (uint32_t)ct_fw_bytes;

	in = (void *)(c->lmem + image_at);
	static const uint32_t shorts[] = { 0, 1, 16, 255 };
	for (unsigned i = 0; i < ARRAY_LEN(shorts); i++)
		expect(c, card_boot_at(c, image_at, shorts[i]), WEFT_BOOT_E_SHORT, "fewer bytes than a header");
#define TRY(field, value, bytes, code) \
	do { \
		in->field = (value); \
		expect(c, card_boot_at(c, image_at, bytes), code, #field " = " #value); \
		*in = h; \
	} while (0)
	TRY(magic, 0, n, WEFT_BOOT_E_MAGIC);
	TRY(header_bytes, 255, n, WEFT_BOOT_E_HEADER);
	TRY(header_bytes, 512, n, WEFT_BOOT_E_HEADER);
	TRY(header_version, 0, n, WEFT_BOOT_E_HEADER);
	TRY(header_version, 2, n, WEFT_BOOT_E_HEADER);
	TRY(reserved[0], 1, n, WEFT_BOOT_E_HEADER);
	TRY(reserved[111], 0x80, n, WEFT_BOOT_E_HEADER);
	TRY(image_bytes, h.image_bytes - 16, n, WEFT_BOOT_E_SIZE);
	TRY(image_bytes, h.image_bytes + 16, n, WEFT_BOOT_E_SIZE);
	TRY(image_bytes, 0xfffffff0u, n, WEFT_BOOT_E_SIZE);
	TRY(image_bytes, h.image_bytes - 8, n - 8, WEFT_BOOT_E_SIZE);
	TRY(magic, h.magic, n - 16, WEFT_BOOT_E_SIZE);
	TRY(magic, h.magic, n + 16, WEFT_BOOT_E_SIZE);
	TRY(load, 0x7ffffff0u, n, WEFT_BOOT_E_LOAD);
	TRY(load, 0x80100000u, n, WEFT_BOOT_E_LOAD);
	TRY(load, 0x80100000u - 16, n, WEFT_BOOT_E_LOAD);
	TRY(load, 0xfffffff0u, n, WEFT_BOOT_E_LOAD);
	TRY(load, 0, n, WEFT_BOOT_E_LOAD);
	TRY(entry, h.load - 2, n, WEFT_BOOT_E_LOAD);
	TRY(entry, h.load + h.image_bytes, n, WEFT_BOOT_E_LOAD);
	TRY(entry, h.entry + 1, n, WEFT_BOOT_E_LOAD);
	TRY(key_id, 0x7fffffff, n, WEFT_BOOT_E_KEY);
	TRY(fw_version, h.fw_version + 1, n, WEFT_BOOT_E_SIGNATURE);
	TRY(rollback, h.rollback + 1, n, WEFT_BOOT_E_SIGNATURE);
	TRY(signature[0], h.signature[0] ^ 1, n, WEFT_BOOT_E_SIGNATURE);
#undef TRY
	/* several faults at once: the first check of the list decides */
	in->key_id = 99;
	expect(c, card_boot_at(c, image_at, n), WEFT_BOOT_E_KEY, "key and signature wrong");
	in->entry = 1;
	expect(c, card_boot_at(c, image_at, n), WEFT_BOOT_E_LOAD, "also entry");
	in->image_bytes = 48;
	expect(c, card_boot_at(c, image_at, n), WEFT_BOOT_E_SIZE, "also image_bytes");
	in->header_version = 7;
	expect(c, card_boot_at(c, image_at, n), WEFT_BOOT_E_HEADER, "also header_version");
	in->magic = 7;
	expect(c, card_boot_at(c, image_at, n), WEFT_BOOT_E_MAGIC, "also magic");
	expect(c, card_boot_at(c, image_at, 100), WEFT_BOOT_E_SHORT, "also short");
	expect(c, card_boot_at(c, image_at + 8, 100), WEFT_BOOT_E_PLACE, "also misplaced");
	*in = h;
	CHECK_EQ(BOOT_STATE(card_boot_at(c, image_at, n)), WEFT_BOOT_RUNNING, "state with the good image then");
}

/* Signatures with S >= the group order are malleable copies; RFC 8032 refuses them. */
static void malleable(void)
{
	static const uint8_t order[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		[31] = 0x10,
	};
	struct card *c = CARD;
	unsigned carry = 0;

	prepare(c);
	struct weft_fw_header *in = (void *)(c->lmem + image_at);
	for (unsigned i = 0; i < 32; i++) {
		carry += in->signature[32 + i] + order[i];
		in->signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	expect(c, card_boot_at(c, image_at, ct_fw_bytes), WEFT_BOOT_E_SIGNATURE, "S + L instead of S");
	memset(in->signature, 0, 64);
	expect(c, card_boot_at(c, image_at, ct_fw_bytes), WEFT_BOOT_E_SIGNATURE, "signature 0");
}

static bool code_fits(size_t byte, unsigned code)
{
	if (byte < 8)
		return code == WEFT_BOOT_E_MAGIC;
	if (byte < 16 || (byte >= 80 && byte < WEFT_FW_SIGNED_BYTES))
		return code == WEFT_BOOT_E_HEADER;
	if (byte < 20)
		return code == WEFT_BOOT_E_SIZE;
	if (byte < 28)
		return code == WEFT_BOOT_E_LOAD || code == WEFT_BOOT_E_SIGNATURE;
	if (byte >= 44 && byte < 48)
		return code == WEFT_BOOT_E_KEY;
	return code == WEFT_BOOT_E_SIGNATURE;
}

static void flips(void)
{
	struct card *c = CARD;
	uint64_t bits = ct_fw_bytes * UINT64_C(8), tried = 0;
	long n = ct_count(1200);

	prepare(c);
	for (uint64_t i = 0; n ? i < (uint64_t)n : i < bits; i++) {
		/* a third of a sample in the header, the rest anywhere */
		uint64_t bit = !n ? i : i % 3 ? ct_below(bits) : ct_below(2048);
		uint8_t *byte = c->lmem + image_at + bit / 8;

		*byte ^= (uint8_t)(1u << bit % 8);
		uint32_t s = card_boot_at(c, image_at, ct_fw_bytes);
		CHECK(BOOT_STATE(s) == WEFT_BOOT_REFUSED, "bit %llu flipped: state %u instead of REFUSED",
		      (unsigned long long)bit, BOOT_STATE(s));
		CHECK(code_fits(bit / 8, BOOT_CODE(s)), "bit %llu flipped: boot code %u", (unsigned long long)bit,
		      BOOT_CODE(s));
		*byte ^= (uint8_t)(1u << bit % 8);
		tried++;
	}
	ct_note("%llu of %llu bits flipped", (unsigned long long)tried, (unsigned long long)bits);
	CHECK_EQ(BOOT_STATE(card_boot_at(c, image_at, ct_fw_bytes)), WEFT_BOOT_RUNNING, "state with the good image then");
}

/* Signed images that must not run, or run badly: made by the firmware's build. */
static uint8_t *special(const char *name, size_t *bytes)
{
	char path[512];
	uint8_t *data;

	if (ct_opt.bad_firmware_dir) {
		snprintf(path, sizeof(path), "%s/%s", ct_opt.bad_firmware_dir, name);
	} else if (ct_opt.firmware && strrchr(ct_opt.firmware, '/')) {
		snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(ct_opt.firmware, '/') - ct_opt.firmware),
			 ct_opt.firmware, name);
	} else {
		ct_skip("needs --bad-firmware-dir with %s", name);
	}
	if (!fw_load(path, &data, bytes))
		ct_skip("%s is missing", path);
	return data;
}

static void rollback(void)
{
	struct card *c = CARD;
	struct weft_fw_header h = prepare(c);
	size_t n;
	uint8_t *old = special("weft-fw-rollback0.bin", &n);

	CHECK(h.rollback > ((struct weft_fw_header *)(void *)old)->rollback, "the old image is not older");
	CHECK_EQ(BOOT_STATE(card_boot_at(c, image_at, ct_fw_bytes)), WEFT_BOOT_RUNNING, "state with the newer image");
	CHECK_EQ(rd32(c, WEFT_REG_BOOT_ROLLBACK), h.rollback, "BOOT_ROLLBACK");
	expect(c, card_boot(c, old, n), WEFT_BOOT_E_ROLLBACK, "an older image");
	card_reset(c);
	CHECK_EQ(rd32(c, WEFT_REG_BOOT_ROLLBACK), h.rollback, "BOOT_ROLLBACK after FLR");
	card_registers(c);
	expect(c, card_boot(c, old, n), WEFT_BOOT_E_ROLLBACK, "an older image after FLR");
	free(old);
}

static void contract(void)
{
	struct card *c = CARD;
	size_t n;
	uint8_t *toonew = special("weft-fw-toonew.bin", &n);

	prepare(c);
	expect(c, card_boot(c, toonew, n), WEFT_BOOT_E_CONTRACT, "an image for a newer contract");
	free(toonew);
	CHECK_EQ(BOOT_STATE(card_boot_at(c, image_at, ct_fw_bytes)), WEFT_BOOT_RUNNING, "state with the good image then");
}

/* What has to go on without a control processor: running queues and safe operations. */
static void works_without_firmware(struct rig *r, struct rig *second)
{
	struct card *c = r->c;
	struct weft_queue_state st;
	union weft_packet p = pkt_fill(RIG_LOCAL, 4096, 4, 0xfeedf00d);

	rig_run(r, &p, 1);
	CHECK_EQ(*(uint32_t *)(void *)(r->local + 4092), 0xfeedf00d, "last word filled without firmware");
	uint32_t from = c->nevt;
	CHECK_EQ(space_invalidate(r->s, 0, 0), WEFT_SAFE_OK, "AS_INVALIDATE without firmware");
	evt_wait(c, from, WEFT_EVT_SAFE, WEFT_SAFE_AS_INVALIDATE, 1000);
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r->q->id, 0, 0), WEFT_SAFE_OK, "QUEUE_STOP without firmware");
	queue_wait_run(r->q, WEFT_QS_STOPPED, 1000, &st);
	p = pkt_fill(RIG_LOCAL, 4096, 4, 0x12345678);
	rig_run(second, &p, 1);
	CHECK_EQ(safe_call(c, WEFT_SAFE_AS_STOP, second->s->asid, 0, 0), WEFT_SAFE_OK, "AS_STOP without firmware");
	queue_wait_run(second->q, WEFT_QS_STOPPED, 1000, &st);
}

static void silent(struct card *c)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING };
	uint32_t head = rd32(c, WEFT_REG_MBOX_REQ_HEAD), rsp = rd32(c, WEFT_REG_MBOX_RSP_TAIL);

	mbox_post(c, &m);
	usleep(150000);
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_RSP_TAIL), rsp, "MBOX_RSP_TAIL with dead firmware");
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_REQ_HEAD), head, "MBOX_REQ_HEAD with dead firmware");
	uint32_t beat = rd32(c, WEFT_REG_FW_HEARTBEAT);
	usleep(200000);
	CHECK_EQ(rd32(c, WEFT_REG_FW_HEARTBEAT), beat, "FW_HEARTBEAT with dead firmware");
}

static void endless_loop(void)
{
	struct card *c = CARD;
	size_t n;
	uint8_t *loop = special("weft-fw-loop.bin", &n);

	card_need(c);
	struct rig r = rig_open(c), s = rig_open(c);
	uint32_t b = card_boot(c, loop, n);
	free(loop);
	CHECK_EQ(BOOT_STATE(b), WEFT_BOOT_RUNNING, "state of the endless loop");
	silent(c);
	works_without_firmware(&r, &s);
}

static void halt(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c), s = rig_open(c);
	wr32(c, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_HALT);
	WAIT_FOR(BOOT_STATE(rd32(c, WEFT_REG_BOOT_STATUS)) == WEFT_BOOT_HALTED, 500, "BOOT_STATUS HALTED");
	silent(c);
	works_without_firmware(&r, &s);
}

static void crash(void)
{
	struct card *c = CARD;

	card_need(c);
	struct rig r = rig_open(c), s = rig_open(c);
	wr32(c, WEFT_REG_INJECT, WEFT_INJECT_FW_CRASH);
	usleep(20000);
	silent(c);
	works_without_firmware(&r, &s);
}

/* START on a running processor: queues keep running, the mailbox wants HELLO again. */
static void restart(void)
{
	struct card *c = CARD;
	struct weft_mbox_msg m = { .op = WEFT_MBOX_PING };
	union weft_packet p = pkt_fill(RIG_LOCAL, 4096, 4, 0xabcdef01);

	good();
	card_need(c);
	struct rig r = rig_open(c);
	CHECK_EQ(BOOT_STATE(card_boot(c, ct_fw, ct_fw_bytes)), WEFT_BOOT_RUNNING, "state after a second START");
	rig_run(&r, &p, 1);
	CHECK_EQ(rd64(c, WEFT_REG_MBOX_BASE), c->mbox, "MBOX_BASE after a restart");
	CHECK_EQ(rd32(c, WEFT_REG_MBOX_REQ_TAIL) | rd32(c, WEFT_REG_MBOX_REQ_HEAD) | rd32(c, WEFT_REG_MBOX_RSP_TAIL) |
		 rd32(c, WEFT_REG_MBOX_RSP_HEAD), 0, "mailbox indices after a restart");
	c->req_tail = c->rsp_head = 0;
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_STATE, "status of PING before HELLO");
	mbox_hello(c);
	m = (struct weft_mbox_msg){ .op = WEFT_MBOX_PING };
	CHECK_EQ(mbox_call(c, &m), WEFT_MBOX_OK, "status of PING after HELLO");
	CHECK_EQ(safe_call(c, WEFT_SAFE_QUEUE_STOP, r.q->id, 0, 0), WEFT_SAFE_OK, "QUEUE_STOP of a queue older than the firmware");
	queue_destroy(r.q);
}

#define ROM WEFT_CAP_ROM_BOOT
static const struct ct_test tests[] = {
	{ "good image runs, greets, beats", good_image, ROM, 0, true },
	{ "misplaced images are refused", place, ROM, 0, true },
	{ "no carve-out: no image, no mailbox", no_limit, ROM, 0, true },
	{ "status right after START", status_at_once, ROM, 0, true },
	{ "each boot code, in the order of the checks", codes, ROM, 0, true },
	{ "malleable and zero signatures are refused", malleable, ROM, 0, true },
	{ "every single-bit flip is refused", flips, ROM, 0, true },
	{ "an older image is refused, also after FLR", rollback, ROM, 0, true },
	{ "an image for another contract is refused", contract, ROM, 0, true },
	{ "endless-loop firmware: mailbox silent, queues and SAFE work", endless_loop, ROM, 0, true },
	{ "halted processor: mailbox silent, queues and SAFE work", halt, ROM, 0, true },
	{ "crashed firmware: mailbox silent, queues and SAFE work", crash, WEFT_CAP_INJECT, 0, true },
	{ "restarted firmware takes over living queues", restart, ROM, 0, true },
};
CT_SECTION(boot);
