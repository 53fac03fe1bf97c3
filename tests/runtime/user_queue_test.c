/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* User queues and cells: cards that drive each other, loops with rotating operands, ends, wills, no system call. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "side.h"

/* Fill, signal; what was posted is seen when the cell says so. */
static int one_list(struct weft *weft)
{
	struct weft_user_queue_state state = { .size = sizeof(state) };
	uint64_t x[8];
	struct side s;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	RT_OK(weft_list_fill(s.list, weft_memory_address(s.data), 64, 0x1122334455667788, 8));
	if (signal_op(s.list, weft_cell_address(s.cells, 3), 7, 0, 0))
		return -1;
	RT_IS(weft_user_queue_post(s.queue, s.list), -EINVAL);		/* not committed */
	RT_OK(weft_list_commit(s.list));
	RT_OK(weft_user_queue_post(s.queue, s.list));
	RT_OK(weft_cell_wait(s.cells, 3, 7, 10 * RT_SECOND, NULL));
	RT_OK(weft_memory_read(s.data, 0, x, sizeof(x)));
	for (int i = 0; i < 8; i++)
		RT_CHECK(x[i] == 0x1122334455667788, "word %d is %#llx", i, (unsigned long long)x[i]);
	RT_IS(weft_cell_wait(s.cells, 3, 8, 20000000, NULL), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "wanted 8, actual 7"), "%s", weft_last_error());
	for (int i = 0; i < 1000 && state.ended != 1; i++, usleep(1000))
		RT_OK(weft_user_queue_state(s.queue, &state));
	RT_CHECK(state.posted == 1 && state.ended == 1 && !state.cause, "posted %llu, ended %llu",
		 (unsigned long long)state.posted, (unsigned long long)state.ended);
	return side_close(&s);
}

/* Card 0 and card 1 signal each other 1000 times; the host only starts and waits for the end. */
static int ping_pong(struct weft *weft)
{
	enum { ROUNDS = 1000 };
	struct weft_memory *far[2];
	struct side s[2];

	if (weft_device_count(weft, "card") < 2)
		return rt_say(RT_SKIP, "two-cards");
	for (uint32_t i = 0; i < 2; i++)
		if (side_open(weft, i, &s[i], NULL))
			return -1;
	for (int i = 0; i < 2; i++) {
		int r = weft_memory_import(s[i].card, s[!i].inbox, WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL, &far[i]);

		if (r == -EOPNOTSUPP && !i) {
			if (side_close(&s[0]) || side_close(&s[1]))
				return -1;
			return rt_say(RT_SKIP, "p2pdma");
		}
		RT_OK(r);
	}
	/* 0: signal the peer 1 + it, wait for 1 + it; 1: the other way round */
	for (int i = 0; i < 2; i++) {
		uint64_t mine = weft_cell_address(s[i].inbox, 0), peer = weft_cell_address(far[i], 0);

		if ((i == 0 && signal_op(s[i].body, peer, 1, 1, 0)) || wait_op(s[i].body, mine, 1, 1) ||
		    (i == 1 && signal_op(s[i].body, peer, 1, 1, 0)))
			return -1;
		RT_OK(weft_list_commit(s[i].body));
		RT_OK(weft_list_loop(s[i].list, s[i].body, ROUNDS));
		if (signal_op(s[i].list, weft_cell_address(s[i].cells, 1), 1, 0, 0))
			return -1;
		RT_OK(weft_list_commit(s[i].list));
	}
	RT_OK(weft_user_queue_post(s[1].queue, s[1].list));
	RT_OK(weft_user_queue_post(s[0].queue, s[0].list));
	for (int i = 0; i < 2; i++)
		RT_OK(weft_cell_wait(s[i].cells, 1, 1, 20 * RT_SECOND, NULL));
	for (int i = 0; i < 2; i++) {
		struct weft_cell_state c;

		RT_OK(weft_cell_read(s[i].inbox, 0, &c));
		RT_CHECK(c.value == ROUNDS, "cell of card %d is %llu", i, (unsigned long long)c.value);
		RT_OK(weft_user_queue_destroy(s[i].queue));
		s[i].queue = NULL;
	}
	for (int i = 0; i < 2; i++)
		RT_OK(weft_memory_destroy(far[i]));
	return side_close(&s[0]) ? -1 : side_close(&s[1]);
}

