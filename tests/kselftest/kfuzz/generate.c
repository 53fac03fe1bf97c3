// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* New programs, and changes of old ones that keep their structure. */
#include "kf.h"

/* The last two of the table, reset and rebind, take as long as a thousand others. */
#define DEAR	(kf_table_size - 2)

static uint64_t state;

void kf_seed(uint64_t seed)
{
	state = seed;
}

uint64_t kf_random(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

uint64_t kf_below(uint64_t n)
{
	return kf_random() % n;
}

static uint64_t wild(void)
{
	static const uint64_t edges[] = {
		0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 1ULL << 32, 1ULL << 47, (1ULL << 47) - 4096, 0x7fffffffffffffff, 4095,
	};

	return KF_RAW | (kf_below(2) ? edges[kf_below(sizeof(edges) / sizeof(edges[0]))] : kf_random() >> kf_below(64));
}

static uint64_t argument(const struct kf_field *f)
{
	static const uint64_t sizes[] = { 4096, 4096, 8192, 65536, 1, 2 << 20, 5 << 20, 300 << 20 };

	if (!kf_below(f->type == KF_T_ZERO ? 300 : 60))
		return wild();
	switch (f->type) {
	case KF_T_POOL:
		return (kf_below(f->limit == KF_HANDLE ? 12 : 200) ? 0 : KF_OTHER) | kf_below(kf_below(3) ? 2 : KF_MADE);
	case KF_T_SIZE: return sizes[kf_below(kf_below(8) ? 4 : kf_below(8) ? 7 : 8)];
	case KF_T_PAGES: return 4096 * (kf_below(3) ? f->limit > 4 : kf_below(kf_below(30) ? f->limit + 1 : 1024));
	case KF_T_CELL: return kf_below(20) ? 32 * kf_below(kf_below(3) ? 4 : 129) : kf_below(8192);
	case KF_T_VA: return !f->limit && kf_below(4) ? 0 : kf_below(10) ? 1 + kf_below(8) : 1 + kf_below(64);
	case KF_T_FLAGS: return kf_random() & f->limit & (kf_below(2) ? ~0ULL : kf_random());
	case KF_T_ENUM: return kf_below(f->limit + 1 + !kf_below(10));
	case KF_T_COUNT: return kf_below(4) ? kf_below(f->limit < 8 ? f->limit + 1 : 8) : kf_below(f->limit + 2);
	case KF_T_BOUND:
	case KF_T_POINT: return kf_below(f->limit + 1);
	case KF_T_TIME: return kf_below(3) ? kf_below(2) * 100000 : kf_below(2000000);
	case KF_T_POINTER: return kf_below(12) ? 0 : 1 + kf_below(3);
	case KF_T_FILE: return kf_below(KF_FILES);
	case KF_T_ANY: return kf_random() >> kf_below(64) & ~KF_RAW;
	default: return 0;
	}
}

static unsigned int any_desc(void)
{
	static unsigned int total;
	unsigned int i, n;

	if (!total)
		for (i = 0; i < kf_table_size; i++)
			total += kf_table[i].weight;
	if (!kf_below(4000))
		return DEAR + !kf_below(8);
	n = kf_below(total);
	for (i = 0; n >= kf_table[i].weight; i++)
		n -= kf_table[i].weight;
	return i;
}

static void fill(struct kf_call *c, unsigned int desc)
{
	memset(c, 0, sizeof(*c));
	c->desc = desc;
	for (unsigned int a = 0; a < kf_fields(&kf_table[desc]); a++)
		c->arg[a] = argument(&kf_table[desc].field[a]);
	c->file = kf_below(12) ? 0 : kf_below(KF_FILES);
	c->nth = kf_below(16) ? 0 : 1 + kf_below(kf_below(2) ? 6 : 60);
}

static void insert(struct kf_program *p, unsigned int at, const struct kf_call *c)
{
	if (p->num == KF_CALLS)
		return;
	memmove(&p->call[at + 1], &p->call[at], (p->num - at) * sizeof(*c));
	p->call[at] = *c;
	p->num++;
}

void kf_generate(struct kf_program *p)
{
	struct kf_call c;

	p->num = 0;
	for (unsigned int n = 3 + kf_below(KF_CALLS - 3); n; n--) {
		fill(&c, any_desc());
		insert(p, p->num, &c);
	}
}

static void change(struct kf_call *c)
{
	unsigned int n = kf_fields(&kf_table[c->desc]), a;

	if (!n)
		return;
	a = kf_below(n);
	if (kf_below(6))
		c->arg[a] = argument(&kf_table[c->desc].field[a]);
	else if (kf_below(2))
		c->arg[a] ^= 1ULL << kf_below(kf_below(4) ? 16 : 64);
	else
		c->arg[a] += kf_below(3) - 1;
}

static void take_out(struct kf_program *p, unsigned int i)
{
	p->num--;
	memmove(&p->call[i], &p->call[i + 1], (p->num - i) * sizeof(p->call[0]));
}

/* The corpus has resets and rebinds; of those of its children one in eight and one in 64 stays. */
static void spare(struct kf_program *p)
{
	for (unsigned int i = p->num; i--; )
		if (p->call[i].desc >= DEAR && kf_below(p->call[i].desc == DEAR ? 8 : 64))
			take_out(p, i);
}

void kf_mutate(struct kf_program *p, const struct kf_program *other)
{
	struct kf_call c;
	unsigned int i, from, k;

	if (kf_below(3))	/* files are expensive to open, so that short programs are run together */
		for (k = 0; k < other->num; k++)
			insert(p, p->num, &other->call[k]);
	for (unsigned int rounds = 1 + kf_below(6); rounds; rounds--) {
		i = p->num ? kf_below(p->num) : 0;
		switch (p->num ? kf_below(12) : 3) {
		case 0: case 1: case 2: case 4:
			change(&p->call[i]);
			break;
		case 3: case 5:
			fill(&c, any_desc());
			insert(p, kf_below(p->num + 1), &c);
			break;
		case 6:
			c = p->call[i];
			insert(p, kf_below(p->num + 1), &c);
			break;
		case 7:
			take_out(p, i);
			break;
		case 8:		/* the other's end behind ours */
			from = kf_below(other->num);
			for (k = from; k < other->num; k++)
				insert(p, p->num, &other->call[k]);
			break;
		case 9:		/* the other before ours */
			for (k = 0; k < other->num; k++)
				insert(p, k < p->num ? k : p->num, &other->call[k]);
			break;
		case 10:	/* from here on two threads */
			for (k = i; k < p->num; k++)
				p->call[k].thread = kf_below(2);
			break;
		case 11:
			p->call[i].nth = 0;
			break;
		}
	}
	spare(p);
	if (p->num && !kf_below(3))
		p->call[kf_below(p->num)].nth = 1 + kf_below(kf_below(2) ? 6 : 60);
}
