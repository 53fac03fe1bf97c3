/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Memory of the process: which has a memfd behind it that udmabuf takes, and why others do not. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/core/sys_user.h"

#include "rt.h"

#define PAGE	4096
#define PAGES	4

static int memfd(int seals)
{
	int fd = memfd_create("user", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(ftruncate(fd, PAGES * PAGE), 0);
	assert_int_equal(seals ? fcntl(fd, F_ADD_SEALS, seals) : 0, 0);
	return fd;
}

static char *map(int fd, size_t pages, off_t offset, int access, int flags)
{
	void *p = mmap(NULL, pages * PAGE, access, flags, fd, offset);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

#define RW	(PROT_READ | PROT_WRITE)

static void found(void **state)
{
	int fd = memfd(F_SEAL_SHRINK), other = memfd(F_SEAL_SHRINK), got;
	char *p = map(fd, PAGES - 1, PAGE, RW, MAP_SHARED);
	const char *why;
	uint64_t offset;
	char byte = 0;

	(void)state;
	assert_int_equal(weft_sys_user_memfd(p + PAGE, 2 * PAGE, &got, &offset, &why), 0);
	assert_int_equal(offset, 2 * PAGE);
	assert_int_not_equal(got, fd);
	assert_int_equal(fcntl(got, F_GETFD), FD_CLOEXEC);
	p[PAGE + 5] = 'x';
	assert_int_equal(pread(got, &byte, 1, (off_t)offset + 5), 1);
	assert_int_equal(byte, 'x');
	close(got);
	munmap(p, (PAGES - 1) * PAGE);
	close(other);
	close(fd);
}

static int refused(const char *p, uint64_t bytes, const char *text)
{
	const int free_before = dup(0);
	const char *why = "";
	uint64_t offset;
	int fd, ret;

	close(free_before);
	ret = weft_sys_user_memfd(p, bytes, &fd, &offset, &why);
	if (!strstr(why, text))
		fail_msg("\"%s\", wanted \"%s\"", why, text);
	/* no descriptor stays */
	fd = dup(0);
	assert_int_equal(fd, free_before);
	close(fd);
	return ret;
}

static void refusals(void **state)
{
	const int bare = memfd(0), sealed = memfd(F_SEAL_SHRINK), closed = memfd(F_SEAL_SHRINK), file = fileno(tmpfile());
	char *p;

	(void)state;
	p = map(-1, 1, 0, RW, MAP_PRIVATE | MAP_ANONYMOUS);
	assert_int_equal(refused(p, PAGE, "private memory"), -EOPNOTSUPP);
	munmap(p, PAGE);
	assert_int_equal(refused(p, PAGE, "nothing is mapped"), -EFAULT);

	p = map(sealed, PAGES, 0, RW, MAP_PRIVATE);
	assert_int_equal(refused(p, PAGE, "private memory"), -EOPNOTSUPP);
	munmap(p, PAGES * PAGE);
	p = map(sealed, PAGES, 0, RW, MAP_SHARED);
	assert_int_equal(munmap(p + 2 * PAGE, PAGE), 0);
	assert_int_equal(refused(p, 3 * PAGE, "not within one mapping"), -EOPNOTSUPP);
	munmap(p, PAGES * PAGE);
	p = map(sealed, 1, 0, PROT_READ, MAP_SHARED);
	assert_int_equal(refused(p, PAGE, "for reading only"), -EOPNOTSUPP);
	munmap(p, PAGE);

	p = map(bare, 1, 0, RW, MAP_SHARED);
	assert_int_equal(refused(p, PAGE, "lacks F_SEAL_SHRINK"), -EOPNOTSUPP);
	munmap(p, PAGE);
	p = map(closed, 1, 0, RW, MAP_SHARED);
	close(closed);
	assert_int_equal(refused(p, PAGE, "no descriptor"), -EOPNOTSUPP);
	munmap(p, PAGE);
	assert_int_equal(ftruncate(file, PAGE), 0);
	p = map(file, 1, 0, RW, MAP_SHARED);
	assert_int_not_equal(refused(p, PAGE, "memfd"), 0);
	munmap(p, PAGE);
	close(bare);
	close(sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
