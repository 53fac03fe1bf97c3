// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/*
 * The text of a dump, version 1: "weft-dump 1", sections "[name]", lines "key: value", and bytes as
 * "@index hex". The last line is "[end]"; without it the text was cut off. weft-dump(1) has the
 * sections; add keys, never change one.
 */
#include <linux/ctype.h>
#include <linux/seq_buf.h>
#include <linux/utsname.h>
#include <drm/weft_accel.h>

#include "weft_device.h"
#include "weft_names.h"
#include "weft_snapshot.h"

static const char * const reasons[WEFT_DUMP_REASONS] = {
	[WEFT_DUMP_JOB_FAULT] = "job-fault",
	[WEFT_DUMP_JOB_TIMEOUT] = "job-timeout",
	[WEFT_DUMP_QUEUE_FAULT] = "queue-fault",
	[WEFT_DUMP_SAFE_TIMEOUT] = "safe-timeout",
	[WEFT_DUMP_FIRMWARE] = "firmware-stopped",
	[WEFT_DUMP_WEDGED] = "wedged",
};

static void write_version(struct seq_buf *out, const char *key, u32 v)
{
	seq_buf_printf(out, "%s: %u.%u.%u\n", key, v >> 16, v >> 8 & 0xff, v & 0xff);
}

static void write_card(const struct weft_snapshot *s, struct weft_device *w, struct seq_buf *out)
{
	int op;

	seq_buf_puts(out, "[card]\n");
	seq_buf_printf(out, "pci: %s\nserial: %u\n", dev_name(w->drm.dev), w->serial);
	seq_buf_printf(out, "contract: %u.%u\n", w->contract >> 16, w->contract & 0xffff);
	write_version(out, "firmware", w->fw_version);
	seq_buf_printf(out, "capabilities: %#llx\nlocal_bytes: %#llx\nuser_limit: %#llx\n", w->caps,
		       w->lmem_bytes, w->user_limit);
	seq_buf_printf(out, "queues: %u\nspaces: %u\nslots: %u\nengines: %u\nlinks: %u\n",
		       w->num_queues, w->num_asids, w->num_slots, w->num_engines, w->num_links);
	seq_buf_printf(out, "state: %s\nreset_generation: %lld\nclock_ns: %llu\n",
		       weft_name_state(s->state), (s64)s->gen, s->card_ns);
	seq_buf_printf(out, "temperature_mc: %u\npower_mw: %u\nclock_mhz: %u\nthrottle: %#x\n",
		       s->temp_mc, s->power_mw, s->clock_mhz, s->throttle);
	seq_buf_printf(out, "ecc_corrected: %u\necc_fatal: %u\n", s->ecc_corrected, s->ecc_fatal);
	seq_buf_puts(out, "[firmware]\n");
	seq_buf_printf(out, "boot_status: %#x\nheartbeat: %u\n", s->boot_status, s->heartbeat);
	seq_buf_puts(out, "[safe]\n");
	for (op = 0; op < WEFT_SAFE_OP_COUNT; op++)
		seq_buf_printf(out, "%s: done %u status %u\n", weft_name_safe(op), s->safe_done[op],
			       s->safe_status[op]);
}

static void write_packets(const struct weft_packets *p, const char *name, struct seq_buf *out)
{
	u32 i;

	seq_buf_printf(out, "[%s]\naddress: %#llx\ncount: %u\n", name, p->va, p->count);
	for (i = 0; i < p->count; i++) {
		const u8 *bytes = (const u8 *)&p->packet[i];

		seq_buf_printf(out, "packet: %llu %s\n", p->first + i, weft_name_packet(bytes[0]));
		seq_buf_printf(out, "@%llu %*phN\n", p->first + i, (int)sizeof(p->packet[i]),
			       bytes);
	}
}

