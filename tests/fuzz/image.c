// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Firmware image: the boot ROM. The input changes a valid header bit by bit (so that 0 changes nothing), gives the
 * image bytes, and says whether the result is signed again. What the ROM must answer is worked out a second time, from
 * the list of boot codes.
 */
#include <sodium.h>
#include <stdlib.h>

#include "fuzz.h"
#include "tools/card/machine.h"

#define LMEM		(4u << 20)
#define LIMIT		(2u << 20)
#define ROLLBACK	3u

enum { SIGN = 1, FIT = 2, RAW_BYTES = 4, RAW_PLACE = 8, OTHER_KEY = 16, LATE_CHANGE = 32, NO_LIMIT = 64 };

static struct wcard_machine machine;
static struct wcard_card *card;
static uint8_t secret[2][crypto_sign_SECRETKEYBYTES];
static uint8_t *ram, *want_ram;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	uint8_t seed[crypto_sign_SEEDBYTES] = { 1 }, other[crypto_sign_PUBLICKEYBYTES];

	(void)argc, (void)argv;
	if (sodium_init() < 0 || crypto_sign_seed_keypair(machine.key, secret[0], seed))
		abort();
	seed[0] = 2;
	crypto_sign_seed_keypair(other, secret[1], seed);
	card = calloc(1, sizeof(*card));
	ram = malloc(WEFT_CP_RAM_BYTES);
	want_ram = malloc(WEFT_CP_RAM_BYTES);
	if (!card || !ram || !want_ram)
		abort();
	card->m = &machine;
	card->lmem_bytes = LMEM;
	card->lmem = calloc(1, LMEM);
	memset(ram, 0xa5, WEFT_CP_RAM_BYTES);
	memset(want_ram, 0xa5, WEFT_CP_RAM_BYTES);
	return card->lmem ? 0 : -1;
}

static void sign(struct weft_fw_header *h, const uint8_t *image, size_t bytes, int key)
{
	static uint8_t message[WEFT_FW_SIGNED_BYTES + 65536];

	memcpy(message, h, WEFT_FW_SIGNED_BYTES);
	memcpy(message + WEFT_FW_SIGNED_BYTES, image, bytes);
	crypto_sign_detached(h->signature, NULL, message, WEFT_FW_SIGNED_BYTES + bytes, secret[key]);
}

/* Without place and signature, which depend on more than the header. */
static int header_code(const struct weft_fw_header *h, uint64_t bytes)
{
	const uint64_t ram_end = UINT64_C(0x80000000) + (1u << 20);

	if (bytes < 256)
		return WEFT_BOOT_E_SHORT;
	if (memcmp(h, "WEFTFWIM", 8))
		return WEFT_BOOT_E_MAGIC;
	if (h->header_bytes != 256 || h->header_version != 1)
		return WEFT_BOOT_E_HEADER;
	for (size_t i = 0; i < sizeof(h->reserved); i++)
		if (h->reserved[i])
			return WEFT_BOOT_E_HEADER;
	if (bytes - 256 != h->image_bytes || h->image_bytes % 16)
		return WEFT_BOOT_E_SIZE;
	if (h->load < 0x80000000u || (uint64_t)h->load + h->image_bytes > ram_end || h->entry % 2 || h->entry < h->load ||
	    h->entry >= (uint64_t)h->load + h->image_bytes)
		return WEFT_BOOT_E_LOAD;
	return h->key_id ? WEFT_BOOT_E_KEY : WEFT_BOOT_OK;
}

static int late_code(const struct weft_fw_header *h)
{
	if (h->rollback < ROLLBACK)
		return WEFT_BOOT_E_ROLLBACK;
	if (h->contract_min > h->contract_max || WEFT_CONTRACT_VERSION < h->contract_min ||
	    WEFT_CONTRACT_VERSION > h->contract_max)
		return WEFT_BOOT_E_CONTRACT;
	return WEFT_BOOT_OK;
}

