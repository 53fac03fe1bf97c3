// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft info */
#include "cmd.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CARDS	64
#define MAX_ENGINES	64

struct card {
	struct weft_device_info info;
	struct weft_memory_info memory;
	struct weft_engine engine[MAX_ENGINES];
	int num_engines;
};

static void usage(FILE *out)
{
	fputs("usage: weft info [--json]\n\n"
	      "Shows every card: node, PCI address, firmware, local memory, slots, engines and their groups, and for\n"
	      "every pair of cards whether and how one reaches the other's memory.\n\n"
	      "  --json   one line of JSON\n"
	      "  --help   this text\n", out);
}

static int read_card(struct weft *weft, uint32_t index, struct card *card)
{
	struct weft_device *device;
	int r = weft_device_open(weft, "card", index, &device);

	if (r)
		return cmd_weft_error("info", "open", r);
	card->info.size = sizeof(card->info);
	card->memory.size = sizeof(card->memory);
	r = weft_device_info(device, &card->info);
	if (!r)
		r = weft_device_memory(device, &card->memory);
	if (!r) {
		card->num_engines = weft_device_engines(device, card->engine, MAX_ENGINES, sizeof(card->engine[0]));
		r = card->num_engines < 0 ? card->num_engines : 0;
	}
	if (card->num_engines > MAX_ENGINES)
		card->num_engines = MAX_ENGINES;
	if (r)
		cmd_weft_error("info", "query", r);
	weft_device_close(device);
	return r;
}

static const char *engine_kinds(uint32_t kinds, char *text, size_t bytes)
{
	snprintf(text, bytes, "%s%s%s%s", kinds & WEFT_ENGINE_KIND_COMPUTE ? " compute" : "",
		 kinds & WEFT_ENGINE_KIND_COPY ? " copy" : "", kinds & WEFT_ENGINE_KIND_REDUCE ? " reduce" : "",
		 kinds & WEFT_ENGINE_KIND_TIMED ? " timed" : "");
	return *text ? text + 1 : "none";
}

static const char *pci_name(uint32_t pci, char *text, size_t bytes)
{
	snprintf(text, bytes, "%04x:%02x:%02x.%x", pci >> 16, pci >> 8 & 0xff, pci >> 3 & 31, pci & 7);
	return text;
}

static void print_card(const struct card *c)
{
	const struct weft_device_info *i = &c->info;
	char text[64];

	printf("card %u  %s  pci %s  serial %u\n", i->index, i->node, pci_name(i->pci, text, sizeof(text)), i->serial);
	printf("  firmware %u.%u.%u  contract %u.%u  driver interface %u.%u  resets %llu\n", i->firmware >> 16,
	       i->firmware >> 8 & 0xff, i->firmware & 0xff, i->contract >> 16, i->contract & 0xffff, i->uapi >> 16,
	       i->uapi & 0xffff, (unsigned long long)i->reset_generation);
	printf("  local memory %llu MiB, %llu for objects, %llu free\n", (unsigned long long)(i->memory_bytes >> 20),
	       (unsigned long long)(c->memory.total_bytes >> 20), (unsigned long long)(c->memory.free_bytes >> 20));
	printf("  slots %u  timed %u  links %u  peers' memory %s\n", i->num_slots, i->timed_width, i->num_links,
	       i->p2p ? "can be mapped" : "cannot be mapped by this kernel");
	for (int e = 0; e < c->num_engines; e++)
		printf("  engine %d  group %u (width %u)  %s\n", e, c->engine[e].group, c->engine[e].width,
		       engine_kinds(c->engine[e].kinds, text, sizeof(text)));
	printf("  capabilities");
	for (uint32_t bit = 0; bit < 64; bit++)
		if (i->caps >> bit & 1)
			printf(" %s", weft_capability_name(bit) ? weft_capability_name(bit) : "unknown");
	printf("\n");
}

static void print_topology(const struct weft_peer *peers, uint32_t n)
{
	if (n < 2)
		return;
	printf("reach (row reads and writes column)\n     ");
	for (uint32_t b = 0; b < n; b++)
		printf(" %11u", b);
	printf("\n");
	for (uint32_t a = 0; a < n; a++) {
		printf("  %2u ", a);
		for (uint32_t b = 0; b < n; b++)
			printf(" %11s", weft_reach_name(peers[a * n + b].reach));
		printf("\n");
	}
	for (uint32_t i = 0; i < n * n; i++) {
		if (i / n == i % n)
			continue;
		printf("  %u to %u: %s\n", i / n, i % n, peers[i].why);
		if (peers[i].advice[0])
			printf("          %s\n", peers[i].advice);
	}
}

