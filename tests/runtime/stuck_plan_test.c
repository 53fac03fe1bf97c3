/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Plans that stand still for each reason there is, and what the report says of them. */
#include <fcntl.h>
#include <weft/look.h>
#include <weft/plan_text.h>

#include "plan_rig.h"

#define INJECT_HANG	2	/* of the card contract: the next unit of a queue never ends by itself */
#define LOOKS		3000	/* of a millisecond, until a report is what is wanted */
#define MAX		8u

struct line {
	struct rig r;
	struct weft_body *b[3];
	struct weft_memory *cells;	/* of the host */
	uint32_t devices;
};

/* Three bodies in a chain, the last on the last of @cards; not loaded yet. */
static int line_open(struct weft *weft, struct line *l, uint32_t cards)
{
	static const char *const names[] = { "source", "middle", "sink" }, *const edges[] = { "", "early", "late" };
	const struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };

	*l = (struct line) { .devices = cards };
	if (rig_open(weft, &l->r, cards, NULL))
		return -1;
	RT_OK(weft_memory_create(l->r.card[0], &cells, &l->cells));
	for (uint32_t i = 0; i < 3; i++) {
		struct weft_edge *e;

		l->b[i] = body_of(l->r.plan, names[i], i == 2 ? cards - 1 : 0, NULL, 0);
		RT_CHECK(l->b[i], "%s", rt_text);
		if (!i)
			continue;
		e = edge_of(l->r.plan, edges[i], 2, 0, 0, NULL);
		RT_CHECK(e, "%s", rt_text);
		RT_OK(weft_body_output(l->b[i - 1], e, 1));
		RT_OK(weft_body_fill(l->b[i - 1], weft_body_out(l->b[i - 1], e, 0), BLOCK, i, 4));
		RT_OK(weft_body_input(l->b[i], e, 1));
	}
	return 0;
}

static int line_close(struct line *l)
{
	if (l->r.plan)
		weft_plan_destroy(l->r.plan);	/* of a card that was reset it says so */
	l->r.plan = NULL;
	weft_memory_destroy(l->cells);
	return rig_close(&l->r);
}

static const struct weft_stuck *of(const struct weft_stuck *r, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(r[i].name, name))
			return &r[i];
	return NULL;
}

struct want {
	const char *name;
	enum weft_stuck_kind kind, root_kind;
	const char *root;		/* NULL: any */
	const char *edge;		/* NULL: any */
};

static bool is(struct weft_plan *plan, const struct weft_stuck *r, int n, const struct want *w)
{
	const struct weft_stuck *s = of(r, n, w->name);
	struct weft_body_info b = { .size = sizeof(b), .name = "" };

	if (!s || s->kind != w->kind || s->root_kind != w->root_kind || (w->edge && strcmp(s->edge, w->edge)))
		return false;
	return !w->root || (!weft_plan_body_info(plan, s->root, &b) && !strcmp(b.name, w->root));
}

/* Looks until the report has all that is wanted; the reports, and how many. */
static int report(struct weft_plan *plan, const struct want *want, int count, struct weft_stuck *r)
{
	char text[2048];
	int n = 0;

	for (int i = 0; i < LOOKS; i++, usleep(1000)) {
		int right = 0;

		n = weft_plan_stuck(plan, r, MAX, sizeof(*r));
		RT_OK(n);
		RT_CHECK(n <= (int)MAX, "%d lanes", n);
		for (int j = 0; j < count; j++)
			right += is(plan, r, n, &want[j]);
		if (right == count) {
			RT_OK(weft_plan_stuck_text(plan, text, sizeof(text)));
			for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
				printf("# %s\n", at);
			return n;
		}
	}
	RT_OK(weft_plan_stuck_text(plan, text, sizeof(text)));
	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
		printf("# %s\n", at);
	return rt_say(-1, "the report is another");
}

