/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "publish.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int weft_publish(const char *name, const void *data, size_t bytes)
{
	struct rlimit limit;
	int fd;

	/* a write beyond it would be a signal */
	if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur < bytes)
		return -1;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0)
		return -1;
	if (write(fd, data, bytes) == (ssize_t)bytes && !fcntl(fd, F_ADD_SEALS, SEALS))
		return fd;
	close(fd);
	return -1;
}
