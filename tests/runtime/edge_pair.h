/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Two plans with edges between them, of one process: they meet as those of two do. */
#ifndef EDGE_PAIR_H
#define EDGE_PAIR_H

#include <pthread.h>
#include <sys/socket.h>

#include "rt_tap.h"

#define PAIR_NS		(60 * RT_SECOND)

static inline int pair_connect(struct weft_edge *from, struct weft_edge *to)
{
	int sock[2];

	RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), "socketpair");
	RT_OK(weft_edge_connect(from, sock[0], PAIR_NS));
	RT_OK(weft_edge_connect(to, sock[1], PAIR_NS));
	close(sock[0]);
	close(sock[1]);
	return 0;
}

struct pair_load {
	struct weft_plan *plan;
	int ret;
	char text[512];
};

static inline void *pair_load_one(void *arg)
{
	struct pair_load *l = arg;

	l->ret = weft_plan_load(l->plan);
	snprintf(l->text, sizeof(l->text), "%s", l->ret ? weft_last_error() : "");
	return NULL;
}

/* Both at the same time; what became of each is in @l. */
static inline int pair_load(struct pair_load l[2], struct weft_plan *a, struct weft_plan *b)
{
	pthread_t thread;

	l[0] = (struct pair_load) { .plan = a };
	l[1] = (struct pair_load) { .plan = b };
	RT_CHECK(!pthread_create(&thread, NULL, pair_load_one, &l[1]), "thread");
	pair_load_one(&l[0]);
	pthread_join(thread, NULL);
	return 0;
}

static inline int pair_loaded(struct weft_plan *a, struct weft_plan *b)
{
	struct pair_load l[2];

	if (pair_load(l, a, b))
		return -1;
	RT_CHECK(!l[0].ret && !l[1].ret, "loads: %s; %s", l[0].text, l[1].text);
	return 0;
}

#endif
