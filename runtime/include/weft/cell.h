/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: cells
 *
 * A cell is a semaphore of 32 bytes in card memory with one writer. Cards wait for and signal cells by themselves
 * (weft_list_wait(), weft_list_signal()); the host does here. Memory for cells is made with WEFT_MEMORY_CELLS, holds 128
 * cells a page, and is reached from another card by weft_memory_import() with WEFT_ACCESS_SIGNAL. A waiter waits in its
 * own card's memory; a signaller may be anywhere. Needs a card with capabilities lr and cells.
 */
#ifndef WEFT_CELL_H
#define WEFT_CELL_H

#include "memory.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_CELL_BYTES	32

#define WEFT_CELL_TAG		0x1	/* the tag counts, too */
#define WEFT_CELL_END		0x2	/* signal: the value is final */
#define WEFT_CELL_SYSTEM	0x4	/* signal by a card: after all that the queue wrote anywhere, not only to the same card */
#define WEFT_CELL_KEEP		0x8	/* signal by a card, with WEFT_CELL_END: the value stays what it is */

/**
 * struct weft_cell_state - a cell as it is
 * @value: never decreases
 * @end: not 0: @value is final
 * @tag: what the writer attached
 * @fault: not 0: poisoned, revoked or its peer is lost; weft_cell_fault_text()
 */
struct weft_cell_state {
	uint64_t value;
	uint64_t end;
	uint64_t tag;
	uint64_t fault;
};

/** weft_cell_address() - device address of cell @index in @cells, for commands; 0 beyond the last */
uint64_t weft_cell_address(const struct weft_memory *cells, uint32_t index);

/** weft_cell_read() - look, without a system call. Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP (an import) */
int weft_cell_read(struct weft_memory *cells, uint32_t index, struct weft_cell_state *state);

/**
 * weft_cell_signal() - the host is the writer: store @value, and wake who waits for it on the card
 *
 * No system call when the process has a user queue on that card, or nobody waits. A cell has one writer: one thread at a
 * time. Return: 0, -EINVAL, -ENOTCONN, -EOPNOTSUPP, -ENODEV.
 */
int weft_cell_signal(struct weft_memory *cells, uint32_t index, uint64_t value);

/**
 * weft_cell_signal_with() - the same with more than a value
 * @value: stored after the tag, so that who sees it sees the tag that belongs to it
 * @tag: stored with WEFT_CELL_TAG; else 0
 * @flags: WEFT_CELL_TAG, WEFT_CELL_END or both; 0 is weft_cell_signal()
 *
 * The tag must be one that fits the value before it, too, if somebody may still wait for that with WEFT_CELL_TAG: signal the
 * next value when the last has been taken. Return: as weft_cell_signal().
 */
int weft_cell_signal_with(struct weft_memory *cells, uint32_t index, uint64_t value, uint64_t tag, uint32_t flags);

/** weft_cell_end() - the value is final; as weft_cell_signal() */
int weft_cell_end(struct weft_memory *cells, uint32_t index);

/**
 * weft_cell_wait() - sleep until (int64_t)(value of the cell - @value) >= 0
 * @state: out, the cell then; may be NULL
 *
 * Return: 0; -EPIPE (the cell ended below @value); -EOWNERDEAD (it has a fault; the text says which); -ETIME (the text
 * has wanted and actual value); -ECANCELED (reset), -ENODEV, -EINVAL, -ENOTCONN, -EOPNOTSUPP.
 */
int weft_cell_wait(struct weft_memory *cells, uint32_t index, uint64_t value, uint64_t timeout_ns,
		   struct weft_cell_state *state);

/** weft_cell_fault_text() - "poisoned by will 7 of card 1: page not mapped" and the like into @text. Return: @text */
const char *weft_cell_fault_text(uint64_t fault, char *text, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
