// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* From a virtual address to bytes: pieces, rights, the translation cache, windows, views, and what is counted. */
#include <sys/mman.h>

#include "rig.h"

#define VA	0x7000000000ull			/* at the start of a 2 MiB block */
#define PAGE	4096ull
#define LOCAL	32				/* index of the own memory among the links counted */

struct bed {
	struct wcard_machine *m;
	struct wcard_card *c;
	struct wcard_acc a;
};

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	b->m = rig_new(2);
	b->c = b->m->card[0];
	rig_master(b->c);
	b->a = (struct wcard_acc){ .e = &b->m->engine[0], .c = b->c, .as = rig_as(b->c, 3) };
	wcard_acc_begin(&b->a);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	wcard_acc_end(&b->a);
	rig_free(b->m);
	free(b);
	return 0;
}

/* Page i of VA is page `page` of local memory. */
static void local(struct bed *b, unsigned int i, uint64_t page, uint64_t rights)
{
	rig_pte(b->c, VA + i * PAGE, LEAF_LOCAL(page * PAGE, rights), 0);
}

static void next_unit(struct bed *b)
{
	wcard_acc_end(&b->a);
	wcard_acc_begin(&b->a);
}

static uint64_t counted(struct bed *b, unsigned int dir, unsigned int link)
{
	uint64_t n = atomic_load(&b->a.as->cnt->bytes[dir][link]);

	assert_int_equal(atomic_load(&b->c->all.bytes[dir][link]), n);
	return n;
}

static void spans(void **state)
{
	struct bed *b = *state;
	struct wcard_span s;

	local(b, 0, 10, RW);
	local(b, 1, 11, RW);
	local(b, 2, 20, RW);
	assert_int_equal(wcard_acc_span(&b->a, VA + 0x10, 0x100, WCARD_ACC_READ, &s), 0);
	assert_ptr_equal(s.host, b->c->lmem + 10 * PAGE + 0x10);
	assert_int_equal(s.bytes, 0x100);
	assert_int_equal(s.fd, b->c->lmem_fd);
	assert_int_equal(s.fd_offset, 10 * PAGE + 0x10);
	assert_int_equal(s.link, LOCAL);
	/* Neighbours are one piece, a jump ends it. */
	assert_int_equal(wcard_acc_span(&b->a, VA + 0x10, 3 * PAGE, WCARD_ACC_READ, &s), 0);
	assert_int_equal(s.bytes, 2 * PAGE - 0x10);
	/* A hole belongs to the piece that begins there. */
	assert_int_equal(wcard_acc_span(&b->a, VA + 2 * PAGE, 2 * PAGE, WCARD_ACC_READ, &s), 0);
	assert_int_equal(s.bytes, PAGE);
	assert_int_equal(b->a.fault, 0);
	assert_int_equal(wcard_acc_check(&b->a, VA, 3 * PAGE, WCARD_ACC_WRITE), 0);
	assert_int_equal(wcard_acc_check(&b->a, VA, 3 * PAGE + 1, WCARD_ACC_WRITE), WEFT_FAULT_PT_INVALID);
	assert_int_equal(b->a.fault, WEFT_FAULT_PT_INVALID);
	assert_int_equal(b->a.fault_va, VA + 3 * PAGE);
	/* The first failure is the one reported, until the next unit. */
	assert_int_equal(wcard_acc_span(&b->a, 1ull << 48, 1, WCARD_ACC_READ, &s), WEFT_FAULT_PT_RANGE);
	assert_int_equal(b->a.fault_va, VA + 3 * PAGE);
	next_unit(b);
	assert_int_equal(b->a.fault, 0);
}

static void rights(void **state)
{
	struct bed *b = *state;
	struct wcard_span s;

	local(b, 0, 10, WEFT_PTE_R);
	local(b, 1, 11, WEFT_PTE_W);
	local(b, 2, 12, RW | WEFT_PTE_SEM);
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_READ, &s), 0);
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_WRITE, &s), WEFT_FAULT_PT_WRITE);
	assert_int_equal(wcard_acc_span(&b->a, VA + PAGE, 8, WCARD_ACC_WRITE, &s), 0);
	assert_int_equal(wcard_acc_span(&b->a, VA + PAGE, 8, WCARD_ACC_READ | WCARD_ACC_WRITE, &s), WEFT_FAULT_PT_READ);
	assert_int_equal(wcard_acc_span(&b->a, VA + 2 * PAGE, 8, WCARD_ACC_WRITE, &s), WEFT_FAULT_PT_SEM);
	assert_int_equal(wcard_acc_span(&b->a, VA + 2 * PAGE, 8, WCARD_ACC_READ, &s), 0);
}

