/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Memory objects of the fake kernel, and the descriptors they go by. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake_card.h"
#include "runtime/core/sys_user.h"

static int gem_new(struct fake_fd *f, struct fake_obj *o, uint32_t access, uint32_t *handle)
{
	for (uint32_t i = 1; i < FAKE_HANDLES; i++)
		if (!f->gem[i].obj) {
			f->gem[i].obj = o;
			f->gem[i].access = access;
			f->gem[i].dmabuf = 0;
			o->refs++;
			fs.live++;
			*handle = i;
			return 0;
		}
	return -EDQUOT;
}

int fake_gem_create(int fd, uint64_t *bytes, enum weft_place place, uint32_t *handle)
{
	int ret = fake_enter();
	struct fake_obj *o;
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	if (place == WEFT_PLACE_LOCAL && fs.used_bytes[f->card] + *bytes > fake_lmem())
		return fake_leave(-ENOSPC);
	o = calloc(1, sizeof(*o));
	o->bytes = *bytes;
	o->place = place;
	o->card = f->card;
	o->mem = calloc(1, o->bytes);
	if (place == WEFT_PLACE_LOCAL)
		fs.used_bytes[f->card] += o->bytes;
	fs.live++;
	return fake_leave(gem_new(f, o, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, handle));
}

int fake_gem_close(int fd, uint32_t handle)
{
	struct fake_fd *f;

	fake_enter_undo();
	f = fake_fd_of(fd, FAKE_FILE);
	if (!f->gem[handle].obj)
		return fake_leave(-ENOENT);
	fake_obj_put(f->gem[handle].obj);
	f->gem[handle].obj = NULL;
	fs.live--;
	return fake_leave(0);
}

int fake_gem_map(int fd, uint32_t handle, uint64_t bytes, void **pointer)
{
	int ret = fake_enter();
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	if (!f->gem[handle].obj || bytes > f->gem[handle].obj->bytes)
		return fake_leave(-ENOENT);
	*pointer = f->gem[handle].obj->mem;
	fs.live++;
	return fake_leave(0);
}

void fake_unmap(void *pointer, uint64_t bytes)
{
	fake_enter_undo();
	(void)pointer;
	(void)bytes;
	fs.live--;
	fake_leave(0);
}

int fake_gem_export(int fd, uint32_t handle, uint32_t access, int *dmabuf)
{
	int ret = fake_enter();
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	if (!f->gem[handle].obj || (access & ~f->gem[handle].access))
		return fake_leave(-EACCES);
	*dmabuf = fake_fd_new(FAKE_DMABUF);
	fake_fd_of(*dmabuf, FAKE_DMABUF)->obj = f->gem[handle].obj;
	fake_fd_of(*dmabuf, FAKE_DMABUF)->access = access;
	fake_fd_of(*dmabuf, FAKE_DMABUF)->id = ++fs.ids;
	f->gem[handle].obj->refs++;
	return fake_leave(0);
}

int fake_gem_import(int fd, int dmabuf, uint32_t *handle)
{
	int ret = fake_enter();
	struct fake_fd *f, *b;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	b = fake_fd_of(dmabuf, FAKE_DMABUF);
	if (fake.no_p2p && b->obj->place == WEFT_PLACE_LOCAL && b->obj->card != f->card)
		return fake_leave(-EREMOTEIO);
	for (uint32_t i = 1; i < FAKE_HANDLES; i++)	/* as the kernel does: one handle per file */
		if (f->gem[i].obj && f->gem[i].dmabuf == b->id) {
			*handle = i;
			return fake_leave(0);
		}
	ret = gem_new(f, b->obj, b->access, handle);
	if (!ret)
		f->gem[*handle].dmabuf = b->id;
	return fake_leave(ret);
}

/* As udmabuf: the same rules, and the same pages. */
int fake_user_dmabuf(const void *pages, uint64_t bytes, int *dmabuf, const char **why)
{
	uint64_t offset;
	struct fake_obj *o;
	int memfd, ret = weft_sys_user_memfd(pages, bytes, &memfd, &offset, why);

	if (ret)
		return ret;
	close(memfd);
	ret = fake_enter();
	if (ret)
		return ret;
	o = calloc(1, sizeof(*o));
	*o = (struct fake_obj) { .refs = 1, .place = WEFT_PLACE_HOST, .bytes = bytes, .mem = (char *)(uintptr_t)pages, .lent = true };
	fs.live++;
	*dmabuf = fake_fd_new(FAKE_DMABUF);
	fake_fd_of(*dmabuf, FAKE_DMABUF)->obj = o;
	fake_fd_of(*dmabuf, FAKE_DMABUF)->access = WEFT_ACCESS_READ | WEFT_ACCESS_WRITE;
	fake_fd_of(*dmabuf, FAKE_DMABUF)->id = ++fs.ids;
	return fake_leave(0);
}

int fake_gem_info(int fd, uint32_t handle, uint64_t *bytes, enum weft_place *place, uint32_t *access, bool *cells)
{
	int ret = fake_enter();
	struct fake_fd *f;

	if (ret)
		return ret;
	f = fake_fd_of(fd, FAKE_FILE);
	if (!f->gem[handle].obj)
		return fake_leave(-ENOENT);
	*bytes = f->gem[handle].obj->bytes;
	*place = f->gem[handle].obj->place;
	*access = f->gem[handle].access;
	*cells = false;
	return fake_leave(0);
}
