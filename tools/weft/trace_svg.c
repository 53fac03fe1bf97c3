// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * A picture of a run in one file: a row for each body, bars in the colour of their sequence, pale ones while a lane slept,
 * a line from what a firing waited for last, and beside the time axis the period that the plan could have. No script; light
 * and dark follow the reader's browser.
 */
#include "trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trace_text.h"

#define WIDTH		1200.0
#define LEFT		170.0
#define RIGHT		76.0
#define ROW		34.0
#define BAR		22.0
#define COLOURS		8
#define MAX_LINES	600u		/* of what was waited for: more of them are a grey mass */
#define MAX_TICKS	400
#define MANY		48u		/* sequences; of more only the last are drawn */
#define SHOWN		24u

static const struct {
	const char *fill, *text;
} colour[COLOURS] = {
	{ "#4c78a8", "#fff" }, { "#f2a33a", "#1b1b1b" }, { "#54a24b", "#fff" }, { "#e45756", "#fff" },
	{ "#72c2be", "#1b1b1b" }, { "#eeca3b", "#1b1b1b" }, { "#b279a2", "#fff" }, { "#9d755d", "#fff" },
};

struct picture {
	FILE *out;
	const struct trace *t;
	uint32_t *order;		/* bodies, row by row */
	double *y;			/* of a body: middle of its row */
	double top, bottom;		/* of all rows */
	double ns;			/* that one unit of width is */
	uint64_t first;			/* sequence that is drawn */
	double from_ns;			/* left end of the time axis */
};

static double x_of(const struct picture *p, double ns)
{
	return LEFT + (ns - p->from_ns) / p->ns;
}

static void style(FILE *f)
{
	fputs("<style>\n"
	      "text{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#22272e}\n"
	      ".bg{fill:#fff}.band{fill:#f3f5f8}.soft,.axis,.small{fill:#59636e}.small{font-size:10.5px}\n"
	      ".title{font-size:17px;font-weight:600}.bold{font-weight:600}.axis{font-size:11px}\n"
	      ".grid{stroke:#d5dae1}.edge{stroke:#22272e}.head{fill:#22272e}.lane{stroke:#9aa4b0}\n"
	      ".star{stroke:#c2185b}.stars{fill:#c2185b}.rule{fill:#c2185b;fill-opacity:.16}.rule2{fill:#c2185b;fill-opacity:.38}\n", f);
	for (int i = 0; i < COLOURS; i++)
		fprintf(f, ".s%d{fill:%s}.t%d{fill:%s;font-size:11px}\n", i, colour[i].fill, i, colour[i].text);
	fputs(".w{fill-opacity:.26}.hatch{stroke-opacity:.6}\n"
	      "@media (prefers-color-scheme:dark){\n"
	      "text{fill:#e6e9ee}.bg{fill:#14181d}.band{fill:#1d232a}.soft,.axis,.small{fill:#a4aeba}\n"
	      ".grid{stroke:#333c46}.edge{stroke:#e6e9ee}.head{fill:#e6e9ee}.lane{stroke:#5b6773}\n"
	      ".star{stroke:#ff6fa5}.stars{fill:#ff6fa5}.rule{fill:#ff6fa5;fill-opacity:.2}.rule2{fill:#ff6fa5;fill-opacity:.42}\n"
	      ".w{fill-opacity:.4}\n", f);
	for (int i = 0; i < COLOURS; i++)
		fprintf(f, ".t%d{fill:%s}\n", i, colour[i].text);
	fputs("}\n</style>\n<defs>\n"
	      "<marker id=\"tip\" viewBox=\"0 0 6 6\" refX=\"5\" refY=\"3\" markerWidth=\"4.5\" markerHeight=\"4.5\" orient=\"auto\">"
	      "<path class=\"head\" d=\"M0 0L6 3L0 6z\"/></marker>\n", f);
	for (int i = 0; i < COLOURS; i++)
		fprintf(f, "<pattern id=\"h%d\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
			"<rect width=\"5\" height=\"5\" fill=\"%s\" fill-opacity=\".16\"/><rect width=\"1.6\" height=\"5\" fill=\"%s\" "
			"fill-opacity=\".6\"/></pattern>\n", i, colour[i].fill, colour[i].fill);
	fputs("</defs>\n", f);
}

