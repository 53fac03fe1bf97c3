// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* fdinfo, read as strictly as Documentation/gpu/drm-usage-stats.rst of the kernel says; and the counts in ras/. */
#include "ks_uq.h"

#include <ctype.h>

#define MAX_KEYS	64
#define FILLS		100		/* of 4 MiB */
#define LEAST_NS	1000000		/* what they take on any card: 400 GB/s */

struct pair {
	char key[64], value[128];
};

static struct pair pairs[MAX_KEYS];
static int num_pairs;

/* "key:<whitespace>value", no whitespace in the key, no key twice. */
static int read_fdinfo(int fd)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	KS_CHECK(f);
	num_pairs = 0;
	while (fgets(line, sizeof(line), f)) {
		struct pair *p = &pairs[num_pairs];
		char *colon = strchr(line, ':'), *value;

		KS_CHECK(num_pairs < MAX_KEYS && colon && strchr(line, '\n'), "%s", line);
		*colon = 0;
		value = colon + 1 + strspn(colon + 1, " \t");
		value[strcspn(value, "\n")] = 0;
		KS_CHECK(*line && !strpbrk(line, " \t") && strlen(line) < sizeof(p->key) && *value, "key \"%s\"", line);
		strcpy(p->key, line);
		snprintf(p->value, sizeof(p->value), "%.127s", value);
		for (int i = 0; i < num_pairs; i++)
			KS_CHECK(strcmp(pairs[i].key, line), "%s twice", line);
		num_pairs++;
	}
	fclose(f);
	return 0;
}

static const char *value(const char *key)
{
	for (int i = 0; i < num_pairs; i++)
		if (!strcmp(pairs[i].key, key))
			return pairs[i].value;
	return NULL;
}

/* An unsigned number and exactly one of the units, "" for none. */
static bool number(const char *text, const char *units, uint64_t *n)
{
	char *end;
	const char *unit = units;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	*n = strtoull(text, &end, 10);
	while (*unit) {
		size_t length = strcspn(unit, "|");

		if (strlen(end) == length && !strncmp(end, unit, length))
			return true;
		unit += length;
		unit += *unit == '|';
	}
	return !*units && !*end;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Every key that begins with drm- is one of the specification, with a value of its type. */
static int check_key(const struct pair *p)
{
	uint64_t n;

	if (!begins(p->key, "drm-"))
		return 0;	/* of the file, or weft-… */
	if (!strcmp(p->key, "drm-driver") || !strcmp(p->key, "drm-client-name") || !strcmp(p->key, "drm-pdev"))
		return 0;
	if (!strcmp(p->key, "drm-client-id")) {
		KS_CHECK(number(p->value, "", &n), "%s: %s", p->key, p->value);
	} else if (begins(p->key, "drm-engine-capacity-")) {
		char engine[96];

		KS_CHECK(number(p->value, "", &n) && n > 0, "%s: %s", p->key, p->value);
		snprintf(engine, sizeof(engine), "drm-engine-%s", p->key + strlen("drm-engine-capacity-"));
		KS_CHECK(value(engine), "%s without %s", p->key, engine);
	} else if (begins(p->key, "drm-engine-")) {
		KS_CHECK(number(p->value, " ns", &n), "%s: %s", p->key, p->value);
	} else {
		KS_CHECK(begins(p->key, "drm-total-") || begins(p->key, "drm-shared-") || begins(p->key, "drm-resident-") ||
			 begins(p->key, "drm-purgeable-") || begins(p->key, "drm-active-"),
			 "%s is not in the specification", p->key);
		KS_CHECK(number(p->value, " KiB| MiB", &n) || number(p->value, "", &n), "%s: %s", p->key, p->value);
	}
	return 0;
}

static int keys(void)
{
	struct drm_weft_device device;
	struct ks_rig rig;
	uint64_t n;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_device(rig.fd, &device));
	KS_OK(read_fdinfo(rig.fd));
	for (int i = 0; i < num_pairs; i++)
		KS_OK(check_key(&pairs[i]));
	KS_CHECK(value("drm-driver") && !strcmp(value("drm-driver"), "weft"));
	KS_CHECK(value("drm-pdev") && !strcmp(value("drm-pdev"), ks_pci(0)), "%s", value("drm-pdev"));
	KS_CHECK(number(value("drm-client-id"), "", &n));
	KS_CHECK(number(value("drm-engine-weft"), " ns", &n));
	KS_CHECK(number(value("drm-engine-capacity-weft"), "", &n) && n == device.num_slots, "%s",
		 value("drm-engine-capacity-weft"));
	KS_CHECK(value("drm-total-local") && value("drm-shared-local") && value("drm-resident-local"), "no memory");
	KS_CHECK(value("drm-total-system") && value("drm-shared-system") && value("drm-resident-system"), "no memory");
	/* the driver does not know: no key rather than one that is always 0 */
	KS_CHECK(!value("drm-active-local") && !value("drm-active-system"), "%s of local memory active",
		 value("drm-active-local"));
	ks_rig_close(&rig);
	return 0;
}

