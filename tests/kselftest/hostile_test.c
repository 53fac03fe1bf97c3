// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Two hostile processes and one that minds its own business. The hostile ones feed user queues with random packets,
 * addresses, cells, kicks and wills. All three have assets in address spaces of their own: memory filled with a secret,
 * cells that nobody signals, a queue parked on one, a queue inside a LOOP. Whatever the hostile ones do, no asset is
 * read, written, woken or stopped.
 */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SIDES		3			/* 0 is the quiet one */
#define SEM_RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM)
#define CELLS_RW	0x700100000ULL		/* the cells once more, writable */
#define ASSET_VA(i)	(0x800000000ULL + 0x10000000ULL * (i))	/* of side i alone: local, 1 MiB behind it guest memory */
#define ASSET_BYTES	65536ULL
#define LOOP_AT		0xf0000ULL		/* in the data of the looping queue */
#define WORK_BYTES	0x40000ULL		/* what random packets use of the attacker's own data */
#define LISTS_AT	(WORK_BYTES - 0x10000)
#define TABLE_AT	(WORK_BYTES - 0x4000)
#define LISTS		8
#define LIST_PACKETS	16

struct common {
	volatile int ready[SIDES];
	volatile long packets[SIDES], ended[SIDES], refused[SIDES];
	char text[SIDES][256];
};

struct asset {
	struct ks_uq park, loop;
	uint8_t *mem[2];
	uint64_t last, retired, since;
};

static struct common *common;
static int self;
static uint64_t rng;
static bool mild;	/* for some rounds packets mostly run, so that what comes behind them runs too */

#define HOLDS(cond, ...) \
	do { \
		if (!(cond)) { \
			snprintf(common->text[self], sizeof(common->text[self]), __VA_ARGS__); \
			return -1; \
		} \
	} while (0)

