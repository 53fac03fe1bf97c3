/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: edges between processes
 *
 * An edge made with WEFT_EDGE_EXPORT is produced by a body of this plan and consumed by bodies of one other process, whose plan has
 * an edge of the same name made with WEFT_EDGE_IMPORT. Their cards, one or two, do the same as for any other edge: the producer's
 * stores to a cell where the consumers wait, each consumer's to a cell of its own where the producer waits, so that a block is idle
 * again when every consumer has returned it. No process does anything meanwhile.
 *
 * The exporter reserves the blocks, each side the cells that it waits for. The two meet while both plans are loaded, over a unix
 * socket: each sends one message that says what its end is, with its memory as descriptors, and looks at that of the other; then
 * each says that its cells have their first values. All messages of a plan are sent before one is waited for, so that plans may
 * have edges both ways. weft_plan_load() of both sides has to run at the same time.
 *
 * A process trusts the other with nothing but the edge: it can read the blocks (not write them) and signal the cells that are
 * its own, a page of them. A message that is cut off, damaged, of another version, or about another edge is refused, and so is memory that is not
 * what it is said to be.
 *
 * - Both name the same depth (0 in both: 2), block_bytes and cell_base. Initial tokens are given by the exporter only. The
 *   importer's edge has 1 … 128 consumers, all on one card, of any rates; the exporter need not know how many, and may have others
 *   in its own plan. One process imports an edge; for several the producer has an output for each. They share no blocks with other
 *   edges.
 * - The importer's consumers may be apart by the depth, and no further: a plan that needs more is refused, by weft_plan_prepare() or,
 *   where the exporter gives several tokens in a firing, by weft_plan_load(), with the least depth that does.
 * - A body that takes an imported edge waits for its plan's gate as well. Both processes call weft_plan_run(); an importer that
 *   does not know how many there will be opens as many as it likes.
 * - A drain lets out what its own plan opened, and needs the other side to give and to take as much: one that opened less makes it
 *   -ETIME, and the text names the edge. Skewed lanes would have to
 *   send bubbles to plans that drain nothing: weft_plan_prepare() is -EOPNOTSUPP if the lag would not be 0.
 * - weft_plan_end() of the exporter ends the importer's body after the last block, that of the importer the exporter's body where
 *   it next waits for a block. Waits for sequences that do not come any more are -EPIPE, and weft_plan_end() is then without a
 *   drain.
 * - A process that dies or unloads its plan, a body there that faults, and a card there that is reset stop the lane that waits for
 *   it, by the driver's wills: -EOWNERDEAD, and the text, weft_plan_last_error() and the stuck report name the edge. The plan can
 *   be unloaded, connected to a new process and loaded.
 * - A snapshot has the initial tokens of exported edges, and nothing of what is on its way: weft_plan_save() waits a second for the
 *   other side to have given or taken just as many tokens, and is -EBUSY if it has not. Drain both at the same sequence, save both,
 *   then open more. Two plans that both go on from snapshots are loaded only if as many tokens went through the edge before (-EINVAL);
 *   one that does may meet one that begins.
 * - What its edges bring and take is waited for as anything else of a plan is: by the sequence, in weft_plan_wait() or in the program's
 *   own ring (plan_uring.h). That a sequence of the exporter is done says that its blocks are there, not that they were taken.
 */
#ifndef WEFT_EDGE_PEER_H
#define WEFT_EDGE_PEER_H

#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * weft_edge_connect() - the process at the other end of an edge, for the next weft_plan_load()
 * @edge: made with WEFT_EDGE_EXPORT or WEFT_EDGE_IMPORT, of a plan that is not loaded
 * @socket: connected, AF_UNIX and SOCK_SEQPACKET, used for this edge and load only. The library keeps a copy of the descriptor
 *	until the load is done; the caller closes its own whenever it likes
 * @timeout_ns: from the beginning of the load until the other side's is done; at most an hour
 *
 * In place of an earlier one that no load has used. weft_plan_load() is then also -ETIME (the other process did not come in time),
 * -ECONNRESET (it closed its socket, or died), -ECONNABORTED (its load failed), -EPROTO (what it sent is wrong), -EINVAL (the two
 * edges, or their snapshots, differ; or not connected), -E2BIG (with its consumers the producer waits for too many cells),
 * -EDEADLK (the importer's consumers would stand still with what the producer gives at a time). Both loads fail when one does.
 *
 * Return: 0, -EINVAL, -EBUSY (loaded), -ENOTCONN, -EBADF, -EMFILE, -ENOMEM.
 */
int weft_edge_connect(struct weft_edge *edge, int socket, uint64_t timeout_ns);

#ifdef __cplusplus
}
#endif
#endif
