/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Pages of the process as a dma-buf, by way of udmabuf. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys_user.h"

struct mapping {
	unsigned long start, end, offset, ino;
	unsigned int major, minor;
	char access[5];
};

static int refuse(int err, const char **why, const char *text)
{
	*why = text;
	return err;
}

/* The mapping that has the byte at @at. */
static int mapping_of(uintptr_t at, struct mapping *m, const char **why)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char *line = NULL;
	size_t room = 0;

	if (!maps)
		return refuse(-errno, why, "/proc/self/maps cannot be read");
	while (!found && getline(&line, &room, maps) > 0)
		found = sscanf(line, "%lx-%lx %4s %lx %x:%x %lu", &m->start, &m->end, m->access, &m->offset, &m->major,
			       &m->minor, &m->ino) == 7 && at >= m->start && at < m->end;
	free(line);
	fclose(maps);
	return found ? 0 : refuse(-EFAULT, why, "nothing is mapped there");
}

static bool is_of(int fd, const struct mapping *m)
{
	struct stat s;

	return !fstat(fd, &s) && s.st_ino == m->ino && s.st_dev == makedev(m->major, m->minor);
}

/* A copy of a descriptor of the mapped file; the original may be closed by another thread at any time. */
static int descriptor_of(const struct mapping *m)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	int copy = -1;

	if (!dir)
		return -1;
	while (copy < 0 && (e = readdir(dir))) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] == '.' || !is_of(fd, m))
			continue;
		copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (copy >= 0 && !is_of(copy, m)) {
			close(copy);
			copy = -1;
		}
	}
	closedir(dir);
	return copy;
}

int weft_sys_user_memfd(const void *pages, uint64_t bytes, int *memfd, uint64_t *offset, const char **why)
{
	const uintptr_t at = (uintptr_t)pages;
	struct mapping m;
	int seals, fd, ret = mapping_of(at, &m, why);

	if (ret)
		return ret;
	if (bytes > m.end - at)
		return refuse(-EOPNOTSUPP, why, "it is not within one mapping");
	if (m.access[3] != 's')
		return refuse(-EOPNOTSUPP, why, "it is private memory, not a shared mapping of a memfd");
	if (m.access[1] != 'w')
		return refuse(-EOPNOTSUPP, why, "it is mapped for reading only");
	fd = descriptor_of(&m);
	if (fd < 0)
		return refuse(-EOPNOTSUPP, why, "the process has no descriptor of what is mapped there, which has to be a memfd");
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		ret = refuse(-EOPNOTSUPP, why, "it is a mapping of a file that is no memfd");
	else if (!(seals & F_SEAL_SHRINK))
		ret = refuse(-EOPNOTSUPP, why, "its memfd lacks F_SEAL_SHRINK");
	if (ret) {
		close(fd);
		return ret;
	}
	*memfd = fd;
	*offset = m.offset + (at - m.start);
	return 0;
}

int weft_sys_user_dmabuf(const void *pages, uint64_t bytes, int *dmabuf, const char **why)
{
	struct udmabuf_create c = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = bytes };
	int device, fd = -1, ret = weft_sys_user_memfd(pages, bytes, &fd, (uint64_t *)&c.offset, why);

	if (ret)
		return ret;
	c.memfd = (uint32_t)fd;
	device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (device < 0) {
		ret = errno == EACCES ? refuse(-EACCES, why, "/dev/udmabuf may not be opened") :
		      refuse(-EOPNOTSUPP, why, "there is no /dev/udmabuf (module udmabuf)");
	} else {
		ret = ioctl(device, UDMABUF_CREATE, &c);
		if (ret < 0)
			ret = refuse(-errno, why, "udmabuf refuses it; its parameter size_limit_mb bounds how much it takes");
		close(device);
	}
	close(fd);
	if (ret < 0)
		return ret;
	*dmabuf = ret;
	return 0;
}
