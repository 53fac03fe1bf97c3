/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Fuzzer of the driver's whole interface, led by KCOV. A program is a short list of calls for one or two threads of one
 * process; a call has one 64-bit argument per field of its structure, and what earlier calls made (handles, ids,
 * mappings…) is named by its index, so that a mutated program still hangs together.
 */
#ifndef KF_H
#define KF_H

#include "../ks.h"

#include <pthread.h>
#include <semaphore.h>

#define KF_CALLS	32	/* of a program */
#define KF_ARGS		26	/* of a call */
#define KF_BUFFER	1024	/* a call's structure, and from KF_ARRAY on the arrays that it points to */
#define KF_ARRAY	256
#define KF_RAW		(1ULL << 63)	/* the rest of the argument is the value itself, whatever the type */
#define KF_OTHER	0x100		/* in an index: not of the field's pool, a descriptor */
#define KF_FILES	3	/* two of card 0, one of card 1 */
#define KF_THREADS	2
#define KF_MADE		16	/* of each pool */

/* What calls make and other calls use. */
enum kf_pool {
	KF_HANDLE, KF_VM, KF_QUEUE, KF_SYNC, KF_FD, KF_OFFSET, KF_MAP, KF_RING, KF_POOLS
};

enum kf_type {
	KF_T_POOL,	/* of pool `limit` */
	KF_T_SIZE,	/* bytes of an object */
	KF_T_PAGES,	/* offset or range, mostly a multiple of 4096 */
	KF_T_CELL,	/* offset of a cell */
	KF_T_VA,	/* device address: few of them, so that calls meet */
	KF_T_FLAGS,	/* bits of `limit` */
	KF_T_ENUM,	/* 0 … limit */
	KF_T_BOUND,	/* 0 … limit, never more: DRM's own ioctls allocate what they are asked for */
	KF_T_COUNT,	/* 0 … limit, small ones mostly */
	KF_T_ZERO,	/* padding, outputs */
	KF_T_POINT,	/* value of a cell or timeline: small */
	KF_T_TIME,	/* ns that are waited for; cut short */
	KF_T_POINTER,	/* 0: array of the call; NULL, not mapped, not writable */
	KF_T_FILE,	/* descriptor of file 0 … 2 */
	KF_T_ANY,
};

struct kf_field {
	uint16_t offset;	/* in the buffer */
	uint8_t size;		/* 0: for the call's own function, not in the buffer */
	uint8_t type;
	uint64_t limit;
};

struct kf_output {
	uint16_t offset;
	uint8_t size, pool;
};

struct kf_process;

enum kf_kind { KF_IOCTL, KF_URING, KF_SPECIAL };

/* Rows of the table of calls. KF_URING: the first three arguments are ring, flags and size of struct drm_weft_uring. */
struct kf_desc {
	const char *name;
	uint8_t kind;
	uint8_t weight;		/* how often it is generated */
	uint16_t size;		/* KF_URING: of the argument */
	unsigned long request;	/* KF_URING: cmd_op */
	long (*run)(struct kf_process *process, const uint64_t *arg, int file);	/* KF_SPECIAL */
	struct kf_field field[KF_ARGS];		/* up to the first of all zeros */
	struct kf_output output[4];
};

extern const struct kf_desc kf_table[];
extern const unsigned int kf_table_size;
unsigned int kf_fields(const struct kf_desc *d);

struct kf_call {
	uint8_t desc;		/* index in kf_table */
	uint8_t thread;		/* the second starts at its first call */
	uint8_t file;
	uint8_t nth;		/* allocation that fails, 0: none */
	uint64_t arg[KF_ARGS];
};

struct kf_program {
	unsigned int num;
	struct kf_call call[KF_CALLS];
};

/* text.c: one call a line, an empty line ends a program */
void kf_text_write(FILE *f, const struct kf_program *p);
int kf_text_read(FILE *f, struct kf_program *p);	/* 1, 0 at the end, -1 for what is no program */

/* generate.c */
uint64_t kf_random(void);
void kf_seed(uint64_t seed);
uint64_t kf_below(uint64_t n);
void kf_generate(struct kf_program *p);
void kf_mutate(struct kf_program *p, const struct kf_program *other);

