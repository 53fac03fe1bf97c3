/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * A communicator over several processes, as tests have it: this program is started again for each of the others, and all do the
 * same task, each with its own members.
 */
#ifndef COLL_SIDE_H
#define COLL_SIDE_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "coll_mean.h"

#define OTHERS	3u
#define JOIN_NS	(60 * RT_SECOND)

/* Which process has each member, and its card */
struct layout {
	uint32_t n;
	uint32_t process[MOST], card[MOST];
};

struct side {
	uint32_t me, task;
	struct layout l;
	char path[64];
	uint64_t seed, count;
	uint32_t flags;			/* of the communicator */
	int control;			/* of the others: to the first */
	/* of the first: the others */
	uint32_t num;
	pid_t pid[OTHERS];
	int line[OTHERS];
};

typedef int (*side_task)(struct weft *weft, struct side *s);

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * RT_SECOND + (uint64_t)ts.tv_nsec;
}

/* Members of this process are opened: a card each. */
static inline int side_cards(struct weft *weft, struct side *s, struct set *set)
{
	*set = (struct set) { .n = s->l.n };
	for (uint32_t r = 0; r < s->l.n; r++)
		if (s->l.process[r] == s->me)
			RT_OK(weft_device_open(weft, "card", s->l.card[r], &set->card[r]));
	return 0;
}

static inline int side_join(struct side *s, struct set *set, const char *path, uint64_t timeout_ns)
{
	const struct weft_comm_config config = { .size = sizeof(config), .name = "test", .flags = s->flags };
	struct weft_device *device[MOST];
	uint32_t rank[MOST];
	struct weft_comm_meeting m = {
		.size = sizeof(m), .members = s->l.n, .devices = device, .ranks = rank, .path = path, .timeout_ns = timeout_ns,
	};

	for (uint32_t r = 0; r < s->l.n; r++)
		if (s->l.process[r] == s->me) {
			device[m.count] = set->card[r];
			rank[m.count++] = r;
		}
	return weft_comm_join(&m, &config, &set->comm);
}

static inline int side_windows(struct set *set)
{
	RT_OK(weft_window_create(set->comm, BYTES + GAP, &set->in));
	RT_OK(weft_window_create(set->comm, BYTES + GAP, &set->out));
	return 0;
}

static inline int side_open(struct weft *weft, struct side *s, struct set *set)
{
	if (side_cards(weft, s, set))
		return -1;
	RT_OK(side_join(s, set, s->path, JOIN_NS));
	return side_windows(set);
}

/* Also of one that failed, whose memory may be lost with a card. */
static inline void side_drop(struct set *set)
{
	if (set->in)
		weft_window_destroy(set->in);
	if (set->out)
		weft_window_destroy(set->out);
	if (set->comm)
		weft_comm_destroy(set->comm);
	set->in = set->out = NULL;
	set->comm = NULL;
}

static inline int cards_close(struct set *set)
{
	for (uint32_t r = 0; r < set->n; r++)
		if (set->card[r])
			RT_OK(weft_device_close(set->card[r]));
	return 0;
}

static inline int side_close(struct set *set)
{
	if (set->in)
		RT_OK(weft_window_destroy(set->in));
	if (set->out)
		RT_OK(weft_window_destroy(set->out));
	RT_OK(weft_comm_destroy(set->comm));
	return cards_close(set);
}

/* --- the other processes --- */

