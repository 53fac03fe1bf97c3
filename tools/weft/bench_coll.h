/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* weft bench coll: collective calls over their size. */
#ifndef WEFT_BENCH_COLL_H
#define WEFT_BENCH_COLL_H

#include "bench_lane.h"
#include "cmd.h"

#define COLL_MAX_RUNS	101u
#define COLL_PEERS	8u
#define COLL_POINTS	64u	/* sizes of a sweep, at most */

/* What is measured with; the two windows are as large as the largest size. */
struct coll_bench {
	struct bench_cards cards;
	struct weft_coll_topology topology;
	struct weft_comm *comm;
	struct weft_window *in, *out;
	uint64_t most_bytes;
	uint32_t type, algorithm, runs;
	bool check, arrivals;
};

/* A call, and what came of it; times in us */
struct coll_row {
	uint32_t op, algorithm;
	bool in_place, checked;
	uint64_t bytes, count;
	double us, p99_us;		/* of one of many in a row: median and slow end of the runs */
	double single_us, single_p99_us;	/* of one alone, from posting it to knowing of its end */
	uint64_t last[WEFT_COMM_MEMBERS], arrivals;	/* how often each member was last, of so many; and what it waited for one, on average */
	double waited_us[WEFT_COMM_MEMBERS];
	double limit_us, of_limit;	/* the same bytes without arrival and signals; median of the paired ratios */
};

/* bench_coll_run.c: 0, 1 (the call cannot be), -1 after a message; bench_coll_close() in any case */
int bench_coll_open(struct coll_bench *b, uint32_t cards, const char *topology);
int bench_coll_take(struct coll_bench *b, struct coll_row *row);
void bench_coll_close(struct coll_bench *b);

/* bench_coll_data.c: what lies in the buffers before a call, and whether it is there after it; 0, or -1 after a message */
int bench_coll_fill(struct coll_bench *b, const struct weft_coll_desc *d);
int bench_coll_check(struct coll_bench *b, const struct weft_coll_desc *d);
/* As many bytes as an element has, of a number 0 … 63 */
void bench_coll_encode(uint32_t type, uint32_t number, uint8_t *to);

/* Times of another program: lines of NAME OPERATION BYTES MICROSECONDS */
struct coll_peers {
	uint32_t num, points;
	char name[COLL_PEERS][32];
	struct {
		uint32_t peer, op;
		uint64_t bytes;
		double us;
	} point[COLL_PEERS * WEFT_COLL_OPS * COLL_POINTS];
};

/* bench_coll_svg.c: 0, or -1 after a message */
int bench_coll_peers(const char *file, struct coll_peers *peers);
int bench_coll_svg(const char *file, const struct coll_row *rows, uint32_t num, uint32_t cards, const char *type,
		   const struct coll_peers *peers);

#endif
