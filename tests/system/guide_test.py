#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The programs that the documentation shows, as built for their pages, on cards."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402

COMMANDS = {
    "first": ("/opt/weft/tests/first_program", "1023 + 0.5 = 1023.5\n"),
    "two-cards": ("/opt/weft/tests/guide_two_cards", "7\n"),
    "kind": ("/opt/weft/tests/guide_kind", "2 commands\n"),
    "uapi": ("/opt/weft/tests/uapi_job", "0xcafe\n"),
}

tap = Tap()
guest = Guest({name: command for name, (command, _) in COMMANDS.items()}, kernel="main", cards=2, name="guide")
for name, (command, output) in COMMANDS.items():
    got, error, code = guest[name]
    tap.check(f"guide: {name} on cards", [] if (got, code) == (output, 0) else
              [f"{command} ended with {code}: {got!r} {error!r}, wanted {output!r}"])
tap.check("guide: the machine's log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
tap.done()
