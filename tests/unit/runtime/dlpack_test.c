/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Tensors lent and borrowed by DLPack: what is in the structure, what is refused, who owns it when. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dlpack/dlpack.h>

#include "rt.h"

#define BYTES	16384u

/* A tensor of somebody else, in a sealed memfd; the deleter counts. */
struct other {
	DLManagedTensor tensor;
	int64_t shape[12], strides[12];
	int fd, deleted;
	float *data;
};

static void deleted(DLManagedTensor *tensor)
{
	((struct other *)tensor->manager_ctx)->deleted++;
}

static void other_open(struct other *o)
{
	*o = (struct other) { .shape = { 3, 5 }, .strides = { 5, 1 } };
	o->fd = memfd_create("other", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	assert_int_not_equal(o->fd, -1);
	assert_int_equal(ftruncate(o->fd, BYTES), 0);
	assert_int_equal(fcntl(o->fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	o->data = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	assert_ptr_not_equal(o->data, MAP_FAILED);
	o->tensor = (DLManagedTensor) {
		.dl_tensor = { .data = o->data, .device = { kDLCPU, 0 }, .ndim = 2, .dtype = { kDLFloat, 32, 1 }, .shape = o->shape,
			       .strides = o->strides },
		.manager_ctx = o, .deleter = deleted,
	};
}

static void other_close(struct other *o)
{
	munmap(o->data, BYTES);
	close(o->fd);
}

static struct weft_dlpack_desc desc_of(enum weft_type type, uint64_t offset, uint64_t rows, uint64_t columns)
{
	return (struct weft_dlpack_desc) { .size = sizeof(struct weft_dlpack_desc), .type = type, .rank = 2, .offset = offset,
					   .shape = { rows, columns } };
}

static void layout(void **state)
{
	static const struct { enum weft_type type; uint8_t code, bits; } types[] = {
		{ WEFT_TYPE_F32, kDLFloat, 32 }, { WEFT_TYPE_F16, kDLFloat, 16 }, { WEFT_TYPE_BF16, kDLBfloat, 16 },
		{ WEFT_TYPE_I32, kDLInt, 32 }, { WEFT_TYPE_I8, kDLInt, 8 }, { WEFT_TYPE_U8, kDLUInt, 8 }, { WEFT_TYPE_U32, kDLUInt, 32 },
	};
	struct weft *weft = rt_open(2);
	struct weft_device *card;
	struct weft_memory *local, *host;
	DLManagedTensor *t;
	void *map;

	(void)state;
	ok(weft_device_open(weft, "card", 1, &card));
	ok(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &local));
	ok(weft_memory_alloc(card, BYTES, WEFT_PLACE_HOST, &host));
	ok(weft_memory_map(host, &map));
	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (int at_host = 0; at_host < 2; at_host++) {
			struct weft_dlpack_desc d = desc_of(types[i].type, 512, 3, 5);

			ok(weft_memory_export_dlpack(at_host ? host : local, &d, &t));
			assert_int_equal(t->dl_tensor.device.device_type, at_host ? kDLCPU : kDLExtDev);
			assert_int_equal(t->dl_tensor.device.device_id, at_host ? 0 : 1);
			assert_ptr_equal(t->dl_tensor.data, at_host ? (char *)map + 512 : (char *)weft_memory_address(local) + 512);
			assert_int_equal(t->dl_tensor.byte_offset, 0);
			assert_int_equal(t->dl_tensor.ndim, 2);
			assert_int_equal(t->dl_tensor.dtype.code, types[i].code);
			assert_int_equal(t->dl_tensor.dtype.bits, types[i].bits);
			assert_int_equal(t->dl_tensor.dtype.lanes, 1);
			assert_int_equal(t->dl_tensor.shape[0], 3);
			assert_int_equal(t->dl_tensor.shape[1], 5);
			assert_int_equal(t->dl_tensor.strides[0], 5);
			assert_int_equal(t->dl_tensor.strides[1], 1);
			t->deleter(t);
		}
	/* one element; and the memory lives as long as the tensor */
	ok(weft_memory_export_dlpack(host, &(struct weft_dlpack_desc) { .size = sizeof(struct weft_dlpack_desc), .offset = BYTES - 4 },
				     &t));
	assert_int_equal(t->dl_tensor.ndim, 0);
	((float *)map)[BYTES / 4 - 1] = 7;
	ok(weft_memory_destroy(host));
	assert_true(*(float *)t->dl_tensor.data == 7);
	ok(weft_memory_destroy(local));
	assert_int_equal(weft_device_close(card), -EBUSY);
	t->deleter(t);
	ok(weft_device_close(card));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

static void not_lent(void **state)
{
	struct weft *weft = rt_open(2);
	struct weft_memory *memory, *import, *host, *host_import;
	struct weft_device *card, *peer;
	struct weft_dlpack_desc d;
	DLManagedTensor *t;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &card));
	ok(weft_device_open(weft, "card", 1, &peer));
	ok(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &memory));
	ok(weft_memory_alloc(card, BYTES, WEFT_PLACE_HOST, &host));
	ok(weft_memory_import(peer, memory, WEFT_ACCESS_READ, &import));
	ok(weft_memory_import(peer, host, WEFT_ACCESS_READ, &host_import));
#define lent(want, ...)	do {									\
		d = desc_of(WEFT_TYPE_F32, 0, 4, 4);						\
		__VA_ARGS__;									\
		assert_int_equal(weft_memory_export_dlpack(memory, &d, &t), want);		\
	} while (0)
	lent(-EINVAL, d.size = 8);
	lent(-EINVAL, d.type = 7);
	lent(-EINVAL, d.rank = 9);
	lent(-EINVAL, d.rank = 1);		/* and yet an axis 1 */
	lent(-EINVAL, d.pad = 1);
	lent(-EINVAL, d.shape[1] = 0);
	lent(-EINVAL, d.offset = 2);
	lent(-EINVAL, d.offset = BYTES - 60);	/* the last element is beyond it */
	lent(-EINVAL, d.offset = 1ull << 63);
	lent(-EOVERFLOW, d.shape[0] = d.shape[1] = 1ull << 33);
	lent(-EOVERFLOW, d.shape[0] = 1ull << 62; d.shape[1] = 1);
	assert_int_equal(weft_memory_export_dlpack(memory, &d, NULL), -EINVAL);
	d = desc_of(WEFT_TYPE_F32, 0, 4, 4);
	assert_int_equal(weft_memory_export_dlpack(host_import, &d, &t), -EOPNOTSUPP);	/* has no pointer */
	ok(weft_memory_export_dlpack(import, &d, &t));
	assert_int_equal(t->dl_tensor.device.device_id, 1);
	assert_int_equal((uintptr_t)t->dl_tensor.data, weft_memory_address(import));
	ok(weft_memory_destroy(import));
	ok(weft_memory_destroy(host_import));
	ok(weft_memory_destroy(memory));
	ok(weft_memory_destroy(host));
	t->deleter(t);
	ok(weft_device_close(card));
	ok(weft_device_close(peer));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

