/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: a loaded plan as others see it
 *
 * The driver knows queues, lists and cells by number and address; which body and which edge those are only the library knows. So
 * that root can be told from outside (weft-top(1)), a loaded plan keeps a table of its names in a sealed memfd, which is found
 * among the descriptors of its process as ``/memfd:weft-plan``. It is made by weft_plan_load() and closed by weft_plan_unload(),
 * and nothing is done for it in between. A plan whose process may make none, or has no descriptor left, runs without,
 * and so does one with more than WEFT_PLAN_TABLE_MOST bytes of it.
 *
 * So does a communicator, until it is destroyed: its table has no bodies, and cells that its members here wait for.
 *
 * The memfd has a struct weft_plan_table, its bodies, its cells, then text: names, each ended by 0, the first of them "". Names
 * are offsets in the text. All is in the byte order of the machine. It is what a process says of itself: who reads it for
 * another checks everything.
 */
#ifndef WEFT_PLAN_TABLE_H
#define WEFT_PLAN_TABLE_H

#include <stdint.h>

#define WEFT_PLAN_TABLE_NAME	"weft-plan"
#define WEFT_PLAN_TABLE_MAGIC	0x6e616c7074666577ull	/* "weftplan" */
#define WEFT_PLAN_TABLE_VERSION	1u
#define WEFT_PLAN_TABLE_MOST	(4u << 20)		/* bytes; a plan that needs more has none */

/**
 * struct weft_plan_table - the beginning
 * @magic: WEFT_PLAN_TABLE_MAGIC
 * @version: WEFT_PLAN_TABLE_VERSION
 * @bytes: of all
 * @base: value of the plan's cells before the first firing (weft_plan_config.cell_base)
 * @name: of the plan
 * @num_bodies: struct weft_plan_table_body that follow
 * @num_cells: struct weft_plan_table_cell behind them
 * @text_bytes: behind those; the last is 0
 */
struct weft_plan_table {
	uint64_t magic;
	uint32_t version, bytes;
	uint64_t base;
	uint32_t name, num_bodies, num_cells, text_bytes;
};

/**
 * struct weft_plan_table_body - packets of one body in one list; one that calls a list of its own has two
 * @list: device address of the list
 * @pci: card, as in weft_device_info
 * @first: packet of the list
 * @end: behind its last packet, above @first
 * @name: of the body
 */
struct weft_plan_table_body {
	uint64_t list;
	uint32_t pci, first, end, name;
};

/** enum weft_plan_table_role - what a cell counts */
enum weft_plan_table_role {
	WEFT_TABLE_GATE = 1,		/* sequences that are opened, times firings */
	WEFT_TABLE_PRODUCED = 2,	/* tokens of the edge */
	WEFT_TABLE_CREDIT = 3,		/* tokens whose blocks are idle again */
	WEFT_TABLE_CELL = 4,		/* what the program says: none of the plan's. Values are as they are, without base */
	WEFT_TABLE_ARRIVAL = 5,		/* of a communicator: calls to which a member has come */
	WEFT_TABLE_PROGRESS = 6,	/* of a communicator: what a member has done in calls */
};

/**
 * struct weft_plan_table_cell - a cell that bodies wait for
 * @address: where they wait
 * @pci: card on which they do
 * @role: enum weft_plan_table_role
 * @edge: its name, of a CELL that of the wait; "" for the gate; of a communicator who waits: "member 0"
 * @peer: body that signals it; "": the host, another process, or what is not known; of a communicator who signals: "member 1, card 3"
 */
struct weft_plan_table_cell {
	uint64_t address;
	uint32_t pci, role, edge, peer;
};

#endif
