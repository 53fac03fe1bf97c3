// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* How a collective call is timed: many in a row, one alone, and its bytes alone. */
#include "bench_coll.h"

#include <errno.h>

#include "coll_words.h"

#define RUN_NS		15e6		/* of many in a row: long against waking the host, short against a turn of other programs */
#define MOST_TIMES	(1u << 16)
#define WAIT_NS		60000000000u
#define LINE		64u

int bench_coll_open(struct coll_bench *b, uint32_t cards, const char *topology)
{
	struct weft_comm_config config = { .size = sizeof(config), .name = "bench" };
	struct weft_device *device[WEFT_COMM_MEMBERS];
	int ret = bench_cards_open("bench coll", &b->cards, cards, WEFT_COMM_MEMBERS);

	if (!ret && topology)
		ret = coll_topology("bench coll", topology, &b->topology);
	if (ret)
		return ret;
	config.topology = topology ? &b->topology : NULL;
	config.flags = b->arrivals ? WEFT_COMM_TIMES : 0;
	for (uint32_t i = 0; i < b->cards.num; i++)
		device[i] = b->cards.lane[i].device;
	ret = weft_comm_create(device, b->cards.num, &config, &b->comm);
	if (!ret)
		ret = weft_window_create(b->comm, b->most_bytes, &b->in);
	if (!ret)
		ret = weft_window_create(b->comm, b->most_bytes, &b->out);
	return ret ? cmd_weft_error("bench coll", "communicator", ret) : 0;
}

void bench_coll_close(struct coll_bench *b)
{
	if (b->out)
		weft_window_destroy(b->out);
	if (b->in)
		weft_window_destroy(b->in);
	if (b->comm)
		weft_comm_destroy(b->comm);
	bench_cards_close(&b->cards);
}

/* --- the call --- */

static int post(struct coll_bench *b, struct weft_coll *coll, uint64_t times, double *us)
{
	const uint64_t start = now_ns();
	int ret = weft_coll_post(coll, times, WEFT_COLL_EVERYBODY);

	if (!ret)
		ret = weft_comm_wait(b->comm, WAIT_NS);
	*us = (double)(now_ns() - start) / 1000 / (double)times;
	return ret;
}

/* Repetitions that take about RUN_NS. */
static int calibrate(struct coll_bench *b, struct weft_coll *coll, uint64_t *times)
{
	double us;
	int ret = post(b, coll, 1, &us);

	*times = 1;
	while (!ret) {
		ret = post(b, coll, *times, &us);
		if (ret || us * 1000 * (double)*times > RUN_NS / 2 || *times == MOST_TIMES)
			break;
		*times = RUN_NS / 1000 / us < 8 * (double)*times ? (uint64_t)(RUN_NS / 1000 / us) + 1 : 8 * *times;
		*times = *times > MOST_TIMES ? MOST_TIMES : *times;
	}
	return ret;
}

/* --- the same bytes alone --- */

/* The least that each member has to do: what it reads, once, and what is wanted of it, once. */
struct share {
	uint64_t src[WEFT_COMM_MEMBERS], dst[WEFT_COMM_MEMBERS];
	uint32_t num_src, num_dst;
	uint64_t count;
};

static void from(struct share *s, uint64_t address)
{
	s->src[s->num_src++] = address;
}

static void to(struct share *s, uint64_t address)
{
	s->dst[s->num_dst++] = address;
}

/* A member's part of what all work on together, in whole lines. */
static uint64_t part(uint64_t count, uint32_t each, uint32_t n, uint32_t m, uint64_t *elements)
{
	const uint64_t line = LINE / each, per = ((count + n - 1) / n + line - 1) / line * line;
	const uint64_t first = m * per < count ? m * per : count;

	*elements = count - first < per ? count - first : per;
	return first * each;
}

