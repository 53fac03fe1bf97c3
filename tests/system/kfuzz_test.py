#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
The fuzzer of the driver, in a machine of its own: the debug kernel with a weft.ko that KCOV follows. Alone it is `make
fuzz`, which renews the corpus; as a test it starts from the corpus, and must reach a floor of places.
"""
import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "abi"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/rig"))
import boot  # noqa: E402
import kernels  # noqa: E402
from common import BUILD, CLONE, USER  # noqa: E402
from tap import Tap  # noqa: E402

CORPUS = CLONE / "tests/kselftest/kfuzz/corpus.txt"
HEAD = "# SPDX-License-Identifier: GPL-2.0-only\n# Copyright 2026 The weft authors\n" \
       "# Programs that between them reach all that was reached; written by `make fuzz`.\n"
FOUND = BUILD / "kfuzz"
PROGRAM = USER / "tests/kselftest/kfuzz"
PLACES = 2000       # of weft.ko, in a run that only has time for the corpus


def readelf(what, path):
    return subprocess.run(["readelf", what, "--wide", path], check=True, capture_output=True, text=True).stdout


def files_of_text(module):
    """(start, file) of each function of weft.ko, in order: local ones follow their file's symbol, others are looked up."""
    owner, functions, current = {}, [], ""
    for path in sorted((module.parent / "src/driver").glob("weft_*.o")):
        for line in readelf("--syms", path).splitlines():
            word = line.split()
            if len(word) == 8 and word[3] == "FUNC" and word[4] == "GLOBAL":
                owner[word[7]] = path.stem + ".c"
    text = re.search(r"\[ *(\d+)\] \.text ", readelf("--sections", module)).group(1)
    for line in readelf("--syms", module).splitlines():
        word = line.split()
        if len(word) == 8 and word[3] == "FILE":
            current = Path(word[7]).name
        elif len(word) == 8 and word[3] == "FUNC" and word[6] == text:
            functions.append((int(word[1], 16), owner.get(word[7], "") if word[4] == "GLOBAL" else current))
    return sorted(functions)


def all_places(module):
    """Offset behind each call of KCOV in .text -> file."""
    functions, places, at = files_of_text(module), {}, -1
    section = readelf("--relocs", module).partition("'.rela.text'")[2].partition("\nRelocation section")[0]
    for offset in sorted(int(line.split()[0], 16) + 4 for line in section.splitlines()
                         if "__sanitizer_cov_trace_pc" in line):
        while at + 1 < len(functions) and functions[at + 1][0] <= offset:
            at += 1
        places[offset] = functions[at][1] or "?"
    return places


def show_coverage(module):
    """What was reached of each file of the driver; the number of places reached."""
    places = all_places(module)
    listed = FOUND / "places.txt"
    reached = {int(line, 16) for line in listed.read_text().split()} & set(places) if listed.exists() else set()
    have, want = collections.Counter(places[p] for p in reached), collections.Counter(places.values())
    for name in sorted(want, key=lambda name: have[name] / want[name]):
        print(f"# {100 * have[name] / want[name]:5.1f} % of {want[name]:4} places of {name}")
    print(f"# {100 * len(reached) / max(len(places), 1):5.1f} % of {len(places)} places of weft.ko: {len(reached)}")
    return len(reached)


class Lines:
    """Shows the machine's output as remarks, a line at a time."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            print("#", line.decode(errors="replace").removeprefix("# "), flush=True)


def run(seconds, count, seed):
    shutil.rmtree(FOUND, ignore_errors=True)
    FOUND.mkdir(parents=True)
    limit = int(seconds) * 2 + 600 if seconds else 300 + int(count) // 20
    command = (f"KS_LIMIT_S={limit} SEED={seed} " + (f"FUZZ_S={seconds} " if seconds else f"COUNT={count} ") +
               "/opt/weft/tests/kfuzz /opt/weft/share/kfuzz.corpus /host")
    return boot.boot(boot.Run(kernel="kcov", cards=2, name="kfuzz", command=command, kmemleak=True, share=str(FOUND),
                              timeout=limit + 300, files=[[str(PROGRAM), "/opt/weft/tests/kfuzz"],
                                                          [str(CORPUS), "/opt/weft/share/kfuzz.corpus"]],
                              output=Lines().feed))


p = argparse.ArgumentParser(description=__doc__)
p.add_argument("--seconds", type=float, default=0, help="fuzz this long, then write the corpus")
args = p.parse_args()
code = run(args.seconds, os.environ.get("COUNT") or "1500", os.environ.get("SEED") or "1")
reached = show_coverage(kernels.get("kcov").weft)
found = FOUND / "finding.txt"
if found.exists():
    print(f"# what led to the finding is in {found.relative_to(CLONE)}")
new = FOUND / "corpus.txt"
if args.seconds and code == 0 and new.exists():
    CORPUS.write_text(HEAD + new.read_text())
    print(f"# {CORPUS.relative_to(CLONE)} is renewed")
tap = Tap()
tap.check("kfuzz: no splat, no leak, no stuck process", [f"the machine ended with {code}, see build/log"] * (code != 0))
tap.check("kfuzz: coverage floor", [f"{reached} places reached, {PLACES} wanted"] * (reached < PLACES))
tap.done()
