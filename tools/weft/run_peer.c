// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "run_peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MS		1000000ull
#define AGAIN_MS	20

/* One edge on its way. */
struct meeting {
	struct weft_edge *edge;
	struct sockaddr_un at;
	bool exported;
	int fd;			/* listens, then is connected; -1: not yet */
	bool made;		/* the path */
};

int run_peers_add(struct run_peers *peers, const char *word)
{
	const char *path = strchr(word, '=');

	if (!path || path == word || !path[1])
		return cmd_error("run", "--peer %s: want EDGE=PATH", word);
	if (strlen(path + 1) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return cmd_error("run", "--peer %s: a path of %zu bytes; the address of a socket has %zu", word, strlen(path + 1),
				 sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	if (peers->count == MAX_PEERS)
		return cmd_error("run", "--peer %s: at most %d edges", word, MAX_PEERS);
	peers->word[peers->count++] = word;
	return 0;
}

static bool names(const char *word, const char *edge)
{
	const size_t n = strlen(edge);

	return !strncmp(word, edge, n) && word[n] == '=';
}

static int begin(struct meeting *m, const char *word, const struct weft_plan *plan, const char *file)
{
	const size_t n = (size_t)(strchr(word, '=') - word);
	char name[256];
	uint32_t flags;

	*m = (struct meeting) { .fd = -1, .at.sun_family = AF_UNIX };
	snprintf(name, sizeof(name), "%.*s", (int)n, word);
	m->edge = weft_plan_edge(plan, name);
	if (!m->edge)
		return cmd_error("run", "%s: --peer %s: %s", file, word, weft_last_error());
	flags = weft_edge_flags(m->edge);
	m->exported = flags & WEFT_EDGE_EXPORT;
	if (!(flags & (WEFT_EDGE_EXPORT | WEFT_EDGE_IMPORT)))
		return cmd_error("run", "%s: --peer %s: both ends of the edge are in this plan", file, word);
	snprintf(m->at.sun_path, sizeof(m->at.sun_path), "%s", word + n + 1);	/* it fits: run_peers_add() */
	return 0;
}

/* Is there an edge that nobody named? */
static int complete(const struct run_peers *peers, const struct weft_plan *plan, const char *file)
{
	struct weft_edge *e;

	for (uint32_t i = 0; (e = weft_plan_edge_at(plan, i)); i++) {
		uint32_t n = 0;

		if (!(weft_edge_flags(e) & (WEFT_EDGE_EXPORT | WEFT_EDGE_IMPORT)))
			continue;
		for (uint32_t k = 0; k < peers->count; k++)
			n += names(peers->word[k], weft_edge_name(e));
		if (n != 1)
			return cmd_error("run", n ? "%s: edge %s has more than one --peer" :
					 "%s: the other end of edge %s is in another process: --peer %s=PATH", file, weft_edge_name(e),
					 weft_edge_name(e));
	}
	return 0;
}

static int failed(const struct meeting *m, const char *file, int error)
{
	return cmd_error("run", "%s: edge %s: %s: %s", file, weft_edge_name(m->edge), m->at.sun_path,
			 error == EADDRINUSE ? "is there already; remove it if no process waits there" : strerror(error));
}

static int make(struct meeting *m, const char *file)
{
	m->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (m->fd < 0 || bind(m->fd, (struct sockaddr *)&m->at, sizeof(m->at)))
		return failed(m, file, errno);
	m->made = true;
	return listen(m->fd, 1) ? failed(m, file, errno) : 0;
}

/* The other process makes the path when it comes so far. */
static int look(struct meeting *m, const char *file, uint64_t deadline_ns)
{
	for (;;) {
		int error;

		m->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
		if (m->fd >= 0 && !connect(m->fd, (struct sockaddr *)&m->at, sizeof(m->at)))
			return 0;
		error = errno;
		if (m->fd < 0 || (error != ENOENT && error != ECONNREFUSED) || now_ns() > deadline_ns)
			return failed(m, file, error);
		close(m->fd);
		nanosleep(&(struct timespec) { .tv_nsec = AGAIN_MS * (long)MS }, NULL);
	}
}

static int await(struct meeting *m, const char *file, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = m->fd, .events = POLLIN };
	int fd;

	for (;;) {
		const uint64_t now = now_ns(), left = now < deadline_ns ? deadline_ns - now : 0;
		const int ret = poll(&p, 1, (int)((left + MS - 1) / MS));

		if (ret > 0)
			break;
		if (!ret)
			return failed(m, file, ETIMEDOUT);
		if (errno != EINTR)
			return failed(m, file, errno);
	}
	fd = accept(m->fd, NULL, NULL);
	if (fd < 0)
		return failed(m, file, errno);
	close(m->fd);
	m->fd = fd;
	return 0;
}

int run_peers_meet(const struct run_peers *peers, const struct weft_plan *plan, const char *file, uint64_t timeout_ns)
{
	const uint64_t deadline = now_ns() + timeout_ns;
	struct meeting m[MAX_PEERS];
	uint32_t n = 0;
	int ret = 0;

	for (; n < peers->count && !ret; n++)
		ret = begin(&m[n], peers->word[n], plan, file);
	if (!ret)
		ret = complete(peers, plan, file);
	/* all paths first: plans may have edges both ways, and who connects need not be accepted yet */
	for (uint32_t i = 0; i < n && !ret; i++)
		ret = m[i].exported ? make(&m[i], file) : 0;
	for (uint32_t i = 0; i < n && !ret; i++)
		ret = m[i].exported ? 0 : look(&m[i], file, deadline);
	for (uint32_t i = 0; i < n && !ret; i++)
		ret = m[i].exported ? await(&m[i], file, deadline) : 0;
	for (uint32_t i = 0; i < n && !ret; i++)
		if (weft_edge_connect(m[i].edge, m[i].fd, timeout_ns))
			ret = cmd_error("run", "%s: %s", file, weft_last_error());
	for (uint32_t i = 0; i < n; i++) {
		if (m[i].made)
			unlink(m[i].at.sun_path);
		if (m[i].fd >= 0)
			close(m[i].fd);
	}
	return ret;
}
