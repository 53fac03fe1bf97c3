// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Starts the cards, each in a process of its own, and takes turns between messages and queues. */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "mini.h"

#define HANG_MS		2000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t mini_clock(const struct mini_card *c)
{
	return now_ns() - c->power_on_ns;
}

void mini_reset(struct mini_card *c)
{
	c->reset_gen++;
	memset(c->reg, 0, sizeof(c->reg));
	memset(c->low, 0, sizeof(c->low));
	c->reg[WEFT_REG_HANG_MS / 4] = HANG_MS;
	c->evt_on = false;
	c->hello = false;
	c->log_level = 1;
	memset(c->as, 0, sizeof(c->as));
	memset(c->queue, 0, sizeof(c->queue));
	c->running = NULL;
	mini_config_reset(c);
}

static void serve(struct mini_card *c, int listener)
{
	for (;;) {
		bool busy = mini_queue_run(c);

		for (unsigned int n = 0; n < 64; n++) {
			struct pollfd p = { .fd = c->fd >= 0 ? c->fd : listener, .events = POLLIN };

			if (poll(&p, 1, busy || n ? 0 : -1) <= 0)
				break;
			if (c->fd < 0)
				c->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			else if (!mini_message(c))
				mini_forget_client(c);
		}
	}
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_at(const char *dir, unsigned int index)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if ((size_t)snprintf(a.sun_path, sizeof(a.sun_path), "%s/card%u.sock", dir, index) >= sizeof(a.sun_path)) {
		fprintf(stderr, "%s: too long for a socket\n", dir);
		exit(2);
	}
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1))
		fail(a.sun_path);
	return fd;
}

static struct mini_card *power_on(struct mini_bus *bus, unsigned int index)
{
	struct mini_card *c = calloc(1, sizeof(*c));

	if (!c)
		fail("memory");
	c->index = index;
	c->bus = bus;
	c->fd = -1;
	c->lmem_bytes = bus->lmem_bytes;
	c->power_on_ns = now_ns();
	for (unsigned int i = 0; i < MINI_VECTORS; i++)
		c->irq_fd[i] = -1;
	c->lmem_fd = memfd_create("minicard", MFD_CLOEXEC);
	if (c->lmem_fd < 0 || ftruncate(c->lmem_fd, (off_t)c->lmem_bytes))
		fail("local memory");
	c->lmem = mmap(NULL, c->lmem_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->lmem_fd, 0);
	if (c->lmem == MAP_FAILED)
		fail("local memory");
	bus->card[index].lmem = c->lmem;
	mini_config_init(c);
	mini_reset(c);
	c->reset_gen = 0;
	return c;
}

static _Noreturn void usage(void)
{
	fprintf(stderr, "usage: minicard --socket-dir DIR [--cards 1…%u] [--lmem-mib POWER-OF-TWO] [--msi]\n", MINI_CARDS);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket-dir", required_argument, NULL, 'd' },
		{ "cards", required_argument, NULL, 'c' },
		{ "lmem-mib", required_argument, NULL, 'l' },
		{ "msi", no_argument, NULL, 'm' },	/* it has no other interrupts */
		{ 0 },
	};
	unsigned long cards = 1, mib = 256;
	const char *dir = NULL;
	int o, listener[MINI_CARDS];
	struct mini_card *card[MINI_CARDS];
	struct mini_bus *bus;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'd')
			dir = optarg;
		else if (o == 'c')
			cards = strtoul(optarg, NULL, 10);
		else if (o == 'l')
			mib = strtoul(optarg, NULL, 10);
		else if (o != 'm')
			usage();
	}
	if (!dir || optind != argc || !cards || cards > MINI_CARDS || mib < 2 || mib > 65536 || (mib & (mib - 1)))
		usage();
	bus = mmap(NULL, sizeof(*bus), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bus == MAP_FAILED)
		fail("memory");
	bus->cards = (unsigned int)cards;
	bus->lmem_bytes = (uint64_t)mib << 20;
	for (unsigned int i = 0; i < cards; i++) {
		card[i] = power_on(bus, i);
		listener[i] = listen_at(dir, i);
	}
	puts("ready");
	fflush(stdout);
	for (unsigned int i = 1; i < cards; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve(card[i], listener[i]);
		}
	}
	serve(card[0], listener[0]);
}
