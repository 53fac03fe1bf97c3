#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""weft bench topo and weft bench coll on cards: all values there, results checked, files written, nothing left behind."""
import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import Tap  # noqa: E402

CARDS = 3
OPS = ["all-reduce", "reduce-scatter", "all-gather", "broadcast", "reduce", "all-to-all", "send"]
COUNTS = "grep -hE '^(live_|lmem_free_pages|[a-z]+_quarantined_pages)' /sys/kernel/debug/accel/*/counts"
SWEEP = "--sizes 8,100000 --runs 3 --both"
COMMANDS = {
    "before": COUNTS,
    "topo": "weft bench topo --mib 1 --runs 3 --out /tmp/topology --json",
    "file": "cat /tmp/topology",
    "people": "weft bench topo --mib 1 --runs 3 --cards 2",
    "explain": f"weft coll explain all-reduce 64K --cards {CARDS} --topology /tmp/topology --json",
    "coll": f"weft bench coll {' '.join(OPS)} barrier {SWEEP} --json --topology /tmp/topology --svg /tmp/coll.svg",
    "bf16": f"weft bench coll {' '.join(OPS)} {SWEEP} --type bf16 --json",
    "u8": "weft bench coll all-reduce all-to-all --sizes 1000 --runs 3 --both --type u8 --json",
    "arrivals": "weft bench coll all-reduce barrier --sizes 8,100000 --runs 3 --arrivals --json",
    "arrivals text": "weft bench coll --sizes 8 --runs 3 --arrivals",
    "ring": "weft bench coll all-reduce all-gather --sizes 100000 --runs 3 --algorithm ring --json",
    "table": "printf 'mpich all-reduce 8 5\\nmpich all-reduce 1K 9\\n' >/tmp/peers; "
             "weft bench coll --max 1K --step 128 --runs 3 --cards 2 --peers /tmp/peers --svg /tmp/peers.svg",
    "svg": "cat /tmp/coll.svg",
    "peers": "cat /tmp/peers.svg",
    "many": f"weft bench coll --cards {CARDS + 1}",
    "after": "sleep 1; " + COUNTS,
}


def loaded(name):
    out, error, code = guest[name]
    try:
        return json.loads(out) if code == 0 else None, f"{name} ended with {code}: {out[-300:]!r} {error[-300:]!r}"
    except ValueError:
        return None, f"{name}: no JSON: {out[-300:]!r}"


def topo():
    t, why = loaded("topo")
    if not t:
        return [why]
    found = [f"{key}: {t[key]}" for key in ("step_ns", "reduce_gbs") if len(t[key]) != CARDS or not all(v > 0 for v in t[key])]
    for key in ("write_gbs", "read_gbs", "hop_ns"):
        found += [f"{key}[{a}][{b}] is {t[key][a][b]}" for a in range(CARDS) for b in range(CARDS)
                  if not (t[key][a][b] > 0 or (key == "hop_ns" and a == b))]
    text = guest["file"][0]
    found += [f"{text!r}"] * (not text.startswith(f"weft-topology 1\ncards {CARDS}\n"))
    found += [f"{len(re.findall(r'^link', text, re.M))} links in the file"] * (len(re.findall(r"^link", text, re.M)) != CARDS * (CARDS - 1))
    out, error, code = guest["people"]
    found += [f"for people: {code} {out!r} {error!r}"] * (code != 0 or "write, GB/s" not in out or "signal, ns" not in out)
    e, why = loaded("explain")
    return found + ([] if e and e["ns"] > 0 else [why])


