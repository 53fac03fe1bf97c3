/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* State of the fake kernel and cards; under fs.lock. */
#ifndef FAKE_CARD_H
#define FAKE_CARD_H

#include <pthread.h>

#include "fake_sys.h"

#define FAKE_FD		1000
#define FAKE_MAX	256
#define FAKE_HANDLES	512
#define FAKE_QUEUES	32

enum fake_kind { FAKE_NONE, FAKE_FILE, FAKE_DMABUF, FAKE_SYNCFD };

struct fake_obj {
	int refs, card;
	enum weft_place place;
	uint64_t bytes;
	char *mem;
	bool lent;			/* mem is the process's */
};

struct fake_sync {
	int refs;
	uint64_t value;
};

struct fake_bind {
	uint64_t va, bytes;
	uint32_t access;
	struct fake_obj *obj;
};

struct fake_job {
	struct fake_job *next;
	uint64_t list, table;
	uint32_t num_packets, num_operands, num_syncs;
	struct {
		struct fake_sync *sync;
		bool signal;
		uint64_t value;
	} sync[WEFT_SYS_MAX_SYNCS];
};

struct fake_queue {
	bool used;
	struct fake_job *jobs;
	uint32_t faults, cause, fault_packet;
	uint64_t fault_va, fault_list;
};

struct fake_fd {
	enum fake_kind kind;
	int card;
	bool vm;
	uint32_t access;
	uint64_t id;			/* of a dma-buf: never used again */
	struct fake_obj *obj;
	struct fake_sync *sync;
	struct {
		struct fake_obj *obj;
		uint32_t access;
		uint64_t dmabuf;	/* 0, or the id of what it was imported from */
	} gem[FAKE_HANDLES];
	struct fake_sync *syncs[FAKE_HANDLES];
	struct fake_bind bind[FAKE_HANDLES];
	struct fake_queue queue[FAKE_QUEUES];
};

struct fake_state {
	uint64_t ids;
	pthread_mutex_t lock;
	pthread_cond_t signalled;
	bool cond_ready;
	int live;
	uint64_t used_bytes[16];
	struct fake_fd fd[FAKE_MAX];
};

extern struct fake_state fs;

/* Takes the oldest job off and signals what it signals, whether it ran or not. */
void fake_end_job(struct fake_queue *queue);
/* Runs every job whose waits are met, until none is left. */
void fake_progress(void);

/* fake_sys.c: a call may be told to fail when it is entered; one that undoes never is. Entered means with fs.lock. */
int fake_enter(void);
void fake_enter_undo(void);
int fake_leave(int ret);
struct fake_fd *fake_fd_of(int fd, enum fake_kind kind);
int fake_fd_new(enum fake_kind kind);
void fake_obj_put(struct fake_obj *obj);
uint64_t fake_lmem(void);

/* fake_memory.c: operations of the table */
int fake_gem_create(int fd, uint64_t *bytes, enum weft_place place, uint32_t *handle);
int fake_gem_close(int fd, uint32_t handle);
int fake_gem_map(int fd, uint32_t handle, uint64_t bytes, void **pointer);
void fake_unmap(void *pointer, uint64_t bytes);
int fake_gem_export(int fd, uint32_t handle, uint32_t access, int *dmabuf);
int fake_gem_import(int fd, int dmabuf, uint32_t *handle);
int fake_user_dmabuf(const void *pages, uint64_t bytes, int *dmabuf, const char **why);
int fake_gem_info(int fd, uint32_t handle, uint64_t *bytes, enum weft_place *place, uint32_t *access, bool *cells);

#endif
