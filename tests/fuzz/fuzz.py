#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright 2026 The weft authors
"""
Builds the fuzzers in build/fuzz and runs them, in the private root. Prints TAP: for each target that so many inputs
passed, and that the run reached as much of the parser's files as its floor says.

Each run starts from the inputs of the tree: those that seeds.py makes and those once found (corpus/TARGET.txt, one a
line, zlib and base64); a slice of the soak also from what earlier slices found (build/fuzz/found/TARGET). An input that fails is
left as build/fuzz/findings/TARGET-…; with the target's program and that file as its argument it fails again.
"""
import argparse
import base64
import os
import re
import shutil
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/rig"))
from common import BUILD, CLONE, LOGS, Refused, lock, run_logged  # noqa: E402
from counts import rounds  # noqa: E402
from seeds import SEEDS  # noqa: E402

HERE = Path(__file__).resolve().parent
DIR = BUILD / "fuzz"
CORPUS = HERE / "corpus"
FOUND = DIR / "found"
FINDINGS = DIR / "findings"
QUICK = 10      # what a quick run divides the counts by

# Target: longest input, and of how many lines of which files of the tree, in percent, the run must reach. A floor is
# what the inputs of the tree reach, less a little where threads have their own pace; the remainder is mostly what to do
# when memory runs out.
TARGETS = {
    "vfu": (4096, {"tools/card/vfu.c": 92, "tools/card/bus.c": 66, "tools/card/pci.c": 93, "tools/card/event.c": 65}),
    "packets": (4096, {"tools/card/stream.c": 75, "tools/card/pkt.c": 80, "tools/card/pkt_copy.c": 90,
                       "tools/card/pkt_exec.c": 87, "tools/card/operand.c": 88, "tools/card/flow.c": 75,
                       "tools/card/access.c": 75}),
    "walk": (2048, {"tools/card/walk.c": 90}),
    "mailbox": (2048, {"firmware/core/mailbox.c": 100, "firmware/core/op_queue.c": 94, "firmware/core/op_as.c": 90}),
    "image": (1024, {"tools/card/boot.c": 85}),
    "rv64": (512, {"tools/card/rv64_decode.c": 90, "tools/card/rv64_exec.c": 84, "tools/card/rv64_mem.c": 90,
                   "tools/card/rv64_rvc.c": 90}),
    "plan_text": (4096, {"runtime/exec/lex.c": 97, "runtime/exec/parse.c": 89, "runtime/exec/parse_body.c": 88,
                         "runtime/exec/contents.c": 92, "runtime/exec/text.c": 90, "runtime/exec/serial.c": 81,
                         "runtime/exec/decide.c": 80}),
    "offer": (512, {"runtime/exec/offer.c": 95}),
    "coll": (640, {"runtime/coll/message.c": 95}),
    "plan_table": (512, {"tools/weft/top_plan.c": 95}),
    "topology": (512, {"runtime/coll/topology.c": 85}),
}
# Their own threads allocate and free at any time, which libFuzzer takes for leaks; the leak check at the end stays.
THREADS = {"vfu", "packets"}
SANITIZERS = {"ASAN_OPTIONS": "quarantine_size_mb=8:detect_leaks=1:symbolize=0", "UBSAN_OPTIONS": "print_stacktrace=1:symbolize=0"}


# no-prune: every basic block counts, so that a line is known to be reached by its own blocks and not only by the branch
# of a sanitizer's check, which never is
FLAGS = ["-fsanitize=fuzzer-no-link", "-fsanitize-coverage=no-prune", "-fno-sanitize-recover=all"]


def build():
    """A build directory in which everything is instrumented; only the fuzzers and what they need is built."""
    with lock(LOGS / "fuzz.lock"):
        if not (DIR / "build.ninja").exists():
            run_logged(["meson", "setup", DIR, CLONE, "--native-file", CLONE / "tools/rig/clang.ini",
                        "-Db_sanitize=address,undefined", "-Db_lundef=false",
                        f"-Dc_args={' '.join(FLAGS)}"], LOGS / "fuzz-setup.log")
        run_logged(["nice", "ninja", "-C", DIR, "fuzz"], LOGS / "fuzz-build.log")


def program(target):
    return DIR / f"tests/fuzz/fuzz-{target}"


