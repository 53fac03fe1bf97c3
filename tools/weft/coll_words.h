/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Collective calls as people name them: operations, types, and sizes that count as those of nccl-tests do. */
#ifndef WEFT_TOOL_COLL_WORDS_H
#define WEFT_TOOL_COLL_WORDS_H

#include "cmd.h"

/* "all-reduce", "allreduce" …; UINT32_MAX: there is none of this name */
uint32_t coll_op(const char *word);
/* "direct" …, "auto"; UINT32_MAX */
uint32_t coll_algorithm(const char *word);
/* "f32" …, of those that calls have; UINT32_MAX */
uint32_t coll_type(const char *word);
/* A number, with K, M or G behind it of 2^10, 2^20, 2^30, at most @most; false: it is none */
bool coll_bytes(const char *word, uint64_t most, uint64_t *bytes);
/* "64 K" … of a number of bytes as a word that coll_bytes() reads back. Return: @text */
const char *coll_bytes_word(uint64_t bytes, char *text, size_t room);

/*
 * nccl-tests call the size of an operation the bytes of the larger of a member's two buffers; here an operation with a block for each
 * member counts a block. Elements for a size, rounded down, and the size of so many.
 */
uint64_t coll_count(uint32_t op, uint64_t bytes, uint32_t element, uint32_t members);
uint64_t coll_size(uint32_t op, uint64_t count, uint32_t element, uint32_t members);
/* Algorithm bandwidth is size over time; times this it is bus bandwidth: doc/PERFORMANCE.md of nccl-tests */
double coll_bus_factor(uint32_t op, uint32_t members);

/* A number for each two cards or members, @width columns each; below 100 with so many @digits behind the point */
void coll_matrix(const char *title, const double (*v)[WEFT_COLL_CARDS], uint32_t n, int width, int digits);

/* The topology of a file; 0, or -1 after a message */
int coll_topology(const char *command, const char *file, struct weft_coll_topology *topology);

#endif
