// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
#include <linux/delay.h>
#include <linux/firmware.h>
#include <linux/module.h>
#include <drm/drm_print.h>

#include <firmware/abi/boot.h>
#include <firmware/abi/mailbox.h>
#include <firmware/abi/reg.h>

#include "weft_device.h"
#include "weft_fw.h"
#include "weft_look.h"

#define FW_NAME		"weft/weft-fw.bin"
#define BOOT_MS		5000
#define RESTART_MS	400
#define WATCHDOG_MS	300	/* a heartbeat comes every 100 ms */

MODULE_FIRMWARE(FW_NAME);

static const char *code_text(unsigned int code)
{
	switch (code) {
	case WEFT_BOOT_E_PLACE:
		return "image misplaced or too large";
	case WEFT_BOOT_E_SHORT:
		return "too short for a header";
	case WEFT_BOOT_E_MAGIC:
		return "wrong magic, not a weft firmware image";
	case WEFT_BOOT_E_HEADER:
		return "unknown header";
	case WEFT_BOOT_E_SIZE:
		return "its size is not what the header says (cut off?)";
	case WEFT_BOOT_E_LOAD:
		return "load address or entry outside of the processor's memory";
	case WEFT_BOOT_E_KEY:
		return "signed with a key the card does not know";
	case WEFT_BOOT_E_SIGNATURE:
		return "signature wrong (file damaged, or signed with another key)";
	case WEFT_BOOT_E_ROLLBACK:
		return "older than the oldest version the card still accepts";
	case WEFT_BOOT_E_CONTRACT:
		return "no contract version in common with the card";
	default:
		return "unknown reason";
	}
}

static u32 boot_status(struct weft_device *w)
{
	return weft_mmio_read32(w, WEFT_REG_BOOT_STATUS);
}

static int wait_boot(struct weft_device *w, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);
	u32 state;

	for (;;) {
		bool late = time_after(jiffies, end);

		state = boot_status(w) & 0xff;
		if (state == WEFT_BOOT_RUNNING)
			return 0;
		if (state == WEFT_BOOT_REFUSED)
			return -EIO;
		if (late)
			return -ETIME;
		usleep_range(500, 1000);
	}
}

static void explain(struct weft_device *w, const struct firmware *fw, int ret)
{
	const struct weft_fw_header *h = (const void *)fw->data;
	u32 lo = weft_mmio_read32(w, WEFT_REG_CONTRACT_MIN);
	u32 hi = weft_mmio_read32(w, WEFT_REG_CONTRACT_MAX);
	u32 code = boot_status(w) >> 8 & 0xff;

	if (ret == -ETIME) {
		drm_err(&w->drm, FW_NAME " did not run within %d ms, boot status %#x\n", BOOT_MS,
			boot_status(w));
		return;
	}
	if (fw->size < sizeof(*h)) {
		drm_err(&w->drm, FW_NAME " refused with code %u: %s (%zu bytes)\n", code,
			code_text(code), fw->size);
		return;
	}
	drm_err(&w->drm, FW_NAME " refused with code %u: %s. Image: firmware %u.%u.%u, contract %u.%u to %u.%u, rollback %u, key %u, %zu bytes. Card: contract %u.%u to %u.%u, rollback %u. Install the weft-fw.bin for this card\n",
		code, code_text(code), h->fw_version >> 16, h->fw_version >> 8 & 0xff,
		h->fw_version & 0xff, h->contract_min >> 16, h->contract_min & 0xffff,
		h->contract_max >> 16, h->contract_max & 0xffff, h->rollback, h->key_id, fw->size,
		lo >> 16, lo & 0xffff, hi >> 16, hi & 0xffff,
		weft_mmio_read32(w, WEFT_REG_BOOT_ROLLBACK));
}

static int load(struct weft_device *w, const struct firmware *fw)
{
	struct weft_carve_block *block;
	int ret;

	if (fw->size > sizeof(struct weft_fw_header) + WEFT_FW_MAX_BYTES) {
		drm_err(&w->drm, FW_NAME " has %zu bytes, the contract allows %zu\n", fw->size,
			sizeof(struct weft_fw_header) + WEFT_FW_MAX_BYTES);
		return -EIO;
	}
	/* What an earlier boot left, which a reset has made worthless. */
	weft_carve_free(w, w->fw_image);
	w->fw_image = NULL;
	block = weft_carve_alloc(w, NULL, max_t(size_t, fw->size, 1));
	if (IS_ERR(block))
		return PTR_ERR(block);
	weft_mmio_lmem_write(w, block->at, fw->data, fw->size);
	weft_mmio_flush_writes();
	weft_mmio_write64(w, WEFT_REG_BOOT_IMAGE, block->at);
	weft_mmio_write64(w, WEFT_REG_BOOT_BYTES, fw->size);
	weft_mmio_write32(w, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_START);
	ret = wait_boot(w, BOOT_MS);
	if (ret)
		explain(w, fw, ret);
	/* It stays, to be started again; not after a refusal, unless the ROM may still read it. */
	if (!ret)
		w->fw_image = block;
	else if (ret == -ETIME)
		weft_carve_quarantine(w, block);
	else
		weft_carve_free(w, block);
	return ret ? -EIO : 0;
}

int weft_fw_boot(struct weft_device *w)
{
	const struct firmware *fw;
	int ret;

	if (w->caps & WEFT_CAP_FW_RESIDENT) {
		ret = wait_boot(w, BOOT_MS);
		if (ret)
			drm_err(&w->drm, "resident firmware does not run, boot status %#x\n",
				boot_status(w));
		return ret ? -EIO : 0;
	}
	if (!(w->caps & WEFT_CAP_ROM_BOOT)) {
		drm_err(&w->drm,
			"the card has neither FW_RESIDENT nor ROM_BOOT (capabilities %#llx); the contract wants one\n",
			w->caps);
		return -EIO;
	}
	ret = request_firmware(&fw, FW_NAME, &w->pdev->dev);
	if (ret) {
		drm_err(&w->drm,
			"/lib/firmware/" FW_NAME
			" cannot be loaded (%d): install it and bind the driver again\n",
			ret);
		return ret;
	}
	ret = load(w, fw);
	release_firmware(fw);
	return ret;
}

bool weft_fw_can_restart(struct weft_device *w)
{
	return w->fw_image;
}

int weft_fw_restart(struct weft_device *w)
{
	int ret;

	/* BOOT_IMAGE and BOOT_BYTES are as load() left them. */
	weft_mmio_write32(w, WEFT_REG_BOOT_CTRL, WEFT_BOOT_CTRL_START);
	ret = wait_boot(w, RESTART_MS);
	if (ret)
		drm_err(&w->drm, "the control processor cannot be started again, boot status %#x\n",
			boot_status(w));
	return ret ? -EIO : 0;
}

/* All-ones of a card that is in reset, asleep or gone: it says nothing of its firmware. */
static u32 heartbeat(struct weft_device *w)
{
	u32 beat = ~0u;

	if (weft_look_begin(w)) {
		beat = weft_mmio_read32(w, WEFT_REG_FW_HEARTBEAT);
		weft_look_end(w);
	}
	return beat;
}

bool weft_fw_is_silent(struct weft_device *w)
{
	u32 beat = heartbeat(w);

	if (beat == ~0u)
		return false;
	msleep(WATCHDOG_MS);
	return heartbeat(w) == beat;
}

void weft_fw_watch(struct weft_device *w)
{
	weft_mmio_write32(w, WEFT_REG_FW_WATCHDOG_MS, WATCHDOG_MS);
}