/* The error of a wait says it, too. */
static int says(struct weft_plan *plan, uint64_t seq, int want, const char *one, const char *other)
{
	RT_IS(weft_plan_wait(plan, seq, 50 * MS), want);
	RT_CHECK(strstr(weft_last_error(), one) && strstr(weft_last_error(), other), "%s", weft_last_error());
	return 0;
}

static int gate(struct weft *weft)
{
	static const struct want want[] = {
		{ "source", WEFT_STUCK_GATE, WEFT_STUCK_GATE, "source", "gate" },
		{ "middle", WEFT_STUCK_GATE, WEFT_STUCK_GATE, "source", "early" },
		{ "sink", WEFT_STUCK_GATE, WEFT_STUCK_GATE, "source", "late" },
	};
	struct weft_stats before = { .size = sizeof(before) }, after = before;
	struct weft_stuck r[MAX];
	struct line l;

	if (line_open(weft, &l, 1))
		return -1;
	RT_IS(weft_plan_stuck(l.r.plan, r, MAX, sizeof(r[0])), -EINVAL);	/* not loaded */
	RT_OK(weft_plan_load(l.r.plan));
	RT_OK(weft_plan_run(l.r.plan, 7, NULL));
	RT_OK(weft_plan_wait(l.r.plan, 6, 10 * RT_SECOND));
	RT_IS(report(l.r.plan, want, 3, r), 3);
	RT_CHECK(of(r, 3, "source")->wanted == 8 && of(r, 3, "source")->actual == 7 && of(r, 3, "source")->seq == 7, "wanted %llu",
		 (unsigned long long)of(r, 3, "source")->wanted);
	RT_OK(weft_stats_get(weft, &before));
	RT_IS(weft_plan_stuck(l.r.plan, NULL, 0, 0), 3);
	RT_OK(weft_stats_get(weft, &after));
	RT_CHECK(before.ioctls == after.ioctls, "%llu calls", (unsigned long long)(after.ioctls - before.ioctls));
	RT_IS(weft_plan_stuck(l.r.plan, r, 1, 8), -EINVAL);
	return line_close(&l);
}

/* The host feeds the source, and stops after two. */
static int starved(struct weft *weft)
{
	static const struct want want[] = {
		{ "source", WEFT_STUCK_STARVED, WEFT_STUCK_STARVED, "source", "feed" },
		{ "middle", WEFT_STUCK_STARVED, WEFT_STUCK_STARVED, "source", "early" },
		{ "sink", WEFT_STUCK_STARVED, WEFT_STUCK_STARVED, "source", "late" },
	};
	struct weft_stuck r[MAX];
	struct line l;

	if (line_open(weft, &l, 1))
		return -1;
	RT_OK(weft_body_wait_all(l.b[0], "feed", 0, &(struct weft_body_cell) { .cells = l.cells, .base = 1, .step = 1 }, 1));
	RT_OK(weft_plan_load(l.r.plan));
	RT_OK(weft_cell_signal(l.cells, 0, 2));
	RT_OK(weft_plan_run(l.r.plan, 4, NULL));
	RT_OK(weft_plan_wait(l.r.plan, 1, 10 * RT_SECOND));
	RT_IS(report(l.r.plan, want, 3, r), 3);
	RT_CHECK(!strcmp(r[0].name, "source") && r[0].wanted == 3 && r[0].actual == 2 && r[0].seq == 2 && r[0].since_ns &&
		 r[0].peer == WEFT_STUCK_NOBODY, "%s wants %llu", r[0].name, (unsigned long long)r[0].wanted);
	RT_CHECK(of(r, 3, "sink")->wanted == 3 && of(r, 3, "sink")->actual == 2, "sink wants %llu",
		 (unsigned long long)of(r, 3, "sink")->wanted);
	if (says(l.r.plan, 3, -ETIME, "starved: body source", "feed"))
		return -1;
	RT_OK(weft_cell_signal(l.cells, 0, 4));
	RT_OK(weft_plan_wait(l.r.plan, 3, 10 * RT_SECOND));
	return line_close(&l);
}