static uint64_t walks(struct bed *b)
{
	return atomic_load(&b->c->walks);
}

/* Translations last until they are invalidated, which is when the generation moves and a unit begins. */
static void translation_cache(void **state)
{
	struct bed *b = *state;
	struct wcard_span s;
	uint64_t n;

	/* Failures are not remembered: invalid to valid needs no invalidation. */
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_READ, &s), WEFT_FAULT_PT_INVALID);
	local(b, 0, 10, RW);
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_READ, &s), 0);
	n = walks(b);
	assert_int_equal(wcard_acc_span(&b->a, VA + 100, 8, WCARD_ACC_READ, &s), 0);
	next_unit(b);
	assert_int_equal(wcard_acc_span(&b->a, VA + 200, 8, WCARD_ACC_READ, &s), 0);
	assert_int_equal(walks(b), n);
	/* Another address space at the same address is another page. */
	b->a.as = rig_as(b->c, 4);
	next_unit(b);
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_READ, &s), 0);
	assert_int_equal(walks(b), n + 1);
	b->a.as = rig_as(b->c, 3);
	local(b, 0, 30, RW);
	atomic_fetch_add(&b->a.as->gen, 1);
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_READ, &s), 0);
	assert_ptr_equal(s.host, b->c->lmem + 10 * PAGE);
	next_unit(b);
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_READ, &s), 0);
	assert_ptr_equal(s.host, b->c->lmem + 30 * PAGE);
}

static void large_pages(void **state)
{
	struct bed *b = *state;
	struct wcard_span s;

	rig_pte(b->c, VA, LEAF_LOCAL(WEFT_PAGE2M_BYTES, RW), 1);
	assert_int_equal(wcard_acc_span(&b->a, VA + 0x12345, WEFT_PAGE2M_BYTES, WCARD_ACC_READ, &s), 0);
	assert_ptr_equal(s.host, b->c->lmem + WEFT_PAGE2M_BYTES + 0x12345);
	assert_int_equal(s.bytes, WEFT_PAGE2M_BYTES - 0x12345);
	assert_int_equal(walks(b), 2);				/* the block, and what is behind it */
	assert_int_equal(wcard_acc_span(&b->a, VA + 0x1fffff, 1, WCARD_ACC_READ, &s), 0);
	assert_ptr_equal(s.host, b->c->lmem + WEFT_PAGE2M_BYTES + 0x1fffff);
	assert_int_equal(walks(b), 2);
	rig_pte(b->c, VA, LEAF_LOCAL(2 * WEFT_PAGE2M_BYTES, RW), 1);
	atomic_fetch_add(&b->a.as->gen, 1);
	next_unit(b);
	assert_int_equal(wcard_acc_span(&b->a, VA + 0x1fffff, 1, WCARD_ACC_READ, &s), 0);
	assert_ptr_equal(s.host, b->c->lmem + 2 * WEFT_PAGE2M_BYTES + 0x1fffff);
}

static void bus(void **state)
{
	struct bed *b = *state;
	struct wcard_span s;
	uint64_t value = 42;
	int fd = rig_file(2 * PAGE);

	wcard_acc_end(&b->a);			/* a new route waits for units */
	rig_bar2(b->m->card[1], 0x80000000);
	wcard_acc_begin(&b->a);
	assert_int_equal(wcard_bus_map(b->c, 0x100000, 2 * PAGE, fd, 0, true, false), 0);
	rig_pte(b->c, VA, LEAF_BUS(0x101000, 0, RW), 0);
	rig_pte(b->c, VA + PAGE, LEAF_BUS(0x80005000, 7, RW), 0);
	rig_pte(b->c, VA + 2 * PAGE, LEAF_BUS(0x200000, 0, RW), 0);
	/* A unit sees the bus as it was when it began. */
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_READ, &s), WEFT_FAULT_BUS);
	next_unit(b);
	assert_int_equal(wcard_acc_span(&b->a, VA + 8, 8, WCARD_ACC_READ, &s), 0);
	assert_int_equal(s.fd, fd);
	assert_int_equal(s.fd_offset, PAGE + 8);
	assert_int_equal(s.link, 0);
	assert_int_equal(wcard_acc_span(&b->a, VA, 8, WCARD_ACC_WRITE, &s), WEFT_FAULT_BUS);
	assert_int_equal(wcard_acc_span(&b->a, VA + 2 * PAGE, 8, WCARD_ACC_READ, &s), WEFT_FAULT_BUS);
	assert_int_equal(wcard_acc_store(&b->a, VA + PAGE + 16, &value, 8), 0);
	assert_memory_equal(b->m->card[1]->lmem + 0x5010, &value, 8);
	assert_int_equal(counted(b, WCARD_CNT_WRITE, 7), 8);
	assert_int_equal(counted(b, WCARD_CNT_WRITE, LOCAL), 0);
}

