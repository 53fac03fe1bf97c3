// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Wills: however a queue ends without having ended its cells, whoever waits for them stops, and is told by whom and
 * why. The consumers are of this process, on the producer's card and on another; the producer is a process of its own
 * where it is killed.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define ALL	(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM)
#define SEM_RW	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM)
#define VA(i)	(0x900000000ULL + ((uint64_t)(i) << 16))
#define CELL	96		/* of the page, in bytes */
#define NEVER	(1ULL << 40)
#define MS	1000000LL

/* A queue that is not made takes no page: another file may signal there. */
static int refused_claims_nothing(void)
{
	struct drm_weft_will wills[2] = { { .id = 1 }, { .id = 2, .offset = 4 } };
	struct ks_uq owner, other;
	uint32_t handle;
	int fd;

	KS_OK(ks_uq_open(&owner, 0));
	KS_OK(ks_uq_open(&other, 0));
	KS_OK(ks_export(owner.fd, owner.cells_handle, ALL, &fd));
	KS_OK(ks_import(other.fd, fd, &handle));
	close(fd);
	wills[0].handle = owner.cells_handle;
	wills[1].handle = owner.cells_handle;
	KS_IS(ks_uq_start(&owner, wills, 2), -EINVAL);
	KS_OK(ks_bind(other.fd, other.vm, handle, VA(0), 4096, SEM_RW));
	/* now it is theirs */
	KS_IS(ks_uq_start(&owner, wills, 1), -EBUSY);
	ks_uq_close(&other);
	ks_uq_close(&owner);
	return 0;
}

static uint64_t poison(uint32_t cause, uint32_t serial, uint32_t id)
{
	return WEFT_CELL_FAULT(WEFT_CELL_POISON, cause, WEFT_CELL_ORIGIN(serial, id));
}

/* A queue here that waits for what will not come, and its cell as a dma-buf. */
static int consumer_open(struct ks_uq *c, int card, int *fd)
{
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA + CELL, NEVER);

	KS_OK(ks_uq_open(c, card));
	KS_OK(ks_export(c->fd, c->cells_handle, ALL, fd));
	KS_OK(ks_uq_start(c, NULL, 0));
	ks_uq_put(c, &wait);
	return 0;
}

/* A queue that says it signals the cells behind these descriptors, bound at VA(i). */
static int producer_open(struct ks_uq *p, int card, const int *fds, int count)
{
	struct drm_weft_will wills[4];
	int r = ks_uq_open(p, card);

	for (int i = 0; i < count && !r; i++) {
		uint32_t handle = 0;

		r = ks_import(p->fd, fds[i], &handle);
		if (!r)
			r = ks_bind(p->fd, p->vm, handle, VA(i), 4096, SEM_RW);
		wills[i] = (struct drm_weft_will){ .handle = handle, .id = 70 + i, .offset = CELL };
	}
	return r ? r : ks_uq_start(p, wills, count);
}

/* The victim: signals all its cells, for ever. */
static void signal_until_killed(int card, const int *fds, int count)
{
	struct ks_uq p;
	union weft_packet signal;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (producer_open(&p, card, fds, count))
		_exit(1);
	for (uint64_t i = 1;; i++) {
		for (int k = 0; k < count; k++) {
			signal = ks_pkt_signal(VA(k) + CELL, i, WEFT_SIG_VALUE);
			ks_uq_put(&p, &signal);
		}
	}
}

static int check_poisoned(struct ks_uq *c, uint64_t want)
{
	KS_OK(ks_uq_reach(c, WEFT_QS_FAULTED));
	KS_IS(c->state->cause, WEFT_FAULT_POISON);
	KS_CHECK(c->state->origin == want, "is %#llx, wanted %#llx", (unsigned long long)c->state->origin,
		 (unsigned long long)want);
	KS_CHECK(c->cells[CELL / 32].fault == want);
	KS_IS(c->state->wait_va, KS_CELLS_VA + CELL);
	return 0;
}

