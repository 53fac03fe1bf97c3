/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "node.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "blocks.h"

#define SECOND		1000000000ull
#define TIMEOUT_S	300u
#define CARDS_BYTES	256u

struct wmpi_node wmpi_node = { .mpi = MPI_COMM_NULL, .group = MPI_GROUP_NULL, .card = -1 };

static struct wmpi_blocks blocks;
static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;

/* What rank 0 was told holds for all. */
struct settings {
	uint64_t heap_bytes, timeout_s;
	uint32_t symmetric;
	char cards[CARDS_BYTES];	/* "" or a list: rank r of the machine has the r-th, and from the start again */
};

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	switch (*end) {
	case 'k': case 'K':
		return n << 10;
	case 'm': case 'M':
		return n << 20;
	case 'g': case 'G':
		return n << 30;
	default:
		return n;
	}
}

static struct settings settings_of(void)
{
	const char *heap = getenv("WEFT_MPI_HEAP"), *timeout = getenv("WEFT_MPI_TIMEOUT"), *cards = getenv("WEFT_MPI_CARDS");
	struct settings s = {
		.heap_bytes = heap ? number(heap) : 0, .timeout_s = timeout ? number(timeout) : TIMEOUT_S,
		.symmetric = getenv("WEFT_MPI_SYMMETRIC") != NULL,
	};

	snprintf(s.cards, sizeof(s.cards), "%s", cards ? cards : "");
	return s;
}

/* Of rank @rank of the machine */
static int card_of(const char *cards, int rank)
{
	int n = 1;

	if (!*cards)
		return rank;
	for (const char *c = cards; *c; c++)
		n += *c == ',';
	for (rank %= n; rank; rank--)
		cards = strchr(cards, ',') + 1;
	return atoi(cards);
}

int wmpi_node_lowest(MPI_Comm mpi, int status)
{
	return PMPI_Allreduce(MPI_IN_PLACE, &status, 1, MPI_INT, MPI_MIN, mpi) ? -ECOMM : status;
}

int wmpi_node_join(MPI_Comm mpi, const char *name, struct weft_comm **comm)
{
	static atomic_uint number_of;
	char path[96];
	struct timespec now;
	uint32_t rank;
	int size, me, ret;

	clock_gettime(CLOCK_REALTIME, &now);
	PMPI_Comm_size(mpi, &size);
	PMPI_Comm_rank(mpi, &me);
	rank = (uint32_t)me;
	/* a name that nobody else has, also not one who starts as this process's successor */
	snprintf(path, sizeof(path), "@weft-mpi-%d-%llx-%u", (int)getpid(), (unsigned long long)now.tv_sec * SECOND + (unsigned long long)now.tv_nsec,
		 atomic_fetch_add(&number_of, 1));
	if (PMPI_Bcast(path, sizeof(path), MPI_CHAR, 0, mpi))
		return -ECOMM;
	ret = weft_comm_join(&(struct weft_comm_meeting) {
			.size = sizeof(struct weft_comm_meeting), .members = (uint32_t)size, .count = 1, .devices = &wmpi_node.device,
			.ranks = &rank, .path = path, .timeout_ns = wmpi_node.timeout_ns },
		&(struct weft_comm_config) { .size = sizeof(struct weft_comm_config), .name = name }, comm);
	if (ret)
		*comm = NULL;
	return ret;
}

static void release(void)
{
	if (wmpi_node.heap)
		weft_window_destroy(wmpi_node.heap);
	if (wmpi_node.comm)
		weft_comm_destroy(wmpi_node.comm);
	if (wmpi_node.device)
		weft_device_close(wmpi_node.device);
	if (wmpi_node.weft)
		weft_close(wmpi_node.weft);
	wmpi_blocks_fini(&blocks);
	if (wmpi_node.group != MPI_GROUP_NULL)
		PMPI_Group_free(&wmpi_node.group);
	if (wmpi_node.mpi != MPI_COMM_NULL)
		PMPI_Comm_free(&wmpi_node.mpi);
	wmpi_node = (struct wmpi_node) { .mpi = MPI_COMM_NULL, .group = MPI_GROUP_NULL, .card = -1 };
}

