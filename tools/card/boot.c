// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The boot ROM. The host could change the image while it is checked, so everything is checked and run from a private
 * copy.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "defect.h"

static bool all_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

static int check(struct wcard_card *c, const uint8_t *copy, uint64_t bytes)
{
	struct weft_fw_header h;
	const uint8_t *image = copy + sizeof(h);
	uint8_t *message;
	int bad;

	if (bytes < sizeof(h))
		return WEFT_BOOT_E_SHORT;
	memcpy(&h, copy, sizeof(h));
	if (h.magic != WEFT_FW_MAGIC)
		return WEFT_BOOT_E_MAGIC;
	if (h.header_bytes != sizeof(h) || h.header_version != WEFT_FW_HEADER_VERSION ||
	    !all_zero(h.reserved, sizeof(h.reserved)))
		return WEFT_BOOT_E_HEADER;
	if ((uint64_t)h.header_bytes + h.image_bytes != bytes || h.image_bytes % 16)
		return WEFT_BOOT_E_SIZE;
	if (h.load < WEFT_CP_RAM || h.load - WEFT_CP_RAM > WEFT_CP_RAM_BYTES ||
	    h.image_bytes > WEFT_CP_RAM_BYTES - (h.load - WEFT_CP_RAM) || h.entry < h.load ||
	    h.entry - h.load >= h.image_bytes || (h.entry & 1))
		return WEFT_BOOT_E_LOAD;
	if (h.key_id != 0)
		return WEFT_BOOT_E_KEY;
	/* The signature covers header and image, which the header's own signature field separates in the file. */
	message = malloc(WEFT_FW_SIGNED_BYTES + h.image_bytes + 1);
	if (!message)
		return WEFT_BOOT_E_SIGNATURE;
	memcpy(message, copy, WEFT_FW_SIGNED_BYTES);
	memcpy(message + WEFT_FW_SIGNED_BYTES, image, h.image_bytes);
	bad = crypto_sign_verify_detached(h.signature, message, WEFT_FW_SIGNED_BYTES + h.image_bytes, c->m->key);
	free(message);
	if (bad && !WCARD_BROKEN(signature_ignored))
		return WEFT_BOOT_E_SIGNATURE;
	if (h.rollback < atomic_load(&c->rollback) && !WCARD_BROKEN(rollback_ignored))
		return WEFT_BOOT_E_ROLLBACK;
	if ((h.contract_min > h.contract_max || h.contract_min > WEFT_CONTRACT_VERSION ||
	     h.contract_max < WEFT_CONTRACT_VERSION) && !WCARD_BROKEN(contract_ignored))
		return WEFT_BOOT_E_CONTRACT;
	return WEFT_BOOT_OK;
}

int wcard_boot_load(struct wcard_card *c, uint64_t image, uint64_t bytes, uint8_t *ram, uint32_t *entry,
		    uint32_t *version)
{
	const uint8_t *from = wcard_carveout(c, image, bytes);
	struct weft_fw_header h;
	uint8_t *copy;
	int code;

	if (!from || (image & 4095) || bytes > WEFT_FW_MAX_BYTES + sizeof(h))
		return WEFT_BOOT_E_PLACE;
	copy = malloc(bytes + 1);
	if (!copy)
		return WEFT_BOOT_E_PLACE;
	memcpy(copy, from, bytes);
	code = check(c, copy, bytes);
	if (code == WEFT_BOOT_OK) {
		memcpy(&h, copy, sizeof(h));
		memset(ram, 0, WEFT_CP_RAM_BYTES);
		memcpy(ram + (h.load - WEFT_CP_RAM), copy + sizeof(h), h.image_bytes);
		atomic_store(&c->rollback, h.rollback);
		*entry = h.entry;
		*version = h.fw_version;
	}
	free(copy);
	return code;
}