static void borrowed(void **state)
{
	struct weft *weft = rt_open(1);
	struct weft_dlpack_desc d = { .size = sizeof(d) };
	struct weft_memory *memory, *local, *again;
	struct weft_device *card;
	float back[15];
	struct other o;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &card));
	ok(weft_memory_alloc(card, BYTES, WEFT_PLACE_LOCAL, &local));
	other_open(&o);
	for (unsigned int i = 0; i < BYTES / 4; i++)
		o.data[i] = (float)i;
	/* it begins in the second page and ends in the third */
	o.tensor.dl_tensor.data = o.data + 1000;
	o.tensor.dl_tensor.byte_offset = 1040 * 4;
	ok(weft_memory_import_dlpack(card, &o.tensor, &d, &memory));
	assert_int_equal(d.offset, 2040 * 4 - 4096);
	assert_int_equal(d.type, WEFT_TYPE_F32);
	assert_int_equal(d.rank, 2);
	assert_int_equal(d.shape[0], 3);
	assert_int_equal(d.shape[1], 5);
	assert_int_equal(weft_memory_bytes(memory), 8192);
	/* in place, both ways */
	ok(weft_memory_copy(local, 0, memory, d.offset, 60, 0));
	ok(weft_memory_read(local, 0, back, 60));
	for (int i = 0; i < 15; i++)
		assert_true(back[i] == (float)(2040 + i));
	ok(weft_memory_fill(local, 0, 0, 4, 4));
	ok(weft_memory_copy(memory, d.offset + 8, local, 0, 4, 0));
	assert_true(o.data[2042] == 0 && o.data[2041] == 2041 && o.data[2043] == 2043);
	/* the same tensor lent twice is borrowed twice */
	ok(weft_memory_import_dlpack(card, &o.tensor, &d, &again));
	assert_ptr_not_equal(again, memory);
	ok(weft_memory_destroy(memory));
	assert_int_equal(o.deleted, 1);
	assert_int_equal(weft_device_close(card), -EBUSY);
	ok(weft_memory_destroy(again));
	assert_int_equal(o.deleted, 2);
	/* one without a deleter, without strides, without axes; strides of an axis with one element do not count */
	o.tensor.deleter = NULL;
	o.tensor.dl_tensor.strides = NULL;
	ok(weft_memory_import_dlpack(card, &o.tensor, &d, &memory));
	ok(weft_memory_destroy(memory));
	o.tensor.dl_tensor.ndim = 0;
	o.tensor.dl_tensor.shape = NULL;
	ok(weft_memory_import_dlpack(card, &o.tensor, &d, &memory));
	assert_int_equal(d.rank, 0);
	assert_int_equal(weft_memory_bytes(memory), 4096);
	ok(weft_memory_destroy(memory));
	o.shape[0] = 1;
	o.strides[0] = -77;
	o.tensor.dl_tensor.ndim = 2;
	o.tensor.dl_tensor.shape = o.shape;
	o.tensor.dl_tensor.strides = o.strides;
	ok(weft_memory_import_dlpack(card, &o.tensor, &d, &memory));
	ok(weft_memory_destroy(memory));
	other_close(&o);
	ok(weft_memory_destroy(local));
	ok(weft_device_close(card));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

