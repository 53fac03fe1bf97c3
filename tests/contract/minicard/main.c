// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Powers the cards on, and takes turns between messages and queues. */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "mini.h"

struct mini_card mini_card[MINI_CARDS];
unsigned int mini_cards;

uint64_t mini_clock(const struct mini_card *c)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec - c->power_on_ns;
}

void mini_reset(struct mini_card *c, uint64_t generation)
{
	mini_reg_reset(c, generation);
	mini_config_reset(c, !generation);
	memset(c->root, 0, sizeof(c->root));
	memset(c->queue, 0, sizeof(c->queue));
	c->running = NULL;
	c->hello = false;
}

static void listen_to(struct mini_card *c)
{
	const struct timeval limit = { .tv_sec = 5 };	/* a client may be slow, but not for ever */

	if (c->fd >= 0 && !mini_message(c))
		mini_forget_client(c);
	else if (c->fd < 0)
		c->fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static _Noreturn void serve(void)
{
	for (;;) {
		struct pollfd p[MINI_CARDS];
		bool busy = false;

		for (unsigned int i = 0; i < mini_cards; i++) {
			busy = mini_queue_run(&mini_card[i]) || busy;
			p[i].fd = mini_card[i].fd >= 0 ? mini_card[i].fd : mini_card[i].listener;
			p[i].events = POLLIN;
		}
		if (poll(p, mini_cards, busy ? 0 : -1) <= 0)
			continue;
		for (unsigned int i = 0; i < mini_cards; i++)
			if (p[i].revents)
				listen_to(&mini_card[i]);
	}
}

static void power_on(struct mini_card *c, const char *dir, uint64_t lmem_bytes)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	c->index = (unsigned int)(c - mini_card);
	c->lmem_bytes = lmem_bytes;
	c->power_on_ns = mini_clock(c);
	for (unsigned int i = 0; i < MINI_VECTORS; i++)
		c->irq_fd[i] = -1;
	c->lmem_fd = memfd_create("minicard", MFD_CLOEXEC);
	if (c->lmem_fd < 0 || ftruncate(c->lmem_fd, (off_t)lmem_bytes))
		err(1, "local memory");
	c->lmem = mmap(NULL, lmem_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->lmem_fd, 0);
	if (c->lmem == MAP_FAILED)
		err(1, "local memory");
	mini_reset(c, 0);
	c->fd = -1;
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/card%u.sock", dir, c->index);
	unlink(a.sun_path);
	if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&a, sizeof(a)) || listen(c->listener, 1))
		err(1, "%s", a.sun_path);
}

int main(int argc, char **argv)
{
	unsigned long cards = 1, mib = 256;
	const char *dir = "";

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--msi"))	/* it has no other interrupts */
			continue;
		if (i + 1 == argc)
			errx(2, "%s takes a value", argv[i]);
		if (!strcmp(argv[i], "--socket-dir"))
			dir = argv[++i];
		else if (!strcmp(argv[i], "--cards"))
			cards = strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--lmem-mib"))
			mib = strtoul(argv[++i], NULL, 10);
		else
			errx(2, "%s?", argv[i]);
	}
	if (!*dir || strlen(dir) > 90 || !cards || cards > MINI_CARDS || mib < 2 || mib > 65536 || (mib & (mib - 1)))
		errx(2, "usage: --socket-dir DIR [--cards 1…%u] [--lmem-mib POWER-OF-TWO] [--msi]", MINI_CARDS);
	mini_cards = (unsigned int)cards;
	for (unsigned int i = 0; i < mini_cards; i++)
		power_on(&mini_card[i], dir, (uint64_t)mib << 20);
	dprintf(STDOUT_FILENO, "ready\n");
	serve();
}
