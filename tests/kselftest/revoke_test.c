// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Memory of a peer is taken back with traffic in flight, at random moments: by a reset of its card, by unbinding its
 * driver; and it is not when its owner merely closes. Traffic ends or faults, within bounds; two bystanders, one on the
 * importer's card and one that reads that card over P2P, come to their right results each time.
 */
#define _GNU_SOURCE
#include "ks_ring.h"

#include <pthread.h>

#define PEER_VA		0x400000000ULL
#define BIND_RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)
#define RIGHTS_RW	(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE)
#define PIECE		(256u << 10)
#define LIST_AT		0x80000ULL	/* in a user queue's data: the packets of its loop */
#define COPIES		1000

struct scene {
	int a, b, c;			/* importer's card, owner's, a third (or the importer's again) */
	struct ks_rig owner, importer, near, far;
	struct ks_uq queue;		/* on the importer's card: copies without end */
	uint32_t handle;
};

static int import_data(int fd, uint32_t vm, const struct ks_rig *owner, uint32_t *handle)
{
	int dmabuf, r = ks_export(owner->fd, owner->data_handle, RIGHTS_RW, &dmabuf);

	if (!r) {
		r = ks_import(fd, dmabuf, handle);
		close(dmabuf);
	}
	return r ? r : ks_bind(fd, vm, *handle, PEER_VA, KS_DATA_BYTES, BIND_RW);
}

/* Out of and into the memory in turn; the halves of the peer's object are written by one queue each. */
static void traffic(union weft_packet *list, int packets, uint64_t own, uint64_t half)
{
	for (int i = 0; i < packets; i++)
		list[i] = i % 2 ? ks_pkt_copy(PEER_VA + half, own, PIECE) : ks_pkt_copy(own, PEER_VA + half, PIECE);
}

static void fill(uint8_t *p)
{
	for (size_t i = 0; i < PIECE; i += 8)
		*(uint64_t *)(p + i) = ks_random();
}

static int bystander(struct ks_rig *rig, uint64_t from)
{
	memset(rig->data + PIECE, 0, PIECE);
	for (int i = 0; i < 100; i++)
		rig->list[i] = ks_pkt_copy(KS_DATA_VA + PIECE, from, PIECE);
	return ks_rig_submit(rig, 100, 0);
}

static int open_scene(struct scene *s)
{
	union weft_packet loop = { .word = { 0 } };
	uint32_t far_handle;

	KS_OK(ks_rig_open(&s->owner, s->b, 0));
	KS_OK(ks_rig_open(&s->importer, s->a, 60000));
	KS_OK(ks_rig_open(&s->near, s->a, 60000));
	KS_OK(ks_rig_open(&s->far, s->c, 60000));
	KS_OK(ks_uq_open(&s->queue, s->a));
	KS_OK(import_data(s->importer.fd, s->importer.vm, &s->owner, &s->handle));
	KS_OK(import_data(s->queue.fd, s->queue.vm, &s->owner, &far_handle));
	if (s->c != s->a)
		KS_OK(import_data(s->far.fd, s->far.vm, &s->near, &far_handle));
	fill(s->near.data);
	fill(s->far.data);
	KS_OK(bystander(&s->near, KS_DATA_VA));
	KS_OK(bystander(&s->far, s->c != s->a ? PEER_VA : KS_DATA_VA));
	traffic(s->importer.list, COPIES, KS_DATA_VA, 0);
	for (int i = 0; i < 4; i++)
		KS_OK(ks_rig_submit(&s->importer, COPIES, 0));
	KS_OK(ks_uq_start(&s->queue, NULL, 0));
	traffic((union weft_packet *)(s->queue.data + LIST_AT), 16, KS_UDATA_VA, KS_DATA_BYTES / 2);
	loop.call.op = WEFT_PKT_LOOP;
	loop.call.npackets = 16;
	loop.call.list = KS_UDATA_VA + LIST_AT;
	ks_uq_put(&s->queue, &loop);
	return 0;
}

static int check_bystanders(struct scene *s)
{
	const uint8_t *far_source = s->c != s->a ? s->near.data : s->far.data;

	KS_OK(ks_rig_wait(&s->near));
	KS_OK(ks_rig_wait(&s->far));
	KS_IS(memcmp(s->near.data + PIECE, s->near.data, PIECE), 0);
	KS_IS(memcmp(s->far.data + PIECE, far_source, PIECE), 0);
	return 0;
}

