/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Building plans: what is refused, with a text that names it. */
#include "ex.h"

static void plans(void **state)
{
	struct weft_plan_config c = { .size = sizeof(c), .flags = 0x80 };
	struct weft_device *host, *both[2];
	struct weft_plan *p;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	refused(weft_plan_create(x.card, 0, NULL, &p), -EINVAL, "0 devices");
	refused(weft_plan_create(x.card, WEFT_PLAN_DEVICES + 1, NULL, &p), -EINVAL, "17 devices");
	refused(weft_plan_create(x.card, 1, &c, &p), -EINVAL, "flags 0x80");
	c.flags = 0;
	c.lanes = 3;
	refused(weft_plan_create(x.card, 1, &c, &p), -EINVAL, "3 lanes");
	c.size = 4;
	refused(weft_plan_create(x.card, 1, &c, &p), -EINVAL, "structure of 4 bytes");
	both[0] = both[1] = x.card[0];
	refused(weft_plan_create(both, 2, NULL, &p), -EINVAL, "are the same");
	ok(weft_device_open(x.weft, "host", 0, &host));
	refused(weft_plan_create(&host, 1, NULL, &p), -EOPNOTSUPP, "of kind host");
	ok(weft_device_close(host));
	x.card[1]->info.caps = 0;
	refused(weft_plan_create(x.card, 2, NULL, &p), -EOPNOTSUPP, "has no capability");
	refused(weft_device_close(x.card[0]), -EBUSY, "objects");
	refused(weft_plan_destroy(NULL), -EINVAL, "NULL");
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "has no bodies");
	ex_close(&x);
}

static void edges(void **state)
{
	struct weft_edge_desc d = { .size = sizeof(d), .name = "e", .block_bytes = BLOCK };
	struct weft_edge *e;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
#define WITH(...) (&(struct weft_edge_desc) { .size = sizeof(struct weft_edge_desc), __VA_ARGS__ })
	refused(weft_edge_create(x.plan, WITH(.block_bytes = BLOCK), &e), -EINVAL, "no name");
	refused(weft_edge_create(x.plan, WITH(.name = "f"), &e), -EINVAL, "blocks of 0 bytes");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .flags = WEFT_EDGE_CONTROL), &e),
		-EINVAL, "for control");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .flags = 0x100), &e), -EINVAL, "flags 0x100");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .depth = 65536), &e), -EINVAL, "depth 65536");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .depth = 2, .initial = 3), &e),
		-EINVAL, "3 initial tokens");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .contents = "x"), &e), -EINVAL, "with contents");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .depth = 2, .flags = WEFT_EDGE_STATE), &e),
		-EINVAL, "state is one block");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .device = 3), &e), -EINVAL, "device 3 of 2");
	refused(weft_edge_create(x.plan, WITH(.name = "f", .block_bytes = BLOCK, .pad = 1), &e), -EINVAL, "edge f");
	ok(weft_edge_create(x.plan, &d, &e));
	refused(weft_edge_create(x.plan, &d, &e), -EEXIST, "edge e");
	assert_int_equal(weft_edge_depth(e), 0);
	ex_close(&x);
}

static void bodies(void **state)
{
	struct weft_body *a, *b;
	struct weft_edge *e, *other_edge, *s;
	struct weft_plan *other;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
#define BODY(...) (&(struct weft_body_desc) { .size = sizeof(struct weft_body_desc), __VA_ARGS__ })
	refused(weft_body_create(x.plan, BODY(.name = "a", .device = 2), &a), -EINVAL, "device 2 of 2");
	refused(weft_body_create(x.plan, BODY(.name = "a", .skew = 1), &a), -EINVAL, "without a lane");
	refused(weft_body_create(x.plan, BODY(.name = "a", .skew = 1024, .lane = "l"), &a), -EINVAL, "skew 1024");
	refused(weft_body_create(x.plan, BODY(.device = 0), &a), -EINVAL, "no name");
	ok(weft_body_create(x.plan, BODY(.name = "a", .device = 1), &a));
	refused(weft_body_create(x.plan, BODY(.name = "a"), &b), -EEXIST, "body a");
	b = ex_body(&x, "b", 0, NULL, 0);
	e = ex_edge(&x, "e", 2, 0, 0);
	s = ex_edge(&x, "s", 0, 0, WEFT_EDGE_STATE);
	refused(weft_body_output(a, e, 0), -EINVAL, "a rate of 0");
	refused(weft_body_input(a, e, 65536), -EINVAL, "a rate of 65536");
	refused(weft_body_output(a, s, 2), -EINVAL, "state has rate 1");
	ok(weft_body_output(a, e, 1));
	refused(weft_body_output(b, e, 1), -EEXIST, "has a producer, body a");
	ok(weft_body_input(b, e, 1));
	refused(weft_body_input(b, e, 1), -EEXIST, "consumes edge e already");
	refused(weft_body_input(b, (struct weft_edge *)a, 1), -EINVAL, "another kind");
	ok(weft_plan_create(x.card, 1, NULL, &other));
	ok(weft_edge_create(other, &(struct weft_edge_desc) { .size = sizeof(struct weft_edge_desc), .name = "e", .block_bytes = 1 },
			    &other_edge));
	refused(weft_body_input(b, other_edge, 1), -EINVAL, "different plans");
	ok(weft_plan_destroy(other));
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "edge s has no producer");
	ok(weft_body_output(b, s, 1));
	ok(weft_plan_prepare(x.plan, NULL));
	refused(weft_body_input(a, s, 1), -EBUSY, "is prepared");
	refused(weft_edge_create(x.plan, NULL, &e), -EBUSY, "is prepared");
	ex_close(&x);
}

/* Every call that fails before the library is open, and with no handle. */
static void handles(void **state)
{
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	refused(weft_plan_load(NULL), -EINVAL, "NULL");
	refused(weft_plan_unload(x.plan), -EINVAL, "not loaded");
	refused(weft_plan_run(x.plan, 1, NULL), -EINVAL, "not loaded");
	refused(weft_plan_wait(x.plan, 0, 0), -EINVAL, "not loaded");
	refused(weft_plan_drain(x.plan, 0), -EINVAL, "not loaded");
	refused(weft_plan_end(x.plan, 0), -EINVAL, "not loaded");
	refused((int64_t)weft_body_in(NULL, NULL, 0), 0, "NULL");
	refused(weft_body_timed(NULL, 1), -EINVAL, "NULL");
	ex_close(&x);
	refused(weft_plan_create(x.card, 1, NULL, &x.plan), -ENOTCONN, "");
	refused(weft_plan_run(x.plan, 1, NULL), -ENOTCONN, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans), cmocka_unit_test(edges), cmocka_unit_test(bodies), cmocka_unit_test(handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
