/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Copyright 2026 The weft authors */
/* Where every member of every structure of the contract lies: two of a size that changed places would not be noticed else. */
#ifndef WEFT_ABI_LAYOUT_H
#define WEFT_ABI_LAYOUT_H

#include "boot.h"
#include "cell.h"
#include "event.h"
#include "mailbox.h"
#include "operand.h"
#include "packet.h"
#include "queue.h"
#include "reg.h"
#include "safe.h"
#include "trace.h"

WEFT_ASSERT_AT(struct weft_fw_header, magic, 0);
WEFT_ASSERT_AT(struct weft_fw_header, header_bytes, 8);
WEFT_ASSERT_AT(struct weft_fw_header, header_version, 12);
WEFT_ASSERT_AT(struct weft_fw_header, image_bytes, 16);
WEFT_ASSERT_AT(struct weft_fw_header, load, 20);
WEFT_ASSERT_AT(struct weft_fw_header, entry, 24);
WEFT_ASSERT_AT(struct weft_fw_header, fw_version, 28);
WEFT_ASSERT_AT(struct weft_fw_header, contract_min, 32);
WEFT_ASSERT_AT(struct weft_fw_header, contract_max, 36);
WEFT_ASSERT_AT(struct weft_fw_header, rollback, 40);
WEFT_ASSERT_AT(struct weft_fw_header, key_id, 44);
WEFT_ASSERT_AT(struct weft_fw_header, build_id, 48);
WEFT_ASSERT_AT(struct weft_fw_header, reserved, 80);
WEFT_ASSERT_AT(struct weft_fw_header, signature, 192);

WEFT_ASSERT_AT(struct weft_cell, value, 0);
WEFT_ASSERT_AT(struct weft_cell, end, 8);
WEFT_ASSERT_AT(struct weft_cell, tag, 16);
WEFT_ASSERT_AT(struct weft_cell, fault, 24);

WEFT_ASSERT_AT(struct weft_arm_page, arm, 0);
WEFT_ASSERT_AT(struct weft_arm_page, reserved, 512);

WEFT_ASSERT_AT(struct weft_cell_ref, cell, 0);
WEFT_ASSERT_AT(struct weft_cell_ref, base, 8);
WEFT_ASSERT_AT(struct weft_cell_ref, step, 16);
WEFT_ASSERT_AT(struct weft_cell_ref, tag, 24);

WEFT_ASSERT_AT(struct weft_event, type, 0);
WEFT_ASSERT_AT(struct weft_event, flags, 2);
WEFT_ASSERT_AT(struct weft_event, queue, 4);
WEFT_ASSERT_AT(struct weft_event, asid, 8);
WEFT_ASSERT_AT(struct weft_event, cause, 12);
WEFT_ASSERT_AT(struct weft_event, value, 16);
WEFT_ASSERT_AT(struct weft_event, reserved, 24);
WEFT_ASSERT_AT(struct weft_event, seq, 28);

WEFT_ASSERT_AT(struct weft_mbox_hello, contract_min, 0);
WEFT_ASSERT_AT(struct weft_mbox_hello, contract_max, 4);
WEFT_ASSERT_AT(struct weft_mbox_hello, reserved, 8);

WEFT_ASSERT_AT(struct weft_mbox_hello_rsp, contract_min, 0);
WEFT_ASSERT_AT(struct weft_mbox_hello_rsp, contract_max, 4);
WEFT_ASSERT_AT(struct weft_mbox_hello_rsp, contract, 8);
WEFT_ASSERT_AT(struct weft_mbox_hello_rsp, fw_version, 12);
WEFT_ASSERT_AT(struct weft_mbox_hello_rsp, reserved, 16);

WEFT_ASSERT_AT(struct weft_mbox_as, asid, 0);
WEFT_ASSERT_AT(struct weft_mbox_as, type, 4);
WEFT_ASSERT_AT(struct weft_mbox_as, root, 8);
WEFT_ASSERT_AT(struct weft_mbox_as, reserved, 16);