static void sparse(void **state)
{
	struct bed *b = *state;
	uint8_t data[64];

	rig_pte(b->c, VA, LEAF_SPARSE(RW), 0);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(wcard_acc_store(&b->a, VA, data, sizeof(data)), 0);
	assert_int_equal(wcard_acc_load(&b->a, VA, data, sizeof(data), WCARD_CNT_READ), 0);
	for (unsigned int i = 0; i < sizeof(data); i++)
		assert_int_equal(data[i], 0);
	for (unsigned int link = 0; link < WCARD_CNT_LINKS; link++)
		assert_true(!counted(b, WCARD_CNT_READ, link) && !counted(b, WCARD_CNT_WRITE, link));
}

static void loads_and_stores(void **state)
{
	struct bed *b = *state;
	uint8_t from[32], to[32];

	local(b, 0, 10, RW);
	local(b, 1, 20, RW);
	local(b, 2, 30, WEFT_PTE_R);
	for (unsigned int i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i + 1);
	assert_int_equal(wcard_acc_store(&b->a, VA + PAGE - 12, from, 32), 0);
	assert_memory_equal(b->c->lmem + 11 * PAGE - 12, from, 12);
	assert_memory_equal(b->c->lmem + 20 * PAGE, from + 12, 20);
	assert_int_equal(wcard_acc_load(&b->a, VA + PAGE - 12, to, 32, WCARD_CNT_FETCH), 0);
	assert_memory_equal(to, from, 32);
	assert_int_equal(counted(b, WCARD_CNT_WRITE, LOCAL), 32);
	assert_int_equal(counted(b, WCARD_CNT_FETCH, LOCAL), 32);
	assert_int_equal(counted(b, WCARD_CNT_READ, LOCAL), 0);
	/* All or nothing. */
	assert_int_equal(wcard_acc_store(&b->a, VA + 2 * PAGE - 12, from, 32), WEFT_FAULT_PT_WRITE);
	assert_int_equal(b->a.fault_va, VA + 2 * PAGE);
	memset(to, 0, sizeof(to));
	assert_memory_equal(b->c->lmem + 21 * PAGE - 12, to, 12);
	assert_int_equal(counted(b, WCARD_CNT_WRITE, LOCAL), 32);
}

/* Packets of one page: one translation, and counted as fetched when the window closes. */
static void windows(void **state)
{
	struct wcard_window w = { 0 };
	struct bed *b = *state;
	uint64_t v[8];

	local(b, 0, 10, RW);
	local(b, 1, 20, RW);
	for (unsigned int i = 0; i < 2 * PAGE / 8; i++)
		memcpy(b->c->lmem + (i < 512 ? 10 : 19) * PAGE + 8 * i, &(uint64_t){ i }, 8);
	for (unsigned int i = 0; i < 1024; i += 8) {
		assert_int_equal(wcard_acc_fetch(&b->a, &w, VA + 8 * i, v, 64), 0);
		assert_true(v[0] == i && v[7] == i + 7);
	}
	assert_int_equal(walks(b), 2);
	wcard_window_close(&b->a, &w);
	assert_int_equal(counted(b, WCARD_CNT_FETCH, LOCAL), 2 * PAGE);
	wcard_window_close(&b->a, &w);
	assert_int_equal(counted(b, WCARD_CNT_FETCH, LOCAL), 2 * PAGE);
	/* Across two pages. */
	assert_int_equal(wcard_acc_fetch(&b->a, &w, VA + PAGE - 16, v, 64), 0);
	assert_true(v[0] == 510 && v[1] == 511 && v[2] == 512 && v[7] == 517);
	wcard_window_close(&b->a, &w);
	assert_int_equal(counted(b, WCARD_CNT_FETCH, LOCAL), 2 * PAGE + 64);
	assert_int_equal(wcard_acc_fetch(&b->a, &w, VA + 2 * PAGE + 64, v, 64), WEFT_FAULT_PT_INVALID);
	assert_int_equal(b->a.fault_va, VA + 2 * PAGE + 64);
}

