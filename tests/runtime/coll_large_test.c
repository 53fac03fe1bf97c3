/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Collective calls of 2^20 + 1 and 2^24 elements, against what the operations mean, computed here. All calls there are of operation,
 * type, members, count, algorithm, place and reduction are put in an order in which the first ones have every pair of two of these
 * that there is: those are COUNT's standard, and what CI does. More, or other SEEDs, go on behind them, until all have been done.
 *
 * Numbers repeat after PERIOD elements, a prime, so that neither a slice nor a block is a multiple of it and what lands in a wrong
 * place is wrong there. Cards of the test machine have 256 MiB: what does not fit are calls of 2^24 elements of a block for each
 * member, see fits().
 */
#include <time.h>

#include "coll_mean.h"

#define PERIOD		16381u
#define PIECES		64u			/* of a transfer */
#define FEW		((1u << 20) + 1)
#define MANY		(1u << 24)
#define MOST_SLOT	(1u << 24)		/* of struct weft_comm_config */
#define TABLES		(4ull << 20)		/* of a card, for all that is not data */
#define NO_REDUCTION	5u

enum { OP, TYPE, MEMBERS, SIZE, ALGORITHM, PLACE, REDUCTION, FACTORS };
#define VALUES		8u			/* of a factor, at most */

struct call {
	uint8_t v[FACTORS];
};

static const char *const factors[FACTORS] = { "operation", "type", "members", "count", "algorithm", "place", "reduction" };
static const uint8_t values[FACTORS] = { WEFT_COLL_OPS, WEFT_TYPE_U8 + 1, MOST, 2, WEFT_COLL_ALGORITHMS, 2, NO_REDUCTION + 1 };

/* --- which calls there are --- */

/* By the documentation's words, not by what the library says of itself */
static bool knows(uint32_t op, uint32_t algorithm)
{
	switch (algorithm) {
	case WEFT_COLL_PULL:
		return op == WEFT_COLL_BROADCAST;
	case WEFT_COLL_STAGED:
		return op == WEFT_COLL_ALL_TO_ALL;
	case WEFT_COLL_RING:
		return op == WEFT_COLL_ALL_REDUCE || op == WEFT_COLL_ALL_GATHER;
	default:
		return true;
	}
}

static uint64_t count_of(const struct call *c)
{
	return c->v[SIZE] ? MANY : FEW;
}

static uint32_t members_of(const struct call *c)
{
	return c->v[MEMBERS] + 1u;
}

static uint64_t bytes_of(const struct call *c)
{
	return count_of(c) * weft_type_bytes((enum weft_type)c->v[TYPE]);
}

static bool is_call(const struct call *c, uint32_t cards)
{
	const uint32_t op = c->v[OP];
	const bool reduces = op == WEFT_COLL_ALL_REDUCE || op == WEFT_COLL_REDUCE_SCATTER || op == WEFT_COLL_REDUCE;

	if (op == WEFT_COLL_BARRIER || members_of(c) > cards || reduces == (c->v[REDUCTION] == NO_REDUCTION) || !knows(op, c->v[ALGORITHM]) ||
	    (op == WEFT_COLL_SEND && c->v[PLACE]))
		return false;
	switch (c->v[ALGORITHM]) {
	case WEFT_COLL_PUSH:	/* through slots */
		return bytes_of(c) <= MOST_SLOT;
	case WEFT_COLL_DIRECT:	/* what is there would be overwritten before all have read it */
		return op != WEFT_COLL_ALL_TO_ALL || !c->v[PLACE] || members_of(c) == 1;
	case WEFT_COLL_RING:	/* an average of averages is none */
		return members_of(c) > 1 && !(op == WEFT_COLL_ALL_REDUCE && c->v[REDUCTION] == WEFT_REDUCTION_AVG);
	default:
		return true;
	}
}

static uint32_t blocks_in(const struct call *c)
{
	return c->v[OP] == WEFT_COLL_REDUCE_SCATTER || c->v[OP] == WEFT_COLL_ALL_TO_ALL ? members_of(c) : 1;
}

