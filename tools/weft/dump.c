// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* weft dump */
#define _GNU_SOURCE
#include "cmd.h"
#include "dump_parse.h"

#include <errno.h>
#include <getopt.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DUMPS	"/sys/class/devcoredump/devcd*/data"
#define MAGIC	"weft-dump "

static void usage(FILE *out)
{
	fputs("usage: weft dump [--json] [--free] [FILE]\n\n"
	      "Shows what a card and its driver were doing when something went wrong, from FILE or from the dumps that the\n"
	      "kernel holds.\n\n"
	      "  --json   one line of JSON\n"
	      "  --free   give the kernel's dumps back once shown, so that others can be taken\n"
	      "  --help   this text\n", out);
}

/* Whole file, with room for one byte behind it; NULL after a message. */
static char *read_all(const char *path, size_t *bytes)
{
	char *text = malloc(DUMP_MAX_BYTES + 2);
	FILE *f = text ? fopen(path, "re") : NULL;

	if (f)
		*bytes = fread(text, 1, DUMP_MAX_BYTES + 1, f);
	if (!f || ferror(f)) {
		cmd_error("dump", "%s: %s", path, text ? strerror(errno) : "out of memory");
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

static void print_bytes(const struct dump_entry *e)
{
	for (unsigned int at = 0; at < e->num_bytes; at += 16) {
		printf("    %04x ", at);
		for (unsigned int i = at; i < at + 16 && i < e->num_bytes; i++)
			printf("%s%02x", i % 4 ? "" : " ", e->bytes[i]);
		putchar('\n');
	}
}

static const char *or_unknown(const char *text)
{
	return text ? text : "unknown";
}

static void print_headline(const struct dump *d)
{
	const char *time_text = dump_value(d, "", "time_s"), *run = dump_value(d, "queue", "run");
	time_t seconds = time_text ? strtoll(time_text, NULL, 10) : 0;
	struct tm tm;
	char when[64] = "at an unknown time";

	if (seconds > 0 && gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("%s on card %s (%s), %s, kernel %s\n", or_unknown(dump_value(d, "", "reason")),
	       or_unknown(dump_value(d, "card", "serial")), or_unknown(dump_value(d, "card", "pci")), when,
	       or_unknown(dump_value(d, "", "kernel")));
	if (run)
		printf("queue %s of space %s: %s, cause %s, packet %s (%s) of list %s, address %s\n",
		       or_unknown(dump_value(d, "queue", "id")), or_unknown(dump_value(d, "queue", "space")), run,
		       or_unknown(dump_value(d, "queue", "cause")), or_unknown(dump_value(d, "queue", "fault_packet")),
		       or_unknown(dump_value(d, "queue", "fault_op_name")),
		       or_unknown(dump_value(d, "queue", "fault_list")), or_unknown(dump_value(d, "queue", "fault_va")));
}

static void print_dump(const struct dump *d)
{
	print_headline(d);
	for (size_t s = 0; s < d->num_sections; s++) {
		const struct dump_section *section = &d->section[s];

		printf("\n%s\n", *section->name ? section->name : "dump");
		for (size_t i = 0; i < section->count; i++) {
			const struct dump_entry *e = &d->entry[section->first + i];

			if (e->key)
				printf("  %-16s  %s\n", e->key, e->value);
			else
				print_bytes(e);
		}
	}
}

static void json_dump(struct json *j, const struct dump *d)
{
	char hex[2 * DUMP_LINE_BYTES + 1];

	json_open(j, NULL, '{');
	json_u64(j, "version", DUMP_VERSION);
	json_open(j, "sections", '[');
	for (size_t s = 0; s < d->num_sections; s++) {
		const struct dump_section *section = &d->section[s];

		json_open(j, NULL, '{');
		json_text(j, "name", *section->name ? section->name : "dump");
		json_open(j, "entries", '[');
		for (size_t i = 0; i < section->count; i++) {
			const struct dump_entry *e = &d->entry[section->first + i];

			json_open(j, NULL, '{');
			if (e->key) {
				json_text(j, "key", e->key);
				json_text(j, "value", e->value);
			} else {
				for (unsigned int b = 0; b < e->num_bytes; b++)
					snprintf(hex + 2 * b, 3, "%02x", e->bytes[b]);
				json_u64(j, "index", e->index);
				json_text(j, "bytes", hex);
			}
			json_close(j, '}');
		}
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static int show(char *text, size_t bytes, const char *path, struct json *j)
{
	struct dump d;
	char why[128];
	int r = dump_parse(&d, text, bytes, why, sizeof(why));

	if (r)
		cmd_error("dump", "%s: %s", path, why);
	else if (j)
		json_dump(j, &d);
	else
		print_dump(&d);
	dump_free(&d);
	return r;
}

static int show_file(const char *path, struct json *j)
{
	size_t bytes = 0;
	char *text = read_all(path, &bytes);
	int r = text ? show(text, bytes, path, j) : -1;

	free(text);
	return r;
}

/* Any write frees it. */
static int give_back(const char *path)
{
	FILE *f = fopen(path, "we");
	int r = f && fputs("1", f) >= 0 ? 0 : -1;

	if (f && fclose(f))
		r = -1;
	return r ? cmd_error("dump", "%s: %s", path, strerror(errno)) : 0;
}

/* Other drivers' dumps are there, too; they are passed over. */
static int show_kernels(struct json *j, bool free_them)
{
	unsigned int shown = 0;
	glob_t found;
	int r = 0;

	if (glob(DUMPS, 0, NULL, &found))
		return cmd_error("dump", "the kernel holds no dump (%s); it keeps one for five minutes", DUMPS);
	for (size_t i = 0; i < found.gl_pathc && !r; i++) {
		const char *path = found.gl_pathv[i];
		size_t bytes = 0;
		char *text = read_all(path, &bytes);

		if (!text) {
			r = -1;
		} else if (bytes >= strlen(MAGIC) && !memcmp(text, MAGIC, strlen(MAGIC))) {
			if (shown++ && !j)
				putchar('\n');
			r = show(text, bytes, path, j);
			if (!r && free_them)
				r = give_back(path);
		}
		free(text);
	}
	globfree(&found);
	if (!r && !shown)
		r = cmd_error("dump", "the kernel holds no dump of a weft card");
	return r;
}

int cmd_dump(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' }, { "free", no_argument, NULL, 'f' }, { "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool as_json = false, free_them = false;
	char *text = NULL;
	size_t bytes = 0;
	struct json j;
	FILE *out;
	int c, r;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'h':
			usage(stdout);
			return EXIT_OK;
		case 'j':
			as_json = true;
			break;
		case 'f':
			free_them = true;
			break;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1 || (free_them && optind != argc)) {
		cmd_error("dump", free_them && argc - optind == 1 ? "--free is for dumps of the kernel, not for a file" :
			  "want one file");
		return EXIT_USAGE;
	}
	/* All of it, or none. */
	out = as_json ? open_memstream(&text, &bytes) : NULL;
	if (as_json && !out) {
		cmd_error("dump", "out of memory");
		return EXIT_FAILED;
	}
	if (out) {
		json_begin(&j, out, '{');
		json_open(&j, "dumps", '[');
	}
	r = optind < argc ? show_file(argv[optind], out ? &j : NULL) : show_kernels(out ? &j : NULL, free_them);
	if (out) {
		json_close(&j, ']');
		json_end(&j, '}');
		fclose(out);
		if (!r)
			fwrite(text, 1, bytes, stdout);
		free(text);
	}
	return r ? EXIT_FAILED : EXIT_OK;
}