/* The sink keeps its first block, because a reader of what it made does not go on. */
static int credit(struct weft *weft)
{
	static const struct want want[] = {
		{ "source", WEFT_STUCK_CREDIT, WEFT_STUCK_CREDIT, "sink", "early" },
		{ "middle", WEFT_STUCK_CREDIT, WEFT_STUCK_CREDIT, "sink", "late" },
		{ "sink", WEFT_STUCK_CREDIT, WEFT_STUCK_CREDIT, "sink", "reader" },
	};
	struct weft_stuck r[MAX];
	struct line l;

	if (line_open(weft, &l, 1))
		return -1;
	RT_OK(weft_body_wait_all(l.b[2], "reader", WEFT_BODY_CREDIT,
				 &(struct weft_body_cell) { .cells = l.cells, .base = 1, .step = 1 }, 1));
	RT_OK(weft_plan_load(l.r.plan));
	RT_OK(weft_plan_run(l.r.plan, 20, NULL));
	RT_IS(report(l.r.plan, want, 3, r), 3);
	RT_CHECK(!strcmp(r[0].name, "sink") && r[0].wanted == 1 && !r[0].actual, "%s", r[0].name);
	RT_CHECK(of(r, 3, "middle")->peer == 2 && of(r, 3, "source")->peer == 1, "peers");
	if (says(l.r.plan, 19, -ETIME, "credit: body sink", "reader"))
		return -1;
	RT_OK(weft_cell_signal(l.cells, 0, 20));
	RT_OK(weft_plan_wait(l.r.plan, 19, 10 * RT_SECOND));
	return line_close(&l);
}

static int pci_of(struct weft_device *card, char *text, size_t bytes)
{
	struct weft_device_info i = { .size = sizeof(i) };

	RT_OK(weft_device_info(card, &i));
	snprintf(text, bytes, "%04x:%02x:%02x.%x", i.pci >> 16, i.pci >> 8 & 0xff, i.pci >> 3 & 0x1f, i.pci & 7);
	return 0;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : rt_say(-1, "%s: %s", path, strerror(errno));
}

/* Number of the card for user queue @index of those that it has; lanes are made in order. -1: no debugfs */
static long queue_number(const char *pci, int index)
{
	char path[128], text[1024];
	long number = -1, found = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%s/queues", pci);
	f = fopen(path, "r");
	while (f && fgets(text, sizeof(text), f))
		if (sscanf(text, "queue %ld kind user", &number) == 1 && strstr(text, " kind user ") && !index--)
			found = number;
	if (f)
		fclose(f);
	return found;
}

static int hung(struct weft *weft)
{
	static const struct want want[] = {
		{ "source", WEFT_STUCK_CREDIT, WEFT_STUCK_HUNG, "middle", "early" },
		{ "middle", WEFT_STUCK_HUNG, WEFT_STUCK_HUNG, "middle", NULL },
		{ "sink", WEFT_STUCK_STARVED, WEFT_STUCK_HUNG, "middle", "late" },
	}, later[] = {
		{ "middle", WEFT_STUCK_HUNG, WEFT_STUCK_HUNG, "middle", NULL },
		{ "sink", WEFT_STUCK_DEAD_PEER, WEFT_STUCK_HUNG, "middle", NULL },
	};
	char pci[16], path[128], text[32];
	struct weft_stuck r[MAX];
	struct line l;
	long number;

	if (line_open(weft, &l, 1))
		return -1;
	RT_OK(weft_plan_load(l.r.plan));
	RT_OK(weft_plan_run(l.r.plan, 2, NULL));
	RT_OK(weft_plan_wait(l.r.plan, 1, 10 * RT_SECOND));
	if (pci_of(l.r.card[0], pci, sizeof(pci)))
		return -1;
	number = queue_number(pci, 1);
	if (number < 0)
		return line_close(&l) ? -1 : rt_say(RT_SKIP, "debugfs");
	snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%s/inject", pci);
	snprintf(text, sizeof(text), "%d %ld", INJECT_HANG, number);
	if (put(path, text))
		return -1;
	RT_OK(weft_plan_run(l.r.plan, 20, NULL));
	RT_IS(report(l.r.plan, want, 3, r), 3);
	RT_CHECK(!strcmp(r[0].name, "middle") && r[0].seq == 2 && r[0].age_ns >= WEFT_STUCK_LEAST_NS, "%s, sequence %llu", r[0].name,
		 (unsigned long long)r[0].seq);
	/* then the card stops it */
	RT_IS(weft_plan_wait(l.r.plan, 21, 20 * RT_SECOND), -EOWNERDEAD);
	RT_OK(report(l.r.plan, later, 2, r));
	RT_CHECK(!strcmp(r[0].name, "middle") && !strcmp(weft_fault_name(r[0].cause), "hang"), "%s: %s", r[0].name,
		 weft_fault_name(r[0].cause));
	return line_close(&l);
}

