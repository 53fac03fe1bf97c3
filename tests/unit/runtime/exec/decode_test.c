/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Records of random lanes to firings: all of them when none is lost, and no wrong one when some are. */
#include <stdio.h>

#include "../rt.h"

#include "runtime/exec/decode.h"

#define BODIES	6u
#define RECORDS	4096u
#define HEAD	3u

struct lane {
	struct weft_span_of body[BODIES];
	uint32_t inner[BODIES];			/* packets of the list it calls */
	uint32_t num_bodies;
	struct weft_user_queue_record record[RECORDS];
	uint32_t num_records;
	struct weft_fired fired[RECORDS];
	uint32_t num_fired;
	uint64_t now, random;
};

static uint32_t dice(struct lane *l, uint32_t sides)
{
	l->random = l->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(l->random >> 33) % sides;
}

/* Packets: [RANGE] [WAIT] command … or CALL, SIGNAL. A RANGE only where the skew changes, as lanes have it. */
static void shape(struct lane *l, uint64_t seed)
{
	uint32_t packet = 0, skew = 0;

	memset(l, 0, sizeof(*l));
	l->random = seed;
	l->now = 1000;
	l->num_bodies = 1 + dice(l, BODIES);
	for (uint32_t i = 0; i < l->num_bodies; i++) {
		struct weft_span_of *b = &l->body[i];
		const uint32_t kind = dice(l, 4);

		*b = (struct weft_span_of) { .first = packet, .wait = WEFT_NO_PACKET, .call = WEFT_NO_PACKET, .skew = dice(l, 2) * 2 };
		packet += b->skew != skew;
		skew = b->skew;
		if (!i || dice(l, 3))
			b->wait = packet++;
		packet += 1 + dice(l, 2);		/* PRED, or a command */
		if (kind == 0) {
			b->call = packet++;
			l->inner[i] = 1 + dice(l, 12);
		}
		packet++;				/* SIGNAL */
		b->last = packet;
	}
}

static void record(struct lane *l, uint32_t packet, uint64_t seq, uint64_t sleep)
{
	const uint64_t ready = l->now + sleep, start = ready + dice(l, 3);

	l->now = start + 1 + dice(l, 100);
	assert_true(l->num_records < RECORDS);
	l->record[l->num_records++] = (struct weft_user_queue_record) {
		.packet = packet & 0xffff, .seq = (uint32_t)seq, .ready_ns = ready, .start_ns = start, .end_ns = l->now };
}

static void iteration(struct lane *l, uint64_t it)
{
	uint32_t skew = 0;

	for (uint32_t i = 0; i < l->num_bodies; i++) {
		const struct weft_span_of *b = &l->body[i];
		struct weft_fired f = { .position = i, .firing = it - b->skew };
		uint32_t packet = b->first;

		if (b->skew != skew) {
			record(l, packet++, it, 0);
			f.ready_ns = l->record[l->num_records - 1].ready_ns;
			f.start_ns = l->record[l->num_records - 1].start_ns;
		}
		skew = b->skew;
		if (it < b->skew)
			continue;
		for (; packet < b->last; packet++) {
			const struct weft_user_queue_record *r = &l->record[l->num_records];
			const bool wait = packet == b->wait;

			if (packet == b->call) {
				const uint64_t from = l->now;

				l->now += 2;
				for (uint32_t k = 0; k < l->inner[i]; k++) {
					if (k && !dice(l, 4))
						continue;		/* held back by a predicate */
					record(l, k, it, 0);
					if (!k)
						l->record[l->num_records - 1].ready_ns = from;
				}
				record(l, packet, it, 0);
				l->record[l->num_records - 1].ready_ns = from;
				l->record[l->num_records - 1].start_ns = from;
				continue;
			}
			record(l, packet, it, wait && dice(l, 2) ? 50 : 0);
			if (!f.ready_ns || wait) {
				f.ready_ns = r->ready_ns;
				f.start_ns = r->start_ns;
			}
			f.wait_ns += wait && l->num_records > 1 ? r->ready_ns - l->record[l->num_records - 2].end_ns : 0;
		}
		f.end_ns = l->now;
		l->fired[l->num_fired++] = f;
	}
}