static void words(void **state)
{
	struct bed *b = *state;

	local(b, 0, 10, WEFT_PTE_R);
	assert_ptr_equal(wcard_acc_word(&b->a, VA + 8, 8, WCARD_ACC_READ), b->c->lmem + 10 * PAGE + 8);
	assert_ptr_equal(wcard_acc_word(&b->a, VA + 4, 4, WCARD_ACC_READ), b->c->lmem + 10 * PAGE + 4);
	assert_int_equal(b->a.fault, 0);
	assert_null(wcard_acc_word(&b->a, VA + 4, 8, WCARD_ACC_READ));
	assert_int_equal(b->a.fault, WEFT_FAULT_ALIGN);
	assert_int_equal(b->a.fault_va, VA + 4);
	next_unit(b);
	assert_null(wcard_acc_word(&b->a, VA + 8, 8, WCARD_ACC_WRITE));
	assert_int_equal(b->a.fault, WEFT_FAULT_PT_WRITE);
	assert_int_equal(counted(b, WCARD_CNT_READ, LOCAL), 0);
}

static void views(void **state)
{
	struct wcard_view v = { 0 };
	struct bed *b = *state;
	uint8_t *ptr;

	for (unsigned int i = 0; i < 4; i++)
		local(b, i, 10 + 2 * i, RW);		/* no two of them together */
	assert_int_equal(wcard_acc_view(&b->a, &v, VA + 100, 3 * PAGE, WCARD_ACC_READ | WCARD_ACC_WRITE), 0);
	ptr = v.ptr;
	for (unsigned int i = 0; i < 3 * PAGE; i++)
		ptr[i] = (uint8_t)(i * 7 / 5);
	for (unsigned int i = 0; i < 3 * PAGE; i++) {
		unsigned int at = i + 100;

		if (b->c->lmem[(10 + 2 * (at / PAGE)) * PAGE + at % PAGE] != (uint8_t)(i * 7 / 5))
			fail_msg("byte %u", i);
	}
	/* Kept while nothing changes. */
	next_unit(b);
	assert_int_equal(wcard_acc_view(&b->a, &v, VA + 100, 3 * PAGE, WCARD_ACC_READ | WCARD_ACC_WRITE), 0);
	assert_ptr_equal(v.ptr, ptr);
	assert_int_equal(counted(b, WCARD_CNT_READ, LOCAL), 0);
	/* Shares that do not come out even add up. */
	for (unsigned int i = 0; i < 7; i++)
		wcard_acc_count_view(&b->a, &v, i, 7);
	assert_int_equal(counted(b, WCARD_CNT_READ, LOCAL), 3 * PAGE);
	assert_int_equal(counted(b, WCARD_CNT_WRITE, LOCAL), 3 * PAGE);
	/* Made anew when a translation changed: the old page is not touched any more. */
	local(b, 1, 40, RW);
	atomic_fetch_add(&b->a.as->gen, 1);
	next_unit(b);
	assert_int_equal(wcard_acc_view(&b->a, &v, VA + 100, 3 * PAGE, WCARD_ACC_READ | WCARD_ACC_WRITE), 0);
	v.ptr[PAGE] = 0x77;
	assert_int_equal(b->c->lmem[40 * PAGE + 100], 0x77);
	assert_int_not_equal(b->c->lmem[12 * PAGE + 100], 0x77);
	/* A hole in the middle. */
	assert_int_equal(wcard_acc_view(&b->a, &v, VA, 5 * PAGE, WCARD_ACC_READ), WEFT_FAULT_PT_INVALID);
	assert_int_equal(b->a.fault_va, VA + 4 * PAGE);
	assert_null(v.ptr);
	/* In one piece it is the memory itself. */
	local(b, 8, 50, RW);
	local(b, 9, 51, RW);
	assert_int_equal(wcard_acc_view(&b->a, &v, VA + 8 * PAGE, 2 * PAGE, WCARD_ACC_READ), 0);
	assert_ptr_equal(v.ptr, b->c->lmem + 50 * PAGE);
	wcard_view_drop(&v);
	assert_null(v.ptr);
}

