/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* One process makes numbers on a card, another adds them up; between the two there are only their cards. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft/weft.h>

#define N	64u		/* floats of a block */
#define COUNT	1000u
#define SECOND	1000000000ull

static void must(int ret, const char *what)
{
	if (ret >= 0)
		return;
	fprintf(stderr, "edge: %s: %s\n", what, weft_last_error());
	exit(1);
}

/* A plan with one body; the edge has the same name, size and depth in both processes. */
static struct weft_plan *plan_of(struct weft_device *card, const char *name, uint32_t flags, int sock, struct weft_body **body,
				 struct weft_edge **edge)
{
	const struct weft_edge_desc e = { .size = sizeof(e), .name = "numbers", .flags = flags, .block_bytes = N * 4, .depth = 4 };
	const struct weft_body_desc b = { .size = sizeof(b), .name = name };
	struct weft_plan *plan;

	must(weft_plan_create(&card, 1, NULL, &plan), "plan");
	must(weft_edge_create(plan, &e, edge), "edge");
	must(weft_body_create(plan, &b, body), "body");
	must(weft_edge_connect(*edge, sock, 10 * SECOND), "connect");
	return plan;
}

static void producer(struct weft_device *card, int sock)
{
	static float numbers[10 * N];
	struct weft_constant *table;
	struct weft_plan *plan;
	struct weft_edge *out;
	struct weft_body *make;

	for (unsigned int i = 0; i < 10 * N; i++)
		numbers[i] = (float)(i / N);
	plan = plan_of(card, "make", WEFT_EDGE_EXPORT, sock, &make, &out);
	must(weft_constant_create(plan, "table", sizeof(numbers), NULL, &table), "table");
	must(weft_constant_contents(table, numbers, sizeof(numbers)), "table");
	must(weft_body_output(make, out, 1), "output");
	must(weft_body_copy(make, weft_body_out(make, out, 0), weft_body_table(make, table, N * 4, 10, 1), N * 4), "copy");
	must(weft_plan_load(plan), "load");			/* meets the other process */
	must(weft_plan_run(plan, COUNT, NULL), "run");
	must(weft_plan_end(plan, 60 * SECOND), "end");		/* ends the consumer, after the last block */
	must(weft_plan_destroy(plan), "destroy");
}

static void consumer(struct weft_device *card, int sock)
{
	const struct weft_edge_desc s = { .size = sizeof(s), .name = "sum", .flags = WEFT_EDGE_STATE, .block_bytes = N * 4 };
	struct weft_edge *in, *sum;
	struct weft_plan *plan;
	struct weft_body *add;
	struct weft_exec e = { .size = sizeof(e), .num_operands = 3, .dims = { N } };
	float total[N];

	plan = plan_of(card, "add", WEFT_EDGE_IMPORT, sock, &add, &in);
	must(weft_edge_create(plan, &s, &sum), "state");
	must(weft_body_input(add, in, 1), "input");
	must(weft_body_output(add, sum, 1), "output");
	e.operands[0] = e.operands[1] = weft_body_out(add, sum, 0);
	e.operands[2] = weft_body_in(add, in, 0);
	must(weft_body_exec(add, "add", WEFT_TYPE_F32, &e), "exec");
	must(weft_plan_load(plan), "load");
	must(weft_plan_run(plan, COUNT, NULL), "run");
	must(weft_plan_drain(plan, 60 * SECOND), "drain");
	must(weft_edge_get(sum, total, sizeof(total)), "sum");
	must(weft_plan_end(plan, 60 * SECOND), "end");
	must(weft_plan_destroy(plan), "destroy");
	printf("the sum of %u numbers is %g\n", COUNT, (double)total[0]);
	if (total[0] != COUNT / 10 * 45)
		exit(1);
}

int main(void)
{
	struct weft_device *card;
	struct weft *weft;
	int sock[2], status;
	pid_t child;

	/* any connected pair will do; before weft_open(), since the library does not survive fork() */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock))
		return 1;
	child = fork();
	close(sock[child ? 1 : 0]);
	weft = weft_open();
	must(weft_device_open(weft, "card", 0, &card), "card");
	if (child)
		consumer(card, sock[0]);
	else
		producer(card, sock[1]);
	must(weft_device_close(card), "close");
	must(weft_close(weft), "close");
	if (child && (waitpid(child, &status, 0) != child || status))
		return 1;
	return 0;
}
