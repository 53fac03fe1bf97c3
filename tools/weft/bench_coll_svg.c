// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Bandwidth over size in one file: a chart for each operation, both axes by powers; ours, the limit dashed, other programs in paler
 * lines, each named where it ends. No script; light and dark follow the reader's browser.
 */
#include "bench_coll.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "coll_words.h"
#include "trace_text.h"

#define WIDTH		960.0
#define HEIGHT		360.0	/* of a chart */
#define LEFT		76.0
#define RIGHT		150.0
#define TOP		46.0
#define BOTTOM		44.0
#define LABEL		15.0	/* between two names */
#define CURVES		(COLL_PEERS + 3)

struct point {
	double bytes, gbs;
};

struct curve {
	const char *name, *css;
	uint32_t num;
	struct point point[COLL_POINTS];
};

struct chart {
	FILE *out;
	double y;			/* top of it */
	double min_bytes, max_bytes, min_gbs, max_gbs;
	struct curve curve[CURVES];
	uint32_t num;
};

int bench_coll_peers(const char *file, struct coll_peers *peers)
{
	FILE *f = fopen(file, "r");
	char line[256], name[32], op[32], bytes[32];
	double us;

	if (!f)
		return cmd_error("bench coll", "%s: %s", file, strerror(errno));
	for (uint32_t number = 1; fgets(line, sizeof(line), f); number++) {
		uint32_t p = 0, o;
		uint64_t size;

		if (*line == '#' || *line == '\n')
			continue;
		if (sscanf(line, "%31s %31s %31s %lf", name, op, bytes, &us) != 4 || !coll_bytes(bytes, UINT64_MAX / 2, &size) || !size ||
		    !(us > 0) || !isfinite(us) || (o = coll_op(op)) == UINT32_MAX || peers->points == ARRAY_SIZE(peers->point)) {
			fclose(f);
			return cmd_error("bench coll", "%s:%u: want NAME OPERATION BYTES MICROSECONDS", file, number);
		}
		while (p < peers->num && strcmp(peers->name[p], name))
			p++;
		if (p == COLL_PEERS) {
			fclose(f);
			return cmd_error("bench coll", "%s:%u: more than %u programs", file, number, COLL_PEERS);
		}
		if (p == peers->num)
			memcpy(peers->name[peers->num++], name, sizeof(name));
		peers->point[peers->points].peer = p;
		peers->point[peers->points].op = o;
		peers->point[peers->points].bytes = size;
		peers->point[peers->points++].us = us;
	}
	fclose(f);
	return 0;
}

/* --- what is drawn --- */

static struct curve *curve(struct chart *c, const char *name, const char *css)
{
	for (uint32_t i = 0; i < c->num; i++)
		if (!strcmp(c->curve[i].name, name))
			return &c->curve[i];
	if (c->num == CURVES)
		return NULL;
	c->curve[c->num] = (struct curve) { .name = name, .css = css };
	return &c->curve[c->num++];
}

static void add(struct chart *c, const char *name, const char *css, uint64_t bytes, double us)
{
	const double size = (double)bytes, gbs = size / us / 1000;
	struct curve *v = bytes && us > 0 ? curve(c, name, css) : NULL;

	if (!v || v->num == COLL_POINTS)
		return;
	v->point[v->num++] = (struct point) { size, gbs };
	c->min_bytes = size < c->min_bytes ? size : c->min_bytes;
	c->max_bytes = size > c->max_bytes ? size : c->max_bytes;
	c->min_gbs = gbs < c->min_gbs ? gbs : c->min_gbs;
	c->max_gbs = gbs > c->max_gbs ? gbs : c->max_gbs;
}

static bool has(struct chart *c, const char *name, uint64_t bytes)
{
	for (uint32_t i = 0; i < c->num; i++)
		for (uint32_t k = 0; k < c->curve[i].num && !strcmp(c->curve[i].name, name); k++)
			if (c->curve[i].point[k].bytes == (double)bytes)
				return true;
	return false;
}

