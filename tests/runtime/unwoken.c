/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * Lanes that stay asleep, each for another reason, until the process is killed; for weft top to look at. Two of them sleep in cells
 * which have END and a fault: stored without a kick, as by a writer that was lost in between. Beside them are tables that
 * nobody should believe: of this process ones that are unsound or not sealed, of its child, which has no card, a forged one.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <weft/plan_table.h>

#include "plan_rig.h"

#define BASE		1000u
#define SEQUENCES	100u
#define POISONED	0x42000000070011ull		/* poisoned by will 7 of card 66 */

struct asleep {
	struct rig r;
	struct weft_memory *cells;
	struct weft_user_queue *queue;
	struct weft_list *list;
};

/* A lane of one body that sleeps in a cell of ours from its first firing on. */
static struct weft_body *sleeper(struct asleep *a, const char *name, const char *cell, uint32_t index, uint64_t value)
{
	struct weft_body *b = body_of(a->r.plan, name, 0, NULL, 0);

	return b && !weft_body_wait_all(b, cell, 0, &(struct weft_body_cell) { .cells = a->cells, .index = index, .base = value }, 1) ?
	       b : NULL;
}

static int chain(struct asleep *a)
{
	struct weft_body *make = body_of(a->r.plan, "make", 0, NULL, 0), *ended = sleeper(a, "ended", "elsewhere", 0, 5);
	struct weft_body *after = body_of(a->r.plan, "after", 0, NULL, 0);
	struct weft_edge *stream = edge_of(a->r.plan, "stream", 2, 0, 0, NULL), *late = edge_of(a->r.plan, "late", 2, 0, 0, NULL);

	RT_CHECK(make && ended && after && stream && late && sleeper(a, "poisoned", "broken", 1, 9) &&
		 body_of(a->r.plan, "free", 0, NULL, 0), "%s", rt_text);
	RT_OK(weft_body_output(make, stream, 1));
	RT_OK(weft_body_fill(make, weft_body_out(make, stream, 0), BLOCK, 1, 4));
	RT_OK(weft_body_input(ended, stream, 1));
	RT_OK(weft_body_output(ended, late, 1));
	RT_OK(weft_body_fill(ended, weft_body_out(ended, late, 0), BLOCK, 1, 4));
	RT_OK(weft_body_input(after, late, 1));
	return 0;
}

/* A queue of no plan. */
static int plain(struct asleep *a)
{
	const struct weft_user_queue_config config = { .size = sizeof(config), .name = "plain" };
	const struct weft_cell_op op = { .size = sizeof(op), .cell = weft_cell_address(a->cells, 2), .base = 4 };

	RT_OK(weft_user_queue_create(a->r.card[0], &config, &a->queue));
	RT_OK(weft_list_create(a->r.card[0], &a->list));
	RT_OK(weft_list_wait(a->list, &op));
	RT_OK(weft_list_commit(a->list));
	RT_OK(weft_user_queue_post(a->queue, a->list));
	return 0;
}

/* The table of our plan, as /proc has it: its bytes, 0: there is none. */
static size_t table(char *data, size_t most)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t bytes = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir)) && !bytes) {
		char to[64] = "";

		if (readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1) > 0 && !strcmp(to, "/memfd:" WEFT_PLAN_TABLE_NAME " (deleted)")) {
			const ssize_t n = pread(atoi(e->d_name), data, most, 0);

			bytes = n > 0 ? (size_t)n : 0;
		}
	}
	if (dir)
		closedir(dir);
	return bytes;
}

static int publish(const void *data, size_t bytes, size_t size, bool seal)
{
	int fd = memfd_create(WEFT_PLAN_TABLE_NAME, MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes || ftruncate(fd, (off_t)size) ||
	    (seal && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)))
		return -1;
	return fd;
}

/* Whoever believes one of these shows bodies called fake. */
static int lies(void)
{
	char data[4096], fake[4096];
	const size_t bytes = table(data, sizeof(data));
	int forged;

	RT_CHECK(bytes > sizeof(struct weft_plan_table), "%zu bytes of a table", bytes);
	memcpy(fake, data, bytes);
	for (char *at; (at = memmem(fake, bytes, "make", 5));)
		memcpy(at, "fake", 4);
	RT_CHECK(memcmp(fake, data, bytes), "there is no body in the table");
	forged = publish(fake, bytes, bytes, true);
	RT_CHECK(forged >= 0, "memfd");
	if (!fork()) {
		/* an exec closes the cards */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/proc/self/exe", "unwoken", "hold", NULL);
		_exit(1);
	}
	close(forged);
	RT_CHECK(publish(fake, bytes, bytes, false) >= 0 && publish(fake, bytes, bytes + 1, true) >= 0 &&
		 publish(fake, bytes, WEFT_PLAN_TABLE_MOST + 4096ull, true) >= 0 && publish(fake, bytes / 2, bytes / 2, true) >= 0, "memfd");
	return 0;
}

static int asleep(struct weft *weft, struct asleep *a)
{
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };
	const struct weft_plan_config config = { .size = sizeof(config), .name = "unwoken", .cell_base = BASE };
	struct weft_cell_state *cell;
	void *map;

	if (rig_open(weft, &a->r, 1, &config))
		return -1;
	RT_OK(weft_memory_create(a->r.card[0], &cells, &a->cells));
	RT_OK(weft_memory_map(a->cells, &map));
	if (chain(a))
		return -1;
	RT_OK(weft_plan_load(a->r.plan));
	RT_OK(weft_plan_run(a->r.plan, SEQUENCES, NULL));
	if (plain(a) || lies())
		return -1;
	/* all sleep */
	usleep(500000);
	cell = map;
	__atomic_store_n(&cell[0].value, 3, __ATOMIC_RELEASE);
	__atomic_store_n(&cell[0].end, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&cell[1].value, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&cell[1].fault, POISONED, __ATOMIC_RELEASE);
	return 0;
}

int main(int argc, char **argv)
{
	struct asleep a = { 0 };

	(void)argv;
	if (argc == 1 && asleep(weft_open(), &a)) {
		printf("%s\n", rt_text);
		return 1;
	}
	if (argc == 1) {
		printf("asleep\n");
		fflush(stdout);
	}
	for (;;)
		pause();
}
