#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""weft run FILE.weft, with the plans of the documentation: values, what is told, refusals, and that nothing is left behind."""
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import ROOT, Tap  # noqa: E402

# plan: sequences, and the first floats of the block that the last of them made
SHOWN = {
    "chain": (400, {}),
    "branch": (103, {"picked": [10.0] * 4, "big": [-1.0] * 4}),
    "accumulate": (25, {"step": [10.0] * 4, "total": [250.0] * 4}),
    "two-cards": (100, {"count": [100.0] * 8}),
}
MS = 1_000_000
COUNTS = "grep -hE '^(live_|lmem_free_pages|[a-z]+_quarantined_pages)' /sys/kernel/debug/accel/*/counts"
BAD = "printf 'weft-plan 1\\nedge x 64 depht 2\\n' >/tmp/bad.weft"
STUCK = "printf 'weft-plan 1\\nedge x 64 depth 1\\nedge y 64 depth 1\\nbody a\\nin y\\nout x\\nbody b\\nin x\\nout y\\n' >/tmp/stuck.weft"
FILE = ("printf 'weft-plan 1\\nconstant c 16 file c.bin\\nedge e 16 no-share\\nbody b\\nout e\\ncopy 16 from constant(c) to out(e)\\n' "
        ">/tmp/file.weft; printf '\\0\\0\\200\\077\\0\\0\\0\\100\\0\\0\\100\\100\\0\\0\\200\\100' >/tmp/c.bin")


def plan(name):
    return f"/opt/weft/share/plans/{name}.weft"


COMMANDS = {"counts-before": COUNTS}
for name_, (sequences, shown) in SHOWN.items():
    COMMANDS[name_] = f"weft run {plan(name_)} --json --sequences {sequences} " + " ".join(f"--show {e}" for e in shown)
COMMANDS |= {
    "told": f"weft run {plan('branch')} --sequences 103 --show picked",
    "chain-again": f"weft run {plan('chain')} --json --sequences 400",
    "again": f"weft run {plan('accumulate')} --json --sequences 1",
    "prepared": f"weft run {plan('chain')} --prepare-only",
    "printed": f"weft run {plan('two-cards')} --print >/tmp/printed.weft && cat /tmp/printed.weft",
    "printed-run": "weft run /tmp/printed.weft --json --sequences 100 --show count",
    "file": f"{FILE}; cd / && weft run /tmp/file.weft --json --sequences 3 --show e",
    "saved": f"weft run {plan('two-cards')} --save /tmp/saved.weft --prepare-only",
    "saved-run": "weft run /tmp/saved.weft --json --sequences 100 --show count",
    "saved-print": "weft run /tmp/saved.weft --print | cmp - /tmp/printed.weft",
    "saved-cut": "head -c 500 /tmp/saved.weft >/tmp/cut.weft; weft run /tmp/cut.weft",
    "saved-bad": "{ head -c 300 /tmp/saved.weft; printf x; tail -c +302 /tmp/saved.weft; } >/tmp/bad.weft; weft run /tmp/bad.weft",
    "peers": f"weft run {plan('export')} --json --sequences 100 --peer numbers=/tmp/n >/tmp/export.json & "
             f"weft run {plan('import')} --json --sequences 100 --peer numbers=/tmp/n --show total; code=$?; wait $! && "
             "tail -n 1 /tmp/export.json >&2; [ ! -e /tmp/n ] && exit $code",
    "peers-saved": f"weft run {plan('export')} --save /tmp/export.weft --prepare-only >/tmp/x && "
                   f"weft run {plan('import')} --save /tmp/import.weft --prepare-only >/tmp/x; "
                   "weft run /tmp/import.weft --json --sequences 100 --peer numbers=/tmp/n --show total & "
                   "weft run /tmp/export.weft --json --sequences 100 --peer numbers=/tmp/n >&2; code=$?; wait $! && exit $code",
    "peer-unnamed": f"weft run {plan('import')}",
    "peer-inside": f"weft run {plan('import')} --peer sum=/tmp/n",
    "peer-alone": f"weft run {plan('import')} --peer numbers=/tmp/n --timeout 1",
    "peer-waits": f"weft run {plan('export')} --peer numbers=/tmp/n --timeout 1; code=$?; [ ! -e /tmp/n ] && exit $code",
    "peer-path": f"weft run {plan('export')} --peer numbers",
    "no-file": "rm /tmp/c.bin; weft run /tmp/file.weft",
    "misspelt": f"{BAD}; weft run /tmp/bad.weft",
    "stuck": f"{STUCK}; weft run /tmp/stuck.weft --json",
    "nowhere": "weft run /tmp/nowhere.weft",
    "few-cards": f"weft run {plan('two-cards')} --cards 1",
    "many-cards": f"weft run {plan('chain')} --cards 3",
    "no-edge": f"weft run {plan('chain')} --sequences 2 --show resutl",
    "bad-option": f"weft run {plan('chain')} --sequences 0",
    "two-plans": f"weft run {plan('chain')} {plan('branch')}",
    "counts-after": "sleep 1; " + COUNTS,
}


def result(name):
    out = guest[name][0].strip().splitlines()
    try:
        return json.loads(out[-1]) if out else {}
    except ValueError:
        return {}


def ran(name):
    out, err, code = guest[name]
    return [] if code == 0 else [f"{name}: exit code {code}: {out[-300:]!r} {err[-500:]!r}"]