static void json_card(struct json *j, const struct card *c)
{
	const struct weft_device_info *i = &c->info;
	char text[64];

	json_open(j, NULL, '{');
	json_u64(j, "index", i->index);
	json_text(j, "node", i->node);
	json_text(j, "pci", pci_name(i->pci, text, sizeof(text)));
	json_u64(j, "serial", i->serial);
	snprintf(text, sizeof(text), "%u.%u.%u", i->firmware >> 16, i->firmware >> 8 & 0xff, i->firmware & 0xff);
	json_text(j, "firmware", text);
	snprintf(text, sizeof(text), "%u.%u", i->contract >> 16, i->contract & 0xffff);
	json_text(j, "contract", text);
	json_u64(j, "memory_bytes", i->memory_bytes);
	json_u64(j, "object_bytes", c->memory.total_bytes);
	json_u64(j, "free_bytes", c->memory.free_bytes);
	json_u64(j, "slots", i->num_slots);
	json_u64(j, "timed_width", i->timed_width);
	json_bool(j, "p2p", i->p2p);
	json_open(j, "engines", '[');
	for (int e = 0; e < c->num_engines; e++) {
		json_open(j, NULL, '{');
		json_text(j, "kinds", engine_kinds(c->engine[e].kinds, text, sizeof(text)));
		json_u64(j, "group", c->engine[e].group);
		json_u64(j, "width", c->engine[e].width);
		json_u64(j, "busy_ns", c->engine[e].busy_ns);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "capabilities", '[');
	for (uint32_t bit = 0; bit < 64; bit++)
		if (i->caps >> bit & 1)
			json_text(j, NULL, weft_capability_name(bit) ? weft_capability_name(bit) : "unknown");
	json_close(j, ']');
	json_close(j, '}');
}

static void json_topology(struct json *j, const struct weft_peer *peers, uint32_t n)
{
	char port[16];

	json_open(j, "peers", '[');
	for (uint32_t i = 0; i < n * n; i++) {
		if (i / n == i % n)
			continue;
		json_open(j, NULL, '{');
		json_u64(j, "from", i / n);
		json_u64(j, "to", i % n);
		json_text(j, "reach", weft_reach_name(peers[i].reach));
		json_number(j, "distance", peers[i].distance, 9);
		json_text(j, "why", peers[i].why);
		json_bool(j, "cells", peers[i].cells);
		json_text(j, "advice", peers[i].advice);
		if (peers[i].port)
			json_text(j, "port", pci_name(peers[i].port, port, sizeof(port)));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static int show(struct weft *weft, bool as_json)
{
	int n = weft_device_count(weft, "card");
	struct card *cards;
	struct weft_peer *peers;
	int r = 0;

	if (n < 0)
		return cmd_weft_error("info", "count", n);
	if (n == 0)
		return cmd_no_card("info");
	if (n > MAX_CARDS)
		n = MAX_CARDS;
	cards = calloc(n, sizeof(*cards));
	peers = calloc((size_t)n * n, sizeof(*peers));
	for (int i = 0; cards && peers && !r && i < n; i++)
		r = read_card(weft, i, &cards[i]);
	if (!cards || !peers)
		r = cmd_error("info", "out of memory");
	if (!r) {
		r = weft_topology(weft, peers, n);
		if (r)
			cmd_weft_error("info", "topology", r);
	}
	if (!r && as_json) {
		struct json j;

		json_begin(&j, stdout, '{');
		json_open(&j, "cards", '[');
		for (int i = 0; i < n; i++)
			json_card(&j, &cards[i]);
		json_close(&j, ']');
		json_topology(&j, peers, n);
		json_end(&j, '}');
	} else if (!r) {
		for (int i = 0; i < n; i++)
			print_card(&cards[i]);
		print_topology(peers, n);
	}
	free(peers);
	free(cards);
	return r;
}

int cmd_info(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	bool as_json = false;
	struct weft *weft;
	int c, r;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return EXIT_OK;
		}
		if (c != 'j') {
			usage(stderr);
			return EXIT_USAGE;
		}
		as_json = true;
	}
	if (optind != argc) {
		cmd_error("info", "unexpected \"%s\"", argv[optind]);
		return EXIT_USAGE;
	}
	weft = weft_open();
	if (!weft) {
		cmd_weft_error("info", "open", -1);
		return EXIT_FAILED;
	}
	r = show(weft, as_json);
	weft_close(weft);
	return r ? EXIT_FAILED : EXIT_OK;
}
