/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Cards that are pulled out of the test machine and put in again, by tools/rig/ask.py around it. */
#ifndef RIG_CARD_H
#define RIG_CARD_H

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "rt_tap.h"

/* Asks the machine around this one, and waits until it is done. */
static inline int rig_ask(const char *what, uint32_t card)
{
	char line[256];
	const int n = snprintf(line, sizeof(line), "@@rig %s %u\n", what, card), fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	size_t at = 0;

	RT_CHECK(fd >= 0, "/dev/ttyS1");
	/* in one piece, so that nobody else's output gets into it */
	RT_CHECK(write(fd, line, (size_t)n) == n, "/dev/ttyS1");
	while (at < sizeof(line) - 1 && read(fd, line + at, 1) == 1 && line[at] != '\n')
		at++;
	line[at] = 0;
	close(fd);
	RT_CHECK(!strcmp(line, "ok"), "the rig, asked to %s card %u: %s", what, card, line);
	return 0;
}

/* The switch of the slot that the card is in, or was: 0 or 1. */
static inline int rig_switch(const struct weft_device_info *info, char *path, size_t bytes)
{
	DIR *dir = opendir("/sys/bus/pci/slots");
	struct dirent *entry;
	bool found = false;
	char pci[16];

	snprintf(pci, sizeof(pci), "%04x:%02x:%02x", info->pci >> 16, info->pci >> 8 & 0xff, info->pci >> 3 & 0x1f);
	while (dir && !found && (entry = readdir(dir))) {
		char address[32] = "";
		FILE *f;

		snprintf(path, bytes, "/sys/bus/pci/slots/%.200s/address", entry->d_name);
		f = fopen(path, "r");
		found = f && fscanf(f, "%31s", address) == 1 && !strcmp(address, pci);
		if (f)
			fclose(f);
		snprintf(path, bytes, "/sys/bus/pci/slots/%.200s/power", entry->d_name);
	}
	if (dir)
		closedir(dir);
	RT_CHECK(found, "no slot has %s", pci);
	return 0;
}

/* As its hot-plug controller does when it finds nothing there. */
static inline int rig_slot_off(const struct weft_device_info *info)
{
	char path[300];
	int fd, n;

	if (rig_switch(info, path, sizeof(path)))
		return -1;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : (int)write(fd, "0", 1);
	RT_CHECK(n == 1, "%s: %s", path, strerror(errno));
	return close(fd);
}

/*
 * Another card into the slot; until it can be opened. The slot is switched on at once, which the kernel else does five seconds
 * later, and by it alone, so that it knows that it is.
 */
static inline int rig_plug(struct weft *weft, const struct weft_device_info *info, uint32_t card)
{
	struct weft_device *d;
	char path[300];

	if (rig_ask("plug", card) || rig_switch(info, path, sizeof(path)))
		return -1;
	for (int i = 0; i < 1000; i++) {
		const int fd = open(path, O_RDWR | O_CLOEXEC);
		char on = 0;

		RT_CHECK(fd >= 0, "%s", path);
		if (read(fd, &on, 1) == 1 && on != '1' && pwrite(fd, "1", 1, 0) == 1)
			on = '1';
		close(fd);
		if (on == '1' && !weft_device_open(weft, "card", card, &d))
			return weft_device_close(d);
		usleep(20000);
	}
	return rt_say(-1, "the card did not come back: %s", weft_last_error());
}

#endif
