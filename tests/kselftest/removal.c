// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * A card goes away under load, and comes back: pulled out, unplugged in order, reset, or reset because its port reported
 * an error. Its users are told, pending commands of io_uring among them, those of the others go on with right results,
 * peers' accesses fail and their wills are done; the card that comes back reaches, and is reached by, the others again. Run
 * by tests/system/removal_test.py in a machine that can do these things:
 *
 *	removal drop | unplug | reset | error | unrecovered
 */
#define _GNU_SOURCE
#include "ks_load.h"
#include "ks_ring.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>

#define VICTIM		1
#define PEER_VA		0x400000000ULL
#define WILL_VA		0x900000000ULL
#define ALL		(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM)
#define RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)
#define SEM_RW		(RW | DRM_WEFT_BIND_SEM)
#define NEVER		(1ULL << 40)
#define IN_TIME_S	60

/* What is held on a card that stays; jobs come and go. */
static const char *const held[] = {
	"live_files", "live_vms", "live_queues", "live_user_queues", "live_wills", "live_watches", "live_objects",
	"live_imports", "live_exports", "live_mappings", "live_tables", "live_hw_queues", "live_asids",
};
#define HELD	(sizeof(held) / sizeof(held[0]))

static bool p2p;
static int cards;

/* One round of the victim's users. */
struct users {
	struct ks_rig rig, importer;		/* on the victim; on card 0, from the victim's memory */
	struct ks_uq uq, consumer, producer;	/* on the victim, on card 0: waits for uq; signals the victim's cell */
	struct ks_waiting waiting;		/* on the victim, behind a job of the last card */
	uint32_t imported;
	pthread_t compute, post, copy, sleep;
	volatile uint64_t computed, posted, copied;
	int compute_result, post_result, copy_result, sleep_result;
	volatile bool end;
};

/* Bytes read after the card has gone are a page of nobody: then the next job says so. */
static void *compute(void *arg)
{
	struct users *u = arg;
	int r = 0;

	while (!u->end && !r) {
		r = ks_load_run(&u->rig, u->computed++);
		if (r == -EBADMSG)
			r = ks_rig_run(&u->rig, 1, 0) ?: -EBADMSG;
	}
	u->compute_result = r;
	return NULL;
}

static void *post(void *arg)
{
	struct users *u = arg;
	int r = 0;

	while (!u->end && !r)
		r = ks_load_post(&u->uq, ++u->posted);
	u->post_result = r;
	return NULL;
}

static void *copy(void *arg)
{
	struct users *u = arg;
	int r = 0;

	while (!u->end && !r) {
		u->importer.list[0] = ks_pkt_copy(KS_DATA_VA, PEER_VA + (2 << 20), 1 << 20);
		r = ks_rig_run(&u->importer, 1, 0);
		for (int i = 0; i < 1 << 20 && !r; i += 4096)
			r = u->importer.data[i] == 0xa5 ? 0 : -EBADMSG;
		u->copied++;
	}
	u->copy_result = r;
	return NULL;
}

static void *sleeper(void *arg)
{
	struct users *u = arg;

	u->sleep_result = ks_cell_wait(u->uq.fd, u->uq.cells_handle, 0, NEVER, 120 * KS_SECOND, NULL);
	return NULL;
}

static int pass(int from, uint32_t handle, int to, uint32_t vm, uint64_t va, uint64_t bytes, uint32_t bind,
		uint32_t *imported)
{
	int fd, r = ks_export(from, handle, bind & DRM_WEFT_BIND_SEM ? ALL : ALL & ~DRM_WEFT_RIGHT_SEM, &fd);

	if (r)
		return r;
	r = ks_import(to, fd, imported);
	close(fd);
	return r ? r : ks_bind(to, vm, *imported, va, bytes, bind);
}

