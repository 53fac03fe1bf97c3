// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * The example of weft trace: four bodies of 5 ms in a chain, and an edge from the first to the last with three blocks.
 * Those three are out for four bodies' time, so a sequence takes 4/3 of 5 ms, and all but the cycle through that edge waits.
 */
#include "trace.h"

#define BODY_NS	5000000u

static int join(struct weft_plan *p, const char *name, uint32_t depth, struct weft_body *from, struct weft_body *to)
{
	const struct weft_edge_desc d = { .size = sizeof(d), .name = name, .block_bytes = 4096, .depth = depth };
	struct weft_edge *e;
	int ret = weft_edge_create(p, &d, &e);

	if (!ret)
		ret = weft_body_output(from, e, 1);
	return ret ? ret : weft_body_input(to, e, 1);
}

int trace_demo(struct weft_device *const *cards, uint32_t count, struct weft_plan **plan)
{
	static const char *const names[] = { "read", "scale", "filter", "store" }, *const edges[] = { "raw", "scaled", "filtered" };
	const struct weft_plan_config c = { .size = sizeof(c), .name = "demo", .flags = WEFT_PLAN_TRACE };
	struct weft_body *b[ARRAY_SIZE(names)];
	int ret = weft_plan_create(cards, count, &c, plan);

	if (ret)
		return cmd_weft_error("trace", "demo", ret);
	for (uint32_t i = 0; i < ARRAY_SIZE(names) && !ret; i++) {
		const struct weft_body_desc d = { .size = sizeof(d), .name = names[i], .device = i * count / ARRAY_SIZE(names) };

		ret = weft_body_create(*plan, &d, &b[i]);
		if (!ret)
			ret = weft_body_timed(b[i], BODY_NS);
		if (!ret && i)
			ret = join(*plan, edges[i - 1], 2, b[i - 1], b[i]);
	}
	if (!ret)
		ret = join(*plan, "original", 3, b[0], b[3]);
	return ret ? cmd_weft_error("trace", "demo", ret) : 0;
}