WEFT_ASSERT_AT(struct weft_mbox_arm, sem, 0);
WEFT_ASSERT_AT(struct weft_mbox_arm, arm, 8);
WEFT_ASSERT_AT(struct weft_mbox_arm, reserved, 16);

WEFT_ASSERT_AT(struct weft_mbox_msg, op, 0);
WEFT_ASSERT_AT(struct weft_mbox_msg, status, 2);
WEFT_ASSERT_AT(struct weft_mbox_msg, seq, 4);
WEFT_ASSERT_AT(struct weft_mbox_msg, u, 8);

WEFT_ASSERT_AT(struct weft_operand, base, 0);
WEFT_ASSERT_AT(struct weft_operand, stride, 8);
WEFT_ASSERT_AT(struct weft_operand, depth, 16);
WEFT_ASSERT_AT(struct weft_operand, phase, 18);
WEFT_ASSERT_AT(struct weft_operand, mul, 20);
WEFT_ASSERT_AT(struct weft_operand, div, 22);
WEFT_ASSERT_AT(struct weft_operand, skew, 24);
WEFT_ASSERT_AT(struct weft_operand, level, 28);
WEFT_ASSERT_AT(struct weft_operand, flags, 29);
WEFT_ASSERT_AT(struct weft_operand, reserved, 30);

WEFT_ASSERT_AT(struct weft_operand_indirect, index, 0);
WEFT_ASSERT_AT(struct weft_operand_indirect, first, 2);
WEFT_ASSERT_AT(struct weft_operand_indirect, count, 4);
WEFT_ASSERT_AT(struct weft_operand_indirect, reserved, 6);

WEFT_ASSERT_AT(struct weft_pkt_nop, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_nop, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_nop, level, 2);
WEFT_ASSERT_AT(struct weft_pkt_nop, reserved, 4);

WEFT_ASSERT_AT(struct weft_pkt_exec, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_exec, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_exec, oper, 2);
WEFT_ASSERT_AT(struct weft_pkt_exec, noperands, 4);
WEFT_ASSERT_AT(struct weft_pkt_exec, scalar_mask, 5);
WEFT_ASSERT_AT(struct weft_pkt_exec, reserved, 6);
WEFT_ASSERT_AT(struct weft_pkt_exec, u, 8);
WEFT_ASSERT_AT(struct weft_pkt_exec, dim, 24);
WEFT_ASSERT_AT(struct weft_pkt_exec, scalar, 40);
WEFT_ASSERT_AT(struct weft_pkt_exec, u.index, 8);
WEFT_ASSERT_AT(struct weft_pkt_exec, u.va, 8);

WEFT_ASSERT_AT(struct weft_pkt_copy, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_copy, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_copy, reserved0, 2);
WEFT_ASSERT_AT(struct weft_pkt_copy, rows, 4);
WEFT_ASSERT_AT(struct weft_pkt_copy, dst, 8);
WEFT_ASSERT_AT(struct weft_pkt_copy, src, 16);
WEFT_ASSERT_AT(struct weft_pkt_copy, bytes, 24);
WEFT_ASSERT_AT(struct weft_pkt_copy, dst_pitch, 32);
WEFT_ASSERT_AT(struct weft_pkt_copy, src_pitch, 40);
WEFT_ASSERT_AT(struct weft_pkt_copy, reserved, 48);

WEFT_ASSERT_AT(struct weft_pkt_reduce, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_reduce, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_reduce, dtype, 2);
WEFT_ASSERT_AT(struct weft_pkt_reduce, rop, 3);
WEFT_ASSERT_AT(struct weft_pkt_reduce, nsrc, 4);
WEFT_ASSERT_AT(struct weft_pkt_reduce, ndst, 5);
WEFT_ASSERT_AT(struct weft_pkt_reduce, src_first, 6);
WEFT_ASSERT_AT(struct weft_pkt_reduce, dst_first, 8);
WEFT_ASSERT_AT(struct weft_pkt_reduce, reserved0, 10);
WEFT_ASSERT_AT(struct weft_pkt_reduce, reserved1, 12);
WEFT_ASSERT_AT(struct weft_pkt_reduce, count, 16);
WEFT_ASSERT_AT(struct weft_pkt_reduce, offset, 24);
WEFT_ASSERT_AT(struct weft_pkt_reduce, reserved, 32);

