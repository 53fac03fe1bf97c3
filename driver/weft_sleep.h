/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * The machine's suspend. Queues with work are suspended by the firmware between two packets, of all
 * cards before the first of them goes to D3hot, and go on where they were. What cannot be kept
 * refuses the suspend, with numbers.
 */
#ifndef WEFT_SLEEP_H
#define WEFT_SLEEP_H

struct device;
struct weft_device;

int weft_sleep_suspend(struct device *dev);
int weft_sleep_resume(struct device *dev);

/*
 * The card is back in D0: true when it is as it was left. Else it is lost, or a reset is under way.
 * Looks at everything that may have happened meanwhile; takes no lock but those of the event ring
 * and of hwqs.
 */
bool weft_sleep_check(struct weft_device *w, const char *doing);

#endif
