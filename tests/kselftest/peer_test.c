// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/* QUERY_PEER: what it reports is true, and every refusal has its reason; and imports of a peer that come and go. */
#define _GNU_SOURCE
#include "ks_uq.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

#define PEER_VA		0x400000000ULL
#define SEM_RIGHTS	(DRM_WEFT_RIGHT_READ | DRM_WEFT_RIGHT_WRITE | DRM_WEFT_RIGHT_SEM)
#define SEM_RW		(DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE | DRM_WEFT_BIND_SEM)

/* The port of the root complex that a card hangs below, by sysfs: cards below one port share a switch. */
static int root_port(int card, char port[32])
{
	char link[64], path[PATH_MAX];

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", ks_pci(card));
	if (!realpath(link, path))
		return -errno;
	return sscanf(path, "/sys/devices/pci%*[^/]/%31[^/]", port) == 1 ? 0 : -EINVAL;
}

static int all_pairs(void)
{
	struct drm_weft_device device;
	char port[2][32];

	for (int a = 0; a < ks_cards(); a++) {
		for (int b = 0; b < ks_cards(); b++) {
			struct drm_weft_query_peer query = { .peer_fd = ks_open(b) };
			int fd = ks_open(a);
			int64_t took;

			KS_OK(ks_device(fd, &device));
			took = ks_now_ns();
			KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
			took = ks_now_ns() - took;
			if (a == b) {
				KS_IS(query.refusal, DRM_WEFT_PEER_SELF);
			} else if (!device.p2p) {
				KS_IS(query.refusal, DRM_WEFT_PEER_NO_KERNEL);
				KS_IS(query.error, -EOPNOTSUPP);
				KS_IS(query.map_type, DRM_WEFT_PEER_MAP_NONE);
			} else {
				KS_IS(query.refusal, DRM_WEFT_PEER_OK);
				KS_IS(query.error, 0);
				KS_OK(root_port(a, port[0]));
				KS_OK(root_port(b, port[1]));
				printf("# %d to %d: by %s, distance %d, asked in %lld us\n", a, b,
				       query.map_type == DRM_WEFT_PEER_MAP_BUS ? "bus address" : "host bridge",
				       query.distance, (long long)took / 1000);
				KS_IS(query.detail, query.map_type == DRM_WEFT_PEER_MAP_BUS ? DRM_WEFT_PEER_DETAIL_NONE :
						    DRM_WEFT_PEER_DETAIL_HOST_BRIDGE);
				KS_IS(query.map_type, strcmp(port[0], port[1]) ? DRM_WEFT_PEER_MAP_HOST :
								      DRM_WEFT_PEER_MAP_BUS);
				KS_CHECK(query.distance >= 0);
				KS_CHECK(query.link > 0 && query.link < device.num_links);
			}
			close(fd);
			close(query.peer_fd);
		}
	}
	return 0;
}

static int bad_descriptors(void)
{
	struct drm_weft_query_peer query = { .peer_fd = -1 };
	int fd = ks_open(0);

	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EBADF);
	query = (struct drm_weft_query_peer){ .peer_fd = open("/dev/null", O_RDWR) };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EINVAL);
	close(query.peer_fd);
	query = (struct drm_weft_query_peer){ .peer_fd = fd, .pad = 1 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EINVAL);
	query = (struct drm_weft_query_peer){ .peer_fd = fd, .pad2 = 1 };
	KS_IS(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query), -EINVAL);
	close(fd);
	return 0;
}

/* A descriptor outlives its card: that is an answer, not an error; a new one works again. */
static int gone(void)
{
	struct drm_weft_query_peer query;
	int fd = ks_open(0), last = ks_cards() - 1, peer = ks_open(last);
	char pci[32];
	uint32_t before;

	if (ks_cards() < 2) {
		close(fd);
		close(peer);
		return ks_skip("two-cards");
	}
	snprintf(pci, sizeof(pci), "%s", ks_pci(last));
	query = (struct drm_weft_query_peer){ .peer_fd = peer };
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	before = query.refusal;
	KS_OK(ks_driver("unbind", pci));
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_GONE);
	KS_IS(query.error, -ENODEV);
	KS_IS(query.distance, -1);
	KS_OK(ks_driver("bind", pci));
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_GONE);
	close(peer);
	/* one whose reset failed is as good as gone, until it is bound again */
	query.peer_fd = peer = ks_open(last);
	KS_OK(ks_inject(last, WEFT_INJECT_RESET_FAILS, 0));
	(void)ks_reset(last);
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_GONE);
	KS_IS(query.error, -ENODEV);
	KS_OK(ks_driver("unbind", pci));
	close(peer);
	KS_OK(ks_driver("bind", pci));
	query.peer_fd = ks_open(last);
	KS_OK(ks_ioctl(fd, DRM_IOCTL_WEFT_QUERY_PEER, &query));
	KS_IS(query.refusal, before);
	close(query.peer_fd);
	close(fd);
	return 0;
}

