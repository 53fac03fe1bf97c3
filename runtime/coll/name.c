/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <weft/coll.h>

const char *weft_coll_op_name(uint32_t op)
{
	static const char *const names[WEFT_COLL_OPS] = {
		[WEFT_COLL_BARRIER] = "barrier", [WEFT_COLL_ALL_REDUCE] = "all-reduce", [WEFT_COLL_REDUCE_SCATTER] = "reduce-scatter",
		[WEFT_COLL_ALL_GATHER] = "all-gather", [WEFT_COLL_BROADCAST] = "broadcast", [WEFT_COLL_REDUCE] = "reduce",
		[WEFT_COLL_ALL_TO_ALL] = "all-to-all", [WEFT_COLL_SEND] = "send",
	};

	return op < WEFT_COLL_OPS ? names[op] : "?";
}

const char *weft_coll_algorithm_name(uint32_t algorithm)
{
	static const char *const names[WEFT_COLL_ALGORITHMS] = {
		[WEFT_COLL_AUTO] = "auto", [WEFT_COLL_PUSH] = "push", [WEFT_COLL_DIRECT] = "direct", [WEFT_COLL_PULL] = "pull",
		[WEFT_COLL_STAGED] = "staged", [WEFT_COLL_RING] = "ring",
	};

	return algorithm < WEFT_COLL_ALGORITHMS ? names[algorithm] : "?";
}
