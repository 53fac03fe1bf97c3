#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Cards that are pulled out, unplugged in order and reset under load, also after an error of their port; `removal.c` says
what has to hold then. Arguments choose ways and kernels (drop, unplug, reset, error, unrecovered; main, 612, debug), COUNT
the rounds: so large counts are run in slices. Without arguments 612 and debug do each way once.
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

PROGRAM = "/opt/weft/tests/removal"
WAYS = {"drop": "pulled out and put in again", "unplug": "unplugged in order and plugged in again", "reset": "reset",
        "error": "whose port reports a fatal error", "unrecovered": "not recovered from an error"}
# In a machine of its own, without load: it takes all cards, and gives them back by their switch. 7.3 gives a switch that it finds
# anew no more than its parts together, which need not be enough once they are aligned.
ALONE = ("unrecovered",)
ROOM = ["pci=hpmmiosize=32M"]
SECONDS = 60        # a round, at most; most take three

KERNELS = ("main", "612", "debug")
# pciehp of 7.3 takes its reset lock and that of rescans in both orders, and who is told so is told nothing else of locks. A
# reset of a card alone does not go by its slot: the driver's own locks are proved there, in a machine of its own.
UNPROVED = {"debug": ["lockdep.prove_locking=0"]}

ways = [way for way in WAYS if way in sys.argv[1:]] or list(WAYS)
chosen = [kernel for kernel in KERNELS if kernel in sys.argv[1:]]


def rounds_of(way, kernel):
    if way in ALONE:
        return 1
    default = rounds(f"removal-{way}", False) if kernel == "main" or chosen else 1
    return int(os.environ.get("COUNT") or default)


def machines(kernel):
    """Which ways run in one machine, its name, what its kernel is told, what a clean log means besides."""
    name = f"removal-{kernel}"
    together = [way for way in ways if way not in ALONE]
    parts = [(together, name, [], "")]
    if kernel in UNPROVED:
        parts = [([way for way in together if way != "reset"], name, UNPROVED[kernel], ""),
                 ([way for way in together if way == "reset"], f"{name}-proved", [], ", its locks are in order")]
    parts += [([way], f"{name}-{way}", UNPROVED.get(kernel, []) + ROOM, "") for way in ways
              if way in ALONE and (chosen or kernel != "main")]     # debug is the same kernel
    return [part for part in parts if part[0]]


def run(kernel, part, name, args, besides):
    counts = {way: rounds_of(way, kernel) for way in part}
    limit = {way: 120 + SECONDS * n for way, n in counts.items()}
    # with MSI: QEMU cannot take out a card that has MSI-X
    guest = Guest({way: f"COUNT={counts[way]} KS_LIMIT_S={limit[way]} {PROGRAM} {way}" for way in part}, kernel=kernel,
                  cards=2 if part[0] in ALONE else 3, card_args=["--msi"], name=name, timeout=120 + sum(limit.values()), kmemleak=True,
                  kernel_args=args,
                  files=[(USER / "tests/kselftest/removal", PROGRAM)])
    for way in part:
        out, err, code = guest[way]
        print("\n".join(line for line in out.splitlines() if line.startswith("# ")))
        how = "" if way in ALONE else f", {counts[way]} times under load"
        tap.check(f"removal: {kernel}: a card {WAYS[way]}{how}",
                  [] if code == 0 else [f"code {code}: {out[-800:]} {err[-200:]}"])
    tap.check(f"removal: {kernel}: the machine ran, its log is clean, the module unloads{besides}",
              [] if guest.code == 0 else [f"code {guest.code}"])


tap = Tap()
for kernel in chosen or KERNELS:
    for machine in machines(kernel):
        run(kernel, *machine)
tap.done()