/* Queues that signal each other's cells across the cards, as their wills say. */
static int open_wills(struct users *u)
{
	union weft_packet wait = ks_pkt_wait(KS_CELLS_VA, NEVER);
	struct drm_weft_will will = { .id = 7 };

	KS_OK(ks_uq_open(&u->consumer, 0));
	KS_OK(ks_uq_start(&u->consumer, NULL, 0));
	ks_uq_put(&u->consumer, &wait);
	KS_OK(pass(u->consumer.fd, u->consumer.cells_handle, u->uq.fd, u->uq.vm, WILL_VA, 4096, SEM_RW, &will.handle));
	KS_OK(ks_uq_start(&u->uq, &will, 1));
	KS_OK(ks_uq_open(&u->producer, 0));
	KS_OK(pass(u->uq.fd, u->uq.cells_handle, u->producer.fd, u->producer.vm, WILL_VA, 4096, SEM_RW, &will.handle));
	KS_OK(ks_uq_start(&u->producer, &will, 1));
	return 0;
}

static int open_users(struct users *u)
{
	memset(u, 0, sizeof(*u));
	KS_OK(ks_rig_open(&u->rig, VICTIM, 0));
	KS_OK(ks_uq_open(&u->uq, VICTIM));
	memset(u->rig.data + (2 << 20), 0xa5, 1 << 20);
	if (p2p) {
		KS_OK(ks_rig_open(&u->importer, 0, 0));
		KS_OK(pass(u->rig.fd, u->rig.data_handle, u->importer.fd, u->importer.vm, PEER_VA, KS_DATA_BYTES, RW,
			   &u->imported));
		KS_DO(open_wills(u));
		KS_OK(pthread_create(&u->copy, NULL, copy, u));
	} else {
		KS_OK(ks_uq_start(&u->uq, NULL, 0));
	}
	KS_DO(ks_waiting_open(&u->waiting, VICTIM, cards - 1));
	KS_OK(pthread_create(&u->compute, NULL, compute, u));
	KS_OK(pthread_create(&u->post, NULL, post, u));
	KS_OK(pthread_create(&u->sleep, NULL, sleeper, u));
	return 0;
}

static int join(pthread_t thread, const char *who)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += IN_TIME_S;
	KS_CHECK(!pthread_timedjoin_np(thread, NULL, &until), "%s was not told within %d s", who, IN_TIME_S);
	return 0;
}

/* Everybody has heard of it, and of what. `error`: what the victim's users are told. */
static int check_told(struct users *u, int error)
{
	KS_DO(join(u->compute, "the user of a job queue"));
	KS_DO(join(u->post, "the user of a user queue"));
	KS_DO(join(u->sleep, "who waits for a cell"));
	KS_IS(u->compute_result, error);
	KS_CHECK(u->post_result == -EFAULT || u->post_result == -EBADMSG, "%d", u->post_result);
	KS_IS(u->sleep_result, error);
	KS_DO(ks_waiting_end(&u->waiting, KS_WAITING_ALL, (long[]){ error, error, error }));
	KS_IS(ks_rig_submit(&u->rig, 1, 0), error);
	if (error == -ENODEV)
		KS_IS(ks_gem_create(u->rig.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &(uint32_t){ 0 }), -ENODEV);
	return 0;
}

/* The peers on card 0: the copy fails, the waiter is poisoned, the will for the lost card is done; all of it soon. */
static int check_peers(struct users *u)
{
	const uint64_t word = WEFT_CELL_FAULT(WEFT_CELL_POISON, WEFT_FAULT_RESET, WEFT_CELL_ORIGIN(u->uq.serial, 7));
	struct drm_weft_queue_state state;
	int64_t from;

	KS_DO(join(u->copy, "who reads the memory of the card"));
	KS_CHECK(u->copy_result == -EFAULT || u->copy_result == -ECANCELED, "%d", u->copy_result);
	KS_OK(ks_queue_state(u->importer.fd, u->importer.queue, &state));
	/* nobody answers, the link is masked, the entries are gone: in this order, and an access meets one of them */
	KS_CHECK(state.cause == WEFT_FAULT_BUS || state.cause == WEFT_FAULT_LINK_DOWN || state.cause == WEFT_FAULT_PT_INVALID,
		 "cause %u", state.cause);
	KS_DO(ks_rig_alive(&u->importer));
	KS_DO(ks_uq_reach(&u->consumer, WEFT_QS_FAULTED));
	KS_IS(u->consumer.state->cause, WEFT_FAULT_POISON);
	KS_CHECK(u->consumer.state->origin == word, "is %#llx, wanted %#llx", (unsigned long long)u->consumer.state->origin,
		 (unsigned long long)word);
	from = ks_now_ns();
	KS_OK(ks_uq_stop(&u->producer));
	KS_CHECK(ks_now_ns() - from < 2 * KS_SECOND, "destroying a queue with a will there took %lld ms",
		 (long long)(ks_now_ns() - from) / 1000000);
	return 0;
}