static int open_card(int card)
{
	wmpi_node.weft = weft_open();
	if (!wmpi_node.weft)
		return errno ? -errno : -ENOMEM;
	return weft_device_open(wmpi_node.weft, "card", (uint32_t)card, &wmpi_node.device);
}

static int open_heap(int me)
{
	int ret = weft_window_create(wmpi_node.comm, wmpi_node.bytes, &wmpi_node.heap);

	if (!ret)
		ret = weft_memory_map(weft_window_memory(wmpi_node.heap, (uint32_t)me), (void **)&wmpi_node.map);
	if (!ret)
		ret = wmpi_blocks_init(&blocks, wmpi_node.bytes);
	wmpi_node.address = weft_window_address(wmpi_node.heap, 0);
	return ret;
}

/* Each step is done by all ranks of the machine, or by none. */
static void make(const struct settings *s)
{
	int me, size, card, ret, all;

	PMPI_Comm_rank(wmpi_node.mpi, &me);
	PMPI_Comm_size(wmpi_node.mpi, &size);
	PMPI_Comm_group(wmpi_node.mpi, &wmpi_node.group);
	card = card_of(s->cards, me);
	wmpi_node.bytes = s->heap_bytes;
	wmpi_node.timeout_ns = s->timeout_s * SECOND;
	wmpi_node.symmetric = s->symmetric;
	if (size < 2 || size > WEFT_COMM_MEMBERS) {
		if (!me)
			fprintf(stderr, "weft-mpi: %d ranks on this machine, 2 to %d are possible; all calls are passed on\n", size, WEFT_COMM_MEMBERS);
		release();
		return;
	}
	ret = open_card(card);
	all = wmpi_node_lowest(wmpi_node.mpi, ret);
	if (!all) {
		ret = wmpi_node_join(wmpi_node.mpi, "MPI_COMM_WORLD", &wmpi_node.comm);
		all = wmpi_node_lowest(wmpi_node.mpi, ret);
	}
	if (!all) {
		ret = open_heap(me);
		all = wmpi_node_lowest(wmpi_node.mpi, ret);
	}
	if (all) {
		if (ret)
			fprintf(stderr, "weft-mpi: rank %d of this machine, card %d: %s; all calls are passed on\n", me, card, weft_last_error());
		release();
		return;
	}
	wmpi_node.card = card;
}

void wmpi_node_open(void)
{
	struct settings s = settings_of();
	int rank;

	PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
	if (PMPI_Bcast(&s, sizeof(s), MPI_BYTE, 0, MPI_COMM_WORLD) || !s.heap_bytes)
		return;
	s.cards[sizeof(s.cards) - 1] = 0;
	if (PMPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &wmpi_node.mpi)) {
		wmpi_node.mpi = MPI_COMM_NULL;
		return;
	}
	make(&s);
}

void wmpi_node_close(void)
{
	if (wmpi_node.mpi == MPI_COMM_NULL)
		return;
	/* a member that ends would stop one that has not yet seen it arrive */
	PMPI_Barrier(wmpi_node.mpi);
	release();
}

void *wmpi_node_take(uint64_t bytes)
{
	uint64_t offset;
	int ret;

	pthread_mutex_lock(&blocks_lock);
	ret = blocks.first ? wmpi_blocks_take(&blocks, bytes, &offset) : -ENOSPC;
	pthread_mutex_unlock(&blocks_lock);
	return ret ? NULL : (void *)(uintptr_t)(wmpi_node.map + offset);
}

bool wmpi_node_give(void *pointer)
{
	const uintptr_t at = (uintptr_t)pointer, from = (uintptr_t)wmpi_node.map;

	if (!from || at < from || at - from >= wmpi_node.bytes)
		return false;
	pthread_mutex_lock(&blocks_lock);
	if (wmpi_blocks_give(&blocks, at - from))
		fprintf(stderr, "weft-mpi: MPI_Free_mem(%p): no block of MPI_Alloc_mem() begins there\n", pointer);
	pthread_mutex_unlock(&blocks_lock);
	return true;
}
