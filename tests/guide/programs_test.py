#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""programs_test.py FIRST TWO-CARDS KIND: the guide's programs do what their pages say, on the kind that needs no card."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "abi"))
from tap import Tap, read  # noqa: E402

first, two_cards, kind = sys.argv[1:4]


def expect(command, output):
    r = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if r.returncode or r.stdout != output:
        yield f"{command} ended with {r.returncode}: {r.stdout!r} {r.stderr!r}, wanted {output!r}"


def refused(command, word):
    r = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if r.returncode != 1 or r.stdout or len(r.stderr.splitlines()) != 1 or word not in r.stderr:
        yield f"{command} ended with {r.returncode}: {r.stdout!r} {r.stderr!r}, wanted one line with {word!r}"


tap = Tap()
lines = read("Documentation/runtime/first.c").count("\n")
tap.check("programs: the first program has fewer than 60 lines", [] if lines < 60 else [f"{lines} lines"])
tap.check("programs: the first program runs", expect([first, "host"], "1023 + 0.5 = 1023.5\n"))
tap.check("programs: the first program names what is missing", refused([first, "nothing"], "nothing"))
tap.check("programs: a job waits for a job of another device", expect([two_cards, "host"], "7\n"))
tap.check("programs: a kind from a program's own file", expect([kind], "2 commands\n"))
tap.done()
