#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""udev gives the nodes of cards to the group of the rule, and takes nothing else; members open a card, others do not."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest, libraries  # noqa: E402
from tap import Tap  # noqa: E402
from common import CLONE  # noqa: E402

CARDS = 2
UDEVADM = Path("/usr/bin/udevadm")
DAEMON = "/usr/lib/systemd/systemd-udevd"
RULE = CLONE / "tools/udev/60-weft.rules"
NODES = "stat -c '%n %U %G %a' /dev/accel/accel*"
AS = "su -s /bin/sh %s -c '/opt/weft/bin/weft info'"

guest = Guest({
    # as systemd-sysusers would from weft.conf
    "start": "echo weft:x:900:member >>/etc/group; echo member:x:1000:65534::/:/bin/sh >>/etc/passwd; "
             f"mkdir -p {Path(DAEMON).parent}; ln -s {UDEVADM} {DAEMON}; {NODES}; {DAEMON} --daemon",
    "trigger": f"udevadm trigger --action=add && udevadm settle --timeout=60 && {NODES}",
    "member": AS % "member",
    "other": AS % "nobody",
    "bound": "card=$(ls /sys/bus/pci/drivers/weft | grep -m 1 ^0); cd /sys/bus/pci/drivers/weft; echo $card >unbind; "
             f"echo $card >bind; udevadm settle --timeout=60 && {NODES}",
    "null": "stat -c '%U %G %a' /dev/null",
}, kernel="main", cards=CARDS, name="udev", timeout=300, files=[(UDEVADM, str(UDEVADM)), *libraries(UDEVADM),
                                                                (RULE, f"/usr/lib/udev/rules.d/{RULE.name}")])


def nodes(step):
    return [line.split(" ", 1)[1] for line in guest[step][0].splitlines() if line.startswith("/dev/accel/")]


def all_of(step, wanted):
    return [] if nodes(step) == [wanted] * CARDS else [f"{step}: {guest[step]}, wanted {wanted}"]


tap = Tap()
tap.check("udev: the machine ran and its log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
tap.check("udev: nodes are root's before, and the group's after", all_of("start", "root root 600") +
          all_of("trigger", "root weft 660"))
tap.check("udev: a card bound again is the group's too", all_of("bound", "root weft 660"))
tap.check("udev: a member of the group opens the cards", [] if guest["member"][2] == 0 else [f"{guest['member']}"])
tap.check("udev: others are told which card, and who may",
          [] if guest["other"][2] == 1 and re.search(r"accel0: .*group .*Permission denied", guest["other"][1])
          else [f"{guest['other']}"])
tap.check("udev: other nodes stay as they were", [] if guest["null"][0] == "root root 666\n" else [f"{guest['null']}"])
tap.done()
