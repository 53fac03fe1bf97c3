// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * weft top: the queues of all cards, whoever's they are, with what those that sleep wait for: of the driver's debugfs, and with
 * body and edge where they are lanes of a plan, or members where they are of a communicator, of the table that its process keeps.
 */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "top_find.h"
#include "top_parse.h"

#define DEBUGFS		"/sys/kernel/debug/accel"
#define MAX_TEXT	(8u << 20)
#define MAX_QUEUES	4096u
#define MAX_CARDS	64
#define EVERY_US	1000000

struct card {
	char folder[96], pci[16], node[WEFT_NAME_BYTES];
	struct top_queue *queue, *before;
	uint32_t count, had, bdf;
	uint64_t clock_ns, clock_before;
};

static void usage(FILE *out)
{
	fputs("usage: weft top [--once] [--json]\n\n"
	      "Shows the queues of all cards once a second until it is interrupted, with what a sleeping one waits for: of a\n"
	      "lane of a plan body and edge, of a member of a communicator who has not come, else the cell; the value wanted\n"
	      "and the value there. Needs root and debugfs.\n\n"
	      "  --once   one look; also where standard output is no terminal\n"
	      "  --json   one look, as one line of JSON\n"
	      "  --help   this text\n", out);
}

/* A whole file of debugfs; NULL after a message. */
static char *read_file(const struct card *c, const char *name)
{
	char path[128], *text = malloc(MAX_TEXT + 1);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", c->folder, name);
	f = text ? fopen(path, "re") : NULL;
	if (!f) {
		cmd_error("top", "%s: %s%s", path, strerror(errno), errno == EACCES || errno == ENOENT ?
			  "; it needs root, and debugfs mounted" : "");
		free(text);
		return NULL;
	}
	text[fread(text, 1, MAX_TEXT, f)] = 0;
	fclose(f);
	return text;
}

static int look(struct card *c)
{
	struct top_queue *was = c->before;
	char *text = read_file(c, "firmware");

	if (!text)
		return -1;
	c->clock_before = c->clock_ns;
	c->clock_ns = top_parse_clock(text);
	free(text);
	text = read_file(c, "queues");
	if (!text)
		return -1;
	c->before = c->queue;
	c->queue = was;
	c->had = c->count;
	c->count = top_parse_queues(text, c->queue, MAX_QUEUES);
	c->count = c->count < MAX_QUEUES ? c->count : MAX_QUEUES;
	free(text);
	text = read_file(c, "spaces");
	if (!text)
		return -1;
	top_parse_spaces(text, c->queue, c->count);
	free(text);
	return 0;
}

static const struct top_queue *earlier(const struct card *c, const struct top_queue *q)
{
	for (uint32_t i = 0; i < c->had; i++)
		if (c->before[i].id == q->id && c->before[i].retired <= q->retired)
			return &c->before[i];
	return NULL;
}

static double since_s(const struct card *c, const struct top_queue *q)
{
	return c->clock_ns > q->wait_since_ns ? (double)(c->clock_ns - q->wait_since_ns) / 1e9 : 0;
}

static bool wait_of(const struct top_find *find, const struct card *c, const struct top_queue *q, struct top_wait *w)
{
	return q->waits && q->in_list && q->packet <= UINT32_MAX &&
	       top_find_wait(find, q->client, c->bdf, q->list, (uint32_t)q->packet, q->wait_va, w);
}

/* What the cell has besides its value. */
static void show_state(const struct top_queue *q)
{
	char text[128];

	if (q->cell_end)
		printf(" and END");
	if (q->cell_fault)
		printf(" and is %s", weft_cell_fault_text(q->cell_fault, text, sizeof(text)));
}

static void show_cell(const struct top_queue *q)
{
	printf("  waits for %llu in cell %#llx", (unsigned long long)q->wait_value, (unsigned long long)q->wait_va);
	if (q->cell_known) {
		printf(", which has %llu", (unsigned long long)q->cell_value);
		show_state(q);
	}
}