/*
 * A loop on the card consumes a ring of four blocks that the host fills, by credits, until the host ends it: each
 * sum of a block with a running total must be right, and odd sequences are chosen into another accumulator.
 */
static int host_feeds_loop(struct weft *weft)
{
	enum { N = 256, BLOCKS = 4, COUNT = 500 };
	struct weft_rotation in = { .size = sizeof(in), .stride = 4 * N, .depth = BLOCKS, .mul = 1, .div = 1 };
	struct weft_rotation acc = { .size = sizeof(acc), .depth = 1, .mul = 1, .div = 1 };
	struct weft_rotation which = { .size = sizeof(which), .stride = 4, .depth = 2, .mul = 1, .div = 1 };
	struct weft_exec add = { .size = sizeof(add), .num_operands = 3, .dims = { N } };
	uint64_t source, even_odd[2], chosen, selector, base;
	const uint32_t numbers[2] = { 0, 1 };
	float *blocks, sum[2][N];
	void *map;
	struct side s;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	base = weft_memory_address(s.data);
	in.base = base;
	RT_OK(weft_list_rotation(s.body, &in, &source));
	for (int i = 0; i < 2; i++) {
		acc.base = base + 65536 + 4 * N * (uint64_t)i;
		RT_OK(weft_list_rotation(s.body, &acc, &even_odd[i]));
	}
	which.base = base + 131072;
	RT_OK(weft_list_rotation(s.body, &which, &selector));
	RT_OK(weft_list_choice(s.body, selector, even_odd, 2, &chosen));
	RT_OK(weft_memory_write(s.data, 131072, numbers, sizeof(numbers)));
	/* cell 0: filled by the host; cell 1: blocks given back; cell 2: all done */
	if (wait_op(s.body, weft_cell_address(s.cells, 0), 1, 1))
		return -1;
	add.operands[0] = add.operands[1] = chosen;
	add.operands[2] = source;
	RT_OK(weft_list_exec(s.body, "add", WEFT_TYPE_F32, &add));
	if (signal_op(s.body, weft_cell_address(s.cells, 1), 1, 1, 0))
		return -1;
	RT_OK(weft_list_commit(s.body));
	RT_OK(weft_list_loop(s.list, s.body, 0));
	if (signal_op(s.list, weft_cell_address(s.cells, 2), 1, 0, WEFT_CELL_END))
		return -1;
	RT_OK(weft_list_commit(s.list));
	RT_OK(weft_user_queue_post(s.queue, s.list));
	RT_OK(weft_memory_map(s.data, &map));
	blocks = map;
	for (uint64_t k = 0; k < COUNT; k++) {
		if (k >= BLOCKS)
			RT_OK(weft_cell_wait(s.cells, 1, k - BLOCKS + 1, 10 * RT_SECOND, NULL));
		for (int i = 0; i < N; i++)
			blocks[k % BLOCKS * N + (uint64_t)i] = (float)(k + 1);
		RT_OK(weft_cell_signal(s.cells, 0, k + 1));
	}
	RT_OK(weft_cell_end(s.cells, 0));
	RT_OK(weft_cell_wait(s.cells, 2, 1, 10 * RT_SECOND, NULL));
	RT_IS(weft_cell_wait(s.cells, 2, 2, 10 * RT_SECOND, NULL), -EPIPE);
	RT_OK(weft_memory_read(s.data, 65536, sum, sizeof(sum)));
	/* sequences 0, 2, … carry 1, 3, …: COUNT/2 of them */
	RT_CHECK(sum[0][0] == 62500.0f && sum[1][N - 1] == 62750.0f, "sums %g and %g", (double)sum[0][0],
		 (double)sum[1][N - 1]);
	return side_close(&s);
}