static void close_scene(struct scene *s)
{
	ks_uq_close(&s->queue);
	ks_rig_close(&s->importer);
	ks_rig_close(&s->far);
	ks_rig_close(&s->near);
	ks_rig_close(&s->owner);
}

/* The same importer takes the owner's new memory: bytes go both ways, by the queue that faulted. */
static int import_again(struct scene *s)
{
	struct ks_rig *rig = &s->importer;

	ks_rig_close(&s->owner);
	KS_OK(ks_rig_open(&s->owner, s->b, 0));
	KS_OK(ks_unbind(rig->fd, rig->vm, PEER_VA, KS_DATA_BYTES));
	KS_OK(import_data(rig->fd, rig->vm, &s->owner, &s->handle));
	fill(rig->data);
	rig->list[0] = ks_pkt_copy(PEER_VA + PIECE, KS_DATA_VA, PIECE);
	rig->list[1] = ks_pkt_copy(KS_DATA_VA + PIECE, PEER_VA + PIECE, PIECE);
	KS_OK(ks_rig_run(rig, 2, 0));
	KS_IS(memcmp(s->owner.data + PIECE, rig->data, PIECE), 0);
	KS_IS(memcmp(rig->data + PIECE, rig->data, PIECE), 0);
	return 0;
}

/* The memory went away under both queues: they faulted for that reason, or had come to their end. */
static int check_revoked(struct scene *s)
{
	struct drm_weft_queue_state state;
	int r = ks_rig_wait(&s->importer);

	KS_CHECK(r == 0 || r == -ECANCELED || r == -EFAULT, "%d", r);
	KS_OK(ks_queue_state(s->importer.fd, s->importer.queue, &state));
	KS_CHECK(!r || state.cause == WEFT_FAULT_PT_INVALID || state.cause == WEFT_FAULT_LINK_DOWN, "%u", state.cause);
	KS_OK(ks_uq_reach(&s->queue, WEFT_QS_FAULTED));
	KS_CHECK(s->queue.state->cause == WEFT_FAULT_PT_INVALID || s->queue.state->cause == WEFT_FAULT_LINK_DOWN, "%u",
		 s->queue.state->cause);
	KS_OK(ks_rig_alive(&s->importer));
	return 0;
}

static int reset(const char *pci)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", pci);
	return ks_write(path, "1");
}

/*
 * Cards that the topology keeps apart: each pair is refused as QUERY_PEER says; a card's reset then is nothing to the others.
 */
static int all_refused(int error)
{
	struct ks_rig rig[KS_MAX_CARDS];
	int last = ks_cards() - 1;
	uint32_t handle;

	for (int a = 0; a <= last; a++)
		KS_OK(ks_rig_open(&rig[a], a, 0));
	for (int a = 0; a <= last; a++) {
		for (int b = 0; b <= last; b++) {
			if (a == b)
				continue;
			KS_IS(ks_peer_error(a, b), error);
			KS_IS(import_data(rig[a].fd, rig[a].vm, &rig[b], &handle), error);
		}
	}
	KS_OK(reset(ks_pci(last)));
	for (int a = 0; a < last; a++)
		KS_DO(ks_rig_alive(&rig[a]));
	for (int a = 0; a <= last; a++)
		ks_rig_close(&rig[a]);
	KS_DO(ks_works(last));
	printf("# every pair is refused with %d\n", error);
	return 0;
}

/*
 * True where there is nothing to take away, with the test's result: cards that the topology keeps apart. A kernel without P2PDMA
 * is skipped.
 */
static bool nothing_shared(int *result)
{
	int error = ks_cards() < 2 ? 0 : ks_peer_error(0, 1);

	if (ks_cards() < 2)
		*result = ks_skip("two-cards");
	else if (error == -EOPNOTSUPP)
		*result = ks_skip("p2pdma");
	else if (error)
		*result = all_refused(error);
	else
		return false;
	return true;
}

enum event { RESET, UNBIND, CLOSE };

