// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The hardware access of the control processor: memory-mapped registers and local memory. */
#include "../../abi/cp.h"
#include "../hal.h"

typedef uint64_t __attribute__((may_alias)) word;

extern struct wfw_hal wfw_hal_rv64;

static void order(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

static uint32_t read32(struct wfw_hal *hal, uint32_t reg)
{
	uint32_t v = *(volatile uint32_t *)(uintptr_t)reg;

	(void)hal;
	order();
	return v;
}

static uint64_t read64(struct wfw_hal *hal, uint32_t reg)
{
	uint64_t v = *(volatile uint64_t *)(uintptr_t)reg;

	(void)hal;
	order();
	return v;
}

static void write32(struct wfw_hal *hal, uint32_t reg, uint32_t value)
{
	(void)hal;
	order();
	*(volatile uint32_t *)(uintptr_t)reg = value;
}

static void write64(struct wfw_hal *hal, uint32_t reg, uint64_t value)
{
	(void)hal;
	order();
	*(volatile uint64_t *)(uintptr_t)reg = value;
}

/* Offsets and buffers of messages are 8-byte aligned, so they move by words; log text moves by bytes. */
static int by_words(uint64_t offset, const void *buf, size_t bytes)
{
	return !((offset | (uintptr_t)buf | bytes) % 8);
}

static void lmem_read(struct wfw_hal *hal, uint64_t offset, void *buf, size_t bytes)
{
	uintptr_t at = WEFT_CP_LMEM + offset;

	(void)hal;
	if (by_words(offset, buf, bytes)) {
		for (size_t i = 0; i < bytes; i += 8)
			*(word *)((char *)buf + i) = *(volatile uint64_t *)(at + i);
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		((uint8_t *)buf)[i] = *(volatile uint8_t *)(at + i);
}

static void lmem_write(struct wfw_hal *hal, uint64_t offset, const void *buf, size_t bytes)
{
	uintptr_t at = WEFT_CP_LMEM + offset;

	(void)hal;
	if (by_words(offset, buf, bytes)) {
		for (size_t i = 0; i < bytes; i += 8)
			*(volatile uint64_t *)(at + i) = *(const word *)((const char *)buf + i);
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		*(volatile uint8_t *)(at + i) = ((const uint8_t *)buf)[i];
}

static void wait(struct wfw_hal *hal)
{
	(void)hal;
	order();
	__asm__ volatile("wfi" ::: "memory");
}

struct wfw_hal wfw_hal_rv64 = {
	.read32 = read32, .read64 = read64, .write32 = write32, .write64 = write64,
	.lmem_read = lmem_read, .lmem_write = lmem_write, .wait = wait,
};
