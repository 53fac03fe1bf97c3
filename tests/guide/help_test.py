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
COMMANDS = ["info", "run", "bench", "top", "trace", "dump"]
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
for page, command in [("weft", [weft]), ("weft-card", [card])] + [(f"weft-{c}", [weft, c]) for c in COMMANDS]:
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
tap.check("completion: jobs, figures and values", same("run", complete("run", ""), {"fashion-mnist"}) +
          same("bench", complete("bench", ""), figures) + same("cards", complete("run", "--cards", ""), {"1", "2", "4"}) +
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
