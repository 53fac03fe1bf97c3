// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* debugfs: queues, their rings, and address spaces. */
#include <linux/seq_file.h>
#include <drm/drm_file.h>
#include <drm/weft_accel.h>

#include "weft_debugfs.h"
#include "weft_device.h"
#include "weft_file.h"
#include "weft_hwq.h"
#include "weft_look.h"
#include "weft_names.h"
#include "weft_snapshot.h"
#include "weft_uqueue.h"
#include "weft_vm.h"
#include "weft_wait.h"

#define RING_BEFORE	8	/* packets shown before the one the queue is at */
#define RING_SHOWN	16

/*
 * One queue as it was at one moment. @asked: @state and @ctl are the card's; @found: @cell is what
 * it waits for, read a moment after @state.
 */
struct look_queue {
	struct weft_queue_desc desc;
	u64 tail;
	char name[DRM_WEFT_NAME_BYTES + 1];
	bool live, halted, asked, found;
	struct weft_cell cell;
	struct weft_queue_state state;
	struct weft_ring_ctl ctl;
	union weft_packet ring[RING_SHOWN];
	u64 first;
	u32 shown;
};

static void read_ring(struct weft_device *w, struct look_queue *l)
{
	u64 size = 1ull << l->desc.ring_log2;
	u32 i;

	weft_mmio_lmem_read(w, &l->ctl, l->desc.ctl, sizeof(l->ctl));
	l->first = l->state.head > RING_BEFORE ? l->state.head - RING_BEFORE : 0;
	l->shown = min_t(u64, size, RING_SHOWN);
	for (i = 0; i < l->shown; i++)
		weft_mmio_lmem_read(w, &l->ring[i], l->desc.ring +
				    ((l->first + i) & (size - 1)) * sizeof(l->ring[i]),
				    sizeof(l->ring[i]));
}

/* bind_lock held, which keeps tables and memory; those of a space that has ended are gone. */
static void read_cell(struct weft_device *w, struct look_queue *l, const struct weft_vm *vm)
{
	u64 va = l->state.wait_va, at;

	if (l->state.run != WEFT_QS_PARKED || va % sizeof(l->cell) || !vm->tables.pt.root)
		return;
	at = weft_snapshot_local_at(w, weft_tables_root(&vm->tables), va, sizeof(l->cell));
	l->found = at != U64_MAX;
	if (l->found)
		weft_wait_read(w, at, &l->cell);
}

/*
 * The next queue from *id on: queues live while the lock is held, and their spaces, so all is
 * copied under it. Binds are not waited for: meanwhile there are no cells.
 */
static bool next_queue(struct weft_device *w, unsigned long *id, struct look_queue *l)
{
	struct weft_uqueue *user;
	struct weft_hwq *q;
	bool up = weft_look_begin(w), found = false;
	bool bound = up && mutex_trylock(&w->bind_lock);

	xa_lock_irq(&w->hwqs);
	xa_for_each_start(&w->hwqs, *id, q, *id) {
		if (xa_is_value(q))
			continue;
		l->desc = q->desc;
		l->tail = READ_ONCE(q->tail);
		l->live = READ_ONCE(q->live);
		l->halted = READ_ONCE(q->halted);
		l->asked = up && l->live;
		l->shown = 0;
		l->found = false;
		user = weft_uqueue_of(q);
		strscpy(l->name, user ? user->name : "");
		if (l->asked) {
			weft_mmio_lmem_read(w, &l->state, q->desc.state,
					    offsetof(struct weft_queue_state, save));
			if (l->desc.kind == WEFT_QUEUE_JOB)
				read_ring(w, l);
			if (bound && user)
				read_cell(w, l, user->vm);
		}
		found = true;
		break;
	}
	xa_unlock_irq(&w->hwqs);
	if (bound)
		mutex_unlock(&w->bind_lock);
	if (up)
		weft_look_end(w);
	++*id;
	return found;
}

static void show_state(struct seq_file *m, const struct weft_queue_state *s)
{
	u32 i, depth = min_t(u32, s->depth, WEFT_FRAMES);

	seq_printf(m,
		   " run %s cause %s retired %llu head %llu fence %llu progress_ns %llu busy_ns %llu depth %u",
		   weft_name_run(s->run), weft_name_fault(s->cause), s->retired, s->head, s->fence,
		   s->progress_ns, s->busy_ns, s->depth);
	if (s->run == WEFT_QS_PARKED)
		seq_printf(m, " wait_va %#llx wait_value %llu wait_since_ns %llu", s->wait_va,
			   s->wait_value, s->wait_since_ns);
	if (s->run == WEFT_QS_FAULTED)
		seq_printf(m,
			   " fault_va %#llx fault_list %#llx fault_packet %u fault_op %s origin %#llx",
			   s->fault_va, s->fault_list, s->fault_packet,
			   weft_name_packet(s->fault_op & 0xff), s->origin);
	seq_putc(m, '\n');
	for (i = 1; i < depth; i++)
		seq_printf(m, "  frame %u %s list %#llx packet %u of %u iteration %llu of %llu\n",
			   i, s->frame[i].is_loop ? "LOOP" : "CALL", s->frame[i].list,
			   s->frame[i].pc, s->frame[i].npackets, s->frame[i].it, s->frame[i].count);
}