WEFT_ASSERT_AT(struct weft_pkt_fill, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_fill, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_fill, width, 2);
WEFT_ASSERT_AT(struct weft_pkt_fill, reserved0, 3);
WEFT_ASSERT_AT(struct weft_pkt_fill, reserved1, 4);
WEFT_ASSERT_AT(struct weft_pkt_fill, dst, 8);
WEFT_ASSERT_AT(struct weft_pkt_fill, bytes, 16);
WEFT_ASSERT_AT(struct weft_pkt_fill, pattern, 24);
WEFT_ASSERT_AT(struct weft_pkt_fill, reserved, 32);

WEFT_ASSERT_AT(struct weft_pkt_timed, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_timed, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_timed, reserved0, 2);
WEFT_ASSERT_AT(struct weft_pkt_timed, reserved1, 4);
WEFT_ASSERT_AT(struct weft_pkt_timed, ns, 8);
WEFT_ASSERT_AT(struct weft_pkt_timed, reserved, 16);

WEFT_ASSERT_AT(struct weft_pkt_wait, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_wait, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_wait, end_level, 2);
WEFT_ASSERT_AT(struct weft_pkt_wait, cell_flags, 3);
WEFT_ASSERT_AT(struct weft_pkt_wait, count, 4);
WEFT_ASSERT_AT(struct weft_pkt_wait, u, 8);
WEFT_ASSERT_AT(struct weft_pkt_wait, exit, 40);
WEFT_ASSERT_AT(struct weft_pkt_wait, level, 44);
WEFT_ASSERT_AT(struct weft_pkt_wait, skew, 48);
WEFT_ASSERT_AT(struct weft_pkt_wait, reserved, 52);
WEFT_ASSERT_AT(struct weft_pkt_wait, u.one.cell, 8);
WEFT_ASSERT_AT(struct weft_pkt_wait, u.one.base, 16);
WEFT_ASSERT_AT(struct weft_pkt_wait, u.one.step, 24);
WEFT_ASSERT_AT(struct weft_pkt_wait, u.one.tag, 32);
WEFT_ASSERT_AT(struct weft_pkt_wait, u.list, 8);

WEFT_ASSERT_AT(struct weft_pkt_signal, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_signal, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_signal, words, 2);
WEFT_ASSERT_AT(struct weft_pkt_signal, scope, 3);
WEFT_ASSERT_AT(struct weft_pkt_signal, count, 4);
WEFT_ASSERT_AT(struct weft_pkt_signal, u, 8);
WEFT_ASSERT_AT(struct weft_pkt_signal, reserved0, 40);
WEFT_ASSERT_AT(struct weft_pkt_signal, level, 44);
WEFT_ASSERT_AT(struct weft_pkt_signal, skew, 48);
WEFT_ASSERT_AT(struct weft_pkt_signal, reserved, 52);
WEFT_ASSERT_AT(struct weft_pkt_signal, u.one.cell, 8);
WEFT_ASSERT_AT(struct weft_pkt_signal, u.one.base, 16);
WEFT_ASSERT_AT(struct weft_pkt_signal, u.one.step, 24);
WEFT_ASSERT_AT(struct weft_pkt_signal, u.one.tag, 32);
WEFT_ASSERT_AT(struct weft_pkt_signal, u.list, 8);

WEFT_ASSERT_AT(struct weft_pkt_fence, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_fence, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_fence, irq, 2);
WEFT_ASSERT_AT(struct weft_pkt_fence, reserved0, 4);
WEFT_ASSERT_AT(struct weft_pkt_fence, value, 8);
WEFT_ASSERT_AT(struct weft_pkt_fence, reserved, 16);

