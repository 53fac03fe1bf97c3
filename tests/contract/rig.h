/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * One queue in one address space with a place for a packet list, an operand table and data windows in every aperture:
 * what most tests need.
 */
#ifndef CT_RIG_H
#define CT_RIG_H

#include "queue.h"

/* No two of them start at the same place modulo a few MiB: in a TLB that places by address they would displace one another. */
#define RIG_LIST	UINT64_C(0x10380000)	/* 128 KiB local, R: 2,048 packets */
#define RIG_TABLE	UINT64_C(0x103c0000)	/* 128 KiB local, RW: 4,096 entries */
#define RIG_LOCAL	UINT64_C(0x20000000)	/* RIG_BYTES local */
#define RIG_HOST	UINT64_C(0x30200000)	/* RIG_BYTES host memory, link 0 */
#define RIG_FRAG	UINT64_C(0x40000000)	/* HOST_FRAGS pages of fragmented host memory */
#define RIG_PEER	UINT64_C(0x50000000)	/* + 0x1000000 i: RIG_PEER_BYTES of card i, link i + 1 */
#define RIG_SPARSE	UINT64_C(0x60000000)	/* 64 KiB */
#define RIG_HOLE	UINT64_C(0x70000000)	/* nothing, but a level-0 table is there */
#define RIG_BYTES	(UINT64_C(4) << 20)
#define RIG_PEER_BYTES	(UINT64_C(1) << 20)

struct rig {
	struct card *c;
	struct space *s;
	struct queue *q;
	uint8_t *list, *table, *local, *host;
	uint64_t list_off, table_off, local_off, host_iova;
	uint64_t peer_off[HOST_CARDS];
	uint32_t ntable;
	bool call;		/* the card has CALL; else lists are put into the ring */
};

struct rig rig_open(struct card *c);
struct rig rig_open_on(struct space *s);	/* a second rig in a space that has none yet */
void rig_map_peer(struct rig *r, struct card *peer);
uint8_t *rig_peer(struct rig *r, struct card *peer);
/* Bytes of a mapped address (inside one page for fragments). */
uint8_t *rig_at(struct rig *r, uint64_t va);
void rig_operand(struct rig *r, unsigned i, uint64_t va);	/* entry i: depth 1, at va */
void rig_bare_operand(struct rig *r, unsigned i, struct weft_operand o);

uint64_t rig_start(struct rig *r, const union weft_packet *p, unsigned n);
void rig_run(struct rig *r, const union weft_packet *p, unsigned n);	/* start, wait for the fence */

struct fault {
	unsigned at;		/* packet that faults */
	uint32_t cause;		/* enum weft_fault; */
	uint32_t or_cause;	/* where the contract allows two; 0 = no second */
	uint64_t lo, hi;	/* fault_va in [lo, hi); 0, 0: must be 0; 1, 0: not checked */
};
#define VA_ANY	.lo = 1, .hi = 0
#define VA_IN(a, n) .lo = (a), .hi = (a) + (n)
/* Runs a list that must fault as described, checks state and event, then replaces the queue. */
void rig_fault(struct rig *r, const union weft_packet *p, unsigned n, struct fault f);
void rig_expect_fault(struct rig *r, uint64_t fence, uint32_t evt_from, const union weft_packet *p, struct fault f);
void rig_renew(struct rig *r);

/* --- packets --- */
static inline union weft_packet pkt_copy(uint64_t dst, uint64_t src, uint64_t bytes)
{
	return (union weft_packet){ .copy = { .op = WEFT_PKT_COPY, .dst = dst, .src = src, .bytes = bytes } };
}

static inline union weft_packet pkt_fill(uint64_t dst, uint64_t bytes, uint8_t width, uint64_t pattern)
{
	return (union weft_packet){
		.fill = { .op = WEFT_PKT_FILL, .width = width, .dst = dst, .bytes = bytes, .pattern = pattern },
	};
}

static inline union weft_packet pkt_timed(uint64_t ns)
{
	return (union weft_packet){ .timed = { .op = WEFT_PKT_TIMED, .ns = ns } };
}

static inline union weft_packet pkt_timestamp(uint64_t dst)
{
	return (union weft_packet){ .timestamp = { .op = WEFT_PKT_TIMESTAMP, .dst = dst } };
}

static inline union weft_packet pkt_call(uint64_t list, uint32_t n, uint64_t table, uint32_t ntable)
{
	return (union weft_packet){
		.call = { .op = WEFT_PKT_CALL, .npackets = n, .list = list, .table = table, .ntable = ntable },
	};
}

static inline union weft_packet pkt_reduce(uint8_t dtype, uint8_t rop, uint8_t nsrc, uint8_t ndst, uint16_t src,
					   uint16_t dst, uint64_t count)
{
	return (union weft_packet){
		.reduce = { .op = WEFT_PKT_REDUCE, .flags = WEFT_PKT_TABLE, .dtype = dtype, .rop = rop, .nsrc = nsrc,
			    .ndst = ndst, .src_first = src, .dst_first = dst, .count = count },
	};
}

void random_bytes(void *p, size_t n);

#endif
