#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""help_test.py WEFT WEFT-CARD: programs, man pages and completion name the same options, commands and figures."""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "abi"))
from tap import ROOT, Tap, read  # noqa: E402

weft, card = sys.argv[1:3]
COMMANDS = ["info", "run", "bench", "coll", "top", "trace", "dump"]
PARTS = ["topo", "coll"]     # of weft bench, with options of their own
DUMP = f"""weft-dump 1
reason: job-timeout
time_s: 1700000000
kernel: 7.3
[card]
pci: 0000:03:00.0
serial: 7
[ring]
packet: 0 unknown
@0 c8{"00" * 17}
[end]
"""
SHOWN = ["job-timeout on card 7 (0000:03:00.0), 2023-11-14 22:13:20 UTC, kernel 7.3\n", "\nring\n",
         "    0000  c8000000 00000000 00000000 00000000\n", "    0010  0000\n"]
BAD_DUMPS = {"one cut off": DUMP[:-7], "one of another version": DUMP.replace("dump 1", "dump 2"), "an empty file": "",
             "another file": "hello\n"}
# Words that complete a prefix, as bash gets them from the completion function.
COMPLETE = r"""
. "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_weft
printf '%s\n' "${COMPREPLY[@]}"
"""


def run(*command):
    r = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return r.returncode, r.stdout, r.stderr


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def help_options(*command):
    """Options at the start of a line of --help, which must work and say so on standard output only."""
    code, out, err = run(*command, "--help")
    if code or err:
        raise SystemExit(f"Bail out! {command} --help ended with {code}: {err}")
    return options("\n".join(re.findall(r"^\s+((?:weft )?(?:COMMAND )?--\S+)", out, re.M))), out


def man_options(page):
    """Options of the page's OPTIONS section."""
    text = read(f"Documentation/man/{page}.1.rst")
    section = re.search(r"^OPTIONS\n-+\n(.*?)(?=^[A-Z ]+\n-+\n|\Z)", text, re.M | re.S)
    return set(re.findall(r"^(--[a-z][a-z-]*)", section.group(1), re.M)), text


def difference(what, first, other, second):
    for option in sorted(first ^ second):
        yield f"{option} is in {what if option in first else other} only"


def complete(*words):
    code, out, err = run("bash", "-c", COMPLETE, "bash", os.path.join(ROOT, "tools/weft/completion/weft.bash"),
                         "weft", *words)
    return set(out.split()) if not code and not err else {f"bash ended with {code}: {err}"}


def same(what, got, want):
    return [] if got == want else [f"{what}: {sorted(got)}, wanted {sorted(want)}"]


tap = Tap()
for page, command in [("weft", [weft]), ("weft-card", [card])] + [(f"weft-{c}", [weft, c]) for c in COMMANDS] + [
        (f"weft-bench-{c}", [weft, "bench", c]) for c in PARTS]:
    helped, _ = help_options(*command)
    paged, _ = man_options(page)
    tap.check(f"help: {page}: --help and man page have the same options",
              list(difference("--help", helped, "the man page", paged)) or ([] if helped else ["no option at all"]))
_, text = help_options(weft)
listed = set(re.findall(r"^  ([a-z]+) ", text, re.M)) - {"weft"}
tap.check("help: commands of weft, in help, pages and this test", same("help", listed, set(COMMANDS)) + [
    f"no page weft-{c}" for c in listed if not os.path.exists(os.path.join(ROOT, f"Documentation/man/weft-{c}.1.rst"))])
figures = set(re.findall(r"^  ([a-z][\w.]+) ", help_options(weft, "bench")[1], re.M))
page = man_options("weft-bench")[1]
tap.check("help: figures of weft bench are on its page",
          [f"{f} is missing" for f in sorted(figures) if f not in page] or ([] if figures else ["no figure at all"]))
tap.check("completion: commands", same("weft", complete(""), set(COMMANDS) | {"--help", "--version"}) +
          same("weft r", complete("r"), {"run"}) + same("weft t", complete("t"), {"top", "trace"}))
for c in COMMANDS:
    tap.check(f"completion: options of {c}", same(c, complete(c, "--"), help_options(weft, c)[0]))
for c in PARTS:
    tap.check(f"completion: options of bench {c}", same(c, complete("bench", c, "--"), help_options(weft, "bench", c)[0]))
OPERATIONS = {"barrier", "all-reduce", "reduce-scatter", "all-gather", "broadcast", "reduce", "all-to-all", "send"}
tap.check("completion: operations", same("coll", complete("coll", ""), {"explain"}) +
          same("explain", complete("coll", "explain", ""), OPERATIONS) + same("bench", complete("bench", "coll", ""), OPERATIONS))
tap.check("completion: jobs, figures and values", same("run", complete("run", ""), {"fashion-mnist"}) +
          same("bench", complete("bench", ""), figures | set(PARTS)) + same("cards", complete("run", "--cards", ""), {"1", "2", "4"}) +
          same("epochs", complete("run", "--epochs", ""), set()) + same("trace", complete("trace", ""), {"demo"}) +
          same("data", complete("run", "--data", "/us"), {"/usr"}))
code, out, err = run(weft, "info", "--frobnicate")
tap.check("help: an unknown option is refused", same("exit code", {code}, {2}) + same("output", {out}, {""}))
for words in (["demo", "--out", "picture.png"], [], ["demo", "demo"], ["nothing"], ["demo", "--sequences", "0"]):
    code, out, err = run(weft, "trace", *words)
    tap.check(f"trace: {' '.join(words) or 'no plan'} is refused", same("exit code", {code}, {2}) + same("output", {out}, {""}) +
              same("lines", {len(err.splitlines())}, {1}))
