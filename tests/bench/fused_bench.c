// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The least that collective calls among four members cost this machine: every byte that must be read is read once, every byte that
 * must be written is written once, by a thread on each core, with nobody to wait for. By code that shares nothing with the card's.
 * fused-bench [--check | OPERATION:BYTES …] prints "OPERATION BYTES MICROSECONDS", bytes as nccl-tests count; f32.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define MEMBERS		4
#define MOST_BYTES	(64l << 20)
#define RUN_NS		2e7
#define MOST_TIMES	100000l
#define THREADS		64
#define STREAM_BYTES	(1l << 20)	/* from here on stores go around the caches */
#define HUGE		(2ul << 20)
#define LINE		16l		/* elements */

enum op { ALL_REDUCE, ALL_GATHER, REDUCE_SCATTER, BROADCAST, ALL_TO_ALL, OPS };

static const char *const names[OPS] = { "all-reduce", "all-gather", "reduce-scatter", "broadcast", "all-to-all" };
static float *in[MEMBERS], *out[MEMBERS];

/* Sources added in pairs, stored to every destination; whole lines */
struct job {
	const float *src[MEMBERS];
	float *dst[MEMBERS];
	int num_src, num_dst;
	long count;
};

static void portable(const struct job *j, long first, long end)
{
	for (long i = first; i < end; i++) {
		float v = j->src[0][i];

		if (j->num_src == MEMBERS)
			v = (v + j->src[1][i]) + (j->src[2][i] + j->src[3][i]);
		for (int d = 0; d < j->num_dst; d++)
			j->dst[d][i] = v;
	}
}

#ifdef __x86_64__
__attribute__((target("avx"), always_inline)) static inline __m256 sum(const struct job *j, long i)
{
	__m256 v = _mm256_load_ps(j->src[0] + i);

	if (j->num_src == MEMBERS)
		v = _mm256_add_ps(_mm256_add_ps(v, _mm256_load_ps(j->src[1] + i)),
				  _mm256_add_ps(_mm256_load_ps(j->src[2] + i), _mm256_load_ps(j->src[3] + i)));
	return v;
}

/* A whole line of each destination in turn, so that lines leave full */
__attribute__((target("avx"))) static void vectors(const struct job *j, long first, long end, bool stream)
{
	for (long i = first; i < end; i += LINE) {
		const __m256 a = sum(j, i), b = sum(j, i + 8);

		for (int d = 0; d < j->num_dst; d++) {
			if (stream) {
				_mm256_stream_ps(j->dst[d] + i, a);
				_mm256_stream_ps(j->dst[d] + i + 8, b);
			} else {
				_mm256_store_ps(j->dst[d] + i, a);
				_mm256_store_ps(j->dst[d] + i + 8, b);
			}
		}
	}
	_mm_sfence();
}
#endif

static void work(const struct job *j, long first, long end, bool stream)
{
#ifdef __x86_64__
	const long lines = first + (end - first) / LINE * LINE;

	if (__builtin_cpu_supports("avx")) {
		vectors(j, first, lines, stream);
		first = lines;
	}
#endif
	(void)stream;
	portable(j, first, end);
}

/* --- what an operation is made of; blocks begin at lines, as the members' buffers may be laid out --- */

struct task {
	struct job job[MEMBERS * MEMBERS];
	int num;
	bool stream;
};

static struct task task_of(enum op op, long bytes)
{
	const long all = bytes / (long)sizeof(float), block = all / MEMBERS;
	struct task t = { .num = 0, .stream = bytes >= STREAM_BYTES };

	if (op == ALL_REDUCE || op == BROADCAST) {
		struct job *j = &t.job[t.num++];

		*j = (struct job) { .num_src = op == BROADCAST ? 1 : MEMBERS, .num_dst = MEMBERS, .count = all };
		for (int m = 0; m < MEMBERS; m++) {
			j->src[m] = in[m];
			j->dst[m] = out[m];
		}
		return t;
	}
	for (int m = 0; m < MEMBERS; m++)
		for (int r = 0; r < (op == ALL_TO_ALL ? MEMBERS : 1); r++) {
			struct job *j = &t.job[t.num++];

			*j = (struct job) { .num_src = op == REDUCE_SCATTER ? MEMBERS : 1, .num_dst = op == ALL_GATHER ? MEMBERS : 1, .count = block };
			for (int k = 0; k < MEMBERS; k++) {
				j->src[k] = op == REDUCE_SCATTER ? in[k] + m * block : in[m] + r * block;
				j->dst[k] = op == REDUCE_SCATTER ? out[m] : out[op == ALL_GATHER ? k : r] + m * block;
			}
		}
	return t;
}

/* --- threads: each takes its share of every job, the same one each time, and waits for nobody --- */

static struct {
	int num;
	long times;
	const struct task *task;
	atomic_bool go;
} crew;