static void share_of(const struct coll_bench *b, const struct weft_coll_desc *d, uint32_t m, struct share *s)
{
	const uint32_t n = b->cards.num, each = weft_type_bytes((enum weft_type)d->type);
	const bool in_place = !d->in || !d->out;
	struct weft_window *const in = d->in ? d->in : d->out, *const out = d->out ? d->out : d->in;
	const uint64_t block = d->count * each;
	uint64_t at;

	*s = (struct share) { .count = d->count };
	switch (d->op) {
	case WEFT_COLL_ALL_REDUCE:
	case WEFT_COLL_REDUCE:
		at = part(d->count, each, n, m, &s->count);
		for (uint32_t r = 0; r < n; r++)
			from(s, weft_window_address(in, r) + at);
		for (uint32_t r = 0; r < n; r++)
			if (d->op == WEFT_COLL_ALL_REDUCE || r == d->root)
				to(s, weft_window_address(out, r) + at);
		break;
	case WEFT_COLL_REDUCE_SCATTER:
		for (uint32_t r = 0; r < n; r++)
			from(s, weft_window_address(in, r) + m * block);
		to(s, weft_window_address(out, m) + (in_place ? m * block : 0));
		break;
	case WEFT_COLL_ALL_GATHER:
		from(s, weft_window_address(in, m) + (in_place ? m * block : 0));
		for (uint32_t r = 0; r < n; r++)
			if (r != m || !in_place)
				to(s, weft_window_address(out, r) + m * block);
		break;
	case WEFT_COLL_BROADCAST:
		at = part(d->count, each, n, m, &s->count);
		from(s, weft_window_address(in, d->root) + at);
		for (uint32_t r = 0; r < n; r++)
			if (r != d->root || !in_place)
				to(s, weft_window_address(out, r) + at);
		break;
	case WEFT_COLL_SEND:
		s->count = m == d->root ? d->count : 0;
		from(s, weft_window_address(in, m));
		to(s, weft_window_address(out, d->peer));
		break;
	default:
		s->count = 0;
		break;
	}
	s->count = s->num_dst ? s->count : 0;
}

/* What of an all-to-all stays where it is is no traffic; in place the rest is taken to go elsewhere. */
static int exchange(const struct coll_bench *b, const struct weft_coll_desc *d, uint32_t m, struct weft_list *list)
{
	const uint64_t block = d->count * weft_type_bytes((enum weft_type)d->type);
	int ret = 0;

	for (uint32_t i = 0; i < b->cards.num && !ret; i++) {
		const uint32_t r = (m + i) % b->cards.num;

		if (i || d->in)
			ret = weft_list_copy(list, weft_window_address(b->out, r) + m * block, weft_window_address(b->in, m) + r * block, block);
	}
	return ret;
}

/* The member's list, or NULL: it has nothing to do */
static int alone(const struct coll_bench *b, const struct weft_coll_desc *d, uint32_t m, struct weft_list **list)
{
	struct share s;
	int ret;

	share_of(b, d, m, &s);
	*list = NULL;
	if (!d->count || (d->op == WEFT_COLL_ALL_TO_ALL ? b->cards.num == 1 && !d->in : !s.count))
		return 0;
	ret = weft_list_create(b->cards.lane[m].device, list);
	if (!ret && d->op == WEFT_COLL_ALL_TO_ALL)
		ret = exchange(b, d, m, *list);
	else if (!ret)
		ret = weft_list_reduce(*list, (enum weft_type)d->type, WEFT_REDUCTION_SUM, s.src, s.num_src, s.dst, s.num_dst, s.count);
	return ret ? ret : weft_list_commit(*list);
}

struct limit {
	const struct bench_lane *lane[WEFT_COMM_MEMBERS];
	struct weft_list *list[WEFT_COMM_MEMBERS];
	uint32_t num;
};

static int limit_open(const struct coll_bench *b, const struct weft_coll_desc *d, struct limit *l)
{
	int ret = 0;

	for (uint32_t m = 0; m < b->cards.num && !ret; m++) {
		l->lane[l->num] = &b->cards.lane[m];
		ret = alone(b, d, m, &l->list[l->num]);
		l->num += l->list[l->num] != NULL;
	}
	return ret;
}

static void limit_close(struct limit *l)
{
	for (uint32_t i = 0; i < l->num; i++)
		weft_list_destroy(l->list[i]);
}

/* --- who is waited for --- */

