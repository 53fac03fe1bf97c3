/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* v = mu * v + g; w = w - lr * v; each operation rounded on its own */
#include "impl.h"

int wcard_sgd_momentum_f32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	uint64_t count;
	int fault = wcard_elem_count(p, &count);

	(void)scalar;
	wcard_need_set(&need[0], fault ? 0 : count * 4, WCARD_READ | WCARD_WRITE, 4, 0);
	wcard_need_set(&need[1], fault ? 0 : count * 4, WCARD_READ | WCARD_WRITE, 4, 0);
	wcard_need_set(&need[2], fault ? 0 : count * 4, WCARD_READ, 4, 0);
	return fault;
}

uint64_t wcard_sgd_momentum_f32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	(void)scalar;
	return wcard_elem_units(p);
}

int wcard_sgd_momentum_f32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t i, n = wcard_elem_span(p, unit, &i), end = i + n;
	float *w = ptr[0], *v = ptr[1], lr = wcard_bits_f32(scalar[0]), mu = wcard_bits_f32(scalar[1]);
	const float *g = ptr[2];

	for (; i < end; i++) {
		v[i] = mu * v[i] + g[i];
		w[i] = w[i] - lr * v[i];
	}
	return 0;
}
