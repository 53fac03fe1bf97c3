/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/*
 * What a member of an old epoch stores and signals when the others have long gone on without it is not taken for something of the
 * new one. Four members in processes of their own: the second waits on its card for the third, so that what it was to do after
 * that is held back; both cut their sockets, as those of a dying process, whose card still works, are. The other two shrink. Then
 * the third comes, and the second's queue goes on: to the old inboxes and arrival cells of all others.
 */
#include "coll_after.h"

#define NUMBERS		1024u
#define MARK		0x5a5a5a5au	/* in the memory of the new epoch */
#define BLOCK_BYTES	(8u << 20)
#define BLOCKS		64u

enum { TASK_KEPT, TASK_FREED, TASKS };

/* Sockets of the communicator, and of nothing else: for the others this process is gone. */
static int cut(const struct side *s)
{
	uint32_t cuts = 0;

	for (int fd = 3; fd < 1024; fd++) {
		int type = 0, domain = 0;
		socklen_t bytes = sizeof(int);

		if (fd == s->control || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &bytes) || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes))
			continue;
		cuts += domain == AF_UNIX && type == SOCK_SEQPACKET && !shutdown(fd, SHUT_RDWR);
	}
	RT_CHECK(cuts == s->l.n - 1, "%u sockets", cuts);
	return 0;
}

static int prepare(struct set *set, struct weft_coll **gate, struct weft_coll **late)
{
	const struct weft_coll_desc from_third = { .size = sizeof(from_third), .op = WEFT_COLL_SEND, .type = WEFT_TYPE_I32, .count = 16,
						   .algorithm = WEFT_COLL_PUSH, .root = 2, .peer = 1, .in = set->in, .out = set->out };
	const struct weft_coll_desc to_all = { .size = sizeof(to_all), .op = WEFT_COLL_ALL_GATHER, .type = WEFT_TYPE_I32, .count = NUMBERS,
					       .algorithm = WEFT_COLL_PUSH, .in = set->in, .out = set->out };

	RT_OK(weft_coll_prepare(set->comm, &from_third, gate));
	RT_OK(weft_coll_prepare(set->comm, &to_all, late));
	return 0;
}

static int fill_with(struct weft_memory *m, uint32_t pattern)
{
	RT_OK(weft_memory_fill(m, 0, pattern, 4, weft_memory_bytes(m)));
	return 0;
}

static int has_only(struct weft_memory *m, uint32_t pattern)
{
	static uint32_t data[BLOCK_BYTES / 4];

	for (uint64_t at = 0; at < weft_memory_bytes(m); at += sizeof(data)) {
		const uint64_t bytes = weft_memory_bytes(m) - at < sizeof(data) ? weft_memory_bytes(m) - at : sizeof(data);

		RT_OK(weft_memory_read(m, at, data, bytes));
		for (uint64_t i = 0; i < bytes / 4; i++)
			RT_CHECK(data[i] == pattern, "%#x at byte %llu", data[i], (unsigned long long)(at + i * 4));
	}
	return 0;
}

/* All that this process may have of the card, in blocks; what a stale translation could reach is among it. */
static int take_all(struct weft_device *card, struct weft_memory **block, uint32_t *num)
{
	for (*num = 0; *num < BLOCKS; ++*num) {
		const int ret = weft_memory_alloc(card, BLOCK_BYTES, WEFT_PLACE_LOCAL, &block[*num]);

		if (ret == -ENOSPC || ret == -EDQUOT)
			break;
		RT_OK(ret);
		if (fill_with(block[*num], MARK))
			return -1;
	}
	return 0;
}

/* The second: held back by the third, and late. */
static int second(struct side *s, struct set *set, struct weft_coll *gate, struct weft_coll *late)
{
	if (fill_with(weft_window_memory(set->in, 1), 0xbbbbbbbb))
		return -1;
	RT_OK(weft_coll_post(gate, 1, WEFT_COLL_EVERYBODY));
	RT_OK(weft_coll_post(late, 1, WEFT_COLL_EVERYBODY));
	RT_IS(weft_comm_wait(set->comm, RT_SECOND / 4), -ETIME);
	RT_CHECK(strstr(weft_last_error(), "member 1 waits for member 2, which has not come"), "%s", weft_last_error());
	if (cut(s) || side_tell(s->control))
		return -1;
	/* the first one's will is where it looks at last, behind its stores and its signals */
	RT_IS(weft_comm_wait(set->comm, JOIN_NS), -EOWNERDEAD);
	printf("# %s: late, and then: %s\n", s->task == TASK_KEPT ? "old memory kept" : "old memory freed", weft_last_error());
	RT_CHECK(strstr(weft_last_error(), "member 0, card 0, has stopped: ") || strstr(weft_last_error(), "member 3, card 3, has stopped: "),
		 "%s", weft_last_error());
	RT_CHECK(s->task == TASK_FREED || !strstr(weft_last_error(), "does not reach"), "it stored nothing: %s", weft_last_error());
	return side_tell(s->control) || side_hear(s->control);
}