def refused(name, text, code=1):
    out, err, status = guest[name]
    return [] if status == code and text in err and not out else [f"{name}: {status}, {out!r}, {err!r}; wanted {code}, {text!r}"]


def values(name):
    count, want = SHOWN[name]
    got = result(name)
    return ran(name) + [f"{edge} is {got.get('shown', {}).get(edge)}, wanted {value}" for edge, value in want.items()
                        if got.get("shown", {}).get(edge) != value] + \
        ([] if got.get("sequences") == count else [f"{got.get('sequences')} sequences"])


def told():
    out, err, code = guest["told"]
    words = ("plan branch: 3 bodies, 3 edges, 2 lanes, 1 card\n", "T* is ", "\nset by     ", "\nmemory     ", "\nran        103 ",
             "\npicked: 10 10 10 10\n")
    return ran("told") + [f"no {w!r} in {out!r}" for w in words if w not in out] + \
        ([] if "branch [" in err and "100%" in err else [f"no progress in {err!r}"])


def period():
    """Far from a measurement on a loaded machine, but the times of four bodies overlap: 4 ms in a row, 1 ms as it is."""
    runs = [result("chain"), result("chain-again")]
    depths = {"first-to-second": 2, "second-to-third": 2, "third-to-fourth": 2}
    best = min(run.get("sequence_ns", 0) for run in runs)
    return ran("chain-again") + ([] if runs[0].get("period_ns") == MS and runs[0].get("depths") == depths and
                                 0.9 * MS <= best < 3.9 * MS else [str(runs)])


def both(name):
    """What the importer added up is on standard output, what the exporter took on standard error."""
    made = re.search(r'"sequences": ?100\b', guest[name][1])
    return ran(name) + ([] if made and result(name).get("shown") == {"total": [5050.0] * 8} else [str(result(name)), guest[name][1][-500:]])


guest = Guest(COMMANDS, kernel="main", cards=2, name="plan-run",
              files=[(Path(ROOT) / f"Documentation/runtime/{name}.weft", plan(name)) for name in (*SHOWN, "export", "import")])
tap = Tap()
for name_ in SHOWN:
    tap.check(f"plan run: {name_}: values of the last sequence", values(name_))
tap.check("plan run: a chain of four takes a period, not four times", period())
tap.check("plan run: what is told to people, and progress", told())
tap.check("plan run: one sequence", ran("again") + ([] if result("again").get("sequences") == 1 else [str(result("again"))]))
tap.check("plan run: prepare-only does not run", ran("prepared") + ([] if "T* is 1 ms" in guest["prepared"][0] and
                                                                  "ran " not in guest["prepared"][0] else [guest["prepared"][0]]))
tap.check("plan run: what is printed runs as well",
          ran("printed") + ran("printed-run") + ([] if "# depth" in guest["printed"][0] else [guest["printed"][0]]) +
          ([] if result("printed-run").get("shown") == {"count": [100.0] * 8} else [str(result("printed-run"))]))
tap.check("plan run: a constant from a file beside the plan's", ran("file") + ([] if result("file").get("shown") == {
    "e": [1.0, 2.0, 3.0, 4.0]} else [str(result("file"))]) + refused("no-file", "constant c: file /tmp/c.bin (No such file"))
tap.check("plan run: a saved plan runs as prepared", ran("saved") + ran("saved-run") + ran("saved-print") + (
    [] if result("saved-run").get("shown") == {"count": [100.0] * 8} else [str(result("saved-run"))]))
tap.check("plan run: two processes with an edge between them", both("peers") + both("peers-saved"))
tap.check("plan run: the other process does not come, or nobody says where it is",
          refused("peer-unnamed", "import.weft: the other end of edge numbers is in another process: --peer numbers=PATH") +
          refused("peer-inside", "both ends of the edge are in this plan") +
          refused("peer-alone", "edge numbers: /tmp/n: No such file or directory") +
          refused("peer-waits", "edge numbers: /tmp/n: Connection timed out") +
          refused("peer-path", "--peer numbers: want EDGE=PATH", 2))
tap.check("plan run: a saved plan that is cut off or damaged is refused",
          refused("saved-cut", "is cut off at byte 500 of ") + refused("saved-bad", "is damaged: its checksum is "))
tap.check("plan run: an error has its place, and the name that was meant",
          refused("misspelt", 'weft run: /tmp/bad.weft:2:11: found "depht"') + refused("misspelt", 'did you mean "depth"?'))
tap.check("plan run: a plan that would stop is refused with its cycle",
          refused("stuck", "weft run: /tmp/stuck.weft: plan plan: ") + refused("stuck", "edge y"))
tap.check("plan run: bad use is refused",
          refused("nowhere", "weft run: /tmp/nowhere.weft: No such file or directory") +
          refused("few-cards", "is for 2 cards, and 1 is given") + refused("many-cards", "3 cards asked for, 2 found") +
          refused("bad-option", "--sequences 0: want a number", 2) + refused("two-plans", "one plan at a time", 2) +
          ([] if guest["no-edge"][2] == 1 and "plan chain has no edge resutl" in guest["no-edge"][1] else [str(guest["no-edge"])]))
tap.check("plan run: nothing is left behind", [] if guest["counts-after"][0] == guest["counts-before"][0] != "" else
          [guest["counts-before"][0], guest["counts-after"][0]])
tap.check("plan run: the machine's log is clean", [] if guest.code == 0 else [f"code {guest.code}"])
tap.done()
