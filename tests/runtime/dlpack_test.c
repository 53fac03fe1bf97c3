/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Tensors by DLPack on cards: one of another library in a plan and in copies, one of this library read by another. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>

#include <dlpack/dlpack.h>

#include "plan_rig.h"

#define ROWS	16u
#define TENSOR	(ROWS * BLOCK)

/* Another library: it has tensors in memfds of its own, and knows nothing of cards. */
struct other {
	DLManagedTensor tensor;
	int64_t shape[2];
	int fd, deleted;
	float *data;
	uint64_t bytes;
};

static void other_deleted(DLManagedTensor *tensor)
{
	((struct other *)tensor->manager_ctx)->deleted++;
}

static int other_open(struct other *o, uint32_t rows, int seals)
{
	*o = (struct other) { .shape = { rows, N }, .bytes = rows * BLOCK };
	o->bytes = (o->bytes + 4095) & ~4095ull;
	o->fd = memfd_create("other", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	RT_CHECK(o->fd >= 0 && !ftruncate(o->fd, (off_t)o->bytes), "memfd");
	RT_CHECK(!seals || !fcntl(o->fd, F_ADD_SEALS, seals), "seals");
	o->data = mmap(NULL, o->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	RT_CHECK(o->data != MAP_FAILED, "mmap");
	o->tensor = (DLManagedTensor) {
		.dl_tensor = { .data = o->data, .device = { kDLCPU, 0 }, .ndim = 2, .dtype = { kDLFloat, 32, 1 }, .shape = o->shape },
		.manager_ctx = o, .deleter = other_deleted,
	};
	return 0;
}

static void other_close(struct other *o)
{
	munmap(o->data, o->bytes);
	close(o->fd);
}

/* What a program does that was written for DLPack alone: element [i, j], wherever the strides say it is. */
static float element(const DLTensor *t, int64_t i, int64_t j)
{
	const float *first = (const float *)((const char *)t->data + t->byte_offset);

	return first[i * (t->strides ? t->strides[0] : t->shape[1]) + j * (t->strides ? t->strides[1] : 1)];
}

static int no_udmabuf(void)
{
	return access("/dev/udmabuf", F_OK) && system("modprobe udmabuf 2>/dev/null") ? rt_say(RT_SKIP, "udmabuf") : 0;
}

/* in (the other's tensor) → double → out (a tensor that the other reads) */
struct pipe {
	struct rig r;
	struct other from;
	struct weft_memory *in_memory, *out_memory;
	DLManagedTensor *to;
	struct weft_edge *in, *out;
};

static int pipe_open(struct weft *weft, struct pipe *p)
{
	struct weft_dlpack_desc desc = { .size = sizeof(desc) };
	struct weft_edge_desc in = { .size = sizeof(in), .name = "in", .flags = WEFT_EDGE_HOST, .block_bytes = BLOCK, .depth = ROWS };
	struct weft_edge_desc out = { .size = sizeof(out), .name = "out", .flags = WEFT_EDGE_HOST | WEFT_EDGE_PULL,
				      .block_bytes = BLOCK, .depth = ROWS };
	struct weft_body *b;

	if (rig_open(weft, &p->r, 1, NULL) || other_open(&p->from, ROWS, F_SEAL_SHRINK))
		return -1;
	RT_OK(weft_memory_import_dlpack(p->r.card[0], &p->from.tensor, &desc, &p->in_memory));
	RT_CHECK(!desc.offset && desc.rank == 2 && desc.shape[0] == ROWS && desc.shape[1] == N && desc.type == WEFT_TYPE_F32,
		 "rank %u, offset %llu", desc.rank, (unsigned long long)desc.offset);
	in.memory = p->in_memory;
	in.pointer = p->from.data;
	RT_OK(weft_memory_alloc(p->r.card[0], TENSOR, WEFT_PLACE_HOST, &p->out_memory));
	RT_OK(weft_memory_export_dlpack(p->out_memory, &desc, &p->to));
	RT_CHECK(p->to->dl_tensor.device.device_type == kDLCPU, "device type %d", (int)p->to->dl_tensor.device.device_type);
	out.memory = p->out_memory;
	out.pointer = p->to->dl_tensor.data;
	RT_OK(weft_edge_create(p->r.plan, &in, &p->in));
	RT_OK(weft_edge_create(p->r.plan, &out, &p->out));
	b = body_of(p->r.plan, "double", 0, NULL, 0);
	RT_CHECK(b, "%s", rt_text);
	RT_OK(weft_body_input(b, p->in, 1));
	RT_OK(weft_body_output(b, p->out, 1));
	RT_OK(body_add(b, weft_body_out(b, p->out, 0), weft_body_in(b, p->in, 0), weft_body_in(b, p->in, 0)));
	RT_OK(weft_plan_load(p->r.plan));
	return 0;
}

static int feeds(struct weft *weft)
{
	void *push[ROWS];
	const void *pull[ROWS];
	struct pipe p = { .in = NULL };
	int skip = no_udmabuf();

	if (skip)
		return skip;
	if (pipe_open(weft, &p))
		return -1;
	for (uint32_t round = 0; round < 50; round++) {
		RT_OK(weft_edge_push(p.in, ROWS, RT_SECOND, push));
		RT_CHECK(push[0] == p.from.data, "the blocks are elsewhere");
		for (uint32_t i = 0; i < TENSOR / 4; i++)		/* the other fills its own tensor */
			p.from.data[i] = (float)(round * 10000 + i);
		RT_OK(weft_edge_commit(p.in, ROWS));
		RT_IS(weft_edge_pull(p.out, ROWS, 10 * RT_SECOND, pull), (int)ROWS);
		for (int64_t i = 0; i < ROWS; i++)
			for (int64_t j = 0; j < N; j++) {
				const float got = element(&p.to->dl_tensor, i, j), want = 2 * (float)(round * 10000 + (uint32_t)(i * N + j));

				RT_CHECK(got == want, "round %u, row %d, column %d is %g, wanted %g", round, (int)i, (int)j,
					 (double)got, (double)want);
			}
		RT_OK(weft_edge_return(p.out, ROWS));
	}
	RT_OK(weft_plan_end(p.r.plan, 10 * RT_SECOND));
	RT_OK(weft_plan_destroy(p.r.plan));
	p.r.plan = NULL;
	RT_CHECK(!p.from.deleted, "the tensor was given back while the memory is there");
	RT_OK(weft_memory_destroy(p.in_memory));
	RT_CHECK(p.from.deleted == 1, "given back %d times", p.from.deleted);
	/* the reader's reference keeps what it reads, and the card open */
	RT_OK(weft_memory_destroy(p.out_memory));
	RT_CHECK(element(&p.to->dl_tensor, ROWS - 1, N - 1) != 0, "it is gone");
	RT_IS(weft_device_close(p.r.card[0]), -EBUSY);
	p.to->deleter(p.to);
	other_close(&p.from);
	return rig_close(&p.r);
}

static int copies(struct weft *weft)
{
	struct weft_dlpack_desc desc = { .size = sizeof(desc) };
	struct weft_memory *memory, *local;
	struct weft_device *card;
	struct other o;
	int skip = no_udmabuf();

	if (skip)
		return skip;
	RT_OK(weft_device_open(weft, "card", 0, &card));
	RT_OK(weft_memory_alloc(card, TENSOR, WEFT_PLACE_LOCAL, &local));
	if (other_open(&o, 3 * ROWS, F_SEAL_SHRINK))
		return -1;
	for (uint32_t i = 0; i < 3 * ROWS * N; i++)
		o.data[i] = (float)i;
	/* a part of the other's memory that begins and ends inside of pages */
	o.shape[0] = ROWS;
	o.tensor.dl_tensor.byte_offset = 3 * BLOCK;
	RT_OK(weft_memory_import_dlpack(card, &o.tensor, &desc, &memory));
	RT_CHECK(desc.offset == 3 * BLOCK, "at %llu", (unsigned long long)desc.offset);
	RT_OK(weft_memory_copy(local, 0, memory, desc.offset, TENSOR, 0));
	RT_OK(weft_memory_fill(memory, desc.offset, 0, 4, TENSOR));
	for (uint32_t i = 0; i < 3 * ROWS * N; i++)
		RT_CHECK(o.data[i] == (i < 3 * N || i >= (3 + ROWS) * N ? (float)i : 0), "element %u is %g", i, (double)o.data[i]);
	RT_OK(weft_memory_copy(memory, desc.offset, local, 0, TENSOR, 0));
	for (uint32_t i = 0; i < 3 * ROWS * N; i++)
		RT_CHECK(o.data[i] == (float)i, "element %u came back as %g", i, (double)o.data[i]);
	RT_OK(weft_memory_destroy(memory));
	RT_CHECK(o.deleted == 1, "given back %d times", o.deleted);
	other_close(&o);
	RT_OK(weft_memory_destroy(local));
	RT_OK(weft_device_close(card));
	return 0;
}

static int lent_memory(struct weft *weft)
{
	struct weft_dlpack_desc desc = { .size = sizeof(desc), .type = WEFT_TYPE_F32, .rank = 2, .shape = { ROWS, N } }, got = desc;
	struct weft_memory *local, *again;
	struct weft_device *card;
	DLManagedTensor *t;
	float x = 0;

	RT_OK(weft_device_open(weft, "card", 0, &card));
	RT_OK(weft_memory_alloc(card, TENSOR, WEFT_PLACE_LOCAL, &local));
	RT_OK(weft_memory_fill(local, 0, weft_f32(3), 4, TENSOR));
	RT_OK(weft_memory_export_dlpack(local, &desc, &t));
	RT_CHECK(t->dl_tensor.device.device_type == kDLExtDev && t->dl_tensor.device.device_id == 0 &&
		 (uintptr_t)t->dl_tensor.data == weft_memory_address(local), "data %p", t->dl_tensor.data);
	RT_OK(weft_memory_destroy(local));
	RT_OK(weft_memory_import_dlpack(card, t, &got, &again));	/* the tensor is gone, the memory is not */
	RT_OK(weft_memory_read(again, TENSOR - 4, &x, 4));
	RT_CHECK(x == 3, "%g", (double)x);
	RT_OK(weft_memory_destroy(again));
	RT_OK(weft_device_close(card));
	return 0;
}

/* What udmabuf takes at most, or 0 where that is more than the machine has to give. */
static uint32_t limit_mib(void)
{
	FILE *f = fopen("/sys/module/udmabuf/parameters/size_limit_mb", "r");
	unsigned int mib = 0;

	if (f && fscanf(f, "%u", &mib) != 1)
		mib = 0;
	if (f)
		fclose(f);
	printf("# udmabuf takes up to %u MiB\n", mib);
	return mib > 256 ? 0 : mib;
}

static int refusals(struct weft *weft)
{
	struct weft_dlpack_desc desc = { .size = sizeof(desc) };
	struct weft_device *card;
	struct weft_memory *memory;
	struct other o;
	int skip = no_udmabuf();
	uint32_t mib;

	if (skip)
		return skip;
	mib = limit_mib();
	RT_OK(weft_device_open(weft, "card", 0, &card));
	if (other_open(&o, ROWS, 0))
		return -1;
	RT_IS(weft_memory_import_dlpack(card, &o.tensor, &desc, &memory), -EOPNOTSUPP);
	RT_CHECK(strstr(weft_last_error(), "F_SEAL_SHRINK"), "%s", weft_last_error());
	other_close(&o);
	if (mib) {
		if (other_open(&o, ((mib + 1) << 20) / BLOCK, F_SEAL_SHRINK))
			return -1;
		RT_IS(weft_memory_import_dlpack(card, &o.tensor, &desc, &memory), -EINVAL);
		RT_CHECK(strstr(weft_last_error(), "size_limit_mb"), "%s", weft_last_error());
		RT_CHECK(!o.deleted, "given back");
		other_close(&o);
	}
	/* pages of the process's own, which a framework's allocator gives by default */
	if (other_open(&o, ROWS, F_SEAL_SHRINK))
		return -1;
	o.tensor.dl_tensor.data = malloc(TENSOR);
	RT_IS(weft_memory_import_dlpack(card, &o.tensor, &desc, &memory), -EOPNOTSUPP);
	RT_CHECK(strstr(weft_last_error(), "private memory") && !o.deleted, "%s", weft_last_error());
	free(o.tensor.dl_tensor.data);
	other_close(&o);
	RT_OK(weft_device_close(card));
	return 0;
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int leaks(struct weft *weft)
{
	struct weft_dlpack_desc desc = { .size = sizeof(desc) };
	struct weft_memory *memory;
	struct weft_device *card;
	int fds = 0, skip = no_udmabuf();
	const uint32_t rounds = 300;		/* of 8 MiB: more than a card may have pinned */
	struct other o;

	if (skip)
		return skip;
	RT_OK(weft_device_open(weft, "card", 0, &card));
	if (other_open(&o, (8u << 20) / BLOCK, F_SEAL_SHRINK))
		return -1;
	for (uint32_t i = 0; i < rounds; i++) {
		RT_OK(weft_memory_import_dlpack(card, &o.tensor, &desc, &memory));
		RT_OK(weft_memory_destroy(memory));
		RT_CHECK(o.deleted == (int)i + 1, "given back %d times of %u", o.deleted, i + 1);
		if (!i)
			fds = descriptors();
	}
	RT_CHECK(descriptors() == fds, "%d descriptors, %d after the first", descriptors(), fds);
	other_close(&o);
	RT_OK(weft_device_close(card));
	return 0;
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "a tensor of another library feeds a plan, which fills one that another reads", feeds },
		{ "copies out of a tensor in the middle of pages, and into it", copies },
		{ "card memory is lent and comes back", lent_memory },
		{ "memory that cannot be pinned", refusals },
		{ "nothing stays pinned", leaks },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