/* It takes its time for everything, the exit of a process first. */
static bool slow_kernel(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK) || !access("/sys/kernel/debug/kcsan", F_OK);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static bool peers(void)
{
	struct drm_weft_query_peer query = { .peer_fd = -1 };
	bool reachable = false;
	int fd;

	if (ks_cards() < 2)
		return false;
	fd = ks_open(0);
	query.peer_fd = ks_open(1);
	if (!ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query))
		reachable = query.refusal == DRM_WEFT_PEER_OK;
	close(query.peer_fd);
	close(fd);
	return reachable;
}

/* One producer killed at a random moment; the slowest of its consumers. */
static int kill_one(int producer, int count, int64_t *took)
{
	struct ks_uq c[2];
	int fds[2], status;
	uint32_t serial;
	int64_t from, until;
	pid_t pid;

	for (int k = 0; k < count; k++)
		KS_OK(consumer_open(&c[k], k, &fds[k]));
	serial = c[producer].serial;
	pid = fork();
	KS_CHECK(pid >= 0);
	if (!pid)
		signal_until_killed(producer, fds, count);
	until = ks_now_ns() + 20 * KS_SECOND;
	for (int k = 0; k < count; k++)
		while (!c[k].cells[CELL / 32].value)
			KS_CHECK(ks_now_ns() < until, "the producer did not start");
	usleep(ks_random() % 5000);
	from = ks_now_ns();
	kill(pid, SIGKILL);
	for (int k = 0; k < count; k++)
		while (c[k].state->run != WEFT_QS_FAULTED && ks_now_ns() < from + 10 * KS_SECOND)
			usleep(100);
	*took = ks_now_ns() - from;
	KS_CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "the producer ended by itself");
	for (int k = 0; k < count; k++) {
		KS_OK(check_poisoned(&c[k], poison(WEFT_FAULT_STOPPED, serial, 70 + k)));
		close(fds[k]);
		ks_uq_close(&c[k]);
	}
	return 0;
}

static int killed(void)
{
	long n = ks_iterations(50);
	int count = peers() ? 2 : 1;
	int64_t *took = calloc(n, sizeof(*took));
	bool slow = slow_kernel();

	KS_CHECK(took && n > 0);
	for (long i = 0; i < n; i++)
		if (kill_one(i % count, count, &took[i]))
			return -1;
	qsort(took, n, sizeof(*took), by_time);
	printf("# %d consumers, %ld rounds, from SIGKILL to the last of them stopped: median %.2f ms, p99 %.2f ms, max %.2f ms\n",
	       count, n, took[n / 2] / 1e6, took[(n * 99 + 99) / 100 - 1] / 1e6, took[n - 1] / 1e6);
	if (!slow)
		KS_CHECK(took[(n * 99 + 99) / 100 - 1] <= 100 * MS);
	KS_CHECK(took[n - 1] <= (slow ? 10 : 1) * KS_SECOND);
	free(took);
	return 0;
}

static int open_pair(struct ks_uq *p, struct ks_uq *c, int cards)
{
	int fd;

	KS_OK(consumer_open(c, cards, &fd));
	KS_OK(producer_open(p, 0, &fd, 1));
	close(fd);
	return 0;
}