static uint64_t rnd(void)
{
	uint64_t z = (rng += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

/* No byte of it is like another, so that it is known again at any offset. */
static uint64_t secret(int side)
{
	return 0x8f1b5ae34c7d2960ULL + 0x0101010101010101ULL * side;
}

static void fill_secret(uint8_t *p, uint64_t bytes, int side)
{
	uint64_t word = secret(side);

	for (uint64_t i = 0; i < bytes; i += 8)
		memcpy(p + i, &word, 8);
}

static int bind_new(struct ks_uq *q, uint32_t place, uint64_t va, uint8_t **p)
{
	uint32_t handle;
	int r = ks_gem_create(q->fd, ASSET_BYTES, place, 0, &handle);

	if (!r)
		r = ks_bind(q->fd, q->vm, handle, va, ASSET_BYTES, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE);
	if (r)
		return r;
	*p = ks_gem_map(q->fd, handle, PROT_READ | PROT_WRITE);
	return *p == MAP_FAILED ? -errno : 0;
}

static int parked(struct ks_uq *q)
{
	int64_t until = ks_now_ns() + 20 * KS_SECOND;

	while (q->state->run != WEFT_QS_PARKED) {
		HOLDS(q->state->run != WEFT_QS_FAULTED && q->state->run != WEFT_QS_STOPPED,
		      "side %d: its queue was stopped: run %u, cause %u", self, q->state->run, q->state->cause);
		HOLDS(ks_now_ns() < until, "side %d: its queue did not get to its cell: run %u", self, q->state->run);
		usleep(100);
	}
	return 0;
}

static int asset_open(struct asset *a)
{
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA, 1), loop = { .word = { 0 } }, body[2];
	int r;

	r = ks_uq_open(&a->park, 0);
	if (!r)
		r = bind_new(&a->park, DRM_WEFT_PLACE_LOCAL, ASSET_VA(self), &a->mem[0]);
	if (!r)
		r = bind_new(&a->park, DRM_WEFT_PLACE_SYSTEM, ASSET_VA(self) + 0x100000, &a->mem[1]);
	if (!r)
		r = ks_uq_start(&a->park, NULL, 0);
	if (!r)
		r = ks_uq_open(&a->loop, 0);
	if (!r)
		r = ks_bind(a->loop.fd, a->loop.vm, a->loop.cells_handle, CELLS_RW, 4096, SEM_RW);
	if (!r)
		r = ks_uq_start(&a->loop, NULL, 0);
	HOLDS(!r, "side %d: set-up of the assets: %s", self, strerror(-r));
	for (int k = 0; k < 2; k++)
		fill_secret(a->mem[k], ASSET_BYTES, self);
	fill_secret(a->loop.data, LOOP_AT, self);
	body[0] = ks_pkt_wait(KS_CELLS_VA + 64, 1);
	body[0].wait.u.one.step = 1;
	body[1] = ks_pkt_signal(CELLS_RW + 32, 1, WEFT_SIG_VALUE);
	body[1].signal.u.one.step = 1;
	memcpy(a->loop.data + LOOP_AT, body, sizeof(body));
	loop.call.op = WEFT_PKT_LOOP;
	loop.call.npackets = 2;
	loop.call.list = KS_UDATA_VA + LOOP_AT;
	ks_uq_put(&a->park, &wait);
	ks_uq_put(&a->loop, &loop);
	if (parked(&a->park) || parked(&a->loop))
		return -1;
	a->retired = a->park.state->retired;
	a->since = a->park.state->wait_since_ns;
	return 0;
}

static int untouched(const uint8_t *p, uint64_t bytes, const char *what)
{
	const uint64_t word = secret(self);

	for (uint64_t i = 0; i < bytes; i += 8)
		HOLDS(!memcmp(p + i, &word, 8), "side %d: byte %llu of its %s was written", self, (unsigned long long)i,
		      what);
	return 0;
}

/* Nothing was written, woken or stopped, and the LOOP does as many iterations as it is told, not one more. */
static int asset_check(struct asset *a)
{
	const volatile struct weft_queue_state *s = a->park.state;
	int64_t until;

	if (untouched(a->mem[0], ASSET_BYTES, "local memory") || untouched(a->mem[1], ASSET_BYTES, "guest memory") ||
	    untouched(a->loop.data, LOOP_AT, "looping queue's data"))
		return -1;
	for (int i = 0; i < WEFT_CELLS_PER_PAGE; i++) {
		const volatile struct weft_cell *c = &a->park.cells[i], *d = &a->loop.cells[i];

		HOLDS(!c->value && !c->end && !c->tag && !c->fault, "side %d: cell %d was written", self, i);
		HOLDS(!d->end && !d->tag && !d->fault && (i == 1 || i == 2 || !d->value),
		      "side %d: cell %d of the loop was written", self, i);
	}
	HOLDS(s->run == WEFT_QS_PARKED && s->retired == a->retired && s->wait_since_ns == a->since,
	      "side %d: its parked queue was woken or stopped: run %u, cause %u", self, s->run, s->cause);
	if (parked(&a->loop))
		return -1;
	HOLDS(a->loop.cells[1].value == a->last && a->loop.state->retired == 2 * a->last,
	      "side %d: its loop did %llu iterations, %llu packets, and was told %llu", self,
	      (unsigned long long)a->loop.cells[1].value, (unsigned long long)a->loop.state->retired,
	      (unsigned long long)a->last);
	a->last += 1 + below(5);
	a->loop.cells[2].value = a->last;
	__sync_synchronize();
	*(volatile uint64_t *)(a->loop.doorbell + WEFT_DB_KICK / 4) = KS_CELLS_VA + 64;
	until = ks_now_ns() + 20 * KS_SECOND;
	while (a->loop.cells[1].value != a->last) {
		HOLDS(ks_now_ns() < until, "side %d: its loop does not go on", self);
		usleep(100);
	}
	return parked(&a->loop);
}

static void asset_close(struct asset *a)
{
	for (int k = 0; k < 2; k++)
		if (a->mem[k])
			munmap(a->mem[k], ASSET_BYTES);
	ks_uq_close(&a->park);
	ks_uq_close(&a->loop);
}

/* Mostly the attacker's own, with room for `bytes`; else anything, what others have above all. */
static uint64_t address(uint64_t bytes, uint64_t align)
{
	int other = below(SIDES);
	uint64_t a;

	if (mild)
		return (KS_UDATA_VA + below(LISTS_AT - bytes)) & ~(align - 1);
	switch (below(32)) {
	case 0: a = ASSET_VA(other) + 0x100000 * below(2) + below(ASSET_BYTES); break;
	case 1: a = KS_CELLS_VA + 32 * below(WEFT_CELLS_PER_PAGE); break;
	case 2: a = CELLS_RW + below(4096); break;
	case 3: a = rnd() >> below(48); break;
	case 4: a = KS_UDATA_VA + KS_UDATA_BYTES - below(bytes + 1); break;	/* across the end */
	case 5: a = (below(2) ? KS_RING_VA : KS_CTL_VA) + below(4096); break;	/* its own ring */
	case 6: a = below(256ULL << 20); break;				/* as local memory is numbered */
	default: a = KS_UDATA_VA + below(WORK_BYTES - bytes); break;
	}
	return below(16) ? a & ~(align - 1) : a;
}

static uint64_t cell(void)
{
	if (mild)
		return CELLS_RW + 32 * below(WEFT_CELLS_PER_PAGE);
	return below(4) ? (below(2) ? KS_CELLS_VA : CELLS_RW) + 32 * below(WEFT_CELLS_PER_PAGE) : address(32, 32);
}

static void random_words(union weft_packet *p)
{
	for (int i = 0; i < 8; i++)
		p->word[i] = rnd();
}

static union weft_packet random_packet(bool in_list)
{
	uint64_t n = 1 + below(below(8) ? 256 : 8192);
	union weft_packet p = { .word = { 0 } };

	switch (below(mild ? in_list ? 12 : 18 : 20)) {
	case 0: case 1: case 2: case 3: case 4:
		p = ks_pkt_copy(address(n, 1), address(n, 1), n);
		if (!below(4)) {
			p.copy.rows = below(6);
			p.copy.src_pitch = n + below(600);
			p.copy.dst_pitch = n + below(600);
		}
		break;
	case 5: case 6:
		p = ks_pkt_fill(address(n, 1), n, rnd());
		break;
	case 7:
		p.timestamp.op = WEFT_PKT_TIMESTAMP;
		p.timestamp.dst = address(8, 8);
		break;
	case 8: case 9: case 10:
		p = ks_pkt_signal(cell(), below(1000), mild ? 1 + below(3) : below(below(8) ? 8 : 16));
		p.signal.u.one.step = mild ? 0 : below(3);
		p.signal.scope = below(2);
		break;
	case 11:
		p = ks_pkt_wait(cell(), mild ? 0 : below(1000));
		p.wait.u.one.step = mild ? 0 : below(3);
		p.wait.end_level = !mild && below(2) ? 0 : WEFT_WAIT_NO_LOOP;
		break;
	case 12: case 13: case 14:
		p.call.op = below(2) ? WEFT_PKT_CALL : WEFT_PKT_LOOP;
		p.call.npackets = 1 + below(LIST_PACKETS);
		p.call.list = mild || below(8) ? KS_UDATA_VA + LISTS_AT + 64 * LIST_PACKETS * below(LISTS) : address(64, 64);
		p.call.table = mild || below(8) ? KS_UDATA_VA + TABLE_AT : address(32, 32);
		p.call.ntable = 64;
		if (p.call.op == WEFT_PKT_LOOP)
			p.call.count = mild || below(64) ? 1 + below(20) : 0;
		break;
	case 15:
		p.pred.op = WEFT_PKT_PRED;
		p.pred.compare = below(5);
		p.pred.imm = rnd();
		p.pred.operand = address(4, 4);
		break;
	case 16:
		if (mild)	/* needs a table */
			break;
		p.reduce.op = WEFT_PKT_REDUCE;
		p.reduce.flags = WEFT_PKT_TABLE;
		p.reduce.dtype = WEFT_I32;
		p.reduce.rop = below(5);
		p.reduce.nsrc = 1 + below(4);
		p.reduce.ndst = 1;
		p.reduce.src_first = below(60);
		p.reduce.dst_first = below(66);
		p.reduce.count = below(100);
		break;
	case 17:
		if (mild)
			break;
		p = ks_pkt_copy(below(64), below(64), below(256));
		p.copy.flags = WEFT_PKT_TABLE;
		break;
	default:
		random_words(&p);
		p.hdr.op %= WEFT_PKT_OP_COUNT + 1;
		if (below(2))
			memset(&p.word[5], 0, 24);
	}
	return p;
}

static void random_lists(struct ks_uq *q)
{
	union weft_packet *list = (void *)(q->data + LISTS_AT);
	struct weft_operand *table = (void *)(q->data + TABLE_AT);

	for (int i = 0; i < LISTS * LIST_PACKETS; i++) {
		union weft_packet p = random_packet(true);

		memcpy(&list[i], &p, sizeof(p));
	}
	for (int i = 0; i < 64; i++) {
		struct weft_operand o = {
			.base = address(1024, 4), .stride = 4 * below(64), .depth = 1 + below(4), .mul = 1, .div = 1,
		};

		memcpy(&table[i], &o, sizeof(o));
	}
}

/* A queue with wills that are its own, or no one's, or somebody's it must not have; refused ones are left out. */
static int start(struct ks_uq *q)
{
	struct drm_weft_user_queue_create args = ks_uq_args(q);
	struct drm_weft_will wills[4];
	int r;

	args.band = below(2) ? DRM_WEFT_BAND_NORMAL : DRM_WEFT_BAND_LOW;
	args.run_limit_ns = below(4) ? 0 : 1 + below(2000000);
	args.wait_limit_ns = below(4) ? 0 : 1 + below(2000000);
	args.flags = below(4) ? 0 : DRM_WEFT_USER_QUEUE_WAIT_STOPS;
	args.num_wills = below(5);
	args.wills = (uintptr_t)wills;
	for (unsigned int i = 0; i < args.num_wills; i++)
		wills[i] = (struct drm_weft_will){
			.handle = below(8) ? q->cells_handle : below(64), .id = rnd(),
			.offset = below(8) ? 32 * below(WEFT_CELLS_PER_PAGE) : rnd() >> below(60),
		};
	r = ks_uq_start_with(q, &args);
	if (r == -ENOENT || r == -EINVAL || r == -EACCES || r == -EBUSY) {
		common->refused[self]++;
		args.num_wills = 0;
		r = ks_uq_start_with(q, &args);
	}
	HOLDS(!r, "side %d: a new queue: %s", self, strerror(-r));
	common->ended[self]++;
	return 0;
}

/* Up to a millisecond for what was submitted; what then still waits or loops is ended with its queue. */
static bool rests(struct ks_uq *q)
{
	int64_t until = ks_now_ns() + 1000000;

	while (q->state->run != WEFT_QS_FAULTED) {
		if (q->state->run == WEFT_QS_IDLE && q->ctl->head == q->tail)
			return true;
		if (ks_now_ns() > until)
			return false;
		sched_yield();
	}
	return false;
}

/* None of the others' secrets is in what the attacker's packets could copy to. */
static int no_secret(struct ks_uq *q)
{
	static uint8_t now[WORK_BYTES];
	uint64_t word, found;

	memcpy(now, q->data, sizeof(now));
	for (uint64_t i = 0; i < sizeof(now); i += 8) {
		memcpy(&word, now + i, 8);
		for (int side = 0; side < SIDES; side++) {
			for (int k = 0; k < 8; k++) {
				found = k ? secret(side) << 8 * k | secret(side) >> (64 - 8 * k) : secret(side);
				HOLDS(word != found, "side %d has read what is of side %d", self, side);
			}
		}
	}
	return 0;
}

static int attack(struct asset *a, long want)
{
	struct ks_uq q;
	int r = ks_uq_open(&q, 0);
	void *page;

	if (!r)
		r = ks_bind(q.fd, q.vm, q.cells_handle, CELLS_RW, 4096, SEM_RW);
	HOLDS(!r, "side %d: set-up of the attack: %s", self, strerror(-r));
	if (start(&q))
		return -1;
	/* other files' pages, even those of the same process, are not to be had */
	page = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, q.fd, a->park.doorbell_offset);
	HOLDS(page == MAP_FAILED || a->park.doorbell_offset == q.doorbell_offset, "a foreign doorbell was mapped");
	if (page != MAP_FAILED)
		munmap(page, 4096);
	for (long round = 0; common->packets[self] < want; round++) {
		int n;

		if (!(round % 8)) {
			mild = round / 8 % 4;
			random_lists(&q);
			/* wills and signals have made their marks */
			memset((void *)q.cells, 0, 4096);
		}
		n = 1 + below(mild ? 48 : 8);
		for (int i = 0; i < n; i++)
			q.ring[q.tail++ % (1 << KS_RING_LOG2)] = random_packet(false);
		__sync_synchronize();
		q.ctl->tail = q.tail;
		__sync_synchronize();
		q.doorbell[WEFT_DB_RING / 4] = 1;
		for (int i = below(4); i > 0; i--)
			*(volatile uint64_t *)(q.doorbell + WEFT_DB_KICK / 4) = below(2) ? cell() : rnd();
		if (!(round % 4))
			ks_kick(q.fd, below(4) ? q.cells_handle : below(64), below(4) ? 32 * below(128) : rnd());
		if (!rests(&q)) {
			r = ks_uq_stop(&q);
			HOLDS(!r, "side %d: the end of a queue: %s", self, strerror(-r));
			if (start(&q))
				return -1;
		}
		common->packets[self] += n;
		if (!(round % 256) && (no_secret(&q) || asset_check(a)))
			return -1;
	}
	r = no_secret(&q);
	ks_uq_close(&q);
	return r;
}

