// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Bad firmware: the last card is bound again with each bad image in place of the good one. Its probe must fail with
 * one clear line, the other cards must not notice, and with the good image back the card must work.
 */
#define _GNU_SOURCE
#include "ks.h"

#include "../../firmware/abi/boot.h"
#include "../../firmware/abi/cp.h"

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
	for (int card = 0; card < ks_cards(); card++)
		KS_CHECK(strcmp(ks_pci(card), pci), "%s: the card has a node", what);
	KS_CHECK(logged(word), "%s: no line with \"%s\" in the log", what, word);
	return ks_rig_alive(other);
}

/* What the boot page says of a header that differs from a good one in one bit; else it is the signature that is wrong. */
static enum weft_boot_code code_of(const struct weft_fw_header *h, long byte, long image_bytes)
{
	if (byte < (long)offsetof(struct weft_fw_header, header_bytes))
		return WEFT_BOOT_E_MAGIC;
	if (byte < (long)offsetof(struct weft_fw_header, image_bytes) ||
	    (byte >= (long)offsetof(struct weft_fw_header, reserved) && byte < WEFT_FW_SIGNED_BYTES))
		return WEFT_BOOT_E_HEADER;
	if (byte < (long)offsetof(struct weft_fw_header, load))
		return WEFT_BOOT_E_SIZE;
	if (h->load < WEFT_CP_RAM || (uint64_t)h->load + image_bytes > (uint64_t)WEFT_CP_RAM + WEFT_CP_RAM_BYTES ||
	    h->entry < h->load || h->entry >= (uint64_t)h->load + image_bytes || h->entry % 2)
		return WEFT_BOOT_E_LOAD;
	/* an image in the tree is signed with key 0, and the card has no other */
	if (byte >= (long)offsetof(struct weft_fw_header, key_id) && byte < (long)offsetof(struct weft_fw_header, build_id))
		return WEFT_BOOT_E_KEY;
	return WEFT_BOOT_E_SIGNATURE;
}

static int flipped(long bit, long size, struct ks_rig *other)
{
	struct weft_fw_header h;
	char what[64], word[64];
	FILE *f;

	KS_OK(copy_file(KEPT, IMAGE, -1, bit));
	f = fopen(IMAGE, "r");
	KS_CHECK(f);
	KS_IS(fread(&h, sizeof(h), 1, f), 1);
	fclose(f);
	snprintf(what, sizeof(what), "bit %ld flipped", bit);
	snprintf(word, sizeof(word), "refused with code %u:", code_of(&h, bit / 8, size - (long)sizeof(h)));
	return refused(what, word, other);
}

static int bad_images(void)
{
	static const struct { const char *file, *word; } bad[] = {
		{ BAD_DIR "/weft-fw-loop.bin", "mailbox" },
		{ BAD_DIR "/weft-fw-toonew.bin", "refused with code 10:" },
	};
	/* one bit of each field; those behind are somewhere in the file, most of them in the code */
	static const size_t fields[] = {
		offsetof(struct weft_fw_header, magic), offsetof(struct weft_fw_header, header_bytes),
		offsetof(struct weft_fw_header, header_version), offsetof(struct weft_fw_header, image_bytes),
		offsetof(struct weft_fw_header, load), offsetof(struct weft_fw_header, entry),
		offsetof(struct weft_fw_header, fw_version), offsetof(struct weft_fw_header, contract_min),
		offsetof(struct weft_fw_header, contract_max), offsetof(struct weft_fw_header, rollback),
		offsetof(struct weft_fw_header, key_id), offsetof(struct weft_fw_header, build_id),
		offsetof(struct weft_fw_header, reserved), offsetof(struct weft_fw_header, signature),
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
	KS_OK(refused("missing", "weft-fw.bin cannot be loaded", &other));
	KS_OK(copy_file(KEPT, IMAGE, 100, -1));
	KS_OK(refused("short", "refused with code 2:", &other));
	KS_OK(copy_file(KEPT, IMAGE, st.st_size - 1, -1));
	KS_OK(refused("one byte short", "refused with code 5:", &other));
	KS_OK(copy_file("/bin/busybox", IMAGE, 100000, -1));
	KS_OK(refused("not an image", "refused with code 3:", &other));
	KS_OK(copy_file(KEPT, IMAGE, -1, -1));
	KS_OK(truncate(IMAGE, sizeof(struct weft_fw_header) + WEFT_FW_MAX_BYTES + 1) ? -errno : 0);
	KS_OK(refused("too large", "the contract allows", &other));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		KS_OK(flipped(fields[i] * 8 + ks_random() % 32, st.st_size, &other));
	for (long i = 0; i < n; i++)
		KS_OK(flipped(ks_random() % (st.st_size * 8), st.st_size, &other));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		KS_OK(copy_file(bad[i].file, IMAGE, -1, -1));
		KS_OK(refused(bad[i].file, bad[i].word, &other));
	}
	KS_OK(copy_file(KEPT, IMAGE, -1, -1));
	KS_OK(ks_driver("bind", pci));
	KS_CHECK(bound());
	ks_rig_close(&other);
	KS_DO(ks_works(ks_cards() - 1));
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "missing, short, large, wrong, flipped, endless and too new images", bad_images },
	};

	return ks_main("firmware", tests, sizeof(tests) / sizeof(tests[0]));
}
