#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""The driver on a card that does the least the contract asks for: what it has works, what it lacks is named."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402
from common import USER  # noqa: E402

TESTS = "cd /opt/weft/tests && KS_LIMIT_S=120"
WHOLE = ("gem_test", "vm_test", "life_test", "runtime_memory_test")     # need nothing but copies
COMMANDS = {
    "info": "weft info",
    **{name: f"{TESTS} COUNT=300 timeout -s KILL 240 ./{name}" for name in WHOLE},
    "submit_test": f"{TESTS} COUNT=300 timeout -s KILL 240 ./submit_test",
    # its first job is an EXEC
    "exec": f"{TESTS} timeout -s KILL 60 ./first_program",
    "unload": "rmmod weft && ! ls /dev/accel/accel0",
    "load-again": "modprobe weft && weft info",
    "copies-again": f"{TESTS} timeout -s KILL 240 ./runtime_memory_test",
    "unload-again": "rmmod weft",
}


def tap_problems(result):
    """What is wrong with a program that prints TAP and should pass."""
    out, err, code = result
    lines = out.splitlines()
    passed = [line for line in lines if line.startswith("ok ") and "# SKIP" not in line]
    bad = [line for line in lines if line.startswith("not ok")]
    return ([f"exit code {code}: {err.strip()[-300:]}"] if code != 0 else []) + bad + ([] if passed else ["nothing passed"])


guest = Guest(COMMANDS, kernel="main", cards=2, name="minicard", timeout=900,
              card_program=str(USER / "tests/contract/minicard/minicard"))
tap = Tap()
tap.check("minicard: the machine ran and its log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
for name, wanted in (("info", 2), ("load-again", 2)):
    out, err, code = guest[name]
    found = sum(line.strip() == "capabilities fw_resident call" for line in out.splitlines())
    tap.check(f"minicard: {name}: the driver takes both cards as they are",
              [] if code == 0 and found == wanted else [f"exit code {code}", out, err])
for name in (*WHOLE, "copies-again"):
    tap.check(f"minicard: {name}", tap_problems(guest[name]))
out = guest["submit_test"][0]
for job in ("COPY to and from host memory", "timeline points order two queues", "many jobs in one queue"):
    said = [line for line in out.splitlines() if line.endswith(f" submit: {job}")]
    tap.check(f"minicard: submit_test: {job}",
              [] if len(said) == 1 and said[0].startswith("ok ") else said or ["it did not run"])
out, err, code = guest["exec"]
tap.check("minicard: an EXEC is refused by name", [] if code not in (0, None) and "cap," in err else [f"{code}", out, err])
for name in ("unload", "unload-again"):
    tap.check(f"minicard: {name}", [] if guest[name][2] == 0 else guest[name][:2])
tap.done()