with open("/dev/full", "w") as full:
    for command in ([weft, "--version"], [weft, "--help"], [weft, "run", "--help"]):
        r = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        tap.check(f"help: {' '.join(command[1:])} to a full disk fails with a line", same("exit code", {r.returncode}, {1}) +
                  same("lines", {len(r.stderr.splitlines())}, {1}))
r = subprocess.run([weft, "run", "fashion-mnist"], capture_output=True, text=True, timeout=60)
tap.check("help: without a card the reason is named", [] if os.path.exists("/dev/accel") else
          same("exit code", {r.returncode}, {1}) + same("error", {r.stderr},
                                                        {"weft run: no card found; is weft.ko loaded?\n"}))


def explained(*words):
    """What weft coll explain says as JSON, or None."""
    code, out, err = run(weft, "coll", "explain", *words, "--json")
    return json.loads(out) if not code and not err else None


def explanation():
    """An all-reduce of 1 MiB among four: each reads and writes a quarter of it in the memory of each."""
    e = explained("all-reduce", "1M")
    if not e:
        return ["it failed"]
    quarter = [[1 << 18] * 4] * 4
    by = {c["algorithm"]: c for c in e["candidates"]}
    return [text for text, wrong in (
        ("algorithm", e["algorithm"] != "direct" or e["ns"] != by["direct"]["ns"]), ("push", by["push"]["ns"] is not None),
        ("ring", by["ring"]["ns"] <= e["ns"] or "order" not in by["ring"]["reason"]), ("read", e["read_bytes"] != quarter),
        ("written", e["written_bytes"] != quarter), ("traffic", e["traffic_bytes"] != 8 << 20),
        ("between", e["between_cards_bytes"] != 6 << 20), ("steps", [len(s) for s in e["steps"]] != [5] * 4)) if wrong]


def told():
    """The same for people, and by a topology with signals that take long, which makes a push of what was none."""
    code, out, err = run(weft, "coll", "explain", "allreduce", "16K")
    found = [f"no {line!r} in {out}" for line in ("direct", "adds in another order", "member 3\n", "memory traffic 131072 bytes")
             if line not in out]
    with tempfile.NamedTemporaryFile("w") as f:
        f.write("weft-topology 1\ncards 2\n" + "".join(f"card {i} step 1 copy 5 reduce 10\n" for i in range(2)) +
                "link 0 1 hop 1000000 write 5 read 5\nlink 1 0 hop 1000000 write 5 read 5\n")
        f.flush()
        e = explained("all-reduce", "4096", "--count", "--cards", "2", "--topology", f.name)
        many = run(weft, "coll", "explain", "all-reduce", "16K", "--topology", f.name)
    return found + same("exit code", {code}, {0}) + same("error", {err}, {""}) + \
        same("algorithm", {e and e["algorithm"]}, {"push"}) + same("too few cards", {many[0]}, {1})


tap.check("coll explain: as JSON", explanation())
tap.check("coll explain: for people, and by a topology", told())
for words in (["explain"], [], ["explain", "nothing", "8"], ["explain", "all-reduce"], ["explain", "all-reduce", "8X"],
              ["explain", "barrier", "8"], ["explain", "broadcast", "8", "--root", "4"], ["explain", "all-reduce", "8", "--type", "f64"]):
    code, out, err = run(weft, "coll", *words)
    tap.check(f"coll: {' '.join(words) or 'nothing'} is refused", same("exit code", {code}, {2}) + same("output", {out}, {""}) +
              same("lines", {len(err.splitlines())}, {1}))
for words in (["topo", "more"], ["coll", "nothing"], ["coll", "--sizes", "8,,"], ["coll", "--min", "2K", "--max", "1K"]):
    code, out, err = run(weft, "bench", *words)
    tap.check(f"bench: {' '.join(words)} is refused", same("exit code", {code}, {2}) + same("output", {out}, {""}) +
              same("lines", {len(err.splitlines())}, {1}))
with tempfile.NamedTemporaryFile("w", suffix=".dump") as f:
    f.write(DUMP)
    f.flush()
    code, out, err = run(weft, "dump", f.name)
    tap.check("dump: a file as text", same("exit code", {code}, {0}) + same("error", {err}, {""}) +
              [f"no {line!r} in {out}" for line in SHOWN if line not in out])
    code, out, err = run(weft, "dump", "--json", f.name)
    shown = json.loads(out)["dumps"][0]["sections"] if not code else []
    tap.check("dump: a file as JSON", same("exit code", {code}, {0}) + same("sections", {s["name"] for s in shown},
                                                                             {"dump", "card", "ring"}) +
              same("bytes", {e.get("bytes") for s in shown for e in s["entries"]} - {None}, {"c8" + "00" * 17}))
    code, out, err = run(weft, "dump", "--free", f.name)
    tap.check("dump: --free of a file is refused", same("exit code", {code}, {2}) + same("output", {out}, {""}))
for what, text in BAD_DUMPS.items():
    with tempfile.NamedTemporaryFile("w", suffix=".dump") as f:
        f.write(text)
        f.flush()
        for mode in ([], ["--json"]):
            code, out, err = run(weft, "dump", *mode, f.name)
            tap.check(f"dump: {what} is refused{' as JSON' if mode else ''}", same("exit code", {code}, {1}) +
                      same("output", {out}, {""}) + same("lines", {len(err.splitlines())}, {1}))
code, out, err = run(weft, "dump", "/nonexistent")
tap.check("dump: a file that is not there", same("exit code", {code}, {1}) +
          same("error", {err}, {"weft dump: /nonexistent: No such file or directory\n"}))
tap.done()