static void header(struct picture *p)
{
	const struct trace *t = p->t;
	FILE *f = p->out;
	char star[32], planned[32], measured[32];

	fputs("<text class=\"title\" x=\"16\" y=\"28\">", f);
	trace_xml(f, t->name);
	fprintf(f, ": %llu sequence%s on %u card%s</text>\n", (unsigned long long)t->sequences, t->sequences == 1 ? "" : "s",
		t->num_devices, t->num_devices == 1 ? "" : "s");
	trace_time(star, sizeof(star), t->measure.period_ns);
	trace_time(planned, sizeof(planned), t->report.period_ns);
	trace_time(measured, sizeof(measured), t->measure.measured_ns);
	fprintf(f, "<text x=\"16\" y=\"49\"><tspan class=\"stars bold\">T* %s</tspan> is the least that a sequence takes with bodies as "
		"measured (%s as planned)", star, planned);
	if (t->measure.measured_ns > 0 && t->measure.period_ns > 0)
		fprintf(f, "; it took <tspan class=\"bold\">%s</tspan>, %.3f × T*", measured, t->measure.measured_ns / t->measure.period_ns);
	if (p->first)
		fprintf(f, "; the last %u are shown", SHOWN);
	if (t->dropped)
		fprintf(f, "; %llu records were lost", (unsigned long long)t->dropped);
	fputs("</text>\n", f);
}

/* What sets T*, in as many lines as it takes; the next line's y. */
static double critical(struct picture *p, double y)
{
	const char *text = *p->t->measure.critical ? p->t->measure.critical : "nothing: no body takes time";
	char line[160];

	for (int n = 0; *text && n < 4; n++, y += 17) {
		text = trace_line(text, line, n ? 155 : 145);
		fprintf(p->out, "<text class=\"soft\" x=\"%d\" y=\"%.0f\">%s", n ? 28 : 16, y, n ? "" : "● set by ");
		trace_xml(p->out, line);
		fprintf(p->out, "%s</text>\n", *text && n == 3 ? " …" : "");
	}
	return y;
}

