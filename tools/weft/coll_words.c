// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "coll_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOPOLOGY	(1u << 20)

/* The same but for dashes in @name. */
static bool is(const char *word, const char *name)
{
	if (!strcmp(word, name))
		return true;
	while (*name == '-' || (*word && *word == *name)) {
		word += *name != '-';
		name++;
	}
	return !*word && !*name;
}

static uint32_t find(const char *word, const char *(*name)(uint32_t i), uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (is(word, name(i)))
			return i;
	return UINT32_MAX;
}

static const char *type_name(uint32_t type)
{
	return weft_type_name((enum weft_type)type);
}

uint32_t coll_op(const char *word)
{
	return find(word, weft_coll_op_name, WEFT_COLL_OPS);
}

uint32_t coll_algorithm(const char *word)
{
	return find(word, weft_coll_algorithm_name, WEFT_COLL_ALGORITHMS);
}

uint32_t coll_type(const char *word)
{
	return find(word, type_name, WEFT_TYPE_U32);
}

bool coll_bytes(const char *word, uint64_t most, uint64_t *bytes)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*bytes = strtoull(word, &end, 10);
	if (errno || *word < '0' || *word > '9')
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return false;
	for (ptrdiff_t i = unit ? unit - units + 1 : 0; i; i--) {
		if (*bytes > most / 1024)
			return false;
		*bytes *= 1024;
	}
	return *bytes <= most;
}

const char *coll_bytes_word(uint64_t bytes, char *text, size_t room)
{
	static const char *const units[] = { "", "K", "M", "G" };
	uint32_t u = 0;

	while (u < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		u++;
	}
	snprintf(text, room, "%llu%s", (unsigned long long)bytes, units[u]);
	return text;
}

static bool has_blocks(uint32_t op)
{
	return op == WEFT_COLL_ALL_GATHER || op == WEFT_COLL_REDUCE_SCATTER || op == WEFT_COLL_ALL_TO_ALL;
}

uint64_t coll_count(uint32_t op, uint64_t bytes, uint32_t element, uint32_t members)
{
	return op == WEFT_COLL_BARRIER ? 0 : bytes / element / (has_blocks(op) ? members : 1);
}

uint64_t coll_size(uint32_t op, uint64_t count, uint32_t element, uint32_t members)
{
	return count * element * (has_blocks(op) ? members : 1);
}

double coll_bus_factor(uint32_t op, uint32_t members)
{
	switch (op) {
	case WEFT_COLL_ALL_REDUCE:
		return 2.0 * (members - 1) / members;
	case WEFT_COLL_ALL_GATHER:
	case WEFT_COLL_REDUCE_SCATTER:
	case WEFT_COLL_ALL_TO_ALL:
		return 1.0 * (members - 1) / members;
	default:
		return 1;
	}
}

void coll_matrix(const char *title, const double (*v)[WEFT_COLL_CARDS], uint32_t n, int width, int digits)
{
	printf("%s\n       ", title);
	for (uint32_t b = 0; b < n; b++)
		printf(" %*u", width, b);
	printf("\n");
	for (uint32_t a = 0; a < n; a++) {
		printf("  %4u ", a);
		for (uint32_t b = 0; b < n; b++)
			printf(" %*.*f", width, v[a][b] < 100 ? digits : 0, v[a][b]);
		printf("\n");
	}
}

int coll_topology(const char *command, const char *file, struct weft_coll_topology *topology)
{
	uint64_t bytes;
	char *text = cmd_read_file(command, file, MAX_TOPOLOGY, &bytes);
	int ret;

	if (!text)
		return -1;
	*topology = (struct weft_coll_topology) { .size = sizeof(*topology) };
	ret = weft_coll_topology_parse(text, bytes, topology);
	free(text);
	return ret ? cmd_weft_error(command, file, ret) : 0;
}