WEFT_ASSERT_AT(struct weft_pkt_timestamp, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_timestamp, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_timestamp, reserved0, 2);
WEFT_ASSERT_AT(struct weft_pkt_timestamp, reserved1, 4);
WEFT_ASSERT_AT(struct weft_pkt_timestamp, dst, 8);
WEFT_ASSERT_AT(struct weft_pkt_timestamp, reserved, 16);

WEFT_ASSERT_AT(struct weft_pkt_call, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_call, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_call, reserved0, 2);
WEFT_ASSERT_AT(struct weft_pkt_call, npackets, 4);
WEFT_ASSERT_AT(struct weft_pkt_call, list, 8);
WEFT_ASSERT_AT(struct weft_pkt_call, table, 16);
WEFT_ASSERT_AT(struct weft_pkt_call, ntable, 24);
WEFT_ASSERT_AT(struct weft_pkt_call, reserved1, 28);
WEFT_ASSERT_AT(struct weft_pkt_call, count, 32);
WEFT_ASSERT_AT(struct weft_pkt_call, reserved, 40);

WEFT_ASSERT_AT(struct weft_pkt_range, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_range, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_range, level, 2);
WEFT_ASSERT_AT(struct weft_pkt_range, skew, 4);
WEFT_ASSERT_AT(struct weft_pkt_range, last, 8);
WEFT_ASSERT_AT(struct weft_pkt_range, reserved, 16);

WEFT_ASSERT_AT(struct weft_pkt_pred, op, 0);
WEFT_ASSERT_AT(struct weft_pkt_pred, flags, 1);
WEFT_ASSERT_AT(struct weft_pkt_pred, compare, 2);
WEFT_ASSERT_AT(struct weft_pkt_pred, reserved0, 3);
WEFT_ASSERT_AT(struct weft_pkt_pred, imm, 4);
WEFT_ASSERT_AT(struct weft_pkt_pred, operand, 8);
WEFT_ASSERT_AT(struct weft_pkt_pred, reserved, 16);

WEFT_ASSERT_AT(struct weft_queue_desc, id, 0);
WEFT_ASSERT_AT(struct weft_queue_desc, asid, 4);
WEFT_ASSERT_AT(struct weft_queue_desc, kind, 6);
WEFT_ASSERT_AT(struct weft_queue_desc, band, 7);
WEFT_ASSERT_AT(struct weft_queue_desc, ring, 8);
WEFT_ASSERT_AT(struct weft_queue_desc, ctl, 16);
WEFT_ASSERT_AT(struct weft_queue_desc, state, 24);
WEFT_ASSERT_AT(struct weft_queue_desc, run_limit_ns, 32);
WEFT_ASSERT_AT(struct weft_queue_desc, wait_limit_ns, 40);
WEFT_ASSERT_AT(struct weft_queue_desc, ring_log2, 48);
WEFT_ASSERT_AT(struct weft_queue_desc, flags, 49);
WEFT_ASSERT_AT(struct weft_queue_desc, weight, 50);
WEFT_ASSERT_AT(struct weft_queue_desc, reserved, 52);

WEFT_ASSERT_AT(struct weft_ring_ctl, tail, 0);
WEFT_ASSERT_AT(struct weft_ring_ctl, pad0, 8);
WEFT_ASSERT_AT(struct weft_ring_ctl, armed, 64);
WEFT_ASSERT_AT(struct weft_ring_ctl, pad1, 68);
WEFT_ASSERT_AT(struct weft_ring_ctl, head, 128);
WEFT_ASSERT_AT(struct weft_ring_ctl, pad2, 136);
WEFT_ASSERT_AT(struct weft_ring_ctl, trace, 192);
WEFT_ASSERT_AT(struct weft_ring_ctl, pad3, 200);

