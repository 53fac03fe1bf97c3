/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What constants hold at load: bytes, a file, one that is not as it should be. */
#include "ex.h"

#include <sys/stat.h>
#include <unistd.h>
#include <weft/plan_text.h>

struct file {
	char folder[32], path[64];
};

static void file_make(struct file *f, const void *data, size_t bytes)
{
	FILE *out;

	strcpy(f->folder, "/tmp/weft-constant-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/data", f->folder);
	out = fopen(f->path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, bytes, out), bytes);
	fclose(out);
}

static void file_remove(struct file *f)
{
	unlink(f->path);
	rmdir(f->folder);
}

/* A constant that both cards use, with memory as a load gives it. */
static struct weft_constant *loaded(struct ex *x, uint64_t bytes)
{
	struct weft_constant *c;

	ok(weft_constant_create(x->plan, "c", bytes, NULL, &c));
	c->users = 3;
	for (uint32_t i = 0; i < EX_CARDS; i++)
		ok(weft_memory_alloc(x->card[i], bytes, WEFT_PLACE_LOCAL, &c->memory[i]));
	return c;
}

static void holds(struct weft_constant *c, const void *want, uint64_t bytes)
{
	unsigned char *got = malloc(bytes);

	for (uint32_t i = 0; i < EX_CARDS; i++) {
		ok(weft_memory_read(c->memory[i], 0, got, bytes));
		assert_memory_equal(got, want, bytes);
	}
	free(got);
}

static void unloaded(struct weft_constant *c)
{
	for (uint32_t i = 0; i < EX_CARDS; i++)
		ok(weft_memory_destroy(c->memory[i]));
}

/* More than is read at once. */
static void contents(void **state)
{
	const uint64_t bytes = (2u << 20) + 12345;
	unsigned char *data = malloc(bytes);
	struct weft_constant *c;
	uint64_t rnd = 1;
	struct file f;
	struct ex x;

	(void)state;
	for (uint64_t i = 0; i < bytes; i++)
		data[i] = (unsigned char)rt_random(&rnd);
	file_make(&f, data, bytes);
	ex_open(&x, NULL);
	c = loaded(&x, bytes);
	ok(weft_constant_load(c));
	ok(weft_constant_file(c, f.path));
	ok(weft_constant_load(c));
	holds(c, data, bytes);
	data[77] ^= 1;
	ok(weft_constant_contents(c, data, bytes));
	ok(weft_constant_load(c));
	holds(c, data, bytes);
	data[77] ^= 1;
	ok(weft_constant_file(c, "data"));
	ok(weft_plan_directory(x.plan, f.folder));
	ok(weft_constant_load(c));
	holds(c, data, bytes);
	unloaded(c);
	free(data);
	ex_close(&x);
	file_remove(&f);
}

static void refusals(void **state)
{
	char data[100] = { 0 }, text[200];
	struct weft_constant *c, *mine;
	struct weft_memory *m;
	struct file f;
	struct ex x;

	(void)state;
	file_make(&f, data, sizeof(data));
	ex_open(&x, NULL);
	c = loaded(&x, 101);
	refused(weft_constant_contents(c, data, 100), -EINVAL, "constant c has 101 bytes, not 100");
	refused(weft_constant_contents(c, NULL, 101), -EINVAL, "constant c");
	refused(weft_constant_file(c, ""), -EINVAL, "1 to 4095 bytes");
	refused(weft_constant_file(c, NULL), -EINVAL, "1 to 4095 bytes");
	refused(weft_plan_directory(x.plan, ""), -EINVAL, "1 to 4095 bytes");
	ok(weft_plan_directory(x.plan, NULL));
	ok(weft_constant_file(c, f.path));
	snprintf(text, sizeof(text), "constant c: file %s is shorter or longer, and the constant has 101 bytes", f.path);
	refused(weft_constant_load(c), -EINVAL, text);
	ok(weft_constant_file(c, "/nowhere/at/all"));
	refused(weft_constant_load(c), -ENOENT, "constant c: file /nowhere/at/all");
	ok(weft_constant_file(c, "/dev/zero"));
	refused(weft_constant_load(c), -EINVAL, "is no regular file");
	/* nobody writes to it, and nothing waits for that */
	unlink(f.path);
	assert_int_equal(mkfifo(f.path, 0600), 0);
	ok(weft_constant_file(c, f.path));
	refused(weft_constant_load(c), -EINVAL, "is no regular file");
	c->users = 0;			/* what no body uses is not looked at */
	ok(weft_constant_load(c));
	unloaded(c);
	ok(weft_memory_alloc(x.card[0], 4096, WEFT_PLACE_LOCAL, &m));
	ok(weft_constant_create(x.plan, "mine", 100, m, &mine));
	refused(weft_constant_contents(mine, data, 100), -EINVAL, "constant mine lies in memory of the caller's");
	ok(weft_plan_destroy(x.plan));
	x.plan = NULL;
	ok(weft_memory_destroy(m));
	ex_close(&x);
	file_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(contents), cmocka_unit_test(refusals) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
