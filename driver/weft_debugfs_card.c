// SPDX-License-Identifier: GPL-2.0-only
/* Copyright 2026 The weft authors */
/* debugfs: the card's firmware and engines, its links, watches and memory. */
#include <linux/seq_file.h>
#include <drm/drm_print.h>

#include <firmware/abi/reg.h>

#include "weft_debugfs.h"
#include "weft_device.h"
#include "weft_look.h"
#include "weft_names.h"

static int show_firmware(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	struct weft_mbox *b = &w->mbox;
	int op;

	seq_printf(m, "# card %s\n", weft_name_state(READ_ONCE(w->state)));
	seq_printf(m, "version %u.%u.%u contract %u.%u restarts %lld\n", w->fw_version >> 16,
		   w->fw_version >> 8 & 0xff, w->fw_version & 0xff, w->contract >> 16,
		   w->contract & 0xffff, atomic64_read(&w->stats.fw_restarts));
	seq_printf(m, "mailbox number %u requests %u answers %u dead %d crashed %d\n",
		   READ_ONCE(b->seq), READ_ONCE(b->req_tail), READ_ONCE(b->rsp_head),
		   READ_ONCE(b->dead), READ_ONCE(b->crashed));
	seq_printf(m, "events taken %u on %d vectors %d\n", READ_ONCE(w->events.head),
		   READ_ONCE(w->events.on), w->events.vectors);
	seq_printf(m, "safe number %u timeouts %d\n", READ_ONCE(w->safe.seq),
		   atomic_read(&w->safe.timeouts));
	if (!weft_look_begin(w))
		return 0;
	seq_printf(m, "card boot_status %#x heartbeat %u clock_ns %llu\n",
		   weft_mmio_read32(w, WEFT_REG_BOOT_STATUS),
		   weft_mmio_read32(w, WEFT_REG_FW_HEARTBEAT),
		   weft_mmio_read64(w, WEFT_REG_CLOCK_NOW));
	seq_printf(m, "card mailbox requests %u taken %u answers %u taken %u\n",
		   weft_mmio_read32(w, WEFT_REG_MBOX_REQ_TAIL),
		   weft_mmio_read32(w, WEFT_REG_MBOX_REQ_HEAD),
		   weft_mmio_read32(w, WEFT_REG_MBOX_RSP_TAIL),
		   weft_mmio_read32(w, WEFT_REG_MBOX_RSP_HEAD));
	seq_printf(m, "card events written %u told %u status %#x\n",
		   weft_mmio_read32(w, WEFT_REG_EVT_TAIL), weft_mmio_read32(w, WEFT_REG_EVT_HEAD),
		   weft_mmio_read32(w, WEFT_REG_EVT_STATUS));
	for (op = 0; op < WEFT_SAFE_OP_COUNT; op++)
		seq_printf(m, "card safe %s done %u status %u\n", weft_name_safe(op),
			   weft_mmio_read32(w, WEFT_REG_SAFE_DONE(op)),
			   weft_mmio_read32(w, WEFT_REG_SAFE_STATUS(op)));
	weft_look_end(w);
	return 0;
}

static u64 busy_ns(struct weft_device *w, u32 engine)
{
	u64 ns;

	mutex_lock(&w->counter_lock);
	weft_mmio_write32(w, WEFT_REG_CNT_SEL, WEFT_CNT_SEL(WEFT_CNT_ENGINE_BUSY_NS, 0, engine));
	ns = weft_mmio_read64(w, WEFT_REG_CNT_VALUE);
	mutex_unlock(&w->counter_lock);
	return ns;
}

static int show_engines(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	u32 i;

	seq_printf(m, "# card %s\nengines %u slots %u timed_width %u\n",
		   weft_name_state(READ_ONCE(w->state)), w->num_engines, w->num_slots,
		   w->timed_width);
	if (!weft_look_begin(w))
		return 0;
	for (i = 0; i < w->num_engines; i++) {
		u32 at = WEFT_REG_ENGINES + i * sizeof(struct weft_engine_info);

		seq_printf(m, "engine %u kinds %#x group %u width %u", i,
			   weft_mmio_read32(w, at + offsetof(struct weft_engine_info, kinds)),
			   weft_mmio_read32(w, at + offsetof(struct weft_engine_info, group)),
			   weft_mmio_read32(w, at + offsetof(struct weft_engine_info, width)));
		if (w->caps & WEFT_CAP_COUNTERS)
			seq_printf(m, " busy_ns %llu", busy_ns(w, i));
		seq_putc(m, '\n');
	}
	weft_look_end(w);
	return 0;
}