static void not_borrowed(void **state)
{
	struct weft *weft = rt_open(1);
	struct weft_device *card, *host;
	struct weft_memory *memory;
	struct weft_dlpack_desc d;
	static float mine[4096];
	struct other o;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &card));
	ok(weft_device_open(weft, "host", 0, &host));
	other_open(&o);
	munmap(o.data, BYTES);
	close(o.fd);
#define refused_on(device, want, text, ...)	do {						\
		DLTensor *t = &o.tensor.dl_tensor;						\
												\
		other_open(&o);									\
		d = (struct weft_dlpack_desc) { .size = sizeof(d) };				\
		__VA_ARGS__;									\
		(void)t;									\
		assert_int_equal(weft_memory_import_dlpack(device, &o.tensor, &d, &memory), want);	\
		if (!strstr(weft_last_error(), text))						\
			fail_msg("\"%s\", wanted \"%s\"", weft_last_error(), text);		\
		assert_int_equal(o.deleted, 0);							\
		other_close(&o);								\
	} while (0)
#define refused(want, text, ...)	refused_on(card, want, text, __VA_ARGS__)
	refused(-EOPNOTSUPP, "device type 2", t->device.device_type = kDLCUDA);
	refused(-EOPNOTSUPP, "device type 12", t->device.device_type = kDLExtDev);	/* not one of this library */
	refused(-EOPNOTSUPP, "4 lanes", t->dtype.lanes = 4);
	refused(-EOPNOTSUPP, "0 lanes", t->dtype.lanes = 0);
	refused(-EOPNOTSUPP, "64 bits", t->dtype.bits = 64);
	refused(-EOPNOTSUPP, "code 5", t->dtype.code = kDLComplex);
	refused(-EINVAL, "-1 axes", t->ndim = -1);
	refused(-EINVAL, "without a shape", t->shape = NULL);
	refused(-EOPNOTSUPP, "9 axes", t->ndim = 9);
	refused(-EINVAL, "axis 1 has -5 elements", o.shape[1] = -5);
	refused(-EINVAL, "axis 0 has no elements", o.shape[0] = 0);
	refused(-EOPNOTSUPP, "axis 0 has a stride of 8 elements, 5 in row-major order", o.strides[0] = 8);
	refused(-EOPNOTSUPP, "axis 0 has a stride of 1 elements, 5", o.strides[0] = 1; o.strides[1] = 3);		/* column-major */
	refused(-EOPNOTSUPP, "a stride of -1", o.strides[1] = -1);
	refused(-EOPNOTSUPP, "a stride of 0", o.strides[0] = 0);				/* one row three times */
	refused(-EOVERFLOW, "elements", o.shape[0] = INT64_MAX; o.shape[1] = 3);
	refused(-EOVERFLOW, "bytes", o.shape[0] = INT64_MAX / 2; o.shape[1] = 1; t->strides = NULL);
	refused(-EOVERFLOW, "byte_offset", t->byte_offset = UINT64_MAX - 100);
	refused(-EOVERFLOW, "byte_offset", o.shape[0] = INT64_MAX / 4; o.shape[1] = 1; t->strides = NULL;
		t->byte_offset = 1ull << 63);
	refused(-EINVAL, "NULL", t->data = NULL);
	refused(-EINVAL, "elements of 4 bytes", t->byte_offset = 2);
	refused(-EOPNOTSUPP, "not within one mapping", t->byte_offset = BYTES - 4);
	refused(-EOPNOTSUPP, "private memory", t->data = mine);
	refused(-EOPNOTSUPP, "no descriptor", close(o.fd); o.fd = -1);
	refused(-EINVAL, "structure", d.size = 4);
	refused_on(host, -EOPNOTSUPP, "kind host", (void)0);
	assert_int_equal(weft_memory_import_dlpack(card, NULL, &d, &memory), -EINVAL);
	assert_int_equal(weft_memory_import_dlpack(card, &o.tensor, &d, NULL), -EINVAL);
	ok(weft_device_close(card));
	ok(weft_device_close(host));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

