#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Suspend to memory (S3) that takes the cards' power: QEMU resets every device when it wakes. Nothing was in use, so that it is
not refused; afterwards the driver finds the cards new, resets them, and they compute. The ports are without hot plug here: a
slot says after the wake that no card is present, and QEMU then ends by an assertion of its own (memory_region_del_subregion).
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402
from common import LOGS  # noqa: E402

NAME, CARDS = "deep", 2
PORTS = ["xio3130-downstream", "pcie-root-port"]
DEEP = """echo deep >/sys/power/mem_sleep
echo '@@rig wake'
sleep 1
echo mem >/sys/power/state && cat /sys/power/suspend_stats/success"""
WORK = "cd /opt/weft/tests && for t in query_test submit_test prime_test; do COUNT=20 KS_LIMIT_S=240 ./$t || exit 1; done"

guest = Guest({"before": WORK, "deep": DEEP, "after": WORK}, name=NAME, cards=CARDS, timeout=900,
              qemu_args=[word for port in PORTS for word in ("-global", f"{port}.hotplug=off")])
tap = Tap()
for name, what in (("before", "before it"), ("after", "after it: queries, jobs, peers")):
    out, err, code = guest[name]
    tap.check(f"deep: the cards compute, {what}", [] if code == 0 else [f"code {code}: {out[-800:]} {err[-200:]}"])
out, err, code = guest["deep"]
tap.check("deep: the machine was in S3 and came back", [] if code == 0 and out.split()[-1:] == ["1"] else [f"{code}: {out} {err}"])
log = (LOGS / f"{NAME}.kernel.log").read_text(errors="replace").partition("Waking up from system sleep state S3")[2]
lost = re.findall(r"(\S+): \[drm\] \*ERROR\* the card lost its contents before resume", log)
tap.check("deep: every card had lost its contents, which the driver saw, and was reset",
          [] if len(set(lost)) == CARDS and all(f"{card}: [drm] reset done" in log for card in lost) else [f"lost: {lost}"])
tap.check("deep: the machine ran, its log is clean, the module unloads", [] if guest.code == 0 else [f"code {guest.code}"])
tap.done()