/* C = alpha * A * B of one element each, alpha read from memory, the next one in each iteration. */
static int scalars_in_memory(struct weft *weft)
{
	struct weft_rotation c = { .size = sizeof(c), .stride = 64, .depth = 4, .mul = 1, .div = 1 }, alpha = c;
	struct weft_exec gemm = { .size = sizeof(gemm), .num_operands = 3, .dims = { 1, 1, 1 }, .scalar_mask = 1 };
	static const float in[5] = { 3.0f, 0.5f, 1.0f, -2.0f, 100.0f };	/* A and B, four factors */
	float out[4][16];
	uint64_t base;
	struct side s;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	base = weft_memory_address(s.data);
	RT_OK(weft_memory_write(s.data, 0, in, sizeof(in)));
	c.base = base + 4096;
	alpha.base = base + 4;
	alpha.stride = 4;
	RT_OK(weft_list_rotation(s.body, &c, &gemm.operands[0]));
	RT_OK(weft_list_rotation(s.body, &alpha, &gemm.scalar_operands[0]));
	gemm.operands[1] = gemm.operands[2] = base;
	RT_OK(weft_list_exec(s.body, "gemm", WEFT_TYPE_F32, &gemm));
	if (signal_op(s.body, weft_cell_address(s.cells, 0), 1, 1, 0))
		return -1;
	RT_OK(weft_list_commit(s.body));
	RT_OK(weft_user_queue_loop(s.queue, s.body, 4));
	RT_OK(weft_cell_wait(s.cells, 0, 4, 10 * RT_SECOND, NULL));
	RT_OK(weft_memory_read(s.data, 4096, out, sizeof(out)));
	for (int i = 0; i < 4; i++)
		RT_CHECK(out[i][0] == 9.0f * in[1 + i], "iteration %d gave %g", i, (double)out[i][0]);
	return side_close(&s);
}

/* Whoever dies without ending the cells of its wills poisons them; the waiter stops and says why. */
static int will(struct weft *weft)
{
	struct weft_user_queue_config config = { .size = sizeof(config), .num_wills = 1 };
	struct weft_user_queue_state state = { .size = sizeof(state) };
	struct weft_user_queue *dying;
	struct weft_cell_state cell;
	struct weft_will w;
	struct side s;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	w = (struct weft_will) { .cells = s.cells, .index = 5, .id = 77 };
	config.wills = &w;
	RT_OK(weft_user_queue_create(s.card, &config, &dying));
	if (wait_op(s.list, weft_cell_address(s.cells, 5), 1, 0))
		return -1;
	RT_OK(weft_list_commit(s.list));
	RT_OK(weft_user_queue_post(s.queue, s.list));
	for (int i = 0; i < 5000 && !state.wait_address; i++, usleep(1000))
		RT_OK(weft_user_queue_state(s.queue, &state));
	RT_CHECK(!strcmp(weft_user_queue_run_name(state.run), "parked") && state.wait_value == 1 &&
		 state.wait_address == weft_cell_address(s.cells, 5), "run %u, waits for %llu", state.run,
		 (unsigned long long)state.wait_value);
	RT_OK(weft_user_queue_destroy(dying));
	/* a value that was there holds, whatever came after it */
	RT_OK(weft_cell_wait(s.cells, 5, 0, 10 * RT_SECOND, NULL));
	RT_IS(weft_cell_wait(s.cells, 5, 1, 10 * RT_SECOND, &cell), -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "poisoned by will 77"), "%s", weft_last_error());
	for (int i = 0; i < 5000 && !state.cause; i++, usleep(1000))
		RT_OK(weft_user_queue_state(s.queue, &state));
	RT_CHECK(!strcmp(weft_fault_name(state.cause), "poison") && state.origin == cell.fault, "cause %s, origin %#llx",
		 weft_fault_name(state.cause), (unsigned long long)state.origin);
	return side_close(&s);
}

/* Whether some card's list of queues has one of this band and weight; -1: the kernel shows no such lists. */
static int shown(uint32_t band, uint32_t weight)
{
	char command[200];

	if (access("/sys/kernel/debug/accel", R_OK))
		return -1;
	snprintf(command, sizeof(command), "grep -hq 'kind user .* band %u weight %u ' /sys/kernel/debug/accel/*/queues", band, weight);
	return !system(command);
}

