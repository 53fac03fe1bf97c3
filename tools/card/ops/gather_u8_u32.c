/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* dst[r] = table[idx[r]] */
#include "impl.h"

int wcard_gather_u8_u32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	uint64_t rows = p->dim[0], table = p->dim[1];

	(void)scalar;
	if (!rows || !table)
		rows = table = 0;
	wcard_need_set(&need[0], rows * 4, WCARD_WRITE, 4, 0);
	wcard_need_set(&need[1], table, WCARD_READ, 1, 0);
	wcard_need_set(&need[2], rows * 4, WCARD_READ, 4, 0);
	return 0;
}

/* A lookup may miss the caches each time: a quarter of the elements a streaming operator takes. */
uint64_t wcard_gather_u8_u32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	(void)scalar;
	return p->dim[1] ? wcard_div_up(p->dim[0], wcard_rows_unit(4)) : 0;
}

int wcard_gather_u8_u32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	uint64_t step = wcard_rows_unit(4), r = unit * step, end = wcard_min64(p->dim[0], r + step);
	const uint32_t *idx = ptr[2];
	const uint8_t *table = ptr[1];
	uint32_t *dst = ptr[0], x;

	(void)scalar;
	if (wcard_check_index(idx + r, end - r, p->dim[1]))
		return WEFT_FAULT_INDEX;
	for (; r < end; r++) {
		x = wcard_load_index(idx + r);
		if (x >= p->dim[1])
			return WEFT_FAULT_INDEX;
		dst[r] = table[x];
	}
	return 0;
}
