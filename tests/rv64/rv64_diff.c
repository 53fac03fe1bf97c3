/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * The interpreter against qemu-riscv64 on random programs. Each round builds an image of about a thousand blocks and
 * runs it three times: under QEMU, in ours at a stretch, and in ours one instruction at a time, where every executed
 * opcode is counted. Registers and scratch memory after every run of every block must be the same in all three.
 *
 * Environment: COUNT instructions to execute (default 10^7), SEED. Exit 0 same, 1 different or an opcode executed fewer
 * than MIN_PER_OPCODE times, 77 no qemu-riscv64.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rv64.h"
#include "rv64_gen.h"

#define RAM_BYTES	((RV64_END - RV64_BASE + 0xfffu) & ~0xfffu)
#define MIN_PER_OPCODE	1000u
#define HANG		(UINT64_C(1) << 30)	/* a round takes a hundredth of it */

struct diff {
	const char *qemu;
	struct rv64_image img;
	struct wcard_rv64 cpu;
	uint8_t *ram, *expected;
	size_t out_bytes;
	uint64_t executed, counts[256];
	double seconds_ours, seconds_all;
	uint64_t driver_too;			/* instructions run at a stretch, the driver's included */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t from_env(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

static char *find_program(const char *name)
{
	char *path = strdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin"), *save = NULL, *full;

	for (char *dir = strtok_r(path, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		if (asprintf(&full, "%s/%s", dir, name) < 0)
			abort();
		if (!access(full, X_OK)) {
			free(path);
			return full;
		}
		free(full);
	}
	free(path);
	return NULL;
}

/* Starts QEMU on the image; returns the read end of its standard output. */
static int start_qemu(struct diff *d, pid_t *pid)
{
	char name[] = "/tmp/rv64_diff.XXXXXX";
	int fd = mkstemp(name), out[2], err;
	char path[32];

	if (fd < 0)
		return -errno;
	unlink(name);
	err = fchmod(fd, 0700) ? -errno : rv64_image_write_elf(&d->img, fd);
	if (err || pipe(out)) {
		close(fd);
		return err ? err : -errno;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*pid = fork();
	if (*pid == 0) {
		dup2(out[1], 1);
		close(out[0]);
		close(out[1]);
		alarm(120);
		execl(d->qemu, d->qemu, path, (char *)NULL);
		_exit(127);
	}
	close(fd);
	close(out[1]);
	return out[0];
}

static bool read_qemu(struct diff *d, int fd, pid_t pid)
{
	size_t got = 0;
	int status;
	ssize_t n;

	while (got < d->out_bytes && (n = read(fd, d->expected + got, d->out_bytes - got)) > 0)
		got += (size_t)n;
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (got == d->out_bytes && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	printf("# qemu-riscv64 ended with status %#x after %zu of %zu bytes\n", (unsigned)status, got, d->out_bytes);
	return false;
}

static void load(struct diff *d)
{
	memcpy(d->ram, d->img.text, RV64_TEXT_BYTES);
	memcpy(d->ram + RV64_TEXT_BYTES, d->img.data, sizeof(d->img.data));
	memset(d->ram + (RV64_OUT - RV64_BASE), 0, d->out_bytes);
	wcard_rv64_reset(&d->cpu, RV64_BASE);
}

static bool stopped_at_end(const struct diff *d, enum wcard_rv64_stop why)
{
	/* mtvec is 0, outside RAM: the driver's ecall ends in a lockup that names its cause. */
	if (why == WCARD_RV64_LOCKUP && d->cpu.mcause == WCARD_RV64_ECALL_M)
		return true;
	printf("# ours stopped: reason %d, pc %#" PRIx64 ", mepc %#" PRIx64 ", mcause %" PRIu64 ", mtval %#" PRIx64 "\n",
	       why, d->cpu.pc, d->cpu.mepc, d->cpu.mcause, d->cpu.mtval);
	return false;
}

static bool run_stretch(struct diff *d)
{
	double t = now();
	uint64_t before = d->cpu.retired;
	bool ok = stopped_at_end(d, wcard_rv64_run(&d->cpu, HANG));

	d->seconds_ours += now() - t;
	d->driver_too += d->cpu.retired - before;
	return ok;
}

static bool run_steps(struct diff *d)
{
	enum wcard_rv64_stop why = WCARD_RV64_BUDGET;

	for (uint64_t n = 0; why == WCARD_RV64_BUDGET && n < HANG; n++) {
		uint64_t off = d->cpu.pc - RV64_BASE;
		unsigned id = off < RV64_TEXT_BYTES ? d->img.id[off / 2] : 0;

		d->counts[id]++;
		d->executed += id != 0;
		why = wcard_rv64_run(&d->cpu, 1);
	}
	return stopped_at_end(d, why);
}

static void show_block(const struct diff *d, uint32_t block)
{
	for (uint32_t at = d->img.block_at[block]; at < d->img.block_at[block + 1];) {
		uint32_t raw = 0;
		unsigned len = (d->img.text[at] & 3) == 3 ? 4 : 2;

		memcpy(&raw, d->img.text + at, len);
		if (raw)				/* not the gaps */
			printf("#   %08x: %0*x %s\n", RV64_BASE + at, (int)len * 2, raw,
			       rv64_id_name[d->img.id[at / 2]]);
		at += len;
	}
}

/* Compares the output area with QEMU's; what = "at a stretch" or "in steps". */
static bool same(const struct diff *d, const char *what)
{
	const uint8_t *ours = d->ram + (RV64_OUT - RV64_BASE);
	uint64_t a, b, in;
	size_t off = 0;

	if (!memcmp(ours, d->expected, d->out_bytes))
		return true;
	while (ours[off] == d->expected[off])
		off++;
	off &= ~(size_t)7;

	uint32_t run = (uint32_t)(off / RV64_OUT_BYTES), word = (uint32_t)(off % RV64_OUT_BYTES / 8);

	printf("# ours %s differs from qemu in block %u, iteration %u:\n", what, run / RV64_ITERATIONS,
	       run % RV64_ITERATIONS);
	for (size_t w = run * RV64_OUT_BYTES / 8; w < (run + 1) * RV64_OUT_BYTES / 8; w++) {
		memcpy(&a, ours + w * 8, 8);
		memcpy(&b, d->expected + w * 8, 8);
		word = (uint32_t)(w % (RV64_OUT_BYTES / 8));
		if (a == b)
			continue;
		if (word < 31)
			printf("#   x%-2u    ours %016" PRIx64 " qemu %016" PRIx64 "\n", word + 1, a, b);
		else
			printf("#   mem+%-3u ours %016" PRIx64 " qemu %016" PRIx64 "\n", (word - 32) * 8, a, b);
	}
	for (word = 0; word < 31; word++) {
		memcpy(&in, d->img.data + (RV64_IN - RV64_BASE - RV64_TEXT_BYTES) + run * RV64_IN_BYTES + word * 8, 8);
		printf("#   in x%-2u %016" PRIx64 "\n", word + 1, in);
	}
	show_block(d, run / RV64_ITERATIONS);
	return false;
}

static bool one_round(struct diff *d)
{
	pid_t pid = -1;
	int fd;
	bool ok;

	rv64_image_build(&d->img);
	d->out_bytes = (size_t)d->img.blocks * RV64_ITERATIONS * RV64_OUT_BYTES;
	fd = start_qemu(d, &pid);
	if (fd < 0) {
		printf("# cannot start %s: %s\n", d->qemu, strerror(-fd));
		return false;
	}
	ok = read_qemu(d, fd, pid);
	load(d);
	if (!ok || !run_stretch(d) || !same(d, "at a stretch"))
		return false;
	load(d);
	return run_steps(d) && same(d, "in steps");
}

static bool enough_of_each(const struct diff *d)
{
	unsigned rarest = 1;
	bool ok = true;

	for (unsigned id = 1; id < rv64_ids; id++) {
		if (d->counts[id] < d->counts[rarest])
			rarest = id;
		if (d->counts[id] < MIN_PER_OPCODE) {
			printf("# %s executed only %" PRIu64 " times\n", rv64_id_name[id], d->counts[id]);
			ok = false;
		}
		if (getenv("VERBOSE"))
			printf("# %12" PRIu64 " %s\n", d->counts[id], rv64_id_name[id]);
	}
	printf("# %u opcodes, rarest %s: %" PRIu64 " times\n", rv64_ids - 1, rv64_id_name[rarest], d->counts[rarest]);
	return ok;
}

int main(void)
{
	struct diff *d = calloc(1, sizeof(*d));
	uint64_t count = from_env("COUNT", 10000000), seed = from_env("SEED", 1);
	unsigned rounds = 0;
	bool ok = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!d)
		return 1;
	d->qemu = find_program("qemu-riscv64");
	if (!d->qemu) {
		printf("1..0 # SKIP qemu-riscv64 not found (Debian package qemu-user)\n");
		return 77;
	}
	d->ram = calloc(1, RAM_BYTES);
	d->expected = malloc(RV64_END - RV64_OUT);
	if (!d->ram || !d->expected ||
	    wcard_rv64_init(&d->cpu, &(struct wcard_rv64_config){
		.ram = d->ram, .ram_base = RV64_BASE, .ram_bytes = RAM_BYTES}))
		return 1;
	printf("# rv64_diff COUNT=%" PRIu64 " SEED=%" PRIu64 "\n", count, seed);
	d->img.rng = seed;
	d->seconds_all = now();
	while (ok && d->executed < count) {
		ok = one_round(d);
		rounds++;
	}
	if (!ok)
		printf("# in round %u of SEED=%" PRIu64 "\n", rounds, seed);
	else
		ok = enough_of_each(d);
	printf("# %" PRIu64 " random instructions in %u rounds, %.1f s; ours alone %.0f M instructions/s\n", d->executed,
	       rounds, now() - d->seconds_all, (double)d->driver_too / d->seconds_ours / 1e6);
	printf("1..1\n%s 1 - same as qemu-riscv64\n", ok ? "ok" : "not ok");
	wcard_rv64_fini(&d->cpu);
	free(d->ram);
	free(d->expected);
	free((char *)(uintptr_t)d->qemu);
	free(d);
	return ok ? 0 : 1;
}