/* What a queue was made with is what the card goes by. */
static int made_with(struct weft *weft)
{
	struct weft_user_queue_config config = {
		.size = sizeof(config), .priority = WEFT_PRIORITY_LOW, .weight = 77, .run_limit_ns = 100000,
	};
	struct weft_user_queue_state state = { .size = sizeof(state) };
	struct weft_memory *big;
	struct side s;

	RT_CHECK(shown(WEFT_PRIORITY_LOW - 1, 77) <= 0, "a queue of another test has weight 77");
	if (side_open(weft, 0, &s, &config))
		return -1;
	RT_CHECK(shown(WEFT_PRIORITY_LOW - 1, 77), "no queue of band %d and weight 77", WEFT_PRIORITY_LOW - 1);
	/* longer than 0.1 ms on any engine, in one packet */
	RT_OK(weft_memory_alloc(s.card, 64 << 20, WEFT_PLACE_LOCAL, &big));
	RT_OK(weft_list_fill(s.list, weft_memory_address(big), 64 << 20, 1, 4));
	RT_OK(weft_list_commit(s.list));
	RT_IS(weft_user_queue_loop(s.queue, s.list, 1ull << 48), -EINVAL);
	RT_OK(weft_user_queue_post(s.queue, s.list));
	for (int i = 0; i < 10000 && !state.cause; i++, usleep(1000))
		RT_OK(weft_user_queue_state(s.queue, &state));
	RT_CHECK(!strcmp(weft_fault_name(state.cause), "run_limit"), "cause %s", weft_fault_name(state.cause));
	RT_OK(weft_memory_destroy(big));
	return side_close(&s);
}

/* The calling thread dies at any system call but exit_group from now on. */
static int no_system_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* In a process of its own: 10,000 lists posted and their cell read, each parked waiter woken by a doorbell page. */
static int silent(struct weft *weft)
{
	struct weft_cell_state c = { 0 };
	struct side s;

	if (side_open(weft, 0, &s, NULL))
		return -1;
	/* the list waits for cell 0 and copies nothing: the host signals it, and cell 1 counts what ended */
	if (wait_op(s.body, weft_cell_address(s.cells, 0), 1, 1) ||
	    signal_op(s.body, weft_cell_address(s.cells, 1), 1, 1, 0))
		return -1;
	RT_OK(weft_list_commit(s.body));
	RT_OK(weft_user_queue_loop(s.queue, s.body, 0));
	RT_OK(weft_list_fill(s.list, weft_memory_address(s.data), 64, 1, 8));
	RT_OK(weft_list_commit(s.list));
	RT_OK(weft_cell_signal(s.cells, 0, 1));	/* maps the cells */
	RT_OK(weft_cell_wait(s.cells, 1, 1, 10 * RT_SECOND, NULL));
	if (no_system_calls())
		_exit(3);
	for (uint64_t k = 2; k <= 10000; k++) {
		uint64_t spins = 0;

		if (weft_cell_signal(s.cells, 0, k))
			_exit(4);
		do
			if (weft_cell_read(s.cells, 1, &c) || ++spins > 1u << 30)
				_exit(5);
		while (c.value < k);
	}
	_exit(0);
}

static int no_system_call(struct weft *weft)
{
	pid_t pid;
	int status;

	(void)weft;
	pid = fork();
	RT_CHECK(pid >= 0, "fork");
	if (!pid) {	/* a fresh program: the library does not survive fork */
		execl("/proc/self/exe", "user_queue_test", "silent", (char *)NULL);
		_exit(2);
	}
	RT_CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	RT_CHECK(!WIFSIGNALED(status), "killed by signal %d: it entered the kernel", WTERMSIG(status));
	RT_CHECK(WEXITSTATUS(status) == 0, "the silent program ended with %d", WEXITSTATUS(status));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "a posted list runs, and its cell tells", one_list },
		{ "two cards signal each other, the host asleep", ping_pong },
		{ "the host feeds a loop until it ends it", host_feeds_loop },
		{ "a queue that dies poisons the cells of its wills", will },
		{ "scalars of an operator are read from memory", scalars_in_memory },
		{ "band, weight and run limit are the card's, too long a loop is refused", made_with },
		{ "no system call after set-up", no_system_call },
	};

	if (argc > 1 && !strcmp(argv[1], "silent")) {
		int ret = silent(weft_open());

		fprintf(stderr, "%s\n", rt_text);
		return ret ? 1 : 0;
	}
	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