static uint32_t blocks_out(const struct call *c)
{
	return c->v[OP] == WEFT_COLL_ALL_GATHER || c->v[OP] == WEFT_COLL_ALL_TO_ALL ? members_of(c) : 1;
}

static uint32_t slot_of(const struct call *c)
{
	return c->v[ALGORITHM] == WEFT_COLL_PUSH ? (uint32_t)(bytes_of(c) + 63) / 64 * 64 : 0;
}

/* Of windows; 0: a call in place has one only */
static uint64_t in_bytes(const struct call *c)
{
	return !c->v[PLACE] || c->v[OP] == WEFT_COLL_REDUCE_SCATTER ? blocks_in(c) * bytes_of(c) + GAP : 0;
}

static uint64_t out_bytes(const struct call *c)
{
	return !c->v[PLACE] || c->v[OP] != WEFT_COLL_REDUCE_SCATTER ? blocks_out(c) * bytes_of(c) + GAP : 0;
}

/* On a card: windows and inboxes */
static bool fits(const struct call *c, uint64_t free_bytes)
{
	return in_bytes(c) + out_bytes(c) + 2ull * members_of(c) * slot_of(c) + TABLES <= free_bytes;
}

/* --- their order --- */

static bool seen[FACTORS][VALUES][FACTORS][VALUES];

/* Pairs of the call that are not seen; with @take they are from now on. */
static uint32_t unseen(const struct call *c, bool take)
{
	uint32_t n = 0;

	for (uint32_t a = 0; a < FACTORS; a++)
		for (uint32_t b = a + 1; b < FACTORS; b++) {
			n += !seen[a][c->v[a]][b][c->v[b]];
			seen[a][c->v[a]][b][c->v[b]] |= take;
		}
	return n;
}

static bool next(struct call *c)
{
	for (uint32_t f = 0; f < FACTORS; f++) {
		c->v[f] = (uint8_t)((c->v[f] + 1u) % values[f]);
		if (c->v[f])
			return true;
	}
	return false;
}

/* What a call takes: MiB that are written and read, and as long again for all that does not grow with them */
static uint64_t weight(const struct call *c)
{
	return 16 + (members_of(c) * (blocks_in(c) + blocks_out(c)) * bytes_of(c) >> 20);
}

/* All calls; those that bring most new pairs for what they take first, until there are none, then the others. Return: how many */
static uint32_t cover(struct call *all, uint32_t num)
{
	uint32_t rows = 0;

	memset(seen, 0, sizeof(seen));
	for (;;) {
		uint64_t most = 0, least = 1;
		uint32_t best = 0;
		struct call c;

		for (uint32_t i = rows; i < num; i++) {
			const uint64_t n = unseen(&all[i], false), w = weight(&all[i]);

			if (n * least > most * w) {
				best = i;
				most = n;
				least = w;
			}
		}
		if (!most)
			return rows;
		unseen(&all[best], true);
		c = all[rows];
		all[rows++] = all[best];
		all[best] = c;
	}
}

/* Neighbours of the rest are alike: those that follow each other are far from each other. */
static void scatter(struct call *all, uint32_t num, uint64_t seed)
{
	for (uint32_t i = num; i > 1; i--) {
		const uint32_t k = (uint32_t)(rt_random(&seed) % i);
		const struct call c = all[k];

		all[k] = all[i - 1];
		all[i - 1] = c;
	}
}

/* --- data --- */

static uint8_t piece[MOST + 1][2 * PERIOD * 4];	/* what each member gives, twice over, and all combined */
static uint8_t buffer[PIECES * PERIOD * 4];

static void make_pieces(const struct weft_coll_desc *d, uint32_t n)
{
	const uint32_t each = weft_type_bytes((enum weft_type)d->type);

	for (uint32_t i = 0; i < PERIOD; i++) {
		for (uint32_t r = 0; r < n; r++)
			encode((enum weft_type)d->type, number(n, r, i), piece[r] + (size_t)i * each);
		encode((enum weft_type)d->type, combined(d, n, i), piece[MOST] + (size_t)i * each);
	}
	for (uint32_t r = 0; r <= MOST; r++)
		memcpy(piece[r] + (size_t)PERIOD * each, piece[r], (size_t)PERIOD * each);
}