static int happens(struct scene *s, enum event event)
{
	char pci[32];

	snprintf(pci, sizeof(pci), "%s", ks_pci(s->b));
	usleep(ks_random() % 40000);
	switch (event) {
	case RESET:
		KS_OK(reset(pci));
		KS_OK(check_revoked(s));
		return import_again(s);
	case UNBIND:
		KS_OK(ks_driver("unbind", pci));
		KS_OK(check_revoked(s));
		KS_IS(ks_gem_create(s->owner.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &(uint32_t){ 0 }), -ENODEV);
		KS_OK(ks_driver("bind", pci));
		return import_again(s);
	case CLOSE:
		KS_OK(ks_gem_close(s->owner.fd, s->owner.data_handle));
		ks_rig_close(&s->owner);
		KS_OK(ks_rig_wait(&s->importer));
		KS_IS(s->queue.state->cause, 0);
		KS_CHECK(s->queue.state->run != WEFT_QS_FAULTED);
		return 0;
	}
	return -1;
}

/* A third of the rounds of COUNT each. */
static int rounds(enum event event)
{
	long n = (ks_iterations(6) + 2) / 3;
	int r = 0;

	if (nothing_shared(&r))
		return r;
	for (long i = 0; i < n && !r; i++) {
		struct scene s = { .b = ks_cards() - 1 };

		/* the last one, since numbers of cards are those of bound ones */
		s.a = ks_random() % (ks_cards() - 1);
		s.c = ks_cards() > 2 ? (s.a + 1) % (ks_cards() - 1) : s.a;
		r = open_scene(&s);
		if (!r)
			r = happens(&s, event);
		if (!r)
			r = check_bystanders(&s);
		close_scene(&s);
	}
	return r;
}

static int by_reset(void)
{
	return rounds(RESET);
}

static int by_unbind(void)
{
	return rounds(UNBIND);
}

static int not_by_close(void)
{
	return rounds(CLOSE);
}

/*
 * io_uring commands of the importer that are pending when the memory goes: the end of a job that comes to read it, a bind of
 * it, and a wait that has nothing to do with it and goes on.
 */
static int pending_commands(void)
{
	static const long want[] = { DRM_WEFT_CELL_REACHED, -EFAULT, -ECANCELED };
	int last = ks_cards() - 1, r;

	if (nothing_shared(&r))
		return r;
	for (int unbind = 0; unbind < 2; unbind++) {
		struct ks_rig owner;
		struct ks_waiting w;
		char pci[32];

		snprintf(pci, sizeof(pci), "%s", ks_pci(last));
		KS_OK(ks_rig_open(&owner, last, 0));
		KS_DO(ks_waiting_open(&w, 0, last > 1));
		KS_OK(import_data(w.rig.fd, w.rig.vm, &owner, &w.bind.handle));
		memset(&w.rig.list[0], 0, sizeof(w.rig.list[0]));
		w.rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 3 * KS_SECOND };
		traffic(w.rig.list + 1, COPIES, KS_DATA_VA, 0);
		w.submit.num_packets = 1 + COPIES;
		KS_DO(ks_waiting_start(&w, KS_WAITING_ALL, 0));
		KS_OK(unbind ? ks_driver("unbind", pci) : reset(pci));
		KS_DO(ks_waiting_end(&w, KS_WAITING(END), want));
		KS_DO(ks_waiting_release(&w, KS_WAITING_ALL));
		KS_DO(ks_waiting_end(&w, KS_WAITING(CELL) | KS_WAITING(BIND), want));
		KS_OK(ks_rig_alive(&w.rig));
		ks_rig_close(&owner);
		ks_waiting_close(&w);
		if (unbind)
			KS_OK(ks_driver("bind", pci));
	}
	return 0;
}

/* Host memory is not the card's: its reset takes it from nobody. */
static int host_memory_stays(void)
{
	struct ks_rig rig;
	uint32_t handle, imported;
	int owner, fd;

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_OK(ks_rig_open(&rig, 0, 0));
	owner = ks_open(1);
	KS_OK(ks_gem_create(owner, PIECE, DRM_WEFT_PLACE_SYSTEM, 0, &handle));
	KS_OK(ks_export(owner, handle, RIGHTS_RW, &fd));
	KS_OK(ks_import(rig.fd, fd, &imported));
	close(fd);
	KS_OK(ks_bind(rig.fd, rig.vm, imported, PEER_VA, PIECE, BIND_RW));
	memset(rig.data, 0x3c, PIECE);
	memset(rig.data + PIECE, 0, PIECE);
	rig.list[0] = ks_pkt_copy(PEER_VA, KS_DATA_VA, PIECE);
	rig.list[1] = ks_pkt_copy(KS_DATA_VA + PIECE, PEER_VA, PIECE);
	KS_OK(ks_rig_run(&rig, 1, 0));
	KS_OK(reset(ks_pci(1)));
	rig.list[0] = rig.list[1];
	KS_OK(ks_rig_run(&rig, 1, 0));
	KS_IS(memcmp(rig.data + PIECE, rig.data, PIECE), 0);
	close(owner);
	KS_OK(ks_rig_run(&rig, 1, 0));
	ks_rig_close(&rig);
	return 0;
}

