// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Temperature, power and clock as monitors read them, and a card that is too hot. */
#include "ks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>

#define RESETS	3
#define NONE	LLONG_MIN

static int find(int card, char path[200])
{
	char dir[128];
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/hwmon", ks_pci(card));
	d = opendir(dir);
	path[0] = 0;
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "hwmon", 5))
			snprintf(path, 200, "%.100s/%.20s", dir, e->d_name);
	if (d)
		closedir(d);
	return path[0] ? 0 : -ENOENT;
}

static int text_of(const char *dir, const char *name, char text[64])
{
	char path[256];
	int fd, n;

	snprintf(path, sizeof(path), "%.200s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, 63);
	n = n < 0 ? -errno : n;
	close(fd);
	if (n < 0)
		return n;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	return 0;
}

static long long value(const char *dir, const char *name)
{
	char text[64];
	int r = text_of(dir, name, text);

	return r ? r : atoll(text);
}

static int throttle(int fd, uint64_t *thermals, uint64_t *why)
{
	struct drm_weft_stats s = { 0 };
	struct drm_weft_query q = { .what = DRM_WEFT_QUERY_STATS, .size = sizeof(s), .ptr = (uintptr_t)&s };
	int r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &q);

	*thermals = s.thermals;
	*why = s.throttle;
	return r;
}

static bool telemetry(int fd)
{
	struct drm_weft_device device = { 0 };

	return !ks_device(fd, &device) && device.caps & WEFT_CAP_TELEMETRY;
}

static int values(void)
{
	char dir[200], text[64];

	for (int card = 0; card < ks_cards(); card++) {
		int fd = ks_open(card);

		KS_CHECK(fd >= 0);
		KS_CHECK(telemetry(fd));
		KS_OK(find(card, dir));
		KS_OK(text_of(dir, "name", text));
		KS_CHECK(!strcmp(text, "weft"), "name %s", text);
		KS_OK(text_of(dir, "temp1_label", text));
		KS_CHECK(!strcmp(text, "card"), "label %s", text);
		KS_OK(text_of(dir, "power1_label", text));
		KS_CHECK(!strcmp(text, "total"), "label %s", text);
		KS_OK(text_of(dir, "freq1_label", text));
		KS_CHECK(!strcmp(text, "engines"), "label %s", text);
		/* m°C, µW, Hz */
		KS_CHECK(value(dir, "temp1_input") > 10000 && value(dir, "temp1_input") < 110000, "temp1_input %lld",
			 value(dir, "temp1_input"));
		KS_CHECK(value(dir, "temp1_crit") > 60000 && value(dir, "temp1_crit") < 150000, "temp1_crit %lld",
			 value(dir, "temp1_crit"));
		KS_CHECK(value(dir, "power1_input") > 1000000 && value(dir, "power1_input") < 1000000000,
			 "power1_input %lld", value(dir, "power1_input"));
		KS_CHECK(value(dir, "power1_crit") > 10000000 && value(dir, "power1_crit") < 1000000000,
			 "power1_crit %lld", value(dir, "power1_crit"));
		KS_IS(value(dir, "power1_crit_alarm"), 0);
		KS_CHECK(value(dir, "freq1_input") > 100000000 && value(dir, "freq1_input") < 10000000000LL,
			 "freq1_input %lld", value(dir, "freq1_input"));
		close(fd);
	}
	return 0;
}

static int too_hot(void)
{
	uint64_t thermals, before, why;
	int64_t until = ks_now_ns() + 5 * KS_SECOND;
	long long cool, fast;
	char dir[200];
	int fd = ks_open(0);

	KS_CHECK(fd >= 0);
	KS_OK(find(0, dir));
	KS_OK(throttle(fd, &before, &why));
	KS_CHECK(!(why & DRM_WEFT_THROTTLE_THERMAL), "throttled at rest");
	KS_IS(value(dir, "temp1_crit_alarm"), 0);
	cool = value(dir, "temp1_input");
	fast = value(dir, "freq1_input");
	KS_OK(ks_inject(0, WEFT_INJECT_HEAT, 80000));
	KS_CHECK(value(dir, "temp1_input") >= cool + 75000, "%lld m°C, was %lld", value(dir, "temp1_input"), cool);
	KS_IS(value(dir, "temp1_crit_alarm"), 1);
	KS_CHECK(value(dir, "freq1_input") < fast, "as fast as before: %lld Hz", value(dir, "freq1_input"));
	do
		KS_OK(throttle(fd, &thermals, &why));
	while (thermals == before && ks_now_ns() < until);
	KS_IS(thermals, before + 1);
	KS_CHECK(why & DRM_WEFT_THROTTLE_THERMAL, "throttle %llu", (unsigned long long)why);
	KS_OK(ks_inject(0, WEFT_INJECT_HEAT, 0));
	usleep(10000);
	KS_OK(throttle(fd, &thermals, &why));
	KS_CHECK(!(why & DRM_WEFT_THROTTLE_THERMAL), "still throttled");
	KS_IS(value(dir, "temp1_crit_alarm"), 0);
	close(fd);
	return 0;
}

struct resets {
	char path[96];
	volatile bool done;
	int r;
};

static void *reset_thread(void *arg)
{
	struct resets *t = arg;

	for (int i = 0; i < RESETS && !t->r; i++) {
		t->r = ks_write(t->path, "1");
		usleep(20000);
	}
	t->done = true;
	return NULL;
}

/* A card in reset is not touched: monitors are told to come again, and nothing else is wrong. */
static int in_reset(void)
{
	struct resets t = { .r = 0 };
	long long bad = NONE;
	long good = 0, again = 0;
	pthread_t thread;
	char dir[200];

	KS_OK(find(0, dir));
	snprintf(t.path, sizeof(t.path), "/sys/bus/pci/devices/%s/reset", ks_pci(0));
	KS_OK(pthread_create(&thread, NULL, reset_thread, &t));
	while (!t.done) {
		long long temp = value(dir, "temp1_input");

		if (temp == -EAGAIN)
			again++;
		else if (temp > 10000 && temp < 110000)
			good++;
		else
			bad = temp;
		usleep(500);
	}
	KS_OK(pthread_join(thread, NULL));
	KS_OK(t.r);
	KS_CHECK(bad == NONE, "temp1_input %lld", bad);
	printf("# %ld times read, %ld times in reset\n", good, again);
	KS_CHECK(good && again, "%ld times read, %ld times in reset", good, again);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "units and labels, every card", values },
		{ "a card that is too hot: alarm, statistics, clock", too_hot },
		{ "a card in reset is not read", in_reset },
	};

	return ks_main("hwmon", tests, sizeof(tests) / sizeof(tests[0]));
}