static int engine_ns(int fd, uint64_t *ns)
{
	KS_OK(read_fdinfo(fd));
	KS_CHECK(number(value("drm-engine-weft"), " ns", ns));
	return 0;
}

/* It counts what ran, of queues that are gone and of lives before a fault as well, and not what other files ran. */
static int engine_time(void)
{
	uint64_t before, ran, faulted, gone, other;
	struct ks_rig rig, idle;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_open(&idle, 0, 0));
	KS_OK(engine_ns(rig.fd, &before));
	for (int i = 0; i < FILLS; i++)
		rig.list[i] = ks_pkt_fill(KS_DATA_VA, KS_DATA_BYTES, i);
	KS_OK(ks_rig_run(&rig, FILLS, 0));
	KS_OK(engine_ns(rig.fd, &ran));
	KS_CHECK(ran > before && ran - before >= LEAST_NS && ran - before < 60 * KS_SECOND, "%llu ns",
		 (unsigned long long)(ran - before));
	rig.list[0].hdr.op = 200;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_OK(engine_ns(rig.fd, &faulted));
	KS_CHECK(faulted >= ran, "%llu after a fault, %llu before", (unsigned long long)faulted, (unsigned long long)ran);
	KS_OK(ks_queue_destroy(rig.fd, rig.queue));
	KS_OK(engine_ns(rig.fd, &gone));
	KS_CHECK(gone >= faulted, "%llu without the queue, %llu with it", (unsigned long long)gone,
		 (unsigned long long)faulted);
	KS_OK(engine_ns(idle.fd, &other));
	KS_CHECK(other < LEAST_NS, "%llu ns of another file", (unsigned long long)other);
	ks_rig_close(&idle);
	ks_rig_close(&rig);
	return 0;
}

static long long ras(const char *name)
{
	char path[128], text[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/ras/%s", ks_pci(0), name);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	return isdigit((unsigned char)text[0]) ? strtoll(text, NULL, 10) : -EBADMSG;
}

static int stats(struct drm_weft_stats *s)
{
	struct drm_weft_query query = { .what = DRM_WEFT_QUERY_STATS, .size = sizeof(*s), .ptr = (uintptr_t)s };
	int fd = ks_open(0), r;

	if (fd < 0)
		return fd;
	r = ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY, &query);
	close(fd);
	return r ? r : query.size == sizeof(*s) ? 0 : -EMSGSIZE;
}

static int counts(void)
{
	static const char *const names[] = {
		"ecc_corrected", "ecc_uncorrected", "links_down", "thermal_events", "queue_faults", "job_timeouts",
		"wait_limits", "firmware_restarts", "card_resets", "failed_resets", "safe_timeouts", "lost_interrupts",
		"event_overflows", "dumps_made", "dumps_dropped", "stop_timeouts", "engine_resets",
	};
	long long resets, lost, faults;
	struct drm_weft_stats s;
	struct ks_rig rig;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		KS_CHECK(ras(names[i]) >= 0, "%s: %lld", names[i], ras(names[i]));
	faults = ras("queue_faults");
	KS_OK(ks_rig_open(&rig, 0, 0));
	rig.list[0].hdr.op = 200;
	KS_IS(ks_rig_run(&rig, 1, 0), -EFAULT);
	KS_IS(ras("queue_faults"), faults + 1);

	/* the next interrupt does not come, which is the job's and not that of a clearing: it ends all the same, and it is noticed */
	KS_OK(ks_wait_cleared(0, 0));
	lost = ras("lost_interrupts");
	KS_OK(ks_inject(0, WEFT_INJECT_LOST_IRQ, 0));
	KS_OK(ks_rig_alive(&rig));
	for (int i = 0; i < 500 && ras("lost_interrupts") == lost; i++)
		usleep(10000);
	KS_CHECK(ras("lost_interrupts") > lost, "not noticed");
	ks_rig_close(&rig);

	resets = ras("card_resets");
	KS_OK(ks_reset(0));
	KS_IS(ras("card_resets"), resets + 1);
	KS_OK(stats(&s));
	KS_IS(s.resets, ras("card_resets"));
	KS_IS(s.lost_irqs, ras("lost_interrupts"));
	KS_IS(s.safe_timeouts, ras("safe_timeouts"));
	KS_IS(s.ecc_corrected, ras("ecc_corrected"));
	KS_IS(s.stop_timeouts, ras("stop_timeouts"));
	KS_IS(s.engine_resets, ras("engine_resets"));
	KS_IS(s.wedged, ras("failed_resets"));
	KS_IS(s.dumps, ras("dumps_made"));
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "keys and values are those of the specification", keys },
		{ "engine time", engine_time },
		{ "counts in ras/ and in QUERY", counts },
	};

	return ks_main("fdinfo", tests, sizeof(tests) / sizeof(tests[0]));
}
