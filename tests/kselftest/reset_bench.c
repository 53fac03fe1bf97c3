// SPDX-License-Identifier: GPL-2.0-only
// Copyright 2026 The weft authors
/*
 * How long recovery takes, as `make bench` reports it; run as root in a machine whose cards have INJECT. Writes a JSON array.
 *
 *	reset.engine_ms: QUEUE_DESTROY of a queue that obeys ENGINE_RESET only, less the time the driver gives it to obey
 *	reset.card_ms: from asking for a reset of the card to the first verified result of a new file
 */
#include "ks_uq.h"

#define RUNS		7
#define PATIENCE_MS	200
#define TIMEOUT		"/sys/module/weft/parameters/safe_timeout_ms"

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int engine_ms(double *ms)
{
	union weft_packet fill = ks_pkt_fill(KS_UDATA_VA, 4096, 1);
	struct drm_weft_queue_state state;
	struct ks_uq uq;
	int64_t from;

	KS_OK(ks_uq_open(&uq, 0));
	KS_OK(ks_uq_start(&uq, NULL, 0));
	KS_OK(ks_queue_state(uq.fd, uq.queue, &state));
	KS_OK(ks_inject(0, WEFT_INJECT_STUCK, state.card_queue));
	ks_uq_put(&uq, &fill);
	KS_DO(ks_uq_reach(&uq, WEFT_QS_RUNNING));
	usleep(20000);
	from = ks_now_ns();
	KS_OK(ks_uq_stop(&uq));
	*ms = (ks_now_ns() - from) / 1e6 - PATIENCE_MS;
	ks_uq_close(&uq);
	return 0;
}

static int card_ms(double *ms)
{
	struct ks_rig rig;
	char path[128];
	int64_t from;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", ks_pci(0));
	from = ks_now_ns();
	KS_OK(ks_write(path, "1"));
	KS_OK(ks_rig_open(&rig, 0, 0));
	KS_DO(ks_rig_alive(&rig));
	*ms = (ks_now_ns() - from) / 1e6;
	ks_rig_close(&rig);
	return 0;
}

static void row(const char *name, int (*take)(double *ms), const char *end)
{
	double ms[RUNS];
	int n = 0;

	while (n < RUNS && !take(&ms[n]))
		n++;
	qsort(ms, n, sizeof(ms[0]), by_size);
	if (n == RUNS)
		printf("{\"name\": \"%s\", \"value\": %.3f, \"median\": %.3f, \"p10\": %.3f, \"runs\": %d}%s", name, ms[n / 2],
		       ms[n / 2], ms[n / 10], n, end);
	else
		printf("{\"name\": \"%s\", \"value\": null, \"reason\": \"run %d failed\"}%s", name, n, end);
}

int main(void)
{
	char text[16];

	if (!ks_cards())
		return 1;
	snprintf(text, sizeof(text), "%d", PATIENCE_MS);
	if (ks_write(TIMEOUT, text))
		return 1;
	printf("[");
	row("reset.engine_ms", engine_ms, ", ");
	if (ks_write(TIMEOUT, "1000"))
		return 1;
	row("reset.card_ms", card_ms, "]\n");
	return 0;
}