static void show_what(const struct top_wait *w)
{
	if (w->role >= WEFT_TABLE_ARRIVAL) {
		printf("  %s waits for %s, %s", w->body, w->peer, w->role == WEFT_TABLE_ARRIVAL ? "which has not come" : "in a call");
		return;
	}
	printf("  body %s waits for ", w->body);
	if (w->role == WEFT_TABLE_GATE)
		printf("the gate");
	else if (w->role == WEFT_TABLE_CELL)
		printf("cell %s", w->edge);
	else
		printf("edge %s (%s%s%s)", w->edge, top_plan_role(w->role), !*w->peer ? "" : w->role == WEFT_TABLE_PRODUCED ? " by " : " from ",
		       w->peer);
}

static void show_wait(const struct top_find *find, const struct card *c, const struct top_queue *q)
{
	struct top_wait w;

	if (!wait_of(find, c, q, &w)) {
		show_cell(q);
	} else if (!w.role) {
		printf("  body %s", w.body);
		show_cell(q);
	} else {
		show_what(&w);
		printf(", wanted %llu", (unsigned long long)(q->wait_value - w.base));
		/* arrivals take turns with two cells, of which this one has an older call */
		if (q->cell_known) {
			if (w.role != WEFT_TABLE_ARRIVAL)
				printf(", is %llu", (unsigned long long)(q->cell_value - w.base));
			show_state(q);
		}
	}
	printf(", for %.3f s", since_s(c, q));
	if (q->loops)
		printf(", iteration %llu", (unsigned long long)q->iteration);
}

static void show(const struct card *c, const struct top_find *find)
{
	printf("%s, %s: %u queues\n", c->node, c->pci, c->count);
	if (c->count)
		printf("%7s %-5s %6s %-9s %12s %9s %6s  %s\n", "queue", "kind", "space", "state", "packets", "per s", "busy", "name");
	for (uint32_t i = 0; i < c->count; i++) {
		const struct top_queue *q = &c->queue[i], *was = earlier(c, q);
		const double s = was && c->clock_ns > c->clock_before ? (double)(c->clock_ns - c->clock_before) / 1e9 : 0;
		char per_s[24] = "-", busy[24] = "-";

		if (s > 0) {
			snprintf(per_s, sizeof(per_s), "%.0f", (double)(q->retired - was->retired) / s);
			snprintf(busy, sizeof(busy), "%.0f %%", (double)(q->busy_ns - was->busy_ns) / 1e7 / s);
		}
		printf("%7u %-5s %6u %-9s %12llu %9s %6s", q->id, q->user ? "user" : "job", q->space, q->known ? q->run : "?",
		       (unsigned long long)q->retired, per_s, busy);
		if (*q->name)
			printf("  %s", q->name);
		if (q->waits)
			show_wait(find, c, q);
		if (q->known && *q->cause && strcmp(q->cause, "NONE") && strcmp(q->cause, "none") && strcmp(q->cause, "0"))
			printf("  %s", q->cause);
		putchar('\n');
	}
}

static void json_wait(struct json *j, const struct top_find *find, const struct card *c, const struct top_queue *q)
{
	struct top_wait w;

	json_u64(j, "wait_address", q->wait_va);
	json_u64(j, "wait_value", q->wait_value);
	json_u64(j, "wait_since_ns", q->wait_since_ns);
	json_number(j, "waits_s", since_s(c, q), 6);
	if (q->cell_known) {
		json_u64(j, "cell_value", q->cell_value);
		json_bool(j, "cell_end", q->cell_end);
		json_u64(j, "cell_fault", q->cell_fault);
	}
	if (!wait_of(find, c, q, &w))
		return;
	json_text(j, w.role < WEFT_TABLE_ARRIVAL ? "plan" : "communicator", w.plan);
	json_text(j, w.role < WEFT_TABLE_ARRIVAL ? "body" : "member", w.body);
	if (!w.role)
		return;
	json_text(j, "wait", top_plan_role(w.role));
	if (w.role < WEFT_TABLE_ARRIVAL)
		json_text(j, "edge", w.edge);
	json_text(j, "peer", w.peer);
	json_u64(j, "wanted", q->wait_value - w.base);
	if (q->cell_known && w.role != WEFT_TABLE_ARRIVAL)
		json_u64(j, "actual", q->cell_value - w.base);
}

