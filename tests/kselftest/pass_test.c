// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Memory of a card passed to another user's process as a descriptor over a Unix socket, for that process to use on its
 * own card: rights go with the descriptor, and either side may die in the middle of traffic.
 */
#define _GNU_SOURCE
#include "ks.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PEER_VA	0x400000000ULL
#define R	DRM_WEFT_RIGHT_READ
#define W	DRM_WEFT_RIGHT_WRITE
#define BIND_R	DRM_WEFT_BIND_READ
#define BIND_RW	(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE)
#define PIECE	(256u << 10)
#define USER	65534
#define COPIES	1000

/* In a child: its exit code is the line that failed. */
#define CHILD_IS(call, want) \
	do { \
		long got_ = (call), want_ = (want); \
		if (got_ != want_) { \
			printf("# line %d, other process: %s is %ld, wanted %ld\n", __LINE__, #call, got_, want_); \
			fflush(stdout); \
			_exit(1); \
		} \
	} while (0)
#define CHILD_OK(call) CHILD_IS(call, 0)

/* A process of another user that runs `body` with its end of the socket; it opened its card before. */
static pid_t other_user(int card, void (*body)(struct ks_rig *rig, int sock), int *sock)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct ks_rig rig;

		close(pair[0]);
		CHILD_OK(ks_rig_open(&rig, card, 60000));
		CHILD_OK(setresgid(USER, USER, USER));
		CHILD_OK(setresuid(USER, USER, USER));
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		CHILD_IS(open("/sys/kernel/debug", O_RDONLY), -1);	/* really another one */
		body(&rig, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	*sock = pair[0];
	return pid;
}

static int ended_well(pid_t pid)
{
	int status;

	KS_CHECK(waitpid(pid, &status, 0) == pid);
	KS_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the other process: status %#x", status);
	return 0;
}

/* What import of card 1's memory on card 0 must end with, for QUERY_PEER says so; asked for before there is another user. */
static int told;

/* Why there is nothing to test, or NULL. */
static const char *missing(void)
{
	if (ks_cards() < 2)
		return "two-cards";
	told = ks_peer_error(0, 1);
	if (told)
		printf("# import is refused with %d\n", told);
	return NULL;
}

static void read_only_user(struct ks_rig *rig, int sock)
{
	struct drm_weft_gem_info info;
	struct drm_weft_queue_state state;
	uint32_t handle;
	int fd = ks_receive_fd(sock), again;

	CHILD_IS(fd >= 0, 1);
	CHILD_IS(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED, 1);
	CHILD_IS(ks_import(rig->fd, fd, &handle), told);
	if (told)
		return;
	CHILD_OK(ks_gem_info(rig->fd, handle, &info));
	CHILD_IS(info.rights, R);
	CHILD_IS(ks_export(rig->fd, handle, R | W, &again), -EACCES);
	CHILD_IS(ks_bind(rig->fd, rig->vm, handle, PEER_VA, KS_DATA_BYTES, BIND_RW), -EACCES);
	CHILD_OK(ks_bind(rig->fd, rig->vm, handle, PEER_VA, KS_DATA_BYTES, BIND_R));
	rig->list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .src = PEER_VA, .dst = KS_DATA_VA, .bytes = PIECE };
	CHILD_OK(ks_rig_run(rig, 1, 0));
	for (uint32_t i = 0; i < PIECE; i += 8)
		CHILD_IS(*(uint64_t *)(rig->data + i) == i * 0x9e3779b97f4a7c15ULL, 1);
	rig->list[0].copy = (struct weft_pkt_copy){ .op = WEFT_PKT_COPY, .src = KS_DATA_VA, .dst = PEER_VA, .bytes = 4096 };
	CHILD_IS(ks_rig_run(rig, 1, 0), -EFAULT);
	CHILD_OK(ks_queue_state(rig->fd, rig->queue, &state));
	CHILD_IS(state.cause, WEFT_FAULT_PT_WRITE);
	CHILD_OK(ks_rig_alive(rig));
}

static int read_only(void)
{
	struct ks_rig owner;
	int sock, fd;
	pid_t pid;

	if (missing())
		return ks_skip(missing());
	pid = other_user(0, read_only_user, &sock);
	KS_CHECK(pid > 0);
	KS_OK(ks_rig_open(&owner, 1, 0));
	for (uint32_t i = 0; i < KS_DATA_BYTES; i += 8)
		*(uint64_t *)(owner.data + i) = i * 0x9e3779b97f4a7c15ULL;
	KS_OK(ks_export(owner.fd, owner.data_handle, R, &fd));
	KS_OK(ks_send_fd(sock, fd));
	close(fd);
	KS_OK(ended_well(pid));
	close(sock);
	for (uint32_t i = 0; i < PIECE; i += 8)
		KS_CHECK(*(uint64_t *)(owner.data + i) == i * 0x9e3779b97f4a7c15ULL, "byte %u was written", i);
	ks_rig_close(&owner);
	return 0;
}

static int kill_at_work(pid_t pid, int sock)
{
	int status;

	usleep(ks_random() % 40000);
	kill(pid, SIGKILL);
	KS_CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "process ended by itself: %#x", status);
	close(sock);
	return 0;
}

/* Gives its memory away and works on its own card until it is killed. */
static void owner_of_memory(struct ks_rig *rig, int sock)
{
	int fd;

	for (uint32_t i = 0; i < KS_DATA_BYTES; i += 8)
		*(uint64_t *)(rig->data + i) = i * 0x9e3779b97f4a7c15ULL;
	CHILD_OK(ks_export(rig->fd, rig->data_handle, R | W, &fd));
	CHILD_OK(ks_send_fd(sock, fd));
	for (int i = 0; i < COPIES; i++)
		rig->list[i].copy = (struct weft_pkt_copy){
			.op = WEFT_PKT_COPY, .src = KS_DATA_VA, .dst = KS_DATA_VA + KS_DATA_BYTES / 2, .bytes = PIECE,
		};
	for (;;)
		CHILD_OK(ks_rig_run(rig, COPIES, 0));
}

