// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* Random maps and unmaps, asynchronous or not, against a model; what the card sees is compared. COUNT of them, SEED. */
#include "ks_bind.h"

#define VA	0x1000000000ULL
#define PAGES	1536u		/* of the window: three large leaves */
#define OBJECT	1024u		/* pages of the object; each begins with its number + 1 */
#define HOLE	0u
#define ZERO	0xffffffffu	/* sparse */

struct model {
	struct ks_rig rig;
	uint32_t handle, done;
	uint64_t point;
	uint32_t page[PAGES];	/* HOLE, ZERO, or number + 1 */
	int error;		/* first of asynchronous ones since the last FLUSH */
};

static uint64_t random_to(uint64_t limit)
{
	return ks_random() % limit;
}

/* What it must end with, and its effect. */
static int expect(struct model *m, uint32_t op, uint32_t first, uint32_t count, uint32_t value, bool sparse)
{
	for (uint32_t i = first; op == DRM_WEFT_BIND_MAP && i < first + count; i++)
		if (m->page[i] != HOLE)
			return -EEXIST;
	for (uint32_t i = first; i < first + count; i++)
		m->page[i] = op == DRM_WEFT_BIND_UNMAP ? HOLE : sparse ? ZERO : value + (i - first);
	return 0;
}

static int step(struct model *m)
{
	uint32_t op = random_to(5) < 3 ? DRM_WEFT_BIND_MAP : DRM_WEFT_BIND_UNMAP, first, count, from;
	bool sparse = op == DRM_WEFT_BIND_MAP && !random_to(3), async = random_to(2);
	struct drm_weft_sync sync = { .handle = m->done, .flags = DRM_WEFT_SYNC_SIGNAL, .point = m->point + 1 };
	struct drm_weft_vm_bind args;
	int want, r;

	/* often on large leaves, which are then cut */
	count = random_to(4) ? 1 + random_to(40) : 512 * (1 + random_to(2));
	first = random_to(3) ? random_to(PAGES - count + 1) : (random_to(PAGES - count + 1) & ~511u);
	from = random_to(OBJECT - count + 1) & (random_to(2) ? ~511u : ~0u);
	args = op == DRM_WEFT_BIND_UNMAP ? ks_unmap_args(m->rig.vm, VA + first * 4096ULL, count * 4096ULL, 0) :
	       ks_map_args(m->rig.vm, sparse ? 0 : m->handle, VA + first * 4096ULL, count * 4096ULL,
			   sparse ? KS_SPARSE : KS_RW);
	if (op == DRM_WEFT_BIND_MAP && !sparse)
		args.offset = from * 4096ULL;
	if (async) {
		args.flags |= KS_ASYNC;
		if (random_to(2)) {
			args = ks_with_syncs(args, &sync, 1);
			m->point++;
		}
	}
	want = expect(m, op, first, count, from + 1, sparse);
	r = ks_vm_bind(m->rig.fd, args);
	if (async && want && !m->error)
		m->error = want;
	KS_CHECK(r == (async ? 0 : want), "op %u pages %u+%u%s: %d, wanted %d", op, first, count, async ? " async" : "", r,
		 async ? 0 : want);
	return 0;
}

/* The card sees what the model has: a sample of all pages by one job, a few holes by jobs of their own. */
static int verify(struct model *m)
{
	uint32_t at[256], n = 0;
	uint64_t value;

	KS_IS(ks_flush_binds(m->rig.fd, m->rig.vm), m->error);
	m->error = 0;
	if (m->point)
		KS_OK(ks_syncobj_wait(m->rig.fd, m->done, m->point, 10 * KS_SECOND));
	for (int i = 0; i < 256; i++) {
		uint32_t page = random_to(PAGES);

		if (m->page[page] == HOLE)
			continue;
		memset(&m->rig.list[n], 0, 64);
		m->rig.list[n].copy = (struct weft_pkt_copy){
			.op = WEFT_PKT_COPY, .dst = KS_DATA_VA + n * 8, .src = VA + page * 4096ULL, .bytes = 8,
		};
		at[n++] = page;
	}
	if (n)
		KS_OK(ks_rig_run(&m->rig, n, 0));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t want = m->page[at[i]] == ZERO ? 0 : m->page[at[i]];

		value = ((volatile uint64_t *)m->rig.data)[i];
		KS_CHECK(value == want, "page %u is %llu, wanted %u", at[i], (unsigned long long)value, want);
	}
	for (int i = 0; i < 3; i++) {
		uint32_t page = random_to(PAGES);

		if (m->page[page] == HOLE)
			KS_IS(ks_rig_look(&m->rig, VA + page * 4096ULL, &value), -EFAULT);
	}
	return 0;
}

static int model(void)
{
	static struct model m;
	long rounds = ks_iterations(300);
	uint8_t *p;

	memset(&m, 0, sizeof(m));
	KS_OK(ks_rig_open(&m.rig, 0, 0));
	KS_OK(ks_gem_create(m.rig.fd, OBJECT * 4096ULL, DRM_WEFT_PLACE_LOCAL, 0, &m.handle));
	KS_OK(ks_syncobj_create(m.rig.fd, &m.done));
	p = ks_gem_map(m.rig.fd, m.handle, PROT_READ | PROT_WRITE);
	KS_CHECK(p != MAP_FAILED);
	for (uint64_t i = 0; i < OBJECT; i++)
		*(volatile uint64_t *)(p + i * 4096) = i + 1;
	__sync_synchronize();
	munmap(p, OBJECT * 4096ULL);
	for (long i = 0; i < rounds; i++) {
		KS_OK(step(&m));
		if (!random_to(20))
			KS_OK(verify(&m));
	}
	KS_OK(verify(&m));
	ks_rig_close(&m.rig);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "random maps and unmaps, asynchronous or not, against a model", model },
	};

	return ks_main("bind_random", tests, sizeof(tests) / sizeof(tests[0]));
}