static int ways_to_end(void)
{
	union weft_packet bad = { .word = { 0xee } }, signal;
	int other = peers() ? 1 : 0;
	struct ks_uq p, c;

	/* destroyed */
	KS_OK(open_pair(&p, &c, 0));
	KS_OK(ks_uq_stop(&p));
	KS_CHECK(c.cells[CELL / 32].fault == poison(WEFT_FAULT_STOPPED, p.serial, 70), "not done when the call returned");
	KS_OK(check_poisoned(&c, poison(WEFT_FAULT_STOPPED, p.serial, 70)));
	ks_uq_close(&p);
	ks_uq_close(&c);
	/* a fault; the queue stays, its destruction adds nothing */
	KS_OK(open_pair(&p, &c, other));
	ks_uq_put(&p, &bad);
	KS_OK(check_poisoned(&c, poison(WEFT_FAULT_OPCODE, p.serial, 70)));
	KS_IS(p.state->run, WEFT_QS_FAULTED);
	KS_OK(ks_uq_stop(&p));
	KS_OK(check_poisoned(&c, poison(WEFT_FAULT_OPCODE, p.serial, 70)));
	ks_uq_close(&p);
	ks_uq_close(&c);
	/* ended in good order: nothing is poisoned */
	KS_OK(open_pair(&p, &c, other));
	signal = ks_pkt_signal(VA(0) + CELL, 5, WEFT_SIG_VALUE | WEFT_SIG_END);
	ks_uq_put(&p, &signal);
	KS_OK(ks_uq_drain(&p));
	ks_uq_close(&p);
	KS_OK(ks_uq_drain(&c));
	KS_IS(c.cells[CELL / 32].fault, 0);
	KS_OK(ks_uq_reach(&c, WEFT_QS_IDLE));
	ks_uq_close(&c);
	if (!other)
		return 0;
	/* its card is reset */
	KS_OK(open_pair(&p, &c, 1));
	KS_OK(ks_reset(0));
	KS_OK(check_poisoned(&c, poison(WEFT_FAULT_RESET, p.serial, 70)));
	ks_uq_close(&p);
	ks_uq_close(&c);
	return 0;
}

/* A process of its own: its cell goes over the socket, then it waits for what that is poisoned with. */
static pid_t consume(int card, int sock, uint64_t want)
{
	struct ks_uq c;
	pid_t pid;
	int fd;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (consumer_open(&c, card, &fd) || ks_uq_reach(&c, WEFT_QS_PARKED) || ks_send_fd(sock, fd) || check_poisoned(&c, want)) {
		fflush(stdout);
		_exit(1);
	}
	ks_uq_close(&c);
	_exit(0);
}

/* The producer's driver is unbound: who waits on other cards, in other processes, is told by whom. */
static int card_unbound(void)
{
	struct drm_weft_device device;
	int other[2] = { 1, ks_cards() - 1 }, fds[2], pair[2], status;
	struct ks_uq p;
	char pci[32];
	pid_t pid[2];

	if (!peers())
		return ks_skip("p2pdma");
	fds[0] = ks_open(0);
	KS_OK(ks_device(fds[0], &device));
	close(fds[0]);
	KS_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	for (int i = 0; i < 2; i++) {
		pid[i] = consume(other[i], pair[1], poison(WEFT_FAULT_RESET, device.serial, 70 + i));
		KS_CHECK(pid[i] > 0);
		fds[i] = ks_receive_fd(pair[0]);
		KS_CHECK(fds[i] >= 0, "%d", fds[i]);
	}
	KS_OK(producer_open(&p, 0, fds, 2));
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_driver("unbind", pci));
	for (int i = 0; i < 2; i++) {
		KS_CHECK(waitpid(pid[i], &status, 0) == pid[i]);
		KS_CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "consumer %d on card %d: status %#x", i, other[i], status);
		close(fds[i]);
		close(pair[i]);
	}
	ks_uq_close(&p);
	KS_OK(ks_driver("bind", pci));
	return 0;
}

/* A holder that is reset or gone makes nobody wait. */
static int holder_goes(void)
{
	char pci[32];
	struct ks_uq p, c;
	int64_t from;

	if (!peers())
		return ks_skip("p2pdma");
	KS_OK(open_pair(&p, &c, 1));
	KS_OK(ks_reset(1));
	from = ks_now_ns();
	KS_OK(ks_uq_stop(&p));
	KS_CHECK(ks_now_ns() - from < 2 * KS_SECOND);
	KS_IS(c.cells[CELL / 32].fault, 0);
	ks_uq_close(&p);
	ks_uq_close(&c);

	KS_OK(open_pair(&p, &c, 1));
	snprintf(pci, sizeof(pci), "%s", ks_pci(1));
	KS_OK(ks_driver("unbind", pci));
	from = ks_now_ns();
	ks_uq_close(&p);
	KS_CHECK(ks_now_ns() - from < 2 * KS_SECOND);
	ks_uq_close(&c);
	KS_OK(ks_driver("bind", pci));
	return 0;
}

