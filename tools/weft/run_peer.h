/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Edges of a plan whose other ends are in other processes: each meets its process at a path. */
#ifndef WEFT_RUN_PEER_H
#define WEFT_RUN_PEER_H

#include "cmd.h"

#define MAX_PEERS	16

struct run_peers {
	const char *word[MAX_PEERS];	/* EDGE=PATH */
	uint32_t count;
};

/* --peer @word. 0, or -1 after a message */
int run_peers_add(struct run_peers *peers, const char *word);
/*
 * Every such edge of the plan, before it is loaded: of an exported one this process makes the path and waits, of an imported one it
 * looks for it, each for @timeout_ns at most. 0, or -1 after a message that begins with @file; no path of its making is left.
 */
int run_peers_meet(const struct run_peers *peers, const struct weft_plan *plan, const char *file, uint64_t timeout_ns);

#endif