/* cover.c: which places of weft.ko were reached, and which results calls had */
#define KF_SIGNALS	(1u << 16)
#define KF_PC		(1ULL << 40)	/* marks places, by the low 32 bits of their address */
struct kf_cover {
	uint64_t seen[KF_SIGNALS];	/* open addressing; 0: free */
	uint16_t used[KF_SIGNALS / 2];	/* in the order of their coming */
	uint32_t num, places;
};
struct kf_trace;
struct kf_trace *kf_trace_open(void);		/* of the calling thread, from now on; NULL without KCOV */
void kf_trace_begin(struct kf_trace *t);
void kf_trace_end(struct kf_trace *t, struct kf_cover *into);
bool kf_cover_add(struct kf_cover *cover, uint64_t signal);	/* whether it is new */
bool kf_cover_has(const struct kf_cover *cover, uint64_t signal);
void kf_cover_clear(struct kf_cover *cover);
void kf_cover_result(struct kf_cover *into, unsigned int desc, long result);

/* execute.c: one program in this process */
struct kf_process {
	int fd[KF_FILES];
	const char *pci[2];
	pthread_mutex_t lock;
	uint64_t made[KF_POOLS][KF_MADE], extra[KF_POOLS][KF_MADE];
	unsigned int num[KF_POOLS];
	bool alone;		/* the program has one thread */
};
/* What the parent sees of it. */
struct kf_shared {
	struct kf_program program;
	volatile uint64_t programs, calls, injected;	/* done */
	volatile int64_t since[KF_THREADS];		/* a call runs since; 0: none */
	volatile uint64_t spent[64];			/* ns in calls of each kind; the last: in ending a program */
	volatile int tid[KF_THREADS];
	sem_t go, done;					/* the program is to be run, was run */
	struct kf_cover cover;				/* of the last program */
};
void kf_execute_init(struct kf_shared *shared, const char *pci0, const char *pci1);
void kf_execute(void);				/* shared->program */
void kf_make(struct kf_process *process, enum kf_pool pool, uint64_t value, uint64_t extra);
/* What an index means; 0 when there is none. `extra` and `at` may be NULL. */
uint64_t kf_pick(struct kf_process *process, enum kf_pool pool, uint64_t arg, uint64_t *extra);
/* The same, taken out of the pool. */
uint64_t kf_take(struct kf_process *process, enum kf_pool pool, uint64_t arg, uint64_t *extra);
long kf_file(struct kf_process *process, unsigned int file);
bool kf_guarded(void (*fn)(void *), void *arg);	/* false: it met SIGBUS or SIGSEGV */

/* special.c, ring.c: calls that are no ioctl */
long kf_mmap(struct kf_process *process, const uint64_t *arg, int file);
long kf_munmap(struct kf_process *process, const uint64_t *arg, int file);
long kf_store(struct kf_process *process, const uint64_t *arg, int file);
long kf_packet(struct kf_process *process, const uint64_t *arg, int file);
long kf_close(struct kf_process *process, const uint64_t *arg, int file);
long kf_dup(struct kf_process *process, const uint64_t *arg, int file);
long kf_fork(struct kf_process *process, const uint64_t *arg, int file);
long kf_reset(struct kf_process *process, const uint64_t *arg, int file);
long kf_rebind(struct kf_process *process, const uint64_t *arg, int file);
long kf_eventfd(struct kf_process *process, const uint64_t *arg, int file);
long kf_sysfs(struct kf_process *process, const uint64_t *arg, int file);
long kf_nap(struct kf_process *process, const uint64_t *arg, int file);
long kf_ring_open(struct kf_process *process, const uint64_t *arg, int file);
long kf_ring_reap(struct kf_process *process, const uint64_t *arg, int file);
long kf_ring_close(struct kf_process *process, const uint64_t *arg, int file);
long kf_ring_command(struct kf_process *process, const struct kf_desc *d, const uint64_t *arg, int file, void *buffer);
void kf_ring_free(uint64_t ring);

#endif
