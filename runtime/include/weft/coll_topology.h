/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: what was measured of cards
 *
 * Which algorithm a collective call takes depends on how long commands, signals and bytes take between its members' cards. `weft
 * bench topo` measures that and writes it as text, weft_coll_topology_parse() takes the text, and weft_comm_create() the result.
 * Where nothing was measured, weft_coll_topology_default() stands for all cards.
 *
 * The text is lines of words; what follows a # is a comment:
 *
 *	weft-topology 1				first of all: the version
 *	cards N					1 … WEFT_COLL_CARDS, before what follows
 *	engines N				that the cards share, 0 … 64; 0, or no such line: each has its own
 *	card I step NS copy GBS reduce GBS	once for each card
 *	link I J hop NS write GBS read GBS	once for each pair of two cards, in both directions
 */
#ifndef WEFT_COLL_TOPOLOGY_H
#define WEFT_COLL_TOPOLOGY_H

#include <stdio.h>

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_COLL_CARDS		16
#define WEFT_COLL_ENGINES	64

/**
 * struct weft_coll_topology - times and rates of cards, by their number; 10^9 bytes a second are one byte a nanosecond
 * @size: sizeof
 * @cards: that are known, 1 … WEFT_COLL_CARDS
 * @engines: that all of them share, so that as many work at a time, 0 … WEFT_COLL_ENGINES; 0: each has its own
 * @pad: 0
 * @step_ns: of a command that moves data, without what grows with bytes
 * @reduce_gbs: bytes read and written by a REDUCE of several sources or destinations, all on the card
 * @hop_ns: from a signal of [a card] to what [another] does behind its wait for it, both commands among it
 * @write_gbs: bytes that [a card] copies of its own memory to [another]; to itself: within its memory
 * @read_gbs: bytes that [a card] copies to its own memory from [another]; from itself: the same as written
 */
struct weft_coll_topology {
	uint32_t size;
	uint32_t cards;
	uint32_t engines;
	uint32_t pad;
	double step_ns[WEFT_COLL_CARDS];
	double reduce_gbs[WEFT_COLL_CARDS];
	double hop_ns[WEFT_COLL_CARDS][WEFT_COLL_CARDS];
	double write_gbs[WEFT_COLL_CARDS][WEFT_COLL_CARDS];
	double read_gbs[WEFT_COLL_CARDS][WEFT_COLL_CARDS];
};

/** weft_coll_topology_default() - @cards emulated cards of one machine. 0, -EINVAL, -ENOTCONN */
int weft_coll_topology_default(struct weft_coll_topology *topology, uint32_t cards);

/** weft_coll_topology_parse() - of @bytes of @text, from anywhere. 0; -EINVAL: the text of the error has line and reason; -ENOTCONN */
int weft_coll_topology_parse(const char *text, size_t bytes, struct weft_coll_topology *topology);

/** weft_coll_topology_print() - as text that parses to the same. 0, -EINVAL (a value out of range), -EIO (of @out), -ENOTCONN */
int weft_coll_topology_print(const struct weft_coll_topology *topology, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