/* @count elements at @at, which are whole periods from a beginning: some by the host, the card doubles them. */
static int give(struct weft_memory *m, uint64_t at, const uint8_t *from, uint32_t each, uint64_t count)
{
	uint64_t have = PIECES * PERIOD;

	for (uint32_t i = 0; i < PIECES; i++)
		memcpy(buffer + (size_t)i * PERIOD * each, from, (size_t)PERIOD * each);
	have = have < count ? have : count;
	RT_OK(weft_memory_write(m, at * each, buffer, have * each));
	for (uint64_t more; have < count; have += more) {
		more = have < count - have ? have : count - have;
		RT_OK(weft_memory_copy(m, (at + have) * each, m, at * each, more * each, 0));
	}
	return 0;
}

static int start(struct set *s, const struct call *c, const struct weft_coll_desc *d)
{
	const uint32_t each = weft_type_bytes((enum weft_type)d->type);

	for (uint32_t r = 0; r < s->n; r++) {
		const uint64_t count = given(d, s->n, r), at = !d->in && d->op == WEFT_COLL_ALL_GATHER ? r * d->count : 0;

		if (d->out)
			RT_OK(weft_memory_fill(weft_window_memory(d->out, r), 0, 0xa5, 1, out_bytes(c)));
		if (d->in)
			RT_OK(weft_memory_fill(weft_window_memory(d->in, r), 0, 0xa5, 1, in_bytes(c)));
		if (count && give(weft_window_memory(d->in ? d->in : d->out, r), at, piece[r], each, count))
			return -1;
	}
	return 0;
}

/* Of one block of a member's: elements from @at on are those of @from from element @first on. */
static int compare(struct weft_memory *m, uint64_t at, const uint8_t *from, uint64_t first, uint32_t each, uint64_t count, const char *what)
{
	for (uint64_t i = 0; i < count; i += PIECES * PERIOD) {
		const uint64_t some = count - i < PIECES * PERIOD ? count - i : PIECES * PERIOD;

		RT_OK(weft_memory_read(m, (at + i) * each, buffer, some * each));
		for (uint64_t k = 0; k < some; k += PERIOD) {
			const uint64_t n = some - k < PERIOD ? some - k : PERIOD;
			const uint8_t *want = from + (first + i + k) % PERIOD * each, *got = buffer + k * each;

			for (uint64_t e = 0; memcmp(got, want, n * each) && e < n; e++)
				RT_CHECK(!memcmp(got + e * each, want + e * each, each), "%s: element %llu", what, (unsigned long long)(at + i + k + e));
		}
	}
	return 0;
}

static int finish(struct set *s, const struct weft_coll_desc *d)
{
	const uint32_t each = weft_type_bytes((enum weft_type)d->type);

	for (uint32_t r = 0; r < s->n; r++) {
		struct weft_memory *m = weft_window_memory(d->out ? d->out : d->in, r);
		const uint64_t count = taken(d, s->n, r), end = (d->out ? count : s->n * d->count) * each;
		uint8_t behind[GAP];
		char what[160];

		snprintf(what, sizeof(what), "%s by %s of %llu %s, reduction %u, root %u, %s: member %u of %u", weft_coll_op_name(d->op),
			 weft_coll_algorithm_name(d->algorithm), (unsigned long long)d->count, weft_type_name((enum weft_type)d->type),
			 d->reduction, d->root, d->in && d->out ? "apart" : "in place", r, s->n);
		for (uint64_t b = 0; b * d->count < count; b++) {
			const bool each_its_own = d->op == WEFT_COLL_REDUCE_SCATTER || d->op == WEFT_COLL_ALL_TO_ALL;
			const bool of_blocks = d->op == WEFT_COLL_ALL_GATHER || d->op == WEFT_COLL_ALL_TO_ALL;
			const bool of_root = d->op == WEFT_COLL_BROADCAST || d->op == WEFT_COLL_SEND;
			const uint64_t at = d->out ? b * d->count : r * d->count;

			if (compare(m, at, piece[of_blocks ? b : of_root ? d->root : MOST], each_its_own ? r * d->count : 0, each, d->count, what))
				return -1;
		}
		/* in place the buffers of those that get nothing are the call's */
		if (!count && !(d->in && d->out))
			continue;
		RT_OK(weft_memory_read(m, end, behind, sizeof(behind)));
		for (uint32_t i = 0; i < GAP; i++)
			RT_CHECK(behind[i] == 0xa5, "%s: byte %u behind the end", what, i);
	}
	return 0;
}

