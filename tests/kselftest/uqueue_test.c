// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* User queues: driven by stores alone, seen by their owner alone, and gone with it. */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/capability.h>


static int open_queue(struct ks_uq *q)
{
	int r = ks_uq_open(q, 0);

	return r ? r : ks_uq_start(q, NULL, 0);
}

/* A fill and a copy of it, with bytes that no run before had. */
static int works(struct ks_uq *q)
{
	static uint8_t salt;
	union weft_packet fill, copy;

	salt++;
	memset(q->data, 0, 16384);
	fill = ks_pkt_fill(KS_UDATA_VA, 4096, salt);
	copy = ks_pkt_copy(KS_UDATA_VA + 8192, KS_UDATA_VA, 4096);
	ks_uq_put(q, &fill);
	ks_uq_put(q, &copy);
	KS_OK(ks_uq_drain(q));
	for (int i = 0; i < 4096; i++)
		KS_CHECK(q->data[8192 + i] == salt, "byte %d is %u, wanted %u", i, q->data[8192 + i], salt);
	KS_CHECK(q->data[4096] == 0 && q->data[8192 + 4096] == 0, "more than asked was written");
	return 0;
}

static int by_doorbell(void)
{
	const union weft_packet nop = { .word = { 0 } };
	struct ks_uq q;

	KS_OK(open_queue(&q));
	KS_IS(q.state->run, WEFT_QS_IDLE);
	for (int i = 0; i < 1000; i++)
		ks_uq_put(&q, &nop);
	KS_OK(ks_uq_drain(&q));
	KS_OK(ks_uq_reach(&q, WEFT_QS_IDLE));
	KS_IS(q.state->retired, 1000);
	for (int i = 0; i < 20; i++)
		KS_OK(works(&q));
	KS_IS(q.ctl->head, 1040);
	KS_OK(ks_uq_stop(&q));
	/* another in the same address space */
	KS_OK(ks_uq_start(&q, NULL, 0));
	KS_OK(works(&q));
	ks_uq_close(&q);
	return 0;
}

static int install_filter(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	static const struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

/* Under a filter that kills on any system call but the last: submits and polls, by stores and loads. */
static void without_calls(struct ks_uq *q, bool one_call)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 64, 0x5a), signal;
	long spins = 0;

	if (install_filter())
		_exit(2);
	if (one_call)
		getppid();
	for (uint64_t i = 1; i <= 1000; i++) {
		fill.fill.pattern = i & 0xff;
		ks_uq_put(q, &fill);
		if (q->cells) {
			signal = ks_pkt_signal(KS_CELLS_VA, i, WEFT_SIG_VALUE);
			ks_uq_put(q, &signal);
			while (q->cells[0].value < i)
				if (++spins > 4000000000L)
					_exit(3);
		}
		while (q->ctl->head != q->tail)
			if (++spins > 4000000000L)
				_exit(3);
		if (*(volatile uint8_t *)q->data != (i & 0xff))
			_exit(4);
	}
	_exit(0);
}

