// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft: the command. */
#include "cmd.h"

#include <errno.h>
#include <string.h>

static const struct command {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "info", "the cards, their engines and memory, and who reaches whom", cmd_info },
	{ "run", "a job, or the plan of a file: weft run fashion-mnist, weft run FILE.weft", cmd_run },
	{ "bench", "figures of this machine's cards", cmd_bench },
	{ "coll", "what a collective call would do, and why", cmd_coll },
	{ "top", "the queues of all cards, and what they wait for", cmd_top },
	{ "trace", "a picture of what a plan of bodies did", cmd_trace },
	{ "dump", "what was going on when something went wrong", cmd_dump },
};

static void usage(FILE *out)
{
	fputs("usage: weft COMMAND [OPTION …]\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
	fputs("\n  weft COMMAND --help   the options of a command\n"
	      "  weft --version        version of command and library\n", out);
}

static int dispatch(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		uint32_t v = weft_version();

		printf("weft %d.%d, libweft %u.%u\n", WEFT_VERSION_MAJOR, WEFT_VERSION_MINOR, v >> 16, v & 0xffff);
		return EXIT_OK;
	}
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		usage(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "weft: no command \"%s\"\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}

/* Whatever a command printed must have arrived: a full disk is a failure, not an empty result with status 0. */
int main(int argc, char **argv)
{
	int status = dispatch(argc, argv);

	errno = 0;
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "weft: standard output: %s\n", errno ? strerror(errno) : "could not be written");
		if (status == EXIT_OK)
			status = EXIT_FAILED;
	}
	return status;
}