/* --- one call --- */

enum { MAKE, FILL, CALL, COMPARE, PHASES };
static double spent[PHASES];

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void phase(uint32_t which, double *since)
{
	const double now = seconds();

	spent[which] += now - *since;
	*since = now;
}

/* A communicator for calls of as many members with such slots, and windows for those that are no larger: making them takes longest */
struct place {
	struct set s;
	uint32_t slot;
	uint64_t in, out;
};

static int windows_destroy(struct place *p)
{
	if (p->s.in)
		RT_OK(weft_window_destroy(p->s.in));
	if (p->s.out)
		RT_OK(weft_window_destroy(p->s.out));
	p->s.in = p->s.out = NULL;
	p->in = p->out = 0;
	return 0;
}

static int comm_destroy(struct place *p)
{
	if (windows_destroy(p))
		return -1;
	if (p->s.comm)
		RT_OK(weft_comm_destroy(p->s.comm));
	*p = (struct place) { 0 };
	return 0;
}

static int place_for(struct place *p, struct weft_device *const *card, const struct call *c)
{
	const struct weft_comm_config config = { .size = sizeof(config), .name = "large", .slot_bytes = slot_of(c) };

	if (p->s.n != members_of(c) || p->slot != slot_of(c)) {
		if (comm_destroy(p))
			return -1;
		p->s.n = members_of(c);
		p->slot = slot_of(c);
		RT_OK(weft_comm_create(card, p->s.n, &config, &p->s.comm));
	}
	if (p->in >= in_bytes(c) && p->out >= out_bytes(c))
		return 0;
	if (windows_destroy(p))
		return -1;
	p->in = in_bytes(c);
	p->out = out_bytes(c);
	if (p->in)
		RT_OK(weft_window_create(p->s.comm, p->in, &p->s.in));
	if (p->out)
		RT_OK(weft_window_create(p->s.comm, p->out, &p->s.out));
	return 0;
}

/* So that each finds the place of the one before it. */
static int by_place(const void *left, const void *right)
{
	const struct call *a = left, *b = right;

	if (members_of(a) != members_of(b))
		return members_of(a) < members_of(b) ? -1 : 1;
	if (slot_of(a) != slot_of(b))
		return slot_of(a) < slot_of(b) ? -1 : 1;
	if (in_bytes(a) + out_bytes(a) != in_bytes(b) + out_bytes(b))
		return in_bytes(a) + out_bytes(a) > in_bytes(b) + out_bytes(b) ? -1 : 1;
	return memcmp(a, b, sizeof(*a));
}

static int run(struct place *p, struct weft_device *const *card, const struct call *c)
{
	struct weft_coll_desc d = {
		.size = sizeof(d), .op = c->v[OP], .algorithm = c->v[ALGORITHM], .type = c->v[TYPE], .count = count_of(c),
		.reduction = c->v[REDUCTION] % NO_REDUCTION,
	};
	struct set *s = &p->s;
	struct weft_coll *coll;
	double since = seconds();

	if (place_for(p, card, c))
		return -1;
	phase(MAKE, &since);
	if (d.op == WEFT_COLL_BROADCAST || d.op == WEFT_COLL_REDUCE || d.op == WEFT_COLL_SEND)
		d.root = (d.type + d.algorithm + 1) % s->n;
	if (d.op == WEFT_COLL_SEND)
		d.peer = (d.root + 1) % s->n;
	d.in = in_bytes(c) ? s->in : NULL;
	d.out = out_bytes(c) ? s->out : NULL;
	RT_OK(weft_coll_prepare(s->comm, &d, &coll));
	d.algorithm = weft_coll_algorithm(coll);
	make_pieces(&d, s->n);
	if (start(s, c, &d))
		return -1;
	phase(FILL, &since);
	RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(s->comm, 60 * RT_SECOND));
	phase(CALL, &since);
	if (finish(s, &d))
		return -1;
	phase(COMPARE, &since);
	RT_OK(weft_coll_destroy(coll));
	return 0;
}