static int each_queue(struct seq_file *m,
		      void (*show)(struct seq_file *m, const struct look_queue *l))
{
	struct weft_device *w = weft_debugfs_device(m);
	struct look_queue *l = kmalloc(sizeof(*l), GFP_KERNEL);
	unsigned long id = 0;

	if (!l)
		return -ENOMEM;
	seq_printf(m, "# card %s\n", weft_name_state(READ_ONCE(w->state)));
	while (next_queue(w, &id, l))
		show(m, l);
	kfree(l);
	return 0;
}

static void show_queue(struct seq_file *m, const struct look_queue *l)
{
	seq_printf(m, "queue %u kind %s space %u band %u weight %u live %d halted %d", l->desc.id,
		   l->desc.kind == WEFT_QUEUE_JOB ? "job" : "user", l->desc.asid, l->desc.band,
		   l->desc.weight, l->live, l->halted);
	if (l->asked)
		show_state(m, &l->state);
	else
		seq_putc(m, '\n');
	if (l->found)
		seq_printf(m, "  cell value %llu end %llu fault %#llx\n", l->cell.value,
			   l->cell.end, l->cell.fault);
	/* A line of its own, because it may have spaces. */
	if (*l->name)
		seq_printf(m, "  name %s\n", l->name);
}

static int show_queues(struct seq_file *m, void *data)
{
	return each_queue(m, show_queue);
}

/* Those of user queues lie in their processes' memory, which is theirs to show. */
static void show_ring(struct seq_file *m, const struct look_queue *l)
{
	u32 i;

	if (l->desc.kind != WEFT_QUEUE_JOB)
		return;
	seq_printf(m, "queue %u ring %#llx packets %u written %llu", l->desc.id, l->desc.ring,
		   1u << l->desc.ring_log2, l->tail);
	if (!l->asked) {
		seq_putc(m, '\n');
		return;
	}
	seq_printf(m, " tail %llu head %llu armed %u\n", l->ctl.tail, l->state.head, l->ctl.armed);
	for (i = 0; i < l->shown; i++) {
		u64 at = l->first + i;

		if (at >= l->ctl.tail)
			break;
		seq_printf(m, "  %llu%s %s %*phN\n", at, at == l->state.head ? " next" : "",
			   weft_name_packet(l->ring[i].hdr.op), (int)sizeof(l->ring[i]),
			   &l->ring[i]);
	}
}

static int show_rings(struct seq_file *m, void *data)
{
	return each_queue(m, show_ring);
}

static u64 count_tables(const struct weft_pt_table *table)
{
	u64 n = 1;
	u32 i;

	if (table->level)
		for (i = 0; i < WEFT_PT_ENTRIES; i++)
			if (table->child[i])
				n += count_tables(table->child[i]);
	return n;
}

/* Whatever is bound or unbound meanwhile is not waited for. */
static void show_contents(struct seq_file *m, struct weft_vm *vm)
{
	u64 mappings = 0, bytes = 0;
	struct drm_gpuva *va;

	if (!mutex_trylock(&vm->w->bind_lock)) {
		seq_puts(m, " busy\n");
		return;
	}
	drm_gpuvm_for_each_va(va, &vm->base) {
		mappings++;
		bytes += va->va.range;
	}
	seq_printf(m, " queues %u mappings %llu mapped_bytes %llu", READ_ONCE(vm->queues), mappings,
		   bytes);
	if (vm->tables.pt.root)
		seq_printf(m, " root %#llx tables %llu", vm->tables.pt.root->addr,
			   count_tables(vm->tables.pt.root));
	mutex_unlock(&vm->w->bind_lock);
	seq_putc(m, '\n');
}

static void show_file(struct seq_file *m, struct weft_file *f)
{
	unsigned long id = 0;
	struct weft_vm *vm;

	for (;;) {
		xa_lock(&f->vms);
		vm = xa_find(&f->vms, &id, ULONG_MAX, XA_PRESENT);
		if (vm)
			drm_gpuvm_get(&vm->base);
		xa_unlock(&f->vms);
		if (!vm)
			return;
		seq_printf(m, "space %u client %llu vm %lu type %s generation %llu%s", vm->asid,
			   f->drm->client_id, id, vm->type == DRM_WEFT_VM_LR ? "LR" : "FENCE",
			   vm->gen, weft_vm_check(vm) ? " stale" : "");
		show_contents(m, vm);
		weft_vm_put(vm);
		id++;
	}
}

static int show_spaces(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	struct drm_file *file;
	int ret;

	ret = mutex_lock_interruptible(&w->drm.filelist_mutex);
	if (ret)
		return ret;
	seq_printf(m, "# card %s\n", weft_name_state(READ_ONCE(w->state)));
	/* A file that is on the list has not been closed, so its spaces are there. */
	list_for_each_entry(file, &w->drm.filelist, lhead)
		show_file(m, file->driver_priv);
	mutex_unlock(&w->drm.filelist_mutex);
	return 0;
}

const struct drm_debugfs_info weft_debugfs_queue_files[WEFT_DEBUGFS_QUEUE_FILES] = {
	{ "queues", show_queues, 0 },
	{ "rings", show_rings, 0 },
	{ "spaces", show_spaces, 0 },
};
