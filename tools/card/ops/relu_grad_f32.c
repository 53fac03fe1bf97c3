/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* dx = y > 0 ? dy : 0 */
#include "impl.h"

int wcard_relu_grad_f32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	uint64_t count;
	int fault = wcard_elem_count(p, &count);

	(void)scalar;
	wcard_need_set(&need[0], fault ? 0 : count * 4, WCARD_WRITE, 4, 1 << 1);
	wcard_need_set(&need[1], fault ? 0 : count * 4, WCARD_READ, 4, 0);
	wcard_need_set(&need[2], fault ? 0 : count * 4, WCARD_READ, 4, 0);
	return fault;
}

uint64_t wcard_relu_grad_f32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	(void)scalar;
	return wcard_elem_units(p);
}

int wcard_relu_grad_f32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t i, n = wcard_elem_span(p, unit, &i), end = i + n;
	const float *dy = ptr[1], *y = ptr[2];
	float *dx = ptr[0];

	(void)scalar;
	for (; i < end; i++)
		dx[i] = y[i] > 0 ? dy[i] : 0;
	return 0;
}
