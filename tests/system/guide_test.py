#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What the documentation shows, on cards: its programs, figures as JSON, progress of a job. The cards have MSI here."""
import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402

PROGRAMS = {
    "first": ("/opt/weft/tests/first_program", "1023 + 0.5 = 1023.5\n"),
    "two-cards": ("/opt/weft/tests/guide_two_cards", "7\n"),
    "kind": ("/opt/weft/tests/guide_kind", "2 commands\n"),
    "uapi": ("/opt/weft/tests/uapi_job", "0xcafe\n"),
}
OTHERS = {
    "bench": "weft bench --json --runs 3 queue.job submit.ioctl submit.uring submit.uring_ioctl queue.user queue.user_asleep getpid nvme.read512",
    "progress": "weft run fashion-mnist --cards 2 --steps 20",
    "interrupts": "grep weft /proc/interrupts",
}
KEYS = {"name", "value", "unit", "runs", "clock"}


def program(name):
    command, output = PROGRAMS[name]
    got, error, code = guest[name]
    return [] if (got, code) == (output, 0) else [
        f"{command} ended with {code}: {got!r} {error!r}, wanted {output!r}"]


def bench():
    """Figures that can be taken have a value, those that cannot say why; here there is no disk."""
    out, error, code = guest["bench"]
    try:
        rows = {row["name"]: row for row in json.loads(out)}
    except (ValueError, KeyError, TypeError) as wrong:
        return [f"code {code}: {wrong}: {out[:300]!r} {error[-300:]!r}"]
    problems = [f"{name} lacks {KEYS - set(row)}" for name, row in rows.items() if KEYS - set(row)]
    for name in ("queue.job", "submit.ioctl", "submit.uring", "submit.uring_ioctl", "queue.user", "queue.user_asleep", "getpid"):
        if not rows.get(name, {}).get("value"):
            problems.append(f"{name}: {rows.get(name)}")
    disk = rows.get("nvme.read512", {})
    if disk.get("value") is not None or not disk.get("reason"):
        problems.append(f"without a disk: {disk}")
    return problems


def progress():
    out, error, code = guest["progress"]
    shown = re.findall(r"step \d+  loss \d+\.\d+  \d+ samples/s", error)
    return [] if code == 0 and shown and len(out.splitlines()) == 1 else [f"code {code}: {out!r} {error[-500:]!r}"]


def msi():
    lines = guest["interrupts"][0].splitlines()
    return [] if lines and all("PCI-MSI" in line and "MSI-X" not in line and "MSIX" not in line for line in lines) and \
        any(int(n) for line in lines for n in line.split()[1:3]) else [f"interrupts: {lines}"]


def record():
    """build/rig.json names the root, the kernels and the packages that this run was made with."""
    root = Path(__file__).resolve().parents[2]
    r = subprocess.run([root / "tools/rig/rig", "record"], capture_output=True, text=True)
    text = json.loads((root / "build/rig.json").read_text())
    return [f"rig record ended with {r.returncode}: {r.stderr}"] * (r.returncode != 0) + \
        [f"no {key}" for key in ("root", "accel", "processor") if not text.get(key)] + \
        [f"no release of kernel {name}" for name in ("main", "612")
         if not text.get("kernels", {}).get(name, {}).get("release")] + \
        [f"no version of {name}" for name in ("qemu-system-x86", "gcc-14", "libdnnl3.6", "dataset-fashion-mnist")
         if not text.get("packages", {}).get(name)]


tap = Tap()
guest = Guest({name: command for name, (command, _) in PROGRAMS.items()} | OTHERS, kernel="main", cards=2, data=True,
              name="guide", card_args=["--msi"])
for name in PROGRAMS:
    tap.check(f"guide: {name} on cards", program(name))
tap.check("guide: figures as JSON", bench())
tap.check("guide: a progress line with loss and samples/s", progress())
tap.check("guide: cards with MSI instead of MSI-X", msi())
tap.check("guide: versions of root, kernels and packages are recorded", record())
tap.check("guide: the machine's log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
tap.done()