/* Of all runs of the row, which have been waited for. */
static int arrivals_since(struct coll_bench *b, const struct weft_comm_arrivals *from, struct coll_row *row)
{
	struct weft_comm_arrivals to = { .size = sizeof(to) };
	int ret = weft_comm_arrivals(b->comm, &to);

	row->arrivals = to.counted - from->counted;
	for (uint32_t m = 0; m < b->cards.num && !ret; m++) {
		row->last[m] = to.last[m] - from->last[m];
		row->waited_us[m] = row->arrivals ? (double)(to.waited_ns[m] - from->waited_ns[m]) / 1000 / (double)row->arrivals : 0;
	}
	return ret;
}

/* --- both in turn --- */

static int rounds(struct coll_bench *b, struct weft_coll *coll, const struct limit *l, struct coll_row *row)
{
	double many[COLL_MAX_RUNS], one[COLL_MAX_RUNS], least[COLL_MAX_RUNS], ratio[COLL_MAX_RUNS], ns = 0;
	struct weft_comm_arrivals from = { .size = sizeof(from) };
	uint64_t times;
	int ret = calibrate(b, coll, &times);

	if (!ret && b->arrivals)
		ret = weft_comm_arrivals(b->comm, &from);

	for (uint32_t i = 0; i < b->runs && !ret; i++) {
		ret = post(b, coll, times, &many[i]);
		if (!ret && l->num)
			ret = bench_lane_steady(l->lane, l->list, l->num, RUN_NS, &ns);
		if (!ret)
			ret = post(b, coll, 1, &one[i]);
		least[i] = ns / 1000;
		ratio[i] = least[i] / many[i];
	}
	if (!ret && b->arrivals)
		ret = arrivals_since(b, &from, row);
	if (ret)
		return ret;
	row->us = bench_quantile(many, b->runs, 0.5);
	row->p99_us = bench_quantile(many, b->runs, 0.99);
	row->single_us = bench_quantile(one, b->runs, 0.5);
	row->single_p99_us = bench_quantile(one, b->runs, 0.99);
	row->limit_us = bench_quantile(least, b->runs, 0.5);
	row->of_limit = bench_quantile(ratio, b->runs, 0.5);
	return 0;
}

static void describe(const struct coll_bench *b, const struct coll_row *row, struct weft_coll_desc *d)
{
	*d = (struct weft_coll_desc) {
		.size = sizeof(*d), .op = row->op, .algorithm = b->algorithm, .type = b->type, .count = row->count, .in = b->in, .out = b->out,
		.peer = row->op == WEFT_COLL_SEND ? 1 % b->cards.num : 0,
	};
	if (row->op == WEFT_COLL_BARRIER)
		d->in = d->out = NULL;
	else if (row->in_place && row->op == WEFT_COLL_REDUCE_SCATTER)
		d->out = NULL;
	else if (row->in_place)
		d->in = NULL;
}

int bench_coll_take(struct coll_bench *b, struct coll_row *row)
{
	struct weft_coll_desc d;
	struct weft_coll *coll;
	struct limit l = { .num = 0 };
	bool said = false;
	int ret;

	if (row->in_place && (row->op == WEFT_COLL_BARRIER || row->op == WEFT_COLL_SEND))
		return 1;
	describe(b, row, &d);
	ret = weft_coll_prepare(b->comm, &d, &coll);
	if (ret)
		return ret == -EOPNOTSUPP ? 1 : cmd_weft_error("bench coll", "call", ret);
	d.algorithm = row->algorithm = weft_coll_algorithm(coll);
	if (b->check && row->op != WEFT_COLL_BARRIER) {
		double us;

		said = bench_coll_fill(b, &d);
		ret = said ? -EIO : post(b, coll, 1, &us);
		if (!ret) {
			said = bench_coll_check(b, &d);
			ret = said ? -EIO : 0;
		}
		row->checked = !ret;
	}
	if (!ret)
		ret = limit_open(b, &d, &l);
	if (!ret)
		ret = rounds(b, coll, &l, row);
	if (ret && !said)
		cmd_weft_error("bench coll", weft_coll_op_name(row->op), ret);
	limit_close(&l);
	weft_coll_destroy(coll);
	return ret ? -1 : 0;
}
