// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The boot ROM: each code by an image that has only that one thing wrong, signed afterwards, with a key of its own. */
#include "rig.h"

#include <sodium.h>

#define IMAGE	(RIG_LIMIT + 0x200000)
#define BYTES	4096u				/* behind the header */

struct bed {
	struct wcard_machine *m;
	struct wcard_card *c;
	struct weft_fw_header h;
	uint8_t body[BYTES], secret[crypto_sign_SECRETKEYBYTES];
	uint8_t *ram;
	uint32_t entry, version;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	uint64_t seed = 5;

	assert_true(sodium_init() >= 0);
	b->m = rig_new(1);
	b->c = b->m->card[0];
	b->ram = malloc(WEFT_CP_RAM_BYTES);
	memset(b->ram, 0x5a, WEFT_CP_RAM_BYTES);
	assert_int_equal(crypto_sign_keypair(b->m->key, b->secret), 0);
	for (unsigned int i = 0; i < BYTES; i++)
		b->body[i] = (uint8_t)rig_random(&seed);
	b->h = (struct weft_fw_header){
		.magic = 0x4d49574654464557ull, .header_bytes = 256, .header_version = 1, .image_bytes = BYTES,
		.load = WEFT_CP_RAM + 0x1000, .entry = WEFT_CP_RAM + 0x1010, .fw_version = 0x10203,
		.contract_min = WEFT_CONTRACT_VERSION, .contract_max = WEFT_CONTRACT_VERSION, .rollback = 3,
	};
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	rig_free(b->m);
	free(b->ram);
	free(b);
	return 0;
}

static void sign(struct bed *b)
{
	uint8_t message[192 + BYTES];

	memcpy(message, &b->h, 192);
	memcpy(message + 192, b->body, BYTES);
	crypto_sign_detached(b->h.signature, NULL, message, sizeof(message), b->secret);
}

static int load_at(struct bed *b, uint64_t at, uint64_t bytes)
{
	b->entry = b->version = 0;
	return wcard_boot_load(b->c, at, bytes, b->ram, &b->entry, &b->version);
}

static int load(struct bed *b)
{
	memcpy(b->c->lmem + IMAGE, &b->h, 256);
	memcpy(b->c->lmem + IMAGE + 256, b->body, BYTES);
	return load_at(b, IMAGE, 256 + BYTES);
}

static int signed_load(struct bed *b)
{
	sign(b);
	return load(b);
}

static void good(void **state)
{
	struct bed *b = *state;

	assert_int_equal(signed_load(b), 0);
	assert_int_equal(b->entry, WEFT_CP_RAM + 0x1010);
	assert_int_equal(b->version, 0x10203);
	assert_memory_equal(b->ram + 0x1000, b->body, BYTES);
	/* Nothing of an earlier program is left. */
	for (unsigned int i = 0; i < WEFT_CP_RAM_BYTES; i++)
		if ((i < 0x1000 || i >= 0x1000 + BYTES) && b->ram[i])
			fail_msg("byte %#x of RAM", i);
	assert_int_equal(atomic_load(&b->c->rollback), 3);
}

static void place(void **state)
{
	struct bed *b = *state;

	assert_int_equal(signed_load(b), 0);
	memcpy(b->c->lmem + RIG_LIMIT - 4096, b->c->lmem + IMAGE, 256 + BYTES);
	assert_int_equal(load_at(b, RIG_LIMIT - 4096, 256 + BYTES), 1);
	assert_int_equal(load_at(b, IMAGE + 2048, 256 + BYTES), 1);
	assert_int_equal(load_at(b, RIG_LMEM - 4096, 256 + BYTES), 1);
	assert_int_equal(load_at(b, RIG_LMEM - 8192, 8192), 3);
	assert_int_equal(load_at(b, IMAGE, (1 << 20) + 257), 1);
	assert_int_equal(load_at(b, IMAGE, UINT64_MAX), 1);
	assert_int_equal(load_at(b, IMAGE, 255), 2);
	assert_int_equal(load_at(b, IMAGE, 0), 2);
	atomic_store(&b->c->user_limit, 0);		/* no carve-out yet */
	assert_int_equal(load_at(b, IMAGE, 256 + BYTES), 1);
}

