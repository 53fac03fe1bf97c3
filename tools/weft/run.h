/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* weft run: a job, or the plan of a file. */
#ifndef WEFT_RUN_H
#define WEFT_RUN_H

#include "cmd.h"

/* The options of both. */
void run_usage(FILE *out);
/* weft run FILE.weft; as cmd_run() */
int run_plan(int argc, char **argv);

#endif
