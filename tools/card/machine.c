// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* All cards of one process: made, started and taken down in one order, by weft-card and by the fuzzers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "layout.h"		/* checked here */
#include "bus.h"
#include "engine.h"
#include "weak.h"

/*
 * Huge pages decide the speed of memory-bound operators. Whoever touches a page first decides its size, often the
 * client, whose mapping asks for nothing; so a private tmpfs that always gives huge ones comes before a plain memfd.
 */
static int lmem_open(unsigned int index)
{
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), mnt = -1, fd = -1;
	char name[32];

	snprintf(name, sizeof(name), "weft-card%u", index);
	if (fs >= 0 && !fsconfig(fs, FSCONFIG_SET_STRING, "huge", "always", 0) &&
	    !fsconfig(fs, FSCONFIG_SET_STRING, "size", "0", 0) && !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mnt = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (mnt >= 0)
		fd = openat(mnt, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (mnt >= 0)
		close(mnt);
	if (fs >= 0)
		close(fs);
	return fd >= 0 ? fd : memfd_create(name, MFD_CLOEXEC);
}

static struct wcard_card *card_new(struct wcard_machine *m, unsigned int index, bool msi)
{
	struct wcard_card *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->m = m;
	c->index = index;
	c->serial = index;
	c->msi = msi;
	c->conn_fd = c->listen_fd = -1;
	c->lmem_bytes = m->lmem_bytes;
	for (unsigned int i = 0; i <= WCARD_VECTORS; i++)
		c->irq_fd[i] = -1;
	for (unsigned int i = 0; i < WCARD_NUM_ASIDS; i++)
		c->as[i].id = i;
	pthread_mutex_init(&c->evt_lock, NULL);
	pthread_mutex_init(&c->conn_lock, NULL);
	c->lmem_fd = lmem_open(index);
	if (c->lmem_fd < 0 || ftruncate(c->lmem_fd, (off_t)c->lmem_bytes))
		return NULL;
	c->lmem = mmap(NULL, c->lmem_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, c->lmem_fd, 0);
	if (c->lmem == MAP_FAILED)
		return NULL;
	/* Memory appears when it is touched, then in huge pages where the kernel has them. */
	madvise(c->lmem, c->lmem_bytes, MADV_HUGEPAGE);
	wcard_pci_init(c);
	wcard_bands_init(c);
	wcard_inject_reset(c);
	atomic_store(&c->hang_ms, WCARD_HANG_MS);
	return c;
}

int wcard_machine_init(struct wcard_machine *m, const char *dir, bool msi, const char **what)
{
	int ret;

	*what = "local memory";
	for (unsigned int i = 0; i < m->ncards; i++) {
		m->card[i] = card_new(m, i, msi);
		if (!m->card[i])
			return -errno;
	}
	*what = "cells";
	for (unsigned int i = 0; i < m->ncards; i++) {
		ret = wcard_cells_init(m->card[i]);
		if (ret)
			return ret;
	}
	*what = "bus";
	ret = wcard_bus_init(m);
	if (ret)
		return ret;
	*what = "posted writes";
	ret = m->weak_on ? wcard_weak_init(m, m->weak_seed) : 0;
	if (ret)
		return ret;
	*what = "engine threads";
	ret = wcard_sched_init(m);
	if (ret)
		return ret;
	*what = "safe operations";
	ret = wcard_safe_init(m);
	if (ret)
		return ret;
	*what = "control processor";
	for (unsigned int i = 0; !ret && i < m->ncards; i++)
		ret = wcard_cp_init(m->card[i]);
	for (unsigned int i = 0; !ret && dir && i < m->ncards; i++) {
		ret = wcard_vfu_init(m->card[i], dir);
		*what = m->card[i]->path[0] ? m->card[i]->path : dir;
	}
	return ret;
}

/* Clients first (their loss resets the cards), then what resets need. */
void wcard_machine_fini(struct wcard_machine *m)
{
	m->closing = true;
	for (unsigned int i = 0; i < m->ncards; i++)
		if (m->card[i]->listen_fd >= 0)
			wcard_vfu_fini(m->card[i]);
	for (unsigned int i = 0; i < m->ncards; i++)
		wcard_cp_fini(m->card[i]);
	m->quit = true;
	wcard_safe_fini(m);
	wcard_sched_fini(m);
	wcard_weak_fini(m);
	wcard_bus_fini(m);
	for (unsigned int i = 0; i < m->ncards; i++) {
		munmap(m->card[i]->lmem, m->card[i]->lmem_bytes);
		close(m->card[i]->lmem_fd);
		for (unsigned int k = 0; k < WCARD_NUM_ASIDS; k++)
			free(m->card[i]->as[k].cnt);
		wcard_cells_fini(m->card[i]);
		free(m->card[i]);
	}
}