static void view_of_everything(void **state)
{
	struct wcard_view v = { 0 };
	struct bed *b = *state;
	int fd = rig_file(PAGE);

	assert_int_equal(wcard_bus_map(b->c, 0x100000, PAGE, fd, 0, true, true), 0);
	next_unit(b);
	rig_pte(b->c, VA, LEAF_SPARSE(RW), 0);
	rig_pte(b->c, VA + PAGE, LEAF_BUS(0x100000, 0, RW), 0);
	local(b, 2, 10, RW);
	assert_int_equal(wcard_acc_view(&b->a, &v, VA, 3 * PAGE, WCARD_ACC_READ | WCARD_ACC_WRITE), 0);
	for (unsigned int i = 0; i < PAGE; i++)
		assert_int_equal(v.ptr[i], 0);
	wcard_acc_count_view(&b->a, &v, 0, 1);
	assert_int_equal(counted(b, WCARD_CNT_READ, 0), PAGE);
	assert_int_equal(counted(b, WCARD_CNT_READ, LOCAL), PAGE);
	wcard_view_drop(&v);
}

/* A unit maps so many pieces and no more; the packet goes on in the next one. */
static void view_in_units(void **state)
{
	struct wcard_view v = { 0 };
	struct bed *b = *state;
	unsigned int more = 0;
	int ret;

	for (unsigned int i = 0; i < 600; i++) {
		local(b, i, 1 + 2 * i, RW);
		b->c->lmem[(1 + 2 * i) * PAGE] = (uint8_t)i;
	}
	while ((ret = wcard_acc_view(&b->a, &v, VA, 600 * PAGE, WCARD_ACC_READ)) == WCARD_VIEW_MORE && more < 10) {
		assert_null(v.ptr);
		more++;
		next_unit(b);
	}
	assert_int_equal(ret, 0);
	assert_int_equal(more, 2);
	for (unsigned int i = 0; i < 600; i++)
		assert_int_equal(v.ptr[i * PAGE], (uint8_t)i);
	wcard_view_drop(&v);
}

/* What a unit populates is bounded, and all of it has been when there is no more. */
static void view_populated(void **state)
{
	const uint64_t bytes = 2 * WCARD_VIEW_POPULATE + PAGE, skip = 64;
	uint8_t *at = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct wcard_view v = { .ptr = at + skip, .bytes = bytes - skip };

	(void)state;
	assert_true(at != MAP_FAILED);
	assert_int_equal(wcard_view_populate(&v), WCARD_VIEW_MORE);
	assert_int_equal(wcard_view_populate(&v), WCARD_VIEW_MORE);
	assert_int_equal(v.populated, 2 * WCARD_VIEW_POPULATE);
	assert_int_equal(wcard_view_populate(&v), 0);
	assert_int_equal(wcard_view_populate(&v), 0);
	assert_int_equal(v.populated, bytes);
	munmap(at, bytes);
}

static void units(void **state)
{
	struct bed *b = *state;

	assert_int_equal(wcard_engine_unit(b->m, 0) & 1, 1);
	assert_int_equal(wcard_engine_unit(b->m, 1) & 1, 0);
	wcard_acc_end(&b->a);
	assert_int_equal(wcard_engine_unit(b->m, 0) & 1, 0);
	wcard_acc_begin(&b->a);
}

static void carveout(void **state)
{
	struct wcard_card *c = ((struct bed *)*state)->c;

	assert_ptr_equal(wcard_carveout(c, RIG_LIMIT, RIG_LMEM - RIG_LIMIT), c->lmem + RIG_LIMIT);
	assert_null(wcard_carveout(c, RIG_LIMIT, RIG_LMEM - RIG_LIMIT + 1));
	assert_null(wcard_carveout(c, RIG_LIMIT - 1, 1));
	assert_null(wcard_carveout(c, RIG_LMEM - 8, 9));
	assert_non_null(wcard_carveout(c, RIG_LMEM - 8, 8));
	assert_null(wcard_carveout(c, RIG_LMEM + 8, 8));
	assert_null(wcard_carveout(c, UINT64_MAX - 7, 8));
	assert_null(wcard_carveout(c, RIG_LIMIT, UINT64_MAX));
	atomic_store(&c->user_limit, 0);
	assert_null(wcard_carveout(c, RIG_LIMIT, 8));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(spans), T(rights), T(translation_cache), T(large_pages), T(bus), T(sparse), T(loads_and_stores), T(windows),
		T(words), T(views), T(view_of_everything), T(view_in_units), T(view_populated),
		T(units), T(carveout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
