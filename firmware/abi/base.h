/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/*
 * Types and helpers shared by every header of the card contract. The headers are read by the kernel driver, by
 * freestanding firmware, by the card and by user space, so they use only fixed-width types. Everything in memory
 * and in registers is little endian; every structure is naturally aligned and has no hidden padding.
 */
#ifndef WEFT_ABI_BASE_H
#define WEFT_ABI_BASE_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/stddef.h>
#else
#include <stdint.h>
#include <stddef.h>
#endif

/* Version of the contract these headers describe; a card reports a range, see reg.h and mailbox.h HELLO. */
#define WEFT_CONTRACT_MAJOR	0
#define WEFT_CONTRACT_MINOR	1
#define WEFT_CONTRACT(major, minor)	(((uint32_t)(major) << 16) | (minor))
#define WEFT_CONTRACT_VERSION	WEFT_CONTRACT(WEFT_CONTRACT_MAJOR, WEFT_CONTRACT_MINOR)

#define WEFT_BIT32(n)		(UINT32_C(1) << (n))
#define WEFT_BIT64(n)		(UINT64_C(1) << (n))
#ifndef UINT64_C
#define UINT64_C(c)		c##ULL
#endif
#ifndef UINT32_C
#define UINT32_C(c)		c##U
#endif

#define WEFT_ASSERT_SIZE(type, bytes) \
	_Static_assert(sizeof(type) == (bytes), #type " must be " #bytes " bytes")
#define WEFT_ASSERT_AT(type, member, at) \
	_Static_assert(offsetof(type, member) == (at), #type "." #member " must be at " #at)

#endif
