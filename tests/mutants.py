#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Shows that the contract's tests can fail: for every defect that `weft-card --break=list` names, the test named beside it
passes on the healthy card and fails on the one with the defect. TAP, one line for each defect. Called by
`make test-mutants`, and by `make test` with --sample.
"""
import argparse
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CLONE / "tools/rig"))
from common import USER  # noqa: E402

CARD, CONTRACT = USER / "tools/card/weft-card", USER / "tests/contract/weft-contract"
LIMIT_S = 60        # of one run; a test that never ends shows nothing
CARDS = 3           # no named test needs more


@dataclass(frozen=True)
class Defect:
    name: str
    section: str
    test: str
    delayed: bool   # shows only where posted writes take their time
    what: str


def defects():
    listed = subprocess.run([CARD, "--break=list"], check=True, capture_output=True, text=True, timeout=10).stdout
    rows = [line.split("\t") for line in listed.splitlines()]
    return [Defect(name, section, test, delayed == "1", what) for name, section, test, delayed, what in rows]


def run(defect, *more):
    """Runs the test of a defect; whether it passed (None: it said neither), and its output."""
    command = [CONTRACT, "--card", CARD, "--cards", str(CARDS), "--firmware", USER / "firmware/weft-fw.bin",
               "--bad-firmware-dir", USER / "firmware", "--section", defect.section, "--test", defect.test,
               *(["--weak", "1"] if defect.delayed else []), *more]
    env = {k: v for k, v in os.environ.items() if k not in ("COUNT", "SEED")}
    try:
        done = subprocess.run([str(part) for part in command], env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return None, f"no result after {LIMIT_S} s"
    out = done.stdout + done.stderr
    verdicts = re.findall(rf"^(ok|not ok) \d+ - {re.escape(defect.section)}: {re.escape(defect.test)}(.*)$", out, re.M)
    if len(verdicts) != 1 or "# SKIP" in verdicts[0][1] or done.returncode != (0 if verdicts[0][0] == "ok" else 1):
        return None, f"exit code {done.returncode}\n{out}"
    return verdicts[0][0] == "ok", out


class Healthy:
    """Whether a test passes on the card as it is: asked once, and once more where a busy machine was in its way."""

    def __init__(self):
        self.known = {}

    def problem(self, defect):
        key = (defect.section, defect.test, defect.delayed)
        if key not in self.known:
            passed, out = run(defect)
            if not passed:
                passed, out = run(defect)
            self.known[key] = [] if passed else ["the healthy card does not pass:", *out[-1500:].splitlines()]
        return self.known[key]


def caught(defect, healthy, show):
    """Why it does not count as caught, as lines; none: it is."""
    if problems := healthy.problem(defect):
        return problems
    passed, out = run(defect, "--card-arg", f"--break={defect.name}")
    if show:
        print("\n".join(f"#   {line}" for line in out.splitlines() if re.match(r"#\s", line) and "SEED" not in line)
              .split("#   # The card has")[0])
    if passed is None:
        return [f"{defect.what}: the test said neither pass nor fail:", *out[-1500:].splitlines()]
    return [f"{defect.what}: \"{defect.section}: {defect.test}\" passes all the same"] if passed else []


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--sample", type=int, default=0, help="only so many, chosen by SEED, those that took long left out")
    p.add_argument("--show", action="store_true", help="what the tests said of each defect")
    p.add_argument("names", nargs="*", help="only these defects")
    args = p.parse_args()
    rows = defects()
    unknown = set(args.names) - {d.name for d in rows}
    if unknown:
        p.error(f"no defect {', '.join(sorted(unknown))}")
    if args.names:
        rows = [d for d in rows if d.name in args.names]
    if args.sample:
        seed = os.environ.get("SEED") or str(int(time.time()))
        print(f"# SEED={seed}")
        rows = random.Random(seed).sample([d for d in rows if d.section not in SLOW], args.sample)
    print(f"TAP version 13\n1..{len(rows)}", flush=True)
    healthy, bad = Healthy(), 0
    for i, defect in enumerate(rows, 1):
        start = time.monotonic()
        problems = caught(defect, healthy, args.show)
        bad += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {i} {defect.name} is caught by {defect.section}: {defect.test}"
              f" # {time.monotonic() - start:.1f} s")
        print("".join(f"# {line}\n" for line in problems), end="", flush=True)
    return 1 if bad or not rows else 0


# Sections whose tests take seconds, for the sample.
SLOW = {"torture", "sched", "trace", "inject", "boot", "litmus", "exec", "engines"}

if __name__ == "__main__":
    sys.exit(main())
