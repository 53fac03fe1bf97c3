// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * Programs as text. A line is "THREAD.FILE[!NTH] NAME ARGUMENT…", arguments in hexadecimal, those of 0 at the end left
 * out. What begins with # is a remark, an empty line ends a program.
 */
#include "kf.h"

void kf_text_write(FILE *f, const struct kf_program *p)
{
	for (unsigned int i = 0; i < p->num; i++) {
		const struct kf_call *c = &p->call[i];
		unsigned int n = kf_fields(&kf_table[c->desc]);

		fprintf(f, "%u.%u", c->thread, c->file);
		if (c->nth)
			fprintf(f, "!%u", c->nth);
		fprintf(f, " %s", kf_table[c->desc].name);
		while (n && !c->arg[n - 1])
			n--;
		for (unsigned int a = 0; a < n; a++)
			fprintf(f, " %llx", (unsigned long long)c->arg[a]);
		fputc('\n', f);
	}
	fputc('\n', f);
}

static int read_call(char *line, struct kf_call *c)
{
	char *end, *word, *rest;
	unsigned int n = 0;

	memset(c, 0, sizeof(*c));
	word = strtok_r(line, " \n", &rest);
	if (!word)
		return -1;
	c->thread = strtoul(word, &end, 10);
	if (*end != '.' || c->thread >= KF_THREADS)
		return -1;
	c->file = strtoul(end + 1, &end, 10);
	if (*end == '!')
		c->nth = strtoul(end + 1, &end, 10);
	if (*end || c->file >= KF_FILES)
		return -1;
	word = strtok_r(NULL, " \n", &rest);
	while (word && c->desc < kf_table_size && strcmp(kf_table[c->desc].name, word))
		c->desc++;
	if (!word || c->desc == kf_table_size)
		return -1;
	while ((word = strtok_r(NULL, " \n", &rest))) {
		if (n == kf_fields(&kf_table[c->desc]))
			return -1;
		c->arg[n++] = strtoull(word, &end, 16);
		if (*end)
			return -1;
	}
	return 0;
}

int kf_text_read(FILE *f, struct kf_program *p)
{
	char line[1024];

	p->num = 0;
	while (fgets(line, sizeof(line), f)) {
		if (*line == '#')
			continue;
		if (*line == '\n') {
			if (p->num)
				return 1;
			continue;
		}
		if (p->num == KF_CALLS || read_call(line, &p->call[p->num]))
			return -1;
		p->num++;
	}
	return p->num > 0;
}