/* Pairs that only calls have that do not fit. */
static uint32_t lost_pairs(const struct call *out, uint32_t num)
{
	uint32_t lost = 0;

	for (uint32_t i = 0; i < num; i++)
		for (uint32_t a = 0; a < FACTORS; a++)
			for (uint32_t b = a + 1; b < FACTORS; b++)
				if (!seen[a][out[i].v[a]][b][out[i].v[b]]) {
					printf("# no call fits with %s %u and %s %u\n", factors[a], out[i].v[a], factors[b], out[i].v[b]);
					seen[a][out[i].v[a]][b][out[i].v[b]] = true;
					lost++;
				}
	return lost;
}

static int large(struct weft *weft)
{
	static struct call all[16384], out[16384], some[16384];
	struct weft_device *card[MOST];
	struct place place = { 0 };
	struct call c = { { 0 } };
	uint32_t cards, num = 0, num_out = 0, rows, pairs = 0;
	uint64_t count, seed, least = UINT64_MAX;
	double began = seconds();

	if (reach(weft, &cards))
		return -1;
	for (uint32_t i = 0; i < cards; i++) {
		struct weft_memory_info m = { .size = sizeof(m) };

		RT_OK(weft_device_open(weft, "card", i, &card[i]));
		RT_OK(weft_device_memory(card[i], &m));
		least = m.free_bytes < least ? m.free_bytes : least;
	}
	do {
		if (!is_call(&c, cards))
			continue;
		if (fits(&c, least)) {
			all[num++] = c;
			continue;
		}
		RT_CHECK(c.v[SIZE] && (blocks_in(&c) > 1 || blocks_out(&c) > 1 || least < 250u << 20), "operation %u of %u members, %llu bytes, does not fit",
			 c.v[OP], members_of(&c), (unsigned long long)bytes_of(&c));
		out[num_out++] = c;
	} while (next(&c));
	rows = cover(all, num);
	for (uint32_t a = 0; a < FACTORS; a++)
		for (uint32_t b = a + 1; b < FACTORS; b++)
			for (uint32_t i = 0; i < VALUES * VALUES; i++)
				pairs += seen[a][i / VALUES][b][i % VALUES];
	scatter(all + rows, num - rows, 1);
	printf("# %u calls have all %u pairs, of %u that fit into %llu MiB of each of %u cards; %u, of blocks of 2^24 elements, do not\n", rows, pairs, num,
	       (unsigned long long)least >> 20, cards, num_out);
	RT_CHECK(lost_pairs(out, num_out) == 0 || cards < MOST, "pairs are lost");
	count = rt_number("COUNT", rows);
	seed = rt_number("SEED", 1) - 1;
	count = count < num ? count : num;
	for (uint64_t k = 0; k < count; k++)
		some[k] = all[(seed * count + k) % num];
	qsort(some, count, sizeof(some[0]), by_place);
	for (uint64_t k = 0; k < count; k++)
		if (run(&place, card, &some[k]))
			return -1;
	if (comm_destroy(&place))
		return -1;
	printf("# %llu calls in %.1f s: %.1f s for communicators and windows, %.1f to fill them, %.1f for calls, %.1f to compare\n",
	       (unsigned long long)count, seconds() - began, spent[MAKE], spent[FILL], spent[CALL], spent[COMPARE]);
	for (uint32_t i = 0; i < cards; i++)
		RT_OK(weft_device_close(card[i]));
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "large calls, all pairs of operation, type, members, count, algorithm, place and reduction", large },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
