// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
#include "report.h"
#include "host.h"

#include <stdio.h>
#include <string.h>

#define MAX_SECTIONS	64

static const char *const cap_name[] = {
	"FW_RESIDENT", "ROM_BOOT", "EXEC", "REDUCE", "TIMED", "CALL", "LR", "CELLS", "CELL_LISTS", "CELL_ADD", "LOOP",
	"PRED", "INDIRECT", "WATCH", "LINK_MASK", "SYSTEM_SCOPE", "TRACE", "BANDS", "ENGINE_RESET", "COUNTERS",
	"CLOCK_PAIR", "TELEMETRY", "INJECT", "CELL_FAULT", "CELL_FAULTS", "PEER_IOVA",
};

struct tally { unsigned n[3]; };	/* by enum ct_outcome */

static struct row {
	const struct ct_section *s;
	struct tally mandatory, optional;
	uint64_t missing;		/* capabilities for want of which tests were skipped */
	unsigned few;			/* cards for want of which tests were skipped */
} rows[MAX_SECTIONS];
static unsigned nrows, ran;
static FILE *json;

const char *report_caps(uint64_t mask)
{
	static char text[512];
	size_t n = 0;

	text[0] = 0;
	for (unsigned i = 0; i < ARRAY_LEN(cap_name); i++)
		if (mask >> i & 1)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", cap_name[i]);
	return text;
}

static void json_string(const char *s)
{
	fputc('"', json);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', json);
		if ((unsigned char)*s >= 0x20)
			fputc(*s, json);
	}
	fputc('"', json);
}

bool report_begin(const char *path)
{
	if (!path)
		return true;
	json = fopen(path, "w");
	if (json)
		fputs("{\"tests\":[\n", json);
	return json;
}

void report_test(const struct ct_section *s, const struct ct_test *t, enum ct_outcome outcome, double ms)
{
	uint64_t caps = s->caps | t->caps, missing = caps & ~CARD->caps;
	struct row *r = nrows ? &rows[nrows - 1] : NULL;

	ran++;
	if (outcome == CT_SKIPPED)
		printf("ok %u - %s: %s # SKIP %s\n", ran, s->name, t->name, ct_message);
	else
		printf("%s %u - %s: %s # %.1f ms\n", outcome == CT_RAN ? "ok" : "not ok", ran, s->name, t->name, ms);
	if (outcome == CT_FAILED)
		printf("  ---\n  message: |\n    %s\n  ...\n", ct_message);
	fflush(stdout);
	if (!r || r->s != s) {
		if (nrows == MAX_SECTIONS)
			return;
		r = &rows[nrows++];
		r->s = s;
	}
	(caps ? &r->optional : &r->mandatory)->n[outcome]++;
	if (outcome == CT_SKIPPED) {
		r->missing |= missing;
		if (!missing && t->cards > ct_ncards && t->cards > r->few)
			r->few = t->cards;
	}
	if (!json)
		return;
	fprintf(json, "%s{\"section\":\"%s\",\"test\":", ran > 1 ? ",\n" : "", s->name);
	json_string(t->name);
	fprintf(json, ",\"mandatory\":%s,\"capabilities\":\"%s\",\"outcome\":\"%s\",\"ms\":%.1f,\"message\":",
		caps ? "false" : "true", report_caps(caps),
		outcome == CT_RAN ? "pass" : outcome == CT_FAILED ? "fail" : "skip", ms);
	json_string(outcome == CT_RAN ? "" : ct_message);
	fputc('}', json);
}

static void add(struct tally *to, const struct tally *from)
{
	for (unsigned i = 0; i < 3; i++)
		to->n[i] += from->n[i];
}

int report_end(uint64_t caps, double seconds)
{
	struct tally m = { 0 }, o = { 0 };
	unsigned few = 0;

	printf("1..%u\n#\n# The card has: %s\n", ran, report_caps(caps));
	printf("#\n#                      mandatory             optional\n"
	       "# section        passed failed skipped  passed failed skipped  skipped for want of\n");
	for (unsigned i = 0; i < nrows; i++) {
		const struct row *r = &rows[i];

		printf("# %-14s %6u %6u %7u  %6u %6u %7u  %s", r->s->name, r->mandatory.n[CT_RAN], r->mandatory.n[CT_FAILED],
		       r->mandatory.n[CT_SKIPPED], r->optional.n[CT_RAN], r->optional.n[CT_FAILED], r->optional.n[CT_SKIPPED],
		       report_caps(r->missing));
		if (r->few)
			printf(" %u cards", r->few);
		putchar('\n');
		few |= r->few;
		add(&m, &r->mandatory);
		add(&o, &r->optional);
	}
	printf("# %-14s %6u %6u %7u  %6u %6u %7u\n#\n", "all", m.n[CT_RAN], m.n[CT_FAILED], m.n[CT_SKIPPED], o.n[CT_RAN],
	       o.n[CT_FAILED], o.n[CT_SKIPPED]);
	const char *verdict = !(m.n[CT_RAN] + o.n[CT_RAN] + m.n[CT_FAILED] + o.n[CT_FAILED]) ? "nothing ran" : m.n[CT_FAILED] ? "does not conform" :
		o.n[CT_FAILED] ? "conforms, but claims capabilities it does not have" :
		few ? "conforms as far as shown by so few cards" : "conforms";
	printf("# Verdict: %s\n# %u passed, %u failed, %u skipped in %.1f s\n", verdict, m.n[CT_RAN] + o.n[CT_RAN],
	       m.n[CT_FAILED] + o.n[CT_FAILED], m.n[CT_SKIPPED] + o.n[CT_SKIPPED], seconds);
	if (json) {
		fprintf(json, "\n],\n\"card\":\"%s\",\n\"sections\":[\n", report_caps(caps));
		for (unsigned i = 0; i < nrows; i++) {
			const struct row *r = &rows[i];

			fprintf(json, "%s{\"section\":\"%s\",\"mandatory\":[%u,%u,%u],\"optional\":[%u,%u,%u],\"missing\":\"%s\"}",
				i ? ",\n" : "", r->s->name, r->mandatory.n[CT_RAN], r->mandatory.n[CT_FAILED],
				r->mandatory.n[CT_SKIPPED], r->optional.n[CT_RAN], r->optional.n[CT_FAILED],
				r->optional.n[CT_SKIPPED], report_caps(r->missing));
		}
		fprintf(json, "\n],\n\"verdict\":\"%s\"}\n", verdict);
		fclose(json);
	}
	return !ran || m.n[CT_FAILED] || o.n[CT_FAILED] ? 1 : 0;
}
