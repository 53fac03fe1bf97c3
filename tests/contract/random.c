// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Random packet lists over random address spaces, against a model memory that is compared after every list. */
#include "model.h"
#include "cell.h"
#include "rig.h"

#include <string.h>

#define SLOTS		16u
#define SLOT_PAGES	6u
#define PAGES		(SLOTS * SLOT_PAGES)
#define SLOT_BYTES	(SLOT_PAGES * 4096u)

static uint8_t model[PAGES * 4096u];
static uint8_t *real[PAGES];		/* NULL: sparse */
static uint64_t window;
static unsigned order[SLOTS];

static void shuffle(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		order[i] = i;
	for (unsigned i = SLOTS - 1; i; i--) {
		unsigned j = (unsigned)ct_below(i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

/* A new window: each page somewhere else, in one of the apertures. */
static void remap(struct rig *r, unsigned cards)
{
	unsigned frag = 0;

	window = (UINT64_C(0x600000000000) + (ct_below(1u << 12) << 30)) + 4096 * ct_below(300);
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t va = window + i * 4096u, at;
		struct card *p = &ct_cards[cards - 1];

		switch (ct_below(cards > 1 ? 9 : 7)) {
		case 0: case 1: case 2:
			at = user_alloc(r->c, 4096, 4096 * ct_between(1, 3));
			real[i] = r->c->lmem + at;
			space_map(r->s, va, at, 4096, PTE_RW);
			break;
		case 3: case 4:
			at = host_alloc(4096);
			real[i] = host_ptr(at);
			space_map(r->s, va, at, 4096, PTE_RW | PTE_BUS(0));
			break;
		case 5:
			at = HOST_FRAG + frag++ * 4096u;
			real[i] = host_ptr(at);
			space_map(r->s, va, at, 4096, PTE_RW | PTE_BUS(0));
			break;
		case 6:
			real[i] = NULL;
			space_map(r->s, va, 0, 4096, PTE_RW | PTE_SPARSE);
			memset(model + i * 4096u, 0, 4096);
			continue;
		default:
			at = user_alloc(p, 4096, 4096);
			real[i] = p->lmem + at;
			space_map(r->s, va, p->bus2 + at, 4096, PTE_RW | PTE_BUS(p->index + 1));
			break;
		}
		random_bytes(model + i * 4096u, 4096);
		memcpy(real[i], model + i * 4096u, 4096);
	}
	card_flush_words(r->c);
}

/* Writes through the model: sparse pages stay 0. */
static void put(uint64_t off, const void *data, uint64_t n)
{
	memcpy(model + off, data, n);
	for (unsigned i = (unsigned)(off / 4096); i <= (off + n - 1) / 4096 && n; i++)
		if (!real[i])
			memset(model + i * 4096u, 0, 4096);
}

static union weft_packet random_copy(void)
{
	static uint8_t row[SLOT_BYTES];
	uint32_t rows = ct_below(3) ? 0 : (uint32_t)ct_between(1, 9);
	uint32_t n = rows > 1 ? rows : 1;
	uint64_t bytes = ct_between(0, ct_below(2) ? 300 : SLOT_BYTES / n / 2);
	uint64_t sp = bytes + ct_below(SLOT_BYTES / n - bytes), dp = bytes + ct_below(SLOT_BYTES / n - bytes);
	uint64_t so = order[0] * SLOT_BYTES + ct_below(SLOT_BYTES - sp * (n - 1) - bytes);
	uint64_t to = order[1] * SLOT_BYTES + ct_below(SLOT_BYTES - dp * (n - 1) - bytes);
	union weft_packet p = pkt_copy(window + to, window + so, bytes);

	p.copy.rows = rows;
	p.copy.src_pitch = sp;
	p.copy.dst_pitch = dp;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(row, model + so + i * sp, bytes);
		put(to + i * dp, row, bytes);
	}
	return p;
}

static union weft_packet random_fill(void)
{
	static uint8_t out[SLOT_BYTES];
	unsigned width = 1u << ct_below(4);
	uint64_t bytes = ct_between(0, ct_below(2) ? 100 : SLOT_BYTES / 2) & ~(uint64_t)(width - 1), pattern = ct_rand();
	uint64_t to = (order[0] * SLOT_BYTES + ct_below(SLOT_BYTES / 2)) & ~(uint64_t)(width - 1);

	for (uint64_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(pattern >> 8 * (i % width));
	put(to, out, bytes);
	return pkt_fill(window + to, bytes, (uint8_t)width, pattern);
}

static union weft_packet random_reduce(struct rig *r, unsigned at)
{
	static uint8_t out[SLOT_BYTES];
	unsigned n = (unsigned)ct_between(1, 8), m = (unsigned)ct_between(1, 4);
	unsigned dtype = (unsigned)ct_between(WEFT_I32, WEFT_U8), rop = (unsigned)ct_below(WEFT_AVG);
	unsigned w = model_elem_bytes(dtype);
	uint64_t count = ct_between(0, ct_below(2) ? 64 : SLOT_BYTES / 2 / w), off[16];
	const void *src[16];

	for (unsigned k = 0; k < n + m; k++) {
		off[k] = (order[k] * SLOT_BYTES + ct_below(SLOT_BYTES - count * w)) & ~(uint64_t)(w - 1);
		rig_operand(r, at + k, window + off[k]);
		src[k] = model + off[k];
	}
	model_reduce(dtype, rop, n, src, count, out);
	for (unsigned k = n; k < n + m; k++)
		put(off[k], out, count * w);
	return pkt_reduce((uint8_t)dtype, (uint8_t)rop, (uint8_t)n, (uint8_t)m, (uint16_t)at, (uint16_t)(at + n), count);
}

static void compare(long list, unsigned n)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (real[i] && memcmp(real[i], model + i * 4096u, 4096)) {
			unsigned b = 0;

			while (real[i][b] == model[i * 4096u + b])
				b++;
			ct_fail(__FILE__, __LINE__, "list %ld (of %u packets): page %u (va %#llx) differs at byte %u: %#x, model %#x",
				list, n, i, (unsigned long long)(window + i * 4096u), b, real[i][b], model[i * 4096u + b]);
		}
}

static void differential(unsigned cards)
{
	struct card *c = CARD;
	long count = ct_count(2000);
	bool reduce = (c->caps & WEFT_CAP_REDUCE) && (c->caps & WEFT_CAP_CALL);
	struct rig r = { 0 };
	unsigned long packets = 0;

	cards_open(cards);
	for (unsigned i = 0; i < cards; i++)
		card_need(&ct_cards[i]);
	if (!count)
		count = 20000;
	if (cards > 1)
		count = (count + 3) / 4;
	for (long i = 0; i < count; i++) {
		union weft_packet p[12];
		unsigned n = (unsigned)ct_between(1, ARRAY_LEN(p));

		if (i % 100 == 0) {
			/* a fresh address space; memory of the last one is given back */
			if (i) {
				for (unsigned k = 0; k < cards; k++)
					card_tidy(&ct_cards[k]);
				host_rewind();
			}
			r = rig_open(c);
			remap(&r, cards);
		}
		for (unsigned k = 0; k < n; k++) {
			shuffle();
			unsigned what = (unsigned)ct_below(reduce ? 3 : 2);
			p[k] = what == 0 ? random_copy() : what == 1 ? random_fill() : random_reduce(&r, 16 * k);
		}
		packets += n;
		rig_run(&r, p, n);
		compare(i, n);
	}
	ct_note("%ld lists, %lu packets, SEED=%llu", count, packets, (unsigned long long)ct_opt.seed);
}

static void one_card(void) { differential(1); }
static void two_cards(void) { differential(2); }

static const struct ct_test tests[] = {
	{ "lists over local, host, fragmented and sparse pages", one_card, 0, 0, false },
	{ "lists over the memory of two cards", two_cards, 0, 2, false },
};
CT_SECTION(random);
