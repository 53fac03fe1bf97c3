/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_PUBLISH_H
#define WEFT_CORE_PUBLISH_H

#include <stddef.h>

/* For root to find among the descriptors of this process: a memfd of that name, sealed with the data in it; -1: there is none */
int weft_publish(const char *name, const void *data, size_t bytes);

#endif