static inline int side_start(struct side *s, uint32_t num)
{
	static uint32_t serial;

	snprintf(s->path, sizeof(s->path), "@weft-test-%d-%u", (int)getpid(), serial++);
	s->num = num;
	for (uint32_t i = 0; i < num; i++) {
		char text[9][64], *args[11] = { "coll_side" };
		int line[2], n = 0;

		RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, line), "socketpair");
		s->line[i] = line[0];
		snprintf(text[n++], 64, "%u", s->task);
		snprintf(text[n++], 64, "%u", i + 1);
		snprintf(text[n++], 64, "%d", line[1]);
		snprintf(text[n++], 64, "%llu", (unsigned long long)s->seed);
		snprintf(text[n++], 64, "%llu", (unsigned long long)s->count);
		snprintf(text[n++], 64, "%s", s->path);
		text[n][0] = 0;
		for (uint32_t r = 0; r < s->l.n; r++)
			snprintf(text[n] + strlen(text[n]), 64 - strlen(text[n]), "%u%u", s->l.process[r], s->l.card[r]);
		n++;
		for (int k = 0; k < n; k++)
			args[1 + k] = text[k];
		fflush(stdout);
		s->pid[i] = fork();
		RT_CHECK(s->pid[i] >= 0, "fork");
		if (!s->pid[i]) {	/* a fresh program: the library does not survive fork */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (uint32_t k = 0; k <= i; k++)
				close(s->line[k]);
			execv("/proc/self/exe", args);
			_exit(2);
		}
		close(line[1]);
	}
	return 0;
}

static inline int side_end(struct side *s, uint32_t i, bool killed)
{
	int status;

	close(s->line[i]);
	RT_CHECK(waitpid(s->pid[i], &status, 0) == s->pid[i], "waitpid");
	if (killed)
		RT_CHECK(WIFSIGNALED(status), "process %u ended with %#x before it was killed", i + 1, (unsigned int)status);
	else
		RT_CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "process %u ended with %#x", i + 1, (unsigned int)status);
	return 0;
}

/* All processes do @task; what the first one says comes first. */
static inline int side_run(struct weft *weft, struct side *s, uint32_t num, side_task task)
{
	int ret;

	if (side_start(s, num))
		return -1;
	ret = task(weft, s);
	for (uint32_t i = 0; i < num; i++) {
		char text[sizeof(rt_text)];

		if (ret) {
			kill(s->pid[i], SIGKILL);
			snprintf(text, sizeof(text), "%s", rt_text);
			side_end(s, i, true);
			snprintf(rt_text, sizeof(rt_text), "%s", text);
		} else {
			ret = side_end(s, i, false);
		}
	}
	return ret;
}

/* The same with so many cards; RT_SKIP without */
static inline int side_run_on(struct weft *weft, uint32_t cards, struct side *s, uint32_t num, side_task task)
{
	const int skip = needs(weft, cards);

	return skip ? skip : side_run(weft, s, num, task);
}

/* The processes that a layout has besides the first */
static inline uint32_t others_of(const struct layout *l)
{
	uint32_t num = 0;

	for (uint32_t r = 0; r < l->n; r++)
		num = l->process[r] > num ? l->process[r] : num;
	return num;
}

/* A byte one way, so that one is not ahead of the other */
static inline int side_tell(int line)
{
	RT_CHECK(send(line, "", 1, MSG_NOSIGNAL) == 1, "nobody to tell");
	return 0;
}

static inline int side_hear(int line)
{
	char byte;

	RT_CHECK(recv(line, &byte, 1, 0) == 1, "another process says nothing");
	return 0;
}

static inline int side_main(char **argv, const side_task *tasks)
{
	struct side s = { .task = (uint32_t)atoi(argv[1]), .me = (uint32_t)atoi(argv[2]), .control = atoi(argv[3]),
			  .seed = strtoull(argv[4], NULL, 10), .count = strtoull(argv[5], NULL, 10) };
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(s.path, sizeof(s.path), "%s", argv[6]);
	for (const char *c = argv[7]; *c; c += 2, s.l.n++) {
		s.l.process[s.l.n] = (uint32_t)(c[0] - '0');
		s.l.card[s.l.n] = (uint32_t)(c[1] - '0');
	}
	ret = tasks[s.task](weft_open(), &s);
	if (ret)
		printf("# process %u: %s\n", s.me, rt_text);
	return ret ? 1 : 0;
}

#endif
