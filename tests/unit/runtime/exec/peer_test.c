/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Edges between processes in a prepared plan: their cells, who waits for the gate, what they take, and what is refused. */
#include <sys/socket.h>
#include <unistd.h>

#include "ex.h"

#include <weft/edge_peer.h>

static const struct weft_plan_cell *cell(const struct ex *x, const struct weft_tie *t)
{
	assert_true(t->cell < x->plan->num_cells);
	return &x->plan->cell[t->cell];
}

/* It waits for what is consumed elsewhere before the gate, and signals what it makes to everybody, wherever that is. */
static void exported(void **state)
{
	const struct weft_plan_config config = { .size = sizeof(config), .cell_base = 100 };
	struct weft_plan_report report = { .size = sizeof(report) };
	struct weft_edge *out;
	struct weft_body *b;
	struct ex x;

	(void)state;
	ex_open(&x, &config);
	b = ex_body(&x, "b", 1, NULL, 0);
	out = ex_edge(&x, "out", 6, 1, WEFT_EDGE_EXPORT);
	ok(weft_body_output(b, out, 2));
	ok(weft_plan_prepare(x.plan, &report));
	assert_int_equal(out->place, 1);
	assert_int_equal(out->offset, 0);
	assert_int_equal(x.plan->place[1].bytes, 0);		/* of its own: the other process sees nothing else */
	assert_int_equal(report.memory_bytes, 6 * BLOCK);
	assert_ptr_equal(weft_peer_body(out), b);
	assert_true(b->gated);
	assert_int_equal(b->waits.count, 2);
	assert_true(cell(&x, &b->waits.tie[0])->peer);
	assert_int_equal(cell(&x, &b->waits.tie[0])->role, WEFT_ROLE_CONSUMED);
	assert_null(cell(&x, &b->waits.tie[0])->body);
	assert_int_equal(b->waits.tie[0].base, 100 + 1 + 2 - 6);
	assert_int_equal(b->waits.tie[0].step, 2);
	assert_int_equal(cell(&x, &b->waits.tie[1])->role, WEFT_ROLE_GATE);
	assert_int_equal(b->signals.count, 2);			/* done, too */
	assert_true(cell(&x, &b->signals.tie[0])->peer);
	assert_int_equal(cell(&x, &b->signals.tie[0])->role, WEFT_ROLE_PRODUCED);
	assert_int_equal(cell(&x, &b->signals.tie[0])->initial, 101);
	assert_int_equal(b->signals.tie[0].base, 103);
	assert_true(b->signals.tie[0].system);
	assert_null(weft_cell_here(x.plan, cell(&x, &b->signals.tie[0])));	/* is not read here */
	ex_close(&x);
}

static void imported(void **state)
{
	struct weft_plan_report report = { .size = sizeof(report) };
	struct weft_edge *in;
	struct weft_body *b;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	b = ex_body(&x, "b", 0, NULL, 0);
	in = ex_edge(&x, "in", 6, 0, WEFT_EDGE_IMPORT);
	ok(weft_body_input(b, in, 3));
	ok(weft_plan_prepare(x.plan, &report));
	assert_int_equal(report.memory_bytes, 0);		/* is in the other process */
	assert_ptr_equal(weft_peer_body(in), b);
	assert_true(b->gated);
	assert_false(weft_feed_opens(x.plan));
	assert_int_equal(b->waits.count, 2);
	assert_int_equal(cell(&x, &b->waits.tie[0])->role, WEFT_ROLE_PRODUCED);
	assert_null(cell(&x, &b->waits.tie[0])->body);
	assert_int_equal(b->waits.tie[0].base, 3);
	assert_int_equal(b->waits.tie[0].step, 3);
	assert_int_equal(cell(&x, &b->signals.tie[0])->role, WEFT_ROLE_CONSUMED);
	assert_int_equal(b->signals.tie[0].base, 3);
	refused(weft_edge_push(in, 1, 0, (void *[]) { NULL }), -EINVAL, "not loaded");
	ex_close(&x);
}

