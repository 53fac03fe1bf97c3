// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft-fwsign: makes a firmware image (abi/boot.h) of raw bytes, checks one, makes a key pair. */
#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/abi/boot.h"
#include "firmware/abi/cp.h"

_Static_assert(crypto_sign_BYTES == sizeof(((struct weft_fw_header *)0)->signature), "Ed25519");

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "weft-fwsign: %s: %s\n", what, why);
	return 1;
}

static int usage(void)
{
	fputs("usage: weft-fwsign --key FILE --version A.B.C --rollback N [--contract-min A.B] [--contract-max A.B]\n"
	      "                   [--key-id N] [--load ADDR] [--entry ADDR] IN.bin OUT.bin\n"
	      "       weft-fwsign --verify FILE.pub IMAGE     check an image against a public key\n"
	      "       weft-fwsign --keygen PREFIX             write PREFIX.key and PREFIX.pub (no overwriting)\n"
	      "Key files hold 64 hexadecimal digits: the Ed25519 seed, or the public key.\n", stderr);
	return 2;
}

/* Reads a whole file of at most `max` bytes; NULL with errno. */
static uint8_t *read_file(const char *path, size_t max, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	uint8_t *buf = f ? malloc(max + 1) : NULL;

	if (buf) {
		*bytes = fread(buf, 1, max + 1, f);
		if (ferror(f) || *bytes > max) {
			errno = ferror(f) ? EIO : EFBIG;
			free(buf);
			buf = NULL;
		}
	}
	if (f)
		fclose(f);
	return buf;
}

static int write_file(const char *path, const char *mode, const void *a, size_t na, const void *b, size_t nb)
{
	FILE *f = fopen(path, mode);

	if (!f)
		return fail(path, strerror(errno));
	if (fwrite(a, 1, na, f) != na || fwrite(b, 1, nb, f) != nb || fflush(f)) {
		fclose(f);
		return fail(path, "write failed");
	}
	return fclose(f) ? fail(path, strerror(errno)) : 0;
}

static int read_key(const char *path, uint8_t key[32])
{
	size_t bytes = 0, got = 0;
	uint8_t *text = read_file(path, 256, &bytes);
	const char *end;
	int ret = 0;

	if (!text)
		return fail(path, strerror(errno));
	if (sodium_hex2bin(key, 32, (char *)text, bytes, " \r\n", &got, &end) || got != 32 ||
	    end != (char *)text + bytes)
		ret = fail(path, "not 64 hexadecimal digits");
	sodium_memzero(text, bytes);
	free(text);
	return ret;
}

static int keygen(const char *prefix)
{
	uint8_t seed[crypto_sign_SEEDBYTES], pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	char path[4096], hex[65];
	int ret;

	randombytes_buf(seed, sizeof(seed));
	crypto_sign_seed_keypair(pub, secret, seed);
	snprintf(path, sizeof(path), "%s.key", prefix);
	sodium_bin2hex(hex, sizeof(hex), seed, sizeof(seed));
	ret = write_file(path, "wx", hex, 64, "\n", 1);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s.pub", prefix);
	sodium_bin2hex(hex, sizeof(hex), pub, sizeof(pub));
	return write_file(path, "wx", hex, 64, "\n", 1);
}

static int verify(const char *pub_path, const char *image_path)
{
	uint8_t pub[32], *image, *signed_part;
	struct weft_fw_header h;
	size_t bytes;
	int bad;

	if (read_key(pub_path, pub))
		return 1;
	image = read_file(image_path, sizeof(h) + WEFT_FW_MAX_BYTES, &bytes);
	if (!image)
		return fail(image_path, strerror(errno));
	if (bytes < sizeof(h))
		return fail(image_path, "shorter than a header");
	memcpy(&h, image, sizeof(h));
	/* What is signed is the header without the signature, then the bytes. */
	signed_part = malloc(bytes);
	if (!signed_part)
		return fail(image_path, strerror(ENOMEM));
	memcpy(signed_part, image, WEFT_FW_SIGNED_BYTES);
	memcpy(signed_part + WEFT_FW_SIGNED_BYTES, image + sizeof(h), bytes - sizeof(h));
	bad = crypto_sign_verify_detached(h.signature, signed_part, WEFT_FW_SIGNED_BYTES + bytes - sizeof(h), pub);
	free(signed_part);
	free(image);
	if (bad)
		return fail(image_path, "signature does not match");
	if (h.magic != WEFT_FW_MAGIC || h.header_bytes != sizeof(h) || h.image_bytes != bytes - sizeof(h))
		return fail(image_path, "well signed, but not a firmware image");
	printf("firmware %u.%u.%u, contract %u.%u to %u.%u, rollback %u, %u bytes\n", h.fw_version >> 16,
	       h.fw_version >> 8 & 0xff, h.fw_version & 0xff, h.contract_min >> 16, h.contract_min & 0xffff,
	       h.contract_max >> 16, h.contract_max & 0xffff, h.rollback, h.image_bytes);
	return 0;
}

