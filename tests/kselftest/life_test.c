// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Files open and close, drivers unbind: nothing is left behind. */
#define _GNU_SOURCE
#include "ks.h"

#include <fcntl.h>

static int open_close(void)
{
	long n = ks_iterations(10000);
	char what[256] = "";

	for (long i = 0; i < n; i++) {
		uint32_t vm, handle;
		int fd = ks_open(i % ks_cards());

		KS_CHECK(fd >= 0, "open %ld", i);
		if (i % 100 == 0) {
			KS_OK(ks_vm_create(fd, &vm));
			KS_OK(ks_gem_create(fd, 65536, DRM_WEFT_PLACE_LOCAL, 0, &handle));
			KS_OK(ks_bind(fd, vm, handle, 1 << 20, 65536, DRM_WEFT_BIND_READ));
		}
		close(fd);
	}
	KS_CHECK(!ks_leaks(what, sizeof(what)), "%s", what);
	return 0;
}

/* Unbind and bind with a file open, a mapping live and jobs in flight. */
static int unbind_under_load(void)
{
	char pci[32];

	for (int round = 0; round < 3; round++) {
		struct ks_rig rig;

		snprintf(pci, sizeof(pci), "%s", ks_pci(0));
		KS_OK(ks_rig_open(&rig, 0, 0));
		rig.list[0].timed = (struct weft_pkt_timed){ .op = WEFT_PKT_TIMED, .ns = 50LL * KS_SECOND };
		KS_OK(ks_rig_submit(&rig, 1, 0));
		KS_OK(ks_driver("unbind", pci));
		KS_CHECK(ks_rig_wait(&rig) < 0);
		KS_IS(ks_gem_create(rig.fd, 4096, DRM_WEFT_PLACE_LOCAL, 0, &(uint32_t){ 0 }), -ENODEV);
		ks_rig_close(&rig);
		KS_OK(ks_driver("bind", pci));
		KS_DO(ks_works(0));
	}
	return 0;
}

static int fdinfo(void)
{
	struct ks_rig rig;
	char path[64], text[4096];
	FILE *f;
	size_t n;

	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_OK(ks_rig_alive(&rig));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", rig.fd);
	f = fopen(path, "r");
	KS_CHECK(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	KS_CHECK(strstr(text, "drm-driver:\tweft"), "%s", text);
	KS_CHECK(strstr(text, "drm-engine-"), "%s", text);
	KS_CHECK(strstr(text, "drm-total-local"), "%s", text);
	ks_rig_close(&rig);
	return 0;
}

/* KiB of a key of fdinfo, or -1. */
static long long memory_key(int fd, const char *key)
{
	char path[64], line[256];
	long long kib = -1;
	size_t len = strlen(key);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, len) && line[len] == ':') {
			char unit[8] = "";

			if (sscanf(line + len + 1, "%lld %7s", &kib, unit) < 1)
				kib = -1;
			kib = !strcmp(unit, "MiB") ? kib << 10 : !strcmp(unit, "KiB") ? kib : kib >> 10;
		}
	if (f)
		fclose(f);
	return kib;
}

static int fdinfo_memory(void)
{
	uint32_t local, system;
	int fd = ks_open(0), dmabuf;

	KS_IS(memory_key(fd, "drm-total-local"), 0);
	KS_IS(memory_key(fd, "drm-resident-system"), 0);
	KS_OK(ks_gem_create(fd, 3 << 20, DRM_WEFT_PLACE_LOCAL, 0, &local));
	KS_OK(ks_gem_create(fd, 20480, DRM_WEFT_PLACE_SYSTEM, 0, &system));
	KS_IS(memory_key(fd, "drm-total-local"), 3 << 10);
	KS_IS(memory_key(fd, "drm-resident-local"), 3 << 10);
	KS_IS(memory_key(fd, "drm-shared-local"), 0);
	KS_IS(memory_key(fd, "drm-total-system"), 20);
	KS_IS(memory_key(fd, "drm-resident-system"), 20);
	KS_OK(ks_export(fd, local, DRM_WEFT_RIGHT_READ, &dmabuf));
	uint32_t alias;

	/* the same bytes under another handle are shared */
	KS_OK(ks_import(fd, dmabuf, &alias));
	close(dmabuf);
	KS_IS(memory_key(fd, "drm-shared-local"), 3 << 10);
	KS_OK(ks_gem_close(fd, alias));
	KS_OK(ks_gem_close(fd, local));
	KS_IS(memory_key(fd, "drm-total-local"), 0);
	KS_IS(memory_key(fd, "drm-total-system"), 20);
	close(fd);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "open and close, 10000 times", open_close },
		{ "fdinfo has the standard keys", fdinfo },
		{ "fdinfo counts memory as the objects are", fdinfo_memory },
		{ "unbind and bind under load", unbind_under_load },
	};

	return ks_main("life", tests, sizeof(tests) / sizeof(tests[0]));
}