/* All wait for one cell, each signals its own; of the exporter's one stands for as many as a load finds. */
static void consumers(void **state)
{
	const struct weft_plan_config config = { .size = sizeof(config), .cell_base = UINT64_MAX };
	struct weft_edge *in, *out;
	struct weft_body *b[3], *make;
	struct ex x;

	(void)state;
	ex_open(&x, &config);
	in = ex_edge(&x, "in", 6, 0, WEFT_EDGE_IMPORT);
	out = ex_edge(&x, "out", 6, 1, WEFT_EDGE_EXPORT);
	for (uint32_t i = 0; i < 3; i++) {
		b[i] = ex_body(&x, (const char *[]) { "a", "b", "c" }[i], 1, i == 2 ? "lane" : NULL, 0);
		ok(weft_body_input(b[i], in, i + 1));
	}
	make = ex_body(&x, "make", 0, NULL, 0);
	ok(weft_body_output(make, out, 1));
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(in->place, 1);
	for (uint32_t i = 0; i < 3; i++) {
		const struct weft_plan_cell *mine = cell(&x, &b[i]->signals.tie[0]);

		assert_true(b[i]->gated);
		assert_int_equal(b[i]->q, 6 / (i + 1));
		assert_int_equal(b[i]->waits.tie[0].cell, b[0]->waits.tie[0].cell);
		assert_true(b[i]->waits.tie[0].base == i && b[i]->waits.tie[0].step == i + 1);
		assert_true(mine->peer && mine->role == WEFT_ROLE_CONSUMED && mine->index == i && mine->body == b[i]);
		assert_true(b[i]->signals.tie[0].base == i && b[i]->signals.tie[0].step == i + 1);
		assert_true(weft_peer_in_lane(in, b[i]->lane));
		assert_int_equal(weft_cell_copies(mine), 1);
	}
	assert_false(weft_peer_in_lane(in, make->lane));
	assert_int_equal(weft_cell_copies(cell(&x, &b[0]->waits.tie[0])), 1);
	out->peer.consumers = 5;		/* as a load has it */
	assert_int_equal(weft_cell_copies(cell(&x, &make->waits.tie[0])), 5);
	assert_int_equal(weft_cell_copies(cell(&x, &make->signals.tie[0])), 1);
	assert_true(weft_peer_in_lane(out, make->lane) && !weft_peer_in_lane(out, b[0]->lane));
	out->peer.consumers = WEFT_CELL_ITEMS;	/* and the gate */
	refused(weft_lane_emit(x.plan, &x.plan->lane[make->lane]), -E2BIG, "body make: 4097 cells to wait for, with those of consumers in");
	weft_lane_drop(&x.plan->lane[make->lane]);
	ex_close(&x);
}

/* What consumers here need of each other is known when it is prepared, and with what comes several at a time at load. */
static void depths(void **state)
{
	struct weft_body *a, *gather, *late;
	struct weft_edge *in;
	struct ex x;

	(void)state;
	for (uint32_t depth = 4; depth <= 6; depth += 2) {
		ex_open(&x, NULL);
		a = ex_body(&x, "a", 0, NULL, 0);
		gather = ex_body(&x, "gather", 0, NULL, 0);
		late = ex_body(&x, "late", 0, NULL, 0);
		in = ex_edge(&x, "in", depth, 0, WEFT_EDGE_IMPORT);
		ok(weft_body_input(a, in, 1));
		ok(weft_body_input(late, in, 2));
		ok(weft_body_output(a, ex_edge(&x, "all", 6, 0, 0), 1));
		ok(weft_body_input(gather, weft_plan_edge(x.plan, "all"), 6));
		ok(weft_body_output(gather, ex_edge(&x, "of", 3, 0, 0), 3));
		ok(weft_body_input(late, weft_plan_edge(x.plan, "of"), 1));
		if (depth == 4) {
			refused(weft_plan_prepare(x.plan, NULL), -EDEADLK, "body late[0] -(credit of edge in, depth 4)-> who feeds edge in[1] "
				"-(edge in)-> body a[5]; depth 6 of edge in would break it (Resource deadlock avoided)");
			ex_close(&x);
			continue;
		}
		ok(weft_plan_prepare(x.plan, NULL));
		in->peer.rate = 1;
		in->peer.initial = 6;
		ok(weft_peer_live(x.plan));
		in->peer.rate = 6;
		in->peer.initial = 0;
		ok(weft_peer_live(x.plan));
		in->peer.rate = 2;
		in->peer.initial = 1;
		refused(weft_peer_live(x.plan), -EDEADLK, "edge in, of which the other process gives 2 tokens at a time after 1 at first: the plan");
		refused(weft_peer_live(x.plan), -EDEADLK, "; depth 8 of edge in would break it (Resource deadlock avoided)");
		/* four at a time come round after two sequences, too many never */
		in->peer.rate = 4;
		in->peer.initial = 0;
		refused(weft_peer_live(x.plan), -EDEADLK, "gives 4 tokens");
		in->peer.rate = 65521;
		refused(weft_peer_live(x.plan), -EDEADLK, "gives 65521 tokens");
		ex_close(&x);
	}
}

/* No depth is 2; control edges have no blocks, and an exported edge may have consumers here. */
static void kinds(void **state)
{
	struct weft_edge *plain, *control, *own;
	struct weft_body *a, *b;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "b", 1, NULL, 0);
	plain = ex_edge(&x, "plain", 0, 0, WEFT_EDGE_EXPORT);
	control = ex_edge(&x, "control", 3, 0, WEFT_EDGE_EXPORT | WEFT_EDGE_CONTROL);
	own = ex_edge(&x, "own", 2, 0, 0);
	ok(weft_body_output(a, plain, 1));
	ok(weft_body_input(b, plain, 1));
	ok(weft_body_output(a, control, 1));
	ex_join(a, own, b);
	ok(weft_body_input(b, ex_edge(&x, "in", 0, 0, WEFT_EDGE_IMPORT | WEFT_EDGE_CONTROL), 1));
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(weft_edge_depth(plain), 2);
	assert_int_equal(a->waits.count, 2 + 2 + 1);		/* both edges elsewhere, plain and own by b, the gate */
	assert_int_equal(plain->place, 1);
	assert_int_equal(x.plan->place[1].bytes, 2 * BLOCK);	/* own */
	ex_close(&x);
}

