// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft-card: the emulated cards of one machine. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bus.h"
#include "engine.h"
#include "key.h"

static const char help[] =
"Usage: weft-card --cards N --socket-dir DIR [option …]\n"
"Emulates N weft cards, each a vfio-user server on DIR/card<i>.sock, and prints \"ready\" when all listen.\n"
"SIGTERM or SIGINT ends it.\n"
"\n"
"  --cards N          1 … 16 (default 1)\n"
"  --socket-dir DIR   existing directory for the sockets\n"
"  --lmem-mib M       local memory of a card in MiB, a power of two, 16 … 16384 (default 256)\n"
"  --slots S          queues of a card that can run at once, 16 … 4096 (default 64)\n"
"  --engines E        engine threads, shared by all cards (default: one per core)\n"
"  --msi              MSI instead of MSI-X\n"
"  --no-exec          without the EXEC capability\n"
"  --key FILE         Ed25519 public key the boot ROM trusts, 64 hex digits (default: the development key)\n"
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

/*
 * Huge pages decide the speed of memory-bound operators. Whoever touches a page first decides its size, often the
 * client, whose mapping asks for nothing; so a private tmpfs that always gives huge ones comes before a plain memfd.
 */
static int lmem_open(unsigned int index)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), mnt = -1, fd = -1;
	char name[32];

	snprintf(name, sizeof(name), "weft-card%u", index);
	if (fs >= 0 && !fsconfig(fs, FSCONFIG_SET_STRING, "huge", "always", 0) &&
	    !fsconfig(fs, FSCONFIG_SET_STRING, "size", "0", 0) && !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mnt >= 0)
		fd = openat(mnt, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (mnt >= 0)
		close(mnt);
	if (fs >= 0)
		close(fs);
	return fd >= 0 ? fd : memfd_create(name, MFD_CLOEXEC);
}

static struct wcard_card *card_new(struct wcard_machine *m, unsigned int index, bool msi)
{
	struct wcard_card *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->m = m;
	c->index = index;
	c->serial = index;
	c->msi = msi;
	c->conn_fd = c->listen_fd = -1;
	c->lmem_bytes = m->lmem_bytes;
	for (unsigned int i = 0; i <= WCARD_VECTORS; i++)
		c->irq_fd[i] = -1;
	for (unsigned int i = 0; i < WCARD_NUM_ASIDS; i++)
		c->as[i].id = i;
	pthread_mutex_init(&c->evt_lock, NULL);
	c->lmem_fd = lmem_open(index);
	if (c->lmem_fd < 0 || ftruncate(c->lmem_fd, (off_t)c->lmem_bytes))
		return NULL;
	c->lmem = mmap(NULL, c->lmem_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->lmem_fd, 0);
	if (c->lmem == MAP_FAILED)
		return NULL;
	/* Memory appears when it is touched, then in huge pages where the kernel has them. */
	madvise(c->lmem, c->lmem_bytes, MADV_HUGEPAGE);
	wcard_pci_init(c);
	return c;
}

static int start(struct wcard_machine *m, const char *dir, bool msi)
{
	int ret;

	for (unsigned int i = 0; i < m->ncards; i++) {
		m->card[i] = card_new(m, i, msi);
		if (!m->card[i])
			return fail("local memory", errno);
	}
	ret = wcard_bus_init(m);
	if (ret)
		return fail("bus", -ret);
	ret = wcard_sched_init(m);
	if (ret)
		return fail("engine threads", -ret);
	ret = wcard_safe_init(m);
	if (ret)
		return fail("safe operations", -ret);
	for (unsigned int i = 0; i < m->ncards; i++) {
		ret = wcard_cp_init(m->card[i]);
		if (ret)
			return fail("control processor", -ret);
	}
	for (unsigned int i = 0; i < m->ncards; i++) {
		ret = wcard_vfu_init(m->card[i], dir);
		if (ret)
			return fail(m->card[i]->path[0] ? m->card[i]->path : dir, -ret);
	}
	return 0;
}

/* Clients first (their loss resets the cards), then what resets need. */
static void stop(struct wcard_machine *m)
{
	m->closing = true;
	for (unsigned int i = 0; i < m->ncards; i++)
		wcard_vfu_fini(m->card[i]);
	for (unsigned int i = 0; i < m->ncards; i++)
		wcard_cp_fini(m->card[i]);
	m->quit = true;
	wcard_safe_fini(m);
	wcard_sched_fini(m);
	wcard_bus_fini(m);
	for (unsigned int i = 0; i < m->ncards; i++) {
		munmap(m->card[i]->lmem, m->card[i]->lmem_bytes);
		close(m->card[i]->lmem_fd);
		for (unsigned int k = 0; k < WCARD_NUM_ASIDS; k++)
			free(m->card[i]->as[k].cnt);
		free(m->card[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "cards", 1, NULL, 'n' }, { "socket-dir", 1, NULL, 'd' }, { "lmem-mib", 1, NULL, 'l' },
		{ "slots", 1, NULL, 's' }, { "engines", 1, NULL, 'e' }, { "msi", 0, NULL, 'm' },
		{ "no-exec", 0, NULL, 'x' }, { "key", 1, NULL, 'k' }, { "help", 0, NULL, 'h' }, { 0 }
	};
	static struct wcard_machine m = { .ncards = 1, .slots = 64, .lmem_bytes = 256u << 20, .caps = WCARD_CAPS };
	struct rlimit files = { 65536, 65536 };
	const char *dir = NULL;
	unsigned long n;
	bool msi = false;
	cpu_set_t cores;
	sigset_t set;
	int opt, sig;

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
			if (!number(optarg, 16, WCARD_NUM_QUEUES, &n))
				return usage("--slots takes 16 … 4096, not", optarg);
			m.slots = (unsigned int)n;
			break;
		case 'e':
			if (!number(optarg, 1, WCARD_MAX_ENGINES, &n))
				return usage("--engines takes 1 … 64, not", optarg);
			m.nengines = (unsigned int)n;
			break;
		case 'm':
			msi = true;
			break;
		case 'x':
			m.caps &= ~WEFT_CAP_EXEC;
			break;
		case 'k':
			if (!read_key(optarg, m.key))
				return usage("no key of 64 hex digits in", optarg);
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
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (start(&m, dir, msi))
		return 1;
	puts("ready");
	fflush(stdout);
	do
		sigwait(&set, &sig);
	while (sig == SIGPIPE);
	stop(&m);
	return 0;
}
