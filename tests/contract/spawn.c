// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* A card program of our own: started with its sockets in a new directory, ended and cleared away at exit. */
#include "host.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_NS	UINT64_C(10000000000)
#define MAX_ARGS	16

static pid_t child = -1;
static char dir[64];

static void end(void)
{
	char path[128];

	if (child > 0) {
		int i = 0;

		kill(child, SIGTERM);
		while (i < 200 && !waitpid(child, NULL, WNOHANG)) {
			usleep(10000);
			i++;
		}
		if (i == 200)
			kill(child, SIGKILL);
	}
	for (unsigned i = 0; i < HOST_CARDS; i++) {
		snprintf(path, sizeof(path), "%s/card%u.sock", dir, i);
		unlink(path);
	}
	rmdir(dir);
}

/* Lines until "ready"; false when it ended or took too long. */
static bool ready(int fd)
{
	uint64_t until = ct_now_ns() + READY_NS;
	char line[64];
	size_t n = 0;

	while (n < sizeof(line) - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (ct_now_ns() > until || (poll(&p, 1, 1000) > 0 && read(fd, line + n, 1) != 1))
			return false;
		if (p.revents && line[n++] == '\n') {
			if (!strncmp(line, "ready\n", 6))
				return true;
			n = 0;
		}
	}
	return false;
}

const char *ct_spawn(const char *program, unsigned cards, const char *const *more)
{
	const char *args[MAX_ARGS] = { program, "--cards", NULL, "--socket-dir", dir };
	char count[16];
	unsigned n = 5;
	int out[2];

	strcpy(dir, "/tmp/weft-contract.XXXXXX");
	if (!mkdtemp(dir))
		return "no directory for the sockets";
	atexit(end);
	if (pipe(out))
		return "no pipe";
	snprintf(count, sizeof(count), "%u", cards);
	args[2] = count;
	while (more && *more && n < MAX_ARGS - 1)
		args[n++] = *more++;
	child = fork();
	if (!child) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		execv(program, (char *const *)(uintptr_t)args);
		perror(program);
		_exit(127);
	}
	close(out[1]);
	if (!ready(out[0]))
		return "it ended, or did not print \"ready\" within 10 s";
	ct_opt.socket_dir = dir;
	return NULL;
}

void ct_count_cards(void)
{
	char path[256];
	struct stat st;

	for (ct_ncards = 0; ct_ncards < HOST_CARDS; ct_ncards++) {
		snprintf(path, sizeof(path), "%s/card%u.sock", ct_opt.socket_dir, ct_ncards);
		if (stat(path, &st))
			break;
	}
}
