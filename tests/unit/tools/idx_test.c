// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Data set files, good ones and broken ones, each in a directory of its own. */
#define _GNU_SOURCE
#include <zlib.h>

#include "tool.h"
#include "tools/weft/idx.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/weft-idx-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static const char *path(const char *name)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return text;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path("t"));
	unlink(path("t.gz"));
	return rmdir(dir);
}

static void put(const char *name, const void *data, size_t bytes)
{
	FILE *f = fopen(path(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, bytes, f), bytes);
	fclose(f);
}

static void put_gz(const void *data, unsigned int bytes)
{
	gzFile f = gzopen(path("t.gz"), "wb");

	assert_non_null(f);
	assert_int_equal(gzwrite(f, data, bytes), bytes);
	gzclose(f);
}

static const uint8_t cube[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 10, 11, 12, 13, 14, 15 };
static const uint8_t line[] = { 0, 0, 8, 1, 0, 0, 1, 2 };		/* 258 bytes follow */

static void reads(void **state)
{
	uint8_t file[8 + 258];
	struct idx x;

	(void)state;
	put("t", cube, sizeof(cube));
	assert_int_equal(idx_read(dir, "t", 3, &x), 0);
	assert_true(x.rank == 3 && x.shape[0] == 2 && x.shape[1] == 3 && x.shape[2] == 1 && x.bytes == 6);
	assert_memory_equal(x.data, cube + 16, 6);
	idx_free(&x);
	assert_null(x.data);
	memcpy(file, line, 8);
	for (unsigned int i = 0; i < 258; i++)
		file[8 + i] = (uint8_t)(i * 3);
	put_gz(file, sizeof(file));
	/* The plain file goes first. */
	assert_int_equal(idx_read(dir, "t", 3, &x), 0);
	idx_free(&x);
	unlink(path("t"));
	assert_int_equal(idx_read(dir, "t", 1, &x), 0);
	assert_true(x.rank == 1 && x.shape[0] == 258 && x.bytes == 258);
	assert_memory_equal(x.data, file + 8, 258);
	idx_free(&x);
}

/* Refused with one line that names the file and has `why` in it; nothing to free. */
static void refused(const uint8_t *data, size_t bytes, uint32_t rank, const char *why)
{
	struct idx x = { .data = (uint8_t *)1 };
	const char *said;
	int ret;

	put("t", data, bytes);
	said_begin();
	ret = idx_read(dir, "t", rank, &x);
	said = said_end();
	if (ret != -1 || x.data || !strstr(said, why) || !strstr(said, path("t")) ||
	    strchr(said, '\n') != said + strlen(said) - 1)
		fail_msg("want %s: %d, %s", why, ret, said);
}

static void broken(void **state)
{
	uint8_t file[sizeof(cube)];

	(void)state;
	refused(cube, 0, 3, "truncated");
	refused(cube, 15, 3, "truncated: 15 of 16 header bytes");
	refused(cube, sizeof(cube) - 1, 3, "truncated: 5 of 6 data bytes");
	refused(cube, sizeof(cube), 1, "not an idx file of bytes with 1 axes");
	for (int i = 0; i < 4; i++) {
		memcpy(file, cube, sizeof(file));
		file[i]++;
		refused(file, sizeof(file), 3, "not an idx file");
	}
	memcpy(file, cube, sizeof(file));
	file[11] = 0;					/* no rows of 0 */
	refused(file, sizeof(file), 3, "axis 1 has impossible size 0");
	memcpy(file, cube, sizeof(file));
	file[4] = 0x20;					/* 2^29 times 3: beyond what is read */
	refused(file, sizeof(file), 3, "axis 1 has impossible size 3");
	memset(file + 4, 0xff, 12);			/* the product would wrap */
	refused(file, sizeof(file), 3, "axis 0 has impossible size 4294967295");
}

static void missing(void **state)
{
	struct idx x;
	const char *said;

	(void)state;
	said_begin();
	assert_int_equal(idx_read(dir, "t", 3, &x), -1);
	said = said_end();
	assert_non_null(strstr(said, "No such file"));
	assert_null(x.data);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = { T(reads), T(broken), T(missing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