/* Handles are closable one by one after a reset; of a card that is gone DRM takes no call, and what closes all remains. */
static int close_users(struct users *u, int error)
{
	KS_IS(ks_gem_close(u->rig.fd, u->rig.data_handle), error == -ENODEV ? -ENODEV : 0);
	ks_rig_close(&u->rig);
	ks_uq_close(&u->uq);
	ks_waiting_close(&u->waiting);
	if (p2p) {
		KS_OK(ks_unbind(u->importer.fd, u->importer.vm, PEER_VA, KS_DATA_BYTES));
		KS_OK(ks_gem_close(u->importer.fd, u->imported));
		ks_rig_close(&u->importer);
		ks_uq_close(&u->consumer);
		ks_uq_close(&u->producer);
	}
	return 0;
}

static void take_counts(long long at[][HELD])
{
	for (int card = 0; card < ks_cards(); card++)
		for (size_t i = 0; i < HELD; i++)
			at[card][i] = ks_count(card, held[i]);
}

/* With all cards there, as before. */
static int check_counts(long long want[][HELD])
{
	int64_t until = ks_now_ns() + 5 * KS_SECOND;

	for (int card = 0; card < ks_cards(); card++)
		for (size_t i = 0; i < HELD; i++)
			while (ks_count(card, held[i]) != want[card][i]) {
				KS_CHECK(ks_now_ns() < until, "card %d: %s was %lld, is %lld", card, held[i], want[card][i],
					 ks_count(card, held[i]));
				usleep(10000);
			}
	return 0;
}

/* The card is there again and new; bytes go both ways between it and a peer. */
static int check_back(void)
{
	uint32_t handle;
	struct ks_rig rig, peer;

	KS_OK(ks_rig_open(&peer, VICTIM, 0));
	KS_DO(ks_rig_alive(&peer));
	if (p2p) {
		KS_OK(ks_rig_open(&rig, 0, 0));
		KS_OK(pass(peer.fd, peer.data_handle, rig.fd, rig.vm, PEER_VA, KS_DATA_BYTES, RW, &handle));
		for (int i = 0; i < 1 << 20; i++)
			rig.data[i] = i * 13 + 5;
		rig.list[0] = ks_pkt_copy(PEER_VA + (1 << 20), KS_DATA_VA, 1 << 20);
		rig.list[1] = ks_pkt_copy(KS_DATA_VA + (1 << 20), PEER_VA + (1 << 20), 1 << 20);
		KS_OK(ks_rig_run(&rig, 2, 0));
		KS_IS(memcmp(peer.data + (1 << 20), rig.data, 1 << 20), 0);
		KS_IS(memcmp(rig.data + (1 << 20), rig.data, 1 << 20), 0);
		ks_rig_close(&rig);
	}
	ks_rig_close(&peer);
	return 0;
}