static void label(struct picture *p, uint32_t b)
{
	const struct weft_body_info *i = &p->t->body[b];
	char text[20];
	uint64_t busy = 0;

	for (uint32_t k = p->t->first[b]; k < p->t->first[b + 1]; k++)
		if (p->t->bar[k].record.seq >= p->first)
			busy += p->t->bar[k].record.end_ns - p->t->bar[k].record.start_ns;
	fprintf(p->out, "<text class=\"bold\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 12, p->y[b] + 4);
	trace_xml(p->out, trace_short(i->name, text, sizeof(text), 18));
	if (p->t->critical[b])
		fputs(" <tspan class=\"stars\">●</tspan>", p->out);
	fputs("<title>", p->out);
	trace_xml(p->out, i->name);
	fprintf(p->out, ", lane ");
	trace_xml(p->out, i->lane_name);
	fprintf(p->out, "%s</title></text>\n", p->t->critical[b] ? "; sets T*" : "");
	fprintf(p->out, "<text class=\"axis\" x=\"%.0f\" y=\"%.1f\">%.0f %% busy</text>\n", WIDTH - RIGHT + 8, p->y[b] + 4,
		100.0 * (double)busy / (p->ns * (WIDTH - LEFT - RIGHT)));
}

/* Rows of bodies, those of a lane together, behind the name of their card; a lane of several has a line. */
static double rows(struct picture *p, double y)
{
	const struct trace *t = p->t;
	uint32_t device = TRACE_NONE;

	for (uint32_t i = 0; i < t->num_bodies; i++) {
		const struct weft_body_info *b = &t->body[p->order[i]];
		uint32_t last = i;

		if (b->device != device && t->num_devices > 1) {
			fprintf(p->out, "<text class=\"soft bold\" x=\"16\" y=\"%.0f\">card %u</text>\n", y + 15, b->device);
			y += 22;
		}
		device = b->device;
		if (i % 2 == 0)
			fprintf(p->out, "<rect class=\"band\" x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>\n", LEFT, y,
				WIDTH - LEFT - RIGHT, ROW);
		p->y[p->order[i]] = y + ROW / 2;
		label(p, p->order[i]);
		while (last + 1 < t->num_bodies && t->body[p->order[last + 1]].lane == b->lane)
			last++;
		if (!b->position && last > i) {
			char text[16];
			const double end = y + ROW * (double)(last - i + 1) - 4;

			fprintf(p->out, "<path class=\"lane\" fill=\"none\" stroke-width=\"2\" d=\"M26 %.1fH22V%.1fH26\"/>\n", y + 4, end);
			fprintf(p->out, "<text class=\"small\" text-anchor=\"middle\" transform=\"translate(15 %.1f) rotate(-90)\">",
				(y + 4 + end) / 2);
			trace_xml(p->out, trace_short(b->lane_name, text, sizeof(text), 14));
			fputs("</text>\n", p->out);
		}
		y += ROW;
	}
	return y;
}

static void tip(struct picture *p, const struct trace_bar *b)
{
	const struct weft_plan_record *r = &b->record;
	char took[32], at[32], wait[32];

	trace_time(took, sizeof(took), (double)(r->end_ns - r->start_ns));
	trace_time(at, sizeof(at), (double)r->start_ns);
	trace_time(wait, sizeof(wait), (double)r->wait_ns);
	fputs("<title>", p->out);
	trace_xml(p->out, p->t->body[r->body].name);
	fprintf(p->out, ", sequence %llu", (unsigned long long)r->seq);
	if (p->t->body[r->body].firings > 1)
		fprintf(p->out, ", firing %u", r->firing);
	fprintf(p->out, ": %s, from %s on", took, at);
	if (r->wait_ns)
		fprintf(p->out, "; waited %s", wait);
	if (b->cause != TRACE_NONE) {
		fprintf(p->out, r->wait_ns ? " for %s " : "; last came %s ", b->credit ? "an idle block of" : "data of");
		trace_xml(p->out, p->t->edge[b->edge].info.name);
		fputs(" from ", p->out);
		trace_xml(p->out, p->t->body[p->t->bar[b->cause].record.body].name);
	}
	fputs("</title>", p->out);
}

static void bar(struct picture *p, const struct trace_bar *b)
{
	const struct weft_plan_record *r = &b->record;
	const double early = (double)r->ready_ns - (double)r->wait_ns, asleep = early > p->from_ns ? early : p->from_ns;
	const double y = p->y[r->body], from = x_of(p, (double)r->start_ns), wide = (double)(r->end_ns - r->start_ns) / p->ns;
	const int c = (int)(r->seq % COLOURS);

	fprintf(p->out, "<g data-body=\"%u\" data-lane=\"%u\" data-seq=\"%llu\">", r->body, r->lane, (unsigned long long)r->seq);
	tip(p, b);
	if (((double)r->ready_ns - asleep) / p->ns > 0.5) {
		fprintf(p->out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.0f\"", x_of(p, asleep), y - BAR / 4,
			((double)r->ready_ns - asleep) / p->ns, BAR / 2);
		if (b->credit && b->cause != TRACE_NONE)
			fprintf(p->out, " fill=\"url(#h%d)\"/>", c);
		else
			fprintf(p->out, " class=\"s%d w\"/>", c);
	}
	fprintf(p->out, "<rect class=\"s%d bar\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.0f\"%s/>", c, from, y - BAR / 2,
		wide > 0.6 ? wide : 0.6, BAR, wide > 8 ? " rx=\"2\"" : "");
	if (wide > 18)
		fprintf(p->out, "<text class=\"t%d\" x=\"%.2f\" y=\"%.1f\" text-anchor=\"middle\">%llu</text>", c, from + wide / 2, y + 4,
			(unsigned long long)r->seq);
	fputs("</g>\n", p->out);
}

/* From the end of what was waited for to the start, along the rows between. */
static void line(struct picture *p, const struct trace_bar *b)
{
	const struct weft_plan_record *from = &p->t->bar[b->cause].record, *to = &b->record;
	const double down = p->y[to->body] > p->y[from->body] ? 1 : -1;
	const double x = x_of(p, (double)from->end_ns), y = p->y[from->body] + down * BAR / 2;
	const double x2 = x_of(p, (double)to->start_ns), y2 = p->y[to->body] - down * (BAR / 2 + 1);

	if (from->body == to->body || from->seq < p->first)
		return;
	fprintf(p->out, "<path class=\"edge\" fill=\"none\" stroke-opacity=\".75\"%s marker-end=\"url(#tip)\" "
		"d=\"M%.2f %.1fC%.2f %.1f %.2f %.1f %.2f %.1f\"/>\n", b->credit ? " stroke-dasharray=\"3 2\"" : "", x, y, x + 2,
		y + down * 5, x2 - 2, y2 - down * 5, x2, y2);
}

/* A step of 1, 2 or 5 times a power of ten, so that there are about ten. */
static double step_of(double span)
{
	const double raw = span / 12, power = pow(10, floor(log10(raw)));

	return raw / power <= 1 ? power : raw / power <= 2 ? 2 * power : raw / power <= 5 ? 5 * power : 10 * power;
}

static void axis(struct picture *p)
{
	const double end = (double)p->t->span_ns, step = step_of(end - p->from_ns);
	char text[32];

	for (double at = ceil(p->from_ns / step) * step; at <= end; at += step) {
		const double x = x_of(p, at);

		trace_time(text, sizeof(text), at);
		fprintf(p->out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>", x, p->top, p->bottom + 5);
		fprintf(p->out, "<text class=\"axis\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", x, p->bottom + 18,
			at > 0 ? text : "0");
	}
}

/* When the last body of a sequence ended. */
static uint64_t done(const struct trace *t, uint64_t seq)
{
	uint64_t end = 0;

	for (uint32_t b = 0; b < t->num_bodies; b++) {
		const uint32_t k = trace_bar_of(t, b, (seq + 1) * t->body[b].firings - 1);

		if (k != TRACE_NONE && t->bar[k].record.end_ns > end)
			end = t->bar[k].record.end_ns;
	}
	return end;
}

/* A ruler of periods T* that is laid against the end of the middle sequence, over marks where each one ended. */
static double ruler(struct picture *p, double y)
{
	const struct trace *t = p->t;
	const double star = t->measure.period_ns, wide = star / p->ns;
	const double anchor = (double)done(t, p->first + (t->sequences - 1 - p->first) / 2);
	double at = star > 0 ? anchor - ceil((anchor - p->from_ns) / star) * star : 0;
	char text[32];

	fprintf(p->out, "<text class=\"stars bold\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">T*</text>\n", LEFT - 12, y + 11);
	trace_time(text, sizeof(text), star);
	for (int n = 0; star > 0 && wide > 2 && at < (double)t->span_ns && n < MAX_TICKS; at += star, n++) {
		const double x = x_of(p, at), from = x > LEFT ? x : LEFT, end = x + wide < WIDTH - RIGHT ? x + wide : WIDTH - RIGHT;

		if (x > LEFT)
			fprintf(p->out, "<path class=\"star\" stroke-opacity=\".55\" stroke-dasharray=\"2 4\" d=\"M%.2f %.1fV%.1f\"/>", x,
				p->top, y + 14);
		fprintf(p->out, "<rect class=\"rule%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"12\"/>\n", n % 2 ? "2" : "", from,
			y + 1, end - from);
		if (end - from > 56)
			fprintf(p->out, "<text class=\"small\" x=\"%.2f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", x + wide / 2,
				y + 10.5, text);
	}
	y += 20;
	fprintf(p->out, "<text class=\"soft\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">ended</text>\n", LEFT - 12, y + 10);
	for (uint64_t s = p->first; s < t->sequences && s < p->first + MAX_TICKS; s++)
		fprintf(p->out, "<path class=\"s%d\" d=\"M%.2f %.1fl5 9h-10z\"><title>sequence %llu ended</title></path>\n",
			(int)(s % COLOURS), x_of(p, (double)done(t, s)), y + 1, (unsigned long long)s);
	return y + 18;
}

static void legend(struct picture *p, double y)
{
	FILE *f = p->out;
	double x = LEFT;

	for (int i = 0; i < COLOURS; i++, x += 17)
		fprintf(f, "<rect class=\"s%d\" x=\"%.0f\" y=\"%.0f\" width=\"15\" height=\"13\" rx=\"2\"/>", i, x, y);
	fprintf(f, "<text x=\"%.0f\" y=\"%.0f\">sequence, by its number</text>\n", x + 4, y + 11);
	x += 176;
	fprintf(f, "<rect class=\"s0 w\" x=\"%.0f\" y=\"%.0f\" width=\"26\" height=\"11\"/><text x=\"%.0f\" y=\"%.0f\">waits for data</text>\n",
		x, y + 1, x + 32, y + 11);
	x += 132;
	fprintf(f, "<rect fill=\"url(#h0)\" x=\"%.0f\" y=\"%.0f\" width=\"26\" height=\"11\"/>"
		"<text x=\"%.0f\" y=\"%.0f\">waits for an idle block</text>\n", x, y + 1, x + 32, y + 11);
	x += 192;
	fprintf(f, "<path class=\"edge\" marker-end=\"url(#tip)\" d=\"M%.0f %.0fh24\"/><text x=\"%.0f\" y=\"%.0f\">came last: data</text>\n", x,
		y + 7, x + 32, y + 11);
	x += 146;
	fprintf(f, "<path class=\"edge\" stroke-dasharray=\"3 2\" marker-end=\"url(#tip)\" d=\"M%.0f %.0fh24\"/>"
		"<text x=\"%.0f\" y=\"%.0f\">block given back</text>\n", x, y + 7, x + 32, y + 11);
	x += 152;
	fprintf(f, "<text x=\"%.0f\" y=\"%.0f\"><tspan class=\"stars\">●</tspan> sets T*</text>\n", x, y + 11);
}

static int by_row(const struct trace *t, uint32_t a, uint32_t b)
{
	const struct weft_body_info *x = &t->body[a], *y = &t->body[b];

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	return x->position < y->position ? -1 : 1;
}

/* Where the time axis begins: with the first thing that is drawn. */
static void scale(struct picture *p)
{
	const struct trace *t = p->t;

	p->first = t->sequences > MANY ? t->sequences - SHOWN : 0;
	p->from_ns = p->first ? (double)t->span_ns : 0;
	for (uint32_t i = 0; i < t->num_bars && p->first; i++)
		if (t->bar[i].record.seq >= p->first && (double)t->bar[i].record.start_ns < p->from_ns)
			p->from_ns = (double)t->bar[i].record.start_ns;
	p->ns = ((double)t->span_ns > p->from_ns ? (double)t->span_ns - p->from_ns : 1) / (WIDTH - LEFT - RIGHT);
}

/* Returns the height. */
static double content(struct picture *p)
{
	const struct trace *t = p->t;
	double y;

	header(p);
	p->top = critical(p, 69) + 2;
	p->bottom = rows(p, p->top);
	axis(p);
	y = ruler(p, p->bottom + 28);
	for (uint32_t i = 0; i < t->num_bars; i++)
		if (t->bar[i].record.seq >= p->first)
			bar(p, &t->bar[i]);
	for (uint32_t i = 0; i < t->num_bars && t->num_bars <= MAX_LINES; i++)
		if (t->bar[i].cause != TRACE_NONE && t->bar[i].record.seq >= p->first)
			line(p, &t->bar[i]);
	legend(p, y + 12);
	return y + 42;
}

static void order(struct picture *p)
{
	for (uint32_t i = 0, k; i < p->t->num_bodies; i++) {
		for (k = i; k && by_row(p->t, i, p->order[k - 1]) < 0; k--)
			p->order[k] = p->order[k - 1];
		p->order[k] = i;
	}
}

int trace_write_svg(FILE *out, const struct trace *t)
{
	struct picture p = { .t = t };
	size_t bytes = 0;
	char *text = NULL;
	double height;

	p.order = calloc(t->num_bodies, sizeof(p.order[0]));
	p.y = calloc(t->num_bodies, sizeof(p.y[0]));
	p.out = open_memstream(&text, &bytes);		/* its height comes before it and is known behind it */
	if (!p.order || !p.y || !p.out) {
		free(p.order);
		free(p.y);
		return -1;
	}
	order(&p);
	scale(&p);
	height = content(&p);
	fclose(p.out);
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- SPDX-License-Identifier: MIT -->\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\">\n<title>",
		WIDTH, height, WIDTH, height);
	trace_xml(out, t->name);
	fputs(": what its bodies did, and what for they waited</title>\n", out);
	style(out);
	fprintf(out, "<rect class=\"bg\" width=\"%.0f\" height=\"%.0f\"/>\n%s</svg>\n", WIDTH, height, text);
	free(text);
	free(p.order);
	free(p.y);
	return 0;
}
