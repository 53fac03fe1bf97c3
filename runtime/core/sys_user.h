/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_SYS_USER_H
#define WEFT_CORE_SYS_USER_H

#include <stdint.h>

/*
 * The memfd that whole pages of the process are a mapping of: a copy of its descriptor, which the caller closes, and where in it
 * they begin. Of no use to udmabuf, or none: -EOPNOTSUPP, -EFAULT (not mapped), -ENOMEM, with the reason.
 */
int weft_sys_user_memfd(const void *pages, uint64_t bytes, int *memfd, uint64_t *offset, const char **why);
/* The dma-buf of such pages: operation of struct weft_sys. */
int weft_sys_user_dmabuf(const void *pages, uint64_t bytes, int *dmabuf, const char **why);

#endif