def unpack(target):
    """The inputs of the tree and those that seeds.py makes, as files, one each."""
    folder = DIR / "corpus" / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = CORPUS / f"{target}.txt"
    for i, line in enumerate(text.read_text().splitlines() if text.exists() else []):
        if line and not line.startswith("#"):
            (folder / f"{i:04}").write_bytes(zlib.decompress(base64.b64decode(line)))
    for i, data in enumerate(SEEDS[target]()):
        (folder / f"seed-{i:04}").write_bytes(data)
    return folder


def fuzz(target, arguments, folders, log):
    """Runs a fuzzer to its end; output and exit code."""
    env = {**os.environ, **SANITIZERS, "FUZZ_COVER": str(DIR / f"{target}.blocks")}
    command = [program(target), f"-max_len={TARGETS[target][0]}", "-len_control=0", "-timeout=20", "-rss_limit_mb=2048",
               "-print_final_stats=1", "-verbosity=1", f"-artifact_prefix={FINDINGS}/{target}-",
               *(["-detect_leaks=0"] if target in THREADS else []), *arguments, *folders]
    with open(log, "w") as f:
        code = subprocess.run(["nice", *map(str, command)], env=env, stdout=f, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL).returncode
    return log.read_text(errors="replace"), code


def places_of(target, addresses):
    """File and line of each address, from the program's debug information; kept as long as the program."""
    kept = DIR / f"{target}.places"
    if not kept.exists() or kept.stat().st_mtime < program(target).stat().st_mtime:
        out = subprocess.run(["addr2line", "-e", program(target)], input="\n".join(addresses) + "\n",
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        kept.write_text(re.sub(r" \(discriminator \d+\)", "", out))
    return [line.rsplit(":", 1) for line in kept.read_text().splitlines()]


def reached(target):
    """{file of the tree: (lines reached, lines with code)} of the last run."""
    blocks = [line.split() for line in (DIR / f"{target}.blocks").read_text().splitlines()]
    lines = {}
    for (file, line), (_, hit) in zip(places_of(target, [address for address, _ in blocks]), blocks, strict=True):
        file = os.path.normpath(os.path.join(DIR, file))
        if file.startswith(f"{CLONE}/") and line not in ("0", "?"):
            of_file = lines.setdefault(file[len(str(CLONE)) + 1:], {})
            of_file[line] = of_file.get(line, False) or hit == "1"
    return {file: (sum(of_file.values()), len(of_file)) for file, of_file in lines.items()}


def frames(target, text):
    """Where it failed: the frames that a sanitizer's report names as addresses."""
    found = re.findall(rf"#\d+ .*fuzz-{target}\+0x([0-9a-f]+)\)", text)[:16]
    if not found:
        return []
    out = subprocess.run(["addr2line", "-fs", "-e", program(target), *found], stdout=subprocess.PIPE, text=True).stdout
    lines = out.splitlines()
    return [f"at {lines[i]} {lines[i + 1]}" for i in range(0, len(lines) - 1, 2)]


def result(target, runs, seed, seconds=0):
    """
    TAP lines of one target, without numbers: (good, name, comments). With `seconds` it is a slice of the soak: it may end
    before its count, and keeps what it finds for the next.
    """
    folder, log = unpack(target), LOGS / f"fuzz-{target}.log"
    new = DIR / "new" / target
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    (DIR / f"{target}.blocks").unlink(missing_ok=True)
    folders = [new, folder]
    if seconds:
        (FOUND / target).mkdir(parents=True, exist_ok=True)
        folders.append(FOUND / target)
    before = set(FINDINGS.glob(f"{target}-*"))
    text, code = fuzz(target, [f"-runs={runs}", f"-seed={seed}", *([f"-max_total_time={max(int(seconds), 1)}"] if seconds else [])],
                      folders, log)
    executed = executions(text)
    yield (code == 0 and executed >= (1 if seconds else runs), f"{target}: no input of {executed} fails",
           [f"{executed} executions, SEED={seed}"] +
           ([] if code == 0 else [f"exit code {code}; see {log.relative_to(CLONE)}"] +
            [f"Error: {line}" for line in text.splitlines() if re.search(r"^fuzz: |ERROR|runtime error", line)][:3] +
            frames(target, text) +
            [f"input: {path.relative_to(CLONE)}" for path in sorted(set(FINDINGS.glob(f"{target}-*")) - before)]))
    if code or not (DIR / f"{target}.blocks").exists():
        yield False, f"{target}: coverage floor", ["Error: the run did not end"]
        return
    have = reached(target)
    low, comments = False, []
    for file, floor in TARGETS[target][1].items():
        hit, of = have.get(file, (0, 0))
        percent = 100 * hit / of if of else 0
        low |= percent < floor
        comments.append(f"{'Error: ' if percent < floor else ''}{file}: {hit} of {of} lines, {percent:.1f} %, floor {floor} %")
    yield not low, f"{target}: coverage floor", comments
    if seconds:
        fuzz(target, ["-merge=1"], [FOUND / target, new], LOGS / f"fuzz-{target}-merge.log")


def executions(text):
    found = re.search(r"^stat::number_of_executed_units:\s+(\d+)", text, re.M)
    return int(found.group(1)) if found else 0


def prepare():
    for folder in (LOGS, FINDINGS, DIR):
        folder.mkdir(parents=True, exist_ok=True)
    build()


def tap_text(lines):
    out = ["TAP version 13", f"1..{len(lines)}"]
    for number, (good, name, comments) in enumerate(lines, 1):
        out += [f"# {comment}" for comment in comments] + [f"{'ok' if good else 'not ok'} {number} - {name}"]
    return "\n".join(out) + "\n"


def soak_slice(target, runs, seed, seconds):
    """A slice of the soak: TAP, exit code, executions."""
    lines = list(result(target, runs, seed, seconds))
    executed = executions((LOGS / f"fuzz-{target}.log").read_text(errors="replace"))
    return tap_text(lines), 0 if all(good for good, _, _ in lines) else 1, executed


def keep(target, seconds):
    """Writes corpus/TARGET.txt anew: the fewest inputs that reach what tree, soaks and a run of now reach."""
    new, least = DIR / "new" / target, DIR / "least" / target
    for folder in (new, least):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    old = [unpack(target)] + [f for f in (FOUND / target,) if f.exists()]
    log = LOGS / f"fuzz-{target}-keep.log"
    _, code = fuzz(target, [f"-max_total_time={seconds}", "-reduce_inputs=1"], [new, *old], log)
    if not code:
        _, code = fuzz(target, ["-set_cover_merge=1"], [least, new, *old], log)
    if code:
        raise Refused(f"{target} ended with {code}; see {log}")
    inputs = sorted((p.read_bytes() for p in least.iterdir()), key=lambda b: (len(b), b))
    lines = ["# SPDX-License-Identifier: MIT", "# Copyright 2026 The weft authors",
             f"# Inputs of fuzz-{target}, one a line, zlib and base64. Written by fuzz.py --keep."]
    CORPUS.mkdir(exist_ok=True)
    text = "\n".join(lines + [base64.b64encode(zlib.compress(b, 9)).decode() for b in inputs]) + "\n"
    (CORPUS / f"{target}.txt").write_text(text)
    print(f"# {target}: {len(inputs)} inputs, {len(text)} bytes")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help=f"one in {QUICK} of the counts")
    p.add_argument("--keep", type=int, metavar="SECONDS", help="fuzz for so long, then renew the inputs of the tree")
    p.add_argument("--files", action="store_true", help="list what was reached of every file")
    p.add_argument("targets", nargs="*", help=", ".join(TARGETS))
    args = p.parse_args()
    targets = args.targets or list(TARGETS)
    prepare()
    if args.keep:
        for target in targets:
            keep(target, args.keep)
        return 0
    counts = {t: int(os.environ.get("COUNT") or rounds(f"fuzz-{t}", False)) for t in targets}
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda t: list(result(t, max(counts[t] // (QUICK if args.quick else 1), 1),
                                                      os.environ.get("SEED") or 1)), targets))
    lines = [line for of_target in results for line in of_target]
    print(tap_text(lines), end="", flush=True)
    if args.files:
        for target in targets:
            for file, (hit, of) in sorted(reached(target).items()):
                print(f"# {target}: {file} {hit}/{of} {100 * hit / of:.0f} %")
    return 0 if all(good for good, _, _ in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