/* What the library lent comes back as the memory it is, whoever cut it. */
static void back_again(void **state)
{
	struct weft *weft = rt_open(2);
	struct weft_dlpack_desc d = desc_of(WEFT_TYPE_U8, 256, 8, 16), got = { .size = sizeof(got) };
	struct weft_memory *memory, *here, *there;
	struct weft_device *card, *peer;
	DLManagedTensor *t;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &card));
	ok(weft_device_open(weft, "card", 1, &peer));
	for (int place = WEFT_PLACE_LOCAL; place <= WEFT_PLACE_HOST; place++) {
		ok(weft_memory_alloc(card, BYTES, (enum weft_place)place, &memory));
		ok(weft_memory_export_dlpack(memory, &d, &t));
		ok(weft_memory_import_dlpack(card, t, &got, &here));
		assert_ptr_equal(here, memory);
		assert_memory_equal(&got, &d, sizeof(d));
		ok(weft_memory_export_dlpack(memory, &d, &t));
		t->dl_tensor.data = (char *)t->dl_tensor.data + 16;
		t->dl_tensor.shape[0] = 7;
		ok(weft_memory_import_dlpack(peer, t, &got, &there));
		assert_ptr_equal(weft_memory_device(there), peer);
		assert_int_equal(got.offset, 272);
		assert_int_equal(got.shape[0], 7);
		ok(weft_memory_export_dlpack(memory, &d, &t));
		t->dl_tensor.byte_offset = BYTES;
		assert_int_equal(weft_memory_import_dlpack(card, t, &got, &here), -EINVAL);
		t->deleter(t);
		ok(weft_memory_destroy(memory));
		ok(weft_memory_destroy(memory));	/* `here` */
		ok(weft_memory_destroy(there));
	}
	ok(weft_device_close(card));
	ok(weft_device_close(peer));
	ok(weft_close(weft));
	assert_int_equal(fake_live(), 0);
}

/* Each call of the kernel fails once: the tensor stays the caller's, and nothing is left. */
static void failures(void **state)
{
	struct weft *weft = rt_open(1);
	struct weft_dlpack_desc d = { .size = sizeof(d) };
	struct weft_memory *memory = NULL;
	struct weft_device *card;
	struct other o;
	int live, n, ret;

	(void)state;
	ok(weft_device_open(weft, "card", 0, &card));
	other_open(&o);
	live = fake_live();
	for (n = 1;; n++) {
		fake.fail_at = n;
		fake.fallible = 0;
		ret = weft_memory_import_dlpack(card, &o.tensor, &d, &memory);
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_int_equal(o.deleted, 0);
		assert_int_equal(fake_live(), live);
	}
	fake.fail_at = 0;
	assert_true(n > 3);
	ok(weft_memory_destroy(memory));
	assert_int_equal(o.deleted, 1);
	assert_int_equal(fake_live(), live);
	other_close(&o);
	ok(weft_device_close(card));
	ok(weft_close(weft));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(not_lent),
		cmocka_unit_test(borrowed),
		cmocka_unit_test(not_borrowed),
		cmocka_unit_test(back_again),
		cmocka_unit_test(failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
