/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A second, minimal card, written from Documentation/hardware, firmware/abi and the public vfio-user specification. One
 * process and one thread serve a card: messages, firmware and packets take turns, so a register access is never
 * answered while an access of a queue is in flight, and safe operations end where they begin.
 */
#ifndef MINI_H
#define MINI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <firmware/abi/event.h>
#include <firmware/abi/fault.h>
#include <firmware/abi/mailbox.h>
#include <firmware/abi/packet.h>
#include <firmware/abi/queue.h>
#include <firmware/abi/reg.h>

#define MINI_CARDS	8
#define MINI_QUEUES	64		/* a power of two: they size BAR4 */
#define MINI_ASIDS	64
#define MINI_LINKS	32
#define MINI_MAPS	1024
#define MINI_VECTORS	8
#define MINI_CAPS	(WEFT_CAP_FW_RESIDENT | WEFT_CAP_CALL)
#define MINI_FW_VERSION	UINT32_C(0x000100)

/* What the cards of one machine know of each other; shared by their processes. */
struct mini_bus {
	struct {
		uint64_t bar2;		/* 0: does not answer */
		uint8_t *lmem;
	} card[MINI_CARDS];
	unsigned int cards;
	uint64_t lmem_bytes;
};

/* A piece of the client's memory. */
struct mini_map {
	uint64_t bus, bytes;
	uint8_t *host;			/* NULL: the client shared no descriptor */
	bool write;
};

struct mini_as {
	bool exists;
	uint64_t root;
};

/* A level of CALL; level 0 is the ring, whose `pc` is the ring index. */
struct mini_level {
	uint64_t list, table, pc;
	uint32_t npackets, ntable;
};

/* A COPY or FILL that is cut into units: ranges are looked at first, whole, then moved. */
struct mini_work {
	enum { MINI_IDLE, MINI_CHECK_SRC, MINI_CHECK_DST, MINI_MOVE } phase;
	uint64_t src, dst, bytes, src_pitch, dst_pitch;
	uint64_t row, rows, at;		/* where the phase is: row, and byte in it */
	uint64_t pattern;		/* FILL: repeated to 8 bytes */
	unsigned int width;		/* 0: COPY */
};

struct mini_queue {
	struct weft_queue_desc d;
	uint32_t run;			/* enum weft_queue_run; NONE: no such queue */
	uint32_t cause;
	uint64_t turn;			/* when it became READY, in turns */
	uint64_t slice_ns;		/* running time of this turn */
	uint64_t fence, retired, progress_ns, busy_ns, fault_va, fault_list;
	uint32_t fault_packet, fault_op;
	unsigned int depth;		/* levels above the ring */
	struct mini_level level[WEFT_FRAMES];
	union weft_packet pkt;		/* the packet being executed */
	struct mini_work work;
};

struct mini_card {
	unsigned int index;
	struct mini_bus *bus;
	uint8_t *lmem;
	uint64_t lmem_bytes;
	int lmem_fd, fd;

	uint8_t config[4096];
	bool gone_to_sleep;		/* D3hot */

	/* registers with memory, by offset / 4, and low halves that wait for their high half */
	uint32_t reg[WEFT_BAR_REGS_BYTES / 4];
	uint32_t low[WEFT_BAR_REGS_BYTES / 4];
	uint32_t high_read;		/* high half of the 8-byte register whose low half was read last */
	uint32_t high_read_at;
	uint64_t reset_gen, power_on_ns;

	bool evt_on;
	uint64_t evt_base;
	uint32_t evt_log2;
	int irq_fd[MINI_VECTORS];

	bool hello;
	uint32_t log_level;

	struct mini_map map[MINI_MAPS];
	unsigned int maps;
	struct mini_as as[MINI_ASIDS];
	struct mini_queue queue[MINI_QUEUES];
	struct mini_queue *running;
	uint64_t turns;
};

/* main.c */
uint64_t mini_clock(const struct mini_card *c);
void mini_reset(struct mini_card *c);

/* vfu.c: one message of the client; false when it is gone or makes no sense. */
bool mini_message(struct mini_card *c);
void mini_forget_client(struct mini_card *c);

/* config.c */
void mini_config_init(struct mini_card *c);
void mini_config_reset(struct mini_card *c);
void mini_config_write(struct mini_card *c, uint32_t at, const uint8_t *data, uint32_t bytes);
bool mini_bus_master(const struct mini_card *c);

/* reg.c */
void mini_reg_read(struct mini_card *c, uint64_t at, void *data, uint32_t bytes);
void mini_reg_write(struct mini_card *c, uint64_t at, const void *data, uint32_t bytes);
uint64_t mini_reg64(const struct mini_card *c, uint32_t at);
bool mini_carveout(const struct mini_card *c, uint64_t at, uint64_t bytes);

/* event.c */
void mini_event_enable(struct mini_card *c, bool on);
void mini_event(struct mini_card *c, struct weft_event e);

/* mbox.c */
void mini_mbox_serve(struct mini_card *c);

/* mem.c: a piece of memory, as long as it is in one place. */
struct mini_piece {
	uint8_t *host;			/* NULL: SPARSE */
	uint64_t bytes;
};
bool mini_bus_find(struct mini_card *c, uint64_t addr, bool write, struct mini_piece *p);
/* Translates [va, va + bytes) as far as it is in one place; else the cause of a fault at `va` itself. */
enum weft_fault mini_translate(struct mini_card *c, const struct mini_as *as, uint64_t va, uint64_t bytes, bool write,
			       struct mini_piece *p);

/* queue.c */
void mini_queue_create(struct mini_card *c, const struct weft_queue_desc *d);
void mini_queue_destroy(struct mini_card *c, struct mini_queue *q);
void mini_queue_stop(struct mini_card *c, struct mini_queue *q);
void mini_queue_doorbell(struct mini_card *c, unsigned int id);
void mini_queue_fault(struct mini_card *c, struct mini_queue *q, enum weft_fault cause, uint64_t va, uint32_t op);
void mini_queue_publish(struct mini_card *c, struct mini_queue *q);
/* Runs queues for a moment; false when none has work. */
bool mini_queue_run(struct mini_card *c);

/* packet.c: what becomes of a packet. */
enum mini_step { MINI_RETIRE, MINI_AGAIN, MINI_PUSHED, MINI_FAULTED };
enum mini_step mini_packet(struct mini_card *c, struct mini_queue *q, bool fresh);

#endif
