// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft-card: the emulated cards of one machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "defect.h"
#include "engine.h"
#include "key.h"

static const char help[] =
"Usage: weft-card --cards N --socket-dir DIR [option …]\n"
"Emulates N weft cards, each a vfio-user server on DIR/card<i>.sock, and prints \"ready\" when all listen.\n"
"SIGTERM or SIGINT ends it; SIGRTMIN + i (34 + i) takes card i from its client, as if it were pulled out.\n"
"\n"
"  --cards N          1 … 16 (default 1)\n"
"  --socket-dir DIR   existing directory for the sockets\n"
"  --lmem-mib M       local memory of a card in MiB, a power of two, 16 … 16384 (default 256)\n"
"  --slots S          queues of a card that can run at once, 2 … 4096 (default 64)\n"
"  --engines E        engine threads, shared by all cards (default: one per core)\n"
"  --linger NS        how long an engine without other work looks at a cell before its queue parks, 0 … 1000000\n"
"                     (default 2000; 0: it parks at once)\n"
"  --msi              MSI instead of MSI-X\n"
"  --no-exec          without the EXEC capability\n"
"  --no-cell-faults   without the CELL_FAULTS capability: one CELL_FAULT for each cell\n"
"  --weak SEED        engines' writes over the bus take their time, at random, until something flushes them\n"
"  --key FILE         Ed25519 public key the boot ROM trusts, 64 hex digits (default: the development key)\n"
"  --break NAME       with this defect, or several: NAME,NAME…; \"list\" prints what there is\n"
"  --help             this text\n";

static int fail(const char *what, int err)
{
	fprintf(stderr, "weft-card: %s: %s\n", what, strerror(err));
	return 1;
}

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "weft-card: %s '%s'; see weft-card --help\n", what, value);
	return 2;
}

static bool number(const char *s, unsigned long min, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(s, &end, 10);
	return !errno && end != s && !*end && *s != '-' && *out >= min && *out <= max;
}

static bool parse_key(const char *hex, uint8_t key[32])
{
	size_t n;

	return !sodium_hex2bin(key, 32, hex, 64, NULL, &n, NULL) && n == 32;
}

static bool read_key(const char *file, uint8_t key[32])
{
	char hex[65] = "";
	FILE *f = fopen(file, "re");
	bool ok = f && fread(hex, 1, 64, f) == 64;

	if (f)
		fclose(f);
	return ok && parse_key(hex, key);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cards", 1, NULL, 'n' }, { "socket-dir", 1, NULL, 'd' }, { "lmem-mib", 1, NULL, 'l' },
		{ "slots", 1, NULL, 's' }, { "engines", 1, NULL, 'e' }, { "linger", 1, NULL, 'g' }, { "msi", 0, NULL, 'm' },
		{ "no-exec", 0, NULL, 'x' }, { "no-cell-faults", 0, NULL, 'f' }, { "weak", 1, NULL, 'w' }, { "key", 1, NULL, 'k' }, { "break", 1, NULL, 'b' },
		{ "help", 0, NULL, 'h' }, { 0 }
	};
	static struct wcard_machine m = { .ncards = 1, .slots = 64, .linger_ns = 2000, .lmem_bytes = 256u << 20, .caps = WCARD_CAPS };
	struct rlimit files = { 65536, 65536 };
	const char *dir = NULL, *what;
	unsigned long n;
	bool msi = false;
	cpu_set_t cores;
	sigset_t set;
	int opt, sig, ret;

	if (sodium_init() < 0)
		return fail("libsodium", EIO);
	if (!parse_key(WCARD_DEVELOPMENT_KEY, m.key))
		return fail("built-in key", EINVAL);
	sched_getaffinity(0, sizeof(cores), &cores);
	m.nengines = (unsigned int)CPU_COUNT(&cores);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			if (!number(optarg, 1, WCARD_MAX_CARDS, &n))
				return usage("--cards takes 1 … 16, not", optarg);
			m.ncards = (unsigned int)n;
			break;
		case 'd':
			dir = optarg;
			break;
		case 'l':
			if (!number(optarg, 16, 16384, &n) || (n & (n - 1)))
				return usage("--lmem-mib takes a power of two, 16 … 16384, not", optarg);
			m.lmem_bytes = (uint64_t)n << 20;
			break;
		case 's':
			if (!number(optarg, 2, WCARD_NUM_QUEUES, &n))
				return usage("--slots takes 2 … 4096, not", optarg);
			m.slots = (unsigned int)n;
			break;
		case 'e':
			if (!number(optarg, 1, WCARD_MAX_ENGINES, &n))
				return usage("--engines takes 1 … 63, not", optarg);
			m.nengines = (unsigned int)n;
			break;
		case 'g':
			if (!number(optarg, 0, 1000000, &n))
				return usage("--linger takes 0 … 1000000 ns, not", optarg);
			m.linger_ns = (uint32_t)n;
			break;
		case 'm':
			msi = true;
			break;
		case 'x':
			m.caps &= ~WEFT_CAP_EXEC;
			break;
		case 'f':
			m.caps &= ~WEFT_CAP_CELL_FAULTS;
			break;
		case 'w':
			if (!number(optarg, 0, ULONG_MAX, &n))
				return usage("--weak takes a number, not", optarg);
			m.weak_on = true;
			m.weak_seed = n;
			break;
		case 'k':
			if (!read_key(optarg, m.key))
				return usage("no key of 64 hex digits in", optarg);
			break;
		case 'b':
			if (!strcmp(optarg, "list")) {
				wcard_defect_list();
				return 0;
			}
			what = wcard_defect_plant(optarg);
			if (what)
				return usage("no such defect:", what);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			return 2;
		}
	}
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	if (!dir)
		return usage("missing option", "--socket-dir");
	if (m.nengines > WCARD_MAX_ENGINES)
		m.nengines = WCARD_MAX_ENGINES;
	/* Every mapping of a client behind an IOMMU may be a file of its own. */
	setrlimit(RLIMIT_NOFILE, &files);
	m.clock_base_ns = wcard_now(&m);
	/* Threads inherit the mask; only this one takes signals. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGPIPE);
	for (unsigned int i = 0; i < m.ncards; i++)
		sigaddset(&set, SIGRTMIN + (int)i);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	ret = wcard_machine_init(&m, dir, msi, &what);
	if (ret)
		return fail(what, -ret);
	puts("ready");
	fflush(stdout);
	while (!sigwait(&set, &sig) && sig != SIGTERM && sig != SIGINT)
		if (sig >= SIGRTMIN)
			wcard_vfu_drop(m.card[sig - SIGRTMIN]);
	wcard_machine_fini(&m);
	return 0;
}