static void run(struct lane *l, uint32_t iterations, uint64_t from)
{
	for (uint32_t i = 0; i < HEAD; i++)
		record(l, i, 0, 0);
	l->now += 10;
	for (uint64_t it = 0; it < iterations && l->num_records < RECORDS - 200; it++)
		iteration(l, from + it);
}

static bool same(const struct weft_fired *a, const struct weft_fired *b, bool wait)
{
	return a->position == b->position && a->firing == b->firing && a->ready_ns == b->ready_ns && a->start_ns == b->start_ns &&
	       a->end_ns == b->end_ns && (!wait || a->wait_ns == b->wait_ns);
}

static void whole(void **state)
{
	static struct lane l;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct weft_user_queue_record end = { 0 };
		struct weft_decode d;
		struct weft_fired f;
		uint32_t n = 0;

		shape(&l, seed);
		run(&l, 20, 0);
		weft_decode_init(&d, l.body, l.num_bodies, HEAD);
		/* the loop is over: its own record, which began with it, and those of the list behind it */
		end.start_ns = l.record[HEAD].start_ns - 1;
		end.end_ns = end.ready_ns = l.now;
		l.record[l.num_records++] = end;
		record(&l, 0, 1, 0);
		for (uint32_t i = 0; i < l.num_records; i++)
			if (weft_decode_feed(&d, &l.record[i], &f)) {
				/* the gate was shut until the loop's first wait was over: that is none of the run's */
				const bool wait = n != 0;

				if (n >= l.num_fired || !same(&f, &l.fired[n], wait))
					fail_msg("seed %d: firing %u of body %u, at record %u", (int)seed, n, f.position, i);
				n++;
			}
		n += weft_decode_flush(&d, &f);
		assert_int_equal(n, l.num_fired);
	}
}

/* Runs of records are missing. Whatever comes is as it was, except for how long was slept before. */
static void losses(void **state)
{
	static struct lane l;
	uint64_t kept = 0, made = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct weft_decode d;
		struct weft_fired f;
		uint32_t at = 0;

		shape(&l, seed);
		run(&l, 40, 0xfffffff0u);		/* the number in a record has 32 bits */
		weft_decode_init(&d, l.body, l.num_bodies, HEAD);
		d.iteration = 0xfffffff0u;
		for (uint32_t i = 0; i < l.num_records; i++) {
			bool got = false;

			if (i > HEAD + 20 && !dice(&l, 60)) {
				i += 1 + dice(&l, 40);
				got = weft_decode_gap(&d, &f);
			}
			if (!got && (i >= l.num_records || !weft_decode_feed(&d, &l.record[i], &f)))
				continue;
			if (got)
				i--;		/* not looked at yet */
			while (at < l.num_fired && !same(&f, &l.fired[at], false))
				at++;
			if (at == l.num_fired)
				fail_msg("seed %d, record %u: body %u, firing %llu was not so", (int)seed, i, f.position,
					 (unsigned long long)f.firing);
			kept++;
		}
		made += l.num_fired;
	}
	printf("# %llu of %llu firings kept\n", (unsigned long long)kept, (unsigned long long)made);
	assert_true(kept > made / 4 && kept < made);
}

/* 70,000 packets in one list: a record has the low 16 bits. */
static void long_list(void **state)
{
	static const struct weft_span_of body[] = {
		{ .first = 0, .last = 65000, .wait = 0, .call = WEFT_NO_PACKET },
		{ .first = 65000, .last = 70000, .wait = 65000, .call = WEFT_NO_PACKET },
	};
	struct weft_decode d;
	uint32_t n = 0;

	(void)state;
	weft_decode_init(&d, body, 2, 0);
	for (uint32_t i = 0; i < 140000; i++) {
		const struct weft_user_queue_record r = {
			.packet = i % 70000 & 0xffff, .seq = i / 70000, .ready_ns = 100 + i, .start_ns = 100 + i, .end_ns = 101 + i };
		struct weft_fired f;

		if (!weft_decode_feed(&d, &r, &f))
			continue;
		assert_int_equal(f.position, n % 2);
		assert_int_equal(f.firing, n / 2);
		n++;
	}
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(whole), cmocka_unit_test(losses), cmocka_unit_test(long_list) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
