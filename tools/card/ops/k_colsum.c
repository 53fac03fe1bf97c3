/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Column sums in tree order: eight rows make a leaf block, blocks are carried as in a binary counter, and what is left
 * is added from the right: that is the tree split at the largest power of two below the number of rows.
 */
#include "kern.h"
#include "vec.h"

#define WIDE	4		/* vectors of columns at a time */
#define LEVELS	20

typedef struct {
	vf v[WIDE];
} strip;

static inline __attribute__((always_inline)) vf row_load(const float *x, size_t n)
{
	float pad[VB / 4] = { 0 };

	if (n >= VE)
		return vf_load(x);
	memcpy(pad, x, n * 4);
	return vf_load(pad);
}

/* cols <= WIDE * VE; vectors wholly beyond cols are not read */
static inline __attribute__((always_inline)) void colsum_strip(float *out, const float *x, size_t ld, size_t rows,
								size_t cols, unsigned int wide)
{
	strip stack[LEVELS], acc;
	size_t r, b, left, n;
	unsigned int u, level;
	const float *p;
	int have = 0;
	vf s;

	for (r = 0, b = 1; r + 8 <= rows; r += 8, b++) {
		for (u = 0; u < wide; u++) {
			p = x + r * ld + u * VE;
			n = cols - u * VE;
			s = ((row_load(p, n) + row_load(p + ld, n)) +
			     (row_load(p + 2 * ld, n) + row_load(p + 3 * ld, n))) +
			    ((row_load(p + 4 * ld, n) + row_load(p + 5 * ld, n)) +
			     (row_load(p + 6 * ld, n) + row_load(p + 7 * ld, n)));
			for (level = 0; !(b >> level & 1); level++)
				s = stack[level].v[u] + s;
			stack[level].v[u] = s;
		}
	}
	b--;
	left = rows - r;
	for (u = 0; u < wide; u++) {
		p = x + r * ld + u * VE;
		n = cols - u * VE;
		have = 0;
		s = vf_set(0);
		if (left & 1) {
			s = row_load(p + (left - 1) * ld, n);
			have = 1;
		}
		if (left & 2) {
			acc.v[0] = row_load(p + (left & 4) * ld, n) + row_load(p + ((left & 4) + 1) * ld, n);
			s = have ? acc.v[0] + s : acc.v[0];
			have = 1;
		}
		if (left & 4) {
			acc.v[0] = (row_load(p, n) + row_load(p + ld, n)) +
				   (row_load(p + 2 * ld, n) + row_load(p + 3 * ld, n));
			s = have ? acc.v[0] + s : acc.v[0];
			have = 1;
		}
		for (level = 0; b >> level; level++) {
			if (!(b >> level & 1))
				continue;
			s = have ? stack[level].v[u] + s : stack[level].v[u];
			have = 1;
		}
		memcpy(out + u * VE, &s, (n < VE ? n : VE) * 4);
	}
}

void WK(colsum)(float *out, const float *x, size_t ld, size_t rows, size_t cols)
{
	for (; cols >= WIDE * VE; cols -= WIDE * VE, x += WIDE * VE, out += WIDE * VE)
		colsum_strip(out, x, ld, rows, WIDE * VE, WIDE);
	for (; cols >= VE; cols -= VE, x += VE, out += VE)
		colsum_strip(out, x, ld, rows, VE, 1);
	if (cols)
		colsum_strip(out, x, ld, rows, cols, 1);
}