static int by_size(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

static void collect(struct chart *c, uint32_t op, const struct coll_row *rows, uint32_t num, const struct coll_peers *peers)
{
	static const char *const css[COLL_PEERS] = { "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7" };

	c->num = 0;
	c->min_bytes = c->min_gbs = INFINITY;
	c->max_bytes = c->max_gbs = 0;
	for (uint32_t i = 0; i < num; i++)
		if (rows[i].op == op)
			add(c, rows[i].in_place ? "weft, in place" : "weft", rows[i].in_place ? "ip" : "us", rows[i].bytes, rows[i].us);
	/* one limit: in place it may have a destination less */
	for (uint32_t i = 0; i < num; i++)
		if (rows[i].op == op && rows[i].limit_us > 0 && !has(c, "limit", rows[i].bytes))
			add(c, "limit", "limit", rows[i].bytes, rows[i].limit_us);
	for (uint32_t i = 0; i < peers->points; i++)
		if (peers->point[i].op == op)
			add(c, peers->name[peers->point[i].peer], css[peers->point[i].peer], peers->point[i].bytes, peers->point[i].us);
	for (uint32_t i = 0; i < c->num; i++)
		qsort(c->curve[i].point, c->curve[i].num, sizeof(c->curve[i].point[0]), by_size);
	/* whole powers; a single size still has a width */
	c->min_bytes = exp2(floor(log2(c->min_bytes)));
	c->max_bytes = exp2(ceil(log2(c->max_bytes)));
	c->max_bytes = c->max_bytes > c->min_bytes ? c->max_bytes : 2 * c->min_bytes;
	c->min_gbs = pow(10, floor(log10(c->min_gbs)));
	c->max_gbs = pow(10, ceil(log10(c->max_gbs)));
	c->max_gbs = c->max_gbs > c->min_gbs ? c->max_gbs : 10 * c->min_gbs;
}

static double x_of(const struct chart *c, double bytes)
{
	return LEFT + (WIDTH - LEFT - RIGHT) * log(bytes / c->min_bytes) / log(c->max_bytes / c->min_bytes);
}

static double y_of(const struct chart *c, double gbs)
{
	return c->y + HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * log(gbs / c->min_gbs) / log(c->max_gbs / c->min_gbs);
}

/* --- drawing --- */

static void axes(const struct chart *c)
{
	const double x1 = WIDTH - RIGHT, y1 = c->y + HEIGHT - BOTTOM;
	const int powers = (int)(log2(c->max_bytes / c->min_bytes) + 0.5), every = powers / 12 + 1;
	char word[32];

	for (int i = 0; i <= powers; i += every) {
		const double bytes = c->min_bytes * exp2(i), x = x_of(c, bytes);

		fprintf(c->out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"axis\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x, c->y + TOP, x, y1, x, y1 + 16,
			coll_bytes_word((uint64_t)bytes, word, sizeof(word)));
	}
	for (double gbs = c->min_gbs; gbs < c->max_gbs * 1.01; gbs *= 10) {
		const double y = y_of(c, gbs);

		fprintf(c->out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
			"<text class=\"axis\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">%g</text>\n", LEFT, y, x1, y, LEFT - 6, y + 4, gbs);
	}
	fprintf(c->out, "<text class=\"axis\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">bytes</text>"
		"<text class=\"axis\" x=\"12\" y=\"%.1f\">GB/s</text>\n", (LEFT + x1) / 2, y1 + 34, c->y + TOP - 8);
}

static void line(const struct chart *c, const struct curve *v)
{
	fprintf(c->out, "<polyline class=\"line %s\" points=\"", v->css);
	for (uint32_t i = 0; i < v->num; i++)
		fprintf(c->out, "%s%.1f,%.1f", i ? " " : "", x_of(c, v->point[i].bytes), y_of(c, v->point[i].gbs));
	fputs("\"/>\n", c->out);
	for (uint32_t i = 0; i < v->num && strcmp(v->css, "limit"); i++) {
		char word[32];

		fprintf(c->out, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>", v->css, x_of(c, v->point[i].bytes),
			y_of(c, v->point[i].gbs));
		trace_xml(c->out, v->name);
		fprintf(c->out, ": %s bytes, %.4g GB/s, %.4g us</title></circle>\n",
			coll_bytes_word((uint64_t)v->point[i].bytes, word, sizeof(word)), v->point[i].gbs, v->point[i].bytes / v->point[i].gbs / 1000);
	}
}

/* Names beside the last points, moved apart where they would lie over each other. */
static void names(const struct chart *c)
{
	double y[CURVES];
	uint32_t order[CURVES];

	for (uint32_t i = 0; i < c->num; i++) {
		uint32_t k = i;

		y[i] = y_of(c, c->curve[i].point[c->curve[i].num - 1].gbs) + 4;
		for (; k && y[order[k - 1]] > y[i]; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	for (uint32_t k = 1; k < c->num; k++)
		if (y[order[k]] < y[order[k - 1]] + LABEL)
			y[order[k]] = y[order[k - 1]] + LABEL;
	/* up again, from the lower edge */
	for (uint32_t k = c->num; k--;) {
		const double most = k + 1 < c->num ? y[order[k + 1]] - LABEL : c->y + HEIGHT - BOTTOM + 4;

		y[order[k]] = y[order[k]] > most ? most : y[order[k]];
	}
	for (uint32_t i = 0; i < c->num; i++) {
		const struct point *last = &c->curve[i].point[c->curve[i].num - 1];
		const double x = WIDTH - RIGHT + 24;

		fprintf(c->out, "<line class=\"lead %s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/><text class=\"name %s\" x=\"%.1f\" y=\"%.1f\">",
			c->curve[i].css, x_of(c, last->bytes) + 4, y_of(c, last->gbs), x - 4, y[i] - 4, c->curve[i].css, x, y[i]);
		trace_xml(c->out, c->curve[i].name);
		fputs("</text>\n", c->out);
	}
}

static void style(FILE *f)
{
	static const char *const peer[COLL_PEERS] = {
		"#b26a00", "#7a5ea8", "#2e8b57", "#b0413e", "#5d7fa3", "#8a6d3b", "#9c4f8b", "#5f7a3a",
	};

	fputs("<style>\n"
	      "text{font:12px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#22272e}\n"
	      ".bg{fill:#fff}.axis{fill:#59636e;font-size:11px}.title{font-size:16px;font-weight:600}.grid{stroke:#e3e7ec}\n"
	      ".line{fill:none;stroke-width:1.6}.lead{stroke-width:.7;stroke-opacity:.6}\n"
	      ".us{stroke:#0b62c4}.ip{stroke:#19a0c9}.line.us{stroke-width:2.8}.line.ip{stroke-width:2.2}\n"
	      ".limit{stroke:#22272e;stroke-dasharray:5 4}\n"
	      ".name.us,.dot.us{fill:#0b62c4}.name.ip,.dot.ip{fill:#19a0c9}.name.limit{fill:#22272e}text.name,circle.dot{stroke:none}.name.us{font-weight:600}\n", f);
	for (uint32_t i = 0; i < COLL_PEERS; i++)
		fprintf(f, ".p%u{stroke:%s}.name.p%u,.dot.p%u{fill:%s}\n", i, peer[i], i, i, peer[i]);
	fputs("@media (prefers-color-scheme:dark){\n"
	      "text{fill:#e6e9ee}.bg{fill:#14181d}.axis{fill:#a4aeba}.grid{stroke:#2b333c}.limit{stroke:#e6e9ee}.name.limit{fill:#e6e9ee}\n"
	      ".us{stroke:#5aa9ff}.name.us,.dot.us{fill:#5aa9ff}\n}\n</style>\n", f);
}

static void chart(struct chart *c, uint32_t op, uint32_t cards, const char *type)
{
	fprintf(c->out, "<text class=\"title\" x=\"12\" y=\"%.1f\">%s of %s on %u card%s</text>"
		"<text class=\"axis\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">size over time of one of many calls</text>\n", c->y + 22,
		weft_coll_op_name(op), type, cards, cards == 1 ? "" : "s", WIDTH - RIGHT, c->y + 22);
	axes(c);
	for (uint32_t i = c->num; i--;)
		line(c, &c->curve[i]);
	names(c);
}

/* Has it a size? A barrier has none. */
static bool drawn(uint32_t op, const struct coll_row *rows, uint32_t num)
{
	for (uint32_t i = 0; i < num; i++)
		if (rows[i].op == op && rows[i].bytes)
			return true;
	return false;
}

int bench_coll_svg(const char *file, const struct coll_row *rows, uint32_t num, uint32_t cards, const char *type,
		   const struct coll_peers *peers)
{
	struct chart *c = calloc(1, sizeof(*c));
	uint32_t charts = 0;
	int ret = 0;

	if (!c)
		return cmd_error("bench coll", "out of memory");
	for (uint32_t op = 0; op < WEFT_COLL_OPS; op++)
		charts += drawn(op, rows, num);
	c->out = fopen(file, "w");
	if (!c->out) {
		free(c);
		return cmd_error("bench coll", "%s: %s", file, strerror(errno));
	}
	fprintf(c->out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\">\n", WIDTH,
		charts * HEIGHT + 8, WIDTH, charts * HEIGHT + 8);
	style(c->out);
	fprintf(c->out, "<rect class=\"bg\" width=\"%g\" height=\"%g\"/>\n", WIDTH, charts * HEIGHT + 8);
	for (uint32_t op = 0; op < WEFT_COLL_OPS; op++) {
		if (!drawn(op, rows, num))
			continue;
		collect(c, op, rows, num, peers);
		chart(c, op, cards, type);
		c->y += HEIGHT;
	}
	fputs("</svg>\n", c->out);
	errno = 0;
	if (ferror(c->out) | fclose(c->out))
		ret = cmd_error("bench coll", "%s: %s", file, errno ? strerror(errno) : "could not be written");
	free(c);
	return ret;
}
