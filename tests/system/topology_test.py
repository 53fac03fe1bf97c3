#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Peers behind a switch and on root ports, with and without an IOMMU: they work, or are refused with reason and advice."""
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402
from common import USER  # noqa: E402

PROGRAM = "/opt/weft/tests/topology"

# name, options of the machine, what tests/kselftest/topology.c wants, reach, part of `why`, part of advice and of the log
CASES = [
    ("switch", {"topology": "switch"}, "switch", "bus", "switched below", ""),
    ("switch, IOMMU", {"topology": "switch", "viommu": True}, "switch", "bus", "switched below", ""),
    ("root ports", {"topology": "root"}, "host", "host-bridge", "no switch is above both", "below one"),
    ("root ports, IOMMU", {"topology": "root", "viommu": True}, "iommu", "none", "IOMMU translates", "iommu=pt"),
    # the advice of the line above, followed
    ("root ports, IOMMU, iommu=pt", {"topology": "root", "viommu": True, "kernel_args": ["iommu=pt"]}, "host",
     "host-bridge", "no switch is above both", "below one"),
    ("root ports, unknown host bridge", {"topology": "root", "qemu_args": ["-cpu", "max"]}, "unknown-bridge", "none",
     "not known to forward", "below one"),
]


def run(case):
    name, options, wanted, *_ = case
    return Guest({"test": f"{PROGRAM} {wanted}", "info": "weft info --json", "text": "weft info",
                  "log": "dmesg | grep -E 'weft.*(reaches|cannot reach) this card|DMAR: IOMMU enabled'"},
                 kernel="main", cards=2, name="topology-" + re.sub(r"\W+", "-", name), timeout=240,
                 files=[(USER / "tests/kselftest/topology", PROGRAM)], **options)


def peers_are_told(guest, reach, why, advice):
    """What `weft info` says of both directions, as JSON and as text."""
    try:
        peers = json.loads(guest["info"][0])["peers"]
    except (ValueError, KeyError):
        return [f"weft info --json: {guest['info']}"]
    wrong = [f"{p}" for p in peers if p["reach"] != reach or why not in p["why"] or advice not in p["advice"] or
             bool(p["advice"]) != bool(advice)]
    if len(peers) != 2:
        wrong.append(f"{len(peers)} pairs")
    return wrong + [f"weft info does not say: {text}" for text in (why, advice) if text not in guest["text"][0]]


def log_is_right(guest, options, advice):
    """One line for each pair, however often it was tried, and none where there is nothing to say."""
    lines = [line for line in guest["log"][0].splitlines() if "this card" in line]
    wrong = [] if bool(options.get("viommu")) == ("IOMMU enabled" in guest["log"][0]) else ["the IOMMU is not as asked for"]
    if len(lines) != (2 if advice else 0):
        wrong.append(f"{len(lines)} lines: {lines}")
    return wrong + [line for line in lines if advice not in line]


tap = Tap()
for case in CASES:
    name, options, wanted, reach, why, advice = case
    guest = run(case)
    out, err, code = guest["test"]
    for line in out.splitlines():
        if line.startswith("# ") and " to " in line:
            print(f"{line} ({name})")
    tap.check(f"topology: {name}: every pair is as QUERY_PEER says", [] if code == 0 else [f"code {code}: {out[-1500:]}{err}"])
    tap.check(f"topology: {name}: weft info tells it in words", peers_are_told(guest, reach, why, advice))
    tap.check(f"topology: {name}: the log tells it once for each pair", log_is_right(guest, options, advice))
    tap.check(f"topology: {name}: the machine's log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
tap.done()
