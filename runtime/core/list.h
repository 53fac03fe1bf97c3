/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#ifndef WEFT_CORE_LIST_H
#define WEFT_CORE_LIST_H

#include <weft/kind.h>

#include "device.h"

#define WEFT_MAX_COMMANDS	(1u << 20)

/* Commands, shared by a list and by soft jobs that still run; a list changes its own copy only. */
struct weft_commands {
	atomic_uint refs;
	uint32_t count, room;
	struct weft_command command[];
};

#define WEFT_NO_ORIGIN	UINT16_MAX

/* Packets, operand table and lists of cells as the card reads them. */
struct weft_image {
	void *bytes;			/* packets, the table, lists of cells */
	uint32_t num_packets;
	uint32_t num_operands;
	uint64_t table_offset;
	uint64_t size;
	uint64_t refs_offset;		/* to the end: elements of WAIT_ALL and SIGNAL_ALL, if any, named by address … */
	uint64_t refs_address;		/* … which the packets hold now; see weft_image_place() */
	const uint16_t *origin;		/* of each operand: the list's own one that it is, or a copy of; WEFT_NO_ORIGIN. Behind bytes */
};

/* An operand that weft_list_rotation() or weft_list_choice() made. Commands name it by WEFT_TOKEN | its number. */
#define WEFT_TOKEN	(1ull << 63)

/* Are those of @e that come from memory named as such, and no others? Operands of bodies have that bit too. 0, -EINVAL */
int weft_exec_scalars(const struct weft_exec *e, const char *call);

struct weft_entry {
	struct weft_rotation rotation;
	bool choice;			/* then index, first, count, else rotation */
	uint16_t first, count;
	uint64_t index;
};

struct weft_list {
	uint32_t magic;
	bool internal;
	bool committed;
	bool encoded;			/* image is of the commands as they are */
	struct weft_device *device;
	struct weft_commands *commands;
	struct weft_entry *entries;
	uint32_t num_entries, room_entries;
	struct weft_image image;	/* card */
	struct weft_memory *resident;	/* card, committed: memory of its own; NULL: it lies in what others share */
	uint64_t address;		/* card, committed: of its packets, else 0 */
};

int weft_list_new(struct weft_device *device, bool internal, struct weft_list **list);
void weft_list_free(struct weft_list *list);
void weft_commands_put(struct weft_commands *commands);
/* 0, or -EBUSY and the like with text: whether it may be changed */
int weft_list_check(struct weft_list *list, const char *call);
int weft_list_append(struct weft_list *list, const struct weft_command *command);
/* As weft_list_commit(), but at @offset (a multiple of 64) of local memory that others share and that outlives it */
int weft_list_commit_at(struct weft_list *list, struct weft_memory *memory, uint64_t offset);

/* list_encode.c: the only file that knows packets. 0, -E2BIG, -ENOMEM with text; the image is freed by the caller */
int weft_list_encode(const struct weft_list *list, struct weft_image *image);
/* Before it is copied: it will lie at device address @address. Images without lists of cells lie anywhere. */
void weft_image_place(struct weft_image *image, uint64_t address);
/*
 * A copy of an image, as it is to run at device address @address: @base is added to the elements of its lists of cells, one for
 * each in their order, and operands that the list made begin with @phase, one for each of those. @to, of size bytes, is written
 * once, in order; @scratch has as many.
 */
void weft_image_copy(const struct weft_image *image, uint64_t address, const uint64_t *base, const uint16_t *phase, void *scratch,
		     void *to);
/* The packet that runs one as a loop; and one that stores a value to a cell in the memory of its card */
union weft_packet;
void weft_image_call(const struct weft_image *image, uint64_t address, uint64_t count, union weft_packet *packet);
void weft_encode_signal(uint64_t cell, uint64_t value, union weft_packet *packet);
/* The packet that runs a committed list, once or as a loop. */
void weft_list_encode_call(const struct weft_list *list, bool loop, uint64_t count, union weft_packet *packet);

#endif
