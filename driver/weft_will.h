/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright 2026 The weft authors */
/*
 * Wills: the cells a user queue has said it signals. When it ends without having ended them, they
 * are poisoned by the card that holds them, this one or a peer. That is done by a worker of its
 * own, which holds nothing of the queue's card meanwhile; a holder that is in reset or gone has
 * stopped everybody who waited there.
 *
 * Order: stop the queue, weft_wills_execute(), weft_wills_wait() without locks, then take memory.
 */
#ifndef WEFT_WILL_H
#define WEFT_WILL_H

#include <linux/types.h>

struct drm_weft_will;
struct weft_device;
struct weft_file;
struct weft_wills;

int weft_will_init(void);
void weft_will_exit(void);

/*
 * Array of @count from user space, NULL for none; freed by kvfree(). Not inside the device.
 * -EFAULT, -EINVAL (too many), -ENOMEM.
 */
struct drm_weft_will *weft_wills_copy(u64 user, u32 count);

/*
 * Those that a queue's creator lists; each keeps its object. -EACCES, -EBUSY (another file signals
 * there), -ECANCELED, -EINVAL, -ENOENT, -ENOMEM, -EOPNOTSUPP. NULL when there are none.
 */
struct weft_wills *weft_wills_create(struct weft_device *w, struct weft_file *f,
				     const struct drm_weft_will *list, u32 count);

/* Not to be executed: the queue never existed. */
void weft_wills_drop(struct weft_wills *wills);

/*
 * The queue has stopped: poisons what has not ended, soon. @cause enum weft_fault; @first the fault
 * word that stopped the queue, when that was poison, whose origin is passed on, else 0. Takes
 * @wills over; NULL is none.
 */
void weft_wills_execute(struct weft_wills *wills, u32 cause, u64 first);

/* Until all wills of the file under way are done; bounded. No lock of any card is held. */
void weft_wills_wait(struct weft_file *f);

#endif
