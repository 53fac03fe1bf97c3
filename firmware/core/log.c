// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The log ring: lines of text in local memory, with a free-running tail. */
#include "format.h"
#include "wfw.h"

#define LINE_BYTES	160u
#define RING_BYTES_MIN	4096u

struct ring {
	uint64_t base;
	uint32_t bytes;
};

/* The host may change the ring at any time, so it is looked at anew for every line. */
static bool get_ring(struct wfw *fw, struct ring *r)
{
	r->bytes = wfw_read32(fw, WEFT_CP_LOG_BYTES);
	if (r->bytes < RING_BYTES_MIN || (r->bytes & (r->bytes - 1)))
		return false;
	r->base = wfw_read64(fw, WEFT_CP_LOG_BASE);
	return !(r->base % WFW_PAGE_BYTES) && wfw_in_carveout(fw, r->base, r->bytes);
}

static void put_ring(struct wfw *fw, const struct ring *r, const char *text, uint32_t bytes)
{
	uint32_t at = fw->log_tail & (r->bytes - 1);
	uint32_t first = bytes < r->bytes - at ? bytes : r->bytes - at;

	fw->hal->lmem_write(fw->hal, r->base + at, text, first);
	if (first < bytes)
		fw->hal->lmem_write(fw->hal, r->base, text + first, bytes - first);
	fw->log_tail += bytes;
	wfw_write32(fw, WEFT_CP_LOG_TAIL, fw->log_tail);
}

void wfw_log_flush(struct wfw *fw)
{
	struct ring r;

	if (!fw->log_early_bytes || !get_ring(fw, &r))
		return;
	put_ring(fw, &r, fw->log_early, fw->log_early_bytes);
	fw->log_early_bytes = 0;
}

void wfw_log(struct wfw *fw, enum wfw_level level, const char *fmt, ...)
{
	char line[LINE_BYTES];
	uint64_t now;
	uint32_t n;
	struct ring r;
	va_list ap;

	if (level > fw->log_level)
		return;
	now = wfw_read64(fw, WEFT_CP_MTIME) / 1000;
	n = (uint32_t)wfw_format(line, sizeof(line) - 1, "[%5lu.%06lu] ", (unsigned long)(now / 1000000),
				 (unsigned long)(now % 1000000));
	va_start(ap, fmt);
	n += (uint32_t)wfw_vformat(line + n, sizeof(line) - 1 - n, fmt, ap);
	va_end(ap);
	line[n++] = '\n';

	wfw_log_flush(fw);
	if (get_ring(fw, &r)) {
		put_ring(fw, &r, line, n);
	} else if (n <= WFW_LOG_EARLY_BYTES - fw->log_early_bytes) {
		/* The oldest lines say how it began, so later ones are dropped. */
		__builtin_memcpy(fw->log_early + fw->log_early_bytes, line, n);
		fw->log_early_bytes += n;
	}
}