static int third(struct side *s, struct set *set, struct weft_coll *gate)
{
	if (cut(s) || side_tell(s->control) || side_hear(s->control))
		return -1;
	RT_OK(weft_coll_post(gate, 1, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(set->comm, JOIN_NS));
	return side_hear(s->control);
}

/* One of the first and the last, which shrink: the first lets the late one go while it waits for the last in a call of the new epoch. */
static int survivor(struct side *s, struct set *set)
{
	struct weft_comm_info info = { .size = sizeof(info) };
	struct weft_coll_desc d = { .size = sizeof(d), .op = WEFT_COLL_ALL_GATHER, .type = WEFT_TYPE_I32, .count = NUMBERS,
				    .algorithm = WEFT_COLL_PUSH };
	struct weft_memory *block[BLOCKS];
	struct weft_device *card = set->card[s->me];
	struct set small = { .n = 2 };
	const uint32_t me = s->me ? 1 : 0;
	uint32_t num = 0, got[2 * NUMBERS];
	struct weft_coll *coll;

	if (s->me ? side_hear(s->control) : side_hear(s->line[0]) || side_hear(s->line[1]) || side_tell(s->line[2]))
		return -1;
	if (!s->me)
		RT_OK(weft_comm_revoke(set->comm));
	RT_OK(weft_comm_shrink(set->comm, JOIN_NS, &small.comm));
	RT_OK(weft_comm_info(small.comm, &info));
	RT_CHECK(info.members == 2 && info.old_rank[0] == 0 && info.old_rank[1] == 3 && info.epoch == 2, "%u members, epoch %llu", info.members,
		 (unsigned long long)info.epoch);
	if (s->task == TASK_FREED)
		side_drop(set);
	if (side_windows(&small))
		return -1;
	d.in = small.in;
	d.out = small.out;
	RT_OK(weft_coll_prepare(small.comm, &d, &coll));
	if (take_all(card, block, &num) || fill_with(weft_window_memory(small.in, me), me + 1) || fill_with(weft_window_memory(small.out, me), MARK))
		return -1;
	if (!s->me) {
		RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
		RT_IS(weft_comm_wait(small.comm, RT_SECOND / 4), -ETIME);
		RT_CHECK(strstr(weft_last_error(), "member 0 waits for member 1, which has not come"), "%s", weft_last_error());
		if (side_tell(s->line[1]) || side_hear(s->line[0]))
			return -1;
		/* it has come, and nobody has taken it for the last */
		RT_IS(weft_comm_wait(small.comm, RT_SECOND / 4), -ETIME);
		RT_CHECK(strstr(weft_last_error(), "member 0 waits for member 1, which has not come"), "%s", weft_last_error());
	} else if (side_hear(s->control)) {
		return -1;
	}
	if (has_only(weft_window_memory(small.out, me), MARK) || has_only(weft_window_memory(small.in, me), me + 1) ||
	    (!s->me && side_tell(s->line[2])))
		return -1;
	if (s->me)
		RT_OK(weft_coll_post(coll, 1, WEFT_COLL_EVERYBODY));
	RT_OK(weft_comm_wait(small.comm, JOIN_NS));
	RT_OK(weft_memory_read(weft_window_memory(small.out, me), 0, got, sizeof(got)));
	for (uint32_t i = 0; i < 2 * NUMBERS; i++)
		RT_CHECK(got[i] == 1 + i / NUMBERS, "number %u is %#x", i, got[i]);
	printf("# %s: nothing of it in %u blocks of %u MiB\n", s->task == TASK_KEPT ? "old memory kept" : "old memory freed", num, BLOCK_BYTES >> 20);
	for (uint32_t i = 0; i < num; i++) {
		if (has_only(block[i], MARK))
			return -1;
		RT_OK(weft_memory_destroy(block[i]));
	}
	RT_OK(weft_coll_destroy(coll));
	RT_OK(weft_window_destroy(small.in));
	RT_OK(weft_window_destroy(small.out));
	small.in = small.out = NULL;
	/* many calls, with both turns of inboxes and cells */
	if (right(&small, s->seed))
		return -1;
	side_drop(&small);
	return 0;
}

static int late_store(struct weft *weft, struct side *s)
{
	struct weft_coll *gate, *late;
	struct set set;
	int ret;

	if (side_open(weft, s, &set) || prepare(&set, &gate, &late))
		return -1;
	if (s->me == 1 || s->me == 2) {
		ret = s->me == 1 ? second(s, &set, gate, late) : third(s, &set, gate);
		weft_coll_destroy(gate);
		weft_coll_destroy(late);
	} else {
		/* nobody uses them here */
		RT_OK(weft_coll_destroy(gate));
		RT_OK(weft_coll_destroy(late));
		ret = survivor(s, &set);
	}
	for (uint32_t i = 0; !s->me && i < 2 && !ret; i++)
		ret = side_tell(s->line[i]);
	side_drop(&set);
	return ret ? ret : cards_close(&set);
}

static const side_task tasks[TASKS] = { [TASK_KEPT] = late_store, [TASK_FREED] = late_store };

static int run(struct weft *weft, uint32_t task)
{
	struct side s = { .task = task, .l = { 4, { 0, 1, 2, 3 }, { 0, 1, 2, 3 } }, .seed = rt_number("SEED", 1) };
	const int skip = needs(weft, 4);

	return skip ? skip : side_run(weft, &s, 3, tasks[task]);
}

static int kept(struct weft *weft)
{
	return run(weft, TASK_KEPT);
}

static int freed(struct weft *weft)
{
	return run(weft, TASK_FREED);
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "a late store of an old epoch, whose memory is still there", kept },
		{ "a late store of an old epoch, whose memory was freed", freed },
	};

	return argc > 1 ? side_main(argv, tasks) : rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
