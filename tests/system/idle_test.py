#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""What four cards cost a bench machine that has nothing for them to do, and where their engine threads run."""
import os
import re
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/rig"))
import boot  # noqa: E402
from tap import Tap  # noqa: E402

QUIET_S = 10
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Watch(threading.Thread):
    """Measures the card process between the machine's word "idle" and QUIET_S seconds later."""
    def __init__(self):
        super().__init__(daemon=True)
        self.output, self.idle = bytearray(), threading.Event()
        self.share, self.pinned, self.rss_mib = None, [], None
        self.machine = boot.Run(kernel="main", cards=4, name="idle", timeout=240, output=self.feed,
                                command=f"weft info >/dev/null && sleep 3 && echo idle && sleep {QUIET_S + 3}")

    def feed(self, data):
        self.output.extend(data)
        if b"idle" in self.output:
            self.idle.set()

    def run(self):
        if not self.idle.wait(200):
            return
        pid = self.machine.card_pid
        before, start = cpu_s(pid), time.monotonic()
        time.sleep(QUIET_S)
        self.share = (cpu_s(pid) - before) / (time.monotonic() - start)
        for task in Path(f"/proc/{pid}/task").iterdir():
            status = (task / "status").read_text()
            name = re.search(r"^Name:\s+(.*)$", status, re.M).group(1)
            if name.startswith("engine"):
                self.pinned.append(re.search(r"^Cpus_allowed_list:\s+(.*)$", status, re.M).group(1))
        parts = dict(re.findall(r"^(Rss\w+):\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M))
        self.rss_mib = (int(parts["RssAnon"]) + int(parts["RssFile"])) / 1024


watch = Watch()
watch.start()
code = boot.boot(watch.machine)
watch.join(5)
cores = sorted(str(c) for c in os.sched_getaffinity(0))
tap = Tap()
tap.check("idle: the machine ran and its log is clean", [] if code == 0 else [f"code {code}"])
tap.check("idle: four idle cards use less than 2 % of a core",
          [] if watch.share is not None and watch.share < 0.02 else [f"share of a core: {watch.share}"])
tap.check("idle: one engine thread is pinned to each core",
          [] if sorted(watch.pinned) == cores else [f"threads on {watch.pinned}, cores {cores}"])
tap.check("idle: anonymous and file memory of the card process is at most 200 MiB",
          [] if watch.rss_mib and watch.rss_mib <= 200 else [f"{watch.rss_mib} MiB"])
tap.done()