/* The child opens it: what a file maps for its owner a child does not get. */
static int under_filter(bool one_call)
{
	pid_t pid = fork();
	int status = -1;

	KS_CHECK(pid >= 0);
	if (!pid) {
		struct ks_uq q;
		int r = ks_uq_open(&q, 0);

		if (!r && q.cells) {
			r = ks_unbind(q.fd, q.vm, KS_CELLS_VA, 4096);
			if (!r)
				r = ks_bind(q.fd, q.vm, q.cells_handle, KS_CELLS_VA, 4096,
					    DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM);
		}
		if (!r)
			r = ks_uq_start(&q, NULL, 0);
		if (r)
			_exit(1);
		without_calls(&q, one_call);
	}
	KS_CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static int no_system_call(void)
{
	KS_IS(under_filter(false), 0);
	/* the filter does kill */
	KS_CHECK(WTERMSIG(under_filter(true)) == SIGSYS);
	return 0;
}

static sigjmp_buf jump;

static void on_segv(int sig)
{
	siglongjmp(jump, sig);
}

static int child_has_no_doorbell(void)
{
	struct ks_uq q;
	int status = -1;
	pid_t pid;

	KS_OK(open_queue(&q));
	pid = fork();
	KS_CHECK(pid >= 0);
	if (!pid) {
		uint32_t run = q.state->run;

		signal(SIGSEGV, on_segv);
		if (run != WEFT_QS_IDLE)
			_exit(2);
		if (sigsetjmp(jump, 1))
			_exit(madvise((void *)q.doorbell, 4096, MADV_DOFORK) ? 0 : 3);
		q.doorbell[0] = 1;
		_exit(1);
	}
	KS_CHECK(waitpid(pid, &status, 0) == pid);
	KS_IS(status, 0);
	KS_CHECK(madvise((void *)q.doorbell, 4096, MADV_DOFORK) && errno == EINVAL);
	KS_OK(works(&q));
	ks_uq_close(&q);
	return 0;
}

/* A program of before queues had names: its structure ends where the name begins. */
static int shorter_structure(void)
{
	unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, DRM_COMMAND_BASE + DRM_WEFT_USER_QUEUE_CREATE,
				     offsetof(struct drm_weft_user_queue_create, name));
	struct drm_weft_user_queue_create args;
	struct ks_uq q;

	KS_OK(ks_uq_open(&q, 0));
	q.ctl->armed = 1;
	args = ks_uq_args(&q);
	memset(args.name, '\n', sizeof(args.name));
	KS_OK(ks_ioctl(q.fd, request, &args));
	KS_CHECK(args.queue_id && args.doorbell_offset && args.state_offset);
	for (unsigned int i = 0; i < sizeof(args.name); i++)
		KS_IS(args.name[i], '\n');
	KS_OK(ks_queue_destroy(q.fd, args.queue_id));
	/* and such a name is refused where it is one */
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args), -EINVAL);
	ks_uq_close(&q);
	return 0;
}

static int bad_arguments(void)
{
	static const struct { size_t at, size; uint64_t value; int want; } bad[] = {
#define FIELD(name, value, want) \
	{ offsetof(struct drm_weft_user_queue_create, name), \
	  sizeof(((struct drm_weft_user_queue_create *)0)->name), value, want }
		FIELD(vm_id, 99, -ENOENT), FIELD(band, 4, -EINVAL), FIELD(flags, 4, -EINVAL), FIELD(pad, 1, -EINVAL),
		FIELD(ring_log2, 3, -EINVAL), FIELD(ring_log2, 17, -EINVAL), FIELD(ring_log2, 0xffffffff, -EINVAL),
		FIELD(ring, 0, -EINVAL), FIELD(ring, KS_RING_VA + 64, -EINVAL), FIELD(ring, 1ULL << 47, -EINVAL),
		FIELD(ring, -4096ULL, -EINVAL), FIELD(ctl, 0, -EINVAL), FIELD(ctl, KS_CTL_VA + 8, -EINVAL),
		FIELD(ctl, 1ULL << 47, -EINVAL), FIELD(weight, 1001, -EINVAL),
		FIELD(num_wills, DRM_WEFT_MAX_WILLS + 1, -EINVAL), FIELD(num_wills, 1, -EFAULT),
		FIELD(name[0], '\n', -EINVAL), FIELD(name[0], 0x7f, -EINVAL), FIELD(name[1], 'x', -EINVAL),
	};
	struct drm_weft_submit submit = { .list = KS_RING_VA, .num_packets = 1 };
	struct drm_weft_user_queue_create args;
	uint32_t fence_vm, queue;
	struct ks_uq q;

	KS_OK(open_queue(&q));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		args = ks_uq_args(&q);
		memcpy((char *)&args + bad[i].at, &bad[i].value, bad[i].size);
		KS_CHECK(ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args) == bad[i].want, "case %zu", i);
	}
	KS_OK(ks_vm_create(q.fd, &fence_vm));
	args = ks_uq_args(&q);
	args.vm_id = fence_vm;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args), -EINVAL);
	KS_IS(ks_queue_create(q.fd, q.vm, 0, &queue), -EINVAL);
	submit.queue_id = q.queue;
	KS_IS(ks_ioctl(q.fd, DRM_IOCTL_WEFT_SUBMIT, &submit), -ENOENT);
	KS_IS(ks_vm_destroy(q.fd, q.vm), -EBUSY);
	KS_OK(works(&q));
	KS_OK(ks_uq_stop(&q));
	KS_IS(ks_queue_destroy(q.fd, q.queue), -ENOENT);
	KS_OK(ks_vm_destroy(q.fd, q.vm));
	ks_uq_close(&q);
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* Without privileges: bands, and how many queues. Exit status 0 when all is as it should be. */
static void unprivileged(void)
{
	struct drm_weft_user_queue_create args;
	struct drm_weft_device device;
	uint32_t made = 0;
	struct ks_uq q;
	int r;

	if (drop_capabilities() || ks_uq_open(&q, 0) || ks_device(q.fd, &device))
		_exit(1);
	for (uint32_t band = 0; band < DRM_WEFT_BAND_NORMAL; band++) {
		args = ks_uq_args(&q);
		args.band = band;
		if (ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args) != -EACCES)
			_exit(2);
	}
	do {
		args = ks_uq_args(&q);
		r = ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args);
		made += !r;
	} while (!r);
	/* the kernel's page tables and rings have a quota, too, and it may be met first */
	if (r != -EDQUOT || made > device.max_queues || made < 64)
		_exit(3);
	printf("# %u user queues of %u allowed\n", made, device.max_queues);
	if (ks_queue_destroy(q.fd, made))
		_exit(4);
	args = ks_uq_args(&q);
	if (ks_ioctl(q.fd, DRM_IOCTL_WEFT_USER_QUEUE_CREATE, &args))
		_exit(5);
	fflush(stdout);
	_exit(0);
}