/* The file `power` of the slot with the card at `pci`. */
static int slot_power(const char *pci, char *path, size_t bytes)
{
	DIR *dir = opendir("/sys/bus/pci/slots");
	struct dirent *entry;
	int r = -ENOENT;

	while (dir && r && (entry = readdir(dir))) {
		char address[32] = "";
		FILE *f;

		snprintf(path, bytes, "/sys/bus/pci/slots/%.32s/address", entry->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%31s", address) == 1 && *address && !strncmp(pci, address, strlen(address))) {
			snprintf(path, bytes, "/sys/bus/pci/slots/%.32s/power", entry->d_name);
			r = 0;
		}
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return r;
}

static int plug(void)
{
	char ask[32];
	int64_t until = ks_now_ns() + 60 * KS_SECOND;

	snprintf(ask, sizeof(ask), "plug %d", VICTIM);
	KS_OK(ks_ask(ask));
	for (;;) {
		ks_rescan();
		if (ks_cards() == cards)
			return 0;
		KS_CHECK(ks_now_ns() < until, "the card did not come back");
		usleep(20000);
	}
}

/* The way a card goes. In even rounds of `drop` the driver notices by itself, in odd ones the slot tells it first. */
static int drop(struct users *u, long round)
{
	char power[128], ask[32];

	KS_OK(slot_power(ks_pci(VICTIM), power, sizeof(power)));
	snprintf(ask, sizeof(ask), "drop %d", VICTIM);
	KS_OK(ks_ask(ask));
	if (round % 2 == 0)
		KS_DO(check_told(u, -ENODEV));
	KS_OK(ks_write(power, "0"));
	if (round % 2)
		KS_DO(check_told(u, -ENODEV));
	snprintf(ask, sizeof(ask), "gone %d", VICTIM);
	KS_OK(ks_ask(ask));
	return 0;
}

/* Every tenth by the slot's button, which gives five seconds to think better of it; the others by its file `power`, at once. */
static int unplug(struct users *u, long round)
{
	char power[128], ask[32];

	if (round % 10 == 0) {
		snprintf(ask, sizeof(ask), "unplug %d", VICTIM);
		KS_OK(ks_ask(ask));
		return check_told(u, -ENODEV);
	}
	KS_OK(slot_power(ks_pci(VICTIM), power, sizeof(power)));
	KS_OK(ks_write(power, "0"));
	KS_DO(check_told(u, -ENODEV));
	snprintf(ask, sizeof(ask), "gone %d", VICTIM);
	KS_OK(ks_ask(ask));
	return 0;
}

static int reset(struct users *u, long round)
{

	(void)round;
	KS_OK(ks_reset(VICTIM));
	return check_told(u, -ECANCELED);
}

/* A fatal error at the port above: the kernel's recovery (AER) has the link reset, and asks the driver before and after. */
static int error(struct users *u, long round)
{
	char ask[64];

	(void)round;
	snprintf(ask, sizeof(ask), "error %d", VICTIM);
	KS_OK(ks_ask(ask));
	return check_told(u, -ECANCELED);
}

/* The switch of a card, with all that is behind it, is taken out of the kernel's books and found anew: every card works. */
static int found_again(const char *pci)
{
	char path[PATH_MAX], link[64], file[PATH_MAX + 16];
	int64_t until = ks_now_ns() + IN_TIME_S * KS_SECOND;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", pci);
	KS_CHECK(realpath(link, path));
	for (int up = 0; up < 2; up++)
		*strrchr(path, '/') = 0;
	snprintf(file, sizeof(file), "%s/remove", path);
	KS_OK(ks_write(file, "1"));
	KS_OK(ks_write("/sys/bus/pci/rescan", "1"));
	do
		ks_rescan();
	while (ks_cards() != cards && ks_now_ns() < until && !usleep(100000));
	KS_IS(ks_cards(), cards);
	for (int i = 0; i < cards; i++)
		KS_DO(ks_works(i));
	return 0;
}

/*
 * An error of the port above all cards, one of which has no driver: the kernel's recovery fails. Not every kernel says so, and
 * the card would be in reset for ever; its users are told in bounded time, all the same.
 */
static int unrecovered(void)
{
	struct drm_weft_event_card e = { .reason = 0 };
	struct pollfd readable = { .events = POLLIN };
	char pci[32], text[64];
	uint32_t handle;
	int64_t from;
	int r;

	cards = ks_cards();
	KS_CHECK(cards > VICTIM, "%d cards", cards);
	snprintf(pci, sizeof(pci), "%s", ks_pci(VICTIM));
	KS_OK(ks_write("/sys/module/weft/parameters/recovery_timeout_ms", "5000"));
	readable.fd = ks_open(VICTIM);
	KS_CHECK(readable.fd >= 0);
	KS_OK(ks_driver("unbind", ks_pci(0)));
	from = ks_now_ns();
	snprintf(text, sizeof(text), "error %d rp", 0);
	KS_OK(ks_ask(text));
	KS_IS(poll(&readable, 1, IN_TIME_S * 1000), 1);
	KS_IS(read(readable.fd, &e, sizeof(e)), (ssize_t)sizeof(e));
	KS_CHECK(e.reason == DRM_WEFT_EVENT_WEDGED || e.reason == DRM_WEFT_EVENT_REMOVED, "reason %u", e.reason);
	r = ks_gem_create(readable.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &handle);
	KS_IS(r, e.reason == DRM_WEFT_EVENT_WEDGED ? -EIO : -ENODEV);
	printf("# told after %lld ms: reason %u\n", (long long)(ks_now_ns() - from) / 1000000, e.reason);
	close(readable.fd);
	return found_again(pci);
}

static int (*go)(struct users *u, long round);
static bool stays;	/* the card is reset only */

static int one(long round)
{
	static struct users u;		/* its threads go on when a round fails */
	long long counts[KS_MAX_CARDS][HELD], masks;
	int64_t until;

	take_counts(counts);
	masks = ks_count(0, "link_masks");
	KS_DO(open_users(&u));
	until = ks_now_ns() + IN_TIME_S * KS_SECOND;
	while (!u.computed || !u.posted || (p2p && !u.copied))
		KS_CHECK(ks_now_ns() < until, "the load did not start: %d %d %d", u.compute_result, u.post_result,
			 u.copy_result);
	KS_DO(ks_waiting_start(&u.waiting, KS_WAITING_ALL, 1000));
	usleep(ks_random() % 30000);
	KS_DO(go(&u, round));
	if (p2p)
		KS_DO(check_peers(&u));
	/* For the loss of a card only, and then always. */
	KS_CHECK((ks_count(0, "link_masks") > masks) == (p2p && !stays), "link_masks was %lld, is %lld", masks,
		 ks_count(0, "link_masks"));
	KS_DO(close_users(&u, stays ? -ECANCELED : -ENODEV));
	if (!stays)
		KS_DO(plug());
	KS_DO(check_back());
	KS_DO(check_counts(counts));
	return ks_load_goes_on();
}

static bool peers(void)
{
	struct drm_weft_query_peer query = { .peer_fd = ks_open(VICTIM) };
	int fd = ks_open(0), r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query);

	close(fd);
	close(query.peer_fd);
	return !r && query.refusal == DRM_WEFT_PEER_OK;
}

