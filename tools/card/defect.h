/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Defects on request: `weft-card --break=NAME` makes the card wrong in one way, and the test of tests/contract that its
 * row names has to notice (`make test-mutants`). Off, each costs the load of a byte that is always 0; where the card is
 * in a hurry they stand behind a condition that is rare.
 */
#ifndef WCARD_DEFECT_H
#define WCARD_DEFECT_H

#include <stdbool.h>

/* X(name, what the card does wrong, section, test, whether posted writes have to be delayed (--weak) for it to show) */
#define WCARD_DEFECTS(X) \
	/* walker */ \
	X(read_right, "reads a page that does not give R", \
	  "walker", "R and W in every aperture", 0) \
	X(write_right, "writes a page that does not give W", \
	  "walker", "R and W in every aperture", 0) \
	X(sem_data, "writes data to a SEM page", \
	  "walker", "data writes to a SEM page", 0) \
	X(leaf_above_limit, "follows leaves to local memory above USER_LIMIT", \
	  "walker", "limit register: leaves above, tables below", 0) \
	X(table_anywhere, "follows tables below USER_LIMIT", \
	  "walker", "limit register: leaves above, tables below", 0) \
	X(table_bits, "ignores bits that a table entry must have clear", \
	  "walker", "malformed entries", 0) \
	X(leaf_reserved, "ignores reserved bits of a leaf", \
	  "walker", "malformed entries", 0) \
	X(leaf_unaligned, "takes a 2 MiB leaf whose address is not aligned", \
	  "walker", "malformed entries", 0) \
	X(leaf_any_level, "takes a leaf at any level", \
	  "walker", "malformed entries", 0) \
	X(large_leaf_offset, "adds a page to what a 2 MiB leaf leads to", \
	  "walker", "2 MiB leaves", 0) \
	X(unmapped_page, "translates a page that is not mapped", \
	  "walker", "invalid at each level; valid needs no invalidate", 0) \
	/* TLB */ \
	X(tlb_keeps_invalid, "remembers that a page was invalid", \
	  "walker", "invalid at each level; valid needs no invalidate", 0) \
	X(invalidate_skipped, "AS_INVALIDATE drops nothing", \
	  "walker", "remap, narrow, remove: nothing old after the invalidate", 0) \
	X(tlb_keeps_large, "AS_INVALIDATE drops translations of 4 KiB only", \
	  "walker", "remap a 2 MiB leaf, split it: nothing old after the invalidate", 0) \
	X(invalidate_no_wait, "AS_INVALIDATE does not wait for accesses in flight", \
	  "safe", "AS_INVALIDATE under traffic", 0) \
	X(invalidate_any_range, "AS_INVALIDATE takes any range", \
	  "safe", "bad arguments, operations without capability", 0) \
	X(tlb_no_space, "looks translations up without the address space", \
	  "isolation", "the same addresses name other memory", 0) \
	X(as_number_stale, "keeps translations of an address space that is destroyed", \
	  "isolation", "a reused number brings no old translation", 0) \
	/* bus */ \
	X(bus_master_ignored, "masters the bus when it is not allowed to", \
	  "config", "bus mastering off: nobody answers the card", 0) \
	X(master_off_no_wait, "does not wait for accesses in flight when bus mastering is turned off", \
	  "cut", "what a card writes to host memory", 0) \
	X(master_off_no_event_wait, "does not wait for the writer of events when bus mastering is turned off", \
	  "cut", "what a card writes to its event ring", 0) \
	X(route_no_wait, "does not wait for accesses in flight to a peer whose BAR moves or goes away", \
	  "cut", "what a card writes to a peer", 0) \
	X(relaxed_ordering, "lets relaxed ordering be enabled", \
	  "config", "capabilities: PCI Express with FLR, MSI-X or MSI, AER", 0) \
	X(d1_d2, "goes to D1 and D2, which it does not have", \
	  "power", "there is no D1 and no D2", 0) \
	X(d3_answers, "answers in D3hot as if it were awake", \
	  "power", "D3hot: out of reach, reaches nothing, keeps everything", 0) \
	X(d3_doorbell_read, "answers reads of doorbells in D3hot", \
	  "power", "D3hot: out of reach, reaches nothing, keeps everything", 0) \
	X(d3_masters, "masters the bus in D3hot", \
	  "cut", "what a card writes to host memory", 0) \
	X(d3_event_silent, "does not say that there would have been an event in D3hot", \
	  "power", "D3hot: what would have been an event", 0) \
	X(d3_reached, "is reached by its peers in D3hot", \
	  "power", "D3hot: no peer reaches it", 0) \
	X(bar_without_decoding, "reaches a peer that does not decode its BAR", \
	  "peers", "a peer whose BAR is not mapped is out of reach", 0) \
	X(dma_unmap_ignored, "answers DMA_UNMAP and keeps the memory", \
	  "dma_unmap", "of other memory than the traffic's", 0) \
	X(signal_read_only, "SIGNAL writes memory that is mapped for reading", \
	  "dma_unmap", "memory mapped for reading alone", 0) \
	X(unmap_no_event_wait, "DMA_UNMAP does not wait for the writer of events", \
	  "dma_unmap", "of the event ring, while events are written", 0) \
	/* packets */ \
	X(reserved_fields, "ignores reserved fields of NOP", \
	  "fields", "each reserved byte and unknown flags", 0) \
	X(opcode_unknown, "takes an unknown opcode for NOP", \
	  "fields", "unknown opcodes, opcodes without capability", 0) \
	X(copy_pitch, "takes dst_pitch for both pitches", \
	  "packets", "COPY of rows", 0) \
	X(copy_last_byte, "does not copy the last byte", \
	  "packets", "COPY of one row, every alignment", 0) \
	X(copy_overlap, "copies onto a part of the source", \
	  "fields", "values out of range, overlap", 0) \
	X(fill_width, "fills with half of an 8-byte pattern", \
	  "packets", "FILL of every width", 0) \
	X(timed_half, "waits half as long as TIMED says", \
	  "packets", "TIMED within bounds, 16 at once", 0) \
	X(reduce_last_source, "leaves out the last source", \
	  "reduce", "1 to 16 sources and destinations, offsets", 0) \
	X(reduce_tree_reversed, "builds the tree from the last source", \
	  "reduce", "1 to 16 sources and destinations, offsets", 0) \
	X(reduce_nan_lost, "stores 0 where the result is not a number", \
	  "reduce", "every type and operation", 0) \
	X(reduce_overlap, "reduces onto a part of a source", \
	  "reduce", "fields, operands, alignment, overlap, faults", 0) \
	X(exec_overlap, "writes onto a part of an operand", \
	  "exec", "unknown operators, shapes, overlap, faults", 0) \
	X(exec_scalar_index, "takes the index of a scalar for the scalar", \
	  "exec", "scalars from memory, inline operands", 0) \
	/* order */ \
	X(signal_before_data, "signals before the data has arrived", \
	  "litmus", "message passing, two cards, data and signal together", 1) \
	X(system_no_flush, "SYSTEM scope flushes nothing", \
	  "litmus", "message passing, three cards, data on the third", 1) \
	X(fence_before_data, "FENCE and events pass the data", \
	  "events", "fence, data and event before the interrupt", 1) \
	X(flush_stays_dirty, "links stay dirty after their flush", \
	  "links", "flush words and dirty_links", 0) \
	X(signal_not_dirty, "a SIGNAL over a link does not make it dirty", \
	  "links", "everything that writes over a link makes it dirty", 0) \
	X(exec_not_dirty, "what EXEC writes over a link does not make it dirty", \
	  "links", "everything that writes over a link makes it dirty", 0) \
	X(flush_takes_any_time, "takes the answer to a flush however late it comes", \
	  "links", "a flush takes 5 ms at most, else LINK_DOWN", 0) \
	/* cells */ \
	X(park_no_second_look, "parks without a second look at the cell", \
	  "torture", "two lanes of one card", 0) \
	X(signal_no_look, "does not look for waiters after a SIGNAL", \
	  "links", "a peer's SIGNAL wakes", 0) \
	X(wake_one, "wakes one waiter of several", \
	  "torture", "four waiters of one cell, at four addresses", 0) \
	X(kick_dropped, "drops KICK", \
	  "cells", "WAIT: satisfied, parked, woken by the host", 0) \
	X(arm_stays, "does not clear the arm word of the last waiter", \
	  "cells", "WAIT: satisfied, parked, woken by the host", 0) \
	X(end_ignored, "does not see END", \
	  "cells", "END without LOOP", 0) \
	X(end_innermost, "END leaves the innermost LOOP, whichever was named", \
	  "cells", "END leaves a LOOP", 0) \
	X(poison_ignored, "does not see the fault of a cell", \
	  "cells", "POISON, REVOKED, PEER_LOST, and CELL_FAULT", 0) \
	X(fault_before_value, "prefers the fault of a cell to a value that satisfies", \
	  "cells", "POISON, REVOKED, PEER_LOST, and CELL_FAULT", 0) \
	X(end_over_value, "prefers END to a value that satisfies", \
	  "words", "a value before END and fault, a fault before END", 0) \
	X(end_over_fault, "prefers END to a fault", \
	  "words", "a value before END and fault, a fault before END", 0) \
	X(cell_one_look, "does not look at the value again once it has seen END or a fault", \
	  "words", "a value stored before END is never overlooked", 0) \
	X(value_before_tag, "stores the value of a cell before its tag", \
	  "words", "SIGNAL stores tag, value, end", 0) \
	X(end_stored_first, "stores END before the value of a cell", \
	  "words", "SIGNAL stores tag, value, end", 0) \
	X(cell_fault_overwrites, "CELL_FAULT replaces the fault that was first", \
	  "cells", "POISON, REVOKED, PEER_LOST, and CELL_FAULT", 0) \
	X(faults_last, "CELL_FAULTS leaves out the last entry", \
	  "cells", "CELL_FAULTS: a list, bad entries, bad lists", 0) \
	X(faults_stop_at_bad, "CELL_FAULTS stops at the first bad entry", \
	  "cells", "CELL_FAULTS: a list, bad entries, bad lists", 0) \
	X(faults_bad_silent, "CELL_FAULTS does not tell of bad entries", \
	  "cells", "CELL_FAULTS: a list, bad entries, bad lists", 0) \
	X(faults_anywhere, "CELL_FAULTS takes a list below USER_LIMIT", \
	  "cells", "CELL_FAULTS: a list, bad entries, bad lists", 0) \
	X(tag_ignored, "does not compare tags", \
	  "cells", "tags", 0) \
	X(wait_on_bus, "waits on a cell of another card", \
	  "cells", "WAIT: what is refused", 0) \
	X(cell_any_page, "takes any page for cells", \
	  "cells", "WAIT: what is refused", 0) \
	X(wait_all_first, "WAIT_ALL looks at its first cell only", \
	  "cells", "WAIT_ALL", 0) \
	X(signal_all_partly, "stores SIGNAL_ALL up to the cell that faults", \
	  "cells", "SIGNAL_ALL: all or none", 0) \
	X(add_stores, "ADD replaces the value", \
	  "cells", "SIGNAL: words, ADD, what is refused", 0) \
	X(add_on_bus, "ADD works over the bus", \
	  "cells", "SIGNAL: words, ADD, what is refused", 0) \
	X(kick_start_only, "KICK knows a cell by its first byte only", \
	  "cells", "KICK: aliases, cells nobody waits for, addresses that lead nowhere", 0) \
	X(kick_nobody_uncounted, "does not count the KICK of a queue that does not exist", \
	  "cells", "KICK: aliases, cells nobody waits for, addresses that lead nowhere", 0) \
	X(arm_bind_no_look, "does not look again at cells whose arm page was bound anew", \
	  "cells", "an arm page bound again under a waiter: no wake is lost", 0) \
	X(park_uncharged, "leaves the record of a queue that parks a unit behind", \
	  "cells", "the record of a queue that parked is not behind", 0) \
	X(ecc_fetch_untold, "neither counts nor tells of an error in what it fetches", \
	  "memory_errors", "what is fetched: lists, operand tables", 0) \
	X(ecc_no_cells, "meets no error in cells", \
	  "memory_errors", "cells: WAIT, SIGNAL", 0) \
	X(arm_page_stays, "ARM_BIND of 0 does not unbind", \
	  "cells", "arm pages come and go under a waiter", 0) \
	X(list_wakes_first, "SIGNAL_ALL wakes the waiters of its first cell only", \
	  "lists", "SIGNAL_ALL wakes the waiters of every element", 0) \
	X(list_no_flush, "SIGNAL_ALL with SYSTEM scope does not flush", \
	  "litmus", "message passing, two cards, data in host memory, by SIGNAL_ALL", 1) \
	X(list_operands_ignored, "takes operands in a list for addresses", \
	  "lists", "lists in a LOOP: operands, growing values, END", 0) \
	X(list_step_ignored, "WAIT_ALL wants the same value in each iteration", \
	  "lists", "lists in a LOOP: operands, growing values, END", 0) \
	X(list_end_stays, "END of a WAIT_ALL does not leave the LOOP", \
	  "lists", "lists in a LOOP: operands, growing values, END", 0) \
	X(end_not_stored, "SIGNAL does not store END", \
	  "cells", "SIGNAL: words, ADD, what is refused", 0) \
	X(fence_space_waits, "lets a FENCE space wait", \
	  "fields", "privilege: FENCE, WAIT, LOOP", 0) \
	X(fence_space_waits_all, "lets a FENCE space wait for a list", \
	  "fields", "privilege: FENCE, WAIT, LOOP", 0) \
	X(invalidate_keeps_waiters, "AS_INVALIDATE leaves parked queues alone", \
	  "links", "AS_INVALIDATE under PARKED queues", 0) \
	X(sem_lost_waits, "a PARKED queue stays where SEM or R was taken away", \
	  "links", "AS_INVALIDATE under PARKED queues", 0) \
	X(watch_no_first_look, "does not look at the cell of a new watch", \
	  "links", "watches", 0) \
	X(watch_stays, "a watch fires again and again", \
	  "waits", "a watch fires once", 0) \
	X(woken_not_counted, "does not count the look of a WAIT that was woken", \
	  "waits", "CELL_READS: at the start of a WAIT, and when it was woken", 0) \
	/* programs */ \
	X(skew_sign, "adds the skew", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(phase_not_carried, "does not carry the phase to the next run", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(rotation_rounds_up, "rounds towards 0 before the first firing", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(indirect_bound, "takes an index equal to the count", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(indirect_reserved, "ignores the reserved word of an indirect entry", \
	  "fields", "operand table outside LOOP", 0) \
	X(range_last, "RANGE ends one iteration late", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(range_over_pred, "RANGE suppresses the next PRED and what is behind it", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(pred_inverted, "turns every 16th PRED round", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(range_spares_signals, "RANGE does not suppress signals", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(pred_over_signals, "PRED suppresses signals", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(pred_spares_exec, "PRED does not suppress EXEC", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(cell_operand_still, "does not rotate the address of a cell", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(signal_level, "counts the step of a SIGNAL by the innermost LOOP, whichever was named", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(exit_ignored, "goes on behind a LOOP that END left, wherever that said", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(exit_unchecked, "takes any exit of END", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(skip_outlives_iteration, "PRED holds in the next iteration", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(break_innermost, "BREAK leaves the innermost LOOP, whichever was named", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(loop_once_more, "runs a LOOP once more than its count", \
	  "programs", "random programs in a user queue, against a model", 0) \
	X(fence_loop_max, "lets a FENCE space loop without limit", \
	  "programs", "LOOP in a FENCE space: FENCE_LOOP_MAX, products", 0) \
	X(nesting_limit, "refuses the last level of nesting", \
	  "packets", "CALL nesting and its fields", 0) \
	/* rings and queue state */ \
	X(doorbell_any_width, "takes doorbells of any width", \
	  "registers", "doorbells of other widths and places are ignored", 0) \
	X(ring_no_second_look, "does not look at the tail again after arming", \
	  "queues", "ARMED and doorbell, 3,000 races", 0) \
	X(ring_overrun, "follows a tail beyond the ring", \
	  "queues", "fault RING", 0) \
	X(doorbell_lost, "loses every 64th doorbell", \
	  "queues", "ARMED and doorbell, 3,000 races", 0) \
	X(retired_plus_one, "counts one retired packet too many", \
	  "queues", "queue state record", 0) \
	X(version_still, "does not change version around an update", \
	  "queues", "the record is never torn", 0) \
	X(progress_still, "progress_ns stands still while a queue runs", \
	  "counted", "progress_ns of a queue that runs", 0) \
	X(fault_va_page, "reports the page of a faulting address", \
	  "faults", "cause, address, list, packet; nothing behind retires", 0) \
	X(fault_next_packet, "blames the packet behind", \
	  "faults", "cause, address, list, packet; nothing behind retires", 0) \
	X(fault_goes_on, "a doorbell revives a faulted queue", \
	  "faults", "a faulted queue stays so until destroyed", 0) \
	X(resume_lost, "RESUME does not start the queue", \
	  "mailbox", "SUSPEND and RESUME", 0) \
	X(suspend_ended, "suspends a queue that is stopped or faulted", \
	  "suspend", "STATE: stopped, faulted, not suspended", 0) \
	X(resume_running, "RESUME takes a queue that is not suspended", \
	  "suspend", "STATE: stopped, faulted, not suspended", 0) \
	X(suspend_in_timed, "suspends a queue in the middle of TIMED", \
	  "suspend", "TIMED ends first, on no engine", 0) \
	X(timed_on_engine, "names an engine inside TIMED", \
	  "suspend", "TIMED ends first, on no engine", 0) \
	X(destroy_suspended, "does not let a suspended queue be destroyed", \
	  "suspend", "QUEUE_DESTROY of a SUSPENDED queue", 0) \
	X(record_keeps, "the record of a new queue keeps what the one before left", \
	  "queues", "a new queue's record says nothing of the one before", 0) \
	/* scheduler and limits */ \
	X(band_ignored, "ignores bands", \
	  "trace", "start order of thousands of queues", 0) \
	X(floor_ignored, "ignores the floors of bands", \
	  "sched", "bands and floors", 0) \
	X(fence_floor, "keeps no share for FENCE spaces", \
	  "sched", "a FENCE space beside REALTIME user queues: share and slot", 0) \
	X(fence_slot, "keeps no slot for FENCE spaces", \
	  "sched", "a FENCE space beside REALTIME user queues: share and slot", 0) \
	X(weight_ignored, "ignores weights", \
	  "sched", "weights of queues", 0) \
	X(space_turns, "does not charge address spaces", \
	  "sched", "address spaces take turns, whatever queues they have", 0) \
	X(sleeper_claims, "lets a card that slept have the engine time it did not use", \
	  "engines", "a card that slept has no claim to the time it did not use", 0) \
	X(alone_on_credit, "charges a queue whose turn does not end with all of it at once", \
	  "fair", "a space that ran alone owes nothing for it", 0) \
	X(timed_keeps_slot, "a queue keeps its slot from one TIMED to the next while others wait", \
	  "sched", "more queues in TIMED than slots", 0) \
	X(slice_endless, "never ends a slice", \
	  "trace", "slices end as POLICY says", 0) \
	X(run_limit_off, "ignores run_limit_ns", \
	  "inject", "hang: HANG_MS, run_limit_ns, QUEUE_STOP", 0) \
	X(hang_off, "ignores HANG_MS", \
	  "inject", "hang: HANG_MS, run_limit_ns, QUEUE_STOP", 0) \
	X(wait_limit_off, "ignores wait_limit_ns", \
	  "sched", "wait_limit_ns: event, or the end of the queue", 0) \
	X(wait_limit_wraps, "adds wait_limit_ns beyond the end of the clock", \
	  "limits", "wait_limit_ns near and beyond the end of the clock", 0) \
	X(hang_ms_old, "goes on with the HANG_MS that a hung unit began with", \
	  "limits", "HANG_MS becomes another while a unit hangs", 0) \
	X(wait_limit_event_only, "does not stop a queue that waited too long", \
	  "sched", "wait_limit_ns: event, or the end of the queue", 0) \
	X(wait_limit_suspended, "counts suspended time as waited", \
	  "waits", "wait_limit_ns does not count suspended time", 0) \
	X(wait_limit_again, "tells of the wait limit whenever the WAIT parks again", \
	  "waits", "wait_limit_ns: told once, suspended and resumed", 0) \
	X(wait_since_stays, "a WAIT inherits the time of the one before", \
	  "waits", "wait_limit_ns is of one WAIT", 0) \
	X(parked_keeps_slot, "a parked queue keeps its slot", \
	  "waits", "more parked queues than slots", 0) \
	/* safe operations */ \
	X(stop_early, "completes a stop before the last access", \
	  "safe", "QUEUE_STOP inside COPY and FILL", 0) \
	X(stop_leaves_posted, "completes a stop before posted writes have arrived", \
	  "safe", "nothing posted arrives after a stop", 1) \
	X(stop_not_suspended, "QUEUE_STOP leaves a suspended queue alone", \
	  "safe", "QUEUE_STOP of a SUSPENDED queue", 0) \
	X(as_stop_first, "AS_STOP stops one queue", \
	  "safe", "AS_STOP: all queues, memory free at completion", 0) \
	X(engine_reset_nothing, "ENGINE_RESET stops nothing", \
	  "sched", "ENGINE_RESET", 0) \
	X(engine_reset_anybody, "ENGINE_RESET stops the queue of another card", \
	  "safe", "ENGINE_RESET stops no queue of another card", 0) \
	X(link_mask_nothing, "LINK_MASK does nothing", \
	  "links", "LINK_MASK and LINK_UNMASK", 0) \
	X(unmask_all, "LINK_UNMASK unmasks every link", \
	  "flush", "LINK_UNMASK leaves other links masked", 0) \
	X(flush_masked, "flushes over a link that is masked", \
	  "flush", "SIGNAL behind writes to a link that was masked since", 0) \
	X(fence_no_flush, "FENCE flushes no link", \
	  "flush", "FENCE cleans links, and faults where it cannot", 0) \
	X(link_mask_no_wait, "LINK_MASK does not wait for accesses in flight", \
	  "links", "LINK_MASK under FILLs to a peer", 0) \
	X(link_mask_stale, "operators go on over a link that is masked", \
	  "links", "LINK_MASK in the middle of a GEMM", 0) \
	X(safe_event_ok, "says OK in event SAFE, whatever the status", \
	  "safe", "bad arguments, operations without capability", 0) \
	X(safe_full_silent, "has room for two and does not say that there was none for a third", \
	  "safe", "16 at once, and too many", 0) \
	X(sparse_keeps, "reads its own words back from SPARSE pages, whoever wrote there", \
	  "isolation", "what one space writes to SPARSE no word of another reads", 0) \
	/* events */ \
	X(status_cleared, "clears all of EVT_STATUS, whatever is written", \
	  "events", "overflow: flag, nothing lost, goes on", 0) \
	X(overflow_silent, "does not flag an overflow", \
	  "events", "overflow: flag, nothing lost, goes on", 0) \
	X(event_seq_first, "stores seq before the rest of an event", \
	  "events", "order, seq, content, wrap", 0) \
	X(irq_vector, "raises vector 0 for every queue", \
	  "events", "MSI-X with 1 to 8 vectors", 0) \
	X(event_ring_moves, "takes EVT_BASE and EVT_LOG2 while the ring is on", \
	  "events", "a ring nobody answers for", 0) \
	X(ring_restart, "keeps the indices when the ring is enabled again", \
	  "events", "FENCE without irq, ring off, restart", 0) \
	/* registers, firmware */ \
	X(clock_pair_early, "latches a card time that has passed", \
	  "registers", "clock pair", 0) \
	X(group_each, "says that engines which share cores do not share throughput", \
	  "engines", "groups: one width, no more than there are engines; the timers'", 0) \
	X(group_too_wide, "says that a group executes more units at once than it has engines", \
	  "engines", "groups: one width, no more than there are engines; the timers'", 0) \
	X(timers_in_group, "puts the timers into the group of the engines", \
	  "engines", "groups: one width, no more than there are engines; the timers'", 0) \
	X(timed_width_16, "says 16 TIMED at once, whatever slots it has", \
	  "engines", "groups: one width, no more than there are engines; the timers'", 0) \
	X(limit_unaligned, "takes an unaligned USER_LIMIT", \
	  "flr", "USER_LIMIT: bad values, frozen while a space exists", 0) \
	X(limit_not_frozen, "moves USER_LIMIT under address spaces", \
	  "flr", "USER_LIMIT: bad values, frozen while a space exists", 0) \
	X(image_anywhere, "takes an image below USER_LIMIT", \
	  "boot", "misplaced images are refused", 0) \
	X(answer_without_firmware, "answers the mailbox without firmware", \
	  "boot", "halted processor: mailbox silent, queues and SAFE work", 0) \
	X(signature_ignored, "boots an image whatever its signature", \
	  "boot", "malleable and zero signatures are refused", 0) \
	X(rollback_ignored, "boots an older image", \
	  "boot", "an older image is refused, also after FLR", 0) \
	X(contract_ignored, "boots an image for another contract", \
	  "boot", "an image for another contract is refused", 0) \
	X(watchdog_off, "does not watch the firmware", \
	  "inject", "firmware crash, watchdog, restart with queues", 0) \
	X(watchdog_again, "tells of firmware that is dead again and again", \
	  "inject", "firmware crash, watchdog, restart with queues", 0) \
	X(watchdog_one_life, "does not watch the firmware that follows one that died", \
	  "inject", "firmware crash, watchdog, restart with queues", 0) \
	X(power_throttle_silent, "does not say that it is slower for want of power", \
	  "inject", "telemetry follows the load", 0) \
	X(power_unlimited, "takes more power than its limit", \
	  "inject", "telemetry follows the load", 0) \
	X(power_heats_not, "does not get warmer at work", \
	  "inject", "telemetry follows the load", 0) \
	X(thermal_again, "posts THERMAL while it is too hot already", \
	  "inject", "too hot: throttled, event THERMAL", 0) \
	/* reset, counters, trace */ \
	X(reset_leaves_posted, "completes FLR and DMA_UNMAP before posted writes have arrived", \
	  "flr", "in the middle of jobs", 1) \
	X(flr_keeps_spaces, "address spaces survive FLR", \
	  "flr", "spaces, queues, counters are gone", 0) \
	X(flr_keeps_counters, "counters survive FLR", \
	  "flr", "spaces, queues, counters are gone", 0) \
	X(flr_keeps_arm_pages, "bindings of arm pages survive FLR", \
	  "flr", "bindings of arm pages are gone", 0) \
	X(flr_keeps_policy, "POLICY survives FLR", \
	  "flr", "POLICY is gone", 0) \
	X(flr_keeps_faults, "faults queued for the firmware survive FLR", \
	  "flr", "faults that no firmware took are gone", 0) \
	X(flr_keeps_link_slow, "a slow link stays slow over FLR", \
	  "flr", "errors on request, what they did and what was counted, are gone", 0) \
	X(flr_keeps_slow, "slow units stay slow over FLR", \
	  "flr", "errors on request, what they did and what was counted, are gone", 0) \
	X(flr_keeps_heat, "heat survives FLR", \
	  "flr", "errors on request, what they did and what was counted, are gone", 0) \
	X(flr_keeps_ecc, "counts of memory errors survive FLR", \
	  "flr", "errors on request, what they did and what was counted, are gone", 0) \
	X(flr_keeps_watches, "watches survive FLR", \
	  "flr", "watches and masked links are gone", 0) \
	X(flr_keeps_masks, "masked links survive FLR", \
	  "flr", "watches and masked links are gone", 0) \
	X(cells_not_counted, "does not count accesses to cells", \
	  "cells", "cells are counted apart", 0) \
	X(counted_by_wrong_link, "counts bytes of one link for another", \
	  "counters", "peers have a link of their own", 0) \
	X(fetches_are_payload, "counts fetches as bytes read", \
	  "counters", "COPY, FILL, NOP, TIMED, TIMESTAMP", 0) \
	X(exec_counted_whole, "counts the payload of an EXEC when it begins", \
	  "counters", "an EXEC that is stopped is not counted whole", 0) \
	X(timed_busy, "charges a queue for TIMED", \
	  "counted", "TIMED is no engine time", 0) \
	X(trace_seq_nested, "records a LOOP in a LOOP one iteration ahead", \
	  "records", "seq in nested LOOPs and CALLs", 0) \
	X(trace_word_once, "looks up the trace ring once in the life of a queue", \
	  "records", "the ring is looked up whenever the queue is taken up", 0) \
	X(trace_bad_ring_goes_on, "goes on to trace when a ring could not be used", \
	  "records", "a ring that cannot be used ends tracing for good", 0) \
	X(trace_ready_parked, "dates a WAIT that parked from the packet before", \
	  "trace", "a WAIT that parked is ready when it was woken", 0) \
	X(trace_resumed, "dates a WAIT that was suspended from the packet before", \
	  "trace", "a WAIT that was suspended is ready when it went on", 0) \
	X(trace_drop_uncounted, "does not count dropped records", \
	  "trace", "a full ring drops and counts", 0) \
	X(trace_suppressed, "records suppressed packets", \
	  "trace", "records of a LOOP, suppressed packets", 0)

#define WCARD_DEFECT_ID(name, what, section, test, weak) WCARD_DEFECT_##name,
enum wcard_defect { WCARD_DEFECTS(WCARD_DEFECT_ID) WCARD_NUM_DEFECTS };

/* Written before any other thread exists. */
extern bool wcard_broken[WCARD_NUM_DEFECTS];
#define WCARD_BROKEN(name) __builtin_expect(wcard_broken[WCARD_DEFECT_##name], 0)

/* Names separated by commas; NULL, or the rest of the list from a name that does not exist. */
const char *wcard_defect_plant(const char *names);
/* 50 us, for defects that miss what happens between two moments: else these would be too close for a test. */
void wcard_defect_dawdle(void);
/* One line each: name, section, test, delayed (1 or 0), what; separated by tabs. */
void wcard_defect_list(void);

#endif
