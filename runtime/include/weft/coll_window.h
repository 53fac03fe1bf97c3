/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: windows for those who are handed pointers
 *
 * Who stands between a program and its calls, as a library that takes over another's calls does, sees pointers and communicators of
 * its own. These find what they are in, and let several communicators work on the same memory.
 */
#ifndef WEFT_COLL_WINDOW_H
#define WEFT_COLL_WINDOW_H

#include "coll.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weft_window_find() - the window of a communicator that a pointer of this process is in
 * @pointer: into what weft_memory_map() gave for a member's memory of it
 * @bytes: from there on, all of which have to be in it
 * @window: out
 * @offset: out, bytes of it before @pointer
 *
 * No system call, and nothing is allocated. Return: 0, -ENOENT (in none of them), -EINVAL, -ENOTCONN.
 */
int weft_window_find(struct weft_comm *comm, const void *pointer, uint64_t bytes, struct weft_window **window, uint64_t *offset);

/**
 * weft_window_view() - the same memory as a window of another communicator, of some of its members
 * @window: no view
 * @comm: its member m is member @members[m] of the window's communicator: those here opened by the same handle, those elsewhere
 *	with the same card, opened by the handle that their process has for both
 * @members: as many as @comm has
 * @view: out; destroyed by the caller, before @window
 *
 * Each process makes its own, and asks nobody. Calls of the two communicators are in no order but that in which they are posted and
 * waited for. When the window's communicator is shrunk nobody reaches the memory any more, by views neither.
 *
 * Return: 0, -EINVAL, -ENOTCONN, -ENOMEM.
 */
int weft_window_view(struct weft_window *window, struct weft_comm *comm, const uint32_t *members, struct weft_window **view);

#ifdef __cplusplus
}
#endif
#endif
