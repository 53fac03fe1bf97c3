// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* What weft_kunit.ko calls of weft.ko; linked into the latter where the tests are built. */
#include <kunit/visibility.h>

#include "weft_device.h"
#include "weft_file.h"
#include "weft_gem.h"
#include "weft_job.h"
#include "weft_names.h"
#include "weft_pending.h"
#include "weft_prime.h"
#include "weft_pt.h"
#include "weft_route.h"
#include "weft_sem.h"
#include "weft_snapshot.h"
#include "weft_uqueue.h"
#include "weft_uring.h"
#include "weft_vma.h"
#include "weft_wait.h"
#include "weft_window.h"

EXPORT_SYMBOL_IF_KUNIT(weft_pt_init);
EXPORT_SYMBOL_IF_KUNIT(weft_pt_fini);
EXPORT_SYMBOL_IF_KUNIT(weft_pt_map);
EXPORT_SYMBOL_IF_KUNIT(weft_pt_count);
EXPORT_SYMBOL_IF_KUNIT(weft_pt_split);
EXPORT_SYMBOL_IF_KUNIT(weft_pt_clear);
EXPORT_SYMBOL_IF_KUNIT(weft_pt_lookup);
EXPORT_SYMBOL_IF_KUNIT(weft_job_check);
EXPORT_SYMBOL_IF_KUNIT(weft_vma_check);
EXPORT_SYMBOL_IF_KUNIT(weft_file_charge);
EXPORT_SYMBOL_IF_KUNIT(weft_file_uncharge);
EXPORT_SYMBOL_IF_KUNIT(weft_file_charge_system);
EXPORT_SYMBOL_IF_KUNIT(weft_file_uncharge_system);
EXPORT_SYMBOL_IF_KUNIT(weft_carve_init);
EXPORT_SYMBOL_IF_KUNIT(weft_carve_fini);
EXPORT_SYMBOL_IF_KUNIT(weft_carve_user_bytes);
EXPORT_SYMBOL_IF_KUNIT(weft_carve_alloc);
EXPORT_SYMBOL_IF_KUNIT(weft_carve_free);
EXPORT_SYMBOL_IF_KUNIT(weft_carve_quarantine);
EXPORT_SYMBOL_IF_KUNIT(weft_carve_reclaim);
EXPORT_SYMBOL_IF_KUNIT(weft_link_init);
EXPORT_SYMBOL_IF_KUNIT(weft_link_get);
EXPORT_SYMBOL_IF_KUNIT(weft_link_put);
EXPORT_SYMBOL_IF_KUNIT(weft_link_serial);
EXPORT_SYMBOL_IF_KUNIT(weft_lmem_init);
EXPORT_SYMBOL_IF_KUNIT(weft_lmem_fini);
EXPORT_SYMBOL_IF_KUNIT(weft_lmem_info);
EXPORT_SYMBOL_IF_KUNIT(weft_event_process);
EXPORT_SYMBOL_IF_KUNIT(weft_route_text);
EXPORT_SYMBOL_IF_KUNIT(weft_name_fault);
EXPORT_SYMBOL_IF_KUNIT(weft_name_run);
EXPORT_SYMBOL_IF_KUNIT(weft_name_packet);
EXPORT_SYMBOL_IF_KUNIT(weft_name_event);
EXPORT_SYMBOL_IF_KUNIT(weft_name_safe);
EXPORT_SYMBOL_IF_KUNIT(weft_name_mbox);
EXPORT_SYMBOL_IF_KUNIT(weft_name_state);
EXPORT_SYMBOL_IF_KUNIT(weft_uqueue_check);
EXPORT_SYMBOL_IF_KUNIT(weft_snapshot_walk);
EXPORT_SYMBOL_IF_KUNIT(weft_snapshot_local_at);
EXPORT_SYMBOL_IF_KUNIT(weft_recover_starves);
EXPORT_SYMBOL_IF_KUNIT(weft_recover_errno);
EXPORT_SYMBOL_IF_KUNIT(weft_mbox_forgive);
EXPORT_SYMBOL_IF_KUNIT(weft_mbox_queue_destroy);
EXPORT_SYMBOL_IF_KUNIT(weft_mbox_arm_bind);
EXPORT_SYMBOL_IF_KUNIT(weft_sem_claim);
EXPORT_SYMBOL_IF_KUNIT(weft_sem_settle);
EXPORT_SYMBOL_IF_KUNIT(weft_uring_copy_args);
EXPORT_SYMBOL_IF_KUNIT(weft_history_init);
EXPORT_SYMBOL_IF_KUNIT(weft_history_note);
EXPORT_SYMBOL_IF_KUNIT(weft_history_copy);
EXPORT_SYMBOL_IF_KUNIT(weft_bo_walk);
EXPORT_SYMBOL_IF_KUNIT(weft_vma_init);
EXPORT_SYMBOL_IF_KUNIT(weft_vma_prepare);
EXPORT_SYMBOL_IF_KUNIT(weft_vma_clean);
EXPORT_SYMBOL_IF_KUNIT(weft_prime_init);
EXPORT_SYMBOL_IF_KUNIT(weft_prime_export);
EXPORT_SYMBOL_IF_KUNIT(weft_pending_create);
EXPORT_SYMBOL_IF_KUNIT(weft_pending_begin_cells);
EXPORT_SYMBOL_IF_KUNIT(weft_pending_put);
EXPORT_SYMBOL_IF_KUNIT(weft_wait_end);
EXPORT_SYMBOL_IF_KUNIT(weft_window_create);
EXPORT_SYMBOL_IF_KUNIT(weft_window_put);
EXPORT_SYMBOL_IF_KUNIT(weft_window_offset);
EXPORT_SYMBOL_IF_KUNIT(weft_window_mmap);
