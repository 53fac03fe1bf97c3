// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The engine table, of all cards together, and engines that several cards share. */
#include "load.h"

#include <unistd.h>

struct engine {
	unsigned card;
	uint32_t kinds, group, width;
};

static void groups(void)
{
	static struct engine e[HOST_CARDS * 64];
	unsigned n = 0;

	cards_open(ct_ncards);
	for (unsigned i = 0; i < ct_ncards; i++) {
		struct card *c = &ct_cards[i];
		uint32_t engines = rd32(c, WEFT_REG_NUM_ENGINES);

		CHECK(engines <= 64, "card %u: NUM_ENGINES %u", i, engines);
		for (uint32_t k = 0; k < engines; k++) {
			uint32_t at = WEFT_REG_ENGINES + 16 * k;

			e[n++] = (struct engine){ i, rd32(c, at), rd32(c, at + 4), rd32(c, at + 8) };
		}
	}
	for (unsigned i = 0; i < n; i++) {
		bool timers = e[i].kinds & WEFT_ENGINE_TIMED;
		unsigned engines = 0;

		ct_about("an engine of card %u, kinds %#x, group %u", e[i].card, e[i].kinds, e[i].group);
		for (unsigned k = 0; k < n; k++)
			if (e[k].group == e[i].group) {
				CHECK_EQ(e[k].width, e[i].width, "width of another engine of the group");
				engines++;
			}
		if (timers) {
			CHECK_EQ(e[i].kinds, WEFT_ENGINE_TIMED, "kinds");
			CHECK_EQ(engines, 1, "engines in the group of the timers");
			CHECK_EQ(e[i].width, rd32(&ct_cards[e[i].card], WEFT_REG_NUM_SLOTS), "width of the timers");
			CHECK_EQ(e[i].width, rd32(&ct_cards[e[i].card], WEFT_REG_TIMED_WIDTH), "width of the timers");
		} else {
			CHECK(e[i].width <= engines, "%u engines execute %u units at once", engines, e[i].width);
		}
		ct_about("%s", "");
	}
}

/* Engine time of two cards while both have work, at least 150 ms of it. */
static uint64_t share_of_first(struct card *a, struct card *b)
{
	uint64_t ta = card_busy(a), tb = card_busy(b), begin = ct_now_ns(), da, db;

	do {
		usleep(50000);
		da = card_busy(a) - ta;
		db = card_busy(b) - tb;
	} while (da + db < 150000000 && ct_now_ns() - begin < UINT64_C(2000000000));
	return da + db ? 1000 * da / (da + db) : 0;
}

static void slept(void)
{
	struct card *a = &ct_cards[0], *b = &ct_cards[1];
	uint64_t before, share;

	cards_open(2);
	card_need(a);
	card_need(b);
	struct load la = load_open(a, WEFT_AS_FENCE), lb = load_open(b, WEFT_AS_FENCE);
	for (unsigned i = 0; i < 8; i++)
		load_start(&la, load_queue(&la, NULL));
	before = card_busy(a);
	WAIT_FOR(card_busy(a) - before > 600000000, 5000, "600 ms of engine time of the first card");
	for (unsigned i = 0; i < 8; i++)
		load_start(&lb, load_queue(&lb, NULL));
	share = share_of_first(a, b);
	ct_note("a card beside one that had slept: %llu per mille", (unsigned long long)share);
	CHECK(share >= 300, "beside a card that had slept it got %llu per mille", (unsigned long long)share);
}

static const struct ct_test tests[] = {
	{ "groups: one width, no more than there are engines; the timers'", groups, 0, 0, false },
	{ "a card that slept has no claim to the time it did not use", slept, WEFT_CAP_LOOP | WEFT_CAP_CALL | WEFT_CAP_COUNTERS, 2, false },
};
CT_SECTION(engines);
