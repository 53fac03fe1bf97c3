/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* What constants hold when a plan is loaded: bytes that were given, or those of a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/plan_text.h>

#include "exec.h"

#define PATH_BYTES	4096u
#define PIECE		(1u << 20)

static int check(const struct weft_constant *c, const char *call)
{
	int ret = weft_handle(c, WEFT_MAGIC_CONSTANT, call);

	if (!ret)
		ret = weft_plan_check(c->plan, true, call);
	return !ret && c->given ? weft_fail(-EINVAL, "%s: constant %s lies in memory of the caller's", call, c->name) : ret;
}

static void replace(struct weft_constant *c, void *contents, char *file)
{
	free(c->contents);
	free(c->file);
	c->contents = contents;
	c->file = file;
}

int weft_constant_contents(struct weft_constant *constant, const void *data, uint64_t bytes)
{
	int ret = check(constant, __func__);
	void *copy;

	if (ret)
		return ret;
	if (!data || bytes != constant->bytes)
		return weft_fail(-EINVAL, "constant %s has %llu bytes, not %llu", constant->name, (unsigned long long)constant->bytes,
				 (unsigned long long)bytes);
	copy = malloc(bytes);
	if (!copy)
		return weft_fail(-ENOMEM, "constant %s", constant->name);
	memcpy(copy, data, bytes);
	replace(constant, copy, NULL);
	return 0;
}

int weft_constant_file(struct weft_constant *constant, const char *path)
{
	int ret = check(constant, __func__);
	char *copy;

	if (ret)
		return ret;
	if (!path || !*path || strlen(path) >= PATH_BYTES)
		return weft_fail(-EINVAL, "constant %s: the name of a file has 1 to %u bytes", constant->name, PATH_BYTES - 1);
	copy = strdup(path);
	if (!copy)
		return weft_fail(-ENOMEM, "constant %s", constant->name);
	replace(constant, NULL, copy);
	return 0;
}

void weft_constant_forget(struct weft_constant *c)
{
	replace(c, NULL, NULL);
}

int weft_plan_directory(struct weft_plan *plan, const char *path)
{
	int ret = weft_plan_check(plan, false, __func__);
	char *copy;

	if (ret)
		return ret;
	if (path && (!*path || strlen(path) >= PATH_BYTES))
		return weft_fail(-EINVAL, "weft_plan_directory: a path has 1 to %u bytes", PATH_BYTES - 1);
	copy = path ? strdup(path) : NULL;
	if (path && !copy)
		return weft_fail(-ENOMEM, "weft_plan_directory");
	free(plan->directory);
	plan->directory = copy;
	return 0;
}

/* A file that is one, and has as many bytes as it should: a pipe would make a load wait for ever. */
static int open_file(const struct weft_constant *c)
{
	const char *folder = c->plan->directory && c->file[0] != '/' ? c->plan->directory : NULL;
	char path[2 * PATH_BYTES];
	struct stat s;
	int fd;

	snprintf(path, sizeof(path), "%s%s%s", folder ? folder : "", folder ? "/" : "", c->file);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return weft_fail(-errno, "constant %s: file %s", c->name, path);
	if (!fstat(fd, &s) && S_ISREG(s.st_mode) && s.st_size >= 0 && (uint64_t)s.st_size == c->bytes)
		return fd;
	close(fd);
	return weft_fail(-EINVAL, "constant %s: file %s %s, and the constant has %llu bytes", c->name, path,
			 S_ISREG(s.st_mode) ? "is shorter or longer" : "is no regular file", (unsigned long long)c->bytes);
}

static int write_all(struct weft_constant *c, uint64_t at, const void *data, uint64_t bytes)
{
	int ret = 0;

	for (uint32_t d = 0; d < c->plan->num_devices && !ret; d++)
		if (c->memory[d])
			ret = weft_memory_write(c->memory[d], at, data, bytes);
	return ret;
}

static int load_file(struct weft_constant *c)
{
	char *piece = malloc(PIECE);
	uint64_t at = 0;
	ssize_t n = 1;
	int ret = 0, fd;

	if (!piece)
		return weft_fail(-ENOMEM, "constant %s", c->name);
	fd = open_file(c);
	if (fd < 0)
		ret = fd;
	while (!ret && at < c->bytes) {
		n = read(fd, piece, c->bytes - at < PIECE ? c->bytes - at : PIECE);
		if (n <= 0)
			ret = weft_fail(n ? -errno : -EIO, "constant %s: file %s ends at byte %llu of %llu", c->name, c->file,
					(unsigned long long)at, (unsigned long long)c->bytes);
		else
			ret = write_all(c, at, piece, (uint64_t)n);
		at += n > 0 ? (uint64_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	free(piece);
	return ret;
}

int weft_constant_load(struct weft_constant *c)
{
	return !c->users ? 0 : c->file ? load_file(c) : c->contents ? write_all(c, 0, c->contents, c->bytes) : 0;
}
