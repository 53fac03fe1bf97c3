// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * kfuzz CORPUS [DIRECTORY]: replays the corpus, then mutates it for FUZZ_S seconds or COUNT calls. Programs are run by a
 * child; a call that takes long is interrupted, a program that takes very long is killed. A finding is a splat in the
 * kernel's log, something held after all was closed, or a process that outlives SIGKILL; the last programs are shown and
 * written to DIRECTORY/finding.txt. DIRECTORY/corpus.txt gets what reached something new, as small as it could be made,
 * DIRECTORY/places.txt the places reached, from the start of the module's text.
 */
#define _GNU_SOURCE
#include "kf.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MAX_CORPUS	4096
#define RECENT		24
#define NUDGE_NS	(25 * 1000000LL)
#define KILL_NS		(30 * KS_SECOND)
#define LEAKS_EVERY	1000	/* programs */

static struct kf_shared *shared;
static struct kf_cover total;
static struct kf_program *corpus, recent[RECENT];
static unsigned int num_corpus, num_recent;
static uint64_t killed, died, since_leaks;
static pid_t child;
static int kmsg = -1;
static bool slow;	/* a card gave up its clearing queue, as on a machine that has no time for it */
static char pci[2][32], finding[512];
static const char *corpus_path, *directory;

/* --- the child --- */

static void start_child(void)
{
	uint64_t seed = kf_random();

	sem_init(&shared->go, 1, 0);
	sem_init(&shared->done, 1, 0);
	shared->since[0] = shared->since[1] = 0;
	fflush(stdout);
	child = fork();
	if (child)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(0);
	kf_seed(seed);
	kf_execute_init(shared, pci[0], pci[1]);
	for (;;) {
		while (sem_wait(&shared->go))
			;
		kf_execute();
		sem_post(&shared->done);
	}
}

static void show_stack(void)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stack", child);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	printf("# %s\n", text);
}

/* Ends it; false when it does not die. */
static bool end_child(void)
{
	int64_t until = ks_now_ns() + 60 * KS_SECOND;

	if (!child)
		return true;
	kill(child, SIGKILL);
	while (waitpid(child, NULL, WNOHANG) != child) {
		if (ks_now_ns() > until) {
			show_stack();
			snprintf(finding, sizeof(finding), "process %d outlives SIGKILL", child);
			child = 0;
			return false;
		}
		usleep(1000);
	}
	child = 0;
	return true;
}

static void nudge(int64_t start)
{
	int64_t now = ks_now_ns();

	for (int t = 0; t < KF_THREADS; t++)
		if (shared->since[t] && now - shared->since[t] > NUDGE_NS && now - start > NUDGE_NS)
			syscall(SYS_tgkill, child, shared->tid[t], SIGUSR1);
}

/* Whether the program ran to its end; its coverage is in shared->cover. */
static bool run(const struct kf_program *p)
{
	int64_t start = ks_now_ns();
	struct timespec until;
	int status;

	if (!child)
		start_child();
	shared->program = *p;
	recent[num_recent++ % RECENT] = *p;
	since_leaks++;
	sem_post(&shared->go);
	for (;;) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 10000000;
		until.tv_sec += until.tv_nsec / KS_SECOND;
		until.tv_nsec %= KS_SECOND;
		if (!sem_timedwait(&shared->done, &until))
			return true;
		if (waitpid(child, &status, WNOHANG) == child) {
			if (!died++)
				printf("# a process ended with %#x\n", status);
			child = 0;
			return false;
		}
		nudge(start);
		if (ks_now_ns() - start > KILL_NS) {
			killed++;
			show_stack();
			end_child();
			return false;
		}
	}
}

/* --- findings --- */

