// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* Topologies from outside: a text that is taken is in range, prints, and what was printed is taken again and says the same. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <weft/weft.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (!weft_open())
		fuzz_wrong("the library does not open: %s", weft_last_error());
	return 0;
}

static char *printed(const struct weft_coll_topology *t, size_t *bytes)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, bytes);

	if (!f || weft_coll_topology_print(t, f) || fclose(f))
		fuzz_wrong("what was taken is not printed: %s", weft_last_error());
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weft_coll_topology t = { .size = sizeof(t) }, again = { .size = sizeof(again) };
	struct weft_coll_case what = { .size = sizeof(what), .op = WEFT_COLL_ALL_REDUCE, .count = 1000, .topology = &t };
	struct weft_coll_explanation e = { .size = sizeof(e) };
	/* of its own, so that a byte beyond it is seen */
	char *copy = malloc(size + 1), *text;
	size_t bytes;
	int ret;

	memcpy(copy, data, size);
	ret = weft_coll_topology_parse(copy, size, &t);
	free(copy);
	if (ret && (ret != -EINVAL || !*weft_last_error()))
		fuzz_wrong("parse gave %d, \"%s\"", ret, weft_last_error());
	if (!ret) {
		text = printed(&t, &bytes);
		if (weft_coll_topology_parse(text, bytes, &again) || memcmp(&t, &again, sizeof(t)))
			fuzz_wrong("printed, and taken otherwise:\n%s", text);
		free(text);
		what.members = t.cards;
		if (weft_coll_explain(&what, &e) || !(e.ns >= 0))
			fuzz_wrong("nothing can be told by it: %s", weft_last_error());
	}
	fuzz_cover();
	return 0;
}