static bool all_ready(void)
{
	int64_t until = ks_now_ns() + 30 * KS_SECOND;

	common->ready[self] = 1;
	for (int i = 0; i < SIDES; i++)
		while (!common->ready[i]) {
			if (ks_now_ns() > until)
				return false;
			usleep(1000);
		}
	return true;
}

static void hostile(long want)
{
	struct asset a = { .last = 0 };
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = asset_open(&a);
	if (!r && !all_ready())
		r = -1;
	if (!r)
		r = attack(&a, want);
	if (!r)
		r = asset_check(&a);
	_exit(r ? 1 : 0);
}

/* Waits for both attackers and minds its assets all the time. */
static int watch(struct asset *a, pid_t *pid, long *checks)
{
	char text[sizeof(common->text[0])];
	int left = SIDES - 1, status;

	if (asset_open(a))
		return -1;
	HOLDS(all_ready(), "the attackers did not start");
	while (left) {
		if (asset_check(a))
			return -1;
		++*checks;
		for (int i = 1; i < SIDES; i++) {
			if (!pid[i] || waitpid(pid[i], &status, WNOHANG) != pid[i])
				continue;
			pid[i] = 0;
			left--;
			memcpy(text, common->text[i], sizeof(text));
			HOLDS(WIFEXITED(status) && !WEXITSTATUS(status), "side %d ended with %#x: %.180s", i, status, text);
		}
		usleep(20000);
	}
	return asset_check(a);
}

