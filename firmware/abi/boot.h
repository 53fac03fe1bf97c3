/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Firmware image and boot codes. An image is this header followed by `image_bytes` bytes and nothing else. The ROM
 * copies the bytes to `load`, inside control-processor RAM (cp.h), and starts at `entry`, only after the Ed25519
 * signature (RFC 8032) over the header's first WEFT_FW_SIGNED_BYTES bytes followed by the image bytes verified under
 * the card's public key, so that any changed bit is refused.
 */
#ifndef WEFT_ABI_BOOT_H
#define WEFT_ABI_BOOT_H

#include "base.h"

#define WEFT_FW_MAGIC			UINT64_C(0x4d49574654464557)	/* "WEFTFWIM" */
#define WEFT_FW_HEADER_VERSION		1
#define WEFT_FW_SIGNED_BYTES		192
#define WEFT_FW_MAX_BYTES		(1u << 20)

struct weft_fw_header {
	uint64_t magic;
	uint32_t header_bytes;		/* 256 */
	uint32_t header_version;
	uint32_t image_bytes;		/* multiple of 16 */
	uint32_t load;			/* control-processor address */
	uint32_t entry;			/* control-processor address */
	uint32_t fw_version;		/* major << 16 | minor << 8 | patch */
	uint32_t contract_min;		/* oldest and newest contract version the firmware speaks */
	uint32_t contract_max;
	uint32_t rollback;		/* refused when below the card's number; raises it when accepted */
	uint32_t key_id;		/* which key of the card signed it; 0 = development */
	uint8_t  build_id[32];		/* SHA-256 of the image bytes, for people; not checked apart */
	uint8_t  reserved[112];		/* zero */
	uint8_t  signature[64];
};
WEFT_ASSERT_SIZE(struct weft_fw_header, 256);
WEFT_ASSERT_AT(struct weft_fw_header, build_id, 48);
WEFT_ASSERT_AT(struct weft_fw_header, signature, WEFT_FW_SIGNED_BYTES);

/* WEFT_REG_BOOT_STATUS bits 7:0 */
enum weft_boot_state {
	WEFT_BOOT_IDLE = 0,		/* after reset, nothing loaded */
	WEFT_BOOT_VERIFYING = 1,
	WEFT_BOOT_RUNNING = 2,		/* image started, or FW_RESIDENT */
	WEFT_BOOT_REFUSED = 3,		/* see the code */
	WEFT_BOOT_HALTED = 4,		/* by BOOT_CTRL_HALT */
};

/* WEFT_REG_BOOT_STATUS bits 15:8; checks are made in this order */
enum weft_boot_code {
	WEFT_BOOT_OK = 0,
	WEFT_BOOT_E_PLACE = 1,		/* BOOT_IMAGE/BOOT_BYTES misaligned, outside the carve-out, or too large */
	WEFT_BOOT_E_SHORT = 2,		/* fewer bytes than a header */
	WEFT_BOOT_E_MAGIC = 3,
	WEFT_BOOT_E_HEADER = 4,		/* header size, header version, or reserved bytes */
	WEFT_BOOT_E_SIZE = 5,		/* header_bytes + image_bytes is not BOOT_BYTES, or not a multiple of 16 */
	WEFT_BOOT_E_LOAD = 6,		/* load range not inside RAM, or entry outside the image or odd */
	WEFT_BOOT_E_KEY = 7,		/* unknown key_id */
	WEFT_BOOT_E_SIGNATURE = 8,
	WEFT_BOOT_E_ROLLBACK = 9,
	WEFT_BOOT_E_CONTRACT = 10,	/* no contract version in common with the card */
};

#endif