static void show_json(const struct card *card, uint32_t cards, const struct top_find *find)
{
	struct json j;

	json_begin(&j, stdout, '{');
	json_open(&j, "cards", '[');
	for (uint32_t i = 0; i < cards; i++) {
		const struct card *c = &card[i];

		json_open(&j, NULL, '{');
		json_text(&j, "node", c->node);
		json_text(&j, "pci", c->pci);
		json_u64(&j, "clock_ns", c->clock_ns);
		json_open(&j, "queues", '[');
		for (uint32_t k = 0; k < c->count; k++) {
			const struct top_queue *q = &c->queue[k];

			json_open(&j, NULL, '{');
			json_u64(&j, "queue", q->id);
			json_text(&j, "name", q->name);
			json_text(&j, "kind", q->user ? "user" : "job");
			json_u64(&j, "space", q->space);
			json_text(&j, "state", q->known ? q->run : "?");
			json_text(&j, "cause", q->cause);
			json_u64(&j, "retired", q->retired);
			json_u64(&j, "busy_ns", q->busy_ns);
			if (q->waits)
				json_wait(&j, find, c, q);
			if (q->loops)
				json_u64(&j, "iteration", q->iteration);
			json_close(&j, '}');
		}
		json_close(&j, ']');
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_end(&j, '}');
}

/* Folders are named by device, on older kernels by the number of the node. */
static int cards_of(struct weft *weft, struct card *card)
{
	int n = weft_device_count(weft, "card");

	for (int i = 0; i < n && i < MAX_CARDS; i++) {
		struct weft_device_info info = { .size = sizeof(info) };
		struct weft_device *d;
		int ret = weft_device_open(weft, "card", (uint32_t)i, &d);

		if (!ret) {
			ret = weft_device_info(d, &info);
			weft_device_close(d);
		}
		if (ret)
			return cmd_weft_error("top", "card", ret);
		snprintf(card[i].node, sizeof(card[i].node), "%s", info.node);
		snprintf(card[i].pci, sizeof(card[i].pci), "%04x:%02x:%02x.%x", info.pci >> 16 & 0xffff, info.pci >> 8 & 0xff,
			 info.pci >> 3 & 0x1f, info.pci & 7);
		snprintf(card[i].folder, sizeof(card[i].folder), DEBUGFS "/%s", card[i].pci);
		if (access(card[i].folder, F_OK))
			snprintf(card[i].folder, sizeof(card[i].folder), DEBUGFS "/%u",
				 (unsigned int)strtoul(info.node + strcspn(info.node, "0123456789"), NULL, 10));
		card[i].bdf = info.pci;
		card[i].queue = calloc(MAX_QUEUES, sizeof(card[i].queue[0]));
		card[i].before = calloc(MAX_QUEUES, sizeof(card[i].before[0]));
		if (!card[i].queue || !card[i].before)
			return cmd_error("top", "no memory");
	}
	return n < 0 ? cmd_weft_error("top", "cards", n) : !n ? cmd_no_card("top") : n < MAX_CARDS ? n : MAX_CARDS;
}

static int run(bool once, bool json)
{
	static struct card card[MAX_CARDS];
	static struct top_find find;
	struct weft *weft = weft_open();
	int n = weft ? cards_of(weft, card) : cmd_weft_error("top", "open", -ENOMEM), r = n < 0 ? -1 : 0;

	/* not while others are looked at: an open card does not sleep */
	weft_close(weft);
	while (!r) {
		for (int i = 0; i < n && !r; i++)
			r = look(&card[i]);
		if (r)
			break;
		top_find(&find, "/proc");
		if (json)
			show_json(card, (uint32_t)n, &find);
		else if (!once)
			fputs("\033[H\033[J", stdout);
		for (int i = 0; i < n && !json; i++)
			show(&card[i], &find);
		top_find_free(&find);
		if (once || json || fflush(stdout))
			break;
		usleep(EVERY_US);
	}
	for (int i = 0; i < MAX_CARDS; i++) {
		free(card[i].queue);
		free(card[i].before);
	}
	return r;
}

int cmd_top(int argc, char **argv)
{
	static const struct option options[] = {
		{ "once", no_argument, NULL, 'o' }, { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	bool once = !isatty(1), json = false;
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'o':
			once = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	if (optind != argc) {
		cmd_error("top", "%s: it takes no words", argv[optind]);
		return EXIT_USAGE;
	}
	return run(once, json) ? EXIT_FAILED : EXIT_OK;
}
