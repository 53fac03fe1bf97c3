// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Runs programs, one after the other, each with files of its own. Two threads: the second sleeps until the program's
 * first call that is its own, and from there both run their calls side by side.
 */
#define _GNU_SOURCE
#include "kf.h"

#include <dirent.h>
#include <fcntl.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>

static struct kf_process process;
static struct kf_shared *shared;
static struct {
	struct kf_trace *trace;
	struct kf_cover results;	/* of this thread's calls */
	int nth_fd;
	uint8_t *buffer;
	sem_t go, done;
} thread[KF_THREADS];
static unsigned int second_from;
static __thread sigjmp_buf *guard;

static void on_fault(int sig)
{
	if (guard)
		siglongjmp(*guard, sig);
	signal(sig, SIG_DFL);
}

static void on_nudge(int sig)
{
	(void)sig;
}

bool kf_guarded(void (*fn)(void *), void *arg)
{
	sigjmp_buf here;
	bool whole = false;

	if (!sigsetjmp(here, 1)) {
		guard = &here;
		fn(arg);
		whole = true;
	}
	guard = NULL;
	return whole;
}

/* --- what calls make --- */

void kf_make(struct kf_process *p, enum kf_pool pool, uint64_t value, uint64_t extra)
{
	pthread_mutex_lock(&p->lock);
	if (p->num[pool] < KF_MADE) {
		p->made[pool][p->num[pool]] = value;
		p->extra[pool][p->num[pool]++] = extra;
	} else if (pool == KF_FD) {
		close(value);
	}
	pthread_mutex_unlock(&p->lock);
}

static uint64_t find(struct kf_process *p, enum kf_pool pool, uint64_t arg, uint64_t *extra, bool take)
{
	uint64_t value = 0;
	unsigned int i;

	pthread_mutex_lock(&p->lock);
	if (p->num[pool]) {
		i = arg % p->num[pool];
		value = p->made[pool][i];
		if (extra)
			*extra = p->extra[pool][i];
		if (take) {
			p->made[pool][i] = p->made[pool][--p->num[pool]];
			p->extra[pool][i] = p->extra[pool][p->num[pool]];
		}
	}
	pthread_mutex_unlock(&p->lock);
	return value;
}

uint64_t kf_pick(struct kf_process *p, enum kf_pool pool, uint64_t arg, uint64_t *extra)
{
	return find(p, pool, arg, extra, false);
}

uint64_t kf_take(struct kf_process *p, enum kf_pool pool, uint64_t arg, uint64_t *extra)
{
	return find(p, pool, arg, extra, true);
}

