// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Bad firmware: the last card is bound again with each bad image in place of the good one. Its probe must fail with
 * one clear line, the other cards must not notice, and with the good image back the card must work.
 */
#define _GNU_SOURCE
#include "ks.h"

#include <fcntl.h>
#include <sys/klog.h>
#include <sys/stat.h>

#define IMAGE	"/lib/firmware/weft/weft-fw.bin"
#define KEPT	"/tmp/weft-fw.good"
#define BAD_DIR	"/opt/weft/share/firmware"

static char pci[32];

static int copy_file(const char *from, const char *to, long bytes, long flip_bit)
{
	static uint8_t buffer[2 << 20];
	FILE *in = fopen(from, "r"), *out;
	size_t n;

	if (!in)
		return -errno;
	n = fread(buffer, 1, sizeof(buffer), in);
	fclose(in);
	if (bytes >= 0)
		n = bytes;
	if (flip_bit >= 0)
		buffer[flip_bit / 8] ^= 1 << flip_bit % 8;
	out = fopen(to, "w");
	if (!out)
		return -errno;
	n -= fwrite(buffer, 1, n, out);
	fclose(out);
	return n ? -EIO : 0;
}

static bool bound(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/weft/%s", pci);
	return !access(path, F_OK);
}

/* Whether the kernel log after `mark` has a line of this card that contains `word`. */
static bool logged(const char *word)
{
	static char log[4 << 20];
	int n = klogctl(3, log, sizeof(log) - 1);
	char *line, *mark = NULL, *next;

	log[n > 0 ? n : 0] = 0;
	for (next = log; (next = strstr(next, "ks-firmware-mark")); next++)
		mark = next;
	for (line = mark ? mark : log; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (strstr(line, pci) && strcasestr(line, word))
			return true;
	}
	return false;
}

static void mark_log(void)
{
	FILE *f = fopen("/dev/kmsg", "w");

	if (f) {
		fprintf(f, "ks-firmware-mark\n");
		fclose(f);
	}
}

/* Binds with the image now in place; `word` must be in the refusal. */
static int refused(const char *what, const char *word, struct ks_rig *other)
{
	mark_log();
	ks_driver("bind", pci);	/* some kernels report a failed probe here, some do not */
	KS_CHECK(!bound(), "%s: accepted", what);
	KS_CHECK(logged(word), "%s: no line with \"%s\" in the log", what, word);
	return ks_rig_alive(other);
}

static int bad_images(void)
{
	static const struct { const char *file, *word; } bad[] = {
		{ BAD_DIR "/weft-fw-loop.bin", "mailbox" },
		{ BAD_DIR "/weft-fw-toonew.bin", "contract" },
	};
	struct ks_rig other;
	struct stat st;
	long n = ks_iterations(12);

	if (ks_cards() < 2)
		return ks_skip("two-cards");
	snprintf(pci, sizeof(pci), "%s", ks_pci(ks_cards() - 1));
	KS_OK(ks_rig_open(&other, 0, 0));
	KS_OK(copy_file(IMAGE, KEPT, -1, -1));
	KS_CHECK(!stat(KEPT, &st));
	KS_OK(ks_driver("unbind", pci));

	KS_OK(unlink(IMAGE) ? -errno : 0);
	KS_OK(refused("missing", "weft-fw.bin", &other));
	KS_OK(copy_file(KEPT, IMAGE, 100, -1));
	KS_OK(refused("short", "short", &other));
	KS_OK(copy_file(KEPT, IMAGE, st.st_size - 1, -1));
	KS_OK(refused("one byte short", "size", &other));
	KS_OK(copy_file("/bin/busybox", IMAGE, 100000, -1));
	KS_OK(refused("not an image", "magic", &other));
	for (long i = 0; i < n; i++) {
		long bit = ks_random() % (st.st_size * 8);

		KS_OK(copy_file(KEPT, IMAGE, -1, bit));
		KS_OK(refused("one bit flipped", "firmware", &other));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		KS_OK(copy_file(bad[i].file, IMAGE, -1, -1));
		KS_OK(refused(bad[i].file, bad[i].word, &other));
	}
	KS_OK(copy_file(KEPT, IMAGE, -1, -1));
	KS_OK(ks_driver("bind", pci));
	KS_CHECK(bound());
	ks_rig_close(&other);
	KS_OK(ks_rig_open(&other, ks_cards() - 1, 0));
	KS_OK(ks_rig_alive(&other));
	ks_rig_close(&other);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "missing, short, wrong, flipped, endless and too new images", bad_images },
	};

	return ks_main("firmware", tests, sizeof(tests) / sizeof(tests[0]));
}
