/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Commands for the program's own ring that wait for a sequence: DONE cells, those of one card together. */
#include <errno.h>

#include <weft/plan_uring.h>

#include "exec.h"

static uint32_t cells_on(const struct weft_plan *p, uint32_t device)
{
	uint32_t n = 0;

	for (uint32_t i = p->first_done; i < p->num_cells; i++)
		n += p->cell[i].waiter == device;
	return n;
}

static uint32_t commands(const struct weft_plan *p)
{
	uint32_t n = 0;

	for (uint32_t d = 0; d < p->num_devices; d++)
		n += (cells_on(p, d) + WEFT_URING_WANTS - 1) / WEFT_URING_WANTS;
	return n;
}

int weft_uring_plan_commands(const struct weft_plan *plan)
{
	int ret = weft_plan_check(plan, false, __func__);

	if (ret)
		return ret;
	return plan->loaded ? (int)commands(plan) : weft_fail(-EINVAL, "weft_uring_plan_commands: plan %s is not loaded", plan->name);
}

/* The next cells of @device from cell @at on, as many as one command has room for. Return: how many */
static uint32_t take(const struct weft_plan *p, uint32_t device, uint64_t sequences, uint32_t *at, struct weft_cell_want *want)
{
	uint32_t n = 0;

	for (; *at < p->num_cells && n < WEFT_URING_WANTS; ++*at) {
		const struct weft_plan_cell *c = &p->cell[*at];

		if (c->waiter == device)
			want[n++] = (struct weft_cell_want) {
				.cells = weft_cell_here(p, c), .index = c->index, .value = p->config.cell_base + sequences * c->body->q };
	}
	return n;
}

int weft_uring_plan_wait(struct weft_plan *plan, uint64_t seq, uint64_t timeout_ns, struct weft_uring_plan_op *ops,
			 struct io_uring_sqe *const *sqes, uint32_t count)
{
	struct weft_cell_want want[WEFT_URING_WANTS];
	uint64_t sequences;
	uint32_t k = 0;
	int ret = weft_plan_sequences(plan, seq, __func__, &sequences);

	if (ret)
		return ret;
	if (!ops || !sqes || count != commands(plan))
		return weft_fail(-EINVAL, "weft_uring_plan_wait: plan %s: %u commands, it takes %u", plan->name, count, commands(plan));
	for (uint32_t d = 0; d < plan->num_devices && !ret; d++)
		for (uint32_t at = plan->first_done, n; !ret && (n = take(plan, d, sequences, &at, want)); k++)
			ret = weft_uring_cell_wait_many(want, n, true, timeout_ns, ops[k].want, &ops[k].op, sqes[k]);
	return ret;
}

int weft_uring_plan_result(struct weft_plan *plan, uint64_t seq, const int32_t *res, uint32_t count)
{
	int ret = weft_plan_check(plan, false, __func__);

	if (!ret && !res)
		ret = weft_fail(-EINVAL, "weft_uring_plan_result: plan %s: no results", plan->name);
	if (!ret)
		ret = weft_plan_wait(plan, seq, 0);
	/* it neither is done nor can it not be: who waited for it gave up */
	for (uint32_t i = 0; i < count && ret == -ETIME; i++)
		if (res[i] < 0 && res[i] != -ETIME)
			ret = weft_fail(res[i], "weft_uring_plan_result: plan %s: command %u of the wait for sequence %llu failed", plan->name, i,
					(unsigned long long)seq);
	return ret;
}
