/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/core/error.h"

#define BYTES	sizeof(struct weft_board_page)
#define SEALS	(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

int weft_board_init(struct weft_board *b)
{
	void *map;

	*b = (struct weft_board) { .fd = -1 };
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		b->there[p] = -1;
	b->fd = memfd_create("weft-calls", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (b->fd < 0)
		return weft_fail(-errno, "table of calls");
	if (ftruncate(b->fd, BYTES))
		return weft_fail(-errno, "table of calls");
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd, 0);
	if (map == MAP_FAILED)
		return weft_fail(-errno, "table of calls");
	b->page = map;
	/* after it was mapped: from now on nobody maps it to write */
	return fcntl(b->fd, F_ADD_SEALS, SEALS) ? weft_fail(-errno, "table of calls") : 0;
}

void weft_board_fini(struct weft_board *b)
{
	if (b->page)
		munmap(b->page, BYTES);
	if (b->fd >= 0)
		close(b->fd);
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		if (b->there[p] >= 0)
			close(b->there[p]);
	*b = (struct weft_board) { .fd = -1 };
}

int weft_board_adopt(struct weft_board *b, uint32_t process, int fd, const char *comm)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	struct stat s;

	/* memory, of which no page goes away */
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &s) || (uint64_t)s.st_size != BYTES)
		return weft_fail(-EPROTO, "communicator %s: what another process gives as its table of calls is none", comm);
	b->there[process] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return b->there[process] < 0 ? weft_fail(-errno, "communicator %s: table of calls", comm) : 0;
}

void weft_board_add(struct weft_board *b, const struct weft_message_call *call)
{
	struct weft_message_call *to;

	for (uint32_t i = 0; i < WEFT_BOARD_CALLS; i++)
		if (b->page->call[i].tag == call->tag)
			return;
	to = &b->page->call[b->next++ % WEFT_BOARD_CALLS];
	__atomic_store_n(&to->tag, 0, __ATOMIC_RELEASE);
	memcpy((char *)to + sizeof(to->tag), (const char *)call + sizeof(to->tag), sizeof(*to) - sizeof(to->tag));
	__atomic_store_n(&to->tag, call->tag, __ATOMIC_RELEASE);
}

static bool find(const struct weft_message_call *table, uint64_t tag, struct weft_message_call *call)
{
	for (uint32_t i = 0; i < WEFT_BOARD_CALLS; i++)
		if (weft_message_call_ok(&table[i], tag)) {
			*call = table[i];
			return true;
		}
	return false;
}

bool weft_board_find(const struct weft_board *b, uint64_t tag, struct weft_message_call *call)
{
	static _Thread_local struct weft_message_call copy[WEFT_BOARD_CALLS];

	if (find(b->page->call, tag, call))
		return true;
	for (uint32_t p = 0; p < WEFT_COLL_RANKS; p++)
		if (b->there[p] >= 0 && pread(b->there[p], copy, sizeof(copy), 0) == (ssize_t)sizeof(copy) && find(copy, tag, call))
			return true;
	return false;
}

void weft_board_put_time(struct weft_board *b, uint32_t rank, struct weft_board_time time)
{
	struct weft_board_time *to = &b->page->time[rank][time.number % WEFT_BOARD_TIMES];

	__atomic_store_n(&to->number, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&to->waited_ns, time.waited_ns, __ATOMIC_RELEASE);
	__atomic_store_n(&to->number, time.number, __ATOMIC_RELEASE);
}

void weft_board_times(const struct weft_board *b, uint32_t process, uint32_t rank, struct weft_board_time time[WEFT_BOARD_TIMES])
{
	const size_t bytes = WEFT_BOARD_TIMES * sizeof(time[0]);

	if (b->there[process] < 0)
		memcpy(time, b->page->time[rank], bytes);
	else if (pread(b->there[process], time, bytes, (off_t)offsetof(struct weft_board_page, time) + (off_t)(rank * bytes)) != (ssize_t)bytes)
		memset(time, 0, bytes);
}