static void create(struct ex *x, uint32_t flags, uint32_t initial, uint32_t device, const char *text)
{
	const struct weft_edge_desc d = { .size = sizeof(d), .name = "bad", .block_bytes = BLOCK, .flags = flags, .initial = initial,
					  .device = device };
	struct weft_edge *e;

	refused(weft_edge_create(x->plan, &d, &e), -EINVAL, text);
}

static void refusals(void **state)
{
	struct weft_edge *e;
	struct weft_body *a, *b;
	int sock[2], udp;
	struct ex x;

	(void)state;
	ex_open(&x, NULL);
	create(&x, WEFT_EDGE_IMPORT | WEFT_EDGE_EXPORT, 0, 0, "exported or imported");
	create(&x, WEFT_EDGE_EXPORT | WEFT_EDGE_STATE, 0, 0, "no state");
	create(&x, WEFT_EDGE_EXPORT | WEFT_EDGE_HOST, 0, 0, "not the host's");
	create(&x, WEFT_EDGE_IMPORT, 1, 0, "the exporter gives initial tokens");
	create(&x, WEFT_EDGE_IMPORT, 0, 1, "the exporter gives initial tokens");
	create(&x, WEFT_EDGE_EXPORT, 3, 0, "depth 2");
	e = ex_edge(&x, "out", 2, 0, WEFT_EDGE_EXPORT);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), 0);
	udp = socket(AF_UNIX, SOCK_DGRAM, 0);
	refused(weft_edge_connect(ex_edge(&x, "plain", 2, 0, 0), sock[0], 1), -EINVAL, "neither WEFT_EDGE_EXPORT");
	refused(weft_edge_connect(e, -1, 1), -EBADF, "no socket");
	refused(weft_edge_connect(e, udp, 1), -EINVAL, "SOCK_SEQPACKET");
	refused(weft_edge_connect(e, sock[0], 0), -EINVAL, "no time");
	ok(weft_edge_connect(e, sock[0], 1));
	ok(weft_edge_connect(e, sock[1], 1));			/* in its place; neither is left open */
	close(udp);
	close(sock[0]);
	close(sock[1]);
	a = ex_body(&x, "a", 0, NULL, 0);
	ok(weft_body_input(a, e, 1));
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "exported and has no producer");
	ex_close(&x);

	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "far", 1, NULL, 0);
	e = ex_edge(&x, "in", 2, 0, WEFT_EDGE_IMPORT);
	ok(weft_body_input(a, e, 1));
	ok(weft_body_input(b, e, 1));
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "on one device, body a is on 0, body far on 1");
	ex_close(&x);

	ex_open(&x, NULL);
	ex_body(&x, "a", 0, NULL, 0);
	ex_edge(&x, "in", 2, 0, WEFT_EDGE_IMPORT);
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "1 … 128 consumers here, not 0");
	ex_close(&x);

	ex_open(&x, NULL);
	e = ex_edge(&x, "in", 2, 0, WEFT_EDGE_IMPORT);
	for (uint32_t i = 0; i < 129; i++) {
		char name[8];

		snprintf(name, sizeof(name), "%u", i);
		ok(weft_body_input(ex_body(&x, name, 0, NULL, 0), e, 1));
	}
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "consumers here, not 129");
	ex_close(&x);

	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "b", 0, NULL, 0);
	ex_join(a, ex_edge(&x, "in", 2, 0, WEFT_EDGE_IMPORT), b);
	refused(weft_plan_prepare(x.plan, NULL), -EINVAL, "not body a");
	ex_close(&x);

	ex_open(&x, NULL);
	a = ex_body(&x, "a", 0, "lane", 0);
	b = ex_body(&x, "b", 0, "lane", 2);
	ex_join(a, ex_edge(&x, "e", 4, 0, 0), b);
	ok(weft_body_input(a, ex_edge(&x, "in", 2, 0, WEFT_EDGE_IMPORT), 1));
	refused(weft_plan_prepare(x.plan, NULL), -EOPNOTSUPP, "plan plan: edge in is another process's too, and skewed lanes here need 2 "
		"bubbles to drain: give bodies lanes of their own, or the same skew (Operation not supported)");
	ex_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exported),
		cmocka_unit_test(imported),
		cmocka_unit_test(consumers),
		cmocka_unit_test(depths),
		cmocka_unit_test(kinds),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("exec/peer", tests, NULL, NULL);
}
