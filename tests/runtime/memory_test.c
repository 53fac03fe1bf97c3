/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Memory operations on every card of the machine: each path, each size, synchronous and not, checked byte by byte. */
#include "rt_tap.h"

#define BYTES	(5u << 20)

static unsigned char *in, *out;

static int fill_in(void)
{
	uint64_t seed = rt_number("SEED", 1);

	in = malloc(BYTES);
	out = malloc(BYTES);
	RT_CHECK(in && out, "no memory");
	for (uint32_t i = 0; i < BYTES; i++)
		in[i] = (unsigned char)rt_random(&seed);
	return 0;
}

static int one_card(struct weft_device *card)
{
	static const uint32_t sizes[] = { 1, 7, 256, 257, 4096, 65537, 1u << 20, (1u << 20) + 1, BYTES - 64 };
	struct weft_memory *a, *b;
	struct weft_point done;

	RT_OK(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &a));
	RT_OK(weft_memory_alloc(card, BYTES, WEFT_PLACE_HOST, &b));
	RT_OK(weft_memory_read(a, 0, out, BYTES));
	for (uint32_t i = 0; i < BYTES; i++)
		RT_CHECK(!out[i], "fresh memory: byte %u is %u", i, out[i]);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t at = i * 7 % 64;

		RT_OK(weft_memory_write(a, at, in + i, sizes[i]));
		memset(out, 0, sizes[i]);
		RT_OK(weft_memory_read(a, at, out, sizes[i]));
		RT_CHECK(!memcmp(out, in + i, sizes[i]), "%u bytes came back different", sizes[i]);
	}
	RT_OK(weft_memory_write(a, 0, in, BYTES));
	RT_OK(weft_memory_copy(b, 0, a, 0, BYTES, 0));		/* card to pinned host memory and back */
	RT_OK(weft_memory_fill(a, 0, 0x5a, 1, BYTES));
	RT_OK(weft_memory_read(a, 0, out, BYTES));
	for (uint32_t i = 0; i < BYTES; i++)
		RT_CHECK(out[i] == 0x5a, "fill: byte %u is %u", i, out[i]);
	RT_OK(weft_memory_copy(a, 0, b, 0, BYTES, 0));
	RT_OK(weft_memory_read_async(a, 0, out, BYTES, NULL, 0, &done));
	RT_OK(weft_point_wait(&done, 30 * RT_SECOND));
	RT_CHECK(!memcmp(in, out, BYTES), "asynchronous read");
	RT_OK(weft_memory_write_async(a, 1, in, BYTES - 1, NULL, 0, &done));
	RT_OK(weft_point_wait(&done, 30 * RT_SECOND));
	RT_OK(weft_memory_read(a, 1, out, BYTES - 1));
	RT_CHECK(!memcmp(in, out, BYTES - 1), "asynchronous write");
	RT_OK(weft_memory_destroy(a));
	RT_OK(weft_memory_destroy(b));
	return 0;
}

static int every_card(struct weft *weft)
{
	int cards = weft_device_count(weft, "card");
	struct weft_device *card;

	RT_CHECK(cards > 0, "no card");
	for (int i = 0; i < cards; i++) {
		RT_OK(weft_device_open(weft, "card", (uint32_t)i, &card));
		if (one_card(card))
			return -1;
		RT_OK(weft_device_close(card));
	}
	return 0;
}

static int every_pair(struct weft *weft)
{
	int cards = weft_device_count(weft, "card"), refused = 0;
	struct weft_stats before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	struct weft_device *card[RT_CARDS];
	struct weft_memory *memory[RT_CARDS];

	if (cards < 2)
		return rt_say(RT_SKIP, "two-cards");
	cards = cards > RT_CARDS ? RT_CARDS : cards;
	for (int i = 0; i < cards; i++) {
		RT_OK(weft_device_open(weft, "card", (uint32_t)i, &card[i]));
		RT_OK(weft_memory_alloc(card[i], BYTES, WEFT_PLACE_LOCAL, &memory[i]));
	}
	for (int k = 0; k < cards * cards; k++) {
		int from = k / cards, to = k % cards;
		struct weft_peer peer = { .size = sizeof(peer) };

		if (from == to)
			continue;
		RT_OK(weft_device_peer(card[to], card[from], &peer));
		RT_OK(weft_memory_write(memory[from], 0, in + k, BYTES - 64));
		RT_OK(weft_memory_fill(memory[to], 0, 0, 8, BYTES));
		RT_OK(weft_stats_get(weft, &before));
		if (peer.reach == WEFT_REACH_NONE) {
			RT_IS(weft_memory_copy(memory[to], 0, memory[from], 0, BYTES, 0), -EOPNOTSUPP);
			RT_CHECK(strstr(weft_last_error(), peer.why), "the reason is missing: %s", weft_last_error());
			RT_OK(weft_memory_copy(memory[to], 0, memory[from], 0, BYTES, WEFT_TRANSFER_ALLOW_BOUNCE));
			RT_OK(weft_stats_get(weft, &after));
			RT_CHECK(after.host_bounce_bytes == before.host_bounce_bytes + BYTES, "bounce not counted");
			refused++;
		} else {
			RT_OK(weft_memory_copy(memory[to], 0, memory[from], 0, BYTES, 0));
			RT_OK(weft_stats_get(weft, &after));
			RT_CHECK(after.host_bounce_bytes == before.host_bounce_bytes, "bounced unasked");
			RT_CHECK(after.p2p_bytes == before.p2p_bytes + BYTES, "not counted");
		}
		RT_OK(weft_memory_read(memory[to], 0, out, BYTES));
		RT_CHECK(!memcmp(in + k, out, BYTES - 64), "card %d to card %d", from, to);
	}
	printf("# %d of %d pairs by way of the host\n", refused, cards * (cards - 1));
	for (int i = 0; i < cards; i++) {
		RT_OK(weft_memory_destroy(memory[i]));
		RT_OK(weft_device_close(card[i]));
	}
	return 0;
}

static int tensor_over_cards(struct weft *weft)
{
	int cards = weft_device_count(weft, "card");
	struct weft_tensor_desc desc = {
		.size = sizeof(desc), .type = WEFT_TYPE_F32, .rank = 2, .shape = { 1021, 1023 },
	};
	struct weft_device *card[RT_CARDS];
	struct weft_tensor *tensor;
	uint64_t bytes;

	cards = cards > RT_CARDS ? RT_CARDS : cards;
	for (int i = 0; i < cards; i++)
		RT_OK(weft_device_open(weft, "card", (uint32_t)i, &card[i]));
	RT_OK(weft_tensor_create(card, (uint32_t)cards, &desc, &tensor));
	bytes = weft_tensor_bytes(tensor);
	memset(out, 0, BYTES);
	RT_OK(weft_tensor_scatter(tensor, in, NULL));
	RT_OK(weft_tensor_gather(tensor, out, NULL));
	RT_CHECK(!memcmp(in, out, bytes), "a row is different");
	RT_OK(weft_tensor_destroy(tensor));
	for (int i = 0; i < cards; i++)
		RT_OK(weft_device_close(card[i]));
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "memory operations on every card", every_card },
		{ "copies between every two cards", every_pair },
		{ "a tensor over all cards", tensor_over_cards },
	};

	return fill_in() ? 1 : rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