struct resetter {
	pthread_t thread;
	pthread_barrier_t *start;
	char pci[32];
	int r;
	int64_t took_ns;
};

static void *reset_thread(void *arg)
{
	struct resetter *t = arg;
	int64_t from;

	pthread_barrier_wait(t->start);
	from = ks_now_ns();
	t->r = reset(t->pci);
	t->took_ns = ks_now_ns() - from;
	return NULL;
}

static int reset_both(const int *cards)
{
	struct resetter t[2] = { };
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, 2);
	for (int i = 0; i < 2; i++) {
		t[i].start = &start;
		snprintf(t[i].pci, sizeof(t[i].pci), "%s", ks_pci(cards[i]));
		KS_OK(pthread_create(&t[i].thread, NULL, reset_thread, &t[i]));
	}
	for (int i = 0; i < 2; i++)
		KS_OK(pthread_join(t[i].thread, NULL));
	pthread_barrier_destroy(&start);
	for (int i = 0; i < 2; i++) {
		KS_OK(t[i].r);
		/* An importer that does not let go is waited for as long. */
		KS_CHECK(t[i].took_ns < 5 * KS_SECOND, "%lld ms", (long long)t[i].took_ns / 1000000);
	}
	return 0;
}

/* Each card's queue writes to and reads from the other's memory: resets that waited for each other would not end. */
static int both_reset(void)
{
	const int cards[2] = { 0, ks_cards() - 1 };
	long n = (ks_iterations(6) + 2) / 3;
	int result;

	if (nothing_shared(&result))
		return result;
	for (long round = 0; round < n; round++) {
		struct ks_rig rig[2];
		uint32_t handle;

		for (int i = 0; i < 2; i++)
			KS_OK(ks_rig_open(&rig[i], cards[i], 60000));
		for (int i = 0; i < 2; i++) {
			KS_OK(import_data(rig[i].fd, rig[i].vm, &rig[!i], &handle));
			traffic(rig[i].list, COPIES, KS_DATA_VA, i * KS_DATA_BYTES / 2);
		}
		for (int i = 0; i < 8; i++)
			KS_OK(ks_rig_submit(&rig[i % 2], COPIES, 0));
		usleep(ks_random() % 40000);
		KS_DO(reset_both(cards));
		for (int i = 0; i < 2; i++) {
			int r = ks_rig_wait(&rig[i]);

			KS_CHECK(r == 0 || r == -ECANCELED || r == -EFAULT, "%d", r);
			KS_IS(ks_rig_submit(&rig[i], 1, 0), -ECANCELED);
		}
		for (int i = 0; i < 2; i++)
			ks_rig_close(&rig[i]);
		for (int i = 0; i < 2; i++)
			KS_OK(ks_rig_open(&rig[i], cards[i], 0));
		for (int i = 0; i < 2; i++) {
			KS_OK(import_data(rig[i].fd, rig[i].vm, &rig[!i], &handle));
			fill(rig[i].data);
			rig[i].list[0] = ks_pkt_copy(PEER_VA + PIECE, KS_DATA_VA, PIECE);
			KS_OK(ks_rig_run(&rig[i], 1, 0));
			KS_IS(memcmp(rig[!i].data + PIECE, rig[i].data, PIECE), 0);
		}
		for (int i = 0; i < 2; i++)
			ks_rig_close(&rig[i]);
	}
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "the owner's card is reset under traffic", by_reset },
		{ "the owner's driver is unbound under traffic", by_unbind },
		{ "the owner closes handle and file under traffic", not_by_close },
		{ "io_uring commands that are pending when the memory is revoked", pending_commands },
		{ "a reset takes no host memory from importers", host_memory_stays },
		{ "two cards that import from each other, both reset at once", both_reset },
	};

	return ks_main("revoke", tests, sizeof(tests) / sizeof(tests[0]));
}