static int processes(void)
{
	long want = ks_iterations(10000), checks = 0;
	struct asset a = { .last = 0 };
	uint64_t seed = ks_random();
	pid_t pid[SIDES] = { 0 };
	int r;

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	KS_CHECK(common != MAP_FAILED);
	fflush(stdout);
	/* before anything is open: what a file maps for its owner a child does not get */
	for (self = SIDES - 1; self > 0; self--) {
		rng = seed ^ 0xd1342543de82ef95ULL * self;
		pid[self] = fork();
		KS_CHECK(pid[self] >= 0);
		if (!pid[self])
			hostile(want);
	}
	rng = seed;
	r = watch(&a, pid, &checks);
	for (int i = 1; i < SIDES; i++) {
		if (pid[i]) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
	}
	asset_close(&a);
	for (int i = 1; i < SIDES; i++)
		printf("# side %d: %ld packets, %ld queues, %ld refused; checked %ld times\n", i, common->packets[i],
		       common->ended[i], common->refused[i], checks);
	KS_CHECK(!r, "%s", common->text[0]);
	for (int i = 1; i < SIDES; i++)
		KS_CHECK(common->packets[i] >= want && common->ended[i] > want / 500);
	munmap(common, sizeof(*common));
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "two processes: random packets, addresses, cells, kicks and wills", processes },
	};

	return ks_main("hostile", tests, sizeof(tests) / sizeof(tests[0]));
}
