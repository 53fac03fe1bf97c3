#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Cards share engines: what one card keeps while another is hogged and flooded, and while guest processes spin."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402
from common import USER  # noqa: E402

TRIES = 3           # the bench machine is shared with others, who take turns that nobody sees
LEAST = 0.4
LINE = re.compile(r"^# (\w+) packets_per_s (\d+) busy_ns_per_s (\d+) other_busy_ns_per_s (\d+)$", re.M)
PROGRAM = "/opt/weft/tests/share"


def judge(out):
    """What is wrong with one run, by name of the check."""
    seen = {name: tuple(float(x) for x in rest) for name, *rest in LINE.findall(out)}
    if set(seen) != {"alone", "spin", "flood", "many"} or not all(packets and busy for packets, busy, _ in seen.values()):
        return {key: [f"figures of {sorted(seen)}: {out[-400:]}"] for key in CHECKS}
    spin, flood, many = seen["spin"], seen["flood"], seen["many"]
    ratios = {"group": many[1] / (many[1] + many[2]), "rate": flood[0] / spin[0], "busy": flood[1] / spin[1],
              "spin": spin[1] / seen["alone"][1]}
    print("# " + ", ".join(f"{key} {value:.2f}" for key, value in ratios.items()))
    wrong = {key: [] if value >= LEAST else [f"{value:.2f}"] for key, value in ratios.items()}
    wrong["group"] += [] if min(flood[2], many[2]) > many[1] / 4 else ["card 0 was not busy: nothing was shared"]
    return wrong


CHECKS = {
    "group": "a hog and a flood on card 0 leave card 1 40 % of the group's engine time",
    "rate": "they leave card 1 40 % of the packets it runs beside processes that only spin",
    "busy": "they leave card 1 40 % of the engine time it has beside processes that only spin",
    "spin": "processes that spin on every processor leave card 1 40 % of the engine time it has alone",
}
guest = Guest({f"try{i}": f"{PROGRAM}" for i in range(TRIES)}, kernel="main", cards=2, name="share", timeout=300,
              files=[(USER / "tests/kselftest/share", PROGRAM)])
tap = Tap()
tap.check("share: the machine ran and its log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
tap.check("share: the program passes", [f"try {i}: {guest[f'try{i}']}" for i in range(TRIES) if guest[f"try{i}"][2] != 0])
tries = [judge(guest[f"try{i}"][0]) for i in range(TRIES)]
for key, text in CHECKS.items():
    tap.check(f"share: {text}", [] if any(not t[key] for t in tries) else sum((t[key] for t in tries), []))
tap.done()
