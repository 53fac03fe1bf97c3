// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* The event ring in system memory and the interrupt messages behind it. */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"
#include "defect.h"
#include "weak.h"

/* evt_lock held. */
static void raise_irq(struct wcard_card *c, unsigned int vector)
{
	const uint64_t one = 1;
	int fd = c->irq_fd[vector % WCARD_VECTORS];

	if (fd < 0 || !atomic_load(&c->bus_master) || atomic_exchange(&c->inject.irq, false))
		return;
	if (write(fd, &one, sizeof(one)) == (ssize_t)sizeof(one))
		atomic_fetch_add_explicit(&c->irqs, 1, memory_order_relaxed);
}

void wcard_event(struct wcard_card *c, uint16_t type, uint32_t queue, uint32_t asid, uint32_t cause, uint64_t value)
{
	struct weft_event ev = { .type = type, .queue = queue, .asid = asid, .cause = cause, .value = value };
	bool of_queue = type == WEFT_EVT_FENCE || type == WEFT_EVT_FAULT || type == WEFT_EVT_WAIT_LIMIT;
	unsigned int vectors;
	struct wcard_target t;
	uint32_t size;

	if (c->m->weak && !WCARD_BROKEN(fence_before_data))
		wcard_weak_flush(c, NULL);
	pthread_mutex_lock(&c->evt_lock);
	if (!c->evt_enable)
		goto out;
	/* In D3hot a function requests nothing; whoever wakes it is told to look. */
	if (atomic_load(&c->d3)) {
		if (!WCARD_BROKEN(d3_event_silent))
			c->evt_status |= WEFT_EVT_STATUS_OVERFLOW;
		goto out;
	}
	size = UINT32_C(1) << c->evt_log2;
	vectors = c->irq_vectors ? c->irq_vectors : 1;
	if (c->evt_tail - c->evt_head >= size - 1) {
		if (!WCARD_BROKEN(overflow_silent))
			c->evt_status |= WEFT_EVT_STATUS_OVERFLOW;
		/* Everything can be read elsewhere, but somebody must be told to look. */
		goto irq;
	}
	if (!wcard_bus_find(c, atomic_load(&c->dma), atomic_load(&c->m->route),
			    c->evt_base + (uint64_t)(c->evt_tail & (size - 1)) * sizeof(ev), true, &t) ||
	    t.bytes < sizeof(ev)) {
		c->evt_status |= WEFT_EVT_STATUS_DMA;
		goto irq;
	}
	if (WCARD_BROKEN(unmap_no_event_wait) || WCARD_BROKEN(master_off_no_event_wait))
		wcard_defect_dawdle();
	if (WCARD_BROKEN(event_seq_first)) {
		const struct timespec nap = { .tv_nsec = 1000000 };

		__atomic_store_n((uint32_t *)(void *)(t.host + offsetof(struct weft_event, seq)), c->evt_tail + 1,
				 __ATOMIC_RELEASE);
		nanosleep(&nap, NULL);
	}
	memcpy(t.host, &ev, offsetof(struct weft_event, seq));
	__atomic_store_n((uint32_t *)(void *)(t.host + offsetof(struct weft_event, seq)), c->evt_tail + 1,
			 __ATOMIC_RELEASE);
	c->evt_tail++;
	atomic_fetch_add_explicit(&c->events, 1, memory_order_relaxed);
irq:
	raise_irq(c, of_queue && !WCARD_BROKEN(irq_vector) ? queue % vectors : 0);
out:
	pthread_mutex_unlock(&c->evt_lock);
}

void wcard_event_enable(struct wcard_card *c, uint32_t on)
{
	pthread_mutex_lock(&c->evt_lock);
	c->evt_enable = on == 1 && c->evt_log2 >= 5 && c->evt_log2 <= 16 && !(c->evt_base & 4095);
	if (c->evt_enable && !WCARD_BROKEN(ring_restart))
		c->evt_tail = c->evt_head = c->evt_status = 0;
	pthread_mutex_unlock(&c->evt_lock);
}

/*
 * Takes `fd`; -1 removes. Whatever the client passes, a full pipe or an eventfd at its end, an engine that raises an
 * interrupt must not wait for it.
 */
void wcard_irq_set_fd(struct wcard_card *c, unsigned int vector, int fd)
{
	int old;

	if (fd >= 0)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	pthread_mutex_lock(&c->evt_lock);
	old = c->irq_fd[vector];
	c->irq_fd[vector] = fd;
	pthread_mutex_unlock(&c->evt_lock);
	if (old >= 0)
		close(old);
}
