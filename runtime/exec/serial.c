/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The file of a prepared plan: header, capabilities that each card needs, text, decisions, each from a multiple of 8 on. Text and
 * decisions have one reader each (parse.c, decide.c); this file knows the frame around them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/plan_file.h>
#include <weft/plan_text.h>

#include "decide.h"

#include "runtime/core/device.h"

#define MAGIC		0x31306e6c70746677ull	/* "wftpln01" */
#define FORMAT		1u

struct header {
	uint64_t magic;
	uint32_t format;
	uint32_t contract;		/* of the cards that it was prepared for */
	uint64_t bytes;			/* of all */
	uint64_t crc;			/* of all, this as 0 */
	uint32_t cards, pad;
	uint64_t text_bytes, words;
	uint64_t zero;
};

static uint64_t padded(uint64_t bytes)
{
	return (bytes + 7) & ~7ull;
}

/* CRC-64 of ECMA-182, reflected: no change of up to 64 bits in a row, and none of two bits in any file that can be, is missed */
static uint64_t crc64(uint64_t crc, const void *data, uint64_t bytes)
{
	const unsigned char *p = data;
	uint64_t table[256];

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xc96c5795d7870f42ull : 0);
	}
	for (crc = ~crc; bytes; bytes--)
		crc = table[(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}

static uint64_t crc_of(const struct header *h, const void *rest, uint64_t bytes)
{
	struct header zero = *h;

	zero.crc = 0;
	return crc64(crc64(0, &zero, sizeof(zero)), rest, bytes);
}

static uint64_t capability(const char *name)
{
	for (uint32_t bit = 0; bit < 64; bit++)
		if (weft_capability_name(bit) && !strcmp(weft_capability_name(bit), name))
			return 1ull << bit;
	return 0;
}

/* What the plan asks of each of its cards. */
static void needs_of(const struct weft_plan *p, uint64_t needs[WEFT_PLAN_DEVICES])
{
	const uint64_t all = capability("lr") | capability("cells") | capability("cell_lists") | capability("loop") |
			     capability("pred") | (p->config.flags & WEFT_PLAN_TRACE ? capability("trace") : 0);
	const uint64_t exec = capability("exec"), reduce = capability("reduce"), timed = capability("timed"),
		       indirect = capability("indirect"), scope = capability("system_scope");

	for (uint32_t i = 0; i < p->num_devices; i++)
		needs[i] = all;
	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];
		uint64_t *need = &needs[b->device];

		for (uint32_t k = 0; k < b->num_commands; k++)
			*need |= b->command[k].op == WEFT_COMMAND_EXEC ? exec : b->command[k].op == WEFT_COMMAND_REDUCE ? reduce :
				 b->command[k].op == WEFT_COMMAND_TIMED ? timed : 0;
		for (uint32_t k = 0; k < b->num_operands; k++)
			*need |= b->operand[k].kind == WEFT_OPERAND_CHOICE ? indirect : 0;
		for (uint32_t k = 0; k < b->signals.count; k++)
			*need |= b->signals.tie[k].system ? scope : 0;
	}
}

static uint32_t contract_of(const struct weft_plan *p)
{
	uint32_t contract = 0;

	for (uint32_t i = 0; i < p->num_devices; i++)
		if (p->card[i].device->info.contract > contract)
			contract = p->card[i].device->info.contract;
	return contract;
}

int weft_plan_write(const struct weft_plan *plan, FILE *out)
{
	struct header h = { .magic = MAGIC, .format = FORMAT };
	uint64_t needs[WEFT_PLAN_DEVICES] = { 0 };
	struct weft_words words = { 0 };
	char *text = NULL, *rest = NULL, *at;
	size_t bytes = 0;
	FILE *f;
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	if (!out || !plan->prepared)
		return weft_fail(-EINVAL, "weft_plan_write: %s", out ? "the plan is not prepared: weft_plan_prepare() first" : "no file");
	f = open_memstream(&text, &bytes);
	if (!f)
		return weft_fail(-ENOMEM, "weft_plan_write");
	ret = weft_plan_print(plan, 0, f);
	fclose(f);
	if (!ret)
		ret = weft_decisions_put(plan, &words);
	if (!ret) {
		needs_of(plan, needs);
		h.contract = contract_of(plan);
		h.cards = plan->num_devices;
		h.text_bytes = bytes;
		h.words = words.count;
		h.bytes = sizeof(h) + 8ull * h.cards + padded(bytes) + 8 * words.count;
		rest = calloc(1, h.bytes - sizeof(h));
		if (!rest || !text)
			ret = weft_fail(-ENOMEM, "weft_plan_write: %llu bytes", (unsigned long long)h.bytes);
	}
	if (!ret) {
		at = rest;
		memcpy(at, needs, 8ull * h.cards);
		at += 8ull * h.cards;
		memcpy(at, text, bytes);
		memcpy(at + padded(bytes), words.word, 8 * words.count);
		h.crc = crc_of(&h, rest, h.bytes - sizeof(h));
		if (fwrite(&h, sizeof(h), 1, out) != 1 || fwrite(rest, 1, h.bytes - sizeof(h), out) != h.bytes - sizeof(h) ||
		    fflush(out))
			ret = weft_fail(-EIO, "weft_plan_write: the file took no more");
	}
	free(words.word);
	free(rest);
	free(text);
	return ret;
}

