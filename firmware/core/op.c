// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "op.h"

#define ROW(id, fn) [WEFT_MBOX_##id] = &wfw_op_##fn,
static const struct wfw_op *const table[WEFT_MBOX_OP_COUNT] = { WFW_OPS(ROW) };

/* Complete: as many rows as operations, and -Woverride-init refuses two rows for one. */
#define ONE(id, fn) + 1
_Static_assert(0 WFW_OPS(ONE) == WEFT_MBOX_OP_COUNT - WEFT_MBOX_HELLO, "every mailbox operation needs its row");

const struct wfw_op *wfw_op_find(uint16_t op)
{
	return op < WEFT_MBOX_OP_COUNT ? table[op] : NULL;
}