static int show_links(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	u32 tag;

	seq_printf(m, "# card %s\nlinks %u\n", weft_name_state(READ_ONCE(w->state)), w->num_links);
	/* It is held over operations of the card. */
	if (!mutex_trylock(&w->links.lock)) {
		seq_puts(m, "busy\n");
		return 0;
	}
	for (tag = 1; tag < WEFT_LINK_MAX; tag++)
		if (w->links.tag[tag].peer)
			seq_printf(m, "link %u peer %u objects %u mapped %u masked %d\n", tag,
				   w->links.tag[tag].serial, w->links.tag[tag].users,
				   w->links.tag[tag].mapped, w->links.tag[tag].masked);
	mutex_unlock(&w->links.lock);
	return 0;
}

static int show_watches(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	struct weft_watches *t = &w->watches;
	u32 i;

	seq_printf(m, "# card %s\nwatches %u used %d\n", weft_name_state(READ_ONCE(w->state)),
		   t->count, atomic_read(&w->counts.watches));
	for (i = 0; i < t->count; i++) {
		u64 cell = 0, cookie = 0;
		bool fired = false, used;

		/* The sleeper's stack is there while the lock is held. */
		spin_lock_irq(&t->lock);
		used = t->entry[i];
		if (used) {
			cell = t->entry[i]->cell;
			cookie = t->entry[i]->cookie;
			fired = t->entry[i]->fired;
		}
		spin_unlock_irq(&t->lock);
		if (used)
			seq_printf(m, "watch %u cell %#llx cookie %llu fired %d\n", i, cell, cookie,
				   fired);
	}
	return 0;
}

static void show_blocks(struct seq_file *m, struct weft_device *w, const char *name,
			struct list_head *blocks)
{
	struct gpu_buddy_block *block;

	list_for_each_entry(block, blocks, link)
		seq_printf(m, "%s %#llx bytes %llu\n", name, gpu_buddy_block_offset(block),
			   gpu_buddy_block_size(&w->lmem.mm, block));
}

/* Maps of the carve-out and of what is withheld from use; of objects' memory the sums. */
static int show_memory(struct seq_file *m, void *data)
{
	struct weft_device *w = weft_debugfs_device(m);
	struct drm_printer p = drm_seq_file_printer(m);
	struct weft_carve_block *block;
	struct weft_lmem_info info;

	seq_printf(m, "# card %s\n", weft_name_state(READ_ONCE(w->state)));
	weft_lmem_info(w, &info);
	seq_printf(m, "objects total %llu free %llu largest %llu dirty %llu quarantined %llu\n",
		   info.total, info.free, info.largest, info.dirty, info.quarantined);
	mutex_lock(&w->lmem.lock);
	show_blocks(m, w, "dirty", &w->lmem.dirty);
	show_blocks(m, w, "quarantined", &w->lmem.lost);
	mutex_unlock(&w->lmem.lock);
	mutex_lock(&w->carve.lock);
	seq_printf(m, "carve from %#llx bytes %llu used %llu quarantined %llu\n", w->user_limit,
		   w->lmem_bytes - w->user_limit, w->carve.used_bytes, w->carve.lost_bytes);
	list_for_each_entry(block, &w->carve.lost, link)
		seq_printf(m, "carve quarantined %#llx bytes %llu\n", block->at, block->bytes);
	drm_mm_print(&w->carve.mm, &p);
	mutex_unlock(&w->carve.lock);
	return 0;
}

const struct drm_debugfs_info weft_debugfs_card_files[WEFT_DEBUGFS_CARD_FILES] = {
	{ "firmware", show_firmware, 0 },
	{ "engines", show_engines, 0 },
	{ "links", show_links, 0 },
	{ "watches", show_watches, 0 },
	{ "memory", show_memory, 0 },
};
