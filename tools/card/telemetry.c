// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Temperature, power and clock of a card that has none. They follow from how busy engines were with this card since
 * they were last read: power grows with it up to a limit, temperature follows power with a time constant. Only the
 * card's protocol thread comes here.
 */
#include "defect.h"
#include "machine.h"

#define IDLE_MW		20000.0
#define FULL_MW		200000.0	/* asked for with every engine busy */
#define LIMIT_MW	190000.0	/* given */
#define AMBIENT_MC	35000.0
#define MC_PER_MW	0.25
#define TAU_NS		20e9
#define CLOCK_MHZ	1500.0
#define HOT_MHZ		300.0		/* too hot */
#define LIMIT_MC	95000.0
#define HEAT_MAX	200000u
#define STEP_NS		1000000u	/* shorter spans say nothing */

static void advance(struct wcard_card *c)
{
	struct wcard_telemetry *t = &c->telemetry;
	uint64_t now = wcard_now(c->m), span = now - t->at_ns, busy = 0;
	double load, want;
	bool hot = false;

	if (span < STEP_NS && t->at_ns)
		return;
	for (unsigned int i = 0; i < c->m->nengines; i++)
		busy += atomic_load(&c->engine_busy_ns[i]);
	if (!t->at_ns) {
		t->mc = AMBIENT_MC + IDLE_MW * MC_PER_MW;
		t->mw = IDLE_MW;
		t->mhz = CLOCK_MHZ;
	} else {
		load = busy > t->busy_ns ? (double)(busy - t->busy_ns) / ((double)span * c->m->nengines) : 0;
		want = IDLE_MW + (FULL_MW - IDLE_MW) * (load < 1 ? load : 1);
		t->throttle = want > LIMIT_MW && !WCARD_BROKEN(power_throttle_silent) ? WCARD_THROTTLE_POWER : 0;
		t->mw = want > LIMIT_MW && !WCARD_BROKEN(power_unlimited) ? LIMIT_MW : want;
		t->mhz = CLOCK_MHZ * t->mw / want;
		if (!WCARD_BROKEN(power_heats_not))
			t->mc += (AMBIENT_MC + t->mw * MC_PER_MW - t->mc) * (double)span / ((double)span + TAU_NS);
	}
	/* What is shown is slower; what runs here runs as it does. */
	if (t->mc + t->heat >= LIMIT_MC) {
		t->mhz = HOT_MHZ;
		hot = true;
	}
	t->throttle |= hot ? WCARD_THROTTLE_THERMAL : 0;
	t->busy_ns = busy;
	t->at_ns = now;
}

void wcard_heat(struct wcard_card *c, uint64_t mc)
{
	bool before = c->telemetry.throttle & WCARD_THROTTLE_THERMAL;

	c->telemetry.heat = mc > HEAT_MAX ? HEAT_MAX : (uint32_t)mc;
	c->telemetry.at_ns -= c->telemetry.at_ns > STEP_NS ? STEP_NS : 0;
	advance(c);
	if ((!before || WCARD_BROKEN(thermal_again)) && c->telemetry.throttle & WCARD_THROTTLE_THERMAL)
		wcard_event(c, WEFT_EVT_THERMAL, 0, 0, 0, 0);
}

uint32_t wcard_telemetry(struct wcard_card *c, uint64_t reg)
{
	advance(c);
	switch (reg) {
	case WEFT_REG_TEMP_MC: return (uint32_t)c->telemetry.mc + c->telemetry.heat;
	case WEFT_REG_TEMP_LIMIT_MC: return (uint32_t)LIMIT_MC;
	case WEFT_REG_POWER_LIMIT_MW: return (uint32_t)LIMIT_MW;
	case WEFT_REG_POWER_MW: return (uint32_t)c->telemetry.mw;
	case WEFT_REG_CLOCK_MHZ: return (uint32_t)c->telemetry.mhz;
	case WEFT_REG_THROTTLE: return c->telemetry.throttle;
	case WEFT_REG_ECC_FATAL: return atomic_load(&c->ecc_fatal);
	default: return 0;		/* ECC_CORRECTED: nothing here corrects */
	}
}