static int rounds(void)
{
	long n = ks_iterations(4);
	int result = 0;
	int64_t from;

	cards = ks_cards();
	KS_CHECK(cards > VICTIM, "%d cards", cards);
	p2p = peers();
	KS_DO(ks_load_start(VICTIM));
	from = ks_now_ns();
	for (long i = 0; i < n && !result; i++)
		result = one(i);
	from = (ks_now_ns() - from) / 1000000;
	printf("# %ld times in %lld ms: %.1f a minute%s\n", n, (long long)from, n * 60000.0 / (from ?: 1),
	       p2p ? "" : "; no P2P in this kernel");
	return ks_load_stop() ?: result;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*go)(struct users *u, long round);
		struct ks_test test;
	} ways[] = {
		{ "drop", drop, { "a card pulled out under load, and another put in", rounds } },
		{ "unplug", unplug, { "a card unplugged in order under load, and plugged in again", rounds } },
		{ "reset", reset, { "a card reset under load", rounds } },
		{ "error", error, { "a card whose port reports a fatal error under load", rounds } },
		{ "unrecovered", NULL, { "a card that the kernel does not recover from an error", unrecovered } },
	};

	for (size_t i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].word)) {
			go = ways[i].go;
			stays = go == reset || go == error;
			return ks_main("removal", &ways[i].test, 1);
		}
	fprintf(stderr, "usage: removal drop | unplug | reset | error | unrecovered\n");
	return 2;
}