static void write_walk(const struct weft_walk *w, const char *name, struct seq_buf *out)
{
	u32 i;

	seq_buf_printf(out, "[%s]\naddress: %#llx\n", name, w->va);
	for (i = 0; i < w->levels; i++)
		seq_buf_printf(out, "level%d: %#018llx\n", WEFT_PT_LEVELS - 1 - i, w->entry[i]);
}

static void write_queue(const struct weft_snapshot *s, struct seq_buf *out)
{
	const struct weft_queue_state *q = &s->queue;
	u32 i;

	if (!s->queue_valid)
		return;
	seq_buf_puts(out, "[queue]\n");
	seq_buf_printf(out, "id: %u\nspace: %u\nkind: %s\nband: %u\nweight: %u\nflags: %#x\n",
		       s->desc.id, s->desc.asid, s->desc.kind == WEFT_QUEUE_JOB ? "job" : "user",
		       s->desc.band, s->desc.weight, s->desc.flags);
	if (*s->name)
		seq_buf_printf(out, "name: %s\n", s->name);
	seq_buf_printf(out, "run: %s\ncause: %s\nrun_number: %u\ncause_number: %u\n",
		       weft_name_run(q->run), weft_name_fault(q->cause), q->run, q->cause);
	seq_buf_printf(out,
		       "fault_va: %#llx\nfault_list: %#llx\nfault_packet: %u\nfault_op: %#x\nfault_op_name: %s\n",
		       q->fault_va, q->fault_list, q->fault_packet, q->fault_op,
		       weft_name_packet(q->fault_op & 0xff));
	seq_buf_printf(out,
		       "fence: %llu\nretired: %llu\nhead: %llu\nprogress_ns: %llu\nbusy_ns: %llu\n",
		       q->fence, q->retired, q->head, q->progress_ns, q->busy_ns);
	seq_buf_printf(out,
		       "wait_va: %#llx\nwait_value: %llu\nwait_since_ns: %llu\norigin: %#llx\ndirty_links: %#llx\n",
		       q->wait_va, q->wait_value, q->wait_since_ns, q->origin, q->dirty_links);
	seq_buf_printf(out,
		       "run_limit_ns: %llu\nwait_limit_ns: %llu\nring: %#llx\nring_log2: %u\npage_table: %#llx\n",
		       s->desc.run_limit_ns, s->desc.wait_limit_ns, s->desc.ring, s->desc.ring_log2,
		       s->root);
	if (s->ctl_valid)
		seq_buf_printf(out, "tail_written: %llu\ntail: %llu\narmed: %u\n", s->tail,
			       s->ctl.tail, s->ctl.armed);
	seq_buf_printf(out, "depth: %u\n", q->depth);
	for (i = 0; i < min_t(u32, q->depth, WEFT_FRAMES); i++)
		seq_buf_printf(out,
			       "frame%u: list %#llx packet %u of %u iteration %llu of %llu %s\n", i,
			       q->frame[i].list, q->frame[i].pc, q->frame[i].npackets,
			       q->frame[i].it, q->frame[i].count,
			       q->frame[i].is_loop ? "LOOP" : "CALL");
	write_packets(&s->ring, "ring", out);
	if (s->list.count)
		write_packets(&s->list, "list", out);
	if (q->fault_va)
		write_walk(&s->fault, "walk-fault", out);
	if (q->wait_va)
		write_walk(&s->wait, "walk-wait", out);
}

