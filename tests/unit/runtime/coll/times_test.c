/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Who was last and who waited, of members in two processes that tell it when they like: against keeping all of it. */
#include "co.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/coll/times.h"
#include "runtime/core/library.h"

#define RANKS	3u		/* the second is in another process */
#define MOST	40000u

static uint64_t came[RANKS][WEFT_COMM_ARRIVALS * WEFT_TIMES_EACH];	/* as cards write it */
static uint32_t waited[RANKS][MOST + 1];
static bool told[RANKS][MOST + 1];

struct pair {
	struct weft_comm *comm[2];
};

static void pair_open(struct pair *p)
{
	for (uint32_t i = 0; i < 2; i++) {
		const struct weft_comm_config config = { .size = sizeof(config), .slot_bytes = 256, .posts = 8, .flags = WEFT_COMM_TIMES };
		struct weft_comm *c = weft_comm_new(RANKS, &config);

		assert_non_null(c);
		assert_int_equal(weft_board_init(&c->board), 0);
		c->mine = i ? 2 : 5;
		c->mesh.num = 2;
		c->mesh.me = i;
		c->mesh.process[1] = 1;
		for (uint32_t r = 0; r < RANKS; r++)
			if (weft_comm_mine(c, r))
				c->member[r].times_map = came[r];
		p->comm[i] = c;
	}
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(weft_board_adopt(&p->comm[i]->board, !i, p->comm[!i]->board.fd, "test"), 0);
}

static void pair_close(struct pair *p)
{
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(weft_comm_free(p->comm[i]), 0);
}

/* Is that of the member, as its card and its board have it? */
static bool there(uint32_t rank, uint64_t number, uint64_t newest)
{
	return told[rank][number] && newest < number + WEFT_COMM_ARRIVALS;
}

static void counts(void **state)
{
	uint64_t rounds = co_number("COUNT", 300), seed = co_number("SEED", 1), counted = 0, skipped = 0;
	struct weft_comm_arrivals want = { .size = sizeof(want), .members = RANKS }, got = { .size = sizeof(got) };
	uint64_t ended = 0, newest[RANKS] = { 0 };
	struct pair p;

	(void)state;
	assert_non_null(weft_open());
	pair_open(&p);
	assert_int_equal(weft_comm_arrivals(p.comm[0], &got), 0);
	assert_memory_equal(&got, &want, sizeof(got));
	for (uint64_t round = 0; round < rounds && ended + 3000 < MOST; round++) {
		/* now and then more than a card keeps */
		for (uint64_t n = co_below(&seed, 10) ? co_below(&seed, 40) : co_below(&seed, 3000); n; n--) {
			ended++;
			for (uint32_t r = 0; r < RANKS; r++) {
				uint64_t *at = came[r] + (ended - 1) % WEFT_COMM_ARRIVALS * WEFT_TIMES_EACH;

				waited[r][ended] = (uint32_t)co_below(&seed, 1000);
				at[WEFT_TIMES_CAME] = co_below(&seed, 1 << 20);
				at[WEFT_TIMES_ALL] = at[WEFT_TIMES_CAME] + waited[r][ended];
			}
		}
		for (uint32_t i = 0; i < 2; i++) {
			if (co_below(&seed, 3) == 0)
				continue;
			for (uint32_t r = 0; r < RANKS; r++) {
				weft_times_tell(p.comm[i], r, ended);
				if (!weft_comm_mine(p.comm[i], r))
					continue;
				for (uint64_t n = newest[r] + 1; n <= ended; n++)
					told[r][n] = n + WEFT_COMM_ARRIVALS > ended;
				newest[r] = ended;
			}
		}
		if (co_below(&seed, 3) == 0)
			continue;
		for (uint64_t n = want.arrivals + 1; n <= newest[0] && n <= newest[1]; n++) {
			uint32_t last = 0;

			want.arrivals++;
			if (!there(0, n, newest[0]) || !there(1, n, newest[1]) || !there(2, n, newest[2])) {
				skipped++;
				continue;
			}
			for (uint32_t r = 0; r < RANKS; r++) {
				want.waited_ns[r] += waited[r][n];
				last = waited[r][n] < waited[last][n] ? r : last;
			}
			want.last[last]++;
			want.counted++;
		}
		assert_int_equal(weft_comm_arrivals(p.comm[0], &got), 0);
		assert_memory_equal(&got, &want, sizeof(got));
		counted = want.counted;
	}
	printf("%llu counted, %llu that made room before\n", (unsigned long long)counted, (unsigned long long)skipped);
	assert_true(counted > 100 && skipped > 100);
	pair_close(&p);
}

/* Another process may say anything: it is not believed to be further than this one, and nothing goes back. */
static void lies(void **state)
{
	struct weft_comm_arrivals a = { .size = sizeof(a) };
	struct pair p;

	(void)state;
	assert_non_null(weft_open());
	memset(came, 0, sizeof(came));
	pair_open(&p);
	for (uint32_t r = 0; r < RANKS; r++)
		for (uint32_t i = 0; i < 2; i++)
			weft_times_tell(p.comm[i], r, 10);
	weft_board_put_time(&p.comm[1]->board, 1, (struct weft_board_time) { UINT64_MAX, 1 });
	assert_int_equal(weft_comm_arrivals(p.comm[0], &a), 0);
	assert_true(a.arrivals == 10 && a.counted == 10 && a.last[0] == 10);
	for (uint32_t i = 0; i < WEFT_BOARD_TIMES; i++)
		weft_board_put_time(&p.comm[1]->board, 1, (struct weft_board_time) { i % 5, UINT64_MAX });
	assert_int_equal(weft_comm_arrivals(p.comm[0], &a), 0);
	assert_true(a.arrivals == 10 && a.counted == 10);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(counts), cmocka_unit_test(lies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
