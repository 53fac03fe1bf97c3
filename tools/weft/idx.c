// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "idx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "cmd.h"

#define IDX_MAX_BYTES	(1u << 30)

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int read_open(gzFile f, const char *path, uint32_t rank, struct idx *idx)
{
	uint8_t head[16];
	const int head_bytes = 4 + 4 * (int)rank;
	int n = gzread(f, head, head_bytes);

	if (n != head_bytes)
		return cmd_error("run", "%s: truncated: %d of %d header bytes", path, n < 0 ? 0 : n, head_bytes);
	if (head[0] || head[1] || head[2] != 8 || head[3] != rank)
		return cmd_error("run", "%s: not an idx file of bytes with %u axes", path, rank);
	idx->rank = rank;
	idx->bytes = 1;
	for (uint32_t i = 0; i < rank; i++) {
		idx->shape[i] = big_endian(head + 4 + 4 * i);
		if (!idx->shape[i] || idx->shape[i] > IDX_MAX_BYTES / idx->bytes)
			return cmd_error("run", "%s: axis %u has impossible size %u", path, i, idx->shape[i]);
		idx->bytes *= idx->shape[i];
	}
	idx->data = malloc(idx->bytes);
	if (!idx->data)
		return cmd_error("run", "%s: out of memory", path);
	n = gzread(f, idx->data, (unsigned int)idx->bytes);
	if (n < 0 || (uint64_t)n != idx->bytes)
		return cmd_error("run", "%s: truncated: %d of %llu data bytes", path, n < 0 ? 0 : n,
				 (unsigned long long)idx->bytes);
	return 0;
}

int idx_read(const char *dir, const char *name, uint32_t rank, struct idx *idx)
{
	char path[4096];
	gzFile f;
	int r;

	memset(idx, 0, sizeof(*idx));
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (access(path, R_OK))
		snprintf(path, sizeof(path), "%s/%s.gz", dir, name);
	f = gzopen(path, "rb");
	if (!f)
		return cmd_error("run", "%s: %s; install dataset-fashion-mnist or give --data DIR", path,
				 strerror(errno));
	r = read_open(f, path, rank, idx);
	gzclose(f);
	if (r)
		idx_free(idx);
	return r;
}

void idx_free(struct idx *idx)
{
	free(idx->data);
	idx->data = NULL;
}
