/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* All of libweft; base.h has the conventions. */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include "base.h"
#include "library.h"
#include "device.h"
#include "telemetry.h"
#include "topology.h"
#include "memory.h"
#include "timeline.h"
#include "kernel.h"
#include "list.h"
#include "queue.h"
#include "cell.h"
#include "user_queue.h"
#include "uring.h"
#include "transfer.h"
#include "kind.h"
#include "tensor.h"
#include "dlpack.h"
#include "body.h"
#include "coll_topology.h"
#include "coll.h"
#include "coll_explain.h"
#include "coll_quick.h"
#include "coll_window.h"
#include "comm_join.h"
#include "look.h"
#include "plan.h"
#include "edge_peer.h"
#include "plan_text.h"
#include "plan_file.h"
#include "plan_table.h"
#include "plan_coll.h"
#include "plan_uring.h"

#endif
