#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Cards that are pulled out for good in the middle of a collective call; `tests/runtime/coll_removal.c` says what has to hold then,
and here what is counted in the driver. COUNT rounds of each.
"""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402
from common import USER  # noqa: E402
from counts import rounds  # noqa: E402

PROGRAM = "/opt/weft/tests/coll_removal"
COUNTS = "grep -hE '^(live_|lmem_free_pages|[a-z]+_quarantined_pages)' /sys/kernel/debug/accel/*/counts"
count = int(os.environ.get("COUNT") or rounds("coll_removal_test", False))
seed = os.environ.get("SEED") or "1"
limit = 120 + 60 * count

# with MSI: QEMU cannot take out a card that has MSI-X; with little memory: the kernel finds no room for another of 256 MiB
guest = Guest({"before": COUNTS, "removal": f"COUNT={count} SEED={seed} timeout -s KILL {limit} {PROGRAM}", "after": f"sleep 1; {COUNTS}"},
              kernel="main", cards=4, lmem_mib=64, card_args=["--msi"], name="coll-removal", timeout=limit + 120, kmemleak=True,
              files=[(USER / "tests/runtime/coll_removal", PROGRAM)])
tap = Tap()
out, err, code = guest["removal"]
print("\n".join(line for line in out.splitlines() if line.startswith("# ")))
for what, test in (("in one process", "a card is pulled out, and the other members of the process go on"),
                   ("in several processes", "a card is pulled out, and the members of several processes go on")):
    line = next((line for line in out.splitlines() if line.endswith(test)), "")
    tap.check(f"coll removal: a card is pulled out in the middle of a call, {what}",
              [] if line.startswith("ok ") else [f"code {code}: {out[-800:]} {err[-200:]}"])
before, after = guest["before"][0], guest["after"][0]
tap.check("coll removal: nothing is left in the driver, on no card", [] if before and before == after else [f"{before!r}, then {after!r}"])
tap.check("coll removal: the machine ran, its log is clean, the module unloads", [] if guest.code == 0 else [f"code {guest.code}"])
tap.done()
