#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""`sensors` of lm-sensors shows every card, awake, asleep and too hot."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest, libraries  # noqa: E402
from tap import Tap  # noqa: E402

CARDS = 4
PROGRAM = Path("/usr/bin/sensors")
POWER = "for d in /sys/bus/pci/drivers/weft/0*; do echo %s > $d/power/%s; done"


def chips(text):
    """Lines of each chip of ours, by its name."""
    return {part.split("\n")[0]: part for part in re.split(r"\n\n+", text) if part.startswith("weft-pci-")}


guest = Guest({
    "awake": f"{POWER % ('on', 'control')}; sensors",
    "hot": "mount -t debugfs none /sys/kernel/debug 2>/dev/null; "
           "for f in /sys/kernel/debug/accel/*/inject /sys/kernel/debug/dri/*/inject; do echo '10 80000' > $f; done; sensors; "
           "for f in /sys/kernel/debug/accel/*/inject /sys/kernel/debug/dri/*/inject; do echo '10 0' > $f; done; true",
    "asleep": f"{POWER % ('50', 'autosuspend_delay_ms')}; {POWER % ('auto', 'control')}; sleep 3; sensors; "
              "cat /sys/bus/pci/drivers/weft/0*/power/runtime_status",
}, kernel="main", cards=CARDS, name="sensors", timeout=300,
    files=[(PROGRAM, "/usr/bin/sensors"), ("/etc/sensors3.conf", "/etc/sensors3.conf"), *libraries(PROGRAM)])
awake, hot = chips(guest["awake"][0]), chips(guest["hot"][0])
asleep = guest["asleep"][0]
tap = Tap()
tap.check("sensors: the machine ran and its log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
tap.check("sensors: every card with temperature, power and their limits",
          [] if len(awake) == CARDS else [f"{len(awake)} chips: {guest['awake']}"])
tap.check("sensors: values are those of a card at rest",
          [f"{name}: {text}" for name, text in awake.items()
           if not re.search(r"^card:\s+\+[34]\d\.\d.C\s+\(crit = \+95\.0.C\)", text, re.M) or
           not re.search(r"^total:\s+[12]\d\.\d+ W\s+\(crit = 190\.00 W\)", text, re.M) or "ALARM" in text])
tap.check("sensors: a card that is too hot has the alarm",
          [f"{name}: {text}" for name, text in hot.items()
           if not re.search(r"^card:\s+\+1[12]\d\.\d.C.*ALARM", text, re.M)] or
          ([] if len(hot) == CARDS else [f"{guest['hot']}"]))
tap.check("sensors: cards that are asleep are shown without values, and sleep on",
          [] if len(chips(asleep)) == CARDS and asleep.count("N/A") >= CARDS and asleep.split()[-CARDS:] ==
          ["suspended"] * CARDS else [f"{guest['asleep']}"])
tap.done()
