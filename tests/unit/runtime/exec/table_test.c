/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The table that a plan keeps of its names, as weft top reads it: for each wait of each body its body, edge, role and peer. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ex.h"

#include "runtime/core/list.h"
#include "runtime/core/memory.h"
#include "tools/weft/top_plan.h"

#define BASE	1000u

static struct weft_memory memory[EX_CARDS][EX_CARDS];

static void cells_at(struct weft_memory *m, struct weft_device *device, uint64_t address)
{
	*m = (struct weft_memory) { .magic = WEFT_MAGIC_MEMORY, .refs = 1, .cells = true, .device = device, .bytes = 4096, .address = address };
}

/* Cells and lists as a load makes them, as far as these cards have such: only addresses matter. */
static void on_cards(struct weft_plan *p)
{
	for (uint32_t w = 0; w < EX_CARDS; w++)
		for (uint32_t s = 0; s < EX_CARDS; s++) {
			cells_at(&memory[w][s], p->card[w].device, 0x100000 + 0x1000 * (w * EX_CARDS + s));
			p->cells[w][s] = p->cells_there[w][s] = &memory[w][s];
		}
	for (uint32_t i = 0; i < p->num_devices; i++)
		p->card[i].device->info.max_queues = p->num_lanes;
	ok(weft_arena_init(p));
	for (uint32_t i = 0; i < p->num_lanes; i++)
		ok(weft_lane_emit(p, &p->lane[i]));
}

static void off_cards(struct weft_plan *p)
{
	for (uint32_t i = 0; i < p->num_lanes; i++)
		weft_lane_drop(&p->lane[i]);
	ok(weft_arena_fini(p));
	memset(p->cells, 0, sizeof(p->cells));
	memset(p->cells_there, 0, sizeof(p->cells_there));
}

static const char *role(const struct weft_plan_cell *c)
{
	return c->role == WEFT_ROLE_GATE ? "gate" : c->role == WEFT_ROLE_PRODUCED ? "produced" : "credit";
}

static void each_wait(const struct weft_plan *p, const struct top_plan *t)
{
	uint32_t waits = 0;

	for (uint32_t i = 0; i < p->num_bodies; i++) {
		const struct weft_body *b = p->body[i];
		const struct weft_plan_lane *l = &p->lane[b->lane];

		for (uint32_t j = 0; j < b->waits.count; j++, waits++) {
			const struct weft_plan_cell *c = &p->cell[b->waits.tie[j].cell];
			struct top_wait w;

			assert_true(top_plan_wait(t, p->card[b->device].device->info.pci, l->loop->address, b->wait,
						  weft_cell_address(weft_cell_here(p, c), c->index), &w));
			assert_string_equal(w.body, b->name);
			assert_string_equal(top_plan_role(w.role), role(c));
			assert_string_equal(w.edge, c->edge ? c->edge->name : "");
			assert_string_equal(w.peer, c->body ? c->body->name : "");
			assert_int_equal(w.base, BASE);
		}
	}
	assert_int_equal(waits, 6);	/* two tokens, two credits, of the host one, and the gate */
}

/* On two cards, with an edge of the host, and a body that waits for a cell of the caller's. */
static void names(void **state)
{
	const struct weft_plan_config config = { .size = sizeof(config), .name = "names", .cell_base = BASE };
	const struct rlimit none = { .rlim_cur = 0, .rlim_max = RLIM_INFINITY };
	struct rlimit before;
	struct weft_memory mine;
	struct top_plan t;
	struct top_wait w;
	struct weft_body *a, *b;
	struct stat s;
	struct ex x;
	char *data;

	(void)state;
	ex_open(&x, &config);
	x.card[1]->info.pci = 8;
	a = ex_body(&x, "a", 0, NULL, 0);
	b = ex_body(&x, "b", 1, NULL, 0);
	ex_join(a, ex_edge(&x, "stream", 2, 0, 0), b);
	ex_join(b, ex_edge(&x, "back", 2, 1, 0), a);
	ok(weft_body_input(a, ex_edge(&x, "fed", 2, 0, WEFT_EDGE_HOST), 1));
	cells_at(&mine, x.card[1], 0x200000);
	ok(weft_body_wait_all(b, "arrival", 0, &(struct weft_body_cell) { .cells = &mine, .index = 3, .base = 1 }, 1));
	ex_body(&x, "free", 0, NULL, 0);
	ok(weft_plan_prepare(x.plan, NULL));
	assert_int_equal(x.plan->table, -1);
	on_cards(x.plan);
	weft_plan_table_open(x.plan);
	assert_true(x.plan->table >= 0);
	assert_int_equal(fcntl(x.plan->table, F_GET_SEALS) & 15, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	assert_int_equal(fcntl(x.plan->table, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(x.plan->table, &s), 0);
	data = malloc((size_t)s.st_size);
	assert_int_equal(pread(x.plan->table, data, (size_t)s.st_size, 0), s.st_size);
	assert_true(top_plan_parse(data, (size_t)s.st_size, &t));
	assert_string_equal(t.name, "names");
	each_wait(x.plan, &t);
	assert_true(top_plan_wait(&t, 8, x.plan->lane[b->lane].loop->address, b->last - 1, weft_cell_address(&mine, 3), &w));
	assert_string_equal(w.body, "b");
	assert_string_equal(w.edge, "arrival");
	assert_true(w.role == WEFT_TABLE_CELL && !*w.peer && !w.base);
	free(data);
	weft_plan_table_close(x.plan);
	assert_int_equal(x.plan->table, -1);
	/* where a write would be a signal there is none, and no descriptor is left */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	weft_plan_table_open(x.plan);
	assert_int_equal(x.plan->table, -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	off_cards(x.plan);
	ok(weft_plan_destroy(x.plan));
	x.plan = NULL;
	ex_close(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names) };

	return cmocka_run_group_tests_name("exec/table", tests, NULL, NULL);
}
