/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Every section, in the order in which they run. */
#ifndef CT_SECTIONS_H
#define CT_SECTIONS_H

#define CT_SECTIONS(X) \
	X(config) \
	X(power) \
	X(registers) \
	X(boot) \
	X(mailbox) \
	X(requests) \
	X(suspend) \
	X(walker) \
	X(packets) \
	X(fields) \
	X(reduce) \
	X(exec) \
	X(random) \
	X(faults) \
	X(events) \
	X(safe) \
	X(stops) \
	X(counters) \
	X(counted) \
	X(peers) \
	X(cut) \
	X(flr) \
	X(isolation) \
	X(queues) \
	X(programs) \
	X(cells) \
	X(lists) \
	X(waits) \
	X(words) \
	X(links) \
	X(flush) \
	X(sched) \
	X(engines) \
	X(fair) \
	X(records) \
	X(trace) \
	X(inject) \
	X(memory_errors) \
	X(limits) \
	X(litmus) \
	X(weak) \
	X(torture) \
	X(hostile) \
	X(survive) \
	X(dma_unmap) \
	X(disconnect)

#endif