/* The card of the sink is reset while the plan runs. */
static int dead_peer(struct weft *weft)
{
	static const struct want want[] = {
		{ "middle", WEFT_STUCK_DEAD_PEER, WEFT_STUCK_DEAD_PEER, "sink", NULL },
		{ "sink", WEFT_STUCK_DEAD_PEER, WEFT_STUCK_DEAD_PEER, "sink", NULL },
	};
	int skip = rig_reach(weft, 2);
	char pci[16], path[128];
	struct weft_stuck r[MAX];
	struct line l;

	if (skip)
		return skip;
	if (line_open(weft, &l, 2))
		return -1;
	RT_OK(weft_body_timed(l.b[2], MS));
	RT_OK(weft_plan_load(l.r.plan));
	RT_OK(weft_plan_run(l.r.plan, 100000, NULL));
	RT_OK(weft_plan_wait(l.r.plan, 5, 10 * RT_SECOND));
	if (pci_of(l.r.card[1], pci, sizeof(pci)))
		return -1;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", pci);
	if (put(path, "1"))
		return -1;
	RT_OK(report(l.r.plan, want, 2, r));
	RT_CHECK(r[0].device == 1, "card %u", r[0].device);
	if (says(l.r.plan, 99999, -EOWNERDEAD, "dead peer: body sink", "was reset"))
		return -1;
	printf("# %s\n", weft_last_error());
	return line_close(&l);
}

struct arrival {
	struct rig r;
	struct weft_memory *data[2], *inbox[2], *far[2];
	struct weft_edge *log[2];
};

/*
 * Two bodies that add up what both cards have, after each has told the other that it is there. Both tell one name of what they
 * are about to do, or two.
 */
