// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* What an open file is told of its card by read() and poll(): resets, and its removal. */
#include "ks.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define EVENT_BYTES	((ssize_t)sizeof(struct drm_weft_event_card))
#define POLL_MS		30000

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int block(int fd, bool yes)
{
	int flags = fcntl(fd, F_GETFL);

	return fcntl(fd, F_SETFL, yes ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* A descriptor whose reads do not wait. */
static int open_card(int card)
{
	int fd = ks_open(card);

	return fd < 0 || !block(fd, false) ? fd : -errno;
}

static ssize_t take(int fd, struct drm_weft_event_card *e, size_t bytes)
{
	ssize_t n = read(fd, e, bytes);

	return n < 0 ? -errno : n;
}

static int ready(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n = poll(&p, 1, timeout_ms);

	return n < 0 ? -errno : n ? p.revents : 0;
}

/* Exactly one, and this one. */
static int is_told(int fd, uint32_t reason, uint32_t resets, uint64_t generation, uint64_t since_ns)
{
	struct drm_weft_event_card e[2];

	memset(e, 0xee, sizeof(e));
	KS_IS(ready(fd, POLL_MS), POLLIN);
	KS_IS(take(fd, e, sizeof(e)), EVENT_BYTES);
	KS_IS(e->base.type, DRM_WEFT_EVENT_CARD);
	KS_IS(e->base.length, EVENT_BYTES);
	KS_IS(e->reason, reason);
	KS_IS(e->resets, resets);
	KS_IS((long)e->generation, (long)generation);
	KS_CHECK(e->time_ns >= since_ns && e->time_ns <= monotonic_ns(), "at %llu, now %llu",
		 (unsigned long long)e->time_ns, (unsigned long long)monotonic_ns());
	return 0;
}

static uint64_t generation(int fd)
{
	struct drm_weft_device d = { .reset_gen = 0 };

	ks_device(fd, &d);
	return d.reset_gen;
}

static int reset(void)
{
	int a = open_card(0), b = open_card(0), other = ks_cards() > 1 ? open_card(1) : -1, after;
	struct drm_weft_event_card e;
	uint64_t since = monotonic_ns(), before = generation(a);

	KS_CHECK(a >= 0 && b >= 0);
	KS_IS(take(a, &e, sizeof(e)), -EAGAIN);
	KS_IS(ready(a, 0), 0);
	KS_OK(ks_reset(0));
	after = open_card(0);
	KS_CHECK(generation(a) > before);
	KS_DO(is_told(a, DRM_WEFT_EVENT_RESET, 1, generation(a), since));
	KS_DO(is_told(b, DRM_WEFT_EVENT_RESET, 1, generation(a), since));
	KS_IS(take(a, &e, sizeof(e)), -EAGAIN);
	KS_IS(ready(a, 0), 0);
	/* Who came after it, and who has another card, is told nothing. */
	KS_IS(take(after, &e, sizeof(e)), -EAGAIN);
	if (other >= 0) {
		KS_IS(take(other, &e, sizeof(e)), -EAGAIN);
		close(other);
	}
	/* Once more: there is room for each. */
	since = monotonic_ns();
	KS_OK(ks_reset(0));
	KS_DO(is_told(a, DRM_WEFT_EVENT_RESET, 1, generation(a), since));
	KS_DO(is_told(after, DRM_WEFT_EVENT_RESET, 1, generation(a), since));
	close(after);
	close(b);
	close(a);
	return 0;
}

static int unread(void)
{
	int fd = open_card(0), late;
	struct drm_weft_event_card e;
	uint64_t since = 0;

	for (int i = 0; i < 3; i++) {
		since = monotonic_ns();
		KS_OK(ks_reset(0));
		if (i == 1)
			late = open_card(0);
	}
	KS_DO(is_told(fd, DRM_WEFT_EVENT_RESET, 3, generation(fd), since));
	KS_IS(take(fd, &e, sizeof(e)), -EAGAIN);
	KS_DO(is_told(late, DRM_WEFT_EVENT_RESET, 1, generation(fd), since));
	/* Closed with one unread; what is left behind is seen at the program's end. */
	KS_OK(ks_reset(0));
	close(late);
	KS_DO(is_told(fd, DRM_WEFT_EVENT_RESET, 1, generation(fd), since));
	close(fd);
	return 0;
}

static int short_buffer(void)
{
	int fd = open_card(0);
	struct drm_weft_event_card e = { .reason = 77 };
	void *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t since = monotonic_ns();

	KS_CHECK(nothing != MAP_FAILED);
	KS_OK(ks_reset(0));
	KS_IS(take(fd, &e, 0), 0);
	KS_IS(take(fd, &e, sizeof(e) - 1), 0);
	KS_IS(e.reason, 77);
	KS_IS(take(fd, nothing, sizeof(e)), -EFAULT);
	munmap(nothing, 4096);
	KS_DO(is_told(fd, DRM_WEFT_EVENT_RESET, 1, generation(fd), since));
	close(fd);
	return 0;
}

struct reader {
	pthread_t thread;
	int fd, events;
	ssize_t n;
	struct drm_weft_event_card e;
};

static void *sleep_in_read(void *arg)
{
	struct reader *r = arg;

	r->n = take(r->fd, &r->e, sizeof(r->e));
	return NULL;
}

static void *sleep_in_poll(void *arg)
{
	struct reader *r = arg;

	r->events = ready(r->fd, POLL_MS);
	return NULL;
}

static int sleepers(void)
{
	struct reader reader = { .fd = ks_open(0) }, poller = { .fd = ks_open(0) };
	uint64_t since = monotonic_ns();

	KS_OK(pthread_create(&reader.thread, NULL, sleep_in_read, &reader));
	KS_OK(pthread_create(&poller.thread, NULL, sleep_in_poll, &poller));
	usleep(100000);
	KS_OK(ks_reset(0));
	KS_OK(pthread_join(reader.thread, NULL));
	KS_OK(pthread_join(poller.thread, NULL));
	KS_IS(reader.n, EVENT_BYTES);
	KS_IS(reader.e.reason, DRM_WEFT_EVENT_RESET);
	KS_IS(poller.events, POLLIN);
	KS_DO(is_told(poller.fd, DRM_WEFT_EVENT_RESET, 1, generation(poller.fd), since));
	close(poller.fd);
	close(reader.fd);
	return 0;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* While one sleeps in read(), another of the same file waits for its turn, unless it may not, or a signal comes. */
static int second_reader(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct reader first = { .fd = ks_open(0) }, second = first;
	struct drm_weft_event_card e;
	uint64_t since = monotonic_ns();

	KS_OK(sigaction(SIGUSR1, &action, NULL));
	KS_OK(pthread_create(&first.thread, NULL, sleep_in_read, &first));
	usleep(200000);
	KS_OK(pthread_create(&second.thread, NULL, sleep_in_read, &second));
	usleep(200000);
	KS_OK(pthread_kill(second.thread, SIGUSR1));
	KS_OK(pthread_join(second.thread, NULL));
	KS_IS(second.n, -EINTR);
	KS_OK(block(first.fd, false));
	KS_IS(take(first.fd, &e, sizeof(e)), -EAGAIN);
	KS_OK(ks_reset(0));
	KS_OK(pthread_join(first.thread, NULL));
	KS_IS(first.n, EVENT_BYTES);
	KS_IS(first.e.reason, DRM_WEFT_EVENT_RESET);
	KS_OK(ks_reset(0));
	KS_DO(is_told(first.fd, DRM_WEFT_EVENT_RESET, 1, generation(first.fd), since));
	close(first.fd);
	return 0;
}

/* One that was told of a reset and has not looked is told of both, in order; one that sleeps in read() wakes. */
static int removed(void)
{
	struct reader reader = { .fd = ks_open(0) }, second;
	struct drm_weft_event_card e[3];
	int fd = open_card(0), quick = open_card(0);
	uint64_t since = monotonic_ns(), gen;
	char pci[32];

	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_reset(0));
	gen = generation(fd);
	KS_IS(take(reader.fd, e, sizeof(e)), EVENT_BYTES);
	KS_IS(take(quick, e, sizeof(e)), EVENT_BYTES);
	second = reader;
	KS_OK(pthread_create(&reader.thread, NULL, sleep_in_read, &reader));
	KS_OK(pthread_create(&second.thread, NULL, sleep_in_read, &second));
	usleep(100000);
	KS_OK(ks_driver("unbind", pci));
	KS_OK(pthread_join(reader.thread, NULL));
	KS_OK(pthread_join(second.thread, NULL));
	/* Whichever of the two got it, the other one is told that there is no more. */
	KS_IS(reader.n + second.n, EVENT_BYTES - ENODEV);
	KS_IS((reader.n > 0 ? reader : second).e.reason, DRM_WEFT_EVENT_REMOVED);
	KS_DO(is_told(quick, DRM_WEFT_EVENT_REMOVED, 0, 0, since));
	KS_IS(take(fd, e, sizeof(e)), 2 * EVENT_BYTES);
	KS_CHECK(e[0].reason == DRM_WEFT_EVENT_RESET && e[0].resets == 1 && e[0].generation == gen);
	KS_CHECK(e[1].reason == DRM_WEFT_EVENT_REMOVED && e[1].time_ns >= e[0].time_ns);
	/* Nothing will come any more: nobody sleeps for it. */
	KS_OK(block(fd, true));
	KS_IS(take(fd, e, sizeof(e)), -ENODEV);
	KS_IS(take(reader.fd, e, sizeof(e)), -ENODEV);
	KS_IS(ready(fd, POLL_MS), POLLHUP);
	KS_OK(ks_driver("bind", pci));
	KS_IS(take(fd, e, sizeof(e)), -ENODEV);
	close(fd);
	close(quick);
	/* One closes after its last word, the others with it unread. */
	fd = ks_open(0);
	KS_OK(ks_driver("unbind", pci));
	close(fd);
	close(reader.fd);
	KS_OK(ks_driver("bind", pci));
	return 0;
}

/* A reset that fails is told too; and the unbinding that ends it. */
static int wedged(void)
{
	int fd = open_card(0);
	struct drm_weft_device d;
	struct drm_weft_event_card e;
	uint64_t since = monotonic_ns();
	char pci[32];

	KS_OK(ks_device(fd, &d));
	KS_CHECK(d.caps & WEFT_CAP_INJECT, "a card without INJECT");
	snprintf(pci, sizeof(pci), "%s", ks_pci(0));
	KS_OK(ks_inject(0, WEFT_INJECT_RESET_FAILS, 0));
	ks_reset(0);
	KS_DO(is_told(fd, DRM_WEFT_EVENT_WEDGED, 0, 0, since));
	KS_IS(take(fd, &e, sizeof(e)), -EAGAIN);
	KS_OK(ks_driver("unbind", pci));
	KS_DO(is_told(fd, DRM_WEFT_EVENT_REMOVED, 0, 0, since));
	KS_IS(take(fd, &e, sizeof(e)), -ENODEV);
	close(fd);
	KS_OK(ks_driver("bind", pci));
	return 0;
}

static void *close_it(void *arg)
{
	usleep(ks_random() % 20000);
	close(((struct reader *)arg)->fd);
	return NULL;
}

/* Files closed, and others opened, while their card is being reset. */
static int closed_meanwhile(void)
{
	for (int round = 0; round < 10; round++) {
		struct reader r[8];

		for (int i = 0; i < 8; i++) {
			r[i] = (struct reader){ .fd = ks_open(0) };
			KS_CHECK(r[i].fd >= 0);
			KS_OK(pthread_create(&r[i].thread, NULL, close_it, &r[i]));
		}
		KS_OK(ks_reset(0));
		for (int i = 0; i < 8; i++)
			KS_OK(pthread_join(r[i].thread, NULL));
	}
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "each file is told of each reset, once", reset },
		{ "what is not read is brought up to date", unread },
		{ "a short buffer leaves the event", short_buffer },
		{ "read and poll wake", sleepers },
		{ "a second reader waits, or may not", second_reader },
		{ "removal is told last, then ENODEV and POLLHUP", removed },
		{ "a card given up", wedged },
		{ "files closed during resets", closed_meanwhile },
	};

	return ks_main("event", tests, sizeof(tests) / sizeof(tests[0]));
}