static void repeat(int thread)
{
	const struct task *t = crew.task;

	for (long n = 0; n < crew.times; n++)
		for (int i = 0; i < t->num; i++) {
			const long lines = t->job[i].count / LINE, first = lines * thread / crew.num * LINE;
			const long end = thread + 1 == crew.num ? t->job[i].count : lines * (thread + 1) / crew.num * LINE;

			work(&t->job[i], first, end, t->stream);
		}
}

static void *helper(void *number)
{
	while (!atomic_load(&crew.go))
		;
	repeat(*(int *)number);
	return NULL;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* us of one of @times, until the last thread is through */
static double run(const struct task *t, long times)
{
	pthread_t thread[THREADS];
	int number[THREADS];
	cpu_set_t all, one;
	double start;
	int cores = 0;

	sched_getaffinity(0, sizeof(all), &all);
	crew.num = CPU_COUNT(&all) < THREADS ? CPU_COUNT(&all) : THREADS;
	crew.task = t;
	crew.times = times;
	atomic_store(&crew.go, false);
	for (int c = 0; c < CPU_SETSIZE && cores < crew.num; c++) {
		if (!CPU_ISSET(c, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(c, &one);
		number[cores] = cores;
		if (!cores)
			pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
		else if (pthread_create(&thread[cores], NULL, helper, &number[cores]) ||
			 pthread_setaffinity_np(thread[cores], sizeof(one), &one))
			exit(1);
		cores++;
	}
	start = now_ns();
	atomic_store(&crew.go, true);
	repeat(0);
	for (int i = 1; i < cores; i++)
		pthread_join(thread[i], NULL);
	start = (now_ns() - start) / (double)times / 1000;
	pthread_setaffinity_np(pthread_self(), sizeof(all), &all);
	return start;
}

static double take(enum op op, long bytes)
{
	const struct task t = task_of(op, bytes);
	long times = 1;
	double us = run(&t, 1);

	while (us * 1000 * (double)times < RUN_NS / 2 && times < MOST_TIMES) {
		times = RUN_NS / 1000 / us < 8 * (double)times ? (long)(RUN_NS / 1000 / us) + 1 : 8 * times;
		us = run(&t, times);
	}
	return times == 1 ? run(&t, 1) : us;
}

static void *buffer(void)
{
	void *p = aligned_alloc(HUGE, MOST_BYTES);

	if (!p)
		exit(1);
	madvise(p, MOST_BYTES, MADV_HUGEPAGE);
	memset(p, 0, MOST_BYTES);
	return p;
}

/* Element @i of block @block of what member @m gives */
static float given(int m, long block, long i)
{
	return (float)((m * 3 + block * 7 + i) % 5);
}

static bool right(enum op op, long bytes)
{
	const bool whole = op == ALL_REDUCE || op == BROADCAST;
	const long count = bytes / (long)sizeof(float) / (whole ? 1 : MEMBERS);
	const struct task t = task_of(op, bytes);

	for (int m = 0; m < MEMBERS; m++) {
		memset(out[m], 0xff, (size_t)bytes);
		for (long i = 0; i < (whole ? count : MEMBERS * count); i++)
			in[m][i] = given(m, i / count, i % count);
	}
	run(&t, 1);
	for (int m = 0; m < MEMBERS; m++)
		for (long i = 0; i < (op == ALL_GATHER || op == ALL_TO_ALL ? MEMBERS * count : count); i++) {
			float want = 0;

			if (op == ALL_GATHER || op == ALL_TO_ALL)
				want = given((int)(i / count), op == ALL_GATHER ? 0 : m, i % count);
			else
				for (int k = 0; k < (op == BROADCAST ? 1 : MEMBERS); k++)
					want += given(k, op == REDUCE_SCATTER ? m : 0, i);
			if (out[m][i] != want)
				return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	for (int m = 0; m < MEMBERS; m++) {
		in[m] = buffer();
		out[m] = buffer();
	}
	for (int op = 0; op < OPS && argc == 2 && !strcmp(argv[1], "--check"); op++)
		for (long bytes = 64; bytes <= 4 << 20; bytes *= 16)
			if (!right((enum op)op, bytes)) {
				fprintf(stderr, "fused-bench: %s of %ld bytes is wrong\n", names[op], bytes);
				return 1;
			}
	for (int i = 1; i < argc && strcmp(argv[i], "--check"); i++) {
		const char *colon = strchr(argv[i], ':');
		const long bytes = colon ? strtol(colon + 1, NULL, 10) : 0;
		int op = 0;

		while (op < OPS && (!colon || strncmp(argv[i], names[op], (size_t)(colon - argv[i])) || names[op][colon - argv[i]]))
			op++;
		if (op == OPS || bytes <= 0 || bytes > MOST_BYTES) {
			fprintf(stderr, "fused-bench: %s: want OPERATION:BYTES\n", argv[i]);
			return 2;
		}
		printf("%s %ld %.4f\n", names[op], bytes, take((enum op)op, bytes));
		fflush(stdout);
	}
	return 0;
}
