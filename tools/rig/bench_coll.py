# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Figures of collective calls: ours in the machine, by `weft bench coll`; in turn with it, while the machine stands still, the fused
limit and the peers on the machine around it.
"""
import json
import re
import time

import boot
import coll_figures
import figures
import peers
from common import BUILD, progress, say

ROUNDS = 7
LMEM_MIB = 1024
RUNS = 3            # of each size in a round
PICTURE = "8,64,512,4K,32K,256K,2M,16M,64M"
DIR = BUILD / "bench-coll"      # /host in the machine
GUEST = """
ops='{ops}'
weft bench topo --out /host/topology >/host/topology.txt 2>&1
check=
for round in {rounds}; do
	# shellcheck disable=SC2086 # several words
	if out=$(weft bench coll $ops --sizes {sizes} --runs {runs} $check --json 2>/tmp/err); then echo "@@round $out"
	else echo "@@failed $(tail -n 1 /tmp/err)"; fi
	check=--no-check
	echo '@@rig still'
	read -r answer </dev/ttyS1
	[ "$answer" = ok ] || echo "@@failed peers: $answer"
done
weft bench coll $ops --sizes {picture} --runs {runs} --no-check --peers /host/peers --svg /host/bench-coll.svg >/host/bench-coll.txt 2>&1 ||
	echo "@@failed picture: $(tail -n 1 /host/bench-coll.txt)"
"""


class Others:
    """What runs while the machine stands still: once for each of its rounds."""
    def __init__(self, root, why):
        self.root, self.why, self.limits = root, why, []
        self.peers = {p.name: [] for p in peers.PEERS} if root else {}

    def round(self):
        limit, why = peers.fused(coll_figures.CASES)
        self.limits.append(limit)
        if why:
            say(why)
        for p in peers.PEERS if self.root else ():
            times, why = peers.peer(p, self.root, coll_figures.CASES)
            self.peers[p.name].append(times)
            if why:
                say(why)
                self.why = why
        (DIR / "peers").write_text("".join(
            f"{name} {op} {size} {us:.4f}\n" for name, per_round in self.peers.items() for (op, size), us in per_round[-1].items()))


def parse(output):
    """Rows of each round, and why there are fewer than there should be, or None."""
    rounds, reasons = [], re.findall(r"^@@failed (.*)$", output, re.M)
    for text in re.findall(r"^@@round (.*)$", output, re.M):
        try:
            rounds.append(json.loads(text))
        except ValueError:
            reasons.append("a round's output is no JSON")
    return rounds, reasons[0] if reasons else None if rounds else "the machine ended before it"


def bench_coll(root, rounds, timeout):
    DIR.mkdir(parents=True, exist_ok=True)
    (DIR / "peers").write_text("")
    others = Others(*peers.ready(root))
    if others.why:
        say(others.why)
    collected = bytearray()
    guest = GUEST.format(ops=" ".join(coll_figures.OPS), sizes=",".join(coll_figures.SIZES), runs=RUNS, picture=PICTURE,
                         rounds=" ".join(map(str, range(rounds))))
    run = boot.Run(name="bench-coll", command=guest, cards=coll_figures.CARDS, lmem_mib=LMEM_MIB, timeout=timeout,
                   output=collected.extend, share=str(DIR), meanwhile=others.round)
    with progress(f"figures of collective calls, {rounds} rounds"):
        code = boot.boot(run)
    ours, why = parse(collected.decode(errors="replace").replace("\r", ""))
    rows = coll_figures.assemble(ours, others.limits, others.peers, why, others.why)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    accel = json.loads((BUILD / "rig.json").read_text())["accel"]
    for r in rows:
        r.update(taken=stamp, accel=accel)
    (BUILD / "bench-coll.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(figures.table(rows, coll_figures.FIGURES))
    wrong = figures.problems(rows, coll_figures.FIGURES) + ([why] if why else [])
    for problem in wrong:
        say(problem)
    say(f"figures in {BUILD / 'bench-coll.json'}, a picture in {DIR / 'bench-coll.svg'}")
    return code or bool(wrong)
