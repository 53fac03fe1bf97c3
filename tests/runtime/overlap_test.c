/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Two queues of one card at once, by its clock: copies beside operators. */
#include "place.h"

/* Card clock of a list that begins and ends with a time stamp, at 16 * i of the memory. */
static int stamped(struct place *p, int i, uint64_t timed_ns, uint64_t copy_bytes, int copies)
{
	uint64_t base = weft_memory_address(p->memory);

	RT_OK(weft_list_reset(p->list[i]));
	RT_OK(weft_list_timestamp(p->list[i], base + 16 * (uint64_t)i));
	for (int k = 0; k < copies; k++)
		RT_OK(weft_list_copy(p->list[i], base + 4096 + copy_bytes, base + 4096, copy_bytes));
	if (timed_ns)
		RT_OK(weft_list_timed(p->list[i], timed_ns));
	RT_OK(weft_list_timestamp(p->list[i], base + 16 * (uint64_t)i + 8));
	RT_OK(weft_list_commit(p->list[i]));
	return 0;
}

/* Runs list @from … @to together; card time from the first time stamp to the last. */
static int span(struct place *p, int from, int to, uint64_t *ns)
{
	uint64_t t[4], first = UINT64_MAX, last = 0;

	for (int i = from; i <= to; i++)
		RT_OK(weft_queue_run(p->queue[i], p->list[i], NULL));
	for (int i = from; i <= to; i++)
		RT_OK(weft_queue_wait(p->queue[i], 0, 60 * RT_SECOND));
	RT_OK(weft_memory_read(p->memory, 0, t, sizeof(t)));
	for (int i = from; i <= to; i++) {
		first = t[2 * i] < first ? t[2 * i] : first;
		last = t[2 * i + 1] > last ? t[2 * i + 1] : last;
	}
	*ns = last - first;
	return 0;
}

/* The copies of one queue take about as long as the timed operator of another: together at most 1.1 times the longer. */
static int overlap(struct weft *weft)
{
	const uint64_t bytes = 16u << 20;
	uint64_t copy, timed, both, longer;
	double best = 1e9;
	struct place p;

	if (place_open(weft, &p, 2 * bytes + 4096, 0) || stamped(&p, 0, 0, bytes, 8))
		return -1;
	for (int i = 0; i < 2; i++)	/* the first warms up */
		if (span(&p, 0, 0, &copy))
			return -1;
	if (stamped(&p, 0, 0, bytes, 1 + (int)(8 * 300000000ull / (copy ? copy : 1))) || stamped(&p, 1, 300000000, 0, 0))
		return -1;
	for (int round = 0; round < 5 && best > 1.1; round++) {	/* the machine is shared: the best of five */
		if (span(&p, 0, 0, &copy) || span(&p, 1, 1, &timed) || span(&p, 0, 1, &both))
			return -1;
		longer = copy > timed ? copy : timed;
		printf("# copies %llu ns, timed %llu ns, together %llu ns\n", (unsigned long long)copy,
		       (unsigned long long)timed, (unsigned long long)both);
		if ((double)both / (double)longer < best)
			best = (double)both / (double)longer;
	}
	RT_CHECK(best <= 1.1, "together %.2f times the longer alone", best);
	return place_close(&p);
}

static int busy(struct weft_device *card, uint64_t *ns)
{
	struct weft_engine engine[64];
	int n = weft_device_engines(card, engine, 64, sizeof(engine[0]));

	RT_OK(n);
	*ns = 0;
	for (int i = 0; i < n; i++)
		*ns += engine[i].busy_ns;
	return 0;
}

/*
 * Copies of one queue beside products of another, which are alike in length: card time from the first packet to the last
 * over the time that all engines were busy meanwhile. 1 when they take turns, 1/2 when two engines share evenly.
 */
static int overlap_real(struct weft *weft)
{
	enum { SIDE = 512 };
	const uint64_t bytes = 16u << 20, half = 4ull * SIDE * SIDE;
	struct weft_exec gemm = { .size = sizeof(gemm), .num_operands = 3, .dims = { SIDE, SIDE, SIDE },
				  .scalars = { weft_f32(1), weft_f32(0) } };
	uint64_t copy, product, both, before, after;
	double best = 1e9;
	struct place p;

	/* long enough that it does not matter how much later than the first the second job comes, also on a debug kernel */
	if (place_open(weft, &p, 2 * bytes + 4096 + 3 * half, 0) || stamped(&p, 0, 0, bytes, 32))
		return -1;
	for (int i = 0; i < 3; i++)
		gemm.operands[i] = weft_memory_address(p.memory) + 4096 + 2 * bytes + (uint64_t)i * half;
	for (int round = 0, count = 16; round < 3; round++) {	/* the last time as many as take as long as the copies */
		if (round == 2)
			count = (int)((uint64_t)count * copy / (product ? product : 1)) + 1;

		RT_OK(weft_list_reset(p.list[1]));
		RT_OK(weft_list_timestamp(p.list[1], weft_memory_address(p.memory) + 16));
		for (int i = 0; i < count && i < 4096; i++)
			RT_OK(weft_list_exec(p.list[1], "gemm", WEFT_TYPE_F32, &gemm));
		RT_OK(weft_list_timestamp(p.list[1], weft_memory_address(p.memory) + 24));
		RT_OK(weft_list_commit(p.list[1]));
		if (span(&p, 0, 0, &copy) || span(&p, 1, 1, &product))
			return -1;
	}
	for (int round = 0; round < 20 && best > 0.7; round++) {	/* the machine is shared: the best of twenty */
		if (busy(p.card, &before) || span(&p, 0, 1, &both) || busy(p.card, &after))
			return -1;
		printf("# copies %llu ns, products %llu ns, together %llu ns, engines busy %llu ns\n",
		       (unsigned long long)copy, (unsigned long long)product, (unsigned long long)both,
		       (unsigned long long)(after - before));
		if ((double)both / (double)(after - before) < best)
			best = (double)both / (double)(after - before);
	}
	RT_CHECK(best <= 0.9, "total %.2f of the engines' time", best);
	return place_close(&p);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "copies overlap timed operators", overlap },
		{ "copies overlap real operators", overlap_real },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
