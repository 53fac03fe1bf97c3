#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""weft-contract as its users have it: other cards than ours, cards that run already, and what it says of them."""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CLONE / "tests/abi"))
from tap import Tap  # noqa: E402

USER = CLONE / "build/user"
CARD, MINICARD = USER / "tools/card/weft-card", USER / "tests/contract/minicard/minicard"
FIRMWARE = ["--firmware", USER / "firmware/weft-fw.bin"]


def contract(*args):
    """Runs the client; exit code, report and output."""
    with tempfile.NamedTemporaryFile(suffix=".json") as f:
        done = subprocess.run([str(a) for a in (USER / "tests/contract/weft-contract", "--json", f.name, *args)],
                              capture_output=True, text=True, timeout=100)
        text = f.read()
    return done.returncode, json.loads(text) if text else None, done.stdout + done.stderr


def failed(report):
    return [f"{t['section']}: {t['test']}: {t['message']}" for t in report["tests"] if t["outcome"] == "fail"]


def running():
    """A card started by somebody else stays when the client has gone, and is tested again."""
    problems = []
    with tempfile.TemporaryDirectory() as d:
        card = subprocess.Popen([CARD, "--cards", "2", "--socket-dir", d], stdout=subprocess.PIPE, text=True)
        try:
            while card.stdout.readline() != "ready\n":
                pass
            for option in ("--connect", "--card"):
                code, report, out = contract(option, d, *FIRMWARE, "--section", "config", "--section", "peers")
                problems += failed(report) + ([] if code == 0 and report["tests"] else [f"{option}: exit code {code}"])
            if card.poll() is not None:
                problems.append("the card ended with its client")
        finally:
            card.terminate()
            card.wait(10)
    return problems


def lacking():
    code, report, out = contract("--card", CARD, "--card-arg", "--no-exec", *FIRMWARE, "--section", "exec")
    outcomes = {t["outcome"] for t in report["tests"]}
    row = report["sections"][0]
    return [] if code == 0 and outcomes == {"skip"} and row["missing"] == "EXEC" and not any(row["mandatory"]) else [out]


def few():
    code, report, out = contract("--card", MINICARD, "--cards", "1", "--section", "peers", "--section", "walker")
    return [] if code == 0 and report["verdict"].endswith("so few cards") else [out]


def wrong():
    """A card whose writes are delayed does not pass tests that leave out the flush it would need, and the verdict says so."""
    code, report, out = contract("--card", CARD, *FIRMWARE, "--section", "weak", "--count", "2000")
    return [] if code == 1 and failed(report) and report["verdict"].startswith("conforms, but") else [out]


def usage():
    codes = [contract(*a)[0] for a in ((), ("--card", CARD, "--section", "nonesuch"), ("--card", CARD, "--cards", "9"),
                                         ("--card", CARD, "--section", "config", "--test", "nonesuch"))]
    return [] if codes == [2, 2, 2, 2] else [f"exit codes {codes}"]


tap = Tap()
tap.check("conformance: a card that runs already is tested, twice, and stays", running())
tap.check("conformance: a missing capability is named", lacking())
tap.check("conformance: with one card the verdict says how far it goes", few())
tap.check("conformance: a failure is an exit code and a verdict", wrong())
tap.check("conformance: wrong usage is refused", usage())
tap.done()
