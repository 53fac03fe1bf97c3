# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Takes all figures: the card's by card-bench with no machine running, then the machine's by `weft bench` and `weft run`."""
import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import boot
import figures
from common import BUILD, LOGS, USER, progress, say

CARD_BENCH = USER / "tests/bench/card-bench"
FIRMWARE = USER / "firmware/weft-fw.bin"
PLAN_BENCH = USER / "tests/bench/plan-bench"
# Figure of each peer, and the package without which its program is not built.
PEERS = {"peer.openmp_us": ("openmp-bench", "gcc"), "peer.starpu_us": ("starpu-bench", "libstarpu-dev"),
         "peer.taskflow_us": ("taskflow-bench", "libtaskflow-cpp-dev")}
CARD_BENCH_SECONDS = 180
PLAN_BENCH_SECONDS = 180
PEER_SECONDS = 60
DISK_MIB = 64
# Each part writes its JSON to a marked line; a part that fails leaves the reason in its place.
GUEST = """
part() {
	name=$1; shift
	if out=$("$@" 2>/tmp/err); then echo "@@$name $(echo "$out" | tail -n 1)"
	else echo "@@$name !$(tr '\\r' '\\n' </tmp/err | tail -n 1)"; fi
}
t0=$(cut -d ' ' -f 1 /proc/uptime)
modprobe weft && echo "@@load {\\"start\\":$t0,\\"end\\":$(cut -d ' ' -f 1 /proc/uptime)}"
modprobe nvme; sleep 1
part bench weft bench --json queue.job submit.ioctl submit.uring submit.uring_ioctl queue.user queue.user_asleep getpid nvme.read512
part bind bind_bench
part body /opt/weft/tests/body_bench
part train4 weft run fashion-mnist --cards 4
part reset /opt/weft/tests/reset_bench
part train1 weft run fashion-mnist --cards 1
"""


class Watch(threading.Thread):
    """Largest private memory of the card process; its local memory is shared memory and not counted."""
    def __init__(self, run):
        super().__init__(daemon=True)
        self.run_, self.rss_kib = run, 0

    def run(self):
        while True:
            time.sleep(0.5)
            try:
                text = Path(f"/proc/{self.run_.card_pid}/status").read_text()
            except OSError:
                continue
            parts = dict(re.findall(r"^(Rss\w+):\s+(\d+) kB", text, re.M))
            self.rss_kib = max(self.rss_kib, int(parts.get("RssAnon", 0)) + int(parts.get("RssFile", 0)))


def native(what, command, seconds):
    """What a program that needs no machine wrote, or None and the reason. It gives rows with reasons itself when it fails."""
    name = Path(command[0]).name
    LOGS.mkdir(parents=True, exist_ok=True)
    with progress(what), open(LOGS / f"{name}.log", "wb") as log:
        try:
            out = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, timeout=seconds).stdout
            return json.loads(out), None
        except subprocess.TimeoutExpired:
            return None, f"{name} did not end within {seconds} s"
        except (OSError, ValueError) as error:
            return None, f"{name}: {error}; see {log.name}"


def peer(name, package):
    program = USER / "tests/bench" / name
    if not program.exists():
        return None, f"not installed; install {package}"
    return native(f"figures of a peer, {name}", [program], PEER_SECONDS)


def machine_figures(timeout):
    """Output of the machine's command, the card process's memory in MiB, the exit code."""
    disk = BUILD / "bench.disk"
    with open(disk, "wb") as f:
        f.truncate(DISK_MIB << 20)
    collected = bytearray()
    run = boot.Run(name="bench", command=GUEST, cards=4, data=True, load=False, timeout=timeout, output=collected.extend,
                   qemu_args=["-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "nvme,serial=1,drive=disk"],
                   files=[(USER / program, f"/opt/weft/tests/{Path(program).name}")
                          for program in ("tests/kselftest/reset_bench", "tests/runtime/body_bench")])
    watch = Watch(run)
    watch.start()
    try:
        with progress("figures of the machine"):
            code = boot.boot(run)
    finally:
        disk.unlink()
    return collected.decode(errors="replace").replace("\r", ""), watch.rss_kib / 1024, code


def bench(timeout):
    BUILD.mkdir(exist_ok=True)
    card = native("figures of the card", [CARD_BENCH, "--card", boot.CARD, "--firmware", FIRMWARE], CARD_BENCH_SECONDS)
    plan = native("figures of the planner", [PLAN_BENCH, "--json"], PLAN_BENCH_SECONDS)
    peers = {figure: peer(*which) for figure, which in PEERS.items()}
    output, rss_mib, code = machine_figures(timeout)
    # weft-card has an engine for each core it may use
    rows = figures.assemble(card, plan, peers, output, rss_mib, len(os.sched_getaffinity(0)))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    accel = json.loads((BUILD / "rig.json").read_text())["accel"]
    for r in rows:
        r.update(taken=stamp, accel=accel)
    (BUILD / "bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(figures.table(rows))
    wrong = figures.problems(rows)
    for problem in wrong:
        say(problem)
    say(f"figures in {BUILD / 'bench.json'}")
    return code or bool(wrong)
