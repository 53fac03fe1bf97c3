#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""weft trace as its user sees it: pictures and JSON are well-formed and have every firing once, bars of a lane do not overlap."""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
from guest import Guest  # noqa: E402
from tap import ROOT, Tap  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
BODIES = ["read", "scale", "filter", "store"]
EDGES = {"raw": ("read", "scale"), "scaled": ("scale", "filter"), "filtered": ("filter", "store"), "original": ("read", "store")}
T_STAR = 4 * 5e6 / 3
PICTURE = "Documentation/runtime/trace-demo.svg"    # made by COMMANDS["svg"]; `trace_test.py --write` makes it anew

COMMANDS = {
    "svg": "weft trace demo --out /tmp/demo.svg && cat /tmp/demo.svg",
    "json": "weft trace demo --sequences 30",
    "two-svg": "weft trace demo --cards 2 -o /tmp/two.svg && cat /tmp/two.svg",
    "two-json": "weft trace demo --cards 2 --out /tmp/two.json && cat /tmp/two.json",
    "many-svg": "weft trace demo --sequences 60 -o /tmp/many.svg && cat /tmp/many.svg",
    # a plan that runs for seconds, looked at meanwhile: one of its lanes sleeps nearly always
    "top-json": "weft trace demo --sequences 2000 -o /tmp/long.json & sleep 3; "
                "for i in 1 2 3 4 5; do weft top --json; weft top --once >>/tmp/top.txt; done; kill $!; wait $! || true",
    "top-text": "cat /tmp/top.txt",
    "top-long": """sed 's/^plan .*/plan "größe\\\\x0a über alles, zué und mehr"/; s/^body second/body "the second of all bodies in it"/' """
                "/opt/weft/share/plans/chain.weft >/tmp/long.weft; weft run /tmp/long.weft --sequences 100000 >/dev/null & "
                "sleep 3; weft top --json; kill $!; wait $! || true",
    "top": "weft top | cat; weft top --once",
    "file": "weft trace /opt/weft/share/plans/two-cards.weft --sequences 20",
    "saved": "weft run /opt/weft/share/plans/chain.weft --save /tmp/chain.weft --prepare-only >/dev/null && "
             "weft trace /tmp/chain.weft --out /tmp/chain.svg && cat /tmp/chain.svg",
    "misspelt": "printf 'weft-plan 1\nedge x 64 depht 2\n' >/tmp/bad.weft; weft trace /tmp/bad.weft",
    "no-plan": "weft trace dmeo",
    "too-many": "weft trace demo --cards 4",
    "no-place": "weft trace demo -o /nowhere/demo.svg",
}


def expect(what, got, want):
    return [] if got == want else [f"{what}: {got}, wanted {want}"]


def overlaps(bars):
    """Bars (lane, from, to) of one lane that overlap."""
    lanes = defaultdict(list)
    for lane, start, end in bars:
        lanes[lane].append((start, end))
    for lane, spans in lanes.items():
        spans.sort()
        yield from (f"lane {lane}: bars to {a[1]} and from {b[0]}" for a, b in zip(spans, spans[1:]) if a[1] > b[0] + 0.02)