static bool bad(const char *line)
{
	static const char *const words[] = {
		"WARNING:", "BUG:", "BUG ", "KASAN", "UBSAN", "Oops", "general protection", "possible circular",
		"possible recursive", "possible irq", "inconsistent lock", "suspicious RCU", "INFO: task", "INFO: rcu",
		"held lock freed", "bad unlock", "refcount_t", "corruption", "still has locks", "sleeping function",
		"unable to handle", "ODEBUG", "Bad page",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* Reads the kernel's log up to its end. */
static void check_log(void)
{
	char line[4096];
	ssize_t n;

	for (;;) {
		n = read(kmsg, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)	/* overtaken */
			continue;
		if (n <= 0)
			return;
		line[n] = 0;
		if (strstr(line, "clearing by processor")) {
			slow = true;
			printf("# a card gave up its clearing queue after:\n");
			for (unsigned int i = num_recent > 2 ? num_recent - 2 : 0; i < num_recent; i++)
				kf_text_write(stdout, &recent[i % RECENT]);
		}
		if (!finding[0] && bad(line))
			snprintf(finding, sizeof(finding), "%.400s", strchr(line, ';') ? strchr(line, ';') + 1 : line);
	}
}

static void check_leaks(void)
{
	char what[256] = "";

	since_leaks = 0;
	if (!end_child())
		return;
	/* bound already, so that nothing happens but that the nodes are looked for again */
	ks_driver("bind", pci[0]);
	check_log();
	for (int card = 0; card < 2 && slow; card++) {	/* a reset gives it a new one */
		char path[128];

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", pci[card]);
		ks_write(path, "1");
	}
	slow = false;
	if (ks_leaks(what, sizeof(what)))
		snprintf(finding, sizeof(finding), "held after all was closed: %s", what);
}

static void show_finding(void)
{
	char path[256];
	FILE *f = NULL;

	if (directory) {
		snprintf(path, sizeof(path), "%s/finding.txt", directory);
		f = fopen(path, "w");
	}
	for (int pass = 0; pass < 2; pass++) {
		FILE *to = pass ? f : stdout;

		if (!to)
			continue;
		fprintf(to, "# finding: %s\n# the last programs, the last one last\n", finding);
		for (unsigned int i = num_recent > RECENT ? num_recent - RECENT : 0; i < num_recent; i++)
			kf_text_write(to, &recent[i % RECENT]);
	}
	if (f)
		fclose(f);
}

/* --- the corpus --- */

static bool reaches(const uint64_t *wanted, unsigned int num)
{
	for (unsigned int i = 0; i < num; i++)
		if (!kf_cover_has(&shared->cover, wanted[i]))
			return false;
	return true;
}

/* Leaves out what is not needed to get to the same new signals. */
static void shrink(struct kf_program *p, const uint64_t *wanted, unsigned int num)
{
	int64_t until = ks_now_ns() + 5 * KS_SECOND;	/* resets take long */
	struct kf_program q;

	for (int i = p->num - 1; i >= 0 && p->num > 1 && ks_now_ns() < until; i--) {
		q = *p;
		memmove(&q.call[i], &q.call[i + 1], (q.num - i - 1) * sizeof(q.call[0]));
		q.num--;
		if (run(&q) && reaches(wanted, num))
			*p = q;
	}
	for (unsigned int i = 0; i < p->num && ks_now_ns() < until; i++) {
		if (!p->call[i].thread && !p->call[i].nth)
			continue;
		q = *p;
		q.call[i].thread = q.call[i].nth = 0;
		if (run(&q) && reaches(wanted, num))
			*p = q;
	}
}

/* Takes a program that has just run into the corpus if it reached something new. */
static void consider(const struct kf_program *p, bool small)
{
	static uint64_t wanted[4096];
	struct kf_program q = *p;
	unsigned int num = 0;
	bool place = false;

	for (uint32_t i = 0; i < shared->cover.num && num < 4096; i++) {
		uint64_t signal = shared->cover.seen[shared->cover.used[i]];

		if (!kf_cover_add(&total, signal))
			continue;
		wanted[num++] = signal;
		place |= (signal & KF_PC) != 0;
	}
	if (!num)
		return;
	if (place && !small)
		shrink(&q, wanted, num);
	if (num_corpus < MAX_CORPUS)
		corpus[num_corpus++] = q;
}

static int replay(void)
{
	FILE *f = fopen(corpus_path, "r");
	struct kf_program p;
	unsigned int n = 0;
	int r;

	KS_CHECK(f, "%s: %s", corpus_path, strerror(errno));
	while ((r = kf_text_read(f, &p)) == 1 && !finding[0]) {
		if (run(&p))
			consider(&p, true);
		check_log();
		n++;
	}
	fclose(f);
	KS_CHECK(finding[0] || !r, "%s: program %u is none", corpus_path, n + 1);
	printf("# corpus: %u programs, %u of use, %u places\n", n, num_corpus, total.places);
	return 0;
}

static void write_results(void)
{
	unsigned long long text = 0;
	char path[256];
	FILE *f;

	f = fopen("/sys/module/weft/sections/.text", "r");
	if (f) {
		if (fscanf(f, "%llx", &text) != 1)
			text = 0;
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/places.txt", directory);
	f = fopen(path, "w");
	if (f) {
		for (uint32_t i = 0; i < total.num; i++)
			if (total.seen[total.used[i]] & KF_PC)
				fprintf(f, "%x\n", (uint32_t)total.seen[total.used[i]] - (uint32_t)text);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/corpus.txt", directory);
	f = fopen(path, "w");
	if (f) {
		for (unsigned int i = 0; i < num_corpus; i++)
			kf_text_write(f, &corpus[i]);
		fclose(f);
	}
}

static void report(int64_t start)
{
	double seconds = (ks_now_ns() - start) / 1e9;

	printf("# %llu calls, %.0f/s, %llu programs, %llu failures injected, %u places, %u results, corpus %u, %llu killed, "
	       "%llu died\n", (unsigned long long)shared->calls, shared->calls / seconds,
	       (unsigned long long)shared->programs, (unsigned long long)shared->injected, total.places,
	       total.num - total.places, num_corpus, (unsigned long long)killed, (unsigned long long)died);
}

/* Where the time went. */
static void report_spent(void)
{
	printf("# ms:");
	for (unsigned int i = 0; i < 64; i++)
		if (shared->spent[i] > 1000000)
			printf(" %s %llu", i < kf_table_size ? kf_table[i].name : "ending", (unsigned long long)shared->spent[i] / 1000000);
	printf("\n");
}

static int fuzz(void)
{
	const char *limit = getenv("FUZZ_S"), *least = getenv("KFUZZ_PLACES");
	double seconds = limit && *limit ? strtod(limit, NULL) : 0;
	uint64_t calls = seconds ? ~0ULL : (uint64_t)ks_iterations(10000);
	int64_t start = ks_now_ns(), told = start;
	struct kf_program p;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	corpus = calloc(MAX_CORPUS, sizeof(*corpus));
	KS_CHECK(shared != MAP_FAILED && corpus);
	KS_CHECK(ks_cards() >= 2, "two cards are wanted");
	kf_seed(ks_random());
	for (int card = 0; card < 2; card++)
		snprintf(pci[card], sizeof(pci[card]), "%s", ks_pci(card));
	ks_write("/proc/sys/kernel/panic_on_oops", "0");
	ks_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	ks_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	ks_write("/sys/kernel/debug/failslab/verbose", "0");
	ks_write("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	if (replay())
		return -1;
	while (!finding[0] && shared->calls < calls && (!seconds || ks_now_ns() - start < seconds * 1e9)) {
		if (!num_corpus || !kf_below(12)) {
			kf_generate(&p);
		} else {
			p = corpus[kf_below(num_corpus)];
			kf_mutate(&p, &corpus[kf_below(num_corpus)]);
		}
		if (run(&p))
			consider(&p, false);
		check_log();
		if (since_leaks >= LEAKS_EVERY && !finding[0])
			check_leaks();
		if (ks_now_ns() - told > 20 * KS_SECOND) {
			told = ks_now_ns();
			report(start);
		}
	}
	if (!finding[0])
		check_leaks();
	check_log();
	report(start);
	report_spent();
	if (directory)
		write_results();
	if (finding[0])
		show_finding();
	end_child();
	KS_CHECK(!finding[0], "%s", finding);
	KS_CHECK(!least || total.places >= strtoul(least, NULL, 0), "%u places reached, %s wanted", total.places, least);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct ks_test tests[] = {
		{ "calls of every kind, two threads, failing allocations", fuzz },
	};

	corpus_path = argc > 1 ? argv[1] : "/dev/null";
	directory = argc > 2 ? argv[2] : NULL;
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
	return ks_main("kfuzz", tests, sizeof(tests) / sizeof(tests[0]));
}
