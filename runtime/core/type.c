/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include <weft/base.h>

static const struct {
	const char *name;
	uint32_t bytes;
} types[] = {
	[WEFT_TYPE_F32] = { "f32", 4 },
	[WEFT_TYPE_F16] = { "f16", 2 },
	[WEFT_TYPE_BF16] = { "bf16", 2 },
	[WEFT_TYPE_I32] = { "i32", 4 },
	[WEFT_TYPE_I8] = { "i8", 1 },
	[WEFT_TYPE_U8] = { "u8", 1 },
	[WEFT_TYPE_U32] = { "u32", 4 },
};

_Static_assert(sizeof(types) / sizeof(types[0]) == WEFT_TYPE_U32 + 1, "every type has a row");

uint32_t weft_type_bytes(enum weft_type type)
{
	return (unsigned int)type <= WEFT_TYPE_U32 ? types[type].bytes : 0;
}

const char *weft_type_name(enum weft_type type)
{
	return (unsigned int)type <= WEFT_TYPE_U32 ? types[type].name : "?";
}