static uint64_t place(struct fuzz_in *in)
{
	static const uint64_t few[] = { LMEM - 4096, LMEM, LIMIT - 4096, 0, UINT64_MAX - 4095, LIMIT + 4096, LIMIT + 8 };
	uint64_t v = fuzz_u64(in);

	return v >> 60 ? few[(v >> 60) % 7] : v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	uint8_t mode = fuzz_u8(&in), flip[sizeof(struct weft_fw_header)];
	struct weft_fw_header h = {
		.header_bytes = sizeof(h), .header_version = 1, .load = WEFT_CP_RAM, .entry = WEFT_CP_RAM,
		.contract_min = WEFT_CONTRACT_VERSION, .contract_max = WEFT_CONTRACT_VERSION, .rollback = ROLLBACK,
	};
	uint64_t at = mode & RAW_PLACE ? place(&in) : LIMIT, bytes = 0, image_bytes, copied;
	uint32_t entry = 0x11, version = 0x22;
	uint8_t *image = card->lmem + LIMIT + sizeof(h);
	uint16_t late = 0;
	bool valid;
	int want, got;

	if (mode & RAW_BYTES)
		bytes = fuzz_u64(&in) >> (mode >> 7 ? 40 : 0);
	if (mode & LATE_CHANGE)
		late = fuzz_u16(&in);
	memcpy(&h.magic, "WEFTFWIM", 8);
	fuzz_bytes(&in, flip, sizeof(flip));
	image_bytes = in.n > 4096 ? 4096 : in.n;
	if (mode & FIT)
		image_bytes &= ~UINT64_C(15);
	h.image_bytes = (uint32_t)image_bytes;
	for (size_t i = 0; i < sizeof(flip); i++)
		((uint8_t *)&h)[i] ^= flip[i];
	memset(image, 0, 4096);
	fuzz_bytes(&in, image, image_bytes);
	if (!(mode & RAW_BYTES))
		bytes = sizeof(h) + image_bytes;
	copied = bytes < sizeof(h) ? 0 : bytes - sizeof(h) < 65536 ? bytes - sizeof(h) : 65536;
	if (mode & SIGN)
		sign(&h, image, copied, mode & OTHER_KEY ? 1 : 0);
	valid = (mode & SIGN) && !(mode & OTHER_KEY) && bytes == sizeof(h) + copied;
	memcpy(card->lmem + LIMIT, &h, sizeof(h));
	if ((mode & LATE_CHANGE) && late / 8 < sizeof(h) + copied) {
		card->lmem[LIMIT + late / 8] ^= (uint8_t)(1 << late % 8);
		valid = false;
		memcpy(&h, card->lmem + LIMIT, sizeof(h));
	}
	atomic_store(&card->user_limit, mode & NO_LIMIT ? 0 : LIMIT);
	atomic_store(&card->rollback, ROLLBACK);

	if (at % 4096 || (mode & NO_LIMIT) || at < LIMIT || at > LMEM || bytes > LMEM - at || bytes > (1u << 20) + 256)
		want = WEFT_BOOT_E_PLACE;
	else if (at != LIMIT)
		want = -1;	/* other bytes: refused, or not even looked at */
	else
		want = header_code(&h, bytes);
	if (want == WEFT_BOOT_OK)
		want = valid ? late_code(&h) : WEFT_BOOT_E_SIGNATURE;
	got = wcard_boot_load(card, at, bytes, ram, &entry, &version);
	if (want < 0 ? got == WEFT_BOOT_OK : got != want)
		fuzz_wrong("boot code %d, want %d (mode %#x, %lu bytes)", got, want, mode, (unsigned long)bytes);
	if (!got) {
		memset(want_ram, 0, WEFT_CP_RAM_BYTES);
		memcpy(want_ram + (h.load - WEFT_CP_RAM), image, h.image_bytes);
		if (entry != h.entry || version != h.fw_version || atomic_load(&card->rollback) != h.rollback)
			fuzz_wrong("loaded with entry %#x, version %#x", entry, version);
	} else if (entry != 0x11 || version != 0x22 || atomic_load(&card->rollback) != ROLLBACK) {
		fuzz_wrong("refused, and yet something changed");
	}
	if ((mode & LATE_CHANGE) && late / 8 < sizeof(h) + copied)
		card->lmem[LIMIT + late / 8] ^= (uint8_t)(1 << late % 8);
	if (memcmp(ram, want_ram, got ? 65536 : WEFT_CP_RAM_BYTES))
		fuzz_wrong("control-processor memory is not as it must be after code %d", got);
	fuzz_cover();
	return 0;
}
