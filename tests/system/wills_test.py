#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Wills on a card that takes no lists of cells: the driver poisons one after the other."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402

COMMANDS = {"info": "weft info", "will_test": "cd /opt/weft/tests && KS_LIMIT_S=120 WILLS_SLOW=1 COUNT=5 timeout -s KILL 240 ./will_test"}

guest = Guest(COMMANDS, kernel="main", cards=2, name="wills", card_args=["--no-cell-faults"])
tap = Tap()
tap.check("wills: the machine ran and its log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
words = guest["info"][0].split()
tap.check("wills: the card has cell_fault and not cell_faults",
          [] if "cell_fault" in words and "cell_faults" not in words else guest["info"][:2])
out, err, code = guest["will_test"]
lines = [line for line in out.splitlines() if line.startswith(("ok", "not ok"))]
tap.check("wills: as many as there may be, one by one",
          [] if any(line.startswith("ok") and line.endswith("as many as there may be") for line in lines) else lines or [err])
tap.check("wills: every other test of them", [] if code == 0 else [line for line in lines if line.startswith("not")] or [f"{code}", err])
tap.done()
