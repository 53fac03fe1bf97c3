/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A second, minimal card, written from Documentation/hardware, firmware/abi and the vfio-user specification. One
 * thread serves all cards, so no access of a queue is in flight when a register access is answered.
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
#define MINI_FW_VERSION	UINT32_C(0x000100)

/* A piece of the client's memory. */
struct mini_map {
	uint64_t bus, bytes;
	uint8_t *host;			/* NULL: the client shared no descriptor */
	bool write;
};

/* A COPY or FILL under way. */
struct mini_work {
	uint64_t src, dst, bytes, src_pitch, dst_pitch;
	uint64_t row, rows, at;		/* where it is: row, and byte in it; rows 0: nothing is under way */
};

struct mini_queue {
	struct weft_queue_desc d;
	struct weft_queue_state s;	/* what is published; its frames are the levels */
	union weft_packet pkt;		/* the packet being executed */
	struct mini_work work;
};

struct mini_card {
	unsigned int index;
	uint8_t *lmem;
	uint64_t lmem_bytes, power_on_ns;
	int lmem_fd, listener, fd, irq_fd[MINI_VECTORS];
	uint8_t config[4096];
	uint32_t reg[WEFT_BAR_REGS_BYTES / 4];	/* registers, by offset / 4 */
	uint32_t low[WEFT_BAR_REGS_BYTES / 4];	/* low halves written that wait for their high half */
	struct mini_map map[MINI_MAPS];
	unsigned int maps;
	bool hello;
	uint64_t root[MINI_ASIDS];		/* 0: no such address space */
	struct mini_queue queue[MINI_QUEUES];
	struct mini_queue *running;
	uint32_t last;				/* queue that ran last */
};

/* main.c */
extern struct mini_card mini_card[MINI_CARDS];
extern unsigned int mini_cards;
uint64_t mini_clock(const struct mini_card *c);
void mini_reset(struct mini_card *c, uint64_t generation);	/* generation 0: power-on */

/* vfu.c: one message of the client; false when it is gone or makes no sense. */
bool mini_message(struct mini_card *c);
void mini_forget_client(struct mini_card *c);
/* config.c */
void mini_config_reset(struct mini_card *c, bool power_on);
void mini_config_write(struct mini_card *c, uint32_t at, const uint8_t *data, uint32_t bytes);
bool mini_asleep(const struct mini_card *c);	/* D3hot */
bool mini_bus_master(const struct mini_card *c);
uint64_t mini_bar2(const struct mini_card *c);	/* 0: does not answer */
/* reg.c */
void mini_reg_reset(struct mini_card *c, uint64_t generation);
void mini_reg_read(struct mini_card *c, uint64_t at, void *data, uint32_t bytes);
void mini_reg_write(struct mini_card *c, uint64_t at, const void *data, uint32_t bytes);
uint64_t mini_reg64(const struct mini_card *c, uint32_t at);
bool mini_carveout(const struct mini_card *c, uint64_t at, uint64_t bytes);	/* and 4 KiB aligned */
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
/* [va, va + bytes) as far as it is in one place; false when the queue faulted at `va`. */
bool mini_translate(struct mini_card *c, struct mini_queue *q, uint64_t va, uint64_t bytes, bool write, struct mini_piece *p);
/* Reads or writes all of it; false when the queue faulted. */
bool mini_access(struct mini_card *c, struct mini_queue *q, uint64_t va, void *data, uint64_t bytes, bool write);
/* packet.c: what becomes of a packet. */
enum mini_step { MINI_FAULTED, MINI_RETIRE, MINI_AGAIN, MINI_PUSHED };
enum mini_step mini_packet(struct mini_card *c, struct mini_queue *q);
/* queue.c */
void mini_queue_create(struct mini_card *c, const struct weft_queue_desc *d);
void mini_queue_leave(struct mini_card *c, struct mini_queue *q, uint32_t run);
void mini_queue_stop(struct mini_card *c, struct mini_queue *q);
void mini_queue_doorbell(struct mini_card *c, struct mini_queue *q);
/* Returns MINI_FAULTED, which is false. */
enum mini_step mini_queue_fault(struct mini_card *c, struct mini_queue *q, enum weft_fault cause, uint64_t va);
void mini_queue_publish(struct mini_card *c, struct mini_queue *q);
/* Runs queues for a moment; false when none has work. */
bool mini_queue_run(struct mini_card *c);

#endif
