/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Non-temporal COPY, and FILL: plain stores below the streaming size, non-temporal ones above. */
#include "kern.h"
#include "vec.h"

void WK(copy)(void *dst, const void *src, size_t bytes)
{
	const char *s = src;
	char *d = dst;
	size_t head;
	vf v[8];
	unsigned int u;

	if (d == s)
		return;
	head = -(uintptr_t)d % VB;
	if (head > bytes)
		head = bytes;
	memmove(d, s, head);
	d += head;
	s += head;
	bytes -= head;
	for (; bytes >= 8 * VB; bytes -= 8 * VB, d += 8 * VB, s += 8 * VB) {
		for (u = 0; u < 8; u++)
			v[u] = vf_load(s + u * VB);
		for (u = 0; u < 8; u++)
			vf_stream(d + u * VB, v[u]);
	}
	vf_stream_end();
	memmove(d, s, bytes);
}

/* pattern8 is already eight bytes wide; dst is aligned to the pattern's width. */
void WK(fill)(void *dst, uint64_t pattern8, size_t bytes)
{
	int stream = bytes >= WCARD_STREAM_BYTES / 2;
	uint64_t lane[VB / 8];
	char *d = dst;
	size_t head, i;
	vf v;

	head = -(uintptr_t)d % VB;
	if (head > bytes)
		head = bytes;
	for (i = 0; i < head; i++)
		d[i] = (char)(pattern8 >> i % 8 * 8);
	if (head % 8)
		pattern8 = pattern8 >> head % 8 * 8 | pattern8 << (64 - head % 8 * 8);
	d += head;
	bytes -= head;
	for (i = 0; i < VB / 8; i++)
		lane[i] = pattern8;
	v = vf_load(lane);
	if (stream) {
		for (; bytes >= VB; bytes -= VB, d += VB)
			vf_stream(d, v);
		vf_stream_end();
	} else {
		for (; bytes >= VB; bytes -= VB, d += VB)
			vf_store(d, v);
	}
	memcpy(d, lane, bytes);
}
