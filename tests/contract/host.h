/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The host side of the contract: guest memory, cards, boot, mailbox, events. space.h and queue.h build on it. */
#ifndef CT_HOST_H
#define CT_HOST_H

#include "client.h"
#include "ct.h"

#include "firmware/abi/boot.h"
#include "firmware/abi/event.h"
#include "firmware/abi/mailbox.h"
#include "firmware/abi/reg.h"
#include "firmware/abi/pte.h"
#include "firmware/abi/safe.h"

#define HOST_CARDS	4
#define HOST_VECTORS	8
#define HOST_MEM_BYTES	(128u << 20)
/* Guest-physical layout: two plain ranges, then single pages mapped one by one and out of order. */
#define HOST_LOW	UINT64_C(0x0)
#define HOST_HIGH	UINT64_C(0x100000000)
#define HOST_PART	(24u << 20)	/* of LOW */
#define HOST_HIGH_PART	(96u << 20)
#define HOST_FRAG	UINT64_C(0x200000000)
#define HOST_FRAGS	128u
#define HOST_NOBODY	UINT64_C(0x7000000000)	/* a bus address nobody answers at */

#define EVT_LOG_MAX	8192

struct card {
	unsigned index;
	struct vu vu;
	bool open, ready;		/* ready: booted and greeted */
	uint8_t *lmem;
	uint64_t lmem_bytes, limit, caps, bus0, bus2, bus4;
	uint32_t nasids, nqueues, nlinks;
	unsigned pcie, msix, msi, msix_vectors, vectors;
	int irq[HOST_VECTORS];
	uint64_t user_next, carve_next;
	uint64_t mbox;
	uint32_t req_tail, rsp_head, seq;
	uint64_t evt_iova;
	uint32_t evt_log2, evt_next;
	struct weft_event evt[EVT_LOG_MAX];	/* every event since the ring was started */
	uint32_t nevt;
	uint32_t safe_seq;
};
extern struct card ct_cards[HOST_CARDS];
extern unsigned ct_ncards;	/* cards that exist */
#define CARD (&ct_cards[0])

/* --- the card program --- */
/* Starts `program` with further arguments (NULL-terminated, or NULL) and sets ct_opt.socket_dir; NULL, or why not. */
const char *ct_spawn(const char *program, unsigned cards, const char *const *more);
void ct_count_cards(void);		/* sets ct_ncards from the sockets that exist */

/* --- guest memory --- */
void host_init(void);
void *host_ptr(uint64_t iova);		/* of one byte; contiguous inside LOW and HIGH, per page in FRAG */
uint64_t host_alloc(uint64_t bytes);	/* page-aligned range of HIGH, zeroed */
void host_rewind(void);
int host_fd(uint64_t iova, uint64_t *offset);
uint64_t host_frag_offset(unsigned i);

/* --- cards --- */
bool card_open(struct card *c);		/* connects, maps DMA, finds regions and capabilities */
void card_close(struct card *c);
void cards_open(unsigned n);		/* the first n, each seeing the others' BAR2 */
void card_configure(struct card *c);	/* BARs, command register */
void card_peers(struct card *c);	/* maps the other open cards' BAR2 (no descriptor) here, and this one's there */
void card_reset(struct card *c);	/* FLR; leaves config space set up and every register as reset left it */
void card_registers(struct card *c);	/* USER_LIMIT, event ring, vectors */
void card_mailbox(struct card *c);	/* MBOX_BASE; indices as the card shows them */
void card_bringup(struct card *c);	/* reset, registers, boot, mailbox, HELLO */
void card_need(struct card *c);		/* bring-up unless ready */
uint64_t user_alloc(struct card *c, uint64_t bytes, uint64_t align);	/* local memory below USER_LIMIT */
uint64_t carve_alloc(struct card *c, uint64_t bytes);			/* carve-out, zeroed */

uint32_t rd32(struct card *c, uint32_t reg);
uint64_t rd64(struct card *c, uint32_t reg);
void wr32(struct card *c, uint32_t reg, uint32_t value);
void wr64(struct card *c, uint32_t reg, uint64_t value);
uint32_t cfg_rd(struct card *c, unsigned off, unsigned bytes);
void cfg_wr(struct card *c, unsigned off, uint32_t value, unsigned bytes);
unsigned cfg_cap(struct card *c, uint8_t id);		/* 0 = none */
unsigned cfg_ext_cap(struct card *c, uint16_t id);

/* --- interrupts: eventfds of MSI-X, or MSI with --msi or when there is no MSI-X --- */
void irq_setup(struct card *c, unsigned vectors, bool msi);
void irq_off(struct card *c);
uint64_t irq_take(struct card *c, unsigned vector);	/* messages since the last call */

/* --- boot --- */
extern uint8_t *ct_fw;
extern size_t ct_fw_bytes;
bool fw_load(const char *path, uint8_t **data, size_t *bytes);
/* START with an image at a carve-out offset; returns BOOT_STATUS once it is neither IDLE nor VERIFYING. */
uint32_t card_boot_at(struct card *c, uint64_t offset, uint64_t bytes);
uint32_t card_boot(struct card *c, const void *image, size_t bytes);
#define BOOT_STATE(s)	((s) & 0xff)
#define BOOT_CODE(s)	((s) >> 8 & 0xff)

/* --- mailbox --- */
void mbox_post(struct card *c, struct weft_mbox_msg *m);	/* sets seq */
bool mbox_ready(struct card *c);
void mbox_take(struct card *c, struct weft_mbox_msg *m);	/* waits for the next response */
unsigned mbox_call(struct card *c, struct weft_mbox_msg *m);	/* post, take, check op and seq; returns status */
void mbox_hello(struct card *c);

/* --- events --- */
void evt_start(struct card *c, unsigned log2);
void evt_poll(struct card *c);
/* First event at or after log index `from`, or NULL. queue: ~0u = any. */
const struct weft_event *evt_find(struct card *c, uint32_t from, unsigned type, uint32_t queue);
const struct weft_event *evt_wait(struct card *c, uint32_t from, unsigned type, uint32_t queue, unsigned ms);

/* --- safe operations --- */
uint32_t safe_start(struct card *c, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2);
unsigned safe_wait(struct card *c, unsigned op, uint32_t seq, unsigned ms);
unsigned safe_call(struct card *c, unsigned op, uint64_t a0, uint64_t a1, uint64_t a2);
/* An error on request (register INJECT). */
void inject(struct card *c, uint32_t what, uint64_t arg);
uint64_t counter(struct card *c, unsigned kind, unsigned link, unsigned index);

#endif