static int arrive(struct weft *weft, struct arrival *a, uint64_t tag, uint64_t other)
{
	const struct weft_memory_desc inbox = { .size = sizeof(inbox), .bytes = 4096, .flags = WEFT_MEMORY_CELLS_PEER };
	struct weft_constant *c[2];
	float block[N];

	if (rig_open(weft, &a->r, 2, NULL))
		return -1;
	for (uint32_t i = 0; i < 2; i++) {
		for (uint32_t j = 0; j < N; j++)
			block[j] = (float)(i + 1);
		RT_OK(weft_memory_alloc(a->r.card[i], BLOCK, WEFT_PLACE_LOCAL, &a->data[i]));
		RT_OK(weft_memory_write(a->data[i], 0, block, BLOCK));
		RT_OK(weft_constant_create(a->r.plan, i ? "right" : "left", BLOCK, a->data[i], &c[i]));
		RT_OK(weft_memory_create(a->r.card[i], &inbox, &a->inbox[i]));
		RT_OK(weft_memory_import(a->r.card[!i], a->inbox[i], WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL, &a->far[i]));
	}
	for (uint32_t i = 0; i < 2; i++) {
		struct weft_body *b = body_of(a->r.plan, i ? "sum right" : "sum left", i, NULL, 0);
		const uint64_t t = i ? other : tag;
		struct weft_body_cell to = { .cells = a->far[!i], .base = 1, .step = 1, .tag = t }, from = to;
		uint64_t src[2], dst;

		RT_CHECK(b, "%s", rt_text);
		a->log[i] = log_of(a->r.plan, b, i ? "log right" : "log left", 4);
		RT_CHECK(a->log[i], "%s", rt_text);
		from.cells = a->inbox[i];
		RT_OK(weft_body_signal_all(b, "arrival", WEFT_CELL_TAG, &to, 1));
		RT_IS(weft_body_wait_all(b, "arrival", WEFT_CELL_TAG, &to, 1), -EINVAL);	/* not its card's memory */
		RT_OK(weft_body_wait_all(b, "arrival", WEFT_CELL_TAG, &from, 1));
		RT_IS(weft_plan_print(a->r.plan, 0, stdout), -EINVAL);		/* cells of ours are in no text */
		src[0] = weft_body_constant(b, c[0]);
		src[1] = weft_body_constant(b, c[1]);
		dst = weft_body_out(b, a->log[i], 0);
		RT_OK(weft_body_reduce(b, WEFT_TYPE_F32, WEFT_REDUCTION_SUM, src, 2, &dst, 1, N));
	}
	RT_OK(weft_plan_load(a->r.plan));
	return 0;
}

static int arrival_close(struct arrival *a)
{
	RT_OK(weft_plan_destroy(a->r.plan));
	a->r.plan = NULL;
	for (uint32_t i = 0; i < 2; i++) {
		RT_OK(weft_memory_destroy(a->far[i]));
		RT_OK(weft_memory_destroy(a->inbox[i]));
		RT_OK(weft_memory_destroy(a->data[i]));
	}
	return rig_close(&a->r);
}

static int mismatch(struct weft *weft)
{
	const struct weft_stuck *s;
	struct weft_stuck r[MAX];
	struct arrival a;
	int n, skip = rig_reach(weft, 2);

	if (skip)
		return skip;
	if (arrive(weft, &a, 0xa11, 0xa11))
		return -1;
	/* one ahead of the other would be seen as a mismatch, so each is opened when the last is done */
	for (uint64_t i = 0; i < 5; i++) {
		RT_OK(weft_plan_run(a.r.plan, 1, NULL));
		RT_OK(weft_plan_wait(a.r.plan, i, 10 * RT_SECOND));
		if (log_is(a.log[0], i, 3) || log_is(a.log[1], i, 3))
			return -1;
	}
	if (arrival_close(&a) || arrive(weft, &a, 0xa11, 0xbca57))
		return -1;
	RT_OK(weft_plan_run(a.r.plan, 1, NULL));
	RT_IS(weft_plan_wait(a.r.plan, 0, 10 * RT_SECOND), -EOWNERDEAD);
	RT_CHECK(strstr(weft_last_error(), "mismatch"), "%s", weft_last_error());
	n = report(a.r.plan, NULL, 0, r);
	RT_OK(n);
	s = &r[0];
	RT_CHECK(n && s->kind == WEFT_STUCK_MISMATCH && !strcmp(s->edge, "arrival") && s->root == s->body, "%d reports, kind %s, edge %s", n,
		 weft_stuck_name(s->kind), s->edge);
	RT_CHECK(!strcmp(s->name, "sum left") ? s->wanted == 0xa11 && s->actual == 0xbca57 : s->wanted == 0xbca57 && s->actual == 0xa11,
		 "%s: tags %#llx and %#llx", s->name, (unsigned long long)s->wanted, (unsigned long long)s->actual);
	return arrival_close(&a);
}

int main(void)
{
	static const struct rt_test tests[] = {
		{ "nothing is opened", gate },
		{ "a source that is not fed", starved },
		{ "a consumer that keeps its block", credit },
		{ "an engine that hangs", hung },
		{ "two sides that do not do the same", mismatch },
		{ "a card that is reset", dead_peer },
	};

	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}