/* p signals m, m signals c; m stops because p did, and c hears of p. */
static int first_origin(void)
{
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA + CELL, NEVER);
	int other = peers() ? 1 : 0, from_c, from_m;
	struct ks_uq p, m, c;
	uint64_t want;

	KS_OK(consumer_open(&c, 0, &from_c));
	KS_OK(producer_open(&m, other, &from_c, 1));
	ks_uq_put(&m, &wait);
	KS_OK(ks_export(m.fd, m.cells_handle, ALL, &from_m));
	KS_OK(producer_open(&p, 0, &from_m, 1));
	KS_OK(ks_uq_reach(&m, WEFT_QS_PARKED));
	want = poison(WEFT_FAULT_STOPPED, p.serial, 70);
	close(from_c);
	close(from_m);
	ks_uq_close(&p);
	KS_OK(check_poisoned(&m, want));
	KS_OK(check_poisoned(&c, want));
	ks_uq_close(&m);
	ks_uq_close(&c);
	return 0;
}

/* As many as there may be, in one object of each of @cards cards in turn; all are carried out. */
static int many_of(int cards)
{
	static struct drm_weft_will wills[DRM_WEFT_MAX_WILLS];
	struct drm_weft_user_queue_create args;
	const volatile struct weft_cell *cells[2];
	struct ks_uq q, holder[2];
	uint32_t handle[2];
	int64_t from, took;

	KS_OK(ks_uq_open(&q, 0));
	for (int k = 0; k < cards; k++) {
		uint32_t own;
		int fd;

		KS_OK(ks_uq_open(&holder[k], k));
		KS_OK(ks_gem_create(holder[k].fd, 32 * DRM_WEFT_MAX_WILLS, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, &own));
		KS_OK(ks_export(holder[k].fd, own, ALL, &fd));
		KS_OK(ks_import(q.fd, fd, &handle[k]));
		close(fd);
		cells[k] = ks_gem_map(holder[k].fd, own, PROT_READ);
		KS_CHECK(cells[k] != MAP_FAILED);
	}
	for (int i = 0; i < DRM_WEFT_MAX_WILLS; i++)
		wills[i] = (struct drm_weft_will){ .handle = handle[i % cards], .id = i, .offset = 32 * i };
	args = ks_uq_args(&q);
	args.wills = (uintptr_t)wills;
	args.num_wills = DRM_WEFT_MAX_WILLS;
	KS_OK(ks_uq_start_with(&q, &args));
	KS_IS(ks_count(0, "live_wills"), DRM_WEFT_MAX_WILLS);
	from = ks_now_ns();
	KS_OK(ks_uq_stop(&q));
	took = ks_now_ns() - from;
	printf("# %d wills: %lld ms\n", DRM_WEFT_MAX_WILLS, (long long)took / MS);
	/* the bound of a will, where the card takes all at once */
	KS_CHECK(took <= (slow_kernel() || getenv("WILLS_SLOW") ? 10 : 1) * KS_SECOND);
	KS_IS(ks_count(0, "live_wills"), 0);
	for (int i = 0; i < DRM_WEFT_MAX_WILLS; i++) {
		uint64_t word = cells[i % cards][i].fault;

		KS_CHECK(word == poison(WEFT_FAULT_STOPPED, q.serial, i), "cell %d", i);
	}
	for (int k = 0; k < cards; k++) {
		munmap((void *)cells[k], 32 * DRM_WEFT_MAX_WILLS);
		ks_uq_close(&holder[k]);
	}
	ks_uq_close(&q);
	return 0;
}

static int many(void)
{
	return many_of(1);
}

static int many_in_turn(void)
{
	return peers() ? many_of(2) : ks_skip("p2pdma");
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "producers killed at random moments", killed },
		{ "destroyed, faulted, ended, reset", ways_to_end },
		{ "the producer's card is unbound, consumers of other processes are told", card_unbound },
		{ "the first origin is passed on", first_origin },
		{ "the holder is reset or gone", holder_goes },
		{ "a queue that is refused claims nothing", refused_claims_nothing },
		{ "as many as there may be", many },
		{ "as many as there may be, of two cards in turn", many_in_turn },
	};

	return ks_main("will", tests, sizeof(tests) / sizeof(tests[0]));
}