def rows(name, ops, sizes, places, element):
    """One row for each, with values, checked."""
    got, why = loaded(name)
    if got is None:
        return [why]
    # less than an element for each member is no call
    want = {(op, place) for op in ops for place in places if not (place and op == "send")}
    found = [f"{name}: no {op}{' in place' if place else ''}" for op, place in want - {(r["op"], r["in_place"]) for r in got}]
    for r in got:
        if r["op"] == "barrier":
            continue
        what = f"{name}: {r['op']} of {r['bytes']}"
        found += [f"{what}: {key} is {r[key]}" for key in ("us", "p99_us", "algbw_gbs", "busbw_gbs", "single_us", "limit_us", "of_limit")
                  if not r[key] or r[key] <= 0]
        found += [f"{what} was not checked"] * (not r["checked"])
        factor = {"all-reduce": 2, "all-gather": 1, "reduce-scatter": 1, "all-to-all": 1}.get(r["op"], 0) * (CARDS - 1) / CARDS or 1
        found += [f"{what}: bus {r['busbw_gbs']}, algorithm {r['algbw_gbs']}"] * (abs(r["busbw_gbs"] / r["algbw_gbs"] - factor) > 1e-3)
        found += [f"{what}: {r['count']} elements"] * (r["bytes"] % (r["count"] * element) != 0)
    most = len(want) * len(sizes) + any(r["op"] == "barrier" for r in got)
    return found + [f"{name}: {len(got)} rows, not {most - 6} to {most}"] * (not most - 6 <= len(got) <= most)


def ring():
    got, why = loaded("ring")
    return [why] if got is None else [f"{r['op']} by {r['algorithm']}" for r in got if r["algorithm"] != "ring"] + \
        [f"{len(got)} rows"] * (len(got) != 2)


def arrivals():
    """How often each member was last adds up, and each has waited for something."""
    got, why = loaded("arrivals")
    if got is None:
        return [why]
    found = [f"{r['op']}: last {r['last']} of {r['arrivals']}, waited {r['waited_us']}" for r in got
             if sum(r["last"]) != r["arrivals"] or not r["arrivals"] or len(r["last"]) != CARDS or len(r["waited_us"]) != CARDS or
             not all(0 < us < 1e6 for us in r["waited_us"])]
    out, error, code = guest["arrivals text"]
    lines = re.findall(r"^  member \d was last in [0-9.]+ % of \d+ and waited [0-9.]+ us for one$", out, re.M)
    return found + [f"{len(got)} rows"] * (len(got) != 3) + [f"code {code}: {out!r} {error!r}"] * (code != 0 or len(lines) != CARDS)


def table():
    out, error, code = guest["table"]
    lines = out.splitlines()
    return [] if code == 0 and len(lines) == 3 and lines[0].startswith("operation") and all(" direct " in line or " push " in line for line in lines[1:]) else [
        f"code {code}: {out!r} {error!r}"]


def picture():
    coll, peers = guest["svg"][0], guest["peers"][0]
    return [text for text, wrong in (
        ("no picture", not coll.startswith("<svg ") or not coll.endswith("</svg>\n")),
        ("charts", coll.count('class="title"') != len(OPS)), ("a peer", "mpich</text>" not in peers),
        ("limits", coll.count("limit</text>") != len(OPS)), ("numbers", "nan" in coll + peers)) if wrong]


tap = Tap()
guest = Guest(COMMANDS, kernel="main", cards=CARDS, name="coll-tool")
tap.check("coll tool: bench topo, and its file", topo())
tap.check("coll tool: bench coll of every operation, checked",
          rows("coll", OPS, [8, 100000], [False, True], 4))
tap.check("coll tool: bench coll with other types", rows("bf16", OPS, [8, 100000], [False, True], 2) +
          rows("u8", ["all-reduce", "all-to-all"], [1000], [False, True], 1))
tap.check("coll tool: bench coll by one algorithm", ring())
tap.check("coll tool: bench coll of who came last", arrivals())
tap.check("coll tool: bench coll for people", table())
tap.check("coll tool: pictures", picture())
tap.check("coll tool: more cards than there are", [] if guest["many"][2] == 1 and "cards asked for" in guest["many"][1] else [
    f"{guest['many']}"])
tap.check("coll tool: nothing is left", [] if guest["before"][0] and guest["before"][0] == guest["after"][0] else [
    f"{guest['before'][0]!r}, then {guest['after'][0]!r}"])
tap.check("coll tool: the machine is well", [] if guest.code == 0 else [f"exit code {guest.code}"])
tap.done()