/* What was passed lives on, with its bytes, when its owner is killed while both sides run copies of it. */
static int owner_dies(void)
{
	long n = (ks_iterations(4) + 1) / 2;

	if (missing())
		return ks_skip(missing());
	if (told == -EOPNOTSUPP)
		return ks_skip("p2pdma");
	for (long round = 0; round < n; round++) {
		struct ks_rig rig;
		uint32_t handle;
		int sock, fd;
		pid_t pid = other_user(1, owner_of_memory, &sock);

		KS_CHECK(pid > 0);
		fd = ks_receive_fd(sock);
		KS_CHECK(fd >= 0, "%d", fd);
		KS_OK(ks_rig_open(&rig, 0, 60000));
		KS_IS(ks_import(rig.fd, fd, &handle), told);
		close(fd);
		if (told) {
			KS_OK(kill_at_work(pid, sock));
			ks_rig_close(&rig);
			continue;
		}
		KS_OK(ks_bind(rig.fd, rig.vm, handle, PEER_VA, KS_DATA_BYTES, BIND_RW));
		for (int i = 0; i < COPIES; i++)
			rig.list[i].copy = (struct weft_pkt_copy){
				.op = WEFT_PKT_COPY, .src = PEER_VA, .dst = KS_DATA_VA, .bytes = PIECE,
			};
		for (int i = 0; i < 2; i++)
			KS_OK(ks_rig_submit(&rig, COPIES, 0));
		KS_OK(kill_at_work(pid, sock));
		KS_OK(ks_rig_wait(&rig));
		for (uint32_t i = 0; i < PIECE; i += 8)
			KS_CHECK(*(uint64_t *)(rig.data + i) == i * 0x9e3779b97f4a7c15ULL, "byte %u is wrong", i);
		ks_rig_close(&rig);
	}
	return 0;
}

/* Writes into what it was given until it is killed; if it may not have it, into its own. */
static void writer(struct ks_rig *rig, int sock)
{
	int fd = ks_receive_fd(sock);
	uint32_t handle;

	CHILD_IS(fd >= 0, 1);
	CHILD_IS(ks_import(rig->fd, fd, &handle), told);
	if (!told)
		CHILD_OK(ks_bind(rig->fd, rig->vm, handle, PEER_VA, KS_DATA_BYTES, BIND_RW));
	for (int i = 0; i < COPIES; i++)
		rig->list[i].fill = (struct weft_pkt_fill){
			.op = WEFT_PKT_FILL, .width = 8, .dst = told ? KS_DATA_VA : PEER_VA, .bytes = KS_DATA_BYTES / 2,
			.pattern = 7,
		};
	CHILD_OK(ks_rig_run(rig, 1, 0));
	CHILD_IS(write(sock, "w", 1), 1);
	for (;;)
		CHILD_OK(ks_rig_run(rig, COPIES, 0));
}

/* When the importer was killed nothing writes there any more, and what its owner does with the rest went on. */
static int importer_dies(void)
{
	long n = (ks_iterations(4) + 1) / 2;

	if (missing())
		return ks_skip(missing());
	if (told == -EOPNOTSUPP)
		return ks_skip("p2pdma");
	for (long round = 0; round < n; round++) {
		long long imports = ks_count(0, "live_imports");
		const uint64_t half = KS_DATA_BYTES / 2;
		int64_t until;
		struct ks_rig owner;
		int sock, fd;
		char byte;
		pid_t pid = other_user(0, writer, &sock);

		KS_CHECK(pid > 0);
		KS_OK(ks_rig_open(&owner, 1, 60000));
		for (uint32_t i = 0; i < PIECE; i += 8)
			*(uint64_t *)(owner.data + half + i) = ks_random();
		for (int i = 0; i < 100; i++)
			owner.list[i].copy = (struct weft_pkt_copy){
				.op = WEFT_PKT_COPY, .src = KS_DATA_VA + half, .dst = KS_DATA_VA + half + PIECE, .bytes = PIECE,
			};
		KS_OK(ks_export(owner.fd, owner.data_handle, R | W, &fd));
		KS_OK(ks_send_fd(sock, fd));
		close(fd);
		KS_CHECK(read(sock, &byte, 1) == 1, "the importer did not start");
		KS_OK(ks_rig_submit(&owner, 100, 0));
		KS_OK(kill_at_work(pid, sock));
		KS_OK(ks_rig_wait(&owner));
		KS_IS(memcmp(owner.data + half + PIECE, owner.data + half, PIECE), 0);
		for (until = ks_now_ns() + 5 * KS_SECOND; ks_count(0, "live_imports") != imports && ks_now_ns() < until;)
			usleep(10000);
		KS_IS(ks_count(0, "live_imports"), imports);
		memset(owner.data, 0x5a, PIECE);
		usleep(20000);
		for (uint32_t i = 0; i < PIECE; i++)
			KS_CHECK(owner.data[i] == 0x5a, "byte %u was written after the importer was gone", i);
		KS_OK(ks_rig_alive(&owner));
		ks_rig_close(&owner);
	}
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "another user gets a read-only descriptor", read_only },
		{ "the owner is killed in the middle of traffic", owner_dies },
		{ "the importer is killed in the middle of traffic", importer_dies },
	};

	return ks_main("pass", tests, sizeof(tests) / sizeof(tests[0]));
}
