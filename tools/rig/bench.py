# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""Takes all figures: those of the machine by `weft bench` and `weft run`, those of the card from outside."""
import json
import re
import threading
import time
from pathlib import Path

import boot
from common import BUILD, say

DISK_MIB = 64
# Each part writes its JSON to a marked line; a part that fails leaves the reason in its place.
GUEST = """
t0=$(cut -d ' ' -f 1 /proc/uptime); modprobe weft; t1=$(cut -d ' ' -f 1 /proc/uptime)
echo "@@load $t0 $t1"
modprobe nvme; sleep 1
echo "@@bench $(weft bench --json 2>/tmp/err || echo "!$(tail -n 1 /tmp/err)")"
for n in 4 1; do
	echo "@@train$n $(weft run fashion-mnist --cards $n 2>/tmp/err | tail -n 1 || echo "!$(tail -n 1 /tmp/err)")"
done
"""


def row(name, unit, value=None, reason=None, clock="host", **more):
    r = {"name": name, "value": value, "unit": unit, "median": value, "p10": value, "runs": 1, "against": None,
         "ratio": None, "target": None, "clock": clock, **more}
    if value is None:
        r["reason"] = reason or "not taken"
    return r


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


def marked(output, name):
    """The JSON of a part, or None and the reason."""
    found = re.search(rf"^@@{name} (.*)$", output, re.M)
    if not found:
        return None, "the machine ended before it"
    try:
        return json.loads(found.group(1)), None
    except ValueError:
        return None, found.group(1).lstrip("!")[:200] or "no output"


def training(output, rows):
    four, why = marked(output, "train4")
    speed = four and four.get("samples_per_s")
    rows.append(row("train.samples_per_s", "1/s", speed, why, target=26000,
                    ratio=speed / 26000 if speed else None, against="one PyTorch thread (recorded)"))
    one, why_one = marked(output, "train1")
    one_speed = one and one.get("samples_per_s")
    rows.append(row("train.one_card", "1/s", one_speed, why_one))
    gemm = next((r["value"] for r in rows if r["name"] == "gemm.train"), None)
    # 784-512-512-10: three products of each layer but the first's input gradient, two operations each
    flop = 2 * (3 * (784 * 512 + 512 * 512 + 512 * 10) - 784 * 512)
    bound = gemm * 1e9 / flop if gemm else None
    rows.append(row("train.of_bound", "1", speed / bound if speed and bound else None,
                    why or "gemm.train was not taken", against="gemm.train"))


def bench(timeout):
    disk = BUILD / "bench.disk"
    BUILD.mkdir(exist_ok=True)
    with open(disk, "wb") as f:
        f.truncate(DISK_MIB << 20)
    collected = bytearray()
    run = boot.Run(name="bench", command=GUEST, cards=4, data=True, load=False, timeout=timeout, output=collected.extend,
                   qemu_args=["-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "nvme,serial=1,drive=disk"])
    watch = Watch(run)
    watch.start()
    code = boot.boot(run)
    disk.unlink()
    output = collected.decode(errors="replace")
    rows, why = marked(output, "bench")
    rows = rows or [row("weft bench", "", None, why)]
    for r in rows:
        for key in ("against", "ratio", "target"):
            r.setdefault(key, None)
    training(output, rows)
    rss = watch.rss_kib / 1024
    rows.append(row("card.rss_mib", "MiB", round(rss, 1) or None, clock="bench", target=200))
    load = re.search(r"^@@load ([\d.]+) ([\d.]+)", output, re.M)
    rows.append(row("load.ms", "ms", round((float(load.group(2)) - float(load.group(1))) * 1000) if load else None))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    rig = json.loads((BUILD / "rig.json").read_text())
    for r in rows:
        r.update(taken=stamp, accel=rig["accel"])
    (BUILD / "bench.json").write_text(json.dumps(rows, indent=1) + "\n")
    for r in rows:
        value = f"{r['value']:12.4g}" if r["value"] is not None else " " * 11 + "-"
        ratio = f"{r['ratio']:.2f} x {r['against']}" if r["ratio"] else r.get("reason", "")
        print(f"{r['name']:20} {value} {r['unit']:8} {ratio}")
    say(f"figures in {BUILD / 'bench.json'}")
    return code
