/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* dst[r, c] = scale * table[idx[r], c] */
#include "impl.h"

int wcard_gather_u8_f32_check(const struct weft_pkt_exec *p, const uint32_t *scalar, wcard_need *need)
{
	uint64_t rows = p->dim[0], cols = p->dim[1], table = p->dim[2];

	(void)scalar;
	if (!table)
		rows = 0;
	if (cols > WCARD_OPERAND_MAX / 4 / (rows ? rows : 1) || cols > WCARD_OPERAND_MAX / (table ? table : 1))
		return WEFT_FAULT_SHAPE;
	if (!rows || !cols)
		rows = cols = table = 0;
	wcard_need_set(&need[0], rows * cols * 4, WCARD_WRITE, 4, 0);
	wcard_need_set(&need[1], table * cols, WCARD_READ, 1, 0);
	wcard_need_set(&need[2], rows * 4, WCARD_READ, 4, 0);
	return 0;
}

/* Units are rows; a row longer than one unit may be is cut into spans of columns. */
static uint64_t spans(uint64_t cols)
{
	return wcard_div_up(cols, WCARD_ELEMS_UNIT);
}

uint64_t wcard_gather_u8_f32_units(const struct weft_pkt_exec *p, const uint32_t *scalar)
{
	uint64_t rows = p->dim[0], cols = p->dim[1];

	(void)scalar;
	if (!rows || !cols || !p->dim[2])
		return 0;
	return wcard_div_up(rows, wcard_rows_unit(cols)) * spans(cols);
}

void wcard_gather_cut(const struct weft_pkt_exec *p, uint64_t unit, struct wcard_gather_span *s)
{
	uint64_t rows = p->dim[0], cols = p->dim[1], step = wcard_rows_unit(cols);

	s->row = unit / spans(cols) * step;
	s->rows = wcard_min64(step, rows - s->row);
	s->col = unit % spans(cols) * WCARD_ELEMS_UNIT;
	s->cols = wcard_min64(WCARD_ELEMS_UNIT, cols - s->col);
}

int wcard_gather_u8_f32_ref(const struct weft_pkt_exec *p, const uint32_t *scalar, void *const *ptr, uint64_t unit)
{
	const uint32_t *idx = ptr[2];
	float scale = wcard_bits_f32(scalar[0]), *dst;
	struct wcard_gather_span s;
	const uint8_t *row;
	uint64_t r, c;
	uint32_t x;

	wcard_gather_cut(p, unit, &s);
	if (wcard_check_index(idx + s.row, s.rows, p->dim[2]))
		return WEFT_FAULT_INDEX;
	for (r = s.row; r < s.row + s.rows; r++) {
		x = wcard_load_index(idx + r);
		if (x >= p->dim[2])
			return WEFT_FAULT_INDEX;
		row = (const uint8_t *)ptr[1] + (uint64_t)x * p->dim[1] + s.col;
		dst = (float *)ptr[0] + r * p->dim[1] + s.col;
		for (c = 0; c < s.cols; c++)
			dst[c] = scale * row[c];
	}
	return 0;
}