#define WRONG(field, value, code) do { \
	struct weft_fw_header keep = b->h; \
	b->h.field = (value); \
	assert_int_equal(signed_load(b), code); \
	b->h = keep; \
} while (0)

static void header(void **state)
{
	struct bed *b = *state;

	WRONG(magic, b->h.magic ^ 1, 3);
	WRONG(header_bytes, 255, 4);
	WRONG(header_version, 2, 4);
	WRONG(reserved[0], 1, 4);
	WRONG(reserved[111], 1, 4);
	WRONG(image_bytes, BYTES - 16, 5);
	WRONG(image_bytes, BYTES + 16, 5);
	WRONG(image_bytes, 0xffffff00u, 5);
	WRONG(load, WEFT_CP_RAM - 16, 6);
	WRONG(load, WEFT_CP_RAM + WEFT_CP_RAM_BYTES - BYTES + 16, 6);
	WRONG(load, 0xfffffff0u, 6);
	WRONG(entry, b->h.load - 2, 6);
	WRONG(entry, b->h.load + BYTES, 6);
	WRONG(entry, b->h.load + 1, 6);
	WRONG(entry, b->h.load + BYTES - 2, 0);
	WRONG(key_id, 1, 7);
	WRONG(contract_min, WEFT_CONTRACT_VERSION + 1, 10);
	WRONG(contract_max, WEFT_CONTRACT_VERSION - 1, 10);
	WRONG(contract_max, WEFT_CONTRACT_VERSION + 5, 0);
	b->h.contract_min = b->h.contract_max = WEFT_CONTRACT_VERSION - 1;
	assert_int_equal(signed_load(b), 10);
	b->h.contract_min = b->h.contract_max = WEFT_CONTRACT_VERSION;
	/* Not a multiple of 16, though the sizes agree. */
	b->h.image_bytes = BYTES - 8;
	sign(b);
	memcpy(b->c->lmem + IMAGE, &b->h, 256);
	assert_int_equal(load_at(b, IMAGE, 256 + BYTES - 8), 5);
}

/* Any bit, of header, body or signature. */
static void every_byte_is_signed(void **state)
{
	uint64_t count = rig_number("COUNT", 400), seed = rig_number("SEED", 1);
	struct bed *b = *state;

	assert_int_equal(signed_load(b), 0);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t bit = rig_random(&seed) % (8 * (256 + (i & 1 ? 0 : BYTES)));

		memset(b->ram, 0x5a, 16);
		b->c->lmem[IMAGE + bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (load_at(b, IMAGE, 256 + BYTES) == 0)
			fail_msg("bit %llu", (unsigned long long)bit);
		b->c->lmem[IMAGE + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(b->ram[0] == 0x5a && !b->entry);	/* a refused image leaves no trace */
	}
	b->m->key[0] ^= 1;
	assert_int_equal(load(b), 8);
}

static void rollback(void **state)
{
	struct bed *b = *state;

	atomic_store(&b->c->rollback, 2);
	b->h.rollback = 1;
	assert_int_equal(signed_load(b), 9);
	assert_int_equal(atomic_load(&b->c->rollback), 2);
	b->h.rollback = 2;
	assert_int_equal(signed_load(b), 0);
	b->h.rollback = 5;
	assert_int_equal(signed_load(b), 0);
	assert_int_equal(atomic_load(&b->c->rollback), 5);
	b->h.rollback = 4;
	assert_int_equal(signed_load(b), 9);
	/* What is refused for another reason raises nothing. */
	b->h.rollback = 9;
	b->h.contract_min = b->h.contract_max = WEFT_CONTRACT_VERSION + 1;
	assert_int_equal(signed_load(b), 10);
	assert_int_equal(atomic_load(&b->c->rollback), 5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = { T(good), T(place), T(header), T(every_byte_is_signed), T(rollback) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