static int quotas(void)
{
	int status = -1;
	pid_t pid = fork();

	KS_CHECK(pid >= 0);
	if (!pid)
		unprivileged();
	KS_CHECK(waitpid(pid, &status, 0) == pid);
	KS_IS(status, 0);
	return 0;
}

static int map_errno(int fd, size_t bytes, int prot, int flags, uint64_t offset)
{
	void *p = mmap(NULL, bytes, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, bytes);
	return 0;
}

static int mmap_abuse(void)
{
	struct ks_uq q, other;
	void *moved, *p;

	KS_OK(open_queue(&q));
	KS_OK(ks_uq_open(&other, 0));
	KS_IS(map_errno(q.fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, q.doorbell_offset), -EACCES);
	KS_IS(map_errno(q.fd, 4096, PROT_READ, MAP_SHARED, q.doorbell_offset), -EACCES);
	KS_IS(map_errno(q.fd, 4096, PROT_WRITE, MAP_PRIVATE, q.doorbell_offset), -EINVAL);
	KS_IS(map_errno(q.fd, 8192, PROT_WRITE, MAP_SHARED, q.doorbell_offset), -EINVAL);
	KS_IS(map_errno(q.fd, 4096, PROT_WRITE, MAP_SHARED, q.doorbell_offset + 4096), -EINVAL);
	KS_IS(map_errno(q.fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, q.state_offset), -EACCES);
	KS_IS(map_errno(q.fd, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, q.state_offset), -EACCES);
	KS_IS(map_errno(q.fd, 8192, PROT_READ, MAP_SHARED, q.state_offset), -EINVAL);
	KS_OK(map_errno(q.fd, 4096, PROT_READ, MAP_PRIVATE, q.state_offset));
	/* another file has no such queue; offsets between the windows lead nowhere */
	KS_IS(map_errno(other.fd, 4096, PROT_WRITE, MAP_SHARED, q.doorbell_offset), -ENOENT);
	KS_IS(map_errno(other.fd, 4096, PROT_READ, MAP_SHARED, q.state_offset), -ENOENT);
	KS_IS(map_errno(q.fd, 4096, PROT_READ, MAP_SHARED, q.state_offset + (1ULL << 24)), -ENOENT);
	KS_IS(map_errno(q.fd, 4096, PROT_READ, MAP_SHARED, 1ULL << 60), -EINVAL);
	KS_IS(map_errno(q.fd, 4096, PROT_READ, MAP_SHARED, 3ULL << 56 | 1ULL << 58 | 1ULL << 24), -EINVAL);
	/* later changes */
	KS_CHECK(mprotect((void *)q.state, 4096, PROT_READ | PROT_WRITE) && errno == EACCES);
	KS_CHECK(mprotect((void *)q.doorbell, 4096, PROT_READ | PROT_WRITE) && errno == EACCES);
	KS_CHECK(mremap((void *)q.doorbell, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED);
	p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	moved = mremap((void *)q.doorbell, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	KS_CHECK(moved == p);
	q.doorbell = moved;
	KS_OK(works(&q));
	ks_uq_close(&other);
	ks_uq_close(&q);
	return 0;
}

/* What stays mapped when the queue is gone leads nowhere, also not to the queue that gets its number. */
static int after_destroy(void)
{
	volatile uint32_t *old_doorbell;
	const volatile struct weft_queue_state *old_state;
	const union weft_packet nop = { .word = { 0 } };
	struct ks_uq q, next;

	KS_OK(open_queue(&q));
	KS_OK(works(&q));
	old_doorbell = q.doorbell;
	old_state = q.state;
	KS_OK(ks_queue_destroy(q.fd, q.queue));
	KS_OK(open_queue(&next));
	KS_IS(old_state->run, WEFT_QS_NONE);
	KS_IS(old_state->retired, 0);
	/* a submit without its doorbell: only the old page is written, so nothing may run */
	next.ring[0] = nop;
	__sync_synchronize();
	next.ctl->tail = ++next.tail;
	__sync_synchronize();
	for (int i = 0; i < 100; i++)
		old_doorbell[i % 2] = 1;
	usleep(100000);
	KS_IS(next.ctl->head, 0);
	next.doorbell[0] = 1;
	KS_OK(ks_uq_drain(&next));
	KS_OK(works(&next));
	ks_uq_close(&next);
	ks_uq_close(&q);
	return 0;
}

static int fault_stays(void)
{
	struct drm_weft_queue_state state;
	union weft_packet bad = { .word = { 0xee } }, fill;
	struct ks_uq q, other;
	long long faults;

	KS_OK(open_queue(&q));
	KS_OK(open_queue(&other));
	faults = ks_count(0, "faults");
	KS_OK(works(&q));
	ks_uq_put(&q, &bad);
	KS_OK(ks_uq_reach(&q, WEFT_QS_FAULTED));
	KS_IS(q.state->cause, WEFT_FAULT_OPCODE);
	KS_OK(ks_queue_state(q.fd, q.queue, &state));
	KS_IS(state.run, WEFT_QS_FAULTED);
	KS_IS(state.cause, WEFT_FAULT_OPCODE);
	KS_IS(state.fault_op, 0xee);
	KS_IS(state.retired, 2);
	KS_IS(state.faults, 1);
	fill = ks_pkt_fill(KS_UDATA_VA, 4096, 0x77);
	memset(q.data, 0, 64);
	ks_uq_put(&q, &fill);
	q.doorbell[0] = 1;
	KS_OK(works(&other));
	KS_IS(q.data[0], 0);
	KS_IS(q.state->run, WEFT_QS_FAULTED);
	/* counted when the interrupt comes, which may be after the page shows it */
	for (int i = 0; i < 1000 && ks_count(0, "faults") <= faults; i++)
		usleep(1000);
	KS_CHECK(ks_count(0, "faults") > faults);
	/* its ring is unmapped under it */
	KS_OK(ks_unbind(other.fd, other.vm, KS_RING_VA, 4096));
	ks_uq_put(&other, &fill);
	KS_OK(ks_uq_reach(&other, WEFT_QS_FAULTED));
	KS_IS(other.state->cause, WEFT_FAULT_PT_INVALID);
	KS_OK(ks_uq_stop(&q));
	KS_OK(ks_uq_start(&q, NULL, 0));
	KS_OK(works(&q));
	ks_uq_close(&other);
	ks_uq_close(&q);
	return 0;
}

static int reset_ends_it(void)
{
	struct drm_weft_queue_state state;
	struct ks_uq q;

	KS_OK(open_queue(&q));
	KS_OK(works(&q));
	KS_OK(ks_reset(0));
	KS_IS(q.state->run, WEFT_QS_NONE);
	q.doorbell[0] = 1;
	KS_OK(ks_queue_state(q.fd, q.queue, &state));
	KS_IS(state.run, WEFT_QS_NONE);
	KS_IS(state.cause, WEFT_FAULT_RESET);
	KS_OK(ks_uq_stop(&q));
	KS_IS(ks_uq_start(&q, NULL, 0), -ECANCELED);
	ks_uq_close(&q);
	KS_OK(open_queue(&q));
	KS_OK(works(&q));
	ks_uq_close(&q);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "a user queue runs by its doorbell", by_doorbell },
		{ "submits and polls without a system call", no_system_call },
		{ "a child does not get the doorbell", child_has_no_doorbell },
		{ "bad arguments, wrong types of address space", bad_arguments },
		{ "callers with the structure of before", shorter_structure },
		{ "bands and quotas without privileges", quotas },
		{ "mapping otherwise is refused", mmap_abuse },
		{ "mappings of a queue that is gone lead nowhere", after_destroy },
		{ "a fault stops the queue, which stays", fault_stays },
		{ "a reset ends it", reset_ends_it },
	};

	return ks_main("uqueue", tests, sizeof(tests) / sizeof(tests[0]));
}