WEFT_ASSERT_AT(struct weft_frame, list, 0);
WEFT_ASSERT_AT(struct weft_frame, table, 8);
WEFT_ASSERT_AT(struct weft_frame, it, 16);
WEFT_ASSERT_AT(struct weft_frame, count, 24);
WEFT_ASSERT_AT(struct weft_frame, npackets, 32);
WEFT_ASSERT_AT(struct weft_frame, pc, 36);
WEFT_ASSERT_AT(struct weft_frame, ntable, 40);
WEFT_ASSERT_AT(struct weft_frame, is_loop, 44);
WEFT_ASSERT_AT(struct weft_frame, range_off, 45);
WEFT_ASSERT_AT(struct weft_frame, pred_off, 46);
WEFT_ASSERT_AT(struct weft_frame, reserved, 47);
WEFT_ASSERT_AT(struct weft_frame, seq_base, 48);
WEFT_ASSERT_AT(struct weft_frame, reserved2, 56);

WEFT_ASSERT_AT(struct weft_queue_state, version, 0);
WEFT_ASSERT_AT(struct weft_queue_state, run, 8);
WEFT_ASSERT_AT(struct weft_queue_state, cause, 12);
WEFT_ASSERT_AT(struct weft_queue_state, fence, 16);
WEFT_ASSERT_AT(struct weft_queue_state, retired, 24);
WEFT_ASSERT_AT(struct weft_queue_state, head, 32);
WEFT_ASSERT_AT(struct weft_queue_state, progress_ns, 40);
WEFT_ASSERT_AT(struct weft_queue_state, busy_ns, 48);
WEFT_ASSERT_AT(struct weft_queue_state, fault_va, 56);
WEFT_ASSERT_AT(struct weft_queue_state, fault_list, 64);
WEFT_ASSERT_AT(struct weft_queue_state, fault_packet, 72);
WEFT_ASSERT_AT(struct weft_queue_state, fault_op, 76);
WEFT_ASSERT_AT(struct weft_queue_state, wait_va, 80);
WEFT_ASSERT_AT(struct weft_queue_state, wait_value, 88);
WEFT_ASSERT_AT(struct weft_queue_state, wait_since_ns, 96);
WEFT_ASSERT_AT(struct weft_queue_state, origin, 104);
WEFT_ASSERT_AT(struct weft_queue_state, dirty_links, 112);
WEFT_ASSERT_AT(struct weft_queue_state, depth, 120);
WEFT_ASSERT_AT(struct weft_queue_state, engine, 124);
WEFT_ASSERT_AT(struct weft_queue_state, reserved1, 128);
WEFT_ASSERT_AT(struct weft_queue_state, frame, 256);
WEFT_ASSERT_AT(struct weft_queue_state, save, 576);

WEFT_ASSERT_AT(struct weft_engine_info, kinds, 0);
WEFT_ASSERT_AT(struct weft_engine_info, group, 4);
WEFT_ASSERT_AT(struct weft_engine_info, width, 8);
WEFT_ASSERT_AT(struct weft_engine_info, reserved, 12);

WEFT_ASSERT_AT(struct weft_safe_fault, cell, 0);
WEFT_ASSERT_AT(struct weft_safe_fault, word, 8);

WEFT_ASSERT_AT(struct weft_trace_record, lane, 0);
WEFT_ASSERT_AT(struct weft_trace_record, packet, 2);
WEFT_ASSERT_AT(struct weft_trace_record, seq, 4);
WEFT_ASSERT_AT(struct weft_trace_record, ready_ns, 8);
WEFT_ASSERT_AT(struct weft_trace_record, start_ns, 16);
WEFT_ASSERT_AT(struct weft_trace_record, end_ns, 24);

WEFT_ASSERT_AT(struct weft_trace_ring, written, 0);
WEFT_ASSERT_AT(struct weft_trace_ring, taken, 8);
WEFT_ASSERT_AT(struct weft_trace_ring, dropped, 16);
WEFT_ASSERT_AT(struct weft_trace_ring, log2, 24);
WEFT_ASSERT_AT(struct weft_trace_ring, reserved, 28);

#endif