static void write_others(const struct weft_snapshot *s, struct seq_buf *out)
{
	u32 i;

	seq_buf_puts(out, "[engines]\n");
	for (i = 0; i < s->num_engines; i++)
		seq_buf_printf(out, "engine%u: kinds %#x group %u width %u busy_ns %llu\n", i,
			       s->engine[i].kinds, s->engine[i].group, s->engine[i].width,
			       s->busy_ns[i]);
	seq_buf_puts(out, "[queues]\n");
	for (i = 0; i < s->num_queues; i++)
		seq_buf_printf(out,
			       "queue%u: space %u kind %s band %u run %s cause %s retired %llu head %llu\n",
			       s->queues[i].desc.id, s->queues[i].desc.asid,
			       s->queues[i].desc.kind == WEFT_QUEUE_JOB ? "job" : "user",
			       s->queues[i].desc.band, weft_name_run(s->queues[i].run),
			       weft_name_fault(s->queues[i].cause), s->queues[i].retired,
			       s->queues[i].head);
	seq_buf_printf(out, "left_out: %u\n", s->queues_left);
	seq_buf_puts(out, "[events]\n");
	seq_buf_printf(out, "written: %u\ntold: %u\ntaken: %u\nstatus: %#x\n", s->evt_tail,
		       s->evt_head, s->evt_taken, s->evt_status);
	for (i = 0; i < s->num_events; i++)
		seq_buf_printf(out, "event%u: %s queue %u space %u cause %u value %#llx\n",
			       s->first_event + i, weft_name_event(s->event[i].type),
			       s->event[i].queue, s->event[i].asid, s->event[i].cause,
			       s->event[i].value);
	seq_buf_puts(out, "[mailbox]\n");
	seq_buf_printf(out,
		       "requests_written: %u\nrequests_taken: %u\nanswers_written: %u\nanswers_taken: %u\n",
		       s->req_tail, s->req_head, s->rsp_tail, s->rsp_head);
	for (i = 0; i < s->num_messages; i++) {
		seq_buf_printf(out, "request: %s number %u\n@%u %*phN\n",
			       weft_name_mbox(s->request[i].op), s->request[i].seq, i,
			       (int)sizeof(s->request[i]), &s->request[i]);
		seq_buf_printf(out, "answer: %s number %u status %u\n@%u %*phN\n",
			       weft_name_mbox(s->answer[i].op), s->answer[i].seq,
			       s->answer[i].status, i, (int)sizeof(s->answer[i]), &s->answer[i]);
	}
}

static void write_history(const struct weft_snapshot *s, struct seq_buf *out)
{
	u32 i;

	seq_buf_puts(out, "[history]\n");
	for (i = 0; i < s->num_notes; i++) {
		const struct weft_note *n = &s->note[i];

		seq_buf_printf(out, "note%u: -%llu us %s", i,
			       (s->taken_ns - min(n->at_ns, s->taken_ns)) / 1000, n->what);
		if (n->queue != WEFT_QUEUE_NONE)
			seq_buf_printf(out, " queue %u", n->queue);
		seq_buf_printf(out, " value %#llx error %d\n", n->value, n->error);
	}
}

/*
 * What the firmware wrote, made harmless: lines cannot look like ours, and nothing reaches a
 * terminal but text.
 */
static void write_log(const struct weft_snapshot *s, struct seq_buf *out)
{
	bool start = true;
	u32 i;

	seq_buf_puts(out, "[log]\n");
	for (i = 0; i < s->log_bytes; i++) {
		char c = s->log[i];

		if (start)
			seq_buf_puts(out, "log: ");
		start = c == '\n';
		seq_buf_putc(out, start || (isascii(c) && isprint(c)) ? c : '?');
	}
	if (!start)
		seq_buf_putc(out, '\n');
}

void weft_snapshot_write(const struct weft_snapshot *s, struct weft_device *w, struct seq_buf *out)
{
	seq_buf_puts(out, "weft-dump 1\n");
	seq_buf_printf(out, "reason: %s\ntime_s: %lld\nmonotonic_ns: %llu\n", reasons[s->reason],
		       s->wall_s, s->taken_ns);
	seq_buf_printf(out, "kernel: %s\ndriver_interface: %u.%u\n", init_utsname()->release,
		       DRM_WEFT_UAPI_MAJOR, DRM_WEFT_UAPI_MINOR);
	write_card(s, w, out);
	write_queue(s, out);
	write_others(s, out);
	write_history(s, out);
	write_log(s, out);
	seq_buf_puts(out, "[end]\n");
}