def svg(text, sequences, cards):
    """What is wrong with a picture of the demo."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as e:
        return [f"not well-formed: {e}"]
    words = " ".join(root.itertext())
    groups = [g for g in root.iter(SVG + "g") if "data-body" in g.attrib]
    fired = sorted((int(g.get("data-body")), int(g.get("data-seq"))) for g in groups)
    bars = [(g.get("data-lane"), float(r.get("x")), float(r.get("x")) + float(r.get("width")))
            for g in groups for r in g.iter(SVG + "rect") if "bar" in (r.get("class") or "")]
    problems = expect("firings", fired, [(b, s) for b in range(4) for s in sequences]) + expect("bars", len(bars), len(fired))
    problems += list(overlaps(bars)) + [f"no {w}" for w in BODIES + ["T*", "waits for data", "waits for an idle block", "set by"]
                                        if w not in words]
    problems += [f"no card {c}" for c in range(cards) if cards > 1 and f"card {c}" not in words]
    problems += [f"{g.attrib} has no tooltip" for g in groups if g.find(SVG + "title") is None]
    problems += expect("edges of the critical cycle", set(re.findall(r"edge (\w+)", words)), set(EDGES))
    width, height = (float(root.get(k)) for k in ("width", "height"))
    problems += [f"{e.attrib} is outside" for e in root.iter(SVG + "rect") if not (0 <= float(e.get("x", 0)) <= width) or
                 not (0 <= float(e.get("y", 0)) <= height) or float(e.get("width")) < 0]
    problems += ["it has a script, or needs another file"] if re.search(r"<script|<image|href=|@import|url\((?!#)", text) else []
    return problems + ([] if "prefers-color-scheme:dark" in text else ["no dark colours"])


def trace_json(text, sequences, cards):
    """What is wrong with the JSON of the demo."""
    try:
        j = json.loads(text)
    except ValueError as e:
        return [f"not JSON: {e}"]
    events, other = j["traceEvents"], j["otherData"]
    of = defaultdict(list)
    for e in events:
        of[e["ph"], e.get("cat")].append(e)
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in of["M", None] if e["name"] == "thread_name"}
    fired = sorted((e["name"], e["args"]["seq"]) for e in of["X", "body"])
    problems = expect("firings", fired, sorted((b, s) for b in BODIES for s in range(sequences)))
    problems += expect("lanes", sorted(names.values()), sorted(BODIES)) + expect("cards", len({p for p, _ in names}), cards)
    problems += list(overlaps(((e["pid"], e["tid"]), e["ts"], e["ts"] + e["dur"]) for e in of["X", "body"] + of["X", "wait"]))
    if [e for e in of["X", "body"] + of["X", "wait"] if e["dur"] < 0 or e["ts"] < 0]:
        problems.append("negative times")
    # arrows begin and end inside bars of the edge's two bodies; in ns, which are whole
    at = defaultdict(list)
    for e in of["X", "body"]:
        at[e["pid"], e["tid"]].append((round(e["ts"] * 1e3), round(e["ts"] * 1e3) + round(e["dur"] * 1e3), e["name"], e["args"]["seq"]))

    def bar(e):
        return next(((n, s) for a, b, n, s in at[e["pid"], e["tid"]] if a <= round(e["ts"] * 1e3) < b), None)
    ends = {e["id"]: bar(e) for e in of["f", "edge"]}
    arrows = {(e["name"], bar(e), ends.get(e["id"])) for e in of["s", "edge"]}
    wanted = {(n, (a, s), (b, s)) for n, (a, b) in EDGES.items() for s in range(sequences)}
    problems += expect("arrows", len(of["s", "edge"]), len(wanted)) + [f"arrow {a}" for a in sorted(arrows ^ wanted, key=str)[:5]]
    problems += expect("arrows to a bar", {e.get("bp") for e in of["f", "edge"]}, {"e"})
    if not 0.999 < other["t_star_ns"] / T_STAR < 1.001:
        problems.append(f"T* {other['t_star_ns']}")
    if not 0.95 < other["measured_ns"] / other["pace_of_measured_times_ns"] < 2:
        problems.append(f"measured {other['measured_ns']}, by measured times {other['pace_of_measured_times_ns']}")
    return problems + expect("dropped", other["dropped"], 0)


def of_file(guest):
    """A text on two cards, and a plan that was saved: every firing, drawn with the names of the plan."""
    j = json.loads(guest["file"][0] or '{"traceEvents": []}')
    fired = sorted((e["name"], e["args"]["seq"]) for e in j["traceEvents"] if e["ph"] == "X" and e.get("cat") == "body")
    words = ["first", "second", "third", "fourth", "chain: 12 sequences on 1 card"]
    return expect("firings", fired, sorted((b, s) for b in ("left", "right") for s in range(20))) + \
        [f"no {w} in the picture of a saved plan" for w in words if w not in guest["saved"][0]]


def refused(guest, name, word, status=1):
    out, err, code = guest[name]
    return expect("exit code", code, status) + expect("output", out, "") + expect("lines", len(err.splitlines()), 1) + (
        [] if word in err else [f"no {word!r} in {err!r}"])


def lanes_of(text):
    """User queues of each look."""
    return [[q for c in json.loads(look)["cards"] for q in c["queues"] if q["kind"] == "user"] for look in text.splitlines()]


def top(guest):
    """The lanes of the demo: their names, and what the sleeping ones wait for, in JSON and as text."""
    looks = lanes_of(guest["top-json"][0])
    lanes = [q for look in looks for q in look]
    asleep = [q for q in lanes if "cell_value" in q]
    # one may be woken between the look at it and that at its cell
    problems = expect("names", [sorted(q["name"] for q in look) for look in looks], [sorted(f"demo/{b}" for b in BODIES)] * 5)
    problems += [f"cell {q}" for q in asleep if abs(q["wait_value"] - q["cell_value"]) > 4 or q["cell_end"] or q["cell_fault"]]
    problems += [] if any(q["cell_value"] == q["wait_value"] - 1 > 1 and q["waits_s"] < 60 for q in asleep) else [f"nobody waits: {lanes}"]
    problems += [] if all(q.get("iteration", 0) > 10 for q in lanes) else ["iterations"]
    text = guest["top-text"][0]
    problems += [f"no {b} in {text!r}" for b in BODIES if not re.search(rf" demo/{b}( |$)", text, re.M)]
    problems += [] if re.search(r"  demo/\w+  body \w+ waits for edge \w+ \((credit from|produced by) \w+\), wanted \d+, is \d+, for \d", text) \
        else [f"edge: {text!r}"]
    known = [q for q in asleep if "edge" in q]
    problems += [f"edge {q}" for q in known if q["wait"] == "gate" and q["body"] != "read" or q["wait"] != "gate" and
                 (q["body"], q["peer"]) != EDGES[q["edge"]][::-1 if q["wait"] == "produced" else 1]]
    problems += [f"body {q}" for q in known if q["name"] != f"demo/{q['body']}" or q["plan"] != "demo"]
    problems += [] if known else [f"no edge is known: {asleep}"]
    return problems + expect("exit code", guest["top"][2], 0) + expect("cards", guest["top"][0].count("/dev/accel/accel"), 4)


tap = Tap()
guest = Guest(COMMANDS, kernel="main", cards=2, name="trace",
              files=[(Path(ROOT) / f"Documentation/runtime/{name}.weft", f"/opt/weft/share/plans/{name}.weft")
                     for name in ("two-cards", "chain")])
if "--write" in sys.argv:
    (Path(ROOT) / PICTURE).write_text(guest["svg"][0])
tap.check("trace: a picture has every firing, and nothing is drawn twice", svg(guest["svg"][0], range(12), 1))
tap.check("trace: the same on two cards", svg(guest["two-svg"][0], range(12), 2))
tap.check("trace: of many sequences it has the last", svg(guest["many-svg"][0], range(36, 60), 1))
tap.check("trace: JSON for Perfetto", trace_json(guest["json"][0], 30, 1))
tap.check("trace: the same of two cards", trace_json(guest["two-json"][0], 12, 2))
tap.check("trace: the picture in the documentation is one of these", svg((Path(ROOT) / PICTURE).read_text(), range(12), 1))
tap.check("trace: top shows the lanes of a plan, and what those that sleep wait for", top(guest))
tap.check("trace: names in top are cut between characters, and have no control characters",
          expect("names", [sorted(q["name"] for q in look) for look in lanes_of(guest["top-long"][0])],
                 [sorted(["größe? über alles, zu/first", "größe? über alles, zu/third", "größe? über alles, zu/fourth",
                          "größe?/the second of all bodi"])]))
tap.check("trace: the plan of a file, and a saved one", of_file(guest))
tap.check("trace: a mistake in a plan has its place, and what is no plan is refused",
          refused(guest, "misspelt", 'weft trace: /tmp/bad.weft:2:11: found "depht"') + refused(guest, "no-plan", "no plan dmeo", 2))
tap.check("trace: too few cards, and no place for the file", refused(guest, "too-many", "4 cards asked for, 2 found") +
          refused(guest, "no-place", "/nowhere/demo.svg: No such file or directory"))
tap.check("trace: the machine's log is clean", expect("code", guest.code, 0))
tap.done()