static int sign(struct weft_fw_header *h, const char *key_path, const char *in, const char *out)
{
	uint8_t seed[32], pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], *raw, *signed_part;
	size_t bytes, padded;
	int ret;

	if (read_key(key_path, seed))
		return 1;
	raw = read_file(in, WEFT_CP_RAM_BYTES, &bytes);
	if (!raw)
		return fail(in, strerror(errno));
	padded = (bytes + 15) & ~(size_t)15;
	if (!bytes || h->load < WEFT_CP_RAM || h->load - WEFT_CP_RAM + padded > WEFT_CP_RAM_BYTES ||
	    h->entry < h->load || h->entry - h->load >= padded || h->entry % 2)
		return fail(in, "empty, or does not fit where it is to be loaded and entered");
	signed_part = calloc(1, WEFT_FW_SIGNED_BYTES + padded);
	if (!signed_part)
		return fail(in, strerror(ENOMEM));
	memcpy(signed_part + WEFT_FW_SIGNED_BYTES, raw, bytes);
	h->image_bytes = (uint32_t)padded;
	crypto_hash_sha256(h->build_id, signed_part + WEFT_FW_SIGNED_BYTES, padded);
	memcpy(signed_part, h, WEFT_FW_SIGNED_BYTES);
	crypto_sign_seed_keypair(pub, secret, seed);
	crypto_sign_detached(h->signature, NULL, signed_part, WEFT_FW_SIGNED_BYTES + padded, secret);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(seed, sizeof(seed));
	ret = write_file(out, "wb", h, sizeof(*h), signed_part + WEFT_FW_SIGNED_BYTES, padded);
	free(signed_part);
	free(raw);
	return ret;
}

/* "A.B" or "A.B.C"; every part below its limit. */
static bool parse_dotted(const char *s, unsigned n, const unsigned *limit, unsigned *part)
{
	for (unsigned i = 0; i < n; i++) {
		char *end;
		unsigned long v = strtoul(s, &end, 10);

		if (end == s || v > limit[i] || *end != (i + 1 < n ? '.' : 0))
			return false;
		part[i] = (unsigned)v;
		s = end + 1;
	}
	return true;
}

static bool parse_version(const char *s, uint32_t *v)
{
	unsigned p[3];

	if (!parse_dotted(s, 3, (const unsigned[]){ 0xffff, 0xff, 0xff }, p))
		return false;
	*v = p[0] << 16 | p[1] << 8 | p[2];
	return true;
}

static bool parse_contract(const char *s, uint32_t *v)
{
	unsigned p[2];

	if (!parse_dotted(s, 2, (const unsigned[]){ 0xffff, 0xffff }, p))
		return false;
	*v = WEFT_CONTRACT(p[0], p[1]);
	return true;
}

static bool parse_u32(const char *s, uint32_t *v)
{
	char *end;
	unsigned long long n = strtoull(s, &end, 0);

	*v = (uint32_t)n;
	return end != s && !*end && n <= UINT32_MAX;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },	{ "version", required_argument, NULL, 'v' },
		{ "rollback", required_argument, NULL, 'r' },	{ "contract-min", required_argument, NULL, 'm' },
		{ "contract-max", required_argument, NULL, 'M' }, { "key-id", required_argument, NULL, 'i' },
		{ "load", required_argument, NULL, 'l' },	{ "entry", required_argument, NULL, 'e' },
		{ "verify", required_argument, NULL, 'V' },	{ "keygen", required_argument, NULL, 'g' },
		{ 0 },
	};
	struct weft_fw_header h = {
		.magic = WEFT_FW_MAGIC, .header_bytes = sizeof(h), .header_version = WEFT_FW_HEADER_VERSION,
		.load = WEFT_CP_RAM, .entry = WEFT_CP_RAM,
		.contract_min = WEFT_CONTRACT_VERSION, .contract_max = WEFT_CONTRACT_VERSION,
	};
	const char *key = NULL, *pub = NULL, *prefix = NULL;
	bool have_version = false, have_rollback = false, ok = true;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'k': key = optarg; break;
		case 'v': ok &= have_version = parse_version(optarg, &h.fw_version); break;
		case 'r': ok &= have_rollback = parse_u32(optarg, &h.rollback); break;
		case 'm': ok &= parse_contract(optarg, &h.contract_min); break;
		case 'M': ok &= parse_contract(optarg, &h.contract_max); break;
		case 'i': ok &= parse_u32(optarg, &h.key_id); break;
		case 'l': ok &= parse_u32(optarg, &h.load); break;
		case 'e': ok &= parse_u32(optarg, &h.entry); break;
		case 'V': pub = optarg; break;
		case 'g': prefix = optarg; break;
		default: ok = false;
		}
	}
	if (sodium_init() < 0)
		return fail("libsodium", "does not start");
	if (ok && prefix && argc == optind)
		return keygen(prefix);
	if (ok && pub && argc == optind + 1)
		return verify(pub, argv[optind]);
	if (!ok || !key || !have_version || !have_rollback || h.contract_min > h.contract_max || argc != optind + 2)
		return usage();
	return sign(&h, key, argv[optind], argv[optind + 1]);
}
