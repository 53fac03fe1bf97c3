// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "defect.h"
#include "machine.h"

uint64_t wcard_counter(struct wcard_card *c, uint32_t sel)
{
	unsigned int kind = sel >> 24, link = sel >> 16 & 0xff, index = sel & 0xffff;
	struct wcard_cnt *cnt;
	enum wcard_cnt_dir dir;

	switch (kind) {
	case WEFT_CNT_READ_BYTES:
		dir = WCARD_CNT_READ;
		break;
	case WEFT_CNT_WRITE_BYTES:
		dir = WCARD_CNT_WRITE;
		break;
	case WEFT_CNT_CELL_READS:
		dir = WCARD_CNT_CELL_READ;
		break;
	case WEFT_CNT_CELL_WRITES:
		dir = WCARD_CNT_CELL_WRITE;
		break;
	case WEFT_CNT_FETCH_BYTES:
		dir = WCARD_CNT_FETCH;
		break;
	case WEFT_CNT_ENGINE_BUSY_NS:
		return index < c->m->nengines ? atomic_load(&c->engine_busy_ns[index]) : 0;
	case WEFT_CNT_IRQS:
		return atomic_load(&c->irqs);
	case WEFT_CNT_EVENTS:
		return atomic_load(&c->events);
	case WEFT_CNT_DOORBELLS:
		return atomic_load(&c->doorbells);
	case WEFT_CNT_BAD_KICKS:
		return atomic_load(&c->bad_kicks);
	case WEFT_CNT_PACKETS:
		return atomic_load(&c->packets);
	case WEFT_CNT_WALKS:
		return atomic_load(&c->walks);
	default:
		return 0;
	}
	if (WCARD_BROKEN(cells_not_counted) && (dir == WCARD_CNT_CELL_READ || dir == WCARD_CNT_CELL_WRITE))
		return 0;
	if (WCARD_BROKEN(counted_by_wrong_link) && link < WCARD_NUM_LINKS)
		link ^= 1;
	cnt = index == WEFT_CNT_ALL ? &c->all : index < WCARD_NUM_ASIDS && c->as[index].live ? c->as[index].cnt : NULL;
	if (link == WEFT_CNT_LINK_LOCAL)
		link = WCARD_CNT_LOCAL;
	else if (link >= WCARD_NUM_LINKS)
		return 0;
	if (cnt && dir == WCARD_CNT_READ && WCARD_BROKEN(fetches_are_payload))
		return atomic_load(&cnt->bytes[dir][link]) + atomic_load(&cnt->bytes[WCARD_CNT_FETCH][link]);
	return cnt ? atomic_load(&cnt->bytes[dir][link]) : 0;
}