/* The node of a card may have another number after its driver was bound again. */
static int open_card(const char *pci)
{
	char path[128];
	struct dirent *entry;
	DIR *dir;
	int fd = -1;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/accel", pci);
	dir = opendir(path);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "accel", 5))
			continue;
		snprintf(path, sizeof(path), "/dev/accel/%.32s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

long kf_file(struct kf_process *p, unsigned int file)
{
	file %= KF_FILES;
	pthread_mutex_lock(&p->lock);
	if (p->fd[file] < 0)
		p->fd[file] = open_card(p->pci[file == 2]);
	pthread_mutex_unlock(&p->lock);
	return p->fd[file];
}

/* --- one call --- */

static uint64_t pointer(uint64_t arg, uint8_t *buffer, uint64_t behind)
{
	switch (arg) {
	case 1: return 0;
	case 2: return 0x100000;			/* not mapped */
	case 3: return (uintptr_t)kf_table & ~4095ULL;	/* not writable */
	default: return (uintptr_t)buffer + KF_ARRAY + (behind > 1 ? behind : 0);
	}
}

static uint64_t value_of(const struct kf_field *f, uint64_t arg, uint8_t *buffer)
{
	if (f->type == KF_T_BOUND)
		return arg % (f->limit + 1);
	if (arg & KF_RAW) {
		arg &= ~KF_RAW;
		return f->type == KF_T_TIME && arg > 5000000 && arg < 700 * KS_SECOND ? 5000000 : arg;
	}
	switch (f->type) {
	case KF_T_POOL: return f->size ? kf_pick(&process, arg & KF_OTHER ? KF_FD : f->limit, arg, NULL) : arg;
	case KF_T_VA: return arg << 20;
	case KF_T_TIME: return arg > 5000000 && arg < 700 * KS_SECOND ? 5000000 : arg;
	case KF_T_POINTER: return pointer(arg, buffer, f->limit);
	case KF_T_FILE: return f->size ? (uint64_t)kf_file(&process, arg) : arg;
	default: return arg;
	}
}

static void set_nth(int fd, unsigned int nth)
{
	char text[8];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (fd >= 0 && pwrite(fd, text, n, 0) != n)
		_exit(3);
}

static bool injected(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
}

static long issue(const struct kf_desc *d, const struct kf_call *c, const uint64_t *arg, uint8_t *buffer)
{
	int fd;

	if (d->kind == KF_SPECIAL)
		return d->run(&process, arg, c->file);
	fd = kf_file(&process, c->file);
	if (fd < 0)
		return -EBADF;
	if (d->kind == KF_URING)
		return kf_ring_command(&process, d, arg, fd, buffer);
	return ioctl(fd, d->request, buffer) ? -errno : 0;
}

static void run_call(unsigned int self, const struct kf_call *c)
{
	const struct kf_desc *d = &kf_table[c->desc];
	uint8_t *buffer = thread[self].buffer;
	unsigned int n = kf_fields(d);
	uint64_t arg[KF_ARGS] = { 0 }, out;
	int nth_fd = thread[self].nth_fd;
	long r;

	if (d->kind != KF_URING || kf_below(4))		/* a pending command may still use what is there */
		memset(buffer, 0, KF_BUFFER);
	for (unsigned int a = 0; a < n; a++) {
		arg[a] = value_of(&d->field[a], c->arg[a], buffer);
		if (d->field[a].size)
			memcpy(buffer + d->field[a].offset, &arg[a], d->field[a].size);
	}
	if (d->kind != KF_SPECIAL)
		kf_file(&process, c->file);
	shared->since[self] = ks_now_ns();
	if (c->nth)
		set_nth(nth_fd, c->nth);
	r = issue(d, c, arg, buffer);
	if (c->nth) {
		__atomic_fetch_add(&shared->injected, nth_fd >= 0 && injected(nth_fd), __ATOMIC_RELAXED);
		set_nth(nth_fd, 0);
	}
	shared->spent[c->desc] += ks_now_ns() - shared->since[self];
	shared->since[self] = 0;
	__atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
	kf_cover_result(&thread[self].results, c->desc, r);
	for (int o = 0; d->kind == KF_IOCTL && r >= 0 && o < 4 && d->output[o].size; o++) {
		out = 0;
		memcpy(&out, buffer + d->output[o].offset, d->output[o].size);
		if (d->output[o].pool != KF_OFFSET || out)
			kf_make(&process, d->output[o].pool, out, c->file);
	}
}

/* --- one program --- */

static void run_thread(unsigned int self)
{
	const struct kf_program *p = &shared->program;
	bool started = false;

	kf_trace_begin(thread[self].trace);
	for (unsigned int i = self ? second_from : 0; i < p->num; i++) {
		if (!self && i == second_from) {
			sem_post(&thread[1].go);
			started = true;
		}
		if (p->call[i].thread == self)
			run_call(self, &p->call[i]);
	}
	if (started)
		while (sem_wait(&thread[1].done))
			;
}

static void start_thread(unsigned int self)
{
	shared->tid[self] = syscall(SYS_gettid);
	thread[self].nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	thread[self].trace = kf_trace_open();
	thread[self].buffer = mmap(NULL, KF_BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (!thread[self].trace || thread[self].buffer == MAP_FAILED)
		_exit(4);
}

static void *second(void *arg)
{
	start_thread(1);
	sem_post(&thread[1].done);
	for (;;) {
		while (sem_wait(&thread[1].go))
			;
		run_thread(1);
		sem_post(&thread[1].done);
	}
	return arg;
}

void kf_execute_init(struct kf_shared *with, const char *pci0, const char *pci1)
{
	struct sigaction fault = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, nudge = { .sa_handler = on_nudge };
	pthread_t id;

	shared = with;
	process.pci[0] = pci0;
	process.pci[1] = pci1;
	pthread_mutex_init(&process.lock, NULL);
	for (int f = 0; f < KF_FILES; f++)
		process.fd[f] = -1;
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGUSR1, &nudge, NULL);
	signal(SIGPIPE, SIG_IGN);
	sem_init(&thread[1].go, 0, 0);
	sem_init(&thread[1].done, 0, 0);
	start_thread(0);
	if (pthread_create(&id, NULL, second, NULL))
		_exit(5);
	while (sem_wait(&thread[1].done))
		;
}

/* Everything that the program made ends, in an order that depends on it. */
static void finish(void)
{
	bool files_first = kf_below(2);
	uint64_t value, extra;

	for (int pass = 0; pass < 2; pass++) {
		for (int f = 0; f < KF_FILES && pass == !files_first; f++) {
			if (process.fd[f] >= 0)
				close(process.fd[f]);
			process.fd[f] = -1;
		}
		while (pass == files_first && (value = kf_take(&process, KF_RING, 0, NULL)))
			kf_ring_free(value);
	}
	while ((value = kf_take(&process, KF_MAP, 0, &extra)))
		munmap((void *)(uintptr_t)value, extra);
	while ((value = kf_take(&process, KF_FD, 0, NULL)))
		close(value);
	memset(process.num, 0, sizeof(process.num));
}

void kf_execute(void)
{
	const struct kf_program *p = &shared->program;

	kf_cover_clear(&shared->cover);
	kf_cover_clear(&thread[0].results);
	kf_cover_clear(&thread[1].results);
	second_from = 0;
	while (second_from < p->num && !p->call[second_from].thread)
		second_from++;
	process.alone = second_from == p->num;
	run_thread(0);
	shared->since[0] = ks_now_ns();
	finish();
	shared->spent[63] += ks_now_ns() - shared->since[0];
	shared->since[0] = 0;
	for (int t = 0; t < KF_THREADS; t++) {
		const struct kf_cover *r = &thread[t].results;

		if (t == 0 || second_from < p->num)
			kf_trace_end(thread[t].trace, &shared->cover);
		for (uint32_t i = 0; i < r->num; i++)
			kf_cover_add(&shared->cover, r->seen[r->used[i]]);
	}
	shared->programs++;
}