/* A program of before the answer had details: its structure ends where `detail` begins. */
static int shorter_structure(void)
{
	struct drm_weft_query_peer query;
	unsigned long request = _IOC(_IOC_READ | _IOC_WRITE, DRM_IOCTL_BASE, DRM_COMMAND_BASE + DRM_WEFT_QUERY_PEER,
				     offsetof(struct drm_weft_query_peer, detail));
	int fd = ks_open(0);

	memset(&query, 0x5a, sizeof(query));
	memset(&query, 0, offsetof(struct drm_weft_query_peer, detail));
	query.peer_fd = fd;
	KS_OK(ks_ioctl(fd, request, &query));
	KS_IS(query.refusal, DRM_WEFT_PEER_SELF);
	KS_CHECK(query.detail == 0x5a5a5a5a && query.pad2 == 0x5a5a5a5a, "written past its end");
	close(fd);
	return 0;
}

/* Its import is the peer's only one, again and again, unless somebody else has one too. */
static int come_and_go(int dmabuf, volatile bool *end)
{
	int fd = ks_open(0);

	KS_CHECK(fd >= 0, "%d", fd);
	while (!*end) {
		uint32_t handle;

		KS_OK(ks_import(fd, dmabuf, &handle));
		KS_OK(ks_gem_close(fd, handle));
	}
	return 0;
}

static int signal_once(struct ks_uq *q, int dmabuf, uint64_t value)
{
	union weft_packet p = ks_pkt_signal(PEER_VA + 64, value, WEFT_SIG_VALUE);
	uint32_t handle;
	int r;

	KS_OK(ks_import(q->fd, dmabuf, &handle));
	KS_OK(ks_bind(q->fd, q->vm, handle, PEER_VA, 4096, SEM_RW));
	p.signal.scope = WEFT_SCOPE_SYSTEM;
	ks_uq_put(q, &p);
	r = ks_uq_drain(q);
	KS_CHECK(!r, "signal %llu: %d, cause %u", (unsigned long long)value, r, q->state->cause);
	KS_OK(ks_unbind(q->fd, q->vm, PEER_VA, 4096));
	KS_OK(ks_gem_close(q->fd, handle));
	return 0;
}

/*
 * Two processes import the same peer, each with one import that comes and goes: whoever has one can signal there with
 * system scope, whatever moment the other's last import ends at.
 */
static int last_import_ends(void)
{
	volatile bool *end = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long n = ks_iterations(300);
	int dmabuf, status, r = 0;
	struct ks_uq here, there;
	uint32_t handle;
	pid_t pid;

	KS_CHECK(end != MAP_FAILED);
	if (ks_cards() < 2)
		return ks_skip("two-cards");
	KS_OK(ks_uq_ready(&here, 0));
	KS_OK(ks_uq_open(&there, 1));
	KS_OK(ks_export(there.fd, there.cells_handle, SEM_RIGHTS, &dmabuf));
	r = ks_import(here.fd, dmabuf, &handle);
	if (r == -EOPNOTSUPP) {
		close(dmabuf);
		ks_uq_close(&there);
		ks_uq_close(&here);
		return ks_skip("p2pdma");
	}
	KS_OK(r);
	KS_OK(ks_gem_close(here.fd, handle));
	fflush(stdout);
	pid = fork();
	KS_CHECK(pid >= 0);
	if (!pid)
		_exit(come_and_go(dmabuf, end) ? 1 : 0);
	for (long i = 1; i <= n && !r; i++)
		r = signal_once(&here, dmabuf, i);
	*end = true;
	KS_CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status), "%#x", status);
	KS_DO(r);
	KS_CHECK(there.cells[2].value == (uint64_t)n, "%llu of %ld", (unsigned long long)there.cells[2].value, n);
	close(dmabuf);
	munmap((void *)end, 4096);
	ks_uq_close(&there);
	ks_uq_close(&here);
	return 0;
}

int main(void)
{
	static const struct ks_test tests[] = {
		{ "every pair of cards", all_pairs },
		{ "descriptors that are no card, padding", bad_descriptors },
		{ "callers with the structure of before", shorter_structure },
		{ "a descriptor whose card is gone", gone },
		{ "system scope while another's last import ends", last_import_ends },
	};

	return ks_main("peer", tests, sizeof(tests) / sizeof(tests[0]));
}