/* A frame that is whole: 0, or why not. */
static int check_frame(struct header *h, const void *data, uint64_t bytes)
{
	const uint64_t has = bytes < sizeof(*h) ? bytes : sizeof(*h);
	const char *rest;

	memset(h, 0, sizeof(*h));
	if (data)
		memcpy(h, data, has);
	if (!data || bytes < sizeof(h->magic) || h->magic != MAGIC)
		return weft_fail(-EINVAL, "no file of a plan: it does not begin with the mark of one");
	if (bytes < sizeof(*h))
		return weft_fail(-EBADMSG, "the file of a plan is cut off at byte %llu, in its header of %zu", (unsigned long long)bytes,
				 sizeof(*h));
	if (h->format != FORMAT)
		return weft_fail(-EPROTO, "the file of a plan has format %u; this library reads format %u", h->format, FORMAT);
	if (h->bytes != bytes)
		return weft_fail(-EBADMSG, h->bytes > bytes ? "the file of a plan is cut off at byte %llu of %llu" :
				 "the file of a plan has %llu bytes, and says that it has %llu", (unsigned long long)bytes,
				 (unsigned long long)h->bytes);
	rest = (const char *)data + sizeof(*h);
	if (h->crc != crc_of(h, rest, bytes - sizeof(*h)))
		return weft_fail(-EBADMSG, "the file of a plan is damaged: its checksum is %#llx, and of what is there %#llx",
				 (unsigned long long)h->crc, (unsigned long long)crc_of(h, rest, bytes - sizeof(*h)));
	if (!h->cards || h->cards > WEFT_PLAN_DEVICES || h->text_bytes > bytes || h->words > bytes / 8 || h->pad || h->zero ||
	    bytes != sizeof(*h) + 8ull * h->cards + padded(h->text_bytes) + 8 * h->words)
		return weft_fail(-EINVAL, "the file of a plan has parts of %u cards, %llu bytes and %llu words in %llu bytes", h->cards,
				 (unsigned long long)h->text_bytes, (unsigned long long)h->words, (unsigned long long)bytes);
	return 0;
}

static int check_cards(const struct header *h, const char *needs, struct weft_device *const *devices, uint32_t count)
{
	if (h->cards > count)
		return weft_fail(-ENODEV, "the plan is for %u cards, and %u %s given", h->cards, count, count == 1 ? "is" : "are");
	for (uint32_t i = 0; i < h->cards; i++) {
		uint32_t contract;
		uint64_t need, lacks;
		int ret = weft_handle(devices[i], WEFT_MAGIC_DEVICE, "weft_plan_read");

		if (ret)
			return ret;
		contract = devices[i]->info.contract;
		if (contract >> 16 != h->contract >> 16 || (contract & 0xffff) < (h->contract & 0xffff))
			return weft_fail(-EPROTO, "the plan was made for contract %u.%u, card %u has %u.%u: prepare it anew from its text",
					 h->contract >> 16, h->contract & 0xffff, i, contract >> 16, contract & 0xffff);
		memcpy(&need, needs + 8ull * i, sizeof(need));
		lacks = need & ~devices[i]->info.caps;
		for (uint32_t bit = 0; bit < 64; bit++) {
			const char *name = weft_capability_name(bit);
			char text[16];

			snprintf(text, sizeof(text), "of bit %u", bit);
			if (lacks >> bit & 1)
				return weft_fail(-EOPNOTSUPP, "the plan needs capability %s, which card %u lacks", name ? name : text, i);
		}
	}
	return 0;
}

int weft_plan_read(const void *data, uint64_t bytes, struct weft_device *const *devices, uint32_t count,
		   struct weft_plan **plan)
{
	struct weft_words words = { 0 };
	struct weft_plan *p = NULL;
	struct header h;
	const char *needs;
	int ret = weft_ready(&weft_library, __func__);

	if (ret)
		return ret;
	if (!plan || !devices || !count || count > WEFT_PLAN_DEVICES)
		return weft_fail(-EINVAL, "weft_plan_read: %u devices, 1 to %d, or no place for the plan", count, WEFT_PLAN_DEVICES);
	ret = check_frame(&h, data, bytes);
	if (ret)
		return ret;
	needs = (const char *)data + sizeof(h);
	ret = check_cards(&h, needs, devices, count);
	if (!ret)
		ret = weft_plan_parse(needs + 8ull * h.cards, h.text_bytes, devices, h.cards, &p);
	if (ret)
		return ret;
	words.count = h.words;
	words.word = malloc(8 * h.words + 8);
	if (words.word) {
		memcpy(words.word, needs + 8ull * h.cards + padded(h.text_bytes), 8 * h.words);
		ret = weft_decisions_take(p, &words);
	} else {
		ret = weft_fail(-ENOMEM, "weft_plan_read");
	}
	free(words.word);
	if (ret)
		weft_plan_destroy(p);
	else
		*plan = p;
	return ret;
}

int weft_plan_file_cards(const void *data, uint64_t bytes)
{
	struct header h;
	int ret = weft_ready(&weft_library, __func__);

	if (!ret)
		ret = check_frame(&h, data, bytes);
	return ret ? ret : (int)h.cards;
}
