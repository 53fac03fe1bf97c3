// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Every allocation of every ioctl fails once. The n-th failure is injected through /proc/thread-self/fail-nth until a
 * call gets through without meeting one; each failing call must return an error (or succeed in spite of it), leave
 * nothing behind, and the call must work afterwards.
 */
#include "ks_uq.h"

#include <fcntl.h>

struct state {
	struct ks_rig rig;
	uint32_t handle;	/* 1 MiB, not bound */
	uint32_t vm;		/* empty */
	struct ks_uq uq;	/* its queue is not made */
};

struct target {
	const char *name;
	int (*call)(struct state *s);	/* creates nothing that outlives it, or undoes it with failures off */
};

static int failnth_fd = -1;

static int set_nth(int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nth);

	return pwrite(failnth_fd, text, n, 0) == n ? 0 : -errno;
}

/* Number left to go: 0 = the failure was injected. */
static int get_nth(void)
{
	char text[16] = "";

	if (pread(failnth_fd, text, sizeof(text) - 1, 0) <= 0)
		return -1;
	return atoi(text);
}

static int t_query(struct state *s)
{
	struct drm_weft_device device;

	return ks_device(s->rig.fd, &device);
}

static int t_open(struct state *s)
{
	int fd = ks_open(0);

	(void)s;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int gem_create(struct state *s, uint32_t placement)
{
	uint32_t handle;
	int r = ks_gem_create(s->rig.fd, 1 << 20, placement, 0, &handle), left = get_nth();

	set_nth(0);
	if (!r)
		ks_gem_close(s->rig.fd, handle);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_gem_local(struct state *s)
{
	return gem_create(s, DRM_WEFT_PLACE_LOCAL);
}

static int t_gem_system(struct state *s)
{
	return gem_create(s, DRM_WEFT_PLACE_SYSTEM);
}

static int t_gem_info(struct state *s)
{
	struct drm_weft_gem_info info;

	return ks_gem_info(s->rig.fd, s->handle, &info);
}

static int t_export(struct state *s)
{
	int fd, r = ks_export(s->rig.fd, s->handle, DRM_WEFT_RIGHT_READ, &fd);

	if (!r)
		close(fd);
	return r;
}

static int t_export_import(struct state *s)
{
	uint32_t imported;
	int fd, left, r = ks_export(s->rig.fd, s->handle, DRM_WEFT_RIGHT_READ, &fd);

	if (r)
		return r;
	r = ks_import(s->rig.fd, fd, &imported);
	left = get_nth();
	set_nth(0);
	close(fd);
	if (!r)
		ks_gem_close(s->rig.fd, imported);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_vm_create(struct state *s)
{
	uint32_t vm;
	int r = ks_vm_create(s->rig.fd, &vm), left = get_nth();

	set_nth(0);
	if (!r)
		ks_vm_destroy(s->rig.fd, vm);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_bind(struct state *s)
{
	int left, r = ks_bind(s->rig.fd, s->vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);

	left = get_nth();
	set_nth(0);
	if (!r)
		ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_unbind_split(struct state *s)
{
	int left, r;

	left = get_nth();
	set_nth(0);
	r = ks_bind(s->rig.fd, s->vm, s->handle, 0x123400000ULL, 1 << 20, DRM_WEFT_BIND_READ);
	if (r)
		return r;
	set_nth(left);
	r = ks_unbind(s->rig.fd, s->vm, 0x123410000ULL, 4096);
	left = get_nth();
	set_nth(0);
	ks_unbind(s->rig.fd, s->vm, 0x123400000ULL, 1 << 20);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_queue_create(struct state *s)
{
	uint32_t queue;
	int r = ks_queue_create(s->rig.fd, s->rig.vm, 0, &queue), left = get_nth();

	set_nth(0);
	if (!r)
		ks_queue_destroy(s->rig.fd, queue);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_queue_state(struct state *s)
{
	struct drm_weft_queue_state state;

	return ks_queue_state(s->rig.fd, s->rig.queue, &state);
}

static int t_submit(struct state *s)
{
	int left, r;

	memset(&s->rig.list[0], 0, 64);
	r = ks_rig_submit(&s->rig, 1, 0);
	left = get_nth();
	set_nth(0);
	if (!r)
		r = ks_rig_wait(&s->rig);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_peer(struct state *s)
{
	struct drm_weft_query_peer query = { 0 };
	int left = get_nth(), r;

	set_nth(0);
	query.peer_fd = ks_open(ks_cards() - 1);
	set_nth(left);
	r = ks_ioctl(s->rig.fd, DRM_IOCTL_WEFT_QUERY_PEER, &query);
	left = get_nth();
	set_nth(0);
	close(query.peer_fd);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_gem_sem(struct state *s)
{
	uint32_t handle;
	int r = ks_gem_create(s->rig.fd, 3 * 4096, DRM_WEFT_PLACE_LOCAL, DRM_WEFT_GEM_SEM, &handle), left = get_nth();

	set_nth(0);
	if (!r)
		ks_gem_close(s->rig.fd, handle);
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_user_queue(struct state *s)
{
	struct drm_weft_will will = { .handle = s->uq.cells_handle, .id = 1, .offset = 4064 };
	int left, r;

	r = ks_uq_start(&s->uq, &will, 1);
	left = get_nth();
	set_nth(0);
	/* the cell is poisoned by each, which another will does not mind */
	if (!r || s->uq.queue)
		ks_uq_stop(&s->uq);
	s->uq.queue = 0;
	if (left > 0)
		set_nth(left);
	return r;
}

static int t_kick(struct state *s)
{
	return ks_kick(s->uq.fd, s->uq.cells_handle, 0);
}

static int t_cell_wait(struct state *s)
{
	int r = ks_cell_wait(s->uq.fd, s->uq.cells_handle, 0, 1, 1000000, NULL);

	return r == -ETIME ? 0 : r;
}

static int t_mmap(struct state *s)
{
	volatile uint8_t *p = ks_gem_map(s->rig.fd, s->handle, PROT_READ);

	if (p == MAP_FAILED)
		return -ENOMEM;
	munmap((void *)p, 1 << 20);
	return 0;
}

static const struct target targets[] = {
	{ "open", t_open }, { "QUERY", t_query }, { "GEM_CREATE local", t_gem_local },
	{ "GEM_CREATE system", t_gem_system }, { "GEM_INFO", t_gem_info }, { "GEM_EXPORT", t_export },
	{ "PRIME import", t_export_import }, { "VM_CREATE and DESTROY", t_vm_create }, { "VM_BIND map", t_bind },
	{ "VM_BIND unmap", t_unbind_split }, { "QUEUE_CREATE and DESTROY", t_queue_create },
	{ "QUEUE_STATE", t_queue_state }, { "SUBMIT", t_submit }, { "QUERY_PEER", t_peer }, { "mmap", t_mmap },
	{ "GEM_CREATE of cells", t_gem_sem }, { "USER_QUEUE_CREATE, its mappings and DESTROY", t_user_queue },
	{ "KICK", t_kick }, { "CELL_WAIT", t_cell_wait },
};

static int every_allocation(void)
{
	struct state s;
	char what[256] = "";

	failnth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (failnth_fd < 0)
		return ks_skip("fault-injection");
	KS_OK(ks_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"));
	KS_OK(ks_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N"));
	ks_write("/sys/kernel/debug/failslab/verbose", "0");
	ks_write("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	KS_OK(ks_rig_open(&s.rig, 0, 0));
	KS_OK(ks_gem_create(s.rig.fd, 1 << 20, DRM_WEFT_PLACE_LOCAL, 0, &s.handle));
	KS_OK(ks_vm_create(s.rig.fd, &s.vm));
	KS_OK(ks_uq_open(&s.uq, 0));
	for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
		int nth, failures = 0;

		for (nth = 1; nth < 1000; nth++) {
			int r, left;

			KS_OK(set_nth(nth));
			r = targets[t].call(&s);
			left = get_nth();
			set_nth(0);
			if (left > 0 && !r)
				break;	/* got through without meeting failure nth */
			failures += r != 0;
			KS_CHECK(r == 0 || r == -ENOMEM || r == -EFAULT || r == -ENOSPC || r == -EOPNOTSUPP,
				 "%s, allocation %d: %d", targets[t].name, nth, r);
		}
		KS_CHECK(nth < 1000, "%s never got through", targets[t].name);
		printf("# %s: %d allocations, %d errors\n", targets[t].name, nth - 1, failures);
		KS_CHECK(targets[t].call(&s) == 0, "%s does not work afterwards", targets[t].name);
	}
	KS_OK(ks_rig_alive(&s.rig));
	ks_uq_close(&s.uq);
	ks_rig_close(&s.rig);
	close(failnth_fd);
	KS_CHECK(!ks_leaks(what, sizeof(what)), "%s", what);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "every allocation of every ioctl fails once", every_allocation },
	};

	return ks_main("failnth", tests, sizeof(tests) / sizeof(tests[0]));
}
