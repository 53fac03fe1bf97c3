/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: plans as files
 *
 * A file holds a prepared plan: its text (plan_text.h), what was decided when it was prepared (lanes, skews, depths, places,
 * sharing), the version of the card contract and the capabilities of cards that it needs, and a checksum of all that. A plan
 * that was read is prepared, and loading it plans nothing again. A file is refused by name: no plan, another format, cut off, a
 * checksum that does not fit, cards that are too old or lack a capability, decisions that do not fit the text. The checksum
 * finds accidents, not malice: who edits decisions and checksum can make a plan that computes nonsense, in the address spaces of the
 * process that loads it and nowhere else. That one would stop for ever is seen all the same.
 */
#ifndef WEFT_PLAN_FILE_H
#define WEFT_PLAN_FILE_H

#include <stdio.h>

#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weft_plan_write() - write a prepared plan as a file
 * @out: the caller's, binary
 *
 * Return: 0, -EINVAL (not prepared; a constant in memory of the caller's, which no file holds), -EIO, -ENOTCONN, -ENOMEM.
 */
int weft_plan_write(const struct weft_plan *plan, FILE *out);

/**
 * weft_plan_read() - the plan of a file, prepared
 * @data: the file, of @bytes; 8-byte aligned or not
 * @devices: cards, as in weft_plan_parse()
 * @count: of them, 1 … WEFT_PLAN_DEVICES
 * @plan: out; destroyed by the caller
 *
 * Return: 0; -EINVAL (no plan, decisions that do not fit), -EPROTO (format or contract of another version; the text has both),
 * -EBADMSG (cut off, or damaged), -EDEADLK (it would stop for ever), -EOVERFLOW, -EOPNOTSUPP (a capability that a card lacks; the text names both), and as weft_plan_parse().
 */
int weft_plan_read(const void *data, uint64_t bytes, struct weft_device *const *devices, uint32_t count,
		   struct weft_plan **plan);

/** weft_plan_file_cards() - cards that a file is for. >= 1; -EINVAL: it is no file of a plan; -EPROTO, -EBADMSG, -ENOTCONN */
int weft_plan_file_cards(const void *data, uint64_t bytes);

#ifdef __cplusplus
}
#endif
#endif
